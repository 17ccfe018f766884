/* SPDX-License-Identifier: MIT */
/*
 * Walks along the kernel's containers. Iterators belong to the caller and nothing allocates. A
 * guest may have bent every pointer: each walk has a bound on its steps, finds cycles, and reads
 * only what is mapped. When *_next() says false, @status is GAP_OK at an honest end, or GAP_PARTIAL
 * with
 * @reason in words. A running guest may change a container under the walk: a node that does not fit
 * its place is read again a few times before the walk is called partial. struct list_head is in
 * guest.h.
 *
 * Structures with a layout of their own are bound once, and walked as often as one likes. A walk keeps
 * a copy of its layout, and may itself be copied.
 */
#ifndef SEMGAP_WALKS_H
#define SEMGAP_WALKS_H

#include "bind.h"
#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_WALK_REASON_BYTES 128

/* ---- struct hlist_head ---- */

struct gap_hlist {
	struct gap_guest *guest;
	struct gap_vaddr at;
	uint64_t steps, step_max, mark, mark_at;
	int nulls;
	enum gap_status status;
	char reason[GAP_WALK_REASON_BYTES];
};

/**
 * Begins at @head (struct hlist_head). With @nulls the list is a struct hlist_nulls_head, whose end
 * is an odd pointer. @step_max 0 takes what the guest's memory can hold.
 */
GAP_API void gap_hlist_init(struct gap_hlist *list, struct gap_guest *guest, struct gap_vaddr head,
			    int nulls, uint64_t step_max);
/** Next struct hlist_node. */
GAP_API int gap_hlist_next(struct gap_hlist *list, struct gap_vaddr *node);

/* ---- struct rb_root ---- */

/* A red-black tree of n nodes is at most 2 log2(n + 1) deep; 2^40 nodes of 24 bytes fill 24 TB. */
#define GAP_RBTREE_DEPTH 80

struct gap_rbtree_layout {
	struct gap_field fields[3];
};

struct gap_rbtree {
	struct gap_guest *guest;
	struct gap_rbtree_layout layout;
	uint64_t stack[GAP_RBTREE_DEPTH]; /* nodes whose left side is done */
	uint32_t depth;
	uint64_t steps, step_max;
	enum gap_status status;
	char reason[GAP_WALK_REASON_BYTES];
};

/** GAP_NOT_FOUND: the profile lacks struct rb_node. */
GAP_API enum gap_status gap_rbtree_bind(struct gap_rbtree_layout *layout,
					const struct gap_guest *guest,
					struct gap_error *error) GAP_MUST_CHECK;
/** Begins at @root (struct rb_root or rb_root_cached). */
GAP_API void gap_rbtree_init(struct gap_rbtree *tree, struct gap_guest *guest,
			     const struct gap_rbtree_layout *layout, struct gap_vaddr root);
/** Next struct rb_node, in order. */
GAP_API int gap_rbtree_next(struct gap_rbtree *tree, struct gap_vaddr *node);

/* ---- struct xarray, struct radix_tree_root, struct idr ---- */

struct gap_xarray_layout {
	struct gap_field fields[7];
	uint32_t slot_count, slot_bits;
	uint8_t node_tag; /* low bits of a pointer to a node: 2 in an xarray, 1 in a radix tree */
};

struct gap_xarray {
	struct gap_guest *guest;
	struct gap_xarray_layout layout;
	struct gap_vaddr root;
	uint64_t base; /* added to indices (IDR) */
	uint64_t next; /* index to go on from */
	uint64_t steps, step_max;
	enum gap_status status;
	char reason[GAP_WALK_REASON_BYTES];
};

/** Binds struct xa_node (4.20) or struct radix_tree_node (4.8). GAP_NOT_FOUND: neither is there. */
GAP_API enum gap_status gap_xarray_bind(struct gap_xarray_layout *layout,
					const struct gap_guest *guest,
					struct gap_error *error) GAP_MUST_CHECK;
