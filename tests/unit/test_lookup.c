/* SPDX-License-Identifier: MIT */
/*
 * From names to rows. Every case is asked twice, of a profile with indices and of one without, and must have the same
 * answer. A case is one line: what is asked, and what is to come of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/making.h"

/* ---- a profile with every trap ---- */

static gap_type_id declared_at(struct gap_builder *builder, const char *name, const char *file,
			       uint64_t size_bytes, gap_type_id member)
{
	struct gap_build_member row = {gap_builder_name(builder, "only"), member, 0, 0};

	return gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = GAP_KIND_STRUCT,
						  .name = gap_builder_name(builder, name),
						  .size_bytes = size_bytes,
						  .count = 1,
						  .members = &row,
						  .file = gap_builder_name(builder, file),
						  .line = 10,
						  .units = 1});
}

static void add_task(struct gap_builder *builder, gap_type_id integer)
{
	gap_type_id timer =
		make_struct(builder, "hrtimer", 8, MAKE_MEMBERS({"state", integer, 0, 0}));
	gap_type_id entity =
		make_struct(builder, "sched_dl_entity", 16,
			    MAKE_MEMBERS({"runtime", integer, 0, 0}, {"dl_timer", timer, 64, 0}));
	gap_type_id ids =
		make_aggregate(builder, GAP_KIND_UNION, NULL, 4,
			       MAKE_MEMBERS({"pid", integer, 0, 0}, {"low", integer, 1, 7}));
	gap_type_id qualified = make_alias(builder, GAP_KIND_CONST, NULL, ids);
	gap_type_id deep =
		make_struct(builder, NULL, 8,
			    MAKE_MEMBERS({"before", integer, 0, 0}, {NULL, qualified, 32, 0}));
	gap_type_id grid = make_array(builder, make_array(builder, integer, 3), 2);
	gap_type_id pairs = make_array(builder, entity, 4);
	gap_type_id empty = make_array(builder, integer, 0);
	gap_type_id flexible =
		gap_builder_type_add(builder, &(struct gap_build_type){.kind = GAP_KIND_ARRAY,
								       .flags = GAP_TYPE_FLEXIBLE,
								       .ref = integer});
	gap_type_id maybe = make_declared(builder, "private", GAP_TYPE_AMBIGUOUS);

	make_struct(builder, "task_struct", 160,
		    MAKE_MEMBERS({"__state", integer, 0, 0}, {"dl", entity, 64, 0},
				 {NULL, deep, 192, 0}, {"flag", integer, 261, 3},
				 {"grid", grid, 288, 0}, {"pairs", pairs, 512, 0},
				 {"thread.sp", integer, 1024, 0},
				 {"thread.io.map", integer, 1056, 0}, {"none", empty, 1088, 0},
				 {"opaque", maybe, 1088, 0},
				 {"pointer", make_pointer(builder, entity), 1152, 0},
				 {"tail", flexible, 1280, 0}));
	make_alias(builder, GAP_KIND_TYPEDEF, "task_t",
		   make_alias(builder, GAP_KIND_CONST, NULL,
			      make_alias(builder, GAP_KIND_TYPEDEF, "inner_t", ids)));
}

static void add_names(struct gap_builder *builder, gap_type_id integer)
{
	gap_type_id same = make_struct(builder, "same", 4, MAKE_MEMBERS({"x", integer, 0, 0}));
	gap_type_id torn = make_struct(builder, "torn", 4, MAKE_MEMBERS({"x", integer, 0, 0}));

	make_alias(builder, GAP_KIND_TYPEDEF, "same", same);
	make_alias(builder, GAP_KIND_TYPEDEF, "torn", make_pointer(builder, torn));
	make_aggregate(builder, GAP_KIND_UNION, "shape", 4, MAKE_MEMBERS({"x", integer, 0, 0}));
	make_enum(builder, "shape", "ROUND", 1);
	make_declared(builder, "ahead", 0);
	declared_at(builder, "config", "drivers/a/core.c", 4, integer);
	declared_at(builder, "config", "drivers/b/core.c", 8, integer);
	declared_at(builder, "config", "fs/core.c", 12, integer);
	make_declared(builder, "config", GAP_TYPE_AMBIGUOUS); /* no definition */
	make_enum(builder, NULL, "SAME", 5);
	make_enum(builder, "one", "SAME", 5);
	make_enum(builder, "two", "TORN", 1);
	make_enum(builder, "three", "TORN", 2);
	make_enum(builder, "four", "MINUS", UINT64_MAX);
}

