/* SPDX-License-Identifier: MIT */
/*
 * ELF files through libelf: section table, identity, and sections as readers need them. In a
 * relocatable file (an object, a module) debug sections are relocated here. In a linked file they
 * are not, whatever relocation sections the linker left (--emit-relocs): those have been applied
 * already.
 */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "extract/inputs.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

static enum gap_status damaged(const struct gap_elf *elf, const char *what, struct gap_error *error)
{
	return gap_fail(error, GAP_CORRUPT, "%.600s: damaged ELF file: %s", elf->path, what);
}

static enum gap_status check_machine(const struct gap_elf *elf, const GElf_Ehdr *header,
				     struct gap_error *error)
{
	if (header->e_ident[EI_DATA] == ELFDATA2MSB)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%.600s: big-endian; semgap reads little-endian kernels only",
				elf->path);
	if (strcmp(gap_machine_name(header->e_machine), "unknown") == 0)
		return gap_fail(
			error, GAP_UNSUPPORTED,
			"%.600s: unknown machine (ELF e_machine %u); known are x86-64, i386, "
			"arm64, arm, riscv, loongarch",
			elf->path, header->e_machine);
	return GAP_OK;
}

static enum gap_status read_section(struct gap_elf *elf, Elf_Scn *scn, size_t names,
				    struct gap_error *error)
{
	struct gap_elf_section *section = &elf->sections[elf_ndxscn(scn)];
	GElf_Shdr header;
	Elf_Data *raw;

	if (!gelf_getshdr(scn, &header))
		return damaged(elf, "section header", error);
	section->name = elf_strptr(elf->handle, names, header.sh_name);
	if (!section->name)
		section->name = "";
	section->type = header.sh_type;
	section->flags = header.sh_flags;
	section->address = header.sh_addr;
	section->size_bytes = header.sh_size;
	section->entry_bytes = header.sh_entsize;
	section->link = header.sh_link;
	section->info = header.sh_info;
	if (header.sh_type == SHT_NOBITS || header.sh_size == 0)
		return GAP_OK;
	raw = elf_rawdata(scn, NULL);
	if (!raw || (raw->d_size > 0 && !raw->d_buf) || raw->d_size < header.sh_size)
		return gap_fail(error, GAP_CORRUPT,
				"%.600s: cut short: section %s lies beyond the end of the file",
				elf->path, section->name);
	section->data = raw->d_buf;
	return GAP_OK;
}

static enum gap_status read_sections(struct gap_elf *elf, struct gap_error *error)
{
	size_t count, names;
	Elf_Scn *scn = NULL;

	if (elf_getshdrnum(elf->handle, &count) != 0 || elf_getshdrstrndx(elf->handle, &names) != 0)
		return damaged(elf, elf_errmsg(-1), error);
	if (count == 0)
		return gap_fail(error, GAP_NOT_FOUND,
				"%.600s: ELF file without sections: no types and no symbols can be "
				"found in it",
				elf->path);
	elf->sections = calloc(count, sizeof(*elf->sections));
	if (!elf->sections || count > UINT32_MAX)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	elf->section_count = (uint32_t)count;
	elf->sections[0].name = "";
	while ((scn = elf_nextscn(elf->handle, scn)) != NULL) {
		enum gap_status status = read_section(elf, scn, names, error);

		if (status)
			return status;
	}
	for (uint32_t i = 0; i < elf->section_count; i++)
		if (!elf->sections[i].name)
			elf->sections[i].name = "";
	return GAP_OK;
}

static enum gap_status open_handle(struct gap_elf *elf, const struct gap_content *content,
				   struct gap_error *error)
{
	GElf_Ehdr header;
	enum gap_status status;

	elf_version(EV_CURRENT);
	/* libelf reads what it is given in place. */
	elf->handle = elf_memory((char *)(uintptr_t)content->bytes, content->size_bytes);
	if (!elf->handle || elf_kind(elf->handle) != ELF_K_ELF ||
	    !gelf_getehdr(elf->handle, &header))
		return damaged(elf, elf->handle ? "bad header" : elf_errmsg(-1), error);
	elf->machine = header.e_machine;
	elf->type = header.e_type;
	elf->pointer_bytes = gelf_getclass(elf->handle) == ELFCLASS64 ? 8 : 4;
	status = check_machine(elf, &header, error);
	return status ? status : read_sections(elf, error);
}

enum gap_status gap_elf_open(struct gap_elf *elf, const struct gap_content *content,
			     struct gap_error *error)
{
	enum gap_status status;

	*elf = (struct gap_elf){.path = content->name};
	status = open_handle(elf, content, error);
	if (status)
		gap_elf_close(elf);
	return status;
}

void gap_elf_close(struct gap_elf *elf)
{
	for (uint32_t i = 0; i < elf->section_count; i++)
		free(elf->sections[i].owned);
	free(elf->sections);
	if (elf->handle)
		elf_end(elf->handle);
	*elf = (struct gap_elf){0};
}

