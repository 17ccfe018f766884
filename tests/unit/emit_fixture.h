/* SPDX-License-Identifier: MIT */
/*
 * A small profile that holds every trap the formats know, for the tests of emit/; and their golden
 * files, which a run with SEMGAP_REBASE=1 writes anew. Each test is a program of its own, so this
 * is a header.
 */
#ifndef SEMGAP_TESTS_EMIT_FIXTURE_H
#define SEMGAP_TESTS_EMIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emit/emit.h"
#include "profile/builder.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
	struct gap_builder *builder;
	unsigned pointer_bytes;
	gap_type_id s32, u32, u64, word, text, u8, boolean; /* word: long of the guest */
	gap_type_id list_head, mm_struct, task_struct;
};

/* ---- types ---- */

static inline gap_text fixture_text(struct fixture *fixture, const char *text)
{
	return gap_builder_name(fixture->builder, text);
}

static inline gap_type_id fixture_int(struct fixture *fixture, const char *name, unsigned bytes,
				      uint32_t flags)
{
	return gap_builder_type_add(fixture->builder,
				    &(struct gap_build_type){.kind = GAP_KIND_INT,
							     .flags = flags,
							     .name = fixture_text(fixture, name),
							     .size_bytes = bytes});
}

static inline gap_type_id fixture_ref(struct fixture *fixture, enum gap_kind kind, const char *name,
				      gap_type_id ref)
{
	bool pointer = kind == GAP_KIND_POINTER;

	return gap_builder_type_add(
		fixture->builder,
		&(struct gap_build_type){.kind = kind,
					 .name = fixture_text(fixture, name),
					 .size_bytes = pointer ? fixture->pointer_bytes : 0,
					 .ref = ref});
}

static inline gap_type_id fixture_array(struct fixture *fixture, gap_type_id ref, uint32_t count)
{
	return gap_builder_type_add(fixture->builder,
				    &(struct gap_build_type){.kind = GAP_KIND_ARRAY,
							     .flags = count ? 0 : GAP_TYPE_FLEXIBLE,
							     .ref = ref,
							     .count = count});
}

struct fixture_member {
	const char *name;
	gap_type_id type;
	uint64_t offset_bits;
	uint32_t width_bits;
};

struct fixture_struct {
	enum gap_kind kind;
	const char *name;
	uint64_t size_bytes;
	const char *file;
	uint32_t units, flags;
	const struct fixture_member *members;
	size_t count;
};

static inline void fixture_set(struct fixture *fixture, gap_type_id id,
			       const struct fixture_struct *from)
{
	struct gap_build_member members[64];

	assert_true(from->count <= COUNT_OF(members));
	for (size_t i = 0; i < from->count; i++)
		members[i] = (struct gap_build_member){
			fixture_text(fixture, from->members[i].name), from->members[i].type,
			from->members[i].offset_bits, from->members[i].width_bits};
	gap_builder_type_set(fixture->builder, id,
			     &(struct gap_build_type){.kind = from->kind,
						      .flags = from->flags,
						      .name = fixture_text(fixture, from->name),
						      .size_bytes = from->size_bytes,
						      .count = from->count,
						      .members = members,
						      .file = fixture_text(fixture, from->file),
						      .line = from->file ? 12 : 0,
						      .units = from->units});
}

static inline gap_type_id fixture_struct(struct fixture *fixture, const struct fixture_struct *from)
{
	gap_type_id id = gap_builder_type_reserve(fixture->builder, 1);

	fixture_set(fixture, id, from);
	return id;
}

#define FIXTURE_MEMBERS(rows) .members = (rows), .count = COUNT_OF(rows)

static inline gap_type_id fixture_enum(struct fixture *fixture, const char *name, unsigned bytes,
				       uint32_t flags, const char *const *names,
				       const uint64_t *values, size_t count)
{
	struct gap_build_enumerator rows[8];

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct gap_build_enumerator){fixture_text(fixture, names[i]), values[i]};
	return gap_builder_type_add(fixture->builder,
				    &(struct gap_build_type){.kind = GAP_KIND_ENUM,
							     .flags = flags,
							     .name = fixture_text(fixture, name),
							     .size_bytes = bytes,
							     .count = count,
							     .enumerators = rows});
}

