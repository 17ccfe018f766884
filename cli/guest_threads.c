/* SPDX-License-Identifier: MIT */
/* semgap guest threads: every thread, its pids in its namespaces and its cgroup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_out.h"
#include "profile/vector.h"
#include "runtime/include/semgap/threads.h"

#define CGROUP_BYTES 512

struct row {
	struct gap_thread thread;
	enum gap_status cgroup_status;
	char cgroup[CGROUP_BYTES];
};

GAP_VECTOR(thread_rows, struct row);

static enum gap_status collect_once(struct gap_guest *guest, struct thread_rows *rows,
				    struct gap_error *error)
{
	struct gap_threads threads;
	struct gap_thread thread;
	enum gap_status status = gap_threads_init(&threads, guest, error);

	rows->count = 0;
	if (status)
		return status;
	while (gap_threads_next(&threads, &thread)) {
		struct row *row;

		if (rows->count >= OUT_ROWS_MAX(struct row))
			return OUT_TOO_MANY(error);
		row = thread_rows_push(rows);
		if (!row)
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		row->thread = thread;
		row->cgroup_status =
			gap_threads_cgroup(&threads, &thread, row->cgroup, sizeof(row->cgroup));
	}
	if (threads.status)
		gap_fail(error, threads.status, "%s", threads.reason);
	return threads.status;
}

static enum gap_status collect(struct gap_guest *guest, struct thread_rows *rows,
			       struct gap_error *error)
{
	enum gap_status status = GAP_PARTIAL;

	for (int i = 0; i < OUT_ATTEMPTS && status == GAP_PARTIAL; i++)
		status = collect_once(guest, rows, error);
	return status;
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

static void print_row(const struct row *row)
{
	const struct gap_task *task = &row->thread.task;
	bool kernel = task->known & GAP_TASK_KERNEL && task->kernel_thread;

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

static void print_table(const struct thread_rows *rows)
{
	printf("%7s %7s %s %-10s %s\n", "PID", "TGID", "S", "NSPIDS", "COMM  CGROUP");
	for (uint32_t i = 0; i < rows->count; i++)
		print_row(&rows->items[i]);
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

static void json_row(struct gap_json *json, const struct row *row)
{
	const struct gap_task *task = &row->thread.task;
	char state[2] = {task->state, '\0'};

	gap_json_line(json);
	gap_json_open(json, '{');
	out_json_signed(json, "pid", true, task->pid);
	out_json_signed(json, "tgid", task->known & GAP_TASK_TGID, task->tgid);
	out_json_text(json, "comm", task->known & GAP_TASK_COMM, task->comm);
	out_json_text(json, "state", task->known & GAP_TASK_STATE, state);
	out_json_bool(json, "kernel_thread", task->known & GAP_TASK_KERNEL, task->kernel_thread);
	out_json_hex(json, "start_ns", task->known & GAP_TASK_START, task->start_ns);
	json_pids(json, &row->thread);
	out_json_text(json, "cgroup", !row->cgroup_status, row->cgroup);
	out_json_hex(json, "address", true, task->address.value);
	gap_json_close(json, '}');
}

static void print_json(const struct thread_rows *rows, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	out_json_begin(&json, "semgap/threads/1", status, error, "threads");
	for (uint32_t i = 0; i < rows->count; i++)
		json_row(&json, &rows->items[i]);
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct thread_rows rows = {0};
	struct gap_error error = {{0}};
	enum gap_status status = collect(guest, &rows, &error);

	if (status && status != GAP_PARTIAL) {
		free(rows.items);
		return say_failure(status, &error);
	}
	if (request->json)
		print_json(&rows, status, &error);
	else
		print_table(&rows);
	free(rows.items);
	return out_finish(status, &error);
}

const struct guest_view guest_view_threads = {
	.name = "threads",
	.operands = "",
	.summary = "every thread, with its pids in namespaces and its cgroup",
	.run = run,
};
