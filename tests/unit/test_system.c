/* SPDX-License-Identifier: MIT */
/* The views of threads, modules, sockets, CPUs and the log: honest objects, and such as a guest has
 * bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/cpus.h"
#include "runtime/include/semgap/log.h"
#include "runtime/include/semgap/modules.h"
#include "runtime/include/semgap/sockets.h"
#include "runtime/include/semgap/threads.h"
#include "tests/support/guest_fixture.h"

#define WILD 0xdead000000000100u
#define UNMAPPED 0xffffffff00000000u

/* Symbols, in the image. */
#define MODULES_AT (SYNTHETIC_TEXT + 0x4000)
#define TCP_AT (SYNTHETIC_TEXT + 0x4100)
#define UDP_AT (SYNTHETIC_TEXT + 0x4200)
#define NETS_AT (SYNTHETIC_TEXT + 0x4300)
#define INIT_NET_AT (SYNTHETIC_TEXT + 0x4400)
#define FILE_OPS_AT (SYNTHETIC_TEXT + 0x4500)
#define PRB_AT (SYNTHETIC_TEXT + 0x4600)
#define ONLINE_AT (SYNTHETIC_TEXT + 0x4700)

/* Offsets, in the order of the structures below. */
enum {
	TASK_CGROUPS = 8,
	TASK_SIGNAL = 120,
	SIGNAL_HEAD = 16,
	SIGNAL_BYTES = 64,
	TASK_THREAD_NODE = 128,
	TASK_THREAD_PID = 144,
	LARGE_TASK_BYTES = 256,
	PID_LEVEL = 4,
	PID_NUMBERS = 16,
	UPID_BYTES = 16,
	MODULE_LIST = 8,
	MODULE_NAME = 24,
	MODULE_REFCNT = 80,
	MODULE_TAINTS = 88,
	MODULE_USERS = 96,
	MODULE_CORE = 112,
	MODULE_INIT = 128,
	MODULE_BYTES = 192,
	USE_SOURCE = 32,
	SOCK_DADDR = 0,
	SOCK_SADDR = 4,
	SOCK_DPORT = 12,
	SOCK_NUM = 14,
	SOCK_FAMILY = 16,
	SOCK_STATE = 18,
	SOCK_NET = 48,
	SOCK_NODE = 104,
	SOCK_SOCKET = 136,
	SOCK_BYTES = 192,
	DESC_BYTES = 24,
	INFO_BYTES = 32
};

