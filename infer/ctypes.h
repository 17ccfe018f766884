/* SPDX-License-Identifier: MIT */
/*
 * C types of a builder by their text, as kernels/field-types.def writes them. A structure that is
 * only pointed to stays a declaration.
 */
#ifndef SEMGAP_INFER_CTYPES_H
#define SEMGAP_INFER_CTYPES_H

#include "profile/builder.h"
#include "profile/vector.h"

struct infer_structure {
	gap_text name;
	gap_type_id id;
	gap_type_id pointer; /* to it; 0: none was made */
	bool written;
	uint64_t size_bytes; /* once written: where its last known member ends */
};

GAP_VECTOR(infer_structures, struct infer_structure);

#define INFER_NUMBERS_MAX 16

struct infer_ctypes {
	struct gap_builder *builder;
	uint8_t pointer_bytes;
	gap_type_id numbers[INFER_NUMBERS_MAX], void_pointer; /* made once; 0: not made yet */
	struct infer_structures structures;
	bool by_name;       /* a structure that is not written here is defined elsewhere */
	bool out_of_memory; /* sticky; infer_ctypes_finish() tells */
};

struct infer_ctype {
	gap_type_id id;
	uint64_t size_bytes;
};

/** The structure's place among the types; its row is reserved until it is written. NULL without
 * memory. Valid until the next call. */
struct infer_structure *infer_ctypes_structure(struct infer_ctypes *types, const char *name);

/** The text's size, or 0 when it is not known: no type is made. */
uint64_t infer_ctypes_size(const struct infer_ctypes *types, const char *text);

/** The type of a text; where it is none, or a structure that is not known, an unsigned integer of
 * @width_bits (0: a pointer's). */
struct infer_ctype infer_ctypes_get(struct infer_ctypes *types, const char *text,
				    uint32_t width_bits);

/** Makes declarations of the structures that were never written, and lets go of the rest. GAP_NO_MEMORY: what was made
 * before is not whole. */
enum gap_status infer_ctypes_finish(struct infer_ctypes *types) GAP_MUST_CHECK;

#endif
