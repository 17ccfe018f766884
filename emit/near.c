/* SPDX-License-Identifier: MIT */
/* Names that somebody may have meant: those a few letters away, and those with the same words. */
#include <stdio.h>
#include <string.h>

#include "emit/walk.h"
#include "emit/wants.h"

#define NAME_BYTES_MAX 64 /* longer names are not compared */
#define NEAR_COUNT 3

struct nearest {
	const char *name;
	unsigned count;
	struct {
		const char *name;
		unsigned distance;
	} best[NEAR_COUNT];
};

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

/* Letters to change, add or take away. */
static unsigned distance_of(const char *a, const char *b)
{
	unsigned row[NAME_BYTES_MAX + 1], length = (unsigned)strlen(b);

	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= length; j++) {
			unsigned above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[length];
}

/* One name within the other ("state" in "__state") is near however long the rest is. */
static bool is_near(const char *wanted, const char *name, unsigned *distance)
{
	size_t length = strlen(wanted), other = strlen(name), most = length / 3 + 1;
	size_t apart = length > other ? length - other : other - length;

	if (length > NAME_BYTES_MAX || other > NAME_BYTES_MAX || length < 2 || other < 2)
		return false;
	if (length > 3 && other > 3 && (strstr(name, wanted) || strstr(wanted, name))) {
		*distance = 1 + (unsigned)apart / 4;
		return apart <= 8;
	}
	if (apart > most)
		return false;
	*distance = distance_of(wanted, name);
	return *distance <= most;
}

static void consider(struct nearest *nearest, const char *name)
{
	unsigned distance, at;

	if (!*name || !is_near(nearest->name, name, &distance))
		return;
	for (at = 0; at < nearest->count; at++)
		if (strcmp(nearest->best[at].name, name) == 0)
			return;
	for (at = nearest->count; at > 0 && nearest->best[at - 1].distance > distance; at--)
		if (at < NEAR_COUNT)
			nearest->best[at] = nearest->best[at - 1];
	if (at == NEAR_COUNT)
		return;
	nearest->best[at].name = name;
	nearest->best[at].distance = distance;
	nearest->count += nearest->count < NEAR_COUNT;
}

static void write_nearest(const struct nearest *nearest, char near[GAP_NEAR_BYTES])
{
	size_t used = 0;

	near[0] = '\0';
	for (unsigned i = 0; i < nearest->count; i++)
		used += (size_t)snprintf(near + used, GAP_NEAR_BYTES - used, "%s%s", i ? ", " : "",
					 nearest->best[i].name);
}

static bool consider_member(void *context, const struct gap_seen_member *seen)
{
	consider(context, seen->member.name);
	return true;
}

void gap_near_members(const struct gap_profile *profile, gap_type_id aggregate, const char *name,
		      char near[GAP_NEAR_BYTES])
{
	struct nearest nearest = {.name = name};

	gap_members_each(profile, aggregate, consider_member, &nearest);
	write_nearest(&nearest, near);
}

static const char *name_at(const struct gap_profile *profile, enum gap_table table, uint32_t row)
{
	struct gap_type type;
	struct gap_symbol symbol;
	struct gap_enumerator enumerator;

	if (table == GAP_TABLE_TYPES && gap_profile_type(profile, row, &type))
		return type.name;
	if (table == GAP_TABLE_SYMBOLS && gap_profile_symbol(profile, row, &symbol))
		return symbol.name;
	if (table == GAP_TABLE_ENUMERATORS && gap_profile_enumerator(profile, row, &enumerator))
		return enumerator.name;
	return "";
}

void gap_near_names(const struct gap_profile *profile, enum gap_table table, const char *name,
		    char near[GAP_NEAR_BYTES])
{
	struct nearest nearest = {.name = name};
	uint32_t count = gap_profile_count(profile, table);

	for (uint32_t row = 0; row < count; row++)
		consider(&nearest, name_at(profile, table, row));
	write_nearest(&nearest, near);
}
