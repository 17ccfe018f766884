/* SPDX-License-Identifier: MIT */
/*
 * What reading a guest costs, beside the floor (bench_floor.h). Prints a row per operation, with
 * tabs, for `guests` to make a table of: name, nanoseconds of the floor, ours, median ratio, its
 * 5th and 95th percentile; "-" where there is no floor. Judges none.
 *
 *     bench_guest PROFILE.gap GUEST-RAM
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/include/semgap/bind.h"
#include "runtime/include/semgap/guest.h"
#include "runtime/include/semgap/hot.h"
#include "runtime/include/semgap/source.h"
#include "runtime/include/semgap/tasks.h"
#include "tests/bench/bench_floor.h"
#include "tests/bench/bench_measure.h"

#define TASKS_MAX 4096
#define HOT_MAX 16

struct bench {
	const char *path, *source_path;
	struct gap_profile *profile;
	struct gap_source_memory *source;
	const struct gap_memory *memory;
	struct gap_guest *guest;
	struct floor_guest floor;
	struct gap_field pid, comm, tasks;
	uint64_t head;
	uint64_t addresses[TASKS_MAX]; /* of the tasks' lists */
	unsigned long task_count;
	/* Some of them, whose pages do not displace each other from the TLB: always hits. */
	uint64_t hot[HOT_MAX];
	unsigned long hot_count;
};

static volatile uint64_t sink;

static void need(enum gap_status status, const struct gap_error *error)
{
	if (status == GAP_OK)
		return;
	fprintf(stderr, "bench_guest: %s\n", error->text);
	exit(2);
}

/* Keeps the compiler from reading guest memory once for all rounds. */
static inline void memory_changes(void)
{
	__asm__ volatile("" ::: "memory");
}

/* ---- a bound field of four bytes, at addresses that are always hits ---- */

static void floor_fields(void *context)
{
	struct bench *bench = context;

	for (unsigned long i = 0; i < bench->hot_count; i++) {
		uint64_t task = bench->hot[i];
		const unsigned char *data =
			floor_bytes(&bench->floor, task + bench->pid.offset_bytes, 4);
		uint32_t pid = 0;

		if (data)
			memcpy(&pid, data, sizeof(pid));
		sink += pid;
		memory_changes();
	}
}

static void hot_fields(void *context)
{
	struct bench *bench = context;

	for (unsigned long i = 0; i < bench->hot_count; i++) {
		struct gap_vaddr task = {bench->hot[i]};
		uint64_t pid = 0;

		if (!gap_hot_read_field(bench->guest, task, &bench->pid, &pid))
			sink += pid;
		memory_changes();
	}
}

static void called_fields(void *context)
{
	struct bench *bench = context;

	for (unsigned long i = 0; i < bench->hot_count; i++) {
		struct gap_vaddr at = {bench->hot[i] + bench->pid.offset_bytes};
		uint32_t pid = 0;

		if (!gap_guest_read_u32(bench->guest, at, &pid))
			sink += pid;
	}
}

/* ---- a walk of the page tables, which no cache shortens ---- */

static void floor_walks(void *context)
{
	struct bench *bench = context;

	for (unsigned long i = 0; i < bench->task_count; i++) {
		const unsigned char *leaf_at;
		uint64_t physical = 0, leaf;

		if (floor_walk(&bench->floor, bench->addresses[i], &physical, &leaf_at, &leaf))
			sink += physical;
		memory_changes();
	}
}

static void our_walks(void *context)
{
	struct bench *bench = context;

	for (unsigned long i = 0; i < bench->task_count; i++) {
		struct gap_vaddr at = {bench->addresses[i]};
		struct gap_paddr physical;

		if (!gap_guest_translate(bench->guest, at, &physical))
			sink += physical.value;
	}
}

/* ---- pid, comm and next of every task in the list ---- */

