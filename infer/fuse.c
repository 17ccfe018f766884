/* SPDX-License-Identifier: MIT */
/*
 * Fusing: naive Bayes over classes of witnesses. A class gives its weight to every candidate that it
 * has for a field: where it cannot tell two apart, others must. Classes of one kind are not quite
 * independent, so that each further one adds half as much as the one before. A candidate's
 * confidence is its share against all rivals and against "something nobody thought of".
 */
#include "infer/fuse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 64
#define VOTES_MAX 512
#define ALONE_MAX 0.985    /* confidence of one class by itself */
#define UNTHOUGHT_NATS 0.7 /* the weight of "something else" */
#define LATER 0.5          /* what a further class of a kind adds, compared with the one before */
#define HUNDREDTHS 100.0

static const char *const kind_names[INFER_KIND_COUNT] = {"btf", "vmcoreinfo", "code", "data",
							 "prior"};

static const struct {
	const char *kind, *class_name, *field;
	int32_t weight;
} weights[] = {
#define GAP_WEIGHT(kind, class_name, field, weight) {kind, class_name, field, weight},
#include "infer/weights.def"
};

#define WEIGHT_COUNT (sizeof(weights) / sizeof(weights[0]))

/* The counted weight of a class for a field, else for all fields, else of its kind; else what the
 * claim itself says. */
static int32_t weight_of(const struct infer_claim *claim, const char *class_name, const char *field)
{
	int32_t weight = claim->weight;
	int precision = -1;

	for (size_t i = 0; i < WEIGHT_COUNT; i++) {
		int row = (*weights[i].class_name != 0) + (*weights[i].field != 0);

		if (row <= precision || strcmp(weights[i].kind, kind_names[claim->kind]) != 0 ||
		    (*weights[i].class_name && strcmp(weights[i].class_name, class_name) != 0) ||
		    (*weights[i].field && strcmp(weights[i].field, field) != 0))
			continue;
		precision = row;
		weight = weights[i].weight;
	}
	return weight;
}

int32_t infer_fuse_weight(const struct infer_fields *fields, const struct infer_claims *claims,
			  const struct infer_claim *claim)
{
	return weight_of(claim, infer_claims_class_name(claims, claim->class_id),
			 fields->rows[claim->field].line);
}

struct candidate {
	bool absent;
	uint32_t offset_bits, width_bits;
	uint8_t name_index;
	bool named;
	double nats;
	uint32_t classes;
	int32_t strongest; /* weight of the claim that told name and width */
};

struct vote {
	uint32_t class_id, candidate;
	enum infer_kind kind;
	int32_t weight;
};

struct ballot {
	struct candidate candidates[CANDIDATES_MAX];
	struct vote votes[VOTES_MAX];
	uint32_t count, vote_count;
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

/* Who knows the name knows the width that goes with it as well. */
static void describe(struct candidate *candidate, const struct infer_claim *claim, int32_t weight)
{
	if (claim->named) {
		candidate->named = true;
		candidate->name_index = claim->name_index;
		candidate->width_bits = claim->width_bits;
	}
	if (candidate->named)
		return;
	if (claim->width_bits && !candidate->width_bits)
		candidate->width_bits = claim->width_bits;
	/* The first name is also what those say who cannot tell. */
	if (claim->name_index)
		candidate->name_index = claim->name_index;
	if (weight > candidate->strongest) {
		candidate->strongest = weight;
		if (claim->width_bits)
			candidate->width_bits = claim->width_bits;
	}
}

/* A class has one vote for each of its candidates, however often it says so. */
static void vote(struct ballot *ballot, const struct infer_claim *claim, int32_t weight)
{
	uint32_t candidate = candidate_of(ballot, claim);

	if (candidate == UINT32_MAX)
		return;
	describe(&ballot->candidates[candidate], claim, weight);
	for (uint32_t i = 0; i < ballot->vote_count; i++)
		if (ballot->votes[i].class_id == claim->class_id &&
		    ballot->votes[i].candidate == candidate)
			return;
	if (ballot->vote_count < VOTES_MAX)
		ballot->votes[ballot->vote_count++] =
			(struct vote){claim->class_id, candidate, claim->kind, weight};
}

static int compare_votes(const void *one, const void *two)
{
	const struct vote *a = one, *b = two;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->class_id < b->class_id ? -1 : a->class_id > b->class_id;
}

/* The heaviest first, so that the others of its kind are the ones that count less. */
static void count_votes(struct ballot *ballot)
{
	double later[CANDIDATES_MAX][INFER_KIND_COUNT];

	for (uint32_t i = 0; i < CANDIDATES_MAX; i++)
		for (int kind = 0; kind < INFER_KIND_COUNT; kind++)
			later[i][kind] = 1;
	qsort(ballot->votes, ballot->vote_count, sizeof(struct vote), compare_votes);
	for (uint32_t i = 0; i < ballot->vote_count; i++) {
		const struct vote *row = &ballot->votes[i];

		ballot->candidates[row->candidate].nats +=
			row->weight / HUNDREDTHS * later[row->candidate][row->kind];
		ballot->candidates[row->candidate].classes++;
		later[row->candidate][row->kind] *= LATER;
	}
}

/* How many classes have candidates but not this one. */
static uint32_t conflicts_with(const struct ballot *ballot, uint32_t candidate)
{
	uint32_t conflicts = 0;

	for (uint32_t i = 0; i < ballot->vote_count; i++) {
		bool first = true, agrees = false;

		for (uint32_t j = 0; j < ballot->vote_count; j++) {
			if (ballot->votes[j].class_id != ballot->votes[i].class_id)
				continue;
			first &= j >= i;
			agrees |= ballot->votes[j].candidate == candidate;
		}
		conflicts += first && !agrees;
	}
	return conflicts;
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

static const char *why_not(const struct infer_verdict *verdict)
{
	if (verdict->conflicts)
		return "witnesses disagree";
	return verdict->has_runner_up ? "two candidates are as likely" : "too little evidence";
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
	verdict->named = winner->named;
	verdict->offset_bits = winner->offset_bits;
	verdict->width_bits = winner->width_bits;
	verdict->classes = winner->classes;
	verdict->conflicts = conflicts_with(ballot, best);
	verdict->confidence = share(ballot, best);
	if (winner->classes < 2 && verdict->confidence > ALONE_MAX)
		verdict->confidence = ALONE_MAX;
	if (second != UINT32_MAX) {
		verdict->has_runner_up = true;
		verdict->runner_up_absent = ballot->candidates[second].absent;
		verdict->runner_up_bits = ballot->candidates[second].offset_bits;
	}
	if (verdict->confidence < min_confidence)
		verdict->why = why_not(verdict);
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
			vote(&ballots[claim->field], claim,
			     infer_fuse_weight(fields, claims, claim));
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
