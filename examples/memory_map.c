/* SPDX-License-Identifier: MIT */
/*
 * A monitor for two flavours of one thing: the mappings of a process are a list until 763ecb035029 (6.1),
 * and in a maple tree since. Which of them a kernel has is asked where it matters.
 *     memory_map PROFILE MEMORY PID       prints "START-END" for each mapping, as /proc/PID/maps
 */
#include <stdlib.h>

#include "attach.h"

struct list_head {
	struct list_head *next, *prev;
};
struct vm_area_struct {
	unsigned long vm_start, vm_end;
};
struct vm_area_struct___list {
	struct vm_area_struct___list *vm_next;
};
struct maple_tree {
	void *ma_root;
};
struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
};
struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
};
struct mm_struct {
	struct maple_tree mm_mt;
};
struct mm_struct___list {
	struct vm_area_struct___list *mmap;
};
struct task_struct {
	int pid;
	struct list_head tasks;
	struct mm_struct *mm;
};
extern struct task_struct init_task;

#include "memory_map.gap.h"

#define MAPPINGS_MAX 100000
#define DEPTH_MAX 16

static void print_mapping(struct gap_monitor *m, struct vm_area_struct *vma)
{
	printf("%08lx-%08lx\n", GAP_READ(m, vma, vm_start), GAP_READ(m, vma, vm_end));
}

static void print_list(struct gap_monitor *m, struct mm_struct___list *mm)
{
	struct vm_area_struct___list *vma = GAP_READ(m, GAP_OPTIONAL(mm), mmap);

	for (int i = 0; vma && i < MAPPINGS_MAX; i++) {
		print_mapping(m, (struct vm_area_struct *)vma);
		vma = GAP_READ(m, GAP_OPTIONAL(vma), vm_next);
	}
}

/* The arrays of a node; its type is in the pointer to it: 1 a leaf, 2 and 3 lead to further nodes. */
struct node {
	unsigned long *pivots;
	void **slots;
	unsigned count;
	int is_leaf;
};

static struct node node_of(struct gap_monitor *m, uintptr_t entry)
{
	void *at = (void *)(entry & ~(uintptr_t)255);
	unsigned type = entry >> 3 & 15;
	struct maple_arange_64 *wide = at;
	struct maple_range_64 *range = at;
	struct node node = {.is_leaf = type == 1};

	if (type == 1 || type == 2) {
		node.pivots = GAP_ADDRESS(m, GAP_OPTIONAL(range), pivot);
		node.slots = GAP_ADDRESS(m, GAP_OPTIONAL(range), slot);
	} else if (type == 3) {
		node.pivots = GAP_ADDRESS(m, GAP_OPTIONAL(wide), pivot);
		node.slots = GAP_ADDRESS(m, GAP_OPTIONAL(wide), slot);
	}
	/* Slots follow pivots, of which there is one less. */
	node.count = (unsigned)((uintptr_t)node.slots - (uintptr_t)node.pivots) / m->pointer_bytes;
	return node;
}

static void print_tree(struct gap_monitor *m, uintptr_t entry, unsigned long max, int depth)
{
	struct node node = node_of(m, entry);
	unsigned long pivot = 0;

	for (unsigned i = 0; i <= node.count && i < 64 && pivot < max; i++) {
		uintptr_t slot = (uintptr_t)GAP_LOAD(m, GAP_INDEX(m, node.slots, i));

		pivot = i < node.count ? GAP_LOAD(m, GAP_INDEX(m, node.pivots, i)) : max;
		if (i > 0 && pivot == 0)
			pivot = max; /* the node is not full */
		if (slot && node.is_leaf)
			print_mapping(m, (struct vm_area_struct *)slot);
		else if (slot && depth < DEPTH_MAX)
			print_tree(m, slot, pivot, depth + 1);
	}
}

static void print_mappings(struct gap_monitor *m, struct mm_struct *mm)
{
	uintptr_t root;

	if (!GAP_HAS(m, struct mm_struct, mm_mt)) {
		print_list(m, (struct mm_struct___list *)mm);
		return;
	}
	root = (uintptr_t)GAP_READ(m, GAP_OPTIONAL(mm), mm_mt, ma_root);
	if ((root & 3) == 2)
		print_tree(m, root, ~0UL, 0);
	else if (root) /* a single entry is in the root itself */
		print_mapping(m, (struct vm_area_struct *)root);
}

static int print_process(struct gap_monitor *m, int pid)
{
	struct task_struct *task;
	int found = 0, status;

	gap_monitor_begin(m);
	GAP_LIST_FOR_EACH(task, m, GAP_ADDRESS(m, GAP_SYMBOL(m, init_task), tasks), tasks)
	{
		struct mm_struct *mm = GAP_READ(m, task, mm);

		if (GAP_READ(m, task, pid) != pid)
			continue;
		found = 1;
		if (mm)
			print_mappings(m, mm);
	}
	status = look_status(m);
	return status ? status : !found;
}

int main(int argc, char **argv)
{
	struct attached attached;
	int status;

	if (argc != 4) {
		fprintf(stderr, "usage: memory_map PROFILE MEMORY PID\n");
		return 2;
	}
	if (!attach(&attached, argv[1], argv[2], GAP_PLAN))
		return 2;
	status = print_process(attached.monitor, atoi(argv[3]));
	detach(&attached);
	return status;
}
