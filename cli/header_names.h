/* SPDX-License-Identifier: MIT */
/*
 * What the names in somebody's header mean in a profile: generated ones say NAME_2 for NAME#2, class_ for
 * class, NAME___flavour for one of several views of NAME, and T__a__b for T.a.b.
 */
#ifndef SEMGAP_HEADER_NAMES_H
#define SEMGAP_HEADER_NAMES_H

#include <stdbool.h>

#include "runtime/include/semgap/profile.h"

#define HEADER_DEFINITIONS_MAX 64

/** The structures and unions that a name may mean: complete definitions, none twice. */
struct header_definitions {
	gap_type_id ids[HEADER_DEFINITIONS_MAX];
	uint32_t count;
	bool declared; /* there is a declaration at least */
};

void header_definitions_find(const struct gap_profile *profile, const char *name,
			     struct header_definitions *found);

/** Finds a member by the name that a header gives it. */
bool header_member_find(const struct gap_profile *profile, gap_type_id type, const char *name,
			struct gap_location *location);

/** The same for a mirror, where "a__b" may be the member b of a. */
bool header_mirror_find(const struct gap_profile *profile, gap_type_id type, const char *name,
			struct gap_location *location);

/** Each thing that "TYPE__path" may mean, until @visit returns false. Returns how many there were. */
unsigned header_path_visit(const struct gap_profile *profile, const char *text,
			   bool (*visit)(void *context, const struct gap_location *location),
			   void *context);

/** The symbols whose names no identifier can have, by what becomes of them in one. */
struct header_symbols {
	uint32_t *rows;
	uint32_t count;
};

enum gap_status header_symbols_init(struct header_symbols *symbols,
				    const struct gap_profile *profile,
				    struct gap_error *error) GAP_MUST_CHECK;
void header_symbols_deinit(struct header_symbols *symbols);

/**
 * Looks for a symbol that a header calls @name, best one at @address. GAP_NOT_FOUND; else *@other is
 * @address, or where one of the name is.
 */
enum gap_status header_symbol_find(const struct header_symbols *symbols,
				   const struct gap_profile *profile, const char *name,
				   uint64_t address, uint64_t *other) GAP_MUST_CHECK;

/** Whether @number, from a name like NAME_2, is what is behind the last '_'; @length is that of NAME. */
bool header_number_split(const char *name, size_t *length, uint32_t *number);

#endif
