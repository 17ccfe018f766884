/* SPDX-License-Identifier: MIT */
/*
 * Tables of descriptors, each once for a process: leaders first, for their list is not broken by what
 * a process has in its own; then the other threads. What is in a table is left to files.c.
 */
#include <stdlib.h>

#include "cli/guest_tables.h"

enum gap_status file_tables_init(struct file_tables *tables, struct gap_guest *guest,
				 struct gap_error *error)
{
	struct file_tables begun = {.status = GAP_OK};
	enum gap_status status = gap_tasks_init(&begun.tasks, guest, error);

	if (status)
		return status;
	begun.has_threads = !gap_threads_init(&begun.threads, guest, NULL);
	begun.threads.without_numbers = 1;
	*tables = begun;
	return GAP_OK;
}

void file_tables_deinit(struct file_tables *tables)
{
	free(tables->seen);
	tables->seen = NULL;
}

static void note(struct file_tables *tables, enum gap_status status, const char *reason)
{
	if (!tables->status && status)
		tables->status = gap_fail(&tables->error, status, "%s", reason);
}

/* ---- what was seen ---- */

static struct table_seen *find_seen(const struct file_tables *tables, uint64_t files, int64_t tgid)
{
	size_t mask = tables->seen_capacity - 1;
	size_t at =
		(size_t)((files ^ (uint64_t)tgid * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd >> 20);

	for (;; at++) {
		struct table_seen *row = &tables->seen[at & mask];

		if (!row->tgid || (row->files == files && row->tgid == tgid))
			return row;
	}
}

static bool grow(struct file_tables *tables)
{
	struct file_tables grown = {
		.seen_capacity = tables->seen_capacity ? 2 * tables->seen_capacity : 256};

	grown.seen = calloc(grown.seen_capacity, sizeof(*grown.seen));
	if (!grown.seen)
		return false;
	for (size_t i = 0; i < tables->seen_capacity; i++)
		if (tables->seen[i].tgid)
			*find_seen(&grown, tables->seen[i].files, tables->seen[i].tgid) =
				tables->seen[i];
	free(tables->seen);
	tables->seen = grown.seen;
	tables->seen_capacity = grown.seen_capacity;
	return true;
}

/* Whether this is the first time; out of memory it is none, and said. */
static bool is_first(struct file_tables *tables, uint64_t files, int32_t tgid)
{
	int64_t key = tgid ? tgid : INT64_MAX; /* 0 stands for a free row */
	struct table_seen *row;

	if (2 * tables->seen_count >= tables->seen_capacity && !grow(tables)) {
		note(tables, GAP_NO_MEMORY, "out of memory");
		return false;
	}
	row = find_seen(tables, files, key);
	if (row->tgid)
		return false;
	*row = (struct table_seen){files, key};
	tables->seen_count++;
	return true;
}

/* ---- the walk ---- */

static bool next_leader(struct file_tables *tables, struct gap_files *files, int32_t *pid)
{
	struct gap_task task;

	while (tables->status != GAP_NO_MEMORY && gap_tasks_next(&tables->tasks, &task)) {
		gap_files_begin(files, task.address);
		*pid = task.pid;
		if (files->status)
			return true;
		if (files->holder.value && is_first(tables, files->holder.value, task.pid)) {
			is_first(tables, 0, task.pid);
			return true;
		}
	}
	note(tables, tables->tasks.status, tables->tasks.reason);
	return false;
}

/* What cannot be read of a leader was said when it was its turn. */
static bool next_thread(struct file_tables *tables, struct gap_files *files, int32_t *pid)
{
	struct gap_thread thread;

	while (tables->status != GAP_NO_MEMORY && gap_threads_next(&tables->threads, &thread)) {
		int32_t process = tables->threads.process.pid;

		if (thread.task.address.value == tables->threads.process.address.value)
			continue;
		gap_files_begin(files, thread.task.address);
		*pid = thread.task.pid;
		if (files->status)
			return true;
		if (!files->holder.value || !is_first(tables, files->holder.value, process))
			continue;
		if (is_first(tables, 0, process))
			*pid = process;
		return true;
	}
	note(tables, tables->threads.status, tables->threads.reason);
	return false;
}

bool file_tables_next(struct file_tables *tables, struct gap_files *files, int32_t *pid)
{
	if (!tables->in_threads && next_leader(tables, files, pid))
		return true;
	tables->in_threads = true;
	return tables->has_threads && next_thread(tables, files, pid);
}
