/* SPDX-License-Identifier: MIT */
/* semgap guest VIEW: what a guest does, read from its memory. The views are rows of the table at
 * the end. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/guest_pause.h"
#include "cli/guest_view.h"
#include "runtime/include/semgap/source.h"

enum { OPTION_ROOT = 256, OPTION_SLIDE, OPTION_PHYS_BASE, OPTION_PAUSE };

static const struct option options[] = {
	{"memory", required_argument, NULL, 'm'},
	{"profile", required_argument, NULL, 'p'},
	{"root", required_argument, NULL, OPTION_ROOT},
	{"slide", required_argument, NULL, OPTION_SLIDE},
	{"phys-base", required_argument, NULL, OPTION_PHYS_BASE},
	{"pause", no_argument, NULL, OPTION_PAUSE},
	{"json", no_argument, NULL, 'j'},
	{NULL, 0, NULL, 0},
};

static const struct guest_view *const views[] = {&guest_view_ps};

#define VIEW_COUNT (sizeof(views) / sizeof(views[0]))

struct arguments {
	const struct guest_view *view;
	const char *memory, *profile;
	struct gap_guest_options options;
	bool json, pause;
};

/* A number in hexadecimal (0x…) or decimal; a slide may be negative. */
static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	return end != text && *end == '\0' && errno == 0;
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
		arguments->json = true;
		return true;
	case OPTION_PAUSE:
		arguments->pause = true;
		return true;
	case OPTION_ROOT:
		arguments->options.has_root = 1;
		return parse_number(optarg, &arguments->options.root.value);
	case OPTION_SLIDE:
		arguments->options.has_virtual_slide = 1;
		return parse_number(optarg, &arguments->options.virtual_slide);
	case OPTION_PHYS_BASE:
		arguments->options.has_phys_base = 1;
		return parse_number(optarg, &arguments->options.phys_base);
	default:
		return false;
	}
}

static const struct guest_view *find_view(const char *name)
{
	for (size_t i = 0; i < VIEW_COUNT; i++)
		if (strcmp(views[i]->name, name) == 0)
			return views[i];
	return NULL;
}

static int parse(const struct command *command, int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(arguments, option))
			return say_usage(command, "guest: wrong arguments");
	if (optind == argc)
		return say_usage(command, "guest: name a view");
	arguments->view = find_view(argv[optind]);
	if (!arguments->view)
		return say_usage(command, "guest: there is no view \"%s\"", argv[optind]);
	if (optind + 1 != argc)
		return say_usage(command, "guest: \"%s\" is one argument too many",
				 argv[optind + 1]);
	if (!arguments->memory || !arguments->profile)
		return say_usage(command, "guest: --memory and --profile are required");
	return EXIT_DONE;
}

static int view_memory(const struct arguments *arguments, const struct gap_memory *memory,
		       const struct gap_profile *profile)
{
	struct gap_error error = {{0}};
	struct gap_guest *guest;
	enum gap_status status =
		gap_guest_open(memory, profile, &arguments->options, &guest, &error);
	int result;

	if (status)
		return say_failure(status, &error);
	result = arguments->view->run(guest, arguments->json);
	gap_guest_close(guest);
	return finish_output(result);
}

/* What a view is made of. */
struct look {
	const struct arguments *arguments;
	const struct gap_source_memory *source;
	const struct gap_profile *profile;
};

static int look(void *context)
{
	const struct look *look = context;

	return view_memory(look->arguments, gap_source_memory_get(look->source), look->profile);
}

static int view_source(const struct arguments *arguments, struct gap_source_memory *source,
		       const struct gap_profile *profile)
{
	const char *warning = gap_source_memory_warning(source);
	struct look context = {arguments, source, profile};

	if (warning)
		say_warning(NULL, warning);
	catch_cut_files();
	return arguments->pause ? look_paused(source, look, &context) : look(&context);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct gap_source_memory *source;
	struct gap_profile *profile;
	struct gap_error error = {{0}};
	int result = parse(command, argc, argv, &arguments);
	enum gap_status status;

	if (result)
		return result;
	profile = open_profile(arguments.profile);
	if (!profile)
		return EXIT_UNUSABLE;
	status = gap_source_memory_open(arguments.memory, &source, &error);
	if (!status) {
		result = view_source(&arguments, source, profile);
		gap_source_memory_close(source);
	} else {
		result = say_failure(status, &error);
	}
	gap_profile_close(profile);
	return result;
}

const struct command command_guest = {
	"guest",
	"reads a guest's memory: its processes",
	"VIEW --memory SOURCE --profile P.gap [--root PHYS] [--slide N] [--phys-base N] [--pause] "
	"[--json]\n"
	"\n"
	"  ps             processes (thread-group leaders)\n"
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
	"is partial.\n",
	run,
};
