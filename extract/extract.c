/* SPDX-License-Identifier: MIT */
/*
 * One extraction: what is this file, and who reads it. Each kind of input is a row of the table at
 * the end. Half of the rows are there to say what a file is that cannot be read, because "which
 * file do I give it?" is the first question.
 */
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "extract/package.h"
#include "extract/sha256.h"

#define SYSFS_MAGIC 0x62656572

void gap_extraction_warn(const struct gap_extraction *run, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (!run->options->warn)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	run->options->warn(run->options->context, text);
}

enum gap_status gap_extraction_progress(const struct gap_extraction *run, const char *what,
					uint64_t done, uint64_t total)
{
	if (!run->options->progress ||
	    run->options->progress(run->options->context, what, done, total))
		return GAP_OK;
	return gap_fail(run->error, GAP_CANCELLED, "cancelled");
}

/* ---- sources ---- */

void gap_extraction_source(const struct gap_extraction *run, enum gap_source_kind kind,
			   const uint8_t *build_id, uint8_t build_id_bytes, bool of_symbols)
{
	static const enum gap_table types[] = {GAP_TABLE_TYPES, GAP_TABLE_MEMBERS,
					       GAP_TABLE_ENUMERATORS, GAP_TABLE_PARAMETERS};
	struct gap_build_source source = {
		.kind = kind,
		.build_id = build_id,
		.build_id_bytes = build_id_bytes,
		.digest = run->session->digest,
	};
	uint32_t number = gap_builder_source_add(run->builder, &source);

	if (of_symbols) {
		gap_builder_source_default(run->builder, GAP_TABLE_SYMBOLS, number);
		return;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		gap_builder_source_default(run->builder, types[i], number);
}

/* What is read now is @content: its digest goes with every source that it becomes. */
static void take_digest(const struct gap_extraction *run, const struct gap_content *content)
{
	uint8_t digest[32];
	int length;

	run->session->digest[0] = '\0';
	if (!run->options->digest)
		return;
	gap_sha256(content->bytes, content->size_bytes, digest);
	length = snprintf(run->session->digest, sizeof(run->session->digest), "sha256:");
	for (size_t i = 0; i < sizeof(digest); i++)
		length +=
			snprintf(run->session->digest + length,
				 sizeof(run->session->digest) - (size_t)length, "%02x", digest[i]);
}

enum gap_status gap_types_missing(const struct gap_extraction *run, bool has_symbols)
{
	if (has_symbols && run->options->types_from == GAP_TYPES_BEST) {
		gap_extraction_warn(run,
				    "%s: this kernel was built without BTF: the profile holds its "
				    "symbols only; for types pass the vmlinux of its debug package",
				    run->path);
		return GAP_OK;
	}
	return gap_fail(run->error, GAP_NOT_FOUND,
			"%.500s: no types: this kernel was built without BTF; pass the vmlinux of "
			"its debug package",
			run->path);
}

/* ---- System.map ---- */

static enum gap_status read_symbol_file(const struct gap_extraction *run, const char *path,
					bool running, uint32_t *count)
{
	struct gap_content content;
	enum gap_status status = gap_content_open(&content, path, run->error);

	if (status)
		return status;
	take_digest(run, &content);
	status = gap_system_map_read(run, path, (const char *)content.bytes, content.size_bytes,
				     running, count);
	gap_content_close(&content);
	return status;
}

/* ---- BTF ---- */

static void type_by_name(void *context, gap_text name, gap_type_id type)
{
	gap_builder_symbol_type_by_name(context, name, type);
}

enum gap_status gap_btf_types_read(const struct gap_extraction *run, const void *data,
				   size_t size_bytes)
{
	bool modules = run->options->module_count || run->options->folder_count;
	struct gap_error detail;
	enum gap_status status =
		modules ? gap_btf_read_base(run->builder, data, size_bytes, type_by_name,
					    run->builder, &run->session->btf, &detail)
			: gap_btf_read(run->builder, data, size_bytes, type_by_name, run->builder,
				       &detail);

	if (status)
		return gap_fail(run->error, status, "%.600s: %.400s", run->path, detail.text);
	run->session->has_btf = modules;
	return GAP_OK;
}

/* ---- ELF ---- */

static bool has_dwarf(struct gap_elf *elf)
{
	const struct gap_elf_section *info = gap_elf_find(elf, ".debug_info");

	return info && info->data;
}

/* BTF that was made from the DWARF of a RANDSTRUCT build is as false as that; whether it was, nothing here tells. */
static void warn_if_randomised(const struct gap_extraction *run, struct gap_elf *elf)
{
	static const char *const pools[] = {".debug_str", ".debug_line_str"};
	static const char plugin[] = "randomize_layout_plugin";

	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		const struct gap_elf_section *pool = gap_elf_find(elf, pools[i]);

		if (!pool || !pool->data ||
		    !memmem(pool->data, pool->size_bytes, plugin, sizeof(plugin) - 1))
			continue;
		gap_extraction_warn(
			run,
			"%s was built with GCC's RANDSTRUCT plugin: if its BTF was made from its "
			"DWARF, as pahole does, the layouts are false; semgap infer finds true "
			"ones",
			run->path);
		return;
	}
}

