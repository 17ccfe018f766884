/* SPDX-License-Identifier: MIT */
/*
 * A profile from a guest's memory alone. infer_run() meets the kernel, collects evidence, weighs it
 * and writes the image of a profile; what it found stays readable, so that others can explain it.
 */
#ifndef SEMGAP_INFER_H
#define SEMGAP_INFER_H

#include "infer/anchors.h"
#include "infer/coreinfo.h"
#include "infer/fuse.h"
#include "infer/image_copy.h"
#include "infer/kernel.h"
#include "runtime/include/semgap/survey.h"

struct infer_options {
	/* Evidence that is not to be looked at. */
	bool no_btf, no_vmcoreinfo, no_kallsyms, no_ksymtab;
	const struct gap_profile *const *priors; /* profiles of kernels that may be near */
	size_t prior_count;
	double min_confidence;
	/* May be NULL; @progress may end the work by false. */
	bool (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void (*warn)(void *context, const char *text);
	void *context;
};

#define INFER_MIN_CONFIDENCE 0.9

struct infer_result {
	struct infer_kernel kernel;
	struct gap_survey survey;
	struct gap_guest_info place;
	struct infer_image image;
	struct infer_coreinfo coreinfo;
	struct infer_symbols *symbols; /* what kernel.symbols points to */
	bool has_data_symbols;         /* kallsyms with more than code */
	const char *symbols_from;      /* in words */
	bool from_types;               /* every type came from the guest's own BTF */
	uint32_t modules;              /* of that from so many modules' */
	struct infer_anchors anchors;
	struct infer_claims *claims;
	struct infer_verdict *verdicts; /* one a field; NULL when from_types */
	void *profile;                  /* the image of the profile; free() it */
	size_t profile_bytes;
	struct gap_profile *opened; /* the same, for reading */
};

/** Errors: GAP_NOT_FOUND (no kernel was met), GAP_NO_MEMORY, GAP_CANCELLED. */
enum gap_status infer_run(struct infer_result *result, const struct gap_memory *memory,
			  const struct infer_fields *fields, const struct infer_options *options,
			  struct gap_error *error) GAP_MUST_CHECK;
void infer_result_deinit(struct infer_result *result);

#endif
