/* SPDX-License-Identifier: MIT */
/*
 * From names to rows: through the image's indices where it has them, row by row where it has none
 * (the blob of one monitor), with the same answers. A name with several definitions is never
 * answered by one of them.
 */
#include <stdlib.h>

#include "runtime/image.h"
#include "runtime/names.h"

#define CANDIDATES_MAX 256
/* Work that one look-up may do, and anonymous members that it looks into inside one another, before
 * it gives up on a type built to be slow. */
#define STEPS_MAX 65536
#define NESTING_MAX 128

/* The rows of one bucket, or the whole table where there is no index. */
struct rows {
	const uint32_t *row; /* NULL: count up from 0 */
	uint32_t count;
};

static struct rows bucket_of(const struct gap_index *index, uint32_t hash, uint32_t row_count)
{
	uint32_t bucket;

	if (!index->starts)
		return (struct rows){NULL, row_count};
	bucket = hash & index->mask;
	return (struct rows){index->rows + index->starts[bucket],
			     index->starts[bucket + 1] - index->starts[bucket]};
}

static inline uint32_t row_at(const struct rows *rows, uint32_t i)
{
	return rows->row ? rows->row[i] : i;
}

static uint32_t plain_hash(const char *name, uint32_t length)
{
	return gap_format_mix(gap_format_name_hash(name, length));
}

/* ---- types ---- */

/* A row that stands for "one of several, unknown which" is no definition. */
static int is_definition(const struct gap_format_type *type)
{
	return type->name != 0 && !(type->flags & GAP_TYPE_AMBIGUOUS);
}

static uint32_t find_types(const struct gap_profile *profile, const char *name, uint32_t length,
			   gap_type_id *ids, uint32_t capacity)
{
	struct rows rows =
		bucket_of(&profile->type_index, plain_hash(name, length), profile->type_count);
	uint32_t found = 0;

	for (uint32_t i = 0; i < rows.count; i++) {
		uint32_t id = row_at(&rows, i);
		const struct gap_format_type *type = &profile->types[id];

		if (!is_definition(type) ||
		    !gap_text_equal(gap_image_string(profile, type->name), name, length))
			continue;
		if (found < capacity)
			ids[found] = id;
		found++;
	}
	return found;
}

uint32_t gap_profile_find_types(const struct gap_profile *profile, const char *name,
				gap_type_id *ids, uint32_t capacity)
{
	return find_types(profile, name, (uint32_t)strlen(name), ids, capacity);
}

static const char *file_of_type(const struct gap_profile *profile, gap_type_id id)
{
	struct gap_declaration declaration;

	return gap_profile_declaration(profile, id, &declaration) ? declaration.file : "";
}

/* Keeps what the qualifiers allow. A number counts all definitions of the name. */
static uint32_t keep_qualified(const struct gap_profile *profile, const struct gap_name *name,
			       gap_type_id *ids, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (name->kind >= 0 && profile->types[ids[i]].kind != (uint8_t)name->kind)
			continue;
		if (name->number && name->number != i + 1)
			continue;
		if (name->file && !gap_name_file_matches(name, file_of_type(profile, ids[i])))
			continue;
		ids[kept++] = ids[i];
	}
	return kept;
}

/* A declaration says nothing beside a definition (BTF may hold both). */
static uint32_t drop_declarations(const struct gap_profile *profile, gap_type_id *ids,
				  uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		kept += !(profile->types[ids[i]].flags & GAP_TYPE_INCOMPLETE);
	if (kept == 0 || kept == count)
		return count;
	kept = 0;
	for (uint32_t i = 0; i < count; i++)
		if (!(profile->types[ids[i]].flags & GAP_TYPE_INCOMPLETE))
			ids[kept++] = ids[i];
	return kept;
}

