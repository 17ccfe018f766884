/* SPDX-License-Identifier: MIT */
/*
 * --format vmlinux-h: all types of a profile as C that compilers take, C11 and C++17, with an
 * assertion of every size and every offset. Enums come first, then forward declarations, then
 * everything else by name, each after what it needs: the order of two builds differs only where
 * they do.
 */
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emit/c_decl.h"
#include "emit/c_layout.h"
#include "emit/c_names.h"
#include "emit/constants.h"
#include "emit/formats.h"
#include "emit/header_text.h"
#include "emit/selection.h"
#include "emit/walk.h"

#define DEPTH_MAX 400 /* of types in types; recursion costs a few hundred bytes each */
#define NAME_BYTES 600
#define PATH_BYTES 1024
#define TABS "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t"

enum progress { NOT_YET, BEGUN, WRITTEN };

struct writer {
	const struct gap_profile *profile;
	const struct gap_emit_options *options;
	struct gap_c_names names;
	struct gap_c_layout layout;
	struct gap_c_decl decl;
	FILE *stream;
	uint8_t *progress; /* by type row */
	unsigned indent;
	const char *owner; /* the tag that is being defined, or NULL */
	unsigned padding;  /* names of it used in this definition */
	uint32_t left_out;
	bool too_deep, no_memory;
};

/* An aggregate being written. */
struct body {
	struct gap_type type;
};

static void need(struct writer *writer, gap_type_id id, bool complete, unsigned depth);
static void write_anonymous(void *context, gap_type_id id);

static struct gap_type type_of(const struct writer *writer, gap_type_id id)
{
	struct gap_type type = {.name = "", .kind = GAP_KIND_VOID};

	gap_profile_type(writer->profile, id, &type);
	return type;
}

static bool is_ready(void *context, gap_type_id id)
{
	const struct writer *writer = context;

	return writer->progress[id] == WRITTEN;
}

/* ---- bodies ---- */

static void indent(const struct writer *writer)
{
	fprintf(writer->stream, "%.*s", (int)(writer->indent < 16 ? writer->indent : 16), TABS);
}

/* Whether a member is called as its type is: C++ then finds the member. */
static bool hides_its_type(const struct writer *writer, const struct body *body, gap_type_id id)
{
	for (unsigned steps = 0; steps < 64; steps++) {
		struct gap_type type = type_of(writer, id);
		const char *name = gap_c_name(&writer->names, id);

		for (uint32_t i = 0; name && i < body->type.count; i++) {
			struct gap_member member;

			if (gap_profile_member(writer->profile, body->type.first + i, &member) &&
			    strcmp(member.name, name) == 0)
				return true;
		}
		if (type.kind == GAP_KIND_TYPEDEF || type.ref == 0)
			return false;
		id = type.ref;
	}
	return false;
}

/* C++ forbids the name of a class to members of its anonymous members. */
static const char *owner_of(const struct writer *writer)
{
	return writer->indent > 1 ? writer->owner : NULL;
}

/* An anonymous member. Its type may have a name (-fms-extensions), which then must not be said. */
static void write_nameless(struct writer *writer, const struct gap_member *member)
{
	gap_type_id id = gap_profile_strip(writer->profile, member->type);
	struct gap_type type = type_of(writer, id);

	if (gap_type_is_aggregate(&type))
		write_anonymous(writer, id);
	else
		gap_c_declare(&writer->decl, member->type, "", false);
}

static void write_member(struct writer *writer, const struct body *body, uint32_t row)
{
	char name[NAME_BYTES] = "";
	struct gap_member member;

	if (!gap_profile_member(writer->profile, row, &member))
		return;
	indent(writer);
	if (*member.name && !gap_c_member_name(member.name, owner_of(writer), name, sizeof(name)))
		snprintf(name, sizeof(name), "gap_member_%u", row - body->type.first);
	if (*name)
		gap_c_declare(&writer->decl, member.type, name,
			      hides_its_type(writer, body, member.type));
	else
		write_nameless(writer, &member);
	if (member.width_bits)
		fprintf(writer->stream, " : %" PRIu32, member.width_bits);
	fputs(";\n", writer->stream);
}

static void write_left_out(struct writer *writer, uint32_t row)
{
	struct gap_member member;

	if (!gap_profile_member(writer->profile, row, &member))
		return;
	indent(writer);
	fprintf(writer->stream, "/* left out, for it overlaps: %s at bit %" PRIu64 " */\n",
		gap_is_identifier(member.name) ? member.name : "one without a name",
		member.offset_bits);
	writer->left_out++;
}

