/* SPDX-License-Identifier: MIT */
/*
 * Meeting a kernel of which nothing is known. Candidates are page-table roots: from the registers,
 * else whatever in memory has their form, of every architecture: what is met first need not be what
 * runs. A candidate's tables must lead to an image (survey_meet.c); which of several kernels is
 * believed survey_choose.c decides. A copy of an image that lies about in memory is mapped by no
 * tables as one, so it is never met.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/locate.h"
#include "runtime/scan.h"
#include "runtime/survey_parts.h"

/* Of one architecture: steps of walks in its candidates' tables, and candidates that are surveyed. */
#define WALKS_MAX ((uint64_t)1 << 25)
#define SURVEYS_MAX 65536
#define PAGES_MAX ((uint64_t)1 << 28)    /* that are looked at */
#define CODE_BEFORE ((uint64_t)16 << 20) /* in front of a banner; no text is much longer */
#define CODE_BLOCK ((uint64_t)1 << 20)   /* in which all banners are looked at as one */
#define ROOT_AROUND ((uint64_t)64 << 20)
#define PAGE_WORDS (GAP_PAGE_BYTES / 8)

/* ---- banners ---- */

static const struct gap_arch *const arches[] = {&gap_arch_x86_64, &gap_arch_i386, &gap_arch_arm64};

#define ARCH_COUNT (sizeof(arches) / sizeof(arches[0]))

/* Of which architectures there is code in the memory before. An image is one piece, in which calls
 * lead as far as they do where it is mapped. */
static unsigned arches_before(const struct gap_surveying *survey, uint64_t block)
{
	uint64_t end = block + CODE_BLOCK;
	struct gap_window text = {end > CODE_BEFORE ? end - CODE_BEFORE : 0, 0};
	unsigned seen, found = 0;

	text.size_bytes = end - text.start;
	for (size_t i = 0; i < ARCH_COUNT; i++)
		if (!arches[i]->looks_like_root &&
		    gap_survey_code(survey->memory, arches[i], text.start, text, &seen) >=
			    2 * GAP_CODE_GOOD_MIN)
			found |= 1u << i;
	return found;
}

static int take_banner(void *context, struct gap_paddr at)
{
	struct gap_surveying *survey = context;
	uint64_t block = at.value & ~(CODE_BLOCK - 1);
	char text[GAP_SURVEY_BANNER_BYTES];
	size_t length;

	if (!gap_survey_is_banner(
		    text, gap_memory_read_some(survey->memory, at, text, sizeof(text)), &length))
		return 0;
	survey->all[survey->all_count++] = at;
	if (survey->all_count == 1 || block != survey->block)
		survey->block_arches = arches_before(survey, block);
	survey->block = block;
	if (survey->block_arches && survey->coded_count < GAP_BANNERS_MAX)
		survey->coded[survey->coded_count++] =
			(struct gap_banner){at, survey->block_arches};
	return survey->all_count == GAP_BANNERS_ALL;
}

/* Once, and only where they are needed: this reads all of memory. */
static void find_banners(struct gap_surveying *survey)
{
	if (!survey->has_banners &&
	    gap_memory_scan(survey->memory, GAP_BANNER_START, take_banner, survey))
		survey->no_memory = 1;
	survey->has_banners = 1;
}

/* The banners with code of this architecture before them; once nothing was met that way, as where parts
 * of memory are missing, all. */
static void list_banners(struct gap_surveying *survey, size_t arch)
{
	unsigned wanted = 1u << arch;

	find_banners(survey);
	survey->banner_count = 0;
	for (unsigned i = 0; !survey->desperate && i < survey->coded_count; i++)
		if (survey->coded[i].arches & wanted)
			survey->banners[survey->banner_count++] = survey->coded[i].at;
	if (!survey->desperate)
		return;
	survey->banner_count =
		survey->all_count < GAP_BANNERS_MAX ? survey->all_count : GAP_BANNERS_MAX;
	memcpy(survey->banners, survey->all, survey->banner_count * sizeof(*survey->banners));
}

/* ---- candidates ---- */

