/* SPDX-License-Identifier: MIT */
/*
 * Costs of the calls that a monitor makes once: opening a profile, finding names, binding. Prints a
 * line per operation; judges none. What reading a guest costs is bench_guest.c's.
 *
 *     bench_runtime PROFILE.gap
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/include/semgap/bind.h"
#include "tests/bench/bench_measure.h"

struct bench {
	const char *path;
	struct gap_profile *profile;
	gap_type_id task_struct;
};

static volatile uint64_t sink;

static void need(enum gap_status status, const struct gap_error *error)
{
	if (status == GAP_OK)
		return;
	fprintf(stderr, "%s\n", error->text);
	exit(2);
}

static void measure(const char *name, void (*operation)(void *), struct bench *bench)
{
	printf("  %-44s %12.1f ns\n", name,
	       bench_alone((struct bench_operation){operation, bench, 1}));
}

static void do_open(void *context)
{
	struct bench *bench = context;
	struct gap_profile *profile;
	struct gap_error error;

	need(gap_profile_open(bench->path, &profile, &error), &error);
	gap_profile_close(profile);
}

static void do_find_type(void *context)
{
	struct bench *bench = context;
	gap_type_id id = 0;

	if (gap_profile_find_type(bench->profile, "task_struct", &id, NULL) == GAP_OK)
		sink += id;
}

static void do_find_member(void *context)
{
	struct bench *bench = context;
	struct gap_location location;

	if (gap_profile_find_member(bench->profile, bench->task_struct, "comm", &location, NULL) ==
	    GAP_OK)
		sink += location.offset_bits;
}

static void do_bind(void *context)
{
	struct bench *bench = context;
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

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc != 2) {
		fprintf(stderr, "usage: %s PROFILE.gap\n", argv[0]);
		return 2;
	}
	bench.path = argv[1];
	bench_profile(&bench);
	gap_profile_close(bench.profile);
	return 0;
}
