/* SPDX-License-Identifier: MIT */
/*
 * Laying out the string pool. Texts are sorted by their reversed bytes; a text that is the tail of
 * the next one then lies right before it and shares its bytes ("printk" in "__ksymtab_printk").
 */
#include <string.h>

#include "profile/pool.h"

struct tail_key {
	uint64_t last_bytes; /* the last eight, the final one most significant */
	const struct gap_string *string;
	uint32_t id;
};

bool gap_pool_init(struct gap_pool *pool, const struct gap_strings *strings)
{
	*pool = (struct gap_pool){.strings = strings};
	pool->used = calloc(strings->rows.count, 1);
	pool->offsets = calloc(strings->rows.count, sizeof(*pool->offsets));
	return pool->used && pool->offsets;
}

void gap_pool_deinit(struct gap_pool *pool)
{
	free(pool->used);
	free(pool->offsets);
	free(pool->bytes);
}

static bool make_room(struct gap_pool *pool, uint64_t more)
{
	uint64_t larger = pool->capacity * 2 + more + 64;
	char *moved;

	if (pool->size_bytes + more <= pool->capacity)
		return true;
	moved = realloc(pool->bytes, (size_t)larger);
	if (!moved)
		return false;
	pool->bytes = moved;
	pool->capacity = larger;
	return true;
}

static uint64_t last_bytes(const struct gap_string *string)
{
	uint64_t key = 0;

	for (uint32_t i = 0; i < 8; i++)
		key = (key << 8) |
		      (i < string->length ? (unsigned char)string->text[string->length - 1 - i]
					  : 0);
	return key;
}

static int compare_tails(const void *left, const void *right)
{
	const struct tail_key *a = left, *b = right;
	uint32_t shorter;

	if (a->last_bytes != b->last_bytes)
		return a->last_bytes < b->last_bytes ? -1 : 1;
	shorter = a->string->length < b->string->length ? a->string->length : b->string->length;
	for (uint32_t i = 9; i <= shorter; i++) {
		int one = (unsigned char)a->string->text[a->string->length - i];
		int other = (unsigned char)b->string->text[b->string->length - i];

		if (one != other)
			return one - other;
	}
	return (a->string->length > b->string->length) - (a->string->length < b->string->length);
}

static bool is_tail_of(const struct gap_string *tail, const struct gap_string *whole)
{
	return tail->length <= whole->length &&
	       memcmp(whole->text + whole->length - tail->length, tail->text, tail->length) == 0;
}

static struct tail_key *sorted_tails(const struct gap_pool *pool, uint32_t *count)
{
	struct tail_key *keys = calloc((size_t)pool->strings->rows.count + 1, sizeof(*keys));

	*count = 0;
	for (uint32_t id = 1; keys && id < pool->strings->rows.count; id++) {
		const struct gap_string *string = &pool->strings->rows.items[id];

		if (pool->used[id])
			keys[(*count)++] = (struct tail_key){last_bytes(string), string, id};
	}
	if (keys)
		qsort(keys, *count, sizeof(*keys), compare_tails);
	return keys;
}

bool gap_pool_append(struct gap_pool *pool, const void *bytes, uint32_t size_bytes,
		     uint32_t *offset)
{
	if (!make_room(pool, size_bytes) || pool->size_bytes + size_bytes > UINT32_MAX)
		return false;
	memcpy(pool->bytes + pool->size_bytes, bytes, size_bytes);
	*offset = (uint32_t)pool->size_bytes;
	pool->size_bytes += size_bytes;
	return true;
}

bool gap_pool_lay_out(struct gap_pool *pool)
{
	uint32_t count, offset;
	struct tail_key *keys = sorted_tails(pool, &count);
	bool done = keys && gap_pool_append(pool, "", 1, &offset);

	for (uint32_t i = count; done && i-- > 0;) {
		const struct gap_string *string = keys[i].string;

		if (i + 1 < count && is_tail_of(string, keys[i + 1].string)) {
			pool->offsets[keys[i].id] = pool->offsets[keys[i + 1].id] +
						    keys[i + 1].string->length - string->length;
			continue;
		}
		done = gap_pool_append(pool, string->text, string->length + 1,
				       &pool->offsets[keys[i].id]);
	}
	free(keys);
	return done;
}

bool gap_pool_close(struct gap_pool *pool)
{
	uint32_t offset;

	return gap_pool_append(pool, "", 1, &offset);
}
