/* SPDX-License-Identifier: MIT */
/*
 * Places of the object graph: types of file systems, super blocks, mounts in their tree, dentries
 * and inodes, and the open files of tasks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "tests/support/object_graph_parts.h"

#define SB_MOUNTED 0x60000000u
#define SB_NOUSER 0x80000000u
#define NO_NAMESPACE                                                                               \
	UINT64_C(0xffffffffffffffea) /* of what only the kernel mounts: ERR_PTR(-EINVAL) */

#define LIBRARIES 12u

/* ---- file systems ---- */

enum { ROOTFS, DISK, PROC, SYSFS, DEVICES, TMP, PTS, SOCKFS, PIPEFS, SYSTEMS };

static const struct {
	const char *type, *id, *device;
	uint32_t number; /* of a device; 0: the next one of those that are none */
	int parent;      /* on which it is mounted; itself: on nothing, -1: kernel's own */
	const char *on;  /* the directory there */
} systems[SYSTEMS] = {
	[ROOTFS] = {"rootfs", "rootfs", "rootfs", 0, ROOTFS, NULL},
	[DISK] = {"ext4", "vda1", "/dev/vda1", 254u << 20 | 1, ROOTFS, NULL},
	[PROC] = {"proc", "proc", "proc", 0, DISK, "proc"},
	[SYSFS] = {"sysfs", "sysfs", "sysfs", 0, DISK, "sys"},
	[DEVICES] = {"devtmpfs", "devtmpfs", "udev", 0, DISK, "dev"},
	[TMP] = {"tmpfs", "tmpfs", "tmpfs", 0, DISK, "run"},
	[PTS] = {"devpts", "devpts", "devpts", 0, DEVICES, "pts"},
	[SOCKFS] = {"sockfs", "sockfs", "sockfs", 0, -1, NULL},
	[PIPEFS] = {"pipefs", "pipefs", "pipefs", 0, -1, NULL},
};

static struct {
	uint64_t super[SYSTEMS], root[SYSTEMS], mount[SYSTEMS];
	uint64_t super_list, ns, init_fs, inode_ops[3], file_ops[8], dentry_ops, mapping_ops[2];
	uint64_t directories[8];
	uint32_t directory_count, next_number;
	uint64_t targets[GRAPH_FILES]; /* dentries of what is opened */
	uint64_t libraries[LIBRARIES];
	int poor;
} places;

/* ---- inodes and dentries ---- */

static void fill_inode(struct graph *graph, uint64_t inode, uint64_t super, uint32_t number,
		       uint32_t mode)
{
	uint64_t data = inode + graph_offset("inode", "i_data");
	uint64_t list = super + graph_offset("super_block", "s_inodes");
	int kind = S_ISDIR(mode) ? 0 : S_ISREG(mode) ? 1 : 2;

	graph_set(graph, inode, "inode", "i_mode", mode);
	graph_set(graph, inode, "inode", "i_sb", super);
	graph_set(graph, inode, "inode", "i_ino", number);
	graph_set(graph, inode, "inode", "i_nlink", S_ISDIR(mode) ? 2 : 1);
	graph_set(graph, inode, "inode", "i_count", 1 + graph_choose(3));
	graph_set(graph, inode, "inode", "i_size", S_ISREG(mode) ? 100 + graph_choose(9999) : 0);
	graph_set(graph, inode, "inode", "i_blocks", S_ISREG(mode) ? 8 * graph_choose(30) : 0);
	graph_set(graph, inode, "inode", "i_mapping", data);
	graph_set(graph, inode, "inode", "i_op", places.inode_ops[kind]);
	graph_set(graph, inode, "inode", "i_fop", places.file_ops[kind]);
	graph_set(graph, data, "address_space", "host", inode);
	graph_set(graph, data, "address_space", "a_ops", places.mapping_ops[kind == 2]);
	graph_set(graph, data, "address_space", "nrpages", graph_choose(20));
	graph_list_add(graph, list, inode + graph_offset("inode", "i_sb_list"));
	if (graph->inode_count < GRAPH_SOME)
		graph->inodes[graph->inode_count++] = inode;
}

static uint64_t make_inode(struct graph *graph, int system, uint32_t mode)
{
	uint64_t inode = graph_slab(graph, "inode");

	fill_inode(graph, inode, places.super[system], places.next_number, mode);
	places.next_number += 1 + graph_choose(40);
	return inode;
}

/* Short names are kept inside. */
static void set_name(struct graph *graph, uint64_t dentry, const char *name)
{
	uint64_t at = dentry + graph_offset("dentry", "d_iname");
	uint64_t qstr = dentry + graph_offset("dentry", "d_name");

	if (strlen(name) >= 32)
		at = graph_make(graph, strlen(name) + 1);
	graph_set_text(graph, at, name);
	graph_set(graph, qstr, "qstr", "hash", graph_choose(1u << 31));
	graph_set(graph, qstr, "qstr", "len", strlen(name));
	graph_set(graph, qstr, "qstr", "name", at);
}

