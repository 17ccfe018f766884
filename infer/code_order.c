/* SPDX-License-Identifier: MIT */
/*
 * A walk over instructions, each visited once, along both ways of every branch. Calls come back;
 * functions that are jumped to are other functions, unless they are parts of this one.
 */
#include "infer/code_order.h"

#include <stdlib.h>
#include <string.h>

#define VISITS_MAX 8192u /* instructions behind one of them */
#define SLOTS (2 * VISITS_MAX)

struct place {
	const struct code_function *function;
	uint64_t at;
};

struct walk {
	const struct code_run *run;
	struct place visited[SLOTS]; /* at 0: free */
	struct place waiting[VISITS_MAX];
	uint32_t visits, waiting_count;
};

/* Where a place is, or would be. */
static struct place *slot_of(struct walk *walk, uint64_t at)
{
	uint32_t slot = (uint32_t)((at * 0x9e3779b97f4a7c15u) >> 32) % SLOTS;

	while (walk->visited[slot].at && walk->visited[slot].at != at)
		slot = (slot + 1) % SLOTS;
	return &walk->visited[slot];
}

/* False: it was there before, or there is no room. */
static bool visit(struct walk *walk, const struct code_function *function, uint64_t at)
{
	struct place *place = slot_of(walk, at);

	if (place->at || walk->visits == VISITS_MAX)
		return false;
	*place = (struct place){function, at};
	walk->visits++;
	return true;
}

static bool is_part_of(const struct code_function *part, const struct code_function *whole)
{
	return !part->name[0] || strncmp(part->name, whole->name, strlen(whole->name)) == 0;
}

static void put_off(struct walk *walk, const struct code_function *from, uint64_t target)
{
	const struct code_function *to = from;

	if (target < from->start || target >= from->end) {
		to = code_text_function(walk->run->text, target);
		if (!to || (to->start == target && !is_part_of(to, from)))
			return;
	}
	if (walk->waiting_count < VISITS_MAX)
		walk->waiting[walk->waiting_count++] = (struct place){to, target};
}

/* A call of a function that is known not to return. */
static bool comes_back(const struct walk *walk, const struct code_op *op)
{
	const struct code_run *run = walk->run;
	const struct code_function *callee =
		op->src == CODE_NOREG ? code_text_callee(run->text, (uint64_t)op->value) : NULL;

	return !callee || !run->callee ||
	       run->callee(run->context, callee, false) != CODE_C_NORETURN;
}

/* Where control goes from one instruction, besides the next one. False: it does not go there. */
static bool goes_on(struct walk *walk, const struct code_function *function,
		    const struct code_op *ops, uint8_t count)
{
	struct code_op copy[CODE_OPS_MAX];
	bool on = true;

	memcpy(copy, ops, count * sizeof(*ops));
	for (unsigned i = 0; i < count && on; i++) {
		bool jumps = copy[i].kind == CODE_JUMP && copy[i].src == CODE_NOREG;

		on = copy[i].kind != CODE_JUMP && copy[i].kind != CODE_RETURN &&
		     copy[i].kind != CODE_STOP &&
		     (copy[i].kind != CODE_CALL || comes_back(walk, &copy[i]));
		if (jumps || copy[i].kind == CODE_BRANCH)
			put_off(walk, function, (uint64_t)copy[i].value);
	}
	return on;
}

/* Straight on from a place, until all was visited. */
static void go_straight(struct walk *walk, struct place place)
{
	const struct code_function *function = place.function;
	const struct code_op *ops;
	uint8_t count, length;

	while (place.at >= function->start && place.at < function->end &&
	       visit(walk, function, place.at)) {
		ops = code_text_insn(walk->run->text, function, place.at, &count, &length);
		if (!ops || !goes_on(walk, function, ops, count))
			return;
		place.at += length;
	}
}

static void begin(struct walk *walk)
{
	memset(walk->visited, 0, sizeof(walk->visited));
	walk->visits = walk->waiting_count = 0;
}

static void go_everywhere(struct walk *walk)
{
	while (walk->waiting_count)
		go_straight(walk, walk->waiting[--walk->waiting_count]);
}

/* All that is behind the instruction at @at; that one itself only where a loop comes back. */
static void walk_behind(struct walk *walk, const struct code_function *function, uint64_t at)
{
	uint8_t count, length;
	const struct code_op *ops = code_text_insn(walk->run->text, function, at, &count, &length);

	begin(walk);
	if (ops && goes_on(walk, function, ops, count))
		go_straight(walk, (struct place){function, at + length});
	go_everywhere(walk);
}

bool code_order_init(struct code_order *order, const struct code_run *run, const uint64_t *at,
		     unsigned count)
{
	struct walk *walk = count <= CODE_ORDER_MAX ? malloc(sizeof(*walk)) : NULL;

	if (!walk)
		return false;
	*order = (struct code_order){.count = count};
	walk->run = run;
	begin(walk);
	go_straight(walk, (struct place){run->function, run->function->start});
	go_everywhere(walk);
	for (unsigned i = 0; i < count; i++)
		order->where[i] = slot_of(walk, at[i])->function;
	for (unsigned i = 0; i < count; i++) {
		if (!order->where[i])
			continue;
		walk_behind(walk, order->where[i], at[i]);
		for (unsigned k = 0; k < count; k++)
			if (slot_of(walk, at[k])->at)
				order->leads_to[i] |= 1u << k;
	}
	free(walk);
	return true;
}

bool code_order_is_before(const struct code_order *order, unsigned one, unsigned other)
{
	return order->leads_to[one] >> other & 1 && !(order->leads_to[other] >> one & 1);
}