static const struct object_row rows[] = {
	{"task_struct", TASK_BYTES, "cgroups", TASK_CGROUPS, "ptr"},
	{"task_struct", TASK_BYTES, "signal", TASK_SIGNAL, "ptr"},
	{"task_struct", TASK_BYTES, "thread_node", TASK_THREAD_NODE, "list_head"},
	{"task_struct", TASK_BYTES, "thread_pid", TASK_THREAD_PID, "ptr"},
	{"signal_struct", SIGNAL_BYTES, "thread_head", SIGNAL_HEAD, "list_head"},
	{"upid", UPID_BYTES, "nr", 0, "u32"},
	{"pid", PID_NUMBERS, "level", PID_LEVEL, "u32"},
	{"pid", PID_NUMBERS, "numbers", PID_NUMBERS, "u8*0"},
	{"css_set", 16, "dfl_cgrp", 8, "ptr"},
	{"cgroup", 16, "kn", 0, "ptr"},
	{"kernfs_node", 16, "parent", 0, "ptr"},
	{"kernfs_node", 16, "name", 8, "ptr"},
	{"module_layout", 16, "base", 0, "ptr"},
	{"module_layout", 16, "size", 8, "u32"},
	{"module", MODULE_BYTES, "state", 0, "u32"},
	{"module", MODULE_BYTES, "list", MODULE_LIST, "list_head"},
	{"module", MODULE_BYTES, "name", MODULE_NAME, "u8*56"},
	{"module", MODULE_BYTES, "refcnt", MODULE_REFCNT, "u32"},
	{"module", MODULE_BYTES, "taints", MODULE_TAINTS, "u64"},
	{"module", MODULE_BYTES, "source_list", MODULE_USERS, "list_head"},
	{"module", MODULE_BYTES, "core_layout", MODULE_CORE, "module_layout"},
	{"module", MODULE_BYTES, "init_layout", MODULE_INIT, "module_layout"},
	{"module_use", 48, "source_list", 0, "list_head"},
	{"module_use", 48, "source", USE_SOURCE, "ptr"},
	{"sock_common", SOCK_SOCKET, "skc_daddr", SOCK_DADDR, "u32"},
	{"sock_common", SOCK_SOCKET, "skc_rcv_saddr", SOCK_SADDR, "u32"},
	{"sock_common", SOCK_SOCKET, "skc_dport", SOCK_DPORT, "u16"},
	{"sock_common", SOCK_SOCKET, "skc_num", SOCK_NUM, "u16"},
	{"sock_common", SOCK_SOCKET, "skc_family", SOCK_FAMILY, "u16"},
	{"sock_common", SOCK_SOCKET, "skc_state", SOCK_STATE, "u8"},
	{"sock_common", SOCK_SOCKET, "skc_net", SOCK_NET, "ptr"},
	{"sock_common", SOCK_SOCKET, "skc_node", SOCK_NODE, "u64*2"},
	{"sock", SOCK_BYTES, "__sk_common", 0, "sock_common"},
	{"sock", SOCK_BYTES, "sk_socket", SOCK_SOCKET, "ptr"},
	{"socket", 64, "sk", 0, "ptr"},
	{"socket_alloc", 128, "vfs_inode", 64, "inode"},
	{"net", 64, "list", 0, "list_head"},
	{"net", 64, "proc_inum", 16, "u32"},
	{"inet_hashinfo", 64, "ehash", 0, "ptr"},
	{"inet_hashinfo", 64, "ehash_mask", 8, "u32"},
	{"inet_ehash_bucket", 8, "chain", 0, "ptr"},
	{"prb_desc_ring", 48, "count_bits", 0, "u32"},
	{"prb_desc_ring", 48, "descs", 8, "ptr"},
	{"prb_desc_ring", 48, "infos", 16, "ptr"},
	{"prb_desc_ring", 48, "head_id", 24, "u64"},
	{"prb_desc_ring", 48, "tail_id", 32, "u64"},
	{"prb_data_ring", 32, "size_bits", 0, "u32"},
	{"prb_data_ring", 32, "data", 8, "ptr"},
	{"printk_ringbuffer", 88, "desc_ring", 0, "prb_desc_ring"},
	{"printk_ringbuffer", 88, "text_data_ring", 48, "prb_data_ring"},
	{"prb_data_blk_lpos", 16, "begin", 0, "u64"},
	{"prb_data_blk_lpos", 16, "next", 8, "u64"},
	{"prb_desc", DESC_BYTES, "state_var", 0, "u64"},
	{"prb_desc", DESC_BYTES, "text_blk_lpos", 8, "prb_data_blk_lpos"},
	{"printk_info", INFO_BYTES, "seq", 0, "u64"},
	{"printk_info", INFO_BYTES, "ts_nsec", 8, "u64"},
	{"printk_info", INFO_BYTES, "text_len", 16, "u16"},
	{"printk_info", INFO_BYTES, "facility", 18, "u8"},
	{"printk_info", INFO_BYTES, "level", 19, "u8"},
	{"rq", 64, "curr", 24, "ptr"},
	{0},
};

static const struct object_symbol symbols[] = {
	{"modules", MODULES_AT},          {"tcp_hashinfo", TCP_AT},
	{"net_namespace_list", NETS_AT},  {"init_net", INIT_NET_AT},
	{"socket_file_ops", FILE_OPS_AT}, {"prb", PRB_AT},
	{"__cpu_online_mask", ONLINE_AT}, {0},
};

static int make_fixture(void **state)
{
	return guest_fixture_make_of(state,
				     &(struct object_profile){.rows = rows, .symbols = symbols});
}

/* Closes a list of one element, both in the heap. */
static void close_list(struct guest_fixture *fixture, uint64_t head, uint64_t link)
{
	put64(&fixture->synthetic, head, 0, link);
	put64(&fixture->synthetic, head, 8, link);
	put64(&fixture->synthetic, link, 0, head);
	put64(&fixture->synthetic, link, 8, head);
}

/* ---- threads ---- */

