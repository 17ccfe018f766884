/* SPDX-License-Identifier: MIT */
/* The kernel's symbol table written as scripts/kallsyms.c of the kernel has written it over the years: every order and
 * encoding, in any pointer size. */
#ifndef SEMGAP_TESTS_KALLSYMS_TABLE_H
#define SEMGAP_TESTS_KALLSYMS_TABLE_H

#include "profile/kallsyms.h"

struct table_symbol {
	uint64_t address;
	char type;
	char name[600];
};

/** How to write it. */
struct table_plan {
	enum gap_kallsyms_addressing addressing;
	bool behind;            /* addresses behind the token index */
	uint8_t pointer_bytes;  /* 4 or 8 */
	uint8_t align_bytes;    /* of each part */
	uint8_t number_bytes;   /* of the number of symbols, and of a marker */
	uint8_t sequence_bytes; /* of one number in the order of the names; 0: that is not there */
	uint64_t base;
	uint64_t address; /* of the first byte, for PLACE */
	bool big_endian_index;
};

/** Where things came to lie: offsets of the written parts. */
struct table_places {
	uint64_t number, names, markers, tokens, token_index, addresses, base, end;
};

/** Writes it to @bytes (large enough, zeroed) from offset @at on; @at is a multiple of 8. */
struct table_places write_table(uint8_t *bytes, uint64_t at, const struct table_plan *plan,
				const struct table_symbol *symbols, uint32_t count);

/** Symbols of a small kernel, by rising address: @percpu of them low in memory, the others from @text on; one name is
 * longer than 127 characters if @long_name. */
void make_table_symbols(struct table_symbol *symbols, uint32_t count, uint32_t percpu,
			uint64_t text, bool long_name);

#endif