static void write_item(struct writer *writer, const struct body *body,
		       const struct gap_c_item *item)
{
	switch (item->part) {
	case GAP_C_MEMBER:
		write_member(writer, body, item->row);
		break;
	case GAP_C_PAD_BYTES:
		indent(writer);
		fprintf(writer->stream, "unsigned char gap_pad_%u[%" PRIu64 "];\n",
			writer->padding++, item->count);
		break;
	case GAP_C_PAD_BITS:
		indent(writer);
		fprintf(writer->stream, "unsigned char : %" PRIu64 ";\n", item->count);
		break;
	case GAP_C_LEFT_OUT:
		write_left_out(writer, item->row);
		break;
	}
}

/* "{ … }" with its attributes. */
static void write_braces(struct writer *writer, gap_type_id id)
{
	struct body body = {.type = type_of(writer, id)};
	struct gap_c_plan plan;

	if (gap_c_plan(&writer->layout, id, &plan)) {
		writer->no_memory = true;
		return;
	}
	fputs("{\n", writer->stream);
	writer->indent++;
	if (body.type.size_bytes == 0 && plan.items.count == 0) {
		indent(writer);
		fputs("char gap_empty[0];\n", writer->stream);
	}
	for (uint32_t i = 0; i < plan.items.count; i++)
		write_item(writer, &body, &plan.items.items[i]);
	writer->indent--;
	indent(writer);
	putc('}', writer->stream);
	if (plan.packed && plan.align_bytes > 1)
		fprintf(writer->stream, " __attribute__((packed, aligned(%u)))", plan.align_bytes);
	else if (plan.packed)
		fputs(" __attribute__((packed))", writer->stream);
	gap_c_plan_deinit(&plan);
}

static void write_anonymous(void *context, gap_type_id id)
{
	struct writer *writer = context;

	fprintf(writer->stream, "%s ", gap_kind_name(type_of(writer, id).kind));
	write_braces(writer, id);
	putc(' ', writer->stream);
}

/* ---- assertions ---- */

struct asserting {
	struct writer *writer;
	const char *what; /* "struct foo", "foo_t" */
	unsigned depth;
};

static void assert_members(struct asserting *asserting, gap_type_id id, const char *path,
			   uint64_t base_bits);

/* The aggregate without a name that a member's type is or consists of; GAP_NONE: something else. */
static gap_type_id nameless_in(const struct writer *writer, gap_type_id id, char index[64])
{
	struct gap_type type = type_of(writer, id);

	*index = 0;
	for (unsigned steps = 0; steps < 16; steps++) {
		if (type.kind == GAP_KIND_ARRAY) {
			if (type.count == 0 || type.flags & GAP_TYPE_FLEXIBLE || steps > 8)
				return GAP_NONE;
			strcat(index, "[0]");
		} else if (type.kind < GAP_KIND_CONST || type.kind > GAP_KIND_ATOMIC) {
			break;
		}
		id = type.ref;
		type = type_of(writer, id);
	}
	return gap_type_is_aggregate(&type) && !gap_c_name(&writer->names, id) ? id : GAP_NONE;
}

static void assert_member(struct asserting *asserting, const struct gap_member *member,
			  const char *prefix, uint64_t base_bits)
{
	char path[PATH_BYTES], name[NAME_BYTES], index[64];
	gap_type_id inner = nameless_in(asserting->writer, member->type, index);
	uint64_t bits = base_bits + member->offset_bits;

	if (member->width_bits)
		return; /* offsetof() has no word for it */
	if (!*member->name) {
		inner = gap_profile_strip(asserting->writer->profile, member->type);
		assert_members(asserting, inner, prefix, bits);
		return;
	}
	if (!gap_c_member_name(member->name, asserting->depth > 1 ? asserting->writer->owner : NULL,
			       name, sizeof(name)) ||
	    snprintf(path, sizeof(path), "%s%s", prefix, name) >= (int)sizeof(path))
		return;
	fprintf(asserting->writer->stream, "GAP_AT(%s, %s, %" PRIu64 ");\n", asserting->what, path,
		bits / 8);
	if (inner != GAP_NONE &&
	    snprintf(path, sizeof(path), "%s%s%s.", prefix, name, index) < (int)sizeof(path))
		assert_members(asserting, inner, path, bits);
}

