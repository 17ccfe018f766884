/* SPDX-License-Identifier: MIT */
/* What was inferred becomes rows of a builder. */
#ifndef SEMGAP_INFER_WRITER_H
#define SEMGAP_INFER_WRITER_H

#include "infer/infer.h"
#include "profile/builder.h"

/** Target and symbols: what does not depend on how types were learnt. */
void infer_write_target(struct gap_builder *builder, const struct infer_result *result);
void infer_write_symbols(struct gap_builder *builder, const struct infer_result *result);

/** Symbols that evidence met and that no table of symbols tells, on whatever path they were met; how
 * many. Called once what reads objects has done so. */
uint32_t infer_write_found(struct gap_builder *builder, const struct infer_result *result);

/** What symbols are (kernels/symbol-types.def), by the names of structures that the builder has or
 * gets. GAP_NO_MEMORY. */
enum gap_status infer_write_symbol_types(struct gap_builder *builder,
					 const struct infer_result *result) GAP_MUST_CHECK;

/** The structures of the fields that were decided, with where each is known from; and what symbols
 * are. GAP_NO_MEMORY. */
enum gap_status infer_write_fields(struct gap_builder *builder, const struct infer_result *result,
				   const struct infer_fields *fields) GAP_MUST_CHECK;

/**
 * The name under which a field is written: the one that a witness told, or whose type has the width
 * that was seen. NULL: several have, and which of them this kernel has is not known.
 */
const char *infer_write_name(const struct infer_field *field, const struct infer_verdict *verdict,
			     uint8_t pointer_bytes);

#endif
