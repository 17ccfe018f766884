/* SPDX-License-Identifier: MIT */
/* A parsed header held against a profile: what of it the kernel contradicts. */
#ifndef SEMGAP_HEADER_CHECK_H
#define SEMGAP_HEADER_CHECK_H

#include "cfront/cfront.h"
#include "cli/header_names.h"

enum header_what {
	HEADER_ABSENT, /* the kernel has nothing of this name */
	HEADER_OFFSET, /* bits */
	HEADER_SIZE,   /* bytes */
	HEADER_WIDTH,  /* bits of a bit-field; 0: none */
	HEADER_VALUE,
	HEADER_ADDRESS
};

struct header_finding {
	const char *file;
	unsigned line;
	const char *name; /* "task_struct.pid", "GAP_OFF_task_struct__pid" */
	enum header_what what;
	uint64_t header, kernel;
	bool is_signed; /* the value */
};

struct header_check {
	const struct gap_profile *profile;
	void (*find)(void *context, const struct header_finding *finding);
	void *context;
	/* filled in */
	struct header_symbols symbols;
	bool part; /* the profile does not hold all of its kernel */
	unsigned records, members, enumerators, constants, unchecked, findings;
};

/** GAP_NO_MEMORY; findings are no error. */
enum gap_status header_check(struct header_check *check, struct gap_cfront_unit *unit,
			     struct gap_error *error) GAP_MUST_CHECK;

#endif
