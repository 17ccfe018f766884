/* SPDX-License-Identifier: MIT */
/* Hash-consing of type nodes. What the nodes mean, and which unit said so, is units.c's. */
#include <string.h>

#include "profile/graph.h"

#define SLOTS_FIRST 4096

static bool slots_init(struct gap_slots *slots)
{
	slots->count = SLOTS_FIRST;
	slots->used = 0;
	slots->items = calloc(slots->count, sizeof(*slots->items));
	return slots->items != NULL;
}

bool gap_graph_init(struct gap_graph *graph)
{
	*graph = (struct gap_graph){0};
	return slots_init(&graph->node_slots) && slots_init(&graph->nominal_slots);
}

void gap_graph_deinit(struct gap_graph *graph)
{
	free(graph->nodes.items);
	free(graph->members.items);
	free(graph->enumerators.items);
	free(graph->parameters.items);
	free(graph->nominals.items);
	free(graph->node_slots.items);
	free(graph->nominal_slots.items);
}

static inline uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0xff51afd7ed558ccdu;
	return hash ^ (hash >> 32);
}

static bool has_members(uint8_t kind)
{
	return kind == GAP_KIND_STRUCT || kind == GAP_KIND_UNION;
}

static uint64_t hash_entries(const struct gap_node *node, const struct gap_entries *entries,
			     uint64_t hash)
{
	for (uint32_t i = 0; i < node->entries; i++) {
		if (has_members(node->kind)) {
			const struct gap_build_member *row = &entries->members[i];

			hash = mix(hash, row->name | (uint64_t)row->type << 32);
			hash = mix(hash, row->offset_bits ^ (uint64_t)row->width_bits << 48);
		} else if (node->kind == GAP_KIND_ENUM) {
			hash = mix(hash, entries->enumerators[i].name);
			hash = mix(hash, entries->enumerators[i].value);
		} else {
			hash = mix(hash, entries->parameters[i].name |
						 (uint64_t)entries->parameters[i].type << 32);
		}
	}
	return hash;
}

static uint32_t hash_node(const struct gap_node *node, const struct gap_entries *entries)
{
	uint64_t hash = mix(node->kind | (uint64_t)node->flags << 8 | (uint64_t)node->name << 32,
			    node->size_bytes);

	hash = mix(hash, node->count);
	hash = mix(hash, node->ref | (uint64_t)node->align_bytes << 32);
	hash = hash_entries(node, entries, hash);
	return (uint32_t)(hash ^ (hash >> 29));
}

static bool entries_equal(const struct gap_node *node, const struct gap_entries *one,
			  const struct gap_entries *other)
{
	for (uint32_t i = 0; i < node->entries; i++) {
		if (has_members(node->kind)) {
			const struct gap_build_member *a = &one->members[i];
			const struct gap_build_member *b = &other->members[i];

			if (a->name != b->name || a->type != b->type ||
			    a->offset_bits != b->offset_bits || a->width_bits != b->width_bits)
				return false;
		} else if (node->kind == GAP_KIND_ENUM) {
			if (one->enumerators[i].name != other->enumerators[i].name ||
			    one->enumerators[i].value != other->enumerators[i].value)
				return false;
		} else if (one->parameters[i].name != other->parameters[i].name ||
			   one->parameters[i].type != other->parameters[i].type) {
			return false;
		}
	}
	return true;
}

struct gap_entries gap_graph_entries(const struct gap_graph *graph, const struct gap_node *node)
{
	struct gap_entries entries = {0};

	if (node->entries == 0)
		return entries;
	if (has_members(node->kind))
		entries.members = graph->members.items + node->first;
	else if (node->kind == GAP_KIND_ENUM)
		entries.enumerators = graph->enumerators.items + node->first;
	else
		entries.parameters = graph->parameters.items + node->first;
	return entries;
}

static bool nodes_equal(const struct gap_graph *graph, const struct gap_node *node,
			const struct gap_node *like, const struct gap_entries *entries)
{
	struct gap_entries own;

	if (node->hash != like->hash || node->kind != like->kind || node->flags != like->flags ||
	    node->name != like->name || node->size_bytes != like->size_bytes ||
	    node->count != like->count || node->ref != like->ref ||
	    node->align_bytes != like->align_bytes || node->entries != like->entries)
		return false;
	own = gap_graph_entries(graph, node);
	return entries_equal(node, &own, entries);
}

static uint32_t nominal_hash(uint8_t kind, gap_text name)
{
	return (uint32_t)(mix(kind, name) >> 7);
}

static uint32_t row_hash(const struct gap_graph *graph, uint32_t row, bool nominal)
{
	if (nominal)
		return nominal_hash(graph->nominals.items[row].kind,
				    graph->nominals.items[row].name);
	return graph->nodes.items[row].hash;
}

