/* SPDX-License-Identifier: MIT */
/* semgap show: a type with the offset of every member, in the form that papers and slides use:
 * "[188] pid_t pid;". */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "emit/cdecl.h"

#define DEPTH_MAX 32 /* of anonymous members inside one another */
#define DECLARATION_BYTES 1024

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},
	{NULL, 0, NULL, 0},
};

struct showing {
	const struct gap_profile *profile;
	const char *offset_colour, *plain;
	uint64_t holes, hole_bits, bit_fields;
};

static bool is_aggregate(const struct gap_type *type)
{
	return type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION;
}

static const char *article(const struct gap_type *type)
{
	return type->kind == GAP_KIND_UNION ? "union" : "struct";
}

static void indent(int depth)
{
	printf("%*s", 2 + 4 * depth, "");
}

static void print_place(const struct showing *showing, uint64_t offset_bits, uint32_t width_bits)
{
	char place[64];

	if (width_bits || offset_bits % 8)
		snprintf(place, sizeof(place), "[%llu:%llu]", (unsigned long long)(offset_bits / 8),
			 (unsigned long long)(offset_bits % 8));
	else
		snprintf(place, sizeof(place), "[%llu]", (unsigned long long)(offset_bits / 8));
	printf("%s%s%s ", showing->offset_colour, place, showing->plain);
}

static uint64_t bits_of(const struct showing *showing, const struct gap_member *member)
{
	struct gap_type type;

	if (member->width_bits)
		return member->width_bits;
	return gap_profile_type(showing->profile, member->type, &type) ? type.size_bytes * 8 : 0;
}

static void print_hole(struct showing *showing, uint64_t from, uint64_t to, int depth)
{
	uint64_t bits = to - from;

	indent(depth);
	print_place(showing, from, 0);
	if (bits % 8)
		printf("/* hole of %llu bits */\n", (unsigned long long)bits);
	else
		printf("/* hole of %llu bytes */\n", (unsigned long long)(bits / 8));
	showing->holes++;
	showing->hole_bits += bits;
}

static void print_members(struct showing *showing, const struct gap_type *type, uint64_t base_bits,
			  int depth);

static void print_member(struct showing *showing, const struct gap_member *member,
			 uint64_t base_bits, int depth)
{
	gap_type_id bare = gap_profile_strip(showing->profile, member->type);
	char declaration[DECLARATION_BYTES];
	struct gap_type type;

	indent(depth);
	print_place(showing, base_bits + member->offset_bits, member->width_bits);
	gap_profile_type(showing->profile, bare, &type);
	if (is_aggregate(&type) && !*type.name && bare == member->type && depth < DEPTH_MAX) {
		printf("%s {\n", article(&type));
		print_members(showing, &type, base_bits + member->offset_bits, depth + 1);
		indent(depth);
		printf("}%s%s;\n", *member->name ? " " : "", member->name);
		return;
	}
	gap_cdecl_write(showing->profile, member->type, member->name, declaration,
			sizeof(declaration));
	printf("%s", declaration);
	if (member->width_bits) {
		printf(":%u", member->width_bits);
		showing->bit_fields++;
	}
	printf(";\n");
}

/* Holes are told where the members are all there: a selection has gaps of its own. */
static void print_members(struct showing *showing, const struct gap_type *type, uint64_t base_bits,
			  int depth)
{
	bool with_holes = type->kind == GAP_KIND_STRUCT && !(type->flags & GAP_TYPE_PARTIAL);
	uint64_t end = 0;

	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;

		gap_profile_member(showing->profile, type->first + i, &member);
		if (with_holes && member.offset_bits > end)
			print_hole(showing, base_bits + end, base_bits + member.offset_bits, depth);
		print_member(showing, &member, base_bits, depth);
		if (member.offset_bits + bits_of(showing, &member) > end)
			end = member.offset_bits + bits_of(showing, &member);
	}
	if (with_holes && type->count && type->size_bytes * 8 > end &&
	    !(type->flags & GAP_TYPE_SIZE_UNKNOWN))
		print_hole(showing, base_bits + end, base_bits + type->size_bytes * 8, depth);
}

