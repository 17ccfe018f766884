/* SPDX-License-Identifier: MIT */
/* The string table of a builder: texts in chunks that never move, ids through an open-addressed
 * hash. */
#include <string.h>

#include "profile/strings.h"

#define CHUNK_BYTES (256 * 1024)

struct gap_chunk {
	struct gap_chunk *next;
	char bytes[];
};

static uint32_t hash_text(const char *text, size_t length)
{
	uint64_t hash = length * 0x9e3779b97f4a7c15u;

	while (length > 0) {
		size_t part = length < 8 ? length : 8;
		uint64_t word = 0;

		memcpy(&word, text, part);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
		text += part;
		length -= part;
	}
	return (uint32_t)(hash ^ (hash >> 29));
}

bool gap_strings_init(struct gap_strings *strings)
{
	uint32_t id;

	*strings = (struct gap_strings){.slot_count = 4096};
	strings->slots = calloc(strings->slot_count, sizeof(*strings->slots));
	return strings->slots && gap_strings_intern(strings, "", 0, &id);
}

void gap_strings_deinit(struct gap_strings *strings)
{
	while (strings->chunks) {
		struct gap_chunk *next = strings->chunks->next;

		free(strings->chunks);
		strings->chunks = next;
	}
	free(strings->slots);
	free(strings->rows.items);
	*strings = (struct gap_strings){0};
}

static char *store(struct gap_strings *strings, const char *text, size_t length)
{
	char *copy;

	if (!strings->chunks || strings->chunk_size - strings->chunk_used < length + 1) {
		size_t size = length + 1 > CHUNK_BYTES ? length + 1 : CHUNK_BYTES;
		struct gap_chunk *chunk = malloc(sizeof(*chunk) + size);

		if (!chunk)
			return NULL;
		chunk->next = strings->chunks;
		strings->chunks = chunk;
		strings->chunk_size = size;
		strings->chunk_used = 0;
	}
	copy = strings->chunks->bytes + strings->chunk_used;
	memcpy(copy, text, length);
	copy[length] = '\0';
	strings->chunk_used += length + 1;
	return copy;
}

/* The slot that holds the text, or the free one where it belongs. */
static uint32_t *find_slot(const struct gap_strings *strings, const char *text, size_t length,
			   uint32_t hash)
{
	uint32_t mask = strings->slot_count - 1;

	for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
		uint32_t *slot = &strings->slots[at];
		const struct gap_string *row;

		if (*slot == 0)
			return slot;
		row = &strings->rows.items[*slot - 1];
		if (row->hash == hash && row->length == length &&
		    memcmp(row->text, text, length) == 0)
			return slot;
	}
}

static bool grow_slots(struct gap_strings *strings)
{
	uint32_t larger = strings->slot_count * 2, mask = larger - 1;
	uint32_t *slots;

	if (larger == 0)
		return false;
	slots = calloc(larger, sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t id = 0; id < strings->rows.count; id++) {
		uint32_t at = strings->rows.items[id].hash & mask;

		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = id + 1;
	}
	free(strings->slots);
	strings->slots = slots;
	strings->slot_count = larger;
	return true;
}

bool gap_strings_intern(struct gap_strings *strings, const char *text, size_t length, uint32_t *id)
{
	uint32_t hash = hash_text(text, length);
	uint32_t *slot = find_slot(strings, text, length, hash);
	struct gap_string row = {.length = (uint32_t)length, .hash = hash};
	struct gap_string *added;

	if (*slot) {
		*id = *slot - 1;
		return true;
	}
	if (length > UINT32_MAX / 2)
		return false;
	if (strings->rows.count >= strings->slot_count / 2) {
		if (!grow_slots(strings))
			return false;
		slot = find_slot(strings, text, length, hash);
	}
	row.text = store(strings, text, length);
	added = row.text ? gap_string_rows_push(&strings->rows) : NULL;
	if (!added)
		return false;
	*added = row;
	*id = strings->rows.count - 1;
	*slot = *id + 1;
	return true;
}

uint32_t gap_strings_find(const struct gap_strings *strings, const char *text, size_t length)
{
	uint32_t slot = *find_slot(strings, text, length, hash_text(text, length));

	return slot ? slot - 1 : 0;
}
