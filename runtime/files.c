/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of a task: the table of struct file pointers, in chunks, and what each file says.
 * A table that memory cannot hold is not believed.
 */
#include <inttypes.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/files.h"

/* include/uapi/asm-generic/fcntl.h; all architectures that we read have this value. */
#define O_CLOEXEC_BIT 02000000u
#define FD_MAX 0x40000000u /* more no nr_open allows */

enum slot { TASK_FILES, FDT, FDT_MAX, FDT_FD, FDT_CLOEXEC, FLAGS, POS, SLOT_COUNT };

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[TASK_FILES] = {GAP_FIELD_TASK_FILES, 0},
	[FDT] = {GAP_FIELD_FILES_FDT, 0},
	[FDT_MAX] = {GAP_FIELD_FDT_MAX, 0},
	[FDT_FD] = {GAP_FIELD_FDT_FD, 0},
	[FDT_CLOEXEC] = {GAP_FIELD_FDT_CLOEXEC, 1},
	[FLAGS] = {GAP_FIELD_FILE_FLAGS, 1},
	[POS] = {GAP_FIELD_FILE_POS, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_files *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_files has no room for all fields");

#define NOTE(files, ...)                                                                           \
	gap_note(&(files)->status, (files)->reason, sizeof((files)->reason), __VA_ARGS__)

enum gap_status gap_files_init(struct gap_files *files, struct gap_guest *guest,
			       struct gap_error *error)
{
	enum gap_status status;

	*files = (struct gap_files){.guest = guest};
	status = gap_record_bind(guest, wanted, SLOT_COUNT, files->fields, error);
	if (!status)
		status = gap_paths_init(&files->paths, guest, error);
	if (!status)
		gap_guest_refresh(guest);
	return status;
}

/* ---- the table ---- */

static int pointer_of(struct gap_files *files, struct gap_vaddr base, enum slot slot,
		      struct gap_vaddr *pointer)
{
	if (gap_record_pointer(files->guest, base, &files->fields[slot], pointer))
		return NOTE(files, "the memory at 0x%" PRIx64 " cannot be read",
			    gap_record_at(base, &files->fields[slot]).value);
	return 1;
}

static void take_table(struct gap_files *files, struct gap_vaddr table)
{
	uint64_t count;

	if (gap_record_number(files->guest, table, &files->fields[FDT_MAX], &count)) {
		NOTE(files, "the descriptor table at 0x%" PRIx64 " cannot be read", table.value);
		return;
	}
	if (count > FD_MAX || count >= gap_guest_holds(files->guest, sizeof(uint64_t)) ||
	    count % 8 != 0) { /* whole words of the bitmaps */
		NOTE(files, "a descriptor table of %" PRIu64 " entries is absurd", count);
		return;
	}
	if (!pointer_of(files, table, FDT_FD, &files->table))
		return;
	if (gap_record_pointer(files->guest, table, &files->fields[FDT_CLOEXEC], &files->cloexec))
		files->cloexec.value = 0;
	files->count = (uint32_t)count;
}

void gap_files_begin(struct gap_files *files, struct gap_vaddr task)
{
	struct gap_vaddr holder, table;

	files->next = files->count = 0;
	files->cached = UINT32_MAX;
	files->status = GAP_OK;
	files->reason[0] = '\0';
	if (!pointer_of(files, task, TASK_FILES, &holder) || !holder.value)
		return;
	if (pointer_of(files, holder, FDT, &table))
		take_table(files, table);
}

/* Reads the chunk of descriptor @fd: false when it is not there. */
static int take_chunk(struct gap_files *files, uint32_t fd)
{
	uint32_t first = fd - fd % GAP_FILES_CHUNK, width = files->guest->arch->pointer_bytes;
	uint32_t count = files->count - first;
	struct gap_vaddr at = {files->table.value + (uint64_t)first * width};
	unsigned char bytes[sizeof(files->chunk)];

	if (count > GAP_FILES_CHUNK)
		count = GAP_FILES_CHUNK;
	if (gap_guest_read(files->guest, at, bytes, (size_t)count * width))
		return NOTE(files, "the descriptor table at 0x%" PRIx64 " cannot be read",
			    at.value);
	for (uint32_t i = 0; i < count; i++) {
		files->chunk[i] = 0;
		memcpy(&files->chunk[i], bytes + (size_t)i * width, width);
	}
	files->cached = first;
	return 1;
}

/* ---- one file ---- */

static int is_cloexec(struct gap_files *files, uint32_t fd, int *cloexec)
{
	struct gap_vaddr at = {files->cloexec.value + fd / 8};
	uint8_t bits;

	if (!files->cloexec.value || gap_guest_read_u8(files->guest, at, &bits))
		return 0;
	*cloexec = bits >> fd % 8 & 1;
	return 1;
}

static void read_numbers(struct gap_files *files, struct gap_file *file)
{
	uint64_t number;
	int cloexec;
	enum gap_status status =
		gap_record_number(files->guest, file->address, &files->fields[FLAGS], &number);

	if (!status && is_cloexec(files, file->fd, &cloexec)) {
		file->flags = (uint32_t)number & ~O_CLOEXEC_BIT;
		file->flags |= cloexec ? O_CLOEXEC_BIT : 0;
		file->known |= GAP_FILE_FLAGS;
	}
	if (status != GAP_UNREADABLE)
		status = gap_record_number(files->guest, file->address, &files->fields[POS],
					   &number);
	if (!status) {
		file->pos = number;
		file->known |= GAP_FILE_POS;
	}
	if (status == GAP_UNREADABLE)
		NOTE(files, "the file at 0x%" PRIx64 " cannot be read", file->address.value);
}

static void read_file(struct gap_files *files, uint32_t fd, uint64_t address, struct gap_file *file)
{
	struct gap_path place;
	enum gap_status status;

	file->address.value = address;
	file->fd = fd;
	file->known = file->flags = 0;
	file->pos = 0;
	file->path.bytes[0] = '\0';
	file->path.length = 0;
	file->path.deleted = file->path.reachable = 0;
	read_numbers(files, file);
	if (files->without_paths)
		return;
	status = gap_path_of_file(&files->paths, file->address, &place);
	if (status == GAP_UNREADABLE)
		NOTE(files, "the file at 0x%" PRIx64 " cannot be read", address);
	if (status)
		return;
	file->known |= GAP_FILE_PATH;
	if (gap_path_print(&files->paths, &place, NULL, &file->path))
		NOTE(files, "descriptor %" PRIu32 ": %s", fd, files->paths.reason);
}

/* Whether a descriptor leads to what may be a file. */
static int is_file(struct gap_files *files, uint32_t fd, uint64_t pointer)
{
	const char *fault = gap_pointer_fault(files->guest, pointer);

	if (fault)
		return NOTE(files, "descriptor %" PRIu32 " is %s (0x%" PRIx64 ")", fd, fault,
			    pointer);
	return 1;
}

int gap_files_next(struct gap_files *files, struct gap_file *file)
{
	while (files->next < files->count) {
		uint32_t fd = files->next++;
		uint64_t pointer;

		if (fd / GAP_FILES_CHUNK != files->cached / GAP_FILES_CHUNK &&
		    !take_chunk(files, fd)) {
			files->count = 0;
			return 0;
		}
		pointer = files->chunk[fd % GAP_FILES_CHUNK];
		if (pointer && is_file(files, fd, pointer)) {
			read_file(files, fd, pointer, file);
			return 1;
		}
	}
	return 0;
}
