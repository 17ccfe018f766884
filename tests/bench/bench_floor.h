/* SPDX-License-Identifier: MIT */
/*
 * The floor: the least that bare C needs to read a guest with the promise that the runtime gives.
 * It is written for one guest on x86-64: RAM is one mapped piece from 0 on, and depth and root are
 * known. It keeps the promise: 512 translations are cached; every use of one reads the last entry
 * of the page table again; every table and every page is bounded by RAM; what is not mapped is told.
 * It leaves out what makes a library: other architectures and depths chosen at run time, RAM in
 * several ranges or behind a function, reads across pages, errors in words, calls. All of it is
 * inlined into its users but the fill of its cache.
 */
#ifndef SEMGAP_BENCH_FLOOR_H
#define SEMGAP_BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FLOOR_PAGES 512

struct floor_page {
	uint64_t page;
	const unsigned char *data, *leaf_at;
	uint64_t leaf;
};

struct floor_guest {
	struct floor_page tlb[FLOOR_PAGES];
	const unsigned char *ram;
	uint64_t ram_bytes, root;
	int levels; /* 4 or 5 */
};

/* The depth is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) int floor_descend(const struct floor_guest *floor,
							       uint64_t address, const int levels,
							       uint64_t *physical,
							       const unsigned char **leaf_at,
							       uint64_t *leaf)
{
	const uint64_t mask = 0x000ffffffffff000u, last = floor->ram_bytes - 8;
	const unsigned char *const ram = floor->ram;
	uint64_t table = floor->root, entry;
	int shift = 12 + 9 * levels;
	uint64_t high = address >> (shift - 1);

	if (high != 0 && high != UINT64_MAX >> (shift - 1))
		return 0;
#pragma GCC unroll 5
	for (int level = levels; level > 0; level--) {
		uint64_t inside, at;

		shift -= 9;
		at = table + ((address >> shift) & 511) * 8;
		if (at > last)
			return 0;
		memcpy(&entry, ram + at, 8);
		if (!(entry & 1))
			return 0;
		if (level == 1 || entry & 0x80) {
			inside = ((uint64_t)1 << shift) - 1;
			*physical = (entry & mask & ~inside) | (address & inside);
			*leaf_at = ram + at;
			*leaf = entry;
			return level <= 3;
		}
		table = entry & mask;
	}
	return 0;
}

static inline int floor_walk(const struct floor_guest *floor, uint64_t address, uint64_t *physical,
			     const unsigned char **leaf_at, uint64_t *leaf)
{
	return floor->levels == 4 ? floor_descend(floor, address, 4, physical, leaf_at, leaf)
				  : floor_descend(floor, address, 5, physical, leaf_at, leaf);
}

static __attribute__((noinline)) const unsigned char *floor_miss(struct floor_guest *floor,
								 uint64_t address)
{
	uint64_t page = address >> 12, physical, leaf;
	const unsigned char *leaf_at;

	if (!floor_walk(floor, address, &physical, &leaf_at, &leaf) ||
	    (physical | 4095) >= floor->ram_bytes)
		return NULL;
	floor->tlb[(page ^ page >> 9) % FLOOR_PAGES] =
		(struct floor_page){page, floor->ram + (physical & ~(uint64_t)4095), leaf_at, leaf};
	return floor->ram + physical;
}

/* The bytes of [address, address + size), which lie in one page, or NULL. */
static inline const unsigned char *floor_bytes(struct floor_guest *floor, uint64_t address,
					       size_t size_bytes)
{
	uint64_t page = address >> 12, leaf;
	const struct floor_page *entry = &floor->tlb[(page ^ page >> 9) % FLOOR_PAGES];

	if ((address & 4095) + size_bytes > 4096)
		return NULL; /* none of those that the bench reads leaves its page */
	if (entry->page == page) {
		memcpy(&leaf, entry->leaf_at, 8);
		if (leaf == entry->leaf)
			return entry->data + (address & 4095);
	}
	return floor_miss(floor, address);
}

static inline void floor_forget(struct floor_guest *floor)
{
	for (int i = 0; i < FLOOR_PAGES; i++)
		floor->tlb[i].page = UINT64_MAX;
}

#endif
