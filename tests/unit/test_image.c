/* SPDX-License-Identifier: MIT */
/*
 * Opening images that are not what the writer wrote: altered, cut, or made by somebody who knows how to compute a
 * checksum. All are refused whole; none is read outside its bytes (the sanitizers watch).
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/digest.h"
#include "runtime/format.h"
#include "tests/support/making.h"

/* ---- a small image with every section ---- */

static struct frozen make_image(unsigned flags)
{
	struct gap_builder *builder = make_builder();
	uint32_t source = gap_builder_source_add(
		builder, &(struct gap_build_source){.kind = GAP_SOURCE_DWARF, .note = "note"});
	gap_type_id integer = make_int(builder, "int", 4);
	gap_type_id inner = make_aggregate(builder, GAP_KIND_UNION, NULL, 4,
					   MAKE_MEMBERS({"x", integer, 0, 0}));
	gap_type_id outer = make_struct(
		builder, "outer", 16,
		MAKE_MEMBERS({"a", integer, 0, 0}, {NULL, inner, 32, 0}, {"bits", integer, 67, 5}));

	make_enum(builder, "colour", "RED", 1);
	make_alias(builder, GAP_KIND_TYPEDEF, "outer_t", make_array(builder, outer, 2));
	make_pointer(builder, outer);
	gap_builder_type_add(builder, &(struct gap_build_type){
					      .kind = GAP_KIND_FUNCTION,
					      .ref = integer,
					      .count = 1,
					      .parameters = &(struct gap_build_parameter){0, outer},
					      .name = gap_builder_name(builder, "declared"),
					      .file = gap_builder_name(builder, "f.c"),
					      .units = 1});
	make_symbol(builder, "s", "a.c", 0x1000, GAP_SYMBOL_LOCAL);
	make_symbol(builder, "s", "b.c", 0x2000, GAP_SYMBOL_LOCAL);
	gap_builder_source_default(builder, GAP_TABLE_TYPES, source);
	gap_builder_exception_add(builder, &(struct gap_build_exception){.table = GAP_TABLE_TYPES,
									 .row = outer,
									 .source = source,
									 .confidence = 1,
									 .runner_up = GAP_NONE});
	gap_builder_target_set(builder,
			       &(struct gap_build_target){.machine = 62,
							  .pointer_bytes = 8,
							  .build_id = (const uint8_t *)"\1\2\3",
							  .build_id_bytes = 3,
							  .release = "r",
							  .banner = "banner",
							  .banner_bytes = 6,
							  .tool_version = "t"});
	return freeze(builder, flags);
}

/* ---- a copy to be bent ---- */

struct bent {
	unsigned char *bytes; /* exactly as large as the image: the sanitizer sees the end */
	size_t size_bytes;
};

static struct bent bend(const struct frozen *frozen)
{
	struct bent bent = {malloc(frozen->size_bytes), frozen->size_bytes};

	assert_non_null(bent.bytes);
	memcpy(bent.bytes, frozen->image, frozen->size_bytes);
	return bent;
}

static struct gap_format_header *header_of(const struct bent *bent)
{
	return (struct gap_format_header *)(void *)bent->bytes;
}

static struct gap_format_section *table_of(const struct bent *bent)
{
	return (struct gap_format_section *)(void *)(header_of(bent) + 1);
}

static struct gap_format_section *section_of(const struct bent *bent, unsigned kind)
{
	for (uint32_t i = 0; i < header_of(bent)->section_count; i++)
		if (table_of(bent)[i].kind == kind)
			return &table_of(bent)[i];
	fail_msg("no section %u", kind);
	return NULL;
}

static void *rows_of(const struct bent *bent, unsigned kind)
{
	return bent->bytes + section_of(bent, kind)->offset;
}

static enum gap_status open_bent(const struct bent *bent, struct gap_error *error)
{
	struct gap_profile *profile = NULL;
	enum gap_status status =
		gap_profile_open_image(bent->bytes, bent->size_bytes, &profile, error);

	assert_int_equal(status == GAP_OK, profile != NULL);
	gap_profile_close(profile);
	return status;
}

/* Opens it as if its author had meant it, and frees it. */
static enum gap_status open_sealed(struct bent *bent, struct gap_error *error)
{
	enum gap_status status;

