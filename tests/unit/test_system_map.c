/* SPDX-License-Identifier: MIT */
/* System.map through gap_extract(), from files written here: what a line may be, what its letter means, and what is no
 * System.map of this kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "extract/extract.h"
#include "tests/support/making.h"

static char path[64];

static int make_file(void **state)
{
	int file;

	(void)state;
	strcpy(path, "/tmp/semgap-map-XXXXXX");
	file = mkstemp(path);
	if (file < 0)
		return 1;
	close(file);
	return 0;
}

static int drop_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_bytes(const char *text, size_t length)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static enum gap_status extract_into(struct gap_builder *builder, struct gap_error *error)
{
	struct gap_extract_options options = {.symbols_only = true};

	return gap_extract(builder, path, &options, NULL, error);
}

static struct frozen extract(const char *text)
{
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};

	write_bytes(text, strlen(text));
	if (extract_into(builder, &error))
		fail_msg("%s", error.text);
	return freeze(builder, 0);
}

static struct gap_symbol symbol(const struct frozen *frozen, const char *name)
{
	struct gap_symbol found = {0};
	struct gap_error error = {""};

	if (gap_profile_find_symbol(frozen->profile, name, &found, &error))
		fail_msg("%s", error.text);
	return found;
}

/* ---- lines ---- */

static void letters_have_meanings(void **state)
{
	static const struct {
		char letter;
		enum gap_symbol_kind kind;
		uint32_t flags;
	} cases[] = {
		{'T', GAP_SYMBOL_FUNCTION, 0},
		{'t', GAP_SYMBOL_FUNCTION, GAP_SYMBOL_LOCAL},
		{'W', GAP_SYMBOL_FUNCTION, GAP_SYMBOL_WEAK},
		{'w', GAP_SYMBOL_FUNCTION, GAP_SYMBOL_WEAK},
		{'D', GAP_SYMBOL_DATA, 0},
		{'d', GAP_SYMBOL_DATA, GAP_SYMBOL_LOCAL},
		{'B', GAP_SYMBOL_DATA, 0},
		{'b', GAP_SYMBOL_DATA, GAP_SYMBOL_LOCAL},
		{'R', GAP_SYMBOL_DATA, 0},
		{'r', GAP_SYMBOL_DATA, GAP_SYMBOL_LOCAL},
		{'V', GAP_SYMBOL_DATA, GAP_SYMBOL_WEAK},
		{'A', GAP_SYMBOL_OTHER, GAP_SYMBOL_ABSOLUTE},
		{'a', GAP_SYMBOL_OTHER, GAP_SYMBOL_ABSOLUTE | GAP_SYMBOL_LOCAL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[64];
		struct gap_symbol found;
		struct frozen frozen;

		snprintf(text, sizeof(text), "ffffffff81000000 %c name\n", cases[i].letter);
		frozen = extract(text);
		found = symbol(&frozen, "name");
		assert_int_equal(found.address, 0xffffffff81000000);
		assert_int_equal(found.kind, cases[i].kind);
		assert_int_equal(found.flags, cases[i].flags);
		assert_int_equal(found.size_bytes, 0);
		assert_int_equal(found.type, GAP_NONE);
		frozen_deinit(&frozen);
	}
}

static void lines_of_every_form(void **state)
{
	static const struct {
		const char *line;
		uint64_t address; /* of "name" */
	} cases[] = {
		{"c1000000 T name\n", 0xc1000000},
		{"FFFFFFFF81ABCDEF T name\n", 0xffffffff81abcdef},
		{"0000000000000000 T name\n", 0},
		{"ffffffff81000000 T name",
		 0xffffffff81000000}, /* the last line may do without an end */
		{"ffffffff81000000 T name\r\n", 0xffffffff81000000},
		{"ffffffff81000000 T name\n\n\n", 0xffffffff81000000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[128];
		struct frozen frozen;

		snprintf(text, sizeof(text), "00001000 T first\n%s", cases[i].line);
		frozen = extract(text);
		assert_int_equal(symbol(&frozen, "name").address, cases[i].address);
		assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_SYMBOLS), 2);
		frozen_deinit(&frozen);
	}
}

/* ---- /proc/kallsyms ---- */

static const char linked_map[] = "0000000000000000 D __per_cpu_start\n"
				 "0000000000001000 D cpu_thing\n"
				 "0000000000030000 D __per_cpu_end\n"
				 "ffffffff81000000 T _text\n"
				 "ffffffff81000010 T start\n"
				 "ffffffff81000020 t twice\n"
				 "ffffffff81000030 t twice\n"
				 "ffffffff82000000 D thing\n";
static const char slid_kallsyms[] = "0000000000000000 A __per_cpu_start\n"
				    "0000000000001000 A cpu_thing\n"
				    "0000000000030000 A __per_cpu_end\n"
				    "ffffffff95000000 T _text\n"
				    "ffffffff95000010 T start\n"
				    "ffffffff95000020 t twice\n"
				    "ffffffff95000030 t twice\n"
				    "ffffffff96000000 D thing\n"
				    "ffffffff96000100 D more\n"
				    "ffffffffc0000000 t init\t[ext4]\n";

