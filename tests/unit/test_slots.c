/* SPDX-License-Identifier: MIT */
/* Binding a monitor's table: what fits the declarations, what does not and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/plan.h"
#include "tests/support/making.h"

static gap_type_id make_signed(struct gap_builder *builder, const char *name, uint64_t size_bytes)
{
	return gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = GAP_KIND_INT,
						  .flags = GAP_TYPE_SIGNED,
						  .name = gap_builder_name(builder, name),
						  .size_bytes = size_bytes});
}

/* A kernel of 32 bits, so that a long is not an int of 8 bytes. */
static struct frozen make_profile(void)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_signed(builder, "int", 4),
		    word = make_signed(builder, "long", 4);
	gap_type_id byte = make_int(builder, "char", 1), wide = make_int(builder, "u64", 8);
	gap_type_id list = make_struct(builder, "list_head", 8, MAKE_MEMBERS({"next", word, 0, 0}));
	gap_type_id pointer = gap_builder_type_add(
		builder,
		&(struct gap_build_type){.kind = GAP_KIND_POINTER, .ref = list, .size_bytes = 4});
	gap_type_id nameless =
		make_struct(builder, NULL, 16,
			    MAKE_MEMBERS({"first", integer, 0, 0}, {"second", integer, 64, 0}));

	make_struct(builder, "task", 256,
		    MAKE_MEMBERS({"pid", integer, 32, 0}, {"state", word, 64, 0},
				 {"big", wide, 128, 0}, {"flag", integer, 195, 3},
				 {"mm", pointer, 224, 0}, {"tasks", list, 256, 0},
				 {"comm", make_array(builder, byte, 16), 320, 0},
				 {"numbers", make_array(builder, integer, 4), 448, 0},
				 {"d_u", nameless, 640, 0}));
	make_struct(builder, "twice", 4, MAKE_MEMBERS({"a", integer, 0, 0}));
	make_struct(builder, "twice", 8, MAKE_MEMBERS({"a", integer, 0, 0}));
	make_declared(builder, "opaque", 0);
	make_enum(builder, "colour", "GREEN", 7);
	make_symbol(builder, "init_task", NULL, 0xc1000000, 0);
	make_symbol(builder, "current_task", NULL, 0x40, GAP_SYMBOL_PERCPU);
	gap_builder_target_set(
		builder, &(struct gap_build_target){.release = "2.6.18-test", .pointer_bytes = 4});
	return freeze(builder, GAP_FREEZE_MINIMAL);
}

#define FIELD(form, flags, width, bytes, count, member)                                            \
	{                                                                                          \
		GAP_WANT_FIELD, form, flags, width, bytes, count, "task", NULL, member, "ps.c:7"   \
	}
#define OTHER(kind, form, flags, name)                                                             \
	{                                                                                          \
		kind, form, flags, 0, 0, 0, name, NULL, NULL, "ps.c:7"                             \
	}
#define ABSENT                                                                                     \
	{                                                                                          \
		GAP_SLOT_ABSENT, 0, 0, 0, 0, 0                                                     \
	}