	header_of(bent)->checksum = gap_image_checksum(bent->bytes, bent->size_bytes);
	status = open_bent(bent, error);
	free(bent->bytes);
	return status;
}

/* ---- accidents ---- */

static void every_flipped_bit_is_noticed(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags <= GAP_FREEZE_MINIMAL; flags++) {
		struct frozen frozen = make_image(flags);
		struct bent bent = bend(&frozen);

		for (size_t at = 0; at < bent.size_bytes; at++) {
			for (unsigned bit = 0; bit < 8; bit++) {
				bent.bytes[at] ^= (unsigned char)(1u << bit);
				if (open_bent(&bent, NULL) == GAP_OK)
					fail_msg("bit %u of byte %zu", bit, at);
				bent.bytes[at] ^= (unsigned char)(1u << bit);
			}
			bent.bytes[at] ^= 0xff;
			assert_int_not_equal(open_bent(&bent, NULL), GAP_OK);
			bent.bytes[at] ^= 0xff;
		}
		assert_int_equal(open_bent(&bent, NULL), GAP_OK);
		free(bent.bytes);
		frozen_deinit(&frozen);
	}
}

static void every_cut_is_noticed(void **state)
{
	struct frozen frozen = make_image(0);

	(void)state;
	for (size_t length = 0; length < frozen.size_bytes; length++) {
		struct bent bent = {malloc(length ? length : 1), length};

		assert_non_null(bent.bytes);
		memcpy(bent.bytes, frozen.image, length);
		assert_int_equal(open_bent(&bent, NULL), GAP_CORRUPT);
		/* Cut by somebody who corrects the header. */
		if (length >= sizeof(struct gap_format_header)) {
			header_of(&bent)->file_size = (uint32_t)length;
			assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
		} else {
			free(bent.bytes);
		}
	}
	frozen_deinit(&frozen);
}

static void more_bytes_are_noticed(void **state)
{
	struct frozen frozen = make_image(0);
	struct bent bent = {calloc(1, frozen.size_bytes + 8), frozen.size_bytes + 8};

	(void)state;
	assert_non_null(bent.bytes);
	memcpy(bent.bytes, frozen.image, frozen.size_bytes);
	assert_int_equal(open_bent(&bent, NULL), GAP_CORRUPT);
	free(bent.bytes);
	frozen_deinit(&frozen);
}

/* ---- hostility: one number each ---- */

/* A number of @bytes at @offset of row @row in section @kind; kind 0 is the header, -1 - i the table's entry i. */
struct bending {
	const char *name;
	int kind;
	uint32_t row;
	size_t offset;
	unsigned bytes;
	uint64_t value;
};

