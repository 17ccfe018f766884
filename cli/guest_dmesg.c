/* SPDX-License-Identifier: MIT */
/* semgap guest dmesg: the kernel's log. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/guest_rows.h"
#include "runtime/include/semgap/log.h"

#define NS_PER_SECOND 1000000000
#define NS_PER_MICROSECOND 1000

struct record_row {
	uint64_t sequence, time_ns;
	uint8_t level, facility;
	uint32_t text_bytes;
	char *text;
};

static void drop_row(void *row)
{
	free(((struct record_row *)row)->text);
}

static bool keep_record(struct guest_rows *rows, const struct gap_log_record *record)
{
	struct record_row *row = guest_rows_push(rows);

	if (!row)
		return false;
	*row = (struct record_row){
		.sequence = record->sequence,
		.time_ns = record->time_ns,
		.level = record->level,
		.facility = record->facility,
		.text_bytes = record->text_bytes,
		.text = keep_bytes(&rows->room, record->text, record->text_bytes)};
	if (!row->text)
		guest_rows_pop(rows);
	return row->text != NULL;
}

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	struct gap_log *log = rows->state;
	struct gap_log_record record;
	enum gap_status status = gap_log_init(log, rows->guest, error);

	if (status)
		return status;
	while (gap_log_next(log, &record))
		if (!keep_record(rows, &record))
			return guest_rows_full(rows, error);
	if (log->status)
		gap_fail(error, log->status, "%s", log->reason);
	return log->status;
}

/* ---- output ---- */

/* A record may have several lines: each gets the time. */
static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct record_row *record = item;
	uint32_t at = 0;

	(void)rows;
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

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct record_row *record = item;

	(void)rows;
	out_json_hex(json, "sequence", true, record->sequence);
	out_json_hex(json, "time_ns", true, record->time_ns);
	gap_json_key_number(json, "level", record->level);
	gap_json_key_number(json, "facility", record->facility);
	gap_json_key_text(json, "text", record->text, record->text_bytes);
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/dmesg/1",
	.rows = "records",
	.row_bytes = sizeof(struct record_row),
	.state_bytes = sizeof(struct gap_log),
	.collect = collect,
	.drop = drop_row,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_dmesg = {
	.name = "dmesg",
	.operands = "",
	.summary = "the kernel's log",
	.rows = &rows_view,
};
