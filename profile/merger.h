/* SPDX-License-Identifier: MIT */
/* The merger from inside: units.c fills it, unit by unit; resolve.c finishes it. */
#ifndef SEMGAP_MERGER_H
#define SEMGAP_MERGER_H

#include "profile/graph.h"
#include "profile/units.h"

struct gap_merged_symbol {
	gap_text name;
	gap_token type;
	uint64_t address;
	uint32_t unit, module;
};

GAP_VECTOR(gap_rows, uint32_t);
GAP_VECTOR(gap_merged_symbols, struct gap_merged_symbol);

struct gap_merger {
	struct gap_builder *builder;
	struct gap_graph graph;
	/* Which named definitions and typedefs each unit has: nodes of unit u are
	 * occurrences[starts[u] … starts[u + 1]). */
	struct gap_rows starts, occurrences;
	struct gap_merged_symbols symbols;

	/* Of the unit that is being added. */
	const struct gap_unit *unit;
	gap_token *by_value, *behind; /* memo, one each per node of the unit */
	uint32_t memo_capacity;
	struct gap_node_members member_stack;
	struct gap_node_parameters parameter_stack;
	enum gap_status status;
	struct gap_error *error;
};

static inline bool gap_kind_is_tag(uint8_t kind)
{
	return kind == GAP_KIND_STRUCT || kind == GAP_KIND_UNION || kind == GAP_KIND_ENUM;
}

#endif
