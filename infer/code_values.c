/* SPDX-License-Identifier: MIT */
/*
 * Expressions, hash-consed. Only what addresses are made of is simplified: additions of numbers,
 * and arithmetic on numbers alone. Everything else stays as it was written.
 */
#include "infer/code_values.h"

#include <string.h>

#include "infer/code_ops.h"

enum { HEADS = 1 << 12, NODES_MAX = 1 << 18 };

bool code_values_init(struct code_values *values, uint8_t pointer_bytes)
{
	memset(values, 0, sizeof(*values));
	values->pointer_bytes = pointer_bytes;
	values->heads = malloc(HEADS * sizeof(*values->heads));
	if (!values->heads)
		return false;
	code_values_reset(values);
	return !values->out_of_memory;
}

void code_values_deinit(struct code_values *values)
{
	free(values->heads);
	free(values->nodes.items);
}

void code_values_reset(struct code_values *values)
{
	struct code_node *unknown;

	memset(values->heads, 0, HEADS * sizeof(*values->heads));
	values->nodes.count = 0;
	unknown = code_nodes_push(&values->nodes);
	if (unknown)
		*unknown = (struct code_node){0};
	else
		values->out_of_memory = true;
}

static uint32_t hash_of(const struct code_node *node)
{
	uint64_t hash = (uint64_t)node->number * 0x9e3779b97f4a7c15u;

	hash ^= ((uint64_t)node->a << 32 | node->b) * 0xc2b2ae3d27d4eb4fu;
	hash ^= (uint64_t)node->kind << 24 | (uint64_t)node->width << 16 | node->scale << 8 |
		node->alu;
	hash *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 52) % HEADS;
}

static code_value intern(struct code_values *values, struct code_node node)
{
	uint32_t *head = &values->heads[hash_of(&node)];
	struct code_node *made;

	for (code_value at = *head; at; at = values->nodes.items[at].next) {
		const struct code_node *there = &values->nodes.items[at];

		if (there->kind == node.kind && there->width == node.width &&
		    there->scale == node.scale && there->alu == node.alu && there->a == node.a &&
		    there->b == node.b && there->number == node.number)
			return at;
	}
	if (values->nodes.count >= NODES_MAX)
		return 0;
	made = code_nodes_push(&values->nodes);
	if (!made) {
		values->out_of_memory = true;
		return 0;
	}
	node.next = *head;
	*made = node;
	*head = values->nodes.count - 1;
	return *head;
}

/* A number as a register of this machine holds it: addresses of 32 bits are kept unsigned. */
static int64_t fit(const struct code_values *values, int64_t number)
{
	return values->pointer_bytes == 4 ? (int64_t)(int32_t)number : number;
}

code_value code_value_const(struct code_values *values, int64_t number)
{
	return intern(values,
		      (struct code_node){.kind = CODE_V_CONST, .number = fit(values, number)});
}

code_value code_value_leaf(struct code_values *values, enum code_value_kind kind, int64_t number)
{
	return intern(values, (struct code_node){.kind = (uint8_t)kind, .number = number});
}

code_value code_value_load(struct code_values *values, code_value address, uint8_t width)
{
	if (!address)
		return 0;
	return intern(values,
		      (struct code_node){.kind = CODE_V_LOAD, .a = address, .width = width});
}

code_value code_value_call(struct code_values *values, uint64_t target, uint64_t site)
{
	code_value to = code_value_const(values, (int64_t)target);

	return intern(values,
		      (struct code_node){.kind = CODE_V_CALL, .a = to, .number = (int64_t)site});
}

code_value code_value_add(struct code_values *values, code_value a, int64_t number)
{
	struct code_node node;

	if (!a || !number)
		return a;
	node = values->nodes.items[a];
	number = fit(values, number);
	if (node.kind == CODE_V_CONST)
		return code_value_const(values,
					(int64_t)((uint64_t)node.number + (uint64_t)number));
	if (node.kind != CODE_V_ADD && node.kind != CODE_V_SUM)
		return intern(values,
			      (struct code_node){.kind = CODE_V_ADD, .a = a, .number = number});
	node.number = fit(values, (int64_t)((uint64_t)node.number + (uint64_t)number));
	if (node.kind == CODE_V_ADD && !node.number)
		return node.a;
	node.next = 0;
	return intern(values, node);
}

code_value code_value_sum(struct code_values *values, code_value a, code_value b, uint8_t scale)
{
	struct code_node node = {.kind = CODE_V_SUM, .a = a, .b = b, .scale = scale};
	int64_t number, more;

	if (b && code_value_is_const(values, b, &number))
		return code_value_add(values, a, (int64_t)((uint64_t)number * scale));
	if (scale == 1 && code_value_is_const(values, a, &number))
		return code_value_add(values, b, number);
	if (scale != 1 && a && code_value_is_const(values, a, &number)) /* no address: arithmetic */
		return code_value_add(values, code_value_alu(values, CODE_MULTIPLY, b, 0, scale, 0),
				      number);
	if (!a && b && scale == 1) {
		a = b;
		b = 0;
	}
	if (!a)
		return 0;
	if (!b)
		b = code_value_leaf(values, CODE_V_ANY, 0);
	node.b = b;
	node.a = code_value_root(values, a, &number);
	node.b = code_value_root(values, b, &more);
	number = (int64_t)((uint64_t)number + (uint64_t)more * scale);
	node.number = fit(values, number);
	return intern(values, node);
}

static uint64_t fold(uint8_t alu, uint64_t a, uint64_t b)
{
	switch (alu) {
	case CODE_AND:
		return a & b;
	case CODE_OR:
		return a | b;
	case CODE_XOR:
		return a ^ b;
	case CODE_SHIFT_LEFT:
		return a << (b & 63);
	case CODE_SHIFT_RIGHT:
		return a >> (b & 63);
	default:
		return a * b;
	}
}

code_value code_value_alu(struct code_values *values, uint8_t alu, code_value a, code_value b,
			  int64_t number, uint8_t width)
{
	int64_t left, right = number;
	bool known = !b || code_value_is_const(values, b, &right);

	if (!a)
		return 0;
	if (alu == CODE_ADD)
		return known ? code_value_add(values, a, right) : code_value_sum(values, a, b, 1);
	if (alu == CODE_SUB && known)
		return code_value_add(values, a, (int64_t)(0 - (uint64_t)right));
	if (known && alu < CODE_OTHER && code_value_is_const(values, a, &left))
		return code_value_const(values,
					(int64_t)fold(alu, (uint64_t)left, (uint64_t)right));
	return intern(values, (struct code_node){.kind = CODE_V_ALU,
						 .alu = alu,
						 .a = a,
						 .b = known ? 0 : b,
						 .number = known ? right : 0,
						 .width = width});
}

bool code_value_is_const(const struct code_values *values, code_value value, int64_t *number)
{
	if (values->nodes.items[value].kind != CODE_V_CONST)
		return false;
	*number = values->nodes.items[value].number;
	return true;
}

code_value code_value_root(const struct code_values *values, code_value value, int64_t *offset)
{
	const struct code_node *node = &values->nodes.items[value];

	*offset = node->kind == CODE_V_ADD ? node->number : 0;
	return node->kind == CODE_V_ADD ? node->a : value;
}
