/* SPDX-License-Identifier: MIT */
/*
 * Kernel modules beside a kernel: their symbols by section and offset, and their own types. These come from where the
 * kernel's came from: DWARF units join the kernel's in the same merger; BTF is split and continues the kernel's. A module of
 * another build is refused by its vermagic.
 */
#include <dirent.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "extract/package.h"
#include "profile/btf.h"
#include "profile/vector.h"

#define UNPACKED_BYTES_MAX (1u << 30)
#define FOLDER_DEPTH_MAX 32

GAP_VECTOR(paths, char *);

struct adding {
	const struct gap_extraction *run;
	bool from_folder;        /* then a second file of one module is passed over */
	uint32_t read, typeless; /* modules; those without types of the wanted kind */
	char typeless_name[128]; /* the first of them */
	uint64_t done, total;    /* files, for the progress; total 0 unknown */
};

/* ---- names ---- */

/* "nf_tables" of ".../nf-tables.ko.xz"; false when it is no module's name. */
static bool module_name(const char *path, char *name, size_t capacity)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *end = strstr(base, ".ko");
	size_t length = end ? (size_t)(end - base) : strlen(base);

	if (length == 0 || length >= capacity)
		return false;
	for (size_t i = 0; i < length; i++)
		name[i] = base[i] == '-' ? '_' : base[i];
	name[length] = '\0';
	return true;
}

static bool ends(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_module_file(const char *path)
{
	static const char *const endings[] = {".ko",    ".ko.xz",  ".ko.zst",
					      ".ko.gz", ".ko.bz2", ".ko.debug"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends(path, endings[i]))
			return true;
	return false;
}

/* "KEY=VALUE" of .modinfo; NULL when it is not there. */
static const char *modinfo(struct gap_elf *elf, const char *key)
{
	const struct gap_elf_section *section = gap_elf_find(elf, ".modinfo");
	size_t length = strlen(key);
	const char *at, *end;

	if (!section || !section->data)
		return NULL;
	at = (const char *)section->data;
	end = at + section->size_bytes;
	while (at < end) {
		size_t text = strnlen(at, (size_t)(end - at));

		if (at + text == end)
			return NULL;
		if (text > length && memcmp(at, key, length) == 0 && at[length] == '=')
			return at + length + 1;
		at += text + 1;
	}
	return NULL;
}

/* The release is the first word of vermagic. */
static enum gap_status check_vermagic(const struct gap_extraction *run, struct gap_elf *elf)
{
	const char *vermagic = modinfo(elf, "vermagic");
	const char *release = gap_builder_release(run->builder);
	size_t length = vermagic ? strcspn(vermagic, " ") : 0;

	if (!vermagic || !*release ||
	    (strlen(release) == length && memcmp(release, vermagic, length) == 0))
		return GAP_OK;
	return gap_fail(run->error, GAP_MISMATCH,
			"%.500s: a module of another kernel: it is made for %.*s, this is %.200s",
			run->path, (int)(length < 200 ? length : 200), vermagic, release);
}

/* ---- symbols ---- */

static bool is_symbol(const GElf_Sym *symbol, const char *name)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	/* What begins so is the assembler's: marks of code and data on ARM. */
	return name && *name && *name != '$' && type != STT_FILE && type != STT_SECTION &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < SHN_LORESERVE;
}

static void take_symbol(const struct gap_extraction *run, struct gap_elf *elf, uint32_t module,
			const GElf_Sym *symbol, const char *name)
{
	const struct gap_elf_section *section = &elf->sections[symbol->st_shndx];
	bool code = section->flags & SHF_EXECINSTR;
	struct gap_build_module_symbol row = {
		.module = module,
		.section = gap_builder_name(run->builder, section->name),
		.name = gap_builder_name(run->builder, name),
		.offset = symbol->st_value,
		.size_bytes = symbol->st_size,
		.type = GAP_NONE,
		.kind = GELF_ST_TYPE(symbol->st_info) == STT_FUNC ? GAP_SYMBOL_FUNCTION
			: code                                    ? GAP_SYMBOL_OTHER
								  : GAP_SYMBOL_DATA,
	};

	if (!(section->flags & SHF_ALLOC))
		return;
	if (GELF_ST_BIND(symbol->st_info) == STB_LOCAL)
		row.flags |= GAP_SYMBOL_LOCAL;
	if (GELF_ST_BIND(symbol->st_info) == STB_WEAK)
		row.flags |= GAP_SYMBOL_WEAK;
	if (strncmp(section->name, ".data..percpu", 13) == 0)
		row.flags |= GAP_SYMBOL_PERCPU;
	gap_builder_module_symbol_add(run->builder, &row);
}

