/* SPDX-License-Identifier: MIT */
/*
 * Costs of the runtime, beside the same in bare C where there is such a thing. Prints a line per
 * operation; judges none.
 *
 *     bench_runtime PROFILE.gap [GUEST-RAM]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/include/semgap/bind.h"
#include "runtime/include/semgap/guest.h"
#include "runtime/include/semgap/source.h"
#include "runtime/include/semgap/tasks.h"

struct bench {
	const char *path;
	struct gap_profile *profile;
	gap_type_id task_struct;
	struct gap_guest *guest;
	struct gap_vaddr init_task;
	const unsigned char *bare; /* a copy of init_task in our own memory */
	uint32_t pid_offset;
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
 * Nanoseconds each. */
static double measure(const char *name, void (*operation)(struct bench *), struct bench *bench)
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
	printf("  %-44s %12.1f ns\n", name, best * 1e9);
	return best * 1e9;
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

static void do_read_u32(struct bench *bench)
{
	struct gap_vaddr at = {bench->init_task.value + bench->pid_offset};
	uint32_t value = 0;

	if (gap_guest_read_u32(bench->guest, at, &value) == GAP_OK)
		sink += value;
}

static void do_read_bare(struct bench *bench)
{
	uint32_t value;

	memcpy(&value, bench->bare + bench->pid_offset, sizeof(value));
	sink += value;
}

static void do_walk_cold(struct bench *bench)
{
	gap_guest_refresh(bench->guest);
	do_read_u32(bench);
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

static void bench_guest(struct bench *bench, const char *path)
{
	struct gap_source_memory *memory;
	struct gap_location pid;
	struct gap_error error;
	unsigned char *copy;
	double ours, bare, begin = seconds_now();

	need(gap_source_memory_open(path, &memory, &error), &error);
	need(gap_guest_open(gap_source_memory_get(memory), bench->profile, NULL, &bench->guest,
			    &error),
	     &error);
	printf("  %-44s %12.1f ms\n", "open a guest", (seconds_now() - begin) * 1e3);
	need(gap_guest_symbol(bench->guest, "init_task", &bench->init_task, &error), &error);
	need(gap_profile_find_member(bench->profile, bench->task_struct, "pid", &pid, &error),
	     &error);
	bench->pid_offset = (uint32_t)(pid.offset_bits / 8);
	copy = calloc(1, bench->pid_offset + 4);
	if (!copy)
		exit(2);
	bench->bare = copy;
	ours = measure("read a field of a guest, translated before", do_read_u32, bench);
	bare = measure("read a field in bare C", do_read_bare, bench);
	printf("  %-44s %12.1f\n", "ratio", ours / bare);
	measure("forget translations, read a field", do_walk_cold, bench);
	measure("list all processes", do_tasks, bench);
	free(copy);
	gap_guest_close(bench->guest);
	gap_source_memory_close(memory);
}

int main(int argc, char **argv)
{
	struct bench bench = {0};

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
