/* SPDX-License-Identifier: MIT */
/*
 * An opened image, as the files of the runtime share it: pointers to its tables, all validated.
 * What has been validated at open is read without further checks.
 */
#ifndef SEMGAP_IMAGE_H
#define SEMGAP_IMAGE_H

#include "runtime/format.h"
#include "semgap/profile.h"

struct gap_index {
	const uint32_t *starts; /* bucket_count + 1 of them; NULL: no index */
	const uint32_t *rows;
	uint32_t mask;
};

struct gap_profile {
	const unsigned char *image;
	size_t size_bytes;
	int mapped; /* ours to unmap */

	const struct gap_format_identity *identity;
	const char *strings;
	uint32_t strings_bytes;
	const struct gap_format_type *types;
	const struct gap_format_member *members;
	const struct gap_format_enumerator *enumerators;
	const struct gap_format_parameter *parameters;
	const struct gap_format_symbol *symbols;
	const struct gap_format_source *sources;
	const struct gap_format_default *defaults;
	const struct gap_format_exception *exceptions;
	const struct gap_format_declaration *declarations;
	const struct gap_format_symbol_file *symbol_files;
	const struct gap_format_module *modules;
	const struct gap_format_module_symbol *module_symbols;
	uint32_t type_count, member_count, enumerator_count, parameter_count, symbol_count;
	uint32_t source_count, default_count, exception_count, declaration_count, symbol_file_count;
	uint32_t module_count, module_symbol_count;

	struct gap_index type_index, member_index, symbol_index, enumerator_index;
};

static inline const char *gap_image_string(const struct gap_profile *profile, uint32_t offset)
{
	return profile->strings + offset;
}

/** Exceptions are sorted by this, without duplicates. */
static inline uint64_t gap_image_exception_key(const struct gap_format_exception *exception)
{
	return (uint64_t)exception->section << 32 | exception->row;
}

static inline int gap_image_is_aggregate(const struct gap_format_type *type)
{
	return type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION;
}

/** Kinds whose meaning is another type's: a typedef or a qualifier. */
static inline int gap_image_is_alias(const struct gap_format_type *type)
{
	return type->kind >= GAP_KIND_TYPEDEF && type->kind <= GAP_KIND_ATOMIC;
}

/** Kinds that have the size of another type, or a multiple of it. */
static inline int gap_image_is_derived(const struct gap_format_type *type)
{
	return type->kind == GAP_KIND_ARRAY || gap_image_is_alias(type);
}

/** Bytes of a type by its row; a function keeps something else there. */
static inline uint32_t gap_image_size(const struct gap_format_type *type)
{
	return type->kind == GAP_KIND_FUNCTION ? 0 : type->size;
}

#endif
