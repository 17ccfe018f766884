/* SPDX-License-Identifier: MIT */
/*
 * Dumps of every format that needs no other program to be made: sound ones, and ones that are cut,
 * overlap, run backwards, count absurdly. Every word of the memory in them is its own address, so
 * that what is read shows whether it is from the right place.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/include/semgap/source.h"
#include "tests/support/dump_file.h"

#define QUAD (1ull << 62)

static char folder[] = "/tmp/semgap-dumps-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/dump", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_dump(const struct dump *dump, size_t size_bytes)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(dump->data, 1, size_bytes, file), size_bytes);
	assert_int_equal(fclose(file), 0);
}

/* Opens the first @size_bytes of a dump. */
static struct gap_source_memory *open_cut(const struct dump *dump, size_t size_bytes)
{
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};

	write_dump(dump, size_bytes);
	if (gap_source_memory_open(path, &opened, &error))
		fail_msg("%s", error.text);
	return opened;
}

/* Opens and frees a dump that must have no complaint. */
static struct gap_source_memory *open_dump(struct dump *dump)
{
	struct gap_source_memory *opened = open_cut(dump, dump->size_bytes);

	if (gap_source_memory_warning(opened))
		fail_msg("%s", gap_source_memory_warning(opened));
	dump_free(dump);
	return opened;
}

static void refuses_cut(const struct dump *dump, size_t size_bytes, enum gap_status expected,
			const char *word)
{
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};

	write_dump(dump, size_bytes);
	assert_int_equal(gap_source_memory_open(path, &opened, &error), expected);
	assert_null(opened);
	if (!strstr(error.text, word) || !strstr(error.text, path))
		fail_msg("\"%s\" does not say \"%s\"", error.text, word);
}

static void refuses(struct dump *dump, enum gap_status expected, const char *word)
{
	refuses_cut(dump, dump->size_bytes, expected, word);
	dump_free(dump);
}

static void warns(const struct gap_source_memory *opened, const char *word)
{
	const char *warning = gap_source_memory_warning(opened);

	if (!warning || !strstr(warning, word))
		fail_msg("\"%s\" does not say \"%s\"", warning ? warning : "", word);
}

/* Every word of [start, end) is its address. */
static void is_there(const struct gap_source_memory *opened, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end; at += 8) {
		uint64_t value = 0;

		assert_int_equal(gap_memory_read(gap_source_memory_get(opened),
						 (struct gap_paddr){at}, &value, 8),
				 GAP_OK);
		if (value != at)
			fail_msg("0x%llx holds 0x%llx", (unsigned long long)at,
				 (unsigned long long)value);
	}
}

static void is_not_there(const struct gap_source_memory *opened, uint64_t address)
{
	char byte;

	assert_int_equal(gap_memory_read(gap_source_memory_get(opened), (struct gap_paddr){address},
					 &byte, 1),
			 GAP_UNREADABLE);
}

/* ---- LiME ---- */

static void lime_ranges_in_any_order(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	dump_add_lime(&dump, 0x100000, 0x3000);
	dump_add_lime(&dump, 0x1000, 0x2000);
	dump_add_lime(&dump, 0x100000000, 0x1000);
	opened = open_dump(&dump);
	assert_string_equal(gap_source_memory_format(opened), "LiME");
	assert_int_equal(gap_source_memory_get(opened)->range_count, 3);
	is_there(opened, 0x1000, 0x3000);
	is_there(opened, 0x100000, 0x103000);
	is_there(opened, 0x100000000, 0x100001000);
	is_not_there(opened, 0);
	is_not_there(opened, 0x3000);
	is_not_there(opened, 0x100001000);
	/* In place, not copied. */
	assert_non_null(
		gap_memory_at(gap_source_memory_get(opened), (struct gap_paddr){0x100000}, 0x3000));
	gap_source_memory_close(opened);
}

