/* SPDX-License-Identifier: MIT */
/*
 * The symbols that a kernel exports to its modules (include/linux/export.h): an array of entries,
 * each telling a value, a name and, since 8651ec01daed (5.4), a namespace. They are relative to their own place on
 * architectures that asked for that (7290d5809571, 4.19), else pointers. Here by structure alone:
 * the longest runs of entries whose names follow each other like the names of exports do.
 */
#include <ctype.h>
#include <string.h>

#include "infer/symtables.h"

#define RUN_MIN 64 /* entries; a kernel exports thousands */
#define NAME_BYTES_MAX 512

struct shape {
	uint8_t entry_bytes, step; /* size of an entry; where entries may begin */
	bool relative;
	uint8_t value_at, name_at;
};

static const struct shape shapes_64[] = {
	{12, 4, true, 0, 4},  /* value, name, namespace */
	{8, 4, true, 0, 4},   /* before namespaces */
	{24, 8, false, 0, 8}, /* absolute, with namespaces */
	{16, 8, false, 0, 8},
};
static const struct shape shapes_32[] = {
	{12, 4, true, 0, 4},
	{8, 4, true, 0, 4},
	{12, 4, false, 0, 4},
	{8, 4, false, 0, 4},
};

struct reader {
	const struct infer_image *image;
	uint8_t pointer_bytes;
	const struct shape *shape;
};

static bool read_place(const struct reader *reader, size_t offset, uint64_t *place)
{
	const uint8_t *at = reader->image->bytes + offset;
	int32_t relative;

	if (reader->shape->relative) {
		memcpy(&relative, at, 4);
		*place = reader->image->address + offset + (uint64_t)(int64_t)relative;
		if (reader->pointer_bytes == 4)
			*place &= UINT32_MAX;
		return relative != 0;
	}
	*place = 0;
	memcpy(place, at, reader->pointer_bytes);
	return *place != 0;
}

/* The name of an entry: a C identifier with its end in the image. */
static const char *name_of(const struct reader *reader, uint64_t place)
{
	const char *name = (const char *)infer_image_at(reader->image, place, 1);
	size_t left, length = 0;

	if (!name)
		return NULL;
	left = reader->image->size_bytes - (size_t)((const uint8_t *)name - reader->image->bytes);
	if (!isalpha((unsigned char)*name) && *name != '_')
		return NULL;
	while (length < left && length < NAME_BYTES_MAX &&
	       (isalnum((unsigned char)name[length]) || name[length] == '_' || name[length] == '.'))
		length++;
	return length > 1 && length < left && length < NAME_BYTES_MAX && name[length] == '\0'
		       ? name
		       : NULL;
}

/* An entry: it leads to a name. The linker lets one text be the tail of another, so that a name may
 * begin anywhere. */
static bool read_entry(const struct reader *reader, size_t offset, const char **name,
		       uint64_t *value)
{
	uint64_t place;

	if (offset + reader->shape->entry_bytes > reader->image->size_bytes ||
	    !read_place(reader, offset + reader->shape->name_at, &place))
		return false;
	*name = name_of(reader, place);
	if (!*name)
		return false;
	read_place(reader, offset + reader->shape->value_at, value);
	return true;
}

static size_t run_at(const struct reader *reader, size_t offset)
{
	size_t count = 0;
	const char *name;
	uint64_t value;

	while (read_entry(reader, offset + count * reader->shape->entry_bytes, &name, &value))
		count++;
	return count;
}

/*
 * Nine of ten values lie in the image (per-CPU symbols have small ones), and nine of ten names come
 * behind the one before, as the linker has sorted them since f02e8a6596b7 (2.6.39): other tables of
 * names are not so.
 */
static bool is_exports(const struct reader *reader, size_t offset, size_t count)
{
	size_t inside = 0, sorted = 0;
	const char *name, *before = "";
	uint64_t value;

	for (size_t i = 0; i < count; i++) {
		if (!read_entry(reader, offset + i * reader->shape->entry_bytes, &name, &value))
			continue;
		inside += infer_image_at(reader->image, value, 1) != NULL;
		sorted += strcmp(before, name) < 0;
		before = name;
	}
	return inside * 10 >= count * 9 && sorted * 10 >= count * 9;
}

static uint32_t add_run(const struct reader *reader, size_t offset, size_t count,
			struct infer_symbols *symbols)
{
	uint32_t added = 0;
	const char *name;
	uint64_t value;

	for (size_t i = 0; i < count; i++)
		if (read_entry(reader, offset + i * reader->shape->entry_bytes, &name, &value)) {
			infer_symbols_add(symbols, name, strlen(name), '?', value);
			added++;
		}
	return added;
}

/* Every run of one shape. */
static uint32_t read_shape(const struct reader *reader, struct infer_symbols *symbols)
{
	uint32_t added = 0;
	size_t offset = 0;

	while (offset + reader->shape->entry_bytes <= reader->image->size_bytes) {
		size_t count = run_at(reader, offset);

		if (count >= RUN_MIN && is_exports(reader, offset, count))
			added += add_run(reader, offset, count, symbols);
		offset +=
			count >= RUN_MIN ? count * reader->shape->entry_bytes : reader->shape->step;
	}
	return added;
}

uint32_t infer_ksymtab_read(const struct infer_image *image, uint8_t pointer_bytes,
			    struct infer_symbols *symbols)
{
	const struct shape *shapes = pointer_bytes == 4 ? shapes_32 : shapes_64;

	for (size_t i = 0; i < sizeof(shapes_64) / sizeof(shapes_64[0]); i++) {
		struct reader reader = {image, pointer_bytes, &shapes[i]};
		uint32_t added = read_shape(&reader, symbols);

		if (added)
			return added;
	}
	return 0;
}
