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

/** Looks for the first one in the structure @type of @profile and in those that lie in it. True: there
 * is one. */
bool infer_type_layout_misfit(const struct gap_profile *profile, const char *type,
			      struct infer_misfit *misfit);

#endif
