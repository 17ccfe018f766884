/* SPDX-License-Identifier: MIT */
/* What a monitor wants, as the plan that its header holds and that the runtime binds. */
#ifndef SEMGAP_EMIT_WANTS_H
#define SEMGAP_EMIT_WANTS_H

#include "profile/wanted.h"

/** A plan with its own strings. */
struct gap_wants {
	struct gap_plan plan;
	struct gap_want *wants;
	char **texts; /* three for each want: name, member, use */
};

enum gap_status gap_wants_init(struct gap_wants *wants, const struct gap_wanted *wanted,
			       struct gap_error *error) GAP_MUST_CHECK;
void gap_wants_deinit(struct gap_wants *wants);

/** Names of the profile that are near to one that is not in it: "a, b", or "" when none is. */
#define GAP_NEAR_BYTES 256
void gap_near_members(const struct gap_profile *profile, gap_type_id aggregate, const char *name,
		      char near[GAP_NEAR_BYTES]);
void gap_near_names(const struct gap_profile *profile, enum gap_table table, const char *name,
		    char near[GAP_NEAR_BYTES]);

#endif
