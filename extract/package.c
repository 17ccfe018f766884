/* SPDX-License-Identifier: MIT */
/*
 * Packages through libarchive. A .deb is an ar archive whose member data.tar.* is a packed tar archive; an .rpm is a packed
 * cpio archive behind a header; both are read in one pass, and only as far as needed. No other file knows libarchive.
 */
#include <string.h>
#ifdef SEMGAP_ARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif

#include "extract/package.h"

bool gap_package_probe(const uint8_t *bytes, size_t size_bytes)
{
	return (size_bytes >= 8 && memcmp(bytes, "!<arch>\n", 8) == 0) ||
	       (size_bytes >= 4 && memcmp(bytes, "\xed\xab\xee\xdb", 4) == 0) ||
	       (size_bytes >= 512 && memcmp(bytes + 257, "ustar", 5) == 0);
}

#ifdef SEMGAP_ARCHIVE

#define MEMBER_BYTES_MAX (8ull << 30)

struct reading {
	const struct gap_extraction *run;
	const struct gap_content *package;
	const struct gap_package_walk *walk;
	struct archive *outer, *inner; /* inner: the tar of a .deb */
};

static enum gap_status damaged(const struct reading *reading, struct archive *archive)
{
	const char *why = archive_error_string(archive);

	return gap_fail(reading->run->error, GAP_CORRUPT, "%.600s: damaged or cut package: %.200s",
			reading->run->path, why ? why : "unexpected end");
}

static struct archive *new_archive(void)
{
	struct archive *archive = archive_read_new();

	if (!archive)
		return NULL;
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_rpm(archive);
	archive_read_support_format_ar(archive);
	archive_read_support_format_tar(archive);
	archive_read_support_format_cpio(archive);
	return archive;
}

static enum gap_status tell_progress(const struct reading *reading)
{
	la_int64_t done = archive_filter_bytes(reading->outer, -1);

	return gap_extraction_progress(reading->run, "reading the package",
				       done > 0 ? (uint64_t)done : 0, reading->package->size_bytes);
}

/* ---- members ---- */

static enum gap_status spool_data(const struct reading *reading, struct archive *archive,
				  struct gap_spool *spool)
{
	enum gap_status status = GAP_OK;

	while (!status) {
		const void *block;
		la_int64_t offset;
		size_t size;
		int result = archive_read_data_block(archive, &block, &size, &offset);

		if (result == ARCHIVE_EOF)
			return GAP_OK;
		if (result < ARCHIVE_WARN)
			return damaged(reading, archive);
		if ((uint64_t)offset != spool->size_bytes ||
		    spool->size_bytes + size > MEMBER_BYTES_MAX)
			return gap_fail(reading->run->error, GAP_UNSUPPORTED,
					"%.600s: a file in it has holes, or is over 8 GiB",
					reading->run->path);
		status = gap_spool_write(spool, block, size, reading->run->error);
		if (!status)
			status = tell_progress(reading);
	}
	return status;
}

static enum gap_status take_member(const struct reading *reading, struct archive *archive,
				   const char *path, uint64_t size_bytes, bool *stop)
{
	struct gap_content content = {.name = ""};
	struct gap_spool spool;
	enum gap_status status = gap_spool_begin(&spool, size_bytes, reading->run->error);

	if (status)
		return status;
	gap_content_name(&content, reading->run->path, path);
	status = spool_data(reading, archive, &spool);
	if (status)
		gap_spool_abort(&spool);
	else
		status = gap_spool_finish(&spool, &content, reading->run->error);
	if (!status)
		status = reading->walk->visit(reading->walk->context, path, &content, stop);
	gap_content_close(&content);
	return status;
}

/* "./boot/x" and "/boot/x" are boot/x. */
static const char *plain_path(struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);

	if (!path)
		return "";
	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return path;
}

static bool is_file(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFREG && archive_entry_size(entry) > 0 &&
	       !archive_entry_hardlink(entry);
}

static enum gap_status walk_members(const struct reading *reading, struct archive *archive)
{
	struct archive_entry *entry;
	bool stop = false;
	int result;

	while (!stop && (result = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
		enum gap_status status = tell_progress(reading);
		const char *path;

		if (result < ARCHIVE_WARN)
			return damaged(reading, archive);
		path = plain_path(entry);
		if (!status && is_file(entry) &&
		    reading->walk->choose(reading->walk->context, path) == GAP_MEMBER_TAKE)
			status = take_member(reading, archive, path,
					     (uint64_t)archive_entry_size(entry), &stop);
		if (status)
			return status;
	}
	return GAP_OK;
}

/* ---- the tar inside of a .deb ---- */

static la_ssize_t read_outer(struct archive *archive, void *context, const void **block)
{
	struct reading *reading = context;
	la_int64_t offset;
	size_t size = 0;
	int result = archive_read_data_block(reading->outer, block, &size, &offset);

	if (result == ARCHIVE_EOF)
		return 0;
	if (result < ARCHIVE_WARN) {
		archive_set_error(archive, archive_errno(reading->outer), "%s",
				  archive_error_string(reading->outer));
		return -1;
	}
	return (la_ssize_t)size;
}

static enum gap_status walk_inner(struct reading *reading)
{
	enum gap_status status;

