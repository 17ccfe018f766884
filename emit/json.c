/* SPDX-License-Identifier: MIT */
/*
 * --format json: everything a profile holds, with where it was learnt. Described by
 * docs/schema/profile.schema.json. Streamed, one row a line; types refer to each other by id.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/copy.h"
#include "emit/formats.h"
#include "emit/jsonout.h"
#include "emit/reduce.h"
#include "emit/walk.h"

struct writing {
	const struct gap_profile *profile;
	struct gap_json json;
	uint32_t usual[GAP_TABLE_SYMBOLS + 1];
};

static void begin_rows(struct gap_json *json, const char *key)
{
	gap_json_line(json);
	gap_json_key(json, key);
	gap_json_open(json, '[');
}

/* ---- target and sources ---- */

static void write_bytes(struct gap_json *json, const char *key, const void *bytes, size_t length)
{
	if (!bytes || length == 0)
		return;
	gap_json_key(json, key);
	gap_json_digits(json, bytes, length);
}

static void write_known_name(struct gap_json *json, const char *key, const char *text)
{
	if (text && *text)
		gap_json_key_name(json, key, text);
}

static void write_target(struct writing *writing)
{
	struct gap_json *json = &writing->json;
	struct gap_target target;

	gap_profile_target(writing->profile, &target);
	gap_json_line(json);
	gap_json_key(json, "target");
	gap_json_open(json, '{');
	gap_json_key_name(json, "machine", gap_machine_name(target.machine));
	gap_json_key_number(json, "elf_machine", target.machine);
	gap_json_key_number(json, "pointer_bytes", target.pointer_bytes);
	gap_json_key_name(json, "byte_order", "little");
	if (target.paging_levels)
		gap_json_key_number(json, "paging_levels", target.paging_levels);
	write_known_name(json, "release", target.release);
	write_bytes(json, "build_id", target.build_id, target.build_id_bytes);
	if (target.banner_bytes)
		gap_json_key_text(json, "banner", target.banner, target.banner_bytes);
	write_bytes(json, "banner_hash", target.banner_hash, 16);
	write_known_name(json, "tool_version", target.tool_version);
	gap_json_close(json, '}');
}

