/* SPDX-License-Identifier: MIT */
/* Meeting a kernel without a profile: guests made in code, of four and five levels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/survey.h"
#include "tests/support/synthetic.h"

#define NO_EXECUTE (UINT64_C(1) << 63)
#define LINEAR UINT64_C(0xff12000000000000)
#define LINEAR_4 UINT64_C(0xffff890000000000)

/* An image of 8 MiB is large enough to be known by its form; all of memory is mapped linearly, and
 * not to be executed. */
static void init(struct synthetic *guest, int levels)
{
	uint64_t linear = levels == 5 ? LINEAR : LINEAR_4;

	synthetic_init(guest, levels);
	for (uint64_t at = SYNTHETIC_IMAGE_BYTES; at < 0x800000; at += 0x200000)
		synthetic_map(guest, SYNTHETIC_TEXT + guest->slide + at, SYNTHETIC_IMAGE_AT + at,
			      0x200000);
	*synthetic_entry(guest, SYNTHETIC_TEXT + guest->slide, 2) &= ~NO_EXECUTE; /* the text */
	for (uint64_t at = 0; at < SYNTHETIC_RAM_BYTES; at += 0x200000) {
		synthetic_map(guest, linear + at, at, 0x200000);
		*synthetic_entry(guest, linear + at, 2) |= NO_EXECUTE;
	}
	/* The banner of these guests ends in no zero byte of its own. */
	memcpy(synthetic_image(guest, SYNTHETIC_BANNER), SYNTHETIC_BANNER_TEXT,
	       sizeof(SYNTHETIC_BANNER_TEXT));
}

static enum gap_status survey(struct synthetic *guest, const struct gap_guest_options *options,
			      struct gap_guest **opened, struct gap_survey *met)
{
	struct gap_error error = {{0}};
	enum gap_status status = gap_guest_survey(&guest->memory, options, opened, met, &error);

	if (status)
		assert_string_not_equal(error.text, "");
	return status;
}

static void a_kernel_is_met(void **state)
{
	(void)state;
	for (int levels = 4; levels <= 5; levels++) {
		struct synthetic guest;
		struct gap_survey met;
		struct gap_guest *opened;
		struct gap_guest_info info;
		char text[sizeof(SYNTHETIC_BANNER_TEXT)];

		init(&guest, levels);
		assert_int_equal(survey(&guest, NULL, &opened, &met), GAP_OK);
		gap_guest_info(opened, &info);
		assert_int_equal(info.paging_levels, levels);
		assert_int_equal(info.root.value, guest.root);
		assert_int_equal(info.virtual_slide, guest.slide);
		assert_int_equal(info.phys_base, guest.phys_base);
		assert_string_equal(info.found_by, "page tables");
		assert_string_equal(met.text, SYNTHETIC_BANNER_TEXT);
		assert_int_equal(met.banner.value, SYNTHETIC_BANNER + guest.slide);
		assert_int_equal(met.image_start.value, SYNTHETIC_TEXT + guest.slide);
		assert_int_equal(met.text_start.value, SYNTHETIC_TEXT + guest.slide);
		assert_int_equal(met.linear_start.value, levels == 5 ? LINEAR : LINEAR_4);
		assert_int_equal(met.rivals, 0);
		assert_int_equal(gap_guest_read(opened, met.banner, text, sizeof(text)), GAP_OK);
		assert_string_equal(text, SYNTHETIC_BANNER_TEXT);
		gap_guest_close(opened);
		synthetic_deinit(&guest);
	}
}

static void without_a_profile_no_symbol_is_known(void **state)
{
	struct synthetic guest;
	struct gap_survey met;
	struct gap_guest *opened;
	struct gap_vaddr address;

	(void)state;
	init(&guest, 4);
	assert_int_equal(survey(&guest, NULL, &opened, &met), GAP_OK);
	assert_null(gap_guest_profile(opened));
	assert_int_equal(gap_guest_symbol(opened, "init_task", &address, NULL), GAP_NOT_FOUND);
	gap_guest_close(opened);
	synthetic_deinit(&guest);
}

