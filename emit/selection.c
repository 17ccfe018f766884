/* SPDX-License-Identifier: MIT */
/*
 * What somebody asked for, resolved against a profile as it is added: alternatives, qualified
 * names, fields files. What the formats make of it is theirs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emit/selection.h"
#include "emit/wants.h"

#define DEFINITIONS_MAX 256

struct gap_selection {
	const struct gap_profile *profile;
	struct gap_selected_field *fields;
	struct gap_selected_symbol *symbols;
	size_t field_count, symbol_count;
	struct gap_selected_type *types;
	struct gap_selected_enumerator *enumerators;
	size_t type_count, enumerator_count;
	bool asked; /* for a part, even if the profile has nothing of it */
};

enum gap_status gap_selection_create(const struct gap_profile *profile,
				     struct gap_selection **selection, struct gap_error *error)
{
	struct gap_selection *created = calloc(1, sizeof(*created));

	if (!created)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	created->profile = profile;
	*selection = created;
	return GAP_OK;
}

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

void gap_selection_destroy(struct gap_selection *selection)
{
	if (!selection)
		return;
	for (size_t i = 0; i < selection->field_count; i++) {
		free_text(selection->fields[i].type);
		free_text(selection->fields[i].path);
	}
	for (size_t i = 0; i < selection->symbol_count; i++)
		free_text(selection->symbols[i].name);
	for (size_t i = 0; i < selection->type_count; i++)
		free_text(selection->types[i].name);
	for (size_t i = 0; i < selection->enumerator_count; i++)
		free_text(selection->enumerators[i].name);
	free(selection->types);
	free(selection->enumerators);
	free(selection->fields);
	free(selection->symbols);
	free(selection);
}

const struct gap_profile *gap_selection_profile(const struct gap_selection *selection)
{
	return selection->profile;
}

bool gap_selection_is_everything(const struct gap_selection *selection)
{
	return !selection || !selection->asked;
}

const struct gap_selected_field *gap_selection_fields(const struct gap_selection *selection,
						      size_t *count)
{
	*count = selection->field_count;
	return selection->fields;
}

const struct gap_selected_symbol *gap_selection_symbols(const struct gap_selection *selection,
							size_t *count)
{
	*count = selection->symbol_count;
	return selection->symbols;
}

const struct gap_selected_type *gap_selection_types(const struct gap_selection *selection,
						    size_t *count)
{
	*count = selection->type_count;
	return selection->types;
}

const struct gap_selected_enumerator *gap_selection_enumerators(
	const struct gap_selection *selection, size_t *count)
{
	*count = selection->enumerator_count;
	return selection->enumerators;
}

/* ---- names ---- */

/* The plain NAME of "[kind:]NAME[@FILE|#N]", to be freed. */
static char *plain_name(const char *text)
{
	const char *at = text + strcspn(text, ": @#");

	if (*at == ':' || *at == ' ')
		text = at + 1;
	return strndup(text, strcspn(text, "@#"));
}

/* Which of its name's definitions a type is; 0 where the bare name means it. */
static uint32_t type_number(const struct gap_profile *profile, const char *name, gap_type_id id)
{
	gap_type_id ids[DEFINITIONS_MAX], meant;
	uint32_t count;

	if (gap_profile_find_type(profile, name, &meant, NULL) == GAP_OK && meant == id)
		return 0;
	count = gap_profile_find_types(profile, name, ids, DEFINITIONS_MAX);
	for (uint32_t i = 0; i < count && i < DEFINITIONS_MAX; i++)
		if (ids[i] == id)
			return i + 1;
	return 0;
}

static uint32_t symbol_number(const struct gap_profile *profile, const char *name, uint64_t address)
{
	uint32_t rows[DEFINITIONS_MAX], count;
	struct gap_symbol symbol;

	if (gap_profile_find_symbol(profile, name, &symbol, NULL) == GAP_OK &&
	    symbol.address == address)
		return 0;
	count = gap_profile_find_symbols(profile, name, rows, DEFINITIONS_MAX);
	for (uint32_t i = 0; i < count && i < DEFINITIONS_MAX; i++)
		if (gap_profile_symbol(profile, rows[i], &symbol) && symbol.address == address)
			return i + 1;
	return 0;
}

/* ---- keeping ---- */

