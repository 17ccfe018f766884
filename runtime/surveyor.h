/* SPDX-License-Identifier: MIT */
/* Finding a kernel's tables, banner and image without a profile: guest.c's part of survey.c. */
#ifndef SEMGAP_SURVEYOR_H
#define SEMGAP_SURVEYOR_H

#include "runtime/translate.h"
#include "semgap/survey.h"

/** Fills in @guest, whose memory is set, and @met. Errors as gap_guest_survey(). */
enum gap_status gap_survey(struct gap_guest *guest, const struct gap_guest_options *options,
			   struct gap_survey *met, struct gap_error *error) GAP_MUST_CHECK;

#endif
