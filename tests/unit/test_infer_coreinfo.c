/* SPDX-License-Identifier: MIT */
/* VMCOREINFO as evidence: found where the kernel keeps it or anywhere, believed only where the page tables agree, and a
 * line that is broken says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/coreinfo.h"
#include "tests/support/synthetic.h"

#define POINTER_AT (SYNTHETIC_TEXT + 0x9000) /* vmcoreinfo_data, in the image */
#define RAM_AT 0x30000u                      /* physical: where nothing else lies */
#define PIECE_BYTES 0x100000u                /* memory is searched by so many */

struct scene {
	struct synthetic guest;
	struct gap_guest *opened;
	struct infer_kernel kernel;
	struct infer_symbols *symbols;
	struct infer_coreinfo info;
};

static struct infer_symbols *no_symbols(void)
{
	struct infer_symbols *symbols;

	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	return symbols;
}

/* A guest whose own two texts are gone. */
static void scene_init(struct scene *scene)
{
	uint64_t text = SYNTHETIC_TEXT;

	memset(scene, 0, sizeof(*scene));
	synthetic_init(&scene->guest, 4);
	scene->opened = synthetic_open(&scene->guest);
	memset(synthetic_physical(&scene->guest, 0x10000), 0, 0x20000);
	scene->symbols = no_symbols();
	assert_int_equal(infer_symbols_finish(scene->symbols), GAP_OK);
	text += scene->guest.slide;
	scene->kernel = (struct infer_kernel){.memory = &scene->guest.memory,
					      .guest = scene->opened,
					      .machine = 62,
					      .pointer_bytes = 8,
					      .text = {text, text + 0x10000},
					      .symbols = scene->symbols};
}

static void scene_deinit(struct scene *scene)
{
	infer_symbols_destroy(scene->symbols);
	gap_guest_close(scene->opened);
	synthetic_deinit(&scene->guest);
}

/* Writes @text to physical memory, "@ROOT" in it being the address of the root. */
static void put_text(struct scene *scene, uint64_t physical, const char *text)
{
	const char *mark = strstr(text, "@ROOT");
	char whole[2 * INFER_COREINFO_BYTES];

	if (mark)
		snprintf(whole, sizeof(whole), "%.*s%llx%s", (int)(mark - text), text,
			 (unsigned long long)(SYNTHETIC_ROOT + scene->guest.slide), mark + 5);
	else
		snprintf(whole, sizeof(whole), "%s", text);
	memcpy(synthetic_physical(&scene->guest, physical), whole, strlen(whole) + 1);
}

static const struct infer_coreinfo *look(struct scene *scene)
{
	assert_int_equal(infer_coreinfo_read(&scene->info, &scene->kernel, NULL), GAP_OK);
	return &scene->info;
}

/* What is read of one text that lies in memory. */
static const struct infer_coreinfo *look_at(struct scene *scene, const char *text)
{
	put_text(scene, RAM_AT, text);
	return look(scene);
}

#define HEAD "OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=@ROOT\n"

/* ---- finding and confirming ---- */

static void nothing_there_is_no_error(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_string_equal(look(&scene)->text, "");
	assert_int_equal(scene.info.build_id_bytes, 0);
	assert_false(scene.info.has_slide);
	assert_int_equal(scene.info.refused, 0);
	scene_deinit(&scene);
}

static void texts_confirm_or_are_refused(void **state)
{
	static const struct {
		const char *text;
		bool believed;
	} cases[] = {
		{HEAD, true},
		{"OSRELEASE=6.1.0\nSYMBOL(init_top_pgt)=@ROOT\n", true},
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=ffffffff83e00008\n", false},
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=10\n", false}, /* not mapped */
		{"OSRELEASE=6.1.0\n", false},
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=\n@ROOT\n", false}, /* on the next line */
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=-1\n", false},
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=@ROOT.\n", false},
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=@ROOT", false}, /* not a whole line */
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir=@ROOT\n", false},
		{"OSRELEASE=6.1.0\nxSYMBOL(swapper_pg_dir)=@ROOT\n", false},
		{"OSRELEASE=6.1.0\nSYMBOL(swapper_pg_di)=@ROOT\n", false},
		/* with what is told elsewhere of the kernel's text */
		{HEAD "SYMBOL(_stext)=ffffffff83e01000\n", true},
		{HEAD "SYMBOL(_stext)=ffffffff83e10000\n", false}, /* behind its end */
		{HEAD "SYMBOL(_stext)=ffffffff81000000\n", false},
	};
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scene_init(&scene);
		if ((*look_at(&scene, cases[i].text)->text != 0) != cases[i].believed)
			fail_msg("%s: %s", cases[i].text,
				 cases[i].believed ? "is not believed" : "is believed");
		assert_int_equal(scene.info.refused, !cases[i].believed);
		scene_deinit(&scene);
	}
}