/* The synthetic task, with room behind it, and a signal_struct whose list it is alone in. */
static uint64_t make_process(struct guest_fixture *fixture, int32_t pid, const char *comm)
{
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t task =
		synthetic_task(synthetic, pid, SYNTHETIC_INIT_TASK + synthetic->slide, comm);
	uint64_t cred = get64(synthetic, task, TASK_REAL_CRED), moved, signal;

	/* The members of this test lie behind what synthetic_task() made: the cred moves on. */
	synthetic_alloc(synthetic, LARGE_TASK_BYTES);
	moved = synthetic_alloc(synthetic, CRED_BYTES);
	memcpy(synthetic_heap(synthetic, moved), synthetic_heap(synthetic, cred), CRED_BYTES);
	put64(synthetic, task, TASK_REAL_CRED, moved);
	signal = synthetic_alloc(synthetic, SIGNAL_BYTES);
	put64(synthetic, task, TASK_SIGNAL, signal);
	close_list(fixture, signal + SIGNAL_HEAD, task + TASK_THREAD_NODE);
	return task;
}

/* A second thread of a process, by copy. */
static uint64_t add_thread(struct guest_fixture *fixture, uint64_t leader, uint32_t pid)
{
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t thread = synthetic_alloc(synthetic, LARGE_TASK_BYTES);
	uint64_t head = get64(synthetic, leader, TASK_SIGNAL) + SIGNAL_HEAD;

	memcpy(synthetic_heap(synthetic, thread), synthetic_heap(synthetic, leader),
	       LARGE_TASK_BYTES);
	put32(synthetic, thread, TASK_PID, pid);
	put64(synthetic, leader, TASK_THREAD_NODE, thread + TASK_THREAD_NODE);
	put64(synthetic, thread, TASK_THREAD_NODE, head);
	return thread;
}

static struct gap_threads begin_threads(struct guest_fixture *fixture)
{
	struct gap_threads threads;

	guest_fixture_good(fixture, gap_threads_init(&threads, fixture->guest, &fixture->error));
	return threads;
}

static int count_threads(struct gap_threads *threads, struct gap_thread *last)
{
	int count = 0;

	while (gap_threads_next(threads, last))
		count++;
	assert_false(gap_threads_next(threads, last));
	return count;
}

static void partial_threads(struct guest_fixture *fixture, int expected, const char *word)
{
	struct gap_threads threads = begin_threads(fixture);
	struct gap_thread last;

	assert_int_equal(count_threads(&threads, &last), expected);
	assert_int_equal(threads.status, GAP_PARTIAL);
	says(threads.reason, word);
}

static void threads_follow_their_leader(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t task, thread, pid = synthetic_alloc(synthetic, 64);
	struct gap_threads threads;
	struct gap_thread seen;

	make_process(fixture, 1, "init");
	task = make_process(fixture, 70, "leader");
	thread = add_thread(fixture, task, 71);
	put32(synthetic, pid, PID_LEVEL, 1);
	put32(synthetic, pid, PID_NUMBERS, 71);
	put32(synthetic, pid, PID_NUMBERS + UPID_BYTES, 2);
	put64(synthetic, thread, TASK_THREAD_PID, pid);
	threads = begin_threads(fixture);
	assert_true(gap_threads_next(&threads, &seen) && seen.task.pid == 1);
	assert_int_equal(seen.ns_pid_count, 0);
	assert_true(gap_threads_next(&threads, &seen) && seen.task.pid == 70);
	assert_true(gap_threads_next(&threads, &seen) && seen.task.pid == 71);
	assert_int_equal(seen.task.tgid, 70);
	assert_int_equal(seen.ns_pid_count, 2);
	assert_int_equal(seen.ns_pids[1], 2);
	assert_false(gap_threads_next(&threads, &seen));
	assert_int_equal(threads.status, GAP_OK);
}

