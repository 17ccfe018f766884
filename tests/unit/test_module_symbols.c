/* SPDX-License-Identifier: MIT */
/* Symbols of modules, from the table that the kernel keeps of each: before and since struct
 * mod_kallsyms, honest and bent. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/modules.h"
#include "tests/support/guest_fixture.h"

enum { SYMTAB = 8, COUNT = 16, STRTAB = 24, KALLSYMS = 32, MODULE_BYTES = 64 };

/* Of struct module itself, and of the structure that it points to since. */
static const struct object_row older_rows[] = {
	{"module", MODULE_BYTES, "symtab", SYMTAB, "ptr"},
	{"module", MODULE_BYTES, "num_symtab", COUNT, "u32"},
	{"module", MODULE_BYTES, "strtab", STRTAB, "ptr"},
	{0},
};
static const struct object_row newer_rows[] = {
	{"mod_kallsyms", MODULE_BYTES, "symtab", SYMTAB, "ptr"},
	{"mod_kallsyms", MODULE_BYTES, "num_symtab", COUNT, "u32"},
	{"mod_kallsyms", MODULE_BYTES, "strtab", STRTAB, "ptr"},
	{"module", MODULE_BYTES, "kallsyms", KALLSYMS, "ptr"},
	{0},
};

static const char names[] = "\0first\0second\0$x\0same\0.L5\0outside";

struct fixture {
	struct guest_fixture base;
	uint64_t module, holder, table;
};

static uint32_t name_at(const char *name)
{
	for (size_t at = 1; at < sizeof(names); at += strlen(names + at) + 1)
		if (strcmp(names + at, name) == 0)
			return (uint32_t)at;
	return 0;
}

static void put_symbol(struct fixture *fixture, int index, const char *name, uint64_t value,
		       uint16_t section, unsigned char type)
{
	Elf64_Sym *symbols = synthetic_heap(&fixture->base.synthetic, fixture->table);

	symbols[index] = (Elf64_Sym){.st_name = name_at(name),
				     .st_info = ELF64_ST_INFO(STB_LOCAL, type),
				     .st_shndx = section,
				     .st_value = value,
				     .st_size = 16};
}

static struct fixture *make(const struct object_row *rows)
{
	static const struct object_symbol none[] = {{0}};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct synthetic *synthetic = &fixture->base.synthetic;

	assert_non_null(fixture);
	guest_fixture_init(&fixture->base, &(struct object_profile){.rows = rows, .symbols = none});
	fixture->module = fixture->holder = synthetic_alloc(synthetic, MODULE_BYTES);
	if (rows == newer_rows) {
		fixture->holder = synthetic_alloc(synthetic, MODULE_BYTES);
		put64(synthetic, fixture->module, KALLSYMS, fixture->holder);
	}
	fixture->table = synthetic_alloc(synthetic, 8 * sizeof(Elf64_Sym));
	put64(synthetic, fixture->holder, SYMTAB, fixture->table);
	put32(synthetic, fixture->holder, COUNT, 8);
	put64(synthetic, fixture->holder, STRTAB, synthetic_alloc(synthetic, sizeof(names)));
	memcpy(synthetic_heap(synthetic, get64(synthetic, fixture->holder, STRTAB)), names,
	       sizeof(names));
	put_symbol(fixture, 1, "second", 0x2000, 1, STT_OBJECT);
	put_symbol(fixture, 2, "first", 0x1000, 1, STT_FUNC);
	put_symbol(fixture, 3, "$x", 0x1800, 1, STT_NOTYPE);
	put_symbol(fixture, 4, "same", 0x2000, 1, STT_OBJECT);
	put_symbol(fixture, 5, ".L5", 0x2800, 1, STT_NOTYPE);
	put_symbol(fixture, 6, "outside", 0x2900, SHN_UNDEF, STT_FUNC);
	return fixture;
}

static void drop(struct fixture *fixture)
{
	guest_fixture_deinit(&fixture->base);
	free(fixture);
}

static struct gap_module_symbols begin(struct fixture *fixture)
{
	struct gap_module_symbols symbols;

	if (gap_module_symbols_init(&symbols, fixture->base.guest, &fixture->base.error))
		fail_msg("%s", fixture->base.error.text);
	gap_module_symbols_begin(&symbols, (struct gap_vaddr){fixture->module});
	return symbols;
}

