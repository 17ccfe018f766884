/* SPDX-License-Identifier: MIT */
/*
 * Macros that stand for one number, as generated headers define them: a literal, perhaps in
 * parentheses, with a sign, in UINT64_C(). What is more than that has no value here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cfront/libclang.h"

#define NAME_BYTES 512
#define TOKENS_MAX 16

struct macros {
	const struct gap_clang *clang;
	CXTranslationUnit unit;
	const char *prefix;
	gap_cfront_macro_visit *visit;
	void *context;
	bool ended;
};

/* The value that is being put together from tokens. */
struct reading {
	uint64_t value;
	bool negative, has_literal, bad;
};

static void read_literal(struct reading *reading, const char *text)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || errno || end[strspn(end, "uUlL")] != '\0') {
		reading->bad = true;
		return;
	}
	/* Two only where INT64_MIN is written as a difference. */
	if (reading->has_literal && !reading->negative)
		reading->bad = true;
	reading->value += reading->negative ? 0 - value : value;
	reading->has_literal = true;
	reading->negative = false;
}

static void read_token(struct reading *reading, CXTokenKind kind, const char *text)
{
	size_t length = strlen(text);

	if (kind == CXToken_Comment || strcmp(text, "(") == 0 || strcmp(text, ")") == 0)
		return;
	if (kind == CXToken_Literal)
		read_literal(reading, text);
	else if (strcmp(text, "-") == 0)
		reading->negative = true;
	else if (kind != CXToken_Identifier || length < 2 || strcmp(text + length - 2, "_C") != 0)
		reading->bad = true;
}

static bool value_of(const struct macros *macros, CXCursor cursor, uint64_t *value)
{
	const struct gap_clang *clang = macros->clang;
	struct reading reading = {0, false, false, false};
	unsigned count = 0;
	CXToken *tokens = NULL;

	clang->tokenize(macros->unit, clang->getCursorExtent(cursor), &tokens, &count);
	for (unsigned i = 1; i < count && count <= TOKENS_MAX; i++) { /* the first is the name */
		char text[NAME_BYTES];

		gap_clang_text(clang, clang->getTokenSpelling(macros->unit, tokens[i]), text,
			       sizeof(text));
		read_token(&reading, clang->getTokenKind(tokens[i]), text);
	}
	clang->disposeTokens(macros->unit, tokens, count);
	*value = reading.value;
	return reading.has_literal && !reading.bad && count <= TOKENS_MAX;
}

static void tell_macro(struct macros *macros, CXCursor cursor, const char *name)
{
	struct gap_cfront_macro told = {.name = name};
	struct gap_clang_place place;

	if (macros->clang->Cursor_isMacroFunctionLike(cursor) ||
	    !value_of(macros, cursor, &told.value))
		return;
	gap_clang_place(macros->clang, macros->clang->getCursorLocation(cursor), &place);
	told.file = place.file;
	told.line = place.line;
	macros->ended = !macros->visit(macros->context, &told);
}

static enum CXChildVisitResult visit_macro(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct macros *macros = data;
	char name[NAME_BYTES];

	(void)parent;
	if (macros->clang->getCursorKind(cursor) != CXCursor_MacroDefinition)
		return CXChildVisit_Continue;
	gap_clang_text(macros->clang, macros->clang->getCursorSpelling(cursor), name, sizeof(name));
	if (strncmp(name, macros->prefix, strlen(macros->prefix)) == 0)
		tell_macro(macros, cursor, name);
	return macros->ended ? CXChildVisit_Break : CXChildVisit_Continue;
}

void gap_cfront_macros(struct gap_cfront_unit *unit, const char *prefix,
		       gap_cfront_macro_visit *visit, void *context)
{
	struct macros macros = {.clang = &unit->clang,
				.unit = unit->unit,
				.prefix = prefix,
				.visit = visit,
				.context = context};

	unit->clang.visitChildren(unit->clang.getTranslationUnitCursor(unit->unit), visit_macro,
				  &macros);
}
