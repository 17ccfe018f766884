/* SPDX-License-Identifier: MIT */
/* Weighing claims: votes, doubt, absence, overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/fuse.h"

#define FIELDS 4 /* of the list below */

static const char list[] =
	"task_struct.pid\ntask_struct.tgid\ntask_struct.pids\ntask_struct.pids.x\n";

struct case_claim {
	uint32_t field, offset_bits, width_bits;
	int32_t weight;
	const char *class_name;
	bool absent;
	uint64_t at; /* of code */
};

static void fuse(const struct case_claim *cases, size_t count, struct infer_verdict *verdicts)
{
	struct infer_fields fields;
	struct infer_claims *claims;

	assert_int_equal(infer_fields_parse(&fields, list, sizeof(list) - 1, "list", NULL), GAP_OK);
	assert_int_equal(fields.count, FIELDS);
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	for (size_t i = 0; i < count; i++) {
		struct infer_claim claim = {
			.field = cases[i].field,
			.kind = cases[i].at                                     ? INFER_CODE
				: strncmp(cases[i].class_name, "code:", 5) == 0 ? INFER_PRIOR
										: INFER_BTF,
			.offset_bits = cases[i].offset_bits,
			.width_bits = cases[i].width_bits,
			.weight = cases[i].weight,
			.absent = cases[i].absent,
			.at = cases[i].at,
			.class_id = infer_claims_class(claims, cases[i].class_name)};

		infer_claims_add(claims, &claim);
	}
	assert_int_equal(infer_fuse(&fields, claims, 0.9, verdicts), GAP_OK);
	infer_claims_destroy(claims);
	infer_fields_deinit(&fields);
}

#define FUSE(cases, verdicts) fuse(cases, sizeof(cases) / sizeof(cases[0]), verdicts)

static void no_evidence_is_no_answer(void **state)
{
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	fuse(NULL, 0, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_ABSTAINED);
	assert_string_equal(verdicts[0].why, "no evidence");
}

/* Who knows the name is not overruled by those who only saw a width, whoever speaks first. */
static void a_name_that_was_told_stays(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct infer_verdict verdicts[FIELDS];
		struct infer_fields fields;
		struct infer_claims *claims;

		assert_int_equal(infer_fields_parse(&fields, list, sizeof(list) - 1, "list", NULL),
				 GAP_OK);
		assert_int_equal(infer_claims_create(&claims), GAP_OK);
		for (int i = 0; i < 2; i++) {
			bool named = i == first;
			struct infer_claim claim = {
				.kind = INFER_DATA,
				.offset_bits = 800,
				.weight = named ? 100 : 500,
				.named = named,
				.name_index = 0,
				.width_bits = named ? 0 : 64,
				.class_id = infer_claims_class(claims, named ? "a" : "b")};

			infer_claims_add(claims, &claim);
		}
		assert_int_equal(infer_fuse(&fields, claims, 0.5, verdicts), GAP_OK);
		assert_true(verdicts[0].named);
		assert_int_equal(verdicts[0].name_index, 0);
		assert_int_equal(verdicts[0].width_bits, 0);
		infer_claims_destroy(claims);
		infer_fields_deinit(&fields);
	}
}

static void one_class_is_never_sure(void **state)
{
	static const struct case_claim cases[] = {
		{0, 800, 32, 3000, "code:a", false, 0},
		{0, 800, 32, 3000, "code:a", false, 0},
		{0, 800, 32, 3000, "code:a", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_CLAIMED);
	assert_int_equal(verdicts[0].classes, 1);
	assert_true(verdicts[0].confidence < 0.99);
}

/* Two functions whose callee decides for both; a third that decides by itself; one that adds a place. */
static void one_instruction_is_one_witness(void **state)
{
	static const struct case_claim cases[] = {
		{0, 800, 64, 350, "code:a", false, 0x1000},
		{0, 800, 64, 400, "code:b", false, 0x1000},
		{1, 800, 64, 350, "code:a", false, 0x1000},
		{1, 800, 64, 400, "code:b", false, 0x2000},
		{2, 800, 64, 350, "code:a", false, 0x1000},
		{2, 800, 64, 400, "code:b", false, 0x1000},
		{2, 800, 64, 400, "code:b", false, 0x3000},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].classes, 1);
	assert_true(verdicts[0].confidence <= 0.985);
	assert_int_equal(verdicts[1].classes, 2);
	assert_int_equal(verdicts[2].classes, 2);
}