/* `typedef struct x {…} x;` is one thing under two names, and two typedefs may mean the same. */
static gap_type_id one_meaning(const struct gap_profile *profile, const gap_type_id *ids,
			       uint32_t count)
{
	gap_type_id tag = GAP_NONE;

	for (uint32_t i = 0; i < count; i++) {
		gap_type_id meant = gap_profile_strip(profile, ids[i]);

		if (tag != GAP_NONE && meant != tag)
			return GAP_NONE;
		tag = meant;
	}
	for (uint32_t i = 0; i < count; i++)
		if (ids[i] == tag)
			return tag;
	return ids[0];
}

static enum gap_status fail_ambiguous_type(const struct gap_profile *profile,
					   const struct gap_name *name, struct gap_error *error)
{
	gap_type_id all[CANDIDATES_MAX];
	uint32_t count = find_types(profile, name->text, name->length, all, CANDIDATES_MAX);

	gap_fail(error, GAP_AMBIGUOUS, "%.*s has %u definitions; say which:", (int)name->length,
		 name->text, count);
	for (uint32_t i = 0; i < count && i < CANDIDATES_MAX; i++) {
		struct gap_declaration where = {"", 0, 0};
		struct gap_type type;

		gap_profile_type(profile, all[i], &type);
		gap_profile_declaration(profile, all[i], &where);
		gap_fail_append(error, "%s %s:%.*s#%u (%llu bytes", i ? "," : "",
				gap_kind_name(type.kind), (int)name->length, name->text, i + 1,
				(unsigned long long)type.size_bytes);
		if (*where.file)
			gap_fail_append(error, ", %s:%u", where.file, where.line);
		gap_fail_append(error, ")");
	}
	return GAP_AMBIGUOUS;
}

enum gap_status gap_profile_find_type(const struct gap_profile *profile, const char *text,
				      gap_type_id *id, struct gap_error *error)
{
	gap_type_id ids[CANDIDATES_MAX];
	struct gap_name name;
	uint32_t count, kept;
	gap_type_id tag;
	enum gap_status status = gap_name_parse(text, 1, &name, error);

	if (status)
		return status;
	count = find_types(profile, name.text, name.length, ids, CANDIDATES_MAX);
	kept = keep_qualified(profile, &name, ids, count < CANDIDATES_MAX ? count : CANDIDATES_MAX);
	if (kept == 0 && profile->type_count <= 1)
		return gap_fail(error, GAP_NOT_FOUND,
				"no type \"%.200s\": this profile holds no types at all", text);
	if (kept == 0)
		return gap_fail(error, GAP_NOT_FOUND, "no type \"%.200s\" in this profile", text);
	kept = drop_declarations(profile, ids, kept);
	tag = kept == 1 ? ids[0] : one_meaning(profile, ids, kept);
	if (tag == GAP_NONE)
		return fail_ambiguous_type(profile, &name, error);
	*id = tag;
	return GAP_OK;
}

/* ---- members ---- */

struct member_search {
	const struct gap_profile *profile;
	const char *name;
	uint32_t length, hash; /* the name's hash before mixing */
	uint32_t steps, nesting;
	const struct gap_format_member *found;
	uint64_t base_bits; /* of the anonymous members passed */
};

static int search_aggregate(struct member_search *search, uint32_t id, uint64_t base_bits);

static uint64_t member_offset_bits(const struct gap_format_member *member)
{
	return (uint64_t)member->offset_bytes * 8 + member->bit_offset;
}

static int try_member(struct member_search *search, uint32_t row, uint64_t base_bits)
{
	const struct gap_format_member *member = &search->profile->members[row];

	if (search->steps++ > STEPS_MAX)
		return 0;
	if (member->name == 0) {
		int found;

		search->nesting++;
		found = search_aggregate(search, gap_profile_strip(search->profile, member->type),
					 base_bits + member_offset_bits(member));
		search->nesting--;
		return found;
	}
	if (!gap_text_equal(gap_image_string(search->profile, member->name), search->name,
			    search->length))
		return 0;
	search->found = member;
	search->base_bits = base_bits;
	return 1;
}

