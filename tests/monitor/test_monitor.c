/* SPDX-License-Identifier: MIT */
/*
 * Reads through semgap/monitor.h: a monitor's declarations, in an order and with sizes of their own, against
 * objects of a made guest whose kernel has them otherwise. The table's header is made when this is built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <semgap/monitor.h>

#include "tests/support/making.h"
#include "tests/support/synthetic.h"

/* ---- the kernel, as it is in the guest ---- */

struct true_inner {
	uint8_t before[12];
	uint32_t val;
};
struct true_link {
	uint64_t next, prev;
};
struct true_node {
	uint64_t next, pprev;
};
struct true_thing {
	uint8_t before[3];
	int8_t tiny;
	int16_t small;
	uint16_t narrow;
	int32_t number;
	uint32_t bits; /* 5: two bits, unsigned; 7: four, signed */
	uint64_t wide;
	int64_t word;
	char text[8];
	uint32_t numbers[4];
	struct true_inner inner;
	struct true_inner parts[3];
	uint64_t name, other;
	struct true_link link;
	struct true_node node;
	int32_t nested_before, nested;
};

/* ---- what the monitor knows of it ---- */

struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next;
};
struct hlist_head {
	struct hlist_node *first;
};
struct inner {
	unsigned int val;
};
struct thing {
	struct thing *other;
	unsigned long long wide;
	long word;
	int number, narrow;
	short small;
	signed char tiny;
	unsigned int low : 2;
	int high : 4;
	char text[16]; /* longer than the kernel's */
	const char *name;
	uint32_t numbers[4];
	struct inner inner, parts[1];
	struct list_head link;
	struct hlist_node node;
	int renamed GAP_ALSO(old_name) GAP_ALSO(number);
	struct {
		int nested;
	} nameless;
};
struct thing___gone {
	struct thing *ghost;
	int spirit;
};
struct nowhere {
	int member;
};
enum colour { GREEN, BLUE };
extern struct list_head things;
extern struct hlist_head hashed;
extern struct thing *first_thing;
extern long counts[];
extern int phantom;
extern struct thing *current_thing; /* per CPU */

#include "test_monitor.gap.h"

/* ---- the guest ---- */

struct fixture {
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_monitor *m;
	uint64_t things[3];
};

#define HEAD_AT (SYNTHETIC_TEXT + 0x5000)
#define HASH_AT (SYNTHETIC_TEXT + 0x5100)
#define FIRST_AT (SYNTHETIC_TEXT + 0x5200)
#define COUNTS_AT (SYNTHETIC_TEXT + 0x5300)
#define OFFSETS_AT (SYNTHETIC_TEXT + 0x5400)
#define CPUS_AT (SYNTHETIC_TEXT + 0x5500)
#define CURRENT_AT 0x40

static gap_type_id make_signed(struct gap_builder *builder, uint64_t size_bytes)
{
	return gap_builder_type_add(builder,
				    &(struct gap_build_type){.kind = GAP_KIND_INT,
							     .flags = GAP_TYPE_SIGNED,
							     .name = gap_builder_name(builder, "s"),
							     .size_bytes = size_bytes});
}

#define AT(member) offsetof(struct true_thing, member) * 8

static void make_types(struct gap_builder *builder)
{
	gap_type_id u8 = make_int(builder, "u8", 1), u16 = make_int(builder, "u16", 2);
	gap_type_id u32 = make_int(builder, "u32", 4), u64 = make_int(builder, "u64", 8);
	gap_type_id s8 = make_signed(builder, 1), s16 = make_signed(builder, 2);
	gap_type_id s32 = make_signed(builder, 4), s64 = make_signed(builder, 8);
	gap_type_id pointer = gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = GAP_KIND_POINTER, .size_bytes = 8});
	gap_type_id inner = make_struct(builder, "inner", sizeof(struct true_inner),
					MAKE_MEMBERS({"val", u32, 12 * 8, 0}));
	gap_type_id link =
		make_struct(builder, "list_head", 16, MAKE_MEMBERS({"next", pointer, 0, 0}));
	gap_type_id node =
		make_struct(builder, "hlist_node", 16, MAKE_MEMBERS({"next", pointer, 0, 0}));
	gap_type_id nameless = make_struct(builder, NULL, 8, MAKE_MEMBERS({"nested", s32, 32, 0}));

	make_struct(builder, "hlist_head", 8, MAKE_MEMBERS({"first", pointer, 0, 0}));
	make_struct(builder, "thing", sizeof(struct true_thing),
		    MAKE_MEMBERS({"tiny", s8, AT(tiny), 0}, {"small", s16, AT(small), 0},
				 {"narrow", u16, AT(narrow), 0}, {"number", s32, AT(number), 0},
				 {"low", u32, AT(bits) + 5, 2}, {"high", s32, AT(bits) + 7, 4},
				 {"wide", u64, AT(wide), 0}, {"word", s64, AT(word), 0},
				 {"text", make_array(builder, u8, 8), AT(text), 0},
				 {"numbers", make_array(builder, u32, 4), AT(numbers), 0},
				 {"inner", inner, AT(inner), 0},
				 {"parts", make_array(builder, inner, 3), AT(parts), 0},
				 {"name", pointer, AT(name), 0}, {"other", pointer, AT(other), 0},
				 {"link", link, AT(link), 0}, {"node", node, AT(node), 0},
				 {"nameless", nameless, AT(nested_before), 0}));
	make_enum(builder, "colour", "BLUE", (uint64_t)-5);
}