static void classes_that_agree_are_surer_than_one(void **state)
{
	static const struct case_claim cases[] = {
		{0, 800, 32, 350, "code:a", false, 0},
		{0, 800, 32, 350, "data:b", false, 0},
		{1, 832, 32, 350, "code:a", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_CLAIMED);
	assert_int_equal(verdicts[0].offset_bits, 800);
	assert_int_equal(verdicts[0].width_bits, 32);
	assert_true(verdicts[0].confidence > verdicts[1].confidence);
	assert_true(verdicts[0].confidence >= 0.99);
}

static void what_a_class_cannot_tell_apart_another_does(void **state)
{
	static const struct case_claim cases[] = {
		{0, 800, 32, 500, "code:a", false, 0}, {0, 864, 32, 500, "code:a", false, 0},
		{1, 800, 32, 500, "code:a", false, 0}, {1, 864, 32, 500, "code:a", false, 0},
		{1, 864, 32, 500, "data:b", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_ABSTAINED);
	assert_string_equal(verdicts[0].why, "two candidates are as likely");
	assert_int_equal(verdicts[0].conflicts, 0);
	assert_int_equal(verdicts[1].answer, INFER_CLAIMED);
	assert_int_equal(verdicts[1].offset_bits, 864);
	assert_true(verdicts[1].has_runner_up);
	assert_int_equal(verdicts[1].runner_up_bits, 800);
	assert_int_equal(verdicts[1].conflicts, 0);
}

/* Ten that could share an error are not ten times as sure. */
static void more_of_a_kind_add_less(void **state)
{
	struct case_claim cases[11] = {{0, 864, 32, 500, "data:b", false, 0}};
	struct infer_verdict verdicts[FIELDS];
	char names[10][16];

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(names[i], sizeof(names[i]), "code:%d", i);
		cases[i + 1] = (struct case_claim){0, 800, 32, 300, names[i], false, 0};
	}
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_ABSTAINED);
	assert_string_equal(verdicts[0].why, "witnesses disagree");
}

static void witnesses_that_disagree_give_no_answer(void **state)
{
	static const struct case_claim cases[] = {
		{0, 800, 32, 400, "code:a", false, 0},
		{0, 864, 32, 400, "data:b", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_ABSTAINED);
	assert_string_equal(verdicts[0].why, "witnesses disagree");
	assert_int_equal(verdicts[0].conflicts, 1);
}

static void absence_is_an_answer(void **state)
{
	static const struct case_claim cases[] = {
		{0, 0, 0, 400, "code:a", true, 0},
		{0, 0, 0, 400, "data:b", true, 0},
		{0, 800, 32, 100, "data:c", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_ABSENT);
	assert_true(verdicts[0].best_absent);
	assert_false(verdicts[0].runner_up_absent);
}

static void members_do_not_share_bytes(void **state)
{
	static const struct case_claim cases[] = {
		{0, 800, 32, 500, "code:a", false, 0},
		{0, 800, 32, 500, "data:b", false, 0},
		{1, 816, 32, 500, "code:a", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_CLAIMED);
	assert_int_equal(verdicts[1].answer, INFER_ABSTAINED);
	assert_string_equal(verdicts[1].why, "it overlaps a likelier field");
}

static void equally_likely_members_both_fall(void **state)
{
	static const struct case_claim cases[] = {
		{0, 800, 32, 500, "code:a", false, 0},
		{1, 800, 32, 500, "code:a", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[0].answer, INFER_ABSTAINED);
	assert_int_equal(verdicts[1].answer, INFER_ABSTAINED);
}

static void a_member_of_a_member_may_lie_in_it(void **state)
{
	static const struct case_claim cases[] = {
		{2, 800, 128, 500, "code:a", false, 0},
		{3, 800, 64, 500, "code:b", false, 0},
	};
	struct infer_verdict verdicts[FIELDS];

	(void)state;
	FUSE(cases, verdicts);
	assert_int_equal(verdicts[2].answer, INFER_CLAIMED);
	assert_int_equal(verdicts[3].answer, INFER_CLAIMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_evidence_is_no_answer),
		cmocka_unit_test(a_name_that_was_told_stays),
		cmocka_unit_test(one_class_is_never_sure),
		cmocka_unit_test(one_instruction_is_one_witness),
		cmocka_unit_test(classes_that_agree_are_surer_than_one),
		cmocka_unit_test(what_a_class_cannot_tell_apart_another_does),
		cmocka_unit_test(more_of_a_kind_add_less),
		cmocka_unit_test(witnesses_that_disagree_give_no_answer),
		cmocka_unit_test(absence_is_an_answer),
		cmocka_unit_test(members_do_not_share_bytes),
		cmocka_unit_test(equally_likely_members_both_fall),
		cmocka_unit_test(a_member_of_a_member_may_lie_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
