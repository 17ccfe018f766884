/* SPDX-License-Identifier: MIT */
/*
 * Names of open files as the kernel's d_path() tells them: what /proc/PID/fd, /proc/PID/maps and
 * /proc/PID/exe show. A path goes from a dentry up to the root of its mount, on to where that is
 * mounted, and so to the root of the mount namespace. What is deleted ends in " (deleted)"; pipes,
 * sockets and other files without a place have names of their own ("socket:[123]").
 */
#ifndef SEMGAP_PATHS_H
#define SEMGAP_PATHS_H

#include "bind.h"
#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_PATH_BYTES 4096 /* the kernel's PATH_MAX */

/** A place: struct path. Addresses of a struct vfsmount and a struct dentry. */
struct gap_path {
	struct gap_vaddr mount, dentry;
};

/** Raw bytes, which may be any but zero; a zero byte ends them. */
struct gap_path_text {
	char bytes[GAP_PATH_BYTES];
	size_t length;
	int deleted;   /* no name leads there any more */
	int reachable; /* it ended at the root asked for, or at the root of a mount namespace */
};

/** The fields that paths need; bound once. */
struct gap_paths {
	struct gap_guest *guest;
	struct gap_field fields[32];
	struct gap_vaddr locks[2]; /* 0: not known */
	char reason[128];          /* why the last path is partial */
};

/** GAP_NOT_FOUND: the profile lacks struct dentry or struct mount. */
GAP_API enum gap_status gap_paths_init(struct gap_paths *paths, struct gap_guest *guest,
				       struct gap_error *error) GAP_MUST_CHECK;

/**
 * Writes the path. @root NULL: up to the root of the namespace; otherwise as seen from there.
 * GAP_PARTIAL, with paths->reason: a broken or endless chain; @text holds the end of the path that
 * was found. A rename or mount that happens meanwhile makes it try again.
 */
GAP_API enum gap_status gap_path_print(struct gap_paths *paths, const struct gap_path *path,
				       const struct gap_path *root,
				       struct gap_path_text *text) GAP_MUST_CHECK;

/** The place of a struct file. GAP_UNREADABLE. */
GAP_API enum gap_status gap_path_of_file(struct gap_paths *paths, struct gap_vaddr file,
					 struct gap_path *path) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
