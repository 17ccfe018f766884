/* SPDX-License-Identifier: MIT */
/*
 * VMCOREINFO in any bytes at all, in the memory of a guest whose page tables are known: what is believed are whole lines, and
 * what is taken from them lies within its bounds.
 */
#include <string.h>

#include "infer/coreinfo.h"
#include "runtime/include/semgap/survey.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tiny_guest.h"

#define OFFSET_BITS_MAX (8u << 20)

unsigned long fuzz_accepted;

static uint8_t bytes[TINY_BYTES];
static struct gap_memory_range range = {.size_bytes = TINY_BYTES, .data = bytes};
static struct infer_kernel kernel;
static struct infer_fields fields;

static void meet(void)
{
	static struct gap_memory memory = {.ranges = &range, .range_count = 1};
	static struct infer_symbols *symbols;
	struct gap_survey survey;

	if (kernel.guest)
		return;
	tiny_guest_make(bytes);
	FUZZ_CHECK(gap_guest_survey(&memory, NULL, &kernel.guest, &survey, NULL) == GAP_OK);
	FUZZ_CHECK(infer_fields_default(&fields, NULL) == GAP_OK);
	FUZZ_CHECK(infer_symbols_create(&symbols) == GAP_OK);
	FUZZ_CHECK(infer_symbols_finish(symbols) == GAP_OK);
	kernel.memory = &memory;
	kernel.pointer_bytes = survey.pointer_bytes;
	kernel.machine = survey.machine;
	kernel.symbols = symbols;
}

static void take_symbols(const struct infer_coreinfo *info)
{
	struct infer_symbols *symbols;

	FUZZ_CHECK(infer_symbols_create(&symbols) == GAP_OK);
	infer_coreinfo_symbols(info, symbols);
	FUZZ_CHECK(infer_symbols_finish(symbols) == GAP_OK);
	for (uint32_t i = 0; i < infer_symbols_count(symbols); i++)
		FUZZ_CHECK(infer_symbols_at(symbols, i)->name[0]);
	infer_symbols_destroy(symbols);
}

static void take_claims(const struct infer_coreinfo *info)
{
	struct infer_claims *claims;

	FUZZ_CHECK(infer_claims_create(&claims) == GAP_OK);
	infer_coreinfo_claims(info, &fields, claims);
	FUZZ_CHECK(infer_claims_status(claims) == GAP_OK);
	for (uint32_t i = 0; i < infer_claims_count(claims); i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);

		FUZZ_CHECK(claim->field < fields.count && claim->offset_bits <= OFFSET_BITS_MAX &&
			   claim->offset_bits % 8 == 0);
		FUZZ_CHECK(claim->name_index < fields.rows[claim->field].name_count);
	}
	infer_claims_destroy(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	size_t room = sizeof(bytes) - (size_t)TINY_FREE * TINY_PAGE;
	struct infer_coreinfo info;
	size_t length;

	meet();
	memset(bytes + (size_t)TINY_FREE * TINY_PAGE, 0, room);
	memcpy(bytes + (size_t)TINY_FREE * TINY_PAGE, data, size_bytes < room ? size_bytes : room);
	FUZZ_CHECK(infer_coreinfo_read(&info, &kernel, NULL) == GAP_OK);
	length = strlen(info.text);
	FUZZ_CHECK(length <= INFER_COREINFO_BYTES && (!length || info.text[length - 1] == '\n'));
	FUZZ_CHECK(info.build_id_bytes <= sizeof(info.build_id));
	FUZZ_CHECK(length || (!info.has_slide && !info.build_id_bytes));
	fuzz_accepted += length > 0;
	take_symbols(&info);
	take_claims(&info);
	return 0;
}
