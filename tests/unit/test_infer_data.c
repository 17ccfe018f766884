/* SPDX-License-Identifier: MIT */
/* Evidence from data: members are found in any order, and a guest that lies is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/object_graph.h"

#define SURE 100 /* weight of a claim that decides */

/* Fields that must be found for every order; others may be, and then at the right place. */
static const char wanted[] = "task_struct.__state\ntask_struct.stack\n"
			     "task_struct.flags\ntask_struct.static_prio\n"
			     "task_struct.policy\ntask_struct.mm\n"
			     "task_struct.active_mm\ntask_struct.exit_state\n"
			     "task_struct.pid\ntask_struct.tgid\n"
			     "task_struct.real_parent\ntask_struct.parent\n"
			     "task_struct.children\ntask_struct.sibling\n"
			     "task_struct.group_leader\ntask_struct.thread_pid\n"
			     "task_struct.thread_node\ntask_struct.utime\n"
			     "task_struct.stime\ntask_struct.start_time\n"
			     "task_struct.start_boottime\ntask_struct.comm\n"
			     "task_struct.files\ntask_struct.nsproxy\n"
			     "task_struct.signal\ntask_struct.sighand\n"
			     "task_struct.tasks\ntask_struct.thread.sp\n"
			     "signal_struct.thread_head\nsignal_struct.nr_threads\n"
			     "mm_struct.pgd\nmm_struct.mm_users\nmm_struct.mm_count\n"
			     "mm_struct.map_count\nmm_struct.total_vm\n"
			     "mm_struct.start_code\nmm_struct.end_code\n"
			     "mm_struct.start_data\nmm_struct.end_data\n"
			     "mm_struct.start_brk\nmm_struct.brk\n"
			     "mm_struct.start_stack\nmm_struct.arg_start\n"
			     "mm_struct.env_end\nmm_struct.exe_file\n"
			     "vm_area_struct.vm_start\nvm_area_struct.vm_end\n"
			     "vm_area_struct.vm_flags\nvm_area_struct.vm_mm\n"
			     "vm_area_struct.vm_pgoff\nvm_area_struct.vm_file\n"
			     "vm_area_struct.vm_page_prot\ncred.uid\n"
			     "cred.cap_effective\ncred.user_ns\npid.numbers\n"
			     "nsproxy.uts_ns\nnsproxy.pid_ns_for_children\n"
			     "uts_namespace.name\nfiles_struct.fdt\nfdtable.max_fds\n"
			     "fdtable.fd\nfile.f_flags\nfile.f_mode\ntask_struct.fs\n"
			     "file.f_path\nfile.f_inode\nfile.f_op\npath.mnt\n"
			     "path.dentry\ndentry.d_parent\ndentry.d_name\n"
			     "dentry.d_inode\ndentry.d_sb\ndentry.d_op\n"
			     "dentry.d_iname\nqstr.name\nqstr.len\ninode.i_ino\n"
			     "inode.i_mode\ninode.i_size\ninode.i_sb\ninode.i_fop\n"
			     "inode.i_mapping\nsuper_block.s_list\n"
			     "super_block.s_dev\nsuper_block.s_type\n"
			     "super_block.s_root\nsuper_block.s_id\n"
			     "super_block.s_flags\nfile_system_type.name\n"
			     "file_system_type.next\nmount.mnt_parent\n"
			     "mount.mnt_mountpoint\nmount.mnt\nmount.mnt_devname\n"
			     "mount.mnt_ns\nmount.mnt_list\nvfsmount.mnt_root\n"
			     "vfsmount.mnt_sb\nfs_struct.root\nfs_struct.pwd\n"
			     "nsproxy.mnt_ns\nnsproxy.net_ns\nsocket.type\n"
			     "socket.sk\nsocket.ops\nsocket.file\nsock.sk_socket\n"
			     "sock.sk_type\nsock.sk_protocol\n"
			     "sock.__sk_common.skc_family\n"
			     "sock.__sk_common.skc_state\n"
			     "sock.__sk_common.skc_daddr\n"
			     "sock.__sk_common.skc_rcv_saddr\n"
			     "sock.__sk_common.skc_dport\nsock.__sk_common.skc_num\n";
