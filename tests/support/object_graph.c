/* SPDX-License-Identifier: MIT */
/* Objects of a kernel whose layout a seed chooses; see object_graph.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "tests/support/object_graph_parts.h"

#define IMAGE_OBJECTS (SYNTHETIC_TEXT + 0x80000)
#define USER_AT 0x800000u    /* physical: two megabytes that all programs share */
#define USER_START 0x400000u /* where they see them */
#define ENTRY_USER 0x67u
#define PAGE 4096u

/* ---- layouts ---- */

static struct member {
	const char *type, *name;
	unsigned size_bytes, align_bytes;
	uint32_t offset;
} members[] = {
	{"task_struct", "__state", 4, 4, 0},
	{"task_struct", "stack", 8, 8, 0},
	{"task_struct", "flags", 4, 4, 0},
	{"task_struct", "prio", 4, 4, 0},
	{"task_struct", "static_prio", 4, 4, 0},
	{"task_struct", "normal_prio", 4, 4, 0},
	{"task_struct", "policy", 4, 4, 0},
	{"task_struct", "mm", 8, 8, 0},
	{"task_struct", "active_mm", 8, 8, 0},
	{"task_struct", "exit_state", 4, 4, 0},
	{"task_struct", "exit_code", 4, 4, 0},
	{"task_struct", "pid", 4, 4, 0},
	{"task_struct", "tgid", 4, 4, 0},
	{"task_struct", "real_parent", 8, 8, 0},
	{"task_struct", "parent", 8, 8, 0},
	{"task_struct", "children", 16, 8, 0},
	{"task_struct", "sibling", 16, 8, 0},
	{"task_struct", "group_leader", 8, 8, 0},
	{"task_struct", "thread_pid", 8, 8, 0},
	{"task_struct", "thread_node", 16, 8, 0},
	{"task_struct", "empty list", 16, 8, 0},
	{"task_struct", "utime", 8, 8, 0},
	{"task_struct", "stime", 8, 8, 0},
	{"task_struct", "start_time", 8, 8, 0},
	{"task_struct", "start_boottime", 8, 8, 0},
	{"task_struct", "real_cred", 8, 8, 0},
	{"task_struct", "cred", 8, 8, 0},
	{"task_struct", "comm", 16, 8, 0},
	{"task_struct", "files", 8, 8, 0},
	{"task_struct", "nsproxy", 8, 8, 0},
	{"task_struct", "signal", 8, 8, 0},
	{"task_struct", "sighand", 8, 8, 0},
	{"task_struct", "tasks", 16, 8, 0},
	{"task_struct", "thread.sp", 8, 8, 0},
	{"task_struct", "fs", 8, 8, 0},
	/* Nobody asks for these: what could be taken for others. */
	{"task_struct", "nvcsw", 8, 8, 0},
	{"task_struct", "nivcsw", 8, 8, 0},
	{"task_struct", "last_switch_count", 8, 8, 0},
	{"task_struct", "exit_signal", 4, 4, 0},
	{"task_struct", "wake_cpu", 4, 4, 0},
	{"task_struct", "acct_timexpd", 8, 8, 0},
	{"task_struct", "sum_exec_runtime", 8, 8, 0},
	{"task_struct", "timer_slack_ns", 8, 8, 0},
	{"task_struct", "self_exec_id", 4, 4, 0},
	{"task_struct", "loginuid", 4, 4, 0},
	{"task_struct", "min_flt", 8, 8, 0},
	{"task_struct", "maj_flt", 8, 8, 0},
	{"task_struct", "pids", 16, 8, 0}, /* in the list of its struct pid */
	{"task_struct", "cgroups", 8, 8, 0},
	{"task_struct", "stack_canary", 8, 8, 0},
	{"signal_struct", "thread_head", 16, 8, 0},
	{"signal_struct", "nr_threads", 4, 4, 0},
	{"signal_struct", "live", 4, 4, 0},
	{"sighand_struct", "action", 2048, 8, 0},
	{"mm_struct", "pgd", 8, 8, 0},
	{"mm_struct", "mm_users", 4, 4, 0},
	{"mm_struct", "mm_count", 4, 4, 0},
	{"mm_struct", "map_count", 4, 4, 0},
	{"mm_struct", "mm_mt", 16, 8, 0}, /* its root, or the first of a list, at 8 */
	{"mm_struct", "total_vm", 8, 8, 0},
	{"mm_struct", "start_code", 8, 8, 0},
	{"mm_struct", "end_code", 8, 8, 0},
	{"mm_struct", "start_data", 8, 8, 0},
	{"mm_struct", "end_data", 8, 8, 0},
	{"mm_struct", "start_brk", 8, 8, 0},
	{"mm_struct", "brk", 8, 8, 0},
	{"mm_struct", "start_stack", 8, 8, 0},
	{"mm_struct", "arg_start", 8, 8, 0},
	{"mm_struct", "arg_end", 8, 8, 0},
	{"mm_struct", "env_start", 8, 8, 0},
	{"mm_struct", "env_end", 8, 8, 0},
	{"mm_struct", "saved_auxv", 320, 8, 0},
	{"mm_struct", "exe_file", 8, 8, 0},
	{"maple_tree", "ma_root", 8, 8, 8}, /* behind its lock: no seed moves it */
	{"vm_area_struct", "vm_start", 8, 8, 0},
	{"vm_area_struct", "vm_end", 8, 8, 0},
	{"vm_area_struct", "vm_flags", 8, 8, 0},
	{"vm_area_struct", "vm_mm", 8, 8, 0},
	{"vm_area_struct", "vm_pgoff", 8, 8, 0},
	{"vm_area_struct", "vm_file", 8, 8, 0},
	{"vm_area_struct", "vm_page_prot", 8, 8, 0},
	{"vm_area_struct", "vm_next", 8, 8, 0},
	{"cred", "uid", 4, 4, 0},
	{"cred", "gid", 4, 4, 0},
	{"cred", "euid", 4, 4, 0},
	{"cred", "user", 8, 8, 0},
	{"cred", "cap_permitted", 8, 8, 0},
	{"cred", "cap_effective", 8, 8, 0},
	{"cred", "cap_bset", 8, 8, 0},
	{"cred", "user_ns", 8, 8, 0},
	{"user_struct", "uid", 4, 4, 0},
	{"pid", "count", 4, 4, 0},
	{"pid", "tasks", 8, 8, 0},
	{"pid", "numbers", 16, 8, 0},
	{"upid", "nr", 4, 4, 0}, /* of these two the order is always the same */
	{"upid", "ns", 8, 8, 8},
	{"nsproxy", "count", 4, 4, 0},
	{"nsproxy", "uts_ns", 8, 8, 0},
	{"nsproxy", "ipc_ns", 8, 8, 0},
	{"nsproxy", "mnt_ns", 8, 8, 0},
	{"nsproxy", "pid_ns_for_children", 8, 8, 0},
	{"nsproxy", "net_ns", 8, 8, 0},
	{"nsproxy", "time_ns", 8, 8, 0},
	{"nsproxy", "cgroup_ns", 8, 8, 0},
	{"uts_namespace", "name", 390, 4, 0},
	{"uts_namespace", "user_ns", 8, 8, 0},
	{"files_struct", "fdt", 8, 8, 0},
	{"fdtable", "max_fds", 4, 4, 0},
	{"fdtable", "fd", 8, 8, 0},
	{"fdtable", "open_fds", 8, 8, 0},
	{"path", "mnt", 8, 8, 0},
	{"path", "dentry", 8, 8, 0},
	{"file", "f_flags", 4, 4, 0},
	{"file", "f_mode", 4, 4, 0},
	{"file", "f_path", 16, 8, 0},
	{"file", "f_inode", 8, 8, 0},
	{"file", "f_op", 8, 8, 0},
	{"file", "f_pos", 8, 8, 0},
	{"file", "f_count", 8, 8, 0},
	{"file", "f_cred", 8, 8, 0},
	{"file", "f_mapping", 8, 8, 0},
	{"file", "private_data", 8, 8, 0},
	{"fs_struct", "users", 4, 4, 0},
	{"fs_struct", "umask", 4, 4, 0},
	{"fs_struct", "root", 16, 8, 0},
	{"fs_struct", "pwd", 16, 8, 0},
	{"qstr", "hash", 4, 4, 0}, /* of these three the order is always the same */
	{"qstr", "len", 4, 4, 4},
	{"qstr", "name", 8, 8, 8},
	{"dentry", "d_flags", 4, 4, 0},
	{"dentry", "d_hash", 16, 8, 0},
	{"dentry", "d_parent", 8, 8, 0},
	{"dentry", "d_name", 16, 8, 0},
	{"dentry", "d_inode", 8, 8, 0},
	{"dentry", "d_iname", 32, 8, 0},
	{"dentry", "d_lockref", 8, 8, 0},
	{"dentry", "d_op", 8, 8, 0},
	{"dentry", "d_sb", 8, 8, 0},
	{"dentry", "d_fsdata", 8, 8, 0},
	{"dentry", "d_lru", 16, 8, 0},
	{"dentry", "d_child", 16, 8, 0},
	{"dentry", "d_subdirs", 16, 8, 0},
	{"address_space", "host", 8, 8, 0},
	{"address_space", "i_pages", 16, 8, 0},
	{"address_space", "nrpages", 8, 8, 0},
	{"address_space", "a_ops", 8, 8, 0},
	{"address_space", "flags", 8, 8, 0},
	{"inode", "i_mode", 2, 2, 0},
	{"inode", "i_uid", 4, 4, 0},
	{"inode", "i_gid", 4, 4, 0},
	{"inode", "i_flags", 4, 4, 0},
	{"inode", "i_op", 8, 8, 0},
	{"inode", "i_sb", 8, 8, 0},
	{"inode", "i_mapping", 8, 8, 0},
	{"inode", "i_ino", 8, 8, 0},
	{"inode", "i_nlink", 4, 4, 0},
	{"inode", "i_rdev", 4, 4, 0},
	{"inode", "i_size", 8, 8, 0},
	{"inode", "i_blocks", 8, 8, 0},
	{"inode", "i_state", 8, 8, 0},
	{"inode", "i_hash", 16, 8, 0},
	{"inode", "i_sb_list", 16, 8, 0},
	{"inode", "i_count", 4, 4, 0},
	{"inode", "i_fop", 8, 8, 0},
	{"inode", "i_data", 96, 8, 0},
	{"inode", "i_private", 8, 8, 0},
	{"super_block", "s_list", 16, 8, 0},
	{"super_block", "s_dev", 4, 4, 0},
	{"super_block", "s_blocksize", 8, 8, 0},
	{"super_block", "s_maxbytes", 8, 8, 0},
	{"super_block", "s_type", 8, 8, 0},
	{"super_block", "s_op", 8, 8, 0},
	{"super_block", "s_flags", 8, 8, 0},
	{"super_block", "s_iflags", 8, 8, 0},
	{"super_block", "s_magic", 8, 8, 0},
	{"super_block", "s_root", 8, 8, 0},
	{"super_block", "s_count", 4, 4, 0},
	{"super_block", "s_active", 4, 4, 0},
	{"super_block", "s_id", 32, 1, 0},
	{"super_block", "s_bdi", 8, 8, 0},
	{"super_block", "s_user_ns", 8, 8, 0},
	{"super_block", "s_inodes", 16, 8, 0},
	{"super_block", "s_time_gran", 4, 4, 0},
	{"file_system_type", "name", 8, 8, 0},
	{"file_system_type", "fs_flags", 4, 4, 0},
	{"file_system_type", "init_fs_context", 8, 8, 0},
	{"file_system_type", "parameters", 8, 8, 0},
	{"file_system_type", "kill_sb", 8, 8, 0},
	{"file_system_type", "owner", 8, 8, 0},
	{"file_system_type", "next", 8, 8, 0},
	{"file_system_type", "fs_supers", 8, 8, 0},
	{"vfsmount", "mnt_root", 8, 8, 0},
	{"vfsmount", "mnt_sb", 8, 8, 0},
	{"vfsmount", "mnt_flags", 4, 4, 0},
	{"vfsmount", "mnt_idmap", 8, 8, 0},
	{"mount", "mnt_hash", 16, 8, 0},
	{"mount", "mnt_parent", 8, 8, 0},
	{"mount", "mnt_mountpoint", 8, 8, 0},
	{"mount", "mnt", 56, 8, 0},
	{"mount", "mnt_mounts", 16, 8, 0},
	{"mount", "mnt_child", 16, 8, 0},
	{"mount", "mnt_instance", 16, 8, 0},
	{"mount", "mnt_devname", 8, 8, 0},
	{"mount", "mnt_list", 16, 8, 0},
	{"mount", "mnt_expire", 16, 8, 0},
	{"mount", "mnt_ns", 8, 8, 0},
	{"mount", "mnt_id", 4, 4, 0},
	{"mnt_namespace", "count", 4, 4, 0},
	{"mnt_namespace", "user_ns", 8, 8, 0},
	{"mnt_namespace", "list", 16, 8, 0},
	{"mnt_namespace", "root", 8, 8, 0},
	{"mnt_namespace", "mounts", 4, 4, 0},
	{"socket", "state", 4, 4, 0},
	{"socket", "type", 2, 2, 0},
	{"socket", "flags", 8, 8, 0},
	{"socket", "file", 8, 8, 0},
	{"socket", "sk", 8, 8, 0},
	{"socket", "ops", 8, 8, 0},
	{"socket", "wait", 16, 8, 0},
	{"socket_alloc", "vfs_inode", 8, 8, 0}, /* behind the socket, however long that is */
	/* What is common to all comes first. */
	{"sock", "__sk_common.skc_daddr", 4, 4, 0},
	{"sock", "__sk_common.skc_rcv_saddr", 4, 4, 0},
	{"sock", "__sk_common.skc_hash", 4, 4, 0},
	{"sock", "__sk_common.skc_dport", 2, 2, 0},
	{"sock", "__sk_common.skc_num", 2, 2, 0},
	{"sock", "__sk_common.skc_family", 2, 2, 0},
	{"sock", "__sk_common.skc_state", 1, 1, 0},
	{"sock", "__sk_common.skc_reuse", 1, 1, 0},
	{"sock", "__sk_common.skc_bound_dev_if", 4, 4, 0},
	{"sock", "__sk_common.skc_node", 16, 8, 0},
	{"sock", "__sk_common.skc_prot", 8, 8, 0},
	{"sock", "__sk_common.skc_net", 8, 8, 0},
	{"sock", "__sk_common.skc_refcnt", 4, 4, 0},
	{"sock", "sk_socket", 8, 8, 0},
	{"sock", "sk_type", 2, 2, 0},
	{"sock", "sk_protocol", 2, 2, 0},
	{"sock", "sk_rcvbuf", 4, 4, 0},
	{"sock", "sk_sndbuf", 4, 4, 0},
	{"sock", "sk_receive_queue", 16, 8, 0},
	{"sock", "sk_wq", 8, 8, 0},
	{"sock", "sk_uid", 4, 4, 0},
	{"sock", "sk_data_ready", 8, 8, 0},
	{"sock", "sk_rcvtimeo", 8, 8, 0},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static uint64_t state;

uint32_t graph_choose(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t k = graph_choose((uint32_t)i), swap = order[k];

		order[k] = order[i - 1];
		order[i - 1] = swap;
	}
}

