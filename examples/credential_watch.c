/* SPDX-License-Identifier: MIT */
/*
 * A monitor: whose rights processes have, looked at again and again.
 *     credential_watch PROFILE MEMORY [LOOKS [MILLISECONDS]]
 * prints "change<tab>PID<tab>NAME<tab>UID EUID SUID -> UID EUID SUID", and "surprise" in place of "change"
 * when a process got rights of root that it neither had nor kept in reserve, and executes what it did
 * before: no setuid program explains that.
 */
#include <stdlib.h>
#include <time.h>

#include "attach.h"

typedef struct {
	unsigned int val;
} kuid_t;
struct list_head {
	struct list_head *next, *prev;
};
struct file;
struct mm_struct {
	struct file *exe_file;
};
struct cred {
	kuid_t uid, euid, suid;
};
struct task_struct {
	int pid;
	char comm[16];
	unsigned long long start_time;
	struct list_head tasks;
	struct mm_struct *mm;
	const struct cred *cred;
};
extern struct task_struct init_task;

#include "credential_watch.gap.h"

#define TASKS_MAX 65536

struct seen {
	int pid;
	unsigned long long start; /* a pid may come back: another process */
	unsigned uid, euid, suid;
	struct file *exe;
};

struct look {
	struct seen *tasks;
	size_t count;
};

static struct seen see(struct gap_monitor *m, struct task_struct *task)
{
	const struct cred *cred = GAP_READ(m, task, cred);
	struct mm_struct *mm = GAP_READ(m, task, mm);

	return (struct seen){
		.pid = GAP_READ(m, task, pid),
		.start = GAP_READ(m, task, start_time),
		.uid = GAP_READ(m, cred, uid, val),
		.euid = GAP_READ(m, cred, euid, val),
		.suid = GAP_READ(m, cred, suid, val),
		.exe = mm ? GAP_READ(m, mm, exe_file) : NULL,
	};
}

static const struct seen *find(const struct look *look, const struct seen *task)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->tasks[i].pid == task->pid && look->tasks[i].start == task->start)
			return &look->tasks[i];
	return NULL;
}

static void compare(struct gap_monitor *m, struct task_struct *task, const struct seen *before,
		    const struct seen *now)
{
	int was_root = !before->uid || !before->euid || !before->suid;
	int is_root = !now->uid || !now->euid || !now->suid;
	char comm[17];

	if (before->uid == now->uid && before->euid == now->euid && before->suid == now->suid)
		return;
	GAP_STRING(m, comm, task, comm);
	printf("%s\t%d\t%s\t%u %u %u -> %u %u %u\n",
	       is_root && !was_root && before->exe == now->exe ? "surprise" : "change", now->pid,
	       comm, before->uid, before->euid, before->suid, now->uid, now->euid, now->suid);
	fflush(stdout);
}

/* What could not be read whole says nothing of the process: it ended meanwhile. */
static int look_all(struct gap_monitor *m, const struct look *before, struct look *now)
{
	struct task_struct *task;

	now->count = 0;
	gap_monitor_begin(m);
	GAP_LIST_FOR_EACH(task, m, GAP_ADDRESS(m, GAP_SYMBOL(m, init_task), tasks), tasks)
	{
		uint64_t failures = m->failures;
		struct seen seen = see(m, task);
		const struct seen *last = find(before, &seen);

		if (m->failures != failures || now->count == TASKS_MAX)
			continue;
		if (last)
			compare(m, task, last, &seen);
		now->tasks[now->count++] = seen;
	}
	return look_status(m);
}

static int watch(struct gap_monitor *m, int looks, int milliseconds)
{
	struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	struct look now = {calloc(TASKS_MAX, sizeof(*now.tasks)), 0};
	struct look before = {calloc(TASKS_MAX, sizeof(*before.tasks)), 0};
	int status = 2;

	for (int i = 0; now.tasks && before.tasks && i < looks; i++) {
		struct look swap = before;

		if (i > 0)
			nanosleep(&pause, NULL);
		before = now;
		now = swap;
		status = look_all(m, &before, &now);
	}
	free(now.tasks);
	free(before.tasks);
	return status;
}

int main(int argc, char **argv)
{
	struct attached attached;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: credential_watch PROFILE MEMORY [LOOKS [MILLISECONDS]]\n");
		return 2;
	}
	if (!attach(&attached, argv[1], argv[2], GAP_PLAN))
		return 2;
	status = watch(attached.monitor, argc > 3 ? atoi(argv[3]) : 60,
		       argc > 4 ? atoi(argv[4]) : 1000);
	detach(&attached);
	return status;
}
