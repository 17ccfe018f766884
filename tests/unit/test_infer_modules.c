/* SPDX-License-Identifier: MIT */
/* Evidence from the list of modules: members are found in any order, and what only looks like modules is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/object_graph.h"

#define AREA (SYNTHETIC_TEXT + 0x20000000) /* where modules are loaded, slide not counted */
#define AREA_PHYSICAL 0xc00000u
#define AREA_BYTES 0x40000u
#define HEAD (SYNTHETIC_TEXT + 0x60000)
#define MODULES 5u
#define MODULE_BYTES 0x2000u /* of the area, for each: the structure at 0x400, its text behind */

/* Offsets in struct module. */
struct layout {
	uint32_t list, name, self;
	uint32_t heads; /* of the lists of users, and of what is used, or the other way round */
	uint32_t pages, stride; /* stride 0: one pointer to pages */
	bool used_first;
};

static const struct layout layouts[] = {
	{8, 24, 96, 112, 320, 0, false},   /* as before 6.4 */
	{8, 24, 96, 112, 320, 72, false},  /* an array of memories */
	{400, 61, 24, 416, 120, 72, true}, /* shuffled: a name needs no alignment */
	{136, 320, 24, 40, 240, 0, true},  {300 - 4, 8, 400, 416, 96, 0, false},
};

enum {
	NAME,
	LIST,
	PAGES,
	STATE,
	CORE_SIZE,
	PART_BASE,
	PART_SIZE,
	USERS,
	LINK,
	SOURCE,
	REFCNT,
	FIELDS
};

static const char list[] =
	"module.name\nmodule.list\nmodule.mem|core_layout.base\nmodule.state\n"
	"module.core_layout.size\nmodule_memory.base\nmodule_memory.size\n"
	"module.source_list\nmodule_use.source_list\nmodule_use.source\nmodule.refcnt\n";

/* Who uses whom; modules are numbered from the one that was loaded last. */
static const struct pair {
	unsigned user, used;
} pairs[] = {{0, 2}, {0, 4}, {1, 4}};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))
#define REFERENCES 488 /* the count of references, where code says that it is */
#define USE_BYTES 48u

struct scene {
	struct graph graph;
	struct layout layout;
	uint64_t area;
	struct infer_symbols *symbols;
	uint64_t uses[PAIRS];
};

static unsigned char *area_at(struct scene *scene, uint64_t address)
{
	return synthetic_physical(&scene->graph.guest, address - scene->area + AREA_PHYSICAL);
}

static void put(struct scene *scene, uint64_t address, uint64_t value)
{
	if (address >= scene->area && address < scene->area + AREA_BYTES)
		synthetic_put64(area_at(scene, address), value);
	else
		graph_put(&scene->graph, address, value, 8);
}

static uint64_t module_at(const struct scene *scene, unsigned index)
{
	return scene->area + (uint64_t)index * MODULE_BYTES + 0x400;
}

static uint64_t head_of(const struct scene *scene)
{
	return HEAD + scene->graph.guest.slide;
}

/* The element @index of the list; 0 is the head. */
static uint64_t link_of(const struct scene *scene, unsigned index)
{
	return index % (MODULES + 1) == 0
		       ? head_of(scene)
		       : module_at(scene, index % (MODULES + 1) - 1) + scene->layout.list;
}

static void make_module(struct scene *scene, uint64_t module, unsigned index)
{
	const struct layout *layout = &scene->layout;
	uint64_t name[7] = {0};

	snprintf((char *)name, sizeof(name), "module_%u", index);
	for (unsigned i = 0; i < 7; i++)
		put(scene, module + layout->name + 8 * i, name[i]);
	put(scene, module + layout->self, module);
	for (unsigned i = 0; i < (layout->stride ? 3 : 1); i++) {
		uint64_t part = module + layout->pages + layout->stride * i;
		bool own = i == 1 || !layout->stride; /* where the structure itself is */

		put(scene, part,
		    own ? module & ~UINT64_C(0xfff)
			: scene->area + 0x10000 + (index * 4 + i) * 0x1000);
		if (layout->stride)
			put(scene, part + 40, module);
		put(scene, part + (layout->stride ? 24 : 8), own ? MODULE_BYTES : 0x1000 * (i + 1));
	}
}