static void text_whose_bounds_are_unknown_is_not_asked_for(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.kernel.text = (struct infer_window){0, 0};
	assert_true(*look_at(&scene, HEAD "SYMBOL(_stext)=ffffffff81000000\n")->text);
	scene_deinit(&scene);
}

/* What does not confirm before it does not hide the one that does; and so it is across two pieces
 * of a search. */
static void the_one_that_confirms_is_kept(void **state)
{
	static const uint64_t places[] = {RAM_AT, PIECE_BYTES - 30, PIECE_BYTES,
					  SYNTHETIC_RAM_BYTES - 200};
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		scene_init(&scene);
		put_text(&scene, 0x1000, "OSRELEASE=OSRELEASE=5\nSYMBOL(swapper_pg_dir)=1000\n");
		put_text(&scene, places[i], HEAD "BUILD-ID=ab\n");
		assert_int_equal(look(&scene)->build_id_bytes, 1);
		assert_int_equal(scene.info.build_id[0], 0xab);
		assert_true(scene.info.refused >= 2);
		scene_deinit(&scene);
	}
}

/* A guest may fill its memory with texts: the search ends. */
static void a_flood_of_texts_is_bounded(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (uint64_t at = 0; at < 200; at++)
		put_text(&scene, 0x1000 + 64 * at, "OSRELEASE=5\n");
	put_text(&scene, RAM_AT, HEAD);
	assert_string_equal(look(&scene)->text, "");
	assert_true(scene.info.refused >= 64 && scene.info.refused < 200);
	scene_deinit(&scene);
}

static void lead_to(struct scene *scene, uint64_t pointer)
{
	infer_symbols_destroy(scene->symbols);
	scene->symbols = no_symbols();
	infer_symbols_add(scene->symbols, "vmcoreinfo_data", 15, 'B',
			  POINTER_AT + scene->guest.slide);
	assert_int_equal(infer_symbols_finish(scene->symbols), GAP_OK);
	scene->kernel.symbols = scene->symbols;
	synthetic_put64(synthetic_image(&scene->guest, POINTER_AT), pointer);
}

/* What the kernel's own pointer leads to comes before what lies about. */
static void the_kernels_pointer_comes_first(void **state)
{
	struct scene scene;
	uint64_t page, physical;

	(void)state;
	scene_init(&scene);
	page = (synthetic_alloc(&scene.guest, 0x2000) + 0xfff) & ~UINT64_C(0xfff);
	physical = page & 0xffffffffu;
	put_text(&scene, RAM_AT, HEAD "BUILD-ID=11\n");
	put_text(&scene, physical, HEAD "BUILD-ID=22\n");
	lead_to(&scene, page);
	assert_int_equal(look(&scene)->build_id[0], 0x22);
	/* It leads nowhere; to what begins otherwise; to what does not confirm. */
	lead_to(&scene, 0x1122334455667788);
	assert_int_equal(look(&scene)->build_id[0], 0x11);
	put_text(&scene, physical, "CRASHTIME=1\n" HEAD "BUILD-ID=22\n");
	lead_to(&scene, page);
	assert_int_equal(look(&scene)->build_id[0], 0x11);
	put_text(&scene, physical, "OSRELEASE=6\nBUILD-ID=22\n");
	assert_int_equal(look(&scene)->build_id[0], 0x11);
	assert_int_equal(scene.info.refused, 1);
	scene_deinit(&scene);
}

