/* SPDX-License-Identifier: MIT */
/*
 * Opening a guest: candidates for its page-table root and slide, from the caller or from
 * VMCOREINFO, are tried until all that memory offers were looked at. Recognising the kernel is
 * confirm.c's work, reading it access.c's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/confirm.h"
#include "runtime/scan.h"

/* Distinct texts that are tried. An honest guest holds two to a handful; a hostile one as many as
 * it likes. */
#define CANDIDATES_MAX 4096

#define ULL(value) ((unsigned long long)(value))

struct search {
	struct gap_guest *guest;
	const struct gap_guest_options *options;
	struct gap_witnesses witnesses;
	uint64_t root_linked; /* address of the root's symbol in the profile */
	int has_root_linked;
	int given; /* the caller knows the root */

	/* What was found. */
	int found, ambiguous, cut;
	struct gap_candidate chosen, rival;
	/* The first kernel that was met and is of another build. */
	int other;
	struct gap_vmcoreinfo other_info;
	char other_banner[GAP_SEEN_BYTES];
};

/* ---- candidates ---- */

static int same_place(const struct gap_candidate *one, const struct gap_candidate *two)
{
	return one->space.root == two->space.root && one->slide == two->slide;
}

static void take(struct search *search, const struct gap_candidate *candidate)
{
	if (search->found) {
		search->ambiguous = 1;
		search->rival = *candidate;
		return;
	}
	search->found = 1;
	search->chosen = *candidate;
}

static void note_other(struct search *search, const struct gap_candidate *candidate,
		       const char *seen)
{
	if (search->other)
		return;
	search->other = 1;
	snprintf(search->other_banner, sizeof(search->other_banner), "%s", seen);
	if (candidate->info)
		search->other_info = *candidate->info;
}

static enum gap_verdict try_levels(struct search *search, struct gap_candidate *candidate)
{
	char seen[GAP_SEEN_BYTES];
	enum gap_verdict verdict = gap_confirm(&search->witnesses, search->guest, candidate, seen);

	if (verdict == GAP_VERDICT_CONFIRMED)
		take(search, candidate);
	else if (verdict == GAP_VERDICT_OTHER)
		note_other(search, candidate, seen);
	return verdict;
}

/* Where the depth is unknown the deepest comes first: one of its inner tables passes for a root of
 * fewer levels. */
static void try_candidate(struct search *search, struct gap_candidate *candidate)
{
	const struct gap_arch *arch = search->guest->arch;
	enum gap_verdict verdict = GAP_VERDICT_REFUSED;
	int known = candidate->space.levels;

	if (search->found && same_place(&search->chosen, candidate))
		return; /* VMCOREINFO has two copies */
	search->guest->info.candidates++;
	for (int levels = arch->levels_max; levels >= arch->levels_min; levels--) {
		if (known && known != levels)
			continue;
		candidate->space.levels = levels;
		verdict = try_levels(search, candidate);
		if (verdict == GAP_VERDICT_CONFIRMED)
			return;
	}
	search->guest->info.candidates_refused++;
}

/* ---- from the caller ---- */

static int levels_given(const struct search *search)
{
	return search->options->paging_levels ? search->options->paging_levels
					      : search->witnesses.target.paging_levels;
}

static void try_given_slide(struct search *search, uint64_t slide)
{
	const struct gap_guest_options *options = search->options;
	struct gap_candidate candidate = {
		/* A CR3 holds other things below the page. */
		.space = {.root = options->root.value & ~(uint64_t)(GAP_PAGE_BYTES - 1),
			  .levels = levels_given(search)},
		.slide = slide,
	};

	if (!options->has_root)
		candidate.space.root = search->root_linked + slide + options->phys_base -
				       search->guest->arch->image_base;
	try_candidate(search, &candidate);
}

/* Without a slide all that KASLR may have chosen are tried: a few hundred. */
static enum gap_status try_given(struct search *search, struct gap_error *error)
{
	const struct gap_guest_options *options = search->options;
	const struct gap_arch *arch = search->guest->arch;

