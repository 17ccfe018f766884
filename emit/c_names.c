/* SPDX-License-Identifier: MIT */
/*
 * Naming. Of several definitions of one name each is NAME_N, N as in NAME#N; a typedef that means
 * something else than the tag of its name likewise. Enumerators share one space with typedefs: a
 * later one that finds its name taken is NAME__2.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/c_names.h"
#include "emit/c_words.h"
#include "emit/constants.h"

#define NAME_BYTES 512

struct naming {
	struct gap_c_names *names;
	const char *prefix;
	struct gap_strings types, ordinary; /* names in use */
	bool no_memory;
};

static bool is_tag(const struct gap_type *type)
{
	return type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION ||
	       type->kind == GAP_KIND_ENUM;
}

static bool is_complete(const struct gap_type *type)
{
	return !(type->flags & GAP_TYPE_INCOMPLETE);
}

/* ---- names in use ---- */

/* Takes a name for oneself; false when it is taken. */
static bool take(struct naming *naming, struct gap_strings *used, const char *name)
{
	uint32_t before = used->rows.count, id;

	if (!gap_strings_intern(used, name, strlen(name), &id)) {
		naming->no_memory = true;
		return true;
	}
	return id == before;
}

static uint32_t keep(struct naming *naming, const char *name)
{
	uint32_t id = 0;

	if (!gap_strings_intern(&naming->names->pool, name, strlen(name), &id))
		naming->no_memory = true;
	return id;
}

/* Puts underscores behind a name until nobody has it. */
static void make_unique(struct naming *naming, struct gap_strings *used, char name[NAME_BYTES])
{
	size_t length = strlen(name);

	while (!take(naming, used, name) && length + 1 < NAME_BYTES) {
		name[length++] = '_';
		name[length] = 0;
	}
}

/* ---- types ---- */

/* A name that can stand in C: as it is, or changed by rule. */
static void spell(const struct naming *naming, const char *name, uint32_t number, bool is_typedef,
		  char text[NAME_BYTES])
{
	const char *prefix = naming->prefix ? naming->prefix : "";

	if (!*prefix && is_typedef && gap_is_standard_type(name))
		prefix = "gap_";
	if (number)
		snprintf(text, NAME_BYTES, "%s%s_%u", prefix, name, number);
	else
		snprintf(text, NAME_BYTES, "%s%s%s", prefix, name,
			 !*prefix && gap_is_c_word(name) ? "_" : "");
	for (char *at = text; *at; at++) /* names of other languages */
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
		      (*at >= '0' && *at <= '9') || *at == '_'))
			*at = '_';
	if (gap_is_cxx_word(text))
		snprintf(text, NAME_BYTES, "GAP_NAME(%s)", name);
}

struct group {
	const char *name;
	gap_type_id *ids; /* in the order of #N */
	uint32_t count;
};

static struct gap_type type_of(const struct gap_profile *profile, gap_type_id id)
{
	struct gap_type type = {.name = "", .kind = GAP_KIND_VOID};

	gap_profile_type(profile, id, &type);
	return type;
}

/* Whether two rows of a group say the same: typedefs of one type. */
static bool same_meaning(const struct gap_profile *profile, gap_type_id a, gap_type_id b)
{
	struct gap_type left = type_of(profile, a), right = type_of(profile, b);

	return left.kind == GAP_KIND_TYPEDEF && right.kind == GAP_KIND_TYPEDEF &&
	       left.ref == right.ref;
}

static uint32_t count_tags(const struct gap_profile *profile, const struct group *group)
{
	uint32_t tags = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		struct gap_type type = type_of(profile, group->ids[i]);

		tags += is_tag(&type) && is_complete(&type);
	}
	return tags;
}

static bool is_named_kind(const struct gap_type *type)
{
	return is_tag(type) || type->kind == GAP_KIND_TYPEDEF;
}