static enum gap_status take_symbols(const struct gap_extraction *run, struct gap_elf *elf,
				    uint32_t module)
{
	GElf_Sym symbol;

	for (uint32_t i = 1; i < elf->section_count; i++) {
		Elf_Data *rows;

		if (elf->sections[i].type != SHT_SYMTAB)
			continue;
		rows = elf_getdata(elf_getscn(elf->handle, i), NULL);
		if (!rows)
			return gap_fail(run->error, GAP_CORRUPT, "%.600s: damaged symbol table",
					run->path);
		for (int s = 1; gelf_getsym(rows, s, &symbol); s++) {
			const char *name =
				elf_strptr(elf->handle, elf->sections[i].link, symbol.st_name);

			if (is_symbol(&symbol, name) && symbol.st_shndx < elf->section_count)
				take_symbol(run, elf, module, &symbol, name);
		}
	}
	return GAP_OK;
}

/* ---- types ---- */

struct typing {
	struct gap_builder *builder;
	uint32_t module;
};

static void type_by_name(void *context, gap_text name, gap_type_id type)
{
	const struct typing *typing = context;

	gap_builder_module_symbol_type(typing->builder, typing->module, name, UINT64_MAX, type);
}

static enum gap_status read_split_btf(const struct gap_extraction *run, uint32_t module,
				      const void *data, size_t size_bytes)
{
	struct typing typing = {run->builder, module};
	struct gap_error detail;
	enum gap_status status = gap_btf_read_split(run->builder, &run->session->btf, data,
						    size_bytes, type_by_name, &typing, &detail);

	if (status)
		return gap_fail(run->error, status, "%.500s: %.400s", run->path, detail.text);
	return GAP_OK;
}

static void count_typeless(struct adding *adding, const char *name)
{
	if (adding->typeless++ == 0)
		snprintf(adding->typeless_name, sizeof(adding->typeless_name), "%s", name);
}

static enum gap_status take_types(struct adding *adding, const struct gap_extraction *run,
				  struct gap_elf *elf, uint32_t module, const char *name)
{
	struct gap_elf_section *info = gap_elf_find(elf, ".debug_info");
	struct gap_elf_section *btf = gap_elf_find(elf, ".BTF");
	enum gap_status status;

	if (run->session->merger && info && info->data)
		return gap_dwarf_read(run, elf, module);
	if (run->session->has_btf && gap_elf_find(elf, ".BTF.base"))
		return gap_fail(
			run->error, GAP_UNSUPPORTED,
			"%.500s: built outside of the kernel's tree: its BTF stands on a base "
			"of its own (.BTF.base), which this version does not read",
			run->path);
	if (run->session->has_btf && btf && btf->data) {
		status = gap_elf_load(elf, btf, run->error);
		return status ? status : read_split_btf(run, module, btf->data, btf->size_bytes);
	}
	if (run->session->merger || run->session->has_btf)
		count_typeless(adding, name);
	return GAP_OK;
}

/* ---- one module ---- */

static enum gap_status name_taken(const struct gap_extraction *run, const char *name)
{
	return gap_fail(run->error, GAP_INVALID, "%.500s: module %.100s was given before",
			run->path, name);
}

static enum gap_status read_elf_module(struct adding *adding, const struct gap_extraction *run,
				       struct gap_elf *elf, const char *name)
{
	enum gap_status status = check_vermagic(run, elf);
	uint8_t build_id[64], build_id_bytes = gap_elf_build_id(elf, build_id);
	uint32_t module;

