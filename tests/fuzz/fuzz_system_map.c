/* SPDX-License-Identifier: MIT */
/*
 * System.map: any text beside a smallest valid BTF is read or refused with words.
 */
#include "extract/extract.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_file.h"

unsigned long fuzz_accepted;

/* Header of 24 bytes, one 4-byte signed int called "int", its strings. */
static const uint8_t smallest_btf[] = {0x9f, 0xeb, 1, 0, 24, 0, 0,  0, 0, 0, 0, 0,   16,  0,   0,
				       0,    16,   0, 0, 0,  5, 0,  0, 0, 1, 0, 0,   0,   0,   0,
				       0,    1,    4, 0, 0,  0, 32, 0, 0, 1, 0, 'i', 'n', 't', 0};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct gap_extract_options options = {.types_from = GAP_TYPES_BEST};
	struct gap_extract_report report;
	struct gap_builder *builder = NULL;
	struct memory_file base, map;
	struct gap_error error;

	if (!memory_file_open(&base, smallest_btf, sizeof(smallest_btf)))
		return 0;
	if (memory_file_open(&map, data, size_bytes)) {
		options.system_map = map.path;
		if (gap_builder_create(&builder, NULL) == GAP_OK) {
			if (gap_extract(builder, base.path, &options, &report, &error) == GAP_OK)
				fuzz_accepted++;
			else
				FUZZ_CHECK(error.text[0] != 0);
			gap_builder_destroy(builder);
		}
		memory_file_close(&map);
	}
	memory_file_close(&base);
	return 0;
}
