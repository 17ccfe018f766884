/* SPDX-License-Identifier: MIT */
/*
 * Bytes as a file that has a path and no place on a disk, for interfaces that take paths.
 */
#ifndef SEMGAP_FUZZ_MEMORY_FILE_H
#define SEMGAP_FUZZ_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct memory_file {
	int descriptor;
	char path[64];
};

static inline int memory_file_open(struct memory_file *file, const uint8_t *data, size_t size_bytes)
{
	file->descriptor = memfd_create("fuzz", MFD_CLOEXEC);
	if (file->descriptor < 0)
		return 0;
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->descriptor);
	if (write(file->descriptor, data, size_bytes) == (ssize_t)size_bytes)
		return 1;
	close(file->descriptor);
	return 0;
}

static inline void memory_file_close(struct memory_file *file)
{
	close(file->descriptor);
}

#endif
