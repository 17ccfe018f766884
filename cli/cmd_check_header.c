/* SPDX-License-Identifier: MIT */
/* semgap check-header: a header somebody wrote or generated long ago, held against a kernel. */
#include <elf.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/header_check.h"

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},
	{NULL, 0, NULL, 0},
};

struct checking {
	const char *header;
	char **flags; /* behind "--" */
	int flag_count;
	bool as_json;
	unsigned complaints;
	const char *kernel; /* in words */
	struct gap_json json;
};

/* ---- findings ---- */

static const char *const whats[] = {"absent", "offset", "size", "width", "value", "address"};

static void print_place(char *text, size_t capacity, uint64_t offset_bits)
{
	if (offset_bits % 8)
		snprintf(text, capacity, "byte %" PRIu64 " bit %" PRIu64, offset_bits / 8,
			 offset_bits % 8);
	else
		snprintf(text, capacity, "byte %" PRIu64, offset_bits / 8);
}

static void print_quantity(const struct header_finding *finding, uint64_t value, char *text,
			   size_t capacity)
{
	switch (finding->what) {
	case HEADER_OFFSET:
		print_place(text, capacity, value);
		break;
	case HEADER_SIZE:
		snprintf(text, capacity, "%" PRIu64 " byte%s", value, value == 1 ? "" : "s");
		break;
	case HEADER_WIDTH:
		snprintf(text, capacity, value ? "%" PRIu64 " bit%s" : "no bit-field", value,
			 value == 1 ? "" : "s");
		break;
	case HEADER_ADDRESS:
		snprintf(text, capacity, "0x%" PRIx64, value);
		break;
	default:
		snprintf(text, capacity, finding->is_signed ? "%" PRId64 : "%" PRIu64, value);
	}
}

static void print_finding(const struct checking *checking, const struct header_finding *finding)
{
	char here[64], there[64];

	print_quantity(finding, finding->header, here, sizeof(here));
	print_quantity(finding, finding->kernel, there, sizeof(there));
	if (finding->what == HEADER_ABSENT)
		printf("%s:%u: %s: not in %s\n", finding->file, finding->line, finding->name,
		       checking->kernel);
	else
		printf("%s:%u: %s: %s, in %s %s\n", finding->file, finding->line, finding->name,
		       here, checking->kernel, there);
}

static void write_quantity(struct gap_json *json, const char *key,
			   const struct header_finding *finding, uint64_t value)
{
	static const char *const keys[] = {NULL, "offset_bits", "size_bytes", "width_bits"};

	gap_json_key(json, key);
	gap_json_open(json, '{');
	if (finding->what < HEADER_VALUE) {
		gap_json_key_number(json, keys[finding->what], value);
	} else {
		gap_json_key(json, whats[finding->what]);
		gap_json_hex(json, value);
	}
	gap_json_close(json, '}');
}

static void write_finding(struct gap_json *json, const struct header_finding *finding)
{
	gap_json_line(json);
	gap_json_open(json, '{');
	gap_json_key_name(json, "what", whats[finding->what]);
	gap_json_key_name(json, "name", finding->name);
	gap_json_key_name(json, "file", finding->file);
	gap_json_key_number(json, "line", finding->line);
	if (finding->what != HEADER_ABSENT) {
		write_quantity(json, "header", finding, finding->header);
		write_quantity(json, "kernel", finding, finding->kernel);
	}
	gap_json_close(json, '}');
}

static void found(void *context, const struct header_finding *finding)
{
	struct checking *checking = context;

	if (checking->as_json)
		write_finding(&checking->json, finding);
	else
		print_finding(checking, finding);
}

/* ---- parsing ---- */

static void complain(void *context, const char *text)
{
	struct checking *checking = context;

	checking->complaints++;
	say("%s", text);
}

static const char *target_of(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64-linux-gnu";
	case EM_386:
		return "i386-linux-gnu";
	case EM_AARCH64:
		return "aarch64-linux-gnu";
	default:
		return NULL;
	}
}

/* As the guest's compiler would: its longs and pointers. Headers of the compiler itself are there
 * without a C library for that machine. */
static enum gap_status collect_arguments(const struct checking *checking, uint16_t machine,
					 struct gap_cfront_arguments *arguments,
					 struct gap_error *error)
{
	static const char *const always[] = {"-xc", "-std=gnu11", "-w", "-ffreestanding",
					     "-DGAP_HEADER_NO_READERS"};
	enum gap_status status = GAP_OK;

	for (size_t i = 0; !status && i < sizeof(always) / sizeof(always[0]); i++)
		status = gap_cfront_argument_add(arguments, always[i], error);
	if (!status && target_of(machine))
		status = gap_cfront_argument_add(arguments, "-target", error);
	if (!status && target_of(machine))
		status = gap_cfront_argument_add(arguments, target_of(machine), error);
	for (int i = 0; !status && i < checking->flag_count; i++)
		status = gap_cfront_argument_add(arguments, checking->flags[i], error);
	return status;
}

