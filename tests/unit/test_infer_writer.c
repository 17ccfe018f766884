/* SPDX-License-Identifier: MIT */
/* What was inferred becomes a profile: symbols where they were linked, members with how they are known, and nothing that
 * would pass for an answer that nobody gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/writer.h"
#include "tests/support/making.h"

#define IMAGE_AT UINT64_C(0xffffffff84000000)
#define IMAGE_BYTES 0x1000000u
#define SLIDE UINT64_C(0x3000000)
#define FIELDS_MAX 32u

struct scene {
	struct infer_fields fields;
	struct infer_symbols *symbols;
	struct infer_verdict verdicts[FIELDS_MAX];
	struct infer_result result;
	struct frozen frozen;
};

static void scene_init(struct scene *scene, const char *list)
{
	memset(scene, 0, sizeof(*scene));
	assert_int_equal(infer_fields_parse(&scene->fields, list, strlen(list), "list", NULL),
			 GAP_OK);
	assert_true(scene->fields.count <= FIELDS_MAX);
	assert_int_equal(infer_symbols_create(&scene->symbols), GAP_OK);
	assert_int_equal(infer_claims_create(&scene->result.claims), GAP_OK);
	scene->result.verdicts = scene->verdicts;
	scene->result.survey.machine = 62;
	scene->result.survey.pointer_bytes = 8;
	scene->result.survey.banner.value = IMAGE_AT + 0x100;
	strcpy(scene->result.survey.text, "Linux version 6.1.0-t (a@b) #1 SMP\n");
	scene->result.image.address = IMAGE_AT;
	scene->result.image.size_bytes = IMAGE_BYTES;
	scene->result.place.virtual_slide = SLIDE;
}

static void symbol(struct scene *scene, const char *name, char type, uint64_t address)
{
	infer_symbols_add(scene->symbols, name, strlen(name), type, address);
}

static void scene_write(struct scene *scene)
{
	struct gap_builder *builder = make_builder();

	assert_int_equal(infer_symbols_finish(scene->symbols), GAP_OK);
	scene->result.kernel.symbols = scene->symbols;
	infer_write_target(builder, &scene->result);
	infer_write_symbols(builder, &scene->result);
	infer_write_found(builder, &scene->result);
	assert_int_equal(infer_write_fields(builder, &scene->result, &scene->fields), GAP_OK);
	scene->frozen = freeze(builder, 0);
}

static void scene_deinit(struct scene *scene)
{
	frozen_deinit(&scene->frozen);
	infer_symbols_destroy(scene->symbols);
	infer_claims_destroy(scene->result.claims);
	infer_fields_deinit(&scene->fields);
}

static void claim(struct scene *scene, uint32_t field, uint32_t offset_bytes, uint32_t width_bytes)
{
	scene->verdicts[field] = (struct infer_verdict){.answer = INFER_CLAIMED,
							.has_best = true,
							.confidence = 0.97,
							.offset_bits = 8 * offset_bytes,
							.width_bits = 8 * width_bytes};
}

static void absent(struct scene *scene, uint32_t field, double confidence)
{
	scene->verdicts[field] = (struct infer_verdict){.answer = INFER_ABSENT,
							.has_best = true,
							.best_absent = true,
							.confidence = confidence};
}

static bool find(const struct scene *scene, const char *type, const char *path,
		 struct gap_location *location)
{
	gap_type_id id;

	return !gap_profile_find_type(scene->frozen.profile, type, &id, NULL) &&
	       !gap_profile_find_member(scene->frozen.profile, id, path, location, NULL);
}

static struct gap_location where(const struct scene *scene, const char *type, const char *path)
{
	struct gap_location location;

	if (!find(scene, type, path, &location))
		fail_msg("%s.%s is not in the profile", type, path);
	return location;
}

static struct gap_type type_row(const struct scene *scene, gap_type_id id)
{
	struct gap_type type;

	assert_true(gap_profile_type(scene->frozen.profile, id, &type));
	return type;
}

static struct gap_type type_named(const struct scene *scene, const char *name)
{
	gap_type_id id;

	assert_int_equal(gap_profile_find_type(scene->frozen.profile, name, &id, NULL), GAP_OK);
	return type_row(scene, id);
}

/* ---- target ---- */

