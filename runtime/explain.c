/* SPDX-License-Identifier: MIT */
/* What to say when no guest was found, when two were, or when the one that is there is another. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/bootstrap.h"
#include "runtime/scan.h"

#define GAP_BANNER_BYTES 1024
#define ULL(value) ((unsigned long long)(value))

/* Kernels since 6.1 also hold a weak copy of the banner that was linked before the build had its
 * number. */
static int has_number(const char *banner, size_t length)
{
	const char *sign = memchr(banner, '#', length);

	return sign && sign + 1 < banner + length && sign[1] >= '0' && sign[1] <= '9';
}

static int find_banner(void *context, struct gap_paddr at)
{
	struct gap_search *search = context;
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
static void look_for_banner(struct gap_search *search)
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

static enum gap_status explain_other(struct gap_search *search, struct gap_error *error)
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

/* ---- banners, when no page tables led to any ---- */

#define BANNERS_MAX 8

/* What the texts in memory say: the profile's own banner, or others, each as often as it was met. */
struct banners {
	const struct gap_search *search;
	int own;
	struct gap_paddr own_at;
	size_t count;
	unsigned times[BANNERS_MAX];
	char texts[BANNERS_MAX][GAP_SEEN_BYTES];
};

static int is_own(const struct gap_target *target, const char *text, size_t length)
{
	uint8_t hash[16];

	if (target->banner_bytes)
		return length >= target->banner_bytes &&
		       memcmp(text, target->banner, target->banner_bytes) == 0;
	gap_banner_hash(text, length, hash);
	return memcmp(hash, target->banner_hash, sizeof(hash)) == 0;
}

/* A banner is a line: with its number, and with what the compiler is in brackets. */
static int take_banner(void *context, struct gap_paddr at)
{
	struct banners *banners = context;
	char text[GAP_BANNER_BYTES], seen[GAP_SEEN_BYTES];
	size_t length =
		gap_memory_read_some(banners->search->guest->memory, at, text, sizeof(text));
	const char *end = memchr(text, '\n', length);
	size_t i = 0;

	if (!end || !has_number(text, (size_t)(end - text)) ||
	    !memchr(text, '(', (size_t)(end - text)))
		return 0;
	if (is_own(&banners->search->witnesses.target, text, (size_t)(end - text) + 1)) {
		banners->own = 1;
		banners->own_at = at;
		return 1;
	}
	gap_seen_copy(seen, text, (size_t)(end - text));
	while (i < banners->count && strcmp(banners->texts[i], seen) != 0)
		i++;
	if (i == BANNERS_MAX)
		return 0;
	if (i == banners->count)
		memcpy(banners->texts[banners->count++], seen, sizeof(seen));
	banners->times[i]++;
	return 0;
}

static size_t most_frequent(const struct banners *banners)
{
	size_t best = 0;

	for (size_t i = 1; i < banners->count; i++)
		if (banners->times[i] > banners->times[best])
			best = i;
	return best;
}

static void explain_own(const struct gap_search *search, struct gap_paddr at,
			struct gap_error *error)
{
	unsigned count = search->guest->info.candidates;

	if (search->given)
		gap_fail(error, GAP_NOT_FOUND,
			 "the banner of the profile's kernel is in guest memory (at 0x%llx), but "
			 "the "
			 "given page-table root, base and slide do not lead to it (%u combinations "
			 "tried): check --root and --slide; or the tables lie in a part of memory "
			 "that "
			 "is missing here",
			 ULL(at.value), count);
	else
		gap_fail(
			error, GAP_NOT_FOUND,
			"the banner of the profile's kernel is in guest memory (at 0x%llx), but no "
			"page tables that lead to it (%u candidates): they are broken, or lie in a "
			"part of memory that is missing here",
			ULL(at.value), count);
}

/* Whether the texts in memory explain it; without a banner in the profile none can. */
static int explain_by_banners(const struct gap_search *search, struct gap_error *error)
{
	const struct gap_target *target = &search->witnesses.target;
	struct banners *banners;
	int explained = 0;

	if (!search->witnesses.has_banner || !(banners = calloc(1, sizeof(*banners))))
		return 0;
	banners->search = search;
	if (gap_memory_scan(search->guest->memory, GAP_BANNER_START, take_banner, banners)) {
		banners->own = 0;
	} else if (banners->own) {
		explain_own(search, banners->own_at, error);
		explained = 1;
	} else if (banners->count) {
		gap_fail(error, GAP_MISMATCH,
			 "the guest runs another kernel than the profile's: the guest is \"%s\", "
			 "the "
			 "profile is of %s",
			 banners->texts[most_frequent(banners)],
			 *target->release ? target->release : "an unnamed release");
		explained = 2;
	}
	free(banners);
	return explained;
}

static enum gap_status explain_none(const struct gap_search *search, struct gap_error *error)
{
	unsigned count = search->guest->info.candidates;
	int explained;

	if (search->fault)
		return gap_fail(error, GAP_NOT_FOUND,
				"the banner of the profile's kernel is in guest memory, but %s",
				search->fault);
	explained = explain_by_banners(search, error);
	if (explained)
		return explained == 2 ? GAP_MISMATCH : GAP_NOT_FOUND;
	if (search->given)
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile's kernel is not where the given page-table root, base "
				"and slide lead (%u combinations tried): check --root, --slide and "
				"the profile",
				count);
	if (count == 0)
		return gap_fail(error, GAP_NOT_FOUND,
				"no image of the profile's kernel and no VMCOREINFO in guest "
				"memory, so that its page tables are not known; pass --root and "
				"--slide");
	return gap_fail(error, GAP_NOT_FOUND,
			"of %u candidates%s that were found in guest memory none leads to the "
			"profile's kernel; pass --root and --slide",
			count, search->cut ? " (there are more: the search was given up)" : "");
}

static enum gap_status explain_two(const struct gap_search *search, struct gap_error *error)
{
	return gap_fail(
		error, GAP_AMBIGUOUS,
		"two kernels of this build are in guest memory, one perhaps left by an earlier "
		"boot: root 0x%llx with slide 0x%llx, and root 0x%llx with slide 0x%llx; pass "
		"--root and --slide of the one that runs (CR3)",
		ULL(search->chosen.space.root), ULL(search->chosen.slide),
		ULL(search->rival.space.root), ULL(search->rival.slide));
}

enum gap_status gap_search_explain(struct gap_search *search, struct gap_error *error)
{
	if (search->ambiguous)
		return explain_two(search, error);
	return search->other ? explain_other(search, error) : explain_none(search, error);
}
