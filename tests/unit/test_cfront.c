/* SPDX-License-Identifier: MIT */
/* C read through libclang: layouts as this file's own compiler sees them; errors that are fatal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cfront/cfront.h"
#include "tests/support/making.h"
#include "tests/unit/cfront_here.h"
#include "tests/unit/cfront_shapes.h"

#define SHAPES SEMGAP_SOURCE_DIR "/tests/unit/cfront_shapes.h"

static const char *const as_c[] = {"-xc", "-std=gnu11"};
static const struct gap_cfront_options plain = {.arguments = as_c, .argument_count = 2};

static struct gap_cfront_unit *open_unit(const char *path, const struct gap_cfront_options *options)
{
	struct gap_cfront_unit *unit = NULL;
	struct gap_error error = {""};
	enum gap_status status = gap_cfront_open(path, options, &unit, &error);

	if (status)
		fail_msg("%s", error.text);
	return unit;
}

/* ---- layouts ---- */

struct expected_member {
	const char *name;
	enum gap_kind kind;
	uint64_t offset_bits, size_bytes;
	uint32_t width_bits;
	bool is_signed;
	uint64_t count;
	const char *record;
	bool seen;
};

#define AT(member) offsetof(struct shape_task, member) * 8, sizeof(((struct shape_task *)0)->member)

/* Bit-fields begin behind "whole", one after the other; the 40 bits take a word of their own. */
#define BITS_AT (offsetof(struct shape_task, whole) * 8 + 32)

static struct expected_member members[] = {
	{"state", GAP_KIND_INT, AT(state), 0, true, 0, "", false},
	{"stack", GAP_KIND_POINTER, AT(stack), 0, false, 0, "", false},
	{"low", GAP_KIND_INT, AT(low), 0, false, 0, "", false},
	{"middle", GAP_KIND_INT, AT(middle), 0, false, 0, "", false},
	{"whole", GAP_KIND_INT, AT(whole), 0, false, 0, "", false},
	{"in_execve", GAP_KIND_INT, BITS_AT, 4, 1, false, 0, "", false},
	{"signed_bits", GAP_KIND_INT, BITS_AT + 4, 4, 5, true, 0, "", false},
	{"wide_bits", GAP_KIND_INT, BITS_AT + 32, 8, 40, false, 0, "", false},
	{"comm", GAP_KIND_ARRAY, AT(comm), 0, false, 16, "", false},
	{"grid", GAP_KIND_ARRAY, AT(grid), 0, false, 3, "", false},
	{"tasks", GAP_KIND_STRUCT, AT(tasks), 0, false, 0, "shape_list", false},
	{"uid", GAP_KIND_STRUCT, AT(uid), 0, false, 0, "shape_kuid_t", false},
	{"parent", GAP_KIND_POINTER, AT(parent), 0, false, 0, "shape_task", false},
	{"colour", GAP_KIND_ENUM, AT(colour), 0, true, 0, "shape_colour", false},
	{"hook", GAP_KIND_POINTER, AT(hook), 0, false, 0, "", false},
	{"inner", GAP_KIND_STRUCT, AT(inner), 0, false, 0, "shape_inner", false},
	{"outer", GAP_KIND_STRUCT, AT(outer), 0, false, 0, "", false},
	{"tail", GAP_KIND_ARRAY, offsetof(struct shape_task, tail) * 8, 0, 0, false, 0, "", false},
};

static void check_member(const struct gap_cfront_member *member)
{
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct expected_member *expected = &members[i];

		if (strcmp(expected->name, member->name) != 0)
			continue;
		expected->seen = true;
		if (expected->kind != member->kind ||
		    expected->offset_bits != member->offset_bits ||
		    expected->size_bytes != member->size_bytes ||
		    expected->width_bits != member->width_bits ||
		    expected->is_signed != member->is_signed || expected->count != member->count ||
		    strcmp(expected->record, member->record) != 0)
			fail_msg("%s %s: kind %d, bit %llu, %llu bytes, width %u, signed %d, "
				 "count %llu, \"%s\"",
				 member->type, member->name, member->kind,
				 (unsigned long long)member->offset_bits,
				 (unsigned long long)member->size_bytes, member->width_bits,
				 member->is_signed, (unsigned long long)member->count,
				 member->record);
		assert_true(member->line > 0);
		return;
	}
	fail_msg("%s is no member", member->name);
}

