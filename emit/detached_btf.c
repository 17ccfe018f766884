/* SPDX-License-Identifier: MIT */
/*
 * --format btf: the types as BTF in a file of their own (the kernel's Documentation/bpf/btf.rst),
 * as bpftool, pahole and libbpf take it. Typed functions become FUNC, typed per-CPU variables VAR
 * in a DATASEC, as pahole writes them; BTF has no place for addresses.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/formats.h"
#include "emit/reduce.h"
#include "emit/walk.h"
#include "profile/strings.h"
#include "profile/vector.h"

enum btf_out_kind {
	OUT_INT = 1,
	OUT_PTR,
	OUT_ARRAY,
	OUT_STRUCT,
	OUT_UNION,
	OUT_ENUM,
	OUT_FWD,
	OUT_TYPEDEF,
	OUT_VOLATILE,
	OUT_CONST,
	OUT_RESTRICT,
	OUT_FUNC,
	OUT_FUNC_PROTO,
	OUT_VAR,
	OUT_DATASEC,
	OUT_FLOAT,
	OUT_ENUM64 = 19
};

#define INT_SIGNED (1u << 24)
#define INT_CHAR (2u << 24)
#define INT_BOOL (4u << 24)
#define KIND_FLAG 0x80000000u
#define ENTRIES_MAX 0xffffu
#define BIT_OFFSET_MAX 0xffffffu /* where offsets share their word with a width */

GAP_VECTOR(btf_out_words, uint32_t);

struct btf_out {
	const struct gap_profile *profile;
	struct btf_out_words words; /* the type section */
	struct gap_strings strings;
	uint32_t *text_offset; /* of each string, once all are known */
	uint32_t *ids;         /* by type row */
	uint32_t next, pointer_bytes;
	uint32_t index_type, byte_type; /* of ours: what arrays count by, and consist of */
	uint32_t cut;                   /* types of more entries than BTF holds */
	bool no_memory;
};

static struct gap_type type_of(const struct btf_out *out, gap_type_id id)
{
	struct gap_type type = {.name = "", .kind = GAP_KIND_VOID};

	gap_profile_type(out->profile, id, &type);
	return type;
}

static void word(struct btf_out *out, uint32_t value)
{
	uint32_t *at = btf_out_words_push(&out->words);

	if (at)
		*at = value;
	else
		out->no_memory = true;
}

/* Strings are words of the pool until their offsets are known. */
static uint32_t text(struct btf_out *out, const char *name)
{
	uint32_t id = 0;

	if (!gap_strings_intern(&out->strings, name, strlen(name), &id))
		out->no_memory = true;
	return id;
}

/* ---- numbering ---- */

/* Whether a row is written at all, or stands for the type it refers to. */
static bool is_transparent(const struct gap_type *type)
{
	return type->kind == GAP_KIND_ATOMIC;
}

/* Widths that BTF's INT can have. */
static bool is_btf_width(uint64_t bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8 || bytes == 16;
}

static bool is_float_width(uint64_t bytes)
{
	return bytes == 2 || bytes == 4 || bytes == 8 || bytes == 12 || bytes == 16;
}

static void number_rows(struct btf_out *out)
{
	uint32_t count = gap_profile_count(out->profile, GAP_TABLE_TYPES);

	out->next = 1;
	out->index_type = out->next++;
	out->byte_type = out->next++;
	for (gap_type_id id = 1; id < count; id++) {
		struct gap_type type = type_of(out, id);

		if (type.kind != GAP_KIND_VOID && !is_transparent(&type))
			out->ids[id] = out->next++;
	}
}

static uint32_t reference(const struct btf_out *out, gap_type_id id)
{
	for (unsigned steps = 0; steps < 64; steps++) {
		struct gap_type type = type_of(out, id);

		if (!is_transparent(&type))
			return out->ids[id];
		id = type.ref;
	}
	return 0;
}

/* ---- types ---- */

static void head(struct btf_out *out, const char *name, enum btf_out_kind kind, uint32_t entries,
		 bool flag, uint32_t size_or_type)
{
	word(out, text(out, name));
	word(out, (uint32_t)kind << 24 | entries | (flag ? KIND_FLAG : 0));
	word(out, size_or_type);
}

static void integer(struct btf_out *out, const char *name, uint32_t bytes, uint32_t encoding)
{
	head(out, name, OUT_INT, 0, false, bytes);
	word(out, encoding | bytes * 8);
}

static void byte_array(struct btf_out *out, uint64_t bytes)
{
	head(out, "", OUT_ARRAY, 0, false, 0);
	word(out, out->byte_type);
	word(out, out->index_type);
	word(out, bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes);
}