static void the_target_is_what_was_met(void **state)
{
	struct gap_target target;
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.pid\n");
	scene.result.coreinfo.build_id_bytes = 2;
	scene.result.coreinfo.build_id[1] = 7;
	scene_write(&scene);
	gap_profile_target(scene.frozen.profile, &target);
	assert_int_equal(target.machine, 62);
	assert_int_equal(target.pointer_bytes, 8);
	assert_string_equal(target.release, "6.1.0-t");
	assert_int_equal(target.banner_bytes, strlen(scene.result.survey.text));
	assert_memory_equal(target.banner, scene.result.survey.text, target.banner_bytes);
	assert_int_equal(target.build_id_bytes, 2);
	assert_int_equal(target.build_id[1], 7);
	scene_deinit(&scene);
}

/* ---- symbols ---- */

static bool find_symbol(const struct scene *scene, const char *name, struct gap_symbol *found)
{
	return gap_profile_find_symbol(scene->frozen.profile, name, found, NULL) == GAP_OK;
}

static void symbols_are_where_they_were_linked(void **state)
{
	static const struct {
		const char *name;
		char type;
		uint64_t address;
		bool kept;
		uint64_t linked;
		uint32_t flags;
		enum gap_symbol_kind kind;
	} cases[] = {
		{"_text", 'T', IMAGE_AT, true, IMAGE_AT - SLIDE, 0, GAP_SYMBOL_FUNCTION},
		{"local", 't', IMAGE_AT + 8, true, IMAGE_AT + 8 - SLIDE, GAP_SYMBOL_LOCAL,
		 GAP_SYMBOL_FUNCTION},
		{"weak", 'w', IMAGE_AT + 16, true, IMAGE_AT + 16 - SLIDE, 0, GAP_SYMBOL_FUNCTION},
		{"init_task", 'D', IMAGE_AT + IMAGE_BYTES - 1, true,
		 IMAGE_AT + IMAGE_BYTES - 1 - SLIDE, 0, GAP_SYMBOL_DATA},
		{"unknown", '?', IMAGE_AT + 24, true, IMAGE_AT + 24 - SLIDE, 0, GAP_SYMBOL_OTHER},
		{"_end", 'B', IMAGE_AT + IMAGE_BYTES, false, 0, 0, 0},
		{"of_a_module", 't', UINT64_C(0xffffffffc0000000), false, 0, 0, 0},
		{"constant", 'A', 0x123, true, 0x123, GAP_SYMBOL_ABSOLUTE, GAP_SYMBOL_OTHER},
		{"percpu", 'A', 0x2010, true, 0x1010, GAP_SYMBOL_PERCPU, GAP_SYMBOL_OTHER},
		{"percpu_last", 'D', 0x2fff, true, 0x1fff, GAP_SYMBOL_PERCPU, GAP_SYMBOL_DATA},
		{"__per_cpu_start", 'A', 0x1000, true, 0, GAP_SYMBOL_PERCPU, GAP_SYMBOL_OTHER},
		{"__per_cpu_end", 'A', 0x3000, true, 0x3000, GAP_SYMBOL_ABSOLUTE, GAP_SYMBOL_OTHER},
	};
	struct gap_symbol found;
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.pid\n");
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		symbol(&scene, cases[i].name, cases[i].type, cases[i].address);
	scene_write(&scene);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (find_symbol(&scene, cases[i].name, &found) != cases[i].kept)
			fail_msg("%s is %s", cases[i].name, cases[i].kept ? "lost" : "kept");
		if (cases[i].kept &&
		    (found.address != cases[i].linked || found.kind != cases[i].kind ||
		     (found.flags & ~(uint32_t)GAP_SYMBOL_LOCAL) !=
			     (cases[i].flags & ~(uint32_t)GAP_SYMBOL_LOCAL)))
			fail_msg("%s: 0x%llx, kind %d, flags %u", cases[i].name,
				 (unsigned long long)found.address, found.kind, found.flags);
	}
	assert_true(find_symbol(&scene, "local", &found) && found.flags & GAP_SYMBOL_LOCAL);
	assert_true(find_symbol(&scene, "weak", &found) && !(found.flags & GAP_SYMBOL_LOCAL));
	scene_deinit(&scene);
}

