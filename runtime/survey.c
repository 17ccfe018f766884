/* SPDX-License-Identifier: MIT */
/*
 * Meeting a kernel of which nothing is known. Candidates are page-table roots: from the registers,
 * else whatever in memory has their form. A candidate's tables must lead to an image: the longest
 * run of executable pages, a banner among the pages that move with it, and tables that map
 * themselves. A copy of an image that lies about in memory is mapped by no tables as one, so it is
 * never met here.
 */
#include <ctype.h>
#include <stdio.h>

#include "runtime/locate.h"
#include "runtime/scan.h"
#include "runtime/surveyor.h"

#define BANNER_START "Linux version "
/* Steps of walks in one candidate's tables, candidates that are surveyed in all, pages looked at. */
#define WALKS_MAX ((uint64_t)1 << 21)
#define SURVEYS_MAX 256
#define PAGES_MAX ((uint64_t)1 << 28)
#define BANNERS_MAX 32
#define KERNELS_MAX 8
/* No kernel's text is shorter, no image reaches further around its text. */
#define TEXT_BYTES_MIN ((uint64_t)512 << 10)
#define IMAGE_BEFORE ((uint64_t)16 << 20)
#define IMAGE_BEHIND ((uint64_t)256 << 20)
#define ROOT_AROUND ((uint64_t)64 << 20)
#define IMAGE_ALIGN ((uint64_t)16 << 20) /* CONFIG_PHYSICAL_ALIGN's default on i386 */
#define BASE_STEP ((uint64_t)64 << 20)   /* PAGE_OFFSET is a multiple */

/* A run of virtual pages over a run of physical ones. */
struct mapping {
	uint64_t start, end, physical;
	int executable;
};

typedef int mapping_visit(void *context, const struct mapping *mapping);

struct kernel {
	struct gap_space space;
	struct gap_survey met;
	uint64_t banner_physical; /* one kernel's roots all lead there */
	const char *found_by;
};

struct survey {
	const struct gap_memory *memory;
	const struct gap_guest_options *options;
	const struct gap_arch *arch;
	unsigned surveys, kernel_count;
	struct kernel kernels[KERNELS_MAX];
	struct gap_paddr banners[BANNERS_MAX]; /* wherever they are in memory */
	unsigned banner_count;
	const char *way;
};

/* ---- mappings ---- */

static int extends(const struct mapping *run, const struct mapping *next)
{
	return run->end == next->start && run->executable == next->executable &&
	       run->physical - run->start == next->physical - next->start;
}

/* Visits the runs that the tables map in a window, neighbours joined. */
static void each_mapping(const struct survey *survey, const struct gap_space *space,
			 struct gap_window window, mapping_visit *visit, void *context)
{
	struct mapping run = {0};
	uint64_t done = 0;

	for (uint64_t walks = 0; done < window.size_bytes && walks < WALKS_MAX; walks++) {
		struct gap_translation translation;
		uint64_t span = GAP_PAGE_BYTES;
		struct mapping next = {.start = window.start + done};
		enum gap_status status =
			survey->arch->walk(survey->memory, space, next.start, &translation, &span);

		span -= next.start & (span - 1);
		if (span == 0 || span > window.size_bytes - done)
			span = window.size_bytes - done;
		done += span;
		next.end = next.start + span;
		if (status)
			continue;
		next.physical = translation.physical;
		next.executable = survey->arch->is_executable &&
				  survey->arch->is_executable(translation.leaf);
		if (extends(&run, &next)) {
			run.end = next.end;
			continue;
		}
		if (run.end != run.start && visit(context, &run))
			return;
		run = next;
	}
	if (run.end != run.start)
		visit(context, &run);
}

static uint64_t physical_of(const struct survey *survey, const struct gap_space *space,
			    uint64_t address)
{
	struct gap_translation translation;

	return survey->arch->walk(survey->memory, space, address, &translation, NULL)
		       ? UINT64_MAX
		       : translation.physical;
}

/* ---- banners ---- */