static uint64_t make_dentry(struct graph *graph, int system, uint64_t parent, const char *name,
			    uint64_t inode)
{
	uint64_t dentry = graph_slab(graph, "dentry");

	set_name(graph, dentry, name);
	graph_set(graph, dentry, "dentry", "d_parent", parent ? parent : dentry);
	graph_set(graph, dentry, "dentry", "d_inode", inode);
	graph_set(graph, dentry, "dentry", "d_sb", places.super[system]);
	graph_set(graph, dentry, "dentry", "d_lockref", (uint64_t)(1 + graph_choose(3)) << 32);
	graph_set(graph, dentry, "dentry", "d_flags", inode ? 0x200000 : 0);
	if (system != DISK && system != DEVICES)
		graph_set(graph, dentry, "dentry", "d_op", places.dentry_ops);
	graph_list_make(graph, dentry + graph_offset("dentry", "d_lru"));
	graph_list_make(graph, dentry + graph_offset("dentry", "d_subdirs"));
	graph_list_make(graph, dentry + graph_offset("dentry", "d_child"));
	if (parent)
		graph_list_add(graph, parent + graph_offset("dentry", "d_subdirs"),
			       dentry + graph_offset("dentry", "d_child"));
	if (graph->dentry_count < GRAPH_SOME)
		graph->dentries[graph->dentry_count++] = dentry;
	return dentry;
}

static uint64_t make_directory(struct graph *graph, int system, uint64_t parent, const char *name)
{
	return make_dentry(graph, system, parent, name, make_inode(graph, system, S_IFDIR | 0755));
}

static uint64_t make_file(struct graph *graph, int system, uint64_t parent, const char *name,
			  uint32_t mode)
{
	return make_dentry(graph, system, parent, name, make_inode(graph, system, mode));
}

/* ---- super blocks and their types ---- */

static uint64_t make_type(struct graph *graph, const char *name, uint64_t *before)
{
	uint64_t type = graph_in_image(graph, graph_size("file_system_type"));

	graph_set(graph, type, "file_system_type", "name", graph_text(graph, name));
	graph_set(graph, type, "file_system_type", "fs_flags", graph_choose(9));
	graph_set(graph, type, "file_system_type", "init_fs_context", graph_operations(graph));
	graph_set(graph, type, "file_system_type", "kill_sb", graph_operations(graph));
	if (*before)
		graph_set(graph, *before, "file_system_type", "next", type);
	*before = type;
	return type;
}

static void make_super(struct graph *graph, int system, uint64_t type, uint64_t bdi)
{
	uint64_t super = graph_slab(graph, "super_block");
	uint32_t number = systems[system].number;

	places.super[system] = super;
	graph->supers[graph->super_count++] = super;
	graph_list_add(graph, places.super_list, super + graph_offset("super_block", "s_list"));
	graph_list_make(graph, super + graph_offset("super_block", "s_inodes"));
	graph_set(graph, super, "super_block", "s_dev", number ? number : (uint32_t)system + 1);
	graph_set(graph, super, "super_block", "s_type", type);
	graph_set(graph, super, "super_block", "s_flags",
		  SB_MOUNTED | (systems[system].parent < 0 ? SB_NOUSER : 0x10000));
	graph_set(graph, super, "super_block", "s_blocksize", 4096);
	graph_set(graph, super, "super_block", "s_maxbytes", INT64_MAX);
	graph_set(graph, super, "super_block", "s_op", graph_operations(graph));
	graph_set(graph, super, "super_block", "s_magic", 0x9fa0 + graph_choose(1u << 20));
	graph_set(graph, super, "super_block", "s_count", 1);
	graph_set(graph, super, "super_block", "s_active", 1 + graph_choose(3));
	graph_set(graph, super, "super_block", "s_time_gran", 1);
	graph_set(graph, super, "super_block", "s_bdi", bdi);
	graph_set(graph, super, "super_block", "s_user_ns", graph->user_ns);
	graph_set_text(graph, super + graph_offset("super_block", "s_id"), systems[system].id);
	places.root[system] = make_directory(graph, system, 0, "/");
	graph_set(graph, super, "super_block", "s_root", places.root[system]);
}

static void make_supers(struct graph *graph)
{
	uint64_t before = 0, bdi = graph_in_image(graph, 256);

	places.super_list = graph_in_image(graph, 64);
	graph_list_make(graph, places.super_list);
	make_type(graph, "ramfs", &before);
	for (int i = 0; i < SYSTEMS; i++)
		make_super(graph, i, make_type(graph, systems[i].type, &before), bdi);
	make_type(graph, "debugfs", &before);
}

