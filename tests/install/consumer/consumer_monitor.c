/* SPDX-License-Identifier: MIT */
/* A monitor of somebody else's: what it wants is found and bound by the installed semgap. */
#include <semgap/monitor.h>

struct task_struct {
	int pid;
};

#include "consumer_monitor.gap.h"

static int read_pid(struct gap_monitor *m, struct task_struct *task)
{
	return GAP_READ(m, task, pid);
}

int main(void)
{
	return GAP_PLAN->count == 1 && read_pid != NULL ? 0 : 1;
}
