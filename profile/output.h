/* SPDX-License-Identifier: MIT */
/*
 * Output that is written whole or not at all: an unnamed temporary file beside the target, given
 * its name by a rename once everything is on disk. Every writer of the project goes through it.
 */
#ifndef SEMGAP_OUTPUT_H
#define SEMGAP_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "runtime/include/semgap/status.h"

struct gap_output {
	FILE *stream;         /* write here */
	const char *path;     /* NULL: standard output */
	char resolved[4096];  /* where a symbolic link leads */
	char temporary[4096]; /* a named temporary file, where unnamed ones are not supported; "" */
};

/** Begins; @path NULL or "-" is standard output. @path must live until the end. */
enum gap_status gap_output_begin(struct gap_output *output, const char *path,
				 struct gap_error *error) GAP_MUST_CHECK;
/** Flushes, checks for write errors (a full disk) and gives the file its name. Ends the output
 * either way. */
enum gap_status gap_output_commit(struct gap_output *output,
				  struct gap_error *error) GAP_MUST_CHECK;
/** Whether two paths lead to the same existing file. */
bool gap_output_same_file(const char *one, const char *other);
/** After a failure: removes what an earlier run left at @path, so that it cannot pass for this one's. Regular files only. */
void gap_output_discard(const char *path);
/** Ends it without a trace. */
void gap_output_abort(struct gap_output *output);

#endif
