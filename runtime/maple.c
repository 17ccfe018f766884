/* SPDX-License-Identifier: MIT */
/*
 * Walking a maple tree (54a611b60590, 6.1). Pointers carry the type of the node they lead to; a
 * node's ranges come from its pivots and from the range that its parent gave it. The walk keeps one
 * leaf, copied whole, and goes down from the root for the next: indices only rise. Every node must
 * name the parent and the slot that led to it, so that no node is reached on two ways and one that
 * leads back to its ancestor is found.
 */
#include <inttypes.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/walks.h"

#define ATTEMPTS 4   /* what a running guest is just replacing is in place by then */
#define DEPTH_MAX 16 /* ten slots a level: more than any memory holds */

/* Bits of a pointer to a node (lib/maple_tree.c, include/linux/maple_tree.h). */
#define NODE_MASK 255u
#define TYPE_SHIFT 3
#define TYPE_MASK 15u
#define INTERNAL_MASK 3u
#define INTERNAL 2u          /* xa_is_node() of the root's pointer */
#define RESERVED 4096        /* internal entries below are no nodes: XA_ZERO_ENTRY */
#define PARENT_ROOT 1u       /* MA_ROOT_PARENT: the rest of the parent's pointer is the tree */
#define PARENT_SLOT_SHIFT 3  /* of nodes with 32- and 64-bit pivots */
#define PARENT_SLOT_MASK 31u /* MAPLE_PARENT_SLOT_MASK, 0xf8, shifted */

enum type { DENSE, LEAF_64, RANGE_64, ARANGE_64 };

enum slot { ROOT, DENSE_SLOTS, RANGE_PIVOTS, RANGE_SLOTS, ARANGE_PIVOTS, ARANGE_SLOTS, SLOT_COUNT };

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[ROOT] = {GAP_FIELD_MAPLE_ROOT, 0},
	[DENSE_SLOTS] = {GAP_FIELD_MAPLE_SLOTS, 0},
	[RANGE_PIVOTS] = {GAP_FIELD_MAPLE_RANGE_PIVOTS, 0},
	[RANGE_SLOTS] = {GAP_FIELD_MAPLE_RANGE_SLOTS, 0},
	[ARANGE_PIVOTS] = {GAP_FIELD_MAPLE_ARANGE_PIVOTS, 0},
	[ARANGE_SLOTS] = {GAP_FIELD_MAPLE_ARANGE_SLOTS, 0},
};

enum gap_status gap_maple_bind(struct gap_maple_layout *layout, const struct gap_guest *guest,
			       struct gap_error *error)
{
	struct gap_maple_layout bound = {.word_bytes = guest->arch->pointer_bytes};
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, bound.fields, error);

	if (status)
		return status;
	for (int i = DENSE_SLOTS; i < SLOT_COUNT; i++)
		if (bound.fields[i].offset_bytes + (uint64_t)bound.fields[i].size_bytes >
		    GAP_MAPLE_NODE_BYTES)
			return gap_fail(error, GAP_UNSUPPORTED, "a maple node of over %d bytes",
					GAP_MAPLE_NODE_BYTES);
	*layout = bound;
	return GAP_OK;
}

void gap_maple_init(struct gap_maple *maple, struct gap_guest *guest,
		    const struct gap_maple_layout *layout, struct gap_vaddr tree)
{
	*maple = (struct gap_maple){.guest = guest, .layout = *layout, .tree = tree};
	maple->step_max = gap_guest_holds(guest, GAP_MAPLE_NODE_BYTES) * 4;
}

#define note(maple, ...)                                                                           \
	gap_note(&(maple)->status, (maple)->reason, sizeof((maple)->reason), __VA_ARGS__)

static uint64_t word_max(const struct gap_maple *maple)
{
	return UINT64_MAX >> (64 - 8 * maple->layout.word_bytes);
}

static uint64_t word_at(const struct gap_maple *maple, uint32_t offset_bytes)
{
	uint64_t word = 0;

	memcpy(&word, maple->node + offset_bytes, maple->layout.word_bytes);
	return word;
}

/* ---- the node at hand ---- */

