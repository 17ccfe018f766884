/* SPDX-License-Identifier: MIT */
/*
 * Mirrors: for each structure of a selection one of our own with the selected members at their
 * places, as numbers of fixed width and arrays of them. How a language spells it is its writer's.
 * Members that overlap one before them, and bit-fields, are left out.
 */
#ifndef SEMGAP_EMIT_MIRROR_H
#define SEMGAP_EMIT_MIRROR_H

#include "emit/header_fields.h"

#define GAP_MIRROR_DIMENSIONS 8
#define GAP_MIRROR_BYTES_MAX (1u << 24)

/** One member of a mirror: a number of @unit_bytes (1, 2, 4, 8), or an array of such. */
struct gap_mirrored {
	const struct gap_header_field *field;
	char name[160]; /* the kernel's; languages have words that it may not be */
	uint32_t unit_bytes;
	bool is_signed, is_char;
	uint64_t offset_bytes, size_bytes, align_bytes;
	uint64_t dimensions[GAP_MIRROR_DIMENSIONS];
	unsigned dimension_count;
};

struct gap_mirror {
	const struct gap_profile *profile;
	const char *name; /* "task_struct", or "task_struct_2" */
	struct gap_mirrored *members;
	size_t count;
	uint64_t size_bytes;
	bool size_known;
	bool packed; /* natural alignment would put something elsewhere */
};

typedef void gap_mirror_function(void *context, const struct gap_mirror *mirror);

/** Calls @function with the mirror of each structure that has one. GAP_NO_MEMORY. */
enum gap_status gap_mirrors_each(const struct gap_header_fields *fields,
				 gap_mirror_function *function, void *context,
				 struct gap_error *error) GAP_MUST_CHECK;

#endif