static inline void fixture_base_types(struct fixture *fixture)
{
	fixture->s32 = fixture_int(fixture, "int", 4, GAP_TYPE_SIGNED);
	fixture->u32 = fixture_int(fixture, "unsigned int", 4, 0);
	fixture->u64 = fixture_int(fixture, "long long unsigned int", 8, 0);
	fixture->word = fixture_int(fixture, "long unsigned int", fixture->pointer_bytes, 0);
	fixture->text = fixture_int(fixture, "char", 1, GAP_TYPE_SIGNED | GAP_TYPE_CHAR);
	fixture->u8 = fixture_int(fixture, "unsigned char", 1, GAP_TYPE_CHAR);
	fixture->boolean = fixture_int(fixture, "_Bool", 1, GAP_TYPE_BOOL);
}

/* The structures without which Volatility refuses a table, as far as nothing else here is about
 * them. */
static inline void fixture_required(struct fixture *fixture)
{
	static const char *const names[] = {
		"file",   "hlist_head", "super_block",   "vm_area_struct", "qstr",
		"dentry", "fs_struct",  "files_struct",  "kobject",        "cred",
		"inode",  "idr",        "address_space", "page",           "vfsmount",
		"net",    "socket",     "sock",          "inet_sock",      "unix_sock",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct fixture_member rows[] = {{"first", fixture->word, 0, 0}};

		fixture_struct(fixture,
			       &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
							.name = names[i],
							.size_bytes = fixture->pointer_bytes,
							FIXTURE_MEMBERS(rows)});
	}
}

static inline void fixture_list_head(struct fixture *fixture)
{
	gap_type_id id = gap_builder_type_reserve(fixture->builder, 1);
	gap_type_id pointer = fixture_ref(fixture, GAP_KIND_POINTER, NULL, id);
	struct fixture_member rows[] = {{"next", pointer, 0, 0},
					{"prev", pointer, 8 * fixture->pointer_bytes, 0}};

	fixture_set(fixture, id,
		    &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
					     .name = "list_head",
					     .size_bytes = 2 * fixture->pointer_bytes,
					     .file = "include/linux/types.h",
					     .units = 9,
					     FIXTURE_MEMBERS(rows)});
	fixture->list_head = id;
}

/* mm_struct.pgd lies in an anonymous structure, as in Linux. */
static inline void fixture_mm_struct(struct fixture *fixture)
{
	struct fixture_member entry[] = {{"pgd", fixture->word, 0, 0}};
	gap_type_id pgd = fixture_struct(
		fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
						  .size_bytes = fixture->pointer_bytes,
						  FIXTURE_MEMBERS(entry)});
	gap_type_id pgd_t = fixture_ref(fixture, GAP_KIND_TYPEDEF, "pgd_t", pgd);
	struct fixture_member inside[] = {
		{"mmap_base", fixture->word, 0, 0},
		{"pgd", fixture_ref(fixture, GAP_KIND_POINTER, NULL, pgd_t), 512, 0}};
	struct fixture_member outside[] = {
		{NULL,
		 fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
								  .size_bytes = 128,
								  FIXTURE_MEMBERS(inside)}),
		 64, 0},
		{"cpu_bitmap", fixture_array(fixture, fixture->word, 0), 8 * 136, 0}};

	fixture->mm_struct =
		fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
								 .name = "mm_struct",
								 .size_bytes = 136,
								 .file = "include/linux/mm_types.h",
								 .units = 7,
								 FIXTURE_MEMBERS(outside)});
}

