/* SPDX-License-Identifier: MIT */
/*
 * Members of task_struct that show in how tasks hang together: threads and their signal_struct,
 * family, kernel threads, numbers, stacks. What a task does and did is data_states.c's, what it
 * points to besides the other data_*.c's.
 */
#include "infer/data_solver.h"

#include <elf.h>
#include <stdlib.h>

#define SIGNAL_BYTES 2048u
#define THREADS_MAX 1024u /* of one process */
#define PF_FORKNOEXEC 0x40u
#define PF_KTHREAD 0x00200000u      /* the same since it came with 2.6.27 (7b34e428) */
#define STACK_END_MAGIC 0x57AC6E9Du /* uapi/linux/magic.h */
#define STACK_BYTES_MAX 65536u
#define PID_MAX (1u << 22)

/* ---- threads and signal_struct ---- */

/* A node of a list whose only other element is a head elsewhere: what thread_node is in a process
 * of one thread. More threads say nothing here. */
static int is_lone_node(struct data_solver *solver, const struct data_set *set, uint32_t index,
			uint32_t offset, void *context)
{
	uint64_t node = set->at[index] + offset, links[2] = {0};
	uint64_t head = data_word(solver, set, index, offset);

	(void)context;
	if (!data_is_kernel(solver, head) || head == node)
		return -1;
	if (head != data_word(solver, set, index, offset + solver->word))
		return 0;
	if (!data_read_word(solver, head, &links[0]) ||
	    !data_read_word(solver, head + solver->word, &links[1]))
		return -1;
	return links[0] == node && links[1] == node ? 1 : -1;
}

struct distance {
	uint32_t column; /* of the pointer that is compared */
	uint64_t value;  /* its distance from the other one */
	uint64_t max;
	bool has_value;
};

/* Is the pointer at @offset always just as far before the one of another column? */
static int is_constant_before(struct data_solver *solver, const struct data_set *set,
			      uint32_t index, uint32_t offset, void *context)
{
	struct distance *distance = context;
	uint64_t base = data_word(solver, set, index, offset);
	uint64_t far = data_word(solver, set, index, distance->column) - base;

	if (!data_is_kernel(solver, base) || far >= distance->max)
		return -1;
	if (!distance->has_value) {
		distance->value = far;
		distance->has_value = true;
	}
	return far == distance->value ? 1 : 0;
}

/* The columns that are always as far before the head; tasks themselves are none. */
static void find_before(struct data_solver *solver, const struct data_column *node,
			struct data_columns *columns, uint32_t *head)
{
	const struct data_set *tasks = &solver->tasks;

	columns->count = 0;
	for (uint32_t offset = 0; offset < tasks->end; offset += solver->word) {
		struct distance distance = {.column = node->offset, .max = SIGNAL_BYTES};
		struct data_column column;

		if (offset == node->offset || offset == node->offset + solver->word ||
		    data_set_find(tasks, data_word(solver, tasks, 1, offset)) != DATA_UNKNOWN ||
		    !data_check(solver, tasks, node->support, offset, is_constant_before, &distance,
				&column))
			continue;
		data_columns_push(columns, &column);
		*head = (uint32_t)distance.value;
	}
}

/* signal_struct holds the head of thread_node's list: the pointer that is always as far before. */
static bool find_signal(struct data_solver *solver, const struct data_column *node)
{
	struct data_columns signals;
	struct data_column column;
	uint32_t head = 0;

	find_before(solver, node, &signals, &head);
	if (signals.count != 1)
		return false;
	column = (struct data_column){head, signals.rows[0].support, signals.rows[0].dissent};
	solver->at.task_signal = signals.rows[0].offset;
	solver->at.signal_thread_head = head;
	solver->at.task_thread_node = node->offset;
	data_claim(solver, DATA_RULE_thread_node, "task_struct", "thread_node", 2 * solver->word,
		   node, solver->tasks.at[0]);
	data_claim_columns(solver, DATA_RULE_thread_node, "task_struct", "signal", solver->word,
			   &signals);
	data_claim(solver, DATA_RULE_thread_node, "signal_struct", "thread_head", 2 * solver->word,
		   &column, solver->tasks.at[0]);
	return true;
}

