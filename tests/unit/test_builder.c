/* SPDX-License-Identifier: MIT */
/* Filling a builder: what it keeps of what it is told, before anything is frozen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/making.h"

static void names_are_interned(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_text pid = gap_builder_name(builder, "pid");

	(void)state;
	assert_int_equal(gap_builder_name(builder, NULL), 0);
	assert_int_equal(gap_builder_name(builder, ""), 0);
	assert_int_equal(gap_builder_text(builder, "pid_t", 3), pid);
	assert_string_equal(gap_builder_string(builder, pid), "pid");
	assert_string_equal(gap_builder_string(builder, 0), "");
	assert_string_equal(gap_builder_string(builder, 1000), "");
	gap_builder_destroy(builder);
}

static void void_is_there_from_the_start(void **state)
{
	struct gap_builder *builder = make_builder();
	struct gap_type type;
	struct frozen frozen;

	(void)state;
	assert_int_equal(gap_builder_type_count(builder), 1);
	gap_builder_type_set(builder, 0, &(struct gap_build_type){.kind = GAP_KIND_INT});
	frozen = freeze(builder, 0);
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_TYPES), 1);
	assert_true(gap_profile_type(frozen.profile, 0, &type));
	assert_int_equal(type.kind, GAP_KIND_VOID);
	assert_false(gap_profile_type(frozen.profile, 1, &type));
	frozen_deinit(&frozen);
}

static void what_is_reserved_is_unknown_until_set(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id first = gap_builder_type_reserve(builder, 3);
	struct gap_type type;
	struct frozen frozen;

	(void)state;
	assert_int_equal(first, 1);
	assert_int_equal(gap_builder_type_count(builder), 4);
	set_aggregate(builder, first + 1, GAP_KIND_STRUCT, "x", 1,
		      MAKE_MEMBERS({"a", first, 0, 0}, {"b", first, 0, 0}));
	gap_builder_type_set(builder, first + 3, &(struct gap_build_type){.kind = GAP_KIND_INT});
	frozen = freeze(builder, 0);
	assert_true(gap_profile_type(frozen.profile, type_called(&frozen, "x"), &type));
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_TYPES), 4);
	assert_int_equal(type.count, 2);
	frozen_deinit(&frozen);
}

/* The members of its first life are not written. */
static void a_type_set_twice_is_the_second(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_int(builder, "int", 4);
	gap_type_id twice = gap_builder_type_reserve(builder, 1);
	struct gap_location location;
	struct frozen frozen;

	(void)state;
	set_aggregate(builder, twice, GAP_KIND_STRUCT, "twice", 12,
		      MAKE_MEMBERS({"a", integer, 0, 0}, {"b", integer, 32, 0}));
	set_aggregate(builder, twice, GAP_KIND_STRUCT, "twice", 8,
		      MAKE_MEMBERS({"b", integer, 0, 0}));
	frozen = freeze(builder, 0);
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_MEMBERS), 1);
	twice = type_called(&frozen, "twice");
	assert_int_equal(gap_profile_find_member(frozen.profile, twice, "b", &location, NULL),
			 GAP_OK);
	assert_int_equal(location.offset_bits, 0);
	assert_int_equal(gap_profile_find_member(frozen.profile, twice, "a", &location, NULL),
			 GAP_NOT_FOUND);
	frozen_deinit(&frozen);
}

static void arrays_are_copied(void **state)
{
	struct gap_builder *builder = make_builder();
	struct gap_build_enumerator *rows = malloc(sizeof(*rows));
	struct gap_enumerator found;
	struct frozen frozen;

	(void)state;
	assert_non_null(rows);
	*rows = (struct gap_build_enumerator){gap_builder_name(builder, "RED"), 7};
	gap_builder_type_add(builder, &(struct gap_build_type){.kind = GAP_KIND_ENUM,
							       .size_bytes = 4,
							       .count = 1,
							       .enumerators = rows});
	memset(rows, 0xff, sizeof(*rows));
	free(rows);
	frozen = freeze(builder, 0);
	assert_true(gap_profile_enumerator(frozen.profile, 0, &found));
	assert_string_equal(found.name, "RED");
	assert_int_equal(found.value, 7);
	frozen_deinit(&frozen);
}

