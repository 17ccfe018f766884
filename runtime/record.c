/* SPDX-License-Identifier: MIT */
/*
 * Members of structures at addresses that a guest gave, for the walks and views. Whether what was
 * read makes sense is left to them.
 */
#include <stdarg.h>
#include <stdio.h>

#include "runtime/record.h"
#include "runtime/translate.h"

#define WANTED_MAX 64

enum gap_status gap_record_bind(const struct gap_guest *guest, const struct gap_wanted *wanted,
				size_t count, struct gap_field *fields, struct gap_error *error)
{
	struct gap_field_request requests[WANTED_MAX];

	if (count > WANTED_MAX)
		return gap_fail(error, GAP_INVALID, "%zu fields at once are too many", count);
	for (size_t i = 0; i < count; i++)
		requests[i] = gap_field_request_of(wanted[i].id, wanted[i].optional);
	return gap_bind_fields(guest->profile, requests, count, fields, error);
}

enum gap_status gap_record_number(struct gap_guest *guest, struct gap_vaddr base,
				  const struct gap_field *field, uint64_t *number)
{
	uint64_t value = 0; /* hosts are little-endian (format.h), and so are the guests we read */
	size_t size_bytes = field->size_bytes;
	enum gap_status status;

	if (field->bit_width)
		size_bytes = (field->bit_offset + field->bit_width + 7u) / 8;
	if (!field->present || !size_bytes || size_bytes > sizeof(value))
		return GAP_NOT_FOUND;
	status = gap_guest_read(guest, gap_record_at(base, field), &value, size_bytes);
	if (status)
		return status;
	if (field->bit_width)
		value = value >> field->bit_offset & (UINT64_MAX >> (64 - field->bit_width));
	*number = value;
	return GAP_OK;
}

enum gap_status gap_record_pointer(struct gap_guest *guest, struct gap_vaddr base,
				   const struct gap_field *field, struct gap_vaddr *pointer)
{
	if (!field->present)
		return GAP_NOT_FOUND;
	return gap_guest_read_pointer(guest, gap_record_at(base, field), pointer);
}

int gap_note(enum gap_status *status, char *reason, size_t reason_bytes, const char *format, ...)
{
	va_list arguments;

	if (*status)
		return 0;
	*status = GAP_PARTIAL;
	va_start(arguments, format);
	vsnprintf(reason, reason_bytes, format, arguments);
	va_end(arguments);
	return 0;
}

uint64_t gap_guest_holds(const struct gap_guest *guest, uint64_t object_bytes)
{
	uint64_t total = 0;

	for (size_t i = 0; i < guest->memory->range_count; i++)
		total += guest->memory->ranges[i].size_bytes;
	return total / object_bytes + 1;
}

const char *gap_pointer_fault(const struct gap_guest *guest, uint64_t pointer)
{
	if (pointer == 0)
		return "null";
	if (pointer % guest->arch->pointer_bytes)
		return "misaligned";
	if (!guest->arch->is_canonical(&guest->space, pointer))
		return "not an address";
	return NULL;
}
