/* SPDX-License-Identifier: MIT */
/*
 * Rows of an opened image as values: types, members, symbols, target, provenance, and the names of
 * kinds. Finding a row by name is lookup.c's.
 */
#include <string.h>

#include "runtime/image.h"

uint32_t gap_profile_count(const struct gap_profile *profile, enum gap_table table)
{
	switch (table) {
	case GAP_TABLE_TYPES:
		return profile->type_count;
	case GAP_TABLE_MEMBERS:
		return profile->member_count;
	case GAP_TABLE_ENUMERATORS:
		return profile->enumerator_count;
	case GAP_TABLE_PARAMETERS:
		return profile->parameter_count;
	case GAP_TABLE_SYMBOLS:
		return profile->symbol_count;
	}
	return 0;
}

void gap_profile_target(const struct gap_profile *profile, struct gap_target *target)
{
	const struct gap_format_identity *identity = profile->identity;

	*target = (struct gap_target){
		.machine = identity->machine,
		.pointer_bytes = identity->pointer_bytes,
		.paging_levels = identity->paging_levels,
		.build_id_bytes = identity->build_id_bytes,
		.release = gap_image_string(profile, identity->release),
		.tool_version = gap_image_string(profile, identity->tool),
		.banner_bytes = identity->banner_bytes,
	};
	if (identity->build_id_bytes)
		target->build_id = (const uint8_t *)gap_image_string(profile, identity->build_id);
	if (identity->banner_bytes)
		target->banner = (const uint8_t *)gap_image_string(profile, identity->banner);
	if (identity->flags & GAP_IDENTITY_HAS_HASH)
		target->banner_hash = identity->banner_hash;
}

static int has_rows(enum gap_kind kind)
{
	return kind == GAP_KIND_STRUCT || kind == GAP_KIND_UNION || kind == GAP_KIND_ENUM;
}

int gap_profile_type(const struct gap_profile *profile, gap_type_id id, struct gap_type *type)
{
	const struct gap_format_type *row;

	if (id >= profile->type_count)
		return 0;
	row = &profile->types[id];
	*type = (struct gap_type){
		.name = gap_image_string(profile, row->name),
		.kind = (enum gap_kind)row->kind,
		.flags = row->flags,
		.align_bytes = row->align_log2_plus1 ? 1u << (row->align_log2_plus1 - 1) : 0,
		.size_bytes = gap_image_size(row),
		.count = row->count,
	};
	if (has_rows(type->kind))
		type->first = row->ref;
	else
		type->ref = row->ref;
	if (type->kind == GAP_KIND_FUNCTION)
		type->first = row->size;
	return 1;
}

int gap_profile_member(const struct gap_profile *profile, uint32_t row, struct gap_member *member)
{
	const struct gap_format_member *from;

	if (row >= profile->member_count)
		return 0;
	from = &profile->members[row];
	*member = (struct gap_member){
		.name = gap_image_string(profile, from->name),
		.type = from->type,
		.offset_bits = (uint64_t)from->offset_bytes * 8 + from->bit_offset,
		.width_bits = from->bit_width,
	};
	return 1;
}

int gap_profile_parameter(const struct gap_profile *profile, uint32_t row,
			  struct gap_parameter *parameter)
{
	if (row >= profile->parameter_count)
		return 0;
	parameter->name = gap_image_string(profile, profile->parameters[row].name);
	parameter->type = profile->parameters[row].type;
	return 1;
}

/* Enumerators do not name their enum; the rows of enums rise with the types that own them only by
 * habit, so look. */
static gap_type_id enum_of(const struct gap_profile *profile, uint32_t row)
{
	for (uint32_t id = 0; id < profile->type_count; id++) {
		const struct gap_format_type *type = &profile->types[id];

		if (type->kind == GAP_KIND_ENUM && row - type->ref < type->count)
			return id;
	}
	return GAP_NONE;
}

int gap_profile_enumerator(const struct gap_profile *profile, uint32_t row,
			   struct gap_enumerator *enumerator)
{
	const struct gap_format_enumerator *from;

	if (row >= profile->enumerator_count)
		return 0;
	from = &profile->enumerators[row];
	enumerator->name = gap_image_string(profile, from->name);
	enumerator->value = ((uint64_t)from->value_high << 32) | from->value_low;
	return 1;
}

gap_type_id gap_profile_enumerator_enum(const struct gap_profile *profile, uint32_t row)
{
	return enum_of(profile, row);
}

int gap_profile_symbol(const struct gap_profile *profile, uint32_t row, struct gap_symbol *symbol)
{
	const struct gap_format_symbol *from;

	if (row >= profile->symbol_count)
		return 0;
	from = &profile->symbols[row];
	*symbol = (struct gap_symbol){
		.name = gap_image_string(profile, from->name),
		.address = from->address,
		.size_bytes = from->size_bytes,
		.type = from->type,
		.kind = from->kind <= GAP_SYMBOL_FUNCTION ? (enum gap_symbol_kind)from->kind
							  : GAP_SYMBOL_OTHER,
		.flags = from->flags,
	};
	return 1;
}

gap_type_id gap_profile_strip(const struct gap_profile *profile, gap_type_id id)
{
	while (id < profile->type_count && gap_image_is_alias(&profile->types[id]))
		id = profile->types[id].ref;
	return id;
}

