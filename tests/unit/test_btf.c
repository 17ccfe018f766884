/* SPDX-License-Identifier: MIT */
/* Reading BTF that is written here, word by word: every kind, both encodings of bit-fields, and everything that damage or
 * malice can do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/btf.h"
#include "tests/support/making.h"
#include "tests/support/written_btf.h"

static enum gap_status read_bytes(struct gap_builder *builder, const struct written_btf *btf,
				  struct gap_error *error)
{
	size_t size_bytes;
	unsigned char *bytes = btf_assemble(btf, &size_bytes);
	enum gap_status status = gap_btf_read(builder, bytes, size_bytes, NULL, NULL, error);

	free(bytes);
	return status;
}

static struct frozen read_btf(const struct written_btf *btf)
{
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};

	if (read_bytes(builder, btf, &error))
		fail_msg("%s", error.text);
	return freeze(builder, 0);
}

/* ---- looking ---- */

static struct gap_type type_at(const struct frozen *frozen, gap_type_id id)
{
	struct gap_type found;

	assert_true(gap_profile_type(frozen->profile, id, &found));
	return found;
}

static struct gap_type type_named(const struct frozen *frozen, const char *name)
{
	return type_at(frozen, type_called(frozen, name));
}

static struct gap_location locate(const struct frozen *frozen, const char *name, const char *path)
{
	struct gap_location location = {0};
	struct gap_error error = {""};

	if (gap_profile_find_member(frozen->profile, type_called(frozen, name), path, &location,
				    &error))
		fail_msg("%s", error.text);
	return location;
}

/* ---- every kind ---- */

static void integers_and_floats(void **state)
{
	static const struct {
		const char *name;
		uint32_t size, encoding, flags;
	} cases[] = {
		{"int", 4, BTF_SIGNED_INT, GAP_TYPE_SIGNED},
		{"unsigned int", 4, 32, 0},
		{"_Bool", 1, 4u << 24 | 8, GAP_TYPE_BOOL},
		{"signed char", 1, 3u << 24 | 8, GAP_TYPE_SIGNED | GAP_TYPE_CHAR},
		{"char", 1, 8, GAP_TYPE_SIGNED | GAP_TYPE_CHAR},
		{"unsigned char", 1, 8, 0},
		{"__int128", 16, 1u << 24 | 128, GAP_TYPE_SIGNED},
	};
	struct written_btf btf = btf_begin();
	struct frozen frozen;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		btf_integer(&btf, cases[i].name, cases[i].size, cases[i].encoding);
	btf_type(&btf, BTF_FLOAT, "double", 0, 0, 8);
	frozen = read_btf(&btf);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_type found = type_named(&frozen, cases[i].name);

		assert_int_equal(found.kind, GAP_KIND_INT);
		assert_int_equal(found.size_bytes, cases[i].size);
		assert_int_equal(found.flags, cases[i].flags);
	}
	assert_int_equal(type_named(&frozen, "double").kind, GAP_KIND_FLOAT);
	assert_int_equal(type_named(&frozen, "double").size_bytes, 8);
	frozen_deinit(&frozen);
}

static void aggregates_and_arrays(void **state)
{
	struct written_btf btf = btf_begin();
	uint32_t i32 = btf_integer(&btf, "int", 4, BTF_SIGNED_INT), node, grid, none, inner;
	struct frozen frozen;

	(void)state;
	node = btf_type(&btf, BTF_STRUCT, "node", 2, 0, 16); /* refers to itself, and ahead */
	btf_three(&btf, "next", node + 1, 0);
	btf_three(&btf, "value", i32, 64);
	btf_type(&btf, BTF_PTR, NULL, 0, 0, node);
	grid = btf_array(&btf, btf_array(&btf, i32, 3), 2);
	none = btf_array(&btf, i32, 0);
	inner = btf_type(&btf, BTF_UNION, NULL, 1, 0, 4);
	btf_three(&btf, "deep", i32, 0);
	btf_type(&btf, BTF_STRUCT, "outer", 4, 0, 48);
	btf_three(&btf, "grid", grid, 0);
	btf_three(&btf, NULL, inner, 24 * 8);
	btf_three(&btf, "node", node, 32 * 8);
	btf_three(&btf, "tail", none, 48 * 8);
	frozen = read_btf(&btf);
	assert_int_equal(locate(&frozen, "outer", "deep").offset_bits, 192);
	assert_int_equal(locate(&frozen, "outer", "grid[1][2]").offset_bits, 160);
	assert_int_equal(locate(&frozen, "outer", "node.value").offset_bits, 320);
	assert_int_equal(locate(&frozen, "outer", "tail").size_bytes, 0);
	assert_true(type_at(&frozen, locate(&frozen, "outer", "tail").type).flags &
		    GAP_TYPE_FLEXIBLE);
	assert_int_equal(type_at(&frozen, locate(&frozen, "node", "next").type).ref,
			 type_called(&frozen, "node"));
	frozen_deinit(&frozen);
}

