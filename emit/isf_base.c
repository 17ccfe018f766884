/* SPDX-License-Identifier: MIT */
/* The table of ISF's base types. What refers to it is isf.c's. */
#include <stdlib.h>
#include <string.h>

#include "emit/isf_base.h"

#define BASE_FLAGS (GAP_TYPE_SIGNED | GAP_TYPE_CHAR | GAP_TYPE_BOOL)

/* Names that Volatility gives a meaning of its own, and the empty one. */
static bool is_reserved(const char *name)
{
	static const char *const words[] = {
		"",       "void",  "pointer", "array",    "enum",  "bitfield",
		"string", "bytes", "struct",  "function", "union", "class",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

static bool is_base(const struct gap_type *type)
{
	return (type->kind == GAP_KIND_INT || type->kind == GAP_KIND_FLOAT) &&
	       !is_reserved(type->name);
}

static int compare_plain(const struct gap_isf_base *a, const struct gap_isf_base *b)
{
	int order = strcmp(a->plain, b->plain);

	if (order)
		return order;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->size_bytes != b->size_bytes)
		return a->size_bytes < b->size_bytes ? -1 : 1;
	return a->flags < b->flags ? -1 : a->flags > b->flags;
}

static int compare_bases(const void *left, const void *right)
{
	const struct gap_isf_base *a = left, *b = right;
	int order = compare_plain(a, b);

	return order ? order : a->row < b->row ? -1 : a->row > b->row;
}

static size_t collect(const struct gap_profile *profile, struct gap_isf_base *items)
{
	uint32_t rows = gap_profile_count(profile, GAP_TABLE_TYPES);
	size_t count = 0;

	for (gap_type_id row = 1; row < rows; row++) {
		struct gap_type type;

		if (!gap_profile_type(profile, row, &type) || !is_base(&type))
			continue;
		if (items)
			items[count] = (struct gap_isf_base){
				.plain = type.name,
				.kind = type.kind,
				.flags = type.flags & BASE_FLAGS,
				.size_bytes = type.size_bytes,
				.row = row,
			};
		count++;
	}
	return count;
}

/* Keeps one of each, and numbers those that differ under one name. */
static void name_bases(struct gap_isf_bases *bases)
{
	size_t kept = 0;
	unsigned number = 0;

	for (size_t i = 0; i < bases->count; i++) {
		struct gap_isf_base *base = &bases->items[kept];

		if (kept > 0 && compare_plain(&bases->items[kept - 1], &bases->items[i]) == 0)
			continue;
		*base = bases->items[i];
		number = kept > 0 && strcmp(base[-1].plain, base->plain) == 0 ? number + 1 : 1;
		if (number == 1)
			snprintf(base->name, sizeof(base->name), "%.60s", base->plain);
		else
			snprintf(base->name, sizeof(base->name), "%.60s#%u", base->plain, number);
		kept++;
	}
	bases->count = kept;
}

/* The row of the table of integers for a width: the next wider one where there is none of it. */
static size_t width_index(uint64_t size_bytes)
{
	size_t index = 0;

	while (index + 1 < GAP_ISF_WIDTHS && ((uint64_t)1 << index) < size_bytes)
		index++;
	return index;
}

static void choose_integers(struct gap_isf_bases *bases)
{
	for (size_t i = 0; i < bases->count; i++) {
		const struct gap_isf_base *base = &bases->items[i];
		size_t width = width_index(base->size_bytes);
		struct gap_isf_base *slot =
			&bases->integers[width][(base->flags & GAP_TYPE_SIGNED) != 0];

		if (base->kind != GAP_KIND_INT || (base->flags & ~(uint32_t)GAP_TYPE_SIGNED) ||
		    base->size_bytes != (uint64_t)1 << width || *slot->name)
			continue;
		*slot = *base;
	}
}

enum gap_status gap_isf_bases_init(struct gap_isf_bases *bases, const struct gap_profile *profile,
				   struct gap_error *error)
{
	*bases = (struct gap_isf_bases){.count = collect(profile, NULL)};
	bases->items = calloc(bases->count + 1, sizeof(*bases->items));
	if (!bases->items)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	collect(profile, bases->items);
	qsort(bases->items, bases->count, sizeof(*bases->items), compare_bases);
	name_bases(bases);
	choose_integers(bases);
	return GAP_OK;
}

void gap_isf_bases_deinit(struct gap_isf_bases *bases)
{
	free(bases->items);
}

const char *gap_isf_base_integer(struct gap_isf_bases *bases, uint64_t size_bytes, bool is_signed)
{
	size_t width = width_index(size_bytes);
	struct gap_isf_base *slot = &bases->integers[width][is_signed];

	if (!*slot->name) {
		bases->made_up[width][is_signed] = true;
		slot->kind = GAP_KIND_INT;
		slot->flags = is_signed ? GAP_TYPE_SIGNED : 0;
		slot->size_bytes = (uint64_t)1 << width;
		/* '#' keeps it apart from every name of the profile's */
		snprintf(slot->name, sizeof(slot->name), "%s#%u", is_signed ? "signed" : "unsigned",
			 1u << width);
	}
	return slot->name;
}

static int compare_key(const void *left, const void *right)
{
	return compare_plain(left, right);
}

const char *gap_isf_base_name(struct gap_isf_bases *bases, const struct gap_type *type)
{
	struct gap_isf_base key = {
		.plain = type->name,
		.kind = type->kind,
		.flags = type->flags & BASE_FLAGS,
		.size_bytes = type->size_bytes,
	};
	const struct gap_isf_base *found = NULL;

	if (is_base(type))
		found = bsearch(&key, bases->items, bases->count, sizeof(key), compare_key);
	if (found)
		return found->name;
	if (type->size_bytes == 0)
		return "void";
	return gap_isf_base_integer(bases, type->size_bytes, type->flags & GAP_TYPE_SIGNED);
}

/* ---- writing ---- */

static const char *kind_word(const struct gap_isf_base *base)
{
	if (base->kind == GAP_KIND_FLOAT)
		return "float";
	if (base->kind == GAP_KIND_VOID)
		return "void";
	if (base->flags & GAP_TYPE_BOOL)
		return "bool";
	return base->flags & GAP_TYPE_CHAR ? "char" : "int";
}

static void write_base(struct gap_json *json, const struct gap_isf_base *base)
{
	gap_json_line(json);
	gap_json_key(json, base->name);
	gap_json_open(json, '{');
	gap_json_key_number(json, "size", base->size_bytes);
	gap_json_key(json, "signed");
	gap_json_bool(json, base->kind == GAP_KIND_FLOAT || base->flags & GAP_TYPE_SIGNED);
	gap_json_key_name(json, "kind", kind_word(base));
	gap_json_key_name(json, "endian", "little");
	gap_json_close(json, '}');
}

void gap_isf_bases_write(const struct gap_isf_bases *bases, struct gap_json *json,
			 uint8_t pointer_bytes)
{
	struct gap_isf_base nothing = {.name = "void", .kind = GAP_KIND_VOID};
	struct gap_isf_base pointer = {
		.name = "pointer", .kind = GAP_KIND_INT, .size_bytes = pointer_bytes};

	gap_json_key(json, "base_types");
	gap_json_open(json, '{');
	write_base(json, &nothing);
	write_base(json, &pointer);
	for (size_t i = 0; i < bases->count; i++)
		write_base(json, &bases->items[i]);
	for (size_t width = 0; width < GAP_ISF_WIDTHS; width++)
		for (size_t sign = 0; sign < 2; sign++)
			if (bases->made_up[width][sign])
				write_base(json, &bases->integers[width][sign]);
	gap_json_close(json, '}');
}
