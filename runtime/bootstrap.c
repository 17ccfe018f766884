/* SPDX-License-Identifier: MIT */
/*
 * Finding a guest's page tables and slide. Each way makes candidates out of something else: what
 * the caller knows, the CPUs' registers, the kernel's image, VMCOREINFO, the form of page tables;
 * all of them end in try_candidate(), which believes none before confirm.c has met the kernel
 * through the candidate's own tables. A way is followed to its end, so that two kernels in memory
 * are seen.
 */
#include <stdio.h>

#include "runtime/bootstrap.h"

/* Candidates that are tried. An honest guest has a handful; a hostile one as many as it likes. */
#define CANDIDATES_MAX 4096
/* Places of physical memory that are looked at (1 TiB has so many pages), and steps of walks. */
#define PLACES_MAX ((uint64_t)1 << 28)
#define WALKS_MAX ((uint64_t)1 << 22)

/* ---- candidates ---- */

static int same_place(const struct gap_candidate *one, const struct gap_candidate *two)
{
	return one->space.root == two->space.root && one->slide == two->slide;
}

/* How far a root lies from the image, in physical memory. */
static uint64_t distance(const struct gap_search *search, const struct gap_candidate *candidate)
{
	const struct gap_guest *guest = search->guest;
	struct gap_translation mark;

	if (guest->arch->walk(guest->memory, &candidate->space,
			      search->witnesses.mark.linked + candidate->slide, &mark, NULL))
		return UINT64_MAX;
	return mark.physical > candidate->space.root ? mark.physical - candidate->space.root
						     : candidate->space.root - mark.physical;
}

/* A table under a root passes for a root of fewer levels. Every process has a root of the same
 * form; the kernel's own lies in its image. */
static int is_better_root(const struct gap_search *search, const struct gap_candidate *candidate)
{
	int levels = search->chosen.space.paging.levels;

	if (candidate->space.paging.levels != levels)
		return candidate->space.paging.levels > levels;
	return distance(search, candidate) < distance(search, &search->chosen);
}

static int is_another_root(struct gap_search *search, const struct gap_candidate *candidate)
{
	if (!search->roots_alike || search->chosen.slide != candidate->slide)
		return 0;
	if (is_better_root(search, candidate))
		search->chosen = *candidate;
	return 1;
}

static void take(struct gap_search *search, const struct gap_candidate *candidate)
{
	if (search->found && is_another_root(search, candidate))
		return;
	if (search->found) {
		search->ambiguous = 1;
		search->rival = *candidate;
		return;
	}
	search->found = 1;
	search->found_by = search->way;
	search->chosen = *candidate;
}

static void note_other(struct gap_search *search, const struct gap_candidate *candidate,
		       const char *seen)
{
	if (search->found && same_place(&search->chosen, candidate))
		search->doubted = 1;
	if (!search->other || !*search->other_banner)
		snprintf(search->other_banner, sizeof(search->other_banner), "%s", seen);
	if (candidate->info && !*search->other_info.release)
		search->other_info = *candidate->info;
	search->other = 1;
}

/* A candidate whose paging is known. */
static enum gap_verdict try_candidate(struct gap_search *search, struct gap_candidate *candidate)
{
	struct gap_guest_info *info = &search->guest->info;
	char seen[GAP_SEEN_BYTES];
	enum gap_verdict verdict;

	verdict = gap_confirm(&search->witnesses, search->guest, candidate, seen);
	if (verdict == GAP_VERDICT_CONFIRMED && search->found &&
	    same_place(&search->chosen, candidate)) {
		search->vouched = 1; /* by a text for the image, or by the second copy of a text */
		return verdict;
	}
	info->candidates++;
	if (verdict == GAP_VERDICT_CONFIRMED)
		take(search, candidate);
	else
		info->candidates_refused++;
	if (verdict == GAP_VERDICT_OTHER)
		note_other(search, candidate, seen);
	if (candidate->fault)
		search->fault = candidate->fault;
	search->cut = info->candidates >= CANDIDATES_MAX;
	return verdict;
}

/* Does a shape agree with what is known of it? */
static int agrees(const struct gap_search *search, const struct gap_paging *paging,
		  const struct gap_paging *known)
{
	int levels = search->options->paging_levels ? search->options->paging_levels
						    : search->witnesses.target.paging_levels;

	if (search->options->paging_levels == 0 && known->levels)
		levels = known->levels;
	return (!levels || levels == paging->levels) &&
	       (!known->page_shift || known->page_shift == paging->page_shift) &&
	       (!known->va_bits || known->va_bits == paging->va_bits);
}

