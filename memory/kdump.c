/* SPDX-License-Identifier: MIT */
/*
 * Compressed kdump files, as makedumpfile and QEMU (format kdump-raw-*) write them, read through
 * libkdumpfile, which has a page cache of its own. A context of that library serves one thread at
 * a time: readers wait for each other.
 */
#include <libkdumpfile/kdumpfile.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/segments.h"
#include "memory/vcpu_notes.h"

/* What is looked at of the file's header before libkdumpfile gets it; that library (0.5.1) believes
 * what it reads. struct disk_dump_header of makedumpfile and of QEMU (include/sysemu/dump.h). */
struct header {
	char signature[8];
	uint32_t version;
	char names[6][65];
	char pad[6]; /* of the time stamp behind */
	uint64_t times[2];
	uint32_t status, block_bytes, subheader_blocks, bitmap_blocks, page_max;
};

#define PAGE_MAX_64_AT 96 /* max_mapnr_64 of struct kdump_sub_header */
#define RANGES_MAX                                                                                 \
	1000000 /* a filtered dump is full of holes; behind this many they are not told */

struct kdump {
	kdump_ctx_t *context;
	pthread_mutex_t lock;
};

static int recognises(const struct gap_probe *probe)
{
	return probe->start_bytes >= 8 && (memcmp(probe->start, "KDUMP   ", 8) == 0 ||
					   memcmp(probe->start, "DISKDUMP", 8) == 0);
}

static enum gap_status read_pages(void *context, uint64_t offset, void *buffer, size_t size_bytes)
{
	struct kdump *kdump = context;
	size_t wanted = size_bytes;
	kdump_status status;

	pthread_mutex_lock(&kdump->lock);
	status = kdump_read(kdump->context, KDUMP_MACHPHYSADDR, offset, buffer, &size_bytes);
	if (status != KDUMP_OK)
		kdump_clear_err(kdump->context);
	pthread_mutex_unlock(&kdump->lock);
	return status == KDUMP_OK && size_bytes == wanted ? GAP_OK : GAP_UNREADABLE;
}

static void close_kdump(void *context)
{
	struct kdump *kdump = context;

	if (kdump->context)
		kdump_free(kdump->context);
	pthread_mutex_destroy(&kdump->lock);
	free(kdump);
}

static enum gap_status make(struct gap_segments *segments, struct kdump **made)
{
	struct kdump *kdump = calloc(1, sizeof(*kdump));

	if (!kdump || pthread_mutex_init(&kdump->lock, NULL)) {
		free(kdump);
		return GAP_NO_MEMORY;
	}
	kdump->context = kdump_new();
	if (!kdump->context) {
		pthread_mutex_destroy(&kdump->lock);
		free(kdump);
		return GAP_NO_MEMORY;
	}
	segments->io = (struct gap_segments_io){read_pages, NULL, close_kdump, kdump};
	*made = kdump;
	return GAP_OK;
}

static enum gap_status fail(const struct gap_probe *probe, struct kdump *kdump, kdump_status status,
			    struct gap_error *error)
{
	enum gap_status kind = status == KDUMP_ERR_CORRUPT ? GAP_CORRUPT : GAP_UNSUPPORTED;

	return gap_fail(error, status == KDUMP_ERR_SYSTEM ? GAP_IO : kind,
			"%s: a kdump file: libkdumpfile says: %s", probe->path,
			kdump_get_err(kdump->context));
}

/* From version 6 on the sub-header counts the pages again, in 64 bits. */
static uint64_t count_pages(const struct gap_probe *probe, const struct header *header)
{
	uint64_t pages = header->page_max;

	if (header->version >= 6 && gap_probe_read(probe, header->block_bytes + PAGE_MAX_64_AT,
						   &pages, sizeof(pages), NULL))
		return UINT64_MAX;
	return pages > header->page_max ? pages : header->page_max;
}

static enum gap_status check_header(const struct gap_probe *probe, struct gap_error *error)
{
	struct header header;
	uint64_t bitmap_end, bits;