static void symbols_are_read(const struct object_row *rows)
{
	static const struct {
		const char *name;
		uint64_t address;
		int is_function;
	} expected[] = {{"second", 0x2000, 0}, {"first", 0x1000, 1}, {"same", 0x2000, 0}};
	struct fixture *fixture = make(rows);
	struct gap_module_symbols symbols = begin(fixture);
	struct gap_module_symbol symbol;

	for (size_t i = 0; i < 3; i++) {
		assert_true(gap_module_symbols_next(&symbols, &symbol));
		assert_string_equal(symbol.name, expected[i].name);
		assert_int_equal(symbol.address.value, expected[i].address);
		assert_int_equal(symbol.is_function, expected[i].is_function);
		assert_int_equal(symbol.size_bytes, 16);
	}
	assert_false(gap_module_symbols_next(&symbols, &symbol));
	assert_int_equal(symbols.status, GAP_OK);
	drop(fixture);
}

static void symbols_of_older_kernels_are_read(void **state)
{
	(void)state;
	symbols_are_read(older_rows);
}

static void symbols_of_newer_kernels_are_read(void **state)
{
	(void)state;
	symbols_are_read(newer_rows);
}

static void the_nearest_below_is_found(void **state)
{
	static const struct {
		uint64_t address;
		const char *name; /* NULL: none */
	} cases[] = {
		{0xfff, NULL},      {0x1000, "first"},  {0x1fff, "first"},
		{0x2000, "second"}, {0x2a00, "second"},
	};
	struct fixture *fixture = make(newer_rows);
	struct gap_module_symbols symbols = begin(fixture);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gap_module_symbol symbol;
		enum gap_status status =
			gap_module_symbol_at(&symbols, (struct gap_vaddr){fixture->module},
					     (struct gap_vaddr){cases[i].address}, &symbol);

		assert_int_equal(status, cases[i].name ? GAP_OK : GAP_NOT_FOUND);
		if (cases[i].name)
			assert_string_equal(symbol.name, cases[i].name);
	}
	drop(fixture);
}

static void bent_tables_are_told(void **state)
{
	static const struct {
		uint64_t offset, value;
		const char *word;
	} cases[] = {
		{COUNT, UINT32_MAX, "absurd"},
		{SYMTAB, 0xffffffff00000000u, "cannot be read"},
		{STRTAB, 0xdead000000000100u, "cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *fixture = make(newer_rows);
		struct gap_module_symbols symbols;
		struct gap_module_symbol symbol;

		if (cases[i].offset == COUNT)
			put32(&fixture->base.synthetic, fixture->holder, COUNT,
			      (uint32_t)cases[i].value);
		else
			put64(&fixture->base.synthetic, fixture->holder, cases[i].offset,
			      cases[i].value);
		symbols = begin(fixture);
		assert_false(gap_module_symbols_next(&symbols, &symbol));
		assert_int_equal(symbols.status, GAP_PARTIAL);
		says(symbols.reason, cases[i].word);
		assert_int_equal(gap_module_symbol_at(&symbols, (struct gap_vaddr){fixture->module},
						      (struct gap_vaddr){0x5000}, &symbol),
				 GAP_PARTIAL);
		drop(fixture);
	}
}

static void a_name_without_end_is_cut(void **state)
{
	struct fixture *fixture = make(newer_rows);
	uint64_t text = synthetic_alloc(&fixture->base.synthetic, 4096);
	struct gap_module_symbols symbols;
	struct gap_module_symbol symbol;

	(void)state;
	memset(synthetic_heap(&fixture->base.synthetic, text), 'x', 4096);
	put64(&fixture->base.synthetic, fixture->holder, STRTAB, text);
	symbols = begin(fixture);
	assert_true(gap_module_symbols_next(&symbols, &symbol));
	assert_int_equal(strlen(symbol.name), GAP_MODULE_SYMBOL_BYTES);
	assert_int_equal(symbols.status, GAP_PARTIAL);
	drop(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_of_older_kernels_are_read),
		cmocka_unit_test(symbols_of_newer_kernels_are_read),
		cmocka_unit_test(the_nearest_below_is_found),
		cmocka_unit_test(bent_tables_are_told),
		cmocka_unit_test(a_name_without_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
