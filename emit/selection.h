/* SPDX-License-Identifier: MIT */
/*
 * A selection, resolved: what the formats read of it. Everything is looked up when it is added, so
 * a selection that exists names only what the profile has.
 */
#ifndef SEMGAP_EMIT_SELECTION_H
#define SEMGAP_EMIT_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "emit/emit.h"

/** One field, by the spelling that was found. */
struct gap_selected_field {
	gap_type_id root; /* the type that was named; a typedef stays one */
	const char *type; /* its plain name */
	uint32_t number;  /* N of NAME#N where the bare name does not say which; 0 */
	const char *path; /* the member, from the root */
	struct gap_location location;
};

struct gap_selected_symbol {
	const char *name;
	uint32_t number; /* as above */
	struct gap_symbol symbol;
};

/** A structure or union whose size was asked for. */
struct gap_selected_type {
	const char *name;
	uint32_t number;  /* as above */
	gap_type_id root; /* a typedef stays one */
};

struct gap_selected_enumerator {
	const char *name;
	uint32_t row;
	gap_type_id owner; /* its enum */
};

const struct gap_profile *gap_selection_profile(const struct gap_selection *selection);

/** True when everything is to be emitted: nobody asked for a part. @selection may be NULL. */
bool gap_selection_is_everything(const struct gap_selection *selection);

/** Sorted by type, offset and path, without duplicates; valid until something is added. */
const struct gap_selected_field *gap_selection_fields(const struct gap_selection *selection,
						      size_t *count);
/** Sorted by name. */
const struct gap_selected_symbol *gap_selection_symbols(const struct gap_selection *selection,
							size_t *count);
/** In the order in which they were added, without duplicates. */
const struct gap_selected_type *gap_selection_types(const struct gap_selection *selection,
						    size_t *count);
const struct gap_selected_enumerator *gap_selection_enumerators(
	const struct gap_selection *selection, size_t *count);

#endif