/* Longer than the kernel's own bound, without an end: whole lines of the part are kept. */
static void an_endless_text_is_cut_at_a_line(void **state)
{
	char text[2 * INFER_COREINFO_BYTES] = HEAD;
	struct scene scene;
	size_t kept;

	(void)state;
	while (strlen(text) < INFER_COREINFO_BYTES + 100)
		strcat(text, "NUMBER(x)=123456789\n");
	scene_init(&scene);
	kept = strlen(look_at(&scene, text)->text);
	assert_true(kept > INFER_COREINFO_BYTES - 32 && kept <= INFER_COREINFO_BYTES);
	assert_int_equal(scene.info.text[kept - 1], '\n');
	scene_deinit(&scene);
}

static void memory_that_ends_in_a_text_is_read_to_its_end(void **state)
{
	struct scene scene;
	static const char text[] = "OSRELEASE=6.1.0\nSYMBOL(swapper_pg_dir)=ffffffff84000000\n";

	(void)state;
	scene_init(&scene);
	memcpy(synthetic_physical(&scene.guest, SYNTHETIC_RAM_BYTES - (sizeof(text) - 1)), text,
	       sizeof(text) - 1);
	assert_string_equal(look(&scene)->text, text);
	scene_deinit(&scene);
}

/* ---- what it says of itself ---- */

static void plain_lines_are_read_or_left(void **state)
{
	static const struct {
		const char *line;
		int build_id_bytes, has_slide;
		uint64_t slide;
	} cases[] = {
		{"BUILD-ID=0123456789abcdef\nKERNELOFFSET=2e00000\n", 8, 1, 0x2e00000},
		{"BUILD-ID=0123456789abcdef0\n", 8, 0, 0},
		{"BUILD-ID=zz\nKERNELOFFSET=\n", 0, 0, 0},
		{"BUILD-ID=\nKERNELOFFSET=0\n", 0, 1, 0},
		{"XBUILD-ID=01\nXKERNELOFFSET=1000\n", 0, 0, 0},
		{"KERNELOFFSET=-1000\n", 0, 0, 0},
		{"KERNELOFFSET=2e00000x\n", 0, 0, 0},
		{"KERNELOFFSET=2e00001\n", 0, 0, 0},
		{"KERNELOFFSET=1000000000000000000\n", 0, 0, 0}, /* over 64 bits */
	};
	struct scene scene;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scene_init(&scene);
		snprintf(text, sizeof(text), HEAD "%s", cases[i].line);
		look_at(&scene, text);
		if (scene.info.build_id_bytes != cases[i].build_id_bytes ||
		    scene.info.has_slide != cases[i].has_slide ||
		    scene.info.slide != cases[i].slide)
			fail_msg("%s: %u bytes, slide %d %llx", cases[i].line,
				 scene.info.build_id_bytes, scene.info.has_slide,
				 (unsigned long long)scene.info.slide);
		scene_deinit(&scene);
	}
}

static void a_build_id_has_an_end(void **state)
{
	char text[512] = HEAD "BUILD-ID=";
	struct scene scene;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "5a");
	strcat(text, "\n");
	scene_init(&scene);
	assert_int_equal(look_at(&scene, text)->build_id_bytes, sizeof(scene.info.build_id));
	for (size_t i = 0; i < sizeof(scene.info.build_id); i++)
		assert_int_equal(scene.info.build_id[i], 0x5a);
	assert_false(scene.info.has_slide);
	scene_deinit(&scene);
}

/* ---- symbols and claims ---- */

static void set_text(struct infer_coreinfo *info, const char *text)
{
	*info = (struct infer_coreinfo){0};
	strcpy(info->text, text);
}

static void symbols_are_taken_from_whole_numbers(void **state)
{
	static const char *const broken[] = {"empty", "minus", "behind", "over", "word", "x.y"};
	struct infer_symbols *symbols = no_symbols();
	struct infer_coreinfo info;

	(void)state;
	set_text(&info, "SYMBOL(good)=ffffffff81000000\nSYMBOL()=1\nSYMBOL(empty)=\n"
			"SYMBOL(minus)=-1\nSYMBOL(behind)=12 \nSYMBOL(over)=11111111111111111\n"
			"SYMBOL(word)=\tff\nOFFSET(x.y)=8\nSYMBOL(last)=a\n");
	infer_coreinfo_symbols(&info, symbols);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	assert_int_equal(infer_symbols_count(symbols), 2);
	assert_true(infer_symbols_named(symbols, "good", NULL)->address == 0xffffffff81000000u);
	assert_int_equal(infer_symbols_named(symbols, "good", NULL)->type, '?');
	assert_int_equal(infer_symbols_named(symbols, "last", NULL)->address, 10);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_null(infer_symbols_named(symbols, broken[i], NULL));
	infer_symbols_destroy(symbols);
}

