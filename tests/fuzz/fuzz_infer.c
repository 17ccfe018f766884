/* SPDX-License-Identifier: MIT */
/*
 * What inference reads out of a guest, in any bytes at all: as memory in which a kernel is looked
 * for, as an image with tables of symbols, types and functions, as VMCOREINFO, as a list of fields.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "infer/function_labels.h"
#include "infer/symtables.h"
#include "infer/syscalls.h"
#include "infer/types.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

#define IMAGE_AT UINT64_C(0xffffffff81000000)

static void read_image(const uint8_t *data, size_t size_bytes)
{
	struct infer_image image = {.address = IMAGE_AT, .size_bytes = size_bytes};
	static const uint8_t widths[] = {4, 8};
	struct gap_kallsyms_found found;
	struct infer_types_found types;
	struct infer_symbols *symbols;

	image.bytes = malloc(size_bytes + 1);
	if (!image.bytes)
		return;
	memcpy(image.bytes, data, size_bytes);
	for (size_t i = 0; i < sizeof(widths); i++) {
		if (infer_symbols_create(&symbols))
			break;
		fuzz_accepted += infer_kallsyms_read(&image, widths[i], IMAGE_AT, symbols, &found);
		fuzz_accepted += infer_ksymtab_read(&image, widths[i], symbols) != 0;
		if (!infer_symbols_finish(symbols) && infer_types_find(&image, symbols, &types))
			FUZZ_CHECK(types.bytes >= image.bytes &&
				   types.bytes + types.size_bytes <= image.bytes + size_bytes);
		infer_symbols_destroy(symbols);
	}
	infer_image_deinit(&image);
}

/* What names functions where there is no table of symbols: whatever of the image may be code. */
static void read_functions(const uint8_t *data, size_t size_bytes)
{
	static const uint16_t machines[] = {EM_X86_64, EM_386, EM_AARCH64};
	struct infer_image image = {.address = IMAGE_AT, .size_bytes = size_bytes};
	const struct infer_window text = {IMAGE_AT, IMAGE_AT + size_bytes};
	struct infer_symbols *symbols;

	image.bytes = malloc(size_bytes + 1);
	if (!image.bytes || infer_symbols_create(&symbols)) {
		free(image.bytes);
		return;
	}
	memcpy(image.bytes, data, size_bytes);
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		infer_syscalls_read(&image, machines[i], &text, symbols);
		infer_text_users_read(&image, machines[i], &text, symbols);
		infer_proc_entries_read(&image, machines[i] == EM_386 ? 4 : 8, &text, symbols);
	}
	if (!infer_symbols_finish(symbols))
		for (uint32_t i = 0; i < infer_symbols_count(symbols); i++)
			FUZZ_CHECK(infer_symbols_at(symbols, i)->address - IMAGE_AT < size_bytes);
	infer_symbols_destroy(symbols);
	infer_image_deinit(&image);
}

/* At 0, and once more where arm64's boards have their RAM. */
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
	read_image(data, size_bytes);
	read_functions(data, size_bytes);
	read_memory(data, size_bytes);
	return 0;
}
