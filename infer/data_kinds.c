/* SPDX-License-Identifier: MIT */
/* Kinds of namespaces: an object of each kind leads to operations in the image that tell its name. */
#include "infer/data_solver.h"

#define OBJECT_BYTES 1024u
#define OPERATIONS_WORDS 16u

/* Where operations that @object leads to have the text @kind; several places are none. */
static uint32_t name_of_kind(struct data_solver *solver, uint64_t object, const char *kind)
{
	uint32_t found = DATA_UNKNOWN;
	uint64_t operations, name;
	char text[16];

	for (uint32_t at = 0; at < OBJECT_BYTES; at += solver->word) {
		if (!data_read_word(solver, object + at, &operations) ||
		    !data_in_image(solver, operations) || operations % solver->word)
			continue;
		for (uint32_t i = 0; i < OPERATIONS_WORDS; i++)
			if (data_read_word(solver, operations + (uint64_t)i * solver->word,
					   &name) &&
			    data_in_image(solver, name) &&
			    data_read_text(solver, name, text, sizeof(text)) > 0 &&
			    strcmp(text, kind) == 0) {
				if (found != DATA_UNKNOWN && found != i * solver->word)
					return DATA_UNKNOWN;
				found = i * solver->word;
			}
	}
	return found;
}

/* All kinds must have it at one place. */
void data_solve_kinds(struct data_solver *solver)
{
	const struct {
		uint64_t object;
		const char *kind;
	} rows[] = {
		{solver->uts_ns, "uts"},
		{solver->pid_ns, "pid"},
		{solver->nets.count ? solver->nets.at[0] : 0, "net"},
	};
	uint32_t offset = DATA_UNKNOWN, agree = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t found = rows[i].object ? name_of_kind(solver, rows[i].object, rows[i].kind)
						: DATA_UNKNOWN;

		if (found == DATA_UNKNOWN)
			continue;
		if (agree && found != offset)
			return;
		offset = found;
		agree++;
	}
	if (agree >= 2)
		data_claim(solver, DATA_RULE_ns_operations, "proc_ns_operations", "name",
			   solver->word, &(struct data_column){offset, agree, 0}, 0);
}
