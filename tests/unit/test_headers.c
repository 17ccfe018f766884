/* SPDX-License-Identifier: MIT */
/* Layouts from kernel headers: a tree of a few small headers, and everything that must refuse it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "extract/extract.h"
#include "extract/header_search.h"
#include "tests/support/making.h"

#define CONFIG                                                                                     \
	"CONFIG_X86_64=y\nCONFIG_SLOW=m\n# CONFIG_NONE is not "                                    \
	"set\nCONFIG_BASE=10\nCONFIG_WORD=\"a b\"\n"

struct file {
	const char *name, *text;
};

static const struct file tree[] = {
	{"f/include/generated/autoconf.h",
	 "#define CONFIG_X86_64 1\n#define CONFIG_SLOW_MODULE 1\n#define CONFIG_BASE 0x10\n"
	 "#define CONFIG_WORD \"a b\"\n"},
	{"f/include/generated/utsrelease.h", "#define UTS_RELEASE \"6.1.0-small\"\n"},
	{"f/config", CONFIG},
	{"c/Makefile", "KBUILD_CFLAGS += -funsigned-char\n"},
	{"c/include/linux/kconfig.h", "#include <generated/autoconf.h>\n"},
	{"c/include/linux/stdarg.h", "\n"},
	{"c/include/linux/sched.h",
	 "#pragma once\nstruct list_head { struct list_head *next, *prev; };\n"
	 "struct mm_struct;\nstruct other;\n"
	 "enum kind { KIND_LOW = -1, KIND_HIGH = 7 };\n"
	 "typedef struct { int val; } kuid_t;\n"
	 "/* A longer name comes first: struct task_struct_more {} */\n"
	 "struct task_struct_more\n{\n\tint pid;\n};\n"
	 "struct task_struct {\n\tvolatile long state;\n"
	 "#ifdef CONFIG_SLOW_MODULE\n\tint slow;\n#endif\n"
	 "\tint pid;\n\tunsigned bits:3, more:5;\n"
	 "\tunion { struct { char comm[16]; kuid_t uid; }; long whole; };\n"
	 "\tenum kind kind;\n\tstruct mm_struct *mm;\n\tstruct other *other;\n"
	 "\tstruct list_head tasks;\n\tvoid (*hook)(struct task_struct *, char [4]);\n"
	 "\tint tail[];\n} __attribute__((aligned(64)));\n"},
	{"c/include/linux/aaa.h", "static inline struct task_struct *current_of(void);\n"},
	{"c/include/net/mm.h", "#include <linux/sched.h>\nstruct mm_struct {\n\tvoid *pgd;\n};\n"},
	{"c/include/linux/broken.h", "struct broken {\n\tunknown_t what;\n};\n"},
	{"c/arch/x86/include/asm/regs.h", "struct pt_regs {\n\tlong r15;\n};\n"},
};

static char root[] = "/tmp/semgap-headers-XXXXXX";
static char flavour[64], common[64];
static char warnings[4096];

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < COUNT_OF(tree); i++)
		put(tree[i].name, tree[i].text);
	snprintf(flavour, sizeof(flavour), "%s/f", root);
	snprintf(common, sizeof(common), "%s/c", root);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void remember(void *context, const char *text)
{
	(void)context;
	snprintf(warnings + strlen(warnings), sizeof(warnings) - strlen(warnings), "%s\n", text);
}

static enum gap_status extract(struct gap_builder *builder, struct gap_extract_options options,
			       struct gap_error *error)
{
	struct gap_extract_report report;

	if (!options.headers[0]) {
		options.headers[0] = flavour;
		options.headers[1] = common;
	}
	options.warn = remember;
	warnings[0] = '\0';
	return gap_extract(builder, NULL, &options, &report, error);
}

static struct frozen extracted(struct gap_extract_options options)
{
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};
	enum gap_status status = extract(builder, options, &error);

	if (status == GAP_UNSUPPORTED) {
		gap_builder_destroy(builder);
		print_message("%s\n", error.text);
		skip();
	}
	if (status)
		fail_msg("%s\n%s", error.text, warnings);
	return freeze(builder, 0);
}

static void refused(struct gap_extract_options options, enum gap_status expected, const char *words)
{
	struct gap_builder *builder = make_builder();
	struct gap_error error = {""};
	enum gap_status status = extract(builder, options, &error);

	gap_builder_destroy(builder);
	if (strstr(error.text, "built without libclang") || strstr(error.text, "which is not here"))
		skip();
	if (status != expected || !strstr(error.text, words))
		fail_msg("%s: %s", gap_status_name(status), error.text);
}

/* ---- layouts ---- */