/* ---- mounts ---- */

static const char *const mount_lists[] = {"mnt_mounts", "mnt_child",  "mnt_instance",
					  "mnt_list",   "mnt_expire", "mnt_hash"};

static uint64_t vfsmount_of(int system)
{
	return places.mount[system] + graph_offset("mount", "mnt");
}

/* Root on its root, the disk on that, others on directories. */
static uint64_t mountpoint_of(struct graph *graph, int system)
{
	int parent = systems[system].parent;
	uint64_t directory;

	if (parent < 0)
		return places.root[system];
	if (!systems[system].on)
		return places.root[parent];
	directory = make_directory(graph, parent, places.root[parent], systems[system].on);
	if (places.directory_count < 8)
		places.directories[places.directory_count++] = directory;
	return directory;
}

static void make_mount(struct graph *graph, int system)
{
	uint64_t mount = graph_slab(graph, "mount"), inner;
	int parent = systems[system].parent;
	uint64_t devname = graph_make(graph, 32);

	places.mount[system] = mount;
	graph->mounts[graph->mount_count++] = mount;
	inner = vfsmount_of(system);
	for (size_t i = 0; i < sizeof(mount_lists) / sizeof(mount_lists[0]); i++)
		graph_list_make(graph, mount + graph_offset("mount", mount_lists[i]));
	graph_set_text(graph, devname, systems[system].device);
	graph_set(graph, mount, "mount", "mnt_devname", devname);
	graph_set(graph, mount, "mount", "mnt_id", 20u + (uint32_t)system);
	graph_set(graph, mount, "mount", "mnt_ns", parent < 0 ? NO_NAMESPACE : places.ns);
	graph_set(graph, mount, "mount", "mnt_parent", places.mount[parent < 0 ? system : parent]);
	graph_set(graph, mount, "mount", "mnt_mountpoint", mountpoint_of(graph, system));
	graph_set(graph, inner, "vfsmount", "mnt_root", places.root[system]);
	graph_set(graph, inner, "vfsmount", "mnt_sb", places.super[system]);
	graph_set(graph, inner, "vfsmount", "mnt_flags", 0x1020);
	if (parent < 0)
		return;
	graph_list_add(graph, places.ns + graph_offset("mnt_namespace", "list"),
		       mount + graph_offset("mount", "mnt_list"));
	if (parent != system)
		graph_list_add(graph, places.mount[parent] + graph_offset("mount", "mnt_mounts"),
			       mount + graph_offset("mount", "mnt_child"));
}

static void make_mounts(struct graph *graph)
{
	places.ns = graph_make(graph, graph_size("mnt_namespace"));
	graph_set(graph, places.ns, "mnt_namespace", "count", 1);
	graph_set(graph, places.ns, "mnt_namespace", "user_ns", graph->user_ns);
	graph_set(graph, places.ns, "mnt_namespace", "mounts", SYSTEMS - 2);
	graph_list_make(graph, places.ns + graph_offset("mnt_namespace", "list"));
	for (int i = 0; i < SYSTEMS; i++)
		make_mount(graph, i);
	graph_set(graph, places.ns, "mnt_namespace", "root", places.mount[ROOTFS]);
}

/* ---- what is there to open ---- */

static const int system_of[GRAPH_FILES] = {
	[GRAPH_PROGRAM] = DISK,       [GRAPH_CONSOLE] = DEVICES, [GRAPH_LOG] = DISK,
	[GRAPH_CONFIGURATION] = DISK, [GRAPH_PROC] = PROC,       [GRAPH_PIPE] = PIPEFS,
	[GRAPH_LIBRARY] = DISK,       [GRAPH_RUN] = TMP,
};

static void make_targets(struct graph *graph)
{
	uint64_t *root = places.root, bin = make_directory(graph, DISK, root[DISK], "bin");
	uint64_t var = make_directory(graph, DISK, root[DISK], "var"), inode;
	uint64_t *targets = places.targets;

	targets[GRAPH_PROGRAM] = make_file(graph, DISK, bin, "program", S_IFREG | 0755);
	inode = graph_member_of(graph, targets[GRAPH_PROGRAM], "dentry", "d_inode");
	graph_set(graph, inode, "inode", "i_size", GRAPH_PROGRAM_BYTES);
	targets[GRAPH_CONSOLE] =
		make_file(graph, DEVICES, root[DEVICES], "console", S_IFCHR | 0600);
	targets[GRAPH_LOG] = make_file(graph, DISK, var, "log", S_IFREG | 0644);
	targets[GRAPH_CONFIGURATION] = make_file(
		graph, DISK, var, "a name that is too long to be kept inside", S_IFREG | 0600);
	targets[GRAPH_PROC] = make_file(graph, PROC, root[PROC], "mounts", S_IFREG | 0444);
	targets[GRAPH_RUN] = make_file(graph, TMP, root[TMP], "program.pid", S_IFREG | 0644);
	targets[GRAPH_PIPE] = make_file(graph, PIPEFS, 0, "", S_IFIFO | 0600);
	/* What was looked for and is not there, and what was deleted since. */
	make_dentry(graph, DISK, bin, "nothing", 0);
	graph_set(graph, make_dentry(graph, DISK, var, "deleted", 0), "dentry", "d_lockref",
		  0xffffff8000000000u);
	for (unsigned i = 0; i < LIBRARIES; i++)
		places.libraries[i] =
			make_file(graph, DISK, bin, &"library-twelve"[i], S_IFREG | 0644);
}

