/* SPDX-License-Identifier: MIT */
/*
 * A monitor: the guest's processes with the paths of what they execute.
 *     process_paths PROFILE MEMORY        prints "PID<tab>NAME<tab>PATH", "-" for kernel threads
 */
#include "attach.h"
#include "kernel_paths.h"

struct list_head {
	struct list_head *next, *prev;
};
struct mm_struct {
	struct file *exe_file;
};
struct task_struct {
	int pid;
	char comm[16];
	struct list_head tasks;
	struct mm_struct *mm;
};
extern struct task_struct init_task;

#include "process_paths.gap.h"
#include "path_walk.h"

static void print_task(struct gap_monitor *m, struct task_struct *task)
{
	struct mm_struct *mm = GAP_READ(m, task, mm);
	struct file *exe = mm ? GAP_READ(m, mm, exe_file) : NULL;
	struct path_text path;
	char comm[17];

	GAP_STRING(m, comm, task, comm);
	if (exe)
		path_read(m, exe, &path);
	printf("%d\t%s\t%s\n", GAP_READ(m, task, pid), comm, exe ? PATH_OF(path) : "-");
}

static int print_tasks(struct gap_monitor *m)
{
	struct task_struct *init = GAP_SYMBOL(m, init_task), *task;

	gap_monitor_begin(m);
	GAP_LIST_FOR_EACH(task, m, GAP_ADDRESS(m, init, tasks), tasks)
	print_task(m, task);
	return look_status(m);
}

int main(int argc, char **argv)
{
	struct attached attached;
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: process_paths PROFILE MEMORY\n");
		return 2;
	}
	if (!attach(&attached, argv[1], argv[2], GAP_PLAN))
		return 2;
	status = print_tasks(attached.monitor);
	detach(&attached);
	return status;
}
