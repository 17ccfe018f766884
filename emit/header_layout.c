/* SPDX-License-Identifier: MIT */
/*
 * Mirrors: for each selected structure one of our own with the selected members at their places, in
 * types of fixed width, so that a compiler can confirm the constants and a monitor may overlay
 * memory that it copied. Members that overlap one before them, and bit-fields, are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/c_words.h"
#include "emit/header_fields.h"

#define DIMENSIONS_MAX 8
#define MIRROR_BYTES_MAX (1u << 24)

/* One member of a mirror. */
struct mirrored {
	const struct gap_header_field *field;
	char name[160];
	const char *c_type;
	uint64_t offset_bytes, size_bytes, align_bytes;
	uint64_t dimensions[DIMENSIONS_MAX];
	unsigned dimension_count;
};

struct mirror {
	const struct gap_profile *profile;
	const char *name; /* "task_struct", or "task_struct_2" */
	struct mirrored *members;
	size_t count;
	uint64_t size_bytes;
	bool size_known, packed;
};

/* ---- choosing ---- */

static bool is_taken(const char *name)
{
	return gap_is_cxx_word(name) || gap_is_c_word(name);
}

/* The part of the constant's name that is the member's. */
static void name_member(struct mirrored *member)
{
	const char *name = member->field->name + strlen(member->field->owner) + 2;

	snprintf(member->name, sizeof(member->name), "%.150s%s", name, is_taken(name) ? "_" : "");
}

/* Arrays of scalars keep their shape; what is no scalar in the end is bytes. */
static void shape_member(const struct gap_profile *profile, struct mirrored *member)
{
	struct gap_type type = member->field->type;

	while (type.kind == GAP_KIND_ARRAY && member->dimension_count < DIMENSIONS_MAX) {
		member->dimensions[member->dimension_count++] = type.count;
		gap_profile_type(profile, gap_profile_strip(profile, type.ref), &type);
	}
	member->c_type = gap_header_scalar(&type);
	member->align_bytes = type.size_bytes;
	if (!member->c_type) {
		member->c_type = "uint8_t";
		member->align_bytes = 1;
		member->dimension_count = 1;
		member->dimensions[0] = member->size_bytes;
	} else if (strcmp(type.name, "char") == 0) {
		member->c_type = "char";
	}
}

static bool fits(const struct mirror *mirror, const struct gap_header_field *field)
{
	const struct gap_location *location = &field->selected->location;
	uint64_t offset = location->offset_bits / 8, end = 0;

	if (field->left_out || location->width_bits || location->offset_bits % 8 ||
	    location->size_bytes == 0 || location->size_bytes > MIRROR_BYTES_MAX ||
	    field->type.flags & GAP_TYPE_FLEXIBLE)
		return false;
	if (mirror->count > 0)
		end = mirror->members[mirror->count - 1].offset_bytes +
		      mirror->members[mirror->count - 1].size_bytes;
	if (offset < end || offset > MIRROR_BYTES_MAX)
		return false;
	return !mirror->size_known || offset + location->size_bytes <= mirror->size_bytes;
}

static bool name_is_used(const struct mirror *mirror, const char *name)
{
	for (size_t i = 0; i < mirror->count; i++)
		if (strcmp(mirror->members[i].name, name) == 0)
			return true;
	return false;
}

