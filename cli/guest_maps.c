/* SPDX-License-Identifier: MIT */
/* semgap guest maps PID: the mappings of a process. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"
#include "runtime/include/semgap/maps.h"

struct map_row {
	uint64_t start, end, offset;
	uint32_t known;
	char flags[5];
	char *path;
	size_t path_length;
};

static void drop_row(void *row)
{
	free(((struct map_row *)row)->path);
}

static bool keep_map(struct guest_rows *rows, const struct gap_map *map)
{
	struct map_row *row = guest_rows_push(rows);

	if (!row)
		return false;
	*row = (struct map_row){.start = map->start,
				.end = map->end,
				.offset = map->offset,
				.known = map->known,
				.path = keep_bytes(&rows->room, map->path.bytes, map->path.length),
				.path_length = map->path.length};
	memcpy(row->flags, map->flags, sizeof(row->flags));
	if (!row->path)
		guest_rows_pop(rows);
	return row->path != NULL;
}

static enum gap_status begin(struct guest_rows *rows, struct gap_error *error)
{
	return gap_maps_init(rows->state, rows->guest, error);
}

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	struct gap_maps *maps = rows->state;
	struct gap_task task;
	struct gap_map map;
	enum gap_status status =
		find_process(rows->guest, rows->request->operands[0], &task, error);

	if (status)
		return status == GAP_PARTIAL ? GAP_NOT_FOUND : status;
	gap_maps_begin(maps, task.mm);
	while (gap_maps_next(maps, &map))
		if (!keep_map(rows, &map))
			return guest_rows_full(rows, error);
	if (maps->status)
		gap_fail(error, maps->status, "%s", maps->reason);
	return maps->status;
}

/* ---- output ---- */

static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct map_row *row = item;

	(void)rows;
	printf("%012" PRIx64 "-%012" PRIx64 " %-4s ", row->start, row->end,
	       row->known & GAP_MAP_FLAGS ? row->flags : "?");
	if (row->known & GAP_MAP_OFFSET)
		printf("%08" PRIx64 " ", row->offset);
	else
		printf("%8s ", "?");
	if (row->known & GAP_MAP_PATH)
		out_text(row->path, row->path_length);
	else
		putchar('?');
	putchar('\n');
}

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct map_row *row = item;

	(void)rows;
	gap_json_key(json, "start");
	gap_json_hex(json, row->start);
	gap_json_key(json, "end");
	gap_json_hex(json, row->end);
	gap_json_key(json, "flags");
	if (row->known & GAP_MAP_FLAGS)
		gap_json_name(json, row->flags);
	else
		gap_json_null(json);
	out_json_hex(json, "offset", row->known & GAP_MAP_OFFSET, row->offset);
	if (row->known & GAP_MAP_PATH) {
		gap_json_key_text(json, "path", row->path, row->path_length);
	} else {
		out_json_null(json, "path");
	}
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/maps/1",
	.rows = "maps",
	.row_bytes = sizeof(struct map_row),
	.state_bytes = sizeof(struct gap_maps),
	.begin = begin,
	.collect = collect,
	.drop = drop_row,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_maps = {
	.name = "maps",
	.operands = "PID",
	.summary = "mappings of a process's address space",
	.operand_min = 1,
	.operand_max = 1,
	.rows = &rows_view,
};
