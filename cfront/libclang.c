/* SPDX-License-Identifier: MIT */
/* Loading libclang, and the little that everything here asks it: texts, places, names, kinds. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "cfront/libclang.h"

enum gap_status gap_clang_load(struct gap_clang *clang, struct gap_error *error)
{
	clang->library = dlopen(SEMGAP_LIBCLANG, RTLD_NOW | RTLD_LOCAL);
	if (!clang->library)
		return gap_fail(error, GAP_UNSUPPORTED,
				"C sources are read through libclang, which is not here (%.300s); "
				"Debian: libclang1-14 and libclang-common-14-dev",
				dlerror());
#define LOOK_UP(name)                                                                              \
	*(void **)&clang->name = dlsym(clang->library, "clang_" #name);                            \
	if (!clang->name)                                                                          \
		return gap_fail(error, GAP_UNSUPPORTED,                                            \
				"%s has no clang_" #name ": another version is needed",            \
				SEMGAP_LIBCLANG);
	GAP_CLANG_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
	return GAP_OK;
}

void gap_clang_text(const struct gap_clang *clang, CXString string, char *text, size_t capacity)
{
	const char *from = clang->getCString(string);

	snprintf(text, capacity, "%s", from ? from : "");
	clang->disposeString(string);
}

void gap_clang_place(const struct gap_clang *clang, CXSourceLocation location,
		     struct gap_clang_place *place)
{
	CXFile file = NULL;

	clang->getExpansionLocation(location, &file, &place->line, &place->column, NULL);
	place->file[0] = '\0';
	if (file)
		gap_clang_text(clang, clang->getFileName(file), place->file, sizeof(place->file));
}

/* An anonymous one is spelled "struct (unnamed at FILE:LINE:COLUMN)", "(anonymous struct at …)". */
void gap_clang_record_name(const struct gap_clang *clang, CXCursor record, char *name,
			   size_t capacity)
{
	char text[1024];
	const char *from = text;

	gap_clang_text(clang, clang->getTypeSpelling(clang->getCursorType(record)), text,
		       sizeof(text));
	if (strncmp(text, "struct ", 7) == 0 || strncmp(text, "union ", 6) == 0 ||
	    strncmp(text, "enum ", 5) == 0)
		from = strchr(text, ' ') + 1;
	snprintf(name, capacity, "%s", strchr(from, '(') ? "" : from);
}

static enum gap_kind integer_kind(enum CXTypeKind kind, bool *is_signed)
{
	*is_signed = kind == CXType_Char_S || (kind >= CXType_SChar && kind <= CXType_Int128);
	return GAP_KIND_INT;
}

enum gap_kind gap_clang_kind(const struct gap_clang *clang, CXType type, bool *is_signed)
{
	CXType plain = clang->getCanonicalType(type);
	CXCursor declaration;

	*is_signed = false;
	if (plain.kind >= CXType_Bool && plain.kind <= CXType_Int128)
		return integer_kind(plain.kind, is_signed);
	switch (plain.kind) {
	case CXType_Void:
		return GAP_KIND_VOID;
	case CXType_Pointer:
		return GAP_KIND_POINTER;
	case CXType_ConstantArray:
	case CXType_IncompleteArray:
		return GAP_KIND_ARRAY;
	case CXType_FunctionProto:
	case CXType_FunctionNoProto:
		return GAP_KIND_FUNCTION;
	case CXType_Float:
	case CXType_Double:
	case CXType_LongDouble:
		return GAP_KIND_FLOAT;
	case CXType_Record:
		declaration = clang->getTypeDeclaration(plain);
		return clang->getCursorKind(declaration) == CXCursor_UnionDecl ? GAP_KIND_UNION
									       : GAP_KIND_STRUCT;
	case CXType_Enum:
		declaration = clang->getTypeDeclaration(plain);
		plain = clang->getCanonicalType(clang->getEnumDeclIntegerType(declaration));
		integer_kind(plain.kind, is_signed);
		return GAP_KIND_ENUM;
	default:
		return GAP_KIND_UNKNOWN;
	}
}