/* Members of @type one behind the other in an order of chance, now and then with a hole before;
 * what is embedded at the start stays there. */
static void lay_out(const char *type)
{
	size_t order[MEMBERS], count = 0, embedded = 0;
	uint32_t at = 0;

	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].type, type) == 0) {
			order[count++] = i;
			embedded += strncmp(members[i].name, "__sk_common.", 12) == 0;
		}
	shuffle(order, embedded);
	shuffle(order + embedded, count - embedded);
	if (strcmp(type, "task_struct") == 0)
		at = 24; /* struct thread_info stays in front */
	if (strcmp(type, "inode") == 0 || strcmp(type, "socket") == 0)
		at = 8; /* what is inside and pointed to has not the address of the whole */
	for (size_t i = 0; i < count; i++) {
		struct member *member = &members[order[i]];

		at += graph_choose(3) || strcmp(type, "path") == 0 ? 0 : 8;
		at = (at + member->align_bytes - 1) / member->align_bytes * member->align_bytes;
		member->offset = at;
		at += member->size_bytes;
	}
}

static const struct member *find(const char *type, const char *name)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].type, type) == 0 && strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

uint32_t graph_offset(const char *type, const char *member)
{
	const struct member *found = find(type, member);

	assert_non_null(found);
	return found->offset;
}

