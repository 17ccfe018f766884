/* SPDX-License-Identifier: MIT */
/* Kernel objects in the synthetic guest's heap, and the profile that describes them; see objects.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/making.h"
#include "tests/support/objects.h"

/* ---- the profile: a row for each member, those of a structure one behind the other ---- */

/* @kind: u8, u32, u64, ptr, one of these with "*COUNT", or a structure of a row before. */
struct row {
	const char *structure;
	uint32_t size_bytes;
	const char *member;
	uint32_t offset_bytes;
	const char *kind;
};

static const struct row common_rows[] = {
	{"list_head", 16, "next", 0, "ptr"},
	{"list_head", 16, "prev", 8, "ptr"},
	{"kuid_t", 4, "val", 0, "u32"},
	{"cred", CRED_BYTES, "uid", CRED_UID, "kuid_t"},
	{"cred", CRED_BYTES, "gid", CRED_GID, "kuid_t"},
	{"task_struct", TASK_BYTES, "__state", TASK_STATE, "u32"},
	{"task_struct", TASK_BYTES, "flags", TASK_FLAGS, "u32"},
	{"task_struct", TASK_BYTES, "tasks", TASK_TASKS, "list_head"},
	{"task_struct", TASK_BYTES, "pid", TASK_PID, "u32"},
	{"task_struct", TASK_BYTES, "tgid", TASK_TGID, "u32"},
	{"task_struct", TASK_BYTES, "real_parent", TASK_REAL_PARENT, "ptr"},
	{"task_struct", TASK_BYTES, "real_cred", TASK_REAL_CRED, "ptr"},
	{"task_struct", TASK_BYTES, "comm", TASK_COMM, "u8*16"},
	{"task_struct", TASK_BYTES, "exit_state", TASK_EXIT_STATE, "u32"},
	{"task_struct", TASK_BYTES, "start_boottime", TASK_START, "u64"},
	{"task_struct", TASK_BYTES, "mm", TASK_MM, "ptr"},
	{"task_struct", TASK_BYTES, "files", TASK_FILES, "ptr"},
	{"task_struct", TASK_BYTES, "fs", TASK_FS, "ptr"},
	{"task_struct", TASK_BYTES, "nsproxy", TASK_NSPROXY, "ptr"},
	{"rb_node", 24, "__rb_parent_color", RB_PARENT, "u64"},
	{"rb_node", 24, "rb_right", RB_RIGHT, "ptr"},
	{"rb_node", 24, "rb_left", RB_LEFT, "ptr"},
	{"maple_tree", 16, "ma_root", MAPLE_ROOT, "ptr"},
	{"maple_node", 256, "slot", 8, "ptr*31"},
	{"maple_range_64", 256, "pivot", MAPLE_RANGE_PIVOTS, "u64*15"},
	{"maple_range_64", 256, "slot", MAPLE_RANGE_SLOTS, "ptr*16"},
	{"maple_arange_64", 256, "pivot", MAPLE_ARANGE_PIVOTS, "u64*9"},
	{"maple_arange_64", 256, "slot", MAPLE_ARANGE_SLOTS, "ptr*10"},
	{"path", 16, "mnt", 0, "ptr"},
	{"path", 16, "dentry", 8, "ptr"},
	{"qstr", 16, "len", 4, "u32"},
	{"qstr", 16, "name", 8, "ptr"},
	{"hlist_bl_node", 16, "pprev", 8, "ptr"},
	{"dentry_operations", 16, "d_dname", OPS_DNAME, "ptr"},
	{"inode", 16, "i_ino", INODE_NUMBER, "u64"},
	{"inode", 16, "i_private", INODE_PRIVATE, "ptr"},
	{"ns_common", 16, "ops", 8, "ptr"},
	{"proc_ns_operations", 8, "name", 0, "ptr"},
	{"vfsmount", 24, "mnt_root", VFSMOUNT_ROOT, "ptr"},
	{"vfsmount", 24, "mnt_sb", VFSMOUNT_SB, "ptr"},
	{"vfsmount", 24, "mnt_flags", VFSMOUNT_FLAGS, "u32"},
	{"super_block", 24, "s_flags", SB_FLAGS, "u64"},
	{"super_block", 24, "s_type", SB_TYPE, "ptr"},
	{"super_block", 24, "s_subtype", SB_SUBTYPE, "ptr"},
	{"file_system_type", 8, "name", 0, "ptr"},
	{"files_struct", 8, "fdt", FILES_FDT, "ptr"},
	{"fdtable", 24, "max_fds", FDT_MAX, "u32"},
	{"fdtable", 24, "fd", FDT_FD, "ptr"},
	{"fdtable", 24, "close_on_exec", FDT_CLOEXEC, "ptr"},
	{"file", FILE_BYTES, "f_path", FILE_PATH, "path"},
	{"file", FILE_BYTES, "f_flags", FILE_FLAGS, "u32"},
	{"file", FILE_BYTES, "f_pos", FILE_POS, "u64"},
	{"fs_struct", 16, "root", FS_ROOT, "path"},
	{"nsproxy", 8, "mnt_ns", NSPROXY_MNT, "ptr"},
	{"vm_operations_struct", 8, "name", 0, "ptr"},
	{"vm_special_mapping", 8, "name", 0, "ptr"},
	{"anon_vma_name", 4, "name", 4, "u8*0"},
	{"mm_struct", MM_BYTES, "pgd", MM_PGD, "ptr"},
	{"mm_struct", MM_BYTES, "map_count", MM_MAP_COUNT, "u32"},
	{"mm_struct", MM_BYTES, "exe_file", MM_EXE_FILE, "ptr"},
	{"mm_struct", MM_BYTES, "arg_start", MM_ARG_START, "u64"},
	{"mm_struct", MM_BYTES, "arg_end", MM_ARG_END, "u64"},
	{"mm_struct", MM_BYTES, "env_start", MM_ENV_START, "u64"},
	{"mm_struct", MM_BYTES, "env_end", MM_ENV_END, "u64"},
	{"mm_struct", MM_BYTES, "start_brk", MM_START_BRK, "u64"},
	{"mm_struct", MM_BYTES, "brk", MM_BRK, "u64"},
	{"mm_struct", MM_BYTES, "start_stack", MM_START_STACK, "u64"},
};

