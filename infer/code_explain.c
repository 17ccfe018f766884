/* SPDX-License-Identifier: MIT */
/*
 * Disassembly around one instruction. Functions are read from their start, for only there is an
 * instruction known to begin; what cannot be decoded ends the listing.
 */
#include "infer/code_explain.h"

#include <stdio.h>
#include <string.h>

#include "infer/code_text.h"

enum { LINE_BYTES = 160, BEFORE_MAX = 16 };

struct listing {
	struct code_text text;
	const struct code_function *function;
	infer_code_line *line;
	void *context;
};

static bool read_guest(void *context, uint64_t address, void *buffer, size_t size_bytes)
{
	const struct infer_kernel *kernel = context;

	return gap_guest_read(kernel->guest, (struct gap_vaddr){address}, buffer, size_bytes) ==
	       GAP_OK;
}

/* Whom an instruction calls or jumps to outside its function: "" nobody that is known. */
static const char *callee_of(struct listing *listing, uint64_t at)
{
	const struct code_function *function = listing->function, *callee;
	uint8_t count, length;
	const struct code_op *ops = code_text_insn(&listing->text, function, at, &count, &length);

	for (unsigned i = 0; ops && i < count; i++) {
		if ((ops[i].kind != CODE_CALL && ops[i].kind != CODE_JUMP) ||
		    ops[i].src != CODE_NOREG)
			continue;
		callee = code_text_function(&listing->text, (uint64_t)ops[i].value);
		if (callee && callee != function)
			return callee->name;
	}
	return "";
}

/* Tells one line and returns how long its instruction is; 0: it is none. */
static uint8_t tell(struct listing *listing, uint64_t at, uint64_t deciding, bool quiet)
{
	const struct code_function *function = listing->function;
	char text[LINE_BYTES], line[LINE_BYTES * 2];
	uint64_t offset = at - function->start;
	uint8_t length;
	const char *callee;

	if (!listing->text.machine->format(listing->text.decoder, function->bytes + offset,
					   (size_t)(function->end - at), at, text, sizeof(text),
					   &length))
		return 0;
	if (quiet)
		return length;
	callee = callee_of(listing, at);
	snprintf(line, sizeof(line), "%s%s%s%s", text, *callee ? " <" : "", callee,
		 *callee ? ">" : "");
	listing->line(listing->context, at, line, at == deciding);
	return length;
}

static void list(struct listing *listing, uint64_t deciding, unsigned before, unsigned after)
{
	uint64_t at = listing->function->start, starts[BEFORE_MAX + 1];
	unsigned count = 0;
	uint8_t length;

	before = before < BEFORE_MAX ? before : BEFORE_MAX;
	while (at < deciding && (length = tell(listing, at, deciding, true))) {
		starts[count++ % (BEFORE_MAX + 1)] = at;
		at += length;
	}
	for (unsigned i = count > before ? count - before : 0; i < count; i++)
		tell(listing, starts[i % (BEFORE_MAX + 1)], deciding, false);
	for (unsigned i = 0; i <= after && at < listing->function->end; i++) {
		length = tell(listing, at, deciding, false);
		if (!length)
			break;
		at += length;
	}
}

enum gap_status infer_code_explain(struct infer_kernel *kernel, uint64_t at, unsigned before,
				   unsigned after, infer_code_line *line, void *context)
{
	const struct code_machine *machine = code_machine_of(kernel->machine);
	struct code_reader reader = {read_guest, kernel};
	struct listing listing = {.line = line, .context = context};
	enum gap_status status = GAP_NOT_FOUND;

	if (!machine)
		return GAP_UNSUPPORTED;
	if (!code_text_init(&listing.text, machine, reader, kernel->symbols))
		return GAP_NO_MEMORY;
	listing.function = code_text_function(&listing.text, at);
	if (listing.text.out_of_memory) {
		status = GAP_NO_MEMORY;
	} else if (listing.function && listing.function->end > at) {
		list(&listing, at, before, after);
		status = GAP_OK;
	}
	code_text_deinit(&listing.text);
	return status;
}
