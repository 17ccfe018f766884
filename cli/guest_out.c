/* SPDX-License-Identifier: MIT */
/* Printing what the views of a guest have in common. */
#include <stdio.h>
#include <string.h>

#include "cli/guest_out.h"

void out_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f && text[i] != '\\')
			putchar(text[i]);
		else
			printf("\\x%02x", (unsigned char)text[i]);
}

void out_number(bool known, int64_t number, int width)
{
	if (known)
		printf("%*lld ", width, (long long)number);
	else
		printf("%*s ", width, "?");
}

void out_json_null(struct gap_json *json, const char *key)
{
	gap_json_key(json, key);
	gap_json_null(json);
}

void out_json_number(struct gap_json *json, const char *key, bool known, uint64_t number)
{
	if (known)
		gap_json_key_number(json, key, number);
	else
		out_json_null(json, key);
}

void out_json_signed(struct gap_json *json, const char *key, bool known, int64_t number)
{
	gap_json_key(json, key);
	if (known)
		gap_json_signed(json, number);
	else
		gap_json_null(json);
}

void out_json_hex(struct gap_json *json, const char *key, bool known, uint64_t number)
{
	gap_json_key(json, key);
	if (known)
		gap_json_hex(json, number);
	else
		gap_json_null(json);
}

void out_json_bool(struct gap_json *json, const char *key, bool known, bool value)
{
	gap_json_key(json, key);
	if (known)
		gap_json_bool(json, value);
	else
		gap_json_null(json);
}

void out_json_text(struct gap_json *json, const char *key, bool known, const char *text)
{
	if (known)
		gap_json_key_text(json, key, text, strlen(text));
	else
		out_json_null(json, key);
}

void out_json_begin(struct gap_json *json, const char *schema, enum gap_status status,
		    const struct gap_error *error, const char *rows)
{
	json_begin(json, schema, status == GAP_PARTIAL, status ? error->text : NULL, rows);
}

int out_finish(enum gap_status status, const struct gap_error *error)
{
	if (!status)
		return EXIT_DONE;
	say("the answer is partial: %s", error->text);
	return EXIT_PARTIAL;
}
