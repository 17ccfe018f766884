/* SPDX-License-Identifier: MIT */
/*
 * What one candidate's page tables lead to: the runs that they map, the longest one that is
 * executable, a banner among the pages that move with it, the linear map. Which of several kernels
 * runs is survey_choose.c's.
 */
#include <ctype.h>

#include "runtime/scan.h"
#include "runtime/survey_parts.h"

#define WALKS_MAX ((uint64_t)1 << 21) /* in one window of one candidate */
/* No kernel's text is shorter, no image reaches further around its text. */
#define TEXT_BYTES_MIN ((uint64_t)512 << 10)
#define IMAGE_BEFORE ((uint64_t)16 << 20)
#define IMAGE_BEHIND ((uint64_t)256 << 20)
#define IMAGE_ALIGN ((uint64_t)16 << 20) /* CONFIG_PHYSICAL_ALIGN's default on i386 */
#define BASE_STEP ((uint64_t)64 << 20)   /* PAGE_OFFSET is a multiple */
#define CODE_SAMPLES 64                  /* pages that are held against code */
#define CODE_PART 4                      /* which part of them must be */
#define CODE_WALKS 16384                 /* as many walks take as long */

/* ---- mappings ---- */

static int extends(const struct gap_mapping *run, const struct gap_mapping *next)
{
	return run->end == next->start && run->executable == next->executable &&
	       run->physical - run->start == next->physical - next->start;
}

void gap_survey_mappings(struct gap_surveying *survey, const struct gap_space *space,
			 struct gap_window window, gap_mapping_visit *visit, void *context)
{
	struct gap_mapping run = {0};
	uint64_t done = 0;