int graph_has(const char *type, const char *member)
{
	return find(type, member) != NULL;
}

int graph_member_at(size_t index, struct graph_member *member)
{
	if (index >= MEMBERS)
		return 0;
	*member = (struct graph_member){members[index].type, members[index].name,
					members[index].offset, members[index].size_bytes};
	return 1;
}

/* ---- objects ---- */

static unsigned char *bytes_at(struct graph *graph, uint64_t at)
{
	if (at >= SYNTHETIC_BASE)
		return synthetic_image(&graph->guest, at - graph->guest.slide);
	return synthetic_heap(&graph->guest, at);
}

void graph_put(struct graph *graph, uint64_t at, uint64_t value, unsigned size_bytes)
{
	memcpy(bytes_at(graph, at), &value, size_bytes);
}

uint64_t graph_get(struct graph *graph, uint64_t at, unsigned size_bytes)
{
	uint64_t value = 0;

	memcpy(&value, bytes_at(graph, at), size_bytes);
	return value;
}

void graph_set(struct graph *graph, uint64_t object, const char *type, const char *name,
	       uint64_t value)
{
	const struct member *member = find(type, name);

	assert_non_null(member);
	graph_put(graph, object + member->offset, value,
		  member->size_bytes < 8 ? member->size_bytes : 8);
}

