/* SPDX-License-Identifier: MIT */
/* semgap guest VIEW: what a guest does, read from its memory. The views are rows of the table at
 * the end. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_pause.h"
#include "cli/guest_rows.h"
#include "cli/guest_view.h"
#include "profile/output.h"
#include "runtime/include/semgap/source.h"

enum {
	OPTION_ROOT = 256,
	OPTION_SLIDE,
	OPTION_PHYS_BASE,
	OPTION_PID,
	OPTION_CPU,
	OPTION_ALL,
	OPTION_PAUSE
};

static const struct option options[] = {
	{"memory", required_argument, NULL, 'm'},
	{"profile", required_argument, NULL, 'p'},
	{"root", required_argument, NULL, OPTION_ROOT},
	{"slide", required_argument, NULL, OPTION_SLIDE},
	{"phys-base", required_argument, NULL, OPTION_PHYS_BASE},
	{"pause", no_argument, NULL, OPTION_PAUSE},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{"pid", required_argument, NULL, OPTION_PID},
	{"cpu", required_argument, NULL, OPTION_CPU},
	{"all", no_argument, NULL, OPTION_ALL},
	{"output", required_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

/* The options of views, as messages and usage name them. */
static const struct {
	enum guest_option option;
	const char *name, *usage;
} view_options[] = {
	{GUEST_OPTION_PID, "--pid", "--pid N"},
	{GUEST_OPTION_CPU, "--cpu", "--cpu N"},
	{GUEST_OPTION_ALL, "--all", "--all"},
	{GUEST_OPTION_OUTPUT, "-o", "-o FILE"},
};

static const char common_usage[] = "--memory SOURCE --profile P.gap [--root PHYS] [--slide N] "
				   "[--phys-base N] [--pause] [--json]";

/* In the order in which the help lists them. */
/* clang-format off */
static const struct guest_view *const views[] = {
	&guest_view_info,
	&guest_view_ps,
	&guest_view_threads,
	&guest_view_modules,
	&guest_view_sockets,
	&guest_view_current,
	&guest_view_dmesg,
	&guest_view_read,
	&guest_view_print,
	&guest_view_translate,
	&guest_view_whereis,
	&guest_view_dump_process,
	&guest_view_maps,
	&guest_view_files,
	&guest_view_mounts,
};
/* clang-format on */

#define VIEW_COUNT (sizeof(views) / sizeof(views[0]))
#define OPTION_COUNT (sizeof(view_options) / sizeof(view_options[0]))

struct arguments {
	const struct guest_view *view;
	const char *memory, *profile;
	struct gap_guest_options options;
	struct guest_request request;
	bool help, pause;
};

/* Digits and nothing else: neither signs nor spaces, and a leading zero does not mean octal. */
size_t guest_number_length(const char *text, uint64_t *number)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = text + (hex ? 2 : 0);
	size_t length = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");

	errno = 0;
	*number = length ? strtoull(digits, NULL, hex ? 16 : 10) : 0;
	return length && errno == 0 ? (size_t)(digits - text) + length : 0;
}

bool guest_parse_number(const char *text, uint64_t *number)
{
	size_t length = guest_number_length(text, number);

	return length > 0 && text[length] == '\0';
}

/* Slides may go down. */
static bool parse_signed(const char *text, uint64_t *number)
{
	if (*text != '-')
		return guest_parse_number(text, number);
	if (!guest_parse_number(text + 1, number) || *number > (uint64_t)INT64_MAX)
		return false;
	*number = -*number;
	return true;
}

static bool take_view_option(struct guest_request *request, int option)
{
	switch (option) {
	case OPTION_PID:
		request->given |= GUEST_OPTION_PID;
		return guest_parse_number(optarg, &request->pid);
	case OPTION_CPU:
		request->given |= GUEST_OPTION_CPU;
		return guest_parse_number(optarg, &request->cpu);
	case OPTION_ALL:
		request->given |= GUEST_OPTION_ALL;
		return true;
	case 'o':
		request->given |= GUEST_OPTION_OUTPUT;
		request->output = optarg;
		return true;
	default:
		return false;
	}
}

