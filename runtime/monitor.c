/* SPDX-License-Identifier: MIT */
/*
 * Monitors: opening one for a guest, and what its macros do when a page is not at hand or a read needs
 * more than one load. Failures are remembered, the first one in words, and answer 0.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/translate.h"
#include "semgap/monitor_steps.h"

/* ---- opening ---- */

static void digits_write(const struct gap_target *target, char *text, size_t capacity)
{
	text[0] = '\0';
	for (size_t i = 0; i < target->build_id_bytes && 2 * i + 2 < capacity; i++)
		snprintf(text + 2 * i, capacity - 2 * i, "%02x", target->build_id[i]);
}

/* The numbers of a header that was made for one build are good for that build. */
static enum gap_status take_constants(const struct gap_profile *profile,
				      const struct gap_plan *plan, struct gap_slot *slots,
				      struct gap_error *error)
{
	struct gap_target target;
	char id[2 * 64 + 1];

	gap_profile_target(profile, &target);
	digits_write(&target, id, sizeof(id));
	if (strcmp(id, plan->build_id) != 0)
		return gap_fail(error, GAP_MISMATCH,
				"the monitor was compiled for the kernel with build-id %.130s, and "
				"kernel %.200s has %.130s (emit --bind table serves all)",
				*plan->build_id ? plan->build_id : "(unknown)", target.release,
				*id ? id : "(unknown)");
	memcpy(slots, plan->constants, plan->count * sizeof(*slots));
	return GAP_OK;
}

/* As gap_guest_symbol(): what lies outside the image does not move with it. */
static void slide_symbols(const struct gap_guest *guest, const struct gap_plan *plan,
			  struct gap_slot *slots)
{
	for (uint32_t i = 0; i < plan->count; i++)
		if (plan->wants[i].kind == GAP_WANT_SYMBOL && slots[i].present &&
		    !(plan->wants[i].flags & GAP_WANT_PERCPU) &&
		    slots[i].value - guest->image.start < guest->image.size_bytes)
			slots[i].value += guest->info.virtual_slide;
}

enum gap_status gap_monitor_open(struct gap_guest *guest, const struct gap_plan *plan,
				 struct gap_monitor **monitor, struct gap_error *error)
{
	const struct gap_profile *profile = guest->profile;
	struct gap_monitor *opened;
	enum gap_status status;

	opened = calloc(1, sizeof(*opened) + plan->count * sizeof(*opened->slots));
	if (!opened)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = plan->constants ? take_constants(profile, plan, opened->slots, error)
				 : gap_bind_slots(profile, plan, opened->slots, error);
	if (status) {
		free(opened);
		return status;
	}
	slide_symbols(guest, plan, opened->slots);
	opened->guest = guest;
	opened->plan = plan;
	opened->pointer_bytes = (uint8_t)guest->arch->pointer_bytes;
	*monitor = opened;
	return GAP_OK;
}

void gap_monitor_close(struct gap_monitor *monitor)
{
	free(monitor);
}

void gap_monitor_begin(struct gap_monitor *monitor)
{
	gap_guest_refresh(monitor->guest);
	monitor->failures = 0;
	monitor->status = GAP_OK;
	monitor->error.text[0] = '\0';
}

enum gap_status gap_monitor_end(const struct gap_monitor *monitor, struct gap_error *error)
{
	if (monitor->status && error)
		*error = monitor->error;
	return monitor->status;
}

/* ---- failures ---- */

static enum gap_status GAP_PRINTF(3, 4)
	note(struct gap_monitor *monitor, enum gap_status status, const char *format, ...)
{
	va_list arguments;

	if (monitor->failures++ > 0)
		return status;
	monitor->status = status;
	va_start(arguments, format);
	vsnprintf(monitor->error.text, sizeof(monitor->error.text), format, arguments);
	va_end(arguments);
	return status;
}

/* The want that a slot belongs to; NULL when it is none of the table's. */
static const struct gap_want *want_of(const struct gap_monitor *monitor,
				      const struct gap_slot *slot)
{
	const struct gap_slot *table =
		monitor->plan->constants ? monitor->plan->constants : monitor->slots;

	for (uint32_t i = 0; slot && i < monitor->plan->count; i++)
		if (slot == &table[i])
			return &monitor->plan->wants[i];
	return NULL;
}

static enum gap_status note_slot(struct gap_monitor *monitor, const struct gap_slot *slot,
				 uint64_t address, enum gap_status status, const char *words)
{
	const struct gap_want *want = want_of(monitor, slot);

	if (want && !slot->present)
		return note(monitor, GAP_NOT_FOUND, "%s: %s.%s is not in this kernel", want->use,
			    want->name, want->member ? want->member : "");
	if (want)
		return note(monitor, status, "%s: %s.%s at 0x%" PRIx64 " %s", want->use, want->name,
			    want->member ? want->member : "", address, words);
	return note(monitor, status, "memory at 0x%" PRIx64 " %s", address, words);
}

/* ---- reads ---- */

uint64_t gap_monitor_missed(struct gap_monitor *monitor, const struct gap_slot *slot,
			    uint64_t address, uint32_t size_bytes)
{
	enum gap_status status;
	uint64_t value = 0;

	status = gap_guest_read(monitor->guest, (struct gap_vaddr){address}, &value, size_bytes);
	if (status == GAP_OK)
		return value;
	note_slot(monitor, slot, address, status, "cannot be read");
	return 0;
}

