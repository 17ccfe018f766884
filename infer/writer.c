/* SPDX-License-Identifier: MIT */
/*
 * Writing what was inferred into a builder. Addresses become those of an image that was not moved,
 * so that the profile serves other boots of the same kernel.
 */
#include "infer/writer.h"

#include "infer/ctypes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/vector.h"

/* ---- target ---- */

static void copy_release(char *release, size_t capacity, const char *banner)
{
	const char *begin = banner + strlen("Linux version ");
	size_t length = strcspn(begin, " ");

	snprintf(release, capacity, "%.*s", (int)length, begin);
}

void infer_write_target(struct gap_builder *builder, const struct infer_result *result)
{
	char release[128];
	struct gap_build_target target = {
		.machine = result->survey.machine,
		.pointer_bytes = result->survey.pointer_bytes,
		.build_id = result->coreinfo.build_id,
		.build_id_bytes = result->coreinfo.build_id_bytes,
		.release = release,
		.banner = result->survey.text,
		.banner_bytes = (uint32_t)strlen(result->survey.text),
		.tool_version = SEMGAP_VERSION,
	};

	copy_release(release, sizeof(release), result->survey.text);
	gap_builder_target_set(builder, &target);
}

/* ---- symbols ---- */

struct symbol_writer {
	struct gap_builder *builder;
	const struct infer_result *result;
	struct infer_window percpu; /* start == end: not known */
};

static enum gap_symbol_kind kind_of(char type)
{
	switch (tolower((unsigned char)type)) {
	case 't':
	case 'w':
		return GAP_SYMBOL_FUNCTION;
	case 'd':
	case 'b':
	case 'r':
	case 'v':
		return GAP_SYMBOL_DATA;
	default:
		return GAP_SYMBOL_OTHER;
	}
}

/* Where per-CPU variables are linked, when both ends are told and in order. */
static struct infer_window percpu_window(const struct infer_symbols *symbols)
{
	const struct infer_symbol *start = infer_symbols_named(symbols, "__per_cpu_start", NULL);
	const struct infer_symbol *end = infer_symbols_named(symbols, "__per_cpu_end", NULL);

	if (!start || !end || start->address > end->address)
		return (struct infer_window){0, 0};
	return (struct infer_window){start->address, end->address};
}

static void write_symbol(const struct symbol_writer *writer, const char *name, char type,
			 uint64_t address)
{
	const struct infer_image *image = &writer->result->image;
	struct gap_build_symbol symbol = {
		.name = gap_builder_name(writer->builder, name),
		.address = address,
		.type = GAP_NONE,
		.kind = kind_of(type),
	};

	if (islower((unsigned char)type) && !strchr("vw", type))
		symbol.flags |= GAP_SYMBOL_LOCAL;
	/* Per-CPU variables are linked from zero, or into the image, with which they move then. */
	if (address - writer->percpu.start < writer->percpu.end - writer->percpu.start)
		symbol.flags |= GAP_SYMBOL_PERCPU;
	if (address - image->address < image->size_bytes) {
		symbol.address -= writer->result->place.virtual_slide;
	} else if (symbol.flags & GAP_SYMBOL_PERCPU) {
		symbol.address -= writer->percpu.start;
	} else if (tolower((unsigned char)type) == 'a') {
		symbol.flags |= GAP_SYMBOL_ABSOLUTE;
	} else {
		return; /* of a module: it has no place in the image */
	}
	gap_builder_symbol_add(writer->builder, &symbol);
}

/* Where in the image the kernel's own root is mapped; 0 nowhere: it is a process's. */
static uint64_t root_in_image(const struct infer_result *result)
{
	uint64_t page = result->place.page_bytes, root = result->place.root.value;
	uint64_t first = result->image.address & ~(page - 1);

	if (!page)
		return 0;
	for (uint64_t at = first; at < first + result->image.size_bytes; at += page) {
		struct gap_paddr physical;

		if (!gap_guest_translate(result->kernel.guest, (struct gap_vaddr){at}, &physical) &&
		    root - physical.value < page)
			return at + (root - physical.value);
	}
	return 0;
}

