/* SPDX-License-Identifier: MIT */
/*
 * /proc/kcore as a kernel of x86-64 lays it out (fs/proc/kcore.c): a file of 128 TiB that cannot be
 * mapped, whose offsets are kernel addresses; RAM and the image with physical addresses, the image
 * a second time; vmalloc, modules and vmemmap of absurd sizes without; a note of a process that is
 * nobody's. A sparse file in memory stands for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/include/semgap/source.h"
#include "tests/support/dump_file.h"

#define DATA_AT 0x1000u /* behind the headers */
#define ADDRESS_MASK 0x7fffffffffffu
#define FILE_BYTES (((off_t)1 << 47) + DATA_AT)
#define DIRECT_MAP 0xffff888000000000u
#define IMAGE 0xffffffff9a000000u
#define IMAGE_PHYSICAL 0x1e00000u
#define LOW_BYTES 0x9e000u
#define HIGH_BYTES 0x3ee0000u /* from 1 MiB on, with the image in it */

struct kcore {
	int fd;
	char path[64];
};

static uint64_t offset_of(uint64_t address)
{
	return (address & ADDRESS_MASK) + DATA_AT;
}

static void add(struct dump *headers, uint64_t address, uint64_t physical, uint64_t size_bytes)
{
	dump_add_segment(headers, PT_LOAD, offset_of(address), address, physical, size_bytes);
}

static void put(const struct kcore *kcore, uint64_t address, uint64_t value)
{
	assert_int_equal(pwrite(kcore->fd, &value, 8, (off_t)offset_of(address)), 8);
}

/* @physical_known: as since 464920104bf7 (4.11); before, all addresses were 0. */
static struct kcore make(int physical_known)
{
	unsigned char status[336] = {0};
	struct kcore kcore = {.fd = memfd_create("kcore", MFD_CLOEXEC)};
	struct dump headers = {0}, notes = {0};
	uint64_t none = physical_known ? UINT64_MAX : 0;

	assert_true(kcore.fd >= 0);
	snprintf(kcore.path, sizeof(kcore.path), "/proc/self/fd/%d", kcore.fd);
	assert_int_equal(ftruncate(kcore.fd, FILE_BYTES), 0);
	dump_add_note(&notes, "CORE", NT_PRSTATUS, status, sizeof(status));
	dump_add_elf(&headers, EM_X86_64, 7);
	dump_add_segment(&headers, PT_NOTE, 0x800, 0, 0, notes.size_bytes);
	add(&headers, 0xffffa7e0c0000000, none, (uint64_t)1 << 45);
	add(&headers, IMAGE, physical_known ? IMAGE_PHYSICAL : 0, 0x2e2a000);
	add(&headers, 0xffffffffc0000000, none, 0x3f000000);
	add(&headers, DIRECT_MAP + 0x1000, physical_known ? 0x1000 : 0, LOW_BYTES);
	add(&headers, 0xfffffabcc0000000, none, (uint64_t)1 << 40);
	add(&headers, DIRECT_MAP + 0x100000, physical_known ? 0x100000 : 0, HIGH_BYTES);
	dump_pad(&headers, 0x800);
	dump_add(&headers, notes.data, notes.size_bytes);
	assert_int_equal(pwrite(kcore.fd, headers.data, headers.size_bytes, 0),
			 (ssize_t)headers.size_bytes);
	dump_free(&headers);
	dump_free(&notes);
	put(&kcore, DIRECT_MAP + 0x2000, 0x2000);
	put(&kcore, DIRECT_MAP + 0x200000, 0x200000);
	/* The image is the same memory twice. */
	put(&kcore, DIRECT_MAP + IMAGE_PHYSICAL + 0x100, 0x1234);
	put(&kcore, IMAGE + 0x100, 0x1234);
	return kcore;
}

static uint64_t read_at(const struct gap_memory *memory, uint64_t physical)
{
	uint64_t value = 0;

	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){physical}, &value, 8), GAP_OK);
	return value;
}

static void ram_is_read_by_its_physical_address(void **state)
{
	struct kcore kcore = make(1);
	struct gap_source_memory *opened = NULL;
	const struct gap_memory *memory;
	struct gap_error error = {""};
	unsigned char byte;

	(void)state;
	if (gap_source_memory_open(kcore.path, &opened, &error))
		fail_msg("%s", error.text);
	memory = gap_source_memory_get(opened);
	assert_string_equal(gap_source_memory_format(opened), "ELF core");
	assert_null(gap_source_memory_warning(opened));
	assert_int_equal(read_at(memory, 0x2000), 0x2000);
	assert_int_equal(read_at(memory, 0x200000), 0x200000);
	assert_int_equal(read_at(memory, IMAGE_PHYSICAL + 0x100), 0x1234);
	assert_int_equal(read_at(memory, 0x1000 + LOW_BYTES - 8), 0);
	/* Holes, and what has no physical address, are not there. */
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){0}, &byte, 1), GAP_UNREADABLE);
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){0x1000 + LOW_BYTES}, &byte, 1),
			 GAP_UNREADABLE);
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){UINT64_MAX}, &byte, 1),
			 GAP_UNREADABLE);
	/* Too large to be mapped; and a note of zeros is no CPU. */
	assert_null(gap_memory_at(memory, (struct gap_paddr){0x2000}, 8));
	assert_int_equal(memory->vcpu_count, 0);
	gap_source_memory_close(opened);
	close(kcore.fd);
}

static void memory_without_physical_addresses_is_refused(void **state)
{
	struct kcore kcore = make(0);
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};

	(void)state;
	assert_int_equal(gap_source_memory_open(kcore.path, &opened, &error), GAP_UNSUPPORTED);
	assert_non_null(strstr(error.text, "without physical addresses"));
	close(kcore.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ram_is_read_by_its_physical_address),
		cmocka_unit_test(memory_without_physical_addresses_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
