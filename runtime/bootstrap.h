/* SPDX-License-Identifier: MIT */
/* Finding a guest's page tables and slide: the ways to candidates, and the words when none leads
 * there. */
#ifndef SEMGAP_BOOTSTRAP_H
#define SEMGAP_BOOTSTRAP_H

#include "runtime/confirm.h"

/** A search under way, and what it found. */
struct gap_search {
	struct gap_guest *guest;
	const struct gap_guest_options *options;
	struct gap_witnesses witnesses;
	uint64_t root_linked; /* address of the root's symbol in the profile */
	int has_root_linked;
	int given;       /* the caller knows the root or the base */
	const char *way; /* that is being tried */
	struct gap_budget places, walks;
	int roots_alike; /* roots of one slide are one kernel's */
	int no_memory;

	int found, ambiguous, cut, doubted, vouched;
	const char *found_by;
	struct gap_candidate chosen, rival;
	const char *fault; /* of a candidate that was the profile's kernel but for this */
	/* The first kernel that was met and is of another build. */
	int other;
	struct gap_vmcoreinfo other_info;
	char other_banner[GAP_SEEN_BYTES];
};

/**
 * Finds the page tables of @guest, whose arch, memory and profile are set, and fills in the rest.
 * Errors as gap_guest_open().
 */
enum gap_status gap_bootstrap(struct gap_guest *guest, const struct gap_guest_options *options,
			      struct gap_error *error) GAP_MUST_CHECK;

/** Why a search that ended without a guest, or with two, did so. */
enum gap_status gap_search_explain(struct gap_search *search,
				   struct gap_error *error) GAP_MUST_CHECK;

#endif
