/* SPDX-License-Identifier: MIT */
/*
 * A bounded cache of blocks that are costly to get, for files that are compressed. Safe to read
 * from several threads; they wait for each other.
 */
#ifndef SEMGAP_PAGE_CACHE_H
#define SEMGAP_PAGE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "semgap/status.h"

#define GAP_PAGE_CACHE_BLOCK_BYTES 65536u

struct gap_page_cache;

/** Fills one block of GAP_PAGE_CACHE_BLOCK_BYTES, or as much of it as there is. */
typedef enum gap_status gap_page_cache_fill(void *context, uint64_t block, unsigned char *buffer);

/** NULL when out of memory. */
struct gap_page_cache *gap_page_cache_create(gap_page_cache_fill *fill, void *context);
void gap_page_cache_destroy(struct gap_page_cache *cache);

/** Reads inside one block. What a fill refuses is refused, and asked for again the next time. */
enum gap_status gap_page_cache_read(struct gap_page_cache *cache, uint64_t block, size_t offset,
				    void *buffer, size_t size_bytes);

#endif
