/* SPDX-License-Identifier: MIT */
/* Walks along hash lists, trees and arrays of a guest, honest ones and such as a guest has bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/walks.h"
#include "tests/support/guest_fixture.h"

#define WILD 0xdead000000000100u
#define MAPLE_LEAF 1u
#define MAPLE_RANGE 2u
#define MAPLE_ARANGE 3u

/* ---- hlist ---- */

/* A head and @count nodes, each leading to the next. */
static uint64_t make_hlist(struct synthetic *synthetic, uint64_t nodes[], int count, uint64_t last)
{
	uint64_t head = synthetic_alloc(synthetic, 64), at = head;

	for (int i = 0; i < count; i++) {
		nodes[i] = synthetic_alloc(synthetic, 64);
		put64(synthetic, at, 0, nodes[i]);
		at = nodes[i];
	}
	put64(synthetic, at, 0, last);
	return head;
}

static void hlist(struct guest_fixture *fixture, uint64_t head, int nulls, int expected,
		  const char *word)
{
	struct gap_vaddr at = {head}, node;
	struct gap_hlist list;
	int count = 0;

	gap_hlist_init(&list, fixture->guest, at, nulls, 0);
	while (gap_hlist_next(&list, &node))
		count++;
	assert_false(gap_hlist_next(&list, &node));
	assert_int_equal(list.status, word ? GAP_PARTIAL : GAP_OK);
	if (word)
		says(list.reason, word);
	if (expected >= 0)
		assert_int_equal(count, expected);
}

static void hash_lists_end(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t nodes[40], head;

	hlist(fixture, make_hlist(synthetic, nodes, 0, 0), 0, 0, NULL);
	head = make_hlist(synthetic, nodes, 40, 0);
	hlist(fixture, head, 0, 40, NULL);
	hlist(fixture, make_hlist(synthetic, nodes, 3, 7), 1, 3, NULL);
	hlist(fixture, make_hlist(synthetic, nodes, 3, 7), 0, 3, "misaligned");
	hlist(fixture, make_hlist(synthetic, nodes, 3, WILD), 0, 3, "not an address");
	hlist(fixture, make_hlist(synthetic, nodes, 3, 0xffffffff00000000u), 0, 3, "unmapped");
	hlist(fixture, 0xffffffff00000000u, 0, 0, "cannot be read");
}

static void hash_lists_that_loop_end(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t nodes[40], head = make_hlist(synthetic, nodes, 40, 0);

	for (int back = 0; back < 40; back++) {
		put64(synthetic, nodes[39], 0, nodes[back]);
		hlist(fixture, head, 0, -1, "loops");
	}
}

/* ---- rbtree ---- */

struct rbtree {
	uint64_t root;
	uint64_t nodes[64];
	int count;
};

static void link_node(struct synthetic *synthetic, uint64_t node, uint64_t parent, uint64_t left,
		      uint64_t right)
{
	put64(synthetic, node, RB_PARENT, parent | 1); /* black */
	put64(synthetic, node, RB_LEFT, left);
	put64(synthetic, node, RB_RIGHT, right);
}

/* A balanced tree of the nodes [first, end): its top. */
static uint64_t balance(struct synthetic *synthetic, struct rbtree *tree, int first, int end,
			uint64_t parent)
{
	int middle = first + (end - first) / 2;
	uint64_t node;

	if (first == end)
		return 0;
	node = tree->nodes[middle];
	link_node(synthetic, node, parent, balance(synthetic, tree, first, middle, node),
		  balance(synthetic, tree, middle + 1, end, node));
	return node;
}

static struct rbtree make_rbtree(struct synthetic *synthetic, int count)
{
	struct rbtree tree = {.root = synthetic_alloc(synthetic, 64), .count = count};

	for (int i = 0; i < count; i++)
		tree.nodes[i] = synthetic_alloc(synthetic, 64);
	put64(synthetic, tree.root, 0, balance(synthetic, &tree, 0, count, 0));
	return tree;
}

static void rbtree(struct guest_fixture *fixture, const struct rbtree *tree, const char *word)
{
	struct gap_rbtree_layout layout;
	struct gap_rbtree walk;
	struct gap_vaddr root = {tree->root}, node;
	int count = 0;

	assert_int_equal(gap_rbtree_bind(&layout, fixture->guest, &fixture->error), GAP_OK);
	gap_rbtree_init(&walk, fixture->guest, &layout, root);
	while (gap_rbtree_next(&walk, &node)) {
		if (!word)
			assert_int_equal(node.value, tree->nodes[count]);
		count++;
	}
	assert_int_equal(walk.status, word ? GAP_PARTIAL : GAP_OK);
	if (word)
		says(walk.reason, word);
	else
		assert_int_equal(count, tree->count);
	assert_true(count <= tree->count);
}

