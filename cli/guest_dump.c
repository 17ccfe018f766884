/* SPDX-License-Identifier: MIT */
/*
 * semgap guest dump-process: the memory of a process as an ELF core file, a segment for each of its
 * mappings. Pages that are not in memory (never touched, swapped out) are zeros in the file and
 * counted beside it; large holes, of which mappings that are only reserved consist, are not in it.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/guest_out.h"
#include "cli/guest_place.h"
#include "cli/guest_process.h"
#include "profile/output.h"
#include "profile/vector.h"
#include "runtime/include/semgap/maps.h"

#define PAGE_BYTES 4096
#define SEGMENTS_MAX 65000          /* more the file format cannot count, nor Linux map */
#define HOLE_BYTES_MAX (1ull << 30) /* a larger one is not in the file */
#define SHARED_MAX 8                /* how often a process maps what the guest has, at most */

/* A mapping, or as much of one as there is between two large holes. */
struct segment {
	uint64_t start, end, present_bytes;
	uint64_t offset, file_bytes; /* in the file: from the start on */
	char flags[5];
	char *path;
};

GAP_VECTOR(segment_rows, struct segment);

struct dump {
	struct gap_guest *guest;
	struct gap_address_space space;
	struct segment_rows segments;
	FILE *file;
	uint64_t file_at, file_end;        /* where it stands, and how far it goes */
	bool is_regular;                   /* holes are passed over; else they are written */
	bool is_narrow;                    /* a 32-bit file */
	uint64_t memory_bytes;             /* of the guest */
	uint64_t steps_left, present_left; /* of page tables, in which anything may stand */
	enum gap_status status;
	struct gap_error error; /* the first thing that went wrong */
};

static void dump_deinit(struct dump *dump)
{
	for (uint32_t i = 0; i < dump->segments.count; i++)
		free(dump->segments.items[i].path);
	free(dump->segments.items);
}

static void GAP_PRINTF(3, 4)
	note(struct dump *dump, enum gap_status status, const char *format, ...)
{
	va_list arguments;

	if (dump->status && (dump->status != GAP_PARTIAL || status == GAP_PARTIAL))
		return;
	dump->status = status;
	va_start(arguments, format);
	vsnprintf(dump->error.text, sizeof(dump->error.text), format, arguments);
	va_end(arguments);
}

/* Tables of a process are no larger than the guest's memory, and a page of it is not mapped without end. */
static void set_bounds(struct dump *dump)
{
	dump->steps_left = dump->memory_bytes / sizeof(uint64_t) + 1;
	dump->present_left = dump->memory_bytes * SHARED_MAX;
}

/* The next mapped piece before @end, or false. */
static bool next_present(struct dump *dump, uint64_t *at, uint64_t end, uint64_t *size_bytes)
{
	struct gap_vaddr address = {*at};

	if (!gap_space_next_mapped(&dump->space, &address, end, size_bytes, &dump->steps_left)) {
		if (!dump->steps_left)
			note(dump, GAP_PARTIAL, "the page tables hold more than memory can");
		return false;
	}
	*at = address.value;
	if (*size_bytes > dump->present_left) {
		note(dump, GAP_PARTIAL,
		     "the page tables lead more than %d times to all memory: what comes "
		     "behind 0x%llx is left out",
		     SHARED_MAX, (unsigned long long)*at);
		return false;
	}
	dump->present_left -= *size_bytes;
	return true;
}

/* ---- what there is ---- */

static struct segment *add_segment(struct dump *dump, const struct gap_map *map, uint64_t start)
{
	struct segment *segment;

	if (dump->segments.count >= SEGMENTS_MAX) {
		note(dump, GAP_PARTIAL, "there are more than %d mappings", SEGMENTS_MAX);
		return NULL;
	}
	segment = segment_rows_push(&dump->segments);
	if (segment) {
		*segment = (struct segment){.start = start, .end = map->end};
		memcpy(segment->flags, map->flags, sizeof(segment->flags));
		segment->path = strndup(map->path.bytes, map->path.length);
	}
	if (!segment || !segment->path)
		note(dump, GAP_NO_MEMORY, "out of memory");
	return segment && segment->path ? segment : NULL;
}

