/* SPDX-License-Identifier: MIT */
/*
 * Every shape of page tables of every architecture: small guests made in code are found by their
 * image, by registers and by VMCOREINFO, and kernel and user halves are read. The tables are written
 * by one builder that knows no walk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/builder.h"
#include "runtime/include/semgap/space.h"

#define RAM_BYTES 0x2000000u
#define TABLES_AT 0x100000u /* offsets in RAM */
#define USER_AT 0x800000u
#define IMAGE_AT 0x1400000u
#define IMAGE_BYTES 0x400000u

/* In the image. */
#define BANNER 0x100u
#define ROOT 0x20000u
#define PGD 0x30000u

#define RELEASE "6.1.0-shapes"
#define BANNER_TEXT "Linux version " RELEASE " (semgap@test) #1 SMP\n"
#define USER_PAGE 0x00010000u

enum machine { I386 = 3, X86_64 = 62, ARM64 = 183 };

struct shape {
	enum machine machine;
	int levels, page_shift, va_bits;
	uint64_t text; /* linked */
	uint64_t slide;
	int image_level; /* of the entries that map the image */
};

static const struct shape shapes[] = {
	{X86_64, 4, 12, 48, 0xffffffff81000000, 0x2e00000, 2},
	{X86_64, 5, 12, 57, 0xffffffff81000000, 0x2e00000, 2},
	{X86_64, 5, 12, 57, 0xffffffff81000000, 0, 1},
	/* VMSPLIT_3G, _3G_OPT, _2G, _1G; image and memory move together. */
	{I386, 2, 12, 32, 0xc1000000, 0x400000, 2},
	{I386, 2, 12, 32, 0xb1000000, 0x400000, 1},
	{I386, 3, 12, 32, 0xc1000000, 0x400000, 2},
	{I386, 3, 12, 32, 0x81000000, 0x400000, 1},
	{I386, 3, 12, 32, 0x41000000, 0x400000, 2},
	{ARM64, 3, 12, 39, 0xffffffc008000000, 0x1234400000, 2},
	{ARM64, 4, 12, 48, 0xffff800008000000, 0x35c203600000, 2},
	{ARM64, 4, 12, 48, 0xffff800010000000, 0, 1},
	{ARM64, 5, 12, 52, 0xffff800080000000, 0x35c203600000, 2},
	{ARM64, 2, 14, 36, 0xfffffff808000000, 0x1600000, 1},
	{ARM64, 3, 14, 47, 0xffffc00008000000, 0x15c203600000, 1},
	{ARM64, 4, 14, 48, 0xffff800008000000, 0x35c203600000, 1},
	{ARM64, 4, 14, 52, 0xffff800080000000, 0x35c203600000, 1},
	{ARM64, 2, 16, 42, 0xfffffe0008000000, 0x1c203600000, 1},
	{ARM64, 3, 16, 48, 0xffff800008000000, 0x35c203610000, 1},
	{ARM64, 3, 16, 52, 0xffff800080000000, 0x35c203600000, 1},
	/* Before 5.4 the image was in the lower half of the kernel's addresses. */
	{ARM64, 4, 12, 48, 0xffff000008080000, 0x112233400000, 1},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

struct small {
	const struct shape *shape;
	unsigned char *ram;
	struct gap_memory_range range;
	struct gap_memory memory;
	struct gap_vcpu vcpu;
	uint64_t next_table;
	void *image;
	struct gap_profile *profile;
};

static struct gap_vaddr at(uint64_t address)
{
	return (struct gap_vaddr){address};
}

static uint64_t ram_start(const struct shape *shape)
{
	return shape->machine == ARM64 ? 0x40000000 : 0;
}

/* i386: the image is at PAGE_OFFSET + physical; linked for 16 MiB, it runs 4 MiB higher. */
static uint64_t text_now(const struct shape *shape)
{
	return shape->text + shape->slide;
}

/* What shares its low bits with the image's address and belongs to processes. */
static uint64_t low_half(const struct shape *shape)
{
	return shape->machine == I386 ? USER_PAGE
				      : text_now(shape) & ((UINT64_C(1) << shape->va_bits) - 1);
}

/* ---- tables ---- */

static int index_bits(const struct shape *shape)
{
	return shape->machine == I386 && shape->levels == 2 ? 10 : shape->page_shift - 3;
}

static uint64_t entry_bits(const struct shape *shape, int level, int is_leaf)
{
	/* Accessed; and shareable, where those bits are not the address's (LPA2). */
	if (shape->machine == ARM64)
		return is_leaf ? 0x400 | (shape->va_bits == 52 ? 0 : 0x300) | (level > 1 ? 1 : 3)
			       : 3;
	if (!is_leaf) /* a PAE root's entries have no other attributes */
		return shape->machine == I386 && level == 3 ? 1 : 0x67;
	return 0x63 | (level > 1 ? 0x80 : 0);
}

/* High address bits where the format has them. */
static uint64_t encode(const struct shape *shape, uint64_t physical)
{
	uint64_t high = physical >> 48 & 15;

	if (shape->machine != ARM64 || !high)
		return physical;
	physical &= 0xffffffffffff;
	if (shape->page_shift == 16)
		return physical | high << 12;
	return physical | (high & 3) << 48 | (high >> 2) << 8;
}

static void put_entry(struct small *small, uint64_t offset, uint64_t entry)
{
	size_t size = index_bits(small->shape) == 10 ? 4 : 8;

	memcpy(small->ram + offset, &entry, size);
}

static uint64_t get_entry(const struct small *small, uint64_t offset)
{
	uint64_t entry = 0;

	memcpy(&entry, small->ram + offset, index_bits(small->shape) == 10 ? 4 : 8);
	return entry;
}

/* Offset in RAM of the entry for @address at @level, under the root at @root. */
static uint64_t entry_at(struct small *small, uint64_t root, uint64_t address, int level)
{
	const struct shape *shape = small->shape;
	int bits = index_bits(shape);
	uint64_t table = root;

	for (int now = shape->levels;; now--) {
		int shift = shape->page_shift + bits * (now - 1);
		int width = now == shape->levels ? shape->va_bits - shift : bits;
		uint64_t index = address >> shift & ((UINT64_C(1) << width) - 1);
		uint64_t offset = table + index * (bits == 10 ? 4 : 8);

		if (now == level)
			return offset;
		if (!get_entry(small, offset)) {
			put_entry(small, offset,
				  (small->next_table + ram_start(shape)) |
					  entry_bits(shape, now, 0));
			small->next_table += UINT64_C(1) << shape->page_shift;
			assert_true(small->next_table <= USER_AT);
		}
		table = (get_entry(small, offset) & 0xfffffffff000) - ram_start(shape);
	}
}

static void map(struct small *small, uint64_t root, uint64_t address, uint64_t physical, int level)
{
	put_entry(small, entry_at(small, root, address, level),
		  encode(small->shape, physical) | entry_bits(small->shape, level, 1));
}

static uint64_t page_bytes(const struct shape *shape, int level)
{
	return UINT64_C(1) << (shape->page_shift + index_bits(shape) * (level - 1));
}

/* ---- the guest ---- */

static void add_symbol(struct gap_builder *builder, const char *name, uint64_t address)
{
	gap_builder_symbol_add(builder,
			       &(struct gap_build_symbol){.name = gap_builder_name(builder, name),
							  .address = address,
							  .type = GAP_NONE,
							  .kind = GAP_SYMBOL_DATA});
}

static void make_profile(struct small *small, int with_root)
{
	const struct shape *shape = small->shape;
	struct gap_builder *builder;
	size_t size_bytes;

	gap_profile_close(small->profile);
	free(small->image);
	assert_int_equal(gap_builder_create(&builder, NULL), GAP_OK);
	add_symbol(builder, "linux_banner", shape->text + BANNER);
	if (with_root)
		add_symbol(builder, shape->machine == X86_64 ? "init_top_pgt" : "swapper_pg_dir",
			   shape->text + ROOT);
	gap_builder_target_set(
		builder, &(struct gap_build_target){.machine = (uint16_t)shape->machine,
						    .pointer_bytes = shape->machine == I386 ? 4 : 8,
						    .release = RELEASE,
						    .banner = BANNER_TEXT,
						    .banner_bytes = sizeof(BANNER_TEXT) - 1});
	assert_int_equal(gap_builder_freeze(builder, 0, &small->image, &size_bytes, NULL), GAP_OK);
	gap_builder_destroy(builder);
	assert_int_equal(gap_profile_open_image(small->image, size_bytes, &small->profile, NULL),
			 GAP_OK);
}

static void make_image(struct small *small)
{
	const struct shape *shape = small->shape;
	uint64_t step = page_bytes(shape, shape->image_level);

	memcpy(small->ram + IMAGE_AT + BANNER, BANNER_TEXT, sizeof(BANNER_TEXT));
	for (uint64_t i = 0; i < IMAGE_BYTES; i += step)
		map(small, IMAGE_AT + ROOT, text_now(shape) + i, ram_start(shape) + IMAGE_AT + i,
		    shape->image_level);
}

/* A process: a page of its own, and one whose physical address needs every bit. */
static void make_process(struct small *small)
{
	map(small, IMAGE_AT + PGD, USER_PAGE, ram_start(small->shape) + USER_AT, 1);
	memcpy(small->ram + USER_AT, "a process", 10);
}

static void small_init(struct small *small, const struct shape *shape)
{
	*small = (struct small){.shape = shape, .next_table = TABLES_AT};
	small->ram = calloc(1, RAM_BYTES);
	assert_non_null(small->ram);
	small->range = (struct gap_memory_range){{ram_start(shape)}, RAM_BYTES, small->ram};
	small->memory = (struct gap_memory){.ranges = &small->range, .range_count = 1};
	make_image(small);
	make_process(small);
	make_profile(small, 1);
}

static void small_deinit(struct small *small)
{
	gap_profile_close(small->profile);
	free(small->image);
	free(small->ram);
}

static void set_registers(struct small *small, uint64_t root)
{
	static const uint64_t granules[] = {[12] = 2, [14] = 1, [16] = 3};
	const struct shape *shape = small->shape;
	struct gap_vcpu *vcpu = &small->vcpu;

	vcpu->cr0 = 1u << 31 | 1;
	vcpu->cr3 = root;
	vcpu->cr4 = shape->machine == X86_64 ? 0x20 | (shape->levels == 5 ? 0x1000 : 0)
					     : (shape->levels == 3 ? 0x20 : 0);
	vcpu->efer = 0xd01;
	vcpu->known = GAP_VCPU_CR0 | GAP_VCPU_CR3 | GAP_VCPU_CR4 | GAP_VCPU_EFER;
	if (shape->machine == ARM64) {
		vcpu->known = GAP_VCPU_TTBR1_EL1 | GAP_VCPU_TCR_EL1 | GAP_VCPU_SCTLR_EL1;
		vcpu->sctlr_el1 = 1;
		vcpu->ttbr1_el1 = root | UINT64_C(0x1234) << 48 | 1;
		vcpu->tcr_el1 = (uint64_t)(64 - shape->va_bits) << 16 | granules[shape->page_shift]
										<< 30;
		if (shape->va_bits == 52)
			vcpu->ttbr1_el1 &= 0xffffffffffff;
	}
	small->memory.vcpus = vcpu;
	small->memory.vcpu_count = 1;
}

static void write_vmcoreinfo(struct small *small)
{
	const struct shape *shape = small->shape;
	uint64_t text = text_now(shape), physical = ram_start(shape) + IMAGE_AT;
	char more[256] = "";

	if (shape->machine == X86_64)
		snprintf(more, sizeof(more),
			 "NUMBER(phys_base)=%lld\nNUMBER(pgtable_l5_enabled)=%d\nKERNELOFFSET=%"
			 "llx\n",
			 (long long)(physical - (text - 0xffffffff80000000)), shape->levels == 5,
			 (unsigned long long)shape->slide);
	if (shape->machine == ARM64)
		snprintf(more, sizeof(more),
			 "NUMBER(VA_BITS)=%d\nNUMBER(kimage_voffset)=0x%llx\nKERNELOFFSET=%llx\n",
			 shape->va_bits, (unsigned long long)(text - physical),
			 (unsigned long long)shape->slide);
	sprintf((char *)small->ram + 0x3018,
		"OSRELEASE=" RELEASE "\nPAGESIZE=%d\nSYMBOL(swapper_pg_dir)=%llx\n%s",
		1 << shape->page_shift, (unsigned long long)(text + ROOT), more);
}

static struct gap_guest *open_by(struct small *small, const char *way,
				 const struct gap_guest_options *options)
{
	const struct shape *shape = small->shape;
	struct gap_guest *guest = NULL;
	struct gap_guest_info info;
	struct gap_error error;
	enum gap_status status =
		gap_guest_open(&small->memory, small->profile, options, &guest, &error);

	if (status)
		fail_msg("machine %d, %d levels, page 2^%d, %d bits: %s", shape->machine,
			 shape->levels, shape->page_shift, shape->va_bits, error.text);
	gap_guest_info(guest, &info);
	assert_string_equal(info.found_by, way);
	assert_int_equal(info.paging_levels, shape->levels);
	assert_int_equal(info.va_bits, shape->va_bits);
	assert_int_equal(info.page_bytes, 1 << shape->page_shift);
	assert_int_equal(info.virtual_slide, shape->slide);
	assert_int_equal(info.root.value, ram_start(shape) + IMAGE_AT + ROOT);
	return guest;
}

/* ---- tests ---- */

static void opens_every_shape_by_its_image(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		struct small small;
		struct gap_guest *guest;
		struct gap_paddr physical;
		char text[64];

		small_init(&small, &shapes[i]);
		guest = open_by(&small, "image", NULL);
		assert_int_equal(gap_guest_read_string(guest, at(text_now(&shapes[i]) + BANNER),
						       text, sizeof(text)),
				 GAP_OK);
		assert_string_equal(text, BANNER_TEXT);
		assert_int_equal(
			gap_guest_translate(guest, at(text_now(&shapes[i]) + 0x12345), &physical),
			GAP_OK);
		assert_int_equal(physical.value, ram_start(&shapes[i]) + IMAGE_AT + 0x12345);
		assert_int_equal(gap_guest_translate(guest, at(text_now(&shapes[i]) + 0x40000000),
						     &physical),
				 GAP_UNREADABLE);
		gap_guest_close(guest);
		small_deinit(&small);
	}
}

