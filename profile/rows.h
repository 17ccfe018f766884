/* SPDX-License-Identifier: MIT */
/* The builder from inside: its rows, as builder.c fills them, order.c sorts them and freeze.c
 * writes them. */
#ifndef SEMGAP_ROWS_H
#define SEMGAP_ROWS_H

#include "profile/builder.h"
#include "profile/strings.h"

struct gap_row_type {
	uint64_t size_bytes, count; /* count: elements of an array, else entries from @first */
	gap_text name, file;
	uint32_t line, units;
	gap_type_id ref;
	uint32_t first; /* of members, enumerators or parameters */
	uint32_t align_bytes;
	uint8_t kind, flags;
};

struct gap_row_typing {
	uint64_t address;
	gap_text name;
	gap_type_id type;
};

struct gap_row_source {
	struct gap_build_source source; /* its pointers are not used */
	uint8_t build_id[64];
	gap_text digest, note;
};

struct gap_row_module {
	gap_text name;
	uint8_t build_id[64], build_id_bytes;
};

struct gap_row_module_typing {
	uint32_t module;
	gap_text name;
	uint64_t offset; /* UINT64_MAX: wherever it is */
	gap_type_id type;
};

GAP_VECTOR(gap_types, struct gap_row_type);
GAP_VECTOR(gap_members, struct gap_build_member);
GAP_VECTOR(gap_enumerators, struct gap_build_enumerator);
GAP_VECTOR(gap_parameters, struct gap_build_parameter);
GAP_VECTOR(gap_symbols, struct gap_build_symbol);
GAP_VECTOR(gap_typings, struct gap_row_typing);
GAP_VECTOR(gap_sources, struct gap_row_source);
GAP_VECTOR(gap_exceptions, struct gap_build_exception);
GAP_VECTOR(gap_module_rows, struct gap_row_module);
GAP_VECTOR(gap_module_symbols, struct gap_build_module_symbol);
GAP_VECTOR(gap_module_typings, struct gap_row_module_typing);

#define GAP_TABLE_COUNT 5

struct gap_builder {
	struct gap_strings strings;
	struct gap_types types;
	struct gap_members members;
	struct gap_enumerators enumerators;
	struct gap_parameters parameters;
	struct gap_symbols symbols;
	struct gap_typings typings, name_typings; /* the latter know no address */
	struct gap_sources sources;
	struct gap_exceptions exceptions;
	struct gap_module_rows modules;
	struct gap_module_symbols module_symbols;
	struct gap_module_typings module_typings;
	uint32_t default_source[GAP_TABLE_COUNT]; /* GAP_NONE unknown */
	struct gap_build_target target;           /* its pointers are ours, below */
	uint8_t build_id[64];
	uint8_t banner_hash[16];
	void *banner;
	gap_text release, tool;
	bool out_of_memory;
};

static inline bool gap_row_is_alias(const struct gap_row_type *type)
{
	return type->kind >= GAP_KIND_TYPEDEF && type->kind <= GAP_KIND_ATOMIC;
}

static inline bool gap_row_is_aggregate(const struct gap_row_type *type)
{
	return type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION;
}

/** Gives module symbols their types; at freeze. */
void gap_rows_type_module_symbols(struct gap_builder *builder);
/** Modules by name, and symbols by module, section, offset, name: rows in the order in which they are written. */
bool gap_rows_order_modules(struct gap_builder *builder, uint32_t **modules, uint32_t **symbols);

/**
 * The order in which types are written: by value before their containers, named ones by kind, name
 * and content.
 * @old_of_new and @new_of_old have one entry a type; @named lists the named ones (old ids) in the
 * order of #N.
 */
struct gap_order {
	uint32_t *old_of_new, *new_of_old;
	uint32_t *named;
	uint32_t named_count;
};

enum gap_status gap_order_make(struct gap_builder *builder, struct gap_order *order,
			       struct gap_error *error) GAP_MUST_CHECK;
void gap_order_deinit(struct gap_order *order);

#endif
