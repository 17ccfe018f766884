/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical memory: which range holds an address, and bounded reads across ranges. Where
 * ranges come from is the business of the sources (memory/); what virtual addresses mean is that of
 * the architecture (arch_*.c).
 */
#include <string.h>

#include "semgap/memory.h"

/* The range that holds @address, or NULL. Compares distances, not ends: a range may end at 2^64. */
static const struct gap_memory_range *find_range(const struct gap_memory *memory, uint64_t address)
{
	size_t low = 0, high = memory->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct gap_memory_range *range = &memory->ranges[middle];

		if (address < range->start.value)
			high = middle;
		else if (address - range->start.value < range->size_bytes)
			return range;
		else
			low = middle + 1;
	}
	return NULL;
}

const void *gap_memory_at(const struct gap_memory *memory, struct gap_paddr address,
			  size_t size_bytes)
{
	const struct gap_memory_range *range = find_range(memory, address.value);
	uint64_t offset;

	if (!range || !range->data)
		return NULL;
	offset = address.value - range->start.value;
	return size_bytes <= range->size_bytes - offset ? range->data + offset : NULL;
}

/* Reads the part that lies in one range and says how long it is. */
static enum gap_status read_part(const struct gap_memory *memory, struct gap_paddr address,
				 void *buffer, size_t size_bytes, size_t *done)
{
	const struct gap_memory_range *range = find_range(memory, address.value);
	uint64_t offset;

	if (!range)
		return GAP_UNREADABLE;
	offset = address.value - range->start.value;
	*done = size_bytes;
	if (*done > range->size_bytes - offset)
		*done = (size_t)(range->size_bytes - offset);
	if (range->data) {
		memcpy(buffer, range->data + offset, *done);
		return GAP_OK;
	}
	return memory->read ? memory->read(memory->context, address, buffer, *done)
			    : GAP_UNREADABLE;
}

enum gap_status gap_memory_read(const struct gap_memory *memory, struct gap_paddr address,
				void *buffer, size_t size_bytes)
{
	unsigned char *at = buffer;

	while (size_bytes > 0) {
		enum gap_status status;
		size_t done;

		status = read_part(memory, address, at, size_bytes, &done);
		if (status)
			return status;
		at += done;
		size_bytes -= done;
		address.value += done;
		if (address.value == 0 && size_bytes > 0) /* past the end of all addresses */
			return GAP_UNREADABLE;
	}
	return GAP_OK;
}