static void opens_every_shape_by_registers(void **state)
{
	const struct gap_guest_options only = {.no_search = 1, .no_vmcoreinfo = 1};

	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		uint64_t root = ram_start(&shapes[i]) + IMAGE_AT + ROOT;
		struct small small;

		small_init(&small, &shapes[i]);
		set_registers(&small, root);
		gap_guest_close(open_by(&small, "registers", &only));
		small.vcpu.known &= ~(uint32_t)(GAP_VCPU_CR4 | GAP_VCPU_TCR_EL1);
		gap_guest_close(open_by(&small, "registers", NULL));
		make_profile(&small, 0);
		gap_guest_close(open_by(&small, "registers", &only));
		small.vcpu.known = 0;
		small.vcpu.index = 7;
		make_profile(&small, 1);
		gap_guest_close(open_by(&small, "image", NULL));
		small_deinit(&small);
	}
}

static void opens_every_shape_by_vmcoreinfo(void **state)
{
	const struct gap_guest_options only = {.no_search = 1};

	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		struct small small;

		small_init(&small, &shapes[i]);
		write_vmcoreinfo(&small);
		gap_guest_close(open_by(&small, "vmcoreinfo", &only));
		small_deinit(&small);
	}
}

/* Under KPTI a CPU in user mode has the user's root, in the page behind the kernel's. */
static void a_users_root_leads_to_the_kernels(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		uint64_t root = ram_start(&shapes[i]) + IMAGE_AT + ROOT;
		struct small small;

		if (shapes[i].levels == 2 && shapes[i].machine == I386)
			continue; /* there is no KPTI without PAE */
		small_init(&small, &shapes[i]);
		set_registers(&small, shapes[i].machine == ARM64
					      ? root - (UINT64_C(2) << shapes[i].page_shift)
					      : root + 0x1000);
		if (shapes[i].machine != ARM64 || shapes[i].page_shift < 16)
			gap_guest_close(open_by(&small, "registers", NULL));
		small_deinit(&small);
	}
}

