/* SPDX-License-Identifier: MIT */
/* Functions as they are asked for, and their instructions as they are reached. */
#include "infer/code_text.h"

#include <string.h>

enum {
	HEADS = 1 << 12,
	FUNCTIONS_MAX = 20000,
	UNNAMED_BYTES_MAX = 1 << 12,
	PAGE_BYTES = 4096,
	LONGEST = 15,
	FILLING_MAX = 60
};

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

/* ---- how far a function goes, where its symbol does not say ---- */

/* A function that is walked over for where it ends. */
struct walk {
	const struct code_machine *machine;
	const uint8_t *bytes;
	uint64_t start, end;
	uint64_t furthest; /* place that a branch leads to */
};

/* False: the code does not go on behind this instruction. */
static bool goes_on(struct walk *walk, const struct code_insn *insn)
{
	for (unsigned i = 0; i < insn->count; i++) {
		const struct code_op *op = &insn->ops[i];
		uint64_t target = (uint64_t)op->value;

		if (op->kind == CODE_BRANCH && target > walk->furthest && target < walk->end)
			walk->furthest = target;
		if (op->kind == CODE_RETURN || op->kind == CODE_STOP || op->kind == CODE_JUMP)
			return false;
	}
	return true;
}

/* Where after a call nothing follows but what fills the room up to the next function, it does not come back. */
static bool ends_padded(const struct walk *walk, void *decoder, uint64_t at)
{
	uint64_t aligned = (at + 15) & ~(uint64_t)15;
	struct code_insn insn;

	if (walk->machine->shortest != 1 || at == aligned || aligned > walk->end)
		return false;
	for (; at < aligned; at += insn.length)
		if (!walk->machine->decode(decoder, walk->bytes + (at - walk->start),
					   (size_t)(walk->end - at), at, &insn) ||
		    !insn.length || (insn.count && insn.ops[0].kind != CODE_STOP))
			return false;
	return true;
}

static bool calls(const struct code_insn *insn)
{
	return insn->count && insn->ops[insn->count - 1].kind == CODE_CALL;
}

/* A few zeros between functions, as arm64 has them; a page without content has more. */
static bool is_filling(const uint8_t *bytes, size_t size_bytes)
{
	size_t zeros = 0;

	while (zeros < size_bytes && !bytes[zeros])
		zeros++;
	return zeros && zeros <= FILLING_MAX;
}

bool code_text_is_filling(const struct code_function *function, uint64_t at)
{
	return at >= function->start && at < function->end &&
	       is_filling(function->bytes + (at - function->start), (size_t)(function->end - at));
}

uint64_t code_text_walk(const struct code_machine *machine, void *decoder, const uint8_t *bytes,
			uint64_t start, uint64_t end, bool *broken)
{
	struct walk walk = {machine, bytes, start, end, start};
	struct code_insn insn;
	uint64_t at = start;
	bool on = true, called = false;

	*broken = false;
	while (at < end && (on || at <= walk.furthest)) {
		if (!machine->decode(decoder, bytes + (at - start), (size_t)(end - at), at,
				     &insn) ||
		    !insn.length) {
			*broken = end - at >= LONGEST && /* else it was cut */
				  !(called && is_filling(bytes + (at - start), (size_t)(end - at)));
			break;
		}
		called = calls(&insn);
		at += insn.length;
		on = goes_on(&walk, &insn) && !(calls(&insn) && ends_padded(&walk, decoder, at));
	}
	return at < end ? at : end;
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
	else if (infer_symbols_are_sparse(text->symbols))
		made->end = code_text_walk(text->machine, text->decoder, made->bytes, start,
					   made->end, &made->broken);
	return made;
}

/* The function that begins at @start; it is made when there was none. */
static struct code_function *function_at(struct code_text *text, uint64_t start, uint64_t end,
					 const char *name)
{
	for (uint32_t at = *head_of(text, start); at; at = text->functions.items[at - 1]->next)
		if (text->functions.items[at - 1]->start == start)
			return text->functions.items[at - 1];
	if (!text->reads_left)
		return NULL;
	text->reads_left--;
	return add_function(text, start, end, name);
}