/* One end alone, or both the wrong way round, is no window: else all of the image would be in it. */
static void half_a_window_of_percpu_is_none(void **state)
{
	static const struct {
		uint64_t start, end;
	} cases[] = {{IMAGE_AT, 0}, {0, IMAGE_AT + 0x1000}, {IMAGE_AT + 0x2000, IMAGE_AT}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_symbol found;
		struct scene scene;

		scene_init(&scene, "task_struct.pid\n");
		if (cases[i].start)
			symbol(&scene, "__per_cpu_start", 'D', cases[i].start);
		if (cases[i].end)
			symbol(&scene, "__per_cpu_end", 'D', cases[i].end);
		symbol(&scene, "init_task", 'D', IMAGE_AT + 0x100);
		symbol(&scene, "init_mm", 'D', IMAGE_AT + 0x3000);
		scene_write(&scene);
		assert_true(find_symbol(&scene, "init_task", &found));
		assert_int_equal(found.flags & GAP_SYMBOL_PERCPU, 0);
		assert_true(found.address == IMAGE_AT + 0x100 - SLIDE);
		assert_true(find_symbol(&scene, "init_mm", &found));
		assert_int_equal(found.flags & GAP_SYMBOL_PERCPU, 0);
		scene_deinit(&scene);
	}
}

/* The banner is where it was met, and what evidence has found gets its name, unless the kernel's own
 * table tells. */
static void what_was_met_gets_its_symbol(void **state)
{
	struct gap_symbol found;
	struct scene scene;

	(void)state;
	for (int told = 0; told < 2; told++) {
		scene_init(&scene, "task_struct.pid\n");
		infer_claims_symbol(scene.result.claims, "init_task", IMAGE_AT + 0x5000, 100);
		infer_claims_symbol(scene.result.claims, "elsewhere", 0x5000, 100);
		if (told) {
			symbol(&scene, "init_task", 'D', IMAGE_AT + 0x6000);
			symbol(&scene, "linux_banner", 'R', IMAGE_AT + 0x200);
		}
		scene_write(&scene);
		assert_true(find_symbol(&scene, "init_task", &found));
		assert_true(found.address == IMAGE_AT + (told ? 0x6000 : 0x5000) - SLIDE);
		assert_true(find_symbol(&scene, "linux_banner", &found));
		assert_true(found.address == IMAGE_AT + (told ? 0x200 : 0x100) - SLIDE);
		assert_false(find_symbol(&scene, "elsewhere", &found));
		scene_deinit(&scene);
	}
}

/* An array of heads is a power of two, as large as fits before the next symbol. */
static void symbols_get_their_types(void **state)
{
	static const struct {
		uint64_t room_bytes, heads;
	} cases[] = {{8 * 256 + 24, 256}, {8, 1}, {4, 1}, {0, 65536}};
	struct gap_symbol found;
	struct gap_type type;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct scene scene;

		scene_init(&scene, "task_struct.pid\n");
		scene.result.has_data_symbols = true;
		claim(&scene, 0, 100, 4);
		symbol(&scene, "init_task", 'D', IMAGE_AT + 0x5000);
		symbol(&scene, "unix_socket_table", 'D', IMAGE_AT + 0x8000);
		if (cases[i].room_bytes)
			symbol(&scene, "next", 'D', IMAGE_AT + 0x8000 + cases[i].room_bytes);
		scene_write(&scene);
		assert_true(find_symbol(&scene, "init_task", &found));
		type = type_row(&scene, found.type);
		assert_string_equal(type.name, "task_struct");
		assert_int_equal(type.flags & GAP_TYPE_INCOMPLETE, 0);
		assert_true(find_symbol(&scene, "unix_socket_table", &found));
		type = type_row(&scene, found.type);
		assert_int_equal(type.kind, GAP_KIND_ARRAY);
		assert_int_equal(type.count, cases[i].heads);
		assert_string_equal(type_row(&scene, type.ref).name, "hlist_head");
		scene_deinit(&scene);
	}
}

/* Where only some symbols are known, the next one does not bound an array. */
static void few_symbols_bound_no_array(void **state)
{
	struct gap_symbol found;
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.pid\n");
	symbol(&scene, "unix_socket_table", 'D', IMAGE_AT + 0x8000);
	symbol(&scene, "next", 'D', IMAGE_AT + 0x8000 + 8 * 256);
	scene_write(&scene);
	assert_true(find_symbol(&scene, "unix_socket_table", &found));
	assert_int_equal(found.type, GAP_NONE);
	scene_deinit(&scene);
}