/* All threads of the processes that are known; a thread's owner is its leader. */
static void add_threads(struct data_solver *solver)
{
	uint32_t leaders = solver->tasks.count;

	for (uint32_t i = 0; i < leaders; i++) {
		uint64_t leader = solver->tasks.at[i];
		struct data_list list;

		data_list_walk(solver,
			       data_word(solver, &solver->tasks, i, solver->at.task_signal) +
				       solver->at.signal_thread_head,
			       THREADS_MAX, &list);
		for (uint32_t k = 0; list.closed && k < list.count; k++)
			data_set_add(solver, &solver->tasks,
				     list.at[k] - solver->at.task_thread_node, leader);
		data_list_deinit(&list);
	}
}

static void find_threads(struct data_solver *solver)
{
	struct data_columns nodes;

	for (uint32_t i = 0; i < solver->tasks.count; i++)
		solver->tasks.owner[i] = solver->tasks.at[i];
	data_search(solver, &solver->tasks, &(struct data_search){0}, is_lone_node, NULL, &nodes);
	for (uint32_t i = 0; i < nodes.count && i < DATA_COLUMNS; i++)
		if (find_signal(solver, &nodes.rows[i])) {
			add_threads(solver);
			data_set_follow(solver, &solver->signals, &solver->tasks,
					solver->at.task_signal);
			return;
		}
}

static uint32_t leaders_of(const struct data_set *tasks)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < tasks->count; i++)
		count += tasks->owner[i] == tasks->at[i];
	return count;
}

/* ---- nr_threads ---- */

/* Threads per process; @context counts them. */
static int is_thread_count(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	const uint32_t *counts = context;

	(void)solver;
	return data_u32(set, index, offset) == counts[index] ? 1 : -1;
}

/* init_task's signal_struct is made with nr_threads 1, while nobody counts who uses it: other
 * counters there are 0. */
static void solve_thread_count(struct data_solver *solver)
{
	uint32_t *counts = calloc(solver->signals.count + 1, sizeof(*counts)), signal;
	struct data_columns columns;

	if (!counts) {
		solver->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < solver->tasks.count; i++) {
		signal = data_set_find(&solver->signals, data_word(solver, &solver->tasks, i,
								   solver->at.task_signal));
		if (signal != DATA_UNKNOWN)
			counts[signal]++;
	}
	data_search(solver, &solver->signals, &(struct data_search){.step = 4, .width = 4},
		    is_thread_count, counts, &columns);
	free(counts);
	for (uint32_t i = columns.count; i-- > 0 && columns.count <= DATA_COLUMNS;)
		if (data_u32(&solver->signals, 0, columns.rows[i].offset) != 1)
			data_columns_remove(&columns, columns.rows[i].offset);
	data_claim_columns(solver, DATA_RULE_thread_count, "signal_struct", "nr_threads", 4,
			   &columns);
}

/* ---- family ---- */

static int is_task(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	(void)context;
	return data_set_find(&solver->tasks, data_word(solver, set, index, offset)) != DATA_UNKNOWN
		       ? 1
		       : -1;
}

static int is_own_leader(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	(void)context;
	return data_word(solver, set, index, offset) == set->owner[index] ? 1 : -1;
}

static uint64_t parent_of(const struct data_solver *solver, uint32_t index, uint32_t offset)
{
	return data_word(solver, &solver->tasks, index, offset);
}

/* Does the way up from each task end at init_task, the only one that is its own parent? */
static bool is_tree(struct data_solver *solver, uint32_t offset)
{
	const struct data_set *tasks = &solver->tasks;
	uint32_t lost = 0;

	if (parent_of(solver, 0, offset) != solver->init_task)
		return false;
	for (uint32_t i = 1; i < tasks->count; i++) {
		uint32_t at = i, steps = 0;

		while (at != 0 && at != DATA_UNKNOWN && steps++ < 64)
			at = data_set_find(tasks, parent_of(solver, at, offset));
		lost += at != 0;
	}
	return lost * 20 <= tasks->count;
}

