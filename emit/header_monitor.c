/* SPDX-License-Identifier: MIT */
/*
 * The header that semgap/monitor.h needs beside a monitor: slots by name, the wants that binding fills
 * them by, and for each member the way from the C type of its object to its slot. With a table it is
 * for every kernel; behind the constants of one kernel it holds their numbers, which compilers fold.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emit/formats.h"
#include "emit/header_fields.h"
#include "emit/wants.h"

struct writing {
	const struct gap_wanted *wanted;
	struct gap_wants wants;
	FILE *stream;
};

/* ---- names ---- */

static const char *tag_of(const char *declared)
{
	const char *tag = strchr(declared, ' ');

	return tag ? tag + 1 : declared;
}

static bool is_typedef(const char *declared)
{
	return tag_of(declared) == declared;
}

/* "field__dentry__d_u__d_child": a path's dots are two underscores. */
static void write_slot(const struct writing *writing, const struct gap_wanted_item *item)
{
	static const char *const words[] = {[GAP_WANT_FIELD] = "field",
					    [GAP_WANT_SYMBOL] = "symbol",
					    [GAP_WANT_ENUMERATOR] = "enumerator",
					    [GAP_WANT_TYPE] = "type"};

	fprintf(writing->stream, "GAP_SLOT_%s__", words[item->kind]);
	if (item->kind == GAP_WANT_SYMBOL || item->kind == GAP_WANT_ENUMERATOR) {
		fputs(item->name, writing->stream);
		return;
	}
	fprintf(writing->stream, "%s%s", is_typedef(item->declared) ? "typedef__" : "",
		tag_of(item->declared));
	if (*item->base)
		fputs("__", writing->stream);
	for (const char *at = item->base; *at; at++)
		fputs(*at == '.' ? "__" : (char[]){*at, '\0'}, writing->stream);
	if (*item->member)
		fprintf(writing->stream, "__%s", item->member);
}

/* The C type of the object that has the member. */
static void write_owner(const struct writing *writing, const struct gap_wanted_item *item)
{
	if (*item->base)
		fprintf(writing->stream, "__typeof__(((%s *)0)->%s)", item->declared, item->base);
	else
		fputs(item->declared, writing->stream);
}

/* ---- the parts ---- */

static void write_enum(const struct writing *writing)
{
	fputs("\nenum gap_slot_index {\n", writing->stream);
	for (size_t i = 0; i < writing->wanted->count; i++) {
		putc('\t', writing->stream);
		write_slot(writing, &writing->wanted->items[i]);
		fputs(",\n", writing->stream);
	}
	fputs("\tGAP_SLOT_COUNT\n};\n", writing->stream);
}

static bool is_first_of_declared(const struct gap_wanted *wanted, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(wanted->items[i].declared, wanted->items[at].declared) == 0)
			return false;
	return true;
}

/* So that a structure is the same one in every function. */
static void write_tags(const struct writing *writing)
{
	putc('\n', writing->stream);
	for (size_t i = 0; i < writing->wanted->count; i++) {
		const char *declared = writing->wanted->items[i].declared;

		if (*declared && !is_typedef(declared) && is_first_of_declared(writing->wanted, i))
			fprintf(writing->stream, "%s;\n", declared);
	}
}

static void write_text(FILE *stream, const char *text)
{
	if (text)
		fprintf(stream, ", \"%s\"", text);
	else
		fputs(", 0", stream);
}

static void write_wants(const struct writing *writing)
{
	fputs("\n"
	      "/* kind, form, flags, bits, bytes, elements, name, base, member, first use */\n"
	      "static const struct gap_want gap_wants[GAP_SLOT_COUNT + 1] = {\n",
	      writing->stream);
	for (size_t i = 0; i < writing->wanted->count; i++) {
		const struct gap_want *want = &writing->wants.wants[i];

		fprintf(writing->stream, "\t{%u, %u, %u, %u, %" PRIu32 ", %" PRIu32, want->kind,
			want->form, want->flags, want->width, want->size_bytes, want->count);
		write_text(writing->stream, want->name);
		write_text(writing->stream, want->base);
		write_text(writing->stream, want->member);
		write_text(writing->stream, want->use);
		fputs("},\n", writing->stream);
	}
	fputs("\t{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};\n", writing->stream);
}

