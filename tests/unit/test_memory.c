/* SPDX-License-Identifier: MIT */
/* Guest-physical memory: look-ups at the borders of ranges, reads across them; and the sources,
 * told apart by content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/include/semgap/memory.h"
#include "runtime/include/semgap/source.h"

/* ---- ranges ---- */

/* Serves every byte as the low byte of its address, but nothing in the second page. */
static enum gap_status read_pattern(void *context, struct gap_paddr address, void *buffer,
				    size_t size_bytes)
{
	unsigned char *bytes = buffer;

	(void)context;
	for (size_t i = 0; i < size_bytes; i++) {
		if ((address.value + i) >> 12 == 0x101)
			return GAP_UNREADABLE;
		bytes[i] = (unsigned char)(address.value + i);
	}
	return GAP_OK;
}

static const unsigned char low[8] = "abcdefgh", next[8] = "ijklmnop", top[8] = "stuvwxyz";

static const struct gap_memory_range ranges[] = {
	{{0x1000}, 8, low},
	{{0x1008}, 8, next},
	{{0x100000}, 0x3000, NULL},
	{{UINT64_MAX - 7}, 8, top},
};

static const struct gap_memory memory = {.ranges = ranges, .range_count = 4, .read = read_pattern};

static void reads_lie_inside_memory(void **state)
{
	char bytes[16] = "";

	(void)state;
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){0x1000}, bytes, 8), GAP_OK);
	assert_memory_equal(bytes, "abcdefgh", 8);
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){0x1004}, bytes, 8), GAP_OK);
	assert_memory_equal(bytes, "efghijkl", 8);
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){0xfff}, bytes, 1),
			 GAP_UNREADABLE);
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){0x100c}, bytes, 5),
			 GAP_UNREADABLE);
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){0x5555}, bytes, 0), GAP_OK);
}

static void reads_end_with_the_address_space(void **state)
{
	char bytes[16];

	(void)state;
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){UINT64_MAX - 7}, bytes, 8),
			 GAP_OK);
	assert_memory_equal(bytes, "stuvwxyz", 8);
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){UINT64_MAX - 3}, bytes, 8),
			 GAP_UNREADABLE);
}

static void distant_memory_is_asked_for(void **state)
{
	unsigned char bytes[4];

	(void)state;
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){0x100ffc}, bytes, 4), GAP_OK);
	assert_memory_equal(bytes, "\xfc\xfd\xfe\xff", 4);
	assert_int_equal(gap_memory_read(&memory, (struct gap_paddr){0x100ffd}, bytes, 4),
			 GAP_UNREADABLE);
	assert_null(gap_memory_at(&memory, (struct gap_paddr){0x100000}, 1));
}

static void distant_memory_without_a_reader_is_unreadable(void **state)
{
	struct gap_memory without = memory;
	char byte;

	(void)state;
	without.read = NULL;
	assert_int_equal(gap_memory_read(&without, (struct gap_paddr){0x100000}, &byte, 1),
			 GAP_UNREADABLE);
}

static void pointers_stay_in_one_range(void **state)
{
	(void)state;
	assert_ptr_equal(gap_memory_at(&memory, (struct gap_paddr){0x1002}, 6), low + 2);
	assert_null(gap_memory_at(&memory, (struct gap_paddr){0x1002}, 7));
	assert_null(gap_memory_at(&memory, (struct gap_paddr){0x1002}, SIZE_MAX));
	assert_ptr_equal(gap_memory_at(&memory, (struct gap_paddr){UINT64_MAX}, 1), top + 7);
	assert_null(gap_memory_at(&memory, (struct gap_paddr){0}, 1));
}

static void no_memory_at_all(void **state)
{
	const struct gap_memory nothing = {0};
	char byte;

	(void)state;
	assert_null(gap_memory_at(&nothing, (struct gap_paddr){0}, 1));
	assert_int_equal(gap_memory_read(&nothing, (struct gap_paddr){0}, &byte, 1),
			 GAP_UNREADABLE);
}

/* ---- sources ---- */

