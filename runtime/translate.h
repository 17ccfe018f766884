/* SPDX-License-Identifier: MIT */
/*
 * A guest as the files of the runtime share it, and the hit path of its software TLB. Nothing tells
 * us that a guest edited its tables: so a hit re-reads the leaf entry and compares it with the
 * value that was cached. Changes above the leaf are seen after gap_guest_refresh().
 */
#ifndef SEMGAP_TRANSLATE_H
#define SEMGAP_TRANSLATE_H

#include <string.h>

#include "runtime/arch.h"
#include "semgap/guest.h"

#define GAP_TLB_ENTRIES 512      /* a power of two */
#define GAP_TLB_EMPTY UINT64_MAX /* no page has this number */

/** A page whose bytes and whose leaf entry are both mapped here: 32 bytes, two to a cache line. */
struct gap_tlb_entry {
	uint64_t page; /* virtual page number */
	const unsigned char *data;
	const unsigned char *leaf_at;
	uint64_t leaf;
};

/** A page that must be read through the memory's function. */
struct gap_tlb_distant {
	uint64_t page;
	uint64_t physical; /* of the page */
	uint64_t leaf_at, leaf;
};

struct gap_guest {
	struct gap_tlb_entry tlb[GAP_TLB_ENTRIES];
	struct gap_tlb_distant distant[GAP_TLB_ENTRIES];
	const struct gap_arch *arch;
	const struct gap_memory *memory;
	const struct gap_profile *profile;
	struct gap_space space;
	struct gap_window image; /* where addresses move with the slide */
	struct gap_guest_info info;
};

/** Could it be an address of this guest at all? */
static inline int gap_guest_is_address(const struct gap_guest *guest, uint64_t address)
{
	return guest->arch->is_canonical(&guest->space, address);
}

/** How much of @size_bytes lies in the page of @address. */
static inline size_t gap_within_page(uint64_t address, size_t size_bytes)
{
	size_t left = GAP_PAGE_BYTES - address % GAP_PAGE_BYTES;

	return size_bytes < left ? size_bytes : left;
}

static inline size_t gap_tlb_slot(uint64_t page)
{
	return (page ^ (page >> 9)) % GAP_TLB_ENTRIES;
}

/**
 * Finds the bytes of [address, address + size): false unless they lie in one cached page that still
 * is where it was. @size is at most a page.
 */
static inline int gap_tlb_hit(const struct gap_guest *guest, uint64_t address, size_t size_bytes,
			      const unsigned char **data)
{
	uint64_t page = address >> GAP_PAGE_SHIFT, leaf;
	size_t offset = address % GAP_PAGE_BYTES;
	const struct gap_tlb_entry *entry = &guest->tlb[gap_tlb_slot(page)];

	if (entry->page != page || offset > GAP_PAGE_BYTES - size_bytes)
		return 0;
	memcpy(&leaf, entry->leaf_at, sizeof(leaf));
	*data = entry->data + offset;
	return leaf == entry->leaf;
}

#endif