	reading->inner = new_archive();
	if (!reading->inner)
		return gap_fail(reading->run->error, GAP_NO_MEMORY, "out of memory");
	if (archive_read_open(reading->inner, reading, NULL, read_outer, NULL) != ARCHIVE_OK)
		status = damaged(reading, reading->inner);
	else
		status = walk_members(reading, reading->inner);
	archive_read_free(reading->inner);
	return status;
}

static enum gap_status walk_deb(struct reading *reading)
{
	struct archive_entry *entry;
	int result;

	while ((result = archive_read_next_header(reading->outer, &entry)) != ARCHIVE_EOF) {
		const char *name = archive_entry_pathname(entry);

		if (result < ARCHIVE_WARN)
			return damaged(reading, reading->outer);
		if (name && strncmp(name, "data.tar", 8) == 0)
			return walk_inner(reading);
	}
	return gap_fail(reading->run->error, GAP_NOT_FOUND,
			"%.600s: an ar archive, but no package: it has no member data.tar",
			reading->run->path);
}

enum gap_status gap_package_read(const struct gap_extraction *run,
				 const struct gap_content *package,
				 const struct gap_package_walk *walk)
{
	struct reading reading = {
		.run = run, .package = package, .walk = walk, .outer = new_archive()};
	bool is_deb = package->size_bytes >= 8 && memcmp(package->bytes, "!<arch>\n", 8) == 0;
	enum gap_status status;

	if (!reading.outer)
		return gap_fail(run->error, GAP_NO_MEMORY, "out of memory");
	if (archive_read_open_memory(reading.outer, package->bytes, package->size_bytes) !=
	    ARCHIVE_OK)
		status = damaged(&reading, reading.outer);
	else
		status = is_deb ? walk_deb(&reading) : walk_members(&reading, reading.outer);
	archive_read_free(reading.outer);
	return status;
}

#else

enum gap_status gap_package_read(const struct gap_extraction *run,
				 const struct gap_content *package,
				 const struct gap_package_walk *walk)
{
	(void)package;
	(void)walk;
	return gap_fail(run->error, GAP_UNSUPPORTED,
			"%.500s: this is a package, and this semgap was built without libarchive; "
			"unpack it (dpkg-deb -x, rpm2cpio) and pass the vmlinux in it",
			run->path);
}

#endif

/* ---- the kernel in a package ---- */

struct kernel_search {
	struct gap_content *kernel;
	bool found, modules, map;
};

static bool ends(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* "vmlinux", "vmlinux-6.1.0-x", "vmlinux.debug": not a folder's, a script's or a map's name. */
static bool is_kernel_name(const char *name, const char *stem)
{
	size_t length = strlen(stem);

	return strncmp(name, stem, length) == 0 &&
	       (name[length] == '\0' || name[length] == '-' || name[length] == '.') &&
	       !ends(name, ".h") && !ends(name, ".lds") && !ends(name, ".S") &&
	       !ends(name, ".hmac") && !ends(name, ".sig") && !ends(name, ".py");
}

static enum gap_member_choice choose_kernel(void *context, const char *path)
{
	static const char *const stems[] = {"vmlinux", "vmlinuz", "Image", "bzImage"};
	struct kernel_search *search = context;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	search->modules |= strstr(name, ".ko") != NULL;
	search->map |= strncmp(name, "System.map", 10) == 0;
	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++)
		if (is_kernel_name(name, stems[i]))
			return GAP_MEMBER_TAKE;
	return GAP_MEMBER_SKIP;
}

/* The linker script of that name, or a stub, is no kernel. */
static enum gap_status take_kernel(void *context, const char *path, struct gap_content *content,
				   bool *stop)
{
	struct kernel_search *search = context;
	bool elf = content->size_bytes > 4 && memcmp(content->bytes, "\177ELF", 4) == 0;

	(void)path;
	if (!elf && !gap_kernel_image_probe(content->bytes, content->size_bytes) &&
	    !gap_raw_image_probe(content->bytes, content->size_bytes))
		return GAP_OK;
	*search->kernel = *content;
	content->owned = content->mapped = NULL;
	search->found = *stop = true;
	return GAP_OK;
}

enum gap_status gap_package_kernel(const struct gap_extraction *run,
				   const struct gap_content *package, struct gap_content *kernel)
{
	struct gap_content taken = {.name = ""};
	struct kernel_search search = {.kernel = &taken};
	struct gap_package_walk walk = {choose_kernel, take_kernel, &search};
	enum gap_status status = gap_package_read(run, package, &walk);

	if (status) {
		gap_content_close(&taken);
		return status;
	}
	if (search.found) {
		*kernel = taken;
		return GAP_OK;
	}
	return gap_fail(
		run->error, GAP_NOT_FOUND,
		"%.500s: no vmlinux and no bootable kernel in this package%s; the kernel is in "
		"linux-image-… or (7.x) linux-binary-…, with debug information in "
		"linux-image-…-dbg "
		"(rpm: kernel-core, kernel-debuginfo)",
		run->path,
		search.modules ? ", only modules (--modules takes a folder of them)" : "");
}
