/* SPDX-License-Identifier: MIT */
/*
 * ISF's base types: every integer and float of the profile under one name each, and the integers
 * that enums and bit-fields need beyond those. As these show only while the rest is written, the
 * table is written last.
 */
#ifndef SEMGAP_EMIT_ISF_BASE_H
#define SEMGAP_EMIT_ISF_BASE_H

#include <stddef.h>

#include "emit/jsonout.h"
#include "runtime/include/semgap/profile.h"

struct gap_isf_base {
	char name[80];
	const char *plain; /* its name in the profile */
	enum gap_kind kind;
	uint32_t flags;
	uint64_t size_bytes;
	uint32_t row;
};

#define GAP_ISF_WIDTHS 5 /* 1, 2, 4, 8 and 16 bytes */

struct gap_isf_bases {
	struct gap_isf_base *items; /* sorted by plain name, size, flags */
	size_t count;
	/* Plain integers by width and sign: of the profile where it has one, else made up when
	 * asked for. */
	struct gap_isf_base integers[GAP_ISF_WIDTHS][2];
	bool made_up[GAP_ISF_WIDTHS][2];
};

enum gap_status gap_isf_bases_init(struct gap_isf_bases *bases, const struct gap_profile *profile,
				   struct gap_error *error) GAP_MUST_CHECK;
void gap_isf_bases_deinit(struct gap_isf_bases *bases);

/** The name of an INT, FLOAT or UNKNOWN of the profile. */
const char *gap_isf_base_name(struct gap_isf_bases *bases, const struct gap_type *type);
/** The name of a plain integer; a width that no base type has becomes the next wider. */
const char *gap_isf_base_integer(struct gap_isf_bases *bases, uint64_t size_bytes, bool is_signed);

/** Writes the member "base_types" with all that was asked for. */
void gap_isf_bases_write(const struct gap_isf_bases *bases, struct gap_json *json,
			 uint8_t pointer_bytes);

#endif