static bool take_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 'm':
		arguments->memory = optarg;
		return true;
	case 'p':
		arguments->profile = optarg;
		return true;
	case 'j':
		arguments->request.json = true;
		return true;
	case 'h':
		arguments->help = true;
		return true;
	case OPTION_PAUSE:
		arguments->pause = true;
		return true;
	case OPTION_ROOT:
		arguments->options.has_root = 1;
		return guest_parse_number(optarg, &arguments->options.root.value);
	case OPTION_SLIDE:
		arguments->options.has_virtual_slide = 1;
		return parse_signed(optarg, &arguments->options.virtual_slide);
	case OPTION_PHYS_BASE:
		arguments->options.has_phys_base = 1;
		return parse_signed(optarg, &arguments->options.phys_base);
	default:
		return take_view_option(&arguments->request, option);
	}
}

static const struct guest_view *find_view(const char *name)
{
	for (size_t i = 0; i < VIEW_COUNT; i++)
		if (strcmp(views[i]->name, name) == 0)
			return views[i];
	return NULL;
}

/* ---- usage ---- */

static void print_usage(FILE *stream, const struct guest_view *view)
{
	fprintf(stream, "usage: semgap guest %s%s%s", view->name, *view->operands ? " " : "",
		view->operands);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (view->options & view_options[i].option)
			fprintf(stream, " [%s]", view_options[i].usage);
	fprintf(stream, " %s\n", common_usage);
}

static int print_view_help(const struct guest_view *view)
{
	printf("semgap guest %s: %s\n\n", view->name, view->summary);
	print_usage(stdout, view);
	if (view->help)
		printf("\n%s", view->help);
	return finish_output(EXIT_DONE);
}

static int print_guest_help(const struct command *command)
{
	printf("semgap guest: %s\n\nusage: semgap guest VIEW [ARGS] %s\n\n", command->summary,
	       common_usage);
	for (size_t i = 0; i < VIEW_COUNT; i++)
		printf("  %-14s %s\n", views[i]->name, views[i]->summary);
	printf("\n%s", strchr(command->usage, '\n') + 2);
	return finish_output(EXIT_DONE);
}

static int GAP_PRINTF(2, 3) say_view_usage(const struct guest_view *view, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say("guest %s: %s", view->name, text);
	print_usage(stderr, view);
	return EXIT_UNUSABLE;
}

/* ---- arguments ---- */

/* The file that a source names is written to in no case: raw:FILE,split=SIZE is one too. */
static bool is_memory_file(const char *memory, const char *output)
{
	const char *name = strncmp(memory, "raw:", 4) == 0 ? memory + 4 : memory;
	char path[4096];

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(name, ","), name);
	return gap_output_same_file(output, memory) || gap_output_same_file(output, name) ||
	       gap_output_same_file(output, path);
}

static bool is_input(const struct arguments *arguments, const char *output)
{
	return gap_output_same_file(output, arguments->profile) ||
	       is_memory_file(arguments->memory, output);
}

static int check_view(const struct arguments *arguments)
{
	const struct guest_view *view = arguments->view;
	const struct guest_request *request = &arguments->request;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (request->given & view_options[i].option & ~view->options)
			return say_view_usage(view, "%s is not for this view",
					      view_options[i].name);
	if (request->operand_count < view->operand_min)
		return say_view_usage(view, "%s is missing", view->operands);
	if (request->operand_count > view->operand_max)
		return say_view_usage(view, "\"%s\" is one argument too many",
				      request->operands[view->operand_max]);
	if (!arguments->memory || !arguments->profile)
		return say_view_usage(view, "--memory and --profile are required");
	if (arguments->options.has_root && arguments->options.has_phys_base)
		return say_view_usage(view, "--phys-base is of no use beside --root: give --slide, "
					    "or leave --root out");
	if (is_input(arguments, request->output))
		return say_view_usage(view, "%s is an input and would be overwritten",
				      request->output);
	if (view->check && !view->check(request))
		return EXIT_UNUSABLE;
	return EXIT_DONE;
}

static int parse(const struct command *command, int argc, char **argv, struct arguments *arguments)
{
	struct guest_request *request = &arguments->request;
	int option, index = -1;

	while ((option = getopt_long(argc, argv, "o:h", options, &index)) != -1) {
		if (option == '?')
			return say_usage(command, "guest: wrong arguments");
		if (!take_option(arguments, option))
			return say_usage(command,
					 "guest: --%s wants a number, decimal or 0x…, not \"%s\"",
					 index < 0 ? "?" : options[index].name, optarg);
		index = -1;
	}
	if (optind == argc)
		return arguments->help ? EXIT_DONE : say_usage(command, "guest: name a view");
	arguments->view = find_view(argv[optind]);
	if (!arguments->view)
		return say_usage(command, "guest: there is no view \"%s\"", argv[optind]);
	request->operands = (const char *const *)argv + optind + 1;
	request->operand_count = argc - optind - 1;
	return arguments->help ? EXIT_DONE : check_view(arguments);
}

