/* SPDX-License-Identifier: MIT */
/*
 * Packages: any bytes are walked or refused with words; every member that is handed over has a name and its bytes.
 */
#include <string.h>

#include "extract/package.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

static enum gap_member_choice choose(void *context, const char *path)
{
	(void)context;
	return strstr(path, "skip") ? GAP_MEMBER_SKIP : GAP_MEMBER_TAKE;
}

static enum gap_status visit(void *context, const char *path, struct gap_content *content,
			     bool *stop)
{
	uint64_t *sum = context;

	FUZZ_CHECK(path && content->name[0]);
	for (size_t i = 0; i < content->size_bytes; i++)
		*sum += content->bytes[i];
	fuzz_accepted++;
	*stop = *sum > (1u << 24);
	return GAP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const struct gap_extract_options options = {.symbols_only = true};
	const struct gap_content package = {
		.name = "fuzz", .bytes = data, .size_bytes = size_bytes};
	struct gap_extract_report report = {0};
	struct gap_session session = {.merger = NULL};
	struct gap_error error = {""};
	const struct gap_extraction run = {.options = &options,
					   .report = &report,
					   .session = &session,
					   .error = &error,
					   .path = "fuzz",
					   .file = "fuzz"};
	uint64_t sum = 0;
	const struct gap_package_walk walk = {choose, visit, &sum};

	if (!gap_package_probe(data, size_bytes))
		return 0;
	if (gap_package_read(&run, &package, &walk) != GAP_OK)
		FUZZ_CHECK(error.text[0] != 0);
	return 0;
}
