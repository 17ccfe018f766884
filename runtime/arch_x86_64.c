/* SPDX-License-Identifier: MIT */
/*
 * x86-64 page tables, four and five levels (Intel SDM volume 3A, "4-level paging and 5-level
 * paging"). Protection keys, NX and the other attributes are masked away: reading guest memory
 * needs no permission of the guest.
 */
#include <elf.h>

#include "runtime/arch_x86.h"

#define ENTRY_PRESENT 0x1u
#define ENTRY_LARGE 0x80u
#define ENTRY_ADDRESS 0x000ffffffffff000u /* bits 12 to 51 */
#define INDEX_BITS 9
#define INDEX_MASK ((1u << INDEX_BITS) - 1)
#define LEVEL_LARGE_MAX 3 /* 1 GiB pages; above, the large bit is reserved and the CPU faults */

#define CR0_PAGING (UINT64_C(1) << 31)
#define CR4_LA57 (UINT64_C(1) << 12)
#define EFER_LONG_MODE (UINT64_C(1) << 10)
#define CR3_USER_HALF 0x1000u /* KPTI: the user's root lies in the page behind the kernel's */

/* The C-bit of AMD's SME and SEV, or the shared bit of TDX, is one of these on every CPU so far. */
#define ENCRYPTION_BITS (UINT64_C(1) << 51 | UINT64_C(1) << 47)

#define IMAGE_BASE 0xffffffff80000000u         /* __START_KERNEL_map */
#define IMAGE_WINDOW_BYTES ((uint64_t)1 << 30) /* KERNEL_IMAGE_SIZE under KASLR */
#define LINK_OFFSET 0x1000000u                 /* CONFIG_PHYSICAL_START's default */
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 63)

static struct gap_window window(const struct gap_paging *paging, uint64_t linked)
{
	(void)paging;
	(void)linked;
	return (struct gap_window){IMAGE_BASE, IMAGE_WINDOW_BYTES};
}

static struct gap_window image_area(const struct gap_paging *paging)
{
	return window(paging, IMAGE_BASE);
}

static struct gap_window kernel_half(const struct gap_paging *paging)
{
	uint64_t bytes = (uint64_t)1 << (paging->va_bits - 1);

	return (struct gap_window){0 - bytes, bytes};
}

static uint64_t default_base(const struct gap_paging *paging, uint64_t runs_at)
{
	(void)paging;
	(void)runs_at;
	return IMAGE_BASE + LINK_OFFSET;
}

static int is_executable(uint64_t leaf)
{
	return !(leaf & ENTRY_NO_EXECUTE);
}

/* All bits from the highest that is translated up must be equal. */
static inline int is_extended(uint64_t address, unsigned va_bits)
{
	return (uint64_t)((int64_t)(address << (64 - va_bits)) >> (64 - va_bits)) == address;
}

static int is_canonical(const struct gap_space *space, uint64_t address)
{
	return is_extended(address, space->paging.va_bits);
}

static int is_user(const struct gap_space *space, uint64_t address)
{
	return address >> (space->paging.va_bits - 1) == 0;
}

/*
 * Inlined for each depth, which is a constant then. Being fixed, tables which map themselves cannot
 * make the walk loop. With @near, tables are looked for there only: no call, no stack.
 */
static inline __attribute__((always_inline)) enum gap_status descend(
	const struct gap_memory *memory, const struct gap_near *near, const struct gap_space *space,
	uint64_t address, const int levels, struct gap_translation *translation,
	uint64_t *span_bytes)
{
	const uint64_t mask = ENTRY_ADDRESS & ~space->ignored_bits;
	unsigned shift = GAP_PAGE_SHIFT + INDEX_BITS * (unsigned)levels;
	uint64_t at = 0, entry = 0, inside = ((uint64_t)1 << shift) - 1, table = space->root & mask;
	int level;

	if (span_bytes)
		*span_bytes = inside + 1;
	if (!is_extended(address, shift))
		return GAP_UNREADABLE;
#pragma GCC unroll 5
	for (level = levels; level > 0; level--) {
		shift -= INDEX_BITS;
		inside = ((uint64_t)1 << shift) - 1;
		at = table + ((address >> shift) & INDEX_MASK) * 8;
		if (span_bytes)
			*span_bytes = inside + 1;
		if (!(near ? gap_near_entry(near, at, &entry) : gap_entry_read(memory, at, &entry)))
			return GAP_UNREADABLE;
		if (!(entry & ENTRY_PRESENT)) {
			uint64_t output;

			if (near || !space->is_process || level > LEVEL_LARGE_MAX ||
			    (level > 1 && !(entry & ENTRY_LARGE)) ||
			    !gap_x86_protected(memory, entry, mask & ~inside, &output))
				return GAP_UNREADABLE;
			*translation =
				(struct gap_translation){output | (address & inside), at, entry};
			return GAP_OK;
		}
		if (level == 1 || entry & ENTRY_LARGE)
			break;
		table = entry & mask;
	}
	if (level > LEVEL_LARGE_MAX)
		return GAP_UNREADABLE;
	translation->physical = (entry & mask & ~inside) | (address & inside);
	translation->leaf_at = at;
	translation->leaf = entry;
	return GAP_OK;
}

static __attribute__((noinline)) enum gap_status walk_anywhere(const struct gap_memory *memory,
							       const struct gap_space *space,
							       uint64_t address,
							       struct gap_translation *translation,
							       uint64_t *span_bytes)
{
	return descend(memory, NULL, space, address, space->paging.levels, translation, span_bytes);
}

