/* SPDX-License-Identifier: MIT */
/* Functions as they are asked for, and their instructions as they are reached. */
#include "infer/code_text.h"

#include <string.h>

enum { HEADS = 1 << 12, FUNCTIONS_MAX = 20000 };

bool code_text_init(struct code_text *text, const struct code_machine *machine,
		    struct code_reader reader, const struct infer_symbols *symbols)
{
	memset(text, 0, sizeof(*text));
	text->machine = machine;
	text->reader = reader;
	text->symbols = symbols;
	text->reads_left = FUNCTIONS_MAX;
	text->heads = calloc(HEADS, sizeof(*text->heads));
	text->decoder = machine->open(machine->pointer_bytes == 8);
	if (text->heads && text->decoder)
		return true;
	code_text_deinit(text);
	return false;
}

void code_text_deinit(struct code_text *text)
{
	for (uint32_t i = 0; i < text->functions.count; i++) {
		free(text->functions.items[i]->bytes);
		free(text->functions.items[i]->insns);
		free(text->functions.items[i]);
	}
	free(text->functions.items);
	free(text->decoded.items);
	free(text->ops.items);
	free(text->heads);
	if (text->decoder)
		text->machine->close(text->decoder);
	memset(text, 0, sizeof(*text));
}

static uint32_t *head_of(struct code_text *text, uint64_t start)
{
	return &text->heads[(start * 0x9e3779b97f4a7c15u) >> 52];
}

/* Reads as much of a function as there is, up to its end. */
static bool read_bytes(struct code_text *text, struct code_function *function)
{
	size_t size_bytes = (size_t)(function->end - function->start);

	function->bytes = malloc(size_bytes);
	function->insns = calloc(size_bytes / text->machine->shortest + 1, sizeof(uint32_t));
	if (!function->bytes || !function->insns) {
		text->out_of_memory = true;
		return false;
	}
	return text->reader.read(text->reader.context, function->start, function->bytes,
				 size_bytes);
}

static struct code_function *add_function(struct code_text *text, uint64_t start, uint64_t end,
					  const char *name)
{
	struct code_function *made = calloc(1, sizeof(*made));
	struct code_function **place = made ? code_functions_push(&text->functions) : NULL;

	if (!place) {
		free(made);
		text->out_of_memory = true;
		return NULL;
	}
	*place = made;
	made->start = start;
	made->end = end;
	made->name = name;
	made->shared = !infer_symbols_named(text->symbols, name, NULL);
	made->next = *head_of(text, start);
	*head_of(text, start) = text->functions.count;
	if (!read_bytes(text, made))
		made->end = start; /* there is nothing to decode */
	return made;
}

static struct code_function *find_function(struct code_text *text, uint64_t address)
{
	uint64_t end;
	const struct infer_symbol *symbol = infer_symbols_covering(text->symbols, address, &end);

	if (!symbol || address >= end)
		return NULL;
	for (uint32_t at = *head_of(text, symbol->address); at;
	     at = text->functions.items[at - 1]->next)
		if (text->functions.items[at - 1]->start == symbol->address)
			return text->functions.items[at - 1];
	if (!text->reads_left)
		return NULL;
	text->reads_left--;
	if (end - symbol->address > CODE_FUNCTION_BYTES_MAX)
		end = symbol->address + CODE_FUNCTION_BYTES_MAX;
	return add_function(text, symbol->address, end, symbol->name);
}

/* Keeps a decoded instruction; returns its number, or UINT32_MAX without memory. */
static uint32_t keep(struct code_text *text, const struct code_insn *insn)
{
	struct code_decoded *decoded = code_decodeds_push(&text->decoded);
	uint32_t first = text->ops.count;
	struct code_op *ops = decoded ? code_op_rows_extend(&text->ops, insn->count) : NULL;

	if (!ops) {
		text->out_of_memory = true;
		return UINT32_MAX;
	}
	memcpy(ops, insn->ops, insn->count * sizeof(*ops));
	*decoded = (struct code_decoded){first, insn->count, insn->length};
	return text->decoded.count;
}

const struct code_op *code_text_insn(struct code_text *text, const struct code_function *function,
				     uint64_t at, uint8_t *op_count, uint8_t *length)
{
	uint64_t offset = at - function->start;
	const struct code_decoded *decoded;
	struct code_insn insn;
	uint32_t *number;

	if (at < function->start || at >= function->end || offset % text->machine->shortest)
		return NULL;
	number = &function->insns[offset / text->machine->shortest];
	if (!*number)
		*number = text->machine->decode(text->decoder, function->bytes + offset,
						(size_t)(function->end - at), at, &insn)
				  ? keep(text, &insn)
				  : UINT32_MAX;
	if (*number == UINT32_MAX)
		return NULL;
	decoded = &text->decoded.items[*number - 1];
	*op_count = decoded->op_count;
	*length = decoded->length;
	return text->ops.items + decoded->first_op;
}

bool code_text_string(struct code_text *text, uint64_t address, char *string, size_t capacity)
{
	if (text->machine->pointer_bytes == 4)
		address = (uint32_t)address;
	for (size_t got = 0; got + 1 < capacity; got++) {
		if (!text->reader.read(text->reader.context, address + got, string + got, 1))
			return false;
		if (!string[got])
			return true;
		if ((unsigned char)string[got] > 126)
			return false;
	}
	return false;
}

struct code_function *code_text_function(struct code_text *text, uint64_t address)
{
	struct code_function **recent = &text->recent[(address >> 2) % CODE_RECENT];

	if (!*recent || (*recent)->start != address) {
		struct code_function *found = find_function(text, address);

		if (!found || found->start != address)
			return found;
		*recent = found;
	}
	return *recent;
}
