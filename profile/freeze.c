/* SPDX-License-Identifier: MIT */
/*
 * Freezing a builder into an image: the one writer of docs/blob-format.md. Types are put in the
 * order that order.c found, symbols are sorted and given their types, names are indexed, everything
 * is summed.
 */
#include <string.h>

#include "profile/index.h"
#include "profile/pool.h"
#include "profile/rows.h"
#include "runtime/digest.h"
#include "runtime/format.h"

#define ANONYMOUS_DEPTH_MAX 64

struct section_data {
	void *data;
	uint64_t size_bytes;
	uint32_t row_bytes;
};

struct freezing {
	struct gap_builder *builder;
	struct gap_order order;
	struct gap_pool pool;
	bool minimal;
	uint32_t *symbol_order; /* rows of builder->symbols, sorted, without duplicates */
	uint32_t symbol_count;
	uint32_t *member_base; /* by new type row: image row of its first member, enumerator or
				  parameter */
	struct section_data sections[GAP_SECTION_KNOWN];
};

static enum gap_status no_memory(struct gap_error *error)
{
	return gap_fail(error, GAP_NO_MEMORY, "out of memory while making the profile image");
}

static const struct gap_row_type *type_of_new(const struct freezing *freezing, uint32_t new_id)
{
	return &freezing->builder->types.items[freezing->order.old_of_new[new_id]];
}

/* Zeroed room for the rows of a section; NULL without memory. */
static void *section_make(struct freezing *freezing, enum gap_section kind, uint64_t rows,
			  uint32_t row_bytes)
{
	struct section_data *section = &freezing->sections[kind];

	section->data = calloc(rows ? (size_t)rows : 1, row_bytes);
	section->size_bytes = rows * row_bytes;
	section->row_bytes = row_bytes;
	return section->data;
}

static uint32_t saturate(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* ---- symbols ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_symbols(const void *left, const void *right, void *context)
{
	const struct gap_builder *builder = context;
	uint32_t first = *(const uint32_t *)left, second = *(const uint32_t *)right;
	const struct gap_build_symbol *a = &builder->symbols.items[first];
	const struct gap_build_symbol *b = &builder->symbols.items[second];
	int difference = compare_u64(a->address, b->address);

	if (!difference && a->name != b->name)
		difference = strcmp(gap_builder_string(builder, a->name),
				    gap_builder_string(builder, b->name));
	if (!difference)
		difference = compare_u64(b->size_bytes, a->size_bytes);
	return difference ? difference : compare_u64(first, second);
}

/* One name at one address is one symbol; the first, which knows its size if any does, stays. */
static void drop_duplicates(struct freezing *freezing, uint32_t count)
{
	const struct gap_build_symbol *symbols = freezing->builder->symbols.items;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct gap_build_symbol *symbol = &symbols[freezing->symbol_order[i]];
		const struct gap_build_symbol *last =
			kept ? &symbols[freezing->symbol_order[kept - 1]] : NULL;

		if (last && last->address == symbol->address && last->name == symbol->name)
			continue;
		freezing->symbol_order[kept++] = freezing->symbol_order[i];
	}
	freezing->symbol_count = kept;
}

static bool sort_symbols(struct freezing *freezing)
{
	uint32_t count = freezing->builder->symbols.count;

	freezing->symbol_order = calloc((size_t)count + 1, sizeof(uint32_t));
	if (!freezing->symbol_order)
		return false;
	for (uint32_t i = 0; i < count; i++)
		freezing->symbol_order[i] = i;
	qsort_r(freezing->symbol_order, count, sizeof(uint32_t), compare_symbols,
		freezing->builder);
	drop_duplicates(freezing, count);
	return true;
}

/* Only a name that several symbols share needs its file. @shared is one byte a text. */
static bool mark_shared_names(const struct freezing *freezing, uint8_t **shared)
{
	const struct gap_build_symbol *symbols = freezing->builder->symbols.items;

	*shared = calloc(freezing->builder->strings.rows.count, 1);
	for (uint32_t i = 0; *shared && i < freezing->symbol_count; i++) {
		uint8_t *mark = &(*shared)[symbols[freezing->symbol_order[i]].name];

		*mark = *mark < 2 ? *mark + 1 : 2;
	}
	return *shared != NULL;
}

static int compare_typings(const void *left, const void *right)
{
	const struct gap_row_typing *a = left, *b = right;
	int difference = compare_u64(a->address, b->address);

	return difference ? difference : compare_u64(a->name, b->name);
}

static int compare_typings_wholly(const void *left, const void *right)
{
	const struct gap_row_typing *a = left, *b = right;
	int difference = compare_typings(a, b);

	return difference ? difference : compare_u64(a->type, b->type);
}

