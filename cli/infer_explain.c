/* SPDX-License-Identifier: MIT */
/* --explain: the witnesses of each field, the candidates, and what became of them. */
#include <stdio.h>
#include <string.h>

#include "cli/infer_explain.h"
#include "infer/code_explain.h"

/* Where the profile has a field, whichever of its names it goes by. */
static bool find_in_profile(const struct gap_profile *profile, const struct infer_field *field,
			    uint32_t *offset_bits)
{
	struct gap_location location;
	gap_type_id type;

	if (gap_profile_find_type(profile, field->type, &type, NULL))
		return false;
	for (unsigned i = 0; i < field->name_count; i++)
		if (!gap_profile_find_member(profile, type, field->names[i], &location, NULL)) {
			*offset_bits = (uint32_t)location.offset_bits;
			return true;
		}
	return false;
}

int infer_answer_to(const struct infer_result *result, const struct infer_fields *fields,
		    const struct infer_field *field)
{
	uint32_t index, offset_bits;

	if (find_in_profile(result->opened, field, &offset_bits))
		return INFER_CLAIMED;
	if (result->from_types) /* all types are known: what is not there is absent */
		return INFER_ABSENT;
	index = infer_fields_same(fields, field);
	return index == INFER_NONE ? INFER_ABSTAINED : (int)result->verdicts[index].answer;
}

/* ---- one field ---- */

static void print_place(bool absent, uint32_t offset_bits)
{
	if (absent)
		fputs("absent", stdout);
	else if (offset_bits % 8)
		printf("%u bytes and %u bits", offset_bits / 8, offset_bits % 8);
	else
		printf("%u", offset_bits / 8);
}

static void print_verdict(const struct infer_field *field, const struct infer_verdict *verdict)
{
	printf("%s: ", field->line);
	if (verdict->answer != INFER_ABSTAINED)
		print_place(verdict->best_absent, verdict->offset_bits);
	else
		printf("no answer: %s", verdict->why);
	if (verdict->has_best && verdict->answer == INFER_ABSTAINED) {
		fputs(" (best: ", stdout);
		print_place(verdict->best_absent, verdict->offset_bits);
		putchar(')');
	}
	if (verdict->has_best)
		printf("; confidence %.4f, %u classes for it, %u against", verdict->confidence,
		       verdict->classes, verdict->conflicts);
	if (verdict->has_runner_up) {
		fputs("; next ", stdout);
		print_place(verdict->runner_up_absent, verdict->runner_up_bits);
	}
	putchar('\n');
}

static void print_address(const struct infer_result *result, uint64_t address)
{
	uint64_t end;
	const struct infer_symbol *symbol =
		infer_symbols_covering(result->kernel.symbols, address, &end);

	printf("at 0x%llx", (unsigned long long)address);
	if (symbol && end != UINT64_MAX &&
	    address - result->image.address < result->image.size_bytes)
		printf(" <%s+0x%llx>", symbol->name,
		       (unsigned long long)(address - symbol->address));
}

#define LINES_BEFORE 4 /* of a function, around the instruction that decides */
#define LINES_BEHIND 2

static void print_instruction(void *context, uint64_t address, const char *text, bool deciding)
{
	(void)context;
	printf("      %s %llx  %s\n", deciding ? "=>" : "  ", (unsigned long long)address, text);
}

static bool agrees_with(const struct infer_claim *claim, const struct infer_verdict *verdict)
{
	return verdict->has_best && claim->absent == verdict->best_absent &&
	       (claim->absent || claim->offset_bits == verdict->offset_bits);
}

static void print_claim(struct infer_result *result, const struct infer_fields *fields,
			const struct infer_claim *claim, const struct infer_verdict *verdict,
			bool wholly)
{
	printf("  %c ", agrees_with(claim, verdict) ? '+' : '-');
	print_place(claim->absent, claim->offset_bits);
	printf("  weight %.2f  %s", infer_fuse_weight(fields, result->claims, claim) / 100.0,
	       infer_claims_class_name(result->claims, claim->class_id));
	if (claim->support > 1 || claim->dissent)
		printf(", %u agree, %u do not", claim->support, claim->dissent);
	putchar('\n');
	if (*claim->witness)
		printf("      %s\n", claim->witness);
	if (claim->at) {
		fputs("      ", stdout);
		print_address(result, claim->at);
		putchar('\n');
	}
	if (wholly && claim->at && claim->kind == INFER_CODE &&
	    infer_code_explain(&result->kernel, claim->at, LINES_BEFORE, LINES_BEHIND,
			       print_instruction, NULL))
		puts("      (the code is not there any more)");
}

/* What the guest's own types say, as if it were a verdict. */
static struct infer_verdict verdict_of_types(const struct infer_result *result,
					     const struct infer_field *field)
{
	struct infer_verdict verdict = {
		.answer = INFER_ABSENT, .has_best = true, .best_absent = true};

	if (find_in_profile(result->opened, field, &verdict.offset_bits)) {
		verdict.answer = INFER_CLAIMED;
		verdict.best_absent = false;
	}
	return verdict;
}

