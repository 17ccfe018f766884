/* SPDX-License-Identifier: MIT */
/* A monitor's wants against a profile: what is selected, what a blob then holds, what is missing and what is near. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emit/selection.h"
#include "emit/wants.h"
#include "tests/support/making.h"

#define ROW(kind, declared, base, member, also, form, bytes, rest)                                 \
	"{\"" kind "\":\"" declared "\",\"declared\":\"struct " declared "\"," base member also    \
	"\"form\":\"" form "\",\"size_bytes\":" bytes rest ",\"read\":true,\"uses\":[{\"file\":"   \
	"\"m.c\",\"line\":5}]}"
#define FIELD(type, name, form, bytes, rest)                                                       \
	ROW("type", type, "", "\"member\":\"" name "\",", "", form, bytes, rest)
#define NAMED(name, rest)                                                                          \
	"{\"name\":\"" name "\"," rest "\"read\":true,\"uses\":[{\"file\":\"m.c\",\"line\":5}]}"
#define SELECTION(fields, symbols, enumerators, types)                                             \
	"{\"schema\":\"semgap/selection/1\",\"fields\":[" fields "],\"symbols\":[" symbols         \
	"],\"enumerators\":[" enumerators "],\"types\":[" types "]}"
#define REQUIRED ",\"required\":true"

static struct frozen make_profile(void)
{
	struct gap_builder *builder = make_builder();
	gap_type_id integer = make_int(builder, "int", 4), word = make_int(builder, "long", 8);
	gap_type_id nameless = make_struct(builder, NULL, 16, MAKE_MEMBERS({"child", word, 64, 0}));

	make_struct(builder, "task_struct", 64,
		    MAKE_MEMBERS({"__state", integer, 0, 0}, {"pid", integer, 32, 0},
				 {"tgid", integer, 64, 0}, {"d_u", nameless, 128, 0}));
	make_struct(builder, "module", 768, MAKE_MEMBERS({"state", integer, 0, 0}));
	make_enum(builder, "mod_mem_type", "MOD_MEM_NUM_TYPES", 7);
	make_enum(builder, "other", "UNWANTED", 1);
	make_symbol(builder, "init_task", NULL, 0xffffffff82000000, 0);
	make_symbol(builder, "linux_banner", NULL, 0xffffffff82000100, 0);
	make_symbol(builder, "swapper_pg_dir", NULL, 0xffffffff82001000, 0);
	make_symbol(builder, "current_task", NULL, 0x40, GAP_SYMBOL_PERCPU);
	make_symbol(builder, "__per_cpu_offset", NULL, 0xffffffff82000200, 0);
	gap_builder_target_set(builder, &(struct gap_build_target){.machine = 62,
								   .pointer_bytes = 8,
								   .release = "6.1.0-test"});
	return freeze(builder, 0);
}

struct told {
	char text[2048];
	unsigned lines;
};

static void tell(void *context, const char *text)
{
	struct told *told = context;
	size_t used = strlen(told->text);

	snprintf(told->text + used, sizeof(told->text) - used, "%s\n", text);
	told->lines++;
}

static enum gap_status select_wanted(const struct frozen *frozen, const char *json,
				     struct gap_selection **selection, struct told *told)
{
	struct gap_wanted wanted = {NULL, 0, 0};
	struct gap_error error = {""};
	enum gap_status status;

	if (gap_wanted_parse(json, strlen(json), "s.json", &wanted, &error))
		fail_msg("%s", error.text);
	assert_int_equal(gap_selection_create(frozen->profile, selection, NULL), GAP_OK);
	status = gap_selection_add_wanted(*selection, &wanted, tell, told, &error);
	gap_wanted_deinit(&wanted);
	assert_true(status == GAP_OK || error.text[0]);
	return status;
}

/* ---- what a blob holds ---- */

static const char whole[] = SELECTION(
	FIELD("task_struct", "pid", "int", "4",
	      REQUIRED) "," FIELD("task_struct", "ghost", "int", "4",
				  "") "," ROW("type", "task_struct", "\"base\":\"d_u\",",
					      "\"member\":\"child\",", "", "word", "8", REQUIRED),
	NAMED("current_task", "\"percpu\":true,\"required\":true,") "," NAMED("phantom", ""),
	NAMED("MOD_MEM_NUM_TYPES", "\"required\":true,"),
	NAMED("module", "\"declared\":\"struct module\",\"required\":true,"));

static struct gap_profile *make_blob(const struct frozen *frozen, const char *json, void **image)
{
	struct gap_selection *selection = NULL;
	struct told told = {"", 0};
	struct gap_profile *blob = NULL;
	char *bytes = NULL;
	size_t length = 0;
	FILE *stream;

