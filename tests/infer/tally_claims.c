/* SPDX-License-Identifier: MIT */
/*
 * Prints every claim that inference makes of a guest whose kernel is known, with whether it is true:
 * what infer/weights.def is counted from, and what is plotted when a rule misleads.
 *
 *     tally_claims [--no-kallsyms] [--no-ksymtab] MEMORY TRUTH.gap
 *
 * One line a claim, separated by tabs: kind, class, field, place, right (1 or 0), weight, support, dissent.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "runtime/include/semgap/source.h"

static void die(const char *what, const struct gap_error *error)
{
	fprintf(stderr, "tally_claims: %s: %s\n", what, error->text);
	exit(2);
}

static bool is_right(const struct gap_profile *truth, const struct infer_field *field,
		     const struct infer_claim *claim)
{
	struct gap_location location;
	gap_type_id type;

	if (gap_profile_find_type(truth, field->type, &type, NULL))
		return claim->absent;
	for (unsigned i = 0; i < field->name_count; i++)
		if (!gap_profile_find_member(truth, type, field->names[i], &location, NULL))
			return !claim->absent && claim->offset_bits == location.offset_bits;
	return claim->absent;
}

static void print_claims(const struct infer_result *result, const struct infer_fields *fields,
			 const struct gap_profile *truth)
{
	static const char *const kinds[INFER_KIND_COUNT] = {"btf", "vmcoreinfo", "code", "data",
							    "prior"};

	for (uint32_t i = 0; i < infer_claims_count(result->claims); i++) {
		const struct infer_claim *claim = infer_claims_at(result->claims, i);
		const struct infer_field *field = &fields->rows[claim->field];
		char place[16];

		if (claim->absent)
			snprintf(place, sizeof(place), "absent");
		else
			snprintf(place, sizeof(place), "%u", claim->offset_bits);
		printf("%s\t%s\t%s\t%s\t%d\t%d\t%u\t%u\n", kinds[claim->kind],
		       infer_claims_class_name(result->claims, claim->class_id), field->line, place,
		       is_right(truth, field, claim), claim->weight, claim->support,
		       claim->dissent);
	}
}

static void parse(int argc, char **argv, struct infer_options *options)
{
	static const struct option names[] = {{"no-kallsyms", no_argument, NULL, 'k'},
					      {"no-ksymtab", no_argument, NULL, 's'},
					      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		options->no_kallsyms |= option == 'k';
		options->no_ksymtab |= option == 's';
		if (option == '?')
			exit(2);
	}
	if (argc - optind != 2) {
		fputs("tally_claims: name a memory and a profile that is true\n", stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct infer_options options = {
		.no_btf = true, .no_vmcoreinfo = true, .min_confidence = INFER_MIN_CONFIDENCE};
	struct gap_source_memory *source = NULL;
	struct gap_profile *truth = NULL;
	struct infer_fields fields;
	struct infer_result result;
	struct gap_error error = {{0}};

	parse(argc, argv, &options);
	if (gap_profile_open(argv[optind + 1], &truth, &error) ||
	    gap_source_memory_open(argv[optind], &source, &error) ||
	    infer_fields_default(&fields, &error))
		die("cannot open", &error);
	if (infer_run(&result, gap_source_memory_get(source), &fields, &options, &error))
		die(argv[optind], &error);
	print_claims(&result, &fields, truth);
	infer_result_deinit(&result);
	infer_fields_deinit(&fields);
	gap_source_memory_close(source);
	gap_profile_close(truth);
	return 0;
}