	if (probe->start_bytes < sizeof(header))
		return gap_fail(error, GAP_CORRUPT, "%s: a kdump file cut short in its header",
				probe->path);
	memcpy(&header, probe->start, sizeof(header));
	if (header.version < 1 || header.version > 64 || header.block_bytes < 4096 ||
	    header.block_bytes > 65536 || header.block_bytes & (header.block_bytes - 1))
		return gap_fail(error, GAP_CORRUPT, "%s: a kdump file with an odd header",
				probe->path);
	bitmap_end =
		(1 + (uint64_t)header.subheader_blocks + header.bitmap_blocks) * header.block_bytes;
	bits = (uint64_t)header.bitmap_blocks * header.block_bytes * 8;
	if (bitmap_end > probe->size_bytes || count_pages(probe, &header) > bits)
		return gap_fail(error, GAP_CORRUPT, "%s: a kdump file cut short in its bitmaps",
				probe->path);
	return GAP_OK;
}

/* ---- which pages are there ---- */

static enum gap_status add_run(struct gap_segments *segments, kdump_addr_t first, kdump_addr_t last,
			       uint64_t page_bytes)
{
	uint64_t start, size_bytes;

	if (last > UINT64_MAX / page_bytes)
		last = UINT64_MAX / page_bytes;
	if (first >= last)
		return GAP_OK;
	start = first * page_bytes;
	size_bytes = (last - first) * page_bytes;
	return gap_segments_add(segments, (struct gap_segment){start, size_bytes, start});
}

static enum gap_status add_runs(struct gap_segments *segments, kdump_bmp_t *pages,
				kdump_addr_t page_max, uint64_t page_bytes)
{
	kdump_addr_t first = 0, last;

	while (first < page_max && kdump_bmp_find_set(pages, &first) == KDUMP_OK) {
		last = first;
		if (segments->count >= RANGES_MAX ||
		    kdump_bmp_find_clear(pages, &last) != KDUMP_OK || last > page_max)
			last = page_max;
		if (add_run(segments, first, last, page_bytes))
			return GAP_NO_MEMORY;
		if (last <= first)
			break;
		first = last;
	}
	return GAP_OK;
}

static enum gap_status add_memory(const struct gap_probe *probe, struct gap_segments *segments,
				  struct kdump *kdump, struct gap_error *error)
{
	kdump_attr_t pages = {.type = KDUMP_BITMAP};
	kdump_num_t page_max, page_bytes;
	kdump_status status;
	enum gap_status result;

	status = kdump_get_number_attr(kdump->context, "max_pfn", &page_max);
	if (status == KDUMP_OK)
		status = kdump_get_number_attr(kdump->context, KDUMP_ATTR_PAGE_SIZE, &page_bytes);
	if (status != KDUMP_OK)
		return fail(probe, kdump, status, error);
	if (page_bytes == 0)
		return gap_fail(error, GAP_CORRUPT, "%s: a kdump file of no page size",
				probe->path);
	segments->file_bytes = UINT64_MAX;
	if (kdump_get_typed_attr(kdump->context, KDUMP_ATTR_FILE_PAGEMAP, &pages) != KDUMP_OK) {
		result = add_run(segments, 0, page_max, page_bytes);
	} else {
		result = add_runs(segments, pages.val.bitmap, page_max, page_bytes);
		kdump_bmp_decref(pages.val.bitmap);
	}
	return result ? gap_fail(error, result, "out of memory") : GAP_OK;
}

/* Every page's bytes must be in the file: libkdumpfile does not look. Its descriptors lie behind the
 * bitmaps, one per page that is there (struct page_desc of makedumpfile). */
static enum gap_status check_pages(const struct gap_probe *probe,
				   const struct gap_segments *segments, struct gap_error *error)
{
	struct page {
		uint64_t offset;
		uint32_t size_bytes, flags;
		uint64_t page_flags;
	} pages[512];
	struct header header;
	uint64_t at, left = 0;

	memcpy(&header, probe->start, sizeof(header));
	at = (1 + (uint64_t)header.subheader_blocks + header.bitmap_blocks) * header.block_bytes;
	for (size_t i = 0; i < segments->count; i++)
		left += segments->items[i].size_bytes / header.block_bytes;
	while (left > 0) {
		size_t count = left < 512 ? (size_t)left : 512;
		enum gap_status status =
			gap_probe_read(probe, at, pages, count * sizeof(pages[0]), error);

		if (status)
			return status;
		for (size_t i = 0; i < count; i++)
			if (pages[i].offset > probe->size_bytes ||
			    pages[i].size_bytes > header.block_bytes ||
			    pages[i].size_bytes > probe->size_bytes - pages[i].offset)
				return gap_fail(error, GAP_CORRUPT,
						"%s: a kdump file cut short, or damaged",
						probe->path);
		at += count * sizeof(pages[0]);
		left -= count;
	}
	return GAP_OK;
}

