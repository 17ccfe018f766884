/* SPDX-License-Identifier: MIT */
/* semgap extract --cross-check: disagreements of DWARF, BTF, symbol table and kallsyms, a line or a row each. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/extract_check.h"
#include "extract/cross_check.h"

/* How a kind of disagreement is told: its name, the key of its numbers in JSON, and how they are written. */
static const struct {
	const char *name, *key;
	bool address; /* a string "0x…" */
} kinds[] = {
	[GAP_DISAGREE_SIZE] = {"size", "size_bytes", false},
	[GAP_DISAGREE_OFFSET] = {"offset", "offset_bits", false},
	[GAP_DISAGREE_WIDTH] = {"width", "width_bits", false},
	[GAP_DISAGREE_MEMBER] = {"member", "present", false},
	[GAP_DISAGREE_VALUE] = {"value", "value", true},
	[GAP_DISAGREE_ADDRESS] = {"address", "address", true},
	[GAP_DISAGREE_SYMBOL] = {"symbol", "present", false},
};

static void print_number(enum gap_disagreement_kind kind, uint64_t value)
{
	if (kind == GAP_DISAGREE_MEMBER || kind == GAP_DISAGREE_SYMBOL)
		printf("%s", value ? "there" : "not there");
	else if (kinds[kind].address)
		printf("0x%llx", (unsigned long long)value);
	else if (kind == GAP_DISAGREE_OFFSET && value % 8)
		printf("%llu:%llu", (unsigned long long)value / 8, (unsigned long long)value % 8);
	else
		printf("%llu",
		       (unsigned long long)(kind == GAP_DISAGREE_OFFSET ? value / 8 : value));
}

static void print_row(void *context, const struct gap_disagreement *row)
{
	(void)context;
	end_progress();
	printf("%-8s %s: ", kinds[row->kind].name, row->name);
	print_number(row->kind, row->first);
	printf(" in %s, ", gap_source_kind_name(row->first_source));
	print_number(row->kind, row->second);
	printf(" in %s\n", gap_source_kind_name(row->second_source));
}

static void json_side(struct gap_json *json, const char *key, const struct gap_disagreement *row,
		      enum gap_source_kind source, uint64_t value)
{
	gap_json_key(json, key);
	gap_json_open(json, '{');
	gap_json_key_name(json, "source", gap_source_kind_name(source));
	gap_json_key(json, kinds[row->kind].key);
	if (row->kind == GAP_DISAGREE_MEMBER || row->kind == GAP_DISAGREE_SYMBOL)
		gap_json_bool(json, value != 0);
	else if (kinds[row->kind].address)
		gap_json_hex(json, value);
	else
		gap_json_number(json, value);
	gap_json_close(json, '}');
}

static void json_row(void *context, const struct gap_disagreement *row)
{
	struct gap_json *json = context;

	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_name(json, "kind", kinds[row->kind].name);
	gap_json_key_name(json, "name", row->name);
	json_side(json, "first", row, row->first_source, row->first);
	json_side(json, "second", row, row->second_source, row->second);
	gap_json_close(json, '}');
}

static void tell(const char *path, const struct gap_cross_report *report)
{
	end_progress();
	if (report->dwarf && report->btf)
		fprintf(stderr,
			"semgap: %s: DWARF and BTF: %u types, %u members, %u enumerators "
			"compared\n",
			path, report->types, report->members, report->enumerators);
	if (report->symtab && report->kallsyms)
		fprintf(stderr, "semgap: %s: symbol table and kallsyms: %u symbols compared\n",
			path, report->symbols);
	if (report->dwarf && report->symtab)
		fprintf(stderr,
			"semgap: %s: DWARF and symbol table: %u variables and functions compared\n",
			path, report->variables);
	fprintf(stderr, "semgap: %s: disagreements: %u\n", path, report->disagreements);
}

int cross_check(const char *path, const struct gap_extract_options *options, bool as_json)
{
	struct gap_cross_report report;
	struct gap_error error = {{0}};
	enum gap_status status;
	struct gap_json json;

	if (as_json)
		json_begin(&json, "semgap/cross-check/1", false, NULL, "disagreements");
	status = gap_cross_check(path, options, as_json ? json_row : print_row, &json, &report,
				 &error);
	end_progress();
	if (status)
		return say_failure(status, &error);
	if (as_json)
		json_end(&json);
	tell(path, &report);
	return finish_output(report.disagreements ? EXIT_FINDING : EXIT_DONE);
}
