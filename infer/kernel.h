/* SPDX-License-Identifier: MIT */
/*
 * The kernel that was found in memory: how to read it, where its parts are, what its symbols are
 * called. Every kind of evidence is handed this and adds claims.
 */
#ifndef SEMGAP_INFER_KERNEL_H
#define SEMGAP_INFER_KERNEL_H

#include "infer/claims.h"
#include "infer/field_list.h"
#include "infer/symbols.h"
#include "runtime/include/semgap/guest.h"

struct infer_window {
	uint64_t start, end; /* virtual */
};

struct infer_kernel {
	const struct gap_memory *memory;
	struct gap_guest
		*guest;   /* reads kernel virtual memory through the tables that the CPU uses */
	uint16_t machine; /* ELF */
	uint8_t pointer_bytes;
	struct infer_window text, image; /* kernel text; the whole image. start == end: unknown */
	struct infer_window direct_map;  /* where physical memory is mapped linearly */
	const struct infer_symbols *symbols; /* empty when none were learnt */
	/* The types that the kernel has of itself and that evidence is to try; NULL: none are tried. */
	const struct gap_profile *tried;
	/* Bounds on work, for live and hostile guests. */
	uint64_t reads_max;
};

/**
 * One kind of evidence. Adds to @claims whatever it can say about @fields; finding nothing is
 * GAP_OK. A claim on a field that is not asked for is not made. Errors: GAP_NO_MEMORY only: what
 * is broken in the guest is no error of ours.
 */
typedef enum gap_status infer_evidence(struct infer_kernel *kernel,
				       const struct infer_fields *fields,
				       struct infer_claims *claims, struct gap_error *error);

infer_evidence infer_code_evidence; /* code.c: functions that we know by name, interpreted */
infer_evidence infer_data_evidence; /* data.c: live objects, solved for; may read code's claims */

#endif
