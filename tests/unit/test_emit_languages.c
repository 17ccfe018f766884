/* SPDX-License-Identifier: MIT */
/*
 * The formats that other languages and tools read: vmlinux-h, btf, rust, python, libvmi-conf, of a
 * profile with every trap. Golden files, which compilers and interpreters then take; kernels are
 * tests/layouts/generated's.
 */
#include "profile/btf.h"
#include "tests/unit/emit_compile.h"

static const char *const fields[] = {
	"task_struct.pid",       "task_struct.comm", "task_struct.grid", "task_struct.class",
	"task_struct.in_execve", "mm_struct.pgd",    "packed.length",    NULL};
static const char *const symbols[] = {"init_task", NULL};

/* Emits, compares with the golden file, and returns the text. */
static char *emitted(unsigned pointer_bytes, const char *format, bool whole, const char *golden)
{
	struct fixture_profile opened = fixture_open(pointer_bytes);
	struct gap_selection *selection = NULL;
	struct fixture_warnings warnings;
	size_t size_bytes;
	char *text;

	if (!whole)
		fixture_select(opened.profile, fields, symbols, &selection);
	text = fixture_emit(opened.profile, format, selection, &warnings, &size_bytes);
	fixture_golden(golden, text, size_bytes);
	gap_selection_destroy(selection);
	fixture_close(&opened);
	return text;
}

/* ---- vmlinux-h ---- */

static void types_of_64_bits(void **state)
{
	char *text = emitted(8, "vmlinux-h", true, "fixture64.vmlinux.h.golden");

	(void)state;
	expect_compiles(text, "");
	assert_non_null(strstr(text, "GAP_AT(struct task_struct, pid, "));
	assert_non_null(strstr(text, "struct conflict_1"));
	free(text);
}

static void types_of_32_bits(void **state)
{
	char *text = emitted(4, "vmlinux-h", true, "fixture32.vmlinux.h.golden");

	(void)state;
	expect_compiles(text, "");
	expect_compiles(text, "-m32");
	free(text);
}

static void names_with_a_prefix(void **state)
{
	struct fixture_profile opened = fixture_open(8);
	struct gap_emit_options options = {.native_abi = true, .prefix = "k_"};
	struct gap_error error = {""};
	size_t size_bytes;
	char *text = NULL;
	FILE *stream = open_memstream(&text, &size_bytes);

	(void)state;
	assert_int_equal(gap_emit_format_find("vmlinux-h")
				 ->write(opened.profile, NULL, &options, stream, &error),
			 GAP_OK);
	assert_int_equal(fclose(stream), 0);
	assert_non_null(strstr(text, "struct k_task_struct {"));
	assert_null(strstr(text, "struct task_struct"));
	expect_compiles(text, "");
	free(text);
	fixture_close(&opened);
}

/* ---- btf ---- */

/* Our own reader is the least that must take it; bpftool and pahole are asked for kernels. */
static void btf_is_read(void **state)
{
	struct fixture_profile opened = fixture_open(8);
	struct gap_builder *builder;
	struct fixture_warnings warnings;
	struct gap_error error = {""};
	size_t size_bytes;
	char *data = fixture_emit(opened.profile, "btf", NULL, &warnings, &size_bytes);

	(void)state;
	assert_true(gap_btf_probe(data, size_bytes));
	assert_int_equal(gap_builder_create(&builder, &error), GAP_OK);
	gap_builder_target_set(builder, &(struct gap_build_target){.pointer_bytes = 8});
	if (gap_btf_read(builder, data, size_bytes, NULL, NULL, &error))
		fail_msg("%s", error.text);
	assert_true(gap_builder_has_member(builder, "task_struct", "comm"));
	gap_builder_destroy(builder);
	free(data);
	fixture_close(&opened);
}

/* ---- modules ---- */

static void run_on(const char *program, const char *command, const char *name, const char *text)
{
	char directory[] = "/tmp/semgap-module-XXXXXX", line[512], path[128];

	assert_non_null(mkdtemp(directory));
	write_text(directory, name, text);
	snprintf(line, sizeof(line), "cd %s && %s", directory, command);
	if (!have(program))
		print_message("no %s here: not tried\n", program);
	else if (system(line) != 0)
		fail_msg("%s", line);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
	rmdir(directory);
}

static void python_is_imported(void **state)
{
	char *selected = emitted(8, "python", false, "fixture64.select.py.golden");
	char *whole = emitted(8, "python", true, "fixture64.py.golden");

	(void)state;
	run_on("python3", "python3 -B module.py", "module.py", selected);
	run_on("python3", "python3 -B module.py", "module.py", whole);
	free(selected);
	free(whole);
}

static void rust_compiles(void **state)
{
	char *selected = emitted(8, "rust", false, "fixture64.select.rs.golden");
	char *whole = emitted(8, "rust", true, "fixture64.rs.golden");
	const char *command =
		"rustc --crate-type lib --emit metadata -o m.rmeta m.rs && rm m.rmeta";

	(void)state;
	run_on("rustc", command, "m.rs", selected);
	run_on("rustc", command, "m.rs", whole);
	free(selected);
	free(whole);
}

static void libvmi_gets_its_offsets(void **state)
{
	char *text = emitted(8, "libvmi-conf", true, "fixture64.libvmi.conf.golden");

	(void)state;
	assert_non_null(strstr(text, "linux_pgd = 0x"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_of_64_bits),        cmocka_unit_test(types_of_32_bits),
		cmocka_unit_test(names_with_a_prefix),     cmocka_unit_test(btf_is_read),
		cmocka_unit_test(python_is_imported),      cmocka_unit_test(rust_compiles),
		cmocka_unit_test(libvmi_gets_its_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
