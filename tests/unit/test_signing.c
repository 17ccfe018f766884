/* SPDX-License-Identifier: MIT */
/* Signatures of images, with the keys of RFC 8032's first two test vectors; whatever is changed shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/digest.h"
#include "runtime/format.h"
#include "signing/sign.h"
#include "tests/support/making.h"

struct pair {
	const char *seed, *public_key;
	char path[40]; /* of the seed as PEM */
	struct gap_verify_key *key;
};

static struct pair pairs[2] = {
	{.seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	 .public_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
	{.seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	 .public_key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
};

/* ---- keys as files ---- */

static void from_digits(const char *digits, uint8_t *bytes)
{
	for (size_t i = 0; digits[2 * i]; i++) {
		unsigned value;

		assert_int_equal(sscanf(digits + 2 * i, "%2x", &value), 1);
		bytes[i] = (uint8_t)value;
	}
}

/* @length is a multiple of 3. */
static void put_base64(FILE *file, const uint8_t *bytes, size_t length)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		unsigned word =
			(unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			putc(letters[word >> shift & 63], file);
	}
	putc('\n', file);
}

/* RFC 8410: what comes before the 32 bytes of a private key. */
static const uint8_t before_private[] = {0x30, 0x2e, 2,    1,    0, 0x30, 5, 6,
					 3,    0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20};

static void write_private(struct pair *pair)
{
	uint8_t der[sizeof(before_private) + 32];
	int file;
	FILE *stream;

	memcpy(der, before_private, sizeof(before_private));
	from_digits(pair->seed, der + sizeof(before_private));
	strcpy(pair->path, "/tmp/semgap-key-XXXXXX");
	file = mkstemp(pair->path);
	stream = file < 0 ? NULL : fdopen(file, "w");
	assert_non_null(stream);
	fputs("-----BEGIN PRIVATE KEY-----\n", stream);
	put_base64(stream, der, sizeof(der));
	fputs("-----END PRIVATE KEY-----\n", stream);
	assert_int_equal(fclose(stream), 0);
}

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct gap_error error = {""};
		uint8_t bytes[32];

		from_digits(pairs[i].public_key, bytes);
		if (gap_verify_key_open_bytes(bytes, &pairs[i].key, &error) == GAP_UNSUPPORTED)
			pairs[i].key = NULL;
		write_private(&pairs[i]);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		gap_verify_key_close(pairs[i].key);
		unlink(pairs[i].path);
	}
	return 0;
}

/* ---- images ---- */

struct image {
	unsigned char *bytes;
	size_t size_bytes;
};

static struct image unsigned_image(uint64_t size_bytes)
{
	struct gap_builder *builder = make_builder();
	gap_type_id number = make_int(builder, "int", 4);
	struct frozen frozen;
	struct image image;

	make_struct(builder, "task_struct", size_bytes, MAKE_MEMBERS({"pid", number, 32, 0}));
	make_symbol(builder, "init_task", NULL, 0x1000, 0);
	frozen = freeze(builder, 0);
	image = (struct image){malloc(frozen.size_bytes), frozen.size_bytes};
	assert_non_null(image.bytes);
	memcpy(image.bytes, frozen.image, image.size_bytes);
	frozen_deinit(&frozen);
	return image;
}

static struct image signed_image(const struct pair *pair, uint64_t size_bytes)
{
	struct image plain = unsigned_image(size_bytes), made;
	struct gap_error error;
	void *bytes;

	if (!pairs[0].key)
		skip();
	if (gap_sign_image(plain.bytes, plain.size_bytes, pair->path, &bytes, &made.size_bytes,
			   &error))
		fail_msg("%s", error.text);
	made.bytes = bytes;
	free(plain.bytes);
	return made;
}

static void repair(struct image image)
{
	uint64_t checksum = gap_image_checksum(image.bytes, image.size_bytes);

	memcpy(image.bytes + offsetof(struct gap_format_header, checksum), &checksum,
	       sizeof(checksum));
}

static enum gap_status verify(struct image image, const struct pair *pair)
{
	struct gap_error error = {""};
	enum gap_status status = gap_verify_image(image.bytes, image.size_bytes, pair->key, &error);

	if (status)
		assert_true(error.text[0]);
	return status;
}

/* ---- what holds ---- */