/* ---- from a root: every place to which its tables lead ---- */

struct rooted {
	struct gap_search *search;
	struct gap_candidate candidate;
	int on_root_symbol; /* the root is the kernel's own, not a process's */
	int has_slide, has_delta;
	uint64_t slide; /* the only one to be tried */
	uint64_t delta; /* of physical to linked addresses: must come out */
	int confirmed;
};

static int image_is_at(const struct rooted *rooted, uint64_t address)
{
	struct gap_search *search = rooted->search;
	struct gap_translation translation;

	return !search->guest->arch->walk(search->guest->memory, &rooted->candidate.space, address,
					  &translation, NULL) &&
	       translation.physical == search->witnesses.mark.linked + rooted->delta;
}

static int try_place(void *context, uint64_t address)
{
	struct rooted *rooted = context;
	struct gap_search *search = rooted->search;
	struct gap_candidate *candidate = &rooted->candidate;

	if (rooted->has_delta && !image_is_at(rooted, address))
		return 0;
	candidate->slide = address - search->witnesses.mark.linked;
	candidate->root_symbol = 0;
	if (rooted->on_root_symbol && search->has_root_linked)
		candidate->root_symbol = search->root_linked + candidate->slide;
	rooted->confirmed = try_candidate(search, candidate) == GAP_VERDICT_CONFIRMED;
	return rooted->confirmed || search->cut;
}

static void try_window(struct rooted *rooted)
{
	struct gap_search *search = rooted->search;
	const struct gap_guest *guest = search->guest;
	const struct gap_space *space = &rooted->candidate.space;
	struct gap_window window =
		guest->arch->window(&space->paging, search->witnesses.mark.linked);

	for (unsigned step = 0; step < GAP_STEP_COUNT && !rooted->confirmed && !search->cut; step++)
		gap_mark_each_virtual(guest->memory, guest->arch, space, window,
				      &search->witnesses.mark, step, &search->walks, try_place,
				      rooted);
}

/* Every shape that agrees with what the space says of its paging. True when one confirmed. */
static int try_root(struct rooted *rooted)
{
	struct gap_search *search = rooted->search;
	const struct gap_arch *arch = search->guest->arch;
	struct gap_space *space = &rooted->candidate.space;
	const struct gap_paging known = space->paging;

	for (size_t i = 0; i < arch->paging_count && !rooted->confirmed; i++) {
		if (!agrees(search, &arch->pagings[i], &known))
			continue;
		space->paging = arch->pagings[i];
		space->ignored_bits =
			arch->guess_ignored ? arch->guess_ignored(search->guest->memory, space) : 0;
		if (rooted->has_slide)
			try_place(rooted, search->witnesses.mark.linked + rooted->slide);
		else
			try_window(rooted);
	}
	return rooted->confirmed;
}

/* ---- from the caller ---- */

static void try_given_root(struct gap_search *search)
{
	/* A CR3 holds other things below the page. */
	uint64_t align = search->guest->arch->root_align_bytes;
	struct rooted rooted = {.search = search,
				.has_slide = search->options->has_virtual_slide,
				.slide = search->options->virtual_slide};

	rooted.candidate.space.root = search->options->root.value & ~(align - 1);
	try_root(&rooted);
}

/* ---- from registers ---- */

/* A process's root dies with it: the kernel's own is where its symbol leads. */
static void settle_on_symbol(struct gap_search *search)
{
	struct gap_candidate own = search->chosen;
	struct gap_translation translation;
	char seen[GAP_SEEN_BYTES];

	if (!search->has_root_linked)
		return;
	own.root_symbol = search->root_linked + own.slide;
	if (search->guest->arch->walk(search->guest->memory, &own.space, own.root_symbol,
				      &translation, NULL))
		return;
	own.space.root = translation.physical;
	if (gap_confirm(&search->witnesses, search->guest, &own, seen) == GAP_VERDICT_CONFIRMED)
		search->chosen = own;
}