static const struct row mm_maple = {"mm_struct", MM_BYTES, "mm_mt", MM_MT, "maple_tree"};
static const struct row mm_list = {"mm_struct", MM_BYTES, "mmap", MM_MT, "ptr"};
static const struct row mm_rbtree = {"mm_struct", MM_BYTES, "mm_rb", MM_MT, "ptr"};

static const struct row vma_rows[] = {
	{"vm_area_struct", VMA_BYTES, "vm_start", VMA_START, "u64"},
	{"vm_area_struct", VMA_BYTES, "vm_end", VMA_END, "u64"},
	{"vm_area_struct", VMA_BYTES, "vm_mm", VMA_MM, "ptr"},
	{"vm_area_struct", VMA_BYTES, "vm_flags", VMA_FLAGS, "u64"},
	{"vm_area_struct", VMA_BYTES, "vm_pgoff", VMA_PGOFF, "u64"},
	{"vm_area_struct", VMA_BYTES, "vm_file", VMA_FILE, "ptr"},
	{"vm_area_struct", VMA_BYTES, "vm_ops", VMA_OPS, "ptr"},
	{"vm_area_struct", VMA_BYTES, "vm_private_data", VMA_PRIVATE, "ptr"},
	{"vm_area_struct", VMA_BYTES, "anon_name", VMA_ANON_NAME, "ptr"},
};
static const struct row vma_next = {"vm_area_struct", VMA_BYTES, "vm_next", VMA_NEXT, "ptr"};
static const struct row vma_rb = {"vm_area_struct", VMA_BYTES, "vm_rb", VMA_RB, "rb_node"};