/* Two definitions of one name, and pointers to what is only declared. */
static inline void fixture_conflicts(struct fixture *fixture)
{
	struct fixture_member small[] = {{"x", fixture->s32, 0, 0}};
	struct fixture_member large[] = {{"x", fixture->u64, 0, 0}, {"y", fixture->u64, 64, 0}};
	struct fixture_member packed[] = {{"type", fixture->u8, 0, 0},
					  {"length", fixture->u32, 8, 0},
					  {"low", fixture->u32, 40, 20},
					  {"high", fixture->u32, 60, 12},
					  {"tail", fixture->u8, 72, 0}};

	fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
							 .name = "conflict",
							 .size_bytes = 4,
							 .file = "drivers/a.c",
							 .units = 3,
							 FIXTURE_MEMBERS(small)});
	fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
							 .name = "conflict",
							 .size_bytes = 16,
							 .file = "drivers/b.c",
							 .units = 1,
							 FIXTURE_MEMBERS(large)});
	fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
							 .name = "packed",
							 .size_bytes = 10,
							 FIXTURE_MEMBERS(packed)});
	fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT, .name = "empty"});
}

static inline gap_type_id fixture_enums(struct fixture *fixture)
{
	static const char *const types[] = {"PIDTYPE_PID", "PIDTYPE_TGID", "PIDTYPE_MAX"};
	static const char *const errors[] = {"NOTHING", "FAILED", "LOWEST"};
	static const char *const flags[] = {"FLAG_ALL", "FLAG_HIGH"};
	static const char *const lone[] = {"LONE_CONSTANT", "SHARED_NAME"};
	static const char *const other[] = {"SHARED_NAME"};

	fixture_enum(fixture, "errors", 4, GAP_TYPE_SIGNED, errors,
		     (const uint64_t[]){0, UINT64_MAX, (uint64_t)INT32_MIN}, 3);
	fixture_enum(fixture, "flags64", 8, 0, flags,
		     (const uint64_t[]){UINT64_MAX, UINT64_C(1) << 63}, 2);
	fixture_enum(fixture, NULL, 4, 0, lone, (const uint64_t[]){UINT32_MAX, 4}, 2);
	fixture_enum(fixture, "other", 4, 0, other, (const uint64_t[]){5}, 1);
	return fixture_enum(fixture, "pid_type", 4, 0, types, (const uint64_t[]){0, 1, 2}, 3);
}

static inline gap_type_id fixture_function(struct fixture *fixture)
{
	struct gap_build_parameter parameters[] = {
		{0, fixture_ref(fixture, GAP_KIND_POINTER, NULL, 0)},
		{fixture_text(fixture, "flags"), fixture->u32}};

	return gap_builder_type_add(fixture->builder,
				    &(struct gap_build_type){.kind = GAP_KIND_FUNCTION,
							     .flags = GAP_TYPE_FLEXIBLE,
							     .ref = fixture->s32,
							     .count = 2,
							     .parameters = parameters});
}

static inline gap_type_id fixture_anonymous_union(struct fixture *fixture)
{
	struct fixture_member inner[] = {{"deep", fixture->u32, 0, 0},
					 {"deeper", fixture->u32, 32, 0}};
	struct fixture_member rows[] = {
		{"whole", fixture->u64, 0, 0},
		{NULL,
		 fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
								  .size_bytes = 8,
								  FIXTURE_MEMBERS(inner)}),
		 0, 0}};

	return fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_UNION,
								.size_bytes = 8,
								FIXTURE_MEMBERS(rows)});
}

static inline gap_type_id fixture_atomic(struct fixture *fixture)
{
	struct fixture_member rows[] = {{"counter", fixture->s32, 0, 0}};
	gap_type_id body = fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
									    .size_bytes = 4,
									    FIXTURE_MEMBERS(rows)});

	return fixture_ref(fixture, GAP_KIND_TYPEDEF, "atomic_t", body);
}

static inline gap_type_id fixture_thread(struct fixture *fixture)
{
	struct fixture_member rows[] = {
		{"sp0", fixture->word, 0, 0},
		{"sp", fixture_ref(fixture, GAP_KIND_VOLATILE, NULL, fixture->word), 64, 0}};

	return fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
								.name = "thread_struct",
								.size_bytes = 32,
								FIXTURE_MEMBERS(rows)});
}

