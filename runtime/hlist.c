/* SPDX-License-Identifier: MIT */
/*
 * Walking a singly linked list of a hash table, ended by NULL or, in nulls lists, by an odd
 * pointer. What the elements are is left to the caller.
 */
#include <inttypes.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/walks.h"

#define ELEMENT_BYTES_MIN 64 /* a kernel object that is worth listing is no smaller */

#define BROKEN(list, ...)                                                                          \
	((list)->guest = NULL,                                                                     \
	 gap_note(&(list)->status, (list)->reason, sizeof((list)->reason), __VA_ARGS__))

void gap_hlist_init(struct gap_hlist *list, struct gap_guest *guest, struct gap_vaddr head,
		    int nulls, uint64_t step_max)
{
	*list = (struct gap_hlist){.guest = guest, .at = head, .nulls = nulls};
	list->step_max = step_max ? step_max : gap_guest_holds(guest, ELEMENT_BYTES_MIN);
}

static int looped(struct gap_hlist *list, uint64_t at)
{
	struct gap_brent brent = {list->mark, list->mark_at, list->steps};
	int result = gap_brent_looped(&brent, at);

	list->mark = brent.mark;
	list->mark_at = brent.mark_at;
	list->steps = brent.steps;
	return result;
}

int gap_hlist_next(struct gap_hlist *list, struct gap_vaddr *node)
{
	struct gap_vaddr next, beyond;
	const char *fault;

	if (!list->guest)
		return 0;
	if (gap_guest_read_pointer(list->guest, list->at, &next))
		return BROKEN(list, "the link at 0x%" PRIx64 " cannot be read", list->at.value);
	if (next.value == 0 || (list->nulls && next.value % 2)) {
		list->guest = NULL;
		return 0;
	}
	fault = gap_pointer_fault(list->guest, next.value);
	if (fault)
		return BROKEN(list, "the link at 0x%" PRIx64 " is %s (0x%" PRIx64 ")",
			      list->at.value, fault, next.value);
	if (gap_guest_read_pointer(list->guest, next, &beyond))
		return BROKEN(list, "the link at 0x%" PRIx64 " leads to unmapped 0x%" PRIx64,
			      list->at.value, next.value);
	if (list->steps >= list->step_max)
		return BROKEN(list, "the list has more than %" PRIu64 " elements", list->step_max);
	if (looped(list, next.value))
		return BROKEN(list, "the list loops back to 0x%" PRIx64, next.value);
	list->at = next;
	*node = next;
	return 1;
}
