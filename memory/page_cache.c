/* SPDX-License-Identifier: MIT */
/*
 * A cache of 16 MiB in sets of four blocks; the block of a set that was not used for longest makes
 * room. What a block is, and how it is got, is its owner's business.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "memory/page_cache.h"

enum { SETS = 64, WAYS = 4 };

struct slot {
	uint64_t block, used; /* used 0: empty */
	unsigned char *data;  /* NULL until needed */
};

struct gap_page_cache {
	gap_page_cache_fill *fill;
	void *context;
	pthread_mutex_t lock;
	uint64_t clock;
	struct slot slots[SETS][WAYS];
};

struct gap_page_cache *gap_page_cache_create(gap_page_cache_fill *fill, void *context)
{
	struct gap_page_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	if (pthread_mutex_init(&cache->lock, NULL)) {
		free(cache);
		return NULL;
	}
	cache->fill = fill;
	cache->context = context;
	return cache;
}

void gap_page_cache_destroy(struct gap_page_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < SETS * WAYS; i++)
		free(cache->slots[i / WAYS][i % WAYS].data);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static enum gap_status refill(struct gap_page_cache *cache, struct slot *slot, uint64_t block)
{
	enum gap_status status;

	if (!slot->data)
		slot->data = malloc(GAP_PAGE_CACHE_BLOCK_BYTES);
	if (!slot->data)
		return GAP_NO_MEMORY;
	slot->used = 0;
	status = cache->fill(cache->context, block, slot->data);
	if (status)
		return status;
	slot->block = block;
	return GAP_OK;
}

/* The slot that holds the block, after filling one if need be. */
static enum gap_status find_slot(struct gap_page_cache *cache, uint64_t block, struct slot **found)
{
	struct slot *set = cache->slots[block % SETS], *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].used && set[i].block == block) {
			*found = &set[i];
			return GAP_OK;
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*found = oldest;
	return refill(cache, oldest, block);
}

enum gap_status gap_page_cache_read(struct gap_page_cache *cache, uint64_t block, size_t offset,
				    void *buffer, size_t size_bytes)
{
	enum gap_status status;
	struct slot *slot;

	if (offset > GAP_PAGE_CACHE_BLOCK_BYTES || size_bytes > GAP_PAGE_CACHE_BLOCK_BYTES - offset)
		return GAP_INVALID;
	pthread_mutex_lock(&cache->lock);
	status = find_slot(cache, block, &slot);
	if (!status) {
		slot->used = ++cache->clock;
		memcpy(buffer, slot->data + offset, size_bytes);
	}
	pthread_mutex_unlock(&cache->lock);
	return status;
}