/* The whole text with its end, as linux_banner has it: the version, a build number, a newline. */
static int is_banner(const char *text, size_t size_bytes, size_t *length)
{
	size_t end = strnlen(text, size_bytes);
	const char *number = memmem(text, end, " #", 2);

	if (end == size_bytes || end < sizeof(BANNER_START) || text[end - 1] != '\n' ||
	    memcmp(text, BANNER_START, sizeof(BANNER_START) - 1) != 0 ||
	    !isdigit((unsigned char)text[sizeof(BANNER_START) - 1]) || !number ||
	    !isdigit((unsigned char)number[2]))
		return 0;
	for (size_t i = 0; i < end - 1; i++)
		if (text[i] < ' ' || text[i] > '~')
			return 0;
	*length = end;
	return 1;
}

static int take_banner(void *context, struct gap_paddr at)
{
	struct survey *survey = context;
	char text[GAP_SURVEY_BANNER_BYTES];
	size_t length;

	if (!is_banner(text, gap_memory_read_some(survey->memory, at, text, sizeof(text)), &length))
		return 0;
	survey->banners[survey->banner_count++] = at;
	return survey->banner_count == BANNERS_MAX;
}

/* ---- the image of a candidate ---- */

struct image {
	const struct survey *survey;
	const struct gap_space *space;
	struct gap_survey *met;
	struct mapping text;
	size_t banner_length;
	uint64_t mapping_start; /* virtual, of the run that is searched for banners */
	uint64_t mapping_physical;
};

static int longest_text(void *context, const struct mapping *mapping)
{
	struct mapping *text = context;

	if (mapping->executable && mapping->end - mapping->start > text->end - text->start)
		*text = *mapping;
	return 0;
}

/* The first: read-only data come before what is written at run time, such as the log. */
static int first_banner(void *context, struct gap_paddr at)
{
	struct image *image = context;
	char text[GAP_SURVEY_BANNER_BYTES];
	size_t length;

	if (!is_banner(text, gap_memory_read_some(image->survey->memory, at, text, sizeof(text)),
		       &length))
		return 0;
	image->banner_length = length;
	memcpy(image->met->text, text, length + 1);
	image->met->banner.value = image->mapping_start + (at.value - image->mapping_physical);
	return 1;
}

/* The part of memory that a mapping shows, searched as if it were all. */
static void search_banner(struct image *image, const struct mapping *mapping)
{
	const struct gap_memory *memory = image->survey->memory;
	uint64_t end = mapping->physical + (mapping->end - mapping->start);

	image->mapping_start = mapping->start;
	image->mapping_physical = mapping->physical;
	for (size_t i = 0; i < memory->range_count; i++) {
		struct gap_memory_range part = memory->ranges[i];
		struct gap_memory shown = *memory;
		uint64_t last = part.start.value + part.size_bytes;
		uint64_t first =
			part.start.value > mapping->physical ? part.start.value : mapping->physical;

		last = last < end ? last : end;
		if (first >= last)
			continue;
		if (part.data)
			part.data += first - part.start.value;
		part.start.value = first;
		part.size_bytes = last - first;
		shown.ranges = &part;
		shown.range_count = 1;
		if (gap_memory_scan(&shown, BANNER_START, first_banner, image))
			return; /* without memory no banner is met */
	}
}

static int take_image(void *context, const struct mapping *mapping)
{
	struct image *image = context;

	if (mapping->physical - mapping->start != image->text.physical - image->text.start)
		return 0;
	if (image->met->image_start.value == 0)
		image->met->image_start.value = mapping->start;
	image->met->image_end.value = mapping->end;
	if (!image->banner_length)
		search_banner(image, mapping);
	return 0;
}

static struct gap_window around(struct gap_window area, uint64_t start, uint64_t end)
{
	uint64_t first = start - area.start > IMAGE_BEFORE ? start - IMAGE_BEFORE : area.start;
	uint64_t left = area.size_bytes - (first - area.start);
	uint64_t wanted = end + IMAGE_BEHIND - first;

	return (struct gap_window){first, left < wanted ? left : wanted};
}

static struct gap_window area_of(const struct survey *survey, const struct gap_space *space)
{
	return (survey->arch->image_area ? survey->arch->image_area
					 : survey->arch->kernel_half)(&space->paging);
}

