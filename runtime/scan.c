/* SPDX-License-Identifier: MIT */
/*
 * Searching guest-physical memory, piece by piece. The pieces overlap by the length of the needle;
 * those that are not mapped pass through a window. What the finds mean is left to the caller.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/arch.h"
#include "runtime/scan.h"

#define PIECE_BYTES ((size_t)64 << 10)

struct scan {
	const struct gap_memory *memory;
	const char *needle;
	size_t needle_bytes;
	gap_scan_visit *visit;
	void *context;
	unsigned char *window; /* for what is not mapped; NULL until needed */
};

/* Searches bytes that stand for memory from @start on: true when the visitor has seen enough. */
static int scan_bytes(const struct scan *scan, const unsigned char *data, size_t size_bytes,
		      uint64_t start)
{
	const unsigned char *at = data, *end = data + size_bytes;

	while ((at = memmem(at, (size_t)(end - at), scan->needle, scan->needle_bytes))) {
		struct gap_paddr found = {start + (uint64_t)(at - data)};

		if (scan->visit(scan->context, found))
			return 1;
		at++;
	}
	return 0;
}

/* Fills the window; a page that cannot be read becomes zeros. */
static void fill_window(const struct scan *scan, uint64_t start, size_t size_bytes)
{
	struct gap_paddr at = {start};

	if (!gap_memory_read(scan->memory, at, scan->window, size_bytes))
		return;
	for (size_t done = 0; done < size_bytes; done += GAP_PAGE_BYTES) {
		size_t part =
			size_bytes - done < GAP_PAGE_BYTES ? size_bytes - done : GAP_PAGE_BYTES;

		at.value = start + done;
		if (gap_memory_read(scan->memory, at, scan->window + done, part))
			memset(scan->window + done, 0, part);
	}
}

/* How much of @left bytes from @start on need not be looked at. */
static uint64_t skipped(const struct scan *scan, uint64_t start, uint64_t left)
{
	struct gap_paddr at = {start};
	uint64_t zeros = 0;

	if (scan->memory->zero_bytes)
		zeros = scan->memory->zero_bytes(scan->memory->context, at);
	return zeros < left ? zeros : left;
}

/* Most of a guest's memory holds nothing. */
static int is_zero(const unsigned char *data, size_t size_bytes)
{
	return size_bytes && !data[0] && memcmp(data, data + 1, size_bytes - 1) == 0;
}

static int scan_piece(const struct scan *scan, const struct gap_memory_range *range,
		      uint64_t offset, size_t size_bytes)
{
	uint64_t start = range->start.value + offset;

	if (range->data && is_zero(range->data + offset, size_bytes))
		return 0;
	if (range->data)
		return scan_bytes(scan, range->data + offset, size_bytes, start);
	fill_window(scan, start, size_bytes);
	return scan_bytes(scan, scan->window, size_bytes, start);
}

static int scan_range(const struct scan *scan, const struct gap_memory_range *range)
{
	uint64_t step = PIECE_BYTES - (scan->needle_bytes - 1), left, done = 0;

	for (;;) {
		done += skipped(scan, range->start.value + done, range->size_bytes - done);
		left = range->size_bytes - done;
		if (scan_piece(scan, range, done, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES))
			return 1;
		if (left <= PIECE_BYTES)
			return 0;
		done += step;
	}
}

enum gap_status gap_memory_scan(const struct gap_memory *memory, const char *needle,
				gap_scan_visit *visit, void *context)
{
	struct scan scan = {memory, needle, strlen(needle), visit, context, NULL};
	int stop = 0;

	for (size_t i = 0; !stop && i < memory->range_count; i++) {
		if (!memory->ranges[i].data && !scan.window)
			scan.window = malloc(PIECE_BYTES);
		if (!memory->ranges[i].data && !scan.window)
			return GAP_NO_MEMORY;
		stop = scan_range(&scan, &memory->ranges[i]);
	}
	free(scan.window);
	return GAP_OK;
}

size_t gap_memory_read_some(const struct gap_memory *memory, struct gap_paddr address, void *buffer,
			    size_t capacity)
{
	size_t left = GAP_PAGE_BYTES - address.value % GAP_PAGE_BYTES;

	if (!gap_memory_read(memory, address, buffer, capacity))
		return capacity;
	if (left > capacity || gap_memory_read(memory, address, buffer, left))
		return 0;
	return left;
}
