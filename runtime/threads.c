/* SPDX-License-Identifier: MIT */
/*
 * The thread view: from each process to the list of its threads. Reading one task is tasks.c's
 * work; the steps of all lists together are bounded, so that a guest whose processes all lead to
 * one long list gains nothing.
 */
#include <inttypes.h>
#include <string.h>

#include "runtime/record.h"
#include "runtime/task_reader.h"
#include "semgap/threads.h"

#define CGROUP_DEPTH 64       /* the kernel's own limit is far below in practice */
#define CGROUP_NAME_BYTES 256 /* NAME_MAX and a zero */

/* Positions in gap_threads.fields. */
enum slot {
	SIGNAL,
	THREAD_NODE,
	THREAD_HEAD,
	THREAD_GROUP,
	THREAD_PID,
	LEVEL,
	NUMBERS,
	NR,
	CGROUPS,
	DFL_CGROUP,
	KN,
	NAME,
	PARENT,
	SLOT_COUNT
};

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[SIGNAL] = {GAP_FIELD_TASK_SIGNAL, 1},
	[THREAD_NODE] = {GAP_FIELD_TASK_THREAD_NODE, 1},
	[THREAD_HEAD] = {GAP_FIELD_SIGNAL_THREAD_HEAD, 1},
	[THREAD_GROUP] = {GAP_FIELD_TASK_THREAD_GROUP, 1},
	[THREAD_PID] = {GAP_FIELD_TASK_THREAD_PID, 1},
	[LEVEL] = {GAP_FIELD_PID_LEVEL, 1},
	[NUMBERS] = {GAP_FIELD_PID_NUMBERS, 1},
	[NR] = {GAP_FIELD_UPID_NR, 1},
	[CGROUPS] = {GAP_FIELD_TASK_CGROUPS, 1},
	[DFL_CGROUP] = {GAP_FIELD_CSS_SET_DFL_CGROUP, 1},
	[KN] = {GAP_FIELD_CGROUP_KN, 1},
	[NAME] = {GAP_FIELD_KERNFS_NAME, 1},
	[PARENT] = {GAP_FIELD_KERNFS_PARENT, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_threads *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_threads has no room for all fields");

#define NOTE(threads, ...)                                                                         \
	gap_note(&(threads)->status, (threads)->reason, sizeof((threads)->reason), __VA_ARGS__)

/* ---- begin ---- */

/* Bytes of struct upid: what lies between the pids of a thread. 0 unknown. */
static uint32_t upid_bytes(const struct gap_guest *guest)
{
	const struct gap_profile *profile = gap_guest_profile(guest);
	struct gap_type type;
	gap_type_id id;

	if (gap_profile_find_type(profile, "struct:upid", &id, NULL) ||
	    !gap_profile_type(profile, id, &type) || type.size_bytes > 4096)
		return 0;
	return (uint32_t)type.size_bytes;
}

enum gap_status gap_threads_init(struct gap_threads *threads, struct gap_guest *guest,
				 struct gap_error *error)
{
	struct gap_threads begun = {.pid_bytes = upid_bytes(guest)};
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);
	int by_head = begun.fields[SIGNAL].present && begun.fields[THREAD_NODE].present &&
		      begun.fields[THREAD_HEAD].present;

	if (!status)
		status = gap_tasks_init(&begun.tasks, guest, error);
	if (status)
		return status;
	if (!by_head && !begun.fields[THREAD_GROUP].present)
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile lacks signal_struct.thread_head and task_struct."
				"thread_group: no way leads from a process to its threads");
	begun.by_group = !by_head;
	begun.steps_left = begun.tasks.list.step_max;
	*threads = begun;
	return GAP_OK;
}

/* ---- one thread ---- */

static void read_namespace_pids(struct gap_threads *threads, struct gap_thread *thread)
{
	struct gap_guest *guest = threads->tasks.guest;
	const struct gap_field *fields = threads->fields;
	struct gap_vaddr pid, at;
	uint64_t level, number;

	if (!threads->pid_bytes || !fields[NUMBERS].present || !fields[NR].present ||
	    gap_record_pointer(guest, thread->task.address, &fields[THREAD_PID], &pid) ||
	    !pid.value) /* null once it is being released */
		return;
	if (gap_record_number(guest, pid, &fields[LEVEL], &level) || level >= GAP_PID_LEVELS) {
		NOTE(threads, "the pid of thread %" PRId32 " cannot be read", thread->task.pid);
		return;
	}
	at = gap_record_at(pid, &fields[NUMBERS]);
	for (uint32_t i = 0; i <= level; i++, at.value += threads->pid_bytes) {
		if (gap_record_number(guest, at, &fields[NR], &number)) {
			NOTE(threads, "the pid of thread %" PRId32 " cannot be read",
			     thread->task.pid);
			return;
		}
		thread->ns_pids[i] = (int32_t)number;
	}
	thread->ns_pid_count = (uint32_t)level + 1;
}

static void read_thread(struct gap_threads *threads, struct gap_vaddr address,
			struct gap_thread *thread)
{
	uint32_t both = threads->process.known & GAP_TASK_TGID;

