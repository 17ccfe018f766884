/* SPDX-License-Identifier: MIT */
/*
 * Layouts: the structures, unions and enumerators that a unit defines, with the offsets that the
 * compiler gives them. What is anonymous is told as part of what it is in.
 */
#include <stdlib.h>
#include <string.h>

#include "cfront/libclang.h"

#define NAME_BYTES 256
#define TYPE_BYTES 512
#define DEPTH_MAX 32

/* A member with room for its strings. */
struct kept {
	struct gap_cfront_member member;
	char name[NAME_BYTES], type[TYPE_BYTES], record[NAME_BYTES];
};

struct walking {
	const struct gap_clang *clang;
	gap_cfront_record_visit *visit;
	void *context;
	struct kept *kept;
	size_t count, capacity;
	bool no_memory, ended;
};

/* ---- members ---- */

struct inside {
	struct walking *walking;
	uint64_t base_bits;
	unsigned depth;
};

static enum CXVisitorResult visit_field(CXCursor field, CXClientData data);

static void visit_fields(struct walking *walking, CXType record, uint64_t base_bits, unsigned depth)
{
	struct inside inside = {walking, base_bits, depth};

	if (depth < DEPTH_MAX)
		walking->clang->Type_visitFields(record, visit_field, &inside);
}

static struct kept *keep(struct walking *walking)
{
	if (walking->count == walking->capacity) {
		size_t wanted = walking->capacity ? walking->capacity * 2 : 64;
		struct kept *grown = realloc(walking->kept, wanted * sizeof(*grown));

		if (!grown) {
			walking->no_memory = true;
			return NULL;
		}
		walking->kept = grown;
		walking->capacity = wanted;
	}
	walking->kept[walking->count] = (struct kept){.name = ""};
	return &walking->kept[walking->count++];
}

/* What a pointer or an array leads to in the end. */
static CXType innermost(const struct gap_clang *clang, CXType type)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		type = clang->getCanonicalType(type);
		if (type.kind == CXType_Pointer)
			type = clang->getPointeeType(type);
		else if (type.kind == CXType_ConstantArray || type.kind == CXType_IncompleteArray)
			type = clang->getArrayElementType(type);
		else
			break;
	}
	return type;
}

static void describe_type(const struct gap_clang *clang, CXType type, struct kept *kept)
{
	CXType plain = clang->getCanonicalType(type), inner = innermost(clang, type);
	long long size = clang->Type_getSizeOf(plain);

	gap_clang_text(clang, clang->getTypeSpelling(type), kept->type, sizeof(kept->type));
	kept->member.kind = gap_clang_kind(clang, type, &kept->member.is_signed);
	kept->member.size_bytes = size > 0 ? (uint64_t)size : 0;
	if (plain.kind == CXType_ConstantArray)
		kept->member.count = (uint64_t)clang->getArraySize(plain);
	if (inner.kind == CXType_Record || inner.kind == CXType_Enum)
		gap_clang_record_name(clang, clang->getTypeDeclaration(inner), kept->record,
				      sizeof(kept->record));
}

static enum CXVisitorResult visit_field(CXCursor field, CXClientData data)
{
	const struct inside *inside = data;
	struct walking *walking = inside->walking;
	const struct gap_clang *clang = walking->clang;
	CXType type = clang->getCursorType(field);
	uint64_t at = inside->base_bits + (uint64_t)clang->Cursor_getOffsetOfField(field);
	struct gap_clang_place place;
	struct kept *kept;
	char name[NAME_BYTES];

	gap_clang_text(clang, clang->getCursorSpelling(field), name, sizeof(name));
	if (!*name) { /* an anonymous aggregate, or the padding of bit-fields */
		if (clang->getCanonicalType(type).kind == CXType_Record)
			visit_fields(walking, type, at, inside->depth + 1);
		return CXVisit_Continue;
	}
	kept = keep(walking);
	if (!kept)
		return CXVisit_Break;
	memcpy(kept->name, name, sizeof(name));
	describe_type(clang, type, kept);
	gap_clang_place(clang, clang->getCursorLocation(field), &place);
	kept->member.line = place.line;
	kept->member.offset_bits = at;
	if (clang->Cursor_isBitField(field))
		kept->member.width_bits = (uint32_t)clang->getFieldDeclBitWidth(field);
	return CXVisit_Continue;
}

/* ---- records ---- */

/* The strings stand where they will stay only when all members are there. */
static struct gap_cfront_member *list_members(struct walking *walking)
{
	struct gap_cfront_member *members = calloc(walking->count + 1, sizeof(*members));

	for (size_t i = 0; members && i < walking->count; i++) {
		struct kept *kept = &walking->kept[i];

		members[i] = kept->member;
		members[i].name = kept->name;
		members[i].type = kept->type;
		members[i].record = kept->record;
	}
	walking->no_memory |= !members;
	return members;
}

