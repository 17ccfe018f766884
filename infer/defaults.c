/* SPDX-License-Identifier: MIT */
/* The fields that are asked for when nobody says which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/field_list.h"

static const char core[] =
#include <core_fields.inc> /* made of kernels/core-fields.txt */
	;

/* Since 2eea9ce4310d (6.8) a mount has both, and the second is another thing than the first. */
static const char besides[] = "mount.mnt_node\n";

static const struct {
	const char *types, *members;
} views[] = {
#define GAP_FIELD(id, types, members) {types, members},
#include "kernels/fields.def"
};

#define VIEW_COUNT (sizeof(views) / sizeof(views[0]))
#define LINE_BYTES 256

/* Whether a name of the row is one that is asked for already. */
static bool is_asked(const struct infer_fields *fields, const char *type, const char *members)
{
	char copy[LINE_BYTES], *saved = NULL;

	snprintf(copy, sizeof(copy), "%s", members);
	for (char *name = strtok_r(copy, "|", &saved); name; name = strtok_r(NULL, "|", &saved))
		if (infer_fields_find(fields, type, name, NULL) != INFER_NONE)
			return true;
	return false;
}

/* Rows about one type whose members are plain names. */
static void add_view(const struct infer_fields *asked, size_t row, char *text, size_t capacity)
{
	char type[LINE_BYTES];
	size_t length = strlen(text);

	snprintf(type, sizeof(type), "%.*s", (int)strcspn(views[row].types, "|"), views[row].types);
	if (strchr(views[row].members, '[') || is_asked(asked, type, views[row].members))
		return;
	snprintf(text + length, capacity - length, "%s.%s\n", type, views[row].members);
}

enum gap_status infer_fields_default(struct infer_fields *fields, struct gap_error *error)
{
	size_t capacity = sizeof(core) + sizeof(besides) + VIEW_COUNT * LINE_BYTES;
	struct infer_fields asked;
	char *text = malloc(capacity);
	enum gap_status status;

	if (!text)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	snprintf(text, capacity, "%s%s", core, besides);
	status = infer_fields_parse(&asked, core, sizeof(core) - 1, "core-fields.txt", error);
	if (!status) {
		for (size_t i = 0; i < VIEW_COUNT; i++)
			add_view(&asked, i, text, capacity);
		infer_fields_deinit(&asked);
		status =
			infer_fields_parse(fields, text, strlen(text), "the default fields", error);
	}
	free(text);
	return status;
}