/* A list whose elements are those who name us as their parent, linked through another column. */
struct kinship {
	uint32_t parent, sibling;
	uint32_t families; /* lists that are not empty */
};

static int heads_children(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	struct kinship *kin = context;
	uint64_t at = data_word(solver, set, index, offset);
	uint64_t from = set->at[index] + offset;
	uint32_t child;

	if (!data_is_kernel(solver, at))
		return -1;
	if (at == from)
		return data_word(solver, set, index, offset + solver->word) == from ? 1 : -1;
	child = data_set_around(&solver->tasks, at);
	if (child == DATA_UNKNOWN)
		return -1;
	if (kin->sibling == DATA_UNKNOWN)
		kin->sibling = (uint32_t)(at - set->at[child]);
	if (at - set->at[child] != kin->sibling ||
	    parent_of(solver, child, kin->parent) != set->at[index])
		return -1;
	kin->families++;
	return 1;
}

/* How well a list of children fits one column of parents: the best one's dissent tells which of
 * parent and real_parent it is. */
static bool find_children(struct data_solver *solver, uint32_t parent, struct data_column *children,
			  struct kinship *kin)
{
	for (uint32_t offset = 0; offset < solver->tasks.end; offset += solver->word) {
		*kin = (struct kinship){.parent = parent, .sibling = DATA_UNKNOWN};
		if (data_check(solver, &solver->tasks, 0, offset, heads_children, kin, children) &&
		    kin->families >= 2 && kin->sibling != offset)
			return true;
	}
	return false;
}

/* Each child in the list of the parent that @parent names: a full count for one column. */
static uint32_t count_listed(struct data_solver *solver, uint32_t parent, uint32_t children,
			     uint32_t sibling)
{
	uint32_t listed = 0;

	for (uint32_t i = 0; i < solver->tasks.count; i++) {
		struct data_list list;

		if (solver->tasks.owner[i] != solver->tasks.at[i])
			continue;
		data_list_walk(solver, solver->tasks.at[i] + children, solver->tasks.count, &list);
		for (uint32_t k = 0; k < list.count; k++) {
			uint32_t child = data_set_find(&solver->tasks, list.at[k] - sibling);

			listed += child != DATA_UNKNOWN &&
				  parent_of(solver, child, parent) == solver->tasks.at[i];
		}
		data_list_deinit(&list);
	}
	return listed;
}

static void claim_kinship(struct data_solver *solver, const struct data_column *children,
			  const struct kinship *kin)
{
	struct data_column sibling = {kin->sibling, kin->families, children->dissent};

	data_claim(solver, DATA_RULE_children, "task_struct", "children", 2 * solver->word,
		   children, solver->init_task);
	data_claim(solver, DATA_RULE_children, "task_struct", "sibling", 2 * solver->word, &sibling,
		   solver->init_task);
}

/* Children hang in the list of their real_parent; a debugger is the parent of another's child. */
static void solve_parents(struct data_solver *solver, const struct data_columns *parents)
{
	struct data_column children = {0};
	struct kinship kin = {0};
	uint32_t listed[2];
	int real;

	solver->at.task_parent = parents->rows[0].offset;
	if (!find_children(solver, parents->rows[0].offset, &children, &kin))
		return;
	claim_kinship(solver, &children, &kin);
	if (parents->count != 2)
		return;
	for (int i = 0; i < 2; i++)
		listed[i] =
			count_listed(solver, parents->rows[i].offset, children.offset, kin.sibling);
	if (listed[0] == listed[1]) {
		data_claim_columns(solver, DATA_RULE_parents, "task_struct", "real_parent",
				   solver->word, parents);
		data_claim_columns(solver, DATA_RULE_parents, "task_struct", "parent", solver->word,
				   parents);
		return;
	}
	real = listed[1] > listed[0];
	solver->at.task_parent = parents->rows[real].offset;
	data_claim(solver, DATA_RULE_parents, "task_struct", "real_parent", solver->word,
		   &parents->rows[real], solver->init_task);
	data_claim(solver, DATA_RULE_parents, "task_struct", "parent", solver->word,
		   &parents->rows[!real], solver->init_task);
}

