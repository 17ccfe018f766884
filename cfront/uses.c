/* SPDX-License-Identifier: MIT */
/*
 * What a monitor uses. Under SEMGAP_SCAN the macros of semgap/monitor.h leave a call of a gap_scan_
 * function wherever they need a number that only a kernel can give; those calls are found here, in
 * whatever expression, macro or inline function they stand. Outside the macros the monitor must not
 * read kernel structures: what C itself follows would be memory of this process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfront/libclang.h"
#include "runtime/include/semgap/monitor_steps.h"

#define NAME_BYTES 256
#define TEXT_BYTES 1024
#define DEPTH_MAX 16

/* A member that C itself reads, or (member "") a sizeof: wrong if it is of a structure that the monitor
 * wants of the kernel. */
struct direct {
	char declared[NAME_BYTES], member[NAME_BYTES];
	struct gap_clang_place place;
};

struct scanning {
	const struct gap_clang *clang;
	CXTranslationUnit unit;
	struct gap_wanted *wanted;
	void (*complain)(void *context, const char *text);
	void *context;
	struct gap_error *error;
	enum gap_status status;
	struct direct *directs;
	size_t direct_count, direct_capacity;
	unsigned *optionals; /* ids of uses whose object is GAP_OPTIONAL */
	size_t optional_count, optional_capacity;
};

/* Where the walk is: inside our macros C may say what it likes. */
struct walk {
	struct scanning *scanning;
	bool inside_macro;
};

static void visit_below(struct scanning *scanning, CXCursor cursor, bool inside_macro);

/* ---- complaints ---- */

static void wrong(struct scanning *scanning, enum gap_status status,
		  const struct gap_clang_place *place, const char *words)
{
	char text[TEXT_BYTES + GAP_CLANG_FILE_BYTES];

	snprintf(text, sizeof(text), "%s:%u: %s", place->file, place->line, words);
	if (scanning->complain)
		scanning->complain(scanning->context, text);
	if (!scanning->status)
		gap_fail(scanning->error, status, "%s", text);
	if (!scanning->status)
		scanning->status = status;
}

static void no_memory(struct scanning *scanning)
{
	if (!scanning->status)
		scanning->status = gap_fail(scanning->error, GAP_NO_MEMORY, "out of memory");
}

static void *grow(struct scanning *scanning, void *rows, size_t *capacity, size_t count,
		  size_t row_bytes)
{
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown;

	if (count < *capacity)
		return rows;
	grown = realloc(rows, wanted * row_bytes);
	if (grown)
		*capacity = wanted;
	else
		no_memory(scanning);
	return grown;
}

/* ---- little questions ---- */

static void spelling(const struct scanning *scanning, CXCursor cursor, char name[NAME_BYTES])
{
	gap_clang_text(scanning->clang, scanning->clang->getCursorSpelling(cursor), name,
		       NAME_BYTES);
}

struct search {
	const struct scanning *scanning;
	enum CXCursorKind kind, stop;
	const char *callee; /* unless NULL: only calls of that */
	CXCursor found;
	bool done;
};

static enum CXChildVisitResult search_visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct search *search = data;
	enum CXCursorKind kind = search->scanning->clang->getCursorKind(cursor);
	char name[NAME_BYTES] = "";

	(void)parent;
	if (kind == search->kind && search->callee)
		spelling(search->scanning, cursor, name);
	if (kind == search->kind && (!search->callee || strcmp(name, search->callee) == 0)) {
		search->found = cursor;
		search->done = true;
		return CXChildVisit_Break;
	}
	return kind == search->stop ? CXChildVisit_Continue : CXChildVisit_Recurse;
}

/* The first cursor of a kind below @cursor, in the order of the source; not looked for below @stop. */
static bool find_below(const struct scanning *scanning, CXCursor cursor, enum CXCursorKind kind,
		       enum CXCursorKind stop, const char *callee, CXCursor *found)
{
	struct search search = {.scanning = scanning, .kind = kind, .stop = stop, .callee = callee};

	scanning->clang->visitChildren(cursor, search_visit, &search);
	if (search.done)
		*found = search.found;
	return search.done;
}

