/* SPDX-License-Identifier: MIT */
/*
 * semgap score: holds the fields of one profile against those of another that is known to be true.
 * A field that the truth does not have is right when it is not claimed and its absence is; only
 * what was written down as absent counts as such. Of what the truth itself does not know, as it is
 * a selection, nothing can be said: neither right nor wrong.
 */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/fields_file.h"

enum outcome { RIGHT, WRONG, ABSTAINED, RIGHTLY_ABSENT, UNKNOWN, OUTCOME_COUNT };

static const char *const outcome_names[OUTCOME_COUNT] = {"right", "wrong", "abstained", "absent",
							 "unknown"};

/* A profile, and whether it has all types of its kernel, none of them in part. */
struct side {
	const struct gap_profile *profile;
	bool whole;
};

/* What a profile says of a field. */
struct answer {
	bool claimed, absent;
	const char *name; /* of the field's names the one that is there */
	uint64_t offset_bits;
	double confidence;
};

struct scored {
	const struct infer_field *field;
	struct answer truth, claim;
	enum outcome outcome;
};

struct arguments {
	const char *truth, *fields, *profile;
	bool json;
};

static const double thresholds[] = {0.5, 0.9, 0.95, 0.99, 0.999};

#define THRESHOLD_COUNT (sizeof(thresholds) / sizeof(thresholds[0]))

/* ---- what a profile says ---- */

static double confidence_of(const struct gap_profile *profile, gap_type_id type, const char *name)
{
	struct gap_provenance provenance;
	struct gap_member member;
	struct gap_type row;

	if (!gap_profile_type(profile, type, &row))
		return 1;
	for (uint32_t i = 0; i < row.count; i++)
		if (gap_profile_member(profile, row.first + i, &member) &&
		    strcmp(member.name, name) == 0) {
			gap_profile_provenance(profile, GAP_TABLE_MEMBERS, row.first + i,
					       &provenance);
			return provenance.confidence;
		}
	return 1;
}

static bool is_whole(const struct gap_profile *profile)
{
	uint32_t count = gap_profile_count(profile, GAP_TABLE_TYPES);
	struct gap_type row;

	for (uint32_t i = 0; i < count; i++)
		if (gap_profile_type(profile, i, &row) && row.flags & GAP_TYPE_PARTIAL)
			return false;
	return count != 0;
}

static struct answer answer_of(const struct side *side, const struct infer_field *field)
{
	const struct gap_profile *profile = side->profile;
	struct answer answer = {.confidence = 1};
	struct gap_location location;
	enum gap_status status;
	struct gap_type row;
	gap_type_id type;

	status = gap_profile_find_type(profile, field->type, &type, NULL);
	if (status) {
		answer.absent = status == GAP_NOT_FOUND && side->whole;
		return answer;
	}
	for (unsigned i = 0; i < field->name_count; i++)
		if (!gap_profile_find_member(profile, type, field->names[i], &location, NULL))
			return (struct answer){
				.claimed = true,
				.name = field->names[i],
				.offset_bits = location.offset_bits,
				.confidence = confidence_of(profile, type, field->names[i])};
	/* A whole structure has no other members than it shows. */
	if (gap_profile_type(profile, type, &row) &&
	    !(row.flags & (GAP_TYPE_PARTIAL | GAP_TYPE_INCOMPLETE)))
		answer.absent = true;
	for (unsigned i = 0; i < field->name_count && !answer.absent; i++)
		answer.absent =
			gap_profile_says_absent(profile, type, field->names[i], &answer.confidence);
	return answer;
}

static enum outcome judge(const struct answer *truth, const struct answer *claim)
{
	if (!claim->claimed && !claim->absent)
		return ABSTAINED;
	if (!truth->claimed && !truth->absent)
		return UNKNOWN;
	if (claim->absent)
		return truth->claimed ? WRONG : RIGHTLY_ABSENT;
	return truth->claimed && truth->offset_bits == claim->offset_bits ? RIGHT : WRONG;
}

/* ---- calibration ---- */

struct calibration {
	unsigned claims, right;
	double bound; /* the share is at least this, with 95 % */
};

/* The lower end of Wilson's interval, one-sided. */
static double lower_bound(unsigned right, unsigned claims)
{
	const double z = 1.6448536;
	double n = claims, share, middle, spread;

	if (!claims)
		return 0;
	share = right / n;
	middle = share + z * z / (2 * n);
	spread = z * sqrt((share * (1 - share) + z * z / (4 * n)) / n);
	return (middle - spread) / (1 + z * z / n);
}

