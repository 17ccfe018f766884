/* SPDX-License-Identifier: MIT */
/*
 * Values as expressions: what a register holds, said in terms of the function's arguments, what it
 * loaded and what it called. Equal expressions are one node, so that comparing them is comparing
 * numbers. Built anew for every function.
 */
#ifndef SEMGAP_INFER_CODE_VALUES_H
#define SEMGAP_INFER_CODE_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/vector.h"

typedef uint32_t code_value; /* 0: unknown, equal to nothing */

enum code_value_kind {
	CODE_V_UNKNOWN,
	CODE_V_CONST,    /* number */
	CODE_V_ARGUMENT, /* number: which, of the function that is looked at */
	CODE_V_STACK,    /* the stack pointer as the function began */
	CODE_V_CURRENT,  /* the running task */
	CODE_V_PERCPU,   /* number: an address in the area of the CPU that runs */
	CODE_V_ANY,      /* an index that nobody knows */
	CODE_V_ADD,      /* a + number */
	CODE_V_SUM,      /* a + b * scale + number */
	CODE_V_LOAD,     /* width bytes at address a */
	CODE_V_CALL,     /* what the call at number (its target is in a) returned */
	CODE_V_ALU       /* a op b; b 0: with number */
};

struct code_node {
	uint8_t kind, width, scale, alu;
	code_value a, b;
	int64_t number;
	uint32_t next; /* in its hash chain */
};

GAP_VECTOR(code_nodes, struct code_node);

struct code_values {
	struct code_nodes nodes;
	uint32_t *heads;
	uint8_t pointer_bytes;
	bool out_of_memory;
};

bool code_values_init(struct code_values *values, uint8_t pointer_bytes);
void code_values_deinit(struct code_values *values);
void code_values_reset(struct code_values *values);

code_value code_value_const(struct code_values *values, int64_t number);
/** A value with nothing inside but @number: an argument, the stack, current, per-CPU. */
code_value code_value_leaf(struct code_values *values, enum code_value_kind kind, int64_t number);
code_value code_value_load(struct code_values *values, code_value address, uint8_t width);
code_value code_value_call(struct code_values *values, uint64_t target, uint64_t site);
code_value code_value_add(struct code_values *values, code_value a, int64_t number);
code_value code_value_sum(struct code_values *values, code_value a, code_value b, uint8_t scale);
code_value code_value_alu(struct code_values *values, uint8_t alu, code_value a, code_value b,
			  int64_t number, uint8_t width);

static inline const struct code_node *code_value_node(const struct code_values *values,
						      code_value value)
{
	return &values->nodes.items[value];
}

/** Whether a value is a number that is known. */
bool code_value_is_const(const struct code_values *values, code_value value, int64_t *number);
/** A value as root + offset: value itself and 0 when it is not a sum with a number. */
code_value code_value_root(const struct code_values *values, code_value value, int64_t *offset);

#endif