#define AT(row, field)                                                                             \
	offsetof(struct gap_format_##row, field), sizeof(((struct gap_format_##row *)0)->field)
#define SECTION(name) GAP_SECTION_##name

static const struct bending bendings[] = {
	{"magic", 0, 0, 3, 1, 'B'},
	{"no sections", 0, 0, AT(header, section_count), 0},
	{"two sections", 0, 0, AT(header, section_count), 2},
	{"65 sections", 0, 0, AT(header, section_count), 65},
	{"endless sections", 0, 0, AT(header, section_count), UINT32_MAX},
	{"table over the end", 0, 0, AT(header, section_count), 64},
	{"header zero", 0, 0, AT(header, zero), 1},

	{"kinds fall", -2, 0, AT(section, kind), 1},
	{"kind 0", -1, 0, AT(section, kind), 0},
	{"unknown flag", -1, 0, AT(section, flags), 3},
	{"offset not aligned", -3, 0, AT(section, offset), 1001},
	{"offset in the table", -1, 0, AT(section, offset), 32},
	{"offset 0", -1, 0, AT(section, offset), 0},
	{"offset over the end", -3, 0, AT(section, offset), 0x7ffffff8},
	{"offset wraps", -3, 0, AT(section, offset), 0xfffffff8},
	{"size over the end", -3, 0, AT(section, size_bytes), 20000},
	{"size wraps", -3, 0, AT(section, size_bytes), 0xffffffff},
	{"sections overlap", -1, 0, AT(section, size_bytes), 96},
	{"row size", -3, 0, AT(section, row_bytes), 24},
	{"row size 0", -3, 0, AT(section, row_bytes), 0},
	{"size is no multiple", -3, 0, AT(section, size_bytes), 21},
	{"no types", -3, 0, AT(section, size_bytes), 0},
	{"no strings", -2, 0, AT(section, size_bytes), 0},
	{"strings cut", -2, 0, AT(section, size_bytes), 3},
	{"no identity row", -1, 0, AT(section, size_bytes), 0},

	{"pointer size", SECTION(IDENTITY), 0, AT(identity, pointer_bytes), 6},
	{"byte order", SECTION(IDENTITY), 0, AT(identity, byte_order), 2},
	{"build-id length", SECTION(IDENTITY), 0, AT(identity, build_id_bytes), 65},
	{"build-id place", SECTION(IDENTITY), 0, AT(identity, build_id), 0xffffffff},
	{"identity flags", SECTION(IDENTITY), 0, AT(identity, flags), 2},
	{"release", SECTION(IDENTITY), 0, AT(identity, release), 100000},
	{"tool", SECTION(IDENTITY), 0, AT(identity, tool), 100000},
	{"banner", SECTION(IDENTITY), 0, AT(identity, banner), 0xfffffffe},
	{"banner length", SECTION(IDENTITY), 0, AT(identity, banner_bytes), 0xffffffff},
	{"identity zero", SECTION(IDENTITY), 0, AT(identity, zero), 1},
	{"pool begins", SECTION(STRINGS), 0, 0, 1, 'x'},

	{"row 0 is no void", SECTION(TYPES), 0, AT(type, kind), GAP_KIND_INT},
	{"another void", SECTION(TYPES), 1, AT(type, kind), GAP_KIND_VOID},
	{"unknown kind", SECTION(TYPES), 1, AT(type, kind), GAP_KIND_COUNT},
	{"kind 255", SECTION(TYPES), 1, AT(type, kind), 255},
	{"type name", SECTION(TYPES), 1, AT(type, name), 100000},
	{"type depth", SECTION(TYPES), 1, AT(type, depth), 1},
	{"alignment", SECTION(TYPES), 1, AT(type, align_log2_plus1), 33},
	{"member name", SECTION(MEMBERS), 0, AT(member, name), 100000},
	{"member type", SECTION(MEMBERS), 0, AT(member, type), 1000},
	{"member bit offset", SECTION(MEMBERS), 0, AT(member, bit_offset), 8},
	{"member zero", SECTION(MEMBERS), 0, AT(member, zero), 1},
	{"enumerator name", SECTION(ENUMERATORS), 0, AT(enumerator, name), 0xffffffff},
	{"parameter name", SECTION(PARAMETERS), 0, AT(parameter, name), 0xffffffff},
	{"parameter type", SECTION(PARAMETERS), 0, AT(parameter, type), 1000},
	{"symbols fall", SECTION(SYMBOLS), 0, AT(symbol, address), UINT64_MAX},
	{"symbol name", SECTION(SYMBOLS), 0, AT(symbol, name), 0xffffffff},
	{"symbol without name", SECTION(SYMBOLS), 0, AT(symbol, name), 0},
	{"symbol type", SECTION(SYMBOLS), 0, AT(symbol, type), 1000},
	{"symbol zero", SECTION(SYMBOLS), 0, AT(symbol, zero), 1},
	{"source digest", SECTION(SOURCES), 0, AT(source, digest), 0xffffffff},
	{"source note", SECTION(SOURCES), 0, AT(source, note), 0xffffffff},
	{"source build-id", SECTION(SOURCES), 0, AT(source, build_id), 0xffffffff},
	{"source zero", SECTION(SOURCES), 0, AT(source, zero), 1},
	{"default source", SECTION(DEFAULTS), 0, AT(default, source), 9},
	{"exception source", SECTION(EXCEPTIONS), 0, AT(exception, source), 9},
	{"exception witnesses", SECTION(EXCEPTIONS), 0, AT(exception, witnesses), 0xffffffff},
	{"declaration type", SECTION(DECLARATIONS), 0, AT(declaration, type), 1000},
	{"declaration file", SECTION(DECLARATIONS), 0, AT(declaration, file), 0xffffffff},
	{"symbol file symbol", SECTION(SYMBOL_FILES), 0, AT(symbol_file, symbol), 1000},
	{"symbol files fall", SECTION(SYMBOL_FILES), 0, AT(symbol_file, symbol), 1},
	{"symbol file", SECTION(SYMBOL_FILES), 0, AT(symbol_file, file), 0xffffffff},
};

static unsigned char *place_of(const struct bent *bent, const struct bending *bending)
{
	size_t rows;

	if (bending->kind == 0)
		return bent->bytes + bending->offset;
	if (bending->kind < 0)
		return (unsigned char *)&table_of(bent)[-1 - bending->kind] + bending->offset;
	rows = section_of(bent, (unsigned)bending->kind)->row_bytes;
	return (unsigned char *)rows_of(bent, (unsigned)bending->kind) + bending->row * rows +
	       bending->offset;
}

static void every_number_is_checked(void **state)
{
	struct frozen frozen = make_image(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bendings); i++) {
		struct bent bent = bend(&frozen);
		struct gap_error error = {""};

		memcpy(place_of(&bent, &bendings[i]), &bendings[i].value, bendings[i].bytes);
		if (open_sealed(&bent, &error) != GAP_CORRUPT)
			fail_msg("%s: %s", bendings[i].name, error.text);
		assert_true(strlen(error.text) > 20);
	}
	frozen_deinit(&frozen);
}

