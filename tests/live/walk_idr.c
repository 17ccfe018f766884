/* SPDX-License-Identifier: MIT */
/*
 * Walks the IDR of the first pid namespace (4.15), as a monitor would with the library's walks.
 *
 *     walk_idr PROFILE SOURCE
 *
 * A line for each entry: its index, the number in the struct pid that it leads to, and whether any
 * task is attached to that. Status 1: the walk was partial.
 */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/include/semgap/source.h"
#include "runtime/include/semgap/walks.h"

/* enum pid_type has had three or four; the first three are in every kernel. */
enum { PID_TYPES = 3 };

static const struct gap_field_request requests[] = {
	{"pid", "numbers", 0, 0},       {"upid", "nr", 0, 0},          {"pid", "tasks", 0, 0},
	{"pid_namespace", "idr", 0, 0}, {"hlist_head", "first", 0, 0},
};

static int print_pid(struct gap_guest *guest, const struct gap_field *fields, uint64_t index,
		     uint64_t entry)
{
	struct gap_vaddr number = {entry + fields[0].offset_bytes + fields[1].offset_bytes};
	uint32_t nr;
	int attached = 0;

	if (gap_guest_read_u32(guest, number, &nr))
		return 1;
	for (uint32_t type = 0; type < PID_TYPES; type++) {
		struct gap_vaddr first = {entry + fields[2].offset_bytes +
					  type * fields[4].size_bytes};

		if (gap_guest_read_pointer(guest, first, &first))
			return 1;
		attached |= first.value != 0;
	}
	printf("%" PRIu64 " %" PRIu32 " %d\n", index, nr, attached);
	return 0;
}

static int walk(struct gap_guest *guest, struct gap_error *error)
{
	struct gap_xarray_layout layout;
	struct gap_xarray walk;
	struct gap_field fields[5];
	struct gap_vaddr idr;
	uint64_t index, entry;

	if (gap_xarray_bind(&layout, guest, error) ||
	    gap_bind_fields(gap_guest_profile(guest), requests, 5, fields, error) ||
	    gap_guest_symbol(guest, "init_pid_ns", &idr, error))
		return 2;
	idr.value += fields[3].offset_bytes;
	if (gap_idr_init(&walk, guest, &layout, idr, error))
		return 2;
	while (gap_xarray_next(&walk, &index, &entry))
		if (print_pid(guest, fields, index, entry))
			return gap_fail(error, GAP_UNREADABLE, "the struct pid of %" PRIu64, index),
			       1;
	gap_fail(error, walk.status, "%s", walk.reason);
	return walk.status ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct gap_source_memory *source;
	struct gap_profile *profile;
	struct gap_guest *guest;
	struct gap_error error = {""};
	int status = 2;

	if (argc != 3)
		return fprintf(stderr, "usage: %s PROFILE SOURCE\n", argv[0]), 2;
	if (gap_profile_open(argv[1], &profile, &error) ||
	    gap_source_memory_open(argv[2], &source, &error))
		return fprintf(stderr, "walk_idr: %s\n", error.text), 2;
	if (!gap_guest_open(gap_source_memory_get(source), profile, NULL, &guest, &error)) {
		status = walk(guest, &error);
		gap_guest_close(guest);
	}
	if (status)
		fprintf(stderr, "walk_idr: %s\n", error.text);
	gap_source_memory_close(source);
	gap_profile_close(profile);
	return status;
}
