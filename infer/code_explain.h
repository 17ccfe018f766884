/* SPDX-License-Identifier: MIT */
/* Instructions as a person reads them, for those who want to see what a claim rests on. */
#ifndef SEMGAP_INFER_CODE_EXPLAIN_H
#define SEMGAP_INFER_CODE_EXPLAIN_H

#include "infer/kernel.h"

/** One line: @text names the functions that it calls; @deciding marks the instruction asked for. */
typedef void infer_code_line(void *context, uint64_t address, const char *text, bool deciding);

/**
 * Disassembles the function around @at: at most @before instructions before the one at @at, and
 * @after after it. GAP_NOT_FOUND: no function is known there, or it cannot be read; GAP_UNSUPPORTED:
 * no decoder for this machine; GAP_NO_MEMORY.
 */
enum gap_status infer_code_explain(struct infer_kernel *kernel, uint64_t at, unsigned before,
				   unsigned after, infer_code_line *line,
				   void *context) GAP_MUST_CHECK;

#endif
