/* SPDX-License-Identifier: MIT */
/* Every form of the kernel's symbol table, written here as kernels wrote it, found among other bytes and decoded symbol
 * for symbol; decoys, cuts and damage refused with words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/kallsyms.h"
#include "tests/support/kallsyms_table.h"
#include "tests/support/making.h"

#define SPAN_BYTES (1u << 20)
#define TEXT64 0xffffffff81000000
#define TEXT32 0xc1000000
#define PLACE64 0xffffffff82000000
#define COUNT_MAX 1600

struct fixture {
	uint8_t *span;
	struct table_symbol *symbols;
	uint32_t count;
	struct table_places places;
	struct gap_kallsyms_input input;
	struct gap_kallsyms_found found;
	struct gap_error error;
	uint32_t seen;
};

/* Bytes that look like anything, the same in every run. */
static void fill(uint8_t *bytes, size_t size_bytes)
{
	uint64_t state = 88172645463325252ull;

	for (size_t i = 0; i < size_bytes; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		bytes[i] = state & 0x700 ? (uint8_t)state : 0;
	}
}

/* A layout that kernels used. */
struct row {
	const char *kernels;
	struct table_plan plan;
	uint32_t count, percpu;
	bool long_name;
};

#define ABSOLUTE .addressing = GAP_KALLSYMS_ABSOLUTE
#define BASE .addressing = GAP_KALLSYMS_BASE, .base = TEXT64
#define BASE32 .addressing = GAP_KALLSYMS_BASE, .base = TEXT32
#define PERCPU .addressing = GAP_KALLSYMS_BASE_PERCPU, .base = TEXT64
#define PLACE .addressing = GAP_KALLSYMS_PLACE, .address = PLACE64
#define WORDS64(number) .pointer_bytes = 8, .align_bytes = 8, .number_bytes = number
#define WORDS32 .pointer_bytes = 4, .align_bytes = 4, .number_bytes = 4

static const struct row rows[] = {
	{"2.6.10, 64-bit", {ABSOLUTE, WORDS64(8)}, 1000, 20, false},
	{"2.6.10, 32-bit", {ABSOLUTE, WORDS32}, 1001, 0, false},
	{"2.6.10, 32-bit, absolute symbols", {ABSOLUTE, WORDS32}, 1001, 8, false},
	{"4.6, arm64", {BASE, WORDS64(8)}, 777, 0, false},
	{"4.6, x86-64", {PERCPU, WORDS64(8)}, 777, 33, false},
	{"4.20, x86-64", {PERCPU, WORDS64(4)}, 1024, 33, false},
	{"4.20, arm64", {BASE, WORDS64(4)}, 1025, 0, false},
	{"4.20, i386", {BASE32, WORDS32}, 999, 0, false},
	{"4.20, absolute", {ABSOLUTE, WORDS64(4)}, 1000, 20, false},
	{"6.1, long names", {PERCPU, WORDS64(4)}, 900, 40, true},
	{"6.1, i386", {BASE32, WORDS32, .sequence_bytes = 3}, 1279, 0, true},
	{"6.2", {PERCPU, WORDS64(4), .sequence_bytes = 4}, 900, 40, true},
	{"6.2, odd markers", {PERCPU, WORDS64(4), .sequence_bytes = 4}, 1100, 40, true},
	{"6.3", {PERCPU, WORDS64(4), .sequence_bytes = 3}, 1281, 40, true},
	{"6.3, arm64, even markers", {BASE, WORDS64(4), .sequence_bytes = 3}, 1280, 0, true},
	{"6.4, x86-64", {PERCPU, .behind = true, WORDS64(4), .sequence_bytes = 3}, 1111, 9, true},
	{"6.4, arm64", {BASE, .behind = true, WORDS64(4), .sequence_bytes = 3}, 1112, 0, true},
	{"6.4, 32-bit", {BASE32, .behind = true, WORDS32, .sequence_bytes = 3}, 1113, 0, true},
	{"6.4, absolute",
	 {ABSOLUTE, .behind = true, WORDS64(4), .sequence_bytes = 3},
	 1114,
	 9,
	 false},
	{"6.4, absolute, 32-bit",
	 {ABSOLUTE, .behind = true, WORDS32, .sequence_bytes = 3},
	 1115,
	 0,
	 false},
	{"7.0",
	 {PLACE, .behind = true, .pointer_bytes = 8, .align_bytes = 4, .number_bytes = 4,
	  .sequence_bytes = 3},
	 1500,
	 0,
	 true},
	{"7.0, 32-bit",
	 {.addressing = GAP_KALLSYMS_PLACE,
	  .address = 0xc2000000,
	  .behind = true,
	  WORDS32,
	  .sequence_bytes = 3},
	 1501,
	 0,
	 true},
	{"few symbols", {PERCPU, WORDS64(4)}, 257, 3, false},
};

