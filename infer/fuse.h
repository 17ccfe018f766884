/* SPDX-License-Identifier: MIT */
/*
 * Weighing claims: for each field what is most likely, how likely, and what else was claimed. One
 * class of witnesses has one vote, and none is sure alone.
 */
#ifndef SEMGAP_INFER_FUSE_H
#define SEMGAP_INFER_FUSE_H

#include "infer/claims.h"
#include "infer/field_list.h"

struct infer_verdict {
	enum { INFER_ABSTAINED, INFER_CLAIMED, INFER_ABSENT } answer;
	uint8_t name_index;
	bool named; /* a witness told which of the names it is */
	uint32_t offset_bits, width_bits;
	double confidence; /* of the best candidate, also where it was abstained from */
	bool has_best, best_absent;
	bool has_runner_up, runner_up_absent;
	uint32_t runner_up_bits;
	uint32_t classes;   /* that agree with the best */
	uint32_t conflicts; /* that say otherwise */
	const char *why;    /* why it was abstained from; NULL: it was not */
};

/** What the claim's class counts for its field, in hundredths of a nat: as counted, or where it was
 * never met, what the claim itself says. */
int32_t infer_fuse_weight(const struct infer_fields *fields, const struct infer_claims *claims,
			  const struct infer_claim *claim);

/**
 * Fills in @verdicts, one for each field. GAP_NO_MEMORY.
 */
enum gap_status infer_fuse(const struct infer_fields *fields, const struct infer_claims *claims,
			   double min_confidence, struct infer_verdict *verdicts) GAP_MUST_CHECK;

#endif
