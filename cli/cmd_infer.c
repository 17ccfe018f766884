/* SPDX-License-Identifier: MIT */
/* semgap infer: a profile from a guest's memory alone. What it explains is infer_explain.c's. */
#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/fields_file.h"
#include "cli/infer_explain.h"
#include "profile/output.h"
#include "runtime/include/semgap/source.h"

#define PRIORS_MAX 16
#define EXPLAINED_MAX 64

struct arguments {
	struct infer_options options;
	const struct gap_profile *priors[PRIORS_MAX];
	const char *prior_paths[PRIORS_MAX];
	size_t prior_count;
	const char *source, *output, *fields, *require;
	bool explain;
	const char *explained[EXPLAINED_MAX]; /* none: all fields */
	unsigned explained_count;
	const char *taken; /* for the field of --explain, which an operand may look like */
};

enum {
	OPTION_NO_BTF = 256,
	OPTION_NO_VMCOREINFO,
	OPTION_NO_KALLSYMS,
	OPTION_NO_KSYMTAB,
	OPTION_PRIOR,
	OPTION_FIELDS,
	OPTION_REQUIRE,
	OPTION_MIN_CONFIDENCE,
	OPTION_EXPLAIN
};

static const struct option options[] = {
	{"no-btf", no_argument, NULL, OPTION_NO_BTF},
	{"no-vmcoreinfo", no_argument, NULL, OPTION_NO_VMCOREINFO},
	{"no-kallsyms", no_argument, NULL, OPTION_NO_KALLSYMS},
	{"no-ksymtab", no_argument, NULL, OPTION_NO_KSYMTAB},
	{"prior", required_argument, NULL, OPTION_PRIOR},
	{"fields", required_argument, NULL, OPTION_FIELDS},
	{"require", required_argument, NULL, OPTION_REQUIRE},
	{"min-confidence", required_argument, NULL, OPTION_MIN_CONFIDENCE},
	{"explain", optional_argument, NULL, OPTION_EXPLAIN},
	{"output", required_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

static bool take_prior(struct arguments *arguments)
{
	if (arguments->prior_count == PRIORS_MAX) {
		say("--prior: no more than %d", PRIORS_MAX);
		return false;
	}
	arguments->prior_paths[arguments->prior_count++] = optarg;
	return true;
}

static bool take_confidence(struct arguments *arguments)
{
	char *end;

	arguments->options.min_confidence = strtod(optarg, &end);
	if (end != optarg && !*end && arguments->options.min_confidence >= 0 &&
	    arguments->options.min_confidence <= 1)
		return true;
	say("--min-confidence %s: not a probability, which goes from 0 to 1", optarg);
	return false;
}

/* "--explain FIELD" as well as "--explain=FIELD": letters and a dot, and no file is called so. */
static bool is_field(const char *text)
{
	for (const char *at = text; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("_.|", *at))
			return false;
	return strchr(text, '.') && text[0] != '.' && access(text, F_OK) != 0;
}

static bool take_explain(struct arguments *arguments, int argc, char **argv)
{
	const char *field = optarg;

	arguments->explain = true;
	if (!field && optind < argc && is_field(argv[optind]))
		field = arguments->taken = argv[optind++];
	if (!field)
		return true;
	if (arguments->explained_count == EXPLAINED_MAX) {
		say("--explain: no more than %d fields; without one it tells of all",
		    EXPLAINED_MAX);
		return false;
	}
	arguments->explained[arguments->explained_count++] = field;
	return true;
}

static bool take_option(struct arguments *arguments, int option, int argc, char **argv)
{
	switch (option) {
	case OPTION_NO_BTF:
		return arguments->options.no_btf = true;
	case OPTION_NO_VMCOREINFO:
		return arguments->options.no_vmcoreinfo = true;
	case OPTION_NO_KALLSYMS:
		return arguments->options.no_kallsyms = true;
	case OPTION_NO_KSYMTAB:
		return arguments->options.no_ksymtab = true;
	case OPTION_PRIOR:
		return take_prior(arguments);
	case OPTION_FIELDS:
		arguments->fields = optarg;
		return true;
	case OPTION_REQUIRE:
		arguments->require = optarg;
		return true;
	case OPTION_MIN_CONFIDENCE:
		return take_confidence(arguments);
	case OPTION_EXPLAIN:
		return take_explain(arguments, argc, argv);
	case 'o':
		arguments->output = optarg;
		return true;
	default:
		return false;
	}
}

static bool is_input(const struct arguments *arguments, const char *path)
{
	bool input = gap_output_same_file(path, arguments->source) ||
		     gap_output_same_file(path, arguments->fields) ||
		     gap_output_same_file(path, arguments->require);

	for (size_t i = 0; i < arguments->prior_count; i++)
		input |= gap_output_same_file(path, arguments->prior_paths[i]);
	return input;
}

/* EXIT_DONE when the arguments are complete. */
static int parse(const struct command *command, int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
		if (!take_option(arguments, option, argc, argv))
			return say_usage(command, "infer: wrong arguments");
	if (optind == argc && arguments->taken)
		return say_usage(
			command,
			"infer: name a source of memory; there is no file \"%s\", which was "
			"taken for the field of --explain",
			arguments->taken);
	if (optind + 1 != argc)
		return say_usage(command, "infer: name one source of memory, not %d",
				 argc - optind);
	arguments->source = argv[optind];
	if (!arguments->output)
		return say_usage(command, "infer: -o OUT.gap is required: a profile is binary");
	if (strcmp(arguments->output, "-") == 0)
		return say_usage(command, "infer: a profile is binary and goes to a file");
	if (is_input(arguments, arguments->output))
		return say_usage(command, "infer: %s is an input and would be overwritten",
				 arguments->output);
	return EXIT_DONE;
}

/* ---- what is asked for ---- */

static enum gap_status read_wanted(const struct arguments *arguments, struct infer_fields *fields,
				   struct infer_fields *required, struct gap_error *error)
{
	enum gap_status status = arguments->fields
					 ? read_fields_file(arguments->fields, fields, error)
					 : infer_fields_default(fields, error);

	if (!status && arguments->require)
		status = read_fields_file(arguments->require, required, error);
	if (!status)
		status = infer_fields_join(fields, required, error);
	for (unsigned i = 0; i < arguments->explained_count && !status; i++)
		status = infer_explain_check(fields, arguments->explained[i], error);
	return status;
}

/* How many of the required fields the profile neither has nor proves to be absent. */
static unsigned count_unclaimed(const struct infer_result *result,
				const struct infer_fields *fields,
				const struct infer_fields *required)
{
	unsigned unclaimed = 0;

	for (uint32_t i = 0; i < required->count; i++) {
		int answer = infer_answer_to(result, fields, &required->rows[i]);

		if (answer == INFER_ABSTAINED)
			say("required and not inferred: %s", required->rows[i].line);
		else if (answer == INFER_ABSENT)
			say("required, and known to be absent from this kernel: %s",
			    required->rows[i].line);
		unclaimed += answer == INFER_ABSTAINED;
	}
	return unclaimed;
}

/* ---- telling ---- */

static void tell_types(const struct arguments *arguments, const struct infer_result *result)
{
	char modules[48] = "";

	if (result->modules)
		snprintf(modules, sizeof(modules), " and that of %u module%s", result->modules,
			 result->modules == 1 ? "" : "s");
	fprintf(stderr,
		"semgap: %s: %u types from the guest's BTF%s (%u checks against its memory agree), "
		"%u symbols\n",
		arguments->output, gap_profile_count(result->opened, GAP_TABLE_TYPES), modules,
		result->anchors.agree, gap_profile_count(result->opened, GAP_TABLE_SYMBOLS));
}

static void tell_fields(const struct arguments *arguments, const struct infer_result *result,
			const struct infer_fields *fields)
{
	unsigned counts[3] = {0};

	for (uint32_t i = 0; i < fields->count; i++)
		counts[infer_answer_to(result, fields, &fields->rows[i])]++;
	fprintf(stderr,
		"semgap: %s: %u of %u fields, %u more known to be absent, %u symbols (%s)\n",
		arguments->output, counts[INFER_CLAIMED], fields->count, counts[INFER_ABSENT],
		gap_profile_count(result->opened, GAP_TABLE_SYMBOLS), result->symbols_from);
	if (counts[INFER_ABSTAINED])
		say_warning(NULL, "the evidence on the other fields is not enough; --explain tells "
				  "which and why");
}

static void tell_identity(const struct infer_result *result)
{
	fprintf(stderr, "semgap: %.*s\n", (int)strcspn(result->survey.text, "\n"),
		result->survey.text);
	if (!result->coreinfo.build_id_bytes)
		return;
	fputs("semgap: build-id ", stderr);
	for (unsigned i = 0; i < result->coreinfo.build_id_bytes; i++)
		fprintf(stderr, "%02x", result->coreinfo.build_id[i]);
	fputs(": a debuginfod server may have its types\n", stderr);
}

/* ---- the work ---- */

static enum gap_status write_profile(const char *path, const struct infer_result *result,
				     struct gap_error *error)
{
	struct gap_output output;
	enum gap_status status = gap_output_begin(&output, path, error);

	if (status)
		return status;
	fwrite(result->profile, 1, result->profile_bytes, output.stream);
	return gap_output_commit(&output, error);
}

static enum gap_status finish(const struct arguments *arguments, struct infer_result *result,
			      const struct infer_fields *fields,
			      const struct infer_fields *required, int *exit_status,
			      struct gap_error *error)
{
	enum gap_status status = write_profile(arguments->output, result, error);

	if (status)
		return status;
	end_progress();
	tell_identity(result);
	if (result->from_types)
		tell_types(arguments, result);
	else
		tell_fields(arguments, result, fields);
	if (arguments->explain)
		infer_explain(result, fields, arguments->explained, arguments->explained_count);
	if (count_unclaimed(result, fields, required))
		*exit_status = EXIT_PARTIAL;
	return status;
}

static enum gap_status infer(const struct arguments *arguments, int *exit_status,
			     struct gap_error *error)
{
	struct infer_fields fields = {0}, required = {0};
	struct gap_source_memory *source = NULL;
	struct infer_result result;
	enum gap_status status = read_wanted(arguments, &fields, &required, error);

	if (!status)
		status = gap_source_memory_open(arguments->source, &source, error);
	if (!status) {
		if (gap_source_memory_warning(source))
			say_warning(NULL, gap_source_memory_warning(source));
		status = infer_run(&result, gap_source_memory_get(source), &fields,
				   &arguments->options, error);
		if (!status) {
			status = finish(arguments, &result, &fields, &required, exit_status, error);
			infer_result_deinit(&result);
		}
	}
	gap_source_memory_close(source);
	infer_fields_deinit(&fields);
	infer_fields_deinit(&required);
	return status;
}

/* Says what is wrong with one that cannot be used. */
static bool open_priors(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->prior_count; i++) {
		arguments->priors[i] = open_profile(arguments->prior_paths[i]);
		if (!arguments->priors[i])
			return false;
		arguments->options.prior_count++;
	}
	arguments->options.priors = arguments->priors;
	return true;
}

static void close_priors(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->options.prior_count; i++) {
		union {
			const struct gap_profile *shared;
			struct gap_profile *owned;
		} prior = {.shared = arguments->priors[i]};

		gap_profile_close(prior.owned);
	}
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {
		.options = {.progress = show_progress,
			    .warn = say_warning,
			    .min_confidence = INFER_MIN_CONFIDENCE},
	};
	struct gap_error error = {{0}};
	int exit_status = EXIT_DONE, wrong = parse(command, argc, argv, &arguments);
	enum gap_status status;

	if (wrong)
		return wrong;
	if (!open_priors(&arguments)) {
		exit_status = EXIT_UNUSABLE;
	} else {
		status = infer(&arguments, &exit_status, &error);
		end_progress();
		if (status)
			exit_status = say_failure(status, &error);
	}
	close_priors(&arguments);
	if (exit_status == EXIT_UNUSABLE)
		gap_output_discard(arguments.output);
	return finish_output(exit_status);
}

