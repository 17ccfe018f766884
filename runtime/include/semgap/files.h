/* SPDX-License-Identifier: MIT */
/* Open files of a process, as /proc/PID/fd and /proc/PID/fdinfo tell them. */
#ifndef SEMGAP_FILES_H
#define SEMGAP_FILES_H

#include "paths.h"
#include "tasks.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_FILES_CHUNK 64

enum gap_file_known { GAP_FILE_PATH = 1, GAP_FILE_FLAGS = 2, GAP_FILE_POS = 4 };

struct gap_file {
	struct gap_vaddr address; /* of the struct file */
	uint32_t known;           /* enum gap_file_known */
	uint32_t fd;
	uint32_t flags; /* as open(2) has them on the guest; O_CLOEXEC is the descriptor's */
	uint64_t pos;
	struct gap_path_text path;
};

/** Caller-owned; @status and @reason tell of the files since gap_files_begin(). */
struct gap_files {
	struct gap_guest *guest;
	struct gap_paths paths;
	struct gap_field fields[12];
	int without_paths; /* set after binding by who wants none: most of the time goes into them */
	/* of the table at hand */
	struct gap_vaddr table, cloexec;
	uint32_t next, count, cached; /* cached: first of the chunk */
	uint64_t chunk[GAP_FILES_CHUNK];
	enum gap_status status;
	char reason[160];
};

/** Binds, once. GAP_NOT_FOUND: the profile lacks what files need; GAP_AMBIGUOUS. */
GAP_API enum gap_status gap_files_init(struct gap_files *files, struct gap_guest *guest,
				       struct gap_error *error) GAP_MUST_CHECK;
/** Begins the files of a task, gap_task.address; a zombie has none. */
GAP_API void gap_files_begin(struct gap_files *files, struct gap_vaddr task);
/** Next open file by rising descriptor, or false at the end; then read files->status. */
GAP_API int gap_files_next(struct gap_files *files, struct gap_file *file);

#ifdef __cplusplus
}
#endif
#endif
