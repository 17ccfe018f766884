/* SPDX-License-Identifier: MIT */
/* semgap emit: a profile, or a selection of it, in a format that others read. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "emit/emit.h"
#include "profile/output.h"
#include "signing/sign.h"

static const struct option options[] = {
	{"format", required_argument, NULL, 'f'},
	{"field", required_argument, NULL, 'F'},
	{"symbol", required_argument, NULL, 'S'},
	{"fields", required_argument, NULL, 'L'},
	{"abi", required_argument, NULL, 'A'},
	{"prefix", required_argument, NULL, 'P'},
	{"select", required_argument, NULL, 'W'},
	{"bind", required_argument, NULL, 'B'},
	{"sign", required_argument, NULL, 'K'},
	{"output", required_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

struct arguments {
	const struct gap_emit_format *format;
	const char *output, *profile;
	const char *fields; /* the last of them */
	const char *prefix;
	bool native_abi;
	const char *select, *bind;
	const char *key; /* to sign with */
	struct gap_wanted wanted;
};

static int unknown_format(const struct command *command, const char *name)
{
	char known[256] = "";

	for (const struct gap_emit_format *row = gap_emit_formats; row->name; row++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s", row->name);
	return say_usage(command, "emit: there is no format \"%s\"; there are:%s", name, known);
}

static int check_sign(const struct command *command, const struct arguments *arguments)
{
	if (!arguments->key)
		return EXIT_DONE;
	if (strcmp(arguments->format->name, "gap") != 0)
		return say_usage(command, "emit: --sign is for --format gap");
	if (gap_output_same_file(arguments->output, arguments->key))
		return say_usage(command, "emit: %s is an input and would be overwritten",
				 arguments->output);
	return EXIT_DONE;
}

static int check_bind(const struct command *command, const struct arguments *arguments)
{
	if (!arguments->bind)
		return EXIT_DONE;
	if (strcmp(arguments->bind, "constants") != 0 && strcmp(arguments->bind, "table") != 0)
		return say_usage(command, "emit: --bind is constants or table, not \"%s\"",
				 arguments->bind);
	if (!arguments->select || strcmp(arguments->format->name, "header") != 0)
		return say_usage(command, "emit: --bind is for --format header with --select");
	return EXIT_DONE;
}

/* The header with a table is for every kernel: no profile is needed to write it. */
static bool is_table(const struct arguments *arguments)
{
	return arguments->bind && strcmp(arguments->bind, "table") == 0;
}

/* First pass: everything but the selection, which needs the profile. */
static int parse(const struct command *command, int argc, char **argv, struct arguments *arguments)
{
	const char *format = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == '?')
			return say_usage(command, "emit: wrong arguments");
		if (option == 'f')
			format = optarg;
		if (option == 'o')
			arguments->output = optarg;
		if (option == 'L')
			arguments->fields = optarg;
		if (option == 'P')
			arguments->prefix = optarg;
		if (option == 'A' && strcmp(optarg, "native") != 0 && strcmp(optarg, "guest") != 0)
			return say_usage(command, "emit: --abi is guest or native, not \"%s\"",
					 optarg);
		if (option == 'A')
			arguments->native_abi = strcmp(optarg, "native") == 0;
		if (option == 'W')
			arguments->select = optarg;
		if (option == 'B')
			arguments->bind = optarg;
		if (option == 'K')
			arguments->key = optarg;
	}
	if (optind + 1 != argc && !(is_table(arguments) && optind == argc))
		return say_usage(command, "emit: name one profile");
	if (!format)
		return say_usage(command, "emit: --format is required");
	arguments->format = gap_emit_format_find(format);
	if (!arguments->format)
		return unknown_format(command, format);
	if (arguments->format->binary &&
	    (!arguments->output || strcmp(arguments->output, "-") == 0))
		return say_usage(command, "emit: -o OUT is required: %s is binary", format);
	arguments->profile = argv[optind];
	if (gap_output_same_file(arguments->output, arguments->profile) ||
	    gap_output_same_file(arguments->output, arguments->select) ||
	    gap_output_same_file(arguments->output, arguments->fields))
		return say_usage(command, "emit: %s is an input and would be overwritten",
				 arguments->output);
	if (check_sign(command, arguments))
		return EXIT_UNUSABLE;
	return check_bind(command, arguments);
}

static enum gap_status select_parts(struct gap_selection *selection, int argc, char **argv,
				    struct gap_error *error)
{
	enum gap_status status = GAP_OK;
	int option;

	optind = 0; /* again from the start: the arguments are known to be good */
	while (!status && (option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == 'F')
			status = gap_selection_add_field(selection, optarg, error);
		if (option == 'S')
			status = gap_selection_add_symbol(selection, optarg, error);
		if (option == 'L')
			status =
				gap_selection_add_file(selection, optarg, say_warning, NULL, error);
	}
	return status;
}