static void try_registers(struct gap_search *search)
{
	const struct gap_memory *memory = search->guest->memory;

	if (search->options->no_registers)
		return;
	for (size_t i = 0; i < memory->vcpu_count; i++) {
		for (unsigned reading = 0;; reading++) {
			struct rooted rooted = {.search = search,
						.has_slide = search->options->has_virtual_slide,
						.slide = search->options->virtual_slide};

			if (!search->guest->arch->from_registers(&memory->vcpus[i], reading,
								 &rooted.candidate.space))
				break;
			if (try_root(&rooted)) {
				settle_on_symbol(search);
				return;
			}
		}
	}
}

/* ---- from the image ---- */

/* phys_base counts from where the image runs, not from where it was linked: with the image's place
 * it tells the slide. False when that is not the one that the caller also gave. */
static int slide_from_base(struct rooted *rooted)
{
	const struct gap_guest_options *options = rooted->search->options;
	const struct gap_arch *arch = rooted->search->guest->arch;
	struct gap_window window =
		arch->window(&arch->pagings[0], rooted->search->witnesses.mark.linked);

	rooted->has_slide = 1;
	rooted->slide = rooted->delta + window.start - options->phys_base;
	return !options->has_virtual_slide || options->virtual_slide == rooted->slide;
}

/* The image is here, or a copy of it: where it lies says where its root would be. */
static int try_image(void *context, uint64_t address)
{
	struct gap_search *search = context;
	struct rooted rooted = {
		.search = search,
		.on_root_symbol = 1,
		.has_delta = 1,
		.delta = address - search->witnesses.mark.linked,
		.has_slide = search->options->has_virtual_slide,
		.slide = search->options->virtual_slide,
	};

	rooted.candidate.space.root = search->root_linked + rooted.delta;
	if (!search->options->has_phys_base || slide_from_base(&rooted))
		try_root(&rooted);
	return search->cut;
}

static void try_images(struct gap_search *search)
{
	if ((search->options->no_search && !search->given) || !search->has_root_linked)
		return;
	for (unsigned step = 0; step < GAP_STEP_COUNT && !search->found; step++)
		gap_mark_each_physical(search->guest->memory, &search->witnesses.mark, step,
				       &search->places, try_image, search);
}

/* ---- from VMCOREINFO ---- */

static uint64_t slide_of_text(const struct gap_search *search, const struct gap_vmcoreinfo *info)
{
	if (search->options->has_virtual_slide)
		return search->options->virtual_slide;
	if (!info->has_slide && search->has_root_linked) /* i386 */
		return info->root_symbol - search->root_linked;
	return info->slide;
}

static int try_text(void *context, const struct gap_vmcoreinfo *info)
{
	struct gap_search *search = context;
	const struct gap_arch *arch = search->guest->arch;
	enum gap_verdict verdict = GAP_VERDICT_REFUSED;
	struct gap_candidate candidate = {
		.space = {.ignored_bits = info->encryption_mask},
		.slide = slide_of_text(search, info),
		.root_symbol = info->root_symbol,
		.info = info,
	};

	for (size_t i = 0; i < arch->paging_count && verdict == GAP_VERDICT_REFUSED; i++) {
		struct gap_window window = arch->window(&arch->pagings[i], info->root_symbol);

		if (!agrees(search, &arch->pagings[i], &info->paging))
			continue;
		candidate.space.paging = arch->pagings[i];
		candidate.space.root =
			info->root_symbol -
			(info->has_voffset ? info->voffset : window.start - info->phys_base);
		verdict = try_candidate(search, &candidate);
	}
	return search->cut;
}

/* ---- from the form of page tables ---- */

static int try_form(void *context, uint64_t address)
{
	struct gap_search *search = context;
	const struct gap_arch *arch = search->guest->arch;
	const struct gap_memory *memory = search->guest->memory;

	for (size_t i = 0; i < arch->paging_count; i++) {
		struct rooted rooted = {.search = search,
					.has_slide = search->options->has_virtual_slide,
					.slide = search->options->virtual_slide};
		struct gap_space *space = &rooted.candidate.space;

		space->root = address;
		space->paging = arch->pagings[i];
		if (arch->guess_ignored)
			space->ignored_bits = arch->guess_ignored(memory, space);
		if (arch->looks_like_root(memory, space) && try_root(&rooted))
			break;
	}
	return search->cut;
}

/* ---- all of them ---- */

static void try_texts(struct gap_search *search)
{
	if (search->options->no_vmcoreinfo)
		return;
	if (gap_vmcoreinfo_each(search->guest->memory, try_text, search))
		search->no_memory = 1;
}