static void bit_fields_of_structs_with_a_flag(void **state)
{
	struct written_btf btf = btf_begin();
	uint32_t i32 = btf_integer(&btf, "int", 4, BTF_SIGNED_INT);
	struct frozen frozen;

	(void)state;
	btf_type(&btf, BTF_STRUCT, "s", 3, 1, 8);
	btf_three(&btf, "low", i32, 3u << 24 | 0);
	btf_three(&btf, "high", i32, 29u << 24 | 3);
	btf_three(&btf, "whole", i32, 32);
	frozen = read_btf(&btf);
	assert_int_equal(locate(&frozen, "s", "low").width_bits, 3);
	assert_int_equal(locate(&frozen, "s", "high").width_bits, 29);
	assert_int_equal(locate(&frozen, "s", "high").offset_bits, 3);
	assert_int_equal(locate(&frozen, "s", "whole").width_bits, 0);
	assert_int_equal(locate(&frozen, "s", "whole").offset_bits, 32);
	frozen_deinit(&frozen);
}

/* Before pahole 1.13 a bit-field was a member of a narrow integer: bits in the encoding, behind typedefs and qualifiers. */
static void bit_fields_without_the_flag(void **state)
{
	struct written_btf btf = btf_begin();
	uint32_t i32 = btf_integer(&btf, "int", 4, BTF_SIGNED_INT);
	uint32_t narrow = btf_integer(&btf, "int", 4, 1u << 24 | 3);
	uint32_t shifted = btf_integer(&btf, "int", 4, 1u << 24 | 2u << 16 | 5);
	uint32_t alias = btf_type(&btf, BTF_TYPEDEF, "bits_t", 0, 0, narrow);
	struct frozen frozen;

	(void)state;
	alias = btf_type(&btf, BTF_CONST, NULL, 0, 0, alias);
	btf_type(&btf, BTF_STRUCT, "s", 4, 0, 8);
	btf_three(&btf, "low", narrow, 0);
	btf_three(&btf, "shifted", shifted, 8);
	btf_three(&btf, "alias", alias, 16);
	btf_three(&btf, "whole", i32, 32);
	frozen = read_btf(&btf);
	assert_int_equal(locate(&frozen, "s", "low").width_bits, 3);
	assert_int_equal(locate(&frozen, "s", "low").offset_bits, 0);
	assert_int_equal(locate(&frozen, "s", "shifted").width_bits, 5);
	assert_int_equal(locate(&frozen, "s", "shifted").offset_bits, 10);
	assert_int_equal(locate(&frozen, "s", "alias").width_bits, 3);
	assert_int_equal(locate(&frozen, "s", "alias").offset_bits, 16);
	assert_int_equal(locate(&frozen, "s", "whole").width_bits, 0);
	frozen_deinit(&frozen);
}

