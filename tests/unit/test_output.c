/* SPDX-License-Identifier: MIT */
/* Output is whole or not there at all, whatever stood in its place before. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile/output.h"
#include "tests/support/making.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/semgap-output-XXXXXX");
	return mkdtemp(folder) ? 0 : 1;
}

static const char *in_folder(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Visits what is in the folder: counts it, or removes it. */
static int entries(bool remove_them)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;
	int count = 0;

	assert_non_null(stream);
	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		count++;
		if (remove_them && remove(in_folder(entry->d_name)))
			rmdir(in_folder(entry->d_name));
	}
	closedir(stream);
	return count;
}

static int empty_folder(void **state)
{
	(void)state;
	entries(true);
	return rmdir(folder);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect_content(const char *path, const char *text)
{
	char content[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(content, text);
}

static struct gap_output begin(const char *path)
{
	struct gap_output output;
	struct gap_error error = {""};

	if (gap_output_begin(&output, path, &error))
		fail_msg("%s", error.text);
	return output;
}

/* ---- whole ---- */

static void a_file_appears_at_the_end(void **state)
{
	char path[400];
	struct gap_output output;
	struct stat file;
	mode_t mask = umask(027);

	(void)state;
	strcpy(path, in_folder("new"));
	output = begin(path);
	fputs("all of it", output.stream);
	fflush(output.stream);
	assert_int_not_equal(stat(path, &file), 0);
	assert_int_equal(gap_output_commit(&output, NULL), GAP_OK);
	umask(mask);
	expect_content(path, "all of it");
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0640);
	assert_int_equal(entries(false), 1);
}

static void the_old_file_stays_until_then(void **state)
{
	char path[400];
	struct gap_output output;

	(void)state;
	strcpy(path, in_folder("old"));
	put(path, "old");
	output = begin(path);
	fputs("new", output.stream);
	fflush(output.stream);
	expect_content(path, "old");
	assert_int_equal(gap_output_commit(&output, NULL), GAP_OK);
	expect_content(path, "new");
	assert_int_equal(entries(false), 1);
}

/* ---- or not at all ---- */

static void abort_leaves_nothing(void **state)
{
	char path[400];
	struct gap_output output;

	(void)state;
	strcpy(path, in_folder("aborted"));
	output = begin(path);
	fputs("half", output.stream);
	gap_output_abort(&output);
	assert_int_equal(entries(false), 0);
	put(path, "old");
	output = begin(path);
	fputs("half", output.stream);
	gap_output_abort(&output);
	expect_content(path, "old");
	assert_int_equal(entries(false), 1);
}

static void begin_refuses(const char *path, const char *words)
{
	struct gap_output output;
	struct gap_error error = {""};

	assert_int_equal(gap_output_begin(&output, path, &error), GAP_IO);
	if (!strstr(error.text, words) || !strstr(error.text, path))
		fail_msg("%s", error.text);
}

static void places_that_cannot_be_written(void **state)
{
	(void)state;
	begin_refuses(folder, "is a folder");
	begin_refuses(in_folder("no/such/folder"), "No such file");
	begin_refuses("/proc/nothing", "cannot write");
	put(in_folder("file"), "");
	begin_refuses(in_folder("file/below"), "Not a directory");
}

static void a_folder_without_permission(void **state)
{
	(void)state;
	if (geteuid() == 0)
		skip(); /* root may write anywhere: tests/hostile tries it as somebody else */
	assert_int_equal(chmod(folder, 0555), 0);
	begin_refuses(in_folder("new"), "Permission denied");
	assert_int_equal(chmod(folder, 0755), 0);
}

/* The folder goes while we write. */
static void a_lost_folder_is_an_error(void **state)
{
	char inner[400], path[420];
	struct gap_output output;
	struct gap_error error = {""};

	(void)state;
	strcpy(inner, in_folder("inner"));
	snprintf(path, sizeof(path), "%s/file", inner);
	assert_int_equal(mkdir(inner, 0777), 0);
	output = begin(path);
	fputs("text", output.stream);
	if (output.temporary[0]) /* a file system without unnamed files: it cannot go */
		unlink(output.temporary);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(gap_output_commit(&output, &error), GAP_IO);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(entries(false), 0);
}

static void a_full_disk_is_an_error(void **state)
{
	struct gap_output output = begin("/dev/full");
	struct gap_error error = {""};
	struct stat device;

	(void)state;
	fputs("text", output.stream);
	assert_int_equal(gap_output_commit(&output, &error), GAP_IO);
	assert_non_null(strstr(error.text, "/dev/full"));
	assert_non_null(strstr(error.text, "No space left"));
	assert_int_equal(stat("/dev/full", &device), 0);
	assert_true(S_ISCHR(device.st_mode));
}

/* A stream that failed on the way, when what followed would fit. */
static void an_early_error_is_remembered(void **state)
{
	char path[400];
	struct gap_output output;

	(void)state;
	strcpy(path, in_folder("failed"));
	output = begin(path);
	fputs("text", output.stream);
	fflush(output.stream);
	fgetc(output.stream); /* not open for reading: sets the error */
	assert_true(ferror(output.stream));
	assert_int_equal(gap_output_commit(&output, NULL), GAP_IO);
	assert_int_equal(entries(false), 0);
}

/* ---- what is no file ---- */

static void standard_output_is_left_open(void **state)
{
	static const char *const names[] = {NULL, "-"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct gap_output output = begin(names[i]);

		assert_ptr_equal(output.stream, stdout);
		assert_int_equal(gap_output_commit(&output, NULL), GAP_OK);
		output = begin(names[i]);
		gap_output_abort(&output);
		assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
	}
}

static void a_device_is_written_as_it_is(void **state)
{
	struct gap_output output = begin("/dev/null");
	struct stat device;

	(void)state;
	fputs("text", output.stream);
	assert_int_equal(gap_output_commit(&output, NULL), GAP_OK);
	assert_int_equal(stat("/dev/null", &device), 0);
	assert_true(S_ISCHR(device.st_mode));
}

/* A link stays one: what it leads to is replaced. */
static void a_link_is_followed(void **state)
{
	char path[400];
	struct gap_output output;

	(void)state;
	put(in_folder("target"), "target");
	strcpy(path, in_folder("link"));
	assert_int_equal(symlink("target", path), 0);
	output = begin(path);
	fputs("new", output.stream);
	assert_int_equal(gap_output_commit(&output, NULL), GAP_OK);
	expect_content(path, "new");
	expect_content(in_folder("target"), "new");
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, empty_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_file_appears_at_the_end),
		IN_FOLDER(the_old_file_stays_until_then),
		IN_FOLDER(abort_leaves_nothing),
		IN_FOLDER(places_that_cannot_be_written),
		IN_FOLDER(a_folder_without_permission),
		IN_FOLDER(a_lost_folder_is_an_error),
		IN_FOLDER(an_early_error_is_remembered),
		IN_FOLDER(a_link_is_followed),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(standard_output_is_left_open),
		cmocka_unit_test(a_device_is_written_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