static void check_place(const struct frozen *frozen, const char *type, const char *member,
			uint64_t offset_bits, uint32_t width_bits, uint64_t size_bytes)
{
	struct gap_location at;
	struct gap_error error;

	if (gap_profile_find_member(frozen->profile, type_called(frozen, type), member, &at,
				    &error))
		fail_msg("%s", error.text);
	if (at.offset_bits != offset_bits || at.width_bits != width_bits ||
	    at.size_bytes != size_bytes)
		fail_msg("%s.%s: bit %llu, width %u, %llu bytes", type, member,
			 (unsigned long long)at.offset_bits, at.width_bits,
			 (unsigned long long)at.size_bytes);
}

static void layouts_are_those_of_the_configuration(void **state)
{
	static const char *const fields[] = {"task_struct.pid"};
	struct frozen frozen =
		extracted((struct gap_extract_options){.fields = fields, .field_count = 1});
	struct gap_target target;
	struct gap_type type;

	(void)state;
	check_place(&frozen, "task_struct", "state", 0, 0, 8);
	check_place(&frozen, "task_struct", "slow", 64, 0, 4);
	check_place(&frozen, "task_struct", "pid", 96, 0, 4);
	check_place(&frozen, "task_struct", "more", 131, 5, 4);
	check_place(&frozen, "task_struct", "comm", 192, 0, 16);
	check_place(&frozen, "task_struct", "uid.val", 320, 0, 4);
	check_place(&frozen, "task_struct", "mm", 448, 0, 8);
	check_place(&frozen, "task_struct", "tasks.prev", 640, 0, 8);
	gap_profile_type(frozen.profile, type_called(&frozen, "task_struct"), &type);
	assert_int_equal(type.size_bytes, 128);
	assert_int_equal(type.align_bytes, 64);
	gap_profile_type(frozen.profile, type_called(&frozen, "other"), &type);
	assert_true(type.flags & GAP_TYPE_INCOMPLETE);
	gap_profile_type(frozen.profile, type_called(&frozen, "char"), &type);
	assert_false(type.flags & GAP_TYPE_SIGNED); /* as the Makefile says */
	gap_profile_type(frozen.profile, type_called(&frozen, "kind"), &type);
	assert_true(type.flags & GAP_TYPE_SIGNED);
	gap_profile_target(frozen.profile, &target);
	assert_string_equal(target.release, "6.1.0-small");
	assert_int_equal(target.machine, 62);
	assert_int_equal(target.build_id_bytes, 0);
	frozen_deinit(&frozen);
}

static void what_is_learnt_is_from_headers(void **state)
{
	static const char *const fields[] = {"task_struct.pid"};
	struct frozen frozen =
		extracted((struct gap_extract_options){.fields = fields, .field_count = 1});
	struct gap_provenance provenance;
	struct gap_declaration where;
	struct gap_source source;
	gap_type_id id = type_called(&frozen, "task_struct");

	(void)state;
	gap_profile_provenance(frozen.profile, GAP_TABLE_TYPES, id, &provenance);
	assert_true(gap_profile_source(frozen.profile, provenance.source, &source));
	assert_int_equal(source.kind, GAP_SOURCE_HEADERS);
	assert_true(gap_profile_declaration(frozen.profile, id, &where));
	assert_string_equal(where.file, "include/linux/sched.h");
	frozen_deinit(&frozen);
}

static void what_headers_lack_is_named(void **state)
{
	static const char *const fields[] = {"task_struct.pid", "mount.mnt_id|mnt_number",
					     "task_struct.nowhere", "mm|mm_struct.pgd"};
	struct frozen frozen =
		extracted((struct gap_extract_options){.fields = fields, .field_count = 4});

	(void)state;
	assert_non_null(strstr(warnings, "not in these headers, so not known: mount ("));
	assert_non_null(strstr(warnings, "task_struct has no nowhere"));
	assert_null(strstr(warnings, "mm_struct"));
	frozen_deinit(&frozen);
}

static void own_fields_are_the_default(void **state)
{
	struct frozen frozen = extracted((struct gap_extract_options){.config = NULL});

	(void)state;
	check_place(&frozen, "task_struct", "pid", 96, 0, 4);
	check_place(&frozen, "mm_struct", "pgd", 0, 0, 8);
	assert_non_null(strstr(warnings, "vm_area_struct"));
	frozen_deinit(&frozen);
}

static void a_fields_file_selects(void **state)
{
	struct frozen frozen;
	char path[96];

	(void)state;
	put("fields", "# comment\n mm_struct.pgd # more\n\n");
	snprintf(path, sizeof(path), "%s/fields", root);
	frozen = extracted((struct gap_extract_options){.fields_file = path});
	check_place(&frozen, "mm_struct", "pgd", 0, 0, 8);
	assert_string_equal(warnings, "");
	frozen_deinit(&frozen);
}

