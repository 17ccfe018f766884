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
	uint32_t list, name, self, heads, pages, stride; /* stride 0: one pointer to pages */
};

static const struct layout layouts[] = {
	{8, 24, 96, 112, 320, 0},    /* as before 6.4 */
	{8, 24, 96, 112, 320, 72},   /* an array of memories */
	{400, 16, 88, 200, 120, 72}, /* shuffled */
	{136, 320, 24, 40, 240, 0},  {300 - 4, 8, 400, 416, 96, 0},
};

static const char list[] = "module.name\nmodule.list\nmodule.mem|core_layout.base\nmodule.state\n";

struct scene {
	struct graph graph;
	struct layout layout;
	uint64_t area;
	struct infer_symbols *symbols;
};

static unsigned char *area_at(struct scene *scene, uint64_t address)
{
	return synthetic_physical(&scene->graph.guest, address - scene->area + AREA_PHYSICAL);
}

static void put(struct scene *scene, uint64_t address, uint64_t value)
{
	unsigned char *at =
		address >= scene->area && address < scene->area + AREA_BYTES
			? area_at(scene, address)
			: synthetic_image(&scene->graph.guest, address - scene->graph.guest.slide);

	synthetic_put64(at, value);
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
	for (unsigned i = 0; i < 2; i++) /* heads of empty lists */
		put(scene, module + layout->heads + 8 * i, module + layout->heads);
	for (unsigned i = 0; i < (layout->stride ? 3 : 1); i++) {
		uint64_t part = module + layout->pages + layout->stride * i;
		bool own = i == 1 || !layout->stride; /* where the structure itself is */

		put(scene, part,
		    own ? module & ~UINT64_C(0xfff)
			: scene->area + 0x10000 + (index * 4 + i) * 0x1000);
		put(scene, part + (layout->stride ? 24 : 8), own ? MODULE_BYTES : 0x1000 * (i + 1));
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
	uint32_t name, list, pages; /* offsets in bytes, or NOWHERE */
	uint32_t pages_bits;
	bool named;
	unsigned name_index;
};

static struct found look(struct scene *scene)
{
	struct found found = {.name = NOWHERE, .list = NOWHERE, .pages = NOWHERE};
	uint32_t *const offsets[] = {&found.name, &found.list, &found.pages};
	struct infer_fields fields;
	struct infer_claims *claims;

	assert_int_equal(infer_fields_parse(&fields, list, sizeof(list) - 1, "list", NULL), GAP_OK);
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	assert_int_equal(infer_data_evidence(&scene->graph.kernel, &fields, claims, NULL), GAP_OK);
	for (uint32_t i = 0; i < infer_claims_count(claims); i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);

		assert_true(claim->field < 3); /* nothing is said of the state */
		assert_int_equal(*offsets[claim->field], NOWHERE);
		*offsets[claim->field] = claim->offset_bits / 8;
		if (claim->field == 2) {
			found.pages_bits = claim->width_bits;
			found.named = claim->named;
			found.name_index = claim->name_index;
		}
	}
	infer_claims_destroy(claims);
	infer_fields_deinit(&fields);
	return found;
}

static void every_layout_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		for (int named = 0; named < 2; named++) {
			struct scene scene;
			struct found found;

			scene_init(&scene, &layouts[i]);
			if (named)
				name_head(&scene, head_of(&scene));
			found = look(&scene);
			if (found.name != layouts[i].name || found.list != layouts[i].list ||
			    found.pages != layouts[i].pages)
				fail_msg("layout %zu, %d: name %d, list %d, pages %d", i, named,
					 (int)found.name, (int)found.list, (int)found.pages);
			/* An array of memories, or a structure of one. */
			assert_true(found.named);
			assert_int_equal(found.name_index, layouts[i].stride ? 0 : 1);
			assert_int_equal(found.pages_bits, layouts[i].stride ? 0 : 64);
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
			if (found.name != NOWHERE || found.list != NOWHERE ||
			    found.pages != NOWHERE)
				fail_msg("%s: name %d, list %d, pages %d", cases[i].what,
					 (int)found.name, (int)found.list, (int)found.pages);
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
		assert_int_equal(look(&scene).list, NOWHERE);
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
		assert_int_equal(look(&scene).pages, layout.pages);
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
			assert_int_equal(found.pages, layout->stride ? NOWHERE : layout->pages);
			assert_false(found.named);
			scene_deinit(&scene);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_found),
		cmocka_unit_test(what_is_no_list_of_modules_is_left),
		cmocka_unit_test(a_symbol_that_leads_nowhere_is_no_head),
		cmocka_unit_test(other_pages_are_no_parts),
		cmocka_unit_test(memory_of_unknown_size_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
