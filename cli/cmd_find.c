/* SPDX-License-Identifier: MIT */
/* semgap find: types, members, enumerators and symbols whose names match a pattern. */
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "emit/cdecl.h"

#define DECLARATION_BYTES 1024

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},    {"types", no_argument, NULL, 't'},
	{"members", no_argument, NULL, 'm'}, {"enumerators", no_argument, NULL, 'e'},
	{"symbols", no_argument, NULL, 's'}, {NULL, 0, NULL, 0},
};

struct finding {
	const struct gap_profile *profile;
	char *pattern;
	bool types, members, enumerators, symbols;
	struct gap_json *json; /* NULL: as a table */
	uint64_t found;
};

static bool matches(const struct finding *finding, const char *name)
{
	return *name && fnmatch(finding->pattern, name, 0) == 0;
}

static void print_row(struct finding *finding, const char *kind, const char *name,
		      const char *detail)
{
	printf("%-10s %-48s %s\n", kind, name, detail);
	finding->found++;
}

static void begin_json_row(struct finding *finding, const char *kind, const char *name)
{
	gap_json_line(finding->json);
	gap_json_open(finding->json, '{');
	gap_json_key_name(finding->json, "kind", kind);
	gap_json_key_name(finding->json, "name", name);
	finding->found++;
}

static void found_type(struct finding *finding, const struct gap_type *type)
{
	char detail[64];

	if (finding->json) {
		begin_json_row(finding, gap_kind_name(type->kind), type->name);
		gap_json_key_number(finding->json, "size_bytes", type->size_bytes);
		gap_json_close(finding->json, '}');
		return;
	}
	snprintf(detail, sizeof(detail), "%llu bytes", (unsigned long long)type->size_bytes);
	print_row(finding, gap_kind_name(type->kind), type->name,
		  type->flags & GAP_TYPE_INCOMPLETE ? "only declared" : detail);
}

static void found_member(struct finding *finding, const struct gap_type *type,
			 const struct gap_member *member)
{
	char declaration[DECLARATION_BYTES], name[512], detail[DECLARATION_BYTES + 64];

	snprintf(name, sizeof(name), "%s.%s", type->name, member->name);
	gap_cdecl_write(finding->profile, member->type, "", declaration, sizeof(declaration));
	if (finding->json) {
		begin_json_row(finding, "member", name);
		gap_json_key_name(finding->json, "type", declaration);
		gap_json_key_number(finding->json, "offset_bits", member->offset_bits);
		if (member->width_bits)
			gap_json_key_number(finding->json, "width_bits", member->width_bits);
		gap_json_close(finding->json, '}');
		return;
	}
	snprintf(detail, sizeof(detail), "[%llu] %s", (unsigned long long)member->offset_bits / 8,
		 declaration);
	print_row(finding, "member", name, detail);
}

static void found_symbol(struct finding *finding, const struct gap_symbol *symbol, uint32_t row)
{
	static const char *const kinds[] = {"symbol", "data", "function"};
	char declaration[DECLARATION_BYTES] = "", detail[DECLARATION_BYTES + 64];
	const char *file = gap_profile_symbol_file(finding->profile, row);

	if (symbol->type != GAP_NONE)
		gap_cdecl_write(finding->profile, symbol->type, "", declaration,
				sizeof(declaration));
	if (finding->json) {
		begin_json_row(finding, kinds[symbol->kind], symbol->name);
		gap_json_key(finding->json, "address");
		gap_json_hex(finding->json, symbol->address);
		if (symbol->type != GAP_NONE)
			gap_json_key_name(finding->json, "type", declaration);
		if (*file)
			gap_json_key_name(finding->json, "file", file);
		gap_json_key_flag(finding->json, "per_cpu", symbol->flags & GAP_SYMBOL_PERCPU);
		gap_json_close(finding->json, '}');
		return;
	}
	snprintf(detail, sizeof(detail), "0x%llx%s%s%s%s%s", (unsigned long long)symbol->address,
		 symbol->flags & GAP_SYMBOL_PERCPU ? " per CPU" : "", *declaration ? "  " : "",
		 declaration, *file ? "  " : "", file);
	print_row(finding, kinds[symbol->kind], symbol->name, detail);
}

/* A module's symbol: where it is, only a running kernel knows. */
static void found_module_symbol(struct finding *finding, const struct gap_module_info *module,
				const struct gap_module_place *symbol)
{
	static const char *const kinds[] = {"symbol", "data", "function"};
	char declaration[DECLARATION_BYTES] = "", detail[DECLARATION_BYTES + 300];

	if (symbol->type != GAP_NONE)
		gap_cdecl_write(finding->profile, symbol->type, "", declaration,
				sizeof(declaration));
	if (finding->json) {
		begin_json_row(finding, kinds[symbol->kind], symbol->name);
		gap_json_key_name(finding->json, "module", module->name);
		gap_json_key_name(finding->json, "section", symbol->section);
		gap_json_key(finding->json, "offset");
		gap_json_hex(finding->json, symbol->offset);
		if (symbol->type != GAP_NONE)
			gap_json_key_name(finding->json, "type", declaration);
		gap_json_close(finding->json, '}');
		return;
	}
	snprintf(detail, sizeof(detail), "[%.128s] %.64s + 0x%llx%s%s", module->name,
		 symbol->section, (unsigned long long)symbol->offset, *declaration ? "  " : "",
		 declaration);
	print_row(finding, kinds[symbol->kind], symbol->name, detail);
}

