/* SPDX-License-Identifier: MIT */
/*
 * Opening an image: map it, hold it against the format, row by row, once. Look-ups are lookup.c's.
 * The checks of one table are collected in a single flag and tested at the end, so that the loops
 * stay branch-free and an image of 12 MB is through in a few milliseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/digest.h"
#include "runtime/image.h"

/* One row per known section: where its pointer and its count live in struct gap_profile. */
struct section_rule {
	uint32_t row_bytes;
	size_t pointer_at, count_at;
};

#define RULE(row, pointer, count)                                                                  \
	{                                                                                          \
		sizeof(row), offsetof(struct gap_profile, pointer),                                \
			offsetof(struct gap_profile, count)                                        \
	}
#define NO_COUNT ((size_t)-1)

static const struct section_rule rules[GAP_SECTION_KNOWN] = {
	[GAP_SECTION_IDENTITY] = {sizeof(struct gap_format_identity),
				  offsetof(struct gap_profile, identity), NO_COUNT},
	[GAP_SECTION_STRINGS] = RULE(char, strings, strings_bytes),
	[GAP_SECTION_TYPES] = RULE(struct gap_format_type, types, type_count),
	[GAP_SECTION_MEMBERS] = RULE(struct gap_format_member, members, member_count),
	[GAP_SECTION_ENUMERATORS] =
		RULE(struct gap_format_enumerator, enumerators, enumerator_count),
	[GAP_SECTION_PARAMETERS] = RULE(struct gap_format_parameter, parameters, parameter_count),
	[GAP_SECTION_SYMBOLS] = RULE(struct gap_format_symbol, symbols, symbol_count),
	[GAP_SECTION_TYPE_INDEX] = {4, offsetof(struct gap_profile, type_index), NO_COUNT},
	[GAP_SECTION_MEMBER_INDEX] = {4, offsetof(struct gap_profile, member_index), NO_COUNT},
	[GAP_SECTION_SYMBOL_INDEX] = {4, offsetof(struct gap_profile, symbol_index), NO_COUNT},
	[GAP_SECTION_ENUMERATOR_INDEX] = {4, offsetof(struct gap_profile, enumerator_index),
					  NO_COUNT},
	[GAP_SECTION_SOURCES] = RULE(struct gap_format_source, sources, source_count),
	[GAP_SECTION_DEFAULTS] = RULE(struct gap_format_default, defaults, default_count),
	[GAP_SECTION_EXCEPTIONS] = RULE(struct gap_format_exception, exceptions, exception_count),
	[GAP_SECTION_DECLARATIONS] =
		RULE(struct gap_format_declaration, declarations, declaration_count),
	[GAP_SECTION_SYMBOL_FILES] =
		RULE(struct gap_format_symbol_file, symbol_files, symbol_file_count),
	[GAP_SECTION_MODULES] = RULE(struct gap_format_module, modules, module_count),
	[GAP_SECTION_MODULE_SYMBOLS] =
		RULE(struct gap_format_module_symbol, module_symbols, module_symbol_count),
};

static int is_index(unsigned kind)
{
	return kind >= GAP_SECTION_TYPE_INDEX && kind <= GAP_SECTION_ENUMERATOR_INDEX;
}

static enum gap_status corrupt(struct gap_error *error, const char *what)
{
	return gap_fail(error, GAP_CORRUPT,
			"profile image is damaged: %s; make it anew with semgap extract", what);
}

static enum gap_status check_header(const unsigned char *image, size_t size_bytes,
				    struct gap_error *error)
{
	struct gap_format_header header;

	if (size_bytes < sizeof(header) ||
	    memcmp(image, GAP_FORMAT_MAGIC, sizeof(header.magic)) != 0)
		return gap_fail(error, GAP_CORRUPT,
				"not a profile image (.gap); semgap extract makes one");
	memcpy(&header, image, sizeof(header));
	if (header.major != GAP_FORMAT_MAJOR)
		return gap_fail(error, GAP_UNSUPPORTED,
				"profile image has format %u, this semgap reads %u; make it anew",
				header.major, GAP_FORMAT_MAJOR);
	if (header.file_size != size_bytes)
		return gap_fail(error, GAP_CORRUPT,
				"profile image is cut or altered: %zu bytes, its header says %u",
				size_bytes, header.file_size);
	if (header.zero != 0 || header.section_count < 3 ||
	    header.section_count > GAP_FORMAT_SECTIONS_MAX)
		return corrupt(error, "bad header");
	if (gap_image_checksum(image, size_bytes) != header.checksum)
		return gap_fail(error, GAP_CORRUPT,
				"profile image was altered: its checksum does not match; make it "
				"anew with semgap extract");
	return GAP_OK;
}