/* A large hole ends what the file has of a segment; what comes behind it is one of its own. */
static void take_map(struct dump *dump, const struct gap_map *map)
{
	uint64_t at = map->start, end = map->start, size_bytes;
	struct segment *segment;

	if (map->end <= map->start) {
		note(dump, GAP_PARTIAL, "the mapping at 0x%llx ends before it begins",
		     (unsigned long long)map->start);
		return;
	}
	segment = add_segment(dump, map, map->start);
	while (segment && next_present(dump, &at, map->end, &size_bytes)) {
		if (at - end > HOLE_BYTES_MAX) {
			segment->end = at;
			segment->file_bytes = end - segment->start;
			segment = add_segment(dump, map, at);
		}
		end = at += size_bytes;
	}
	if (segment)
		segment->file_bytes =
			(map->end - end > HOLE_BYTES_MAX ? end : map->end) - segment->start;
}

static enum gap_status take_maps(struct dump *dump, struct gap_vaddr mm)
{
	static struct gap_maps maps; /* of the size of a path */
	static struct gap_map map;
	enum gap_status status = gap_maps_init(&maps, dump->guest, &dump->error);

	if (status)
		return status;
	set_bounds(dump);
	gap_maps_begin(&maps, mm);
	while (dump->status != GAP_NO_MEMORY && gap_maps_next(&maps, &map))
		take_map(dump, &map);
	if (maps.status)
		note(dump, maps.status, "%s", maps.reason);
	return dump->status;
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
		offset += whole_pages(segment->file_bytes);
	}
	if (dump->is_narrow && offset > UINT32_MAX) {
		errno = EFBIG;
		return false;
	}
	dump->file_end = offset;
	return !dump->is_regular || ftruncate(fileno(dump->file), (off_t)offset) == 0;
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
			row_type row = {                                                           \
				.p_type = PT_LOAD,                                                 \
				.p_flags = segment_flags(segment->flags),                          \
				.p_offset = (width)segment->offset,                                \
				.p_vaddr = (width)segment->start,                                  \
				.p_filesz = (width)segment->file_bytes,                            \
				.p_memsz = (width)(segment->end - segment->start),                 \
				.p_align = PAGE_BYTES,                                             \
			};                                                                         \
			fwrite(&row, sizeof(row), 1, dump->file);                                  \
		}                                                                                  \
		dump->file_at = sizeof(header) + (uint64_t)count * sizeof(row_type);               \
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

/* Moves on to @offset of the file: what lies between is zeros. */
static bool go_to(struct dump *dump, uint64_t offset)
{
	static const unsigned char zeros[PAGE_BYTES];

	if (dump->is_regular && offset != dump->file_at &&
	    fseeko(dump->file, (off_t)offset, SEEK_SET))
		return false;
	while (!dump->is_regular && dump->file_at < offset) {
		uint64_t left = offset - dump->file_at;
		size_t part = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

		if (fwrite(zeros, 1, part, dump->file) != part)
			return false;
		dump->file_at += part;
	}
	dump->file_at = offset;
	return true;
}

/* Pages of zeros stay holes, as do those that are not there. */
static bool write_page(struct dump *dump, struct segment *segment, uint64_t at, size_t size_bytes)
{
	static const unsigned char zeros[PAGE_BYTES];
	unsigned char page[PAGE_BYTES];

	if (gap_space_read(&dump->space, (struct gap_vaddr){at}, page, size_bytes))
		return true;
	segment->present_bytes += size_bytes;
	if (memcmp(page, zeros, size_bytes) == 0)
		return true;
	if (!go_to(dump, segment->offset + at - segment->start) ||
	    fwrite(page, 1, size_bytes, dump->file) != size_bytes)
		return false;
	dump->file_at += size_bytes;
	return true;
}

static bool write_segment(struct dump *dump, struct segment *segment)
{
	uint64_t at = segment->start, end = segment->start + segment->file_bytes, size_bytes;

	while (next_present(dump, &at, end, &size_bytes))
		for (uint64_t piece_end = at + size_bytes; at < piece_end;) {
			uint64_t left = piece_end - at;
			size_t part = left < PAGE_BYTES ? (size_t)left : PAGE_BYTES;

			if (!write_page(dump, segment, at, part))
				return false;
			at += part;
		}
	return true;
}

