/* SPDX-License-Identifier: MIT */
/*
 * Opening a source of guest memory: what the user named is told apart by its content, and a format
 * that is known but not read is refused, never taken for raw memory. How a format is laid out is
 * its own file's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/probe.h"

/* In the order in which they are asked. Raw memory has no mark of its own and comes last. */
static const struct gap_source_format *const formats[] = {
	&gap_source_lime,  &gap_source_elf_core,
#ifdef SEMGAP_SNAPPY
	&gap_source_avml,
#endif
#ifdef SEMGAP_KDUMPFILE
	&gap_source_kdump,
#endif
	&gap_source_raw,
};

/* What a file that begins so is, where nothing here reads it, and what to do about it. */
static const struct known_start {
	const char *start;
	size_t start_bytes;
	const char *what, *way_out;
} known_starts[] = {
#define START(text, what, way_out)                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1, what, way_out                                              \
	}
#ifndef SEMGAP_SNAPPY
	START("AVML", "a compressed AVML dump", "this build is without snappy; avml-convert"),
#endif
#ifndef SEMGAP_KDUMPFILE
	START("KDUMP   ", "a kdump file", "this build is without libkdumpfile"),
	START("DISKDUMP", "a diskdump file", "this build is without libkdumpfile"),
#endif
	START("makedumpfile\0\0\0\0", "a flattened kdump file",
	      "makedumpfile -R NEW < FILE makes one that is"),
	START("QEVM", "a QEMU migration stream", "dump the guest's memory instead"),
	START("LibvirtQemudSave", "a saved libvirt domain", "virsh dump --memory-only instead"),
	START("QFI\373", "a qcow2 disk image", "a disk is no memory"),
	START("\x89GAP\r\n\x1a\n", "a profile of semgap's own",
	      "it tells of a kernel and holds no guest's memory: name the dump or the live guest "
	      "here, the profile with --profile or --prior"),
	START("\037\213", "a gzip file", "gunzip it"),
	START("\375"
	      "7zXZ",
	      "an xz file", "unxz it"),
	START("\x28\xb5\x2f\xfd", "a zstd file", "unzstd it"),
#undef START
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static enum gap_status refuse_known(const struct gap_probe *probe, struct gap_error *error)
{
	for (size_t i = 0; i < LENGTH(known_starts); i++) {
		const struct known_start *known = &known_starts[i];

		if (probe->start_bytes >= known->start_bytes &&
		    memcmp(probe->start, known->start, known->start_bytes) == 0)
			return gap_fail(error, GAP_UNSUPPORTED,
					"%s: recognised as %s, which is not read (%s)", probe->path,
					known->what, known->way_out);
	}
	return GAP_OK;
}

static enum gap_status fail_io(const struct gap_probe *probe, int number, struct gap_error *error)
{
	return gap_fail(error, GAP_IO, "%s: %s", probe->path, strerror(number));
}

static enum gap_status check_kind(struct gap_probe *probe, struct gap_error *error)
{
	struct stat file;

	if (fstat(probe->fd, &file))
		return fail_io(probe, errno, error);
	if (S_ISDIR(file.st_mode))
		return gap_fail(error, GAP_INVALID, "%s: a folder, not a file", probe->path);
	if (!S_ISREG(file.st_mode))
		return gap_fail(error, GAP_UNSUPPORTED, "%s: not a regular file", probe->path);
	if (file.st_size == 0)
		return gap_fail(error, GAP_CORRUPT, "%s: empty", probe->path);
	probe->size_bytes = (uint64_t)file.st_size;
	return GAP_OK;
}