	if (!status && elf->type != ET_REL)
		status = gap_fail(run->error, GAP_UNSUPPORTED, "%.600s: not a kernel module",
				  run->path);
	if (status)
		return status;
	module = gap_builder_module_add(run->builder, name, build_id, build_id_bytes);
	status = take_symbols(run, elf, module);
	if (!status)
		status = take_types(adding, run, elf, module, name);
	adding->read++;
	return status;
}

static enum gap_status read_module(struct adding *adding, const struct gap_content *content,
				   const char *path)
{
	struct gap_extraction run = *adding->run;
	struct gap_elf elf;
	enum gap_status status;
	char name[128];

	run.path = content->name;
	run.file = path;
	if (!module_name(path, name, sizeof(name)))
		return gap_fail(run.error, GAP_INVALID, "%.600s: not a module's name", path);
	if (gap_builder_module_known(run.builder, name))
		return adding->from_folder ? GAP_OK : name_taken(&run, name);
	if (gap_btf_probe(content->bytes, content->size_bytes)) {
		if (!run.session->has_btf)
			return gap_fail(run.error, GAP_INVALID,
					"%.500s: this is BTF, and the kernel's types do not come "
					"from BTF (--btf takes them from there)",
					run.path);
		adding->read++;
		return read_split_btf(&run, gap_builder_module_add(run.builder, name, NULL, 0),
				      content->bytes, content->size_bytes);
	}
	status = gap_elf_open(&elf, content, run.error);
	if (status)
		return status;
	status = read_elf_module(adding, &run, &elf, name);
	gap_elf_close(&elf);
	return status;
}

/* A module as it is, or packed. */
static enum gap_status read_packed_module(struct adding *adding, const struct gap_content *content,
					  const char *path)
{
	struct gap_content inside = {.name = ""};
	enum gap_status status = gap_extraction_progress(adding->run, "reading modules",
							 adding->done++, adding->total);

	if (status)
		return status;
	if (!gap_packing_of(content->bytes, content->size_bytes))
		return read_module(adding, content, path);
	memcpy(inside.name, content->name, sizeof(inside.name));
	status = gap_unpack(&inside, content->bytes, content->size_bytes, UNPACKED_BYTES_MAX,
			    adding->run->error);
	if (!status)
		status = read_module(adding, &inside, path);
	gap_content_close(&inside);
	return status;
}

static enum gap_status read_module_file(struct adding *adding, const char *path)
{
	struct gap_content content;
	enum gap_status status = gap_content_open(&content, path, adding->run->error);

	if (status)
		return status;
	status = read_packed_module(adding, &content, path);
	gap_content_close(&content);
	return status;
}

/* ---- folders and packages of them ---- */

static enum gap_status collect(const struct gap_extraction *run, const char *folder,
			       struct paths *found, int depth);

static enum gap_status collect_entry(const struct gap_extraction *run, const char *folder,
				     const char *name, struct paths *found, int depth)
{
	size_t length = strlen(folder) + strlen(name) + 2;
	char *path = malloc(length), **row;
	enum gap_status status = GAP_OK;
	struct stat entry;

	if (!path)
		return gap_fail(run->error, GAP_NO_MEMORY, "out of memory");
	snprintf(path, length, "%s/%s", folder, name);
	/* Links are not followed: `build` leads to the headers, and in circles. */
	if (lstat(path, &entry) != 0 || name[0] == '.' ||
	    !(S_ISDIR(entry.st_mode) || (S_ISREG(entry.st_mode) && is_module_file(name)))) {
		free(path);
		return GAP_OK;
	}
	if (S_ISDIR(entry.st_mode)) {
		status = depth < FOLDER_DEPTH_MAX ? collect(run, path, found, depth + 1) : GAP_OK;
		free(path);
		return status;
	}
	row = paths_push(found);
	if (!row) {
		free(path);
		return gap_fail(run->error, GAP_NO_MEMORY, "out of memory");
	}
	*row = path;
	return GAP_OK;
}

