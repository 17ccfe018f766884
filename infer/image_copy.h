/* SPDX-License-Identifier: MIT */
/*
 * The kernel's image as its own page tables map it, copied once: tables of symbols and types are
 * read from a copy that a running guest cannot change under the reader.
 */
#ifndef SEMGAP_INFER_IMAGE_COPY_H
#define SEMGAP_INFER_IMAGE_COPY_H

#include <stdbool.h>

#include "runtime/include/semgap/survey.h"

struct infer_image {
	uint64_t address; /* virtual, of bytes[0] */
	uint8_t *bytes;   /* zeros where nothing is mapped */
	size_t size_bytes;
};

/** Copies [start, end). GAP_NO_MEMORY; GAP_UNSUPPORTED: larger than any image. */
enum gap_status infer_image_copy(struct infer_image *image, struct gap_guest *guest, uint64_t start,
				 uint64_t end, struct gap_error *error) GAP_MUST_CHECK;
void infer_image_deinit(struct infer_image *image);

/** @size_bytes at a virtual address of the image, or NULL. */
const uint8_t *infer_image_at(const struct infer_image *image, uint64_t address, size_t size_bytes);

#endif