static void add_member(struct mirror *mirror, const struct gap_header_field *field)
{
	struct mirrored *member = &mirror->members[mirror->count];

	if (!fits(mirror, field))
		return;
	*member = (struct mirrored){
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
static void choose_packing(struct mirror *mirror)
{
	uint64_t strictest = 1;

	for (size_t i = 0; i < mirror->count; i++) {
		const struct mirrored *member = &mirror->members[i];

		if (member->align_bytes > strictest)
			strictest = member->align_bytes;
		mirror->packed |= member->offset_bytes % member->align_bytes != 0;
	}
	mirror->packed |= mirror->size_known && mirror->size_bytes % strictest != 0;
}

/* ---- writing ---- */

static void write_padding(FILE *stream, unsigned *number, uint64_t bytes)
{
	if (bytes > 0)
		fprintf(stream, "\tuint8_t gap_pad_%u[%llu];\n", (*number)++,
			(unsigned long long)bytes);
}

static void write_members(const struct mirror *mirror, FILE *stream)
{
	unsigned padding = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < mirror->count; i++) {
		const struct mirrored *member = &mirror->members[i];

		write_padding(stream, &padding, member->offset_bytes - at);
		fprintf(stream, "\t%s %s", member->c_type, member->name);
		for (unsigned d = 0; d < member->dimension_count; d++)
			fprintf(stream, "[%llu]", (unsigned long long)member->dimensions[d]);
		fputs(";\n", stream);
		at = member->offset_bytes + member->size_bytes;
	}
	if (mirror->size_known)
		write_padding(stream, &padding, mirror->size_bytes - at);
}

static void write_asserts(const struct mirror *mirror, FILE *stream)
{
	for (size_t i = 0; i < mirror->count; i++)
		fprintf(stream,
			"GAP_ASSERT(offsetof(struct gap_layout_%s, %s) == GAP_OFF_%s,\n"
			"\t   \"%s\");\n",
			mirror->name, mirror->members[i].name, mirror->members[i].field->name,
			mirror->members[i].field->name);
	if (mirror->size_known)
		fprintf(stream,
			"GAP_ASSERT(sizeof(struct gap_layout_%s) == GAP_SIZE_%s, \"size of "
			"%s\");\n",
			mirror->name, mirror->name, mirror->name);
}

static void write_mirror(const struct mirror *mirror, FILE *stream)
{
	if (mirror->count == 0)
		return;
	putc('\n', stream);
	if (!mirror->size_known)
		fprintf(stream,
			"/* The size of %s is not known: this ends at its last member here. */\n",
			mirror->name);
	fprintf(stream, "struct %sgap_layout_%s {\n",
		mirror->packed ? "__attribute__((packed)) " : "", mirror->name);
	write_members(mirror, stream);
	fputs("};\n", stream);
	write_asserts(mirror, stream);
}

static bool same_root(const struct gap_header_field *a, const struct gap_header_field *b)
{
	return a->selected->number == b->selected->number &&
	       strcmp(a->selected->type, b->selected->type) == 0;
}

/* Everything of one structure. */
static void write_group(const struct gap_profile *profile, const struct gap_header_field *fields,
			size_t count, FILE *stream)
{
	struct mirror mirror = {.profile = profile,
				.name = fields->owner,
				.members = calloc(count, sizeof(*mirror.members))};
	struct gap_type root;

	if (!mirror.members)
		return;
	gap_profile_type(profile, gap_profile_strip(profile, fields->selected->root), &root);
	mirror.size_bytes = root.size_bytes;
	mirror.size_known = !(root.flags & GAP_TYPE_SIZE_UNKNOWN);
	for (size_t i = 0; i < count; i++)
		add_member(&mirror, &fields[i]);
	choose_packing(&mirror);
	if (!mirror.size_known || mirror.size_bytes <= MIRROR_BYTES_MAX)
		write_mirror(&mirror, stream);
	free(mirror.members);
}

void gap_header_write_layouts(const struct gap_header_fields *fields, FILE *stream)
{
	size_t from = 0;

	fputs("\n"
	      "#ifdef __cplusplus\n"
	      "#define GAP_ASSERT(condition, text) static_assert(condition, text)\n"
	      "#else\n"
	      "#define GAP_ASSERT(condition, text) _Static_assert(condition, text)\n"
	      "#endif\n",
	      stream);
	while (from < fields->count) {
		size_t to = from + 1;

		while (to < fields->count && same_root(&fields->items[to], &fields->items[from]))
			to++;
		write_group(fields->profile, fields->items + from, to - from, stream);
		from = to;
	}
}