static void write_number(struct btf_out *out, const struct gap_type *type)
{
	uint32_t encoding = 0;

	if (!is_btf_width(type->size_bytes)) {
		byte_array(out, type->size_bytes);
		return;
	}
	/* Encodings are one value, not flags; pahole keeps SIGNED for a signed char. */
	if (type->flags & GAP_TYPE_BOOL)
		encoding = INT_BOOL;
	else if (type->flags & GAP_TYPE_SIGNED)
		encoding = INT_SIGNED;
	else if (type->flags & GAP_TYPE_CHAR && !strstr(type->name, "unsigned"))
		encoding = INT_CHAR;
	integer(out, *type->name ? type->name : "gap_unknown", (uint32_t)type->size_bytes,
		encoding);
}

static void write_float(struct btf_out *out, const struct gap_type *type)
{
	if (is_float_width(type->size_bytes))
		head(out, type->name, OUT_FLOAT, 0, false, (uint32_t)type->size_bytes);
	else
		byte_array(out, type->size_bytes);
}

static uint32_t entries(struct btf_out *out, const struct gap_type *type)
{
	if (type->count <= ENTRIES_MAX)
		return type->count;
	out->cut++;
	return ENTRIES_MAX;
}

/* With bit-fields, offsets share their word with widths, unless one is too large for that. */
static bool has_bit_fields(const struct btf_out *out, const struct gap_type *type)
{
	bool any = false;

	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;

		if (!gap_profile_member(out->profile, type->first + i, &member))
			break;
		any |= member.width_bits != 0;
	}
	return any;
}

static void write_members(struct btf_out *out, const struct gap_type *type, bool bit_fields,
			  uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct gap_member member = {.name = ""};

		gap_profile_member(out->profile, type->first + i, &member);
		if (member.offset_bits > (bit_fields ? BIT_OFFSET_MAX : UINT32_MAX)) {
			out->cut++;
			member.offset_bits = 0;
		}
		word(out, text(out, member.name));
		word(out, reference(out, member.type));
		word(out,
		     (uint32_t)member.offset_bits | (bit_fields ? member.width_bits << 24 : 0));
	}
}

static void write_aggregate(struct btf_out *out, const struct gap_type *type)
{
	bool is_union = type->kind == GAP_KIND_UNION, bit_fields;
	uint32_t count = entries(out, type);

	if (type->flags & GAP_TYPE_INCOMPLETE) {
		head(out, type->name, OUT_FWD, 0, is_union, 0);
		return;
	}
	bit_fields = has_bit_fields(out, type);
	head(out, type->name, is_union ? OUT_UNION : OUT_STRUCT, count, bit_fields,
	     (uint32_t)type->size_bytes);
	write_members(out, type, bit_fields, count);
}

/* A 32-bit value is kept as such with either sign; what needs more needs ENUM64. */
static bool needs_64_bits(const struct btf_out *out, const struct gap_type *type)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator enumerator;
		int64_t value;

		if (!gap_profile_enumerator(out->profile, type->first + i, &enumerator))
			break;
		value = (int64_t)enumerator.value;
		if (type->flags & GAP_TYPE_SIGNED ? value != (int32_t)value
						  : enumerator.value > UINT32_MAX)
			return true;
	}
	return false;
}

static void write_enum(struct btf_out *out, const struct gap_type *type)
{
	bool wide = needs_64_bits(out, type), incomplete = type->flags & GAP_TYPE_INCOMPLETE;
	uint32_t count = incomplete ? 0 : entries(out, type);
	uint32_t size = is_btf_width(type->size_bytes) ? (uint32_t)type->size_bytes : 4;

	head(out, type->name, wide ? OUT_ENUM64 : OUT_ENUM, count,
	     count && type->flags & GAP_TYPE_SIGNED, size);
	for (uint32_t i = 0; i < count; i++) {
		struct gap_enumerator enumerator = {.name = ""};

		gap_profile_enumerator(out->profile, type->first + i, &enumerator);
		word(out, text(out, enumerator.name));
		word(out, (uint32_t)enumerator.value);
		if (wide)
			word(out, (uint32_t)(enumerator.value >> 32));
	}
}

static void write_array(struct btf_out *out, const struct gap_type *type)
{
	head(out, "", OUT_ARRAY, 0, false, 0);
	word(out, reference(out, type->ref));
	word(out, out->index_type);
	word(out, type->flags & GAP_TYPE_FLEXIBLE ? 0 : type->count);
}