struct gap_elf_section *gap_elf_find(struct gap_elf *elf, const char *name)
{
	for (uint32_t i = 1; i < elf->section_count; i++)
		if (strcmp(elf->sections[i].name, name) == 0)
			return &elf->sections[i];
	return NULL;
}

/* ---- compressed sections ---- */

/* What a compressor can do at most: a larger claim is a lie, and memory is not given to it. */
static bool size_believable(uint64_t compressed_bytes, uint64_t claimed_bytes)
{
	return claimed_bytes <= compressed_bytes * 1100 + 65536;
}

static bool inflate_all(unsigned char *to, uint64_t to_bytes, const unsigned char *from,
			uint64_t from_bytes)
{
	uLongf length = (uLongf)to_bytes;

	return uncompress(to, &length, from, (uLong)from_bytes) == Z_OK && length == to_bytes;
}

static bool decompress(uint32_t method, unsigned char *to, uint64_t to_bytes,
		       const unsigned char *from, uint64_t from_bytes)
{
	if (method == ELFCOMPRESS_ZLIB)
		return inflate_all(to, to_bytes, from, from_bytes);
	return ZSTD_decompress(to, (size_t)to_bytes, from, (size_t)from_bytes) == to_bytes;
}

/* The header in front of a compressed section, in either ELF class. Returns its length, or 0. */
static uint32_t compression_header(const struct gap_elf *elf, const struct gap_elf_section *section,
				   uint32_t *method, uint64_t *size_bytes)
{
	if (elf->pointer_bytes == 8) {
		Elf64_Chdr header;

		if (section->size_bytes < sizeof(header))
			return 0;
		memcpy(&header, section->data, sizeof(header));
		*method = header.ch_type;
		*size_bytes = header.ch_size;
		return sizeof(header);
	}
	Elf32_Chdr header;

	if (section->size_bytes < sizeof(header))
		return 0;
	memcpy(&header, section->data, sizeof(header));
	*method = header.ch_type;
	*size_bytes = header.ch_size;
	return sizeof(header);
}

static enum gap_status load_compressed(struct gap_elf *elf, struct gap_elf_section *section,
				       struct gap_error *error)
{
	uint32_t method = 0;
	uint64_t size_bytes = 0;
	uint32_t header = compression_header(elf, section, &method, &size_bytes);
	unsigned char *data;

	if (header == 0)
		return damaged(elf, "compressed section is cut", error);
	if (method != ELFCOMPRESS_ZLIB && method != ELFCOMPRESS_ZSTD)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%.600s: section %s is compressed by an unknown method (%u)",
				elf->path, section->name, method);
	if (!size_believable(section->size_bytes - header, size_bytes))
		return gap_fail(error, GAP_CORRUPT,
				"%.600s: section %s claims to unpack to %llu bytes", elf->path,
				section->name, (unsigned long long)size_bytes);
	data = malloc(size_bytes ? (size_t)size_bytes : 1);
	if (!data)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory for section %s",
				section->name);
	if (!decompress(method, data, size_bytes, section->data + header,
			section->size_bytes - header)) {
		free(data);
		return gap_fail(error, GAP_CORRUPT, "%.600s: section %s does not decompress",
				elf->path, section->name);
	}
	section->owned = data;
	section->data = data;
	section->size_bytes = size_bytes;
	section->flags &= ~(uint64_t)SHF_COMPRESSED;
	return GAP_OK;
}

/* ---- relocation ---- */

/* Bytes that a plain absolute relocation writes; 0: does nothing; -1: not one of those. */
static int absolute_bytes(uint16_t machine, uint64_t type)
{
	switch (machine) {
	case EM_X86_64:
		return type == R_X86_64_64                           ? 8
		       : type == R_X86_64_32 || type == R_X86_64_32S ? 4
		       : type == R_X86_64_NONE                       ? 0
								     : -1;
	case EM_386:
		return type == R_386_32 ? 4 : type == R_386_NONE ? 0 : -1;
	case EM_AARCH64:
		return type == R_AARCH64_ABS64   ? 8
		       : type == R_AARCH64_ABS32 ? 4
		       : type == R_AARCH64_NONE  ? 0
						 : -1;
	default:
		return -1;
	}
}

struct relocation {
	uint64_t offset, symbol, type;
	int64_t addend;
	bool addend_in_place;
};

static enum gap_status apply(struct gap_elf *elf, struct gap_elf_section *section,
			     Elf_Data *symbols, const struct relocation *relocation,
			     struct gap_error *error)
{
	int bytes = absolute_bytes(elf->machine, relocation->type);
	uint64_t value = 0;
	GElf_Sym symbol;