static bool knows_root(const struct infer_symbols *symbols)
{
	static const char *const names[] = {"swapper_pg_dir", "init_top_pgt", "init_level4_pgt"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (infer_symbols_named(symbols, names[i], NULL))
			return true;
	return false;
}

/* Names that a profile must have to recognise its kernel, and that no table of symbols may tell. */
static void write_met(const struct symbol_writer *writer)
{
	const struct infer_result *result = writer->result;
	const struct infer_symbols *symbols = result->kernel.symbols;
	uint64_t root = knows_root(symbols) ? 0 : root_in_image(result);
	uint32_t count = 0;

	infer_symbols_named(symbols, "linux_banner", &count);
	if (!count)
		write_symbol(writer, "linux_banner", 'R', result->survey.banner.value);
	if (root)
		write_symbol(writer, "swapper_pg_dir", 'D', root);
}

static struct symbol_writer symbol_writer(struct gap_builder *builder,
					  const struct infer_result *result)
{
	return (struct symbol_writer){builder, result, percpu_window(result->kernel.symbols)};
}

uint32_t infer_write_found(struct gap_builder *builder, const struct infer_result *result)
{
	struct symbol_writer writer = symbol_writer(builder, result);
	uint32_t count, written = 0;

	for (uint32_t i = 0; i < infer_claims_symbol_count(result->claims); i++) {
		const struct infer_found_symbol *found = infer_claims_symbol_at(result->claims, i);

		infer_symbols_named(result->kernel.symbols, found->name, &count);
		if (count)
			continue;
		write_symbol(&writer, found->name, 'D', found->address);
		written++;
	}
	return written;
}

void infer_write_symbols(struct gap_builder *builder, const struct infer_result *result)
{
	const struct infer_symbols *symbols = result->kernel.symbols;
	struct symbol_writer writer = symbol_writer(builder, result);
	const struct infer_symbol *symbol;

	for (uint32_t i = 0; (symbol = infer_symbols_at(symbols, i)); i++)
		write_symbol(&writer, symbol->name, symbol->type, symbol->address);
	write_met(&writer);
}

/* ---- what symbols are ---- */

static const struct {
	const char *name, *text;
} symbol_types[] = {
#define GAP_SYMBOL_TYPE(name, text) {name, text},
#include "kernels/symbol-types.def"
};

#define SYMBOL_TYPE_COUNT (sizeof(symbol_types) / sizeof(symbol_types[0]))
#define LIST_HEADS_MAX 65536 /* of one array */

/* An array of heads of hash lists, whose number is a power of two: what fits before the next symbol. */
static uint64_t heads_before_next(const struct infer_result *result,
				  const struct infer_symbol *symbol)
{
	uint64_t end = 0, count = 1, room;

	infer_symbols_covering(result->kernel.symbols, symbol->address, &end);
	room = (end - symbol->address) / result->survey.pointer_bytes;
	while (count * 2 <= room && count < LIST_HEADS_MAX)
		count *= 2;
	return count;
}

static void type_symbol(struct infer_ctypes *types, const struct infer_result *result,
			const struct infer_symbol *symbol, const char *text)
{
	size_t length = strcspn(text, "[");
	char whole[96];

	if (text[length])
		snprintf(whole, sizeof(whole), "%.*s[%llu]", (int)length, text,
			 (unsigned long long)heads_before_next(result, symbol));
	else
		snprintf(whole, sizeof(whole), "%s", text);
	gap_builder_symbol_type_by_name(types->builder,
					gap_builder_name(types->builder, symbol->name),
					infer_ctypes_get(types, whole, 0).id);
}

static void type_symbols(struct infer_ctypes *types, const struct infer_result *result)
{
	types->by_name = true;
	for (size_t i = 0; i < SYMBOL_TYPE_COUNT; i++) {
		const struct infer_symbol *symbol =
			infer_symbols_named(result->kernel.symbols, symbol_types[i].name, NULL);

		/* How far an array goes the next symbol tells, where all are known. */
		if (symbol && (result->has_data_symbols || !strchr(symbol_types[i].text, '[')))
			type_symbol(types, result, symbol, symbol_types[i].text);
	}
}

enum gap_status infer_write_symbol_types(struct gap_builder *builder,
					 const struct infer_result *result)
{
	struct infer_ctypes types = {.builder = builder,
				     .pointer_bytes = result->survey.pointer_bytes};

	type_symbols(&types, result);
	return infer_ctypes_finish(&types);
}

/* ---- fields ---- */

static const struct {
	const char *type, *member, *text;
} field_types[] = {
#define GAP_FIELD_TYPE(type, member, text) {type, member, text},
#include "kernels/field-types.def"
};

static const struct {
	uint8_t pointer_bytes;
	const char *type, *member;
	uint32_t pointers, bytes;
	const char *text;
} fixed_layouts[] = {
#define GAP_FIXED(width, type, member, pointers, bytes, text)                                      \
	{width, type, member, pointers, bytes, text},
#include "kernels/fixed-layouts.def"
};

static const struct {
	const char *type, *owner, *member;
} fixed_with[] = {
#define GAP_FIXED_WITH(type, owner, member) {type, owner, member},
#include "kernels/fixed-layouts.def"
};

#define FIELD_TYPE_COUNT (sizeof(field_types) / sizeof(field_types[0]))
#define FIXED_WITH_COUNT (sizeof(fixed_with) / sizeof(fixed_with[0]))
#define FIXED_COUNT (sizeof(fixed_layouts) / sizeof(fixed_layouts[0]))

struct member_row {
	uint32_t field; /* INFER_NONE: of a fixed layout */
	uint64_t size_bytes;
	struct gap_build_member member;
};

GAP_VECTOR(member_rows, struct member_row);

struct field_writer {
	struct gap_builder *builder;
	const struct infer_result *result;
	const struct infer_fields *fields;
	uint32_t source;
	struct infer_ctypes types;
	unsigned depth; /* of structures in structures */
};

static const char *text_of(const char *type, const char *member)
{
	for (size_t i = 0; i < FIELD_TYPE_COUNT; i++)
		if (strcmp(field_types[i].type, type) == 0 &&
		    strcmp(field_types[i].member, member) == 0)
			return field_types[i].text;
	return NULL;
}

const char *infer_write_name(const struct infer_field *field, const struct infer_verdict *verdict,
			     uint8_t pointer_bytes)
{
	const struct infer_ctypes types = {.pointer_bytes = pointer_bytes};
	const char *given = text_of(field->type, field->names[verdict->name_index]);
	const char *fitting = field->names[verdict->name_index];
	unsigned count = 0;

	if (verdict->named || !verdict->width_bits || !given ||
	    infer_ctypes_size(&types, given) * 8 == verdict->width_bits)
		return fitting;
	for (unsigned i = 0; i < field->name_count; i++) {
		const char *text = text_of(field->type, field->names[i]);

		if (!text || infer_ctypes_size(&types, text) * 8 != verdict->width_bits)
			continue;
		fitting = field->names[i];
		count++;
	}
	return count > 1 ? NULL : fitting;
}

static bool is_first_of_type(const struct infer_fields *fields, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (strcmp(fields->rows[i].type, fields->rows[index].type) == 0)
			return false;
	return true;
}

static int compare_members(const void *one, const void *two)
{
	const struct member_row *a = one, *b = two;

	if (a->member.offset_bits != b->member.offset_bits)
		return a->member.offset_bits < b->member.offset_bits ? -1 : 1;
	return a->field < b->field ? -1 : 1;
}

static void write_structure(struct field_writer *writer, const char *name);

/* A structure that lies inside another is written first: its size is needed. */
static void write_inner(struct field_writer *writer, const char *text)
{
	char name[64];

	if (!text || strncmp(text, "struct ", 7) != 0 || writer->depth > 4)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text + 7, "["), text + 7);
	write_structure(writer, name);
}