static void cut_lime_answers_for_what_is_there(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	dump_add_lime(&dump, 0x1000, 0x1000);
	dump_add_lime(&dump, 0x8000, 0x2000);
	opened = open_cut(&dump, 32 + 0x1000 + 32 + 0x800);
	warns(opened, "6144 bytes of guest memory are missing");
	is_there(opened, 0x1000, 0x2000);
	is_there(opened, 0x8000, 0x8800);
	is_not_there(opened, 0x8800);
	gap_source_memory_close(opened);
	opened = open_cut(&dump, 32 + 0x1000 + 7);
	warns(opened, "cut short at byte 4128");
	is_there(opened, 0x1000, 0x2000);
	gap_source_memory_close(opened);
	refuses_cut(&dump, 31, GAP_CORRUPT, "cut short");
	refuses_cut(&dump, 32, GAP_CORRUPT, "cut short");
	dump_free(&dump);
}

static void overlapping_lime_believes_the_lower(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	dump_add_lime(&dump, 0x1000, 0x3000);
	dump_add_lime_header(&dump, "EMiL", 1, 0x2000, 0x4fff);
	dump_add(&dump, NULL, 0x2000); /* other bytes than the first range has */
	dump_add_memory(&dump, 0x4000, 0x1000);
	opened = open_cut(&dump, dump.size_bytes);
	warns(opened, "8192 bytes of guest memory are there twice");
	is_there(opened, 0x1000, 0x5000);
	gap_source_memory_close(opened);
	dump_free(&dump);
}

static void broken_lime_chains_end(void **state)
{
	static const struct {
		const char *magic;
		uint32_t version;
		uint64_t first, last;
		const char *word;
	} cases[] = {
		{"EMiL", 1, 0x2000, 0x1fff, "before it begins"},
		{"EMiL", 1, 0, UINT64_MAX, "absurd"},
		{"EMiL", 1, 5, QUAD + 5, "absurd"},
		{"EMiL", 2, 0x2000, 0x2fff, "version"},
		{"LIME", 1, 0x2000, 0x2fff, "no header"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dump dump = {0};
		struct gap_source_memory *opened;

		dump_add_lime(&dump, 0x1000, 0x1000);
		dump_add_lime_header(&dump, cases[i].magic, cases[i].version, cases[i].first,
				     cases[i].last);
		dump_add_memory(&dump, 0x2000, 0x1000);
		opened = open_cut(&dump, dump.size_bytes);
		warns(opened, cases[i].word);
		is_there(opened, 0x1000, 0x2000);
		is_not_there(opened, 0x2000);
		gap_source_memory_close(opened);
		dump_free(&dump);
	}
}

static void lime_at_the_end_of_addresses(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;
	char bytes[16];

	(void)state;
	dump_add_lime_header(&dump, "EMiL", 1, UINT64_MAX - 0xfff, UINT64_MAX);
	dump_add(&dump, NULL, 0x1000);
	opened = open_cut(&dump, dump.size_bytes);
	assert_int_equal(gap_memory_read(gap_source_memory_get(opened),
					 (struct gap_paddr){UINT64_MAX - 0xfff}, bytes, 16),
			 GAP_OK);
	is_not_there(opened, 0);
	gap_source_memory_close(opened);
	dump_free(&dump);
}

/* ---- ELF cores ---- */

#define HEADERS(n) (sizeof(Elf64_Ehdr) + (n) * sizeof(Elf64_Phdr))

/* Two parts with a hole, and one that has no physical address. */
static void add_core(struct dump *dump)
{
	dump_add_elf(dump, EM_X86_64, 3);
	dump_add_segment(dump, PT_LOAD, 0x3000, 0, 0x100000000, 0x2000);
	dump_add_segment(dump, PT_LOAD, 0x1000, 0, 0x1000, 0x2000);
	dump_add_segment(dump, PT_LOAD, 0x1000, 0xffffc90000000000, UINT64_MAX, 0x1000);
	dump_pad(dump, 0x1000);
	dump_add_memory(dump, 0x1000, 0x2000);
	dump_add_memory(dump, 0x100000000, 0x2000);
}

static void core_has_its_segments(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	add_core(&dump);
	opened = open_dump(&dump);
	assert_string_equal(gap_source_memory_format(opened), "ELF core");
	assert_int_equal(gap_source_memory_get(opened)->range_count, 2);
	assert_int_equal(gap_source_memory_get(opened)->vcpu_count, 0);
	is_there(opened, 0x1000, 0x3000);
	is_there(opened, 0x100000000, 0x100002000);
	is_not_there(opened, 0);
	is_not_there(opened, 0x3000);
	gap_source_memory_close(opened);
}

static void cut_core_answers_for_what_is_there(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	add_core(&dump);
	opened = open_cut(&dump, 0x2800);
	warns(opened, "10240 bytes of guest memory are missing");
	is_there(opened, 0x1000, 0x2800);
	is_not_there(opened, 0x2800);
	is_not_there(opened, 0x100000000);
	gap_source_memory_close(opened);
	refuses_cut(&dump, 0x1000, GAP_CORRUPT, "cut short");
	refuses_cut(&dump, HEADERS(3) - 1, GAP_CORRUPT, "cut short");
	refuses_cut(&dump, 63, GAP_CORRUPT, "cut short");
	refuses_cut(&dump, 5, GAP_CORRUPT, "cut short");
	dump_free(&dump);
}

/* A dump with paging names the same bytes for many virtual addresses; kcore differs in its text. */
static void core_may_say_things_twice(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	dump_add_elf(&dump, EM_X86_64, 3);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0xffff888000001000, 0x1000, 0x2000);
	dump_add_segment(&dump, PT_LOAD, 0x2000, 0xffffffff81000000, 0x2000, 0x1000);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0x400000, 0x1000, 0x3000);
	dump_pad(&dump, 0x1000);
	dump_add_memory(&dump, 0x1000, 0x3000);
	opened = open_dump(&dump);
	assert_int_equal(gap_source_memory_get(opened)->range_count, 1);
	is_there(opened, 0x1000, 0x4000);
	gap_source_memory_close(opened);
}

