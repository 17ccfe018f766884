/* SPDX-License-Identifier: MIT */
/*
 * Packed files of every kind: any bytes unpack within the bound or are refused with words.
 */
#include "extract/content.h"
#include "tests/fuzz/fuzz.h"

#define BOUND (4u << 20)

unsigned long fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct gap_content content = {.name = "fuzz"};
	struct gap_error error = {""};

	if (gap_unpack(&content, data, size_bytes, BOUND, &error) != GAP_OK) {
		FUZZ_CHECK(error.text[0] != 0);
		FUZZ_CHECK(!content.bytes);
		return 0;
	}
	fuzz_accepted++;
	FUZZ_CHECK(content.size_bytes > 0 && content.size_bytes <= BOUND);
	gap_content_close(&content);
	return 0;
}