static void enumerators_of_both_widths(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
	} expected[] = {
		{"RED", 1},
		{"GREEN", (uint64_t)-2},
		{"BIG", UINT32_MAX},
		{"ONES", UINT64_MAX},
		{"WIDE", UINT64_C(0x123456789abcdef0)},
	};
	struct written_btf btf = btf_begin();
	struct frozen frozen;

	(void)state;
	btf_type(&btf, BTF_ENUM, "colour", 2, 1, 4);
	btf_two(&btf, "RED", 1);
	btf_two(&btf, "GREEN", (uint32_t)-2);
	btf_type(&btf, BTF_ENUM, "flags", 1, 0, 4);
	btf_two(&btf, "BIG", UINT32_MAX);
	btf_type(&btf, BTF_ENUM64, "huge", 2, 0, 8);
	btf_three(&btf, "ONES", UINT32_MAX, UINT32_MAX);
	btf_three(&btf, "WIDE", 0x9abcdef0, 0x12345678);
	btf_type(&btf, BTF_ENUM, "ahead", 0, 0, 4);
	frozen = read_btf(&btf);
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		struct gap_enumerator found;
		uint32_t row;

		assert_int_equal(
			gap_profile_find_enumerator(frozen.profile, expected[i].name, &row, NULL),
			GAP_OK);
		assert_true(gap_profile_enumerator(frozen.profile, row, &found));
		assert_int_equal(found.value, expected[i].value);
	}
	assert_int_equal(type_named(&frozen, "colour").flags, GAP_TYPE_SIGNED);
	assert_int_equal(type_named(&frozen, "flags").flags, 0);
	assert_int_equal(type_named(&frozen, "huge").size_bytes, 8);
	assert_int_equal(type_named(&frozen, "ahead").flags, GAP_TYPE_INCOMPLETE);
	frozen_deinit(&frozen);
}

static void declarations_qualifiers_and_tags(void **state)
{
	struct written_btf btf = btf_begin();
	uint32_t i32 = btf_integer(&btf, "int", 4, BTF_SIGNED_INT), tag;
	struct frozen frozen;
	struct gap_type found;

	(void)state;
	btf_type(&btf, BTF_FWD, "a_struct", 0, 0, 0);
	btf_type(&btf, BTF_FWD, "a_union", 0, 1, 0);
	tag = btf_type(&btf, BTF_TYPE_TAG, "user", 0, 0, i32);
	tag = btf_type(&btf, BTF_TYPE_TAG, "rcu", 0, 0, tag);
	btf_type(&btf, BTF_TYPEDEF, "tagged", 0, 0, tag);
	btf_type(&btf, BTF_TYPEDEF, "qualified", 0, 0, btf.types + 2);
	btf_type(&btf, BTF_CONST, NULL, 0, 0, btf.types + 2);
	btf_type(&btf, BTF_VOLATILE, NULL, 0, 0, btf.types + 2);
	btf_type(&btf, BTF_RESTRICT, NULL, 0, 0, btf.types + 2);
	btf_type(&btf, BTF_PTR, NULL, 0, 0, 0);
	btf_type(&btf, BTF_DECL_TAG, "note", 0, 0, i32);
	btf_word(&btf, 0);
	frozen = read_btf(&btf);
	assert_int_equal(type_named(&frozen, "a_struct").kind, GAP_KIND_STRUCT);
	assert_int_equal(type_named(&frozen, "a_union").kind, GAP_KIND_UNION);
	assert_int_equal(type_named(&frozen, "a_union").flags, GAP_TYPE_INCOMPLETE);
	assert_int_equal(type_named(&frozen, "tagged").ref, type_called(&frozen, "int"));
	found = type_named(&frozen, "qualified");
	for (int kind = GAP_KIND_CONST; kind <= GAP_KIND_RESTRICT; kind++) {
		found = type_at(&frozen, found.ref);
		assert_int_equal(found.kind, kind);
	}
	found = type_at(&frozen, found.ref);
	assert_int_equal(found.kind, GAP_KIND_POINTER);
	assert_int_equal(found.ref, 0);
	assert_int_equal(gap_profile_find_types(frozen.profile, "note", NULL, 0), 0);
	frozen_deinit(&frozen);
}

/* ---- functions and variables ---- */

struct told {
	struct gap_builder *builder;
	char text[64];
};

static void on_function(void *context, gap_text name, gap_type_id id)
{
	struct told *told = context;
	size_t used = strlen(told->text);

	assert_true(id != 0);
	snprintf(told->text + used, sizeof(told->text) - used, "%s ",
		 gap_builder_string(told->builder, name));
}

