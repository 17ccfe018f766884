/* SPDX-License-Identifier: MIT */
/* Freezing: the order rule, the same bytes for the same types, what is refused, symbols and their
 * types, provenance, and the blob of one monitor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/making.h"

/* ---- order ---- */

static bool is_by_value(enum gap_kind kind)
{
	return kind == GAP_KIND_ARRAY || (kind >= GAP_KIND_TYPEDEF && kind <= GAP_KIND_ATOMIC);
}

static void check_order(const struct gap_profile *profile)
{
	struct gap_type type;

	for (gap_type_id id = 0; gap_profile_type(profile, id, &type); id++) {
		bool aggregate = type.kind == GAP_KIND_STRUCT || type.kind == GAP_KIND_UNION;

		assert_true(!is_by_value(type.kind) || type.ref < id);
		for (uint32_t i = 0; aggregate && i < type.count; i++) {
			struct gap_member member;

			assert_true(gap_profile_member(profile, type.first + i, &member));
			assert_true(member.type < id);
		}
	}
}

/* Told outside in, the worst order; "aa" sorts before what it contains, too. */
static void what_is_contained_lies_before(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id outer = gap_builder_type_reserve(builder, 6);
	struct frozen frozen;

	(void)state;
	set_aggregate(builder, outer, GAP_KIND_STRUCT, "aa", 16,
		      MAKE_MEMBERS({"array", outer + 1, 0, 0}, {"self", outer + 5, 64, 0}));
	gap_builder_type_set(
		builder, outer + 1,
		&(struct gap_build_type){.kind = GAP_KIND_ARRAY, .ref = outer + 2, .count = 2});
	gap_builder_type_set(builder, outer + 2,
			     &(struct gap_build_type){.kind = GAP_KIND_TYPEDEF,
						      .name = gap_builder_name(builder, "zz_t"),
						      .ref = outer + 3});
	set_aggregate(builder, outer + 3, GAP_KIND_UNION, "zz", 4,
		      MAKE_MEMBERS({"v", outer + 4, 0, 0}));
	gap_builder_type_set(builder, outer + 4,
			     &(struct gap_build_type){.kind = GAP_KIND_INT, .size_bytes = 4});
	gap_builder_type_set(
		builder, outer + 5,
		&(struct gap_build_type){.kind = GAP_KIND_POINTER, .size_bytes = 8, .ref = outer});
	frozen = freeze(builder, 0);
	check_order(frozen.profile);
	assert_true(type_called(&frozen, "zz") < type_called(&frozen, "aa"));
	frozen_deinit(&frozen);
}

static void deep_nesting_needs_no_stack(void **state)
{
	enum { DEEP = 200000 };
	struct gap_builder *builder = make_builder();
	gap_type_id first = gap_builder_type_reserve(builder, DEEP);
	struct gap_type type;
	struct frozen frozen;

	(void)state;
	for (gap_type_id i = 0; i + 1 < DEEP; i++) {
		struct gap_build_member member = {.type = first + i + 1};

		gap_builder_type_set(builder, first + i,
				     &(struct gap_build_type){.kind = GAP_KIND_STRUCT,
							      .size_bytes = 4,
							      .members = &member,
							      .count = 1});
	}
	gap_builder_type_set(builder, first + DEEP - 1,
			     &(struct gap_build_type){.kind = GAP_KIND_INT, .size_bytes = 4});
	frozen = freeze(builder, 0);
	check_order(frozen.profile);
	assert_true(gap_profile_type(frozen.profile, DEEP, &type));
	assert_int_equal(type.size_bytes, 4);
	/* Nor does looking through all those anonymous members, which gives up. */
	assert_int_equal(
		gap_profile_find_member(frozen.profile, DEEP, "x", &(struct gap_location){0}, NULL),
		GAP_NOT_FOUND);
	frozen_deinit(&frozen);
}

