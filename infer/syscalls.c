/* SPDX-License-Identifier: MIT */
/*
 * The system call table, by its structure: a run of pointers into the kernel's text, with one and the
 * same at each number that was never given out or was taken back, and different ones at numbers that
 * every kernel has. That tells the native table from those for programs of another width, whose
 * numbers are others. Kernels that dispatch by a switch keep the table for tracing; where they do not,
 * nothing is found. Names only: what the functions tell is for code.c.
 */
#include "infer/syscalls.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "infer/code_ops.h"

enum numbering { X86_64, I386, GENERIC, NUMBERINGS };

struct call {
	const char *name;
	int16_t numbers[NUMBERINGS];
	bool always;
};

struct gap {
	enum numbering numbering;
	int16_t first, last;
};

static const struct call calls[] = {
#define SYSCALL(name, x86_64, i386, generic) {#name, {x86_64, i386, generic}, false},
#define SYSCALL_ALWAYS(name, x86_64, i386, generic) {#name, {x86_64, i386, generic}, true},
#include "kernels/syscalls.def"
};

static const struct gap gaps[] = {
#define SYSCALL_GAP(numbering, first, last) {numbering, first, last},
#include "kernels/syscalls.def"
};

enum {
	CALLS = sizeof(calls) / sizeof(calls[0]),
	GAPS = sizeof(gaps) / sizeof(gaps[0]),
	SIMPLE_INSNS_MAX = 96,
	WRAPPED_INSNS_MAX = 48,
	INSN_BYTES_MAX = 16
};

/* A numbering, and what functions of it are called. */
struct abi {
	uint16_t machine;
	enum numbering numbering;
	const char *prefix; /* of functions that take all registers in one argument */
};

static const struct abi abis[] = {
	{EM_X86_64, X86_64, "__x64_sys_"},
	{EM_386, I386, "__ia32_sys_"},
	{EM_AARCH64, GENERIC, "__arm64_sys_"},
};

/* The place of a table that is looked at. */
struct table {
	const struct infer_image *image;
	const struct infer_window *text;
	const struct abi *abi;
	const struct code_machine *machine;
	void *decoder;
	uint64_t at; /* in the image's bytes */
};

/* ---- entries ---- */

static uint64_t entry_at(const struct table *table, int number)
{
	unsigned width = table->machine->pointer_bytes;
	uint64_t place = table->at + (uint64_t)number * width, value = 0;

	if (place > table->image->size_bytes || table->image->size_bytes - place < width)
		return 0;
	memcpy(&value, table->image->bytes + place, width);
	return value;
}

static bool is_code(const struct table *table, uint64_t address)
{
	return address >= table->text->start && address < table->text->end &&
	       address % table->machine->shortest == 0;
}

/* What leads nowhere: the one function at all numbers that were never given out; 0: they differ. */
static uint64_t find_nowhere(const struct table *table)
{
	uint64_t nowhere = 0;

	for (unsigned i = 0; i < GAPS; i++)
		for (int number = gaps[i].first;
		     gaps[i].numbering == table->abi->numbering && number <= gaps[i].last;
		     number++) {
			uint64_t entry = entry_at(table, number);

			if (!nowhere && !is_code(table, entry))
				return 0;
			if (nowhere && entry != nowhere)
				return 0;
			nowhere = entry;
		}
	return nowhere;
}

static int number_of(const struct table *table, const struct call *call)
{
	return call->numbers[table->abi->numbering];
}

/* Calls that are always there have each a function of their own; of the others all are code. */
static bool is_complete(const struct table *table, uint64_t nowhere)
{
	for (unsigned i = 0; i < CALLS; i++) {
		int number = number_of(table, &calls[i]);
		uint64_t entry = number < 0 ? 0 : entry_at(table, number);

		if (number < 0 || !calls[i].always)
			continue;
		if (!is_code(table, entry) || entry == nowhere)
			return false;
		for (unsigned k = 0; k < i; k++)
			if (calls[k].always && number_of(table, &calls[k]) >= 0 &&
			    entry_at(table, number_of(table, &calls[k])) == entry)
				return false;
	}
	return true;
}

/* ---- what functions do ---- */

static bool decode(const struct table *table, uint64_t address, struct code_insn *insn)
{
	const uint8_t *bytes = infer_image_at(table->image, address, INSN_BYTES_MAX);

	return bytes &&
	       table->machine->decode(table->decoder, bytes, INSN_BYTES_MAX, address, insn) &&
	       insn->length;
}

static bool ends(const struct code_insn *insn)
{
	for (unsigned i = 0; i < insn->count; i++)
		if (insn->ops[i].kind == CODE_RETURN || insn->ops[i].kind == CODE_JUMP)
			return true;
	return false;
}

