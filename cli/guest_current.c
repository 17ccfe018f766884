/* SPDX-License-Identifier: MIT */
/* semgap guest current: what each CPU runs. */
#include <stdio.h>
#include <string.h>

#include "cli/guest_out.h"
#include "runtime/include/semgap/cpus.h"

static void print_row(const struct gap_cpu *cpu)
{
	const struct gap_task *task = &cpu->task;
	bool known = task->known & GAP_TASK_COMM;

	printf("%4u %7d ", cpu->number, task->pid);
	out_number(task->known & GAP_TASK_TGID, task->tgid, 7);
	printf("%c ", task->known & GAP_TASK_STATE ? task->state : '?');
	out_text(known ? task->comm : "?", known ? strlen(task->comm) : 1);
	putchar('\n');
}

static void json_row(struct gap_json *json, const struct gap_cpu *cpu)
{
	const struct gap_task *task = &cpu->task;
	char state[2] = {task->state, '\0'};

	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_number(json, "cpu", cpu->number);
	out_json_signed(json, "pid", true, task->pid);
	out_json_signed(json, "tgid", task->known & GAP_TASK_TGID, task->tgid);
	out_json_text(json, "comm", task->known & GAP_TASK_COMM, task->comm);
	out_json_text(json, "state", task->known & GAP_TASK_STATE, state);
	out_json_bool(json, "kernel_thread", task->known & GAP_TASK_KERNEL, task->kernel_thread);
	out_json_hex(json, "address", true, task->address.value);
	gap_json_close(json, '}');
}

static void print_table(struct gap_cpus *cpus)
{
	struct gap_cpu cpu;

	printf("%4s %7s %7s S COMM\n", "CPU", "PID", "TGID");
	while (gap_cpus_next(cpus, &cpu))
		print_row(&cpu);
}

/* Rows come before what is known of them only at the end. */
static void print_json(struct gap_cpus *cpus)
{
	struct gap_json json = {.stream = stdout};
	struct gap_cpu cpu;

	gap_json_open(&json, '{');
	gap_json_key_name(&json, "schema", "semgap/current/1");
	gap_json_key(&json, "cpus");
	gap_json_open(&json, '[');
	while (gap_cpus_next(cpus, &cpu))
		json_row(&json, &cpu);
	gap_json_close(&json, ']');
	gap_json_key(&json, "partial");
	gap_json_bool(&json, cpus->status != GAP_OK);
	gap_json_key(&json, "warnings");
	gap_json_open(&json, '[');
	if (cpus->status)
		gap_json_name(&json, cpus->reason);
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct gap_error error = {{0}};
	struct gap_cpus cpus;
	enum gap_status status = gap_cpus_init(&cpus, guest, &error);

	if (status)
		return say_failure(status, &error);
	if (request->json)
		print_json(&cpus);
	else
		print_table(&cpus);
	gap_fail(&error, cpus.status, "%s", cpus.reason);
	return out_finish(cpus.status, &error);
}

const struct guest_view guest_view_current = {
	.name = "current",
	.operands = "",
	.summary = "what each CPU runs",
	.run = run,
};