/* ---- fields ---- */

static void no_answers_give_no_structures(void **state)
{
	struct gap_location location;
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.pid\nmm_struct.pgd\n");
	scene_write(&scene);
	assert_false(find(&scene, "task_struct", "pid", &location));
	assert_false(find(&scene, "mm_struct", "pgd", &location));
	/* What is the same everywhere is there all the same. */
	assert_int_equal(where(&scene, "list_head", "prev").offset_bits, 64);
	/* But not what goes with a member that this kernel may not have. */
	assert_false(find(&scene, "maple_range_64", "slot", &location));
	scene_deinit(&scene);
}

static void layouts_go_with_a_member(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, "maple_tree.ma_root\n");
	claim(&scene, 0, 32, 8);
	scene_write(&scene);
	assert_int_equal(where(&scene, "maple_tree", "ma_root").offset_bits, 32 * 8);
	assert_int_equal(where(&scene, "maple_range_64", "slot").offset_bits, 128 * 8);
	scene_deinit(&scene);
}

/* What arrays show is a structure's size, unless a member ends past it. */
static void sizes_are_those_of_elements(void **state)
{
	static const struct {
		uint32_t size, written;
		bool known;
	} cases[] = {{48, 48, true}, {20, 20, true}, {16, 20, false}, {0, 20, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gap_type type;
		struct scene scene;

		scene_init(&scene, "prb_desc.number\n");
		claim(&scene, 0, 16, 4);
		if (cases[i].size)
			infer_claims_size(scene.result.claims, "prb_desc", cases[i].size);
		scene_write(&scene);
		type = type_named(&scene, "prb_desc");
		assert_int_equal(type.size_bytes, cases[i].written);
		assert_int_equal(!(type.flags & GAP_TYPE_SIZE_UNKNOWN), cases[i].known);
		scene_deinit(&scene);
	}
}

static void bits_are_bit_fields(void **state)
{
	struct gap_location location;
	struct scene scene;

	(void)state;
	scene_init(&scene, "printk_info.level\n");
	claim(&scene, 0, 19, 0);
	scene.result.verdicts[0].offset_bits += 5;
	scene.result.verdicts[0].width_bits = 3;
	scene_write(&scene);
	location = where(&scene, "printk_info", "level");
	assert_int_equal(location.offset_bits, 19 * 8 + 5);
	assert_int_equal(location.width_bits, 3);
	scene_deinit(&scene);
}

static void layouts_follow_the_width_of_pointers(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.tasks\nmaple_tree.ma_root\n");
	scene.result.survey.pointer_bytes = 4;
	claim(&scene, 0, 100, 8);
	claim(&scene, 1, 4, 4);
	scene_write(&scene);
	assert_int_equal(where(&scene, "list_head", "prev").offset_bits, 32);
	assert_int_equal(where(&scene, "task_struct", "tasks.prev").offset_bits, 8 * 104);
	assert_int_equal(where(&scene, "maple_range_64", "slot").offset_bits, 8 * 128);
	assert_int_equal(where(&scene, "maple_arange_64", "slot").offset_bits, 8 * 84);
	scene_deinit(&scene);
}

static void members_have_types_and_order(void **state)
{
	gap_type_id task, target;
	struct gap_member first;
	struct gap_type type;
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.comm\ntask_struct.mm\ntask_struct.pid\n"
			   "task_struct.tasks\ntask_struct.thread.sp\ntask_struct.strange\n"
			   "task_struct.odd\n");
	claim(&scene, 0, 800, 16);
	claim(&scene, 1, 64, 0);
	claim(&scene, 2, 400, 4);
	claim(&scene, 3, 128, 16);
	claim(&scene, 4, 1000, 8);
	claim(&scene, 5, 24, 2); /* of a type that nobody knows */
	claim(&scene, 6, 32, 0);
	scene_write(&scene);
	task = type_called(&scene.frozen, "task_struct");
	type = type_row(&scene, task);
	assert_int_equal(type.count, 7);
	assert_true(type.flags & GAP_TYPE_PARTIAL && type.flags & GAP_TYPE_SIZE_UNKNOWN);
	assert_int_equal(type.size_bytes, 1008); /* where the last known member ends */
	assert_true(gap_profile_member(scene.frozen.profile, type.first, &first));
	assert_string_equal(first.name, "strange");
	assert_int_equal(where(&scene, "task_struct", "comm").size_bytes, 16);
	assert_int_equal(where(&scene, "task_struct", "tasks.prev").offset_bits, 136 * 8);
	assert_int_equal(where(&scene, "task_struct", "strange").size_bytes, 2);
	assert_int_equal(where(&scene, "task_struct", "odd").size_bytes, 8);
	type = type_row(&scene, where(&scene, "task_struct", "pid").type);
	assert_string_equal(type.name, "int");
	type = type_row(&scene, where(&scene, "task_struct", "mm").type);
	assert_int_equal(type.kind, GAP_KIND_POINTER);
	target = type.ref;
	assert_string_equal(type_row(&scene, target).name, "mm_struct");
	/* Known by its path only, it keeps its dots. */
	type = type_row(&scene, task);
	assert_true(gap_profile_member(scene.frozen.profile, type.first + 6, &first));
	assert_string_equal(first.name, "thread.sp");
	assert_int_equal(first.offset_bits, 8000);
	scene_deinit(&scene);
}

