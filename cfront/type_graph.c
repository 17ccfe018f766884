/* SPDX-License-Identifier: MIT */
/*
 * Whole types: the tags asked for and everything that they lead to, as the nodes of a unit that the
 * merger takes. Structures, unions and enums wait in a line until their turn, so that a list of
 * lists of lists costs no stack.
 */
#include <stdio.h>
#include <string.h>

#include "cfront/libclang.h"
#include "profile/units.h"

#define NAME_BYTES 512
#define DEPTH_MAX 200 /* of pointers, arrays and typedefs upon one another */

/* A declaration that has a node. */
struct declared {
	CXCursor cursor;
	uint32_t node;
	bool used;
};

struct graph {
	const struct gap_clang *clang;
	const struct gap_cfront_graph *request;
	struct declared *declared; /* open addressing; a power of two */
	uint32_t declared_count, declared_slots;
	struct gap_unit_types *types;
	struct waiting {
		CXCursor *items;
		size_t count, capacity, next;
	} waiting;
	struct gap_unit_members members;          /* of the record being filled */
	uint32_t scalars[CXType_LastBuiltin + 1]; /* their nodes, plus one */
	uint32_t natural_align;
	bool no_memory, too_deep;
};

static uint32_t node_of(struct graph *graph, CXType type, unsigned depth);

/* ---- nodes ---- */

static uint32_t add(struct graph *graph, const struct gap_unit_type *type)
{
	struct gap_unit_type *row = gap_unit_types_push(graph->types);

	if (!row) {
		graph->no_memory = true;
		return GAP_NONE;
	}
	*row = *type;
	return graph->types->count - 1;
}

static uint64_t size_of(const struct graph *graph, CXType type)
{
	long long size = graph->clang->Type_getSizeOf(type);

	return size > 0 ? (uint64_t)size : 0;
}

static gap_text text_of(const struct graph *graph, const char *text)
{
	return gap_builder_name(graph->request->builder, text);
}

/* The names that gcc's debug information has, so that profiles of either origin read alike. */
static const char *gcc_name(enum CXTypeKind kind)
{
	switch (kind) {
	case CXType_Bool:
		return "_Bool";
	case CXType_Char_U:
	case CXType_Char_S:
		return "char";
	case CXType_UChar:
		return "unsigned char";
	case CXType_SChar:
		return "signed char";
	case CXType_UShort:
		return "short unsigned int";
	case CXType_Short:
		return "short int";
	case CXType_UInt:
		return "unsigned int";
	case CXType_Int:
		return "int";
	case CXType_ULong:
		return "long unsigned int";
	case CXType_Long:
		return "long int";
	case CXType_ULongLong:
		return "long long unsigned int";
	case CXType_LongLong:
		return "long long int";
	case CXType_UInt128:
		return "__int128 unsigned";
	case CXType_Int128:
		return "__int128";
	default:
		return NULL;
	}
}

static bool is_char(enum CXTypeKind kind)
{
	return kind == CXType_Char_U || kind == CXType_Char_S || kind == CXType_UChar ||
	       kind == CXType_SChar;
}

/* A number, or whatever else the format has no word for. */
static uint32_t add_scalar(struct graph *graph, CXType type)
{
	const char *name = gcc_name(type.kind);
	char spelling[NAME_BYTES];
	bool is_signed;
	struct gap_unit_type row = {
		.kind = (uint8_t)gap_clang_kind(graph->clang, type, &is_signed),
		.size_bytes = size_of(graph, type),
		.ref = GAP_NONE,
	};

	gap_clang_text(graph->clang, graph->clang->getTypeSpelling(type), spelling,
		       sizeof(spelling));
	if (row.kind != GAP_KIND_INT && row.kind != GAP_KIND_FLOAT)
		row.kind = GAP_KIND_UNKNOWN;
	else if (is_signed && type.kind != CXType_Bool)
		row.flags |= GAP_TYPE_SIGNED;
	if (type.kind == CXType_Bool)
		row.flags |= GAP_TYPE_BOOL;
	if (is_char(type.kind))
		row.flags |= GAP_TYPE_CHAR;
	row.name = text_of(graph, name ? name : spelling);
	return add(graph, &row);
}

