/* SPDX-License-Identifier: MIT */
/*
 * The merger: units as a reader tells of them, and what is left of them in the profile. A unit is written down as a list of
 * nodes; the rules are those of docs/decisions/merging-units.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/units.h"
#include "tests/support/making.h"

/* ---- writing units down ---- */

struct merging {
	struct gap_builder *builder;
	struct gap_merger *merger;
	struct gap_unit unit; /* the one being written */
	struct gap_merge_report report;
	struct gap_error error;
};

static struct merging begin(void)
{
	struct merging merging = {.builder = make_builder()};

	assert_int_equal(gap_merger_create(merging.builder, &merging.merger, NULL), GAP_OK);
	return merging;
}

static uint32_t node(struct merging *merging, enum gap_kind kind, const char *name, uint32_t ref)
{
	struct gap_unit_type *type = gap_unit_types_push(&merging->unit.types);

	assert_non_null(type);
	*type = (struct gap_unit_type){.kind = (uint8_t)kind,
				       .name = gap_builder_name(merging->builder, name),
				       .ref = ref,
				       .size_bytes = kind == GAP_KIND_POINTER ? 8
						     : kind == GAP_KIND_INT   ? 4
									      : 0};
	return merging->unit.types.count - 1;
}

static uint32_t integer(struct merging *merging)
{
	return node(merging, GAP_KIND_INT, "int", GAP_NONE);
}

static uint32_t pointer(struct merging *merging, uint32_t target)
{
	return node(merging, GAP_KIND_POINTER, NULL, target);
}

static uint32_t declared(struct merging *merging, const char *name)
{
	uint32_t at = node(merging, GAP_KIND_STRUCT, name, GAP_NONE);

	merging->unit.types.items[at].flags = GAP_TYPE_INCOMPLETE;
	return at;
}

/* Fills a node with members; they end with one whose type is MEMBER_END. */
#define MEMBER_END (GAP_NONE - 1)

static void fill(struct merging *merging, uint32_t at, uint64_t size_bytes,
		 const struct make_member *members)
{
	struct gap_unit_type *type = &merging->unit.types.items[at];

	type->first = merging->unit.members.count;
	type->size_bytes = size_bytes;
	for (; members->type != MEMBER_END; members++) {
		struct gap_build_member *row = gap_unit_members_push(&merging->unit.members);

		assert_non_null(row);
		*row = (struct gap_build_member){gap_builder_name(merging->builder, members->name),
						 members->type, members->offset_bits,
						 members->width_bits};
		type->entries++;
	}
}

#define MEMBERS(...)                                                                               \
	(const struct make_member[])                                                               \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			.type = MEMBER_END                                                         \
		}                                                                                  \
	}

static uint32_t aggregate(struct merging *merging, enum gap_kind kind, const char *name,
			  uint64_t size_bytes, const struct make_member *members)
{
	uint32_t at = node(merging, kind, name, GAP_NONE);

	fill(merging, at, size_bytes, members);
	return at;
}

static uint32_t structure(struct merging *merging, const char *name, uint64_t size_bytes,
			  const struct make_member *members)
{
	return aggregate(merging, GAP_KIND_STRUCT, name, size_bytes, members);
}

/* A function type of one parameter. */
static uint32_t function(struct merging *merging, uint32_t result, uint32_t parameter)
{
	uint32_t at = node(merging, GAP_KIND_FUNCTION, NULL, result);
	struct gap_build_parameter *row = gap_unit_parameters_push(&merging->unit.parameters);

	assert_non_null(row);
	*row = (struct gap_build_parameter){0, parameter};
	merging->unit.types.items[at].first = merging->unit.parameters.count - 1;
	merging->unit.types.items[at].entries = 1;
	return at;
}

static void variable(struct merging *merging, const char *name, uint32_t type, uint64_t address)
{
	struct gap_unit_symbol *row = gap_unit_symbols_push(&merging->unit.symbols);

	assert_non_null(row);
	*row = (struct gap_unit_symbol){gap_builder_name(merging->builder, name), type, address};
	make_symbol(merging->builder, name, NULL, address, 0);
}