static void add_member(struct field_writer *writer, struct member_rows *rows, uint32_t field,
		       const char *name, uint64_t offset_bits, const char *text,
		       uint32_t width_bits)
{
	/* No member but a bit-field begins or ends within a byte. */
	uint32_t bits = width_bits % 8 || offset_bits % 8 ? width_bits : 0;
	struct infer_ctype type;
	struct member_row *row;

	write_inner(writer, text);
	type = infer_ctypes_get(&writer->types, text, width_bits);
	row = member_rows_push(rows);
	if (row)
		*row = (struct member_row){
			.field = field,
			.size_bytes = type.size_bytes,
			.member = {.name = gap_builder_name(writer->builder, name),
				   .type = type.id,
				   .offset_bits = offset_bits,
				   .width_bits = bits}};
	else
		writer->types.out_of_memory = true;
}

/*
 * A field that is also another's later name, while that one stays unknown: mount.mnt_node beside
 * "mnt_list|mnt_node". Written, it would pass for an answer to the other, which it may not be.
 */
static bool would_pass_for_another(const struct field_writer *writer, uint32_t index)
{
	const struct infer_field *field = &writer->fields->rows[index];

	for (uint32_t i = 0; i < writer->fields->count; i++) {
		const struct infer_field *other = &writer->fields->rows[i];

		if (i == index || strcmp(other->type, field->type) != 0 ||
		    writer->result->verdicts[i].answer != INFER_ABSTAINED)
			continue;
		for (unsigned j = 1; j < other->name_count; j++)
			if (strcmp(other->names[j], field->names[0]) == 0)
				return true;
	}
	return false;
}

static bool is_claimed(const struct field_writer *writer, const char *type, const char *member)
{
	uint32_t field = infer_fields_find(writer->fields, type, member, NULL);

	return field != INFER_NONE && writer->result->verdicts[field].answer == INFER_CLAIMED;
}

