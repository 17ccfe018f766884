/* SPDX-License-Identifier: MIT */
/*
 * The profile image as C structures, exactly as docs/blob-format.md specifies them. Shared by the
 * reader (runtime/image.c) and the writer (profile/freeze.c); nobody else includes it.
 */
#ifndef SEMGAP_FORMAT_H
#define SEMGAP_FORMAT_H

#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "semgap reads images in place and needs a little-endian host"
#endif

#define GAP_FORMAT_MAGIC "\x89GAP\r\n\x1a\n"
#define GAP_FORMAT_MAJOR 1
#define GAP_FORMAT_MINOR 0
#define GAP_FORMAT_SECTIONS_MAX 64
#define GAP_FORMAT_CHECKED_FROM 32 /* the checksum's main part begins behind the header */
#define GAP_FORMAT_HEAD_BYTES 24   /* and its seed is the digest of what lies before the field */

struct gap_format_header {
	char magic[8];
	uint16_t major, minor;
	uint32_t section_count;
	uint32_t file_size;
	uint32_t zero;
	uint64_t checksum;
};

enum gap_section {
	GAP_SECTION_IDENTITY = 1,
	GAP_SECTION_STRINGS,
	GAP_SECTION_TYPES,
	GAP_SECTION_MEMBERS,
	GAP_SECTION_ENUMERATORS,
	GAP_SECTION_PARAMETERS,
	GAP_SECTION_SYMBOLS,
	GAP_SECTION_TYPE_INDEX,
	GAP_SECTION_MEMBER_INDEX,
	GAP_SECTION_SYMBOL_INDEX,
	GAP_SECTION_ENUMERATOR_INDEX,
	GAP_SECTION_SOURCES,
	GAP_SECTION_DEFAULTS,
	GAP_SECTION_EXCEPTIONS,
	GAP_SECTION_DECLARATIONS,
	GAP_SECTION_SYMBOL_FILES,
	GAP_SECTION_MODULES,
	GAP_SECTION_MODULE_SYMBOLS,
	GAP_SECTION_KNOWN /* one past the last known kind */
};

#define GAP_SECTION_SIGNATURE 65535 /* always the last; libsemgap-verify's, and skipped here */

#define GAP_SECTION_REQUIRED 1

struct gap_format_section {
	uint16_t kind, flags;
	uint32_t offset, size_bytes, row_bytes;
};

#define GAP_IDENTITY_HAS_HASH 1
#define GAP_BUILD_ID_BYTES_MAX 64

struct gap_format_identity {
	uint16_t machine;
	uint8_t pointer_bytes, byte_order, build_id_bytes, paging_levels;
	uint16_t flags;
	uint32_t release, tool, build_id, banner, banner_bytes, zero;
	uint8_t banner_hash[16];
};

struct gap_format_type {
	uint32_t name;
	uint8_t kind, flags, align_log2_plus1, depth;
	uint32_t size, ref, count;
};

#define GAP_FORMAT_DEPTH_MAX 255 /* of typedefs, qualifiers and arrays upon one another */

struct gap_format_member {
	uint32_t name, type, offset_bytes;
	uint8_t bit_offset, bit_width;
	uint16_t zero;
};

struct gap_format_enumerator {
	uint32_t name, value_low, value_high;
};

struct gap_format_parameter {
	uint32_t name, type;
};

struct gap_format_symbol {
	uint64_t address;
	uint32_t name, type, size_bytes;
	uint8_t kind, flags;
	uint16_t zero;
};

struct gap_format_source {
	uint8_t kind, build_id_bytes;
	uint16_t zero;
	uint32_t build_id, digest, note;
};

struct gap_format_default {
	uint16_t section, source;
};

struct gap_format_exception {
	uint16_t section, source;
	uint32_t row;
	uint8_t method, zero;
	uint16_t confidence;
	uint32_t runner_up, witnesses;
};

struct gap_format_declaration {
	uint32_t type, file, line, units;
};

struct gap_format_symbol_file {
	uint32_t symbol, file;
};

struct gap_format_module {
	uint32_t name, build_id, first_symbol;
	uint8_t build_id_bytes;
	uint8_t zero[3];
};

struct gap_format_module_symbol {
	uint64_t offset;
	uint32_t name, section, type, size_bytes;
	uint8_t kind, flags;
	uint16_t zero;
	uint32_t zero_too;
};

/** Hash of a name before its last mixing; see "Indices". */
static inline uint32_t gap_format_name_hash(const char *name, uint32_t length)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash;
}

static inline uint32_t gap_format_mix(uint32_t hash)
{
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	return hash ^ (hash >> 12);
}

static inline uint32_t gap_format_member_hash(uint32_t name_hash, uint32_t type)
{
	return gap_format_mix(name_hash ^ (type * 0x9e3779b1u));
}

#endif