/* As much as can be read of what begins at @start, which nobody named. */
static struct code_function *unnamed_at(struct code_text *text, uint64_t start, uint64_t end)
{
	struct code_function *function;
	uint8_t probe;

	if (start % text->machine->shortest)
		return NULL;
	if (end - start > UNNAMED_BYTES_MAX)
		end = start + UNNAMED_BYTES_MAX;
	if (!text->reader.read(text->reader.context, end - 1, &probe, 1))
		end = (start + PAGE_BYTES) & ~(uint64_t)(PAGE_BYTES - 1);
	function = function_at(text, start, end, "");
	return function && function->end > function->start ? function : NULL;
}

static struct code_function *find_function(struct code_text *text, uint64_t address, bool called)
{
	uint64_t end, stop = UINT64_MAX;
	const struct infer_symbol *symbol = infer_symbols_covering(text->symbols, address, &end);
	bool sparse = infer_symbols_are_sparse(text->symbols);
	struct code_function *function = NULL;

	if (symbol && address < end) {
		stop = end;
		if (end - symbol->address > CODE_FUNCTION_BYTES_MAX)
			end = symbol->address + CODE_FUNCTION_BYTES_MAX;
		if (!sparse || symbol->address == address || (!called && address < end))
			function = function_at(text, symbol->address, end, symbol->name);
	}
	if (!sparse || (function && (function->start == address || address < function->end)))
		return function;
	return address ? unnamed_at(text, address, stop) : NULL;
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

/* Two readings of the same bytes, of which the code of a compiler has one. */
static bool overlaps(const struct code_text *text, const struct code_function *function,
		     uint64_t offset, uint32_t length)
{
	uint64_t before = offset < LONGEST ? offset : LONGEST;

	if (text->machine->shortest != 1)
		return false;
	for (uint64_t i = 1; i < length && offset + i < function->end - function->start; i++)
		if (function->insns[offset + i] && function->insns[offset + i] != UINT32_MAX)
			return true;
	for (uint64_t i = 1; i < before; i++) {
		uint32_t number = function->insns[offset - i];

		if (number && number != UINT32_MAX && text->decoded.items[number - 1].length > i)
			return true;
	}
	return false;
}

static uint32_t decode(struct code_text *text, const struct code_function *function, uint64_t at)
{
	uint64_t offset = at - function->start;
	struct code_insn insn;

	if (!text->machine->decode(text->decoder, function->bytes + offset,
				   (size_t)(function->end - at), at, &insn) ||
	    overlaps(text, function, offset, insn.length))
		return UINT32_MAX;
	return keep(text, &insn);
}

const struct code_op *code_text_insn(struct code_text *text, const struct code_function *function,
				     uint64_t at, uint8_t *op_count, uint8_t *length)
{
	uint64_t offset = at - function->start;
	const struct code_decoded *decoded;
	uint32_t *number;

	if (at < function->start || at >= function->end || offset % text->machine->shortest)
		return NULL;
	number = &function->insns[offset / text->machine->shortest];
	if (!*number)
		*number = decode(text, function, at);
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

/* Of functions that were asked for by their start, the latest. */
static struct code_function *find_recent(struct code_text *text, uint64_t address, bool called)
{
	struct code_function **recent = &text->recent[(address >> 2) % CODE_RECENT];

	if (!*recent || (*recent)->start != address) {
		struct code_function *found = find_function(text, address, called);

		if (!found || found->start != address)
			return found;
		*recent = found;
	}
	return *recent;
}

struct code_function *code_text_function(struct code_text *text, uint64_t address)
{
	return find_recent(text, address, false);
}

struct code_function *code_text_callee(struct code_text *text, uint64_t address)
{
	return find_recent(text, address, true);
}

bool code_text_name(struct code_text *text, uint64_t address, const char *name)
{
	struct code_function *function = code_text_callee(text, address);

	if (!function || function->start != address || (function->name[0] && !function->named) ||
	    strcmp(function->name, name) == 0)
		return false;
	function->name = name;
	function->named = name[0];
	function->shared = !name[0];
	function->noted = false;
	return true;
}