/* Recursion ends: an anonymous member's type lies before its container (the image's order rule). */
static int search_aggregate(struct member_search *search, uint32_t id, uint64_t base_bits)
{
	const struct gap_format_type *type = &search->profile->types[id];
	const struct gap_index *index = &search->profile->member_index;
	struct rows rows;

	if (!gap_image_is_aggregate(type) || search->steps > STEPS_MAX ||
	    search->nesting > NESTING_MAX)
		return 0;
	if (!index->starts) {
		for (uint32_t i = 0; i < type->count; i++)
			if (try_member(search, type->ref + i, base_bits))
				return 1;
		return 0;
	}
	rows = bucket_of(index, gap_format_member_hash(search->hash, id), 0);
	for (uint32_t i = 0; i < rows.count; i++)
		if (rows.row[i] - type->ref < type->count &&
		    try_member(search, rows.row[i], base_bits))
			return 1;
	return 0;
}

static int find_member(const struct gap_profile *profile, uint32_t id, const char *name,
		       uint32_t length, struct member_search *search)
{
	*search = (struct member_search){
		.profile = profile,
		.name = name,
		.length = length,
		.hash = gap_format_name_hash(name, length),
	};
	return search_aggregate(search, id, 0);
}

/* Where a path has come to. */
struct path {
	const struct gap_profile *profile;
	const char *whole, *at;
	uint64_t offset_bits;
	uint32_t width_bits;
	gap_type_id type;
};

static enum gap_status fail_member(const struct path *path, uint32_t length,
				   struct gap_error *error)
{
	gap_type_id id = gap_profile_strip(path->profile, path->type);
	const struct gap_format_type *type = &path->profile->types[id];
	const char *name = gap_image_string(path->profile, type->name);
	const char *kind = gap_kind_name((enum gap_kind)type->kind);

	if (type->flags & GAP_TYPE_AMBIGUOUS)
		return gap_fail(error, GAP_AMBIGUOUS,
				"%.300s: %s %.200s has several definitions and nothing tells which "
				"one is meant here; look them up by %.200s#N",
				path->whole, kind, name, name);
	if (!gap_image_is_aggregate(type))
		return gap_fail(error, GAP_NOT_FOUND, "%.300s: \"%.*s\" is asked of a %s",
				path->whole, (int)length, path->at, kind);
	if (type->flags & GAP_TYPE_INCOMPLETE)
		return gap_fail(error, GAP_NOT_FOUND, "%.300s: %s %.200s is only declared",
				path->whole, kind, name);
	return gap_fail(error, GAP_NOT_FOUND, "%s %.200s has no member \"%.*s\"%s", kind,
			*name ? name : "(anonymous)", (int)length, path->at,
			!(type->flags & GAP_TYPE_PARTIAL) ? ""
			: gap_profile_says_absent(path->profile, id, path->at, NULL)
				? ": inference tells that this kernel has none"
				: " in this profile, which holds a selection");
}

static enum gap_status step_into(struct path *path, struct gap_error *error)
{
	gap_type_id id = gap_profile_strip(path->profile, path->type);
	uint32_t first = (uint32_t)strcspn(path->at, ".[");
	uint32_t length = first;
	struct member_search search;

	/* A member that is known by its path alone has a dotted name: try longer and longer ones.
	 */
	while (!find_member(path->profile, id, path->at, length, &search)) {
		if (path->at[length] != '.')
			return fail_member(path, first, error);
		length += 1 + (uint32_t)strcspn(path->at + length + 1, ".[");
	}
	path->at += length;
	path->offset_bits += search.base_bits + member_offset_bits(search.found);
	path->width_bits = search.found->bit_width;
	path->type = search.found->type;
	return GAP_OK;
}

static enum gap_status step_element(struct path *path, struct gap_error *error)
{
	gap_type_id id = gap_profile_strip(path->profile, path->type);
	struct gap_type array, element;
	uint64_t index, offset;
	char *end;