/* Sets where pivots and slots of this type lie: false for a type that is not known. */
static int take_type(struct gap_maple *maple, unsigned type)
{
	const struct gap_field *fields = maple->layout.fields;
	static const enum slot slots_of[] = {DENSE_SLOTS, RANGE_SLOTS, RANGE_SLOTS, ARANGE_SLOTS};
	static const enum slot pivots_of[] = {DENSE_SLOTS, RANGE_PIVOTS, RANGE_PIVOTS,
					      ARANGE_PIVOTS};

	if (type > ARANGE_64)
		return 0;
	maple->slots_at = fields[slots_of[type]].offset_bytes;
	maple->slot_count = fields[slots_of[type]].size_bytes / maple->layout.word_bytes;
	maple->pivots_at = fields[pivots_of[type]].offset_bytes;
	maple->pivot_count = fields[pivots_of[type]].size_bytes / maple->layout.word_bytes;
	if (type == DENSE)
		maple->pivot_count = 0;
	maple->slot = 0;
	return 1;
}

static uint64_t slot_value(const struct gap_maple *maple, uint32_t slot)
{
	return word_at(maple, maple->slots_at + slot * maple->layout.word_bytes);
}

/* Last index of a slot whose first is @first. A pivot of 0 behind the first ends the node. */
static uint64_t slot_last(const struct gap_maple *maple, uint32_t slot, uint64_t first)
{
	uint64_t pivot;

	if (maple->pivot_count == 0)
		return first;
	if (slot >= maple->pivot_count)
		return maple->max;
	pivot = word_at(maple, maple->pivots_at + slot * maple->layout.word_bytes);
	return pivot == 0 && slot > 0 ? maple->max : pivot;
}

/* ---- down from the root ---- */

enum turn { TURN_LEAF, TURN_ENTRY, TURN_EMPTY, TURN_BROKEN };

/* The way down: what a node's parent pointer must be, and the nodes above. */
struct way {
	uint64_t node, parent; /* its address; what it must say of its parent */
	uint64_t slot;
	uint64_t above[DEPTH_MAX];
	unsigned depth, type;
	const char *fault;
};

static int lies_above(const struct way *way, uint64_t node)
{
	for (unsigned i = 0; i < way->depth; i++)
		if (way->above[i] == node)
			return 1;
	return 0;
}

/* Reads way->node into the walk and holds it against its place. */
static int take_node(struct gap_maple *maple, struct way *way)
{
	struct gap_vaddr at = {way->node};
	uint64_t parent;

	way->fault = "leads back to a node above it";
	if (lies_above(way, way->node))
		return 0;
	way->fault = "is deeper than any";
	if (way->depth == DEPTH_MAX)
		return 0;
	way->above[way->depth++] = way->node;
	way->fault = "cannot be read";
	if (gap_guest_read(maple->guest, at, maple->node, sizeof(maple->node)))
		return 0;
	way->fault = "is of a type that is not known";
	if (!take_type(maple, way->type))
		return 0;
	parent = word_at(maple, 0); /* all types begin with it */
	way->fault = "has another parent than the node that led to it";
	if (way->depth == 1)
		return parent == (maple->tree.value | PARENT_ROOT);
	return (parent & ~(uint64_t)NODE_MASK) == way->parent && !(parent & PARENT_ROOT) &&
	       (parent >> PARENT_SLOT_SHIFT & PARENT_SLOT_MASK) == way->slot;
}

static void take_pointer(struct way *way, uint64_t pointer)
{
	way->node = pointer & ~(uint64_t)NODE_MASK;
	way->type = pointer >> TYPE_SHIFT & TYPE_MASK;
}

/* In an inner node: the child whose range holds maple->next, to which the range narrows. */
static int choose_child(struct gap_maple *maple, struct way *way)
{
	uint64_t first = maple->min, last = 0, child;
	uint32_t slot = 0;

	way->fault = "has ranges that do not rise";
	for (; slot < maple->slot_count; slot++) {
		last = slot_last(maple, slot, first);
		if (last < first || last > maple->max)
			return 0;
		if (last >= maple->next)
			break;
		first = last + 1;
	}
	if (slot == maple->slot_count)
		return 0;
	maple->min = first;
	maple->max = last;
	child = slot_value(maple, slot);
	way->fault = "has a child that is no node";
	if (!(child & ~(uint64_t)NODE_MASK))
		return 0;
	way->slot = slot;
	way->parent = way->node;
	take_pointer(way, child);
	return 1;
}