static void begin(struct fixture *fixture, const struct row *row, uint64_t at)
{
	uint64_t text = row->plan.pointer_bytes == 8 ? TEXT64 : TEXT32;

	*fixture = (struct fixture){.count = row->count};
	fixture->span = malloc(SPAN_BYTES);
	fixture->symbols = calloc(COUNT_MAX, sizeof(*fixture->symbols));
	assert_non_null(fixture->span);
	assert_non_null(fixture->symbols);
	fill(fixture->span, SPAN_BYTES);
	make_table_symbols(fixture->symbols, row->count, row->percpu, text, row->long_name);
	fixture->places = write_table(fixture->span, at, &row->plan, fixture->symbols, row->count);
	fixture->input = (struct gap_kallsyms_input){
		.bytes = fixture->span,
		.size_bytes = SPAN_BYTES,
		.address = row->plan.address,
		.address_known = row->plan.address != 0,
		.pointer_bytes = row->plan.pointer_bytes,
	};
}

static void end(struct fixture *fixture)
{
	free(fixture->span);
	free(fixture->symbols);
}

static enum gap_status find(struct fixture *fixture)
{
	return gap_kallsyms_find(&fixture->input, &fixture->found, &fixture->error);
}

static bool compare(void *context, const char *name, size_t length, char type, uint64_t address)
{
	struct fixture *fixture = context;
	const struct table_symbol *expected = &fixture->symbols[fixture->seen++];

	assert_string_equal(name, expected->name);
	assert_int_equal(length, strlen(expected->name));
	assert_int_equal(type, expected->type);
	assert_int_equal(address, expected->address);
	return true;
}

static void expect_symbols(struct fixture *fixture)
{
	fixture->seen = 0;
	assert_int_equal(gap_kallsyms_each(&fixture->input, &fixture->found, compare, fixture,
					   &fixture->error),
			 GAP_OK);
	assert_int_equal(fixture->seen, fixture->count);
}

static void expect_found(struct fixture *fixture, const struct row *row)
{
	enum gap_status status = find(fixture);

	if (status || fixture->found.addressing != row->plan.addressing)
		print_error("%s: %s %s\n", row->kernels, fixture->error.text,
			    fixture->found.layout ? fixture->found.layout : "");
	assert_int_equal(status, GAP_OK);
	assert_int_equal(fixture->found.addressing, row->plan.addressing);
	assert_int_equal(fixture->found.count, row->count);
	assert_int_equal(fixture->found.pointer_bytes, row->plan.pointer_bytes);
	assert_int_equal(fixture->found.names_offset, fixture->places.names);
	assert_int_equal(fixture->found.tokens_offset, fixture->places.tokens);
	assert_int_equal(fixture->found.addresses_offset, fixture->places.addresses);
	assert_int_equal(fixture->found.base_offset, fixture->places.base);
	assert_int_equal(fixture->found.candidates, 1);
	assert_int_equal(fixture->found.disorder, 0);
}

static void test_each_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;

		begin(&fixture, &rows[i], 0x4000);
		expect_found(&fixture, &rows[i]);
		expect_symbols(&fixture);
		end(&fixture);
	}
}

static void test_pointer_size_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;

		/* A table without pointers says nothing of their size. */
		if (rows[i].plan.addressing == GAP_KALLSYMS_PLACE)
			continue;
		begin(&fixture, &rows[i], 0x4000);
		fixture.input.pointer_bytes = 0;
		expect_found(&fixture, &rows[i]);
		expect_symbols(&fixture);
		end(&fixture);
	}
}