static enum gap_status read_btf_section(const struct gap_extraction *run, struct gap_elf *elf)
{
	struct gap_elf_section *section = gap_elf_find(elf, ".BTF");
	enum gap_status status;

	if (!section || !section->data)
		return gap_fail(run->error, GAP_NOT_FOUND,
				"%.600s: no BTF in it; leave out --btf, or pass the kernel's "
				"/sys/kernel/btf/vmlinux",
				run->path);
	warn_if_randomised(run, elf);
	status = gap_elf_load(elf, section, run->error);
	return status ? status : gap_btf_types_read(run, section->data, section->size_bytes);
}

/* Types of an ELF file, and where they came from. @booted: it is a kernel as it boots, with nothing but its own table
 * of symbols. */
static enum gap_status read_types(const struct gap_extraction *run, struct gap_elf *elf,
				  bool booted, enum gap_source_kind *kind)
{
	enum gap_types_from from = run->options->types_from;

	*kind = GAP_SOURCE_UNKNOWN;
	if (run->options->symbols_only)
		return GAP_OK;
	if (from == GAP_TYPES_DWARF && !has_dwarf(elf))
		return gap_fail(
			run->error, GAP_NOT_FOUND,
			"%.600s: no DWARF in it; pass the file of linux-image-…-dbg (or your "
			"distribution's debug package), or leave out --dwarf",
			run->path);
	if (from != GAP_TYPES_BTF && !has_dwarf(elf) && gap_elf_find(elf, ".zdebug_info"))
		return gap_fail(run->error, GAP_UNSUPPORTED,
				"%.500s: its DWARF is compressed in the old GNU form "
				"(.zdebug_info); undo that "
				"with objcopy --decompress-debug-sections",
				run->path);
	if (from == GAP_TYPES_BEST && !has_dwarf(elf) && !gap_elf_find(elf, ".BTF") && booted)
		return gap_types_missing(run, true);
	if (from == GAP_TYPES_BEST && !has_dwarf(elf) && !gap_elf_find(elf, ".BTF"))
		return gap_fail(
			run->error, GAP_NOT_FOUND,
			"%.500s: no types: this file is stripped of DWARF and holds no BTF; pass "
			"the file of linux-image-…-dbg, or /sys/kernel/btf/vmlinux of the running "
			"kernel, or take its symbols alone with --symbols-only",
			run->path);
	if (from == GAP_TYPES_BTF || !has_dwarf(elf)) {
		*kind = GAP_SOURCE_BTF;
		return read_btf_section(run, elf);
	}
	*kind = GAP_SOURCE_DWARF;
	return gap_dwarf_read(run, elf, 0);
}