static void write_sources(struct writing *writing)
{
	struct gap_json *json = &writing->json;
	struct gap_source source;

	begin_rows(json, "sources");
	for (uint32_t i = 0; gap_profile_source(writing->profile, i, &source); i++) {
		gap_json_line(json);
		gap_json_open(json, '{');
		gap_json_key_number(json, "id", i);
		gap_json_key_name(json, "kind", gap_source_kind_name(source.kind));
		write_bytes(json, "build_id", source.build_id, source.build_id_bytes);
		write_known_name(json, "digest", source.digest);
		write_known_name(json, "note", source.note);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

static void write_default_sources(struct writing *writing)
{
	static const char *const tables[] = {"types", "members", "enumerators", "parameters",
					     "symbols"};
	struct gap_json *json = &writing->json;

	gap_json_line(json);
	gap_json_key(json, "default_sources");
	gap_json_open(json, '{');
	for (int table = GAP_TABLE_TYPES; table <= GAP_TABLE_SYMBOLS; table++)
		if (writing->usual[table] != GAP_NONE)
			gap_json_key_number(json, tables[table], writing->usual[table]);
	gap_json_close(json, '}');
}

/* Only for a row that was learnt otherwise than its table. */
static void write_provenance(struct writing *writing, enum gap_table table, uint32_t row)
{
	struct gap_json *json = &writing->json;
	struct gap_provenance provenance;

	gap_profile_provenance(writing->profile, table, row, &provenance);
	if (!gap_provenance_differs(&provenance, writing->usual[table]))
		return;
	gap_json_key(json, "provenance");
	gap_json_open(json, '{');
	if (provenance.source != GAP_NONE)
		gap_json_key_number(json, "source", provenance.source);
	if (provenance.method)
		gap_json_key_number(json, "method", provenance.method);
	gap_json_key(json, "confidence");
	gap_json_share(json, provenance.confidence);
	if (provenance.runner_up != GAP_NONE)
		gap_json_key_number(json, "runner_up_offset_bytes", provenance.runner_up);
	write_known_name(json, "witnesses", provenance.witnesses);
	gap_json_close(json, '}');
}

/* ---- types ---- */

static void write_members(struct writing *writing, const struct gap_type *type)
{
	struct gap_json *json = &writing->json;

	gap_json_key(json, "members");
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;

		if (!gap_profile_member(writing->profile, type->first + i, &member))
			break;
		gap_json_open(json, '{');
		write_known_name(json, "name", member.name);
		gap_json_key_number(json, "type", member.type);
		gap_json_key_number(json, "offset_bits", member.offset_bits);
		if (member.width_bits)
			gap_json_key_number(json, "width_bits", member.width_bits);
		write_provenance(writing, GAP_TABLE_MEMBERS, type->first + i);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

/* Values are strings: most readers of JSON hold 53 bits. */
static void write_enumerator_value(struct gap_json *json, uint64_t value, bool is_signed)
{
	char text[24];

	gap_json_key(json, "value");
	if (!is_signed || (int64_t)value >= 0) {
		gap_json_hex(json, value);
		return;
	}
	snprintf(text, sizeof(text), "-0x%llx", (unsigned long long)(0 - value));
	gap_json_name(json, text);
}

static void write_enumerators(struct writing *writing, const struct gap_type *type)
{
	struct gap_json *json = &writing->json;

	gap_json_key(json, "enumerators");
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator enumerator;

		if (!gap_profile_enumerator(writing->profile, type->first + i, &enumerator))
			break;
		gap_json_open(json, '{');
		gap_json_key_name(json, "name", enumerator.name);
		write_enumerator_value(json, enumerator.value, type->flags & GAP_TYPE_SIGNED);
		write_provenance(writing, GAP_TABLE_ENUMERATORS, type->first + i);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

static void write_parameters(struct writing *writing, const struct gap_type *type)
{
	struct gap_json *json = &writing->json;

	gap_json_key(json, "parameters");
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_parameter parameter;

		if (!gap_profile_parameter(writing->profile, type->first + i, &parameter))
			break;
		gap_json_open(json, '{');
		write_known_name(json, "name", parameter.name);
		gap_json_key_number(json, "type", parameter.type);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

static void write_type_flags(struct gap_json *json, const struct gap_type *type)
{
	bool function = type->kind == GAP_KIND_FUNCTION;

	gap_json_key_flag(json, "signed", type->flags & GAP_TYPE_SIGNED);
	gap_json_key_flag(json, "char", type->flags & GAP_TYPE_CHAR);
	gap_json_key_flag(json, "bool", type->flags & GAP_TYPE_BOOL);
	gap_json_key_flag(json, function ? "variadic" : "flexible",
			  type->flags & GAP_TYPE_FLEXIBLE);
	gap_json_key_flag(json, "incomplete", type->flags & GAP_TYPE_INCOMPLETE);
	gap_json_key_flag(json, "size_unknown", type->flags & GAP_TYPE_SIZE_UNKNOWN);
	gap_json_key_flag(json, "partial", type->flags & GAP_TYPE_PARTIAL);
	gap_json_key_flag(json, "ambiguous", type->flags & GAP_TYPE_AMBIGUOUS);
}

/* What a kind refers to or consists of. */
static void write_content(struct writing *writing, const struct gap_type *type)
{
	struct gap_json *json = &writing->json;

	switch (type->kind) {
	case GAP_KIND_VOID:
	case GAP_KIND_INT:
	case GAP_KIND_FLOAT:
	case GAP_KIND_UNKNOWN:
	case GAP_KIND_COUNT:
		break;
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		write_members(writing, type);
		break;
	case GAP_KIND_ENUM:
		write_enumerators(writing, type);
		break;
	case GAP_KIND_ARRAY:
		gap_json_key_number(json, "type", type->ref);
		gap_json_key_number(json, "count", type->count);
		break;
	case GAP_KIND_FUNCTION:
		gap_json_key_number(json, "type", type->ref);
		write_parameters(writing, type);
		break;
	case GAP_KIND_POINTER:
	case GAP_KIND_TYPEDEF:
	case GAP_KIND_CONST:
	case GAP_KIND_VOLATILE:
	case GAP_KIND_RESTRICT:
	case GAP_KIND_ATOMIC:
		gap_json_key_number(json, "type", type->ref);
		break;
	}
}

static void write_declaration(struct writing *writing, gap_type_id id)
{
	struct gap_json *json = &writing->json;
	struct gap_declaration where;

	if (!gap_profile_declaration(writing->profile, id, &where))
		return;
	gap_json_key(json, "declared");
	gap_json_open(json, '{');
	write_known_name(json, "file", where.file);
	if (where.line)
		gap_json_key_number(json, "line", where.line);
	if (where.units)
		gap_json_key_number(json, "units", where.units);
	gap_json_close(json, '}');
}

static void write_type(struct writing *writing, gap_type_id id)
{
	struct gap_json *json = &writing->json;
	struct gap_type type;

	gap_profile_type(writing->profile, id, &type);
	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_number(json, "id", id);
	gap_json_key_name(json, "kind", gap_kind_name(type.kind));
	write_known_name(json, "name", type.name);
	if (type.kind != GAP_KIND_VOID && type.kind != GAP_KIND_FUNCTION)
		gap_json_key_number(json, "size_bytes", type.size_bytes);
	if (type.align_bytes)
		gap_json_key_number(json, "align_bytes", type.align_bytes);
	write_type_flags(json, &type);
	write_content(writing, &type);
	write_declaration(writing, id);
	write_provenance(writing, GAP_TABLE_TYPES, id);
	gap_json_close(json, '}');
}

static void write_types(struct writing *writing)
{
	uint32_t count = gap_profile_count(writing->profile, GAP_TABLE_TYPES);

	begin_rows(&writing->json, "types");
	for (gap_type_id id = 0; id < count; id++)
		write_type(writing, id);
	gap_json_close(&writing->json, ']');
}

/* ---- symbols ---- */

static void write_symbol(struct writing *writing, uint32_t row)
{
	static const char *const kinds[] = {"unknown", "data", "function"};
	struct gap_json *json = &writing->json;
	struct gap_symbol symbol;

	gap_profile_symbol(writing->profile, row, &symbol);
	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_name(json, "name", symbol.name);
	gap_json_key(json, "address");
	gap_json_hex(json, symbol.address);
	if (symbol.size_bytes)
		gap_json_key_number(json, "size_bytes", symbol.size_bytes);
	gap_json_key_name(json, "kind",
			  kinds[symbol.kind <= GAP_SYMBOL_FUNCTION ? symbol.kind : 0]);
	if (symbol.type != 0 && symbol.type != GAP_NONE)
		gap_json_key_number(json, "type", symbol.type);
	gap_json_key_flag(json, "local", symbol.flags & GAP_SYMBOL_LOCAL);
	gap_json_key_flag(json, "weak", symbol.flags & GAP_SYMBOL_WEAK);
	gap_json_key_flag(json, "percpu", symbol.flags & GAP_SYMBOL_PERCPU);
	gap_json_key_flag(json, "absolute", symbol.flags & GAP_SYMBOL_ABSOLUTE);
	write_known_name(json, "file", gap_profile_symbol_file(writing->profile, row));
	write_provenance(writing, GAP_TABLE_SYMBOLS, row);
	gap_json_close(json, '}');
}

static void write_symbols(struct writing *writing)
{
	uint32_t count = gap_profile_count(writing->profile, GAP_TABLE_SYMBOLS);

	begin_rows(&writing->json, "symbols");
	for (uint32_t row = 0; row < count; row++)
		write_symbol(writing, row);
	gap_json_close(&writing->json, ']');
}

/* ---- modules: their symbols by section and offset ---- */

static void write_module_symbol(struct writing *writing, uint32_t row)
{
	static const char *const kinds[] = {"unknown", "data", "function"};
	struct gap_json *json = &writing->json;
	struct gap_module_place symbol;

	gap_profile_module_symbol(writing->profile, row, &symbol);
	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_name(json, "name", symbol.name);
	gap_json_key_name(json, "section", symbol.section);
	gap_json_key(json, "offset");
	gap_json_hex(json, symbol.offset);
	if (symbol.size_bytes)
		gap_json_key_number(json, "size_bytes", symbol.size_bytes);
	gap_json_key_name(json, "kind",
			  kinds[symbol.kind <= GAP_SYMBOL_FUNCTION ? symbol.kind : 0]);
	if (symbol.type != 0 && symbol.type != GAP_NONE)
		gap_json_key_number(json, "type", symbol.type);
	gap_json_key_flag(json, "local", symbol.flags & GAP_SYMBOL_LOCAL);
	gap_json_key_flag(json, "weak", symbol.flags & GAP_SYMBOL_WEAK);
	gap_json_key_flag(json, "percpu", symbol.flags & GAP_SYMBOL_PERCPU);
	gap_json_close(json, '}');
}

static void write_modules(struct writing *writing)
{
	struct gap_json *json = &writing->json;
	struct gap_module_info module;

	if (gap_profile_module_count(writing->profile) == 0)
		return;
	begin_rows(json, "modules");
	for (uint32_t i = 0; gap_profile_module(writing->profile, i, &module); i++) {
		gap_json_line(json);
		gap_json_open(json, '{');
		gap_json_key_name(json, "name", module.name);
		if (module.build_id_bytes)
			write_bytes(json, "build_id", module.build_id, module.build_id_bytes);
		gap_json_key(json, "symbols");
		gap_json_open(json, '[');
		for (uint32_t s = 0; s < module.symbol_count; s++)
			write_module_symbol(writing, module.first_symbol + s);
		gap_json_close(json, ']');
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

/* ---- the document ---- */

static void write_document(const struct gap_profile *profile, FILE *stream)
{
	struct writing writing = {.profile = profile, .json = {.stream = stream}};
	struct gap_json *json = &writing.json;

	for (int table = GAP_TABLE_TYPES; table <= GAP_TABLE_SYMBOLS; table++)
		writing.usual[table] = gap_usual_source(profile, (enum gap_table)table);
	gap_json_open(json, '{');
	gap_json_key_name(json, "schema", "semgap/profile/1");
	gap_json_key(json, "partial");
	gap_json_bool(json, false);
	gap_json_key(json, "warnings");
	gap_json_open(json, '[');
	gap_json_close(json, ']');
	write_target(&writing);
	write_sources(&writing);
	write_default_sources(&writing);
	write_types(&writing);
	write_symbols(&writing);
	write_modules(&writing);
	gap_json_line(json);
	gap_json_close(json, '}');
	putc('\n', stream);
}

enum gap_status gap_emit_json(const struct gap_profile *profile,
			      const struct gap_selection *selection,
			      const struct gap_emit_options *options, FILE *stream,
			      struct gap_error *error)
{
	struct gap_reduced reduced;
	enum gap_status status;

	(void)options;
	if (gap_selection_is_everything(selection)) {
		write_document(profile, stream);
		return GAP_OK;
	}
	status = gap_reduced_open(profile, selection, &reduced, error);
	if (status)
		return status;
	write_document(reduced.profile, stream);
	gap_reduced_close(&reduced);
	return GAP_OK;
}