/* An array of arrays of … of int: as many as the format has room for, and one more. */
static void chains_have_an_end(void **state)
{
	for (uint32_t deep = 255; deep <= 256; deep++) {
		struct gap_builder *builder = make_builder();
		gap_type_id last = gap_builder_type_add(
			builder, &(struct gap_build_type){.kind = GAP_KIND_INT, .size_bytes = 4});
		size_t size_bytes;
		void *image = NULL;

		(void)state;
		for (uint32_t i = 0; i < deep; i++)
			last = gap_builder_type_add(builder, &(struct gap_build_type){
								     .kind = GAP_KIND_ARRAY,
								     .ref = last,
								     .count = 1 + (i == 0),
							     });
		assert_int_equal(gap_builder_freeze(builder, 0, &image, &size_bytes, NULL),
				 deep == 255 ? GAP_OK : GAP_UNSUPPORTED);
		free(image);
		gap_builder_destroy(builder);
	}
}

/* ---- refusals ---- */

static void refused(struct gap_builder *builder, const char *words)
{
	struct gap_error error = {""};
	size_t size_bytes = 77;
	void *image = builder;

	assert_int_equal(gap_builder_freeze(builder, 0, &image, &size_bytes, &error), GAP_CORRUPT);
	assert_non_null(strstr(error.text, words));
	assert_ptr_equal(image, builder);
	assert_int_equal(size_bytes, 77);
	gap_builder_destroy(builder);
}

static void a_struct_in_itself_is_refused(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id id = gap_builder_type_reserve(builder, 1);

	(void)state;
	set_aggregate(builder, id, GAP_KIND_STRUCT, "matryoshka", 8,
		      MAKE_MEMBERS({"inner", id, 0, 0}));
	refused(builder, "matryoshka");
}

static void a_longer_circle_is_refused(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id id = gap_builder_type_reserve(builder, 1);
	gap_type_id alias = make_alias(builder, GAP_KIND_TYPEDEF, "m_t", id);
	gap_type_id array = make_array(builder, alias, 2);

	(void)state;
	set_aggregate(builder, id, GAP_KIND_UNION, "m", 8, MAKE_MEMBERS({NULL, array, 0, 0}));
	refused(builder, "contains itself");
}

static void a_typedef_of_itself_is_refused(void **state)
{
	struct gap_builder *builder = make_builder();

	(void)state;
	make_alias(builder, GAP_KIND_TYPEDEF, "me", 1);
	refused(builder, "contains itself");
}

static void dangling_references_are_refused(void **state)
{
	static const enum gap_kind kinds[] = {GAP_KIND_POINTER, GAP_KIND_ARRAY, GAP_KIND_TYPEDEF,
					      GAP_KIND_CONST, GAP_KIND_FUNCTION};
	struct gap_builder *builder;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		builder = make_builder();
		make_alias(builder, kinds[i], NULL, 2);
		refused(builder, "does not exist");
	}
	builder = make_builder();
	make_struct(builder, "s", 8, MAKE_MEMBERS({"a", 2, 0, 0}));
	refused(builder, "does not exist");
	builder = make_builder();
	gap_builder_type_add(builder,
			     &(struct gap_build_type){
				     .kind = GAP_KIND_FUNCTION,
				     .count = 1,
				     .parameters = &(struct gap_build_parameter){0, GAP_NONE - 1}});
	refused(builder, "does not exist");
}

static void a_second_void_is_refused(void **state)
{
	struct gap_builder *builder = make_builder();

	(void)state;
	make_alias(builder, GAP_KIND_VOID, NULL, 0);
	refused(builder, "does not exist");
}

static void a_member_beyond_4_gib_is_refused(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_int(builder, "int", 4);
	struct gap_error error = {""};
	size_t size_bytes;
	void *image;

	(void)state;
	make_struct(builder, "s", 4, MAKE_MEMBERS({"distant", integer, UINT64_C(1) << 35, 0}));
	assert_int_equal(gap_builder_freeze(builder, 0, &image, &size_bytes, &error),
			 GAP_UNSUPPORTED);
	assert_non_null(strstr(error.text, "distant"));
	gap_builder_destroy(builder);
}

