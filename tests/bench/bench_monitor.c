/* SPDX-License-Identifier: MIT */
/*
 * What a monitor costs: opening its blob and binding, and reads of bound fields. bench compiles this
 * twice, with a table and with the constants of one kernel; their ratio is the price of the table.
 *
 *     bench_monitor BLOB GUEST-RAM        prints "NAME<tab>NANOSECONDS" a line
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <semgap/monitor.h>
#include <semgap/source.h>

struct list_head {
	struct list_head *next, *prev;
};
struct cred;
struct mm_struct;
struct task_struct {
	int pid, tgid;
	unsigned int flags;
	char comm[16];
	struct list_head tasks;
	struct mm_struct *mm;
	const struct cred *cred;
};
extern struct task_struct init_task;
extern char linux_banner[];
extern unsigned long jiffies;

#include "bench_monitor.gap.h"

#define HOT_MAX 16
#define ROUNDS 20000

static struct task_struct *hot[HOT_MAX];
static unsigned hot_count;
static volatile uint64_t sink;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Not inlined, so that its assembly can be looked at. */
__attribute__((noinline)) int bench_read_pid(struct gap_monitor *m, struct task_struct *task)
{
	return GAP_READ(m, task, pid);
}

static double read_fields(struct gap_monitor *m)
{
	double best = 1e18;

	for (int attempt = 0; attempt < 50; attempt++) {
		double start = now(), took;
		uint64_t sum = 0;

		for (int round = 0; round < ROUNDS; round++)
			for (unsigned i = 0; i < hot_count; i++)
				sum += (uint64_t)GAP_READ(m, hot[i], pid);
		took = (now() - start) / ROUNDS / hot_count;
		best = took < best ? took : best;
		sink = sum;
	}
	return best;
}

/* Each read waits for the one before: the latency, of a pointer of the list. */
static double follow_list(struct gap_monitor *m)
{
	double best = 1e18;

	for (int attempt = 0; attempt < 50; attempt++) {
		struct list_head *at = GAP_ADDRESS(m, GAP_SYMBOL(m, init_task), tasks);
		double start = now(), took;

		for (int round = 0; round < ROUNDS; round++)
			at = GAP_READ(m, at, next);
		took = (now() - start) / ROUNDS;
		best = took < best ? took : best;
		sink = (uintptr_t)at;
	}
	return best;
}

static double open_and_bind(const char *blob, struct gap_guest *guest)
{
	double best = 1e18;

	for (int attempt = 0; attempt < 200; attempt++) {
		struct gap_profile *profile;
		struct gap_monitor *m;
		double start = now(), took;

		if (gap_profile_open(blob, &profile, NULL) ||
		    gap_monitor_open(guest, GAP_PLAN, &m, NULL))
			exit(2);
		took = now() - start;
		best = took < best ? took : best;
		gap_monitor_close(m);
		gap_profile_close(profile);
	}
	return best;
}

/* Tasks whose pages do not displace each other from the software TLB: always hits. */
static void choose_hot(struct gap_monitor *m)
{
	struct task_struct *task;
	int used[GAP_HOT_PAGES] = {0};

	GAP_LIST_FOR_EACH(task, m, GAP_ADDRESS(m, GAP_SYMBOL(m, init_task), tasks), tasks)
	{
		uint64_t at = (uintptr_t)GAP_ADDRESS(m, task, pid);
		size_t slot = gap_hot_slot(at >> GAP_HOT_PAGE_SHIFT);

		if (hot_count == HOT_MAX || used[slot])
			continue;
		used[slot] = 1;
		hot[hot_count++] = task;
		sink += (uint64_t)GAP_READ(m, task, pid) + (uint64_t)GAP_READ(m, task, tgid) +
			GAP_READ(m, task, flags) + (uintptr_t)GAP_READ(m, task, mm) +
			(uintptr_t)GAP_READ(m, task, cred) + (uintptr_t)GAP_ADDRESS(m, task, comm);
	}
	sink += (uintptr_t)GAP_SYMBOL(m, linux_banner) + GAP_LOAD(m, GAP_SYMBOL(m, jiffies));
}

int main(int argc, char **argv)
{
	struct gap_error error = {"usage: bench_monitor BLOB GUEST-RAM"};
	struct gap_source_memory *source = NULL;
	struct gap_profile *profile = NULL;
	struct gap_guest *guest = NULL;
	struct gap_monitor *m = NULL;

	if (argc != 3 || gap_profile_open(argv[1], &profile, &error) ||
	    gap_source_memory_open(argv[2], &source, &error) ||
	    gap_guest_open(gap_source_memory_get(source), profile, NULL, &guest, &error) ||
	    gap_monitor_open(guest, GAP_PLAN, &m, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	choose_hot(m);
	printf("open and bind\t%.1f\n", open_and_bind(argv[1], guest));
	printf("read of a field\t%.2f\n", read_fields(m));
	printf("following a list\t%.2f\n", follow_list(m));
	gap_monitor_close(m);
	gap_guest_close(guest);
	gap_source_memory_close(source);
	gap_profile_close(profile);
	return 0;
}