static struct infer_claims *claims_of(const char *text, const char *list)
{
	struct infer_fields fields;
	struct infer_claims *claims;
	struct infer_coreinfo info;

	set_text(&info, text);
	assert_int_equal(infer_fields_parse(&fields, list, strlen(list), "list", NULL), GAP_OK);
	assert_int_equal(infer_claims_create(&claims), GAP_OK);
	infer_coreinfo_claims(&info, &fields, claims);
	assert_int_equal(infer_claims_status(claims), GAP_OK);
	infer_fields_deinit(&fields);
	return claims;
}

static void offsets_are_claims(void **state)
{
	struct infer_claims *claims = claims_of(
		"OFFSET(page.flags)=0\nOFFSET(task_struct.pid)=2464\nOFFSET(pid.old)=16\n"
		"OFFSET(uts_namespace.name.release)=130\nSIZE(page.flags)=64\n",
		"task_struct.pid\nuts_namespace.name.release\npid.new|old\npage.mapping\n");
	static const struct {
		uint32_t field, offset_bits;
		uint8_t name_index;
	} expected[] = {{0, 2464 * 8, 0}, {2, 16 * 8, 1}, {1, 130 * 8, 0}};

	(void)state;
	assert_int_equal(infer_claims_count(claims), 3);
	for (uint32_t i = 0; i < 3; i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);

		assert_int_equal(claim->field, expected[i].field);
		assert_int_equal(claim->offset_bits, expected[i].offset_bits);
		assert_int_equal(claim->name_index, expected[i].name_index);
		assert_int_equal(claim->kind, INFER_VMCOREINFO);
		assert_false(claim->absent);
		assert_string_equal(infer_claims_class_name(claims, claim->class_id), "vmcoreinfo");
	}
	infer_claims_destroy(claims);
}

/* Numbers that are none, and those that would wrap round to a small offset. */
static void broken_offsets_claim_nothing(void **state)
{
	static const char *const values[] = {"",   "-8",  "x",          "8x",
					     "8 ", " 8",  "0x10",       "536870912",
					     "a",  "1e1", "4294967296", "18446744073709551616"};
	char text[128], long_name[256];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct infer_claims *claims;

		snprintf(text, sizeof(text), "OFFSET(a.b)=%s\n", values[i]);
		claims = claims_of(text, "a.b\n");
		if (infer_claims_count(claims))
			fail_msg("\"%s\" is a claim", values[i]);
		infer_claims_destroy(claims);
	}
	memset(long_name, 'a', sizeof(long_name));
	snprintf(text, sizeof(text), "OFFSET(a)=8\nOFFSET(a.b=8\nOFFSET(a.b)8\nOFFSET.a.b)=8\n");
	memcpy(long_name, "OFFSET(", 7);
	memcpy(long_name + 200, ".b)=8\n", 7);
	for (int i = 0; i < 2; i++) {
		struct infer_claims *claims = claims_of(i ? long_name : text, "a.b\n");

		assert_int_equal(infer_claims_count(claims), 0);
		infer_claims_destroy(claims);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_there_is_no_error),
		cmocka_unit_test(texts_confirm_or_are_refused),
		cmocka_unit_test(text_whose_bounds_are_unknown_is_not_asked_for),
		cmocka_unit_test(the_one_that_confirms_is_kept),
		cmocka_unit_test(a_flood_of_texts_is_bounded),
		cmocka_unit_test(the_kernels_pointer_comes_first),
		cmocka_unit_test(an_endless_text_is_cut_at_a_line),
		cmocka_unit_test(memory_that_ends_in_a_text_is_read_to_its_end),
		cmocka_unit_test(plain_lines_are_read_or_left),
		cmocka_unit_test(a_build_id_has_an_end),
		cmocka_unit_test(symbols_are_taken_from_whole_numbers),
		cmocka_unit_test(offsets_are_claims),
		cmocka_unit_test(broken_offsets_claim_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
