/* SPDX-License-Identifier: MIT */
/*
 * What differs between architectures, as one row of numbers and operations each. A new architecture
 * is a file arch_X.c with its row, and that row's name in arch.c; nothing else asks which
 * architecture it is.
 */
#ifndef SEMGAP_ARCH_H
#define SEMGAP_ARCH_H

#include "semgap/memory.h"

#define GAP_PAGE_BYTES 4096u /* the smallest page: what translations are cached by */
#define GAP_PAGE_SHIFT 12

/** One set of page tables. */
struct gap_space {
	uint64_t root;
	uint64_t ignored_bits; /* of an entry's address: memory encryption */
	int levels;
};

/** Where an address is, and the entry that says so: what a cached translation is checked against.
 */
struct gap_translation {
	uint64_t physical;
	uint64_t leaf_at; /* physical address of the last entry, 8 bytes */
	uint64_t leaf;    /* its value */
};

struct gap_arch {
	uint16_t machine; /* ELF e_machine */
	uint8_t pointer_bytes;
	int levels_min, levels_max;
	/* The image is linked for this window of addresses, and moved in it by a multiple of the
	 * step. */
	uint64_t image_base, image_window_bytes, slide_step_bytes;
	const char *root_symbols; /* names of the kernel's own page-table root, through history */

	uint32_t root_align_bytes; /* where a root may begin */

	int (*is_canonical)(const struct gap_space *space, uint64_t address);
	/** Is it an address of the user half? */
	int (*is_user)(const struct gap_space *space, uint64_t address);
	/** Walks the tables. GAP_UNREADABLE: not mapped, or tables outside memory. */
	enum gap_status (*walk)(const struct gap_memory *memory, const struct gap_space *space,
				uint64_t address, struct gap_translation *translation);
};

extern const struct gap_arch gap_arch_x86_64;

/** The row of an ELF machine, or NULL. */
const struct gap_arch *gap_arch_find(uint16_t machine);

#endif
