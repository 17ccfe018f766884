/* SPDX-License-Identifier: MIT */
/*
 * One extraction: what is this file, and who reads it. Each kind of input is a row of the table at
 * the end. Half of the rows are there to say what a file is that cannot be read, because "which
 * file do I give it?" is the first question.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "extract/inputs.h"
#include "profile/btf.h"

#define SYSFS_MAGIC 0x62656572
#define TEXT_BYTES_MAX (1u << 30)

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

/* ---- a whole file in memory ---- */

struct content {
	char *data;
	size_t size_bytes;
};

/* Opens a file to read it; a pipe or device could keep us waiting, or never end. */
static FILE *open_regular(const char *path, struct gap_error *error)
{
	struct stat file;
	FILE *stream;

	if (stat(path, &file) != 0) {
		gap_fail(error, GAP_IO, "%.600s: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(file.st_mode)) {
		gap_fail(error, GAP_IO,
			 S_ISDIR(file.st_mode) ? "%.600s: is a folder; name a file in it"
					       : "%.600s: not a regular file",
			 path);
		return NULL;
	}
	stream = fopen(path, "rbe");
	if (!stream)
		gap_fail(error, GAP_IO, "%.600s: %s", path, strerror(errno));
	return stream;
}

/* Read, not mapped: files of sysfs and proc cannot be, and say nothing true of their size. */
static enum gap_status read_file(const char *path, struct content *content, struct gap_error *error)
{
	FILE *file = open_regular(path, error);
	size_t capacity = 1 << 20, got = 1;
	struct content whole = {file ? malloc(1 << 20) : NULL, 0};

	if (!file)
		return GAP_IO;
	while (whole.data && got > 0 && capacity <= TEXT_BYTES_MAX) {
		got = fread(whole.data + whole.size_bytes, 1, capacity - whole.size_bytes, file);
		whole.size_bytes += got;
		if (whole.size_bytes == capacity) {
			char *moved = realloc(whole.data, capacity *= 2);

			if (!moved)
				free(whole.data);
			whole.data = moved;
		}
	}
	if (!whole.data || ferror(file) || capacity > TEXT_BYTES_MAX) {
		bool damaged = whole.data && ferror(file);

		gap_fail(error, damaged ? GAP_IO : GAP_NO_MEMORY, "%.600s: %s", path,
			 damaged ? "cannot be read" : "too large for memory");
		free(whole.data);
		fclose(file);
		return damaged ? GAP_IO : GAP_NO_MEMORY;
	}
	fclose(file);
	*content = whole;
	return GAP_OK;
}

/* ---- sources ---- */

static uint32_t add_source(const struct gap_extraction *run, enum gap_source_kind kind,
			   const uint8_t *build_id, uint8_t build_id_bytes)
{
	struct gap_build_source source = {
		.kind = kind,
		.build_id = build_id,
		.build_id_bytes = build_id_bytes,
	};

	return gap_builder_source_add(run->builder, &source);
}

static void set_types_source(const struct gap_extraction *run, uint32_t source)
{
	gap_builder_source_default(run->builder, GAP_TABLE_TYPES, source);
	gap_builder_source_default(run->builder, GAP_TABLE_MEMBERS, source);
	gap_builder_source_default(run->builder, GAP_TABLE_ENUMERATORS, source);
	gap_builder_source_default(run->builder, GAP_TABLE_PARAMETERS, source);
}

/* ---- System.map ---- */

static enum gap_status read_system_map(const struct gap_extraction *run, const char *path,
				       uint32_t *count)
{
	struct content content;
	enum gap_status status = read_file(path, &content, run->error);

	if (status)
		return status;
	if (content.size_bytes == 0)
		status = gap_fail(run->error, GAP_NOT_FOUND, "%.600s: the file is empty", path);
	else
		status = gap_system_map_read(run, path, content.data, content.size_bytes, count);
	free(content.data);
	return status;
}

/* ---- BTF ---- */

static void type_by_name(void *context, gap_text name, gap_type_id type)
{
	gap_builder_symbol_type_by_name(context, name, type);
}

static enum gap_status read_btf(const struct gap_extraction *run, const void *data,
				size_t size_bytes)
{
	struct gap_error detail;
	enum gap_status status =
		gap_btf_read(run->builder, data, size_bytes, type_by_name, run->builder, &detail);

	if (status)
		return gap_fail(run->error, status, "%.600s: %.400s", run->path, detail.text);
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
	return status ? status : read_btf(run, section->data, section->size_bytes);
}

/* Types of an ELF file, and where they came from. */
static enum gap_status read_types(const struct gap_extraction *run, struct gap_elf *elf,
				  enum gap_source_kind *kind)
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
	return gap_dwarf_read(run, elf);
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

	gap_builder_target_set(run->builder, &target);
	status = gap_symtab_read(run, elf, &symbols);
	if (!status && symbols)
		gap_builder_source_default(
			run->builder, GAP_TABLE_SYMBOLS,
			add_source(run, GAP_SOURCE_SYMTAB, build_id, target.build_id_bytes));
	if (!status)
		status = read_types(run, elf, &types_kind);
	if (!status && types_kind != GAP_SOURCE_UNKNOWN)
		set_types_source(run, add_source(run, types_kind, build_id, target.build_id_bytes));
	if (!status && symbols == 0 && run->options->symbols_only)
		status = gap_fail(run->error, GAP_NOT_FOUND, "%.600s: no symbols in it", run->path);
	return status;
}

