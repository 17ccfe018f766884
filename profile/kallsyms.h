/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own symbol table, as it lies in its memory: scripts/kallsyms.c of the kernel writes it, in an order and
 * with address encodings that changed over the years. It is found and decoded by its structure alone, in any span of
 * bytes: a section of a vmlinux, a raw image, a guest's memory. What its text form (/proc/kallsyms) says is not read here.
 */
#ifndef SEMGAP_KALLSYMS_H
#define SEMGAP_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/include/semgap/status.h"

/** The span to search. Its bytes lie in the kernel's virtual memory one after the other. */
struct gap_kallsyms_input {
	const uint8_t *bytes;
	size_t size_bytes;
	uint64_t address; /* virtual address of bytes[0]: as linked, or of the running kernel */
	bool address_known; /* without it tables whose entries are relative to their own place (7.0 and later) give addresses
			       counted from bytes[0], and nothing can be checked against the bytes */
	uint8_t pointer_bytes; /* 4, 8, or 0: try both */
};

enum gap_kallsyms_addressing {
	GAP_KALLSYMS_ABSOLUTE,    /* pointers */
	GAP_KALLSYMS_BASE,        /* a base, and unsigned 32-bit distances from it */
	GAP_KALLSYMS_BASE_PERCPU, /* the same, but per-CPU and absolute symbols stand as they are */
	GAP_KALLSYMS_PLACE        /* distances from the entry itself */
};

/** One table. Offsets are places in the span. */
struct gap_kallsyms_found {
	uint32_t count; /* symbols */
	uint64_t names_offset, names_bytes;
	uint64_t markers_offset, tokens_offset, token_index_offset;
	uint64_t addresses_offset;
	uint64_t base_offset; /* of the base's pointer; 0: this addressing has none */
	uint64_t base;        /* what is there: 0 in an image whose relocations are not applied */
	uint8_t pointer_bytes;
	enum gap_kallsyms_addressing addressing;
	const char *layout; /* in words */
	uint32_t
		disorder; /* how often an address is lower than the one before: 0 in every table that a kernel uses */
	bool banner_checked; /* linux_banner lies in the span, and the next says whether a banner is there */
	bool banner_agrees;
	uint32_t
		candidates; /* whole tables in the span; this is the first whose banner does not disagree */
};

/** Called for each symbol by rising address; @name ends with a zero byte behind @length. False ends the walk. */
typedef bool gap_kallsyms_visit(void *context, const char *name, size_t length, char type,
				uint64_t address);

/**
 * Finds the table. GAP_NOT_FOUND: none. GAP_CORRUPT: the tokens of one, but the rest does not fit. GAP_UNSUPPORTED: a
 * big-endian one. GAP_PARTIAL: the span holds so many imitations that the search was given up.
 */
enum gap_status gap_kallsyms_find(const struct gap_kallsyms_input *input,
				  struct gap_kallsyms_found *found,
				  struct gap_error *error) GAP_MUST_CHECK;

/** One table after the other, for those who weigh each (a guest's memory may hold copies and decoys): begin with
 * *@position 0. GAP_NOT_FOUND: no more. @candidates is not set. */
enum gap_status gap_kallsyms_next(const struct gap_kallsyms_input *input, uint64_t *position,
				  struct gap_kallsyms_found *found,
				  struct gap_error *error) GAP_MUST_CHECK;

/** Decodes every symbol. GAP_CANCELLED: the visitor ended it. GAP_CORRUPT: a name that no kernel could hold. */
enum gap_status gap_kallsyms_each(const struct gap_kallsyms_input *input,
				  const struct gap_kallsyms_found *found, gap_kallsyms_visit *visit,
				  void *context, struct gap_error *error) GAP_MUST_CHECK;

#endif