static const struct slot_case {
	struct gap_want want;
	enum gap_status status;
	struct gap_slot slot;
	const char *words;
} cases[] = {
	{FIELD(GAP_FORM_INT, 0, 0, 4, 0, "pid"), GAP_OK, {4, 4, 0, 0, 1, 1}, NULL},
	{FIELD(GAP_FORM_INT, 0, 0, 4, 0, "nr|pid"), GAP_OK, {4, 4, 0, 0, 1, 1}, NULL},
	{FIELD(GAP_FORM_WORD, 0, 0, 8, 0, "state"), GAP_OK, {8, 4, 0, 0, 1, 1}, NULL},
	{FIELD(GAP_FORM_POINTER, 0, 0, 8, 0, "mm"), GAP_OK, {28, 4, 0, 0, 0, 1}, NULL},
	{FIELD(GAP_FORM_POINTER, 0, 0, 8, 0, "state"), GAP_OK, {8, 4, 0, 0, 1, 1}, NULL},
	{FIELD(GAP_FORM_STRUCT, 0, 0, 0, 0, "tasks"), GAP_OK, {32, 8, 0, 0, 0, 1}, NULL},
	{FIELD(GAP_FORM_ARRAY, 0, 0, 1, 0, "comm"), GAP_OK, {40, 16, 0, 0, 0, 1}, NULL},
	{FIELD(GAP_FORM_ARRAY, 0, 0, 1, 99, "comm"), GAP_OK, {40, 16, 0, 0, 0, 1}, NULL},
	{FIELD(GAP_FORM_ARRAY, GAP_WANT_WHOLE, 0, 4, 4, "numbers"),
	 GAP_OK,
	 {56, 16, 0, 0, 0, 1},
	 NULL},
	{FIELD(GAP_FORM_BITS, 0, 3, 4, 0, "flag"), GAP_OK, {24, 4, 3, 3, 1, 1}, NULL},
	{FIELD(GAP_FORM_INT, GAP_WANT_WIDEN, 0, 8, 0, "flag"), GAP_OK, {24, 4, 3, 3, 1, 1}, NULL},
	{FIELD(GAP_FORM_INT, GAP_WANT_WIDEN, 0, 8, 0, "pid"), GAP_OK, {4, 4, 0, 0, 1, 1}, NULL},
	{FIELD(GAP_FORM_BITS, GAP_WANT_WIDEN, 1, 4, 0, "pid"), GAP_OK, {4, 4, 0, 0, 1, 1}, NULL},
	{FIELD(GAP_FORM_ANY, GAP_WANT_OPTIONAL, 0, 8, 0, "comm"),
	 GAP_OK,
	 {40, 16, 0, 0, 0, 1},
	 NULL},
	{FIELD(GAP_FORM_INT, GAP_WANT_OPTIONAL, 0, 8, 0, "ghost"), GAP_OK, ABSENT, NULL},
	{{GAP_WANT_FIELD, GAP_FORM_INT, 0, 0, 4, 0, "task", "d_u", "d_u.second", "ps.c:7"},
	 GAP_OK,
	 {8, 4, 0, 0, 1, 1},
	 NULL},
	{OTHER(GAP_WANT_SYMBOL, GAP_FORM_INT, 0, "init_task"),
	 GAP_OK,
	 {0xc1000000, 0, 0, 0, 0, 1},
	 NULL},
	{OTHER(GAP_WANT_SYMBOL, GAP_FORM_INT, GAP_WANT_PERCPU, "current_task"),
	 GAP_OK,
	 {0x40, 0, 0, 0, 0, 1},
	 NULL},
	{OTHER(GAP_WANT_SYMBOL, GAP_FORM_ANY, GAP_WANT_OPTIONAL, "current_task"),
	 GAP_OK,
	 {0x40, 0, 0, 0, 0, 1},
	 NULL},
	{OTHER(GAP_WANT_SYMBOL, GAP_FORM_INT, GAP_WANT_OPTIONAL, "ghost|spirit"), GAP_OK, ABSENT,
	 NULL},
	{OTHER(GAP_WANT_ENUMERATOR, GAP_FORM_INT, 0, "GREEN"), GAP_OK, {7, 8, 0, 0, 0, 1}, NULL},
	{OTHER(GAP_WANT_TYPE, GAP_FORM_INT, 0, "task"), GAP_OK, {256, 8, 0, 0, 0, 1}, NULL},
	{OTHER(GAP_WANT_TYPE, GAP_FORM_INT, GAP_WANT_OPTIONAL, "opaque"), GAP_OK, ABSENT, NULL},

	{FIELD(GAP_FORM_INT, 0, 0, 4, 0, "ghost"), GAP_NOT_FOUND, {0}, "task.ghost is required"},
	{FIELD(GAP_FORM_INT, 0, 0, 8, 0, "pid"),
	 GAP_MISMATCH,
	 {0},
	 "task.pid has 4 bytes in this kernel, not 8 (GAP_WIDEN"},
	{FIELD(GAP_FORM_INT, 0, 0, 4, 0, "big"),
	 GAP_MISMATCH,
	 {0},
	 "task.big has 8 bytes in this kernel, not 4"},
	{FIELD(GAP_FORM_INT, GAP_WANT_WIDEN, 0, 4, 0, "big"), GAP_MISMATCH, {0}, "8 bytes"},
	{FIELD(GAP_FORM_WORD, 0, 0, 8, 0, "big"),
	 GAP_MISMATCH,
	 {0},
	 "8 bytes in this kernel, not 4"},
	{FIELD(GAP_FORM_INT, GAP_WANT_OPTIONAL, 0, 8, 0, "pid"), GAP_MISMATCH, {0}, "4 bytes"},
	{FIELD(GAP_FORM_POINTER, 0, 0, 8, 0, "tasks"),
	 GAP_MISMATCH,
	 {0},
	 "is declared as a pointer, and is a struct"},
	{FIELD(GAP_FORM_STRUCT, 0, 0, 0, 0, "mm"),
	 GAP_MISMATCH,
	 {0},
	 "is a pointer in this kernel"},
	{FIELD(GAP_FORM_ARRAY, 0, 0, 1, 0, "mm"), GAP_MISMATCH, {0}, "is a pointer in this kernel"},
	{FIELD(GAP_FORM_INT, 0, 0, 4, 0, "comm"), GAP_MISMATCH, {0}, "is a array"},
	{FIELD(GAP_FORM_ARRAY, 0, 0, 2, 0, "comm"), GAP_MISMATCH, {0}, "elements of 1 bytes"},
	{FIELD(GAP_FORM_ARRAY, GAP_WANT_WHOLE, 0, 4, 5, "numbers"),
	 GAP_MISMATCH,
	 {0},
	 "has 4 elements in this kernel, not 5"},
	{FIELD(GAP_FORM_BITS, 0, 4, 4, 0, "flag"), GAP_MISMATCH, {0}, "bit-field of 3 bits"},
	{FIELD(GAP_FORM_INT, 0, 0, 4, 0, "flag"), GAP_MISMATCH, {0}, "bit-field of 3 bits"},
	{FIELD(GAP_FORM_BITS, 0, 1, 4, 0, "pid"), GAP_MISMATCH, {0}, "no bit-field in this kernel"},
	{OTHER(GAP_WANT_SYMBOL, GAP_FORM_INT, 0, "ghost"), GAP_NOT_FOUND, {0}, "ghost is required"},
	{OTHER(GAP_WANT_SYMBOL, GAP_FORM_INT, 0, "current_task"),
	 GAP_MISMATCH,
	 {0},
	 "current_task is per CPU"},
	{OTHER(GAP_WANT_SYMBOL, GAP_FORM_INT, GAP_WANT_PERCPU, "init_task"),
	 GAP_MISMATCH,
	 {0},
	 "init_task is not per CPU"},
	{OTHER(GAP_WANT_ENUMERATOR, GAP_FORM_INT, 0, "BLUE"), GAP_NOT_FOUND, {0}, "BLUE"},
	{OTHER(GAP_WANT_TYPE, GAP_FORM_INT, 0, "opaque"), GAP_NOT_FOUND, {0}, "opaque"},
	{OTHER(GAP_WANT_TYPE, GAP_FORM_INT, GAP_WANT_OPTIONAL, "twice"),
	 GAP_AMBIGUOUS,
	 {0},
	 "twice"},
	{OTHER(9, 0, 0, "x"), GAP_UNSUPPORTED, {0}, "newer than this libsemgap"},
};

