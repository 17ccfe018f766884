/* SPDX-License-Identifier: MIT */
/*
 * Costs of the runtime, beside a floor: the least that bare C needs for the same promise, on the
 * same guest. The floor knows its guest's RAM as one mapped piece, its depth and its offsets; it
 * has 512 translations cached, reads the last entry again at every hit, and bounds what it reads.
 * Prints a line per operation; judges none.
 *
 *     bench_runtime PROFILE.gap [GUEST-RAM]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/include/semgap/bind.h"
#include "runtime/include/semgap/guest.h"
#include "runtime/include/semgap/hot.h"
#include "runtime/include/semgap/source.h"
#include "runtime/include/semgap/tasks.h"

#define TASKS_MAX 4096

struct floor_page {
	uint64_t page;
	const unsigned char *data, *leaf_at;
	uint64_t leaf;
};

struct floor_guest {
	struct floor_page tlb[512];
	const unsigned char *ram;
	uint64_t ram_bytes, root;
	int levels;
};

struct bench {
	const char *path;
	struct gap_profile *profile;
	gap_type_id task_struct;
	const struct gap_memory *memory;
	struct gap_guest *guest;
	struct floor_guest floor;
	struct gap_field pid, comm, tasks;
	uint64_t head;
	uint64_t addresses[TASKS_MAX]; /* of the tasks' lists */
	unsigned long task_count;
};

static volatile uint64_t sink;

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void need(enum gap_status status, const struct gap_error *error)
{
	if (status == GAP_OK)
		return;
	fprintf(stderr, "%s\n", error->text);
	exit(2);
}

/* Runs @operation in rounds until a fifth of a second has passed; the best round counts.
 * Nanoseconds for each of the @parts that one operation does. */
static double measure_parts(const char *name, void (*operation)(struct bench *),
			    struct bench *bench, unsigned long parts)
{
	unsigned long count = 1;
	double best = 1e9, begin = seconds_now();

	do {
		double start = seconds_now(), took;

		for (unsigned long i = 0; i < count; i++)
			operation(bench);
		took = seconds_now() - start;
		if (took / (double)count < best)
			best = took / (double)count;
		if (took < 0.01)
			count *= 2;
	} while (seconds_now() - begin < 0.2);
	best /= (double)parts;
	printf("  %-44s %12.1f ns\n", name, best * 1e9);
	return best * 1e9;
}

static double measure(const char *name, void (*operation)(struct bench *), struct bench *bench)
{
	return measure_parts(name, operation, bench, 1);
}

static void do_open(struct bench *bench)
{
	struct gap_profile *profile;
	struct gap_error error;

	need(gap_profile_open(bench->path, &profile, &error), &error);
	gap_profile_close(profile);
}

static void do_find_type(struct bench *bench)
{
	gap_type_id id = 0;

	if (gap_profile_find_type(bench->profile, "task_struct", &id, NULL) == GAP_OK)
		sink += id;
}

static void do_find_member(struct bench *bench)
{
	struct gap_location location;

	if (gap_profile_find_member(bench->profile, bench->task_struct, "comm", &location, NULL) ==
	    GAP_OK)
		sink += location.offset_bits;
}

static void do_bind(struct bench *bench)
{
	static const struct gap_field_request requests[] = {
		{.type = "task_struct", .member = "pid"},
		{.type = "task_struct", .member = "tgid"},
		{.type = "task_struct", .member = "comm"},
		{.type = "task_struct", .member = "tasks"},
		{.type = "task_struct", .member = "mm"},
		{.type = "task_struct", .member = "__state|state"},
		{.type = "mm_struct", .member = "pgd"}};
	struct gap_field fields[7];
	struct gap_error error;

	need(gap_bind_fields(bench->profile, requests, 7, fields, &error), &error);
	sink += fields[0].offset_bytes;
}

/* ---- the floor ---- */