static char folder[] = "/tmp/semgap-memory-XXXXXX";
static char file[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return 1;
	snprintf(file, sizeof(file), "%s/ram", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

static void write_file(const void *start, size_t start_bytes, size_t size_bytes)
{
	FILE *stream = fopen(file, "wb");

	assert_non_null(stream);
	assert_int_equal(fwrite(start, 1, start_bytes, stream), start_bytes);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(truncate(file, (off_t)size_bytes), 0);
}

static void refused(const char *source, enum gap_status expected, const char *word)
{
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};

	assert_int_equal(gap_source_memory_open(source, &opened, &error), expected);
	assert_null(opened);
	if (!strstr(error.text, word) || !strstr(error.text, source))
		fail_msg("\"%s\" does not say \"%s\"", error.text, word);
}

static void a_raw_file_is_mapped_and_live(void **state)
{
	struct gap_source_memory *opened;
	const struct gap_memory *raw;
	const unsigned char *byte;
	FILE *stream;

	(void)state;
	write_file("RAM", 3, 8192);
	assert_int_equal(gap_source_memory_open(file, &opened, NULL), GAP_OK);
	assert_string_equal(gap_source_memory_format(opened), "raw");
	raw = gap_source_memory_get(opened);
	assert_int_equal(raw->range_count, 1);
	assert_int_equal(raw->ranges[0].size_bytes, 8192);
	byte = gap_memory_at(raw, (struct gap_paddr){0}, 1);
	assert_int_equal(*byte, 'R');
	stream = fopen(file, "r+b");
	assert_non_null(stream);
	fputc('S', stream);
	fclose(stream);
	assert_int_equal(*(const volatile unsigned char *)byte, 'S');
	gap_source_memory_close(opened);
	gap_source_memory_close(NULL);
}

/* Where the file system keeps holes, they are known; where it does not, nothing is said. */
static void holes_of_a_raw_file_are_known(void **state)
{
	struct gap_source_memory *opened;
	const struct gap_memory *raw;
	uint64_t zeros;

	(void)state;
	write_file("RAM", 3, 1 << 20);
	assert_int_equal(gap_source_memory_open(file, &opened, NULL), GAP_OK);
	raw = gap_source_memory_get(opened);
	assert_int_equal(raw->zero_bytes(raw->context, (struct gap_paddr){0}), 0);
	zeros = raw->zero_bytes(raw->context, (struct gap_paddr){1 << 19});
	assert_true(zeros == 0 || zeros == 1 << 19);
	assert_int_equal(raw->zero_bytes(raw->context, (struct gap_paddr){1 << 20}), 0);
	assert_int_equal(raw->zero_bytes(raw->context, (struct gap_paddr){UINT64_MAX}), 0);
	gap_source_memory_close(opened);
}

static void what_is_no_file_is_refused(void **state)
{
	char missing[80];

	(void)state;
	snprintf(missing, sizeof(missing), "%s/missing", folder);
	refused(missing, GAP_IO, "No such file");
	refused(folder, GAP_INVALID, "folder");
	refused("/dev/null", GAP_UNSUPPORTED, "regular");
}

static void files_without_a_page_are_refused(void **state)
{
	(void)state;
	write_file("", 0, 0);
	refused(file, GAP_CORRUPT, "empty");
	write_file("RAM", 3, 3);
	refused(file, GAP_CORRUPT, "page");
	write_file("RAM", 3, 4095);
	refused(file, GAP_CORRUPT, "page");
}

/* What is there is answered, and what is not is said. */
static void a_cut_raw_file_has_its_whole_pages(void **state)
{
	struct gap_source_memory *opened;
	const struct gap_memory *raw;

	(void)state;
	write_file("RAM", 3, 8191);
	assert_int_equal(gap_source_memory_open(file, &opened, NULL), GAP_OK);
	raw = gap_source_memory_get(opened);
	assert_int_equal(raw->ranges[0].size_bytes, 4096);
	assert_non_null(strstr(gap_source_memory_warning(opened), "cut short"));
	gap_source_memory_close(opened);
	write_file("RAM", 3, 8192);
	assert_int_equal(gap_source_memory_open(file, &opened, NULL), GAP_OK);
	assert_null(gap_source_memory_warning(opened));
	gap_source_memory_close(opened);
}

static void a_raw_file_goes_on_at_4_gib(void **state)
{
	static const char *const wrong[] = {"",   "0",  "x",   "4097", "1T",
					    "8G", "-1", "4Kx", "0x",   "5000000000000000000G"};
	struct gap_source_memory *opened;
	const struct gap_memory *raw;
	char source[128];
	char byte;

	(void)state;
	write_file("RAM", 3, 12288);
	snprintf(source, sizeof(source), "raw:%s,split=4K", file);
	assert_int_equal(gap_source_memory_open(source, &opened, NULL), GAP_OK);
	raw = gap_source_memory_get(opened);
	assert_int_equal(raw->range_count, 2);
	assert_int_equal(raw->ranges[1].start.value, (uint64_t)4 << 30);
	assert_int_equal(raw->ranges[1].size_bytes, 8192);
	assert_int_equal(gap_memory_read(raw, (struct gap_paddr){4096}, &byte, 1), GAP_UNREADABLE);
	gap_source_memory_close(opened);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(source, sizeof(source), "raw:%s,split=%s", file, wrong[i]);
		refused(source, GAP_INVALID, "split");
	}
}

