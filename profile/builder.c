/* SPDX-License-Identifier: MIT */
/* Filling a builder: rows are copied in as they come; everything that needs the whole is freeze's.
 */
#include <string.h>

#include "profile/rows.h"

static void set_unknown(struct gap_row_type *row)
{
	*row = (struct gap_row_type){.kind = GAP_KIND_UNKNOWN};
}

enum gap_status gap_builder_create(struct gap_builder **builder, struct gap_error *error)
{
	struct gap_builder *made = calloc(1, sizeof(*made));
	struct gap_row_type *nothing;

	if (!made || !gap_strings_init(&made->strings) ||
	    !(nothing = gap_types_push(&made->types))) {
		gap_builder_destroy(made);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	*nothing = (struct gap_row_type){.kind = GAP_KIND_VOID};
	for (int i = 0; i < GAP_TABLE_COUNT; i++)
		made->default_source[i] = GAP_NONE;
	*builder = made;
	return GAP_OK;
}

void gap_builder_destroy(struct gap_builder *builder)
{
	if (!builder)
		return;
	gap_strings_deinit(&builder->strings);
	free(builder->types.items);
	free(builder->members.items);
	free(builder->enumerators.items);
	free(builder->parameters.items);
	free(builder->symbols.items);
	free(builder->typings.items);
	free(builder->name_typings.items);
	free(builder->sources.items);
	free(builder->exceptions.items);
	free(builder->modules.items);
	free(builder->module_symbols.items);
	free(builder->module_typings.items);
	free(builder->banner);
	free(builder);
}

gap_text gap_builder_text(struct gap_builder *builder, const char *text, size_t length)
{
	uint32_t id = 0;

	if (length > 0 && !gap_strings_intern(&builder->strings, text, length, &id))
		builder->out_of_memory = true;
	return id;
}

gap_text gap_builder_name(struct gap_builder *builder, const char *text)
{
	return text ? gap_builder_text(builder, text, strlen(text)) : 0;
}

const char *gap_builder_string(const struct gap_builder *builder, gap_text text)
{
	return text < builder->strings.rows.count ? builder->strings.rows.items[text].text : "";
}

gap_type_id gap_builder_type_reserve(struct gap_builder *builder, uint32_t count)
{
	gap_type_id first = builder->types.count;
	struct gap_row_type *rows = gap_types_extend(&builder->types, count);

	if (!rows) {
		builder->out_of_memory = true;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++)
		set_unknown(&rows[i]);
	return first;
}

/* Copies the entries of a type behind those that are there; the row of the first. */
static uint32_t copy_entries(struct gap_builder *builder, const struct gap_build_type *type)
{
	uint64_t count = type->count;
	uint32_t first = 0;
	void *room = NULL;

	if (count == 0 || type->kind == GAP_KIND_ARRAY)
		return 0;
	if (type->kind == GAP_KIND_ENUM) {
		first = builder->enumerators.count;
		room = gap_enumerators_extend(&builder->enumerators, count);
		if (room)
			memcpy(room, type->enumerators, count * sizeof(*type->enumerators));
	} else if (type->kind == GAP_KIND_FUNCTION) {
		first = builder->parameters.count;
		room = gap_parameters_extend(&builder->parameters, count);
		if (room)
			memcpy(room, type->parameters, count * sizeof(*type->parameters));
	} else {
		first = builder->members.count;
		room = gap_members_extend(&builder->members, count);
		if (room)
			memcpy(room, type->members, count * sizeof(*type->members));
	}
	if (!room)
		builder->out_of_memory = true;
	return first;
}

void gap_builder_type_set(struct gap_builder *builder, gap_type_id id,
			  const struct gap_build_type *type)
{
	uint32_t first = copy_entries(builder, type);

	if (builder->out_of_memory || id == 0 || id >= builder->types.count)
		return;
	builder->types.items[id] = (struct gap_row_type){
		.size_bytes = type->size_bytes,
		.count = type->count,
		.name = type->name,
		.file = type->file,
		.line = type->line,
		.units = type->units,
		.ref = type->ref,
		.first = first,
		.align_bytes = type->align_bytes,
		.kind = (uint8_t)type->kind,
		.flags = (uint8_t)type->flags,
	};
}

gap_type_id gap_builder_type_add(struct gap_builder *builder, const struct gap_build_type *type)
{
	gap_type_id id = gap_builder_type_reserve(builder, 1);

	if (id)
		gap_builder_type_set(builder, id, type);
	return id;
}

uint32_t gap_builder_type_count(const struct gap_builder *builder)
{
	return builder->types.count;
}

static bool has_member(const struct gap_builder *builder, const struct gap_row_type *type,
		       const char *member)
{
	for (uint64_t i = 0; i < type->count; i++) {
		gap_text name = builder->members.items[type->first + i].name;

		if (strcmp(gap_builder_string(builder, name), member) == 0)
			return true;
	}
	return false;
}

bool gap_builder_has_member(const struct gap_builder *builder, const char *type, const char *member)
{
	for (uint32_t id = 0; id < builder->types.count; id++) {
		const struct gap_row_type *row = &builder->types.items[id];

		if (gap_row_is_aggregate(row) &&
		    strcmp(gap_builder_string(builder, row->name), type) == 0 &&
		    has_member(builder, row, member))
			return true;
	}
	return false;
}

void gap_builder_symbol_add(struct gap_builder *builder, const struct gap_build_symbol *symbol)
{
	struct gap_build_symbol *row = gap_symbols_push(&builder->symbols);

	if (row)
		*row = *symbol;
	else
		builder->out_of_memory = true;
}

uint32_t gap_builder_symbol_count(const struct gap_builder *builder)
{
	return builder->symbols.count;
}

void gap_builder_symbol_type(struct gap_builder *builder, gap_text name, uint64_t address,
			     gap_type_id type)
{
	struct gap_row_typing *row = gap_typings_push(&builder->typings);

	if (row)
		*row = (struct gap_row_typing){address, name, type};
	else
		builder->out_of_memory = true;
}

void gap_builder_typings(const struct gap_builder *builder,
			 void (*visit)(void *context, const char *name, uint64_t address),
			 void *context)
{
	for (uint32_t i = 0; i < builder->typings.count; i++)
		visit(context, gap_builder_string(builder, builder->typings.items[i].name),
		      builder->typings.items[i].address);
}

void gap_builder_symbol_type_by_name(struct gap_builder *builder, gap_text name, gap_type_id type)
{
	struct gap_row_typing *row = gap_typings_push(&builder->name_typings);

	if (row)
		*row = (struct gap_row_typing){0, name, type};
	else
		builder->out_of_memory = true;
}

const struct gap_build_symbol *gap_builder_symbol_at(const struct gap_builder *builder,
						     uint32_t index)
{
	return index < builder->symbols.count ? &builder->symbols.items[index] : NULL;
}

bool gap_builder_symbol_find(const struct gap_builder *builder, const char *name, uint64_t *address)
{
	for (uint32_t i = 0; i < builder->symbols.count; i++) {
		const struct gap_build_symbol *symbol = &builder->symbols.items[i];

		if (strcmp(gap_builder_string(builder, symbol->name), name) == 0) {
			*address = symbol->address;
			return true;
		}
	}
	return false;
}

static void set_build_id(struct gap_builder *builder, const struct gap_build_target *target)
{
	if (builder->target.build_id_bytes || !target->build_id_bytes ||
	    target->build_id_bytes > sizeof(builder->build_id))
		return;
	memcpy(builder->build_id, target->build_id, target->build_id_bytes);
	builder->target.build_id_bytes = target->build_id_bytes;
}

static void set_banner(struct gap_builder *builder, const struct gap_build_target *target)
{
	if (builder->banner)
		return;
	if (target->banner_hash && !builder->target.banner_hash) {
		memcpy(builder->banner_hash, target->banner_hash, sizeof(builder->banner_hash));
		builder->target.banner_hash = builder->banner_hash;
	}
	if (!target->banner || !target->banner_bytes)
		return;
	builder->banner = malloc(target->banner_bytes);
	if (!builder->banner) {
		builder->out_of_memory = true;
		return;
	}
	memcpy(builder->banner, target->banner, target->banner_bytes);
	builder->target.banner_bytes = target->banner_bytes;
	gap_banner_hash(target->banner, target->banner_bytes, builder->banner_hash);
	builder->target.banner_hash = builder->banner_hash;
}

void gap_builder_target_set(struct gap_builder *builder, const struct gap_build_target *target)
{
	struct gap_build_target *known = &builder->target;

	if (!known->machine)
		known->machine = target->machine;
	if (!known->pointer_bytes)
		known->pointer_bytes = target->pointer_bytes;
	if (!known->paging_levels)
		known->paging_levels = target->paging_levels;
	if (!builder->release)
		builder->release = gap_builder_name(builder, target->release);
	if (!builder->tool)
		builder->tool = gap_builder_name(builder, target->tool_version);
	set_build_id(builder, target);
	set_banner(builder, target);
}

const char *gap_builder_release(const struct gap_builder *builder)
{
	return gap_builder_string(builder, builder->release);
}

uint8_t gap_builder_pointer_bytes(const struct gap_builder *builder)
{
	return builder->target.pointer_bytes ? builder->target.pointer_bytes : 8;
}

uint32_t gap_builder_source_add(struct gap_builder *builder, const struct gap_build_source *source)
{
	struct gap_row_source *row = gap_sources_push(&builder->sources);

	if (!row) {
		builder->out_of_memory = true;
		return 0;
	}
	*row = (struct gap_row_source){.source = *source};
	row->digest = gap_builder_name(builder, source->digest);
	row->note = gap_builder_name(builder, source->note);
	if (source->build_id_bytes > sizeof(row->build_id))
		row->source.build_id_bytes = 0;
	else if (source->build_id_bytes)
		memcpy(row->build_id, source->build_id, source->build_id_bytes);
	return builder->sources.count - 1;
}

void gap_builder_source_default(struct gap_builder *builder, enum gap_table table, uint32_t source)
{
	if ((unsigned)table < GAP_TABLE_COUNT)
		builder->default_source[table] = source;
}

void gap_builder_exception_add(struct gap_builder *builder,
			       const struct gap_build_exception *exception)
{
	struct gap_build_exception *row = gap_exceptions_push(&builder->exceptions);

	if (row)
		*row = *exception;
	else
		builder->out_of_memory = true;
}
