/* SPDX-License-Identifier: MIT */
/* What several modules share is there once: equal types become one, others stay apart, declarations become definitions; and
 * the modules' own symbols come back as they were added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/making.h"

/* A list node as a module tells of it: int, struct NAME { struct NAME *next; int value; }. */
static gap_type_id add_list(struct gap_builder *builder, const char *name, const char *member,
			    uint64_t offset_bits)
{
	gap_type_id integer = make_int(builder, "int", 4);
	gap_type_id node = gap_builder_type_reserve(builder, 1);
	gap_type_id pointer = make_pointer(builder, node);

	set_aggregate(builder, node, GAP_KIND_STRUCT, name, 32,
		      MAKE_MEMBERS({"next", pointer, 0, 0}, {member, integer, offset_bits, 0}));
	return node;
}

static uint32_t count_named(const struct frozen *frozen, const char *name)
{
	return gap_profile_find_types(frozen->profile, name, NULL, 0);
}

static void test_equal_ones_are_one(void **state)
{
	struct gap_builder *builder = make_builder();
	struct frozen frozen;

	(void)state;
	for (int i = 0; i < 3; i++)
		add_list(builder, "node", "value", 64);
	gap_builder_types_unify(builder);
	/* void, int, node, pointer */
	assert_int_equal(gap_builder_type_count(builder), 4);
	frozen = freeze(builder, 0);
	assert_int_equal(count_named(&frozen, "node"), 1);
	frozen_deinit(&frozen);
}

static void test_others_stay(void **state)
{
	struct gap_builder *builder = make_builder();
	struct frozen frozen;

	(void)state;
	add_list(builder, "node", "value", 64);
	add_list(builder, "node", "value", 96);
	add_list(builder, "node", "other", 64);
	add_list(builder, "node", "value", 64);
	gap_builder_types_unify(builder);
	frozen = freeze(builder, 0);
	assert_int_equal(count_named(&frozen, "node"), 3);
	assert_int_equal(count_named(&frozen, "int"), 1);
	frozen_deinit(&frozen);
}

/* Outer structures that say the same, but refer to inner ones that do not. */
static void test_difference_behind_a_pointer(void **state)
{
	struct gap_builder *builder = make_builder();
	struct frozen frozen;

	(void)state;
	for (uint64_t i = 0; i < 4; i++) {
		gap_type_id inner = add_list(builder, "inner", "value", 64 + i % 2 * 32);

		make_struct(builder, "outer", 8,
			    MAKE_MEMBERS({"inner", make_pointer(builder, inner), 0, 0}));
	}
	gap_builder_types_unify(builder);
	frozen = freeze(builder, 0);
	assert_int_equal(count_named(&frozen, "inner"), 2);
	assert_int_equal(count_named(&frozen, "outer"), 2);
	frozen_deinit(&frozen);
}

/* A: only declares inner. B: only declares outer. C: knows both. */
static void test_declarations(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id declared, outer, inner;
	struct frozen frozen;
	struct gap_type type;

	(void)state;
	declared = make_declared(builder, "inner", 0);
	make_struct(builder, "outer", 8,
		    MAKE_MEMBERS({"inner", make_pointer(builder, declared), 0, 0}));
	declared = make_declared(builder, "outer", 0);
	make_struct(builder, "inner", 8,
		    MAKE_MEMBERS({"outer", make_pointer(builder, declared), 0, 0}));
	outer = gap_builder_type_reserve(builder, 1);
	inner = make_struct(builder, "inner", 8,
			    MAKE_MEMBERS({"outer", make_pointer(builder, outer), 0, 0}));
	set_aggregate(builder, outer, GAP_KIND_STRUCT, "outer", 8,
		      MAKE_MEMBERS({"inner", make_pointer(builder, inner), 0, 0}));
	gap_builder_types_unify(builder);
	frozen = freeze(builder, 0);
	assert_int_equal(count_named(&frozen, "inner"), 1);
	assert_int_equal(count_named(&frozen, "outer"), 1);
	gap_profile_type(frozen.profile, type_called(&frozen, "outer"), &type);
	assert_int_equal(type.flags & GAP_TYPE_INCOMPLETE, 0);
	frozen_deinit(&frozen);
}

static void test_ambiguous_declaration_stays(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id declared = make_declared(builder, "node", 0);
	struct frozen frozen;

	(void)state;
	make_struct(builder, "user", 8,
		    MAKE_MEMBERS({"node", make_pointer(builder, declared), 0, 0}));
	add_list(builder, "node", "value", 64);
	add_list(builder, "node", "value", 96);
	gap_builder_types_unify(builder);
	frozen = freeze(builder, 0);
	assert_int_equal(count_named(&frozen, "node"), 3);
	frozen_deinit(&frozen);
}

/* ---- modules ---- */

static void add_symbol(struct gap_builder *builder, uint32_t module, const char *section,
		       const char *name, uint64_t offset, uint32_t flags)
{
	struct gap_build_module_symbol symbol = {
		.module = module,
		.section = gap_builder_name(builder, section),
		.name = gap_builder_name(builder, name),
		.offset = offset,
		.size_bytes = 16,
		.type = GAP_NONE,
		.kind = GAP_SYMBOL_DATA,
		.flags = flags,
	};

	gap_builder_module_symbol_add(builder, &symbol);
}

