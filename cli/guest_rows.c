/* SPDX-License-Identifier: MIT */
/* Running views that are lists of rows. What a row is, and where it comes from, is the views' business. */
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"

static void drop_all(struct guest_rows *rows)
{
	for (size_t i = 0; rows->view->drop && i < rows->count; i++)
		rows->view->drop(rows->items + i * rows->view->row_bytes);
	rows->count = 0;
}

static bool grow(struct guest_rows *rows)
{
	size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
	unsigned char *items = realloc(rows->items, capacity * rows->view->row_bytes);

	if (!items)
		return false;
	rows->items = items;
	rows->capacity = capacity;
	return true;
}

void *guest_rows_push(struct guest_rows *rows)
{
	size_t row_bytes = rows->view->row_bytes;
	unsigned char *row;

	rows->room.full = rows->room.full || rows->count >= ROWS_BYTES_MAX / row_bytes;
	if (rows->room.full || (rows->count == rows->capacity && !grow(rows)))
		return NULL;
	row = rows->items + rows->count++ * row_bytes;
	memset(row, 0, row_bytes);
	return row;
}

void guest_rows_pop(struct guest_rows *rows)
{
	rows->count--;
	if (rows->view->drop)
		rows->view->drop(rows->items + rows->count * rows->view->row_bytes);
}

enum gap_status guest_rows_full(const struct guest_rows *rows, struct gap_error *error)
{
	return not_kept(&rows->room, error);
}

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	enum gap_status status = rows->view->begin ? rows->view->begin(rows, error) : GAP_OK;

	if (status)
		return status;
	status = GAP_PARTIAL;
	for (int i = 0; i < OUT_ATTEMPTS && status == GAP_PARTIAL; i++) {
		drop_all(rows);
		rows->room = (struct text_room){.left_bytes = TEXT_ROOM_BYTES};
		status = rows->view->collect(rows, error);
	}
	return status;
}

static void print_table(const struct guest_rows *rows)
{
	if (rows->view->print_heading)
		rows->view->print_heading();
	for (size_t i = 0; i < rows->count; i++)
		rows->view->print_row(rows, rows->items + i * rows->view->row_bytes);
}

static void print_json(const struct guest_rows *rows, enum gap_status status,
		       const struct gap_error *error)
{
	struct gap_json json;

	out_json_begin(&json, rows->view->schema, status, error, rows->view->rows);
	for (size_t i = 0; i < rows->count; i++) {
		gap_json_line(&json);
		gap_json_open(&json, '{');
		rows->view->json_row(&json, rows, rows->items + i * rows->view->row_bytes);
		gap_json_close(&json, '}');
	}
	json_end(&json);
}

static int show(struct guest_rows *rows)
{
	struct gap_error error = {{0}};
	enum gap_status status = collect(rows, &error);

	if (status && status != GAP_PARTIAL)
		return say_failure(status, &error);
	if (rows->request->json)
		print_json(rows, status, &error);
	else
		print_table(rows);
	return out_finish(status, &error);
}

int guest_rows_run(const struct guest_rows_view *view, struct gap_guest *guest,
		   const struct guest_request *request)
{
	struct guest_rows rows = {.guest = guest, .request = request, .view = view};
	int result;

	rows.state = view->state_bytes ? calloc(1, view->state_bytes) : NULL;
	if (view->state_bytes && !rows.state) {
		say("out of memory");
		return EXIT_UNUSABLE;
	}
	result = show(&rows);
	drop_all(&rows);
	if (view->end)
		view->end(&rows);
	free(rows.items);
	free(rows.state);
	return result;
}
