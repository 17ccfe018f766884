/* SPDX-License-Identifier: MIT */
/*
 * What an instruction does, said the same way for every architecture: up to a few operations on
 * registers and memory. A decoder per architecture is one row; what it cannot say exactly it says
 * as "this register is no longer known".
 */
#ifndef SEMGAP_INFER_CODE_OPS_H
#define SEMGAP_INFER_CODE_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CODE_TEMP = 32, /* of one instruction */
	CODE_TEMP_2 = 33,
	CODE_REGISTERS = 34,
	CODE_NOREG = 0xff,
	CODE_OPS_MAX = 8,
	CODE_ARGUMENT_REGISTERS_MAX = 8
};

enum code_op_kind {
	CODE_SET,     /* dst = value */
	CODE_MOVE,    /* dst = src */
	CODE_LEA,     /* dst = address */
	CODE_LOAD,    /* dst = [address] */
	CODE_STORE,   /* [address] = src; CODE_NOREG: value */
	CODE_ALU,     /* dst = src op other; CODE_NOREG: value */
	CODE_SELECT,  /* dst = src, or as it was */
	CODE_COMPARE, /* src with other; CODE_NOREG: value */
	CODE_CLOBBER, /* dst is unknown */
	CODE_FLAGS,   /* what was compared last no longer tells the way of a branch */
	CODE_CURRENT, /* dst = the running task */
	CODE_CALL,    /* value is the target; src when it is a register */
	CODE_JUMP,    /* the same */
	CODE_BRANCH,  /* to value, or on; alu: enum code_condition */
	CODE_RETURN,
	CODE_STOP /* control never goes on */
};

enum code_alu {
	CODE_ADD,
	CODE_SUB,
	CODE_AND,
	CODE_OR,
	CODE_XOR,
	CODE_SHIFT_LEFT,
	CODE_SHIFT_RIGHT,
	CODE_MULTIPLY,
	CODE_OTHER
};

/** Of a branch, after the last comparison: which of its ways an equal pair takes. */
enum code_condition { CODE_IF_ANY, CODE_IF_EQUAL, CODE_IF_UNEQUAL };

/** address = base + index * scale + value; percpu: in the area of the CPU that runs. */
struct code_op {
	uint8_t kind;
	uint8_t dst, src, other;
	uint8_t base, index, scale;
	uint8_t width; /* bytes of memory or of the result */
	uint8_t alu;
	bool percpu, is_signed;
	int64_t value;
};

struct code_insn {
	uint64_t at;
	uint8_t length;
	uint8_t count;
	struct code_op ops[CODE_OPS_MAX];
};

/** One architecture. */
struct code_machine {
	uint16_t machine; /* ELF */
	uint8_t pointer_bytes;
	uint8_t stack_pointer; /* register numbers are the architecture's own */
	uint8_t result;
	uint8_t argument_count;
	uint8_t arguments[CODE_ARGUMENT_REGISTERS_MAX];
	uint8_t call_pushes;    /* bytes that a call leaves on the stack */
	bool variadic_on_stack; /* functions with "..." take every argument there */
	uint32_t kept;          /* registers that a callee preserves, by bit */
	uint8_t shortest;       /* instructions are a multiple of this */
	/**
	 * Decodes at most @size_bytes at @code, which lie at @at. False: nothing can be said, and
	 * what follows is not to be read.
	 */
	bool (*decode)(void *decoder, const uint8_t *code, size_t size_bytes, uint64_t at,
		       struct code_insn *insn);
	void *(*open)(bool wide); /* NULL: no memory */
	void (*close)(void *decoder);
	/** The instruction as a person reads it. */
	bool (*format)(void *decoder, const uint8_t *code, size_t size_bytes, uint64_t at,
		       char *text, size_t capacity, uint8_t *length);
};

extern const struct code_machine code_x86_64, code_i386, code_arm64;

/** The row of an ELF machine, or NULL. */
const struct code_machine *code_machine_of(uint16_t machine);

/** Appends an operation; one too many turns the instruction into "nothing is known". */
struct code_op *code_insn_add(struct code_insn *insn, enum code_op_kind kind);

#endif
