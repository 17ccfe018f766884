/* SPDX-License-Identifier: MIT */
/*
 * Is this the kernel of the profile? A candidate (a root, a slide) is believed only after the
 * kernel was met where the profile says, through the candidate's own page tables.
 */
#ifndef SEMGAP_CONFIRM_H
#define SEMGAP_CONFIRM_H

#include "runtime/locate.h"
#include "runtime/translate.h"
#include "runtime/vmcoreinfo.h"
#include "semgap/bind.h"

/** One guess at how the guest is laid out. */
struct gap_candidate {
	struct gap_space space;
	uint64_t slide;
	uint64_t root_symbol;              /* virtual address that must lead to the root; 0 none */
	const struct gap_vmcoreinfo *info; /* where the guess is from; NULL: elsewhere */
	int identity_unknown;              /* set when it confirms, but no build-id was met */
	const char *fault; /* set when the profile's banner was met, but not the rest; static */
};

enum gap_verdict {
	GAP_VERDICT_REFUSED, /* nothing there */
	GAP_VERDICT_OTHER,   /* a kernel, but not the profile's */
	GAP_VERDICT_CONFIRMED
};

/** What a profile offers to recognise its kernel by. */
struct gap_witnesses {
	struct gap_target target;
	struct gap_bound_symbol banner, init_task, notes;
	struct gap_field comm, tasks; /* of task_struct */
	int has_banner;               /* symbol and text, or symbol and hash */
	int has_init_task;
	struct gap_mark mark; /* what to look for in memory */
};

/** Collects them. GAP_NOT_FOUND: the profile has nothing that a kernel could be recognised by. */
enum gap_status gap_witnesses_init(struct gap_witnesses *witnesses,
				   const struct gap_profile *profile,
				   struct gap_error *error) GAP_MUST_CHECK;

#define GAP_SEEN_BYTES 256
#define GAP_BANNER_START "Linux version "

/**
 * Tries a candidate, whose depth must be known. The guest keeps its page tables only when it
 * confirms. On GAP_VERDICT_OTHER @seen holds the banner that was met instead, or "".
 */
enum gap_verdict gap_confirm(const struct gap_witnesses *witnesses, struct gap_guest *guest,
			     struct gap_candidate *candidate, char seen[GAP_SEEN_BYTES]);

/** Copies the printable beginning of @text, at most GAP_SEEN_BYTES - 1. */
void gap_seen_copy(char seen[GAP_SEEN_BYTES], const char *text, size_t length);

#endif
