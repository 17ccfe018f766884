/* SPDX-License-Identifier: MIT */
/* A near kernel's profile as evidence: it speaks of what lies between neighbours that moved alike, and of nothing where the
 * order is not its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/prior.h"
#include "tests/support/making.h"

#define FIELDS 10u
#define ASKED UINT32_MAX /* not known here */
#define NO_CLAIM UINT32_MAX

/* Eight members of eight bytes, one of another structure, and one that the prior does not have. */
static const char list[] = "s.a\ns.b|old_b\ns.c\ns.d\ns.e\ns.f\ns.g\ns.h\nother.x\ns.unknown\n";

/* Bytes of the prior's members a to h; 4-byte pointers or a bit-field if so wished. */
struct plan {
	uint32_t offsets[8];
	uint8_t pointer_bytes;
	uint32_t bits_of_d; /* d is a bit-field of so many */
	const char *b;      /* its name */
	const char *release;
};

static const uint32_t in_steps_of_8[8] = {0, 8, 16, 24, 32, 40, 48, 56};

static struct frozen make_prior(const struct plan *plan)
{
	struct gap_builder *builder = make_builder();
	gap_type_id word = make_int(builder, "unsigned long", 8);
	const char *names[8] = {"a", plan->b ? plan->b : "b", "c", "d", "e", "f", "g", "h"};
	struct make_member members[9] = {[8] = {.type = GAP_NONE}};

	gap_builder_target_set(
		builder, &(struct gap_build_target){
				 .machine = 62,
				 .pointer_bytes = plan->pointer_bytes ? plan->pointer_bytes : 8,
				 .release = plan->release ? plan->release : "6.1.0"});
	for (unsigned i = 0; i < 8; i++)
		members[i] = (struct make_member){.name = names[i],
						  .type = word,
						  .offset_bits = UINT64_C(8) * plan->offsets[i],
						  .width_bits = i == 3 ? plan->bits_of_d : 0};
	make_struct(builder, "s", 512, members);
	make_struct(builder, "other", 8, MAKE_MEMBERS({.name = "x", .type = word}));
	return freeze(builder, 0);
}

static void know(struct infer_verdict verdicts[FIELDS], const uint32_t here[8])
{
	memset(verdicts, 0, FIELDS * sizeof(*verdicts));
	for (unsigned i = 0; i < 8; i++)
		if (here[i] != ASKED)
			verdicts[i] = (struct infer_verdict){.answer = INFER_CLAIMED,
							     .confidence = 0.99,
							     .offset_bits = 8 * here[i]};
}

struct asked {
	struct infer_fields fields;
	struct infer_claims *claims;
};

static void asked_init(struct asked *asked)
{
	assert_int_equal(infer_fields_parse(&asked->fields, list, sizeof(list) - 1, "list", NULL),
			 GAP_OK);
	assert_int_equal(asked->fields.count, FIELDS);
	assert_int_equal(infer_claims_create(&asked->claims), GAP_OK);
}

static void asked_deinit(struct asked *asked)
{
	infer_claims_destroy(asked->claims);
	infer_fields_deinit(&asked->fields);
}

static void ask(struct asked *asked, const struct plan *plan,
		const struct infer_verdict verdicts[FIELDS])
{
	struct frozen prior = make_prior(plan);

	assert_int_equal(
		infer_prior_claims(prior.profile, 8, &asked->fields, verdicts, asked->claims),
		GAP_OK);
	frozen_deinit(&prior);
}

/* Where the field is claimed in bytes; more than one claim fails. */
static uint32_t claimed_at(const struct asked *asked, uint32_t field)
{
	uint32_t at = NO_CLAIM;

	for (uint32_t i = 0; i < infer_claims_count(asked->claims); i++) {
		const struct infer_claim *claim = infer_claims_at(asked->claims, i);

		if (claim->field != field)
			continue;
		assert_int_equal(at, NO_CLAIM);
		assert_false(claim->absent);
		assert_int_equal(claim->kind, INFER_PRIOR);
		at = claim->offset_bits / 8;
	}
	return at;
}

