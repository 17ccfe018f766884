/* SPDX-License-Identifier: MIT */
/*
 * Finding and parsing VMCOREINFO texts. Linux keeps the text in a page of its own and a second copy
 * behind the header of an ELF note, at an offset in the page; so it is searched for at every
 * address. Which of the texts tells the truth is decided where they are confirmed (confirm.c).
 *
 * Keys: include/linux/vmcore_info.h, arch/x86/kernel/vmcore_info_64.c and
 * arch/arm64/kernel/vmcore_info.c of the kernel.
 */
#include <string.h>

#include "runtime/scan.h"
#include "runtime/vmcoreinfo.h"

#define FIRST_KEY "OSRELEASE="
#define FIRST_KEY_BYTES (sizeof(FIRST_KEY) - 1)

enum number_form { HEXADECIMAL, DECIMAL };

enum number_id {
	ROOT,
	ROOT_OLD,
	PHYS_BASE,
	SLIDE,
	FIVE_LEVELS,
	ENCRYPTION,
	VOFFSET,
	PAGE_SIZE,
	NUMBER_COUNT
};

static const struct number_key {
	const char *key;
	enum number_form form;
} number_keys[NUMBER_COUNT] = {
	[ROOT] = {"SYMBOL(swapper_pg_dir)=", HEXADECIMAL},
	[ROOT_OLD] = {"SYMBOL(init_top_pgt)=", HEXADECIMAL},
	[PHYS_BASE] = {"NUMBER(phys_base)=", DECIMAL}, /* before 4.10 absent, and zero */
	[SLIDE] = {"KERNELOFFSET=", HEXADECIMAL},
	[FIVE_LEVELS] = {"NUMBER(pgtable_l5_enabled)=", DECIMAL},
	[ENCRYPTION] = {"NUMBER(sme_mask)=", DECIMAL},
	[VOFFSET] = {"NUMBER(kimage_voffset)=0x", HEXADECIMAL},
	[PAGE_SIZE] = {"PAGESIZE=", DECIMAL},
};

struct numbers {
	uint64_t value[NUMBER_COUNT];
	int known[NUMBER_COUNT];
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* A whole text as a number of 64 bits; false for anything else. */
static int parse_number(const char *text, size_t length, enum number_form form, uint64_t *number)
{
	unsigned base = form == HEXADECIMAL ? 16 : 10;
	int negative = form == DECIMAL && length > 0 && *text == '-';
	uint64_t value = 0;

	text += negative;
	length -= (size_t)negative;
	if (length == 0)
		return 0;
	for (size_t i = 0; i < length; i++) {
		unsigned next = (unsigned)digit(text[i]);

		if (next >= base || value > (UINT64_MAX - next) / base)
			return 0;
		value = value * base + next;
	}
	*number = negative ? 0 - value : value;
	return 1;
}

/* The value of a line "KEY=value", or NULL when the line has another key. */
static const char *value_of(const char *key, const char *line, size_t length, size_t *value_length)
{
	size_t key_length = strlen(key);

	if (length < key_length || memcmp(line, key, key_length) != 0)
		return NULL;
	*value_length = length - key_length;
	return line + key_length;
}

static void parse_build_id(const char *text, size_t length, struct gap_vmcoreinfo *info)
{
	uint8_t id[sizeof(info->build_id)];

	if (length == 0 || length % 2 || length / 2 > sizeof(id))
		return;
	for (size_t i = 0; i < length; i++) {
		int value = digit(text[i]);

		if (value > 15)
			return;
		id[i / 2] = (uint8_t)(i % 2 ? id[i / 2] << 4 | value : value);
	}
	memcpy(info->build_id, id, length / 2);
	info->build_id_bytes = (uint8_t)(length / 2);
}

static void parse_release(const char *text, size_t length, struct gap_vmcoreinfo *info)
{
	if (length >= sizeof(info->release))
		length = sizeof(info->release) - 1;
	for (size_t i = 0; i < length; i++)
		info->release[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	info->release[length] = '\0';
}

static void parse_line(const char *line, size_t length, struct gap_vmcoreinfo *info,
		       struct numbers *numbers)
{
	size_t value_length;
	const char *value;

	for (int i = 0; i < NUMBER_COUNT; i++) {
		value = value_of(number_keys[i].key, line, length, &value_length);
		if (value)
			numbers->known[i] |= parse_number(value, value_length, number_keys[i].form,
							  &numbers->value[i]);
	}
	value = value_of(FIRST_KEY, line, length, &value_length);
	if (value)
		parse_release(value, value_length, info);
	value = value_of("BUILD-ID=", line, length, &value_length);
	if (value)
		parse_build_id(value, value_length, info);
}

/* Encryption is one high bit; anything else would mask addresses away. */
static uint64_t encryption_mask(uint64_t mask)
{
	return mask >> 32 && (mask & (mask - 1)) == 0 ? mask : 0;
}

/* arm64 also tells VA_BITS and TCR_EL1's T1SZ; but a kernel built for 52 bits lays out its tables
 * for as many even where the CPU has fewer, so that neither tells their shape. */
static void interpret_paging(const struct numbers *numbers, struct gap_paging *paging)
{
	uint64_t page = numbers->value[PAGE_SIZE];

	if (numbers->known[FIVE_LEVELS])
		paging->levels = numbers->value[FIVE_LEVELS] ? 5 : 4;
	for (uint8_t shift = 12; shift <= 16; shift++)
		if (page == UINT64_C(1) << shift)
			paging->page_shift = shift;
}

static int interpret(const struct numbers *numbers, struct gap_vmcoreinfo *info)
{
	int root = numbers->known[ROOT] ? ROOT : ROOT_OLD;

	info->root_symbol = numbers->value[root];
	info->phys_base = numbers->value[PHYS_BASE];
	info->slide = numbers->value[SLIDE];
	info->encryption_mask = encryption_mask(numbers->value[ENCRYPTION]);
	info->has_slide = numbers->known[SLIDE] != 0;
	info->voffset = numbers->value[VOFFSET];
	info->has_voffset = numbers->known[VOFFSET] != 0;
	interpret_paging(numbers, &info->paging);
	return numbers->known[root] && *info->release;
}

int gap_vmcoreinfo_parse(const char *text, size_t size_bytes, struct gap_vmcoreinfo *info)
{
	struct gap_vmcoreinfo parsed = {0};
	struct numbers numbers = {{0}, {0}};
	const char *end = text + size_bytes;

	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));