/* What needed no evidence: the guest's types tell, or all kernels have it there. */
static void print_known(const struct infer_field *field, const struct infer_verdict *verdict,
			const char *source)
{
	printf("%s: ", field->line);
	print_place(verdict->best_absent, verdict->offset_bits);
	printf("; %s\n", source);
}

static void print_field(struct infer_result *result, const struct infer_fields *fields,
			uint32_t index, bool wholly)
{
	const struct infer_field *field = &fields->rows[index];
	struct infer_verdict verdict = verdict_of_types(result, field);

	if (result->from_types) {
		print_known(field, &verdict, "the guest's BTF says so");
	} else if (result->verdicts[index].answer == INFER_ABSTAINED && !verdict.best_absent) {
		print_known(field, &verdict, "in every kernel that has it");
	} else {
		verdict = result->verdicts[index];
		print_verdict(field, &verdict);
	}
	for (uint32_t i = 0; i < infer_claims_count(result->claims); i++) {
		const struct infer_claim *claim = infer_claims_at(result->claims, i);

		if (claim->field == index)
			print_claim(result, fields, claim, &verdict, wholly);
	}
}

/* ---- types that the guest carries ---- */

static void print_anchors(const struct infer_result *result)
{
	static const char *const outcomes[] = {"says nothing", "agrees", "DISAGREES"};

	puts("Every type is the guest's own BTF. What memory says to it:");
	for (unsigned i = 0; i < result->anchors.count; i++) {
		const struct infer_anchor *anchor = &result->anchors.rows[i];

		printf("  %-12s %s %s: %s %s\n", outcomes[anchor->outcome], anchor->symbol,
		       anchor->path, anchor->test, anchor->argument);
	}
}

/* Is @name, of the @length bytes behind the type, one of the field's? */
static bool has_name(const struct infer_field *field, const char *name, size_t length)
{
	for (unsigned i = 0; i < field->name_count; i++)
		if (strlen(field->names[i]) == length &&
		    strncmp(field->names[i], name, length) == 0)
			return true;
	return false;
}

static bool is_of_type(const struct infer_field *field, const char *name)
{
	size_t length = strlen(field->type);

	return strncmp(name, field->type, length) == 0 && name[length] == '.';
}

/* "type.member", or with further names behind '|', each of which will do. */
static bool is_wanted(const struct infer_field *field, const char *name)
{
	const char *at = name + strlen(field->type);

	if (!is_of_type(field, name))
		return false;
	do {
		at++;
		if (has_name(field, at, strcspn(at, "|")))
			return true;
		at += strcspn(at, "|");
	} while (*at);
	return false;
}

#define CANDIDATES_MAX 8

/* How many of the first letters of @name one of the field's names has. */
static size_t letters_shared(const struct infer_field *field, const char *name)
{
	size_t most = 0;

	for (unsigned i = 0; i < field->name_count; i++) {
		size_t count = 0;

		while (name[count] && field->names[i][count] == name[count])
			count++;
		most = count > most ? count : most;
	}
	return most;
}

/* How near @name ("type.member") is to a field; 0: neither its type nor its name is meant. */
static size_t nearness(const struct infer_field *field, const char *name)
{
	const char *member = strchr(name, '.') ? strchr(name, '.') + 1 : name;

	if (is_of_type(field, name))
		return 1 + letters_shared(field, member);
	return has_name(field, member, strlen(member)) ? 1 + strlen(member) : 0;
}

/* The nearest first. */
static unsigned list_candidates(const struct infer_fields *fields, const char *name, char *text,
				size_t capacity)
{
	unsigned count = 0;
	size_t length = 0;

	for (size_t near = 1 + strlen(name); near > 0 && count < CANDIDATES_MAX; near--)
		for (uint32_t i = 0; i < fields->count && count < CANDIDATES_MAX; i++)
			if (nearness(&fields->rows[i], name) == near)
				length += (size_t)snprintf(text + length, capacity - length,
							   "%s%.60s", count++ ? ", " : "",
							   fields->rows[i].line);
	return count;
}

enum gap_status infer_explain_check(const struct infer_fields *fields, const char *name,
				    struct gap_error *error)
{
	char candidates[CANDIDATES_MAX * 64] = "";

	for (uint32_t i = 0; i < fields->count; i++)
		if (is_wanted(&fields->rows[i], name))
			return GAP_OK;
	if (list_candidates(fields, name, candidates, sizeof(candidates)))
		return gap_fail(
			error, GAP_NOT_FOUND,
			"--explain %.100s: not among the fields that are looked for; near it "
			"are %s",
			name, candidates);
	return gap_fail(error, GAP_NOT_FOUND,
			"--explain %.100s: not among the fields that are looked for; a field is "
			"type.member, and --fields takes a list that has it",
			name);
}

static bool is_explained(const struct infer_field *field, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (is_wanted(field, names[i]))
			return true;
	return count == 0;
}

void infer_explain(struct infer_result *result, const struct infer_fields *fields,
		   const char *const *names, unsigned count)
{
	if (result->from_types)
		print_anchors(result);
	for (uint32_t i = 0; i < fields->count; i++)
		if (is_explained(&fields->rows[i], names, count))
			print_field(result, fields, i, count != 0);
}
