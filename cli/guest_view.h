/* SPDX-License-Identifier: MIT */
/* A view of a guest: one file and one row in cmd_guest.c. */
#ifndef SEMGAP_GUEST_VIEW_H
#define SEMGAP_GUEST_VIEW_H

#include <stdbool.h>

#include "runtime/include/semgap/guest.h"

struct guest_view {
	const char *name;
	/** Prints the view and returns the exit status. */
	int (*run)(struct gap_guest *guest, bool json);
};

extern const struct guest_view guest_view_ps;

#endif