static struct calibration calibrate(const struct scored *rows, uint32_t count, double threshold)
{
	struct calibration calibration = {0};

	for (uint32_t i = 0; i < count; i++) {
		if (rows[i].outcome == ABSTAINED || rows[i].outcome == UNKNOWN ||
		    rows[i].claim.confidence < threshold)
			continue;
		calibration.claims++;
		calibration.right += rows[i].outcome != WRONG;
	}
	calibration.bound = lower_bound(calibration.right, calibration.claims);
	return calibration;
}

/* ---- printing ---- */

static void print_place(const struct answer *answer)
{
	char text[32];

	if (answer->claimed)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)answer->offset_bits / 8);
	else
		snprintf(text, sizeof(text), "%s", answer->absent ? "absent" : "-");
	printf(" %8s", text);
}

static void print_text(const struct scored *rows, uint32_t count,
		       const unsigned counts[OUTCOME_COUNT])
{
	printf("%-44s %-9s %8s %8s  confidence\n", "field", "outcome", "truth", "claim");
	for (uint32_t i = 0; i < count; i++) {
		printf("%-44s %-9s", rows[i].field->line, outcome_names[rows[i].outcome]);
		print_place(&rows[i].truth);
		print_place(&rows[i].claim);
		if (rows[i].outcome != ABSTAINED)
			printf("  %.4f", rows[i].claim.confidence);
		putchar('\n');
	}
	printf("\n%u fields: right %u, absent %u, wrong %u, abstained %u", count, counts[RIGHT],
	       counts[RIGHTLY_ABSENT], counts[WRONG], counts[ABSTAINED]);
	if (counts[UNKNOWN])
		printf(", unknown to the truth %u", counts[UNKNOWN]);
	putchar('\n');
	for (size_t i = 0; i < THRESHOLD_COUNT; i++) {
		struct calibration at = calibrate(rows, count, thresholds[i]);

		printf("claimed at %.3f or more: %u, right %u; with 95 %% at least %.3f of such\n",
		       thresholds[i], at.claims, at.right, at.bound);
	}
}

static void print_number(struct gap_json *json, const char *key, double value)
{
	gap_json_key(json, key);
	gap_json_share(json, value);
}

static void print_answer(struct gap_json *json, const char *key, const struct answer *answer)
{
	gap_json_key(json, key);
	if (answer->claimed)
		gap_json_number(json, answer->offset_bits);
	else
		gap_json_null(json);
}

static void print_row(struct gap_json *json, const struct scored *row)
{
	gap_json_open(json, '{');
	gap_json_key_name(json, "field", row->field->line);
	gap_json_key_name(json, "outcome", outcome_names[row->outcome]);
	print_answer(json, "truth_offset_bits", &row->truth);
	print_answer(json, "offset_bits", &row->claim);
	/* One offset may go by several names: which it is written under tells what is made of it. */
	if (row->truth.claimed)
		gap_json_key_name(json, "truth_name", row->truth.name);
	if (row->claim.claimed)
		gap_json_key_name(json, "name", row->claim.name);
	if (row->claim.claimed || row->claim.absent)
		print_number(json, "confidence", row->claim.confidence);
	gap_json_close(json, '}');
}

static void print_json(const struct scored *rows, uint32_t count,
		       const unsigned counts[OUTCOME_COUNT], const char *warning)
{
	struct gap_json json;

	json_begin(&json, "semgap/score/1", false, warning, "fields");
	for (uint32_t i = 0; i < count; i++)
		print_row(&json, &rows[i]);
	gap_json_close(&json, ']');
	gap_json_key(&json, "total");
	gap_json_open(&json, '{');
	for (int i = 0; i < OUTCOME_COUNT; i++)
		gap_json_key_number(&json, outcome_names[i], counts[i]);
	gap_json_close(&json, '}');
	gap_json_key(&json, "calibration");
	gap_json_open(&json, '[');
	for (size_t i = 0; i < THRESHOLD_COUNT; i++) {
		struct calibration at = calibrate(rows, count, thresholds[i]);

		gap_json_open(&json, '{');
		print_number(&json, "at_least", thresholds[i]);
		gap_json_key_number(&json, "claims", at.claims);
		gap_json_key_number(&json, "right", at.right);
		print_number(&json, "bound", at.bound);
		gap_json_close(&json, '}');
	}
	json_end(&json);
}