/* ---- uses: source_list, target_list, source and target, one after the other ---- */

/* The head of a list of a module's. */
static uint64_t uses_of(const struct scene *scene, unsigned index, bool as_user)
{
	return module_at(scene, index) + scene->layout.heads +
	       (as_user != scene->layout.used_first ? 16 : 0);
}

/* The list of those that use @index, or of those that it uses. */
static void link_uses(struct scene *scene, unsigned index, bool as_user)
{
	uint64_t head = uses_of(scene, index, as_user), last = head;

	for (size_t i = 0; i < PAIRS; i++) {
		uint64_t link = scene->uses[i] + (as_user ? 16 : 0);

		if ((as_user ? pairs[i].user : pairs[i].used) != index)
			continue;
		put(scene, last, link);
		put(scene, link + 8, last);
		last = link;
	}
	put(scene, last, head);
	put(scene, head + 8, last);
}

static void make_uses(struct scene *scene)
{
	for (size_t i = 0; i < PAIRS; i++) {
		uint64_t use = synthetic_alloc(&scene->graph.guest, 2 * USE_BYTES + 64);

		use = (use + 63) & ~UINT64_C(63);
		scene->uses[i] = use;
		put(scene, use + 32, module_at(scene, pairs[i].user));
		put(scene, use + 40, module_at(scene, pairs[i].used));
	}
	for (unsigned i = 0; i < MODULES; i++) {
		uint64_t references = 1; /* of its own, as long as it is loaded */

		link_uses(scene, i, false);
		link_uses(scene, i, true);
		for (size_t k = 0; k < PAIRS; k++)
			references += pairs[k].used == i;
		put(scene, module_at(scene, i) + REFERENCES, references);
	}
}

static void scene_init(struct scene *scene, const struct layout *layout)
{
	memset(scene, 0, sizeof(*scene));
	graph_init(&scene->graph, &(struct graph_options){.seed = 2});
	scene->layout = *layout;
	scene->area = AREA + scene->graph.guest.slide;
	for (uint64_t at = 0; at < AREA_BYTES; at += 0x1000)
		synthetic_map(&scene->graph.guest, scene->area + at, AREA_PHYSICAL + at, 0x1000);
	for (unsigned i = 0; i < MODULES; i++)
		make_module(scene, module_at(scene, i), i);
	for (unsigned i = 0; i <= MODULES; i++) {
		put(scene, link_of(scene, i), link_of(scene, i + 1));
		put(scene, link_of(scene, i) + 8, link_of(scene, i + MODULES));
	}
	make_uses(scene);
}

/* The kernel's own table tells where the head is. */
static void name_head(struct scene *scene, uint64_t address)
{
	assert_int_equal(infer_symbols_create(&scene->symbols), GAP_OK);
	infer_symbols_add(scene->symbols, "modules", 7, 'd', address);
	assert_int_equal(infer_symbols_finish(scene->symbols), GAP_OK);
	scene->graph.kernel.symbols = scene->symbols;
}

static void scene_deinit(struct scene *scene)
{
	infer_symbols_destroy(scene->symbols);
	graph_deinit(&scene->graph);
}

#define NOWHERE UINT32_MAX

struct found {
	uint32_t at[FIELDS]; /* offsets in bytes, or NOWHERE */
	uint32_t pages_bits, part_bytes;
	bool named;
	unsigned name_index;
};

/* What the rules say; @code: functions tell where the count of references is. */
static struct found look_with(struct scene *scene, bool code)
{
	struct found found;
	struct infer_fields fields;
	struct infer_claims *claims;

