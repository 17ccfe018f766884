/* SPDX-License-Identifier: MIT */
/* What the parts of an ISF document share while it is written: isf.c puts them together. */
#ifndef SEMGAP_EMIT_ISF_WRITER_H
#define SEMGAP_EMIT_ISF_WRITER_H

#include "emit/formats.h"
#include "emit/isf_base.h"
#include "emit/jsonout.h"
#include "emit/labels.h"
#include "emit/walk.h"

struct isf {
	const struct gap_profile *profile;
	const struct gap_emit_options *options;
	struct gap_json json;
	struct gap_target target;
	struct gap_labels aggregates, enums;
	struct gap_isf_bases bases;
	uint8_t *direct; /* by type: anonymous, and referred to without a typedef */
};

/* ---- isf_types.c ---- */

/** The row that a type is written under: behind qualifiers and typedefs that stand for nothing of
 * their own. */
gap_type_id gap_isf_named_row(const struct isf *isf, gap_type_id id);
/** Writes what a type is, as members and symbols have it; @depth of nesting so far. */
void gap_isf_write_descriptor(struct isf *isf, gap_type_id id, unsigned depth);
/** Begins a descriptor with its "kind". */
void gap_isf_write_kind(struct isf *isf, const char *kind);
void gap_isf_write_user_types(struct isf *isf);
void gap_isf_write_enums(struct isf *isf);

/* ---- isf_symbols.c ---- */

enum gap_status gap_isf_write_symbols(struct isf *isf, struct gap_error *error);

/* ---- isf_metadata.c ---- */

void gap_isf_write_metadata(struct isf *isf);

/* ---- isf_advice.c ---- */

/** Warns of what a reader of the document should know: names with several definitions, and what
 * Volatility will miss. */
void gap_isf_advise(const struct isf *isf);

#endif
