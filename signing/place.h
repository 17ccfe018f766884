/* SPDX-License-Identifier: MIT */
/* Where a signature lies in an image, and what it is of (docs/blob-format.md, "Signature"). */
#ifndef SEMGAP_SIGNING_PLACE_H
#define SEMGAP_SIGNING_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/format.h"
#include "runtime/include/semgap/verify.h"

#define GAP_SIGNATURE_BYTES 64

/** The row of the section; the file ends behind it. */
struct gap_format_signature {
	uint8_t key_id[GAP_KEY_ID_BYTES];
	uint8_t signature[GAP_SIGNATURE_BYTES];
};

/** The last section of a valid image when it is a signature and ends the file, else NULL. */
static inline const struct gap_format_signature *gap_signature_find(const unsigned char *image,
								    size_t size_bytes)
{
	struct gap_format_header header;
	struct gap_format_section last;

	memcpy(&header, image, sizeof(header));
	memcpy(&last, image + sizeof(header) + (header.section_count - 1) * sizeof(last),
	       sizeof(last));
	if (last.kind != GAP_SECTION_SIGNATURE ||
	    last.row_bytes != sizeof(struct gap_format_signature) ||
	    last.size_bytes != sizeof(struct gap_format_signature) ||
	    (size_t)last.offset + last.size_bytes != size_bytes)
		return NULL;
	return (const void *)(image + last.offset);
}

/** What is signed: every byte before the signature, the checksum's as zero; to be freed. NULL without
 * memory. */
static inline unsigned char *gap_signature_message(const unsigned char *image, size_t size_bytes,
						   size_t *length)
{
	unsigned char *message = malloc(size_bytes);

	if (!message)
		return NULL;
	*length = size_bytes - GAP_SIGNATURE_BYTES;
	memcpy(message, image, *length);
	memset(message + offsetof(struct gap_format_header, checksum), 0, sizeof(uint64_t));
	return message;
}

#endif
