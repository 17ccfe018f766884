/* SPDX-License-Identifier: MIT */
/*
 * How to write a structure so that a compiler puts its members where the kernel has them: what a C
 * compiler would do is worked out (System V ABI; AAPCS64 lays bit-fields out alike), and padding or
 * packing added only where it would do otherwise.
 */
#ifndef SEMGAP_EMIT_C_LAYOUT_H
#define SEMGAP_EMIT_C_LAYOUT_H

#include "emit/emit.h"
#include "profile/vector.h"

enum gap_c_part {
	GAP_C_MEMBER,
	GAP_C_PAD_BYTES, /* an array of @count bytes */
	GAP_C_PAD_BITS,  /* an unnamed bit-field of @count bits, within one byte */
	GAP_C_LEFT_OUT   /* overlaps what stands before it: a member that C cannot place */
};

struct gap_c_item {
	enum gap_c_part part;
	uint32_t row; /* of the member */
	uint64_t count;
};

GAP_VECTOR(gap_c_items, struct gap_c_item);

struct gap_c_plan {
	struct gap_c_items items;
	uint32_t align_bytes; /* of the structure as it is written */
	bool packed;          /* then __attribute__((packed, aligned(align_bytes))) */
};

struct gap_c_layout {
	const struct gap_profile *profile;
	uint8_t *align_log2;       /* by type row; 0xff not yet known */
	uint32_t scalar_align_max; /* of the target's ABI */
};

enum gap_status gap_c_layout_init(struct gap_c_layout *layout, const struct gap_profile *profile,
				  struct gap_error *error) GAP_MUST_CHECK;
void gap_c_layout_deinit(struct gap_c_layout *layout);

/** Whether a number's width is none that C has everywhere, so that it is written as bytes. */
bool gap_c_scalar_is_bytes(const struct gap_type *type);
/** Alignment of a type as this writes it. */
uint32_t gap_c_align(struct gap_c_layout *layout, gap_type_id type);
/** Plans a structure or union; gap_c_plan_deinit() afterwards. GAP_NO_MEMORY. */
enum gap_status gap_c_plan(struct gap_c_layout *layout, gap_type_id aggregate,
			   struct gap_c_plan *plan) GAP_MUST_CHECK;
void gap_c_plan_deinit(struct gap_c_plan *plan);

#endif
