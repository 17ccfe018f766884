/* SPDX-License-Identifier: MIT */
/* Which header of a kernel defines a structure: by its text, before any of them is parsed. */
#ifndef SEMGAP_HEADER_SEARCH_H
#define SEMGAP_HEADER_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/include/semgap/status.h"

/** A tag that is looked for. */
struct gap_header_tag {
	char *name;
	char *header; /* filled in, to be freed: as one writes it in an #include; NULL none */
};

/**
 * Looks through the headers of the tree @common for "struct NAME {" and "union NAME {": those of
 * linux/, net/ and @architecture's asm/ before all others, each folder by rising name. GAP_IO (no
 * such tree), GAP_NO_MEMORY.
 */
enum gap_status gap_header_search(const char *common, const char *architecture,
				  struct gap_header_tag *tags, size_t count,
				  struct gap_error *error) GAP_MUST_CHECK;

/** A whole small file with a zero byte behind it, to be freed. GAP_IO, GAP_NO_MEMORY. */
enum gap_status gap_header_read(const char *path, char **text, size_t *length,
				struct gap_error *error) GAP_MUST_CHECK;

#endif