static void assert_members(struct asserting *asserting, gap_type_id id, const char *path,
			   uint64_t base_bits)
{
	struct writer *writer = asserting->writer;
	struct gap_c_plan plan;

	if (asserting->depth > 32)
		return;
	if (gap_c_plan(&writer->layout, id, &plan)) {
		writer->no_memory = true;
		return;
	}
	asserting->depth++;
	for (uint32_t i = 0; i < plan.items.count; i++) {
		struct gap_member member;

		if (plan.items.items[i].part == GAP_C_MEMBER &&
		    gap_profile_member(writer->profile, plan.items.items[i].row, &member))
			assert_member(asserting, &member, path, base_bits);
	}
	asserting->depth--;
	gap_c_plan_deinit(&plan);
}

static void write_asserts(struct writer *writer, gap_type_id id, const char *what)
{
	struct asserting asserting = {.writer = writer, .what = what};

	fprintf(writer->stream, "GAP_SIZE_IS(%s, %" PRIu64 ");\n", what,
		type_of(writer, id).size_bytes);
	assert_members(&asserting, id, "", 0);
}

/* ---- definitions ---- */

static void need_members(struct writer *writer, const struct gap_type *type, unsigned depth)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;

		if (gap_profile_member(writer->profile, type->first + i, &member))
			need(writer, member.type, true, depth + 1);
	}
}

static void define_aggregate(struct writer *writer, gap_type_id id, unsigned depth)
{
	struct gap_type type = type_of(writer, id);
	const char *name = gap_c_name(&writer->names, id);
	char what[NAME_BYTES + 8];

	if (writer->progress[id] != NOT_YET)
		return;
	writer->progress[id] = BEGUN;
	need_members(writer, &type, depth);
	snprintf(what, sizeof(what), "%s %s", gap_kind_name(type.kind), name);
	writer->padding = 0;
	writer->owner = name;
	fprintf(writer->stream, "\n%s ", what);
	if (type.flags & GAP_TYPE_SIZE_UNKNOWN)
		fputs("/* its size is not known: it ends at its last known member */ ",
		      writer->stream);
	write_braces(writer, id);
	fputs(";\n", writer->stream);
	writer->progress[id] = WRITTEN;
	write_asserts(writer, id, what);
}

static void define_typedef(struct writer *writer, gap_type_id id, unsigned depth)
{
	struct gap_type type = type_of(writer, id), target = type_of(writer, type.ref);
	const char *name = gap_c_name(&writer->names, id);
	bool nameless = gap_type_is_aggregate(&target) && !gap_c_name(&writer->names, type.ref);

	if (writer->progress[id] != NOT_YET)
		return;
	writer->progress[id] = BEGUN;
	need(writer, type.ref, false, depth + 1);
	writer->padding = 0;
	writer->owner = nameless ? name : NULL;
	fprintf(writer->stream, "%stypedef ", nameless ? "\n" : "");
	gap_c_declare(&writer->decl, type.ref, name, false);
	fputs(";\n", writer->stream);
	writer->progress[id] = WRITTEN;
	if (nameless)
		write_asserts(writer, type.ref, name);
}

/* Another row with this one's name may have been written for it. */
static gap_type_id representative(struct writer *writer, gap_type_id id)
{
	return writer->names.alias[id] ? writer->names.alias[id] : id;
}

static void need_typedef(struct writer *writer, gap_type_id id, bool complete, unsigned depth)
{
	gap_type_id row = representative(writer, id);

	define_typedef(writer, row, depth);
	writer->progress[id] = writer->progress[row];
	if (complete)
		need(writer, type_of(writer, id).ref, true, depth + 1);
}

static void need_function(struct writer *writer, const struct gap_type *type, unsigned depth)
{
	need(writer, type->ref, false, depth + 1);
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_parameter parameter;

		if (gap_profile_parameter(writer->profile, type->first + i, &parameter))
			need(writer, parameter.type, false, depth + 1);
	}
}

