/* SPDX-License-Identifier: MIT */
/* In place of everything else here where OpenSSL was not there at build: says so. */
#include "signing/sign.h"

static enum gap_status refuse(struct gap_error *error)
{
	return gap_fail(error, GAP_UNSUPPORTED,
			"this semgap was built without OpenSSL, which signs and verifies (Debian: "
			"libssl-dev)");
}

enum gap_status gap_sign_image(const void *image, size_t size_bytes, const char *key_path,
			       void **signed_image, size_t *signed_bytes, struct gap_error *error)
{
	(void)image;
	(void)size_bytes;
	(void)key_path;
	(void)signed_image;
	(void)signed_bytes;
	return refuse(error);
}

enum gap_status gap_verify_key_open(const char *path, struct gap_verify_key **key,
				    struct gap_error *error)
{
	(void)path;
	(void)key;
	return refuse(error);
}

enum gap_status gap_verify_key_open_bytes(const uint8_t bytes[32], struct gap_verify_key **key,
					  struct gap_error *error)
{
	(void)bytes;
	(void)key;
	return refuse(error);
}

/* Without a key that could be opened none of these is ever called. */
void gap_verify_key_close(struct gap_verify_key *key)
{
	(void)key;
}

void gap_verify_key_id(const struct gap_verify_key *key, uint8_t id[GAP_KEY_ID_BYTES])
{
	(void)key;
	(void)id;
}

enum gap_status gap_verify_image(const void *image, size_t size_bytes,
				 const struct gap_verify_key *key, struct gap_error *error)
{
	(void)image;
	(void)size_bytes;
	(void)key;
	return refuse(error);
}
