/* SPDX-License-Identifier: MIT */
/*
 * Binding: a monitor names the fields and symbols it needs once, at start, and holds plain numbers
 * afterwards. Nothing is looked up in the hot path.
 */
#ifndef SEMGAP_BIND_H
#define SEMGAP_BIND_H

#include "profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A field that a monitor wants. @type and @member may each hold alternatives separated by '|', the
 * names that the same thing had in different kernels ("__state|state"); a member alternative is a
 * path. The first that the profile has wins.
 */
struct gap_field_request {
	const char *type;
	const char *member;
	uint32_t width_bytes; /* expected size; 0 any */
	int optional;         /* absent is an answer, not an error */
};

/** A bound field. All zero when absent. */
struct gap_field {
	uint32_t offset_bytes;
	uint32_t size_bytes;
	uint8_t bit_offset; /* 0 … 7, from the least significant bit of the byte at offset_bytes */
	uint8_t bit_width;  /* 0: not a bit-field */
	uint8_t is_signed;
	uint8_t present;
};

struct gap_symbol_request {
	const char *name; /* alternatives separated by '|' */
	int optional;
};

struct gap_bound_symbol {
	uint64_t address;
	uint8_t present;
};

/**
 * Binds @count fields: fields[i] answers requests[i]. Fails as a whole: on error no field is
 * written and
 * @error names every required field that is missing, and the kernel. GAP_NOT_FOUND, GAP_AMBIGUOUS,
 * GAP_MISMATCH (of another width).
 */
GAP_API enum gap_status gap_bind_fields(const struct gap_profile *profile,
					const struct gap_field_request *requests, size_t count,
					struct gap_field *fields,
					struct gap_error *error) GAP_MUST_CHECK;

/** The same for symbols. */
GAP_API enum gap_status gap_bind_symbols(const struct gap_profile *profile,
					 const struct gap_symbol_request *requests, size_t count,
					 struct gap_bound_symbol *symbols,
					 struct gap_error *error) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
