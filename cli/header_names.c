/* SPDX-License-Identifier: MIT */
/* Reads generated names backwards. Where one may mean several things, each is tried. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/header_names.h"

#define NAME_BYTES 1024
#define SEAMS_MAX 8 /* places of a path that may be a '.' or not */

bool header_number_split(const char *name, size_t *length, uint32_t *number)
{
	const char *underscore = strrchr(name, '_');

	if (!underscore || underscore == name || underscore[1] < '1' || underscore[1] > '9' ||
	    underscore[1 + strspn(underscore + 1, "0123456789")] || strlen(underscore) > 8)
		return false;
	*length = (size_t)(underscore - name);
	*number = (uint32_t)strtoul(underscore + 1, NULL, 10);
	return true;
}

/* ---- structures ---- */

static void take_definition(const struct gap_profile *profile, gap_type_id id,
			    struct header_definitions *found)
{
	struct gap_type type;

	id = gap_profile_strip(profile, id);
	if (!gap_profile_type(profile, id, &type) ||
	    (type.kind != GAP_KIND_STRUCT && type.kind != GAP_KIND_UNION))
		return;
	found->declared = true;
	if ((type.flags & GAP_TYPE_INCOMPLETE) || found->count == HEADER_DEFINITIONS_MAX)
		return;
	for (uint32_t i = 0; i < found->count; i++)
		if (found->ids[i] == id)
			return;
	found->ids[found->count++] = id;
}

/* @number: only that of the definitions; 0 all. */
static void take_name(const struct gap_profile *profile, const char *name, uint32_t number,
		      struct header_definitions *found)
{
	gap_type_id ids[HEADER_DEFINITIONS_MAX];
	uint32_t count = gap_profile_find_types(profile, name, ids, HEADER_DEFINITIONS_MAX);

	for (uint32_t i = 0; i < count && i < HEADER_DEFINITIONS_MAX; i++)
		if (number == 0 || number == i + 1)
			take_definition(profile, ids[i], found);
}

void header_definitions_find(const struct gap_profile *profile, const char *name,
			     struct header_definitions *found)
{
	char text[NAME_BYTES];
	const char *flavour;
	uint32_t number = 0;
	size_t length;

	*found = (struct header_definitions){.count = 0};
	snprintf(text, sizeof(text), "%s", name);
	take_name(profile, text, 0, found);
	if (found->declared)
		return;
	flavour = strstr(text + 1, "___");
	if (flavour)
		text[flavour - text] = '\0';
	else if (header_number_split(text, &length, &number))
		text[length] = '\0';
	else if (text[0] && text[strlen(text) - 1] == '_')
		text[strlen(text) - 1] = '\0';
	else
		return;
	take_name(profile, text, number, found);
}

bool header_member_find(const struct gap_profile *profile, gap_type_id type, const char *name,
			struct gap_location *location)
{
	char text[NAME_BYTES];
	size_t length = (size_t)snprintf(text, sizeof(text), "%s", name);

	if (gap_profile_find_member(profile, type, name, location, NULL) == GAP_OK)
		return true;
	if (length < 2 || length >= sizeof(text) || text[length - 1] != '_')
		return false;
	text[length - 1] = '\0'; /* a word that the language has taken */
	return gap_profile_find_member(profile, type, text, location, NULL) == GAP_OK;
}

/* ---- paths ---- */

struct path_walk {
	const struct gap_profile *profile;
	bool (*visit)(void *context, const struct gap_location *location);
	void *context;
	unsigned found;
	bool ended;
};

/* "_3" at the end of each part as the index that it may have been. */
static bool with_indices(const char *path, char *text, size_t capacity)
{
	size_t used = 0;
	bool changed = false;

	for (const char *part = path; *part && used + 4 < capacity;) {
		size_t length = strcspn(part, "."), digits = length;

		while (digits > 0 && part[digits - 1] >= '0' && part[digits - 1] <= '9')
			digits--;
		if (digits < length && digits > 1 && part[digits - 1] == '_') {
			used += (size_t)snprintf(text + used, capacity - used, "%.*s[%.*s]",
						 (int)digits - 1, part, (int)(length - digits),
						 part + digits);
			changed = true;
		} else {
			used += (size_t)snprintf(text + used, capacity - used, "%.*s", (int)length,
						 part);
		}
		part += length;
		if (*part == '.' && used + 1 < capacity) {
			text[used++] = *part++;
			text[used] = '\0';
		}
	}
	return changed && used < capacity;
}

static void try_path(struct path_walk *walk, gap_type_id type, const char *path)
{
	struct gap_location location;
	char indexed[NAME_BYTES];

	if (!header_member_find(walk->profile, type, path, &location) &&
	    !(with_indices(path, indexed, sizeof(indexed)) &&
	      gap_profile_find_member(walk->profile, type, indexed, &location, NULL) == GAP_OK))
		return;
	walk->found++;
	walk->ended = !walk->visit(walk->context, &location);
}

/* The text with those of its "__" as '.' that @chosen says. */
static void try_seams(struct path_walk *walk, gap_type_id type, const char *text, unsigned chosen)
{
	char path[NAME_BYTES];
	size_t used = 0;
	unsigned seam = 0;

	for (const char *at = text; *at && used + 1 < sizeof(path); at++) {
		bool is_seam = at > text && at[0] == '_' && at[1] == '_' && at[2];

		if (is_seam && seam < SEAMS_MAX && (chosen >> seam++ & 1)) {
			path[used++] = '.';
			at++;
		} else {
			path[used++] = *at;
		}
	}
	path[used] = '\0';
	try_path(walk, type, path);
}