/* Sorts typings; of several for one symbol the first stays, whichever the sorting found first. */
static void sort_typings(struct gap_typings *typings)
{
	uint32_t kept = 0;

	if (typings->count)
		qsort(typings->items, typings->count, sizeof(*typings->items),
		      compare_typings_wholly);
	for (uint32_t i = 0; i < typings->count; i++)
		if (kept == 0 || compare_typings(&typings->items[kept - 1], &typings->items[i]))
			typings->items[kept++] = typings->items[i];
	typings->count = kept;
}

static int compare_name_typings(const void *left, const void *right)
{
	const struct gap_row_typing *a = left, *b = right;

	return compare_u64(a->name, b->name);
}

/* By name alone a type goes to a symbol only where there is one of that name, and one type. */
static bool give_types_by_name(struct freezing *freezing)
{
	struct gap_builder *builder = freezing->builder;
	struct gap_typings *typings = &builder->name_typings;
	uint8_t *shared;

	if (typings->count == 0)
		return true;
	if (!mark_shared_names(freezing, &shared))
		return false;
	qsort(typings->items, typings->count, sizeof(*typings->items), compare_name_typings);
	for (uint32_t i = 0; i < freezing->symbol_count; i++) {
		struct gap_build_symbol *symbol =
			&builder->symbols.items[freezing->symbol_order[i]];
		struct gap_row_typing key = {0, symbol->name, 0};
		const struct gap_row_typing *found;

		if (shared[symbol->name] > 1 || symbol->type != GAP_NONE)
			continue;
		found = bsearch(&key, typings->items, typings->count, sizeof(key),
				compare_name_typings);
		if (found && (found == typings->items || found[-1].name != found->name) &&
		    (found + 1 == typings->items + typings->count || found[1].name != found->name))
			symbol->type = found->type;
	}
	free(shared);
	return true;
}

#define EM_AARCH64 183
#define PATCH_BYTES_MAX 16

/* What is said of a symbol. On arm64 gcc lets a function begin, for DWARF, behind the nops that -fpatchable-function-entry
 * puts at its symbol. */
static const struct gap_row_typing *find_typing(const struct gap_builder *builder,
						const struct gap_build_symbol *symbol)
{
	const struct gap_typings *typings = &builder->typings;
	bool patched = builder->target.machine == EM_AARCH64 && symbol->kind == GAP_SYMBOL_FUNCTION;
	const struct gap_row_typing *found = NULL;

	for (uint64_t behind = 0; !found && behind <= (patched ? PATCH_BYTES_MAX : 0);
	     behind += 4) {
		struct gap_row_typing key = {symbol->address + behind, symbol->name, 0};

		found = bsearch(&key, typings->items, typings->count, sizeof(key), compare_typings);
	}
	return found;
}

static void give_types(struct gap_builder *builder)
{
	struct gap_typings *typings = &builder->typings;

	sort_typings(typings);
	for (uint32_t i = 0; typings->count && i < builder->symbols.count; i++) {
		struct gap_build_symbol *symbol = &builder->symbols.items[i];
		const struct gap_row_typing *found = find_typing(builder, symbol);

		if (found && symbol->type == GAP_NONE)
			symbol->type = found->type;
	}
}

/* ---- strings ---- */

static bool keeps_declaration(const struct freezing *freezing, const struct gap_row_type *type)
{
	return !freezing->minimal && type->name && (type->file || type->units);
}

static void use_type_strings(struct freezing *freezing)
{
	struct gap_builder *builder = freezing->builder;

	for (uint32_t i = 0; i < builder->types.count; i++) {
		const struct gap_row_type *type = &builder->types.items[i];

		gap_pool_use(&freezing->pool, type->name);
		if (keeps_declaration(freezing, type))
			gap_pool_use(&freezing->pool, type->file);
	}
	for (uint32_t i = 0; i < builder->members.count; i++)
		gap_pool_use(&freezing->pool, builder->members.items[i].name);
	for (uint32_t i = 0; i < builder->enumerators.count; i++)
		gap_pool_use(&freezing->pool, builder->enumerators.items[i].name);
	for (uint32_t i = 0; i < builder->parameters.count; i++)
		gap_pool_use(&freezing->pool, builder->parameters.items[i].name);
}

static void use_module_strings(struct freezing *freezing)
{
	struct gap_builder *builder = freezing->builder;

	for (uint32_t i = 0; i < builder->modules.count; i++)
		gap_pool_use(&freezing->pool, builder->modules.items[i].name);
	for (uint32_t i = 0; i < builder->module_symbols.count; i++) {
		gap_pool_use(&freezing->pool, builder->module_symbols.items[i].name);
		gap_pool_use(&freezing->pool, builder->module_symbols.items[i].section);
	}
}

