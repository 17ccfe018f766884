/* SPDX-License-Identifier: MIT */
/*
 * The builder: a profile in the making. Sources add strings, types, symbols and identity; freeze
 * turns the whole into an image (docs/blob-format.md) and is the only way from one to the other.
 *
 * Running out of memory is sticky: the functions that return an id then return 0 and freeze reports
 * it, so that sources need not check every call. One builder is for one thread at a time.
 */
#ifndef SEMGAP_BUILDER_H
#define SEMGAP_BUILDER_H

#include <stdbool.h>

#include "runtime/include/semgap/profile.h"

struct gap_builder;

/** An interned string of a builder; 0 is "". Equal texts have equal ids. */
typedef uint32_t gap_text;

struct gap_build_member {
	gap_text name; /* 0 anonymous */
	gap_type_id type;
	uint64_t offset_bits;
	uint32_t width_bits; /* 0: not a bit-field */
};

struct gap_build_enumerator {
	gap_text name;
	uint64_t value;
};

struct gap_build_parameter {
	gap_text name; /* 0 unknown */
	gap_type_id type;
};

/** One type as a source describes it. The arrays are copied. */
struct gap_build_type {
	enum gap_kind kind;
	uint32_t flags; /* enum gap_type_flag */
	gap_text name;
	uint32_t align_bytes; /* declared alignment, 0 natural */
	uint64_t size_bytes;  /* INT FLOAT POINTER STRUCT UNION ENUM UNKNOWN; others 0 */
	gap_type_id ref;      /* target, element, return type */
	uint64_t count;       /* ARRAY: elements. Otherwise: entries of the array below */
	const struct gap_build_member *members;
	const struct gap_build_enumerator *enumerators;
	const struct gap_build_parameter *parameters;
	/* Where it is declared; 0 unknown. @units: how many units define it. */
	gap_text file;
	uint32_t line, units;
};

struct gap_build_symbol {
	gap_text name;
	gap_text file; /* 0 unknown */
	uint64_t address, size_bytes;
	gap_type_id type; /* GAP_NONE unknown */
	enum gap_symbol_kind kind;
	uint32_t flags; /* enum gap_symbol_flag */
};

/** Which build it is. Pointers are copied; zero is unknown. */
struct gap_build_target {
	uint16_t machine;
	uint8_t pointer_bytes, paging_levels;
	uint8_t build_id_bytes;
	const uint8_t *build_id;
	const char *release;
	const void *banner; /* without the final zero byte */
	uint32_t banner_bytes;
	const uint8_t *banner_hash; /* only where the banner itself is not at hand */
	const char *tool_version;
};

struct gap_build_source {
	enum gap_source_kind kind;
	uint8_t build_id_bytes;
	const uint8_t *build_id;
	const char *digest, *note; /* NULL none */
};

enum gap_status gap_builder_create(struct gap_builder **builder,
				   struct gap_error *error) GAP_MUST_CHECK;
void gap_builder_destroy(struct gap_builder *builder);

/** Interns @length bytes (no zero byte among them). */
gap_text gap_builder_text(struct gap_builder *builder, const char *text, size_t length);
/** The same for a C string; NULL is "". */
gap_text gap_builder_name(struct gap_builder *builder, const char *text);
/** The text of an id; lives as long as the builder. */
const char *gap_builder_string(const struct gap_builder *builder, gap_text text);

/**
 * Adds a type and returns its id. Row 0, void, is there from the start. References may point to
 * types that do not exist yet; freeze checks them all.
 */
gap_type_id gap_builder_type_add(struct gap_builder *builder, const struct gap_build_type *type);

/** Reserves @count consecutive ids, to be filled by gap_builder_type_set(); returns the first.
 * Until then: UNKNOWN. */
gap_type_id gap_builder_type_reserve(struct gap_builder *builder, uint32_t count);
void gap_builder_type_set(struct gap_builder *builder, gap_type_id id,
			  const struct gap_build_type *type);
uint32_t gap_builder_type_count(const struct gap_builder *builder);
/** Whether some structure or union called @type has a direct member @member. Looks at every type:
 * not for a loop. */
bool gap_builder_has_member(const struct gap_builder *builder, const char *type,
			    const char *member);

void gap_builder_symbol_add(struct gap_builder *builder, const struct gap_build_symbol *symbol);
uint32_t gap_builder_symbol_count(const struct gap_builder *builder);

