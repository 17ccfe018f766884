/* SPDX-License-Identifier: MIT */
/*
 * A profile: what one kernel build looks like in memory, read in place from an image (.gap file,
 * docs/blob-format.md). Immutable after opening: any number of threads may use one profile at once
 * without locks. No function here allocates, but for the two that open.
 */
#ifndef SEMGAP_PROFILE_H
#define SEMGAP_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gap_profile;

/** A type: its row in the profile. 0 is void. */
typedef uint32_t gap_type_id;

#define GAP_NONE UINT32_MAX /* no type, no symbol, no row */

enum gap_kind {
	GAP_KIND_VOID = 0,
	GAP_KIND_INT,
	GAP_KIND_FLOAT,
	GAP_KIND_POINTER,
	GAP_KIND_ARRAY,
	GAP_KIND_STRUCT,
	GAP_KIND_UNION,
	GAP_KIND_ENUM,
	GAP_KIND_TYPEDEF,
	GAP_KIND_CONST,
	GAP_KIND_VOLATILE,
	GAP_KIND_RESTRICT,
	GAP_KIND_ATOMIC,
	GAP_KIND_FUNCTION,
	GAP_KIND_UNKNOWN,
	GAP_KIND_COUNT
};

enum gap_type_flag {
	GAP_TYPE_SIGNED = 1,
	GAP_TYPE_CHAR = 2,
	GAP_TYPE_BOOL = 4,
	GAP_TYPE_FLEXIBLE = 8, /* ARRAY: no bound was written; FUNCTION: variadic */
	GAP_TYPE_INCOMPLETE = 16,
	GAP_TYPE_SIZE_UNKNOWN = 32,
	GAP_TYPE_PARTIAL = 64,
	GAP_TYPE_AMBIGUOUS = 128
};

/** One type. Strings live as long as the profile. */
struct gap_type {
	const char *name; /* "" when anonymous */
	enum gap_kind kind;
	uint32_t flags;       /* enum gap_type_flag */
	uint32_t align_bytes; /* declared alignment; 0 natural */
	uint64_t size_bytes;  /* of the type itself, typedefs and qualifiers followed; 0 for
				 functions, void */
	gap_type_id ref;      /* target, element or return type; 0 otherwise */
	uint32_t first;       /* row of the first member, enumerator or parameter */
	uint32_t count;       /* members, enumerators, parameters, or elements of an array */
};

struct gap_member {
	const char *name; /* "" when anonymous */
	gap_type_id type;
	uint64_t offset_bits; /* from the start of the aggregate; counted from the least significant
				 bit */
	uint32_t width_bits;  /* 0: not a bit-field */
};

struct gap_enumerator {
	const char *name;
	uint64_t value; /* two's complement; GAP_TYPE_SIGNED of its enum tells how to read it */
};

struct gap_parameter {
	const char *name; /* "" unknown */
	gap_type_id type;
};

enum gap_symbol_kind { GAP_SYMBOL_OTHER = 0, GAP_SYMBOL_DATA = 1, GAP_SYMBOL_FUNCTION = 2 };

enum gap_symbol_flag {
	GAP_SYMBOL_LOCAL = 1,
	GAP_SYMBOL_WEAK = 2,
	GAP_SYMBOL_PERCPU = 4,
	GAP_SYMBOL_ABSOLUTE = 8
};

struct gap_symbol {
	const char *name;
	uint64_t address;    /* as linked; per-CPU: offset in the per-CPU area */
	uint64_t size_bytes; /* 0 unknown */
	gap_type_id type;    /* GAP_NONE unknown */
	enum gap_symbol_kind kind;
	uint32_t flags; /* enum gap_symbol_flag */
};

/** Which build a profile describes. What the input did not tell is 0, NULL or "". */
struct gap_target {
	uint16_t machine; /* ELF e_machine */
	uint8_t pointer_bytes;
	uint8_t paging_levels; /* 0 unknown */
	uint8_t build_id_bytes;
	const uint8_t *build_id;
	const char *release;
	const char *tool_version;
	const uint8_t *banner; /* exact bytes of linux_banner without the final zero byte */
	uint32_t banner_bytes;
	const uint8_t *banner_hash; /* 16 bytes, gap_banner_hash(); NULL unknown */
};

/** Where a member is: the answer to a path like "se.cfs_rq" or "comm". */
struct gap_location {
	uint64_t offset_bits; /* from the start of the type the path began in */
	uint32_t width_bits;  /* 0: not a bit-field */
	gap_type_id type;
	uint64_t size_bytes; /* of the member's type */
};

