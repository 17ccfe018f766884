/* SPDX-License-Identifier: MIT */
/*
 * Copies a profile into a builder row by row. What is left out, and why, is reduce.c's; here
 * everything goes over, so that freezing again gives an equal profile.
 */
#include <stdlib.h>

#include "emit/copy.h"

#define SOURCES_MAX 64 /* that are counted; a profile has a handful */

/* ---- identity and provenance ---- */

void gap_copy_target(const struct gap_profile *profile, struct gap_builder *builder)
{
	struct gap_target target;

	gap_profile_target(profile, &target);
	gap_builder_target_set(builder, &(struct gap_build_target){
						.machine = target.machine,
						.pointer_bytes = target.pointer_bytes,
						.paging_levels = target.paging_levels,
						.build_id_bytes = target.build_id_bytes,
						.build_id = target.build_id,
						.release = target.release,
						.banner = target.banner,
						.banner_bytes = target.banner_bytes,
						.banner_hash = target.banner_hash,
						.tool_version = target.tool_version,
					});
}

uint32_t gap_usual_source(const struct gap_profile *profile, enum gap_table table)
{
	uint32_t seen[SOURCES_MAX] = {0}, rows = gap_profile_count(profile, table);
	uint32_t best = GAP_NONE;

	for (uint32_t row = 0; row < rows; row++) {
		struct gap_provenance provenance;

		gap_profile_provenance(profile, table, row, &provenance);
		if (provenance.source < SOURCES_MAX &&
		    !gap_provenance_differs(&provenance, provenance.source))
			seen[provenance.source]++;
	}
	for (uint32_t i = 0; i < SOURCES_MAX; i++)
		if (seen[i] > (best == GAP_NONE ? 0 : seen[best]))
			best = i;
	return best;
}

bool gap_provenance_differs(const struct gap_provenance *provenance, uint32_t usual)
{
	return provenance->source != usual || provenance->method != 0 ||
	       provenance->confidence < 1 || provenance->runner_up != GAP_NONE ||
	       *provenance->witnesses;
}

void gap_copy_sources(const struct gap_profile *profile, struct gap_builder *builder)
{
	struct gap_source source;

	for (uint32_t i = 0; gap_profile_source(profile, i, &source); i++)
		gap_builder_source_add(builder, &(struct gap_build_source){
							.kind = source.kind,
							.build_id_bytes = source.build_id_bytes,
							.build_id = source.build_id,
							.digest = source.digest,
							.note = source.note,
						});
	for (int table = GAP_TABLE_TYPES; table <= GAP_TABLE_SYMBOLS; table++) {
		uint32_t usual = gap_usual_source(profile, (enum gap_table)table);

		if (usual != GAP_NONE)
			gap_builder_source_default(builder, (enum gap_table)table, usual);
	}
}

void gap_copy_exception(const struct gap_profile *profile, struct gap_builder *builder,
			uint32_t usual, const struct gap_copied_row *copied)
{
	struct gap_provenance provenance;

	gap_profile_provenance(profile, copied->table, copied->row, &provenance);
	if (provenance.source == GAP_NONE || !gap_provenance_differs(&provenance, usual))
		return;
	gap_builder_exception_add(
		builder, &(struct gap_build_exception){
				 .table = copied->table,
				 .row = copied->to,
				 .position = copied->position,
				 .source = provenance.source,
				 .method = provenance.method,
				 .confidence = provenance.confidence,
				 .runner_up = provenance.runner_up,
				 .witnesses = gap_builder_name(builder, provenance.witnesses),
			 });
}

/* ---- types ---- */

struct copying {
	const struct gap_profile *profile;
	struct gap_builder *builder;
	uint32_t usual[GAP_TABLE_SYMBOLS + 1];
};

/* The rows of one type, of whichever of the three kinds. */
static void *allocate_rows(size_t count, size_t row_bytes)
{
	return calloc(count ? count : 1, row_bytes);
}

static struct gap_build_member *copy_members(const struct copying *copying,
					     const struct gap_type *type)
{
	struct gap_build_member *rows = allocate_rows(type->count, sizeof(*rows));

	for (uint32_t i = 0; rows && i < type->count; i++) {
		struct gap_member member = {"", 0, 0, 0};

		gap_profile_member(copying->profile, type->first + i, &member);
		rows[i] = (struct gap_build_member){
			.name = gap_builder_name(copying->builder, member.name),
			.type = member.type,
			.offset_bits = member.offset_bits,
			.width_bits = member.width_bits,
		};
	}
	return rows;
}

static struct gap_build_enumerator *copy_enumerators(const struct copying *copying,
						     const struct gap_type *type)
{
	struct gap_build_enumerator *rows = allocate_rows(type->count, sizeof(*rows));

	for (uint32_t i = 0; rows && i < type->count; i++) {
		struct gap_enumerator enumerator = {.name = ""};

		gap_profile_enumerator(copying->profile, type->first + i, &enumerator);
		rows[i].name = gap_builder_name(copying->builder, enumerator.name);
		rows[i].value = enumerator.value;
	}
	return rows;
}

