/* SPDX-License-Identifier: MIT */
/* Walks along lists: whole ones to their end, bent ones to a partial end that says why; every walk
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/synthetic.h"

#define NODES_MAX 4000

struct fixture {
	struct synthetic synthetic;
	struct gap_guest *guest;
	uint64_t nodes[NODES_MAX + 1]; /* the first is the head */
};

static int make_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return 1;
	synthetic_init(&fixture->synthetic, 4);
	fixture->guest = synthetic_open(&fixture->synthetic);
	*state = fixture;
	return 0;
}

static int drop_fixture(void **state)
{
	struct fixture *fixture = *state;

	gap_guest_close(fixture->guest);
	synthetic_deinit(&fixture->synthetic);
	free(fixture);
	return 0;
}

static void set_link(struct fixture *fixture, uint64_t node, uint64_t next)
{
	synthetic_put64(synthetic_heap(&fixture->synthetic, node), next);
}

/* A head and @count elements in a ring. */
static void make_ring(struct fixture *fixture, int count)
{
	for (int i = 0; i <= count; i++)
		fixture->nodes[i] = synthetic_alloc(&fixture->synthetic, 64);
	for (int i = 0; i <= count; i++)
		set_link(fixture, fixture->nodes[i], fixture->nodes[(i + 1) % (count + 1)]);
}

/* Walks to the end and returns the number of elements; those of the ring come in order. */
static int walk(struct fixture *fixture, struct gap_list *list, uint64_t step_max)
{
	struct gap_vaddr link;
	int count = 0;

	gap_list_init(list, fixture->guest, (struct gap_vaddr){fixture->nodes[0]}, step_max);
	while (gap_list_next(list, &link))
		count++;
	assert_false(gap_list_next(list, &link)); /* and stays at its end */
	return count;
}

static void broken(struct fixture *fixture, const char *word)
{
	struct gap_list list;

	walk(fixture, &list, 0);
	assert_int_equal(list.status, GAP_PARTIAL);
	if (!strstr(list.reason, word))
		fail_msg("\"%s\" does not say \"%s\"", list.reason, word);
}

static void whole_lists_end(void **state)
{
	struct fixture *fixture = *state;
	struct gap_list list;
	struct gap_vaddr link;

	for (int count = 0; count < 70; count++) {
		make_ring(fixture, count);
		assert_int_equal(walk(fixture, &list, 0), count);
		assert_int_equal(list.status, GAP_OK);
		assert_string_equal(list.reason, "");
	}
	gap_list_init(&list, fixture->guest, (struct gap_vaddr){fixture->nodes[0]}, 0);
	for (int i = 1; gap_list_next(&list, &link); i++)
		assert_int_equal(link.value, fixture->nodes[i]);
}

static void bounds_are_exact(void **state)
{
	struct fixture *fixture = *state;
	struct gap_list list;

	make_ring(fixture, 5);
	assert_int_equal(walk(fixture, &list, 5), 5);
	assert_int_equal(list.status, GAP_OK);
	assert_int_equal(walk(fixture, &list, 4), 4);
	assert_int_equal(list.status, GAP_PARTIAL);
	assert_string_equal(list.reason, "the list has more than 4 elements");
}

/* Tails and loops of every length up to some, and one long: none goes on for ever, none is told
 * twice over. */
static void loops_that_miss_the_head_are_found(void **state)
{
	struct fixture *fixture = *state;
	struct gap_list list;

	for (int tail = 1; tail < 20; tail++) {
		for (int loop = 2; loop < 20; loop++) {
			int last = tail + loop - 1;

			fixture->synthetic.next_heap = SYNTHETIC_HEAP_AT;
			make_ring(fixture, last);
			set_link(fixture, fixture->nodes[last], fixture->nodes[tail]);
			assert_true(walk(fixture, &list, 0) <= 3 * (tail + loop) + 1);
			assert_int_equal(list.status, GAP_PARTIAL);
			assert_non_null(strstr(list.reason, "loops back"));
		}
	}
	fixture->synthetic.next_heap = SYNTHETIC_HEAP_AT;
	make_ring(fixture, NODES_MAX);
	set_link(fixture, fixture->nodes[NODES_MAX], fixture->nodes[NODES_MAX / 2]);
	assert_true(walk(fixture, &list, 0) < 4 * NODES_MAX);
	assert_non_null(strstr(list.reason, "loops back"));
}

static void wild_links_are_told(void **state)
{
	struct fixture *fixture = *state;

	make_ring(fixture, 3);
	set_link(fixture, fixture->nodes[2], fixture->nodes[2]);
	broken(fixture, "own element");
	set_link(fixture, fixture->nodes[2], 0);
	broken(fixture, "null");
	set_link(fixture, fixture->nodes[2], fixture->nodes[3] + 4);
	broken(fixture, "misaligned");
	set_link(fixture, fixture->nodes[2], 0xdead000000000100u); /* LIST_POISON1 */
	broken(fixture, "not an address");
	set_link(fixture, fixture->nodes[2], 0xffffc90000000000u);
	broken(fixture, "unmapped");
	set_link(fixture, fixture->nodes[2], UINT64_MAX - 7);
	broken(fixture, "unmapped");
}

static void heads_may_be_wild_too(void **state)
{
	struct fixture *fixture = *state;
	struct gap_list list;
	struct gap_vaddr link;

	gap_list_init(&list, fixture->guest, (struct gap_vaddr){0x1234}, 0);
	assert_false(gap_list_next(&list, &link));
	assert_int_equal(list.status, GAP_PARTIAL);
	assert_string_equal(list.reason, "the link at 0x1234 cannot be read");
}

/* An element that goes away under the walk ends it, and is not handed out. */
static void elements_may_go_away(void **state)
{
	struct fixture *fixture = *state;
	struct gap_list list;
	struct gap_vaddr link;

	make_ring(fixture, 3);
	gap_list_init(&list, fixture->guest, (struct gap_vaddr){fixture->nodes[0]}, 0);
	assert_true(gap_list_next(&list, &link));
	set_link(fixture, fixture->nodes[1], 0);
	assert_false(gap_list_next(&list, &link));
	assert_int_equal(list.status, GAP_PARTIAL);
	assert_int_equal(link.value, fixture->nodes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_lists_end, make_fixture, drop_fixture),
		cmocka_unit_test_setup_teardown(bounds_are_exact, make_fixture, drop_fixture),
		cmocka_unit_test_setup_teardown(loops_that_miss_the_head_are_found, make_fixture,
						drop_fixture),
		cmocka_unit_test_setup_teardown(wild_links_are_told, make_fixture, drop_fixture),
		cmocka_unit_test_setup_teardown(heads_may_be_wild_too, make_fixture, drop_fixture),
		cmocka_unit_test_setup_teardown(elements_may_go_away, make_fixture, drop_fixture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