static void print_enum(const struct showing *showing, const struct gap_type *type)
{
	printf("enum %s {\n", type->name);
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator row;

		gap_profile_enumerator(showing->profile, type->first + i, &row);
		if (type->flags & GAP_TYPE_SIGNED)
			printf("  %s = %lld,\n", row.name, (long long)row.value);
		else
			printf("  %s = %llu,\n", row.name, (unsigned long long)row.value);
	}
	printf("  SIZE: %llu\n};\n", (unsigned long long)type->size_bytes);
}

static void print_aggregate(struct showing *showing, const struct gap_type *type)
{
	if (type->flags & GAP_TYPE_INCOMPLETE) {
		printf("%s %s; /* only declared: %s */\n", article(type), type->name,
		       type->flags & GAP_TYPE_AMBIGUOUS ? "it has several definitions"
							: "its members are unknown");
		return;
	}
	printf("%s%s%s {\n", article(type), *type->name ? " " : "", type->name);
	print_members(showing, type, 0, 0);
	if (type->flags & GAP_TYPE_PARTIAL)
		printf("  /* a selection: other members are not in this profile */\n");
	printf("  SIZE: %llu%s\n};\n", (unsigned long long)type->size_bytes,
	       type->flags & GAP_TYPE_SIZE_UNKNOWN ? " or more" : "");
	if (showing->holes)
		printf("/* %llu holes, %llu bytes of them; ", (unsigned long long)showing->holes,
		       (unsigned long long)(showing->hole_bits / 8));
	else
		printf("/* no holes; ");
	printf("%llu bit-fields */\n", (unsigned long long)showing->bit_fields);
}

static void print_type(struct showing *showing, gap_type_id id)
{
	char declaration[DECLARATION_BYTES];
	struct gap_declaration where;
	struct gap_type type, named;
	gap_type_id bare = gap_profile_strip(showing->profile, id);

	gap_profile_type(showing->profile, id, &named);
	gap_profile_type(showing->profile, bare, &type);
	if (gap_profile_declaration(showing->profile, id, &where) && *where.file)
		printf("/* %s:%u */\n", where.file, where.line);
	if (named.kind == GAP_KIND_TYPEDEF) {
		gap_cdecl_write(showing->profile, named.ref, named.name, declaration,
				sizeof(declaration));
		printf("typedef %s; /* %llu bytes */\n", declaration,
		       (unsigned long long)named.size_bytes);
	}
	if (is_aggregate(&type))
		print_aggregate(showing, &type);
	else if (type.kind == GAP_KIND_ENUM)
		print_enum(showing, &type);
	else if (bare == id)
		printf("%s; /* %llu bytes */\n", type.name, (unsigned long long)type.size_bytes);
}

static void print_location(const struct showing *showing, const char *path,
			   const struct gap_location *location)
{
	char declaration[DECLARATION_BYTES];

	print_place(showing, location->offset_bits, location->width_bits);
	gap_cdecl_write(showing->profile, location->type, path, declaration, sizeof(declaration));
	printf("%s", declaration);
	if (location->width_bits)
		printf(":%u", location->width_bits);
	printf(";  /* %llu bytes */\n", (unsigned long long)location->size_bytes);
}

/* ---- JSON ---- */

static void json_type_of(struct gap_json *json, const struct gap_profile *profile, gap_type_id type)
{
	char declaration[DECLARATION_BYTES];

	gap_cdecl_write(profile, type, "", declaration, sizeof(declaration));
	gap_json_key_name(json, "type", declaration);
}

