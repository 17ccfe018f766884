/* SPDX-License-Identifier: MIT */
/* --format json: the golden file, provenance, exact values, bytes that are not UTF-8. */
#include <json-c/json.h>

#include "tests/unit/emit_fixture.h"

static struct json_object *parse(const char *text)
{
	struct json_object *document = json_tokener_parse(text);

	assert_non_null(document);
	return document;
}

static const char *text_of(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

/* The row of an array whose "name" is @name. */
static struct json_object *named(struct json_object *rows, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		const char *found = text_of(row, "name");

		if (found && strcmp(found, name) == 0)
			return row;
	}
	fail_msg("no row \"%s\"", name);
	return NULL;
}

static struct json_object *member_of(struct json_object *document, const char *type,
				     const char *member)
{
	struct json_object *row = named(json_object_object_get(document, "types"), type);

	return named(json_object_object_get(row, "members"), member);
}

static void rows_are_golden(void **state)
{
	struct fixture_profile opened = fixture_open(8);
	struct fixture_warnings warnings;
	size_t size_bytes;
	char *text = fixture_emit(opened.profile, "json", NULL, &warnings, &size_bytes);
	struct json_object *document = parse(text), *types;

	(void)state;
	fixture_golden("fixture64.profile.json", text, size_bytes);
	assert_string_equal(text_of(document, "schema"), "semgap/profile/1");
	types = json_object_object_get(document, "types");
	for (size_t i = 0; i < json_object_array_length(types); i++)
		assert_int_equal(json_object_get_int64(json_object_object_get(
					 json_object_array_get_idx(types, i), "id")),
				 i);
	json_object_put(document);
	free(text);
	fixture_close(&opened);
}

static void inference_is_told(void **state)
{
	struct fixture_profile opened = fixture_open(8);
	struct fixture_warnings warnings;
	size_t size_bytes;
	char *text = fixture_emit(opened.profile, "json", NULL, &warnings, &size_bytes);
	struct json_object *document = parse(text), *provenance;

	(void)state;
	provenance =
		json_object_object_get(member_of(document, "task_struct", "pid"), "provenance");
	assert_int_equal(json_object_get_int(json_object_object_get(provenance, "method")), 3);
	assert_string_equal(text_of(provenance, "witnesses"), "sys_getpid");
	assert_int_equal(
		json_object_get_int(json_object_object_get(provenance, "runner_up_offset_bytes")),
		52);
	assert_false(json_object_object_get_ex(member_of(document, "task_struct", "tgid"),
					       "provenance", NULL));
	json_object_put(document);
	free(text);
	fixture_close(&opened);
}

static void odd_bytes_stand_beside(void **state)
{
	struct fixture_profile opened = fixture_open(8);
	struct fixture_warnings warnings;
	size_t size_bytes;
	char *text = fixture_emit(opened.profile, "json", NULL, &warnings, &size_bytes);
	struct json_object *document = parse(text), *symbol;

	(void)state;
	symbol = named(json_object_object_get(document, "symbols"), "odd\xef\xbf\xbd");
	assert_string_equal(text_of(symbol, "name_hex"), "6f6464ff");
	assert_string_equal(text_of(symbol, "address"), "0xffffffff8200b000");
	json_object_put(document);
	free(text);
	fixture_close(&opened);
}

static void a_part_keeps_its_provenance(void **state)
{
	static const char *const fields[] = {"task_struct.pid", "mm_struct.pgd", NULL};
	static const char *const symbols[] = {"init_task", NULL};
	struct fixture_profile opened = fixture_open(8);
	struct fixture_warnings warnings;
	struct gap_selection *selection;
	struct json_object *document, *pid;
	size_t size_bytes;
	char *text;

	(void)state;
	fixture_select(opened.profile, fields, symbols, &selection);
	text = fixture_emit(opened.profile, "json", selection, &warnings, &size_bytes);
	document = parse(text);
	pid = member_of(document, "task_struct", "pid");
	assert_int_equal(json_object_get_int(json_object_object_get(pid, "offset_bits")), 8 * 48);
	assert_true(json_object_object_get_ex(pid, "provenance", NULL));
	member_of(document, "mm_struct", "pgd");
	assert_int_equal(json_object_array_length(json_object_object_get(document, "symbols")), 1);
	json_object_put(document);
	free(text);
	gap_selection_destroy(selection);
	fixture_close(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_golden),
		cmocka_unit_test(inference_is_told),
		cmocka_unit_test(odd_bytes_stand_beside),
		cmocka_unit_test(a_part_keeps_its_provenance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
