/* SPDX-License-Identifier: MIT */
/*
 * Kernels before the printk ring buffer keep records one behind the other in log_buf, from
 * log_first_idx to log_next_idx: a struct printk_log, its text, padding. A record of length 0 says
 * that the next one is at the buffer's start (kernel/printk/printk.c of 3.5 to 5.9).
 */
#include <inttypes.h>

#include "runtime/log_buffer.h"
#include "runtime/record.h"

#define BUFFER_BYTES_MAX ((uint64_t)1 << 31)

/* Positions in gap_log.fields. */
enum slot { TIME, LENGTH, TEXT_LENGTH, FACILITY, LEVEL, SLOT_COUNT };

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[TIME] = {GAP_FIELD_OLD_LOG_TIME, 0},
	[LENGTH] = {GAP_FIELD_OLD_LOG_LENGTH, 0},
	[TEXT_LENGTH] = {GAP_FIELD_OLD_LOG_TEXT_LENGTH, 0},
	[FACILITY] = {GAP_FIELD_OLD_LOG_FACILITY, 0},
	[LEVEL] = {GAP_FIELD_OLD_LOG_LEVEL, 0},
};

#define NOTE(log, ...) gap_note(&(log)->status, (log)->reason, sizeof((log)->reason), __VA_ARGS__)

/* ---- begin ---- */

/* A variable that is a number of 4 or 8 bytes. */
static enum gap_status read_variable(struct gap_guest *guest, const char *name, size_t size_bytes,
				     uint64_t *value, struct gap_error *error)
{
	struct gap_vaddr at;
	enum gap_status status = gap_guest_symbol(guest, name, &at, error);

	*value = 0;
	if (status)
		return status;
	status = gap_guest_read(guest, at, value, size_bytes);
	return status ? gap_fail(error, status, "the variable %s cannot be read", name) : GAP_OK;
}

static enum gap_status check(const struct gap_log *log, struct gap_error *error)
{
	if (log->size_bytes > BUFFER_BYTES_MAX || log->next >= log->size_bytes ||
	    log->last - log->sequence > log->size_bytes / log->info_bytes)
		return gap_fail(error, GAP_CORRUPT,
				"a log of %" PRIu64 " bytes with records %" PRIu64 " to %" PRIu64
				" is absurd",
				log->size_bytes, log->sequence, log->last);
	return GAP_OK;
}

static uint32_t header_bytes(const struct gap_profile *profile)
{
	static const char *const names[] = {"struct:printk_log", "struct:log"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct gap_type type;
		gap_type_id id;

		if (!gap_profile_find_type(profile, names[i], &id, NULL) &&
		    gap_profile_type(profile, id, &type) && type.size_bytes <= UINT16_MAX)
			return (uint32_t)type.size_bytes;
	}
	return 0;
}

enum gap_status gap_log_buffer_init(struct gap_log *log, struct gap_guest *guest,
				    struct gap_error *error)
{
	struct gap_log begun = {.guest = guest, .is_buffer = 1};
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);
	struct gap_target target;

	if (status)
		return status;
	gap_guest_refresh(guest);
	gap_profile_target(gap_guest_profile(guest), &target);
	begun.info_bytes = header_bytes(gap_guest_profile(guest));
	if (!begun.info_bytes)
		return gap_fail(error, GAP_NOT_FOUND, "the profile lacks struct printk_log");
	status = read_variable(guest, "log_buf", target.pointer_bytes, &begun.data.value, error);
	if (!status)
		status = read_variable(guest, "log_buf_len", 4, &begun.size_bytes, error);
	if (!status)
		status = read_variable(guest, "log_first_idx", 4, &begun.next, error);
	if (!status)
		status = read_variable(guest, "log_first_seq", 8, &begun.sequence, error);
	if (!status)
		status = read_variable(guest, "log_next_seq", 8, &begun.last, error);
	if (!status)
		status = check(&begun, error);
	if (!status)
		*log = begun;
	return status;
}

/* ---- one record ---- */

static int read_number(struct gap_log *log, struct gap_vaddr base, enum slot slot, uint64_t *number)
{
	if (!gap_record_number(log->guest, base, &log->fields[slot], number))
		return 1;
	return NOTE(log, "the log at 0x%" PRIx64 " cannot be read", base.value);
}

/* Where the next record is; one of no length sends to the buffer's start, once. */
static int find_record(struct gap_log *log, struct gap_vaddr *at, uint64_t *length)
{
	for (int i = 0; i < 2; i++) {
		at->value = log->data.value + log->next;
		if (log->next + log->info_bytes > log->size_bytes ||
		    !read_number(log, *at, LENGTH, length))
			break;
		if (*length)
			return 1;
		log->next = 0;
	}
	return NOTE(log, "record %" PRIu64 " of the log is not where it should be", log->sequence);
}

static int read_text(struct gap_log *log, struct gap_vaddr at, uint64_t length,
		     struct gap_log_record *record)
{
	uint64_t text_bytes;

	if (!read_number(log, at, TEXT_LENGTH, &text_bytes))
		return 0;
	at.value += log->info_bytes;
	if (length < log->info_bytes || length > log->size_bytes - log->next ||
	    text_bytes > length - log->info_bytes)
		return NOTE(log,
			    "record %" PRIu64 " of the log has %" PRIu64
			    " bytes of text in %" PRIu64,
			    log->sequence, text_bytes, length);
	if (text_bytes > sizeof(record->text)) {
		NOTE(log, "record %" PRIu64 " has %" PRIu64 " bytes", log->sequence, text_bytes);
		text_bytes = sizeof(record->text);
	}
	if (gap_guest_read(log->guest, at, record->text, (size_t)text_bytes))
		return NOTE(log, "the log at 0x%" PRIx64 " cannot be read", at.value);
	record->text_bytes = (uint32_t)text_bytes;
	return 1;
}

/* Records hang together by their lengths: after a broken one nothing can be found. */
int gap_log_buffer_next(struct gap_log *log, struct gap_log_record *record)
{
	uint64_t length = 0, level, facility;
	struct gap_vaddr at;

	if (log->ended || log->sequence == log->last)
		return 0;
	log->ended = 1;
	if (!find_record(log, &at, &length) || !read_number(log, at, TIME, &record->time_ns) ||
	    !read_number(log, at, LEVEL, &level) || !read_number(log, at, FACILITY, &facility) ||
	    !read_text(log, at, length, record))
		return 0;
	record->sequence = log->sequence++;
	record->level = (uint8_t)level;
	record->facility = (uint8_t)facility;
	log->next += length;
	log->ended = 0;
	return 1;
}
