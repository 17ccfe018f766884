/* SPDX-License-Identifier: MIT */
/* Telling a person why infer says what it says. */
#ifndef SEMGAP_INFER_EXPLAIN_H
#define SEMGAP_INFER_EXPLAIN_H

#include "infer/infer.h"

/** What was answered to a field, whichever of its names is meant: INFER_ABSTAINED, … */
int infer_answer_to(const struct infer_result *result, const struct infer_fields *fields,
		    const struct infer_field *field);

/** Whether there is anything to be explained of @name ("type.member", or as lists of fields write it).
 * GAP_NOT_FOUND: not among the fields. */
enum gap_status infer_explain_check(const struct infer_fields *fields, const char *name,
				    struct gap_error *error) GAP_MUST_CHECK;

/** Prints the evidence on the @count @names (0: on all fields) to stdout. */
void infer_explain(struct infer_result *result, const struct infer_fields *fields,
		   const char *const *names, unsigned count);

#endif