/* Writes what must stand before a use of a type; @complete: a use by value. */
static void need(struct writer *writer, gap_type_id id, bool complete, unsigned depth)
{
	struct gap_type type = type_of(writer, id);

	if (depth > DEPTH_MAX) {
		writer->too_deep = true;
		return;
	}
	switch (type.kind) {
	case GAP_KIND_POINTER:
		need(writer, type.ref, false, depth + 1);
		break;
	case GAP_KIND_ARRAY:
		need(writer, type.ref, true, depth + 1);
		break;
	case GAP_KIND_CONST:
	case GAP_KIND_VOLATILE:
	case GAP_KIND_RESTRICT:
	case GAP_KIND_ATOMIC:
		need(writer, type.ref, complete, depth + 1);
		break;
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		if (!gap_c_name(&writer->names, id)) {
			if (writer->progress[id] == BEGUN)
				return;
			writer->progress[id] = BEGUN;
			need_members(writer, &type, depth);
			writer->progress[id] = NOT_YET;
		} else if (complete && !(type.flags & GAP_TYPE_INCOMPLETE)) {
			define_aggregate(writer, id, depth);
		}
		break;
	case GAP_KIND_TYPEDEF:
		need_typedef(writer, id, complete, depth);
		break;
	case GAP_KIND_FUNCTION:
		need_function(writer, &type, depth);
		break;
	default:
		break;
	}
}

/* ---- enums ---- */

static void write_value(FILE *stream, uint64_t value, bool is_signed)
{
	int64_t number = (int64_t)value;

	if (is_signed && number == INT64_MIN)
		fputs("-9223372036854775807LL - 1", stream);
	else if (is_signed)
		fprintf(stream,
			number > INT32_MAX || number <= INT32_MIN ? "%" PRId64 "LL" : "%" PRId64,
			number);
	else
		fprintf(stream,
			value > INT64_MAX    ? "%" PRIu64 "ULL"
			: value > UINT32_MAX ? "%" PRIu64 "LL"
			: value > INT32_MAX  ? "%" PRIu64 "U"
					     : "%" PRIu64,
			value);
}

/* How wide a compiler makes an enum of such values: the least of 4 and 8 bytes, packed of all. */
static unsigned width_of_values(const struct writer *writer, const struct gap_type *type)
{
	unsigned width = 1;

	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator enumerator;
		uint64_t magnitude;

		if (!gap_profile_enumerator(writer->profile, type->first + i, &enumerator))
			break;
		magnitude = enumerator.value;
		if (type->flags & GAP_TYPE_SIGNED) /* a bit for the sign */
			magnitude = 2 * ((int64_t)magnitude < 0 ? ~magnitude : magnitude);
		while (width < 8 && magnitude >> (8 * width))
			width *= 2;
	}
	return width;
}

static const char *enum_attribute(const struct writer *writer, const struct gap_type *type)
{
	unsigned width = width_of_values(writer, type), plain = width == 8 ? 8 : 4;

	if (type->size_bytes == plain)
		return "";
	if (type->size_bytes == width)
		return "__attribute__((packed)) ";
	return type->size_bytes == 8   ? "__attribute__((mode(DI))) "
	       : type->size_bytes == 4 ? "__attribute__((mode(SI))) "
				       : "__attribute__((mode(HI))) ";
}

static void write_enum(struct writer *writer, gap_type_id id)
{
	struct gap_type type = type_of(writer, id);
	const char *name = gap_c_name(&writer->names, id);

	if (!name || type.count == 0)
		return;
	fprintf(writer->stream, "\nenum %s%s {\n", enum_attribute(writer, &type), name);
	for (uint32_t i = 0; i < type.count; i++) {
		struct gap_enumerator enumerator;
		const char *text = gap_c_enumerator(&writer->names, type.first + i);

		if (!text || !gap_profile_enumerator(writer->profile, type.first + i, &enumerator))
			continue;
		fprintf(writer->stream, "\t%s = ", text);
		write_value(writer->stream, enumerator.value, type.flags & GAP_TYPE_SIGNED);
		fputs(",\n", writer->stream);
	}
	fputs("};\n", writer->stream);
	fprintf(writer->stream, "GAP_SIZE_IS(enum %s, %" PRIu64 ");\n", name, type.size_bytes);
}

/* ---- the file ---- */

static void write_wide(FILE *stream, const char *name, const char *base, unsigned align)
{
	fprintf(stream, "typedef %s %s __attribute__((aligned(%u)));\n", base, name, align);
	fprintf(stream, "typedef unsigned %s gap_u%s __attribute__((aligned(%u)));\n", base,
		name + strlen("gap_"), align);
}

