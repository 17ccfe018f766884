/* SPDX-License-Identifier: MIT */
/*
 * Functions that alone use a text. Where a text is, it is looked for in the image; who uses it, in the code:
 * an instruction that holds its address, or makes it of two parts on arm64. The function begins at the
 * nearest place before that somebody calls or points to. That is where to look, no more: whether it
 * prints the text shows when its code is run through.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "infer/code_text.h"
#include "infer/function_labels.h"

enum {
	TEXTS_MAX = 64,
	USERS_MAX = 8,
	FUNCTION_BYTES_MAX = 1 << 14,
	ALIGNMENT = 16, /* of functions on x86 */
	PAIR_INSNS_MAX = 8
};

struct text_user {
	const char *text, *other, *function;
};

static const struct text_user rows[] = {
#define TEXT_USER(text, other, function) {text, other, function},
#include "kernels/labels.def"
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* One text of a row, and the places in the code that use it. */
struct use {
	uint32_t row;
	bool other;
	uint64_t address;             /* of the text; 0: it is not there */
	uint64_t at[USERS_MAX];       /* who uses it */
	uint64_t function[USERS_MAX]; /* where the function begins */
	unsigned count;
	bool many; /* users, or texts that begin so */
};

struct search {
	const struct infer_image *image;
	uint16_t machine;
	uint64_t code, code_end; /* in the image's bytes */
	struct use uses[TEXTS_MAX];
	unsigned use_count;
	uint8_t filter[1 << 13]; /* by the lowest 16 bits of addresses */
};

/* ---- texts ---- */

/* The start of the string that goes on with what is at @at: there, or before what tells its level. */
static bool find_start(const struct infer_image *image, uint64_t at, uint64_t *start)
{
	if (at >= 3 && image->bytes[at - 2] == 1 && image->bytes[at - 3] == 0)
		*start = at - 2;
	else if (at >= 1 && image->bytes[at - 1] == 0)
		*start = at;
	else
		return false;
	return true;
}

static void find_text(const struct search *search, struct use *use, const char *text)
{
	const struct infer_image *image = search->image;
	const uint8_t *from = image->bytes, *end = image->bytes + image->size_bytes, *found;
	uint64_t start;

	while ((found = memmem(from, (size_t)(end - from), text, strlen(text))) != NULL) {
		from = found + 1;
		if (!find_start(image, (uint64_t)(found - image->bytes), &start))
			continue;
		use->many = use->address;
		use->address = image->address + start;
		if (use->many)
			return;
	}
}

static void add_use(struct search *search, uint32_t row, bool other)
{
	struct use *use = &search->uses[search->use_count];

	*use = (struct use){.row = row, .other = other};
	find_text(search, use, other ? rows[row].other : rows[row].text);
	if (!use->address)
		return;
	search->filter[(use->address & 0xffff) >> 3] |= (uint8_t)(1u << (use->address & 7));
	search->use_count++;
}

/* ---- users ---- */

static bool may_be(const struct search *search, uint64_t address)
{
	return search->filter[(address & 0xffff) >> 3] >> (address & 7) & 1;
}

static void note(struct search *search, uint64_t address, uint64_t at)
{
	for (unsigned i = 0; i < search->use_count; i++) {
		struct use *use = &search->uses[i];

		if (use->address != address)
			continue;
		use->many |= use->count == USERS_MAX;
		if (use->count < USERS_MAX)
			use->at[use->count++] = at;
	}
}

static uint32_t word_at(const struct search *search, uint64_t at)
{
	uint32_t word;

	memcpy(&word, search->image->bytes + at, sizeof(word));
	return word;
}

/* On x86 as a number of 32 bits, or as the distance from the next instruction. */
static void find_users_x86(struct search *search)
{
	uint64_t base = search->image->address;

	for (uint64_t at = search->code; at + 4 <= search->code_end; at++) {
		uint32_t word = word_at(search, at);
		uint64_t number = (base & 0xffffffff00000000) | word;
		uint64_t near = base + at + 4 + (uint64_t)(int64_t)(int32_t)word;

		if (may_be(search, number))
			note(search, number, base + at);
		if (near != number && may_be(search, near))
			note(search, near, base + at);
	}
}

/* adrp gives a page; an add soon after gives the rest. */
static void find_users_arm64(struct search *search)
{
	uint64_t base = search->image->address;

	for (uint64_t at = search->code; at + 4 <= search->code_end; at += 4) {
		uint32_t word = word_at(search, at), reg = word & 31;
		int64_t pages = (int64_t)((uint64_t)(word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3));
		uint64_t page;

		if ((word & 0x9f000000) != 0x90000000)
			continue;
		if (pages >> 20)
			pages -= 1 << 21;
		page = ((base + at) & ~(uint64_t)0xfff) + ((uint64_t)pages << 12);
		for (unsigned i = 1; i <= PAIR_INSNS_MAX && at + i * 4 + 4 <= search->code_end;
		     i++) {
			uint32_t next = word_at(search, at + i * 4);

			if ((next & 0xffc00000) != 0x91000000 || (next >> 5 & 31) != reg)
				continue;
			note(search, page + (next >> 10 & 0xfff), base + at);
			break;
		}
	}
}

/* ---- where functions begin ---- */

static void offer_start(struct search *search, uint64_t start)
{
	for (unsigned i = 0; i < search->use_count; i++)
		for (unsigned k = 0; k < search->uses[i].count; k++) {
			struct use *use = &search->uses[i];

			if (start <= use->at[k] && use->at[k] - start < FUNCTION_BYTES_MAX &&
			    start > use->function[k])
				use->function[k] = start;
		}
}

static bool can_start(const struct search *search, uint64_t address)
{
	uint64_t offset = address - search->image->address;

	return offset >= search->code && offset < search->code_end &&
	       address % (search->machine == EM_AARCH64 ? 4 : ALIGNMENT) == 0;
}

static void find_called(struct search *search)
{
	uint64_t base = search->image->address;
	bool arm = search->machine == EM_AARCH64;

	for (uint64_t at = search->code; at + 5 <= search->code_end; at += arm ? 4 : 1) {
		uint64_t target;
		uint32_t word;

		if (arm) {
			word = word_at(search, at);
			if (word >> 26 != 0x25)
				continue;
			target = base + at + (uint64_t)((int64_t)(int32_t)(word << 6) >> 4);
		} else {
			if (search->image->bytes[at] != 0xe8)
				continue;
			target =
				base + at + 5 + (uint64_t)(int64_t)(int32_t)word_at(search, at + 1);
		}
		if (can_start(search, target))
			offer_start(search, target);
	}
}

static void find_pointed(struct search *search, unsigned width)
{
	for (uint64_t at = 0; at + width <= search->image->size_bytes; at += width) {
		uint64_t value = 0;

		if (search->code && at >= search->code && at < search->code_end)
			continue; /* where it is known what is code, that points nowhere */
		memcpy(&value, search->image->bytes + at, width);
		if (can_start(search, value))
			offer_start(search, value);
	}
}

/* ---- names ---- */

/* Whether the code of the function leads to where it is said to use a text: parts that are seldom run lie
 * elsewhere, behind a function that has nothing to do with them. */
static bool leads_to(const struct search *search, uint64_t function, uint64_t at)
{
	const struct code_machine *machine = code_machine_of(search->machine);
	const uint8_t *bytes = infer_image_at(search->image, function, FUNCTION_BYTES_MAX);
	void *decoder = bytes ? machine->open(machine->pointer_bytes == 8) : NULL;
	bool broken = false;
	bool leads = decoder &&
		     code_text_walk(machine, decoder, bytes, function,
				    function + FUNCTION_BYTES_MAX, &broken) > at &&
		     !broken;

	if (decoder)
		machine->close(decoder);
	return leads;
}

/* The function of all users of a text; 0: there are several, or none is known. */
static uint64_t only_user(const struct use *use)
{
	uint64_t function = use->count && !use->many ? use->function[0] : 0;

	for (unsigned i = 1; i < use->count; i++)
		if (use->function[i] != function)
			return 0;
	return function;
}

static bool is_used_by(const struct search *search, uint32_t row, uint64_t function)
{
	for (unsigned i = 0; i < search->use_count; i++) {
		const struct use *use = &search->uses[i];

		for (unsigned k = 0; use->row == row && use->other && k < use->count; k++)
			if (use->function[k] == function)
				return true;
	}
	return !rows[row].other[0];
}

static uint32_t add_all(const struct search *search, struct infer_symbols *symbols)
{
	uint32_t added = 0;

	for (unsigned i = 0; i < search->use_count; i++) {
		const struct use *use = &search->uses[i];
		uint64_t function = use->other ? 0 : only_user(use);

		if (!function || !leads_to(search, function, use->at[0]) ||
		    !is_used_by(search, use->row, function) ||
		    infer_symbols_added(symbols, rows[use->row].function))
			continue;
		infer_symbols_add(symbols, rows[use->row].function, strlen(rows[use->row].function),
				  't', function);
		added++;
	}
	return added;
}

uint32_t infer_text_users_read(const struct infer_image *image, uint16_t machine,
			       const struct infer_window *text, struct infer_symbols *symbols)
{
	struct search *search;
	uint32_t added;

	if (text->start < image->address || text->end - image->address > image->size_bytes ||
	    text->start >= text->end ||
	    (machine != EM_X86_64 && machine != EM_386 && machine != EM_AARCH64))
		return 0;
	search = calloc(1, sizeof(*search));
	if (!search)
		return 0;
	search->image = image;
	search->machine = machine;
	search->code = text->start - image->address;
	search->code_end = text->end - image->address;
	for (uint32_t i = 0; i < ROWS && search->use_count + 2 <= TEXTS_MAX; i++) {
		add_use(search, i, false);
		if (rows[i].other[0])
			add_use(search, i, true);
	}
	if (machine == EM_AARCH64)
		find_users_arm64(search);
	else
		find_users_x86(search);
	find_called(search);
	find_pointed(search, machine == EM_386 ? 4 : 8);
	added = add_all(search, symbols);
	free(search);
	return added;
}
