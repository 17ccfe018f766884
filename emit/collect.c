/* SPDX-License-Identifier: MIT */
/* What the constants of a profile or of a selection are called, before any language spells them. */
#include <stdlib.h>
#include <string.h>

#include "emit/collect.h"
#include "emit/formats.h"
#include "emit/labels.h"
#include "emit/walk.h"

/* ---- constants of a whole profile ---- */

struct adding {
	struct gap_collected *collected;
	const struct gap_label *label;
};

static bool is_path(const char *name)
{
	for (; *name; name++)
		if (*name == '.' && gap_is_identifier(name + 1))
			return true;
	return false;
}

static void add_offset(struct gap_collected *collected, const char *type, uint32_t number,
		       const char *path, uint64_t offset_bits, uint32_t width_bits)
{
	struct gap_constant constant = {
		.group = width_bits ? GAP_CONSTANT_BITS : GAP_CONSTANT_OFFSET,
		.value = width_bits ? offset_bits : offset_bits / 8,
		.width_bits = width_bits,
	};

	gap_constants_add(&collected->constants, &constant, type, number, path);
}

static bool add_member(void *context, const struct gap_seen_member *seen)
{
	const struct adding *adding = context;

	if (!gap_is_identifier(seen->member.name) && !is_path(seen->member.name)) {
		adding->collected->unnameable++;
		return true;
	}
	add_offset(adding->collected, adding->label->name, adding->label->number, seen->member.name,
		   seen->member.offset_bits, seen->member.width_bits);
	return true;
}

static size_t add_size(struct gap_collected *collected, gap_type_id definition, const char *name,
		       uint32_t number)
{
	struct gap_type type;

	gap_profile_type(collected->profile, definition, &type);
	return gap_constants_add(&collected->constants,
				 &(struct gap_constant){
					 .group = GAP_CONSTANT_SIZE,
					 .value = type.size_bytes,
					 .kind = type.flags & GAP_TYPE_SIZE_UNKNOWN
							 ? "size unknown, at least this:"
							 : gap_kind_name(type.kind),
				 },
				 name, number, NULL);
}

static void add_type(struct gap_collected *collected, const struct gap_label *label)
{
	struct adding adding = {collected, label};

	if (label->repeats)
		return;
	if (!gap_is_identifier(label->name)) {
		collected->unnameable++;
		return;
	}
	if (label->leads)
		gap_emit_warn(collected->options,
			      "%s: %s has several definitions, which are %s_N here",
			      collected->format, label->name, label->name);
	add_size(collected, label->definition, label->name, label->number);
	gap_members_each(collected->profile, label->definition, add_member, &adding);
}

static void add_enumerator(struct gap_collected *collected, uint32_t row, bool is_signed)
{
	struct gap_enumerator enumerator;

	if (!gap_profile_enumerator(collected->profile, row, &enumerator))
		return;
	gap_constants_add(&collected->constants,
			  &(struct gap_constant){
				  .group = GAP_CONSTANT_ENUMERATOR,
				  .value = enumerator.value,
				  .is_signed = is_signed,
			  },
			  enumerator.name, 0, NULL);
}

static void add_enumerators(struct gap_collected *collected, gap_type_id id)
{
	struct gap_type type;

	gap_profile_type(collected->profile, id, &type);
	for (uint32_t i = 0; type.kind == GAP_KIND_ENUM && i < type.count; i++)
		add_enumerator(collected, type.first + i, type.flags & GAP_TYPE_SIGNED);
}

static void add_symbol(struct gap_collected *collected, const struct gap_symbol *symbol,
		       const char *name, uint32_t number)
{
	gap_constants_add(
		&collected->constants,
		&(struct gap_constant){
			.group = GAP_CONSTANT_SYMBOL,
			.value = symbol->address,
			.local = symbol->flags & GAP_SYMBOL_LOCAL,
			.kind = symbol->flags & GAP_SYMBOL_PERCPU ? "in the per-CPU area" : NULL,
		},
		name, number, NULL);
}

static enum gap_status add_everything(struct gap_collected *collected, struct gap_error *error)
{
	uint32_t types = gap_profile_count(collected->profile, GAP_TABLE_TYPES);
	uint32_t symbols = gap_profile_count(collected->profile, GAP_TABLE_SYMBOLS);
	struct gap_labels labels;
	enum gap_status status =
		gap_labels_init(&labels, collected->profile, GAP_LABEL_AGGREGATES, error);

	if (status)
		return status;
	for (size_t i = 0; i < labels.count; i++)
		add_type(collected, &labels.items[i]);
	gap_labels_deinit(&labels);
	for (gap_type_id id = 1; id < types; id++)
		add_enumerators(collected, id);
	for (uint32_t row = 0; row < symbols; row++) {
		struct gap_symbol symbol;

		gap_profile_symbol(collected->profile, row, &symbol);
		add_symbol(collected, &symbol, symbol.name, 0);
	}
	return GAP_OK;
}

/* ---- constants of a selection ---- */

