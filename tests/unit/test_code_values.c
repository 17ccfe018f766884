/* SPDX-License-Identifier: MIT */
/* Expressions: equal ones are one number, sums with numbers fold, what is unknown stays unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "infer/code_ops.h"
#include "infer/code_values.h"

static int make_values(void **state)
{
	struct code_values *values = malloc(sizeof(*values));

	if (!values || !code_values_init(values, 8))
		return 1;
	*state = values;
	return 0;
}

static int drop_values(void **state)
{
	code_values_deinit(*state);
	free(*state);
	return 0;
}

static void equal_ones_are_one(void **state)
{
	struct code_values *values = *state;
	code_value one = code_value_leaf(values, CODE_V_ARGUMENT, 0);
	code_value other = code_value_leaf(values, CODE_V_ARGUMENT, 1);

	assert_int_not_equal(one, other);
	assert_int_equal(code_value_leaf(values, CODE_V_ARGUMENT, 0), one);
	assert_int_equal(code_value_load(values, code_value_add(values, one, 8), 4),
			 code_value_load(values, code_value_add(values, one, 8), 4));
	assert_int_not_equal(code_value_load(values, one, 4), code_value_load(values, one, 8));
	assert_int_not_equal(code_value_call(values, 0x1000, 1),
			     code_value_call(values, 0x1000, 2));
	code_values_reset(values);
	assert_int_equal(values->nodes.count, 1);
}

static void numbers_fold_into_sums(void **state)
{
	struct code_values *values = *state;
	code_value a = code_value_leaf(values, CODE_V_ARGUMENT, 0);
	code_value b = code_value_leaf(values, CODE_V_ARGUMENT, 1);
	int64_t number;

	assert_int_equal(code_value_add(values, code_value_add(values, a, 24), -24), a);
	assert_int_equal(code_value_root(values, code_value_add(values, a, 24), &number), a);
	assert_int_equal(number, 24);
	assert_int_equal(code_value_root(values, a, &number), a);
	assert_int_equal(number, 0);
	/* a + (b + 3) * 8 + 16 is a + b * 8 + 40 */
	assert_int_equal(code_value_add(values,
					code_value_sum(values, a, code_value_add(values, b, 3), 8),
					16),
			 code_value_add(values, code_value_sum(values, a, b, 8), 40));
	assert_int_equal(code_value_sum(values, a, code_value_const(values, 5), 8),
			 code_value_add(values, a, 40));
	assert_int_equal(code_value_alu(values, CODE_SUB, a, 0, 8, 8),
			 code_value_add(values, a, -8));
	assert_true(code_value_is_const(
		values,
		code_value_alu(values, CODE_AND, code_value_const(values, 0xff0), 0, 0xf3, 8),
		&number));
	assert_int_equal(number, 0xf0);
}

static void unknown_stays_unknown(void **state)
{
	struct code_values *values = *state;
	code_value a = code_value_leaf(values, CODE_V_ARGUMENT, 0);
	const struct code_node *node;

	assert_int_equal(code_value_load(values, 0, 8), 0);
	assert_int_equal(code_value_add(values, 0, 8), 0);
	assert_int_equal(code_value_alu(values, CODE_AND, 0, a, 0, 8), 0);
	assert_int_equal(code_value_sum(values, 0, 0, 1), 0);
	assert_int_equal(code_value_sum(values, 0, a, 8), 0);
	/* but something in an array is in that array */
	node = code_value_node(values, code_value_sum(values, a, 0, 1));
	assert_int_equal(node->kind, CODE_V_SUM);
	assert_int_equal(node->a, a);
	assert_int_equal(code_value_sum(values, 0, a, 1), code_value_sum(values, a, 0, 1));
}

static void narrow_numbers_wrap(void **state)
{
	struct code_values values;
	code_value a;
	int64_t number;

	(void)state;
	assert_true(code_values_init(&values, 4));
	a = code_value_leaf(&values, CODE_V_ARGUMENT, 0);
	assert_int_equal(
		code_value_add(&values, code_value_add(&values, a, 0x7fffffff), 0x7fffffff),
		code_value_add(&values, a, -2));
	assert_true(code_value_is_const(&values, code_value_const(&values, 0xc1000000), &number));
	assert_int_equal(number, (int32_t)0xc1000000);
	code_values_deinit(&values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equal_ones_are_one, make_values, drop_values),
		cmocka_unit_test_setup_teardown(numbers_fold_into_sums, make_values, drop_values),
		cmocka_unit_test_setup_teardown(unknown_stays_unknown, make_values, drop_values),
		cmocka_unit_test(narrow_numbers_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
