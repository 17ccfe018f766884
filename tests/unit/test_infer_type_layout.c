/* SPDX-License-Identifier: MIT */
/* Structures that a compiler could have laid out, and such that it could not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/type_layout.h"
#include "tests/support/making.h"

enum { BYTES = 24, MEMBERS_MAX = 4 };

struct layout {
	struct {
		const char *name;
		uint32_t offset_bits, width_bits,
			bytes; /* bytes: 0 takes no room; otherwise 4 or 8 */
	} members[MEMBERS_MAX];
	const char *member, *other; /* who does not fit; NULL: all do */
};

static const struct layout layouts[] = {
	{{{"a", 0, 0, 8}, {"b", 64, 0, 4}, {"c", 128, 0, 8}}, NULL, NULL},
	{{{"c", 128, 0, 8}, {"a", 0, 0, 8}, {"b", 64, 0, 4}}, NULL, NULL}, /* in any order */
	{{{"a", 0, 1, 4}, {"b", 1, 31, 4}, {"c", 32, 0, 4}}, NULL, NULL},  /* bits */
	{{{"a", 0, 0, 8}, {"mark", 64, 0, 0}, {"b", 64, 0, 8}, {"end", 192, 0, 0}}, NULL, NULL},
	{{{"a", 0, 0, 8}, {"b", 32, 0, 4}}, "b", "a"},
	{{{"a", 0, 0, 8}, {"b", 0, 0, 8}}, "b", "a"},
	{{{"a", 0, 3, 4}, {"b", 2, 3, 4}}, "b", "a"},
	{{{"a", 64, 0, 8}, {"b", 160, 0, 8}}, "b", NULL}, /* outside */
	{{{"a", UINT32_MAX - 31, 0, 4}}, "a", NULL},
};

static struct gap_profile *make(const struct layout *layout, bool as_union, struct frozen *frozen)
{
	struct gap_builder *builder = make_builder();
	gap_type_id four = make_int(builder, "unsigned int", 4);
	gap_type_id eight = make_int(builder, "unsigned long", 8);
	gap_type_id none, inner;
	struct make_member members[MEMBERS_MAX + 1] = {{0}};
	unsigned count = 0;

	none = make_struct(builder, "nothing", 0, MAKE_MEMBERS({.type = GAP_NONE}));
	for (; count < MEMBERS_MAX && layout->members[count].name; count++)
		members[count] =
			(struct make_member){.name = layout->members[count].name,
					     .type = layout->members[count].bytes == 8   ? eight
						     : layout->members[count].bytes == 4 ? four
											 : none,
					     .offset_bits = layout->members[count].offset_bits,
					     .width_bits = layout->members[count].width_bits};
	members[count].type = GAP_NONE;
	inner = as_union ? make_aggregate(builder, GAP_KIND_UNION, "s", BYTES, members)
			 : make_struct(builder, "s", BYTES, members);
	make_struct(builder, "outer", BYTES + 8,
		    MAKE_MEMBERS({"before", .type = eight},
				 {"in", .type = inner, .offset_bits = 64}, {.type = GAP_NONE}));
	*frozen = freeze(builder, 0);
	return frozen->profile;
}

static void what_shares_bytes_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout *layout = &layouts[i];
		struct infer_misfit misfit = {0};
		struct frozen frozen;
		bool found = infer_type_layout_misfit(make(layout, false, &frozen), "s", &misfit);

		if (found != (layout->member != NULL))
			fail_msg("layout %zu: %s.%s", i, found ? misfit.type : "?",
				 found ? misfit.member : "nothing found");
		if (found) {
			assert_string_equal(misfit.type, "s");
			assert_string_equal(misfit.member, layout->member);
			assert_int_equal(!misfit.other, !layout->other);
			if (layout->other)
				assert_string_equal(misfit.other, layout->other);
		}
		frozen_deinit(&frozen);
	}
}

static void what_lies_inside_is_looked_at(void **state)
{
	struct infer_misfit misfit;
	struct frozen frozen;

	(void)state;
	assert_true(infer_type_layout_misfit(make(&layouts[4], false, &frozen), "outer", &misfit));
	assert_string_equal(misfit.type, "s");
	assert_string_equal(misfit.member, "b");
	assert_false(infer_type_layout_misfit(frozen.profile, "unsigned int", &misfit));
	assert_false(infer_type_layout_misfit(frozen.profile, "not there", &misfit));
	frozen_deinit(&frozen);
	assert_false(infer_type_layout_misfit(make(&layouts[0], false, &frozen), "outer", &misfit));
	frozen_deinit(&frozen);
}

static void members_of_a_union_may(void **state)
{
	struct infer_misfit misfit;
	struct frozen frozen;

	(void)state;
	assert_false(infer_type_layout_misfit(make(&layouts[5], true, &frozen), "s", &misfit));
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_shares_bytes_is_found),
		cmocka_unit_test(what_lies_inside_is_looked_at),
		cmocka_unit_test(members_of_a_union_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
