/* SPDX-License-Identifier: MIT */
/* What the views of one process share: finding it, keeping its texts. */
#ifndef SEMGAP_GUEST_PROCESS_H
#define SEMGAP_GUEST_PROCESS_H

#include "cli/guest_view.h"
#include "runtime/include/semgap/tasks.h"

/** Finds the process of a pid given as text. GAP_INVALID, GAP_NOT_FOUND, or as gap_tasks_init(). */
enum gap_status find_process(struct gap_guest *guest, const char *pid, struct gap_task *task,
			     struct gap_error *error) GAP_MUST_CHECK;

/** What the texts of an answer may take: a guest may tell of more than the host can hold. */
#define TEXT_ROOM_BYTES ((size_t)512 << 20)

struct text_room {
	size_t left_bytes;
	bool full;
};

/** A copy of @length bytes and a zero byte; NULL without memory or room. */
char *keep_bytes(struct text_room *room, const char *bytes, size_t length);
/** What a view that could not keep a row has: GAP_PARTIAL when the room is full, GAP_NO_MEMORY. */
enum gap_status not_kept(const struct text_room *room, struct gap_error *error) GAP_MUST_CHECK;

#endif
