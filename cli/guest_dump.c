/* SPDX-License-Identifier: MIT */
/*
 * semgap guest dump-process: the memory of a process as an ELF core file, a segment for each of its
 * mappings. Pages that are not in memory (never touched, swapped out) are zeros in the file and
 * counted beside it.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/guest_out.h"
#include "cli/guest_place.h"
#include "cli/guest_process.h"
#include "profile/vector.h"
#include "runtime/include/semgap/maps.h"

#define PAGE_BYTES 4096
#define SEGMENTS_MAX 65000          /* more the file format cannot count, nor Linux map */
#define DUMP_BYTES_MAX (1ull << 40) /* absurd mappings are passed over */

struct segment {
	uint64_t start, end, missing_bytes, offset;
	char flags[5];
	char *path;
};

GAP_VECTOR(segment_rows, struct segment);

struct dump {
	struct gap_guest *guest;
	struct gap_address_space space;
	struct segment_rows segments;
	FILE *file;
	bool is_narrow; /* a 32-bit file */
};

static void dump_deinit(struct dump *dump)
{
	for (uint32_t i = 0; i < dump->segments.count; i++)
		free(dump->segments.items[i].path);
	free(dump->segments.items);
}

/* ---- what there is ---- */

static enum gap_status take_map(struct dump *dump, const struct gap_map *map, uint64_t *total,
				struct gap_error *error)
{
	struct segment *segment;

	if (map->end <= map->start || map->end - map->start > DUMP_BYTES_MAX - *total)
		return gap_fail(error, GAP_PARTIAL, "the mapping at 0x%llx is absurdly large",
				(unsigned long long)map->start);
	if (dump->segments.count >= SEGMENTS_MAX)
		return gap_fail(error, GAP_PARTIAL, "there are more than %d mappings",
				SEGMENTS_MAX);
	segment = segment_rows_push(&dump->segments);
	if (!segment)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	*segment = (struct segment){.start = map->start, .end = map->end};
	memcpy(segment->flags, map->flags, sizeof(segment->flags));
	segment->path = strndup(map->path.bytes, map->path.length);
	*total += map->end - map->start;
	return segment->path ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory");
}

static enum gap_status take_maps(struct dump *dump, struct gap_vaddr mm, struct gap_error *error)
{
	static struct gap_maps maps; /* of the size of a path */
	static struct gap_map map;
	enum gap_status status = gap_maps_init(&maps, dump->guest, error), outcome = GAP_OK;
	uint64_t total = 0;

	if (status)
		return status;
	gap_maps_begin(&maps, mm);
	while (status != GAP_NO_MEMORY && gap_maps_next(&maps, &map)) {
		status = take_map(dump, &map, &total, error);
		if (status)
			outcome = status;
	}
	if (!outcome && maps.status)
		outcome = gap_fail(error, maps.status, "%s", maps.reason);
	return outcome;
}

/* ---- the file ---- */

static uint32_t segment_flags(const char *flags)
{
	return (flags[0] == 'r' ? PF_R : 0u) | (flags[1] == 'w' ? PF_W : 0u) |
	       (flags[2] == 'x' ? PF_X : 0u);
}

