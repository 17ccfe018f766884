/* SPDX-License-Identifier: MIT */
/* --format header: golden files, which compile as C11 and C++17. */
#include "tests/unit/emit_compile.h"

static const char *const traps[] = {"task_struct.__state",
				    "task_struct.pid",
				    "task_struct.comm",
				    "task_struct.tasks",
				    "task_struct.mm",
				    "task_struct.jobctl",
				    "task_struct.in_execve",
				    "task_struct.wide",
				    "task_struct.kind",
				    "task_struct.ready",
				    "task_struct.usage",
				    "task_struct.usage.counter",
				    "task_struct.class",
				    "task_struct.grid",
				    "task_struct.grid[1][2]",
				    "task_struct.hook",
				    "task_struct.private",
				    "task_struct.thread.sp",
				    "task_struct.tail",
				    "task_struct.whole",
				    "task_struct.deeper",
				    "task_struct.loginuid_set",
				    "task_struct.real_parent",
				    "mm_struct.pgd",
				    "packed.type",
				    "packed.length",
				    "packed.high",
				    "packed.tail",
				    "conflict#2.x",
				    "conflict#1.x",
				    "atomic_t.counter",
				    NULL};
static const char *const names[] = {"init_task", "twice#1", "current_task", "dotted.1", NULL};

static void check_header(unsigned pointer_bytes, bool whole, const char *golden)
{
	struct fixture_profile opened = fixture_open(pointer_bytes);
	struct gap_selection *selection = NULL;
	struct fixture_warnings warnings;
	size_t size_bytes;
	char *text;

	if (!whole)
		fixture_select(opened.profile, traps, names, &selection);
	text = fixture_emit(opened.profile, "header", selection, &warnings, &size_bytes);
	fixture_golden(golden, text, size_bytes);
	expect_compiles(text, "-pedantic");
	if (whole) {
		assert_non_null(strstr(warnings.text, "conflict has several definitions"));
		assert_non_null(strstr(warnings.text, "several values"));
	}
	free(text);
	gap_selection_destroy(selection);
	fixture_close(&opened);
}

static void selection_of_64_bits(void **state)
{
	(void)state;
	check_header(8, false, "fixture64.select.h.golden");
}

static void selection_of_32_bits(void **state)
{
	(void)state;
	check_header(4, false, "fixture32.select.h.golden");
}

static void whole_of_64_bits(void **state)
{
	(void)state;
	check_header(8, true, "fixture64.h.golden");
}

static void whole_of_32_bits(void **state)
{
	(void)state;
	check_header(4, true, "fixture32.h.golden");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selection_of_64_bits),
		cmocka_unit_test(selection_of_32_bits),
		cmocka_unit_test(whole_of_64_bits),
		cmocka_unit_test(whole_of_32_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
