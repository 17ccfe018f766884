/* SPDX-License-Identifier: MIT */
/*
 * Meeting a kernel by a mark of its image: a short text at an address that the profile knows, such
 * as the beginning of its banner. Images are moved by multiples of large powers of two, so that few
 * places need to be looked at.
 */
#ifndef SEMGAP_LOCATE_H
#define SEMGAP_LOCATE_H

#include "runtime/arch.h"

struct gap_mark {
	uint64_t linked; /* its address in the profile */
	const char *text;
	size_t text_bytes;
};

/** Places that may be looked at before a search gives up: hostile memory is full of marks. */
struct gap_budget {
	uint64_t left;
};

/** Steps of which images are moved by multiples, the likeliest first; each divides the one before.
 */
#define GAP_STEP_COUNT 3
extern const uint64_t gap_steps_bytes[GAP_STEP_COUNT];

/** Called where a mark stands; true ends the search. */
typedef int gap_mark_visit(void *context, uint64_t address);

/**
 * Visits the physical addresses at which the mark stands and that differ from its linked address by
 * a multiple of the @step-th step (an index), but not of the one before.
 */
void gap_mark_each_physical(const struct gap_memory *memory, const struct gap_mark *mark,
			    unsigned step, struct gap_budget *budget, gap_mark_visit *visit,
			    void *context);

/** The same for virtual addresses in @window, through the tables of @space. */
void gap_mark_each_virtual(const struct gap_memory *memory, const struct gap_arch *arch,
			   const struct gap_space *space, struct gap_window window,
			   const struct gap_mark *mark, unsigned step, struct gap_budget *budget,
			   gap_mark_visit *visit, void *context);

/** Visits every page of memory that is not known to be zero, by its physical address. */
void gap_page_each(const struct gap_memory *memory, struct gap_budget *budget,
		   gap_mark_visit *visit, void *context);

#endif