/* ---- declarations ---- */

static struct declared *slot_of(const struct graph *graph, CXCursor cursor)
{
	uint32_t mask = graph->declared_slots - 1, at = graph->clang->hashCursor(cursor);

	while (graph->declared[at & mask].used &&
	       !graph->clang->equalCursors(graph->declared[at & mask].cursor, cursor))
		at++;
	return &graph->declared[at & mask];
}

static bool grow_declared(struct graph *graph)
{
	struct declared *old = graph->declared;
	uint32_t slots = graph->declared_slots;

	if (graph->declared_count * 2 < slots)
		return true;
	graph->declared_slots = slots ? slots * 2 : 1024;
	graph->declared = calloc(graph->declared_slots, sizeof(*old));
	if (!graph->declared) {
		graph->declared = old;
		graph->declared_slots = slots;
		graph->no_memory = true;
		return false;
	}
	for (uint32_t i = 0; i < slots; i++)
		if (old[i].used)
			*slot_of(graph, old[i].cursor) = old[i];
	free(old);
	return true;
}

static void wait_for_turn(struct graph *graph, CXCursor cursor)
{
	struct waiting *waiting = &graph->waiting;

	if (waiting->count == waiting->capacity) {
		size_t capacity = waiting->capacity ? waiting->capacity * 2 : 256;
		CXCursor *grown = realloc(waiting->items, capacity * sizeof(*grown));

		if (!grown) {
			graph->no_memory = true;
			return;
		}
		waiting->items = grown;
		waiting->capacity = capacity;
	}
	waiting->items[waiting->count++] = cursor;
}

/* True when @cursor has a node already; else it gets an empty one. */
static bool declare(struct graph *graph, CXCursor cursor, uint32_t *node)
{
	struct declared *slot;

	*node = GAP_NONE;
	if (!grow_declared(graph))
		return true;
	slot = slot_of(graph, cursor);
	if (slot->used) {
		*node = slot->node;
		return true;
	}
	*node = add(graph, &(struct gap_unit_type){.kind = GAP_KIND_UNKNOWN, .ref = GAP_NONE});
	*slot = (struct declared){cursor, *node, true};
	graph->declared_count++;
	return graph->no_memory;
}

static uint32_t node_of_tag(struct graph *graph, CXType type)
{
	const struct gap_clang *clang = graph->clang;
	CXCursor cursor = clang->getCanonicalCursor(clang->getTypeDeclaration(type));
	uint32_t node;

	if (!declare(graph, cursor, &node))
		wait_for_turn(graph, cursor);
	return node;
}

static uint32_t node_of_typedef(struct graph *graph, CXType type, unsigned depth)
{
	const struct gap_clang *clang = graph->clang;
	CXCursor cursor = clang->getCanonicalCursor(clang->getTypeDeclaration(type));
	struct gap_clang_place place;
	char name[NAME_BYTES];
	uint32_t node, ref;

	gap_clang_place(clang, clang->getCursorLocation(cursor), &place);
	if (!place.file[0]) /* the compiler's own: __uint128_t */
		return node_of(graph, clang->getTypedefDeclUnderlyingType(cursor), depth);
	if (declare(graph, cursor, &node))
		return node;
	gap_clang_text(clang, clang->getCursorSpelling(cursor), name, sizeof(name));
	ref = node_of(graph, clang->getTypedefDeclUnderlyingType(cursor), depth);
	graph->types->items[node] = (struct gap_unit_type){
		.kind = GAP_KIND_TYPEDEF, .name = text_of(graph, name), .ref = ref};
	return node;
}

/* ---- types ---- */

static uint32_t node_of_array(struct graph *graph, CXType type, unsigned depth)
{
	const struct gap_clang *clang = graph->clang;
	bool bounded = type.kind == CXType_ConstantArray;

	return add(graph, &(struct gap_unit_type){
				  .kind = GAP_KIND_ARRAY,
				  .flags = bounded ? 0 : GAP_TYPE_FLEXIBLE,
				  .count = bounded ? (uint64_t)clang->getArraySize(type) : 0,
				  .ref = node_of(graph, clang->getArrayElementType(type), depth),
			  });
}