/* ---- refusals ---- */

static void a_header_that_does_not_parse_is_fatal(void **state)
{
	static const char *const fields[] = {"task_struct.pid", "broken.what"};

	(void)state;
	refused((struct gap_extract_options){.fields = fields, .field_count = 2}, GAP_INVALID,
		"cannot be trusted");
	assert_non_null(strstr(warnings, "broken.h:2:"));
}

static void randomised_structures_are_refused(void **state)
{
	char path[96];

	(void)state;
	put("r/include/generated/autoconf.h",
	    "#define CONFIG_X86_64 1\n#define CONFIG_RANDSTRUCT_FULL 1\n#define CONFIG_RANDSTRUCT "
	    "1\n");
	snprintf(path, sizeof(path), "%s/r", root);
	refused((struct gap_extract_options){.headers = {path, common}}, GAP_UNSUPPORTED,
		"randomised");
}

static void another_architecture_is_refused(void **state)
{
	char path[96];

	(void)state;
	put("a/include/generated/autoconf.h", "#define CONFIG_S390 1\n");
	snprintf(path, sizeof(path), "%s/a", root);
	refused((struct gap_extract_options){.headers = {common, path}}, GAP_UNSUPPORTED,
		"another architecture");
}

static void folders_that_are_not_there_are_named(void **state)
{
	(void)state;
	refused((struct gap_extract_options){.headers = {common, common}}, GAP_NOT_FOUND,
		"autoconf.h: name the flavour's folder");
	refused((struct gap_extract_options){.headers = {flavour}}, GAP_NOT_FOUND,
		"kconfig.h: name the folder that is common");
}

static void another_configuration_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
		enum gap_status status;
	} rows[] = {
		{CONFIG "CONFIG_MORE=y\n", "it has CONFIG_MORE=y", GAP_MISMATCH},
		{"CONFIG_X86_64=y\n", "it sets 1 options", GAP_MISMATCH},
		{"CONFIG_X86_64=m\n", "it has CONFIG_X86_64=m", GAP_MISMATCH},
		{"nothing\n", "no kernel configuration", GAP_INVALID},
	};
	static const char *const fields[] = {"task_struct.pid"};
	struct frozen frozen;
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/other", root);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		put("other", rows[i].text);
		refused((struct gap_extract_options){.config = path}, rows[i].status,
			rows[i].words);
	}
	snprintf(path, sizeof(path), "%s/f/config", root);
	frozen = extracted(
		(struct gap_extract_options){.config = path, .fields = fields, .field_count = 1});
	frozen_deinit(&frozen);
}

static void a_field_without_a_member_is_refused(void **state)
{
	static const char *const fields[] = {"task_struct"};

	(void)state;
	refused((struct gap_extract_options){.fields = fields, .field_count = 1}, GAP_INVALID,
		"is not TYPE.member");
}

static void nothing_found_is_an_error(void **state)
{
	static const char *const fields[] = {"nothing.here"};

	(void)state;
	refused((struct gap_extract_options){.fields = fields, .field_count = 1}, GAP_NOT_FOUND,
		"none of the structures");
}

/* ---- search ---- */

static void definitions_are_found_where_they_are(void **state)
{
	char names[][20] = {"task_struct", "task_struct_more", "mm_struct", "pt_regs", "other"};
	static const char *const headers[] = {"linux/sched.h", "linux/sched.h", "net/mm.h",
					      "asm/regs.h", NULL};
	struct gap_header_tag tags[COUNT_OF(names)];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		tags[i] = (struct gap_header_tag){names[i], NULL};
	assert_int_equal(gap_header_search(common, "x86", tags, COUNT_OF(names), NULL), GAP_OK);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (headers[i])
			assert_string_equal(tags[i].header, headers[i]);
		else
			assert_null(tags[i].header);
		free(tags[i].header);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_those_of_the_configuration),
		cmocka_unit_test(what_is_learnt_is_from_headers),
		cmocka_unit_test(what_headers_lack_is_named),
		cmocka_unit_test(own_fields_are_the_default),
		cmocka_unit_test(a_fields_file_selects),
		cmocka_unit_test(a_header_that_does_not_parse_is_fatal),
		cmocka_unit_test(randomised_structures_are_refused),
		cmocka_unit_test(another_architecture_is_refused),
		cmocka_unit_test(folders_that_are_not_there_are_named),
		cmocka_unit_test(another_configuration_is_refused),
		cmocka_unit_test(a_field_without_a_member_is_refused),
		cmocka_unit_test(nothing_found_is_an_error),
		cmocka_unit_test(definitions_are_found_where_they_are),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