static void core_of_32_bits(void **state)
{
	Elf32_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					 ELFDATA2LSB, EV_CURRENT},
			     .e_type = ET_CORE,
			     .e_machine = EM_386,
			     .e_phoff = sizeof(header),
			     .e_phentsize = sizeof(Elf32_Phdr),
			     .e_phnum = 2};
	Elf32_Phdr segments[2] = {{.p_type = PT_LOAD,
				   .p_offset = 0x1000,
				   .p_paddr = 0x1000,
				   .p_filesz = 0x1000,
				   .p_memsz = 0x1000},
				  {.p_type = PT_NOTE, .p_offset = 0x200, .p_filesz = 168}};
	uint32_t status[36] = {0};
	struct dump dump = {0};
	struct gap_source_memory *opened;
	const struct gap_vcpu *vcpu;

	(void)state;
	for (uint32_t i = 0; i < 36; i++)
		status[i] = 0xc0000000 + i;
	dump_add(&dump, &header, sizeof(header));
	dump_add(&dump, segments, sizeof(segments));
	dump_pad(&dump, 0x200);
	dump_add_note(&dump, "CORE", NT_PRSTATUS, status, sizeof(status));
	dump_pad(&dump, 0x1000);
	dump_add_memory(&dump, 0x1000, 0x1000);
	opened = open_dump(&dump);
	is_there(opened, 0x1000, 0x2000);
	assert_int_equal(gap_source_memory_get(opened)->vcpu_count, 1);
	vcpu = gap_source_memory_get(opened)->vcpus;
	assert_true(vcpu->pc == 0xc000001e && vcpu->sp == 0xc0000021);
	gap_source_memory_close(opened);
}

/* Notes in the first page, one page of memory behind. */
static void add_core_with_notes(struct dump *dump, uint16_t machine, const struct dump *notes)
{
	dump_add_elf(dump, machine, 2);
	dump_add_segment(dump, PT_NOTE, HEADERS(2), 0, 0, notes->size_bytes);
	dump_add_segment(dump, PT_LOAD, 0x1000, 0, 0x1000, 0x1000);
	dump_add(dump, notes->data, notes->size_bytes);
	dump_pad(dump, 0x1000);
	dump_add_memory(dump, 0x1000, 0x1000);
}

