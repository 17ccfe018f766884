/* SPDX-License-Identifier: MIT */
/*
 * Fusing: naive Bayes over classes of witnesses. Each class votes once, for the candidate for which
 * it has the most weight; a candidate's weights add up, and its confidence is its share against all
 * rivals and against "something nobody thought of". docs/inference.md tells where weights are from.
 */
#include "infer/fuse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 64
#define CLASSES_MAX 256
#define ALONE_MAX 0.985    /* confidence of one class by itself */
#define UNTHOUGHT_NATS 0.7 /* the weight of "something else" */
#define HUNDREDTHS 100.0

struct candidate {
	bool absent;
	uint32_t offset_bits, width_bits;
	uint8_t name_index;
	double nats;
	uint32_t classes;
	int32_t strongest; /* weight of the claim that told name and width */
};

struct ballot {
	struct candidate candidates[CANDIDATES_MAX];
	uint32_t count;
	/* The vote of each class. */
	struct {
		uint32_t class_id, candidate;
		int32_t weight;
	} votes[CLASSES_MAX];
	uint32_t vote_count;
};

/* ---- one field ---- */

static uint32_t candidate_of(struct ballot *ballot, const struct infer_claim *claim)
{
	struct candidate *row;

	for (uint32_t i = 0; i < ballot->count; i++) {
		row = &ballot->candidates[i];
		if (row->absent == claim->absent &&
		    (claim->absent || row->offset_bits == claim->offset_bits))
			return i;
	}
	if (ballot->count == CANDIDATES_MAX)
		return UINT32_MAX;
	row = &ballot->candidates[ballot->count];
	*row = (struct candidate){
		.absent = claim->absent, .offset_bits = claim->offset_bits, .strongest = INT32_MIN};
	return ballot->count++;
}

static void describe(struct candidate *candidate, const struct infer_claim *claim)
{
	if (claim->width_bits && !candidate->width_bits)
		candidate->width_bits = claim->width_bits;
	if (claim->weight > candidate->strongest) {
		candidate->strongest = claim->weight;
		candidate->name_index = claim->name_index;
		if (claim->width_bits)
			candidate->width_bits = claim->width_bits;
	}
}

static void vote(struct ballot *ballot, const struct infer_claim *claim)
{
	uint32_t candidate = candidate_of(ballot, claim), i = 0;

	if (candidate == UINT32_MAX)
		return;
	describe(&ballot->candidates[candidate], claim);
	while (i < ballot->vote_count && ballot->votes[i].class_id != claim->class_id)
		i++;
	if (i == CLASSES_MAX)
		return;
	if (i == ballot->vote_count) {
		ballot->vote_count++;
		ballot->votes[i].weight = INT32_MIN;
		ballot->votes[i].class_id = claim->class_id;
	}
	if (claim->weight > ballot->votes[i].weight) {
		ballot->votes[i].weight = claim->weight;
		ballot->votes[i].candidate = candidate;
	}
}

static void count_votes(struct ballot *ballot)
{
	for (uint32_t i = 0; i < ballot->vote_count; i++) {
		struct candidate *candidate = &ballot->candidates[ballot->votes[i].candidate];

		candidate->nats += ballot->votes[i].weight / HUNDREDTHS;
		candidate->classes++;
	}
}

/* The two best; UINT32_MAX where there is none. */
static void rank(const struct ballot *ballot, uint32_t *best, uint32_t *second)
{
	*best = *second = UINT32_MAX;
	for (uint32_t i = 0; i < ballot->count; i++) {
		if (*best == UINT32_MAX ||
		    ballot->candidates[i].nats > ballot->candidates[*best].nats) {
			*second = *best;
			*best = i;
		} else if (*second == UINT32_MAX ||
			   ballot->candidates[i].nats > ballot->candidates[*second].nats) {
			*second = i;
		}
	}
}

static double share(const struct ballot *ballot, uint32_t best)
{
	double top = ballot->candidates[best].nats;
	double total = 1 + exp(UNTHOUGHT_NATS - top);

	for (uint32_t i = 0; i < ballot->count; i++)
		if (i != best)
			total += exp(ballot->candidates[i].nats - top);
	return 1 / total;
}

