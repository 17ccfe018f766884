/* SPDX-License-Identifier: MIT */
/*
 * The kernel's symbol table in any bytes at all: found or refused, and what was found can be walked, lies inside the bytes,
 * and has as many symbols as it says.
 */
#include <string.h>

#include "profile/kallsyms.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

static bool count(void *context, const char *name, size_t length, char type, uint64_t address)
{
	uint32_t *seen = context;

	(void)type;
	(void)address;
	FUZZ_CHECK(strlen(name) == length && length > 0);
	++*seen;
	return true;
}

static void look(const struct gap_kallsyms_input *input)
{
	struct gap_kallsyms_found found;
	struct gap_error error = {""};
	uint32_t seen = 0;

	if (gap_kallsyms_find(input, &found, &error) != GAP_OK) {
		FUZZ_CHECK(error.text[0] != 0);
		return;
	}
	fuzz_accepted++;
	FUZZ_CHECK(found.candidates > 0 && found.layout);
	FUZZ_CHECK(found.token_index_offset + 512 <= input->size_bytes);
	if (gap_kallsyms_each(input, &found, count, &seen, &error) == GAP_OK)
		FUZZ_CHECK(seen == found.count);
	else
		FUZZ_CHECK(error.text[0] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const uint8_t widths[] = {0, 4, 8};

	for (size_t i = 0; i < sizeof(widths); i++) {
		struct gap_kallsyms_input input = {
			.bytes = data, .size_bytes = size_bytes, .pointer_bytes = widths[i]};

		look(&input);
		input.address = 0xffffffff81000000;
		input.address_known = true;
		look(&input);
	}
	return 0;
}
