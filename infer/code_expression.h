/* SPDX-License-Identifier: MIT */
/* Between the matcher's files: one attempt to match, and what expressions are matched with. */
#ifndef SEMGAP_INFER_CODE_EXPRESSION_H
#define SEMGAP_INFER_CODE_EXPRESSION_H

#include "infer/code_types.h"

/** One attempt: what it binds is in fit. */
struct match {
	struct code_matcher *matcher;
	const struct code_expression *expression;
	bool shifted; /* numbers added to values are passed over */
	bool strict;  /* all of it is where it is believed to be */
	struct code_fit fit;
};

/** Whether @value fits @expression: what that binds is added to match->fit. */
bool code_match_expression(struct match *match, const struct code_expression *expression,
			   code_value value);
/** The same of a value that a statement takes for known: every member is where it is believed to be. */
bool code_match_known(struct match *match, const struct code_expression *expression,
		      code_value value);
/** An address against the first @steps steps of match->expression. */
bool code_match_address(struct match *match, unsigned steps, code_value address, uint8_t width);
/** Whether @node is the result of one of the functions that match->expression names. */
bool code_match_is_result(const struct match *match, const struct code_node *node);
/** Whether an access of @width bytes can be one of @member. */
bool code_match_width(const struct code_matcher *matcher, const struct code_member *member,
		      uint8_t width);

#endif
