/* SPDX-License-Identifier: MIT */
/* Searching all of guest-physical memory for a text. Used only while a guest is being opened: it
 * allocates. */
#ifndef SEMGAP_SCAN_H
#define SEMGAP_SCAN_H

#include "semgap/memory.h"

/** Called for every place where the text was found; true ends the search. */
typedef int gap_scan_visit(void *context, struct gap_paddr at);

/**
 * Visits every occurrence of @needle, by rising address, in one pass. What cannot be read is passed
 * over, and so is an occurrence that two ranges share. Errors: GAP_NO_MEMORY.
 */
enum gap_status gap_memory_scan(const struct gap_memory *memory, const char *needle,
				gap_scan_visit *visit, void *context) GAP_MUST_CHECK;

/** Reads up to @capacity bytes, fewer where the page or memory ends before; returns how many. */
size_t gap_memory_read_some(const struct gap_memory *memory, struct gap_paddr address, void *buffer,
			    size_t capacity);

#endif