/* Whether this kernel has a type of a fixed layout, as far as can be told. */
static bool has_fixed(const struct field_writer *writer, const char *type)
{
	for (size_t i = 0; i < FIXED_WITH_COUNT; i++)
		if (strcmp(fixed_with[i].type, type) == 0)
			return is_claimed(writer, fixed_with[i].owner, fixed_with[i].member);
	return true;
}

static void collect(struct field_writer *writer, const char *type, struct member_rows *rows)
{
	uint8_t width = writer->types.pointer_bytes;

	for (uint32_t i = 0; i < writer->fields->count; i++) {
		const struct infer_field *field = &writer->fields->rows[i];
		const struct infer_verdict *verdict = &writer->result->verdicts[i];
		const char *name;

		if (strcmp(field->type, type) != 0 || verdict->answer != INFER_CLAIMED ||
		    would_pass_for_another(writer, i))
			continue;
		name = infer_write_name(field, verdict, width);
		if (!name)
			continue;
		add_member(writer, rows, i, name, verdict->offset_bits, text_of(type, name),
			   verdict->width_bits);
	}
	for (size_t i = 0; i < FIXED_COUNT && !rows->count && has_fixed(writer, type); i++)
		if (strcmp(fixed_layouts[i].type, type) == 0 &&
		    (!fixed_layouts[i].pointer_bytes || fixed_layouts[i].pointer_bytes == width))
			for (size_t j = i; j < FIXED_COUNT; j++)
				if (strcmp(fixed_layouts[j].type, type) == 0 &&
				    fixed_layouts[j].pointer_bytes ==
					    fixed_layouts[i].pointer_bytes)
					add_member(writer, rows, INFER_NONE,
						   fixed_layouts[j].member,
						   8 * (fixed_layouts[j].pointers * width +
							(uint64_t)fixed_layouts[j].bytes),
						   fixed_layouts[j].text, 0);
	if (rows->count)
		qsort(rows->items, rows->count, sizeof(*rows->items), compare_members);
}

static bool agrees(const struct infer_claim *claim, uint32_t field,
		   const struct infer_verdict *verdict)
{
	return claim->field == field && !claim->absent &&
	       claim->offset_bits == verdict->offset_bits;
}

/* Whether a claim before this one has told its class already. */
static bool is_told(const struct infer_claims *claims, uint32_t index, uint32_t field,
		    const struct infer_verdict *verdict)
{
	for (uint32_t i = 0; i < index; i++)
		if (infer_claims_at(claims, i)->class_id ==
			    infer_claims_at(claims, index)->class_id &&
		    agrees(infer_claims_at(claims, i), field, verdict))
			return true;
	return false;
}

/* Which classes of witnesses agreed. */
static gap_text witnesses_of(struct field_writer *writer, uint32_t field)
{
	const struct infer_claims *claims = writer->result->claims;
	const struct infer_verdict *verdict = &writer->result->verdicts[field];
	char text[512] = "";
	size_t length = 0;

	for (uint32_t i = 0; i < infer_claims_count(claims); i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);
		const char *name = infer_claims_class_name(claims, claim->class_id);

		if (!agrees(claim, field, verdict) || is_told(claims, i, field, verdict) ||
		    length + strlen(name) + 3 > sizeof(text))
			continue;
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
					   length ? ", " : "", name);
	}
	return gap_builder_name(writer->builder, text);
}

static bool is_absent(const struct field_writer *writer, uint32_t field, const char *type)
{
	return strcmp(writer->fields->rows[field].type, type) == 0 &&
	       writer->result->verdicts[field].answer == INFER_ABSENT;
}

#define ABSENCE_BYTES 16 /* of a row, besides its name */

/* What is known not to be there, in one line beside the structure: "absent: NAME=0.97 NAME=0.99". */
static gap_text absences_of(struct field_writer *writer, const char *type)
{
	size_t capacity = ABSENCE_BYTES, length = 0;
	gap_text absences;
	char *text;

	for (uint32_t i = 0; i < writer->fields->count; i++)
		if (is_absent(writer, i, type))
			capacity += strlen(writer->fields->rows[i].names[0]) + ABSENCE_BYTES;
	text = calloc(1, capacity);
	if (!text) {
		writer->types.out_of_memory = true;
		return 0;
	}
	for (uint32_t i = 0; i < writer->fields->count; i++)
		if (is_absent(writer, i, type))
			length += (size_t)snprintf(
				text + length, capacity - length, "%s %s=%.4f",
				length ? "" : "absent:", writer->fields->rows[i].names[0],
				writer->result->verdicts[i].confidence);
	absences = gap_builder_name(writer->builder, text);
	free(text);
	return absences;
}

