/* SPDX-License-Identifier: MIT */
/*
 * Holding a profile against the memory of its guest: what is so in every running kernel must be so
 * through the profile's offsets. BTF that the guest has forged fails here, where it lies about a
 * field that an anchor needs.
 */
#ifndef SEMGAP_INFER_ANCHORS_H
#define SEMGAP_INFER_ANCHORS_H

#include <stdbool.h>

#include "runtime/include/semgap/guest.h"

struct infer_anchor {
	const char *symbol, *path, *test, *argument;
	enum { INFER_ANCHOR_SILENT, INFER_ANCHOR_AGREES, INFER_ANCHOR_DISAGREES } outcome;
};

struct infer_anchors {
	struct infer_anchor *rows;
	unsigned count, agree, disagree;
};

/** Tries all of kernels/anchors.def. @guest reads, @profile tells offsets and (slid by @slide)
 * symbols. GAP_NO_MEMORY. */
enum gap_status infer_anchors_check(struct infer_anchors *anchors, struct gap_guest *guest,
				    const struct gap_profile *profile, uint64_t slide,
				    struct gap_error *error) GAP_MUST_CHECK;
void infer_anchors_deinit(struct infer_anchors *anchors);

#endif
