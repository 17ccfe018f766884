/* SPDX-License-Identifier: MIT */
/* semgap info: which build a profile describes, what it holds, where that was learnt, which names
 * have several meanings. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

#define DEFINITIONS_MAX 256

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},
	{NULL, 0, NULL, 0},
};

static const struct {
	const char *name;
	enum gap_table table;
} tables[] = {
	{"types", GAP_TABLE_TYPES},
	{"members", GAP_TABLE_MEMBERS},
	{"enumerators", GAP_TABLE_ENUMERATORS},
	{"parameters", GAP_TABLE_PARAMETERS},
	{"symbols", GAP_TABLE_SYMBOLS},
};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

static void print_hex(const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		printf("%02x", bytes[i]);
}

/* One line, whatever the bytes are. */
static void print_bytes(const uint8_t *bytes, uint32_t count)
{
	while (count > 0 && bytes[count - 1] == '\n')
		count--;
	for (uint32_t i = 0; i < count; i++)
		putchar(bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '?');
}

static void print_target(const struct gap_target *target)
{
	printf("release       %s\n", *target->release ? target->release : "unknown");
	printf("architecture  %s, %u-bit pointers\n", gap_machine_name(target->machine),
	       target->pointer_bytes * 8u);
	printf("build-id      ");
	print_hex(target->build_id, target->build_id_bytes);
	printf("%s\nbanner        ", target->build_id_bytes ? "" : "unknown");
	if (target->banner)
		print_bytes(target->banner, target->banner_bytes);
	else
		printf("%s", target->banner_hash ? "known by its hash" : "unknown");
	printf("\nmade by       %s\n", *target->tool_version ? target->tool_version : "unknown");
}

static void print_source_of(const struct gap_profile *profile, enum gap_table table)
{
	struct gap_provenance provenance;
	struct gap_source source;

	gap_profile_provenance(profile, table, GAP_NONE, &provenance);
	if (gap_profile_source(profile, provenance.source, &source))
		printf("  from %s", gap_source_kind_name(source.kind));
}

static uint32_t module_symbols(const struct gap_profile *profile)
{
	struct gap_module_info module;
	uint32_t count = 0;

	for (uint32_t i = 0; gap_profile_module(profile, i, &module); i++)
		count += module.symbol_count;
	return count;
}

static void print_counts(const struct gap_profile *profile)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		printf("%-12s %7u", tables[i].name, gap_profile_count(profile, tables[i].table));
		print_source_of(profile, tables[i].table);
		putchar('\n');
	}
	if (gap_profile_module_count(profile))
		printf("%-12s %7u  with %u symbols\n", "modules", gap_profile_module_count(profile),
		       module_symbols(profile));
}

/* Calls for each tag that has several definitions, once. */
static void for_each_conflict(const struct gap_profile *profile,
			      void (*visit)(const struct gap_profile *profile, const char *name,
					    const gap_type_id *ids, uint32_t count, void *context),
			      void *context)
{
	for (gap_type_id id = 1; id < gap_profile_count(profile, GAP_TABLE_TYPES); id++) {
		gap_type_id ids[DEFINITIONS_MAX];
		struct gap_type type;
		uint32_t count;

		gap_profile_type(profile, id, &type);
		if (!*type.name)
			continue;
		count = gap_profile_find_types(profile, type.name, ids, DEFINITIONS_MAX);
		if (count < 2 || ids[0] != id ||
		    gap_profile_find_type(profile, type.name, ids, NULL) != GAP_AMBIGUOUS)
			continue;
		visit(profile, type.name, ids, count < DEFINITIONS_MAX ? count : DEFINITIONS_MAX,
		      context);
	}
}

