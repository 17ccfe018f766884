/* SPDX-License-Identifier: MIT */
/*
 * ISF's user types and enums: layouts, bit-fields, and the descriptors that members and symbols have.
 * Its base types are isf_base.c's.
 */
#include <string.h>

#include "emit/isf_writer.h"

/*
 * Pointers may point in a circle without a name in between; no C does. json-c, which LibVMI reads
 * with, gives up at 32 levels.
 */
#define DESCRIPTOR_DEPTH_MAX 16

/* ---- names ---- */

/* The row that names what a type stands for: typedefs are followed up to the one that names an
 * anonymous type. */
gap_type_id gap_isf_named_row(const struct isf *isf, gap_type_id id)
{
	struct gap_type type;

	while (gap_profile_type(isf->profile, id, &type)) {
		bool alias = type.kind == GAP_KIND_TYPEDEF || type.kind == GAP_KIND_CONST ||
			     type.kind == GAP_KIND_VOLATILE || type.kind == GAP_KIND_RESTRICT ||
			     type.kind == GAP_KIND_ATOMIC;

		if (!alias ||
		    (type.kind == GAP_KIND_TYPEDEF &&
		     (gap_labels_find(&isf->aggregates, id) || gap_labels_find(&isf->enums, id))))
			break;
		id = type.ref;
	}
	return id;
}

static void write_label(struct isf *isf, const struct gap_label *label)
{
	char text[512];

	if (label->number == 0 || label->leads) {
		gap_json_key(&isf->json, label->name);
		return;
	}
	snprintf(text, sizeof(text), "%.490s#%u", label->name, label->number);
	gap_json_key(&isf->json, text);
}

/* The same as a value. '#' keeps names of our making apart from C's. */
static void write_reference(struct isf *isf, const struct gap_label *label, gap_type_id row)
{
	char text[512];

	if (!label)
		snprintf(text, sizeof(text), "unnamed#%u", row);
	else if (label->number == 0 || label->leads)
		snprintf(text, sizeof(text), "%.490s", label->name);
	else
		snprintf(text, sizeof(text), "%.490s#%u", label->name, label->number);
	gap_json_key(&isf->json, "name");
	gap_json_name(&isf->json, text);
}

/* ---- type descriptors ---- */

void gap_isf_write_kind(struct isf *isf, const char *kind)
{
	gap_json_key(&isf->json, "kind");
	gap_json_name(&isf->json, kind);
}

static void write_base(struct isf *isf, const char *name)
{
	gap_isf_write_kind(isf, "base");
	gap_json_key(&isf->json, "name");
	gap_json_name(&isf->json, name);
}

static void write_integer(struct isf *isf, const struct gap_type *type)
{
	write_base(isf, gap_isf_base_integer(&isf->bases, type->size_bytes,
					     type->flags & GAP_TYPE_SIGNED));
}

/* A structure or enum by name; what is only declared has no layout to refer to. */
static void write_named(struct isf *isf, gap_type_id row, const struct gap_type *type)
{
	bool is_enum = type->kind == GAP_KIND_ENUM;

	if (type->flags & GAP_TYPE_INCOMPLETE) {
		if (is_enum && type->size_bytes)
			write_integer(isf, type);
		else
			write_base(isf, "void");
		return;
	}
	gap_isf_write_kind(isf, is_enum ? "enum" : gap_kind_name(type->kind));
	write_reference(isf, gap_labels_find(is_enum ? &isf->enums : &isf->aggregates, row), row);
}

static void write_nested(struct isf *isf, gap_type_id id, unsigned depth)
{
	gap_json_key(&isf->json, "subtype");
	gap_isf_write_descriptor(isf, id, depth + 1);
}

void gap_isf_write_descriptor(struct isf *isf, gap_type_id id, unsigned depth)
{
	gap_type_id row = gap_isf_named_row(isf, id);
	struct gap_type type = {.kind = GAP_KIND_VOID};

	if (depth < DESCRIPTOR_DEPTH_MAX)
		gap_profile_type(isf->profile, gap_profile_strip(isf->profile, row), &type);
	gap_json_open(&isf->json, '{');
	switch (type.kind) {
	case GAP_KIND_POINTER:
		gap_isf_write_kind(isf, "pointer");
		write_nested(isf, type.ref, depth);
		break;
	case GAP_KIND_ARRAY:
		gap_isf_write_kind(isf, "array");
		gap_json_key_number(&isf->json, "count", type.count);
		write_nested(isf, type.ref, depth);
		break;
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
	case GAP_KIND_ENUM:
		write_named(isf, row, &type);
		break;
	case GAP_KIND_FUNCTION:
		gap_isf_write_kind(isf, "function");
		break;
	case GAP_KIND_INT:
	case GAP_KIND_FLOAT:
	case GAP_KIND_UNKNOWN:
		write_base(isf, gap_isf_base_name(&isf->bases, &type));
		break;
	default:
		write_base(isf, "void");
	}
	gap_json_close(&isf->json, '}');
}