static uint64_t extend(uint64_t value, unsigned width, int is_signed)
{
	uint64_t sign = UINT64_C(1) << (width - 1);

	if (width < 64)
		value &= (sign << 1) - 1;
	return is_signed ? (value ^ sign) - sign : value;
}

uint64_t gap_monitor_widen(struct gap_monitor *monitor, const struct gap_slot *slot,
			   uint64_t object)
{
	unsigned width = slot->width ? slot->width : slot->size_bytes * 8;
	unsigned size_bytes = (slot->shift + width + 7) / 8;
	uint64_t address = object + slot->value, value;

	if (!slot->present || width == 0 || width > 64) {
		note_slot(monitor, slot, address, GAP_UNSUPPORTED, "is wider than 64 bits");
		return 0;
	}
	if (size_bytes <= 8)
		value = gap_monitor_missed(monitor, slot, address, size_bytes) >> slot->shift;
	else
		value = gap_monitor_missed(monitor, slot, address, 8) >> slot->shift |
			gap_monitor_missed(monitor, slot, address + 8, 1) << (64 - slot->shift);
	return extend(value, width, slot->is_signed);
}

enum gap_status gap_monitor_copy(struct gap_monitor *monitor, const struct gap_slot *slot,
				 uint64_t object, void *buffer, size_t size_bytes)
{
	uint64_t address = object + slot->value;
	enum gap_status status;

	memset(buffer, 0, size_bytes);
	if (slot->present && slot->size_bytes != size_bytes)
		return note_slot(monitor, slot, address, GAP_MISMATCH, "is of another size");
	status = gap_guest_read(monitor->guest, (struct gap_vaddr){address}, buffer, size_bytes);
	if (status == GAP_OK)
		return status;
	memset(buffer, 0, size_bytes);
	return note_slot(monitor, slot, address, status, "cannot be read");
}

/* An array may be full to its last byte: nothing behind it belongs to the text. */
static enum gap_status array_string(struct gap_monitor *monitor, const struct gap_slot *slot,
				    uint64_t address, char *text, size_t capacity)
{
	size_t limit = slot->size_bytes < capacity ? slot->size_bytes + 1 : capacity;
	enum gap_status status =
		gap_guest_read_string(monitor->guest, (struct gap_vaddr){address}, text, limit);

	if (status == GAP_PARTIAL)
		return slot->size_bytes < capacity ? GAP_OK : GAP_PARTIAL;
	if (status == GAP_OK)
		return status;
	text[0] = '\0';
	return note_slot(monitor, slot, address, status, "cannot be read");
}

enum gap_status gap_monitor_string(struct gap_monitor *monitor, const struct gap_slot *slot,
				   uint64_t object, int is_pointer, char *text, size_t capacity)
{
	enum gap_status status;

	if (capacity == 0)
		return GAP_INVALID;
	text[0] = '\0';
	if (!slot->present)
		return note_slot(monitor, slot, object, GAP_NOT_FOUND, "is absent");
	if (!is_pointer)
		return array_string(monitor, slot, object + slot->value, text, capacity);
	object = gap_monitor_missed(monitor, slot, object + slot->value, slot->size_bytes);
	if (!object)
		return GAP_UNREADABLE;
	status = gap_guest_read_string(monitor->guest, (struct gap_vaddr){object}, text, capacity);
	if (status == GAP_OK || status == GAP_PARTIAL)
		return status;
	text[0] = '\0';
	return note_slot(monitor, slot, object, status, "cannot be read");
}

uint64_t gap_monitor_percpu(struct gap_monitor *monitor, const struct gap_slot *slot, uint32_t cpu)
{
	const struct gap_want *want = want_of(monitor, slot);
	struct gap_vaddr address = {0};
	struct gap_error error;
	enum gap_status status;

	if (!want)
		return 0;
	status = gap_guest_percpu(monitor->guest, cpu, want->name, &address, &error);
	if (status)
		note(monitor, status, "%s: %s", want->use, error.text);
	return status ? 0 : address.value;
}

/* ---- lists ---- */

struct gap_monitor_list gap_monitor_list_begin(struct gap_monitor *monitor,
					       const struct gap_slot *slot, uint64_t head)
{
	struct gap_monitor_list list = {.monitor = monitor, .offset_bytes = slot->value};

	gap_list_init(&list.list, monitor->guest, (struct gap_vaddr){head}, 0);
	return list;
}

int gap_monitor_list_next(struct gap_monitor_list *list)
{
	struct gap_vaddr link;

	if (gap_list_next(&list->list, &link)) {
		list->element = link.value - list->offset_bytes;
		return 1;
	}
	if (list->list.status)
		note(list->monitor, list->list.status, "the list at 0x%" PRIx64 ": %s",
		     list->list.head.value, list->list.reason);
	return 0;
}

struct gap_monitor_hlist gap_monitor_hlist_begin(struct gap_monitor *monitor,
						 const struct gap_slot *slot, uint64_t head)
{
	struct gap_monitor_hlist list = {.monitor = monitor, .offset_bytes = slot->value};

	gap_hlist_init(&list.list, monitor->guest, (struct gap_vaddr){head}, 0, 0);
	return list;
}

int gap_monitor_hlist_next(struct gap_monitor_hlist *list)
{
	struct gap_vaddr node;

	if (gap_hlist_next(&list->list, &node)) {
		list->element = node.value - list->offset_bytes;
		return 1;
	}
	if (list->list.status)
		note(list->monitor, list->list.status, "a list of hashes: %s", list->list.reason);
	return 0;
}