/* ---- registers ---- */

static const struct register_name {
	const char *names[2]; /* x86-64, arm64 */
	uint32_t known;
	size_t offset;
} registers[] = {
#define AT(member) offsetof(struct gap_vcpu, member)
	{{"rip", "pc"}, GAP_VCPU_PC, AT(pc)},
	{{"rsp", "sp"}, GAP_VCPU_SP, AT(sp)},
	{{"rbp", "x29"}, GAP_VCPU_FP, AT(fp)},
	{{"rflags", "pstate"}, GAP_VCPU_FLAGS, AT(flags)},
#undef AT
};

static int get_register(struct kdump *kdump, uint32_t cpu, const char *name, uint64_t *value)
{
	kdump_attr_t number = {.type = KDUMP_NUMBER};
	char key[64];

	snprintf(key, sizeof(key), "cpu.%u.reg.%s", cpu, name);
	if (kdump_get_typed_attr(kdump->context, key, &number) != KDUMP_OK) {
		kdump_clear_err(kdump->context);
		return 0;
	}
	*value = number.val.number;
	return 1;
}

static void take_registers(struct kdump *kdump, struct gap_vcpu *vcpu)
{
	uint64_t cs;

	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		for (int k = 0; k < 2; k++)
			if (get_register(kdump, vcpu->index, registers[i].names[k],
					 (uint64_t *)(void *)((char *)vcpu + registers[i].offset)))
				vcpu->known |= registers[i].known;
	if (get_register(kdump, vcpu->index, "cs", &cs)) {
		vcpu->user_mode = (cs & 3) == 3;
		vcpu->known |= GAP_VCPU_USER_MODE;
	}
}

static void take_vcpus(struct kdump *kdump, struct gap_segments *segments,
		       struct gap_source_memory *opened)
{
	kdump_num_t count;

	if (kdump_get_number_attr(kdump->context, "cpu.number", &count) != KDUMP_OK || count == 0 ||
	    count > GAP_VCPU_MAX)
		return;
	segments->vcpus = calloc((size_t)count, sizeof(*segments->vcpus));
	if (!segments->vcpus)
		return;
	for (uint32_t i = 0; i < count; i++) {
		segments->vcpus[i].index = i;
		take_registers(kdump, &segments->vcpus[i]);
	}
	opened->memory.vcpus = segments->vcpus;
	opened->memory.vcpu_count = (size_t)count;
}

static enum gap_status open_with(const struct gap_probe *probe, struct gap_segments *segments,
				 struct gap_source_memory *opened, struct gap_error *error)
{
	struct kdump *kdump;
	enum gap_status status = make(segments, &kdump);
	kdump_status opens;

	if (status)
		return gap_fail(error, status, "out of memory");
	/* Mapped, a file that is cut short would end the reader. */
	if (kdump_set_number_attr(kdump->context, "file.mmap_policy", KDUMP_MMAP_NEVER) != KDUMP_OK)
		kdump_clear_err(kdump->context);
	opens = kdump_open_fd(kdump->context, segments->fd);
	if (opens != KDUMP_OK) {
		status = fail(probe, kdump, opens, error);
		kdump->context = NULL; /* to free it after that crashes in 0.5.1: it is lost */
		return status;
	}
	status = add_memory(probe, segments, kdump, error);
	if (!status)
		status = check_pages(probe, segments, error);
	if (status)
		return status;
	take_vcpus(kdump, segments, opened);
	return gap_segments_open(probe, segments, opened, error);
}

static enum gap_status open_kdump(const struct gap_probe *probe, struct gap_source_memory *opened,
				  struct gap_error *error)
{
	struct gap_segments *segments;
	enum gap_status status = check_header(probe, error);

	if (!status)
		status = gap_segments_create(probe, &segments, error);
	if (status)
		return status;
	status = open_with(probe, segments, opened, error);
	if (status)
		gap_segments_destroy(segments);
	return status;
}

const struct gap_source_format gap_source_kdump = {
	.name = "kdump",
	.recognises = recognises,
	.open = open_kdump,
	.close = gap_segments_destroy,
};
