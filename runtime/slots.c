/* SPDX-License-Identifier: MIT */
/*
 * Binding a monitor's table: each want of its plan to a slot, and whether what the kernel has there is
 * what the monitor's declarations say. Reading through the table is monitor.c's and monitor_steps.h's.
 */
#include <stdio.h>

#include "runtime/binding.h"
#include "semgap/plan.h"

static const struct gap_slot absent = {.value = GAP_SLOT_ABSENT};

/* ---- fields ---- */

static int is_number(enum gap_kind kind)
{
	return kind == GAP_KIND_INT || kind == GAP_KIND_ENUM || kind == GAP_KIND_POINTER ||
	       kind == GAP_KIND_FLOAT;
}

/* What the kernel's member must be to be read as declared. Inference does not know all kinds. */
static int form_fits(const struct gap_want *want, const struct gap_type *type)
{
	if (type->kind == GAP_KIND_UNKNOWN)
		return 1;
	switch (want->form) {
	case GAP_FORM_INT:
	case GAP_FORM_WORD:
	case GAP_FORM_POINTER:
	case GAP_FORM_BITS:
		return is_number(type->kind);
	case GAP_FORM_STRUCT:
		return type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION;
	case GAP_FORM_ARRAY:
		return type->kind == GAP_KIND_ARRAY;
	default:
		return 1;
	}
}

static const char *form_name(uint8_t form)
{
	static const char *const names[] = {
		"anything",    "an integer", "an integer",  "a pointer",
		"a structure", "an array",   "a bit-field",
	};

	return names[form];
}

static enum gap_status misfit(const struct gap_want *want, const char *text,
			      struct gap_error *error)
{
	return gap_fail(error, GAP_MISMATCH, "%.100s: %.200s.%.200s %s", want->use, want->name,
			want->member, text);
}

static enum gap_status check_bits(const struct gap_want *want, const struct gap_location *location,
				  struct gap_error *error)
{
	char text[128];

	if (want->flags & GAP_WANT_WIDEN && location->width_bits <= 64)
		return GAP_OK;
	if (want->form == GAP_FORM_BITS && location->width_bits == want->width)
		return GAP_OK;
	if (location->width_bits)
		snprintf(text, sizeof(text), "is a bit-field of %u bits in this kernel",
			 location->width_bits);
	else
		snprintf(text, sizeof(text),
			 "is no bit-field in this kernel (GAP_WIDEN reads either)");
	return misfit(want, text, error);
}

static enum gap_status check_width(const struct gap_want *want, uint64_t size_bytes,
				   uint64_t expected, struct gap_error *error)
{
	char text[128];

	if (size_bytes == expected ||
	    (want->flags & GAP_WANT_WIDEN && size_bytes > 0 && size_bytes <= want->size_bytes))
		return GAP_OK;
	snprintf(text, sizeof(text), "has %llu bytes in this kernel, not %llu%s",
		 (unsigned long long)size_bytes, (unsigned long long)expected,
		 size_bytes < expected ? " (GAP_WIDEN reads what is narrower)" : "");
	return misfit(want, text, error);
}

static enum gap_status check_array(const struct gap_profile *profile, const struct gap_want *want,
				   const struct gap_type *type, struct gap_error *error)
{
	struct gap_type element = {.kind = GAP_KIND_UNKNOWN};
	char text[128];

	if (type->kind != GAP_KIND_ARRAY)
		return GAP_OK;
	gap_profile_type(profile, gap_profile_strip(profile, type->ref), &element);
	if (want->size_bytes && element.kind != GAP_KIND_UNKNOWN &&
	    element.size_bytes != want->size_bytes) {
		snprintf(text, sizeof(text), "has elements of %llu bytes in this kernel, not %u",
			 (unsigned long long)element.size_bytes, want->size_bytes);
		return misfit(want, text, error);
	}
	if (!(want->flags & GAP_WANT_WHOLE) || type->count == want->count)
		return GAP_OK;
	snprintf(text, sizeof(text), "has %u elements in this kernel, not %u", type->count,
		 want->count);
	return misfit(want, text, error);
}

static enum gap_status check_field(const struct gap_profile *profile, const struct gap_want *want,
				   const struct gap_location *location, struct gap_error *error)
{
	struct gap_type type = {.kind = GAP_KIND_UNKNOWN};
	struct gap_target target;
	char text[128];

	gap_profile_target(profile, &target);
	gap_profile_type(profile, gap_profile_strip(profile, location->type), &type);
	if (!form_fits(want, &type)) {
		snprintf(text, sizeof(text), "is declared as %s, and is a %s in this kernel",
			 form_name(want->form), gap_kind_name(type.kind));
		return misfit(want, text, error);
	}
	if (want->form != GAP_FORM_ANY && (location->width_bits || want->form == GAP_FORM_BITS))
		return check_bits(want, location, error);
	switch (want->form) {
	case GAP_FORM_INT:
		return check_width(want, location->size_bytes, want->size_bytes, error);
	case GAP_FORM_WORD:
	case GAP_FORM_POINTER:
		return check_width(want, location->size_bytes, target.pointer_bytes, error);
	case GAP_FORM_ARRAY:
		return check_array(profile, want, &type, error);
	default:
		return GAP_OK;
	}
}

/* A structure without a name is known by the member that it is; its own members count from there. */
static enum gap_status move_to_base(const struct gap_profile *profile, const struct gap_want *want,
				    struct gap_location *location, struct gap_error *error)
{
	struct gap_location base;
	enum gap_status status = gap_field_find(
		profile, &(struct gap_field_request){want->name, want->base, 0, 0}, &base, error);

