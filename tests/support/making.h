/* SPDX-License-Identifier: MIT */
/* Builders filled in few words, frozen and opened. Every step that fails fails the test. */
#ifndef SEMGAP_TESTS_MAKING_H
#define SEMGAP_TESTS_MAKING_H

#include "profile/builder.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct gap_builder *make_builder(void);

/** Types. A NULL name is none. */
gap_type_id make_int(struct gap_builder *builder, const char *name, uint64_t size_bytes);
gap_type_id make_pointer(struct gap_builder *builder, gap_type_id target);
gap_type_id make_array(struct gap_builder *builder, gap_type_id element, uint64_t count);
/** A typedef or a qualifier. */
gap_type_id make_alias(struct gap_builder *builder, enum gap_kind kind, const char *name,
		       gap_type_id target);

/** Members end with one whose type is GAP_NONE; offsets are in bits. */
struct make_member {
	const char *name;
	gap_type_id type;
	uint64_t offset_bits;
	uint32_t width_bits;
};
#define MAKE_MEMBERS(...)                                                                          \
	(const struct make_member[])                                                               \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			.type = GAP_NONE                                                           \
		}                                                                                  \
	}

gap_type_id make_aggregate(struct gap_builder *builder, enum gap_kind kind, const char *name,
			   uint64_t size_bytes, const struct make_member *members);
/** The same for an id that was reserved. */
void set_aggregate(struct gap_builder *builder, gap_type_id id, enum gap_kind kind,
		   const char *name, uint64_t size_bytes, const struct make_member *members);
gap_type_id make_struct(struct gap_builder *builder, const char *name, uint64_t size_bytes,
			const struct make_member *members);
/** A struct that is only declared; @flags are added to GAP_TYPE_INCOMPLETE. */
gap_type_id make_declared(struct gap_builder *builder, const char *name, uint32_t flags);

/** An enum of one enumerator. */
gap_type_id make_enum(struct gap_builder *builder, const char *name, const char *enumerator,
		      uint64_t value);

void make_symbol(struct gap_builder *builder, const char *name, const char *file, uint64_t address,
		 uint32_t flags);

/** An image and the profile that was opened from it. */
struct frozen {
	void *image;
	size_t size_bytes;
	struct gap_profile *profile;
};

/** Freezes and destroys @builder, and opens what came of it. */
struct frozen freeze(struct gap_builder *builder, unsigned flags);
/** The same, but the builder lives on. */
struct frozen freeze_again(struct gap_builder *builder, unsigned flags);
void frozen_deinit(struct frozen *frozen);

/** The type of a name, which must have one. */
gap_type_id type_called(const struct frozen *frozen, const char *name);

#endif
