/* SPDX-License-Identifier: MIT */
/*
 * --format python: the constants of the C header as a Python module; with a selection also
 * ctypes mirrors (LittleEndianStructure), whose sizes and offsets are asserted on import.
 */
#include <inttypes.h>
#include <string.h>

#include "emit/collect.h"
#include "emit/formats.h"
#include "emit/header_text.h"
#include "emit/mirror.h"

/* ---- constants ---- */

static void write_constant(const struct gap_constant *constant, const char *name, FILE *stream)
{
	static const char *const prefixes[] = {"SIZE", "OFF", "BITS", "SYM", "ENUM"};

	if (constant->group == GAP_CONSTANT_BITS) {
		fprintf(stream, "GAP_BITS_%s_OFFSET = %" PRIu64 "\n", name, constant->value);
		fprintf(stream, "GAP_BITS_%s_WIDTH = %" PRIu32 "\n", name, constant->width_bits);
	} else if (constant->group == GAP_CONSTANT_SYMBOL) {
		fprintf(stream, "GAP_SYM_%s = 0x%" PRIx64 "\n", name, constant->value);
	} else if (constant->is_signed) {
		fprintf(stream, "GAP_%s_%s = %" PRId64 "\n", prefixes[constant->group], name,
			(int64_t)constant->value);
	} else {
		fprintf(stream, "GAP_%s_%s = %" PRIu64 "\n", prefixes[constant->group], name,
			constant->value);
	}
}

/* ---- mirrors ---- */

/* Members are attributes: any name does, but for keywords one would have to write getattr(). */
static const char *behind_name(const char *name)
{
	static const char *const words[] = {
		"and",      "as",       "assert", "async", "await",  "break",  "class",
		"continue", "def",      "del",    "elif",  "else",   "except", "finally",
		"for",      "from",     "global", "if",    "import", "in",     "is",
		"lambda",   "nonlocal", "not",    "or",    "pass",   "raise",  "return",
		"try",      "while",    "with",   "yield", "None",   "True",   "False",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			return "_";
	return "";
}

static void write_type(FILE *stream, const struct gap_mirrored *member)
{
	fprintf(stream, "_ctypes.c_%sint%u", member->is_signed ? "" : "u", 8 * member->unit_bytes);
	for (unsigned d = member->dimension_count; d > 0; d--)
		fprintf(stream, " * %" PRIu64, member->dimensions[d - 1]);
}

static void write_padding(FILE *stream, unsigned *number, uint64_t bytes)
{
	if (bytes > 0)
		fprintf(stream, "        (\"gap_pad_%u\", _ctypes.c_uint8 * %" PRIu64 "),\n",
			(*number)++, bytes);
}

static void write_members(FILE *stream, const struct gap_mirror *mirror)
{
	unsigned padding = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < mirror->count; i++) {
		const struct gap_mirrored *member = &mirror->members[i];

		write_padding(stream, &padding, member->offset_bytes - at);
		fprintf(stream, "        (\"%s%s\", ", member->name, behind_name(member->name));
		if (member->is_char && member->unit_bytes == 1 && member->dimension_count == 1)
			fprintf(stream, "_ctypes.c_char * %" PRIu64, member->dimensions[0]);
		else
			write_type(stream, member);
		fputs("),\n", stream);
		at = member->offset_bytes + member->size_bytes;
	}
	if (mirror->size_known)
		write_padding(stream, &padding, mirror->size_bytes - at);
}

static void write_mirror(void *context, const struct gap_mirror *mirror)
{
	FILE *stream = context;

	fprintf(stream, "\n\nclass gap_layout_%s(_ctypes.LittleEndianStructure):\n", mirror->name);
	if (!mirror->size_known)
		fputs("    \"\"\"Its size is not known: it ends at its last member here.\"\"\"\n",
		      stream);
	fputs("    _pack_ = 1\n    _fields_ = [\n", stream);
	write_members(stream, mirror);
	fputs("    ]\n\n\n", stream);
	if (mirror->size_known)
		fprintf(stream, "assert _ctypes.sizeof(gap_layout_%s) == GAP_SIZE_%s\n",
			mirror->name, mirror->name);
	for (size_t i = 0; i < mirror->count; i++)
		fprintf(stream, "assert gap_layout_%s.%s%s.offset == GAP_OFF_%s\n", mirror->name,
			mirror->members[i].name, behind_name(mirror->members[i].name),
			mirror->members[i].field->name);
}

/* ---- the file ---- */

static void write_begin(FILE *stream, const struct gap_profile *profile)
{
	struct gap_target target;

	gap_profile_target(profile, &target);
	fputs("\"\"\"Constants of one kernel build, written by semgap.\n\nrelease:  ", stream);
	gap_header_safe(stream, target.release, strlen(target.release));
	fputs("\nbuild-id: ", stream);
	gap_header_digits(stream, &target);
	fputs("\n\n"
	      "GAP_OFF_ are bytes, GAP_BITS_ bits counted from the least significant bit of the "
	      "first byte;\n"
	      "GAP_SYM_ are addresses as linked, before any KASLR slide.\n"
	      "\"\"\"\nimport ctypes as _ctypes\n\nGAP_TARGET_RELEASE = \"",
	      stream);
	gap_header_safe(stream, target.release, strlen(target.release));
	fputs("\"\nGAP_TARGET_BUILD_ID = \"", stream);
	gap_header_digits(stream, &target);
	fprintf(stream, "\"\nGAP_TARGET_POINTER_BYTES = %u\n", target.pointer_bytes);
	fprintf(stream, "GAP_TARGET_MACHINE = %u  # ELF: %s\n", target.machine,
		gap_machine_name(target.machine));
}

enum gap_status gap_emit_python(const struct gap_profile *profile,
				const struct gap_selection *selection,
				const struct gap_emit_options *options, FILE *stream,
				struct gap_error *error)
{
	struct gap_collected collected;
	enum gap_status status =
		gap_collect(&collected, "python", profile, selection, options, error);

	if (status)
		return status;
	write_begin(stream, profile);
	gap_constants_each(&collected.constants, "#", write_constant, stream);
	status = gap_mirrors_each(&collected.fields, write_mirror, stream, error);
	gap_collected_deinit(&collected);
	return status;
}
