/* SPDX-License-Identifier: MIT */
/*
 * Looks for the definitions of structures in a tree of kernel headers. A definition stands at the
 * beginning of a line there, as the kernel's style has it; a header that only looks as if it had one
 * is told by the parser later, where the structure does not come out.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "extract/header_search.h"

#define DEPTH_MAX 12
#define FILE_BYTES_MAX (64u << 20)

struct search {
	struct gap_header_tag *tags;
	size_t count, missing;
	size_t prefix; /* of a path, up to where an #include's begins */
	bool deep;     /* folders in folders too */
	struct gap_error *error;
};

enum gap_status gap_header_read(const char *path, char **text, size_t *length,
				struct gap_error *error)
{
	FILE *file = fopen(path, "re");
	struct stat what;
	char *bytes;

	if (!file)
		return gap_fail(error, GAP_IO, "%.500s: %s", path, strerror(errno));
	if (fstat(fileno(file), &what) != 0 || !S_ISREG(what.st_mode) ||
	    what.st_size > (off_t)FILE_BYTES_MAX) {
		fclose(file);
		return gap_fail(error, GAP_IO, "%.500s: no text file", path);
	}
	bytes = malloc((size_t)what.st_size + 1);
	if (bytes) {
		*length = fread(bytes, 1, (size_t)what.st_size, file);
		bytes[*length] = '\0';
		*text = bytes;
	}
	fclose(file);
	return bytes ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory");
}

/* ---- one header ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The tag that is defined where @line begins, or NULL; "struct NAME {", the brace perhaps below. */
static const char *defined_tag(const char *line, size_t *length)
{
	const char *name, *end;

	if (strncmp(line, "struct ", 7) == 0)
		name = line + 7;
	else if (strncmp(line, "union ", 6) == 0)
		name = line + 6;
	else
		return NULL;
	for (end = name; is_word(*end); end++)
		;
	*length = (size_t)(end - name);
	return end[strspn(end, " \t\r\n")] == '{' ? name : NULL;
}

static void take_tag(struct search *search, const char *name, size_t length, const char *path)
{
	for (size_t i = 0; i < search->count; i++) {
		struct gap_header_tag *tag = &search->tags[i];

		if (tag->header || strncmp(tag->name, name, length) != 0 || tag->name[length])
			continue;
		tag->header = strdup(path + search->prefix);
		search->missing--;
	}
}

static void search_text(struct search *search, const char *text, const char *path)
{
	for (const char *line = text; line && search->missing;
	     line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
		size_t length;
		const char *name = defined_tag(line, &length);

		if (name)
			take_tag(search, name, length, path);
	}
}

static enum gap_status search_file(struct search *search, const char *path)
{
	size_t length;
	char *text;
	enum gap_status status = gap_header_read(path, &text, &length, search->error);

	if (status)
		return status;
	search_text(search, text, path);
	free(text);
	return GAP_OK;
}

/* ---- folders ---- */

static bool is_header(const char *name)
{
	size_t length = strlen(name);

	return length > 2 && strcmp(name + length - 2, ".h") == 0;
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static enum gap_status search_folder(struct search *search, const char *folder, unsigned depth);

static enum gap_status search_entry(struct search *search, const char *folder, const char *name,
				    unsigned depth)
{
	char path[PATH_MAX];
	struct stat what;

	if (name[0] == '.' ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return GAP_OK;
	if (lstat(path, &what) != 0)
		return GAP_OK;
	if (S_ISREG(what.st_mode) && is_header(name))
		return search_file(search, path);
	if (S_ISDIR(what.st_mode) && search->deep && depth < DEPTH_MAX)
		return search_folder(search, path, depth + 1);
	return GAP_OK;
}

/* A folder that is not there holds nothing: architectures differ. */
static enum gap_status search_folder(struct search *search, const char *folder, unsigned depth)
{
	enum gap_status status = GAP_OK;
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, by_name);

	if (count < 0)
		return GAP_OK;
	for (int i = 0; i < count; i++) {
		if (!status && search->missing)
			status = search_entry(search, folder, entries[i]->d_name, depth);
		free(entries[i]);
	}
	free(entries);
	return status;
}

enum gap_status gap_header_search(const char *common, const char *architecture,
				  struct gap_header_tag *tags, size_t count,
				  struct gap_error *error)
{
	static const struct {
		const char *root, *folder;
		bool of_architecture, deep;
	} stages[] = {
		{"include", "linux", false, false}, {"include", "net", false, false},
		{"include", "asm", true, false},    {"include", "", false, true},
		{"include", "", true, true},
	};
	struct search search = {.tags = tags, .count = count, .missing = count, .error = error};
	enum gap_status status = GAP_OK;
	char path[PATH_MAX];

	for (size_t i = 0; !status && search.missing && i < sizeof(stages) / sizeof(stages[0]);
	     i++) {
		int root;

		if (stages[i].of_architecture)
			root = snprintf(path, sizeof(path), "%.2000s/arch/%.60s/%s", common,
					architecture, stages[i].root);
		else
			root = snprintf(path, sizeof(path), "%.2000s/%s", common, stages[i].root);
		search.prefix = (size_t)root + 1;
		if (stages[i].folder[0])
			snprintf(path + root, sizeof(path) - (size_t)root, "/%s", stages[i].folder);
		search.deep = stages[i].deep;
		status = search_folder(&search, path, 0);
	}
	return status;
}