/* ---- bit-fields ---- */

/* Where a bit-field's storage unit lies in its structure, and the field in the unit. */
struct storage {
	uint64_t unit_bytes, offset_bytes;
	uint32_t bit_position;
};

static bool holds(const struct gap_member *member, uint64_t offset_bytes, uint64_t unit_bytes)
{
	return member->offset_bits >= offset_bytes * 8 &&
	       member->offset_bits + member->width_bits <= (offset_bytes + unit_bytes) * 8;
}

/* A unit where C would put it; else from the field's first byte; else, as no unit may stick out, at
 * the end. */
static bool try_storage(const struct gap_member *member, uint64_t size_bytes, uint64_t unit_bytes,
			struct storage *storage)
{
	uint64_t first = member->offset_bits / 8;
	const uint64_t places[] = {first / unit_bytes * unit_bytes, first,
				   size_bytes > unit_bytes ? size_bytes - unit_bytes : 0, first};

	for (size_t i = 0; i < 4; i++) {
		bool inside = places[i] + unit_bytes <= size_bytes;

		if (!holds(member, places[i], unit_bytes) || (!inside && i < 3))
			continue;
		*storage = (struct storage){unit_bytes, places[i],
					    (uint32_t)(member->offset_bits - places[i] * 8)};
		return true;
	}
	return false;
}

/* The declared type's own unit where the field lies in one, else the next wider that holds it. */
static void choose_storage(const struct gap_member *member, uint64_t size_bytes,
			   uint64_t declared_bytes, struct storage *storage)
{
	uint64_t unit = declared_bytes;

	if (unit != 1 && unit != 2 && unit != 4 && unit != 8)
		unit = 8;
	while (!try_storage(member, size_bytes, unit, storage))
		unit *= 2; /* 16 bytes hold any width there is */
}

static void write_bitfield(struct isf *isf, const struct gap_member *member,
			   const struct storage *storage)
{
	gap_type_id row = gap_isf_named_row(isf, member->type);
	struct gap_type type = {.kind = GAP_KIND_VOID};

	gap_profile_type(isf->profile, gap_profile_strip(isf->profile, row), &type);
	gap_json_open(&isf->json, '{');
	gap_isf_write_kind(isf, "bitfield");
	gap_json_key_number(&isf->json, "bit_position", storage->bit_position);
	gap_json_key_number(&isf->json, "bit_length", member->width_bits);
	gap_json_key(&isf->json, "type");
	gap_json_open(&isf->json, '{');
	if (storage->unit_bytes != type.size_bytes) {
		type.size_bytes = storage->unit_bytes;
		write_integer(isf, &type);
	} else if (type.kind == GAP_KIND_ENUM) {
		write_named(isf, row, &type);
	} else {
		write_base(isf, gap_isf_base_name(&isf->bases, &type));
	}
	gap_json_close(&isf->json, '}');
	gap_json_close(&isf->json, '}');
}

/* ---- user types ---- */

static bool is_layout(const struct isf *isf, gap_type_id id)
{
	struct gap_type type;

	return gap_profile_type(isf->profile, gap_profile_strip(isf->profile, id), &type) &&
	       gap_type_is_aggregate(&type) && !(type.flags & GAP_TYPE_INCOMPLETE);
}

static void write_field(struct isf *isf, const struct gap_member *member, uint64_t size_bytes)
{
	struct gap_type type = {.kind = GAP_KIND_VOID};
	struct storage storage;

	gap_json_open(&isf->json, '{');
	gap_json_key(&isf->json, "offset");
	if (member->width_bits) {
		gap_profile_type(isf->profile, gap_profile_strip(isf->profile, member->type),
				 &type);
		choose_storage(member, size_bytes, type.size_bytes, &storage);
		gap_json_number(&isf->json, storage.offset_bytes);
		gap_json_key(&isf->json, "type");
		write_bitfield(isf, member, &storage);
	} else {
		gap_json_number(&isf->json, member->offset_bits / 8);
		gap_json_key(&isf->json, "type");
		gap_isf_write_descriptor(isf, member->type, 0);
	}
	gap_json_key_flag(&isf->json, "anonymous", !*member->name);
	gap_json_close(&isf->json, '}');
}

