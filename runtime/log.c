/* SPDX-License-Identifier: MIT */
/*
 * The printk ring buffer (kernel/printk/printk_ringbuffer.h): descriptors in a ring, from tail_id
 * to head_id; each says where in the ring of data its text lies. Positions and ids count upwards
 * and wrap; what is read is their remainder.
 */
#include <inttypes.h>
#include <string.h>

#include "runtime/log_buffer.h"
#include "runtime/record.h"
#include "semgap/log.h"

#define COUNT_BITS_MAX                                                                             \
	24 /* the kernel's LOG_BUF_SHIFT is at most 25, and a record has 32 bytes   \
			   */
#define SIZE_BITS_MAX 31

/* States of a descriptor, its two highest bits. */
enum { RESERVED = 0, COMMITTED = 1, FINALIZED = 2, REUSABLE = 3 };

/* Positions in gap_log.fields. */
enum slot {
	COUNT_BITS,
	DESCS,
	INFOS,
	HEAD,
	TAIL,
	SIZE_BITS,
	DATA,
	STATE,
	BEGIN,
	NEXT,
	SEQUENCE,
	TIME,
	LENGTH,
	FACILITY,
	LEVEL,
	SLOT_COUNT
};

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[COUNT_BITS] = {GAP_FIELD_LOG_COUNT_BITS, 0},
	[DESCS] = {GAP_FIELD_LOG_DESCS, 0},
	[INFOS] = {GAP_FIELD_LOG_INFOS, 0},
	[HEAD] = {GAP_FIELD_LOG_HEAD, 0},
	[TAIL] = {GAP_FIELD_LOG_TAIL, 0},
	[SIZE_BITS] = {GAP_FIELD_LOG_SIZE_BITS, 0},
	[DATA] = {GAP_FIELD_LOG_DATA, 0},
	[STATE] = {GAP_FIELD_LOG_STATE, 0},
	[BEGIN] = {GAP_FIELD_LOG_BEGIN, 0},
	[NEXT] = {GAP_FIELD_LOG_NEXT, 0},
	[SEQUENCE] = {GAP_FIELD_LOG_SEQUENCE, 0},
	[TIME] = {GAP_FIELD_LOG_TIME, 0},
	[LENGTH] = {GAP_FIELD_LOG_LENGTH, 0},
	[FACILITY] = {GAP_FIELD_LOG_FACILITY, 0},
	[LEVEL] = {GAP_FIELD_LOG_LEVEL, 0},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_log *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_log has no room for all fields");

#define NOTE(log, ...) gap_note(&(log)->status, (log)->reason, sizeof((log)->reason), __VA_ARGS__)

static int read_number(struct gap_log *log, struct gap_vaddr base, enum slot slot, uint64_t *number)
{
	if (!gap_record_number(log->guest, base, &log->fields[slot], number))
		return 1;
	return NOTE(log, "the log at 0x%" PRIx64 " cannot be read", base.value);
}

/* ---- begin ---- */

static uint32_t size_of(const struct gap_guest *guest, const char *name)
{
	const struct gap_profile *profile = gap_guest_profile(guest);
	struct gap_type type;
	gap_type_id id;

	if (gap_profile_find_type(profile, name, &id, NULL) ||
	    !gap_profile_type(profile, id, &type) || type.size_bytes > UINT32_MAX)
		return 0;
	return (uint32_t)type.size_bytes;
}

static enum gap_status read_ring(struct gap_log *log, struct gap_vaddr ring,
				 struct gap_error *error)
{
	uint64_t count_bits, size_bits;

	if (!read_number(log, ring, COUNT_BITS, &count_bits) ||
	    !read_number(log, ring, DESCS, &log->descs.value) ||
	    !read_number(log, ring, INFOS, &log->infos.value) ||
	    !read_number(log, ring, HEAD, &log->last) ||
	    !read_number(log, ring, TAIL, &log->next) ||
	    !read_number(log, ring, SIZE_BITS, &size_bits) ||
	    !read_number(log, ring, DATA, &log->data.value))
		return gap_fail(error, GAP_UNREADABLE, "%s", log->reason);
	if (count_bits > COUNT_BITS_MAX || size_bits > SIZE_BITS_MAX)
		return gap_fail(error, GAP_CORRUPT,
				"a log of 2^%" PRIu64 " records in 2^%" PRIu64 " bytes is absurd",
				count_bits, size_bits);
	log->count_mask = ((uint64_t)1 << count_bits) - 1;
	log->size_bytes = (uint64_t)1 << size_bits;
	if (((log->last - log->next) & log->id_mask) > log->count_mask)
		return gap_fail(error, GAP_CORRUPT,
				"the log's first record is %" PRIu64 " and its last %" PRIu64,
				log->next, log->last);
	return GAP_OK;
}

static enum gap_status init_ring(struct gap_log *log, struct gap_guest *guest,
				 struct gap_error *error)
{
	struct gap_log begun = {.guest = guest};
	struct gap_target target;
	struct gap_vaddr ring;
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);

	if (!status)
		status = gap_guest_symbol(guest, "prb", &ring, error);
	if (status)
		return status;
	gap_profile_target(gap_guest_profile(guest), &target);
	begun.word_bytes = target.pointer_bytes;
	begun.id_mask = (target.pointer_bytes == 8 ? UINT64_MAX : UINT32_MAX) >> 2;
	begun.desc_bytes = size_of(guest, "struct:prb_desc");
	begun.info_bytes = size_of(guest, "struct:printk_info");
	if (!begun.desc_bytes || !begun.info_bytes)
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile lacks struct prb_desc or printk_info");
	gap_guest_refresh(guest);
	status = gap_guest_read_pointer(guest, ring, &ring);
	if (status)
		return gap_fail(error, status, "the pointer prb cannot be read");
	begun.ring = ring;
	status = read_ring(&begun, ring, error);
	if (!status)
		*log = begun;
	return status;
}

