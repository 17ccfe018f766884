/* SPDX-License-Identifier: MIT */
/* The selected fields of a header, and its two parts that know their types: mirrors and readers. */
#ifndef SEMGAP_EMIT_HEADER_FIELDS_H
#define SEMGAP_EMIT_HEADER_FIELDS_H

#include <stdio.h>

#include "emit/selection.h"

struct gap_header_field {
	const struct gap_selected_field *selected;
	const char *owner;    /* "task_struct", as in the constants */
	const char *name;     /* "task_struct__pid" */
	struct gap_type type; /* typedefs followed */
	bool left_out;        /* its name would stand for two */
};

struct gap_header_fields {
	const struct gap_profile *profile;
	struct gap_header_field *items; /* those of one structure stand together, by offset */
	size_t count;
};

/** Structures with the selected members at their places, and assertions that they are. */
enum gap_status gap_header_write_layouts(const struct gap_header_fields *fields, FILE *stream,
					 struct gap_error *error) GAP_MUST_CHECK;
/** Typed readers over semgap/guest.h. */
void gap_header_write_readers(const struct gap_header_fields *fields, FILE *stream);

/**
 * What semgap/monitor.h needs of a header: slots, wants, and the way from a member to its slot. The whole
 * header of a table; or behind the constants of one kernel, the numbers that they are.
 */
enum gap_status gap_header_write_table(const struct gap_wanted *wanted, FILE *stream,
				       struct gap_error *error) GAP_MUST_CHECK;
enum gap_status gap_header_write_monitor(const struct gap_wanted *wanted,
					 const struct gap_header_fields *fields, FILE *stream,
					 struct gap_error *error) GAP_MUST_CHECK;

/** The fixed-width C type of a scalar of 1, 2, 4 or 8 bytes ("int32_t"), or NULL. */
const char *gap_header_scalar(const struct gap_type *type);

#endif
