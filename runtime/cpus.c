/* SPDX-License-Identifier: MIT */
/*
 * The current task of each CPU. A CPU in the middle of a context switch has a stack of one task and
 * names another; here is only what the variable says.
 */
#include <inttypes.h>
#include <string.h>

#include "runtime/record.h"
#include "runtime/task_reader.h"
#include "semgap/cpus.h"

#define NOTE(cpus, ...)                                                                            \
	gap_note(&(cpus)->status, (cpus)->reason, sizeof((cpus)->reason), __VA_ARGS__)

/*
 * Where the pointer is, the first that the profile has. x86: a variable of its own; in struct
 * pcpu_hot from e57ef2ed97c1 (6.2) until a1e4cc0155ad (6.15). Elsewhere the run queue knows.
 */
static const struct {
	const char *symbol, *type, *member;
} ways[] = {
	{"current_task", NULL, NULL},
	{"pcpu_hot", "pcpu_hot", "current_task"},
	{"runqueues", "rq", "curr"},
};

static int try_way(struct gap_cpus *cpus, size_t way)
{
	const struct gap_profile *profile = gap_guest_profile(cpus->tasks.guest);
	struct gap_field_request request = {ways[way].type, ways[way].member, 0, 0};
	struct gap_field field = {0};
	struct gap_symbol symbol;

	if (gap_profile_find_symbol(profile, ways[way].symbol, &symbol, NULL) ||
	    !(symbol.flags & GAP_SYMBOL_PERCPU))
		return 0;
	if (request.type && gap_bind_fields(profile, &request, 1, &field, NULL))
		return 0;
	cpus->symbol = ways[way].symbol;
	cpus->offset_bytes = field.offset_bytes;
	return 1;
}

enum gap_status gap_cpus_init(struct gap_cpus *cpus, struct gap_guest *guest,
			      struct gap_error *error)
{
	struct gap_cpus begun = {0};
	enum gap_status status = gap_tasks_init(&begun.tasks, guest, error);

	if (!status)
		status = gap_guest_cpu_count(guest, &begun.count, error);
	if (status)
		return status;
	for (size_t i = 0; !begun.symbol && i < sizeof(ways) / sizeof(ways[0]); i++)
		try_way(&begun, i);
	if (!begun.symbol)
		return gap_fail(
			error, GAP_NOT_FOUND,
			"the profile has none of the per-CPU symbols current_task, pcpu_hot "
			"and runqueues with its type");
	*cpus = begun;
	return GAP_OK;
}

/* Where the mask is unknown all possible CPUs are taken for online. cpu_online_bits until
 * 4b804c85dc37 (4.5). */
static int is_online(struct gap_cpus *cpus, uint32_t cpu)
{
	struct gap_guest *guest = cpus->tasks.guest;
	struct gap_vaddr mask;
	uint8_t bits;
	int possible = 0;
	enum gap_status status = gap_guest_symbol(guest, "__cpu_online_mask", &mask, NULL);

	if (status == GAP_NOT_FOUND)
		status = gap_guest_symbol(guest, "cpu_online_bits", &mask, NULL);
	if (status)
		return !gap_guest_cpu_possible(guest, cpu, &possible, NULL) && possible;
	mask.value += cpu / 8;
	if (gap_guest_read_u8(guest, mask, &bits))
		return NOTE(cpus, "the mask of online CPUs cannot be read");
	return bits >> cpu % 8 & 1;
}

/* Those that idle have no number, and are in no list; they are named for it. */
static void check_task(struct gap_cpus *cpus, const struct gap_cpu *cpu)
{
	static const char idle[] = "swapper";
	const struct gap_task *task = &cpu->task;

	if (task->pid != 0)
		gap_tasks_check(&cpus->tasks, task);
	else if (task->known & GAP_TASK_COMM && strncmp(task->comm, idle, sizeof(idle) - 1) != 0)
		NOTE(cpus, "what CPU %" PRIu32 " runs at 0x%" PRIx64 " is no task", cpu->number,
		     task->address.value);
}

static int read_current(struct gap_cpus *cpus, struct gap_cpu *cpu)
{
	struct gap_guest *guest = cpus->tasks.guest;
	struct gap_vaddr at, task;

	if (gap_guest_percpu(guest, cpu->number, cpus->symbol, &at, NULL))
		return NOTE(cpus, "CPU %" PRIu32 " has no %s", cpu->number, cpus->symbol);
	at.value += cpus->offset_bytes;
	if (gap_guest_read_pointer(guest, at, &task) || gap_pointer_fault(guest, task.value))
		return NOTE(cpus, "the current task of CPU %" PRIu32 " cannot be read",
			    cpu->number);
	gap_tasks_read(&cpus->tasks, task, &cpu->task);
	check_task(cpus, cpu);
	if (cpus->tasks.status)
		NOTE(cpus, "CPU %" PRIu32 ": %s", cpu->number, cpus->tasks.reason);
	return 1;
}

int gap_cpus_next(struct gap_cpus *cpus, struct gap_cpu *cpu)
{
	while (cpus->next < cpus->count) {
		*cpu = (struct gap_cpu){.number = cpus->next++};
		if (is_online(cpus, cpu->number) && read_current(cpus, cpu))
			return 1;
	}
	return 0;
}