static void solve_family(struct data_solver *solver)
{
	struct data_columns columns, leaders;

	data_search(solver, &solver->tasks, &(struct data_search){0}, is_own_leader, NULL,
		    &leaders);
	data_columns_remove_dissenting(&leaders);
	data_claim_columns(solver, DATA_RULE_group_leader, "task_struct", "group_leader",
			   solver->word, &leaders);
	data_search(solver, &solver->tasks, &(struct data_search){0}, is_task, NULL, &columns);
	if (columns.count > DATA_COLUMNS)
		return;
	for (uint32_t i = columns.count; i-- > 0;)
		if (!is_tree(solver, columns.rows[i].offset))
			data_columns_remove(&columns, columns.rows[i].offset);
	if (columns.count > 0)
		solve_parents(solver, &columns);
}

/* ---- who is a kernel thread ---- */

/* By descent from kthreadd: independent of flags and of mm. */
static void mark_kernel_threads(struct data_solver *solver)
{
	const struct data_set *tasks = &solver->tasks;
	uint32_t kthreadd = DATA_UNKNOWN;

	if (solver->at.task_parent == DATA_UNKNOWN)
		return;
	for (uint32_t i = 1; i < tasks->count && kthreadd == DATA_UNKNOWN; i++)
		if (memcmp(data_bytes(tasks, i) + solver->at.task_comm, "kthreadd", 9) == 0 &&
		    parent_of(solver, i, solver->at.task_parent) == solver->init_task)
			kthreadd = i;
	if (kthreadd == DATA_UNKNOWN)
		return;
	solver->kthreadd = tasks->at[kthreadd];
}

bool data_is_kernel_thread(const struct data_solver *solver, uint32_t index)
{
	uint64_t parent = parent_of(solver, index, solver->at.task_parent);

	return index == 0 || solver->tasks.at[index] == solver->kthreadd ||
	       parent == solver->kthreadd;
}

static int is_kthread_flag(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	(void)context;
	if (data_is_part_of_pointer(solver, set, index, offset))
		return -1; /* half of a pointer */
	if (!data_is_kernel_thread(solver, index))
		return data_u32(set, index, offset) & PF_KTHREAD ? -1 : 1;
	if (!(data_u32(set, index, offset) & PF_KTHREAD))
		return -1;
	/* They were forked and never executed a program. */
	return index == 0 || data_u32(set, index, offset) & PF_FORKNOEXEC ? 1 : -1;
}

static void solve_flags(struct data_solver *solver)
{
	struct data_columns columns;

	data_search(solver, &solver->tasks, &(struct data_search){.step = 4, .width = 4},
		    is_kthread_flag, NULL, &columns);
	data_columns_remove_dissenting(&columns);
	solver->at.task_flags = data_claim_columns(solver, DATA_RULE_kthread_flag, "task_struct",
						   "flags", 4, &columns);
}

/* ---- pid and tgid ---- */

static int is_small(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint32_t value = data_u32(set, index, offset);

	(void)solver;
	(void)context;
	return index == 0 ? (value == 0 ? 1 : -1) : value > 0 && value <= PID_MAX ? 1 : -1;
}

struct numbered {
	uint64_t owner;
	uint32_t number;
};

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->owner > y->owner) - (x->owner < y->owner);
}