static void add_symbols(struct gap_builder *builder)
{
	make_symbol(builder, "unique", "a.c", 0x1000, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "twice", "a.c", 0x1100, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "twice", "b.c", 0x1200, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "mixed", "a.c", 0x1300, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "mixed", NULL, 0x1400, 0);
	make_symbol(builder, "globals", NULL, 0x1500, 0);
	make_symbol(builder, "globals", NULL, 0x1600, GAP_SYMBOL_WEAK);
	make_symbol(builder, "alias", NULL, 0x1500, 0);
	make_symbol(builder, "runqueues", NULL, 0x40, GAP_SYMBOL_PERCPU);
	make_symbol(builder, "cpu_number", NULL, 0x1550, GAP_SYMBOL_PERCPU);
	make_symbol(builder, "last", NULL, 0xffffffffff000000, 0);
}

static struct frozen make_profile(unsigned flags)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_int(builder, "int", 4);

	add_task(builder, integer);
	add_names(builder, integer);
	add_symbols(builder);
	return freeze(builder, flags);
}

/* With and without indices. */
static struct frozen profiles[2];

static int make_profiles(void **state)
{
	(void)state;
	profiles[0] = make_profile(0);
	profiles[1] = make_profile(GAP_FREEZE_MINIMAL);
	return 0;
}

static int drop_profiles(void **state)
{
	(void)state;
	frozen_deinit(&profiles[0]);
	frozen_deinit(&profiles[1]);
	return 0;
}

#define BOTH_PROFILES(at) for (int at = 0; at < 2; at++)

/* ---- types ---- */

struct type_case {
	const char *name;
	enum gap_status status;
	const char *is; /* "kind size" */
	bool needs_files;
};

static const struct type_case type_cases[] = {
	{"task_struct", GAP_OK, "struct 160", false},
	{"struct:task_struct", GAP_OK, "struct 160", false},
	{"struct task_struct", GAP_OK, "struct 160", false},
	{"union:task_struct", GAP_NOT_FOUND, NULL, false},
	{"task_struct#1", GAP_OK, "struct 160", false},
	{"task_struct#2", GAP_NOT_FOUND, NULL, false},
	{"task_struct ", GAP_NOT_FOUND, NULL, false},
	{"Task_struct", GAP_NOT_FOUND, NULL, false},
	{"task", GAP_NOT_FOUND, NULL, false},
	{"int", GAP_OK, "int 4", false},
	{"task_t", GAP_OK, "typedef 4", false},
	{"typedef:task_t", GAP_OK, "typedef 4", false},

	{"same", GAP_OK, "struct 4", false},
	{"typedef:same", GAP_OK, "typedef 4", false},
	{"struct same", GAP_OK, "struct 4", false},
	{"torn", GAP_AMBIGUOUS, NULL, false},
	{"struct:torn", GAP_OK, "struct 4", false},
	{"typedef torn", GAP_OK, "typedef 8", false},
	{"shape", GAP_AMBIGUOUS, NULL, false},
	{"union shape", GAP_OK, "union 4", false},
	{"enum:shape", GAP_OK, "enum 4", false},
	{"struct:shape", GAP_NOT_FOUND, NULL, false},
	{"ahead", GAP_OK, "struct 0", false},
	{"private", GAP_NOT_FOUND, NULL, false},

	{"config", GAP_AMBIGUOUS, NULL, false},
	{"struct:config", GAP_AMBIGUOUS, NULL, false},
	{"config#4", GAP_NOT_FOUND, NULL, false},
	{"config@drivers/a/core.c", GAP_OK, "struct 4", true},
	{"config@a/core.c", GAP_OK, "struct 4", true},
	{"struct:config@b/core.c", GAP_OK, "struct 8", true},
	{"config@fs/core.c", GAP_OK, "struct 12", true},
	{"config@s/core.c", GAP_NOT_FOUND, NULL, true},
	{"config@core.c", GAP_AMBIGUOUS, NULL, true},
	{"config@", GAP_NOT_FOUND, NULL, true},
	{"config@/", GAP_NOT_FOUND, NULL, true},

	{"", GAP_INVALID, NULL, false},
	{"struct:", GAP_INVALID, NULL, false},
	{"#1", GAP_INVALID, NULL, false},
	{"config#", GAP_INVALID, NULL, false},
	{"config#0", GAP_INVALID, NULL, false},
	{"config#-1", GAP_INVALID, NULL, false},
	{"config#+1", GAP_INVALID, NULL, false},
	{"config# 1", GAP_INVALID, NULL, false},
	{"config#1x", GAP_INVALID, NULL, false},
	{"config#99999999999999999999", GAP_INVALID, NULL, false},
};

