/* SPDX-License-Identifier: MIT */
/*
 * What each type and enumerator of a profile is called in one C file, where every name must be
 * unique, also for C++, whose tags and typedefs share a name space.
 */
#ifndef SEMGAP_EMIT_C_NAMES_H
#define SEMGAP_EMIT_C_NAMES_H

#include "emit/emit.h"
#include "profile/strings.h"

struct gap_c_names {
	const struct gap_profile *profile;
	struct gap_strings pool;
	uint32_t *of_row;        /* texts in the pool; 0: this row has no name of its own */
	uint32_t *of_enumerator; /* the same by the enumerator's row */
	gap_type_id *order;      /* rows with a name that define something, by name */
	size_t count;
	gap_type_id *alias; /* by row: the row of a typedef that says the same; 0 none */
	uint32_t renamed;   /* for which another definition stood in the way */
};

/** @prefix goes before every name; NULL none. GAP_NO_MEMORY. */
enum gap_status gap_c_names_init(struct gap_c_names *names, const struct gap_profile *profile,
				 const char *prefix, struct gap_error *error) GAP_MUST_CHECK;
void gap_c_names_deinit(struct gap_c_names *names);

/** NULL when the row has none. */
const char *gap_c_name(const struct gap_c_names *names, gap_type_id row);
const char *gap_c_enumerator(const struct gap_c_names *names, uint32_t row);

/**
 * Writes a member's name as it can stand in C: GAP_NAME(new) where C++ has another use for the
 * word or @owner, the aggregate that it is written in, has that name; "thread__sp" for a path; a
 * trailing underscore for a macro. False: no name can be made. @owner may be NULL.
 */
bool gap_c_member_name(const char *member, const char *owner, char *text, size_t capacity);

#endif