static void json_members(struct gap_json *json, const struct gap_profile *profile,
			 const struct gap_type *type, uint64_t base_bits, int depth)
{
	gap_json_key(json, "members");
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		struct gap_type inner;
		gap_type_id bare;

		gap_profile_member(profile, type->first + i, &member);
		bare = gap_profile_strip(profile, member.type);
		gap_profile_type(profile, bare, &inner);
		gap_json_open(json, '{');
		gap_json_key_name(json, "name", member.name);
		json_type_of(json, profile, member.type);
		gap_json_key_number(json, "offset_bits", base_bits + member.offset_bits);
		gap_json_key_number(json, "size_bytes", inner.size_bytes);
		if (member.width_bits)
			gap_json_key_number(json, "width_bits", member.width_bits);
		if (is_aggregate(&inner) && !*inner.name && bare == member.type &&
		    depth < DEPTH_MAX)
			json_members(json, profile, &inner, base_bits + member.offset_bits,
				     depth + 1);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

static void json_enumerators(struct gap_json *json, const struct gap_profile *profile,
			     const struct gap_type *type)
{
	gap_json_key(json, "enumerators");
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator row;

		gap_profile_enumerator(profile, type->first + i, &row);
		gap_json_open(json, '{');
		gap_json_key_name(json, "name", row.name);
		gap_json_key(json, "value");
		gap_json_hex(json, row.value);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

static void json_type(struct gap_json *json, const struct gap_profile *profile, gap_type_id id)
{
	struct gap_declaration where;
	struct gap_type named, type;
	gap_type_id bare = gap_profile_strip(profile, id);

	gap_profile_type(profile, id, &named);
	gap_profile_type(profile, bare, &type);
	gap_json_open(json, '{');
	gap_json_key_name(json, "kind", gap_kind_name(named.kind));
	gap_json_key_name(json, "name", named.name);
	if (bare != id)
		json_type_of(json, profile, named.ref);
	gap_json_key_number(json, "size_bytes", named.size_bytes);
	gap_json_key_flag(json, "size_unknown", type.flags & GAP_TYPE_SIZE_UNKNOWN);
	gap_json_key_flag(json, "incomplete", type.flags & GAP_TYPE_INCOMPLETE);
	gap_json_key_flag(json, "selection", type.flags & GAP_TYPE_PARTIAL);
	if (gap_profile_declaration(profile, id, &where) && *where.file) {
		gap_json_key_name(json, "file", where.file);
		gap_json_key_number(json, "line", where.line);
	}
	if (is_aggregate(&type))
		json_members(json, profile, &type, 0, 0);
	if (type.kind == GAP_KIND_ENUM)
		json_enumerators(json, profile, &type);
	gap_json_close(json, '}');
}

static void json_location(struct gap_json *json, const struct gap_profile *profile,
			  const char *path, const struct gap_location *location)
{
	gap_json_open(json, '{');
	gap_json_key_name(json, "name", path);
	json_type_of(json, profile, location->type);
	gap_json_key_number(json, "offset_bits", location->offset_bits);
	gap_json_key_number(json, "size_bytes", location->size_bytes);
	if (location->width_bits)
		gap_json_key_number(json, "width_bits", location->width_bits);
	gap_json_close(json, '}');
}

/* ---- the command ---- */

static void show_as_json(const struct gap_profile *profile, gap_type_id type, const char *member,
			 const struct gap_location *location)
{
	struct gap_json json;

	json_begin(&json, "semgap/show/1", false, NULL, *member ? "members" : "types");
	if (*member)
		json_location(&json, profile, member, location);
	else
		json_type(&json, profile, type);
	json_end(&json);
}

static int show(const struct gap_profile *profile, const char *what, bool as_json)
{
	struct showing showing = {.profile = profile, .offset_colour = "", .plain = ""};
	struct gap_location location = {0};
	struct gap_error error;
	const char *member;
	gap_type_id type;
	enum gap_status status = find_type_and_member(profile, what, &type, &member, &error);

	if (!status && *member)
		status = gap_profile_find_member(profile, type, member, &location, &error);
	if (status)
		return say_failure(status, &error);
	if (colour_wanted()) {
		showing.offset_colour = "\033[36m";
		showing.plain = "\033[0m";
	}
	if (as_json)
		show_as_json(profile, type, member, &location);
	else if (*member)
		print_location(&showing, member, &location);
	else
		print_type(&showing, type);
	return EXIT_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct gap_profile *profile;
	bool as_json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return say_usage(command, "show: wrong arguments");
		as_json = true;
	}
	if (optind + 2 != argc)
		return say_usage(command, "show: name a profile and a type");
	profile = open_profile(argv[optind]);
	if (!profile)
		return EXIT_UNUSABLE;
	status = show(profile, argv[optind + 1], as_json);
	gap_profile_close(profile);
	return finish_output(status);
}

const struct command command_show = {
	"show",
	"shows a type with the offsets of its members",
	"[--json] P.gap TYPE[.MEMBER…]\n"
	"\n"
	"TYPE is [struct|union|enum|typedef:]NAME[@FILE|#N]. Offsets are in bytes; [24:3] is bit 3 "
	"of byte\n"
	"24, counted from the least significant. A member is looked up in TYPE and through its "
	"anonymous\n"
	"members, never inside another named one.\n",
	run,
};