static inline gap_type_id fixture_opaque_pointer(struct fixture *fixture)
{
	gap_type_id opaque =
		fixture_struct(fixture, &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
								 .name = "opaque",
								 .flags = GAP_TYPE_INCOMPLETE});

	return fixture_ref(fixture, GAP_KIND_POINTER, NULL, opaque);
}

static inline void fixture_task_struct(struct fixture *fixture)
{
	gap_type_id id = gap_builder_type_reserve(fixture->builder, 1);
	gap_type_id self = fixture_ref(fixture, GAP_KIND_POINTER, NULL, id);
	gap_type_id pid_t_type = fixture_ref(fixture, GAP_KIND_TYPEDEF, "pid_t", fixture->s32);
	gap_type_id grid = fixture_array(fixture, fixture_array(fixture, fixture->u32, 3), 2);
	gap_type_id hook = fixture_ref(fixture, GAP_KIND_POINTER, NULL, fixture_function(fixture));
	struct fixture_member rows[] = {
		{"__state", fixture->u32, 0, 0},
		{NULL, fixture_anonymous_union(fixture), 64, 0},
		{"tasks", fixture->list_head, 8 * 16, 0},
		{"mm", fixture_ref(fixture, GAP_KIND_POINTER, NULL, fixture->mm_struct), 8 * 32, 0},
		{"in_execve", fixture->u32, 8 * 40, 1},
		{"jobctl", fixture->s32, 8 * 40 + 1, 3},
		{"wide", fixture->u32, 8 * 40 + 6, 13},
		{"kind", fixture_enums(fixture), 8 * 40 + 19, 2},
		{"ready", fixture->boolean, 8 * 44, 1},
		{"pid", pid_t_type, 8 * 48, 0},
		{"tgid", pid_t_type, 8 * 52, 0},
		{"real_parent", self, 8 * 56, 0},
		{"comm", fixture_array(fixture, fixture->text, 16), 8 * 64, 0},
		{"usage", fixture_atomic(fixture), 8 * 80, 0},
		{"loginuid_set", fixture->boolean, 8 * 84, 0},
		{"class", fixture->u8, 8 * 85, 0},
		{"grid", grid, 8 * 88, 0},
		{"hook", hook, 8 * 112, 0},
		{"opaque", fixture_opaque_pointer(fixture), 8 * 120, 0},
		{"private", fixture_ref(fixture, GAP_KIND_CONST, NULL, fixture->u64), 8 * 128, 0},
		{"thread", fixture_thread(fixture), 8 * 136, 0},
		{"tail", fixture_array(fixture, fixture->text, 0), 8 * 168, 0},
	};

	fixture_set(fixture, id,
		    &(struct fixture_struct){.kind = GAP_KIND_STRUCT,
					     .name = "task_struct",
					     .size_bytes = 168,
					     .file = "include/linux/sched.h",
					     .units = 11,
					     FIXTURE_MEMBERS(rows)});
	fixture->task_struct = id;
}

/* ---- symbols, identity, provenance ---- */

static inline void fixture_symbol(struct fixture *fixture, const char *name, uint64_t address,
				  gap_type_id type, uint32_t flags)
{
	gap_builder_symbol_add(fixture->builder,
			       &(struct gap_build_symbol){.name = fixture_text(fixture, name),
							  .address = address,
							  .size_bytes = 8,
							  .type = type,
							  .kind = GAP_SYMBOL_DATA,
							  .flags = flags});
}

