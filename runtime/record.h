/* SPDX-License-Identifier: MIT */
/*
 * What the walks and views share: binding a table of semantic fields, reading a member of a
 * structure whose address the guest gave, remembering the first thing that went wrong.
 */
#ifndef SEMGAP_RECORD_H
#define SEMGAP_RECORD_H

#include "runtime/fields.h"
#include "semgap/guest.h"

/** A field that a view wants, in the order of its slots. */
struct gap_wanted {
	enum gap_field_id id;
	int optional;
};

/** Binds @count wanted fields (at most 64): fields[i] answers wanted[i]. As gap_bind_fields(). */
enum gap_status gap_record_bind(const struct gap_guest *guest, const struct gap_wanted *wanted,
				size_t count, struct gap_field *fields,
				struct gap_error *error) GAP_MUST_CHECK;

/**
 * Reads a member of 1 to 8 bytes, bit-fields included, as an unsigned number. GAP_NOT_FOUND: the
 * profile does not have it, or not as a number; GAP_UNREADABLE.
 */
enum gap_status gap_record_number(struct gap_guest *guest, struct gap_vaddr base,
				  const struct gap_field *field, uint64_t *number) GAP_MUST_CHECK;
enum gap_status gap_record_pointer(struct gap_guest *guest, struct gap_vaddr base,
				   const struct gap_field *field,
				   struct gap_vaddr *pointer) GAP_MUST_CHECK;

/** Address of a member. */
static inline struct gap_vaddr gap_record_at(struct gap_vaddr base, const struct gap_field *field)
{
	struct gap_vaddr at = {base.value + field->offset_bytes};

	return at;
}

/** Notes that an answer is partial and why, unless something was noted before. Returns 0. */
int gap_note(enum gap_status *status, char *reason, size_t reason_bytes, const char *format, ...)
	GAP_PRINTF(4, 5);

/** How many objects of @object_bytes the guest's memory can hold at most, and one more. */
uint64_t gap_guest_holds(const struct gap_guest *guest, uint64_t object_bytes);

/** Whether a pointer may be followed: set, aligned to the guest's pointers, an address. NULL when
 * so, otherwise what is wrong, in words. */
const char *gap_pointer_fault(const struct gap_guest *guest, uint64_t pointer);

/** Brent's cycle detection: the mark jumps to where we are at every power of two. */
struct gap_brent {
	uint64_t mark, mark_at, steps;
};

static inline int gap_brent_looped(struct gap_brent *brent, uint64_t at)
{
	if (brent->steps && at == brent->mark)
		return 1;
	if (brent->steps++ >= brent->mark_at) {
		brent->mark = at;
		brent->mark_at = 2 * brent->steps;
	}
	return 0;
}

#endif