/* The argument itself, or what of the kind is first in it. */
static bool find_argument(const struct scanning *scanning, CXCursor call, unsigned at,
			  enum CXCursorKind kind, CXCursor *found)
{
	CXCursor argument = scanning->clang->Cursor_getArgument(call, at);

	if (scanning->clang->getCursorKind(argument) != kind)
		return find_below(scanning, argument, kind, CXCursor_FirstInvalid, NULL, found);
	*found = argument;
	return true;
}

static int use_of(const struct scanning *scanning, CXCursor call)
{
	CXEvalResult value =
		scanning->clang->Cursor_Evaluate(scanning->clang->Cursor_getArgument(call, 0));
	long long use = value ? scanning->clang->EvalResult_getAsLongLong(value) : 0;

	if (value)
		scanning->clang->EvalResult_dispose(value);
	return (int)use;
}

/* NAME of NAME___flavour. */
static void essential_name(char *name)
{
	char *cut = strlen(name) > 1 ? strstr(name + 1, "___") : NULL;

	if (cut)
		*cut = '\0';
}

/* ---- other names: GAP_ALSO ---- */

struct annotations {
	const struct scanning *scanning;
	char *also;
	const char *prefix; /* before each name: the path to a nameless structure */
};

static enum CXChildVisitResult annotation_visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
	static const char mark[] = "semgap:also:";
	const struct annotations *annotations = data;
	char text[NAME_BYTES];
	size_t used = strlen(annotations->also);

	(void)parent;
	if (annotations->scanning->clang->getCursorKind(cursor) != CXCursor_AnnotateAttr)
		return CXChildVisit_Continue;
	spelling(annotations->scanning, cursor, text);
	if (strncmp(text, mark, sizeof(mark) - 1) == 0)
		snprintf(annotations->also + used, TEXT_BYTES - used, "%s%s%s%s", used ? "|" : "",
			 annotations->prefix, *annotations->prefix ? "." : "",
			 text + sizeof(mark) - 1);
	return CXChildVisit_Continue;
}

static void other_names(const struct scanning *scanning, CXCursor declaration, const char *prefix,
			char also[TEXT_BYTES])
{
	struct annotations annotations = {scanning, also, prefix};

	also[0] = '\0';
	scanning->clang->visitChildren(declaration, annotation_visit, &annotations);
}

/* ---- whose member it is ---- */

/* The structure that C sees around a member: anonymous ones belong to theirs. */
static CXCursor owner_of(const struct scanning *scanning, CXCursor member)
{
	CXCursor record = scanning->clang->getCursorSemanticParent(member);

	for (unsigned i = 0; i < DEPTH_MAX && scanning->clang->Cursor_isAnonymousRecordDecl(record);
	     i++)
		record = scanning->clang->getCursorSemanticParent(record);
	return record;
}

struct holder {
	const struct scanning *scanning;
	CXCursor record; /* the nameless one */
	char member[NAME_BYTES];
	unsigned depth;
};

static enum CXVisitorResult holder_visit(CXCursor field, CXClientData data)
{
	struct holder *holder = data;
	const struct gap_clang *clang = holder->scanning->clang;
	CXType type = clang->getCanonicalType(clang->getCursorType(field));
	char name[NAME_BYTES];

	spelling(holder->scanning, field, name);
	if (type.kind != CXType_Record)
		return CXVisit_Continue;
	if (*name && clang->equalCursors(clang->getTypeDeclaration(type), holder->record)) {
		memcpy(holder->member, name, sizeof(name));
		return CXVisit_Break;
	}
	if (!*name && holder->depth++ < DEPTH_MAX)
		clang->Type_visitFields(type, holder_visit, holder);
	return *holder->member ? CXVisit_Break : CXVisit_Continue;
}

