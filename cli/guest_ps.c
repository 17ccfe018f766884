/* SPDX-License-Identifier: MIT */
/*
 * semgap guest ps: processes, their executables and arguments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"
#include "runtime/include/semgap/maps.h"

#define CMDLINE_BYTES_MAX (256 * 1024) /* twice what the kernel gives a single argument */

/* NULL: not known. */
struct process_row {
	struct gap_task task;
	char *exe, *cmdline;
	size_t exe_length, cmdline_length;
};

static void drop_row(void *item)
{
	struct process_row *row = item;

	free(row->exe);
	free(row->cmdline);
}

/* What the walks need, and the first that was partial. */
struct collecting {
	struct gap_process process;
	struct gap_error *error;
	enum gap_status status;
	struct text_room *room;
	char buffer[CMDLINE_BYTES_MAX];
};

static void note(struct collecting *collecting, int32_t pid, const char *what)
{
	if (!collecting->status)
		collecting->status = gap_fail(collecting->error, GAP_PARTIAL, "process %d: %s: %s",
					      pid, what, collecting->process.reason);
}

/* The path of the executable; one that could not be followed to its root is told as far as it goes.
 */
static bool add_exe(struct collecting *collecting, struct process_row *row)
{
	struct gap_path_text text;
	enum gap_status status = gap_process_exe(&collecting->process, row->task.mm, &text);

	if (status && status != GAP_NOT_FOUND)
		note(collecting, row->task.pid, "exe");
	if (status && status != GAP_PARTIAL)
		return true;
	row->exe = keep_bytes(collecting->room, text.bytes, text.length);
	row->exe_length = text.length;
	return row->exe != NULL;
}

static bool add_cmdline(struct collecting *collecting, struct process_row *row)
{
	size_t length;
	enum gap_status status =
		gap_process_cmdline(&collecting->process, row->task.mm, collecting->buffer,
				    sizeof(collecting->buffer), &length);

	if (status && status != GAP_NOT_FOUND)
		note(collecting, row->task.pid, "cmdline");
	if (status && status != GAP_PARTIAL)
		return true;
	row->cmdline = keep_bytes(collecting->room, collecting->buffer, length);
	row->cmdline_length = length;
	return row->cmdline != NULL;
}

static bool add_row(struct guest_rows *rows, const struct gap_task *task)
{
	struct process_row *row = guest_rows_push(rows);

	if (!row)
		return false;
	row->task = *task;
	return add_exe(rows->state, row) && add_cmdline(rows->state, row);
}

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	struct collecting *collecting = rows->state;
	struct gap_tasks tasks;
	struct gap_task task;
	enum gap_status status = gap_tasks_init(&tasks, rows->guest, error);

	if (!status)
		status = gap_process_init(&collecting->process, rows->guest, error);
	if (status)
		return status;
	collecting->status = GAP_OK;
	collecting->error = error;
	collecting->room = &rows->room;
	while (gap_tasks_next(&tasks, &task))
		if (!add_row(rows, &task))
			return guest_rows_full(rows, error);
	if (tasks.status)
		gap_fail(error, tasks.status, "%s", tasks.reason);
	return tasks.status ? tasks.status : collecting->status;
}

/* ---- as a table ---- */

static void print_number(uint32_t known, uint64_t number, int width)
{
	if (known)
		printf("%*llu ", width, (unsigned long long)number);
	else
		printf("%*s ", width, "?");
}

static void print_comm(const struct gap_task *task)
{
	const char *comm = task->known & GAP_TASK_COMM ? task->comm : "?";

	out_text(comm, strlen(comm));
}

static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct gap_task *task = &((const struct process_row *)item)->task;

	(void)rows;
	printf("%7d ", task->pid);
	print_number(task->known & GAP_TASK_PPID, (uint32_t)task->ppid, 7);
	print_number(task->known & GAP_TASK_UID, task->uid, 10);
	print_number(task->known & GAP_TASK_GID, task->gid, 10);
	printf("%c ", task->known & GAP_TASK_STATE ? task->state : '?');
	if (task->known & GAP_TASK_START)
		printf("%12.3f ", (double)task->start_ns / 1e9);
	else
		printf("%12s ", "?");
	if (task->known & GAP_TASK_KERNEL && task->kernel_thread)
		putchar('[');
	print_comm(task);
	if (task->known & GAP_TASK_KERNEL && task->kernel_thread)
		putchar(']');
	putchar('\n');
}

static void print_heading(void)
{
	printf("%7s %7s %10s %10s %s %12s %s\n", "PID", "PPID", "UID", "GID", "S", "START", "COMM");
}

/* ---- as JSON ---- */

/* Unknown, which is not empty: null. */
static void json_bytes_or_null(struct gap_json *json, const char *key, const char *bytes,
			       size_t length)
{
	if (bytes)
		gap_json_key_text(json, key, bytes, length);
	else
		out_json_null(json, key);
}

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct process_row *row = item;
	const struct gap_task *task = &row->task;
	char state[2] = {task->state, '\0'};

	(void)rows;
	gap_json_key_number(json, "pid", (uint32_t)task->pid);
	out_json_number(json, "tgid", task->known & GAP_TASK_TGID, (uint32_t)task->tgid);
	out_json_number(json, "ppid", task->known & GAP_TASK_PPID, (uint32_t)task->ppid);
	out_json_number(json, "uid", task->known & GAP_TASK_UID, task->uid);
	out_json_number(json, "gid", task->known & GAP_TASK_GID, task->gid);
	out_json_text(json, "comm", task->known & GAP_TASK_COMM, task->comm);
	out_json_text(json, "state", task->known & GAP_TASK_STATE, state);
	out_json_bool(json, "kernel_thread", task->known & GAP_TASK_KERNEL, task->kernel_thread);
	out_json_hex(json, "start_ns", task->known & GAP_TASK_START, task->start_ns);
	json_bytes_or_null(json, "exe", row->exe, row->exe_length);
	json_bytes_or_null(json, "cmdline", row->cmdline, row->cmdline_length);
	gap_json_key(json, "address");
	gap_json_hex(json, task->address.value);
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/ps/1",
	.rows = "processes",
	.row_bytes = sizeof(struct process_row),
	.state_bytes = sizeof(struct collecting),
	.collect = collect,
	.drop = drop_row,
	.print_heading = print_heading,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_ps = {
	.name = "ps",
	.operands = "",
	.summary = "processes (thread-group leaders)",
	.rows = &rows_view,
};
