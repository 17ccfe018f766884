/* SPDX-License-Identifier: MIT */
/* The streaming JSON writer: commas, escapes, UTF-8, numbers, base64. */
#include "emit/jsonout.h"
#include "tests/unit/emit_fixture.h"

struct sink {
	struct gap_json json;
	char *text;
	size_t size_bytes;
};

static void open_sink(struct sink *sink)
{
	*sink = (struct sink){.text = NULL};
	sink->json.stream = open_memstream(&sink->text, &sink->size_bytes);
	assert_non_null(sink->json.stream);
}

static void expect(struct sink *sink, const char *text)
{
	assert_int_equal(fclose(sink->json.stream), 0);
	assert_string_equal(sink->text, text);
	free(sink->text);
}

static void commas_stand_between(void **state)
{
	struct sink sink;

	(void)state;
	open_sink(&sink);
	gap_json_open(&sink.json, '{');
	gap_json_key_number(&sink.json, "a", 1);
	gap_json_key(&sink.json, "b");
	gap_json_open(&sink.json, '[');
	gap_json_signed(&sink.json, -1);
	gap_json_bool(&sink.json, true);
	gap_json_open(&sink.json, '{');
	gap_json_close(&sink.json, '}');
	gap_json_close(&sink.json, ']');
	gap_json_line(&sink.json);
	gap_json_key_flag(&sink.json, "absent", false);
	gap_json_key_flag(&sink.json, "c", true);
	gap_json_close(&sink.json, '}');
	expect(&sink, "{\"a\":1,\"b\":[-1,true,{}],\n\"c\":true}");
}

static void numbers_are_whole(void **state)
{
	struct sink sink;

	(void)state;
	open_sink(&sink);
	gap_json_open(&sink.json, '[');
	gap_json_number(&sink.json, 0);
	gap_json_number(&sink.json, UINT64_MAX);
	gap_json_signed(&sink.json, INT64_MIN);
	gap_json_hex(&sink.json, UINT64_MAX);
	gap_json_close(&sink.json, ']');
	expect(&sink, "[0,18446744073709551615,-9223372036854775808,\"0xffffffffffffffff\"]");
}

static void control_bytes_are_escaped(void **state)
{
	struct sink sink;

	(void)state;
	open_sink(&sink);
	assert_true(gap_json_text(&sink.json, "a\"\\\n\t\x01\x7f\0z", 9));
	expect(&sink, "\"a\\\"\\\\\\n\\t\\u0001\x7f\\u0000z\"");
}

static void broken_utf8_is_replaced(void **state)
{
	static const struct {
		const char *bytes, *shown;
	} cases[] = {
		{"\xff", "\xef\xbf\xbd"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct sink sink;
		char expected[64];

		open_sink(&sink);
		assert_false(gap_json_text(&sink.json, cases[i].bytes, strlen(cases[i].bytes)));
		snprintf(expected, sizeof(expected), "\"%s\"", cases[i].shown);
		expect(&sink, expected);
	}
}

static void good_utf8_stays(void **state)
{
	static const char text[] = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	struct sink sink;
	char expected[64];

	(void)state;
	open_sink(&sink);
	assert_true(gap_json_text(&sink.json, text, sizeof(text) - 1));
	snprintf(expected, sizeof(expected), "\"%s\"", text);
	expect(&sink, expected);
}

static void lost_bytes_stand_beside(void **state)
{
	struct sink sink;

	(void)state;
	open_sink(&sink);
	gap_json_open(&sink.json, '{');
	gap_json_key_name(&sink.json, "name", "x\x80");
	gap_json_close(&sink.json, '}');
	expect(&sink, "{\"name\":\"x\xef\xbf\xbd\",\"name_hex\":\"7880\"}");
}

static void base64_pads(void **state)
{
	struct sink sink;

	(void)state;
	open_sink(&sink);
	gap_json_open(&sink.json, '[');
	gap_json_base64(&sink.json, "", 0);
	gap_json_base64(&sink.json, "a\n", 2);
	gap_json_base64(&sink.json, "\xff\xfe\xfd", 3);
	gap_json_base64(&sink.json, "abcd", 4);
	gap_json_close(&sink.json, ']');
	expect(&sink, "[\"\",\"YQo=\",\"//79\",\"YWJjZA==\"]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_stand_between),
		cmocka_unit_test(numbers_are_whole),
		cmocka_unit_test(control_bytes_are_escaped),
		cmocka_unit_test(broken_utf8_is_replaced),
		cmocka_unit_test(good_utf8_stays),
		cmocka_unit_test(lost_bytes_stand_beside),
		cmocka_unit_test(base64_pads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
