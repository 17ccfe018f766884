/* SPDX-License-Identifier: MIT */
/* semgap extract --cross-check. */
#ifndef SEMGAP_EXTRACT_CHECK_H
#define SEMGAP_EXTRACT_CHECK_H

#include <stdbool.h>

#include "extract/extract.h"

/** Prints what the witnesses in the file at @path disagree about; the exit status: EXIT_FINDING when they do. */
int cross_check(const char *path, const struct gap_extract_options *options, bool as_json);

#endif