/* A structure inside another is written before it, and its size counts. */
static void a_structure_in_a_structure_is_written_first(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, "file.f_path\nfile.f_flags\npath.mnt\npath.dentry\n");
	claim(&scene, 0, 16, 16);
	claim(&scene, 1, 64, 4);
	claim(&scene, 2, 0, 8);
	claim(&scene, 3, 8, 8);
	scene_write(&scene);
	assert_int_equal(where(&scene, "file", "f_path").size_bytes, 16);
	assert_int_equal(where(&scene, "file", "f_path.dentry").offset_bits, 24 * 8);
	scene_deinit(&scene);
	/* Nothing is known of the inner one: a number, as wide as evidence saw it. */
	scene_init(&scene, "file.f_path\npath.mnt\npath.dentry\n");
	claim(&scene, 0, 16, 8);
	scene_write(&scene);
	assert_int_equal(where(&scene, "file", "f_path").size_bytes, 8);
	assert_int_equal(type_row(&scene, where(&scene, "file", "f_path").type).kind, GAP_KIND_INT);
	scene_deinit(&scene);
}

/* Of two names of a field, the one whose type has the width that was seen. */
static void the_width_tells_the_name(void **state)
{
	static const struct {
		uint8_t name_index;
		uint32_t width_bytes;
		const char *expected, *not ;
	} cases[] = {
		{0, 4, "__state", "state"}, {0, 8, "state", "__state"}, {1, 8, "state", "__state"},
		{1, 4, "__state", "state"}, {1, 0, "state", "__state"}, {0, 2, "__state", "state"},
	};
	struct gap_location location;
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		scene_init(&scene, "task_struct.__state|state\n");
		claim(&scene, 0, 24, cases[i].width_bytes);
		scene.verdicts[0].name_index = cases[i].name_index;
		scene_write(&scene);
		assert_int_equal(where(&scene, "task_struct", cases[i].expected).offset_bits, 192);
		assert_false(find(&scene, "task_struct", cases[i].not, &location));
		scene_deinit(&scene);
	}
}

/* Several names have a type of that width: none is written, unless a witness told which. */
static void a_name_that_is_not_told_is_not_written(void **state)
{
	static const struct {
		bool named;
		uint8_t name_index;
		uint32_t width_bytes;
		const char *expected;
	} cases[] = {
		{false, 0, 8, NULL},         {true, 0, 8, "mem"}, {true, 1, 8, "core_layout.base"},
		{true, 2, 8, "module_core"}, {true, 0, 0, "mem"}, {false, 1, 8, "core_layout.base"},
	};
	struct gap_location location;
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		scene_init(&scene, "module.mem|core_layout.base|module_core\nmodule.state\n");
		claim(&scene, 0, 24, cases[i].width_bytes);
		claim(&scene, 1, 0, 4);
		scene.verdicts[0].name_index = cases[i].name_index;
		scene.verdicts[0].named = cases[i].named;
		scene_write(&scene);
		for (unsigned k = 0; k < 3; k++) {
			const char *name = scene.fields.rows[0].names[k];
			bool meant = cases[i].expected && strcmp(name, cases[i].expected) == 0;

			assert_int_equal(find(&scene, "module", name, &location), meant);
		}
		scene_deinit(&scene);
	}
}

