/* SPDX-License-Identifier: MIT */
/* From a profile back into a builder: all of it, or what a reduction needs of identity and
 * provenance. */
#ifndef SEMGAP_EMIT_COPY_H
#define SEMGAP_EMIT_COPY_H

#include "profile/builder.h"

void gap_copy_target(const struct gap_profile *profile, struct gap_builder *builder);
/** Sources keep their numbers; each table gets the source that most of its rows have. */
void gap_copy_sources(const struct gap_profile *profile, struct gap_builder *builder);
/** Everything; rows keep their numbers. */
enum gap_status gap_copy_profile(const struct gap_profile *profile, struct gap_builder *builder,
				 struct gap_error *error) GAP_MUST_CHECK;

/** Where a row of the profile was learnt, for gap_copy_exception(): positions as in the builder. */
struct gap_copied_row {
	enum gap_table table;
	uint32_t row;      /* in the profile */
	uint32_t to;       /* in the builder: type or symbol */
	uint32_t position; /* of a member or enumerator in its type */
};

/** Carries the row's provenance over where it is not @usual, the table's. */
void gap_copy_exception(const struct gap_profile *profile, struct gap_builder *builder,
			uint32_t usual, const struct gap_copied_row *copied);

/** The source that most rows of a table have directly; GAP_NONE unknown. */
uint32_t gap_usual_source(const struct gap_profile *profile, enum gap_table table);
/** True when the row was learnt otherwise than from its table's usual source. */
bool gap_provenance_differs(const struct gap_provenance *provenance, uint32_t usual);

#endif