	memset(&found, 0, sizeof(found));
	memset(found.at, 0xff, sizeof(found.at));
	assert_int_equal(infer_fields_parse(&fields, list, sizeof(list) - 1, "list", NULL), GAP_OK);
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	if (code)
		infer_claims_add(claims, &(struct infer_claim){.field = REFCNT,
							       .kind = INFER_CODE,
							       .offset_bits = 8 * REFERENCES});
	assert_int_equal(infer_data_evidence(&scene->graph.kernel, &fields, claims, NULL), GAP_OK);
	for (uint32_t i = code; i < infer_claims_count(claims); i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);

		assert_true(claim->field < FIELDS);
		assert_int_equal(found.at[claim->field], NOWHERE);
		found.at[claim->field] = claim->offset_bits / 8;
		if (claim->field == PAGES) {
			found.pages_bits = claim->width_bits;
			found.named = claim->named;
			found.name_index = claim->name_index;
		}
	}
	found.part_bytes = infer_claims_size_of(claims, "module_memory");
	assert_int_equal(found.at[STATE], NOWHERE); /* nothing is said of it */
	assert_int_equal(found.at[REFCNT], NOWHERE);
	infer_claims_destroy(claims);
	infer_fields_deinit(&fields);
	return found;
}

static struct found look(struct scene *scene)
{
	return look_with(scene, false);
}

static void hold_against(const struct found *found, const struct layout *layout)
{
	bool array = layout->stride != 0;

	assert_int_equal(found->at[NAME], layout->name);
	assert_int_equal(found->at[LIST], layout->list);
	assert_int_equal(found->at[PAGES], layout->pages);
	/* An array of memories, or a structure of one. */
	assert_true(found->named);
	assert_int_equal(found->name_index, array ? 0 : 1);
	assert_int_equal(found->pages_bits, array ? 0 : 64);
	assert_int_equal(found->at[CORE_SIZE], array ? NOWHERE : layout->pages + 8);
	assert_int_equal(found->at[PART_BASE], array ? 0 : NOWHERE);
	assert_int_equal(found->at[PART_SIZE], array ? 24 : NOWHERE);
	assert_int_equal(found->part_bytes, layout->stride);
	assert_int_equal(found->at[USERS], layout->heads + (layout->used_first ? 16 : 0));
	assert_int_equal(found->at[LINK], 0);
	assert_int_equal(found->at[SOURCE], 32);
}

static void every_layout_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		for (unsigned kind = 0; kind < 4; kind++) {
			struct scene scene;
			struct found found;

			scene_init(&scene, &layouts[i]);
			if (kind & 1)
				name_head(&scene, head_of(&scene));
			found = look_with(&scene, kind & 2);
			hold_against(&found, &layouts[i]);
			scene_deinit(&scene);
		}
}

/* ---- what is no list of modules ---- */

static void bend_broken_list(struct scene *scene)
{
	put(scene, link_of(scene, 3), link_of(scene, 2));
}

static void bend_no_list(struct scene *scene)
{
	put(scene, head_of(scene), head_of(scene));
	put(scene, head_of(scene) + 8, head_of(scene));
}

static void bend_single(struct scene *scene)
{
	put(scene, head_of(scene), link_of(scene, 1));
	put(scene, head_of(scene) + 8, link_of(scene, 1));
	put(scene, link_of(scene, 1), head_of(scene));
	put(scene, link_of(scene, 1) + 8, head_of(scene));
}

static void bend_twins(struct scene *scene)
{
	memcpy(area_at(scene, module_at(scene, 1) + scene->layout.name),
	       area_at(scene, module_at(scene, 0) + scene->layout.name), 56);
}

static void bend_name(struct scene *scene)
{
	memcpy(area_at(scene, module_at(scene, 1) + scene->layout.name), "no name!", 8);
}

static void bend_behind_name(struct scene *scene)
{
	*area_at(scene, module_at(scene, 1) + scene->layout.name + 50) = 'x';
}

static void bend_start(struct scene *scene)
{
	put(scene, module_at(scene, 4) + scene->layout.self, module_at(scene, 3));
}

