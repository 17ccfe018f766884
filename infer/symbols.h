/* SPDX-License-Identifier: MIT */
/*
 * The symbols of the kernel that runs, wherever they were learnt (kallsyms, ksymtab, VMCOREINFO):
 * addresses are those of the guest, slide included.
 */
#ifndef SEMGAP_INFER_SYMBOLS_H
#define SEMGAP_INFER_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/include/semgap/status.h"

struct infer_symbol {
	uint64_t address;
	const char *name;
	char type; /* as in kallsyms: t T d D …; '?' unknown */
};

struct infer_symbols; /* sorted both ways; immutable once made */

/** Collects symbols; then infer_symbols_finish() makes them ready to be asked. */
enum gap_status infer_symbols_create(struct infer_symbols **symbols) GAP_MUST_CHECK;
void infer_symbols_destroy(struct infer_symbols *symbols);
/** @name is copied. Running out of memory is sticky, and infer_symbols_finish() says so. */
void infer_symbols_add(struct infer_symbols *symbols, const char *name, size_t length, char type,
		       uint64_t address);
/** Whether a name was added, before they are finished. */
bool infer_symbols_added(const struct infer_symbols *symbols, const char *name);
/** Says that most of the kernel's functions are not among them. */
void infer_symbols_mark_sparse(struct infer_symbols *symbols);
bool infer_symbols_are_sparse(const struct infer_symbols *symbols);
enum gap_status infer_symbols_finish(struct infer_symbols *symbols) GAP_MUST_CHECK;

/**
 * The symbol of a name: NULL when there is none, or when several addresses have that name (static
 * functions): @count (may be NULL) tells how many.
 */
const struct infer_symbol *infer_symbols_named(const struct infer_symbols *symbols,
					       const char *name, uint32_t *count);
/** Symbol @index of those that share a name, or NULL: none that high. */
const struct infer_symbol *infer_symbols_sharing(const struct infer_symbols *symbols,
						 const char *name, uint32_t index);
/** The last symbol at or before @address, or NULL; @end (may be NULL): where the next one begins.
 */
const struct infer_symbol *infer_symbols_covering(const struct infer_symbols *symbols,
						  uint64_t address, uint64_t *end);
uint32_t infer_symbols_count(const struct infer_symbols *symbols);
/** By rising address; NULL past the last. */
const struct infer_symbol *infer_symbols_at(const struct infer_symbols *symbols, uint32_t index);

#endif
