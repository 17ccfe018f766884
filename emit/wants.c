/* SPDX-License-Identifier: MIT */
/*
 * A monitor's wants against a profile: the same plan and the same binding as in the monitor itself, so
 * that what emit accepts opens, and what it refuses would not have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit/selection.h"
#include "emit/wants.h"

#define TEXTS 3

/* ---- the plan ---- */

static char *join(const char *first, const char *between, const char *second)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", first, *second ? between : "", second) < 0)
		return NULL;
	return text;
}

/* "d_u.d_child|d_child": the path of a member, and its other names. */
static char *member_paths(const struct gap_wanted_item *item)
{
	char *path = *item->base ? join(item->base, ".", item->member) : strdup(item->member);
	char *paths = path ? join(path, "|", item->also) : NULL;

	free(path);
	return paths;
}

/* Files may be called anything; this becomes a string of C. */
static char *place_text(const struct gap_wanted_use *use)
{
	char *text = NULL;

	if (asprintf(&text, "%s:%u", use->file, use->line) < 0)
		return NULL;
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~' || strchr("\"\\?*", *at))
			*at = '_';
	return text;
}

static uint8_t flags_of(const struct gap_wanted_item *item)
{
	return (uint8_t)((item->optional ? GAP_WANT_OPTIONAL : 0) |
			 (item->widen ? GAP_WANT_WIDEN : 0) | (item->whole ? GAP_WANT_WHOLE : 0) |
			 (item->percpu ? GAP_WANT_PERCPU : 0));
}

/* A symbol has no form but that of being read; then it is per CPU or not. */
static uint8_t form_of(const struct gap_wanted_item *item)
{
	if (!item->read)
		return GAP_FORM_ANY;
	return item->kind == GAP_WANT_FIELD ? (uint8_t)item->form : (uint8_t)GAP_FORM_INT;
}

static bool fill_want(struct gap_want *want, char **texts, const struct gap_wanted_item *item)
{
	bool is_field = item->kind == GAP_WANT_FIELD;

	texts[0] = is_field ? strdup(item->name) : join(item->name, "|", item->also);
	texts[1] = is_field ? member_paths(item) : NULL;
	texts[2] = place_text(&item->uses[0]);
	*want = (struct gap_want){
		.kind = (uint8_t)item->kind,
		.form = form_of(item),
		.flags = flags_of(item),
		.width = item->width,
		.size_bytes = item->size_bytes,
		.count = item->count,
		.name = texts[0],
		.base = *item->base ? item->base : NULL,
		.member = texts[1],
		.use = texts[2],
	};
	return texts[0] && (texts[1] || !is_field) && texts[2];
}

enum gap_status gap_wants_init(struct gap_wants *wants, const struct gap_wanted *wanted,
			       struct gap_error *error)
{
	size_t count = wanted->count;
	bool complete;

	*wants = (struct gap_wants){
		.wants = calloc(count + 1, sizeof(*wants->wants)),
		.texts = calloc(count * TEXTS + 1, sizeof(*wants->texts)),
	};
	complete = wants->wants && wants->texts;
	wants->plan = (struct gap_plan){.wants = wants->wants, .count = (uint32_t)count};
	for (size_t i = 0; i < count && complete; i++)
		complete = fill_want(&wants->wants[i], &wants->texts[i * TEXTS], &wanted->items[i]);
	if (complete)
		return GAP_OK;
	gap_wants_deinit(wants);
	return gap_fail(error, GAP_NO_MEMORY, "out of memory");
}

void gap_wants_deinit(struct gap_wants *wants)
{
	for (size_t i = 0; wants->texts && i < wants->plan.count * TEXTS; i++)
		free(wants->texts[i]);
	free(wants->texts);
	free(wants->wants);
	*wants = (struct gap_wants){.wants = NULL};
}

/* ---- what is missing ---- */

static void near_of(const struct gap_profile *profile, const struct gap_wanted_item *item,
		    char near[GAP_NEAR_BYTES])
{
	static const enum gap_table tables[] = {
		[GAP_WANT_FIELD] = GAP_TABLE_TYPES,
		[GAP_WANT_SYMBOL] = GAP_TABLE_SYMBOLS,
		[GAP_WANT_ENUMERATOR] = GAP_TABLE_ENUMERATORS,
		[GAP_WANT_TYPE] = GAP_TABLE_TYPES,
	};
	struct gap_location base;
	gap_type_id type;

	if (item->kind != GAP_WANT_FIELD ||
	    gap_profile_find_type(profile, item->name, &type, NULL) != GAP_OK) {
		gap_near_names(profile, tables[item->kind], item->name, near);
		return;
	}
	if (*item->base &&
	    gap_profile_find_member(profile, type, item->base, &base, NULL) == GAP_OK)
		type = base.type;
	gap_near_members(profile, gap_profile_strip(profile, type), item->member, near);
}