static void take_profile(struct synthetic *synthetic)
{
	static const uint8_t id[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	struct gap_builder *builder = make_builder();
	struct frozen frozen;

	make_types(builder);
	make_symbol(builder, "linux_banner", NULL, SYNTHETIC_BANNER, 0);
	make_symbol(builder, "init_top_pgt", NULL, SYNTHETIC_ROOT, 0);
	make_symbol(builder, "things", NULL, HEAD_AT, 0);
	make_symbol(builder, "hashed", NULL, HASH_AT, 0);
	make_symbol(builder, "first_thing", NULL, FIRST_AT, 0);
	make_symbol(builder, "counts", NULL, COUNTS_AT, 0);
	make_symbol(builder, "__per_cpu_offset", NULL, OFFSETS_AT, 0);
	make_symbol(builder, "nr_cpu_ids", NULL, CPUS_AT, 0);
	make_symbol(builder, "current_thing", NULL, CURRENT_AT, GAP_SYMBOL_PERCPU);
	gap_builder_target_set(
		builder, &(struct gap_build_target){.machine = 62,
						    .pointer_bytes = 8,
						    .build_id = id,
						    .build_id_bytes = 8,
						    .release = SYNTHETIC_RELEASE,
						    .banner = SYNTHETIC_BANNER_TEXT,
						    .banner_bytes = strlen(SYNTHETIC_BANNER_TEXT)});
	frozen = freeze(builder, 0);
	gap_profile_close(synthetic->profile);
	free(synthetic->image);
	synthetic->profile = frozen.profile;
	synthetic->image = frozen.image;
}

static struct true_thing *true_at(struct fixture *fixture, int index)
{
	return synthetic_heap(&fixture->synthetic, fixture->things[index]);
}

static void put_image(struct fixture *fixture, uint64_t linked, uint64_t value)
{
	synthetic_put64(synthetic_image(&fixture->synthetic, linked), value);
}

/* Three things, each with the next as its other one, in a list and in a hash. */
static void make_things(struct fixture *fixture)
{
	uint64_t slide = fixture->synthetic.slide, head = HEAD_AT + slide;

	for (int i = 0; i < 3; i++)
		fixture->things[i] =
			synthetic_alloc(&fixture->synthetic, sizeof(struct true_thing));
	for (int i = 0; i < 3; i++) {
		struct true_thing *thing = true_at(fixture, i);
		uint64_t next = i < 2 ? fixture->things[i + 1] : 0;

		*thing = (struct true_thing){.tiny = -3,
					     .small = -300,
					     .narrow = 60000,
					     .number = -70000 - i,
					     .bits = 2u << 5 | 0xbu << 7,
					     .wide = 0xfedcba9876543210u,
					     .word = -9,
					     .text = "fullfull",
					     .numbers = {1, 2, 3, 4},
					     .inner = {.val = 77},
					     .parts = {{.val = 10}, {.val = 11}, {.val = 12}},
					     .other = next,
					     .nested = 55};
		thing->link.next = next ? next + offsetof(struct true_thing, link) : head;
		thing->link.prev =
			i ? fixture->things[i - 1] + offsetof(struct true_thing, link) : head;
		thing->node.next = next ? next + offsetof(struct true_thing, node) : 0;
	}
	put_image(fixture, HEAD_AT, fixture->things[0] + offsetof(struct true_thing, link));
	put_image(fixture, HEAD_AT + 8, fixture->things[2] + offsetof(struct true_thing, link));
	put_image(fixture, HASH_AT, fixture->things[0] + offsetof(struct true_thing, node));
	put_image(fixture, FIRST_AT, fixture->things[0]);
	put_image(fixture, COUNTS_AT + 16, 1234);
	put_image(fixture, CPUS_AT, 2);
	for (int cpu = 0; cpu < 2; cpu++) {
		uint64_t area = synthetic_alloc(&fixture->synthetic, 128);

		put_image(fixture, OFFSETS_AT + 8 * (uint64_t)cpu, area);
		synthetic_put64(synthetic_heap(&fixture->synthetic, area + CURRENT_AT),
				fixture->things[cpu + 1]);
	}
	true_at(fixture, 0)->name = synthetic_alloc(&fixture->synthetic, 64);
	strcpy(synthetic_heap(&fixture->synthetic, true_at(fixture, 0)->name), "a name");
}

static int make_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct gap_error error;

	if (!fixture)
		return 1;
	synthetic_init(&fixture->synthetic, 4);
	take_profile(&fixture->synthetic);
	make_things(fixture);
	fixture->guest = synthetic_open(&fixture->synthetic);
	if (gap_monitor_open(fixture->guest, GAP_PLAN, &fixture->m, &error))
		fail_msg("%s", error.text);
	gap_monitor_begin(fixture->m);
	*state = fixture;
	return 0;
}

