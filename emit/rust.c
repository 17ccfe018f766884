/* SPDX-License-Identifier: MIT */
/*
 * --format rust: the constants of the C header as a Rust module without dependencies; with a
 * selection also repr(C) mirrors, whose sizes and offsets the compiler asserts (by reading a marked
 * byte through each member: offset_of! is younger than Debian 12's rustc).
 */
#include <inttypes.h>
#include <string.h>

#include "emit/collect.h"
#include "emit/formats.h"
#include "emit/header_text.h"
#include "emit/mirror.h"

static bool is_word(const char *name)
{
	static const char *const words[] = {
		"abstract", "as",    "async",  "await",  "become", "box",     "break",    "const",
		"continue", "crate", "do",     "dyn",    "else",   "enum",    "extern",   "false",
		"final",    "fn",    "for",    "gen",    "if",     "impl",    "in",       "let",
		"loop",     "macro", "match",  "mod",    "move",   "mut",     "override", "priv",
		"pub",      "ref",   "return", "self",   "static", "struct",  "super",    "trait",
		"true",     "try",   "type",   "typeof", "unsafe", "unsized", "use",      "virtual",
		"where",    "while", "yield",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

/* ---- constants ---- */

static void write_constant(const struct gap_constant *constant, const char *name, FILE *stream)
{
	switch (constant->group) {
	case GAP_CONSTANT_SIZE:
		fprintf(stream, "pub const GAP_SIZE_%s: usize = %" PRIu64 ";\n", name,
			constant->value);
		break;
	case GAP_CONSTANT_OFFSET:
		fprintf(stream, "pub const GAP_OFF_%s: usize = %" PRIu64 ";\n", name,
			constant->value);
		break;
	case GAP_CONSTANT_BITS:
		fprintf(stream, "pub const GAP_BITS_%s_OFFSET: usize = %" PRIu64 ";\n", name,
			constant->value);
		fprintf(stream, "pub const GAP_BITS_%s_WIDTH: usize = %" PRIu32 ";\n", name,
			constant->width_bits);
		break;
	case GAP_CONSTANT_SYMBOL:
		fprintf(stream, "pub const GAP_SYM_%s: u64 = 0x%" PRIx64 ";\n", name,
			constant->value);
		break;
	case GAP_CONSTANT_ENUMERATOR:
		if (constant->is_signed)
			fprintf(stream, "pub const GAP_ENUM_%s: i64 = %" PRId64 ";\n", name,
				(int64_t)constant->value);
		else
			fprintf(stream, "pub const GAP_ENUM_%s: u64 = %" PRIu64 ";\n", name,
				constant->value);
		break;
	}
}

/* ---- mirrors ---- */

static void write_name(FILE *stream, const char *name)
{
	/* These four cannot be raw identifiers. */
	if (strcmp(name, "self") == 0 || strcmp(name, "super") == 0 || strcmp(name, "crate") == 0 ||
	    strcmp(name, "Self") == 0)
		fprintf(stream, "%s_", name);
	else
		fprintf(stream, "%s%s", is_word(name) ? "r#" : "", name);
}

static void write_type(FILE *stream, const struct gap_mirrored *member)
{
	for (unsigned d = 0; d < member->dimension_count; d++)
		putc('[', stream);
	fprintf(stream, "%c%u", member->is_signed ? 'i' : 'u', 8 * member->unit_bytes);
	for (unsigned d = member->dimension_count; d > 0; d--)
		fprintf(stream, "; %" PRIu64 "]", member->dimensions[d - 1]);
}

static void write_padding(FILE *stream, unsigned *number, uint64_t bytes)
{
	if (bytes > 0)
		fprintf(stream, "    gap_pad_%u: [u8; %" PRIu64 "],\n", (*number)++, bytes);
}

static void write_members(FILE *stream, const struct gap_mirror *mirror)
{
	unsigned padding = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < mirror->count; i++) {
		const struct gap_mirrored *member = &mirror->members[i];

		write_padding(stream, &padding, member->offset_bytes - at);
		fputs("    pub ", stream);
		write_name(stream, member->name);
		fputs(": ", stream);
		write_type(stream, member);
		fputs(",\n", stream);
		at = member->offset_bytes + member->size_bytes;
	}
	if (mirror->size_known)
		write_padding(stream, &padding, mirror->size_bytes - at);
}

/* One marked byte at the constant's offset must be the member's first one. */
static void write_assert(FILE *stream, const struct gap_mirror *mirror,
			 const struct gap_mirrored *member)
{
	bool empty = member->size_bytes == 0;

	if (empty)
		return;
	fprintf(stream,
		"const _: () = {\n"
		"    let mut bytes = [0u8; core::mem::size_of::<gap_layout_%s>()];\n"
		"    bytes[GAP_OFF_%s] = 1;\n"
		"    let mirror: gap_layout_%s = unsafe { core::mem::transmute(bytes) };\n"
		"    assert!(mirror.",
		mirror->name, member->field->name, mirror->name);
	write_name(stream, member->name);
	for (unsigned d = 0; d < member->dimension_count; d++)
		fputs("[0]", stream);
	fputs(" == 1);\n};\n", stream);
}

static void write_mirror(void *context, const struct gap_mirror *mirror)
{
	FILE *stream = context;

	putc('\n', stream);
	if (!mirror->size_known)
		fprintf(stream,
			"/// The size of %s is not known: this ends at its last member here.\n",
			mirror->name);
	fprintf(stream, "#[repr(C%s)]\n#[derive(Clone, Copy)]\npub struct gap_layout_%s {\n",
		mirror->packed ? ", packed" : "", mirror->name);
	write_members(stream, mirror);
	fputs("}\n", stream);
	if (mirror->size_known)
		fprintf(stream,
			"const _: () = assert!(core::mem::size_of::<gap_layout_%s>() == "
			"GAP_SIZE_%s);\n",
			mirror->name, mirror->name);
	for (size_t i = 0; i < mirror->count; i++)
		write_assert(stream, mirror, &mirror->members[i]);
}

/* ---- the file ---- */

static void write_begin(FILE *stream, const struct gap_profile *profile)
{
	struct gap_target target;

	gap_profile_target(profile, &target);
	fputs("//! Constants of one kernel build, written by semgap.\n//!\n//! release:  ", stream);
	gap_header_safe(stream, target.release, strlen(target.release));
	fputs("\n//! build-id: ", stream);
	gap_header_digits(stream, &target);
	fputs("\n//!\n"
	      "//! GAP_OFF_ are bytes, GAP_BITS_ bits counted from the least significant bit of "
	      "the "
	      "first byte;\n"
	      "//! GAP_SYM_ are addresses as linked, before any KASLR slide.\n"
	      "#![allow(dead_code, non_camel_case_types, non_snake_case, "
	      "non_upper_case_globals)]\n\n"
	      "pub const GAP_TARGET_RELEASE: &str = \"",
	      stream);
	gap_header_safe(stream, target.release, strlen(target.release));
	fputs("\";\npub const GAP_TARGET_BUILD_ID: &str = \"", stream);
	gap_header_digits(stream, &target);
	fprintf(stream, "\";\npub const GAP_TARGET_POINTER_BYTES: usize = %u;\n",
		target.pointer_bytes);
	fprintf(stream, "pub const GAP_TARGET_MACHINE: u16 = %u; // ELF: %s\n", target.machine,
		gap_machine_name(target.machine));
}

enum gap_status gap_emit_rust(const struct gap_profile *profile,
			      const struct gap_selection *selection,
			      const struct gap_emit_options *options, FILE *stream,
			      struct gap_error *error)
{
	struct gap_collected collected;
	enum gap_status status =
		gap_collect(&collected, "rust", profile, selection, options, error);

	if (status)
		return status;
	write_begin(stream, profile);
	gap_constants_each(&collected.constants, "//", write_constant, stream);
	status = gap_mirrors_each(&collected.fields, write_mirror, stream, error);
	gap_collected_deinit(&collected);
	return status;
}
