/* SPDX-License-Identifier: MIT */
/* Choosing what of a structure's selected members a mirror can hold. */
#include <stdlib.h>
#include <string.h>

#include "emit/mirror.h"

/* The part of the constant's name that is the member's. */
static void name_member(struct gap_mirrored *member)
{
	const char *name = member->field->name + strlen(member->field->owner) + 2;

	snprintf(member->name, sizeof(member->name), "%.150s", name);
}

/* Arrays of scalars keep their shape; what is no scalar in the end is bytes. */
static void shape_member(const struct gap_profile *profile, struct gap_mirrored *member)
{
	struct gap_type type = member->field->type;

	while (type.kind == GAP_KIND_ARRAY && member->dimension_count < GAP_MIRROR_DIMENSIONS) {
		member->dimensions[member->dimension_count++] = type.count;
		gap_profile_type(profile, gap_profile_strip(profile, type.ref), &type);
	}
	member->is_signed = type.flags & GAP_TYPE_SIGNED;
	member->is_char = strcmp(type.name, "char") == 0;
	member->unit_bytes = gap_header_scalar(&type) ? (uint32_t)type.size_bytes : 0;
	member->align_bytes = member->unit_bytes;
	if (member->unit_bytes == 0) {
		member->is_signed = member->is_char = false;
		member->unit_bytes = 1;
		member->align_bytes = 1;
		member->dimension_count = 1;
		member->dimensions[0] = member->size_bytes;
	}
}

static bool fits(const struct gap_mirror *mirror, const struct gap_header_field *field)
{
	const struct gap_location *location = &field->selected->location;
	uint64_t offset = location->offset_bits / 8, end = 0;

	if (field->left_out || location->width_bits || location->offset_bits % 8 ||
	    location->size_bytes == 0 || location->size_bytes > GAP_MIRROR_BYTES_MAX ||
	    field->type.flags & GAP_TYPE_FLEXIBLE)
		return false;
	if (mirror->count > 0)
		end = mirror->members[mirror->count - 1].offset_bytes +
		      mirror->members[mirror->count - 1].size_bytes;
	if (offset < end || offset > GAP_MIRROR_BYTES_MAX)
		return false;
	return !mirror->size_known || offset + location->size_bytes <= mirror->size_bytes;
}

static bool name_is_used(const struct gap_mirror *mirror, const char *name)
{
	for (size_t i = 0; i < mirror->count; i++)
		if (strcmp(mirror->members[i].name, name) == 0)
			return true;
	return false;
}

static void add_member(struct gap_mirror *mirror, const struct gap_header_field *field)
{
	struct gap_mirrored *member = &mirror->members[mirror->count];

	if (!fits(mirror, field))
		return;
	*member = (struct gap_mirrored){
		.field = field,
		.offset_bytes = field->selected->location.offset_bits / 8,
		.size_bytes = field->selected->location.size_bytes,
	};
	name_member(member);
	if (name_is_used(mirror, member->name))
		return;
	shape_member(mirror->profile, member);
	mirror->count++;
}

/* Whether natural alignment already puts everything where it is. */
static void choose_packing(struct gap_mirror *mirror)
{
	uint64_t strictest = 1;

	for (size_t i = 0; i < mirror->count; i++) {
		const struct gap_mirrored *member = &mirror->members[i];

		if (member->align_bytes > strictest)
			strictest = member->align_bytes;
		mirror->packed |= member->offset_bytes % member->align_bytes != 0;
	}
	mirror->packed |= mirror->size_known && mirror->size_bytes % strictest != 0;
}

static bool same_root(const struct gap_header_field *a, const struct gap_header_field *b)
{
	return a->selected->number == b->selected->number &&
	       strcmp(a->selected->type, b->selected->type) == 0;
}

/* Everything of one structure. */
static bool visit_group(const struct gap_profile *profile, const struct gap_header_field *fields,
			size_t count, gap_mirror_function *function, void *context)
{
	struct gap_mirror mirror = {.profile = profile,
				    .name = fields->owner,
				    .members = calloc(count, sizeof(*mirror.members))};
	struct gap_type root;

	if (!mirror.members)
		return false;
	gap_profile_type(profile, gap_profile_strip(profile, fields->selected->root), &root);
	mirror.size_bytes = root.size_bytes;
	mirror.size_known = !(root.flags & GAP_TYPE_SIZE_UNKNOWN);
	for (size_t i = 0; i < count; i++)
		add_member(&mirror, &fields[i]);
	choose_packing(&mirror);
	if (mirror.count > 0 && (!mirror.size_known || mirror.size_bytes <= GAP_MIRROR_BYTES_MAX))
		function(context, &mirror);
	free(mirror.members);
	return true;
}

enum gap_status gap_mirrors_each(const struct gap_header_fields *fields,
				 gap_mirror_function *function, void *context,
				 struct gap_error *error)
{
	size_t from = 0;

	while (from < fields->count) {
		size_t to = from + 1;

		while (to < fields->count && same_root(&fields->items[to], &fields->items[from]))
			to++;
		if (!visit_group(fields->profile, fields->items + from, to - from, function,
				 context))
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		from = to;
	}
	return GAP_OK;
}