	for (uint64_t walks = 0;
	     done < window.size_bytes && walks < WALKS_MAX && survey->walks_left; walks++) {
		struct gap_translation translation;
		uint64_t span = GAP_PAGE_BYTES;
		struct gap_mapping next = {.start = window.start + done};
		enum gap_status status =
			survey->arch->walk(survey->memory, space, next.start, &translation, &span);

		survey->walks_left--;
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

uint64_t gap_survey_physical(const struct gap_surveying *survey, const struct gap_space *space,
			     uint64_t address)
{
	struct gap_translation translation;

	return survey->arch->walk(survey->memory, space, address, &translation, NULL)
		       ? UINT64_MAX
		       : translation.physical;
}

/* ---- banners ---- */

int gap_survey_is_banner(const char *text, size_t size_bytes, size_t *length)
{
	size_t end = strnlen(text, size_bytes);
	const char *number = memmem(text, end, " #", 2);

	if (end == size_bytes || end < sizeof(GAP_BANNER_START) || text[end - 1] != '\n' ||
	    memcmp(text, GAP_BANNER_START, sizeof(GAP_BANNER_START) - 1) != 0 ||
	    !isdigit((unsigned char)text[sizeof(GAP_BANNER_START) - 1]) || !number ||
	    !isdigit((unsigned char)number[2]))
		return 0;
	for (size_t i = 0; i < end - 1; i++)
		if (text[i] < ' ' || text[i] > '~')
			return 0;
	*length = end;
	return 1;
}

/* ---- the image of a candidate ---- */

struct image {
	struct gap_surveying *survey;
	const struct gap_space *space;
	struct gap_survey *met;
	struct gap_mapping text, code; /* code: what should be */
	int has_code;
	size_t banner_length;
	uint64_t mapping_start; /* virtual, of the run that is searched for banners */
	uint64_t mapping_physical;
};

static int longest_text(void *context, const struct gap_mapping *mapping)
{
	struct gap_mapping *text = context;

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

	if (!gap_survey_is_banner(
		    text, gap_memory_read_some(image->survey->memory, at, text, sizeof(text)),
		    &length))
		return 0;
	image->banner_length = length;
	memcpy(image->met->text, text, length + 1);
	image->met->banner.value = image->mapping_start + (at.value - image->mapping_physical);
	return 1;
}

/* The part of memory that a mapping shows, searched as if it were all. */
static void search_memory(struct image *image, const struct gap_mapping *mapping)
{
	const struct gap_memory *memory = image->survey->memory;
	uint64_t end = mapping->physical + (mapping->end - mapping->start);

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
		if (gap_memory_scan(&shown, GAP_BANNER_START, first_banner, image))
			return; /* without memory no banner is met */
	}
}

/* How many of all banners lie before an address. */
static unsigned banners_before(const struct gap_surveying *survey, uint64_t physical)
{
	unsigned low = 0, high = survey->all_count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (survey->all[middle].value < physical)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where all of memory was searched already, what was found there is enough. */
static void search_banner(struct image *image, const struct gap_mapping *mapping)
{
	const struct gap_surveying *survey = image->survey;
	uint64_t end = mapping->physical + (mapping->end - mapping->start);

	image->mapping_start = mapping->start;
	image->mapping_physical = mapping->physical;
	if (!survey->has_banners || survey->all_count == GAP_BANNERS_ALL) {
		search_memory(image, mapping);
		return;
	}
	for (unsigned i = banners_before(survey, mapping->physical);
	     i < survey->all_count && survey->all[i].value < end; i++)
		if (first_banner(image, survey->all[i]))
			return;
}

static int take_image(void *context, const struct gap_mapping *mapping)
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

static struct gap_window area_of(const struct gap_surveying *survey, const struct gap_space *space)
{
	return (survey->arch->image_area ? survey->arch->image_area
					 : survey->arch->kernel_half)(&space->paging);
}

/* ---- is it code? ---- */

/* A page of what should be code; NULL: nothing is in it. */
static const unsigned char *page_at(const struct gap_memory *memory, uint64_t physical,
				    unsigned char buffer[GAP_PAGE_BYTES])
{
	const unsigned char *page = gap_physical_at(memory, physical, GAP_PAGE_BYTES);

	if (!page && gap_memory_read(memory, (struct gap_paddr){physical}, buffer, GAP_PAGE_BYTES))
		return NULL;
	if (!page)
		page = buffer;
	return page[0] || memcmp(page, page + 1, GAP_PAGE_BYTES - 1) != 0 ? page : NULL;
}

unsigned gap_survey_code(const struct gap_memory *memory, const struct gap_arch *arch,
			 uint64_t physical, struct gap_window text, unsigned *seen)
{
	uint64_t step = (text.size_bytes / CODE_SAMPLES) & ~(uint64_t)(GAP_PAGE_BYTES - 1);
	unsigned char buffer[GAP_PAGE_BYTES];
	unsigned good = 0;

	*seen = 0;
	for (uint64_t at = 0; at < text.size_bytes; at += step ? step : GAP_PAGE_BYTES) {
		const unsigned char *page = page_at(memory, physical + at, buffer);

		*seen += page != NULL;
		good += page && arch->is_code(page, text.start + at, text);
	}
	return good;
}

/*
 * A fair part of what the text holds must be code of this architecture. Whoever writes page tables
 * must have such code as well, or lead to a kernel's.
 */
static int holds_code(struct image *image)
{
	struct gap_surveying *survey = image->survey;
	const struct gap_mapping *code = &image->code;
	struct gap_window text = {code->start, code->end - code->start};
	unsigned seen, good;

	survey->walks_left -= survey->walks_left < CODE_WALKS ? survey->walks_left : CODE_WALKS;
	good = gap_survey_code(survey->memory, survey->arch, code->physical, text, &seen);
	image->has_code = good >= GAP_CODE_GOOD_MIN && good * CODE_PART >= seen;
	return image->has_code;
}

/* By the permissions of its pages. */
static int meet_by_text(struct image *image)
{
	struct gap_window area = area_of(image->survey, image->space);

	/* The upper part first: arm64's linear map is the lower, since 5.4. */
	for (int part = 1; part >= 0 && image->text.end - image->text.start < TEXT_BYTES_MIN;
	     part--)
		gap_survey_mappings(
			image->survey, image->space,
			(struct gap_window){area.start + (uint64_t)part * (area.size_bytes / 2),
					    area.size_bytes / 2},
			longest_text, &image->text);
	if (image->text.end - image->text.start < TEXT_BYTES_MIN)
		return 0;
	gap_survey_mappings(image->survey, image->space,
			    around(area, image->text.start, image->text.end), take_image, image);
	image->met->text_start.value = image->text.start;
	image->met->text_end.value = image->text.end;
	image->code = image->text;
	return image->banner_length > 0;
}

/* Where the whole of low memory is mapped from, the root itself too: the first such place from @base
 * on; 0 none. */
static uint64_t base_of_root(const struct gap_surveying *survey, const struct gap_space *space,
			     uint64_t base)
{
	struct gap_window area = area_of(survey, space);

	for (; base - area.start < area.size_bytes; base += BASE_STEP)
		if (gap_survey_physical(survey, space, base + space->root) == space->root)
			return base;
	return 0;
}

/* The first place where root and banner are both mapped at one distance. */
static uint64_t base_of_both(const struct gap_surveying *survey, const struct gap_space *space,
			     uint64_t banner)
{
	uint64_t base = base_of_root(survey, space, area_of(survey, space).start);

	while (base && gap_survey_physical(survey, space, base + banner) != banner)
		base = base_of_root(survey, space, base + BASE_STEP);
	return base;
}

int gap_survey_maps_banner(const struct gap_surveying *survey, const struct gap_space *space)
{
	if (!base_of_root(survey, space, area_of(survey, space).start))
		return 0;
	for (unsigned i = 0; i < survey->banner_count; i++)
		if (base_of_both(survey, space, survey->banners[i].value))
			return 1;
	return 0;
}

/* The image around one banner: code comes before it. */
static int meet_at_banner(struct image *image, uint64_t at)
{
	struct gap_surveying *survey = image->survey;
	uint64_t base = base_of_both(survey, image->space, at);
	struct gap_mapping run = {base + at, base + at + GAP_SURVEY_BANNER_BYTES, at, 0};

	if (!base)
		return 0;
	search_banner(image, &run);
	image->text = run;
	gap_survey_mappings(survey, image->space,
			    (struct gap_window){run.start & ~(IMAGE_ALIGN - 1), BASE_STEP},
			    take_image, image);
	image->code = (struct gap_mapping){image->met->image_start.value, run.start,
					   image->met->image_start.value - base, 1};
	return image->banner_length > 0;
}

/* Every text is executable here: the banners that were met in memory lead to where they are mapped,
 * at the distance at which the root itself is. The first with code, else the first. */
static int meet_by_banner(struct image *image)
{
	const struct image blank = *image;
	const struct gap_survey nothing = *image->met;
	struct gap_survey first = nothing;
	struct image first_image = blank;
	int any = 0;

	for (unsigned i = 0; i < image->survey->banner_count && image->survey->walks_left; i++) {
		*image = blank;
		*image->met = nothing;
		if (!meet_at_banner(image, image->survey->banners[i].value))
			continue;
		if (holds_code(image))
			return 1;
		if (!any) {
			first = *image->met;
			first_image = *image;
		}
		any = 1;
	}
	*image = first_image;
	*image->met = first;
	return any;
}

/* ---- the linear map ---- */

struct linear {
	const struct image *image;
	uint64_t base;
	int found;
	/* Some run, not of the image itself, is as far from memory as one that has the text: whatever
	 * the root. */
	int has_text;
};

static int maps_linearly(const struct linear *linear, uint64_t base, uint64_t physical)
{
	return gap_survey_physical(linear->image->survey, linear->image->space, base + physical) ==
	       physical;
}

/* A run that is part of it: the root and the image are mapped at the same distance. */
static int take_linear(void *context, const struct gap_mapping *mapping)
{
	struct linear *linear = context;
	uint64_t base = mapping->start - mapping->physical;

	if (mapping->start == linear->image->text.start ||
	    !maps_linearly(linear, base, linear->image->text.physical))
		return 0;
	linear->has_text |= base != linear->image->text.start - linear->image->text.physical;
	if (!maps_linearly(linear, base, linear->image->space->root))
		return 0;
	linear->base = base;
	linear->found = 1;
	return 1;
}

/* The entries of the kernel's half, where half of a page are. */
static int read_half(const struct image *image, struct gap_half *half)
{
	const struct gap_arch *arch = image->survey->arch;
	struct gap_paddr at = {image->space->root + GAP_PAGE_BYTES - GAP_HALF_BYTES};

	half->levels = image->space->paging.levels;
	return arch->shared_root && arch->pointer_bytes == 8 &&
	       !gap_memory_read(image->survey->memory, at, half->entries, GAP_HALF_BYTES);
}

static int is_unmapped(const struct gap_surveying *survey, const struct gap_half *half)
{
	for (unsigned i = 0; i < survey->unmapped_count; i++)
		if (survey->unmapped[i].levels == half->levels &&
		    memcmp(survey->unmapped[i].entries, half->entries, GAP_HALF_BYTES) == 0)
			return 1;
	return 0;
}

static int meet_linear(struct image *image)
{
	struct gap_surveying *survey = image->survey;
	struct linear linear = {.image = image};
	const struct gap_memory *memory = survey->memory;
	const struct gap_memory_range *last = &memory->ranges[memory->range_count - 1];
	struct gap_half half;
	int has_half = read_half(image, &half);

	if (has_half && is_unmapped(survey, &half))
		return 0;
	gap_survey_mappings(survey, image->space, survey->arch->kernel_half(&image->space->paging),
			    take_linear, &linear);
	if (has_half && !linear.has_text && survey->walks_left &&
	    survey->unmapped_count < GAP_HALVES_MAX)
		survey->unmapped[survey->unmapped_count++] = half;
	image->met->linear_start.value = linear.base;
	image->met->linear_end.value = linear.base + last->start.value + last->size_bytes;
	return linear.found;
}

/* ---- all of it ---- */

int gap_survey_meet(struct gap_surveying *survey, struct gap_met_kernel *kernel)
{
	struct image image = {.survey = survey, .space = &kernel->space, .met = &kernel->met};

	kernel->arch = survey->arch;
	kernel->met = (struct gap_survey){.machine = survey->arch->machine,
					  .pointer_bytes = survey->arch->pointer_bytes};
	if (!(survey->arch->is_executable ? meet_by_text(&image) : meet_by_banner(&image)) ||
	    !meet_linear(&image))
		return 0;
	kernel->has_code = image.has_code || (survey->arch->is_executable && holds_code(&image));
	kernel->banner_physical =
		gap_survey_physical(survey, &kernel->space, kernel->met.banner.value);
	return 1;
}