/* ---- the same bytes ---- */

/* Seven named types, told in the order of @order, which is a permutation. */
static void add_types(struct gap_builder *builder, const int order[7])
{
	gap_type_id id[7], first = gap_builder_type_reserve(builder, 7);

	for (gap_type_id i = 0; i < 7; i++)
		id[order[i]] = first + i;
	set_aggregate(builder, id[0], GAP_KIND_STRUCT, "list_head", 16,
		      MAKE_MEMBERS({"next", id[1], 0, 0}, {"prev", id[1], 64, 0}));
	gap_builder_type_set(
		builder, id[1],
		&(struct gap_build_type){.kind = GAP_KIND_POINTER, .size_bytes = 8, .ref = id[0]});
	set_aggregate(builder, id[2], GAP_KIND_STRUCT, "twice", 16,
		      MAKE_MEMBERS({"list", id[0], 0, 0}));
	set_aggregate(builder, id[3], GAP_KIND_STRUCT, "twice", 24,
		      MAKE_MEMBERS({"list", id[0], 0, 0}, {"bits", id[4], 128, 3}));
	gap_builder_type_set(builder, id[4],
			     &(struct gap_build_type){.kind = GAP_KIND_INT,
						      .name = gap_builder_name(builder, "int"),
						      .size_bytes = 4});
	set_aggregate(builder, id[5], GAP_KIND_UNION, "both", 24,
		      MAKE_MEMBERS({"one", id[2], 0, 0}, {"other", id[3], 0, 0}));
	gap_builder_type_set(builder, id[6],
			     &(struct gap_build_type){.kind = GAP_KIND_TYPEDEF,
						      .name = gap_builder_name(builder, "t"),
						      .ref = id[3]});
}

static void add_symbols(struct gap_builder *builder, int backwards)
{
	static const struct {
		const char *name, *file;
		uint64_t address;
	} rows[] = {
		{"a", "x.c", 0x30},
		{"a", "y.c", 0x20},
		{"b", NULL, 0x20},
		{"c", NULL, 0x10},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t at = backwards ? COUNT_OF(rows) - 1 - i : i;

		make_symbol(builder, rows[at].name, rows[at].file, rows[at].address, 0);
	}
}

static void order_of_telling_does_not_show(void **state)
{
	static const int orders[][7] = {
		{0, 1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1, 0}, {3, 2, 5, 0, 6, 1, 4},
		{1, 3, 5, 0, 2, 4, 6}, {5, 6, 3, 2, 4, 0, 1},
	};
	struct frozen first = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		struct gap_builder *builder = make_builder();
		struct frozen frozen;

		/* Text ids differ too. */
		gap_builder_name(builder, i % 2 ? "unused" : "other");
		if (i % 2)
			add_symbols(builder, 1);
		add_types(builder, orders[i]);
		if (i % 2 == 0)
			add_symbols(builder, 0);
		frozen = freeze(builder, 0);
		if (i == 0) {
			first = frozen;
			continue;
		}
		assert_int_equal(frozen.size_bytes, first.size_bytes);
		assert_memory_equal(frozen.image, first.image, first.size_bytes);
		frozen_deinit(&frozen);
	}
	frozen_deinit(&first);
}

static void freezing_again_gives_the_same(void **state)
{
	static const int order[7] = {2, 0, 1, 6, 5, 4, 3};
	struct gap_builder *builder = make_builder();
	struct frozen one, other, small;

	(void)state;
	add_types(builder, order);
	add_symbols(builder, 0);
	one = freeze_again(builder, 0);
	small = freeze_again(builder, GAP_FREEZE_MINIMAL);
	other = freeze(builder, 0);
	assert_int_equal(one.size_bytes, other.size_bytes);
	assert_memory_equal(one.image, other.image, one.size_bytes);
	assert_true(small.size_bytes < one.size_bytes);
	frozen_deinit(&one);
	frozen_deinit(&other);
	frozen_deinit(&small);
}

