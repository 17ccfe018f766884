/* SPDX-License-Identifier: MIT */
/*
 * Writing what was inferred into a builder. Addresses become those of an image that was not moved,
 * so that the profile serves other boots of the same kernel.
 */
#include "infer/writer.h"

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
	uint64_t percpu_start, percpu_end;
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

static uint64_t named(const struct infer_symbols *symbols, const char *name)
{
	const struct infer_symbol *symbol = infer_symbols_named(symbols, name, NULL);

	return symbol ? symbol->address : 0;
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
	if (address - writer->percpu_start < writer->percpu_end - writer->percpu_start) {
		symbol.flags |= GAP_SYMBOL_PERCPU;
		symbol.address -= writer->percpu_start;
	} else if (address - image->address < image->size_bytes) {
		symbol.address -= writer->result->place.virtual_slide;
	} else if (tolower((unsigned char)type) == 'a') {
		symbol.flags |= GAP_SYMBOL_ABSOLUTE;
	} else {
		return; /* of a module: it has no place in the image */
	}
	gap_builder_symbol_add(writer->builder, &symbol);
}

/* Names that a profile must have to recognise its kernel, and that no table of symbols may tell. */
static void write_met(const struct symbol_writer *writer)
{
	const struct infer_result *result = writer->result;
	const struct infer_symbols *symbols = result->kernel.symbols;
	uint32_t count = 0;

	infer_symbols_named(symbols, "linux_banner", &count);
	if (!count)
		write_symbol(writer, "linux_banner", 'R', result->survey.banner.value);
	for (uint32_t i = 0; i < infer_claims_symbol_count(result->claims); i++) {
		const struct infer_found_symbol *found = infer_claims_symbol_at(result->claims, i);

		infer_symbols_named(symbols, found->name, &count);
		if (!count)
			write_symbol(writer, found->name, 'D', found->address);
	}
}

void infer_write_symbols(struct gap_builder *builder, const struct infer_result *result)
{
	const struct infer_symbols *symbols = result->kernel.symbols;
	struct symbol_writer writer = {
		.builder = builder,
		.result = result,
		.percpu_start = named(symbols, "__per_cpu_start"),
		.percpu_end = named(symbols, "__per_cpu_end"),
	};
	const struct infer_symbol *symbol;

	for (uint32_t i = 0; (symbol = infer_symbols_at(symbols, i)); i++)
		write_symbol(&writer, symbol->name, symbol->type, symbol->address);
	write_met(&writer);
}

/* ---- fields ---- */

struct member_row {
	uint32_t field;
	struct gap_build_member member;
};

GAP_VECTOR(member_rows, struct member_row);

struct field_writer {
	struct gap_builder *builder;
	const struct infer_result *result;
	const struct infer_fields *fields;
	uint32_t source;
	gap_type_id numbers[9]; /* unsigned integers, by their bytes */
	gap_type_id unknown;
};

static gap_type_id number_of(struct field_writer *writer, uint32_t width_bits)
{
	static const char *const names[9] = {
		NULL, "unsigned char",     "unsigned short", NULL, "unsigned int", NULL, NULL,
		NULL, "unsigned long long"};
	uint32_t bytes = width_bits / 8;
	struct gap_build_type type = {.kind = GAP_KIND_INT, .size_bytes = bytes};

	if (bytes > 8 || !names[bytes])
		bytes = writer->result->survey.pointer_bytes;
	type.size_bytes = bytes;
	type.name = gap_builder_name(writer->builder, names[bytes]);
	if (!writer->numbers[bytes])
		writer->numbers[bytes] = gap_builder_type_add(writer->builder, &type);
	return writer->numbers[bytes];
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

static void collect(struct field_writer *writer, const char *type, struct member_rows *rows)
{
	for (uint32_t i = 0; i < writer->fields->count; i++) {
		const struct infer_field *field = &writer->fields->rows[i];
		const struct infer_verdict *verdict = &writer->result->verdicts[i];
		struct member_row *row;

		if (strcmp(field->type, type) != 0 || verdict->answer != INFER_CLAIMED)
			continue;
		row = member_rows_push(rows);
		if (!row)
			return;
		*row = (struct member_row){
			.field = i,
			.member = {.name = gap_builder_name(writer->builder,
							    field->names[verdict->name_index]),
				   .type = number_of(writer, verdict->width_bits),
				   .offset_bits = verdict->offset_bits}};
	}
	if (rows->count)
		qsort(rows->items, rows->count, sizeof(*rows->items), compare_members);
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

		if (claim->field != field || claim->absent != verdict->best_absent ||
		    claim->offset_bits != verdict->offset_bits || strstr(text, name) ||
		    length + strlen(name) + 3 > sizeof(text))
			continue;
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
					   length ? ", " : "", name);
	}
	return gap_builder_name(writer->builder, text);
}

/* What is known not to be there, in one line beside the structure: "absent: NAME=0.97 NAME=0.99". */
static gap_text absences_of(struct field_writer *writer, const char *type)
{
	char text[1024] = "";
	size_t length = 0;

	for (uint32_t i = 0; i < writer->fields->count; i++) {
		const struct infer_field *field = &writer->fields->rows[i];
		const struct infer_verdict *verdict = &writer->result->verdicts[i];

		if (strcmp(field->type, type) != 0 || verdict->answer != INFER_ABSENT ||
		    length + 128 > sizeof(text))
			continue;
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s %.60s=%.4f",
					   length ? "" : "absent:", field->names[0],
					   verdict->confidence);
	}
	return gap_builder_name(writer->builder, text);
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
		const struct infer_verdict *verdict =
			&writer->result->verdicts[rows->items[i].field];
		struct gap_build_exception exception = {
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

/* A structure of which some members are known ends, for all we know, behind the last of them. */
static void write_structure(struct field_writer *writer, const char *name)
{
	struct member_rows rows = {0};
	struct gap_build_type type = {.kind = GAP_KIND_STRUCT,
				      .flags = GAP_TYPE_SIZE_UNKNOWN | GAP_TYPE_PARTIAL,
				      .name = gap_builder_name(writer->builder, name)};
	gap_text absences = absences_of(writer, name);
	struct gap_build_member *members;
	gap_type_id id;

	collect(writer, name, &rows);
	members = calloc(rows.count + 1, sizeof(*members));
	if (members) {
		for (uint32_t i = 0; i < rows.count; i++) {
			uint64_t end = (rows.items[i].member.offset_bits + 7) / 8 + 8;

			members[i] = rows.items[i].member;
			type.size_bytes = end > type.size_bytes ? end : type.size_bytes;
		}
		type.members = members;
		type.count = rows.count;
		if (rows.count || absences) {
			id = gap_builder_type_add(writer->builder, &type);
			write_provenance(writer, id, &rows);
			write_absences(writer, id, absences);
		}
	}
	free(members);
	free(rows.items);
}

void infer_write_fields(struct gap_builder *builder, const struct infer_result *result,
			const struct infer_fields *fields)
{
	struct field_writer writer = {.builder = builder, .result = result, .fields = fields};
	const struct gap_build_source source = {.kind = GAP_SOURCE_MEMORY,
						.note = "inferred from guest memory"};

	writer.source = gap_builder_source_add(builder, &source);
	gap_builder_source_default(builder, GAP_TABLE_TYPES, writer.source);
	gap_builder_source_default(builder, GAP_TABLE_MEMBERS, writer.source);
	for (uint32_t i = 0; i < fields->count; i++)
		if (is_first_of_type(fields, i))
			write_structure(&writer, fields->rows[i].type);
}
