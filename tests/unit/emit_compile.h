/* SPDX-License-Identifier: MIT */
/* Giving what was emitted to compilers. */
#ifndef SEMGAP_TESTS_EMIT_COMPILE_H
#define SEMGAP_TESTS_EMIT_COMPILE_H

#include <unistd.h>

#include "tests/unit/emit_fixture.h"

static inline bool have(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s > /dev/null", program);
	return system(command) == 0; /* NOLINT: a constant */
}

/* Compiles a file that includes the header; @flags tell which languages and what. */
static inline void compile(const char *directory, const char *compiler, const char *flags,
			   const char *more)
{
	char command[4096];

	if (!have(compiler)) {
		print_message("no %s here: not tried\n", compiler);
		return;
	}
	snprintf(command, sizeof(command),
		 "cd %s && %s %s -Wall -Wextra %s -Werror -I%s/runtime/include -I. "
		 "-fsyntax-only user.c",
		 directory, compiler, flags, more, SEMGAP_SOURCE_DIR);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static inline void compile_everywhere(const char *directory, const char *more)
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
		compile(directory, ways[i].compiler, ways[i].flags, more);
}

static inline void write_text(const char *directory, const char *name, const char *text)
{
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	stream = fopen(path, "we");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static inline void remove_files(const char *directory)
{
	static const char *const files[] = {"target.h", "user.c"};
	char path[512];

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		unlink(path);
	}
	rmdir(directory);
}

/** Compiles @header, included twice, in every language and with every compiler; @more: flags. */
static inline void expect_compiles(const char *header, const char *more)
{
	char directory[] = "/tmp/semgap-header-XXXXXX";

	assert_non_null(mkdtemp(directory));
	write_text(directory, "target.h", header);
	/* twice: the guard must hold */
	write_text(directory, "user.c",
		   "#include \"target.h\"\n#include \"target.h\"\n"
		   "int main(void)\n{\n\treturn 0;\n}\n");
	compile_everywhere(directory, more);
	remove_files(directory);
}

#endif
