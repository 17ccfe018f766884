/* SPDX-License-Identifier: MIT */
/*
 * What survey.c, survey_meet.c and survey_choose.c share: a candidate that was met, and the search
 * that it belongs to.
 */
#ifndef SEMGAP_SURVEY_PARTS_H
#define SEMGAP_SURVEY_PARTS_H

#include "runtime/surveyor.h"

#define GAP_BANNER_START "Linux version "
#define GAP_BANNERS_MAX 1024
#define GAP_BANNERS_ALL 65536
#define GAP_CODE_GOOD_MIN 4 /* pages of a sample, at least, where there is code */
#define GAP_KERNELS_MAX 64
#define GAP_HALF_BYTES (GAP_PAGE_BYTES / 2)
#define GAP_HALVES_MAX 4
/* Roots of one kernel that are told apart: more say no more. */
#define GAP_ROOTS_MAX 256

/** A banner's text, and of which architectures code lies before it: a bit for each. */
struct gap_banner {
	struct gap_paddr at;
	unsigned arches;
};

/** A root's entries of the kernel's half, under which no linear map of the image is. */
struct gap_half {
	uint8_t levels;
	unsigned char entries[GAP_HALF_BYTES];
};

/** A kernel that page tables lead to. */
struct gap_met_kernel {
	const struct gap_arch *arch;
	struct gap_space space;
	struct gap_survey met;    /* roots: of different contents */
	uint64_t banner_physical; /* one image's roots all lead there */
	const char *found_by;
	uint64_t digests[GAP_ROOTS_MAX]; /* of its roots; a hash table, 0 free */
	int has_code;                    /* what should be code is code of the architecture */
	int knows_own; /* the image has a root of its own and points to it; -1: not looked at yet */
};

struct gap_surveying {
	const struct gap_memory *memory;
	const struct gap_guest_options *options;
	const struct gap_arch *arch;
	unsigned surveys, surveyed, accepted; /* of this architecture; of all before it */
	uint64_t walks_left;                  /* steps of walks in all candidates' tables */
	/* What processes' own roots have that map of the kernel its entries alone (page-table
	 * isolation): all of them the same, which is looked at once. */
	struct gap_half unmapped[GAP_HALVES_MAX];
	unsigned unmapped_count;
	unsigned kernel_count;
	int crowded; /* there were more kernels than there is room for */
	struct gap_met_kernel kernels[GAP_KERNELS_MAX];
	/* All banners, wherever they are in memory, rising; as many as there is room for: not all. */
	struct gap_paddr all[GAP_BANNERS_ALL];
	unsigned all_count;
	/* Banners with code before them. */
	struct gap_banner coded[GAP_BANNERS_MAX];
	unsigned coded_count;
	uint64_t block; /* what was last asked for code, and of which architectures it has some */
	unsigned block_arches;
	int has_banners, no_memory;
	int searching; /* all of memory */
	int desperate; /* and nothing was met */
	/* Those that count for this architecture. */
	struct gap_paddr banners[GAP_BANNERS_MAX];
	unsigned banner_count;
	const char *way;
};

/** A run of virtual pages over a run of physical ones. */
struct gap_mapping {
	uint64_t start, end, physical;
	int executable;
};

typedef int gap_mapping_visit(void *context, const struct gap_mapping *mapping);

/** Visits the runs that the tables map in a window, neighbours joined. */
void gap_survey_mappings(struct gap_surveying *survey, const struct gap_space *space,
			 struct gap_window window, gap_mapping_visit *visit, void *context);
/** UINT64_MAX: nowhere. */
uint64_t gap_survey_physical(const struct gap_surveying *survey, const struct gap_space *space,
			     uint64_t address);
/** The whole text with its end, as linux_banner has it: the version, a build number, a newline. */
int gap_survey_is_banner(const char *text, size_t size_bytes, size_t *length);
/** A look that costs little, for pages that have no form to be known by. */
int gap_survey_maps_banner(const struct gap_surveying *survey, const struct gap_space *space);
/**
 * How many of some pages of @size_bytes of physical memory, which run at @address, are code of an
 * architecture; @seen: how many hold anything.
 */
unsigned gap_survey_code(const struct gap_memory *memory, const struct gap_arch *arch,
			 uint64_t physical, struct gap_window text, unsigned *seen);
/** Fills in what @kernel's space leads to: true when that is a kernel. */
int gap_survey_meet(struct gap_surveying *survey, struct gap_met_kernel *kernel);
/** The kernel's own root in its image: true when there is one. A process's dies with it. */
int gap_survey_own_root(struct gap_surveying *survey, const struct gap_met_kernel *kernel,
			struct gap_space *own);
/**
 * The one of those that were met that evidence is for. GAP_AMBIGUOUS: there are several that nothing
 * tells apart.
 */
enum gap_status gap_survey_choose(struct gap_surveying *survey, struct gap_met_kernel **chosen,
				  struct gap_error *error) GAP_MUST_CHECK;

#endif