const struct command command_infer = {
	"infer",
	"makes a profile of a guest's memory alone, saying how sure it is",
	"[--no-btf] [--no-vmcoreinfo] [--no-kallsyms] [--no-ksymtab] [--prior P.gap]...\n"
	"             [--fields F] [--require F] [--min-confidence P] [--explain [FIELD]] -o "
	"OUT.gap SOURCE\n"
	"\n"
	"SOURCE is a file (format probed), qemu:QMP-SOCKET or libvirt:DOMAIN. Where the kernel "
	"carries\n"
	"BTF and its memory agrees with it, every type is taken from there; else fields are "
	"inferred one\n"
	"by one from the kernel's code and its live objects.\n"
	"\n"
	"  -o, --output OUT.gap  the profile to write; written whole or not at all\n"
	"  --no-btf, --no-vmcoreinfo, --no-kallsyms, --no-ksymtab\n"
	"                        do without what the kernel says of itself there\n"
	"  --prior P.gap         a profile of a kernel that may be near; soft evidence\n"
	"  --fields F            fields to infer, lines of struct.member|other.name\n"
	"  --require F           infer these as well; status 3 when one of them is not inferred\n"
	"  --min-confidence P    abstain below this probability; default 0.9\n"
	"  --explain [FIELD]     print witnesses, candidates and why they lost; repeats\n",
	run,
};