/* ---- hostility: what types refer to ---- */

static uint32_t row_of_kind(const struct bent *bent, enum gap_kind kind)
{
	const struct gap_format_type *types = rows_of(bent, GAP_SECTION_TYPES);
	uint32_t count = section_of(bent, GAP_SECTION_TYPES)->size_bytes / sizeof(*types);

	for (uint32_t row = 0; row < count; row++)
		if (types[row].kind == kind)
			return row;
	fail_msg("no type of kind %d", kind);
	return 0;
}

static void by_value_references_point_back(void **state)
{
	static const enum gap_kind by_value[] = {GAP_KIND_ARRAY, GAP_KIND_TYPEDEF};
	static const enum gap_kind as[] = {GAP_KIND_ARRAY,    GAP_KIND_TYPEDEF,  GAP_KIND_CONST,
					   GAP_KIND_VOLATILE, GAP_KIND_RESTRICT, GAP_KIND_ATOMIC};
	struct frozen frozen = make_image(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(by_value) * COUNT_OF(as) * 2; i++) {
		struct bent bent = bend(&frozen);
		uint32_t row = row_of_kind(&bent, by_value[i % 2]);
		struct gap_format_type *type = rows_of(&bent, GAP_SECTION_TYPES);

		type[row].kind = as[i / 2 % COUNT_OF(as)];
		type[row].ref = row + (i >= COUNT_OF(by_value) * COUNT_OF(as));
		assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
	}
	frozen_deinit(&frozen);
}

static void members_point_back(void **state)
{
	struct frozen frozen = make_image(0);

	(void)state;
	for (uint32_t ahead = 0; ahead < 2; ahead++) {
		struct bent bent = bend(&frozen);
		uint32_t row = row_of_kind(&bent, GAP_KIND_STRUCT);
		struct gap_format_type *types = rows_of(&bent, GAP_SECTION_TYPES);
		struct gap_format_member *members = rows_of(&bent, GAP_SECTION_MEMBERS);

		members[types[row].ref].type = row + ahead;
		assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
	}
	frozen_deinit(&frozen);
}

/* A pointer may refer ahead, but not to what is not there. */
static void pointers_stay_inside(void **state)
{
	struct frozen frozen = make_image(0);
	struct bent bent = bend(&frozen);
	struct gap_format_type *types = rows_of(&bent, GAP_SECTION_TYPES);
	uint32_t count = section_of(&bent, GAP_SECTION_TYPES)->size_bytes / sizeof(*types);

	(void)state;
	types[row_of_kind(&bent, GAP_KIND_POINTER)].ref = count - 1;
	assert_int_equal(open_sealed(&bent, NULL), GAP_OK);
	bent = bend(&frozen);
	types = rows_of(&bent, GAP_SECTION_TYPES);
	types[row_of_kind(&bent, GAP_KIND_POINTER)].ref = count;
	assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
	bent = bend(&frozen);
	types = rows_of(&bent, GAP_SECTION_TYPES);
	types[row_of_kind(&bent, GAP_KIND_FUNCTION)].ref = count;
	assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
	frozen_deinit(&frozen);
}

