/* SPDX-License-Identifier: MIT */
/*
 * arm64 page tables (Arm ARM, section D8, "The AArch64 Virtual Memory System Architecture"):
 * granules of 4, 16 and 64 KiB, from two to five levels, blocks at the levels above the last,
 * physical addresses of up to 52 bits. The two halves of the address space have a root each, TTBR1
 * for the kernel's and TTBR0 for the user's; which one a space means is told by the address.
 */
#include <elf.h>

#include "runtime/arch.h"

#define ENTRY_VALID 0x1u
#define ENTRY_TABLE 0x2u /* at the last level: a page; above: a table, not a block */
#define ADDRESS_48 UINT64_C(0x0000fffffffff000)

#define ENTRY_NO_EXECUTE (UINT64_C(1) << 53) /* privileged */
/* Of an entry that is not valid: a page in memory that its owner may not touch. Bit 58 until 6.11,
 * then bit 11 (2f1fa5a3f4ba, PTE_PRESENT_INVALID); an entry of swap space has no bit 1. */
#define ENTRY_PROTNONE (UINT64_C(1) << 58 | UINT64_C(1) << 11)

#define PAGE_SHIFT_64K 16
#define VA_BITS_LARGE                                                                              \
	52 /* with granules below 64 KiB, these come with LPA2's format of entries                 \
	    */
#define VA_BITS_LINEAR_MAX 48

#define SCTLR_MMU UINT64_C(1)
#define TCR_DS (UINT64_C(1) << 59)

static int is_lpa2(const struct gap_paging *paging)
{
	return paging->va_bits == VA_BITS_LARGE && paging->page_shift != PAGE_SHIFT_64K;
}

/* Output address of an entry. With 64 KiB granules bits 48 to 51 stand in bits 12 to 15, under LPA2
 * bits 50 and 51 in bits 8 and 9. */
static uint64_t address_of(uint64_t entry, const struct gap_space *space)
{
	const struct gap_paging *paging = &space->paging;
	uint64_t address = entry & ADDRESS_48;

	if (is_lpa2(paging))
		address |= (entry & UINT64_C(3) << 48) | (entry >> 8 & 3) << 50;
	if (paging->page_shift == PAGE_SHIFT_64K)
		address = (address & ~UINT64_C(0xffff)) | (entry >> 12 & 15) << 48;
	return address & ~space->ignored_bits;
}

/* Half of the kernel's addresses are the linear map, half hold image, modules and vmalloc; which is
 * which changed in 14c127c957c1 (5.4). A kernel for 52 bits keeps to what 48 can reach. */
static struct gap_window window(const struct gap_paging *paging, uint64_t linked)
{
	unsigned bits = paging->va_bits < VA_BITS_LINEAR_MAX ? paging->va_bits : VA_BITS_LINEAR_MAX;
	uint64_t half = (uint64_t)1 << (bits - 1);

	return (struct gap_window){linked & ~(half - 1), half};
}

static struct gap_window kernel_half(const struct gap_paging *paging)
{
	uint64_t bytes = (uint64_t)1 << paging->va_bits;

	return (struct gap_window){0 - bytes, bytes};
}

/*
 * KIMAGE_VADDR: behind the modules' region at the lower end of the image's half. The region has
 * been of 128 MiB and, since 3e35d303ab7d (6.5), of 2 GiB; KASLR goes far beyond both, so that
 * where the image runs does not tell which it was.
 */
static uint64_t default_base(const struct gap_paging *paging, uint64_t runs_at)
{
	return window(paging, runs_at).start + (UINT64_C(2) << 30);
}

static int is_executable(uint64_t leaf)
{
	return !(leaf & ENTRY_NO_EXECUTE);
}

static int is_user(const struct gap_space *space, uint64_t address)
{
	return address >> space->paging.va_bits == 0;
}

static int is_canonical(const struct gap_space *space, uint64_t address)
{
	return is_user(space, address) ||
	       address >> space->paging.va_bits == UINT64_MAX >> space->paging.va_bits;
}

/* TTBR0 leads to a process, TTBR1 to the kernel: a table says nothing of the other's addresses, though
 * their low bits would lead somewhere in it. */
static int is_of_half(const struct gap_space *space, uint64_t address)
{
	return is_canonical(space, address) && is_user(space, address) == space->is_process;
}

/* Blocks: 2 MiB and 1 GiB, 32 MiB, 512 MiB; larger ones only with 52-bit formats. */
static int block_allowed(const struct gap_paging *paging, int level)
{
	if (paging->page_shift == 12)
		return level <= (is_lpa2(paging) ? 4 : 3);
	return level <= (is_lpa2(paging) || paging->page_shift == PAGE_SHIFT_64K ? 3 : 2);
}

static int is_protected(const struct gap_space *space, uint64_t entry)
{
	return space->is_process && entry & ENTRY_TABLE && entry & ENTRY_PROTNONE;
}

/*
 * Output addresses that are not aligned to what they lead to are refused: no kernel writes such, and
 * they show that tables are being read in a shape that is not theirs.
 */