static bool slots_grow(struct gap_slots *slots, const struct gap_graph *graph, bool nominal)
{
	uint32_t larger = slots->count * 2, mask = larger - 1;
	uint32_t *items;

	if (slots->used < slots->count / 2)
		return true;
	items = larger ? calloc(larger, sizeof(*items)) : NULL;
	if (!items)
		return false;
	for (uint32_t i = 0; i < slots->count; i++) {
		uint32_t at;

		if (!slots->items[i])
			continue;
		at = row_hash(graph, slots->items[i] - 1, nominal) & mask;
		while (items[at])
			at = (at + 1) & mask;
		items[at] = slots->items[i];
	}
	free(slots->items);
	slots->items = items;
	slots->count = larger;
	return true;
}

static uint32_t *find_node(const struct gap_graph *graph, const struct gap_node *like,
			   const struct gap_entries *entries)
{
	uint32_t mask = graph->node_slots.count - 1;

	for (uint32_t at = like->hash & mask;; at = (at + 1) & mask) {
		uint32_t *slot = &graph->node_slots.items[at];

		if (*slot == 0 || nodes_equal(graph, &graph->nodes.items[*slot - 1], like, entries))
			return slot;
	}
}

/* Copies entries behind those of the graph; GAP_NONE without memory. */
static uint32_t keep_entries(struct gap_graph *graph, const struct gap_node *node,
			     const struct gap_entries *entries)
{
	uint32_t count = node->entries, first;
	void *room;

	if (count == 0)
		return 0;
	if (has_members(node->kind)) {
		first = graph->members.count;
		room = gap_node_members_extend(&graph->members, count);
		if (room)
			memcpy(room, entries->members, count * sizeof(*entries->members));
	} else if (node->kind == GAP_KIND_ENUM) {
		first = graph->enumerators.count;
		room = gap_node_enumerators_extend(&graph->enumerators, count);
		if (room)
			memcpy(room, entries->enumerators, count * sizeof(*entries->enumerators));
	} else {
		first = graph->parameters.count;
		room = gap_node_parameters_extend(&graph->parameters, count);
		if (room)
			memcpy(room, entries->parameters, count * sizeof(*entries->parameters));
	}
	return room ? first : GAP_NONE;
}

gap_token gap_graph_intern(struct gap_graph *graph, const struct gap_node *like,
			   const struct gap_entries *entries)
{
	struct gap_node node = *like;
	struct gap_node *added;
	uint32_t *slot;

	node.hash = hash_node(&node, entries);
	slot = find_node(graph, &node, entries);
	if (*slot) {
		struct gap_node *known = &graph->nodes.items[*slot - 1];

		/* The first unit need not have known where it is declared. */
		if (!known->file) {
			known->file = node.file;
			known->line = node.line;
		}
		return *slot - 1;
	}
	node.first = keep_entries(graph, &node, entries);
	added = node.first == GAP_NONE ? NULL : gap_nodes_push(&graph->nodes);
	if (!added || graph->nodes.count >= GAP_TOKEN_NOMINAL)
		return GAP_NONE;
	*added = node;
	*slot = graph->nodes.count;
	graph->node_slots.used++;
	if (!slots_grow(&graph->node_slots, graph, false))
		return GAP_NONE;
	return graph->nodes.count - 1;
}

gap_token gap_graph_nominal(struct gap_graph *graph, enum gap_kind kind, gap_text name)
{
	struct gap_slots *slots = &graph->nominal_slots;
	uint32_t mask = slots->count - 1;
	uint32_t at = nominal_hash((uint8_t)kind, name) & mask;
	struct gap_nominal *added;

	for (; slots->items[at]; at = (at + 1) & mask) {
		const struct gap_nominal *row = &graph->nominals.items[slots->items[at] - 1];

		if (row->kind == kind && row->name == name)
			return (slots->items[at] - 1) | GAP_TOKEN_NOMINAL;
	}
	added = gap_nominals_push(&graph->nominals);
	if (!added)
		return GAP_NONE;
	*added = (struct gap_nominal){.name = name, .kind = (uint8_t)kind, .body = GAP_NONE};
	slots->items[at] = graph->nominals.count;
	slots->used++;
	if (!slots_grow(slots, graph, true))
		return GAP_NONE;
	return (graph->nominals.count - 1) | GAP_TOKEN_NOMINAL;
}

bool gap_graph_restart(struct gap_graph *graph)
{
	free(graph->node_slots.items);
	return slots_init(&graph->node_slots);
}

gap_token gap_graph_enter(struct gap_graph *graph, uint32_t row)
{
	struct gap_node *node = &graph->nodes.items[row];
	struct gap_entries entries = gap_graph_entries(graph, node);
	uint32_t *slot;

	node->hash = hash_node(node, &entries);
	slot = find_node(graph, node, &entries);
	if (*slot)
		return *slot - 1;
	*slot = row + 1;
	graph->node_slots.used++;
	return slots_grow(&graph->node_slots, graph, false) ? row : GAP_NONE;
}
