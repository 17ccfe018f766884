/* SPDX-License-Identifier: MIT */
/*
 * Claims from a near kernel. A structure whose known members are not in the prior's order was
 * randomised, or has changed: nothing is said of it. Else a member is claimed where its nearest
 * known neighbours on both sides have moved by the same distance.
 */
#include "infer/prior.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_MIN 4      /* members of a structure, to tell its order by */
#define SURE 0.95        /* of these */
#define PRIOR_WEIGHT 300 /* alone just enough to be claimed: soft evidence */

struct known {
	uint64_t prior_bits;
	uint32_t here_bits;
};

struct structure {
	const struct gap_profile *prior;
	gap_type_id type;
	struct known *known; /* by the prior's order */
	uint32_t count;
};

static bool prior_place(const struct structure *structure, const struct infer_field *field,
			struct gap_location *location, unsigned *name)
{
	for (*name = 0; *name < field->name_count; (*name)++)
		if (!gap_profile_find_member(structure->prior, structure->type, field->names[*name],
					     location, NULL))
			return true;
	return false;
}

static int compare_known(const void *one, const void *two)
{
	const struct known *a = one, *b = two;

	if (a->prior_bits != b->prior_bits)
		return a->prior_bits < b->prior_bits ? -1 : 1;
	return a->here_bits < b->here_bits ? -1 : a->here_bits > b->here_bits;
}

static void collect(struct structure *structure, const struct infer_fields *fields,
		    const struct infer_verdict *verdicts, const char *type)
{
	for (uint32_t i = 0; i < fields->count; i++) {
		struct gap_location location;
		unsigned name;

		if (strcmp(fields->rows[i].type, type) == 0 &&
		    verdicts[i].answer == INFER_CLAIMED && verdicts[i].confidence >= SURE &&
		    prior_place(structure, &fields->rows[i], &location, &name))
			structure->known[structure->count++] =
				(struct known){location.offset_bits, verdicts[i].offset_bits};
	}
	if (structure->count)
		qsort(structure->known, structure->count, sizeof(*structure->known), compare_known);
}

static bool is_in_order(const struct structure *structure)
{
	for (uint32_t i = 1; i < structure->count; i++)
		if (structure->known[i].here_bits < structure->known[i - 1].here_bits)
			return false;
	return structure->count >= KNOWN_MIN;
}

/* How far the neighbours on both sides have moved; false when they disagree or there are none. */
static bool moved_by(const struct structure *structure, uint64_t prior_bits, int64_t *bits)
{
	for (uint32_t i = 1; i < structure->count; i++) {
		const struct known *below = &structure->known[i - 1], *above = &structure->known[i];

		if (below->prior_bits < prior_bits && prior_bits < above->prior_bits) {
			*bits = (int64_t)below->here_bits - (int64_t)below->prior_bits;
			return *bits == (int64_t)above->here_bits - (int64_t)above->prior_bits;
		}
	}
	return false;
}

static void claim_field(const struct structure *structure, const struct infer_fields *fields,
			uint32_t index, struct infer_claims *claims)
{
	struct infer_claim claim = {.field = index,
				    .kind = INFER_PRIOR,
				    .weight = PRIOR_WEIGHT,
				    .support = structure->count,
				    .witness = "between the same neighbours as in the prior, which "
					       "have both moved by the same distance"};
	struct gap_location location;
	struct gap_target target;
	char name[160];
	unsigned name_index;
	int64_t moved;

	if (!prior_place(structure, &fields->rows[index], &location, &name_index) ||
	    location.width_bits || !moved_by(structure, location.offset_bits, &moved))
		return;
	gap_profile_target(structure->prior, &target);
	snprintf(name, sizeof(name), "prior:%s", target.release ? target.release : "");
	claim.class_id = infer_claims_class(claims, name);
	claim.name_index = (uint8_t)name_index;
	claim.offset_bits = (uint32_t)((int64_t)location.offset_bits + moved);
	claim.width_bits = (uint32_t)location.size_bytes * 8;
	infer_claims_add(claims, &claim);
}

static void claim_type(struct structure *structure, const struct infer_fields *fields,
		       const struct infer_verdict *verdicts, struct infer_claims *claims,
		       const char *type)
{
	structure->count = 0;
	if (gap_profile_find_type(structure->prior, type, &structure->type, NULL))
		return;
	collect(structure, fields, verdicts, type);
	if (!is_in_order(structure))
		return;
	for (uint32_t i = 0; i < fields->count; i++)
		if (strcmp(fields->rows[i].type, type) == 0 &&
		    verdicts[i].answer == INFER_ABSTAINED)
			claim_field(structure, fields, i, claims);
}

enum gap_status infer_prior_claims(const struct gap_profile *prior, uint8_t pointer_bytes,
				   const struct infer_fields *fields,
				   const struct infer_verdict *verdicts,
				   struct infer_claims *claims)
{
	struct structure structure = {.prior = prior};
	struct gap_target target;

	gap_profile_target(prior, &target);
	if (target.pointer_bytes && target.pointer_bytes != pointer_bytes)
		return GAP_MISMATCH;
	structure.known = calloc(fields->count + 1, sizeof(struct known));
	if (!structure.known)
		return GAP_NO_MEMORY;
	for (uint32_t i = 0; i < fields->count; i++) {
		bool seen = false;

		for (uint32_t j = 0; j < i && !seen; j++)
			seen = strcmp(fields->rows[j].type, fields->rows[i].type) == 0;
		if (!seen)
			claim_type(&structure, fields, verdicts, claims, fields->rows[i].type);
	}
	free(structure.known);
	return infer_claims_status(claims);
}
