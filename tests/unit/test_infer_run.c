/* SPDX-License-Identifier: MIT */
/* All of inference, on a guest made in code: which evidence is taken, what each flag masks, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/infer.h"
#include "tests/support/met_kernel.h"

struct run {
	struct met_kernel kernel;
	struct infer_fields fields;
	struct infer_options options;
	struct infer_result result;
	struct gap_error error;
	char warnings[2048];
	char steps[512];
	const char *stop_at; /* the step at which the caller cancels */
	enum gap_status status;
};

static void hear(void *context, const char *text)
{
	struct run *run = context;
	size_t length = strlen(run->warnings);

	snprintf(run->warnings + length, sizeof(run->warnings) - length, "%s\n", text);
}

static bool proceed(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct run *run = context;
	size_t length = strlen(run->steps);

	(void)done;
	(void)total;
	snprintf(run->steps + length, sizeof(run->steps) - length, "%s\n", what);
	return !run->stop_at || strcmp(run->stop_at, what) != 0;
}

static void infer(struct run *run)
{
	run->options.warn = hear;
	run->options.progress = proceed;
	run->options.context = run;
	run->options.min_confidence = INFER_MIN_CONFIDENCE;
	assert_int_equal(infer_fields_default(&run->fields, NULL), GAP_OK);
	run->status = infer_run(&run->result, &run->kernel.graph.guest.memory, &run->fields,
				&run->options, &run->error);
}

static void run_deinit(struct run *run)
{
	if (!run->status)
		infer_result_deinit(&run->result);
	infer_fields_deinit(&run->fields);
	met_kernel_deinit(&run->kernel);
}

static const struct met_kernel_options everything = {.graph = {.seed = 11, .mappings_in_tree = 1},
						     .kallsyms = true,
						     .exports = true,
						     .types = true,
						     .coreinfo = true};

/* How many of the fields that the guest has are answered; a wrong one fails. */
static unsigned count_right(const struct run *run)
{
	struct graph_member member;
	unsigned right = 0;

	for (size_t i = 0; graph_member_at(i, &member); i++) {
		struct gap_location location;
		gap_type_id type;

		if (infer_fields_find(&run->fields, member.type, member.name, NULL) == INFER_NONE ||
		    gap_profile_find_type(run->result.opened, member.type, &type, NULL) ||
		    gap_profile_find_member(run->result.opened, type, member.name, &location, NULL))
			continue;
		if (location.offset_bits != UINT64_C(8) * member.offset)
			fail_msg("%s.%s is inferred at %llu, and is at %u", member.type,
				 member.name, (unsigned long long)location.offset_bits / 8,
				 member.offset);
		right++;
	}
	return right;
}

