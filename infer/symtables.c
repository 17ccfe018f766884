/* SPDX-License-Identifier: MIT */
/*
 * The kernel's table of all its symbols, out of its image. The decoder is profile/kallsyms.c's;
 * here is which of several tables to believe.
 */
#include "infer/symtables.h"

#include <string.h>

#define TABLES_MAX 16

static bool add(void *context, const char *name, size_t length, char type, uint64_t address)
{
	infer_symbols_add(context, name, length, type, address);
	return true;
}

struct banner_check {
	uint64_t banner;
	bool named, agrees;
};

static bool check(void *context, const char *name, size_t length, char type, uint64_t address)
{
	struct banner_check *banner = context;

	(void)type;
	if (length == 12 && memcmp(name, "linux_banner", 12) == 0) {
		banner->named = true;
		banner->agrees |= address == banner->banner;
	}
	return true;
}

/* A table is this kernel's when its addresses only rise, and it puts the banner where it is. */
static bool is_ours(const struct gap_kallsyms_input *input, const struct gap_kallsyms_found *found,
		    uint64_t banner)
{
	struct banner_check checked = {.banner = banner};

	return found->disorder == 0 && !gap_kallsyms_each(input, found, check, &checked, NULL) &&
	       (checked.agrees || !checked.named);
}

bool infer_kallsyms_read(const struct infer_image *image, uint8_t pointer_bytes, uint64_t banner,
			 struct infer_symbols *symbols, struct gap_kallsyms_found *found)
{
	const struct gap_kallsyms_input input = {.bytes = image->bytes,
						 .size_bytes = image->size_bytes,
						 .address = image->address,
						 .address_known = true,
						 .pointer_bytes = pointer_bytes};
	struct gap_kallsyms_found table, ours = {0};
	uint64_t position = 0;
	unsigned count = 0;

	for (int i = 0; i < TABLES_MAX; i++) {
		if (gap_kallsyms_next(&input, &position, &table, NULL))
			break;
		if (!is_ours(&input, &table, banner))
			continue;
		ours = table;
		count++;
	}
	if (count != 1 || gap_kallsyms_each(&input, &ours, add, symbols, NULL))
		return false;
	*found = ours;
	return true;
}
