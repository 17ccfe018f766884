/* SPDX-License-Identifier: MIT */
/*
 * Whole or not at all. The temporary file has no name until it is complete (O_TMPFILE), so that not
 * even a killed process leaves one; where the file system cannot do that, a named one beside the
 * target serves.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile/output.h"

/* The file itself. Not kept as a pointer into the output, which a caller may move. */
static const char *target_of(const struct gap_output *output)
{
	return output->resolved[0] ? output->resolved : output->path;
}

static enum gap_status fail_write(const char *path, struct gap_error *error)
{
	return gap_fail(error, GAP_IO, "%.800s: cannot write: %s", path, strerror(errno));
}

static void split_directory(const char *path, char *directory, size_t capacity)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(directory, capacity, ".");
	else
		snprintf(directory, capacity, "%.*s", slash == path ? 1 : (int)(slash - path),
			 path);
}

static int open_unnamed(const char *path)
{
	char directory[4096];

	split_directory(path, directory, sizeof(directory));
	return open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

static int open_named(struct gap_output *output)
{
	int length = snprintf(output->temporary, sizeof(output->temporary), "%s.XXXXXX",
			      target_of(output));

	if (length < 0 || (size_t)length >= sizeof(output->temporary)) {
		output->temporary[0] = '\0';
		errno = ENAMETOOLONG;
		return -1;
	}
	return mkostemp(output->temporary, O_CLOEXEC);
}

/* Only a regular file is replaced by renaming: a terminal, a pipe or /dev/full is written to as it
 * is. */
static bool is_special(const char *path)
{
	struct stat existing;

	return stat(path, &existing) == 0 && !S_ISREG(existing.st_mode) &&
	       !S_ISDIR(existing.st_mode);
}

enum gap_status gap_output_begin(struct gap_output *output, const char *path,
				 struct gap_error *error)
{
	struct stat existing;
	int file;

	*output = (struct gap_output){.stream = stdout};
	if (!path || strcmp(path, "-") == 0)
		return GAP_OK;
	if (stat(path, &existing) == 0 && S_ISDIR(existing.st_mode))
		return gap_fail(error, GAP_IO, "%.800s: is a folder; name a file", path);
	output->path = path;
	/* A link stays one: what it leads to is replaced. */
	if (!realpath(path, output->resolved))
		output->resolved[0] = '\0';
	path = target_of(output);
	if (is_special(path)) {
		file = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		file = open_unnamed(path);
		if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
			file = open_named(output);
	}
	output->stream = file < 0 ? NULL : fdopen(file, "w");
	if (output->stream)
		return GAP_OK;
	fail_write(path, error);
	if (file >= 0)
		close(file);
	return GAP_IO;
}

/* An unnamed file gets a temporary name first: a link cannot replace the target, a rename can. */
static bool name_unnamed(struct gap_output *output, int file)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", file);
	for (unsigned attempt = 0; attempt < 1000; attempt++) {
		int length = snprintf(output->temporary, sizeof(output->temporary), "%s.%ld-%u",
				      target_of(output), (long)getpid(), attempt);

		if (length < 0 || (size_t)length >= sizeof(output->temporary))
			break;
		if (linkat(AT_FDCWD, self, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) == 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	output->temporary[0] = '\0';
	return false;
}

static void set_usual_mode(int file)
{
	mode_t mask = umask(0);

	umask(mask);
	(void)!fchmod(file, 0666 & ~mask);
}

static bool finish_file(struct gap_output *output)
{
	int file = fileno(output->stream);

	if (is_special(target_of(output)))
		return true;
	if (output->temporary[0])
		set_usual_mode(file); /* mkstemp is stricter than a user expects */
	else if (!name_unnamed(output, file))
		return false;
	return rename(output->temporary, target_of(output)) == 0;
}

enum gap_status gap_output_commit(struct gap_output *output, struct gap_error *error)
{
	const char *name = output->path ? output->path : "standard output";
	bool good = fflush(output->stream) == 0 && !ferror(output->stream);

	if (!output->path)
		return good ? GAP_OK : fail_write(name, error);
	if (!good || !finish_file(output)) {
		enum gap_status status = fail_write(name, error);

		gap_output_abort(output);
		return status;
	}
	output->temporary[0] = '\0';
	if (fclose(output->stream) != 0)
		return fail_write(name, error);
	output->stream = NULL;
	return GAP_OK;
}

void gap_output_abort(struct gap_output *output)
{
	if (output->path && output->stream)
		fclose(output->stream);
	if (output->temporary[0])
		unlink(output->temporary);
	output->stream = NULL;
}

bool gap_output_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return one && other && stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

void gap_output_discard(const char *path)
{
	struct stat existing;

	if (path && lstat(path, &existing) == 0 && S_ISREG(existing.st_mode))
		unlink(path);
}
