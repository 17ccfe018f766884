/* SPDX-License-Identifier: MIT */
/*
 * Adding units to the merger: each unit's nodes are turned, bottom-up, into nodes of the shared
 * graph.
 *
 * A node is turned in one of two ways. *By value* (a member, an element) a named structure stands
 * for its content. *Behind a pointer* it stands for its name alone, because that is all a unit need
 * know of it; which definition is meant is settled when all units are in. As C has no cycles by
 * value, the first way always ends.
 */
#include <string.h>

#include "profile/merger.h"

#define DEPTH_MAX 1000 /* of types by value inside one another: no compiler comes near */

#define MEMO_UNKNOWN (GAP_NONE - 1)
#define MEMO_BUSY (GAP_NONE - 2)

void gap_unit_clear(struct gap_unit *unit)
{
	unit->types.count = 0;
	unit->members.count = 0;
	unit->enumerators.count = 0;
	unit->parameters.count = 0;
	unit->symbols.count = 0;
}

void gap_unit_deinit(struct gap_unit *unit)
{
	free(unit->types.items);
	free(unit->members.items);
	free(unit->enumerators.items);
	free(unit->parameters.items);
	free(unit->symbols.items);
	*unit = (struct gap_unit){0};
}

enum gap_status gap_merger_create(struct gap_builder *builder, struct gap_merger **merger,
				  struct gap_error *error)
{
	struct gap_merger *made = calloc(1, sizeof(*made));

	if (!made || !gap_graph_init(&made->graph)) {
		gap_merger_destroy(made);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	made->builder = builder;
	*merger = made;
	return GAP_OK;
}

void gap_merger_destroy(struct gap_merger *merger)
{
	if (!merger)
		return;
	gap_graph_deinit(&merger->graph);
	free(merger->starts.items);
	free(merger->occurrences.items);
	free(merger->symbols.items);
	free(merger->by_value);
	free(merger->behind);
	free(merger->member_stack.items);
	free(merger->parameter_stack.items);
	free(merger);
}

static gap_token fail(struct gap_merger *merger, enum gap_status status, const char *text)
{
	if (!merger->status)
		merger->status = gap_fail(merger->error, status, "%s", text);
	return GAP_TOKEN_VOID;
}

static gap_token fail_memory(struct gap_merger *merger)
{
	return fail(merger, GAP_NO_MEMORY, "out of memory while merging types");
}

static gap_token convert(struct gap_merger *merger, uint32_t at, bool behind, int depth);

static gap_token intern(struct gap_merger *merger, const struct gap_node *node,
			const struct gap_entries *entries)
{
	gap_token token = gap_graph_intern(&merger->graph, node, entries);

	return token == GAP_NONE ? fail_memory(merger) : token;
}

static gap_token nominal(struct gap_merger *merger, const struct gap_unit_type *type)
{
	gap_token token = gap_graph_nominal(&merger->graph, (enum gap_kind)type->kind, type->name);

	return token == GAP_NONE ? fail_memory(merger) : token;
}

/* Children are converted onto a stack first: converting one may intern others of its kind. */
static gap_token convert_members(struct gap_merger *merger, const struct gap_unit_type *type,
				 struct gap_node *node, int depth)
{
	struct gap_node_members *stack = &merger->member_stack;
	uint32_t base = stack->count;
	struct gap_entries entries = {0};
	gap_token token;

	if (!gap_node_members_extend(stack, type->entries))
		return fail_memory(merger);
	for (uint32_t i = 0; i < type->entries; i++) {
		struct gap_build_member member = merger->unit->members.items[type->first + i];

		member.type = convert(merger, member.type, false, depth + 1);
		stack->items[base + i] = member;
	}
	entries.members = stack->items + base;
	token = intern(merger, node, &entries);
	stack->count = base;
	return token;
}

static gap_token convert_function(struct gap_merger *merger, const struct gap_unit_type *type,
				  struct gap_node *node, int depth)
{
	struct gap_node_parameters *stack = &merger->parameter_stack;
	uint32_t base = stack->count;
	struct gap_entries entries = {0};
	gap_token token;