/* Roots that are alike count once: who writes one may write a hundred. */
static void count_root(const struct gap_surveying *survey, struct gap_met_kernel *kernel,
		       uint64_t root)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325), word;

	for (unsigned i = 0; i < PAGE_WORDS; i++) {
		if (!gap_entry_read(survey->memory, (root & ~(uint64_t)7) + 8 * (uint64_t)i, &word))
			break;
		digest = (digest ^ word) * UINT64_C(0x100000001b3);
		digest ^= digest >> 29;
	}
	for (unsigned i = 0; i < GAP_ROOTS_MAX; i++) {
		uint64_t *slot = &kernel->digests[(digest + i) % GAP_ROOTS_MAX];

		if (*slot == digest)
			return;
		if (*slot)
			continue;
		*slot = digest;
		kernel->met.roots++;
		return;
	}
}

/* Whether @space has at an address what the tables of a kernel that was met have. */
static int maps_alike(const struct gap_surveying *survey, const struct gap_met_kernel *kernel,
		      const struct gap_space *space, uint64_t address)
{
	return gap_survey_physical(survey, space, address) ==
	       gap_survey_physical(survey, &kernel->space, address);
}

static int is_same_shape(const struct gap_paging *one, const struct gap_paging *other)
{
	return one->levels == other->levels && one->page_shift == other->page_shift &&
	       one->va_bits == other->va_bits;
}

/* Does a root lead to a kernel that was met before? Every process has a root that does. Who leads to
 * its banner, but to other memory around it, is looked at apart. */
static int is_known(struct gap_surveying *survey, const struct gap_space *space)
{
	for (unsigned i = 0; i < survey->kernel_count; i++) {
		struct gap_met_kernel *kernel = &survey->kernels[i];
		const struct gap_survey *met = &kernel->met;

		if (kernel->arch != survey->arch ||
		    !is_same_shape(&kernel->space.paging, &space->paging) ||
		    gap_survey_physical(survey, space, met->banner.value) !=
			    kernel->banner_physical ||
		    !maps_alike(survey, kernel, space, met->image_start.value) ||
		    !maps_alike(survey, kernel, space, met->image_end.value - 1) ||
		    !maps_alike(survey, kernel, space,
				met->linear_start.value + kernel->banner_physical))
			continue;
		count_root(survey, kernel, space->root);
		return 1;
	}
	return 0;
}

/* Room for one more; what has no code makes room for others. NULL: none. */
static struct gap_met_kernel *next_kernel(struct gap_surveying *survey)
{
	if (survey->kernel_count < GAP_KERNELS_MAX)
		return &survey->kernels[survey->kernel_count++];
	for (unsigned i = 0; i < survey->kernel_count; i++)
		if (!survey->kernels[i].has_code)
			return &survey->kernels[i];
	survey->crowded = 1;
	return NULL;
}

static int try_space(struct gap_surveying *survey, const struct gap_space *space)
{
	struct gap_met_kernel kernel = {.space = *space, .found_by = survey->way, .knows_own = -1};
	struct gap_met_kernel *kept;

	if (!survey->arch->is_executable && !gap_survey_maps_banner(survey, space))
		return 0;
	if (survey->surveys >= SURVEYS_MAX || !survey->walks_left)
		return 0;
	survey->surveys++;
	if (!gap_survey_meet(survey, &kernel))
		return 0;
	survey->accepted++;
	kept = next_kernel(survey);
	if (!kept)
		return 1;
	*kept = kernel;
	count_root(survey, kept, space->root);
	return 1;
}

/* Every shape that agrees with what is known of it. */
static int each_shape(struct gap_surveying *survey, struct gap_space space, int by_form,
		      int (*attempt)(struct gap_surveying *survey, const struct gap_space *space))
{
	const struct gap_arch *arch = survey->arch;
	struct gap_paging known = space.paging;

	if (survey->options->paging_levels)
		known.levels = (uint8_t)survey->options->paging_levels;
	for (size_t i = 0; i < arch->paging_count; i++) {
		const struct gap_paging *shape = &arch->pagings[i];

		if ((known.levels && known.levels != shape->levels) ||
		    (known.page_shift && known.page_shift != shape->page_shift) ||
		    (known.va_bits && known.va_bits != shape->va_bits))
			continue;
		space.paging = *shape;
		space.ignored_bits =
			arch->guess_ignored ? arch->guess_ignored(survey->memory, &space) : 0;
		if (by_form && !arch->may_be_root(survey->memory, &space))
			continue;
		if (attempt(survey, &space))
			return 1;
	}
	return 0;
}

