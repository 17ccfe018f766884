/* SPDX-License-Identifier: MIT */
/*
 * The address space of a process: its mappings as /proc/PID/maps lists them, the file it executes,
 * its command line. The mappings are in a list (until 6.1) or in a maple tree: what the profile
 * has.
 */
#ifndef SEMGAP_MAPS_H
#define SEMGAP_MAPS_H

#include "paths.h"
#include "tasks.h"
#include "walks.h"

#ifdef __cplusplus
extern "C" {
#endif

enum gap_map_known { GAP_MAP_FLAGS = 1, GAP_MAP_OFFSET = 2, GAP_MAP_PATH = 4 };

struct gap_map {
	struct gap_vaddr address; /* of the vm_area_struct */
	uint32_t known;           /* enum gap_map_known */
	uint64_t start, end;      /* user addresses; the end is the first byte behind */
	uint64_t vm_flags;        /* as the kernel has them */
	char flags[5];            /* "rwxp"; s: shared */
	uint64_t offset;          /* in the file, bytes; 0 without one */
	/** The file's path, "[heap]", "[stack]", "[vdso]", "[anon:NAME]"; "" anonymous. */
	struct gap_path_text path;
};

enum gap_maps_source { GAP_MAPS_NONE, GAP_MAPS_LIST, GAP_MAPS_RBTREE, GAP_MAPS_MAPLE };

/** Caller-owned; @status and @reason tell of the mappings since gap_maps_begin(). */
struct gap_maps {
	struct gap_guest *guest;
	struct gap_paths paths;
	struct gap_field fields[40];
	struct gap_maple_layout maple_layout;
	struct gap_rbtree_layout rbtree_layout;
	enum gap_maps_source source;
	struct gap_vaddr special_ops, gate; /* 0: not known, or not there */
	/* of the address space at hand */
	struct gap_vaddr mm, next;
	uint64_t last_end, start_brk, brk, start_stack;
	uint64_t counted, count; /* by the mm at the beginning, and by us */
	int has_heap, gate_due, has_counted;
	union {
		struct gap_maple maple;
		struct gap_rbtree rbtree;
	} walk;
	enum gap_status status;
	char reason[160];
};

/** Binds, once. GAP_NOT_FOUND: the profile lacks what mappings need; GAP_AMBIGUOUS. */
GAP_API enum gap_status gap_maps_init(struct gap_maps *maps, struct gap_guest *guest,
				      struct gap_error *error) GAP_MUST_CHECK;
/**
 * Begins the mappings of an address space, gap_task.mm, by rising address. Null, as kernel threads
 * and zombies have it, holds none.
 */
GAP_API void gap_maps_begin(struct gap_maps *maps, struct gap_vaddr mm);
/** Next mapping, or false at the end; then read maps->status. */
GAP_API int gap_maps_next(struct gap_maps *maps, struct gap_map *map);

/* ---- what it executes ---- */

/** Caller-owned. */
struct gap_process {
	struct gap_guest *guest;
	struct gap_paths paths;
	struct gap_field fields[8];
	char reason[160]; /* why the last answer is none */
};

/** Binds, once. What the profile lacks makes the answers below GAP_NOT_FOUND. */
GAP_API enum gap_status gap_process_init(struct gap_process *process, struct gap_guest *guest,
					 struct gap_error *error) GAP_MUST_CHECK;
/**
 * Path of the executable of @mm. Empty without one: @mm is null for kernel threads and zombies.
 * GAP_NOT_FOUND: unknown; GAP_PARTIAL, GAP_UNREADABLE.
 */
GAP_API enum gap_status gap_process_exe(struct gap_process *process, struct gap_vaddr mm,
					struct gap_path_text *text) GAP_MUST_CHECK;
/**
 * The bytes of /proc/PID/cmdline: arguments, each with a zero byte behind it. They lie in memory
 * that the process itself writes. GAP_PARTIAL: longer than @capacity, of which all is filled.
 * GAP_UNREADABLE: not in memory (swapped out, or never touched).
 */
GAP_API enum gap_status gap_process_cmdline(struct gap_process *process, struct gap_vaddr mm,
					    char *bytes, size_t capacity,
					    size_t *length) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
