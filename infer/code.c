/* SPDX-License-Identifier: MIT */
/*
 * Evidence from code: what functions that we know by name do with structures that their prototypes
 * name. The votes of code_learn.c become claims here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/code_learn.h"
#include "infer/kernel.h"

/* Where nothing was counted yet (weights.def): hundredths of a nat. */
enum { WEIGHT = 450, WEIGHT_LEFT_OVER = 200 };

static bool read_guest(void *context, uint64_t address, void *buffer, size_t size_bytes)
{
	const struct infer_kernel *kernel = context;

	return gap_guest_read(kernel->guest, (struct gap_vaddr){address}, buffer, size_bytes) ==
	       GAP_OK;
}

/* A kernel with the one member has not the other. */
static void claim_gone(const struct code_learnt *learnt, const struct infer_fields *fields,
		       struct infer_claims *claims, const struct code_gone *gone)
{
	const struct code_member *member = &learnt->rows->members.items[gone->member];
	const struct code_member *because = &learnt->rows->members.items[gone->because];
	char text[192], class_name[96];
	unsigned name = 0;
	uint32_t field = infer_fields_find(fields, code_rows_string(learnt->rows, member->type),
					   member->field, &name);

	if (field == INFER_NONE || !learnt->beliefs[gone->because].firm)
		return;
	snprintf(text, sizeof(text), "kernels with %s.%s have none",
		 code_rows_string(learnt->rows, because->type), because->field);
	snprintf(class_name, sizeof(class_name), "code:has %s.%s",
		 code_rows_string(learnt->rows, because->type), because->field);
	infer_claims_add(claims,
			 &(struct infer_claim){.field = field,
					       .name_index = (uint8_t)name,
					       .absent = true,
					       .kind = INFER_CODE,
					       .weight = WEIGHT,
					       .class_id = infer_claims_class(claims, class_name),
					       .support = 1,
					       .witness = text});
}

static uint32_t width_bits(const struct code_member *member, const struct code_vote *vote,
			   uint8_t pointer_bytes)
{
	if (member->shape == CODE_S_POINTER || member->shape == CODE_S_LONG)
		return pointer_bytes * 8u;
	if (member->shape == CODE_S_NUMBER)
		return (member->width ? member->width : vote->width) * 8u;
	return 0;
}

static uint32_t count_others(const struct code_learnt *learnt, const struct code_vote *vote,
			     bool agree)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < learnt->votes.count; i++)
		count += learnt->votes.items[i].member == vote->member &&
			 (learnt->votes.items[i].offset == vote->offset) == agree;
	return count;
}

static void describe(const struct code_learnt *learnt, const struct code_vote *vote, char *text,
		     size_t capacity)
{
	const struct code_statement *statement =
		vote->statement == INFER_NONE ? NULL
					      : &learnt->rows->statements.items[vote->statement];
	size_t length = statement ? strcspn(statement->line, ";") : 0;

	if (statement)
		snprintf(text, capacity, "%s: %.*s", vote->function, (int)length, statement->line);
	else
		snprintf(text, capacity, "%s: the only one of its type", vote->function);
}

/* The wrappers that one system call has are one witness. */
static const char *family_of(const char *function)
{
	const char *call = strstr(function, "sys_");

	return call && (function[0] == '_' || function[0] == 'S') && strncmp(function, "__sys_", 6)
		       ? call
		       : function;
}

/* A function that shows a member directly needs not show it by what is left over, too. */
static bool is_superfluous(const struct code_learnt *learnt, const struct code_vote *vote)
{
	for (uint32_t i = 0; vote->by_elimination && i < learnt->votes.count; i++) {
		const struct code_vote *other = &learnt->votes.items[i];

		if (other->member == vote->member && other->function == vote->function &&
		    !other->by_elimination)
			return true;
	}
	return false;
}

static const struct {
	const char *type, *member, *function;
} told_names[] = {
#define GAP_TOLD_NAME(type, member, function) {type, member, function},
#include "kernels/told-names.def"
};

/* Where the kernel has the functions of one of the field's names and of no other: which it is. */
static unsigned told_name(const struct infer_symbols *symbols, const struct infer_field *field)
{
	unsigned told = INFER_NAMES_MAX, found = 0;

	for (size_t i = 0; i < sizeof(told_names) / sizeof(told_names[0]); i++)
		for (unsigned k = 0; k < field->name_count; k++) {
			uint32_t count = 0;

			if (strcmp(field->type, told_names[i].type) != 0 ||
			    strcmp(field->names[k], told_names[i].member) != 0)
				continue;
			infer_symbols_named(symbols, told_names[i].function, &count);
			if (!count || told == k)
				continue;
			told = k;
			found++;
		}
	return found == 1 ? told : INFER_NAMES_MAX;
}

/* What is known of the name goes before what the width lets suppose. */
static void add_claim(const struct code_learnt *learnt, const struct infer_fields *fields,
		      struct infer_claims *claims, struct infer_claim *claim)
{
	unsigned told = told_name(learnt->text.symbols, &fields->rows[claim->field]);