/** Tables of a profile, for gap_profile_count(). */
enum gap_table {
	GAP_TABLE_TYPES,
	GAP_TABLE_MEMBERS,
	GAP_TABLE_ENUMERATORS,
	GAP_TABLE_PARAMETERS,
	GAP_TABLE_SYMBOLS
};

/**
 * Opens and validates an image. The file is mapped until gap_profile_close().
 * Errors: GAP_IO; GAP_CORRUPT (not an image, altered, cut); GAP_UNSUPPORTED (newer format);
 * GAP_NO_MEMORY.
 */
GAP_API enum gap_status gap_profile_open(const char *path, struct gap_profile **profile,
					 struct gap_error *error) GAP_MUST_CHECK;

/**
 * The same for an image in memory, which stays the caller's and must outlive the profile unchanged.
 * @image must be aligned to 8 bytes.
 */
GAP_API enum gap_status gap_profile_open_image(const void *image, size_t size_bytes,
					       struct gap_profile **profile,
					       struct gap_error *error) GAP_MUST_CHECK;

/** Closes a profile; NULL is fine. Every string and pointer obtained from it dies with it. */
GAP_API void gap_profile_close(struct gap_profile *profile);

GAP_API void gap_profile_target(const struct gap_profile *profile, struct gap_target *target);

/** Rows of a table. */
GAP_API uint32_t gap_profile_count(const struct gap_profile *profile, enum gap_table table);

/** Decodes one type, or false when @id is not one. */
GAP_API int gap_profile_type(const struct gap_profile *profile, gap_type_id id,
			     struct gap_type *type);

/** Member @row (type.first + i), enumerator, parameter, symbol: false when there is no such row. */
GAP_API int gap_profile_member(const struct gap_profile *profile, uint32_t row,
			       struct gap_member *member);
GAP_API int gap_profile_enumerator(const struct gap_profile *profile, uint32_t row,
				   struct gap_enumerator *enumerator);
GAP_API int gap_profile_parameter(const struct gap_profile *profile, uint32_t row,
				  struct gap_parameter *parameter);
GAP_API int gap_profile_symbol(const struct gap_profile *profile, uint32_t row,
			       struct gap_symbol *symbol);

/** The enum that owns an enumerator's row; looks through the types, so it is not for a loop.
 * GAP_NONE: no such row. */
GAP_API gap_type_id gap_profile_enumerator_enum(const struct gap_profile *profile, uint32_t row);

/** Follows typedefs and qualifiers to the type they stand for. */
GAP_API gap_type_id gap_profile_strip(const struct gap_profile *profile, gap_type_id id);

/**
 * Finds a type by "[struct|union|enum|typedef:]NAME[@FILE|#N]". A bare NAME that a tag and a
 * typedef of that tag share is the tag; typedefs that mean the same are one. Errors: GAP_NOT_FOUND;
 * GAP_AMBIGUOUS, @error listing the candidates; GAP_INVALID (not of that form).
 */
GAP_API enum gap_status gap_profile_find_type(const struct gap_profile *profile, const char *name,
					      gap_type_id *id,
					      struct gap_error *error) GAP_MUST_CHECK;

/**
 * All definitions of a plain NAME (named tags, typedefs and base types), in the order of #N. Writes
 * at most
 * @capacity ids and returns how many there are.
 */
GAP_API uint32_t gap_profile_find_types(const struct gap_profile *profile, const char *name,
					gap_type_id *ids, uint32_t capacity);

/**
 * Finds a member by path from @type (typedefs and qualifiers are followed): names separated by '.',
 * array elements as "[3]". A name is looked up in the aggregate and through its *anonymous* members
 * only; named members are descended into only where the path says so. Errors: GAP_NOT_FOUND,
 * GAP_AMBIGUOUS (an incomplete type with several definitions), GAP_INVALID.
 */
GAP_API enum gap_status gap_profile_find_member(const struct gap_profile *profile, gap_type_id type,
						const char *path, struct gap_location *location,
						struct gap_error *error) GAP_MUST_CHECK;

/**
 * Finds a symbol by "NAME[@FILE|#N]". Several symbols of one name that agree in address are one.
 * A global one is preferred to local ones. Errors: GAP_NOT_FOUND, GAP_AMBIGUOUS, GAP_INVALID.
 */
GAP_API enum gap_status gap_profile_find_symbol(const struct gap_profile *profile, const char *name,
						struct gap_symbol *symbol,
						struct gap_error *error) GAP_MUST_CHECK;

/** All symbols of a plain NAME: rows for gap_profile_symbol(); as gap_profile_find_types(). */
GAP_API uint32_t gap_profile_find_symbols(const struct gap_profile *profile, const char *name,
					  uint32_t *rows, uint32_t capacity);

/** Row of the last symbol whose address is at most @address; GAP_NONE when there is none. Per-CPU
 * ones left out. */