static void find_module_symbols(struct finding *finding)
{
	struct gap_module_info module;

	for (uint32_t i = 0; gap_profile_module(finding->profile, i, &module); i++) {
		struct gap_module_place symbol;

		for (uint32_t row = 0; row < module.symbol_count; row++) {
			gap_profile_module_symbol(finding->profile, module.first_symbol + row,
						  &symbol);
			if (matches(finding, symbol.name))
				found_module_symbol(finding, &module, &symbol);
		}
	}
}

static void find_enumerators(struct finding *finding, const struct gap_type *type)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator row;
		char detail[320];

		gap_profile_enumerator(finding->profile, type->first + i, &row);
		if (!matches(finding, row.name))
			continue;
		if (finding->json) {
			begin_json_row(finding, "enumerator", row.name);
			gap_json_key(finding->json, "value");
			gap_json_hex(finding->json, row.value);
			gap_json_key_name(finding->json, "enum", type->name);
			gap_json_close(finding->json, '}');
			continue;
		}
		snprintf(detail, sizeof(detail), "%lld  enum %.256s", (long long)row.value,
			 type->name);
		print_row(finding, "enumerator", row.name, detail);
	}
}

static void find_members(struct finding *finding, const struct gap_type *type)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;

		gap_profile_member(finding->profile, type->first + i, &member);
		if (matches(finding, member.name))
			found_member(finding, type, &member);
	}
}

static void find_types(struct finding *finding)
{
	for (gap_type_id id = 1; id < gap_profile_count(finding->profile, GAP_TABLE_TYPES); id++) {
		struct gap_type type;

		gap_profile_type(finding->profile, id, &type);
		if (finding->types && matches(finding, type.name) &&
		    !(type.flags & GAP_TYPE_AMBIGUOUS))
			found_type(finding, &type);
		if (finding->enumerators && type.kind == GAP_KIND_ENUM)
			find_enumerators(finding, &type);
		if (finding->members && *type.name &&
		    (type.kind == GAP_KIND_STRUCT || type.kind == GAP_KIND_UNION))
			find_members(finding, &type);
	}
}

static void find_symbols(struct finding *finding)
{
	for (uint32_t row = 0; row < gap_profile_count(finding->profile, GAP_TABLE_SYMBOLS);
	     row++) {
		struct gap_symbol symbol;

		gap_profile_symbol(finding->profile, row, &symbol);
		if (matches(finding, symbol.name))
			found_symbol(finding, &symbol, row);
	}
}

/* A pattern without a wildcard is looked for anywhere in a name. */
static char *make_pattern(const char *text)
{
	char *pattern = NULL;
	bool plain = strpbrk(text, "*?[") == NULL;

	if (asprintf(&pattern, plain ? "*%s*" : "%s", text) < 0)
		return NULL;
	return pattern;
}

static int find(struct finding *finding, bool as_json)
{
	struct gap_json json;

	if (as_json) {
		json_begin(&json, "semgap/find/1", false, NULL, "matches");
		finding->json = &json;
	}
	if (finding->types || finding->members || finding->enumerators)
		find_types(finding);
	if (finding->symbols) {
		find_symbols(finding);
		find_module_symbols(finding);
	}
	if (as_json)
		json_end(&json);
	else if (finding->found == 0)
		say("nothing matches \"%s\"", finding->pattern);
	return finish_output(finding->found ? EXIT_DONE : EXIT_FINDING);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct finding finding = {0};
	struct gap_profile *profile;
	bool as_json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		as_json |= option == 'j';
		finding.types |= option == 't';
		finding.members |= option == 'm';
		finding.enumerators |= option == 'e';
		finding.symbols |= option == 's';
		if (option == '?')
			return say_usage(command, "find: wrong arguments");
	}
	if (optind + 2 != argc)
		return say_usage(command, "find: name a profile and a pattern");
	if (!finding.types && !finding.members && !finding.enumerators && !finding.symbols)
		finding.types = finding.members = finding.enumerators = finding.symbols = true;
	profile = open_profile(argv[optind]);
	if (!profile)
		return EXIT_UNUSABLE;
	finding.profile = profile;
	finding.pattern = make_pattern(argv[optind + 1]);
	status = finding.pattern ? find(&finding, as_json) : EXIT_UNUSABLE;
	free(finding.pattern);
	gap_profile_close(profile);
	return status;
}

const struct command command_find = {
	"find",
	"finds types, members, enumerators and symbols by name",
	"[--json] [--types] [--members] [--enumerators] [--symbols] P.gap PATTERN\n"
	"\n"
	"PATTERN is a shell pattern; without * ? [ it is looked for anywhere in a name. Status 1: "
	"nothing\n"
	"matches.\n",
	run,
};
