/* SPDX-License-Identifier: MIT */
/* Which of several tables of symbols is the kernel's own: by the order of its addresses and by its banner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/symtables.h"
#include "tests/support/kallsyms_table.h"

#define BASE UINT64_C(0xffffffff81000000)
#define IMAGE_BYTES 0x40000u
#define SYMBOLS 300u
#define BANNER (BASE + 0x30000)

/* A table to be written at an offset. */
struct table {
	uint64_t banner; /* what it says of linux_banner; 0 nothing */
	bool falling;    /* two of its addresses are the wrong way round */
};

static void write_one(struct infer_image *image, uint32_t at, const struct table *table)
{
	static struct table_symbol symbols[SYMBOLS + 1];
	const struct table_plan plan = {.addressing = GAP_KALLSYMS_BASE,
					.pointer_bytes = 8,
					.align_bytes = 8,
					.number_bytes = 4,
					.base = BASE,
					.sequence_bytes = 3};
	uint32_t count = SYMBOLS;

	make_table_symbols(symbols, SYMBOLS, 0, BASE, false);
	if (table->falling) {
		symbols[100].address = BASE + 0x20000;
		symbols[101].address = BASE + 0x10;
	}
	if (table->banner) {
		symbols[count].address = table->banner;
		symbols[count].type = 'R';
		strcpy(symbols[count++].name, "linux_banner");
	}
	write_table(image->bytes, at, &plan, symbols, count);
}

static bool read_tables(const struct table *tables, size_t count, struct infer_symbols **symbols)
{
	struct infer_image image = {.address = BASE, .size_bytes = IMAGE_BYTES};
	struct gap_kallsyms_found found = {.count = 0};
	bool good;

	image.bytes = calloc(1, IMAGE_BYTES + 1);
	assert_non_null(image.bytes);
	for (size_t i = 0; i < count; i++)
		write_one(&image, (uint32_t)(0x8000 + 0x10000 * i), &tables[i]);
	assert_int_equal(infer_symbols_create(symbols), GAP_OK);
	good = infer_kallsyms_read(&image, 8, BANNER, *symbols, &found);
	assert_int_equal(infer_symbols_finish(*symbols), GAP_OK);
	if (good)
		assert_true(found.count >= SYMBOLS);
	else
		assert_int_equal(infer_symbols_count(*symbols), 0);
	infer_image_deinit(&image);
	return good;
}

static void the_kernels_own_is_taken(void **state)
{
	static const struct {
		const char *what;
		struct table tables[3];
		size_t count;
		bool taken;
	} cases[] = {
		{"none", {{0, false}}, 0, false},
		{"one with the banner", {{BANNER, false}}, 1, true},
		{"one of code alone, without a banner", {{0, false}}, 1, true},
		{"one with another banner", {{BANNER + 8, false}}, 1, false},
		{"one out of order", {{BANNER, true}}, 1, false},
		{"two that could be it", {{BANNER, false}, {BANNER, false}}, 2, false},
		{"two that could be it, one without a banner",
		 {{BANNER, false}, {0, false}},
		 2,
		 false},
		{"a decoy before", {{BANNER + 8, false}, {BANNER, false}}, 2, true},
		{"a decoy behind", {{BANNER, false}, {BANNER + 8, false}}, 2, true},
		{"decoys on both sides",
		 {{BANNER + 8, false}, {BANNER, false}, {BANNER, true}},
		 3,
		 true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct infer_symbols *symbols;
		const struct infer_symbol *banner;

		if (read_tables(cases[i].tables, cases[i].count, &symbols) != cases[i].taken)
			fail_msg("%s: %s", cases[i].what,
				 cases[i].taken ? "is not taken" : "is taken");
		banner = infer_symbols_named(symbols, "linux_banner", NULL);
		if (banner)
			assert_true(banner->address == BANNER);
		infer_symbols_destroy(symbols);
	}
}

static void symbols_come_with_type_and_address(void **state)
{
	static struct table_symbol expected[SYMBOLS];
	struct infer_symbols *symbols;

	(void)state;
	assert_true(read_tables(&(struct table){BANNER, false}, 1, &symbols));
	make_table_symbols(expected, SYMBOLS, 0, BASE, false);
	for (size_t i = 0; i < SYMBOLS; i++) {
		const struct infer_symbol *symbol =
			infer_symbols_named(symbols, expected[i].name, NULL);

		assert_non_null(symbol);
		assert_true(symbol->address == expected[i].address);
		assert_int_equal(symbol->type, expected[i].type);
	}
	infer_symbols_destroy(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_own_is_taken),
		cmocka_unit_test(symbols_come_with_type_and_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
