/* SPDX-License-Identifier: MIT */
/*
 * Declarators. C writes types inside out: what is nearest to the name binds first. So the text
 * grows around the name while the type is followed from the outside in.
 */
#include <stdio.h>
#include <string.h>

#include "emit/cdecl.h"

#define PART_BYTES 1024
#define DEPTH_MAX 12 /* of functions among parameters; a profile's types may be circular */

struct part {
	char text[PART_BYTES];
};

static void declare(const struct gap_profile *profile, gap_type_id id, struct part *inner,
		    int depth);

static void put_before(struct part *part, const char *before)
{
	struct part whole;

	snprintf(whole.text, sizeof(whole.text), "%s%.*s", before,
		 (int)(sizeof(whole.text) - strlen(before) - 1), part->text);
	*part = whole;
}

static void put_behind(struct part *part, const char *behind)
{
	size_t used = strlen(part->text);

	snprintf(part->text + used, sizeof(part->text) - used, "%s", behind);
}

/* "struct x", "unsigned int": the word and, if something follows, a space. */
static void put_word(struct part *part, const char *kind, const char *name)
{
	char word[PART_BYTES / 2];

	snprintf(word, sizeof(word), "%s%s%s%s", kind, *kind && *name ? " " : "", name,
		 part->text[0] ? " " : "");
	put_before(part, word);
}

static void put_named(const struct gap_type *type, struct part *inner)
{
	const char *kind = "";

	if (type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION ||
	    type->kind == GAP_KIND_ENUM)
		kind = gap_kind_name(type->kind);
	if (*type->name)
		put_word(inner, kind, type->name);
	else if (*kind)
		put_word(inner, kind, "{…}");
	else
		put_word(inner, "", type->kind == GAP_KIND_VOID ? "void" : "(unknown)");
}

static enum gap_kind kind_of(const struct gap_profile *profile, gap_type_id id)
{
	struct gap_type type;

	return gap_profile_type(profile, id, &type) ? type.kind : GAP_KIND_VOID;
}

static void put_parameters(const struct gap_profile *profile, const struct gap_type *type,
			   struct part *inner, int depth)
{
	put_behind(inner, "(");
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_parameter parameter;
		struct part one = {""};

		if (i)
			put_behind(inner, ", ");
		if (depth < DEPTH_MAX &&
		    gap_profile_parameter(profile, type->first + i, &parameter)) {
			snprintf(one.text, sizeof(one.text), "%s", parameter.name);
			declare(profile, parameter.type, &one, depth + 1);
		}
		put_behind(inner, depth < DEPTH_MAX ? one.text : "…");
	}
	if (type->flags & GAP_TYPE_FLEXIBLE)
		put_behind(inner, type->count ? ", ..." : "...");
	else if (type->count == 0)
		put_behind(inner, "void");
	put_behind(inner, ")");
}

static void put_pointer(const struct gap_profile *profile, gap_type_id target, struct part *inner)
{
	enum gap_kind kind = kind_of(profile, target);

	put_before(inner, "*");
	if (kind == GAP_KIND_ARRAY || kind == GAP_KIND_FUNCTION) {
		put_before(inner, "(");
		put_behind(inner, ")");
	}
}

static const char *qualifier(enum gap_kind kind)
{
	return kind == GAP_KIND_ATOMIC ? "_Atomic" : gap_kind_name(kind);
}

/* Before the name for a pointer ("* const p"), before the type otherwise ("const int x"). */
static gap_type_id put_qualifier(const struct gap_profile *profile, const struct gap_type *type,
				 struct part *before, struct part *inner)
{
	if (kind_of(profile, type->ref) == GAP_KIND_POINTER) {
		put_word(inner, "", qualifier(type->kind));
	} else if (!strstr(before->text, qualifier(type->kind))) {
		/* Compilers tell of a constant array of constants. */
		put_behind(before, qualifier(type->kind));
		put_behind(before, " ");
	}
	return type->ref;
}

static void declare(const struct gap_profile *profile, gap_type_id id, struct part *inner,
		    int depth)
{
	struct part before = {""};
	struct gap_type type;

	for (int steps = 0; steps < 64 && gap_profile_type(profile, id, &type); steps++) {
		char bound[32];

		switch (type.kind) {
		case GAP_KIND_POINTER:
			put_pointer(profile, type.ref, inner);
			break;
		case GAP_KIND_ARRAY:
			snprintf(bound, sizeof(bound), "[%u]", type.count);
			put_behind(inner, type.flags & GAP_TYPE_FLEXIBLE ? "[]" : bound);
			break;
		case GAP_KIND_FUNCTION:
			put_parameters(profile, &type, inner, depth);
			break;
		case GAP_KIND_CONST:
		case GAP_KIND_VOLATILE:
		case GAP_KIND_RESTRICT:
		case GAP_KIND_ATOMIC:
			id = put_qualifier(profile, &type, &before, inner);
			continue;
		default:
			put_named(&type, inner);
			put_before(inner, before.text);
			return;
		}
		id = type.ref;
	}
	put_before(inner, "… ");
}

void gap_cdecl_write(const struct gap_profile *profile, gap_type_id type, const char *name,
		     char *text, size_t capacity)
{
	struct part whole;

	snprintf(whole.text, sizeof(whole.text), "%s", name);
	declare(profile, type, &whole, 0);
	snprintf(text, capacity, "%s", whole.text);
}
