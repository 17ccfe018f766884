/* SPDX-License-Identifier: MIT */
/*
 * Reading the list of fields that inference is asked for. Which of a field's names a kernel has is
 * for evidence to find out.
 */
#include "infer/field_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "profile/vector.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* what some editors write before UTF-8 */
#define TEXT_BYTES_MAX ((size_t)1 << 24)

GAP_VECTOR(field_rows, struct infer_field);

struct reading {
	struct field_rows rows;
	const char *origin;
	unsigned line;
};

static bool is_name(const char *text, bool dotted)
{
	bool begins = true;

	for (; *text; text++) {
		if (*text == '.' && dotted && !begins)
			begins = true;
		else if (isalpha((unsigned char)*text) || *text == '_' ||
			 (!begins && isdigit((unsigned char)*text)))
			begins = false;
		else
			return false;
	}
	return !begins;
}

static enum gap_status refuse(const struct reading *reading, const struct infer_field *field,
			      const char *why, struct gap_error *error)
{
	return gap_fail(error, GAP_CORRUPT, "%s:%u: \"%.200s\": %s", reading->origin, reading->line,
			field->line, why);
}

/* @cut is the line's second copy; its separators become ends of names. */
static enum gap_status read_names(const struct reading *reading, struct infer_field *field,
				  char *cut, struct gap_error *error)
{
	char *names = strchr(cut, '.'), *saved = NULL;

	if (!names)
		return refuse(reading, field, "a field is type.member", error);
	*names++ = '\0';
	field->type = cut;
	if (!is_name(cut, false))
		return refuse(reading, field, "what stands before the first dot is no type's name",
			      error);
	for (char *name = strtok_r(names, "|", &saved); name; name = strtok_r(NULL, "|", &saved)) {
		if (field->name_count == INFER_NAMES_MAX)
			return refuse(reading, field, "too many names", error);
		if (!is_name(name, true))
			return refuse(reading, field, "not the name of a member", error);
		field->names[field->name_count++] = name;
	}
	return field->name_count ? GAP_OK : refuse(reading, field, "no member is named", error);
}

static char *trim(char *line)
{
	size_t length = strcspn(line, "#\r");

	while (length && isspace((unsigned char)line[length - 1]))
		length--;
	line[length] = '\0';
	return line + strspn(line, " \t");
}

static enum gap_status read_line(struct reading *reading, char *whole, char *cut,
				 struct gap_error *error)
{
	struct infer_field field = {.line = trim(whole)}, *row;
	enum gap_status status;

	if (!*field.line)
		return GAP_OK;
	status = read_names(reading, &field, trim(cut), error);
	if (status)
		return status;
	for (uint32_t i = 0; i < reading->rows.count; i++)
		if (strcmp(reading->rows.items[i].line, field.line) == 0)
			return GAP_OK; /* said twice is said once */
	row = field_rows_push(&reading->rows);
	if (!row)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	*row = field;
	return GAP_OK;
}

static enum gap_status read_lines(struct reading *reading, char *whole, char *cut,
				  struct gap_error *error)
{
	enum gap_status status = GAP_OK;
	char *end;

	for (reading->line = 1; whole && !status; reading->line++) {
		end = strchr(whole, '\n');
		if (end) {
			cut[end - whole] = '\0';
			*end++ = '\0';
		}
		status = read_line(reading, whole, cut, error);
		cut += end ? end - whole : 0;
		whole = end;
	}
	return status;
}

enum gap_status infer_fields_parse(struct infer_fields *fields, const char *text, size_t size_bytes,
				   const char *origin, struct gap_error *error)
{
	struct reading reading = {.origin = origin};
	enum gap_status status;
	char *copy;

	if (size_bytes >= strlen(BYTE_ORDER_MARK) &&
	    memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
		text += strlen(BYTE_ORDER_MARK);
		size_bytes -= strlen(BYTE_ORDER_MARK);
	}
	if (size_bytes > TEXT_BYTES_MAX || memchr(text, '\0', size_bytes))
		return gap_fail(error, GAP_CORRUPT, "%s: no text of fields", origin);
	copy = malloc(2 * (size_bytes + 1));
	if (!copy)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (int i = 0; i < 2; i++) {
		memcpy(copy + i * (size_bytes + 1), text, size_bytes);
		copy[i * (size_bytes + 1) + size_bytes] = '\0';
	}
	status = read_lines(&reading, copy, copy + size_bytes + 1, error);
	if (status) {
		free(reading.rows.items);
		free(copy);
		return status;
	}
	*fields = (struct infer_fields){reading.rows.items, reading.rows.count, copy};
	return GAP_OK;
}

void infer_fields_deinit(struct infer_fields *fields)
{
	free(fields->rows);
	free(fields->text);
	*fields = (struct infer_fields){0};
}

uint32_t infer_fields_find(const struct infer_fields *fields, const char *type, const char *name,
			   unsigned *name_index)
{
	/* A name that is one field's own is not meant as another's second. */
	for (unsigned j = 0; j < INFER_NAMES_MAX; j++)
		for (uint32_t i = 0; i < fields->count; i++) {
			const struct infer_field *row = &fields->rows[i];

			if (j < row->name_count && strcmp(row->names[j], name) == 0 &&
			    strcmp(row->type, type) == 0) {
				if (name_index)
					*name_index = j;
				return i;
			}
		}
	return INFER_NONE;
}

uint32_t infer_fields_same(const struct infer_fields *fields, const struct infer_field *field)
{
	for (unsigned i = 0; i < field->name_count; i++) {
		uint32_t found = infer_fields_find(fields, field->type, field->names[i], NULL);

		if (found != INFER_NONE)
			return found;
	}
	return INFER_NONE;
}

enum gap_status infer_fields_join(struct infer_fields *fields, const struct infer_fields *more,
				  struct gap_error *error)
{
	struct infer_field *rows =
		realloc(fields->rows, ((size_t)fields->count + more->count + 1) * sizeof(*rows));

	if (!rows)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	fields->rows = rows;
	for (uint32_t i = 0; i < more->count; i++)
		if (infer_fields_same(fields, &more->rows[i]) == INFER_NONE)
			rows[fields->count++] = more->rows[i];
	return GAP_OK;
}
