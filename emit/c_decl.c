/* SPDX-License-Identifier: MIT */
/* Declarators: what stands before the name, the name, what stands behind it. */
#include <inttypes.h>
#include <string.h>

#include "emit/c_decl.h"
#include "emit/c_layout.h"
#include "emit/walk.h"

#define DEPTH_MAX 40 /* of functions that take functions; a profile's types may be circular */

static void before(struct gap_c_decl *decl, gap_type_id id, bool global);
static void behind(struct gap_c_decl *decl, gap_type_id id);

static struct gap_type type_of(const struct gap_c_decl *decl, gap_type_id id)
{
	struct gap_type type = {.name = "", .kind = GAP_KIND_VOID};

	gap_profile_type(decl->names->profile, id, &type);
	return type;
}

static bool is_qualifier(enum gap_kind kind)
{
	return kind == GAP_KIND_CONST || kind == GAP_KIND_VOLATILE || kind == GAP_KIND_RESTRICT ||
	       kind == GAP_KIND_ATOMIC;
}

/* The type behind qualifiers, whose words are added unless they are there. */
static gap_type_id add_qualifiers(const struct gap_c_decl *decl, gap_type_id id, char words[64])
{
	struct gap_type type = type_of(decl, id);

	for (unsigned steps = 0; is_qualifier(type.kind) && steps < 16; steps++) {
		const char *word = type.kind == GAP_KIND_CONST      ? "const "
				   : type.kind == GAP_KIND_VOLATILE ? "volatile "
								    : "";

		if (!strstr(words, word))
			strcat(words, word);
		id = type.ref;
		type = type_of(decl, id);
	}
	return id;
}

static gap_type_id unqualify(const struct gap_c_decl *decl, gap_type_id id, char words[64])
{
	*words = 0;
	return add_qualifiers(decl, id, words);
}

/* ---- numbers ---- */

uint64_t gap_c_bytes_of(const struct gap_type *type)
{
	switch (type->kind) {
	case GAP_KIND_INT:
	case GAP_KIND_FLOAT:
	case GAP_KIND_ENUM:
	case GAP_KIND_UNKNOWN:
		return gap_c_scalar_is_bytes(type) ? type->size_bytes : 0;
	default:
		return 0;
	}
}

/* 8 bytes are `long` or `long long` in the guest, 4 bytes `int` or `long`. */
static const char *wide_integer(const struct gap_c_decl *decl, const struct gap_type *type)
{
	bool is_signed = type->flags & GAP_TYPE_SIGNED, twice = strstr(type->name, "long long");

	if (decl->native)
		return twice || decl->pointer_bytes == 4
			       ? (is_signed ? "long long" : "unsigned long long")
			       : (is_signed ? "long" : "unsigned long");
	if (twice || decl->pointer_bytes == 4)
		return is_signed ? "gap_llong" : "gap_ullong";
	return is_signed ? "gap_long" : "gap_ulong";
}

static const char *word_integer(const struct gap_c_decl *decl, const struct gap_type *type)
{
	bool is_signed = type->flags & GAP_TYPE_SIGNED;

	if (decl->pointer_bytes != 4 || !strstr(type->name, "long"))
		return is_signed ? "int" : "unsigned int";
	if (decl->native)
		return is_signed ? "long" : "unsigned long";
	return is_signed ? "gap_long" : "gap_ulong";
}

static const char *integer(const struct gap_c_decl *decl, const struct gap_type *type)
{
	bool is_signed = type->flags & GAP_TYPE_SIGNED;

	if (type->flags & GAP_TYPE_BOOL && type->size_bytes == 1)
		return "GAP_BOOL";
	switch (type->size_bytes) {
	case 1:
		if (strcmp(type->name, "char") == 0)
			return "char";
		return is_signed ? "signed char" : "unsigned char";
	case 2:
		return is_signed ? "short" : "unsigned short";
	case 4:
		return word_integer(decl, type);
	case 8:
		return wide_integer(decl, type);
	default:
		return is_signed ? "gap_int128" : "gap_uint128";
	}
}

static void number(struct gap_c_decl *decl, const struct gap_type *type)
{
	uint64_t bytes = gap_c_bytes_of(type);

	if (bytes || type->size_bytes == 0)
		fprintf(decl->stream, "struct gap_bytes_%" PRIu64 " ", bytes);
	else if (type->kind == GAP_KIND_FLOAT)
		fprintf(decl->stream, "%s ",
			type->size_bytes == 4 ? "float"
			: decl->native        ? "double"
					      : "gap_double");
	else
		fprintf(decl->stream, "%s ", integer(decl, type));
}

/* ---- named things ---- */

/* An enum as its tag; where that cannot be had in the guest's shape, as a number. */
static void enumeration(struct gap_c_decl *decl, gap_type_id id, const struct gap_type *type)
{
	const char *name = gap_c_name(decl->names, id);

	if (name && type->count && (type->size_bytes < 8 || decl->pointer_bytes == 8)) {
		fprintf(decl->stream, "enum %s ", name);
		return;
	}
	if (type->size_bytes == 0)
		fprintf(decl->stream, "int ");
	else
		number(decl, type);
	if (name)
		fprintf(decl->stream, "/* enum %s */ ", name);
}

static void aggregate(struct gap_c_decl *decl, gap_type_id id, const struct gap_type *type,
		      bool global)
{
	const char *name = gap_c_name(decl->names, id);

	if (name)
		fprintf(decl->stream, "%s %s%s ", gap_kind_name(type->kind),
			global ? "GAP_GLOBAL " : "", name);
	else if (decl->write_body)
		decl->write_body(decl->context, id);
	else
		fputs("void ", decl->stream);
}

