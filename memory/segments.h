/* SPDX-License-Identifier: MIT */
/*
 * Guest memory that lies in a file, in pieces: what all formats of files have in common. Pieces may
 * come in any order, overlap and lie beyond the file's end; what results is sorted, clean, and says
 * what was lost. The file's own bytes are mapped; a compressed file's are read through its format.
 */
#ifndef SEMGAP_SEGMENTS_H
#define SEMGAP_SEGMENTS_H

#include "memory/probe.h"

struct gap_segment {
	uint64_t start; /* guest-physical */
	uint64_t size_bytes;
	uint64_t offset; /* in the file, or in what it holds compressed */
};

/** How a format reads what is not simply there. Called from any thread. */
struct gap_segments_io {
	/** Reads at an offset of a segment; never beyond the segment. */
	enum gap_status (*read)(void *context, uint64_t offset, void *buffer, size_t size_bytes);
	void (*close)(void *context);
	void *context;
};

struct gap_segments {
	struct gap_segment *items;
	struct gap_memory_range *ranges; /* one per item, once opened */
	size_t count, capacity;
	struct gap_segments_io io; /* all NULL: the file's bytes as they are */
	int fd;
	const unsigned char *map; /* the whole file; NULL: it is read */
	uint64_t file_bytes;
	uint64_t missing_bytes; /* beyond the end of the file */
	uint64_t overlap_bytes; /* said twice, with different places in the file */
	struct gap_vcpu *vcpus; /* owned, for formats that have them */
};

/** An empty table for the probed file; it keeps a descriptor of its own. */
enum gap_status gap_segments_create(const struct gap_probe *probe, struct gap_segments **segments,
				    struct gap_error *error);
/** Adds a piece; the part that the file does not have is counted as missing. Only GAP_NO_MEMORY. */
enum gap_status gap_segments_add(struct gap_segments *segments, struct gap_segment segment);
/**
 * Sorts, and of two pieces that overlap believes the one that begins lower; maps the file, or reads
 * it where it cannot be mapped. GAP_CORRUPT without any memory. On success @opened owns @segments.
 */
enum gap_status gap_segments_open(const struct gap_probe *probe, struct gap_segments *segments,
				  struct gap_source_memory *opened, struct gap_error *error);
/** Takes struct gap_segments; fits the rows' close. */
void gap_segments_destroy(void *segments);

#endif
