/* SPDX-License-Identifier: MIT */
/* Parsing of the names that users write: "[struct:]NAME[@FILE|#N]". Shared by look-ups of types and
 * symbols. */
#ifndef SEMGAP_NAMES_H
#define SEMGAP_NAMES_H

#include <stdint.h>
#include <string.h>

#include "semgap/status.h"

/** A parsed name; the parts point into the caller's text. */
struct gap_name {
	const char *text;
	uint32_t length;
	const char *file; /* NULL: not qualified by file */
	uint32_t file_length;
	uint32_t number; /* 0: not qualified by number */
	int kind;        /* enum gap_kind, or -1 */
};

enum gap_status gap_name_parse(const char *text, int with_kind, struct gap_name *name,
			       struct gap_error *error) GAP_MUST_CHECK;

/** Whether a recorded path is the FILE of a qualifier: equal, or ending in "/FILE". */
int gap_name_file_matches(const struct gap_name *name, const char *path);

/** A growing list of candidates in an error's text. */
void gap_fail_append(struct gap_error *error, const char *format, ...) GAP_PRINTF(2, 3);

static inline int gap_text_equal(const char *text, const char *name, uint32_t length)
{
	return strncmp(text, name, length) == 0 && text[length] == '\0';
}

#endif