static enum gap_status walk(const struct gap_memory *memory, const struct gap_space *space,
			    uint64_t address, struct gap_translation *translation,
			    uint64_t *span_bytes)
{
	const struct gap_paging *paging = &space->paging;
	unsigned index_bits = paging->page_shift - 3u, shift, width;
	const uint64_t page = ((uint64_t)1 << paging->page_shift) - 1;
	uint64_t table = space->root, entry, at, output, inside;
	int level;

	if (span_bytes)
		*span_bytes = (uint64_t)1 << paging->va_bits;
	if (!is_of_half(space, address))
		return GAP_UNREADABLE;
	shift = paging->page_shift + index_bits * (unsigned)(paging->levels - 1);
	width = paging->va_bits - shift; /* the root may be shorter */
	for (level = paging->levels;; level--) {
		at = table + ((address >> shift) & (((uint64_t)1 << width) - 1)) * 8;
		if (span_bytes)
			*span_bytes = (uint64_t)1 << shift;
		if (!gap_entry_read(memory, at, &entry))
			return GAP_UNREADABLE;
		if (!(entry & ENTRY_VALID) && !(level == 1 && is_protected(space, entry)))
			return GAP_UNREADABLE;
		output = address_of(entry, space);
		if (level == 1 || !(entry & ENTRY_TABLE))
			break;
		if (output & page)
			return GAP_UNREADABLE;
		table = output;
		shift -= index_bits;
		width = index_bits;
	}
	inside = ((uint64_t)1 << shift) - 1;
	if (output & inside ||
	    (level == 1 ? !(entry & ENTRY_TABLE) : !block_allowed(paging, level)))
		return GAP_UNREADABLE;
	translation->physical = output | (address & inside);
	translation->leaf_at = at;
	translation->leaf = entry;
	return GAP_OK;
}

/* BL: its distance in instructions is in the lower 26 bits. */
static int is_code(const unsigned char page[GAP_PAGE_BYTES], uint64_t address,
		   struct gap_window text)
{
	unsigned calls = 0;

	for (unsigned i = 0; i < GAP_PAGE_BYTES; i += 4) {
		uint32_t word;

		memcpy(&word, page + i, sizeof(word));
		if (word >> 26 == 0x25)
			calls += address + i + (uint64_t)((int64_t)(int32_t)(word << 6) >> 4) -
					 text.start <
				 text.size_bytes;
	}
	return calls >= GAP_CODE_CALLS_MIN;
}

/* TCR_EL1 describes the kernel's half in T1SZ (bits 16 to 21) and TG1 (bits 30 and 31). */
static void paging_from_tcr(uint64_t tcr, struct gap_paging *paging)
{
	static const uint8_t granules[] = {0, 14, 12, 16};
	unsigned bits = 64 - (unsigned)(tcr >> 16 & 63);

	paging->page_shift = granules[tcr >> 30 & 3];
	/* LPA2's format also goes with fewer bits, which no Linux asks for. */
	if (bits <= VA_BITS_LARGE)
		paging->va_bits = (uint8_t)bits;
}

/* While the user's half runs under KPTI, TTBR1 has a trampoline's tables, two pages before the
 * kernel's (one before 5.11). */
static int from_registers(const struct gap_vcpu *vcpu, unsigned index, struct gap_space *space)
{
	uint64_t root = vcpu->ttbr1_el1 & UINT64_C(0x0000ffffffffffc0);

	if (!(vcpu->known & GAP_VCPU_TTBR1_EL1) || index > 2 ||
	    (vcpu->known & GAP_VCPU_SCTLR_EL1 && !(vcpu->sctlr_el1 & SCTLR_MMU)))
		return 0;
	if (vcpu->known & GAP_VCPU_TCR_EL1)
		paging_from_tcr(vcpu->tcr_el1, &space->paging);
	if (space->paging.va_bits == VA_BITS_LARGE || vcpu->tcr_el1 & TCR_DS)
		root |= (vcpu->ttbr1_el1 >> 2 & 15) << 48;
	if (index) /* the granule is known, or nothing is lost by a wrong guess */
		root += (uint64_t)(index == 1 ? 2 : 1)
			<< (space->paging.page_shift ? space->paging.page_shift : GAP_PAGE_SHIFT);
	space->root = root;
	return 1;
}

/* Whether a table holds nothing but valid entries, and one at least; above @depth, of tables. */
static int is_table(const struct gap_memory *memory, const struct gap_space *space, uint64_t at,
		    uint64_t count, int depth)
{
	uint64_t entry, output, page = (UINT64_C(1) << space->paging.page_shift) - 1;
	unsigned used = 0;

	for (uint64_t i = 0; i < count; i++) {
		if (!gap_entry_read(memory, at + 8 * i, &entry))
			return 0;
		if (!entry)
			continue;
		output = address_of(entry, space);
		if (!(entry & ENTRY_VALID) || output & page)
			return 0;
		if (depth && (!(entry & ENTRY_TABLE) ||
			      !is_table(memory, space, output, (page + 1) / 8, depth - 1)))
			return 0;
		used++;
	}
	return used != 0;
}

/* A root of the kernel's leads to tables, which lead somewhere. */
static int may_be_root(const struct gap_memory *memory, const struct gap_space *space)
{
	unsigned shift = space->paging.page_shift;
	unsigned top = shift + (shift - 3u) * (space->paging.levels - 1u);

	return is_table(memory, space, space->root, UINT64_C(1) << (space->paging.va_bits - top),
			1);
}

/* The shallow before the deep: a block under few levels passes for a larger one under more, and the
 * whole image with it. */
static const struct gap_paging pagings[] = {
	{3, 12, 39}, {4, 12, 48}, {5, 12, 52},              /* 4 KiB */
	{2, 14, 36}, {3, 14, 47}, {4, 14, 48}, {4, 14, 52}, /* 16 KiB */
	{2, 16, 42}, {3, 16, 48}, {3, 16, 52},              /* 64 KiB */
};

const struct gap_arch gap_arch_arm64 = {
	.machine = EM_AARCH64,
	.pointer_bytes = 8,
	.root_align_bytes = 64,
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
	.is_executable = is_executable,
	.is_code = is_code,
	.may_be_root = may_be_root,
};