static void types_by_name(void **state)
{
	(void)state;
	BOTH_PROFILES(at) for (size_t i = 0; i < COUNT_OF(type_cases); i++)
	{
		const struct type_case *expected = &type_cases[i];
		struct gap_error error = {""};
		gap_type_id id = 12345;
		struct gap_type type;
		char is[64];

		if (at == 1 && expected->needs_files)
			continue;
		if (gap_profile_find_type(profiles[at].profile, expected->name, &id, &error) !=
		    expected->status)
			fail_msg("%s: %s", expected->name, error.text);
		if (expected->status) {
			assert_int_equal(id, 12345);
			assert_true(*error.text);
			continue;
		}
		assert_true(gap_profile_type(profiles[at].profile, id, &type));
		snprintf(is, sizeof(is), "%s %llu", gap_kind_name(type.kind),
			 (unsigned long long)type.size_bytes);
		assert_string_equal(is, expected->is);
	}
}

static void candidates_are_listed(void **state)
{
	struct gap_error error = {""};
	gap_type_id id;

	(void)state;
	assert_int_equal(gap_profile_find_type(profiles[0].profile, "config", &id, &error),
			 GAP_AMBIGUOUS);
	assert_non_null(strstr(error.text, "config has 3 definitions"));
	assert_non_null(strstr(error.text, "struct:config#1 ("));
	assert_non_null(strstr(error.text, "struct:config#2 ("));
	assert_non_null(strstr(error.text, "struct:config#3 ("));
	assert_non_null(strstr(error.text, "(4 bytes, drivers/a/core.c:10)"));
	assert_non_null(strstr(error.text, "(8 bytes, drivers/b/core.c:10)"));
	assert_int_equal(gap_profile_find_type(profiles[1].profile, "shape", &id, &error),
			 GAP_AMBIGUOUS);
	assert_non_null(strstr(error.text, "union:shape#1 (4 bytes)"));
	assert_non_null(strstr(error.text, "enum:shape#2 (4 bytes)"));
}

/* What the error lists is what can be asked for. */
static void numbers_select_candidates(void **state)
{
	gap_type_id ids[4];

	(void)state;
	BOTH_PROFILES(at)
	{
		const struct gap_profile *profile = profiles[at].profile;

		assert_int_equal(gap_profile_find_types(profile, "config", ids, 4), 3);
		for (unsigned number = 1; number <= 3; number++) {
			char name[32];

			snprintf(name, sizeof(name), "config#%u", number);
			assert_int_equal(type_called(&profiles[at], name), ids[number - 1]);
		}
		assert_int_equal(gap_profile_find_types(profile, "config", NULL, 0), 3);
		assert_int_equal(gap_profile_find_types(profile, "private", ids, 4), 0);
		assert_int_equal(gap_profile_find_types(profile, "struct:config", ids, 4), 0);
	}
}

static void an_error_is_not_required(void **state)
{
	gap_type_id id;

	(void)state;
	assert_int_equal(gap_profile_find_type(profiles[0].profile, "config", &id, NULL),
			 GAP_AMBIGUOUS);
	assert_int_equal(gap_profile_find_type(profiles[0].profile, "nothing", &id, NULL),
			 GAP_NOT_FOUND);
}

/* ---- members ---- */

struct member_case {
	const char *type, *path;
	enum gap_status status;
	uint64_t offset_bits;
	uint32_t width_bits;
	uint64_t size_bytes;
};