static void bent_threads_are_told(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t first = make_process(fixture, 1, "init"), task, thread;

	task = make_process(fixture, 70, "leader");
	thread = add_thread(fixture, task, 71);
	put64(synthetic, thread, TASK_THREAD_NODE, task + TASK_THREAD_NODE);
	partial_threads(fixture, 4, "loops back"); /* seen when it comes by the second time */
	put64(synthetic, thread, TASK_THREAD_NODE, WILD);
	partial_threads(fixture, 3, "not an address");
	put64(synthetic, task, TASK_SIGNAL, UNMAPPED);
	partial_threads(fixture, 1, "cannot be read");
	/* Two processes that lead to the same threads. */
	put64(synthetic, task, TASK_SIGNAL, get64(synthetic, first, TASK_SIGNAL));
	partial_threads(fixture, 2, "hold thread 1 of process 1");
	put64(synthetic, first, TASK_THREAD_PID, UNMAPPED);
	partial_threads(fixture, 2, "cannot be read");
}

static uint64_t make_node(struct guest_fixture *fixture, uint64_t parent, const char *name)
{
	uint64_t node = synthetic_alloc(&fixture->synthetic, 16);

	put64(&fixture->synthetic, node, 0, parent);
	put64(&fixture->synthetic, node, 8, make_string(&fixture->synthetic, name));
	return node;
}

static void cgroups_have_paths(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t task = make_process(fixture, 1, "init"), css = synthetic_alloc(synthetic, 16);
	uint64_t cgroup = synthetic_alloc(synthetic, 16), root, outer;
	struct gap_threads threads;
	struct gap_thread seen;
	char path[64] = "-";

	root = make_node(fixture, 0, "");
	outer = make_node(fixture, root, "outer");
	put64(synthetic, task, TASK_CGROUPS, css);
	put64(synthetic, css, 8, cgroup);
	put64(synthetic, cgroup, 0, make_node(fixture, outer, "in ner"));
	threads = begin_threads(fixture);
	assert_true(gap_threads_next(&threads, &seen));
	guest_fixture_good(fixture, gap_threads_cgroup(&threads, &seen, path, sizeof(path)));
	assert_string_equal(path, "/outer/in ner");
	assert_int_equal(gap_threads_cgroup(&threads, &seen, path, 5), GAP_PARTIAL);
	assert_string_equal(path, "/outer/in ner");
	put64(synthetic, root, 0, outer); /* a parent that is a child */
	assert_int_equal(gap_threads_cgroup(&threads, &seen, path, sizeof(path)), GAP_PARTIAL);
	assert_int_equal(threads.status, GAP_PARTIAL); /* the view that shows it is not whole */
	put64(synthetic, cgroup, 0, root);
	put64(synthetic, root, 0, 0);
	guest_fixture_good(fixture, gap_threads_cgroup(&threads, &seen, path, sizeof(path)));
	assert_string_equal(path, "/");
	put64(synthetic, cgroup, 0, UNMAPPED);
	assert_int_equal(gap_threads_cgroup(&threads, &seen, path, sizeof(path)), GAP_UNREADABLE);
}

/* ---- modules ---- */

static uint64_t make_module(struct guest_fixture *fixture, const char *name)
{
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t module = synthetic_alloc(synthetic, MODULE_BYTES);
	uint64_t users = module + MODULE_USERS;

	memcpy((char *)synthetic_heap(synthetic, module) + MODULE_NAME, name, strlen(name) + 1);
	put32(synthetic, module, MODULE_REFCNT, 3);
	put64(synthetic, module, MODULE_TAINTS, 1 << 12 | 1 << 13);
	put64(synthetic, module, MODULE_CORE, 0xffffffffc0000000u);
	put32(synthetic, module, MODULE_CORE + 8, 0x3000);
	put64(synthetic, users, 0, users);
	put64(synthetic, module, MODULE_LIST, guest_fixture_slid(fixture, MODULES_AT));
	guest_fixture_set_image(fixture, MODULES_AT, module + MODULE_LIST);
	return module;
}

static int count_modules(struct guest_fixture *fixture, struct gap_modules *modules,
			 struct gap_module *last)
{
	int count = 0;

	guest_fixture_good(fixture, gap_modules_init(modules, fixture->guest, &fixture->error));
	while (gap_modules_next(modules, last))
		count++;
	return count;
}

