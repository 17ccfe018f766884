/* SPDX-License-Identifier: MIT */
/* The string pool of an image: used texts only, tails shared, bytes behind them. */
#ifndef SEMGAP_POOL_H
#define SEMGAP_POOL_H

#include "profile/strings.h"

struct gap_pool {
	const struct gap_strings *strings;
	uint8_t *used;     /* by text id */
	uint32_t *offsets; /* by text id, after gap_pool_lay_out() */
	char *bytes;
	uint64_t size_bytes;
	uint64_t capacity;
};

bool gap_pool_init(struct gap_pool *pool, const struct gap_strings *strings);
void gap_pool_deinit(struct gap_pool *pool);

static inline void gap_pool_use(struct gap_pool *pool, uint32_t text)
{
	pool->used[text] = 1;
}

/** Places all used texts. */
bool gap_pool_lay_out(struct gap_pool *pool);

/** Appends raw bytes and returns their offset in @offset. */
bool gap_pool_append(struct gap_pool *pool, const void *bytes, uint32_t size_bytes,
		     uint32_t *offset);

/** Ends the pool with a zero byte. */
bool gap_pool_close(struct gap_pool *pool);

#endif