static void qemu_notes_are_registers(void **state)
{
	struct dump dump = {0}, notes = {0};
	struct gap_source_memory *opened;
	const struct gap_vcpu *vcpus;
	uint64_t status[42] = {0};

	(void)state;
	status[30] = 1; /* rip */
	dump_add_note(&notes, "CORE", NT_PRSTATUS, status, sizeof(status));
	dump_add_qemu_note(&notes, 0x1000);
	dump_add_note(&notes, "OTHER", 77, "abc", 3);
	dump_add_qemu_note(&notes, 0x2000);
	add_core_with_notes(&dump, EM_X86_64, &notes);
	opened = open_dump(&dump);
	assert_int_equal(gap_source_memory_get(opened)->vcpu_count, 2);
	vcpus = gap_source_memory_get(opened)->vcpus;
	for (uint64_t i = 0; i < 2; i++) {
		uint64_t mark = 0x1000 * (i + 1);

		assert_int_equal(vcpus[i].index, i);
		assert_int_equal(vcpus[i].sp, mark + 7);
		assert_int_equal(vcpus[i].fp, mark + 8);
		assert_int_equal(vcpus[i].pc, mark + 17);
		assert_int_equal(vcpus[i].flags, mark + 18);
		assert_int_equal(vcpus[i].user_mode, 1); /* selector …13 */
		assert_int_equal(vcpus[i].fs_base, mark + 19 + 3 * 3 + 2);
		assert_int_equal(vcpus[i].gs_base, mark + 19 + 4 * 3 + 2);
		assert_int_equal(vcpus[i].idtr_base, mark + 19 + 9 * 3 + 2);
		assert_int_equal(vcpus[i].cr0, mark + 49);
		assert_int_equal(vcpus[i].cr3, mark + 52);
		assert_int_equal(vcpus[i].cr4, mark + 53);
		assert_int_equal(vcpus[i].kernel_gs_base, mark + 54);
		assert_int_equal(vcpus[i].known,
				 GAP_VCPU_PC | GAP_VCPU_SP | GAP_VCPU_FP | GAP_VCPU_FLAGS |
					 GAP_VCPU_USER_MODE | GAP_VCPU_FS_BASE | GAP_VCPU_GS_BASE |
					 GAP_VCPU_KERNEL_GS_BASE | GAP_VCPU_IDTR | GAP_VCPU_CR0 |
					 GAP_VCPU_CR3 | GAP_VCPU_CR4);
	}
	gap_source_memory_close(opened);
	dump_free(&notes);
}

static void arm_notes_are_registers(void **state)
{
	struct dump dump = {0}, notes = {0};
	struct gap_source_memory *opened;
	const struct gap_vcpu *vcpu;
	uint64_t status[49];

	(void)state;
	for (uint64_t i = 0; i < 49; i++)
		status[i] = 0xa000 + 0x100 * i; /* behind 14 words: x0… sp pc pstate */
	dump_add_note(&notes, "CORE", NT_PRSTATUS, status, sizeof(status));
	add_core_with_notes(&dump, EM_AARCH64, &notes);
	opened = open_dump(&dump);
	vcpu = gap_source_memory_get(opened)->vcpus;
	assert_int_equal(gap_source_memory_get(opened)->vcpu_count, 1);
	assert_int_equal(vcpu->fp, status[14 + 29]);
	assert_int_equal(vcpu->sp, status[14 + 31]);
	assert_int_equal(vcpu->pc, status[14 + 32]);
	assert_int_equal(vcpu->flags, status[14 + 33]);
	assert_int_equal(vcpu->user_mode, 1);
	gap_source_memory_close(opened);
	dump_free(&notes);
}

/* Notes that are cut, empty, of absurd length or of another's: no registers, but memory. */
static void broken_notes_are_passed_over(void **state)
{
	const Elf64_Nhdr absurd = {UINT32_MAX, UINT32_MAX, NT_PRSTATUS};
	uint64_t zeros[42] = {0};

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		struct dump dump = {0}, notes = {0};
		struct gap_source_memory *opened;

		if (kind == 0)
			dump_add(&notes, &absurd, sizeof(absurd));
		else if (kind == 1)
			dump_add_note(&notes, "CORE", NT_PRSTATUS, zeros, sizeof(zeros));
		else if (kind == 2)
			dump_add_note(&notes, "QEMU", 0, zeros, 100);
		else
			dump_add(&notes, "abcdefg", 7);
		add_core_with_notes(&dump, EM_X86_64, &notes);
		opened = open_dump(&dump);
		assert_int_equal(gap_source_memory_get(opened)->vcpu_count, 0);
		is_there(opened, 0x1000, 0x2000);
		gap_source_memory_close(opened);
		dump_free(&notes);
	}
}