/* The C type of a structure, or of the one around it and the path (@base) from there. */
static bool name_owner(const struct scanning *scanning, CXCursor record, char declared[NAME_BYTES],
		       char base[NAME_BYTES])
{
	const struct gap_clang *clang = scanning->clang;
	char name[NAME_BYTES];

	base[0] = '\0';
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		struct holder holder = {scanning, record, "", 0};
		char path[2 * NAME_BYTES];

		gap_clang_record_name(clang, record, name, sizeof(name));
		if (*name) {
			gap_clang_text(clang, clang->getTypeSpelling(clang->getCursorType(record)),
				       declared, NAME_BYTES);
			return true;
		}
		record = owner_of(scanning, record);
		clang->Type_visitFields(clang->getCursorType(record), holder_visit, &holder);
		if (!*holder.member)
			return false;
		snprintf(path, sizeof(path), "%s%s%s", holder.member, *base ? "." : "", base);
		snprintf(base, NAME_BYTES, "%.*s", NAME_BYTES - 1, path);
	}
	return false;
}

/* "task_struct" of "struct task_struct___old". */
static void kernel_name(const char *declared, char name[NAME_BYTES])
{
	const char *tag = strchr(declared, ' ');

	snprintf(name, NAME_BYTES, "%s", tag ? tag + 1 : declared);
	essential_name(name);
}

/* ---- what the monitor declares it to be ---- */

/* uint64_t and long are one type to C here; only the one is always of 64 bits. */
static bool is_fixed_width(const struct gap_clang *clang, CXType type)
{
	char name[NAME_BYTES];

	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		if (type.kind == CXType_Elaborated)
			type = clang->Type_getNamedType(type);
		if (type.kind != CXType_Typedef)
			return false;
		gap_clang_text(clang, clang->getTypedefName(type), name, sizeof(name));
		if (strstr(name, "64"))
			return true;
		type = clang->getTypedefDeclUnderlyingType(clang->getTypeDeclaration(type));
	}
	return false;
}

static bool is_word(const struct gap_clang *clang, CXType type)
{
	CXType plain = clang->getCanonicalType(type);

	return (plain.kind == CXType_Long || plain.kind == CXType_ULong) &&
	       !is_fixed_width(clang, type);
}

static void describe_array(const struct gap_clang *clang, CXType type, struct gap_wanted_item *item)
{
	CXType plain = clang->getCanonicalType(type), element = clang->getArrayElementType(plain);
	bool is_signed;
	enum gap_kind kind = gap_clang_kind(clang, element, &is_signed);

	item->form = GAP_FORM_ARRAY;
	if (plain.kind == CXType_ConstantArray)
		item->count = (uint32_t)clang->getArraySize(plain);
	if (kind == GAP_KIND_INT || kind == GAP_KIND_ENUM)
		item->size_bytes = is_word(clang, clang->getArrayElementType(type))
					   ? 0
					   : (uint32_t)clang->Type_getSizeOf(element);
}

static void describe_field(const struct scanning *scanning, CXCursor field,
			   struct gap_wanted_item *item)
{
	const struct gap_clang *clang = scanning->clang;
	CXType type = clang->getCursorType(field);
	enum gap_kind kind = gap_clang_kind(clang, type, &item->is_signed);
	long long size = clang->Type_getSizeOf(clang->getCanonicalType(type));

	if (kind == GAP_KIND_ARRAY) {
		describe_array(clang, type, item);
		return;
	}
	if (kind == GAP_KIND_STRUCT || kind == GAP_KIND_UNION) {
		item->form = GAP_FORM_STRUCT;
		return;
	}
	item->size_bytes = item->declared_bytes = size > 0 ? (uint32_t)size : 0;
	if (clang->Cursor_isBitField(field)) {
		item->form = GAP_FORM_BITS;
		item->width = (uint8_t)clang->getFieldDeclBitWidth(field);
		item->declared_bytes = 0;
	} else if (kind == GAP_KIND_POINTER) {
		item->form = GAP_FORM_POINTER;
	} else {
		item->form = is_word(clang, type) ? GAP_FORM_WORD : GAP_FORM_INT;
	}
}

static const char *misuse_of(const struct gap_wanted_item *item, int use)
{
	if (use & GAP_USE_BITS && item->form != GAP_FORM_BITS)
		return "is no bit-field: GAP_READ() takes it";
	if (use & GAP_USE_WHOLE && (item->size_bytes == 0 || item->count == 0))
		return "is copied whole, which only arrays of integers of fixed width are";
	return NULL;
}

