/* SPDX-License-Identifier: MIT */
/*
 * A view that is a list of rows: a table of functions, run here. A walk that ended early is tried again
 * a few times, as a running guest changes under it; then the rows are printed, as a table or as JSON,
 * and the exit status says whether they are all.
 */
#ifndef SEMGAP_GUEST_ROWS_H
#define SEMGAP_GUEST_ROWS_H

#include "cli/guest_out.h"
#include "cli/guest_process.h"

/** What a view has collected. */
struct guest_rows {
	struct gap_guest *guest;
	const struct guest_request *request;
	const struct guest_rows_view *view;
	void *state; /* the view's own, zeroed at first: its iterator and the like */
	unsigned char *items;
	size_t count, capacity;
	struct text_room room; /* for the texts of rows, full anew with every walk */
};

struct guest_rows_view {
	const char *schema, *rows; /* of the JSON: "semgap/ps/1", "processes" */
	size_t row_bytes, state_bytes;
	/** Binds what the walks need. May be NULL. */
	enum gap_status (*begin)(struct guest_rows *rows, struct gap_error *error);
	/** Walks once, and pushes a row for each. GAP_PARTIAL: there are rows all the same. */
	enum gap_status (*collect)(struct guest_rows *rows, struct gap_error *error);
	/** Frees what a row holds. NULL: nothing. */
	void (*drop)(void *row);
	/** Frees what the state holds. NULL: nothing. */
	void (*end)(struct guest_rows *rows);
	/** The table's heading. NULL: it has none. */
	void (*print_heading)(void);
	void (*print_row)(const struct guest_rows *rows, const void *row);
	/** The members of the row's object. */
	void (*json_row)(struct gap_json *json, const struct guest_rows *rows, const void *row);
};

/** Room for one more row, zeroed, which is among them from now on. NULL: as guest_rows_full(). */
void *guest_rows_push(struct guest_rows *rows);
/** Takes back the last row, which could not be made whole. */
void guest_rows_pop(struct guest_rows *rows);
/** What a walk ends with that could not keep a row or a text of it: GAP_PARTIAL or GAP_NO_MEMORY. */
enum gap_status guest_rows_full(const struct guest_rows *rows,
				struct gap_error *error) GAP_MUST_CHECK;

/** Runs the view and returns its exit status. */
int guest_rows_run(const struct guest_rows_view *view, struct gap_guest *guest,
		   const struct guest_request *request);

#endif
