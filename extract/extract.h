/* SPDX-License-Identifier: MIT */
/*
 * extract: inputs to builder. The kind of an input is probed by its content; one row of the table
 * in extract.c per kind.
 */
#ifndef SEMGAP_EXTRACT_H
#define SEMGAP_EXTRACT_H

#include <stdbool.h>

#include "profile/builder.h"

enum gap_types_from { GAP_TYPES_BEST, GAP_TYPES_DWARF, GAP_TYPES_BTF };

struct gap_extract_options {
	enum gap_types_from types_from;
	const char *system_map; /* file of symbols to use beside (or instead of) the input's own;
				   NULL none */
	const char *kallsyms;   /* the same, of a running kernel; NULL none */
	const char *const *modules; /* files of kernel modules */
	size_t module_count;
	const char *const *folders; /* folders, or packages, of them */
	size_t folder_count;
	bool symbols_only;
	bool own_table; /* symbols from the kernel's own table (kallsyms), whatever else there is */
	bool with_rust;
	/* Kernel headers instead of a file: folders of the flavour and of what is common to all
	 * (the second NULL: one tree); the configuration that they must have, NULL any. */
	const char *headers[2], *config;
	/* Of headers: whose structures, "TYPE.member|other"; none and NULL: kernels/fields.def's. */
	const char *const *fields;
	size_t field_count;
	const char *fields_file;
	bool digest; /* keep SHA-256 of the files as those of the sources */
	/* Progress: @done of @total units of work; returns false to cancel. May be NULL. */
	bool (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	/* A line for stderr; may be NULL. */
	void (*warn)(void *context, const char *text);
	void *context;
};

/** What was found, for the words that the command says. */
struct gap_extract_report {
	uint32_t units;
	uint32_t types, symbols;
	uint32_t modules, module_symbols;
	uint32_t conflicts;  /* names of tags with several definitions */
	uint32_t unresolved; /* declarations that fit several of them */
};

/**
 * Reads @path (NULL with headers) into @builder. Errors name the file, what is wrong and what to do next: GAP_IO,
 * GAP_CORRUPT, GAP_UNSUPPORTED, GAP_NOT_FOUND (no types in it), GAP_MISMATCH (System.map of another
 * build), GAP_CANCELLED.
 */
enum gap_status gap_extract(struct gap_builder *builder, const char *path,
			    const struct gap_extract_options *options,
			    struct gap_extract_report *report,
			    struct gap_error *error) GAP_MUST_CHECK;

#endif
