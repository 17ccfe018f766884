/* SPDX-License-Identifier: MIT */
/* A growing list of compiler arguments. */
#include <stdlib.h>
#include <string.h>

#include "cfront/cfront.h"

enum gap_status gap_cfront_argument_add(struct gap_cfront_arguments *arguments,
					const char *argument, struct gap_error *error)
{
	char *copy = strdup(argument);

	if (copy && arguments->count == arguments->capacity) {
		size_t capacity = arguments->capacity ? arguments->capacity * 2 : 16;
		char **grown = realloc(arguments->items, capacity * sizeof(*grown));

		if (!grown) {
			free(copy);
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		}
		arguments->items = grown;
		arguments->capacity = capacity;
	}
	if (!copy)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	arguments->items[arguments->count++] = copy;
	return GAP_OK;
}

void gap_cfront_arguments_deinit(struct gap_cfront_arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		free(arguments->items[i]);
	free(arguments->items);
	*arguments = (struct gap_cfront_arguments){NULL, 0, 0};
}
