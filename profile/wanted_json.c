/* SPDX-License-Identifier: MIT */
/*
 * Selection files: what a monitor wants as JSON (docs/schema/selection.schema.json). What is read may
 * come from anybody, and becomes C source and look-ups: names must be names, numbers in their bounds.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "profile/wanted.h"

#define SCHEMA "semgap/selection/1"
#define FILE_BYTES_MAX (16u << 20)
#define NAME_BYTES_MAX 200
#define PATH_BYTES_MAX 1000

/* The kinds, by the array that holds them. */
static const struct {
	const char *rows;
	enum gap_want_kind kind;
} kinds[] = {
	{"fields", GAP_WANT_FIELD},
	{"symbols", GAP_WANT_SYMBOL},
	{"enumerators", GAP_WANT_ENUMERATOR},
	{"types", GAP_WANT_TYPE},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const char *const forms[] = {"any", "int", "word", "pointer", "struct", "array", "bits"};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

/* ---- writing ---- */

static void put_text(struct json_object *row, const char *key, const char *text)
{
	if (*text)
		json_object_object_add(row, key, json_object_new_string(text));
}

static void put_number(struct json_object *row, const char *key, uint32_t number)
{
	if (number)
		json_object_object_add(row, key, json_object_new_int64(number));
}

static void put_true(struct json_object *row, const char *key, bool value)
{
	if (value)
		json_object_object_add(row, key, json_object_new_boolean(true));
}

static struct json_object *new_uses(const struct gap_wanted_item *item)
{
	struct json_object *uses = json_object_new_array();

	for (size_t i = 0; i < item->use_count; i++) {
		struct json_object *use = json_object_new_object();

		json_object_object_add(use, "file", json_object_new_string(item->uses[i].file));
		json_object_object_add(use, "line", json_object_new_int64(item->uses[i].line));
		json_object_array_add(uses, use);
	}
	return uses;
}

static struct json_object *new_row(const struct gap_wanted_item *item)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, item->kind == GAP_WANT_FIELD ? "type" : "name",
			       json_object_new_string(item->name));
	put_text(row, "declared", item->declared);
	put_text(row, "base", item->base);
	put_text(row, "member", item->member);
	put_text(row, "also", item->also);
	put_text(row, "c_type", item->c_type);
	if (item->kind == GAP_WANT_FIELD)
		json_object_object_add(row, "form", json_object_new_string(forms[item->form]));
	put_number(row, "size_bytes", item->size_bytes);
	put_number(row, "count", item->count);
	put_number(row, "width_bits", item->width);
	put_number(row, "declared_bytes", item->declared_bytes);
	put_true(row, "signed", item->is_signed);
	json_object_object_add(row, "required", json_object_new_boolean(!item->optional));
	put_true(row, "widen", item->widen);
	put_true(row, "whole", item->whole);
	put_true(row, "percpu", item->percpu);
	put_true(row, "read", item->read);
	json_object_object_add(row, "uses", new_uses(item));
	return row;
}

enum gap_status gap_wanted_write(const struct gap_wanted *wanted, FILE *stream,
				 struct gap_error *error)
{
	struct json_object *root = json_object_new_object();
	const char *text;

	json_object_object_add(root, "schema", json_object_new_string(SCHEMA));
	json_object_object_add(root, "partial", json_object_new_boolean(false));
	json_object_object_add(root, "warnings", json_object_new_array());
	for (size_t k = 0; k < KIND_COUNT; k++) {
		struct json_object *rows = json_object_new_array();

		for (size_t i = 0; i < wanted->count; i++)
			if (wanted->items[i].kind == kinds[k].kind)
				json_object_array_add(rows, new_row(&wanted->items[i]));
		json_object_object_add(root, kinds[k].rows, rows);
	}
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		fprintf(stream, "%s\n", text); /* its opener looks for write errors */
	json_object_put(root);
	return text ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory");
}

/* ---- reading ---- */

/* One row being read; the first thing wrong with it is kept. */
struct reading {
	const char *name; /* of the file */
	const char *rows;
	size_t at;
	struct json_object *row;
	struct gap_error *error;
	enum gap_status status;
};

static void refuse(struct reading *reading, const char *key, const char *words)
{
	if (!reading->status)
		reading->status =
			gap_fail(reading->error, GAP_INVALID, "%.300s: %s[%zu]: \"%s\" %s",
				 reading->name, reading->rows, reading->at, key, words);
}