/* The image as the format writes it, then signed. */
static enum gap_status write_signed(const struct arguments *arguments,
				    const struct gap_profile *profile,
				    const struct gap_selection *selection,
				    const struct gap_emit_options *emit_options, FILE *stream,
				    struct gap_error *error)
{
	void *signed_image = NULL;
	size_t size_bytes, signed_bytes;
	char *image = NULL;
	FILE *memory = open_memstream(&image, &size_bytes);
	enum gap_status status;

	if (!memory)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = arguments->format->write(profile, selection, emit_options, memory, error);
	if (fclose(memory) != 0 && !status)
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (!status)
		status = gap_sign_image(image, size_bytes, arguments->key, &signed_image,
					&signed_bytes, error);
	if (!status)
		fwrite(signed_image, 1, signed_bytes, stream);
	free(signed_image);
	free(image);
	return status;
}

static enum gap_status write_format(const struct arguments *arguments,
				    const struct gap_profile *profile,
				    const struct gap_selection *selection, struct gap_error *error)
{
	struct gap_emit_options emit_options = {
		.warn = say_warning,
		.native_abi = arguments->native_abi,
		.prefix = arguments->prefix,
		.wanted = arguments->select ? &arguments->wanted : NULL,
		.bind = is_table(arguments) ? GAP_BIND_TABLE : GAP_BIND_CONSTANTS,
	};
	struct gap_output output;
	enum gap_status status = gap_output_begin(&output, arguments->output, error);

	if (status)
		return status;
	if (arguments->key)
		status = write_signed(arguments, profile, selection, &emit_options, output.stream,
				      error);
	else
		status = arguments->format->write(profile, selection, &emit_options, output.stream,
						  error);
	if (!status)
		return gap_output_commit(&output, error);
	gap_output_abort(&output);
	return status;
}

static void say_line(void *context, const char *text)
{
	(void)context;
	say("%s", text);
}

/* The parts that were asked for one by one, and what a monitor wants: all found in the profile. */
static enum gap_status select_all(const struct arguments *arguments,
				  struct gap_selection *selection, int argc, char **argv,
				  struct gap_error *error)
{
	enum gap_status status = select_parts(selection, argc, argv, error);

	if (status || !arguments->select)
		return status;
	return gap_selection_add_wanted(selection, &arguments->wanted, say_line, NULL, error);
}

static enum gap_status emit_profile(const struct arguments *arguments,
				    const struct gap_profile *profile, int argc, char **argv,
				    struct gap_error *error)
{
	struct gap_selection *selection = NULL;
	enum gap_status status = gap_selection_create(profile, &selection, error);

	if (!status)
		status = select_all(arguments, selection, argc, argv, error);
	if (!status)
		status = write_format(arguments, profile, selection, error);
	gap_selection_destroy(selection);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct gap_profile *profile = NULL;
	struct gap_error error = {{0}};
	int wrong = parse(command, argc, argv, &arguments);
	enum gap_status status = GAP_OK;

	if (wrong)
		return wrong;
	if (arguments.profile && !(profile = open_profile(arguments.profile))) {
		gap_output_discard(arguments.output);
		return EXIT_UNUSABLE;
	}
	if (arguments.select)
		status = gap_wanted_read(arguments.select, &arguments.wanted, &error);
	if (!status && profile)
		status = emit_profile(&arguments, profile, argc, argv, &error);
	else if (!status)
		status = write_format(&arguments, NULL, NULL, &error);
	gap_wanted_deinit(&arguments.wanted);
	gap_profile_close(profile);
	if (!status)
		return EXIT_DONE;
	gap_output_discard(arguments.output);
	return say_failure(status, &error);
}

const struct command command_emit = {
	"emit",
	"writes a profile as C header, minimal image, Volatility table, JSON",
	"--format gap|header|isf|vmlinux-h|btf|libvmi-conf|rust|python|json [--field T.m]... "
	"[--symbol S]...\n"
	"       [--fields F] [--select SEL] [--bind constants|table] [--abi guest|native] "
	"[--prefix TEXT] "
	"[--sign KEY.pem] [-o OUT] P.gap\n"
	"\n"
	"  --format F     gap: an image (of a selection: the minimal one), header: C constants and "
	"typed\n"
	"                 readers, isf: a table that Volatility 3 loads, json: everything with "
	"provenance\n"
	"                 vmlinux-h: every type as C that asserts its layout\n"
	"  --abi A        vmlinux-h: guest (default): longs and pointers of the guest's width on "
	"any\n"
	"                 machine; native: plain C, for a program of the kernel's own ABI\n"
	"  --prefix TEXT  vmlinux-h: before every name, so that it meets no other header's\n"
	"  --field T.m    select a member; alternatives as T.new|old\n"
	"  --symbol S     select a symbol\n"
	"  --fields F     select the members in the lines of F\n"
	"  --select SEL   select what a monitor wants, as scan wrote it\n"
	"  --bind B       header of a monitor: constants (of this kernel), or table (bound at "
	"open,\n"
	"                 for every kernel: P.gap may be left out)\n"
	"  --sign KEY     sign the image (gap) with a private key of Ed25519 in PEM\n"
	"  -o, --output   the file to write (else: standard output); written whole or not at all\n",
	run,
};
