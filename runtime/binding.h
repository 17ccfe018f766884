/* SPDX-License-Identifier: MIT */
/* What binding to single numbers (bind.c) and binding of a monitor's table (slots.c) share. */
#ifndef SEMGAP_BINDING_H
#define SEMGAP_BINDING_H

#include "semgap/bind.h"

/** Finds the first of the alternatives that is there. GAP_NOT_FOUND, GAP_AMBIGUOUS, GAP_INVALID. */
enum gap_status gap_field_find(const struct gap_profile *profile,
			       const struct gap_field_request *request,
			       struct gap_location *location, struct gap_error *error);
enum gap_status gap_symbol_find(const struct gap_profile *profile, const char *names,
				struct gap_symbol *symbol, struct gap_error *error);

int gap_type_is_signed(const struct gap_profile *profile, gap_type_id id);

/** Collects failures: the first decides the status, all stand in the text. */
struct gap_failures {
	enum gap_status status;
	struct gap_error *error;
};

void gap_failures_add(struct gap_failures *failures, const struct gap_profile *profile,
		      enum gap_status status, const char *text);

#endif
