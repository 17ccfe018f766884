/* SPDX-License-Identifier: MIT */
/* What the files of the object graph share: objects laid out by the seed, lists, and room for them. */
#ifndef SEMGAP_TESTS_OBJECT_GRAPH_PARTS_H
#define SEMGAP_TESTS_OBJECT_GRAPH_PARTS_H

#include "tests/support/object_graph.h"

#define GRAPH_PROGRAM_BYTES 0x1f2a8u /* of the file that all programs are */

/** A number of chance, as the seed has it. */
uint32_t graph_choose(uint32_t below);

/** Sets a member of at most eight bytes; fails the test when there is none of that name. */
void graph_set(struct graph *graph, uint64_t object, const char *type, const char *name,
	       uint64_t value);
void graph_set_text(struct graph *graph, uint64_t at, const char *text);
uint64_t graph_member_of(struct graph *graph, uint64_t object, const char *type, const char *name);

void graph_list_make(struct graph *graph, uint64_t head);
void graph_list_add(struct graph *graph, uint64_t head, uint64_t link);

/** Room in the heap, with a hole of chance before: distances of such objects say nothing. */
uint64_t graph_make(struct graph *graph, uint64_t size_bytes);
uint64_t graph_aligned(struct graph *graph, uint64_t size_bytes, uint64_t align);
uint64_t graph_in_image(struct graph *graph, uint64_t size_bytes);
/** A table of functions: it is only pointed to. */
uint64_t graph_operations(struct graph *graph);
/** Room for a text, in the image. */
uint64_t graph_text(struct graph *graph, const char *text);

/** Bytes that the seed's layout of @type takes. */
uint32_t graph_size(const char *type);
/** An object in a slab of its type: side by side with others, some of which were freed. */
uint64_t graph_slab(struct graph *graph, const char *type);
/** The same for objects of @size_bytes that are none of one type. */
uint64_t graph_slab_sized(struct graph *graph, const char *name, uint32_t size_bytes);

/* ---- object_graph_places.c: file systems, their mounts and open files ---- */

void graph_places_make(struct graph *graph, const struct graph_options *options);

/** Kinds of files that are opened, by number; as many as there are. */
enum graph_file {
	GRAPH_PROGRAM,
	GRAPH_CONSOLE,
	GRAPH_LOG,
	GRAPH_CONFIGURATION,
	GRAPH_PROC,
	GRAPH_PIPE,
	GRAPH_RUN,
	GRAPH_LIBRARY,
	GRAPH_FILES
};

/** An open file; @access as open(2) has it: 0 to read, 1 to write, 2 both. */
uint64_t graph_open(struct graph *graph, enum graph_file kind, uint32_t access);
/** The root and working directory of a task that is no kernel thread. */
uint64_t graph_fs(struct graph *graph, unsigned program);
uint64_t graph_mount_ns(void);

/* ---- object_graph_sockets.c ---- */

/** An open file of a new socket's inode and dentry, without private data. */
uint64_t graph_open_socket(struct graph *graph, uint64_t inode);
/** Files of sockets: listening ones, both ends of connections, datagrams and local ones; how many. */
#define GRAPH_SOCKETS 16u
uint32_t graph_sockets_make(struct graph *graph, uint64_t net_ns, int unconnected,
			    uint64_t files[GRAPH_SOCKETS]);

#endif