static void write_prototype(struct btf_out *out, const struct gap_type *type)
{
	bool variadic = type->flags & GAP_TYPE_FLEXIBLE;
	uint32_t count = type->count < ENTRIES_MAX ? type->count : ENTRIES_MAX - 1;

	head(out, "", OUT_FUNC_PROTO, count + variadic, false, reference(out, type->ref));
	for (uint32_t i = 0; i < count; i++) {
		struct gap_parameter parameter = {.name = ""};

		gap_profile_parameter(out->profile, type->first + i, &parameter);
		word(out, text(out, parameter.name));
		word(out, reference(out, parameter.type));
	}
	if (variadic) {
		word(out, 0);
		word(out, 0);
	}
}

static void write_type(struct btf_out *out, const struct gap_type *type)
{
	switch (type->kind) {
	case GAP_KIND_INT:
	case GAP_KIND_UNKNOWN:
		write_number(out, type);
		break;
	case GAP_KIND_FLOAT:
		write_float(out, type);
		break;
	case GAP_KIND_POINTER:
		head(out, "", OUT_PTR, 0, false, reference(out, type->ref));
		break;
	case GAP_KIND_ARRAY:
		write_array(out, type);
		break;
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		write_aggregate(out, type);
		break;
	case GAP_KIND_ENUM:
		write_enum(out, type);
		break;
	case GAP_KIND_TYPEDEF:
		head(out, type->name, OUT_TYPEDEF, 0, false, reference(out, type->ref));
		break;
	case GAP_KIND_CONST:
		head(out, "", OUT_CONST, 0, false, reference(out, type->ref));
		break;
	case GAP_KIND_VOLATILE:
		head(out, "", OUT_VOLATILE, 0, false, reference(out, type->ref));
		break;
	case GAP_KIND_RESTRICT:
		head(out, "", OUT_RESTRICT, 0, false, reference(out, type->ref));
		break;
	case GAP_KIND_FUNCTION:
		write_prototype(out, type);
		break;
	default:
		break;
	}
}

static void write_types(struct btf_out *out)
{
	uint32_t count = gap_profile_count(out->profile, GAP_TABLE_TYPES);

	integer(out, "__ARRAY_SIZE_TYPE__", 4, 0);
	integer(out, "gap_byte", 1, 0);
	for (gap_type_id id = 1; id < count; id++) {
		struct gap_type type = type_of(out, id);

		if (out->ids[id])
			write_type(out, &type);
	}
}

/* ---- symbols ---- */

/* A place in the per-CPU area. */
struct placed_var {
	uint32_t id, offset, size;
};

GAP_VECTOR(placed_vars, struct placed_var);

static int compare_placed(const void *left, const void *right)
{
	const struct placed_var *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static void write_function(struct btf_out *out, const struct gap_symbol *symbol)
{
	out->next++;
	head(out, symbol->name, OUT_FUNC, symbol->flags & GAP_SYMBOL_LOCAL ? 0 : 1, false,
	     reference(out, symbol->type));
}

static void write_variable(struct btf_out *out, const struct gap_symbol *symbol,
			   struct placed_vars *placed)
{
	struct gap_type type = type_of(out, symbol->type);
	struct placed_var *var = placed_vars_push(placed);

	if (!var) {
		out->no_memory = true;
		return;
	}
	*var = (struct placed_var){out->next++, (uint32_t)symbol->address,
				   (uint32_t)type.size_bytes};
	head(out, symbol->name, OUT_VAR, 0, false, reference(out, symbol->type));
	word(out, symbol->flags & GAP_SYMBOL_LOCAL ? 0 : 1);
}

static void write_section(struct btf_out *out, struct placed_vars *placed)
{
	uint32_t end;

	if (placed->count == 0)
		return;
	if (placed->count > ENTRIES_MAX) {
		placed->count = ENTRIES_MAX;
		out->cut++;
	}
	qsort(placed->items, placed->count, sizeof(*placed->items), compare_placed);
	end = placed->items[placed->count - 1].offset + placed->items[placed->count - 1].size;
	head(out, ".data..percpu", OUT_DATASEC, placed->count, false, end);
	for (uint32_t i = 0; i < placed->count; i++) {
		word(out, placed->items[i].id);
		word(out, placed->items[i].offset);
		word(out, placed->items[i].size);
	}
}

static void write_symbols(struct btf_out *out)
{
	uint32_t count = gap_profile_count(out->profile, GAP_TABLE_SYMBOLS);
	struct placed_vars placed = {.items = NULL};

	for (uint32_t row = 0; row < count; row++) {
		struct gap_symbol symbol;

		if (!gap_profile_symbol(out->profile, row, &symbol) || symbol.type == GAP_NONE ||
		    !*symbol.name)
			continue;
		if (type_of(out, symbol.type).kind == GAP_KIND_FUNCTION)
			write_function(out, &symbol);
		else if (symbol.flags & GAP_SYMBOL_PERCPU && symbol.address < UINT32_MAX)
			write_variable(out, &symbol, &placed);
	}
	write_section(out, &placed);
	free(placed.items);
}

/* ---- the file ---- */

/* Where each string stands; the first is the empty one. Returns the section's size. */
static uint64_t place_strings(struct btf_out *out)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < out->strings.rows.count; i++) {
		out->text_offset[i] = (uint32_t)at;
		at += out->strings.rows.items[i].length + 1u;
	}
	return at;
}