static void neighbours_tell_where_a_member_is(void **state)
{
	static const struct {
		const char *what;
		struct plan prior;
		uint32_t here[8], expected[8];
	} cases[] = {
#define A ASKED
#define N NO_CLAIM
		{"nothing moved",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {0, 8, 16, A, 32, A, 48, 56},
		 {N, N, N, 24, N, 40, N, N}},
		{"all moved alike, and two of one gap are asked for",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {64, 72, 80, A, A, 104, 112, 120},
		 {N, N, N, 88, 96, N, N, N}},
		{"moved back",
		 {{100, 108, 116, 124, 132, 140, 148, 156}, 0, 0, NULL, NULL},
		 {0, 8, 16, A, 32, 40, 48, 56},
		 {N, N, N, 24, N, N, N, N}},
		{"something came in on one side: the other side's is told alone",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {0, A, 16, A, 40, A, 56, 64},
		 {N, 8, N, N, N, 48, N, N}},
		{"before the first and behind the last there is no neighbour",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {A, 8, 16, 24, 32, 40, 48, A},
		 {N, N, N, N, N, N, N, N}},
		{"one is not in the prior's order: randomised",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {0, 8, 16, A, 32, 40, 56, 48},
		 {N, N, N, N, N, N, N, N}},
		{"the prior is of a randomised kernel",
		 {{24, 8, 48, 16, 0, 56, 32, 40}, 0, 0, NULL, NULL},
		 {0, 8, 16, A, 32, 40, 48, 56},
		 {N, N, N, N, N, N, N, N}},
		{"three known members are too few to tell an order by",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {0, A, 16, A, 32, A, A, A},
		 {N, N, N, N, N, N, N, N}},
		{"four are enough",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {0, A, 16, A, 32, A, 48, A},
		 {N, 8, N, 24, N, 40, N, N}},
		{"a bit-field has no byte of its own",
		 {{0, 8, 16, 24, 32, 40, 48, 56}, 0, 3, NULL, NULL},
		 {0, A, 16, A, 32, 40, 48, 56},
		 {N, 8, N, N, N, N, N, N}},
		{"in one place there as one that is known here: a union, of which nothing is said",
		 {{0, 8, 16, 16, 32, 40, 48, 56}, 0, 0, NULL, NULL},
		 {0, A, 16, A, 32, 40, 48, 56},
		 {N, 8, N, N, N, N, N, N}},
#undef A
#undef N
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct infer_verdict verdicts[FIELDS];
		struct asked asked;

		asked_init(&asked);
		know(verdicts, cases[i].here);
		ask(&asked, &cases[i].prior, verdicts);
		for (uint32_t field = 0; field < 8; field++)
			if (claimed_at(&asked, field) != cases[i].expected[field])
				fail_msg("%s: member %c is claimed at %d, not %d", cases[i].what,
					 (char)('a' + field), (int)claimed_at(&asked, field),
					 (int)cases[i].expected[field]);
		assert_int_equal(claimed_at(&asked, 8), NO_CLAIM);
		assert_int_equal(claimed_at(&asked, 9), NO_CLAIM);
		asked_deinit(&asked);
	}
}

static struct plan plain(void)
{
	struct plan plan = {.b = NULL};

	memcpy(plan.offsets, in_steps_of_8, sizeof(plan.offsets));
	return plan;
}

static const uint32_t all_but_b[8] = {0, ASKED, 16, 24, 32, 40, 48, 56};

static void only_sure_answers_are_neighbours(void **state)
{
	struct infer_verdict verdicts[FIELDS];
	struct plan plan = plain();

	(void)state;
	for (int unsure = 0; unsure < 3; unsure++) {
		struct asked asked;

		asked_init(&asked);
		know(verdicts, (const uint32_t[8]){0, ASKED, 16, 24, 32, ASKED, ASKED, ASKED});
		if (unsure == 1)
			verdicts[3].confidence = 0.94;
		if (unsure == 2)
			verdicts[3].answer = INFER_ABSENT;
		ask(&asked, &plan, verdicts);
		assert_int_equal(claimed_at(&asked, 1), unsure ? NO_CLAIM : 8);
		asked_deinit(&asked);
	}
}