enum gap_status gap_probe_read(const struct gap_probe *probe, uint64_t offset, void *buffer,
			       size_t size_bytes, struct gap_error *error)
{
	unsigned char *at = buffer;

	while (size_bytes > 0) {
		ssize_t got = pread(probe->fd, at, size_bytes, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_io(probe, errno, error);
		if (got == 0)
			return gap_fail(error, GAP_CORRUPT, "%s: cut short", probe->path);
		at += got;
		offset += (size_t)got;
		size_bytes -= (size_t)got;
	}
	return GAP_OK;
}

static enum gap_status read_start(struct gap_probe *probe, unsigned char start[GAP_PROBE_BYTES],
				  struct gap_error *error)
{
	probe->start = start;
	probe->start_bytes =
		probe->size_bytes < GAP_PROBE_BYTES ? (size_t)probe->size_bytes : GAP_PROBE_BYTES;
	return gap_probe_read(probe, 0, start, probe->start_bytes, error);
}

static enum gap_status open_as(const struct gap_source_format *row, const struct gap_probe *probe,
			       struct gap_source_memory *opened, struct gap_error *error)
{
	opened->row = row;
	opened->format = row->name;
	return row->open(probe, opened, error);
}

static enum gap_status open_probed(const struct gap_probe *probe, struct gap_source_memory *opened,
				   struct gap_error *error)
{
	enum gap_status status = refuse_known(probe, error);

	for (size_t i = 0; !status && i < LENGTH(formats); i++)
		if (formats[i]->recognises(probe))
			return open_as(formats[i], probe, opened, error);
	return status ? status
		      : gap_fail(error, GAP_UNSUPPORTED, "%s: format not recognised", probe->path);
}

typedef enum gap_status open_file(const struct gap_probe *probe, struct gap_source_memory *opened,
				  struct gap_error *error);

/* O_NONBLOCK: a pipe by mistake must not make us wait for its writer. */
static enum gap_status with_file(struct gap_probe *probe, open_file *open_it,
				 struct gap_source_memory *opened, struct gap_error *error)
{
	unsigned char start[GAP_PROBE_BYTES];
	enum gap_status status;

	probe->fd = open(probe->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (probe->fd < 0)
		return fail_io(probe, errno, error);
	status = check_kind(probe, error);
	if (!status)
		status = read_start(probe, start, error);
	if (!status)
		status = open_it(probe, opened, error);
	close(probe->fd);
	return status;
}

/* ---- raw:FILE[,split=SIZE] ---- */

static enum gap_status open_raw(const struct gap_probe *probe, struct gap_source_memory *opened,
				struct gap_error *error)
{
	return open_as(&gap_source_raw, probe, opened, error);
}

/* A number of bytes, with K, M or G behind it; whole pages, below the 4 GiB where the rest is. */
static int parse_split(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	unsigned long long number;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 0);
	unit = *end ? strchr(units, *end) : NULL;
	if (errno || (unit ? end[1] : *end) || number > (uint64_t)4 << 30)
		return 0;
	if (unit)
		number <<= 10 * (unit - units + 1);
	*bytes = number;
	return number > 0 && number <= (uint64_t)4 << 30 && number % 4096 == 0;
}

static enum gap_status open_named_raw(const char *name, struct gap_source_memory *opened,
				      struct gap_error *error)
{
	static const char option[] = ",split=";
	const char *split = strstr(name, option);
	char path[4096];
	struct gap_probe probe = {.path = path};

	if (split && !parse_split(split + sizeof(option) - 1, &probe.split_bytes))
		return gap_fail(error, GAP_INVALID, "raw:%s: the split is not a size such as 2G",
				name);
	if (snprintf(path, sizeof(path), "%.*s", (int)(split ? split - name : INT_MAX), name) >=
	    (int)sizeof(path))
		return gap_fail(error, GAP_INVALID, "raw:%s: too long for a path", name);
	return with_file(&probe, open_raw, opened, error);
}

/* ---- opening ---- */

static const struct named {
	const char *prefix;
	enum gap_status (*open)(const char *name, struct gap_source_memory *opened,
				struct gap_error *error);
} named_sources[] = {
	{"raw:", open_named_raw},
	{"qemu:", gap_source_live_open_qemu},
	{"libvirt:", gap_source_live_open_libvirt},
};

static enum gap_status open_source(const char *source, struct gap_source_memory *opened,
				   struct gap_error *error)
{
	struct gap_probe probe = {.path = source};

	for (size_t i = 0; i < LENGTH(named_sources); i++) {
		const struct named *named = &named_sources[i];

		if (strncmp(source, named->prefix, strlen(named->prefix)) == 0)
			return named->open(source + strlen(named->prefix), opened, error);
	}
	return with_file(&probe, open_probed, opened, error);
}

enum gap_status gap_source_memory_open(const char *source, struct gap_source_memory **opened,
				       struct gap_error *error)
{
	struct gap_source_memory *made = calloc(1, sizeof(*made));
	enum gap_status status;

	if (!made)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = open_source(source, made, error);
	if (status)
		free(made);
	else
		*opened = made;
	return status;
}

void gap_source_memory_close(struct gap_source_memory *opened)
{
	if (!opened)
		return;
	if (gap_source_memory_resume(opened, NULL)) {
		/* The guest's monitor is gone, and nobody is left to be told. */
	}
	opened->row->close(opened->state);
	free(opened);
}

const struct gap_memory *gap_source_memory_get(const struct gap_source_memory *opened)
{
	return &opened->memory;
}

const char *gap_source_memory_format(const struct gap_source_memory *opened)
{
	return opened->format;
}

const char *gap_source_memory_warning(const struct gap_source_memory *opened)
{
	return opened->warning.text[0] ? opened->warning.text : NULL;
}

/* ---- live guests ---- */

enum gap_status gap_source_memory_pause(struct gap_source_memory *opened, struct gap_error *error)
{
	int was_running = 0;
	enum gap_status status;

	if (!opened->row->pause)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%s: only a live guest can be paused (qemu:SOCKET, libvirt:DOMAIN)",
				opened->format);
	if (opened->paused)
		return GAP_OK;
	status = opened->row->pause(opened->state, &was_running, error);
	/* Even when that failed half way. */
	opened->paused = was_running;
	return status ? status : gap_source_memory_refresh(opened, error);
}

enum gap_status gap_source_memory_resume(struct gap_source_memory *opened, struct gap_error *error)
{
	enum gap_status status;

	if (!opened->paused)
		return GAP_OK;
	status = opened->row->resume(opened->state, error);
	if (!status)
		opened->paused = 0;
	return status;
}

enum gap_status gap_source_memory_refresh(struct gap_source_memory *opened, struct gap_error *error)
{
	return opened->row->refresh ? opened->row->refresh(opened, error) : GAP_OK;
}
