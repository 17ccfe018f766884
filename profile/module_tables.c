/* SPDX-License-Identifier: MIT */
/* Kernel modules in a builder: their symbols, the types that sources give these, and the order in which freeze writes
 * both. */
#include <string.h>

#include "profile/rows.h"

bool gap_builder_module_known(const struct gap_builder *builder, const char *name)
{
	for (uint32_t i = 0; i < builder->modules.count; i++)
		if (strcmp(gap_builder_string(builder, builder->modules.items[i].name), name) == 0)
			return true;
	return false;
}

uint32_t gap_builder_module_add(struct gap_builder *builder, const char *name,
				const uint8_t *build_id, uint8_t build_id_bytes)
{
	struct gap_row_module *row = gap_module_rows_push(&builder->modules);

	if (!row) {
		builder->out_of_memory = true;
		return 0;
	}
	*row = (struct gap_row_module){.name = gap_builder_name(builder, name)};
	if (build_id_bytes && build_id_bytes <= sizeof(row->build_id)) {
		memcpy(row->build_id, build_id, build_id_bytes);
		row->build_id_bytes = build_id_bytes;
	}
	return builder->modules.count;
}

void gap_builder_module_symbol_add(struct gap_builder *builder,
				   const struct gap_build_module_symbol *symbol)
{
	struct gap_build_module_symbol *row = gap_module_symbols_push(&builder->module_symbols);

	if (row)
		*row = *symbol;
	else
		builder->out_of_memory = true;
}

uint32_t gap_builder_module_symbol_count(const struct gap_builder *builder)
{
	return builder->module_symbols.count;
}

void gap_builder_module_symbol_type(struct gap_builder *builder, uint32_t module, gap_text name,
				    uint64_t offset, gap_type_id type)
{
	struct gap_row_module_typing *row = gap_module_typings_push(&builder->module_typings);

	if (row)
		*row = (struct gap_row_module_typing){module, name, offset, type};
	else
		builder->out_of_memory = true;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_typings(const void *left, const void *right)
{
	const struct gap_row_module_typing *a = left, *b = right;
	int difference = compare_u64(a->module, b->module);

	if (!difference)
		difference = compare_u64(a->name, b->name);
	return difference ? difference : compare_u64(a->offset, b->offset);
}

static int compare_typings_wholly(const void *left, const void *right)
{
	const struct gap_row_module_typing *a = left, *b = right;
	int difference = compare_typings(a, b);

	return difference ? difference : compare_u64(a->type, b->type);
}

/* The type that is said of this symbol, or GAP_NONE where two are. */
static gap_type_id find_typing(const struct gap_module_typings *typings,
			       const struct gap_build_module_symbol *symbol, uint64_t offset)
{
	struct gap_row_module_typing key = {symbol->module, symbol->name, offset, 0};
	const struct gap_row_module_typing *end = typings->items + typings->count;
	const struct gap_row_module_typing *found =
		bsearch(&key, typings->items, typings->count, sizeof(key), compare_typings);

	if (!found)
		return GAP_NONE;
	if ((found > typings->items && compare_typings(found - 1, found) == 0 &&
	     found[-1].type != found->type) ||
	    (found + 1 < end && compare_typings(found, found + 1) == 0 &&
	     found[1].type != found->type))
		return GAP_NONE;
	return found->type;
}

void gap_rows_type_module_symbols(struct gap_builder *builder)
{
	struct gap_module_typings *typings = &builder->module_typings;

	if (typings->count == 0)
		return;
	qsort(typings->items, typings->count, sizeof(*typings->items), compare_typings_wholly);
	for (uint32_t i = 0; i < builder->module_symbols.count; i++) {
		struct gap_build_module_symbol *symbol = &builder->module_symbols.items[i];

		if (symbol->type == GAP_NONE)
			symbol->type = find_typing(typings, symbol, symbol->offset);
		if (symbol->type == GAP_NONE)
			symbol->type = find_typing(typings, symbol, UINT64_MAX);
	}
}

static int compare_texts(const struct gap_builder *builder, gap_text a, gap_text b)
{
	return a == b ? 0 : strcmp(gap_builder_string(builder, a), gap_builder_string(builder, b));
}

static int compare_modules(const void *left, const void *right, void *context)
{
	const struct gap_builder *builder = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return compare_texts(builder, builder->modules.items[a].name,
			     builder->modules.items[b].name);
}

struct symbol_order {
	struct gap_builder *builder;
	uint32_t *rank; /* of modules */
};

static int compare_symbols(const void *left, const void *right, void *context)
{
	const struct symbol_order *order = context;
	uint32_t first = *(const uint32_t *)left, second = *(const uint32_t *)right;
	const struct gap_build_module_symbol *a = &order->builder->module_symbols.items[first];
	const struct gap_build_module_symbol *b = &order->builder->module_symbols.items[second];
	int difference = compare_u64(order->rank[a->module - 1], order->rank[b->module - 1]);

	if (!difference)
		difference = compare_texts(order->builder, a->section, b->section);
	if (!difference)
		difference = compare_u64(a->offset, b->offset);
	if (!difference)
		difference = compare_texts(order->builder, a->name, b->name);
	return difference ? difference : compare_u64(first, second);
}

static uint32_t *make_row_numbers(uint32_t count)
{
	uint32_t *rows = calloc((size_t)count + 1, sizeof(*rows));

	for (uint32_t i = 0; rows && i < count; i++)
		rows[i] = i;
	return rows;
}

bool gap_rows_order_modules(struct gap_builder *builder, uint32_t **modules, uint32_t **symbols)
{
	uint32_t count = builder->modules.count;
	struct symbol_order order = {builder, make_row_numbers(count)};

	*modules = make_row_numbers(count);
	*symbols = make_row_numbers(builder->module_symbols.count);
	if (order.rank && *modules && *symbols) {
		qsort_r(*modules, count, sizeof(uint32_t), compare_modules, builder);
		for (uint32_t i = 0; i < count; i++)
			order.rank[(*modules)[i]] = i;
		qsort_r(*symbols, builder->module_symbols.count, sizeof(uint32_t), compare_symbols,
			&order);
	}
	free(order.rank);
	return order.rank && *modules && *symbols;
}
