/* SPDX-License-Identifier: MIT */
/* User address spaces: apart from the kernel's, bounded to the user half, seeing edits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/space.h"
#include "tests/support/synthetic.h"

#define CODE 0x0000555555554000u
#define STACK 0x00007ffffffde000u
#define USER_END (UINT64_C(1) << 47)

static struct gap_vaddr at(uint64_t address)
{
	return (struct gap_vaddr){address};
}

/* Maps user pages in tables of their own: the kernel's root is borrowed for a moment. */
static void map_user(struct synthetic *synthetic, uint64_t root, uint64_t address,
		     uint64_t physical, uint64_t page_bytes)
{
	uint64_t kernel = synthetic->root;

	synthetic->root = root;
	synthetic_map(synthetic, address, physical, page_bytes);
	synthetic->root = kernel;
}

/* A page of the heap as a root, with the kernel's half of the kernel's. */
static uint64_t make_root(struct synthetic *synthetic, uint64_t *physical)
{
	uint64_t pgd = (synthetic_alloc(synthetic, 0x2000) + 0xfff) & ~(uint64_t)0xfff;
	unsigned char *table = synthetic_heap(synthetic, pgd);

	memcpy(table + 2048, synthetic_physical(synthetic, synthetic->root + 2048), 2048);
	*physical = (uint64_t)(table - synthetic->ram);
	return pgd;
}

static void reads_a_process(void **state)
{
	(void)state;
	for (int levels = 4; levels <= 5; levels++) {
		struct synthetic synthetic;
		struct gap_address_space space, other;
		struct gap_guest *guest;
		struct gap_paddr physical;
		uint64_t pgd, root, second, second_root;
		char text[16];

		synthetic_init(&synthetic, levels);
		pgd = make_root(&synthetic, &root);
		second = make_root(&synthetic, &second_root);
		map_user(&synthetic, root, CODE, 0x5000, 0x1000);
		map_user(&synthetic, root, CODE + 0x1000, 0x9000, 0x1000);
		map_user(&synthetic, root, STACK & ~(uint64_t)0x1fffff, 0x800000, 0x200000);
		map_user(&synthetic, second_root, CODE, 0x7000, 0x1000);
		memcpy(synthetic.ram + 0x5ffc, "acro", 4);
		memcpy(synthetic.ram + 0x9000, "ss", 3);
		memcpy(synthetic.ram + 0x7000, "other", 6);
		guest = synthetic_open(&synthetic);
		assert_int_equal(gap_guest_user_space(guest, at(pgd), &space, NULL), GAP_OK);
		assert_int_equal(gap_guest_user_space(guest, at(second), &other, NULL), GAP_OK);
		assert_int_equal(space.root.value, root);
		assert_int_equal(gap_space_read(&space, at(CODE + 0xffc), text, 7), GAP_OK);
		assert_string_equal(text, "across");
		assert_int_equal(
			gap_space_read_string(&space, at(CODE + 0xffd), text, sizeof(text)),
			GAP_OK);
		assert_string_equal(text, "cross");
		assert_int_equal(gap_space_read_string(&space, at(CODE + 0xffc), text, 6),
				 GAP_PARTIAL);
		assert_string_equal(text, "acros");
		assert_int_equal(gap_space_read_string(&other, at(CODE), text, sizeof(text)),
				 GAP_OK);
		assert_string_equal(text, "other");
		assert_int_equal(gap_space_translate(&space, at(STACK + 0x123), &physical), GAP_OK);
		assert_int_equal(physical.value, 0x800000 + ((STACK + 0x123) & 0x1fffff));
		gap_guest_close(guest);
		synthetic_deinit(&synthetic);
	}
}

