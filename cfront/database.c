/* SPDX-License-Identifier: MIT */
/*
 * compile_commands.json: of a source's command what decides about headers and layouts. The rest (what to
 * write, how to optimise, another compiler's options) would only be in libclang's way.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfront/libclang.h"

#define ARGUMENT_BYTES 4096

/* Options with a path, which may be relative to where the compiler ran; or with any other value. */
static const char *const path_options[] = {
	"-I", "-isystem", "-iquote", "-idirafter", "-include", "-imacros", "--sysroot",
};
static const char *const value_options[] = {"-D", "-U"};
static const char *const kept_options[] = {
	"-std=",
	"-m",
	"-fsigned-char",
	"-funsigned-char",
	"-fshort-enums",
	"-fms-extensions",
	"-fplan9-extensions",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *option_of(const char *argument, const char *const *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(argument, options[i], strlen(options[i])) == 0)
			return options[i];
	return NULL;
}

struct taking {
	const struct gap_clang *clang;
	CXCompileCommand command;
	unsigned at, count;
	char directory[PATH_MAX];
	struct gap_cfront_arguments *arguments;
	struct gap_error *error;
};

static void argument_text(const struct taking *taking, unsigned at, char text[ARGUMENT_BYTES])
{
	gap_clang_text(taking->clang, taking->clang->CompileCommand_getArg(taking->command, at),
		       text, ARGUMENT_BYTES);
}

/* "-Idir", "-I dir", "--sysroot=dir": one argument or two, the path made whole. */
static enum gap_status take_valued(struct taking *taking, const char *text, const char *option,
				   bool is_path)
{
	char value[ARGUMENT_BYTES], whole[ARGUMENT_BYTES + PATH_MAX];
	const char *from = text + strlen(option);
	enum gap_status status;

	if (!*from && taking->at + 1 < taking->count) {
		argument_text(taking, ++taking->at, value);
		from = value;
	}
	from += *from == '=' && is_path;
	status = gap_cfront_argument_add(taking->arguments, option, taking->error);
	if (status)
		return status;
	if (is_path && *from != '/')
		snprintf(whole, sizeof(whole), "%s/%s", taking->directory, from);
	else
		snprintf(whole, sizeof(whole), "%s", from);
	return gap_cfront_argument_add(taking->arguments, whole, taking->error);
}

static enum gap_status take_argument(struct taking *taking)
{
	char text[ARGUMENT_BYTES];
	const char *option;

	argument_text(taking, taking->at, text);
	option = option_of(text, path_options, COUNT_OF(path_options));
	if (option)
		return take_valued(taking, text, option, true);
	option = option_of(text, value_options, COUNT_OF(value_options));
	if (option)
		return take_valued(taking, text, option, false);
	if (option_of(text, kept_options, COUNT_OF(kept_options)))
		return gap_cfront_argument_add(taking->arguments, text, taking->error);
	return GAP_OK;
}

static enum gap_status take_command(const struct gap_clang *clang, CXCompileCommand command,
				    struct gap_cfront_arguments *arguments, struct gap_error *error)
{
	struct taking taking = {
		.clang = clang,
		.command = command,
		.count = clang->CompileCommand_getNumArgs(command),
		.arguments = arguments,
		.error = error,
	};
	enum gap_status status = GAP_OK;

	gap_clang_text(clang, clang->CompileCommand_getDirectory(command), taking.directory,
		       sizeof(taking.directory));
	for (taking.at = 1; taking.at < taking.count && !status; taking.at++)
		status = take_argument(&taking);
	return status;
}

static enum gap_status find_command(const struct gap_clang *clang, CXCompilationDatabase database,
				    const char *source, struct gap_cfront_arguments *arguments,
				    struct gap_error *error)
{
	char whole[PATH_MAX];
	CXCompileCommands commands;
	enum gap_status status;

	if (!realpath(source, whole))
		return gap_fail(error, GAP_IO, "%.500s: no such file", source);
	commands = clang->CompilationDatabase_getCompileCommands(database, whole);
	if (!commands || clang->CompileCommands_getSize(commands) == 0)
		status = gap_fail(error, GAP_NOT_FOUND, "%.500s is not in compile_commands.json",
				  source);
	else
		status = take_command(clang, clang->CompileCommands_getCommand(commands, 0),
				      arguments, error);
	if (commands)
		clang->CompileCommands_dispose(commands);
	return status;
}

/* libclang wants the folder. */
static void folder_of(const char *database, char folder[PATH_MAX])
{
	static const char file[] = "compile_commands.json";
	size_t length = strlen(database), tail = sizeof(file) - 1;

	if (length >= tail && strcmp(database + length - tail, file) == 0)
		length -= tail;
	snprintf(folder, PATH_MAX, "%.*s%s", (int)length, database, length ? "" : ".");
}

enum gap_status gap_cfront_arguments_find(const char *database, const char *source,
					  struct gap_cfront_arguments *arguments,
					  struct gap_error *error)
{
	CXCompilationDatabase_Error code = CXCompilationDatabase_NoError;
	CXCompilationDatabase opened;
	struct gap_clang clang;
	char folder[PATH_MAX];
	enum gap_status status = gap_clang_load(&clang, error);

	if (status)
		return status;
	folder_of(database, folder);
	opened = clang.CompilationDatabase_fromDirectory(folder, &code);
	if (code != CXCompilationDatabase_NoError)
		return gap_fail(error, GAP_IO, "%.500s: no compile_commands.json can be read there",
				database);
	status = find_command(&clang, opened, source, arguments, error);
	clang.CompilationDatabase_dispose(opened);
	return status;
}
