/* SPDX-License-Identifier: MIT */
/*
 * Making one of equal types that several sources told of: BTF of modules repeats what modules share. Two types are equal
 * when nothing that can be reached from them differs. That is found by refinement: each type has a colour, at first what
 * it says itself, then again and again that and the colours of what it refers to, until no more colours appear. Types of
 * one colour are one type.
 */
#include <string.h>

#include "profile/rows.h"

#define ROUNDS_MAX 64

struct unifying {
	struct gap_builder *builder;
	uint32_t count;
	uint64_t *colour, *next;
	gap_type_id *same; /* the type that stands for it; itself if it stays */
	gap_type_id *stands;
	uint32_t *slots; /* hash of colours: type + 1 */
	uint32_t slot_mask;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0xff51afd7ed558ccdu;
	hash ^= hash >> 32;
	hash *= 0xc4ceb9fe1a85ec53u;
	return hash ^ (hash >> 29);
}

/* ---- colours ---- */

static uint64_t own_colour(const struct gap_builder *builder, const struct gap_row_type *type)
{
	uint64_t hash = mix(mix(type->kind, type->flags), type->name);

	hash = mix(mix(hash, type->size_bytes), mix(type->count, type->align_bytes));
	for (uint64_t i = 0; i < type->count; i++) {
		if (gap_row_is_aggregate(type)) {
			const struct gap_build_member *row =
				&builder->members.items[type->first + i];

			hash = mix(mix(hash, row->name), row->offset_bits * 256 + row->width_bits);
		} else if (type->kind == GAP_KIND_ENUM) {
			const struct gap_build_enumerator *row =
				&builder->enumerators.items[type->first + i];

			hash = mix(mix(hash, row->name), row->value);
		} else if (type->kind == GAP_KIND_FUNCTION) {
			hash = mix(hash, builder->parameters.items[type->first + i].name);
		} else {
			break;
		}
	}
	return hash;
}

static uint64_t refined(const struct unifying *unifying, gap_type_id id)
{
	const struct gap_builder *builder = unifying->builder;
	const struct gap_row_type *type = &builder->types.items[id];
	const uint64_t *colour = unifying->colour;
	const gap_type_id *same = unifying->same;
	uint64_t hash = mix(colour[id], colour[same[type->ref]]);

	for (uint64_t i = 0; gap_row_is_aggregate(type) && i < type->count; i++)
		hash = mix(hash, colour[same[builder->members.items[type->first + i].type]]);
	for (uint64_t i = 0; type->kind == GAP_KIND_FUNCTION && i < type->count; i++)
		hash = mix(hash, colour[same[builder->parameters.items[type->first + i].type]]);
	return hash;
}

/* The slot of a colour: taken by the first type that has it, or free. */
static uint32_t *slot_of(const struct unifying *unifying, uint64_t colour)
{
	for (uint32_t at = (uint32_t)colour & unifying->slot_mask;;
	     at = (at + 1) & unifying->slot_mask) {
		uint32_t *slot = &unifying->slots[at];

		if (*slot == 0 || unifying->colour[*slot - 1] == colour)
			return slot;
	}
}

/* How many colours there are; @stands, where wanted, gets the first type of each type's colour. */
static uint32_t classify(const struct unifying *unifying, gap_type_id *stands)
{
	uint32_t classes = 0;

	memset(unifying->slots, 0, ((size_t)unifying->slot_mask + 1) * sizeof(uint32_t));
	for (gap_type_id id = 0; id < unifying->count; id++) {
		uint32_t *slot = slot_of(unifying, unifying->colour[id]);

		classes += *slot == 0;
		if (*slot == 0)
			*slot = id + 1;
		if (stands)
			stands[id] = *slot - 1;
	}
	return classes;
}

/* Whether the colours came to rest. */
static bool refine(struct unifying *unifying)
{
	uint32_t before = 0, classes = classify(unifying, NULL);

	for (unsigned round = 0; round < ROUNDS_MAX && classes != before; round++) {
		uint64_t *last = unifying->colour;

		for (gap_type_id id = 0; id < unifying->count; id++)
			unifying->next[id] = refined(unifying, id);
		unifying->colour = unifying->next;
		unifying->next = last;
		before = classes;
		classes = classify(unifying, NULL);
	}
	return classes == before;
}

/* ---- incomplete structures ---- */

struct definition {
	gap_type_id type;
	bool several; /* that differ in what they say themselves */
};

static bool is_tag(const struct gap_row_type *type)
{
	return type->name && gap_row_is_aggregate(type);
}

static struct definition *definition_of(struct definition *by_name, const struct gap_row_type *type)
{
	return &by_name[2 * (size_t)type->name + (type->kind == GAP_KIND_UNION)];
}

/* What is only declared, and defined once, is the definition. @by_name has two entries a text; colours are the first. */
static void complete(struct unifying *unifying, struct definition *by_name)
{
	const struct gap_row_type *types = unifying->builder->types.items;

	for (gap_type_id id = 1; id < unifying->count; id++) {
		struct definition *definition = definition_of(by_name, &types[id]);

		if (!is_tag(&types[id]) || (types[id].flags & GAP_TYPE_INCOMPLETE))
			continue;
		if (definition->type == 0)
			definition->type = id;
		else if (unifying->colour[definition->type] != unifying->colour[id])
			definition->several = true;
	}
	for (gap_type_id id = 1; id < unifying->count; id++) {
		const struct definition *definition = definition_of(by_name, &types[id]);

		if (is_tag(&types[id]) && (types[id].flags & GAP_TYPE_INCOMPLETE) &&
		    definition->type && !definition->several)
			unifying->same[id] = definition->type;
	}
}

