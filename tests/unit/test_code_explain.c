/* SPDX-License-Identifier: MIT */
/* Instructions around one, as a person reads them; and what a function shows, as claims. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/code_explain.h"
#include "tests/support/synthetic.h"

#define FUNCTION (SYNTHETIC_TEXT + 0x8000)
#define CALLEE (SYNTHETIC_TEXT + 0x8100)
#define BROKEN (SYNTHETIC_TEXT + 0x8200)
#define WITNESS (SYNTHETIC_TEXT + 0x8300)
#define LAST (SYNTHETIC_TEXT + 0x8400)

/* Of the function: where instructions begin. */
enum { PUSH = 0, MOVE = 1, LOAD = 4, CALL = 11, JUMP = 16, POP = 18, RETURN = 19 };

static const unsigned char function[] = {
	0x55,                                     /* push rbp */
	0x48, 0x89, 0xe5,                         /* mov rbp, rsp */
	0x48, 0x8b, 0x87, 0x38, 0x01, 0x00, 0x00, /* mov rax, [rdi + 0x138] */
	0xe8, 0xf0, 0x00, 0x00, 0x00,             /* call the callee */
	0xeb, 0x00,                               /* jmp to what follows */
	0x5d,                                     /* pop rbp */
	0xc3,                                     /* ret */
};
static const unsigned char broken[] = {0x90, 0x06, 0x90, 0xc3}; /* the second is no instruction */
static const unsigned char witness[] = {
	0x83, 0x7f, 0x18, 0x02, /* cmp dword [rdi + 24], 2 */
	0x0f, 0x95, 0xc0,       /* setne al */
	0xc3,                   /* ret */
};

struct scene {
	struct synthetic guest;
	struct gap_guest *opened;
	struct infer_symbols *symbols;
	struct infer_kernel kernel;
	char text[16][96];
	uint64_t at[16];
	uint32_t count, deciding; /* the line that was marked */
};

static void put(struct scene *scene, uint64_t linked, const unsigned char *bytes, size_t size)
{
	memset(synthetic_image(&scene->guest, linked), 0xcc, 0x100);
	memcpy(synthetic_image(&scene->guest, linked), bytes, size);
}

static void name(struct scene *scene, const char *text, uint64_t linked)
{
	infer_symbols_add(scene->symbols, text, strlen(text), 'T', linked + scene->guest.slide);
}

/* @others: two more functions, or NULL. */
static void scene_init_with(struct scene *scene, const char *const others[2])
{
	memset(scene, 0, sizeof(*scene));
	synthetic_init(&scene->guest, 4);
	put(scene, FUNCTION, function, sizeof(function));
	put(scene, BROKEN, broken, sizeof(broken));
	put(scene, WITNESS, witness, sizeof(witness));
	scene->opened = synthetic_open(&scene->guest);
	assert_int_equal(infer_symbols_create(&scene->symbols), GAP_OK);
	name(scene, "explained", FUNCTION);
	name(scene, "callee", CALLEE);
	name(scene, "broken", BROKEN);
	name(scene, "try_module_get", WITNESS);
	name(scene, "last", LAST);
	name(scene, "far_away", SYNTHETIC_TEXT + 0x10000000);
	name(scene, "further_away", SYNTHETIC_TEXT + 0x10001000);
	for (unsigned i = 0; i < 2; i++)
		if (others[i])
			name(scene, others[i], LAST + 64 * (i + 1));
	assert_int_equal(infer_symbols_finish(scene->symbols), GAP_OK);
	scene->kernel = (struct infer_kernel){.memory = &scene->guest.memory,
					      .guest = scene->opened,
					      .machine = EM_X86_64,
					      .pointer_bytes = 8,
					      .symbols = scene->symbols};
}

static void scene_init(struct scene *scene)
{
	scene_init_with(scene, (const char *const[]){NULL, NULL});
}

static void scene_deinit(struct scene *scene)
{
	infer_symbols_destroy(scene->symbols);
	gap_guest_close(scene->opened);
	synthetic_deinit(&scene->guest);
}

static void keep(void *context, uint64_t address, const char *text, bool deciding)
{
	struct scene *scene = context;

	assert_true(scene->count < 16);
	snprintf(scene->text[scene->count], sizeof(scene->text[0]), "%s", text);
	scene->at[scene->count] = address - scene->guest.slide;
	if (deciding)
		scene->deciding = scene->count;
	scene->count++;
}

static enum gap_status explain(struct scene *scene, uint64_t linked, unsigned before,
			       unsigned after)
{
	scene->count = 0;
	scene->deciding = UINT32_MAX;
	return infer_code_explain(&scene->kernel, linked + scene->guest.slide, before, after, keep,
				  scene);
}

/* ---- listings ---- */

static void lines_are_those_around(void **state)
{
	static const struct {
		unsigned at, before, after;
		unsigned first, last, lines, deciding;
	} cases[] = {
		{LOAD, 1, 1, MOVE, CALL, 3, 1},     {LOAD, 0, 0, LOAD, LOAD, 1, 0},
		{LOAD, 9, 0, PUSH, LOAD, 3, 2},     {PUSH, 5, 1, PUSH, MOVE, 2, 0},
		{RETURN, 2, 0, JUMP, RETURN, 3, 2}, {CALL, 200, 2, PUSH, POP, 6, 3},
	};
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			explain(&scene, FUNCTION + cases[i].at, cases[i].before, cases[i].after),
			GAP_OK);
		assert_int_equal(scene.count, cases[i].lines);
		assert_int_equal(scene.at[0], FUNCTION + cases[i].first);
		assert_int_equal(scene.at[scene.count - 1], FUNCTION + cases[i].last);
		assert_int_equal(scene.deciding, cases[i].deciding);
	}
	scene_deinit(&scene);
}

