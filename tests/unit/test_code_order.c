/* SPDX-License-Identifier: MIT */
/* What comes before what: parts out of line, loops, code that nothing leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "infer/code_order.h"

#define AT 0xffffffff81000000u
#define TEXT_BYTES 0x90
#define CALL "\xe8\0\0\0\0" /* of what follows: where to does not matter */

struct scene {
	uint8_t bytes[TEXT_BYTES];
	struct infer_symbols *symbols;
	struct code_text text;
	struct code_run run;
};

static bool read_scene(void *context, uint64_t address, void *buffer, size_t size_bytes)
{
	const struct scene *scene = context;

	if (address < AT || address - AT > TEXT_BYTES || size_bytes > TEXT_BYTES - (address - AT))
		return false;
	memcpy(buffer, scene->bytes + (address - AT), size_bytes);
	return true;
}

static void put(struct scene *scene, uint32_t offset, const char *bytes, size_t size_bytes)
{
	memcpy(scene->bytes + offset, bytes, size_bytes);
}

#define PUT(scene, offset, bytes) put(scene, offset, bytes, sizeof(bytes) - 1)

/* "end" does not return. */
static enum code_callee callee(void *context, const struct code_function *function, bool small)
{
	(void)context;
	(void)small;
	return strcmp(function->name, "end") == 0 ? CODE_C_NORETURN : CODE_C_OPAQUE;
}

static void make(struct scene *scene)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} functions[] = {
		{"walked", 0}, {"looped", 0x40}, {"left", 0x60}, {"lost", 0x70}, {"end", 0x80}};

	memset(scene->bytes, 0xcc, sizeof(scene->bytes));
	PUT(scene, 0x00, "\x85\xff\x74\x1c");               /* test edi, edi; je 20 */
	PUT(scene, 0x04, CALL CALL CALL "\xc3");            /* 4, 9, e; ret */
	PUT(scene, 0x20, CALL "\xeb\xdd" CALL "\xc3");      /* jmp 4; 27; ret */
	PUT(scene, 0x40, CALL CALL "\x85\xc0\x75\xf2\xc3"); /* 40, 45; test eax, eax; jne 40; ret */
	PUT(scene, 0x60,
	    "\x85\xff\x75\x02\xeb\x1a" CALL "\xc3");         /* test; jne 66; jmp 80; 66; ret */
	PUT(scene, 0x70, CALL "\xe8\x06\0\0\0" CALL "\xc3"); /* 70; 75: end; 7a */
	PUT(scene, 0x80, "\xc3");
	assert_int_equal(infer_symbols_create(&scene->symbols), GAP_OK);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		infer_symbols_add(scene->symbols, functions[i].name, strlen(functions[i].name), 't',
				  AT + functions[i].offset);
	assert_int_equal(infer_symbols_finish(scene->symbols), GAP_OK);
	assert_true(code_text_init(&scene->text, &code_x86_64,
				   (struct code_reader){read_scene, scene}, scene->symbols));
	scene->run = (struct code_run){.text = &scene->text, .callee = callee};
}

static void order_of(struct scene *scene, uint32_t function, const uint32_t *offsets,
		     unsigned count, struct code_order *order)
{
	uint64_t at[CODE_ORDER_MAX];

	for (unsigned i = 0; i < count; i++)
		at[i] = AT + offsets[i];
	scene->run.function = code_text_function(&scene->text, AT + function);
	assert_true(code_order_init(order, &scene->run, at, count));
}

static void drop(struct scene *scene)
{
	code_text_deinit(&scene->text);
	infer_symbols_destroy(scene->symbols);
}

static void a_part_out_of_line_comes_where_it_leads(void **state)
{
	static const uint32_t offsets[] = {0x04, 0x09, 0x0e, 0x20, 0x27};
	static const uint8_t before[5][5] = {{0, 1, 1, 0, 0},
					     {0, 0, 1, 0, 0},
					     {0, 0, 0, 0, 0},
					     {1, 1, 1, 0, 0},
					     {0, 0, 0, 0, 0}};
	struct code_order order;
	struct scene scene;

	(void)state;
	make(&scene);
	order_of(&scene, 0, offsets, 5, &order);
	for (unsigned one = 0; one < 5; one++)
		for (unsigned other = 0; other < 5; other++)
			assert_int_equal(code_order_is_before(&order, one, other),
					 before[one][other]);
	assert_non_null(order.where[3]);
	assert_null(order.where[4]); /* nothing leads there */
	drop(&scene);
}

static void in_a_loop_nothing_comes_first(void **state)
{
	static const uint32_t offsets[] = {0x40, 0x45};
	struct code_order order;
	struct scene scene;

	(void)state;
	make(&scene);
	order_of(&scene, 0x40, offsets, 2, &order);
	assert_false(code_order_is_before(&order, 0, 1));
	assert_false(code_order_is_before(&order, 1, 0));
	drop(&scene);
}

/* A call that does not come back is a jump to another function. */
static void a_call_at_the_end_leads_nowhere(void **state)
{
	static const uint32_t offsets[] = {0x64, 0x66};
	struct code_order order;
	struct scene scene;

	(void)state;
	make(&scene);
	order_of(&scene, 0x60, offsets, 2, &order);
	assert_non_null(order.where[0]);
	assert_false(code_order_is_before(&order, 0, 1));
	assert_false(code_order_is_before(&order, 1, 0));
	drop(&scene);
}

static void nothing_is_behind_what_does_not_return(void **state)
{
	static const uint32_t offsets[] = {0x70, 0x7a};
	struct code_order order;
	struct scene scene;

	(void)state;
	make(&scene);
	order_of(&scene, 0x70, offsets, 2, &order);
	assert_non_null(order.where[0]);
	assert_null(order.where[1]);
	assert_false(code_order_is_before(&order, 0, 1));
	drop(&scene);
}

static void too_many_are_refused(void **state)
{
	uint64_t at[CODE_ORDER_MAX + 1] = {0};
	struct code_order order;
	struct scene scene;

	(void)state;
	make(&scene);
	scene.run.function = code_text_function(&scene.text, AT);
	assert_false(code_order_init(&order, &scene.run, at, CODE_ORDER_MAX + 1));
	drop(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_out_of_line_comes_where_it_leads),
		cmocka_unit_test(in_a_loop_nothing_comes_first),
		cmocka_unit_test(a_call_at_the_end_leads_nowhere),
		cmocka_unit_test(nothing_is_behind_what_does_not_return),
		cmocka_unit_test(too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
