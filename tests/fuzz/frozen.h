/* SPDX-License-Identifier: MIT */
/*
 * The property that every input of a builder shares: what was read and freezes is an image that
 * opens.
 */
#ifndef SEMGAP_FUZZ_FROZEN_H
#define SEMGAP_FUZZ_FROZEN_H

#include "profile/builder.h"
#include "tests/fuzz/fuzz.h"

static inline void freeze_and_open(struct gap_builder *builder)
{
	struct gap_profile *profile = NULL;
	struct gap_error error = {""};
	void *image = NULL;
	size_t size_bytes = 0;

	if (gap_builder_freeze(builder, 0, &image, &size_bytes, &error) != GAP_OK)
		return;
	fuzz_accepted++;
	if (gap_profile_open_image(image, size_bytes, &profile, &error) != GAP_OK)
		fprintf(stderr, "%s\n", error.text);
	FUZZ_CHECK(profile != NULL);
	gap_profile_close(profile);
	free(image);
}

#endif
