/* SPDX-License-Identifier: MIT */
/* Bytes of an input: a file, or what was unpacked from one; and the words that name them. */
#ifndef SEMGAP_CONTENT_H
#define SEMGAP_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/include/semgap/status.h"

struct gap_content {
	char name[1024]; /* "FILE", or "FILE (what is inside)" */
	const uint8_t *bytes;
	size_t size_bytes;
	void *owned; /* from malloc(), or NULL */
	void *mapped;
	size_t mapped_bytes;
};

/** Opens a regular file; an empty one is GAP_NOT_FOUND. Large files are mapped, those of proc and sysfs read. */
enum gap_status gap_content_open(struct gap_content *content, const char *path,
				 struct gap_error *error) GAP_MUST_CHECK;
void gap_content_close(struct gap_content *content);

/** Names what lies inside of something else. */
void gap_content_name(struct gap_content *content, const char *outer, const char *inner);

/**
 * A place for bytes of unknown number, without a name in the file system: in memory, or, where that would be much, in a
 * temporary folder.
 */
struct gap_spool {
	int file; /* -1 none */
	uint64_t size_bytes;
};
enum gap_status gap_spool_begin(struct gap_spool *spool, uint64_t expected_bytes,
				struct gap_error *error) GAP_MUST_CHECK;
enum gap_status gap_spool_write(struct gap_spool *spool, const void *bytes, size_t size_bytes,
				struct gap_error *error) GAP_MUST_CHECK;
/** Its bytes as @content (whose name stays); ends the spool either way. */
enum gap_status gap_spool_finish(struct gap_spool *spool, struct gap_content *content,
				 struct gap_error *error) GAP_MUST_CHECK;
void gap_spool_abort(struct gap_spool *spool);

/** How a packed file is called that begins like this ("gzip", …), or NULL. */
const char *gap_packing_of(const uint8_t *bytes, size_t size_bytes);

/**
 * Unpacks @bytes, whatever packed them; what follows the packed data is ignored (a kernel's payload has its unpacked
 * size there). @content's name is for the errors. GAP_CORRUPT; GAP_UNSUPPORTED (over @most_bytes, or built without that
 * library).
 */
enum gap_status gap_unpack(struct gap_content *content, const uint8_t *bytes, size_t size_bytes,
			   uint64_t most_bytes, struct gap_error *error) GAP_MUST_CHECK;

#endif