/* What a use demands of the field it names. */
static void apply_use(struct gap_wanted_item *item, int use)
{
	bool is_value = item->form != GAP_FORM_STRUCT && item->form != GAP_FORM_ARRAY;

	item->optional = use & (GAP_USE_ASK | GAP_USE_OPTIONAL);
	item->widen = use & GAP_USE_WIDEN;
	item->whole = use & GAP_USE_WHOLE;
	item->percpu = use & GAP_USE_PERCPU;
	item->read = !(use & GAP_USE_ASK) && !(use & GAP_USE_PLACE && is_value);
}

static void add_item(struct scanning *scanning, const struct gap_wanted_item *item,
		     struct gap_clang_place *place)
{
	struct gap_wanted_use use = {place->file, place->line};
	struct gap_error why;
	enum gap_status status = gap_wanted_add(scanning->wanted, item, &use, &why);

	if (status)
		wrong(scanning, status, place, why.text);
}

/* ---- the marks ---- */

/* Whether the variable that an expression begins with is one of ours, of an object that is optional. */
static bool is_optional(const struct scanning *scanning, CXCursor expression)
{
	CXCursor object = expression;
	char name[NAME_BYTES];
	const char *id;

	if (scanning->clang->getCursorKind(expression) != CXCursor_DeclRefExpr &&
	    !find_below(scanning, expression, CXCursor_DeclRefExpr, CXCursor_FirstInvalid, NULL,
			&object))
		return false;
	spelling(scanning, object, name);
	id = strrchr(name, '_');
	if (strncmp(name, "gap_", 4) != 0 || !id)
		return false;
	for (size_t i = 0; i < scanning->optional_count; i++)
		if (scanning->optionals[i] == (unsigned)strtoul(id + 1, NULL, 10))
			return true;
	return false;
}

static void add_field(struct scanning *scanning, CXCursor call, struct gap_clang_place *place)
{
	char declared[NAME_BYTES], base[NAME_BYTES], name[NAME_BYTES], member_name[NAME_BYTES];
	char also[TEXT_BYTES], c_type[TEXT_BYTES], words[TEXT_BYTES];
	struct gap_wanted_item item = {.kind = GAP_WANT_FIELD};
	CXCursor member, field;
	int use = use_of(scanning, call);

	if (!find_argument(scanning, call, 1, CXCursor_MemberRefExpr, &member))
		return;
	field = scanning->clang->getCursorReferenced(member);
	spelling(scanning, field, member_name);
	if (!name_owner(scanning, owner_of(scanning, field), declared, base)) {
		snprintf(words, sizeof(words),
			 "the structure of %.200s has no name that a kernel could know it by",
			 member_name);
		wrong(scanning, GAP_INVALID, place, words);
		return;
	}
	kernel_name(declared, name);
	other_names(scanning, field, base, also);
	gap_clang_text(scanning->clang,
		       scanning->clang->getTypeSpelling(scanning->clang->getCursorType(field)),
		       c_type, sizeof(c_type));
	item.name = name;
	item.declared = declared;
	item.base = base;
	item.member = member_name;
	item.also = also;
	item.c_type = c_type;
	describe_field(scanning, field, &item);
	if (misuse_of(&item, use)) {
		snprintf(words, sizeof(words), "%.200s.%.200s %s", declared, member_name,
			 misuse_of(&item, use));
		wrong(scanning, GAP_INVALID, place, words);
		return;
	}
	apply_use(&item, is_optional(scanning, member) ? use | GAP_USE_OPTIONAL : use);
	add_item(scanning, &item, place);
}

/* Not only declared: "struct task mine;" is a definition too. */
static bool is_own(const struct gap_clang *clang, CXCursor declared)
{
	if (clang->getCursorKind(declared) == CXCursor_VarDecl)
		return clang->Cursor_getStorageClass(declared) != CX_SC_Extern;
	return clang->isCursorDefinition(declared);
}