static enum gap_status take_index(struct gap_index *index, const uint32_t *words, uint32_t count,
				  struct gap_error *error)
{
	uint32_t buckets = count > 0 ? words[0] : 0;

	if (buckets == 0 || (buckets & (buckets - 1)) != 0 || count < 2 || buckets > count - 2)
		return corrupt(error, "bad index");
	index->mask = buckets - 1;
	index->starts = words + 1;
	index->rows = words + buckets + 2;
	if (index->starts[0] != 0 || index->starts[buckets] != count - buckets - 2)
		return corrupt(error, "bad index");
	return GAP_OK;
}

static enum gap_status take_section(struct gap_profile *profile,
				    const struct gap_format_section *section,
				    struct gap_error *error)
{
	const struct section_rule *rule = &rules[section->kind];
	const void *data = profile->image + section->offset;
	uint32_t count = section->size_bytes / rule->row_bytes;

	if (section->row_bytes != rule->row_bytes || section->size_bytes % rule->row_bytes != 0)
		return corrupt(error, "a section has rows of another size");
	if (is_index(section->kind))
		return take_index((void *)((char *)profile + rule->pointer_at), data, count, error);
	memcpy((char *)profile + rule->pointer_at, &data, sizeof(data));
	if (rule->count_at != NO_COUNT)
		memcpy((char *)profile + rule->count_at, &count, sizeof(count));
	else if (count != 1)
		return corrupt(error, "identity is not one row");
	return GAP_OK;
}

static enum gap_status take_sections(struct gap_profile *profile, struct gap_error *error)
{
	const struct gap_format_header *header = (const void *)profile->image;
	const struct gap_format_section *table = (const void *)(header + 1);
	uint64_t behind = sizeof(*header) + header->section_count * sizeof(*table);
	unsigned last_kind = 0;

	if (behind > profile->size_bytes)
		return corrupt(error, "section table is cut");
	for (uint32_t i = 0; i < header->section_count; i++) {
		const struct gap_format_section *section = &table[i];
		enum gap_status status;

		if (section->kind <= last_kind || section->offset % 8 != 0 ||
		    section->offset < behind || (section->flags & ~GAP_SECTION_REQUIRED) != 0 ||
		    (uint64_t)section->offset + section->size_bytes > profile->size_bytes)
			return corrupt(error, "bad section table");
		last_kind = section->kind;
		behind = (uint64_t)section->offset + section->size_bytes;
		if (section->kind < GAP_SECTION_KNOWN) {
			status = take_section(profile, section, error);
			if (status)
				return status;
		} else if (section->flags & GAP_SECTION_REQUIRED) {
			return gap_fail(error, GAP_UNSUPPORTED,
					"profile image needs a newer semgap (section %u)",
					section->kind);
		}
	}
	if (!profile->identity || !profile->strings || !profile->types)
		return corrupt(error, "identity, strings or types are missing");
	return GAP_OK;
}

static enum gap_status check_identity(const struct gap_profile *profile, struct gap_error *error)
{
	const struct gap_format_identity *identity = profile->identity;
	uint32_t pool = profile->strings_bytes;

	if (pool == 0 || profile->strings[0] != 0 || profile->strings[pool - 1] != 0)
		return corrupt(error, "string pool is not closed");
	if (identity->byte_order != 1 || identity->zero != 0 ||
	    (identity->pointer_bytes != 4 && identity->pointer_bytes != 8) ||
	    (identity->flags & ~GAP_IDENTITY_HAS_HASH) != 0)
		return corrupt(error, "bad identity");
	if (identity->release >= pool || identity->tool >= pool ||
	    identity->build_id_bytes > GAP_BUILD_ID_BYTES_MAX ||
	    (uint64_t)identity->build_id + identity->build_id_bytes > pool ||
	    (uint64_t)identity->banner + identity->banner_bytes > pool)
		return corrupt(error, "identity points outside the string pool");
	return GAP_OK;
}

