/* SPDX-License-Identifier: MIT */
/*
 * libclang as this folder sees it. Loaded when a source is parsed, not linked: it is 140 MB of
 * libraries, for which no other command should wait. Its header only gives the types.
 */
#ifndef SEMGAP_CFRONT_LIBCLANG_H
#define SEMGAP_CFRONT_LIBCLANG_H

#include <clang-c/CXCompilationDatabase.h>
#include <clang-c/Index.h>

#include "cfront/cfront.h"

/* The functions used, without their clang_. */
#define GAP_CLANG_FUNCTIONS(_)                                                                     \
	_(createIndex)                                                                             \
	_(disposeIndex)                                                                            \
	_(parseTranslationUnit2)                                                                   \
	_(disposeTranslationUnit)                                                                  \
	_(getTranslationUnitCursor)                                                                \
	_(getNumDiagnostics)                                                                       \
	_(getDiagnostic)                                                                           \
	_(disposeDiagnostic)                                                                       \
	_(getDiagnosticSeverity)                                                                   \
	_(getDiagnosticSpelling)                                                                   \
	_(getDiagnosticLocation)                                                                   \
	_(getCString)                                                                              \
	_(disposeString)                                                                           \
	_(getExpansionLocation)                                                                    \
	_(getFileName)                                                                             \
	_(getFile)                                                                                 \
	_(Location_isInSystemHeader)                                                               \
	_(visitChildren)                                                                           \
	_(getCursorKind)                                                                           \
	_(getCursorSpelling)                                                                       \
	_(getCursorLocation)                                                                       \
	_(getCursorExtent)                                                                         \
	_(tokenize)                                                                                \
	_(getTokenKind)                                                                            \
	_(getTokenSpelling)                                                                        \
	_(disposeTokens)                                                                           \
	_(Cursor_isMacroFunctionLike)                                                              \
	_(getCursorReferenced)                                                                     \
	_(getCursorSemanticParent)                                                                 \
	_(getCursorDefinition)                                                                     \
	_(getCanonicalCursor)                                                                      \
	_(getNullCursor)                                                                           \
	_(equalCursors)                                                                            \
	_(hashCursor)                                                                              \
	_(isCursorDefinition)                                                                      \
	_(getCursorType)                                                                           \
	_(getCanonicalType)                                                                        \
	_(getTypeDeclaration)                                                                      \
	_(getTypeSpelling)                                                                         \
	_(getTypedefName)                                                                          \
	_(getTypedefDeclUnderlyingType)                                                            \
	_(getPointeeType)                                                                          \
	_(getResultType)                                                                           \
	_(getNumArgTypes)                                                                          \
	_(getArgType)                                                                              \
	_(isFunctionTypeVariadic)                                                                  \
	_(isConstQualifiedType)                                                                    \
	_(isVolatileQualifiedType)                                                                 \
	_(isRestrictQualifiedType)                                                                 \
	_(getArrayElementType)                                                                     \
	_(getArraySize)                                                                            \
	_(getEnumDeclIntegerType)                                                                  \
	_(getEnumConstantDeclValue)                                                                \
	_(getEnumConstantDeclUnsignedValue)                                                        \
	_(Type_getNamedType)                                                                       \
	_(Type_getSizeOf)                                                                          \
	_(Type_getAlignOf)                                                                         \
	_(Type_visitFields)                                                                        \
	_(Cursor_getOffsetOfField)                                                                 \
	_(Cursor_isAnonymous)                                                                      \
	_(Cursor_isAnonymousRecordDecl)                                                            \
	_(Cursor_getStorageClass)                                                                  \
	_(Cursor_getArgument)                                                                      \
	_(Cursor_isBitField)                                                                       \
	_(Cursor_Evaluate)                                                                         \
	_(EvalResult_getAsLongLong)                                                                \
	_(EvalResult_dispose)                                                                      \
	_(getFieldDeclBitWidth)                                                                    \
	_(CompilationDatabase_fromDirectory)                                                       \
	_(CompilationDatabase_dispose)                                                             \
	_(CompilationDatabase_getCompileCommands)                                                  \
	_(CompileCommands_dispose)                                                                 \
	_(CompileCommands_getSize)                                                                 \
	_(CompileCommands_getCommand)                                                              \
	_(CompileCommand_getDirectory)                                                             \
	_(CompileCommand_getNumArgs)                                                               \
	_(CompileCommand_getArg)

struct gap_clang {
	void *library;
#define GAP_CLANG_MEMBER(name) __typeof__(&clang_##name) name;
	GAP_CLANG_FUNCTIONS(GAP_CLANG_MEMBER)
#undef GAP_CLANG_MEMBER
};

struct gap_cfront_unit {
	struct gap_clang clang;
	CXIndex index;
	CXTranslationUnit unit;
};

/** Fills @clang; GAP_UNSUPPORTED when libclang is not installed. Never unloaded: LLVM leaves
 * handlers behind. */
enum gap_status gap_clang_load(struct gap_clang *clang, struct gap_error *error) GAP_MUST_CHECK;

/** A copy of @string in @text, cut where it is too long; disposes of @string. */
void gap_clang_text(const struct gap_clang *clang, CXString string, char *text, size_t capacity);

#define GAP_CLANG_FILE_BYTES 512

/** Where something stands for the reader of the source: at the place of the outermost macro. */
struct gap_clang_place {
	char file[GAP_CLANG_FILE_BYTES]; /* as the compiler came to it; "" nowhere */
	unsigned line, column;
};

void gap_clang_place(const struct gap_clang *clang, CXSourceLocation location,
		     struct gap_clang_place *place);

/** Name of a record or enum as C has it, or of the typedef that names an anonymous one; "". */
void gap_clang_record_name(const struct gap_clang *clang, CXCursor record, char *name,
			   size_t capacity);

/** The kind of a type, typedefs and qualifiers followed, and whether it is signed. */
enum gap_kind gap_clang_kind(const struct gap_clang *clang, CXType type, bool *is_signed);

#endif
