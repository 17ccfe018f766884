/* SPDX-License-Identifier: MIT */
/*
 * i386 page tables: two levels of 4-byte entries with pages of 4 MiB, and with PAE three levels of
 * 8-byte entries with pages of 2 MiB (Intel SDM volume 3A, "32-bit paging" and "PAE paging"). The
 * kernel maps its image at PAGE_OFFSET, which the configuration chooses (VMSPLIT); image addresses
 * and physical ones move together.
 */
#include <elf.h>

#include "runtime/arch_x86.h"

#define ENTRY_PRESENT 0x1u
#define ENTRY_ACCESSED 0x20u
#define ENTRY_LARGE 0x80u
#define ENTRY_ADDRESS 0x000ffffffffff000u
#define IMAGE_WINDOW_BYTES ((uint64_t)512 << 20) /* KERNEL_IMAGE_SIZE_DEFAULT */

#define LINK_OFFSET 0x1000000u /* CONFIG_PHYSICAL_START's default */

#define CR0_PAGING (UINT64_C(1) << 31)
#define CR4_PAE (UINT64_C(1) << 5)
#define CR3_USER_HALF 0x1000u /* KPTI, with PAE only */

/* PAGE_OFFSET of CONFIG_VMSPLIT_3G, _3G_OPT, _2G, _2G_OPT, _1G. Images are linked little above. */
static uint64_t page_offset(uint64_t linked)
{
	static const uint32_t splits[] = {0xc0000000, 0xb0000000, 0x80000000, 0x78000000,
					  0x40000000};

	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++)
		if (linked >= splits[i])
			return splits[i];
	return 0;
}

static struct gap_window window(const struct gap_paging *paging, uint64_t linked)
{
	(void)paging;
	return (struct gap_window){page_offset(linked), IMAGE_WINDOW_BYTES};
}

static struct gap_window kernel_half(const struct gap_paging *paging)
{
	(void)paging;
	return (struct gap_window){0x40000000, 0xc0000000};
}

static uint64_t default_base(const struct gap_paging *paging, uint64_t runs_at)
{
	(void)paging;
	return page_offset(runs_at) + LINK_OFFSET;
}

static int is_canonical(const struct gap_space *space, uint64_t address)
{
	(void)space;
	return address <= UINT32_MAX;
}

static int is_user(const struct gap_space *space, uint64_t address)
{
	return address < space->user_end;
}

static enum gap_status leaf(uint64_t address, uint64_t base, unsigned shift,
			    struct gap_translation *translation)
{
	uint64_t inside = ((uint64_t)1 << shift) - 1;

	translation->physical = (base & ~inside) | (address & inside);
	return GAP_OK;
}

/* A 4-byte entry, remembered with its neighbour: a change of either costs a walk, no more. */
static uint32_t narrow_entry(const struct gap_memory *memory, uint64_t at,
			     struct gap_translation *translation)
{
	translation->leaf_at = at & ~(uint64_t)7;
	if (!gap_entry_read(memory, translation->leaf_at, &translation->leaf))
		return 0;
	return (uint32_t)(at & 4 ? translation->leaf >> 32 : translation->leaf);
}

/* Bits 13 to 20 of a 4 MiB page's entry are bits 32 to 39 of its address (PSE-36). */
static enum gap_status walk_narrow(const struct gap_memory *memory, const struct gap_space *space,
				   uint64_t address, struct gap_translation *translation,
				   uint64_t *span_bytes)
{
	struct gap_translation found;
	uint64_t at = (space->root & ~(uint64_t)0xfff) + (address >> 22) * 4;
	uint32_t entry = narrow_entry(memory, at, &found);

	*span_bytes = (uint64_t)1 << 22;
	if (!(entry & ENTRY_PRESENT))
		return GAP_UNREADABLE;
	if (entry & ENTRY_LARGE) {
		*translation = found;
		return leaf(address, (entry & 0xffc00000u) | (uint64_t)(entry >> 13 & 0xff) << 32,
			    22, translation);
	}
	*span_bytes = GAP_PAGE_BYTES;
	entry = narrow_entry(memory, (entry & 0xfffff000u) + (address >> 12 & 1023) * 4, &found);
	/* Without PAE addresses are not inverted. */
	if (!(entry & ENTRY_PRESENT) && !(space->is_process && entry & GAP_X86_PROTNONE))
		return GAP_UNREADABLE;
	*translation = found;
	return leaf(address, entry & 0xfffff000u, 12, translation);
}

