/* SPDX-License-Identifier: MIT */
/* The words themselves: each list has a space around every word. */
#include <string.h>

#include "emit/c_words.h"

static bool has_word(const char *words, const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || strchr(name, ' '))
		return false;
	for (const char *found = words; (found = strstr(found, name)); found++)
		if (found[-1] == ' ' && found[length] == ' ')
			return true;
	return false;
}

bool gap_is_cxx_word(const char *name)
{
	return has_word(" alignas alignof and and_eq bitand bitor catch char8_t char16_t char32_t "
			"class compl concept const_cast consteval constexpr constinit co_await "
			"co_return co_yield decltype delete dynamic_cast explicit export friend "
			"mutable namespace new noexcept not not_eq nullptr operator or or_eq "
			"private protected public reinterpret_cast requires static_assert "
			"static_cast template this thread_local throw try typeid typename using "
			"virtual wchar_t xor xor_eq ",
			name);
}

bool gap_is_c_word(const char *name)
{
	return strncmp(name, "__builtin_", strlen("__builtin_")) == 0 ||
	       has_word(" asm auto bool break case char const continue default do double else enum "
			"errno extern false float for goto i386 if inline int linux long offsetof "
			"register restrict return short signed sizeof static stderr stdin stdout "
			"struct switch true typedef typeof union unix unsigned void volatile "
			"while ",
			name);
}

bool gap_is_standard_type(const char *name)
{
	return has_word(
		" __gnuc_va_list bool int8_t int16_t int32_t int64_t int_fast16_t int_fast32_t "
		"int_fast64_t int_fast8_t int_least16_t int_least32_t int_least64_t "
		"int_least8_t intmax_t intptr_t max_align_t ptrdiff_t size_t uint16_t "
		"uint32_t uint64_t uint8_t uint_fast16_t uint_fast32_t uint_fast64_t "
		"uint_fast8_t uint_least16_t uint_least32_t uint_least64_t uint_least8_t "
		"uintmax_t uintptr_t va_list wchar_t ",
		name);
}