static int compare_fields(const struct gap_selected_field *a, const struct gap_selected_field *b)
{
	int order = strcmp(a->type, b->type);

	if (order)
		return order;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->location.offset_bits != b->location.offset_bits)
		return a->location.offset_bits < b->location.offset_bits ? -1 : 1;
	return strcmp(a->path, b->path);
}

static enum gap_status insert_field(struct gap_selection *selection,
				    const struct gap_selected_field *field, bool *kept)
{
	size_t at = 0, count = selection->field_count;
	struct gap_selected_field *grown;
	int order = 1;

	while (at < count && (order = compare_fields(&selection->fields[at], field)) < 0)
		at++;
	*kept = order != 0;
	if (order == 0)
		return GAP_OK;
	grown = realloc(selection->fields, (count + 1) * sizeof(*grown));
	*kept = grown != NULL;
	if (!grown)
		return GAP_NO_MEMORY;
	selection->fields = grown;
	memmove(grown + at + 1, grown + at, (count - at) * sizeof(*grown));
	grown[at] = *field;
	selection->field_count++;
	return GAP_OK;
}

/* Takes over @field's texts. */
static enum gap_status keep_field(struct gap_selection *selection, struct gap_selected_field *field,
				  struct gap_error *error)
{
	enum gap_status status = GAP_NO_MEMORY;
	bool kept = false;

	if (field->type && field->path) {
		field->number = type_number(selection->profile, field->type, field->root);
		status = insert_field(selection, field, &kept);
	}
	if (!kept) {
		free_text(field->type);
		free_text(field->path);
	}
	return status ? gap_fail(error, status, "out of memory") : GAP_OK;
}

