/* SPDX-License-Identifier: MIT */
/* --format isf: the golden file, ISF's rules, and what the traps become. */
#include "tests/unit/emit_fixture.h"

/* The rules are a program of their own as well (tests/isf); a unit test is one source file. */
#include "tests/isf/isf_rules.c"

static struct json_object *emit_isf(unsigned pointer_bytes, const char *golden, char *warned,
				    size_t warned_size)
{
	struct fixture_profile opened = fixture_open(pointer_bytes);
	struct fixture_warnings warnings;
	struct json_object *document;
	size_t size_bytes;
	char *text = fixture_emit(opened.profile, "isf", NULL, &warnings, &size_bytes);

	fixture_golden(golden, text, size_bytes);
	snprintf(warned, warned_size, "%s", warnings.text);
	document = json_tokener_parse(text);
	assert_non_null(document);
	free(text);
	fixture_close(&opened);
	return document;
}

static struct json_object *at(struct json_object *object, const char *first, const char *second,
			      const char *third)
{
	const char *const keys[] = {first, second, third};

	for (size_t i = 0; i < COUNT_OF(keys) && keys[i]; i++)
		if (!json_object_object_get_ex(object, keys[i], &object))
			fail_msg("no %s", keys[i]);
	return object;
}

static void rules_are_kept(void **state)
{
	static const struct {
		unsigned pointer_bytes;
		const char *golden;
	} cases[] = {{8, "fixture64.isf.json"}, {4, "fixture32.isf.json"}};
	char warnings[4096];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json_object *document = emit_isf(cases[i].pointer_bytes, cases[i].golden,
							warnings, sizeof(warnings));

		assert_int_equal(isf_check(document, true, stderr), 0);
		assert_int_equal(count_of(at(document, "base_types", "pointer", NULL), "size"),
				 cases[i].pointer_bytes);
		json_object_put(document);
	}
}

static void expect_bits(struct json_object *fields, const char *name, int64_t offset,
			int64_t position, int64_t length)
{
	struct json_object *field = at(fields, name, NULL, NULL);

	assert_int_equal(count_of(field, "offset"), offset);
	assert_int_equal(count_of(at(field, "type", NULL, NULL), "bit_position"), position);
	assert_int_equal(count_of(at(field, "type", NULL, NULL), "bit_length"), length);
}

static void bitfields_lie_in_their_unit(void **state)
{
	char warnings[4096];
	struct json_object *document =
		emit_isf(8, "fixture64.isf.json", warnings, sizeof(warnings));
	struct json_object *fields = at(document, "user_types", "task_struct", "fields");

	(void)state;
	expect_bits(fields, "in_execve", 40, 0, 1);
	expect_bits(fields, "jobctl", 40, 1, 3);
	expect_bits(fields, "wide", 40, 6, 13);
	expect_bits(fields, "kind", 40, 19, 2);
	expect_bits(fields, "ready", 44, 0, 1);
	assert_string_equal(
		text_of(at(at(fields, "kind", NULL, NULL), "type", "type", NULL), "kind"), "enum");
	/* a unit of 4 bytes at 8 would stick out of a structure of 10 */
	fields = at(document, "user_types", "packed", "fields");
	expect_bits(fields, "low", 4, 8, 20);
	expect_bits(fields, "high", 6, 12, 12);
	json_object_put(document);
}

static void conflicts_are_told(void **state)
{
	char warnings[4096];
	struct json_object *document =
		emit_isf(8, "fixture64.isf.json", warnings, sizeof(warnings));
	struct json_object *types = at(document, "user_types", NULL, NULL);
	unsigned others = 0;

	(void)state;
	/* three units use the small one, one the large one */
	assert_int_equal(count_of(at(types, "conflict", NULL, NULL), "size"), 4);
	others += json_object_object_get_ex(types, "conflict#1", NULL);
	others += json_object_object_get_ex(types, "conflict#2", NULL);
	assert_int_equal(others, 1);
	assert_non_null(strstr(warnings, "conflict has several definitions"));
	assert_non_null(strstr(warnings, "drivers/a.c"));
	assert_null(strstr(warnings, "Volatility"));
	json_object_put(document);
}