static void reads_the_user_half_of_every_shape(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		const struct shape *shape = &shapes[i];
		struct gap_address_space space;
		struct gap_guest *guest;
		struct gap_paddr physical;
		struct small small;
		char text[16];

		small_init(&small, shape);
		guest = open_by(&small, "image", NULL);
		assert_int_equal(
			gap_guest_user_space(guest, at(text_now(shape) + PGD), &space, NULL),
			GAP_OK);
		assert_int_equal(gap_space_read_string(&space, at(USER_PAGE), text, sizeof(text)),
				 GAP_OK);
		assert_string_equal(text, "a process");
		assert_int_equal(gap_space_translate(&space, at(text_now(shape)), &physical),
				 GAP_UNREADABLE);
		assert_int_equal(gap_space_translate(&space, at(UINT64_C(1) << 62), &physical),
				 GAP_UNREADABLE);
		/* Nor is it the kernel's, whose tables have something at the same low bits. */
		assert_int_equal(gap_guest_translate(guest, at(low_half(shape)), &physical),
				 GAP_UNREADABLE);
		/* Its entry is overwritten. */
		map(&small, IMAGE_AT + PGD, USER_PAGE, ram_start(shape) + USER_AT + 0x10000, 1);
		assert_int_equal(gap_space_read_string(&space, at(USER_PAGE), text, sizeof(text)),
				 GAP_OK);
		assert_string_equal(text, "");
		gap_guest_close(guest);
		small_deinit(&small);
	}
}

