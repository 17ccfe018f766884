/* SPDX-License-Identifier: MIT */
/* C types by their text: every form, what is none, and that the tables of texts hold nothing that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/ctypes.h"
#include "tests/support/making.h"

#define HELD_MAX 4

/* Freezing gives types other ids: they are found again as members of a holder. */
struct scene {
	struct infer_ctypes types;
	gap_type_id held[HELD_MAX];
	unsigned held_count;
	struct frozen frozen;
};

static void scene_init(struct scene *scene, uint8_t pointer_bytes)
{
	*scene = (struct scene){
		.types = {.builder = make_builder(), .pointer_bytes = pointer_bytes}};
	gap_builder_target_set(
		scene->types.builder,
		&(struct gap_build_target){.machine = 62, .pointer_bytes = pointer_bytes});
}

static unsigned hold(struct scene *scene, gap_type_id id)
{
	assert_true(scene->held_count < HELD_MAX);
	scene->held[scene->held_count] = id;
	return scene->held_count++;
}

static void scene_freeze(struct scene *scene)
{
	static const char *const names[HELD_MAX] = {"0", "1", "2", "3"};
	struct make_member members[HELD_MAX + 1] = {{.type = GAP_NONE}};

	for (unsigned i = 0; i < scene->held_count; i++)
		members[i] = (struct make_member){names[i], scene->held[i], 8192 * i, 0};
	members[scene->held_count].type = GAP_NONE;
	make_struct(scene->types.builder, "holder", 4096, members);
	assert_int_equal(infer_ctypes_finish(&scene->types), GAP_OK);
	scene->frozen = freeze(scene->types.builder, 0);
}

static struct gap_type type_of(const struct scene *scene, gap_type_id id)
{
	struct gap_type type;

	assert_true(gap_profile_type(scene->frozen.profile, id, &type));
	return type;
}

static gap_type_id held_id(const struct scene *scene, unsigned held)
{
	struct gap_member member;
	struct gap_type holder = type_of(scene, type_called(&scene->frozen, "holder"));

	assert_true(gap_profile_member(scene->frozen.profile, holder.first + held, &member));
	return member.type;
}

static struct gap_type held_type(const struct scene *scene, unsigned held)
{
	return type_of(scene, held_id(scene, held));
}

/* A structure of a known size, as if writer.c had written it. */
static void write_structure(struct scene *scene, const char *name, uint64_t size_bytes)
{
	struct infer_structure *row = infer_ctypes_structure(&scene->types, name);

	set_aggregate(scene->types.builder, row->id, GAP_KIND_STRUCT, name, size_bytes,
		      MAKE_MEMBERS({.name = "x", .type = 0}) + 1);
	row->written = true;
	row->size_bytes = size_bytes;
}