/* A symbol or an enumerator: what is referred to, by its name. */
static void add_named(struct scanning *scanning, CXCursor call, enum gap_want_kind kind,
		      struct gap_clang_place *place)
{
	char name[NAME_BYTES], also[TEXT_BYTES], words[TEXT_BYTES];
	char none[] = "";
	struct gap_wanted_item item = {
		.kind = kind, .declared = none, .base = none, .member = none, .c_type = none};
	CXCursor reference, declared;

	if (!find_argument(scanning, call, 1, CXCursor_DeclRefExpr, &reference))
		return;
	declared = scanning->clang->getCursorReferenced(reference);
	spelling(scanning, declared, name);
	if (kind == GAP_WANT_SYMBOL && is_own(scanning->clang, declared)) {
		snprintf(words, sizeof(words),
			 "%.200s is the monitor's own; the kernel's is declared extern", name);
		wrong(scanning, GAP_INVALID, place, words);
		return;
	}
	other_names(scanning, declared, "", also);
	item.name = name;
	item.also = also;
	apply_use(&item, use_of(scanning, call));
	add_item(scanning, &item, place);
}

struct pointed {
	const struct scanning *scanning;
	CXType record;
	bool found;
};

static enum CXChildVisitResult pointed_visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct pointed *pointed = data;
	const struct gap_clang *clang = pointed->scanning->clang;
	CXType type = clang->getCanonicalType(clang->getCursorType(cursor));

	(void)parent;
	if (type.kind == CXType_Pointer)
		type = clang->getCanonicalType(clang->getPointeeType(type));
	if (type.kind != CXType_Record)
		return CXChildVisit_Recurse;
	pointed->record = type;
	pointed->found = true;
	return CXChildVisit_Break;
}

static void add_type(struct scanning *scanning, CXCursor call, struct gap_clang_place *place)
{
	struct pointed pointed = {.scanning = scanning};
	char declared[NAME_BYTES], base[NAME_BYTES], name[NAME_BYTES];
	char none[] = "";
	struct gap_wanted_item item = {
		.kind = GAP_WANT_TYPE, .base = none, .member = none, .also = none, .c_type = none};

	scanning->clang->visitChildren(scanning->clang->Cursor_getArgument(call, 1), pointed_visit,
				       &pointed);
	if (!pointed.found)
		return; /* of an array of scalars: their size is no secret */
	if (!name_owner(scanning, scanning->clang->getTypeDeclaration(pointed.record), declared,
			base) ||
	    *base) {
		wrong(scanning, GAP_INVALID, place,
		      "the size of a structure without a name is asked for");
		return;
	}
	kernel_name(declared, name);
	item.name = name;
	item.declared = declared;
	apply_use(&item, is_optional(scanning, scanning->clang->Cursor_getArgument(call, 1))
				 ? use_of(scanning, call) | GAP_USE_OPTIONAL
				 : use_of(scanning, call));
	add_item(scanning, &item, place);
}

/* GAP_LOAD() cannot tell uint64_t from long. */
static void check_element(struct scanning *scanning, CXCursor call, struct gap_clang_place *place)
{
	const struct gap_clang *clang = scanning->clang;
	CXCursor reference;
	CXType type, plain;

	if (!find_argument(scanning, call, 0, CXCursor_DeclRefExpr, &reference))
		return;
	type = clang->getPointeeType(clang->getCanonicalType(clang->getCursorType(reference)));
	plain = clang->getCanonicalType(type);
	if ((plain.kind == CXType_Long || plain.kind == CXType_ULong) &&
	    is_fixed_width(clang, clang->getPointeeType(clang->getCursorType(reference))))
		wrong(scanning, GAP_INVALID, place,
		      "GAP_LOAD() takes this for a long, which has 4 bytes in 32-bit guests: "
		      "declare it as (unsigned) long long");
}

