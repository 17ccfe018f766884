/* SPDX-License-Identifier: MIT */
/* What a monitor wants: merging of uses, the selection file there and back, files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile/wanted.h"
#include "tests/support/making.h"

/* Items do not change their texts. */
#define TEXT(text) ((char *)(uintptr_t)(text))

static struct gap_wanted_item field_item(const char *declared, const char *member)
{
	const char *tag = strchr(declared, ' ');

	return (struct gap_wanted_item){
		.kind = GAP_WANT_FIELD,
		.name = TEXT(tag ? tag + 1 : declared),
		.declared = TEXT(declared),
		.base = TEXT(""),
		.member = TEXT(member),
		.also = TEXT(""),
		.c_type = TEXT("int"),
		.form = GAP_FORM_INT,
		.size_bytes = 4,
		.declared_bytes = 4,
		.is_signed = true,
		.read = true,
	};
}

static enum gap_status add(struct gap_wanted *wanted, const struct gap_wanted_item *item,
			   unsigned line, struct gap_error *error)
{
	struct gap_wanted_use use = {TEXT("ps.c"), line};

	return gap_wanted_add(wanted, item, &use, error);
}

static void uses_of_one_thing_are_merged(void **state)
{
	struct gap_wanted wanted = {NULL, 0, 0};
	struct gap_wanted_item item = field_item("struct task", "pid");

	(void)state;
	item.optional = true;
	item.read = false;
	assert_int_equal(add(&wanted, &item, 1, NULL), GAP_OK); /* asked for */
	assert_true(wanted.items[0].optional && !wanted.items[0].read);
	item.read = item.widen = true;
	assert_int_equal(add(&wanted, &item, 2, NULL), GAP_OK); /* read widened */
	assert_true(wanted.items[0].optional && wanted.items[0].read && wanted.items[0].widen);
	item.optional = item.widen = false;
	assert_int_equal(add(&wanted, &item, 3, NULL), GAP_OK); /* and plainly */
	assert_int_equal(add(&wanted, &item, 3, NULL), GAP_OK); /* twice on a line */
	assert_false(wanted.items[0].optional || wanted.items[0].widen);
	assert_int_equal(wanted.count, 1);
	assert_int_equal(wanted.items[0].use_count, 3);
	gap_wanted_deinit(&wanted);
}

static void items_are_sorted(void **state)
{
	static const char *const members[] = {"pid", "mm", "tgid", "comm"};
	struct gap_wanted wanted = {NULL, 0, 0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct gap_wanted_item item = field_item("struct task", members[i]);

		assert_int_equal(add(&wanted, &item, 1, NULL), GAP_OK);
	}
	assert_string_equal(wanted.items[0].member, "comm");
	assert_string_equal(wanted.items[3].member, "tgid");
	gap_wanted_deinit(&wanted);
}

static void two_declarations_are_an_error(void **state)
{
	struct gap_wanted wanted = {NULL, 0, 0};
	struct gap_wanted_item item = field_item("struct task", "pid");
	struct gap_error error = {""};

	(void)state;
	assert_int_equal(add(&wanted, &item, 3, NULL), GAP_OK);
	item.size_bytes = item.declared_bytes = 8;
	item.c_type = TEXT("long long");
	assert_int_equal(add(&wanted, &item, 9, &error), GAP_MISMATCH);
	assert_non_null(strstr(error.text, "struct task.pid has two declarations"));
	assert_non_null(strstr(error.text, "\"int\" where ps.c:3"));
	assert_non_null(strstr(error.text, "\"long long\" at ps.c:9"));
	assert_int_equal(wanted.count, 1);
	gap_wanted_deinit(&wanted);
}

/* ---- the file ---- */

