/* SPDX-License-Identifier: MIT */
/* BTF of loaded modules, as a kernel keeps it: found by its list and by number, tried, and added to the kernel's types; and
 * everything that a guest can do to that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/module_types.h"
#include "tests/support/guest_fixture.h"
#include "tests/support/making.h"
#include "tests/support/written_btf.h"

enum {
	ENTRY_BTF = 24,
	ENTRY_BYTES = 32,
	BTF_NAME = 0,
	BTF_DATA = 64,
	BTF_DATA_SIZE = 72,
	BTF_START_ID = 76,
	BTF_START_STRING = 80,
	BTF_OWN = 84,
	BTF_BASE = 88,
	BTF_BYTES = 96,
	MODULES_MAX = 16
};

#define LIST_AT (SYNTHETIC_TEXT + 0x4000)
#define KERNEL_AT (SYNTHETIC_TEXT + 0x4100)
#define NUMBERS_AT (SYNTHETIC_TEXT + 0x4200)

static const struct object_row rows[] = {
	{"btf_module", ENTRY_BYTES, "list", 0, "list_head"},
	{"btf_module", ENTRY_BYTES, "btf", ENTRY_BTF, "ptr"},
	{"btf", BTF_BYTES, "name", BTF_NAME, "u8*56"},
	{"btf", BTF_BYTES, "data", BTF_DATA, "ptr"},
	{"btf", BTF_BYTES, "data_size", BTF_DATA_SIZE, "u32"},
	{"btf", BTF_BYTES, "start_id", BTF_START_ID, "u32"},
	{"btf", BTF_BYTES, "start_str_off", BTF_START_STRING, "u32"},
	{"btf", BTF_BYTES, "kernel_btf", BTF_OWN, "u8"},
	{"btf", BTF_BYTES, "base_btf", BTF_BASE, "ptr"},
	{0},
};
static const struct object_symbol symbols[] = {
	{"btf_modules", LIST_AT}, {"btf_vmlinux", KERNEL_AT}, {"btf_idr", NUMBERS_AT}, {0}};
static const struct object_symbol list_only[] = {{"btf_modules", LIST_AT}, {0}};
static const struct object_symbol no_symbols[] = {{0}};

struct fixture {
	struct guest_fixture base;
	struct written_btf kernel;
	struct gap_builder *builder;
	struct gap_btf_base split_from;
	struct infer_fields fields;
	struct infer_module_types modules;
	struct infer_image image;
	uint64_t kernel_btf, entries[MODULES_MAX];
	unsigned count, warnings;
	char told[512]; /* the last warning */
};

/* ---- making ---- */

static struct written_btf kernel_types(void)
{
	struct written_btf btf = btf_begin();
	uint32_t i32 = btf_integer(&btf, "int", 4, BTF_SIGNED_INT);

	btf_type(&btf, BTF_STRUCT, "task_struct", 1, 0, 16);
	btf_three(&btf, "pid", i32, 64);
	btf_type(&btf, BTF_FWD, "only_declared", 0, 0, 0);
	return btf;
}

/* struct NAME { int first; struct task_struct task; }; the kernel's int is 1, its task_struct 2. */
static struct written_btf module_types(const struct fixture *fixture, const char *name)
{
	struct written_btf btf = btf_begin_split(&fixture->kernel);

	btf_type(&btf, BTF_STRUCT, name, 2, 0, 24);
	btf_three(&btf, "first", 1, 0);
	btf_three(&btf, "task", 2, 64);
	return btf;
}

static void set_head(struct fixture *fixture, uint64_t next, uint64_t prev)
{
	guest_fixture_set_image(&fixture->base, LIST_AT, next);
	guest_fixture_set_image(&fixture->base, LIST_AT + 8, prev);
}

