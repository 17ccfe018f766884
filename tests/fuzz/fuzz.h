/* SPDX-License-Identifier: MIT */
/*
 * What a fuzz target is: one function that takes any bytes at all. libFuzzer calls it, or replay.c.
 */
#ifndef SEMGAP_FUZZ_H
#define SEMGAP_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

/** How many inputs were taken, not refused. A replay in which none is proves nothing, and fails. */
extern unsigned long fuzz_accepted;

/** A property that must hold for every input: says which, and stops where a debugger can look. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,           \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
