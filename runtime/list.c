/* SPDX-License-Identifier: MIT */
/*
 * Walking a circular list of a guest that may have bent it. A link is handed out only after it was
 * seen to be a place that can be read; every way to end but arriving at the head is partial, with
 * the reason in words. What the elements are is left to the caller.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/translate.h"

#define ELEMENT_BYTES_MIN 64 /* a kernel object that is worth listing is no smaller */

static uint64_t memory_bytes(const struct gap_memory *memory)
{
	uint64_t total = 0;

	for (size_t i = 0; i < memory->range_count; i++)
		total += memory->ranges[i].size_bytes;
	return total;
}

void gap_list_init(struct gap_list *list, struct gap_guest *guest, struct gap_vaddr head,
		   uint64_t step_max)
{
	*list = (struct gap_list){.guest = guest, .head = head, .at = head, .mark_at = 1};
	list->step_max = step_max ? step_max : memory_bytes(guest->memory) / ELEMENT_BYTES_MIN + 1;
	list->mark = head.value;
}

/* Ends the walk; every later call of gap_list_next() says false again. */
static int end(struct gap_list *list)
{
	list->guest = NULL;
	return 0;
}

static int GAP_PRINTF(2, 3) broken(struct gap_list *list, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(list->reason, sizeof(list->reason), format, arguments);
	va_end(arguments);
	list->status = GAP_PARTIAL;
	return end(list);
}

/* What is wrong with a link before anything is read there; NULL: nothing. */
static const char *fault_of(const struct gap_list *list, uint64_t next)
{
	const struct gap_arch *arch = list->guest->arch;

	if (next == 0)
		return "null";
	if (next % arch->pointer_bytes)
		return "misaligned";
	if (!gap_guest_is_address(list->guest, next))
		return "not an address";
	if (next == list->at.value)
		return "a pointer to its own element";
	return NULL;
}

/* Brent's: the mark jumps to where we are at every power of two, so that a loop of any length comes
 * by it. */
static int looped(struct gap_list *list)
{
	if (list->at.value == list->mark)
		return 1;
	if (list->steps == list->mark_at) {
		list->mark = list->at.value;
		list->mark_at *= 2;
	}
	return 0;
}

int gap_list_next(struct gap_list *list, struct gap_vaddr *link)
{
	struct gap_vaddr next, beyond;
	const char *fault;

	if (!list->guest)
		return 0;
	if (gap_guest_read_pointer(list->guest, list->at, &next))
		return broken(list, "the link at 0x%" PRIx64 " cannot be read", list->at.value);
	if (next.value == list->head.value)
		return end(list);
	fault = fault_of(list, next.value);
	if (fault)
		return broken(list, "the link at 0x%" PRIx64 " is %s (0x%" PRIx64 ")",
			      list->at.value, fault, next.value);
	if (gap_guest_read_pointer(list->guest, next, &beyond))
		return broken(list, "the link at 0x%" PRIx64 " leads to unmapped 0x%" PRIx64,
			      list->at.value, next.value);
	if (list->steps >= list->step_max)
		return broken(list, "the list has more than %" PRIu64 " elements", list->step_max);
	list->at = next;
	list->steps++;
	if (looped(list))
		return broken(list, "the list loops back to 0x%" PRIx64 ", not to its head",
			      next.value);
	*link = next;
	return 1;
}