uint64_t graph_member_of(struct graph *graph, uint64_t object, const char *type, const char *name)
{
	return graph_get(graph, object + graph_offset(type, name), 8);
}

void graph_set_text(struct graph *graph, uint64_t at, const char *text)
{
	memcpy(bytes_at(graph, at), text, strlen(text) + 1);
}

uint32_t graph_size(const char *type)
{
	uint32_t end = 0;

	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].type, type) == 0 &&
		    members[i].offset + members[i].size_bytes > end)
			end = members[i].offset + members[i].size_bytes;
	return (end + 63) & ~63u;
}

void graph_list_make(struct graph *graph, uint64_t head)
{
	graph_put(graph, head, head, 8);
	graph_put(graph, head + 8, head, 8);
}

void graph_list_add(struct graph *graph, uint64_t head, uint64_t link)
{
	uint64_t last = graph_get(graph, head + 8, 8);

	graph_put(graph, link, head, 8);
	graph_put(graph, link + 8, last, 8);
	graph_put(graph, last, link, 8);
	graph_put(graph, head + 8, link, 8);
}

uint64_t graph_make(struct graph *graph, uint64_t size_bytes)
{
	synthetic_alloc(&graph->guest, 64 * (1 + graph_choose(4)));
	return synthetic_alloc(&graph->guest, size_bytes);
}

uint64_t graph_aligned(struct graph *graph, uint64_t size_bytes, uint64_t align)
{
	uint64_t at = synthetic_alloc(&graph->guest, size_bytes + align);

	return (at + align - 1) & ~(align - 1);
}

static uint64_t image_at;

uint64_t graph_in_image(struct graph *graph, uint64_t size_bytes)
{
	uint64_t at = image_at + graph->guest.slide;

	image_at += (size_bytes + 64 * graph_choose(4) + 63) & ~(uint64_t)63;
	return at;
}

uint64_t graph_operations(struct graph *graph)
{
	return graph_in_image(graph, 192);
}

uint64_t graph_text(struct graph *graph, const char *text)
{
	uint64_t at = graph_in_image(graph, strlen(text) + 1);

	graph_set_text(graph, at, text);
	return at;
}

/* ---- slabs ---- */

#define SLAB_BYTES (2 * PAGE)

static struct slab {
	char name[32];
	uint64_t at, end;
} slabs[16];

uint64_t graph_slab_sized(struct graph *graph, const char *name, uint32_t size_bytes)
{
	struct slab *slab = slabs;

	while (slab->name[0] && strcmp(slab->name, name) != 0)
		slab++;
	assert_true(slab < slabs + 15);
	strcpy(slab->name, name);
	while (slab->at + size_bytes > slab->end || graph_choose(6) == 0) {
		slab->at += size_bytes; /* one that was freed */
		if (slab->at + size_bytes <= slab->end)
			continue;
		slab->at = graph_aligned(graph, SLAB_BYTES, PAGE);
		slab->end = slab->at + SLAB_BYTES;
	}
	slab->at += size_bytes;
	return slab->at - size_bytes;
}

uint64_t graph_slab(struct graph *graph, const char *type)
{
	return graph_slab_sized(graph, type, graph_size(type));
}

/* ---- what tasks point to ---- */

static struct {
	uint64_t nsproxy, pid_ns, user_ns, uts_ns, net_ns, root_user, user, tables, cgroups, fs;
	uint64_t sockets[16];
	uint32_t socket_count;
} shared;

static void make_shared(struct graph *graph)
{
	unsigned char *name;

	shared.nsproxy = graph_in_image(graph, 192);
	shared.net_ns = graph_in_image(graph, 256);
	shared.cgroups = graph_in_image(graph, 256);
	shared.pid_ns = graph_in_image(graph, 128);
	shared.user_ns = graph_in_image(graph, 128);
	shared.uts_ns = graph_in_image(graph, 512);
	shared.root_user = graph_in_image(graph, 128);
	shared.user = graph_make(graph, 128);
	graph_set(graph, shared.user, "user_struct", "uid", 1001);
	graph_set(graph, shared.nsproxy, "nsproxy", "uts_ns", shared.uts_ns);
	graph_set(graph, shared.nsproxy, "nsproxy", "pid_ns_for_children", shared.pid_ns);
	graph_set(graph, shared.nsproxy, "nsproxy", "net_ns", shared.net_ns);
	graph_set(graph, shared.nsproxy, "nsproxy", "ipc_ns", graph_in_image(graph, 128));
	graph_set(graph, shared.nsproxy, "nsproxy", "time_ns", graph_in_image(graph, 128));
	graph_set(graph, shared.nsproxy, "nsproxy", "cgroup_ns", graph_in_image(graph, 128));
	graph_set(graph, shared.nsproxy, "nsproxy", "count", 1);
	graph->user_ns = shared.user_ns;
	graph_set(graph, shared.uts_ns, "uts_namespace", "user_ns", shared.user_ns);
	name = bytes_at(graph, shared.uts_ns + graph_offset("uts_namespace", "name"));
	strcpy((char *)name, "Linux");
	strcpy((char *)name + 130, SYNTHETIC_RELEASE);
	/* The lower tables of all programs: one entry of two megabytes. */
	shared.tables = graph_aligned(graph, 2 * PAGE, PAGE);
	graph_put(graph, shared.tables + 0, ((shared.tables + PAGE) & 0xffffffffu) | ENTRY_USER, 8);
	graph_put(graph, shared.tables + PAGE + 8 * (USER_START >> 21), USER_AT | ENTRY_USER | 0x80,
		  8);
}

