/* SPDX-License-Identifier: MIT */
/*
 * --format header: a C header with the constants of one kernel build, for C11 and C++17. With a
 * selection also mirrors of the structures and typed readers; header_layout.c and header_readers.c
 * write those.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emit/constants.h"
#include "emit/formats.h"
#include "emit/header_fields.h"
#include "emit/header_text.h"
#include "emit/labels.h"
#include "emit/walk.h"

struct header {
	const struct gap_profile *profile;
	const struct gap_emit_options *options;
	FILE *stream;
	struct gap_constants constants;
	uint32_t unnameable;
};

/* ---- constants of a whole profile ---- */

struct adding {
	struct header *header;
	const struct gap_label *label;
};

static bool is_path(const char *name)
{
	for (; *name; name++)
		if (*name == '.' && gap_is_identifier(name + 1))
			return true;
	return false;
}

static void add_offset(struct header *header, const char *type, uint32_t number, const char *path,
		       uint64_t offset_bits, uint32_t width_bits)
{
	struct gap_constant constant = {
		.group = width_bits ? GAP_CONSTANT_BITS : GAP_CONSTANT_OFFSET,
		.value = width_bits ? offset_bits : offset_bits / 8,
		.width_bits = width_bits,
	};

	gap_constants_add(&header->constants, &constant, type, number, path);
}

static bool add_member(void *context, const struct gap_seen_member *seen)
{
	const struct adding *adding = context;

	if (!gap_is_identifier(seen->member.name) && !is_path(seen->member.name)) {
		adding->header->unnameable++;
		return true;
	}
	add_offset(adding->header, adding->label->name, adding->label->number, seen->member.name,
		   seen->member.offset_bits, seen->member.width_bits);
	return true;
}

static size_t add_size(struct header *header, gap_type_id definition, const char *name,
		       uint32_t number)
{
	struct gap_type type;

	gap_profile_type(header->profile, definition, &type);
	return gap_constants_add(&header->constants,
				 &(struct gap_constant){
					 .group = GAP_CONSTANT_SIZE,
					 .value = type.size_bytes,
					 .kind = type.flags & GAP_TYPE_SIZE_UNKNOWN
							 ? "size unknown, at least this:"
							 : gap_kind_name(type.kind),
				 },
				 name, number, NULL);
}

static void add_type(struct header *header, const struct gap_label *label)
{
	struct adding adding = {header, label};

	if (label->repeats)
		return;
	if (!gap_is_identifier(label->name)) {
		header->unnameable++;
		return;
	}
	if (label->leads)
		gap_emit_warn(header->options,
			      "header: %s has several definitions, which are %s_N here",
			      label->name, label->name);
	add_size(header, label->definition, label->name, label->number);
	gap_members_each(header->profile, label->definition, add_member, &adding);
}

static void add_enumerators(struct header *header, gap_type_id id)
{
	struct gap_type type;

	gap_profile_type(header->profile, id, &type);
	for (uint32_t i = 0; type.kind == GAP_KIND_ENUM && i < type.count; i++) {
		struct gap_enumerator enumerator;

		if (!gap_profile_enumerator(header->profile, type.first + i, &enumerator))
			break;
		gap_constants_add(&header->constants,
				  &(struct gap_constant){
					  .group = GAP_CONSTANT_ENUMERATOR,
					  .value = enumerator.value,
					  .is_signed = type.flags & GAP_TYPE_SIGNED,
				  },
				  enumerator.name, 0, NULL);
	}
}

static void add_symbol(struct header *header, const struct gap_symbol *symbol, const char *name,
		       uint32_t number)
{
	gap_constants_add(
		&header->constants,
		&(struct gap_constant){
			.group = GAP_CONSTANT_SYMBOL,
			.value = symbol->address,
			.local = symbol->flags & GAP_SYMBOL_LOCAL,
			.kind = symbol->flags & GAP_SYMBOL_PERCPU ? "in the per-CPU area" : NULL,
		},
		name, number, NULL);
}

static enum gap_status add_everything(struct header *header, struct gap_error *error)
{
	uint32_t types = gap_profile_count(header->profile, GAP_TABLE_TYPES);
	uint32_t symbols = gap_profile_count(header->profile, GAP_TABLE_SYMBOLS);
	struct gap_labels labels;
	enum gap_status status =
		gap_labels_init(&labels, header->profile, GAP_LABEL_AGGREGATES, error);

	if (status)
		return status;
	for (size_t i = 0; i < labels.count; i++)
		add_type(header, &labels.items[i]);
	gap_labels_deinit(&labels);
	for (gap_type_id id = 1; id < types; id++)
		add_enumerators(header, id);
	for (uint32_t row = 0; row < symbols; row++) {
		struct gap_symbol symbol;

		gap_profile_symbol(header->profile, row, &symbol);
		add_symbol(header, &symbol, symbol.name, 0);
	}
	return GAP_OK;
}

/* ---- constants of a selection ---- */

/* Where a field's constants stand; the names move while more are added. */
struct placed {
	size_t size, offset;
};

static enum gap_status add_fields(struct header *header, const struct gap_selection *selection,
				  struct placed **placed, struct gap_error *error)
{
	size_t count;
	const struct gap_selected_field *fields = gap_selection_fields(selection, &count);

