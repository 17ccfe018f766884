/* SPDX-License-Identifier: MIT */
/*
 * The thread view: every thread of every process, with its pid in each of its pid namespaces and
 * its place among the cgroups.
 */
#ifndef SEMGAP_THREADS_H
#define SEMGAP_THREADS_H

#include "tasks.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_PID_LEVELS 33 /* the kernel's MAX_PID_NS_LEVEL and the initial namespace */

struct gap_thread {
	struct gap_task task;
	/** Pids from the initial namespace inwards; none where they are not known. */
	uint32_t ns_pid_count;
	int32_t ns_pids[GAP_PID_LEVELS];
};

/** Caller-owned iterator; read @status and @reason at the end. */
struct gap_threads {
	struct gap_tasks tasks;
	struct gap_field fields[16];
	struct gap_list list;    /* of the process at hand */
	struct gap_task process; /* whose threads are listed */
	uint64_t steps_left;     /* of all lists together */
	uint32_t pid_bytes;      /* distance of two pids of one thread */
	uint8_t in_process, by_group;
	uint8_t without_numbers; /* set after gap_threads_init() by who wants no ns_pids */
	enum gap_status status;
	char reason[160];
};

/**
 * Begins the list of threads. Errors: GAP_NOT_FOUND when the profile lacks what gap_tasks_init()
 * needs, or every way from a process to its threads (signal_struct.thread_head, thread_group);
 * GAP_UNREADABLE.
 */
GAP_API enum gap_status gap_threads_init(struct gap_threads *threads, struct gap_guest *guest,
					 struct gap_error *error) GAP_MUST_CHECK;

/** Next thread, or false at the end; a process's threads follow each other. */
GAP_API int gap_threads_next(struct gap_threads *threads, struct gap_thread *thread);

/**
 * Path of a thread's cgroup in the unified hierarchy (cgroup v2), "/" for its root, as it is seen
 * from the initial cgroup namespace. Errors: GAP_NOT_FOUND (the profile does not lead there),
 * GAP_UNREADABLE, GAP_PARTIAL (a broken chain of parents, or a path longer than @capacity): @path
 * is then untouched.
 */
GAP_API enum gap_status gap_threads_cgroup(struct gap_threads *threads,
					   const struct gap_thread *thread, char *path,
					   size_t capacity) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
