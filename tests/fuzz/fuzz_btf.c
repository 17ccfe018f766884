/* SPDX-License-Identifier: MIT */
/*
 * BTF: any bytes are read or refused, and what was read freezes into an image that opens.
 */
#include "profile/btf.h"
#include "tests/fuzz/frozen.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct gap_build_target target = {.machine = 62, .pointer_bytes = 8};
	struct gap_builder *builder = NULL;
	struct gap_error error;

	if (gap_builder_create(&builder, NULL) != GAP_OK)
		return 0;
	gap_builder_target_set(builder, &target);
	if (gap_btf_read(builder, data, size_bytes, NULL, NULL, &error) == GAP_OK)
		freeze_and_open(builder);
	else
		FUZZ_CHECK(error.text[0] != 0);
	gap_builder_destroy(builder);
	return 0;
}
