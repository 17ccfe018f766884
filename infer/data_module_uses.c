/* SPDX-License-Identifier: MIT */
/*
 * Which module uses which: for each such pair there is one thing, in a list of the user and in one of
 * the used, that names both. The two lists look the same the other way round: a module is loaded after
 * those that it uses, and no module has more users than references to it.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#define USES_MAX 2048u
#define WINDOW_WORDS 8  /* to both sides of a link, where the other members are */
#define MEMBER_WORDS 6u /* of two links of two words, and two pointers */
#define SIDES_MAX 4u
#define REFERENCE_BASE 1 /* MODULE_REF_BASE: what a loaded module holds on itself */

/* One thing, seen from one of its two lists. */
struct use {
	uint32_t module; /* whose list it is in */
	uint32_t other;  /* the other one */
	uint64_t link;
};

/* A list that all modules have. From the link of a thing in it, one pointer leads to the list's own
 * module, one to the other. */
struct side {
	uint32_t list; /* offset in struct module */
	int32_t own, other;
	uint32_t count;
	struct use uses[USES_MAX];
};

static uint32_t module_at(const struct data_solver *solver, uint64_t at)
{
	return data_set_find(&solver->modules, at);
}

/* ---- lists of modules' own ---- */

/* Adds what is in the list at @side->list of the module at @index; false: that is no list. */
static bool take_uses(struct data_solver *solver, struct side *side, uint32_t index)
{
	struct data_list list;
	bool good;

	data_list_walk(solver, solver->modules.at[index] + side->list, USES_MAX - side->count,
		       &list);
	good = list.closed && side->count + list.count <= USES_MAX;
	for (uint32_t i = 0; i < list.count && good; i++)
		side->uses[side->count++] = (struct use){index, DATA_UNKNOWN, list.at[i]};
	data_list_deinit(&list);
	return good;
}

/* What all things in the list lead to at a distance from their link: their module, another, neither. */
static int names_module(struct data_solver *solver, const struct side *side, int32_t distance)
{
	int own = 0, other = 0;

	for (uint32_t i = 0; i < side->count; i++) {
		uint64_t value;
		uint32_t module;

		if (!data_read_word(solver, side->uses[i].link + (uint64_t)(int64_t)distance,
				    &value))
			return 0;
		module = module_at(solver, value);
		own += module == side->uses[i].module;
		other += module != DATA_UNKNOWN && module != side->uses[i].module;
	}
	return own == (int)side->count ? 1 : other == (int)side->count ? 2 : 0;
}

/* Which two pointers lead to the modules: each in one place only. */
static bool find_pointers(struct data_solver *solver, struct side *side)
{
	unsigned own = 0, other = 0;

	for (int32_t word = -WINDOW_WORDS; word <= WINDOW_WORDS; word++) {
		int32_t distance = word * (int32_t)solver->word;
		int what = word == 0 || word == 1 ? 0 : names_module(solver, side, distance);

		own += what == 1;
		other += what == 2;
		if (what == 1)
			side->own = distance;
		if (what == 2)
			side->other = distance;
	}
	return own == 1 && other == 1;
}

static void name_others(struct data_solver *solver, struct side *side)
{
	for (uint32_t i = 0; i < side->count; i++) {
		uint64_t value;

		if (data_read_word(solver, side->uses[i].link + (uint64_t)(int64_t)side->other,
				   &value))
			side->uses[i].other = module_at(solver, value);
	}
}

static bool take_side(struct data_solver *solver, uint32_t list, struct side *side)
{
	side->list = list;
	side->count = 0;
	for (uint32_t i = 0; i < solver->modules.count; i++)
		if (!take_uses(solver, side, i))
			return false;
	if (!side->count || !find_pointers(solver, side))
		return false;
	name_others(solver, side);
	return true;
}

/* Is each thing of one list, by its other link, in the other one as well? */
static bool are_both_sides(const struct side *one, const struct side *two)
{
	int32_t shift = one->own - two->other; /* from a link in the one to that in the other */
	uint32_t met = 0;

	if (one->count != two->count || shift != one->other - two->own || !shift)
		return false;
	for (uint32_t i = 0; i < one->count; i++)
		for (uint32_t k = 0; k < two->count; k++)
			met += two->uses[k].link == one->uses[i].link + (uint64_t)(int64_t)shift &&
			       two->uses[k].module == one->uses[i].other &&
			       two->uses[k].other == one->uses[i].module;
	return met == one->count;
}