static enum gap_status open_header(struct checking *checking, uint16_t machine,
				   struct gap_cfront_unit **unit, struct gap_error *error)
{
	struct gap_cfront_arguments arguments = {NULL, 0, 0};
	enum gap_status status = collect_arguments(checking, machine, &arguments, error);

	if (!status)
		status = gap_cfront_open(checking->header,
					 &(struct gap_cfront_options){
						 .arguments = (const char *const *)arguments.items,
						 .argument_count = arguments.count,
						 .skip_bodies = true,
						 .macros = true,
						 .complain = complain,
						 .context = checking,
					 },
					 unit, error);
	gap_cfront_arguments_deinit(&arguments);
	return status;
}

/* ---- the command ---- */

static const char *warning_of(const struct header_check *check, char *text, size_t capacity)
{
	if (check->records + check->enumerators + check->constants == 0)
		snprintf(text, capacity, "nothing in it that a kernel could contradict");
	else if (check->unchecked)
		snprintf(text, capacity, "%u name%s that the profile knows nothing about",
			 check->unchecked, check->unchecked == 1 ? "" : "s");
	else
		return NULL;
	return text;
}

static void nothing(void *context, const struct header_finding *finding)
{
	(void)context;
	(void)finding;
}

/* Warnings stand before the findings in JSON, so these are counted first. */
static enum gap_status begin_json(struct checking *checking, const struct gap_profile *profile,
				  struct gap_cfront_unit *unit, struct gap_error *error)
{
	struct header_check count = {.profile = profile, .find = nothing};
	enum gap_status status = header_check(&count, unit, error);
	char text[100];

	if (!status)
		json_begin(&checking->json, "semgap/check-header/1", false,
			   warning_of(&count, text, sizeof(text)), "findings");
	return status;
}

static int tell(struct checking *checking, const struct header_check *check)
{
	char text[100];
	const char *warning = warning_of(check, text, sizeof(text));

	if (checking->as_json)
		json_end(&checking->json);
	else if (warning)
		say_warning(NULL, warning);
	say("%s: %u structures with %u members, %u enumerators and %u constants against %s: "
	    "%u finding%s",
	    checking->header, check->records, check->members, check->enumerators, check->constants,
	    checking->kernel, check->findings, check->findings == 1 ? "" : "s");
	return finish_output(check->findings ? EXIT_FINDING : EXIT_DONE);
}

static int check_unit(struct checking *checking, const struct gap_profile *profile,
		      struct gap_cfront_unit *unit)
{
	struct header_check check = {.profile = profile, .find = found, .context = checking};
	struct gap_error error = {{0}};
	enum gap_status status = GAP_OK;

	if (checking->as_json)
		status = begin_json(checking, profile, unit, &error);
	if (!status)
		status = header_check(&check, unit, &error);
	return status ? say_failure(status, &error) : tell(checking, &check);
}

static int check_header(struct checking *checking, const struct gap_profile *profile)
{
	struct gap_cfront_unit *unit = NULL;
	struct gap_error error = {{0}};
	struct gap_target target;
	enum gap_status status;
	int result;

	gap_profile_target(profile, &target);
	checking->kernel = *target.release ? target.release : "this kernel";
	status = open_header(checking, target.machine, &unit, &error);
	if (status)
		return checking->complaints ? EXIT_UNUSABLE : say_failure(status, &error);
	result = check_unit(checking, profile, unit);
	gap_cfront_close(unit);
	return result;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct checking checking = {.header = NULL};
	struct gap_profile *profile;
	int end = 1, option, status;

	while (end < argc && strcmp(argv[end], "--") != 0)
		end++;
	checking.flags = argv + end + 1;
	checking.flag_count = end < argc ? argc - end - 1 : 0;
	while ((option = getopt_long(end, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return say_usage(command, "check-header: wrong arguments");
		checking.as_json |= option == 'j';
	}
	if (optind + 2 != end)
		return say_usage(command, "check-header: name a header and a profile");
	checking.header = argv[optind];
	profile = open_profile(argv[optind + 1]);
	if (!profile)
		return EXIT_UNUSABLE;
	status = check_header(&checking, profile);
	gap_profile_close(profile);
	return status;
}

const struct command command_check_header = {
	"check-header",
	"holds a C header against a kernel: what of it no longer fits",
	"[--json] HEADER P.gap [-- CFLAGS]\n"
	"\n"
	"Each structure, member, enumerator, and constant GAP_… in HEADER and in what it includes "
	"(but\n"
	"not system headers) is looked up in P.gap. Status 1: something does not fit; 2: HEADER "
	"does\n"
	"not parse.\n"
	"\n"
	"  --json        one JSON object\n"
	"  -- CFLAGS     flags for HEADER: -- -I include; the guest's architecture is preset\n",
	run,
};