static void link_last(struct fixture *fixture, uint64_t entry)
{
	struct synthetic *guest = &fixture->base.synthetic;
	uint64_t head = guest_fixture_slid(&fixture->base, LIST_AT);
	uint64_t last = fixture->count ? fixture->entries[fixture->count - 1] : 0;

	put64(guest, entry, 0, head);
	put64(guest, entry, 8, last ? last : head);
	if (last)
		put64(guest, last, 0, entry);
	set_head(fixture, last ? fixture->entries[0] : entry, entry);
	fixture->entries[fixture->count++] = entry;
}

/* A struct btf that holds these bytes. */
static uint64_t keep(struct fixture *fixture, const char *name, const struct written_btf *types)
{
	struct synthetic *guest = &fixture->base.synthetic;
	uint64_t btf = synthetic_alloc(guest, BTF_BYTES), data;
	size_t size_bytes;
	unsigned char *bytes = btf_assemble(types, &size_bytes);

	data = synthetic_alloc(guest, size_bytes);
	memcpy(synthetic_heap(guest, data), bytes, size_bytes);
	free(bytes);
	snprintf(synthetic_heap(guest, btf + BTF_NAME), 56, "%s", name);
	put64(guest, btf, BTF_DATA, data);
	put32(guest, btf, BTF_DATA_SIZE, (uint32_t)size_bytes);
	put32(guest, btf, BTF_START_ID, fixture->kernel.types + 1);
	put32(guest, btf, BTF_START_STRING, fixture->kernel.string_bytes);
	*(uint8_t *)synthetic_heap(guest, btf + BTF_OWN) = 1;
	put64(guest, btf, BTF_BASE, fixture->kernel_btf);
	return btf;
}

static uint64_t load(struct fixture *fixture, const char *name, const struct written_btf *types)
{
	uint64_t btf = keep(fixture, name, types);
	uint64_t entry = synthetic_alloc(&fixture->base.synthetic, ENTRY_BYTES);

	put64(&fixture->base.synthetic, entry, ENTRY_BTF, btf);
	link_last(fixture, entry);
	return btf;
}

static uint64_t load_plain(struct fixture *fixture, const char *name, const char *structure)
{
	struct written_btf types = module_types(fixture, structure);

	return load(fixture, name, &types);
}

static void hear(void *context, const char *text)
{
	struct fixture *fixture = context;

	fixture->warnings++;
	snprintf(fixture->told, sizeof(fixture->told), "%s", text);
}

static void read_kernel(struct fixture *fixture)
{
	size_t size_bytes;
	unsigned char *bytes;

	fixture->kernel = kernel_types();
	fixture->builder = make_builder();
	bytes = btf_assemble(&fixture->kernel, &size_bytes);
	assert_int_equal(gap_btf_read_base(fixture->builder, bytes, size_bytes, NULL, NULL,
					   &fixture->split_from, NULL),
			 GAP_OK);
	free(bytes);
}

static struct fixture *make_of(const struct object_row *structures,
			       const struct object_symbol *names)
{
	static const char asked[] = "task_struct.pid\nonly_declared.member\n";
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	guest_fixture_init(&fixture->base,
			   &(struct object_profile){.rows = structures, .symbols = names});
	read_kernel(fixture);
	fixture->kernel_btf = synthetic_alloc(&fixture->base.synthetic, BTF_BYTES);
	guest_fixture_set_image(&fixture->base, KERNEL_AT, fixture->kernel_btf);
	set_head(fixture, guest_fixture_slid(&fixture->base, LIST_AT),
		 guest_fixture_slid(&fixture->base, LIST_AT));
	assert_int_equal(
		infer_fields_parse(&fixture->fields, asked, sizeof(asked) - 1, "asked", NULL),
		GAP_OK);
	fixture->modules = (struct infer_module_types){.guest = fixture->base.guest,
						       .base = &fixture->split_from,
						       .fields = {&fixture->fields},
						       .warn = hear,
						       .context = fixture};
	return fixture;
}