	if (status)
		return status;
	if (base.offset_bits > location->offset_bits)
		return gap_fail(error, GAP_MISMATCH, "%.100s: %.200s.%.200s lies before %.200s",
				want->use, want->name, want->member, want->base);
	location->offset_bits -= base.offset_bits;
	return GAP_OK;
}

static enum gap_status find_field(const struct gap_profile *profile, const struct gap_want *want,
				  struct gap_slot *slot, struct gap_error *error)
{
	struct gap_location location;
	enum gap_status status =
		gap_field_find(profile, &(struct gap_field_request){want->name, want->member, 0, 0},
			       &location, error);

	if (!status)
		status = check_field(profile, want, &location, error);
	if (!status && want->base)
		status = move_to_base(profile, want, &location, error);
	if (status)
		return status;
	*slot = (struct gap_slot){
		.value = location.offset_bits / 8,
		.size_bytes = (uint32_t)location.size_bytes,
		.shift = location.offset_bits % 8,
		.width = (uint8_t)location.width_bits,
		.is_signed = (uint8_t)gap_type_is_signed(profile, location.type),
		.present = 1,
	};
	return GAP_OK;
}

/* ---- the other kinds ---- */

static enum gap_status find_symbol(const struct gap_profile *profile, const struct gap_want *want,
				   struct gap_slot *slot, struct gap_error *error)
{
	int wanted = (want->flags & GAP_WANT_PERCPU) != 0, percpu;
	struct gap_symbol symbol;
	enum gap_status status = gap_symbol_find(profile, want->name, &symbol, error);

	if (status)
		return status;
	percpu = (symbol.flags & GAP_SYMBOL_PERCPU) != 0;
	if (want->form != GAP_FORM_ANY && percpu != wanted)
		return gap_fail(error, GAP_MISMATCH, "%.100s: %.200s is %s in this kernel",
				want->use, want->name,
				percpu ? "per CPU (GAP_PERCPU)" : "not per CPU (GAP_SYMBOL)");
	*slot = (struct gap_slot){
		.value = symbol.address,
		.size_bytes =
			symbol.size_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)symbol.size_bytes,
		.present = 1,
	};
	return GAP_OK;
}

static enum gap_status find_enumerator(const struct gap_profile *profile,
				       const struct gap_want *want, struct gap_slot *slot,
				       struct gap_error *error)
{
	struct gap_enumerator enumerator;
	uint32_t row = 0;
	enum gap_status status = gap_profile_find_enumerator(profile, want->name, &row, error);

	if (status)
		return status;
	gap_profile_enumerator(profile, row, &enumerator);
	*slot = (struct gap_slot){.value = enumerator.value, .size_bytes = 8, .present = 1};
	return GAP_OK;
}

static enum gap_status find_type(const struct gap_profile *profile, const struct gap_want *want,
				 struct gap_slot *slot, struct gap_error *error)
{
	struct gap_type type;
	gap_type_id id;
	enum gap_status status = gap_profile_find_type(profile, want->name, &id, error);

	if (status)
		return status;
	gap_profile_type(profile, gap_profile_strip(profile, id), &type);
	if (type.flags & (GAP_TYPE_INCOMPLETE | GAP_TYPE_SIZE_UNKNOWN))
		return gap_fail(error, GAP_NOT_FOUND, "the size of %.200s is not known",
				want->name);
	*slot = (struct gap_slot){.value = type.size_bytes, .size_bytes = 8, .present = 1};
	return GAP_OK;
}

/* ---- the table ---- */

static enum gap_status find_want(const struct gap_profile *profile, const struct gap_want *want,
				 struct gap_slot *slot, struct gap_error *error)
{
	switch (want->kind) {
	case GAP_WANT_FIELD:
		return find_field(profile, want, slot, error);
	case GAP_WANT_SYMBOL:
		return find_symbol(profile, want, slot, error);
	case GAP_WANT_ENUMERATOR:
		return find_enumerator(profile, want, slot, error);
	case GAP_WANT_TYPE:
		return find_type(profile, want, slot, error);
	default:
		return gap_fail(error, GAP_UNSUPPORTED,
				"%.100s: the generated header is newer than this libsemgap",
				want->use);
	}
}

static enum gap_status bind_want(const struct gap_profile *profile, const struct gap_want *want,
				 struct gap_slot *slot, struct gap_error *error)
{
	struct gap_error why;
	enum gap_status status = find_want(profile, want, slot, &why);

	if (status == GAP_NOT_FOUND && want->flags & GAP_WANT_OPTIONAL) {
		*slot = absent;
		return GAP_OK;
	}
	if (status == GAP_NOT_FOUND || status == GAP_AMBIGUOUS)
		return gap_fail(error, status, "%.100s: %.200s%s%.200s is required: %.400s",
				want->use, want->name, want->member ? "." : "",
				want->member ? want->member : "", why.text);
	return status ? gap_fail(error, status, "%s", why.text) : GAP_OK;
}

enum gap_status gap_bind_slots(const struct gap_profile *profile, const struct gap_plan *plan,
			       struct gap_slot *slots, struct gap_error *error)
{
	struct gap_failures failures = {GAP_OK, error};
	struct gap_error one;
	struct gap_slot slot;

	for (uint32_t i = 0; i < plan->count; i++) {
		enum gap_status status = bind_want(profile, &plan->wants[i], &slot, &one);

		if (status)
			gap_failures_add(&failures, profile, status, one.text);
	}
	/* As in bind.c: outputs stay untouched on failure, and nothing is allocated. */
	for (uint32_t i = 0; !failures.status && i < plan->count; i++)
		failures.status = bind_want(profile, &plan->wants[i], &slots[i], &one);
	return failures.status;
}