/* ---- numbers that do not fit ---- */

static void sizes_over_4_gib_saturate(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id byte = make_int(builder, "byte", 1);
	gap_type_id big =
		make_struct(builder, "big", UINT64_C(1) << 33,
			    MAKE_MEMBERS({"a", byte, 0, 0}, {"far", byte, UINT64_C(1) << 34, 0}));
	struct gap_location location;
	struct gap_type type;
	struct frozen frozen;

	(void)state;
	make_alias(builder, GAP_KIND_TYPEDEF, "many",
		   make_array(builder, byte, (UINT64_C(1) << 32) + 5));
	make_alias(builder, GAP_KIND_TYPEDEF, "product", make_array(builder, big, 16));
	frozen = freeze(builder, 0);
	assert_true(gap_profile_type(frozen.profile, type_called(&frozen, "big"), &type));
	assert_int_equal(type.size_bytes, UINT32_MAX);
	assert_true(type.flags & GAP_TYPE_SIZE_UNKNOWN);
	assert_true(gap_profile_type(
		frozen.profile, gap_profile_strip(frozen.profile, type_called(&frozen, "many")),
		&type));
	assert_int_equal(type.count, UINT32_MAX);
	assert_true(type.flags & GAP_TYPE_SIZE_UNKNOWN);
	/* What is made of them is as unknown. */
	assert_true(gap_profile_type(frozen.profile, type_called(&frozen, "product"), &type));
	assert_int_equal(type.size_bytes, UINT32_MAX);
	assert_true(type.flags & GAP_TYPE_SIZE_UNKNOWN);
	assert_int_equal(gap_profile_find_member(frozen.profile, type_called(&frozen, "big"), "far",
						 &location, NULL),
			 GAP_OK);
	assert_int_equal(location.offset_bits, UINT64_C(1) << 34);
	frozen_deinit(&frozen);
}

static void declared_alignment_is_kept(void **state)
{
	static const uint32_t aligns[] = {0, 1, 2, 64, 4096, 1u << 31};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(aligns); i++) {
		struct gap_builder *builder = make_builder();
		struct gap_type type;
		struct frozen frozen;

		gap_builder_type_add(builder, &(struct gap_build_type){.kind = GAP_KIND_STRUCT,
								       .align_bytes = aligns[i]});
		frozen = freeze(builder, 0);
		assert_true(gap_profile_type(frozen.profile, 1, &type));
		assert_int_equal(type.align_bytes, aligns[i]);
		frozen_deinit(&frozen);
	}
}

/* ---- strings ---- */

static size_t count_text(const struct frozen *frozen, const char *text)
{
	size_t count = 0, length = strlen(text);
	const char *bytes = frozen->image;

	for (size_t i = 0; i + length <= frozen->size_bytes; i++)
		count += memcmp(bytes + i, text, length) == 0;
	return count;
}

static void names_share_their_tails(void **state)
{
	struct gap_builder *builder = make_builder();
	struct frozen frozen;

	(void)state;
	make_int(builder, "printk", 4);
	make_symbol(builder, "__ksymtab_printk", NULL, 1, 0);
	make_symbol(builder, "_printk", NULL, 2, 0);
	gap_builder_name(builder, "nobody_uses_this");
	frozen = freeze(builder, 0);
	assert_int_equal(count_text(&frozen, "printk"), 1);
	assert_int_equal(count_text(&frozen, "nobody_uses_this"), 0);
	type_called(&frozen, "printk");
	frozen_deinit(&frozen);
}

/* ---- symbols ---- */

static void check_symbol(const struct frozen *frozen, uint32_t row, const char *name,
			 uint64_t address)
{
	struct gap_symbol symbol;

	assert_true(gap_profile_symbol(frozen->profile, row, &symbol));
	assert_string_equal(symbol.name, name);
	assert_int_equal(symbol.address, address);
}

