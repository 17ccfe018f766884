/* SPDX-License-Identifier: MIT */
/*
 * Profile images: whatever opens must be readable to the last row, by every call of the interface.
 * Size and checksum are set right first, or no mutation would ever come further than those; a
 * second pass leaves them as they are.
 */
#include <string.h>

#include "runtime/digest.h"
#include "runtime/format.h"
#include "runtime/include/semgap/bind.h"
#include "runtime/include/semgap/profile.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;
static volatile size_t sink;

static void touch(const char *text)
{
	FUZZ_CHECK(text != NULL);
	sink += strlen(text);
}

static void touch_type(const struct gap_profile *profile, gap_type_id id)
{
	uint32_t members = gap_profile_count(profile, GAP_TABLE_MEMBERS);
	struct gap_declaration declaration;
	struct gap_type type;

	FUZZ_CHECK(gap_profile_type(profile, id, &type));
	touch(type.name);
	touch(gap_kind_name(type.kind));
	FUZZ_CHECK(gap_profile_strip(profile, id) <= gap_profile_count(profile, GAP_TABLE_TYPES));
	if (gap_profile_declaration(profile, id, &declaration))
		touch(declaration.file);
	for (uint32_t i = 0; i < type.count; i++) {
		struct gap_member member;
		struct gap_enumerator enumerator;
		struct gap_parameter parameter;

		if (type.kind == GAP_KIND_STRUCT || type.kind == GAP_KIND_UNION) {
			FUZZ_CHECK(type.first + i < members);
			FUZZ_CHECK(gap_profile_member(profile, type.first + i, &member));
			touch(member.name);
		} else if (type.kind == GAP_KIND_ENUM) {
			FUZZ_CHECK(gap_profile_enumerator(profile, type.first + i, &enumerator));
			touch(enumerator.name);
		} else if (type.kind == GAP_KIND_FUNCTION) {
			FUZZ_CHECK(gap_profile_parameter(profile, type.first + i, &parameter));
			touch(parameter.name);
		} else {
			break;
		}
	}
}

static void find_type(const struct gap_profile *profile, const char *name)
{
	gap_type_id id;
	struct gap_error error;
	enum gap_status status = gap_profile_find_type(profile, name, &id, &error);

	if (status == GAP_OK)
		touch_type(profile, id);
	else
		FUZZ_CHECK(memchr(error.text, 0, sizeof(error.text)) != NULL);
}

static void find_symbol(const struct gap_profile *profile, const char *name, uint64_t address)
{
	struct gap_symbol symbol;
	uint32_t row = gap_profile_symbol_at(profile, address);

	if (row != GAP_NONE)
		FUZZ_CHECK(gap_profile_symbol(profile, row, &symbol) && symbol.address <= address);
	if (gap_profile_find_symbol(profile, name, &symbol, NULL) == GAP_OK)
		touch(symbol.name);
}

static void find_members(const struct gap_profile *profile)
{
	static const char *const paths[] = {"links.next", "inner", "grid[2]",
					    "colour",     "low",   "links.next.previous"};
	struct gap_enumerator enumerator;
	struct gap_location location;
	gap_type_id type;
	uint32_t row;

	if (gap_profile_find_type(profile, "fixture", &type, NULL) == GAP_OK)
		for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
			if (gap_profile_find_member(profile, type, paths[i], &location, NULL) ==
			    GAP_OK)
				touch_type(profile, location.type);
	if (gap_profile_find_enumerator(profile, "GREEN", &row, NULL) == GAP_OK) {
		FUZZ_CHECK(gap_profile_enumerator(profile, row, &enumerator));
		touch(enumerator.name);
	}
}

static void touch_provenance(const struct gap_profile *profile, enum gap_table table)
{
	struct gap_provenance provenance;
	struct gap_source source;

	for (uint32_t row = 0; row < gap_profile_count(profile, table); row++) {
		gap_profile_provenance(profile, table, row, &provenance);
		if (provenance.source != GAP_NONE)
			FUZZ_CHECK(gap_profile_source(profile, provenance.source, &source));
	}
}

static void touch_everything(const struct gap_profile *profile)
{
	uint32_t types = gap_profile_count(profile, GAP_TABLE_TYPES);
	uint32_t symbols = gap_profile_count(profile, GAP_TABLE_SYMBOLS);
	struct gap_field_request request = {.type = "fixture", .member = "links.next|low"};
	struct gap_target target;
	struct gap_symbol symbol;
	struct gap_field field;

	gap_profile_target(profile, &target);
	touch(target.release);
	for (uint32_t i = 0; i < target.banner_bytes; i++)
		sink += target.banner[i];
	for (uint32_t i = 0; i < target.build_id_bytes; i++)
		sink += target.build_id[i];
	for (gap_type_id id = 0; id < types; id++) {
		struct gap_type type;

		touch_type(profile, id);
		FUZZ_CHECK(gap_profile_type(profile, id, &type));
		find_type(profile, type.name);
	}
	for (uint32_t row = 0; row < symbols; row++) {
		FUZZ_CHECK(gap_profile_symbol(profile, row, &symbol));
		touch(symbol.name);
		touch(gap_profile_symbol_file(profile, row));
		find_symbol(profile, symbol.name, symbol.address);
	}
	for (int table = GAP_TABLE_TYPES; table <= GAP_TABLE_SYMBOLS; table++)
		touch_provenance(profile, (enum gap_table)table);
	find_members(profile);
	find_type(profile, "struct:fixture");
	find_type(profile, "fixture#1");
	if (gap_bind_fields(profile, &request, 1, &field, NULL) == GAP_OK)
		sink += field.offset_bytes;
}

static void open_and_touch(const void *image, size_t size_bytes)
{
	struct gap_profile *profile = NULL;
	struct gap_error error;

	if (gap_profile_open_image(image, size_bytes, &profile, &error) == GAP_OK) {
		fuzz_accepted++;
		touch_everything(profile);
		gap_profile_close(profile);
	} else {
		FUZZ_CHECK(profile == NULL && error.text[0] != 0);
	}
}

static void set_checksum(uint8_t *image, size_t size_bytes)
{
	uint32_t file_size = (uint32_t)size_bytes;
	uint64_t checksum;

	memcpy(image + offsetof(struct gap_format_header, file_size), &file_size, 4);
	checksum = gap_image_checksum(image, size_bytes);
	memcpy(image + offsetof(struct gap_format_header, checksum), &checksum, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	uint8_t *image = aligned_alloc(8, (size_bytes + 8) & ~(size_t)7);

	if (!image)
		return 0;
	memcpy(image, data, size_bytes);
	open_and_touch(image, size_bytes);
	if (size_bytes >= sizeof(struct gap_format_header)) {
		set_checksum(image, size_bytes);
		open_and_touch(image, size_bytes);
	}
	free(image);
	return 0;
}