/* The words that name strings: the first of a type, and one of each of its entries. */
static void name_entries(struct btf_out *out, uint32_t at, uint32_t count, unsigned step)
{
	for (uint32_t i = 0; i < count; i++)
		out->words.items[at + i * step] = out->text_offset[out->words.items[at + i * step]];
}

static void resolve_names(struct btf_out *out)
{
	uint32_t at = 0;

	while (at < out->words.count) {
		uint32_t info = out->words.items[at + 1], count = info & 0xffff;

		name_entries(out, at, 1, 1);
		at += 3;
		switch ((enum btf_out_kind)(info >> 24 & 0x1f)) {
		case OUT_INT:
		case OUT_VAR:
			at += 1;
			break;
		case OUT_ARRAY:
			at += 3;
			break;
		case OUT_STRUCT:
		case OUT_UNION:
		case OUT_ENUM64:
			name_entries(out, at, count, 3);
			at += 3 * count;
			break;
		case OUT_ENUM:
		case OUT_FUNC_PROTO:
			name_entries(out, at, count, 2);
			at += 2 * count;
			break;
		case OUT_DATASEC:
			at += 3 * count;
			break;
		default:
			break;
		}
	}
}

static enum gap_status write_file(struct btf_out *out, FILE *stream, struct gap_error *error)
{
	uint64_t strings_bytes, types_bytes = (uint64_t)out->words.count * sizeof(uint32_t);
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t header_bytes, types_offset, types_bytes, strings_offset, strings_bytes;
	} header = {0xeb9f, 1, 0, 24, 0, (uint32_t)types_bytes, (uint32_t)types_bytes, 0};

	out->text_offset = calloc(out->strings.rows.count + 1u, sizeof(*out->text_offset));
	if (!out->text_offset)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	strings_bytes = place_strings(out);
	if (types_bytes + strings_bytes > UINT32_MAX)
		return gap_fail(error, GAP_UNSUPPORTED, "btf: more than 4 GiB of types");
	resolve_names(out);
	header.strings_bytes = (uint32_t)strings_bytes;
	/* The format is little-endian; so is every machine that semgap is built for. */
	fwrite(&header, 1, sizeof(header), stream);
	fwrite(out->words.items, sizeof(uint32_t), out->words.count, stream);
	for (uint32_t i = 0; i < out->strings.rows.count; i++)
		fwrite(out->strings.rows.items[i].text, 1, out->strings.rows.items[i].length + 1u,
		       stream);
	return GAP_OK;
}

static enum gap_status write_profile(const struct gap_profile *profile,
				     const struct gap_emit_options *options, FILE *stream,
				     struct gap_error *error)
{
	struct btf_out out = {.profile = profile};
	enum gap_status status = GAP_NO_MEMORY;

	out.ids = calloc(gap_profile_count(profile, GAP_TABLE_TYPES) + 1u, sizeof(*out.ids));
	if (gap_strings_init(&out.strings) && out.ids) {
		number_rows(&out);
		write_types(&out);
		write_symbols(&out);
		status = out.no_memory ? GAP_NO_MEMORY : write_file(&out, stream, error);
	}
	if (status == GAP_OK && out.cut)
		gap_emit_warn(options,
			      "btf: %u types have more entries, or longer, than BTF can say; they "
			      "are cut",
			      out.cut);
	free(out.ids);
	free(out.text_offset);
	free(out.words.items);
	gap_strings_deinit(&out.strings);
	return status == GAP_NO_MEMORY ? gap_fail(error, GAP_NO_MEMORY, "out of memory") : status;
}

enum gap_status gap_emit_btf(const struct gap_profile *profile,
			     const struct gap_selection *selection,
			     const struct gap_emit_options *options, FILE *stream,
			     struct gap_error *error)
{
	struct gap_reduced reduced;
	enum gap_status status;

	if (gap_selection_is_everything(selection))
		return write_profile(profile, options, stream, error);
	status = gap_reduced_open(profile, selection, &reduced, error);
	if (status)
		return status;
	status = write_profile(reduced.profile, options, stream, error);
	gap_reduced_close(&reduced);
	return status;
}
