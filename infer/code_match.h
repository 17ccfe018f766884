/* SPDX-License-Identifier: MIT */
/*
 * Statements held against what a run of a function saw. A statement that fits in one way binds the
 * members that it names to offsets; one that fits in several ways says nothing.
 */
#ifndef SEMGAP_INFER_CODE_MATCH_H
#define SEMGAP_INFER_CODE_MATCH_H

#include "infer/code_rows.h"
#include "infer/code_run.h"

enum { CODE_BINDINGS_MAX = CODE_SEQUENCE_MAX + 1, CODE_OFFSET_MAX = 1 << 14 };

/** What is believed of a member for now; learnt from bindings. */
struct code_belief {
	bool known;
	bool firm;   /* not only because other places were taken */
	bool strong; /* several functions say so, and few something else */
	uint32_t offset;
};

struct code_binding {
	uint32_t member;
	uint32_t offset;
	uint8_t width;    /* of the access that showed it; 0 none did */
	code_value shown; /* the address that it was read from */
	uint64_t at;
};

/** The ways in which one statement fits. */
struct code_fit {
	struct code_binding bindings[CODE_BINDINGS_MAX];
	unsigned count;
	uint32_t order, event; /* of the event that fits first */
	bool by_elimination;   /* its rivals are other members */
	bool undecided; /* where it does not fit: in several ways, none of which is another member's */
};

/** Where an object of the table is in this kernel; address 0: nowhere. */
struct code_placed_object {
	uint64_t address;
	bool told; /* by code: it has no symbol */
	code_value value;
};

/** An address taken apart. */
struct code_place {
	code_value root;
	int64_t offset;
	bool indexed;     /* by something that is not a number */
	code_value other; /* the index, where it may be the root as well; or 0 */
};

struct code_matcher {
	const struct code_rows *rows;
	struct code_run *run;
	struct code_belief *beliefs;            /* by member; the caller's */
	const struct code_prototype *prototype; /* of the function that was run */
	struct code_placed_object *objects;
	uint32_t *types; /* by value: type that it points to + 1; 1: none; 0: not asked yet */
	uint32_t type_count, type_capacity;
};

/** For functions that @run runs; beliefs and prototype are set by the caller. False: no memory. */
bool code_matcher_init(struct code_matcher *matcher, const struct code_rows *rows,
		       struct code_run *run);
/** Prepares for the run that was just made. False: no memory. */
bool code_matcher_begin(struct code_matcher *matcher);
void code_matcher_deinit(struct code_matcher *matcher);

/** The structure a value points to (id of its name), or 0. */
uint32_t code_matcher_type(struct code_matcher *matcher, code_value value);

/** Whether @statement fits in exactly one way, or in one way but for members that are believed to be
 * others; @fit then holds it. */
bool code_matcher_fit(struct code_matcher *matcher, const struct code_statement *statement,
		      struct code_fit *fit);

/** Of a statement that names: where the function is, or 0: none, or several. */
uint64_t code_matcher_named(struct code_matcher *matcher, const struct code_statement *statement);

/** Of a statement that tells of an object: where it is, or 0: nowhere, or several places. */
uint64_t code_matcher_told(struct code_matcher *matcher, const struct code_statement *statement);

/** Places an object that has no symbol; @address 0: nobody knows any more. True: that was news. */
bool code_matcher_place_object(struct code_matcher *matcher, uint32_t object, uint64_t address);

/** Reports each member that shows by its type alone: the only pointer to that type there. */
void code_matcher_unique(struct code_matcher *matcher,
			 void (*found)(void *context, const struct code_binding *binding),
			 void *context);

#endif
