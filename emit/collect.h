/* SPDX-License-Identifier: MIT */
/*
 * The constants of a profile, or of a selection with its fields: what the formats that spell them
 * in a language (C, Rust, Python) share.
 */
#ifndef SEMGAP_EMIT_COLLECT_H
#define SEMGAP_EMIT_COLLECT_H

#include "emit/constants.h"
#include "emit/header_fields.h"

struct gap_collected {
	const struct gap_profile *profile;
	const struct gap_emit_options *options;
	const char *format; /* its name, for warnings */
	struct gap_constants constants;
	struct gap_header_fields fields; /* of a selection */
	uint32_t unnameable;
};

/** Collects and resolves; warns of names that are left out. gap_collected_deinit() afterwards,
 * unless it fails. */
enum gap_status gap_collect(struct gap_collected *collected, const char *format,
			    const struct gap_profile *profile,
			    const struct gap_selection *selection,
			    const struct gap_emit_options *options,
			    struct gap_error *error) GAP_MUST_CHECK;
void gap_collected_deinit(struct gap_collected *collected);

#endif