	if (select_wanted(frozen, json, &selection, &told))
		fail_msg("%s", told.text);
	stream = open_memstream(&bytes, &length);
	assert_non_null(stream);
	assert_int_equal(
		gap_emit_format_find("gap")->write(frozen->profile, selection, NULL, stream, NULL),
		GAP_OK);
	assert_int_equal(fclose(stream), 0);
	gap_selection_destroy(selection);
	assert_int_equal(gap_profile_open_image(bytes, length, &blob, NULL), GAP_OK);
	*image = bytes;
	return blob;
}

static void a_blob_holds_what_is_wanted_and_what_opening_needs(void **state)
{
	static const char *const symbols[] = {"current_task", "linux_banner", "swapper_pg_dir",
					      "__per_cpu_offset"};
	struct frozen frozen = make_profile();
	struct gap_enumerator enumerator;
	struct gap_location location;
	struct gap_symbol symbol;
	struct gap_profile *blob;
	struct gap_type type;
	gap_type_id id;
	uint32_t row;
	void *image;

	(void)state;
	blob = make_blob(&frozen, whole, &image);
	assert_int_equal(gap_profile_count(blob, GAP_TABLE_SYMBOLS), COUNT_OF(symbols));
	for (size_t i = 0; i < COUNT_OF(symbols); i++)
		assert_int_equal(gap_profile_find_symbol(blob, symbols[i], &symbol, NULL), GAP_OK);
	assert_int_equal(gap_profile_count(blob, GAP_TABLE_ENUMERATORS), 1);
	assert_int_equal(gap_profile_find_enumerator(blob, "MOD_MEM_NUM_TYPES", &row, NULL),
			 GAP_OK);
	assert_true(gap_profile_enumerator(blob, row, &enumerator));
	assert_int_equal(enumerator.value, 7);
	assert_int_equal(gap_profile_find_type(blob, "module", &id, NULL), GAP_OK);
	assert_true(gap_profile_type(blob, id, &type));
	assert_int_equal(type.size_bytes, 768);
	assert_int_equal(type.count, 0);
	assert_int_equal(gap_profile_find_type(blob, "task_struct", &id, NULL), GAP_OK);
	assert_int_equal(gap_profile_find_member(blob, id, "d_u.child", &location, NULL), GAP_OK);
	assert_int_equal(location.offset_bits, 192);
	assert_int_equal(gap_profile_find_member(blob, id, "tgid", &location, NULL), GAP_NOT_FOUND);
	gap_profile_close(blob);
	free(image);
	frozen_deinit(&frozen);
}

/* ---- what is missing ---- */

static void what_is_missing_is_told_with_what_is_near(void **state)
{
	static const struct {
		const char *json, *words;
	} cases[] = {
		{SELECTION(FIELD("task_struct", "pdi", "int", "4", REQUIRED), "", "", ""),
		 "m.c:5: task_struct.pdi is required: struct task_struct has no member \"pdi\"; "
		 "near: pid"},
		{SELECTION(FIELD("task_struct", "state", "int", "4", REQUIRED), "", "", ""),
		 "near: __state"},
		{SELECTION(FIELD("task_strukt", "pid", "int", "4", REQUIRED), "", "", ""),
		 "near: task_struct"},
		{SELECTION("", NAMED("init_tasks", "\"required\":true,"), "", ""),
		 "near: init_task"},
		{SELECTION("", "", NAMED("MOD_MEM_NUM_TYPE", "\"required\":true,"), ""),
		 "near: MOD_MEM_NUM_TYPES"},
		{SELECTION("", "", "",
			   NAMED("modules", "\"declared\":\"struct modules\",\"required\":true,")),
		 "near: module"},
		{SELECTION(FIELD("task_struct", "pid", "int", "8", REQUIRED), "", "", ""),
		 "m.c:5: task_struct.pid has 4 bytes in this kernel, not 8"},
		{SELECTION("", NAMED("current_task", "\"required\":true,"), "", ""), "per CPU"},
	};
	struct frozen frozen = make_profile();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_selection *selection = NULL;
		struct told told = {"", 0};

		assert_int_not_equal(select_wanted(&frozen, cases[i].json, &selection, &told),
				     GAP_OK);
		if (told.lines != 1 || !strstr(told.text, cases[i].words))
			fail_msg("%s: %s", cases[i].words, told.text);
		gap_selection_destroy(selection);
	}
	frozen_deinit(&frozen);
}

static void nothing_near_is_nothing_told(void **state)
{
	struct frozen frozen = make_profile();
	char near[GAP_NEAR_BYTES];

	(void)state;
	gap_near_members(frozen.profile, type_called(&frozen, "task_struct"),
			 "completely_different", near);
	assert_string_equal(near, "");
	gap_near_names(frozen.profile, GAP_TABLE_SYMBOLS, "x", near);
	assert_string_equal(near, "");
	gap_near_members(frozen.profile, type_called(&frozen, "task_struct"), "tgid", near);
	assert_string_equal(near, "tgid, pid");
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blob_holds_what_is_wanted_and_what_opening_needs),
		cmocka_unit_test(what_is_missing_is_told_with_what_is_near),
		cmocka_unit_test(nothing_near_is_nothing_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
