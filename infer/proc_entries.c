/* SPDX-License-Identifier: MIT */
/*
 * The tables of what a process has under /proc (struct pid_entry): a name, its length, a mode, and
 * pointers to what serves it. A run of entries whose names are as long as they say is nothing else; one
 * table is a process's, and has a folder of its threads, and one a thread's.
 */
#include <string.h>
#include <sys/stat.h>

#include "infer/function_labels.h"

enum { RUN_MIN = 16, NAME_BYTES_MAX = 24, POINTERS = 3 };

struct reader {
	const struct infer_image *image;
	const struct infer_window *text;
	unsigned width, size; /* of a pointer, of an entry */
};

struct entry {
	const char *name;
	uint32_t length;
	uint64_t shows; /* the function */
};

static uint64_t word_at(const struct reader *reader, uint64_t at)
{
	uint64_t value = 0;

	memcpy(&value, reader->image->bytes + at, reader->width);
	return value;
}

/* A name of exactly that many characters, or NULL. */
static const char *name_at(const struct reader *reader, uint64_t address, uint32_t length)
{
	const char *name = (const char *)infer_image_at(reader->image, address, length + 1u);

	return name && name[length] == 0 && strnlen(name, length) == length ? name : NULL;
}

static bool read_entry(const struct reader *reader, uint64_t at, struct entry *entry)
{
	uint32_t length;
	uint16_t mode;

	if (reader->image->size_bytes < reader->size ||
	    at > reader->image->size_bytes - reader->size)
		return false;
	memcpy(&length, reader->image->bytes + at + reader->width, sizeof(length));
	memcpy(&mode, reader->image->bytes + at + reader->width + 4, sizeof(mode));
	if (!length || length > NAME_BYTES_MAX ||
	    (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode)))
		return false;
	entry->name = name_at(reader, word_at(reader, at), length);
	entry->length = length;
	entry->shows = word_at(reader, at + reader->size - reader->width);
	return entry->name && (!entry->shows || (entry->shows >= reader->text->start &&
						 entry->shows < reader->text->end));
}

static bool is_called(const struct entry *entry, const char *name)
{
	return strlen(name) == entry->length && memcmp(entry->name, name, entry->length) == 0;
}

static bool table_has(const struct reader *reader, uint64_t at, uint32_t count, const char *name)
{
	struct entry entry;

	for (uint32_t i = 0; i < count; i++)
		if (read_entry(reader, at + (uint64_t)i * reader->size, &entry) &&
		    is_called(&entry, name))
			return true;
	return false;
}

static uint32_t add_entry(const struct entry *entry, bool thread, struct infer_symbols *symbols)
{
	static const struct {
		const char *name, *function, *thread_function;
	} rows[] = {
#define PROC_ENTRY(name, function, thread_function) {name, function, thread_function},
#include "kernels/labels.def"
	};

	for (size_t i = 0; entry->shows && i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = thread ? rows[i].thread_function : rows[i].function;

		if (!is_called(entry, rows[i].name) || !name[0])
			continue;
		infer_symbols_add(symbols, name, strlen(name), 't', entry->shows);
		return 1;
	}
	return 0;
}

/* Both tables show who one is; the one of a process has its threads. */
static uint32_t add_table(const struct reader *reader, uint64_t at, uint32_t count,
			  struct infer_symbols *symbols)
{
	bool thread = !table_has(reader, at, count, "task");
	struct entry entry;
	uint32_t added = 0;

	if (!table_has(reader, at, count, "status") || !table_has(reader, at, count, "cwd"))
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (read_entry(reader, at + (uint64_t)i * reader->size, &entry))
			added += add_entry(&entry, thread, symbols);
	return added;
}

/* The entries of the table that begins at @at: two of them may lie side by side, and a process's
 * begins with its threads, a thread's with its files. */
static uint32_t count_entries(const struct reader *reader, uint64_t at)
{
	struct entry entry;
	uint32_t count = 0;
	bool files = false;

	for (; read_entry(reader, at, &entry); at += reader->size, count++) {
		if ((count && is_called(&entry, "task")) || (files && is_called(&entry, "fd")))
			break;
		files |= is_called(&entry, "fd");
	}
	return count;
}

uint32_t infer_proc_entries_read(const struct infer_image *image, uint8_t pointer_bytes,
				 const struct infer_window *text, struct infer_symbols *symbols)
{
	struct reader reader = {image, text, pointer_bytes,
				pointer_bytes + 8u + POINTERS * pointer_bytes};
	uint32_t added = 0;
	uint64_t at = 0;

	while (at + reader.size <= image->size_bytes) {
		uint32_t count = count_entries(&reader, at);

		if (count >= RUN_MIN)
			added += add_table(&reader, at, count, symbols);
		at += count >= RUN_MIN ? (uint64_t)count * reader.size : pointer_bytes;
	}
	return added;
}