/* A copy of the image elsewhere, with another banner, is mapped by nothing. */
static void a_leftover_copy_is_not_met(void **state)
{
	struct synthetic guest;
	struct gap_survey met;
	struct gap_guest *opened;
	char *copy;

	(void)state;
	init(&guest, 4);
	copy = synthetic_physical(&guest, 0xc00000);
	memcpy(copy, synthetic_physical(&guest, SYNTHETIC_IMAGE_AT), 0x10000);
	memcpy(copy + 0x100, "Linux version 9.9.9", 19);
	assert_int_equal(survey(&guest, NULL, &opened, &met), GAP_OK);
	assert_string_equal(met.text, SYNTHETIC_BANNER_TEXT);
	gap_guest_close(opened);
	synthetic_deinit(&guest);
}

static void no_banner_is_no_kernel(void **state)
{
	static const char *const broken[] = {
		"Linux version x.y (a@b) #1 SMP\n", /* no number */
		"Linux version 6.1 (a@b) # SMP\n",  /* the early text */
		"Linux version 6.1 (a@b) #1 SMP",   /* no end */
		"Linux\001version 6.1 (a@b) #1 SMP\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct synthetic guest;
		struct gap_survey met;
		struct gap_guest *opened;
		char *banner;

		init(&guest, 4);
		banner = synthetic_image(&guest, SYNTHETIC_BANNER);
		memset(banner, 0, sizeof(SYNTHETIC_BANNER_TEXT));
		memcpy(banner, broken[i], strlen(broken[i]));
		assert_int_equal(survey(&guest, NULL, &opened, &met), GAP_NOT_FOUND);
		synthetic_deinit(&guest);
	}
}

static void empty_memory_has_no_kernel(void **state)
{
	static unsigned char zeros[1 << 20];
	struct gap_memory_range range = {.size_bytes = sizeof(zeros), .data = zeros};
	const struct gap_memory some = {.ranges = &range, .range_count = 1}, none = {0};
	struct gap_survey met;
	struct gap_guest *opened;

	(void)state;
	assert_int_equal(gap_guest_survey(&some, NULL, &opened, &met, NULL), GAP_NOT_FOUND);
	assert_int_equal(gap_guest_survey(&none, NULL, &opened, &met, NULL), GAP_NOT_FOUND);
}

static void the_cpus_root_is_asked_first(void **state)
{
	struct synthetic guest;
	struct gap_vcpu vcpu = {.known = GAP_VCPU_CR3};
	struct gap_survey met;
	struct gap_guest *opened;
	struct gap_guest_info info;

	(void)state;
	init(&guest, 5);
	vcpu.cr3 = guest.root | 0x801; /* what else is in the register */
	guest.memory.vcpus = &vcpu;
	guest.memory.vcpu_count = 1;
	assert_int_equal(survey(&guest, NULL, &opened, &met), GAP_OK);
	gap_guest_info(opened, &info);
	assert_string_equal(info.found_by, "registers");
	assert_int_equal(info.paging_levels, 5);
	gap_guest_close(opened);
	synthetic_deinit(&guest);
}

/* ---- several kernels in one memory ---- */

#define OTHER_AT 0xc00000u /* physical, of another image */
#define OTHER_BANNER 0x100000u
#define OTHER_TEXT "Linux version 4.4.0-other (semgap@test) #1 SMP\n"

/* Calls to the first byte of the text, each after a move of 64 bits or of 32. */
static void write_code(struct synthetic *guest, uint64_t physical, uint64_t size_bytes, int wide)
{
	unsigned char *code = synthetic_physical(guest, physical);

	for (uint64_t at = 0; at + 16 <= size_bytes; at += 16) {
		int32_t distance = -(int32_t)(at + 9);

		if (wide)
			code[at] = 0x48;
		code[at + 1] = 0x89;
		code[at + 4] = 0xe8;
		memcpy(code + at + 5, &distance, sizeof(distance));
	}
}