static void next_unit(struct merging *merging)
{
	if (gap_merger_add(merging->merger, &merging->unit, &merging->error))
		fail_msg("%s", merging->error.text);
	gap_unit_clear(&merging->unit);
}

static struct frozen finish(struct merging *merging)
{
	if (gap_merger_finish(merging->merger, &merging->report, &merging->error))
		fail_msg("%s", merging->error.text);
	gap_merger_destroy(merging->merger);
	gap_unit_deinit(&merging->unit);
	return freeze(merging->builder, 0);
}

/* ---- looking at what came of them ---- */

static uint32_t definitions(const struct frozen *frozen, const char *name)
{
	return gap_profile_find_types(frozen->profile, name, NULL, 0);
}

static struct gap_type type_at(const struct frozen *frozen, gap_type_id id)
{
	struct gap_type type;

	assert_true(gap_profile_type(frozen->profile, id, &type));
	return type;
}

static gap_type_id member_type(const struct frozen *frozen, gap_type_id id, const char *path)
{
	struct gap_location location;
	struct gap_error error = {""};

	if (gap_profile_find_member(frozen->profile, id, path, &location, &error))
		fail_msg("%s", error.text);
	return location.type;
}

/* What a pointer member points to, aliases aside. */
static gap_type_id pointee(const struct frozen *frozen, gap_type_id id, const char *member)
{
	struct gap_type type = type_at(frozen, member_type(frozen, id, member));

	assert_int_equal(type.kind, GAP_KIND_POINTER);
	return gap_profile_strip(frozen->profile, type.ref);
}

static gap_type_id symbol_type(const struct frozen *frozen, const char *name)
{
	struct gap_symbol symbol;

	assert_int_equal(gap_profile_find_symbol(frozen->profile, name, &symbol, NULL), GAP_OK);
	return symbol.type;
}

/* The definition of a name that has this size. */
static gap_type_id of_size(const struct frozen *frozen, const char *name, uint64_t size_bytes)
{
	gap_type_id ids[8];
	uint32_t count = gap_profile_find_types(frozen->profile, name, ids, 8);

	for (uint32_t i = 0; i < count; i++)
		if (type_at(frozen, ids[i]).size_bytes == size_bytes)
			return ids[i];
	fail_msg("no %s of %llu bytes", name, (unsigned long long)size_bytes);
	return GAP_NONE;
}

/* ---- units that agree ---- */

/* struct list { struct list *next; }; struct user { struct list list; list_t *other; int v; } */
static void write_lists(struct merging *merging, bool backwards)
{
	uint32_t list, target, alias, v;

	if (backwards)
		integer(merging);
	list = node(merging, GAP_KIND_STRUCT, "list", GAP_NONE);
	target = pointer(merging, list);
	fill(merging, list, 8, MEMBERS({"next", target, 0, 0}));
	alias = node(merging, GAP_KIND_TYPEDEF, "list_t", list);
	v = backwards ? 0 : integer(merging);
	structure(merging, "user", 24,
		  MEMBERS({"list", list, 0, 0}, {"other", pointer(merging, alias), 64, 0},
			  {"v", v, 128, 0}));
}

static void identical_types_are_one(void **state)
{
	struct merging merging = begin();
	struct gap_declaration where;
	struct frozen frozen;

	(void)state;
	for (int unit = 0; unit < 5; unit++) {
		write_lists(&merging, unit % 2);
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(merging.report.conflicting_names, 0);
	assert_int_equal(merging.report.unresolved, 0);
	/* void, int, list, user, list_t, and two pointers */
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_TYPES), 7);
	assert_int_equal(pointee(&frozen, type_called(&frozen, "list"), "next"),
			 type_called(&frozen, "list"));
	assert_int_equal(pointee(&frozen, type_called(&frozen, "user"), "other"),
			 type_called(&frozen, "list"));
	assert_true(gap_profile_declaration(frozen.profile, type_called(&frozen, "user"), &where));
	assert_int_equal(where.units, 5);
	frozen_deinit(&frozen);
}

