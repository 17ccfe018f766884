/* SPDX-License-Identifier: MIT */
/* Interned strings: equal texts have equal ids, and a text never moves. */
#ifndef SEMGAP_STRINGS_H
#define SEMGAP_STRINGS_H

#include "profile/vector.h"

struct gap_string {
	const char *text; /* zero-terminated */
	uint32_t length;
	uint32_t hash;
};

GAP_VECTOR(gap_string_rows, struct gap_string);

struct gap_chunk;

struct gap_strings {
	struct gap_string_rows rows; /* by id; 0 is "" */
	uint32_t *slots;             /* open addressing: id + 1, 0 free */
	uint32_t slot_count;
	struct gap_chunk *chunks;
	size_t chunk_used, chunk_size;
};

bool gap_strings_init(struct gap_strings *strings);
void gap_strings_deinit(struct gap_strings *strings);

/** Interns @length bytes; false without memory. */
bool gap_strings_intern(struct gap_strings *strings, const char *text, size_t length, uint32_t *id);

/** The id of @length bytes, or 0 when they were never interned. */
uint32_t gap_strings_find(const struct gap_strings *strings, const char *text, size_t length);

#endif
