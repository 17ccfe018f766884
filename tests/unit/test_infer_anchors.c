/* SPDX-License-Identifier: MIT */
/* What is so in every kernel, held against a guest's memory: each kind of test agrees, and notices when it is not so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/infer.h"
#include "tests/support/met_kernel.h"

#define AGREE_MIN 12u /* what inference wants at least */

/* A kernel whose types were believed: its profile has what the anchors name. */
struct scene {
	struct met_kernel kernel;
	struct infer_fields fields;
	struct infer_result result;
	struct infer_anchors anchors;
};

static void scene_init(struct scene *scene)
{
	const struct infer_options options = {.min_confidence = INFER_MIN_CONFIDENCE};

	memset(scene, 0, sizeof(*scene));
	met_kernel_init(&scene->kernel,
			&(struct met_kernel_options){.graph = {.seed = 9, .mappings_in_tree = 1},
						     .kallsyms = true,
						     .types = true});
	assert_int_equal(infer_fields_default(&scene->fields, NULL), GAP_OK);
	assert_int_equal(infer_run(&scene->result, &scene->kernel.graph.guest.memory,
				   &scene->fields, &options, NULL),
			 GAP_OK);
	assert_true(scene->result.from_types);
}

static void check(struct scene *scene, const struct gap_profile *profile)
{
	infer_anchors_deinit(&scene->anchors);
	assert_int_equal(infer_anchors_check(&scene->anchors, scene->result.kernel.guest, profile,
					     scene->kernel.graph.guest.slide, NULL),
			 GAP_OK);
}

static void scene_deinit(struct scene *scene)
{
	infer_anchors_deinit(&scene->anchors);
	infer_result_deinit(&scene->result);
	infer_fields_deinit(&scene->fields);
	met_kernel_deinit(&scene->kernel);
}

static const struct infer_anchor *find(const struct scene *scene, const char *path)
{
	for (unsigned i = 0; i < scene->anchors.count; i++)
		if (strcmp(scene->anchors.rows[i].path, path) == 0)
			return &scene->anchors.rows[i];
	fail_msg("there is no anchor %s", path);
	return NULL;
}

static void an_honest_guest_agrees(void **state)
{
	struct scene scene;
	unsigned agree = 0;

	(void)state;
	scene_init(&scene);
	check(&scene, scene.result.opened);
	for (unsigned i = 0; i < scene.anchors.count; i++)
		agree += scene.anchors.rows[i].outcome == INFER_ANCHOR_AGREES;
	assert_int_equal(scene.anchors.disagree, 0);
	assert_int_equal(scene.anchors.agree, agree);
	assert_true(agree >= AGREE_MIN);
	/* Of what the guest has not, nothing is said. */
	assert_int_equal(find(&scene, "+task_struct.fs")->outcome, INFER_ANCHOR_SILENT);
	assert_int_equal(find(&scene, "+mm_struct.pgd")->outcome, INFER_ANCHOR_SILENT);
	scene_deinit(&scene);
}

/* A profile with the types and without symbols has nowhere to begin. */
static void without_symbols_nothing_is_said(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	check(&scene, scene.kernel.truth.profile);
	assert_int_equal(scene.anchors.agree, 0);
	assert_int_equal(scene.anchors.disagree, 0);
	scene_deinit(&scene);
}

static void another_slide_agrees_with_nothing(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.kernel.graph.guest.slide += 0x1000;
	check(&scene, scene.result.opened);
	assert_true(scene.anchors.disagree > AGREE_MIN / 2);
	scene.kernel.graph.guest.slide -= 0x1000;
	scene_deinit(&scene);
}

#define PROCESS_1 "+task_struct.tasks > -task_struct.tasks "
#define UNMAPPED UINT64_C(0x1122334455667788)
#define ELSEWHERE UINT64_MAX /* a place that can be read, and is not the right one */

/* One word of init_task is bent, or of what it leads to by one member. */
static void each_test_notices(void **state)
{
	static const struct {
		const char *path;
		const char *through; /* a member of init_task that is followed; NULL none */
		const char *type, *member;
		uint32_t at;
		uint64_t value;
	} cases[] = {
		{"+task_struct.comm", NULL, "task_struct", "comm", 0, 0x7265646e69},
		{"+task_struct.real_parent", NULL, "task_struct", "real_parent", 0, UNMAPPED},
		{"+task_struct.tasks", NULL, "task_struct", "tasks", 8, UNMAPPED},
		{"+task_struct.tasks", NULL, "task_struct", "tasks", 0, ELSEWHERE},
		{"+task_struct.tasks", NULL, "task_struct", "tasks", 8, ELSEWHERE},
		{"+task_struct.children", NULL, "task_struct", "children", 0, UNMAPPED},
		{"+task_struct.mm", NULL, "task_struct", "mm", 0, 8},
		{"+task_struct.pid", NULL, "task_struct", "pid", 0, 1},
		{"+task_struct.flags", NULL, "task_struct", "flags", 0, 2},
		{"+task_struct.stack", NULL, "task_struct", "stack", 0, UNMAPPED},
		{"+task_struct.cred", NULL, "task_struct", "cred", 0, ELSEWHERE},
		{"+task_struct.real_cred > +cred.uid", "real_cred", "cred", "uid", 0, 7},
		{"+task_struct.real_cred > +cred.user_ns", "real_cred", "cred", "user_ns", 0,
		 UNMAPPED},
		{"+task_struct.nsproxy", NULL, "task_struct", "nsproxy", 0, UNMAPPED},
		{"+task_struct.nsproxy > +nsproxy.uts_ns", NULL, "task_struct", "nsproxy", 0,
		 UNMAPPED},
		{"+task_struct.nsproxy > +nsproxy.uts_ns > +uts_namespace.name", NULL,
		 "task_struct", "nsproxy", 0, UNMAPPED},
		{"+task_struct.signal > +signal_struct.thread_head", "signal", "signal_struct",
		 "thread_head", 0, UNMAPPED},
		{PROCESS_1 "+task_struct.pid", NULL, "task_struct", "tasks", 0, UNMAPPED},
		{PROCESS_1 "+task_struct.real_parent", NULL, "task_struct", "tasks", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct scene scene;
		struct graph *graph = &scene.kernel.graph;
		uint64_t object, value;

		scene_init(&scene);
		value = cases[i].value == ELSEWHERE ? graph->init_task : cases[i].value;
		check(&scene, scene.result.opened);
		if (find(&scene, cases[i].path)->outcome != INFER_ANCHOR_AGREES)
			fail_msg("%s does not agree", cases[i].path);
		object = graph->init_task;
		if (cases[i].through)
			object = graph_get(
				graph, object + graph_offset("task_struct", cases[i].through), 8);
		graph_put(graph,
			  object + graph_offset(cases[i].type, cases[i].member) + cases[i].at,
			  value, value > UINT32_MAX ? 8 : 4);
		check(&scene, scene.result.opened);
		if (find(&scene, cases[i].path)->outcome != INFER_ANCHOR_DISAGREES)
			fail_msg("%s does not notice", cases[i].path);
		assert_true(scene.anchors.disagree > 0);
		scene_deinit(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_honest_guest_agrees),
		cmocka_unit_test(without_symbols_nothing_is_said),
		cmocka_unit_test(another_slide_agrees_with_nothing),
		cmocka_unit_test(each_test_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