GAP_API uint32_t gap_profile_symbol_at(const struct gap_profile *profile, uint64_t address);

/** Finds an enumerator's row; GAP_AMBIGUOUS when two enums give the name different values. */
GAP_API enum gap_status gap_profile_find_enumerator(const struct gap_profile *profile,
						    const char *name, uint32_t *row,
						    struct gap_error *error) GAP_MUST_CHECK;

/** A kernel module that the profile knows of. Modules are in the order of their names. */
struct gap_module_info {
	const char *name; /* as the kernel has it: with '_' for '-' */
	const uint8_t *build_id;
	uint8_t build_id_bytes; /* 0 unknown */
	uint32_t first_symbol;  /* row for gap_profile_module_symbol() */
	uint32_t symbol_count;
};

/** Where it is in the module's section; where that is, only a running kernel knows. */
struct gap_module_place {
	const char *name;
	const char *section;
	uint64_t offset;
	uint64_t size_bytes; /* 0 unknown */
	gap_type_id type;    /* GAP_NONE unknown */
	enum gap_symbol_kind kind;
	uint32_t flags; /* enum gap_symbol_flag */
};

GAP_API uint32_t gap_profile_module_count(const struct gap_profile *profile);
/** The @index-th module, its symbol in @row: false past the last. */
GAP_API int gap_profile_module(const struct gap_profile *profile, uint32_t index,
			       struct gap_module_info *module);
GAP_API int gap_profile_module_symbol(const struct gap_profile *profile, uint32_t row,
				      struct gap_module_place *symbol);
/** Finds a module's symbol; a global one is preferred to local ones. GAP_NOT_FOUND, GAP_AMBIGUOUS. */
GAP_API enum gap_status gap_profile_find_module_symbol(const struct gap_profile *profile,
						       const char *module, const char *name,
						       struct gap_module_place *symbol,
						       struct gap_error *error) GAP_MUST_CHECK;

/** Declaring file ("" unknown), line and the number of units that define a type. */
struct gap_declaration {
	const char *file;
	uint32_t line;
	uint32_t units;
};

/** False when nothing is known. */
GAP_API int gap_profile_declaration(const struct gap_profile *profile, gap_type_id id,
				    struct gap_declaration *declaration);

/** Source file of a symbol whose name is not unique; "" unknown. */
GAP_API const char *gap_profile_symbol_file(const struct gap_profile *profile, uint32_t row);

enum gap_source_kind {
	GAP_SOURCE_UNKNOWN = 0,
	GAP_SOURCE_DWARF,
	GAP_SOURCE_BTF,
	GAP_SOURCE_SYMTAB,
	GAP_SOURCE_SYSTEM_MAP,
	GAP_SOURCE_KALLSYMS,
	GAP_SOURCE_HEADERS,
	GAP_SOURCE_MEMORY,
	GAP_SOURCE_PROFILE,
	GAP_SOURCE_COUNT
};

struct gap_source {
	enum gap_source_kind kind;
	uint8_t build_id_bytes;
	const uint8_t *build_id;
	const char *digest; /* "sha256:…", "" unknown */
	const char *note;
};

/** The @index-th source; false past the last. */
GAP_API int gap_profile_source(const struct gap_profile *profile, uint32_t index,
			       struct gap_source *source);

/** Where a row was learnt and how surely. */
struct gap_provenance {
	uint32_t source;    /* index for gap_profile_source(); GAP_NONE unknown */
	uint8_t method;     /* of inference; 0 read directly */
	double confidence;  /* 1 when read directly */
	uint32_t runner_up; /* byte offset of the best rival; GAP_NONE none */
	const char *witnesses;
};

GAP_API void gap_profile_provenance(const struct gap_profile *profile, enum gap_table table,
				    uint32_t row, struct gap_provenance *provenance);

/**
 * Whether inference told that the kernel's @type has no member @name; that a profile lacks one which
 * holds a selection does not mean so. How surely goes to @confidence, which may be NULL.
 */
GAP_API int gap_profile_says_absent(const struct gap_profile *profile, gap_type_id type,
				    const char *name, double *confidence);

/** Stable name of a kind ("struct"), of a source kind ("dwarf"), of an ELF machine ("x86-64").
 * Static strings. */
GAP_API const char *gap_kind_name(enum gap_kind kind);
GAP_API const char *gap_source_kind_name(enum gap_source_kind kind);
GAP_API const char *gap_machine_name(uint16_t machine);

/** The 16-byte hash by which a minimal image knows its kernel's banner. */
GAP_API void gap_banner_hash(const void *banner, size_t size_bytes, uint8_t hash[16]);

#ifdef __cplusplus
}
#endif
#endif