static void symbols_are_sorted_and_single(void **state)
{
	struct gap_builder *builder = make_builder();
	struct gap_build_symbol sized = {.name = gap_builder_name(builder, "b"),
					 .address = 0x20,
					 .size_bytes = 24,
					 .type = GAP_NONE};
	struct gap_symbol symbol;
	struct frozen frozen;

	(void)state;
	make_symbol(builder, "c", NULL, 0xffffffff81000000, 0);
	make_symbol(builder, "b", NULL, 0x20, 0);
	make_symbol(builder, "a", NULL, 0x20, 0);
	gap_builder_symbol_add(builder, &sized);
	make_symbol(builder, "b", NULL, 0x10, 0);
	frozen = freeze(builder, 0);
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_SYMBOLS), 4);
	check_symbol(&frozen, 0, "b", 0x10);
	check_symbol(&frozen, 1, "a", 0x20);
	check_symbol(&frozen, 2, "b", 0x20);
	check_symbol(&frozen, 3, "c", 0xffffffff81000000);
	assert_true(gap_profile_symbol(frozen.profile, 2, &symbol));
	assert_int_equal(symbol.size_bytes, 24);
	frozen_deinit(&frozen);
}

static gap_type_id type_of_symbol(const struct frozen *frozen, const char *name)
{
	struct gap_symbol symbol;
	struct gap_error error = {""};

	if (gap_profile_find_symbol(frozen->profile, name, &symbol, &error))
		fail_msg("%s", error.text);
	return symbol.type;
}

static void types_reach_symbols_by_address(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_int(builder, "int", 4), other = make_int(builder, "long", 8);
	gap_text name = gap_builder_name(builder, "jiffies");
	struct frozen frozen;

	(void)state;
	gap_builder_symbol_type(builder, name, 0x100, integer); /* before the symbol */
	make_symbol(builder, "jiffies", NULL, 0x100, 0);
	make_symbol(builder, "jiffies", NULL, 0x200, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "jiffies_64", NULL, 0x100, 0);
	gap_builder_symbol_type(builder, name, 0x200, other);
	gap_builder_symbol_type(builder, name, 0x300, other); /* of nothing */
	make_symbol(builder, "dangling", NULL, 0x400, 0);
	gap_builder_symbol_type(builder, gap_builder_name(builder, "dangling"), 0x400, 12345);
	frozen = freeze(builder, 0);
	assert_int_equal(type_of_symbol(&frozen, "jiffies#1"), type_called(&frozen, "int"));
	assert_int_equal(type_of_symbol(&frozen, "jiffies#2"), type_called(&frozen, "long"));
	assert_int_equal(type_of_symbol(&frozen, "jiffies_64"), GAP_NONE);
	assert_int_equal(type_of_symbol(&frozen, "dangling"), GAP_NONE);
	frozen_deinit(&frozen);
}

static void by_name_only_where_there_is_one(void **state)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_int(builder, "int", 4), other = make_int(builder, "long", 8);
	struct frozen frozen;

	(void)state;
	gap_builder_symbol_type_by_name(builder, gap_builder_name(builder, "one"), integer);
	gap_builder_symbol_type_by_name(builder, gap_builder_name(builder, "two"), integer);
	gap_builder_symbol_type_by_name(builder, gap_builder_name(builder, "torn"), integer);
	gap_builder_symbol_type_by_name(builder, gap_builder_name(builder, "torn"), other);
	make_symbol(builder, "one", NULL, 1, 0);
	make_symbol(builder, "two", NULL, 2, 0);
	make_symbol(builder, "two", NULL, 3, 0);
	make_symbol(builder, "torn", NULL, 4, 0);
	gap_builder_symbol_add(builder,
			       &(struct gap_build_symbol){.name = gap_builder_name(builder, "own"),
							  .address = 5,
							  .type = other});
	gap_builder_symbol_type_by_name(builder, gap_builder_name(builder, "own"), integer);
	frozen = freeze(builder, 0);
	assert_int_equal(type_of_symbol(&frozen, "one"), type_called(&frozen, "int"));
	assert_int_equal(type_of_symbol(&frozen, "two#1"), GAP_NONE);
	assert_int_equal(type_of_symbol(&frozen, "two#2"), GAP_NONE);
	assert_int_equal(type_of_symbol(&frozen, "torn"), GAP_NONE);
	assert_int_equal(type_of_symbol(&frozen, "own"), type_called(&frozen, "long"));
	frozen_deinit(&frozen);
}