static void trees_are_walked_in_order(void **state)
{
	struct guest_fixture *fixture = *state;

	for (int count = 0; count <= 64; count += count < 8 ? 1 : 7) {
		struct rbtree tree = make_rbtree(&fixture->synthetic, count);

		rbtree(fixture, &tree, NULL);
	}
}

static void bent_trees_end(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	struct rbtree tree = make_rbtree(synthetic, 15);
	const uint64_t *nodes = tree.nodes;

	put64(synthetic, nodes[0], RB_LEFT, nodes[7]); /* the top */
	rbtree(fixture, &tree, "another parent");
	put64(synthetic, nodes[0], RB_LEFT, nodes[0]);
	rbtree(fixture, &tree, "another parent");
	put64(synthetic, nodes[0], RB_LEFT, WILD);
	rbtree(fixture, &tree, "not an address");
	put64(synthetic, nodes[0], RB_LEFT, 0xffffffff00000000u);
	rbtree(fixture, &tree, "cannot be read");
	put64(synthetic, nodes[0], RB_LEFT, 0);
	put64(synthetic, nodes[14], RB_RIGHT, nodes[8]);
	rbtree(fixture, &tree, "another parent");
	put64(synthetic, nodes[14], RB_RIGHT, 0);
	put64(synthetic, nodes[1], RB_RIGHT, nodes[0]); /* its left child too */
	rbtree(fixture, &tree, "both children");
}

static void a_tree_that_is_a_list_has_an_end(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	struct rbtree tree = {.root = synthetic_alloc(synthetic, 64), .count = 200};
	uint64_t before = 0;

	for (int i = 0; i < 200; i++) {
		uint64_t node = synthetic_alloc(synthetic, 64);

		link_node(synthetic, node, before, 0, 0);
		put64(synthetic, before ? before : tree.root, before ? RB_LEFT : 0, node);
		before = node;
	}
	rbtree(fixture, &tree, "deeper");
}

/* ---- xarray ---- */

static uint64_t make_xa_node(struct synthetic *synthetic, uint8_t shift, uint8_t offset,
			     uint64_t parent)
{
	uint64_t node = synthetic_alloc(synthetic, XA_NODE_BYTES);
	unsigned char *bytes = synthetic_heap(synthetic, node);

	bytes[XA_SHIFT] = shift;
	bytes[XA_OFFSET] = offset;
	put64(synthetic, node, XA_PARENT, parent);
	if (parent)
		put64(synthetic, parent, XA_SLOTS + 8u * offset, node | 2);
	return node;
}

struct xarray {
	uint64_t root, top, low, high;
};

/* Entries at 3, 5, 64 * 63 and 64 * 63 + 63; two nodes under one. */
static struct xarray make_xarray(struct synthetic *synthetic, uint64_t tag)
{
	struct xarray array = {.root = synthetic_alloc(synthetic, 64)};

	array.top = make_xa_node(synthetic, 6, 0, 0);
	array.low = make_xa_node(synthetic, 0, 0, array.top);
	array.high = make_xa_node(synthetic, 0, 63, array.top);
	put64(synthetic, array.top, XA_SLOTS, array.low | tag);
	put64(synthetic, array.top, XA_SLOTS + 8 * 63, array.high | tag);
	put64(synthetic, array.root, XA_HEAD, array.top | tag);
	put64(synthetic, array.low, XA_SLOTS + 8 * 3, 0x1000);
	put64(synthetic, array.low, XA_SLOTS + 8 * 5, 0x2000);
	put64(synthetic, array.high, XA_SLOTS, 0x3000);
	put64(synthetic, array.high, XA_SLOTS + 8 * 63, 0x4000);
	return array;
}

static struct gap_xarray begin_xarray(struct guest_fixture *fixture,
				      struct gap_xarray_layout *layout, uint64_t root)
{
	struct gap_vaddr at = {root};
	struct gap_xarray walk;

	assert_int_equal(gap_xarray_bind(layout, fixture->guest, &fixture->error), GAP_OK);
	gap_xarray_init(&walk, fixture->guest, layout, at);
	return walk;
}