/* How many tasks share their number with one of another process, or (@threads) of any. */
static uint32_t count_shared(struct data_solver *solver, uint32_t offset, bool threads)
{
	const struct data_set *tasks = &solver->tasks;
	struct numbered *sorted = calloc(tasks->count + 1, sizeof(*sorted));
	uint32_t shared = 0;

	if (!sorted) {
		solver->no_memory = true;
		return tasks->count;
	}
	for (uint32_t i = 0; i < tasks->count; i++)
		sorted[i] = (struct numbered){tasks->owner[i], data_u32(tasks, i, offset)};
	qsort(sorted, tasks->count, sizeof(*sorted), compare_numbered);
	for (uint32_t i = 1; i < tasks->count; i++)
		shared += sorted[i].number == sorted[i - 1].number &&
			  (threads || sorted[i].owner != sorted[i - 1].owner);
	free(sorted);
	return shared;
}

/* Threads whose number is their leader's. */
static uint32_t count_as_leader(const struct data_set *tasks, uint32_t offset)
{
	uint32_t same = 0;

	for (uint32_t i = 0; i < tasks->count; i++) {
		uint32_t leader = data_set_find(tasks, tasks->owner[i]);

		same += tasks->owner[i] != tasks->at[i] && leader != DATA_UNKNOWN &&
			data_u32(tasks, i, offset) == data_u32(tasks, leader, offset);
	}
	return same;
}

static bool kthreadd_is_2(const struct data_solver *solver, uint32_t offset)
{
	uint32_t index = data_set_find(&solver->tasks, solver->kthreadd);

	return index == DATA_UNKNOWN || data_u32(&solver->tasks, index, offset) == 2;
}

static bool are_distinct(struct data_solver *solver, const struct data_column *column)
{
	return kthreadd_is_2(solver, column->offset) &&
	       count_shared(solver, column->offset, false) <= solver->tasks.count / 50;
}

static bool are_equal(const struct data_set *tasks, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < tasks->count; i++)
		if (data_u32(tasks, i, a) != data_u32(tasks, i, b))
			return false;
	return true;
}

/* Where no process has a second thread, pid and tgid are the same everywhere: what has no such twin
 * is neither. */
static void keep_twins(const struct data_set *tasks, struct data_columns *columns)
{
	struct data_columns kept = {0};

	for (uint32_t a = 0; a < columns->count && columns->count <= DATA_COLUMNS; a++)
		for (uint32_t b = 0; b < columns->count; b++)
			if (a != b &&
			    are_equal(tasks, columns->rows[a].offset, columns->rows[b].offset)) {
				data_columns_push(&kept, &columns->rows[a]);
				break;
			}
	if (kept.count >= 2)
		*columns = kept;
}

static void solve_pids(struct data_solver *solver)
{
	const struct data_set *tasks = &solver->tasks;
	uint32_t threads = tasks->count - leaders_of(tasks);
	struct data_columns pids = {0}, tgids = {0};

	for (uint32_t offset = 0; offset + 4 <= tasks->end; offset += 4) {
		struct data_column column;

		if (!data_check(solver, tasks, 0, offset, is_small, NULL, &column) ||
		    !are_distinct(solver, &column))
			continue;
		if (count_shared(solver, offset, true) <= tasks->count / 50 &&
		    count_as_leader(tasks, offset) * 2 <= threads)
			data_columns_push(&pids, &column);
		if (count_as_leader(tasks, offset) * 2 >= threads)
			data_columns_push(&tgids, &column);
	}
	if (threads == 0) {
		keep_twins(tasks, &pids);
		keep_twins(tasks, &tgids);
	}
	solver->at.task_pid =
		data_claim_columns(solver, DATA_RULE_pid, "task_struct", "pid", 4, &pids);
	data_claim_columns(solver, DATA_RULE_tgid, "task_struct", "tgid", 4, &tgids);
	/* Any of them is as good for now: struct pid may tell more. */
	if (solver->at.task_pid == DATA_UNKNOWN && pids.count > 0 && pids.count <= DATA_COLUMNS) {
		solver->at.task_pid = pids.rows[0].offset;
		solver->pid_columns = pids;
	}
}

/* ---- stacks ---- */

