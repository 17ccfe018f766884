/* SPDX-License-Identifier: MIT */
/*
 * Adds a signature to an image: one more row in the section table moves every section by its size,
 * the rest of the bytes stay as they are.
 */
#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "runtime/digest.h"
#include "signing/place.h"
#include "signing/sign.h"

/* ---- the key ---- */

/* Nobody is asked for a passphrase: this runs where nobody is. */
static int no_passphrase(char *buffer, int size, int writing, void *asked)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static enum gap_status read_key(const char *path, EVP_PKEY **key, struct gap_error *error)
{
	FILE *file = fopen(path, "re");
	bool encrypted = false;
	EVP_PKEY *read;

	if (!file)
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	read = PEM_read_PrivateKey(file, NULL, no_passphrase, &encrypted);
	fclose(file);
	if (!read && encrypted)
		return gap_fail(error, GAP_INVALID,
				"%.300s: the key is encrypted; openssl pkey -in KEY.pem -out "
				"PLAIN.pem decrypts it",
				path);
	if (!read)
		return gap_fail(error, GAP_INVALID,
				"%.300s: no private key in PEM; make one with openssl genpkey "
				"-algorithm ed25519 -out KEY.pem",
				path);
	if (EVP_PKEY_get_id(read) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(read);
		return gap_fail(error, GAP_INVALID,
				"%.300s: not a key of Ed25519; make one with openssl genpkey "
				"-algorithm ed25519 -out KEY.pem",
				path);
	}
	*key = read;
	return GAP_OK;
}

static bool key_id_of(EVP_PKEY *key, uint8_t id[GAP_KEY_ID_BYTES])
{
	uint8_t bytes[32], digest[EVP_MAX_MD_SIZE];
	size_t length = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(key, bytes, &length) != 1 ||
	    EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	memcpy(id, digest, GAP_KEY_ID_BYTES);
	return true;
}

/* ---- the image ---- */

static enum gap_status check_unsigned(const void *image, size_t size_bytes, struct gap_error *error)
{
	struct gap_profile *profile;
	enum gap_status status = gap_profile_open_image(image, size_bytes, &profile, error);

	if (status)
		return status;
	gap_profile_close(profile);
	if (gap_signature_find(image, size_bytes))
		return gap_fail(error, GAP_INVALID, "the image is signed already");
	return GAP_OK;
}

/* The image with room for one more section, and that section's row; all sections move. */
static unsigned char *extend(const unsigned char *image, size_t size_bytes, size_t *extended_bytes)
{
	const size_t moved = sizeof(struct gap_format_section);
	struct gap_format_header header;
	struct gap_format_section section;
	size_t table, behind, total;
	unsigned char *bytes;

	memcpy(&header, image, sizeof(header));
	table = sizeof(header) + header.section_count * sizeof(section);
	behind = (size_bytes + moved + 7) & ~(size_t)7;
	total = behind + sizeof(struct gap_format_signature);
	bytes = calloc(1, total);
	if (!bytes)
		return NULL;
	memcpy(bytes + table + moved, image + table, size_bytes - table);
	for (uint32_t i = 0; i < header.section_count; i++) {
		size_t at = sizeof(header) + i * sizeof(section);

		memcpy(&section, image + at, sizeof(section));
		section.offset += (uint32_t)moved;
		memcpy(bytes + at, &section, sizeof(section));
	}
	section = (struct gap_format_section){
		.kind = GAP_SECTION_SIGNATURE,
		.offset = (uint32_t)behind,
		.size_bytes = sizeof(struct gap_format_signature),
		.row_bytes = sizeof(struct gap_format_signature),
	};
	memcpy(bytes + table, &section, sizeof(section));
	header.section_count++;
	header.file_size = (uint32_t)total;
	memcpy(bytes, &header, sizeof(header));
	*extended_bytes = total;
	return bytes;
}

static bool sign_message(EVP_PKEY *key, const unsigned char *message, size_t length,
			 uint8_t signature[GAP_SIGNATURE_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t got = GAP_SIGNATURE_BYTES;
	bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestSign(context, signature, &got, message, length) == 1 &&
		    got == GAP_SIGNATURE_BYTES;

	EVP_MD_CTX_free(context);
	return good;
}

static bool fill_signature(EVP_PKEY *key, unsigned char *image, size_t size_bytes)
{
	struct gap_format_signature *row =
		(void *)(image + size_bytes - sizeof(struct gap_format_signature));
	unsigned char *message;
	uint64_t checksum;
	size_t length;
	bool good;

	if (!key_id_of(key, row->key_id))
		return false;
	message = gap_signature_message(image, size_bytes, &length);
	good = message && sign_message(key, message, length, row->signature);
	free(message);
	checksum = gap_image_checksum(image, size_bytes);
	memcpy(image + offsetof(struct gap_format_header, checksum), &checksum, sizeof(checksum));
	return good;
}

enum gap_status gap_sign_image(const void *image, size_t size_bytes, const char *key_path,
			       void **signed_image, size_t *signed_bytes, struct gap_error *error)
{
	unsigned char *bytes = NULL;
	EVP_PKEY *key = NULL;
	size_t total = 0;
	enum gap_status status = check_unsigned(image, size_bytes, error);

	if (!status && size_bytes > UINT32_MAX - 128)
		status = gap_fail(error, GAP_UNSUPPORTED, "an image of over 4 GiB");
	if (!status)
		status = read_key(key_path, &key, error);
	if (status)
		return status;
	bytes = extend(image, size_bytes, &total);
	if (!bytes)
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	else if (!fill_signature(key, bytes, total))
		status = gap_fail(error, GAP_INVALID, "%.300s: the key does not sign", key_path);
	EVP_PKEY_free(key);
	if (status) {
		free(bytes);
		return status;
	}
	*signed_image = bytes;
	*signed_bytes = total;
	return GAP_OK;
}
