/* SPDX-License-Identifier: MIT */
/* The streaming JSON writer: commas, escapes, UTF-8. What is written is its callers' affair. */
#include <string.h>

#include "emit/jsonout.h"

static void put(struct gap_json *json, char c)
{
	putc_unlocked(c, json->stream);
}

static void put_text(struct gap_json *json, const char *text)
{
	fputs_unlocked(text, json->stream);
}

/* What stands between two elements. */
static void separate(struct gap_json *json)
{
	if (json->comma)
		put(json, ',');
	if (json->line)
		put(json, '\n');
	json->comma = true;
	json->line = false;
}

void gap_json_open(struct gap_json *json, char bracket)
{
	separate(json);
	put(json, bracket);
	json->comma = false;
}

void gap_json_close(struct gap_json *json, char bracket)
{
	if (json->line)
		put(json, '\n');
	put(json, bracket);
	json->comma = true;
	json->line = false;
}

void gap_json_line(struct gap_json *json)
{
	json->line = true;
}

/* Length of the well-formed UTF-8 sequence at @at, or 0 (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *at, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (at[0] < 0x80)
		return 1;
	length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (at[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f; /* past U+10FFFF */
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	return length;
}

static void put_escaped(struct gap_json *json, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		put(json, '\\');
		put(json, (char)c);
	} else if (c == '\n') {
		put_text(json, "\\n");
	} else if (c == '\t') {
		put_text(json, "\\t");
	} else {
		put_text(json, "\\u00");
		put(json, digits[c >> 4]);
		put(json, digits[c & 15]);
	}
}

/* Bytes that stand for themselves in a JSON string. */
static size_t plain_length(const unsigned char *at, size_t left)
{
	size_t length = 0;

	while (length < left && at[length] >= 0x20 && at[length] < 0x80 && at[length] != '"' &&
	       at[length] != '\\')
		length++;
	return length;
}

static bool put_string(struct gap_json *json, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	bool exact = true;

	put(json, '"');
	while (length > 0) {
		size_t step = plain_length(at, length);

		if (step == 0 && at[0] < 0x80) {
			put_escaped(json, at[0]);
			step = 1;
		} else {
			if (step == 0)
				step = utf8_length(at, length);
			fwrite_unlocked(step ? (const void *)at : "\xef\xbf\xbd", 1,
					step ? step : 3, json->stream);
			exact &= step != 0;
			step += step == 0;
		}
		at += step;
		length -= step;
	}
	put(json, '"');
	return exact;
}

void gap_json_key(struct gap_json *json, const char *key)
{
	separate(json);
	put_string(json, key, strlen(key));
	put(json, ':');
	json->comma = false;
}

bool gap_json_text(struct gap_json *json, const void *bytes, size_t length)
{
	separate(json);
	return put_string(json, bytes, length);
}

void gap_json_name(struct gap_json *json, const char *text)
{
	gap_json_text(json, text, strlen(text));
}

static void put_number(struct gap_json *json, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	fwrite_unlocked(digits + at, 1, sizeof(digits) - at, json->stream);
}

void gap_json_number(struct gap_json *json, uint64_t value)
{
	separate(json);
	put_number(json, value);
}

/* Whatever the locale. */
void gap_json_share(struct gap_json *json, double value)
{
	uint64_t millionths = (uint64_t)(value * 1000000 + 0.5);

	separate(json);
	put_number(json, millionths / 1000000);
	if (millionths % 1000000)
		fprintf(json->stream, ".%06u", (unsigned)(millionths % 1000000));
}

void gap_json_signed(struct gap_json *json, int64_t value)
{
	separate(json);
	if (value < 0)
		put(json, '-');
	put_number(json, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void gap_json_bool(struct gap_json *json, bool value)
{
	separate(json);
	put_text(json, value ? "true" : "false");
}

void gap_json_null(struct gap_json *json)
{
	separate(json);
	put_text(json, "null");
}

void gap_json_hex(struct gap_json *json, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "\"0x%llx\"", (unsigned long long)value);
	separate(json);
	put_text(json, text);
}

void gap_json_digits(struct gap_json *json, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	separate(json);
	put(json, '"');
	for (size_t i = 0; i < length; i++) {
		put(json, "0123456789abcdef"[at[i] >> 4]);
		put(json, "0123456789abcdef"[at[i] & 15]);
	}
	put(json, '"');
}

void gap_json_base64(struct gap_json *json, const void *bytes, size_t length)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = bytes;

	separate(json);
	put(json, '"');
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t three = (uint32_t)at[i] << 16;

		three |= left > 1 ? (uint32_t)at[i + 1] << 8 : 0;
		three |= left > 2 ? at[i + 2] : 0;
		put(json, alphabet[three >> 18]);
		put(json, alphabet[three >> 12 & 63]);
		put(json, left > 1 ? alphabet[three >> 6 & 63] : '=');
		put(json, left > 2 ? alphabet[three & 63] : '=');
	}
	put(json, '"');
}

static void put_hex_beside(struct gap_json *json, const char *key, const void *bytes, size_t length)
{
	char beside[64];

	snprintf(beside, sizeof(beside), "%.50s_hex", key);
	gap_json_key(json, beside);
	gap_json_digits(json, bytes, length);
}

void gap_json_key_text(struct gap_json *json, const char *key, const void *bytes, size_t length)
{
	gap_json_key(json, key);
	if (!gap_json_text(json, bytes, length))
		put_hex_beside(json, key, bytes, length);
}

void gap_json_key_name(struct gap_json *json, const char *key, const char *text)
{
	gap_json_key_text(json, key, text, strlen(text));
}

void gap_json_key_number(struct gap_json *json, const char *key, uint64_t value)
{
	gap_json_key(json, key);
	gap_json_number(json, value);
}

void gap_json_key_flag(struct gap_json *json, const char *key, bool value)
{
	if (!value)
		return;
	gap_json_key(json, key);
	gap_json_bool(json, true);
}