static void use_other_strings(struct freezing *freezing, const uint8_t *shared)
{
	struct gap_builder *builder = freezing->builder;

	for (uint32_t i = 0; i < freezing->symbol_count; i++) {
		const struct gap_build_symbol *symbol =
			&builder->symbols.items[freezing->symbol_order[i]];

		gap_pool_use(&freezing->pool, symbol->name);
		if (!freezing->minimal && shared[symbol->name] > 1)
			gap_pool_use(&freezing->pool, symbol->file);
	}
	gap_pool_use(&freezing->pool, builder->release);
	if (freezing->minimal)
		return;
	gap_pool_use(&freezing->pool, builder->tool);
	use_module_strings(freezing);
	for (uint32_t i = 0; i < builder->sources.count; i++) {
		gap_pool_use(&freezing->pool, builder->sources.items[i].digest);
		gap_pool_use(&freezing->pool, builder->sources.items[i].note);
	}
	for (uint32_t i = 0; i < builder->exceptions.count; i++)
		gap_pool_use(&freezing->pool, builder->exceptions.items[i].witnesses);
}

static uint32_t text_at(const struct freezing *freezing, gap_text text)
{
	return freezing->pool.offsets[text];
}

/* ---- identity ---- */

static bool write_identity(struct freezing *freezing)
{
	struct gap_builder *builder = freezing->builder;
	const struct gap_build_target *target = &builder->target;
	struct gap_format_identity *row =
		section_make(freezing, GAP_SECTION_IDENTITY, 1, sizeof(*row));

	if (!row)
		return false;
	row->machine = target->machine;
	row->pointer_bytes = target->pointer_bytes ? target->pointer_bytes : 8;
	row->byte_order = 1;
	row->paging_levels = target->paging_levels;
	row->release = text_at(freezing, builder->release);
	row->build_id_bytes = target->build_id_bytes;
	if (target->build_id_bytes && !gap_pool_append(&freezing->pool, builder->build_id,
						       target->build_id_bytes, &row->build_id))
		return false;
	if (target->banner_hash) {
		row->flags |= GAP_IDENTITY_HAS_HASH;
		memcpy(row->banner_hash, builder->banner_hash, sizeof(row->banner_hash));
	}
	if (freezing->minimal)
		return true;
	row->tool = text_at(freezing, builder->tool);
	row->banner_bytes = target->banner_bytes;
	return !target->banner_bytes || gap_pool_append(&freezing->pool, builder->banner,
							target->banner_bytes, &row->banner);
}

/* ---- types ---- */

static gap_type_id new_id(const struct freezing *freezing, gap_type_id old)
{
	return freezing->order.new_of_old[old];
}

static uint8_t align_code(uint32_t align_bytes)
{
	return align_bytes ? (uint8_t)(__builtin_ctz(align_bytes) + 1) : 0;
}

/* An array, a typedef or a qualifier takes its size from the type before it. */
static void derive(struct gap_format_type *row, const struct gap_format_type *from, uint64_t count)
{
	uint64_t size = from->kind == GAP_KIND_FUNCTION ? 0 : from->size;

	size *= saturate(count);
	if (size > UINT32_MAX || count > UINT32_MAX)
		row->flags |= GAP_TYPE_SIZE_UNKNOWN;
	row->flags |= from->flags & GAP_TYPE_SIZE_UNKNOWN;
	row->size = saturate(size);
	row->depth = (uint8_t)(from->depth + 1);
}

static void write_type(struct freezing *freezing, const struct gap_row_type *type, uint32_t base,
		       struct gap_format_type *rows, uint32_t id)
{
	struct gap_format_type *row = &rows[id];

	row->name = text_at(freezing, type->name);
	row->kind = type->kind;
	row->flags = type->flags;
	row->align_log2_plus1 = align_code(type->align_bytes);
	row->size = saturate(type->size_bytes);
	row->count = saturate(type->count);
	if (type->size_bytes > UINT32_MAX)
		row->flags |= GAP_TYPE_SIZE_UNKNOWN;
	if (gap_row_is_aggregate(type) || type->kind == GAP_KIND_ENUM)
		row->ref = base;
	else
		row->ref = new_id(freezing, type->ref);
	if (type->kind == GAP_KIND_FUNCTION)
		row->size = base;
	if (type->kind == GAP_KIND_ARRAY)
		derive(row, &rows[row->ref], type->count);
	else if (gap_row_is_alias(type))
		derive(row, &rows[row->ref], 1);
}

