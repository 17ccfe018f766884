/* SPDX-License-Identifier: MIT */
/*
 * Sources of guest memory: whatever opens has sorted ranges that do not overlap, and can be read at
 * its borders. Files of libkdumpfile are left to that library. Texts of QEMU's monitor are parsed
 * on the way.
 */
#include <string.h>

#include "memory/qemu_text.h"
#include "runtime/include/semgap/source.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_file.h"

unsigned long fuzz_accepted;
static volatile size_t sink;

static void read_at(const struct gap_memory *memory, uint64_t address, size_t size_bytes)
{
	unsigned char bytes[256] = {0};

	if (!gap_memory_read(memory, (struct gap_paddr){address}, bytes, size_bytes))
		sink += bytes[0] + bytes[size_bytes - 1];
}

static void touch_range(const struct gap_memory *memory, const struct gap_memory_range *range)
{
	uint64_t end = range->start.value + range->size_bytes;

	FUZZ_CHECK(range->size_bytes > 0);
	read_at(memory, range->start.value, 1);
	read_at(memory, range->start.value + range->size_bytes / 2, 200);
	read_at(memory, end - 1, 1);
	read_at(memory, end - 100, 200);
	read_at(memory, range->start.value - 100, 200);
	if (memory->zero_bytes)
		FUZZ_CHECK(memory->zero_bytes(memory->context, range->start) <= range->size_bytes);
}

static void touch_memory(const struct gap_memory *memory)
{
	uint64_t end = 0;

	FUZZ_CHECK(memory->range_count > 0);
	for (size_t i = 0; i < memory->range_count; i++) {
		const struct gap_memory_range *range = &memory->ranges[i];

		FUZZ_CHECK(range->start.value >= end);
		end = range->start.value + range->size_bytes;
		FUZZ_CHECK(end > range->start.value);
		touch_range(memory, range);
	}
	for (size_t i = 0; i < memory->vcpu_count; i++)
		sink += memory->vcpus[i].known;
}

static void open_and_touch(const char *path)
{
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};

	if (gap_source_memory_open(path, &opened, &error)) {
		FUZZ_CHECK(opened == NULL && error.text[0] != 0);
		return;
	}
	/* Raw takes anything. */
	if (strcmp(gap_source_memory_format(opened), "raw") != 0)
		fuzz_accepted++;
	touch_memory(gap_source_memory_get(opened));
	gap_source_memory_close(opened);
}

static void parse_texts(const uint8_t *data, size_t size_bytes)
{
	struct gap_qemu_region regions[16];
	struct gap_vcpu vcpus[16];
	char *text = malloc(size_bytes + 1);
	size_t count;

	if (!text)
		return;
	memcpy(text, data, size_bytes);
	text[size_bytes] = '\0';
	count = gap_qemu_regions(text, regions, 16);
	FUZZ_CHECK(count <= 16);
	for (size_t i = 0; i < count; i++)
		FUZZ_CHECK(strlen(regions[i].block) < sizeof(regions[i].block) &&
			   (i == 0 ||
			    regions[i].start - regions[i - 1].start >= regions[i - 1].size_bytes));
	FUZZ_CHECK(gap_qemu_registers(text, vcpus, 16) <= 16);
	sink += gap_qemu_host_address(text);
	fuzz_accepted += count > 0;
	free(text);
}

static int is_kdump(const uint8_t *data, size_t size_bytes)
{
	return size_bytes >= 8 &&
	       (memcmp(data, "KDUMP   ", 8) == 0 || memcmp(data, "DISKDUMP", 8) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct memory_file file;

	parse_texts(data, size_bytes);
	if (is_kdump(data, size_bytes) || !memory_file_open(&file, data, size_bytes))
		return 0;
	open_and_touch(file.path);
	memory_file_close(&file);
	return 0;
}
