/* SPDX-License-Identifier: MIT */
/*
 * A typed value of a guest, printed as its profile says: nested structures, names of enumerators,
 * text, symbols behind pointers, lengths of lists. What cannot be read is said in its place and
 * makes the answer partial.
 */
#ifndef SEMGAP_GUEST_VALUE_H
#define SEMGAP_GUEST_VALUE_H

#include "cli/guest_out.h"
#include "runtime/include/semgap/space.h"

/** Where values are read, and what was wrong with them. */
struct value_reader {
	struct gap_guest *guest;
	struct gap_address_space *space; /* NULL: the kernel's memory */
	uint64_t values_left;            /* a guest cannot make an answer endless */
	uint64_t steps_left;             /* of all lists that are counted */
	unsigned unions; /* how many the value at hand lies in: it may mean nothing */
	enum gap_status status;
	struct gap_error error;
};

/** One value: @bit_offset counts from the byte at @address; @width_bits 0: not a bit-field. */
struct value {
	gap_type_id type;
	uint64_t address;
	uint32_t bit_offset, width_bits;
};

void value_reader_init(struct value_reader *reader, struct gap_guest *guest,
		       struct gap_address_space *space);

/** Reads memory of the kernel or of the process. */
enum gap_status value_read(struct value_reader *reader, uint64_t address, void *buffer,
			   size_t size_bytes) GAP_MUST_CHECK;
/** Reads a number, a pointer or a bit-field. GAP_INVALID: of more than 8 bytes. */
enum gap_status value_number(struct value_reader *reader, const struct value *value,
			     uint64_t *number) GAP_MUST_CHECK;

void value_print(struct value_reader *reader, const struct value *value);
void value_print_json(struct value_reader *reader, const struct value *value,
		      struct gap_json *json);

#endif
