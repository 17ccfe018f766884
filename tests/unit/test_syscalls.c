/* SPDX-License-Identifier: MIT */
/* System call tables in images made in code: the native one is found, and nothing that only looks like it. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/syscalls.h"

#define IMAGE_BYTES 0x20000u
#define TEXT_BYTES 0x10000u
#define FUNCTION_BYTES 32u
#define NOWHERE 600u /* the function of numbers that nobody has */
#define TABLE_AT 0x14000u
#define OTHER_AT 0x18000u
#define NUMBERS 460u

enum numbering { X86_64, I386, GENERIC };

struct machine {
	uint16_t elf;
	enum numbering numbering;
	uint8_t pointer_bytes;
	uint64_t base;
	const char *prefix;
	int getpid, dup;        /* as the manuals have them */
	uint8_t wrapped[8];     /* loads from what the first argument points to, and returns */
	uint8_t plain[8];       /* only returns */
	uint8_t straight_on[8]; /* never returns */
	unsigned straight_bytes;
};

static const struct machine machines[] = {
	{EM_X86_64,
	 X86_64,
	 8,
	 UINT64_C(0xffffffff81000000),
	 "__x64_sys_",
	 39,
	 32,
	 {0x8b, 0x7f, 0x70, 0xc3},
	 {0xc3},
	 {0x90},
	 1},
	{EM_386, I386, 4, 0xc1000000, "__ia32_sys_", 20, 41, {0x8b, 0x00, 0xc3}, {0xc3}, {0x90}, 1},
	{EM_AARCH64,
	 GENERIC,
	 8,
	 UINT64_C(0xffff800008000000),
	 "__arm64_sys_",
	 172,
	 23,
	 {0x00, 0x00, 0x40, 0xf9, 0xc0, 0x03, 0x5f, 0xd6},
	 {0xc0, 0x03, 0x5f, 0xd6},
	 {0x1f, 0x20, 0x03, 0xd5},
	 4},
};

struct gap {
	enum numbering numbering;
	unsigned first, last;
};

static const struct gap gaps[] = {
#define SYSCALL_GAP(numbering, first, last) {numbering, first, last},
#include "kernels/syscalls.def"
};

struct made {
	const struct machine *machine;
	struct infer_image image;
	struct infer_window text;
};

static uint64_t function_at(const struct made *made, unsigned index)
{
	return made->image.address + (uint64_t)index * FUNCTION_BYTES;
}

static void put_entry(struct made *made, uint32_t table, unsigned number, uint64_t value)
{
	unsigned width = made->machine->pointer_bytes;

	memcpy(made->image.bytes + table + number * width, &value, width);
}

static void put_code(struct made *made, unsigned function, const uint8_t code[8])
{
	memcpy(made->image.bytes + function * FUNCTION_BYTES, code, 8);
}

/* A table of that numbering, whose function of a number is @shift + number. */
static void put_table(struct made *made, uint32_t at, enum numbering numbering, unsigned shift)
{
	for (unsigned i = 0; i < NUMBERS; i++)
		put_entry(made, at, i, function_at(made, shift + i));
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		for (unsigned k = gaps[i].first;
		     gaps[i].numbering == numbering && k <= gaps[i].last; k++)
			put_entry(made, at, k, function_at(made, NOWHERE));
}

static struct made make(const struct machine *machine)
{
	struct made made = {.machine = machine,
			    .image = {machine->base, calloc(1, IMAGE_BYTES), IMAGE_BYTES},
			    .text = {machine->base, machine->base + TEXT_BYTES}};

	assert_non_null(made.image.bytes);
	for (unsigned i = 0; i < TEXT_BYTES / FUNCTION_BYTES; i++)
		put_code(&made, i, machine->wrapped);
	return made;
}

static void put_native(struct made *made)
{
	put_table(made, TABLE_AT, made->machine->numbering, 0);
}