/* By the permissions of its pages. */
static int meet_by_text(struct image *image)
{
	struct gap_window area = area_of(image->survey, image->space);

	/* The upper part first: arm64's linear map is the lower, since 5.4. */
	for (int part = 1; part >= 0 && image->text.end - image->text.start < TEXT_BYTES_MIN;
	     part--)
		each_mapping(
			image->survey, image->space,
			(struct gap_window){area.start + (uint64_t)part * (area.size_bytes / 2),
					    area.size_bytes / 2},
			longest_text, &image->text);
	if (image->text.end - image->text.start < TEXT_BYTES_MIN)
		return 0;
	each_mapping(image->survey, image->space, around(area, image->text.start, image->text.end),
		     take_image, image);
	image->met->text_start.value = image->text.start;
	image->met->text_end.value = image->text.end;
	return image->banner_length > 0;
}

/* Where the whole of low memory is mapped from, root and banner alike; 0 nowhere. */
static uint64_t base_of_both(const struct survey *survey, const struct gap_space *space,
			     uint64_t banner)
{
	struct gap_window area = area_of(survey, space);

	for (uint64_t base = area.start; base - area.start < area.size_bytes; base += BASE_STEP)
		if (physical_of(survey, space, base + banner) == banner &&
		    physical_of(survey, space, base + space->root) == space->root)
			return base;
	return 0;
}

/* A look that costs little, for pages that have no form to be known by. */
static int maps_a_banner(const struct survey *survey, const struct gap_space *space)
{
	for (unsigned i = 0; i < survey->banner_count; i++)
		if (base_of_both(survey, space, survey->banners[i].value))
			return 1;
	return 0;
}

/* Every text is executable here: the banners that were met in memory lead to where they are mapped,
 * at the distance at which the root itself is. */
static int meet_by_banner(struct image *image)
{
	const struct survey *survey = image->survey;

	for (unsigned i = 0; i < survey->banner_count; i++) {
		uint64_t at = survey->banners[i].value;
		uint64_t base = base_of_both(survey, image->space, at);
		struct mapping run = {base + at, base + at + GAP_SURVEY_BANNER_BYTES, at, 0};

		if (!base)
			continue;
		search_banner(image, &run);
		image->text = run;
		each_mapping(survey, image->space,
			     (struct gap_window){run.start & ~(IMAGE_ALIGN - 1), BASE_STEP},
			     take_image, image);
		return image->banner_length > 0;
	}
	return 0;
}

/* ---- the linear map ---- */

struct linear {
	const struct image *image;
	uint64_t base;
	int found;
};

static int maps_linearly(const struct linear *linear, uint64_t base, uint64_t physical)
{
	return physical_of(linear->image->survey, linear->image->space, base + physical) ==
	       physical;
}

/* A run that is part of it: the root and the image are mapped at the same distance. */
static int take_linear(void *context, const struct mapping *mapping)
{
	struct linear *linear = context;
	uint64_t base = mapping->start - mapping->physical;

	if (mapping->start == linear->image->text.start ||
	    !maps_linearly(linear, base, linear->image->space->root) ||
	    !maps_linearly(linear, base, linear->image->text.physical))
		return 0;
	linear->base = base;
	linear->found = 1;
	return 1;
}

static int meet_linear(struct image *image)
{
	struct linear linear = {.image = image};
	const struct gap_memory *memory = image->survey->memory;
	const struct gap_memory_range *last = &memory->ranges[memory->range_count - 1];

	each_mapping(image->survey, image->space,
		     image->survey->arch->kernel_half(&image->space->paging), take_linear, &linear);
	image->met->linear_start.value = linear.base;
	image->met->linear_end.value = linear.base + last->start.value + last->size_bytes;
	return linear.found;
}

/* ---- candidates ---- */

static int meet(const struct survey *survey, const struct gap_space *space, struct gap_survey *met)
{
	struct image image = {.survey = survey, .space = space, .met = met};

	*met = (struct gap_survey){.machine = survey->arch->machine,
				   .pointer_bytes = survey->arch->pointer_bytes,
				   .roots = 1};
	return (survey->arch->is_executable ? meet_by_text(&image) : meet_by_banner(&image)) &&
	       meet_linear(&image);
}

