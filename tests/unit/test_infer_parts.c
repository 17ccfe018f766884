/* SPDX-License-Identifier: MIT */
/* What evidence is written against: the list of fields, claims, symbols by name and address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/claims.h"
#include "infer/field_list.h"
#include "infer/symbols.h"

/* ---- fields ---- */

static enum gap_status parse(struct infer_fields *fields, const char *text, struct gap_error *error)
{
	return infer_fields_parse(fields, text, strlen(text), "list", error);
}

static void lines_become_fields(void **state)
{
	struct infer_fields fields = {0};
	struct gap_error error;
	unsigned name = 9;

	(void)state;
	assert_int_equal(parse(&fields,
			       "# words\n\ntask_struct.__state|state # why\n"
			       "  "
			       "module.mem|core_layout.base|module_core\r\ntask_struct.__state|"
			       "state\nsock.a.b",
			       &error),
			 GAP_OK);
	assert_int_equal(fields.count, 3);
	assert_string_equal(fields.rows[0].line, "task_struct.__state|state");
	assert_string_equal(fields.rows[0].type, "task_struct");
	assert_int_equal(fields.rows[0].name_count, 2);
	assert_string_equal(fields.rows[1].names[1], "core_layout.base");
	assert_string_equal(fields.rows[2].names[0], "a.b");
	assert_int_equal(infer_fields_find(&fields, "module", "module_core", &name), 1);
	assert_int_equal(name, 2);
	assert_int_equal(infer_fields_find(&fields, "module", "core_layout", NULL), INFER_NONE);
	assert_int_equal(infer_fields_find(&fields, "sock", "__state", NULL), INFER_NONE);
	infer_fields_deinit(&fields);
}

static void broken_lines_are_named(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"a.b\nnothing\n", "list:2: \"nothing\": a field is type.member"},
		{"a.\n", "no member is named"},
		{"a.b|c d\n", "not the name of a member"},
		{"a.b..c\n", "not the name of a member"},
		{"a.b.\n", "not the name of a member"},
		{"1a.b\n", "before the first dot"},
		{".b\n", "before the first dot"},
		{"a.b|c|d|e|f\n", "too many names"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct infer_fields fields = {.count = 77};
		struct gap_error error = {{0}};

		assert_int_equal(parse(&fields, cases[i].text, &error), GAP_CORRUPT);
		if (!strstr(error.text, cases[i].words))
			fail_msg("%s: %s", cases[i].text, error.text);
		assert_int_equal(fields.count, 77);
	}
}

static void bytes_are_no_list(void **state)
{
	struct infer_fields fields;

	(void)state;
	assert_int_equal(infer_fields_parse(&fields, "a.b\0c", 5, "list", NULL), GAP_CORRUPT);
}

/* ---- claims ---- */

static void sizes_are_not_disputed(void **state)
{
	struct infer_claims *claims;

	(void)state;
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	assert_int_equal(infer_claims_size_of(claims, "one"), 0);
	infer_claims_size(claims, "one", 24);
	infer_claims_size(claims, "other", 16);
	infer_claims_size(claims, "one", 24);
	assert_int_equal(infer_claims_size_of(claims, "one"), 24);
	infer_claims_size(claims, "one", 32);
	assert_int_equal(infer_claims_size_of(claims, "one"), 0);
	assert_int_equal(infer_claims_size_of(claims, "other"), 16);
	infer_claims_destroy(claims);
}

static void claims_are_kept_in_order(void **state)
{
	struct infer_claims *claims;
	char words[] = "reads the pid";
	uint32_t first, second;

	(void)state;
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	first = infer_claims_class(claims, "code:one");
	second = infer_claims_class(claims, "data:two");
	assert_int_not_equal(first, second);
	assert_int_equal(infer_claims_class(claims, "code:one"), first);
	infer_claims_add(claims,
			 &(struct infer_claim){.field = 3, .class_id = second, .witness = words});
	infer_claims_add(claims, &(struct infer_claim){.field = 1, .class_id = first});
	words[0] = 'X';
	assert_int_equal(infer_claims_count(claims), 2);
	assert_string_equal(infer_claims_at(claims, 0)->witness, "reads the pid");
	assert_string_equal(infer_claims_at(claims, 1)->witness, "");
	assert_null(infer_claims_at(claims, 2));
	assert_string_equal(infer_claims_class_name(claims, second), "data:two");
	assert_string_equal(infer_claims_class_name(claims, 99), "");
	assert_int_equal(infer_claims_status(claims), GAP_OK);
	infer_claims_destroy(claims);
	infer_claims_destroy(NULL);
}

/* ---- symbols ---- */

static void add(struct infer_symbols *symbols, const char *name, char type, uint64_t address)
{
	infer_symbols_add(symbols, name, strlen(name), type, address);
}

static struct infer_symbols *make_symbols(void)
{
	struct infer_symbols *symbols;

	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	add(symbols, "late", 'T', 0x3000);
	add(symbols, "twice", 't', 0x2000);
	add(symbols, "early", 'T', 0x1000);
	add(symbols, "twice", 't', 0x4000);
	add(symbols, "early", '?', 0x1000);
	add(symbols, "", 't', 0x1);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	return symbols;
}

static void symbols_are_found_by_name(void **state)
{
	struct infer_symbols *symbols = make_symbols();
	uint32_t count = 9;

	(void)state;
	assert_int_equal(infer_symbols_count(symbols), 4);
	assert_int_equal(infer_symbols_named(symbols, "early", &count)->address, 0x1000);
	assert_int_equal(count, 1);
	assert_int_equal(infer_symbols_named(symbols, "early", NULL)->type, 'T');
	assert_null(infer_symbols_named(symbols, "twice", &count));
	assert_int_equal(count, 2);
	assert_null(infer_symbols_named(symbols, "never", &count));
	assert_int_equal(count, 0);
	assert_null(infer_symbols_named(symbols, "", &count));
	infer_symbols_destroy(symbols);
}

static void symbols_are_found_by_address(void **state)
{
	struct infer_symbols *symbols = make_symbols();
	uint64_t end = 0;

	(void)state;
	assert_null(infer_symbols_covering(symbols, 0xfff, &end));
	assert_string_equal(infer_symbols_covering(symbols, 0x1000, &end)->name, "early");
	assert_int_equal(end, 0x2000);
	assert_string_equal(infer_symbols_covering(symbols, 0x3fff, &end)->name, "late");
	assert_string_equal(infer_symbols_covering(symbols, UINT64_MAX, &end)->name, "twice");
	assert_true(end == UINT64_MAX);
	infer_symbols_destroy(symbols);
}

static void none_at_all(void **state)
{
	struct infer_symbols *symbols;

	(void)state;
	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	assert_null(infer_symbols_named(symbols, "any", NULL));
	assert_null(infer_symbols_covering(symbols, 5, NULL));
	infer_symbols_destroy(symbols);
	infer_symbols_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_fields),
		cmocka_unit_test(broken_lines_are_named),
		cmocka_unit_test(bytes_are_no_list),
		cmocka_unit_test(claims_are_kept_in_order),
		cmocka_unit_test(sizes_are_not_disputed),
		cmocka_unit_test(symbols_are_found_by_name),
		cmocka_unit_test(symbols_are_found_by_address),
		cmocka_unit_test(none_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