static uint64_t make_cred(struct graph *graph, uint64_t at, int plain)
{
	const uint64_t full = ((uint64_t)1 << 41) - 1;

	graph_set(graph, at, "cred", "uid", plain ? 1001 : 0);
	graph_set(graph, at, "cred", "gid", plain ? 2001 : 0);
	graph_set(graph, at, "cred", "euid", plain ? 1002 : 0);
	graph_set(graph, at, "cred", "user", plain ? shared.user : shared.root_user);
	graph_set(graph, at, "cred", "cap_permitted", full);
	graph_set(graph, at, "cred", "cap_effective", plain ? 0 : full);
	graph_set(graph, at, "cred", "cap_bset", full);
	graph_set(graph, at, "cred", "user_ns", shared.user_ns);
	return at;
}

static uint64_t make_sighand(struct graph *graph, int ignoring)
{
	uint64_t at = graph_make(graph, 2304);

	for (unsigned i = 0; i < 64 && ignoring; i++)
		graph_put(graph, at + graph_offset("sighand_struct", "action") + 32 * i, 1, 8);
	return at;
}

/* What programs have open besides the console: of every kind, and of every kind of access. */
static uint64_t open_some(struct graph *graph, const struct graph_options *options, unsigned i)
{
	enum graph_file kind = GRAPH_LIBRARY;

	if (i < 3)
		return graph_open(graph, GRAPH_CONSOLE, options->poor ? 2 : i);
	if (options->poor != 2 && graph_choose(3) == 0)
		kind = (enum graph_file)graph_choose(GRAPH_FILES);
	return graph_open(graph, kind, i % 3);
}

/* Descriptors 0 to @open, and (@sockets) all sockets that there are. */
static uint64_t make_files(struct graph *graph, const struct graph_options *options, unsigned open,
			   int sockets)
{
	uint64_t files = graph_make(graph, 128);
	uint64_t table = graph_make(graph, 128);
	uint64_t slots = graph_make(graph, 512);
	uint64_t bits = graph_make(graph, 64);
	uint32_t others = sockets ? shared.socket_count : 0;

	graph_set(graph, files, "files_struct", "fdt", table);
	graph_set(graph, table, "fdtable", "max_fds", 64);
	graph_set(graph, table, "fdtable", "fd", slots);
	graph_set(graph, table, "fdtable", "open_fds", bits);
	for (unsigned i = 0; i < open + others; i++) {
		uint64_t file = i < open ? open_some(graph, options, i) : shared.sockets[i - open];

		graph_put(graph, slots + 8 * i, file, 8);
		graph_put(graph, bits, graph_get(graph, bits, 8) | UINT64_C(1) << i, 8);
	}
	return files;
}

static uint64_t make_signal(struct graph *graph, uint64_t at, uint32_t live)
{
	graph_list_make(graph, at + graph_offset("signal_struct", "thread_head"));
	graph_set(graph, at, "signal_struct", "live", live);
	return at;
}

/* ---- programs ---- */

static void put_user(struct graph *graph, uint64_t address, uint64_t value)
{
	synthetic_put64(synthetic_physical(&graph->guest, address - USER_START + USER_AT), value);
}

/* What every program found on its stack: "prog", and "A=b" behind it; and its file's header. */
static void make_user_memory(struct graph *graph)
{
	const Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64},
				   .e_shoff = GRAPH_PROGRAM_BYTES - 30 * 64,
				   .e_shnum = 30,
				   .e_shentsize = 64};

	memcpy(synthetic_physical(&graph->guest, USER_AT), &header, sizeof(header));
	put_user(graph, 0x5ff000, 1);
	put_user(graph, 0x5ff008, 0x5ff800);
	put_user(graph, 0x5ff018, 0x5ff805);
	memcpy(synthetic_physical(&graph->guest, 0x5ff800 - USER_START + USER_AT), "prog\0A=b", 9);
}

struct mapping {
	uint64_t start, end, flags;
	int file;
};

static const struct mapping mappings[] = {
	{0x400000, 0x401000, 0x71, 1},  {0x401000, 0x410000, 0x75, 1},
	{0x410000, 0x418000, 0x73, 1},  {0x500000, 0x510000, 0x73, 0},
	{0x5f0000, 0x600000, 0x173, 0}, {0x520000, 0x521000, 0x70, 0},
};

static uint64_t make_vma(struct graph *graph, uint64_t mm, const struct mapping *mapping,
			 uint64_t file)
{
	uint64_t at = graph_make(graph, 128);

	graph_set(graph, at, "vm_area_struct", "vm_start", mapping->start);
	graph_set(graph, at, "vm_area_struct", "vm_end", mapping->end);
	graph_set(graph, at, "vm_area_struct", "vm_flags", mapping->flags);
	graph_set(graph, at, "vm_area_struct", "vm_mm", mm);
	graph_set(graph, at, "vm_area_struct", "vm_pgoff",
		  mapping->file ? (mapping->start - USER_START) / PAGE : mapping->start / PAGE);
	graph_set(graph, at, "vm_area_struct", "vm_file", mapping->file ? file : 0);
	graph_set(graph, at, "vm_area_struct", "vm_page_prot",
		  0x8000000000000025u ^ (mapping->flags & 2) << 5 ^
			  (mapping->flags & 4 ? (uint64_t)1 << 63 : 0) ^
			  (mapping->flags & 7 ? 0 : 0x101));
	return at;
}