static const struct row dentry_rows[] = {
	{"dentry", DENTRY_BYTES, "d_hash", DENTRY_HASH, "hlist_bl_node"},
	{"dentry", DENTRY_BYTES, "d_parent", DENTRY_PARENT, "ptr"},
	{"dentry", DENTRY_BYTES, "d_name", DENTRY_NAME, "qstr"},
	{"dentry", DENTRY_BYTES, "d_inode", DENTRY_INODE, "ptr"},
	{"dentry", DENTRY_BYTES, "d_op", DENTRY_OPS, "ptr"},
	{"dentry", DENTRY_BYTES, "d_sb", DENTRY_SB, "ptr"},
};

static const struct row mount_rows[] = {
	{"mount", MOUNT_BYTES, "mnt_parent", MOUNT_PARENT, "ptr"},
	{"mount", MOUNT_BYTES, "mnt_mountpoint", MOUNT_MOUNTPOINT, "ptr"},
	{"mount", MOUNT_BYTES, "mnt", MOUNT_MNT, "vfsmount"},
	{"mount", MOUNT_BYTES, "mnt_devname", MOUNT_DEVICE, "ptr"},
};
static const struct row mount_list = {"mount", MOUNT_BYTES, "mnt_list", MOUNT_LIST, "list_head"};
static const struct row mount_node = {"mount", MOUNT_BYTES, "mnt_node", MOUNT_LIST, "rb_node"};

static const struct row mounts_list_rows[] = {
	{"mnt_namespace", 32, "list", MNT_NS_LIST, "list_head"},
	{"mnt_namespace", 32, "mounts", 24, "u32"}, /* a count, whatever its name says later */
};
static const struct row mounts_tree = {"mnt_namespace", 32, "mounts", MNT_NS_LIST, "ptr"};

static const struct row xarray_rows[] = {
	{"xarray", 16, "xa_head", XA_HEAD, "ptr"},
	{"xa_node", XA_NODE_BYTES, "shift", XA_SHIFT, "u8"},
	{"xa_node", XA_NODE_BYTES, "offset", XA_OFFSET, "u8"},
	{"xa_node", XA_NODE_BYTES, "parent", XA_PARENT, "ptr"},
	{"xa_node", XA_NODE_BYTES, "slots", XA_SLOTS, "ptr*64"},
	{"idr", 24, "idr_rt", 0, "xarray"},
	{"idr", 24, "idr_base", IDR_BASE, "u32"},
};
static const struct row radix_rows[] = {
	{"radix_tree_root", 16, "rnode", XA_HEAD, "ptr"},
	{"radix_tree_node", XA_NODE_BYTES, "shift", XA_SHIFT, "u8"},
	{"radix_tree_node", XA_NODE_BYTES, "offset", XA_OFFSET, "u8"},
	{"radix_tree_node", XA_NODE_BYTES, "parent", XA_PARENT, "ptr"},
	{"radix_tree_node", XA_NODE_BYTES, "slots", XA_SLOTS, "ptr*64"},
	{"idr", 24, "idr_rt", 0, "radix_tree_root"},
};

#define ROWS_MAX 240

struct making {
	struct gap_builder *builder;
	struct row rows[ROWS_MAX];
	size_t count;
	gap_type_id made[ROWS_MAX]; /* of the structure of each row */
};

static void add_rows(struct making *making, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_true(making->count < ROWS_MAX);
		making->rows[making->count++] = rows[i];
	}
}

static gap_type_id type_of(struct making *making, const char *kind, size_t before)
{
	const char *times = strchr(kind, '*');

	if (times) {
		char element[8] = "";

		memcpy(element, kind, (size_t)(times - kind));
		return make_array(making->builder, type_of(making, element, before),
				  strtoull(times + 1, NULL, 10));
	}
	if (strcmp(kind, "ptr") == 0)
		return make_pointer(making->builder, 0);
	if (kind[0] == 'u')
		return make_int(making->builder, kind, strtoull(kind + 1, NULL, 10) / 8);
	for (size_t i = 0; i < before; i++)
		if (strcmp(making->rows[i].structure, kind) == 0)
			return making->made[i];
	fail_msg("%s is not made yet", kind);
	return 0;
}