static void decide(const struct ballot *ballot, double min_confidence,
		   struct infer_verdict *verdict)
{
	const struct candidate *winner;
	uint32_t best, second;

	rank(ballot, &best, &second);
	if (best == UINT32_MAX) {
		verdict->why = "no evidence";
		return;
	}
	winner = &ballot->candidates[best];
	verdict->has_best = true;
	verdict->best_absent = winner->absent;
	verdict->name_index = winner->name_index;
	verdict->offset_bits = winner->offset_bits;
	verdict->width_bits = winner->width_bits;
	verdict->classes = winner->classes;
	verdict->conflicts = ballot->vote_count - winner->classes;
	verdict->confidence = share(ballot, best);
	if (winner->classes < 2 && verdict->confidence > ALONE_MAX)
		verdict->confidence = ALONE_MAX;
	if (second != UINT32_MAX) {
		verdict->has_runner_up = true;
		verdict->runner_up_absent = ballot->candidates[second].absent;
		verdict->runner_up_bits = ballot->candidates[second].offset_bits;
	}
	if (verdict->confidence < min_confidence)
		verdict->why = verdict->conflicts ? "witnesses disagree" : "too little evidence";
	else
		verdict->answer = winner->absent ? INFER_ABSENT : INFER_CLAIMED;
}

/* ---- between fields ---- */

static void withdraw(struct infer_verdict *verdict, const char *why)
{
	verdict->answer = INFER_ABSTAINED;
	verdict->why = why;
}

/* Is one name the beginning of the other's path? */
static bool is_inside(const char *one, const char *other)
{
	size_t length = strlen(one), longer = strlen(other);

	if (length > longer)
		return is_inside(other, one);
	return strncmp(one, other, length) == 0 && (other[length] == '.' || !other[length]);
}

static bool are_nested(const struct infer_fields *fields, const struct infer_verdict *verdicts,
		       uint32_t one, uint32_t other)
{
	return is_inside(fields->rows[one].names[verdicts[one].name_index],
			 fields->rows[other].names[verdicts[other].name_index]);
}

/* Two members of one structure do not share bytes; where they do, the less certain is withdrawn. */
static void refuse_overlap(const struct infer_fields *fields, struct infer_verdict *verdicts,
			   uint32_t one, uint32_t other)
{
	struct infer_verdict *a = &verdicts[one], *b = &verdicts[other];
	uint32_t a_bits = a->width_bits ? a->width_bits : 8;
	uint32_t b_bits = b->width_bits ? b->width_bits : 8;

	if (a->answer != INFER_CLAIMED || b->answer != INFER_CLAIMED ||
	    strcmp(fields->rows[one].type, fields->rows[other].type) != 0 ||
	    a->offset_bits >= b->offset_bits + b_bits ||
	    b->offset_bits >= a->offset_bits + a_bits || are_nested(fields, verdicts, one, other))
		return;
	if (a->confidence == b->confidence) {
		withdraw(a, "it overlaps another field that is as likely");
		withdraw(b, "it overlaps another field that is as likely");
	} else {
		withdraw(a->confidence < b->confidence ? a : b, "it overlaps a likelier field");
	}
}

enum gap_status infer_fuse(const struct infer_fields *fields, const struct infer_claims *claims,
			   double min_confidence, struct infer_verdict *verdicts)
{
	struct ballot *ballots = calloc(fields->count ? fields->count : 1, sizeof(*ballots));

	if (!ballots)
		return GAP_NO_MEMORY;
	for (uint32_t i = 0; i < infer_claims_count(claims); i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);

		if (claim->field < fields->count)
			vote(&ballots[claim->field], claim);
	}
	for (uint32_t i = 0; i < fields->count; i++) {
		verdicts[i] = (struct infer_verdict){0};
		count_votes(&ballots[i]);
		decide(&ballots[i], min_confidence, &verdicts[i]);
	}
	for (uint32_t i = 0; i < fields->count; i++)
		for (uint32_t j = i + 1; j < fields->count; j++)
			refuse_overlap(fields, verdicts, i, j);
	free(ballots);
	return GAP_OK;
}