/* A leaf of a maple tree, or a list. */
static void add_mappings(struct graph *graph, uint64_t mm, uint64_t file, unsigned count,
			 int in_tree)
{
	uint64_t node = graph_aligned(graph, 256, 256), before = 0, pages = 0;
	uint64_t tree = mm + graph_offset("mm_struct", "mm_mt");

	for (unsigned i = 0; i < count; i++) {
		uint64_t vma = make_vma(graph, mm, &mappings[i], file);

		pages += (mappings[i].end - mappings[i].start) / PAGE;
		graph_put(graph, node + 8 + 8 * i, mappings[i].end - 1, 8);
		graph_put(graph, node + 128 + 8 * i, vma, 8);
		if (!in_tree && !before)
			graph_put(graph, tree + 8, vma, 8);
		else if (!in_tree)
			graph_set(graph, before, "vm_area_struct", "vm_next", vma);
		before = vma;
	}
	if (in_tree) {
		graph_put(graph, tree + 4, 0x303, 4);
		graph_put(graph, tree + 8, node | 0x0e, 8);
	}
	graph_set(graph, mm, "mm_struct", "map_count", count);
	graph_set(graph, mm, "mm_struct", "total_vm", pages);
}

static void set_addresses(struct graph *graph, uint64_t mm)
{
	static const struct {
		const char *name;
		uint64_t value;
	} addresses[] = {
		{"start_code", 0x401000},  {"end_code", 0x40f234},  {"start_data", 0x410100},
		{"end_data", 0x417654},    {"start_brk", 0x500000}, {"brk", 0x50fff8},
		{"start_stack", 0x5ff000}, {"arg_start", 0x5ff800}, {"arg_end", 0x5ff805},
		{"env_start", 0x5ff805},   {"env_end", 0x5ff809},
	};
	static const uint64_t auxv[] = {33, 0x520000, 16, 0xbfebfbff, 6,  PAGE, 17, 100,
					3,  0x400040, 4,  56,         5,  9,    7,  0,
					8,  0,        9,  0x401234,   11, 0,    12, 0,
					13, 0,        14, 0,          23, 0,    25, 0x5ff7f0,
					31, 0x5ffff0, 15, 0x5ff7e0,   0,  0};
	uint64_t at = mm + graph_offset("mm_struct", "saved_auxv");

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		graph_set(graph, mm, "mm_struct", addresses[i].name, addresses[i].value);
	for (size_t i = 0; i < sizeof(auxv) / sizeof(auxv[0]); i++)
		graph_put(graph, at + 8 * i, auxv[i], 8);
}

static uint64_t make_mm(struct graph *graph, const struct graph_options *options, unsigned index)
{
	uint64_t mm = graph_make(graph, 1024), pgd = graph_aligned(graph, PAGE, PAGE);
	uint64_t file = graph_open(graph, GRAPH_PROGRAM, 0);

	graph_put(graph, pgd, (shared.tables & 0xffffffffu) | ENTRY_USER, 8);
	graph_set(graph, mm, "mm_struct", "pgd", pgd);
	graph_set(graph, mm, "mm_struct", "mm_users", 1);
	graph_set(graph, mm, "mm_struct", "mm_count", 1);
	graph_set(graph, mm, "mm_struct", "exe_file", file);
	set_addresses(graph, mm);
	add_mappings(graph, mm, file, 5 + index % 2, options->mappings_in_tree);
	return mm;
}

/* ---- tasks ---- */

static uint64_t list_of(uint64_t task, const char *member)
{
	return task + graph_offset("task_struct", member);
}

static void set_task(struct graph *graph, uint64_t task, const char *member, uint64_t value)
{
	graph_set(graph, task, "task_struct", member, value);
}

/* Members that nobody asks for, with values as they have. */
static void set_unasked(struct graph *graph, uint64_t task, uint32_t pid)
{
	uint64_t switches = graph_choose(1000) + 1;

	set_task(graph, task, "nvcsw", switches);
	set_task(graph, task, "nivcsw", graph_choose(3));
	set_task(graph, task, "last_switch_count", 0);
	set_task(graph, task, "exit_signal", pid > 1 ? 17 : 0);
	set_task(graph, task, "wake_cpu", graph_choose(2));
	set_task(graph, task, "sum_exec_runtime", 1000003 * switches + graph_choose(9999));
	set_task(graph, task, "timer_slack_ns", 50000);
	set_task(graph, task, "loginuid", UINT32_MAX);
	set_task(graph, task, "stack_canary",
		 (uint64_t)graph_choose(1u << 31) << 33 | switches << 8);
	graph_list_make(graph, task + graph_offset("task_struct", "pids"));
}

static void set_common(struct graph *graph, uint64_t task, uint32_t pid, const char *comm)
{
	uint64_t stack = graph_aligned(graph, PAGE, PAGE);

	strcpy((char *)bytes_at(graph, list_of(task, "comm")), comm);
	graph_put(graph, stack, 0x57AC6E9D, 8);
	graph_put(graph, stack + 3000 + 48, SYNTHETIC_TEXT + 0x5000 + graph->guest.slide, 8);
	set_task(graph, task, "stack", stack);
	set_task(graph, task, "thread.sp", stack + 3000);
	set_task(graph, task, "prio", 120);
	set_task(graph, task, "static_prio", 120);
	set_task(graph, task, "normal_prio", 120);
	set_task(graph, task, "pid", pid);
	set_task(graph, task, "start_time", pid ? UINT64_C(50012345) * pid : 0);
	set_task(graph, task, "start_boottime", pid ? UINT64_C(50012345) * pid + 333 : 0);
	set_task(graph, task, "nsproxy", shared.nsproxy);
	set_task(graph, task, "cgroups", shared.cgroups);
	set_task(graph, task, "fs", shared.fs);
	set_unasked(graph, task, pid);
	set_task(graph, task, "stime", 4000000u * (pid % 7));
	graph_list_make(graph, list_of(task, "children"));
	graph_list_make(graph, list_of(task, "sibling"));
	graph_list_make(graph, list_of(task, "empty list"));
	graph->tasks[graph->count++] = task;
}