int gap_profile_declaration(const struct gap_profile *profile, gap_type_id id,
			    struct gap_declaration *declaration)
{
	uint32_t low = 0, high = profile->declaration_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct gap_format_declaration *row = &profile->declarations[middle];

		if (row->type == id) {
			declaration->file = gap_image_string(profile, row->file);
			declaration->line = row->line;
			declaration->units = row->units;
			return 1;
		}
		if (row->type < id)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

const char *gap_profile_symbol_file(const struct gap_profile *profile, uint32_t row)
{
	uint32_t low = 0, high = profile->symbol_file_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct gap_format_symbol_file *file = &profile->symbol_files[middle];

		if (file->symbol == row)
			return gap_image_string(profile, file->file);
		if (file->symbol < row)
			low = middle + 1;
		else
			high = middle;
	}
	return "";
}

int gap_profile_source(const struct gap_profile *profile, uint32_t index, struct gap_source *source)
{
	const struct gap_format_source *row;

	if (index >= profile->source_count)
		return 0;
	row = &profile->sources[index];
	*source = (struct gap_source){
		.kind = row->kind < GAP_SOURCE_COUNT ? (enum gap_source_kind)row->kind
						     : GAP_SOURCE_UNKNOWN,
		.build_id_bytes = row->build_id_bytes,
		.digest = gap_image_string(profile, row->digest),
		.note = gap_image_string(profile, row->note),
	};
	if (row->build_id_bytes)
		source->build_id = (const uint8_t *)gap_image_string(profile, row->build_id);
	return 1;
}

static const struct gap_format_exception *find_exception(const struct gap_profile *profile,
							 uint16_t section, uint32_t row)
{
	uint32_t low = 0, high = profile->exception_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct gap_format_exception *exception = &profile->exceptions[middle];

		if (exception->section == section && exception->row == row)
			return exception;
		if (gap_image_exception_key(exception) < ((uint64_t)section << 32 | row))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void gap_profile_provenance(const struct gap_profile *profile, enum gap_table table, uint32_t row,
			    struct gap_provenance *provenance)
{
	uint16_t section = (uint16_t)(GAP_SECTION_TYPES + table);
	const struct gap_format_exception *exception = find_exception(profile, section, row);

	*provenance = (struct gap_provenance){
		.source = GAP_NONE,
		.confidence = 1,
		.runner_up = GAP_NONE,
		.witnesses = "",
	};
	for (uint32_t i = 0; i < profile->default_count; i++)
		if (profile->defaults[i].section == section)
			provenance->source = profile->defaults[i].source;
	if (!exception)
		return;
	provenance->source = exception->source;
	provenance->method = exception->method;
	provenance->confidence = exception->confidence / 65535.0;
	provenance->runner_up = exception->runner_up;
	provenance->witnesses = gap_image_string(profile, exception->witnesses);
}

#define ABSENCES "absent:" /* then " NAME=CONFIDENCE" of each, in the place of a type's witnesses */

/* "0.9850", whatever the locale's decimal point is. */
static double read_share(const char *text)
{
	double share = *text == '1', digit = 0.1;

	if (*text && text[1] == '.')
		for (text += 2; *text >= '0' && *text <= '9'; text++, digit /= 10)
			share += digit * (*text - '0');
	return share;
}

int gap_profile_says_absent(const struct gap_profile *profile, gap_type_id type, const char *name,
			    double *confidence)
{
	struct gap_provenance provenance;
	size_t length = strlen(name);
	const char *at;

	gap_profile_provenance(profile, GAP_TABLE_TYPES, type, &provenance);
	if (!provenance.witnesses || strncmp(provenance.witnesses, ABSENCES, strlen(ABSENCES)) != 0)
		return 0;
	for (at = provenance.witnesses + strlen(ABSENCES); *at == ' '; at += strcspn(at, " ")) {
		at++;
		if (strncmp(at, name, length) != 0 || at[length] != '=')
			continue;
		if (confidence)
			*confidence = read_share(at + length + 1);
		return 1;
	}
	return 0;
}

const char *gap_kind_name(enum gap_kind kind)
{
	static const char *const names[GAP_KIND_COUNT] = {
		"void",    "int",   "float",    "pointer",  "array",  "struct",   "union",   "enum",
		"typedef", "const", "volatile", "restrict", "atomic", "function", "unknown",
	};

	return (unsigned)kind < GAP_KIND_COUNT ? names[kind] : "unknown";
}

const char *gap_source_kind_name(enum gap_source_kind kind)
{
	static const char *const names[GAP_SOURCE_COUNT] = {
		"unknown",  "dwarf",   "btf",    "symtab",  "system-map",
		"kallsyms", "headers", "memory", "profile",
	};

	return (unsigned)kind < GAP_SOURCE_COUNT ? names[kind] : "unknown";
}

const char *gap_machine_name(uint16_t machine)
{
	switch (machine) {
	case 3:
		return "i386";
	case 62:
		return "x86-64";
	case 183:
		return "arm64";
	case 40:
		return "arm";
	case 243:
		return "riscv";
	case 258:
		return "loongarch";
	default:
		return "unknown";
	}
}