static void odd_cores_are_refused(void **state)
{
	struct dump dump = {0};
	Elf64_Ehdr *header;

	(void)state;
	dump_add_elf(&dump, EM_X86_64, 2);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0x400000, 0, 0x1000);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0x600000, 0, 0x1000);
	dump_pad(&dump, 0x2000);
	refuses_cut(&dump, dump.size_bytes, GAP_UNSUPPORTED, "process");
	header = (Elf64_Ehdr *)(void *)dump.data;
	header->e_phnum = 0xfffe;
	refuses_cut(&dump, dump.size_bytes, GAP_CORRUPT, "headers");
	header->e_phnum = PN_XNUM;
	header->e_shoff = 0x1000; /* a section that counts none */
	refuses_cut(&dump, dump.size_bytes, GAP_CORRUPT, "no guest memory");
	header->e_shoff = UINT64_MAX - 7;
	refuses_cut(&dump, dump.size_bytes, GAP_IO, "");
	header->e_phnum = 2;
	header->e_phoff = UINT64_MAX - 7;
	refuses_cut(&dump, dump.size_bytes, GAP_CORRUPT, "headers");
	header->e_phoff = sizeof(*header);
	header->e_phentsize = 1;
	refuses_cut(&dump, dump.size_bytes, GAP_CORRUPT, "program headers");
	header->e_type = ET_EXEC;
	refuses_cut(&dump, dump.size_bytes, GAP_UNSUPPORTED, "not an ELF core");
	header->e_ident[EI_DATA] = ELFDATA2MSB;
	refuses_cut(&dump, dump.size_bytes, GAP_UNSUPPORTED, "little-endian");
	dump_free(&dump);
}

static void absurd_segments_are_clipped(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	dump_add_elf(&dump, EM_X86_64, 5);
	dump_add_segment(&dump, PT_LOAD, UINT64_MAX, 0, 0x8000, UINT64_MAX);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0, 0x1000, UINT64_MAX);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0, UINT64_MAX - 9, 0x1000);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0, 0x9000, 0);
	dump_add_segment(&dump, PT_NOTE, UINT64_MAX, 0, 0, UINT64_MAX);
	dump_pad(&dump, 0x1000);
	dump_add_memory(&dump, 0x1000, 0x1000);
	opened = open_cut(&dump, dump.size_bytes);
	warns(opened, "missing");
	is_there(opened, 0x1000, 0x2000);
	is_not_there(opened, 0x2000);
	is_not_there(opened, 0x8000);
	is_not_there(opened, 0x9000);
	gap_source_memory_close(opened);
	dump_free(&dump);
}

/* ---- AVML ---- */

/* Every chunk plain: what needs no compressor. @kind of what is wrong in the second block. */
static void add_avml(struct dump *dump, uint64_t start, size_t size_bytes)
{
	const uint32_t stream = 0xff | 6 << 8;
	size_t begin;
	uint64_t length;

	dump_add_lime_header(dump, "AVML", 2, start, start + size_bytes - 1);
	begin = dump->size_bytes;
	dump_add(dump, &stream, 4);
	dump_add(dump, "sNaPpY", 6);
	for (size_t done = 0; done < size_bytes; done += 65536) {
		size_t part = size_bytes - done < 65536 ? size_bytes - done : 65536;
		struct dump memory = {0};

		dump_add_memory(&memory, start + done, part);
		dump_add_chunk(dump, 1, dump_checksum(memory.data, part), memory.data, part);
		dump_add_chunk(dump, 0xfe, 0, "padding", 7);
		dump_free(&memory);
	}
	length = dump->size_bytes - begin;
	/* The padding behind the last data belongs to the stream that AVML does not write. */
	dump->size_bytes -= 15;
	length -= 15;
	dump_add(dump, &length, 8);
}