/* Claims that overlap are for fuse.c to judge: written, both can be read. */
static void members_may_overlap(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.pid\ntask_struct.tgid\ntask_struct.tasks\n");
	claim(&scene, 0, 100, 4);
	claim(&scene, 1, 100, 4);
	claim(&scene, 2, 96, 16);
	scene_write(&scene);
	assert_int_equal(where(&scene, "task_struct", "pid").offset_bits, 800);
	assert_int_equal(where(&scene, "task_struct", "tgid").offset_bits, 800);
	assert_int_equal(where(&scene, "task_struct", "tasks").offset_bits, 768);
	assert_int_equal(type_row(&scene, type_called(&scene.frozen, "task_struct")).size_bytes,
			 112);
	scene_deinit(&scene);
}

/* mnt_node, found, while mnt_list stays unknown: the list would be answered by it. */
static void a_field_does_not_pass_for_another(void **state)
{
	static const struct {
		int answer;
		bool written;
	} cases[] = {{INFER_ABSTAINED, false}, {INFER_CLAIMED, true}, {INFER_ABSENT, true}};
	struct gap_location location;
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		scene_init(&scene, "mount.mnt_list|mnt_node\nmount.mnt_node\nother.mnt_node\n");
		claim(&scene, 1, 64, 24);
		claim(&scene, 2, 8, 24);
		if (cases[i].answer == INFER_CLAIMED)
			claim(&scene, 0, 16, 16);
		else if (cases[i].answer == INFER_ABSENT)
			absent(&scene, 0, 0.95);
		scene_write(&scene);
		if (find(&scene, "mount", "mnt_node", &location) != cases[i].written)
			fail_msg("answer %d", cases[i].answer);
		assert_true(find(&scene, "other", "mnt_node", &location));
		scene_deinit(&scene);
	}
}

/* Structures have names that users write into lists. */
static void a_type_may_have_a_long_name(void **state)
{
	char name[100], list[120];
	struct gap_location location;
	struct scene scene;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	snprintf(list, sizeof(list), "%s.x\n%s.y\n", name, "short");
	scene_init(&scene, list);
	claim(&scene, 0, 40, 4);
	scene_write(&scene);
	assert_true(find(&scene, name, "x", &location));
	assert_int_equal(location.offset_bits, 320);
	scene_deinit(&scene);
}

/* ---- how it is known ---- */

static struct gap_provenance provenance_of(const struct scene *scene, const char *type,
					   uint32_t position)
{
	struct gap_type row = type_row(scene, type_called(&scene->frozen, type));
	struct gap_provenance provenance;

	gap_profile_provenance(scene->frozen.profile, GAP_TABLE_MEMBERS, row.first + position,
			       &provenance);
	return provenance;
}

static void witness(struct scene *scene, const char *class_name, uint32_t offset_bytes, bool gone)
{
	struct infer_claim row = {.offset_bits = 8 * offset_bytes,
				  .absent = gone,
				  .class_id = infer_claims_class(scene->result.claims, class_name)};

	infer_claims_add(scene->result.claims, &row);
}

/* Each class that agreed once, also where one's name is part of another's; and none that did not. */
static void witnesses_are_told(void **state)
{
	struct gap_provenance provenance;
	struct scene scene;

	(void)state;
	scene_init(&scene, "task_struct.pid\n");
	claim(&scene, 0, 100, 4);
	scene.verdicts[0].has_runner_up = true;
	scene.verdicts[0].runner_up_bits = 8 * 104;
	witness(&scene, "code:get_pid_task", 100, false);
	witness(&scene, "code:get_pid", 100, false);
	witness(&scene, "code:get_pid", 100, false);
	witness(&scene, "data:unique", 104, false);
	witness(&scene, "data:gone", 100, true);
	scene_write(&scene);
	provenance = provenance_of(&scene, "task_struct", 0);
	assert_string_equal(provenance.witnesses, "code:get_pid_task, code:get_pid");
	assert_true(provenance.confidence > 0.9699 && provenance.confidence < 0.9701);
	assert_int_equal(provenance.runner_up, 104);
	assert_int_equal(provenance.method, 1);
	scene_deinit(&scene);
}

