/* SPDX-License-Identifier: MIT */
/* semgap guest mounts: what is mounted, as init or another process sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"
#include "runtime/include/semgap/mounts.h"

struct mount_row {
	uint32_t known;
	char *source, *fstype, *flags, *target;
};

static void drop_row(void *item)
{
	struct mount_row *row = item;

	free(row->source);
	free(row->fstype);
	free(row->flags);
	free(row->target);
}

static bool keep_mount(struct guest_rows *rows, const struct gap_mount *mount)
{
	struct text_room *room = &rows->room;
	struct mount_row *row = guest_rows_push(rows);

	if (!row)
		return false;
	*row = (struct mount_row){
		.known = mount->known,
		.source = keep_bytes(room, mount->source, strlen(mount->source)),
		.fstype = keep_bytes(room, mount->fstype, strlen(mount->fstype)),
		.flags = keep_bytes(room, mount->flags, strlen(mount->flags)),
		.target = keep_bytes(room, mount->target.bytes, mount->target.length),
	};
	if (row->source && row->fstype && row->flags && row->target)
		return true;
	guest_rows_pop(rows);
	return false;
}

static enum gap_status begin(struct guest_rows *rows, struct gap_error *error)
{
	return gap_mounts_init(rows->state, rows->guest, error);
}

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	const struct guest_request *request = rows->request;
	struct gap_mounts *mounts = rows->state;
	struct gap_task task;
	struct gap_mount mount;
	enum gap_status status = find_process(
		rows->guest, request->operand_count ? request->operands[0] : "1", &task, error);

	if (status)
		return status == GAP_PARTIAL ? GAP_NOT_FOUND : status;
	gap_mounts_begin(mounts, task.address);
	while (gap_mounts_next(mounts, &mount))
		if (!keep_mount(rows, &mount))
			return guest_rows_full(rows, error);
	if (mounts->status)
		gap_fail(error, mounts->status, "%s", mounts->reason);
	return mounts->status;
}

/* ---- output ---- */

static void print_column(bool known, const char *text, char end)
{
	out_text(known ? text : "?", known ? strlen(text) : 1);
	putchar(end);
}

static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct mount_row *row = item;

	(void)rows;
	print_column(row->known & GAP_MOUNT_SOURCE, row->source, ' ');
	print_column(true, row->target, ' ');
	print_column(row->known & GAP_MOUNT_FSTYPE, row->fstype, ' ');
	print_column(row->known & GAP_MOUNT_FLAGS, row->flags, '\n');
}

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct mount_row *row = item;

	(void)rows;
	out_json_text(json, "source", row->known & GAP_MOUNT_SOURCE, row->source);
	out_json_text(json, "target", true, row->target);
	out_json_text(json, "fstype", row->known & GAP_MOUNT_FSTYPE, row->fstype);
	out_json_text(json, "flags", row->known & GAP_MOUNT_FLAGS, row->flags);
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/mounts/1",
	.rows = "mounts",
	.row_bytes = sizeof(struct mount_row),
	.state_bytes = sizeof(struct gap_mounts),
	.begin = begin,
	.collect = collect,
	.drop = drop_row,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_mounts = {
	.name = "mounts",
	.operands = "[PID]",
	.summary = "mounts of init's namespace, or of a process's",
	.operand_max = 1,
	.rows = &rows_view,
};
