/* SPDX-License-Identifier: MIT */
/* --format header: golden files, which compile as C11 and C++17. */
#include <unistd.h>

#include "tests/unit/emit_fixture.h"

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

static bool have(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s > /dev/null", program);
	return system(command) == 0; /* NOLINT: a constant */
}

/* Compiles a file that includes the header; @flags tell which languages and what. */
static void compile(const char *directory, const char *compiler, const char *flags)
{
	char command[4096];

	if (!have(compiler)) {
		print_message("no %s here: not tried\n", compiler);
		return;
	}
	snprintf(command, sizeof(command),
		 "cd %s && %s %s -Wall -Wextra -pedantic -Werror -I%s/runtime/include -I. "
		 "-fsyntax-only user.c",
		 directory, compiler, flags, SEMGAP_SOURCE_DIR);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void compile_everywhere(const char *directory)
{
	static const struct {
		const char *compiler, *flags;
	} ways[] = {
		{"gcc", "-x c -std=c11"},
		{"gcc", "-x c++ -std=c++17"},
		{"clang", "-x c -std=c11"},
		{"clang", "-x c++ -std=c++17"},
		{"gcc", "-x c -std=gnu11 -DGAP_HEADER_NO_READERS"},
		{"clang", "-x c++ -std=gnu++17 -DGAP_HEADER_NO_READERS"},
	};

	for (size_t i = 0; i < COUNT_OF(ways); i++)
		compile(directory, ways[i].compiler, ways[i].flags);
}

static void write_text(const char *directory, const char *name, const char *text)
{
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	stream = fopen(path, "we");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static void remove_files(const char *directory)
{
	static const char *const files[] = {"target.h", "user.c"};
	char path[512];

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		unlink(path);
	}
	rmdir(directory);
}

static void expect_compiles(const char *header)
{
	char directory[] = "/tmp/semgap-header-XXXXXX";

	assert_non_null(mkdtemp(directory));
	write_text(directory, "target.h", header);
	/* twice: the guard must hold */
	write_text(directory, "user.c",
		   "#include \"target.h\"\n#include \"target.h\"\n"
		   "int main(void)\n{\n\treturn 0;\n}\n");
	compile_everywhere(directory);
	remove_files(directory);
}

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
	expect_compiles(text);
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