static const char more[] = "task_struct.prio\ntask_struct.exit_code\n"
			   "task_struct.cred\ntask_struct.real_cred\n"
			   "mm_struct.arg_end\nmm_struct.env_start\ninode.i_op\n"
			   "inode.i_uid\ninode.i_gid\nfile.f_pos\n";

struct outcome {
	struct infer_fields fields;
	struct infer_claims *claims;
};

/* @member: a field whose place functions have told before; NULL none. */
static void learn_told(struct graph *graph, struct outcome *outcome, const char *type,
		       const char *member)
{
	char text[sizeof(wanted) + sizeof(more)];

	strcpy(text, wanted);
	strcat(text, more);
	assert_int_equal(infer_fields_parse(&outcome->fields, text, strlen(text), "wanted", NULL),
			 GAP_OK);
	assert_int_equal(infer_claims_create(&outcome->claims), GAP_OK);
	if (member)
		infer_claims_add(
			outcome->claims,
			&(struct infer_claim){
				.field = infer_fields_find(&outcome->fields, type, member, NULL),
				.kind = INFER_CODE,
				.offset_bits = 8 * graph_offset(type, member)});
	assert_int_equal(
		infer_data_evidence(&graph->kernel, &outcome->fields, outcome->claims, NULL),
		GAP_OK);
	assert_int_equal(infer_claims_status(outcome->claims), GAP_OK);
}

static void learn(struct graph *graph, struct outcome *outcome)
{
	learn_told(graph, outcome, NULL, NULL);
}

static void forget(struct outcome *outcome)
{
	infer_claims_destroy(outcome->claims);
	infer_fields_deinit(&outcome->fields);
}

/* Right claims on @field that decide; a wrong one fails the test. */
static unsigned count_right(const struct outcome *outcome, uint32_t field, uint64_t seed)
{
	const struct infer_field *row = &outcome->fields.rows[field];
	unsigned right = 0;

	for (uint32_t i = 0; i < infer_claims_count(outcome->claims); i++) {
		const struct infer_claim *claim = infer_claims_at(outcome->claims, i);

		if (claim->field != field || claim->weight < SURE)
			continue;
		if (claim->absent && graph_has(row->type, row->names[0]))
			fail_msg("seed %llu: %s is said to be absent by %s",
				 (unsigned long long)seed, row->line, claim->witness);
		if (claim->absent)
			continue;
		if (claim->offset_bits != 8 * graph_offset(row->type, row->names[0]))
			fail_msg("seed %llu: %s claimed at %u by %s, is at %u",
				 (unsigned long long)seed, row->line, claim->offset_bits / 8,
				 claim->witness, graph_offset(row->type, row->names[0]));
		right++;
	}
	return right;
}

static unsigned count_all_right(const struct outcome *outcome)
{
	unsigned right = 0;

	for (uint32_t i = 0; i < outcome->fields.count; i++)
		right += count_right(outcome, i, 0) > 0;
	return right;
}

static void check_seed(const struct graph_options *options)
{
	struct graph graph;
	struct outcome outcome;
	uint32_t must = 0;

	for (const char *c = wanted; *c; c++)
		must += *c == '\n';
	graph_init(&graph, options);
	learn(&graph, &outcome);
	for (uint32_t i = 0; i < outcome.fields.count; i++)
		if (!count_right(&outcome, i, options->seed) && i < must)
			fail_msg("seed %llu: %s is not found %u", (unsigned long long)options->seed,
				 outcome.fields.rows[i].line,
				 graph_offset(outcome.fields.rows[i].type,
					      outcome.fields.rows[i].names[0]));
	forget(&outcome);
	graph_deinit(&graph);
}

static void every_order_is_solved(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		check_seed(&(struct graph_options){.seed = seed, .mappings_in_tree = seed & 1});
}

