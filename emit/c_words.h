/* SPDX-License-Identifier: MIT */
/* Words that a name of the kernel may not be in a C or C++ file of ours. */
#ifndef SEMGAP_EMIT_C_WORDS_H
#define SEMGAP_EMIT_C_WORDS_H

#include <stdbool.h>

/** A keyword of C++ that is a plain name in C. */
bool gap_is_cxx_word(const char *name);
/** A keyword of C, or what gcc and libc define as a macro: never usable. */
bool gap_is_c_word(const char *name);
/** A type that <stddef.h>, <stdint.h> or <stdbool.h> defines. */
bool gap_is_standard_type(const char *name);

#endif