static void declarations_find_the_one_definition(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;

	(void)state;
	/* A unit that only declares, before and after one that defines. */
	for (int unit = 0; unit < 3; unit++) {
		uint32_t x = unit == 1 ? structure(&merging, "x", 4,
						   MEMBERS({"v", integer(&merging), 0, 0}))
				       : declared(&merging, "x");

		structure(&merging, "holder", 8, MEMBERS({"x", pointer(&merging, x), 0, 0}));
		node(&merging, GAP_KIND_TYPEDEF, "x_t", x);
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "x"), 1);
	assert_int_equal(definitions(&frozen, "x_t"), 1);
	assert_int_equal(definitions(&frozen, "holder"), 1);
	assert_int_equal(pointee(&frozen, type_called(&frozen, "holder"), "x"),
			 type_called(&frozen, "x"));
	assert_int_equal(gap_profile_strip(frozen.profile, type_called(&frozen, "x_t")),
			 type_called(&frozen, "x"));
	assert_int_equal(merging.report.unresolved, 0);
	frozen_deinit(&frozen);
}

static void what_nobody_defines_stays_declared(void **state)
{
	struct merging merging = begin();
	struct gap_type type;
	struct frozen frozen;

	(void)state;
	for (int unit = 0; unit < 2; unit++) {
		structure(&merging, "holder", 8,
			  MEMBERS({"x", pointer(&merging, declared(&merging, "x")), 0, 0}));
		next_unit(&merging);
	}
	frozen = finish(&merging);
	type = type_at(&frozen, pointee(&frozen, type_called(&frozen, "holder"), "x"));
	assert_string_equal(type.name, "x");
	assert_int_equal(type.flags, GAP_TYPE_INCOMPLETE);
	assert_int_equal(merging.report.unresolved, 0);
	frozen_deinit(&frozen);
}

/* Types that become equal only because what they refer to does. */
static void joining_goes_on_until_nothing_changes(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;

	(void)state;
	for (int unit = 0; unit < 2; unit++) {
		uint32_t x =
			unit ? structure(&merging, "x", 4, MEMBERS({"v", integer(&merging), 0, 0}))
			     : declared(&merging, "x");
		uint32_t alias = node(&merging, GAP_KIND_TYPEDEF, "x_t", x);
		uint32_t inner = structure(&merging, "inner", 8,
					   MEMBERS({"x", pointer(&merging, alias), 0, 0}));

		structure(&merging, "outer", 8, MEMBERS({"inner", inner, 0, 0}));
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "inner"), 1);
	assert_int_equal(definitions(&frozen, "outer"), 1);
	assert_int_equal(merging.report.conflicting_names, 0);
	frozen_deinit(&frozen);
}

static void struct_union_and_enum_names_are_apart(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;
	uint32_t v;

	(void)state;
	v = integer(&merging);
	structure(&merging, "x", 4, MEMBERS({"v", v, 0, 0}));
	aggregate(&merging, GAP_KIND_UNION, "x", 4, MEMBERS({"v", v, 0, 0}));
	node(&merging, GAP_KIND_ENUM, "x", GAP_NONE);
	next_unit(&merging);
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "x"), 3);
	assert_int_equal(merging.report.conflicting_names, 0);
	frozen_deinit(&frozen);
}

/* ---- units that do not ---- */

/* struct x of @words words. */
static uint32_t write_x(struct merging *merging, uint32_t words)
{
	uint32_t v = integer(merging);

	return words == 1 ? structure(merging, "x", 4, MEMBERS({"v", v, 0, 0}))
			  : structure(merging, "x", 8, MEMBERS({"v", v, 0, 0}, {"w", v, 32, 0}));
}

