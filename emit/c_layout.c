/* SPDX-License-Identifier: MIT */
/* Playing the compiler: first without packing, then with it. */
#include <elf.h>
#include <string.h>

#include "emit/c_layout.h"
#include "emit/walk.h"

#define DEPTH_MAX 64
#define UNKNOWN_ALIGN 0xff

/* One attempt at a structure. Positions are in bits. */
struct attempt {
	struct gap_c_layout *layout;
	struct gap_c_plan *plan;
	uint64_t at, size;
	uint32_t align; /* bits, of the strictest member */
	bool packed, is_union, no_memory;
};

static uint32_t align_of(struct gap_c_layout *layout, gap_type_id id, unsigned depth);

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* ---- writing the plan ---- */

static void put(struct attempt *attempt, enum gap_c_part part, uint32_t row, uint64_t count)
{
	struct gap_c_item *item = gap_c_items_push(&attempt->plan->items);

	if (item)
		*item = (struct gap_c_item){part, row, count};
	else
		attempt->no_memory = true;
}

/* Fills up to a bit position: the rest of this byte, whole bytes, the beginning of the last one. */
static void pad_to(struct attempt *attempt, uint64_t target)
{
	uint64_t byte_end = round_up(attempt->at, 8), last_byte = target / 8 * 8;

	if (byte_end > target)
		byte_end = target;
	if (byte_end > attempt->at)
		put(attempt, GAP_C_PAD_BITS, 0, byte_end - attempt->at);
	if (last_byte > byte_end) {
		put(attempt, GAP_C_PAD_BYTES, 0, (last_byte - byte_end) / 8);
		byte_end = last_byte;
	}
	if (target > byte_end)
		put(attempt, GAP_C_PAD_BITS, 0, target - byte_end);
	attempt->at = target;
}

/* ---- placing ---- */

/* What a member asks of its place. */
struct asked {
	uint64_t offset, size; /* bits */
	uint32_t align, unit;  /* bits; @unit: of a bit-field's type, else 0 */
};

static uint64_t natural(const struct attempt *attempt, const struct asked *asked, uint64_t at)
{
	if (!asked->unit)
		return round_up(at, asked->align);
	if (attempt->packed || at % asked->align + asked->size <= asked->unit)
		return at;
	return round_up(at, asked->align);
}

/* Whether the compiler can be brought to put it at its offset. */
static bool place(struct attempt *attempt, const struct asked *asked, uint32_t row)
{
	if (natural(attempt, asked, attempt->at) > asked->offset ||
	    natural(attempt, asked, asked->offset) != asked->offset)
		return false;
	if (natural(attempt, asked, attempt->at) != asked->offset)
		pad_to(attempt, asked->offset);
	put(attempt, GAP_C_MEMBER, row, 0);
	if (asked->align > attempt->align)
		attempt->align = asked->align;
	attempt->at = asked->offset + asked->size;
	return true;
}

static bool place_in_union(struct attempt *attempt, const struct asked *asked, uint32_t row)
{
	if (asked->offset != 0)
		return false;
	put(attempt, GAP_C_MEMBER, row, 0);
	if (asked->align > attempt->align)
		attempt->align = asked->align;
	if (asked->size > attempt->at)
		attempt->at = asked->size;
	return true;
}

static bool ask(struct attempt *attempt, const struct gap_member *member, unsigned depth,
		struct asked *asked)
{
	struct gap_type type;

	if (!gap_profile_type(attempt->layout->profile, member->type, &type) ||
	    type.size_bytes > UINT64_MAX / 16)
		return false;
	asked->offset = member->offset_bits;
	asked->size = member->width_bits ? member->width_bits : type.size_bytes * 8;
	asked->unit = member->width_bits ? (uint32_t)type.size_bytes * 8 : 0;
	asked->align = 8 * align_of(attempt->layout, member->type, depth + 1);
	if (attempt->packed)
		asked->align = asked->unit ? 1 : 8;
	return asked->unit || asked->offset % 8 == 0;
}

/* The end: does the size come out right? */
static bool finish(struct attempt *attempt)
{
	uint32_t align = attempt->align < 8 ? 8 : attempt->align;

	if (attempt->at > attempt->size || attempt->size % align)
		return false;
	if (round_up(attempt->at, align) != attempt->size) {
		if (attempt->is_union) {
			put(attempt, GAP_C_PAD_BYTES, 0, attempt->size / 8);
		} else {
			pad_to(attempt, attempt->size);
		}
	}
	attempt->plan->align_bytes = align / 8;
	return true;
}

/* A packed structure keeps what alignment its size allows. */
static void align_packed(struct attempt *attempt, uint32_t natural_bytes)
{
	uint32_t align = 1;

	while (align < natural_bytes && align < 64 && attempt->size / 8 % (align * 2u) == 0 &&
	       attempt->size > 0)
		align *= 2;
	attempt->plan->packed = true;
	attempt->plan->align_bytes = align;
}

/* Tries all members; false when one does not fit, which packing cannot excuse. */
static bool attempt_members(struct attempt *attempt, const struct gap_type *type, unsigned depth)
{
	attempt->plan->items.count = 0;
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		struct asked asked;
		bool placed;

		if (!gap_profile_member(attempt->layout->profile, type->first + i, &member))
			return true;
		placed = ask(attempt, &member, depth, &asked) &&
			 asked.offset + asked.size <= attempt->size &&
			 (attempt->is_union ? place_in_union(attempt, &asked, type->first + i)
					    : place(attempt, &asked, type->first + i));
		if (!placed && !attempt->packed)
			return false;
		if (!placed)
			put(attempt, GAP_C_LEFT_OUT, type->first + i, 0);
	}
	return finish(attempt) || attempt->packed;
}

