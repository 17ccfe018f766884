/* SPDX-License-Identifier: MIT */
/*
 * Which of several kernels runs, that page tables in one memory lead to. A process may write tables,
 * banners and code into its own pages, but nothing into a kernel's image, and it knows little of
 * where things are. What costs it most is asked first: whether what should be code is, then whether
 * the image has a root of its own and its data lead there (init_mm.pgd), then how many roots of
 * different contents there are. Where that does not tell, nothing is chosen.
 */
#include "runtime/survey_parts.h"

#define OWN_ROOTS_MAX 16
#define ROOTS_CLEAR                                                                                \
	16 /* times as many roots are clearly more: with GAP_ROOTS_MAX nobody has them who is
			* up against more than 16 */

/* ---- the kernel's own root ---- */

static int any_mapping(void *context, const struct gap_mapping *mapping)
{
	(void)mapping;
	*(int *)context = 1;
	return 1;
}

/* Of the half that processes have to themselves, as far down as every split has it. */
static int maps_user_half(struct gap_surveying *survey, const struct gap_space *space)
{
	struct gap_window half = survey->arch->kernel_half(&space->paging);
	int any = 0;

	gap_survey_mappings(survey, space, (struct gap_window){0, half.start}, any_mapping, &any);
	return any;
}

/* Roots of processes, for booting and for waking map the kernel too, and low addresses besides. */
static int is_own_root(struct gap_surveying *survey, const struct gap_met_kernel *kernel,
		       const struct gap_space *own)
{
	const struct gap_survey *met = &kernel->met;

	return survey->arch->may_be_root(survey->memory, own) &&
	       gap_survey_physical(survey, own, met->banner.value) == kernel->banner_physical &&
	       gap_survey_physical(survey, own, met->linear_start.value + own->root) == own->root &&
	       !(survey->arch->shared_root && maps_user_half(survey, own));
}

/* The pages of the image that may be the kernel's own root, by where they are mapped: the last ones,
 * as roots for booting come before. */
static unsigned list_own_roots(struct gap_surveying *survey, const struct gap_met_kernel *kernel,
			       uint64_t addresses[OWN_ROOTS_MAX])
{
	const struct gap_survey *met = &kernel->met;
	struct gap_space own = kernel->space;
	unsigned count = 0;

	survey->arch = kernel->arch;
	for (uint64_t at = met->image_start.value; at < met->image_end.value;
	     at += GAP_PAGE_BYTES) {
		own.root = gap_survey_physical(survey, &kernel->space, at);
		if (own.root - kernel->banner_physical != at - met->banner.value ||
		    !is_own_root(survey, kernel, &own))
			continue;
		if (count == OWN_ROOTS_MAX)
			memmove(addresses, addresses + 1, --count * sizeof(*addresses));
		addresses[count++] = at;
	}
	return count;
}

int gap_survey_own_root(struct gap_surveying *survey, const struct gap_met_kernel *kernel,
			struct gap_space *own)
{
	uint64_t addresses[OWN_ROOTS_MAX];
	unsigned count = list_own_roots(survey, kernel, addresses);

	if (!count)
		return 0;
	*own = kernel->space;
	own->root = kernel->banner_physical + (addresses[count - 1] - kernel->met.banner.value);
	return 1;
}

/* ---- the image's word for it ---- */

static int is_among(const uint64_t *addresses, unsigned count, uint64_t value)
{
	for (unsigned i = 0; i < count; i++)
		if (addresses[i] == value)
			return 1;
	return 0;
}

/* Two words of 32 bits are read as one of 64. */
static int page_points_to(const struct gap_surveying *survey, const struct gap_met_kernel *kernel,
			  uint64_t physical, const uint64_t *addresses, unsigned count)
{
	const unsigned char *page = gap_physical_at(survey->memory, physical, GAP_PAGE_BYTES);

	for (unsigned i = 0; i < GAP_PAGE_BYTES; i += 8) {
		uint64_t word;

		if (page)
			memcpy(&word, page + i, sizeof(word));
		else if (!gap_entry_read(survey->memory, physical + i, &word))
			return 0;
		if (kernel->met.pointer_bytes == 8 ? is_among(addresses, count, word)
						   : is_among(addresses, count, (uint32_t)word) ||
							     is_among(addresses, count, word >> 32))
			return 1;
	}
	return 0;
}