static struct fixture *make(void)
{
	return make_of(rows, symbols);
}

static void add(struct fixture *fixture, uint32_t taken, uint32_t refused)
{
	struct gap_error error = {""};

	if (infer_module_types_add(&fixture->modules, fixture->builder, &error))
		fail_msg("%s", error.text);
	if (fixture->modules.taken != taken || fixture->modules.refused != refused)
		fail_msg("%u taken, %u refused: %s", fixture->modules.taken,
			 fixture->modules.refused, fixture->told);
}

/* What was made of it; the fixture ends. */
static struct frozen finish(struct fixture *fixture)
{
	struct frozen frozen;

	gap_builder_types_unify(fixture->builder);
	frozen = freeze(fixture->builder, 0);
	gap_btf_base_deinit(&fixture->split_from);
	infer_fields_deinit(&fixture->fields);
	guest_fixture_deinit(&fixture->base);
	free(fixture);
	return frozen;
}

static void drop(struct fixture *fixture)
{
	struct frozen frozen = finish(fixture);

	frozen_deinit(&frozen);
}

/* One module, and it is refused in these words; nothing of it stays. */
static void refused_saying(struct fixture *fixture, const char *words)
{
	struct frozen frozen;
	gap_type_id type;

	add(fixture, 0, 1);
	says(fixture->told, words);
	frozen = finish(fixture);
	assert_int_equal(gap_profile_module_count(frozen.profile), 0);
	assert_int_equal(gap_profile_find_type(frozen.profile, "private", &type, NULL),
			 GAP_NOT_FOUND);
	frozen_deinit(&frozen);
}

/* ---- honest guests ---- */

static void modules_join_the_kernel(void **state)
{
	struct fixture *fixture = make();
	struct gap_module_info module;
	struct gap_location location;
	struct frozen frozen;

	(void)state;
	load_plain(fixture, "second", "private");
	load_plain(fixture, "first", "own");
	load_plain(fixture, "third", "own"); /* what two have alike is one */
	add(fixture, 3, 0);
	assert_int_equal(fixture->warnings, 0);
	frozen = finish(fixture);
	assert_int_equal(gap_profile_module_count(frozen.profile), 3);
	assert_true(gap_profile_module(frozen.profile, 0, &module));
	assert_string_equal(module.name, "first");
	assert_int_equal(gap_profile_find_member(frozen.profile, type_called(&frozen, "private"),
						 "task.pid", &location, NULL),
			 GAP_OK);
	assert_int_equal(location.offset_bits, 128);
	type_called(&frozen, "own");
	frozen_deinit(&frozen);
}

/* A kernel without the list, without the structures, or with none loaded. */
static void none_is_no_error(void **state)
{
	static const struct object_row bare[] = {{0}};
	static const struct {
		const struct object_row *rows;
		const struct object_symbol *symbols;
	} cases[] = {{rows, symbols}, {rows, no_symbols}, {bare, symbols}, {bare, no_symbols}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture *fixture = make_of(cases[i].rows, cases[i].symbols);

		add(fixture, 0, 0);
		assert_int_equal(fixture->warnings, 0);
		drop(fixture);
	}
}

/* An IDR whose only node has @count entries, from number 1. */
static void put_numbers(struct fixture *fixture, const uint64_t *entries, unsigned count)
{
	struct synthetic *guest = &fixture->base.synthetic;
	uint64_t node = make_aligned(guest, XA_NODE_BYTES, 64);

	for (unsigned i = 0; i < count; i++)
		put64(guest, node, XA_SLOTS + 8 * (i + 1), entries[i]);
	guest_fixture_set_image(&fixture->base, NUMBERS_AT + XA_HEAD, node | 2);
}