	if (!options->has_root && !search->has_root_linked)
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile has no symbol for the page-table root (%s), so that "
				"the physical "
				"base does not lead to it; pass the root itself (--root)",
				arch->root_symbols);
	if (options->has_virtual_slide) {
		try_given_slide(search, options->virtual_slide);
		return GAP_OK;
	}
	for (uint64_t slide = 0; !search->found && slide < arch->image_window_bytes;
	     slide += arch->slide_step_bytes)
		try_given_slide(search, slide);
	return GAP_OK;
}

/* ---- from VMCOREINFO ---- */

static int try_text(void *context, const struct gap_vmcoreinfo *info)
{
	struct search *search = context;
	const struct gap_guest_options *options = search->options;
	struct gap_guest *guest = search->guest;
	struct gap_candidate candidate = {
		.space = {.root = info->root_symbol - guest->arch->image_base + info->phys_base,
			  .ignored_bits = info->encryption_mask,
			  .levels = levels_given(search)},
		.slide = options->has_virtual_slide ? options->virtual_slide : info->slide,
		.root_symbol = info->root_symbol,
		.info = info,
	};

	if (!candidate.space.levels)
		candidate.space.levels = info->levels;
	try_candidate(search, &candidate);
	search->cut = guest->info.candidates >= CANDIDATES_MAX;
	return search->cut;
}

/* ---- what to say when it failed ---- */

/* Kernels since 6.1 also hold a weak copy of the banner that was linked before the build had its
 * number. */
static int has_number(const char *banner, size_t length)
{
	const char *sign = memchr(banner, '#', length);

	return sign && sign + 1 < banner + length && sign[1] >= '0' && sign[1] <= '9';
}

static int find_banner(void *context, struct gap_paddr at)
{
	struct search *search = context;
	char text[GAP_SEEN_BYTES];
	size_t length = gap_memory_read_some(search->guest->memory, at, text, sizeof(text));
	size_t start = strlen(GAP_BANNER_START), release = strlen(search->other_info.release);

	if (length < start + release + 1 || text[start + release] != ' ' ||
	    memcmp(text + start, search->other_info.release, release) != 0 ||
	    !has_number(text, length))
		return 0;
	gap_seen_copy(search->other_banner, text, length);
	return 1;
}

/* The banner of the kernel that is there, for the reader of the error only. */
static void look_for_banner(struct search *search)
{
	if (*search->other_banner || !*search->other_info.release)
		return;
	if (gap_memory_scan(search->guest->memory, GAP_BANNER_START, find_banner, search))
		search->other_banner[0] = '\0';
}

static void print_build_id(char text[2 * 64 + 1], const uint8_t *id, size_t size_bytes)
{
	text[0] = '\0';
	for (size_t i = 0; i < size_bytes && i < 64; i++)
		sprintf(text + 2 * i, "%02x", id[i]);
}

static enum gap_status fail_other(struct search *search, struct gap_error *error)
{
	const struct gap_target *target = &search->witnesses.target;
	const struct gap_vmcoreinfo *info = &search->other_info;
	char guest_id[129], profile_id[129], profile_banner[GAP_SEEN_BYTES] = "";

	look_for_banner(search);
	print_build_id(guest_id, info->build_id, info->build_id_bytes);
	print_build_id(profile_id, target->build_id, target->build_id_bytes);
	if (target->banner_bytes)
		gap_seen_copy(profile_banner, (const char *)target->banner, target->banner_bytes);
	return gap_fail(
		error, GAP_MISMATCH,
		"the guest runs another build than the profile's: the guest has %s (build-id %s, "
		"banner \"%s\"), the profile is of %s (build-id %s, banner \"%s\")",
		*info->release ? info->release : "an unnamed release",
		*guest_id ? guest_id : "unknown", search->other_banner,
		*target->release ? target->release : "an unnamed release",
		*profile_id ? profile_id : "unknown", profile_banner);
}

static enum gap_status fail_none(const struct search *search, struct gap_error *error)
{
	unsigned count = search->guest->info.candidates;

	if (search->given)
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile's kernel is not where the given page-table root and "
				"slide lead "
				"(%u combinations tried): check --root, --slide and the profile",
				count);
	if (count == 0)
		return gap_fail(
			error, GAP_NOT_FOUND,
			"no VMCOREINFO in guest memory, so that its page tables are not known; "
			"pass --root and --slide");
	return gap_fail(error, GAP_NOT_FOUND,
			"VMCOREINFO was found, but none of its %u candidates%s leads to the "
			"profile's kernel; "
			"pass --root and --slide",
			count, search->cut ? " (there are more)" : "");
}