static uint64_t open_dentry(struct graph *graph, uint64_t dentry, int system, uint32_t access)
{
	uint64_t file = graph_slab(graph, "file"), path = file + graph_offset("file", "f_path");
	uint64_t inode = graph_member_of(graph, dentry, "dentry", "d_inode");

	graph_set(graph, path, "path", "mnt", vfsmount_of(system));
	graph_set(graph, path, "path", "dentry", dentry);
	graph_set(graph, file, "file", "f_inode", inode);
	graph_set(graph, file, "file", "f_mapping",
		  graph_member_of(graph, inode, "inode", "i_mapping"));
	graph_set(graph, file, "file", "f_op", graph_member_of(graph, inode, "inode", "i_fop"));
	graph_set(graph, file, "file", "f_flags", 0x8000 | access);
	graph_set(graph, file, "file", "f_mode", 0x80000 | ((access + 1) & 3));
	graph_set(graph, file, "file", "f_count", 1 + graph_choose(3));
	if (graph->file_count < GRAPH_SOME)
		graph->files[graph->file_count++] = file;
	return file;
}

uint64_t graph_open(struct graph *graph, enum graph_file kind, uint32_t access)
{
	uint64_t dentry = places.targets[kind], file;

	if (kind == GRAPH_LIBRARY)
		dentry = places.libraries[graph_choose(places.poor ? 2 : LIBRARIES)];
	file = open_dentry(graph, dentry, system_of[kind], access);
	if (kind == GRAPH_CONSOLE) /* other operations than its inode: those of the driver */
		graph_set(graph, file, "file", "f_op", places.file_ops[4]);
	if (kind == GRAPH_LOG)
		graph_set(graph, file, "file", "f_pos", 64 * graph_choose(99));
	return file;
}

uint64_t graph_open_socket(struct graph *graph, uint64_t inode)
{
	uint64_t dentry;

	fill_inode(graph, inode, places.super[SOCKFS], places.next_number++, S_IFSOCK | 0777);
	dentry = make_dentry(graph, SOCKFS, 0, "", inode);
	graph_set(graph, inode, "inode", "i_fop", places.file_ops[3]);
	return open_dentry(graph, dentry, SOCKFS, 2);
}

static void set_path(struct graph *graph, uint64_t at, int system, uint64_t dentry)
{
	graph_set(graph, at, "path", "mnt", vfsmount_of(system));
	graph_set(graph, at, "path", "dentry", dentry);
}

uint64_t graph_fs(struct graph *graph, unsigned program)
{
	uint64_t at = graph_slab(graph, "fs_struct"), cwd = places.root[DISK];

	if (program % 4 == 3 && !places.poor)
		cwd = graph_member_of(graph, places.targets[GRAPH_LOG], "dentry", "d_parent");
	if (program % 4 == 2 && !places.poor)
		cwd = places.directories[0];
	graph_set(graph, at, "fs_struct", "users", 1);
	graph_set(graph, at, "fs_struct", "umask", 022);
	set_path(graph, at + graph_offset("fs_struct", "root"), DISK, places.root[DISK]);
	set_path(graph, at + graph_offset("fs_struct", "pwd"), DISK, cwd);
	return at;
}

uint64_t graph_mount_ns(void)
{
	return places.ns;
}

void graph_places_make(struct graph *graph, const struct graph_options *options)
{
	memset(&places, 0, sizeof(places));
	places.poor = options->poor;
	places.next_number = 2;
	for (int i = 0; i < 3; i++)
		places.inode_ops[i] = graph_operations(graph);
	for (int i = 0; i < 8; i++)
		places.file_ops[i] = graph_operations(graph);
	places.dentry_ops = graph_operations(graph);
	places.mapping_ops[0] = graph_operations(graph);
	places.mapping_ops[1] = graph_operations(graph);
	make_supers(graph);
	make_mounts(graph);
	make_targets(graph);
}