static void name_row(struct naming *naming, const struct group *group, uint32_t index, bool bare)
{
	gap_type_id id = group->ids[index];
	struct gap_type type = type_of(naming->names->profile, id);
	char text[NAME_BYTES];

	spell(naming, group->name, bare ? 0 : index + 1, type.kind == GAP_KIND_TYPEDEF, text);
	naming->names->renamed += !bare;
	make_unique(naming, &naming->types, text);
	if (type.kind == GAP_KIND_TYPEDEF)
		take(naming, &naming->ordinary, text);
	naming->names->of_row[id] = keep(naming, text);
	naming->names->order[naming->names->count++] = id;
}

/* A tag that only its name is known of: `struct foo;`. The single definition's name where there is
 * one, so that pointers to it meet it. */
static void name_incomplete(struct naming *naming, const struct group *group, uint32_t index,
			    uint32_t single)
{
	gap_type_id id = group->ids[index];
	char text[NAME_BYTES];

	if (single) {
		naming->names->of_row[id] = single;
		return;
	}
	spell(naming, group->name, 0, false, text);
	take(naming, &naming->types, text); /* several share the bare name, and mean the same */
	naming->names->of_row[id] = keep(naming, text);
	naming->names->order[naming->names->count++] = id;
}

static void name_tags(struct naming *naming, const struct group *group)
{
	uint32_t tags = count_tags(naming->names->profile, group), single = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		struct gap_type type = type_of(naming->names->profile, group->ids[i]);

		if (!is_tag(&type) || !is_complete(&type))
			continue;
		name_row(naming, group, i, tags == 1);
		if (tags == 1)
			single = naming->names->of_row[group->ids[i]];
	}
	for (uint32_t i = 0; i < group->count; i++) {
		struct gap_type type = type_of(naming->names->profile, group->ids[i]);

		if (is_tag(&type) && !is_complete(&type))
			name_incomplete(naming, group, i, single);
	}
}

/* A typedef may share its name with the tag that it stands for, and with no other. */
static bool typedef_is_bare(const struct gap_profile *profile, const struct group *group,
			    uint32_t index, bool has_tags)
{
	gap_type_id meant = gap_profile_strip(profile, group->ids[index]);

	for (uint32_t i = 0; i < group->count; i++) {
		struct gap_type type = type_of(profile, group->ids[i]);

		if (type.kind == GAP_KIND_TYPEDEF &&
		    !same_meaning(profile, group->ids[i], group->ids[index]))
			return false;
	}
	if (!has_tags)
		return true;
	return count_tags(profile, group) == 1 &&
	       strcmp(type_of(profile, meant).name, group->name) == 0;
}

static void name_typedefs(struct naming *naming, const struct group *group)
{
	const struct gap_profile *profile = naming->names->profile;
	bool has_tags = false;

	for (uint32_t i = 0; i < group->count; i++) {
		struct gap_type type = type_of(profile, group->ids[i]);

		has_tags |= is_tag(&type);
	}
	for (uint32_t i = 0; i < group->count; i++) {
		gap_type_id id = group->ids[i];
		uint32_t before = 0;

		if (type_of(profile, id).kind != GAP_KIND_TYPEDEF)
			continue;
		while (before < i && !same_meaning(profile, group->ids[before], id))
			before++;
		if (before < i) {
			naming->names->of_row[id] = naming->names->of_row[group->ids[before]];
			naming->names->alias[id] = group->ids[before];
		} else if (has_tags && typedef_is_bare(profile, group, i, true)) {
			/* `typedef struct foo foo`: one name, twice. */
			naming->names->of_row[id] =
				naming->names->of_row[gap_profile_strip(profile, id)];
			naming->names->order[naming->names->count++] = id;
		} else {
			name_row(naming, group, i, typedef_is_bare(profile, group, i, has_tags));
		}
	}
}

/* ---- enumerators ---- */