/**
 * Gives the symbol at @address with @name its type, whether it is added before or after. What
 * matches no symbol is dropped at freeze: a debugger's variable without a symbol has no place in
 * memory that we know of.
 */
void gap_builder_symbol_type(struct gap_builder *builder, gap_text name, uint64_t address,
			     gap_type_id type);

/** Calls for every name and address that gap_builder_symbol_type() was told of. */
void gap_builder_typings(const struct gap_builder *builder,
			 void (*visit)(void *context, const char *name, uint64_t address),
			 void *context);

/** The same for sources that know no addresses (BTF): applies where exactly one symbol has the
 * name. */
void gap_builder_symbol_type_by_name(struct gap_builder *builder, gap_text name, gap_type_id type);

/** The symbol that was added as the @index-th; valid until the next is added. NULL: no such one. */
const struct gap_build_symbol *gap_builder_symbol_at(const struct gap_builder *builder,
						     uint32_t index);

/** Address of the first symbol of a name that was added; false when there is none. */
bool gap_builder_symbol_find(const struct gap_builder *builder, const char *name,
			     uint64_t *address);

/**
 * Adds a kernel module and returns its number, from 1; 0 without memory. Its symbols are known by section and offset.
 */
uint32_t gap_builder_module_add(struct gap_builder *builder, const char *name,
				const uint8_t *build_id, uint8_t build_id_bytes);
bool gap_builder_module_known(const struct gap_builder *builder, const char *name);

struct gap_build_module_symbol {
	uint32_t module; /* from gap_builder_module_add() */
	gap_text section, name;
	uint64_t offset, size_bytes;
	gap_type_id type; /* GAP_NONE unknown */
	enum gap_symbol_kind kind;
	uint32_t flags;
};
void gap_builder_module_symbol_add(struct gap_builder *builder,
				   const struct gap_build_module_symbol *symbol);
/** Gives a module's symbol of that name, at that offset of its section, its type; UINT64_MAX: wherever it is. */
void gap_builder_module_symbol_type(struct gap_builder *builder, uint32_t module, gap_text name,
				    uint64_t offset, gap_type_id type);
uint32_t gap_builder_module_symbol_count(const struct gap_builder *builder);

/**
 * Makes one of types that are equal: what several modules have in common. And an incomplete structure of any source that
 * has one definition becomes that. Ids change: none may be kept.
 */
void gap_builder_types_unify(struct gap_builder *builder);

/** Sets what is known of the target; later calls fill in what was unknown and never overwrite. */
void gap_builder_target_set(struct gap_builder *builder, const struct gap_build_target *target);

/** Release of the target, "" unknown. */
const char *gap_builder_release(const struct gap_builder *builder);

/** Pointer size of the target, 8 where it is unknown. */
uint8_t gap_builder_pointer_bytes(const struct gap_builder *builder);

/** Declares the source that all rows of @table come from, and returns its index. */
uint32_t gap_builder_source_add(struct gap_builder *builder, const struct gap_build_source *source);
void gap_builder_source_default(struct gap_builder *builder, enum gap_table table, uint32_t source);

/** Marks one row as learnt otherwise than its table's default: members by (type, position). */
struct gap_build_exception {
	enum gap_table table;
	uint32_t row;      /* type id, symbol in order of addition */
	uint32_t position; /* of the member or enumerator in the type @row */
	uint32_t source;
	uint8_t method;
	double confidence;
	uint32_t runner_up; /* GAP_NONE none */
	gap_text witnesses;
};
void gap_builder_exception_add(struct gap_builder *builder,
			       const struct gap_build_exception *exception);

enum gap_freeze_flag {
	GAP_FREEZE_MINIMAL = 1 /* no indices, no provenance, no declarations, no banner text: the
				  blob of one monitor */
};

/**
 * Writes the image into fresh memory (free() it). The same additions give the same bytes. Errors:
 * GAP_NO_MEMORY; GAP_CORRUPT (a reference to a type that does not exist; a type that contains
 * itself); GAP_UNSUPPORTED (over 4 GiB: the image, or a member's offset).
 */
enum gap_status gap_builder_freeze(struct gap_builder *builder, unsigned flags, void **image,
				   size_t *size_bytes, struct gap_error *error) GAP_MUST_CHECK;

#endif