static bool is_word_byte(char byte, bool first)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
	       (!first && byte >= '0' && byte <= '9');
}

/* Identifiers, with one of @between from each to the next. */
static bool is_name(const char *text, const char *between)
{
	bool first = true;

	for (const char *at = text; *at; at++) {
		if (!first && strchr(between, *at)) {
			first = true;
			continue;
		}
		if (!is_word_byte(*at, first))
			return false;
		first = false;
	}
	return !first && strlen(text) < NAME_BYTES_MAX;
}

static const char *get_text(struct reading *reading, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(reading->row, key, &value))
		return "";
	if (!json_object_is_type(value, json_type_string)) {
		refuse(reading, key, "is no text");
		return "";
	}
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		refuse(reading, key, "has a zero byte");
	return json_object_get_string(value);
}

static char *get_name(struct reading *reading, const char *key, const char *between, bool needed)
{
	const char *text = get_text(reading, key);

	if ((*text || needed) && !is_name(text, between))
		refuse(reading, key, "is no name");
	return (char *)(uintptr_t)text; /* copied when it is added */
}

static char *get_declared(struct reading *reading, bool needed)
{
	const char *text = get_text(reading, "declared"), *name = text;

	if (strncmp(name, "struct ", 7) == 0 || strncmp(name, "union ", 6) == 0)
		name = strchr(name, ' ') + 1;
	if ((*text || needed) && !is_name(name, ""))
		refuse(reading, "declared", "is no structure, union or typedef");
	return (char *)(uintptr_t)text;
}

static uint32_t get_number(struct reading *reading, const char *key, uint32_t max)
{
	struct json_object *value;
	int64_t number;

	if (!json_object_object_get_ex(reading->row, key, &value))
		return 0;
	number = json_object_get_int64(value);
	if (!json_object_is_type(value, json_type_int) || number < 0 || number > (int64_t)max) {
		refuse(reading, key, "is no number in its bounds");
		return 0;
	}
	return (uint32_t)number;
}

static bool get_bool(struct reading *reading, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(reading->row, key, &value))
		return false;
	if (!json_object_is_type(value, json_type_boolean))
		refuse(reading, key, "is neither true nor false");
	return json_object_get_boolean(value);
}

static enum gap_want_form get_form(struct reading *reading)
{
	const char *text = get_text(reading, "form");

	for (size_t i = 0; i < FORM_COUNT; i++)
		if (strcmp(text, forms[i]) == 0)
			return (enum gap_want_form)i;
	refuse(reading, "form", "is no form of a field");
	return GAP_FORM_ANY;
}

static void get_item(struct reading *reading, enum gap_want_kind kind, struct gap_wanted_item *item)
{
	bool is_field = kind == GAP_WANT_FIELD;

	*item = (struct gap_wanted_item){
		.kind = kind,
		.name = get_name(reading, is_field ? "type" : "name", "", true),
		.declared = get_declared(reading, is_field || kind == GAP_WANT_TYPE),
		.base = get_name(reading, "base", ".", false),
		.member = get_name(reading, "member", "", is_field),
		.also = get_name(reading, "also", "|.", false),
		.c_type = (char *)(uintptr_t)get_text(reading, "c_type"),
		.form = is_field ? get_form(reading) : GAP_FORM_ANY,
		.size_bytes = get_number(reading, "size_bytes", 1u << 30),
		.count = get_number(reading, "count", UINT32_MAX),
		.width = (uint8_t)get_number(reading, "width_bits", 64),
		.declared_bytes = get_number(reading, "declared_bytes", 16),
		.is_signed = get_bool(reading, "signed"),
		.optional = !get_bool(reading, "required"),
		.widen = get_bool(reading, "widen"),
		.whole = get_bool(reading, "whole"),
		.percpu = get_bool(reading, "percpu"),
		.read = get_bool(reading, "read"),
	};
	if (strlen(item->c_type) > PATH_BYTES_MAX)
		refuse(reading, "c_type", "is too long");
}

static bool get_use(struct reading *reading, struct json_object *uses, size_t at,
		    struct gap_wanted_use *use)
{
	struct reading inner = *reading;

