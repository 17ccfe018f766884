/* SPDX-License-Identifier: MIT */
/* What several witnesses in one file say of one build, held against each other. */
#ifndef SEMGAP_CROSS_CHECK_H
#define SEMGAP_CROSS_CHECK_H

#include "extract/extract.h"

enum gap_disagreement_kind {
	GAP_DISAGREE_SIZE,    /* of a structure, union or enum: bytes */
	GAP_DISAGREE_OFFSET,  /* of a member: bits */
	GAP_DISAGREE_WIDTH,   /* of a bit-field: bits */
	GAP_DISAGREE_MEMBER,  /* one has it: 1, the other not: 0 */
	GAP_DISAGREE_VALUE,   /* of an enumerator */
	GAP_DISAGREE_ADDRESS, /* of a symbol */
	GAP_DISAGREE_SYMBOL   /* one has it: 1, the other not: 0 */
};

struct gap_disagreement {
	enum gap_disagreement_kind kind;
	const char *name; /* "struct task_struct.pid", or a symbol */
	enum gap_source_kind first_source, second_source;
	uint64_t first, second;
};

/** How much was compared. */
struct gap_cross_report {
	bool dwarf, btf, symtab, kallsyms;    /* which witnesses there are */
	uint32_t types, members, enumerators; /* in DWARF and BTF */
	uint32_t symbols;                     /* of the symbol table in kallsyms */
	uint32_t variables; /* variables and functions of DWARF with their symbols */
	uint32_t disagreements;
};

/**
 * Holds DWARF, BTF, symbol table and kallsyms of the file at @path against each other, and calls @tell for each
 * disagreement. GAP_NOT_FOUND: fewer than two of them are there.
 */
enum gap_status gap_cross_check(const char *path, const struct gap_extract_options *options,
				void (*tell)(void *context,
					     const struct gap_disagreement *disagreement),
				void *context, struct gap_cross_report *report,
				struct gap_error *error) GAP_MUST_CHECK;

#endif