static void write_members(struct freezing *freezing, const struct gap_row_type *type,
			  struct gap_format_member *rows)
{
	for (uint64_t i = 0; i < type->count; i++) {
		const struct gap_build_member *member =
			&freezing->builder->members.items[type->first + i];

		rows[i] = (struct gap_format_member){
			.name = text_at(freezing, member->name),
			.type = new_id(freezing, member->type),
			.offset_bytes = (uint32_t)(member->offset_bits / 8),
			.bit_offset = member->offset_bits % 8,
			.bit_width = (uint8_t)member->width_bits,
		};
	}
}

static void write_enumerators(struct freezing *freezing, const struct gap_row_type *type,
			      struct gap_format_enumerator *rows)
{
	for (uint64_t i = 0; i < type->count; i++) {
		const struct gap_build_enumerator *from =
			&freezing->builder->enumerators.items[type->first + i];

		rows[i] = (struct gap_format_enumerator){
			.name = text_at(freezing, from->name),
			.value_low = (uint32_t)from->value,
			.value_high = (uint32_t)(from->value >> 32),
		};
	}
}

static void write_parameters(struct freezing *freezing, const struct gap_row_type *type,
			     struct gap_format_parameter *rows)
{
	for (uint64_t i = 0; i < type->count; i++) {
		const struct gap_build_parameter *from =
			&freezing->builder->parameters.items[type->first + i];

		rows[i] = (struct gap_format_parameter){
			.name = text_at(freezing, from->name),
			.type = new_id(freezing, from->type),
		};
	}
}

struct type_tables {
	struct gap_format_type *types;
	struct gap_format_member *members;
	struct gap_format_enumerator *enumerators;
	struct gap_format_parameter *parameters;
	uint32_t member_count, enumerator_count, parameter_count;
};

static void write_type_and_entries(struct freezing *freezing, struct type_tables *tables,
				   uint32_t id)
{
	const struct gap_row_type *type = type_of_new(freezing, id);
	uint32_t count = saturate(type->count), base = 0;

	if (gap_row_is_aggregate(type)) {
		base = tables->member_count;
		write_members(freezing, type, tables->members + base);
		tables->member_count += count;
	} else if (type->kind == GAP_KIND_ENUM) {
		base = tables->enumerator_count;
		write_enumerators(freezing, type, tables->enumerators + base);
		tables->enumerator_count += count;
	} else if (type->kind == GAP_KIND_FUNCTION) {
		base = tables->parameter_count;
		write_parameters(freezing, type, tables->parameters + base);
		tables->parameter_count += count;
	}
	freezing->member_base[id] = count ? base : 0;
	write_type(freezing, type, freezing->member_base[id], tables->types, id);
}

static bool write_types(struct freezing *freezing)
{
	struct gap_builder *builder = freezing->builder;
	uint32_t count = builder->types.count;
	struct type_tables tables = {0};

	freezing->member_base = calloc(count, sizeof(uint32_t));
	tables.types = section_make(freezing, GAP_SECTION_TYPES, count, sizeof(*tables.types));
	tables.members = section_make(freezing, GAP_SECTION_MEMBERS, builder->members.count,
				      sizeof(*tables.members));
	tables.enumerators = section_make(freezing, GAP_SECTION_ENUMERATORS,
					  builder->enumerators.count, sizeof(*tables.enumerators));
	tables.parameters = section_make(freezing, GAP_SECTION_PARAMETERS,
					 builder->parameters.count, sizeof(*tables.parameters));
	if (!freezing->member_base || !tables.types || !tables.members || !tables.enumerators ||
	    !tables.parameters)
		return false;
	for (uint32_t id = 0; id < count; id++)
		write_type_and_entries(freezing, &tables, id);
	/* A type that was set twice left its first entries behind: they are not written. */
	freezing->sections[GAP_SECTION_MEMBERS].size_bytes =
		(uint64_t)tables.member_count * sizeof(*tables.members);
	freezing->sections[GAP_SECTION_ENUMERATORS].size_bytes =
		(uint64_t)tables.enumerator_count * sizeof(*tables.enumerators);
	freezing->sections[GAP_SECTION_PARAMETERS].size_bytes =
		(uint64_t)tables.parameter_count * sizeof(*tables.parameters);
	return true;
}

static bool write_declarations(struct freezing *freezing)
{
	uint32_t count = freezing->builder->types.count, used = 0;
	struct gap_format_declaration *rows =
		section_make(freezing, GAP_SECTION_DECLARATIONS, count, sizeof(*rows));

	for (uint32_t id = 0; rows && id < count; id++) {
		const struct gap_row_type *type = type_of_new(freezing, id);

		if (keeps_declaration(freezing, type))
			rows[used++] = (struct gap_format_declaration){
				id, text_at(freezing, type->file), type->line, type->units};
	}
	freezing->sections[GAP_SECTION_DECLARATIONS].size_bytes = (uint64_t)used * sizeof(*rows);
	return rows != NULL;
}