static void xarray(struct guest_fixture *fixture, uint64_t root, int expected, const char *word)
{
	struct gap_xarray_layout layout;
	struct gap_xarray walk = begin_xarray(fixture, &layout, root);
	uint64_t index, entry, before = 0;
	int count = 0;

	while (gap_xarray_next(&walk, &index, &entry)) {
		assert_true(count == 0 || index > before);
		before = index;
		count++;
	}
	assert_int_equal(walk.status, word ? GAP_PARTIAL : GAP_OK);
	if (word)
		says(walk.reason, word);
	assert_int_equal(count, expected);
}

static void xarrays_are_walked_by_index(void **state)
{
	static const uint64_t indices[] = {3, 5, 64 * 63, 64 * 63 + 63};
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;

	for (int old = 0; old < 2; old++) {
		struct gap_xarray_layout layout;
		struct xarray array = make_xarray(synthetic, old ? 1 : 2);
		struct gap_xarray walk;
		uint64_t index, entry;

		guest_fixture_reopen(fixture, &(struct object_profile){.radix_tree = old});
		walk = begin_xarray(fixture, &layout, array.root);
		for (int i = 0; i < 4; i++) {
			assert_true(gap_xarray_next(&walk, &index, &entry));
			assert_int_equal(index, indices[i]);
			assert_int_equal(entry, 0x1000 * (i + 1));
		}
		assert_false(gap_xarray_next(&walk, &index, &entry));
		assert_int_equal(walk.status, GAP_OK);
	}
}

static void xarrays_without_nodes_are_small(void **state)
{
	struct guest_fixture *fixture = *state;
	uint64_t root = synthetic_alloc(&fixture->synthetic, 64);

	xarray(fixture, root, 0, NULL);
	put64(&fixture->synthetic, root, XA_HEAD, 0x1000);
	xarray(fixture, root, 1, NULL);
	put64(&fixture->synthetic, root, XA_HEAD, 257 << 2 | 2); /* XA_ZERO_ENTRY */
	xarray(fixture, root, 0, NULL);
}

static void an_idr_has_a_base(void **state)
{
	struct guest_fixture *fixture = *state;
	struct xarray array = make_xarray(&fixture->synthetic, 2);
	struct gap_vaddr idr = {array.root};
	struct gap_xarray_layout layout;
	struct gap_xarray walk;
	uint64_t index, entry;

	put32(&fixture->synthetic, array.root, IDR_BASE, 1000);
	assert_int_equal(gap_xarray_bind(&layout, fixture->guest, &fixture->error), GAP_OK);
	assert_int_equal(gap_idr_init(&walk, fixture->guest, &layout, idr, &fixture->error),
			 GAP_OK);
	assert_true(gap_xarray_next(&walk, &index, &entry));
	assert_int_equal(index, 1003);
}

static void entries_of_the_tree_itself_are_passed_over(void **state)
{
	struct guest_fixture *fixture = *state;
	struct xarray array = make_xarray(&fixture->synthetic, 2);

	put64(&fixture->synthetic, array.low, XA_SLOTS + 8 * 4, 3 << 2 | 2);   /* sibling of 3 */
	put64(&fixture->synthetic, array.low, XA_SLOTS + 8 * 6, 256 << 2 | 2); /* retry */
	xarray(fixture, array.root, 4, NULL);
	put64(&fixture->synthetic, array.top, XA_SLOTS + 8, 0x5000); /* one entry for 64 indices */
	xarray(fixture, array.root, 5, NULL);
}

static void bent_xarrays_end(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	struct xarray array = make_xarray(synthetic, 2);
	unsigned char *low = synthetic_heap(synthetic, array.low);
	unsigned char *top = synthetic_heap(synthetic, array.top);
	static const uint8_t shifts[] = {1, 6, 64, 66, 255};

	for (size_t i = 0; i < sizeof(shifts); i++) {
		low[XA_SHIFT] = shifts[i];
		xarray(fixture, array.root, 0, "does not fit");
	}
	low[XA_SHIFT] = 0;
	low[XA_OFFSET] = 1;
	xarray(fixture, array.root, 0, "does not fit");
	low[XA_OFFSET] = 0;
	for (size_t i = 0; i < sizeof(shifts); i++) {
		top[XA_SHIFT] = shifts[i] == 6 ? 12 : shifts[i];
		xarray(fixture, array.root, 0, "does not fit");
	}
	top[XA_SHIFT] = 6;
	put64(synthetic, array.top, XA_SLOTS + 8 * 20, array.top | 2); /* itself */
	xarray(fixture, array.root, 2, "does not fit");
	put64(synthetic, array.top, XA_SLOTS + 8 * 20, array.low | 2); /* on a second way */
	xarray(fixture, array.root, 2, "does not fit");
	put64(synthetic, array.top, XA_SLOTS + 8 * 20, (WILD & ~(uint64_t)3) | 2);
	xarray(fixture, array.root, 2, "unreadable");
}