/* _Generic tells by the object's type whose member is meant. */
static void write_choice(const struct writing *writing, const struct gap_wanted_item *item,
			 bool declared_bytes)
{
	for (int is_const = 0; is_const < 2; is_const++) {
		fprintf(writing->stream, "%s \\\n\t\t%s", is_const ? "," : "",
			is_const ? "const " : "");
		write_owner(writing, item);
		fputs(" *: ", writing->stream);
		if (declared_bytes)
			fprintf(writing->stream, "%" PRIu32, item->declared_bytes);
		else
			write_slot(writing, item);
	}
}

static void write_member(const struct writing *writing, const char *macro, const char *member,
			 bool declared_bytes)
{
	bool first = true;

	fprintf(writing->stream, "#define %s_%s(p) \\\n\t_Generic((p),", macro, member);
	for (size_t i = 0; i < writing->wanted->count; i++) {
		const struct gap_wanted_item *item = &writing->wanted->items[i];

		if (item->kind != GAP_WANT_FIELD || strcmp(item->member, member) != 0)
			continue;
		if (!first)
			putc(',', writing->stream);
		write_choice(writing, item, declared_bytes);
		first = false;
	}
	fputs(")\n", writing->stream);
}

static bool is_first_of_name(const struct gap_wanted *wanted, size_t at)
{
	if (wanted->items[at].kind != GAP_WANT_FIELD)
		return false;
	for (size_t i = 0; i < at; i++)
		if (wanted->items[i].kind == GAP_WANT_FIELD &&
		    strcmp(wanted->items[i].member, wanted->items[at].member) == 0)
			return false;
	return true;
}

static void write_members(const struct writing *writing)
{
	fputs("\n/* The slot of a member, and its size in the monitor's declaration. */\n",
	      writing->stream);
	for (size_t i = 0; i < writing->wanted->count; i++) {
		if (!is_first_of_name(writing->wanted, i))
			continue;
		write_member(writing, "GAP_FIELD", writing->wanted->items[i].member, false);
		write_member(writing, "GAP_DECLARED", writing->wanted->items[i].member, true);
	}
}

static void write_types(const struct writing *writing)
{
	fputs("\n#define GAP_TYPE_OF(p) \\\n\t_Generic((p),", writing->stream);
	for (size_t i = 0; i < writing->wanted->count; i++) {
		if (writing->wanted->items[i].kind != GAP_WANT_TYPE)
			continue;
		write_choice(writing, &writing->wanted->items[i], false);
		putc(',', writing->stream);
	}
	fputs(" \\\n\t\tdefault: GAP_SLOT_COUNT)\n", writing->stream);
}

static void write_common(const struct writing *writing)
{
	fputs("\n"
	      "#ifdef GAP_PLAN\n"
	      "#error \"headers of two monitors in one translation unit\"\n"
	      "#endif\n"
	      "\n"
	      "#include <semgap/monitor.h>\n",
	      writing->stream);
	write_enum(writing);
	write_tags(writing);
	write_wants(writing);
	write_members(writing);
	write_types(writing);
}

/* ---- a table, for every kernel ---- */

static uint64_t mix(uint64_t digest, const char *text)
{
	for (; text && *text; text++)
		digest = (digest ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return digest * UINT64_C(0x100000001b3);
}

/* A number that tells one monitor's header from another's. */
static uint64_t digest_of(const struct writing *writing)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < writing->wanted->count; i++) {
		digest = mix(digest, writing->wanted->items[i].declared);
		digest = mix(digest, writing->wants.wants[i].name);
		digest = mix(digest, writing->wants.wants[i].member);
		digest = mix(digest, writing->wants.wants[i].use);
	}
	return digest;
}

static void write_table(const struct writing *writing)
{
	uint64_t digest = digest_of(writing);

	fprintf(writing->stream,
		"/*\n"
		" * What a monitor wants of a kernel, written by semgap from the monitor's "
		"source.\n"
		" * Bound to whichever kernel the guest runs when the monitor is opened.\n"
		" */\n"
		"#ifndef GAP_TABLE_%016" PRIx64 "\n"
		"#define GAP_TABLE_%016" PRIx64 "\n"
		"#ifndef SEMGAP_SCAN\n",
		digest, digest);
	write_common(writing);
	fputs("\n"
	      "static const struct gap_plan gap_plan __attribute__((unused)) = {gap_wants, "
	      "GAP_SLOT_COUNT, 0, 0};\n"
	      "#define GAP_PLAN (&gap_plan)\n"
	      "#define GAP_AT_(m, index) (&(m)->slots[index])\n"
	      "\n"
	      "#endif /* SEMGAP_SCAN */\n"
	      "#endif\n",
	      writing->stream);
}