static void modules_are_read(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t module = make_module(fixture, "example"), use = synthetic_alloc(synthetic, 48);
	struct gap_modules modules;
	struct gap_module seen;
	char letters[16], name[GAP_MODULE_NAME_BYTES + 1];

	close_list(fixture, module + MODULE_USERS, use);
	put64(synthetic, use, USE_SOURCE, module);
	assert_int_equal(count_modules(fixture, &modules, &seen), 1);
	assert_int_equal(modules.status, GAP_OK);
	assert_string_equal(seen.name, "example");
	assert_string_equal(seen.state, "Live");
	assert_int_equal(seen.base.value, 0xffffffffc0000000u);
	assert_true(seen.size_bytes == 0x3000 && seen.part_count == 1 && seen.references == 2);
	assert_true(seen.user_count == 1 && seen.users[0].value == module);
	guest_fixture_good(fixture, gap_module_name(&modules, seen.users[0], name));
	assert_string_equal(name, "example");
	gap_module_taint_letters(seen.taints, letters);
	assert_string_equal(letters, "OE");
}

static void partial_modules(struct guest_fixture *fixture, int expected, const char *word)
{
	struct gap_modules modules;
	struct gap_module seen;

	assert_int_equal(count_modules(fixture, &modules, &seen), expected);
	assert_int_equal(modules.status, GAP_PARTIAL);
	says(modules.reason, word);
}

static void bent_modules_are_told(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t module = make_module(fixture, "example");

	put64(synthetic, module, MODULE_USERS, WILD);
	partial_modules(fixture, 1, "the users of module example");
	put64(synthetic, module, MODULE_USERS, module + MODULE_USERS);
	put32(synthetic, module, 0, 77);
	partial_modules(fixture, 1, "is no module (state 77)");
	put32(synthetic, module, 0, 0);
	put64(synthetic, module, MODULE_LIST, 0);
	partial_modules(fixture, 1, "null");
	guest_fixture_set_image(fixture, MODULES_AT,
				0xffff888000000000u + SYNTHETIC_HEAP_AT + SYNTHETIC_HEAP_BYTES - 8);
	partial_modules(fixture, 1, "cannot be read");
}

/* ---- sockets ---- */

/* A table of four chains, of which the second holds a socket. */
static uint64_t make_sockets(struct guest_fixture *fixture)
{
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t table = synthetic_alloc(synthetic, 4 * 8), sock, holder;
	uint64_t net = guest_fixture_slid(fixture, INIT_NET_AT);

	sock = synthetic_alloc(synthetic, SOCK_BYTES);
	holder = synthetic_alloc(synthetic, 128);
	for (int i = 0; i < 4; i++)
		put64(synthetic, table, (uint64_t)i * 8, (uint64_t)i << 1 | 1);
	put64(synthetic, table, 8, sock + SOCK_NODE);
	put64(synthetic, sock, SOCK_NODE, 3);
	put32(synthetic, sock, SOCK_DADDR, 0x0200007f);
	put32(synthetic, sock, SOCK_SADDR, 0x0100007f);
	put32(synthetic, sock, SOCK_DPORT, 0x1f90u << 16 | 0x901f); /* 8080 and 8080 */
	put32(synthetic, sock, SOCK_FAMILY, 1 << 16 | 2);
	put64(synthetic, sock, SOCK_NET, net);
	put64(synthetic, sock, SOCK_SOCKET, holder);
	put64(synthetic, holder, 0, sock);
	put64(synthetic, holder, 64 + INODE_NUMBER, 4711);
	guest_fixture_set_image(fixture, TCP_AT, table);
	guest_fixture_set_image(fixture, TCP_AT + 8, 3);
	guest_fixture_set_image(fixture, NETS_AT, net);
	guest_fixture_set_image(fixture, INIT_NET_AT, guest_fixture_slid(fixture, NETS_AT));
	guest_fixture_set_image(fixture, INIT_NET_AT + 16, 99);
	return sock;
}

static int count_sockets(struct guest_fixture *fixture, struct gap_sockets *sockets,
			 struct gap_socket *last)
{
	int count = 0;

	guest_fixture_good(fixture, gap_sockets_init(sockets, fixture->guest, &fixture->error));
	while (gap_sockets_next(sockets, last))
		count++;
	return count;
}

