/* SPDX-License-Identifier: MIT */
/*
 * VMCOREINFO: a page of text that a kernel leaves in its memory for those who read its dumps. The
 * guest can write it, and copies of earlier kernels may lie about: each is a hint that must be
 * confirmed.
 */
#ifndef SEMGAP_VMCOREINFO_H
#define SEMGAP_VMCOREINFO_H

#include "runtime/arch.h"

#define GAP_VMCOREINFO_BYTES 4096 /* the kernel's own bound, VMCOREINFO_BYTES */

/** What a kernel says of itself. */
struct gap_vmcoreinfo {
	char release[80];
	uint64_t root_symbol; /* virtual address of the kernel's page-table root */
	uint64_t phys_base;   /* x86-64; may wrap: the kernel prints it as a signed number */
	uint64_t voffset;     /* arm64: virtual less physical addresses of the image */
	uint64_t slide;
	uint8_t has_voffset, has_slide;
	uint64_t encryption_mask;
	struct gap_paging paging; /* zero members: not told */
	uint8_t build_id_bytes;
	uint8_t build_id[64];
};

/** Parses one text, which begins with "OSRELEASE=". False when it does not lead to page tables. */
int gap_vmcoreinfo_parse(const char *text, size_t size_bytes, struct gap_vmcoreinfo *info);

/** Called for every text that parses; true ends the search. */
typedef int gap_vmcoreinfo_visit(void *context, const struct gap_vmcoreinfo *info);

/** Visits every VMCOREINFO in memory, in one pass. Errors: GAP_NO_MEMORY. */
enum gap_status gap_vmcoreinfo_each(const struct gap_memory *memory, gap_vmcoreinfo_visit *visit,
				    void *context) GAP_MUST_CHECK;

#endif
