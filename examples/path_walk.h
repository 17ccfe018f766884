/* SPDX-License-Identifier: MIT */
/* The walk itself; included behind the generated header, whose names it uses. */
#ifndef EXAMPLES_PATH_WALK_H
#define EXAMPLES_PATH_WALK_H

#include <stdio.h>

#include "kernel_paths.h"

/* Pipes, sockets and their like are mounted nowhere: "sockfs:[123]", or the name that they have. */
static inline void path_nameless(struct gap_monitor *m, struct dentry *dentry,
				 struct path_text *text)
{
	char name[256], type[32], number[32];

	GAP_STRING(m, name, dentry, d_name, name);
	GAP_STRING(m, type, dentry, d_sb, s_type, name);
	snprintf(number, sizeof(number), ":[%lu]", GAP_READ(m, dentry, d_inode, i_ino));
	path_prepend(text, *name ? name : number, *name ? ":" : "");
	path_prepend(text, type, "");
}

static inline void path_read(struct gap_monitor *m, struct file *file, struct path_text *text)
{
	struct vfsmount *mnt = GAP_READ(m, file, f_path, mnt);
	struct dentry *dentry = GAP_READ(m, file, f_path, dentry);
	char name[256];

	text->begin = sizeof(text->bytes) - 1;
	text->bytes[text->begin] = '\0';
	if (!GAP_READ(m, dentry, d_hash, pprev) && GAP_READ(m, dentry, d_parent) != dentry)
		path_prepend(text, " (deleted)", "");
	for (int i = 0; i < PATH_STEPS && dentry; i++) {
		struct dentry *parent = GAP_READ(m, dentry, d_parent);

		if (dentry == GAP_READ(m, mnt, mnt_root)) {
			struct mount *mount = GAP_CONTAINER(m, mnt, struct mount, mnt);
			struct mount *above = GAP_READ(m, mount, mnt_parent);

			if (above == mount)
				break;
			dentry = GAP_READ(m, mount, mnt_mountpoint);
			mnt = GAP_ADDRESS(m, above, mnt);
			continue;
		}
		if (parent == dentry) {
			path_nameless(m, dentry, text);
			return;
		}
		GAP_STRING(m, name, dentry, d_name, name);
		path_prepend(text, name, "/");
		dentry = parent;
	}
	if (!*PATH_OF(*text))
		path_prepend(text, "/", "");
}

#endif
