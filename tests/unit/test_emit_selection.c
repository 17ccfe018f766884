/* SPDX-License-Identifier: MIT */
/* Selections: alternatives, qualified names, order, fields files. */
#include <unistd.h>

#include "emit/selection.h"
#include "tests/unit/emit_fixture.h"

static struct fixture_profile shared;

static int open_shared(void **state)
{
	(void)state;
	shared = fixture_open(8);
	return 0;
}

static int close_shared(void **state)
{
	(void)state;
	fixture_close(&shared);
	return 0;
}

static struct gap_selection *make_selection(void)
{
	struct gap_selection *selection;

	assert_int_equal(gap_selection_create(shared.profile, &selection, NULL), GAP_OK);
	return selection;
}

static void nothing_asked_is_everything(void **state)
{
	struct gap_selection *selection = make_selection();
	struct gap_error error;

	(void)state;
	assert_true(gap_selection_is_everything(NULL));
	assert_true(gap_selection_is_everything(selection));
	/* what was asked for and is not there is no wish for everything */
	assert_int_equal(gap_selection_add_field(selection, "task_struct.nowhere", &error),
			 GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "task_struct.nowhere"));
	assert_false(gap_selection_is_everything(selection));
	gap_selection_destroy(selection);
}

static void first_alternative_wins(void **state)
{
	static const struct {
		const char *field, *type, *path;
		uint64_t offset_bits;
	} cases[] = {
		{"task_struct.state|__state", "task_struct", "__state", 0},
		{"task_struct.pid|tgid", "task_struct", "pid", 8 * 48},
		{"nowhere|task_struct.pid", "task_struct", "pid", 8 * 48},
		{"task_struct.thread.sp", "task_struct", "thread.sp", 8 * 144},
		{"task_struct.deeper", "task_struct", "deeper", 96},
		{"task_struct.grid[1][2]", "task_struct", "grid[1][2]", 8 * 108},
		{"mm_struct.pgd", "mm_struct", "pgd", 64 + 512},
		{"atomic_t.counter", "atomic_t", "counter", 0},
		{"struct:task_struct.pid", "task_struct", "pid", 8 * 48},
		{"conflict@drivers/b.c.y", "conflict", "y", 64},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_selection *selection = make_selection();
		const struct gap_selected_field *field;
		struct gap_error error = {""};
		size_t count;

		if (gap_selection_add_field(selection, cases[i].field, &error))
			fail_msg("%s", error.text);
		field = gap_selection_fields(selection, &count);
		assert_int_equal(count, 1);
		assert_string_equal(field->type, cases[i].type);
		assert_string_equal(field->path, cases[i].path);
		assert_int_equal(field->location.offset_bits, cases[i].offset_bits);
		assert_int_equal(field->number != 0, strcmp(field->type, "conflict") == 0);
		gap_selection_destroy(selection);
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *field;
		enum gap_status status;
	} cases[] = {
		{"conflict.x", GAP_AMBIGUOUS},         {"nowhere|conflict.x", GAP_AMBIGUOUS},
		{"conflict#9.x", GAP_NOT_FOUND},       {"task_struct", GAP_INVALID},
		{"task_struct.", GAP_INVALID},         {".pid", GAP_INVALID},
		{"task_struct.a|b", GAP_NOT_FOUND},    {"opaque.x", GAP_NOT_FOUND},
		{"task_struct.mm.pgd", GAP_NOT_FOUND}, /* no path through a pointer */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_selection *selection = make_selection();
		struct gap_error error = {""};
		size_t count;

		assert_int_equal(gap_selection_add_field(selection, cases[i].field, &error),
				 cases[i].status);
		assert_true(strlen(error.text) > 0);
		gap_selection_fields(selection, &count);
		assert_int_equal(count, 0);
		gap_selection_destroy(selection);
	}
}

static void fields_are_sorted_and_single(void **state)
{
	static const char *const fields[] = {
		"task_struct.tgid", "mm_struct.pgd",  "task_struct.pid",  "task_struct.pid",
		"task_struct.comm", "list_head.next", "task_struct.tgid", NULL};
	static const char *const symbols[] = {"linux_banner", "init_task", "init_task", NULL};
	static const char *const expected[] = {"next", "pgd", "pid", "tgid", "comm"};
	const struct gap_selected_symbol *chosen;
	const struct gap_selected_field *sorted;
	struct gap_selection *selection;
	size_t count;

	(void)state;
	fixture_select(shared.profile, fields, symbols, &selection);
	sorted = gap_selection_fields(selection, &count);
	assert_int_equal(count, COUNT_OF(expected));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(sorted[i].path, expected[i]);
	chosen = gap_selection_symbols(selection, &count);
	assert_int_equal(count, 2);
	assert_string_equal(chosen[0].name, "init_task");
	gap_selection_destroy(selection);
}

static void symbols_are_chosen(void **state)
{
	struct gap_selection *selection = make_selection();
	const struct gap_selected_symbol *symbols;
	struct gap_error error = {""};
	size_t count;

	(void)state;
	assert_int_equal(gap_selection_add_symbol(selection, "twice", &error), GAP_AMBIGUOUS);
	assert_int_equal(gap_selection_add_symbol(selection, "nowhere|neither", &error),
			 GAP_NOT_FOUND);
	assert_int_equal(gap_selection_add_symbol(selection, "nowhere|shadowed", &error), GAP_OK);
	assert_int_equal(gap_selection_add_symbol(selection, "twice#2", &error), GAP_OK);
	symbols = gap_selection_symbols(selection, &count);
	assert_int_equal(count, 2);
	assert_string_equal(symbols[0].name, "shadowed");
	assert_int_equal(symbols[0].symbol.address, 0xffffffff82007000);
	assert_string_equal(symbols[1].name, "twice");
	assert_int_equal(symbols[1].number, 2);
	gap_selection_destroy(selection);
}

/* ---- fields files ---- */

static void write_file(char *path, const char *text)
{
	int file = mkstemp(path);

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	close(file);
}

static void files_are_read(void **state)
{
	char path[] = "/tmp/semgap-fields-XXXXXX";
	struct gap_selection *selection = make_selection();
	struct fixture_warnings warnings = {""};
	struct gap_error error = {""};
	size_t count;

	(void)state;
	write_file(path, "# a comment\n\n  task_struct.pid   # behind\r\n"
			 "task_struct.nowhere|__state\ntask_struct.absent\nconflict#2.x");
	if (gap_selection_add_file(selection, path, fixture_warn, &warnings, &error))
		fail_msg("%s", error.text);
	gap_selection_fields(selection, &count);
	assert_int_equal(count, 3);
	assert_non_null(strstr(warnings.text, "task_struct.absent"));
	unlink(path);
	gap_selection_destroy(selection);
}

static void files_say_where_they_are_wrong(void **state)
{
	char path[] = "/tmp/semgap-fields-XXXXXX";
	struct gap_selection *selection = make_selection();
	struct gap_error error = {""};

	(void)state;
	write_file(path, "task_struct.pid\nnonsense\n");
	assert_int_equal(gap_selection_add_file(selection, path, NULL, NULL, &error), GAP_INVALID);
	assert_non_null(strstr(error.text, ":2:"));
	unlink(path);
	assert_int_equal(gap_selection_add_file(selection, path, NULL, NULL, &error), GAP_IO);
	gap_selection_destroy(selection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_is_everything),
		cmocka_unit_test(first_alternative_wins),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(fields_are_sorted_and_single),
		cmocka_unit_test(symbols_are_chosen),
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(files_say_where_they_are_wrong),
	};

	return cmocka_run_group_tests(tests, open_shared, close_shared);
}