static void set_pid(struct graph *graph, uint64_t task, uint64_t at, uint32_t pid)
{
	uint64_t numbers = at + graph_offset("pid", "numbers");

	graph_set(graph, at, "pid", "count", 3);
	/* A list of one without a head: the pid leads to the task, and that to where it does. */
	graph_put(graph, task + graph_offset("task_struct", "pids"), 0, 8);
	graph_put(graph, task + graph_offset("task_struct", "pids") + 8,
		  at + graph_offset("pid", "tasks"), 8);
	graph_put(graph, at + graph_offset("pid", "tasks"),
		  task + graph_offset("task_struct", "pids"), 8);
	graph_put(graph, numbers, pid, 4);
	graph_put(graph, numbers + 8, shared.pid_ns, 8);
	set_task(graph, task, "thread_pid", at);
}

static void set_creds(struct graph *graph, uint64_t task, uint64_t at, int plain)
{
	make_cred(graph, at, plain);
	set_task(graph, task, "cred", at);
	set_task(graph, task, "real_cred", at);
}

/* A process of one thread, whose parent is @parent. */
static uint64_t add_process(struct graph *graph, uint32_t pid, uint64_t parent, const char *comm,
			    int plain)
{
	uint64_t task = graph_make(graph, 1024);
	uint64_t signal = make_signal(graph, graph_make(graph, 256), 1);

	set_common(graph, task, pid, comm);
	set_task(graph, task, "tgid", pid);
	set_task(graph, task, "group_leader", task);
	set_task(graph, task, "real_parent", parent);
	set_task(graph, task, "parent", parent);
	set_task(graph, task, "signal", signal);
	set_task(graph, task, "__state", 1);
	graph_set(graph, signal, "signal_struct", "nr_threads", 1);
	graph_list_add(graph, signal + graph_offset("signal_struct", "thread_head"),
		       list_of(task, "thread_node"));
	graph_list_add(graph, list_of(parent, "children"), list_of(task, "sibling"));
	graph_list_add(graph, list_of(graph->init_task, "tasks"), list_of(task, "tasks"));
	set_pid(graph, task, graph_make(graph, 128), pid);
	set_creds(graph, task, graph_make(graph, 128), plain);
	return task;
}

static void add_thread(struct graph *graph, uint32_t pid, uint64_t leader)
{
	uint64_t task = graph_make(graph, 1024);
	uint64_t signal = graph_member_of(graph, leader, "task_struct", "signal");
	uint64_t mm = graph_member_of(graph, leader, "task_struct", "mm");

	set_common(graph, task, pid, "thread");
	set_task(graph, task, "tgid", graph_get(graph, list_of(leader, "pid"), 4));
	set_task(graph, task, "group_leader", leader);
	set_task(graph, task, "real_parent",
		 graph_member_of(graph, leader, "task_struct", "real_parent"));
	set_task(graph, task, "parent", graph_member_of(graph, leader, "task_struct", "parent"));
	set_task(graph, task, "signal", signal);
	set_task(graph, task, "sighand", graph_member_of(graph, leader, "task_struct", "sighand"));
	set_task(graph, task, "files", graph_member_of(graph, leader, "task_struct", "files"));
	set_task(graph, task, "mm", mm);
	set_task(graph, task, "active_mm", mm);
	set_task(graph, task, "__state", 1);
	set_task(graph, task, "flags", 0x400000);
	graph_set(graph, mm, "mm_struct", "mm_users", 2);
	graph_set(graph, signal, "signal_struct", "nr_threads", 2);
	graph_set(graph, signal, "signal_struct", "live", 2);
	graph_list_add(graph, signal + graph_offset("signal_struct", "thread_head"),
		       list_of(task, "thread_node"));
	set_pid(graph, task, graph_make(graph, 128), pid);
	set_creds(graph, task, graph_make(graph, 128), 0);
}

static void make_init_task(struct graph *graph, const struct graph_options *options)
{
	uint64_t task = graph_in_image(graph, 1024), signal = graph_in_image(graph, 256);

	graph->init_task = task;
	set_common(graph, task, 0, "swapper/0");
	set_task(graph, task, "group_leader", task);
	set_task(graph, task, "real_parent", task);
	set_task(graph, task, "parent", task);
	set_task(graph, task, "flags", 0x00200002);
	graph_list_make(graph, list_of(task, "tasks"));
	make_signal(graph, signal, 0);
	graph_set(graph, signal, "signal_struct", "nr_threads", 1);
	graph_list_add(graph, signal + graph_offset("signal_struct", "thread_head"),
		       list_of(task, "thread_node"));
	set_task(graph, task, "signal", signal);
	set_task(graph, task, "sighand", make_sighand(graph, 0));
	set_task(graph, task, "files", make_files(graph, options, 0, 0));
	set_pid(graph, task, graph_in_image(graph, 128), 0);
	set_creds(graph, task, graph_in_image(graph, 128), 0);
}

static void add_kernel_threads(struct graph *graph, const struct graph_options *options)
{
	uint32_t count = options->poor ? 6 + graph_choose(4) : GRAPH_KERNEL_THREADS;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t task = add_process(graph, 2 + i, i ? graph->kthreadd : graph->init_task,
					    i ? "kworker" : "kthreadd", 0);

		if (i == 0)
			graph->kthreadd = task;
		set_task(graph, task, "flags", 0x00208040);
		set_task(graph, task, "__state", i % 3 ? 0x402 : 1);
		set_task(graph, task, "sighand", make_sighand(graph, 1));
		set_task(graph, task, "files",
			 graph_member_of(graph, graph->init_task, "task_struct", "files"));
		if (i != 4)
			continue;
		set_task(graph, task, "prio", 0);
		set_task(graph, task, "normal_prio", 0);
		set_task(graph, task, "policy", 1);
	}
}