static enum turn descend(struct gap_maple *maple, struct way *way, uint64_t *entry)
{
	struct gap_vaddr root;

	maple->min = 0;
	maple->max = word_max(maple);
	way->node = maple->tree.value;
	way->fault = "cannot be read";
	if (gap_record_pointer(maple->guest, maple->tree, &maple->layout.fields[ROOT], &root))
		return TURN_BROKEN;
	if ((root.value & INTERNAL_MASK) != INTERNAL || root.value <= RESERVED) {
		*entry = root.value; /* no node: empty, or one entry at 0 */
		return root.value && !maple->next ? TURN_ENTRY : TURN_EMPTY;
	}
	for (take_pointer(way, root.value); take_node(maple, way);) {
		if (way->type <= LEAF_64)
			return TURN_LEAF;
		if (!choose_child(maple, way))
			break;
	}
	return TURN_BROKEN;
}

/* ---- the walk ---- */

static int end(struct gap_maple *maple)
{
	maple->guest = NULL;
	return 0;
}

/* On behind [.., last]: false when that was the end of all indices. */
static int go_on(struct gap_maple *maple, uint64_t last)
{
	if (last >= word_max(maple))
		return end(maple);
	maple->next = last + 1;
	return 1;
}

/* Finds the leaf of maple->next. What is broken is noted and passed over. */
static enum turn next_leaf(struct gap_maple *maple, uint64_t *entry)
{
	do {
		enum turn turn = TURN_BROKEN;
		struct way way;

		for (int i = 0; i < ATTEMPTS && turn == TURN_BROKEN; i++) {
			way = (struct way){.depth = 0};
			turn = descend(maple, &way, entry);
		}
		maple->slot_count = turn == TURN_LEAF ? maple->slot_count : 0;
		if (turn != TURN_BROKEN)
			return turn;
		note(maple, "the maple node at 0x%" PRIx64 ", for indices from 0x%" PRIx64 ", %s",
		     way.node, maple->min, way.fault);
	} while (maple->steps++ < maple->step_max && go_on(maple, maple->max));
	return TURN_EMPTY;
}

/* The next entry of the leaf at hand; false at its end, with the walk set behind it. */
static int next_of_leaf(struct gap_maple *maple, uint64_t *first, uint64_t *last, uint64_t *entry)
{
	while (maple->slot < maple->slot_count) {
		uint32_t slot = maple->slot++;

		*first = maple->min;
		*last = slot_last(maple, slot, *first);
		if (*last < *first || *last > maple->max) {
			note(maple,
			     "a leaf for indices from 0x%" PRIx64 " has ranges that do not rise",
			     *first);
			break;
		}
		*entry = slot_value(maple, slot);
		if (*last == maple->max)
			maple->slot = maple->slot_count;
		else
			maple->min = *last + 1;
		if (*last < maple->next) /* looked at before the tree changed */
			continue;
		if (!go_on(maple, *last))
			maple->slot = maple->slot_count;
		if (*entry && ((*entry & INTERNAL_MASK) != INTERNAL || *entry > RESERVED))
			return 1;
	}
	if (maple->guest && maple->next <= maple->max && maple->slot_count)
		go_on(maple, maple->max);
	maple->slot_count = 0;
	return 0;
}

int gap_maple_next(struct gap_maple *maple, uint64_t *first, uint64_t *last, uint64_t *entry)
{
	while (maple->guest || maple->slot < maple->slot_count) {
		if (next_of_leaf(maple, first, last, entry))
			return 1;
		if (!maple->guest)
			return 0;
		if (maple->steps++ >= maple->step_max) {
			note(maple, "the tree takes more than %" PRIu64 " steps", maple->step_max);
			return end(maple);
		}
		switch (next_leaf(maple, entry)) {
		case TURN_LEAF:
			break;
		case TURN_ENTRY:
			*first = *last = 0;
			end(maple);
			return 1;
		default:
			return end(maple);
		}
	}
	return 0;
}