/* ---- the work ---- */

/* Whether both are of one kernel, as far as they say; else what differs, in words. */
static bool are_one_kernel(const struct gap_profile *truth, const struct gap_profile *profile,
			   char *warning, size_t capacity)
{
	struct gap_target known, other;

	gap_profile_target(truth, &known);
	gap_profile_target(profile, &other);
	if (known.machine && other.machine && known.machine != other.machine)
		snprintf(warning, capacity,
			 "the truth is of another architecture: ELF machine %u, not %u",
			 known.machine, other.machine);
	else if (*known.release && *other.release && strcmp(known.release, other.release) != 0)
		snprintf(warning, capacity, "the truth is of another kernel: %.100s, not %.100s",
			 known.release, other.release);
	else
		return true;
	return false;
}

static void tell(const struct arguments *arguments, const struct scored *rows, uint32_t count,
		 const char *warning)
{
	unsigned counts[OUTCOME_COUNT] = {0};

	for (uint32_t i = 0; i < count; i++)
		counts[rows[i].outcome]++;
	if (arguments->json)
		print_json(rows, count, counts, warning);
	else
		print_text(rows, count, counts);
}

static enum gap_status score(const struct arguments *arguments, const struct gap_profile *truth,
			     const struct gap_profile *profile, struct gap_error *error)
{
	const struct side known = {truth, is_whole(truth)}, told = {profile, is_whole(profile)};
	struct infer_fields fields = {0};
	char warning[256];
	bool one_kernel = are_one_kernel(truth, profile, warning, sizeof(warning));
	struct scored *rows;
	enum gap_status status = arguments->fields
					 ? read_fields_file(arguments->fields, &fields, error)
					 : infer_fields_default(&fields, error);

	if (status)
		return status;
	rows = calloc(fields.count + 1, sizeof(*rows));
	if (!rows) {
		infer_fields_deinit(&fields);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	for (uint32_t i = 0; i < fields.count; i++) {
		rows[i].field = &fields.rows[i];
		rows[i].truth = answer_of(&known, &fields.rows[i]);
		rows[i].claim = answer_of(&told, &fields.rows[i]);
		rows[i].outcome = judge(&rows[i].truth, &rows[i].claim);
	}
	if (!one_kernel)
		say_warning(NULL, warning);
	tell(arguments, rows, fields.count, one_kernel ? NULL : warning);
	free(rows);
	infer_fields_deinit(&fields);
	return GAP_OK;
}

static int parse(const struct command *command, int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"truth", required_argument, NULL, 't'},
		{"fields", required_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			arguments->truth = optarg;
		else if (option == 'f')
			arguments->fields = optarg;
		else if (option == 'j')
			arguments->json = true;
		else
			return say_usage(command, "score: wrong arguments");
	}
	if (!arguments->truth)
		return say_usage(command, "score: --truth TRUTH.gap is required");
	if (optind + 1 != argc)
		return say_usage(command, "score: name one profile, not %d", argc - optind);
	arguments->profile = argv[optind];
	return EXIT_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct gap_profile *truth, *profile;
	struct gap_error error = {{0}};
	enum gap_status status;
	int wrong = parse(command, argc, argv, &arguments);

	if (wrong)
		return wrong;
	truth = open_profile(arguments.truth);
	profile = truth ? open_profile(arguments.profile) : NULL;
	if (!profile) {
		gap_profile_close(truth);
		return EXIT_UNUSABLE;
	}
	status = score(&arguments, truth, profile, &error);
	gap_profile_close(profile);
	gap_profile_close(truth);
	return status ? say_failure(status, &error) : finish_output(EXIT_DONE);
}

const struct command command_score = {
	"score",
	"holds the fields of a profile against one that is known to be true",
	"--truth TRUTH.gap [--fields F] [--json] P.gap\n"
	"\n"
	"Each field is right, wrong, abstained (P.gap says nothing of it), absent (P.gap says that "
	"this\n"
	"kernel has none, and so it is) or unknown (the truth is a selection without it); then of "
	"those\n"
	"claimed at a confidence or more, how many are right.\n"
	"\n"
	"  --truth TRUTH.gap  extracted from the kernel's own debug information\n"
	"  --fields F         lines of struct.member|other.name; default: those of infer\n"
	"  --json             one JSON object on stdout\n",
	run,
};
