/* SPDX-License-Identifier: MIT */
/* semgap scan: what a monitor's source wants of the kernel, as a selection for emit. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cfront/cfront.h"
#include "cli/command.h"
#include "profile/output.h"

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"database", required_argument, NULL, 'p'},
	{NULL, 0, NULL, 0},
};

struct scan {
	const char *output, *database;
	char **sources, **flags; /* flags: behind "--" */
	int source_count, flag_count;
	struct gap_wanted wanted;
	unsigned complaints;
};

static int parse(const struct command *command, int argc, char **argv, struct scan *scan)
{
	int end = 1, option;

	while (end < argc && strcmp(argv[end], "--") != 0)
		end++;
	scan->flags = argv + end + 1;
	scan->flag_count = end < argc ? argc - end - 1 : 0;
	while ((option = getopt_long(end, argv, "o:p:", options, NULL)) != -1) {
		if (option == '?')
			return say_usage(command, "scan: wrong arguments");
		if (option == 'o')
			scan->output = optarg;
		if (option == 'p')
			scan->database = optarg;
	}
	scan->sources = argv + optind;
	scan->source_count = end - optind;
	if (scan->source_count == 0)
		return say_usage(command, "scan: name the monitor's sources");
	if (scan->database && scan->flag_count)
		return say_usage(command, "scan: compiler flags come from -p or behind --");
	for (int i = 0; i < scan->source_count; i++)
		if (gap_output_same_file(scan->output, scan->sources[i]))
			return say_usage(command, "scan: %s is an input and would be overwritten",
					 scan->output);
	return EXIT_DONE;
}

static enum gap_status collect_arguments(const struct scan *scan, const char *source,
					 struct gap_cfront_arguments *arguments,
					 struct gap_error *error)
{
	enum gap_status status = gap_cfront_argument_add(arguments, "-DSEMGAP_SCAN", error);

	if (!status && scan->database)
		status = gap_cfront_arguments_find(scan->database, source, arguments, error);
	for (int i = 0; !status && i < scan->flag_count; i++)
		status = gap_cfront_argument_add(arguments, scan->flags[i], error);
	return status;
}

static void complain(void *context, const char *text)
{
	struct scan *scan = context;

	scan->complaints++;
	say("%s", text);
	if (strstr(text, "'semgap/monitor.h' file not found"))
		say("give the compiler's flags: -- $(pkg-config --cflags semgap)");
}

static enum gap_status scan_source(struct scan *scan, const char *source, struct gap_error *error)
{
	struct gap_cfront_arguments arguments = {NULL, 0, 0};
	struct gap_cfront_unit *unit = NULL;
	enum gap_status status = collect_arguments(scan, source, &arguments, error);

	if (!status)
		status = gap_cfront_open(source,
					 &(struct gap_cfront_options){
						 .arguments = (const char *const *)arguments.items,
						 .argument_count = arguments.count,
						 .absent_ending = ".gap.h",
						 .complain = complain,
						 .context = scan,
					 },
					 &unit, error);
	if (!status)
		status = gap_cfront_uses(unit, &scan->wanted, complain, scan, error);
	gap_cfront_close(unit);
	gap_cfront_arguments_deinit(&arguments);
	return status;
}

static enum gap_status write_selection(const struct scan *scan, struct gap_error *error)
{
	struct gap_output output;
	enum gap_status status = gap_output_begin(&output, scan->output, error);

	if (status)
		return status;
	status = gap_wanted_write(&scan->wanted, output.stream, error);
	if (!status)
		return gap_output_commit(&output, error);
	gap_output_abort(&output);
	return status;
}

/* Each source is looked at, so that all that is wrong is told at once. */
static enum gap_status scan_sources(struct scan *scan, struct gap_error *error)
{
	enum gap_status first = GAP_OK;
	struct gap_error other;

	for (int i = 0; i < scan->source_count; i++) {
		enum gap_status status =
			scan_source(scan, scan->sources[i], first ? &other : error);

		if (!first)
			first = status;
	}
	if (!first && scan->wanted.count == 0)
		say_warning(NULL,
			    "nothing is read from a guest: no macro of semgap/monitor.h is used");
	return first;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct scan scan = {.output = NULL};
	struct gap_error error = {{0}};
	int wrong = parse(command, argc, argv, &scan);
	enum gap_status status;

	if (wrong)
		return wrong;
	status = scan_sources(&scan, &error);
	if (!status)
		status = write_selection(&scan, &error);
	gap_wanted_deinit(&scan.wanted);
	if (!status)
		return EXIT_DONE;
	gap_output_discard(scan.output);
	return scan.complaints ? EXIT_UNUSABLE : say_failure(status, &error);
}

const struct command command_scan = {
	"scan",
	"finds what a monitor's C source wants of the kernel",
	"[-o SEL] MONITOR.c... [-p compile_commands.json | -- CFLAGS]\n"
	"\n"
	"  -o, --output   the selection to write, for emit --select (else: standard output)\n"
	"  -p, --database where the compiler's flags for each source are: the file or its folder\n"
	"  -- CFLAGS      the flags themselves: -- $(pkg-config --cflags semgap)\n"
	"\n"
	"The sources include semgap/monitor.h, and headers *.gap.h that need not be there yet.\n",
	run,
};