static int try_shapes(struct gap_surveying *survey, struct gap_space space, int by_form)
{
	return each_shape(survey, space, by_form, is_known) ||
	       each_shape(survey, space, by_form, try_space);
}

static int try_page(void *context, uint64_t address)
{
	struct gap_surveying *survey = context;

	try_shapes(survey, (struct gap_space){.root = address}, 1);
	return survey->surveys >= SURVEYS_MAX || !survey->walks_left;
}

static void try_registers(struct gap_surveying *survey)
{
	const struct gap_memory *memory = survey->memory;

	for (size_t i = 0; i < memory->vcpu_count && !survey->kernel_count; i++)
		for (unsigned reading = 0; !survey->kernel_count; reading++) {
			struct gap_space space = {0};

			if (!survey->arch->from_registers(&memory->vcpus[i], reading, &space))
				break;
			try_shapes(survey, space, 0);
		}
}

static void try_given(struct gap_surveying *survey)
{
	try_shapes(survey, (struct gap_space){.root = survey->options->root.value}, 0);
}

/* ---- where no form tells roots ---- */

static int is_zero(const struct gap_surveying *survey, uint64_t address)
{
	const unsigned char *page = gap_physical_at(survey->memory, address, GAP_PAGE_BYTES);

	return page && !page[0] && memcmp(page, page + 1, GAP_PAGE_BYTES - 1) == 0;
}

/* Until a kernel is met from a root in [first, last); how far that was. */
static uint64_t try_pages(struct gap_surveying *survey, uint64_t first, uint64_t last)
{
	unsigned before = survey->kernel_count;

	for (size_t i = 0; i < survey->memory->range_count; i++) {
		const struct gap_memory_range *range = &survey->memory->ranges[i];
		uint64_t page = range->start.value > first ? range->start.value : first;
		uint64_t end = range->start.value + range->size_bytes;

		for (; page < last && page < end; page += GAP_PAGE_BYTES) {
			if (!is_zero(survey, page) && try_page(survey, page))
				return last;
			if (survey->kernel_count != before)
				return page + GAP_PAGE_BYTES;
		}
	}
	return last;
}

/* Is it in the image of a kernel that was met? */
static int lies_in_kernel(const struct gap_surveying *survey, uint64_t physical)
{
	for (unsigned i = 0; i < survey->kernel_count; i++) {
		const struct gap_met_kernel *kernel = &survey->kernels[i];
		const struct gap_survey *met = &kernel->met;
		uint64_t virtual = physical - kernel->banner_physical + met->banner.value;

		if (kernel->arch == survey->arch && virtual >= met->image_start.value &&
		    virtual < met->image_end.value)
			return 1;
	}
	return 0;
}

/*
 * Roots lie in the image, which is around a banner; mostly behind it, where no process has pages. So
 * the first root from there is the kernel's. No page is tried twice.
 */
static void try_around_banners(struct gap_surveying *survey)
{
	uint64_t tried = 0;

	for (unsigned i = 0; i < survey->banner_count; i++) {
		uint64_t at = survey->banners[i].value & ~(uint64_t)(GAP_PAGE_BYTES - 1);
		uint64_t before = at > ROOT_AROUND ? at - ROOT_AROUND : 0, already = tried;
		unsigned count = survey->kernel_count;

		if (lies_in_kernel(survey, survey->banners[i].value))
			continue;
		tried = try_pages(survey, at > tried ? at : tried, at + ROOT_AROUND);
		if (survey->kernel_count == count)
			try_pages(survey, before > already ? before : already, at);
	}
}

static void try_forms(struct gap_surveying *survey)
{
	struct gap_budget pages = {PAGES_MAX};

	if (survey->arch->looks_like_root)
		gap_page_each(survey->memory, &pages, try_page, survey);
	else
		try_around_banners(survey);
}

/* ---- what is kept of it ---- */

/* The kernel's own root leads to all of it, whatever led to it first, and stays when processes end. */
static void settle(struct gap_surveying *survey, struct gap_met_kernel *kernel)
{
	struct gap_met_kernel own = *kernel;

	survey->arch = kernel->arch;
	survey->walks_left = WALKS_MAX;
	survey->banners[0].value = kernel->banner_physical;
	survey->banner_count = 1;
	if (!gap_survey_own_root(survey, kernel, &own.space) ||
	    own.space.root == kernel->space.root || !gap_survey_meet(survey, &own) ||
	    own.banner_physical != kernel->banner_physical)
		return;
	own.met.roots = kernel->met.roots;
	own.met.rivals = kernel->met.rivals;
	own.met.rival_machine = kernel->met.rival_machine;
	memcpy(own.met.rival, kernel->met.rival, sizeof(own.met.rival));
	*kernel = own;
}

