/* SPDX-License-Identifier: MIT */
/* ISF's symbols: one a name, with its type and, of the banner, its bytes. */
#include <stdlib.h>
#include <string.h>

#include "emit/isf_writer.h"

struct named_symbol {
	const char *name;
	uint32_t row;
	bool local;
};

static int compare_symbols(const void *left, const void *right)
{
	const struct named_symbol *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->local != b->local)
		return a->local ? 1 : -1;
	return a->row < b->row ? -1 : a->row > b->row; /* rows are in the order of addresses */
}

static void write_symbol(struct isf *isf, uint32_t row)
{
	struct gap_symbol symbol;

	gap_profile_symbol(isf->profile, row, &symbol);
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, symbol.name);
	gap_json_open(&isf->json, '{');
	gap_json_key_number(&isf->json, "address", symbol.address);
	if (symbol.type != 0 && symbol.type != GAP_NONE) {
		gap_json_key(&isf->json, "type");
		gap_isf_write_descriptor(isf, symbol.type, 0);
	}
	if (strcmp(symbol.name, "linux_banner") == 0 && isf->target.banner_bytes) {
		char *data =
			calloc(1, isf->target.banner_bytes + 1u); /* in memory it ends in a zero */

		if (data) {
			memcpy(data, isf->target.banner, isf->target.banner_bytes);
			gap_json_key(&isf->json, "constant_data");
			gap_json_base64(&isf->json, data, isf->target.banner_bytes + 1u);
		}
		free(data);
	}
	gap_json_close(&isf->json, '}');
}

/* One symbol a name: a global one before local ones, else the lowest. */
static uint32_t write_chosen(struct isf *isf, const struct named_symbol *symbols, uint32_t count)
{
	uint32_t left_out = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(symbols[i].name, symbols[i - 1].name) == 0)
			left_out++;
		else
			write_symbol(isf, symbols[i].row);
	}
	return left_out;
}

enum gap_status gap_isf_write_symbols(struct isf *isf, struct gap_error *error)
{
	uint32_t count = gap_profile_count(isf->profile, GAP_TABLE_SYMBOLS), left_out;
	struct named_symbol *symbols = calloc(count + 1u, sizeof(*symbols));

	if (!symbols)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (uint32_t row = 0; row < count; row++) {
		struct gap_symbol symbol;

		gap_profile_symbol(isf->profile, row, &symbol);
		symbols[row] =
			(struct named_symbol){symbol.name, row, symbol.flags & GAP_SYMBOL_LOCAL};
	}
	qsort(symbols, count, sizeof(*symbols), compare_symbols);
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, "symbols");
	gap_json_open(&isf->json, '{');
	left_out = write_chosen(isf, symbols, count);
	gap_json_close(&isf->json, '}');
	free(symbols);
	if (left_out)
		gap_emit_warn(
			isf->options,
			"isf: ISF has one symbol a name; %u others of the same names are left out",
			left_out);
	return GAP_OK;
}