/** Begins at @root (struct xarray or struct radix_tree_root). */
GAP_API void gap_xarray_init(struct gap_xarray *array, struct gap_guest *guest,
			     const struct gap_xarray_layout *layout, struct gap_vaddr root);
/** Begins at a struct idr (4.11: on a radix tree). GAP_NOT_FOUND, GAP_UNREADABLE. */
GAP_API enum gap_status gap_idr_init(struct gap_xarray *array, struct gap_guest *guest,
				     const struct gap_xarray_layout *layout, struct gap_vaddr idr,
				     struct gap_error *error) GAP_MUST_CHECK;
/** Next entry that is set, by rising index. Entries are as stored: tagged values keep their bits.
 */
GAP_API int gap_xarray_next(struct gap_xarray *array, uint64_t *index, uint64_t *entry);

/* ---- struct maple_tree ---- */

#define GAP_MAPLE_NODE_BYTES 256

struct gap_maple_layout {
	struct gap_field fields[6];
	uint32_t word_bytes;
};

struct gap_maple {
	struct gap_guest *guest;
	struct gap_maple_layout layout;
	struct gap_vaddr tree;
	uint64_t next; /* index to go on from */
	uint64_t steps, step_max;
	uint64_t min, max; /* of the leaf at hand */
	uint32_t slot, slot_count, pivots_at, slots_at, pivot_count;
	unsigned char node[GAP_MAPLE_NODE_BYTES]; /* a copy of it */
	enum gap_status status;
	char reason[GAP_WALK_REASON_BYTES];
};

/** GAP_NOT_FOUND: this kernel has no maple tree (6.1). */
GAP_API enum gap_status gap_maple_bind(struct gap_maple_layout *layout,
				       const struct gap_guest *guest,
				       struct gap_error *error) GAP_MUST_CHECK;
GAP_API void gap_maple_init(struct gap_maple *maple, struct gap_guest *guest,
			    const struct gap_maple_layout *layout, struct gap_vaddr tree);
/** Next range [first, last] that holds an entry. A broken subtree is passed over, and noted. */
GAP_API int gap_maple_next(struct gap_maple *maple, uint64_t *first, uint64_t *last,
			   uint64_t *entry);

/* ---- arrays, also flexible ones ---- */

struct gap_array {
	struct gap_guest *guest;
	struct gap_vaddr at;
	uint64_t stride_bytes, left;
	enum gap_status status;
	char reason[GAP_WALK_REASON_BYTES];
};

/**
 * Begins an array of @count elements at @first. A @count that the guest's memory cannot hold is
 * absurd: the walk is then empty and partial.
 */
GAP_API void gap_array_init(struct gap_array *array, struct gap_guest *guest,
			    struct gap_vaddr first, uint64_t stride_bytes, uint64_t count);
/** Address of the next element, of which at least the first byte can be read. */
GAP_API int gap_array_next(struct gap_array *array, struct gap_vaddr *element);

/* ---- per-CPU variables ---- */

#define GAP_CPU_MAX 8192 /* the largest CONFIG_NR_CPUS */

/** How many CPU numbers there are (nr_cpu_ids): possible ones lie below. GAP_CORRUPT: absurd. */
GAP_API enum gap_status gap_guest_cpu_count(struct gap_guest *guest, uint32_t *count,
					    struct gap_error *error) GAP_MUST_CHECK;
/** Whether a CPU may ever run: in __cpu_possible_mask. A number past the count never is. */
GAP_API enum gap_status gap_guest_cpu_possible(struct gap_guest *guest, uint32_t cpu, int *possible,
					       struct gap_error *error) GAP_MUST_CHECK;
/**
 * Where a CPU's copy of a per-CPU variable is. GAP_NOT_FOUND (no such symbol, no such CPU),
 * GAP_AMBIGUOUS, GAP_INVALID (the symbol is not per CPU), GAP_UNREADABLE.
 */
GAP_API enum gap_status gap_guest_percpu(struct gap_guest *guest, uint32_t cpu, const char *symbol,
					 struct gap_vaddr *address,
					 struct gap_error *error) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
