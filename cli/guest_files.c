/* SPDX-License-Identifier: MIT */
/* semgap guest files PID | --all: the open files of a process, or of all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_out.h"
#include "cli/guest_process.h"
#include "profile/vector.h"
#include "runtime/include/semgap/files.h"

struct file_row {
	int32_t pid;
	uint32_t fd, known, flags;
	uint64_t pos;
	bool deleted;
	char *path;
	size_t path_length;
};

GAP_VECTOR(file_rows, struct file_row);

static void file_rows_clear(struct file_rows *rows, uint32_t count)
{
	while (rows->count > count)
		free(rows->items[--rows->count].path);
}

static bool keep_file(struct file_rows *rows, int32_t pid, const struct gap_file *file,
		      struct text_room *room)
{
	char *path = keep_bytes(room, file->path.bytes, file->path.length);
	struct file_row *row = path ? file_rows_push(rows) : NULL;

	if (!row) {
		free(path);
		return false;
	}
	*row = (struct file_row){.pid = pid,
				 .fd = file->fd,
				 .known = file->known,
				 .flags = file->flags,
				 .pos = file->pos,
				 .deleted = file->path.deleted,
				 .path = path,
				 .path_length = file->path.length};
	return true;
}

static enum gap_status add_task(struct gap_files *files, const struct gap_task *task,
				struct file_rows *rows, struct text_room *room,
				struct gap_error *error)
{
	struct gap_file file;

	gap_files_begin(files, task->address);
	while (gap_files_next(files, &file))
		if (!keep_file(rows, task->pid, &file, room))
			return not_kept(room, error);
	if (files->status)
		gap_fail(error, files->status, "process %d: %s", task->pid, files->reason);
	return files->status;
}

static enum gap_status collect_one(struct gap_files *files, struct gap_guest *guest,
				   const char *pid, struct file_rows *rows, struct text_room *room,
				   struct gap_error *error)
{
	struct gap_task task;
	enum gap_status status = find_process(guest, pid, &task, error);

	if (status)
		return status == GAP_PARTIAL ? GAP_NOT_FOUND : status;
	return add_task(files, &task, rows, room, error);
}

/* The first that is partial makes all partial; the others are listed nevertheless. */
static enum gap_status collect_all(struct gap_files *files, struct gap_guest *guest,
				   struct file_rows *rows, struct text_room *room,
				   struct gap_error *error)
{
	struct gap_tasks tasks;
	struct gap_task task;
	struct gap_error own;
	enum gap_status status = gap_tasks_init(&tasks, guest, error), result = GAP_OK;

	if (status)
		return status;
	while (gap_tasks_next(&tasks, &task)) {
		status = add_task(files, &task, rows, room, result ? &own : error);
		if ((status && status != GAP_PARTIAL) || room->full)
			return status;
		if (status)
			result = status;
	}
	if (tasks.status && !result)
		result = gap_fail(error, tasks.status, "%s", tasks.reason);
	return result;
}

static enum gap_status collect(struct gap_guest *guest, const struct guest_request *request,
			       struct file_rows *rows, struct gap_error *error)
{
	struct gap_files files;
	enum gap_status status = gap_files_init(&files, guest, error);

	if (status)
		return status;
	status = GAP_PARTIAL;
	for (int i = 0; i < OUT_ATTEMPTS && status == GAP_PARTIAL; i++) {
		struct text_room room = {.left_bytes = TEXT_ROOM_BYTES};

		file_rows_clear(rows, 0);
		status = request->operand_count ? collect_one(&files, guest, request->operands[0],
							      rows, &room, error)
						: collect_all(&files, guest, rows, &room, error);
	}
	return status;
}

/* ---- output ---- */

static void print_table(const struct file_rows *rows)
{
	printf("%7s %5s %8s %12s %s\n", "PID", "FD", "FLAGS", "POS", "PATH");
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct file_row *row = &rows->items[i];

		printf("%7" PRId32 " %5" PRIu32 " ", row->pid, row->fd);
		if (row->known & GAP_FILE_FLAGS)
			printf("%08" PRIo32 " ", row->flags);
		else
			printf("%8s ", "?");
		if (row->known & GAP_FILE_POS)
			printf("%12" PRIu64 " ", row->pos);
		else
			printf("%12s ", "?");
		out_text(row->known & GAP_FILE_PATH ? row->path : "?",
			 row->known & GAP_FILE_PATH ? row->path_length : 1);
		putchar('\n');
	}
}

static void json_path(struct gap_json *json, const struct file_row *row)
{
	if (row->known & GAP_FILE_PATH) {
		gap_json_key_text(json, "path", row->path, row->path_length);
		gap_json_key(json, "deleted");
		gap_json_bool(json, row->deleted);
		return;
	}
	gap_json_key(json, "path");
	gap_json_null(json);
	gap_json_key(json, "deleted");
	gap_json_null(json);
}

static void json_row(struct gap_json *json, const struct file_row *row)
{
	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_number(json, "pid", (uint32_t)row->pid);
	gap_json_key_number(json, "fd", row->fd);
	json_path(json, row);
	gap_json_key(json, "flags");
	if (row->known & GAP_FILE_FLAGS)
		gap_json_number(json, row->flags);
	else
		gap_json_null(json);
	out_json_hex(json, "pos", row->known & GAP_FILE_POS, row->pos);
	gap_json_close(json, '}');
}

static void print_json(const struct file_rows *rows, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	out_json_begin(&json, "semgap/files/1", status, error, "files");
	for (uint32_t i = 0; i < rows->count; i++)
		json_row(&json, &rows->items[i]);
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	bool all = request->given & GUEST_OPTION_ALL;
	struct file_rows rows = {0};
	struct gap_error error = {{0}};
	enum gap_status status;
	int result;

	if (all == (request->operand_count == 1)) {
		say("guest files: name one PID, or --all");
		return EXIT_UNUSABLE;
	}
	status = collect(guest, request, &rows, &error);
	if (status && status != GAP_PARTIAL) {
		result = say_failure(status, &error);
	} else {
		if (request->json)
			print_json(&rows, status, &error);
		else
			print_table(&rows);
		result = out_finish(status, &error);
	}
	file_rows_clear(&rows, 0);
	free(rows.items);
	return result;
}

const struct guest_view guest_view_files = {
	.name = "files",
	.operands = "[PID]",
	.summary = "open files of a process, or of all (--all)",
	.operand_max = 1,
	.options = GUEST_OPTION_ALL,
	.run = run,
};
