/* SPDX-License-Identifier: MIT */
/*
 * A whole kernel with live objects, symbols and types (tests/support/met_kernel.c) under a guest that rewrites what it likes:
 * the first byte masks evidence (looking for tables of symbols takes most of the time: only where its highest bit is
 * set), each eight that follow write one value. The work ends, and gives a profile or says why not.
 */
#include <string.h>

#include "infer/infer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/met_kernel.h"

unsigned long fuzz_accepted;

enum { WRITES_MAX = 64, RECORD_BYTES = 8 };

/* Where it writes, in physical memory: all objects, those of the image, tables, VMCOREINFO, page tables. */
static const struct region {
	uint32_t start, size_bytes;
} regions[] = {
	{SYNTHETIC_HEAP_AT, 0x60000},
	{SYNTHETIC_IMAGE_AT + 0x20000, 0x4000},
	{SYNTHETIC_IMAGE_AT + 0x300000, 0x60000},
	{0x10000, 0x1000},
	{SYNTHETIC_TABLES_AT, 0x8000},
	{SYNTHETIC_IMAGE_AT, 0x1000},
};

static struct met_kernel kernel;

static uint64_t value_of(unsigned form, uint32_t number)
{
	switch (form % 5) {
	case 0:
		return number;
	case 1:
		return (uint64_t)(int64_t)(int32_t)number;
	case 2: /* an object */
		return kernel.graph.tasks[number % kernel.graph.count] + (number >> 16) % 1024;
	case 3:
		return kernel.graph.init_task + number % 0x4000;
	default:
		return (uint64_t)number << 32 | number;
	}
}

/* Applies the writes; @before holds what was there. */
static unsigned rewrite(const uint8_t *data, size_t size_bytes, uint64_t before[WRITES_MAX],
			unsigned char *places[WRITES_MAX])
{
	unsigned count = 0;

	for (; size_bytes >= RECORD_BYTES && count < WRITES_MAX;
	     data += RECORD_BYTES, size_bytes -= RECORD_BYTES, count++) {
		const struct region *region = &regions[data[0] % COUNT_OF(regions)];
		uint32_t at =
			(uint32_t)data[1] | (uint32_t)data[2] << 8 | (uint32_t)(data[3] & 7) << 16;
		uint32_t number;
		uint64_t value;

		memcpy(&number, data + 4, sizeof(number));
		value = value_of(data[0] >> 4, number);
		places[count] = kernel.graph.guest.ram + region->start +
				at % (region->size_bytes - sizeof(value));
		if (data[3] & 8) /* where pointers lie */
			places[count] -= (uintptr_t)places[count] % sizeof(value);
		memcpy(&before[count], places[count], sizeof(value));
		memcpy(places[count], &value, data[3] & 16 ? 4 : sizeof(value));
	}
	return count;
}

static void check(const struct infer_result *result, const struct infer_fields *fields)
{
	FUZZ_CHECK(result->profile && result->opened);
	for (uint32_t i = 0; i < fields->count && result->verdicts; i++) {
		const struct infer_verdict *verdict = &result->verdicts[i];

		FUZZ_CHECK(verdict->confidence >= 0 && verdict->confidence <= 1);
		FUZZ_CHECK(verdict->answer == INFER_ABSTAINED ||
			   verdict->confidence >= INFER_MIN_CONFIDENCE);
		FUZZ_CHECK((verdict->why != NULL) == (verdict->answer == INFER_ABSTAINED));
	}
}

static void infer(unsigned masked)
{
	struct infer_options options = {.no_btf = masked & 1,
					.no_vmcoreinfo = masked & 2,
					.no_kallsyms = !(masked & 128) || masked & 4,
					.no_ksymtab = !(masked & 128) || masked & 8,
					.priors = (const struct gap_profile *const *)&(
						const struct gap_profile *){kernel.truth.profile},
					.prior_count = masked & 16 ? 1 : 0,
					.min_confidence = INFER_MIN_CONFIDENCE};
	struct gap_error error = {""};
	struct infer_fields fields;
	struct infer_result result;

	FUZZ_CHECK(infer_fields_default(&fields, NULL) == GAP_OK);
	if (infer_run(&result, &kernel.graph.guest.memory, &fields, &options, &error)) {
		FUZZ_CHECK(error.text[0] != 0);
	} else {
		check(&result, &fields);
		fuzz_accepted++;
		infer_result_deinit(&result);
	}
	infer_fields_deinit(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	unsigned char *places[WRITES_MAX];
	uint64_t before[WRITES_MAX];
	unsigned count;

	if (!kernel.graph.count)
		met_kernel_init(&kernel, &(struct met_kernel_options){
						 .graph = {.seed = 5, .mappings_in_tree = 1},
						 .kallsyms = true,
						 .exports = true,
						 .types = true,
						 .coreinfo = true});
	if (!size_bytes)
		return 0;
	count = rewrite(data + 1, size_bytes - 1, before, places);
	infer(data[0]);
	while (count--)
		memcpy(places[count], &before[count], sizeof(before[count]));
	return 0;
}