static void conflicting_definitions_are_kept_apart(void **state)
{
	struct merging merging = begin();
	struct gap_error error = {""};
	struct frozen frozen;
	gap_type_id id;

	(void)state;
	for (uint32_t unit = 0; unit < 4; unit++) {
		write_x(&merging, unit % 2 + 1);
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "x"), 2);
	assert_int_equal(merging.report.conflicting_names, 1);
	assert_int_equal(merging.report.unresolved, 0);
	assert_int_equal(gap_profile_find_type(frozen.profile, "x", &id, &error), GAP_AMBIGUOUS);
	of_size(&frozen, "x", 4);
	of_size(&frozen, "x", 8);
	frozen_deinit(&frozen);
}

/* "The x of this unit": a structure that only one unit has points to what that unit means. */
static void a_private_struct_means_its_units_definition(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;

	(void)state;
	for (uint32_t unit = 0; unit < 2; unit++) {
		uint32_t x = write_x(&merging, unit + 1);

		structure(&merging, unit ? "mine_1" : "mine_0", 8,
			  MEMBERS({"x", pointer(&merging, x), 0, 0}));
		variable(&merging, unit ? "variable_1" : "variable_0", x, 0x10 + unit);
		variable(&merging, unit ? "pointer_1" : "pointer_0", pointer(&merging, x),
			 0x20 + unit);
		next_unit(&merging);
	}
	frozen = finish(&merging);
	for (uint32_t unit = 0; unit < 2; unit++) {
		gap_type_id x = of_size(&frozen, "x", 4 + 4 * unit);

		assert_int_equal(
			pointee(&frozen, type_called(&frozen, unit ? "mine_1" : "mine_0"), "x"), x);
		assert_int_equal(symbol_type(&frozen, unit ? "variable_1" : "variable_0"), x);
		assert_int_equal(
			type_at(&frozen, symbol_type(&frozen, unit ? "pointer_1" : "pointer_0"))
				.ref,
			x);
	}
	assert_int_equal(merging.report.unresolved, 0);
	frozen_deinit(&frozen);
}

/* Through function types, arrays and anonymous structures, too. */
static void binding_reaches_through_what_has_no_name(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;

	(void)state;
	for (uint32_t unit = 0; unit < 2; unit++) {
		uint32_t to_x = pointer(&merging, write_x(&merging, unit + 1));
		uint32_t call = pointer(&merging, function(&merging, to_x, to_x));
		uint32_t inner = structure(&merging, NULL, 8, MEMBERS({"x", to_x, 0, 0}));

		structure(&merging, unit ? "mine_1" : "mine_0", 16,
			  MEMBERS({NULL, inner, 0, 0}, {"call", call, 64, 0}));
		next_unit(&merging);
	}
	frozen = finish(&merging);
	for (uint32_t unit = 0; unit < 2; unit++) {
		gap_type_id mine = type_called(&frozen, unit ? "mine_1" : "mine_0");
		gap_type_id x = of_size(&frozen, "x", 4 + 4 * unit);
		struct gap_type call = type_at(&frozen, pointee(&frozen, mine, "call"));
		struct gap_parameter parameter;

		assert_int_equal(pointee(&frozen, mine, "x"), x);
		assert_int_equal(type_at(&frozen, call.ref).ref, x);
		assert_true(gap_profile_parameter(frozen.profile, call.first, &parameter));
		assert_int_equal(type_at(&frozen, parameter.type).ref, x);
	}
	assert_int_equal(merging.report.unresolved, 0);
	frozen_deinit(&frozen);
}

/* A structure that everybody shares is not split over what it points to. */
static void a_shared_struct_points_to_the_unknown(void **state)
{
	struct merging merging = begin();
	struct gap_location location;
	struct gap_error error = {""};
	struct gap_type type;
	struct frozen frozen;
	gap_type_id shared;

	(void)state;
	for (uint32_t unit = 0; unit < 3; unit++) {
		uint32_t x = unit == 2 ? declared(&merging, "x") : write_x(&merging, unit + 1);

		structure(&merging, "shared", 8, MEMBERS({"x", pointer(&merging, x), 0, 0}));
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "shared"), 1);
	shared = type_called(&frozen, "shared");
	type = type_at(&frozen, pointee(&frozen, shared, "x"));
	assert_int_equal(type.flags, GAP_TYPE_INCOMPLETE | GAP_TYPE_AMBIGUOUS);
	assert_int_equal(merging.report.conflicting_names, 1);
	assert_int_equal(merging.report.unresolved, 1);
	assert_int_equal(definitions(&frozen, "x"), 2);
	assert_int_equal(gap_profile_find_member(frozen.profile, pointee(&frozen, shared, "x"), "v",
						 &location, &error),
			 GAP_AMBIGUOUS);
	frozen_deinit(&frozen);
}

