/* SPDX-License-Identifier: MIT */
/*
 * Reduces a profile to a selection. A member inside anonymous members moves into the structure
 * around them, which answers the same look-up in fewer rows; a path through named members keeps
 * each structure on its way with the one member that it passes. Structures are marked as partial.
 * Writing the image is gap.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/copy.h"
#include "emit/reduce.h"
#include "emit/walk.h"

#define ARRAY_DEPTH_MAX 32

/* One member that some structure of the reduction will have. */
struct planned {
	gap_type_id aggregate;
	uint64_t offset_bits;
	uint32_t row;
};

/* A type that other rows share. */
struct shared {
	struct gap_build_type build;
	gap_type_id id;
};

struct reducing {
	const struct gap_profile *profile;
	const struct gap_selection *selection;
	struct gap_builder *builder;
	enum gap_reduction reduction;
	struct planned *plan;
	size_t plan_count, plan_capacity;
	/* The distinct aggregates of the plan, rising, and what they are in the builder. */
	gap_type_id *aggregates, *reserved;
	uint32_t aggregate_count;
	struct shared *shared;
	size_t shared_count, shared_capacity;
	bool no_memory;
};

/* Makes room for one more of @row_bytes. */
static bool grow(struct reducing *reducing, void **rows, size_t *capacity, size_t count,
		 size_t row_bytes)
{
	size_t wanted = *capacity ? *capacity * 2 : 32;
	void *grown;

	if (count < *capacity)
		return true;
	grown = realloc(*rows, wanted * row_bytes);
	if (!grown) {
		reducing->no_memory = true;
		return false;
	}
	*rows = grown;
	*capacity = wanted;
	return true;
}

/* ---- the plan: which structures keep which members ---- */

static void plan_member(struct reducing *reducing, gap_type_id aggregate,
			const struct gap_seen_member *seen)
{
	void *rows = reducing->plan;

	if (!grow(reducing, &rows, &reducing->plan_capacity, reducing->plan_count,
		  sizeof(*reducing->plan)))
		return;
	reducing->plan = rows;
	reducing->plan[reducing->plan_count++] =
		(struct planned){aggregate, seen->member.offset_bits, seen->row};
}

struct search {
	const char *name;
	size_t length;
	struct gap_seen_member found;
	bool done;
};

static bool match_member(void *context, const struct gap_seen_member *seen)
{
	struct search *search = context;

	if (strncmp(seen->member.name, search->name, search->length) != 0 ||
	    seen->member.name[search->length] != '\0')
		return true;
	search->found = *seen;
	search->done = true;
	return false;
}

/* The member that @path begins with; one known by its path alone has dots in its name. */
static bool find_first(const struct gap_profile *profile, gap_type_id aggregate, const char *path,
		       struct search *search)
{
	*search = (struct search){.name = path, .length = strcspn(path, ".[")};
	for (;;) {
		gap_members_each(profile, aggregate, match_member, search);
		if (search->done || path[search->length] != '.')
			return search->done;
		search->length += 1 + strcspn(path + search->length + 1, ".[");
	}
}

static void plan_path(struct reducing *reducing, const struct gap_selected_field *field)
{
	const char *path = field->path;
	gap_type_id id = field->root;

	while (*path) {
		struct gap_type type;
		struct search search;

		id = gap_profile_strip(reducing->profile, id);
		if (*path == '[') {
			gap_profile_type(reducing->profile, id, &type);
			id = type.ref;
			path += strcspn(path, "]") + 1;
		} else if (find_first(reducing->profile, id, path, &search)) {
			plan_member(reducing, id, &search.found);
			id = search.found.member.type;
			path += search.length;
		} else {
			return; /* the selection found it, so this does not happen */
		}
		path += *path == '.';
	}
}

/* A structure of which only the size is asked for still has its row: with no member of the plan. */
static void plan_types(struct reducing *reducing)
{
	size_t count;
	const struct gap_selected_type *types = gap_selection_types(reducing->selection, &count);

	for (size_t i = 0; i < count; i++) {
		struct gap_seen_member none = {.row = GAP_NONE};

		none.member.offset_bits = UINT64_MAX; /* behind those that are members */
		plan_member(reducing, gap_profile_strip(reducing->profile, types[i].root), &none);
	}
}