/* A second word that leads to a place before the link, everywhere the same. */
static void bend_two_starts(struct scene *scene)
{
	for (unsigned i = 0; i < MODULES; i++)
		put(scene, module_at(scene, i) + scene->layout.self + 8,
		    module_at(scene, i) - 0x40);
}

/* One of the elements lies in the image, and is a module otherwise. */
static void bend_into_image(struct scene *scene)
{
	uint64_t stray = head_of(scene) + 0x1000 + scene->layout.list;

	make_module(scene, head_of(scene) + 0x1000, MODULES);
	put(scene, link_of(scene, MODULES), stray);
	put(scene, stray, head_of(scene));
	put(scene, stray + 8, link_of(scene, MODULES));
	put(scene, head_of(scene) + 8, stray);
}

static void what_is_no_list_of_modules_is_left(void **state)
{
	static const struct {
		const char *what;
		void (*bend)(struct scene *scene);
	} cases[] = {
		{"a list that does not close", bend_broken_list},
		{"an empty list", bend_no_list},
		{"a single element", bend_single},
		{"two of one name", bend_twins},
		{"a name that is none", bend_name},
		{"something behind a name", bend_behind_name},
		{"one without a pointer to itself", bend_start},
		{"two places that could be the start", bend_two_starts},
		{"an element in the image", bend_into_image},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int named = 0; named < 2; named++) {
			struct scene scene;
			struct found found;

			scene_init(&scene, &layouts[0]);
			if (named)
				name_head(&scene, head_of(&scene));
			cases[i].bend(&scene);
			found = look(&scene);
			for (unsigned k = 0; k < FIELDS; k++)
				if (found.at[k] != NOWHERE)
					fail_msg("%s: field %u at %u", cases[i].what, k,
						 found.at[k]);
			scene_deinit(&scene);
		}
}

static void a_symbol_that_leads_nowhere_is_no_head(void **state)
{
	static const uint64_t places[] = {0, 0x1000, HEAD + 8, UINT64_MAX - 3};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct scene scene;

		scene_init(&scene, &layouts[0]);
		name_head(&scene, places[i]);
		assert_int_equal(look(&scene).at[LIST], NOWHERE);
		scene_deinit(&scene);
	}
}

/* Other pointers to pages beside those of the parts lead nobody astray. */
static void other_pages_are_no_parts(void **state)
{
	(void)state;
	for (unsigned further = 8; further < 72; further += 8) {
		struct layout layout = layouts[1];
		struct scene scene;

		if (further == 24)
			continue; /* where sizes are */
		scene_init(&scene, &layout);
		for (unsigned i = 0; i < MODULES; i++) {
			put(&scene, module_at(&scene, i) + layout.pages + further,
			    module_at(&scene, i) & ~UINT64_C(0xfff));
			put(&scene, module_at(&scene, i) + layout.pages + further + 72,
			    scene.area + 0x30000 + 0x1000 * i);
		}
		assert_int_equal(look(&scene).at[PAGES], layout.pages);
		scene_deinit(&scene);
	}
}

/* Where one has no text, the array begins before what all of them have. */
static void a_part_that_is_empty_is_not_passed_over(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		struct scene scene;
		struct found found;

		scene_init(&scene, &layouts[1]);
		put(&scene, module_at(&scene, 2) + layouts[1].pages, 0);
		put(&scene, module_at(&scene, 2) + layouts[1].pages + 24, 0);
		if (kind) /* and of the others only one is everywhere */
			put(&scene, module_at(&scene, 2) + layouts[1].pages + 2 * 72, 0);
		found = look(&scene);
		assert_int_equal(found.at[NAME], layouts[1].name);
		assert_int_equal(found.at[PAGES], NOWHERE);
		assert_int_equal(found.at[PART_SIZE], NOWHERE);
		assert_int_equal(found.at[CORE_SIZE], NOWHERE);
		scene_deinit(&scene);
	}
}