/* Number of rows that a type's ref and count (or size) span in some table: 0 or an impossible end.
 */
static uint64_t range_end(uint32_t first, uint32_t count)
{
	return count ? (uint64_t)first + count : 0;
}

/* The rule that makes every chain end: contained types lie before their container. */
static int type_refs_good(const struct gap_profile *profile, const struct gap_format_type *type,
			  uint32_t row)
{
	switch (type->kind) {
	case GAP_KIND_VOID:
		return row == 0;
	case GAP_KIND_POINTER:
		return type->ref < profile->type_count;
	case GAP_KIND_ARRAY:
	case GAP_KIND_TYPEDEF:
	case GAP_KIND_CONST:
	case GAP_KIND_VOLATILE:
	case GAP_KIND_RESTRICT:
	case GAP_KIND_ATOMIC:
		return type->ref < row;
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		return range_end(type->ref, type->count) <= profile->member_count;
	case GAP_KIND_ENUM:
		return range_end(type->ref, type->count) <= profile->enumerator_count;
	case GAP_KIND_FUNCTION:
		return type->ref < profile->type_count &&
		       range_end(type->size, type->count) <= profile->parameter_count;
	default:
		return type->kind < GAP_KIND_COUNT;
	}
}

/* What an array, a typedef or a qualifier takes over from the type before it. */
static int derived_good(const struct gap_profile *profile, const struct gap_format_type *type)
{
	const struct gap_format_type *from;
	uint64_t size;

	if (!gap_image_is_derived(type))
		return type->depth == 0;
	from = &profile->types[type->ref];
	size = gap_image_size(from);
	if (type->kind == GAP_KIND_ARRAY)
		size *= type->count;
	return type->depth == from->depth + 1 &&
	       type->size == (size > UINT32_MAX ? UINT32_MAX : size);
}

static int members_good(const struct gap_profile *profile, const struct gap_format_type *type,
			uint32_t row)
{
	int good = 1;

	if (!gap_image_is_aggregate(type))
		return 1;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct gap_format_member *member = &profile->members[type->ref + i];

		good &= (member->type < row) & (member->name < profile->strings_bytes) &
			(member->bit_offset < 8) & (member->zero == 0);
	}
	return good;
}

/* Ranges may not be shared, else a small image could ask for endless work: what all types own is
 * what there is. */
struct owned {
	uint64_t members, enumerators, parameters;
};

static int owned_good(const struct gap_profile *profile, const struct gap_format_type *type,
		      struct owned *owned)
{
	if (gap_image_is_aggregate(type))
		owned->members += type->count;
	else if (type->kind == GAP_KIND_ENUM)
		owned->enumerators += type->count;
	else if (type->kind == GAP_KIND_FUNCTION)
		owned->parameters += type->count;
	return owned->members <= profile->member_count &&
	       owned->enumerators <= profile->enumerator_count &&
	       owned->parameters <= profile->parameter_count;
}

static enum gap_status check_types(const struct gap_profile *profile, struct gap_error *error)
{
	int good = profile->type_count > 0 && profile->types[0].kind == GAP_KIND_VOID;
	struct owned owned = {0};

	for (uint32_t row = 0; row < profile->type_count && good; row++) {
		const struct gap_format_type *type = &profile->types[row];

		good = owned_good(profile, type, &owned) && type->name < profile->strings_bytes &&
		       type->align_log2_plus1 <= 32 && type_refs_good(profile, type, row) &&
		       derived_good(profile, type) && members_good(profile, type, row);
	}
	return good ? GAP_OK : corrupt(error, "bad type rows");
}

static enum gap_status check_small_rows(const struct gap_profile *profile, struct gap_error *error)
{
	uint32_t pool = profile->strings_bytes;
	int good = 1;

