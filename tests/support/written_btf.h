/* SPDX-License-Identifier: MIT */
/* BTF written word by word, as tests want it: honest, split, or wrong. */
#ifndef SEMGAP_TESTS_WRITTEN_BTF_H
#define SEMGAP_TESTS_WRITTEN_BTF_H

#include <stddef.h>
#include <stdint.h>

enum {
	BTF_INT = 1,
	BTF_PTR,
	BTF_ARRAY,
	BTF_STRUCT,
	BTF_UNION,
	BTF_ENUM,
	BTF_FWD,
	BTF_TYPEDEF,
	BTF_VOLATILE,
	BTF_CONST,
	BTF_RESTRICT,
	BTF_FUNC,
	BTF_FUNC_PROTO,
	BTF_VAR,
	BTF_DATASEC,
	BTF_FLOAT,
	BTF_DECL_TAG,
	BTF_TYPE_TAG,
	BTF_ENUM64
};

#define BTF_HEADER_BYTES 24
#define BTF_SIGNED_INT (1u << 24 | 32)

struct written_btf {
	uint32_t words[512];
	uint32_t count, types; /* types: id of the last */
	char strings[1024];
	uint32_t string_bytes, strings_before; /* of the base, where it is split */
};

struct written_btf btf_begin(void);
/** Split: its ids and strings go on where those of @base end. */
struct written_btf btf_begin_split(const struct written_btf *base);

void btf_word(struct written_btf *btf, uint32_t value);
/** The offset of a string, which is added; 0 for NULL. */
uint32_t btf_text(struct written_btf *btf, const char *name);
/** Begins a type; its id. */
uint32_t btf_type(struct written_btf *btf, uint32_t kind, const char *name, uint32_t entries,
		  uint32_t flag, uint32_t size_or_type);
uint32_t btf_integer(struct written_btf *btf, const char *name, uint32_t size, uint32_t encoding);
uint32_t btf_array(struct written_btf *btf, uint32_t element, uint32_t count);
/** A member, an enumerator of 64 bits, a row of a data section; two words: an enumerator, a parameter. */
void btf_three(struct written_btf *btf, const char *name, uint32_t one, uint32_t other);
void btf_two(struct written_btf *btf, const char *name, uint32_t value);

/** The bytes as a file has them, in memory of exactly their size. */
unsigned char *btf_assemble(const struct written_btf *btf, size_t *size_bytes);

#endif