/* Where no size is in every module's part, or in two places, a pointer alone may be any of them. */
static void memory_of_unknown_size_has_no_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (unsigned sizes = 0; sizes < 2; sizes++) {
			const struct layout *layout = &layouts[i];
			struct scene scene;
			struct found found;

			scene_init(&scene, layout);
			for (unsigned k = 0; k < MODULES; k++)
				for (unsigned part = 0; part < 3; part++) {
					uint64_t at = module_at(&scene, k) + layout->pages +
						      part * layout->stride;

					put(&scene, at + (layout->stride ? 24 : 8),
					    sizes ? UINT64_C(0x100000001) * MODULE_BYTES : 0);
				}
			found = look(&scene);
			assert_int_equal(found.at[PAGES], layout->stride ? NOWHERE : layout->pages);
			assert_false(found.named);
			scene_deinit(&scene);
		}
}

/* ---- what tells nothing of users ---- */

/* One was used by what was loaded before it. */
static void bend_mixed_order(struct scene *scene)
{
	put(scene, link_of(scene, 0), link_of(scene, 5));
	put(scene, link_of(scene, 5) + 8, link_of(scene, 0));
	put(scene, link_of(scene, 5), link_of(scene, 1));
	put(scene, link_of(scene, 1) + 8, link_of(scene, 5));
	put(scene, link_of(scene, 4), link_of(scene, 0));
	put(scene, link_of(scene, 0) + 8, link_of(scene, 4));
}

static void bend_broken_uses(struct scene *scene)
{
	put(scene, scene->uses[1] + 8, 0);
}

static void bend_stranger(struct scene *scene)
{
	put(scene, scene->uses[1] + 32, module_at(scene, 0) + 8);
}

static void bend_no_uses(struct scene *scene)
{
	for (unsigned i = 0; i < MODULES; i++)
		for (unsigned k = 0; k < 4; k++)
			put(scene, module_at(scene, i) + scene->layout.heads + 8 * k,
			    module_at(scene, i) + scene->layout.heads + 16 * (k / 2));
}

/* More users than references. */
static void bend_references(struct scene *scene)
{
	for (unsigned i = 0; i < MODULES; i++)
		put(scene, module_at(scene, i) + REFERENCES, 1 + 2 * (i == 0) + (i == 1));
}

static void uses_that_tell_nothing_are_left(void **state)
{
	static const struct {
		const char *what;
		void (*bend)(struct scene *scene);
		bool code;
	} cases[] = {
		{"no order", bend_mixed_order, false},
		{"a broken list", bend_broken_uses, true},
		{"what is no module", bend_stranger, true},
		{"nobody uses another", bend_no_uses, true},
		{"references that speak against the order", bend_references, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < 2; k++) {
			struct scene scene;
			struct found found;

			scene_init(&scene, &layouts[2 * k]);
			cases[i].bend(&scene);
			found = look_with(&scene, cases[i].code);
			if (found.at[NAME] != layouts[2 * k].name || found.at[USERS] != NOWHERE ||
			    found.at[LINK] != NOWHERE || found.at[SOURCE] != NOWHERE)
				fail_msg("%s: name %d, users %d", cases[i].what,
					 (int)found.at[NAME], (int)found.at[USERS]);
			scene_deinit(&scene);
		}
}

/* Where the order tells nothing, references may. */
static void references_tell_users(void **state)
{
	struct scene scene;
	struct found found;

	(void)state;
	scene_init(&scene, &layouts[0]);
	bend_mixed_order(&scene);
	found = look_with(&scene, true);
	assert_int_equal(found.at[USERS], layouts[0].heads);
	assert_int_equal(found.at[SOURCE], 32);
	scene_deinit(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_found),
		cmocka_unit_test(what_is_no_list_of_modules_is_left),
		cmocka_unit_test(a_symbol_that_leads_nowhere_is_no_head),
		cmocka_unit_test(other_pages_are_no_parts),
		cmocka_unit_test(a_part_that_is_empty_is_not_passed_over),
		cmocka_unit_test(memory_of_unknown_size_has_no_name),
		cmocka_unit_test(uses_that_tell_nothing_are_left),
		cmocka_unit_test(references_tell_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
