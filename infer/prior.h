/* SPDX-License-Identifier: MIT */
/*
 * A profile of a kernel that may be near this one, as soft evidence: where the members that are
 * known stand in the same order here as there, others stand between the same neighbours.
 */
#ifndef SEMGAP_INFER_PRIOR_H
#define SEMGAP_INFER_PRIOR_H

#include "infer/fuse.h"
#include "runtime/include/semgap/profile.h"

/**
 * Adds claims on fields from @prior, given what was decided without it. GAP_MISMATCH: its pointers have another width than
 * @pointer_bytes, and it says nothing; GAP_NO_MEMORY.
 */
enum gap_status infer_prior_claims(const struct gap_profile *prior, uint8_t pointer_bytes,
				   const struct infer_fields *fields,
				   const struct infer_verdict *verdicts,
				   struct infer_claims *claims) GAP_MUST_CHECK;

#endif