static void the_last_index_ends_the_walk(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t root = synthetic_alloc(synthetic, 64), node = 0, parent = 0;

	for (int shift = 60; shift >= 0; shift -= 6) {
		uint8_t offset = shift == 54 ? 15 : shift == 60 ? 0 : 63;

		node = make_xa_node(synthetic, (uint8_t)shift, offset, parent);
		if (!parent)
			put64(synthetic, root, XA_HEAD, node | 2);
		parent = node;
	}
	put64(synthetic, node, XA_SLOTS + 8 * 63, 0x1000);
	xarray(fixture, root, 1, NULL);
}

/* ---- maple tree ---- */

struct maple {
	uint64_t tree, top;
	uint64_t leaves[10];
};

static uint64_t make_maple_node(struct synthetic *synthetic)
{
	return make_aligned(synthetic, 256, 256);
}

static uint64_t maple_pointer(uint64_t node, unsigned type)
{
	return node | (uint64_t)type << 3 | 4;
}

/* A leaf of @count ranges of 0x1000 from @first on, every other with an entry. */
static void fill_leaf(struct synthetic *synthetic, uint64_t leaf, uint64_t first, int count,
		      uint64_t last)
{
	for (int i = 0; i < count; i++) {
		uint64_t pivot = i + 1 < count ? first + 0x1000u * (unsigned)(i + 1) - 1 : last;

		if (i < 15)
			put64(synthetic, leaf, MAPLE_RANGE_PIVOTS + 8u * (unsigned)i,
			      i + 1 < count || last != UINT64_MAX ? pivot : 0);
		put64(synthetic, leaf, MAPLE_RANGE_SLOTS + 8u * (unsigned)i,
		      i % 2 ? 0 : first + 0x1000u * (unsigned)i + 0x10);
	}
}

/* A root of type arange with @count leaves of 16 ranges, of which 8 hold an entry. */
static struct maple make_maple(struct synthetic *synthetic, unsigned count)
{
	struct maple maple = {.tree = synthetic_alloc(synthetic, 64)};

	maple.top = make_maple_node(synthetic);
	put64(synthetic, maple.tree, MAPLE_ROOT, maple_pointer(maple.top, MAPLE_ARANGE) | 2);
	put64(synthetic, maple.top, 0, maple.tree | 1);
	for (unsigned i = 0; i < count; i++) {
		uint64_t leaf = maple.leaves[i] = make_maple_node(synthetic);
		uint64_t last = i + 1 < count ? (i + 1) * 0x100000u - 1 : UINT64_MAX;

		put64(synthetic, leaf, 0, maple.top | i << 3 | 6);
		fill_leaf(synthetic, leaf, i * 0x100000u, i + 1 < count ? 16 : 15, last);
		if (i < 9)
			put64(synthetic, maple.top, MAPLE_ARANGE_PIVOTS + 8u * i,
			      i + 1 < count || i == 0 ? last : 0);
		put64(synthetic, maple.top, MAPLE_ARANGE_SLOTS + 8u * i,
		      maple_pointer(leaf, MAPLE_LEAF));
	}
	return maple;
}

static void maple(struct guest_fixture *fixture, uint64_t tree, int expected, const char *word)
{
	struct gap_maple_layout layout;
	struct gap_vaddr at = {tree};
	struct gap_maple walk;
	uint64_t first, last, entry, before = 0;
	int count = 0;

	assert_int_equal(gap_maple_bind(&layout, fixture->guest, &fixture->error), GAP_OK);
	gap_maple_init(&walk, fixture->guest, &layout, at);
	while (gap_maple_next(&walk, &first, &last, &entry)) {
		assert_true(first <= last && (count == 0 || first > before));
		before = last;
		count++;
	}
	assert_false(gap_maple_next(&walk, &first, &last, &entry));
	if (!word && walk.status)
		fail_msg("%s", walk.reason);
	assert_int_equal(walk.status, word ? GAP_PARTIAL : GAP_OK);
	if (word)
		says(walk.reason, word);
	if (count != expected)
		fail_msg("%d entries, not %d (%s)", count, expected, walk.reason);
}