/* True for a call of ours, with all that is in it. */
static bool take_mark(struct scanning *scanning, CXCursor call)
{
	struct gap_clang_place place;
	char name[NAME_BYTES];

	spelling(scanning, call, name);
	if (strncmp(name, "gap_scan_", 9) != 0)
		return false;
	gap_clang_place(scanning->clang, scanning->clang->getCursorLocation(call), &place);
	if (strcmp(name, "gap_scan_field") == 0)
		add_field(scanning, call, &place);
	else if (strcmp(name, "gap_scan_symbol") == 0)
		add_named(scanning, call, GAP_WANT_SYMBOL, &place);
	else if (strcmp(name, "gap_scan_enumerator") == 0)
		add_named(scanning, call, GAP_WANT_ENUMERATOR, &place);
	else if (strcmp(name, "gap_scan_type") == 0)
		add_type(scanning, call, &place);
	else if (strcmp(name, "gap_scan_element") == 0)
		check_element(scanning, call, &place);
	else
		return false; /* gap_scan_optional: around what is the monitor's own */
	return true;
}

/* ---- the walk ---- */

static void note_direct(struct scanning *scanning, CXCursor record, CXCursor at, const char *member)
{
	char base[NAME_BYTES];
	struct direct *direct;
	void *rows = grow(scanning, scanning->directs, &scanning->direct_capacity,
			  scanning->direct_count, sizeof(*scanning->directs));

	if (!rows)
		return;
	scanning->directs = rows;
	direct = &scanning->directs[scanning->direct_count];
	if (!name_owner(scanning, record, direct->declared, base))
		return;
	snprintf(direct->member, sizeof(direct->member), "%s", member);
	gap_clang_place(scanning->clang, scanning->clang->getCursorLocation(at), &direct->place);
	scanning->direct_count++;
}

static void note_member(struct scanning *scanning, CXCursor member)
{
	CXCursor field = scanning->clang->getCursorReferenced(member);
	char name[NAME_BYTES];

	spelling(scanning, field, name);
	note_direct(scanning, owner_of(scanning, field), member, name);
}

/* "sizeof(struct task_struct *)" is of a pointer, which libclang does not tell. */
static bool has_star(const struct scanning *scanning, CXCursor expression)
{
	const struct gap_clang *clang = scanning->clang;
	bool found = false;
	CXToken *tokens = NULL;
	unsigned count = 0;

	clang->tokenize(scanning->unit, clang->getCursorExtent(expression), &tokens, &count);
	for (unsigned i = 0; i < count && !found; i++) {
		char text[8];

		gap_clang_text(clang, clang->getTokenSpelling(scanning->unit, tokens[i]), text,
			       sizeof(text));
		found = strcmp(text, "*") == 0;
	}
	clang->disposeTokens(scanning->unit, tokens, count);
	return found;
}

/* The monitor's own size of a structure is of no use; that of a member, as sizeof(task->comm), may be. */
static void note_sizeof(struct scanning *scanning, CXCursor expression)
{
	const struct gap_clang *clang = scanning->clang;
	CXCursor reference, member;
	CXType type;

	if (find_below(scanning, expression, CXCursor_MemberRefExpr, CXCursor_FirstInvalid, NULL,
		       &member) ||
	    !find_below(scanning, expression, CXCursor_TypeRef, CXCursor_FirstInvalid, NULL,
			&reference))
		return;
	type = clang->getCanonicalType(clang->getCursorType(reference));
	if (type.kind == CXType_Record && !has_star(scanning, expression))
		note_direct(scanning, clang->getTypeDeclaration(type), expression, "");
}

static void note_optional(struct scanning *scanning, CXCursor variable, const char *name)
{
	CXCursor mark;
	void *rows;

	if (!find_below(scanning, variable, CXCursor_CallExpr, CXCursor_StmtExpr,
			"gap_scan_optional", &mark))
		return;
	rows = grow(scanning, scanning->optionals, &scanning->optional_capacity,
		    scanning->optional_count, sizeof(*scanning->optionals));
	if (!rows)
		return;
	scanning->optionals = rows;
	scanning->optionals[scanning->optional_count++] =
		(unsigned)strtoul(strrchr(name, '_') + 1, NULL, 10);
}

/* Statement expressions of ours begin with a variable of ours. */
static bool is_our_macro(const struct scanning *scanning, CXCursor expression)
{
	CXCursor variable;
	char name[NAME_BYTES];

	if (!find_below(scanning, expression, CXCursor_VarDecl, CXCursor_VarDecl, NULL, &variable))
		return false;
	spelling(scanning, variable, name);
	return strncmp(name, "gap_0_", 6) == 0 || strncmp(name, "gap_has_", 8) == 0;
}