/* Whether this build reads AVML: otherwise it says so. */
static int reads_avml(void)
{
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};
	struct dump dump = {0};

	add_avml(&dump, 0x1000, 0x1000);
	write_dump(&dump, dump.size_bytes);
	dump_free(&dump);
	if (gap_source_memory_open(path, &opened, &error) == GAP_UNSUPPORTED) {
		assert_non_null(strstr(error.text, "snappy"));
		return 0;
	}
	gap_source_memory_close(opened);
	return 1;
}

static void avml_is_expanded(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;

	(void)state;
	if (!reads_avml())
		skip();
	add_avml(&dump, 0x100000, 0x25000);
	add_avml(&dump, 0x1000, 0x1000);
	opened = open_dump(&dump);
	assert_string_equal(gap_source_memory_format(opened), "AVML");
	is_there(opened, 0x1000, 0x2000);
	is_there(opened, 0x100000, 0x125000);
	is_not_there(opened, 0x2000);
	is_not_there(opened, 0x125000);
	gap_source_memory_close(opened);
}

/* A chunk as snappy's own compressor would write it: one literal, then copies of 64 bytes. */
static void avml_with_packed_chunks(void **state)
{
	static const unsigned char packed[] = {
		0x80,   0x20,                      /* 4096 bytes */
		7 << 2, 0,    0, 0, 0, 0, 0, 0, 0, /* eight literals */
	};
	unsigned char zeros[4096] = {0};
	struct dump dump = {0}, body = {0};
	struct gap_source_memory *opened;
	uint64_t value = 1, length = 0;
	unsigned char copy[3] = {63 << 2 | 2, 1, 0}; /* 64 bytes from one back */

	(void)state;
	if (!reads_avml())
		skip();
	dump_add(&body, packed, sizeof(packed));
	for (int i = 0; i < 63; i++)
		dump_add(&body, copy, 3);
	copy[0] = 55 << 2 | 2; /* the rest */
	dump_add(&body, copy, 3);
	dump_add_lime_header(&dump, "AVML", 2, 0x1000, 0x1fff);
	dump_add_chunk(&dump, 0, dump_checksum(zeros, sizeof(zeros)), body.data, body.size_bytes);
	dump_add(&dump, &length, 8);
	opened = open_dump(&dump);
	assert_int_equal(gap_memory_read(gap_source_memory_get(opened), (struct gap_paddr){0x1ff8},
					 &value, 8),
			 GAP_OK);
	assert_int_equal(value, 0);
	gap_source_memory_close(opened);
	dump_free(&body);
}

static void broken_avml_answers_for_what_is_there(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;
	size_t first;

	(void)state;
	if (!reads_avml())
		skip();
	add_avml(&dump, 0x1000, 0x1000);
	first = dump.size_bytes;
	add_avml(&dump, 0x100000, 0x20000);
	opened = open_cut(&dump, dump.size_bytes - 0x10000);
	warns(opened, "cut short");
	is_there(opened, 0x1000, 0x2000);
	is_there(opened, 0x100000, 0x110000);
	is_not_there(opened, 0x110000);
	gap_source_memory_close(opened);
	for (size_t cut = 1; cut < 60; cut += 7) {
		opened = open_cut(&dump, first + cut);
		warns(opened, "cut short");
		is_there(opened, 0x1000, 0x2000);
		gap_source_memory_close(opened);
	}
	refuses_cut(&dump, 40, GAP_CORRUPT, "cut short");
	/* A changed byte is noticed by its chunk's checksum. */
	dump.data[first + 32 + 10 + 8 + 0x100] ^= 1;
	opened = open_cut(&dump, dump.size_bytes);
	is_not_there(opened, 0x100000);
	is_there(opened, 0x110000, 0x120000);
	gap_source_memory_close(opened);
	dump_free(&dump);
}