/* A poor guest's have not run for a tick in user mode, as a rule. */
static void set_times(struct graph *graph, uint64_t task, const struct graph_options *options,
		      uint32_t i)
{
	uint64_t user = 4000000u * (options->poor ? graph_choose(8) / 6 : i % 5);

	set_task(graph, task, "utime", user);
	set_task(graph, task, "acct_timexpd",
		 user + graph_member_of(graph, task, "task_struct", "stime"));
	set_task(graph, task, "min_flt", 30 + graph_choose(400));
	set_task(graph, task, "maj_flt", graph_choose(3));
	set_task(graph, task, "self_exec_id", 1 + graph_choose(3));
}

static void add_program(struct graph *graph, const struct graph_options *options, uint32_t i,
			uint64_t parent)
{
	uint64_t task = add_process(graph, i ? 20 + i : 1, parent, i ? "program" : "init",
				    !options->quiet && !options->poor && (i == 5 || i == 6));
	uint64_t mm = make_mm(graph, options, i);
	uint32_t nice = !options->poor && i == 3 ? 130 : 120;

	set_task(graph, task, "mm", mm);
	set_task(graph, task, "active_mm", mm);
	set_task(graph, task, "flags", 0x00400000);
	set_task(graph, task, "static_prio", nice);
	set_task(graph, task, "prio", nice);
	set_task(graph, task, "normal_prio", nice);
	set_task(graph, task, "sighand", make_sighand(graph, 0));
	set_task(graph, task, "files",
		 make_files(graph, options, options->poor == 1 ? 3 : 3 + i % 7, i == 2));
	set_task(graph, task, "fs", graph_fs(graph, i));
	set_times(graph, task, options, i);
}

static void add_programs(struct graph *graph, const struct graph_options *options)
{
	uint32_t count = options->poor ? 3 + graph_choose(4) : GRAPH_PROGRAMS;
	uint64_t init = 0;

	for (uint32_t i = 0; i < count; i++) {
		add_program(graph, options, i, i ? init : graph->init_task);
		if (i == 0)
			init = graph->tasks[graph->count - 1];
	}
}

/* What tells members apart that agree in a quiet guest. */
static void stir(struct graph *graph)
{
	uint64_t traced = graph->tasks[graph->count - 2], dead = graph->tasks[graph->count - 3];
	uint64_t leader = graph->tasks[graph->count - 1];
	uint64_t tracer = graph->tasks[graph->count - 4];

	set_task(graph, traced, "parent", tracer);
	set_task(graph, dead, "flags", 0x00400044);
	set_task(graph, dead, "__state", 0x80);
	set_task(graph, dead, "exit_state", 32);
	set_task(graph, dead, "exit_code", 7 << 8);
	set_task(graph, dead, "mm", 0);
	set_task(graph, dead, "active_mm", 0);
	set_task(graph, graph->tasks[0], "active_mm",
		 graph_member_of(graph, tracer, "task_struct", "mm"));
	graph_set(graph, graph_member_of(graph, tracer, "task_struct", "mm"), "mm_struct",
		  "mm_count", 2);
	add_thread(graph, 100, leader);
}

static void open_kernel(struct graph *graph)
{
	uint64_t text = SYNTHETIC_TEXT + graph->guest.slide;

	graph->opened = synthetic_open(&graph->guest);
	assert_int_equal(infer_symbols_create(&graph->symbols), GAP_OK);
	assert_int_equal(infer_symbols_finish(graph->symbols), GAP_OK);
	graph->kernel = (struct infer_kernel){
		.memory = &graph->guest.memory,
		.guest = graph->opened,
		.machine = EM_X86_64,
		.pointer_bytes = 8,
		.text = {text, text + 0x10000},
		.image = {text, text + SYNTHETIC_IMAGE_BYTES},
		.symbols = graph->symbols,
		.reads_max = (uint64_t)1 << 24,
	};
}

void graph_init(struct graph *graph, const struct graph_options *options)
{
	static const char *const types[] = {"task_struct",
					    "signal_struct",
					    "sighand_struct",
					    "mm_struct",
					    "vm_area_struct",
					    "cred",
					    "user_struct",
					    "pid",
					    "nsproxy",
					    "uts_namespace",
					    "files_struct",
					    "fdtable",
					    "path",
					    "file",
					    "fs_struct",
					    "dentry",
					    "address_space",
					    "inode",
					    "super_block",
					    "file_system_type",
					    "vfsmount",
					    "mount",
					    "mnt_namespace",
					    "socket",
					    "sock"};

	memset(graph, 0, sizeof(*graph));
	memset(slabs, 0, sizeof(slabs));
	state = 0x9e3779b97f4a7c15u + options->seed * 0x1234567u;
	image_at = IMAGE_OBJECTS;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		lay_out(types[i]);
	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].type, "socket_alloc") == 0)
			members[i].offset = graph_size("socket");
	synthetic_init(&graph->guest, 4);
	make_shared(graph);
	make_user_memory(graph);
	graph_places_make(graph, options);
	shared.fs = graph_fs(graph, 0);
	graph_set(graph, shared.nsproxy, "nsproxy", "mnt_ns", graph_mount_ns());
	shared.socket_count = options->poor && options->poor < 4
				      ? 0
				      : graph_sockets_make(graph, shared.net_ns, options->poor != 0,
							   shared.sockets);
	make_init_task(graph, options);
	add_kernel_threads(graph, options);
	add_programs(graph, options);
	if (!options->quiet && !options->poor)
		stir(graph);
	open_kernel(graph);
}

void graph_deinit(struct graph *graph)
{
	infer_symbols_destroy(graph->symbols);
	gap_guest_close(graph->opened);
	synthetic_deinit(&graph->guest);
}