static char *written(const struct gap_wanted *wanted, size_t *length)
{
	char *text = NULL;
	FILE *stream = open_memstream(&text, length);

	assert_non_null(stream);
	assert_int_equal(gap_wanted_write(wanted, stream, NULL), GAP_OK);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void there_and_back(void **state)
{
	struct gap_wanted wanted = {NULL, 0, 0}, again = {NULL, 0, 0};
	struct gap_wanted_item item = field_item("union task___old", "d_alias");
	struct gap_error error = {""};
	size_t length, second_length;
	char *text, *second;

	(void)state;
	item.name = TEXT("task");
	item.base = TEXT("d_u");
	item.also = TEXT("d_u.d_child|d_child");
	item.form = GAP_FORM_BITS;
	item.width = 3;
	item.widen = item.optional = item.whole = true;
	assert_int_equal(add(&wanted, &item, 12, NULL), GAP_OK);
	assert_int_equal(add(&wanted, &item, 14, NULL), GAP_OK);
	item = (struct gap_wanted_item){.kind = GAP_WANT_SYMBOL,
					.name = TEXT("current_task"),
					.declared = TEXT(""),
					.base = TEXT(""),
					.member = TEXT(""),
					.also = TEXT(""),
					.c_type = TEXT(""),
					.percpu = true,
					.read = true};
	assert_int_equal(add(&wanted, &item, 15, NULL), GAP_OK);
	text = written(&wanted, &length);
	if (gap_wanted_parse(text, length, "s.json", &again, &error))
		fail_msg("%s", error.text);
	assert_int_equal(again.count, 2);
	assert_string_equal(again.items[0].also, "d_u.d_child|d_child");
	assert_int_equal(again.items[0].width, 3);
	assert_true(again.items[0].optional && again.items[0].widen && again.items[0].whole);
	assert_true(again.items[1].percpu);
	second = written(&again, &second_length);
	assert_int_equal(length, second_length);
	assert_memory_equal(text, second, length);
	free(text);
	free(second);
	gap_wanted_deinit(&wanted);
	gap_wanted_deinit(&again);
}

#define ROW(rest)                                                                                  \
	"{\"schema\":\"semgap/selection/1\",\"fields\":[{\"type\":\"task\",\"declared\":\"struct " \
	"task\",\"member\":\"pid\",\"form\":\"int\",\"size_bytes\":4,\"uses\":[{\"file\":\"a\","   \
	"\"line\":1}]" rest "}]}"

static void files_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum gap_status status;
		const char *words;
	} refused[] = {
		{"", GAP_INVALID, "no JSON"},
		{"{", GAP_INVALID, "no JSON"},
		{"[]", GAP_INVALID, "is no selection"},
		{"{}", GAP_INVALID, "is no selection"},
		{"{\"schema\":1}", GAP_INVALID, "is no selection"},
		{"{\"schema\":\"semgap/selection/2\"}", GAP_UNSUPPORTED, "semgap/selection/2"},
		{"{\"schema\":\"semgap/selection/1\",\"fields\":7}", GAP_INVALID, "no list"},
		{"{\"schema\":\"semgap/selection/1\",\"fields\":[7]}", GAP_INVALID, "objects"},
		{"{\"schema\":\"semgap/selection/1\",\"symbols\":[{\"name\":\"x\"}]}", GAP_INVALID,
		 "symbols[0]: \"uses\""},
		{"{\"schema\":\"semgap/selection/1\",\"symbols\":[{\"name\":\"x\\\" );\","
		 "\"uses\":[{\"file\":\"a\",\"line\":1}]}]}",
		 GAP_INVALID, "\"name\" is no name"},
		{ROW(",\"member\":\"a b\""), GAP_INVALID, "\"member\""},
		{ROW(",\"member\":\"\""), GAP_INVALID, "\"member\""},
		{ROW(",\"member\":\"1a\""), GAP_INVALID, "\"member\""},
		{ROW(",\"declared\":\"struct a; int b\""), GAP_INVALID, "\"declared\""},
		{ROW(",\"also\":\"a||b\""), GAP_INVALID, "\"also\""},
		{ROW(",\"base\":\".a\""), GAP_INVALID, "\"base\""},
		{ROW(",\"form\":\"float\""), GAP_INVALID, "\"form\""},
		{ROW(",\"size_bytes\":-1"), GAP_INVALID, "\"size_bytes\""},
		{ROW(",\"size_bytes\":\"4\""), GAP_INVALID, "\"size_bytes\""},
		{ROW(",\"width_bits\":65"), GAP_INVALID, "\"width_bits\""},
		{ROW(",\"required\":1"), GAP_INVALID, "\"required\""},
		{ROW(",\"uses\":[1]"), GAP_INVALID, "\"uses\""},
		{ROW(",\"uses\":[]"), GAP_INVALID, "\"uses\""},
		{ROW(",\"uses\":[{\"file\":3,\"line\":1}]"), GAP_INVALID, "\"file\""},
		{ROW(",\"member\":\"a\\u0000b\""), GAP_INVALID, "zero byte"},
	};
	struct gap_wanted wanted = {NULL, 0, 0};
	struct gap_error error;

	(void)state;
	assert_int_equal(gap_wanted_parse(ROW(""), strlen(ROW("")), "s.json", &wanted, &error),
			 GAP_OK);
	assert_int_equal(wanted.count, 1);
	gap_wanted_deinit(&wanted);
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		enum gap_status status = gap_wanted_parse(refused[i].text, strlen(refused[i].text),
							  "s.json", &wanted, &error);

		if (status != refused[i].status || !strstr(error.text, refused[i].words) ||
		    !strstr(error.text, "s.json"))
			fail_msg("%s: %s", refused[i].text, error.text);
		assert_int_equal(wanted.count, 0);
	}
	assert_int_equal(gap_wanted_read("/nonexistent/s.json", &wanted, &error), GAP_IO);
	assert_non_null(strstr(error.text, "/nonexistent/s.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uses_of_one_thing_are_merged),
		cmocka_unit_test(items_are_sorted),
		cmocka_unit_test(two_declarations_are_an_error),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(files_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
