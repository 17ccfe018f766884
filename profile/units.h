/* SPDX-License-Identifier: MIT */
/*
 * Merging the type graphs of compilation units into one. A kernel's debug information tells of the
 * same eight thousand structures in two thousand units, a million times; a reader hands over one
 * unit after another as plain arrays, and the merger keeps each distinct type once.
 *
 * What counts as the same, and what becomes of names with several definitions, is in
 * docs/decisions/merging-units.md.
 */
#ifndef SEMGAP_UNITS_H
#define SEMGAP_UNITS_H

#include "profile/builder.h"
#include "profile/vector.h"

/** A node of a unit's type graph. Nodes refer to each other by index; GAP_NONE is void. */
struct gap_unit_type {
	uint64_t size_bytes;
	uint64_t count; /* ARRAY: elements */
	gap_text name, file;
	uint32_t line;
	uint32_t ref;   /* node: target, element, return type; GAP_NONE void */
	uint32_t first; /* entries in the unit's table: members, enumerators, parameters */
	uint32_t entries;
	uint32_t align_bytes;
	uint8_t kind;  /* enum gap_kind */
	uint8_t flags; /* enum gap_type_flag */
};

/** Members and parameters of a unit: their type is a node. */
GAP_VECTOR(gap_unit_types, struct gap_unit_type);
GAP_VECTOR(gap_unit_members, struct gap_build_member);
GAP_VECTOR(gap_unit_enumerators, struct gap_build_enumerator);
GAP_VECTOR(gap_unit_parameters, struct gap_build_parameter);

/** A variable or function with a place in memory; @type is a node. */
#define GAP_UNIT_ADDRESS_UNKNOWN UINT64_MAX /* a function in several pieces: known by its name */
struct gap_unit_symbol {
	gap_text name;
	uint32_t type;
	uint64_t address;
};
GAP_VECTOR(gap_unit_symbols, struct gap_unit_symbol);

struct gap_unit {
	struct gap_unit_types types;
	struct gap_unit_members members;
	struct gap_unit_enumerators enumerators;
	struct gap_unit_parameters parameters;
	struct gap_unit_symbols symbols;
	uint32_t module; /* whose symbols these are; 0: the kernel's */
};

void gap_unit_clear(struct gap_unit *unit); /* keeps the memory */
void gap_unit_deinit(struct gap_unit *unit);

struct gap_merger;

enum gap_status gap_merger_create(struct gap_builder *builder, struct gap_merger **merger,
				  struct gap_error *error) GAP_MUST_CHECK;
void gap_merger_destroy(struct gap_merger *merger);

/** Takes in one unit. All nodes must lie in the unit's arrays (GAP_CORRUPT otherwise). */
enum gap_status gap_merger_add(struct gap_merger *merger, const struct gap_unit *unit,
			       struct gap_error *error) GAP_MUST_CHECK;

/** What came of it. */
struct gap_merge_report {
	uint32_t conflicting_names; /* names of tags with several definitions */
	uint32_t unresolved;        /* declarations that fit several definitions: left incomplete */
};

/** Adds the merged types, and the symbols' typings, to the builder. Once, at the end. */
enum gap_status gap_merger_finish(struct gap_merger *merger, struct gap_merge_report *report,
				  struct gap_error *error) GAP_MUST_CHECK;

#endif