static enum gap_status collect(const struct gap_extraction *run, const char *folder,
			       struct paths *found, int depth)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	enum gap_status status = GAP_OK;

	if (count < 0)
		return gap_fail(run->error, GAP_IO, "%.600s: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (!status)
			status = collect_entry(run, folder, entries[i]->d_name, found, depth);
		free(entries[i]);
	}
	free(entries);
	return status;
}

/* Shorter names first, so that of MODULE.ko and MODULE.ko.debug the order is always the same. */
static int compare_paths(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static enum gap_status read_folder(struct adding *adding, const char *folder)
{
	struct paths found = {0};
	enum gap_status status = collect(adding->run, folder, &found, 0);

	if (!status && found.count == 0)
		status = gap_fail(adding->run->error, GAP_NOT_FOUND,
				  "%.600s: no modules (*.ko, *.ko.xz, …) in this folder", folder);
	if (!status)
		qsort(found.items, found.count, sizeof(*found.items), compare_paths);
	adding->total = found.count;
	adding->done = 0;
	for (uint32_t i = 0; i < found.count; i++) {
		if (!status)
			status = read_module_file(adding, found.items[i]);
		free(found.items[i]);
	}
	free(found.items);
	return status;
}

static enum gap_member_choice choose_module(void *context, const char *path)
{
	(void)context;
	return is_module_file(path) ? GAP_MEMBER_TAKE : GAP_MEMBER_SKIP;
}

static enum gap_status visit_module(void *context, const char *path, struct gap_content *content,
				    bool *stop)
{
	(void)stop;
	return read_packed_module(context, content, path);
}

static enum gap_status read_package(struct adding *adding, const struct gap_content *content)
{
	struct gap_package_walk walk = {choose_module, visit_module, adding};
	struct gap_extraction run = *adding->run;
	uint32_t before = adding->read;
	enum gap_status status;

	run.path = content->name;
	adding->total = 0;
	status = gap_package_read(&run, content, &walk);
	if (!status && adding->read == before)
		status = gap_fail(run.error, GAP_NOT_FOUND, "%.600s: no modules in this package",
				  run.path);
	return status;
}

static enum gap_status read_many(struct adding *adding, const char *path)
{
	struct gap_content content;
	enum gap_status status;
	struct stat found;

	adding->from_folder = true;
	if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
		return read_folder(adding, path);
	status = gap_content_open(&content, path, adding->run->error);
	if (status)
		return status;
	if (gap_package_probe(content.bytes, content.size_bytes))
		status = read_package(adding, &content);
	else
		status =
			gap_fail(adding->run->error, GAP_INVALID,
				 "%.600s: neither a folder of modules nor a package; one module is "
				 "added with --module",
				 path);
	gap_content_close(&content);
	return status;
}

static void say_typeless(const struct adding *adding)
{
	bool dwarf = adding->run->session->merger != NULL;

	if (adding->typeless == 0)
		return;
	gap_extraction_warn(
		adding->run,
		"%u of %u modules have no %s (%s is the first): their symbols were taken, "
		"not their types; %s",
		adding->typeless, adding->read, dwarf ? "DWARF" : "BTF", adding->typeless_name,
		dwarf ? "pass the modules of the debug package, or take the kernel's "
			"types from BTF (--btf)"
		      : "pass the modules as they are loaded, not those of the debug "
			"package");
}

enum gap_status gap_modules_read(const struct gap_extraction *run)
{
	struct adding adding = {.run = run};
	enum gap_status status = GAP_OK;

	for (size_t i = 0; i < run->options->module_count && !status; i++)
		status = read_module_file(&adding, run->options->modules[i]);
	for (size_t i = 0; i < run->options->folder_count && !status; i++)
		status = read_many(&adding, run->options->folders[i]);
	if (status)
		return status;
	run->report->modules = adding.read;
	if (run->session->has_btf && adding.read)
		gap_builder_types_unify(run->builder);
	say_typeless(&adding);
	return GAP_OK;
}