/* Physical addresses that need the high bits, in blocks and pages. */
static void physical_addresses_have_all_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		const struct shape *shape = &shapes[i];
		uint64_t page = text_now(shape) - 0x40000000, high;
		int bits = shape->machine == X86_64  ? 52
			   : shape->machine == I386  ? (shape->levels == 3 ? 52 : 32)
			   : shape->va_bits == 52    ? 52
			   : shape->page_shift == 16 ? 52
						     : 48;
		struct gap_guest *guest;
		struct gap_paddr physical;
		struct small small;

		if (shape->machine == I386)
			page = text_now(shape) + 0x20000000;
		small_init(&small, shape);
		guest = open_by(&small, "image", NULL);
		page &= ~(page_bytes(shape, 1) - 1);
		high = (UINT64_C(1) << bits) - page_bytes(shape, 1);
		map(&small, IMAGE_AT + ROOT, page, high, 1);
		assert_int_equal(gap_guest_translate(guest, at(page + 0x123), &physical), GAP_OK);
		assert_int_equal(physical.value, high + 0x123);
		gap_guest_close(guest);
		small_deinit(&small);
	}
}

/* Tables that lead to themselves at every level, and to nowhere. */
static void hostile_tables_of_every_shape_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		const struct shape *shape = &shapes[i];
		uint64_t root = ram_start(shape) + IMAGE_AT + ROOT;
		size_t size = index_bits(shape) == 10 ? 4 : 8;
		struct gap_guest *guest = NULL;
		struct small small;
		struct gap_error error;

		small_init(&small, shape);
		for (uint64_t j = 0; j < 0x10000; j += size) {
			uint64_t entry = root | (shape->machine == ARM64 ? 3 : 1);

			memcpy(small.ram + IMAGE_AT + ROOT + j, &entry, size);
		}
		set_registers(&small, root);
		write_vmcoreinfo(&small);
		assert_int_equal(gap_guest_open(&small.memory, small.profile, NULL, &guest, &error),
				 GAP_NOT_FOUND);
		memset(small.ram + IMAGE_AT + ROOT, 0xff, 0x10000);
		assert_int_equal(gap_guest_open(&small.memory, small.profile, NULL, &guest, &error),
				 GAP_NOT_FOUND);
		assert_null(guest);
		small_deinit(&small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_every_shape_by_its_image),
		cmocka_unit_test(opens_every_shape_by_registers),
		cmocka_unit_test(opens_every_shape_by_vmcoreinfo),
		cmocka_unit_test(a_users_root_leads_to_the_kernels),
		cmocka_unit_test(reads_the_user_half_of_every_shape),
		cmocka_unit_test(physical_addresses_have_all_bits),
		cmocka_unit_test(hostile_tables_of_every_shape_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