static void a_signed_image_verifies_and_opens(void **state)
{
	struct image image = signed_image(&pairs[0], 64), again = signed_image(&pairs[0], 64);
	struct image plain = unsigned_image(64);
	struct gap_profile *profile;
	struct gap_location at;
	gap_type_id id;

	(void)state;
	assert_int_equal(verify(image, &pairs[0]), GAP_OK);
	assert_int_equal(image.size_bytes, again.size_bytes);
	assert_memory_equal(image.bytes, again.bytes, image.size_bytes);
	assert_in_range(image.size_bytes, plain.size_bytes + 88, plain.size_bytes + 95);
	assert_int_equal(gap_profile_open_image(image.bytes, image.size_bytes, &profile, NULL),
			 GAP_OK);
	assert_int_equal(gap_profile_find_type(profile, "task_struct", &id, NULL), GAP_OK);
	assert_int_equal(gap_profile_find_member(profile, id, "pid", &at, NULL), GAP_OK);
	assert_int_equal(at.offset_bits, 32);
	gap_profile_close(profile);
	free(image.bytes);
	free(again.bytes);
	free(plain.bytes);
}

static void the_key_id_is_documented(void **state)
{
	/* printf HEX | xxd -r -p | sha256sum | cut -c 1-16 */
	static const uint8_t expected[GAP_KEY_ID_BYTES] = {0x21, 0xfe, 0x31, 0xdf,
							   0xa1, 0x54, 0xa2, 0x61};
	struct image image = signed_image(&pairs[0], 64);
	uint8_t id[GAP_KEY_ID_BYTES];

	(void)state;
	gap_verify_key_id(pairs[0].key, id);
	assert_memory_equal(id, expected, sizeof(id));
	assert_memory_equal(image.bytes + image.size_bytes - 72, expected, sizeof(id));
	free(image.bytes);
}

/* ---- what does not ---- */

static void another_key_is_a_mismatch(void **state)
{
	struct image image = signed_image(&pairs[0], 64);

	(void)state;
	assert_int_equal(verify(image, &pairs[1]), GAP_MISMATCH);
	free(image.bytes);
}

static void an_unsigned_image_has_no_signature(void **state)
{
	struct image image = unsigned_image(64);

	(void)state;
	if (!pairs[0].key)
		skip();
	assert_int_equal(verify(image, &pairs[0]), GAP_NOT_FOUND);
	free(image.bytes);
}

static void an_altered_byte_anywhere_shows(void **state)
{
	struct image image = signed_image(&pairs[0], 64);

	(void)state;
	for (size_t i = 0; i < image.size_bytes; i++) {
		enum gap_status status;

		image.bytes[i] ^= 0x10;
		status = verify(image, &pairs[0]);
		if (status == GAP_OK || status == GAP_MISMATCH || status == GAP_NOT_FOUND)
			fail_msg("byte %zu: %s", i, gap_status_name(status));
		image.bytes[i] ^= 0x10;
	}
	assert_int_equal(verify(image, &pairs[0]), GAP_OK);
	free(image.bytes);
}

/* By somebody who knows how the checksum is made. */
static void an_altered_byte_with_a_good_checksum_shows(void **state)
{
	struct image image = signed_image(&pairs[0], 64);
	unsigned mismatches = 0;

	(void)state;
	for (size_t i = 0; i < image.size_bytes; i++)
		for (int bit = 0; bit < 8; bit++) {
			enum gap_status status;

			if (i >= 24 && i < 32) /* the checksum itself is made good again */
				continue;
			image.bytes[i] ^= (unsigned char)(1 << bit);
			repair(image);
			status = verify(image, &pairs[0]);
			if (status == GAP_OK)
				fail_msg("bit %d of byte %zu", bit, i);
			mismatches += status == GAP_MISMATCH;
			image.bytes[i] ^= (unsigned char)(1 << bit);
		}
	repair(image);
	assert_int_equal(verify(image, &pairs[0]), GAP_OK);
	assert_true(mismatches >= 72 * 8);
	free(image.bytes);
}

static void a_cut_image_is_no_image(void **state)
{
	struct image image = signed_image(&pairs[0], 64);
	unsigned char *copy = malloc(image.size_bytes);

	(void)state;
	assert_non_null(copy);
	for (size_t length = 0; length < image.size_bytes; length++) {
		uint32_t size = (uint32_t)length;

		memcpy(copy, image.bytes, length);
		assert_int_equal(verify((struct image){copy, length}, &pairs[0]), GAP_CORRUPT);
		if (length < sizeof(struct gap_format_header))
			continue;
		memcpy(copy + offsetof(struct gap_format_header, file_size), &size, sizeof(size));
		repair((struct image){copy, length});
		assert_int_not_equal(verify((struct image){copy, length}, &pairs[0]), GAP_OK);
	}
	free(copy);
	free(image.bytes);
}

