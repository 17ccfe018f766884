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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_is_met),
		cmocka_unit_test(without_a_profile_no_symbol_is_known),
		cmocka_unit_test(a_leftover_copy_is_not_met),
		cmocka_unit_test(no_banner_is_no_kernel),
		cmocka_unit_test(empty_memory_has_no_kernel),
		cmocka_unit_test(the_cpus_root_is_asked_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
