/* SPDX-License-Identifier: MIT */
/* The log of kernels before the ring buffer: honest records, a buffer that wraps, and such as a guest
 * has bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/log.h"
#include "tests/support/guest_fixture.h"

#define BUFFER_AT (SYNTHETIC_TEXT + 0x4000)
#define LENGTH_AT (SYNTHETIC_TEXT + 0x4010)
#define FIRST_AT (SYNTHETIC_TEXT + 0x4020)
#define FIRST_SEQUENCE_AT (SYNTHETIC_TEXT + 0x4030)
#define NEXT_SEQUENCE_AT (SYNTHETIC_TEXT + 0x4040)
#define HEADER_BYTES 16
#define BUFFER_BYTES 128

static const struct object_row rows[] = {
	{"printk_log", HEADER_BYTES, "ts_nsec", 0, "u64"},
	{"printk_log", HEADER_BYTES, "len", 8, "u16"},
	{"printk_log", HEADER_BYTES, "text_len", 10, "u16"},
	{"printk_log", HEADER_BYTES, "facility", 14, "u8"},
	{"printk_log", HEADER_BYTES, "level", 15, "u8"},
	{0},
};

static const struct object_symbol symbols[] = {
	{"log_buf", BUFFER_AT},
	{"log_buf_len", LENGTH_AT},
	{"log_first_idx", FIRST_AT},
	{"log_first_seq", FIRST_SEQUENCE_AT},
	{"log_next_seq", NEXT_SEQUENCE_AT},
	{0},
};

struct fixture {
	struct guest_fixture base;
	uint64_t buffer;
};

static void put_record(struct fixture *fixture, uint64_t at, uint16_t length, uint64_t time,
		       const char *text)
{
	struct synthetic *synthetic = &fixture->base.synthetic;

	put64(synthetic, fixture->buffer + at, 0, time);
	put32(synthetic, fixture->buffer + at, 8, length | (uint32_t)strlen(text) << 16);
	put32(synthetic, fixture->buffer + at, 12, 3u << 16 | 6u << 24);
	memcpy((char *)synthetic_heap(synthetic, fixture->buffer) + at + HEADER_BYTES, text,
	       strlen(text));
}

/* Records 40 to 42, the first in the middle; behind it the buffer wraps. */
static int make_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return 1;
	guest_fixture_init(&fixture->base,
			   &(struct object_profile){.rows = rows, .symbols = symbols});
	fixture->buffer = synthetic_alloc(&fixture->base.synthetic, BUFFER_BYTES);
	guest_fixture_set_image(&fixture->base, BUFFER_AT, fixture->buffer);
	guest_fixture_set_image(&fixture->base, LENGTH_AT, BUFFER_BYTES);
	guest_fixture_set_image(&fixture->base, FIRST_AT, 72);
	guest_fixture_set_image(&fixture->base, FIRST_SEQUENCE_AT, 40);
	guest_fixture_set_image(&fixture->base, NEXT_SEQUENCE_AT, 43);
	put_record(fixture, 72, 32, 1000, "the oldest");
	put_record(fixture, 104, 0, 0, "");
	put_record(fixture, 0, 24, 2000, "wrapped");
	put_record(fixture, 24, 16, 3000, "");
	*state = fixture;
	return 0;
}

static struct gap_log begin(struct fixture *fixture)
{
	struct gap_log log;

	if (gap_log_init(&log, fixture->base.guest, &fixture->base.error))
		fail_msg("%s", fixture->base.error.text);
	return log;
}

static void records_are_read(void **state)
{
	static const struct {
		uint64_t sequence, time;
		const char *text;
	} expected[] = {{40, 1000, "the oldest"}, {41, 2000, "wrapped"}, {42, 3000, ""}};
	struct gap_log log = begin(*state);
	struct gap_log_record record;

	for (size_t i = 0; i < 3; i++) {
		assert_true(gap_log_next(&log, &record));
		assert_int_equal(record.sequence, expected[i].sequence);
		assert_int_equal(record.time_ns, expected[i].time);
		assert_int_equal(record.text_bytes, strlen(expected[i].text));
		assert_memory_equal(record.text, expected[i].text, record.text_bytes);
		assert_true(record.level == 6 && record.facility == 3);
	}
	assert_false(gap_log_next(&log, &record));
	assert_false(gap_log_next(&log, &record));
	assert_int_equal(log.status, GAP_OK);
}

/* What is bent, and how many records are told before it. */
static void bent_records_are_told(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		uint64_t at;
		uint16_t length, text_bytes;
		int told;
		const char *word;
	} cases[] = {
		{0, 24, 9, 1, "9 bytes of text in 24"},
		{0, 8, 0, 1, "0 bytes of text in 8"},
		{0, 0, 0, 1, "not where it should be"}, /* again and again to the start */
		{0, 2000, 5, 1, "in 2000"},
		{24, 120, 0, 2, "in 120"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t header = fixture->buffer + cases[i].at + 8;
		uint64_t before = get64(&fixture->base.synthetic, header, 0);
		struct gap_log_record record;
		struct gap_log log;
		int told = 0;

		put32(&fixture->base.synthetic, header, 0,
		      cases[i].length | (uint32_t)cases[i].text_bytes << 16);
		log = begin(fixture);
		while (gap_log_next(&log, &record))
			told++;
		assert_int_equal(told, cases[i].told);
		assert_int_equal(log.status, GAP_PARTIAL);
		says(log.reason, cases[i].word);
		put64(&fixture->base.synthetic, header, 0, before);
	}
}

static void absurd_buffers_are_refused(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		uint64_t at, value;
		enum gap_status status;
	} cases[] = {
		{LENGTH_AT, UINT32_MAX, GAP_CORRUPT},     {LENGTH_AT, 0, GAP_CORRUPT},
		{FIRST_AT, BUFFER_BYTES, GAP_CORRUPT},    {FIRST_SEQUENCE_AT, 44, GAP_CORRUPT},
		{NEXT_SEQUENCE_AT, 1 << 30, GAP_CORRUPT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t *at = synthetic_image(&fixture->base.synthetic, cases[i].at), before = *at;
		struct gap_log log;

		*at = cases[i].value;
		assert_int_equal(gap_log_init(&log, fixture->base.guest, &fixture->base.error),
				 cases[i].status);
		assert_non_null(strstr(fixture->base.error.text, "absurd"));
		*at = before;
	}
}

static void an_unreadable_buffer_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct gap_log_record record;
	struct gap_log log;

	guest_fixture_set_image(&fixture->base, BUFFER_AT, 0xffffffff00000000u);
	log = begin(fixture);
	assert_false(gap_log_next(&log, &record));
	assert_int_equal(log.status, GAP_PARTIAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, guest_fixture_drop)
		TEST(records_are_read),
		TEST(bent_records_are_told),
		TEST(absurd_buffers_are_refused),
		TEST(an_unreadable_buffer_is_told),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