/* Where nothing tells two members apart, neither is claimed to be the one. */
static void what_agrees_is_not_told_apart(void **state)
{
	static const char *const alike[] = {"task_struct.pid",    "task_struct.tgid",
					    "task_struct.parent", "task_struct.real_parent",
					    "task_struct.mm",     "task_struct.active_mm",
					    "task_struct.cred",   "cred.uid"};
	struct graph graph;
	struct outcome outcome;

	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		graph_init(&graph, &(struct graph_options){.seed = seed, .quiet = 1});
		learn(&graph, &outcome);
		assert_true(count_all_right(&outcome) > 30);
		for (uint32_t i = 0; i < outcome.fields.count; i++)
			for (size_t k = 0; k < sizeof(alike) / sizeof(alike[0]); k++)
				if (strcmp(outcome.fields.rows[i].line, alike[k]) == 0)
					assert_int_equal(count_right(&outcome, i, seed), 0);
		forget(&outcome);
		graph_deinit(&graph);
	}
}

/* However little there is in a guest: what the true member does not show is not taken from another
 * that has it by chance. */
static void a_poor_guest_misleads_nobody(void **state)
{
	struct graph graph;
	struct outcome outcome;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		unsigned right = 0;

		graph_init(&graph, &(struct graph_options){.seed = seed,
							   .mappings_in_tree = seed & 1,
							   .poor = 1 + seed / 2 % 4});
		learn(&graph, &outcome);
		for (uint32_t i = 0; i < outcome.fields.count; i++)
			right += count_right(&outcome, i, seed) > 0;
		if (right < 20)
			fail_msg("seed %llu: %u fields", (unsigned long long)seed, right);
		forget(&outcome);
		graph_deinit(&graph);
	}
}

/* ---- a guest that lies ---- */

typedef void bending(struct graph *graph);

/* How many fields are still found; none may be wrong. */
static unsigned learn_bent(bending *bend, uint64_t seed)
{
	struct graph graph;
	struct outcome outcome;
	unsigned right;

	graph_init(&graph, &(struct graph_options){.seed = seed, .mappings_in_tree = seed & 1});
	bend(&graph);
	learn(&graph, &outcome);
	right = count_all_right(&outcome);
	forget(&outcome);
	graph_deinit(&graph);
	return right;
}

/* Names of idle tasks, each beside pointers to what would be its task. */
static void add_decoys(struct graph *graph)
{
	for (unsigned i = 0; i < 20; i++) {
		uint64_t decoy = SYNTHETIC_TEXT + 0x10000 + i * 1024 + graph->guest.slide;

		memcpy(synthetic_image(&graph->guest, decoy - graph->guest.slide + 512),
		       "swapper/0", 10);
		for (unsigned k = 0; k < 6; k++)
			graph_put(graph, decoy + 64 + 8 * k, k < 4 ? decoy : decoy + 96, 8);
	}
}

static void unlink_a_task(struct graph *graph)
{
	uint64_t link = graph->tasks[15] + graph_offset("task_struct", "tasks");
	uint64_t next = graph_get(graph, link, 8), before = graph_get(graph, link + 8, 8);

	graph_put(graph, before, next, 8);
	graph_put(graph, next + 8, before, 8);
}

/* A list of tasks that never comes back to its head. */
static void loop_the_tasks(struct graph *graph)
{
	uint32_t tasks = graph_offset("task_struct", "tasks");

	graph_put(graph, graph->tasks[8] + tasks, graph->tasks[3] + tasks, 8);
}

static void point_mappings_astray(struct graph *graph)
{
	for (unsigned i = 0; i < graph->count; i++) {
		uint64_t mm =
			graph_get(graph, graph->tasks[i] + graph_offset("task_struct", "mm"), 8);

		if (mm)
			graph_put(graph, mm + graph_offset("mm_struct", "mm_mt") + 8,
				  0xffff888000fff00eu, 8);
	}
}

/* One object in twenty says something else: as when it is rewritten under the reader. */
static void tear_a_task(struct graph *graph)
{
	uint64_t task = graph->tasks[14];

	graph_put(graph, task + graph_offset("task_struct", "sighand"), 0x1122334455667788u, 8);
	graph_put(graph, task + graph_offset("task_struct", "stack"), 0xffff888000fff000u, 8);
	graph_put(graph, task + graph_offset("task_struct", "start_time"), 1, 8);
}