/* Declaring units say nothing: the one unit that defines x and has the root decides. */
static void a_declaring_unit_has_no_vote(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;

	(void)state;
	for (uint32_t unit = 0; unit < 3; unit++) {
		uint32_t x =
			unit == 1 ? declared(&merging, "x") : write_x(&merging, unit == 2 ? 2 : 1);

		if (unit < 2)
			structure(&merging, "half", 8, MEMBERS({"x", pointer(&merging, x), 0, 0}));
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(pointee(&frozen, type_called(&frozen, "half"), "x"),
			 of_size(&frozen, "x", 4));
	assert_int_equal(merging.report.unresolved, 0);
	frozen_deinit(&frozen);
}

static void embedding_splits_the_container(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;

	(void)state;
	for (uint32_t unit = 0; unit < 2; unit++) {
		uint32_t x = write_x(&merging, unit + 1);
		uint32_t array = node(&merging, GAP_KIND_ARRAY, NULL, x);
		uint32_t container;

		merging.unit.types.items[array].count = 2;
		/* Of one size, so that only what is inside tells them apart. */
		container = structure(&merging, "container", 64, MEMBERS({"xs", array, 0, 0}));
		structure(&merging, "around", 128, MEMBERS({"container", container, 0, 0}));
		structure(&merging, "points", 8,
			  MEMBERS({"container", pointer(&merging, container), 0, 0}));
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "x"), 2);
	assert_int_equal(definitions(&frozen, "container"), 2);
	assert_int_equal(definitions(&frozen, "around"), 2);
	assert_int_equal(definitions(&frozen, "points"), 1);
	assert_int_equal(merging.report.conflicting_names, 3);
	assert_int_equal(merging.report.unresolved, 1); /* points.container */
	frozen_deinit(&frozen);
}

static void typedefs_of_conflicting_structs(void **state)
{
	struct merging merging = begin();
	gap_type_id ids[3];
	struct frozen frozen;

	(void)state;
	for (uint32_t unit = 0; unit < 2; unit++) {
		uint32_t x = write_x(&merging, unit + 1);

		node(&merging, GAP_KIND_TYPEDEF, "x_t", x);
		node(&merging, GAP_KIND_TYPEDEF, "x_p", pointer(&merging, x));
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(gap_profile_find_types(frozen.profile, "x_t", ids, 3), 2);
	assert_int_equal(type_at(&frozen, ids[0]).size_bytes + type_at(&frozen, ids[1]).size_bytes,
			 12);
	/* A typedef of a pointer is the same in both units: it cannot say which x. */
	assert_int_equal(definitions(&frozen, "x_p"), 1);
	assert_int_equal(merging.report.unresolved, 1);
	frozen_deinit(&frozen);
}

static void anonymous_aggregates_count_by_content(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;

	(void)state;
	for (uint32_t unit = 0; unit < 3; unit++) {
		uint32_t v = integer(&merging);
		uint32_t inner = aggregate(&merging, GAP_KIND_UNION, NULL, 4,
					   MEMBERS({unit == 2 ? "w" : "v", v, 0, 0}));
		uint32_t outer = structure(&merging, NULL, 8,
					   MEMBERS({NULL, inner, 0, 0}, {"end", v, 32, 0}));

		node(&merging, GAP_KIND_TYPEDEF, "outer_t", outer);
		next_unit(&merging);
	}
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "outer_t"), 2);
	/* void, int, two unions, two structures, two typedefs */
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_TYPES), 8);
	frozen_deinit(&frozen);
}