static void write_absences(struct field_writer *writer, gap_type_id type, gap_text absences)
{
	struct gap_build_exception exception = {
		.table = GAP_TABLE_TYPES,
		.row = type,
		.source = writer->source,
		.method = 1,
		.confidence = 1,
		.runner_up = GAP_NONE,
		.witnesses = absences,
	};

	if (absences)
		gap_builder_exception_add(writer->builder, &exception);
}

static void write_provenance(struct field_writer *writer, gap_type_id type,
			     const struct member_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct infer_verdict *verdict;
		struct gap_build_exception exception;

		if (rows->items[i].field == INFER_NONE)
			continue;
		verdict = &writer->result->verdicts[rows->items[i].field];
		exception = (struct gap_build_exception){
			.table = GAP_TABLE_MEMBERS,
			.row = type,
			.position = i,
			.source = writer->source,
			.method = 1,
			.confidence = verdict->confidence,
			.runner_up = verdict->has_runner_up && !verdict->runner_up_absent
					     ? verdict->runner_up_bits / 8
					     : GAP_NONE,
			.witnesses = witnesses_of(writer, rows->items[i].field),
		};

		gap_builder_exception_add(writer->builder, &exception);
	}
}

/* The size that arrays show; it is no size when a member ends past it. */
static void settle_size(const struct field_writer *writer, const char *name,
			struct gap_build_type *type)
{
	uint32_t size_bytes = infer_claims_size_of(writer->result->claims, name);

	if (size_bytes < type->size_bytes || !size_bytes)
		return;
	type->size_bytes = size_bytes;
	type->flags &= ~(uint32_t)GAP_TYPE_SIZE_UNKNOWN;
}

/* A structure of which some members are known ends, for all we know, behind the last of them. */
static void write_structure(struct field_writer *writer, const char *name)
{
	struct infer_structure *structure = infer_ctypes_structure(&writer->types, name);
	struct member_rows rows = {0};
	struct gap_build_type type = {.kind = GAP_KIND_STRUCT,
				      .flags = GAP_TYPE_SIZE_UNKNOWN | GAP_TYPE_PARTIAL,
				      .name = gap_builder_name(writer->builder, name)};
	gap_text absences = absences_of(writer, name);
	struct gap_build_member *members;
	gap_type_id id;

	if (!structure || structure->written)
		return;
	id = structure->id;
	writer->depth++;
	collect(writer, name, &rows);
	writer->depth--;
	members = calloc(rows.count + 1, sizeof(*members));
	writer->types.out_of_memory |= !members;
	for (uint32_t i = 0; members && i < rows.count; i++) {
		uint64_t end = rows.items[i].member.offset_bits / 8 + rows.items[i].size_bytes;

		members[i] = rows.items[i].member;
		type.size_bytes = end > type.size_bytes ? end : type.size_bytes;
	}
	if (members && (rows.count || absences)) {
		type.members = members;
		type.count = rows.count;
		settle_size(writer, name, &type);
		gap_builder_type_set(writer->builder, id, &type);
		structure = infer_ctypes_structure(&writer->types, name);
		structure->written = true;
		structure->size_bytes = type.size_bytes;
		write_provenance(writer, id, &rows);
		write_absences(writer, id, absences);
	}
	free(members);
	free(rows.items);
}

/* What is the same everywhere and the views need: the rest of kernels/fixed-layouts.def. */
static void write_fixed(struct field_writer *writer)
{
	for (size_t i = 0; i < FIXED_COUNT; i++)
		write_structure(writer, fixed_layouts[i].type);
}

enum gap_status infer_write_fields(struct gap_builder *builder, const struct infer_result *result,
				   const struct infer_fields *fields)
{
	struct field_writer writer = {
		.builder = builder,
		.result = result,
		.fields = fields,
		.types = {.builder = builder, .pointer_bytes = result->survey.pointer_bytes}};
	const struct gap_build_source source = {.kind = GAP_SOURCE_MEMORY,
						.note = "inferred from guest memory"};

	writer.source = gap_builder_source_add(builder, &source);
	gap_builder_source_default(builder, GAP_TABLE_TYPES, writer.source);
	gap_builder_source_default(builder, GAP_TABLE_MEMBERS, writer.source);
	for (uint32_t i = 0; i < fields->count; i++)
		if (is_first_of_type(fields, i))
			write_structure(&writer, fields->rows[i].type);
	write_fixed(&writer);
	type_symbols(&writer.types, result);
	return infer_ctypes_finish(&writer.types);
}
