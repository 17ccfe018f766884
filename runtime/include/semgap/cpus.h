/* SPDX-License-Identifier: MIT */
/* What each CPU runs, in the kernel's own words: the task that it calls current. */
#ifndef SEMGAP_CPUS_H
#define SEMGAP_CPUS_H

#include "tasks.h"
#include "walks.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gap_cpu {
	uint32_t number;
	/** The task_struct; tasks that idle have pid 0 and are in no list of processes. */
	struct gap_task task;
};

/** Caller-owned iterator; read @status and @reason at the end. */
struct gap_cpus {
	struct gap_tasks tasks;
	const char *symbol; /* of the per-CPU variable, and where in it the pointer is */
	uint32_t offset_bytes;
	uint32_t count, next;
	enum gap_status status;
	char reason[160];
};

/**
 * Begins with the first CPU that is online. Errors: as gap_tasks_init(); GAP_NOT_FOUND also when
 * the profile has none of current_task, pcpu_hot and runqueues.
 */
GAP_API enum gap_status gap_cpus_init(struct gap_cpus *cpus, struct gap_guest *guest,
				      struct gap_error *error) GAP_MUST_CHECK;

/** Next CPU that is online, or false at the end. */
GAP_API int gap_cpus_next(struct gap_cpus *cpus, struct gap_cpu *cpu);

#ifdef __cplusplus
}
#endif
#endif