static void sockets_are_read(void **state)
{
	struct guest_fixture *fixture = *state;
	uint64_t sock = make_sockets(fixture);
	static const uint8_t local[] = {127, 0, 0, 1}, remote[] = {127, 0, 0, 2};
	struct gap_sockets sockets;
	struct gap_socket seen;

	assert_int_equal(count_sockets(fixture, &sockets, &seen), 1);
	assert_int_equal(sockets.status, GAP_OK);
	assert_int_equal(seen.address.value, sock);
	assert_true(seen.family == GAP_SOCKET_INET && seen.protocol == GAP_SOCKET_TCP);
	assert_string_equal(gap_socket_state_name(seen.state), "ESTABLISHED");
	assert_memory_equal(seen.local, local, 4);
	assert_memory_equal(seen.remote, remote, 4);
	assert_true(seen.local_port == 8080 && seen.remote_port == 8080);
	assert_true(seen.inode == 4711 && seen.net_inum == 99);
	assert_string_equal(gap_socket_state_name(200), "?");
}

static void partial_sockets(struct guest_fixture *fixture, int expected, const char *word)
{
	struct gap_sockets sockets;
	struct gap_socket seen;
	int count = count_sockets(fixture, &sockets, &seen);

	if (expected >= 0)
		assert_int_equal(count, expected);
	assert_int_equal(sockets.status, GAP_PARTIAL);
	says(sockets.reason, word);
}

static void bent_sockets_are_told(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t sock = make_sockets(fixture), table = 0;

	put64(synthetic, sock, SOCK_NODE, sock + SOCK_NODE);
	partial_sockets(fixture, -1, "a chain of sockets");
	put64(synthetic, sock, SOCK_NODE, 3);
	put64(synthetic, sock, SOCK_SOCKET, UNMAPPED);
	partial_sockets(fixture, 1, "cannot be read");
	put64(synthetic, sock, SOCK_SOCKET, 0);
	put32(synthetic, sock, SOCK_FAMILY, 1 << 16 | 77);
	partial_sockets(fixture, 1, "no socket of its table");
	put32(synthetic, sock, SOCK_FAMILY, 1 << 16 | 2);
	memcpy(&table, synthetic_image(synthetic, TCP_AT), sizeof(table));
	guest_fixture_set_image(fixture, TCP_AT, UNMAPPED);
	partial_sockets(fixture, 0, "a chain of sockets");
	guest_fixture_set_image(fixture, TCP_AT, table);
	guest_fixture_set_image(fixture, TCP_AT + 8, 0xffffffffu);
	partial_sockets(fixture, 0, "absurd");
	guest_fixture_set_image(fixture, TCP_AT + 8, 3);
	guest_fixture_set_image(fixture, INIT_NET_AT, WILD);
	partial_sockets(fixture, 1, "the network namespaces");
}

static void files_lead_to_sockets(void **state)
{
	struct guest_fixture *fixture = *state;
	struct gap_vaddr file = {synthetic_alloc(&fixture->synthetic, FILE_BYTES)}, sock = {7};
	struct gap_sockets sockets;

	make_sockets(fixture);
	guest_fixture_good(fixture, gap_sockets_init(&sockets, fixture->guest, &fixture->error));
	/* This profile has no file.f_op: unknown is not "no socket", and nothing is written. */
	assert_int_equal(gap_socket_of_file(&sockets, file, &sock), GAP_NOT_FOUND);
	assert_int_equal(sock.value, 7);
}

/* ---- CPUs ---- */

static void every_cpu_runs_something(void **state)
{
	struct guest_fixture *fixture = *state;
	uint64_t task = make_process(fixture, 5, "runs");
	uint64_t area = synthetic_alloc(&fixture->synthetic, 0x1100);
	struct gap_cpus cpus;
	struct gap_cpu cpu;

	guest_fixture_set_image(fixture, SYNTHETIC_TEXT + 0x3000,
				2); /* nr_cpu_ids, the offsets, who is online */
	guest_fixture_set_image(fixture, SYNTHETIC_TEXT + 0x3100, area - 0x1000 + 0x40);
	guest_fixture_set_image(fixture, SYNTHETIC_TEXT + 0x3108, UNMAPPED);
	guest_fixture_set_image(fixture, ONLINE_AT, 1);
	put64(&fixture->synthetic, area, 0x40 + 24, task);
	guest_fixture_good(fixture, gap_cpus_init(&cpus, fixture->guest, &fixture->error));
	assert_true(gap_cpus_next(&cpus, &cpu));
	assert_true(cpu.number == 0 && cpu.task.pid == 5);
	assert_false(gap_cpus_next(&cpus, &cpu));
	assert_int_equal(cpus.status, GAP_OK);
	guest_fixture_set_image(fixture, ONLINE_AT, 3);
	guest_fixture_good(fixture, gap_cpus_init(&cpus, fixture->guest, &fixture->error));
	assert_true(gap_cpus_next(&cpus, &cpu));
	assert_false(gap_cpus_next(&cpus, &cpu));
	assert_int_equal(cpus.status, GAP_PARTIAL);
	says(cpus.reason, "CPU 1");
}