static void functions_are_told_of(void **state)
{
	struct told told = {make_builder(), ""};
	struct written_btf btf = btf_begin();
	uint32_t i32 = btf_integer(&btf, "int", 4, BTF_SIGNED_INT), prototype;
	struct gap_parameter parameter;
	struct gap_type found;
	struct frozen frozen;
	unsigned char *bytes;
	size_t size_bytes;

	(void)state;
	prototype = btf_type(&btf, BTF_FUNC_PROTO, NULL, 3, 0, i32);
	btf_two(&btf, "format", i32);
	btf_two(&btf, NULL, i32);
	btf_two(&btf, NULL, 0); /* … */
	btf_type(&btf, BTF_FUNC, "printk", 1, 0, prototype);
	btf_type(&btf, BTF_VAR, "runqueues", 0, 0, i32);
	btf_word(&btf, 1);
	btf_type(&btf, BTF_DATASEC, ".data..percpu", 1, 0, 4);
	btf_word(&btf, btf.types - 1);
	btf_word(&btf, 0);
	btf_word(&btf, 4);
	bytes = btf_assemble(&btf, &size_bytes);
	assert_int_equal(gap_btf_read(told.builder, bytes, size_bytes, on_function, &told, NULL),
			 GAP_OK);
	free(bytes);
	assert_string_equal(told.text, "printk runqueues ");
	frozen = freeze(told.builder, 0);
	found = type_at(&frozen, 2);
	assert_int_equal(found.kind, GAP_KIND_FUNCTION);
	assert_int_equal(found.flags, GAP_TYPE_FLEXIBLE);
	assert_int_equal(found.count, 2);
	assert_true(gap_profile_parameter(frozen.profile, found.first, &parameter));
	assert_string_equal(parameter.name, "format");
	assert_int_equal(parameter.type, type_called(&frozen, "int"));
	frozen_deinit(&frozen);
}

static void pointers_are_as_wide_as_long(void **state)
{
	static const struct {
		const char *name;
		uint32_t size, pointer;
	} cases[] = {
		{"long unsigned int", 4, 4},  {"unsigned long", 4, 4}, {"long unsigned int", 8, 8},
		{"long unsigned int", 16, 8}, {"unsigned int", 4, 8},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct written_btf btf = btf_begin();
		struct gap_target target;
		struct frozen frozen;

		btf_type(&btf, BTF_PTR, NULL, 0, 0, 0);
		btf_integer(&btf, cases[i].name, cases[i].size, 8 * cases[i].size);
		frozen = read_btf(&btf);
		gap_profile_target(frozen.profile, &target);
		assert_int_equal(target.pointer_bytes, cases[i].pointer);
		assert_int_equal(type_at(&frozen, 2).size_bytes, cases[i].pointer);
		frozen_deinit(&frozen);
	}
}

static void empty_btf_has_no_types(void **state)
{
	struct written_btf btf = btf_begin();
	struct frozen frozen = read_btf(&btf);

	(void)state;
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_TYPES), 1);
	frozen_deinit(&frozen);
}

/* ---- refusals ---- */

static void header_bent(size_t at, uint32_t value, enum gap_status status, const char *words)
{
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};
	struct written_btf btf = btf_begin();
	unsigned char *bytes;
	size_t size_bytes;

	btf_integer(&btf, "int", 4, BTF_SIGNED_INT);
	bytes = btf_assemble(&btf, &size_bytes);
	memcpy(bytes + at, &value, sizeof(value));
	assert_int_equal(gap_btf_read(builder, bytes, size_bytes, NULL, NULL, &error), status);
	if (!strstr(error.text, words))
		fail_msg("%s", error.text);
	free(bytes);
	gap_builder_destroy(builder);
}