static void two_definitions_in_one_unit(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;
	uint32_t x;

	(void)state;
	/* Two functions of one file declare a struct x each; nobody can tell which a pointer means. */
	x = write_x(&merging, 1);
	write_x(&merging, 2);
	structure(&merging, "holder", 8, MEMBERS({"x", pointer(&merging, x), 0, 0}));
	next_unit(&merging);
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "x"), 2);
	assert_true(type_at(&frozen, pointee(&frozen, type_called(&frozen, "holder"), "x")).flags &
		    GAP_TYPE_AMBIGUOUS);
	assert_int_equal(merging.report.unresolved, 1);
	frozen_deinit(&frozen);
}

/* Whichever unit comes first, the bytes are the same. */
static void order_of_units_does_not_show(void **state)
{
	struct frozen images[2];

	(void)state;
	for (int backwards = 0; backwards < 2; backwards++) {
		struct merging merging = begin();

		for (uint32_t i = 0; i < 4; i++) {
			uint32_t unit = backwards ? 3 - i : i;
			uint32_t x = unit == 3 ? declared(&merging, "x")
					       : write_x(&merging, unit % 2 + 1);

			write_lists(&merging, unit % 2);
			structure(&merging, "shared", 8,
				  MEMBERS({"x", pointer(&merging, x), 0, 0}));
			next_unit(&merging);
		}
		images[backwards] = finish(&merging);
	}
	assert_int_equal(images[0].size_bytes, images[1].size_bytes);
	assert_memory_equal(images[0].image, images[1].image, images[0].size_bytes);
	frozen_deinit(&images[0]);
	frozen_deinit(&images[1]);
}

/* ---- damage ---- */

static void refused(struct merging *merging, enum gap_status status, const char *words)
{
	assert_int_equal(gap_merger_add(merging->merger, &merging->unit, &merging->error), status);
	assert_non_null(strstr(merging->error.text, words));
	gap_merger_destroy(merging->merger);
	gap_unit_deinit(&merging->unit);
	gap_builder_destroy(merging->builder);
}

static void references_stay_in_the_unit(void **state)
{
	static const enum gap_kind kinds[] = {GAP_KIND_STRUCT, GAP_KIND_UNION, GAP_KIND_ENUM,
					      GAP_KIND_FUNCTION};
	struct merging merging = begin();

	(void)state;
	pointer(&merging, 1);
	refused(&merging, GAP_CORRUPT, "does not have");
	merging = begin();
	structure(&merging, "s", 4, MEMBERS({"v", 99, 0, 0}));
	refused(&merging, GAP_CORRUPT, "does not have");
	merging = begin();
	function(&merging, GAP_NONE, 99);
	refused(&merging, GAP_CORRUPT, "does not have");
	merging = begin();
	variable(&merging, "v", 0, 1);
	refused(&merging, GAP_CORRUPT, "does not have");
	merging = begin();
	node(&merging, GAP_KIND_COUNT, "odd", GAP_NONE);
	refused(&merging, GAP_CORRUPT, "does not have");
	for (size_t i = 0; i < COUNT_OF(kinds) * 2; i++) {
		merging = begin();
		node(&merging, kinds[i % 4], "s", GAP_NONE);
		merging.unit.types.items[0].first = i < 4 ? 0 : UINT32_MAX;
		merging.unit.types.items[0].entries = i < 4 ? 1 : 2;
		refused(&merging, GAP_CORRUPT, "does not have");
	}
}

static void a_struct_in_itself_is_refused(void **state)
{
	struct merging merging = begin();
	size_t size_bytes;
	void *image;
	uint32_t s;

	(void)state;
	s = node(&merging, GAP_KIND_STRUCT, "s", GAP_NONE);
	fill(&merging, s, 8, MEMBERS({"inner", s, 0, 0}));
	next_unit(&merging);
	assert_int_equal(gap_merger_finish(merging.merger, NULL, NULL), GAP_OK);
	assert_int_equal(
		gap_builder_freeze(merging.builder, 0, &image, &size_bytes, &merging.error),
		GAP_CORRUPT);
	assert_non_null(strstr(merging.error.text, "struct s"));
	gap_merger_destroy(merging.merger);
	gap_unit_deinit(&merging.unit);
	gap_builder_destroy(merging.builder);
}