static void write_fields(struct isf *isf, const struct gap_type *type)
{
	char unnamed[40];

	gap_json_key(&isf->json, "fields");
	gap_json_open(&isf->json, '{');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;

		if (!gap_profile_member(isf->profile, type->first + i, &member))
			break;
		/* Unnamed bits are padding. Volatility flattens anonymous members and needs a
		 * layout there. */
		if (!*member.name && (member.width_bits || !is_layout(isf, member.type)))
			continue;
		snprintf(unnamed, sizeof(unnamed), "unnamed_field#%u", i);
		gap_json_key(&isf->json, *member.name ? member.name : unnamed);
		write_field(isf, &member, type->size_bytes);
	}
	gap_json_close(&isf->json, '}');
}

static void write_user_type(struct isf *isf, gap_type_id definition)
{
	struct gap_type type;

	gap_profile_type(isf->profile, definition, &type);
	gap_json_open(&isf->json, '{');
	gap_isf_write_kind(isf, gap_kind_name(type.kind));
	gap_json_key_number(&isf->json, "size", type.size_bytes);
	write_fields(isf, &type);
	gap_json_close(&isf->json, '}');
}

static void write_unnamed(struct isf *isf, bool enums, void (*write)(struct isf *, gap_type_id))
{
	uint32_t rows = gap_profile_count(isf->profile, GAP_TABLE_TYPES);
	char text[32];

	for (gap_type_id row = 1; row < rows; row++) {
		struct gap_type type;

		if (!isf->direct[row] || !gap_profile_type(isf->profile, row, &type) ||
		    (type.kind == GAP_KIND_ENUM) != enums)
			continue;
		snprintf(text, sizeof(text), "unnamed#%u", row);
		gap_json_line(&isf->json);
		gap_json_key(&isf->json, text);
		write(isf, row);
	}
}

static void write_labelled(struct isf *isf, const struct gap_labels *labels,
			   void (*write)(struct isf *, gap_type_id))
{
	for (size_t i = 0; i < labels->count; i++) {
		if (labels->items[i].repeats)
			continue;
		gap_json_line(&isf->json);
		write_label(isf, &labels->items[i]);
		write(isf, labels->items[i].definition);
	}
}

void gap_isf_write_user_types(struct isf *isf)
{
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, "user_types");
	gap_json_open(&isf->json, '{');
	write_labelled(isf, &isf->aggregates, write_user_type);
	write_unnamed(isf, false, write_user_type);
	gap_json_close(&isf->json, '}');
}

/* ---- enums ---- */

static void write_constants(struct isf *isf, const struct gap_type *type)
{
	gap_json_key(&isf->json, "constants");
	gap_json_open(&isf->json, '{');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator enumerator;

		if (!gap_profile_enumerator(isf->profile, type->first + i, &enumerator))
			break;
		gap_json_key(&isf->json, enumerator.name);
		if (type->flags & GAP_TYPE_SIGNED)
			gap_json_signed(&isf->json, (int64_t)enumerator.value);
		else
			gap_json_number(&isf->json, enumerator.value);
	}
	gap_json_close(&isf->json, '}');
}

static void write_enum(struct isf *isf, gap_type_id definition)
{
	struct gap_type type;

	gap_profile_type(isf->profile, definition, &type);
	gap_json_open(&isf->json, '{');
	gap_json_key_number(&isf->json, "size", type.size_bytes);
	gap_json_key(&isf->json, "base");
	gap_json_name(&isf->json, gap_isf_base_integer(&isf->bases, type.size_bytes,
						       type.flags & GAP_TYPE_SIGNED));
	write_constants(isf, &type);
	gap_json_close(&isf->json, '}');
}

void gap_isf_write_enums(struct isf *isf)
{
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, "enums");
	gap_json_open(&isf->json, '{');
	write_labelled(isf, &isf->enums, write_enum);
	write_unnamed(isf, true, write_enum);
	gap_json_close(&isf->json, '}');
}