/* Makes the structure whose rows begin at @first; returns the row behind them. */
static size_t make_rows(struct making *making, size_t first)
{
	struct make_member members[40] = {{0}};
	const struct row *rows = making->rows;
	size_t end = first, i;
	gap_type_id id;

	while (end < making->count && strcmp(rows[end].structure, rows[first].structure) == 0)
		end++;
	assert_true(end - first < COUNT_OF(members));
	for (i = first; i < end; i++)
		members[i - first] =
			(struct make_member){.name = rows[i].member,
					     .type = type_of(making, rows[i].kind, first),
					     .offset_bits = rows[i].offset_bytes * 8};
	members[end - first].type = GAP_NONE;
	id = make_struct(making->builder, rows[first].structure, rows[first].size_bytes, members);
	for (i = first; i < end; i++)
		making->made[i] = id;
	return end;
}

/* Rows of a test: members of a structure that is there already join it. */
static void add_own_rows(struct making *making, const struct object_row *rows)
{
	for (; rows && rows->structure; rows++) {
		size_t at = making->count;

		while (at > 0 && strcmp(making->rows[at - 1].structure, rows->structure) != 0)
			at--;
		if (at == 0)
			at = making->count;
		assert_true(making->count < ROWS_MAX);
		memmove(&making->rows[at + 1], &making->rows[at],
			(making->count - at) * sizeof(making->rows[0]));
		making->rows[at] = (struct row){rows->structure, rows->size_bytes, rows->member,
						rows->offset_bytes, rows->kind};
		making->count++;
	}
}

static void choose_rows(struct making *making, const struct object_profile *options)
{
	add_rows(making, common_rows, COUNT_OF(common_rows));
	add_rows(making,
		 options->mappings_in_list     ? &mm_list
		 : options->mappings_in_rbtree ? &mm_rbtree
					       : &mm_maple,
		 1);
	add_rows(making, vma_rows, COUNT_OF(vma_rows));
	if (options->mappings_in_list)
		add_rows(making, &vma_next, 1);
	if (options->mappings_in_rbtree)
		add_rows(making, &vma_rb, 1);
	if (!options->without_dentry)
		add_rows(making, dentry_rows, COUNT_OF(dentry_rows));
	add_rows(making, mount_rows, COUNT_OF(mount_rows));
	add_rows(making, options->mounts_in_tree ? &mount_node : &mount_list, 1);
	if (options->mounts_in_tree)
		add_rows(making, &mounts_tree, 1);
	else
		add_rows(making, mounts_list_rows, COUNT_OF(mounts_list_rows));
	if (options->radix_tree)
		add_rows(making, radix_rows, COUNT_OF(radix_rows));
	else
		add_rows(making, xarray_rows, COUNT_OF(xarray_rows));
	add_own_rows(making, options->rows);
}

