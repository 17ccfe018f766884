/* SPDX-License-Identifier: MIT */
/*
 * Sources of guest memory (libsemgap-source): a file or a live guest, opened as the struct
 * gap_memory that the runtime reads. Formats are probed by content.
 */
#ifndef SEMGAP_SOURCE_H
#define SEMGAP_SOURCE_H

#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gap_source_memory;

/**
 * Opens SOURCE (a path). The result is closed with gap_source_memory_close(); its memory lives
 * until then. Errors: GAP_IO, GAP_CORRUPT, GAP_UNSUPPORTED, GAP_NO_MEMORY.
 */
GAP_API enum gap_status gap_source_memory_open(const char *source,
					       struct gap_source_memory **opened,
					       struct gap_error *error) GAP_MUST_CHECK;
GAP_API void gap_source_memory_close(struct gap_source_memory *opened);
GAP_API const struct gap_memory *gap_source_memory_get(const struct gap_source_memory *opened);
/** Name of the format that was recognised: "raw". A static string. */
GAP_API const char *gap_source_memory_format(const struct gap_source_memory *opened);

#ifdef __cplusplus
}
#endif
#endif
