/* SPDX-License-Identifier: MIT */
/*
 * The #define lines of a header: collected first, because two names may become one C identifier,
 * and then neither may stand for the other in silence.
 */
#ifndef SEMGAP_EMIT_CONSTANTS_H
#define SEMGAP_EMIT_CONSTANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/include/semgap/status.h"

enum gap_constant_group {
	GAP_CONSTANT_SIZE,
	GAP_CONSTANT_OFFSET, /* bytes */
	GAP_CONSTANT_BITS,   /* a bit-field: @value its offset in bits, @width_bits */
	GAP_CONSTANT_SYMBOL,
	GAP_CONSTANT_ENUMERATOR
};

struct gap_constant {
	enum gap_constant_group group;
	uint64_t value;
	uint32_t width_bits;
	bool is_signed;
	bool local;       /* gives way to one of the same name that is not */
	const char *kind; /* "struct", before the name in a heading; or a word about the value; may
			     be NULL */
	/* filled in */
	size_t name; /* offset in the pool of names */
	bool numbered, mangled, left_out, repeats;
};

struct gap_constants {
	struct gap_constant *items;
	size_t count, capacity;
	char *names;
	size_t names_used, names_capacity;
	bool no_memory;
};

/** The identifier is @name, with _@number unless 0, and __@path unless NULL. Returns its index. */
size_t gap_constants_add(struct gap_constants *constants, const struct gap_constant *constant,
			 const char *name, uint32_t number, const char *path);
/** Finds identifiers that stand for different values and marks them as left out; returns how many.
 */
enum gap_status gap_constants_resolve(struct gap_constants *constants, uint32_t *left_out,
				      struct gap_error *error) GAP_MUST_CHECK;
void gap_constants_write(const struct gap_constants *constants, FILE *stream);
typedef void gap_constant_function(const struct gap_constant *constant, const char *name,
				   FILE *stream);
/** For other languages: @function writes each; a line that @comment begins stands for one that is
 * left out. */
void gap_constants_each(const struct gap_constants *constants, const char *comment,
			gap_constant_function *function, FILE *stream);
void gap_constants_deinit(struct gap_constants *constants);

/** "task_struct__pid". */
const char *gap_constants_name(const struct gap_constants *constants, size_t index);
/** A number that tells one set of constants from another. */
uint64_t gap_constants_digest(const struct gap_constants *constants);

bool gap_is_identifier(const char *name);

#endif
