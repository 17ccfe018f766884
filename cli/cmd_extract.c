/* SPDX-License-Identifier: MIT */
/* semgap extract: an input becomes a profile. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/extract_check.h"
#include "extract/extract.h"
#include "profile/output.h"

#define FIELDS_MAX 256 /* of --field; a file takes more */
#define MODULES_MAX 1024

struct arguments {
	struct gap_extract_options options;
	const char *input, *output;
	const char *modules[MODULES_MAX], *folders[MODULES_MAX];
	const char *fields[FIELDS_MAX];
	bool dwarf, btf, too_many, too_many_headers, check, json;
};

enum {
	OPTION_DWARF = 256,
	OPTION_BTF,
	OPTION_SYSTEM_MAP,
	OPTION_KALLSYMS,
	OPTION_MODULE,
	OPTION_MODULES,
	OPTION_SYMBOLS_ONLY,
	OPTION_WITH_RUST,
	OPTION_DIGEST,
	OPTION_CROSS_CHECK,
	OPTION_JSON,
	OPTION_HEADERS,
	OPTION_CONFIG,
	OPTION_FIELD,
	OPTION_FIELDS
};

static const struct option options[] = {
	{"dwarf", no_argument, NULL, OPTION_DWARF},
	{"btf", no_argument, NULL, OPTION_BTF},
	{"system-map", required_argument, NULL, OPTION_SYSTEM_MAP},
	{"kallsyms", required_argument, NULL, OPTION_KALLSYMS},
	{"module", required_argument, NULL, OPTION_MODULE},
	{"modules", required_argument, NULL, OPTION_MODULES},
	{"symbols-only", no_argument, NULL, OPTION_SYMBOLS_ONLY},
	{"with-rust", no_argument, NULL, OPTION_WITH_RUST},
	{"headers", required_argument, NULL, OPTION_HEADERS},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"field", required_argument, NULL, OPTION_FIELD},
	{"fields", required_argument, NULL, OPTION_FIELDS},
	{"digest", no_argument, NULL, OPTION_DIGEST},
	{"cross-check", no_argument, NULL, OPTION_CROSS_CHECK},
	{"json", no_argument, NULL, OPTION_JSON},
	{"output", required_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

/* Of an option that may be repeated. */
static bool add_path(struct arguments *arguments, const char **paths, size_t *count)
{
	if (*count == MODULES_MAX)
		arguments->too_many = true;
	else
		paths[(*count)++] = optarg;
	return true;
}

/* What says where headers are and what is wanted of them. */
static bool take_header_option(struct arguments *arguments, int option)
{
	struct gap_extract_options *asked = &arguments->options;

	switch (option) {
	case OPTION_HEADERS:
		if (asked->headers[1])
			arguments->too_many_headers = true;
		asked->headers[asked->headers[0] ? 1 : 0] = optarg;
		return true;
	case OPTION_CONFIG:
		asked->config = optarg;
		return true;
	case OPTION_FIELD:
		if (asked->field_count == FIELDS_MAX)
			arguments->too_many_headers = true;
		else
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
	case OPTION_KALLSYMS:
		arguments->options.kallsyms = optarg;
		return true;
	case OPTION_MODULE:
		return add_path(arguments, arguments->modules, &arguments->options.module_count);
	case OPTION_MODULES:
		return add_path(arguments, arguments->folders, &arguments->options.folder_count);
	case OPTION_SYMBOLS_ONLY:
		arguments->options.symbols_only = true;
		return true;
	case OPTION_WITH_RUST:
		arguments->options.with_rust = true;
		return true;
	case OPTION_DIGEST:
		arguments->options.digest = true;
		return true;
	case OPTION_CROSS_CHECK:
		arguments->check = true;
		return true;
	case OPTION_JSON:
		arguments->json = true;
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

	if (arguments->too_many_headers)
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
	    (arguments->dwarf || arguments->btf || asked->symbols_only || asked->with_rust ||
	     asked->module_count || asked->folder_count || asked->digest || arguments->check))
		return say_usage(command, "extract: of the other options only --system-map, "
					  "--kallsyms and -o go with --headers");
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
	if (arguments->too_many)
		return say_usage(command,
				 "extract: more than %d modules; --modules takes a folder of "
				 "them",
				 MODULES_MAX);
	if (arguments->json && !arguments->check)
		return say_usage(command, "extract: --json goes with --cross-check");
	if (!arguments->output && !arguments->check)
		return say_usage(command, "extract: -o OUT.gap is required: a profile is binary");
	if (arguments->output && strcmp(arguments->output, "-") == 0)
		return say_usage(command, "extract: a profile is binary and goes to a file");
	arguments->input = argv[optind];
	if (arguments->dwarf && arguments->btf)
		return say_usage(command, "extract: --dwarf and --btf exclude each other");
	if (gap_output_same_file(arguments->output, arguments->input) ||
	    gap_output_same_file(arguments->output, arguments->options.system_map) ||
	    gap_output_same_file(arguments->output, arguments->options.kallsyms) ||
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
	if (report->modules)
		fprintf(stderr, "semgap: modules: %u, with %u symbols\n", report->modules,
			report->module_symbols);
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

/* What is told is what is in the image: symbols of several sources that are the same are there once. */
static void count_rows(const void *image, size_t size_bytes, struct gap_extract_report *report)
{
	struct gap_profile *profile;

	if (gap_profile_open_image(image, size_bytes, &profile, NULL) != GAP_OK)
		return;
	report->types = gap_profile_count(profile, GAP_TABLE_TYPES) - 1;
	report->symbols = gap_profile_count(profile, GAP_TABLE_SYMBOLS);
	gap_profile_close(profile);
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
	count_rows(image, size_bytes, &report);
	status = write_image(arguments->output, image, size_bytes, error);
	free(image);
	if (!status)
		tell(arguments, &report, size_bytes);
	return status;
}

static int make_profile(const struct arguments *arguments)
{
	struct gap_builder *builder;
	struct gap_error error = {{0}};
	enum gap_status status = gap_builder_create(&builder, &error);

	if (!status) {
		status = extract(arguments, builder, &error);
		gap_builder_destroy(builder);
	}
	end_progress();
	if (!status)
		return EXIT_DONE;
	gap_output_discard(arguments->output);
	return say_failure(status, &error);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {
		.options = {.progress = show_progress, .warn = say_warning},
	};
	int status;

	arguments.options.modules = arguments.modules;
	arguments.options.folders = arguments.folders;
	status = parse(command, argc, argv, &arguments);
	if (!status && arguments.output)
		status = make_profile(&arguments);
	if (!status && arguments.check)
		status = cross_check(arguments.input, &arguments.options, arguments.json);
	return status;
}

const struct command command_extract = {
	"extract",
	"makes a profile of a kernel, as a vmlinux, an image, a package, BTF, headers or a symbol "
	"table",
	"[--dwarf|--btf] [--system-map F] [--kallsyms F] [--module F]... [--modules DIR]... "
	"[--symbols-only] [--with-rust] [--digest] [--cross-check [--json]] -o OUT.gap INPUT |\n"
	"       --headers FLAVOUR_DIR --headers COMMON_DIR [--config F] [--field T.m]... "
	"[--fields F] [--system-map F] [--kallsyms F] -o OUT.gap\n"
	"\n"
	"INPUT is whatever holds the kernel: a vmlinux or any ELF file with DWARF or BTF, a "
	"bootable\n"
	"image (bzImage, arm64 Image, EFI zboot), a package (.deb, .rpm), raw BTF\n"
	"(/sys/kernel/btf/vmlinux), any of them compressed, or, with --symbols-only, a "
	"System.map.\n"
	"\n"
	"  -o, --output OUT.gap  the profile to write; written whole or not at all\n"
	"  --dwarf, --btf        types from here (else: DWARF where there is any, or BTF)\n"
	"  --system-map F        symbols from F beside the input's own\n"
	"  --kallsyms F          the same from a /proc/kallsyms, whose slide is taken off\n"
	"  --module F            a kernel module's types and symbols too; may be repeated\n"
	"  --modules DIR         those of all modules in a folder or a package; may be repeated\n"
	"  --symbols-only        no types\n"
	"  --with-rust           types of Rust units too (they share names with C's)\n"
	"  --cross-check         hold DWARF, BTF, symbol table and kallsyms of INPUT against each "
	"other;\n"
	"                        status 1 when they disagree (without -o nothing else is done)\n"
	"  --json                disagreements as JSON\n"
	"  --digest              keep the SHA-256 of the input as its source's\n"
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