	*placed = calloc(count + 1, sizeof(**placed));
	if (!*placed)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		gap_type_id root = gap_profile_strip(header->profile, fields[i].root);

		(*placed)[i].size = add_size(header, root, fields[i].type, fields[i].number);
		(*placed)[i].offset = header->constants.count;
		add_offset(header, fields[i].type, fields[i].number, fields[i].path,
			   fields[i].location.offset_bits, fields[i].location.width_bits);
	}
	return GAP_OK;
}

static void add_selected_symbols(struct header *header, const struct gap_selection *selection)
{
	size_t count;
	const struct gap_selected_symbol *symbols = gap_selection_symbols(selection, &count);

	for (size_t i = 0; i < count; i++)
		add_symbol(header, &symbols[i].symbol, symbols[i].name, symbols[i].number);
}

static enum gap_status resolve_fields(const struct header *header,
				      const struct gap_selection *selection,
				      const struct placed *placed, struct gap_header_fields *fields,
				      struct gap_error *error)
{
	const struct gap_selected_field *selected = gap_selection_fields(selection, &fields->count);

	fields->profile = header->profile;
	fields->items = calloc(fields->count + 1, sizeof(*fields->items));
	if (!fields->items)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < fields->count; i++) {
		const struct gap_constant *constant = &header->constants.items[placed[i].offset];
		struct gap_header_field *field = &fields->items[i];

		field->selected = &selected[i];
		field->owner = gap_constants_name(&header->constants, placed[i].size);
		field->name = gap_constants_name(&header->constants, placed[i].offset);
		field->left_out = constant->left_out || constant->repeats;
		gap_profile_type(header->profile,
				 gap_profile_strip(header->profile, selected[i].location.type),
				 &field->type);
	}
	return GAP_OK;
}

/* ---- the file ---- */

static void write_begin(const struct header *header)
{
	uint64_t digest = gap_constants_digest(&header->constants);
	FILE *stream = header->stream;
	struct gap_target target;

	gap_profile_target(header->profile, &target);
	gap_header_comment(stream, &target, "Constants of one kernel build, written by semgap.",
			   "GAP_OFF_ are bytes, GAP_BITS_ bits counted from the least significant "
			   "bit of the first byte;\n"
			   " * GAP_SYM_ are addresses as linked, before any KASLR slide.");
	fprintf(stream, "#ifndef GAP_HEADER_%016" PRIx64 "\n", digest);
	fprintf(stream, "#define GAP_HEADER_%016" PRIx64 "\n", digest);
	fputs("\n"
	      "#ifdef GAP_TARGET_RELEASE\n"
	      "#error \"constants of two selections or of two kernels in one translation unit\"\n"
	      "#endif\n"
	      "\n"
	      "#include <stddef.h>\n"
	      "#include <stdint.h>\n"
	      "\n"
	      "#define GAP_TARGET_RELEASE \"",
	      stream);
	gap_header_safe(stream, target.release, strlen(target.release));
	fputs("\"\n#define GAP_TARGET_BUILD_ID \"", stream);
	gap_header_digits(stream, &target);
	fprintf(stream, "\"\n#define GAP_TARGET_POINTER_BYTES %u\n", target.pointer_bytes);
	fprintf(stream, "#define GAP_TARGET_MACHINE %u /* ELF: %s */\n", target.machine,
		gap_machine_name(target.machine));
}

static enum gap_status write_constants(struct header *header, struct gap_error *error)
{
	uint32_t left_out;
	enum gap_status status = gap_constants_resolve(&header->constants, &left_out, error);

	if (status)
		return status;
	write_begin(header);
	gap_constants_write(&header->constants, header->stream);
	if (left_out)
		gap_emit_warn(header->options,
			      "header: %u names would have several values and are left out",
			      left_out);
	if (header->unnameable)
		gap_emit_warn(header->options, "header: %u names are not C and are left out",
			      header->unnameable);
	return GAP_OK;
}

static void write_end(const struct header *header)
{
	fputs("\n#endif\n", header->stream);
}

static enum gap_status write_selection(struct header *header, const struct gap_selection *selection,
				       struct gap_error *error)
{
	struct gap_header_fields fields = {.items = NULL};
	struct placed *placed = NULL;
	enum gap_status status = add_fields(header, selection, &placed, error);

	if (status == GAP_OK) {
		add_selected_symbols(header, selection);
		status = write_constants(header, error);
	}
	if (status == GAP_OK)
		status = resolve_fields(header, selection, placed, &fields, error);
	if (status == GAP_OK && fields.count > 0) {
		gap_header_write_layouts(&fields, header->stream);
		gap_header_write_readers(&fields, header->stream);
	}
	free(fields.items);
	free(placed);
	return status;
}

static enum gap_status write_whole(struct header *header, struct gap_error *error)
{
	enum gap_status status = add_everything(header, error);

	return status ? status : write_constants(header, error);
}

enum gap_status gap_emit_header(const struct gap_profile *profile,
				const struct gap_selection *selection,
				const struct gap_emit_options *options, FILE *stream,
				struct gap_error *error)
{
	struct header header = {.profile = profile, .options = options, .stream = stream};
	enum gap_status status;

	if (gap_selection_is_everything(selection))
		status = write_whole(&header, error);
	else
		status = write_selection(&header, selection, error);
	if (status == GAP_OK)
		write_end(&header);
	gap_constants_deinit(&header.constants);
	return status;
}
