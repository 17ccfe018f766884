/* SPDX-License-Identifier: MIT */
/*
 * Symbols of modules: the ELF symbol table that the kernel keeps of each (with CONFIG_KALLSYMS), its
 * values already addresses. What is loaded is modules.c's business. Entries are those of elf(5).
 */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/record.h"
#include "semgap/modules.h"

/* Positions in gap_module_symbols.fields. */
enum slot { KALLSYMS, SYMTAB, COUNT, STRTAB, SLOT_COUNT };

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[KALLSYMS] = {GAP_FIELD_MODULE_KALLSYMS, 1},
	[SYMTAB] = {GAP_FIELD_KALLSYMS_SYMTAB, 0},
	[COUNT] = {GAP_FIELD_KALLSYMS_COUNT, 0},
	[STRTAB] = {GAP_FIELD_KALLSYMS_STRTAB, 0},
};

_Static_assert(SLOT_COUNT <=
		       sizeof(((struct gap_module_symbols *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_module_symbols has no room for all fields");

#define NOTE(symbols, ...)                                                                         \
	gap_note(&(symbols)->status, (symbols)->reason, sizeof((symbols)->reason), __VA_ARGS__)

enum gap_status gap_module_symbols_init(struct gap_module_symbols *symbols, struct gap_guest *guest,
					struct gap_error *error)
{
	struct gap_module_symbols begun = {.guest = guest};
	struct gap_target target;
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);

	if (status)
		return status;
	gap_profile_target(gap_guest_profile(guest), &target);
	begun.pointer_bytes = target.pointer_bytes;
	*symbols = begun;
	return GAP_OK;
}

static uint32_t entry_bytes(const struct gap_module_symbols *symbols)
{
	return symbols->pointer_bytes == 8 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

void gap_module_symbols_begin(struct gap_module_symbols *symbols, struct gap_vaddr module)
{
	const struct gap_field *fields = symbols->fields;
	struct gap_guest *guest = symbols->guest;
	struct gap_vaddr holder = module;

	symbols->next = symbols->count = 0;
	symbols->status = GAP_OK;
	symbols->reason[0] = '\0';
	if ((fields[KALLSYMS].present &&
	     gap_record_pointer(guest, module, &fields[KALLSYMS], &holder)) ||
	    gap_record_pointer(guest, holder, &fields[SYMTAB], &symbols->table) ||
	    gap_record_pointer(guest, holder, &fields[STRTAB], &symbols->names) ||
	    gap_record_number(guest, holder, &fields[COUNT], &symbols->count)) {
		NOTE(symbols, "the symbols of the module at 0x%" PRIx64 " cannot be read",
		     module.value);
		symbols->count = 0;
	} else if (symbols->count > gap_guest_holds(guest, entry_bytes(symbols))) {
		NOTE(symbols, "a module of %" PRIu64 " symbols is absurd", symbols->count);
		symbols->count = 0;
	}
}

/* An entry in the larger one's form. */
static int read_entry(struct gap_module_symbols *symbols, uint64_t index, Elf64_Sym *entry)
{
	struct gap_vaddr at = {symbols->table.value + index * entry_bytes(symbols)};
	Elf32_Sym narrow;

	if (symbols->pointer_bytes == 8)
		return gap_guest_read(symbols->guest, at, entry, sizeof(*entry)) == GAP_OK;
	if (gap_guest_read(symbols->guest, at, &narrow, sizeof(narrow)))
		return 0;
	*entry = (Elf64_Sym){.st_name = narrow.st_name,
			     .st_info = narrow.st_info,
			     .st_shndx = narrow.st_shndx,
			     .st_value = narrow.st_value,
			     .st_size = narrow.st_size};
	return 1;
}

/* The next entry that has a place; an unreadable one ends the table. */
static int next_entry(struct gap_module_symbols *symbols, Elf64_Sym *entry)
{
	while (symbols->next < symbols->count) {
		if (!read_entry(symbols, symbols->next, entry)) {
			symbols->next = symbols->count;
			return NOTE(symbols, "the table of symbols at 0x%" PRIx64 " cannot be read",
				    symbols->table.value);
		}
		symbols->next++;
		if (entry->st_shndx != SHN_UNDEF && entry->st_name)
			return 1;
	}
	return 0;
}

/* A name that has no end in the room for one is cut. Marks that assemblers leave ("$x", ".L4") are no
 * names. */
static int read_symbol(struct gap_module_symbols *symbols, const Elf64_Sym *entry,
		       struct gap_module_symbol *symbol)
{
	struct gap_vaddr at = {symbols->names.value + entry->st_name};
	enum gap_status status =
		gap_guest_read_string(symbols->guest, at, symbol->name, sizeof(symbol->name));

	if (status && status != GAP_PARTIAL)
		return NOTE(symbols, "the name of a symbol at 0x%" PRIx64 " cannot be read",
			    at.value);
	if (status)
		NOTE(symbols, "the name of a symbol at 0x%" PRIx64 " has no end", at.value);
	symbol->address.value = entry->st_value;
	symbol->size_bytes = entry->st_size;
	symbol->is_function = ELF64_ST_TYPE(entry->st_info) == STT_FUNC;
	return symbol->name[0] && symbol->name[0] != '$' && strncmp(symbol->name, ".L", 2) != 0;
}

int gap_module_symbols_next(struct gap_module_symbols *symbols, struct gap_module_symbol *symbol)
{
	Elf64_Sym entry;

	while (next_entry(symbols, &entry))
		if (read_symbol(symbols, &entry, symbol))
			return 1;
	return 0;
}

enum gap_status gap_module_symbol_at(struct gap_module_symbols *symbols, struct gap_vaddr module,
				     struct gap_vaddr address, struct gap_module_symbol *symbol)
{
	struct gap_module_symbol at;
	Elf64_Sym entry;
	int found = 0;

	gap_module_symbols_begin(symbols, module);
	while (next_entry(symbols, &entry)) {
		/* Of several at one place the first is taken, as the kernel does. */
		if (entry.st_value > address.value ||
		    (found && entry.st_value <= symbol->address.value) ||
		    !read_symbol(symbols, &entry, &at))
			continue;
		*symbol = at;
		found = 1;
	}
	if (found)
		return GAP_OK;
	return symbols->status ? GAP_PARTIAL : GAP_NOT_FOUND;
}