/* Declarations first, so that what refers to them and what refers to their definitions are equal. */
static void unify(struct unifying *unifying, struct definition *by_name)
{
	for (gap_type_id id = 0; id < unifying->count; id++) {
		unifying->same[id] = id;
		unifying->colour[id] =
			own_colour(unifying->builder, &unifying->builder->types.items[id]);
	}
	complete(unifying, by_name);
	if (!refine(unifying))
		return;
	classify(unifying, unifying->stands);
	for (gap_type_id id = 0; id < unifying->count; id++)
		unifying->same[id] = unifying->stands[unifying->same[id]];
}

/* ---- new numbers ---- */

static void renumber_entries(struct gap_builder *builder, const gap_type_id *now)
{
	for (uint32_t i = 0; i < builder->types.count; i++)
		builder->types.items[i].ref = now[builder->types.items[i].ref];
	for (uint32_t i = 0; i < builder->members.count; i++)
		builder->members.items[i].type = now[builder->members.items[i].type];
	for (uint32_t i = 0; i < builder->parameters.count; i++)
		builder->parameters.items[i].type = now[builder->parameters.items[i].type];
}

static void renumber_one(gap_type_id *type, const gap_type_id *now, uint32_t count)
{
	if (*type < count)
		*type = now[*type];
}

static void renumber_symbols(struct gap_builder *builder, const gap_type_id *now, uint32_t count)
{
	for (uint32_t i = 0; i < builder->symbols.count; i++)
		renumber_one(&builder->symbols.items[i].type, now, count);
	for (uint32_t i = 0; i < builder->typings.count; i++)
		renumber_one(&builder->typings.items[i].type, now, count);
	for (uint32_t i = 0; i < builder->name_typings.count; i++)
		renumber_one(&builder->name_typings.items[i].type, now, count);
	for (uint32_t i = 0; i < builder->module_symbols.count; i++)
		renumber_one(&builder->module_symbols.items[i].type, now, count);
	for (uint32_t i = 0; i < builder->module_typings.count; i++)
		renumber_one(&builder->module_typings.items[i].type, now, count);
	for (uint32_t i = 0; i < builder->exceptions.count; i++)
		if (builder->exceptions.items[i].table != GAP_TABLE_SYMBOLS)
			renumber_one(&builder->exceptions.items[i].row, now, count);
}

/* Types that stay move up; their members and parameters stay where they are, those of others are not written. */
static void compact(struct unifying *unifying)
{
	struct gap_builder *builder = unifying->builder;
	gap_type_id *now = unifying->slots; /* as many fit */
	uint32_t kept = 0;

	for (gap_type_id id = 0; id < unifying->count; id++)
		if (unifying->same[id] == id)
			now[id] = kept++;
	for (gap_type_id id = 0; id < unifying->count; id++)
		if (unifying->same[id] != id)
			now[id] = now[unifying->same[id]];
	renumber_entries(builder, now);
	renumber_symbols(builder, now, unifying->count);
	for (gap_type_id id = 0; id < unifying->count; id++)
		if (unifying->same[id] == id)
			builder->types.items[now[id]] = builder->types.items[id];
	builder->types.count = kept;
}

/* References must lie in the table: otherwise freeze says so. */
static bool references_good(const struct gap_builder *builder)
{
	uint32_t count = builder->types.count;
	bool good = true;

	for (uint32_t i = 0; i < count; i++)
		good &= builder->types.items[i].ref < count;
	for (uint32_t i = 0; i < builder->members.count; i++)
		good &= builder->members.items[i].type < count;
	for (uint32_t i = 0; i < builder->parameters.count; i++)
		good &= builder->parameters.items[i].type < count;
	return good;
}

static bool allocate(struct unifying *unifying)
{
	uint32_t slots = 1024;

	while (slots < unifying->count * 2ull && slots < 1u << 31)
		slots *= 2;
	unifying->slot_mask = slots - 1;
	unifying->colour = calloc(unifying->count, sizeof(uint64_t));
	unifying->next = calloc(unifying->count, sizeof(uint64_t));
	unifying->same = calloc(unifying->count, sizeof(gap_type_id));
	unifying->stands = calloc(unifying->count, sizeof(gap_type_id));
	unifying->slots = calloc(slots, sizeof(uint32_t));
	return unifying->colour && unifying->next && unifying->same && unifying->stands &&
	       unifying->slots;
}

void gap_builder_types_unify(struct gap_builder *builder)
{
	struct unifying unifying = {.builder = builder, .count = builder->types.count};
	struct definition *by_name;

	if (builder->out_of_memory || !references_good(builder))
		return;
	by_name = calloc(2 * (size_t)builder->strings.rows.count, sizeof(*by_name));
	if (allocate(&unifying) && by_name) {
		unify(&unifying, by_name);
		compact(&unifying);
	} else {
		builder->out_of_memory = true;
	}
	free(unifying.colour);
	free(unifying.next);
	free(unifying.same);
	free(unifying.stands);
	free(unifying.slots);
	free(by_name);
}
