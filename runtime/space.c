/* SPDX-License-Identifier: MIT */
/*
 * User address spaces: the same walk as for the kernel, from another root, with a small cache of
 * their own, so that reading a process never displaces a translation of the kernel's. What lies
 * where in a process is left to the views.
 */
#include "runtime/translate.h"
#include "semgap/space.h"

enum gap_status gap_guest_user_space(struct gap_guest *guest, struct gap_vaddr pgd,
				     struct gap_address_space *space, struct gap_error *error)
{
	struct gap_paddr root;
	enum gap_status status;

	if (pgd.value == 0)
		return gap_fail(error, GAP_INVALID,
				"no page tables: a kernel thread has no user "
				"address space");
	status = gap_guest_translate(guest, pgd, &root);
	if (status)
		return gap_fail(error, status, "the page tables at 0x%llx are not mapped",
				(unsigned long long)pgd.value);
	if (root.value % guest->arch->root_align_bytes)
		return gap_fail(error, GAP_CORRUPT, "no page tables can begin at 0x%llx",
				(unsigned long long)pgd.value);
	space->guest = guest;
	space->root = root;
	for (size_t i = 0; i < GAP_SPACE_CACHED; i++)
		space->cached[i].page = GAP_TLB_EMPTY;
	return GAP_OK;
}

/* @span_bytes as in gap_arch.walk(); untouched for what is no address of the user half. */
static enum gap_status walk_span(const struct gap_address_space *space, uint64_t address,
				 struct gap_translation *translation, uint64_t *span_bytes)
{
	const struct gap_guest *guest = space->guest;
	struct gap_space tables = guest->space;

	tables.root = space->root.value;
	tables.is_process = 1;
	if (!guest->arch->is_user(&tables, address))
		return GAP_UNREADABLE;
	return guest->arch->walk(guest->memory, &tables, address, translation, span_bytes);
}

static enum gap_status walk(const struct gap_address_space *space, uint64_t address,
			    struct gap_translation *translation)
{
	return walk_span(space, address, translation, NULL);
}

static int still_there(const struct gap_address_space *space, const struct gap_space_page *entry)
{
	struct gap_paddr leaf_at = {entry->leaf_at};
	uint64_t leaf;

	return !gap_memory_read(space->guest->memory, leaf_at, &leaf, sizeof(leaf)) &&
	       leaf == entry->leaf;
}

/* Translates through the cache. */
static enum gap_status locate(struct gap_address_space *space, uint64_t address,
			      struct gap_paddr *physical)
{
	uint64_t page = address >> GAP_PAGE_SHIFT, inside = address % GAP_PAGE_BYTES;
	struct gap_space_page *entry = &space->cached[page % GAP_SPACE_CACHED];
	struct gap_translation translation;
	enum gap_status status;

	if (entry->page != page || !still_there(space, entry)) {
		status = walk(space, address, &translation);
		if (status)
			return status;
		*entry = (struct gap_space_page){page, translation.physical - inside,
						 translation.leaf_at, translation.leaf};
	}
	physical->value = entry->physical + inside;
	return GAP_OK;
}

enum gap_status gap_space_translate(struct gap_address_space *space, struct gap_vaddr address,
				    struct gap_paddr *physical)
{
	return locate(space, address.value, physical);
}

enum gap_status gap_space_read(struct gap_address_space *space, struct gap_vaddr address,
			       void *buffer, size_t size_bytes)
{
	unsigned char *at = buffer;

	if (size_bytes > 0 && size_bytes - 1 > UINT64_MAX - address.value)
		return GAP_UNREADABLE;
	while (size_bytes > 0) {
		size_t part = gap_within_page(address.value, size_bytes);
		struct gap_paddr physical;
		enum gap_status status = locate(space, address.value, &physical);

		if (!status)
			status = gap_memory_read(space->guest->memory, physical, at, part);
		if (status)
			return status;
		at += part;
		size_bytes -= part;
		address.value += part;
	}
	return GAP_OK;
}

int gap_space_next_mapped(const struct gap_address_space *space, struct gap_vaddr *address,
			  uint64_t end, uint64_t *size_bytes, uint64_t *steps_left)
{
	struct gap_translation translation;

	while (address->value < end && *steps_left &&
	       space->guest->arch->is_user(&space->guest->space, address->value)) {
		uint64_t span_bytes = GAP_PAGE_BYTES, left;
		enum gap_status status =
			walk_span(space, address->value, &translation, &span_bytes);

		--*steps_left;
		left = span_bytes - (address->value & (span_bytes - 1));
		if (left > end - address->value)
			left = end - address->value;
		if (!status) {
			*size_bytes = left;
			return 1;
		}
		address->value += left;
	}
	return 0;
}

enum gap_status gap_space_read_string(struct gap_address_space *space, struct gap_vaddr address,
				      char *text, size_t capacity)
{
	size_t length = 0;

	if (capacity == 0)
		return GAP_INVALID;
	while (length < capacity - 1) {
		size_t part = gap_within_page(address.value, capacity - 1 - length);
		enum gap_status status = gap_space_read(space, address, text + length, part);

		if (status) {
			text[length] = '\0';
			return status;
		}
		if (memchr(text + length, 0, part))
			return GAP_OK;
		length += part;
		address.value += part;
	}
	text[length] = '\0';
	return GAP_PARTIAL;
}