	if (bytes < 0)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%.600s: relocation of type %llu in %s is not supported", elf->path,
				(unsigned long long)relocation->type, section->name);
	if (bytes == 0)
		return GAP_OK;
	if (relocation->offset > section->size_bytes ||
	    section->size_bytes - relocation->offset < (uint64_t)bytes ||
	    relocation->symbol > INT32_MAX ||
	    !gelf_getsym(symbols, (int)relocation->symbol, &symbol))
		return damaged(elf, "a relocation points nowhere", error);
	if (relocation->addend_in_place)
		memcpy(&value, section->owned + relocation->offset, (size_t)bytes);
	value += symbol.st_value + (uint64_t)relocation->addend;
	memcpy(section->owned + relocation->offset, &value, (size_t)bytes);
	return GAP_OK;
}

static bool get_relocation(Elf_Data *rows, int index, bool with_addend,
			   struct relocation *relocation)
{
	GElf_Rela rela;
	GElf_Rel rel;

	if (with_addend) {
		if (!gelf_getrela(rows, index, &rela))
			return false;
		*relocation = (struct relocation){rela.r_offset, GELF_R_SYM(rela.r_info),
						  GELF_R_TYPE(rela.r_info), rela.r_addend, false};
		return true;
	}
	if (!gelf_getrel(rows, index, &rel))
		return false;
	*relocation = (struct relocation){rel.r_offset, GELF_R_SYM(rel.r_info),
					  GELF_R_TYPE(rel.r_info), 0, true};
	return true;
}

static enum gap_status relocate_with(struct gap_elf *elf, struct gap_elf_section *section,
				     const struct gap_elf_section *table, struct gap_error *error)
{
	Elf_Data *rows =
		elf_getdata(elf_getscn(elf->handle, (size_t)(table - elf->sections)), NULL);
	Elf_Data *symbols = elf_getdata(elf_getscn(elf->handle, table->link), NULL);
	bool with_addend = table->type == SHT_RELA;
	struct relocation relocation;

	if (!rows || !symbols)
		return damaged(elf, "relocations without symbols", error);
	for (int i = 0; get_relocation(rows, i, with_addend, &relocation); i++) {
		enum gap_status status = apply(elf, section, symbols, &relocation, error);

		if (status)
			return status;
	}
	return GAP_OK;
}

static enum gap_status own_copy(struct gap_elf_section *section, struct gap_error *error)
{
	if (section->owned)
		return GAP_OK;
	section->owned = malloc(section->size_bytes ? (size_t)section->size_bytes : 1);
	if (!section->owned)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory for section %s",
				section->name);
	memcpy(section->owned, section->data, (size_t)section->size_bytes);
	section->data = section->owned;
	return GAP_OK;
}

static enum gap_status relocate(struct gap_elf *elf, struct gap_elf_section *section,
				struct gap_error *error)
{
	uint32_t number = (uint32_t)(section - elf->sections);

	for (uint32_t i = 1; i < elf->section_count; i++) {
		const struct gap_elf_section *table = &elf->sections[i];
		enum gap_status status;

		if ((table->type != SHT_RELA && table->type != SHT_REL) || table->info != number)
			continue;
		status = own_copy(section, error);
		if (!status)
			status = relocate_with(elf, section, table, error);
		if (status)
			return status;
	}
	return GAP_OK;
}

enum gap_status gap_elf_load(struct gap_elf *elf, struct gap_elf_section *section,
			     struct gap_error *error)
{
	enum gap_status status = GAP_OK;

	if (!section || !section->data)
		return gap_fail(error, GAP_NOT_FOUND, "%.600s: no such section", elf->path);
	if (section->owned)
		return GAP_OK;
	if (section->flags & SHF_COMPRESSED)
		status = load_compressed(elf, section, error);
	if (!status && elf->type == ET_REL)
		status = relocate(elf, section, error);
	return status;
}

/* ---- identity ---- */

uint8_t gap_notes_build_id(const void *data, uint64_t size_bytes, uint8_t build_id[64])
{
	const unsigned char *notes = data;
	uint64_t at = 0;

	while (size_bytes - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note; /* the same in both classes */
		uint64_t name, text;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		text = name + (((uint64_t)note.n_namesz + 3) & ~(uint64_t)3);
		at = text + (((uint64_t)note.n_descsz + 3) & ~(uint64_t)3);
		if (at > size_bytes)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz <= 64) {
			memcpy(build_id, notes + text, note.n_descsz);
			return (uint8_t)note.n_descsz;
		}
	}
	return 0;
}

uint8_t gap_elf_build_id(struct gap_elf *elf, uint8_t build_id[64])
{
	for (uint32_t i = 1; i < elf->section_count; i++) {
		const struct gap_elf_section *section = &elf->sections[i];
		uint8_t length = 0;

		if (section->type == SHT_NOTE && section->data)
			length = gap_notes_build_id(section->data, section->size_bytes, build_id);
		if (length)
			return length;
	}
	return 0;
}
