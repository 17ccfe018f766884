/* SPDX-License-Identifier: MIT */
/*
 * A guest as its callers hold it: opening, closing, what was found. Finding it is bootstrap.c's
 * work, recognising the kernel confirm.c's, reading it access.c's.
 */
#include <stdlib.h>

#include "runtime/bootstrap.h"
#include "runtime/surveyor.h"

#define LINE_BYTES 64

static int has_levels(const struct gap_arch *arch, int levels)
{
	for (size_t i = 0; i < arch->paging_count; i++)
		if (arch->pagings[i].levels == levels)
			return 1;
	return 0;
}

/* The row of the profile's architecture, when everything asked for is within what it does. */
static enum gap_status choose_arch(const struct gap_profile *profile,
				   const struct gap_guest_options *options,
				   const struct gap_arch **arch, struct gap_error *error)
{
	struct gap_target target;
	const struct gap_arch *row;

	gap_profile_target(profile, &target);
	row = gap_arch_find(target.machine);
	if (!row || target.pointer_bytes != row->pointer_bytes)
		return gap_fail(error, GAP_UNSUPPORTED,
				"guests of architecture %s with %u-byte pointers are not read",
				gap_machine_name(target.machine), target.pointer_bytes);
	if (options->paging_levels && !has_levels(row, options->paging_levels))
		return gap_fail(error, GAP_INVALID, "%d levels of page tables: %s has none such",
				options->paging_levels, gap_machine_name(target.machine));
	*arch = row;
	return GAP_OK;
}

/* At a cache line, so that no entry of the TLB lies in two. */
static struct gap_guest *allocate(void)
{
	size_t size_bytes = (sizeof(struct gap_guest) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	struct gap_guest *guest = aligned_alloc(LINE_BYTES, size_bytes);

	if (guest)
		memset(guest, 0, size_bytes);
	return guest;
}

enum gap_status gap_guest_open(const struct gap_memory *memory, const struct gap_profile *profile,
			       const struct gap_guest_options *options, struct gap_guest **guest,
			       struct gap_error *error)
{
	static const struct gap_guest_options nothing_known;
	const struct gap_arch *arch = NULL;
	struct gap_guest *opened;
	enum gap_status status;

	if (!options)
		options = &nothing_known;
	status = choose_arch(profile, options, &arch, error);
	if (status)
		return status;
	opened = allocate();
	if (!opened)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	opened->arch = arch;
	opened->memory = memory;
	opened->profile = profile;
	status = gap_bootstrap(opened, options, error);
	if (status)
		free(opened);
	else
		*guest = opened;
	return status;
}

void gap_guest_close(struct gap_guest *guest)
{
	free(guest);
}

void gap_guest_info(const struct gap_guest *guest, struct gap_guest_info *info)
{
	*info = guest->info;
}

const struct gap_profile *gap_guest_profile(const struct gap_guest *guest)
{
	return guest->profile;
}

enum gap_status gap_guest_survey(const struct gap_memory *memory,
				 const struct gap_guest_options *options, struct gap_guest **guest,
				 struct gap_survey *survey, struct gap_error *error)
{
	static const struct gap_guest_options nothing_known;
	struct gap_guest *opened = allocate();
	struct gap_survey met = {0};
	enum gap_status status;

	if (!opened)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	opened->memory = memory;
	status = gap_survey(opened, options ? options : &nothing_known, &met, error);
	if (status) {
		free(opened);
		return status;
	}
	*survey = met;
	*guest = opened;
	return GAP_OK;
}

/* Addresses outside the image's window were never linked into it, and do not move with it. */
enum gap_status gap_guest_symbol(const struct gap_guest *guest, const char *name,
				 struct gap_vaddr *address, struct gap_error *error)
{
	struct gap_symbol symbol;
	enum gap_status status;

	if (!guest->profile)
		return gap_fail(error, GAP_NOT_FOUND, "%.200s: the guest has no profile", name);
	status = gap_profile_find_symbol(guest->profile, name, &symbol, error);
	if (status)
		return status;
	if (symbol.flags & GAP_SYMBOL_PERCPU)
		return gap_fail(error, GAP_INVALID, "%s is per CPU and has no single address",
				name);
	address->value = symbol.address;
	if (symbol.address - guest->image.start < guest->image.size_bytes)
		address->value += guest->info.virtual_slide;
	return GAP_OK;
}