static int compare_symbols(const struct gap_selected_symbol *a, const struct gap_selected_symbol *b)
{
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

static enum gap_status insert_symbol(struct gap_selection *selection,
				     const struct gap_selected_symbol *symbol, bool *kept)
{
	size_t at = 0, count = selection->symbol_count;
	struct gap_selected_symbol *grown;
	int order = 1;

	while (at < count && (order = compare_symbols(&selection->symbols[at], symbol)) < 0)
		at++;
	*kept = order != 0;
	if (order == 0)
		return GAP_OK;
	grown = realloc(selection->symbols, (count + 1) * sizeof(*grown));
	*kept = grown != NULL;
	if (!grown)
		return GAP_NO_MEMORY;
	selection->symbols = grown;
	memmove(grown + at + 1, grown + at, (count - at) * sizeof(*grown));
	grown[at] = *symbol;
	selection->symbol_count++;
	return GAP_OK;
}

static enum gap_status keep_symbol(struct gap_selection *selection, const char *spelling,
				   const struct gap_symbol *symbol, struct gap_error *error)
{
	struct gap_selected_symbol selected = {.symbol = *symbol};
	char *name = strndup(spelling, strcspn(spelling, "@#"));
	enum gap_status status = GAP_NO_MEMORY;
	bool kept = false;

	if (name) {
		selected.name = name;
		selected.number = symbol_number(selection->profile, name, symbol->address);
		status = insert_symbol(selection, &selected, &kept);
	}
	if (!kept)
		free(name);
	return status ? gap_fail(error, status, "out of memory") : GAP_OK;
}

/* ---- alternatives ---- */

/* Takes the next of "a|b|c" off @rest, to be freed; NULL at the end or without memory. */
static char *next_alternative(const char **rest)
{
	const char *from = *rest;
	size_t length;

	if (!from)
		return NULL;
	length = strcspn(from, "|");
	*rest = from[length] ? from + length + 1 : NULL;
	return strndup(from, length);
}

/* An ambiguous name says more than a missing one: it is what the user is told. */
static void worse(enum gap_status *status, struct gap_error *error, enum gap_status next,
		  const struct gap_error *why)
{
	if (*status != GAP_OK && (*status != GAP_NOT_FOUND || next == GAP_NOT_FOUND))
		return;
	*status = next;
	*error = *why;
}

static enum gap_status try_members(struct gap_selection *selection, const char *type_text,
				   gap_type_id root, const char *paths, struct gap_error *error)
{
	enum gap_status status = GAP_OK;
	struct gap_error last, why;
	char *path;

	last.text[0] = '\0';
	while ((path = next_alternative(&paths))) {
		struct gap_selected_field field = {.root = root, .path = path};
		enum gap_status found = gap_profile_find_member(selection->profile, root, path,
								&field.location, &why);

		if (found == GAP_OK) {
			field.type = plain_name(type_text);
			return keep_field(selection, &field, error);
		}
		free(path);
		worse(&status, &last, found, &why);
	}
	return gap_fail(error, status ? status : GAP_NO_MEMORY, "%s", last.text);
}

static enum gap_status try_types(struct gap_selection *selection, const char *types,
				 const char *paths, struct gap_error *error)
{
	enum gap_status status = GAP_OK;
	struct gap_error last, why;
	char *text;

	last.text[0] = '\0';
	while ((text = next_alternative(&types))) {
		gap_type_id root;
		enum gap_status found =
			gap_profile_find_type(selection->profile, text, &root, &why);

		if (found == GAP_OK)
			found = try_members(selection, text, root, paths, &why);
		free(text);
		if (found == GAP_OK)
			return GAP_OK;
		worse(&status, &last, found, &why);
	}
	return gap_fail(error, status ? status : GAP_NO_MEMORY, "%s", last.text);
}

/*
 * TYPE ends at the first '.'; but a file's name in TYPE@FILE holds dots itself, so there each one
 * is tried in turn until the type is found.
 */
/* The first alternative of a name, up to what ends it. */
static void first_name(const char *names, char name[256])
{
	snprintf(name, 256, "%.*s", (int)strcspn(names, ".|[#@"), names);
}

/* What may have been meant by a field that is not there: members of its type, or types. */
static void near_field(const struct gap_profile *profile, const char *field, const char *member,
		       char near[GAP_NEAR_BYTES])
{
	char type[256], name[256];
	gap_type_id id;

	first_name(field, type);
	first_name(member, name);
	*near = '\0';
	if (gap_profile_find_type(profile, type, &id, NULL) == GAP_OK)
		gap_near_members(profile, gap_profile_strip(profile, id), name, near);
	else if (gap_profile_find_types(profile, type, NULL, 0) == 0)
		gap_near_names(profile, GAP_TABLE_TYPES, type, near);
}

enum gap_status gap_selection_add_field(struct gap_selection *selection, const char *field,
					struct gap_error *error)
{
	const char *dot = strchr(field, '.'), *at = strchr(field, '@');
	bool in_file = dot && at && at < dot;
	enum gap_status status = GAP_OK;
	struct gap_error last, why;
	char near[GAP_NEAR_BYTES] = "";

	if (!dot || dot == field || !dot[1])
		return gap_fail(error, GAP_INVALID, "\"%.200s\" is not TYPE.member", field);
	selection->asked = true;
	last.text[0] = '\0';
	for (; dot && dot[1]; dot = strchr(dot + 1, '.')) {
		char *types = strndup(field, (size_t)(dot - field));
		enum gap_status found;

		if (!types)
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		found = try_types(selection, types, dot + 1, &why);
		free(types);
		if (found == GAP_OK)
			return GAP_OK;
		worse(&status, &last, found, &why);
		if (!in_file)
			break;
	}
	if (status == GAP_NOT_FOUND && !in_file)
		near_field(selection->profile, field, strchr(field, '.') + 1, near);
	return gap_fail(error, status, "%.200s: %.500s%s%s", field, last.text,
			*near ? "; near: " : "", near);
}

enum gap_status gap_selection_add_symbol(struct gap_selection *selection, const char *symbol,
					 struct gap_error *error)
{
	const char *rest = symbol;
	enum gap_status status = GAP_OK;
	struct gap_error last, why;
	char *spelling;

	selection->asked = true;
	last.text[0] = '\0';
	while ((spelling = next_alternative(&rest))) {
		struct gap_symbol found;
		enum gap_status next =
			gap_profile_find_symbol(selection->profile, spelling, &found, &why);

		if (next == GAP_OK)
			next = keep_symbol(selection, spelling, &found, &why);
		free(spelling);
		if (next == GAP_OK)
			return GAP_OK;
		worse(&status, &last, next, &why);
	}
	return gap_fail(error, status ? status : GAP_NO_MEMORY, "%s", last.text);
}

/* ---- types and enumerators ---- */

static enum gap_status keep_type(struct gap_selection *selection, const char *type, gap_type_id id,
				 struct gap_error *error)
{
	struct gap_selected_type *grown =
		realloc(selection->types, (selection->type_count + 1) * sizeof(*grown));
	char *name = plain_name(type);

	if (grown)
		selection->types = grown;
	if (!grown || !name) {
		free(name);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	grown[selection->type_count++] = (struct gap_selected_type){
		.name = name,
		.number = type_number(selection->profile, name, id),
		.root = id,
	};
	return GAP_OK;
}

enum gap_status gap_selection_add_type(struct gap_selection *selection, const char *type,
				       struct gap_error *error)
{
	struct gap_type found = {.kind = GAP_KIND_VOID};
	enum gap_status status;
	gap_type_id id;

	selection->asked = true;
	status = gap_profile_find_type(selection->profile, type, &id, error);
	if (status)
		return status;
	gap_profile_type(selection->profile, gap_profile_strip(selection->profile, id), &found);
	if (found.kind != GAP_KIND_STRUCT && found.kind != GAP_KIND_UNION)
		return gap_fail(error, GAP_INVALID, "%.200s is no structure or union", type);
	for (size_t i = 0; i < selection->type_count; i++)
		if (selection->types[i].root == id)
			return GAP_OK;
	return keep_type(selection, type, id, error);
}

static enum gap_status keep_enumerator(struct gap_selection *selection, const char *name,
				       uint32_t row, struct gap_error *error)
{
	struct gap_selected_enumerator *grown =
		realloc(selection->enumerators, (selection->enumerator_count + 1) * sizeof(*grown));
	char *copy = strdup(name);

	if (grown)
		selection->enumerators = grown;
	if (!grown || !copy) {
		free(copy);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	grown[selection->enumerator_count++] = (struct gap_selected_enumerator){
		.name = copy,
		.row = row,
		.owner = gap_profile_enumerator_enum(selection->profile, row),
	};
	return GAP_OK;
}

enum gap_status gap_selection_add_enumerator(struct gap_selection *selection,
					     const char *enumerator, struct gap_error *error)
{
	enum gap_status status = GAP_NOT_FOUND;
	const char *rest = enumerator;
	char *name;
	uint32_t row;

	selection->asked = true;
	while (status == GAP_NOT_FOUND && (name = next_alternative(&rest))) {
		status = gap_profile_find_enumerator(selection->profile, name, &row, error);
		for (size_t i = 0; !status && i < selection->enumerator_count; i++)
			if (selection->enumerators[i].row == row) {
				free(name);
				return GAP_OK;
			}
		if (!status)
			status = keep_enumerator(selection, name, row, error);
		free(name);
	}
	return status;
}

/* ---- fields files ---- */

/* Cuts a comment ('#' first or after a blank: NAME#N is none) and the blanks around what remains.
 */
static char *trim_line(char *line)
{
	char *start = line + strspn(line, " \t"), *end;

	end = start;
	while (*end && !(*end == '#' && (end == start || end[-1] == ' ' || end[-1] == '\t')))
		end++;
	*end = '\0';
	while (end > start && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	return start;
}

struct fields_file {
	struct gap_selection *selection;
	const char *path;
	unsigned line;
	void (*warn)(void *context, const char *text);
	void *context;
};

static enum gap_status add_line(struct fields_file *file, char *line, struct gap_error *error)
{
	char *field = trim_line(line);
	struct gap_error why;
	enum gap_status status;

	if (!*field)
		return GAP_OK;
	status = gap_selection_add_field(file->selection, field, &why);
	if (status == GAP_NOT_FOUND) {
		if (file->warn)
			file->warn(file->context, why.text);
		return GAP_OK;
	}
	if (status)
		return gap_fail(error, status, "%.200s:%u: %.800s", file->path, file->line,
				why.text);
	return GAP_OK;
}

enum gap_status gap_selection_add_file(struct gap_selection *selection, const char *path,
				       void (*warn)(void *context, const char *text), void *context,
				       struct gap_error *error)
{
	struct fields_file file = {selection, path, 0, warn, context};
	enum gap_status status = GAP_OK;
	FILE *stream = fopen(path, "re");
	size_t capacity = 0;
	char *line = NULL;
	ssize_t length;

	if (!stream)
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	selection->asked = true;
	while (status == GAP_OK && (length = getline(&line, &capacity, stream)) >= 0) {
		file.line++;
		if ((size_t)length != strlen(line))
			status = gap_fail(error, GAP_INVALID, "%.500s:%u: a zero byte in a line",
					  path, file.line);
		else
			status = add_line(&file, line, error);
	}
	if (status == GAP_OK && !feof(stream))
		status = gap_fail(error, GAP_IO, "%.500s: cannot be read", path);
	free(line);
	fclose(stream);
	return status;
}
