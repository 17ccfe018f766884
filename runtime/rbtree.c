/* SPDX-License-Identifier: MIT */
/*
 * Walking a red-black tree in order. Every node must name as its parent the node that led to it: so
 * no node can be reached on two ways, and no cycle survives. Colours and order of keys are not
 * looked at.
 */
#include <inttypes.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/walks.h"

#define NODE_BYTES_MIN 64
#define COLOUR_BITS 3u
#define ATTEMPTS 4 /* a rotation of a running guest is over by then */

enum slot { PARENT, LEFT, RIGHT, SLOT_COUNT };

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[PARENT] = {GAP_FIELD_RB_PARENT, 0},
	[LEFT] = {GAP_FIELD_RB_LEFT, 0},
	[RIGHT] = {GAP_FIELD_RB_RIGHT, 0},
};

enum gap_status gap_rbtree_bind(struct gap_rbtree_layout *layout, const struct gap_guest *guest,
				struct gap_error *error)
{
	return gap_record_bind(guest, wanted, SLOT_COUNT, layout->fields, error);
}

#define BROKEN(tree, ...)                                                                          \
	((tree)->guest = NULL,                                                                     \
	 gap_note(&(tree)->status, (tree)->reason, sizeof((tree)->reason), __VA_ARGS__))

static enum gap_status read_link(const struct gap_rbtree *tree, uint64_t node, enum slot slot,
				 uint64_t *link)
{
	struct gap_vaddr base = {node}, value;
	enum gap_status status =
		gap_record_pointer(tree->guest, base, &tree->layout.fields[slot], &value);

	if (!status)
		*link = value.value;
	return status;
}

/* Whether @node is the child of @parent: 1, 0, or -1 when it cannot be read. */
static int is_child(const struct gap_rbtree *tree, uint64_t node, uint64_t parent)
{
	uint64_t seen;

	for (int i = 0; i < ATTEMPTS; i++) {
		if (read_link(tree, node, PARENT, &seen))
			return -1;
		if ((seen & ~(uint64_t)COLOUR_BITS) == parent)
			return 1;
	}
	return 0;
}

/* Puts @node and all to the left of it on the stack. */
static int push_left(struct gap_rbtree *tree, uint64_t node, uint64_t parent)
{
	while (node) {
		const char *fault = gap_pointer_fault(tree->guest, node);
		int child = fault ? 0 : is_child(tree, node, parent);

		if (fault)
			return BROKEN(tree,
				      "a link of the node at 0x%" PRIx64 " is %s (0x%" PRIx64 ")",
				      parent, fault, node);
		if (child < 0)
			return BROKEN(tree, "the node at 0x%" PRIx64 " cannot be read", node);
		if (!child)
			return BROKEN(tree,
				      "the node at 0x%" PRIx64 " has another parent than 0x%" PRIx64
				      ", which led to it",
				      node, parent);
		if (tree->depth == GAP_RBTREE_DEPTH)
			return BROKEN(tree, "the tree is deeper than %d", GAP_RBTREE_DEPTH);
		tree->stack[tree->depth++] = node;
		parent = node;
		if (read_link(tree, parent, LEFT, &node))
			return BROKEN(tree, "the node at 0x%" PRIx64 " cannot be read", parent);
	}
	return 1;
}

void gap_rbtree_init(struct gap_rbtree *tree, struct gap_guest *guest,
		     const struct gap_rbtree_layout *layout, struct gap_vaddr root)
{
	struct gap_vaddr first;

	*tree = (struct gap_rbtree){.guest = guest, .layout = *layout};
	tree->step_max = gap_guest_holds(guest, NODE_BYTES_MIN);
	if (gap_guest_read_pointer(guest, root, &first)) /* rb_root is one pointer */
		BROKEN(tree, "the root at 0x%" PRIx64 " cannot be read", root.value);
	else
		push_left(tree, first.value, 0);
}

/* What lies to the right of @at comes next; the two sides must differ. */
static int push_right(struct gap_rbtree *tree, uint64_t at)
{
	uint64_t left, right;

	if (read_link(tree, at, RIGHT, &right) || read_link(tree, at, LEFT, &left))
		return BROKEN(tree, "the node at 0x%" PRIx64 " cannot be read", at);
	if (right && right == left)
		return BROKEN(tree, "both children of the node at 0x%" PRIx64 " are 0x%" PRIx64, at,
			      right);
	return push_left(tree, right, at);
}

int gap_rbtree_next(struct gap_rbtree *tree, struct gap_vaddr *node)
{
	uint64_t at;

	if (!tree->guest || tree->depth == 0)
		return 0;
	at = tree->stack[--tree->depth];
	if (tree->steps++ >= tree->step_max)
		return BROKEN(tree, "the tree has more than %" PRIu64 " nodes", tree->step_max);
	push_right(tree, at); /* what is broken there ends the walk after this node */
	node->value = at;
	return 1;
}