static int compare_planned(const void *left, const void *right)
{
	const struct planned *a = left, *b = right;

	if (a->aggregate != b->aggregate)
		return a->aggregate < b->aggregate ? -1 : 1;
	if (a->offset_bits != b->offset_bits)
		return a->offset_bits < b->offset_bits ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void sort_plan(struct reducing *reducing)
{
	size_t kept = 0;

	if (reducing->plan_count == 0)
		return;
	qsort(reducing->plan, reducing->plan_count, sizeof(*reducing->plan), compare_planned);
	for (size_t i = 0; i < reducing->plan_count; i++)
		if (i == 0 || compare_planned(&reducing->plan[i], &reducing->plan[i - 1]) != 0)
			reducing->plan[kept++] = reducing->plan[i];
	reducing->plan_count = kept;
}

/* Gives each structure of the plan its id first, so that pointers may name it. */
static void reserve_aggregates(struct reducing *reducing)
{
	size_t count = reducing->plan_count;

	reducing->aggregates = calloc(count + 1, sizeof(*reducing->aggregates));
	reducing->reserved = calloc(count + 1, sizeof(*reducing->reserved));
	if (!reducing->aggregates || !reducing->reserved) {
		reducing->no_memory = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		gap_type_id aggregate = reducing->plan[i].aggregate;
		uint32_t at = reducing->aggregate_count;

		if (at > 0 && reducing->aggregates[at - 1] == aggregate)
			continue;
		reducing->aggregates[at] = aggregate;
		reducing->reserved[at] = gap_builder_type_reserve(reducing->builder, 1);
		reducing->aggregate_count++;
	}
}

/* The id of a planned structure; 0 of any other type. */
static gap_type_id planned_id(const struct reducing *reducing, gap_type_id aggregate)
{
	uint32_t low = 0, high = reducing->aggregate_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (reducing->aggregates[middle] == aggregate)
			return reducing->reserved[middle];
		if (reducing->aggregates[middle] < aggregate)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/* ---- the types of members ---- */

static bool same_build(const struct gap_build_type *a, const struct gap_build_type *b)
{
	return a->kind == b->kind && a->flags == b->flags && a->name == b->name &&
	       a->size_bytes == b->size_bytes && a->ref == b->ref && a->count == b->count &&
	       a->enumerators == NULL && b->enumerators == NULL;
}

static gap_type_id add_shared(struct reducing *reducing, const struct gap_build_type *build)
{
	void *rows = reducing->shared;
	gap_type_id id;

	for (size_t i = 0; i < reducing->shared_count; i++)
		if (same_build(&reducing->shared[i].build, build))
			return reducing->shared[i].id;
	id = gap_builder_type_add(reducing->builder, build);
	if (!grow(reducing, &rows, &reducing->shared_capacity, reducing->shared_count,
		  sizeof(*reducing->shared)))
		return id;
	reducing->shared = rows;
	reducing->shared[reducing->shared_count++] = (struct shared){*build, id};
	return id;
}

static gap_text kept_name(const struct reducing *reducing, const char *name)
{
	return reducing->reduction == GAP_REDUCE_NAMED ? gap_builder_name(reducing->builder, name)
						       : 0;
}

static gap_type_id reduce_enum(struct reducing *reducing, const struct gap_type *type)
{
	struct gap_build_type build = {
		.kind = GAP_KIND_INT,
		.flags = type->flags & GAP_TYPE_SIGNED,
		.size_bytes = type->size_bytes,
	};
	struct gap_build_enumerator *rows;
	gap_type_id id;

	if (reducing->reduction == GAP_REDUCE_LEAN)
		return add_shared(reducing, &build);
	rows = calloc(type->count + 1u, sizeof(*rows));
	if (!rows) {
		reducing->no_memory = true;
		return 0;
	}
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator enumerator = {.name = ""};

		gap_profile_enumerator(reducing->profile, type->first + i, &enumerator);
		rows[i].name = gap_builder_name(reducing->builder, enumerator.name);
		rows[i].value = enumerator.value;
	}
	build.kind = GAP_KIND_ENUM;
	build.flags = type->flags;
	build.name = kept_name(reducing, type->name);
	build.enumerators = rows;
	build.count = type->count;
	id = gap_builder_type_add(reducing->builder, &build);
	free(rows);
	return id;
}

/* A type without what only its own members could tell. */
static gap_type_id reduce_leaf(struct reducing *reducing, const struct gap_type *type)
{
	struct gap_build_type build = {
		.kind = type->kind,
		.flags = type->flags,
		.name = kept_name(reducing, type->name),
		.size_bytes = type->size_bytes,
	};

	if (gap_type_is_aggregate(type))
		build.flags |= GAP_TYPE_PARTIAL;
	if (type->kind == GAP_KIND_POINTER)
		build.ref = planned_id(reducing, gap_profile_strip(reducing->profile, type->ref));
	return add_shared(reducing, &build);
}

static gap_type_id reduce_type(struct reducing *reducing, gap_type_id id, unsigned depth)
{
	struct gap_build_type build;
	struct gap_type type;
	gap_type_id planned;

	id = gap_profile_strip(reducing->profile, id);
	planned = planned_id(reducing, id);
	if (planned)
		return planned;
	if (!gap_profile_type(reducing->profile, id, &type) || type.kind == GAP_KIND_VOID ||
	    type.kind == GAP_KIND_FUNCTION)
		return 0;
	if (type.kind == GAP_KIND_ENUM)
		return reduce_enum(reducing, &type);
	if (type.kind != GAP_KIND_ARRAY)
		return reduce_leaf(reducing, &type);
	build = (struct gap_build_type){
		.kind = GAP_KIND_ARRAY, .flags = type.flags, .count = type.count};
	if (depth < ARRAY_DEPTH_MAX)
		build.ref = reduce_type(reducing, type.ref, depth + 1);
	return add_shared(reducing, &build);
}

/* ---- structures and symbols ---- */

static void copy_member_exceptions(struct reducing *reducing, gap_type_id id,
				   const struct planned *plan, size_t count, uint32_t usual)
{
	for (size_t i = 0; i < count && plan[i].row != GAP_NONE; i++)
		gap_copy_exception(
			reducing->profile, reducing->builder, usual,
			&(struct gap_copied_row){GAP_TABLE_MEMBERS, plan[i].row, id, (uint32_t)i});
}

static void set_aggregate(struct reducing *reducing, gap_type_id id, const struct planned *plan,
			  size_t count)
{
	struct gap_build_member *members = calloc(count, sizeof(*members));
	struct gap_type type;

	while (count > 0 && plan[count - 1].row == GAP_NONE)
		count--;
	if (!members) {
		reducing->no_memory = true;
		return;
	}
	gap_profile_type(reducing->profile, plan->aggregate, &type);
	for (size_t i = 0; i < count; i++) {
		struct gap_member member = {"", 0, 0, 0};

		gap_profile_member(reducing->profile, plan[i].row, &member);
		members[i] = (struct gap_build_member){
			.name = gap_builder_name(reducing->builder, member.name),
			.type = reduce_type(reducing, member.type, 0),
			.offset_bits = plan[i].offset_bits,
			.width_bits = member.width_bits,
		};
	}
	gap_builder_type_set(reducing->builder, id,
			     &(struct gap_build_type){
				     .kind = type.kind,
				     .flags = type.flags | GAP_TYPE_PARTIAL,
				     .name = gap_builder_name(reducing->builder, type.name),
				     .size_bytes = type.size_bytes,
				     .align_bytes = type.align_bytes,
				     .count = count,
				     .members = members,
			     });
	free(members);
}

static void set_aggregates(struct reducing *reducing)
{
	uint32_t usual = reducing->reduction == GAP_REDUCE_NAMED
				 ? gap_usual_source(reducing->profile, GAP_TABLE_MEMBERS)
				 : GAP_NONE;
	size_t from = 0;

	for (uint32_t i = 0; i < reducing->aggregate_count; i++) {
		size_t to = from;

		while (to < reducing->plan_count &&
		       reducing->plan[to].aggregate == reducing->aggregates[i])
			to++;
		set_aggregate(reducing, reducing->reserved[i], reducing->plan + from, to - from);
		if (reducing->reduction == GAP_REDUCE_NAMED)
			copy_member_exceptions(reducing, reducing->reserved[i],
					       reducing->plan + from, to - from, usual);
		from = to;
	}
}

/* A root that was named by a typedef must be found by it again. */
static void add_typedef(struct reducing *reducing, gap_type_id root, const char *name)
{
	gap_type_id aggregate = gap_profile_strip(reducing->profile, root);

	if (aggregate != root)
		add_shared(reducing, &(struct gap_build_type){
					     .kind = GAP_KIND_TYPEDEF,
					     .name = gap_builder_name(reducing->builder, name),
					     .ref = planned_id(reducing, aggregate),
				     });
}

static void add_typedefs(struct reducing *reducing)
{
	size_t count;
	const struct gap_selected_field *fields = gap_selection_fields(reducing->selection, &count);
	const struct gap_selected_type *types;

	for (size_t i = 0; i < count; i++)
		add_typedef(reducing, fields[i].root, fields[i].type);
	types = gap_selection_types(reducing->selection, &count);
	for (size_t i = 0; i < count; i++)
		add_typedef(reducing, types[i].root, types[i].name);
}

/* The selected enumerators of one enum, which @first is the first of. */
static void add_enum_part(struct reducing *reducing,
			  const struct gap_selected_enumerator *enumerators, size_t first,
			  size_t count)
{
	struct gap_build_enumerator *rows = calloc(count - first, sizeof(*rows));
	struct gap_type type;
	size_t used = 0;

	if (!rows) {
		reducing->no_memory = true;
		return;
	}
	gap_profile_type(reducing->profile, enumerators[first].owner, &type);
	for (size_t i = first; i < count; i++) {
		struct gap_enumerator row = {.name = ""};

		if (enumerators[i].owner != enumerators[first].owner)
			continue;
		gap_profile_enumerator(reducing->profile, enumerators[i].row, &row);
		rows[used].name = gap_builder_name(reducing->builder, row.name);
		rows[used++].value = row.value;
	}
	gap_builder_type_add(reducing->builder, &(struct gap_build_type){
							.kind = GAP_KIND_ENUM,
							.flags = type.flags | GAP_TYPE_PARTIAL,
							.name = kept_name(reducing, type.name),
							.size_bytes = type.size_bytes,
							.count = used,
							.enumerators = rows,
						});
	free(rows);
}

static void add_enumerators(struct reducing *reducing)
{
	size_t count;
	const struct gap_selected_enumerator *enumerators =
		gap_selection_enumerators(reducing->selection, &count);

	for (size_t i = 0; i < count; i++) {
		size_t before = 0;

		while (before < i && enumerators[before].owner != enumerators[i].owner)
			before++;
		if (before == i)
			add_enum_part(reducing, enumerators, i, count);
	}
}

static gap_type_id symbol_type(struct reducing *reducing, gap_type_id id)
{
	gap_type_id type;

	if (id == GAP_NONE || id == 0)
		return GAP_NONE;
	if (reducing->reduction == GAP_REDUCE_NAMED)
		type = reduce_type(reducing, id, 0);
	else
		type = planned_id(reducing, gap_profile_strip(reducing->profile, id));
	return type ? type : GAP_NONE;
}

static void add_symbols(struct reducing *reducing)
{
	size_t count;
	const struct gap_selected_symbol *symbols =
		gap_selection_symbols(reducing->selection, &count);

	for (size_t i = 0; i < count; i++) {
		const struct gap_symbol *symbol = &symbols[i].symbol;

		gap_builder_symbol_add(
			reducing->builder,
			&(struct gap_build_symbol){
				.name = gap_builder_name(reducing->builder, symbol->name),
				.address = symbol->address,
				.size_bytes = symbol->size_bytes,
				.type = symbol_type(reducing, symbol->type),
				.kind = symbol->kind,
				.flags = symbol->flags,
			});
	}
}

static void reduce(struct reducing *reducing)
{
	size_t count;
	const struct gap_selected_field *fields = gap_selection_fields(reducing->selection, &count);

	gap_copy_target(reducing->profile, reducing->builder);
	if (reducing->reduction == GAP_REDUCE_NAMED)
		gap_copy_sources(reducing->profile, reducing->builder);
	for (size_t i = 0; i < count; i++)
		plan_path(reducing, &fields[i]);
	plan_types(reducing);
	sort_plan(reducing);
	if (!reducing->no_memory)
		reserve_aggregates(reducing);
	if (reducing->no_memory)
		return;
	set_aggregates(reducing);
	add_typedefs(reducing);
	add_enumerators(reducing);
	add_symbols(reducing);
}

enum gap_status gap_reduce(const struct gap_profile *profile, const struct gap_selection *selection,
			   enum gap_reduction reduction, struct gap_builder *builder,
			   struct gap_error *error)
{
	struct reducing reducing = {.profile = profile,
				    .selection = selection,
				    .builder = builder,
				    .reduction = reduction};

	reduce(&reducing);
	free(reducing.plan);
	free(reducing.aggregates);
	free(reducing.reserved);
	free(reducing.shared);
	return reducing.no_memory ? gap_fail(error, GAP_NO_MEMORY, "out of memory") : GAP_OK;
}

enum gap_status gap_reduced_open(const struct gap_profile *profile,
				 const struct gap_selection *selection, struct gap_reduced *reduced,
				 struct gap_error *error)
{
	struct gap_reduced opened = {NULL, NULL};
	struct gap_builder *builder;
	size_t size_bytes;
	enum gap_status status = gap_builder_create(&builder, error);

	if (status)
		return status;
	status = gap_reduce(profile, selection, GAP_REDUCE_NAMED, builder, error);
	if (status == GAP_OK)
		status = gap_builder_freeze(builder, 0, &opened.image, &size_bytes, error);
	gap_builder_destroy(builder);
	if (status)
		return status;
	status = gap_profile_open_image(opened.image, size_bytes, &opened.profile, error);
	if (status)
		free(opened.image);
	else
		*reduced = opened;
	return status;
}

void gap_reduced_close(struct gap_reduced *reduced)
{
	gap_profile_close(reduced->profile);
	free(reduced->image);
}
