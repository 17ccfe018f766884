/* SPDX-License-Identifier: MIT */
/*
 * A tool for those who write evidence: opens a guest with the help of an extracted profile, of which
 * evidence sees the symbols and never the types, and prints each claim beside the truth.
 *
 *     probe_evidence MEMORY PROFILE.gap [--fields FILE] [--only code|data] [--no-symbols]
 *                    [--field TYPE.MEMBER] [--quiet]
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "infer/kernel.h"
#include "runtime/include/semgap/source.h"

#define READS_MAX ((uint64_t)1 << 26)

static const char *fields_path, *only, *one_field;
static bool quiet, no_symbols;

static void die(const char *what, const struct gap_error *error)
{
	fprintf(stderr, "probe_evidence: %s%s%s\n", what, error ? ": " : "",
		error ? error->text : "");
	exit(2);
}

static void read_fields(const char *path, struct infer_fields *fields)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "r");
	struct gap_error error;

	if (!file)
		die(path, NULL);
	if (infer_fields_parse(fields, text, fread(text, 1, sizeof(text), file), path, &error))
		die("fields", &error);
	fclose(file);
}

static struct infer_symbols *take_symbols(const struct gap_profile *profile, uint64_t slide)
{
	uint32_t count = no_symbols ? 0 : gap_profile_count(profile, GAP_TABLE_SYMBOLS);
	struct infer_symbols *symbols;
	struct gap_symbol symbol;

	if (infer_symbols_create(&symbols))
		die("out of memory", NULL);
	for (uint32_t row = 0; row < count; row++) {
		bool fixed;

		if (!gap_profile_symbol(profile, row, &symbol))
			continue;
		fixed = symbol.flags & (GAP_SYMBOL_PERCPU | GAP_SYMBOL_ABSOLUTE);
		infer_symbols_add(symbols, symbol.name, strlen(symbol.name),
				  symbol.flags & GAP_SYMBOL_PERCPU     ? 'A'
				  : symbol.kind == GAP_SYMBOL_FUNCTION ? 't'
								       : 'd',
				  symbol.address + (fixed ? 0 : slide));
	}
	if (infer_symbols_finish(symbols))
		die("out of memory", NULL);
	return symbols;
}

static uint64_t symbol_address(struct gap_guest *guest, const char *name)
{
	struct gap_vaddr address;

	return gap_guest_symbol(guest, name, &address, NULL) ? 0 : address.value;
}

static void find_windows(struct infer_kernel *kernel)
{
	uint64_t base = 0, last = 0, at = symbol_address(kernel->guest, "page_offset_base");
	const struct gap_memory *memory = kernel->memory;

	kernel->text.start = symbol_address(kernel->guest, "_stext");
	kernel->text.end = symbol_address(kernel->guest, "_etext");
	kernel->image.start = symbol_address(kernel->guest, "_text");
	kernel->image.end = symbol_address(kernel->guest, "_end");
	for (size_t i = 0; i < memory->range_count; i++)
		last = memory->ranges[i].start.value + memory->ranges[i].size_bytes;
	if (at && !gap_guest_read_u64(kernel->guest, (struct gap_vaddr){at}, &base))
		kernel->direct_map = (struct infer_window){base, base + last};
	else if (kernel->pointer_bytes == 4)
		kernel->direct_map = (struct infer_window){0xc0000000, 0xf8000000};
}

/* ---- the truth ---- */

struct truth {
	bool known, present;
	unsigned name;
	struct gap_location location;
};

static struct truth truth_of(const struct gap_profile *profile, const struct infer_field *field)
{
	struct truth truth = {0};
	gap_type_id type;

	if (gap_profile_find_type(profile, field->type, &type, NULL))
		return truth;
	truth.known = true;
	for (unsigned i = 0; i < field->name_count && !truth.present; i++)
		if (!gap_profile_find_member(profile, type, field->names[i], &truth.location,
					     NULL)) {
			truth.present = true;
			truth.name = i;
		}
	return truth;
}

static bool is_right(const struct truth *truth, const struct infer_claim *claim)
{
	if (claim->absent)
		return truth->known && !truth->present;
	return truth->present && truth->location.offset_bits == claim->offset_bits;
}

/* ---- telling ---- */

static const char *const kinds[INFER_KIND_COUNT] = {"btf", "vmcoreinfo", "code", "data", "prior"};

static void print_claim(const struct infer_claims *claims, const struct infer_claim *claim,
			bool right)
{
	char offset[32] = "absent";

	if (!claim->absent)
		snprintf(offset, sizeof(offset), "%u%s", claim->offset_bits / 8,
			 claim->offset_bits % 8 ? " + bits" : "");
	printf("    %-5s %-7s %-6s weight %5d support %u/%u at %#llx  %s: %s\n",
	       right ? "right" : "WRONG", offset, kinds[claim->kind], claim->weight, claim->support,
	       claim->dissent, (unsigned long long)claim->at,
	       infer_claims_class_name(claims, claim->class_id), claim->witness);
}