/* Longs and pointers of the guest, whatever those of the program's machine are. */
static void write_guest_abi(FILE *stream, const struct gap_target *target)
{
	unsigned align = target->machine == EM_386 ? 4 : 8;

	if (target->pointer_bytes == 4) {
		fputs("typedef int gap_long;\ntypedef unsigned int gap_ulong;\n", stream);
	} else {
		fputs("#if __SIZEOF_LONG__ == 8\n"
		      "typedef long gap_long;\n"
		      "typedef unsigned long gap_ulong;\n"
		      "#else\n",
		      stream);
		write_wide(stream, "gap_long", "long long", align);
		fputs("#endif\n", stream);
	}
	write_wide(stream, "gap_llong", "long long", align);
	fprintf(stream, "typedef double gap_double __attribute__((aligned(%u)));\n", align);
	fprintf(stream,
		"/* A pointer where this machine's have the guest's width, else a number that "
		"wide. */\n"
		"#if __SIZEOF_POINTER__ == %u\n"
		"#define GAP_PTR(...) __typeof__(__VA_ARGS__) *\n"
		"#else\n"
		"#define GAP_PTR(...) %s\n"
		"#endif\n",
		target->pointer_bytes, target->pointer_bytes == 4 ? "gap_ulong" : "gap_ullong");
}

static void write_preamble(const struct writer *writer, const struct gap_target *target)
{
	FILE *stream = writer->stream;

	gap_header_comment(stream, target, "Types of one kernel build, written by semgap.",
			   writer->decl.native
				   ? "For a program of the kernel's own ABI; pointers are "
				     "addresses in the guest."
				   : "For a program of any machine; pointers are addresses in the "
				     "guest.");
	fputs("#ifndef GAP_VMLINUX_H\n"
	      "#define GAP_VMLINUX_H\n"
	      "\n"
	      "#ifdef __cplusplus\n"
	      "#define GAP_NAME(word) word##_ /* a word that C++ has another use for */\n"
	      "#define GAP_GLOBAL ::\n"
	      "#define GAP_BOOL bool\n"
	      "#define GAP_ASSERT_THAT(condition, text) static_assert(condition, text)\n"
	      "#else\n"
	      "#define GAP_NAME(word) word\n"
	      "#define GAP_GLOBAL\n"
	      "#define GAP_BOOL _Bool\n"
	      "#define GAP_ASSERT_THAT(condition, text) _Static_assert(condition, text)\n"
	      "#endif\n"
	      "#define GAP_SIZE_IS(type, bytes) GAP_ASSERT_THAT(sizeof(type) == (bytes), #type)\n"
	      "#define GAP_AT(type, member, bytes) \\\n"
	      "\tGAP_ASSERT_THAT(__builtin_offsetof(type, member) == (bytes), #type \" \" "
	      "#member)\n"
	      "\n"
	      "#if defined(__GNUC__) && !defined(__clang__)\n"
	      "#pragma GCC diagnostic push\n"
	      "#pragma GCC diagnostic ignored \"-Wpacked-not-aligned\" /* as the kernel has it */\n"
	      "#endif\n"
	      "\n",
	      stream);
	if (!writer->decl.native)
		write_guest_abi(stream, target);
	fputs("#ifdef __SIZEOF_INT128__\n"
	      "typedef __int128 gap_int128;\n"
	      "typedef unsigned __int128 gap_uint128;\n"
	      "#else\n"
	      "typedef struct {\n"
	      "\tunsigned long long gap_halves[2];\n"
	      "} gap_int128 __attribute__((aligned(16))), gap_uint128 "
	      "__attribute__((aligned(16)));\n"
	      "#endif\n",
	      stream);
}