static void values_are_exact(void **state)
{
	char warnings[4096];
	struct json_object *document =
		emit_isf(8, "fixture64.isf.json", warnings, sizeof(warnings));
	struct json_object *enums = at(document, "enums", NULL, NULL);
	struct json_object *symbols = at(document, "symbols", NULL, NULL);

	(void)state;
	assert_string_equal(
		json_object_to_json_string(at(enums, "flags64", "constants", "FLAG_ALL")),
		"18446744073709551615");
	assert_string_equal(json_object_to_json_string(at(enums, "errors", "constants", "FAILED")),
			    "-1");
	assert_true(json_object_get_uint64(at(symbols, "shadowed", "address", NULL)) ==
		    0xffffffff82007000);
	assert_true(json_object_get_uint64(at(symbols, "current_task", "address", NULL)) ==
		    0x1fbc0);
	assert_non_null(strstr(warnings, "others of the same names"));
	json_object_put(document);
}

static void typedefs_name_anonymous_types(void **state)
{
	char warnings[4096];
	struct json_object *document =
		emit_isf(8, "fixture64.isf.json", warnings, sizeof(warnings));
	struct json_object *fields = at(document, "user_types", "task_struct", "fields");

	(void)state;
	assert_string_equal(text_of(at(fields, "usage", "type", NULL), "name"), "atomic_t");
	assert_string_equal(text_of(at(fields, "pid", "type", NULL), "name"), "int");
	assert_string_equal(
		text_of(at(at(fields, "opaque", "type", "subtype"), NULL, NULL, NULL), "name"),
		"void");
	assert_string_equal(text_of(at(fields, "hook", "type", "subtype"), "kind"), "function");
	json_object_put(document);
}

static void a_part_warns(void **state)
{
	static const char *const names[] = {"task_struct.pid", "task_struct.kind",
					    "task_struct.comm", NULL};
	static const char *const symbols[] = {"init_task", "linux_banner", NULL};
	struct fixture_profile opened = fixture_open(8);
	struct gap_selection *selection;
	struct fixture_warnings warnings;
	struct json_object *document, *fields;
	size_t size_bytes;
	char *text;

	(void)state;
	fixture_select(opened.profile, names, symbols, &selection);
	text = fixture_emit(opened.profile, "isf", selection, &warnings, &size_bytes);
	document = json_tokener_parse(text);
	assert_int_equal(isf_check(document, false, stderr), 0);
	fields = at(document, "user_types", "task_struct", "fields");
	assert_int_equal(json_object_object_length(fields), 3);
	assert_string_equal(text_of(at(fields, "pid", "type", NULL), "name"), "int");
	assert_non_null(strstr(warnings.text, "Volatility 3 will refuse"));
	json_object_put(document);
	free(text);
	gap_selection_destroy(selection);
	fixture_close(&opened);
}

/* What no C says but an image may: a pointer to itself, and structures that double with each level.
 */