/* The claims on one field: the sum of weights decides here, the best of each class counting once. */
static void print_field(const struct infer_claims *claims, uint32_t index,
			const struct infer_field *field, const struct truth *truth,
			unsigned counts[4])
{
	unsigned right = 0, wrong = 0;

	for (uint32_t i = 0; i < infer_claims_count(claims); i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);

		if (claim->field == index)
			*(is_right(truth, claim) ? &right : &wrong) += 1;
	}
	counts[right && !wrong ? 0 : wrong && !right ? 1 : wrong ? 2 : 3]++;
	if (quiet && !wrong && right)
		return;
	printf("%-44s ", field->line);
	if (!truth->present)
		printf("truth %s", truth->known ? "absent" : "unknown");
	else
		printf("truth %llu", (unsigned long long)truth->location.offset_bits / 8);
	printf("  right %u wrong %u\n", right, wrong);
	for (uint32_t i = 0; i < infer_claims_count(claims); i++)
		if (infer_claims_at(claims, i)->field == index &&
		    !(quiet && is_right(truth, infer_claims_at(claims, i))))
			print_claim(claims, infer_claims_at(claims, i),
				    is_right(truth, infer_claims_at(claims, i)));
}

static void tell(const struct gap_profile *profile, const struct infer_fields *fields,
		 const struct infer_claims *claims)
{
	unsigned counts[4] = {0};

	for (uint32_t i = 0; i < fields->count; i++) {
		struct truth truth = truth_of(profile, &fields->rows[i]);

		if (!one_field || strcmp(one_field, fields->rows[i].line) == 0)
			print_field(claims, i, &fields->rows[i], &truth, counts);
	}
	printf("fields %u: only right claims %u, only wrong %u, both %u, none %u; claims %u\n",
	       fields->count, counts[0], counts[1], counts[2], counts[3],
	       infer_claims_count(claims));
}

static void run(const char *name, infer_evidence *evidence, struct infer_kernel *kernel,
		const struct infer_fields *fields, struct infer_claims *claims)
{
	struct timespec before, after;
	struct gap_error error = {{0}};

	if (only && strcmp(only, name) != 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (evidence(kernel, fields, claims, &error))
		die(name, &error);
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%s: %.3f s\n", name,
	       (double)(after.tv_sec - before.tv_sec) +
		       (double)(after.tv_nsec - before.tv_nsec) / 1e9);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"fields", required_argument, NULL, 'f'}, {"only", required_argument, NULL, 'o'},
		{"field", required_argument, NULL, '1'},  {"quiet", no_argument, NULL, 'q'},
		{"no-symbols", no_argument, NULL, 'n'},   {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'f')
			fields_path = optarg;
		else if (option == 'o')
			only = optarg;
		else if (option == '1')
			one_field = optarg;
		else if (option == 'q')
			quiet = true;
		else if (option == 'n')
			no_symbols = true;
		else
			exit(2);
	}
	if (argc - optind != 2)
		die("name a memory and a profile", NULL);
}

int main(int argc, char **argv)
{
	struct infer_kernel kernel = {.reads_max = READS_MAX};
	struct gap_source_memory *source;
	struct gap_profile *profile;
	struct gap_target target;
	struct infer_fields fields;
	struct infer_claims *claims;
	struct gap_error error = {{0}};

	parse(argc, argv);
	read_fields(fields_path ? fields_path : SEMGAP_SOURCE_DIR "/kernels/core-fields.txt",
		    &fields);
	if (gap_profile_open(argv[optind + 1], &profile, &error) ||
	    gap_source_memory_open(argv[optind], &source, &error))
		die("cannot open", &error);
	kernel.memory = gap_source_memory_get(source);
	if (gap_guest_open(kernel.memory, profile, NULL, &kernel.guest, &error))
		die("cannot open the guest", &error);
	gap_profile_target(profile, &target);
	kernel.machine = target.machine;
	kernel.pointer_bytes = target.pointer_bytes;
	find_windows(&kernel);
	{
		struct gap_guest_info info;

		gap_guest_info(kernel.guest, &info);
		kernel.symbols = take_symbols(profile, info.virtual_slide);
	}
	if (infer_claims_create(&claims))
		die("out of memory", NULL);
	run("code", infer_code_evidence, &kernel, &fields, claims);
	run("data", infer_data_evidence, &kernel, &fields, claims);
	tell(profile, &fields, claims);
	return 0;
}