static void wants_one_by_one(void **state)
{
	static const struct gap_slot untouched = {7, 7, 7, 7, 7, 7};
	struct frozen frozen = make_profile();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct slot_case *expected = &cases[i];
		struct gap_plan plan = {.wants = &expected->want, .count = 1};
		struct gap_slot slot = untouched;
		struct gap_error error = {""};
		enum gap_status status = gap_bind_slots(frozen.profile, &plan, &slot, &error);

		if (status != expected->status ||
		    memcmp(&slot, status ? &untouched : &expected->slot, sizeof(slot)) != 0)
			fail_msg("%zu: %s.%s: %s, 0x%llx, %u bytes: %s", i, expected->want.name,
				 expected->want.member ? expected->want.member : "",
				 gap_status_name(status), (unsigned long long)slot.value,
				 slot.size_bytes, error.text);
		if (status && (!strstr(error.text, expected->words) ||
			       !strstr(error.text, "2.6.18-test") || !strstr(error.text, "ps.c:7")))
			fail_msg("%zu: \"%s\" does not say \"%s\"", i, error.text, expected->words);
	}
	frozen_deinit(&frozen);
}

static void all_that_is_missing_is_one_error(void **state)
{
	static const struct gap_want wants[] = {
		FIELD(GAP_FORM_INT, 0, 0, 4, 0, "pid"),
		FIELD(GAP_FORM_INT, 0, 0, 4, 0, "ghost"),
		FIELD(GAP_FORM_INT, GAP_WANT_OPTIONAL, 0, 4, 0, "spirit"),
		FIELD(GAP_FORM_STRUCT, 0, 0, 4, 0, "pid"),
		OTHER(GAP_WANT_SYMBOL, GAP_FORM_INT, 0, "phantom"),
	};
	struct gap_plan plan = {.wants = wants, .count = COUNT_OF(wants)};
	struct gap_slot slots[COUNT_OF(wants)] = {{7, 7, 7, 7, 7, 7}};
	struct frozen frozen = make_profile();
	struct gap_error error = {""};

	(void)state;
	assert_int_equal(gap_bind_slots(frozen.profile, &plan, slots, &error), GAP_NOT_FOUND);
	assert_int_equal(slots[0].value, 7);
	assert_non_null(strstr(error.text, "ghost"));
	assert_non_null(strstr(error.text, "declared as a structure"));
	assert_non_null(strstr(error.text, "phantom"));
	assert_null(strstr(error.text, "spirit"));
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wants_one_by_one),
		cmocka_unit_test(all_that_is_missing_is_one_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