	gap_profile_type(path->profile, id, &array);
	index = strtoull(path->at + 1, &end, strncmp(path->at + 1, "0x", 2) == 0 ? 16 : 10);
	if (path->at[1] < '0' || path->at[1] > '9' || *end != ']')
		return gap_fail(error, GAP_INVALID, "%.300s: what stands in [] must be a number",
				path->whole);
	if (array.kind != GAP_KIND_ARRAY)
		return gap_fail(error, GAP_INVALID, "%.300s: [] of what is no array", path->whole);
	gap_profile_type(path->profile, array.ref, &element);
	if (!(array.flags & GAP_TYPE_FLEXIBLE) && index >= array.count)
		return gap_fail(error, GAP_INVALID, "%.300s: index %llu is beyond the array's %u",
				path->whole, (unsigned long long)index, array.count);
	if (__builtin_mul_overflow(index, element.size_bytes * 8, &offset) ||
	    __builtin_add_overflow(offset, path->offset_bits, &path->offset_bits))
		return gap_fail(error, GAP_INVALID, "%.300s: index is too large", path->whole);
	path->type = array.ref;
	path->width_bits = 0;
	path->at = end + 1;
	return GAP_OK;
}

enum gap_status gap_profile_find_member(const struct gap_profile *profile, gap_type_id id,
					const char *text, struct gap_location *location,
					struct gap_error *error)
{
	struct path path = {.profile = profile, .whole = text, .at = text, .type = id};
	struct gap_type type;

	if (id >= profile->type_count)
		return gap_fail(error, GAP_INVALID, "no type %u in this profile", id);
	for (int expect_name = 1; *path.at || expect_name; expect_name = 0) {
		enum gap_status status;

		if (!expect_name && *path.at == '.')
			path.at++;
		else if (!expect_name && *path.at != '[')
			return gap_fail(error, GAP_INVALID, "\"%.300s\" is not a member path",
					text);
		status = *path.at == '[' ? step_element(&path, error) : step_into(&path, error);
		if (status)
			return status;
	}
	gap_profile_type(profile, path.type, &type);
	*location = (struct gap_location){
		.offset_bits = path.offset_bits,
		.width_bits = path.width_bits,
		.type = path.type,
		.size_bytes = type.size_bytes,
	};
	return GAP_OK;
}

/* ---- symbols ---- */

static uint32_t find_symbols(const struct gap_profile *profile, const char *name, uint32_t length,
			     uint32_t *found, uint32_t capacity)
{
	struct rows rows =
		bucket_of(&profile->symbol_index, plain_hash(name, length), profile->symbol_count);
	uint32_t count = 0;

	for (uint32_t i = 0; i < rows.count; i++) {
		uint32_t row = row_at(&rows, i);
		const char *text = gap_image_string(profile, profile->symbols[row].name);

		if (!gap_text_equal(text, name, length))
			continue;
		if (count < capacity)
			found[count] = row;
		count++;
	}
	return count;
}

uint32_t gap_profile_find_symbols(const struct gap_profile *profile, const char *name,
				  uint32_t *rows, uint32_t capacity)
{
	return find_symbols(profile, name, (uint32_t)strlen(name), rows, capacity);
}

static uint32_t keep_symbols(const struct gap_profile *profile, const struct gap_name *name,
			     uint32_t *rows, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (name->number && name->number != i + 1)
			continue;
		if (name->file &&
		    !gap_name_file_matches(name, gap_profile_symbol_file(profile, rows[i])))
			continue;
		rows[kept++] = rows[i];
	}
	return kept;
}

/* The one that is meant: all agree in address, or one is global among local ones. GAP_NONE: cannot
 * tell. */