static void headers_are_checked(void **state)
{
	(void)state;
	header_bent(0, 0x01009feb, GAP_UNSUPPORTED, "big-endian");
	header_bent(0, 0x0002eb9f, GAP_CORRUPT, "version 2");
	header_bent(0, 0x464c457f, GAP_CORRUPT, "not BTF");
	header_bent(4, 0, GAP_CORRUPT, "header of 0 bytes");
	header_bent(4, UINT32_MAX, GAP_CORRUPT, "header of");
	header_bent(8, UINT32_MAX, GAP_CORRUPT, "cut");
	header_bent(12, UINT32_MAX, GAP_CORRUPT, "cut");
	header_bent(12, 17, GAP_CORRUPT, "cut");
	header_bent(16, UINT32_MAX, GAP_CORRUPT, "cut");
	header_bent(20, UINT32_MAX, GAP_CORRUPT, "cut");
	header_bent(20, 0, GAP_CORRUPT, "strings do not end");
	header_bent(20, 3, GAP_CORRUPT, "strings do not end");
}

static void split_btf_is_refused(void **state)
{
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};
	struct written_btf btf = {.string_bytes = 0};

	(void)state;
	/* A module's strings go on where vmlinux's ended: no empty one comes first. */
	btf_text(&btf, "module_struct");
	btf_word(&btf, 8000000);
	btf_word(&btf, (uint32_t)BTF_STRUCT << 24);
	btf_word(&btf, 4);
	assert_int_equal(read_bytes(builder, &btf, &error), GAP_UNSUPPORTED);
	assert_non_null(strstr(error.text, "split BTF"));
	gap_builder_destroy(builder);
}

struct refusal {
	uint32_t kind, entries, size_or_type;
	uint32_t behind[4];
	uint32_t behind_count;
	enum gap_status status;
	const char *words;
};

/* One type, number 1, that is wrong. */
static const struct refusal refusals[] = {
	{0, 0, 0, {0}, 0, GAP_UNSUPPORTED, "kind 0"},
	{20, 0, 0, {0}, 0, GAP_UNSUPPORTED, "kind 20"},
	{31, 0, 0, {0}, 0, GAP_UNSUPPORTED, "kind 31"},
	{BTF_PTR, 0, 2, {0}, 0, GAP_CORRUPT, "does not exist"},
	{BTF_PTR, 0, UINT32_MAX, {0}, 0, GAP_CORRUPT, "does not exist"},
	{BTF_ARRAY, 0, 0, {9, 0, 1}, 3, GAP_CORRUPT, "does not exist"},
	{BTF_STRUCT, 1, 4, {0, 9, 0}, 3, GAP_CORRUPT, "does not exist"},
	{BTF_STRUCT, 1, 4, {99, 0, 0}, 3, GAP_CORRUPT, "outside the strings"},
	{BTF_STRUCT, 1, 4, {0}, 2, GAP_CORRUPT, "cut"},
	{BTF_STRUCT, 0xffff, 4, {0}, 3, GAP_CORRUPT, "cut"},
	{BTF_ENUM, 1, 4, {99, 0}, 2, GAP_CORRUPT, "outside the strings"},
	{BTF_ENUM64, 1, 4, {0}, 2, GAP_CORRUPT, "cut"},
	{BTF_FUNC_PROTO, 1, 0, {0, 9}, 2, GAP_CORRUPT, "does not exist"},
	{BTF_FUNC_PROTO, 1, 0, {99, 1}, 2, GAP_CORRUPT, "outside the strings"},
	{BTF_TYPE_TAG, 0, 1, {0}, 0, GAP_OK, ""}, /* a circle that nobody asks about */
	{BTF_INT, 0, 4, {0}, 0, GAP_CORRUPT, "cut"},
};

static void wrong_types_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *wrong = &refusals[i];
		struct gap_builder *builder = make_builder();
		struct gap_error error = {""};
		struct written_btf btf = btf_begin();

		btf_type(&btf, wrong->kind, NULL, wrong->entries, 0, wrong->size_or_type);
		for (uint32_t j = 0; j < wrong->behind_count; j++)
			btf_word(&btf, wrong->behind[j]);
		assert_int_equal(read_bytes(builder, &btf, &error), wrong->status);
		if (!strstr(error.text, wrong->words))
			fail_msg("%zu: %s", i, error.text);
		gap_builder_destroy(builder);
	}
}

