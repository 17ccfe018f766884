/* SPDX-License-Identifier: MIT */
/*
 * The kernel's text by function: bytes read once, instructions decoded once. Where the text comes
 * from is the caller's: guest memory, or a kernel's image in a test.
 */
#ifndef SEMGAP_INFER_CODE_TEXT_H
#define SEMGAP_INFER_CODE_TEXT_H

#include "infer/code_ops.h"
#include "infer/symbols.h"
#include "profile/vector.h"

/** Reads kernel virtual memory; false when any byte is not there. */
struct code_reader {
	bool (*read)(void *context, uint64_t address, void *buffer, size_t size_bytes);
	void *context;
};

enum { CODE_FUNCTION_BYTES_MAX = 1 << 15, CODE_RECENT = 1 << 12 };

/**
 * Where symbols are few, what lies between them is functions without a name: such a one is made where
 * a call or a jump leads, its name is "", and every function ends where no path of its own goes on.
 */

struct code_function {
	uint64_t start, end;
	const char *name;
	uint8_t *bytes;
	uint32_t
		*insns; /* by offset / shortest: number + 1; 0 not decoded; UINT32_MAX: cannot be */
	uint32_t next;  /* in its hash chain */
	bool shared;    /* another function has the same name */
	bool named;     /* not by its symbol */
	bool broken;    /* its end is where it could not be read any more */
	bool noted;     /* the caller's word on it is known … */
	const void *note; /* … and here: see code_match.c */
};

struct code_decoded {
	uint32_t first_op;
	uint8_t op_count, length;
};

GAP_VECTOR(code_functions, struct code_function *);
GAP_VECTOR(code_decodeds, struct code_decoded);
GAP_VECTOR(code_op_rows, struct code_op);

struct code_text {
	const struct code_machine *machine;
	void *decoder;
	struct code_reader reader;
	const struct infer_symbols *symbols;
	struct code_functions functions;
	uint32_t *heads;
	struct code_function
		*recent[CODE_RECENT]; /* by address, of functions asked for by their start */
	struct code_decodeds decoded;
	struct code_op_rows ops;
	uint64_t reads_left; /* functions that may still be read */
	bool out_of_memory;
};

bool code_text_init(struct code_text *text, const struct code_machine *machine,
		    struct code_reader reader, const struct infer_symbols *symbols);
void code_text_deinit(struct code_text *text);

/**
 * The function that covers @address, or NULL: no symbol, unreadable, or out of memory. It lives as
 * long as @text.
 */
struct code_function *code_text_function(struct code_text *text, uint64_t address);
/** The function that a call of @address enters. */
struct code_function *code_text_callee(struct code_text *text, uint64_t address);
/** Names the one that begins at @address; @name "": nobody knows it any more. One with a symbol keeps its own.
 * True: that was news. */
bool code_text_name(struct code_text *text, uint64_t address, const char *name);
/**
 * Where the code that begins at @start no longer goes on, by its own branches; at most @end. @bytes are
 * those between the two. @broken: it ends at what is no code.
 */
uint64_t code_text_walk(const struct code_machine *machine, void *decoder, const uint8_t *bytes,
			uint64_t start, uint64_t end, bool *broken);
/** The operations of the instruction at @at, or NULL. They stay until the next one is decoded. */
const struct code_op *code_text_insn(struct code_text *text, const struct code_function *function,
				     uint64_t at, uint8_t *op_count, uint8_t *length);
/** Whether at @at, behind a call that does not come back, begins what only keeps functions apart. */
bool code_text_is_filling(const struct code_function *function, uint64_t at);
/** A zero-terminated string of the kernel's, at most @capacity - 1 bytes; false when it is not one. */
bool code_text_string(struct code_text *text, uint64_t address, char *string, size_t capacity);

#endif
