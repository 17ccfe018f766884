/* SPDX-License-Identifier: MIT */
/*
 * Another process's memory: how an address of it is backed, files that it maps, and reading what
 * has no file. Needs the right to trace it (the same user and ptrace_scope 0, or CAP_SYS_PTRACE).
 */
#ifndef SEMGAP_PROCESS_H
#define SEMGAP_PROCESS_H

#include <sys/types.h>

#include "semgap/memory.h"

/** What is mapped from an address on. */
struct gap_process_mapping {
	uint64_t start, end; /* of the mapping; parts that continue each other are one */
	uint64_t offset;     /* in the file, of @start */
	uint64_t inode;      /* 0: no file */
	unsigned device_major, device_minor;
	int is_shared;
	char path[1024]; /* as the process sees it */
};

/** Finds what is mapped at an address. GAP_NOT_FOUND: nothing; GAP_IO: no permission, no process.
 */
enum gap_status gap_process_mapping_find(pid_t pid, uint64_t address,
					 struct gap_process_mapping *mapping,
					 struct gap_error *error);

/** A descriptor of the mapping's file, proved to be that file; -1 when it cannot be opened. */
int gap_process_open_file(pid_t pid, const struct gap_process_mapping *mapping);

/** Reads exactly @size_bytes. GAP_UNREADABLE. */
enum gap_status gap_process_read(pid_t pid, uint64_t address, void *buffer, size_t size_bytes);

/** Descriptor of the process's page map, or -1. */
int gap_process_open_page_map(pid_t pid);
/** How many bytes from @address on were never touched, of anonymous memory; at most @left. */
uint64_t gap_process_untouched_bytes(int page_map, uint64_t address, uint64_t left);

#endif