static void what_is_no_type_is_not_referred_to(void **state)
{
	static const uint32_t kinds[] = {BTF_FUNC, BTF_VAR, BTF_DATASEC, BTF_DECL_TAG};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct gap_builder *builder = make_builder();
		struct gap_error error = {""};
		struct written_btf btf = btf_begin();

		btf_type(&btf, BTF_PTR, NULL, 0, 0, 2);
		btf_type(&btf, kinds[i], "odd", 0, 0, 1);
		if (kinds[i] == BTF_VAR || kinds[i] == BTF_DECL_TAG)
			btf_word(&btf, 0);
		assert_int_equal(read_bytes(builder, &btf, &error), GAP_CORRUPT);
		assert_non_null(strstr(error.text, "no type"));
		gap_builder_destroy(builder);
	}
}

/* Circles are told when the image is made; tags' circles when somebody follows them. */
static void circles_are_refused(void **state)
{
	static const uint32_t kinds[][3] = {
		{BTF_TYPEDEF, BTF_CONST, BTF_VOLATILE}, {BTF_TYPEDEF, BTF_TYPEDEF, BTF_TYPEDEF},
		{BTF_CONST, BTF_CONST, BTF_RESTRICT},   {BTF_TYPEDEF, BTF_TYPE_TAG, BTF_CONST},
		{BTF_PTR, BTF_TYPE_TAG, BTF_TYPE_TAG},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct gap_builder *builder = make_builder();
		struct gap_error error = {""};
		struct written_btf btf = btf_begin();
		size_t size_bytes;
		void *image;
		bool tags = kinds[i][2] == BTF_TYPE_TAG;
		enum gap_status status;

		btf_type(&btf, kinds[i][0], NULL, 0, 0, 2);
		btf_type(&btf, kinds[i][1], NULL, 0, 0, 3);
		btf_type(&btf, kinds[i][2], NULL, 0, 0, tags ? 2 : 1);
		status = read_bytes(builder, &btf, &error);
		if (!status)
			status = gap_builder_freeze(builder, 0, &image, &size_bytes, &error);
		assert_int_equal(status, GAP_CORRUPT);
		assert_non_null(strstr(error.text, tags ? "circle" : "contains itself"));
		gap_builder_destroy(builder);
	}
}

static void an_array_of_itself_is_refused(void **state)
{
	struct gap_builder *builder = make_builder();
	struct written_btf btf = btf_begin();
	size_t size_bytes;
	void *image;

	(void)state;
	btf_type(&btf, BTF_STRUCT, "s", 1, 0, 8);
	btf_three(&btf, "inner", 2, 0);
	btf_array(&btf, 1, 2);
	assert_int_equal(read_bytes(builder, &btf, NULL), GAP_OK);
	assert_int_equal(gap_builder_freeze(builder, 0, &image, &size_bytes, NULL), GAP_CORRUPT);
	gap_builder_destroy(builder);
}

/* ---- damage ---- */

static struct written_btf everything(void)
{
	struct written_btf btf = btf_begin();
	uint32_t i32 = btf_integer(&btf, "int", 4, BTF_SIGNED_INT);

	btf_type(&btf, BTF_STRUCT, "s", 3, 1, 24);
	btf_three(&btf, "bits", i32, 3u << 24 | 1);
	btf_three(&btf, "next", 3, 64);
	btf_three(&btf, "grid", 4, 128);
	btf_type(&btf, BTF_PTR, NULL, 0, 0, 2);
	btf_array(&btf, i32, 2);
	btf_type(&btf, BTF_UNION, NULL, 1, 0, 4);
	btf_three(&btf, "u", i32, 0);
	btf_type(&btf, BTF_ENUM, "e", 1, 1, 4);
	btf_two(&btf, "E", 1);
	btf_type(&btf, BTF_ENUM64, "f", 1, 0, 8);
	btf_three(&btf, "F", 1, 1);
	btf_type(&btf, BTF_FUNC_PROTO, NULL, 2, 0, i32);
	btf_two(&btf, "p", i32);
	btf_two(&btf, NULL, 0);
	btf_type(&btf, BTF_FUNC, "call", 0, 0, 8);
	btf_type(&btf, BTF_VAR, "v", 0, 0, i32);
	btf_word(&btf, 0);
	btf_type(&btf, BTF_TYPEDEF, "t", 0, 0, 12);
	btf_type(&btf, BTF_TYPE_TAG, "tag", 0, 0, 13);
	btf_type(&btf, BTF_CONST, NULL, 0, 0, 14);
	btf_type(&btf, BTF_FWD, "ahead", 0, 1, 0);
	btf_type(&btf, BTF_FLOAT, "float", 0, 0, 4);
	return btf;
}

