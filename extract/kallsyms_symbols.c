/* SPDX-License-Identifier: MIT */
/* Symbols from the kernel's own table (profile/kallsyms.h), where the linker's was stripped: the image inside of a
 * vmlinuz. It knows no sizes. */
#include <elf.h>
#include <string.h>

#include "extract/inputs.h"

#define BANNER_BYTES_MAX 4096

struct wanted {
	const char *name;
	size_t length;
	uint64_t address;
	bool seen;
};

static bool look_for(void *context, const char *name, size_t length, char type, uint64_t address)
{
	struct wanted *wanted = context;

	(void)type;
	if (length != wanted->length || memcmp(name, wanted->name, length) != 0)
		return true;
	wanted->address = address;
	wanted->seen = true;
	return false;
}

bool gap_kallsyms_lookup(const struct gap_kallsyms_input *input,
			 const struct gap_kallsyms_found *found, const char *name,
			 uint64_t *address)
{
	struct wanted wanted = {.name = name, .length = strlen(name)};
	enum gap_status status = gap_kallsyms_each(input, found, look_for, &wanted, NULL);

	if (status != GAP_CANCELLED || !wanted.seen)
		return false;
	*address = wanted.address;
	return true;
}

struct taking {
	const struct gap_extraction *run;
	uint64_t percpu_start, percpu_end;
	uint32_t count;
};

static bool take(void *context, const char *name, size_t length, char type, uint64_t address)
{
	struct taking *taking = context;
	struct gap_build_symbol symbol = {
		.name = gap_builder_text(taking->run->builder, name, length),
		.address = address,
		.type = GAP_NONE,
	};

	gap_symbol_from_letter(type, &symbol);
	if (address >= taking->percpu_start && address < taking->percpu_end)
		symbol.flags = (symbol.flags & ~(uint32_t)GAP_SYMBOL_ABSOLUTE) | GAP_SYMBOL_PERCPU;
	gap_builder_symbol_add(taking->run->builder, &symbol);
	taking->count++;
	return true;
}

enum gap_status gap_kallsyms_read(const struct gap_extraction *run,
				  const struct gap_kallsyms_input *input,
				  const struct gap_kallsyms_found *found, uint32_t *count)
{
	struct taking taking = {.run = run};
	enum gap_status status;

	if (!gap_kallsyms_lookup(input, found, "__per_cpu_start", &taking.percpu_start) ||
	    !gap_kallsyms_lookup(input, found, "__per_cpu_end", &taking.percpu_end))
		taking.percpu_start = taking.percpu_end = 0;
	status = gap_kallsyms_each(input, found, take, &taking, run->error);
	*count = taking.count;
	return status;
}

/* ---- in the sections of an ELF file ---- */

static bool may_hold_data(const struct gap_elf_section *section)
{
	return section->data && section->type == SHT_PROGBITS && (section->flags & SHF_ALLOC) &&
	       !(section->flags & (SHF_EXECINSTR | SHF_COMPRESSED));
}

/* The bytes at @address until the end of their section, or NULL. */
static const uint8_t *bytes_at(const struct gap_elf *elf, uint64_t address, uint64_t *room)
{
	for (uint32_t i = 1; i < elf->section_count; i++) {
		const struct gap_elf_section *section = &elf->sections[i];

		if (!may_hold_data(section) || address < section->address ||
		    address - section->address >= section->size_bytes)
			continue;
		*room = section->size_bytes - (address - section->address);
		return section->data + (address - section->address);
	}
	return NULL;
}

uint64_t gap_banner_find(const uint8_t *bytes, size_t size_bytes, size_t *length)
{
	static const char prefix[] = "Linux version ";
	const uint8_t *at = bytes, *end = bytes + size_bytes;
	uint64_t best = UINT64_MAX;

	*length = 0;
	while ((at = memmem(at, (size_t)(end - at), prefix, sizeof(prefix) - 1)) != NULL) {
		size_t room = (size_t)(end - at);
		size_t text = strnlen((const char *)at,
				      room < BANNER_BYTES_MAX ? room : BANNER_BYTES_MAX);

		if (text < room && text < BANNER_BYTES_MAX && at[text - 1] == '\n' &&
		    text > *length) {
			best = (uint64_t)(at - bytes);
			*length = text;
		}
		at++;
	}
	return best;
}