static void maple_trees_are_walked_by_range(void **state)
{
	struct guest_fixture *fixture = *state;
	struct maple tree;

	for (unsigned count = 1; count <= 10; count++) {
		tree = make_maple(&fixture->synthetic, count);
		maple(fixture, tree.tree, 8 * (int)count, NULL);
	}
}

static void maple_trees_without_nodes_are_small(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	uint64_t tree = synthetic_alloc(synthetic, 64), leaf = make_maple_node(synthetic);

	maple(fixture, tree, 0, NULL);
	put64(synthetic, tree, MAPLE_ROOT, 0x1000);
	maple(fixture, tree, 1, NULL);
	put64(synthetic, tree, MAPLE_ROOT, maple_pointer(leaf, MAPLE_LEAF) | 2);
	put64(synthetic, leaf, 0, tree | 1);
	maple(fixture, tree, 0, NULL); /* one range, empty */
	fill_leaf(synthetic, leaf, 0, 3, UINT64_MAX);
	maple(fixture, tree, 2, NULL);
	put64(synthetic, leaf, MAPLE_RANGE_SLOTS, 257 << 2 | 2); /* XA_ZERO_ENTRY */
	maple(fixture, tree, 1, NULL);
}

static void a_node_that_leads_to_its_ancestor_is_found(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	struct maple tree = make_maple(synthetic, 4);
	uint64_t slot = MAPLE_ARANGE_SLOTS + 8;

	put64(synthetic, tree.top, slot, maple_pointer(tree.top, MAPLE_ARANGE));
	maple(fixture, tree.tree, 24, "a node above it");
	put64(synthetic, tree.top, slot, maple_pointer(tree.top, MAPLE_LEAF));
	maple(fixture, tree.tree, 24, "a node above it");
	/* A leaf that is another's as well. */
	put64(synthetic, tree.top, slot, maple_pointer(tree.leaves[0], MAPLE_LEAF));
	maple(fixture, tree.tree, 24, "another parent");
}

static void bent_maple_trees_end(void **state)
{
	struct guest_fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->synthetic;
	struct maple tree = make_maple(synthetic, 4);
	uint64_t slot = MAPLE_ARANGE_SLOTS + 8, good = maple_pointer(tree.leaves[1], MAPLE_LEAF);

	put64(synthetic, tree.top, slot, 0);
	maple(fixture, tree.tree, 24, "no node");
	put64(synthetic, tree.top, slot, maple_pointer(tree.leaves[1], 9));
	maple(fixture, tree.tree, 24, "not known");
	put64(synthetic, tree.top, slot, maple_pointer(WILD & ~(uint64_t)255, MAPLE_LEAF));
	maple(fixture, tree.tree, 24, "cannot be read");
	put64(synthetic, tree.top, slot, good);
	put64(synthetic, tree.leaves[1], 0, tree.leaves[1]); /* a dead node */
	maple(fixture, tree.tree, 24, "another parent");
	put64(synthetic, tree.leaves[1], 0, tree.top | 1 << 3 | 6);
	put64(synthetic, tree.leaves[1], MAPLE_RANGE_PIVOTS + 8, 0x100000); /* falls */
	maple(fixture, tree.tree, 25, "do not rise");
	put64(synthetic, tree.leaves[1], MAPLE_RANGE_PIVOTS + 8, UINT64_MAX); /* beyond its node */
	maple(fixture, tree.tree, 25, "do not rise");
	put64(synthetic, tree.top, MAPLE_ARANGE_PIVOTS, UINT64_MAX - 1);
	maple(fixture, tree.tree, 8, "do not rise");
	put64(synthetic, tree.tree, MAPLE_ROOT, maple_pointer(tree.top, MAPLE_RANGE) | 2);
	put64(synthetic, tree.top, 0, 0);
	maple(fixture, tree.tree, 0, "another parent");
}

/* ---- arrays ---- */

