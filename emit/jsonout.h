/* SPDX-License-Identifier: MIT */
/*
 * JSON written as it is made: nothing is kept but the place of the next comma, so a document of any
 * length takes no memory. Write errors stay in the stream, where the caller finds them at the end.
 */
#ifndef SEMGAP_EMIT_JSONOUT_H
#define SEMGAP_EMIT_JSONOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct gap_json {
	FILE *stream;
	bool comma; /* something precedes in this object or array */
	bool line;  /* the next element begins a line */
};

/** Begins or ends an object or array: @bracket is one of { } [ ]. */
void gap_json_open(struct gap_json *json, char bracket);
void gap_json_close(struct gap_json *json, char bracket);
/** Begins the next element on a line of its own. */
void gap_json_line(struct gap_json *json);

void gap_json_key(struct gap_json *json, const char *key);
/** Writes text; what is not UTF-8 becomes U+FFFD. False when something had to. */
bool gap_json_text(struct gap_json *json, const void *bytes, size_t length);
void gap_json_name(struct gap_json *json, const char *text);
void gap_json_number(struct gap_json *json, uint64_t value);
/** A share or probability, with up to six decimals. */
void gap_json_share(struct gap_json *json, double value);
void gap_json_signed(struct gap_json *json, int64_t value);
void gap_json_bool(struct gap_json *json, bool value);
void gap_json_null(struct gap_json *json);
/** An address or u64: the string "0x…". */
void gap_json_hex(struct gap_json *json, uint64_t value);
/** Bytes as a string of two hexadecimal digits each. */
void gap_json_digits(struct gap_json *json, const void *bytes, size_t length);
/** Bytes as base64. */
void gap_json_base64(struct gap_json *json, const void *bytes, size_t length);

/* With their key. Text that is not UTF-8 has its bytes beside it as <key>_hex. */
void gap_json_key_text(struct gap_json *json, const char *key, const void *bytes, size_t length);
void gap_json_key_name(struct gap_json *json, const char *key, const char *text);
void gap_json_key_number(struct gap_json *json, const char *key, uint64_t value);
void gap_json_key_flag(struct gap_json *json, const char *key, bool value); /* only when true */

#endif