static void set_target(struct gap_builder *builder)
{
	static const uint8_t id[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

	make_symbol(builder, "linux_banner", NULL, SYNTHETIC_BANNER, 0);
	make_symbol(builder, "init_task", NULL, SYNTHETIC_INIT_TASK, 0);
	make_symbol(builder, "init_top_pgt", NULL, SYNTHETIC_ROOT, 0);
	make_symbol(builder, "nr_cpu_ids", NULL, SYNTHETIC_TEXT + 0x3000, 0);
	make_symbol(builder, "__cpu_possible_mask", NULL, SYNTHETIC_TEXT + 0x3010, 0);
	make_symbol(builder, "__per_cpu_offset", NULL, SYNTHETIC_TEXT + 0x3100, 0);
	make_symbol(builder, "runqueues", NULL, 0x1000, GAP_SYMBOL_PERCPU);
	make_symbol(builder, "linked_percpu", NULL, SYNTHETIC_TEXT + 0x3200, GAP_SYMBOL_PERCPU);
	gap_builder_target_set(builder, &(struct gap_build_target){
						.machine = 62,
						.pointer_bytes = 8,
						.build_id = id,
						.build_id_bytes = sizeof(id),
						.release = SYNTHETIC_RELEASE,
						.banner = SYNTHETIC_BANNER_TEXT,
						.banner_bytes = sizeof(SYNTHETIC_BANNER_TEXT) - 1,
					});
}

void objects_profile(struct synthetic *guest, const struct object_profile *options)
{
	struct making making = {.builder = make_builder()};
	struct frozen frozen;

	gap_profile_close(guest->profile);
	free(guest->image);
	choose_rows(&making, options);
	for (size_t at = 0; at < making.count;)
		at = make_rows(&making, at);
	set_target(making.builder);
	for (const struct object_symbol *symbol = options->symbols; symbol && symbol->name;
	     symbol++)
		make_symbol(making.builder, symbol->name, NULL, symbol->address, 0);
	frozen = freeze(making.builder, 0);
	guest->image = frozen.image;
	guest->profile = frozen.profile;
}

/* ---- objects ---- */

void put64(struct synthetic *guest, uint64_t object, uint64_t offset, uint64_t value)
{
	synthetic_put64((char *)synthetic_heap(guest, object) + offset, value);
}

void put32(struct synthetic *guest, uint64_t object, uint64_t offset, uint32_t value)
{
	synthetic_put32((char *)synthetic_heap(guest, object) + offset, value);
}

uint64_t get64(struct synthetic *guest, uint64_t object, uint64_t offset)
{
	uint64_t value;

	memcpy(&value, (char *)synthetic_heap(guest, object) + offset, sizeof(value));
	return value;
}

uint64_t make_aligned(struct synthetic *guest, uint64_t size_bytes, uint64_t align)
{
	uint64_t at = synthetic_alloc(guest, size_bytes + align);

	return (at + align - 1) & ~(align - 1);
}

uint64_t make_string(struct synthetic *guest, const char *text)
{
	uint64_t at = synthetic_alloc(guest, strlen(text) + 1);

	memcpy(synthetic_heap(guest, at), text, strlen(text) + 1);
	return at;
}

uint64_t make_dentry(struct synthetic *guest, const char *name, uint64_t parent)
{
	uint64_t dentry = synthetic_alloc(guest, DENTRY_BYTES);

	put64(guest, dentry, DENTRY_HASH + 8, dentry);
	put64(guest, dentry, DENTRY_PARENT, parent ? parent : dentry);
	put32(guest, dentry, DENTRY_NAME + 4, (uint32_t)strlen(name));
	put64(guest, dentry, DENTRY_NAME + 8, make_string(guest, name));
	return dentry;
}

uint64_t make_mount(struct synthetic *guest, uint64_t root, uint64_t parent, uint64_t mountpoint)
{
	uint64_t mount = synthetic_alloc(guest, MOUNT_BYTES);

	put64(guest, mount, MOUNT_PARENT, parent ? parent : mount);
	put64(guest, mount, MOUNT_MOUNTPOINT, mountpoint ? mountpoint : root);
	put64(guest, mount, MOUNT_MNT + VFSMOUNT_ROOT, root);
	return mount;
}

uint64_t make_file(struct synthetic *guest, uint64_t mount, uint64_t dentry)
{
	uint64_t file = synthetic_alloc(guest, FILE_BYTES);

	put64(guest, file, FILE_PATH, mount + MOUNT_MNT);
	put64(guest, file, FILE_PATH + 8, dentry);
	return file;
}

uint64_t make_mapping(struct synthetic *guest, uint64_t mm, uint64_t start, uint64_t end,
		      uint64_t flags)
{
	uint64_t vma = synthetic_alloc(guest, VMA_BYTES);

	put64(guest, vma, VMA_START, start);
	put64(guest, vma, VMA_END, end);
	put64(guest, vma, VMA_MM, mm);
	put64(guest, vma, VMA_FLAGS, flags);
	return vma;
}
