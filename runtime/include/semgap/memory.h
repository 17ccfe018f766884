/* SPDX-License-Identifier: MIT */
/*
 * Guest memory as a runtime sees it: physical ranges, mapped or read through a function. The
 * sources that fill this in (raw files, dumps, live guests) are another library, libsemgap-source.
 */
#ifndef SEMGAP_MEMORY_H
#define SEMGAP_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A guest virtual and a guest physical address: distinct types, so that one cannot pass for the
 * other. */
struct gap_vaddr {
	uint64_t value;
};
struct gap_paddr {
	uint64_t value;
};

/** One run of guest-physical memory. @data is NULL when it is not mapped. */
struct gap_memory_range {
	struct gap_paddr start;
	uint64_t size_bytes;
	const unsigned char *data;
};

/**
 * Guest-physical memory. @ranges are sorted by start and do not overlap. @read serves the ranges
 * whose data is NULL (it may be NULL when there are none); it returns GAP_UNREADABLE for what is
 * not there, and is called from whatever thread reads the guest. Mapped memory of a live guest
 * changes under the reader.
 *
 * @zero_bytes (may be NULL) says how many bytes from @address on are zero without anyone looking,
 * as in a hole of a sparse file; 0 when that is not known. It keeps searches from filling the host
 * with pages the guest never used.
 */
struct gap_memory {
	const struct gap_memory_range *ranges;
	size_t range_count;
	enum gap_status (*read)(void *context, struct gap_paddr address, void *buffer,
				size_t size_bytes);
	uint64_t (*zero_bytes)(void *context, struct gap_paddr address);
	void *context;
};

/** Reads physical memory across ranges. GAP_UNREADABLE when any byte is not there; @buffer is then
 * undefined. */
GAP_API enum gap_status gap_memory_read(const struct gap_memory *memory, struct gap_paddr address,
					void *buffer, size_t size_bytes) GAP_MUST_CHECK;

/** Pointer to mapped physical memory, or NULL when [address, address + size) is not inside one
 * mapped range. */
GAP_API const void *gap_memory_at(const struct gap_memory *memory, struct gap_paddr address,
				  size_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
