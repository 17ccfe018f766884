/* SPDX-License-Identifier: MIT */
/* Reading a list of fields from a file. Its form is infer/field_list.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fields_file.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

static enum gap_status read_text(const char *path, char *text, size_t *size_bytes,
				 struct gap_error *error)
{
	FILE *file = fopen(path, "re");
	int failed;

	if (!file)
		return gap_fail(error, GAP_IO, "%s: %s", path, strerror(errno));
	*size_bytes = fread(text, 1, FILE_BYTES_MAX, file);
	failed = ferror(file);
	fclose(file);
	if (failed)
		return gap_fail(error, GAP_IO, "%s: cannot be read", path);
	if (*size_bytes == FILE_BYTES_MAX)
		return gap_fail(error, GAP_CORRUPT, "%s: too long for a list of fields", path);
	return GAP_OK;
}

enum gap_status read_fields_file(const char *path, struct infer_fields *fields,
				 struct gap_error *error)
{
	char *text = malloc(FILE_BYTES_MAX);
	enum gap_status status;
	size_t size_bytes = 0;

	if (!text)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = read_text(path, text, &size_bytes, error);
	if (!status)
		status = infer_fields_parse(fields, text, size_bytes, path, error);
	free(text);
	if (!status && !fields->count) {
		infer_fields_deinit(fields);
		return gap_fail(error, GAP_NOT_FOUND,
				"%s: names no field; one a line is wanted, as task_struct.pid",
				path);
	}
	return status;
}
