/* SPDX-License-Identifier: MIT */
/*
 * x86-64 page tables, four and five levels (Intel SDM volume 3A, "4-level paging and 5-level
 * paging"). Protection keys, NX and the other attributes are masked away: reading guest memory
 * needs no permission of the guest.
 */
#include <elf.h>

#include "runtime/arch.h"

#define ENTRY_PRESENT 0x1u
#define ENTRY_LARGE 0x80u
#define ENTRY_ADDRESS 0x000ffffffffff000u /* bits 12 to 51 */
#define INDEX_BITS 9
#define LEVEL_LARGE_MAX 3 /* 1 GiB pages; above, the large bit is reserved and the CPU faults */

/* All bits from the highest that is translated up must be equal. */
static int is_canonical(const struct gap_space *space, uint64_t address)
{
	unsigned width = GAP_PAGE_SHIFT + INDEX_BITS * (unsigned)space->levels;
	uint64_t high = address >> (width - 1);

	return high == 0 || high == UINT64_MAX >> (width - 1);
}

static int is_user(const struct gap_space *space, uint64_t address)
{
	return !(address >> 63) && is_canonical(space, address);
}

/* The depth is fixed, so that tables which map themselves cannot make the walk loop. */
static enum gap_status walk(const struct gap_memory *memory, const struct gap_space *space,
			    uint64_t address, struct gap_translation *translation)
{
	uint64_t mask = ENTRY_ADDRESS & ~space->ignored_bits;
	uint64_t table = space->root & mask, entry;
	unsigned shift = GAP_PAGE_SHIFT + INDEX_BITS * (unsigned)space->levels;

	for (int level = space->levels; level >= 1; level--) {
		struct gap_paddr at;

		shift -= INDEX_BITS;
		at.value = table + ((address >> shift) & ((1u << INDEX_BITS) - 1)) * 8;
		if (gap_memory_read(memory, at, &entry, sizeof(entry)) || !(entry & ENTRY_PRESENT))
			return GAP_UNREADABLE;
		if (level == 1 || (entry & ENTRY_LARGE)) {
			uint64_t inside = ((uint64_t)1 << shift) - 1;

			if (level > LEVEL_LARGE_MAX)
				return GAP_UNREADABLE;
			translation->physical = (entry & mask & ~inside) | (address & inside);
			translation->leaf_at = at.value;
			translation->leaf = entry;
			return GAP_OK;
		}
		table = entry & mask;
	}
	return GAP_UNREADABLE;
}

const struct gap_arch gap_arch_x86_64 = {
	.machine = EM_X86_64,
	.pointer_bytes = 8,
	.levels_min = 4,
	.levels_max = 5,
	.image_base = 0xffffffff80000000u,       /* __START_KERNEL_map */
	.image_window_bytes = (uint64_t)1 << 30, /* KERNEL_IMAGE_SIZE under KASLR */
	.slide_step_bytes = (uint64_t)2 << 20,   /* smallest CONFIG_PHYSICAL_ALIGN */
	/* init_level4_pgt until 65ade2f872b4 (4.13). */
	.root_symbols = "swapper_pg_dir|init_top_pgt|init_level4_pgt",
	.root_align_bytes = GAP_PAGE_BYTES,
	.is_canonical = is_canonical,
	.is_user = is_user,
	.walk = walk,
};