static void what_left_the_list_is_found_by_number(void **state)
{
	struct fixture *fixture = make();
	struct written_btf types = module_types(fixture, "hidden"), other = kernel_types();
	uint64_t entries[3] = {fixture->kernel_btf};

	(void)state;
	put64(&fixture->base.synthetic, entries[0], BTF_OWN, 1);
	entries[1] = keep(fixture, "rootkit", &types);
	entries[2] = keep(fixture, "program", &other); /* of a BPF program */
	put64(&fixture->base.synthetic, entries[2], BTF_OWN, 0);
	load_plain(fixture, "honest", "private");
	put_numbers(fixture, entries, 3);
	add(fixture, 2, 0);
	assert_int_equal(fixture->warnings, 0);
	drop(fixture);
}

static void the_list_is_found_without_symbols(void **state)
{
	struct fixture *fixture = make_of(rows, no_symbols);
	struct infer_image image = {
		.address = guest_fixture_slid(&fixture->base, SYNTHETIC_TEXT),
		.bytes = synthetic_image(&fixture->base.synthetic, SYNTHETIC_TEXT),
		.size_bytes = 0x10000,
	};

	(void)state;
	load_plain(fixture, "one", "private");
	load_plain(fixture, "two", "own");
	fixture->modules.image = &image;
	add(fixture, 2, 0);
	drop(fixture);
}

/* ---- hostile guests ---- */