static uint32_t strictest(struct gap_c_layout *layout, const struct gap_type *type, unsigned depth)
{
	uint32_t most = 1;

	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		uint32_t align;

		if (!gap_profile_member(layout->profile, type->first + i, &member))
			break;
		align = align_of(layout, member.type, depth + 1);
		if (align > most)
			most = align;
	}
	return most;
}

static bool plan_aggregate(struct gap_c_layout *layout, gap_type_id id, unsigned depth,
			   struct gap_c_plan *plan)
{
	struct gap_type type;
	struct attempt attempt = {.layout = layout, .plan = plan};

	*plan = (struct gap_c_plan){.align_bytes = 1};
	if (!gap_profile_type(layout->profile, id, &type) || !gap_type_is_aggregate(&type) ||
	    type.size_bytes > UINT64_MAX / 16)
		return true;
	attempt.size = type.size_bytes * 8;
	attempt.is_union = type.kind == GAP_KIND_UNION;
	if (!attempt_members(&attempt, &type, depth)) {
		attempt.packed = true;
		attempt.at = attempt.align = 0;
		attempt_members(&attempt, &type, depth);
		align_packed(&attempt, strictest(layout, &type, depth));
	}
	return !attempt.no_memory;
}

/* ---- alignments ---- */

static uint32_t align_of_scalar(const struct gap_c_layout *layout, uint64_t size_bytes)
{
	uint32_t align = 1;

	while (align * 2u <= size_bytes && align < layout->scalar_align_max)
		align *= 2;
	return size_bytes % align == 0 ? align : 1;
}

static uint32_t align_of_aggregate(struct gap_c_layout *layout, gap_type_id id, unsigned depth)
{
	struct gap_c_plan plan;
	uint32_t align;

	(void)!plan_aggregate(layout, id, depth, &plan);
	align = plan.align_bytes;
	gap_c_plan_deinit(&plan);
	return align;
}

static uint32_t compute_align(struct gap_c_layout *layout, const struct gap_type *type,
			      gap_type_id id, unsigned depth)
{
	switch (type->kind) {
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		return align_of_aggregate(layout, id, depth);
	case GAP_KIND_TYPEDEF:
	case GAP_KIND_CONST:
	case GAP_KIND_VOLATILE:
	case GAP_KIND_RESTRICT:
	case GAP_KIND_ATOMIC:
	case GAP_KIND_ARRAY:
		return align_of(layout, type->ref, depth + 1);
	case GAP_KIND_INT:
	case GAP_KIND_FLOAT:
	case GAP_KIND_POINTER:
	case GAP_KIND_ENUM:
	case GAP_KIND_UNKNOWN:
		return gap_c_scalar_is_bytes(type) ? 1 : align_of_scalar(layout, type->size_bytes);
	default:
		return 1;
	}
}

static uint32_t align_of(struct gap_c_layout *layout, gap_type_id id, unsigned depth)
{
	struct gap_type type;
	uint32_t align;

	if (depth > DEPTH_MAX || !gap_profile_type(layout->profile, id, &type))
		return 1;
	if (layout->align_log2[id] != UNKNOWN_ALIGN)
		return 1u << layout->align_log2[id];
	align = compute_align(layout, &type, id, depth);
	layout->align_log2[id] = (uint8_t)__builtin_ctz(align);
	return align;
}

bool gap_c_scalar_is_bytes(const struct gap_type *type)
{
	uint64_t size = type->size_bytes;

	if (type->kind == GAP_KIND_FLOAT)
		return size != 4 && size != 8;
	if (type->kind == GAP_KIND_UNKNOWN)
		return size != 1 && size != 2 && size != 4 && size != 8;
	return size != 1 && size != 2 && size != 4 && size != 8 && size != 16;
}

/* ---- the interface ---- */

enum gap_status gap_c_layout_init(struct gap_c_layout *layout, const struct gap_profile *profile,
				  struct gap_error *error)
{
	uint32_t types = gap_profile_count(profile, GAP_TABLE_TYPES);
	struct gap_target target;

	gap_profile_target(profile, &target);
	/* i386 (System V ABI, Intel386 supplement): nothing is aligned to more than 4 bytes. */
	*layout = (struct gap_c_layout){.profile = profile,
					.scalar_align_max = target.machine == EM_386 ? 4 : 16};
	layout->align_log2 = malloc(types + 1u);
	if (!layout->align_log2)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	memset(layout->align_log2, UNKNOWN_ALIGN, types + 1u);
	return GAP_OK;
}

void gap_c_layout_deinit(struct gap_c_layout *layout)
{
	free(layout->align_log2);
}

uint32_t gap_c_align(struct gap_c_layout *layout, gap_type_id type)
{
	return align_of(layout, type, 0);
}

enum gap_status gap_c_plan(struct gap_c_layout *layout, gap_type_id aggregate,
			   struct gap_c_plan *plan)
{
	if (plan_aggregate(layout, aggregate, 0, plan))
		return GAP_OK;
	gap_c_plan_deinit(plan);
	return GAP_NO_MEMORY;
}

void gap_c_plan_deinit(struct gap_c_plan *plan)
{
	free(plan->items.items);
}
