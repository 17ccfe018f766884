/* SPDX-License-Identifier: MIT */
/*
 * What is known of the kernel's source, from kernels/witnesses.def: members and their shapes,
 * functions and their prototypes, and for some functions what their code says of which member.
 * Parsed once into tables that the matcher walks.
 */
#ifndef SEMGAP_INFER_CODE_ROWS_H
#define SEMGAP_INFER_CODE_ROWS_H

#include "infer/field_list.h"
#include "profile/strings.h"
#include "profile/vector.h"

enum {
	CODE_STEPS_MAX = 12,
	CODE_PARAMETERS_MAX = 8,
	CODE_TEXT_MAX = 64,
	CODE_SEQUENCE_MAX = 12,
	CODE_NAMES_MAX = 16
};

enum code_shape {
	CODE_S_POINTER,  /* to target, or to what nobody needs */
	CODE_S_NUMBER,   /* of width bytes; 0: any */
	CODE_S_LONG,     /* as wide as a pointer */
	CODE_S_EMBEDDED, /* a structure: target */
	CODE_S_BYTES     /* an array or a list whose address is what shows; target: "type.member"
			    when it is a list_head that leads to those */
};

struct code_member {
	uint32_t type, target; /* ids of names; 0 none */
	const char *name;      /* as expressions call it */
	const char *field;     /* as the list of fields calls it */
	uint8_t shape, width;
	bool unique; /* the only pointer to (or structure of) target in type */
	bool shares; /* its place with other such members of the type */
};

/** How a value is reached. */
enum code_step_kind { CODE_DEREFERENCE, CODE_EMBEDDED, CODE_CONTAINER, CODE_INDEX };

struct code_step {
	uint8_t kind;
	uint32_t member;
};

enum code_base {
	CODE_B_ARGUMENT,
	CODE_B_CURRENT,
	CODE_B_ANY,      /* whatever has the type */
	CODE_B_RESULT,   /* of a call */
	CODE_B_MADE,     /* what the function returns, got from a call */
	CODE_B_OBJECT,   /* the address of one */
	CODE_B_VARIABLE, /* what one holds */
	CODE_B_LOCAL,    /* the address of a variable of the function's own */
	CODE_B_VALUE,
	CODE_B_CONST,
	CODE_B_TEXT /* a string that has a text in it */
};

struct code_expression {
	uint8_t base;
	uint8_t step_count;
	bool address;
	uint32_t type;  /* of the base */
	uint32_t names; /* RESULT: of whom, first in the list of names; ARGUMENT, OBJECT, VARIABLE:
			   which */
	uint32_t name_count;
	int64_t number; /* B_CONST; B_TEXT: id of the text */
	struct code_step steps[CODE_STEPS_MAX];
};

enum code_verb {
	CODE_RETURN_OF, /* the function returns it */
	CODE_CALL_WITH, /* it is an argument of a call */
	CODE_PRINTS,    /* it is printed after a text */
	CODE_STORES,    /* a value is stored there */
	CODE_LINKS,     /* it is stored into the list_head of an object */
	CODE_TAILS,     /* a value is stored as the previous one of the list there */
	CODE_ADDS,      /* a value is added to it */
	CODE_WRITES,    /* a value is stored where it points to */
	CODE_LOADS,     /* it is loaded, and nothing else like it */
	CODE_LOADS_FIRST,
	CODE_COMPARES,
	CODE_TESTS,    /* bits of a number: the mask is in value */
	CODE_WALKS,    /* the list that begins there is walked */
	CODE_SEQUENCE, /* arguments of calls, one after the other */
	CODE_NAMES,    /* a function without a name that is called so has one of these */
	CODE_TELLS     /* where the object is that @what names: see code_matcher_told() */
};

struct code_statement {
	uint8_t verb, argument;
	uint32_t names, name_count; /* CALL_WITH, SEQUENCE, NAMES; TELLS: none is a list's walk */
	bool anyone;                /* CALL_WITH, SEQUENCE: whoever is called */
	uint32_t via, via_count;    /* the value is what a call of one of these returned … */
	uint8_t via_argument;       /* … and this argument of it is meant */
	char text[CODE_TEXT_MAX];   /* PRINTS */
	struct code_expression what, value;
	uint32_t more[CODE_SEQUENCE_MAX]; /* SEQUENCE: members after the first */
	uint8_t more_count;
	const char *line;
};

struct code_prototype {
	uint32_t names, name_count; /* in the list of names */
	uint32_t result, parameters[CODE_PARAMETERS_MAX];
	bool variadic;
	uint8_t wide;   /* by bit: parameters of 64 bits whatever the machine */
	uint8_t callee; /* enum code_callee; OPAQUE when nothing is said */
	uint32_t statements, statement_count;
};

/** An array whose elements begin with one of two members; each is also a member with its array's. */
struct code_span {
	uint32_t array, one, one_there, other, other_there; /* members */
};

/** A member that kernels with another member do not have. */
struct code_gone {
	uint32_t member, because;
};

/** A symbol of data: an object of that type, or a pointer to one. */
struct code_object {
	const char *name;
	uint32_t type;
	bool pointer;
};

GAP_VECTOR(code_members, struct code_member);
GAP_VECTOR(code_prototypes, struct code_prototype);
GAP_VECTOR(code_statements, struct code_statement);
GAP_VECTOR(code_names, const char *);
GAP_VECTOR(code_objects, struct code_object);
GAP_VECTOR(code_spans, struct code_span);
GAP_VECTOR(code_gones, struct code_gone);

struct code_rows {
	struct gap_strings strings; /* names of types and functions */
	struct code_members members;
	struct code_prototypes prototypes;
	struct code_statements statements;
	struct code_names names;
	struct code_objects objects;
	struct code_spans spans;
	struct code_gones gones;
	uint32_t *by_name; /* id of a string → prototype + 1 */
	uint32_t by_name_count;
	char problem[160]; /* the first row that made no sense */
};

/** Parses the table that is built in. GAP_NO_MEMORY, or GAP_INVALID with rows->problem. */
enum gap_status code_rows_init(struct code_rows *rows) GAP_MUST_CHECK;
/** A table of one's own: begun empty, then rows as below, objects and members before functions that name
 * them, then finished. False: no memory, or rows->problem tells. */
bool code_rows_begin(struct code_rows *rows);
bool code_rows_finish(struct code_rows *rows);
void code_rows_deinit(struct code_rows *rows);

bool code_rows_add_member(struct code_rows *rows, const char *type, const char *name,
			  const char *shape);
/** Members as "type.member". */
bool code_rows_add_span(struct code_rows *rows, const char *const members[5]);
bool code_rows_add_gone(struct code_rows *rows, const char *type, const char *name,
			const char *because);
bool code_rows_add_object(struct code_rows *rows, const char *name, const char *type);
bool code_rows_add_function(struct code_rows *rows, const char *prototype, const char *statements);

const struct code_prototype *code_rows_prototype(const struct code_rows *rows, const char *name);
const char *code_rows_string(const struct code_rows *rows, uint32_t id);

#endif
