/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects for the synthetic guest: a profile that also has containers, address spaces, files
 * and mounts, with the layouts below, and small functions that make such objects in the heap. Tests
 * bend what they like in it.
 */
#ifndef SEMGAP_TESTS_OBJECTS_H
#define SEMGAP_TESTS_OBJECTS_H

#include "tests/support/synthetic.h"

enum {
	TASK_FILES = 96,
	TASK_FS = 104,
	TASK_NSPROXY = 112,
	RB_PARENT = 0,
	RB_RIGHT = 8,
	RB_LEFT = 16,
	XA_HEAD = 8,
	XA_SHIFT = 0,
	XA_OFFSET = 1,
	XA_PARENT = 8,
	XA_SLOTS = 40,
	XA_SLOT_COUNT = 64,
	XA_NODE_BYTES = 576,
	IDR_BASE = 16,
	MAPLE_ROOT = 8,
	MAPLE_RANGE_PIVOTS = 8,
	MAPLE_RANGE_SLOTS = 128,
	MAPLE_ARANGE_PIVOTS = 8,
	MAPLE_ARANGE_SLOTS = 80,
	MM_MT = 0, /* or mmap, or mm_rb */
	MM_PGD = 32,
	MM_EXE_FILE = 40,
	MM_ARG_START = 48,
	MM_ARG_END = 56,
	MM_ENV_START = 64,
	MM_ENV_END = 72,
	MM_START_BRK = 80,
	MM_BRK = 88,
	MM_START_STACK = 96,
	MM_MAP_COUNT = 120,
	MM_BYTES = 128,
	VMA_START = 0,
	VMA_END = 8,
	VMA_MM = 16,
	VMA_FLAGS = 24,
	VMA_PGOFF = 32,
	VMA_FILE = 40,
	VMA_OPS = 48,
	VMA_PRIVATE = 56,
	VMA_NEXT = 64,
	VMA_RB = 72,
	VMA_ANON_NAME = 96,
	VMA_BYTES = 128,
	DENTRY_HASH = 0, /* pprev at 8 */
	DENTRY_PARENT = 16,
	DENTRY_NAME = 24, /* length at 4, pointer at 8 */
	DENTRY_INODE = 40,
	DENTRY_OPS = 48,
	DENTRY_SB = 56,
	DENTRY_BYTES = 64,
	OPS_DNAME = 8,
	INODE_NUMBER = 0,
	INODE_PRIVATE = 8,
	MOUNT_PARENT = 0,
	MOUNT_MOUNTPOINT = 8,
	MOUNT_MNT = 16, /* struct vfsmount: root, sb, flags */
	MOUNT_DEVICE = 48,
	MOUNT_LIST = 56, /* or mnt_node */
	MOUNT_BYTES = 96,
	VFSMOUNT_ROOT = 0,
	VFSMOUNT_SB = 8,
	VFSMOUNT_FLAGS = 16,
	SB_FLAGS = 0,
	SB_TYPE = 8,
	SB_SUBTYPE = 16,
	FILES_FDT = 0,
	FDT_MAX = 0,
	FDT_FD = 8,
	FDT_CLOEXEC = 16,
	FILE_PATH = 0, /* mnt, dentry */
	FILE_FLAGS = 16,
	FILE_POS = 24,
	FILE_BYTES = 64,
	FS_ROOT = 0, /* mnt, dentry */
	NSPROXY_MNT = 0,
	MNT_NS_LIST = 0, /* or mounts */
};

/** A member of a structure that a test adds: @kind is u8, u16, u32, u64, ptr, one of these with
 * "*COUNT", or a structure before. Rows of one structure follow each other. */
struct object_row {
	const char *structure;
	uint32_t size_bytes;
	const char *member;
	uint32_t offset_bytes;
	const char *kind;
};

struct object_symbol {
	const char *name;
	uint64_t address;
};

/** Which kernel the profile is of. */
struct object_profile {
	const struct object_row *rows; /* more than the common ones, ended by one without a name */
	const struct object_symbol *symbols; /* the same */
	int mappings_in_list;                /* mm.mmap, vma.vm_next: before 6.1 */
	int mappings_in_rbtree;              /* only mm.mm_rb, vma.vm_rb */
	int mounts_in_tree;                  /* 6.8 */
	int radix_tree;                      /* before 4.20 */
	int without_dentry;
};

/** Makes the guest's profile anew, with all of this. */
void objects_profile(struct synthetic *guest, const struct object_profile *options);

/** Writes a number into an object of the heap. */
void put64(struct synthetic *guest, uint64_t object, uint64_t offset, uint64_t value);
void put32(struct synthetic *guest, uint64_t object, uint64_t offset, uint32_t value);
uint64_t get64(struct synthetic *guest, uint64_t object, uint64_t offset);

/** An object of the heap at a multiple of @align. */
uint64_t make_aligned(struct synthetic *guest, uint64_t size_bytes, uint64_t align);
uint64_t make_string(struct synthetic *guest, const char *text);
/** A dentry of that name; @parent 0: its own. It is in the hash. */
uint64_t make_dentry(struct synthetic *guest, const char *name, uint64_t parent);
/** A mount whose root is @root, at @mountpoint of the mount @parent (0: its own). */
uint64_t make_mount(struct synthetic *guest, uint64_t root, uint64_t parent, uint64_t mountpoint);
/** An open file: its dentry in a mount. */
uint64_t make_file(struct synthetic *guest, uint64_t mount, uint64_t dentry);
uint64_t make_mapping(struct synthetic *guest, uint64_t mm, uint64_t start, uint64_t end,
		      uint64_t flags);

#endif