	if (told < INFER_NAMES_MAX) {
		claim->named = true;
		claim->name_index = (uint8_t)told;
		claim->width_bits = 0; /* seen of its beginning, perhaps */
	}
	infer_claims_add(claims, claim);
}

static void claim(const struct code_learnt *learnt, const struct infer_fields *fields,
		  struct infer_claims *claims, const struct code_vote *vote)
{
	const struct code_member *member = &learnt->rows->members.items[vote->member];
	char text[192], class_name[96];
	unsigned name = 0;
	uint32_t field = infer_fields_find(fields, code_rows_string(learnt->rows, member->type),
					   member->field, &name);

	if (field == INFER_NONE || is_superfluous(learnt, vote))
		return;
	describe(learnt, vote, text, sizeof(text));
	snprintf(class_name, sizeof(class_name), "code:%s%s", family_of(vote->function),
		 vote->by_elimination ? ", left over" : "");
	add_claim(learnt, fields, claims,
		  &(struct infer_claim){.field = field,
					.name_index = (uint8_t)name,
					.kind = INFER_CODE,
					.offset_bits = vote->offset * 8,
					.width_bits = width_bits(
						member, vote, learnt->text.machine->pointer_bytes),
					.weight = vote->by_elimination ? WEIGHT_LEFT_OVER : WEIGHT,
					.class_id = infer_claims_class(claims, class_name),
					.at = vote->at,
					.support = count_others(learnt, vote, true),
					.dissent = count_others(learnt, vote, false),
					.witness = text});
}

/* What has no symbol, and where functions tell that it is. */
static void claim_object(const struct code_learnt *learnt, struct infer_claims *claims,
			 uint32_t object)
{
	uint32_t tellers = code_learnt_tellers(learnt, object);

	if (tellers)
		infer_claims_symbol(claims, learnt->rows->objects.items[object].name,
				    learnt->matcher.objects[object].address,
				    (int32_t)tellers * WEIGHT_LEFT_OVER);
}

/* What types say of the members that the table knows; NULL without memory. */
static struct code_belief *said_by(const struct gap_profile *types, const struct code_rows *rows)
{
	struct code_belief *said = calloc(rows->members.count + 1, sizeof(*said));

	for (uint32_t i = 0; said && i < rows->members.count; i++) {
		const struct code_member *member = &rows->members.items[i];
		struct gap_location location;
		gap_type_id type;

		if (gap_profile_find_type(types, code_rows_string(rows, member->type), &type,
					  NULL) ||
		    gap_profile_find_member(types, type, member->field, &location, NULL) ||
		    location.offset_bits % 8 || location.offset_bits / 8 >= CODE_OFFSET_MAX)
			continue;
		said[i] = (struct code_belief){.known = true,
					       .offset = (uint32_t)(location.offset_bits / 8)};
	}
	return said;
}

/* Functions that have to be named by others first are read as if there were no types to be tried. */
static enum gap_status learn(struct code_learnt *learnt, const struct code_rows *rows,
			     struct infer_kernel *kernel)
{
	const struct code_machine *machine = code_machine_of(kernel->machine);
	struct code_reader reader = {read_guest, kernel};
	struct code_belief *said;
	enum gap_status status;

	if (!kernel->tried || infer_symbols_are_sparse(kernel->symbols))
		return code_learn(learnt, rows, machine, reader, kernel->symbols);
	said = said_by(kernel->tried, rows);
	status = said ? code_learn_try(learnt, rows, machine, reader, kernel->symbols, said)
		      : GAP_NO_MEMORY;
	free(said);
	return status;
}

enum gap_status infer_code_evidence(struct infer_kernel *kernel, const struct infer_fields *fields,
				    struct infer_claims *claims, struct gap_error *error)
{
	struct code_rows rows;
	struct code_learnt learnt = {0};
	enum gap_status status;

	if (!code_machine_of(kernel->machine) || !infer_symbols_count(kernel->symbols))
		return GAP_OK;
	status = code_rows_init(&rows);
	if (status == GAP_OK)
		status = learn(&learnt, &rows, kernel);
	for (uint32_t i = 0; status == GAP_OK && i < learnt.votes.count; i++)
		claim(&learnt, fields, claims, &learnt.votes.items[i]);
	for (uint32_t i = 0; status == GAP_OK && i < rows.gones.count; i++)
		claim_gone(&learnt, fields, claims, &rows.gones.items[i]);
	for (uint32_t i = 0; status == GAP_OK && i < rows.objects.count; i++)
		claim_object(&learnt, claims, i);
	if (status == GAP_OK)
		status = infer_claims_status(claims);
	code_learnt_deinit(&learnt);
	if (rows.problem[0])
		gap_fail(error, status, "kernels/witnesses.def: %s", rows.problem);
	else if (status)
		gap_fail(error, status, "out of memory over the kernel's code");
	code_rows_deinit(&rows);
	return status;
}
