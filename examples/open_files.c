/* SPDX-License-Identifier: MIT */
/*
 * A monitor: which files the guest's processes open and close, looked at again and again.
 *     open_files PROFILE MEMORY [LOOKS [MILLISECONDS]]
 * prints "+<tab>PID<tab>FD<tab>PATH" for what is open, and "-" for what was and is not any more.
 */
#include <stdlib.h>
#include <time.h>

#include "attach.h"
#include "kernel_paths.h"

struct list_head {
	struct list_head *next, *prev;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct task_struct {
	int pid;
	struct list_head tasks;
	struct files_struct *files;
};
extern struct task_struct init_task;

#include "open_files.gap.h"
#include "path_walk.h"

#define OPEN_MAX 65536 /* of the whole guest, and of one table */

struct open_file {
	int pid;
	unsigned fd;
	struct file *file;
	char path[256];
};

struct look {
	struct open_file *files;
	size_t count;
};

/* Descriptors rise within a process, and processes come in the order of the list. */
static void look_task(struct gap_monitor *m, struct task_struct *task, struct look *look)
{
	struct files_struct *files = GAP_READ(m, task, files);
	struct fdtable *table = files ? GAP_READ(m, files, fdt) : NULL;
	unsigned count = table ? GAP_READ(m, table, max_fds) : 0;
	struct file **slots = table ? GAP_READ(m, table, fd) : NULL;

	for (unsigned fd = 0; fd < count && fd < OPEN_MAX && look->count < OPEN_MAX; fd++) {
		struct file *file = GAP_LOAD(m, GAP_INDEX(m, slots, fd));
		struct open_file *open = &look->files[look->count];
		struct path_text path;

		if (!file)
			continue;
		path_read(m, file, &path);
		*open = (struct open_file){.pid = GAP_READ(m, task, pid), .fd = fd, .file = file};
		snprintf(open->path, sizeof(open->path), "%s", PATH_OF(path));
		look->count++;
	}
}

static int look_all(struct gap_monitor *m, struct look *look)
{
	struct task_struct *task;

	look->count = 0;
	gap_monitor_begin(m);
	GAP_LIST_FOR_EACH(task, m, GAP_ADDRESS(m, GAP_SYMBOL(m, init_task), tasks), tasks)
	look_task(m, task, look);
	return look_status(m);
}

static int is_in(const struct look *look, const struct open_file *open)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->files[i].file == open->file && look->files[i].fd == open->fd &&
		    look->files[i].pid == open->pid)
			return 1;
	return 0;
}

static void print_missing(char sign, const struct look *these, const struct look *in)
{
	for (size_t i = 0; i < these->count; i++)
		if (!is_in(in, &these->files[i]))
			printf("%c\t%d\t%u\t%s\n", sign, these->files[i].pid, these->files[i].fd,
			       these->files[i].path);
	fflush(stdout);
}

static int watch(struct gap_monitor *m, int looks, int milliseconds)
{
	struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	struct look now = {calloc(OPEN_MAX, sizeof(*now.files)), 0};
	struct look before = {calloc(OPEN_MAX, sizeof(*before.files)), 0};
	int status = 2;

	for (int i = 0; now.files && before.files && i < looks; i++) {
		struct look swap = before;

		if (i > 0)
			nanosleep(&pause, NULL);
		before = now;
		now = swap;
		status = look_all(m, &now);
		print_missing('-', &before, &now);
		print_missing('+', &now, &before);
	}
	free(now.files);
	free(before.files);
	return status;
}

int main(int argc, char **argv)
{
	struct attached attached;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: open_files PROFILE MEMORY [LOOKS [MILLISECONDS]]\n");
		return 2;
	}
	if (!attach(&attached, argv[1], argv[2], GAP_PLAN))
		return 2;
	status = watch(attached.monitor, argc > 3 ? atoi(argv[3]) : 1,
		       argc > 4 ? atoi(argv[4]) : 1000);
	detach(&attached);
	return status;
}