/* Data come behind the banner, which is read-only as code is. */
static int image_points_to(const struct gap_surveying *survey, const struct gap_met_kernel *kernel,
			   const uint64_t *addresses, unsigned count)
{
	const struct gap_survey *met = &kernel->met;
	uint64_t first = met->banner.value & ~(uint64_t)(GAP_PAGE_BYTES - 1);
	uint64_t move = kernel->banner_physical - met->banner.value;

	for (uint64_t at = first; at < met->image_end.value; at += GAP_PAGE_BYTES)
		if (page_points_to(survey, kernel, at + move, addresses, count))
			return 1;
	return 0;
}

static int knows_own(struct gap_surveying *survey, struct gap_met_kernel *kernel)
{
	uint64_t addresses[OWN_ROOTS_MAX];
	unsigned count;

	if (kernel->knows_own < 0) {
		count = list_own_roots(survey, kernel, addresses);
		kernel->knows_own = count && image_points_to(survey, kernel, addresses, count);
	}
	return kernel->knows_own;
}

/* ---- one against another ---- */

static int is_same_image(const struct gap_met_kernel *one, const struct gap_met_kernel *other)
{
	return one->arch == other->arch && one->banner_physical == other->banner_physical;
}

/*
 * Above 0: @one is for sure the better, below: the other; 0: nothing tells. Of those that lead to one
 * image the deeper is: a table under a root passes for a root of fewer levels.
 */
static int compare(struct gap_surveying *survey, struct gap_met_kernel *one,
		   struct gap_met_kernel *other)
{
	unsigned roots = one->met.roots, others = other->met.roots;
	int deeper = one->space.paging.levels - other->space.paging.levels;
	int told = one->has_code - other->has_code;

	/* The same in the end, without a look at the other. */
	if (!told && is_same_image(one, other) && deeper &&
	    knows_own(survey, deeper > 0 ? one : other))
		return deeper;
	if (!told)
		told = knows_own(survey, one) - knows_own(survey, other);
	if (told)
		return told;
	if (!is_same_image(one, other))
		return (roots >= ROOTS_CLEAR * others) - (others >= ROOTS_CLEAR * roots);
	return deeper ? deeper : (roots > others) - (roots < others);
}

static const char *name_arch(const struct gap_met_kernel *kernel)
{
	if (kernel->arch == &gap_arch_i386)
		return "i386";
	return kernel->arch == &gap_arch_x86_64 ? "x86-64" : "arm64";
}

/* Of its banner, as far as an error has room for it. */
static int text_length(const struct gap_met_kernel *kernel)
{
	int length = (int)strcspn(kernel->met.text, "\n");

	return length < 120 ? length : 120;
}

static enum gap_status refuse(const struct gap_met_kernel *one, const struct gap_met_kernel *other,
			      struct gap_error *error)
{
	return gap_fail(error, GAP_AMBIGUOUS,
			"page tables in this memory lead to two kernels, and nothing tells which "
			"of them runs: %s \"%.*s\" (root 0x%llx) and %s \"%.*s\" (root 0x%llx); "
			"one may be left from before a warm reboot, or forged by a process: take "
			"memory from where the CPUs' registers are known (qemu:SOCKET, an ELF "
			"core, a kdump)",
			name_arch(one), text_length(one), one->met.text,
			(unsigned long long)one->space.root, name_arch(other), text_length(other),
			other->met.text, (unsigned long long)other->space.root);
}

/* What lost to it, but has all that a kernel has, is told of. */
static enum gap_status hold_against(struct gap_surveying *survey, struct gap_met_kernel *best,
				    struct gap_met_kernel *other, struct gap_error *error)
{
	if (other == best || is_same_image(best, other) || other->has_code < best->has_code)
		return GAP_OK;
	if (compare(survey, best, other) <= 0)
		return refuse(best, other, error);
	if (!best->met.rivals++) {
		best->met.rival_machine = other->arch->machine;
		memcpy(best->met.rival, other->met.text, sizeof(best->met.rival));
	}
	return GAP_OK;
}

enum gap_status gap_survey_choose(struct gap_surveying *survey, struct gap_met_kernel **chosen,
				  struct gap_error *error)
{
	struct gap_met_kernel *best = &survey->kernels[0];
	enum gap_status status = GAP_OK;

	for (unsigned i = 1; i < survey->kernel_count; i++)
		if (compare(survey, &survey->kernels[i], best) > 0)
			best = &survey->kernels[i];
	for (unsigned i = 0; !status && i < survey->kernel_count; i++)
		status = hold_against(survey, best, &survey->kernels[i], error);
	if (!status && survey->crowded)
		status = gap_fail(error, GAP_AMBIGUOUS,
				  "page tables in this memory lead to more than %u kernels: nearly "
				  "all of them are forged, and nothing tells which is not",
				  GAP_KERNELS_MAX);
	if (!status)
		*chosen = best;
	return status;
}