static int drop_fixture(void **state)
{
	struct fixture *fixture = *state;

	gap_monitor_close(fixture->m);
	gap_guest_close(fixture->guest);
	synthetic_deinit(&fixture->synthetic);
	free(fixture);
	return 0;
}

static struct thing *first_of(struct gap_monitor *m)
{
	return GAP_LOAD(m, GAP_SYMBOL(m, first_thing));
}

/* ---- reads ---- */

static void values_have_their_width_and_sign(void **state)
{
	struct gap_monitor *m = ((struct fixture *)*state)->m;
	struct thing *thing = first_of(m);

	assert_int_equal(GAP_READ(m, thing, tiny), -3);
	assert_int_equal(GAP_READ(m, thing, small), -300);
	assert_int_equal(GAP_READ(m, thing, number), -70000);
	assert_true(GAP_READ(m, thing, wide) == 0xfedcba9876543210u);
	assert_int_equal(GAP_READ(m, thing, word), -9);
	assert_int_equal(GAP_WIDEN(m, thing, narrow), 60000); /* two bytes in this kernel */
	assert_int_equal(GAP_BITS(m, thing, low), 2);
	assert_int_equal(GAP_BITS(m, thing, high), -5);
	assert_int_equal(GAP_READ(m, thing, renamed), -70000); /* by its third name */
	assert_int_equal(GAP_READ(m, thing, nameless, nested), 55);
	assert_int_equal(m->failures, 0);
}

static void paths_follow_pointers_and_stay_in_structures(void **state)
{
	struct fixture *fixture = *state;
	struct gap_monitor *m = fixture->m;
	struct thing *thing = first_of(m);

	assert_ptr_equal(GAP_READ(m, thing, other, other), (void *)(uintptr_t)fixture->things[2]);
	assert_int_equal(GAP_READ(m, thing, other, other, number), -70002);
	assert_int_equal(GAP_READ(m, GAP_READ(m, thing, other), number), -70001);
	assert_int_equal(GAP_READ(m, thing, inner, val), 77);
	assert_int_equal(GAP_READ(m, thing, parts, val), 10); /* as in C: of the first */
	assert_int_equal(GAP_READ(m, GAP_INDEX(m, GAP_ADDRESS(m, thing, parts), 2), val), 12);
	assert_int_equal(GAP_SIZE(m, struct inner), sizeof(struct true_inner));
	assert_int_equal((uintptr_t)GAP_ADDRESS(m, thing, inner),
			 fixture->things[0] + offsetof(struct true_thing, inner));
	assert_int_equal(GAP_LOAD(m, GAP_ADDRESS(m, thing, number)), -70000);
	assert_int_equal(GAP_LOAD(m, GAP_INDEX(m, GAP_SYMBOL(m, counts), 2)), 1234);
	assert_int_equal(m->failures, 0);
}