static void take_banner(const struct gap_extraction *run, const struct gap_elf *elf,
			uint64_t address)
{
	uint64_t room = 0;
	const uint8_t *bytes = bytes_at(elf, address, &room);
	size_t length = bytes ? strnlen((const char *)bytes,
					room < BANNER_BYTES_MAX ? room : BANNER_BYTES_MAX)
			      : 0;

	if (bytes && length < room && length < BANNER_BYTES_MAX)
		gap_identity_from_banner(run->builder, (const char *)bytes, length);
}

/* Where the table leaves data out (no CONFIG_KALLSYMS_ALL), the longest text that is a banner: an earlier one, without
 * the number of the build, is shorter. */
static void search_banner(const struct gap_extraction *run, const struct gap_elf *elf)
{
	const char *best = NULL;
	size_t best_length = 0, length;

	for (uint32_t i = 1; i < elf->section_count; i++) {
		const struct gap_elf_section *section = &elf->sections[i];
		uint64_t at;

		if (!may_hold_data(section))
			continue;
		at = gap_banner_find(section->data, section->size_bytes, &length);
		if (length > best_length) {
			best = (const char *)section->data + at;
			best_length = length;
		}
	}
	if (best)
		gap_identity_from_banner(run->builder, best, best_length);
}

/* The value that a relocation of the kernel itself (RELATIVE) puts at @address; 0: none does. */
static uint64_t relocated_value(const struct gap_elf *elf, uint64_t address)
{
	for (uint32_t i = 1; i < elf->section_count; i++) {
		const struct gap_elf_section *section = &elf->sections[i];
		Elf64_Rela row;

		if (section->type != SHT_RELA || !(section->flags & SHF_ALLOC) || !section->data)
			continue;
		for (uint64_t at = 0; at + sizeof(row) <= section->size_bytes; at += sizeof(row)) {
			memcpy(&row, section->data + at, sizeof(row));
			if (row.r_offset == address && ELF64_R_SYM(row.r_info) == 0)
				return (uint64_t)row.r_addend;
		}
	}
	return 0;
}

/* Without applied relocations the base is 0: the relocation tells it, or the banner, whose symbol must be where its text is. */
static void find_base(const struct gap_elf *elf, const struct gap_kallsyms_input *input,
		      struct gap_kallsyms_found *found)
{
	size_t length;
	uint64_t text = gap_banner_find(input->bytes, input->size_bytes, &length), symbol;

	if (found->base_offset == 0 || found->base != 0)
		return;
	if (elf->pointer_bytes == 8)
		found->base = relocated_value(elf, input->address + found->base_offset);
	if (found->base == 0 && length &&
	    gap_kallsyms_lookup(input, found, "linux_banner", &symbol))
		found->base = input->address + text - symbol;
}

enum gap_status gap_kallsyms_read_elf(const struct gap_extraction *run, struct gap_elf *elf,
				      uint32_t *count)
{
	*count = 0;
	for (uint32_t i = 1; i < elf->section_count; i++) {
		const struct gap_elf_section *section = &elf->sections[i];
		struct gap_kallsyms_input input = {.bytes = section->data,
						   .size_bytes = section->size_bytes,
						   .address = section->address,
						   .address_known = true,
						   .pointer_bytes = elf->pointer_bytes};
		struct gap_kallsyms_found found;
		enum gap_status status;
		uint64_t banner;

		if (!may_hold_data(section) || gap_kallsyms_find(&input, &found, NULL) != GAP_OK)
			continue;
		find_base(elf, &input, &found);
		status = gap_kallsyms_read(run, &input, &found, count);
		if (!status && gap_kallsyms_lookup(&input, &found, "linux_banner", &banner))
			take_banner(run, elf, banner);
		else if (!status)
			search_banner(run, elf);
		return status;
	}
	return GAP_OK;
}
