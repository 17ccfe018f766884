/* SPDX-License-Identifier: MIT */
/*
 * Opening a source of guest memory: what the user named is told apart by its content, and a format
 * that is known but not read is refused, never taken for raw memory. How a format is laid out is
 * its own file's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/probe.h"

struct gap_source_memory {
	struct gap_memory memory;
	const struct gap_source_format *format;
	void *state;
};

/* In the order in which they are asked. Raw memory has no mark of its own and comes last. */
static const struct gap_source_format *const formats[] = {
	&gap_source_raw,
};

/* What a file that begins so is, where nothing here reads it. */
static const struct known_start {
	const char *start;
	size_t start_bytes;
	const char *what;
} known_starts[] = {
#define START(text, what)                                                                          \
	{                                                                                          \
		text, sizeof(text) - 1, what                                                       \
	}
	START("\177ELF", "an ELF core"),
	START("EMiL", "a LiME dump"),
	START("AVML", "an AVML dump"),
	START("KDUMP   ", "a kdump file"),
	START("DISKDUMP", "a diskdump file"),
	START("makedumpfile\0\0\0\0", "a flattened kdump file"),
	START("QEVM", "a QEMU migration stream"),
	START("LibvirtQemudSave", "a saved libvirt domain"),
	START("QFI\373", "a qcow2 disk image"),
	START("\037\213", "a gzip file"),
	START("\375"
	      "7zXZ",
	      "an xz file"),
	START("\x28\xb5\x2f\xfd", "a zstd file"),
#undef START
};

static enum gap_status refuse_known(const struct gap_probe *probe, struct gap_error *error)
{
	for (size_t i = 0; i < sizeof(known_starts) / sizeof(known_starts[0]); i++) {
		const struct known_start *known = &known_starts[i];

		if (probe->start_bytes >= known->start_bytes &&
		    memcmp(probe->start, known->start, known->start_bytes) == 0)
			return gap_fail(error, GAP_UNSUPPORTED,
					"%s: recognised as %s, which this version does not read",
					probe->path, known->what);
	}
	return GAP_OK;
}

static enum gap_status refuse_live(const char *source, struct gap_error *error)
{
	static const char *const prefixes[] = {"qemu:", "libvirt:"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(source, prefixes[i], strlen(prefixes[i])) == 0)
			return gap_fail(
				error, GAP_UNSUPPORTED,
				"%s: live guests are not read by this version; give the file "
				"that holds the guest's RAM",
				source);
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

static enum gap_status read_start(struct gap_probe *probe, unsigned char start[GAP_PROBE_BYTES],
				  struct gap_error *error)
{
	while (probe->start_bytes < GAP_PROBE_BYTES) {
		ssize_t got =
			pread(probe->fd, start + probe->start_bytes,
			      GAP_PROBE_BYTES - probe->start_bytes, (off_t)probe->start_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_io(probe, errno, error);
		if (got == 0)
			break;
		probe->start_bytes += (size_t)got;
	}
	probe->start = start;
	return GAP_OK;
}

static enum gap_status open_probed(const struct gap_probe *probe, struct gap_source_memory *opened,
				   struct gap_error *error)
{
	enum gap_status status = refuse_known(probe, error);

	for (size_t i = 0; !status && i < sizeof(formats) / sizeof(formats[0]); i++) {
		opened->format = formats[i];
		if (formats[i]->recognises(probe))
			return formats[i]->open(probe, &opened->memory, &opened->state, error);
	}
	return status ? status
		      : gap_fail(error, GAP_UNSUPPORTED, "%s: format not recognised", probe->path);
}

/* O_NONBLOCK: a pipe by mistake must not make us wait for its writer. */
static enum gap_status open_file(const char *path, struct gap_source_memory *opened,
				 struct gap_error *error)
{
	struct gap_probe probe = {.path = path,
				  .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	unsigned char start[GAP_PROBE_BYTES];
	enum gap_status status;

	if (probe.fd < 0)
		return fail_io(&probe, errno, error);
	status = check_kind(&probe, error);
	if (!status)
		status = read_start(&probe, start, error);
	if (!status)
		status = open_probed(&probe, opened, error);
	close(probe.fd);
	return status;
}

enum gap_status gap_source_memory_open(const char *source, struct gap_source_memory **opened,
				       struct gap_error *error)
{
	enum gap_status status = refuse_live(source, error);
	struct gap_source_memory *made;

	if (status)
		return status;
	made = calloc(1, sizeof(*made));
	if (!made)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = open_file(source, made, error);
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
	opened->format->close(opened->state);
	free(opened);
}

const struct gap_memory *gap_source_memory_get(const struct gap_source_memory *opened)
{
	return &opened->memory;
}

const char *gap_source_memory_format(const struct gap_source_memory *opened)
{
	return opened->format->name;
}