/* ---- the log ---- */

struct log_parts {
	uint64_t ring, descs, infos, data;
};

static void put_record(struct guest_fixture *fixture, const struct log_parts *parts, uint64_t id,
		       uint64_t begin, uint64_t next, const char *text)
{
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t desc = parts->descs + id % 4 * DESC_BYTES,
		 info = parts->infos + id % 4 * INFO_BYTES;
	uint64_t block = (begin & ~63u) == ((next - 1) & ~63u) ? begin % 64 : 0;

	put64(synthetic, desc, 0, (uint64_t)2 << 62 | id); /* finalized */
	put64(synthetic, desc, 8, begin);
	put64(synthetic, desc, 16, next);
	put64(synthetic, info, 0, id);
	put64(synthetic, info, 8, id * 1000);
	put32(synthetic, info, 16, (uint32_t)strlen(text) | 6u << 24);
	if (!(begin & 1))
		memcpy((char *)synthetic_heap(synthetic, parts->data) + block + 8, text,
		       strlen(text));
}

/* Four descriptors, 64 bytes of text, ids 5 to 7: the second block wraps, the third has no text. */
static struct log_parts make_log(struct guest_fixture *fixture)
{
	struct synthetic *synthetic = &fixture->synthetic;
	struct log_parts parts = {
		.ring = synthetic_alloc(synthetic, 88),
		.descs = synthetic_alloc(synthetic, 4 * DESC_BYTES),
		.infos = synthetic_alloc(synthetic, 4 * INFO_BYTES),
		.data = synthetic_alloc(synthetic, 64),
	};

	put32(synthetic, parts.ring, 0, 2);
	put64(synthetic, parts.ring, 8, parts.descs);
	put64(synthetic, parts.ring, 16, parts.infos);
	put64(synthetic, parts.ring, 24, 7);
	put64(synthetic, parts.ring, 32, 5);
	put32(synthetic, parts.ring, 48, 6);
	put64(synthetic, parts.ring, 56, parts.data);
	guest_fixture_set_image(fixture, PRB_AT, parts.ring);
	put_record(fixture, &parts, 5, 64 + 32, 64 + 48, "hello");
	put_record(fixture, &parts, 6, 64 + 48, 128 + 24, "over the end");
	put_record(fixture, &parts, 7, 3, 3, "");
	return parts;
}

static struct gap_log begin_log(struct guest_fixture *fixture)
{
	struct gap_log log;

	guest_fixture_good(fixture, gap_log_init(&log, fixture->guest, &fixture->error));
	return log;
}

static void the_log_is_read(void **state)
{
	struct guest_fixture *fixture = *state;
	struct log_parts parts = make_log(fixture);
	struct gap_log log = begin_log(fixture);
	struct gap_log_record record;

	assert_true(gap_log_next(&log, &record));
	assert_true(record.sequence == 5 && record.time_ns == 5000 && record.level == 6);
	assert_int_equal(record.text_bytes, 5);
	assert_memory_equal(record.text, "hello", 5);
	assert_true(gap_log_next(&log, &record));
	assert_int_equal(record.text_bytes, 12);
	assert_memory_equal(record.text, "over the end", 12);
	assert_true(gap_log_next(&log, &record));
	assert_int_equal(record.text_bytes, 0);
	assert_false(gap_log_next(&log, &record));
	assert_int_equal(log.status, GAP_OK);
	/* One that lost its text, and one that is being written, are passed over. */
	put64(&fixture->synthetic, parts.descs + DESC_BYTES, 0, (uint64_t)3 << 62 | 5);
	put64(&fixture->synthetic, parts.descs + 2 * DESC_BYTES, 0, 6);
	log = begin_log(fixture);
	assert_true(gap_log_next(&log, &record) && record.sequence == 7);
	assert_false(gap_log_next(&log, &record));
	assert_int_equal(log.status, GAP_OK);
}

