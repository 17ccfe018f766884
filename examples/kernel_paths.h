/* SPDX-License-Identifier: MIT */
/*
 * Names of files, as the kernel's d_path() makes them: up the dentries to the root of their mount, over
 * to where that is mounted, and on. Written from its end; the chain may be bent, so it has a bound.
 */
#ifndef EXAMPLES_KERNEL_PATHS_H
#define EXAMPLES_KERNEL_PATHS_H

#include <string.h>

#include <semgap/monitor.h>

struct qstr {
	const unsigned char *name;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};
struct inode {
	unsigned long i_ino;
};
struct file_system_type {
	const char *name;
};
struct super_block {
	struct file_system_type *s_type;
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};
struct vfsmount {
	struct dentry *mnt_root;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
};

#define PATH_STEPS 512

struct path_text {
	char bytes[4096];
	size_t begin; /* of the text, which ends where the bytes do */
};

static inline void path_prepend(struct path_text *text, const char *name, const char *before)
{
	size_t length = strlen(name), more = strlen(before);

	if (length + more > text->begin)
		return;
	text->begin -= length;
	memcpy(text->bytes + text->begin, name, length);
	text->begin -= more;
	memcpy(text->bytes + text->begin, before, more);
}

#define PATH_OF(text) ((text).bytes + (text).begin)

#endif
