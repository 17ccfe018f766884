/* SPDX-License-Identifier: MIT */
/* The comment at the head of what we generate, from a target whose texts may hold anything. */
#include <string.h>

#include "emit/header_text.h"

/* Bytes that no comment and no string literal can mistake. */
void gap_header_safe(FILE *stream, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++) {
		bool plain = at[i] >= 0x20 && at[i] < 0x7f && !strchr("\"\\?", at[i]) &&
			     !(at[i] == '/' && i > 0 && at[i - 1] == '*') &&
			     !(at[i] == '*' && i > 0 && at[i - 1] == '/');

		putc(plain ? at[i] : at[i] == '\n' ? ' ' : '.', stream);
	}
}

/* The banner without the line end that it ends in. */
static size_t banner_line(const struct gap_target *target)
{
	size_t length = target->banner_bytes;

	while (length > 0 && target->banner[length - 1] == '\n')
		length--;
	return length;
}

void gap_header_digits(FILE *stream, const struct gap_target *target)
{
	for (unsigned i = 0; i < target->build_id_bytes; i++)
		fprintf(stream, "%02x", target->build_id[i]);
}

void gap_header_comment(FILE *stream, const struct gap_target *target, const char *what,
			const char *note)
{
	fprintf(stream, "/*\n * %s\n *\n * release:  ", what);
	gap_header_safe(stream, target->release, strlen(target->release));
	fputs("\n * build-id: ", stream);
	gap_header_digits(stream, target);
	fputs("\n * banner:   ", stream);
	gap_header_safe(stream, target->banner, banner_line(target));
	fprintf(stream, "\n *\n * %s\n */\n", note);
}