static void a_log_may_go_on_meanwhile(void **state)
{
	struct guest_fixture *fixture = *state;
	struct log_parts parts = make_log(fixture);
	struct gap_log log = begin_log(fixture);
	struct gap_log_record record;

	put_record(fixture, &parts, 9, 3, 3, ""); /* over 5 */
	put64(&fixture->synthetic, parts.ring, 24, 9);
	put64(&fixture->synthetic, parts.ring, 32, 6);
	assert_true(gap_log_next(&log, &record) && record.sequence == 6);
	assert_true(gap_log_next(&log, &record) && record.sequence == 7);
	assert_false(gap_log_next(&log, &record));
	assert_int_equal(log.status, GAP_OK);
}

/* Records that are not there, though nothing else is wrong: what stands in a descriptor, or in place of a sequence number. */
static void lost_records_are_told(void **state)
{
	static const struct {
		uint64_t state, sequence;
		int count;
		const char *word;
	} cases[] = {
		{(uint64_t)2 << 62 | 10, 6, 2, "lost"},
		{(uint64_t)3 << 62 | 6, 6, 2, "lost"},
		{(uint64_t)2 << 62 | 6, 60, 3, "record 60"},
		{(uint64_t)1 << 62 | 6, 6, 3, NULL},
	};
	struct guest_fixture *fixture = *state;
	struct log_parts parts = make_log(fixture);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gap_log log = begin_log(fixture);
		struct gap_log_record record;
		int count = 0;

		put64(&fixture->synthetic, parts.descs + 2 * DESC_BYTES, 0, cases[i].state);
		put64(&fixture->synthetic, parts.infos + 2 * INFO_BYTES, 0, cases[i].sequence);
		while (gap_log_next(&log, &record))
			count++;
		assert_int_equal(count, cases[i].count);
		assert_int_equal(log.status, cases[i].word ? GAP_PARTIAL : GAP_OK);
		if (cases[i].word)
			says(log.reason, cases[i].word);
	}
}

static void bent_logs_are_told(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	struct log_parts parts = make_log(fixture);
	struct gap_log log = begin_log(fixture);
	struct gap_log_record record;

	put64(synthetic, parts.descs + DESC_BYTES, 8, 64 + 10); /* begins where nothing may */
	put64(synthetic, parts.descs + DESC_BYTES, 16, 64 * 9);
	assert_true(gap_log_next(&log, &record) && record.sequence == 6);
	assert_int_equal(log.status, GAP_PARTIAL);
	says(log.reason, "record 5");
	put64(synthetic, parts.ring, 24, 5000);
	assert_int_equal(gap_log_init(&log, fixture->guest, &fixture->error), GAP_CORRUPT);
	put64(synthetic, parts.ring, 24, 7);
	put32(synthetic, parts.ring, 0, 60);
	assert_int_equal(gap_log_init(&log, fixture->guest, &fixture->error), GAP_CORRUPT);
	says(fixture->error.text, "absurd");
	put32(synthetic, parts.ring, 0, 2);
	put64(synthetic, parts.ring, 8, UNMAPPED);
	log = begin_log(fixture);
	assert_false(gap_log_next(&log, &record));
	assert_int_equal(log.status, GAP_PARTIAL);
	guest_fixture_set_image(fixture, PRB_AT, WILD);
	assert_int_equal(gap_log_init(&log, fixture->guest, &fixture->error), GAP_UNREADABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, guest_fixture_drop)
		TEST(threads_follow_their_leader), TEST(bent_threads_are_told),
		TEST(cgroups_have_paths),          TEST(modules_are_read),
		TEST(bent_modules_are_told),       TEST(sockets_are_read),
		TEST(bent_sockets_are_told),       TEST(files_lead_to_sockets),
		TEST(every_cpu_runs_something),    TEST(the_log_is_read),
		TEST(bent_logs_are_told),          TEST(lost_records_are_told),
		TEST(a_log_may_go_on_meanwhile),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