static void flags_mask_evidence(void **state)
{
	static const struct {
		const char *what;
		bool no_btf, no_vmcoreinfo, no_kallsyms, no_ksymtab;
		bool from_types, coreinfo;
		const char *symbols_from;
	} cases[] = {
		{"nothing", 0, 0, 0, 0, true, true, "kallsyms"},
		{"types", 1, 0, 0, 0, false, true, "kallsyms"},
		{"VMCOREINFO", 0, 1, 0, 0, true, false, "kallsyms"},
		{"types, VMCOREINFO", 1, 1, 0, 0, false, false, "kallsyms"},
		{"kallsyms", 1, 1, 1, 0, false, false, "ksymtab"},
		{"all symbols", 1, 1, 1, 1, false, false, "nowhere"},
		{"symbols but VMCOREINFO's", 1, 0, 1, 1, false, true, "nowhere"},
		{"exports, which are not needed", 1, 1, 0, 1, false, false, "kallsyms"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct run run = {.options = {.no_btf = cases[i].no_btf,
					      .no_vmcoreinfo = cases[i].no_vmcoreinfo,
					      .no_kallsyms = cases[i].no_kallsyms,
					      .no_ksymtab = cases[i].no_ksymtab}};

		met_kernel_init(&run.kernel, &everything);
		infer(&run);
		if (run.status)
			fail_msg("masked %s: %s", cases[i].what, run.error.text);
		if (run.result.from_types != cases[i].from_types)
			fail_msg("masked %s: %s", cases[i].what, run.warnings);
		assert_string_equal(run.result.symbols_from, cases[i].symbols_from);
		assert_int_equal(run.result.coreinfo.build_id_bytes, cases[i].coreinfo ? 20 : 0);
		assert_true(count_right(&run) > 55);
		run_deinit(&run);
	}
}

/* What the kernel does not have is looked for, and its absence is no error. */
static void a_kernel_may_say_nothing_of_itself(void **state)
{
	struct run run = {.status = GAP_OK};

	(void)state;
	met_kernel_init(&run.kernel, &(struct met_kernel_options){.graph = everything.graph});
	infer(&run);
	assert_int_equal(run.status, GAP_OK);
	assert_false(run.result.from_types);
	assert_string_equal(run.result.symbols_from, "nowhere");
	assert_true(count_right(&run) > 55);
	run_deinit(&run);
}

static void infer_forged(struct run *run, const char *forged, const char *with)
{
	struct met_kernel_options options = everything;

	options.forged = forged;
	options.forged_with = with;
	met_kernel_init(&run->kernel, &options);
	infer(run);
	assert_int_equal(run->status, GAP_OK);
}

/* Types of which an anchor says otherwise are refused, and then fields are inferred. */
static void forged_types_are_refused(void **state)
{
	static const char *const forged[] = {"task_struct.tasks", "task_struct.pid", "cred.uid",
					     "uts_namespace.name", "task_struct.comm"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(forged); i++) {
		struct run run = {.status = GAP_OK};

		infer_forged(&run, forged[i], NULL);
		if (run.result.from_types || !strstr(run.warnings, "BTF is not believed") ||
		    !strstr(run.warnings, forged[i]))
			fail_msg("%s: %s", forged[i], run.warnings);
		assert_true(count_right(&run) > 55);
		run_deinit(&run);
	}
}

/* Types that put a member where another one is are refused, whatever memory says. */
static void a_member_moved_into_another_is_seen(void **state)
{
	struct run run = {.status = GAP_OK};

	(void)state;
	infer_forged(&run, "mm_struct.map_count", NULL);
	assert_false(run.result.from_types);
	if (!strstr(run.warnings, "mm_struct.start_stack in the place of map_count"))
		fail_msg("%s", run.warnings);
	run_deinit(&run);
}

/* Where objects alone say otherwise, and no function is there to be asked, it is told. */
static void a_doubt_about_types_is_told(void **state)
{
	static const char *const forged[][2] = {
		{"fdtable.fd", "fdtable.open_fds"},
		{"mm_struct.map_count", "mm_struct.mm_users"},
		{"vm_area_struct.vm_end", "vm_area_struct.vm_start"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(forged); i++) {
		struct run run = {.status = GAP_OK};
		char words[96];

		infer_forged(&run, forged[i][0], forged[i][1]);
		snprintf(words, sizeof(words), "memory may say otherwise of %s", forged[i][0]);
		if (!run.result.from_types || !strstr(run.warnings, words))
			fail_msg("%s: %s", forged[i][0], run.warnings);
		run_deinit(&run);
	}
}

/* Types that are true are believed without a word. */
static void true_types_raise_no_doubt(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct met_kernel_options options = everything;
		struct run run = {.status = GAP_OK};

		options.graph.seed = seed;
		met_kernel_init(&run.kernel, &options);
		infer(&run);
		assert_int_equal(run.status, GAP_OK);
		if (!run.result.from_types || *run.warnings)
			fail_msg("seed %u: %s", (unsigned)seed, run.warnings);
		run_deinit(&run);
	}
}

static void no_kernel_is_an_error(void **state)
{
	struct run run = {.status = GAP_OK};

	(void)state;
	met_kernel_init(&run.kernel, &everything);
	memset(run.kernel.graph.guest.ram, 0, SYNTHETIC_RAM_BYTES);
	infer(&run);
	assert_int_equal(run.status, GAP_NOT_FOUND);
	assert_string_not_equal(run.error.text, "");
	assert_null(run.result.profile);
	assert_null(run.result.symbols);
	run_deinit(&run);
}

/* Image, banner and page tables are there, and nothing else: no profile of that. */
static void a_kernel_that_says_nothing_is_an_error(void **state)
{
	struct run run = {.options = {.no_btf = true,
				      .no_vmcoreinfo = true,
				      .no_kallsyms = true,
				      .no_ksymtab = true}};
	unsigned char *image;

	(void)state;
	met_kernel_init(&run.kernel, &everything);
	image = synthetic_physical(&run.kernel.graph.guest, SYNTHETIC_IMAGE_AT);
	memset(image + 0x1000, 0, SYNTHETIC_ROOT - SYNTHETIC_TEXT - 0x1000);
	memset(image + 0x202000, 0, 0x400000 - 0x202000);
	infer(&run);
	assert_int_equal(run.status, GAP_NOT_FOUND);
	assert_non_null(strstr(run.error.text, "nothing could be told"));
	run_deinit(&run);
}

static void every_step_can_be_cancelled(void **state)
{
	static const char *const steps[] = {"looking for the kernel", "reading symbols",
					    "reading types", "reading code", "reading objects"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct run run = {.options = {.no_btf = true}, .stop_at = steps[i]};

		met_kernel_init(&run.kernel, &everything);
		infer(&run);
		assert_int_equal(run.status, GAP_CANCELLED);
		if (!strstr(run.steps, steps[i]))
			fail_msg("there is no step \"%s\"", steps[i]);
		run_deinit(&run);
	}
}

/* A prior with four-byte pointers is refused by name; one of this very kernel adds answers. */
static void priors_are_asked(void **state)
{
	struct run without = {.options = {.no_btf = true}}, with = without;
	const struct gap_profile *prior;
	uint32_t claimed[2] = {0};

	(void)state;
	met_kernel_init(&without.kernel, &everything);
	infer(&without);
	met_kernel_init(&with.kernel, &everything);
	prior = with.kernel.truth.profile;
	with.options.priors = &prior;
	with.options.prior_count = 1;
	infer(&with);
	assert_int_equal(without.status | with.status, GAP_OK);
	for (uint32_t i = 0; i < with.fields.count; i++) {
		claimed[0] += without.result.verdicts[i].answer == INFER_CLAIMED;
		claimed[1] += with.result.verdicts[i].answer == INFER_CLAIMED;
	}
	assert_true(claimed[1] >= claimed[0]);
	assert_null(strstr(with.warnings, "prior"));
	count_right(&with);
	run_deinit(&with);
	run_deinit(&without);
}

static void a_prior_of_another_width_is_named(void **state)
{
	struct run run = {.options = {.no_btf = true}};
	struct gap_builder *builder = make_builder();
	const struct gap_profile *prior;
	struct frozen narrow;

	(void)state;
	gap_builder_target_set(builder,
			       &(struct gap_build_target){.machine = 3, .pointer_bytes = 4});
	make_struct(builder, "cred", 8,
		    MAKE_MEMBERS({.name = "uid", .type = make_int(builder, "int", 4)}));
	narrow = freeze(builder, 0);
	prior = narrow.profile;
	run.options.priors = &prior;
	run.options.prior_count = 1;
	met_kernel_init(&run.kernel, &everything);
	infer(&run);
	assert_int_equal(run.status, GAP_OK);
	assert_non_null(strstr(run.warnings, "prior 1 is not used"));
	run_deinit(&run);
	frozen_deinit(&narrow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_mask_evidence),
		cmocka_unit_test(a_kernel_may_say_nothing_of_itself),
		cmocka_unit_test(forged_types_are_refused),
		cmocka_unit_test(a_member_moved_into_another_is_seen),
		cmocka_unit_test(a_doubt_about_types_is_told),
		cmocka_unit_test(true_types_raise_no_doubt),
		cmocka_unit_test(no_kernel_is_an_error),
		cmocka_unit_test(a_kernel_that_says_nothing_is_an_error),
		cmocka_unit_test(every_step_can_be_cancelled),
		cmocka_unit_test(priors_are_asked),
		cmocka_unit_test(a_prior_of_another_width_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