/* Does a root lead to a kernel that was met before? Every process has a root that does. */
static int is_known(struct survey *survey, const struct gap_space *space)
{
	for (unsigned i = 0; i < survey->kernel_count; i++) {
		struct kernel *kernel = &survey->kernels[i];

		if (kernel->space.paging.levels == space->paging.levels &&
		    kernel->space.paging.page_shift == space->paging.page_shift &&
		    physical_of(survey, space, kernel->met.banner.value) ==
			    kernel->banner_physical) {
			kernel->met.roots++;
			return 1;
		}
	}
	return 0;
}

static int try_space(struct survey *survey, const struct gap_space *space)
{
	struct kernel *kernel = &survey->kernels[survey->kernel_count];

	if (!survey->arch->is_executable && !maps_a_banner(survey, space))
		return 0;
	if (survey->kernel_count == KERNELS_MAX || survey->surveys++ >= SURVEYS_MAX ||
	    !meet(survey, space, &kernel->met))
		return 0;
	kernel->space = *space;
	kernel->banner_physical = physical_of(survey, space, kernel->met.banner.value);
	kernel->found_by = survey->way;
	survey->kernel_count++;
	return 1;
}

/* Every shape that agrees with what is known of it. */
static int each_shape(struct survey *survey, struct gap_space space, int by_form,
		      int (*attempt)(struct survey *survey, const struct gap_space *space))
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

static int try_shapes(struct survey *survey, struct gap_space space, int by_form)
{
	return each_shape(survey, space, by_form, is_known) ||
	       each_shape(survey, space, by_form, try_space);
}

static int try_page(void *context, uint64_t address)
{
	struct survey *survey = context;

	try_shapes(survey, (struct gap_space){.root = address}, 1);
	return survey->surveys >= SURVEYS_MAX;
}

static void try_registers(struct survey *survey)
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

/* True when a kernel was met from a root in [first, last). */
static int try_pages(struct survey *survey, uint64_t first, uint64_t last)
{
	survey->surveys = 0;
	for (size_t i = 0; i < survey->memory->range_count && !survey->kernel_count; i++) {
		const struct gap_memory_range *range = &survey->memory->ranges[i];
		uint64_t page = range->start.value > first ? range->start.value : first;
		uint64_t end = range->start.value + range->size_bytes;

		for (; page < last && page < end && !survey->kernel_count; page += GAP_PAGE_BYTES)
			if (try_page(survey, page))
				break;
	}
	return survey->kernel_count != 0;
}

/* Roots lie in the image, which is around a banner; mostly behind it. */
static void try_around_banners(struct survey *survey)
{
	for (unsigned i = 0; i < survey->banner_count; i++) {
		uint64_t at = survey->banners[i].value & ~(uint64_t)(GAP_PAGE_BYTES - 1);

		if (try_pages(survey, at, at + ROOT_AROUND) ||
		    try_pages(survey, at > ROOT_AROUND ? at - ROOT_AROUND : 0, at))
			return;
	}
}

static void try_forms(struct survey *survey)
{
	struct gap_budget pages = {PAGES_MAX};

	if (survey->arch->looks_like_root)
		gap_page_each(survey->memory, &pages, try_page, survey);
	else
		try_around_banners(survey);
}

/* ---- what is kept of it ---- */

/* Deeper tables first: a table under a root passes for a root of fewer levels. Then the kernel that
 * more processes' roots lead to. */
static const struct kernel *choose(struct survey *survey)
{
	struct kernel *best = &survey->kernels[0];
	unsigned rivals = 0;

	for (unsigned i = 1; i < survey->kernel_count; i++) {
		struct kernel *kernel = &survey->kernels[i];
		int depth = kernel->space.paging.levels - best->space.paging.levels;

		if (depth > 0 || (depth == 0 && kernel->met.roots > best->met.roots))
			best = kernel;
	}
	for (unsigned i = 0; i < survey->kernel_count; i++)
		rivals += survey->kernels[i].space.paging.levels == best->space.paging.levels;
	best->met.rivals = rivals - 1;
	return best;
}

static int any_mapping(void *context, const struct mapping *mapping)
{
	(void)mapping;
	*(int *)context = 1;
	return 1;
}