static enum gap_status read_elf(const struct gap_extraction *run)
{
	struct gap_elf elf;
	enum gap_status status = gap_elf_open(&elf, run->path, run->error);

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
	struct content notes;
	struct utsname host;
	struct statfs where;
	uint8_t build_id[64];
	struct gap_build_target target = {.build_id = build_id};

	if (statfs(run->path, &where) != 0 || where.f_type != SYSFS_MAGIC || uname(&host) != 0)
		return;
	target.release = host.release;
	target.machine = machine_of_host(&host);
	if (read_file("/sys/kernel/notes", &notes, NULL) == GAP_OK) {
		target.build_id_bytes = gap_notes_build_id(notes.data, notes.size_bytes, build_id);
		free(notes.data);
	}
	gap_builder_target_set(run->builder, &target);
}

static enum gap_status read_raw_btf(const struct gap_extraction *run)
{
	struct content content;
	enum gap_status status;

	if (run->options->types_from == GAP_TYPES_DWARF)
		return gap_fail(run->error, GAP_INVALID, "%.600s: this is BTF; leave out --dwarf",
				run->path);
	if (run->options->symbols_only)
		return gap_fail(run->error, GAP_NOT_FOUND, "%.600s: BTF holds no symbols",
				run->path);
	status = read_file(run->path, &content, run->error);
	if (status)
		return status;
	identify_running_kernel(run);
	status = read_btf(run, content.data, content.size_bytes);
	free(content.data);
	if (!status)
		identify_by_registers(run);
	if (!status)
		set_types_source(run, add_source(run, GAP_SOURCE_BTF, NULL, 0));
	return status;
}

/* ---- System.map as the input ---- */

static enum gap_status read_map_input(const struct gap_extraction *run)
{
	uint32_t count;
	enum gap_status status = read_system_map(run, run->path, &count);

	if (!status && !run->options->symbols_only)
		status = gap_fail(
			run->error, GAP_NOT_FOUND,
			"%.500s: no types: a System.map holds symbols only; pass the vmlinux of "
			"linux-image-…-dbg or a BTF file as input and this with --system-map, "
			"or take the symbols alone with --symbols-only",
			run->path);
	if (!status)
		gap_builder_source_default(run->builder, GAP_TABLE_SYMBOLS,
					   add_source(run, GAP_SOURCE_SYSTEM_MAP, NULL, 0));
	return status;
}

/* ---- headers ---- */

static enum gap_status read_headers(const struct gap_extraction *run)
{
	enum gap_status status = gap_headers_read(run);

	if (!status)
		set_types_source(run, add_source(run, GAP_SOURCE_HEADERS, NULL, 0));
	return status;
}

/* ---- what is it? ---- */

#define HEAD_BYTES 1024

struct head {
	char bytes[HEAD_BYTES];
	size_t size_bytes;
};

static bool begins(const struct head *head, size_t at, const char *magic, size_t length)
{
	return head->size_bytes >= at + length && memcmp(head->bytes + at, magic, length) == 0;
}

static bool is_elf(const struct head *head)
{
	return begins(head, 0, "\177ELF", 4);
}

static bool is_btf(const struct head *head)
{
	return gap_btf_probe(head->bytes, head->size_bytes);
}