/* What is written as an array or a function is passed as a pointer. */
static uint32_t node_of_parameter(struct graph *graph, CXType type, unsigned depth)
{
	const struct gap_clang *clang = graph->clang;
	struct gap_unit_type row = {.kind = GAP_KIND_POINTER};

	if (type.kind == CXType_ConstantArray || type.kind == CXType_IncompleteArray)
		row.ref = node_of(graph, clang->getArrayElementType(type), depth);
	else if (type.kind == CXType_FunctionProto || type.kind == CXType_FunctionNoProto)
		row.ref = node_of(graph, type, depth);
	else
		return node_of(graph, type, depth);
	row.size_bytes = graph->request->pointer_bytes;
	return add(graph, &row);
}

static uint32_t node_of_function(struct graph *graph, CXType type, unsigned depth)
{
	const struct gap_clang *clang = graph->clang;
	int count = type.kind == CXType_FunctionProto ? clang->getNumArgTypes(type) : 0;
	struct gap_unit_parameters *list = &graph->request->unit->parameters;
	uint32_t result = node_of(graph, clang->getResultType(type), depth);
	uint32_t nodes[64], first;

	if (count > (int)(sizeof(nodes) / sizeof(nodes[0])))
		count = 0;
	for (int i = 0; i < count; i++)
		nodes[i] = node_of_parameter(graph, clang->getArgType(type, (unsigned)i), depth);
	first = list->count; /* only now: parameters may be functions themselves */
	for (int i = 0; i < count; i++) {
		struct gap_build_parameter *row = gap_unit_parameters_push(list);

		if (!row) {
			graph->no_memory = true;
			return GAP_NONE;
		}
		*row = (struct gap_build_parameter){0, nodes[i]};
	}
	return add(graph,
		   &(struct gap_unit_type){
			   .kind = GAP_KIND_FUNCTION,
			   .flags = clang->isFunctionTypeVariadic(type) ? GAP_TYPE_FLEXIBLE : 0,
			   .ref = result,
			   .first = first,
			   .entries = (uint32_t)count,
		   });
}

/* Without the qualifiers of the type itself. */
static uint32_t node_of_plain(struct graph *graph, CXType type, unsigned depth)
{
	const struct gap_clang *clang = graph->clang;
	CXType canonical = clang->getCanonicalType(type);

	if (type.kind >= CXType_Bool && type.kind <= CXType_LongDouble) {
		if (!graph->scalars[type.kind])
			graph->scalars[type.kind] = add_scalar(graph, type) + 1;
		return graph->scalars[type.kind] - 1;
	}
	switch (type.kind) {
	case CXType_Void:
		return GAP_NONE;
	case CXType_Elaborated:
		return node_of(graph, clang->Type_getNamedType(type), depth);
	case CXType_Typedef:
		return node_of_typedef(graph, type, depth);
	case CXType_Record:
	case CXType_Enum:
		return node_of_tag(graph, type);
	case CXType_Pointer:
		return add(graph, &(struct gap_unit_type){
					  .kind = GAP_KIND_POINTER,
					  .size_bytes = size_of(graph, type),
					  .ref = node_of(graph, clang->getPointeeType(type), depth),
				  });
	case CXType_ConstantArray:
	case CXType_IncompleteArray:
		return node_of_array(graph, type, depth);
	case CXType_FunctionProto:
	case CXType_FunctionNoProto:
		return node_of_function(graph, type, depth);
	default: /* typeof, attributes, parentheses */
		return canonical.kind != type.kind ? node_of(graph, canonical, depth)
						   : add_scalar(graph, type);
	}
}

static uint32_t qualified(struct graph *graph, enum gap_kind kind, uint32_t node)
{
	return add(graph, &(struct gap_unit_type){.kind = (uint8_t)kind, .ref = node});
}