static uint64_t new_root(struct synthetic *guest)
{
	uint64_t root = guest->next_table;

	guest->next_table += 0x1000;
	return root;
}

/* Page tables for an image at OTHER_AT: a text of 2 MiB, the rest is memory as it comes. Its root. */
static uint64_t add_other(struct synthetic *guest)
{
	uint64_t root = guest->root, other = new_root(guest);

	guest->root = other;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t address = SYNTHETIC_TEXT + (uint64_t)i * 0x200000;

		synthetic_map(guest, address, i < 2 ? OTHER_AT + i * 0x200000u : 0, 0x200000);
		*synthetic_entry(guest, address, 2) |= i ? NO_EXECUTE : 0;
		if (!i)
			*synthetic_entry(guest, address, 2) &= ~NO_EXECUTE;
	}
	for (uint64_t at = 0; at < SYNTHETIC_RAM_BYTES; at += 0x200000) {
		synthetic_map(guest, LINEAR_4 + at, at, 0x200000);
		*synthetic_entry(guest, LINEAR_4 + at, 2) |= NO_EXECUTE;
	}
	guest->root = root;
	memcpy(synthetic_physical(guest, OTHER_AT + OTHER_BANNER), OTHER_TEXT, sizeof(OTHER_TEXT));
	return other;
}

/* So many more processes, each with a root of its own. */
static void add_roots(struct synthetic *guest, uint64_t of, unsigned count, int alike)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t root = new_root(guest);

		memcpy(synthetic_physical(guest, root), synthetic_physical(guest, of), 0x1000);
		if (!alike)
			synthetic_put64(synthetic_physical(guest, root + 8), (i + 1) << 12 | 0x66);
	}
}

/* What the image says of its own root, as init_mm does. */
static void name_root(struct synthetic *guest)
{
	synthetic_put64(synthetic_image(guest, SYNTHETIC_TEXT + 0x3f0000),
			SYNTHETIC_ROOT + guest->slide);
}

static void what_is_known_decides_between_two(void **state)
{
	static const struct {
		int code, other_code, named;
		unsigned roots, others;
		int alike;
		int expected; /* 1 the true one, -1 the other, 0 neither */
		unsigned rivals;
	} cases[] = {
		{1, 0, 0, 0, 0, 0, 1, 0}, /* what leads to no code is no kernel */
		{0, 1, 0, 0, 0, 0, -1, 0},
		{1, 0, 0, 0, 100, 0, 1, 0}, /* however many lead there */
		{1, 1, 1, 0, 0, 0, 1, 1},   /* its image knows its root: told, not followed */
		{1, 1, 1, 0, 100, 0, 1, 1},
		{1, 1, 0, 0, 0, 0, 0, 0}, /* nothing tells */
		{1, 1, 0, 3, 0, 0, 0, 0},
		{1, 1, 0, 40, 0, 0, 1, 1}, /* many processes against none */
		{1, 1, 0, 20, 100, 0, 0, 0},
		{1, 1, 0, 40, 100, 1, 1, 1}, /* the same root a hundred times is one */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct synthetic guest;
		struct gap_survey met;
		struct gap_guest *opened;
		struct gap_error error = {{0}};
		enum gap_status status;
		uint64_t other;

		init(&guest, 4);
		other = add_other(&guest);
		if (cases[i].code)
			write_code(&guest, SYNTHETIC_IMAGE_AT + 0x10000, 0x1e0000, 1);
		if (cases[i].other_code)
			write_code(&guest, OTHER_AT, 0x100000, 1);
		if (cases[i].named)
			name_root(&guest);
		add_roots(&guest, guest.root, cases[i].roots, 0);
		add_roots(&guest, other, cases[i].others, cases[i].alike);
		status = gap_guest_survey(&guest.memory, NULL, &opened, &met, &error);
		if (status != (cases[i].expected ? GAP_OK : GAP_AMBIGUOUS))
			fail_msg("case %zu: %s", i, error.text);
		if (!cases[i].expected) {
			assert_non_null(strstr(error.text, SYNTHETIC_RELEASE));
			assert_non_null(strstr(error.text, "4.4.0-other"));
		} else {
			assert_string_equal(met.text, cases[i].expected > 0 ? SYNTHETIC_BANNER_TEXT
									    : OTHER_TEXT);
			assert_int_equal(met.rivals, cases[i].rivals);
			if (met.rivals)
				assert_string_equal(met.rival, OTHER_TEXT);
			gap_guest_close(opened);
		}
		synthetic_deinit(&guest);
	}
}