static void fill_in(struct gap_guest *guest, const struct gap_surveying *survey,
		    const struct gap_met_kernel *kernel)
{
	const struct gap_survey *met = &kernel->met;
	const struct gap_paging *paging = &kernel->space.paging;
	struct gap_guest_info *info = &guest->info;
	uint64_t base = kernel->arch->default_base(paging, met->image_start.value);

	guest->arch = kernel->arch;
	guest->space = kernel->space;
	guest->image = guest->arch->window(paging, base);
	guest->space.user_end = guest->image.start;
	gap_guest_refresh(guest);
	info->root.value = guest->space.root;
	info->virtual_slide = met->image_start.value - base;
	info->phys_base = kernel->banner_physical - (met->banner.value - guest->image.start);
	info->paging_levels = paging->levels;
	info->page_bytes = UINT32_C(1) << paging->page_shift;
	info->va_bits = paging->va_bits;
	info->encryption_mask = guest->space.ignored_bits;
	info->candidates = survey->surveyed;
	info->candidates_refused = survey->surveyed - survey->accepted;
	snprintf(info->found_by, sizeof(info->found_by), "%s", kernel->found_by);
}

/* ---- all architectures ---- */

/* Roots without a form are looked for around banners, images without permissions by them. */
static int needs_banners(const struct gap_surveying *survey)
{
	return survey->searching ? !survey->arch->looks_like_root
				 : !survey->arch->is_executable && !survey->kernel_count;
}

/* One way to candidates. What registers or the caller tell is believed at once; memory may say much. */
static void try_arches(struct gap_surveying *survey, const char *way,
		       void (*attempt)(struct gap_surveying *survey), int believed)
{
	survey->way = way;
	for (size_t i = 0; i < ARCH_COUNT && !(believed && survey->kernel_count); i++) {
		survey->arch = arches[i];
		survey->surveys = 0;
		survey->walks_left = WALKS_MAX;
		if (needs_banners(survey))
			list_banners(survey, i);
		attempt(survey);
		survey->surveyed += survey->surveys;
	}
}

static enum gap_status find_kernels(struct gap_surveying *survey, struct gap_error *error)
{
	const struct gap_guest_options *options = survey->options;

	if (options->has_root)
		try_arches(survey, "given", try_given, 1);
	else if (!options->no_registers)
		try_arches(survey, "registers", try_registers, 1);
	survey->searching = !survey->kernel_count && !options->has_root && !options->no_search;
	if (survey->searching) {
		find_banners(survey);
		try_arches(survey, "page tables", try_forms, 0);
	}
	survey->desperate = 1;
	if (survey->searching && !survey->kernel_count)
		try_arches(survey, "page tables", try_forms, 0);
	if (survey->no_memory)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (survey->kernel_count)
		return GAP_OK;
	return gap_fail(error, GAP_NOT_FOUND,
			"no kernel was met: no page tables in this memory lead to an image with "
			"code and a banner; if the guest is another system, or its memory is not "
			"complete, nothing can be inferred");
}

static enum gap_status survey_all(struct gap_surveying *survey, struct gap_guest *guest,
				  struct gap_survey *met, struct gap_error *error)
{
	struct gap_met_kernel *kernel = NULL;
	enum gap_status status = find_kernels(survey, error);

	if (!status)
		status = gap_survey_choose(survey, &kernel, error);
	if (status)
		return status;
	settle(survey, kernel);
	fill_in(guest, survey, kernel);
	*met = kernel->met;
	return GAP_OK;
}

enum gap_status gap_survey(struct gap_guest *guest, const struct gap_guest_options *options,
			   struct gap_survey *met, struct gap_error *error)
{
	struct gap_surveying *survey;
	enum gap_status status;

	if (!guest->memory->range_count)
		return gap_fail(error, GAP_NOT_FOUND, "the source has no memory");
	survey = calloc(1, sizeof(*survey));
	if (!survey)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	survey->memory = guest->memory;
	survey->options = options;
	status = survey_all(survey, guest, met, error);
	free(survey);
	return status;
}