static enum gap_status walk_pae(const struct gap_memory *memory, const struct gap_space *space,
				uint64_t address, struct gap_translation *translation,
				uint64_t *span_bytes)
{
	static const unsigned shifts[] = {30, 21, 12};
	uint64_t mask = ENTRY_ADDRESS & ~space->ignored_bits;
	uint64_t table = space->root & ~(uint64_t)0x1f, entry, at;

	for (int i = 0; i < 3; i++) {
		at = table + (address >> shifts[i] & (i ? 511 : 3)) * 8;
		*span_bytes = (uint64_t)1 << shifts[i];
		if (!gap_entry_read(memory, at, &entry))
			return GAP_UNREADABLE;
		if (!(entry & ENTRY_PRESENT)) {
			uint64_t output, inside = ((uint64_t)1 << shifts[i]) - 1;

			if (!space->is_process || i == 0 || (i == 1 && !(entry & ENTRY_LARGE)) ||
			    !gap_x86_protected(memory, entry, mask & ~inside, &output))
				return GAP_UNREADABLE;
			*translation =
				(struct gap_translation){output | (address & inside), at, entry};
			return GAP_OK;
		}
		if (i == 2 || (i == 1 && entry & ENTRY_LARGE)) {
			translation->leaf_at = at;
			translation->leaf = entry;
			return leaf(address, entry & mask, shifts[i], translation);
		}
		table = entry & mask;
	}
	return GAP_UNREADABLE;
}

static enum gap_status walk(const struct gap_memory *memory, const struct gap_space *space,
			    uint64_t address, struct gap_translation *translation,
			    uint64_t *span_bytes)
{
	uint64_t span;

	if (address > UINT32_MAX)
		return GAP_UNREADABLE;
	return (space->paging.levels == 2 ? walk_narrow : walk_pae)(
		memory, space, address, translation, span_bytes ? span_bytes : &span);
}

static int from_registers(const struct gap_vcpu *vcpu, unsigned index, struct gap_space *space)
{
	uint64_t root = vcpu->cr3 & ~(uint64_t)0x1f;

	if (!(vcpu->known & GAP_VCPU_CR3) ||
	    (vcpu->known & GAP_VCPU_CR0 && !(vcpu->cr0 & CR0_PAGING)))
		return 0;
	if (index > 1 || (index == 1 && !(root & CR3_USER_HALF)))
		return 0;
	space->root = index ? root & ~(uint64_t)CR3_USER_HALF : root;
	if (vcpu->known & GAP_VCPU_CR4)
		space->paging.levels = vcpu->cr4 & CR4_PAE ? 3 : 2;
	return 1;
}

/* The entry of the last GiB is there, and with PAE has few bits besides. */
static int may_be_root(const struct gap_memory *memory, const struct gap_space *space)
{
	uint64_t entry, at = space->root + (space->paging.levels == 2 ? 0xc00 : 24);

	if (!gap_entry_read(memory, at, &entry))
		return 0;
	if (space->paging.levels == 2)
		return (entry & ENTRY_PRESENT) != 0;
	return (entry & 0xfff & ~ENTRY_ACCESSED) == ENTRY_PRESENT && entry >> 52 == 0;
}

static int is_code(const unsigned char page[GAP_PAGE_BYTES], uint64_t address,
		   struct gap_window text)
{
	struct gap_x86_code code = gap_x86_code(page, address, text);

	return code.calls >= GAP_CODE_CALLS_MIN && code.wide * 4 < code.calls;
}

static const struct gap_paging pagings[] = {{3, 12, 32}, {2, 12, 32}};

const struct gap_arch gap_arch_i386 = {
	.machine = EM_386,
	.pointer_bytes = 4,
	.root_align_bytes = 32, /* of a PAE root */
	.pagings = pagings,
	.paging_count = sizeof(pagings) / sizeof(pagings[0]),
	.root_symbols = "swapper_pg_dir",
	.window = window,
	.is_canonical = is_canonical,
	.is_user = is_user,
	.walk = walk,
	.from_registers = from_registers,
	.kernel_half = kernel_half,
	.default_base = default_base,
	.is_code = is_code,
	.shared_root = 1,
	.may_be_root = may_be_root,
};