	for (uint32_t i = 0; i < profile->enumerator_count; i++)
		good &= profile->enumerators[i].name < pool;
	for (uint32_t i = 0; i < profile->parameter_count; i++)
		good &= (profile->parameters[i].name < pool) &
			(profile->parameters[i].type < profile->type_count);
	for (uint32_t i = 0; i < profile->declaration_count; i++)
		good &= (profile->declarations[i].file < pool) &
			(profile->declarations[i].type < profile->type_count) &
			(i == 0 ||
			 profile->declarations[i - 1].type < profile->declarations[i].type);
	for (uint32_t i = 0; i < profile->symbol_file_count; i++)
		good &= (profile->symbol_files[i].file < pool) &
			(profile->symbol_files[i].symbol < profile->symbol_count) &
			(i == 0 ||
			 profile->symbol_files[i - 1].symbol < profile->symbol_files[i].symbol);
	return good ? GAP_OK : corrupt(error, "bad enumerator, parameter or declaration rows");
}

static enum gap_status check_symbols(const struct gap_profile *profile, struct gap_error *error)
{
	uint64_t last = 0;
	int good = 1;

	for (uint32_t i = 0; i < profile->symbol_count; i++) {
		const struct gap_format_symbol *symbol = &profile->symbols[i];

		good &= (symbol->address >= last) & (symbol->name < profile->strings_bytes) &
			(symbol->name != 0) & (symbol->zero == 0) &
			(symbol->kind <= GAP_SYMBOL_FUNCTION) & (symbol->flags < 16) &
			((symbol->type < profile->type_count) | (symbol->type == GAP_NONE));
		last = symbol->address;
	}
	return good ? GAP_OK : corrupt(error, "bad symbol rows");
}

/* Modules are in the order of their names, and own the symbols in the same order. */
static enum gap_status check_modules(const struct gap_profile *profile, struct gap_error *error)
{
	uint32_t pool = profile->strings_bytes;
	int good = profile->module_count > 0 || profile->module_symbol_count == 0;

	for (uint32_t i = 0; i < profile->module_count && good; i++) {
		const struct gap_format_module *module = &profile->modules[i];

		good = module->name != 0 && module->name < pool &&
		       module->build_id_bytes <= GAP_BUILD_ID_BYTES_MAX && module->zero[0] == 0 &&
		       module->zero[1] == 0 && module->zero[2] == 0 &&
		       (uint64_t)module->build_id + module->build_id_bytes <= pool &&
		       module->first_symbol <= profile->module_symbol_count &&
		       (i == 0 ? module->first_symbol == 0
			       : module->first_symbol >= module[-1].first_symbol &&
					 strcmp(gap_image_string(profile, module[-1].name),
						gap_image_string(profile, module->name)) < 0);
	}
	for (uint32_t i = 0; i < profile->module_symbol_count; i++) {
		const struct gap_format_module_symbol *symbol = &profile->module_symbols[i];

		good &= (symbol->name < pool) & (symbol->name != 0) & (symbol->section < pool) &
			(symbol->zero == 0) & (symbol->zero_too == 0) &
			(symbol->kind <= GAP_SYMBOL_FUNCTION) & (symbol->flags < 16) &
			((symbol->type < profile->type_count) | (symbol->type == GAP_NONE));
	}
	return good ? GAP_OK : corrupt(error, "bad module rows");
}

static enum gap_status check_provenance(const struct gap_profile *profile, struct gap_error *error)
{
	uint32_t pool = profile->strings_bytes;
	int good = 1;

	for (uint32_t i = 0; i < profile->source_count; i++) {
		const struct gap_format_source *source = &profile->sources[i];

		good &= (source->digest < pool) & (source->note < pool) & (source->zero == 0) &
			((uint64_t)source->build_id + source->build_id_bytes <= pool);
	}
	for (uint32_t i = 0; i < profile->default_count; i++)
		good &= profile->defaults[i].source < profile->source_count;
	for (uint32_t i = 0; i < profile->exception_count; i++)
		good &= (profile->exceptions[i].witnesses < pool) &
			(profile->exceptions[i].zero == 0) &
			(profile->exceptions[i].source < profile->source_count) &
			(i == 0 || gap_image_exception_key(&profile->exceptions[i - 1]) <
					   gap_image_exception_key(&profile->exceptions[i]));
	return good ? GAP_OK : corrupt(error, "bad provenance rows");
}

