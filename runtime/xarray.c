/* SPDX-License-Identifier: MIT */
/*
 * Walking an xarray, the radix tree that it replaced (f8d5d0cc145c, 4.20), and the IDR on top of
 * either (0a835c4f090a, 4.11). The walk keeps no stack: it goes down from the root for every index,
 * which only rises. Every node must name the parent and the slot that led to it, so no node can be
 * reached on two ways.
 */
#include <inttypes.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/walks.h"

#define ATTEMPTS 4
#define TAG_BITS 3u
#define XA_NODE_TAG 2    /* xa_is_node(): internal, and above the reserved values */
#define XA_RESERVED 4096 /* sibling, retry and zero entries lie below */
#define RADIX_NODE_TAG 1 /* RADIX_TREE_INTERNAL_NODE */
#define NODE_BYTES_MIN 64

enum slot { HEAD, SHIFT, OFFSET, PARENT, SLOTS, IDR_ROOT, IDR_BASE, SLOT_COUNT };

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[HEAD] = {GAP_FIELD_XARRAY_HEAD, 0},      [SHIFT] = {GAP_FIELD_XA_NODE_SHIFT, 0},
	[OFFSET] = {GAP_FIELD_XA_NODE_OFFSET, 0}, [PARENT] = {GAP_FIELD_XA_NODE_PARENT, 0},
	[SLOTS] = {GAP_FIELD_XA_NODE_SLOTS, 0},   [IDR_ROOT] = {GAP_FIELD_IDR_ROOT, 1},
	[IDR_BASE] = {GAP_FIELD_IDR_BASE, 1},
};

enum gap_status gap_xarray_bind(struct gap_xarray_layout *layout, const struct gap_guest *guest,
				struct gap_error *error)
{
	struct gap_xarray_layout bound = {.slot_count = 0};
	gap_type_id id;
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, bound.fields, error);

	if (status)
		return status;
	bound.slot_count = bound.fields[SLOTS].size_bytes / guest->arch->pointer_bytes;
	while (bound.slot_count >> (bound.slot_bits + 1))
		bound.slot_bits++;
	if (bound.slot_count < 2 || bound.slot_count != 1u << bound.slot_bits)
		return gap_fail(error, GAP_UNSUPPORTED, "a tree node of %u slots",
				bound.slot_count);
	bound.node_tag = gap_profile_find_type(guest->profile, "xa_node", &id, NULL)
				 ? RADIX_NODE_TAG
				 : XA_NODE_TAG;
	*layout = bound;
	return GAP_OK;
}

#define BROKEN(array, ...)                                                                         \
	((array)->guest = NULL,                                                                    \
	 gap_note(&(array)->status, (array)->reason, sizeof((array)->reason), __VA_ARGS__))

void gap_xarray_init(struct gap_xarray *array, struct gap_guest *guest,
		     const struct gap_xarray_layout *layout, struct gap_vaddr root)
{
	*array = (struct gap_xarray){.guest = guest, .layout = *layout, .root = root};
	array->step_max = gap_guest_holds(guest, NODE_BYTES_MIN);
}

enum gap_status gap_idr_init(struct gap_xarray *array, struct gap_guest *guest,
			     const struct gap_xarray_layout *layout, struct gap_vaddr idr,
			     struct gap_error *error)
{
	const struct gap_field *root = &layout->fields[IDR_ROOT];
	uint64_t base = 0;
	enum gap_status status;

	if (!root->present)
		return gap_fail(error, GAP_NOT_FOUND, "this kernel's IDR is no radix tree");
	status = gap_record_number(guest, idr, &layout->fields[IDR_BASE], &base);
	if (status == GAP_UNREADABLE)
		return gap_fail(error, status, "the IDR at 0x%" PRIx64 " cannot be read",
				idr.value);
	gap_xarray_init(array, guest, layout, gap_record_at(idr, root));
	array->base = base;
	return GAP_OK;
}

/* ---- entries ---- */

/* The node that an entry leads to, 0 when it is none. */
static uint64_t node_of(const struct gap_xarray_layout *layout, uint64_t entry)
{
	if ((entry & TAG_BITS) != layout->node_tag)
		return 0;
	if (layout->node_tag == XA_NODE_TAG && entry <= XA_RESERVED)
		return 0;
	return entry - layout->node_tag;
}

/* Entries of the tree's own: siblings of a larger entry, and what waits to be read again. */
static int is_reserved(const struct gap_xarray_layout *layout, uint64_t entry, uint64_t node)
{
	uint64_t slots = node + layout->fields[SLOTS].offset_bytes;
	uint64_t target = entry & ~(uint64_t)TAG_BITS;

	if ((entry & TAG_BITS) != layout->node_tag)
		return 0;
	if (layout->node_tag == XA_NODE_TAG)
		return entry <= XA_RESERVED;
	return target == 0 ||
	       (target >= slots && target - slots < layout->fields[SLOTS].size_bytes);
}

/* ---- one way down ---- */

/* Where a descent is. */
struct place {
	struct gap_vaddr node, parent;
	uint64_t shift, slot; /* of the node; the slot that led to it */
};

