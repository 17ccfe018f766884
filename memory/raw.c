/* SPDX-License-Identifier: MIT */
/*
 * A raw file: byte N of the file is guest-physical byte N, as QEMU's memory-backend-file with
 * share=on keeps it. Mapped read-only and shared, so that a live guest's writes are seen.
 *
 * Guests whose RAM is split around the PCI hole (q35 above 2 GiB, pc above 3 GiB) have a file that
 * is laid out otherwise: its first part is the memory below the hole, the rest begins at 4 GiB.
 * The file does not tell; the caller does (split_bytes), or the map comes over QMP.
 */
#include "memory/segments.h"

#define PAGE_BYTES 4096
#define HIGH_START ((uint64_t)4 << 30)

/* Last in the table: whatever nothing else knows. */
static int recognises(const struct gap_probe *probe)
{
	(void)probe;
	return 1;
}

static enum gap_status add_segments(const struct gap_probe *probe, struct gap_segments *segments)
{
	uint64_t size = probe->size_bytes & ~(uint64_t)(PAGE_BYTES - 1), split = probe->split_bytes;

	if (split == 0 || split >= size)
		return gap_segments_add(segments, (struct gap_segment){0, size, 0});
	if (gap_segments_add(segments, (struct gap_segment){0, split, 0}))
		return GAP_NO_MEMORY;
	return gap_segments_add(segments, (struct gap_segment){HIGH_START, size - split, split});
}

static void warn(const struct gap_probe *probe, struct gap_source_memory *opened)
{
	if (probe->size_bytes % PAGE_BYTES)
		gap_fail(&opened->warning, GAP_OK,
			 "%s: %llu bytes are not whole pages: cut short, or not guest memory",
			 probe->path, (unsigned long long)probe->size_bytes);
}

static enum gap_status open_raw(const struct gap_probe *probe, struct gap_source_memory *opened,
				struct gap_error *error)
{
	struct gap_segments *segments;
	enum gap_status status;

	if (probe->size_bytes < PAGE_BYTES)
		return gap_fail(error, GAP_CORRUPT, "%s: not even one page of guest memory",
				probe->path);
	status = gap_segments_create(probe, &segments, error);
	if (status)
		return status;
	warn(probe, opened);
	status = add_segments(probe, segments);
	if (status)
		gap_fail(error, status, "out of memory");
	else
		status = gap_segments_open(probe, segments, opened, error);
	if (status)
		gap_segments_destroy(segments);
	return status;
}

const struct gap_source_format gap_source_raw = {
	.name = "raw",
	.recognises = recognises,
	.open = open_raw,
	.close = gap_segments_destroy,
};