static int index_good(const struct gap_index *index, uint32_t row_count)
{
	int good = 1;

	if (!index->starts)
		return 1;
	for (uint32_t i = 0; i <= index->mask; i++)
		good &= index->starts[i] <= index->starts[i + 1];
	if (!good) /* otherwise the last start, checked before, bounds them all */
		return 0;
	for (uint32_t i = 0; i < index->starts[index->mask + 1]; i++)
		good &= index->rows[i] < row_count;
	return good;
}

static enum gap_status check_indices(const struct gap_profile *profile, struct gap_error *error)
{
	if (index_good(&profile->type_index, profile->type_count) &&
	    index_good(&profile->member_index, profile->member_count) &&
	    index_good(&profile->symbol_index, profile->symbol_count) &&
	    index_good(&profile->enumerator_index, profile->enumerator_count))
		return GAP_OK;
	return corrupt(error, "bad index rows");
}

static enum gap_status validate(struct gap_profile *profile, struct gap_error *error)
{
	static enum gap_status (*const checks[])(const struct gap_profile *, struct gap_error *) = {
		check_identity, check_types,      check_small_rows, check_symbols,
		check_modules,  check_provenance, check_indices,
	};
	enum gap_status status = check_header(profile->image, profile->size_bytes, error);

	if (!status)
		status = take_sections(profile, error);
	for (size_t i = 0; !status && i < sizeof(checks) / sizeof(checks[0]); i++)
		status = checks[i](profile, error);
	return status;
}

static enum gap_status open_image(const void *image, size_t size_bytes, int mapped,
				  struct gap_profile **profile, struct gap_error *error)
{
	struct gap_profile *opened = calloc(1, sizeof(*opened));
	enum gap_status status;

	if (!opened)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	opened->image = image;
	opened->size_bytes = size_bytes;
	status = validate(opened, error);
	if (status) {
		free(opened);
		return status;
	}
	opened->mapped = mapped;
	*profile = opened;
	return GAP_OK;
}

enum gap_status gap_profile_open_image(const void *image, size_t size_bytes,
				       struct gap_profile **profile, struct gap_error *error)
{
	if ((uintptr_t)image % 8 != 0)
		return gap_fail(error, GAP_INVALID, "image in memory is not aligned to 8 bytes");
	return open_image(image, size_bytes, 0, profile, error);
}

static enum gap_status map_file(const char *path, void **image, size_t *size_bytes,
				struct gap_error *error)
{
	/* Not waiting for the other end of a pipe, which is refused below. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat_of;
	void *mapped = MAP_FAILED;

	if (file < 0)
		return gap_fail(error, GAP_IO, "%s: %s", path, strerror(errno));
	if (fstat(file, &stat_of) != 0 || !S_ISREG(stat_of.st_mode)) {
		close(file);
		return gap_fail(error, GAP_IO, "%s: not a regular file", path);
	}
	if (stat_of.st_size > 0 && stat_of.st_size <= UINT32_MAX)
		mapped = mmap(NULL, (size_t)stat_of.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
			      file, 0);
	close(file);
	if (mapped == MAP_FAILED)
		return gap_fail(error, stat_of.st_size == 0 ? GAP_CORRUPT : GAP_IO, "%s: %s", path,
				stat_of.st_size == 0 ? "file is empty, not a profile image (.gap)"
						     : "cannot be mapped");
	*image = mapped;
	*size_bytes = (size_t)stat_of.st_size;
	return GAP_OK;
}

enum gap_status gap_profile_open(const char *path, struct gap_profile **profile,
				 struct gap_error *error)
{
	struct gap_error detail = {{0}};
	size_t size_bytes = 0;
	void *image = NULL;
	enum gap_status status = map_file(path, &image, &size_bytes, error);

	if (status)
		return status;
	status = open_image(image, size_bytes, 1, profile, &detail);
	if (!status)
		return GAP_OK;
	munmap(image, size_bytes);
	return gap_fail(error, status, "%.300s: %.700s", path, detail.text);
}

void gap_profile_close(struct gap_profile *profile)
{
	if (!profile)
		return;
	if (profile->mapped)
		munmap((void *)(uintptr_t)profile->image, profile->size_bytes);
	free(profile);
}