static enum gap_status read_elf_parts(const struct gap_extraction *run, struct gap_elf *elf)
{
	uint8_t build_id[64];
	struct gap_build_target target = {
		.machine = elf->machine,
		.pointer_bytes = elf->pointer_bytes,
		.build_id = build_id,
		.build_id_bytes = gap_elf_build_id(elf, build_id),
	};
	enum gap_source_kind types_kind;
	uint32_t symbols = 0;
	enum gap_status status;
	bool booted = false;

	gap_builder_target_set(run->builder, &target);
	status = run->options->own_table ? GAP_OK : gap_symtab_read(run, elf, &symbols);
	if (!status && symbols == 0 && elf->type != ET_REL) {
		status = gap_kallsyms_read_elf(run, elf, &symbols);
		booted = symbols > 0;
	}
	if (!status && symbols)
		gap_extraction_source(run, booted ? GAP_SOURCE_KALLSYMS : GAP_SOURCE_SYMTAB,
				      build_id, target.build_id_bytes, true);
	if (!status)
		status = read_types(run, elf, booted, &types_kind);
	if (!status && types_kind != GAP_SOURCE_UNKNOWN)
		gap_extraction_source(run, types_kind, build_id, target.build_id_bytes, false);
	if (!status && symbols == 0 && run->options->symbols_only)
		status = gap_fail(run->error, GAP_NOT_FOUND, "%.600s: no symbols in it", run->path);
	return status;
}

static enum gap_status read_elf(const struct gap_extraction *run, const struct gap_content *content)
{
	struct gap_elf elf;
	enum gap_status status = gap_elf_open(&elf, content, run->error);

	if (status)
		return status;
	status = read_elf_parts(run, &elf);
	gap_elf_close(&elf);
	return status;
}

/* ---- raw BTF ---- */

static uint16_t machine_of_host(const struct utsname *host)
{
	if (strcmp(host->machine, "x86_64") == 0)
		return 62;
	if (strcmp(host->machine, "aarch64") == 0)
		return 183;
	if (host->machine[0] == 'i' && strcmp(host->machine + 2, "86") == 0)
		return 3;
	return 0;
}

/* BTF names no machine, but the registers that a trap saves are the machine's own. */
static void identify_by_registers(const struct gap_extraction *run)
{
	static const struct {
		const char *member;
		uint8_t pointer_bytes;
		uint16_t machine;
	} rows[] = {{"r15", 8, 62}, {"pstate", 8, 183}, {"bx", 4, 3}};
	uint8_t pointer_bytes = gap_builder_pointer_bytes(run->builder);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gap_build_target target = {.machine = rows[i].machine};

		if (rows[i].pointer_bytes == pointer_bytes &&
		    gap_builder_has_member(run->builder, "pt_regs", rows[i].member))
			gap_builder_target_set(run->builder, &target);
	}
}

/* BTF says nothing of its kernel; what sysfs shows is the running kernel's, which says who it is.
 */
static void identify_running_kernel(const struct gap_extraction *run)
{
	struct gap_content notes;
	struct utsname host;
	struct statfs where;
	uint8_t build_id[64];
	struct gap_build_target target = {.build_id = build_id};

	if (statfs(run->path, &where) != 0 || where.f_type != SYSFS_MAGIC || uname(&host) != 0)
		return;
	target.release = host.release;
	target.machine = machine_of_host(&host);
	if (gap_content_open(&notes, "/sys/kernel/notes", NULL) == GAP_OK) {
		target.build_id_bytes = gap_notes_build_id(notes.bytes, notes.size_bytes, build_id);
		gap_content_close(&notes);
	}
	gap_builder_target_set(run->builder, &target);
}

