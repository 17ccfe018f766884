/* SPDX-License-Identifier: MIT */
/*
 * The order of types in an image. Two needs meet here: the reader's, that whatever a type contains
 * by value lies before it (so that every chain ends), and reproducibility's, that the order depends
 * on what the types are and not on the order in which a source told of them.
 *
 * Content hashes are bottom-up: by value a type counts with its whole content, behind a pointer a
 * named aggregate counts by its name alone. C has no by-value cycles, so this ends; input that has
 * one is refused.
 */
#include <string.h>

#include "profile/rows.h"
#include "runtime/format.h"

#define DEPTH_MAX 200 /* of the hash alone; deeper types hash less sharply, nothing else */

struct hashes {
	struct gap_builder *builder;
	uint64_t *by_value, *behind_pointer; /* 0 unknown yet */
	uint64_t *name;                      /* of texts */
	uint8_t *busy;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0xff51afd7ed558ccdu;
	hash ^= hash >> 32;
	hash *= 0xc4ceb9fe1a85ec53u;
	return hash ^ (hash >> 29);
}

static uint64_t name_hash(struct hashes *hashes, gap_text text)
{
	const struct gap_string *row = &hashes->builder->strings.rows.items[text];

	if (!hashes->name[text]) {
		uint64_t hash = row->length + 1;

		for (uint32_t i = 0; i < row->length; i++)
			hash = (hash ^ (unsigned char)row->text[i]) * 0x100000001b3u;
		hashes->name[text] = mix(hash, 1) | 1;
	}
	return hashes->name[text];
}

static uint64_t hash_of(struct hashes *hashes, gap_type_id id, bool behind_pointer, int depth);

static uint64_t hash_members(struct hashes *hashes, const struct gap_row_type *type, uint64_t hash,
			     int depth)
{
	for (uint64_t i = 0; i < type->count; i++) {
		const struct gap_build_member *member =
			&hashes->builder->members.items[type->first + i];

		hash = mix(hash, name_hash(hashes, member->name));
		hash = mix(hash, member->offset_bits * 256 + member->width_bits);
		hash = mix(hash, hash_of(hashes, member->type, false, depth));
	}
	return hash;
}

static uint64_t hash_enumerators(struct hashes *hashes, const struct gap_row_type *type,
				 uint64_t hash)
{
	for (uint64_t i = 0; i < type->count; i++) {
		const struct gap_build_enumerator *row =
			&hashes->builder->enumerators.items[type->first + i];

		hash = mix(mix(hash, name_hash(hashes, row->name)), row->value);
	}
	return hash;
}

static uint64_t hash_parameters(struct hashes *hashes, const struct gap_row_type *type,
				uint64_t hash, int depth)
{
	for (uint64_t i = 0; i < type->count; i++) {
		const struct gap_build_parameter *row =
			&hashes->builder->parameters.items[type->first + i];

		hash = mix(hash, name_hash(hashes, row->name));
		hash = mix(hash, hash_of(hashes, row->type, true, depth));
	}
	return hash;
}

static uint64_t hash_content(struct hashes *hashes, const struct gap_row_type *type,
			     bool behind_pointer, int depth)
{
	uint64_t hash = mix(type->kind, name_hash(hashes, type->name));

	if (behind_pointer && type->name && gap_row_is_aggregate(type))
		return hash;
	hash = mix(hash, type->flags + ((uint64_t)type->align_bytes << 8));
	hash = mix(mix(hash, type->size_bytes), type->count);
	switch (type->kind) {
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		return hash_members(hashes, type, hash, depth);
	case GAP_KIND_ENUM:
		return hash_enumerators(hashes, type, hash);
	case GAP_KIND_FUNCTION:
		hash = mix(hash, hash_of(hashes, type->ref, true, depth));
		return hash_parameters(hashes, type, hash, depth);
	case GAP_KIND_POINTER:
		return mix(hash, hash_of(hashes, type->ref, true, depth));
	case GAP_KIND_ARRAY:
		return mix(hash, hash_of(hashes, type->ref, behind_pointer, depth));
	default:
		if (gap_row_is_alias(type))
			return mix(hash, hash_of(hashes, type->ref, behind_pointer, depth));
		return hash;
	}
}

static uint64_t hash_of(struct hashes *hashes, gap_type_id id, bool behind_pointer, int depth)
{
	uint64_t *memo = behind_pointer ? hashes->behind_pointer : hashes->by_value;
	uint64_t hash;

	if (memo[id])
		return memo[id];
	if (depth > DEPTH_MAX || (hashes->busy[id] & (1 << behind_pointer)))
		return 2;
	hashes->busy[id] |= (uint8_t)(1 << behind_pointer);
	hash = hash_content(hashes, &hashes->builder->types.items[id], behind_pointer, depth + 1);
	hashes->busy[id] &= (uint8_t) ~(1 << behind_pointer);
	memo[id] = hash | 1;
	return memo[id];
}

