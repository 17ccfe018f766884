/* SPDX-License-Identifier: MIT */
/* semgap extract: an input becomes a profile. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "extract/extract.h"
#include "profile/output.h"

#define FIELDS_MAX 256 /* of --field; a file takes more */

struct arguments {
	struct gap_extract_options options;
	const char *input, *output;
	bool dwarf, btf, too_many;
	const char *fields[FIELDS_MAX];
};

enum {
	OPTION_DWARF = 256,
	OPTION_BTF,
	OPTION_SYSTEM_MAP,
	OPTION_SYMBOLS_ONLY,
	OPTION_WITH_RUST,
	OPTION_HEADERS,
	OPTION_CONFIG,
	OPTION_FIELD,
	OPTION_FIELDS
};

static const struct option options[] = {
	{"dwarf", no_argument, NULL, OPTION_DWARF},
	{"btf", no_argument, NULL, OPTION_BTF},
	{"system-map", required_argument, NULL, OPTION_SYSTEM_MAP},
	{"symbols-only", no_argument, NULL, OPTION_SYMBOLS_ONLY},
	{"with-rust", no_argument, NULL, OPTION_WITH_RUST},
	{"headers", required_argument, NULL, OPTION_HEADERS},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"field", required_argument, NULL, OPTION_FIELD},
	{"fields", required_argument, NULL, OPTION_FIELDS},
	{"output", required_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

/* What says where headers are and what is wanted of them. */
static bool take_header_option(struct arguments *arguments, int option)
{
	struct gap_extract_options *asked = &arguments->options;

	switch (option) {
	case OPTION_HEADERS:
		arguments->too_many |= asked->headers[1] != NULL;
		asked->headers[asked->headers[0] ? 1 : 0] = optarg;
		return true;
	case OPTION_CONFIG:
		asked->config = optarg;
		return true;
	case OPTION_FIELD:
		arguments->too_many |= asked->field_count == FIELDS_MAX;
		if (!arguments->too_many)
			arguments->fields[asked->field_count++] = optarg;
		return true;
	case OPTION_FIELDS:
		asked->fields_file = optarg;
		return true;
	default:
		return false;
	}
}

static bool take_option(struct arguments *arguments, int option)
{
	switch (option) {
	case OPTION_DWARF:
		arguments->options.types_from = GAP_TYPES_DWARF;
		arguments->dwarf = true;
		return true;
	case OPTION_BTF:
		arguments->options.types_from = GAP_TYPES_BTF;
		arguments->btf = true;
		return true;
	case OPTION_SYSTEM_MAP:
		arguments->options.system_map = optarg;
		return true;
	case OPTION_SYMBOLS_ONLY:
		arguments->options.symbols_only = true;
		return true;
	case OPTION_WITH_RUST:
		arguments->options.with_rust = true;
		return true;
	case 'o':
		arguments->output = optarg;
		return true;
	default:
		return take_header_option(arguments, option);
	}
}

/* Headers are an input of their own: nothing that is said of a file goes with them, and none of
 * what is said of them with a file. */
static int check_headers(const struct command *command, const struct arguments *arguments,
			 int inputs)
{
	const struct gap_extract_options *asked = &arguments->options;

	if (arguments->too_many)
		return say_usage(command, "extract: at most two --headers and %d --field",
				 FIELDS_MAX);
	if (!asked->headers[0] && (asked->config || asked->field_count || asked->fields_file))
		return say_usage(command, "extract: --config, --field and --fields go with "
					  "--headers; of a file all is extracted");
	if (!asked->headers[0] && inputs != 1)
		return say_usage(command, "extract: name one input, not %d", inputs);
	if (asked->headers[0] && inputs != 0)
		return say_usage(command, "extract: name an input or --headers, not both");
	if (asked->headers[0] &&
	    (arguments->dwarf || arguments->btf || asked->symbols_only || asked->with_rust))
		return say_usage(command, "extract: --headers goes with none of --dwarf, --btf, "
					  "--symbols-only and --with-rust");
	return EXIT_DONE;
}

/* EXIT_DONE when the arguments are complete. */
static int parse(const struct command *command, int argc, char **argv, struct arguments *arguments)
{
	int option, wrong;

	arguments->options.fields = arguments->fields;
	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
		if (!take_option(arguments, option))
			return say_usage(command, "extract: wrong arguments");
	wrong = check_headers(command, arguments, argc - optind);
	if (wrong)
		return wrong;
	if (!arguments->output)
		return say_usage(command, "extract: -o OUT.gap is required: a profile is binary");
	if (strcmp(arguments->output, "-") == 0)
		return say_usage(command, "extract: a profile is binary and goes to a file");
	arguments->input = argv[optind];
	if (arguments->dwarf && arguments->btf)
		return say_usage(command, "extract: --dwarf and --btf exclude each other");
	if (gap_output_same_file(arguments->output, arguments->input) ||
	    gap_output_same_file(arguments->output, arguments->options.system_map) ||
	    gap_output_same_file(arguments->output, arguments->options.config) ||
	    gap_output_same_file(arguments->output, arguments->options.fields_file))
		return say_usage(command, "extract: %s is an input and would be overwritten",
				 arguments->output);
	return EXIT_DONE;
}

static enum gap_status write_image(const char *path, const void *image, size_t size_bytes,
				   struct gap_error *error)
{
	struct gap_output output;
	enum gap_status status = gap_output_begin(&output, path, error);

	if (status)
		return status;
	fwrite(image, 1, size_bytes, output.stream);
	return gap_output_commit(&output, error);
}

static void tell(const struct arguments *arguments, const struct gap_extract_report *report,
		 size_t size_bytes)
{
	end_progress();
	fprintf(stderr, "semgap: %s: %u types, %u symbols, %zu KiB\n", arguments->output,
		report->types, report->symbols, (size_bytes + 1023) / 1024);
	if (report->conflicts)
		fprintf(stderr,
			"semgap: names with several definitions: %u (kept apart as NAME#1, NAME#2; "
			"semgap info lists them)\n",
			report->conflicts);
	if (report->unresolved)
		fprintf(stderr,
			"semgap: declarations that fit several definitions and stay incomplete: "
			"%u\n",
			report->unresolved);
}

static enum gap_status extract(const struct arguments *arguments, struct gap_builder *builder,
			       struct gap_error *error)
{
	struct gap_extract_report report;
	size_t size_bytes;
	void *image;
	enum gap_status status =
		gap_extract(builder, arguments->input, &arguments->options, &report, error);

	if (!status)
		status = gap_builder_freeze(builder, 0, &image, &size_bytes, error);
	if (status)
		return status;
	status = write_image(arguments->output, image, size_bytes, error);
	free(image);
	if (!status)
		tell(arguments, &report, size_bytes);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {
		.options = {.progress = show_progress, .warn = say_warning},
	};
	struct gap_builder *builder;
	struct gap_error error = {{0}};
	int wrong = parse(command, argc, argv, &arguments);
	enum gap_status status;

	if (wrong)
		return wrong;
	status = gap_builder_create(&builder, &error);
	if (!status) {
		status = extract(&arguments, builder, &error);
		gap_builder_destroy(builder);
	}
	end_progress();
	if (!status)
		return EXIT_DONE;
	gap_output_discard(arguments.output);
	return say_failure(status, &error);
}

const struct command command_extract = {
	"extract",
	"makes a profile of a vmlinux, of BTF, of a symbol table, of kernel headers",
	"[--dwarf|--btf] [--system-map F] [--symbols-only] [--with-rust] -o OUT.gap INPUT | "
	"--headers FLAVOUR_DIR --headers COMMON_DIR [--config F] [--field T.m]... [--fields F] "
	"[--system-map F] -o OUT.gap\n"
	"\n"
	"INPUT is any ELF file with DWARF or BTF (a vmlinux), raw BTF (/sys/kernel/btf/vmlinux), "
	"or,\n"
	"with --symbols-only, a System.map.\n"
	"\n"
	"  -o, --output OUT.gap  the profile to write; written whole or not at all\n"
	"  --dwarf, --btf        types from here (else: DWARF where there is any, or BTF)\n"
	"  --system-map F        symbols from F beside the input's own\n"
	"  --symbols-only        no types\n"
	"  --with-rust           types of Rust units too (they share names with C's)\n"
	"  --headers DIR         types from the packages that modules are built with, "
	"linux-headers-…:\n"
	"                        the folder of the flavour, and the one common to all\n"
	"  --config F            refuse headers that were prepared for another configuration than "
	"F\n"
	"  --field T.m           of headers: this structure and all that it leads to "
	"(repeatable);\n"
	"                        none: those of all fields that semgap itself uses\n"
	"  --fields F            of headers: the structures in the lines of F\n",
	run,
};