static void synonym(struct gap_c_decl *decl, gap_type_id id, const struct gap_type *type,
		    bool global)
{
	if (decl->is_ready && !decl->is_ready(decl->context, id)) {
		struct gap_type target = type_of(decl, type->ref);

		if (gap_type_is_aggregate(&target) && !gap_c_name(decl->names, type->ref))
			fputs("void ", decl->stream); /* it would contain itself */
		else
			before(decl, type->ref, global);
		return;
	}
	fprintf(decl->stream, "%s%s ", global ? "GAP_GLOBAL " : "", gap_c_name(decl->names, id));
}

/* ---- what is made of others ---- */

static bool binds_behind(const struct gap_c_decl *decl, gap_type_id id)
{
	char words[64];
	struct gap_type type = type_of(decl, unqualify(decl, id, words));

	/* A typedef that may not be mentioned is written as what it stands for. */
	while (type.kind == GAP_KIND_TYPEDEF && decl->is_ready &&
	       !decl->is_ready(decl->context, id)) {
		id = type.ref;
		type = type_of(decl, id);
	}
	return type.kind == GAP_KIND_ARRAY || type.kind == GAP_KIND_FUNCTION;
}

static void pointer_before(struct gap_c_decl *decl, gap_type_id target, bool global)
{
	char words[64];
	gap_type_id bare = unqualify(decl, target, words);
	struct gap_type type = type_of(decl, bare);
	bool nameless = gap_type_is_aggregate(&type) && !gap_c_name(decl->names, bare);

	if (!decl->native)
		fputs("GAP_PTR(", decl->stream);
	if (nameless) /* such types have no use but through this pointer's own name */
		fprintf(decl->stream, "%svoid ", words);
	else
		before(decl, target, global);
	if (decl->native) {
		fputs(binds_behind(decl, target) ? "(*" : "*", decl->stream);
		return;
	}
	if (!nameless)
		behind(decl, target);
	fputs(") ", decl->stream);
}

static void parameters(struct gap_c_decl *decl, const struct gap_type *type)
{
	putc('(', decl->stream);
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_parameter parameter;

		if (i)
			fputs(", ", decl->stream);
		if (gap_profile_parameter(decl->names->profile, type->first + i, &parameter))
			gap_c_declare(decl, parameter.type, "", false);
	}
	if (type->flags & GAP_TYPE_FLEXIBLE)
		fputs(type->count ? ", ..." : "int, ...", decl->stream);
	else if (type->count == 0)
		fputs("void", decl->stream);
	putc(')', decl->stream);
}

static void before(struct gap_c_decl *decl, gap_type_id id, bool global)
{
	char words[64] = "";
	gap_type_id bare = add_qualifiers(decl, id, words);
	struct gap_type type = type_of(decl, bare);

	/* A constant array is an array of constants, which may be so by themselves. */
	for (unsigned steps = 0; type.kind == GAP_KIND_ARRAY && steps < DEPTH_MAX; steps++) {
		bare = add_qualifiers(decl, type.ref, words);
		type = type_of(decl, bare);
	}
	if (decl->depth++ > DEPTH_MAX) {
		fputs("void ", decl->stream);
		decl->depth--;
		return;
	}
	if (type.kind != GAP_KIND_POINTER && type.kind != GAP_KIND_FUNCTION)
		fputs(words, decl->stream);
	switch (type.kind) {
	case GAP_KIND_POINTER:
		pointer_before(decl, type.ref, global);
		fputs(words, decl->stream);
		break;
	case GAP_KIND_FUNCTION:
		before(decl, type.ref, global);
		break;
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		aggregate(decl, bare, &type, global);
		break;
	case GAP_KIND_ENUM:
		enumeration(decl, bare, &type);
		break;
	case GAP_KIND_TYPEDEF:
		synonym(decl, bare, &type, global);
		break;
	case GAP_KIND_INT:
	case GAP_KIND_FLOAT:
	case GAP_KIND_UNKNOWN:
		number(decl, &type);
		break;
	default:
		fputs("void ", decl->stream);
	}
	decl->depth--;
}

static void behind(struct gap_c_decl *decl, gap_type_id id)
{
	char words[64];
	gap_type_id bare = unqualify(decl, id, words);
	struct gap_type type = type_of(decl, bare);

	if (decl->depth++ <= DEPTH_MAX) {
		if (type.kind == GAP_KIND_POINTER && decl->native) {
			if (binds_behind(decl, type.ref))
				putc(')', decl->stream);
			behind(decl, type.ref);
		} else if (type.kind == GAP_KIND_ARRAY) {
			fprintf(decl->stream, "[%" PRIu32 "]",
				type.flags & GAP_TYPE_FLEXIBLE ? 0 : type.count);
			behind(decl, type.ref);
		} else if (type.kind == GAP_KIND_FUNCTION) {
			parameters(decl, &type);
			behind(decl, type.ref);
		} else if (type.kind == GAP_KIND_TYPEDEF && decl->is_ready &&
			   !decl->is_ready(decl->context, bare)) {
			behind(decl, type.ref);
		}
	}
	decl->depth--;
}

void gap_c_declare(struct gap_c_decl *decl, gap_type_id type, const char *name, bool global)
{
	before(decl, type, global);
	fputs(name, decl->stream);
	behind(decl, type);
}
