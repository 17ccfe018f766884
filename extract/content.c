/* SPDX-License-Identifier: MIT */
/* Where the bytes of an input are: mapped files, files that must be read, unpacked data. What they mean is for others. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract/content.h"

#define READ_BYTES_MAX (1u << 30)
#define MEMORY_SPOOL_BYTES (64u << 20)

void gap_content_name(struct gap_content *content, const char *outer, const char *inner)
{
	char text[sizeof(content->name)];

	snprintf(text, sizeof(text), "%.*s (%.300s)", 700, outer, inner);
	memcpy(content->name, text, sizeof(text));
}

void gap_content_close(struct gap_content *content)
{
	free(content->owned);
	if (content->mapped)
		munmap(content->mapped, content->mapped_bytes);
	*content = (struct gap_content){.name = ""};
}

/* Opens a file to read it; a pipe or device could keep us waiting, or never end. */
static int open_regular(const char *path, struct stat *file, struct gap_error *error)
{
	int opened;

	if (stat(path, file) != 0) {
		gap_fail(error, GAP_IO, "%.600s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(file->st_mode)) {
		gap_fail(error, GAP_IO,
			 S_ISDIR(file->st_mode) ? "%.600s: is a folder; name a file in it"
						: "%.600s: not a regular file",
			 path);
		return -1;
	}
	opened = open(path, O_RDONLY | O_CLOEXEC);
	if (opened < 0)
		gap_fail(error, GAP_IO, "%.600s: %s", path, strerror(errno));
	return opened;
}

static enum gap_status too_large(const struct gap_content *content, struct gap_error *error)
{
	return gap_fail(error, GAP_NO_MEMORY, "%.600s: too large for memory", content->name);
}

/* Files of sysfs and proc cannot be mapped, and say nothing true of their size. */
static enum gap_status read_all(struct gap_content *content, int file, struct gap_error *error)
{
	size_t capacity = 1 << 20, size = 0;
	uint8_t *data = malloc(capacity);

	while (data) {
		ssize_t got = read(file, data + size, capacity - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			gap_fail(error, GAP_IO, "%.600s: cannot be read: %s", content->name,
				 strerror(errno));
			free(data);
			return GAP_IO;
		}
		if (got == 0)
			break;
		size += (size_t)got;
		if (size == capacity) {
			uint8_t *moved =
				capacity < READ_BYTES_MAX ? realloc(data, capacity *= 2) : NULL;

			if (!moved)
				free(data);
			data = moved;
		}
	}
	if (!data)
		return too_large(content, error);
	content->owned = data;
	content->bytes = data;
	content->size_bytes = size;
	return GAP_OK;
}

/* Whether the file could be mapped. */
static bool map_all(struct gap_content *content, int file, uint64_t size_bytes)
{
	void *mapped;

	if (size_bytes == 0 || size_bytes > SIZE_MAX)
		return false;
	mapped = mmap(NULL, (size_t)size_bytes, PROT_READ, MAP_PRIVATE, file, 0);
	if (mapped == MAP_FAILED)
		return false;
	content->mapped = mapped;
	content->mapped_bytes = (size_t)size_bytes;
	content->bytes = mapped;
	content->size_bytes = (size_t)size_bytes;
	return true;
}

enum gap_status gap_content_open(struct gap_content *content, const char *path,
				 struct gap_error *error)
{
	struct gap_content opened = {.name = ""};
	enum gap_status status = GAP_OK;
	struct stat found;
	int file = open_regular(path, &found, error);

	if (file < 0)
		return GAP_IO;
	snprintf(opened.name, sizeof(opened.name), "%s", path);
	if (!map_all(&opened, file, (uint64_t)found.st_size))
		status = read_all(&opened, file, error);
	close(file);
	if (!status && opened.size_bytes == 0)
		status = gap_fail(error, GAP_NOT_FOUND, "%.600s: the file is empty", path);
	if (status)
		gap_content_close(&opened);
	else
		*content = opened;
	return status;
}

/* ---- spools ---- */

static int open_temporary(void)
{
	const char *folder = getenv("TMPDIR");
	int file =
		open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return file >= 0 ? file : memfd_create("semgap", MFD_CLOEXEC);
}

static enum gap_status spool_failed(const char *what, struct gap_error *error)
{
	return gap_fail(error, GAP_IO,
			"cannot %s a temporary file: %s (the folder that TMPDIR names, else "
			"/var/tmp, is used)",
			what, strerror(errno));
}

enum gap_status gap_spool_begin(struct gap_spool *spool, uint64_t expected_bytes,
				struct gap_error *error)
{
	int file = expected_bytes <= MEMORY_SPOOL_BYTES ? memfd_create("semgap", MFD_CLOEXEC)
							: open_temporary();

	if (file < 0)
		return spool_failed("make", error);
	*spool = (struct gap_spool){.file = file};
	return GAP_OK;
}

enum gap_status gap_spool_write(struct gap_spool *spool, const void *bytes, size_t size_bytes,
				struct gap_error *error)
{
	const uint8_t *at = bytes;

	while (size_bytes > 0) {
		ssize_t written = write(spool->file, at, size_bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return spool_failed("write", error);
		at += written;
		size_bytes -= (size_t)written;
		spool->size_bytes += (uint64_t)written;
	}
	return GAP_OK;
}

enum gap_status gap_spool_finish(struct gap_spool *spool, struct gap_content *content,
				 struct gap_error *error)
{
	enum gap_status status = GAP_OK;

	if (spool->size_bytes > 0 && !map_all(content, spool->file, spool->size_bytes))
		status = spool_failed("map", error);
	gap_spool_abort(spool);
	return status;
}

void gap_spool_abort(struct gap_spool *spool)
{
	if (spool->file >= 0)
		close(spool->file);
	*spool = (struct gap_spool){.file = -1};
}