static void what_is_decided_is_left(void **state)
{
	struct infer_verdict verdicts[FIELDS];
	struct plan plan = plain();
	struct asked asked;

	(void)state;
	asked_init(&asked);
	know(verdicts, all_but_b);
	verdicts[1].answer = INFER_ABSENT;
	ask(&asked, &plan, verdicts);
	assert_int_equal(infer_claims_count(asked.claims), 0);
	asked_deinit(&asked);
}

static void the_name_that_the_prior_has_is_told(void **state)
{
	struct infer_verdict verdicts[FIELDS];
	struct plan plan = plain();
	const struct infer_claim *claim;
	struct asked asked;

	(void)state;
	plan.b = "old_b";
	asked_init(&asked);
	know(verdicts, all_but_b);
	ask(&asked, &plan, verdicts);
	assert_int_equal(claimed_at(&asked, 1), 8);
	claim = infer_claims_at(asked.claims, 0);
	assert_int_equal(claim->name_index, 1);
	assert_int_equal(claim->width_bits, 64);
	assert_int_equal(claim->support, 7);
	assert_string_equal(infer_claims_class_name(asked.claims, claim->class_id), "prior:6.1.0");
	asked_deinit(&asked);
}

/* Other widths of pointers: distances say nothing, even where they happen to be the same. */
static void another_width_of_pointers_is_no_near_kernel(void **state)
{
	struct infer_verdict verdicts[FIELDS];
	struct plan plan = plain();
	struct frozen prior;
	struct asked asked;

	(void)state;
	plan.pointer_bytes = 4;
	asked_init(&asked);
	know(verdicts, all_but_b);
	prior = make_prior(&plan);
	assert_int_equal(
		infer_prior_claims(prior.profile, 8, &asked.fields, verdicts, asked.claims),
		GAP_MISMATCH);
	assert_int_equal(infer_claims_count(asked.claims), 0);
	assert_int_equal(
		infer_prior_claims(prior.profile, 4, &asked.fields, verdicts, asked.claims),
		GAP_OK);
	assert_int_equal(claimed_at(&asked, 1), 8);
	frozen_deinit(&prior);
	asked_deinit(&asked);
}

static double confidence_in_b(const struct asked *asked, bool *claimed)
{
	struct infer_verdict fused[FIELDS];

	assert_int_equal(infer_fuse(&asked->fields, asked->claims, 0.9, fused), GAP_OK);
	*claimed = fused[1].answer == INFER_CLAIMED && fused[1].offset_bits == 64;
	return fused[1].confidence;
}

/* One prior is enough to claim and never to be sure; the same one twice is no more than once; two
 * kernels that disagree are none. */
static void priors_are_soft_evidence(void **state)
{
	struct infer_verdict verdicts[FIELDS];
	struct plan plan = plain(), other = plain();
	struct asked asked;
	double once;
	bool claimed;

	(void)state;
	asked_init(&asked);
	know(verdicts, all_but_b);
	ask(&asked, &plan, verdicts);
	once = confidence_in_b(&asked, &claimed);
	assert_true(claimed && once < 0.95);
	ask(&asked, &plan, verdicts);
	assert_true(confidence_in_b(&asked, &claimed) == once);
	other.release = "6.2.0";
	ask(&asked, &other, verdicts);
	assert_true(confidence_in_b(&asked, &claimed) > once && claimed);
	asked_deinit(&asked);

	asked_init(&asked);
	ask(&asked, &plan, verdicts);
	other.offsets[1] = 12;
	ask(&asked, &other, verdicts);
	confidence_in_b(&asked, &claimed);
	assert_false(claimed);
	asked_deinit(&asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_tell_where_a_member_is),
		cmocka_unit_test(only_sure_answers_are_neighbours),
		cmocka_unit_test(what_is_decided_is_left),
		cmocka_unit_test(the_name_that_the_prior_has_is_told),
		cmocka_unit_test(another_width_of_pointers_is_no_near_kernel),
		cmocka_unit_test(priors_are_soft_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