/* ---- what comes with a full image, and not with a minimal one ---- */

static struct gap_builder *annotated(void)
{
	static const uint8_t build_id[] = {0xca, 0xfe};
	struct gap_builder *builder = make_builder();
	uint32_t dwarf =
		gap_builder_source_add(builder, &(struct gap_build_source){.kind = GAP_SOURCE_DWARF,
									   .build_id = build_id,
									   .build_id_bytes = 2,
									   .digest = "sha256:00",
									   .note = "a note"});
	uint32_t memory = gap_builder_source_add(
		builder, &(struct gap_build_source){.kind = GAP_SOURCE_MEMORY});
	gap_type_id integer = make_int(builder, "int", 4);
	gap_type_id id = gap_builder_type_add(
		builder, &(struct gap_build_type){
				 .kind = GAP_KIND_STRUCT,
				 .name = gap_builder_name(builder, "task"),
				 .size_bytes = 8,
				 .count = 2,
				 .members =
					 (struct gap_build_member[]){
						 {gap_builder_name(builder, "a"), integer, 0, 0},
						 {gap_builder_name(builder, "b"), integer, 32, 0}},
				 .file = gap_builder_name(builder, "include/task.h"),
				 .line = 12,
				 .units = 3});

	gap_builder_source_default(builder, GAP_TABLE_MEMBERS, dwarf);
	gap_builder_exception_add(builder,
				  &(struct gap_build_exception){
					  .table = GAP_TABLE_MEMBERS,
					  .row = id,
					  .position = 1,
					  .source = memory,
					  .method = 9,
					  .confidence = 0.5,
					  .runner_up = 40,
					  .witnesses = gap_builder_name(builder, "two functions")});
	gap_builder_exception_add(
		builder, &(struct gap_build_exception){
				 .table = GAP_TABLE_TYPES,
				 .row = id,
				 .source = memory,
				 .method = 9,
				 .confidence = 1,
				 .runner_up = GAP_NONE,
				 .witnesses = gap_builder_name(
					 builder, "absent: gone=0.9750 layout.base=1.0000")});
	make_symbol(builder, "twice", "a.c", 1, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "twice", "b.c", 2, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "once", "a.c", 3, GAP_SYMBOL_LOCAL);
	gap_builder_target_set(builder, &(struct gap_build_target){.machine = 62,
								   .pointer_bytes = 8,
								   .release = "6.1",
								   .banner = "the banner text",
								   .banner_bytes = 15,
								   .tool_version = "the tool"});
	return builder;
}

static void provenance_is_told(void **state)
{
	struct frozen frozen = freeze(annotated(), 0);
	struct gap_provenance told;
	struct gap_source source;
	struct gap_declaration where;

	(void)state;
	gap_profile_provenance(frozen.profile, GAP_TABLE_MEMBERS, 0, &told);
	assert_int_equal(told.source, 0);
	assert_true(told.confidence == 1);
	gap_profile_provenance(frozen.profile, GAP_TABLE_MEMBERS, 1, &told);
	assert_int_equal(told.source, 1);
	assert_int_equal(told.method, 9);
	assert_true(told.confidence > 0.4999 && told.confidence < 0.5001);
	assert_int_equal(told.runner_up, 40);
	assert_string_equal(told.witnesses, "two functions");
	gap_profile_provenance(frozen.profile, GAP_TABLE_TYPES, 1, &told);
	assert_int_equal(told.source, GAP_NONE);
	assert_true(gap_profile_source(frozen.profile, 0, &source));
	assert_int_equal(source.kind, GAP_SOURCE_DWARF);
	assert_memory_equal(source.build_id, "\xca\xfe", 2);
	assert_string_equal(source.digest, "sha256:00");
	assert_string_equal(source.note, "a note");
	assert_false(gap_profile_source(frozen.profile, 2, &source));
	assert_true(gap_profile_declaration(frozen.profile, type_called(&frozen, "task"), &where));
	assert_string_equal(where.file, "include/task.h");
	assert_int_equal(where.line, 12);
	assert_int_equal(where.units, 3);
	assert_false(gap_profile_declaration(frozen.profile, type_called(&frozen, "int"), &where));
	assert_string_equal(gap_profile_symbol_file(frozen.profile, 1), "b.c");
	assert_string_equal(gap_profile_symbol_file(frozen.profile, 2), "");
	frozen_deinit(&frozen);
}