struct seen_records {
	unsigned count;
	bool task, list, kuid, inner;
};

static bool see_record(void *context, const struct gap_cfront_record *record,
		       const struct gap_cfront_member *told, size_t count)
{
	struct seen_records *seen = context;

	if (!strstr(record->file, "cfront_shapes.h"))
		return true;
	seen->count++;
	seen->list |= strcmp(record->name, "shape_list") == 0 && record->is_tag && count == 2;
	seen->kuid |= strcmp(record->name, "shape_kuid_t") == 0 && !record->is_tag && count == 1;
	seen->inner |= strcmp(record->name, "shape_inner") == 0 && record->size_bytes == 8;
	if (strcmp(record->name, "shape_task") != 0)
		return true;
	seen->task = true;
	assert_true(record->is_tag);
	assert_false(record->is_union);
	assert_int_equal(record->size_bytes, sizeof(struct shape_task));
	assert_int_equal(record->align_bytes, 32);
	assert_int_equal(count, COUNT_OF(members));
	for (size_t i = 0; i < count; i++)
		check_member(&told[i]);
	return true;
}

static void layouts_are_the_compilers(void **state)
{
	struct gap_cfront_unit *unit = open_unit(SHAPES, &plain);
	struct seen_records seen = {0, false, false, false, false};

	(void)state;
	assert_int_equal(gap_cfront_records(unit, see_record, &seen, NULL), GAP_OK);
	assert_true(seen.task && seen.list && seen.kuid && seen.inner);
	assert_int_equal(seen.count, 4);
	for (size_t i = 0; i < COUNT_OF(members); i++)
		if (!members[i].seen)
			fail_msg("%s was not told", members[i].name);
	gap_cfront_close(unit);
}

static bool see_enumerator(void *context, const struct gap_cfront_enumerator *enumerator)
{
	unsigned *count = context;

	if (strcmp(enumerator->type, "shape_colour") != 0)
		return true;
	++*count;
	assert_true(enumerator->is_signed);
	if (strcmp(enumerator->name, "SHAPE_RED") == 0)
		assert_int_equal((int64_t)enumerator->value, -3);
	if (strcmp(enumerator->name, "SHAPE_BLUE") == 0)
		assert_int_equal(enumerator->value, 7);
	return true;
}

static void enumerators_are_told(void **state)
{
	struct gap_cfront_unit *unit = open_unit(SHAPES, &plain);
	unsigned count = 0;

	(void)state;
	gap_cfront_enumerators(unit, see_enumerator, &count);
	assert_int_equal(count, 3);
	gap_cfront_close(unit);
}

/* ---- what does not parse ---- */

static void count_complaint(void *context, const char *text)
{
	unsigned *count = context;

	assert_non_null(strstr(text, ".c:"));
	++*count;
}

static void errors_are_fatal(void **state)
{
	static const struct {
		const char *text, *words;
		unsigned complaints;
	} cases[] = {
		{"struct a { int x }\n", "expected ';'", 1},
		{"struct a { unknown_t x; };\nint y = z;\n", "unknown type name 'unknown_t'", 2},
		{"#include \"nowhere.h\"\n", "'nowhere.h' file not found", 1},
		{"#error no kernel\n", "no kernel", 1},
		{"int f(void) { return missing; }\n", "'missing'", 1},
	};
	char path[] = "/tmp/semgap-cfront-XXXXXX.c";
	int file = mkstemps(path, 2);
	unsigned complaints;
	struct gap_cfront_options options = plain;

	(void)state;
	assert_true(file >= 0);
	gap_cfront_close(open_unit(path, &plain)); /* empty: nothing is wrong with it */
	options.complain = count_complaint;
	options.context = &complaints;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_cfront_unit *unit = NULL;
		struct gap_error error = {""};

		assert_int_equal(ftruncate(file, 0), 0);
		assert_int_equal(pwrite(file, cases[i].text, strlen(cases[i].text), 0),
				 strlen(cases[i].text));
		complaints = 0;
		assert_int_equal(gap_cfront_open(path, &options, &unit, &error), GAP_INVALID);
		assert_null(unit);
		assert_int_equal(complaints, cases[i].complaints);
		if (!strstr(error.text, cases[i].words) || !strstr(error.text, path))
			fail_msg("%s: %s", cases[i].text, error.text);
	}
	close(file);
	unlink(path);
}

