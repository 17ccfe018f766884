/* SPDX-License-Identifier: MIT */
/*
 * Collects the named definitions of a profile and numbers those that share a name as look-up does
 * (NAME#N). How a format spells the number is its own.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/labels.h"
#include "emit/walk.h"

/* ---- collecting ---- */

static bool in_space(const struct gap_type *type, enum gap_label_space space)
{
	if (type->flags & GAP_TYPE_INCOMPLETE)
		return false;
	return space == GAP_LABEL_ENUMS ? type->kind == GAP_KIND_ENUM : gap_type_is_aggregate(type);
}

/* Whether a row names a definition of the space, and which. */
static bool label_row(const struct gap_profile *profile, gap_type_id row,
		      enum gap_label_space space, struct gap_label *label)
{
	struct gap_declaration where = {"", 0, 0};
	struct gap_type type, target;

	if (!gap_profile_type(profile, row, &type) || !*type.name)
		return false;
	*label = (struct gap_label){.row = row, .definition = row, .name = type.name};
	if (type.kind == GAP_KIND_TYPEDEF) {
		if (!gap_profile_type(profile, type.ref, &target) || *target.name ||
		    !in_space(&target, space))
			return false;
		label->definition = type.ref;
	} else if (!in_space(&type, space)) {
		return false;
	}
	gap_profile_declaration(profile, row, &where);
	label->units = where.units;
	return true;
}

static size_t collect(const struct gap_profile *profile, enum gap_label_space space,
		      struct gap_label *items)
{
	uint32_t rows = gap_profile_count(profile, GAP_TABLE_TYPES);
	size_t count = 0;

	for (gap_type_id row = 1; row < rows; row++) {
		struct gap_label label;

		if (!label_row(profile, row, space, &label))
			continue;
		if (items)
			items[count] = label;
		count++;
	}
	return count;
}

/* ---- numbering ---- */

static int compare_labels(const void *left, const void *right)
{
	const struct gap_label *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static enum gap_status number_group(const struct gap_profile *profile, struct gap_label *group,
				    size_t count)
{
	uint32_t total = gap_profile_find_types(profile, group->name, NULL, 0);
	gap_type_id *ids = calloc(total + 1u, sizeof(*ids));

	if (!ids)
		return GAP_NO_MEMORY;
	gap_profile_find_types(profile, group->name, ids, total);
	for (size_t i = 0; i < count; i++)
		for (uint32_t n = 0; n < total; n++)
			if (ids[n] == group[i].row)
				group[i].number = n + 1;
	free(ids);
	qsort(group, count, sizeof(*group), compare_labels);
	return GAP_OK;
}

/* Rows that name one and the same definition are one. Returns how many are left. */
static size_t mark_repeats(struct gap_label *group, size_t count)
{
	size_t distinct = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t before = 0; before < i && !group[i].repeats; before++)
			group[i].repeats = group[before].definition == group[i].definition;
		distinct += !group[i].repeats;
	}
	return distinct;
}

static void choose_leader(struct gap_label *group, size_t count)
{
	struct gap_label *leader = group;

	for (size_t i = 1; i < count; i++)
		if (!group[i].repeats && group[i].units > leader->units)
			leader = &group[i];
	leader->leads = true;
}

/* A row that repeats another goes by the other's number. */
static void share_numbers(struct gap_label *group, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t before = 0; before < i && group[i].repeats; before++)
			if (group[before].definition == group[i].definition) {
				group[i].number = group[before].number;
				group[i].leads = group[before].leads;
				break;
			}
}

static enum gap_status resolve_group(const struct gap_profile *profile, struct gap_label *group,
				     size_t count)
{
	enum gap_status status;

	if (count == 1 || mark_repeats(group, count) == 1)
		return GAP_OK;
	for (size_t i = 0; i < count; i++)
		group[i].repeats = false;
	status = number_group(profile, group, count);
	if (status)
		return status;
	mark_repeats(group, count);
	choose_leader(group, count);
	share_numbers(group, count);
	return GAP_OK;
}

static enum gap_status resolve(const struct gap_profile *profile, struct gap_labels *labels)
{
	enum gap_status status = GAP_OK;
	size_t from = 0;

	while (from < labels->count && status == GAP_OK) {
		size_t to = from + 1;

		while (to < labels->count &&
		       strcmp(labels->items[to].name, labels->items[from].name) == 0)
			to++;
		status = resolve_group(profile, labels->items + from, to - from);
		from = to;
	}
	return status;
}

/* ---- finding ---- */

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct gap_label *items = context;
	gap_type_id a = items[*(const size_t *)left].row, b = items[*(const size_t *)right].row;

	return a < b ? -1 : a > b;
}

enum gap_status gap_labels_init(struct gap_labels *labels, const struct gap_profile *profile,
				enum gap_label_space space, struct gap_error *error)
{
	struct gap_labels filled = {.count = collect(profile, space, NULL)};

	filled.items = calloc(filled.count + 1, sizeof(*filled.items));
	filled.by_row = calloc(filled.count + 1, sizeof(*filled.by_row));
	if (!filled.items || !filled.by_row)
		goto no_memory;
	collect(profile, space, filled.items);
	qsort(filled.items, filled.count, sizeof(*filled.items), compare_labels);
	if (resolve(profile, &filled))
		goto no_memory;
	for (size_t i = 0; i < filled.count; i++)
		filled.by_row[i] = i;
	qsort_r(filled.by_row, filled.count, sizeof(*filled.by_row), compare_rows, filled.items);
	*labels = filled;
	return GAP_OK;
no_memory:
	gap_labels_deinit(&filled);
	return gap_fail(error, GAP_NO_MEMORY, "out of memory");
}

void gap_labels_deinit(struct gap_labels *labels)
{
	free(labels->items);
	free(labels->by_row);
}

const struct gap_label *gap_labels_find(const struct gap_labels *labels, gap_type_id row)
{
	size_t low = 0, high = labels->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct gap_label *label = &labels->items[labels->by_row[middle]];

		if (label->row == row)
			return label;
		if (label->row < row)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
