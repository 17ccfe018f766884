/* SPDX-License-Identifier: MIT */
/* What the views share in printing: text of a guest that may hold anything, values that may be
 * unknown, answers that may be partial. */
#ifndef SEMGAP_GUEST_OUT_H
#define SEMGAP_GUEST_OUT_H

#include "cli/command.h"
#include "cli/guest_view.h"

/** Prints text of the guest: what would disturb a terminal or a table becomes \xNN, and the backslash with it. */
void out_text(const char *text, size_t length);
/** Prints a number right-aligned and a blank behind it; "?" when it is not known. */
void out_number(bool known, int64_t number, int width);

/** A key whose value may be unknown: null. */
void out_json_null(struct gap_json *json, const char *key);
void out_json_number(struct gap_json *json, const char *key, bool known, uint64_t number);
void out_json_signed(struct gap_json *json, const char *key, bool known, int64_t number);
void out_json_hex(struct gap_json *json, const char *key, bool known, uint64_t number);
void out_json_bool(struct gap_json *json, const char *key, bool known, bool value);
void out_json_text(struct gap_json *json, const char *key, bool known, const char *text);

/** Begins the frame of --json for the outcome of a walk. */
void out_json_begin(struct gap_json *json, const char *schema, enum gap_status status,
		    const struct gap_error *error, const char *rows);

/** Says that an answer is partial, if it is, and returns the exit status for it. */
int out_finish(enum gap_status status, const struct gap_error *error);

/** A guest that runs changes under a walk: one that came out partial is tried this often. */
#define OUT_ATTEMPTS 4

/** How many rows of a type an answer may hold: a guest may tell of more than the host can. */
#define ROWS_BYTES_MAX ((size_t)512 << 20)
#define OUT_ROWS_MAX(type) (ROWS_BYTES_MAX / sizeof(type))
/** The answer to one more. */
#define OUT_TOO_MANY(error) gap_fail(error, GAP_PARTIAL, "there is more than an answer can hold")

#endif
