/* SPDX-License-Identifier: MIT */
/* semgap guest maps PID: the mappings of a process. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_out.h"
#include "cli/guest_process.h"
#include "profile/vector.h"
#include "runtime/include/semgap/maps.h"

struct map_row {
	uint64_t start, end, offset;
	uint32_t known;
	char flags[5];
	char *path;
	size_t path_length;
};

GAP_VECTOR(map_rows, struct map_row);

static void map_rows_clear(struct map_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++)
		free(rows->items[i].path);
	rows->count = 0;
}

static bool keep_map(struct map_rows *rows, const struct gap_map *map, struct text_room *room)
{
	char *path = keep_bytes(room, map->path.bytes, map->path.length);
	struct map_row *row = path ? map_rows_push(rows) : NULL;

	if (!row) {
		free(path);
		return false;
	}
	*row = (struct map_row){.start = map->start,
				.end = map->end,
				.offset = map->offset,
				.known = map->known,
				.path = path,
				.path_length = map->path.length};
	memcpy(row->flags, map->flags, sizeof(row->flags));
	return true;
}

static enum gap_status collect_once(struct gap_maps *maps, struct gap_guest *guest, const char *pid,
				    struct map_rows *rows, struct gap_error *error)
{
	struct text_room room = {.left_bytes = TEXT_ROOM_BYTES};
	struct gap_task task;
	struct gap_map map;
	enum gap_status status = find_process(guest, pid, &task, error);

	if (status)
		return status == GAP_PARTIAL ? GAP_NOT_FOUND : status;
	gap_maps_begin(maps, task.mm);
	while (gap_maps_next(maps, &map))
		if (!keep_map(rows, &map, &room))
			return not_kept(&room, error);
	if (maps->status)
		gap_fail(error, maps->status, "%s", maps->reason);
	return maps->status;
}

static enum gap_status collect(struct gap_guest *guest, const char *pid, struct map_rows *rows,
			       struct gap_error *error)
{
	struct gap_maps maps;
	enum gap_status status = gap_maps_init(&maps, guest, error);

	if (status)
		return status;
	status = GAP_PARTIAL;
	for (int i = 0; i < OUT_ATTEMPTS && status == GAP_PARTIAL; i++) {
		map_rows_clear(rows);
		status = collect_once(&maps, guest, pid, rows, error);
	}
	return status;
}

/* ---- output ---- */

static void print_table(const struct map_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct map_row *row = &rows->items[i];

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
}

static void json_row(struct gap_json *json, const struct map_row *row)
{
	gap_json_line(json);
	gap_json_open(json, '{');
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
		gap_json_key(json, "path");
		gap_json_null(json);
	}
	gap_json_close(json, '}');
}

static void print_json(const struct map_rows *rows, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	out_json_begin(&json, "semgap/maps/1", status, error, "maps");
	for (uint32_t i = 0; i < rows->count; i++)
		json_row(&json, &rows->items[i]);
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct map_rows rows = {0};
	struct gap_error error = {{0}};
	enum gap_status status = collect(guest, request->operands[0], &rows, &error);
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
	map_rows_clear(&rows);
	free(rows.items);
	return result;
}

const struct guest_view guest_view_maps = {
	.name = "maps",
	.operands = "PID",
	.summary = "mappings of a process's address space",
	.operand_min = 1,
	.operand_max = 1,
	.run = run,
};
