/* SPDX-License-Identifier: MIT */
/*
 * The mounts of a namespace: a list until 6.8, a red-black tree since (2eea9ce4310d). What is told
 * of each, and in which words, is that of show_vfsmnt() (fs/proc_namespace.c).
 */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/mounts.h"

#define SB_RDONLY 0x1u
#define MNT_READONLY 0x40u
#define MNT_CURSOR 0x10000000u /* a reader's place in the list (9f6c61f96f2d, 5.8), no mount */

enum slot {
	TASK_FS,
	TASK_NSPROXY,
	ROOT_MNT,
	ROOT_DENTRY,
	NSPROXY_MNT,
	NS_LIST,
	NS_TREE,
	NS_COUNT,
	MOUNT_LIST,
	MOUNT_NODE,
	MNT,
	DEVICE,
	MNT_ROOT,
	MNT_SB,
	MNT_FLAGS,
	MNT_IDMAP,
	SB_FLAGS,
	SB_TYPE,
	SB_SUBTYPE,
	TYPE_NAME,
	SLOT_COUNT
};

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[TASK_FS] = {GAP_FIELD_TASK_FS, 0},
	[TASK_NSPROXY] = {GAP_FIELD_TASK_NSPROXY, 0},
	[ROOT_MNT] = {GAP_FIELD_FS_ROOT_MNT, 0},
	[ROOT_DENTRY] = {GAP_FIELD_FS_ROOT_DENTRY, 0},
	[NSPROXY_MNT] = {GAP_FIELD_NSPROXY_MNT, 0},
	[NS_LIST] = {GAP_FIELD_MNT_NS_LIST, 1},
	[NS_TREE] = {GAP_FIELD_MNT_NS_TREE, 1},
	[NS_COUNT] = {GAP_FIELD_MNT_NS_COUNT, 1},
	[MOUNT_LIST] = {GAP_FIELD_MOUNT_LIST, 1},
	[MOUNT_NODE] = {GAP_FIELD_MOUNT_NODE, 1},
	[MNT] = {GAP_FIELD_MOUNT_MNT, 1},
	[DEVICE] = {GAP_FIELD_MOUNT_DEVICE, 1},
	[MNT_ROOT] = {GAP_FIELD_VFSMOUNT_ROOT, 0},
	[MNT_SB] = {GAP_FIELD_VFSMOUNT_SB, 1},
	[MNT_FLAGS] = {GAP_FIELD_VFSMOUNT_FLAGS, 1},
	[MNT_IDMAP] = {GAP_FIELD_VFSMOUNT_IDMAP, 1},
	[SB_FLAGS] = {GAP_FIELD_SB_FLAGS, 1},
	[SB_TYPE] = {GAP_FIELD_SB_TYPE, 1},
	[SB_SUBTYPE] = {GAP_FIELD_SB_SUBTYPE, 1},
	[TYPE_NAME] = {GAP_FIELD_FSTYPE_NAME, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_mounts *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_mounts has no room for all fields");

/* In the order in which the kernel prints them. */
static const struct {
	int of_sb; /* super_block.s_flags, else vfsmount.mnt_flags */
	uint32_t bit;
	const char *word;
} words[] = {
	{1, 0x10, ",sync"},          {1, 0x80, ",dirsync"},     {1, 0x40, ",mand"},
	{1, 0x2000000, ",lazytime"}, {0, 0x1, ",nosuid"},       {0, 0x2, ",nodev"},
	{0, 0x4, ",noexec"},         {0, 0x8, ",noatime"},      {0, 0x10, ",nodiratime"},
	{0, 0x20, ",relatime"},      {0, 0x80, ",nosymfollow"}, /* dab741e0e02b (5.10) */
};

#define NOTE(mounts, ...)                                                                          \
	gap_note(&(mounts)->status, (mounts)->reason, sizeof((mounts)->reason), __VA_ARGS__)

static int has(const struct gap_mounts *mounts, enum slot slot)
{
	return mounts->fields[slot].present;
}

enum gap_status gap_mounts_init(struct gap_mounts *mounts, struct gap_guest *guest,
				struct gap_error *error)
{
	enum gap_status status;

	*mounts = (struct gap_mounts){.guest = guest};
	status = gap_record_bind(guest, wanted, SLOT_COUNT, mounts->fields, error);
	if (!status)
		status = gap_paths_init(&mounts->paths, guest, error);
	if (status)
		return status;
	/* While there was a list, mnt_namespace.mounts was a number. */
	mounts->is_tree = !has(mounts, NS_LIST);
	if (mounts->is_tree ? !has(mounts, NS_TREE) || !has(mounts, MOUNT_NODE)
			    : !has(mounts, MOUNT_LIST))
		return gap_fail(
			error, GAP_NOT_FOUND,
			"the profile has neither mnt_namespace.list with mount.mnt_list nor "
			"mnt_namespace.mounts with mount.mnt_node");
	if (mounts->is_tree)
		status = gap_rbtree_bind(&mounts->rbtree_layout, guest, error);
	if (gap_guest_symbol(guest, "nop_mnt_idmap", &mounts->no_idmap, NULL))
		mounts->no_idmap.value = 0;
	gap_guest_refresh(guest);
	return status;
}

/* ---- members ---- */

static int pointer_of(struct gap_mounts *mounts, struct gap_vaddr base, enum slot slot,
		      struct gap_vaddr *pointer)
{
	enum gap_status status =
		gap_record_pointer(mounts->guest, base, &mounts->fields[slot], pointer);

	if (status == GAP_UNREADABLE)
		NOTE(mounts, "the memory at 0x%" PRIx64 " cannot be read",
		     gap_record_at(base, &mounts->fields[slot]).value);
	return status == GAP_OK;
}

static int number_of(struct gap_mounts *mounts, struct gap_vaddr base, enum slot slot,
		     uint64_t *number)
{
	enum gap_status status =
		gap_record_number(mounts->guest, base, &mounts->fields[slot], number);

	if (status == GAP_UNREADABLE)
		NOTE(mounts, "the memory at 0x%" PRIx64 " cannot be read",
		     gap_record_at(base, &mounts->fields[slot]).value);
	return status == GAP_OK;
}

static int text_of(struct gap_mounts *mounts, struct gap_vaddr at, char *text, size_t capacity)
{
	enum gap_status status = gap_guest_read_string(mounts->guest, at, text, capacity);

	if (status == GAP_PARTIAL)
		NOTE(mounts, "the name at 0x%" PRIx64 " is longer than %zu bytes", at.value,
		     capacity - 1);
	else if (status)
		return NOTE(mounts, "the name at 0x%" PRIx64 " cannot be read", at.value);
	return 1;
}

/* ---- one mount ---- */

static void read_source(struct gap_mounts *mounts, struct gap_mount *mount)
{
	struct gap_vaddr name;

	if (!pointer_of(mounts, mount->address, DEVICE, &name))
		return;
	if (!name.value)
		memcpy(mount->source, "none", sizeof("none"));
	else if (!text_of(mounts, name, mount->source, sizeof(mount->source)))
		return;
	mount->known |= GAP_MOUNT_SOURCE;
}

static void read_fstype(struct gap_mounts *mounts, struct gap_mount *mount, struct gap_vaddr sb)
{
	struct gap_vaddr type, name;
	size_t length;

	if (!pointer_of(mounts, sb, SB_TYPE, &type) ||
	    !pointer_of(mounts, type, TYPE_NAME, &name) ||
	    !text_of(mounts, name, mount->fstype, sizeof(mount->fstype)))
		return;
	mount->known |= GAP_MOUNT_FSTYPE;
	length = strlen(mount->fstype);
	if (!pointer_of(mounts, sb, SB_SUBTYPE, &name) || !name.value ||
	    length + 2 > sizeof(mount->fstype))
		return;
	mount->fstype[length++] = '.';
	text_of(mounts, name, mount->fstype + length, sizeof(mount->fstype) - length);
}

static void add_word(struct gap_mount *mount, const char *word)
{
	size_t length = strlen(mount->flags);

	snprintf(mount->flags + length, sizeof(mount->flags) - length, "%s", word);
}

static void read_flags(struct gap_mounts *mounts, struct gap_mount *mount, struct gap_vaddr mnt,
		       struct gap_vaddr sb)
{
	uint64_t mnt_flags, sb_flags;
	struct gap_vaddr idmap;

	if (!number_of(mounts, mnt, MNT_FLAGS, &mnt_flags) ||
	    !number_of(mounts, sb, SB_FLAGS, &sb_flags))
		return;
	add_word(mount, mnt_flags & MNT_READONLY || sb_flags & SB_RDONLY ? "ro" : "rw");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((words[i].of_sb ? sb_flags : mnt_flags) & words[i].bit)
			add_word(mount, words[i].word);
	if (mounts->no_idmap.value && pointer_of(mounts, mnt, MNT_IDMAP, &idmap) &&
	    idmap.value != mounts->no_idmap.value)
		add_word(mount, ",idmapped");
	mount->known |= GAP_MOUNT_FLAGS;
}

/* Reads the mount at @at: false for what the task cannot reach, and for readers' places. */
static int read_mount(struct gap_mounts *mounts, struct gap_vaddr at, struct gap_mount *mount)
{
	struct gap_path place = {.mount = {at.value + mounts->fields[MNT].offset_bytes}};
	struct gap_vaddr sb;
	uint64_t flags;

	mount->address = at;
	mount->known = 0;
	mount->source[0] = mount->fstype[0] = mount->flags[0] = '\0';
	if (number_of(mounts, place.mount, MNT_FLAGS, &flags) && flags & MNT_CURSOR)
		return 0;
	mounts->seen++;
	if (!pointer_of(mounts, place.mount, MNT_ROOT, &place.dentry))
		return 0;
	if (gap_path_print(&mounts->paths, &place, &mounts->root, &mount->target))
		NOTE(mounts, "%s", mounts->paths.reason);
	else if (!mount->target.reachable)
		return 0;
	read_source(mounts, mount);
	if (pointer_of(mounts, place.mount, MNT_SB, &sb)) {
		read_fstype(mounts, mount, sb);
		read_flags(mounts, mount, place.mount, sb);
	}
	return 1;
}

/* ---- the walk ---- */

/* How many there are: since d29216842a85 (4.9), under its present name since 2eea9ce4310d (6.8). */
static void read_count(struct gap_mounts *mounts, struct gap_vaddr space)
{
	enum slot slot = mounts->is_tree ? NS_COUNT : NS_TREE;

	mounts->seen = 0;
	mounts->is_counted = has(mounts, slot) && mounts->fields[slot].size_bytes == 4 &&
			     number_of(mounts, space, slot, &mounts->expected);
}

static void check_count(struct gap_mounts *mounts)
{
	if (mounts->is_counted && mounts->seen != mounts->expected)
		NOTE(mounts, "the namespace counts %" PRIu64 " mounts, and %" PRIu64 " are there",
		     mounts->expected, mounts->seen);
	mounts->is_counted = 0;
}

void gap_mounts_begin(struct gap_mounts *mounts, struct gap_vaddr task)
{
	struct gap_vaddr fs, proxy, space;

	mounts->status = GAP_OK;
	mounts->reason[0] = '\0';
	mounts->begun = mounts->is_counted = 0;
	if (!pointer_of(mounts, task, TASK_FS, &fs) || !fs.value ||
	    !pointer_of(mounts, task, TASK_NSPROXY, &proxy) || !proxy.value ||
	    !pointer_of(mounts, fs, ROOT_MNT, &mounts->root.mount) ||
	    !pointer_of(mounts, fs, ROOT_DENTRY, &mounts->root.dentry) ||
	    !pointer_of(mounts, proxy, NSPROXY_MNT, &space))
		return;
	mounts->begun = 1;
	read_count(mounts, space);
	if (mounts->is_tree)
		gap_rbtree_init(&mounts->walk.tree, mounts->guest, &mounts->rbtree_layout,
				gap_record_at(space, &mounts->fields[NS_TREE]));
	else
		gap_list_init(&mounts->walk.list, mounts->guest,
			      gap_record_at(space, &mounts->fields[NS_LIST]), 0);
}

static int next_mount(struct gap_mounts *mounts, struct gap_vaddr *at)
{
	struct gap_rbtree *tree = &mounts->walk.tree;
	struct gap_list *list = &mounts->walk.list;

	if (!mounts->begun)
		return 0;
	if (mounts->is_tree) {
		if (!gap_rbtree_next(tree, at))
			return tree->status ? NOTE(mounts, "%s", tree->reason) : 0;
		at->value -= mounts->fields[MOUNT_NODE].offset_bytes;
		return 1;
	}
	if (!gap_list_next(list, at))
		return list->status ? NOTE(mounts, "%s", list->reason) : 0;
	at->value -= mounts->fields[MOUNT_LIST].offset_bytes;
	return 1;
}

int gap_mounts_next(struct gap_mounts *mounts, struct gap_mount *mount)
{
	struct gap_vaddr at;

	while (next_mount(mounts, &at))
		if (read_mount(mounts, at, mount))
			return 1;
	check_count(mounts);
	return 0;
}