static void print_conflict(const struct gap_profile *profile, const char *name,
			   const gap_type_id *ids, uint32_t count, void *context)
{
	bool *first = context;

	if (*first)
		printf("\nNames with several definitions:\n");
	*first = false;
	for (uint32_t i = 0; i < count; i++) {
		struct gap_declaration where = {"", 0, 0};
		struct gap_type type;
		char label[256];

		gap_profile_type(profile, ids[i], &type);
		gap_profile_declaration(profile, ids[i], &where);
		snprintf(label, sizeof(label), "%s:%s#%u", gap_kind_name(type.kind), name, i + 1);
		printf("  %-40s %6llu bytes", label, (unsigned long long)type.size_bytes);
		if (*where.file)
			printf("  %s:%u", where.file, where.line);
		putchar('\n');
	}
}

static void json_conflict(const struct gap_profile *profile, const char *name,
			  const gap_type_id *ids, uint32_t count, void *context)
{
	struct gap_json *json = context;

	(void)profile;
	(void)ids;
	gap_json_open(json, '{');
	gap_json_key_name(json, "name", name);
	gap_json_key_number(json, "definitions", count);
	gap_json_close(json, '}');
}

static void json_source_of(struct gap_json *json, const struct gap_profile *profile,
			   enum gap_table table)
{
	struct gap_provenance provenance;
	struct gap_source source;

	gap_profile_provenance(profile, table, GAP_NONE, &provenance);
	if (gap_profile_source(profile, provenance.source, &source))
		gap_json_key_name(json, "source", gap_source_kind_name(source.kind));
}

static void json_digits(struct gap_json *json, const char *key, const uint8_t *bytes,
			uint32_t count)
{
	gap_json_key(json, key);
	gap_json_digits(json, bytes, count);
}

static void json_target(struct gap_json *json, const struct gap_target *target)
{
	if (*target->release)
		gap_json_key_name(json, "release", target->release);
	gap_json_key_name(json, "machine", gap_machine_name(target->machine));
	gap_json_key_number(json, "pointer_bytes", target->pointer_bytes);
	if (target->build_id_bytes)
		json_digits(json, "build_id", target->build_id, target->build_id_bytes);
	if (target->banner)
		gap_json_key_text(json, "banner", target->banner, target->banner_bytes);
	if (target->banner_hash)
		json_digits(json, "banner_hash", target->banner_hash, 16);
	if (*target->tool_version)
		gap_json_key_name(json, "tool", target->tool_version);
}

static void json_profile(struct gap_json *json, const struct gap_profile *profile,
			 const struct gap_target *target)
{
	gap_json_open(json, '{');
	json_target(json, target);
	gap_json_key(json, "tables");
	gap_json_open(json, '[');
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		gap_json_open(json, '{');
		gap_json_key_name(json, "name", tables[i].name);
		gap_json_key_number(json, "rows", gap_profile_count(profile, tables[i].table));
		json_source_of(json, profile, tables[i].table);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
	if (gap_profile_module_count(profile)) {
		gap_json_key_number(json, "modules", gap_profile_module_count(profile));
		gap_json_key_number(json, "module_symbols", module_symbols(profile));
	}
	gap_json_key(json, "conflicts");
	gap_json_open(json, '[');
	for_each_conflict(profile, json_conflict, json);
	gap_json_close(json, ']');
	gap_json_close(json, '}');
}

static void print_profile(const struct gap_profile *profile, const struct gap_target *target)
{
	bool first = true;

	print_target(target);
	print_counts(profile);
	for_each_conflict(profile, print_conflict, &first);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct gap_profile *profile;
	struct gap_target target;
	bool as_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return say_usage(command, "info: wrong arguments");
		as_json = true;
	}
	if (optind + 1 != argc)
		return say_usage(command, "info: name one profile");
	profile = open_profile(argv[optind]);
	if (!profile)
		return EXIT_UNUSABLE;
	gap_profile_target(profile, &target);
	if (as_json) {
		struct gap_json json;

		json_begin(&json, "semgap/info/1", false, NULL, "profiles");
		json_profile(&json, profile, &target);
		json_end(&json);
	} else {
		print_profile(profile, &target);
	}
	gap_profile_close(profile);
	return finish_output(EXIT_DONE);
}

const struct command command_info = {
	"info",
	"tells which build a profile describes and what it holds",
	"[--json] P.gap\n",
	run,
};