static void absent_headers_of_one_ending_are_empty(void **state)
{
	static const char text[] = "#include \"semgap-not-there.gap.h\"\nint x;\n";
	char path[] = "/tmp/semgap-cfront-XXXXXX.c";
	int file = mkstemps(path, 2);
	struct gap_cfront_unit *unit = NULL;
	struct gap_cfront_options options = plain;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(pwrite(file, text, strlen(text), 0), strlen(text));
	options.absent_ending = ".gap.h";
	gap_cfront_close(open_unit(path, &options));
	options.absent_ending = ".other.h";
	assert_int_equal(gap_cfront_open(path, &options, &unit, NULL), GAP_INVALID);
	options.absent_ending = NULL;
	assert_int_equal(gap_cfront_open(path, &options, &unit, NULL), GAP_INVALID);
	close(file);
	unlink(path);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct gap_cfront_unit *unit = NULL;
	struct gap_error error = {""};
	enum gap_status status = gap_cfront_open("/nonexistent/m.c", &plain, &unit, &error);

	(void)state;
	assert_int_equal(status, GAP_IO);
	assert_non_null(strstr(error.text, "/nonexistent/m.c"));
}

/* ---- macros ---- */

struct expected_macro {
	const char *name;
	uint64_t value;
	unsigned line;
	bool seen;
};

static bool check_macro(void *context, const struct gap_cfront_macro *macro)
{
	struct expected_macro *expected = context;

	for (; expected->name; expected++)
		if (strcmp(expected->name, macro->name) == 0) {
			assert_int_equal(macro->value, expected->value);
			assert_int_equal(macro->line, expected->line);
			expected->seen = true;
			return true;
		}
	fail_msg("%s", macro->name);
	return true;
}

static void macros_of_one_number_have_values(void **state)
{
	static const char text[] = "#define GAP_PLAIN 12 /* words */\n"
				   "#define GAP_HEX UINT64_C(0xffffffff82a00100)\n"
				   "#define GAP_NEGATIVE (-3)\n"
				   "#define GAP_LEAST (-INT64_C(9223372036854775807) - 1)\n"
				   "#define GAP_SUFFIX 7UL\n"
				   "#define GAP_EMPTY\n"
				   "#define GAP_TEXT \"12\"\n"
				   "#define GAP_SUM 1 + 2\n"
				   "#define GAP_CALL(x) 3\n"
				   "#define GAP_NAME GAP_PLAIN\n"
				   "#define GAP_TOO_LARGE 18446744073709551616\n"
				   "#define OTHER 5\n";
	struct expected_macro expected[] = {
		{"GAP_PLAIN", 12, 1, false},
		{"GAP_HEX", 0xffffffff82a00100, 2, false},
		{"GAP_NEGATIVE", (uint64_t)-3, 3, false},
		{"GAP_LEAST", (uint64_t)INT64_MIN, 4, false},
		{"GAP_SUFFIX", 7, 5, false},
		{.name = NULL},
	};
	struct gap_cfront_options options = plain;
	struct gap_cfront_unit *unit;

	(void)state;
	options.text = text;
	options.macros = true;
	unit = open_unit("in-memory.h", &options);
	gap_cfront_macros(unit, "GAP_", check_macro, expected);
	for (size_t i = 0; expected[i].name; i++)
		assert_true(expected[i].seen);
	gap_cfront_close(unit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_the_compilers),
		cmocka_unit_test(macros_of_one_number_have_values),
		cmocka_unit_test(enumerators_are_told),
		cmocka_unit_test(errors_are_fatal),
		cmocka_unit_test(absent_headers_of_one_ending_are_empty),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cfront_is_here(SHAPES) ? cmocka_run_group_tests(tests, NULL, NULL) : CFRONT_SKIPPED;
}