/* The map as the input, with a kallsyms beside it. */
static enum gap_status extract_beside(const char *map, const char *kallsyms,
				      struct gap_builder *builder, struct gap_error *error)
{
	char beside[80];
	struct gap_extract_options options = {.symbols_only = true, .kallsyms = beside};
	enum gap_status status;
	FILE *file;

	snprintf(beside, sizeof(beside), "%s.kallsyms", path);
	file = fopen(beside, "wb");
	assert_non_null(file);
	fputs(kallsyms, file);
	assert_int_equal(fclose(file), 0);
	write_bytes(map, strlen(map));
	status = gap_extract(builder, path, &options, NULL, error);
	unlink(beside);
	return status;
}

static void a_slide_is_taken_off(void **state)
{
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};
	struct frozen frozen;

	(void)state;
	if (extract_beside(linked_map, slid_kallsyms, builder, &error))
		fail_msg("%s", error.text);
	frozen = freeze(builder, 0);
	/* Eight that both have, and one more; none of the module. */
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_SYMBOLS), 9);
	assert_int_equal(symbol(&frozen, "more").address, 0xffffffff82000100);
	assert_int_equal(symbol(&frozen, "cpu_thing").address, 0x1000);
	assert_true(symbol(&frozen, "cpu_thing").flags & GAP_SYMBOL_PERCPU);
	frozen_deinit(&frozen);
}

static void a_kallsyms_that_does_not_fit(void **state)
{
	static const struct {
		const char *map, *kallsyms, *words;
	} cases[] = {
		{linked_map, "ffffffff95000010 T start\n", "_text"},
		{linked_map, "0000000000000000 T _text\n0000000000000000 T start\n", "root"},
		{linked_map, "ffffffff95000000 T _text\nffffffff95000018 T start\n",
		 "another build"},
		{"ffffffff81000010 T start\n", "ffffffff95000000 T _text\n", "slid"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_builder *builder = make_builder();
		struct gap_error error = {""};

		assert_int_not_equal(
			extract_beside(cases[i].map, cases[i].kallsyms, builder, &error), GAP_OK);
		if (!strstr(error.text, cases[i].words))
			fail_msg("case %zu: %s", i, error.text);
		gap_builder_destroy(builder);
	}
}

/* Any global symbol of one name serves to tell builds apart; local ones, and names that repeat, do not. */
static void what_tells_builds_apart(void **state)
{
	static const struct {
		const char *line;
		bool fits;
	} cases[] = {
		{"ffffffff81000000 T _text\nffffffff82000000 D thing\n", true},
		{"ffffffff81000000 T _text\nffffffff82000040 D thing\n", false},
		{"ffffffff81000000 T _text\nffffffff81000050 t twice\n", true},
		{"ffffffff81000000 T _text\nffffffff81000050 t thing\n", true},
		{"ffffffff81000000 T _text\nffffffff81000050 W start\n", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_builder *builder = make_builder();
		struct gap_error error = {""};
		enum gap_status status = extract_beside(linked_map, cases[i].line, builder, &error);

		if ((status == GAP_OK) != cases[i].fits)
			fail_msg("case %zu: %s", i, error.text);
		gap_builder_destroy(builder);
	}
}

static void undefined_symbols_are_left_out(void **state)
{
	struct frozen frozen = extract("ffffffff81000000 T here\n0000000000000000 U elsewhere\n");

	(void)state;
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_SYMBOLS), 1);
	frozen_deinit(&frozen);
}

static void names_may_repeat(void **state)
{
	struct frozen frozen = extract("ffffffff81000000 t twice\nffffffff81000010 t twice\n"
				       "ffffffff81000000 t twice\n");
	struct gap_symbol found;

	(void)state;
	assert_int_equal(gap_profile_count(frozen.profile, GAP_TABLE_SYMBOLS), 2);
	assert_int_equal(gap_profile_find_symbol(frozen.profile, "twice", &found, NULL),
			 GAP_AMBIGUOUS);
	frozen_deinit(&frozen);
}

/* Zero-based, as until 6.14, and not. */
static void percpu_is_what_lies_between(void **state)
{
	static const char *const maps[] = {
		"0000000000000000 D __per_cpu_start\n0000000000000000 A fixed_percpu_data\n"
		"0000000000030000 A runqueues\n0000000000034000 A __per_cpu_end\n"
		"ffffffff81000000 T _text\n",
		"ffffffff83000000 D __per_cpu_start\nffffffff83030000 D runqueues\n"
		"ffffffff83034000 D __per_cpu_end\nffffffff81000000 T _text\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(maps); i++) {
		struct frozen frozen = extract(maps[i]);

		assert_int_equal(symbol(&frozen, "runqueues").flags, GAP_SYMBOL_PERCPU);
		assert_false(symbol(&frozen, "_text").flags & GAP_SYMBOL_PERCPU);
		frozen_deinit(&frozen);
	}
}

