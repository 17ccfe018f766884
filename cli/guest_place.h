/* SPDX-License-Identifier: MIT */
/* Places in a guest: processes by their number, addresses by the symbols that lie there. */
#ifndef SEMGAP_GUEST_PLACE_H
#define SEMGAP_GUEST_PLACE_H

#include "cli/guest_view.h"
#include "runtime/include/semgap/profile.h"
#include "runtime/include/semgap/space.h"
#include "runtime/include/semgap/threads.h"

/** Finds a thread by its pid in the initial namespace. GAP_NOT_FOUND; GAP_PARTIAL: not found in
 * what could be read. */
enum gap_status place_find_task(struct gap_guest *guest, uint64_t pid, struct gap_task *task,
				struct gap_error *error) GAP_MUST_CHECK;

/**
 * Whether a process goes on without its leader, which has exited: then @task becomes one of its other threads
 * that still has memory, with the pid of the leader.
 */
bool place_take_living(struct gap_guest *guest, struct gap_task *task);

/** Opens the user half of a process's address space. GAP_NOT_FOUND, also for a kernel thread. */
enum gap_status place_open_space(struct gap_guest *guest, uint64_t pid,
				 struct gap_address_space *space,
				 struct gap_error *error) GAP_MUST_CHECK;

/** The symbol of the image that an address of the guest lies in, and how far in. False: none. */
bool place_symbol(const struct gap_guest *guest, uint64_t address, struct gap_symbol *symbol,
		  uint64_t *offset);

/** Writes "symbol+0x10", or "" when no symbol is there. */
void place_name(const struct gap_guest *guest, uint64_t address, char *text, size_t capacity);

#endif
