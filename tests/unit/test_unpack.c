/* SPDX-License-Identifier: MIT */
/* What the libraries of every packing made comes back byte for byte; cut anywhere it is refused, and no more memory is given
 * than was allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "extract/content.h"
#include "tests/support/packing.h"

#define PACKED_BYTES_MAX (12u << 20)

static uint8_t *make_plain(size_t size_bytes)
{
	uint8_t *plain = malloc(size_bytes);
	uint32_t state = 12345;

	assert_non_null(plain);
	for (size_t i = 0; i < size_bytes; i++) {
		state = state * 1103515245 + 12345;
		plain[i] = i % 64 < 40 ? (uint8_t)(i / 64) : (uint8_t)(state >> 24);
	}
	return plain;
}

static struct gap_content named(void)
{
	struct gap_content content = {.name = "thing"};

	return content;
}

/* Packs, adds four bytes as a kernel's payload has them, and unpacks. */
static void expect_round(const char *packing, size_t size_bytes)
{
	uint8_t *plain = make_plain(size_bytes), *packed = malloc(PACKED_BYTES_MAX);
	struct gap_content content = named();
	struct gap_error error;
	size_t length;

	assert_non_null(packed);
	length = pack_bytes(packing, plain, size_bytes, packed, PACKED_BYTES_MAX - 4);
	if (length > 0) {
		memcpy(packed + length, "\0\0\1\0", 4);
		assert_string_equal(gap_packing_of(packed, length), packing);
		assert_int_equal(gap_unpack(&content, packed, length + 4, 64u << 20, &error),
				 GAP_OK);
		assert_int_equal(content.size_bytes, size_bytes);
		assert_memory_equal(content.bytes, plain, size_bytes);
		gap_content_close(&content);
	} else {
		print_message("%s: built without it\n", packing);
	}
	free(plain);
	free(packed);
}

static void test_round(void **state)
{
	/* The last is more than one block of lz4's. */
	static const size_t sizes[] = {1, 100, 70000, (8u << 20) + 100000};

	(void)state;
	for (size_t i = 0; packings[i]; i++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			if (sizes[s] < (1u << 20) || strcmp(packings[i], "lz4") == 0)
				expect_round(packings[i], sizes[s]);
}

static void test_cut(void **state)
{
	uint8_t *plain = make_plain(9000), packed[32768];

	(void)state;
	for (size_t i = 0; packings[i]; i++) {
		size_t length = pack_bytes(packings[i], plain, 9000, packed, sizeof(packed));

		for (size_t cut = 0; cut + 4 < length; cut += cut < 64 ? 1 : 61) {
			struct gap_content content = named();
			struct gap_error error = {""};
			uint8_t *exact = malloc(cut + 1);

			assert_non_null(exact);
			memcpy(exact, packed, cut);
			assert_int_not_equal(gap_unpack(&content, exact, cut, 1u << 20, &error),
					     GAP_OK);
			assert_non_null(strstr(error.text, "thing"));
			assert_null(content.bytes);
			free(exact);
		}
	}
	free(plain);
}

/* A hundred thousand zeros in a few bytes, where ten thousand are allowed. */
static void test_bound(void **state)
{
	uint8_t *plain = calloc(1, 100000), *packed = malloc(200000);

	(void)state;
	assert_non_null(plain);
	assert_non_null(packed);
	for (size_t i = 0; packings[i]; i++) {
		size_t length = pack_bytes(packings[i], plain, 100000, packed, 200000);
		struct gap_content content = named();
		struct gap_error error = {""};

		if (length == 0)
			continue;
		assert_int_equal(gap_unpack(&content, packed, length, 10000, &error),
				 GAP_UNSUPPORTED);
		assert_non_null(strstr(error.text, packings[i]));
	}
	free(plain);
	free(packed);
}

static void test_unknown(void **state)
{
	struct gap_content content = named();
	struct gap_error error = {""};

	(void)state;
	assert_null(gap_packing_of((const uint8_t *)"abcdefgh", 8));
	assert_int_equal(gap_unpack(&content, (const uint8_t *)"abcdefgh", 8, 100, &error),
			 GAP_UNSUPPORTED);
	assert_non_null(strstr(error.text, "lz4"));
}

static void test_spool(void **state)
{
	static const uint64_t expected[] = {10, 1u << 30}; /* in memory, in a file */
	struct gap_error error;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct gap_content content = named();
		struct gap_spool spool;

		assert_int_equal(gap_spool_begin(&spool, expected[i], &error), GAP_OK);
		assert_int_equal(gap_spool_write(&spool, "some", 4, &error), GAP_OK);
		assert_int_equal(gap_spool_write(&spool, "thing", 5, &error), GAP_OK);
		assert_int_equal(gap_spool_finish(&spool, &content, &error), GAP_OK);
		assert_int_equal(content.size_bytes, 9);
		assert_memory_equal(content.bytes, "something", 9);
		gap_content_close(&content);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bound), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