	if (!gap_node_parameters_extend(stack, type->entries))
		return fail_memory(merger);
	node->ref = convert(merger, type->ref, true, depth + 1);
	for (uint32_t i = 0; i < type->entries; i++) {
		struct gap_build_parameter row = merger->unit->parameters.items[type->first + i];

		row.type = convert(merger, row.type, true, depth + 1);
		stack->items[base + i] = row;
	}
	entries.parameters = stack->items + base;
	token = intern(merger, node, &entries);
	stack->count = base;
	return token;
}

static gap_token convert_content(struct gap_merger *merger, const struct gap_unit_type *type,
				 bool behind, int depth)
{
	struct gap_node node = {
		.size_bytes = type->size_bytes,
		.count = type->count,
		.name = type->name,
		.file = type->file,
		.line = type->line,
		.ref = GAP_TOKEN_VOID,
		.entries = type->entries,
		.align_bytes = type->align_bytes,
		.nominal = GAP_NONE,
		.kind = type->kind,
		.flags = type->flags,
	};
	struct gap_entries entries = {0};

	switch (type->kind) {
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		return convert_members(merger, type, &node, depth);
	case GAP_KIND_FUNCTION:
		return convert_function(merger, type, &node, depth);
	case GAP_KIND_ENUM:
		if (type->entries)
			entries.enumerators = merger->unit->enumerators.items + type->first;
		return intern(merger, &node, &entries);
	case GAP_KIND_POINTER:
		node.ref = convert(merger, type->ref, true, depth + 1);
		return intern(merger, &node, &entries);
	default:
		node.ref = convert(merger, type->ref, behind, depth + 1);
		return intern(merger, &node, &entries);
	}
}

/* The token of a unit's node; the memo makes it once per way. */
static gap_token convert(struct gap_merger *merger, uint32_t at, bool behind, int depth)
{
	const struct gap_unit_type *type;
	gap_token *memo, token;

	if (at == GAP_NONE || merger->status)
		return GAP_TOKEN_VOID;
	type = &merger->unit->types.items[at];
	memo = behind ? &merger->behind[at] : &merger->by_value[at];
	if (*memo != MEMO_UNKNOWN && *memo != MEMO_BUSY)
		return *memo;
	if (depth > DEPTH_MAX)
		return fail(merger, GAP_CORRUPT,
			    "debug information is damaged: types nest without end");
	if (gap_kind_is_tag(type->kind) &&
	    (*memo == MEMO_BUSY || (type->flags & GAP_TYPE_INCOMPLETE) || (behind && type->name)))
		return nominal(merger, type);
	if (*memo == MEMO_BUSY)
		return fail(merger, GAP_CORRUPT,
			    "debug information is damaged: a type contains itself");
	*memo = MEMO_BUSY;
	token = convert_content(merger, type, behind, depth);
	/* The vectors behind the memos do not move while a unit is converted. */
	*memo = token;
	return token;
}

static bool in_range(uint32_t first, uint32_t entries, uint32_t count)
{
	return entries == 0 || (first < count && entries <= count - first);
}

static bool node_good(uint32_t node, const struct gap_unit *unit)
{
	return node == GAP_NONE || node < unit->types.count;
}

static bool unit_good(const struct gap_unit *unit)
{
	bool good = true;

	for (uint32_t i = 0; i < unit->types.count; i++) {
		const struct gap_unit_type *type = &unit->types.items[i];
		uint32_t count = type->kind == GAP_KIND_ENUM       ? unit->enumerators.count
				 : type->kind == GAP_KIND_FUNCTION ? unit->parameters.count
								   : unit->members.count;

		good &= node_good(type->ref, unit) && type->kind < GAP_KIND_COUNT &&
			in_range(type->first, type->entries, count);
	}
	for (uint32_t i = 0; i < unit->members.count; i++)
		good &= node_good(unit->members.items[i].type, unit);
	for (uint32_t i = 0; i < unit->parameters.count; i++)
		good &= node_good(unit->parameters.items[i].type, unit);
	for (uint32_t i = 0; i < unit->symbols.count; i++)
		good &= node_good(unit->symbols.items[i].type, unit);
	return good;
}

static bool prepare_memo(struct gap_merger *merger, uint32_t count)
{
	if (count > merger->memo_capacity) {
		free(merger->by_value);
		free(merger->behind);
		merger->memo_capacity = count + count / 2;
		merger->by_value = malloc(merger->memo_capacity * sizeof(gap_token));
		merger->behind = malloc(merger->memo_capacity * sizeof(gap_token));
		if (!merger->by_value || !merger->behind)
			return false;
	}
	for (uint32_t i = 0; i < count; i++)
		merger->by_value[i] = merger->behind[i] = MEMO_UNKNOWN;
	return true;
}

static bool is_root(const struct gap_unit_type *type)
{
	/* An enum without a name is there for its constants. */
	if (!type->name)
		return type->kind == GAP_KIND_ENUM && type->entries;
	return type->kind == GAP_KIND_TYPEDEF || type->kind == GAP_KIND_INT ||
	       type->kind == GAP_KIND_FLOAT ||
	       (gap_kind_is_tag(type->kind) && !(type->flags & GAP_TYPE_INCOMPLETE));
}

static void convert_roots(struct gap_merger *merger, const struct gap_unit *unit)
{
	for (uint32_t i = 0; i < unit->types.count && !merger->status; i++) {
		gap_token token;
		uint32_t *row;

		if (!is_root(&unit->types.items[i]))
			continue;
		token = convert(merger, i, false, 0);
		row = gap_rows_push(&merger->occurrences);
		if (row)
			*row = token;
		else
			fail_memory(merger);
	}
}

static void convert_symbols(struct gap_merger *merger, const struct gap_unit *unit)
{
	for (uint32_t i = 0; i < unit->symbols.count && !merger->status; i++) {
		const struct gap_unit_symbol *symbol = &unit->symbols.items[i];
		gap_token token = convert(merger, symbol->type, false, 0);
		struct gap_merged_symbol *row = gap_merged_symbols_push(&merger->symbols);

		if (row)
			*row = (struct gap_merged_symbol){symbol->name, token, symbol->address,
							  merger->starts.count - 1, unit->module};
		else
			fail_memory(merger);
	}
}

enum gap_status gap_merger_add(struct gap_merger *merger, const struct gap_unit *unit,
			       struct gap_error *error)
{
	uint32_t *start;

	merger->error = error;
	merger->unit = unit;
	if (merger->status)
		return merger->status;
	if (!unit_good(unit))
		return gap_fail(error, GAP_CORRUPT, "a unit refers to types that it does not have");
	start = gap_rows_push(&merger->starts);
	if (!start || !prepare_memo(merger, unit->types.count)) {
		fail_memory(merger);
		return merger->status;
	}
	*start = merger->occurrences.count;
	convert_roots(merger, unit);
	convert_symbols(merger, unit);
	merger->unit = NULL;
	merger->error = NULL;
	return merger->status;
}