static void what_is_known_is_not_overwritten(void **state)
{
	static const uint8_t id[4] = {1, 2, 3, 4}, other[2] = {9, 9};
	struct gap_builder *builder = make_builder();
	struct gap_target target;
	struct frozen frozen;

	(void)state;
	assert_int_equal(gap_builder_pointer_bytes(builder), 8);
	gap_builder_target_set(builder, &(struct gap_build_target){.machine = 3,
								   .pointer_bytes = 4,
								   .build_id = id,
								   .build_id_bytes = 4});
	gap_builder_target_set(builder, &(struct gap_build_target){.machine = 62,
								   .pointer_bytes = 8,
								   .paging_levels = 5,
								   .build_id = other,
								   .build_id_bytes = 2,
								   .release = "first",
								   .banner = "one",
								   .banner_bytes = 3});
	gap_builder_target_set(builder, &(struct gap_build_target){.release = "second",
								   .banner = "other",
								   .banner_bytes = 5,
								   .tool_version = "tool"});
	assert_int_equal(gap_builder_pointer_bytes(builder), 4);
	frozen = freeze(builder, 0);
	gap_profile_target(frozen.profile, &target);
	assert_int_equal(target.machine, 3);
	assert_int_equal(target.pointer_bytes, 4);
	assert_int_equal(target.paging_levels, 5);
	assert_int_equal(target.build_id_bytes, 4);
	assert_memory_equal(target.build_id, id, 4);
	assert_string_equal(target.release, "first");
	assert_string_equal(target.tool_version, "tool");
	assert_int_equal(target.banner_bytes, 3);
	assert_memory_equal(target.banner, "one", 3);
	frozen_deinit(&frozen);
}

static void nothing_known_is_said_so(void **state)
{
	struct gap_target target;
	struct frozen frozen = freeze(make_builder(), 0);

	(void)state;
	gap_profile_target(frozen.profile, &target);
	assert_int_equal(target.machine, 0);
	assert_int_equal(target.build_id_bytes, 0);
	assert_null(target.build_id);
	assert_null(target.banner);
	assert_null(target.banner_hash);
	assert_string_equal(target.release, "");
	frozen_deinit(&frozen);
}

static void the_banner_brings_its_hash(void **state)
{
	static const char banner[] = "Linux version 6\n\0with a zero byte";
	struct gap_builder *builder = make_builder();
	uint8_t hash[16], lie[16] = {1};
	struct gap_target target;
	struct frozen frozen;

	(void)state;
	/* A hash alone is taken; the banner itself knows better. */
	gap_builder_target_set(builder, &(struct gap_build_target){.banner_hash = lie});
	gap_builder_target_set(builder, &(struct gap_build_target){.banner = banner,
								   .banner_bytes = sizeof(banner)});
	frozen = freeze(builder, 0);
	gap_profile_target(frozen.profile, &target);
	gap_banner_hash(banner, sizeof(banner), hash);
	assert_memory_equal(target.banner_hash, hash, 16);
	assert_int_equal(target.banner_bytes, sizeof(banner));
	assert_memory_equal(target.banner, banner, sizeof(banner));
	frozen_deinit(&frozen);
}

static void symbols_are_found_as_they_come(void **state)
{
	struct gap_builder *builder = make_builder();
	uint64_t address = 1;

	(void)state;
	assert_false(gap_builder_symbol_find(builder, "twice", &address));
	assert_int_equal(address, 1);
	make_symbol(builder, "other", NULL, 0x10, 0);
	make_symbol(builder, "twice", NULL, 0x30, 0);
	make_symbol(builder, "twice", NULL, 0x20, 0);
	assert_true(gap_builder_symbol_find(builder, "twice", &address));
	assert_int_equal(address, 0x30);
	assert_int_equal(gap_builder_symbol_count(builder), 3);
	gap_builder_destroy(builder);
}

static void destroying_nothing_is_fine(void **state)
{
	(void)state;
	gap_builder_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_interned),
		cmocka_unit_test(void_is_there_from_the_start),
		cmocka_unit_test(what_is_reserved_is_unknown_until_set),
		cmocka_unit_test(a_type_set_twice_is_the_second),
		cmocka_unit_test(arrays_are_copied),
		cmocka_unit_test(what_is_known_is_not_overwritten),
		cmocka_unit_test(nothing_known_is_said_so),
		cmocka_unit_test(the_banner_brings_its_hash),
		cmocka_unit_test(symbols_are_found_as_they_come),
		cmocka_unit_test(destroying_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
