/* SPDX-License-Identifier: MIT */
/*
 * Signatures: whatever image is verified, with one key, the answer is one of few, and never that it is
 * signed by a key that nobody here has. Size, checksum and then the key's id are set right, or no
 * mutation would come further than those.
 */
#include <string.h>

#include "runtime/digest.h"
#include "runtime/format.h"
#include "runtime/include/semgap/verify.h"
#include "tests/fuzz/fuzz.h"

#define SIGNATURE_ROW_BYTES 72

unsigned long fuzz_accepted;

/* RFC 8032, test 1: nobody here has its private half. */
static const uint8_t public_key[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
				       0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
				       0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
				       0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

static struct gap_verify_key *the_key(void)
{
	static struct gap_verify_key *key;

	if (!key && gap_verify_key_open_bytes(public_key, &key, NULL) != GAP_OK)
		exit(77); /* built without OpenSSL: skipped */
	return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct gap_verify_key *key = the_key();
	struct gap_error error = {""};
	enum gap_status status;
	uint8_t *image;

	if (size_bytes < sizeof(struct gap_format_header) || size_bytes > UINT32_MAX)
		return 0;
	image = malloc(size_bytes);
	FUZZ_CHECK(image != NULL);
	memcpy(image, data, size_bytes);
	for (int pass = 0; pass < 3; pass++) {
		status = gap_verify_image(image, size_bytes, key, &error);
		FUZZ_CHECK(status != GAP_OK && error.text[0]);
		fuzz_accepted += status == GAP_NOT_FOUND || status == GAP_MISMATCH;
		if (pass &&
		    size_bytes >= SIGNATURE_ROW_BYTES) /* where a signature says whose it is */
			gap_verify_key_id(key, image + size_bytes - SIGNATURE_ROW_BYTES);
		((struct gap_format_header *)(void *)image)->file_size = (uint32_t)size_bytes;
		((struct gap_format_header *)(void *)image)->checksum =
			gap_image_checksum(image, size_bytes);
	}
	free(image);
	return 0;
}
