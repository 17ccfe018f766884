/* SPDX-License-Identifier: MIT */
/* Builders in few words; see making.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/making.h"

#define MEMBERS_MAX 64

struct gap_builder *make_builder(void)
{
	struct gap_builder *builder = NULL;

	assert_int_equal(gap_builder_create(&builder, NULL), GAP_OK);
	return builder;
}

static gap_type_id make_simple(struct gap_builder *builder, enum gap_kind kind, const char *name,
			       uint64_t size_bytes, gap_type_id ref, uint64_t count)
{
	return gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = kind,
						  .name = gap_builder_name(builder, name),
						  .size_bytes = size_bytes,
						  .ref = ref,
						  .count = count});
}

gap_type_id make_int(struct gap_builder *builder, const char *name, uint64_t size_bytes)
{
	return make_simple(builder, GAP_KIND_INT, name, size_bytes, 0, 0);
}

gap_type_id make_pointer(struct gap_builder *builder, gap_type_id target)
{
	return make_simple(builder, GAP_KIND_POINTER, NULL, 8, target, 0);
}

gap_type_id make_array(struct gap_builder *builder, gap_type_id element, uint64_t count)
{
	return make_simple(builder, GAP_KIND_ARRAY, NULL, 0, element, count);
}

gap_type_id make_alias(struct gap_builder *builder, enum gap_kind kind, const char *name,
		       gap_type_id target)
{
	return make_simple(builder, kind, name, 0, target, 0);
}

void set_aggregate(struct gap_builder *builder, gap_type_id id, enum gap_kind kind,
		   const char *name, uint64_t size_bytes, const struct make_member *members)
{
	struct gap_build_member rows[MEMBERS_MAX];
	struct gap_build_type type = {.kind = kind,
				      .name = gap_builder_name(builder, name),
				      .size_bytes = size_bytes,
				      .members = rows};

	for (; members[type.count].type != GAP_NONE; type.count++) {
		const struct make_member *from = &members[type.count];

		assert_true(type.count < MEMBERS_MAX);
		rows[type.count] =
			(struct gap_build_member){.name = gap_builder_name(builder, from->name),
						  .type = from->type,
						  .offset_bits = from->offset_bits,
						  .width_bits = from->width_bits};
	}
	gap_builder_type_set(builder, id, &type);
}

gap_type_id make_aggregate(struct gap_builder *builder, enum gap_kind kind, const char *name,
			   uint64_t size_bytes, const struct make_member *members)
{
	gap_type_id id = gap_builder_type_reserve(builder, 1);

	set_aggregate(builder, id, kind, name, size_bytes, members);
	return id;
}

gap_type_id make_struct(struct gap_builder *builder, const char *name, uint64_t size_bytes,
			const struct make_member *members)
{
	return make_aggregate(builder, GAP_KIND_STRUCT, name, size_bytes, members);
}

gap_type_id make_declared(struct gap_builder *builder, const char *name, uint32_t flags)
{
	return gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = GAP_KIND_STRUCT,
						  .flags = GAP_TYPE_INCOMPLETE | flags,
						  .name = gap_builder_name(builder, name)});
}

gap_type_id make_enum(struct gap_builder *builder, const char *name, const char *enumerator,
		      uint64_t value)
{
	struct gap_build_enumerator row = {gap_builder_name(builder, enumerator), value};

	return gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = GAP_KIND_ENUM,
						  .name = gap_builder_name(builder, name),
						  .size_bytes = 4,
						  .count = 1,
						  .enumerators = &row});
}

void make_symbol(struct gap_builder *builder, const char *name, const char *file, uint64_t address,
		 uint32_t flags)
{
	gap_builder_symbol_add(builder,
			       &(struct gap_build_symbol){.name = gap_builder_name(builder, name),
							  .file = gap_builder_name(builder, file),
							  .address = address,
							  .type = GAP_NONE,
							  .kind = GAP_SYMBOL_DATA,
							  .flags = flags});
}

struct frozen freeze_again(struct gap_builder *builder, unsigned flags)
{
	struct frozen frozen = {0};
	struct gap_error error = {""};

	if (gap_builder_freeze(builder, flags, &frozen.image, &frozen.size_bytes, &error))
		fail_msg("%s", error.text);
	if (gap_profile_open_image(frozen.image, frozen.size_bytes, &frozen.profile, &error))
		fail_msg("%s", error.text);
	return frozen;
}

struct frozen freeze(struct gap_builder *builder, unsigned flags)
{
	struct frozen frozen = freeze_again(builder, flags);

	gap_builder_destroy(builder);
	return frozen;
}

void frozen_deinit(struct frozen *frozen)
{
	gap_profile_close(frozen->profile);
	free(frozen->image);
	*frozen = (struct frozen){0};
}

gap_type_id type_called(const struct frozen *frozen, const char *name)
{
	struct gap_error error = {""};
	gap_type_id id = GAP_NONE;

	if (gap_profile_find_type(frozen->profile, name, &id, &error))
		fail_msg("%s", error.text);
	return id;
}