static void arrays_are_bounded(void **state)
{
	struct guest_fixture *fixture = *state;
	struct gap_vaddr first = {synthetic_alloc(&fixture->synthetic, 64)}, element;
	struct gap_array array;
	int count = 0;

	gap_array_init(&array, fixture->guest, first, 16, 4);
	while (gap_array_next(&array, &element))
		assert_int_equal(element.value, first.value + 16u * (unsigned)count++);
	assert_true(count == 4 && array.status == GAP_OK);
	gap_array_init(&array, fixture->guest, first, 16, UINT64_MAX);
	assert_false(gap_array_next(&array, &element));
	assert_int_equal(array.status, GAP_PARTIAL);
	says(array.reason, "more than memory can hold");
	gap_array_init(&array, fixture->guest, first, 0, 1);
	assert_false(gap_array_next(&array, &element));
	gap_array_init(&array, fixture->guest, first, 16, 0x80000);
	while (gap_array_next(&array, &element))
		;
	assert_int_equal(array.status, GAP_PARTIAL);
	says(array.reason, "cannot be read");
}

/* ---- per-CPU variables ---- */

static void put_image64(struct guest_fixture *fixture, uint64_t linked, uint64_t value)
{
	synthetic_put64(synthetic_image(&fixture->synthetic, linked), value);
}

static void variables_of_a_cpu_are_found(void **state)
{
	struct guest_fixture *fixture = *state;
	struct gap_vaddr at;
	int possible;

	put_image64(fixture, SYNTHETIC_TEXT + 0x3000, 3);
	put_image64(fixture, SYNTHETIC_TEXT + 0x3010, 5);
	put_image64(fixture, SYNTHETIC_TEXT + 0x3100 + 16, 0xffff888000200000u);
	assert_int_equal(gap_guest_percpu(fixture->guest, 2, "runqueues", &at, NULL), GAP_OK);
	assert_int_equal(at.value, 0xffff888000201000u);
	/* Linked into the image, the offset is what leads from there. */
	put_image64(fixture, SYNTHETIC_TEXT + 0x3100 + 16,
		    0xffff888000200000u - (SYNTHETIC_TEXT + 0x3200 + SYNTHETIC_SLIDE));
	assert_int_equal(gap_guest_percpu(fixture->guest, 2, "linked_percpu", &at, NULL), GAP_OK);
	assert_int_equal(at.value, 0xffff888000200000u);
	for (uint32_t cpu = 0; cpu < 4; cpu++) {
		assert_int_equal(gap_guest_cpu_possible(fixture->guest, cpu, &possible, NULL),
				 GAP_OK);
		assert_int_equal(possible, cpu == 0 || cpu == 2);
	}
	assert_int_equal(gap_guest_percpu(fixture->guest, 3, "runqueues", &at, NULL),
			 GAP_NOT_FOUND);
	assert_int_equal(gap_guest_percpu(fixture->guest, 0, "init_task", &at, NULL), GAP_INVALID);
	assert_int_equal(gap_guest_percpu(fixture->guest, 0, "nothing", &at, NULL), GAP_NOT_FOUND);
}

static void an_absurd_number_of_cpus_is_refused(void **state)
{
	struct guest_fixture *fixture = *state;
	uint32_t count;

	put_image64(fixture, SYNTHETIC_TEXT + 0x3000, 0x7fffffff);
	assert_int_equal(gap_guest_cpu_count(fixture->guest, &count, NULL), GAP_CORRUPT);
	put_image64(fixture, SYNTHETIC_TEXT + 0x3000, 0);
	assert_int_equal(gap_guest_cpu_count(fixture->guest, &count, NULL), GAP_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, guest_fixture_make, guest_fixture_drop)
		TEST(hash_lists_end),
		TEST(hash_lists_that_loop_end),
		TEST(trees_are_walked_in_order),
		TEST(bent_trees_end),
		TEST(a_tree_that_is_a_list_has_an_end),
		TEST(xarrays_are_walked_by_index),
		TEST(xarrays_without_nodes_are_small),
		TEST(an_idr_has_a_base),
		TEST(entries_of_the_tree_itself_are_passed_over),
		TEST(bent_xarrays_end),
		TEST(the_last_index_ends_the_walk),
		TEST(maple_trees_are_walked_by_range),
		TEST(maple_trees_without_nodes_are_small),
		TEST(a_node_that_leads_to_its_ancestor_is_found),
		TEST(bent_maple_trees_end),
		TEST(arrays_are_bounded),
		TEST(variables_of_a_cpu_are_found),
		TEST(an_absurd_number_of_cpus_is_refused),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
