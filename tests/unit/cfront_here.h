/* SPDX-License-Identifier: MIT */
/* Whether C sources can be read at all: built with libclang, and it is installed. */
#ifndef SEMGAP_CFRONT_HERE_H
#define SEMGAP_CFRONT_HERE_H

#include <stdio.h>

#include "cfront/cfront.h"

#define CFRONT_SKIPPED 77 /* the exit status that says so */

static inline bool cfront_is_here(const char *any_header)
{
	static const char *const as_c[] = {"-xc"};
	struct gap_cfront_options options = {.arguments = as_c, .argument_count = 1};
	struct gap_cfront_unit *unit = NULL;
	struct gap_error error;
	enum gap_status status = gap_cfront_open(any_header, &options, &unit, &error);

	gap_cfront_close(unit);
	if (status == GAP_UNSUPPORTED)
		printf("skipped: %s\n", error.text);
	return status != GAP_UNSUPPORTED;
}

#endif