static void texts_end_where_the_kernels_do(void **state)
{
	struct gap_monitor *m = ((struct fixture *)*state)->m;
	struct thing *thing = first_of(m);
	char text[32], cut[4];
	uint32_t numbers[4];

	assert_int_equal(GAP_STRING(m, text, thing, text), GAP_OK); /* no zero byte in its eight */
	assert_string_equal(text, "fullfull");
	assert_int_equal(GAP_STRING(m, cut, thing, text), GAP_PARTIAL);
	assert_string_equal(cut, "ful");
	assert_int_equal(GAP_STRING(m, text, thing, name), GAP_OK);
	assert_string_equal(text, "a name");
	assert_int_equal(GAP_STRING(m, cut, thing, name), GAP_PARTIAL);
	assert_string_equal(cut, "a n");
	assert_int_equal(m->failures, 0);
	assert_int_equal(GAP_STRING(m, text, thing, other, name), GAP_UNREADABLE); /* null */
	assert_string_equal(text, "");
	assert_int_equal(GAP_COPY(m, numbers, thing, numbers), GAP_OK);
	assert_int_equal(numbers[0] + numbers[3], 5);
}

static void lists_are_walked(void **state)
{
	struct gap_monitor *m = ((struct fixture *)*state)->m;
	struct thing *thing = NULL;
	int sum = 0, count = 0;

	GAP_LIST_FOR_EACH(thing, m, GAP_SYMBOL(m, things), link)
	{
		sum += GAP_READ(m, thing, number) + 70000;
		count++;
	}
	assert_int_equal(sum, -3);
	assert_int_equal(count, 3);
	GAP_HLIST_FOR_EACH(thing, m, GAP_SYMBOL(m, hashed), node)
	if (GAP_READ(m, thing, number) == -70001)
		break;
	assert_int_equal(GAP_READ(m, thing, number), -70001);
	assert_ptr_equal(GAP_CONTAINER(m, GAP_ADDRESS(m, thing, link), struct thing, link), thing);
	assert_int_equal(m->failures, 0);
	assert_int_equal(gap_monitor_end(m, NULL), GAP_OK);
}

static void each_cpu_has_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct gap_monitor *m = fixture->m;
	struct gap_error error = {""};

	assert_int_equal((uintptr_t)GAP_LOAD(m, GAP_PERCPU(m, 0, current_thing)),
			 fixture->things[1]);
	assert_int_equal(GAP_READ(m, GAP_LOAD(m, GAP_PERCPU(m, 1, current_thing)), number), -70002);
	assert_int_equal(m->failures, 0);
	assert_null(GAP_PERCPU(m, 2, current_thing));
	assert_int_equal(gap_monitor_end(m, &error), GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "CPU 2"));
}

/* ---- what is not there ---- */

static void absent_things_are_told_apart(void **state)
{
	struct gap_monitor *m = ((struct fixture *)*state)->m;
	struct thing *thing = first_of(m);
	struct thing___gone *gone = (struct thing___gone *)thing;
	struct gap_error error;

	assert_false(GAP_HAS(m, struct thing___gone, spirit));
	assert_true(GAP_HAS(m, struct thing, number));
	assert_false(GAP_HAS_TYPE(m, struct nowhere));
	assert_true(GAP_HAS_TYPE(m, struct thing___gone)); /* it is the kernel's thing */
	assert_true(GAP_HAS_TYPE(m, struct thing));
	assert_false(GAP_HAS_SYMBOL(m, phantom));
	assert_true(GAP_HAS_SYMBOL(m, things));
	assert_false(GAP_HAS_ENUM(m, GREEN));
	assert_int_equal(GAP_ENUM(m, BLUE), -5);
	assert_int_equal(GAP_ENUM_OR(m, 42, GREEN), 42);
	assert_null(GAP_SYMBOL_OR_NULL(m, phantom));
	assert_int_equal(GAP_READ_OR(m, 42, gone, spirit), 42);
	assert_int_equal(GAP_READ_OR(m, 42, gone, ghost, number), 42);
	assert_int_equal(GAP_READ_OR(m, 42, thing, number), -70000);
	assert_int_equal(m->failures, 0);
	assert_int_equal(GAP_READ(m, GAP_OPTIONAL(gone), spirit), 0);
	assert_int_equal(m->failures, 1);
	assert_int_equal(gap_monitor_end(m, &error), GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "thing.spirit is not in this kernel"));
	assert_non_null(strstr(error.text, "test_monitor.c:"));
}

