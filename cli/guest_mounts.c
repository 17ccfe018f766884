/* SPDX-License-Identifier: MIT */
/* semgap guest mounts: what is mounted, as init or another process sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_out.h"
#include "cli/guest_process.h"
#include "profile/vector.h"
#include "runtime/include/semgap/mounts.h"

struct mount_row {
	uint32_t known;
	char *source, *fstype, *flags, *target;
};

GAP_VECTOR(mount_rows, struct mount_row);

static void free_row(struct mount_row *row)
{
	free(row->source);
	free(row->fstype);
	free(row->flags);
	free(row->target);
}

static void mount_rows_clear(struct mount_rows *rows)
{
	while (rows->count)
		free_row(&rows->items[--rows->count]);
}

static bool keep_mount(struct mount_rows *rows, const struct gap_mount *mount,
		       struct text_room *room)
{
	struct mount_row row = {
		.known = mount->known,
		.source = keep_bytes(room, mount->source, strlen(mount->source)),
		.fstype = keep_bytes(room, mount->fstype, strlen(mount->fstype)),
		.flags = keep_bytes(room, mount->flags, strlen(mount->flags)),
		.target = keep_bytes(room, mount->target.bytes, mount->target.length),
	};
	bool whole = row.source && row.fstype && row.flags && row.target;
	struct mount_row *kept = whole ? mount_rows_push(rows) : NULL;

	if (kept)
		*kept = row;
	else
		free_row(&row);
	return kept != NULL;
}

static enum gap_status collect_once(struct gap_mounts *mounts, struct gap_guest *guest,
				    const char *pid, struct mount_rows *rows,
				    struct gap_error *error)
{
	struct text_room room = {.left_bytes = TEXT_ROOM_BYTES};
	struct gap_task task;
	struct gap_mount mount;
	enum gap_status status = find_process(guest, pid, &task, error);

	if (status)
		return status == GAP_PARTIAL ? GAP_NOT_FOUND : status;
	gap_mounts_begin(mounts, task.address);
	while (gap_mounts_next(mounts, &mount))
		if (!keep_mount(rows, &mount, &room))
			return not_kept(&room, error);
	if (mounts->status)
		gap_fail(error, mounts->status, "%s", mounts->reason);
	return mounts->status;
}

static enum gap_status collect(struct gap_guest *guest, const char *pid, struct mount_rows *rows,
			       struct gap_error *error)
{
	struct gap_mounts mounts;
	enum gap_status status = gap_mounts_init(&mounts, guest, error);

	if (status)
		return status;
	status = GAP_PARTIAL;
	for (int i = 0; i < OUT_ATTEMPTS && status == GAP_PARTIAL; i++) {
		mount_rows_clear(rows);
		status = collect_once(&mounts, guest, pid, rows, error);
	}
	return status;
}

/* ---- output ---- */

static void print_column(bool known, const char *text, char end)
{
	out_text(known ? text : "?", known ? strlen(text) : 1);
	putchar(end);
}

static void print_table(const struct mount_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct mount_row *row = &rows->items[i];

		print_column(row->known & GAP_MOUNT_SOURCE, row->source, ' ');
		print_column(true, row->target, ' ');
		print_column(row->known & GAP_MOUNT_FSTYPE, row->fstype, ' ');
		print_column(row->known & GAP_MOUNT_FLAGS, row->flags, '\n');
	}
}

static void print_json(const struct mount_rows *rows, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	out_json_begin(&json, "semgap/mounts/1", status, error, "mounts");
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct mount_row *row = &rows->items[i];

		gap_json_line(&json);
		gap_json_open(&json, '{');
		out_json_text(&json, "source", row->known & GAP_MOUNT_SOURCE, row->source);
		out_json_text(&json, "target", true, row->target);
		out_json_text(&json, "fstype", row->known & GAP_MOUNT_FSTYPE, row->fstype);
		out_json_text(&json, "flags", row->known & GAP_MOUNT_FLAGS, row->flags);
		gap_json_close(&json, '}');
	}
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	const char *pid = request->operand_count ? request->operands[0] : "1";
	struct mount_rows rows = {0};
	struct gap_error error = {{0}};
	enum gap_status status = collect(guest, pid, &rows, &error);
	int result;

	if (status && status != GAP_PARTIAL) {
		result = say_failure(status, &error);
	} else {
		if (request->json)
			print_json(&rows, status, &error);
		else
			print_table(&rows);
		result = out_finish(status, &error);
	}
	mount_rows_clear(&rows);
	free(rows.items);
	return result;
}

const struct guest_view guest_view_mounts = {
	.name = "mounts",
	.operands = "[PID]",
	.summary = "mounts of init's namespace, or of a process's",
	.operand_max = 1,
	.run = run,
};
