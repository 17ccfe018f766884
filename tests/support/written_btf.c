/* SPDX-License-Identifier: MIT */
/* See written_btf.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/making.h"
#include "tests/support/written_btf.h"

struct written_btf btf_begin(void)
{
	return (struct written_btf){.string_bytes = 1};
}

struct written_btf btf_begin_split(const struct written_btf *base)
{
	return (struct written_btf){.types = base->types, .strings_before = base->string_bytes};
}

void btf_word(struct written_btf *btf, uint32_t value)
{
	assert_true(btf->count < COUNT_OF(btf->words));
	btf->words[btf->count++] = value;
}

uint32_t btf_text(struct written_btf *btf, const char *name)
{
	uint32_t at = btf->string_bytes;

	if (!name)
		return 0;
	assert_true(at + strlen(name) < sizeof(btf->strings));
	memcpy(btf->strings + at, name, strlen(name) + 1);
	btf->string_bytes += (uint32_t)strlen(name) + 1;
	return btf->strings_before + at;
}

uint32_t btf_type(struct written_btf *btf, uint32_t kind, const char *name, uint32_t entries,
		  uint32_t flag, uint32_t size_or_type)
{
	btf_word(btf, btf_text(btf, name));
	btf_word(btf, flag << 31 | kind << 24 | entries);
	btf_word(btf, size_or_type);
	return ++btf->types;
}

uint32_t btf_integer(struct written_btf *btf, const char *name, uint32_t size, uint32_t encoding)
{
	uint32_t id = btf_type(btf, BTF_INT, name, 0, 0, size);

	btf_word(btf, encoding);
	return id;
}

void btf_three(struct written_btf *btf, const char *name, uint32_t one, uint32_t other)
{
	btf_word(btf, btf_text(btf, name));
	btf_word(btf, one);
	btf_word(btf, other);
}

void btf_two(struct written_btf *btf, const char *name, uint32_t value)
{
	btf_word(btf, btf_text(btf, name));
	btf_word(btf, value);
}

uint32_t btf_array(struct written_btf *btf, uint32_t element, uint32_t count)
{
	uint32_t id = btf_type(btf, BTF_ARRAY, NULL, 0, 0, 0);

	btf_word(btf, element);
	btf_word(btf, element);
	btf_word(btf, count);
	return id;
}

unsigned char *btf_assemble(const struct written_btf *btf, size_t *size_bytes)
{
	uint32_t header[6] = {0x0001eb9f,     BTF_HEADER_BYTES, 0,
			      btf->count * 4, btf->count * 4,   btf->string_bytes};
	unsigned char *bytes;

	*size_bytes = BTF_HEADER_BYTES + btf->count * 4 + btf->string_bytes;
	bytes = malloc(*size_bytes);
	assert_non_null(bytes);
	memcpy(bytes, header, BTF_HEADER_BYTES);
	memcpy(bytes + BTF_HEADER_BYTES, btf->words, btf->count * 4);
	memcpy(bytes + BTF_HEADER_BYTES + btf->count * 4, btf->strings, btf->string_bytes);
	return bytes;
}