		if (!line_end) /* a line that was cut could say anything */
			break;
		parse_line(text, (size_t)(line_end - text), &parsed, &numbers);
		text = line_end + 1;
	}
	if (!interpret(&numbers, &parsed))
		return 0;
	*info = parsed;
	return 1;
}

struct search {
	const struct gap_memory *memory;
	gap_vmcoreinfo_visit *visit;
	void *context;
};

/*
 * A text ends at a zero byte, at the kernel's bound, or where another begins: so that one cannot
 * swallow the true one behind it.
 */
static size_t text_length(const char *text, size_t size_bytes)
{
	size_t length = strnlen(text, size_bytes);
	const char *next = NULL;

	if (length > FIRST_KEY_BYTES)
		next = memmem(text + 1, length - 1, FIRST_KEY, FIRST_KEY_BYTES);
	return next ? (size_t)(next - text) : length;
}

/*
 * Copies a text, because the memory of a live guest may change while it is parsed; in growing
 * steps, so that a memory full of beginnings costs no more than a few times its size.
 */
static size_t copy_text(const struct gap_memory *memory, struct gap_paddr at,
			char text[GAP_VMCOREINFO_BYTES])
{
	size_t length = 0;

	for (size_t size = 64; size <= GAP_VMCOREINFO_BYTES; size *= 8) {
		length = text_length(text, gap_memory_read_some(memory, at, text, size));
		if (length < size)
			break;
	}
	return length;
}

static int visit_place(void *context, struct gap_paddr at)
{
	const struct search *search = context;
	struct gap_vmcoreinfo info;
	char text[GAP_VMCOREINFO_BYTES];

	if (!gap_vmcoreinfo_parse(text, copy_text(search->memory, at, text), &info))
		return 0;
	return search->visit(search->context, &info);
}

enum gap_status gap_vmcoreinfo_each(const struct gap_memory *memory, gap_vmcoreinfo_visit *visit,
				    void *context)
{
	struct search search = {memory, visit, context};

	return gap_memory_scan(memory, FIRST_KEY, visit_place, &search);
}