static void user_spaces_have_no_kernel_half(void **state)
{
	struct synthetic synthetic;
	struct gap_address_space space;
	struct gap_guest *guest;
	struct gap_paddr physical;
	uint64_t pgd, root;
	char text[8] = "x";

	(void)state;
	synthetic_init(&synthetic, 4);
	pgd = make_root(&synthetic, &root);
	guest = synthetic_open(&synthetic);
	assert_int_equal(gap_guest_user_space(guest, at(pgd), &space, NULL), GAP_OK);
	assert_int_equal(gap_guest_translate(guest, at(pgd), &physical), GAP_OK);
	assert_int_equal(gap_space_translate(&space, at(pgd), &physical), GAP_UNREADABLE);
	assert_int_equal(gap_space_translate(&space, at(UINT64_C(1) << 50), &physical),
			 GAP_UNREADABLE);
	assert_int_equal(gap_space_read(&space, at(CODE), text, sizeof(text)), GAP_UNREADABLE);
	assert_int_equal(gap_space_read(&space, at(CODE), text, SIZE_MAX), GAP_UNREADABLE);
	assert_int_equal(gap_space_read_string(&space, at(CODE), text, sizeof(text)),
			 GAP_UNREADABLE);
	assert_string_equal(text, "");
	assert_int_equal(gap_space_read_string(&space, at(CODE), text, 0), GAP_INVALID);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* What is not mapped is passed over by whole tables: terabytes in a few steps. */
static void mapped_places_are_found(void **state)
{
	static const struct {
		uint64_t from, end, found, size_bytes;
	} rows[] = {
		{0, USER_END, CODE, 0x1000},
		{CODE, USER_END, CODE, 0x1000},
		{CODE + 0xff0, USER_END, CODE + 0xff0, 0x10},
		{CODE + 0x1000, USER_END, CODE + 0x3000, 0x1000},
		{CODE + 0x4000, USER_END, STACK & ~(uint64_t)0x1fffff, 0x200000},
		{STACK, STACK + 0x10, STACK, 0x10},
		{CODE + 0x1000, CODE + 0x3000, 0, 0},
		{STACK + 0x200000, UINT64_MAX, 0, 0},
	};
	struct synthetic synthetic;
	struct gap_address_space space;
	struct gap_guest *guest;
	uint64_t pgd, root, steps_left;

	(void)state;
	synthetic_init(&synthetic, 4);
	pgd = make_root(&synthetic, &root);
	map_user(&synthetic, root, CODE, 0x5000, 0x1000);
	map_user(&synthetic, root, CODE + 0x3000, 0x6000, 0x1000);
	map_user(&synthetic, root, STACK & ~(uint64_t)0x1fffff, 0x800000, 0x200000);
	guest = synthetic_open(&synthetic);
	assert_int_equal(gap_guest_user_space(guest, at(pgd), &space, NULL), GAP_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gap_vaddr address = at(rows[i].from);
		uint64_t size_bytes = 0;

		steps_left = 2000; /* four levels of 512 entries at most */
		assert_int_equal(gap_space_next_mapped(&space, &address, rows[i].end, &size_bytes,
						       &steps_left),
				 rows[i].found != 0);
		assert_int_equal(size_bytes, rows[i].size_bytes);
		if (rows[i].found)
			assert_int_equal(address.value, rows[i].found);
		assert_int_not_equal(steps_left, 0);
	}
	steps_left = 3;
	assert_false(gap_space_next_mapped(&space, &(struct gap_vaddr){0}, USER_END, &(uint64_t){0},
					   &steps_left));
	assert_int_equal(steps_left, 0);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void refuses_what_is_no_root(void **state)
{
	struct synthetic synthetic;
	struct gap_address_space space;
	struct gap_guest *guest;
	struct gap_error error;
	uint64_t pgd, root;

	(void)state;
	synthetic_init(&synthetic, 4);
	pgd = make_root(&synthetic, &root);
	guest = synthetic_open(&synthetic);
	assert_int_equal(gap_guest_user_space(guest, at(0), &space, &error), GAP_INVALID);
	assert_non_null(strstr(error.text, "kernel thread"));
	assert_int_equal(gap_guest_user_space(guest, at(CODE), &space, &error), GAP_UNREADABLE);
	assert_int_equal(gap_guest_user_space(guest, at(pgd + 8), &space, &error), GAP_CORRUPT);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void sees_edits_of_the_last_level(void **state)
{
	struct synthetic synthetic;
	struct gap_address_space space;
	struct gap_guest *guest;
	uint64_t pgd, root;
	char byte;

	(void)state;
	synthetic_init(&synthetic, 4);
	pgd = make_root(&synthetic, &root);
	map_user(&synthetic, root, CODE, 0x5000, 0x1000);
	synthetic.ram[0x5000] = 'a';
	synthetic.ram[0x6000] = 'b';
	guest = synthetic_open(&synthetic);
	assert_int_equal(gap_guest_user_space(guest, at(pgd), &space, NULL), GAP_OK);
	assert_int_equal(gap_space_read(&space, at(CODE), &byte, 1), GAP_OK);
	assert_int_equal(byte, 'a');
	map_user(&synthetic, root, CODE, 0x6000, 0x1000);
	assert_int_equal(gap_space_read(&space, at(CODE), &byte, 1), GAP_OK);
	assert_int_equal(byte, 'b');
	map_user(&synthetic, root, CODE, 0, 0x1000);
	synthetic.root = root;
	*synthetic_entry(&synthetic, CODE, 1) = 0;
	assert_int_equal(gap_space_read(&space, at(CODE), &byte, 1), GAP_UNREADABLE);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* Without the present bit, with bit 8; since 4.18 inverted. In the kernel's own half: absent. */
static void reads_what_its_owner_may_not_touch(void **state)
{
	struct synthetic synthetic;
	struct gap_address_space space;
	struct gap_guest *guest;
	struct gap_paddr physical;
	uint64_t pgd, root, *entry, kernel;

	(void)state;
	synthetic_init(&synthetic, 4);
	pgd = make_root(&synthetic, &root);
	map_user(&synthetic, root, CODE, 0x5000, 0x1000);
	kernel = synthetic.root;
	guest = synthetic_open(&synthetic);
	assert_int_equal(gap_guest_user_space(guest, at(pgd), &space, NULL), GAP_OK);
	synthetic.root = root;
	entry = synthetic_entry(&synthetic, CODE, 1);
	*entry = 0x5000 | 0x100;
	assert_int_equal(gap_space_translate(&space, at(CODE + 5), &physical), GAP_OK);
	assert_int_equal(physical.value, 0x5005);
	*entry = (~UINT64_C(0x6000) & 0x000ffffffffff000u) | 0x100;
	assert_int_equal(gap_space_translate(&space, at(CODE + 5), &physical), GAP_OK);
	assert_int_equal(physical.value, 0x6005);
	*entry = 0x5000; /* of swap space */
	assert_int_equal(gap_space_translate(&space, at(CODE), &physical), GAP_UNREADABLE);
	synthetic.root = kernel;
	entry = synthetic_entry(&synthetic, pgd & ~(uint64_t)0xfff, 1);
	if (entry) {
		*entry = (*entry & ~UINT64_C(1)) | 0x100;
		gap_guest_refresh(guest);
		assert_int_equal(gap_guest_translate(guest, at(pgd), &physical), GAP_UNREADABLE);
	}
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_process),
		cmocka_unit_test(user_spaces_have_no_kernel_half),
		cmocka_unit_test(mapped_places_are_found),
		cmocka_unit_test(refuses_what_is_no_root),
		cmocka_unit_test(sees_edits_of_the_last_level),
		cmocka_unit_test(reads_what_its_owner_may_not_touch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
