/* SPDX-License-Identifier: MIT */
/*
 * Finding BTF by its header (Documentation/bpf/btf.rst of the kernel). Whether what it says is true
 * is for anchors.c; decoding is profile/btf.c's.
 */
#include "infer/types.h"

#include <string.h>

#include "profile/btf.h"

#define HEADER_BYTES 24
#define WHOLE_BYTES_MIN ((size_t)64 << 10) /* a kernel's own; modules' are smaller */
#define REFUSED_MAX 4096

static uint32_t word(const uint8_t *bytes, unsigned index)
{
	uint32_t value;

	memcpy(&value, bytes + (size_t)index * 4, sizeof(value));
	return value;
}

/* The size of what begins here like BTF and holds what every kernel's does; 0 none. */
static size_t whole_size(const uint8_t *bytes, size_t left)
{
	static const char must_have[] = "\0task_struct";
	uint64_t header, types_at, types, strings_at, strings, end;

	if (left < HEADER_BYTES || !gap_btf_probe(bytes, left))
		return 0;
	header = word(bytes, 1);
	types_at = word(bytes, 2);
	types = word(bytes, 3);
	strings_at = word(bytes, 4);
	strings = word(bytes, 5);
	end = header +
	      (types_at + types > strings_at + strings ? types_at + types : strings_at + strings);
	if (header < HEADER_BYTES || header > 4096 || end > left || end < WHOLE_BYTES_MIN ||
	    !types || !strings)
		return 0;
	bytes += header + strings_at;
	return bytes[0] == '\0' && bytes[strings - 1] == '\0' &&
			       memmem(bytes, strings, must_have, sizeof(must_have))
		       ? end
		       : 0;
}

static bool take(struct infer_types_found *found, const struct infer_image *image, size_t offset,
		 size_t size_bytes)
{
	const uint8_t *bytes = image->bytes + offset;

	if (found->bytes)
		return found->size_bytes == size_bytes &&
		       memcmp(found->bytes, bytes, size_bytes) == 0;
	found->bytes = bytes;
	found->size_bytes = size_bytes;
	found->address = image->address + offset;
	return true;
}

/* Where the kernel's own symbol says: then others are not looked at, of which a guest may have thousands. */
static void look_at(struct infer_types_found *seen, const struct infer_image *image,
		    uint64_t address)
{
	const uint8_t *bytes = infer_image_at(image, address, 1);
	size_t size_bytes =
		bytes ? whole_size(bytes, image->size_bytes - (address - image->address)) : 0;

	if (size_bytes)
		take(seen, image, address - image->address, size_bytes);
}

/* Whether all that look like the kernel's are alike. */
static bool look_everywhere(struct infer_types_found *seen, const struct infer_image *image)
{
	static const uint8_t magic[] = {0x9f, 0xeb, 0x01};
	const uint8_t *at = image->bytes, *end = at + image->size_bytes;
	bool single = true;

	while (seen->refused < REFUSED_MAX &&
	       (at = memmem(at, (size_t)(end - at), magic, sizeof(magic)))) {
		size_t size_bytes = whole_size(at, (size_t)(end - at));

		if (size_bytes)
			single &= take(seen, image, (size_t)(at - image->bytes), size_bytes);
		else
			seen->refused++;
		at++;
	}
	return single;
}

bool infer_types_find(const struct infer_image *image, const struct infer_symbols *symbols,
		      struct infer_types_found *found)
{
	const struct infer_symbol *start = infer_symbols_named(symbols, "__start_BTF", NULL);
	struct infer_types_found seen = {.bound = start != NULL};

	if (start)
		look_at(&seen, image, start->address);
	else if (!look_everywhere(&seen, image))
		return false;
	if (!seen.bytes)
		return false;
	*found = seen;
	return true;
}
