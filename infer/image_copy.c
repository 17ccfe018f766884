/* SPDX-License-Identifier: MIT */
/* Copying the image. */
#include "infer/image_copy.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE_BYTES_MAX ((uint64_t)160 << 20)
#define PAGE_BYTES ((uint64_t)4096)
#define PIECE_BYTES ((uint64_t)1 << 20)

/* What is not mapped as a whole is read page by page; pages that are not there stay zero. */
static void copy_piece(struct gap_guest *guest, uint64_t address, uint8_t *bytes, uint64_t size)
{
	if (!gap_guest_read(guest, (struct gap_vaddr){address}, bytes, size))
		return;
	for (uint64_t done = 0; done < size; done += PAGE_BYTES) {
		uint64_t part = size - done < PAGE_BYTES ? size - done : PAGE_BYTES;

		if (gap_guest_read(guest, (struct gap_vaddr){address + done}, bytes + done, part))
			memset(bytes + done, 0, part);
	}
}

enum gap_status infer_image_copy(struct infer_image *image, struct gap_guest *guest, uint64_t start,
				 uint64_t end, struct gap_error *error)
{
	struct infer_image copy = {.address = start, .size_bytes = end - start};

	if (start > end || end - start > IMAGE_BYTES_MAX)
		return gap_fail(error, GAP_UNSUPPORTED, "an image of %llu bytes is no kernel's",
				(unsigned long long)(end - start));
	copy.bytes = calloc(1, copy.size_bytes + 1);
	if (!copy.bytes)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (uint64_t done = 0; done < copy.size_bytes; done += PIECE_BYTES) {
		uint64_t left = copy.size_bytes - done;

		copy_piece(guest, start + done, copy.bytes + done,
			   left < PIECE_BYTES ? left : PIECE_BYTES);
	}
	*image = copy;
	return GAP_OK;
}

void infer_image_deinit(struct infer_image *image)
{
	free(image->bytes);
	*image = (struct infer_image){0};
}

const uint8_t *infer_image_at(const struct infer_image *image, uint64_t address, size_t size_bytes)
{
	uint64_t offset = address - image->address;

	return offset < image->size_bytes && size_bytes <= image->size_bytes - offset
		       ? image->bytes + offset
		       : NULL;
}
