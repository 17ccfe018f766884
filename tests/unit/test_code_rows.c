/* SPDX-License-Identifier: MIT */
/* The language of witnesses: what is built in parses; mistakes are told where they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "infer/code_rows.h"
#include "infer/code_run.h"

static void the_table_parses(void **state)
{
	struct code_rows rows;
	const struct code_prototype *row;

	(void)state;
	if (code_rows_init(&rows) != GAP_OK)
		fail_msg("%s", rows.problem);
	row = code_rows_prototype(&rows, "get_task_mm");
	assert_non_null(row);
	assert_string_equal(code_rows_string(&rows, row->parameters[0]), "task_struct");
	assert_string_equal(code_rows_string(&rows, row->result), "mm_struct");
	assert_non_null(code_rows_prototype(&rows, "__x64_sys_getuid"));
	assert_null(code_rows_prototype(&rows, "getuid"));
	assert_null(code_rows_prototype(&rows, "task_struct"));
	code_rows_deinit(&rows);
}

/* A function's first prototype would hide the others. */
static void no_function_is_there_twice(void **state)
{
	struct code_rows rows;

	(void)state;
	assert_int_equal(code_rows_init(&rows), GAP_OK);
	for (uint32_t i = 0; i < rows.prototypes.count; i++)
		for (uint32_t k = 0; k < rows.prototypes.items[i].name_count; k++) {
			const char *name = rows.names.items[rows.prototypes.items[i].names + k];

			if (code_rows_prototype(&rows, name) != &rows.prototypes.items[i])
				fail_msg("%s has two rows", name);
		}
	code_rows_deinit(&rows);
}

static void begin(struct code_rows *rows)
{
	assert_true(code_rows_begin(rows));
	assert_true(code_rows_add_member(rows, "box", "lid", "*lid"));
	assert_true(code_rows_add_member(rows, "box", "count=inner.count", "4"));
	assert_true(code_rows_add_member(rows, "box", "inside", ".box"));
	assert_true(code_rows_add_object(rows, "first_box", "box"));
}

static void words_become_rows(void **state)
{
	struct code_rows rows;
	const struct code_prototype *row;
	const struct code_statement *statement;

	(void)state;
	begin(&rows);
	assert_true(code_rows_add_function(
		&rows, "open_box|__open_box(-, box, u64) lid",
		"return arg1->lid; call f|g 2 &any box.inside.count; print 'n: ' via h 1 current"));
	assert_true(code_rows_add_function(&rows, "die(-, ...) !noreturn", ""));
	assert_true(code_rows_finish(&rows));
	row = code_rows_prototype(&rows, "__open_box");
	assert_non_null(row);
	assert_int_equal(row->statement_count, 3);
	assert_int_equal(row->wide, 1 << 2);
	statement = &rows.statements.items[row->statements];
	assert_int_equal(statement->verb, CODE_RETURN_OF);
	assert_int_equal(statement->what.base, CODE_B_ARGUMENT);
	assert_int_equal(statement->what.step_count, 1);
	statement++;
	assert_int_equal(statement->verb, CODE_CALL_WITH);
	assert_int_equal(statement->argument, 2);
	assert_int_equal(statement->name_count, 2);
	assert_true(statement->what.address);
	assert_int_equal(statement->what.steps[1].kind, CODE_EMBEDDED);
	statement++;
	assert_string_equal(statement->text, "n: ");
	assert_int_equal(statement->via_count, 1);
	assert_string_equal(rows.members.items[1].field, "inner.count");
	row = code_rows_prototype(&rows, "die");
	assert_int_equal(row->callee, CODE_C_NORETURN);
	assert_true(row->variadic);
	code_rows_deinit(&rows);
}

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *prototype, *statements, *words;
	} cases[] = {
		{"f(box", "", "\",\" or \")\""},
		{"(box)", "", "a name is missing"},
		{"f(box)", "returns arg0", "not a statement"},
		{"f(box)", "return arg0->hinge", "no such member"},
		{"f(box)", "return arg0->lid->lid", "no such member"},
		{"f(box)", "call g arg0", "a number is missing"},
		{"f(box)", "print n: arg0", "'"},
		{"f(box)", "return object last_box", "no such object"},
		{"f(box)", "store arg1 arg0->lid", "to"},
		{"f(box)", "return arg0->lid return arg0->lid", ";"},
		{"f(-,-,-,-,box,box,box,box,box)", "", "too many parameters"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct code_rows rows;

		begin(&rows);
		assert_false(
			code_rows_add_function(&rows, cases[i].prototype, cases[i].statements));
		if (!strstr(rows.problem, cases[i].words))
			fail_msg("\"%s\" does not say \"%s\"", rows.problem, cases[i].words);
		code_rows_deinit(&rows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_parses),
		cmocka_unit_test(no_function_is_there_twice),
		cmocka_unit_test(words_become_rows),
		cmocka_unit_test(mistakes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