/* ---- refusals ---- */

struct refusal {
	const char *text;
	enum gap_status status;
	const char *words;
};

static const struct refusal refusals[] = {
	{"", GAP_NOT_FOUND, "empty"},
	{"ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n",
	 GAP_NOT_FOUND, "stub"},
	{"ffffffff81000000 T _text\nnonsense\n", GAP_CORRUPT, ":2: not a line"},
	{"ffffffff81000000 T _text\n\nffffffff81000000 T \n", GAP_CORRUPT, ":3: not a line"},
	{"ffffffff81000000 T _text\nffffffff8100000 T odd\n", GAP_CORRUPT, ":2: not a line"},
	{"ffffffff81000000 T _text\nffffffff810000000 T odd\n", GAP_CORRUPT, ":2: not a line"},
	{"ffffffff81000000 T _text\nffffffff81000000T odd\n", GAP_CORRUPT, ":2: not a line"},
	{"ffffffff81000000 T _text\nffffffff81000000 Todd\n", GAP_CORRUPT, ":2: not a line"},
	{"0000000000000000 U elsewhere\n", GAP_NOT_FOUND, "no symbols"},
	{"hello\n", GAP_UNSUPPORTED, "not a file that semgap knows"},
};

static void what_is_no_map_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct gap_builder *builder = make_builder();
		struct gap_error error = {""};

		write_bytes(refusals[i].text, strlen(refusals[i].text));
		assert_int_equal(extract_into(builder, &error), refusals[i].status);
		if (!strstr(error.text, refusals[i].words) || !strstr(error.text, path))
			fail_msg("%s", error.text);
		gap_builder_destroy(builder);
	}
}

static void a_zero_byte_is_no_name(void **state)
{
	static const char text[] = "ffffffff81000000 T _text\nffffffff81000000 T a\0b\n";
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};

	(void)state;
	write_bytes(text, sizeof(text) - 1);
	assert_int_equal(extract_into(builder, &error), GAP_CORRUPT);
	assert_non_null(strstr(error.text, ":2: not a line"));
	gap_builder_destroy(builder);
}

/* kptr_restrict: every address reads as zero. */
static void addresses_that_are_hidden(void **state)
{
	static const char text[] =
		"0000000000000000 T _text\n0000000000000000 T startup_64\n"
		"0000000000000000 D init_task\n0000000000000000 R linux_banner\n";
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};

	(void)state;
	write_bytes(text, sizeof(text) - 1);
	assert_int_equal(extract_into(builder, &error), GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "kptr_restrict"));
	gap_builder_destroy(builder);
}

static void a_map_alone_has_no_types(void **state)
{
	static const char text[] = "ffffffff81000000 T _text\n";
	struct gap_extract_options options = {0};
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};

	(void)state;
	write_bytes(text, sizeof(text) - 1);
	assert_int_equal(gap_extract(builder, path, &options, NULL, &error), GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "--system-map"));
	gap_builder_destroy(builder);
}

/* The same builder has been given a symbol already: a map that says otherwise is another build's. */
static void a_map_of_another_build_is_refused(void **state)
{
	static const char text[] = "ffffffff81000000 T _text\nffffffff82000000 D init_task\n";
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};

	(void)state;
	make_symbol(builder, "init_task", NULL, 0xffffffff82000040, 0);
	write_bytes(text, sizeof(text) - 1);
	assert_int_equal(extract_into(builder, &error), GAP_MISMATCH);
	assert_non_null(strstr(error.text, "init_task is at 0xffffffff82000000 there"));
	assert_int_equal(gap_builder_symbol_count(builder), 1);
	gap_builder_destroy(builder);
}

static void where_it_was_learnt(void **state)
{
	struct frozen frozen = extract("ffffffff81000000 T _text\n");
	struct gap_provenance told;
	struct gap_source source;

	(void)state;
	gap_profile_provenance(frozen.profile, GAP_TABLE_SYMBOLS, 0, &told);
	assert_true(gap_profile_source(frozen.profile, told.source, &source));
	assert_int_equal(source.kind, GAP_SOURCE_SYSTEM_MAP);
	frozen_deinit(&frozen);
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, drop_file)
	const struct CMUnitTest tests[] = {
		WITH_FILE(letters_have_meanings),
		WITH_FILE(lines_of_every_form),
		WITH_FILE(a_slide_is_taken_off),
		WITH_FILE(a_kallsyms_that_does_not_fit),
		WITH_FILE(what_tells_builds_apart),
		WITH_FILE(undefined_symbols_are_left_out),
		WITH_FILE(names_may_repeat),
		WITH_FILE(percpu_is_what_lies_between),
		WITH_FILE(what_is_no_map_is_refused),
		WITH_FILE(a_zero_byte_is_no_name),
		WITH_FILE(addresses_that_are_hidden),
		WITH_FILE(a_map_alone_has_no_types),
		WITH_FILE(a_map_of_another_build_is_refused),
		WITH_FILE(where_it_was_learnt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
