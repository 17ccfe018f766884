/* SPDX-License-Identifier: MIT */
/*
 * The process view: the list of thread-group leaders that begins at init_task, each read as the
 * guest's own ps reads it. The walk's safety is list.c's; here a member that cannot be read is
 * unknown, and the view then says that it is partial.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/fields.h"
#include "runtime/task_reader.h"
#include "runtime/translate.h"
#include "semgap/tasks.h"

#define PF_KTHREAD 0x00200000u
#define PID_MAX (4 * 1024 * 1024) /* the kernel's PID_MAX_LIMIT */
#define NS_PER_SECOND 1000000000u

/* Positions in gap_tasks.fields. */
enum slot {
	TASKS,
	PID,
	TGID,
	REAL_PARENT,
	REAL_CRED,
	COMM,
	STATE,
	EXIT_STATE,
	FLAGS,
	START,
	MM,
	UID,
	GID,
	SLOT_COUNT
};

static const struct {
	enum gap_field_id id;
	int optional;
} wanted[SLOT_COUNT] = {
	[TASKS] = {GAP_FIELD_TASK_TASKS, 0},
	[PID] = {GAP_FIELD_TASK_PID, 0},
	[TGID] = {GAP_FIELD_TASK_TGID, 1},
	[REAL_PARENT] = {GAP_FIELD_TASK_REAL_PARENT, 1},
	[REAL_CRED] = {GAP_FIELD_TASK_REAL_CRED, 1},
	[COMM] = {GAP_FIELD_TASK_COMM, 1},
	[STATE] = {GAP_FIELD_TASK_STATE, 1},
	[EXIT_STATE] = {GAP_FIELD_TASK_EXIT_STATE, 1},
	[FLAGS] = {GAP_FIELD_TASK_FLAGS, 1},
	[START] = {GAP_FIELD_TASK_START, 1},
	[MM] = {GAP_FIELD_TASK_MM, 1},
	[UID] = {GAP_FIELD_CRED_UID, 1},
	[GID] = {GAP_FIELD_CRED_GID, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_tasks *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_tasks has no room for all fields");

/* ---- the state letter ---- */

/*
 * Bits of task_struct.__state (include/linux/sched.h), in the order in which they decide: the first
 * row whose bits are all set. Since 8ef9925b02c2 and 06eb61844d84 (4.14); earlier kernels have
 * PARKED at 0x200 and no letter for it, and show idle kernel threads as D.
 */
static const struct state_row {
	uint32_t bits;
	char letter;
} state_rows[] = {
	{0x8000, 'D'}, /* TASK_FROZEN, f5d39b020809 (6.1); shown as D since f718faf3940e
			  (6.14, 6.6.y), as R before */
	{0x1000, 'D'}, /* TASK_RTLOCK_WAIT, the sleep of PREEMPT_RT's locks (5.15) */
	{0x0402, 'I'}, /* TASK_IDLE: TASK_NOLOAD | TASK_UNINTERRUPTIBLE */
	{0x0040, 'P'}, /* TASK_PARKED */
	{0x0008, 't'}, /* __TASK_TRACED */
	{0x0004, 'T'}, /* __TASK_STOPPED */
	{0x0002, 'D'}, /* TASK_UNINTERRUPTIBLE */
	{0x0001, 'S'}, /* TASK_INTERRUPTIBLE */
};

/* Bits of exit_state; the two changed places in ad86622b478e (3.14). */
#define EXIT_DEAD 0x10u
#define EXIT_ZOMBIE 0x20u

/*
 * As task_state_index() of the kernel, but that an exit state is looked at first: before 4.14 the
 * value that now means parked was TASK_DEAD, which goes with every zombie.
 */
static char state_letter(uint64_t state, uint64_t exit_state)
{
	if (exit_state & EXIT_ZOMBIE)
		return 'Z';
	if (exit_state & EXIT_DEAD)
		return 'X';
	for (size_t i = 0; i < sizeof(state_rows) / sizeof(state_rows[0]); i++)
		if ((state & state_rows[i].bits) == state_rows[i].bits)
			return state_rows[i].letter;
	return 'R';
}

/* ---- reading one task ---- */

/* The first thing that went wrong stays. */
static void GAP_PRINTF(2, 3) note(struct gap_tasks *tasks, const char *format, ...)
{
	va_list arguments;

	if (tasks->status)
		return;
	tasks->status = GAP_PARTIAL;
	va_start(arguments, format);
	vsnprintf(tasks->reason, sizeof(tasks->reason), format, arguments);
	va_end(arguments);
}

static int has(const struct gap_tasks *tasks, enum slot slot)
{
	return tasks->fields[slot].present;
}

/* Reads a number of 1 to 8 bytes from the structure at @base: false when it is not known. */
static int read_number(struct gap_tasks *tasks, struct gap_vaddr base, enum slot slot,
		       uint64_t *number)
{
	const struct gap_field *field = &tasks->fields[slot];
	struct gap_vaddr at = {base.value + field->offset_bytes};
	uint64_t value = 0; /* hosts are little-endian (format.h), and so are the guests we read */

	if (!field->present || field->bit_width || !field->size_bytes ||
	    field->size_bytes > sizeof(value))
		return 0;
	if (gap_guest_read(tasks->guest, at, &value, field->size_bytes)) {
		note(tasks, "the memory at 0x%" PRIx64 " cannot be read", at.value);
		return 0;
	}
	*number = value;
	return 1;
}

static int read_id(struct gap_tasks *tasks, struct gap_vaddr base, enum slot slot, int32_t *id)
{
	uint64_t number;

	if (!read_number(tasks, base, slot, &number))
		return 0;
	*id = (int32_t)(uint32_t)number;
	return 1;
}

static void read_pids(struct gap_tasks *tasks, struct gap_task *task)
{
	struct gap_vaddr parent;

	read_id(tasks, task->address, PID, &task->pid);
	if (read_id(tasks, task->address, TGID, &task->tgid))
		task->known |= GAP_TASK_TGID;
	if (has(tasks, TGID) && read_number(tasks, task->address, REAL_PARENT, &parent.value) &&
	    read_id(tasks, parent, TGID, &task->ppid))
		task->known |= GAP_TASK_PPID;
}

static void read_credentials(struct gap_tasks *tasks, struct gap_task *task)
{
	struct gap_vaddr cred;
	uint64_t id;

	if (!read_number(tasks, task->address, REAL_CRED, &cred.value))
		return;
	if (read_number(tasks, cred, UID, &id)) {
		task->uid = (uint32_t)id;
		task->known |= GAP_TASK_UID;
	}
	if (read_number(tasks, cred, GID, &id)) {
		task->gid = (uint32_t)id;
		task->known |= GAP_TASK_GID;
	}
}

static void read_comm(struct gap_tasks *tasks, struct gap_task *task)
{
	const struct gap_field *field = &tasks->fields[COMM];
	struct gap_vaddr at = {task->address.value + field->offset_bytes};
	char comm[GAP_COMM_BYTES];
	size_t size_bytes = sizeof(comm);

	if (!field->present)
		return;
	if (field->size_bytes && field->size_bytes < size_bytes)
		size_bytes = field->size_bytes;
	if (gap_guest_read(tasks->guest, at, comm, size_bytes)) {
		note(tasks, "the memory at 0x%" PRIx64 " cannot be read", at.value);
		return;
	}
	memcpy(task->comm, comm, strnlen(comm, size_bytes));
	task->known |= GAP_TASK_COMM;
}

static void read_state(struct gap_tasks *tasks, struct gap_task *task)
{
	uint64_t state, exit_state, flags, mm;

	if (read_number(tasks, task->address, STATE, &state) &&
	    read_number(tasks, task->address, EXIT_STATE, &exit_state)) {
		task->state = state_letter(state, exit_state);
		task->known |= GAP_TASK_STATE;
	}
	if (read_number(tasks, task->address, FLAGS, &flags)) {
		task->kernel_thread = (flags & PF_KTHREAD) != 0;
		task->known |= GAP_TASK_KERNEL;
	}
	if (read_number(tasks, task->address, MM, &mm))
		task->mm.value = mm;
}

/* A number of nanoseconds; in old kernels two longs, seconds and nanoseconds. */
static void read_start(struct gap_tasks *tasks, struct gap_task *task)
{
	const struct gap_field *field = &tasks->fields[START];
	struct gap_vaddr at = {task->address.value + field->offset_bytes};
	uint64_t parts[2];

	if (field->present && field->size_bytes == sizeof(parts) && !field->bit_width) {
		if (gap_guest_read(tasks->guest, at, parts, sizeof(parts))) {
			note(tasks, "the memory at 0x%" PRIx64 " cannot be read", at.value);
			return;
		}
		task->start_ns = parts[0] * NS_PER_SECOND + parts[1];
	} else if (!read_number(tasks, task->address, START, &task->start_ns)) {
		return;
	}
	task->known |= GAP_TASK_START;
}

/* ---- the walk ---- */

enum gap_status gap_tasks_init(struct gap_tasks *tasks, struct gap_guest *guest,
			       struct gap_error *error)
{
	struct gap_field_request requests[SLOT_COUNT];
	struct gap_tasks begun = {.guest = guest};
	struct gap_vaddr head;
	enum gap_status status;

	for (int i = 0; i < SLOT_COUNT; i++)
		requests[i] = gap_field_request_of(wanted[i].id, wanted[i].optional);
	status = gap_bind_fields(guest->profile, requests, SLOT_COUNT, begun.fields, error);
	if (!status)
		status = gap_guest_symbol(guest, "init_task", &head, error);
	if (status)
		return status;
	gap_guest_refresh(guest);
	head.value += begun.fields[TASKS].offset_bytes;
	gap_list_init(&begun.list, guest, head, 0);
	*tasks = begun;
	return GAP_OK;
}

void gap_tasks_check(struct gap_tasks *tasks, const struct gap_task *task)
{
	if (task->pid <= 0 || task->pid > PID_MAX)
		note(tasks, "what the list has at 0x%" PRIx64 " is no task (pid %" PRId32 ")",
		     task->address.value, task->pid);
}

void gap_tasks_read(struct gap_tasks *tasks, struct gap_vaddr address, struct gap_task *task)
{
	*task = (struct gap_task){.address = address};
	read_pids(tasks, task);
	read_credentials(tasks, task);
	read_comm(tasks, task);
	read_state(tasks, task);
	read_start(tasks, task);
}

int gap_tasks_next(struct gap_tasks *tasks, struct gap_task *task)
{
	struct gap_vaddr link;

	if (!gap_list_next(&tasks->list, &link)) {
		if (tasks->list.status)
			note(tasks, "%s", tasks->list.reason);
		return 0;
	}
	link.value -= tasks->fields[TASKS].offset_bytes;
	gap_tasks_read(tasks, link, task);
	gap_tasks_check(tasks, task);
	return 1;
}
