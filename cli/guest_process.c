/* SPDX-License-Identifier: MIT */
/* One process of a guest, by its pid, and the texts that views of processes print. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_out.h"
#include "cli/guest_place.h"
#include "cli/guest_process.h"

static enum gap_status find_once(struct gap_guest *guest, int32_t pid, struct gap_task *task,
				 struct gap_error *error)
{
	struct gap_tasks tasks;
	struct gap_task at;
	enum gap_status status = gap_tasks_init(&tasks, guest, error);

	if (status)
		return status;
	while (gap_tasks_next(&tasks, &at))
		if (at.pid == pid) {
			*task = at;
			return GAP_OK;
		}
	/* A thread that leads none has all that its process has, as /proc/TID shows. */
	if (!place_find_task(guest, (uint64_t)pid, task, NULL))
		return GAP_OK;
	return gap_fail(error, tasks.status ? tasks.status : GAP_NOT_FOUND,
			"the guest has no process %d%s%s%s", pid,
			tasks.status ? ", but its list is partial (" : "",
			tasks.status ? tasks.reason : "", tasks.status ? ")" : "");
}

enum gap_status find_process(struct gap_guest *guest, const char *text, struct gap_task *task,
			     struct gap_error *error)
{
	enum gap_status status = GAP_PARTIAL;
	uint64_t pid;

	if (!guest_parse_number(text, &pid) || pid == 0 || pid > INT32_MAX)
		return gap_fail(error, GAP_INVALID, "\"%s\" is no pid", text);
	for (int i = 0; i < OUT_ATTEMPTS && status == GAP_PARTIAL; i++)
		status = find_once(guest, (int32_t)pid, task, error);
	return status;
}

#define ROW_BYTES 128 /* what goes with a text */

char *keep_bytes(struct text_room *room, const char *bytes, size_t length)
{
	char *kept;

	room->full = room->full || room->left_bytes < length + ROW_BYTES;
	kept = room->full ? NULL : malloc(length + 1);
	if (!kept)
		return NULL;
	room->left_bytes -= length + ROW_BYTES;
	memcpy(kept, bytes, length);
	kept[length] = '\0';
	return kept;
}

enum gap_status not_kept(const struct text_room *room, struct gap_error *error)
{
	if (!room->full)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	return gap_fail(error, GAP_PARTIAL, "the answer was cut: it takes more than %zu MiB",
			TEXT_ROOM_BYTES >> 20);
}
