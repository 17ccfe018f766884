/* SPDX-License-Identifier: MIT */
/*
 * Inputs of extract: any file is read or refused with words, and what was read freezes into an
 * image that opens.
 */
#include "extract/extract.h"
#include "tests/fuzz/frozen.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_file.h"

unsigned long fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct gap_extract_options options = {.with_rust = size_bytes & 1};
	struct gap_extract_report report;
	struct gap_builder *builder = NULL;
	struct gap_error error;
	struct memory_file file;

	if (!memory_file_open(&file, data, size_bytes))
		return 0;
	if (gap_builder_create(&builder, NULL) == GAP_OK) {
		if (gap_extract(builder, file.path, &options, &report, &error) == GAP_OK)
			freeze_and_open(builder);
		else
			FUZZ_CHECK(error.text[0] != 0);
		gap_builder_destroy(builder);
	}
	memory_file_close(&file);
	return 0;
}
