/* SPDX-License-Identifier: MIT */
/* The digest, held against a slow reading of docs/blob-format.md, "Digest", and against fixed numbers. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/digest.h"
#include "runtime/include/semgap/profile.h"
#include "tests/support/making.h"

#define P1 0x9e3779b185ebca87u
#define P2 0xc2b2ae3d27d4eb4fu

/* ---- the specification, word by word ---- */

static uint64_t rotl(uint64_t value, int times)
{
	while (times-- > 0)
		value = value * 2 + (value >= UINT64_C(1) << 63);
	return value;
}

/* Word @n of the data padded with zeros, built from its bytes. */
static uint64_t word_at(const uint8_t *data, size_t size, size_t n)
{
	uint64_t word = 0;

	for (size_t byte = 0; byte < 8; byte++)
		if (8 * n + byte < size)
			word += (uint64_t)data[8 * n + byte] << (8 * byte);
	return word;
}

static uint64_t specified(const uint8_t *data, size_t size, uint64_t seed)
{
	size_t words = (size + 31) / 32 * 4;
	uint64_t lanes[4], h;

	for (uint64_t i = 0; i < 4; i++)
		lanes[i] = seed + (i + 1) * P1;
	for (size_t n = 0; n < words; n++)
		lanes[n % 4] = rotl((lanes[n % 4] ^ word_at(data, size, n)) * P1, 29);
	h = seed ^ (size * P2);
	for (int i = 0; i < 4; i++)
		h = rotl((h ^ lanes[i]) * P2, 31);
	h ^= h >> 33;
	h *= P1;
	h ^= h >> 29;
	h *= P2;
	h ^= h >> 32;
	return h;
}

/* ---- tests ---- */

static void every_length_as_specified(void **state)
{
	uint8_t data[200];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + 13);
	for (size_t size = 0; size <= sizeof(data); size++)
		for (uint64_t seed = 0; seed < 3; seed++)
			assert_true(gap_digest(data, size, seed) == specified(data, size, seed));
	assert_true(gap_digest(data, 100, UINT64_MAX) == specified(data, 100, UINT64_MAX));
}

/* Computed once by another program: the format may never change by accident. */
static void fixed_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t seed, digest;
	} cases[] = {
		{"", 0, 0x5bee754d0e3d15f9},
		{"", 1, 0xb90a2bf3482b4696},
		{"Linux version 6.1.0", 1, 0xfc2fc63eea6d1689},
		{"0123456789abcdef0123456789abcdef", 0, 0xa0c28ebd218a0fa5},
		{"0123456789abcdef0123456789abcdefX", 2, 0xd33fc7feeeec9e71},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(gap_digest(cases[i].text, strlen(cases[i].text), cases[i].seed),
				 cases[i].digest);
}

static void alignment_does_not_matter(void **state)
{
	char buffer[80] = {0};
	static const char text[] = "the same bytes, wherever they begin in memory: forty and more";

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(buffer + shift, text, sizeof(text));
		assert_int_equal(gap_digest(buffer + shift, sizeof(text), 5),
				 specified((const uint8_t *)text, sizeof(text), 5));
	}
}

static void zeros_at_the_end_count(void **state)
{
	static const uint8_t zeros[64];

	(void)state;
	for (size_t size = 1; size <= sizeof(zeros); size++)
		assert_int_not_equal(gap_digest(zeros, size, 0), gap_digest(zeros, size - 1, 0));
}

/* "Bytes 32 … end, seeded with the digest of bytes 0 … 23 under seed 0": the field itself is left out. */
static void checksum_of_an_image(void **state)
{
	uint8_t image[100];
	uint64_t checksum;

	(void)state;
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 31);
	checksum = gap_image_checksum(image, sizeof(image));
	assert_int_equal(checksum,
			 specified(image + 32, sizeof(image) - 32, specified(image, 24, 0)));
	memset(image + 24, 0xa5, 8);
	assert_int_equal(gap_image_checksum(image, sizeof(image)), checksum);
}

static void banner_is_hashed_under_two_seeds(void **state)
{
	static const char banner[] = "Linux version 6.1.0 (nobody@nowhere) #1 SMP\n";
	uint8_t hash[16];

	(void)state;
	gap_banner_hash(banner, sizeof(banner) - 1, hash);
	for (size_t half = 0; half < 2; half++)
		assert_int_equal(word_at(hash, 16, half),
				 specified((const uint8_t *)banner, sizeof(banner) - 1, half + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_as_specified),
		cmocka_unit_test(fixed_numbers),
		cmocka_unit_test(alignment_does_not_matter),
		cmocka_unit_test(zeros_at_the_end_count),
		cmocka_unit_test(checksum_of_an_image),
		cmocka_unit_test(banner_is_hashed_under_two_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
