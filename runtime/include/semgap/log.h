/* SPDX-License-Identifier: MIT */
/* The kernel's log, as dmesg shows it: the records of the printk ring buffer, or those of the buffer
 * that was before it (3.5 to 5.9). */
#ifndef SEMGAP_LOG_H
#define SEMGAP_LOG_H

#include "bind.h"
#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_LOG_TEXT_BYTES 2048 /* the kernel's own records are at most 1024 */

struct gap_log_record {
	uint64_t sequence;
	uint64_t time_ns; /* since boot */
	uint8_t level;    /* 0 emergency … 7 debug */
	uint8_t facility;
	uint32_t text_bytes;
	char text[GAP_LOG_TEXT_BYTES]; /* raw bytes, without a final newline or zero */
};

/** Caller-owned iterator; read @status and @reason at the end. */
struct gap_log {
	struct gap_guest *guest;
	struct gap_field fields[16];
	struct gap_vaddr ring, descs, infos, data;
	uint64_t next, last, id_mask, count_mask, size_bytes;
	uint64_t sequence; /* of the next record, in a buffer of records; of id 0, in a ring */
	uint32_t desc_bytes, info_bytes, word_bytes;
	int ended, is_buffer, is_begun; /* begun: there was a record */
	enum gap_status status;
	char reason[160];
};

/**
 * Begins with the oldest record. Errors: GAP_NOT_FOUND when the profile has neither the types and
 * symbols of the ring buffer nor those of the buffer of records; GAP_UNREADABLE; GAP_CORRUPT: its
 * sizes are absurd.
 */
GAP_API enum gap_status gap_log_init(struct gap_log *log, struct gap_guest *guest,
				     struct gap_error *error) GAP_MUST_CHECK;

/**
 * Next record, or false at the end. Records that are being written, and those that a running guest
 * overwrote meanwhile, are passed over; any other that is not where it should be makes @status GAP_PARTIAL.
 */
GAP_API int gap_log_next(struct gap_log *log, struct gap_log_record *record);

#ifdef __cplusplus
}
#endif
#endif