static bool take_first(void *context, const struct gap_location *location)
{
	*(struct gap_location *)context = *location;
	return false;
}

static unsigned count_seams(const char *text)
{
	unsigned seams = 0;

	for (const char *at = text; *at; at++)
		seams += at > text && at[0] == '_' && at[1] == '_' && at[2];
	return seams < SEAMS_MAX ? seams : SEAMS_MAX;
}

bool header_mirror_find(const struct gap_profile *profile, gap_type_id type, const char *name,
			struct gap_location *location)
{
	struct path_walk walk = {.profile = profile, .visit = take_first, .context = location};
	unsigned choices = 1u << count_seams(name);

	for (unsigned chosen = 0; chosen < choices && !walk.ended; chosen++)
		try_seams(&walk, type, name, chosen);
	return walk.found > 0;
}

static void try_type(struct path_walk *walk, const char *name, const char *path)
{
	struct header_definitions definitions;
	unsigned choices = 1u << count_seams(path);

	header_definitions_find(walk->profile, name, &definitions);
	for (uint32_t i = 0; i < definitions.count && !walk->ended; i++)
		for (unsigned chosen = 0; chosen < choices && !walk->ended; chosen++)
			try_seams(walk, definitions.ids[i], path, chosen);
}

unsigned header_path_visit(const struct gap_profile *profile, const char *text,
			   bool (*visit)(void *context, const struct gap_location *location),
			   void *context)
{
	struct path_walk walk = {.profile = profile, .visit = visit, .context = context};
	char name[NAME_BYTES];

	for (const char *seam = strstr(text + (*text != '\0'), "__"); seam && !walk.ended;
	     seam = strstr(seam + 1, "__")) {
		size_t length = (size_t)(seam - text);

		if (length >= sizeof(name) || !seam[2])
			break;
		memcpy(name, text, length);
		name[length] = '\0';
		try_type(&walk, name, seam + 2);
	}
	return walk.found;
}

/* ---- symbols ---- */

static char as_word(char c)
{
	bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

	return is_word || c == '\0' ? c : '_';
}

/* Names as identifiers have them. */
static int compare_words(const char *left, const char *right)
{
	while (*left && as_word(*left) == as_word(*right)) {
		left++;
		right++;
	}
	return (unsigned char)as_word(*left) - (unsigned char)as_word(*right);
}

static int compare_rows(const void *left, const void *right, void *context)
{
	struct gap_symbol a = {.name = ""}, b = {.name = ""};

	gap_profile_symbol(context, *(const uint32_t *)left, &a);
	gap_profile_symbol(context, *(const uint32_t *)right, &b);
	return compare_words(a.name, b.name);
}

static bool is_identifier(const char *name)
{
	for (; *name; name++)
		if (as_word(*name) != *name)
			return false;
	return true;
}

enum gap_status header_symbols_init(struct header_symbols *symbols,
				    const struct gap_profile *profile, struct gap_error *error)
{
	uint32_t count = gap_profile_count(profile, GAP_TABLE_SYMBOLS);
	struct gap_symbol symbol;

	symbols->count = 0;
	symbols->rows = calloc(count + 1u, sizeof(*symbols->rows));
	if (!symbols->rows)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (uint32_t i = 0; i < count; i++)
		if (gap_profile_symbol(profile, i, &symbol) && !is_identifier(symbol.name))
			symbols->rows[symbols->count++] = i;
	qsort_r(symbols->rows, symbols->count, sizeof(*symbols->rows), compare_rows,
		(void *)(uintptr_t)profile);
	return GAP_OK;
}

void header_symbols_deinit(struct header_symbols *symbols)
{
	free(symbols->rows);
}

/* The first of the sorted rows that is not before @name. */
static uint32_t first_row(const struct header_symbols *symbols, const struct gap_profile *profile,
			  const char *name)
{
	uint32_t low = 0, high = symbols->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct gap_symbol symbol = {.name = ""};

		gap_profile_symbol(profile, symbols->rows[middle], &symbol);
		if (compare_words(symbol.name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_symbol(const struct gap_profile *profile, uint32_t row, uint64_t address,
			uint64_t *other, unsigned *found)
{
	struct gap_symbol symbol = {.name = ""};

	gap_profile_symbol(profile, row, &symbol);
	if (!*found || symbol.address == address)
		*other = symbol.address;
	(*found)++;
}

enum gap_status header_symbol_find(const struct header_symbols *symbols,
				   const struct gap_profile *profile, const char *name,
				   uint64_t address, uint64_t *other)
{
	uint32_t rows[64], count = gap_profile_find_symbols(profile, name, rows, 64);
	struct gap_symbol symbol;
	unsigned found = 0;

	if (gap_profile_find_symbol(profile, name, &symbol, NULL) == GAP_OK) {
		*other = symbol.address; /* a global one, before all local ones */
		return GAP_OK;
	}
	for (uint32_t i = 0; i < count && i < 64; i++)
		take_symbol(profile, rows[i], address, other, &found);
	for (uint32_t i = first_row(symbols, profile, name); i < symbols->count; i++) {
		if (!gap_profile_symbol(profile, symbols->rows[i], &symbol) ||
		    compare_words(symbol.name, name) != 0)
			break;
		take_symbol(profile, symbols->rows[i], address, other, &found);
	}
	return found ? GAP_OK : GAP_NOT_FOUND;
}