static void a_typedef_of_itself_is_refused(void **state)
{
	struct merging merging = begin();

	(void)state;
	node(&merging, GAP_KIND_TYPEDEF, "a", 1);
	node(&merging, GAP_KIND_TYPEDEF, "b", 0);
	refused(&merging, GAP_CORRUPT, "contains itself");
}

static void endless_nesting_is_refused(void **state)
{
	struct merging merging = begin();

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		pointer(&merging, i + 1);
	integer(&merging);
	node(&merging, GAP_KIND_TYPEDEF, "deep", 0);
	refused(&merging, GAP_CORRUPT, "nest without end");
}

static void nesting_that_occurs_is_read(void **state)
{
	struct merging merging = begin();
	struct frozen frozen;
	uint32_t v;

	(void)state;
	v = integer(&merging);
	for (int i = 0; i < 500; i++) {
		char name[16];

		snprintf(name, sizeof(name), "s%d", i);
		v = structure(&merging, name, 4, MEMBERS({"v", v, 0, 0}));
	}
	next_unit(&merging);
	frozen = finish(&merging);
	assert_int_equal(definitions(&frozen, "s499"), 1);
	frozen_deinit(&frozen);
}

static void a_failed_merger_stays_failed(void **state)
{
	struct merging merging = begin();

	(void)state;
	node(&merging, GAP_KIND_TYPEDEF, "a", 0);
	assert_int_equal(gap_merger_add(merging.merger, &merging.unit, NULL), GAP_CORRUPT);
	gap_unit_clear(&merging.unit);
	integer(&merging);
	assert_int_equal(gap_merger_add(merging.merger, &merging.unit, NULL), GAP_CORRUPT);
	assert_int_equal(gap_merger_finish(merging.merger, NULL, NULL), GAP_CORRUPT);
	gap_merger_destroy(merging.merger);
	gap_merger_destroy(NULL);
	gap_unit_deinit(&merging.unit);
	gap_builder_destroy(merging.builder);
}

static void no_unit_is_no_type(void **state)
{
	struct merging merging = begin();
	struct frozen frozen = finish(&merging);

	(void)state;
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_TYPES), 1);
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identical_types_are_one),
		cmocka_unit_test(declarations_find_the_one_definition),
		cmocka_unit_test(what_nobody_defines_stays_declared),
		cmocka_unit_test(joining_goes_on_until_nothing_changes),
		cmocka_unit_test(struct_union_and_enum_names_are_apart),
		cmocka_unit_test(conflicting_definitions_are_kept_apart),
		cmocka_unit_test(a_private_struct_means_its_units_definition),
		cmocka_unit_test(binding_reaches_through_what_has_no_name),
		cmocka_unit_test(a_shared_struct_points_to_the_unknown),
		cmocka_unit_test(a_declaring_unit_has_no_vote),
		cmocka_unit_test(embedding_splits_the_container),
		cmocka_unit_test(typedefs_of_conflicting_structs),
		cmocka_unit_test(anonymous_aggregates_count_by_content),
		cmocka_unit_test(two_definitions_in_one_unit),
		cmocka_unit_test(order_of_units_does_not_show),
		cmocka_unit_test(references_stay_in_the_unit),
		cmocka_unit_test(a_struct_in_itself_is_refused),
		cmocka_unit_test(a_typedef_of_itself_is_refused),
		cmocka_unit_test(endless_nesting_is_refused),
		cmocka_unit_test(nesting_that_occurs_is_read),
		cmocka_unit_test(a_failed_merger_stays_failed),
		cmocka_unit_test(no_unit_is_no_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
