/* SPDX-License-Identifier: MIT */
/*
 * Selection files: any JSON is read or refused with words; what is read is written, read again alike, and
 * made into a header, in which nothing of the file may end a string or a comment.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/emit.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

static void write_header(const struct gap_wanted *wanted)
{
	struct gap_emit_options options = {.wanted = wanted, .bind = GAP_BIND_TABLE};
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return;
	FUZZ_CHECK(gap_emit_format_find("header")->write(NULL, NULL, &options, stream, NULL) ==
		   GAP_OK);
	fclose(stream);
	for (size_t i = 0; i < length; i++)
		FUZZ_CHECK((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n' ||
			   text[i] == '\t');
	free(text);
}

static void read_again(const struct gap_wanted *wanted)
{
	struct gap_wanted again = {NULL, 0, 0};
	struct gap_error error;
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return;
	FUZZ_CHECK(gap_wanted_write(wanted, stream, NULL) == GAP_OK);
	fclose(stream);
	FUZZ_CHECK(gap_wanted_parse(text, length, "again", &again, &error) == GAP_OK);
	FUZZ_CHECK(again.count == wanted->count);
	gap_wanted_deinit(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct gap_wanted wanted = {NULL, 0, 0};
	struct gap_error error = {""};

	if (gap_wanted_parse((const char *)data, size_bytes, "fuzz", &wanted, &error) != GAP_OK) {
		FUZZ_CHECK(error.text[0] != 0);
		FUZZ_CHECK(wanted.count == 0);
		return 0;
	}
	fuzz_accepted++;
	write_header(&wanted);
	read_again(&wanted);
	gap_wanted_deinit(&wanted);
	return 0;
}