/* A bit that memory lost outweighs what all the others say together. */
static void flip_a_time(struct graph *graph)
{
	uint64_t at = graph->tasks[14] + graph_offset("task_struct", "start_time");

	graph_put(graph, at, graph_get(graph, at, 8) | UINT64_C(1) << 40, 8);
}

static uint64_t member_of(struct graph *graph, uint64_t at, const char *type, const char *member)
{
	return graph_get(graph, at + graph_offset(type, member), 8);
}

/* A descriptor is taken before its file is there: the bit stands alone for as long as opening
 * takes. */
static void open_something(struct graph *graph)
{
	for (unsigned i = graph->count; i-- > 0;) {
		uint64_t files = member_of(graph, graph->tasks[i], "task_struct", "files"), bits;

		if (!member_of(graph, graph->tasks[i], "task_struct", "mm"))
			continue;
		bits = member_of(graph, member_of(graph, files, "files_struct", "fdt"), "fdtable",
				 "open_fds");
		graph_put(graph, bits, graph_get(graph, bits, 8) | UINT64_C(1) << 40, 8);
		return;
	}
}

/* Idle tasks of other processors, which are in no list, have borrowed an address space. */
static void borrow_spaces(struct graph *graph)
{
	unsigned borrowed = 0;

	for (unsigned i = 0; i < graph->count && borrowed < 2; i++) {
		uint64_t mm = member_of(graph, graph->tasks[i], "task_struct", "mm");
		uint64_t count = mm + graph_offset("mm_struct", "mm_count");

		if (!mm)
			continue;
		graph_put(graph, count, graph_get(graph, count, 4) + 1, 4);
		borrowed++;
	}
}

/* A mount that is on the one that is on it. */
static void loop_the_mounts(struct graph *graph)
{
	graph_put(graph, graph->mounts[0] + graph_offset("mount", "mnt_parent"), graph->mounts[1],
		  8);
}

/* A mount of a root that another file system has. */
static void cross_the_mounts(struct graph *graph)
{
	graph_put(graph,
		  graph->mounts[1] + graph_offset("mount", "mnt") +
			  graph_offset("vfsmount", "mnt_sb"),
		  graph->supers[3], 8);
}

/* Names as long as nothing is. */
static void lengthen_the_names(struct graph *graph)
{
	for (uint32_t i = 0; i < graph->dentry_count; i += 2)
		graph_put(graph,
			  graph->dentries[i] + graph_offset("dentry", "d_name") +
				  graph_offset("qstr", "len"),
			  UINT32_MAX, 4);
}

/* One file is a name without end. */
static void leave_a_name_open(struct graph *graph)
{
	uint64_t name =
		graph->dentries[graph->dentry_count - 1] + graph_offset("dentry", "d_iname");

	for (unsigned i = 0; i < 4; i++)
		graph_put(graph, name + 8 * i, 0x6161616161616161, 8);
}

/* Several names of one file, as links are; and all of it. */
static void share_an_inode(struct graph *graph)
{
	for (uint32_t i = 0; i < graph->dentry_count; i += 3)
		graph_put(graph, graph->dentries[i] + graph_offset("dentry", "d_inode"),
			  graph->inodes[4], 8);
}

static void cut_the_supers(struct graph *graph)
{
	uint64_t link = graph->supers[2] + graph_offset("super_block", "s_list");

	graph_put(graph, link, 0, 8);
	graph_put(graph, link + 8, link, 8);
}

/* Sockets that say that they are another's. */
static void exchange_sockets(struct graph *graph)
{
	uint32_t back = graph_offset("sock", "sk_socket");

	for (uint32_t i = 0; i + 1 < graph->socket_count; i += 2) {
		graph_put(graph, graph->socks[i] + back, graph->sockets[i + 1], 8);
		graph_put(graph, graph->socks[i + 1] + back, graph->sockets[i], 8);
	}
}

/* Connections whose ends do not know each other. */
static void cut_connections(struct graph *graph)
{
	for (uint32_t i = 0; i < graph->socket_count; i++)
		graph_put(graph, graph->socks[i] + graph_offset("sock", "__sk_common.skc_num"),
			  4000 + 7 * i, 2);
}

