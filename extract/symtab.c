/* SPDX-License-Identifier: MIT */
/* Symbols of an ELF file: every section's, with sizes, source files of local ones, per-CPU ones
 * marked; and the banner. */
#include <gelf.h>
#include <string.h>

#include "extract/inputs.h"

#define BANNER_BYTES_MAX 4096

struct reading {
	const struct gap_extraction *run;
	struct gap_elf *elf;
	Elf_Data *rows;
	uint32_t names; /* section of the strings */
	gap_text file;  /* of the local symbols that follow */
	uint32_t count;
};

void gap_identity_from_banner(struct gap_builder *builder, const char *banner, size_t size_bytes)
{
	static const char prefix[] = "Linux version ";
	struct gap_build_target target = {.banner = banner, .banner_bytes = (uint32_t)size_bytes};
	char release[128] = "";

	if (size_bytes <= sizeof(prefix) || memcmp(banner, prefix, sizeof(prefix) - 1) != 0)
		return;
	for (size_t i = 0; i < sizeof(release) - 1; i++) {
		char at =
			sizeof(prefix) - 1 + i < size_bytes ? banner[sizeof(prefix) - 1 + i] : ' ';

		release[i] = '\0';
		if (at == ' ' || at == '\n')
			break;
		release[i] = at;
	}
	target.release = release;
	gap_builder_target_set(builder, &target);
}

static const struct gap_elf_section *section_of(const struct reading *reading,
						const GElf_Sym *symbol)
{
	uint32_t number = symbol->st_shndx;

	if (number == SHN_UNDEF || number >= SHN_LORESERVE || number >= reading->elf->section_count)
		return NULL;
	return &reading->elf->sections[number];
}

/* The kernel's banner, byte for byte, without the zero that ends it. */
static void take_banner(const struct reading *reading, const GElf_Sym *symbol)
{
	const struct gap_elf_section *section = section_of(reading, symbol);
	uint64_t offset, room;
	const char *banner;
	size_t length;

	if (!section || !section->data || symbol->st_value < section->address)
		return;
	offset = symbol->st_value - section->address;
	if (offset >= section->size_bytes)
		return;
	room = section->size_bytes - offset;
	banner = (const char *)section->data + offset;
	length = strnlen(banner, room < BANNER_BYTES_MAX ? (size_t)room : BANNER_BYTES_MAX);
	if (length < room && length < BANNER_BYTES_MAX)
		gap_identity_from_banner(reading->run->builder, banner, length);
}

static enum gap_symbol_kind kind_of(const struct gap_elf_section *section, int type)
{
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return GAP_SYMBOL_FUNCTION;
	if (type == STT_OBJECT || type == STT_COMMON)
		return GAP_SYMBOL_DATA;
	/* Assembly leaves its data untyped; its code may be a label anywhere. */
	if (section && !(section->flags & SHF_EXECINSTR) && (section->flags & SHF_ALLOC))
		return GAP_SYMBOL_DATA;
	return GAP_SYMBOL_OTHER;
}

static uint32_t flags_of(const struct gap_elf_section *section, const GElf_Sym *symbol)
{
	uint32_t flags = 0;

	if (GELF_ST_BIND(symbol->st_info) == STB_LOCAL)
		flags |= GAP_SYMBOL_LOCAL;
	if (GELF_ST_BIND(symbol->st_info) == STB_WEAK)
		flags |= GAP_SYMBOL_WEAK;
	if (symbol->st_shndx == SHN_ABS)
		flags |= GAP_SYMBOL_ABSOLUTE;
	if (section && strncmp(section->name, ".data..percpu", 13) == 0)
		flags |= GAP_SYMBOL_PERCPU;
	return flags;
}

static void take_symbol(struct reading *reading, const GElf_Sym *symbol)
{
	const char *name = elf_strptr(reading->elf->handle, reading->names, symbol->st_name);
	const struct gap_elf_section *section = section_of(reading, symbol);
	int type = GELF_ST_TYPE(symbol->st_info);
	struct gap_build_symbol row = {
		.address = symbol->st_value,
		.size_bytes = symbol->st_size,
		.type = GAP_NONE,
		.kind = kind_of(section, type),
		.flags = flags_of(section, symbol),
	};

	if (type == STT_FILE) {
		reading->file = gap_builder_name(reading->run->builder, name);
		return;
	}
	if (!name || !*name || type == STT_SECTION || type == STT_TLS ||
	    symbol->st_shndx == SHN_UNDEF)
		return;
	row.name = gap_builder_name(reading->run->builder, name);
	if (row.flags & GAP_SYMBOL_LOCAL)
		row.file = reading->file;
	gap_builder_symbol_add(reading->run->builder, &row);
	reading->count++;
	if (strcmp(name, "linux_banner") == 0)
		take_banner(reading, symbol);
}

static uint32_t find_table(const struct gap_elf *elf, uint32_t type)
{
	for (uint32_t i = 1; i < elf->section_count; i++)
		if (elf->sections[i].type == type)
			return i;
	return 0;
}

enum gap_status gap_symtab_read(const struct gap_extraction *run, struct gap_elf *elf,
				uint32_t *count)
{
	struct reading reading = {.run = run, .elf = elf};
	uint32_t table = find_table(elf, SHT_SYMTAB);
	GElf_Sym symbol;

	*count = 0;
	if (!table)
		table = find_table(elf, SHT_DYNSYM);
	if (!table)
		return GAP_OK;
	if (elf->type == ET_REL) {
		gap_extraction_warn(run,
				    "%s is a relocatable object: its symbols have no addresses "
				    "yet and are left out",
				    elf->path);
		return GAP_OK;
	}
	reading.rows = elf_getdata(elf_getscn(elf->handle, table), NULL);
	reading.names = elf->sections[table].link;
	if (!reading.rows)
		return gap_fail(run->error, GAP_CORRUPT, "%.600s: damaged symbol table", elf->path);
	for (int i = 1; gelf_getsym(reading.rows, i, &symbol); i++)
		take_symbol(&reading, &symbol);
	*count = reading.count;
	return GAP_OK;
}
