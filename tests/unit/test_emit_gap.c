/* SPDX-License-Identifier: MIT */
/* --format gap: an equal profile without a selection, and small ones that answer alike with one. */
#include "emit/selection.h"
#include "tests/unit/emit_fixture.h"

struct blob {
	char *image;
	size_t size_bytes;
	struct gap_profile *profile;
};

static struct blob emit_blob(const struct gap_profile *profile,
			     const struct gap_selection *selection)
{
	struct fixture_warnings warnings;
	struct gap_error error = {""};
	struct blob blob;

	blob.image = fixture_emit(profile, "gap", selection, &warnings, &blob.size_bytes);
	if (gap_profile_open_image(blob.image, blob.size_bytes, &blob.profile, &error))
		fail_msg("%s", error.text);
	return blob;
}

static void close_blob(struct blob *blob)
{
	gap_profile_close(blob->profile);
	free(blob->image);
}

static void whole_is_equal(void **state)
{
	struct fixture_profile opened = fixture_open(8);
	struct blob blob = emit_blob(opened.profile, NULL);
	struct blob again = emit_blob(blob.profile, NULL);

	(void)state;
	assert_int_equal(blob.size_bytes, opened.size_bytes);
	assert_memory_equal(blob.image, opened.image, opened.size_bytes);
	assert_memory_equal(again.image, opened.image, opened.size_bytes);
	close_blob(&again);
	close_blob(&blob);
	fixture_close(&opened);
}

/* Every selected field answers in the blob as in the profile that it came from. */
static void expect_same_answers(const struct gap_profile *whole, const struct gap_profile *part,
				const struct gap_selection *selection)
{
	size_t count;
	const struct gap_selected_field *fields = gap_selection_fields(selection, &count);

	for (size_t i = 0; i < count; i++) {
		struct gap_type before, after, ends[2];
		struct gap_error error = {""};
		struct gap_location found;
		gap_type_id id;

		if (gap_profile_find_type(part, fields[i].type, &id, &error) ||
		    gap_profile_find_member(part, id, fields[i].path, &found, &error))
			fail_msg("%s.%s: %s", fields[i].type, fields[i].path, error.text);
		assert_int_equal(found.offset_bits, fields[i].location.offset_bits);
		assert_int_equal(found.width_bits, fields[i].location.width_bits);
		assert_int_equal(found.size_bytes, fields[i].location.size_bytes);
		gap_profile_type(whole, fields[i].root, &before);
		gap_profile_type(part, id, &after);
		assert_int_equal(before.size_bytes, after.size_bytes);
		gap_profile_type(whole, gap_profile_strip(whole, fields[i].location.type),
				 &ends[0]);
		gap_profile_type(part, gap_profile_strip(part, found.type), &ends[1]);
		assert_int_equal(ends[0].flags & GAP_TYPE_SIGNED, ends[1].flags & GAP_TYPE_SIGNED);
	}
}

static void monitors_blob_is_small(void **state)
{
	static const char *const fields[] = {"task_struct.tasks", "task_struct.pid",
					     "task_struct.tgid",  "task_struct.comm",
					     "task_struct.mm",    "task_struct.real_parent",
					     "mm_struct.pgd",     NULL};
	static const char *const symbols[] = {"init_task", "linux_banner", "init_top_pgt", NULL};
	struct fixture_profile opened = fixture_open(8);
	struct gap_selection *selection;
	struct gap_symbol symbol;
	struct gap_target target;
	struct blob blob;

	(void)state;
	fixture_select(opened.profile, fields, symbols, &selection);
	blob = emit_blob(opened.profile, selection);
	print_message("seven fields, three symbols: %zu bytes\n", blob.size_bytes);
	assert_true(blob.size_bytes <= 768);
	expect_same_answers(opened.profile, blob.profile, selection);
	assert_int_equal(gap_profile_find_symbol(blob.profile, "init_task", &symbol, NULL), GAP_OK);
	assert_int_equal(symbol.address, 0xffffffff8201a940);
	gap_profile_target(blob.profile, &target);
	assert_string_equal(target.release, "6.1.0-fixture-amd64");
	assert_int_equal(target.build_id_bytes, 20);
	assert_non_null(target.banner_hash);
	close_blob(&blob);
	gap_selection_destroy(selection);
	fixture_close(&opened);
}

static void every_kind_of_path_survives(void **state)
{
	static const char *const fields[] = {"task_struct.thread.sp",
					     "task_struct.thread",
					     "task_struct.deeper",
					     "task_struct.whole",
					     "task_struct.grid[1][2]",
					     "task_struct.wide",
					     "task_struct.jobctl",
					     "task_struct.kind",
					     "task_struct.ready",
					     "task_struct.usage",
					     "task_struct.usage.counter",
					     "task_struct.tail",
					     "task_struct.hook",
					     "task_struct.opaque",
					     "task_struct.private",
					     "task_struct.tasks.next",
					     "atomic_t.counter",
					     "mm_struct.pgd",
					     "packed.high",
					     "mm_struct.cpu_bitmap",
					     NULL};
	static const char *const symbols[] = {NULL};
	static const unsigned widths[] = {8, 4};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		struct fixture_profile opened = fixture_open(widths[i]);
		struct gap_selection *selection;
		struct blob blob;

		fixture_select(opened.profile, fields, symbols, &selection);
		blob = emit_blob(opened.profile, selection);
		expect_same_answers(opened.profile, blob.profile, selection);
		close_blob(&blob);
		gap_selection_destroy(selection);
		fixture_close(&opened);
	}
}

static void a_part_says_so(void **state)
{
	static const char *const fields[] = {"task_struct.pid", NULL};
	static const char *const symbols[] = {NULL};
	struct fixture_profile opened = fixture_open(8);
	struct gap_selection *selection;
	struct gap_location location;
	struct gap_type type;
	gap_type_id id;
	struct blob blob;

	(void)state;
	fixture_select(opened.profile, fields, symbols, &selection);
	blob = emit_blob(opened.profile, selection);
	assert_int_equal(gap_profile_find_type(blob.profile, "task_struct", &id, NULL), GAP_OK);
	gap_profile_type(blob.profile, id, &type);
	assert_true(type.flags & GAP_TYPE_PARTIAL);
	assert_int_equal(type.size_bytes, 168);
	assert_int_equal(gap_profile_find_member(blob.profile, id, "tgid", &location, NULL),
			 GAP_NOT_FOUND);
	assert_int_equal(gap_profile_count(blob.profile, GAP_TABLE_SYMBOLS), 0);
	close_blob(&blob);
	gap_selection_destroy(selection);
	fixture_close(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_is_equal),
		cmocka_unit_test(monitors_blob_is_small),
		cmocka_unit_test(every_kind_of_path_survives),
		cmocka_unit_test(a_part_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
