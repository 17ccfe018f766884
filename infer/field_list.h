/* SPDX-License-Identifier: MIT */
/*
 * The fields that inference is asked for: one semantic field a line, `struct.member`, with the
 * names that it has had through history separated by '|' (kernels/core-fields.txt is the default).
 * Everything that evidence says is said of a field's number in this table.
 */
#ifndef SEMGAP_INFER_FIELD_LIST_H
#define SEMGAP_INFER_FIELD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/include/semgap/status.h"

#define INFER_NONE UINT32_MAX
#define INFER_NAMES_MAX 4

struct infer_field {
	const char *type;                   /* "task_struct" */
	const char *names[INFER_NAMES_MAX]; /* "__state", "state"; paths descend with '.' */
	unsigned name_count;
	const char *line; /* as it was written */
};

struct infer_fields {
	struct infer_field *rows;
	uint32_t count;
	char *text; /* what the rows point into; twice, whole and cut into names */
};

/** Reads such lines ('#' begins a comment). @origin names the text in errors. GAP_CORRUPT names the
 * line; GAP_NO_MEMORY. */
enum gap_status infer_fields_parse(struct infer_fields *fields, const char *text, size_t size_bytes,
				   const char *origin, struct gap_error *error) GAP_MUST_CHECK;
/** What is asked for unless told otherwise: kernels/core-fields.txt, and what the views of guests
 * bind (kernels/fields.def) besides. */
enum gap_status infer_fields_default(struct infer_fields *fields,
				     struct gap_error *error) GAP_MUST_CHECK;
/** Adds those of @more that share no name with any of @fields; they go on pointing into @more, which must live as long. */
enum gap_status infer_fields_join(struct infer_fields *fields, const struct infer_fields *more,
				  struct gap_error *error) GAP_MUST_CHECK;
/** The field that shares a name with @field, or INFER_NONE. */
uint32_t infer_fields_same(const struct infer_fields *fields, const struct infer_field *field);
void infer_fields_deinit(struct infer_fields *fields);

/** Number of the field that has @name among its names, or INFER_NONE. @name_index (may be NULL):
 * which. */
uint32_t infer_fields_find(const struct infer_fields *fields, const char *type, const char *name,
			   unsigned *name_index);

#endif