static struct gap_build_parameter *copy_parameters(const struct copying *copying,
						   const struct gap_type *type)
{
	struct gap_build_parameter *rows = allocate_rows(type->count, sizeof(*rows));

	for (uint32_t i = 0; rows && i < type->count; i++) {
		struct gap_parameter parameter = {"", 0};

		gap_profile_parameter(copying->profile, type->first + i, &parameter);
		rows[i].name = gap_builder_name(copying->builder, parameter.name);
		rows[i].type = parameter.type;
	}
	return rows;
}

/* Those whose size is theirs, not what their reference or their elements make of it. */
static bool has_own_size(enum gap_kind kind)
{
	return kind == GAP_KIND_INT || kind == GAP_KIND_FLOAT || kind == GAP_KIND_POINTER ||
	       kind == GAP_KIND_STRUCT || kind == GAP_KIND_UNION || kind == GAP_KIND_ENUM ||
	       kind == GAP_KIND_UNKNOWN;
}

static bool copy_rows(const struct copying *copying, const struct gap_type *type,
		      struct gap_build_type *build, void **rows)
{
	*rows = NULL;
	if (type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION)
		build->members = *rows = copy_members(copying, type);
	else if (type->kind == GAP_KIND_ENUM)
		build->enumerators = *rows = copy_enumerators(copying, type);
	else if (type->kind == GAP_KIND_FUNCTION)
		build->parameters = *rows = copy_parameters(copying, type);
	else
		return true;
	return *rows != NULL;
}

static void copy_row_exceptions(const struct copying *copying, gap_type_id id,
				const struct gap_type *type)
{
	struct gap_copied_row copied = {GAP_TABLE_TYPES, id, id, 0};

	gap_copy_exception(copying->profile, copying->builder, copying->usual[copied.table],
			   &copied);
	if (type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION)
		copied.table = GAP_TABLE_MEMBERS;
	else if (type->kind == GAP_KIND_ENUM)
		copied.table = GAP_TABLE_ENUMERATORS;
	else
		return;
	for (uint32_t i = 0; i < type->count; i++) {
		copied.row = type->first + i;
		copied.position = i;
		gap_copy_exception(copying->profile, copying->builder, copying->usual[copied.table],
				   &copied);
	}
}

static bool copy_type(const struct copying *copying, gap_type_id id)
{
	struct gap_declaration where = {"", 0, 0};
	struct gap_build_type build;
	struct gap_type type;
	void *rows;

	if (!gap_profile_type(copying->profile, id, &type))
		return true;
	gap_profile_declaration(copying->profile, id, &where);
	build = (struct gap_build_type){
		.kind = type.kind,
		.flags = type.flags,
		.name = gap_builder_name(copying->builder, type.name),
		.align_bytes = type.align_bytes,
		.size_bytes = has_own_size(type.kind) ? type.size_bytes : 0,
		.ref = type.ref,
		.count = type.count,
		.file = gap_builder_name(copying->builder, where.file),
		.line = where.line,
		.units = where.units,
	};
	if (!copy_rows(copying, &type, &build, &rows))
		return false;
	gap_builder_type_set(copying->builder, id, &build);
	copy_row_exceptions(copying, id, &type);
	free(rows);
	return true;
}

/* ---- symbols ---- */

static void copy_symbol(const struct copying *copying, uint32_t row)
{
	struct gap_symbol symbol;
	const char *file = gap_profile_symbol_file(copying->profile, row);

	if (!gap_profile_symbol(copying->profile, row, &symbol))
		return;
	gap_builder_symbol_add(copying->builder,
			       &(struct gap_build_symbol){
				       .name = gap_builder_name(copying->builder, symbol.name),
				       .file = gap_builder_name(copying->builder, file),
				       .address = symbol.address,
				       .size_bytes = symbol.size_bytes,
				       .type = symbol.type ? symbol.type : GAP_NONE,
				       .kind = symbol.kind,
				       .flags = symbol.flags,
			       });
	gap_copy_exception(copying->profile, copying->builder, copying->usual[GAP_TABLE_SYMBOLS],
			   &(struct gap_copied_row){GAP_TABLE_SYMBOLS, row, row, 0});
}

enum gap_status gap_copy_profile(const struct gap_profile *profile, struct gap_builder *builder,
				 struct gap_error *error)
{
	struct copying copying = {.profile = profile, .builder = builder};
	uint32_t types = gap_profile_count(profile, GAP_TABLE_TYPES);
	uint32_t symbols = gap_profile_count(profile, GAP_TABLE_SYMBOLS);

	for (int table = GAP_TABLE_TYPES; table <= GAP_TABLE_SYMBOLS; table++)
		copying.usual[table] = gap_usual_source(profile, (enum gap_table)table);
	gap_copy_target(profile, builder);
	gap_copy_sources(profile, builder);
	if (types > 1)
		gap_builder_type_reserve(builder, types - 1);
	for (gap_type_id id = 1; id < types; id++)
		if (!copy_type(&copying, id))
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (uint32_t row = 0; row < symbols; row++)
		copy_symbol(&copying, row);
	return GAP_OK;
}
