/* SPDX-License-Identifier: MIT */
/*
 * Reading VMCOREINFO (kernel/vmcore_info.c and arch/…/vmcore_info*.c of the kernel write it). The
 * runtime reads the same text for other ends: to find a kernel whose profile is known.
 */
#include "infer/coreinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_KEY "OSRELEASE="
#define PIECE_BYTES ((size_t)1 << 20)
#define TEXTS_MAX 64
#define PAGE_BYTES_MIN 4096
#define OFFSET_BYTES_MAX ((uint64_t)1 << 20) /* no structure is as large */

/* ---- lines ---- */

static unsigned nibble(char c)
{
	return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
	       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
				      : 16;
}

/* What stands from here to the end of the line, which must be one number and nothing else: what is
 * broken says nothing, and not 0. */
static bool read_number(const char *text, int base, uint64_t *value)
{
	unsigned long long number;
	char *end;

	if (nibble(*text) >= (unsigned)base)
		return false;
	errno = 0;
	number = strtoull(text, &end, base);
	if (errno || (*end && *end != '\n'))
		return false;
	*value = number;
	return true;
}

typedef void line_visit(void *context, const char *name, size_t length, const char *value);

/* Visits each "KIND(name)=value" line. */
static void each_line(const char *text, const char *kind, line_visit *visit, void *context)
{
	size_t kind_length = strlen(kind);

	while (*text) {
		size_t length = strcspn(text, "\n");
		const char *close = memchr(text, ')', length);

		if (length > kind_length && strncmp(text, kind, kind_length) == 0 &&
		    text[kind_length] == '(' && close && close[1] == '=')
			visit(context, text + kind_length + 1,
			      (size_t)(close - (text + kind_length + 1)), close + 2);
		text += length + (text[length] == '\n');
	}
}

struct wanted {
	const char *name;
	bool found;
	uint64_t value;
};

static void take_wanted(void *context, const char *name, size_t length, const char *value)
{
	struct wanted *wanted = context;

	if (strlen(wanted->name) == length && memcmp(name, wanted->name, length) == 0)
		wanted->found |= read_number(value, 16, &wanted->value);
}

static bool find_symbol(const char *text, const char *name, uint64_t *value)
{
	struct wanted wanted = {.name = name};

	each_line(text, "SYMBOL", take_wanted, &wanted);
	if (wanted.found)
		*value = wanted.value;
	return wanted.found;
}

static const char *find_plain(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	while (at && at != text && at[-1] != '\n')
		at = strstr(at + 1, key);
	return at ? at + strlen(key) : NULL;
}

/* ---- confirming ---- */

/* What it says of the tables is what was found without it: its root leads to ours. */
static bool confirms(const struct infer_kernel *kernel, const char *text)
{
	struct gap_guest_info info;
	struct gap_paddr root;
	uint64_t address;

	gap_guest_info(kernel->guest, &info);
	if (!find_symbol(text, "swapper_pg_dir", &address) &&
	    !find_symbol(text, "init_top_pgt", &address))
		return false;
	if (gap_guest_translate(kernel->guest, (struct gap_vaddr){address}, &root) ||
	    root.value != info.root.value)
		return false;
	return !find_symbol(text, "_stext", &address) || kernel->text.start == kernel->text.end ||
	       (address >= kernel->text.start && address < kernel->text.end);
}

/* A kernel moves by whole pages. */
static void read_slide(struct infer_coreinfo *info)
{
	const char *text = find_plain(info->text, "KERNELOFFSET=");
	uint64_t slide;

	if (!text || !read_number(text, 16, &slide) || slide % PAGE_BYTES_MIN)
		return;
	info->has_slide = true;
	info->slide = slide;
}

static void read_plain(struct infer_coreinfo *info)
{
	const char *id = find_plain(info->text, "BUILD-ID=");

	for (size_t i = 0;
	     id && i < 2 * sizeof(info->build_id) && nibble(id[i]) < 16 && nibble(id[i + 1]) < 16;
	     i += 2) {
		info->build_id[i / 2] = (uint8_t)(nibble(id[i]) << 4 | nibble(id[i + 1]));
		info->build_id_bytes = (uint8_t)(i / 2 + 1);
	}
	read_slide(info);
}

/* Keeps the first text that confirms: whole lines, to the zero byte. */
static bool take_text(struct infer_coreinfo *info, const struct infer_kernel *kernel,
		      const char *bytes, size_t size_bytes)
{
	char text[INFER_COREINFO_BYTES + 1];
	size_t length = strnlen(bytes, size_bytes < INFER_COREINFO_BYTES ? size_bytes
									 : INFER_COREINFO_BYTES);

	while (length && bytes[length - 1] != '\n')
		length--;
	memcpy(text, bytes, length);
	text[length] = '\0';
	if (!confirms(kernel, text)) {
		info->refused++;
		return false;
	}
	memcpy(info->text, text, length + 1);
	read_plain(info);
	return true;
}