/* "raw:" is for what looks like something else by chance. */
static void raw_is_raw_whatever_it_looks_like(void **state)
{
	struct gap_source_memory *opened;
	char source[128];

	(void)state;
	write_file("EMiL", 4, 8192);
	snprintf(source, sizeof(source), "raw:%s", file);
	assert_int_equal(gap_source_memory_open(source, &opened, NULL), GAP_OK);
	assert_string_equal(gap_source_memory_format(opened), "raw");
	gap_source_memory_close(opened);
}

static void files_do_not_pause(void **state)
{
	struct gap_source_memory *opened;
	struct gap_error error;

	(void)state;
	write_file("RAM", 3, 8192);
	assert_int_equal(gap_source_memory_open(file, &opened, NULL), GAP_OK);
	assert_int_equal(gap_source_memory_pause(opened, &error), GAP_UNSUPPORTED);
	assert_non_null(strstr(error.text, "live"));
	assert_int_equal(gap_source_memory_resume(opened, &error), GAP_OK);
	assert_int_equal(gap_source_memory_refresh(opened, &error), GAP_OK);
	gap_source_memory_close(opened);
}

static void known_formats_are_not_taken_for_raw(void **state)
{
	static const struct {
		const char *start;
		size_t start_bytes;
		const char *word;
	} cases[] = {
		{"\177ELF\2\1\1", 7, "ELF"},
		{"KDUMP   ", 8, "kdump"},
		{"makedumpfile\0\0\0\0", 16, "makedumpfile -R"},
		{"QFI\373\0\0\0\3", 8, "qcow2"},
		{"\x89GAP\r\n\x1a\n", 8, "--profile"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gap_source_memory *opened = NULL;
		struct gap_error error = {""};

		write_file(cases[i].start, cases[i].start_bytes, 8192);
		assert_int_not_equal(gap_source_memory_open(file, &opened, &error), GAP_OK);
		assert_non_null(strstr(error.text, cases[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lie_inside_memory),
		cmocka_unit_test(reads_end_with_the_address_space),
		cmocka_unit_test(distant_memory_is_asked_for),
		cmocka_unit_test(distant_memory_without_a_reader_is_unreadable),
		cmocka_unit_test(pointers_stay_in_one_range),
		cmocka_unit_test(no_memory_at_all),
		cmocka_unit_test(a_raw_file_is_mapped_and_live),
		cmocka_unit_test(holes_of_a_raw_file_are_known),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(files_without_a_page_are_refused),
		cmocka_unit_test(a_cut_raw_file_has_its_whole_pages),
		cmocka_unit_test(a_raw_file_goes_on_at_4_gib),
		cmocka_unit_test(raw_is_raw_whatever_it_looks_like),
		cmocka_unit_test(files_do_not_pause),
		cmocka_unit_test(known_formats_are_not_taken_for_raw),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