/* ---- symbols, continued ---- */

static bool write_symbols(struct freezing *freezing)
{
	struct gap_format_symbol *rows =
		section_make(freezing, GAP_SECTION_SYMBOLS, freezing->symbol_count, sizeof(*rows));

	for (uint32_t i = 0; rows && i < freezing->symbol_count; i++) {
		const struct gap_build_symbol *symbol =
			&freezing->builder->symbols.items[freezing->symbol_order[i]];

		rows[i] = (struct gap_format_symbol){
			.address = symbol->address,
			.name = text_at(freezing, symbol->name),
			.type = symbol->type < freezing->builder->types.count
					? new_id(freezing, symbol->type)
					: GAP_NONE,
			.size_bytes = saturate(symbol->size_bytes),
			.kind = (uint8_t)symbol->kind,
			.flags = (uint8_t)symbol->flags,
		};
	}
	return rows != NULL;
}

static bool write_symbol_files(struct freezing *freezing, const uint8_t *shared)
{
	uint32_t used = 0;
	struct gap_format_symbol_file *rows = section_make(freezing, GAP_SECTION_SYMBOL_FILES,
							   freezing->symbol_count, sizeof(*rows));

	for (uint32_t i = 0; rows && i < freezing->symbol_count; i++) {
		const struct gap_build_symbol *symbol =
			&freezing->builder->symbols.items[freezing->symbol_order[i]];

		if (symbol->file && shared[symbol->name] > 1)
			rows[used++] =
				(struct gap_format_symbol_file){i, text_at(freezing, symbol->file)};
	}
	freezing->sections[GAP_SECTION_SYMBOL_FILES].size_bytes = (uint64_t)used * sizeof(*rows);
	return rows != NULL;
}

/* ---- modules ---- */

static bool write_module(struct freezing *freezing, const struct gap_row_module *from,
			 struct gap_format_module *row)
{
	row->name = text_at(freezing, from->name);
	row->build_id_bytes = from->build_id_bytes;
	return !from->build_id_bytes || gap_pool_append(&freezing->pool, from->build_id,
							from->build_id_bytes, &row->build_id);
}

static void write_module_symbol(const struct freezing *freezing,
				const struct gap_build_module_symbol *from,
				struct gap_format_module_symbol *row)
{
	*row = (struct gap_format_module_symbol){
		.offset = from->offset,
		.name = text_at(freezing, from->name),
		.section = text_at(freezing, from->section),
		.type = from->type < freezing->builder->types.count ? new_id(freezing, from->type)
								    : GAP_NONE,
		.size_bytes = saturate(from->size_bytes),
		.kind = (uint8_t)from->kind,
		.flags = (uint8_t)from->flags,
	};
}

/* Symbols in the order of their modules: each module begins where the one before ends. */
static bool write_module_rows(struct freezing *freezing, const uint32_t *modules,
			      const uint32_t *symbols)
{
	struct gap_builder *builder = freezing->builder;
	uint32_t count = builder->modules.count, total = builder->module_symbols.count, next = 0;
	struct gap_format_module *rows =
		section_make(freezing, GAP_SECTION_MODULES, count, sizeof(*rows));
	struct gap_format_module_symbol *symbol_rows =
		section_make(freezing, GAP_SECTION_MODULE_SYMBOLS, total, sizeof(*symbol_rows));
	bool good = rows && symbol_rows;

	for (uint32_t i = 0; i < count && good; i++) {
		good = write_module(freezing, &builder->modules.items[modules[i]], &rows[i]);
		rows[i].first_symbol = next;
		for (; next < total &&
		       builder->module_symbols.items[symbols[next]].module == modules[i] + 1;
		     next++)
			write_module_symbol(freezing, &builder->module_symbols.items[symbols[next]],
					    &symbol_rows[next]);
	}
	return good;
}

static bool write_modules(struct freezing *freezing)
{
	uint32_t *modules, *symbols;
	bool good;

	if (freezing->builder->modules.count == 0)
		return true;
	good = gap_rows_order_modules(freezing->builder, &modules, &symbols) &&
	       write_module_rows(freezing, modules, symbols);
	free(modules);
	free(symbols);
	return good;
}

/* ---- indices ---- */

static uint32_t hash_of_text(const struct freezing *freezing, gap_text text)
{
	const struct gap_string *string = &freezing->builder->strings.rows.items[text];

	return gap_format_name_hash(string->text, string->length);
}

static bool add_entry(struct gap_index_entries *entries, uint32_t hash, uint32_t row)
{
	struct gap_index_entry *entry = gap_index_entries_push(entries);

	if (entry)
		*entry = (struct gap_index_entry){hash, row};
	return entry != NULL;
}

