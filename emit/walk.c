/* SPDX-License-Identifier: MIT */
/* Walking the members of an aggregate through its anonymous ones, within bounds. */
#include "emit/walk.h"

/* A type may be built to be slow: n levels of two anonymous members each hold 2ⁿ members. */
#define DEPTH_MAX 64
#define STEPS_MAX 65536

struct walk {
	const struct gap_profile *profile;
	gap_member_function *function;
	void *context;
	uint32_t steps;
	bool stopped;
};

bool gap_type_is_aggregate(const struct gap_type *type)
{
	return type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION;
}

static void walk_aggregate(struct walk *walk, gap_type_id id, uint64_t base_bits, unsigned depth)
{
	struct gap_type type;

	if (depth > DEPTH_MAX || !gap_profile_type(walk->profile, id, &type) ||
	    !gap_type_is_aggregate(&type))
		return;
	for (uint32_t i = 0; i < type.count && !walk->stopped; i++) {
		struct gap_seen_member seen = {.row = type.first + i};

		if (walk->steps++ >= STEPS_MAX ||
		    !gap_profile_member(walk->profile, seen.row, &seen.member)) {
			walk->stopped = true;
			return;
		}
		seen.member.offset_bits += base_bits;
		if (*seen.member.name)
			walk->stopped = !walk->function(walk->context, &seen);
		else
			walk_aggregate(walk, gap_profile_strip(walk->profile, seen.member.type),
				       seen.member.offset_bits, depth + 1);
	}
}

void gap_members_each(const struct gap_profile *profile, gap_type_id aggregate,
		      gap_member_function *function, void *context)
{
	struct walk walk = {.profile = profile, .function = function, .context = context};

	walk_aggregate(&walk, gap_profile_strip(profile, aggregate), 0, 0);
}