/* Sizes for pointers of four and of eight bytes. */
static const struct {
	const char *text;
	uint32_t width_bits;
	enum gap_kind kind;
	const char *name;
	uint64_t size_32, size_64;
	uint32_t flags;
} forms[] = {
	{"char", 0, GAP_KIND_INT, "char", 1, 1, GAP_TYPE_SIGNED | GAP_TYPE_CHAR},
	{"unsigned char", 0, GAP_KIND_INT, "unsigned char", 1, 1, 0},
	{"short", 0, GAP_KIND_INT, "short", 2, 2, GAP_TYPE_SIGNED},
	{"unsigned int", 0, GAP_KIND_INT, "unsigned int", 4, 4, 0},
	{"long", 0, GAP_KIND_INT, "long", 4, 8, GAP_TYPE_SIGNED},
	{"unsigned long", 0, GAP_KIND_INT, "unsigned long", 4, 8, 0},
	{"long long", 0, GAP_KIND_INT, "long long", 8, 8, GAP_TYPE_SIGNED},
	{"int", 8, GAP_KIND_INT, "int", 4, 4, GAP_TYPE_SIGNED}, /* the text, not the width */
	{"void *", 0, GAP_KIND_POINTER, "", 4, 8, 0},
	{"cred *", 0, GAP_KIND_POINTER, "", 4, 8, 0},
	{"char[16]", 0, GAP_KIND_ARRAY, "", 16, 16, 0},
	{"void *[31]", 0, GAP_KIND_ARRAY, "", 124, 248, 0},
	{"struct known", 0, GAP_KIND_STRUCT, "known", 24, 24, 0},
	{"struct known[3]", 0, GAP_KIND_ARRAY, "", 72, 72, 0},
	/* What is no type, or a structure that nobody wrote: a number of the width that was seen. */
	{"struct unknown", 0, GAP_KIND_INT, "unsigned long", 4, 8, 0},
	{"struct unknown", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{NULL, 8, GAP_KIND_INT, "unsigned char", 1, 1, 0},
	{NULL, 32, GAP_KIND_INT, "unsigned int", 4, 4, 0},
	{NULL, 64, GAP_KIND_INT, "unsigned long long", 8, 8, 0},
	{NULL, 24, GAP_KIND_INT, "unsigned long", 4, 8, 0},
	{"", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{"int ", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{" *", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{"cred*", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{"struct ", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{"known", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{"structknown", 16, GAP_KIND_INT, "unsigned short", 2, 2, 0},
	{"int[", 0, GAP_KIND_ARRAY, "", 0, 0, 0},
	{"int[]", 0, GAP_KIND_ARRAY, "", 0, 0, 0},
	{"int[-]", 0, GAP_KIND_ARRAY, "", 0, 0, 0},
	{"[4]", 16, GAP_KIND_ARRAY, "", 8, 8, 0},
};

static void check_form(size_t i, uint8_t pointer_bytes)
{
	uint64_t size_bytes = pointer_bytes == 4 ? forms[i].size_32 : forms[i].size_64;
	struct infer_ctype made;
	struct gap_type type;
	struct scene scene;

	scene_init(&scene, pointer_bytes);
	write_structure(&scene, "known", 24);
	made = infer_ctypes_get(&scene.types, forms[i].text, forms[i].width_bits);
	hold(&scene, made.id);
	scene_freeze(&scene);
	type = held_type(&scene, 0);
	if (type.kind != forms[i].kind || strcmp(type.name, forms[i].name) != 0 ||
	    type.size_bytes != size_bytes || made.size_bytes != size_bytes ||
	    (type.kind == GAP_KIND_INT && type.flags != forms[i].flags))
		fail_msg("\"%s\" with %u-byte pointers: kind %d \"%s\" of %llu (%llu) bytes",
			 forms[i].text ? forms[i].text : "(none)", pointer_bytes, type.kind,
			 type.name, (unsigned long long)type.size_bytes,
			 (unsigned long long)made.size_bytes);
	frozen_deinit(&scene.frozen);
}

static void every_form_has_its_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		check_form(i, 8);
		check_form(i, 4);
	}
}

static void sizes_are_told_without_making_types(void **state)
{
	static const struct {
		const char *text;
		uint64_t size_bytes;
	} cases[] = {{"int", 4},      {"long", 4}, {"unsigned long long", 8}, {"cred *", 4},
		     {"void *", 4},   {" *", 0},   {"char[16]", 0},           {"struct known", 0},
		     {"nonsense", 0}, {"", 0}};
	struct scene scene;

	(void)state;
	scene_init(&scene, 4);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(infer_ctypes_size(&scene.types, cases[i].text),
				 cases[i].size_bytes);
	assert_int_equal(gap_builder_type_count(scene.types.builder), 1); /* void */
	scene_freeze(&scene);
	frozen_deinit(&scene.frozen);
}

/* Two pointers to one structure lead to one type, a declaration until somebody writes it. */
static void a_structure_that_is_pointed_to_is_one(void **state)
{
	static const char *const texts[] = {"cred *", "cred *", "mm_struct *"};
	struct scene scene;
	struct gap_type type;

	(void)state;
	scene_init(&scene, 8);
	for (size_t i = 0; i < 3; i++)
		hold(&scene, infer_ctypes_get(&scene.types, texts[i], 0).id);
	write_structure(&scene, "mm_struct", 40);
	scene_freeze(&scene);
	assert_int_equal(held_type(&scene, 0).ref, held_type(&scene, 1).ref);
	type = type_of(&scene, held_type(&scene, 0).ref);
	assert_string_equal(type.name, "cred");
	assert_true(type.flags & GAP_TYPE_INCOMPLETE);
	type = type_of(&scene, held_type(&scene, 2).ref);
	assert_string_equal(type.name, "mm_struct");
	assert_false(type.flags & GAP_TYPE_INCOMPLETE);
	assert_int_equal(type.size_bytes, 40);
	frozen_deinit(&scene.frozen);
}

/* Names come from lists that users write: none is cut, and two that begin alike are two. */
static void a_name_may_be_long(void **state)
{
	struct infer_structure *one, *two;
	char first[200], second[200];
	struct scene scene;
	gap_type_id id;

	(void)state;
	memset(first, 'n', sizeof(first));
	first[sizeof(first) - 1] = '\0';
	memcpy(second, first, sizeof(first));
	second[sizeof(second) - 2] = 'm';
	scene_init(&scene, 8);
	one = infer_ctypes_structure(&scene.types, first);
	id = one->id;
	two = infer_ctypes_structure(&scene.types, second);
	assert_int_not_equal(two->id, id);
	assert_int_equal(infer_ctypes_structure(&scene.types, first)->id, id);
	hold(&scene, id);
	scene_freeze(&scene);
	assert_int_equal(type_called(&scene.frozen, first), held_id(&scene, 0));
	assert_int_not_equal(type_called(&scene.frozen, second), held_id(&scene, 0));
	frozen_deinit(&scene.frozen);
}

/* Symbols have structures that come from elsewhere: by name, whether they are written or not. */
static void by_name_any_structure_will_do(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, 8);
	scene.types.by_name = true;
	hold(&scene, infer_ctypes_get(&scene.types, "struct net", 0).id);
	hold(&scene, infer_ctypes_get(&scene.types, "struct hlist_head[4]", 0).id);
	scene_freeze(&scene);
	assert_string_equal(held_type(&scene, 0).name, "net");
	assert_true(held_type(&scene, 0).flags & GAP_TYPE_INCOMPLETE);
	assert_int_equal(held_type(&scene, 1).count, 4);
	assert_string_equal(type_of(&scene, held_type(&scene, 1).ref).name, "hlist_head");
	frozen_deinit(&scene.frozen);
}

/* A text of the tables that nothing understands would silently become a number. */
static void the_tables_hold_nothing_that_is_no_type(void **state)
{
	static const char *const texts[] = {
#define GAP_FIELD_TYPE(type, member, text) text,
#include "kernels/field-types.def"
#define GAP_SYMBOL_TYPE(name, text) text,
#include "kernels/symbol-types.def"
#define GAP_FIXED(width, type, member, pointers, bytes, text) text,
#include "kernels/fixed-layouts.def"
	};
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct gap_type type;

		scene_init(&scene, 8);
		scene.types.by_name = true;
		hold(&scene, infer_ctypes_get(&scene.types, texts[i], 8).id);
		scene_freeze(&scene);
		type = held_type(&scene, 0);
		if (type.kind == GAP_KIND_ARRAY)
			type = type_of(&scene, type.ref);
		if (strcmp(type.name, "unsigned char") == 0 &&
		    strncmp(texts[i], "unsigned char", 13) != 0)
			fail_msg("\"%s\" is no type", texts[i]);
		frozen_deinit(&scene.frozen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_has_its_type),
		cmocka_unit_test(sizes_are_told_without_making_types),
		cmocka_unit_test(a_structure_that_is_pointed_to_is_one),
		cmocka_unit_test(a_name_may_be_long),
		cmocka_unit_test(by_name_any_structure_will_do),
		cmocka_unit_test(the_tables_hold_nothing_that_is_no_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
