/* SPDX-License-Identifier: MIT */
/*
 * Binding: names to numbers, once, at a monitor's start. Alternatives are tried in order;
 * everything that is missing is collected into one error.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/binding.h"
#include "runtime/names.h"

#define NAME_BYTES 256

/* The next alternative of "a|b|c" into @part; false past the last. */
static int next_alternative(const char **text, char part[NAME_BYTES])
{
	size_t length = strcspn(*text, "|");

	if (**text == '\0' || length >= NAME_BYTES)
		return 0;
	memcpy(part, *text, length);
	part[length] = '\0';
	*text += length + ((*text)[length] == '|');
	return 1;
}

int gap_type_is_signed(const struct gap_profile *profile, gap_type_id id)
{
	struct gap_type type;

	if (!gap_profile_type(profile, gap_profile_strip(profile, id), &type))
		return 0;
	return (type.kind == GAP_KIND_INT || type.kind == GAP_KIND_ENUM) &&
	       (type.flags & GAP_TYPE_SIGNED) != 0;
}

static enum gap_status find_in(const struct gap_profile *profile, gap_type_id type,
			       const char *members, struct gap_location *location,
			       struct gap_error *error)
{
	enum gap_status status = GAP_NOT_FOUND;
	char member[NAME_BYTES];

	while (next_alternative(&members, member)) {
		status = gap_profile_find_member(profile, type, member, location, error);
		if (status != GAP_NOT_FOUND)
			break;
	}
	return status;
}

enum gap_status gap_field_find(const struct gap_profile *profile,
			       const struct gap_field_request *request,
			       struct gap_location *location, struct gap_error *error)
{
	const char *types = request->type;
	enum gap_status status = gap_fail(error, GAP_NOT_FOUND, "\"%.200s.%.200s\" names no field",
					  request->type, request->member);
	char type[NAME_BYTES];

	while (next_alternative(&types, type)) {
		gap_type_id id;

		status = gap_profile_find_type(profile, type, &id, error);
		if (!status)
			status = find_in(profile, id, request->member, location, error);
		if (status != GAP_NOT_FOUND)
			break;
	}
	return status;
}

static enum gap_status bind_field(const struct gap_profile *profile,
				  const struct gap_field_request *request, struct gap_field *field,
				  struct gap_error *error)
{
	struct gap_location location;
	enum gap_status status = gap_field_find(profile, request, &location, error);

	*field = (struct gap_field){0};
	if (status == GAP_NOT_FOUND && request->optional)
		return GAP_OK;
	if (status)
		return status;
	if (location.offset_bits / 8 > UINT32_MAX || location.size_bytes > UINT32_MAX)
		return gap_fail(error, GAP_UNSUPPORTED, "%s.%s lies beyond 4 GiB", request->type,
				request->member);
	if (request->width_bytes && location.size_bytes != request->width_bytes)
		return gap_fail(error, GAP_MISMATCH, "%s.%s has %llu bytes in this kernel, not %u",
				request->type, request->member,
				(unsigned long long)location.size_bytes, request->width_bytes);
	*field = (struct gap_field){
		.offset_bytes = (uint32_t)(location.offset_bits / 8),
		.size_bytes = (uint32_t)location.size_bytes,
		.bit_offset = location.offset_bits % 8,
		.bit_width = (uint8_t)location.width_bits,
		.is_signed = (uint8_t)gap_type_is_signed(profile, location.type),
		.present = 1,
	};
	return GAP_OK;
}

static const char *kernel_of(const struct gap_profile *profile)
{
	struct gap_target target;

	gap_profile_target(profile, &target);
	return *target.release ? target.release : "(release unknown)";
}

void gap_failures_add(struct gap_failures *failures, const struct gap_profile *profile,
		      enum gap_status status, const char *text)
{
	if (!failures->status)
		gap_fail(failures->error, status, "kernel %s: ", kernel_of(profile));
	gap_fail_append(failures->error, "%s%s", failures->status ? "; " : "", text);
	if (!failures->status)
		failures->status = status;
}

enum gap_status gap_bind_fields(const struct gap_profile *profile,
				const struct gap_field_request *requests, size_t count,
				struct gap_field *fields, struct gap_error *error)
{
	struct gap_failures failures = {GAP_OK, error};
	struct gap_error one;
	struct gap_field field;

	for (size_t i = 0; i < count; i++) {
		enum gap_status status = bind_field(profile, &requests[i], &field, &one);

		if (status)
			gap_failures_add(&failures, profile, status, one.text);
	}
	/* Outputs stay untouched on failure, and nothing is allocated: so bind a second time. */
	for (size_t i = 0; !failures.status && i < count; i++)
		failures.status = bind_field(profile, &requests[i], &fields[i], &one);
	return failures.status;
}

enum gap_status gap_symbol_find(const struct gap_profile *profile, const char *names,
				struct gap_symbol *symbol, struct gap_error *error)
{
	enum gap_status status =
		gap_fail(error, GAP_NOT_FOUND, "\"%.200s\" names no symbol", names);
	char name[NAME_BYTES];

	while (next_alternative(&names, name)) {
		status = gap_profile_find_symbol(profile, name, symbol, error);
		if (status != GAP_NOT_FOUND)
			break;
	}
	return status;
}

static enum gap_status bind_symbol(const struct gap_profile *profile,
				   const struct gap_symbol_request *request,
				   struct gap_bound_symbol *bound, struct gap_error *error)
{
	struct gap_symbol symbol;
	enum gap_status status = gap_symbol_find(profile, request->name, &symbol, error);

	*bound = (struct gap_bound_symbol){0};
	if (status == GAP_NOT_FOUND && request->optional)
		return GAP_OK;
	if (!status)
		*bound = (struct gap_bound_symbol){symbol.address, 1};
	return status;
}

enum gap_status gap_bind_symbols(const struct gap_profile *profile,
				 const struct gap_symbol_request *requests, size_t count,
				 struct gap_bound_symbol *symbols, struct gap_error *error)
{
	struct gap_failures failures = {GAP_OK, error};
	struct gap_bound_symbol bound;
	struct gap_error one;

	for (size_t i = 0; i < count; i++) {
		enum gap_status status = bind_symbol(profile, &requests[i], &bound, &one);

		if (status)
			gap_failures_add(&failures, profile, status, one.text);
	}
	for (size_t i = 0; !failures.status && i < count; i++)
		failures.status = bind_symbol(profile, &requests[i], &symbols[i], &one);
	return failures.status;
}
