/* SPDX-License-Identifier: MIT */
/* Verifies signatures of images with OpenSSL's libcrypto. Making them is sign.c's. */
#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "signing/place.h"

#define KEY_BYTES 32

struct gap_verify_key {
	EVP_PKEY *key;
	uint8_t id[GAP_KEY_ID_BYTES];
};

static enum gap_status make_key(EVP_PKEY *from, const char *name, struct gap_verify_key **key,
				struct gap_error *error)
{
	uint8_t bytes[KEY_BYTES], digest[EVP_MAX_MD_SIZE];
	size_t length = sizeof(bytes);
	struct gap_verify_key *made;

	if (EVP_PKEY_get_id(from) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_public_key(from, bytes, &length) != 1 ||
	    EVP_Digest(bytes, sizeof(bytes), digest, NULL, EVP_sha256(), NULL) != 1)
		return gap_fail(error, GAP_INVALID,
				"%.300s: not a key of Ed25519; make one with openssl genpkey "
				"-algorithm ed25519 -out KEY.pem",
				name);
	made = calloc(1, sizeof(*made));
	if (!made)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	made->key = from;
	memcpy(made->id, digest, sizeof(made->id));
	*key = made;
	return GAP_OK;
}

enum gap_status gap_verify_key_open(const char *path, struct gap_verify_key **key,
				    struct gap_error *error)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *read;
	enum gap_status status;

	if (!file)
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	read = PEM_read_PUBKEY(file, NULL, NULL, NULL);
	fclose(file);
	if (!read)
		return gap_fail(error, GAP_INVALID,
				"%.300s: no public key in PEM; openssl pkey -in KEY.pem -pubout "
				"-out PUB.pem writes that of a private one",
				path);
	status = make_key(read, path, key, error);
	if (status)
		EVP_PKEY_free(read);
	return status;
}

enum gap_status gap_verify_key_open_bytes(const uint8_t bytes[32], struct gap_verify_key **key,
					  struct gap_error *error)
{
	EVP_PKEY *read = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, KEY_BYTES);
	enum gap_status status;

	if (!read)
		return gap_fail(error, GAP_INVALID, "these 32 bytes are no key of Ed25519");
	status = make_key(read, "the key", key, error);
	if (status)
		EVP_PKEY_free(read);
	return status;
}

void gap_verify_key_close(struct gap_verify_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->key);
	free(key);
}

void gap_verify_key_id(const struct gap_verify_key *key, uint8_t id[GAP_KEY_ID_BYTES])
{
	memcpy(id, key->id, GAP_KEY_ID_BYTES);
}

/* ---- an image ---- */

static enum gap_status check_whole(const void *image, size_t size_bytes, struct gap_error *error)
{
	struct gap_profile *profile;
	enum gap_status status = gap_profile_open_image(image, size_bytes, &profile, error);

	if (!status)
		gap_profile_close(profile);
	return status;
}

static bool is_signed_by(EVP_PKEY *key, const unsigned char *message, size_t length,
			 const uint8_t signature[GAP_SIGNATURE_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, GAP_SIGNATURE_BYTES, message, length) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

static enum gap_status check_signature(const unsigned char *image, size_t size_bytes,
				       const struct gap_format_signature *found,
				       const struct gap_verify_key *key, struct gap_error *error)
{
	size_t length;
	unsigned char *message = gap_signature_message(image, size_bytes, &length);
	bool good = message && is_signed_by(key->key, message, length, found->signature);

	if (!message)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	free(message);
	if (!good)
		return gap_fail(error, GAP_MISMATCH,
				"the signature is not of this image: it was changed after it was "
				"signed, or signed with another key");
	return GAP_OK;
}

enum gap_status gap_verify_image(const void *image, size_t size_bytes,
				 const struct gap_verify_key *key, struct gap_error *error)
{
	const struct gap_format_signature *found;
	enum gap_status status = check_whole(image, size_bytes, error);

	if (status)
		return status;
	found = gap_signature_find(image, size_bytes);
	if (!found)
		return gap_fail(error, GAP_NOT_FOUND,
				"the image is not signed; semgap emit --format gap --sign KEY.pem "
				"writes a signed one");
	if (memcmp(found->key_id, key->id, GAP_KEY_ID_BYTES) != 0)
		return gap_fail(error, GAP_MISMATCH,
				"the image is signed with another key (%02x%02x%02x%02x…, not "
				"%02x%02x%02x%02x…)",
				found->key_id[0], found->key_id[1], found->key_id[2],
				found->key_id[3], key->id[0], key->id[1], key->id[2], key->id[3]);
	return check_signature(image, size_bytes, found, key, error);
}