static uint32_t node_of(struct graph *graph, CXType type, unsigned depth)
{
	const struct gap_clang *clang = graph->clang;
	uint32_t node;

	if (depth >= DEPTH_MAX || graph->no_memory) {
		graph->too_deep |= depth >= DEPTH_MAX;
		return GAP_NONE;
	}
	node = node_of_plain(graph, type, depth + 1);
	if (clang->isConstQualifiedType(type))
		node = qualified(graph, GAP_KIND_CONST, node);
	if (clang->isVolatileQualifiedType(type))
		node = qualified(graph, GAP_KIND_VOLATILE, node);
	if (clang->isRestrictQualifiedType(type))
		node = qualified(graph, GAP_KIND_RESTRICT, node);
	return node;
}

/* ---- structures and unions ---- */

static enum CXVisitorResult visit_field(CXCursor field, CXClientData data)
{
	struct graph *graph = data;
	const struct gap_clang *clang = graph->clang;
	CXType type = clang->getCursorType(field);
	bool is_bits = clang->Cursor_isBitField(field) != 0;
	struct gap_build_member *member;
	long long align = clang->Type_getAlignOf(type);
	char name[NAME_BYTES];

	gap_clang_text(clang, clang->getCursorSpelling(field), name, sizeof(name));
	if (!*name && is_bits) /* padding */
		return CXVisit_Continue;
	if (align > (long long)graph->natural_align)
		graph->natural_align = (uint32_t)align;
	member = gap_unit_members_push(&graph->members);
	if (!member) {
		graph->no_memory = true;
		return CXVisit_Break;
	}
	*member = (struct gap_build_member){
		.name = text_of(graph, name),
		.type = node_of(graph, type, 0),
		.offset_bits = (uint64_t)clang->Cursor_getOffsetOfField(field),
		.width_bits = is_bits ? (uint32_t)clang->getFieldDeclBitWidth(field) : 0,
	};
	return CXVisit_Continue;
}

static void fill_record(struct graph *graph, CXCursor definition, struct gap_unit_type *row)
{
	const struct gap_clang *clang = graph->clang;
	CXType type = clang->getCursorType(definition);
	long long align = clang->Type_getAlignOf(type);
	struct gap_build_member *rows;

	graph->members.count = 0;
	graph->natural_align = 1;
	clang->Type_visitFields(type, visit_field, graph);
	row->first = graph->request->unit->members.count;
	row->entries = graph->members.count;
	row->size_bytes = size_of(graph, type);
	if (align > (long long)graph->natural_align)
		row->align_bytes = (uint32_t)align;
	rows = gap_unit_members_extend(&graph->request->unit->members, row->entries);
	if (!rows)
		graph->no_memory = true;
	else if (row->entries)
		memcpy(rows, graph->members.items, row->entries * sizeof(*rows));
}

/* ---- enums ---- */

static enum CXChildVisitResult visit_constant(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct graph *graph = data;
	struct gap_build_enumerator *row;
	char name[NAME_BYTES];

	(void)parent;
	if (graph->clang->getCursorKind(cursor) != CXCursor_EnumConstantDecl)
		return CXChildVisit_Continue;
	row = gap_unit_enumerators_push(&graph->request->unit->enumerators);
	if (!row) {
		graph->no_memory = true;
		return CXChildVisit_Break;
	}
	gap_clang_text(graph->clang, graph->clang->getCursorSpelling(cursor), name, sizeof(name));
	*row = (struct gap_build_enumerator){
		.name = text_of(graph, name),
		.value = (uint64_t)graph->clang->getEnumConstantDeclValue(cursor),
	};
	return CXChildVisit_Continue;
}

static void fill_enum(struct graph *graph, CXCursor definition, struct gap_unit_type *row)
{
	CXType type = graph->clang->getCursorType(definition);
	bool is_signed;

	gap_clang_kind(graph->clang, type, &is_signed);
	row->flags = is_signed ? GAP_TYPE_SIGNED : 0;
	row->size_bytes = size_of(graph, type);
	row->first = graph->request->unit->enumerators.count;
	graph->clang->visitChildren(definition, visit_constant, graph);
	row->entries = graph->request->unit->enumerators.count - row->first;
}

/* ---- tags ---- */

