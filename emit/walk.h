/* SPDX-License-Identifier: MIT */
/*
 * The members of an aggregate as C sees them: those of its anonymous members among them, at their
 * offsets from the outermost start.
 */
#ifndef SEMGAP_EMIT_WALK_H
#define SEMGAP_EMIT_WALK_H

#include <stdbool.h>

#include "runtime/include/semgap/profile.h"

struct gap_seen_member {
	struct gap_member member; /* its offset_bits count from the outermost aggregate */
	uint32_t row;
};

/** Returns true to go on. */
typedef bool gap_member_function(void *context, const struct gap_seen_member *seen);

/** Calls @function for each named member of @aggregate. Bounded, whatever the image says. */
void gap_members_each(const struct gap_profile *profile, gap_type_id aggregate,
		      gap_member_function *function, void *context);

bool gap_type_is_aggregate(const struct gap_type *type);

#endif
