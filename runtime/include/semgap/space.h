/* SPDX-License-Identifier: MIT */
/*
 * The user half of a process's address space, through its own page tables. Its translations are
 * cached apart from the kernel's. One space is for one thread at a time; several may share a guest
 * that nobody else uses meanwhile.
 */
#ifndef SEMGAP_SPACE_H
#define SEMGAP_SPACE_H

#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_SPACE_CACHED 16 /* a power of two */

/** A page that was translated, and the entry that said so, which is read again at every use. */
struct gap_space_page {
	uint64_t page, physical, leaf_at, leaf;
};

/**
 * Caller-owned; nothing in it needs to be released. @guest must outlive it. Changes of the tables
 * above their last level are seen by making it anew.
 */
struct gap_address_space {
	const struct gap_guest *guest;
	struct gap_paddr root;
	struct gap_space_page cached[GAP_SPACE_CACHED];
};

/**
 * Makes the address space whose page tables begin at @pgd: the value of mm_struct.pgd, a kernel
 * virtual address. With KPTI that is the table the kernel uses, which maps all of the user half.
 * Errors: GAP_INVALID (null: a kernel thread has none), GAP_UNREADABLE (not mapped), GAP_CORRUPT
 * (no table can begin there).
 */
GAP_API enum gap_status gap_guest_user_space(struct gap_guest *guest, struct gap_vaddr pgd,
					     struct gap_address_space *space,
					     struct gap_error *error) GAP_MUST_CHECK;

/**
 * Translates a user virtual address. GAP_UNREADABLE when it is not mapped, which includes what is
 * swapped out and what was never touched, and for every address of the kernel's half.
 */
GAP_API enum gap_status gap_space_translate(struct gap_address_space *space,
					    struct gap_vaddr address,
					    struct gap_paddr *physical) GAP_MUST_CHECK;

/** Reads user memory, across pages. GAP_UNREADABLE when any byte is not there; @buffer is then
 * undefined. */
GAP_API enum gap_status gap_space_read(struct gap_address_space *space, struct gap_vaddr address,
				       void *buffer, size_t size_bytes) GAP_MUST_CHECK;

/**
 * Moves @address on to the first mapped place before @end and sets @size_bytes to how much from there on
 * one entry of the tables maps. What has no table is passed over as a whole, so that the time goes with the tables, not with
 * the addresses. Each entry looked at takes one of @steps_left. False: nothing more is mapped,
 * or no steps are left.
 */
GAP_API int gap_space_next_mapped(const struct gap_address_space *space, struct gap_vaddr *address,
				  uint64_t end, uint64_t *size_bytes, uint64_t *steps_left);

/** As gap_guest_read_string(): always ends @text; GAP_PARTIAL when no zero byte came within the
 * capacity; on GAP_UNREADABLE @text holds what came before the page that is not there. */
GAP_API enum gap_status gap_space_read_string(struct gap_address_space *space,
					      struct gap_vaddr address, char *text,
					      size_t capacity) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