static int compare_sizes(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Numbers of a width that C has not. */
static void write_byte_types(struct writer *writer)
{
	uint32_t types = gap_profile_count(writer->profile, GAP_TABLE_TYPES), count = 0;
	uint64_t *sizes = calloc(types + 2u, sizeof(*sizes));

	if (!sizes) {
		writer->no_memory = true;
		return;
	}
	for (gap_type_id id = 1; id < types; id++) {
		struct gap_type type = type_of(writer, id);
		bool is_number = type.kind == GAP_KIND_INT || type.kind == GAP_KIND_FLOAT ||
				 type.kind == GAP_KIND_UNKNOWN || type.kind == GAP_KIND_ENUM;

		if (is_number && gap_c_scalar_is_bytes(&type))
			sizes[count++] = type.size_bytes;
	}
	qsort(sizes, count, sizeof(*sizes), compare_sizes);
	for (uint32_t i = 0; i < count; i++)
		if (i == 0 || sizes[i] != sizes[i - 1])
			fprintf(writer->stream,
				"struct gap_bytes_%" PRIu64 " {\n\tunsigned char bytes[%" PRIu64
				"];\n};\n",
				sizes[i], sizes[i]);
	free(sizes);
}

static void write_forward(struct writer *writer)
{
	putc('\n', writer->stream);
	for (size_t i = 0; i < writer->names.count; i++) {
		gap_type_id id = writer->names.order[i];
		struct gap_type type = type_of(writer, id);

		if (gap_type_is_aggregate(&type))
			fprintf(writer->stream, "%s %s;\n", gap_kind_name(type.kind),
				gap_c_name(&writer->names, id));
	}
}

/* With a selection: the types that it names, and what they need. */
static void write_types(struct writer *writer, const struct gap_selection *selection)
{
	const struct gap_selected_field *fields;
	size_t count;

	for (size_t i = 0; i < writer->names.count; i++)
		if (type_of(writer, writer->names.order[i]).kind == GAP_KIND_ENUM)
			write_enum(writer, writer->names.order[i]);
	write_byte_types(writer);
	write_forward(writer);
	if (gap_selection_is_everything(selection)) {
		for (size_t i = 0; i < writer->names.count; i++)
			need(writer, writer->names.order[i], true, 0);
		return;
	}
	fields = gap_selection_fields(selection, &count);
	for (size_t i = 0; i < count; i++)
		need(writer, fields[i].root, true, 0);
}

static enum gap_status write_file(struct writer *writer, const struct gap_selection *selection,
				  struct gap_error *error)
{
	struct gap_target target;

	gap_profile_target(writer->profile, &target);
	if (target.pointer_bytes != 4 && target.pointer_bytes != 8)
		return gap_fail(error, GAP_INVALID,
				"vmlinux-h: the profile does not say how wide a pointer is");
	writer->decl.pointer_bytes = target.pointer_bytes;
	write_preamble(writer, &target);
	write_types(writer, selection);
	fputs("\n"
	      "#if defined(__GNUC__) && !defined(__clang__)\n"
	      "#pragma GCC diagnostic pop\n"
	      "#endif\n"
	      "\n"
	      "#endif\n",
	      writer->stream);
	if (writer->no_memory)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (writer->too_deep)
		return gap_fail(error, GAP_UNSUPPORTED,
				"vmlinux-h: types are nested more than %d deep", DEPTH_MAX);
	return GAP_OK;
}

static void warn_of(const struct writer *writer)
{
	if (writer->names.renamed)
		gap_emit_warn(writer->options,
			      "vmlinux-h: %u definitions share their names with others and are "
			      "NAME_N here, N as in NAME#N",
			      writer->names.renamed);
	if (writer->left_out)
		gap_emit_warn(writer->options,
			      "vmlinux-h: %u members overlap others and are left out",
			      writer->left_out);
}

enum gap_status gap_emit_vmlinux_h(const struct gap_profile *profile,
				   const struct gap_selection *selection,
				   const struct gap_emit_options *options, FILE *stream,
				   struct gap_error *error)
{
	struct writer writer = {.profile = profile, .options = options, .stream = stream};
	enum gap_status status =
		gap_c_names_init(&writer.names, profile, options ? options->prefix : NULL, error);

	if (status)
		return status;
	status = gap_c_layout_init(&writer.layout, profile, error);
	if (status == GAP_OK) {
		writer.progress = calloc(gap_profile_count(profile, GAP_TABLE_TYPES) + 1u, 1);
		writer.decl = (struct gap_c_decl){.names = &writer.names,
						  .stream = stream,
						  .native = options && options->native_abi,
						  .is_ready = is_ready,
						  .write_body = write_anonymous,
						  .context = &writer};
		status = writer.progress ? write_file(&writer, selection, error)
					 : gap_fail(error, GAP_NO_MEMORY, "out of memory");
		if (status == GAP_OK)
			warn_of(&writer);
		free(writer.progress);
		gap_c_layout_deinit(&writer.layout);
	}
	gap_c_names_deinit(&writer.names);
	return status;
}