	memset(thread, 0, sizeof(*thread));
	gap_tasks_read(&threads->tasks, address, &thread->task);
	gap_tasks_check(&threads->tasks, &thread->task);
	if (both & thread->task.known && thread->task.tgid != threads->process.tgid)
		NOTE(threads,
		     "the threads of process %" PRId32 " hold thread %" PRId32
		     " of process %" PRId32,
		     threads->process.pid, thread->task.pid, thread->task.tgid);
	read_namespace_pids(threads, thread);
}

/* ---- the walk ---- */

/* Begins the list of a process's threads; false when there is none to be had. */
static int enter(struct gap_threads *threads)
{
	struct gap_guest *guest = threads->tasks.guest;
	struct gap_vaddr head = threads->process.address;

	if (threads->by_group) {
		head = gap_record_at(head, &threads->fields[THREAD_GROUP]);
	} else {
		if (gap_record_pointer(guest, head, &threads->fields[SIGNAL], &head) || !head.value)
			return NOTE(threads, "the threads of process %" PRId32 " cannot be read",
				    threads->process.pid);
		head = gap_record_at(head, &threads->fields[THREAD_HEAD]);
	}
	/* 0 would mean any number of steps. */
	gap_list_init(&threads->list, guest, head, threads->steps_left ? threads->steps_left : 1);
	return 1;
}

static void leave(struct gap_threads *threads)
{
	uint64_t steps = threads->list.steps;

	threads->steps_left -= steps < threads->steps_left ? steps : threads->steps_left;
	threads->in_process = 0;
	if (threads->list.status)
		NOTE(threads, "the threads of process %" PRId32 ": %s", threads->process.pid,
		     threads->list.reason);
}

/* Next thread of the process at hand. */
static int next_in_process(struct gap_threads *threads, struct gap_thread *thread)
{
	enum slot link_slot = threads->by_group ? THREAD_GROUP : THREAD_NODE;
	struct gap_vaddr link;

	if (!gap_list_next(&threads->list, &link)) {
		leave(threads);
		return 0;
	}
	link.value -= threads->fields[link_slot].offset_bytes;
	read_thread(threads, link, thread);
	return 1;
}

int gap_threads_next(struct gap_threads *threads, struct gap_thread *thread)
{
	for (;;) {
		if (threads->in_process && next_in_process(threads, thread))
			return 1;
		if (!gap_tasks_next(&threads->tasks, &threads->process))
			break;
		threads->in_process = (uint8_t)enter(threads);
		/* The old list has no head of its own: the process is its first thread. */
		if (threads->in_process && !threads->by_group)
			continue;
		read_thread(threads, threads->process.address, thread);
		return 1;
	}
	if (threads->tasks.status)
		NOTE(threads, "%s", threads->tasks.reason);
	return 0;
}

/* ---- cgroups ---- */

/* Puts "/name" before what stands at @path[*start]. */
static int prepend(char *path, size_t *start, const char *name)
{
	size_t length = strlen(name);

	if (length + 1 > *start)
		return 0;
	*start -= length;
	memcpy(path + *start, name, length);
	path[--*start] = '/';
	return 1;
}

/* From a node to the root, whose parent is null. Fills @path from its end. */
static enum gap_status read_path(struct gap_threads *threads, struct gap_vaddr node, char *path,
				 size_t *start)
{
	struct gap_guest *guest = threads->tasks.guest;

	for (int depth = 0; depth < CGROUP_DEPTH; depth++) {
		struct gap_vaddr parent, name;
		char text[CGROUP_NAME_BYTES];
		enum gap_status status =
			gap_record_pointer(guest, node, &threads->fields[PARENT], &parent);

		if (status || !parent.value)
			return status;
		status = gap_record_pointer(guest, node, &threads->fields[NAME], &name);
		if (!status)
			status = gap_guest_read_string(guest, name, text, sizeof(text));
		if (status)
			return status;
		if (!prepend(path, start, text))
			return GAP_PARTIAL;
		node = parent;
	}
	return GAP_PARTIAL;
}

enum gap_status gap_threads_cgroup(struct gap_threads *threads, const struct gap_thread *thread,
				   char *path, size_t capacity)
{
	static const enum slot way[] = {CGROUPS, DFL_CGROUP, KN};
	struct gap_vaddr at = thread->task.address;
	char text[4096];
	size_t start = sizeof(text) - 1;
	enum gap_status status = GAP_OK;

	for (size_t i = 0; !status && i < sizeof(way) / sizeof(way[0]); i++)
		status =
			gap_record_pointer(threads->tasks.guest, at, &threads->fields[way[i]], &at);
	if (!status && !at.value)
		status = GAP_NOT_FOUND;
	if (!status)
		status = read_path(threads, at, text, &start);
	if (status && status != GAP_NOT_FOUND)
		NOTE(threads, "the cgroup of thread %d cannot be read", thread->task.pid);
	if (status)
		return status;
	text[sizeof(text) - 1] = '\0';
	if (start == sizeof(text) - 1)
		text[--start] = '/';
	if (sizeof(text) - start > capacity)
		return GAP_PARTIAL;
	memcpy(path, text + start, sizeof(text) - start);
	return GAP_OK;
}