/* The span ends exactly where the table does, and begins where it does. */
static void test_at_the_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		uint8_t *exact;

		begin(&fixture, &rows[i], 8);
		exact = malloc(fixture.places.end);
		assert_non_null(exact);
		memcpy(exact, fixture.span, fixture.places.end);
		fixture.input.bytes = exact;
		fixture.input.size_bytes = fixture.places.end;
		expect_found(&fixture, &rows[i]);
		expect_symbols(&fixture);
		free(exact);
		end(&fixture);
	}
}

/* Whatever is cut off its end or its beginning, a table is whole or refused. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;

		begin(&fixture, &rows[i], 8);
		for (uint64_t size = 0; size < fixture.places.end; size += 97) {
			fixture.input.size_bytes = size;
			assert_int_not_equal(find(&fixture), GAP_OK);
			assert_true(fixture.error.text[0] != '\0');
		}
		end(&fixture);
	}
}

static void test_place_without_address(void **state)
{
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].plan.addressing != GAP_KALLSYMS_PLACE)
			continue;
		begin(&fixture, &rows[i], 0x4000);
		fixture.input.address_known = false;
		for (uint32_t s = 0; s < fixture.count; s++) {
			fixture.symbols[s].address -= fixture.input.address;
			if (rows[i].plan.pointer_bytes == 4)
				fixture.symbols[s].address &= UINT32_MAX;
		}
		expect_found(&fixture, &rows[i]);
		expect_symbols(&fixture);
		end(&fixture);
	}
}

/* A base whose relocation is not applied is 0; who knows it sets it. */
static void test_base_is_set(void **state)
{
	struct fixture fixture;
	struct row row = {"arm64", {BASE, WORDS64(4)}, 700, 0, false};

	(void)state;
	begin(&fixture, &row, 0x4000);
	memset(fixture.span + fixture.places.base, 0, 8);
	expect_found(&fixture, &row);
	assert_int_equal(fixture.found.base, 0);
	fixture.found.base = TEXT64;
	expect_symbols(&fixture);
	end(&fixture);
}

static void put_banner(struct fixture *fixture, uint64_t at, const char *text)
{
	memcpy(fixture->span + at, text, strlen(text) + 1);
}

/* The table of a kernel whose linux_banner is at @address. */
static void begin_with_banner(struct fixture *fixture, const struct row *row, uint64_t address)
{
	begin(fixture, row, 0x4000);
	strcpy(fixture->symbols[row->count - 1].name, "linux_banner");
	fixture->symbols[row->count - 1].address = address;
	fixture->places =
		write_table(fixture->span, 0x4000, &row->plan, fixture->symbols, row->count);
	fixture->input.address = TEXT64;
	fixture->input.address_known = true;
}

static void test_banner(void **state)
{
	static const struct row row = {"6.1", {PERCPU, WORDS64(4)}, 700, 5, false};
	struct fixture fixture;

	(void)state;
	begin_with_banner(&fixture, &row, TEXT64 + 0x80000);
	put_banner(&fixture, 0x80000, "Linux version 6.1.0\n");
	expect_found(&fixture, &row);
	assert_true(fixture.found.banner_checked && fixture.found.banner_agrees);
	put_banner(&fixture, 0x80000, "Something else than that\n");
	expect_found(&fixture, &row);
	assert_true(fixture.found.banner_checked && !fixture.found.banner_agrees);
	fixture.input.size_bytes = 0x80004;
	expect_found(&fixture, &row);
	assert_false(fixture.found.banner_checked);
	end(&fixture);
}

/* A table whose banner is none, in front of a true one. */
static void test_decoy(void **state)
{
	static const struct row row = {"6.1", {PERCPU, WORDS64(4)}, 700, 5, false};
	struct gap_kallsyms_found each;
	struct table_places places;
	struct fixture fixture;
	uint64_t position = 0;

	(void)state;
	begin_with_banner(&fixture, &row, TEXT64 + 0x80000);
	fixture.symbols[row.count - 1].address += 0x100;
	places = write_table(fixture.span, 0x40000, &row.plan, fixture.symbols, row.count);
	put_banner(&fixture, 0x80100, "Linux version 6.1.0\n");
	assert_int_equal(find(&fixture), GAP_OK);
	assert_int_equal(fixture.found.candidates, 2);
	assert_int_equal(fixture.found.names_offset, places.names);
	expect_symbols(&fixture);

	assert_int_equal(gap_kallsyms_next(&fixture.input, &position, &each, NULL), GAP_OK);
	assert_int_equal(each.names_offset, fixture.places.names);
	assert_true(each.banner_checked && !each.banner_agrees);
	assert_int_equal(gap_kallsyms_next(&fixture.input, &position, &each, NULL), GAP_OK);
	assert_int_equal(each.names_offset, places.names);
	assert_int_equal(gap_kallsyms_next(&fixture.input, &position, &each, &fixture.error),
			 GAP_NOT_FOUND);
	end(&fixture);
}

