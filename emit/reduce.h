/* SPDX-License-Identifier: MIT */
/*
 * A profile reduced to a selection: the structures that were asked for, with the members that were
 * asked for, at their real offsets and with their real sizes.
 */
#ifndef SEMGAP_EMIT_REDUCE_H
#define SEMGAP_EMIT_REDUCE_H

#include "emit/selection.h"
#include "profile/builder.h"

enum gap_reduction {
	GAP_REDUCE_NAMED, /* for readers: base types and enums keep their names, rows their
			     provenance */
	GAP_REDUCE_LEAN   /* for a monitor: sizes, offsets and signs, nothing that costs bytes */
};

enum gap_status gap_reduce(const struct gap_profile *profile, const struct gap_selection *selection,
			   enum gap_reduction reduction, struct gap_builder *builder,
			   struct gap_error *error) GAP_MUST_CHECK;

/** A named reduction, opened: for formats that write whole profiles. */
struct gap_reduced {
	void *image;
	struct gap_profile *profile;
};
enum gap_status gap_reduced_open(const struct gap_profile *profile,
				 const struct gap_selection *selection, struct gap_reduced *reduced,
				 struct gap_error *error) GAP_MUST_CHECK;
void gap_reduced_close(struct gap_reduced *reduced);

#endif