static void more_witnesses_than_a_line_holds_are_cut_between_names(void **state)
{
	struct gap_provenance provenance;
	struct scene scene;
	char name[64];

	(void)state;
	scene_init(&scene, "task_struct.pid\n");
	claim(&scene, 0, 100, 4);
	scene.verdicts[0].has_runner_up = true;
	scene.verdicts[0].runner_up_absent = true;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "code:witness_%03d", i);
		witness(&scene, name, 100, false);
	}
	scene_write(&scene);
	provenance = provenance_of(&scene, "task_struct", 0);
	assert_true(strlen(provenance.witnesses) < 512 && strlen(provenance.witnesses) > 480);
	assert_int_equal((strlen(provenance.witnesses) + 2) % strlen("code:witness_000, "), 0);
	assert_int_equal(provenance.runner_up, GAP_NONE);
	scene_deinit(&scene);
}

static const char *absences(const struct scene *scene, const char *type)
{
	struct gap_provenance provenance;

	gap_profile_provenance(scene->frozen.profile, GAP_TABLE_TYPES,
			       type_called(&scene->frozen, type), &provenance);
	return provenance.witnesses;
}

static void absences_are_told_beside_the_structure(void **state)
{
	struct gap_location location;
	struct scene scene;

	(void)state;
	scene_init(&scene, "mm_struct.mmap\nmm_struct.pgd\nmm_struct.mm_rb\npid.level\n");
	absent(&scene, 0, 0.97);
	claim(&scene, 1, 80, 8);
	absent(&scene, 2, 0.9912);
	absent(&scene, 3, 0.95); /* and nothing else is known of the structure */
	scene_write(&scene);
	assert_string_equal(absences(&scene, "mm_struct"), "absent: mmap=0.9700 mm_rb=0.9912");
	assert_string_equal(absences(&scene, "pid"), "absent: level=0.9500");
	assert_false(find(&scene, "mm_struct", "mmap", &location));
	assert_true(find(&scene, "mm_struct", "pgd", &location));
	assert_int_equal(type_row(&scene, type_called(&scene.frozen, "pid")).count, 0);
	scene_deinit(&scene);
}

/* However many there are and however long their names. */
static void no_absence_is_left_out(void **state)
{
	char list[FIELDS_MAX * 120] = "", name[120];
	struct scene scene;

	(void)state;
	for (unsigned i = 0; i < FIELDS_MAX; i++) {
		snprintf(name, sizeof(name), "s.%080u_%u\n", 0, i);
		name[2] = 'n'; /* a name does not begin with a digit */
		strcat(list, name);
	}
	scene_init(&scene, list);
	for (uint32_t i = 0; i < FIELDS_MAX; i++)
		absent(&scene, i, 0.93);
	scene_write(&scene);
	for (uint32_t i = 0; i < FIELDS_MAX; i++) {
		snprintf(name, sizeof(name), " %s=0.9300", scene.fields.rows[i].names[0]);
		if (!strstr(absences(&scene, "s"), name))
			fail_msg("%s is not told", name);
	}
	scene_deinit(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_target_is_what_was_met),
		cmocka_unit_test(symbols_are_where_they_were_linked),
		cmocka_unit_test(half_a_window_of_percpu_is_none),
		cmocka_unit_test(what_was_met_gets_its_symbol),
		cmocka_unit_test(symbols_get_their_types),
		cmocka_unit_test(few_symbols_bound_no_array),
		cmocka_unit_test(no_answers_give_no_structures),
		cmocka_unit_test(layouts_go_with_a_member),
		cmocka_unit_test(sizes_are_those_of_elements),
		cmocka_unit_test(bits_are_bit_fields),
		cmocka_unit_test(layouts_follow_the_width_of_pointers),
		cmocka_unit_test(members_have_types_and_order),
		cmocka_unit_test(a_structure_in_a_structure_is_written_first),
		cmocka_unit_test(the_width_tells_the_name),
		cmocka_unit_test(a_name_that_is_not_told_is_not_written),
		cmocka_unit_test(members_may_overlap),
		cmocka_unit_test(a_field_does_not_pass_for_another),
		cmocka_unit_test(a_type_may_have_a_long_name),
		cmocka_unit_test(witnesses_are_told),
		cmocka_unit_test(more_witnesses_than_a_line_holds_are_cut_between_names),
		cmocka_unit_test(absences_are_told_beside_the_structure),
		cmocka_unit_test(no_absence_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