static void odd_avml_chunks_end_it(void **state)
{
	static const struct {
		unsigned type;
		const char *body;
		size_t body_bytes;
		const char *word;
	} cases[] = {
		{0x02, "abcd", 4, "unknown kind"},
		{0x7f, "abcd", 4, "unknown kind"},
		{0x00, "\xff\xff\xff\xff\xff\xff", 6, "snappy"},
		{0x00, "\xff\xff\xff\xff\x0f", 5, "absurd"},
		{0x00, "\x00", 1, "absurd"},
		{0x01, "", 0, "without data"},
	};

	(void)state;
	if (!reads_avml())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dump dump = {0};

		dump_add_lime_header(&dump, "AVML", 2, 0x1000, 0x1fff);
		dump_add_chunk(&dump, cases[i].type, 0, cases[i].body, cases[i].body_bytes);
		refuses(&dump, GAP_CORRUPT, cases[i].word);
	}
}

struct reader {
	const struct gap_memory *memory;
	uint64_t seed;
	int wrong;
};

static void *read_here_and_there(void *context)
{
	struct reader *reader = context;

	for (int i = 0; i < 3000; i++) {
		uint64_t at, value = 0;

		reader->seed = reader->seed * 6364136223846793005u + 1442695040888963407u;
		at = (reader->seed >> 33) % (0x400000 - 8) & ~(uint64_t)7;
		if (gap_memory_read(reader->memory, (struct gap_paddr){at}, &value, 8) ||
		    value != at)
			reader->wrong++;
	}
	return NULL;
}

/* Sixty-four blocks, in a cache that any of the threads may be filling. */
static void avml_is_read_by_many_threads(void **state)
{
	struct dump dump = {0};
	struct gap_source_memory *opened;
	struct reader readers[4];
	pthread_t threads[4];

	(void)state;
	if (!reads_avml())
		skip();
	add_avml(&dump, 0, 0x400000);
	opened = open_dump(&dump);
	for (uint64_t i = 0; i < 4; i++) {
		readers[i] = (struct reader){gap_source_memory_get(opened), i, 0};
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_here_and_there, &readers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	gap_source_memory_close(opened);
}

/* ---- kdump ---- */

static void odd_kdumps_are_refused(void **state)
{
	struct gap_source_memory *opened = NULL;
	struct dump dump = {0};

	(void)state;
	dump_add(&dump, "KDUMP   ", 8);
	dump_pad(&dump, 0x4000);
	dump.data[8] = 6;
	for (int i = 0; i < 3; i++) {
		write_dump(&dump, dump.size_bytes);
		assert_int_not_equal(gap_source_memory_open(path, &opened, NULL), GAP_OK);
		dump.data[429] = 0x10; /* a block has 4096 bytes */
		if (i > 0)
			memset(dump.data + 432, 0xff, 12);
	}
	dump_free(&dump);
	dump_add(&dump, "makedumpfile\0\0\0\0", 16);
	dump_pad(&dump, 0x2000);
	refuses(&dump, GAP_UNSUPPORTED, "makedumpfile -R");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lime_ranges_in_any_order),
		cmocka_unit_test(cut_lime_answers_for_what_is_there),
		cmocka_unit_test(overlapping_lime_believes_the_lower),
		cmocka_unit_test(broken_lime_chains_end),
		cmocka_unit_test(lime_at_the_end_of_addresses),
		cmocka_unit_test(core_has_its_segments),
		cmocka_unit_test(cut_core_answers_for_what_is_there),
		cmocka_unit_test(core_may_say_things_twice),
		cmocka_unit_test(core_of_32_bits),
		cmocka_unit_test(qemu_notes_are_registers),
		cmocka_unit_test(arm_notes_are_registers),
		cmocka_unit_test(broken_notes_are_passed_over),
		cmocka_unit_test(odd_cores_are_refused),
		cmocka_unit_test(absurd_segments_are_clipped),
		cmocka_unit_test(avml_is_expanded),
		cmocka_unit_test(avml_with_packed_chunks),
		cmocka_unit_test(broken_avml_answers_for_what_is_there),
		cmocka_unit_test(odd_avml_chunks_end_it),
		cmocka_unit_test(avml_is_read_by_many_threads),
		cmocka_unit_test(odd_kdumps_are_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