struct checking {
	const struct gap_profile *profile;
	void (*warn)(void *context, const char *text);
	void *context;
	enum gap_status status; /* the first */
	char first[1024];
	unsigned count;
};

static void tell(struct checking *checking, enum gap_status status, const char *text)
{
	if (checking->count++ == 0) {
		checking->status = status;
		snprintf(checking->first, sizeof(checking->first), "%.*s",
			 (int)sizeof(checking->first) - 1, text);
	}
	if (checking->warn)
		checking->warn(checking->context, text);
}

static void check_want(struct checking *checking, const struct gap_want *want,
		       const struct gap_wanted_item *item, struct gap_slot *slot)
{
	struct gap_plan one = {.wants = want, .count = 1};
	char near[GAP_NEAR_BYTES] = "", text[1536];
	struct gap_error why;
	enum gap_status status = gap_bind_slots(checking->profile, &one, slot, &why);

	if (!status)
		return;
	if (status == GAP_NOT_FOUND)
		near_of(checking->profile, item, near);
	snprintf(text, sizeof(text), "%s%s%s", why.text, *near ? "; near: " : "", near);
	tell(checking, status, text);
}

/* ---- selecting ---- */

static enum gap_status add_item(struct gap_selection *selection, const struct gap_want *want,
				struct gap_error *error)
{
	enum gap_status status;
	char *field;

	switch (want->kind) {
	case GAP_WANT_SYMBOL:
		return gap_selection_add_symbol(selection, want->name, error);
	case GAP_WANT_ENUMERATOR:
		return gap_selection_add_enumerator(selection, want->name, error);
	case GAP_WANT_TYPE:
		return gap_selection_add_type(selection, want->name, error);
	default:
		field = join(want->name, ".", want->member);
		if (!field)
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		status = gap_selection_add_field(selection, field, error);
		free(field);
		return status;
	}
}

/* Those that the kernel has. */
static enum gap_status add_known(struct gap_selection *selection, const char *const *symbols,
				 size_t count, struct gap_error *error)
{
	enum gap_status status = GAP_OK;

	for (size_t i = 0; i < count && !status; i++) {
		status = gap_selection_add_symbol(selection, symbols[i], error);
		if (status == GAP_NOT_FOUND)
			status = GAP_OK;
	}
	return status;
}

/* A per-CPU variable is nowhere without these; gap_guest_percpu() says what it lacks. */
static enum gap_status add_percpu(struct gap_selection *selection, struct gap_error *error)
{
	static const char *const symbols[] = {"__per_cpu_offset", "nr_cpu_ids",
					      "__cpu_possible_mask|cpu_possible_bits"};

	return add_known(selection, symbols, sizeof(symbols) / sizeof(symbols[0]), error);
}

/* A blob by which no kernel can be recognised opens no guest. */
static enum gap_status add_witnesses(struct gap_selection *selection, struct gap_error *error)
{
#define GAP_RECOGNISE(id, names) names,
	static const char *const symbols[] = {
#include "kernels/recognise.def"
	};
#undef GAP_RECOGNISE

	return add_known(selection, symbols, sizeof(symbols) / sizeof(symbols[0]), error);
}

static enum gap_status add_found(struct gap_selection *selection, const struct gap_wants *wants,
				 const struct gap_slot *slots, struct gap_error *error)
{
	enum gap_status status = GAP_OK;
	bool percpu = false;

	for (uint32_t i = 0; i < wants->plan.count && !status; i++) {
		percpu |= wants->wants[i].flags & GAP_WANT_PERCPU;
		if (slots[i].present)
			status = add_item(selection, &wants->wants[i], error);
	}
	if (!status && percpu)
		status = add_percpu(selection, error);
	return status ? status : add_witnesses(selection, error);
}

enum gap_status gap_selection_add_wanted(struct gap_selection *selection,
					 const struct gap_wanted *wanted,
					 void (*warn)(void *context, const char *text),
					 void *context, struct gap_error *error)
{
	struct checking checking = {
		.profile = gap_selection_profile(selection), .warn = warn, .context = context};
	struct gap_slot *slots = calloc(wanted->count + 1, sizeof(*slots));
	struct gap_wants wants;
	enum gap_status status = gap_wants_init(&wants, wanted, error);

	if (status || !slots) {
		free(slots);
		return status ? status : gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	for (uint32_t i = 0; i < wants.plan.count; i++)
		check_want(&checking, &wants.wants[i], &wanted->items[i], &slots[i]);
	if (checking.status)
		status = gap_fail(error, checking.status, "%u of what the monitor wants %s: %s",
				  checking.count, "this kernel cannot serve", checking.first);
	else
		status = add_found(selection, &wants, slots, error);
	gap_wants_deinit(&wants);
	free(slots);
	return status;
}
