/* SPDX-License-Identifier: MIT */
/* --explain: the witnesses of each field, the candidates, and what became of them. */
#include <stdio.h>
#include <string.h>

#include "cli/infer_explain.h"
#include "infer/code_explain.h"

static bool profile_has(const struct gap_profile *profile, const struct infer_field *field)
{
	struct gap_location location;
	gap_type_id type;

	if (gap_profile_find_type(profile, field->type, &type, NULL))
		return false;
	for (unsigned i = 0; i < field->name_count; i++)
		if (!gap_profile_find_member(profile, type, field->names[i], &location, NULL))
			return true;
	return false;
}

/* The field that shares a name with @field, or INFER_NONE. */
static uint32_t same_field(const struct infer_fields *fields, const struct infer_field *field)
{
	for (unsigned i = 0; i < field->name_count; i++) {
		uint32_t found = infer_fields_find(fields, field->type, field->names[i], NULL);

		if (found != INFER_NONE)
			return found;
	}
	return INFER_NONE;
}

int infer_answer_to(const struct infer_result *result, const struct infer_fields *fields,
		    const struct infer_field *field)
{
	uint32_t index;

	if (profile_has(result->opened, field))
		return INFER_CLAIMED;
	if (result->from_types) /* all types are known: what is not there is absent */
		return INFER_ABSENT;
	index = same_field(fields, field);
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

static void print_claim(struct infer_result *result, const struct infer_claim *claim,
			const struct infer_verdict *verdict, bool wholly)
{
	bool agrees = verdict->has_best && claim->absent == verdict->best_absent &&
		      (claim->absent || claim->offset_bits == verdict->offset_bits);

	printf("  %c ", agrees ? '+' : '-');
	print_place(claim->absent, claim->offset_bits);
	printf("  weight %.2f  %s", claim->weight / 100.0,
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
		.answer = INFER_ABSENT, .has_best = true, .best_absent = true, .confidence = 1};
	struct gap_location location;
	gap_type_id type;

	if (gap_profile_find_type(result->opened, field->type, &type, NULL))
		return verdict;
	for (unsigned i = 0; i < field->name_count && verdict.best_absent; i++)
		if (!gap_profile_find_member(result->opened, type, field->names[i], &location,
					     NULL)) {
			verdict.answer = INFER_CLAIMED;
			verdict.best_absent = false;
			verdict.offset_bits = (uint32_t)location.offset_bits;
		}
	return verdict;
}

static void print_field(struct infer_result *result, const struct infer_field *field,
			uint32_t index, bool wholly)
{
	struct infer_verdict verdict =
		result->from_types ? verdict_of_types(result, field) : result->verdicts[index];

	print_verdict(field, &verdict);
	for (uint32_t i = 0; i < infer_claims_count(result->claims); i++) {
		const struct infer_claim *claim = infer_claims_at(result->claims, i);

		if (claim->field == index)
			print_claim(result, claim, &verdict, wholly);
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

static bool is_wanted(const struct infer_field *field, const char *name)
{
	size_t length = strlen(field->type);
	bool wanted = !name;

	if (name && strncmp(name, field->type, length) == 0 && name[length] == '.')
		for (unsigned i = 0; i < field->name_count; i++)
			wanted |= strcmp(name + length + 1, field->names[i]) == 0;
	return wanted;
}

enum gap_status infer_explain_check(const struct infer_fields *fields, const char *name,
				    struct gap_error *error)
{
	for (uint32_t i = 0; i < fields->count; i++)
		if (is_wanted(&fields->rows[i], name))
			return GAP_OK;
	return gap_fail(error, GAP_NOT_FOUND,
			"--explain %s: not among the fields asked for; --fields takes a list that "
			"has it",
			name ? name : "");
}

void infer_explain(struct infer_result *result, const struct infer_fields *fields, const char *name)
{
	if (result->from_types)
		print_anchors(result);
	for (uint32_t i = 0; i < fields->count; i++)
		if (is_wanted(&fields->rows[i], name))
			print_field(result, &fields->rows[i], i, name != NULL);
}