static inline __attribute__((always_inline)) enum gap_status walk_near(
	const struct gap_space *space, uint64_t address, struct gap_translation *translation)
{
	const struct gap_near near = space->near;

	return space->paging.levels == 4
		       ? descend(NULL, &near, space, address, 4, translation, NULL)
		       : descend(NULL, &near, space, address, 5, translation, NULL);
}

/* What is not found by the short way is looked for again by the long one, which also says why not. */
static enum gap_status walk(const struct gap_memory *memory, const struct gap_space *space,
			    uint64_t address, struct gap_translation *translation,
			    uint64_t *span_bytes)
{
	if (!span_bytes && !walk_near(space, address, translation))
		return GAP_OK;
	return walk_anywhere(memory, space, address, translation, span_bytes);
}

static __attribute__((noinline)) enum gap_status translate_anywhere(const struct gap_space *space,
								    struct gap_vaddr address,
								    struct gap_paddr *physical,
								    const struct gap_memory *memory)
{
	struct gap_translation translation;
	enum gap_status status = walk_anywhere(memory, space, address.value, &translation, NULL);

	if (!status)
		physical->value = translation.physical;
	return status;
}

static enum gap_status translate(const struct gap_space *space, struct gap_vaddr address,
				 struct gap_paddr *physical, const struct gap_memory *memory)
{
	struct gap_translation translation;

	if (walk_near(space, address.value, &translation))
		return translate_anywhere(space, address, physical, memory);
	physical->value = translation.physical;
	return GAP_OK;
}

/* As the register has it; then, should that be the user's root under KPTI, the kernel's. */
static int from_registers(const struct gap_vcpu *vcpu, unsigned index, struct gap_space *space)
{
	uint64_t root = vcpu->cr3 & ENTRY_ADDRESS;

	if (!(vcpu->known & GAP_VCPU_CR3) ||
	    (vcpu->known & GAP_VCPU_CR0 && !(vcpu->cr0 & CR0_PAGING)) ||
	    (vcpu->known & GAP_VCPU_EFER && !(vcpu->efer & EFER_LONG_MODE)))
		return 0;
	if (index > 1 || (index == 1 && !(root & CR3_USER_HALF)))
		return 0;
	space->root = index ? root & ~(uint64_t)CR3_USER_HALF : root;
	if (vcpu->known & GAP_VCPU_CR4)
		space->paging.levels = vcpu->cr4 & CR4_LA57 ? 5 : 4;
	return 1;
}

static uint64_t table_entry(const struct gap_memory *memory, uint64_t table, unsigned index)
{
	uint64_t entry;

	return gap_entry_read(memory, table + 8 * index, &entry) && entry & ENTRY_PRESENT ? entry
											  : 0;
}

/* The last entry of every root leads to tables of the image, which are encrypted if any are. */
static uint64_t guess_ignored(const struct gap_memory *memory, const struct gap_space *space)
{
	uint64_t bits = table_entry(memory, space->root, INDEX_MASK) & ENCRYPTION_BITS;

	return bits & (bits - 1) ? 0 : bits;
}

/*
 * The last entry leads to a table whose last but one leads to the image's: at least some of its
 * pages are of 2 MiB.
 */
static int looks_like_root(const struct gap_memory *memory, const struct gap_space *space)
{
	uint64_t mask = ENTRY_ADDRESS & ~space->ignored_bits, entry = space->root;
	int large = 0;

	for (int level = space->paging.levels; level > 3; level--) {
		entry = table_entry(memory, entry & mask, INDEX_MASK);
		if (!entry || entry & ENTRY_LARGE)
			return 0;
	}
	entry = table_entry(memory, entry & mask, INDEX_MASK - 1);
	if (!entry || entry & ENTRY_LARGE)
		return 0;
	for (unsigned i = 0; i <= INDEX_MASK && large < 4; i++)
		large += (table_entry(memory, entry & mask, i) & ENTRY_LARGE) != 0;
	return large == 4;
}

static int is_code(const unsigned char page[GAP_PAGE_BYTES], uint64_t address,
		   struct gap_window text)
{
	struct gap_x86_code code = gap_x86_code(page, address, text);

	return code.calls >= GAP_CODE_CALLS_MIN && code.wide * 2 >= code.calls;
}

/* A P4D page passes for a root of four levels. */
static const struct gap_paging pagings[] = {{5, 12, 57}, {4, 12, 48}};

const struct gap_arch gap_arch_x86_64 = {
	.machine = EM_X86_64,
	.pointer_bytes = 8,
	.root_align_bytes = GAP_PAGE_BYTES,
	.pagings = pagings,
	.paging_count = sizeof(pagings) / sizeof(pagings[0]),
	/* init_level4_pgt until 65ade2f872b4 (4.13). */
	.root_symbols = "swapper_pg_dir|init_top_pgt|init_level4_pgt",
	/* cc_mask since 1c1badc4e2e4 (5.18), for SEV and TDX alike. */
	.encryption_symbols = "cc_mask|sme_me_mask",
	.window = window,
	.is_canonical = is_canonical,
	.is_user = is_user,
	.walk = walk,
	.translate = translate,
	.from_registers = from_registers,
	.guess_ignored = guess_ignored,
	.kernel_half = kernel_half,
	.image_area = image_area,
	.default_base = default_base,
	.is_executable = is_executable,
	.is_code = is_code,
	.shared_root = 1,
	.may_be_root = looks_like_root,
	.looks_like_root = looks_like_root,
};