static void a_signature_of_another_image_is_a_mismatch(void **state)
{
	struct image image = signed_image(&pairs[0], 64), other = signed_image(&pairs[0], 128);

	(void)state;
	assert_int_equal(image.size_bytes, other.size_bytes);
	memcpy(image.bytes + image.size_bytes - 72, other.bytes + other.size_bytes - 72, 72);
	repair(image);
	assert_int_equal(verify(image, &pairs[0]), GAP_MISMATCH);
	free(image.bytes);
	free(other.bytes);
}

/* The signature's section is whole, but bytes follow that nobody signed. */
static void a_signature_that_is_not_at_the_end_is_none(void **state)
{
	struct image image = signed_image(&pairs[0], 64), longer;
	uint32_t size = (uint32_t)image.size_bytes + 8;

	(void)state;
	longer = (struct image){calloc(1, size), size};
	assert_non_null(longer.bytes);
	memcpy(longer.bytes, image.bytes, image.size_bytes);
	memcpy(longer.bytes + offsetof(struct gap_format_header, file_size), &size, sizeof(size));
	repair(longer);
	assert_int_equal(verify(longer, &pairs[0]), GAP_NOT_FOUND);
	free(longer.bytes);
	free(image.bytes);
}

static void a_key_id_of_another_is_a_mismatch(void **state)
{
	struct image image = signed_image(&pairs[0], 64);
	uint8_t id[GAP_KEY_ID_BYTES];

	(void)state;
	gap_verify_key_id(pairs[1].key, id);
	memcpy(image.bytes + image.size_bytes - 72, id, sizeof(id));
	repair(image);
	assert_int_equal(verify(image, &pairs[0]), GAP_MISMATCH);
	assert_int_equal(verify(image, &pairs[1]), GAP_MISMATCH);
	free(image.bytes);
}

/* ---- signing ---- */

static void what_cannot_be_signed_is_refused(void **state)
{
	struct image image = signed_image(&pairs[0], 64), plain = unsigned_image(64);
	void *made = NULL;
	size_t size_bytes = 7;
	struct gap_error error;

	(void)state;
	assert_int_equal(gap_sign_image(image.bytes, image.size_bytes, pairs[0].path, &made,
					&size_bytes, &error),
			 GAP_INVALID);
	assert_non_null(strstr(error.text, "signed already"));
	assert_int_equal(gap_sign_image(plain.bytes, plain.size_bytes - 8, pairs[0].path, &made,
					&size_bytes, &error),
			 GAP_CORRUPT);
	assert_int_equal(gap_sign_image(plain.bytes, plain.size_bytes, "/nowhere/key.pem", &made,
					&size_bytes, &error),
			 GAP_IO);
	assert_int_equal(gap_sign_image(plain.bytes, plain.size_bytes, SEMGAP_SOURCE_DIR "/LICENSE",
					&made, &size_bytes, &error),
			 GAP_INVALID);
	assert_non_null(strstr(error.text, "openssl genpkey"));
	assert_null(made);
	assert_int_equal(size_bytes, 7);
	free(image.bytes);
	free(plain.bytes);
}

static void a_private_key_is_no_public_one(void **state)
{
	struct gap_verify_key *key = NULL;
	struct gap_error error;

	(void)state;
	if (!pairs[0].key)
		skip();
	assert_int_equal(gap_verify_key_open(pairs[0].path, &key, &error), GAP_INVALID);
	assert_non_null(strstr(error.text, "-pubout"));
	assert_int_equal(gap_verify_key_open("/nowhere/key.pem", &key, &error), GAP_IO);
	assert_null(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_image_verifies_and_opens),
		cmocka_unit_test(the_key_id_is_documented),
		cmocka_unit_test(another_key_is_a_mismatch),
		cmocka_unit_test(an_unsigned_image_has_no_signature),
		cmocka_unit_test(an_altered_byte_anywhere_shows),
		cmocka_unit_test(an_altered_byte_with_a_good_checksum_shows),
		cmocka_unit_test(a_cut_image_is_no_image),
		cmocka_unit_test(a_signature_of_another_image_is_a_mismatch),
		cmocka_unit_test(a_signature_that_is_not_at_the_end_is_none),
		cmocka_unit_test(a_key_id_of_another_is_a_mismatch),
		cmocka_unit_test(what_cannot_be_signed_is_refused),
		cmocka_unit_test(a_private_key_is_no_public_one),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
