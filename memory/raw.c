/* SPDX-License-Identifier: MIT */
/*
 * A raw file: byte N of the file is guest-physical byte N, as QEMU's memory-backend-file with
 * share=on keeps it. Mapped read-only and shared, so that a live guest's writes are seen. Guests
 * whose RAM is split around the PCI hole (q35 above 2 GiB) have a file that is not laid out so:
 * their map must come from QMP, which is another source's work.
 *
 * The file must not be cut while it is mapped: the system would then end the process that reads
 * beyond its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/probe.h"

#define PAGE_BYTES 4096

struct raw {
	struct gap_memory_range range;
	int fd; /* for its holes; -1 none */
};

/* Last in the table: whatever nothing else knows. */
static int recognises(const struct gap_probe *probe)
{
	(void)probe;
	return 1;
}

static enum gap_status check_size(const struct gap_probe *probe, struct gap_error *error)
{
	if (probe->size_bytes % PAGE_BYTES)
		return gap_fail(error, GAP_CORRUPT,
				"%s: %llu bytes are not whole pages: cut off, or not guest memory",
				probe->path, (unsigned long long)probe->size_bytes);
	if (probe->size_bytes > SIZE_MAX)
		return gap_fail(error, GAP_UNSUPPORTED, "%s: too large to be mapped here",
				probe->path);
	return GAP_OK;
}

/* From a place in a hole to the next data. */
static uint64_t hole_bytes(void *context, struct gap_paddr address)
{
	const struct raw *raw = context;
	uint64_t size_bytes = raw->range.size_bytes;
	off_t data;

	if (raw->fd < 0 || address.value >= size_bytes)
		return 0;
	data = lseek(raw->fd, (off_t)address.value, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? size_bytes - address.value : 0;
	return (uint64_t)data < size_bytes ? (uint64_t)data - address.value
					   : size_bytes - address.value;
}

static enum gap_status map_file(const struct gap_probe *probe, struct raw *raw,
				struct gap_error *error)
{
	void *data = mmap(NULL, (size_t)probe->size_bytes, PROT_READ, MAP_SHARED, probe->fd, 0);

	if (data == MAP_FAILED)
		return gap_fail(error, GAP_IO, "%s: cannot be mapped: %s", probe->path,
				strerror(errno));
	raw->range = (struct gap_memory_range){{0}, probe->size_bytes, data};
	raw->fd = fcntl(probe->fd, F_DUPFD_CLOEXEC, 0);
	return GAP_OK;
}

static enum gap_status open_raw(const struct gap_probe *probe, struct gap_memory *memory,
				void **state, struct gap_error *error)
{
	enum gap_status status = check_size(probe, error);
	struct raw *raw;

	if (status)
		return status;
	raw = malloc(sizeof(*raw));
	if (!raw)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = map_file(probe, raw, error);
	if (status) {
		free(raw);
		return status;
	}
	*memory = (struct gap_memory){
		.ranges = &raw->range, .range_count = 1, .zero_bytes = hole_bytes, .context = raw};
	*state = raw;
	return GAP_OK;
}

static void close_raw(void *state)
{
	struct raw *raw = state;

	munmap((void *)(uintptr_t)raw->range.data, (size_t)raw->range.size_bytes);
	if (raw->fd >= 0)
		close(raw->fd);
	free(raw);
}

const struct gap_source_format gap_source_raw = {
	.name = "raw",
	.recognises = recognises,
	.open = open_raw,
	.close = close_raw,
};