/* ---- looking for it ---- */

/* vmcoreinfo_data points to the text (since 692f66f26a4c, 4.13; before, it was the text). */
static bool read_by_symbol(struct infer_coreinfo *info, const struct infer_kernel *kernel)
{
	const struct infer_symbol *symbol =
		infer_symbols_named(kernel->symbols, "vmcoreinfo_data", NULL);
	char text[INFER_COREINFO_BYTES];
	struct gap_vaddr at;

	if (!symbol ||
	    gap_guest_read_pointer(kernel->guest, (struct gap_vaddr){symbol->address}, &at))
		return false;
	if (gap_guest_read(kernel->guest, at, text, sizeof(text)))
		return false;
	return memcmp(text, FIRST_KEY, strlen(FIRST_KEY)) == 0 &&
	       take_text(info, kernel, text, sizeof(text));
}

static bool search_piece(struct infer_coreinfo *info, const struct infer_kernel *kernel,
			 const char *bytes, size_t size_bytes)
{
	const char *at = bytes, *end = bytes + size_bytes;

	while (info->refused < TEXTS_MAX &&
	       (at = memmem(at, (size_t)(end - at), FIRST_KEY, strlen(FIRST_KEY)))) {
		if (take_text(info, kernel, at, (size_t)(end - at)))
			return true;
		at++;
	}
	return false;
}

static enum gap_status search_memory(struct infer_coreinfo *info, const struct infer_kernel *kernel,
				     struct gap_error *error)
{
	const struct gap_memory *memory = kernel->memory;
	char *piece = malloc(PIECE_BYTES + INFER_COREINFO_BYTES);
	bool found = false;

	if (!piece)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < memory->range_count && !found; i++) {
		const struct gap_memory_range *range = &memory->ranges[i];
		uint64_t done = 0;

		while (done < range->size_bytes && !found) {
			struct gap_paddr at = {range->start.value + done};
			uint64_t left = range->size_bytes - done, zeros = 0;
			size_t part = left < PIECE_BYTES + INFER_COREINFO_BYTES
					      ? (size_t)left
					      : PIECE_BYTES + INFER_COREINFO_BYTES;

			if (memory->zero_bytes)
				zeros = memory->zero_bytes(memory->context, at);
			if (zeros >= PIECE_BYTES || zeros >= left) {
				done += zeros;
				continue;
			}
			if (!gap_memory_read(memory, at, piece, part))
				found = search_piece(info, kernel, piece, part);
			done += PIECE_BYTES;
		}
	}
	free(piece);
	return GAP_OK;
}

enum gap_status infer_coreinfo_read(struct infer_coreinfo *info, const struct infer_kernel *kernel,
				    struct gap_error *error)
{
	*info = (struct infer_coreinfo){0};
	if (read_by_symbol(info, kernel))
		return GAP_OK;
	return search_memory(info, kernel, error);
}

/* ---- what it says ---- */

static void add_symbol(void *context, const char *name, size_t length, const char *value)
{
	uint64_t address;

	if (read_number(value, 16, &address))
		infer_symbols_add(context, name, length, '?', address);
}

void infer_coreinfo_symbols(const struct infer_coreinfo *info, struct infer_symbols *symbols)
{
	each_line(info->text, "SYMBOL", add_symbol, symbols);
}

struct claiming {
	const struct infer_fields *fields;
	struct infer_claims *claims;
};

static void add_claim(void *context, const char *name, size_t length, const char *value)
{
	const struct claiming *claiming = context;
	struct infer_claim claim = {.kind = INFER_VMCOREINFO,
				    .weight = 600,
				    .support = 1,
				    .witness = "VMCOREINFO says so"};
	unsigned name_index = 0;
	char path[128], *dot;
	uint64_t offset;

	if (length >= sizeof(path) || !read_number(value, 10, &offset) || offset > OFFSET_BYTES_MAX)
		return;
	memcpy(path, name, length);
	path[length] = '\0';
	dot = strchr(path, '.');
	if (!dot)
		return;
	*dot = '\0';
	claim.field = infer_fields_find(claiming->fields, path, dot + 1, &name_index);
	if (claim.field == INFER_NONE)
		return;
	claim.name_index = (uint8_t)name_index;
	claim.offset_bits = (uint32_t)offset * 8;
	claim.class_id = infer_claims_class(claiming->claims, "vmcoreinfo");
	infer_claims_add(claiming->claims, &claim);
}

void infer_coreinfo_claims(const struct infer_coreinfo *info, const struct infer_fields *fields,
			   struct infer_claims *claims)
{
	struct claiming claiming = {fields, claims};

	each_line(info->text, "OFFSET", add_claim, &claiming);
}
