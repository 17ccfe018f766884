/* SPDX-License-Identifier: MIT */
/* Reading one task_struct, for those who found it by another way than the list of processes. */
#ifndef SEMGAP_TASK_READER_H
#define SEMGAP_TASK_READER_H

#include "semgap/tasks.h"

/** Reads the task at @address; what goes wrong is noted in @tasks. */
void gap_tasks_read(struct gap_tasks *tasks, struct gap_vaddr address, struct gap_task *task);

/** Notes when what a list led to is no task that a list can hold. */
void gap_tasks_check(struct gap_tasks *tasks, const struct gap_task *task);

#endif