static void type_symbol(struct gap_builder *builder, uint32_t module, const char *name,
			uint64_t offset, gap_type_id type)
{
	gap_builder_module_symbol_type(builder, module, gap_builder_name(builder, name), offset,
				       type);
}

/* Two modules, the later by name added first, with a name in common. */
static struct frozen make_modules(void)
{
	static const uint8_t build_id[3] = {7, 8, 9};
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_int(builder, "int", 4), wide = make_int(builder, "long", 8);
	uint32_t xfs = gap_builder_module_add(builder, "xfs", build_id, 3);
	uint32_t ext4 = gap_builder_module_add(builder, "ext4", NULL, 0);

	add_symbol(builder, xfs, ".text", "init", 0, 0);
	add_symbol(builder, xfs, ".data", "twice", 64, GAP_SYMBOL_LOCAL);
	add_symbol(builder, xfs, ".data", "twice", 8, GAP_SYMBOL_LOCAL);
	add_symbol(builder, ext4, ".data", "state", 32, 0);
	add_symbol(builder, ext4, ".bss", "state", 32, GAP_SYMBOL_LOCAL);
	add_symbol(builder, ext4, ".text", "init", 4, 0);
	type_symbol(builder, xfs, "init", 0, integer);
	type_symbol(builder, ext4, "init", UINT64_MAX, wide);
	type_symbol(builder, ext4, "state", UINT64_MAX, integer);
	type_symbol(builder, ext4, "state", UINT64_MAX, wide);
	assert_true(gap_builder_module_known(builder, "xfs"));
	assert_false(gap_builder_module_known(builder, "xf"));
	return freeze(builder, 0);
}

static void test_module_rows(void **state)
{
	struct frozen frozen = make_modules();
	struct gap_module_info module;
	struct gap_module_place symbol;

	(void)state;
	assert_int_equal(gap_profile_module_count(frozen.profile), 2);
	assert_true(gap_profile_module(frozen.profile, 0, &module));
	assert_string_equal(module.name, "ext4");
	assert_int_equal(module.build_id_bytes, 0);
	assert_int_equal(module.symbol_count, 3);
	assert_true(gap_profile_module(frozen.profile, 1, &module));
	assert_string_equal(module.name, "xfs");
	assert_int_equal(module.build_id_bytes, 3);
	assert_int_equal(module.build_id[2], 9);
	assert_true(gap_profile_module_symbol(frozen.profile, module.first_symbol, &symbol));
	assert_string_equal(symbol.section, ".data");
	assert_int_equal(symbol.offset, 8);
	assert_false(gap_profile_module(frozen.profile, 2, &module));
	assert_false(gap_profile_module_symbol(frozen.profile, 6, &symbol));
	frozen_deinit(&frozen);
}

static void test_module_look_up(void **state)
{
	struct frozen frozen = make_modules();
	struct gap_module_place symbol;
	struct gap_type type;
	struct gap_error error;

	(void)state;
	assert_int_equal(
		gap_profile_find_module_symbol(frozen.profile, "ext4", "init", &symbol, &error),
		GAP_OK);
	assert_int_equal(symbol.offset, 4);
	gap_profile_type(frozen.profile, symbol.type, &type);
	assert_string_equal(type.name, "long");
	assert_int_equal(
		gap_profile_find_module_symbol(frozen.profile, "xfs", "init", &symbol, &error),
		GAP_OK);
	gap_profile_type(frozen.profile, symbol.type, &type);
	assert_string_equal(type.name, "int");
	/* The global one of two; its type, of which two are told, stays unknown. */
	assert_int_equal(
		gap_profile_find_module_symbol(frozen.profile, "ext4", "state", &symbol, &error),
		GAP_OK);
	assert_string_equal(symbol.section, ".data");
	assert_int_equal(symbol.type, GAP_NONE);
	assert_int_equal(
		gap_profile_find_module_symbol(frozen.profile, "xfs", "twice", &symbol, &error),
		GAP_AMBIGUOUS);
	assert_int_equal(
		gap_profile_find_module_symbol(frozen.profile, "xfs", "none", &symbol, &error),
		GAP_NOT_FOUND);
	assert_int_equal(
		gap_profile_find_module_symbol(frozen.profile, "btrfs", "init", &symbol, &error),
		GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "btrfs"));
	frozen_deinit(&frozen);
}

/* The blob of one monitor has no modules. */
static void test_minimal(void **state)
{
	struct gap_builder *builder = make_builder();
	struct frozen frozen;

	(void)state;
	add_symbol(builder, gap_builder_module_add(builder, "xfs", NULL, 0), ".text", "init", 0, 0);
	frozen = freeze(builder, GAP_FREEZE_MINIMAL);
	assert_int_equal(gap_profile_module_count(frozen.profile), 0);
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_ones_are_one),
		cmocka_unit_test(test_others_stay),
		cmocka_unit_test(test_difference_behind_a_pointer),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_ambiguous_declaration_stays),
		cmocka_unit_test(test_module_rows),
		cmocka_unit_test(test_module_look_up),
		cmocka_unit_test(test_minimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