/* Where a field's constants stand; the names move while more are added. */
struct placed {
	size_t size, offset;
};

static enum gap_status add_fields(struct gap_collected *collected,
				  const struct gap_selection *selection, struct placed **placed,
				  struct gap_error *error)
{
	size_t count;
	const struct gap_selected_field *fields = gap_selection_fields(selection, &count);

	*placed = calloc(count + 1, sizeof(**placed));
	if (!*placed)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		gap_type_id root = gap_profile_strip(collected->profile, fields[i].root);

		(*placed)[i].size = add_size(collected, root, fields[i].type, fields[i].number);
		(*placed)[i].offset = collected->constants.count;
		add_offset(collected, fields[i].type, fields[i].number, fields[i].path,
			   fields[i].location.offset_bits, fields[i].location.width_bits);
	}
	return GAP_OK;
}

static void add_selected_types(struct gap_collected *collected,
			       const struct gap_selection *selection)
{
	size_t count;
	const struct gap_selected_type *types = gap_selection_types(selection, &count);

	for (size_t i = 0; i < count; i++)
		add_size(collected, gap_profile_strip(collected->profile, types[i].root),
			 types[i].name, types[i].number);
}

static void add_selected_enumerators(struct gap_collected *collected,
				     const struct gap_selection *selection)
{
	size_t count;
	const struct gap_selected_enumerator *selected =
		gap_selection_enumerators(selection, &count);

	for (size_t i = 0; i < count; i++) {
		struct gap_type type = {.flags = 0};

		gap_profile_type(collected->profile, selected[i].owner, &type);
		add_enumerator(collected, selected[i].row, type.flags & GAP_TYPE_SIGNED);
	}
}

static void add_selected_symbols(struct gap_collected *collected,
				 const struct gap_selection *selection)
{
	size_t count;
	const struct gap_selected_symbol *symbols = gap_selection_symbols(selection, &count);

	for (size_t i = 0; i < count; i++)
		add_symbol(collected, &symbols[i].symbol, symbols[i].name, symbols[i].number);
}

static enum gap_status resolve_fields(const struct gap_collected *collected,
				      const struct gap_selection *selection,
				      const struct placed *placed, struct gap_header_fields *fields,
				      struct gap_error *error)
{
	const struct gap_selected_field *selected = gap_selection_fields(selection, &fields->count);

	fields->profile = collected->profile;
	fields->items = calloc(fields->count + 1, sizeof(*fields->items));
	if (!fields->items)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < fields->count; i++) {
		const struct gap_constant *constant = &collected->constants.items[placed[i].offset];
		struct gap_header_field *field = &fields->items[i];

		field->selected = &selected[i];
		field->owner = gap_constants_name(&collected->constants, placed[i].size);
		field->name = gap_constants_name(&collected->constants, placed[i].offset);
		field->left_out = constant->left_out || constant->repeats;
		gap_profile_type(collected->profile,
				 gap_profile_strip(collected->profile, selected[i].location.type),
				 &field->type);
	}
	return GAP_OK;
}

/* ---- the interface ---- */

static enum gap_status resolve_constants(struct gap_collected *collected, struct gap_error *error)
{
	uint32_t left_out;
	enum gap_status status = gap_constants_resolve(&collected->constants, &left_out, error);

	if (status)
		return status;
	if (left_out)
		gap_emit_warn(collected->options,
			      "%s: %u names would have several values and are left out",
			      collected->format, left_out);
	if (collected->unnameable)
		gap_emit_warn(collected->options, "%s: %u names are not C and are left out",
			      collected->format, collected->unnameable);
	return GAP_OK;
}

static enum gap_status collect_selection(struct gap_collected *collected,
					 const struct gap_selection *selection,
					 struct gap_error *error)
{
	struct placed *placed = NULL;
	enum gap_status status = add_fields(collected, selection, &placed, error);

	if (status == GAP_OK) {
		add_selected_types(collected, selection);
		add_selected_enumerators(collected, selection);
		add_selected_symbols(collected, selection);
		status = resolve_constants(collected, error);
	}
	if (status == GAP_OK)
		status = resolve_fields(collected, selection, placed, &collected->fields, error);
	free(placed);
	return status;
}

enum gap_status gap_collect(struct gap_collected *collected, const char *format,
			    const struct gap_profile *profile,
			    const struct gap_selection *selection,
			    const struct gap_emit_options *options, struct gap_error *error)
{
	enum gap_status status;

	*collected =
		(struct gap_collected){.profile = profile, .options = options, .format = format};
	if (!gap_selection_is_everything(selection)) {
		status = collect_selection(collected, selection, error);
	} else {
		status = add_everything(collected, error);
		if (status == GAP_OK)
			status = resolve_constants(collected, error);
	}
	if (status)
		gap_collected_deinit(collected);
	return status;
}

void gap_collected_deinit(struct gap_collected *collected)
{
	gap_constants_deinit(&collected->constants);
	free(collected->fields.items);
}