static void floor_list(void *context)
{
	struct bench *bench = context;
	struct floor_guest *floor = &bench->floor;
	uint64_t at = bench->head, comm[2] = {0, 0};
	uint32_t pid = 0;

	for (unsigned long i = 0; i <= bench->task_count; i++) {
		uint64_t task = at - bench->tasks.offset_bytes;
		const unsigned char *data = floor_bytes(floor, task + bench->pid.offset_bytes, 4);

		if (data)
			memcpy(&pid, data, sizeof(pid));
		data = floor_bytes(floor, task + bench->comm.offset_bytes, sizeof(comm));
		if (data)
			memcpy(comm, data, sizeof(comm));
		sink += pid + comm[0] + comm[1];
		data = floor_bytes(floor, at, 8);
		if (!data)
			return;
		memcpy(&at, data, sizeof(at));
	}
}

static void hot_list(void *context)
{
	struct bench *bench = context;
	struct gap_guest *guest = bench->guest;
	uint64_t at = bench->head, comm[2] = {0, 0}, pid = 0;

	for (unsigned long i = 0; i <= bench->task_count; i++) {
		struct gap_vaddr task = {at - bench->tasks.offset_bytes};
		struct gap_vaddr name = {task.value + bench->comm.offset_bytes};
		struct gap_vaddr next = {at};

		if (gap_hot_read_field(guest, task, &bench->pid, &pid) ||
		    gap_hot_read(guest, name, comm, sizeof(comm)))
			return;
		sink += pid + comm[0] + comm[1];
		if (gap_hot_read_u64(guest, next, &at))
			return;
	}
}

/* Cold: no translation is cached when it begins. */
static void floor_list_cold(void *context)
{
	struct bench *bench = context;

	floor_forget(&bench->floor);
	floor_list(context);
}

static void hot_list_cold(void *context)
{
	struct bench *bench = context;

	gap_guest_refresh(bench->guest);
	hot_list(context);
}

/* ---- the rest has no floor ---- */

static void attach(void *context)
{
	struct bench *bench = context;
	struct gap_guest *guest;
	struct gap_error error;

	need(gap_guest_open(bench->memory, bench->profile, NULL, &guest, &error), &error);
	gap_guest_close(guest);
}

static void attach_all(void *context)
{
	struct bench *bench = context;
	struct gap_source_memory *source;
	struct gap_profile *profile;
	struct gap_guest *guest;
	struct gap_error error;

	need(gap_profile_open(bench->path, &profile, &error), &error);
	need(gap_source_memory_open(bench->source_path, &source, &error), &error);
	need(gap_guest_open(gap_source_memory_get(source), profile, NULL, &guest, &error), &error);
	gap_guest_close(guest);
	gap_source_memory_close(source);
	gap_profile_close(profile);
}

static void all_fields(void *context)
{
	struct bench *bench = context;
	struct gap_tasks tasks;
	struct gap_error error;
	struct gap_task task;

	need(gap_tasks_init(&tasks, bench->guest, &error), &error);
	while (gap_tasks_next(&tasks, &task))
		sink += (uint64_t)task.pid;
}

/* ---- setting up ---- */

static void collect_tasks(struct bench *bench)
{
	struct gap_vaddr head, link;
	struct gap_error error;
	struct gap_list list;

	need(gap_guest_symbol(bench->guest, "init_task", &head, &error), &error);
	bench->head = head.value += bench->tasks.offset_bytes;
	gap_list_init(&list, bench->guest, head, TASKS_MAX);
	while (bench->task_count < TASKS_MAX && gap_list_next(&list, &link))
		bench->addresses[bench->task_count++] = link.value;
}

static size_t slot_of_pid(const struct bench *bench, uint64_t task)
{
	return gap_hot_slot((task + bench->pid.offset_bytes) >> GAP_HOT_PAGE_SHIFT);
}

static void collect_hot(struct bench *bench)
{
	for (unsigned long i = 0; i < bench->task_count && bench->hot_count < HOT_MAX; i++) {
		uint64_t task = bench->addresses[i] - bench->tasks.offset_bytes;
		unsigned long j = 0;

		while (j < bench->hot_count &&
		       slot_of_pid(bench, bench->hot[j]) != slot_of_pid(bench, task))
			j++;
		if (j == bench->hot_count)
			bench->hot[bench->hot_count++] = task;
	}
}

