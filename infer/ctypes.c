/* SPDX-License-Identifier: MIT */
/* Making types out of their text. Which structure has which members is writer.c's. */
#include "infer/ctypes.h"

#include <stdio.h>
#include <string.h>

static const struct number {
	const char *name;
	uint8_t bytes; /* 0: a pointer's */
	uint32_t flags;
} numbers[] = {
	{"char", 1, GAP_TYPE_SIGNED | GAP_TYPE_CHAR},
	{"unsigned char", 1, 0},
	{"short", 2, GAP_TYPE_SIGNED},
	{"unsigned short", 2, 0},
	{"int", 4, GAP_TYPE_SIGNED},
	{"unsigned int", 4, 0},
	{"long", 0, GAP_TYPE_SIGNED},
	{"unsigned long", 0, 0},
	{"long long", 8, GAP_TYPE_SIGNED},
	{"unsigned long long", 8, 0},
};

#define NUMBER_COUNT (sizeof(numbers) / sizeof(numbers[0]))

_Static_assert(NUMBER_COUNT <= INFER_NUMBERS_MAX,
	       "struct infer_ctypes has no room for all numbers");

static struct infer_structure *find(const struct infer_ctypes *types, gap_text name)
{
	for (uint32_t i = 0; i < types->structures.count; i++)
		if (types->structures.items[i].name == name)
			return &types->structures.items[i];
	return NULL;
}

struct infer_structure *infer_ctypes_structure(struct infer_ctypes *types, const char *name)
{
	gap_text text = gap_builder_name(types->builder, name);
	struct infer_structure *row = find(types, text);

	if (row)
		return row;
	row = infer_structures_push(&types->structures);
	if (!row) {
		types->out_of_memory = true;
		return NULL;
	}
	*row = (struct infer_structure){.name = text,
					.id = gap_builder_type_reserve(types->builder, 1)};
	return row;
}

static const struct number *number_named(const char *name)
{
	for (size_t i = 0; i < NUMBER_COUNT; i++)
		if (strcmp(numbers[i].name, name) == 0)
			return &numbers[i];
	return NULL;
}

static struct infer_ctype make_number(struct infer_ctypes *types, const struct number *number)
{
	uint64_t bytes = number->bytes ? number->bytes : types->pointer_bytes;
	const struct gap_build_type type = {.kind = GAP_KIND_INT,
					    .flags = number->flags,
					    .name = gap_builder_name(types->builder, number->name),
					    .size_bytes = bytes};

	gap_type_id *made = &types->numbers[number - numbers];

	if (!*made)
		*made = gap_builder_type_add(types->builder, &type);
	return (struct infer_ctype){*made, bytes};
}

static struct infer_ctype make_width(struct infer_ctypes *types, uint32_t width_bits)
{
	for (size_t i = 1; i < NUMBER_COUNT; i++)
		if (!numbers[i].flags && (uint32_t)numbers[i].bytes * 8 == width_bits)
			return make_number(types, &numbers[i]);
	return make_number(types, number_named("unsigned long"));
}

/* "T *" and "void *". */
static struct infer_ctype make_pointer(struct infer_ctypes *types, const char *target)
{
	struct infer_structure *structure =
		strcmp(target, "void") == 0 ? NULL : infer_ctypes_structure(types, target);
	const struct gap_build_type type = {.kind = GAP_KIND_POINTER,
					    .size_bytes = types->pointer_bytes,
					    .ref = structure ? structure->id : 0};

	gap_type_id *made = structure ? &structure->pointer : &types->void_pointer;

	if (!*made)
		*made = gap_builder_type_add(types->builder, &type);
	return (struct infer_ctype){*made, types->pointer_bytes};
}

static const struct infer_structure *inner(struct infer_ctypes *types, const char *name)
{
	return types->by_name ? infer_ctypes_structure(types, name)
			      : find(types, gap_builder_name(types->builder, name));
}

/* A text without its array. */
static struct infer_ctype make_plain(struct infer_ctypes *types, const char *text,
				     uint32_t width_bits)
{
	const struct number *number = number_named(text);
	const struct infer_structure *structure;
	size_t length = strlen(text);
	char target[64];

	if (number)
		return make_number(types, number);
	if (length > 2 && length < sizeof(target) && strcmp(text + length - 2, " *") == 0) {
		snprintf(target, sizeof(target), "%.*s", (int)(length - 2), text);
		return make_pointer(types, target);
	}
	structure = strncmp(text, "struct ", 7) != 0 ? NULL : inner(types, text + 7);
	if (structure && (structure->written || types->by_name))
		return (struct infer_ctype){structure->id, structure->size_bytes};
	return make_width(types, width_bits);
}

/* A structure of which nothing was written. */
static bool is_unknown(struct infer_ctypes *types, const char *text)
{
	const struct infer_structure *structure;

	if (strncmp(text, "struct ", 7) != 0 || types->by_name)
		return false;
	structure = inner(types, text + 7);
	return !structure || !structure->written;
}

struct infer_ctype infer_ctypes_get(struct infer_ctypes *types, const char *text,
				    uint32_t width_bits)
{
	const char *bracket = text ? strchr(text, '[') : NULL;
	struct gap_build_type array = {.kind = GAP_KIND_ARRAY};
	struct infer_ctype element;
	char plain[64];

	if (!text)
		return make_width(types, width_bits);
	if (!bracket)
		return make_plain(types, text, width_bits);
	snprintf(plain, sizeof(plain), "%.*s", (int)(bracket - text), text);
	if (is_unknown(types, plain)) /* nor is it known how far its elements are apart */
		return make_width(types, width_bits);
	element = make_plain(types, plain, width_bits);
	array.ref = element.id;
	array.count = strtoull(bracket + 1, NULL, 10);
	return (struct infer_ctype){gap_builder_type_add(types->builder, &array),
				    element.size_bytes * array.count};
}

uint64_t infer_ctypes_size(const struct infer_ctypes *types, const char *text)
{
	const struct number *number = number_named(text);
	size_t length = strlen(text);

	if (number)
		return number->bytes ? number->bytes : types->pointer_bytes;
	return length > 2 && strcmp(text + length - 2, " *") == 0 ? types->pointer_bytes : 0;
}

enum gap_status infer_ctypes_finish(struct infer_ctypes *types)
{
	for (uint32_t i = 0; i < types->structures.count; i++) {
		const struct infer_structure *row = &types->structures.items[i];
		const struct gap_build_type declaration = {
			.kind = GAP_KIND_STRUCT, .flags = GAP_TYPE_INCOMPLETE, .name = row->name};

		if (!row->written)
			gap_builder_type_set(types->builder, row->id, &declaration);
	}
	free(types->structures.items);
	types->structures = (struct infer_structures){0};
	return types->out_of_memory ? GAP_NO_MEMORY : GAP_OK;
}