static uint64_t whole_pages(uint64_t size_bytes)
{
	return (size_bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* Gives each segment its place behind the headers, and the file its size: holes at the end are part
 * of it. False: a 32-bit file cannot tell of places that far. */
static bool place_segments(struct dump *dump, uint64_t headers_bytes)
{
	uint64_t offset = whole_pages(headers_bytes);

	for (uint32_t i = 0; i < dump->segments.count; i++) {
		struct segment *segment = &dump->segments.items[i];

		segment->offset = offset;
		offset += whole_pages(segment->end - segment->start);
	}
	if (dump->is_narrow && offset > UINT32_MAX) {
		errno = EFBIG;
		return false;
	}
	return ftruncate(fileno(dump->file), (off_t)offset) == 0;
}

/* The headers of a class of ELF: both have the same members, of other widths. */
#define DEFINE_WRITE_HEADERS(name, class, header_type, row_type, width)                            \
	static bool name(struct dump *dump, uint16_t machine)                                      \
	{                                                                                          \
		uint32_t count = dump->segments.count;                                             \
		header_type header = {                                                             \
			.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, class, ELFDATA2LSB,        \
				    EV_CURRENT},                                                   \
			.e_type = ET_CORE,                                                         \
			.e_machine = machine,                                                      \
			.e_version = EV_CURRENT,                                                   \
			.e_phoff = sizeof(header_type),                                            \
			.e_ehsize = sizeof(header_type),                                           \
			.e_phentsize = sizeof(row_type),                                           \
			.e_phnum = (uint16_t)count,                                                \
		};                                                                                 \
		if (!place_segments(dump, sizeof(header) + (uint64_t)count * sizeof(row_type)))    \
			return false;                                                              \
		fwrite(&header, sizeof(header), 1, dump->file);                                    \
		for (uint32_t i = 0; i < count; i++) {                                             \
			const struct segment *segment = &dump->segments.items[i];                  \
			width size_bytes = (width)(segment->end - segment->start);                 \
			row_type row = {                                                           \
				.p_type = PT_LOAD,                                                 \
				.p_flags = segment_flags(segment->flags),                          \
				.p_offset = (width)segment->offset,                                \
				.p_vaddr = (width)segment->start,                                  \
				.p_filesz = size_bytes,                                            \
				.p_memsz = size_bytes,                                             \
				.p_align = PAGE_BYTES,                                             \
			};                                                                         \
			fwrite(&row, sizeof(row), 1, dump->file);                                  \
		}                                                                                  \
		return true;                                                                       \
	}

DEFINE_WRITE_HEADERS(write_wide, ELFCLASS64, Elf64_Ehdr, Elf64_Phdr, uint64_t)
DEFINE_WRITE_HEADERS(write_narrow, ELFCLASS32, Elf32_Ehdr, Elf32_Phdr, uint32_t)

/* Of the guest's class: what a 32-bit process of a 64-bit kernel has is told as the kernel sees it. */
static bool write_headers(struct dump *dump)
{
	struct gap_target target;

	gap_profile_target(gap_guest_profile(dump->guest), &target);
	dump->is_narrow = target.pointer_bytes == 4;
	return dump->is_narrow ? write_narrow(dump, target.machine)
			       : write_wide(dump, target.machine);
}

/* A page that is not there stays a hole of the file. */
static bool write_segment(struct dump *dump, struct segment *segment)
{
	for (uint64_t at = segment->start; at < segment->end; at += PAGE_BYTES) {
		uint64_t left = segment->end - at;
		size_t part = left < PAGE_BYTES ? (size_t)left : PAGE_BYTES;
		struct gap_vaddr address = {at};
		unsigned char page[PAGE_BYTES];

		if (gap_space_read(&dump->space, address, page, part)) {
			segment->missing_bytes += part;
			continue;
		}
		if (fseeko(dump->file, (off_t)(segment->offset + at - segment->start), SEEK_SET) ||
		    fwrite(page, 1, part, dump->file) != part)
			return false;
	}
	return true;
}

static int write_file(struct dump *dump, const char *path)
{
	bool good = true;

	dump->file = fopen(path, "wbe");
	if (!dump->file) {
		say("cannot write %s: %s", path, strerror(errno));
		return EXIT_UNUSABLE;
	}
	good = write_headers(dump);
	for (uint32_t i = 0; i < dump->segments.count && good; i++)
		good = write_segment(dump, &dump->segments.items[i]);
	good = good && !ferror(dump->file);
	good = fclose(dump->file) == 0 && good;
	if (good)
		return EXIT_DONE;
	say("cannot write %s: %s", path, strerror(errno));
	unlink(path);
	return EXIT_UNUSABLE;
}

/* ---- what was written ---- */

static void print_table(const struct dump *dump)
{
	printf("%-14s %-14s %-4s %12s %12s %s\n", "START", "END", "FLAG", "BYTES", "MISSING",
	       "PATH");
	for (uint32_t i = 0; i < dump->segments.count; i++) {
		const struct segment *segment = &dump->segments.items[i];

		printf("%014llx %014llx %-4s %12llu %12llu ", (unsigned long long)segment->start,
		       (unsigned long long)segment->end, segment->flags,
		       (unsigned long long)(segment->end - segment->start - segment->missing_bytes),
		       (unsigned long long)segment->missing_bytes);
		out_text(segment->path, strlen(segment->path));
		putchar('\n');
	}
}

static void print_json(const struct dump *dump, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	out_json_begin(&json, "semgap/dump-process/1", status, error, "segments");
	for (uint32_t i = 0; i < dump->segments.count; i++) {
		const struct segment *segment = &dump->segments.items[i];

		gap_json_line(&json);
		gap_json_open(&json, '{');
		out_json_hex(&json, "start", true, segment->start);
		out_json_hex(&json, "end", true, segment->end);
		gap_json_key_name(&json, "flags", segment->flags);
		out_json_hex(&json, "offset", true, segment->offset);
		out_json_hex(&json, "missing_bytes", true, segment->missing_bytes);
		gap_json_key_text(&json, "path", segment->path, strlen(segment->path));
		gap_json_close(&json, '}');
	}
	json_end(&json);
}

static int dump_task(struct dump *dump, const struct guest_request *request,
		     const struct gap_task *task)
{
	struct gap_error error = {{0}};
	enum gap_status status =
		place_open_space(dump->guest, (uint64_t)task->pid, &dump->space, &error);
	int result;

	if (!status)
		status = take_maps(dump, task->mm, &error);
	if (status && status != GAP_PARTIAL)
		return say_failure(status, &error);
	result = write_file(dump, request->output);
	if (result)
		return result;
	if (request->json)
		print_json(dump, status, &error);
	else
		print_table(dump);
	return out_finish(status, &error);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct dump dump = {.guest = guest};
	struct gap_error error = {{0}};
	struct gap_task task;
	enum gap_status status;
	int result;

	if (!request->output) {
		say("guest dump-process: -o FILE is required");
		return EXIT_UNUSABLE;
	}
	status = find_process(guest, request->operands[0], &task, &error);
	if (status)
		return say_failure(status, &error);
	result = dump_task(&dump, request, &task);
	dump_deinit(&dump);
	return result;
}

const struct guest_view guest_view_dump_process = {
	.name = "dump-process",
	.operands = "PID",
	.summary = "the memory of a process, as an ELF core file",
	.help = "  -o FILE   the file to write; it has holes where memory is missing\n"
		"\n"
		"Pages that were never touched or are swapped out are counted as missing.\n",
	.operand_min = 1,
	.operand_max = 1,
	.options = GUEST_OPTION_OUTPUT,
	.run = run,
};