static void callees_are_named(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(explain(&scene, FUNCTION + LOAD, 0, 2), GAP_OK);
	assert_non_null(strstr(scene.text[0], "0x138"));
	assert_null(strchr(scene.text[0], '<'));
	assert_non_null(strstr(scene.text[1], "call"));
	assert_non_null(strstr(scene.text[1], " <callee>"));
	assert_null(strchr(scene.text[2], '<')); /* a jump inside */
	scene_deinit(&scene);
}

/* Nothing begins there: what follows is told, and no line is the one. */
static void the_middle_of_an_instruction_is_not_marked(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(explain(&scene, FUNCTION + LOAD + 2, 1, 0), GAP_OK);
	assert_int_equal(scene.count, 2);
	assert_int_equal(scene.at[0], FUNCTION + LOAD);
	assert_int_equal(scene.at[1], FUNCTION + CALL);
	assert_int_equal(scene.deciding, UINT32_MAX);
	scene_deinit(&scene);
}

static void what_cannot_be_decoded_ends_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(explain(&scene, BROKEN, 3, 3), GAP_OK);
	assert_int_equal(scene.count, 1);
	assert_int_equal(explain(&scene, BROKEN + 3, 3, 3), GAP_OK);
	assert_int_equal(scene.count, 1); /* the one that is before */
	assert_int_equal(scene.deciding, UINT32_MAX);
	scene_deinit(&scene);
}

static void where_no_function_is_nothing_is_told(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(explain(&scene, SYNTHETIC_TEXT + 0x10, 3, 3), GAP_NOT_FOUND);
	assert_int_equal(explain(&scene, SYNTHETIC_TEXT + 0x10000010, 3, 3), GAP_NOT_FOUND);
	scene.kernel.machine = EM_MIPS;
	assert_int_equal(explain(&scene, FUNCTION, 3, 3), GAP_UNSUPPORTED);
	assert_int_equal(scene.count, 0);
	scene_deinit(&scene);
}

/* ---- claims ---- */

static uint32_t claims_of(struct scene *scene, struct infer_claims *claims, const char *list)
{
	struct infer_fields fields;

	assert_int_equal(infer_fields_parse(&fields, list, strlen(list), "list", NULL), GAP_OK);
	assert_int_equal(infer_code_evidence(&scene->kernel, &fields, claims, NULL), GAP_OK);
	infer_fields_deinit(&fields);
	return infer_claims_count(claims);
}

static void a_function_that_is_known_bears_witness(void **state)
{
	const struct infer_claim *claim;
	struct infer_claims *claims;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	assert_int_equal(claims_of(&scene, claims, "module.name\nmodule.state\n"), 1);
	claim = infer_claims_at(claims, 0);
	assert_int_equal(claim->field, 1);
	assert_int_equal(claim->kind, INFER_CODE);
	assert_int_equal(claim->offset_bits, 8 * 24);
	assert_int_equal(claim->width_bits, 32);
	assert_false(claim->absent);
	assert_int_equal(claim->support, 1);
	assert_int_equal(claim->dissent, 0);
	assert_int_equal(claim->at, WITNESS + scene.guest.slide);
	assert_string_equal(infer_claims_class_name(claims, claim->class_id),
			    "code:try_module_get");
	assert_string_equal(claim->witness, "try_module_get: compare 2 with arg0->state");
	infer_claims_destroy(claims);
	scene_deinit(&scene);
}

/* The place of a member that was called otherwise at other times: a function tells the name. */
static void a_function_tells_the_name(void **state)
{
	static const struct {
		const char *functions[2];
		bool named;
		unsigned name;
	} cases[] = {{{"module_get_offset_and_type", NULL}, true, 0},
		     {{"module_get_offset", NULL}, true, 1},
		     {{"module_get_offset", "module_get_offset_and_type"}, false, 2},
		     {{NULL, NULL}, false, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct infer_claim *claim;
		struct infer_claims *claims;
		struct scene scene;

		scene_init_with(&scene, cases[i].functions);
		assert_int_equal(infer_claims_create(&claims), GAP_OK);
		assert_int_equal(claims_of(&scene, claims, "module.mem|core_layout.base|state\n"),
				 1);
		claim = infer_claims_at(claims, 0);
		assert_int_equal(claim->offset_bits, 8 * 24);
		assert_int_equal(claim->named, cases[i].named);
		assert_int_equal(claim->name_index, cases[i].name);
		infer_claims_destroy(claims);
		scene_deinit(&scene);
	}
}

/* Nobody asked, another machine, or no symbols: that is no error. */
static void without_code_nothing_is_claimed(void **state)
{
	struct infer_symbols *none;
	struct infer_claims *claims;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	assert_int_equal(claims_of(&scene, claims, "module.name\n"), 0);
	scene.kernel.machine = EM_MIPS;
	assert_int_equal(claims_of(&scene, claims, "module.state\n"), 0);
	scene.kernel.machine = EM_X86_64;
	assert_int_equal(infer_symbols_create(&none), GAP_OK);
	assert_int_equal(infer_symbols_finish(none), GAP_OK);
	scene.kernel.symbols = none;
	assert_int_equal(claims_of(&scene, claims, "module.state\n"), 0);
	infer_symbols_destroy(none);
	infer_claims_destroy(claims);
	scene_deinit(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_around),
		cmocka_unit_test(callees_are_named),
		cmocka_unit_test(the_middle_of_an_instruction_is_not_marked),
		cmocka_unit_test(what_cannot_be_decoded_ends_it),
		cmocka_unit_test(where_no_function_is_nothing_is_told),
		cmocka_unit_test(a_function_that_is_known_bears_witness),
		cmocka_unit_test(a_function_tells_the_name),
		cmocka_unit_test(without_code_nothing_is_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
