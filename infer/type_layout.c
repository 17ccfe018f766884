/* SPDX-License-Identifier: MIT */
/*
 * Members of a structure lie beside each other and inside of it; only those of a union share bytes. Who
 * moves a member in a guest's BTF has to move it somewhere, and hardly any structure has room for it.
 * What it is moved to, code and objects tell: that is infer.c's.
 */
#include "infer/type_layout.h"

#include <stdlib.h>

#include "profile/vector.h"

struct extent {
	uint64_t start, end; /* bits */
	const char *name;
};

GAP_VECTOR(extents, struct extent);

#define DEPTH_MAX 4 /* of structures in structures */

static int compare_extents(const void *one, const void *two)
{
	const struct extent *a = one, *b = two;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->end > b->end) - (a->end < b->end);
}

/* False: without memory. A member that takes no room is nowhere in the way. */
static bool take_members(const struct gap_profile *profile, const struct gap_type *type,
			 struct extents *extents)
{
	extents->count = 0;
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		struct gap_type of;
		struct extent *extent;
		uint64_t bits;

		if (!gap_profile_member(profile, type->first + i, &member) ||
		    !gap_profile_type(profile, member.type, &of) ||
		    (of.flags & GAP_TYPE_SIZE_UNKNOWN))
			continue;
		bits = member.width_bits ? member.width_bits : of.size_bytes * 8;
		extent = bits ? extents_push(extents) : NULL;
		if (extent)
			*extent = (struct extent){member.offset_bits, member.offset_bits + bits,
						  member.name};
		else if (bits)
			return false;
	}
	return true;
}

static bool find_misfit(const struct gap_type *type, struct extents *extents,
			struct infer_misfit *misfit)
{
	qsort(extents->items, extents->count, sizeof(*extents->items), compare_extents);
	for (uint32_t i = 0; i < extents->count; i++) {
		const struct extent *extent = &extents->items[i];
		bool shares = i && extent->start < extent[-1].end;

		if (!shares && extent->end <= type->size_bytes * 8 && extent->end >= extent->start)
			continue;
		*misfit = (struct infer_misfit){type->name, extent->name,
						shares ? extent[-1].name : NULL};
		return true;
	}
	return false;
}

static bool is_aggregate(const struct gap_type *type)
{
	return (type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION) && type->count &&
	       !(type->flags & (GAP_TYPE_INCOMPLETE | GAP_TYPE_PARTIAL | GAP_TYPE_SIZE_UNKNOWN));
}

/* A structure, then those that lie in it. */
static bool search(const struct gap_profile *profile, gap_type_id id, unsigned depth,
		   struct infer_misfit *misfit)
{
	struct extents extents = {0};
	struct gap_member member;
	struct gap_type type;
	bool found = false;

	if (!gap_profile_type(profile, gap_profile_strip(profile, id), &type) ||
	    !is_aggregate(&type) || depth == DEPTH_MAX)
		return false;
	if (type.kind == GAP_KIND_STRUCT && take_members(profile, &type, &extents))
		found = extents.count && find_misfit(&type, &extents, misfit);
	free(extents.items);
	for (uint32_t i = 0; i < type.count && !found; i++)
		found = gap_profile_member(profile, type.first + i, &member) &&
			search(profile, member.type, depth + 1, misfit);
	return found;
}

bool infer_type_layout_misfit(const struct gap_profile *profile, const char *type,
			      struct infer_misfit *misfit)
{
	gap_type_id id;

	return !gap_profile_find_type(profile, type, &id, NULL) && search(profile, id, 0, misfit);
}
