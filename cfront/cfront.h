/* SPDX-License-Identifier: MIT */
/*
 * cfront: C source as a compiler sees it, through libclang. Monitors are scanned with it, headers
 * held against profiles, layouts taken from kernel headers. Only this folder knows libclang.
 */
#ifndef SEMGAP_CFRONT_H
#define SEMGAP_CFRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "profile/wanted.h"
#include "runtime/include/semgap/profile.h"

struct gap_cfront_unit;

struct gap_cfront_options {
	const char *const *arguments; /* as for the compiler, without its name and the source's */
	size_t argument_count;
	bool skip_bodies; /* of functions: types only, in half the time */
	/** Headers with this ending that are not there are taken as empty; NULL: none. */
	const char *absent_ending;
	bool macros; /* are kept, for gap_cfront_macros() */
	/** The source itself, where @path only names it in complaints; NULL: what is in the file. */
	const char *text;
	/** Called with each error of the source, "file:line:column: words"; may be NULL. */
	void (*complain)(void *context, const char *text);
	void *context;
};

/** Compiler arguments, to be freed by gap_cfront_arguments_deinit(). */
struct gap_cfront_arguments {
	char **items;
	size_t count, capacity;
};

/** Adds a copy of one. GAP_NO_MEMORY. */
enum gap_status gap_cfront_argument_add(struct gap_cfront_arguments *arguments,
					const char *argument,
					struct gap_error *error) GAP_MUST_CHECK;
/**
 * Adds those of @source in a compile_commands.json (the file, or its folder): what decides about
 * headers and layouts; of a neighbour where it is not in there. GAP_IO (none there), GAP_NOT_FOUND
 * (an empty one), GAP_UNSUPPORTED, GAP_NO_MEMORY.
 */
enum gap_status gap_cfront_arguments_find(const char *database, const char *source,
					  struct gap_cfront_arguments *arguments,
					  struct gap_error *error) GAP_MUST_CHECK;
void gap_cfront_arguments_deinit(struct gap_cfront_arguments *arguments);

/**
 * Parses one source. Any error in it is fatal: layouts of what does not parse look right and are
 * not. Errors: GAP_INVALID (does not parse: @error has the first complaint, and how many there
 * are), GAP_IO (the file), GAP_UNSUPPORTED (libclang is not installed, or was not at build),
 * GAP_NO_MEMORY.
 */
enum gap_status gap_cfront_open(const char *path, const struct gap_cfront_options *options,
				struct gap_cfront_unit **unit,
				struct gap_error *error) GAP_MUST_CHECK;
void gap_cfront_close(struct gap_cfront_unit *unit);

/* ---- layouts ---- */

/** A structure or union that is defined in the unit. Strings live for the call. */
struct gap_cfront_record {
	const char *name; /* of the tag, or of the typedef of an anonymous one; "" */
	bool is_union;
	bool is_tag; /* the name is the tag */
	uint64_t size_bytes, align_bytes;
	bool of_system; /* in a header of the compiler's or the C library's */
	const char *file;
	unsigned line;
};

/** A member; those of anonymous members are told with their offset from the outermost start. */
struct gap_cfront_member {
	const char *name;
	const char *type;   /* as written: "struct list_head *" */
	enum gap_kind kind; /* of the type, typedefs and qualifiers followed */
	const char *record; /* name of the record or enum that it is, points to or is an array of;
				"" */
	bool is_signed;     /* INT, ENUM */
	uint64_t offset_bits, size_bytes; /* size 0: flexible */
	uint32_t width_bits;              /* 0: not a bit-field */
	uint64_t count;                   /* elements, when an array */
	unsigned line;
};

/** @members are in the order of their declaration; false ends the walk. */
typedef bool gap_cfront_record_visit(void *context, const struct gap_cfront_record *record,
				     const struct gap_cfront_member *members, size_t count);

/** Visits each structure and union with a name, in the order of the source, nested ones too. */
enum gap_status gap_cfront_records(struct gap_cfront_unit *unit, gap_cfront_record_visit *visit,
				   void *context, struct gap_error *error) GAP_MUST_CHECK;

/* ---- whole types ---- */

struct gap_builder;
struct gap_unit;

/** A structure or union, by its tag. */
struct gap_cfront_root {
	const char *name;
	bool found; /* filled in: the unit defines it */
};

struct gap_cfront_graph {
	struct gap_cfront_root *roots;
	size_t root_count;
	const char *const *trees; /* folders that names of declaring files begin below */
	size_t tree_count;
	uint8_t pointer_bytes;
	struct gap_builder *builder; /* whose texts @unit refers to */
	struct gap_unit *unit;       /* profile/units.h; added to */
};

/**
 * Adds the roots that the unit defines, and all types that these lead to. GAP_NO_MEMORY, GAP_UNSUPPORTED
 * (types nested deeper than any kernel's).
 */
enum gap_status gap_cfront_graph(struct gap_cfront_unit *unit,
				 const struct gap_cfront_graph *request,
				 struct gap_error *error) GAP_MUST_CHECK;

/* ---- monitors ---- */

/**
 * Adds what a monitor uses through semgap/monitor.h to @wanted; the unit was opened with -DSEMGAP_SCAN.
 * GAP_INVALID: a use that cannot be (a kernel structure read by C itself, a member whose structure has
 * no name …), each told through @complain (may be NULL), the first in @error; GAP_MISMATCH: two
 * declarations that differ; GAP_NO_MEMORY.
 */
enum gap_status gap_cfront_uses(struct gap_cfront_unit *unit, struct gap_wanted *wanted,
				void (*complain)(void *context, const char *text), void *context,
				struct gap_error *error) GAP_MUST_CHECK;

/* ---- enumerators ---- */

struct gap_cfront_enumerator {
	const char *name, *type; /* type: name of the enum; "" */
	uint64_t value;
	bool is_signed;
	bool of_system;
	const char *file;
	unsigned line;
};

typedef bool gap_cfront_enumerator_visit(void *context,
					 const struct gap_cfront_enumerator *enumerator);
void gap_cfront_enumerators(struct gap_cfront_unit *unit, gap_cfront_enumerator_visit *visit,
			    void *context);

/* ---- macros ---- */

struct gap_cfront_macro {
	const char *name;
	uint64_t value; /* two's complement */
	const char *file;
	unsigned line;
};

typedef bool gap_cfront_macro_visit(void *context, const struct gap_cfront_macro *macro);

/** Visits the macros that begin with @prefix and stand for one number; the unit was opened with @macros. */
void gap_cfront_macros(struct gap_cfront_unit *unit, const char *prefix,
		       gap_cfront_macro_visit *visit, void *context);

#endif
