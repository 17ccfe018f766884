/* SPDX-License-Identifier: MIT */
/* Interned strings: equal texts have equal ids, texts never move, and the pool of an image shares
 * their tails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "profile/pool.h"
#include "tests/support/making.h"

static uint32_t intern(struct gap_strings *strings, const char *text)
{
	uint32_t id = UINT32_MAX;

	assert_true(gap_strings_intern(strings, text, strlen(text), &id));
	return id;
}

static void equal_texts_have_equal_ids(void **state)
{
	struct gap_strings strings;

	(void)state;
	assert_true(gap_strings_init(&strings));
	assert_int_equal(intern(&strings, ""), 0);
	assert_int_equal(intern(&strings, "pid"), 1);
	assert_int_equal(intern(&strings, "tgid"), 2);
	assert_int_equal(intern(&strings, "pid"), 1);
	assert_int_equal(intern(&strings, "pi"), 3);
	gap_strings_deinit(&strings);
}

static void length_ends_a_text(void **state)
{
	struct gap_strings strings;
	uint32_t id = 0;

	(void)state;
	assert_true(gap_strings_init(&strings));
	assert_true(gap_strings_intern(&strings, "task_struct", 4, &id));
	assert_string_equal(strings.rows.items[id].text, "task");
	assert_int_equal(intern(&strings, "task"), id);
	gap_strings_deinit(&strings);
}

static void texts_never_move(void **state)
{
	enum { MANY = 20000 };
	struct gap_strings strings;
	const char *first;

	(void)state;
	assert_true(gap_strings_init(&strings));
	first = strings.rows.items[intern(&strings, "first")].text;
	for (int i = 0; i < MANY; i++) {
		char text[64];

		snprintf(text, sizeof(text), "a_name_of_some_length_%d", i);
		assert_int_equal(intern(&strings, text), i + 2);
		assert_int_equal(intern(&strings, text), i + 2);
	}
	assert_ptr_equal(strings.rows.items[1].text, first);
	assert_string_equal(first, "first");
	assert_string_equal(strings.rows.items[7 + 2].text, "a_name_of_some_length_7");
	gap_strings_deinit(&strings);
}

static void a_long_text_has_room(void **state)
{
	static char text[600000];
	struct gap_strings strings;
	uint32_t id;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_true(gap_strings_init(&strings));
	id = intern(&strings, text);
	assert_int_equal(strings.rows.items[id].length, sizeof(text) - 1);
	assert_int_equal(intern(&strings, "y"), id + 1);
	assert_int_equal(intern(&strings, text), id);
	gap_strings_deinit(&strings);
}

/* ---- the pool ---- */

struct pool_case {
	const char *texts[6];
	const char *pool; /* what is expected, '|' for zero bytes */
};

static const struct pool_case pool_cases[] = {
	{{NULL}, "||"},
	{{"pid"}, "|pid||"},
	{{"printk", "__ksymtab_printk", "_printk"}, "|__ksymtab_printk||"},
	{{"tail", "a_tail", "b_tail"}, "|b_tail|a_tail||"},
	{{"12345678", "x12345678", "yx12345678"},
	 "|yx12345678||"}, /* beyond the key of eight bytes */
	{{"a12345678", "b12345678", "12345678"}, "|b12345678|a12345678||"},
	{{"a", "aa", "aaa", "b"}, "|b|aaa||"},
};

static void check_pool(const struct gap_pool *pool, const struct pool_case *expected)
{
	for (int i = 0; expected->texts[i]; i++)
		assert_string_equal(pool->bytes + pool->offsets[i + 1], expected->texts[i]);
	assert_int_equal(pool->size_bytes, strlen(expected->pool));
	for (size_t i = 0; i < pool->size_bytes; i++)
		assert_int_equal(pool->bytes[i] ? pool->bytes[i] : '|', expected->pool[i]);
}

static void tails_are_shared(void **state)
{
	(void)state;
	for (size_t at = 0; at < COUNT_OF(pool_cases); at++) {
		struct gap_strings strings;
		struct gap_pool pool;

		assert_true(gap_strings_init(&strings));
		for (int i = 0; pool_cases[at].texts[i]; i++)
			assert_int_equal(intern(&strings, pool_cases[at].texts[i]), i + 1);
		assert_true(gap_pool_init(&pool, &strings));
		for (uint32_t id = 0; id < strings.rows.count; id++)
			gap_pool_use(&pool, id);
		assert_true(gap_pool_lay_out(&pool) && gap_pool_close(&pool));
		check_pool(&pool, &pool_cases[at]);
		gap_pool_deinit(&pool);
		gap_strings_deinit(&strings);
	}
}

static void unused_texts_and_raw_bytes(void **state)
{
	struct gap_strings strings;
	struct gap_pool pool;
	uint32_t used, offset = 0;

	(void)state;
	assert_true(gap_strings_init(&strings));
	intern(&strings, "unused");
	used = intern(&strings, "used");
	assert_true(gap_pool_init(&pool, &strings));
	gap_pool_use(&pool, used);
	assert_true(gap_pool_lay_out(&pool));
	assert_true(gap_pool_append(&pool, "\0\1\2", 3, &offset));
	assert_true(gap_pool_close(&pool));
	assert_int_equal(offset, 6);
	assert_int_equal(pool.size_bytes, 10);
	assert_memory_equal(pool.bytes, "\0used\0\0\1\2", 10);
	gap_pool_deinit(&pool);
	gap_strings_deinit(&strings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_have_equal_ids),
		cmocka_unit_test(length_ends_a_text),
		cmocka_unit_test(texts_never_move),
		cmocka_unit_test(a_long_text_has_room),
		cmocka_unit_test(tails_are_shared),
		cmocka_unit_test(unused_texts_and_raw_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
