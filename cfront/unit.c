/* SPDX-License-Identifier: MIT */
/*
 * One source, parsed. Whatever libclang calls an error ends it: what was parsed around an error is
 * plausible, and wrong.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfront/libclang.h"

#define ABSENT_MAX 16
#define COMPLAINT_BYTES 800

/* Headers that are yet to be made, and are read as empty meanwhile; a source without a file. */
struct absent {
	struct CXUnsavedFile files[ABSENT_MAX];
	unsigned count;
};

static void absent_deinit(struct absent *absent)
{
	for (unsigned i = 0; i < absent->count; i++)
		free((void *)(uintptr_t)absent->files[i].Filename);
}

static bool ends_in(const char *text, const char *ending)
{
	size_t length = strlen(text), tail = strlen(ending);

	return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* "'NAME' file not found": the header is looked for beside the file that includes it. */
static bool absent_name(const struct gap_clang *clang, CXDiagnostic diagnostic, const char *ending,
			char *path, size_t capacity)
{
	char text[COMPLAINT_BYTES], *name, *end;
	struct gap_clang_place place;
	const char *slash;

	gap_clang_text(clang, clang->getDiagnosticSpelling(diagnostic), text, sizeof(text));
	name = strchr(text, '\'');
	end = name ? strchr(name + 1, '\'') : NULL;
	if (!end || strcmp(end + 1, " file not found") != 0)
		return false;
	*end = '\0';
	name++;
	gap_clang_place(clang, clang->getDiagnosticLocation(diagnostic), &place);
	slash = strrchr(place.file, '/');
	if (*name == '/')
		snprintf(path, capacity, "%s", name);
	else /* as the compiler looks for it: beside, and that is "." where there is no folder */
		snprintf(path, capacity, "%.*s%s", slash ? (int)(slash - place.file + 1) : 2,
			 slash ? place.file : "./", name);
	return ends_in(name, ending);
}

/* True when a header was added, and parsing again may go further. */
static bool absent_add(struct absent *absent, const struct gap_cfront_unit *unit,
		       const char *ending)
{
	const struct gap_clang *clang = &unit->clang;
	unsigned before = absent->count, diagnostics = clang->getNumDiagnostics(unit->unit);

	for (unsigned i = 0; ending && i < diagnostics && absent->count < ABSENT_MAX; i++) {
		CXDiagnostic diagnostic = clang->getDiagnostic(unit->unit, i);
		char path[2 * GAP_CLANG_FILE_BYTES], *kept;

		if (absent_name(clang, diagnostic, ending, path, sizeof(path)) &&
		    (kept = strdup(path)))
			absent->files[absent->count++] = (struct CXUnsavedFile){
				.Filename = kept, .Contents = "\n", .Length = 1};
		clang->disposeDiagnostic(diagnostic);
	}
	return absent->count > before;
}

/* A source that is in memory only. */
static bool absent_take(struct absent *absent, const char *path, const char *text)
{
	char *kept = strdup(path);

	if (kept)
		absent->files[absent->count++] = (struct CXUnsavedFile){
			.Filename = kept, .Contents = text, .Length = strlen(text)};
	return kept != NULL;
}

/* ---- complaints ---- */

static void complaint_write(const struct gap_clang *clang, CXDiagnostic diagnostic, char *text,
			    size_t capacity)
{
	char words[COMPLAINT_BYTES];
	struct gap_clang_place place;

	gap_clang_text(clang, clang->getDiagnosticSpelling(diagnostic), words, sizeof(words));
	gap_clang_place(clang, clang->getDiagnosticLocation(diagnostic), &place);
	if (place.file[0])
		snprintf(text, capacity, "%s:%u:%u: %s", place.file, place.line, place.column,
			 words);
	else
		snprintf(text, capacity, "%s", words);
}

static enum gap_status refuse_errors(const struct gap_cfront_unit *unit, const char *path,
				     const struct gap_cfront_options *options,
				     struct gap_error *error)
{
	const struct gap_clang *clang = &unit->clang;
	unsigned errors = 0, count = clang->getNumDiagnostics(unit->unit);
	char text[2 * GAP_CLANG_FILE_BYTES + COMPLAINT_BYTES], first[COMPLAINT_BYTES] = "";

	for (unsigned i = 0; i < count; i++) {
		CXDiagnostic diagnostic = clang->getDiagnostic(unit->unit, i);

		if (clang->getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
			complaint_write(clang, diagnostic, text, sizeof(text));
			if (errors++ == 0)
				snprintf(first, sizeof(first), "%.*s", (int)sizeof(first) - 1,
					 text);
			if (options->complain)
				options->complain(options->context, text);
		}
		clang->disposeDiagnostic(diagnostic);
	}
	if (errors == 0)
		return GAP_OK;
	return gap_fail(error, GAP_INVALID, "%.150s does not parse, %u error%s: %s", path, errors,
			errors == 1 ? "" : "s", first);
}

/* ---- parsing ---- */

static enum gap_status parse_once(struct gap_cfront_unit *unit, const char *path,
				  const struct gap_cfront_options *options, struct absent *absent,
				  struct gap_error *error)
{
	unsigned flags = options->skip_bodies ? CXTranslationUnit_SkipFunctionBodies : 0;
	enum CXErrorCode code;

	if (options->macros)
		flags |= CXTranslationUnit_DetailedPreprocessingRecord;
	if (unit->unit)
		unit->clang.disposeTranslationUnit(unit->unit);
	unit->unit = NULL;
	code = unit->clang.parseTranslationUnit2(
		unit->index, path, options->arguments, (int)options->argument_count, absent->files,
		absent->count, flags | CXTranslationUnit_KeepGoing, &unit->unit);
	if (code == CXError_Success)
		return GAP_OK;
	return gap_fail(error, GAP_INVALID,
			"%.500s: libclang takes neither it nor its arguments (error %d)", path,
			(int)code);
}

static enum gap_status parse(struct gap_cfront_unit *unit, const char *path,
			     const struct gap_cfront_options *options, struct gap_error *error)
{
	struct absent absent = {.count = 0};
	enum gap_status status;

	if (options->text && !absent_take(&absent, path, options->text))
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	do
		status = parse_once(unit, path, options, &absent, error);
	while (!status && absent_add(&absent, unit, options->absent_ending));
	absent_deinit(&absent);
	return status ? status : refuse_errors(unit, path, options, error);
}

enum gap_status gap_cfront_open(const char *path, const struct gap_cfront_options *options,
				struct gap_cfront_unit **unit, struct gap_error *error)
{
	struct gap_cfront_unit *opened;
	enum gap_status status;

	if (!options->text && access(path, R_OK) != 0)
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = gap_clang_load(&opened->clang, error);
	if (!status) {
		opened->index = opened->clang.createIndex(0, 0);
		status = parse(opened, path, options, error);
	}
	if (status) {
		gap_cfront_close(opened);
		return status;
	}
	*unit = opened;
	return GAP_OK;
}

void gap_cfront_close(struct gap_cfront_unit *unit)
{
	if (!unit)
		return;
	if (unit->unit)
		unit->clang.disposeTranslationUnit(unit->unit);
	if (unit->index)
		unit->clang.disposeIndex(unit->index);
	free(unit);
}