/* ---- sorting ---- */

struct sort_key {
	const char *name;
	uint64_t shape; /* what debug information and BTF tell alike: sizes, names, places */
	uint64_t content;
	gap_type_id id;
	uint8_t kind;
	bool named;
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Named types first, by kind, name and content; then the others by kind and content. Ties keep the
 * source's order. */
static int compare_keys(const void *left, const void *right)
{
	const struct sort_key *a = left, *b = right;
	int difference = (int)b->named - (int)a->named;

	if (!difference)
		difference = (int)a->kind - (int)b->kind;
	if (!difference)
		difference = strcmp(a->name, b->name);
	if (!difference)
		difference = compare_u64(a->shape, b->shape);
	if (!difference)
		difference = compare_u64(a->content, b->content);
	return difference ? difference : compare_u64(a->id, b->id);
}

/* So that a name's definitions are numbered alike whichever source told of them. */
static uint64_t shape_of(struct hashes *hashes, const struct gap_row_type *type)
{
	uint64_t hash = mix(type->size_bytes, type->count);

	if (!type->name)
		return 0;
	for (uint64_t i = 0; gap_row_is_aggregate(type) && i < type->count; i++) {
		const struct gap_build_member *member =
			&hashes->builder->members.items[type->first + i];

		hash = mix(hash, name_hash(hashes, member->name));
		hash = mix(hash, member->offset_bits * 256 + member->width_bits);
	}
	return type->kind == GAP_KIND_ENUM ? hash_enumerators(hashes, type, hash) : hash;
}

static struct sort_key *sorted_types(struct hashes *hashes)
{
	struct gap_builder *builder = hashes->builder;
	uint32_t count = builder->types.count;
	struct sort_key *keys = calloc(count, sizeof(*keys));

	for (uint32_t id = 0; keys && id < count; id++) {
		const struct gap_row_type *type = &builder->types.items[id];

		keys[id] = (struct sort_key){
			.name = gap_builder_string(builder, type->name),
			.shape = shape_of(hashes, type),
			.content = hash_of(hashes, id, false, 0),
			.id = id,
			.kind = type->kind,
			.named = type->name != 0 && id != 0,
		};
	}
	if (keys && count > 1) /* row 0 stays void */
		qsort(keys + 1, count - 1, sizeof(*keys), compare_keys);
	return keys;
}

/* ---- by value before the container ---- */

struct visit {
	gap_type_id id;
	uint64_t next; /* child to look at next */
};

GAP_VECTOR(visits, struct visit);

struct placing {
	struct gap_builder *builder;
	struct gap_order *order;
	uint8_t *state; /* 0 new, 1 on the stack, 2 placed */
	uint32_t placed;
	struct visits stack;
};

/* The @index-th type that @id contains by value, or GAP_NONE. */
static gap_type_id child_of(const struct placing *placing, gap_type_id id, uint64_t index)
{
	const struct gap_row_type *type = &placing->builder->types.items[id];

	if (gap_row_is_aggregate(type))
		return index < type->count
			       ? placing->builder->members.items[type->first + index].type
			       : GAP_NONE;
	if (index == 0 && (type->kind == GAP_KIND_ARRAY || gap_row_is_alias(type)))
		return type->ref;
	return GAP_NONE;
}

static bool push(struct placing *placing, gap_type_id id)
{
	struct visit *visit = visits_push(&placing->stack);

	if (!visit)
		return false;
	*visit = (struct visit){id, 0};
	placing->state[id] = 1;
	return true;
}

static void put(struct placing *placing, gap_type_id id)
{
	placing->state[id] = 2;
	placing->order->old_of_new[placing->placed] = id;
	placing->order->new_of_old[id] = placing->placed++;
}

static enum gap_status fail_cycle(struct placing *placing, gap_type_id id, struct gap_error *error)
{
	const struct gap_row_type *type = &placing->builder->types.items[id];
	const char *name = gap_builder_string(placing->builder, type->name);