/* Keeps the compiler from reading guest memory once for all rounds. */
static inline void memory_changes(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline int floor_walk(const struct floor_guest *floor, uint64_t address, uint64_t *physical,
			     const unsigned char **leaf_at, uint64_t *leaf)
{
	const uint64_t mask = 0x000ffffffffff000u;
	uint64_t table = floor->root, entry;
	int shift = 12 + 9 * floor->levels;
	uint64_t high = address >> (shift - 1);

	if (high != 0 && high != UINT64_MAX >> (shift - 1))
		return 0;
	for (int level = floor->levels; level > 0; level--) {
		uint64_t inside, at;

		shift -= 9;
		at = table + ((address >> shift) & 511) * 8;
		if (at > floor->ram_bytes - 8)
			return 0;
		memcpy(&entry, floor->ram + at, 8);
		if (!(entry & 1))
			return 0;
		if (level == 1 || entry & 0x80) {
			inside = ((uint64_t)1 << shift) - 1;
			*physical = (entry & mask & ~inside) | (address & inside);
			*leaf_at = floor->ram + at;
			*leaf = entry;
			return level <= 3;
		}
		table = entry & mask;
	}
	return 0;
}

static __attribute__((noinline)) const unsigned char *floor_miss(struct floor_guest *floor,
								 uint64_t address)
{
	uint64_t page = address >> 12, physical, leaf;
	const unsigned char *leaf_at;

	if (!floor_walk(floor, address, &physical, &leaf_at, &leaf) ||
	    (physical | 4095) >= floor->ram_bytes)
		return NULL;
	floor->tlb[(page ^ page >> 9) & 511] =
		(struct floor_page){page, floor->ram + (physical & ~(uint64_t)4095), leaf_at, leaf};
	return floor->ram + physical;
}

static inline const unsigned char *floor_bytes(struct floor_guest *floor, uint64_t address,
					       size_t size_bytes)
{
	uint64_t page = address >> 12, leaf;
	const struct floor_page *entry = &floor->tlb[(page ^ page >> 9) & 511];

	if ((address & 4095) + size_bytes > 4096)
		return NULL; /* never in this bench */
	if (entry->page == page) {
		memcpy(&leaf, entry->leaf_at, 8);
		if (leaf == entry->leaf)
			return entry->data + (address & 4095);
	}
	return floor_miss(floor, address);
}

static void floor_forget(struct floor_guest *floor)
{
	for (int i = 0; i < 512; i++)
		floor->tlb[i].page = UINT64_MAX;
}

/* ---- the same things with it and with ours ---- */

static void floor_fields(struct bench *bench)
{
	for (unsigned long i = 0; i < bench->task_count; i++) {
		uint64_t task = bench->addresses[i] - bench->tasks.offset_bytes;
		const unsigned char *data =
			floor_bytes(&bench->floor, task + bench->pid.offset_bytes, 4);
		uint32_t pid = 0;

		if (data)
			memcpy(&pid, data, sizeof(pid));
		sink += pid;
		memory_changes();
	}
}

static void hot_fields(struct bench *bench)
{
	for (unsigned long i = 0; i < bench->task_count; i++) {
		struct gap_vaddr task = {bench->addresses[i] - bench->tasks.offset_bytes};
		uint64_t pid = 0;

		if (!gap_hot_read_field(bench->guest, task, &bench->pid, &pid))
			sink += pid;
		memory_changes();
	}
}

static void called_fields(struct bench *bench)
{
	for (unsigned long i = 0; i < bench->task_count; i++) {
		struct gap_vaddr at = {bench->addresses[i] - bench->tasks.offset_bytes +
				       bench->pid.offset_bytes};
		uint32_t pid = 0;

		if (!gap_guest_read_u32(bench->guest, at, &pid))
			sink += pid;
	}
}

static void floor_walks(struct bench *bench)
{
	for (unsigned long i = 0; i < bench->task_count; i++) {
		const unsigned char *leaf_at;
		uint64_t physical = 0, leaf;

		if (floor_walk(&bench->floor, bench->addresses[i], &physical, &leaf_at, &leaf))
			sink += physical;
		memory_changes();
	}
}

static void our_walks(struct bench *bench)
{
	for (unsigned long i = 0; i < bench->task_count; i++) {
		struct gap_vaddr at = {bench->addresses[i]};
		struct gap_paddr physical;

		if (!gap_guest_translate(bench->guest, at, &physical))
			sink += physical.value;
	}
}

/* pid, comm and next of every task in the list, by hand. */
static void floor_list(struct bench *bench)
{
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

static void hot_list(struct bench *bench)
{
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

static void floor_list_cold(struct bench *bench)
{
	floor_forget(&bench->floor);
	floor_list(bench);
}

static void hot_list_cold(struct bench *bench)
{
	gap_guest_refresh(bench->guest);
	hot_list(bench);
}

static void do_guest_open(struct bench *bench)
{
	struct gap_guest *guest;
	struct gap_error error;

	need(gap_guest_open(bench->memory, bench->profile, NULL, &guest, &error), &error);
	gap_guest_close(guest);
}

static void do_tasks(struct bench *bench)
{
	struct gap_tasks tasks;
	struct gap_error error;
	struct gap_task task;

	need(gap_tasks_init(&tasks, bench->guest, &error), &error);
	while (gap_tasks_next(&tasks, &task))
		sink += (uint64_t)task.pid;
}

static void bench_profile(struct bench *bench)
{
	struct gap_error error;

	need(gap_profile_open(bench->path, &bench->profile, &error), &error);
	need(gap_profile_find_type(bench->profile, "task_struct", &bench->task_struct, &error),
	     &error);
	measure("open, validate and close a profile", do_open, bench);
	measure("find a type by name", do_find_type, bench);
	measure("find a member by name", do_find_member, bench);
	measure("bind seven fields", do_bind, bench);
}

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

static int init_floor(struct bench *bench)
{
	struct gap_guest_info info;
	const struct gap_memory_range *range = &bench->memory->ranges[0];

	gap_guest_info(bench->guest, &info);
	bench->floor.ram = range->data;
	bench->floor.ram_bytes = range->size_bytes;
	bench->floor.root = info.root.value;
	bench->floor.levels = info.paging_levels;
	floor_forget(&bench->floor);
	return bench->memory->range_count == 1 && range->data && range->start.value == 0;
}

static void ratio(double ours, double bare)
{
	printf("  %-44s %12.2f\n", "  x floor", ours / bare);
}

static void beside_the_floor(struct bench *bench)
{
	unsigned long count = bench->task_count;
	double bare;

	bare = measure_parts("floor: field at a hot address", floor_fields, bench, count);
	ratio(measure_parts("bound field, inlined (hot.h)", hot_fields, bench, count), bare);
	ratio(measure_parts("field, gap_guest_read_u32()", called_fields, bench, count), bare);
	bare = measure_parts("floor: page walk", floor_walks, bench, count);
	ratio(measure_parts("gap_guest_translate()", our_walks, bench, count), bare);
	bare = measure_parts("floor: task (pid, comm, next), warm", floor_list, bench, count);
	ratio(measure_parts("task, warm", hot_list, bench, count), bare);
	bare = measure_parts("floor: task, cold", floor_list_cold, bench, count);
	ratio(measure_parts("task, cold", hot_list_cold, bench, count), bare);
}

static void bench_guest(struct bench *bench, const char *path)
{
	struct gap_source_memory *memory;
	struct gap_guest_info info;
	struct gap_error error;
	double begin = seconds_now();

	need(gap_source_memory_open(path, &memory, &error), &error);
	bench->memory = gap_source_memory_get(memory);
	need(gap_guest_open(bench->memory, bench->profile, NULL, &bench->guest, &error), &error);
	gap_guest_info(bench->guest, &info);
	printf("  %-44s %12.1f ms (by its %s)\n", "open a source and a guest, the first time",
	       (seconds_now() - begin) * 1e3, info.found_by);
	measure("open a guest and close it", do_guest_open, bench);
	bind_fields(bench);
	collect_tasks(bench);
	printf("  %-44s %12lu\n", "processes", bench->task_count);
	if (bench->task_count && init_floor(bench))
		beside_the_floor(bench);
	measure("list all processes, every field", do_tasks, bench);
	gap_guest_close(bench->guest);
	gap_source_memory_close(memory);
}

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s PROFILE.gap [GUEST-RAM]\n", argv[0]);
		return 2;
	}
	bench.path = argv[1];
	bench_profile(&bench);
	if (argc == 3)
		bench_guest(&bench, argv[2]);
	gap_profile_close(bench.profile);
	return 0;
}
