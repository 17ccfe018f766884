/* SPDX-License-Identifier: MIT */
/*
 * Symbols by name and by address. One name at several addresses is kept so: whoever asks is told
 * that it is not one.
 */
#include "infer/symbols.h"

#include <string.h>

#include "profile/strings.h"

struct row {
	struct infer_symbol symbol;
	uint32_t name; /* id of the name */
};

GAP_VECTOR(symbol_rows, struct row);

struct infer_symbols {
	struct symbol_rows rows; /* by address once finished */
	struct gap_strings names;
	uint32_t *first; /* by name: where in by_name its rows begin; the next name's is the end */
	uint32_t *by_name; /* rows, grouped by name */
	bool sparse;
	bool out_of_memory;
};

enum gap_status infer_symbols_create(struct infer_symbols **symbols)
{
	struct infer_symbols *created = calloc(1, sizeof(*created));

	if (!created || !gap_strings_init(&created->names)) {
		free(created);
		return GAP_NO_MEMORY;
	}
	*symbols = created;
	return GAP_OK;
}

void infer_symbols_destroy(struct infer_symbols *symbols)
{
	if (!symbols)
		return;
	gap_strings_deinit(&symbols->names);
	free(symbols->rows.items);
	free(symbols->first);
	free(symbols->by_name);
	free(symbols);
}

void infer_symbols_add(struct infer_symbols *symbols, const char *name, size_t length, char type,
		       uint64_t address)
{
	uint32_t id = 0;
	struct row *row;

	if (!length)
		return;
	row = gap_strings_intern(&symbols->names, name, length, &id)
		      ? symbol_rows_push(&symbols->rows)
		      : NULL;
	if (!row) {
		symbols->out_of_memory = true;
		return;
	}
	*row = (struct row){{address, symbols->names.rows.items[id].text, type}, id};
}

bool infer_symbols_added(const struct infer_symbols *symbols, const char *name)
{
	return gap_strings_find(&symbols->names, name, strlen(name)) != 0;
}

void infer_symbols_mark_sparse(struct infer_symbols *symbols)
{
	symbols->sparse = true;
}

bool infer_symbols_are_sparse(const struct infer_symbols *symbols)
{
	return symbols->sparse;
}

/* ---- sorting ---- */

static int compare_addresses(const void *one, const void *two)
{
	const struct row *a = one, *b = two;

	if (a->symbol.address != b->symbol.address)
		return a->symbol.address < b->symbol.address ? -1 : 1;
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return a->symbol.type - b->symbol.type;
}

/* What two sources both say is one symbol; a type that is known is kept. */
static void drop_duplicates(struct symbol_rows *rows)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rows->count; i++) {
		struct row *last = kept ? &rows->items[kept - 1] : NULL;

		if (last && last->name == rows->items[i].name &&
		    last->symbol.address == rows->items[i].symbol.address) {
			if (last->symbol.type == '?')
				last->symbol.type = rows->items[i].symbol.type;
			continue;
		}
		rows->items[kept++] = rows->items[i];
	}
	rows->count = kept;
}

/* A counting sort: first[name] … first[name + 1] are its rows in by_name. */
static bool sort_names(struct infer_symbols *symbols)
{
	uint32_t names = symbols->names.rows.count, count = symbols->rows.count;

	symbols->first = calloc((size_t)names + 2, sizeof(*symbols->first));
	symbols->by_name = calloc((size_t)count + 1, sizeof(*symbols->by_name));
	if (!symbols->first || !symbols->by_name)
		return false;
	for (uint32_t i = 0; i < count; i++)
		symbols->first[symbols->rows.items[i].name + 2]++;
	for (uint32_t i = 2; i < names + 2; i++)
		symbols->first[i] += symbols->first[i - 1];
	for (uint32_t i = 0; i < count; i++)
		symbols->by_name[symbols->first[symbols->rows.items[i].name + 1]++] = i;
	return true;
}

enum gap_status infer_symbols_finish(struct infer_symbols *symbols)
{
	if (symbols->out_of_memory)
		return GAP_NO_MEMORY;
	if (symbols->rows.count)
		qsort(symbols->rows.items, symbols->rows.count, sizeof(struct row),
		      compare_addresses);
	drop_duplicates(&symbols->rows);
	return sort_names(symbols) ? GAP_OK : GAP_NO_MEMORY;
}

/* ---- asking ---- */

/* The id of a name, or 0: an empty name is never added. */
static uint32_t id_of(const struct infer_symbols *symbols, const char *name)
{
	return gap_strings_find(&symbols->names, name, strlen(name));
}

const struct infer_symbol *infer_symbols_named(const struct infer_symbols *symbols,
					       const char *name, uint32_t *count)
{
	uint32_t id = id_of(symbols, name);
	uint32_t found = id ? symbols->first[id + 1] - symbols->first[id] : 0;

	if (count)
		*count = found;
	return found == 1 ? &symbols->rows.items[symbols->by_name[symbols->first[id]]].symbol
			  : NULL;
}

const struct infer_symbol *infer_symbols_sharing(const struct infer_symbols *symbols,
						 const char *name, uint32_t index)
{
	uint32_t id = id_of(symbols, name);

	if (!id || index >= symbols->first[id + 1] - symbols->first[id])
		return NULL;
	return &symbols->rows.items[symbols->by_name[symbols->first[id] + index]].symbol;
}

/* How many symbols begin at or before @address. */
static uint32_t count_until(const struct infer_symbols *symbols, uint64_t address)
{
	uint32_t low = 0, high = symbols->rows.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbols->rows.items[middle].symbol.address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct infer_symbol *infer_symbols_covering(const struct infer_symbols *symbols,
						  uint64_t address, uint64_t *end)
{
	uint32_t after = count_until(symbols, address);

	if (!after)
		return NULL;
	if (end)
		*end = after < symbols->rows.count ? symbols->rows.items[after].symbol.address
						   : UINT64_MAX;
	return &symbols->rows.items[after - 1].symbol;
}

uint32_t infer_symbols_count(const struct infer_symbols *symbols)
{
	return symbols->rows.count;
}

const struct infer_symbol *infer_symbols_at(const struct infer_symbols *symbols, uint32_t index)
{
	return index < symbols->rows.count ? &symbols->rows.items[index].symbol : NULL;
}
