/* SPDX-License-Identifier: MIT */
/*
 * ELF cores of whole machines: QEMU's dump-guest-memory, kexec's vmcore, /proc/kcore. Memory is in
 * the PT_LOAD segments, by physical address; those without one (p_paddr all ones, as kcore has for
 * vmalloc) are passed over, and so is what a segment has in memory but not in the file. Registers
 * are in the notes, which are vcpu_notes.c's business.
 *
 * The format: elf(5); QEMU's dump/dump.c; fs/proc/kcore.c of the kernel.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "memory/segments.h"
#include "memory/vcpu_notes.h"

/* What both classes of ELF say, in the larger one's types. */
struct elf {
	const struct gap_probe *probe;
	int is_64;
	uint16_t type, machine;
	uint64_t headers_offset, sections_offset;
	uint64_t header_count;
	uint16_t header_bytes, section_bytes;
};

static int recognises(const struct gap_probe *probe)
{
	return probe->start_bytes >= SELFMAG && memcmp(probe->start, ELFMAG, SELFMAG) == 0;
}

static enum gap_status unsupported(const struct elf *elf, const char *what, struct gap_error *error)
{
	return gap_fail(error, GAP_UNSUPPORTED, "%s: %s", elf->probe->path, what);
}

#define TAKE_HEADER(header)                                                                        \
	do {                                                                                       \
		elf->type = (header).e_type;                                                       \
		elf->machine = (header).e_machine;                                                 \
		elf->headers_offset = (header).e_phoff;                                            \
		elf->sections_offset = (header).e_shoff;                                           \
		elf->header_count = (header).e_phnum;                                              \
		elf->header_bytes = (header).e_phentsize;                                          \
		elf->section_bytes = (header).e_shentsize;                                         \
	} while (0)

static enum gap_status read_header(struct elf *elf, struct gap_error *error)
{
	const struct gap_probe *probe = elf->probe;
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (probe->start_bytes < sizeof(wide))
		return gap_fail(error, GAP_CORRUPT, "%s: an ELF core cut short in its header",
				probe->path);
	memcpy(&wide, probe->start, sizeof(wide));
	memcpy(&narrow, probe->start, sizeof(narrow));
	if (wide.e_ident[EI_DATA] != ELFDATA2LSB)
		return unsupported(elf, "an ELF core, not little-endian", error);
	elf->is_64 = wide.e_ident[EI_CLASS] == ELFCLASS64;
	if (elf->is_64)
		TAKE_HEADER(wide);
	else
		TAKE_HEADER(narrow);
	if (elf->type != ET_CORE)
		return unsupported(elf, "an ELF file, but not an ELF core of a guest", error);
	if (elf->header_bytes != (elf->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return gap_fail(error, GAP_CORRUPT, "%s: an ELF core with odd program headers",
				probe->path);
	return GAP_OK;
}

/* More than fit into 16 bits are counted by the first section (elf(5), PN_XNUM). */
static enum gap_status count_headers(struct elf *elf, struct gap_error *error)
{
	Elf64_Shdr wide;
	Elf32_Shdr narrow;
	enum gap_status status;
	uint64_t size = elf->probe->size_bytes;

	if (elf->header_count == PN_XNUM) {
		void *section = elf->is_64 ? (void *)&wide : (void *)&narrow;

		status = gap_probe_read(elf->probe, elf->sections_offset, section,
					elf->is_64 ? sizeof(wide) : sizeof(narrow), error);
		if (status)
			return status;
		elf->header_count = elf->is_64 ? wide.sh_info : narrow.sh_info;
	}
	if (elf->headers_offset > size ||
	    elf->header_count > (size - elf->headers_offset) / elf->header_bytes)
		return gap_fail(error, GAP_CORRUPT, "%s: an ELF core cut short in its headers",
				elf->probe->path);
	return GAP_OK;
}

static enum gap_status read_segment(const struct elf *elf, uint64_t index, Elf64_Phdr *segment,
				    struct gap_error *error)
{
	uint64_t at = elf->headers_offset + index * elf->header_bytes;
	enum gap_status status;
	Elf32_Phdr narrow;

	if (elf->is_64)
		return gap_probe_read(elf->probe, at, segment, sizeof(*segment), error);
	status = gap_probe_read(elf->probe, at, &narrow, sizeof(narrow), error);
	if (status)
		return status;
	*segment =
		(Elf64_Phdr){.p_type = narrow.p_type,
			     .p_offset = narrow.p_offset,
			     .p_vaddr = narrow.p_vaddr,
			     .p_paddr = narrow.p_paddr == UINT32_MAX ? UINT64_MAX : narrow.p_paddr,
			     .p_filesz = narrow.p_filesz,
			     .p_memsz = narrow.p_memsz};
	return GAP_OK;
}

/* What the segments said together. */
struct seen {
	int physical, virtual; /* any such address that is not 0 */
	struct gap_vcpu_notes notes;
};

static enum gap_status take_segment(const struct elf *elf, const Elf64_Phdr *header,
				    struct gap_segments *segments, struct seen *seen,
				    struct gap_error *error)
{
	struct gap_segment segment = {header->p_paddr, header->p_filesz, header->p_offset};

	if (header->p_type == PT_NOTE)
		return gap_vcpu_notes_read(&seen->notes, elf->probe, elf->machine, header->p_offset,
					   header->p_filesz, error);
	if (header->p_type != PT_LOAD || header->p_paddr == UINT64_MAX)
		return GAP_OK;
	seen->physical |= header->p_paddr != 0;
	seen->virtual |= header->p_vaddr != 0;
	return gap_segments_add(segments, segment) ? gap_fail(error, GAP_NO_MEMORY, "out of memory")
						   : GAP_OK;
}

static enum gap_status read_segments(const struct elf *elf, struct gap_segments *segments,
				     struct seen *seen, struct gap_error *error)
{
	enum gap_status status = GAP_OK;

	for (uint64_t i = 0; !status && i < elf->header_count; i++) {
		Elf64_Phdr header;

		status = read_segment(elf, i, &header, error);
		if (!status)
			status = take_segment(elf, &header, segments, seen, error);
	}
	if (!status && seen->virtual && !seen->physical)
		return unsupported(elf,
				   "an ELF core without physical addresses: of a process, not of a "
				   "guest",
				   error);
	return status;
}

static enum gap_status open_segments(struct elf *elf, struct gap_segments *segments,
				     struct gap_source_memory *opened, struct gap_error *error)
{
	struct seen seen = {0, 0, {NULL, 0, 0}};
	enum gap_status status = read_segments(elf, segments, &seen, error);

	segments->vcpus = seen.notes.vcpus;
	if (status)
		return status;
	opened->memory.vcpus = seen.notes.vcpus;
	opened->memory.vcpu_count = gap_vcpu_notes_count(&seen.notes);
	return gap_segments_open(elf->probe, segments, opened, error);
}

static enum gap_status open_elf(const struct gap_probe *probe, struct gap_source_memory *opened,
				struct gap_error *error)
{
	struct elf elf = {.probe = probe};
	struct gap_segments *segments;
	enum gap_status status = read_header(&elf, error);

	if (!status)
		status = count_headers(&elf, error);
	if (!status)
		status = gap_segments_create(probe, &segments, error);
	if (status)
		return status;
	status = open_segments(&elf, segments, opened, error);
	if (status)
		gap_segments_destroy(segments);
	return status;
}

const struct gap_source_format gap_source_elf_core = {
	.name = "ELF core",
	.recognises = recognises,
	.open = open_elf,
	.close = gap_segments_destroy,
};
