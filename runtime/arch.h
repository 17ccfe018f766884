/* SPDX-License-Identifier: MIT */
/*
 * What differs between architectures, as one row of numbers and operations each. A new architecture
 * is a file arch_X.c with its row, and that row's name in arch.c; nothing else asks which
 * architecture it is.
 */
#ifndef SEMGAP_ARCH_H
#define SEMGAP_ARCH_H

#include <string.h>

#include "semgap/memory.h"

/* What translations are cached by: no page of any architecture is smaller, and larger ones are
 * cached in such pieces. */
#define GAP_PAGE_BYTES 4096u
#define GAP_PAGE_SHIFT 12

/** A shape of page tables. Zero members: not known. */
struct gap_paging {
	uint8_t levels;
	uint8_t page_shift; /* of the smallest page */
	uint8_t va_bits;    /* virtual addresses differ in so many bits, per half */
};

/** Memory from physical address 0 on that is mapped: tables that lie there are read without a
 * call. */
struct gap_near {
	const unsigned char *data;
	uint64_t end; /* an entry that begins before it lies there whole; 0: nothing does */
};

/** One set of page tables. */
struct gap_space {
	uint64_t root;
	uint64_t ignored_bits; /* of an entry's address: memory encryption */
	uint64_t user_end;     /* where the kernel's half begins, when addresses do not tell */
	struct gap_paging paging;
	struct gap_near near; /* only makes walks faster */
	uint8_t is_process; /* root is of a process: of its half, where halves have roots of their own */
};

/** Where an address is, and the entry that says so: what a cached translation is checked against.
 */
struct gap_translation {
	uint64_t physical;
	uint64_t leaf_at; /* physical address of the last entry: 8 bytes, aligned */
	uint64_t leaf;    /* its value; of two neighbours where entries have 4 bytes */
};

/** A run of virtual addresses. */
struct gap_window {
	uint64_t start, size_bytes;
};

/* Calls into the text that a page of code has at least; most have ten times as many, and what is no
 * code of the architecture has one by chance. */
#define GAP_CODE_CALLS_MIN 8

struct gap_arch {
	uint16_t machine; /* ELF e_machine */
	uint8_t pointer_bytes;
	uint16_t root_align_bytes; /* where a root may begin */
	/* The shapes that there are, in the order in which they are tried: where tables of one pass
	 * for those of another, the other comes later. */
	const struct gap_paging *pagings;
	size_t paging_count;
	const char *root_symbols; /* names of the kernel's own page-table root, through history */
	const char *encryption_symbols; /* of the variable with the encryption bits; NULL none */

	/** Where an image that was linked around @linked may run, whatever KASLR chose. */
	struct gap_window (*window)(const struct gap_paging *paging, uint64_t linked);
	int (*is_canonical)(const struct gap_space *space, uint64_t address);
	/** Is it an address of the user half? */
	int (*is_user)(const struct gap_space *space, uint64_t address);
	/**
	 * Walks the tables. GAP_UNREADABLE: not mapped, or tables outside memory. Either way
	 * @span_bytes (unless NULL) says how far around @address the last entry reaches: a power
	 * of two, aligned. An address that is not canonical is not mapped.
	 */
	enum gap_status (*walk)(const struct gap_memory *memory, const struct gap_space *space,
				uint64_t address, struct gap_translation *translation,
				uint64_t *span_bytes);
	/**
	 * The same for those who want the place alone, faster; NULL: walk() does as well. Arguments
	 * stand where those of gap_guest_translate() are, which then moves none.
	 */
	enum gap_status (*translate)(const struct gap_space *space, struct gap_vaddr address,
				     struct gap_paddr *physical, const struct gap_memory *memory);
	/**
	 * The page tables that a CPU uses, as its registers tell: the @index-th reading of them;
	 * false when there are no more. Members of @space that the registers do not tell stay zero.
	 */
	int (*from_registers)(const struct gap_vcpu *vcpu, unsigned index, struct gap_space *space);
	/** Encryption bits that a root's own entries show, or 0; NULL: none exist. */
	uint64_t (*guess_ignored)(const struct gap_memory *memory, const struct gap_space *space);
	/** All that the kernel's half of the tables can map. */
	struct gap_window (*kernel_half)(const struct gap_paging *paging);
	/** The part of it in which an image may run; NULL: anywhere. */
	struct gap_window (*image_area)(const struct gap_paging *paging);
	/** Where the image's first byte is linked by default, given where it runs. */
	uint64_t (*default_base)(const struct gap_paging *paging, uint64_t runs_at);
	/** Does a last entry allow instructions to be fetched? NULL: all do. */
	int (*is_executable)(uint64_t leaf);
	/** Are the bytes of a page at @address code of this architecture: do enough of its calls
	 * lead into @text, as one that holds anything else would have it by chance only? */
	int (*is_code)(const unsigned char page[GAP_PAGE_BYTES], uint64_t address,
		       struct gap_window text);
	int shared_root; /* user half and kernel's half have one root */
	/** Could a root of the kernel's own tables begin here, by its first page alone? */
	int (*may_be_root)(const struct gap_memory *memory, const struct gap_space *space);
	/** Could these be a kernel's tables, by their form alone? NULL: that cannot be told. */
	int (*looks_like_root)(const struct gap_memory *memory, const struct gap_space *space);
};

extern const struct gap_arch gap_arch_x86_64, gap_arch_i386, gap_arch_arm64;

/** The row of an ELF machine, or NULL. */
const struct gap_arch *gap_arch_find(uint16_t machine);

/** Mapped bytes at a physical address or NULL, as gap_memory_at(): inlined for page walks. */
static inline const unsigned char *gap_physical_at(const struct gap_memory *memory,
						   uint64_t address, size_t size_bytes)
{
	const struct gap_memory_range *range = memory->ranges;

	for (size_t i = 0; i < memory->range_count && i < 4; i++, range++) {
		uint64_t offset = address - range->start.value;

		if (offset < range->size_bytes)
			return range->data && size_bytes <= range->size_bytes - offset
				       ? range->data + offset
				       : NULL;
	}
	if (memory->range_count <= 4)
		return NULL;
	return (const unsigned char *)gap_memory_at(memory, (struct gap_paddr){address},
						    size_bytes);
}

/** Reads 8 aligned bytes of a table, wherever they are: true when they are there. */
int gap_entry_read(const struct gap_memory *memory, uint64_t address, uint64_t *entry);

static inline struct gap_near gap_near(const struct gap_memory *memory)
{
	const struct gap_memory_range *range = memory->ranges;
	struct gap_near near = {NULL, 0};

	if (memory->range_count && range->data && range->start.value == 0 &&
	    range->size_bytes >= sizeof(uint64_t)) {
		near.data = range->data;
		near.end = range->size_bytes - sizeof(uint64_t) + 1;
	}
	return near;
}

static inline int gap_near_entry(const struct gap_near *near, uint64_t address, uint64_t *entry)
{
	if (__builtin_expect(address >= near->end, 0))
		return 0;
	memcpy(entry, near->data + address, sizeof(*entry));
	return 1;
}

#endif
