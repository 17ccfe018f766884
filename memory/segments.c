/* SPDX-License-Identifier: MIT */
/*
 * The table of pieces: collecting, cleaning, mapping. A file of which a part is missing or said
 * twice still answers for the rest. Where the pieces are is left to the formats.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/segments.h"

enum gap_status gap_segments_create(const struct gap_probe *probe, struct gap_segments **segments,
				    struct gap_error *error)
{
	struct gap_segments *made = calloc(1, sizeof(*made));

	if (!made)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	made->file_bytes = probe->size_bytes;
	made->fd = fcntl(probe->fd, F_DUPFD_CLOEXEC, 0);
	if (made->fd < 0) {
		free(made);
		return gap_fail(error, GAP_IO, "%s: %s", probe->path, strerror(errno));
	}
	*segments = made;
	return GAP_OK;
}

void gap_segments_destroy(void *state)
{
	struct gap_segments *segments = state;

	if (segments->io.close)
		segments->io.close(segments->io.context);
	if (segments->map)
		munmap((void *)(uintptr_t)segments->map, (size_t)segments->file_bytes);
	close(segments->fd);
	free(segments->items);
	free(segments->ranges);
	free(segments->vcpus);
	free(segments);
}

static enum gap_status grow(struct gap_segments *segments)
{
	size_t capacity = segments->capacity ? 2 * segments->capacity : 16;
	struct gap_segment *items = realloc(segments->items, capacity * sizeof(*items));

	if (!items)
		return GAP_NO_MEMORY;
	segments->items = items;
	segments->capacity = capacity;
	return GAP_OK;
}

enum gap_status gap_segments_add(struct gap_segments *segments, struct gap_segment segment)
{
	uint64_t there = 0;

	if (segment.offset < segments->file_bytes)
		there = segments->file_bytes - segment.offset;
	if (segment.size_bytes > there) {
		segments->missing_bytes += segment.size_bytes - there;
		segment.size_bytes = there;
	}
	/* Ends at 2^64 at the latest. */
	if (segment.start > UINT64_MAX - segment.size_bytes)
		segment.size_bytes = UINT64_MAX - segment.start;
	if (segment.size_bytes == 0)
		return GAP_OK;
	if (segments->count == segments->capacity && grow(segments))
		return GAP_NO_MEMORY;
	segments->items[segments->count++] = segment;
	return GAP_OK;
}

/* ---- cleaning ---- */

/* By address; of two at the same address the one that comes first in the file. */
static int compare(const void *left, const void *right)
{
	const struct gap_segment *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Takes from @next what @last has already. */
static void trim(struct gap_segments *segments, const struct gap_segment *last,
		 struct gap_segment *next)
{
	uint64_t end = last->start + last->size_bytes, both;

	if (next->start >= end)
		return;
	both = end - next->start;
	if (both > next->size_bytes)
		both = next->size_bytes;
	/* A dump of virtual mappings names the same bytes of the file many times. */
	if (next->offset - next->start != last->offset - last->start)
		segments->overlap_bytes += both;
	next->start += both;
	next->offset += both;
	next->size_bytes -= both;
}

static int joins(const struct gap_segment *last, const struct gap_segment *next)
{
	return next->start == last->start + last->size_bytes &&
	       next->offset == last->offset + last->size_bytes;
}

static void clean(struct gap_segments *segments)
{
	struct gap_segment *items = segments->items;
	size_t kept = 0;

	if (segments->count > 0)
		qsort(items, segments->count, sizeof(*items), compare);
	for (size_t i = 0; i < segments->count; i++) {
		struct gap_segment next = items[i];

		if (kept > 0)
			trim(segments, &items[kept - 1], &next);
		if (next.size_bytes == 0)
			continue;
		if (kept > 0 && joins(&items[kept - 1], &next))
			items[kept - 1].size_bytes += next.size_bytes;
		else
			items[kept++] = next;
	}
	segments->count = kept;
}

/* ---- answering ---- */

/* The piece that holds @address, or NULL. */
static const struct gap_segment *find(const struct gap_segments *segments, uint64_t address)
{
	size_t low = 0, high = segments->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct gap_segment *segment = &segments->items[middle];

		if (address < segment->start)
			high = middle;
		else if (address - segment->start < segment->size_bytes)
			return segment;
		else
			low = middle + 1;
	}
	return NULL;
}