	inner.row = json_object_array_get_idx(uses, at);
	if (!json_object_is_type(inner.row, json_type_object)) {
		refuse(reading, "uses", "does not hold objects");
		return false;
	}
	use->file = (char *)(uintptr_t)get_text(&inner, "file");
	use->line = get_number(&inner, "line", INT32_MAX);
	if (strlen(use->file) > PATH_BYTES_MAX)
		refuse(&inner, "file", "is too long");
	reading->status = inner.status;
	return !reading->status;
}

static void read_row(struct reading *reading, enum gap_want_kind kind, struct gap_wanted *wanted)
{
	struct gap_wanted_item item;
	struct gap_wanted_use use;
	struct json_object *uses;
	size_t count;

	get_item(reading, kind, &item);
	if (!json_object_object_get_ex(reading->row, "uses", &uses) ||
	    !json_object_is_type(uses, json_type_array) || json_object_array_length(uses) == 0) {
		refuse(reading, "uses", "is no list of places");
		return;
	}
	count = json_object_array_length(uses);
	for (size_t i = 0; i < count && !reading->status && get_use(reading, uses, i, &use); i++)
		reading->status = gap_wanted_add(wanted, &item, &use, reading->error);
}

static enum gap_status read_rows(struct json_object *root, const char *name, size_t kind,
				 struct gap_wanted *wanted, struct gap_error *error)
{
	struct reading reading = {.name = name, .rows = kinds[kind].rows, .error = error};
	struct json_object *rows;
	size_t count;

	if (!json_object_object_get_ex(root, kinds[kind].rows, &rows))
		return GAP_OK;
	if (!json_object_is_type(rows, json_type_array))
		return gap_fail(error, GAP_INVALID, "%.300s: \"%s\" is no list", name,
				kinds[kind].rows);
	count = json_object_array_length(rows);
	for (; reading.at < count && !reading.status; reading.at++) {
		reading.row = json_object_array_get_idx(rows, reading.at);
		if (json_object_is_type(reading.row, json_type_object))
			read_row(&reading, kinds[kind].kind, wanted);
		else
			refuse(&reading, kinds[kind].rows, "does not hold objects");
	}
	return reading.status;
}

static enum gap_status read_root(struct json_object *root, const char *name,
				 struct gap_wanted *wanted, struct gap_error *error)
{
	enum gap_status status = GAP_OK;
	struct json_object *schema;

	if (!json_object_is_type(root, json_type_object) ||
	    !json_object_object_get_ex(root, "schema", &schema) ||
	    !json_object_is_type(schema, json_type_string))
		return gap_fail(error, GAP_INVALID,
				"%.300s is no selection (semgap scan -o FILE writes one)", name);
	if (strcmp(json_object_get_string(schema), SCHEMA) != 0)
		return gap_fail(error, GAP_UNSUPPORTED, "%.300s is \"%.100s\", not \"" SCHEMA "\"",
				name, json_object_get_string(schema));
	for (size_t k = 0; k < KIND_COUNT && !status; k++)
		status = read_rows(root, name, k, wanted, error);
	if (status)
		gap_wanted_deinit(wanted);
	return status;
}

enum gap_status gap_wanted_parse(const char *text, size_t length, const char *name,
				 struct gap_wanted *wanted, struct gap_error *error)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root;
	enum gap_status status;

	if (!tokener || length > FILE_BYTES_MAX) {
		json_tokener_free(tokener);
		return tokener ? gap_fail(error, GAP_INVALID, "%.300s is too large", name)
			       : gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	root = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		status = gap_fail(error, GAP_INVALID, "%.300s is no JSON: %s at byte %zu", name,
				  json_tokener_error_desc(json_tokener_get_error(tokener)),
				  json_tokener_get_parse_end(tokener));
	else
		status = read_root(root, name, wanted, error);
	json_object_put(root);
	json_tokener_free(tokener);
	return status;
}

enum gap_status gap_wanted_read(const char *path, struct gap_wanted *wanted,
				struct gap_error *error)
{
	FILE *stream = fopen(path, "re");
	enum gap_status status;
	size_t length;
	char *text;

	if (!stream)
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	text = malloc(FILE_BYTES_MAX + 1);
	length = text ? fread(text, 1, FILE_BYTES_MAX + 1, stream) : 0;
	if (!text)
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	else if (ferror(stream))
		status = gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	else
		status = gap_wanted_parse(text, length, path, wanted, error);
	free(text);
	fclose(stream);
	return status;
}
