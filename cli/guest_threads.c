/* SPDX-License-Identifier: MIT */
/* semgap guest threads: every thread, its pids in its namespaces and its cgroup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"
#include "runtime/include/semgap/threads.h"

#define CGROUP_BYTES 512

struct row {
	struct gap_thread thread;
	enum gap_status cgroup_status;
	char cgroup[CGROUP_BYTES];
};

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	struct gap_threads threads;
	struct gap_thread thread;
	enum gap_status status = gap_threads_init(&threads, rows->guest, error);

	if (status)
		return status;
	while (gap_threads_next(&threads, &thread)) {
		struct row *row = guest_rows_push(rows);

		if (!row)
			return guest_rows_full(rows, error);
		row->thread = thread;
		row->cgroup_status =
			gap_threads_cgroup(&threads, &thread, row->cgroup, sizeof(row->cgroup));
	}
	if (threads.status)
		gap_fail(error, threads.status, "%s", threads.reason);
	return threads.status;
}

/* ---- as a table ---- */

static void print_pids(const struct gap_thread *thread)
{
	char text[GAP_PID_LEVELS * 12] = "?";
	size_t length = 0;

	for (uint32_t i = 0; i < thread->ns_pid_count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%d",
					   i ? "," : "", thread->ns_pids[i]);
	printf("%-10s ", text);
}

static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct row *row = item;
	const struct gap_task *task = &row->thread.task;
	bool kernel = task->known & GAP_TASK_KERNEL && task->kernel_thread;

	(void)rows;
	printf("%7d ", task->pid);
	out_number(task->known & GAP_TASK_TGID, task->tgid, 7);
	printf("%c ", task->known & GAP_TASK_STATE ? task->state : '?');
	print_pids(&row->thread);
	printf("%s", kernel ? "[" : "");
	out_text(task->known & GAP_TASK_COMM ? task->comm : "?",
		 task->known & GAP_TASK_COMM ? strlen(task->comm) : 1);
	printf("%s  ", kernel ? "]" : "");
	if (!row->cgroup_status)
		out_text(row->cgroup, strlen(row->cgroup));
	putchar('\n');
}

static void print_heading(void)
{
	printf("%7s %7s %s %-10s %s\n", "PID", "TGID", "S", "NSPIDS", "COMM  CGROUP");
}

/* ---- as JSON ---- */

static void json_pids(struct gap_json *json, const struct gap_thread *thread)
{
	gap_json_key(json, "ns_pids");
	if (!thread->ns_pid_count) {
		gap_json_null(json);
		return;
	}
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < thread->ns_pid_count; i++)
		gap_json_signed(json, thread->ns_pids[i]);
	gap_json_close(json, ']');
}

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct row *row = item;
	const struct gap_task *task = &row->thread.task;
	char state[2] = {task->state, '\0'};

	(void)rows;
	out_json_signed(json, "pid", true, task->pid);
	out_json_signed(json, "tgid", task->known & GAP_TASK_TGID, task->tgid);
	out_json_text(json, "comm", task->known & GAP_TASK_COMM, task->comm);
	out_json_text(json, "state", task->known & GAP_TASK_STATE, state);
	out_json_bool(json, "kernel_thread", task->known & GAP_TASK_KERNEL, task->kernel_thread);
	out_json_hex(json, "start_ns", task->known & GAP_TASK_START, task->start_ns);
	json_pids(json, &row->thread);
	out_json_text(json, "cgroup", !row->cgroup_status, row->cgroup);
	out_json_hex(json, "address", true, task->address.value);
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/threads/1",
	.rows = "threads",
	.row_bytes = sizeof(struct row),
	.collect = collect,
	.print_heading = print_heading,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_threads = {
	.name = "threads",
	.operands = "",
	.summary = "every thread, with its pids in namespaces and its cgroup",
	.rows = &rows_view,
};