enum gap_status gap_header_write_table(const struct gap_wanted *wanted, FILE *stream,
				       struct gap_error *error)
{
	struct writing writing = {.wanted = wanted, .stream = stream};
	enum gap_status status = gap_wants_init(&writing.wants, wanted, error);

	if (status)
		return status;
	write_table(&writing);
	gap_wants_deinit(&writing.wants);
	return GAP_OK;
}

/* ---- the numbers of one kernel ---- */

static bool is_alternative(const char *paths, const char *path)
{
	size_t length = strlen(path);

	for (const char *at = paths; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (strncmp(at, path, length) == 0 && (at[length] == '\0' || at[length] == '|'))
			return true;
	}
	return false;
}

/* The header's constant for a slot, which the assertions above it are about; NULL: only a number. */
static const struct gap_header_field *constant_of(const struct gap_header_fields *fields,
						  const struct gap_want *want,
						  const struct gap_slot *slot)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct gap_header_field *field = &fields->items[i];

		if (want->kind == GAP_WANT_FIELD && !want->base && !field->left_out &&
		    !field->selected->location.width_bits &&
		    strcmp(field->selected->type, want->name) == 0 &&
		    is_alternative(want->member, field->selected->path) &&
		    field->selected->location.offset_bits / 8 == slot->value)
			return field;
	}
	return NULL;
}

static void write_constant(const struct writing *writing, const struct gap_header_fields *fields,
			   const struct gap_want *want, const struct gap_slot *slot)
{
	const struct gap_header_field *field =
		slot->present ? constant_of(fields, want, slot) : NULL;

	if (field)
		fprintf(writing->stream, "\t{GAP_OFF_%s", field->name);
	else
		fprintf(writing->stream, "\t{UINT64_C(0x%" PRIx64 ")", slot->value);
	fprintf(writing->stream, ", %" PRIu32 ", %u, %u, %u, %u},\n", slot->size_bytes, slot->shift,
		slot->width, slot->is_signed, slot->present);
}

static void write_constants(const struct writing *writing, const struct gap_header_fields *fields,
			    const struct gap_slot *slots)
{
	fputs("\n#ifndef SEMGAP_SCAN\n", writing->stream);
	write_common(writing);
	fputs("\n"
	      "/* value, bytes, shift, bits, signed, present */\n"
	      "static const struct gap_slot gap_constants[GAP_SLOT_COUNT + 1] = {\n",
	      writing->stream);
	for (size_t i = 0; i < writing->wanted->count; i++)
		write_constant(writing, fields, &writing->wants.wants[i], &slots[i]);
	fputs("\t{0, 0, 0, 0, 0, 0}};\n"
	      "static const struct gap_plan gap_plan __attribute__((unused)) = {\n"
	      "\tgap_wants, GAP_SLOT_COUNT, gap_constants, GAP_TARGET_BUILD_ID};\n"
	      "#define GAP_PLAN (&gap_plan)\n"
	      "#define GAP_AT_(m, index) ((void)(m), &gap_constants[index])\n"
	      "\n"
	      "#endif /* SEMGAP_SCAN */\n",
	      writing->stream);
}

enum gap_status gap_header_write_monitor(const struct gap_wanted *wanted,
					 const struct gap_header_fields *fields, FILE *stream,
					 struct gap_error *error)
{
	struct writing writing = {.wanted = wanted, .stream = stream};
	struct gap_slot *slots = calloc(wanted->count + 1, sizeof(*slots));
	enum gap_status status = gap_wants_init(&writing.wants, wanted, error);

	if (!status && slots)
		status = gap_bind_slots(fields->profile, &writing.wants.plan, slots, error);
	else if (!status)
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (!status)
		write_constants(&writing, fields, slots);
	gap_wants_deinit(&writing.wants);
	free(slots);
	return status;
}
