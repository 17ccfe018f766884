/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects as evidence from data meets them, whose members lie in an order that a seed
 * chooses: tasks in their lists and trees, what they point to, and the memory of their programs.
 * Made in the synthetic guest's image and heap; its own init_task, which leads to no tasks, is a
 * decoy beside.
 */
#ifndef SEMGAP_TESTS_OBJECT_GRAPH_H
#define SEMGAP_TESTS_OBJECT_GRAPH_H

#include "infer/kernel.h"
#include "tests/support/synthetic.h"

#define GRAPH_PROGRAMS 12u
#define GRAPH_KERNEL_THREADS 10u
#define GRAPH_TASKS_MAX 32u
#define GRAPH_SOME 128u

/** What a test wants otherwise; zeroed: none of it. */
struct graph_options {
	uint64_t seed;
	int mappings_in_tree; /* else in a list */
	int quiet;            /* nobody traces, has threads or other ids, or is dead */
	/**
	 * Quiet, with few tasks that are all of one program: 1 with nothing but the console open,
	 * 2 libraries as well, 3 and other files, 4 and sockets that are not connected.
	 */
	int poor;
};

struct graph {
	struct synthetic guest;
	struct gap_guest *opened;
	struct infer_kernel kernel;
	struct infer_symbols *symbols; /* empty */
	uint64_t tasks[GRAPH_TASKS_MAX];
	uint32_t count;
	uint64_t init_task, kthreadd, user_ns;
	/* Some of the others, in the order in which they were made. */
	uint64_t dentries[GRAPH_SOME], inodes[GRAPH_SOME], supers[GRAPH_SOME], mounts[GRAPH_SOME],
		files[GRAPH_SOME], sockets[GRAPH_SOME], socks[GRAPH_SOME];
	uint32_t dentry_count, inode_count, super_count, mount_count, file_count, socket_count;
};

void graph_init(struct graph *graph, const struct graph_options *options);
void graph_deinit(struct graph *graph);

/** Where the seed put a member; fails the test when there is none of that name. */
uint32_t graph_offset(const char *type, const char *member);
/** False when the graph has no such member. */
int graph_has(const char *type, const char *member);

/** The members as the seed has laid them out, those of a type one after the other; false past the last. */
struct graph_member {
	const char *type, *name; /* a name may have a dot, or be none of C's */
	uint32_t offset, size_bytes;
};
int graph_member_at(size_t index, struct graph_member *member);

/** Members of objects, in the image or in the heap. */
void graph_put(struct graph *graph, uint64_t at, uint64_t value, unsigned size_bytes);
uint64_t graph_get(struct graph *graph, uint64_t at, unsigned size_bytes);

#endif
