/* SPDX-License-Identifier: MIT */
/*
 * Kernel text in any bytes at all: the first byte chooses the architecture, the rest are functions that
 * the table of witnesses knows. Every run ends within its bounds, and what is believed lies within them.
 */
#include <string.h>

#include "infer/code_learn.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

enum { FUNCTION_BYTES = 192 };

#define BASE 0xc1000000u

struct text {
	const uint8_t *bytes;
	size_t size_bytes;
};

static bool read_text(void *context, uint64_t address, void *buffer, size_t size_bytes)
{
	const struct text *text = context;
	uint64_t at = address - BASE;

	if (at > text->size_bytes || size_bytes > text->size_bytes - at)
		return false;
	memcpy(buffer, text->bytes + at, size_bytes);
	return true;
}

/* Functions of equal size, one after the other, and an object after them. */
static struct infer_symbols *make_symbols(size_t size_bytes)
{
	static const char *const names[] = {"get_task_mm",  "sys_getuid",   "sys_getgid",
					    "sys_geteuid",  "copy_process", "do_task_stat",
					    "show_map_vma", "small",        "init_task"};
	struct infer_symbols *symbols;

	if (infer_symbols_create(&symbols))
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && i * FUNCTION_BYTES < size_bytes;
	     i++)
		infer_symbols_add(symbols, names[i], strlen(names[i]), 't',
				  BASE + i * FUNCTION_BYTES);
	infer_symbols_add(symbols, "end", 3, 't', BASE + size_bytes);
	FUZZ_CHECK(infer_symbols_finish(symbols) == GAP_OK);
	return symbols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const struct code_machine *const machines[] = {&code_x86_64, &code_i386,
							      &code_arm64};
	static struct code_rows rows;
	static bool ready;
	struct code_learnt learnt;
	struct infer_symbols *symbols;
	struct text text = {data + 1, size_bytes ? size_bytes - 1 : 0};

	if (!ready)
		FUZZ_CHECK(code_rows_init(&rows) == GAP_OK);
	ready = true;
	if (size_bytes < 2 || !(symbols = make_symbols(text.size_bytes)))
		return 0;
	FUZZ_CHECK(code_learn(&learnt, &rows, machines[data[0] % 3],
			      (struct code_reader){read_text, &text}, symbols) == GAP_OK);
	for (uint32_t i = 0; i < learnt.votes.count; i++)
		FUZZ_CHECK(learnt.votes.items[i].offset < CODE_OFFSET_MAX);
	fuzz_accepted += learnt.votes.count > 0;
	code_learnt_deinit(&learnt);
	infer_symbols_destroy(symbols);
	return 0;
}