static void failures_are_counted_and_the_first_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct gap_monitor *m = fixture->m;
	struct thing *thing = first_of(m), *last = GAP_READ(m, thing, other, other);
	struct gap_error error = {""};

	assert_int_equal(GAP_READ(m, last, other, number), 0); /* follows null */
	assert_int_equal(GAP_READ(m, (struct thing *)0xffff800000000000, word), 0);
	assert_int_equal(m->failures, 2);
	assert_int_equal(gap_monitor_end(m, &error), GAP_UNREADABLE);
	assert_non_null(strstr(error.text, "thing.number"));
	gap_monitor_begin(m);
	assert_int_equal(m->failures, 0);
	assert_int_equal(gap_monitor_end(m, &error), GAP_OK);
}

static void bent_lists_end(void **state)
{
	struct fixture *fixture = *state;
	struct gap_monitor *m = fixture->m;
	struct gap_error error = {""};
	struct thing *thing;
	unsigned count = 0;

	true_at(fixture, 2)->link.next = fixture->things[1] + offsetof(struct true_thing, link);
	GAP_LIST_FOR_EACH(thing, m, GAP_SYMBOL(m, things), link)
	count++;
	assert_in_range(count, 3, 1000000);
	assert_int_equal(gap_monitor_end(m, &error), GAP_PARTIAL);
	assert_non_null(strstr(error.text, "list"));
	gap_monitor_begin(m);
	true_at(fixture, 2)->node.next = fixture->things[1] + offsetof(struct true_thing, node);
	GAP_HLIST_FOR_EACH(thing, m, GAP_SYMBOL(m, hashed), node)
	count++;
	assert_int_equal(gap_monitor_end(m, &error), GAP_PARTIAL);
}

static void a_kernel_that_lacks_something_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct gap_monitor *m = NULL;
	struct gap_error error = {""};

	gap_monitor_close(fixture->m);
	gap_guest_close(fixture->guest);
	synthetic_profile(&fixture->synthetic, &(struct synthetic_profile){0});
	fixture->guest = synthetic_open(&fixture->synthetic);
	fixture->m = NULL;
	assert_int_equal(gap_monitor_open(fixture->guest, GAP_PLAN, &m, &error), GAP_NOT_FOUND);
	assert_null(m);
	assert_non_null(strstr(error.text, SYNTHETIC_RELEASE));
	assert_non_null(strstr(error.text, "test_monitor.c:"));
	assert_non_null(strstr(error.text, "is required"));
}

/* A header made for one build holds its numbers, for that build alone. */
static void constants_are_for_one_build(void **state)
{
	struct fixture *fixture = *state;
	struct gap_plan plan = *GAP_PLAN;
	struct gap_slot *constants = calloc(plan.count, sizeof(*constants));
	struct gap_monitor *m = NULL;
	struct gap_error error = {""};

	assert_non_null(constants);
	assert_int_equal(gap_bind_slots(fixture->synthetic.profile, GAP_PLAN, constants, NULL),
			 GAP_OK);
	plan.constants = constants;
	plan.build_id = "0123456789abcdee";
	assert_int_equal(gap_monitor_open(fixture->guest, &plan, &m, &error), GAP_MISMATCH);
	assert_non_null(strstr(error.text, "0123456789abcdee"));
	assert_non_null(strstr(error.text, SYNTHETIC_BUILD_ID));
	plan.build_id = SYNTHETIC_BUILD_ID;
	assert_int_equal(gap_monitor_open(fixture->guest, &plan, &m, &error), GAP_OK);
	assert_memory_equal(m->slots, fixture->m->slots, plan.count * sizeof(*constants));
	gap_monitor_close(m);
	free(constants);
}

int main(void)
{
#define WITH_GUEST(test) cmocka_unit_test_setup_teardown(test, make_fixture, drop_fixture)
	const struct CMUnitTest tests[] = {
		WITH_GUEST(values_have_their_width_and_sign),
		WITH_GUEST(paths_follow_pointers_and_stay_in_structures),
		WITH_GUEST(texts_end_where_the_kernels_do),
		WITH_GUEST(lists_are_walked),
		WITH_GUEST(each_cpu_has_its_own),
		WITH_GUEST(absent_things_are_told_apart),
		WITH_GUEST(failures_are_counted_and_the_first_is_told),
		WITH_GUEST(bent_lists_end),
		WITH_GUEST(a_kernel_that_lacks_something_is_refused),
		WITH_GUEST(constants_are_for_one_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
