/* SPDX-License-Identifier: MIT */
/*
 * Every table of descriptors that a guest's threads have: that of each process, also when its leader
 * has exited and other threads go on with it, and those that threads have of their own.
 */
#ifndef SEMGAP_GUEST_TABLES_H
#define SEMGAP_GUEST_TABLES_H

#include <stdbool.h>

#include "runtime/include/semgap/files.h"
#include "runtime/include/semgap/threads.h"

struct table_seen {
	uint64_t files;
	int64_t tgid;
};

struct file_tables {
	struct gap_tasks tasks;
	struct gap_threads threads;
	bool has_threads, in_threads;
	struct table_seen *seen; /* a hash table; files 0: free, or that the process has one */
	size_t seen_count, seen_capacity;
	enum gap_status status; /* of the lists of tasks and threads */
	struct gap_error error;
};

/** Begins with the first process. The errors of gap_tasks_init(). */
enum gap_status file_tables_init(struct file_tables *tables, struct gap_guest *guest,
				 struct gap_error *error) GAP_MUST_CHECK;
/**
 * Begins the next table's files in @files, and tells whose they are: the process's, or the thread's if
 * it has others than its process. False at the end; then read tables->status, which may be
 * GAP_NO_MEMORY.
 */
bool file_tables_next(struct file_tables *tables, struct gap_files *files, int32_t *pid);
void file_tables_deinit(struct file_tables *tables);

#endif
