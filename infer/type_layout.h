/* SPDX-License-Identifier: MIT */
/* Whether structures are laid out as a compiler would: a profile whose types are not was bent. */
#ifndef SEMGAP_INFER_TYPE_LAYOUT_H
#define SEMGAP_INFER_TYPE_LAYOUT_H

#include <stdbool.h>

#include "runtime/include/semgap/profile.h"

/** A member that shares bytes with the one before it, or leaves its structure. Texts live as long as
 * the profile. */
struct infer_misfit {
	const char *type, *member;
	const char *other; /* whose bytes it shares; NULL: it leaves the structure */
};

/** Looks for the first one in all structures of @profile. True: there is one. */
bool infer_type_layout_misfit(const struct gap_profile *profile, struct infer_misfit *misfit);

#endif
