/* SPDX-License-Identifier: MIT */
/* semgap guest files PID | --all: the open files of a process, or of all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"
#include "runtime/include/semgap/files.h"

struct file_row {
	int32_t pid;
	uint32_t fd, known, flags;
	uint64_t pos;
	bool deleted;
	char *path;
	size_t path_length;
};

static void drop_row(void *row)
{
	free(((struct file_row *)row)->path);
}

static bool keep_file(struct guest_rows *rows, int32_t pid, const struct gap_file *file)
{
	struct file_row *row = guest_rows_push(rows);

	if (!row)
		return false;
	*row = (struct file_row){
		.pid = pid,
		.fd = file->fd,
		.known = file->known,
		.flags = file->flags,
		.pos = file->pos,
		.deleted = file->path.deleted,
		.path = keep_bytes(&rows->room, file->path.bytes, file->path.length),
		.path_length = file->path.length};
	if (!row->path)
		guest_rows_pop(rows);
	return row->path != NULL;
}

static enum gap_status add_task(struct guest_rows *rows, const struct gap_task *task,
				struct gap_error *error)
{
	struct gap_files *files = rows->state;
	struct gap_file file;

	gap_files_begin(files, task->address);
	while (gap_files_next(files, &file))
		if (!keep_file(rows, task->pid, &file))
			return guest_rows_full(rows, error);
	if (files->status)
		gap_fail(error, files->status, "process %d: %s", task->pid, files->reason);
	return files->status;
}

static enum gap_status collect_one(struct guest_rows *rows, struct gap_error *error)
{
	struct gap_task task;
	enum gap_status status =
		find_process(rows->guest, rows->request->operands[0], &task, error);

	if (status)
		return status == GAP_PARTIAL ? GAP_NOT_FOUND : status;
	return add_task(rows, &task, error);
}

/* The first that is partial makes all partial; the others are listed nevertheless. */
static enum gap_status collect_all(struct guest_rows *rows, struct gap_error *error)
{
	struct gap_tasks tasks;
	struct gap_task task;
	struct gap_error own;
	enum gap_status status = gap_tasks_init(&tasks, rows->guest, error), result = GAP_OK;

	if (status)
		return status;
	while (gap_tasks_next(&tasks, &task)) {
		status = add_task(rows, &task, result ? &own : error);
		if ((status && status != GAP_PARTIAL) || rows->room.full)
			return status;
		if (status)
			result = status;
	}
	if (tasks.status && !result)
		result = gap_fail(error, tasks.status, "%s", tasks.reason);
	return result;
}

static enum gap_status begin(struct guest_rows *rows, struct gap_error *error)
{
	return gap_files_init(rows->state, rows->guest, error);
}

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	return rows->request->operand_count ? collect_one(rows, error) : collect_all(rows, error);
}

/* ---- output ---- */

static void print_heading(void)
{
	printf("%7s %5s %8s %12s %s\n", "PID", "FD", "FLAGS", "POS", "PATH");
}

static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct file_row *row = item;

	(void)rows;
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

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct file_row *row = item;

	(void)rows;
	gap_json_key_number(json, "pid", (uint32_t)row->pid);
	gap_json_key_number(json, "fd", row->fd);
	json_path(json, row);
	gap_json_key(json, "flags");
	if (row->known & GAP_FILE_FLAGS)
		gap_json_number(json, row->flags);
	else
		gap_json_null(json);
	out_json_hex(json, "pos", row->known & GAP_FILE_POS, row->pos);
}

static bool check(const struct guest_request *request)
{
	bool all = request->given & GUEST_OPTION_ALL;

	if (all != (request->operand_count == 1))
		return true;
	say("guest files: name one PID, or --all");
	return false;
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/files/1",
	.rows = "files",
	.row_bytes = sizeof(struct file_row),
	.state_bytes = sizeof(struct gap_files),
	.begin = begin,
	.collect = collect,
	.drop = drop_row,
	.print_heading = print_heading,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_files = {
	.name = "files",
	.operands = "[PID]",
	.summary = "open files of a process, or of all (--all)",
	.operand_max = 1,
	.options = GUEST_OPTION_ALL,
	.check = check,
	.rows = &rows_view,
};