static void visit_variable(struct scanning *scanning, CXCursor variable, bool inside_macro)
{
	char name[NAME_BYTES];

	spelling(scanning, variable, name);
	if (inside_macro && strncmp(name, "gap_0_", 6) == 0) {
		note_optional(scanning, variable, name);
		inside_macro = false; /* what it begins with is the monitor's own expression */
	}
	visit_below(scanning, variable, inside_macro);
}

static enum CXChildVisitResult walk_visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
	const struct walk *walk = data;
	struct scanning *scanning = walk->scanning;
	bool inside = walk->inside_macro;

	(void)parent;
	if (scanning->status == GAP_NO_MEMORY)
		return CXChildVisit_Break;
	switch (scanning->clang->getCursorKind(cursor)) {
	case CXCursor_CallExpr:
		if (take_mark(scanning, cursor))
			return CXChildVisit_Continue;
		break;
	case CXCursor_StmtExpr:
		inside |= is_our_macro(scanning, cursor);
		break;
	case CXCursor_VarDecl:
		visit_variable(scanning, cursor, inside);
		return CXChildVisit_Continue;
	case CXCursor_MemberRefExpr:
		if (!inside)
			note_member(scanning, cursor);
		break;
	case CXCursor_UnaryExpr: /* sizeof; reads nothing */
		if (!inside)
			note_sizeof(scanning, cursor);
		inside = true;
		break;
	default:
		break;
	}
	visit_below(scanning, cursor, inside);
	return CXChildVisit_Continue;
}

static void visit_below(struct scanning *scanning, CXCursor cursor, bool inside_macro)
{
	struct walk walk = {scanning, inside_macro};

	scanning->clang->visitChildren(cursor, walk_visit, &walk);
}

/* What the system's headers define uses nothing of ours. */
static enum CXChildVisitResult top_visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct scanning *scanning = data;
	const struct gap_clang *clang = scanning->clang;

	(void)parent;
	if (clang->getCursorKind(cursor) == CXCursor_FunctionDecl &&
	    clang->isCursorDefinition(cursor) &&
	    !clang->Location_isInSystemHeader(clang->getCursorLocation(cursor)))
		visit_below(scanning, cursor, false);
	else if (clang->getCursorKind(cursor) == CXCursor_VarDecl)
		visit_below(scanning, cursor, false);
	return CXChildVisit_Continue;
}

static bool is_of_the_kernel(const struct gap_wanted *wanted, const char *declared)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->items[i].declared, declared) == 0)
			return true;
	return false;
}

static void refuse_directs(struct scanning *scanning)
{
	for (size_t i = 0; i < scanning->direct_count; i++) {
		struct direct *direct = &scanning->directs[i];
		char words[TEXT_BYTES];

		if (!is_of_the_kernel(scanning->wanted, direct->declared))
			continue;
		if (*direct->member)
			snprintf(words, sizeof(words),
				 "%.200s.%.200s is read by C itself, from this process's memory: "
				 "GAP_READ(m, …, %.200s) reads the guest's",
				 direct->declared, direct->member, direct->member);
		else
			snprintf(words, sizeof(words),
				 "this is the size of the monitor's own %.200s: GAP_SIZE(m, "
				 "%.200s) is the kernel's",
				 direct->declared, direct->declared);
		wrong(scanning, GAP_INVALID, &direct->place, words);
	}
}

enum gap_status gap_cfront_uses(struct gap_cfront_unit *unit, struct gap_wanted *wanted,
				void (*complain)(void *context, const char *text), void *context,
				struct gap_error *error)
{
	struct scanning scanning = {.clang = &unit->clang,
				    .unit = unit->unit,
				    .wanted = wanted,
				    .complain = complain,
				    .context = context,
				    .error = error};

	unit->clang.visitChildren(unit->clang.getTranslationUnitCursor(unit->unit), top_visit,
				  &scanning);
	refuse_directs(&scanning);
	free(scanning.directs);
	free(scanning.optionals);
	return scanning.status;
}