/* Kernels have one or the other. What is said is of the ring: whose profile lacks both is rather a
 * newer one that was made without it. */
enum gap_status gap_log_init(struct gap_log *log, struct gap_guest *guest, struct gap_error *error)
{
	enum gap_status status = init_ring(log, guest, error), older;
	struct gap_error other = {""};

	if (status != GAP_NOT_FOUND)
		return status;
	older = gap_log_buffer_init(log, guest, &other);
	if (older && older != GAP_NOT_FOUND && error)
		*error = other;
	return older == GAP_NOT_FOUND ? status : older;
}

/* ---- one record ---- */

/* Whether the ring went on over @id since it was begun. */
static int was_overwritten(struct gap_log *log, uint64_t id)
{
	uint64_t tail;

	return !read_number(log, log->ring, TAIL, &tail) ||
	       ((id - tail) & log->id_mask) > log->count_mask;
}

/*
 * Whether the descriptor is that of @id and holds a record; its state is read again at the end. The
 * oldest ones may have lost their text already (REUSABLE), the newest be on its way (RESERVED):
 * whatever else there is means that a record is lost.
 */
static int is_written(struct gap_log *log, struct gap_vaddr desc, uint64_t id)
{
	uint32_t state_shift = log->word_bytes * 8 - 2;
	uint64_t value, state;

	if (!read_number(log, desc, STATE, &value))
		return 0;
	state = value >> state_shift;
	if ((value & log->id_mask) == id && (state == COMMITTED || state == FINALIZED))
		return 1;
	if (((value & log->id_mask) != id || (state == REUSABLE && log->is_begun)) &&
	    !was_overwritten(log, id))
		NOTE(log,
		     "a record is lost: the descriptor at 0x%" PRIx64 " is not that of 0x%" PRIx64,
		     desc.value, id);
	return 0;
}

/* Sequence numbers go with ids (desc_reserve()). */
static void check_sequence(struct gap_log *log, uint64_t id, uint64_t sequence)
{
	uint64_t first = (sequence - id) & log->id_mask;

	if (log->is_begun && first != log->sequence)
		NOTE(log, "record %" PRIu64 " of the log stands where %" PRIu64 " should", sequence,
		     (log->sequence + id) & log->id_mask);
	log->sequence = first;
	log->is_begun = 1;
}

/* Where the text lies in the data ring, and how long it can be. An odd position stands for none. A
 * block that would cross the ring's end begins again at its start. */
static int find_text(struct gap_log *log, uint64_t begin, uint64_t next, uint64_t *at,
		     uint64_t *size_bytes)
{
	uint64_t mask = log->size_bytes - 1;

	*size_bytes = 0;
	if (begin & next & 1)
		return 1;
	if ((begin & ~mask) == ((next - 1) & ~mask) && begin < next) {
		*at = begin & mask;
		*size_bytes = next - begin;
	} else if (((begin + log->size_bytes) & ~mask) == (next & ~mask)) {
		*at = 0;
		*size_bytes = next & mask;
	}
	if (*size_bytes < log->word_bytes) /* before the text stands the record's id */
		return 0;
	*at += log->word_bytes;
	*size_bytes -= log->word_bytes;
	return 1;
}

static int read_text(struct gap_log *log, struct gap_vaddr desc, uint64_t length,
		     struct gap_log_record *record)
{
	uint64_t begin, next, at = 0, size_bytes;
	struct gap_vaddr text;

	if (!read_number(log, desc, BEGIN, &begin) || !read_number(log, desc, NEXT, &next))
		return 0;
	if (!find_text(log, begin, next, &at, &size_bytes))
		return NOTE(log, "record %" PRIu64 " lies from 0x%" PRIx64 " to 0x%" PRIx64,
			    record->sequence, begin, next);
	if (length > size_bytes)
		length = size_bytes;
	if (length > sizeof(record->text)) {
		NOTE(log, "record %" PRIu64 " has %" PRIu64 " bytes", record->sequence, length);
		length = sizeof(record->text);
	}
	text.value = log->data.value + at;
	if (gap_guest_read(log->guest, text, record->text, (size_t)length))
		return NOTE(log, "the log at 0x%" PRIx64 " cannot be read", text.value);
	record->text_bytes = (uint32_t)length;
	return 1;
}

static int read_record(struct gap_log *log, uint64_t id, struct gap_log_record *record)
{
	uint64_t index = id & log->count_mask, level, facility, length;
	struct gap_vaddr desc = {log->descs.value + index * log->desc_bytes};
	struct gap_vaddr info = {log->infos.value + index * log->info_bytes};

	if (!is_written(log, desc, id) || !read_number(log, info, SEQUENCE, &record->sequence) ||
	    !read_number(log, info, TIME, &record->time_ns) ||
	    !read_number(log, info, LEVEL, &level) ||
	    !read_number(log, info, FACILITY, &facility) ||
	    !read_number(log, info, LENGTH, &length) || !read_text(log, desc, length, record))
		return 0;
	record->level = (uint8_t)level;
	record->facility = (uint8_t)facility;
	if (!is_written(log, desc, id))
		return 0;
	check_sequence(log, id, record->sequence);
	return 1;
}

int gap_log_next(struct gap_log *log, struct gap_log_record *record)
{
	if (log->is_buffer)
		return gap_log_buffer_next(log, record);
	while (!log->ended) {
		uint64_t id = log->next & log->id_mask;

		log->ended = id == (log->last & log->id_mask);
		log->next++;
		record->text_bytes = 0;
		if (read_record(log, id, record))
			return 1;
	}
	return 0;
}
