/* SPDX-License-Identifier: MIT */
/*
 * Declarations for a compiler, by the names of c_names.h. (cdecl.h writes the same for people.)
 * Pointers are plain C, or GAP_PTR(…), which the file's preamble makes a pointer or a number of the
 * guest's width; then nothing is ever written inside out.
 */
#ifndef SEMGAP_EMIT_C_DECL_H
#define SEMGAP_EMIT_C_DECL_H

#include "emit/c_names.h"

struct gap_c_decl {
	const struct gap_c_names *names;
	FILE *stream;
	bool native;            /* plain pointers and longs */
	uint32_t pointer_bytes; /* of the guest */
	/** Whether a typedef may be mentioned yet; NULL: all may. */
	bool (*is_ready)(void *context, gap_type_id id);
	/** Writes an aggregate without a name, body and all. */
	void (*write_body)(void *context, gap_type_id id);
	void *context;
	unsigned depth;
};

/**
 * Writes the declaration of @name with a type, without a semicolon. @name may be "". @global says
 * that the type must be found outside the aggregate, since one of its members has its name.
 */
void gap_c_declare(struct gap_c_decl *decl, gap_type_id type, const char *name, bool global);
/** How many bytes an array of bytes has that stands for a type C lacks; 0: none does. */
uint64_t gap_c_bytes_of(const struct gap_type *type);

#endif