static inline void fixture_symbols(struct fixture *fixture)
{
	uint64_t base = fixture->pointer_bytes == 8 ? 0xffffffff82000000 : 0xc2000000;

	fixture_symbol(fixture, "init_task", base + 0x1a940, fixture->task_struct, 0);
	fixture_symbol(fixture, "linux_banner", base + 0x100,
		       fixture_array(fixture, fixture->text, 0), 0);
	fixture_symbol(fixture, "init_top_pgt", base + 0x2000, GAP_NONE, 0);
	fixture_symbol(fixture, "init_files", base + 0x3000, GAP_NONE, 0);
	fixture_symbol(fixture, "current_task", 0x1fbc0, GAP_NONE, GAP_SYMBOL_PERCPU);
	fixture_symbol(fixture, "twice", base + 0x4000, GAP_NONE, GAP_SYMBOL_LOCAL);
	fixture_symbol(fixture, "twice", base + 0x5000, GAP_NONE, GAP_SYMBOL_LOCAL);
	fixture_symbol(fixture, "shadowed", base + 0x6000, GAP_NONE, GAP_SYMBOL_LOCAL);
	fixture_symbol(fixture, "shadowed", base + 0x7000, GAP_NONE, 0);
	fixture_symbol(fixture, "dotted.1", base + 0x8000, GAP_NONE, GAP_SYMBOL_LOCAL);
	fixture_symbol(fixture, "dotted.2", base + 0x9000, GAP_NONE, GAP_SYMBOL_LOCAL);
	fixture_symbol(fixture, "dotted_2", base + 0xa000, GAP_NONE, 0);
	fixture_symbol(fixture, "odd\xff", base + 0xb000, GAP_NONE, 0);
}

#define FIXTURE_BANNER "Linux version 6.1.0-fixture (gcc \"12\" */) #1 SMP\n"

static inline void fixture_identity(struct fixture *fixture)
{
	static const uint8_t build_id[20] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3};
	uint32_t dwarf, symtab;

	gap_builder_target_set(
		fixture->builder,
		&(struct gap_build_target){.machine = fixture->pointer_bytes == 8 ? 62 : 3,
					   .pointer_bytes = (uint8_t)fixture->pointer_bytes,
					   .build_id_bytes = sizeof(build_id),
					   .build_id = build_id,
					   .release = "6.1.0-fixture-amd64",
					   .banner = FIXTURE_BANNER,
					   .banner_bytes = sizeof(FIXTURE_BANNER) - 1,
					   .tool_version = "0.0.0"});
	dwarf = gap_builder_source_add(
		fixture->builder,
		&(struct gap_build_source){.kind = GAP_SOURCE_DWARF, .digest = "sha256:0123abcd"});
	symtab = gap_builder_source_add(fixture->builder,
					&(struct gap_build_source){.kind = GAP_SOURCE_SYMTAB,
								   .build_id = build_id,
								   .build_id_bytes = 20});
	gap_builder_source_default(fixture->builder, GAP_TABLE_TYPES, dwarf);
	gap_builder_source_default(fixture->builder, GAP_TABLE_MEMBERS, dwarf);
	gap_builder_source_default(fixture->builder, GAP_TABLE_ENUMERATORS, dwarf);
	gap_builder_source_default(fixture->builder, GAP_TABLE_SYMBOLS, symtab);
}

static inline void fixture_inference(struct fixture *fixture)
{
	uint32_t memory = gap_builder_source_add(
		fixture->builder,
		&(struct gap_build_source){.kind = GAP_SOURCE_MEMORY, .note = "guest memory"});

	gap_builder_exception_add(
		fixture->builder,
		&(struct gap_build_exception){.table = GAP_TABLE_MEMBERS,
					      .row = fixture->task_struct,
					      .position = 9, /* pid */
					      .source = memory,
					      .method = 3,
					      .confidence = 0.75,
					      .runner_up = 52,
					      .witnesses = fixture_text(fixture, "sys_getpid")});
}

/* ---- profiles ---- */

struct fixture_profile {
	void *image;
	size_t size_bytes;
	struct gap_profile *profile;
};

