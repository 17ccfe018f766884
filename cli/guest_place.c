/* SPDX-License-Identifier: MIT */
/* Finding processes by number and symbols by address. */
#include <stdio.h>

#include "cli/guest_place.h"

/* How far a symbol of unknown size reaches at most: assembly is dense. */
#define SYMBOL_REACH 4096

enum gap_status place_find_task(struct gap_guest *guest, uint64_t pid, struct gap_task *task,
				struct gap_error *error)
{
	struct gap_threads threads;
	struct gap_thread thread;
	enum gap_status status = gap_threads_init(&threads, guest, error);

	if (status)
		return status;
	while (gap_threads_next(&threads, &thread)) {
		if (thread.task.pid < 0 || (uint64_t)thread.task.pid != pid)
			continue;
		*task = thread.task;
		return GAP_OK;
	}
	if (threads.status)
		return gap_fail(error, GAP_PARTIAL, "no process %llu in what could be read: %s",
				(unsigned long long)pid, threads.reason);
	return gap_fail(error, GAP_NOT_FOUND, "there is no process %llu", (unsigned long long)pid);
}

enum gap_status place_open_space(struct gap_guest *guest, uint64_t pid,
				 struct gap_address_space *space, struct gap_error *error)
{
	static const struct gap_field_request request = {"mm_struct", "pgd", 0, 0};
	struct gap_field field;
	struct gap_vaddr pgd;
	struct gap_task task;
	enum gap_status status =
		gap_bind_fields(gap_guest_profile(guest), &request, 1, &field, error);

	if (!status)
		status = place_find_task(guest, pid, &task, error);
	if (status) /* of an address space there is no part to be had */
		return status == GAP_PARTIAL ? GAP_UNREADABLE : status;
	if (!task.mm.value)
		return gap_fail(error, GAP_NOT_FOUND,
				"process %llu has no memory of its own (a kernel thread, or dead)",
				(unsigned long long)pid);
	pgd.value = task.mm.value + field.offset_bytes;
	status = gap_guest_read_pointer(guest, pgd, &pgd);
	if (status)
		return gap_fail(error, status, "the mm of process %llu cannot be read",
				(unsigned long long)pid);
	return gap_guest_user_space(guest, pgd, space, error);
}

bool place_symbol(const struct gap_guest *guest, uint64_t address, struct gap_symbol *symbol,
		  uint64_t *offset)
{
	const struct gap_profile *profile = gap_guest_profile(guest);
	struct gap_guest_info info;
	uint32_t row;

	gap_guest_info(guest, &info);
	address -= info.virtual_slide;
	row = gap_profile_symbol_at(profile, address);
	if (row == GAP_NONE || !gap_profile_symbol(profile, row, symbol) ||
	    symbol->flags & GAP_SYMBOL_ABSOLUTE)
		return false;
	*offset = address - symbol->address;
	return *offset < (symbol->size_bytes ? symbol->size_bytes : SYMBOL_REACH);
}

void place_name(const struct gap_guest *guest, uint64_t address, char *text, size_t capacity)
{
	struct gap_symbol symbol;
	uint64_t offset;

	text[0] = '\0';
	if (!place_symbol(guest, address, &symbol, &offset))
		return;
	if (offset)
		snprintf(text, capacity, "%s+0x%llx", symbol.name, (unsigned long long)offset);
	else
		snprintf(text, capacity, "%s", symbol.name);
}
