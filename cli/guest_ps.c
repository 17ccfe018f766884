/* SPDX-License-Identifier: MIT */
/*
 * semgap guest ps: processes as a table or JSON. A running guest may free a task under the walk; a
 * walk that ended early is tried again a few times before it is called partial.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_out.h"
#include "cli/guest_process.h"
#include "profile/vector.h"
#include "runtime/include/semgap/maps.h"

#define CMDLINE_BYTES_MAX (256 * 1024) /* twice what the kernel gives a single argument */

/* NULL: not known. */
struct process_row {
	struct gap_task task;
	char *exe, *cmdline;
	size_t exe_length, cmdline_length;
};

GAP_VECTOR(process_rows, struct process_row);

static void process_rows_clear(struct process_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++) {
		free(rows->items[i].exe);
		free(rows->items[i].cmdline);
	}
	rows->count = 0;
}

/* What is collected, and the first that was partial. */
struct collecting {
	struct gap_process process;
	struct process_rows *rows;
	struct gap_error *error;
	enum gap_status status;
	struct text_room room;
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
	row->exe = keep_bytes(&collecting->room, text.bytes, text.length);
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
	row->cmdline = keep_bytes(&collecting->room, collecting->buffer, length);
	row->cmdline_length = length;
	return row->cmdline != NULL;
}

static bool add_row(struct collecting *collecting, const struct gap_task *task)
{
	struct process_row *row = process_rows_push(collecting->rows);

	if (!row)
		return false;
	*row = (struct process_row){.task = *task};
	return add_exe(collecting, row) && add_cmdline(collecting, row);
}

/* Fills the rows; the status of the walk. */
static enum gap_status collect_once(struct gap_guest *guest, struct collecting *collecting)
{
	struct gap_error *error = collecting->error;
	struct gap_tasks tasks;
	struct gap_task task;
	enum gap_status status = gap_tasks_init(&tasks, guest, error);

	if (!status)
		status = gap_process_init(&collecting->process, guest, error);
	process_rows_clear(collecting->rows);
	collecting->status = GAP_OK;
	collecting->room = (struct text_room){.left_bytes = TEXT_ROOM_BYTES};
	if (status)
		return status;
	while (gap_tasks_next(&tasks, &task))
		if (!add_row(collecting, &task))
			return not_kept(&collecting->room, error);
	if (tasks.status)
		gap_fail(error, tasks.status, "%s", tasks.reason);
	return tasks.status ? tasks.status : collecting->status;
}

static enum gap_status collect(struct gap_guest *guest, struct process_rows *rows,
			       struct gap_error *error)
{
	struct collecting *collecting = malloc(sizeof(*collecting));
	enum gap_status status = GAP_PARTIAL;

	if (!collecting)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	collecting->rows = rows;
	collecting->error = error;
	for (int i = 0; i < OUT_ATTEMPTS && status == GAP_PARTIAL; i++)
		status = collect_once(guest, collecting);
	free(collecting);
	return status;
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

static void print_row(const struct gap_task *task)
{
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

static void print_table(const struct process_rows *rows)
{
	printf("%7s %7s %10s %10s %s %12s %s\n", "PID", "PPID", "UID", "GID", "S", "START", "COMM");
	for (uint32_t i = 0; i < rows->count; i++)
		print_row(&rows->items[i].task);
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

static void json_row(struct gap_json *json, const struct process_row *row)
{
	const struct gap_task *task = &row->task;
	char state[2] = {task->state, '\0'};

	gap_json_line(json);
	gap_json_open(json, '{');
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
	gap_json_close(json, '}');
}

static void print_json(const struct process_rows *rows, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	out_json_begin(&json, "semgap/ps/1", status, error, "processes");
	for (uint32_t i = 0; i < rows->count; i++)
		json_row(&json, &rows->items[i]);
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct process_rows rows = {0};
	struct gap_error error = {{0}};
	enum gap_status status = collect(guest, &rows, &error);
	int result;

	if (status && status != GAP_PARTIAL) {
		result = say_failure(status, &error);
	} else {
		if (request->json)
			print_json(&rows, status, &error);
		else
			print_table(&rows);
		result = out_finish(status, &error);
	}
	process_rows_clear(&rows);
	free(rows.items);
	return result;
}

const struct guest_view guest_view_ps = {
	.name = "ps",
	.operands = "",
	.summary = "processes (thread-group leaders)",
	.run = run,
};
