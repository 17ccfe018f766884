/* SPDX-License-Identifier: MIT */
/* BTF in the kernel's image: every type, where the kernel carries it. */
#ifndef SEMGAP_INFER_TYPES_H
#define SEMGAP_INFER_TYPES_H

#include "infer/image_copy.h"
#include "infer/symbols.h"

struct infer_types_found {
	const uint8_t *bytes; /* in the image's copy */
	size_t size_bytes;
	uint64_t address;
	bool bound;       /* __start_BTF is there, so that it is the one that the kernel uses */
	unsigned refused; /* others that began like it */
};

/**
 * Finds the kernel's BTF, at any alignment. False: there is none, or several that differ and no
 * symbol that tells which is the kernel's own.
 */
bool infer_types_find(const struct infer_image *image, const struct infer_symbols *symbols,
		      struct infer_types_found *found);

#endif
