/* SPDX-License-Identifier: MIT */
/*
 * What the formats of guest memory share with source.c: a file that is being probed, an opened
 * source, and one row per format. A new format is a file with its row; the first row that
 * recognises a file's beginning has it.
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
	uint64_t split_bytes; /* raw: where the file goes on at 4 GiB; 0 nowhere */
};

struct gap_source_format;

/** An opened source: its format fills in everything but the row. */
struct gap_source_memory {
	struct gap_memory memory;
	const struct gap_source_format *row;
	const char *format;       /* in words; static */
	struct gap_error warning; /* "" when nothing is to be said */
	void *state;
	int paused; /* by us */
};

struct gap_source_format {
	const char *name;
	int (*recognises)(const struct gap_probe *probe);
	/** The descriptor stays the caller's. */
	enum gap_status (*open)(const struct gap_probe *probe, struct gap_source_memory *opened,
				struct gap_error *error);
	void (*close)(void *state);

	/* A live guest has these; a file NULL. @pause says whether the guest was running. */
	enum gap_status (*pause)(void *state, int *was_running, struct gap_error *error);
	enum gap_status (*resume)(void *state, struct gap_error *error);
	enum gap_status (*refresh)(struct gap_source_memory *opened, struct gap_error *error);
};

extern const struct gap_source_format gap_source_raw, gap_source_lime, gap_source_elf_core;
#ifdef SEMGAP_SNAPPY
extern const struct gap_source_format gap_source_avml;
#endif
#ifdef SEMGAP_KDUMPFILE
extern const struct gap_source_format gap_source_kdump;
#endif

/** Live guests are named, not probed. */
extern const struct gap_source_format gap_source_live;
enum gap_status gap_source_live_open_qemu(const char *socket_path, struct gap_source_memory *opened,
					  struct gap_error *error);
enum gap_status gap_source_live_open_libvirt(const char *domain, struct gap_source_memory *opened,
					     struct gap_error *error);

/** Reads exactly @size_bytes of the file at @offset. GAP_CORRUPT when the file ends before. */
enum gap_status gap_probe_read(const struct gap_probe *probe, uint64_t offset, void *buffer,
			       size_t size_bytes, struct gap_error *error);

#endif
