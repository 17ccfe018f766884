/* SPDX-License-Identifier: MIT */
/*
 * BTF: any bytes are read or refused, and what was read freezes into an image that opens.
 */
#include "profile/btf.h"
#include "tests/fuzz/frozen.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

/* Header of 24 bytes, one 4-byte signed int called "int", its strings: what a module's BTF may stand on. */
static const uint8_t base_btf[] = {0x9f, 0xeb, 1, 0, 24, 0, 0,  0, 0, 0, 0, 0,   16,  0,   0,
				   0,    16,   0, 0, 0,  5, 0,  0, 0, 1, 0, 0,   0,   0,   0,
				   0,    1,    4, 0, 0,  0, 32, 0, 0, 1, 0, 'i', 'n', 't', 0};

/* The same bytes as the split BTF of a module, twice, and what both have made one. */
static void read_as_split(const uint8_t *data, size_t size_bytes)
{
	struct gap_btf_base base = {.strings = NULL};
	struct gap_builder *builder = NULL;
	struct gap_error error = {""};
	bool good = true;

	if (gap_builder_create(&builder, NULL) != GAP_OK)
		return;
	FUZZ_CHECK(gap_btf_read_base(builder, base_btf, sizeof(base_btf), NULL, NULL, &base,
				     &error) == GAP_OK);
	for (int i = 0; i < 2 && good; i++) {
		good = gap_btf_read_split(builder, &base, data, size_bytes, NULL, NULL, &error) ==
		       GAP_OK;
		FUZZ_CHECK(good || error.text[0] != 0);
	}
	if (good) {
		uint32_t before = gap_builder_type_count(builder);

		gap_builder_types_unify(builder);
		/* Twice the same cannot need twice the room. */
		FUZZ_CHECK(gap_builder_type_count(builder) <= before / 2 + 2);
		freeze_and_open(builder);
	}
	gap_btf_base_deinit(&base);
	gap_builder_destroy(builder);
}

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
	read_as_split(data, size_bytes);
	return 0;
}