static uint32_t choose_symbol(const struct gap_profile *profile, const uint32_t *rows,
			      uint32_t count)
{
	uint32_t global = GAP_NONE;
	int differ = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct gap_format_symbol *symbol = &profile->symbols[rows[i]];

		differ |= symbol->address != profile->symbols[rows[0]].address;
		if (symbol->flags & GAP_SYMBOL_LOCAL)
			continue;
		if (global != GAP_NONE && profile->symbols[global].address != symbol->address)
			return GAP_NONE;
		global = rows[i];
	}
	if (global != GAP_NONE)
		return global;
	return differ ? GAP_NONE : rows[0];
}

static enum gap_status fail_ambiguous_symbol(const struct gap_profile *profile,
					     const struct gap_name *name, struct gap_error *error)
{
	uint32_t rows[CANDIDATES_MAX];
	uint32_t count = find_symbols(profile, name->text, name->length, rows, CANDIDATES_MAX);

	gap_fail(error, GAP_AMBIGUOUS, "%u symbols are called %.*s; say which:", count,
		 (int)name->length, name->text);
	for (uint32_t i = 0; i < count && i < CANDIDATES_MAX; i++) {
		const char *file = gap_profile_symbol_file(profile, rows[i]);

		gap_fail_append(error, "%s %.*s#%u (0x%llx%s%s)", i ? "," : "", (int)name->length,
				name->text, i + 1,
				(unsigned long long)profile->symbols[rows[i]].address,
				*file ? ", " : "", file);
	}
	return GAP_AMBIGUOUS;
}

enum gap_status gap_profile_find_symbol(const struct gap_profile *profile, const char *text,
					struct gap_symbol *symbol, struct gap_error *error)
{
	uint32_t rows[CANDIDATES_MAX];
	struct gap_name name;
	uint32_t count, row;
	enum gap_status status = gap_name_parse(text, 0, &name, error);

	if (status)
		return status;
	count = find_symbols(profile, name.text, name.length, rows, CANDIDATES_MAX);
	count = keep_symbols(profile, &name, rows, count < CANDIDATES_MAX ? count : CANDIDATES_MAX);
	if (count == 0 && profile->symbol_count == 0)
		return gap_fail(
			error, GAP_NOT_FOUND,
			"no symbol \"%.200s\": this profile holds no symbols at all (BTF has "
			"none; give extract a vmlinux, or a --system-map)",
			text);
	if (count == 0)
		return gap_fail(error, GAP_NOT_FOUND, "no symbol \"%.200s\" in this profile", text);
	row = choose_symbol(profile, rows, count);
	if (row == GAP_NONE)
		return fail_ambiguous_symbol(profile, &name, error);
	gap_profile_symbol(profile, row, symbol);
	return GAP_OK;
}

uint32_t gap_profile_symbol_at(const struct gap_profile *profile, uint64_t address)
{
	uint32_t low = 0, high = profile->symbol_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (profile->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && profile->symbols[low - 1].flags & GAP_SYMBOL_PERCPU)
		low--;
	return low > 0 ? low - 1 : GAP_NONE;
}

/* ---- enumerators ---- */

enum gap_status gap_profile_find_enumerator(const struct gap_profile *profile, const char *name,
					    uint32_t *row, struct gap_error *error)
{
	uint32_t length = (uint32_t)strlen(name);
	struct rows rows = bucket_of(&profile->enumerator_index, plain_hash(name, length),
				     profile->enumerator_count);
	const struct gap_format_enumerator *found = NULL;

	for (uint32_t i = 0; i < rows.count; i++) {
		const struct gap_format_enumerator *at = &profile->enumerators[row_at(&rows, i)];

		if (!gap_text_equal(gap_image_string(profile, at->name), name, length))
			continue;
		if (found &&
		    (at->value_low != found->value_low || at->value_high != found->value_high))
			return gap_fail(error, GAP_AMBIGUOUS,
					"enumerator %.200s has several values in this kernel",
					name);
		found = at;
	}
	if (!found)
		return gap_fail(error, GAP_NOT_FOUND, "no enumerator \"%.200s\" in this profile",
				name);
	*row = (uint32_t)(found - profile->enumerators);
	return GAP_OK;
}