enum turn { TURN_DOWN, TURN_FOUND, TURN_PAST, TURN_BROKEN };

/* Reads a node's shift and holds it against its place; @top: it is the root's. */
static int fits(const struct gap_xarray *array, struct place *place, int top)
{
	const struct gap_field *fields = array->layout.fields;
	uint64_t shift, offset;
	struct gap_vaddr parent;

	if (gap_record_number(array->guest, place->node, &fields[SHIFT], &shift) ||
	    gap_record_number(array->guest, place->node, &fields[OFFSET], &offset) ||
	    gap_record_pointer(array->guest, place->node, &fields[PARENT], &parent))
		return 0;
	if (shift % array->layout.slot_bits || shift >= 64)
		return 0;
	if (parent.value != place->parent.value)
		return 0;
	if (!top && (offset != place->slot || shift + array->layout.slot_bits != place->shift))
		return 0;
	place->shift = shift;
	return 1;
}

/* First index past the node that holds array->next; 0: there is none. */
static uint64_t past_node(const struct gap_xarray *array, uint64_t shift)
{
	unsigned width = (unsigned)shift + array->layout.slot_bits;

	if (width >= 64)
		return 0;
	return ((array->next >> width) + 1) << width;
}

/* Looks through the slots of a node from array->next on. */
static enum turn look(struct gap_xarray *array, const struct place *place, uint64_t *entry,
		      uint64_t *slot)
{
	const struct gap_xarray_layout *layout = &array->layout;
	struct gap_vaddr at = gap_record_at(place->node, &layout->fields[SLOTS]), value;

	*slot = array->next >> place->shift & (layout->slot_count - 1);
	at.value += *slot * array->guest->arch->pointer_bytes;
	for (; *slot < layout->slot_count; ++*slot) {
		if (gap_guest_read_pointer(array->guest, at, &value))
			return TURN_BROKEN;
		if (value.value && !is_reserved(layout, value.value, place->node.value)) {
			*entry = value.value;
			return place->shift && node_of(layout, value.value) ? TURN_DOWN
									    : TURN_FOUND;
		}
		at.value += array->guest->arch->pointer_bytes;
		array->next = ((array->next >> place->shift) + 1) << place->shift;
	}
	return TURN_PAST;
}

/* Down from the root's node to the entry at array->next or after it. */
static enum turn descend(struct gap_xarray *array, uint64_t head, uint64_t *entry, uint64_t *width)
{
	struct place place = {.node = {node_of(&array->layout, head)}};
	uint64_t start;

	for (int top = 1;; top = 0) {
		enum turn turn;

		if (!fits(array, &place, top))
			return TURN_BROKEN;
		start = array->next;
		if (top && past_node(array, place.shift) &&
		    array->next >> (place.shift + array->layout.slot_bits))
			return TURN_PAST;
		place.parent = place.node;
		turn = look(array, &place, entry, &place.slot);
		if (turn == TURN_PAST && !top) {
			/* On at the next node: from the root again. */
			return array->next > start ? TURN_DOWN : TURN_PAST;
		}
		*width = (uint64_t)1 << place.shift;
		if (turn != TURN_DOWN)
			return turn;
		place.node.value = node_of(&array->layout, *entry);
	}
}

/* ---- the walk ---- */

static int end(struct gap_xarray *array)
{
	array->guest = NULL;
	return 0;
}

static int found(struct gap_xarray *array, uint64_t width, uint64_t *index)
{
	*index = array->next + array->base;
	array->next = (array->next & ~(width - 1)) + width;
	if (array->next == 0)
		array->guest = NULL;
	return 1;
}

int gap_xarray_next(struct gap_xarray *array, uint64_t *index, uint64_t *entry)
{
	int attempts = 0;

	while (array->guest) {
		uint64_t width = 1, value = 0;
		struct gap_vaddr head;
		enum turn turn;

		if (array->steps++ >= array->step_max)
			return BROKEN(array, "the tree takes more than %" PRIu64 " steps",
				      array->step_max);
		if (gap_record_pointer(array->guest, array->root, &array->layout.fields[HEAD],
				       &head))
			return BROKEN(array, "the tree at 0x%" PRIx64 " cannot be read",
				      array->root.value);
		if (!node_of(&array->layout, head.value)) {
			/* No node: empty, or one entry at 0. */
			if (!head.value || array->next ||
			    is_reserved(&array->layout, head.value, 0))
				return end(array);
			*entry = head.value;
			return found(array, 1, index);
		}
		turn = descend(array, head.value, &value, &width);
		if (turn == TURN_PAST)
			return end(array);
		if (turn == TURN_FOUND) {
			*entry = value;
			return found(array, width, index);
		}
		if (turn == TURN_BROKEN && ++attempts == ATTEMPTS)
			return BROKEN(array,
				      "a node of the tree at 0x%" PRIx64
				      " on the way to index %" PRIu64
				      " is unreadable or does not fit its place",
				      array->root.value, array->next);
	}
	return 0;
}