/* Of the half that processes have to themselves, as far down as every split has it. */
static int maps_user_half(const struct survey *survey, const struct gap_space *space)
{
	struct gap_window kernel = survey->arch->kernel_half(&space->paging);
	int any = 0;

	each_mapping(survey, space, (struct gap_window){0, kernel.start}, any_mapping, &any);
	return any;
}

/* Roots of processes, for booting and for waking map the kernel too, and low addresses besides. */
static int is_own_root(const struct survey *survey, const struct kernel *kernel,
		       const struct gap_space *own)
{
	const struct gap_survey *met = &kernel->met;

	return survey->arch->may_be_root(survey->memory, own) &&
	       physical_of(survey, own, met->banner.value) == kernel->banner_physical &&
	       physical_of(survey, own, met->linear_start.value + own->root) == own->root &&
	       !(survey->arch->shared_root && maps_user_half(survey, own));
}

/* A process's root dies with it: the kernel's own lies in its image, behind those for booting. */
static void settle_root(const struct survey *survey, const struct kernel *kernel,
			struct gap_space *space)
{
	const struct gap_survey *met = &kernel->met;
	struct gap_space own = kernel->space;

	for (uint64_t at = met->image_start.value; at < met->image_end.value;
	     at += GAP_PAGE_BYTES) {
		own.root = physical_of(survey, &kernel->space, at);
		if (own.root != UINT64_MAX && is_own_root(survey, kernel, &own))
			*space = own;
	}
}

static void fill_in(struct gap_guest *guest, const struct survey *survey,
		    const struct kernel *kernel)
{
	const struct gap_survey *met = &kernel->met;
	const struct gap_paging *paging = &kernel->space.paging;
	struct gap_guest_info *info = &guest->info;
	uint64_t base = survey->arch->default_base(paging, met->image_start.value);

	guest->arch = survey->arch;
	guest->space = kernel->space;
	settle_root(survey, kernel, &guest->space);
	guest->image = guest->arch->window(paging, base);
	guest->space.user_end = guest->image.start;
	gap_guest_refresh(guest);
	info->root.value = guest->space.root;
	info->virtual_slide = met->image_start.value - base;
	info->phys_base = physical_of(survey, &guest->space, met->banner.value) -
			  (met->banner.value - guest->image.start);
	info->paging_levels = paging->levels;
	info->page_bytes = UINT32_C(1) << paging->page_shift;
	info->va_bits = paging->va_bits;
	info->encryption_mask = guest->space.ignored_bits;
	info->candidates = survey->surveys;
	info->candidates_refused = survey->surveys - survey->kernel_count;
	snprintf(info->found_by, sizeof(info->found_by), "%s", kernel->found_by);
}

static void survey_one(struct survey *survey)
{
	if (survey->options->has_root) {
		survey->way = "given";
		try_shapes(survey, (struct gap_space){.root = survey->options->root.value}, 0);
		return;
	}
	survey->way = "registers";
	if (!survey->options->no_registers)
		try_registers(survey);
	survey->way = "page tables";
	if (!survey->kernel_count && !survey->options->no_search)
		try_forms(survey);
}

enum gap_status gap_survey(struct gap_guest *guest, const struct gap_guest_options *options,
			   struct gap_survey *met, struct gap_error *error)
{
	static const struct gap_arch *const arches[] = {&gap_arch_x86_64, &gap_arch_i386,
							&gap_arch_arm64};
	struct survey survey = {.memory = guest->memory, .options = options};

	if (!guest->memory->range_count)
		return gap_fail(error, GAP_NOT_FOUND, "the source has no memory");
	for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]) && !survey.kernel_count; i++) {
		survey.arch = arches[i];
		survey.surveys = 0;
		if (!survey.arch->image_area && !survey.banner_count &&
		    gap_memory_scan(guest->memory, BANNER_START, take_banner, &survey))
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		survey_one(&survey);
	}
	if (!survey.kernel_count)
		return gap_fail(error, GAP_NOT_FOUND,
				"no kernel was met: no page tables in this memory lead to an image "
				"with code and a banner; if the guest is another system, or its "
				"memory is not complete, nothing can be inferred");
	{
		const struct kernel *kernel = choose(&survey);

		fill_in(guest, &survey, kernel);
		*met = kernel->met;
	}
	return GAP_OK;
}
