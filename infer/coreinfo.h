/* SPDX-License-Identifier: MIT */
/*
 * VMCOREINFO as evidence: the symbols, offsets and sizes that a kernel writes down for those who
 * read its dumps. The guest can write it, so a text counts only when what it says of the page
 * tables is what was found without it.
 */
#ifndef SEMGAP_INFER_COREINFO_H
#define SEMGAP_INFER_COREINFO_H

#include "infer/kernel.h"

#define INFER_COREINFO_BYTES 4096 /* the kernel's own bound */

struct infer_coreinfo {
	char text[INFER_COREINFO_BYTES + 1]; /* whole lines; "" where none was confirmed */
	uint8_t build_id[64];
	uint8_t build_id_bytes;
	bool has_slide;
	uint64_t slide;   /* KERNELOFFSET */
	unsigned refused; /* texts that did not confirm */
};

/**
 * Looks for the text where the kernel's own pointer leads, else in all of memory, and confirms it.
 * Finding none is GAP_OK with an empty text. GAP_NO_MEMORY.
 */
enum gap_status infer_coreinfo_read(struct infer_coreinfo *info, const struct infer_kernel *kernel,
				    struct gap_error *error) GAP_MUST_CHECK;

/** Symbols of SYMBOL(name)= lines. */
void infer_coreinfo_symbols(const struct infer_coreinfo *info, struct infer_symbols *symbols);

/** Claims from OFFSET(type.member)= lines. */
void infer_coreinfo_claims(const struct infer_coreinfo *info, const struct infer_fields *fields,
			   struct infer_claims *claims);

#endif