static void ranges_stay_inside(void **state)
{
	static const enum gap_kind kinds[] = {GAP_KIND_STRUCT, GAP_KIND_UNION, GAP_KIND_ENUM,
					      GAP_KIND_FUNCTION};
	static const struct {
		uint32_t first, count;
	} ranges[] = {
		{0, 1000}, {1000, 1}, {UINT32_MAX, 1}, {UINT32_MAX, UINT32_MAX}, {1, UINT32_MAX}};
	struct frozen frozen = make_image(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds) * COUNT_OF(ranges); i++) {
		struct bent bent = bend(&frozen);
		struct gap_format_type *types = rows_of(&bent, GAP_SECTION_TYPES);
		struct gap_format_type *type = &types[row_of_kind(&bent, kinds[i % 4])];

		*(type->kind == GAP_KIND_FUNCTION ? &type->size : &type->ref) = ranges[i / 4].first;
		type->count = ranges[i / 4].count;
		assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
	}
	frozen_deinit(&frozen);
}

/* A thousand types that share a thousand rows would be a million rows of output. */
static void rows_belong_to_one_type(void **state)
{
	static const enum gap_kind kinds[] = {GAP_KIND_STRUCT, GAP_KIND_ENUM, GAP_KIND_FUNCTION};
	struct frozen frozen = make_image(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct bent bent = bend(&frozen);
		struct gap_format_type *types = rows_of(&bent, GAP_SECTION_TYPES);
		struct gap_format_type *pointer = &types[row_of_kind(&bent, GAP_KIND_POINTER)];
		uint32_t name = pointer->name;

		*pointer = types[row_of_kind(&bent, kinds[i])];
		pointer->name = name;
		assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
	}
	frozen_deinit(&frozen);
}

/* ---- hostility: indices ---- */

static const struct {
	uint32_t word, value;
} index_bendings[] = {
	{0, 0}, {0, 3}, {0, 0x80000000}, {0, UINT32_MAX}, {1, 1}, {2, UINT32_MAX}, {2, 1000},
};

static void indices_are_checked(void **state)
{
	struct frozen frozen = make_image(0);

	(void)state;
	for (unsigned kind = GAP_SECTION_TYPE_INDEX; kind <= GAP_SECTION_ENUMERATOR_INDEX; kind++) {
		for (size_t i = 0; i < COUNT_OF(index_bendings); i++) {
			struct bent bent = bend(&frozen);
			uint32_t *words = rows_of(&bent, kind);

			words[index_bendings[i].word] = index_bendings[i].value;
			assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
		}
		for (uint32_t cut = 1; cut <= 3; cut++) {
			struct bent bent = bend(&frozen);

			section_of(&bent, kind)->size_bytes -= 4 * cut;
			assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
		}
	}
	frozen_deinit(&frozen);
}

static void rows_of_indices_are_checked(void **state)
{
	struct frozen frozen = make_image(0);

	(void)state;
	for (unsigned kind = GAP_SECTION_TYPE_INDEX; kind <= GAP_SECTION_ENUMERATOR_INDEX; kind++) {
		struct bent bent = bend(&frozen);
		uint32_t *words = rows_of(&bent, kind);

		words[words[0] + 2] = 1000;
		assert_int_equal(open_sealed(&bent, NULL), GAP_CORRUPT);
	}
	frozen_deinit(&frozen);
}

/* Rows that exist but are not what the name says: no harm, no answer. */
static void a_lying_index_finds_nothing(void **state)
{
	struct frozen frozen = make_image(0);
	struct bent bent = bend(&frozen);
	struct gap_profile *profile = NULL;
	struct gap_location location;
	gap_type_id id;

	(void)state;
	for (unsigned kind = GAP_SECTION_TYPE_INDEX; kind <= GAP_SECTION_MEMBER_INDEX; kind++) {
		uint32_t *words = rows_of(&bent, kind), *rows = words + words[0] + 2;

		for (uint32_t i = 0; i < words[words[0] + 1]; i++)
			rows[i] = 0;
	}
	header_of(&bent)->checksum = gap_image_checksum(bent.bytes, bent.size_bytes);
	assert_int_equal(gap_profile_open_image(bent.bytes, bent.size_bytes, &profile, NULL),
			 GAP_OK);
	assert_int_equal(gap_profile_find_type(profile, "outer", &id, NULL), GAP_NOT_FOUND);
	id = type_called(&frozen, "outer");
	assert_int_equal(gap_profile_find_member(profile, id, "bits", &location, NULL),
			 GAP_NOT_FOUND);
	gap_profile_close(profile);
	free(bent.bytes);
	frozen_deinit(&frozen);
}

