/* SPDX-License-Identifier: MIT */
/* Binding: alternatives in order, optional and required fields, one error that names everything that is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/bind.h"
#include "tests/support/making.h"

static gap_type_id make_signed(struct gap_builder *builder)
{
	return gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = GAP_KIND_INT,
						  .flags = GAP_TYPE_SIGNED,
						  .name = gap_builder_name(builder, "int"),
						  .size_bytes = 4});
}

static struct frozen make_profile(void)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_signed(builder), word = make_int(builder, "u64", 8);
	gap_type_id pid_t = make_alias(builder, GAP_KIND_TYPEDEF, "pid_t", integer);
	gap_type_id inner = make_struct(builder, "path", 8, MAKE_MEMBERS({"dentry", word, 0, 0}));
	gap_type_id far = make_struct(builder, "far", 64, MAKE_MEMBERS({"away", word, 256, 0}));

	make_struct(builder, "task_struct", 64,
		    MAKE_MEMBERS(
			    {"__state", word, 0, 0}, {"pid", pid_t, 64, 0},
			    {"bits", integer, 101, 3}, {"f_path", inner, 128, 0},
			    {"comm", make_array(builder, make_int(builder, "char", 1), 16), 192, 0},
			    {"far", far, UINT64_C(0xfffffff0) * 8, 0}));
	make_struct(builder, "twice", 4, MAKE_MEMBERS({"a", integer, 0, 0}));
	make_struct(builder, "twice", 8, MAKE_MEMBERS({"a", integer, 0, 0}));
	make_symbol(builder, "init_task", NULL, 0xffffffff82000000, 0);
	make_symbol(builder, "zero", NULL, 0, GAP_SYMBOL_PERCPU);
	make_symbol(builder, "torn", "a.c", 1, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "torn", "b.c", 2, GAP_SYMBOL_LOCAL);
	gap_builder_target_set(builder, &(struct gap_build_target){.release = "6.1.0-test"});
	return freeze(builder, GAP_FREEZE_MINIMAL);
}

/* ---- fields ---- */

struct field_case {
	struct gap_field_request request;
	enum gap_status status;
	struct gap_field field;
};

static const struct field_case field_cases[] = {
	{{"task_struct", "pid", 4, 0}, GAP_OK, {8, 4, 0, 0, 1, 1}},
	{{"task_struct", "pid", 0, 0}, GAP_OK, {8, 4, 0, 0, 1, 1}},
	{{"task_struct", "bits", 4, 0}, GAP_OK, {12, 4, 5, 3, 1, 1}},
	{{"task_struct", "__state|state", 0, 0}, GAP_OK, {0, 8, 0, 0, 0, 1}},
	{{"task_struct", "state|__state", 0, 0}, GAP_OK, {0, 8, 0, 0, 0, 1}},
	{{"task_struct", "f_dentry|f_path.dentry", 8, 0}, GAP_OK, {16, 8, 0, 0, 0, 1}},
	{{"task_struct", "comm", 16, 0}, GAP_OK, {24, 16, 0, 0, 0, 1}},
	{{"task_struct", "comm[3]", 1, 0}, GAP_OK, {27, 1, 0, 0, 0, 1}},
	{{"old_task|struct:task_struct", "pid", 4, 0}, GAP_OK, {8, 4, 0, 0, 1, 1}},
	{{"task_struct", "state", 0, 1}, GAP_OK, {0, 0, 0, 0, 0, 0}},
	{{"no_struct", "state", 0, 1}, GAP_OK, {0, 0, 0, 0, 0, 0}},
	{{"task_struct", "state", 0, 0}, GAP_NOT_FOUND, {0}},
	{{"no_struct", "pid", 0, 0}, GAP_NOT_FOUND, {0}},
	{{"", "pid", 0, 0}, GAP_NOT_FOUND, {0}},
	{{"task_struct", "", 0, 0}, GAP_NOT_FOUND, {0}},
	{{"task_struct", "pid", 8, 0}, GAP_MISMATCH, {0}},
	{{"task_struct", "pid", 8, 1}, GAP_MISMATCH, {0}}, /* optional is about being there */
	{{"twice", "a", 0, 0}, GAP_AMBIGUOUS, {0}},
	{{"twice", "a", 0, 1}, GAP_AMBIGUOUS, {0}},
	{{"twice#1", "a", 0, 0}, GAP_OK, {0, 4, 0, 0, 1, 1}},
	{{"task_struct", "far.away", 0, 0}, GAP_UNSUPPORTED, {0}},
};