static const struct member_case member_cases[] = {
	{"task_struct", "__state", GAP_OK, 0, 0, 4},
	/* After the rename of 5.14 this is not dl.dl_timer.state. */
	{"task_struct", "state", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "runtime", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "dl", GAP_OK, 64, 0, 16},
	{"task_struct", "dl.dl_timer.state", GAP_OK, 128, 0, 4},
	{"task_struct", "dl.state", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "before", GAP_OK, 192, 0, 4},
	{"task_struct", "pid", GAP_OK, 224, 0, 4},
	{"task_struct", "low", GAP_OK, 225, 7, 4},
	{"task_struct", "flag", GAP_OK, 261, 3, 4},
	{"task_t", "pid", GAP_OK, 0, 0, 4},

	{"task_struct", "grid", GAP_OK, 288, 0, 24},
	{"task_struct", "grid[0]", GAP_OK, 288, 0, 12},
	{"task_struct", "grid[1][2]", GAP_OK, 288 + 5 * 32, 0, 4},
	{"task_struct", "grid[0x1][2]", GAP_OK, 288 + 5 * 32, 0, 4},
	{"task_struct", "grid[2]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "grid[1][3]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "grid[1][2][0]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "grid[x]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "grid[]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "grid[1", GAP_INVALID, 0, 0, 0},
	{"task_struct", "grid[-1]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "grid[1]x", GAP_INVALID, 0, 0, 0},
	{"task_struct", "pairs[3].dl_timer.state", GAP_OK, 512 + 3 * 128 + 64, 0, 4},
	{"task_struct", "pairs.runtime", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "none[0]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "tail", GAP_OK, 1280, 0, 0},
	{"task_struct", "tail[1000000]", GAP_OK, 1280 + 32000000, 0, 4},
	{"task_struct", "tail[0xffffffffffffffff]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "tail[-1]", GAP_INVALID, 0, 0, 0},
	{"task_struct", "__state[0]", GAP_INVALID, 0, 0, 0},

	/* Members that are known by their path alone. */
	{"task_struct", "thread.sp", GAP_OK, 1024, 0, 4},
	{"task_struct", "thread.io.map", GAP_OK, 1056, 0, 4},
	{"task_struct", "thread", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "thread.io", GAP_NOT_FOUND, 0, 0, 0},

	{"task_struct", "opaque", GAP_OK, 1088, 0, 0},
	{"task_struct", "opaque.x", GAP_AMBIGUOUS, 0, 0, 0},
	{"task_struct", "pointer", GAP_OK, 1152, 0, 8},
	{"task_struct", "pointer.runtime", GAP_NOT_FOUND, 0, 0, 0},
	{"ahead", "x", GAP_NOT_FOUND, 0, 0, 0},
	{"int", "x", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", ".", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "dl.", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "dl..runtime", GAP_NOT_FOUND, 0, 0, 0},
	{"task_struct", "[0]", GAP_INVALID, 0, 0, 0},
};

static void members_by_path(void **state)
{
	(void)state;
	BOTH_PROFILES(at) for (size_t i = 0; i < COUNT_OF(member_cases); i++)
	{
		const struct member_case *expected = &member_cases[i];
		struct gap_location location = {.offset_bits = 12345};
		struct gap_error error = {""};

		if (gap_profile_find_member(profiles[at].profile,
					    type_called(&profiles[at], expected->type),
					    expected->path, &location, &error) != expected->status)
			fail_msg("%s.%s: %s", expected->type, expected->path, error.text);
		if (expected->status) {
			assert_int_equal(location.offset_bits, 12345);
			assert_true(*error.text);
			continue;
		}
		assert_int_equal(location.offset_bits, expected->offset_bits);
		assert_int_equal(location.width_bits, expected->width_bits);
		assert_int_equal(location.size_bytes, expected->size_bytes);
	}
}

static void member_errors_say_why(void **state)
{
	static const struct {
		const char *type, *path, *words;
	} cases[] = {
		{"task_struct", "opaque.x", "private has several definitions"},
		{"ahead", "x", "only declared"},
		{"task_struct", "state", "struct task_struct has no member \"state\""},
		{"task_struct", "pointer.runtime", "asked of a pointer"},
		{"task_struct", "grid[7]", "index 7 is beyond the array's 2"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		gap_type_id id = type_called(&profiles[0], cases[i].type);
		struct gap_location location;
		struct gap_error error = {""};

		assert_int_not_equal(gap_profile_find_member(profiles[0].profile, id, cases[i].path,
							     &location, &error),
				     GAP_OK);
		if (!strstr(error.text, cases[i].words))
			fail_msg("%s", error.text);
	}
}

static void a_type_that_is_none(void **state)
{
	struct gap_location location;

	(void)state;
	assert_int_equal(
		gap_profile_find_member(profiles[0].profile, GAP_NONE, "x", &location, NULL),
		GAP_INVALID);
	assert_int_equal(gap_profile_find_member(profiles[0].profile, 0, "x", &location, NULL),
			 GAP_NOT_FOUND);
}

/* Anonymous members fan out: 4^10 places to look at, and an answer all the same. */
static void anonymous_types_cannot_explode(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id type = make_int(builder, "int", 4);
	struct gap_location location;
	struct frozen frozen;

	(void)state;
	type = make_struct(builder, NULL, 4, MAKE_MEMBERS({"x", type, 0, 0}));
	for (int i = 0; i < 10; i++)
		type = make_aggregate(builder, GAP_KIND_UNION, i == 9 ? "bomb" : NULL, 4,
				      MAKE_MEMBERS({NULL, type, 0, 0}, {NULL, type, 0, 0},
						   {NULL, type, 0, 0}, {NULL, type, 0, 0}));
	frozen = freeze(builder, 0);
	type = type_called(&frozen, "bomb");
	assert_int_equal(gap_profile_find_member(frozen.profile, type, "x", &location, NULL),
			 GAP_OK);
	assert_int_equal(gap_profile_find_member(frozen.profile, type, "y", &location, NULL),
			 GAP_NOT_FOUND);
	frozen_deinit(&frozen);
}

/* ---- symbols ---- */

struct symbol_case {
	const char *name;
	enum gap_status status;
	uint64_t address;
	bool needs_files;
};

static const struct symbol_case symbol_cases[] = {
	{"unique", GAP_OK, 0x1000, false},    {"twice", GAP_AMBIGUOUS, 0, false},
	{"twice#1", GAP_OK, 0x1100, false},   {"twice#2", GAP_OK, 0x1200, false},
	{"twice#3", GAP_NOT_FOUND, 0, false}, {"twice@a.c", GAP_OK, 0x1100, true},
	{"twice@b.c", GAP_OK, 0x1200, true},  {"twice@c.c", GAP_NOT_FOUND, 0, true},
	{"mixed", GAP_OK, 0x1400, false},     {"mixed@a.c", GAP_OK, 0x1300, true},
	{"globals", GAP_AMBIGUOUS, 0, false}, {"alias", GAP_OK, 0x1500, false},
	{"runqueues", GAP_OK, 0x40, false},   {"nothing", GAP_NOT_FOUND, 0, false},
	{"", GAP_INVALID, 0, false},          {"struct:unique", GAP_NOT_FOUND, 0, false},
};

static void symbols_by_name(void **state)
{
	(void)state;
	BOTH_PROFILES(at) for (size_t i = 0; i < COUNT_OF(symbol_cases); i++)
	{
		const struct symbol_case *expected = &symbol_cases[i];
		struct gap_symbol symbol = {.address = 12345};
		struct gap_error error = {""};

		if (at == 1 && expected->needs_files)
			continue;
		if (gap_profile_find_symbol(profiles[at].profile, expected->name, &symbol,
					    &error) != expected->status)
			fail_msg("%s: %s", expected->name, error.text);
		assert_int_equal(symbol.address, expected->status ? 12345 : expected->address);
	}
}

static void symbol_candidates_are_listed(void **state)
{
	struct gap_error error = {""};
	struct gap_symbol symbol;
	uint32_t rows[4];

	(void)state;
	assert_int_equal(gap_profile_find_symbol(profiles[0].profile, "twice", &symbol, &error),
			 GAP_AMBIGUOUS);
	assert_non_null(strstr(error.text, "2 symbols are called twice"));
	assert_non_null(strstr(error.text, "twice#1 (0x1100, a.c)"));
	assert_non_null(strstr(error.text, "twice#2 (0x1200, b.c)"));
	BOTH_PROFILES(at)
	{
		assert_int_equal(gap_profile_find_symbols(profiles[at].profile, "twice", rows, 1),
				 2);
		assert_int_equal(gap_profile_find_symbols(profiles[at].profile, "no", rows, 4), 0);
	}
}

static void symbols_by_address(void **state)
{
	static const struct {
		uint64_t address;
		const char *name;
	} cases[] = {
		{0, NULL},           {0x40, NULL},         {0xfff, NULL},
		{0x1000, "unique"},  {0x10ff, "unique"},   {0x1100, "twice"},
		{0x1500, "globals"}, {0x1560, "globals"}, /* past a per-CPU one */
		{0x1600, "globals"}, {UINT64_MAX, "last"},
	};

	(void)state;
	BOTH_PROFILES(at) for (size_t i = 0; i < COUNT_OF(cases); i++)
	{
		uint32_t row = gap_profile_symbol_at(profiles[at].profile, cases[i].address);
		struct gap_symbol symbol;

		if (!cases[i].name) {
			assert_int_equal(row, GAP_NONE);
			continue;
		}
		assert_true(gap_profile_symbol(profiles[at].profile, row, &symbol));
		assert_string_equal(symbol.name, cases[i].name);
		assert_true(symbol.address <= cases[i].address);
	}
}

static void a_profile_without_symbols_says_so(void **state)
{
	struct frozen frozen = freeze(make_builder(), 0);
	struct gap_error error = {""};
	struct gap_symbol symbol;
	gap_type_id id;

	(void)state;
	assert_int_equal(gap_profile_find_symbol(frozen.profile, "init_task", &symbol, &error),
			 GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "no symbols at all"));
	assert_int_equal(gap_profile_find_type(frozen.profile, "task_struct", &id, &error),
			 GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "no types at all"));
	assert_int_equal(gap_profile_symbol_at(frozen.profile, UINT64_MAX), GAP_NONE);
	frozen_deinit(&frozen);
}

/* ---- enumerators ---- */

static void enumerators_by_name(void **state)
{
	static const struct {
		const char *name;
		enum gap_status status;
		uint64_t value;
	} cases[] = {
		{"ROUND", GAP_OK, 1},          {"SAME", GAP_OK, 5},
		{"MINUS", GAP_OK, UINT64_MAX}, {"TORN", GAP_AMBIGUOUS, 0},
		{"round", GAP_NOT_FOUND, 0},   {"", GAP_NOT_FOUND, 0},
	};

	(void)state;
	BOTH_PROFILES(at) for (size_t i = 0; i < COUNT_OF(cases); i++)
	{
		struct gap_enumerator found;
		uint32_t row = GAP_NONE;

		assert_int_equal(gap_profile_find_enumerator(profiles[at].profile, cases[i].name,
							     &row, NULL),
				 cases[i].status);
		if (cases[i].status)
			continue;
		assert_true(gap_profile_enumerator(profiles[at].profile, row, &found));
		assert_string_equal(found.name, cases[i].name);
		assert_int_equal(found.value, cases[i].value);
		assert_int_not_equal(gap_profile_enumerator_enum(profiles[at].profile, row),
				     GAP_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_by_name),
		cmocka_unit_test(candidates_are_listed),
		cmocka_unit_test(numbers_select_candidates),
		cmocka_unit_test(an_error_is_not_required),
		cmocka_unit_test(members_by_path),
		cmocka_unit_test(member_errors_say_why),
		cmocka_unit_test(a_type_that_is_none),
		cmocka_unit_test(anonymous_types_cannot_explode),
		cmocka_unit_test(symbols_by_name),
		cmocka_unit_test(symbol_candidates_are_listed),
		cmocka_unit_test(symbols_by_address),
		cmocka_unit_test(a_profile_without_symbols_says_so),
		cmocka_unit_test(enumerators_by_name),
	};

	return cmocka_run_group_tests(tests, make_profiles, drop_profiles);
}