static void damage_is_refused_by_name(void **state)
{
	static const struct {
		uint32_t offset, value;
		const char *words;
	} cases[] = {
		{BTF_START_ID, 3, "module bad is not used: it stands upon other BTF"},
		{BTF_START_STRING, 3, "module bad is not used: it stands upon other BTF"},
		{BTF_BASE, 0x1000, "module bad is not used: it stands upon other BTF"},
		{BTF_DATA_SIZE, UINT32_MAX, "module bad is not used: it is larger"},
		{BTF_DATA_SIZE, (4 << 20) + 1, "module bad is not used: it is larger"},
		{BTF_DATA_SIZE, 4 << 20, "module bad is not used: it cannot be read"},
		{BTF_DATA_SIZE, 0, "module bad is not used: BTF is cut"},
		{BTF_DATA_SIZE, 40, "module bad is not used: BTF is cut"},
		{BTF_DATA, 0, "module bad is not used: it cannot be read"},
		{BTF_NAME, 0, "has an entry that is none"},
		{BTF_NAME, 0x20202020, "has an entry that is none"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture *fixture = make();
		uint64_t btf = load_plain(fixture, "bad", "private");

		put32(&fixture->base.synthetic, btf, cases[i].offset, cases[i].value);
		refused_saying(fixture, cases[i].words);
	}
}

/* Types that are wrong by themselves. */
static void wrong_types_are_refused(void **state)
{
	static const struct {
		const char *name;
		uint32_t kind, member, offset;
		const char *words;
	} cases[] = {
		{"private", BTF_STRUCT, 99, 0, "does not exist"},
		{"private", BTF_STRUCT, 4, 0, "contains itself"},
		{"private", 31, 1, 0, "kind 31"},
		{"task_struct", BTF_STRUCT, 1, 0, "describes task_struct anew"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture *fixture = make();
		struct written_btf types = btf_begin_split(&fixture->kernel);

		btf_type(&types, cases[i].kind, cases[i].name, 1, 0, 8);
		btf_three(&types, "member", cases[i].member, cases[i].offset);
		load(fixture, "bad", &types);
		refused_saying(fixture, cases[i].words);
	}
}

/* What the kernel only declares, a module may define. */
static void a_declared_structure_may_be_defined(void **state)
{
	struct fixture *fixture = make();

	(void)state;
	load_plain(fixture, "definer", "only_declared");
	add(fixture, 1, 0);
	drop(fixture);
}

static void one_bad_module_leaves_the_others(void **state)
{
	struct fixture *fixture = make();
	uint64_t bad;

	(void)state;
	load_plain(fixture, "one", "first_own");
	bad = load_plain(fixture, "bad", "private");
	put32(&fixture->base.synthetic, bad, BTF_DATA_SIZE, 40);
	load_plain(fixture, "two", "second_own");
	load_plain(fixture, "one", "third_own"); /* a name that was there */
	add(fixture, 2, 2);
	says(fixture->told, "module one is not used: there was a module of this name");
	drop(fixture);
}

static void loops_and_wild_links_end(void **state)
{
	static const uint64_t wild[] = {0, 8, 0xdead0000beef, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i <= COUNT_OF(wild); i++) {
		struct fixture *fixture = make_of(rows, list_only);

		load_plain(fixture, "one", "first_own");
		load_plain(fixture, "two", "second_own");
		load_plain(fixture, "three", "third_own");
		put64(&fixture->base.synthetic, fixture->entries[2], 0,
		      i < COUNT_OF(wild) ? wild[i] : fixture->entries[1]);
		add(fixture, 3, 0);
		says(fixture->told, "the list of the modules' BTF is broken");
		drop(fixture);
	}
}

/* All of it is bounded, and so are the words about it. */
static void a_thousand_bad_ones_are_told_shortly(void **state)
{
	struct fixture *fixture = make_of(rows, list_only);
	struct synthetic *guest = &fixture->base.synthetic;
	uint64_t head = guest_fixture_slid(&fixture->base, LIST_AT);
	uint64_t all = synthetic_alloc(guest, 1000 * ENTRY_BYTES);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t entry = all + (uint64_t)i * ENTRY_BYTES;

		put64(guest, entry, 0, i < 999 ? entry + ENTRY_BYTES : head);
		put64(guest, entry, 8, i ? entry - ENTRY_BYTES : head);
		put64(guest, entry, ENTRY_BTF, 8 + 8 * i);
	}
	set_head(fixture, all, all + 999 * ENTRY_BYTES);
	add(fixture, 0, 1000);
	assert_in_range(fixture->warnings, 2, 20);
	drop(fixture);
}

static void altered_anywhere_is_survived(void **state)
{
	struct fixture *fixture = make();
	struct written_btf types = module_types(fixture, "private");
	struct synthetic *guest = &fixture->base.synthetic;
	uint64_t btf = load(fixture, "one", &types);
	uint64_t data = get64(guest, btf, BTF_DATA);
	uint32_t size_bytes = BTF_HEADER_BYTES + types.count * 4 + types.string_bytes;
	unsigned taken = 0;

	(void)state;
	for (uint32_t at = 0; at < size_bytes; at++) {
		unsigned char *byte = synthetic_heap(guest, data + at);
		struct gap_builder *builder = make_builder();
		void *image = NULL;
		size_t image_bytes;

		*byte ^= 0x81;
		fixture->modules.taken = fixture->modules.refused = 0;
		assert_int_equal(infer_module_types_add(&fixture->modules, builder, NULL), GAP_OK);
		assert_int_equal(fixture->modules.taken + fixture->modules.refused, 1);
		taken += fixture->modules.taken;
		*byte ^= 0x81;
		(void)!gap_builder_freeze(builder, 0, &image, &image_bytes, NULL);
		free(image);
		gap_builder_destroy(builder);
	}
	assert_in_range(taken, 1, size_bytes - 1);
	drop(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_join_the_kernel),
		cmocka_unit_test(none_is_no_error),
		cmocka_unit_test(what_left_the_list_is_found_by_number),
		cmocka_unit_test(the_list_is_found_without_symbols),
		cmocka_unit_test(damage_is_refused_by_name),
		cmocka_unit_test(wrong_types_are_refused),
		cmocka_unit_test(a_declared_structure_may_be_defined),
		cmocka_unit_test(one_bad_module_leaves_the_others),
		cmocka_unit_test(loops_and_wild_links_end),
		cmocka_unit_test(a_thousand_bad_ones_are_told_shortly),
		cmocka_unit_test(altered_anywhere_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
