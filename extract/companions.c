/* SPDX-License-Identifier: MIT */
/*
 * Files that hold a part of another file's DWARF: where to look for them. Names are as the compiler or dwz wrote them,
 * relative to the folder of compilation or to the file that names them; a build that has moved is looked for beside that
 * file.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "extract/inputs.h"

#define PATH_BYTES 4096

static bool is_file(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

/* "@folder/@name" in @path, if such a file is there. @folder_bytes of the folder count. */
static bool try_path(const char *folder, size_t folder_bytes, const char *name, char *path)
{
	int length = snprintf(path, PATH_BYTES, "%.*s%s%s", (int)folder_bytes, folder,
			      folder_bytes ? "/" : "", name);

	return length > 0 && length < PATH_BYTES && is_file(path);
}

enum gap_status gap_companion_open(const struct gap_extraction *run, const char *folder,
				   const char *name, struct gap_content *content)
{
	const char *slash = strrchr(run->file, '/'), *last = strrchr(name, '/');
	size_t own = slash ? (size_t)(slash - run->file) : 0;
	const char *beside = own ? run->file : ".";
	char path[PATH_BYTES];

	if (!own)
		own = 1;
	if ((*name == '/' && try_path("", 0, name, path)) ||
	    (*name != '/' && folder && try_path(folder, strlen(folder), name, path)) ||
	    (*name != '/' && try_path(beside, own, name, path)) ||
	    try_path(beside, own, last ? last + 1 : name, path))
		return gap_content_open(content, path, run->error);
	return gap_fail(
		run->error, GAP_NOT_FOUND,
		"%.300s: a part of its DWARF lies in %.300s, which is not there (nor in %.300s, "
		"where it was compiled); put it beside the file, or pass BTF (--btf)",
		run->path, name, folder && *folder ? folder : "the folder");
}

bool gap_companion_package(const struct gap_extraction *run, struct gap_content *content)
{
	char path[PATH_BYTES];
	int length = snprintf(path, sizeof(path), "%s.dwp", run->file);

	return length > 0 && length < PATH_BYTES && is_file(path) &&
	       gap_content_open(content, path, NULL) == GAP_OK;
}