static void a_bent_guest_is_not_believed(void **state)
{
	static const struct {
		const char *what;
		bending *bend;
		unsigned right_min;
	} cases[] = {
		{"decoys of init_task", add_decoys, 110},
		{"a task that is not in the list", unlink_a_task, 110},
		{"a list of tasks that loops", loop_the_tasks, 0},
		{"mappings that lead nowhere", point_mappings_astray, 75},
		{"a task that is rewritten", tear_a_task, 110},
		{"a time with a bit too many", flip_a_time, 108},
		{"a descriptor of no file yet", open_something, 110},
		{"more processors", borrow_spaces, 110},
		{"mounts on each other", loop_the_mounts, 105},
		{"a mount of another's root", cross_the_mounts, 98},
		{"names too long", lengthen_the_names, 60},
		{"a name without end", leave_a_name_open, 60},
		{"an inode of many names", share_an_inode, 64},
		{"a list of super blocks that is cut", cut_the_supers, 110},
		{"sockets of others", exchange_sockets, 100},
		{"connections to nobody", cut_connections, 108},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint64_t seed = 1; seed <= 6; seed++) {
			unsigned right = learn_bent(cases[i].bend, seed);

			if (right < cases[i].right_min)
				fail_msg("%s, seed %llu: %u fields", cases[i].what,
					 (unsigned long long)seed, right);
		}
}

/* Words of chance, and pointers to places of chance, in everything that the guest has. */
static void disturb(struct graph *graph, uint64_t *chance, unsigned words)
{
	uint64_t heap = graph->tasks[1] & ~(uint64_t)0xfffff, used = SYNTHETIC_HEAP_BYTES / 8;

	for (unsigned i = 0; i < words; i++) {
		uint64_t at, value;

		*chance = *chance * 6364136223846793005u + 1442695040888963407u;
		at = heap + (*chance >> 24) % used * 8;
		value = *chance;
		if (i % 3 == 1)
			value = heap + (*chance >> 40) % used * 8;
		else if (i % 3 == 2)
			value = graph->tasks[(*chance >> 40) % graph->count];
		graph_put(graph, at, value, 8);
	}
}

/* Claims may be missing or wrong; the work ends. */
static void noise_ends(void **state)
{
	struct graph graph;
	struct outcome outcome;
	uint64_t chance = 7;

	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		graph_init(&graph,
			   &(struct graph_options){.seed = seed, .mappings_in_tree = seed & 1});
		disturb(&graph, &chance, (unsigned)(50 << seed % 8));
		learn(&graph, &outcome);
		forget(&outcome);
		graph_deinit(&graph);
	}
}

static void reads_are_bounded(void **state)
{
	struct graph graph;
	struct outcome outcome;

	(void)state;
	graph_init(&graph, &(struct graph_options){.seed = 3});
	graph.kernel.reads_max = 10;
	learn(&graph, &outcome);
	assert_int_equal(infer_claims_count(outcome.claims), 0);
	forget(&outcome);
	graph_deinit(&graph);
}

/* Arguments end where the environment begins: where code tells which is the one, the other is left. */
static void what_code_tells_leaves_the_other(void **state)
{
	static const char *const members[] = {"arg_end", "env_start"};

	(void)state;
	for (unsigned told = 0; told < 2; told++)
		for (uint64_t seed = 1; seed < 4; seed++) {
			struct graph graph;
			struct outcome before, after;
			uint32_t field;

			graph_init(&graph, &(struct graph_options){.seed = seed});
			learn(&graph, &before);
			learn_told(&graph, &after, "mm_struct", members[told]);
			field = infer_fields_find(&after.fields, "mm_struct", members[!told], NULL);
			assert_int_equal(count_right(&before, field, seed), 0);
			assert_int_equal(count_right(&after, field, seed), 1);
			forget(&before);
			forget(&after);
			graph_deinit(&graph);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_is_solved),
		cmocka_unit_test(what_agrees_is_not_told_apart),
		cmocka_unit_test(a_poor_guest_misleads_nobody),
		cmocka_unit_test(a_bent_guest_is_not_believed),
		cmocka_unit_test(noise_ends),
		cmocka_unit_test(reads_are_bounded),
		cmocka_unit_test(what_code_tells_leaves_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