static int view_memory(const struct arguments *arguments, const struct gap_profile *profile)
{
	const struct gap_memory *memory = arguments->request.memory;
	struct gap_error error = {{0}};
	struct gap_guest *guest;
	enum gap_status status =
		gap_guest_open(memory, profile, &arguments->options, &guest, &error);
	int result;

	if (status == GAP_MISMATCH && arguments->view->run_mismatched)
		return finish_output(
			arguments->view->run_mismatched(profile, &arguments->request, &error));
	if (status)
		return say_failure(status, &error);
	result = arguments->view->rows
			 ? guest_rows_run(arguments->view->rows, guest, &arguments->request)
			 : arguments->view->run(guest, &arguments->request);
	gap_guest_close(guest);
	return finish_output(result);
}

/* What a view is made of. */
struct look {
	struct arguments *arguments;
	const struct gap_source_memory *source;
	const struct gap_profile *profile;
};

static int look(void *context)
{
	const struct look *look = context;

	look->arguments->request.memory = gap_source_memory_get(look->source);
	return view_memory(look->arguments, look->profile);
}

/* A raw file may be the memory of a guest that runs, and /proc/kcore is a core. */
static bool stands_still(const struct gap_source_memory *source)
{
	static const char *const dumps[] = {"LiME", "AVML", "kdump"};
	const char *format = gap_source_memory_format(source);

	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++)
		if (strcmp(format, dumps[i]) == 0)
			return true;
	return false;
}

static int view_source(struct arguments *arguments, struct gap_source_memory *source,
		       const struct gap_profile *profile)
{
	const char *warning = gap_source_memory_warning(source);
	struct look context = {arguments, source, profile};

	if (warning)
		say_warning(NULL, warning);
	catch_cut_files();
	arguments->request.stands_still = arguments->pause || stands_still(source);
	return arguments->pause ? look_paused(source, look, &context) : look(&context);
}

static int view_inputs(struct arguments *arguments)
{
	struct gap_profile *profile = open_profile(arguments->profile);
	struct gap_source_memory *source;
	struct gap_error error = {{0}};
	enum gap_status status;
	int result;

	if (!profile)
		return EXIT_UNUSABLE;
	status = gap_source_memory_open(arguments->memory, &source, &error);
	if (!status) {
		result = view_source(arguments, source, profile);
		gap_source_memory_close(source);
	} else {
		result = say_failure(status, &error);
	}
	gap_profile_close(profile);
	return result;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	int result = parse(command, argc, argv, &arguments);

	if (result)
		return result;
	if (arguments.help)
		return arguments.view ? print_view_help(arguments.view) : print_guest_help(command);
	result = view_inputs(&arguments);
	if (result == EXIT_UNUSABLE)
		gap_output_discard(arguments.request.output);
	return result;
}

const struct command command_guest = {
	"guest",
	"reads a guest's memory: its processes, threads, modules, variables and more",
	"VIEW [ARGS] --memory SOURCE --profile P.gap [--root PHYS] [--slide N] [--phys-base N] "
	"[--pause] [--json]\n"
	"\n"
	"  --memory       the guest's physical memory: a file (raw, LiME, AVML, ELF core, kdump),\n"
	"                 raw:FILE[,split=SIZE], qemu:QMP-SOCKET or libvirt:DOMAIN\n"
	"  --profile      the profile of the guest's kernel\n"
	"  --root         physical address of the kernel's page-table root\n"
	"  --slide        what KASLR added to the profile's addresses\n"
	"  --phys-base    where the image's link base is in physical memory\n"
	"  --pause        stop a running guest while it is looked at; it always goes on "
	"afterwards\n"
	"\n"
	"Root and slides are found in memory; given ones are confirmed like found ones. Status 3: "
	"the answer\n"
	"is partial. semgap guest VIEW --help tells of each view.\n",
	run,
};