static void ignore(void *context, gap_text name, gap_type_id id)
{
	(void)context;
	(void)name;
	(void)id;
}

/* Whatever is read must freeze to an image that opens, or be refused; never more. */
static bool read_and_freeze(const unsigned char *bytes, size_t size_bytes)
{
	struct gap_builder *builder = make_builder();
	struct gap_profile *profile = NULL;
	size_t image_bytes;
	void *image = NULL;
	bool accepted = !gap_btf_read(builder, bytes, size_bytes, ignore, NULL, NULL) &&
			!gap_builder_freeze(builder, 0, &image, &image_bytes, NULL);

	if (accepted)
		assert_int_equal(gap_profile_open_image(image, image_bytes, &profile, NULL),
				 GAP_OK);
	gap_profile_close(profile);
	free(image);
	gap_builder_destroy(builder);
	return accepted;
}

static void cut_anywhere_is_refused(void **state)
{
	struct written_btf btf = everything();
	size_t size_bytes;
	unsigned char *whole = btf_assemble(&btf, &size_bytes);

	(void)state;
	assert_true(read_and_freeze(whole, size_bytes));
	for (size_t length = 0; length < size_bytes; length++) {
		unsigned char *bytes = malloc(length ? length : 1);

		assert_non_null(bytes);
		memcpy(bytes, whole, length);
		assert_false(read_and_freeze(bytes, length));
		free(bytes);
	}
	free(whole);
}

static void altered_anywhere_is_survived(void **state)
{
	static const unsigned char changes[] = {0x01, 0x80, 0xff};
	struct written_btf btf = everything();
	size_t size_bytes;
	unsigned char *bytes = btf_assemble(&btf, &size_bytes);

	(void)state;
	for (size_t at = 0; at < size_bytes; at++) {
		for (size_t i = 0; i < COUNT_OF(changes); i++) {
			bytes[at] ^= changes[i];
			read_and_freeze(bytes, size_bytes);
			bytes[at] ^= changes[i];
		}
	}
	free(bytes);
}

static void probe(void **state)
{
	static const unsigned char little[24] = {0x9f, 0xeb, 1}, big[24] = {0xeb, 0x9f, 1};

	(void)state;
	assert_true(gap_btf_probe(little, sizeof(little)));
	assert_true(gap_btf_probe(big, sizeof(big))); /* known, to be refused by name */
	assert_false(gap_btf_probe(little, 23));
	assert_false(gap_btf_probe("\x7f"
				   "ELF and more than twenty-four",
				   30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_and_floats),
		cmocka_unit_test(aggregates_and_arrays),
		cmocka_unit_test(bit_fields_of_structs_with_a_flag),
		cmocka_unit_test(bit_fields_without_the_flag),
		cmocka_unit_test(enumerators_of_both_widths),
		cmocka_unit_test(declarations_qualifiers_and_tags),
		cmocka_unit_test(functions_are_told_of),
		cmocka_unit_test(pointers_are_as_wide_as_long),
		cmocka_unit_test(empty_btf_has_no_types),
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(split_btf_is_refused),
		cmocka_unit_test(wrong_types_are_refused),
		cmocka_unit_test(what_is_no_type_is_not_referred_to),
		cmocka_unit_test(circles_are_refused),
		cmocka_unit_test(an_array_of_itself_is_refused),
		cmocka_unit_test(cut_anywhere_is_refused),
		cmocka_unit_test(altered_anywhere_is_survived),
		cmocka_unit_test(probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
