/* SPDX-License-Identifier: MIT */
/*
 * --format gap: our own image, frozen again. Without a selection an equal profile; with one the
 * blob of one monitor, which holds the members and symbols asked for and nothing else.
 */
#include <stdlib.h>

#include "emit/copy.h"
#include "emit/formats.h"
#include "emit/reduce.h"

static enum gap_status fill(const struct gap_profile *profile,
			    const struct gap_selection *selection, struct gap_builder *builder,
			    struct gap_error *error)
{
	if (gap_selection_is_everything(selection))
		return gap_copy_profile(profile, builder, error);
	return gap_reduce(profile, selection, GAP_REDUCE_LEAN, builder, error);
}

enum gap_status gap_emit_gap(const struct gap_profile *profile,
			     const struct gap_selection *selection,
			     const struct gap_emit_options *options, FILE *stream,
			     struct gap_error *error)
{
	unsigned flags = gap_selection_is_everything(selection) ? 0 : GAP_FREEZE_MINIMAL;
	struct gap_builder *builder;
	size_t size_bytes;
	void *image;
	enum gap_status status = gap_builder_create(&builder, error);

	(void)options;
	if (status)
		return status;
	status = fill(profile, selection, builder, error);
	if (status == GAP_OK)
		status = gap_builder_freeze(builder, flags, &image, &size_bytes, error);
	gap_builder_destroy(builder);
	if (status)
		return status;
	/* Whoever opened the stream looks for write errors, and knows its name. */
	fwrite(image, 1, size_bytes, stream);
	free(image);
	return GAP_OK;
}
