/* SPDX-License-Identifier: MIT */
/* Packages as distributions ship them (.deb, .rpm) and plain tar archives, read from front to back. */
#ifndef SEMGAP_PACKAGE_H
#define SEMGAP_PACKAGE_H

#include "extract/inputs.h"

enum gap_member_choice { GAP_MEMBER_SKIP, GAP_MEMBER_TAKE };

/** Which regular files of a package are wanted, and who gets them. Either may end the walk by setting *@stop. */
struct gap_package_walk {
	enum gap_member_choice (*choose)(void *context, const char *path);
	/** @content is closed afterwards unless taken over (and cleared). */
	enum gap_status (*visit)(void *context, const char *path, struct gap_content *content,
				 bool *stop);
	void *context;
};

bool gap_package_probe(const uint8_t *bytes, size_t size_bytes);

/** Reads @package; only chosen members are kept, one at a time. */
enum gap_status gap_package_read(const struct gap_extraction *run,
				 const struct gap_content *package,
				 const struct gap_package_walk *walk) GAP_MUST_CHECK;

/** The kernel in @package: its vmlinux, or what it boots. */
enum gap_status gap_package_kernel(const struct gap_extraction *run,
				   const struct gap_content *package,
				   struct gap_content *kernel) GAP_MUST_CHECK;

#endif