/* ---- versions ---- */

/* The last section becomes one that nobody knows. */
static struct bent with_unknown_section(const struct frozen *frozen, uint16_t flags)
{
	struct bent bent = bend(frozen);
	struct gap_format_section *last = &table_of(&bent)[header_of(&bent)->section_count - 1];

	header_of(&bent)->minor = 7;
	last->kind = 200;
	last->flags = flags;
	last->row_bytes = 3;
	return bent;
}

static void newer_minor_versions_are_read(void **state)
{
	struct frozen frozen = make_image(0);
	struct bent bent = with_unknown_section(&frozen, 0);
	struct gap_error error = {""};

	(void)state;
	assert_int_equal(open_sealed(&bent, NULL), GAP_OK);
	bent = with_unknown_section(&frozen, GAP_SECTION_REQUIRED);
	assert_int_equal(open_sealed(&bent, &error), GAP_UNSUPPORTED);
	assert_non_null(strstr(error.text, "needs a newer semgap"));
	frozen_deinit(&frozen);
}

static void other_major_versions_are_refused(void **state)
{
	static const uint16_t majors[] = {0, 2, 0xffff};
	struct frozen frozen = make_image(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(majors); i++) {
		struct bent bent = bend(&frozen);
		struct gap_error error = {""};

		header_of(&bent)->major = majors[i];
		assert_int_equal(open_sealed(&bent, &error), GAP_UNSUPPORTED);
		assert_non_null(strstr(error.text, "format"));
	}
	frozen_deinit(&frozen);
}

/* ---- files ---- */

static void write_file(const char *path, const void *bytes, size_t size_bytes)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size_bytes, file), size_bytes);
	assert_int_equal(fclose(file), 0);
}

static void files_are_opened_by_name(void **state)
{
	char path[] = "/tmp/semgap-image-XXXXXX";
	int handle = mkstemp(path);
	struct frozen frozen = make_image(0);
	struct gap_profile *profile = NULL;
	struct gap_error error = {""};

	(void)state;
	assert_true(handle >= 0);
	close(handle);
	assert_int_equal(gap_profile_open(path, &profile, &error), GAP_CORRUPT);
	assert_non_null(strstr(error.text, "empty"));
	write_file(path, frozen.image, frozen.size_bytes);
	assert_int_equal(gap_profile_open(path, &profile, &error), GAP_OK);
	gap_profile_close(profile);
	profile = NULL;
	write_file(path, frozen.image, frozen.size_bytes - 1);
	assert_int_equal(gap_profile_open(path, &profile, &error), GAP_CORRUPT);
	assert_non_null(strstr(error.text, path));
	unlink(path);
	assert_int_equal(gap_profile_open(path, &profile, &error), GAP_IO);
	assert_int_equal(gap_profile_open("/", &profile, &error), GAP_IO);
	assert_null(profile);
	frozen_deinit(&frozen);
}

static void memory_must_be_aligned(void **state)
{
	struct frozen frozen = make_image(0);
	unsigned char *bytes = malloc(frozen.size_bytes + 1);
	struct gap_profile *profile = NULL;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes + 1, frozen.image, frozen.size_bytes);
	assert_int_equal(gap_profile_open_image(bytes + 1, frozen.size_bytes, &profile, NULL),
			 GAP_INVALID);
	free(bytes);
	gap_profile_close(NULL);
	frozen_deinit(&frozen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(more_bytes_are_noticed),
		cmocka_unit_test(every_number_is_checked),
		cmocka_unit_test(by_value_references_point_back),
		cmocka_unit_test(members_point_back),
		cmocka_unit_test(pointers_stay_inside),
		cmocka_unit_test(ranges_stay_inside),
		cmocka_unit_test(rows_belong_to_one_type),
		cmocka_unit_test(indices_are_checked),
		cmocka_unit_test(rows_of_indices_are_checked),
		cmocka_unit_test(a_lying_index_finds_nothing),
		cmocka_unit_test(newer_minor_versions_are_read),
		cmocka_unit_test(other_major_versions_are_refused),
		cmocka_unit_test(files_are_opened_by_name),
		cmocka_unit_test(memory_must_be_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