static bool write_all(struct dump *dump)
{
	struct stat file;
	bool good;

	dump->is_regular = fstat(fileno(dump->file), &file) == 0 && S_ISREG(file.st_mode);
	set_bounds(dump);
	good = write_headers(dump);
	for (uint32_t i = 0; i < dump->segments.count && good; i++)
		good = write_segment(dump, &dump->segments.items[i]);
	return good && (dump->is_regular || go_to(dump, dump->file_end));
}

static enum gap_status write_file(struct dump *dump, const char *path, struct gap_error *error)
{
	struct gap_output output;
	enum gap_status status = gap_output_begin(&output, path, error);

	if (status)
		return status;
	dump->file = output.stream;
	if (write_all(dump))
		return gap_output_commit(&output, error);
	gap_fail(error, GAP_IO, "cannot write %s: %s", path, strerror(errno));
	gap_output_abort(&output);
	return GAP_IO;
}

/* ---- what was written ---- */

static uint64_t missing_bytes(const struct segment *segment)
{
	return segment->end - segment->start - segment->present_bytes;
}

static void print_table(const struct dump *dump)
{
	printf("%-14s %-14s %-4s %12s %12s %s\n", "START", "END", "FLAG", "BYTES", "MISSING",
	       "PATH");
	for (uint32_t i = 0; i < dump->segments.count; i++) {
		const struct segment *segment = &dump->segments.items[i];

		printf("%014llx %014llx %-4s %12llu %12llu ", (unsigned long long)segment->start,
		       (unsigned long long)segment->end, segment->flags,
		       (unsigned long long)segment->present_bytes,
		       (unsigned long long)missing_bytes(segment));
		out_text(segment->path, strlen(segment->path));
		putchar('\n');
	}
}

static void print_json(const struct dump *dump)
{
	struct gap_json json;

	out_json_begin(&json, "semgap/dump-process/1", dump->status, &dump->error, "segments");
	for (uint32_t i = 0; i < dump->segments.count; i++) {
		const struct segment *segment = &dump->segments.items[i];

		gap_json_line(&json);
		gap_json_open(&json, '{');
		out_json_hex(&json, "start", true, segment->start);
		out_json_hex(&json, "end", true, segment->end);
		gap_json_key_name(&json, "flags", segment->flags);
		out_json_hex(&json, "offset", true, segment->offset);
		out_json_hex(&json, "file_bytes", true, segment->file_bytes);
		out_json_hex(&json, "missing_bytes", true, missing_bytes(segment));
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

	if (status)
		return say_failure(status, &error);
	status = take_maps(dump, task->mm);
	if (status && status != GAP_PARTIAL)
		return say_failure(status, &dump->error);
	status = write_file(dump, request->output, &error);
	if (status)
		return say_failure(status, &error);
	if (request->json)
		print_json(dump);
	else
		print_table(dump);
	return out_finish(dump->status, &dump->error);
}

static uint64_t size_of_memory(const struct gap_memory *memory)
{
	uint64_t total = 0;

	for (size_t i = 0; i < memory->range_count; i++)
		total += memory->ranges[i].size_bytes;
	return total;
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct dump dump = {.guest = guest, .memory_bytes = size_of_memory(request->memory)};
	struct gap_error error = {{0}};
	struct gap_task task;
	enum gap_status status = find_process(guest, request->operands[0], &task, &error);
	int result;

	if (status)
		return say_failure(status, &error);
	result = dump_task(&dump, request, &task);
	dump_deinit(&dump);
	return result;
}

/* Standard output has the table. */
static bool check(const struct guest_request *request)
{
	if (request->output && strcmp(request->output, "-") != 0)
		return true;
	say("guest dump-process: -o FILE is required");
	return false;
}

const struct guest_view guest_view_dump_process = {
	.name = "dump-process",
	.operands = "PID",
	.summary = "the memory of a process, as an ELF core file",
	.help = "  -o FILE   the file to write; it has holes where memory is missing\n"
		"\n"
		"Pages that were never touched or are swapped out are counted as missing. Where "
		"more than\n"
		"1 GiB of a mapping is missing, it goes on in a segment of its own.\n",
	.operand_min = 1,
	.operand_max = 1,
	.options = GUEST_OPTION_OUTPUT,
	.check = check,
	.run = run,
};