static uint64_t entry_named(const struct table *table, const char *name)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (strcmp(calls[i].name, name) == 0)
			return entry_at(table, number_of(table, &calls[i]));
	return 0;
}

/* Some calls do next to nothing: soon after their start they end. */
static bool is_simple(const struct table *table, uint64_t at)
{
	struct code_insn insn;

	for (unsigned i = 0; i < SIMPLE_INSNS_MAX && decode(table, at, &insn); i++) {
		if (ends(&insn))
			return true;
		at += insn.length;
	}
	return false;
}

static bool are_simple(const struct table *table)
{
	static const char *const names[] = {"getpid", "gettid",  "getppid", "getuid",
					    "getgid", "geteuid", "getegid"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!is_simple(table, entry_named(table, names[i])))
			return false;
	return true;
}

/* Whether a function reads its argument out of what its first one points to (4.17 and later). */
static bool is_wrapped(const struct table *table, const char *name)
{
	uint64_t at = entry_named(table, name);
	uint8_t first = table->machine->arguments[0];
	struct code_insn insn;

	for (unsigned i = 0; i < WRAPPED_INSNS_MAX && decode(table, at, &insn); i++) {
		for (unsigned k = 0; k < insn.count; k++) {
			const struct code_op *op = &insn.ops[k];

			if (op->kind == CODE_LOAD && op->base == first)
				return true;
			if (op->dst == first || op->kind == CODE_CALL || op->kind == CODE_RETURN)
				return false;
		}
		at += insn.length;
	}
	return false;
}

/* ---- the table ---- */

/* A number among the gaps where the next one is a gap as well: most of memory fails there. */
static int find_probe(const struct abi *abi)
{
	for (unsigned i = 0; i < GAPS; i++)
		if (gaps[i].numbering == abi->numbering && gaps[i].last > gaps[i].first)
			return gaps[i].first;
	return 0;
}

static bool is_table(const struct table *table)
{
	uint64_t nowhere = find_nowhere(table);

	return nowhere && is_complete(table, nowhere) && are_simple(table);
}

static bool are_alike(const struct table *one, const struct table *other)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (number_of(one, &calls[i]) >= 0 &&
		    entry_at(one, number_of(one, &calls[i])) !=
			    entry_at(other, number_of(one, &calls[i])))
			return false;
	return true;
}

/* Sets table->at. False: there is none, or there are several and they differ. */
static bool find_table(struct table *table)
{
	uint64_t width = table->machine->pointer_bytes;
	int probe = find_probe(table->abi);
	struct table found = *table;
	bool any = false;

	for (table->at = 0; table->at + width <= table->image->size_bytes; table->at += width) {
		uint64_t entry = entry_at(table, probe);

		if (!is_code(table, entry) || entry_at(table, probe + 1) != entry ||
		    !is_table(table))
			continue;
		if (any && !are_alike(table, &found))
			return false;
		found = *table;
		any = true;
	}
	*table = found;
	return any;
}

static uint32_t add_all(const struct table *table, struct infer_symbols *symbols)
{
	const char *prefix =
		is_wrapped(table, "close") || is_wrapped(table, "dup") || is_wrapped(table, "umask")
			? table->abi->prefix
			: "sys_";
	uint64_t nowhere = find_nowhere(table);
	uint32_t added = 0;
	char name[64];

	for (unsigned i = 0; i < CALLS; i++) {
		int number = number_of(table, &calls[i]);
		uint64_t entry = number < 0 ? 0 : entry_at(table, number);

		if (!is_code(table, entry) || entry == nowhere)
			continue;
		snprintf(name, sizeof(name), "%s%s", prefix, calls[i].name);
		infer_symbols_add(symbols, name, strlen(name), 'T', entry);
		added++;
	}
	return added;
}

uint32_t infer_syscalls_read(const struct infer_image *image, uint16_t machine,
			     const struct infer_window *text, struct infer_symbols *symbols)
{
	struct table table = {.image = image, .text = text, .machine = code_machine_of(machine)};
	uint32_t added = 0;

	for (size_t i = 0; i < sizeof(abis) / sizeof(abis[0]); i++)
		if (abis[i].machine == machine)
			table.abi = &abis[i];
	if (!table.abi || !table.machine)
		return 0;
	table.decoder = table.machine->open(table.machine->pointer_bytes == 8);
	if (!table.decoder)
		return 0;
	if (find_table(&table))
		added = add_all(&table, symbols);
	table.machine->close(table.decoder);
	return added;
}