/* ---- who is the user ---- */

/* Those that are loaded later come first in the list of modules. 1: the other ones of @side were, all of
 * them; -1: none. */
static int order_of(const struct side *side)
{
	uint32_t later = 0;

	for (uint32_t i = 0; i < side->count; i++)
		later += side->uses[i].other < side->uses[i].module;
	return later == side->count ? 1 : later == 0 ? -1 : 0;
}

/* No module has more in the list than references to it. */
static bool has_references(const struct data_solver *solver, const struct side *side,
			   uint32_t references)
{
	for (uint32_t i = 0; i < solver->modules.count; i++) {
		int64_t count = (int32_t)data_u32(&solver->modules, i, references);

		count -= REFERENCE_BASE;
		for (uint32_t k = 0; k < side->count; k++)
			count -= side->uses[k].module == i;
		if (count < 0)
			return false;
	}
	return true;
}

/* Is @side the list of users of each module? Where nothing tells, or not all of it the same: no. */
static bool is_of_users(const struct data_solver *solver, const struct side *side,
			const struct side *opposite)
{
	uint32_t references = data_told_by_code(solver, "module", "refcnt");
	int order = order_of(side), counts = 0;

	if (references != DATA_UNKNOWN)
		counts = has_references(solver, side, references) -
			 has_references(solver, opposite, references);
	return order >= 0 && counts >= 0 && order + counts > 0;
}

/* ---- claims ---- */

/* Where the thing begins, from its link in @users: with its first member. DATA_UNKNOWN: there are others,
 * or it does not begin where such things are allocated. */
static uint32_t start_of(const struct data_solver *solver, const struct side *users,
			 const struct side *used)
{
	int32_t link = users->own - used->other, word = (int32_t)solver->word;
	int32_t first = 0, end = 2 * word;
	const int32_t members[][2] = {{link, 2}, {users->own, 1}, {users->other, 1}};

	for (unsigned i = 0; i < 3; i++) {
		first = members[i][0] < first ? members[i][0] : first;
		end = members[i][0] + members[i][1] * word > end
			      ? members[i][0] + members[i][1] * word
			      : end;
	}
	if (end - first != (int32_t)MEMBER_WORDS * word)
		return DATA_UNKNOWN;
	for (uint32_t i = 0; i < users->count; i++)
		if ((users->uses[i].link + (uint64_t)(int64_t)first) % (4 * solver->word))
			return DATA_UNKNOWN;
	return (uint32_t)-first;
}

static void claim_users(struct data_solver *solver, const struct side *users,
			const struct side *used)
{
	struct data_column column = {users->list, users->count, 0};
	uint32_t start = start_of(solver, users, used);

	data_claim(solver, DATA_RULE_module_uses, "module", "source_list", 2 * solver->word,
		   &column, solver->modules.at[users->uses[0].module]);
	if (start == DATA_UNKNOWN)
		return;
	column.offset = start;
	data_claim(solver, DATA_RULE_module_uses, "module_use", "source_list", 2 * solver->word,
		   &column, users->uses[0].link - start);
	column.offset = (uint32_t)((int32_t)start + users->other);
	data_claim(solver, DATA_RULE_module_uses, "module_use", "source", solver->word, &column,
		   users->uses[0].link - start);
}

void data_solve_module_uses(struct data_solver *solver)
{
	struct side *sides = calloc(SIDES_MAX + 1, sizeof(*sides));
	uint32_t count = 0;

	solver->no_memory |= !sides;
	for (uint32_t offset = 0;
	     sides && count <= SIDES_MAX && offset + 2 * solver->word <= solver->modules.size_bytes;
	     offset += solver->word)
		count += take_side(solver, offset, &sides[count]);
	if (count == 2 && are_both_sides(&sides[0], &sides[1])) {
		bool first = is_of_users(solver, &sides[0], &sides[1]);

		if (first != is_of_users(solver, &sides[1], &sides[0]))
			claim_users(solver, &sides[!first], &sides[first]);
	}
	free(sides);
}