static enum gap_status fail_ambiguous(const struct search *search, struct gap_error *error)
{
	return gap_fail(
		error, GAP_AMBIGUOUS,
		"two kernels of this build are in guest memory, one perhaps left by an earlier "
		"boot: "
		"root 0x%llx with slide 0x%llx, and root 0x%llx with slide 0x%llx; pass --root and "
		"--slide of the one that runs (CR3)",
		ULL(search->chosen.space.root), ULL(search->chosen.slide),
		ULL(search->rival.space.root), ULL(search->rival.slide));
}

/* ---- opening ---- */

static enum gap_status run_search(struct search *search, struct gap_error *error)
{
	enum gap_status status;

	if (search->given)
		status = try_given(search, error);
	else
		status = gap_vmcoreinfo_each(search->guest->memory, try_text, search);
	if (status == GAP_NO_MEMORY)
		return gap_fail(error, status, "out of memory");
	if (status)
		return status;
	if (search->ambiguous)
		return fail_ambiguous(search, error);
	if (search->found)
		return GAP_OK;
	return search->other ? fail_other(search, error) : fail_none(search, error);
}

/* The kernel's phys_base, from where its image really is. */
static uint64_t physical_base(struct gap_guest *guest, uint64_t address)
{
	struct gap_vaddr at = {address};
	struct gap_paddr physical = {0};

	if (gap_guest_translate(guest, at, &physical))
		return 0;
	return physical.value - (address - guest->arch->image_base);
}

static void settle(struct search *search)
{
	struct gap_guest *guest = search->guest;
	const struct gap_candidate *chosen = &search->chosen;
	const struct gap_witnesses *witnesses = &search->witnesses;
	uint64_t known =
		witnesses->has_banner ? witnesses->banner.address : witnesses->init_task.address;

	guest->space = chosen->space;
	guest->info.root.value = chosen->space.root;
	guest->info.virtual_slide = chosen->slide;
	guest->info.paging_levels = chosen->space.levels;
	guest->info.phys_base = physical_base(guest, known + chosen->slide);
	snprintf(guest->info.found_by, sizeof(guest->info.found_by), "%s",
		 search->given ? "given" : "vmcoreinfo");
	gap_guest_refresh(guest);
}

static enum gap_status open_guest(struct gap_guest *guest, const struct gap_guest_options *options,
				  struct gap_error *error)
{
	struct search search = {
		.guest = guest,
		.options = options,
		.given = options->has_root || options->has_phys_base,
	};
	const struct gap_symbol_request root = {guest->arch->root_symbols, 1};
	struct gap_bound_symbol bound;
	enum gap_status status = gap_witnesses_init(&search.witnesses, guest->profile, error);

	if (!status)
		status = gap_bind_symbols(guest->profile, &root, 1, &bound, error);
	if (status)
		return status;
	search.has_root_linked = bound.present;
	search.root_linked = bound.address;
	status = run_search(&search, error);
	if (!status)
		settle(&search);
	return status;
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
	if (options->paging_levels &&
	    (options->paging_levels < row->levels_min || options->paging_levels > row->levels_max))
		return gap_fail(error, GAP_INVALID, "%d levels of page tables: %s has %d to %d",
				options->paging_levels, gap_machine_name(target.machine),
				row->levels_min, row->levels_max);
	*arch = row;
	return GAP_OK;
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
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	opened->arch = arch;
	opened->memory = memory;
	opened->profile = profile;
	status = open_guest(opened, options, error);
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

/* Addresses below the image's window were never linked into it, and do not move with it. */
enum gap_status gap_guest_symbol(const struct gap_guest *guest, const char *name,
				 struct gap_vaddr *address, struct gap_error *error)
{
	struct gap_symbol symbol;
	enum gap_status status = gap_profile_find_symbol(guest->profile, name, &symbol, error);

	if (status)
		return status;
	if (symbol.flags & GAP_SYMBOL_PERCPU)
		return gap_fail(error, GAP_INVALID, "%s is per CPU and has no single address",
				name);
	address->value = symbol.address;
	if (symbol.address >= guest->arch->image_base)
		address->value += guest->info.virtual_slide;
	return GAP_OK;
}