/* Reads the table; where @prefix is not NULL, its functions are those of their numbers. */
static uint32_t read_table(struct made *made, const char *prefix)
{
	struct infer_symbols *symbols;
	const struct infer_symbol *symbol;
	uint32_t added;
	char name[64];

	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	added = infer_syscalls_read(&made->image, made->machine->elf, &made->text, symbols);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	assert_int_equal(infer_symbols_count(symbols), added);
	if (prefix) {
		snprintf(name, sizeof(name), "%sgetpid", prefix);
		symbol = infer_symbols_named(symbols, name, NULL);
		assert_non_null(symbol);
		assert_int_equal(symbol->address,
				 function_at(made, (unsigned)made->machine->getpid));
		snprintf(name, sizeof(name), "%sdup", prefix);
		symbol = infer_symbols_named(symbols, name, NULL);
		assert_non_null(symbol);
		assert_int_equal(symbol->address, function_at(made, (unsigned)made->machine->dup));
	}
	infer_symbols_destroy(symbols);
	return added;
}

static void each(void (*check)(struct made *made))
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct made made = make(&machines[i]);

		put_native(&made);
		check(&made);
		free(made.image.bytes);
	}
}

/* ---- what is found ---- */

static void check_native(struct made *made)
{
	assert_true(read_table(made, made->machine->prefix) > 100);
}

static void the_native_table_is_found(void **state)
{
	(void)state;
	each(check_native);
}

static void check_plain(struct made *made)
{
	for (unsigned i = 0; i < TEXT_BYTES / FUNCTION_BYTES; i++)
		put_code(made, i, made->machine->plain);
	assert_true(read_table(made, "sys_") > 100);
}

static void functions_that_take_their_arguments_themselves_have_plain_names(void **state)
{
	(void)state;
	each(check_plain);
}

static void check_copy(struct made *made)
{
	put_table(made, OTHER_AT, made->machine->numbering, 0);
	assert_true(read_table(made, made->machine->prefix) > 100);
}

static void a_copy_that_is_the_same_does_no_harm(void **state)
{
	(void)state;
	each(check_copy);
}

static void check_left_out(struct made *made)
{
	uint32_t all = read_table(made, NULL);

	/* No sockets in this kernel. */
	static const unsigned numbers[] = {[X86_64] = 49, [I386] = 361, [GENERIC] = 200};

	put_entry(made, TABLE_AT, numbers[made->machine->numbering], function_at(made, NOWHERE));
	assert_int_equal(read_table(made, made->machine->prefix), all - 1);
}

static void what_a_configuration_leaves_out_is_not_named(void **state)
{
	(void)state;
	each(check_left_out);
}

/* ---- decoys ---- */

static void a_table_of_another_numbering_is_not_taken(void **state)
{
	struct made made = make(&machines[0]);

	(void)state;
	put_table(&made, TABLE_AT, I386, 0);
	assert_int_equal(read_table(&made, NULL), 0);
	put_table(&made, TABLE_AT, GENERIC, 0);
	assert_int_equal(read_table(&made, NULL), 0);
	put_native(&made);
	put_table(&made, OTHER_AT, I386, 500);
	assert_true(read_table(&made, "__x64_sys_") > 100);
	free(made.image.bytes);
}

/* x32 shares numbers with the native table, but has not all of them there. */
static void a_table_that_lacks_calls_is_not_taken(void **state)
{
	struct made made = make(&machines[0]);

	(void)state;
	put_native(&made);
	put_table(&made, OTHER_AT, X86_64, 500);
	put_entry(&made, OTHER_AT, 13, function_at(&made, NOWHERE));
	put_entry(&made, OTHER_AT, 16, function_at(&made, NOWHERE));
	assert_true(read_table(&made, "__x64_sys_") > 100);
	free(made.image.bytes);
}

static void check_two(struct made *made)
{
	put_table(made, OTHER_AT, made->machine->numbering, 1);
	assert_int_equal(read_table(made, NULL), 0);
}

static void two_that_differ_are_refused(void **state)
{
	(void)state;
	each(check_two);
}