static enum gap_status read_raw_btf(const struct gap_extraction *run,
				    const struct gap_content *content)
{
	enum gap_status status;

	if (run->options->types_from == GAP_TYPES_DWARF)
		return gap_fail(run->error, GAP_INVALID, "%.600s: this is BTF; leave out --dwarf",
				run->path);
	if (run->options->symbols_only)
		return gap_fail(run->error, GAP_NOT_FOUND, "%.600s: BTF holds no symbols",
				run->path);
	identify_running_kernel(run);
	status = gap_btf_types_read(run, content->bytes, content->size_bytes);
	if (!status)
		identify_by_registers(run);
	if (!status)
		gap_extraction_source(run, GAP_SOURCE_BTF, NULL, 0, false);
	return status;
}

/* ---- System.map as the input ---- */

static enum gap_status read_map_input(const struct gap_extraction *run,
				      const struct gap_content *content)
{
	uint32_t count;
	enum gap_status status = gap_system_map_read(run, run->path, (const char *)content->bytes,
						     content->size_bytes, false, &count);

	if (!status && !run->options->symbols_only)
		status = gap_fail(
			run->error, GAP_NOT_FOUND,
			"%.500s: no types: a System.map holds symbols only; pass the vmlinux of "
			"linux-image-…-dbg or a BTF file as input and this with --system-map, "
			"or take the symbols alone with --symbols-only",
			run->path);
	if (!status)
		gap_extraction_source(run, GAP_SOURCE_SYSTEM_MAP, NULL, 0, true);
	return status;
}

/* ---- headers ---- */

static enum gap_status read_headers(const struct gap_extraction *run)
{
	enum gap_status status = gap_headers_read(run);

	if (!status)
		gap_extraction_source(run, GAP_SOURCE_HEADERS, NULL, 0, false);
	return status;
}

/* ---- what is it? ---- */

static bool begins(const struct gap_content *content, size_t at, const char *magic, size_t length)
{
	return content->size_bytes >= at + length &&
	       memcmp(content->bytes + at, magic, length) == 0;
}

static bool is_elf(const struct gap_content *content)
{
	return begins(content, 0, "\177ELF", 4);
}

static bool is_btf(const struct gap_content *content)
{
	return gap_btf_probe(content->bytes, content->size_bytes);
}

static bool is_map(const struct gap_content *content)
{
	return gap_system_map_probe((const char *)content->bytes,
				    content->size_bytes < 1024 ? content->size_bytes : 1024);
}

static bool is_profile(const struct gap_content *content)
{
	return begins(content, 0, "\x89GAP", 4);
}

static bool is_raw_image(const struct gap_content *content)
{
	return gap_raw_image_probe(content->bytes, content->size_bytes);
}

static bool is_wrapped(const struct gap_content *content)
{
	return gap_kernel_image_probe(content->bytes, content->size_bytes);
}

static bool is_package(const struct gap_content *content)
{
	return gap_package_probe(content->bytes, content->size_bytes);
}

static enum gap_status read_content(const struct gap_extraction *run,
				    const struct gap_content *content, int depth);

/* What is inside of a kernel image, of a compressed file, of a package: an input of its own. */
static enum gap_status read_inside(const struct gap_extraction *run, struct gap_content *inside,
				   enum gap_status status, int depth)
{
	if (status)
		return status;
	status = read_content(run, inside, depth + 1);
	gap_content_close(inside);
	return status;
}

static enum gap_status open_wrapped(const struct gap_extraction *run,
				    const struct gap_content *content, int depth)
{
	struct gap_content inside;
	enum gap_status status = gap_extraction_progress(run, "unpacking", 0, 0);

	if (!status)
		status = gap_kernel_image_unpack(run, content, &inside);
	return read_inside(run, &inside, status, depth);
}

static enum gap_status open_package(const struct gap_extraction *run,
				    const struct gap_content *content, int depth)
{
	struct gap_content kernel;
	enum gap_status status = gap_package_kernel(run, content, &kernel);

	return read_inside(run, &kernel, status, depth);
}