static bool close_index(struct freezing *freezing, enum gap_section kind,
			struct gap_index_entries *entries, bool good)
{
	uint32_t words = 0;
	uint32_t *section = good ? gap_index_build(entries, &words) : NULL;

	free(entries->items);
	freezing->sections[kind] = (struct section_data){section, (uint64_t)words * 4, 4};
	return section != NULL;
}

static bool write_type_index(struct freezing *freezing)
{
	struct gap_index_entries entries = {0};
	bool good = true;

	for (uint32_t i = 0; good && i < freezing->order.named_count; i++) {
		gap_type_id old = freezing->order.named[i];
		gap_text name = freezing->builder->types.items[old].name;

		good = add_entry(&entries, gap_format_mix(hash_of_text(freezing, name)),
				 new_id(freezing, old));
	}
	return close_index(freezing, GAP_SECTION_TYPE_INDEX, &entries, good);
}

static bool write_symbol_index(struct freezing *freezing)
{
	struct gap_index_entries entries = {0};
	bool good = true;

	for (uint32_t i = 0; good && i < freezing->symbol_count; i++) {
		gap_text name = freezing->builder->symbols.items[freezing->symbol_order[i]].name;

		good = add_entry(&entries, gap_format_mix(hash_of_text(freezing, name)), i);
	}
	return close_index(freezing, GAP_SECTION_SYMBOL_INDEX, &entries, good);
}

static bool write_enumerator_index(struct freezing *freezing)
{
	struct gap_index_entries entries = {0};
	bool good = true;

	for (uint32_t id = 0; good && id < freezing->builder->types.count; id++) {
		const struct gap_row_type *type = type_of_new(freezing, id);

		for (uint64_t i = 0; type->kind == GAP_KIND_ENUM && i < type->count && good; i++) {
			gap_text name = freezing->builder->enumerators.items[type->first + i].name;

			good = add_entry(&entries, gap_format_mix(hash_of_text(freezing, name)),
					 freezing->member_base[id] + (uint32_t)i);
		}
	}
	return close_index(freezing, GAP_SECTION_ENUMERATOR_INDEX, &entries, good);
}

/* All names that a look-up in one aggregate can find, each with the direct member that leads to it.
 */
struct member_names {
	struct freezing *freezing;
	struct gap_index_entries entries;
	gap_type_id owner; /* new row */
	uint64_t limit;    /* entries at most, so that nested anonymous types cannot explode */
	bool out_of_memory;
};

static const struct gap_row_type *stripped(const struct freezing *freezing, gap_type_id old)
{
	const struct gap_row_type *type = &freezing->builder->types.items[old];

	while (gap_row_is_alias(type))
		type = &freezing->builder->types.items[type->ref];
	return type;
}

static bool add_names(struct member_names *names, const struct gap_row_type *type, uint32_t lead,
		      int depth)
{
	if (depth > ANONYMOUS_DEPTH_MAX)
		return false;
	for (uint64_t i = 0; i < type->count; i++) {
		const struct gap_build_member *member =
			&names->freezing->builder->members.items[type->first + i];
		uint32_t row =
			depth ? lead : names->freezing->member_base[names->owner] + (uint32_t)i;

		if (names->entries.count >= names->limit)
			return false;
		if (member->name) {
			uint32_t hash = hash_of_text(names->freezing, member->name);

			if (!add_entry(&names->entries, gap_format_member_hash(hash, names->owner),
				       row))
				return false;
		} else {
			const struct gap_row_type *inner = stripped(names->freezing, member->type);

			if (gap_row_is_aggregate(inner) && !add_names(names, inner, row, depth + 1))
				return false;
		}
	}
	return true;
}

/* Types that would need an absurd index go without one: a linear look-up gives the same answers. */
static bool write_member_index(struct freezing *freezing)
{
	struct member_names names = {.freezing = freezing};
	bool good = true;

	names.limit = 16 * (uint64_t)freezing->builder->members.count + 4096;
	for (uint32_t id = 0; good && id < freezing->builder->types.count; id++) {
		const struct gap_row_type *type = type_of_new(freezing, id);

		names.owner = id;
		if (gap_row_is_aggregate(type))
			good = add_names(&names, type, 0, 0);
	}
	if (!good) {
		free(names.entries.items);
		return true;
	}
	return close_index(freezing, GAP_SECTION_MEMBER_INDEX, &names.entries, good);
}

/* ---- provenance ---- */