static void name_enumerator(struct naming *naming, uint32_t row, const char *name)
{
	char text[NAME_BYTES];
	unsigned again = 2;

	spell(naming, name, 0, false, text);
	while (!take(naming, &naming->ordinary, text) && again < 1000) {
		spell(naming, name, 0, false, text);
		snprintf(text + strlen(text), NAME_BYTES - strlen(text), "__%u", again++);
	}
	naming->names->of_enumerator[row] = keep(naming, text);
}

static void name_enumerators(struct naming *naming, gap_type_id id)
{
	struct gap_type type = type_of(naming->names->profile, id);
	struct gap_enumerator enumerator;

	for (uint32_t i = 0; type.kind == GAP_KIND_ENUM && i < type.count; i++)
		if (gap_profile_enumerator(naming->names->profile, type.first + i, &enumerator) &&
		    !naming->names->of_enumerator[type.first + i])
			name_enumerator(naming, type.first + i, enumerator.name);
}

/* An enum without a name is called after its first enumerator, so that members can have its type.
 */
static void name_anonymous_enum(struct naming *naming, gap_type_id id)
{
	struct gap_type type = type_of(naming->names->profile, id);
	struct gap_enumerator first;
	char text[NAME_BYTES];

	if (type.kind != GAP_KIND_ENUM || *type.name || type.count == 0 ||
	    !gap_profile_enumerator(naming->names->profile, type.first, &first))
		return;
	snprintf(text, sizeof(text), "%sgap_enum_%s", naming->prefix ? naming->prefix : "",
		 first.name);
	make_unique(naming, &naming->types, text);
	naming->names->of_row[id] = keep(naming, text);
	naming->names->order[naming->names->count++] = id;
}

/* ---- all of them ---- */

struct named {
	const char *name;
	gap_type_id id;
};

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : a->id < b->id ? -1 : a->id > b->id;
}

/* Rows by name; those of unnamed enums go by their first enumerator, behind all others. */
static size_t sort_rows(const struct gap_profile *profile, struct named *rows)
{
	uint32_t count = gap_profile_count(profile, GAP_TABLE_TYPES);
	size_t used = 0;

	for (gap_type_id id = 1; id < count; id++) {
		struct gap_type type = type_of(profile, id);

		if (is_named_kind(&type) && *type.name)
			rows[used++] = (struct named){type.name, id};
	}
	qsort(rows, used, sizeof(*rows), compare_named);
	return used;
}

static bool name_group(struct naming *naming, const char *name)
{
	const struct gap_profile *profile = naming->names->profile;
	struct group group = {.name = name,
			      .count = gap_profile_find_types(profile, name, NULL, 0)};

	group.ids = calloc(group.count + 1u, sizeof(*group.ids));
	if (!group.ids)
		return false;
	group.count = gap_profile_find_types(profile, name, group.ids, group.count);
	name_tags(naming, &group);
	name_typedefs(naming, &group);
	free(group.ids);
	return true;
}

/* Incomplete tags are in no group where look-up leaves them out. */
static void name_rest(struct naming *naming, const struct named *row)
{
	struct group alone = {.name = row->name, .ids = (gap_type_id[]){row->id}, .count = 1};
	struct gap_type type = type_of(naming->names->profile, row->id);
	gap_type_id others[2];

	if (naming->names->of_row[row->id])
		return;
	if (type.kind == GAP_KIND_TYPEDEF)
		name_typedefs(naming, &alone);
	else if (!is_complete(&type) &&
		 gap_profile_find_types(naming->names->profile, row->name, others, 2) == 1 &&
		 type_of(naming->names->profile, others[0]).kind == type.kind)
		naming->names->of_row[row->id] = naming->names->of_row[others[0]];
	else if (!is_complete(&type))
		name_incomplete(naming, &alone, 0, 0);
	else
		name_row(naming, &alone, 0, true);
}

