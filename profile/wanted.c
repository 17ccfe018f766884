/* SPDX-License-Identifier: MIT */
/* What a monitor wants, in memory: adding, merging uses of the same thing. Its file is wanted_json.c's. */
#include <stdlib.h>
#include <string.h>

#include "profile/wanted.h"

#define ITEMS_MAX 8192 /* also of the uses of one: a bound on files from anywhere */

static void item_deinit(struct gap_wanted_item *item)
{
	for (size_t i = 0; i < item->use_count; i++)
		free(item->uses[i].file);
	free(item->uses);
	free(item->name);
	free(item->declared);
	free(item->base);
	free(item->member);
	free(item->also);
	free(item->c_type);
}

void gap_wanted_deinit(struct gap_wanted *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		item_deinit(&wanted->items[i]);
	free(wanted->items);
	*wanted = (struct gap_wanted){NULL, 0, 0};
}

static int compare(const struct gap_wanted_item *a, const struct gap_wanted_item *b)
{
	int order = a->kind < b->kind ? -1 : a->kind > b->kind;

	if (!order)
		order = strcmp(a->declared, b->declared);
	if (!order)
		order = strcmp(a->base, b->base);
	if (!order)
		order = strcmp(a->member, b->member);
	return order ? order : strcmp(a->name, b->name);
}

static char *copy_text(const char *text, bool *complete)
{
	char *copy = strdup(text ? text : "");

	*complete &= copy != NULL;
	return copy;
}

static bool copy_item(struct gap_wanted_item *to, const struct gap_wanted_item *from)
{
	bool complete = true;

	*to = *from;
	to->name = copy_text(from->name, &complete);
	to->declared = copy_text(from->declared, &complete);
	to->base = copy_text(from->base, &complete);
	to->member = copy_text(from->member, &complete);
	to->also = copy_text(from->also, &complete);
	to->c_type = copy_text(from->c_type, &complete);
	to->uses = NULL;
	to->use_count = 0;
	if (!complete)
		item_deinit(to);
	return complete;
}

/* One line is told once, however often the thing stands on it. */
static bool add_use(struct gap_wanted_item *item, const struct gap_wanted_use *use)
{
	struct gap_wanted_use *grown;
	char *file;

	for (size_t i = 0; i < item->use_count; i++)
		if (item->uses[i].line == use->line && strcmp(item->uses[i].file, use->file) == 0)
			return true;
	if (item->use_count >= ITEMS_MAX)
		return true; /* enough are told */
	file = strdup(use->file);
	grown = realloc(item->uses, (item->use_count + 1) * sizeof(*grown));
	if (grown)
		item->uses = grown;
	if (!file || !grown) {
		free(file);
		return false;
	}
	item->uses[item->use_count++] = (struct gap_wanted_use){file, use->line};
	return true;
}

static struct gap_wanted_item *insert(struct gap_wanted *wanted, size_t at,
				      const struct gap_wanted_item *item)
{
	struct gap_wanted_item copy;

	if (wanted->count == wanted->capacity) {
		size_t capacity = wanted->capacity ? wanted->capacity * 2 : 32;
		struct gap_wanted_item *grown =
			realloc(wanted->items, capacity * sizeof(*wanted->items));

		if (!grown)
			return NULL;
		wanted->items = grown;
		wanted->capacity = capacity;
	}
	if (!copy_item(&copy, item))
		return NULL;
	memmove(wanted->items + at + 1, wanted->items + at,
		(wanted->count - at) * sizeof(*wanted->items));
	wanted->items[at] = copy;
	wanted->count++;
	return &wanted->items[at];
}

static bool same_declaration(const struct gap_wanted_item *a, const struct gap_wanted_item *b)
{
	return a->form == b->form && a->size_bytes == b->size_bytes && a->count == b->count &&
	       a->declared_bytes == b->declared_bytes && a->width == b->width &&
	       a->is_signed == b->is_signed && strcmp(a->also, b->also) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

/* Required is what one use requires. Only what all that read it widen may be narrower. */
static void merge(struct gap_wanted_item *item, const struct gap_wanted_item *more)
{
	if (more->read)
		item->widen = item->read ? item->widen && more->widen : more->widen;
	item->read |= more->read;
	item->optional &= more->optional;
	item->whole |= more->whole;
}

enum gap_status gap_wanted_add(struct gap_wanted *wanted, const struct gap_wanted_item *item,
			       const struct gap_wanted_use *use, struct gap_error *error)
{
	struct gap_wanted_item *there;
	size_t at = 0;
	int order = 1;

	if (wanted->count >= ITEMS_MAX)
		return gap_fail(error, GAP_UNSUPPORTED, "more than %d things are wanted",
				ITEMS_MAX);
	while (at < wanted->count && (order = compare(&wanted->items[at], item)) < 0)
		at++;
	if (at == wanted->count || order != 0) {
		there = insert(wanted, at, item);
		if (there && add_use(there, use))
			return GAP_OK;
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	there = &wanted->items[at];
	if (!same_declaration(there, item))
		return gap_fail(error, GAP_MISMATCH,
				"%.150s.%.150s has two declarations: \"%.100s\" where %.150s:%u "
				"uses it, \"%.100s\" at %.150s:%u",
				item->declared, item->member, there->c_type, there->uses[0].file,
				there->uses[0].line, item->c_type, use->file, use->line);
	if (there->percpu != item->percpu && there->read && item->read)
		return gap_fail(error, GAP_MISMATCH,
				"%.150s is per CPU for one of %.150s:%u and %.150s:%u, and not for "
				"the other",
				item->name, there->uses[0].file, there->uses[0].line, use->file,
				use->line);
	there->percpu |= item->percpu;
	merge(there, item);
	return add_use(there, use) ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory");
}
