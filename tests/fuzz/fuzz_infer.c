/* SPDX-License-Identifier: MIT */
/*
 * What inference reads out of a guest, in any bytes at all: as memory in which a kernel is looked
 * for, and as a list of fields. Tables in its image are fuzz_tables.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

/* A whole work. */
static void read_memory(const uint8_t *data, size_t size_bytes)
{
	struct gap_memory_range range = {.size_bytes = size_bytes, .data = data};
	const struct gap_memory memory = {.ranges = &range, .range_count = 1};
	struct infer_fields fields;
	struct infer_options options = {.min_confidence = INFER_MIN_CONFIDENCE};
	struct infer_result result;
	struct gap_error error = {""};

	if (!size_bytes || infer_fields_default(&fields, NULL))
		return;
	if (!infer_run(&result, &memory, &fields, &options, &error)) {
		fuzz_accepted++;
		FUZZ_CHECK(result.profile && result.opened);
		infer_result_deinit(&result);
	} else {
		FUZZ_CHECK(error.text[0] != 0);
	}
	infer_fields_deinit(&fields);
}

static void read_list(const uint8_t *data, size_t size_bytes)
{
	struct infer_fields fields;
	struct gap_error error = {""};

	if (infer_fields_parse(&fields, (const char *)data, size_bytes, "list", &error)) {
		FUZZ_CHECK(error.text[0] != 0);
		return;
	}
	fuzz_accepted++;
	for (uint32_t i = 0; i < fields.count; i++) {
		FUZZ_CHECK(fields.rows[i].name_count > 0);
		FUZZ_CHECK(infer_fields_find(&fields, fields.rows[i].type, fields.rows[i].names[0],
					     NULL) <= i);
	}
	infer_fields_deinit(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	read_list(data, size_bytes);
	read_memory(data, size_bytes);
	return 0;
}
