/* SPDX-License-Identifier: MIT */
/* Between the matcher's files: what a value is, by itself and by where it came from. */
#ifndef SEMGAP_INFER_CODE_TYPES_H
#define SEMGAP_INFER_CODE_TYPES_H

#include "infer/code_match.h"

const struct code_node *code_matcher_node(const struct code_matcher *matcher, code_value value);
/** Whom the result @call came from; 0 unknown. */
uint64_t code_matcher_target(const struct code_matcher *matcher, const struct code_node *call);
/** The name of the function that begins at @target, or NULL. */
const char *code_matcher_name_at(const struct code_matcher *matcher, uint64_t target);
/** Its prototype, or NULL: none in the table, or several functions have its name. */
const struct code_prototype *code_matcher_prototype_at(const struct code_matcher *matcher,
						       uint64_t target);
code_value code_matcher_argument(const struct code_matcher *matcher, const struct code_event *event,
				 const struct code_prototype *callee, unsigned index);
struct code_place code_matcher_place(const struct code_matcher *matcher, code_value address);
/** Whether the id of a type is that of a list: "type.member". */
bool code_matcher_is_list(const struct code_matcher *matcher, uint32_t type);
/** Whether @inner, a structure or a list, lies in its owner as @member. */
bool code_matcher_lies_inside(const struct code_matcher *matcher, const struct code_member *member,
			      uint32_t inner);
code_value code_matcher_untagged(const struct code_matcher *matcher, code_value value);
bool code_is_far(int64_t offset);

#endif