	return gap_fail(error, GAP_CORRUPT, "type %u (%s %.200s) contains itself", id,
			gap_kind_name((enum gap_kind)type->kind), *name ? name : "without name");
}

static enum gap_status place(struct placing *placing, gap_type_id root, struct gap_error *error)
{
	if (placing->state[root])
		return GAP_OK;
	if (!push(placing, root))
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	while (placing->stack.count > 0) {
		struct visit *top = &placing->stack.items[placing->stack.count - 1];
		gap_type_id child = child_of(placing, top->id, top->next++);

		if (child == GAP_NONE) {
			put(placing, top->id);
			placing->stack.count--;
		} else if (placing->state[child] == 1) {
			return fail_cycle(placing, child, error);
		} else if (placing->state[child] == 0 && !push(placing, child)) {
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		}
	}
	return GAP_OK;
}

/* In the order found, what a type is derived from comes before it. */
static enum gap_status check_depths(const struct gap_builder *builder,
				    const struct gap_order *order, struct gap_error *error)
{
	uint32_t count = builder->types.count;
	uint16_t *depth = calloc(count, sizeof(*depth));
	enum gap_status status = depth ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory");

	for (uint32_t i = 0; i < count && !status; i++) {
		gap_type_id id = order->old_of_new[i];
		const struct gap_row_type *type = &builder->types.items[id];

		if (type->kind != GAP_KIND_ARRAY && !gap_row_is_alias(type))
			continue;
		depth[id] = (uint16_t)(depth[type->ref] + 1);
		if (depth[id] > GAP_FORMAT_DEPTH_MAX)
			status = gap_fail(
				error, GAP_UNSUPPORTED,
				"type %u (%s %.200s) stands upon %u typedefs, qualifiers and "
				"arrays; no compiler makes such types",
				id, gap_kind_name((enum gap_kind)type->kind),
				gap_builder_string(builder, type->name), depth[id] - 1u);
	}
	free(depth);
	return status;
}

static enum gap_status place_all(struct gap_builder *builder, const struct sort_key *keys,
				 struct gap_order *order, struct gap_error *error)
{
	uint32_t count = builder->types.count;
	struct placing placing = {.builder = builder, .order = order};
	enum gap_status status = GAP_OK;

	placing.state = calloc(count, 1);
	if (!placing.state)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (uint32_t i = 0; i < count && !status; i++) {
		status = place(&placing, keys[i].id, error);
		if (!status && keys[i].named)
			order->named[order->named_count++] = keys[i].id;
	}
	free(placing.state);
	free(placing.stack.items);
	return status;
}

/* ---- everything together ---- */

static bool range_good(uint64_t first, uint64_t count, uint32_t rows)
{
	return count == 0 || (first < rows && count <= rows - first);
}

static enum gap_status check_references(const struct gap_builder *builder, struct gap_error *error)
{
	uint32_t count = builder->types.count;
	bool good = true;

	for (uint32_t id = 0; id < count; id++) {
		const struct gap_row_type *type = &builder->types.items[id];

		good &= type->kind < GAP_KIND_COUNT && (id == 0) == (type->kind == GAP_KIND_VOID);
		good &= type->ref < count;
		if (gap_row_is_aggregate(type))
			good &= range_good(type->first, type->count, builder->members.count);
	}
	for (uint32_t i = 0; i < builder->members.count; i++)
		good &= builder->members.items[i].type < count;
	for (uint32_t i = 0; i < builder->parameters.count; i++)
		good &= builder->parameters.items[i].type < count;
	return good ? GAP_OK
		    : gap_fail(error, GAP_CORRUPT, "a type refers to a type that does not exist");
}

static bool allocate(struct gap_builder *builder, struct hashes *hashes, struct gap_order *order)
{
	size_t types = builder->types.count;

	hashes->builder = builder;
	hashes->by_value = calloc(types, sizeof(uint64_t));
	hashes->behind_pointer = calloc(types, sizeof(uint64_t));
	hashes->name = calloc(builder->strings.rows.count, sizeof(uint64_t));
	hashes->busy = calloc(types, 1);
	order->old_of_new = calloc(types, sizeof(uint32_t));
	order->new_of_old = calloc(types, sizeof(uint32_t));
	order->named = calloc(types, sizeof(uint32_t));
	return hashes->by_value && hashes->behind_pointer && hashes->name && hashes->busy &&
	       order->old_of_new && order->new_of_old && order->named;
}

enum gap_status gap_order_make(struct gap_builder *builder, struct gap_order *order,
			       struct gap_error *error)
{
	struct hashes hashes = {0};
	struct sort_key *keys = NULL;
	enum gap_status status = check_references(builder, error);

	*order = (struct gap_order){0};
	if (!status && (!allocate(builder, &hashes, order) || !(keys = sorted_types(&hashes))))
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (!status)
		status = place_all(builder, keys, order, error);
	if (!status)
		status = check_depths(builder, order, error);
	free(keys);
	free(hashes.by_value);
	free(hashes.behind_pointer);
	free(hashes.name);
	free(hashes.busy);
	if (status)
		gap_order_deinit(order);
	return status;
}

void gap_order_deinit(struct gap_order *order)
{
	free(order->old_of_new);
	free(order->new_of_old);
	free(order->named);
	*order = (struct gap_order){0};
}
