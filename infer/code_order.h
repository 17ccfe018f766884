/* SPDX-License-Identifier: MIT */
/*
 * Which of several instructions come before which, whatever way the code takes: by its branches
 * alone. Paths that were run do not tell, as one may be shorter that leaves something out.
 */
#ifndef SEMGAP_INFER_CODE_ORDER_H
#define SEMGAP_INFER_CODE_ORDER_H

#include "infer/code_run.h"

enum { CODE_ORDER_MAX = 32 };

struct code_order {
	/* In which function, or part of one, each was met; NULL: in none that the code leads to
	 * without calls. */
	const struct code_function *where[CODE_ORDER_MAX];
	uint32_t leads_to[CODE_ORDER_MAX]; /* a bit for each of the others */
	unsigned count;
};

/** Walks the function that was run last, and the code behind each of the @count instructions. False:
 * there is no memory, or they are too many. */
bool code_order_init(struct code_order *order, const struct code_run *run, const uint64_t *at,
		     unsigned count);

/** Whether every way that passes both passes @one before @other, and there is one. */
bool code_order_is_before(const struct code_order *order, unsigned one, unsigned other);

#endif
