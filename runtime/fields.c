/* SPDX-License-Identifier: MIT */
/* The table of semantic fields. Which of them a view needs is the view's to say. */
#include "runtime/fields.h"

static const struct {
	const char *types, *members;
} names[GAP_FIELD_COUNT] = {
#define GAP_FIELD(id, type_names, member_names) [GAP_FIELD_##id] = {type_names, member_names},
#include "kernels/fields.def"
};

struct gap_field_request gap_field_request_of(enum gap_field_id id, int optional)
{
	return (struct gap_field_request){names[id].types, names[id].members, 0, optional};
}
