/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps, map_files, fd, pagemap (Documentation/filesystems/proc.rst and
 * admin-guide/mm/pagemap.rst of the kernel) and process_vm_readv. What the memory means is left to
 * the callers.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memory/process.h"

static FILE *open_maps(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	return fopen(path, "re");
}

/* "7f78…-7f79… rw-s 00000000 fe:00 1234    /path"; the path may hold blanks. */
static int parse_line(const char *line, struct gap_process_mapping *mapping)
{
	struct gap_process_mapping parsed = {0};
	char shared;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*3c%c %" SCNx64 " %x:%x %" SCNu64 " %1023[^\n]",
		   &parsed.start, &parsed.end, &shared, &parsed.offset, &parsed.device_major,
		   &parsed.device_minor, &parsed.inode, parsed.path) < 7)
		return 0;
	parsed.is_shared = shared == 's';
	*mapping = parsed;
	return 1;
}

static int continues(const struct gap_process_mapping *first,
		     const struct gap_process_mapping *next)
{
	return next->start == first->end && next->inode == first->inode &&
	       next->device_major == first->device_major &&
	       next->device_minor == first->device_minor && next->is_shared == first->is_shared &&
	       (next->inode == 0 || next->offset == first->offset + (first->end - first->start));
}

/* Lines come sorted by address. */
static int search_maps(FILE *maps, uint64_t address, struct gap_process_mapping *mapping)
{
	struct gap_process_mapping next;
	char *line = NULL;
	size_t capacity = 0;
	int found = 0;

	while (getline(&line, &capacity, maps) > 0) {
		if (!parse_line(line, &next))
			continue;
		if (found && !continues(mapping, &next))
			break;
		if (found) {
			mapping->end = next.end;
		} else if (address >= next.start && address < next.end) {
			*mapping = next;
			found = 1;
		}
	}
	free(line);
	return found;
}

enum gap_status gap_process_mapping_find(pid_t pid, uint64_t address,
					 struct gap_process_mapping *mapping,
					 struct gap_error *error)
{
	FILE *maps = open_maps(pid);
	int found;

	if (!maps)
		return gap_fail(error, GAP_IO, "the memory map of QEMU's process %d: %s", (int)pid,
				strerror(errno));
	found = search_maps(maps, address, mapping);
	fclose(maps);
	return found ? GAP_OK
		     : gap_fail(error, GAP_NOT_FOUND,
				"process %d has nothing mapped at 0x%" PRIx64
				": is it QEMU that listens at the socket?",
				(int)pid, address);
}

/* ---- the file of a mapping ---- */

/* Opens a path and keeps it only if it is the mapping's file. */
static int open_same(const char *path, const struct gap_process_mapping *mapping)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat file;

	if (fd < 0)
		return -1;
	if (fstat(fd, &file) == 0 && file.st_ino == mapping->inode &&
	    major(file.st_dev) == mapping->device_major &&
	    minor(file.st_dev) == mapping->device_minor)
		return fd;
	close(fd);
	return -1;
}

/* A memfd, or a file that was unlinked, has a name only among the process's descriptors. */
static int open_descriptor(pid_t pid, const struct gap_process_mapping *mapping)
{
	char path[64 + NAME_MAX];
	struct dirent *entry;
	int found = -1;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (!folder)
		return -1;
	while (found < 0 && (entry = readdir(folder))) {
		struct stat file;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, entry->d_name);
		if (stat(path, &file) == 0 && file.st_ino == mapping->inode)
			found = open_same(path, mapping);
	}
	closedir(folder);
	return found;
}

int gap_process_open_file(pid_t pid, const struct gap_process_mapping *mapping)
{
	char path[64 + sizeof(mapping->path)];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, mapping->path);
	fd = open_same(path, mapping);
	if (fd < 0)
		fd = open_same(mapping->path, mapping);
	return fd < 0 ? open_descriptor(pid, mapping) : fd;
}

/* ---- memory without a file ---- */

enum gap_status gap_process_read(pid_t pid, uint64_t address, void *buffer, size_t size_bytes)
{
	unsigned char *at = buffer;

	while (size_bytes > 0) {
		struct iovec local = {at, size_bytes};
		struct iovec remote = {(void *)(uintptr_t)address, size_bytes};
		ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

		if (got <= 0)
			return GAP_UNREADABLE;
		at += got;
		address += (uint64_t)got;
		size_bytes -= (size_t)got;
	}
	return GAP_OK;
}

int gap_process_open_page_map(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

enum { MAP_ENTRIES = 4096, MAP_ROUNDS = 64 };

/* How many of the entries, from the first on, are of pages that were never there. */
static ssize_t count_untouched(const uint64_t *entries, ssize_t count)
{
	ssize_t i = 0;

	while (i < count && entries[i] >> 62 == 0) /* bits 63 and 62: present, swapped out */
		i++;
	return i;
}

uint64_t gap_process_untouched_bytes(int page_map, uint64_t address, uint64_t left)
{
	const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE), first = address / page_bytes;
	uint64_t entries[MAP_ENTRIES], page = first, untouched;

	for (int round = 0; round < MAP_ROUNDS && (page - first) * page_bytes <= left; round++) {
		ssize_t got = pread(page_map, entries, sizeof(entries), (off_t)(page * 8)) / 8;
		ssize_t count = count_untouched(entries, got);

		page += (uint64_t)(count > 0 ? count : 0);
		if (count < MAP_ENTRIES)
			break;
	}
	if (page == first)
		return 0;
	untouched = (page - first) * page_bytes - address % page_bytes;
	return untouched < left ? untouched : left;
}
