/* SPDX-License-Identifier: MIT */
/* Mounts of a task's mount namespace, as /proc/PID/mounts tells them: in that order, and only those
 * that the task can reach from its root. */
#ifndef SEMGAP_MOUNTS_H
#define SEMGAP_MOUNTS_H

#include "paths.h"
#include "tasks.h"
#include "walks.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_MOUNT_NAME_BYTES 256

enum gap_mount_known { GAP_MOUNT_SOURCE = 1, GAP_MOUNT_FSTYPE = 2, GAP_MOUNT_FLAGS = 4 };

struct gap_mount {
	struct gap_vaddr address; /* of the struct mount */
	uint32_t known;           /* enum gap_mount_known */
	/** What was mounted, as it was named to mount(2); "none" where nothing was. */
	char source[GAP_PATH_BYTES];
	char fstype[GAP_MOUNT_NAME_BYTES]; /* with ".subtype" for FUSE */
	/** "rw,nosuid,relatime": of file system and mount, in the kernel's order; what the file
	 * system adds of its own is not told. */
	char flags[160];
	struct gap_path_text target;
};

/** Caller-owned; @status and @reason tell of the mounts since gap_mounts_begin(). */
struct gap_mounts {
	struct gap_guest *guest;
	struct gap_paths paths;
	struct gap_field fields[24];
	struct gap_rbtree_layout rbtree_layout;
	uint64_t expected, seen; /* as the namespace counts them, if @is_counted */
	int is_counted;
	struct gap_vaddr no_idmap; /* 0: not known */
	int is_tree;
	/* of the namespace at hand */
	struct gap_path root;
	union {
		struct gap_list list;
		struct gap_rbtree tree;
	} walk;
	int begun;
	enum gap_status status;
	char reason[160];
};

/** Binds, once. GAP_NOT_FOUND: the profile lacks what mounts need; GAP_AMBIGUOUS. */
GAP_API enum gap_status gap_mounts_init(struct gap_mounts *mounts, struct gap_guest *guest,
					struct gap_error *error) GAP_MUST_CHECK;
/** Begins the mounts of a task, gap_task.address; a zombie has none. */
GAP_API void gap_mounts_begin(struct gap_mounts *mounts, struct gap_vaddr task);
/** Next mount, or false at the end; then read mounts->status. */
GAP_API int gap_mounts_next(struct gap_mounts *mounts, struct gap_mount *mount);

#ifdef __cplusplus
}
#endif
#endif
