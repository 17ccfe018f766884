/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/support/kallsyms_table.h"

struct writing {
	uint8_t *bytes;
	uint64_t at;
	const struct table_plan *plan;
	const struct table_symbol *symbols;
	uint32_t count;
	struct table_places places;
	const char *tokens[256];
	char single[256][2];
};

static void put(struct writing *writing, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		writing->bytes[writing->at++] = (uint8_t)(value >> (8 * i));
}

static uint64_t begin_part(struct writing *writing)
{
	while (writing->at % writing->plan->align_bytes)
		writing->bytes[writing->at++] = 0;
	return writing->at;
}

/* A character that names use stands for itself; the other codes stand for what is frequent. */
static void choose_tokens(struct writing *writing)
{
	static const char *const frequent[] = {"_init", "sys_",  "vfs_",   "TT", "tsk_", "_",
					       "__",    "file_", "s_of_a", "er", "in"};
	bool used[256] = {false};
	unsigned next = 0;

	for (uint32_t i = 0; i < writing->count; i++) {
		used[(uint8_t)writing->symbols[i].type] = true;
		for (const char *c = writing->symbols[i].name; *c; c++)
			used[(uint8_t)*c] = true;
	}
	for (unsigned code = 0; code < 256; code++) {
		writing->single[code][0] = (char)code;
		writing->tokens[code] = used[code] ? writing->single[code]
					: next < sizeof(frequent) / sizeof(frequent[0])
						? frequent[next++]
						: "";
	}
}

/* The code of the longest token that @text begins with. */
static uint8_t code_of(const struct writing *writing, const char *text, size_t *length)
{
	uint8_t best = (uint8_t)*text;

	*length = 1;
	for (unsigned code = 0; code < 256; code++) {
		size_t bytes = strlen(writing->tokens[code]);

		if (bytes > *length && strncmp(text, writing->tokens[code], bytes) == 0) {
			best = (uint8_t)code;
			*length = bytes;
		}
	}
	return best;
}

static void put_name(struct writing *writing, const struct table_symbol *symbol)
{
	uint8_t codes[700];
	char text[700];
	size_t count = 0, length;

	snprintf(text, sizeof(text), "%c%s", symbol->type, symbol->name);
	for (const char *at = text; *at; at += length)
		codes[count++] = code_of(writing, at, &length);
	if (count < 128) {
		put(writing, count, 1);
	} else {
		put(writing, (count & 0x7f) | 0x80, 1);
		put(writing, count >> 7, 1);
	}
	for (size_t i = 0; i < count; i++)
		put(writing, codes[i], 1);
}

static void put_names(struct writing *writing, uint64_t *markers)
{
	writing->places.number = begin_part(writing);
	put(writing, writing->count, writing->plan->number_bytes);
	writing->places.names = begin_part(writing);
	for (uint32_t i = 0; i < writing->count; i++) {
		if (i % 256 == 0)
			markers[i / 256] = writing->at - writing->places.names;
		put_name(writing, &writing->symbols[i]);
	}
	writing->places.markers = begin_part(writing);
	for (uint32_t i = 0; i * 256 < writing->count; i++)
		put(writing, markers[i], writing->plan->number_bytes);
}

/* Any order serves: the names backwards. */
static void put_sequences(struct writing *writing)
{
	unsigned width = writing->plan->sequence_bytes;

	if (!width)
		return;
	begin_part(writing);
	for (uint32_t i = 0; i < writing->count; i++) {
		uint32_t number = writing->count - 1 - i;

		if (width == 4) {
			put(writing, number, 4);
			continue;
		}
		put(writing, number >> 16, 1);
		put(writing, number >> 8 & 0xff, 1);
		put(writing, number & 0xff, 1);
	}
}

static void put_tokens(struct writing *writing)
{
	uint16_t starts[256];

	writing->places.tokens = begin_part(writing);
	for (unsigned code = 0; code < 256; code++) {
		size_t length = strlen(writing->tokens[code]) + 1;

		starts[code] = (uint16_t)(writing->at - writing->places.tokens);
		memcpy(writing->bytes + writing->at, writing->tokens[code], length);
		writing->at += length;
	}
	writing->places.token_index = begin_part(writing);
	for (unsigned code = 0; code < 256; code++)
		put(writing,
		    writing->plan->big_endian_index
			    ? (uint64_t)(starts[code] << 8 & 0xffff) | starts[code] >> 8
			    : starts[code],
		    2);
}

static uint64_t entry_of(const struct writing *writing, const struct table_symbol *symbol)
{
	const struct table_plan *plan = writing->plan;

	switch (plan->addressing) {
	case GAP_KALLSYMS_BASE:
		return symbol->address - plan->base;
	case GAP_KALLSYMS_BASE_PERCPU:
		return symbol->type == 'A' ? symbol->address : plan->base - 1 - symbol->address;
	case GAP_KALLSYMS_PLACE:
		return symbol->address - (plan->address + writing->at);
	default:
		return symbol->address;
	}
}

static void put_addresses(struct writing *writing)
{
	const struct table_plan *plan = writing->plan;
	bool absolute = plan->addressing == GAP_KALLSYMS_ABSOLUTE;

	writing->places.addresses = begin_part(writing);
	for (uint32_t i = 0; i < writing->count; i++)
		put(writing, entry_of(writing, &writing->symbols[i]),
		    absolute ? plan->pointer_bytes : 4);
	if (absolute || plan->addressing == GAP_KALLSYMS_PLACE)
		return;
	writing->places.base = begin_part(writing);
	put(writing, plan->base, plan->pointer_bytes);
}

struct table_places write_table(uint8_t *bytes, uint64_t at, const struct table_plan *plan,
				const struct table_symbol *symbols, uint32_t count)
{
	struct writing writing = {
		.bytes = bytes, .at = at, .plan = plan, .symbols = symbols, .count = count};
	uint64_t markers[64];

	choose_tokens(&writing);
	if (!plan->behind)
		put_addresses(&writing);
	put_names(&writing, markers);
	if (!plan->behind)
		put_sequences(&writing);
	put_tokens(&writing);
	if (plan->behind) {
		put_addresses(&writing);
		put_sequences(&writing);
	}
	writing.places.end = writing.at;
	return writing.places;
}

void make_table_symbols(struct table_symbol *symbols, uint32_t count, uint32_t percpu,
			uint64_t text, bool long_name)
{
	static const char *const stems[] = {"vfs_read", "sys_open", "tsk_init",    "file_close",
					    "s_of_all", "x",        "irq_handler", "__pfx_inner"};

	for (uint32_t i = 0; i < count; i++) {
		struct table_symbol *symbol = &symbols[i];

		symbol->address =
			i < percpu ? (uint64_t)i * 64 : text + (uint64_t)(i - percpu) / 2 * 48;
		symbol->type = i < percpu ? 'A' : "TtDdbR"[i % 6];
		snprintf(symbol->name, sizeof(symbol->name), "%s_%u", stems[i % 8], i * 7);
		if (long_name && i == count / 2)
			memset(symbol->name, 'q', 300);
	}
}