static inline struct fixture_profile fixture_open(unsigned pointer_bytes)
{
	struct fixture fixture = {.pointer_bytes = pointer_bytes};
	struct fixture_profile opened;
	struct gap_error error = {""};

	assert_int_equal(gap_builder_create(&fixture.builder, &error), GAP_OK);
	fixture_base_types(&fixture);
	fixture_required(&fixture);
	fixture_list_head(&fixture);
	fixture_mm_struct(&fixture);
	fixture_conflicts(&fixture);
	fixture_task_struct(&fixture);
	fixture_symbols(&fixture);
	fixture_identity(&fixture);
	fixture_inference(&fixture);
	if (gap_builder_freeze(fixture.builder, 0, &opened.image, &opened.size_bytes, &error) ||
	    gap_profile_open_image(opened.image, opened.size_bytes, &opened.profile, &error))
		fail_msg("%s", error.text);
	gap_builder_destroy(fixture.builder);
	return opened;
}

static inline void fixture_close(struct fixture_profile *opened)
{
	gap_profile_close(opened->profile);
	free(opened->image);
}

/* ---- selections ---- */

static inline void fixture_select(const struct gap_profile *profile, const char *const *fields,
				  const char *const *symbols, struct gap_selection **selection)
{
	struct gap_error error = {""};

	assert_int_equal(gap_selection_create(profile, selection, &error), GAP_OK);
	for (; *fields; fields++)
		if (gap_selection_add_field(*selection, *fields, &error))
			fail_msg("%s", error.text);
	for (; *symbols; symbols++)
		if (gap_selection_add_symbol(*selection, *symbols, &error))
			fail_msg("%s", error.text);
}

/* ---- output ---- */

struct fixture_warnings {
	char text[4096];
};

static inline void fixture_warn(void *context, const char *text)
{
	struct fixture_warnings *warnings = context;
	size_t used = strlen(warnings->text);

	snprintf(warnings->text + used, sizeof(warnings->text) - used, "%s\n", text);
}

/* Emits into memory, to be freed. */
static inline char *fixture_emit(const struct gap_profile *profile, const char *format,
				 const struct gap_selection *selection,
				 struct fixture_warnings *warnings, size_t *size_bytes)
{
	struct gap_emit_options options = {.warn = fixture_warn, .warn_context = warnings};
	struct gap_error error = {""};
	char *text = NULL;
	FILE *stream = open_memstream(&text, size_bytes);

	warnings->text[0] = '\0';
	assert_non_null(stream);
	if (gap_emit_format_find(format)->write(profile, selection, &options, stream, &error))
		fail_msg("%s", error.text);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static inline void fixture_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/tests/golden/%s", SEMGAP_SOURCE_DIR, name);
}

/* Shows the first line that differs. */
static inline void fixture_fail_golden(const char *name, const char *expected, const char *text)
{
	size_t line = 1, start = 0, i = 0;

	for (; expected[i] && expected[i] == text[i]; i++)
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	fail_msg("%s:%zu differs (SEMGAP_REBASE=1 rewrites it):\n- %.*s\n+ %.*s", name, line,
		 (int)strcspn(expected + start, "\n"), expected + start,
		 (int)strcspn(text + start, "\n"), text + start);
}

/* Compares with a file of tests/golden. */
static inline void fixture_golden(const char *name, const char *text, size_t size_bytes)
{
	char path[4096], *expected;
	FILE *stream;
	size_t got;

	fixture_path(name, path, sizeof(path));
	if (getenv("SEMGAP_REBASE")) {
		stream = fopen(path, "we");
		assert_non_null(stream);
		assert_int_equal(fwrite(text, 1, size_bytes, stream), size_bytes);
		assert_int_equal(fclose(stream), 0);
		return;
	}
	stream = fopen(path, "re");
	if (!stream)
		fail_msg("no %s: SEMGAP_REBASE=1 writes it", path);
	expected = calloc(1, size_bytes + 4096);
	got = fread(expected, 1, size_bytes + 4095, stream);
	fclose(stream);
	if (got != size_bytes || memcmp(expected, text, size_bytes) != 0)
		fixture_fail_golden(name, expected, text);
	free(expected);
}

#endif