static void bind_fields(struct bench *bench)
{
	static const struct gap_field_request requests[] = {
		{.type = "task_struct", .member = "pid"},
		{.type = "task_struct", .member = "comm"},
		{.type = "task_struct", .member = "tasks"}};
	struct gap_field fields[3];
	struct gap_error error;

	need(gap_bind_fields(bench->profile, requests, 3, fields, &error), &error);
	bench->pid = fields[0];
	bench->comm = fields[1];
	bench->tasks = fields[2];
}

/* False when the floor cannot read such a guest. */
static int init_floor(struct bench *bench)
{
	struct gap_guest_info info;
	struct gap_target target;
	const struct gap_memory_range *range = &bench->memory->ranges[0];

	gap_guest_info(bench->guest, &info);
	gap_profile_target(bench->profile, &target);
	bench->floor.ram = range->data;
	bench->floor.ram_bytes = range->size_bytes;
	bench->floor.root = info.root.value;
	bench->floor.levels = info.paging_levels;
	floor_forget(&bench->floor);
	return target.pointer_bytes == 8 && bench->floor.levels >= 4 &&
	       bench->memory->range_count == 1 && range->data && range->start.value == 0;
}

/* The floor's answers are ours: otherwise it would be no measure. */
static void check_floor(struct bench *bench)
{
	for (unsigned long i = 0; i < bench->task_count; i++) {
		struct gap_vaddr at = {bench->addresses[i]};
		struct gap_paddr ours = {0};
		const unsigned char *leaf_at;
		uint64_t bare = 1, leaf;

		if (gap_guest_translate(bench->guest, at, &ours) ||
		    !floor_walk(&bench->floor, at.value, &bare, &leaf_at, &leaf) ||
		    ours.value != bare) {
			fprintf(stderr, "bench_guest: the floor finds another place for 0x%llx\n",
				(unsigned long long)at.value);
			exit(2);
		}
	}
}

static void open_guest(struct bench *bench)
{
	struct gap_error error;

	need(gap_profile_open(bench->path, &bench->profile, &error), &error);
	need(gap_source_memory_open(bench->source_path, &bench->source, &error), &error);
	bench->memory = gap_source_memory_get(bench->source);
	need(gap_guest_open(bench->memory, bench->profile, NULL, &bench->guest, &error), &error);
	bind_fields(bench);
	collect_tasks(bench);
	collect_hot(bench);
}

/* ---- rows ---- */

static void beside(const char *name, struct bench *bench, void (*floor)(void *),
		   void (*ours)(void *), unsigned long parts)
{
	struct bench_pair pair = bench_beside((struct bench_operation){floor, bench, parts},
					      (struct bench_operation){ours, bench, parts});

	printf("%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\n", name, pair.floor_ns, pair.ours_ns, pair.ratio,
	       pair.ratio_low, pair.ratio_high);
	fflush(stdout);
}

static void alone(const char *name, struct bench *bench, void (*ours)(void *))
{
	printf("%s\t-\t%.0f\t-\t-\t-\n", name,
	       bench_alone((struct bench_operation){ours, bench, 1}));
}

static void print_rows(struct bench *bench)
{
	unsigned long count = bench->task_count, each = count + 1; /* init_task is read as well */

	check_floor(bench);
	beside("field", bench, floor_fields, hot_fields, bench->hot_count);
	beside("field_called", bench, floor_fields, called_fields, bench->hot_count);
	beside("walk", bench, floor_walks, our_walks, count);
	beside("task_warm", bench, floor_list, hot_list, each);
	beside("task_cold", bench, floor_list_cold, hot_list_cold, each);
	alone("attach", bench, attach);
	alone("attach_all", bench, attach_all);
	alone("tasks_all_fields", bench, all_fields);
	printf("processes\t-\t%lu\t-\t-\t-\n", count);
}

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc != 3) {
		fprintf(stderr, "usage: %s PROFILE.gap GUEST-RAM\n", argv[0]);
		return 2;
	}
	bench.path = argv[1];
	bench.source_path = argv[2];
	open_guest(&bench);
	if (!bench.task_count || !init_floor(&bench)) {
		fprintf(stderr, "bench_guest: the floor reads guests on x86-64 whose RAM is one "
				"piece\n");
		return 2;
	}
	print_rows(&bench);
	gap_guest_close(bench.guest);
	gap_source_memory_close(bench.source);
	gap_profile_close(bench.profile);
	return 0;
}