static void check_filled_gap(struct made *made)
{
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		if (gaps[i].numbering != made->machine->numbering)
			continue;
		put_native(made);
		put_entry(made, TABLE_AT, gaps[i].last, function_at(made, gaps[i].last));
		assert_int_equal(read_table(made, NULL), 0);
	}
}

static void a_number_that_nobody_has_must_lead_nowhere(void **state)
{
	(void)state;
	each(check_filled_gap);
}

static void check_shared(struct made *made)
{
	put_entry(made, TABLE_AT, (unsigned)made->machine->getpid,
		  function_at(made, (unsigned)made->machine->dup));
	assert_int_equal(read_table(made, NULL), 0);
}

static void calls_do_not_share_a_function(void **state)
{
	(void)state;
	each(check_shared);
}

static void check_long(struct made *made)
{
	for (unsigned i = 0; i < TEXT_BYTES; i += made->machine->straight_bytes)
		memcpy(made->image.bytes + i, made->machine->straight_on,
		       made->machine->straight_bytes);
	assert_int_equal(read_table(made, NULL), 0);
}

static void the_simplest_calls_must_be_simple(void **state)
{
	(void)state;
	each(check_long);
}

static void check_outside(struct made *made)
{
	put_entry(made, TABLE_AT, (unsigned)made->machine->getpid, made->text.end);
	assert_int_equal(read_table(made, NULL), 0);
}

static void functions_are_in_the_text(void **state)
{
	(void)state;
	each(check_outside);
}

/* ---- hostile images ---- */

static void check_cut(struct made *made)
{
	unsigned bytes = NUMBERS * made->machine->pointer_bytes;

	for (uint32_t size = TABLE_AT; size < TABLE_AT + bytes; size += 64) {
		uint8_t *cut = malloc(size); /* so that a read too far shows */
		struct made less = *made;

		assert_non_null(cut);
		memcpy(cut, made->image.bytes, size);
		less.image.bytes = cut;
		less.image.size_bytes = size;
		read_table(&less, NULL);
		free(cut);
	}
}

static void a_table_that_is_cut_is_survived(void **state)
{
	(void)state;
	each(check_cut);
}

static void check_same_everywhere(struct made *made)
{
	for (unsigned at = 0; at + made->machine->pointer_bytes <= IMAGE_BYTES;
	     at += made->machine->pointer_bytes)
		put_entry(made, 0, at / made->machine->pointer_bytes, made->image.address);
	assert_int_equal(read_table(made, NULL), 0);
}

static void one_pointer_all_over_is_no_table(void **state)
{
	(void)state;
	each(check_same_everywhere);
}

static void other_machines_have_none(void **state)
{
	struct made made = make(&machines[0]);
	struct infer_symbols *symbols;

	(void)state;
	put_native(&made);
	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	assert_int_equal(infer_syscalls_read(&made.image, EM_RISCV, &made.text, symbols), 0);
	infer_symbols_destroy(symbols);
	free(made.image.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_native_table_is_found),
		cmocka_unit_test(functions_that_take_their_arguments_themselves_have_plain_names),
		cmocka_unit_test(a_copy_that_is_the_same_does_no_harm),
		cmocka_unit_test(what_a_configuration_leaves_out_is_not_named),
		cmocka_unit_test(a_table_of_another_numbering_is_not_taken),
		cmocka_unit_test(a_table_that_lacks_calls_is_not_taken),
		cmocka_unit_test(two_that_differ_are_refused),
		cmocka_unit_test(a_number_that_nobody_has_must_lead_nowhere),
		cmocka_unit_test(calls_do_not_share_a_function),
		cmocka_unit_test(the_simplest_calls_must_be_simple),
		cmocka_unit_test(functions_are_in_the_text),
		cmocka_unit_test(a_table_that_is_cut_is_survived),
		cmocka_unit_test(one_pointer_all_over_is_no_table),
		cmocka_unit_test(other_machines_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
