/* SPDX-License-Identifier: MIT */
/* Texts of a target in generated files: whatever they hold, comments and literals end where ours
 * do. */
#ifndef SEMGAP_EMIT_HEADER_TEXT_H
#define SEMGAP_EMIT_HEADER_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "runtime/include/semgap/profile.h"

/** Bytes that no comment and no string literal can mistake. */
void gap_header_safe(FILE *stream, const void *bytes, size_t length);
/** The build-id in hexadecimal digits. */
void gap_header_digits(FILE *stream, const struct gap_target *target);
/** A block comment: what the file is, the build, a note (lines after the first begin with " * "). */
void gap_header_comment(FILE *stream, const struct gap_target *target, const char *what,
			const char *note);

#endif
