/* SPDX-License-Identifier: MIT */
/* The kernel's own tables of symbols, found in its image by their structure. */
#ifndef SEMGAP_INFER_SYMTABLES_H
#define SEMGAP_INFER_SYMTABLES_H

#include "infer/image_copy.h"
#include "infer/symbols.h"
#include "profile/kallsyms.h"

/** The table of all symbols. Several, or one that is not of this kernel: none of them. False: none. */
bool infer_kallsyms_read(const struct infer_image *image, uint8_t pointer_bytes, uint64_t banner,
			 struct infer_symbols *symbols, struct gap_kallsyms_found *found);

/** What the kernel exports to modules: the fallback. Returns how many symbols were added. */
uint32_t infer_ksymtab_read(const struct infer_image *image, uint8_t pointer_bytes,
			    struct infer_symbols *symbols);

#endif
