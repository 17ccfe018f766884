/* SPDX-License-Identifier: MIT */
/* The image's digest (docs/blob-format.md, "Digest"): fast, finds accidents, proves nothing to an
 * adversary. */
#ifndef SEMGAP_DIGEST_H
#define SEMGAP_DIGEST_H

#include <stddef.h>
#include <stdint.h>

uint64_t gap_digest(const void *data, size_t size_bytes, uint64_t seed);

/** The checksum that belongs into the header of a whole image of @size_bytes. */
uint64_t gap_image_checksum(const void *image, size_t size_bytes);

#endif
