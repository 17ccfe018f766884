/* SPDX-License-Identifier: MIT */
/*
 * A few pages of memory with x86-64's tables, in which a kernel is met: the first 2 MiB are its image, and what lies behind
 * the tables is free.
 */
#ifndef SEMGAP_FUZZ_TINY_GUEST_H
#define SEMGAP_FUZZ_TINY_GUEST_H

#include <stdint.h>
#include <string.h>

enum {
	TINY_PAGE = 4096,
	TINY_ROOT = 1, /* pages by number */
	TINY_IMAGE_UPPER,
	TINY_IMAGE_TABLE,
	TINY_LINEAR_UPPER,
	TINY_LINEAR_TABLE,
	TINY_BANNER,
	TINY_FREE,
	TINY_PAGES = TINY_FREE + 3,
	TINY_BYTES = TINY_PAGES * TINY_PAGE
};

#define TINY_IMAGE_AT UINT64_C(0xffffffff81000000)

static inline void tiny_entry(uint8_t *memory, unsigned page, unsigned index, uint64_t entry)
{
	memcpy(memory + (size_t)page * TINY_PAGE + 8 * (size_t)index, &entry, sizeof(entry));
}

/** Fills in TINY_BYTES of zeros. */
static inline void tiny_guest_make(uint8_t *memory)
{
	static const char banner[] = "Linux version 6.1.0-fixture (nobody@nowhere) #1 SMP\n";

	tiny_entry(memory, TINY_ROOT, 511, TINY_IMAGE_UPPER * TINY_PAGE | 0x63);
	tiny_entry(memory, TINY_IMAGE_UPPER, 510, TINY_IMAGE_TABLE * TINY_PAGE | 0x63);
	tiny_entry(memory, TINY_IMAGE_TABLE, 8, 0xe3);
	for (unsigned i = 1; i < 4; i++) /* not part of the image, to keep it small */
		tiny_entry(memory, TINY_IMAGE_TABLE, 8 + 2 * i,
			   UINT64_C(0x8000000000000000) | (uint64_t)i << 21 | 0xe3);
	tiny_entry(memory, TINY_ROOT, 273, TINY_LINEAR_UPPER * TINY_PAGE | 0x63);
	tiny_entry(memory, TINY_LINEAR_UPPER, 0, TINY_LINEAR_TABLE * TINY_PAGE | 0x63);
	tiny_entry(memory, TINY_LINEAR_TABLE, 0, UINT64_C(0x80000000000000e3));
	memcpy(memory + (size_t)TINY_BANNER * TINY_PAGE + 64, banner, sizeof(banner));
}

#endif
