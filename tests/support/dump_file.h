/* SPDX-License-Identifier: MIT */
/*
 * Files of guest memory made by code, for tests of the formats: bytes that are appended, then
 * written to a file that is opened as a source. Header only: the fuzz seeds use it too.
 */
#ifndef SEMGAP_TEST_DUMP_FILE_H
#define SEMGAP_TEST_DUMP_FILE_H

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dump {
	unsigned char *data;
	size_t size_bytes, capacity;
};

static inline void dump_add(struct dump *dump, const void *data, size_t size_bytes)
{
	while (dump->capacity < dump->size_bytes + size_bytes) {
		dump->capacity = dump->capacity ? 2 * dump->capacity : 4096;
		dump->data = realloc(dump->data, dump->capacity);
		if (!dump->data)
			abort();
	}
	if (data)
		memcpy(dump->data + dump->size_bytes, data, size_bytes);
	else
		memset(dump->data + dump->size_bytes, 0, size_bytes);
	dump->size_bytes += size_bytes;
}

static inline void dump_pad(struct dump *dump, size_t to)
{
	if (dump->size_bytes < to)
		dump_add(dump, NULL, to - dump->size_bytes);
}

static inline void dump_free(struct dump *dump)
{
	free(dump->data);
	*dump = (struct dump){0};
}

/** Bytes that tell where they belong: every word is the guest-physical address it is at. */
static inline void dump_add_memory(struct dump *dump, uint64_t start, size_t size_bytes)
{
	for (uint64_t at = start; at < start + size_bytes; at += 8)
		dump_add(dump, &at, 8);
}

/** The header of LiME and AVML. */
static inline void dump_add_lime_header(struct dump *dump, const char *magic, uint32_t version,
					uint64_t first, uint64_t last)
{
	const uint64_t numbers[3] = {first, last, 0};

	dump_add(dump, magic, 4);
	dump_add(dump, &version, 4);
	dump_add(dump, numbers, sizeof(numbers));
}

static inline void dump_add_lime(struct dump *dump, uint64_t start, size_t size_bytes)
{
	dump_add_lime_header(dump, "EMiL", 1, start, start + size_bytes - 1);
	dump_add_memory(dump, start, size_bytes);
}

/** An ELF core's header; the program headers follow it. */
static inline void dump_add_elf(struct dump *dump, uint16_t machine, uint16_t headers)
{
	Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					 ELFDATA2LSB, EV_CURRENT},
			     .e_type = ET_CORE,
			     .e_machine = machine,
			     .e_version = EV_CURRENT,
			     .e_phoff = sizeof(header),
			     .e_ehsize = sizeof(header),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = headers};

	dump_add(dump, &header, sizeof(header));
}

static inline void dump_add_segment(struct dump *dump, uint32_t type, uint64_t offset,
				    uint64_t virtual, uint64_t physical, uint64_t size_bytes)
{
	Elf64_Phdr header = {.p_type = type,
			     .p_offset = offset,
			     .p_vaddr = virtual,
			     .p_paddr = physical,
			     .p_filesz = size_bytes,
			     .p_memsz = size_bytes};

	dump_add(dump, &header, sizeof(header));
}

static inline void dump_add_note(struct dump *dump, const char *name, uint32_t type,
				 const void *data, uint32_t size_bytes)
{
	Elf64_Nhdr header = {(uint32_t)strlen(name) + 1, size_bytes, type};

	dump_add(dump, &header, sizeof(header));
	dump_add(dump, name, header.n_namesz);
	dump_pad(dump, (dump->size_bytes + 3) & ~(size_t)3);
	dump_add(dump, data, size_bytes);
	dump_pad(dump, (dump->size_bytes + 3) & ~(size_t)3);
}

/** QEMUCPUState of version 1 as 55 words: word N holds @mark + N where it is no size. */
static inline void dump_add_qemu_note(struct dump *dump, uint64_t mark)
{
	uint64_t words[56];
	uint32_t version[2] = {1, 448};

	for (uint64_t i = 0; i < 56; i++)
		words[i] = mark + i;
	memcpy(words, version, 8);
	dump_add_note(dump, "QEMU", 0, words, 448);
}

/* ---- snappy's framing ---- */

/** CRC-32C bit by bit, masked. */
static inline uint32_t dump_checksum(const unsigned char *data, size_t size_bytes)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size_bytes; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	crc = ~crc;
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static inline void dump_add_chunk(struct dump *dump, unsigned type, uint32_t checksum,
				  const void *body, size_t body_bytes)
{
	uint32_t header = type | (uint32_t)(body_bytes + 4) << 8;

	dump_add(dump, &header, 4);
	dump_add(dump, &checksum, 4);
	dump_add(dump, body, body_bytes);
}

#endif
