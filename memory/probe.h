/* SPDX-License-Identifier: MIT */
/*
 * The formats of guest memory, as one row each in the probe table of source.c. A new format is a
 * file with its row; the first row that recognises a file's beginning has it.
 */
#ifndef SEMGAP_PROBE_H
#define SEMGAP_PROBE_H

#include "semgap/source.h"

#define GAP_PROBE_BYTES 4096

/** A file that is being probed. */
struct gap_probe {
	const char *path;
	int fd;
	uint64_t size_bytes;
	const unsigned char *start; /* of the file: GAP_PROBE_BYTES, or all of it */
	size_t start_bytes;
};

struct gap_source_format {
	const char *name;
	int (*recognises)(const struct gap_probe *probe);
	/** Fills in @memory and @state. The descriptor stays the caller's. */
	enum gap_status (*open)(const struct gap_probe *probe, struct gap_memory *memory,
				void **state, struct gap_error *error);
	void (*close)(void *state);
};

extern const struct gap_source_format gap_source_raw;

#endif