static bool name_types(struct naming *naming)
{
	const struct gap_profile *profile = naming->names->profile;
	uint32_t total = gap_profile_count(profile, GAP_TABLE_TYPES);
	struct named *rows = calloc(total + 1u, sizeof(*rows));
	size_t count;
	bool ok = rows != NULL;

	if (!rows)
		return false;
	count = sort_rows(profile, rows);
	for (size_t i = 0; ok && i < count; i++)
		if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
			ok = name_group(naming, rows[i].name);
	for (size_t i = 0; ok && i < count; i++)
		name_rest(naming, &rows[i]);
	for (size_t i = 0; ok && i < count; i++)
		name_enumerators(naming, rows[i].id);
	free(rows);
	return ok;
}

static bool name_unnamed_enums(struct naming *naming)
{
	const struct gap_profile *profile = naming->names->profile;
	uint32_t total = gap_profile_count(profile, GAP_TABLE_TYPES);
	struct named *rows = calloc(total + 1u, sizeof(*rows));
	size_t count = 0;

	if (!rows)
		return false;
	for (gap_type_id id = 1; id < total; id++) {
		struct gap_type type = type_of(profile, id);
		struct gap_enumerator first;

		if (type.kind == GAP_KIND_ENUM && !*type.name && type.count &&
		    gap_profile_enumerator(profile, type.first, &first))
			rows[count++] = (struct named){first.name, id};
	}
	qsort(rows, count, sizeof(*rows), compare_named);
	for (size_t i = 0; i < count; i++) {
		name_enumerators(naming, rows[i].id);
		name_anonymous_enum(naming, rows[i].id);
	}
	free(rows);
	return true;
}

enum gap_status gap_c_names_init(struct gap_c_names *names, const struct gap_profile *profile,
				 const char *prefix, struct gap_error *error)
{
	uint32_t types = gap_profile_count(profile, GAP_TABLE_TYPES);
	uint32_t enumerators = gap_profile_count(profile, GAP_TABLE_ENUMERATORS);
	struct naming naming = {.names = names, .prefix = prefix};
	bool ok;

	*names = (struct gap_c_names){.profile = profile};
	names->of_row = calloc(types + 1u, sizeof(*names->of_row));
	names->of_enumerator = calloc(enumerators + 1u, sizeof(*names->of_enumerator));
	names->order = calloc(types + 1u, sizeof(*names->order));
	names->alias = calloc(types + 1u, sizeof(*names->alias));
	ok = gap_strings_init(&names->pool);
	ok = gap_strings_init(&naming.types) && ok;
	ok = gap_strings_init(&naming.ordinary) && ok;
	ok = ok && names->of_row && names->of_enumerator && names->order && names->alias &&
	     name_types(&naming) && name_unnamed_enums(&naming) && !naming.no_memory;
	gap_strings_deinit(&naming.types);
	gap_strings_deinit(&naming.ordinary);
	if (ok)
		return GAP_OK;
	gap_c_names_deinit(names);
	return gap_fail(error, GAP_NO_MEMORY, "out of memory");
}

void gap_c_names_deinit(struct gap_c_names *names)
{
	free(names->of_row);
	free(names->of_enumerator);
	free(names->order);
	free(names->alias);
	gap_strings_deinit(&names->pool);
}

const char *gap_c_name(const struct gap_c_names *names, gap_type_id row)
{
	uint32_t id = names->of_row[row];

	return id ? names->pool.rows.items[id].text : NULL;
}

const char *gap_c_enumerator(const struct gap_c_names *names, uint32_t row)
{
	uint32_t id = names->of_enumerator[row];

	return id ? names->pool.rows.items[id].text : NULL;
}

bool gap_c_member_name(const char *member, const char *owner, char *text, size_t capacity)
{
	size_t used = 0;

	if (gap_is_cxx_word(member) || (owner && strcmp(member, owner) == 0))
		return (size_t)snprintf(text, capacity, "GAP_NAME(%s)", member) < capacity;
	for (const char *at = member; *at; at++) {
		if (used + 4 > capacity)
			return false;
		text[used++] = *at == '.' ? '_' : *at;
		if (*at == '.')
			text[used++] = '_';
	}
	if (gap_is_c_word(member))
		text[used++] = '_';
	text[used] = 0;
	return gap_is_identifier(text);
}
