/* SPDX-License-Identifier: MIT */
/*
 * A guest as the files of the runtime share it. It begins with its software TLB, whose hit path is
 * in semgap/hot.h. Changes above the leaf are seen after gap_guest_refresh().
 */
#ifndef SEMGAP_TRANSLATE_H
#define SEMGAP_TRANSLATE_H

#include <string.h>

#include "runtime/arch.h"
#include "semgap/hot.h"

#define GAP_TLB_EMPTY UINT64_MAX /* no page has this number */

/** A page that must be read through the memory's function. */
struct gap_tlb_distant {
	uint64_t page;
	uint64_t physical; /* of the page */
	uint64_t leaf_at, leaf;
};

struct gap_guest {
	struct gap_hot_page tlb[GAP_HOT_PAGES]; /* first: semgap/hot.h relies on it */
	struct gap_tlb_distant distant[GAP_HOT_PAGES];
	int has_distant; /* any of them is in use */
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

#endif