static bool write_sources(struct freezing *freezing)
{
	struct gap_builder *builder = freezing->builder;
	struct gap_format_source *rows =
		section_make(freezing, GAP_SECTION_SOURCES, builder->sources.count, sizeof(*rows));

	for (uint32_t i = 0; rows && i < builder->sources.count; i++) {
		const struct gap_row_source *from = &builder->sources.items[i];

		rows[i].kind = (uint8_t)from->source.kind;
		rows[i].build_id_bytes = from->source.build_id_bytes;
		rows[i].digest = text_at(freezing, from->digest);
		rows[i].note = text_at(freezing, from->note);
		if (rows[i].build_id_bytes &&
		    !gap_pool_append(&freezing->pool, from->build_id, rows[i].build_id_bytes,
				     &rows[i].build_id))
			return false;
	}
	return rows != NULL;
}

static bool write_defaults(struct freezing *freezing)
{
	struct gap_format_default *rows =
		section_make(freezing, GAP_SECTION_DEFAULTS, GAP_TABLE_COUNT, sizeof(*rows));
	uint32_t used = 0;

	for (uint32_t table = 0; rows && table < GAP_TABLE_COUNT; table++)
		if (freezing->builder->default_source[table] < freezing->builder->sources.count)
			rows[used++] = (struct gap_format_default){
				(uint16_t)(GAP_SECTION_TYPES + table),
				(uint16_t)freezing->builder->default_source[table]};
	freezing->sections[GAP_SECTION_DEFAULTS].size_bytes = (uint64_t)used * sizeof(*rows);
	return rows != NULL;
}

/* The image row that an exception speaks of; GAP_NONE when it is not in the image. */
static uint32_t exception_row(const struct freezing *freezing,
			      const struct gap_build_exception *exception)
{
	if (exception->table == GAP_TABLE_SYMBOLS) {
		for (uint32_t i = 0; i < freezing->symbol_count; i++)
			if (freezing->symbol_order[i] == exception->row)
				return i;
		return GAP_NONE;
	}
	if (exception->row >= freezing->builder->types.count)
		return GAP_NONE;
	if (exception->table == GAP_TABLE_TYPES)
		return new_id(freezing, exception->row);
	return freezing->member_base[new_id(freezing, exception->row)] + exception->position;
}

static int compare_exceptions(const void *left, const void *right)
{
	const struct gap_format_exception *a = left, *b = right;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	return compare_u64(a->row, b->row);
}

/* What was said of a row first stays. */
static uint32_t drop_repeated(struct gap_format_exception *rows, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (kept == 0 || compare_exceptions(&rows[kept - 1], &rows[i]) != 0)
			rows[kept++] = rows[i];
	return kept;
}

static bool write_exceptions(struct freezing *freezing)
{
	struct gap_builder *builder = freezing->builder;
	struct gap_format_exception *rows = section_make(freezing, GAP_SECTION_EXCEPTIONS,
							 builder->exceptions.count, sizeof(*rows));
	uint32_t used = 0;

	for (uint32_t i = 0; rows && i < builder->exceptions.count; i++) {
		const struct gap_build_exception *from = &builder->exceptions.items[i];
		uint32_t row = exception_row(freezing, from);

		if (row == GAP_NONE || from->source >= builder->sources.count)
			continue;
		rows[used++] = (struct gap_format_exception){
			.section = (uint16_t)(GAP_SECTION_TYPES + from->table),
			.source = (uint16_t)from->source,
			.row = row,
			.method = from->method,
			.confidence = (uint16_t)(from->confidence * 65535.0 + 0.5),
			.runner_up = from->runner_up,
			.witnesses = text_at(freezing, from->witnesses),
		};
	}
	if (used)
		qsort(rows, used, sizeof(*rows), compare_exceptions);
	used = drop_repeated(rows, used);
	freezing->sections[GAP_SECTION_EXCEPTIONS].size_bytes = (uint64_t)used * sizeof(*rows);
	return rows != NULL;
}

/* ---- what the format has no room for ---- */

/* A size that is too large is said to be unknown; a place that is too far would be a wrong one. */
static enum gap_status check_offsets(const struct gap_builder *builder, struct gap_error *error)
{
	for (uint32_t i = 0; i < builder->members.count; i++) {
		const struct gap_build_member *member = &builder->members.items[i];

		if (member->offset_bits / 8 > UINT32_MAX)
			return gap_fail(error, GAP_UNSUPPORTED,
					"member \"%.200s\" lies beyond 4 GiB of its structure",
					gap_builder_string(builder, member->name));
	}
	return GAP_OK;
}

/* ---- the file ---- */

static bool is_required(unsigned kind)
{
	return kind <= GAP_SECTION_SYMBOLS;
}

static bool is_written(const struct freezing *freezing, unsigned kind)
{
	return kind <= GAP_SECTION_TYPES || freezing->sections[kind].size_bytes > 0;
}