/* From a place in a hole of the file to the next data. */
static uint64_t hole_bytes(void *context, struct gap_paddr address)
{
	const struct gap_segments *segments = context;
	const struct gap_segment *segment = find(segments, address.value);
	uint64_t offset, left;
	off_t data;

	if (!segment)
		return 0;
	offset = segment->offset + (address.value - segment->start);
	left = segment->offset + segment->size_bytes - offset;
	data = lseek(segments->fd, (off_t)offset, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? left : 0;
	return (uint64_t)data - offset < left ? (uint64_t)data - offset : left;
}

/* For files that cannot be mapped, as /proc/kcore: the kernel's own cache is the only one. */
static enum gap_status read_file(const struct gap_segments *segments, uint64_t offset, void *buffer,
				 size_t size_bytes)
{
	unsigned char *at = buffer;

	while (size_bytes > 0) {
		ssize_t got = pread(segments->fd, at, size_bytes, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return GAP_UNREADABLE;
		at += got;
		offset += (size_t)got;
		size_bytes -= (size_t)got;
	}
	return GAP_OK;
}

/* The runtime asks for no more than one range has. */
static enum gap_status read_memory(void *context, struct gap_paddr address, void *buffer,
				   size_t size_bytes)
{
	const struct gap_segments *segments = context;
	const struct gap_segment *segment = find(segments, address.value);
	uint64_t into;

	if (!segment)
		return GAP_UNREADABLE;
	into = address.value - segment->start;
	if (size_bytes > segment->size_bytes - into)
		return GAP_UNREADABLE;
	if (segments->io.read)
		return segments->io.read(segments->io.context, segment->offset + into, buffer,
					 size_bytes);
	return read_file(segments, segment->offset + into, buffer, size_bytes);
}

static void map_file(struct gap_segments *segments)
{
	void *map = MAP_FAILED;

	if (!segments->io.read && segments->file_bytes <= SIZE_MAX)
		map = mmap(NULL, (size_t)segments->file_bytes, PROT_READ, MAP_SHARED, segments->fd,
			   0);
	segments->map = map == MAP_FAILED ? NULL : map;
}

static enum gap_status make_ranges(struct gap_segments *segments)
{
	segments->ranges = calloc(segments->count, sizeof(*segments->ranges));
	if (!segments->ranges)
		return GAP_NO_MEMORY;
	for (size_t i = 0; i < segments->count; i++) {
		const struct gap_segment *segment = &segments->items[i];

		segments->ranges[i] = (struct gap_memory_range){
			{segment->start},
			segment->size_bytes,
			segments->map ? segments->map + segment->offset : NULL};
	}
	return GAP_OK;
}

static void warn(const struct gap_probe *probe, const struct gap_segments *segments,
		 struct gap_source_memory *opened)
{
	if (opened->warning.text[0])
		return;
	if (segments->missing_bytes > 0)
		gap_fail(&opened->warning, GAP_OK,
			 "%s: cut short: %llu bytes of guest memory are missing", probe->path,
			 (unsigned long long)segments->missing_bytes);
	else if (segments->overlap_bytes > 0 && (segments->map || segments->io.read))
		gap_fail(&opened->warning, GAP_OK,
			 "%s: %llu bytes of guest memory are there twice; the first are believed",
			 probe->path, (unsigned long long)segments->overlap_bytes);
}

enum gap_status gap_segments_open(const struct gap_probe *probe, struct gap_segments *segments,
				  struct gap_source_memory *opened, struct gap_error *error)
{
	clean(segments);
	if (segments->count == 0)
		return gap_fail(error, GAP_CORRUPT, "%s: no guest memory in it%s", probe->path,
				segments->missing_bytes ? ": cut short" : "");
	map_file(segments);
	if (make_ranges(segments))
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	warn(probe, segments, opened);
	opened->memory.ranges = segments->ranges;
	opened->memory.range_count = segments->count;
	opened->memory.read = read_memory;
	opened->memory.zero_bytes = segments->io.read ? NULL : hole_bytes;
	opened->memory.context = segments;
	opened->state = segments;
	return GAP_OK;
}