static void try_forms(struct gap_search *search)
{
	if (search->options->no_search || !search->guest->arch->looks_like_root)
		return;
	search->roots_alike = 1;
	gap_page_each(search->guest->memory, &search->places, try_form, search);
}

static const struct way {
	const char *name;
	void (*attempt)(struct gap_search *search);
} ways[] = {
	{"registers", try_registers},
	{"image", try_images},
	{"vmcoreinfo", try_texts},
	{"page tables", try_forms},
};

/*
 * The first way that leads there. An image whose build-id could not be compared is still held
 * against what the kernel says of itself in VMCOREINFO.
 */
static void try_ways(struct gap_search *search)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int doubtful = search->chosen.identity_unknown &&
			       search->witnesses.target.build_id_bytes &&
			       ways[i].attempt == try_texts;

		if (search->found && !doubtful)
			continue;
		search->way = ways[i].name;
		ways[i].attempt(search);
	}
}

static enum gap_status try_given(struct gap_search *search, struct gap_error *error)
{
	search->way = "given";
	if (search->options->has_root) {
		try_given_root(search);
	} else if (search->has_root_linked) {
		try_images(search);
	} else {
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile has no symbol for the page-table root (%s), so that "
				"the physical base does not lead to it; pass the root itself "
				"(--root)",
				search->guest->arch->root_symbols);
	}
	return GAP_OK;
}

static enum gap_status run_search(struct gap_search *search, struct gap_error *error)
{
	enum gap_status status = GAP_OK;

	if (search->given)
		status = try_given(search, error);
	else
		try_ways(search);
	if (status)
		return status;
	if (search->no_memory)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (search->found && !search->ambiguous && (!search->doubted || search->vouched))
		return GAP_OK;
	search->cut |= search->walks.left == 0 || search->places.left == 0;
	return gap_search_explain(search, error);
}

/* ---- what was found ---- */

/* The kernel's phys_base, from where its image really is. */
static uint64_t physical_base(struct gap_guest *guest, uint64_t address)
{
	struct gap_vaddr at = {address};
	struct gap_paddr physical = {0};

	if (gap_guest_translate(guest, at, &physical))
		return 0;
	return physical.value - (address - guest->image.start);
}

/* What the kernel says of encryption; a mask that is not one high bit would hide addresses. */
static uint64_t encryption_mask(struct gap_guest *guest)
{
	const char *names = guest->arch->encryption_symbols;
	const struct gap_symbol_request request = {names, 1};
	struct gap_bound_symbol symbol;
	uint64_t mask = 0;
	struct gap_vaddr at;

	if (!names || gap_bind_symbols(guest->profile, &request, 1, &symbol, NULL) ||
	    !symbol.present)
		return 0;
	at.value = symbol.address + guest->info.virtual_slide;
	if (gap_guest_read_u64(guest, at, &mask) || mask >> 52 || !(mask >> 32) ||
	    mask & (mask - 1))
		return 0;
	return mask;
}

static void settle(struct gap_search *search)
{
	struct gap_guest *guest = search->guest;
	const struct gap_candidate *chosen = &search->chosen;
	uint64_t linked = search->witnesses.mark.linked;

	guest->space = chosen->space;
	guest->space.near = gap_near(guest->memory);
	guest->image = guest->arch->window(&chosen->space.paging, linked);
	guest->space.user_end = guest->image.start;
	gap_guest_refresh(guest);
	guest->info.root.value = chosen->space.root;
	guest->info.virtual_slide = chosen->slide;
	guest->info.paging_levels = chosen->space.paging.levels;
	guest->info.page_bytes = UINT32_C(1) << chosen->space.paging.page_shift;
	guest->info.va_bits = chosen->space.paging.va_bits;
	guest->info.phys_base = physical_base(guest, linked + chosen->slide);
	guest->space.ignored_bits |= encryption_mask(guest);
	guest->info.encryption_mask = guest->space.ignored_bits;
	snprintf(guest->info.found_by, sizeof(guest->info.found_by), "%s", search->found_by);
}

enum gap_status gap_bootstrap(struct gap_guest *guest, const struct gap_guest_options *options,
			      struct gap_error *error)
{
	struct gap_search search = {
		.guest = guest,
		.options = options,
		.given = options->has_root || options->has_phys_base,
		.places = {PLACES_MAX},
		.walks = {WALKS_MAX},
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