static bool is_tag(const struct gap_clang *clang, CXCursor record, const char *name)
{
	char spelling[NAME_BYTES];

	if (clang->Cursor_isAnonymous(record))
		return false;
	gap_clang_text(clang, clang->getTypeSpelling(clang->getCursorType(record)), spelling,
		       sizeof(spelling));
	return strcmp(spelling, name) != 0; /* "struct NAME" */
}

static void tell_record(struct walking *walking, CXCursor record)
{
	const struct gap_clang *clang = walking->clang;
	CXType type = clang->getCursorType(record);
	long long size = clang->Type_getSizeOf(type);
	struct gap_cfront_member *members;
	struct gap_clang_place place;
	struct gap_cfront_record told;
	char name[NAME_BYTES];

	gap_clang_record_name(clang, record, name, sizeof(name));
	if (!*name || size < 0)
		return;
	gap_clang_place(clang, clang->getCursorLocation(record), &place);
	told = (struct gap_cfront_record){
		.name = name,
		.is_union = clang->getCursorKind(record) == CXCursor_UnionDecl,
		.is_tag = is_tag(clang, record, name),
		.size_bytes = (uint64_t)size,
		.align_bytes = (uint64_t)clang->Type_getAlignOf(type),
		.of_system = clang->Location_isInSystemHeader(clang->getCursorLocation(record)),
		.file = place.file,
		.line = place.line,
	};
	walking->count = 0;
	visit_fields(walking, type, 0, 0);
	members = list_members(walking);
	if (!walking->no_memory)
		walking->ended = !walking->visit(walking->context, &told, members, walking->count);
	free(members);
}

static enum CXChildVisitResult visit_declaration(CXCursor cursor, CXCursor parent,
						 CXClientData data)
{
	struct walking *walking = data;
	const struct gap_clang *clang = walking->clang;
	enum CXCursorKind kind = clang->getCursorKind(cursor);
	bool is_record = kind == CXCursor_StructDecl || kind == CXCursor_UnionDecl;

	(void)parent;
	if (is_record && clang->isCursorDefinition(cursor))
		tell_record(walking, cursor);
	if (walking->ended || walking->no_memory)
		return CXChildVisit_Break;
	return is_record ? CXChildVisit_Recurse : CXChildVisit_Continue;
}

enum gap_status gap_cfront_records(struct gap_cfront_unit *unit, gap_cfront_record_visit *visit,
				   void *context, struct gap_error *error)
{
	struct walking walking = {.clang = &unit->clang, .visit = visit, .context = context};

	unit->clang.visitChildren(unit->clang.getTranslationUnitCursor(unit->unit),
				  visit_declaration, &walking);
	free(walking.kept);
	return walking.no_memory ? gap_fail(error, GAP_NO_MEMORY, "out of memory") : GAP_OK;
}

/* ---- enumerators ---- */

struct enumerating {
	const struct gap_clang *clang;
	gap_cfront_enumerator_visit *visit;
	void *context;
	bool is_signed, ended;
};

static void tell_enumerator(struct enumerating *enumerating, CXCursor cursor, CXCursor parent)
{
	const struct gap_clang *clang = enumerating->clang;
	char name[NAME_BYTES], type[NAME_BYTES];
	struct gap_clang_place place;
	bool is_signed;

	gap_clang_text(clang, clang->getCursorSpelling(cursor), name, sizeof(name));
	gap_clang_record_name(clang, parent, type, sizeof(type));
	gap_clang_kind(clang, clang->getCursorType(parent), &is_signed);
	gap_clang_place(clang, clang->getCursorLocation(cursor), &place);
	enumerating->ended = !enumerating->visit(
		enumerating->context,
		&(struct gap_cfront_enumerator){
			.name = name,
			.type = type,
			.value = is_signed ? (uint64_t)clang->getEnumConstantDeclValue(cursor)
					   : clang->getEnumConstantDeclUnsignedValue(cursor),
			.is_signed = is_signed,
			.of_system =
				clang->Location_isInSystemHeader(clang->getCursorLocation(cursor)),
			.file = place.file,
			.line = place.line,
		});
}

static enum CXChildVisitResult visit_enumerator(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct enumerating *enumerating = data;
	enum CXCursorKind kind = enumerating->clang->getCursorKind(cursor);

	if (kind == CXCursor_EnumConstantDecl)
		tell_enumerator(enumerating, cursor, parent);
	if (enumerating->ended)
		return CXChildVisit_Break;
	/* Those of an enum inside a structure are its children's children. */
	return kind == CXCursor_EnumDecl || kind == CXCursor_StructDecl ||
			       kind == CXCursor_UnionDecl
		       ? CXChildVisit_Recurse
		       : CXChildVisit_Continue;
}

void gap_cfront_enumerators(struct gap_cfront_unit *unit, gap_cfront_enumerator_visit *visit,
			    void *context)
{
	struct enumerating enumerating = {
		.clang = &unit->clang, .visit = visit, .context = context};

	unit->clang.visitChildren(unit->clang.getTranslationUnitCursor(unit->unit),
				  visit_enumerator, &enumerating);
}
