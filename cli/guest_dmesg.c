/* SPDX-License-Identifier: MIT */
/* semgap guest dmesg: the kernel's log. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/guest_out.h"
#include "runtime/include/semgap/log.h"

#define NS_PER_SECOND 1000000000
#define NS_PER_MICROSECOND 1000

/* A record may have several lines: each gets the time. */
static void print_record(const struct gap_log_record *record)
{
	uint32_t at = 0;

	do {
		uint32_t end = at;

		while (end < record->text_bytes && record->text[end] != '\n')
			end++;
		printf("[%5" PRIu64 ".%06" PRIu64 "] ", record->time_ns / NS_PER_SECOND,
		       record->time_ns % NS_PER_SECOND / NS_PER_MICROSECOND);
		out_text(record->text + at, end - at);
		putchar('\n');
		at = end + 1;
	} while (at < record->text_bytes);
}

static void json_record(struct gap_json *json, const struct gap_log_record *record)
{
	gap_json_line(json);
	gap_json_open(json, '{');
	out_json_hex(json, "sequence", true, record->sequence);
	out_json_hex(json, "time_ns", true, record->time_ns);
	gap_json_key_number(json, "level", record->level);
	gap_json_key_number(json, "facility", record->facility);
	gap_json_key_text(json, "text", record->text, record->text_bytes);
	gap_json_close(json, '}');
}

/* Rows come before what is known of them only at the end. */
static void print_json(struct gap_log *log, struct gap_log_record *record)
{
	struct gap_json json = {.stream = stdout};

	gap_json_open(&json, '{');
	gap_json_key_name(&json, "schema", "semgap/dmesg/1");
	gap_json_key(&json, "records");
	gap_json_open(&json, '[');
	while (gap_log_next(log, record))
		json_record(&json, record);
	gap_json_close(&json, ']');
	gap_json_key(&json, "partial");
	gap_json_bool(&json, log->status != GAP_OK);
	gap_json_key(&json, "warnings");
	gap_json_open(&json, '[');
	if (log->status)
		gap_json_name(&json, log->reason);
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct gap_error error = {{0}};
	struct gap_log_record record;
	struct gap_log log;
	enum gap_status status = gap_log_init(&log, guest, &error);

	if (status)
		return say_failure(status, &error);
	if (request->json)
		print_json(&log, &record);
	else
		while (gap_log_next(&log, &record))
			print_record(&record);
	gap_fail(&error, log.status, "%s", log.reason);
	return out_finish(log.status, &error);
}

const struct guest_view guest_view_dmesg = {
	.name = "dmesg",
	.operands = "",
	.summary = "the kernel's log",
	.run = run,
};
