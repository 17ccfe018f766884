/* SPDX-License-Identifier: MIT */
/*
 * What inference finds in a kernel's image by its structure, in any bytes at all: tables of all symbols, of exports,
 * functions that need no symbol, and types, which are then read as those of a profile are.
 */
#include <elf.h>
#include <string.h>

#include "infer/function_labels.h"
#include "infer/symtables.h"
#include "infer/syscalls.h"
#include "infer/types.h"
#include "profile/btf.h"
#include "tests/fuzz/frozen.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

#define IMAGE_AT UINT64_C(0xffffffff81000000)

static void read_types(const struct infer_types_found *found)
{
	struct gap_build_target target = {.machine = 62, .pointer_bytes = 8};
	struct gap_builder *builder = NULL;
	struct gap_error error = {""};

	if (gap_builder_create(&builder, NULL) != GAP_OK)
		return;
	gap_builder_target_set(builder, &target);
	if (gap_btf_read(builder, found->bytes, found->size_bytes, NULL, NULL, &error) == GAP_OK)
		freeze_and_open(builder);
	else
		FUZZ_CHECK(error.text[0] != 0);
	gap_builder_destroy(builder);
}

static void check_symbols(const struct infer_symbols *symbols)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < infer_symbols_count(symbols); i++) {
		const struct infer_symbol *symbol = infer_symbols_at(symbols, i);
		uint32_t count = 0;

		FUZZ_CHECK(symbol->name[0] && symbol->address >= before);
		before = symbol->address;
		infer_symbols_named(symbols, symbol->name, &count);
		FUZZ_CHECK(count > 0);
	}
}

static void read_image(const struct infer_image *image, uint8_t pointer_bytes)
{
	struct gap_kallsyms_found found;
	struct infer_types_found types;
	struct infer_symbols *symbols;

	if (infer_symbols_create(&symbols))
		return;
	fuzz_accepted += infer_kallsyms_read(image, pointer_bytes, IMAGE_AT, symbols, &found);
	fuzz_accepted += infer_ksymtab_read(image, pointer_bytes, symbols) != 0;
	FUZZ_CHECK(infer_symbols_finish(symbols) == GAP_OK);
	check_symbols(symbols);
	if (pointer_bytes == 8 && infer_types_find(image, symbols, &types)) {
		FUZZ_CHECK(types.bytes >= image->bytes &&
			   types.bytes + types.size_bytes <= image->bytes + image->size_bytes);
		read_types(&types);
	}
	infer_symbols_destroy(symbols);
}

/* What names functions where there is no table of symbols: all of the image may be code. */
static void read_functions(const struct infer_image *image, uint16_t machine)
{
	const struct infer_window text = {IMAGE_AT, IMAGE_AT + image->size_bytes};
	struct infer_symbols *symbols;

	if (infer_symbols_create(&symbols))
		return;
	infer_syscalls_read(image, machine, &text, symbols);
	infer_text_users_read(image, machine, &text, symbols);
	infer_proc_entries_read(image, machine == EM_386 ? 4 : 8, &text, symbols);
	FUZZ_CHECK(infer_symbols_finish(symbols) == GAP_OK);
	check_symbols(symbols);
	infer_symbols_destroy(symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct infer_image image = {.address = IMAGE_AT, .size_bytes = size_bytes};

	image.bytes = malloc(size_bytes + 1);
	if (!image.bytes)
		return 0;
	memcpy(image.bytes, data, size_bytes);
	read_image(&image, 8);
	read_image(&image, 4);
	read_functions(&image, EM_X86_64);
	read_functions(&image, EM_386);
	read_functions(&image, EM_AARCH64);
	infer_image_deinit(&image);
	return 0;
}