static void fields_one_by_one(void **state)
{
	static const struct gap_field untouched = {7, 7, 7, 7, 7, 7};
	struct frozen frozen = make_profile();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(field_cases); i++) {
		const struct field_case *expected = &field_cases[i];
		struct gap_field field = untouched;
		struct gap_error error = {""};

		if (gap_bind_fields(frozen.profile, &expected->request, 1, &field, &error) !=
		    expected->status)
			fail_msg("%s.%s: %s", expected->request.type, expected->request.member,
				 error.text);
		assert_memory_equal(&field, expected->status ? &untouched : &expected->field,
				    sizeof(field));
		assert_int_equal(expected->status != GAP_OK,
				 strstr(error.text, "kernel 6.1.0-test") != NULL);
	}
	frozen_deinit(&frozen);
}

static void all_that_is_missing_is_named(void **state)
{
	static const struct gap_field_request requests[] = {
		{"task_struct", "pid", 4, 0},    {"task_struct", "ghost", 0, 0},
		{"task_struct", "spirit", 0, 1}, {"phantom", "x", 0, 0},
		{"task_struct", "pid", 2, 0},
	};
	struct gap_field fields[COUNT_OF(requests)], untouched[COUNT_OF(requests)];
	struct frozen frozen = make_profile();
	struct gap_error error = {""};

	(void)state;
	memset(fields, 0x55, sizeof(fields));
	memset(untouched, 0x55, sizeof(untouched));
	assert_int_equal(
		gap_bind_fields(frozen.profile, requests, COUNT_OF(requests), fields, &error),
		GAP_NOT_FOUND);
	assert_memory_equal(fields, untouched, sizeof(fields));
	assert_non_null(strstr(error.text, "6.1.0-test"));
	assert_non_null(strstr(error.text, "ghost"));
	assert_non_null(strstr(error.text, "phantom"));
	assert_non_null(strstr(error.text, "task_struct.pid has 4 bytes"));
	assert_null(strstr(error.text, "spirit"));
	frozen_deinit(&frozen);
}

static void many_errors_are_cut(void **state)
{
	struct gap_field_request requests[200];
	struct gap_field fields[200];
	struct frozen frozen = make_profile();
	struct gap_error error;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(requests); i++)
		requests[i] =
			(struct gap_field_request){"task_struct", "a_name_that_is_not_there", 0, 0};
	assert_int_equal(gap_bind_fields(frozen.profile, requests, 200, fields, &error),
			 GAP_NOT_FOUND);
	assert_true(memchr(error.text, '\0', sizeof(error.text)) != NULL);
	assert_int_equal(gap_bind_fields(frozen.profile, requests, 200, fields, NULL),
			 GAP_NOT_FOUND);
	assert_int_equal(gap_bind_fields(frozen.profile, requests, 0, NULL, &error), GAP_OK);
	frozen_deinit(&frozen);
}

/* No name is that long: it is not found, in words. */
static void an_over_long_name_is_not_found(void **state)
{
	char name[600];
	struct gap_field_request request = {name, "pid", 0, 0};
	struct gap_symbol_request symbol = {name, 0};
	struct frozen frozen = make_profile();
	struct gap_bound_symbol bound;
	struct gap_error error = {""};
	struct gap_field field;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(gap_bind_fields(frozen.profile, &request, 1, &field, &error),
			 GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "xxxxxxxx"));
	assert_int_equal(gap_bind_symbols(frozen.profile, &symbol, 1, &bound, &error),
			 GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "xxxxxxxx"));
	frozen_deinit(&frozen);
}

/* ---- symbols ---- */

static void symbols_one_by_one(void **state)
{
	static const struct {
		struct gap_symbol_request request;
		enum gap_status status;
		struct gap_bound_symbol bound;
	} cases[] = {
		{{"init_task", 0}, GAP_OK, {0xffffffff82000000, 1}},
		{{"init_process|init_task", 0}, GAP_OK, {0xffffffff82000000, 1}},
		{{"zero", 0}, GAP_OK, {0, 1}}, /* address 0 is an address */
		{{"ghost", 1}, GAP_OK, {0, 0}},
		{{"ghost|spirit", 0}, GAP_NOT_FOUND, {0, 0}},
		{{"", 0}, GAP_NOT_FOUND, {0, 0}},
		{{"torn", 0}, GAP_AMBIGUOUS, {0, 0}},
		{{"torn", 1}, GAP_AMBIGUOUS, {0, 0}},
		{{"torn#2", 0}, GAP_OK, {2, 1}},
	};
	struct frozen frozen = make_profile();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_bound_symbol bound = {77, 77};
		struct gap_error error = {""};

		if (gap_bind_symbols(frozen.profile, &cases[i].request, 1, &bound, &error) !=
		    cases[i].status)
			fail_msg("%s: %s", cases[i].request.name, error.text);
		assert_int_equal(bound.address, cases[i].status ? 77 : cases[i].bound.address);
		assert_int_equal(bound.present, cases[i].status ? 77 : cases[i].bound.present);
	}
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_one_by_one),
		cmocka_unit_test(all_that_is_missing_is_named),
		cmocka_unit_test(many_errors_are_cut),
		cmocka_unit_test(an_over_long_name_is_not_found),
		cmocka_unit_test(symbols_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