/* A page directory for i386 that maps all of memory, and a banner: two pages that any process has. */
static void add_narrow(struct synthetic *guest, uint64_t banner_at, uint64_t directory_at)
{
	memcpy(synthetic_physical(guest, banner_at), OTHER_TEXT, sizeof(OTHER_TEXT));
	for (uint32_t i = 0; i < 256; i++)
		synthetic_put32((unsigned char *)synthetic_physical(guest, directory_at) + 0xc00 +
					4 * (size_t)i,
				i << 22 | 0x1e3);
}

static void another_architecture_must_have_code(void **state)
{
	(void)state;
	for (int code = 0; code < 3; code++) {
		struct synthetic guest;
		struct gap_survey met;
		struct gap_guest *opened;

		init(&guest, 4);
		write_code(&guest, SYNTHETIC_IMAGE_AT + 0x10000, 0x1e0000, 1);
		name_root(&guest);
		add_narrow(&guest, 0xf00000, 0xf01000);
		if (code)
			write_code(&guest, 0x800000, 0x700000, code == 2);
		assert_int_equal(survey(&guest, NULL, &opened, &met), GAP_OK);
		assert_int_equal(met.machine, 62);
		assert_string_equal(met.text, SYNTHETIC_BANNER_TEXT);
		assert_int_equal(met.rivals, code == 1);
		if (code == 1)
			assert_int_equal(met.rival_machine, 3);
		gap_guest_close(opened);
		synthetic_deinit(&guest);
	}
}

/* A thousand pages that have a root's form, and show the kernel's image where it does not run. */
static void pages_of_the_form_alone_hide_nothing(void **state)
{
	struct synthetic guest;
	struct gap_survey met;
	struct gap_guest *opened;
	struct gap_guest_info info;

	(void)state;
	init(&guest, 4);
	write_code(&guest, SYNTHETIC_IMAGE_AT + 0x10000, 0x1e0000, 1);
	name_root(&guest);
	for (uint64_t at = 0xc00000; at < SYNTHETIC_RAM_BYTES; at += 0x1000) {
		unsigned char *page = synthetic_physical(&guest, at);

		for (unsigned i = 0; i < 4; i++)
			synthetic_put64(page + 8 * (size_t)i, (uint64_t)i << 21 | 0xe7);
		synthetic_put64(page + 8 * 510, at | 0x67);
		synthetic_put64(page + 8 * 511, at | 0x67);
	}
	assert_int_equal(survey(&guest, NULL, &opened, &met), GAP_OK);
	gap_guest_info(opened, &info);
	assert_int_equal(info.root.value, guest.root);
	gap_guest_close(opened);
	synthetic_deinit(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_is_met),
		cmocka_unit_test(without_a_profile_no_symbol_is_known),
		cmocka_unit_test(a_leftover_copy_is_not_met),
		cmocka_unit_test(no_banner_is_no_kernel),
		cmocka_unit_test(empty_memory_has_no_kernel),
		cmocka_unit_test(the_cpus_root_is_asked_first),
		cmocka_unit_test(what_is_known_decides_between_two),
		cmocka_unit_test(another_architecture_must_have_code),
		cmocka_unit_test(pages_of_the_form_alone_hide_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
