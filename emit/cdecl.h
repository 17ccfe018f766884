/* SPDX-License-Identifier: MIT */
/* A type as C declares it: "int (*fn)(struct file *, char)", "u8 data[4][3]". */
#ifndef SEMGAP_EMIT_CDECL_H
#define SEMGAP_EMIT_CDECL_H

#include <stddef.h>

#include "runtime/include/semgap/profile.h"

/** Writes the declaration of @name ("" for the type alone) as a @type. Always ends with a zero;
 * what is too long is cut. */
void gap_cdecl_write(const struct gap_profile *profile, gap_type_id type, const char *name,
		     char *text, size_t capacity);

#endif