/* One wrong byte where it must be noticed. */
static void test_damage(void **state)
{
	static const struct row row = {
		"6.4", {PERCPU, .behind = true, WORDS64(4), .sequence_bytes = 3}, 1000, 5, false};
	struct fixture fixture;
	uint64_t places[8];

	(void)state;
	begin(&fixture, &row, 0x4000);
	places[0] = fixture.places.number;
	places[1] = fixture.places.names;
	places[2] = fixture.places.markers;
	places[3] = fixture.places.markers + 4;
	places[4] = fixture.places.token_index + 400;
	places[5] = fixture.places.addresses + 4 * row.percpu;
	places[6] = fixture.places.end - 1;
	places[7] = fixture.places.base - 4;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		/* The last address may be anything that is no lower than the one before. */
		uint8_t change = i == 7 ? 0 : 0x15;

		fixture.span[places[i]] ^= change;
		assert_int_equal(find(&fixture) == GAP_OK, change == 0);
		assert_true(change == 0 || fixture.error.text[0]);
		fixture.span[places[i]] ^= change;
	}
	assert_int_equal(find(&fixture), GAP_OK);
	end(&fixture);
}

static void test_refusals(void **state)
{
	static const struct row row = {
		"big-endian", {ABSOLUTE, WORDS64(4), .big_endian_index = true}, 700, 5, false};
	struct fixture fixture;

	(void)state;
	begin(&fixture, &row, 0x4000);
	assert_int_equal(find(&fixture), GAP_UNSUPPORTED);
	assert_non_null(strstr(fixture.error.text, "big-endian"));
	fixture.input.size_bytes = fixture.places.tokens;
	assert_int_equal(find(&fixture), GAP_NOT_FOUND);
	assert_non_null(strstr(fixture.error.text, "CONFIG_KALLSYMS"));
	end(&fixture);
}

static bool stop_at_ten(void *context, const char *name, size_t length, char type, uint64_t address)
{
	struct fixture *fixture = context;

	(void)name;
	(void)length;
	(void)type;
	(void)address;
	return ++fixture->seen < 10;
}

static void test_visitor_ends(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, &rows[0], 0x4000);
	assert_int_equal(find(&fixture), GAP_OK);
	assert_int_equal(gap_kallsyms_each(&fixture.input, &fixture.found, stop_at_ten, &fixture,
					   &fixture.error),
			 GAP_CANCELLED);
	assert_int_equal(fixture.seen, 10);
	end(&fixture);
}

/* Token tables by the thousand, each with markers that promise names: the search ends, and says that it did. */
static void test_imitations_end(void **state)
{
	static const struct row row = {"6.1", {PERCPU, WORDS64(4)}, 700, 5, false};
	const size_t size_bytes = 24u << 20;
	uint8_t *flood = calloc(1, size_bytes);
	struct gap_kallsyms_input input = {
		.bytes = flood, .size_bytes = size_bytes, .pointer_bytes = 8};
	struct gap_kallsyms_found found;
	struct gap_error error;
	struct fixture fixture;
	uint64_t part;

	(void)state;
	assert_non_null(flood);
	begin(&fixture, &row, 0x4000);
	part = fixture.places.token_index + 512 - fixture.places.tokens;
	for (uint64_t at = 1u << 20; at + part <= size_bytes; at += part)
		memcpy(flood + at, fixture.span + fixture.places.tokens, part);
	assert_int_equal(gap_kallsyms_find(&input, &found, &error), GAP_PARTIAL);
	assert_non_null(strstr(error.text, "imitations"));
	free(flood);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_layout),
		cmocka_unit_test(test_pointer_size_is_found),
		cmocka_unit_test(test_at_the_edges),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_place_without_address),
		cmocka_unit_test(test_base_is_set),
		cmocka_unit_test(test_banner),
		cmocka_unit_test(test_decoy),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_visitor_ends),
		cmocka_unit_test(test_imitations_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