/* A kind of input: how it is recognised, who reads it, or why nobody does. */
static const struct {
	bool (*probe)(const struct gap_content *content);
	enum gap_status (*read)(const struct gap_extraction *run,
				const struct gap_content *content);
	enum gap_status (*open)(const struct gap_extraction *run, const struct gap_content *content,
				int depth);
	const char *advice;
} kinds[] = {
	{is_elf, read_elf, NULL, NULL},
	{is_btf, read_raw_btf, NULL, NULL},
	{is_profile, NULL, NULL, "this is a profile already; semgap show, find and emit read it"},
	{is_raw_image, gap_raw_image_read, NULL, NULL},
	{is_wrapped, NULL, open_wrapped, NULL},
	{is_package, NULL, open_package, NULL},
	{is_map, read_map_input, NULL, NULL},
};

/* Each layer of packing is one step; more than these only a bomb has. */
#define DEPTH_MAX 4

static enum gap_status read_content(const struct gap_extraction *run,
				    const struct gap_content *content, int depth)
{
	struct gap_extraction inner = *run;

	inner.path = content->name;
	for (size_t i = 0; depth <= DEPTH_MAX && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!kinds[i].probe(content))
			continue;
		if (kinds[i].read)
			return kinds[i].read(&inner, content);
		if (kinds[i].open)
			return kinds[i].open(&inner, content, depth);
		return gap_fail(run->error, GAP_UNSUPPORTED, "%.500s: %s", inner.path,
				kinds[i].advice);
	}
	return gap_fail(
		run->error, GAP_UNSUPPORTED,
		"%.500s: not a file that semgap knows: neither ELF (vmlinux, a module), nor "
		"a kernel image or package, nor BTF, nor a System.map",
		inner.path);
}

static enum gap_status read_input(const struct gap_extraction *run)
{
	struct gap_content content;
	enum gap_status status;

	if (run->options->headers[0])
		return read_headers(run);
	status = gap_content_open(&content, run->path, run->error);
	if (status)
		return status;
	take_digest(run, &content);
	status = read_content(run, &content, 0);
	gap_content_close(&content);
	return status;
}

/* Symbols beside the input's own; where the input has none, they are all there is. */
static enum gap_status add_symbols(const struct gap_extraction *run, const char *path, bool running)
{
	uint32_t before = gap_builder_symbol_count(run->builder), count;
	enum gap_status status;

	if (!path)
		return GAP_OK;
	status = read_symbol_file(run, path, running, &count);
	if (!status && before == 0)
		gap_extraction_source(run, running ? GAP_SOURCE_KALLSYMS : GAP_SOURCE_SYSTEM_MAP,
				      NULL, 0, true);
	return status;
}

static enum gap_status read_more_symbols(const struct gap_extraction *run)
{
	enum gap_status status = add_symbols(run, run->options->system_map, false);

	return status ? status : add_symbols(run, run->options->kallsyms, true);
}

enum gap_status gap_extract(struct gap_builder *builder, const char *path,
			    const struct gap_extract_options *options,
			    struct gap_extract_report *report, struct gap_error *error)
{
	struct gap_extract_report unused;
	struct gap_session session = {0};
	struct gap_extraction run = {
		.session = &session,
		.builder = builder,
		.options = options,
		.report = report ? report : &unused,
		.error = error,
		.path = path ? path : options->headers[0],
		.file = path,
	};
	struct gap_build_target tool = {.tool_version = "semgap " SEMGAP_VERSION};
	enum gap_status status;

	*run.report = (struct gap_extract_report){0};
	gap_builder_target_set(builder, &tool);
	status = read_input(&run);
	if (!status)
		status = read_more_symbols(&run);
	if (!status)
		status = gap_modules_read(&run);
	if (!status)
		status = gap_dwarf_finish(&run);
	gap_merger_destroy(session.merger);
	gap_btf_base_deinit(&session.btf);
	run.report->types = gap_builder_type_count(builder) - 1;
	run.report->symbols = gap_builder_symbol_count(builder);
	run.report->module_symbols = gap_builder_module_symbol_count(builder);
	return status;
}
