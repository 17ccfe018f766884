/* SPDX-License-Identifier: MIT */
/*
 * emit: a profile, or the part of it that somebody selected, in the formats that others read. One
 * file and one row of the table in emit.c per format.
 */
#ifndef SEMGAP_EMIT_H
#define SEMGAP_EMIT_H

#include <stdbool.h>
#include <stdio.h>

#include "profile/wanted.h"
#include "runtime/include/semgap/profile.h"

/** What is to be emitted: nothing selected means everything. */
struct gap_selection;

enum gap_status gap_selection_create(const struct gap_profile *profile,
				     struct gap_selection **selection,
				     struct gap_error *error) GAP_MUST_CHECK;
void gap_selection_destroy(struct gap_selection *selection);

/** Adds "TYPE.member…" with alternatives "a.b|c"; GAP_NOT_FOUND, GAP_AMBIGUOUS when none of them is
 * there. */
enum gap_status gap_selection_add_field(struct gap_selection *selection, const char *field,
					struct gap_error *error) GAP_MUST_CHECK;
enum gap_status gap_selection_add_symbol(struct gap_selection *selection, const char *symbol,
					 struct gap_error *error) GAP_MUST_CHECK;
/** Adds the size of a type. GAP_NOT_FOUND, GAP_AMBIGUOUS, GAP_INVALID (no structure or union). */
enum gap_status gap_selection_add_type(struct gap_selection *selection, const char *type,
				       struct gap_error *error) GAP_MUST_CHECK;
/** Adds an enumerator; alternatives as "NEW|OLD". */
enum gap_status gap_selection_add_enumerator(struct gap_selection *selection,
					     const char *enumerator,
					     struct gap_error *error) GAP_MUST_CHECK;
/**
 * Adds what a monitor wants. What the profile lacks of it is an error where it is required: each thing is
 * a line through @warn, with names that are near. GAP_NOT_FOUND, GAP_AMBIGUOUS, GAP_MISMATCH (of another
 * form or width than declared).
 */
enum gap_status gap_selection_add_wanted(struct gap_selection *selection,
					 const struct gap_wanted *wanted,
					 void (*warn)(void *context, const char *text),
					 void *context, struct gap_error *error) GAP_MUST_CHECK;
/**
 * Reads a fields file (lines "struct.member|other.name", '#' comments). A line that the profile
 * lacks is a warning through @warn, not an error: kernels differ. GAP_IO; GAP_INVALID with file and
 * line.
 */
enum gap_status gap_selection_add_file(struct gap_selection *selection, const char *path,
				       void (*warn)(void *context, const char *text), void *context,
				       struct gap_error *error) GAP_MUST_CHECK;

/** How a monitor's header binds: to the numbers of one kernel, or at open to any. */
enum gap_bind { GAP_BIND_CONSTANTS = 0, GAP_BIND_TABLE };

struct gap_emit_options {
	const struct gap_wanted *wanted; /* header: of a monitor; NULL */
	enum gap_bind bind;
	void (*warn)(void *context, const char *text); /* a line for stderr; may be NULL */
	void *warn_context;
	bool native_abi;    /* vmlinux-h: longs and pointers as C has them, for a program of the
			       kernel's own ABI */
	const char *prefix; /* vmlinux-h: before every name; NULL none */
};

struct gap_emit_format {
	const char *name;        /* "header" */
	const char *description; /* one line for help */
	bool binary;             /* requires a file */
	enum gap_status (*write)(const struct gap_profile *profile,
				 const struct gap_selection *selection,
				 const struct gap_emit_options *options, FILE *stream,
				 struct gap_error *error);
};

/** All formats; ends with a row whose name is NULL. */
extern const struct gap_emit_format gap_emit_formats[];
const struct gap_emit_format *gap_emit_format_find(const char *name);

#endif
