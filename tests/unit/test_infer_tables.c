/* SPDX-License-Identifier: MIT */
/* Tables of symbols and types in an image: found by structure, decoys refused. Images are made in
 * code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/symtables.h"
#include "infer/types.h"

#define BASE UINT64_C(0xffffffff81000000)
#define IMAGE_BYTES 0x80000u
#define NAMES_AT 0x10000u
#define TABLE_AT 0x40000u
#define EXPORTS 200u

static struct infer_image make_image(void)
{
	struct infer_image image = {
		.address = BASE, .bytes = calloc(1, IMAGE_BYTES + 1), .size_bytes = IMAGE_BYTES};

	assert_non_null(image.bytes);
	return image;
}

static struct infer_symbols *make_symbols(void)
{
	struct infer_symbols *symbols;

	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	return symbols;
}

/* ---- exports ---- */

static void export_name(char name[32], unsigned index)
{
	snprintf(name, 32, "export_%04u", index);
}

static void put_relative(struct infer_image *image, uint32_t at, uint32_t target)
{
	int32_t relative = (int32_t)(target - at);

	memcpy(image->bytes + at, &relative, sizeof(relative));
}

static void put_exports(struct infer_image *image, uint32_t entry_bytes, bool relative)
{
	for (unsigned i = 0; i < EXPORTS; i++) {
		uint32_t at = TABLE_AT + i * entry_bytes, name = NAMES_AT + 32 * i;
		uint64_t value = BASE + 0x100 + 16 * i, text = BASE + name;

		export_name((char *)image->bytes + name, i);
		if (relative) {
			put_relative(image, at, 0x100 + 16 * i);
			put_relative(image, at + 4, name);
			if (entry_bytes == 12)
				put_relative(image, at + 8, NAMES_AT - 1);
		} else {
			memcpy(image->bytes + at, &value, 8);
			memcpy(image->bytes + at + 8, &text, 8);
		}
	}
}

static void check_exports(struct infer_image *image)
{
	struct infer_symbols *symbols = make_symbols();
	char name[32];

	assert_int_equal(infer_ksymtab_read(image, 8, symbols), EXPORTS);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	for (unsigned i = 0; i < EXPORTS; i++) {
		const struct infer_symbol *symbol;

		export_name(name, i);
		symbol = infer_symbols_named(symbols, name, NULL);
		assert_non_null(symbol);
		assert_int_equal(symbol->address, BASE + 0x100 + 16 * i);
	}
	infer_symbols_destroy(symbols);
}

static void exports_are_found_in_every_shape(void **state)
{
	static const struct {
		uint32_t entry_bytes;
		bool relative;
	} shapes[] = {{12, true}, {8, true}, {16, false}, {24, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct infer_image image = make_image();

		put_exports(&image, shapes[i].entry_bytes, shapes[i].relative);
		check_exports(&image);
		infer_image_deinit(&image);
	}
}

static void tables_of_other_names_are_no_exports(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *symbols = make_symbols();

	(void)state;
	put_exports(&image, 12, true);
	for (unsigned i = 0; i < EXPORTS; i++) /* values far outside the image */
		memcpy(image.bytes + TABLE_AT + i * 12, "\0\0\0\x40", 4);
	assert_int_equal(infer_ksymtab_read(&image, 8, symbols), 0);
	put_exports(&image, 12, true);
	for (unsigned i = 0; i < EXPORTS; i++) /* names in no order */
		put_relative(&image, TABLE_AT + i * 12 + 4,
			     NAMES_AT + 32 * (i % 2 ? i : EXPORTS - 1 - i));
	assert_int_equal(infer_ksymtab_read(&image, 8, symbols), 0);
	infer_symbols_destroy(symbols);
	infer_image_deinit(&image);
}

static void an_image_without_tables_has_none(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *symbols = make_symbols();
	struct gap_kallsyms_found found;
	struct infer_types_found types;

	(void)state;
	assert_int_equal(infer_ksymtab_read(&image, 8, symbols), 0);
	assert_int_equal(infer_ksymtab_read(&image, 4, symbols), 0);
	assert_false(infer_kallsyms_read(&image, 8, BASE, symbols, &found));
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	assert_false(infer_types_find(&image, symbols, &types));
	infer_symbols_destroy(symbols);
	infer_image_deinit(&image);
}

/* ---- types ---- */

#define TYPES_BYTES 0x11000u

/* A header that fits and a string that every kernel has: what the decoder says of it is its own. */
static void put_types(struct infer_image *image, uint32_t at, char variant)
{
	const uint32_t header[6] = {0x0001eb9f, 24, 0, TYPES_BYTES - 64 - 24, TYPES_BYTES - 64 - 24,
				    64};

	memcpy(image->bytes + at, header, sizeof(header));
	image->bytes[at + 24] = (uint8_t)variant;
	memcpy(image->bytes + at + TYPES_BYTES - 64, "\0task_struct", 13);
}

static void types_are_found_at_any_alignment(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *symbols = make_symbols();
	struct infer_types_found found;

	(void)state;
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	put_types(&image, 0x20003, 1);
	assert_true(infer_types_find(&image, symbols, &found));
	assert_int_equal(found.address, BASE + 0x20003);
	assert_int_equal(found.size_bytes, TYPES_BYTES);
	assert_false(found.bound);
	infer_symbols_destroy(symbols);
	infer_image_deinit(&image);
}

static void two_that_differ_are_refused_unless_a_symbol_tells(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *none = make_symbols(), *bound = make_symbols();
	struct infer_types_found found;

	(void)state;
	put_types(&image, 0x20000, 1);
	put_types(&image, 0x40000, 2);
	assert_int_equal(infer_symbols_finish(none), GAP_OK);
	infer_symbols_add(bound, "__start_BTF", 11, 'R', BASE + 0x40000);
	assert_int_equal(infer_symbols_finish(bound), GAP_OK);
	assert_false(infer_types_find(&image, none, &found));
	assert_true(infer_types_find(&image, bound, &found));
	assert_int_equal(found.address, BASE + 0x40000);
	assert_true(found.bound);
	infer_symbols_destroy(none);
	infer_symbols_destroy(bound);
	infer_image_deinit(&image);
}

static void what_is_cut_or_small_is_no_kernels(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *symbols = make_symbols();
	struct infer_types_found found;
	uint32_t huge = 0xfffffff0;

	(void)state;
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	put_types(&image, IMAGE_BYTES - TYPES_BYTES, 1);
	assert_true(infer_types_find(&image, symbols, &found));
	memcpy(image.bytes + IMAGE_BYTES - TYPES_BYTES + 20, &huge, 4);
	assert_false(infer_types_find(&image, symbols, &found));
	infer_symbols_destroy(symbols);
	infer_image_deinit(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exports_are_found_in_every_shape),
		cmocka_unit_test(tables_of_other_names_are_no_exports),
		cmocka_unit_test(an_image_without_tables_has_none),
		cmocka_unit_test(types_are_found_at_any_alignment),
		cmocka_unit_test(two_that_differ_are_refused_unless_a_symbol_tells),
		cmocka_unit_test(what_is_cut_or_small_is_no_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