/* "" where only a typedef, or nothing, names it. */
static void tag_name(const struct graph *graph, CXCursor cursor, char *name, size_t capacity)
{
	char text[2 * NAME_BYTES];
	const char *blank;

	gap_clang_text(graph->clang,
		       graph->clang->getTypeSpelling(graph->clang->getCursorType(cursor)), text,
		       sizeof(text));
	blank = strchr(text, ' ');
	snprintf(name, capacity, "%s", blank && !strchr(text, '(') ? blank + 1 : "");
}

/* Where it is declared, from the top of the source tree that it is in. */
static void set_place(struct graph *graph, CXCursor cursor, struct gap_unit_type *row)
{
	const struct gap_cfront_graph *request = graph->request;
	struct gap_clang_place place;
	const char *file = place.file;

	gap_clang_place(graph->clang, graph->clang->getCursorLocation(cursor), &place);
	for (size_t i = 0; i < request->tree_count; i++) {
		size_t length = strlen(request->trees[i]);

		if (strncmp(place.file, request->trees[i], length) == 0 &&
		    place.file[length] == '/') {
			file = place.file + length + strspn(place.file + length, "/");
			break;
		}
	}
	row->file = text_of(graph, file);
	row->line = place.line;
}

static void fill_tag(struct graph *graph, CXCursor cursor)
{
	const struct gap_clang *clang = graph->clang;
	CXCursor definition = clang->getCursorDefinition(cursor);
	enum CXCursorKind kind = clang->getCursorKind(cursor);
	uint32_t node = slot_of(graph, cursor)->node;
	struct gap_unit_type row = {.ref = GAP_NONE};
	char name[NAME_BYTES];

	row.kind = kind == CXCursor_EnumDecl    ? GAP_KIND_ENUM
		   : kind == CXCursor_UnionDecl ? GAP_KIND_UNION
						: GAP_KIND_STRUCT;
	tag_name(graph, cursor, name, sizeof(name));
	row.name = text_of(graph, name);
	if (!clang->isCursorDefinition(definition)) {
		row.flags = GAP_TYPE_INCOMPLETE;
	} else {
		set_place(graph, definition, &row);
		if (row.kind == GAP_KIND_ENUM)
			fill_enum(graph, definition, &row);
		else
			fill_record(graph, definition, &row);
	}
	if (!graph->no_memory)
		graph->types->items[node] = row;
}

/* ---- what was asked for ---- */

static enum CXChildVisitResult visit_root(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct graph *graph = data;
	const struct gap_clang *clang = graph->clang;
	enum CXCursorKind kind = clang->getCursorKind(cursor);
	char name[NAME_BYTES];

	(void)parent;
	if (kind != CXCursor_StructDecl && kind != CXCursor_UnionDecl)
		return CXChildVisit_Continue;
	if (!clang->isCursorDefinition(cursor))
		return CXChildVisit_Recurse;
	tag_name(graph, cursor, name, sizeof(name));
	for (size_t i = 0; *name && i < graph->request->root_count; i++)
		if (strcmp(graph->request->roots[i].name, name) == 0) {
			graph->request->roots[i].found = true;
			node_of_tag(graph, clang->getCursorType(cursor));
		}
	return CXChildVisit_Recurse; /* structures are declared inside others */
}

static void walk(struct graph *graph, CXCursor top)
{
	graph->clang->visitChildren(top, visit_root, graph);
	while (graph->waiting.next < graph->waiting.count && !graph->no_memory)
		fill_tag(graph, graph->waiting.items[graph->waiting.next++]);
}

enum gap_status gap_cfront_graph(struct gap_cfront_unit *unit,
				 const struct gap_cfront_graph *request, struct gap_error *error)
{
	struct graph graph = {
		.clang = &unit->clang, .request = request, .types = &request->unit->types};

	walk(&graph, unit->clang.getTranslationUnitCursor(unit->unit));
	free(graph.declared);
	free(graph.waiting.items);
	free(graph.members.items);
	if (graph.no_memory)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (graph.too_deep)
		return gap_fail(error, GAP_UNSUPPORTED,
				"a type of more than %d pointers, arrays and typedefs upon one "
				"another",
				DEPTH_MAX);
	return GAP_OK;
}
