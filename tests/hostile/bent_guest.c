/* SPDX-License-Identifier: MIT */
/*
 * Bends a real guest's memory while its views are read: a snapshot, in which a share of the words
 * that are read comes out as something else (null, wild, another address of the guest, itself). The
 * same word comes out the same way throughout a round. Whatever a view says, it must end, and within
 * a bound; sanitizers watch the rest.
 *
 *     bent_guest PROFILE RAM ROUNDS [SEED]      status 1: a view took too long
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/include/semgap/files.h"
#include "runtime/include/semgap/maps.h"
#include "runtime/include/semgap/mounts.h"
#include "runtime/include/semgap/source.h"

#define SECONDS_MAX 20
#define KERNEL_HALF 0xffff800000000000u

/* The one context of the memory that is bent. */
struct bending {
	const struct gap_memory *honest;
	uint64_t seed, share; /* of 2^32 words that are bent; 0 none */
	uint64_t seen[256];   /* addresses that were read somewhere */
	uint64_t bent;
};

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
	value = (value ^ value >> 27) * 0x94d049bb133111ebu;
	return value ^ value >> 31;
}

static uint64_t bent_word(struct bending *bending, uint64_t address, uint64_t word)
{
	uint64_t chance = mix(address ^ bending->seed);

	if ((chance & 0xffffffff) >= bending->share) {
		if (word >= KERNEL_HALF)
			bending->seen[mix(address) % 256] = word;
		return word;
	}
	bending->bent++;
	switch (chance >> 32 & 7) {
	case 0:
		return 0;
	case 1:
		return chance;
	case 2:
		return word + (chance >> 40 & 0xff) * 8 - 0x400;
	case 3:
		return word ^ (uint64_t)1 << (chance >> 40 & 63);
	case 4:
		return UINT64_MAX;
	default:
		return bending->seen[chance >> 40 & 255];
	}
}

static enum gap_status read_bent(void *context, struct gap_paddr address, void *buffer,
				 size_t size_bytes)
{
	struct bending *bending = context;
	enum gap_status status = gap_memory_read(bending->honest, address, buffer, size_bytes);
	size_t skip = (8 - address.value % 8) % 8;

	for (size_t at = skip; !status && bending->share && at + 8 <= size_bytes; at += 8) {
		uint64_t word;

		memcpy(&word, (char *)buffer + at, 8);
		word = bent_word(bending, address.value + at, word);
		memcpy((char *)buffer + at, &word, 8);
	}
	return status;
}

/* What the views saw, so that nothing is optimised away. */
struct counts {
	uint64_t tasks, maps, files, mounts, partial;
};

static void look_at_task(struct gap_maps *maps, struct gap_files *files, struct gap_mounts *mounts,
			 struct gap_process *process, const struct gap_task *task,
			 struct counts *counts)
{
	static char cmdline[65536];
	static struct gap_map map;
	static struct gap_file file;
	static struct gap_mount mount;
	static struct gap_path_text text;
	size_t length;

	gap_maps_begin(maps, task->mm);
	while (gap_maps_next(maps, &map))
		counts->maps++;
	gap_files_begin(files, task->address);
	while (gap_files_next(files, &file))
		counts->files++;
	gap_mounts_begin(mounts, task->address);
	while (gap_mounts_next(mounts, &mount))
		counts->mounts++;
	counts->partial += maps->status || files->status || mounts->status;
	counts->partial += gap_process_exe(process, task->mm, &text) != GAP_OK;
	counts->partial +=
		gap_process_cmdline(process, task->mm, cmdline, sizeof(cmdline), &length) != GAP_OK;
}

static int look(struct gap_guest *guest, struct counts *counts)
{
	static struct gap_maps maps;
	static struct gap_files files;
	static struct gap_mounts mounts;
	static struct gap_process process;
	struct gap_tasks tasks;
	struct gap_task task;
	struct gap_error error;

	if (gap_maps_init(&maps, guest, &error) || gap_files_init(&files, guest, &error) ||
	    gap_mounts_init(&mounts, guest, &error) || gap_process_init(&process, guest, &error) ||
	    gap_tasks_init(&tasks, guest, &error)) {
		fprintf(stderr, "bent_guest: %s\n", error.text);
		return 0;
	}
	/* A bent list of tasks may lead through much of memory: some hundred say enough. */
	while (counts->tasks < 500 && gap_tasks_next(&tasks, &task)) {
		counts->tasks++;
		look_at_task(&maps, &files, &mounts, &process, &task, counts);
	}
	return 1;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* One round; the seconds it took, or a negative number. */
static double run_round(struct gap_guest *guest, struct bending *bending, uint64_t round)
{
	static const uint64_t shares[] = {0, 1 << 10, 1 << 16, 1 << 20, 1 << 24, 1 << 27};
	struct counts counts = {0};
	double begun = now(), took;

	bending->seed = mix(round + 1);
	bending->share = shares[round % (sizeof(shares) / sizeof(shares[0]))];
	bending->bent = 0;
	if (!look(guest, &counts))
		return -1;
	took = now() - begun;
	printf("%" PRIu64 ": %" PRIu64 " words bent; %" PRIu64 " tasks, %" PRIu64 " maps, %" PRIu64
	       " files, %" PRIu64 " mounts, %" PRIu64 " partial; %.2f s\n",
	       round, bending->bent, counts.tasks, counts.maps, counts.files, counts.mounts,
	       counts.partial, took);
	bending->share = 0;
	return took;
}

static int run_rounds(struct gap_guest *guest, struct bending *bending, uint64_t first,
		      uint64_t count)
{
	for (uint64_t round = first; round < first + count; round++) {
		double took = run_round(guest, bending, round);

		if (took < 0)
			return 2;
		if (took > SECONDS_MAX)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct gap_source_memory *source;
	struct gap_profile *profile;
	struct gap_memory_range ranges[16];
	static struct bending bending;
	struct gap_memory memory = {.ranges = ranges, .read = read_bent, .context = &bending};
	struct gap_guest *guest;
	struct gap_error error = {""};
	int status = 2;

	if (argc < 4)
		return 2;
	if (gap_profile_open(argv[1], &profile, &error) ||
	    gap_source_memory_open(argv[2], &source, &error))
		return fprintf(stderr, "bent_guest: %s\n", error.text), 2;
	bending.honest = gap_source_memory_get(source);
	for (; memory.range_count < bending.honest->range_count && memory.range_count < 16;
	     memory.range_count++) {
		ranges[memory.range_count] = bending.honest->ranges[memory.range_count];
		ranges[memory.range_count].data = NULL; /* every read comes by */
	}
	if (gap_guest_open(&memory, profile, NULL, &guest, &error)) {
		fprintf(stderr, "bent_guest: %s\n", error.text);
	} else {
		status = run_rounds(guest, &bending, argc > 4 ? strtoull(argv[4], NULL, 10) : 0,
				    strtoull(argv[3], NULL, 10));
		gap_guest_close(guest);
	}
	gap_source_memory_close(source);
	gap_profile_close(profile);
	return status;
}
