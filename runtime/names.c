/* SPDX-License-Identifier: MIT */
/* Parsing of qualified names; finding what they mean is lookup.c's. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/names.h"
#include "semgap/profile.h"

/* "struct:x" or, as C writes it, "struct x". Returns the length of the prefix. */
static uint32_t kind_prefix(const char *text, int *kind)
{
	static const int kinds[] = {GAP_KIND_STRUCT, GAP_KIND_UNION, GAP_KIND_ENUM,
				    GAP_KIND_TYPEDEF};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *word = gap_kind_name((enum gap_kind)kinds[i]);
		size_t length = strlen(word);

		if (strncmp(text, word, length) == 0 &&
		    (text[length] == ':' || text[length] == ' ')) {
			*kind = kinds[i];
			return (uint32_t)length + 1;
		}
	}
	return 0;
}

static enum gap_status parse_number(const char *digits, uint32_t *number)
{
	char *end;
	unsigned long value = strtoul(digits, &end, 10);

	if (*digits < '1' || *digits > '9' || *end != '\0' || value > UINT32_MAX)
		return GAP_INVALID;
	*number = (uint32_t)value;
	return GAP_OK;
}

enum gap_status gap_name_parse(const char *text, int with_kind, struct gap_name *name,
			       struct gap_error *error)
{
	struct gap_name parsed = {.kind = -1};
	const char *mark;

	parsed.text = text + (with_kind ? kind_prefix(text, &parsed.kind) : 0);
	mark = strpbrk(parsed.text, "@#");
	parsed.length = (uint32_t)(mark ? (size_t)(mark - parsed.text) : strlen(parsed.text));
	if (parsed.length == 0)
		return gap_fail(error, GAP_INVALID, "\"%.200s\" holds no name", text);
	if (mark && *mark == '@') {
		parsed.file = mark + 1;
		parsed.file_length = (uint32_t)strlen(parsed.file);
	}
	if (mark && *mark == '#' && parse_number(mark + 1, &parsed.number))
		return gap_fail(error, GAP_INVALID,
				"\"%.200s\": what follows # must be a number from 1", text);
	*name = parsed;
	return GAP_OK;
}

int gap_name_file_matches(const struct gap_name *name, const char *path)
{
	size_t length = strlen(path);

	if (!name->file)
		return 1;
	if (length < name->file_length || name->file_length == 0)
		return 0;
	path += length - name->file_length;
	if (memcmp(path, name->file, name->file_length) != 0)
		return 0;
	return length == name->file_length || path[-1] == '/';
}

void gap_fail_append(struct gap_error *error, const char *format, ...)
{
	size_t used;
	va_list arguments;

	if (!error)
		return;
	used = strlen(error->text);
	va_start(arguments, format);
	vsnprintf(error->text + used, sizeof(error->text) - used, format, arguments);
	va_end(arguments);
}