static void hostile_types_end(void **state)
{
	struct fixture fixture = {.pointer_bytes = 8};
	struct fixture_warnings warnings;
	struct fixture_profile opened;
	struct json_object *document;
	gap_type_id pointer, level;
	struct gap_error error;
	size_t size_bytes;
	char *text;

	(void)state;
	assert_int_equal(gap_builder_create(&fixture.builder, &error), GAP_OK);
	fixture_base_types(&fixture);
	fixture_identity(&fixture);
	pointer = gap_builder_type_reserve(fixture.builder, 1);
	gap_builder_type_set(fixture.builder, pointer,
			     &(struct gap_build_type){
				     .kind = GAP_KIND_POINTER, .size_bytes = 8, .ref = pointer});
	level = fixture.s32;
	for (unsigned i = 0; i < 40; i++) {
		struct fixture_member rows[] = {{i ? NULL : "a", level, 0, 0},
						{i ? NULL : "b", level, 0, 0},
						{"p", pointer, 0, 0}};

		level = fixture_struct(&fixture,
				       &(struct fixture_struct){.kind = GAP_KIND_UNION,
								.name = i == 39 ? "top" : NULL,
								.size_bytes = 8,
								FIXTURE_MEMBERS(rows)});
	}
	if (gap_builder_freeze(fixture.builder, 0, &opened.image, &opened.size_bytes, &error) ||
	    gap_profile_open_image(opened.image, opened.size_bytes, &opened.profile, &error))
		fail_msg("%s", error.text);
	gap_builder_destroy(fixture.builder);
	text = fixture_emit(opened.profile, "isf", NULL, &warnings, &size_bytes);
	document = json_tokener_parse(text);
	assert_non_null(document);
	json_object_put(document);
	free(text);
	free(fixture_emit(opened.profile, "header", NULL, &warnings, &size_bytes));
	free(fixture_emit(opened.profile, "json", NULL, &warnings, &size_bytes));
	free(fixture_emit(opened.profile, "gap", NULL, &warnings, &size_bytes));
	fixture_close(&opened);
}

/* ---- the checker itself ---- */

static void checker_finds_breaches(void **state)
{
	static const char *const broken[] = {
		"{}",
		"{\"metadata\":{},\"base_types\":{},\"user_types\":{},\"enums\":{},\"symbols\":{}}",
	};
	static const char template[] =
		"{\"metadata\":{\"format\":\"6.2.0\",\"producer\":{\"name\":\"x\",\"version\":"
		"\"1\"},"
		"\"linux\":{\"symbols\":[],\"types\":[]}},\"base_types\":{\"void\":{\"size\":0,"
		"\"signed\":false,\"kind\":\"void\",\"endian\":\"little\"},\"pointer\":{\"size\":8,"
		"\"signed\":false,\"kind\":\"int\",\"endian\":\"little\"}},\"user_types\":{%s},"
		"\"enums\":{%s},\"symbols\":{%s}}";
	static const struct {
		const char *types, *enums, *symbols;
		bool fine;
	} cases[] = {
		{"", "", "", true},
		{"", "", "\"a\":{\"address\":1,\"size\":4}", false},
		{"", "", "\"a\":{\"address\":1,\"type\":{\"kind\":\"base\",\"name\":\"int\"}}",
		 false},
		{"", "\"e\":{\"size\":4,\"base\":\"int\",\"constants\":{}}", "", false},
		{"\"s\":{\"kind\":\"struct\",\"size\":8,\"fields\":{\"f\":{\"offset\":0,\"type\":"
		 "{\"kind\":\"bitfield\",\"bit_position\":60,\"bit_length\":5,\"type\":"
		 "{\"kind\":\"base\",\"name\":\"pointer\"}}}}}",
		 "", "", false},
	};
	FILE *nowhere = fopen("/dev/null", "we");
	char text[2048];

	(void)state;
	assert_non_null(nowhere);
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		struct json_object *document = json_tokener_parse(broken[i]);

		assert_int_not_equal(isf_check(document, false, nowhere), 0);
		json_object_put(document);
	}
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json_object *document;

		snprintf(text, sizeof(text), template, cases[i].types, cases[i].enums,
			 cases[i].symbols);
		document = json_tokener_parse(text);
		assert_non_null(document);
		assert_int_equal(isf_check(document, false, nowhere) == 0, cases[i].fine);
		assert_int_not_equal(isf_check(document, true, nowhere), 0);
		json_object_put(document);
	}
	fclose(nowhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_kept),
		cmocka_unit_test(bitfields_lie_in_their_unit),
		cmocka_unit_test(conflicts_are_told),
		cmocka_unit_test(values_are_exact),
		cmocka_unit_test(typedefs_name_anonymous_types),
		cmocka_unit_test(a_part_warns),
		cmocka_unit_test(hostile_types_end),
		cmocka_unit_test(checker_finds_breaches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
