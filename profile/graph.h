/* SPDX-License-Identifier: MIT */
/*
 * The merger's graph: hash-consed nodes. Two nodes with equal content are one. A reference is a
 * token: a node, void, or a *nominal*, "the struct called x, whichever definition that is", which
 * is what a pointer in C refers to.
 */
#ifndef SEMGAP_GRAPH_H
#define SEMGAP_GRAPH_H

#include "profile/builder.h"
#include "profile/vector.h"

typedef uint32_t gap_token;

#define GAP_TOKEN_VOID GAP_NONE
#define GAP_TOKEN_NOMINAL 0x80000000u

static inline bool gap_token_is_nominal(gap_token token)
{
	return token != GAP_TOKEN_VOID && (token & GAP_TOKEN_NOMINAL);
}

static inline bool gap_token_is_node(gap_token token)
{
	return !(token & GAP_TOKEN_NOMINAL);
}

static inline uint32_t gap_token_row(gap_token token)
{
	return token & ~GAP_TOKEN_NOMINAL;
}

struct gap_node {
	uint64_t size_bytes, count;
	gap_text name, file;
	uint32_t line;
	gap_token ref;
	uint32_t first, entries;
	uint32_t align_bytes;
	uint32_t hash;
	uint32_t nominal; /* of a named, complete tag; GAP_NONE otherwise */
	uint32_t units;   /* that have it, of what goes by a name; counted at the end */
	uint8_t kind, flags;
};

/** A tag's name, and how many distinct definitions of it are left. */
struct gap_nominal {
	gap_text name;
	uint8_t kind;
	uint32_t bodies; /* distinct definitions */
	uint32_t body;   /* one of them; the only one when bodies == 1 */
};

GAP_VECTOR(gap_nodes, struct gap_node);
GAP_VECTOR(gap_nominals, struct gap_nominal);
GAP_VECTOR(gap_node_members, struct gap_build_member); /* type: a token */
GAP_VECTOR(gap_node_enumerators, struct gap_build_enumerator);
GAP_VECTOR(gap_node_parameters, struct gap_build_parameter); /* type: a token */

/** An open-addressed set of row numbers + 1; 0 free. */
struct gap_slots {
	uint32_t *items;
	uint32_t count, used;
};

struct gap_graph {
	struct gap_nodes nodes;
	struct gap_node_members members;
	struct gap_node_enumerators enumerators;
	struct gap_node_parameters parameters;
	struct gap_slots node_slots;
	struct gap_nominals nominals;
	struct gap_slots nominal_slots;
};

bool gap_graph_init(struct gap_graph *graph);
void gap_graph_deinit(struct gap_graph *graph);

/** Entries of a node that is about to be interned: one of the arrays, by kind. */
struct gap_entries {
	const struct gap_build_member *members;
	const struct gap_build_enumerator *enumerators;
	const struct gap_build_parameter *parameters;
};

/**
 * The node equal to @like with @entries, made if there is none. @like->first and ->hash are not
 * looked at; file and line do not count. Returns GAP_NONE without memory.
 */
gap_token gap_graph_intern(struct gap_graph *graph, const struct gap_node *like,
			   const struct gap_entries *entries);

/** Entries of a node where they lie now; valid until the next intern. */
struct gap_entries gap_graph_entries(const struct gap_graph *graph, const struct gap_node *node);

/** The token for a tag's name; GAP_NONE without memory. */
gap_token gap_graph_nominal(struct gap_graph *graph, enum gap_kind kind, gap_text name);

/** Forgets which nodes exist, not the nodes: the next intern of equal content makes a new one or
 * re-enters @row. */
bool gap_graph_restart(struct gap_graph *graph);
/** Enters an existing node; returns the equal one that was entered before, or @row itself. GAP_NONE
 * without memory. */
gap_token gap_graph_enter(struct gap_graph *graph, uint32_t row);

#endif
