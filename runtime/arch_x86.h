/* SPDX-License-Identifier: MIT */
/* What the page tables of x86-64 and i386 with PAE share beside the manuals: Linux's own use of
 * entries that the CPU takes for absent. */
#ifndef SEMGAP_ARCH_X86_H
#define SEMGAP_ARCH_X86_H

#include "runtime/arch.h"

#define GAP_X86_PROTNONE                                                                           \
	0x100u /* _PAGE_PROTNONE, of an entry that is not present; no swap entry has it */

/**
 * The address in the entry of a page that is in memory although its owner may not touch it
 * (PROT_NONE, NUMA balancing): true when there is one. Since 6b28baca9b1f (4.18, and stable kernels
 * of that summer) the bits of such an address are inverted, against L1TF; the one of the two that is
 * in memory is taken. @mask: bits of the address.
 */
static inline int gap_x86_protected(const struct gap_memory *memory, uint64_t entry, uint64_t mask,
				    uint64_t *output)
{
	uint64_t unused;

	if (!(entry & GAP_X86_PROTNONE))
		return 0;
	*output = ~entry & mask;
	if (gap_entry_read(memory, *output, &unused))
		return 1;
	*output = entry & mask;
	return gap_entry_read(memory, *output, &unused);
}

/** What the bytes of a page would be as code. */
struct gap_x86_code {
	unsigned calls; /* near ones, into the text */
	unsigned wide;  /* moves and sums of 64 bits, whose prefix is an instruction with 32 bits */
};

static inline struct gap_x86_code gap_x86_code(const unsigned char *page, uint64_t address,
					       struct gap_window text)
{
	struct gap_x86_code code = {0, 0};

	for (unsigned i = 0; i + 5 <= GAP_PAGE_BYTES; i++) {
		int32_t distance;

		memcpy(&distance, page + i + 1, sizeof(distance));
		if (page[i] == 0xe8)
			code.calls += address + i + 5 + (uint64_t)(int64_t)distance - text.start <
				      text.size_bytes;
		if ((page[i] & 0xfb) == 0x48)
			code.wide += page[i + 1] == 0x89 || page[i + 1] == 0x8b ||
				     page[i + 1] == 0x8d || page[i + 1] == 0x83;
	}
	return code;
}

#endif