static int is_stack(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint64_t stack = data_word(solver, set, index, offset);
	uint32_t magic[64];

	(void)context;
	if (stack == 0)
		return 0; /* a zombie's may be gone */
	if (stack % 4096 || !data_is_kernel(solver, stack) ||
	    !data_read(solver, stack, magic, sizeof(magic)))
		return -1;
	/* At the end that grows down; above thread_info, where that lies there. */
	for (uint32_t i = 0; i < 64; i++)
		if (magic[i] == STACK_END_MAGIC)
			return 1;
	return -1;
}

static int is_in_own_stack(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	uint64_t stack = data_word(solver, set, index, solver->at.task_stack);
	uint64_t sp = data_word(solver, set, index, offset);
	uint32_t size = *(const uint32_t *)context;

	if (!stack || index == 0)
		return 0;
	return sp % solver->word == 0 && sp - stack < size ? 1 : -1;
}

/* The least distance of two stacks bounds their size, a power of two. */
static uint32_t stack_bytes(const struct data_solver *solver)
{
	uint64_t least = STACK_BYTES_MAX;
	uint32_t size = 4096;

	for (uint32_t i = 0; i < solver->tasks.count; i++)
		for (uint32_t k = 0; k < solver->tasks.count; k++) {
			uint64_t far = data_word(solver, &solver->tasks, i, solver->at.task_stack) -
				       data_word(solver, &solver->tasks, k, solver->at.task_stack);

			if (far && far < least)
				least = far;
		}
	while (size * 2 <= least)
		size *= 2;
	return size;
}

/* A saved stack pointer is followed, within a few words, by where the switch returns to. */
static bool returns_to_text(struct data_solver *solver, uint32_t offset)
{
	uint32_t good = 0, seen = 0;

	for (uint32_t i = 1; i < solver->tasks.count && seen < 32; i++) {
		uint64_t sp = data_word(solver, &solver->tasks, i, offset), words[10] = {0};
		bool found = false;

		if (!sp || !data_read(solver, sp, words, 10 * solver->word))
			continue;
		seen++;
		for (uint32_t k = 0; k < 10; k++) {
			uint64_t value = 0;

			memcpy(&value, (char *)words + k * solver->word, solver->word);
			found |= value >= solver->kernel->text.start &&
				 value < solver->kernel->text.end;
		}
		good += found;
	}
	return good * 10 >= seen * 9;
}

static void solve_stacks(struct data_solver *solver)
{
	struct data_columns columns;
	uint32_t size;

	data_search(solver, &solver->tasks, &(struct data_search){0}, is_stack, NULL, &columns);
	solver->at.task_stack = data_claim_columns(solver, DATA_RULE_stack, "task_struct", "stack",
						   solver->word, &columns);
	if (solver->at.task_stack == DATA_UNKNOWN)
		return;
	if (solver->kernel->machine == EM_AARCH64) { /* it has thread.cpu_context instead */
		data_claim_absent(solver, DATA_RULE_architecture, "task_struct", "thread.sp",
				  solver->tasks.count);
		return;
	}
	size = stack_bytes(solver);
	data_search(solver, &solver->tasks, &(struct data_search){0}, is_in_own_stack, &size,
		    &columns);
	data_columns_remove(&columns, solver->at.task_stack);
	if (columns.count > DATA_COLUMNS)
		return;
	for (uint32_t i = columns.count; i-- > 0;)
		if (!returns_to_text(solver, columns.rows[i].offset))
			data_columns_remove(&columns, columns.rows[i].offset);
	data_claim_columns(solver, DATA_RULE_saved_sp, "task_struct", "thread.sp", solver->word,
			   &columns);
}

void data_solve_tasks(struct data_solver *solver)
{
	data_set_bound(solver, &solver->tasks);
	find_threads(solver);
	data_set_bound(solver, &solver->tasks);
	solve_thread_count(solver);
	solve_family(solver);
	mark_kernel_threads(solver);
	solve_pids(solver);
	solve_stacks(solver);
	if (solver->kthreadd)
		solve_flags(solver);
}
