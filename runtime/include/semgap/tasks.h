/* SPDX-License-Identifier: MIT */
/*
 * The process view: thread-group leaders as the guest's own ps lists them. Names of fields through
 * kernel history are rows of kernels/fields.def; what a profile lacks is marked unknown, never
 * guessed.
 */
#ifndef SEMGAP_TASKS_H
#define SEMGAP_TASKS_H

#include "bind.h"
#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_COMM_BYTES 16

/** Which members of struct gap_task are known: the others are zero. */
enum gap_task_known {
	GAP_TASK_TGID = 1,
	GAP_TASK_PPID = 2,
	GAP_TASK_UID = 4,
	GAP_TASK_GID = 8,
	GAP_TASK_COMM = 16,
	GAP_TASK_STATE = 32,
	GAP_TASK_KERNEL = 64,
	GAP_TASK_START = 128
};

struct gap_task {
	struct gap_vaddr address; /* of the task_struct */
	uint32_t known;           /* enum gap_task_known */
	int32_t pid, tgid;
	int32_t ppid;      /* the real parent's thread group */
	uint32_t uid, gid; /* real, in the guest's initial user namespace */
	uint8_t kernel_thread;
	char state;        /* as in ps: R S D T t X Z P I */
	uint64_t start_ns; /* since boot, suspended time included where the kernel keeps it */
	struct gap_vaddr mm;
	char comm[GAP_COMM_BYTES + 1]; /* raw bytes up to the first zero */
};

/** Caller-owned iterator; no member is for the caller but @status and @reason, the first thing that
 * went wrong. */
struct gap_tasks {
	struct gap_guest *guest;
	struct gap_list list;
	struct gap_field fields[24];
	enum gap_status
		status; /* GAP_OK, or GAP_PARTIAL when the list was broken or a task unreadable */
	char reason[160];
};

/**
 * Begins the list of processes (thread-group leaders, without pid 0). Binds its fields once.
 * Errors: GAP_NOT_FOUND when the profile lacks init_task, task_struct.tasks or pid; GAP_UNREADABLE.
 */
GAP_API enum gap_status gap_tasks_init(struct gap_tasks *tasks, struct gap_guest *guest,
				       struct gap_error *error) GAP_MUST_CHECK;

/** Next process, or false at the end; then read tasks->status. */
GAP_API int gap_tasks_next(struct gap_tasks *tasks, struct gap_task *task);

#ifdef __cplusplus
}
#endif
#endif
