/* SPDX-License-Identifier: MIT */
/*
 * --format isf: the Intermediate Symbol Format, 6.2.0, as Volatility 3 and LibVMI read it (the
 * schema ships with Volatility: volatility3/schemas/schema-6.2.0.json). Streamed: a kernel gives 35
 * MB. The parts are written by isf_*.c; tests/isf checks the rules.
 */
#include <stdlib.h>

#include "emit/isf_writer.h"
#include "emit/reduce.h"

static void mark_reference(struct isf *isf, gap_type_id id)
{
	gap_type_id row = gap_isf_named_row(isf, id);
	struct gap_type type;

	if (gap_profile_type(isf->profile, row, &type) && !*type.name &&
	    !(type.flags & GAP_TYPE_INCOMPLETE) &&
	    (type.kind == GAP_KIND_ENUM || gap_type_is_aggregate(&type)))
		isf->direct[row] = 1;
}

/* An anonymous enum is kept for its constants even if nothing refers to it, unless a typedef names
 * it. */
static void mark_lone_enums(struct isf *isf)
{
	uint32_t types = gap_profile_count(isf->profile, GAP_TABLE_TYPES);

	for (gap_type_id id = 1; id < types; id++) {
		struct gap_type type;

		gap_profile_type(isf->profile, id, &type);
		if (type.kind == GAP_KIND_ENUM)
			mark_reference(isf, id);
	}
	for (size_t i = 0; i < isf->enums.count; i++)
		isf->direct[isf->enums.items[i].definition] = 0;
}

/* Finds the anonymous types that something refers to by themselves. */
static void mark_anonymous(struct isf *isf)
{
	uint32_t types = gap_profile_count(isf->profile, GAP_TABLE_TYPES);
	uint32_t members = gap_profile_count(isf->profile, GAP_TABLE_MEMBERS);
	uint32_t symbols = gap_profile_count(isf->profile, GAP_TABLE_SYMBOLS);
	struct gap_member member;
	struct gap_symbol symbol;
	struct gap_type type;

	for (gap_type_id id = 1; id < types; id++) {
		gap_profile_type(isf->profile, id, &type);
		if (type.kind == GAP_KIND_POINTER || type.kind == GAP_KIND_ARRAY)
			mark_reference(isf, type.ref);
	}
	for (uint32_t row = 0; row < members; row++)
		if (gap_profile_member(isf->profile, row, &member))
			mark_reference(isf, member.type);
	for (uint32_t row = 0; row < symbols; row++)
		if (gap_profile_symbol(isf->profile, row, &symbol) && symbol.type != GAP_NONE)
			mark_reference(isf, symbol.type);
}

static enum gap_status write_document(struct isf *isf, struct gap_error *error)
{
	enum gap_status status;

	gap_json_open(&isf->json, '{');
	gap_isf_write_metadata(isf);
	gap_isf_write_user_types(isf);
	gap_isf_write_enums(isf);
	status = gap_isf_write_symbols(isf, error);
	gap_json_line(&isf->json);
	gap_isf_bases_write(&isf->bases, &isf->json, isf->target.pointer_bytes);
	gap_json_close(&isf->json, '}');
	putc('\n', isf->json.stream);
	return status;
}

static enum gap_status emit_whole(const struct gap_profile *profile,
				  const struct gap_emit_options *options, FILE *stream,
				  struct gap_error *error)
{
	struct isf isf = {.profile = profile, .options = options, .json = {.stream = stream}};
	enum gap_status status;

	gap_profile_target(profile, &isf.target);
	isf.direct = calloc(gap_profile_count(profile, GAP_TABLE_TYPES) + 1u, 1);
	status = isf.direct ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (status == GAP_OK)
		status = gap_labels_init(&isf.aggregates, profile, GAP_LABEL_AGGREGATES, error);
	if (status == GAP_OK)
		status = gap_labels_init(&isf.enums, profile, GAP_LABEL_ENUMS, error);
	if (status == GAP_OK)
		status = gap_isf_bases_init(&isf.bases, profile, error);
	if (status == GAP_OK) {
		mark_lone_enums(&isf);
		mark_anonymous(&isf);
		gap_isf_advise(&isf);
		status = write_document(&isf, error);
	}
	gap_isf_bases_deinit(&isf.bases);
	gap_labels_deinit(&isf.aggregates);
	gap_labels_deinit(&isf.enums);
	free(isf.direct);
	return status;
}

enum gap_status gap_emit_isf(const struct gap_profile *profile,
			     const struct gap_selection *selection,
			     const struct gap_emit_options *options, FILE *stream,
			     struct gap_error *error)
{
	struct gap_reduced reduced;
	enum gap_status status;

	if (gap_selection_is_everything(selection))
		return emit_whole(profile, options, stream, error);
	status = gap_reduced_open(profile, selection, &reduced, error);
	if (status)
		return status;
	status = emit_whole(reduced.profile, options, stream, error);
	gap_reduced_close(&reduced);
	return status;
}
