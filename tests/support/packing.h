/* SPDX-License-Identifier: MIT */
/* Bytes packed as kernels are, by the libraries that this was built with. */
#ifndef SEMGAP_TESTS_PACKING_H
#define SEMGAP_TESTS_PACKING_H

#include <stddef.h>
#include <stdint.h>

extern const char *const packings[]; /* their names, ended by NULL */

/** Packs into @to (room for @capacity bytes) and returns how many it became; 0: built without that library. */
size_t pack_bytes(const char *packing, const uint8_t *from, size_t size_bytes, uint8_t *to,
		  size_t capacity);

#endif
