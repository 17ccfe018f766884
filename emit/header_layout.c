/* SPDX-License-Identifier: MIT */
/*
 * Mirrors in C: in types of fixed width, so that a compiler can confirm the constants and a monitor
 * may overlay memory that it copied.
 */
#include <string.h>

#include "emit/c_words.h"
#include "emit/mirror.h"

static bool is_taken(const char *name)
{
	return gap_is_cxx_word(name) || gap_is_c_word(name);
}

static const char *c_type(const struct gap_mirrored *member)
{
	const struct gap_type number = {.kind = GAP_KIND_INT,
					.flags = member->is_signed ? GAP_TYPE_SIGNED : 0,
					.size_bytes = member->unit_bytes};

	return member->is_char && member->unit_bytes == 1 ? "char" : gap_header_scalar(&number);
}

static void write_padding(FILE *stream, unsigned *number, uint64_t bytes)
{
	if (bytes > 0)
		fprintf(stream, "\tuint8_t gap_pad_%u[%llu];\n", (*number)++,
			(unsigned long long)bytes);
}

static void write_members(const struct gap_mirror *mirror, FILE *stream)
{
	unsigned padding = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < mirror->count; i++) {
		const struct gap_mirrored *member = &mirror->members[i];

		write_padding(stream, &padding, member->offset_bytes - at);
		fprintf(stream, "\t%s %s%s", c_type(member), member->name,
			is_taken(member->name) ? "_" : "");
		for (unsigned d = 0; d < member->dimension_count; d++)
			fprintf(stream, "[%llu]", (unsigned long long)member->dimensions[d]);
		fputs(";\n", stream);
		at = member->offset_bytes + member->size_bytes;
	}
	if (mirror->size_known)
		write_padding(stream, &padding, mirror->size_bytes - at);
}

static void write_asserts(const struct gap_mirror *mirror, FILE *stream)
{
	for (size_t i = 0; i < mirror->count; i++)
		fprintf(stream,
			"GAP_ASSERT(offsetof(struct gap_layout_%s, %s%s) == GAP_OFF_%s,\n"
			"\t   \"%s\");\n",
			mirror->name, mirror->members[i].name,
			is_taken(mirror->members[i].name) ? "_" : "",
			mirror->members[i].field->name, mirror->members[i].field->name);
	if (mirror->size_known)
		fprintf(stream,
			"GAP_ASSERT(sizeof(struct gap_layout_%s) == GAP_SIZE_%s, \"size of "
			"%s\");\n",
			mirror->name, mirror->name, mirror->name);
}

static void write_mirror(void *context, const struct gap_mirror *mirror)
{
	FILE *stream = context;

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

enum gap_status gap_header_write_layouts(const struct gap_header_fields *fields, FILE *stream,
					 struct gap_error *error)
{
	fputs("\n"
	      "#ifdef __cplusplus\n"
	      "#define GAP_ASSERT(condition, text) static_assert(condition, text)\n"
	      "#else\n"
	      "#define GAP_ASSERT(condition, text) _Static_assert(condition, text)\n"
	      "#endif\n",
	      stream);
	return gap_mirrors_each(fields, write_mirror, stream, error);
}