static bool is_map(const struct head *head)
{
	return gap_system_map_probe(head->bytes, head->size_bytes);
}

static bool is_image(const struct head *head)
{
	return begins(head, 0, "\x89GAP", 4);
}

static bool is_kernel_image(const struct head *head)
{
	return begins(head, 0x202, "HdrS", 4) || begins(head, 0x38, "ARM\x64", 4);
}

static bool is_package(const struct head *head)
{
	return begins(head, 0, "!<arch>\n", 8) || begins(head, 0, "\xed\xab\xee\xdb", 4);
}

static bool is_compressed(const struct head *head)
{
	return begins(head, 0, "\x1f\x8b", 2) ||
	       begins(head, 0,
		      "\xfd"
		      "7zXZ",
		      5) ||
	       begins(head, 0, "\x28\xb5\x2f\xfd", 4) || begins(head, 0, "BZh", 3);
}

/* A kind of input: how it is recognised, who reads it, or why nobody does. */
static const struct {
	bool (*probe)(const struct head *head);
	enum gap_status (*read)(const struct gap_extraction *run);
	const char *advice;
} kinds[] = {
	{is_elf, read_elf, NULL},
	{is_btf, read_raw_btf, NULL},
	{is_image, NULL, "this is a profile already; semgap show, find and emit read it"},
	{is_kernel_image, NULL,
	 "this is a bootable kernel image, which this version does not read; pass the vmlinux of "
	 "linux-image-…-dbg, or /sys/kernel/btf/vmlinux of the running kernel"},
	{is_package, NULL,
	 "this is a package, which this version does not open; unpack it (dpkg-deb -x, rpm2cpio) "
	 "and pass the vmlinux in it"},
	{is_compressed, NULL, "this is a compressed file; decompress it first"},
	{is_map, read_map_input, NULL},
};

static enum gap_status read_head(const char *path, struct head *head, struct gap_error *error)
{
	FILE *stream = open_regular(path, error);

	if (!stream)
		return GAP_IO;
	head->size_bytes = fread(head->bytes, 1, sizeof(head->bytes), stream);
	fclose(stream);
	if (head->size_bytes == 0)
		return gap_fail(error, GAP_NOT_FOUND, "%.600s: the file is empty", path);
	return GAP_OK;
}

static enum gap_status read_input(const struct gap_extraction *run)
{
	struct head head = {{0}, 0};
	enum gap_status status;

	if (run->options->headers[0])
		return read_headers(run);
	status = read_head(run->path, &head, run->error);
	if (status)
		return status;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!kinds[i].probe(&head))
			continue;
		if (kinds[i].read)
			return kinds[i].read(run);
		return gap_fail(run->error, GAP_UNSUPPORTED, "%.500s: %s", run->path,
				kinds[i].advice);
	}
	return gap_fail(
		run->error, GAP_UNSUPPORTED,
		"%.500s: not a file that semgap knows: neither ELF (vmlinux), nor BTF, nor a "
		"System.map",
		run->path);
}

/* Symbols beside the input's own; where the input has none, they are all there is. */
static enum gap_status read_more_symbols(const struct gap_extraction *run)
{
	uint32_t before = gap_builder_symbol_count(run->builder), count;
	enum gap_status status;

	if (!run->options->system_map)
		return GAP_OK;
	status = read_system_map(run, run->options->system_map, &count);
	if (!status && before == 0)
		gap_builder_source_default(run->builder, GAP_TABLE_SYMBOLS,
					   add_source(run, GAP_SOURCE_SYSTEM_MAP, NULL, 0));
	return status;
}

enum gap_status gap_extract(struct gap_builder *builder, const char *path,
			    const struct gap_extract_options *options,
			    struct gap_extract_report *report, struct gap_error *error)
{
	struct gap_extract_report unused;
	struct gap_extraction run = {
		.builder = builder,
		.options = options,
		.report = report ? report : &unused,
		.error = error,
		.path = path ? path : options->headers[0],
	};
	struct gap_build_target tool = {.tool_version = "semgap " SEMGAP_VERSION};
	enum gap_status status;

	*run.report = (struct gap_extract_report){0};
	gap_builder_target_set(builder, &tool);
	status = read_input(&run);
	if (!status)
		status = read_more_symbols(&run);
	run.report->types = gap_builder_type_count(builder) - 1;
	run.report->symbols = gap_builder_symbol_count(builder);
	return status;
}
