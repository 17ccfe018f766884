/* SPDX-License-Identifier: MIT */
/* --pause: a guest that stands still while it is looked at, and goes on whatever happens to us. */
#ifndef SEMGAP_GUEST_PAUSE_H
#define SEMGAP_GUEST_PAUSE_H

#include "runtime/include/semgap/source.h"

/** Looks at the guest and returns the exit status. */
typedef int guest_look(void *context);

/** Says on stderr, and ends with status 2, should a file be cut while it is read. */
void catch_cut_files(void);

/**
 * Stops the guest, looks, lets it go on: also when the look crashes, or one of us is interrupted.
 * Returns what the look returned, or EXIT_UNUSABLE.
 */
int look_paused(struct gap_source_memory *source, guest_look *look, void *context);

#endif