static uint64_t lay_out_file(const struct freezing *freezing, struct gap_format_section *table,
			     uint32_t *section_count)
{
	uint64_t at = sizeof(struct gap_format_header);

	*section_count = 0;
	for (unsigned kind = 1; kind < GAP_SECTION_KNOWN; kind++)
		*section_count += is_written(freezing, kind);
	at += *section_count * sizeof(*table);
	for (unsigned kind = 1; kind < GAP_SECTION_KNOWN; kind++) {
		const struct section_data *section = &freezing->sections[kind];

		if (!is_written(freezing, kind))
			continue;
		at = (at + 7) & ~(uint64_t)7;
		*table++ = (struct gap_format_section){
			.kind = (uint16_t)kind,
			.flags = is_required(kind) ? GAP_SECTION_REQUIRED : 0,
			.offset = (uint32_t)at,
			.size_bytes = (uint32_t)section->size_bytes,
			.row_bytes = section->row_bytes,
		};
		at += section->size_bytes;
	}
	return at;
}

static enum gap_status assemble(struct freezing *freezing, void **image, size_t *size_bytes,
				struct gap_error *error)
{
	struct gap_format_section table[GAP_SECTION_KNOWN];
	struct gap_format_header header = {
		.major = GAP_FORMAT_MAJOR,
		.minor = GAP_FORMAT_MINOR,
	};
	uint64_t size = lay_out_file(freezing, table, &header.section_count);
	char *bytes;

	if (size > UINT32_MAX)
		return gap_fail(error, GAP_UNSUPPORTED, "profile would exceed 4 GiB");
	bytes = calloc(1, (size_t)size);
	if (!bytes)
		return no_memory(error);
	memcpy(header.magic, GAP_FORMAT_MAGIC, sizeof(header.magic));
	header.file_size = (uint32_t)size;
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), table, header.section_count * sizeof(table[0]));
	for (uint32_t i = 0; i < header.section_count; i++)
		memcpy(bytes + table[i].offset, freezing->sections[table[i].kind].data,
		       table[i].size_bytes);
	header.checksum = gap_image_checksum(bytes, (size_t)size);
	memcpy(bytes + offsetof(struct gap_format_header, checksum), &header.checksum,
	       sizeof(header.checksum));
	*image = bytes;
	*size_bytes = (size_t)size;
	return GAP_OK;
}

static bool write_optional(struct freezing *freezing, const uint8_t *shared)
{
	if (freezing->minimal)
		return true;
	return write_declarations(freezing) && write_symbol_files(freezing, shared) &&
	       write_modules(freezing) && write_type_index(freezing) &&
	       write_member_index(freezing) && write_symbol_index(freezing) &&
	       write_enumerator_index(freezing) && write_sources(freezing) &&
	       write_defaults(freezing) && write_exceptions(freezing);
}

static bool write_sections(struct freezing *freezing)
{
	struct section_data *strings = &freezing->sections[GAP_SECTION_STRINGS];
	uint8_t *shared = NULL;
	bool good = sort_symbols(freezing) && give_types_by_name(freezing) &&
		    mark_shared_names(freezing, &shared) &&
		    gap_pool_init(&freezing->pool, &freezing->builder->strings);

	if (good) {
		use_type_strings(freezing);
		use_other_strings(freezing, shared);
		good = gap_pool_lay_out(&freezing->pool) && write_identity(freezing) &&
		       write_types(freezing) && write_symbols(freezing) &&
		       write_optional(freezing, shared) && gap_pool_close(&freezing->pool);
	}
	free(shared);
	*strings = (struct section_data){freezing->pool.bytes, freezing->pool.size_bytes, 1};
	freezing->pool.bytes = NULL; /* freed with the sections */
	return good;
}

static void deinit(struct freezing *freezing)
{
	for (unsigned kind = 0; kind < GAP_SECTION_KNOWN; kind++)
		free(freezing->sections[kind].data);
	free(freezing->symbol_order);
	free(freezing->member_base);
	gap_pool_deinit(&freezing->pool);
	gap_order_deinit(&freezing->order);
}

enum gap_status gap_builder_freeze(struct gap_builder *builder, unsigned flags, void **image,
				   size_t *size_bytes, struct gap_error *error)
{
	struct freezing freezing = {.builder = builder};
	enum gap_status status;

	if (builder->out_of_memory)
		return no_memory(error);
	freezing.minimal = (flags & GAP_FREEZE_MINIMAL) != 0;
	give_types(builder);
	gap_rows_type_module_symbols(builder);
	status = check_offsets(builder, error);
	if (!status)
		status = gap_order_make(builder, &freezing.order, error);
	if (status)
		return status;
	status = write_sections(&freezing) ? assemble(&freezing, image, size_bytes, error)
					   : no_memory(error);
	deinit(&freezing);
	return status;
}