static void absence_is_told(void **state)
{
	static const struct {
		const char *member;
		int absent;
		double confidence;
	} rows[] = {{"gone", 1, 0.975}, {"layout.base", 1, 1}, {"gon", 0, -1},
		    {"one", 0, -1},     {"base", 0, -1},       {"", 0, -1}};
	struct frozen frozen = freeze(annotated(), 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double confidence = -1;

		assert_int_equal(gap_profile_says_absent(frozen.profile,
							 type_called(&frozen, "task"),
							 rows[i].member, &confidence),
				 rows[i].absent);
		assert_true(fabs(confidence - rows[i].confidence) < 1e-9);
	}
	assert_true(gap_profile_says_absent(frozen.profile, type_called(&frozen, "task"), "gone",
					    NULL));
	assert_false(
		gap_profile_says_absent(frozen.profile, type_called(&frozen, "int"), "gone", NULL));
	frozen_deinit(&frozen);
}

static void minimal_holds_only_what_binds(void **state)
{
	static const char *const gone[] = {"the banner text", "the tool", "a note",
					   "include/task.h",  "a.c",      "two functions"};
	struct frozen frozen = freeze(annotated(), GAP_FREEZE_MINIMAL);
	struct gap_declaration where;
	struct gap_target target;
	struct gap_source source;
	uint8_t hash[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(gone); i++)
		assert_int_equal(count_text(&frozen, gone[i]), 0);
	gap_profile_target(frozen.profile, &target);
	gap_banner_hash("the banner text", 15, hash);
	assert_memory_equal(target.banner_hash, hash, 16);
	assert_null(target.banner);
	assert_string_equal(target.release, "6.1");
	assert_string_equal(target.tool_version, "");
	assert_false(gap_profile_source(frozen.profile, 0, &source));
	assert_false(gap_profile_declaration(frozen.profile, type_called(&frozen, "task"), &where));
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_SYMBOLS), 3);
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_contained_lies_before),
		cmocka_unit_test(deep_nesting_needs_no_stack),
		cmocka_unit_test(chains_have_an_end),
		cmocka_unit_test(a_struct_in_itself_is_refused),
		cmocka_unit_test(a_longer_circle_is_refused),
		cmocka_unit_test(a_typedef_of_itself_is_refused),
		cmocka_unit_test(dangling_references_are_refused),
		cmocka_unit_test(a_second_void_is_refused),
		cmocka_unit_test(a_member_beyond_4_gib_is_refused),
		cmocka_unit_test(order_of_telling_does_not_show),
		cmocka_unit_test(freezing_again_gives_the_same),
		cmocka_unit_test(sizes_over_4_gib_saturate),
		cmocka_unit_test(declared_alignment_is_kept),
		cmocka_unit_test(names_share_their_tails),
		cmocka_unit_test(symbols_are_sorted_and_single),
		cmocka_unit_test(types_reach_symbols_by_address),
		cmocka_unit_test(by_name_only_where_there_is_one),
		cmocka_unit_test(provenance_is_told),
		cmocka_unit_test(absence_is_told),
		cmocka_unit_test(minimal_holds_only_what_binds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
