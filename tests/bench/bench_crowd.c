/* SPDX-License-Identifier: MIT */
/*
 * A full walk of guests: every process with all its fields, every mapping and every open file of
 * each, paths printed. Of several guests, walked by turns, so that none has the host's caches to
 * itself and what disturbs one disturbs the others. Prints a row per guest, with tabs: processes,
 * mappings, files, and nanoseconds for the whole walk, the middle of all rounds. A partial answer
 * is said, and is exit status 3.
 *
 *     bench_crowd PROFILE.gap SOURCE...
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/include/semgap/files.h"
#include "runtime/include/semgap/guest.h"
#include "runtime/include/semgap/maps.h"
#include "runtime/include/semgap/source.h"
#include "runtime/include/semgap/tasks.h"
#include "tests/bench/bench_measure.h"

#define GUESTS_MAX 8
#define SECONDS_MAX 6
#define ROUNDS_MIN 3
#define ROUNDS_MAX 31

struct crowd {
	struct gap_source_memory *source;
	struct gap_guest *guest;
	struct gap_tasks tasks;
	struct gap_maps maps;
	struct gap_files files;
	unsigned long process_count, map_count, file_count, path_bytes;
	const char *partial; /* why, or NULL */
	double seconds[ROUNDS_MAX];
};

static void need(enum gap_status status, const struct gap_error *error)
{
	if (status == GAP_OK)
		return;
	fprintf(stderr, "bench_crowd: %s\n", error->text);
	exit(2);
}

static void walk_process(struct crowd *crowd, const struct gap_task *task)
{
	static struct gap_file file;
	static struct gap_map map;

	crowd->process_count++;
	gap_maps_begin(&crowd->maps, task->mm);
	for (; gap_maps_next(&crowd->maps, &map); crowd->map_count++)
		crowd->path_bytes += map.path.length;
	gap_files_begin(&crowd->files, task->address);
	for (; gap_files_next(&crowd->files, &file); crowd->file_count++)
		crowd->path_bytes += file.path.length;
	if (crowd->maps.status)
		crowd->partial = crowd->maps.reason;
	if (crowd->files.status)
		crowd->partial = crowd->files.reason;
}

static void walk(struct crowd *crowd)
{
	struct gap_error error;
	struct gap_task task;

	crowd->process_count = crowd->map_count = crowd->file_count = crowd->path_bytes = 0;
	need(gap_tasks_init(&crowd->tasks, crowd->guest, &error), &error);
	need(gap_maps_init(&crowd->maps, crowd->guest, &error), &error);
	need(gap_files_init(&crowd->files, crowd->guest, &error), &error);
	while (gap_tasks_next(&crowd->tasks, &task))
		walk_process(crowd, &task);
	if (crowd->tasks.status)
		crowd->partial = crowd->tasks.reason;
}

static void open_guest(struct crowd *crowd, const struct gap_profile *profile, const char *path)
{
	struct gap_error error;

	need(gap_source_memory_open(path, &crowd->source, &error), &error);
	need(gap_guest_open(gap_source_memory_get(crowd->source), profile, NULL, &crowd->guest,
			    &error),
	     &error);
	walk(crowd); /* pages of the file are mapped then */
}

/* Returns how many rounds there were. */
static unsigned long measure(struct crowd *crowds, int count)
{
	double begin = bench_now(), start;
	unsigned long round = 0;

	while (round < ROUNDS_MAX && (round < ROUNDS_MIN || bench_now() - begin < SECONDS_MAX)) {
		for (int i = 0; i < count; i++) {
			start = bench_now();
			walk(&crowds[i]);
			crowds[i].seconds[round] = bench_now() - start;
		}
		round++;
	}
	return round;
}

static int print_row(struct crowd *crowd, unsigned long rounds)
{
	printf("%lu\t%lu\t%lu\t%.0f\n", crowd->process_count, crowd->map_count, crowd->file_count,
	       bench_median(crowd->seconds, rounds) * 1e9);
	if (crowd->partial)
		fprintf(stderr, "bench_crowd: partial: %s\n", crowd->partial);
	gap_guest_close(crowd->guest);
	gap_source_memory_close(crowd->source);
	return crowd->partial != NULL;
}

int main(int argc, char **argv)
{
	static struct crowd crowds[GUESTS_MAX];
	struct gap_profile *profile;
	struct gap_error error;
	unsigned long rounds;
	int partial = 0;

	if (argc < 3 || argc > 2 + GUESTS_MAX) {
		fprintf(stderr, "usage: %s PROFILE.gap SOURCE... (at most %d)\n", argv[0],
			GUESTS_MAX);
		return 2;
	}
	need(gap_profile_open(argv[1], &profile, &error), &error);
	for (int i = 0; i < argc - 2; i++)
		open_guest(&crowds[i], profile, argv[i + 2]);
	rounds = measure(crowds, argc - 2);
	for (int i = 0; i < argc - 2; i++)
		partial |= print_row(&crowds[i], rounds);
	gap_profile_close(profile);
	return partial ? 3 : 0;
}
