/* SPDX-License-Identifier: MIT */
/*
 * LiME dumps, version 1: a header of 32 bytes before each range (magic, version, first and last
 * address, zero), the range's bytes behind it. AVML writes the same when it does not compress. A
 * chain that breaks answers for the ranges before the break.
 *
 * The format: doc/README.md of LiME, src/lime.h.
 */
#include <string.h>

#include "memory/segments.h"

struct header {
	uint32_t magic, version;
	uint64_t first, last, reserved;
};

#define MAGIC 0x4c694d45u /* "EMiL" */

static int recognises(const struct gap_probe *probe)
{
	uint32_t magic;

	if (probe->start_bytes < sizeof(magic))
		return 0;
	memcpy(&magic, probe->start, sizeof(magic));
	return magic == MAGIC;
}

/* NULL, or what is wrong with it. */
static const char *complaint(const struct header *header)
{
	if (header->magic != MAGIC)
		return "no header";
	if (header->version != 1)
		return "a header of another version than 1";
	if (header->last < header->first)
		return "a range that ends before it begins";
	if (header->last - header->first >= (uint64_t)1 << 62)
		return "a range of absurd size";
	return NULL;
}

static enum gap_status broken(const struct gap_probe *probe, uint64_t offset, const char *what,
			      int is_first, struct gap_source_memory *opened,
			      struct gap_error *error)
{
	if (is_first)
		return gap_fail(error, GAP_CORRUPT, "%s: %s at byte %llu", probe->path, what,
				(unsigned long long)offset);
	gap_fail(&opened->warning, GAP_OK, "%s: %s at byte %llu: what follows there is not read",
		 probe->path, what, (unsigned long long)offset);
	return GAP_OK;
}

static enum gap_status walk(const struct gap_probe *probe, struct gap_segments *segments,
			    struct gap_source_memory *opened, struct gap_error *error)
{
	uint64_t offset = 0;

	while (offset < probe->size_bytes) {
		struct header header;
		struct gap_segment segment;
		const char *wrong = "a header that is cut short";

		if (probe->size_bytes - offset >= sizeof(header)) {
			enum gap_status status =
				gap_probe_read(probe, offset, &header, sizeof(header), error);

			if (status)
				return status;
			wrong = complaint(&header);
		}
		if (wrong)
			return broken(probe, offset, wrong, offset == 0, opened, error);
		segment = (struct gap_segment){header.first, header.last - header.first + 1,
					       offset + sizeof(header)};
		if (gap_segments_add(segments, segment))
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		if (segment.size_bytes > probe->size_bytes - segment.offset)
			break;
		offset = segment.offset + segment.size_bytes;
	}
	return GAP_OK;
}

static enum gap_status open_lime(const struct gap_probe *probe, struct gap_source_memory *opened,
				 struct gap_error *error)
{
	struct gap_segments *segments;
	enum gap_status status = gap_segments_create(probe, &segments, error);

	if (status)
		return status;
	status = walk(probe, segments, opened, error);
	if (!status)
		status = gap_segments_open(probe, segments, opened, error);
	if (status)
		gap_segments_destroy(segments);
	return status;
}

const struct gap_source_format gap_source_lime = {
	.name = "LiME",
	.recognises = recognises,
	.open = open_lime,
	.close = gap_segments_destroy,
};
