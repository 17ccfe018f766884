/* SPDX-License-Identifier: MIT */
/*
 * semgap guest ps: processes as a table or JSON. A running guest may free a task under the walk; a
 * walk that ended early is tried again a few times before it is called partial.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_view.h"
#include "profile/vector.h"
#include "runtime/include/semgap/tasks.h"

#define ATTEMPTS 4

GAP_VECTOR(task_rows, struct gap_task);

/* Fills @rows; the status of the walk. */
static enum gap_status collect_once(struct gap_guest *guest, struct task_rows *rows,
				    struct gap_error *error)
{
	struct gap_tasks tasks;
	struct gap_task task;
	enum gap_status status = gap_tasks_init(&tasks, guest, error);

	rows->count = 0;
	if (status)
		return status;
	while (gap_tasks_next(&tasks, &task)) {
		struct gap_task *row = task_rows_push(rows);

		if (!row)
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		*row = task;
	}
	if (tasks.status)
		gap_fail(error, tasks.status, "%s", tasks.reason);
	return tasks.status;
}

static enum gap_status collect(struct gap_guest *guest, struct task_rows *rows,
			       struct gap_error *error)
{
	enum gap_status status = GAP_PARTIAL;

	for (int i = 0; i < ATTEMPTS && status == GAP_PARTIAL; i++)
		status = collect_once(guest, rows, error);
	return status;
}

/* ---- as a table ---- */

static void print_comm(const char *comm)
{
	for (; *comm; comm++)
		if ((unsigned char)*comm >= 0x20 && *comm != 0x7f)
			putchar(*comm);
		else
			printf("\\x%02x", (unsigned char)*comm);
}

static void print_number(uint32_t known, uint64_t number, int width)
{
	if (known)
		printf("%*llu ", width, (unsigned long long)number);
	else
		printf("%*s ", width, "?");
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
	print_comm(task->known & GAP_TASK_COMM ? task->comm : "?");
	if (task->known & GAP_TASK_KERNEL && task->kernel_thread)
		putchar(']');
	putchar('\n');
}

static void print_table(const struct task_rows *rows)
{
	printf("%7s %7s %10s %10s %s %12s %s\n", "PID", "PPID", "UID", "GID", "S", "START", "COMM");
	for (uint32_t i = 0; i < rows->count; i++)
		print_row(&rows->items[i]);
}

/* ---- as JSON ---- */

static void null_key(struct gap_json *json, const char *key)
{
	gap_json_key(json, key);
	gap_json_null(json);
}

static void number_key(struct gap_json *json, const char *key, uint32_t known, uint64_t number)
{
	if (known)
		gap_json_key_number(json, key, number);
	else
		null_key(json, key);
}

static void json_text_or_null(struct gap_json *json, const char *key, uint32_t known,
			      const char *text)
{
	if (known)
		gap_json_key_text(json, key, text, strlen(text));
	else
		null_key(json, key);
}

static void json_row(struct gap_json *json, const struct gap_task *task)
{
	char state[2] = {task->state, '\0'};

	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_number(json, "pid", (uint32_t)task->pid);
	number_key(json, "tgid", task->known & GAP_TASK_TGID, (uint32_t)task->tgid);
	number_key(json, "ppid", task->known & GAP_TASK_PPID, (uint32_t)task->ppid);
	number_key(json, "uid", task->known & GAP_TASK_UID, task->uid);
	number_key(json, "gid", task->known & GAP_TASK_GID, task->gid);
	json_text_or_null(json, "comm", task->known & GAP_TASK_COMM, task->comm);
	json_text_or_null(json, "state", task->known & GAP_TASK_STATE, state);
	if (task->known & GAP_TASK_KERNEL) {
		gap_json_key(json, "kernel_thread");
		gap_json_bool(json, task->kernel_thread);
	} else {
		null_key(json, "kernel_thread");
	}
	gap_json_key(json, "start_ns");
	if (task->known & GAP_TASK_START)
		gap_json_hex(json, task->start_ns);
	else
		gap_json_null(json);
	/* Not read by this version: unknown, which is not empty. */
	null_key(json, "exe");
	null_key(json, "cmdline");
	gap_json_key(json, "address");
	gap_json_hex(json, task->address.value);
	gap_json_close(json, '}');
}

static void print_json(const struct task_rows *rows, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	json_begin(&json, "semgap/ps/1", status == GAP_PARTIAL, status ? error->text : NULL,
		   "processes");
	for (uint32_t i = 0; i < rows->count; i++)
		json_row(&json, &rows->items[i]);
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct task_rows rows = {0};
	struct gap_error error = {{0}};
	enum gap_status status = collect(guest, &rows, &error);
	int result = EXIT_DONE;

	if (status && status != GAP_PARTIAL) {
		free(rows.items);
		return say_failure(status, &error);
	}
	if (request->json)
		print_json(&rows, status, &error);
	else
		print_table(&rows);
	if (status)
		say("the list is partial: %s", error.text);
	if (status)
		result = EXIT_PARTIAL;
	free(rows.items);
	return result;
}

const struct guest_view guest_view_ps = {
	.name = "ps",
	.operands = "",
	.summary = "processes (thread-group leaders)",
	.run = run,
};
