/* SPDX-License-Identifier: MIT */
/*
 * All functions of the table, run and matched until nothing new is learnt. What one function shows
 * gives types to values in the next; in the end every vote is cast again on what is then believed.
 */
#ifndef SEMGAP_INFER_CODE_LEARN_H
#define SEMGAP_INFER_CODE_LEARN_H

#include "infer/code_match.h"

/** How often a place is entered in functions with statements. */
enum { CODE_VISITS = 8 };

/** One function's word on one member. */
struct code_vote {
	uint32_t member, offset;
	uint32_t statement; /* INFER_NONE: by its type alone */
	uint8_t width;
	bool by_elimination;
	const char *function;
	uint64_t at;
};

/** One function's word on what another one is. */
struct code_naming {
	uint32_t statement;
	uint64_t address;
	const char *name, *by;
};

/** One function's word on where an object is that has no symbol. */
struct code_placing {
	uint32_t object;
	uint64_t address;
	const char *by;
};

GAP_VECTOR(code_placings, struct code_placing);
GAP_VECTOR(code_votes, struct code_vote);
GAP_VECTOR(code_namings, struct code_naming);

struct code_learnt {
	const struct code_rows *rows;
	struct code_text text;
	struct code_run run;
	struct code_matcher matcher;
	struct code_votes votes;
	struct code_namings namings; /* of the last pass */
	struct code_placings placings;
	struct code_belief *beliefs; /* by member */
	bool *undecided;             /* by row: what is learnt of other members could decide it */
	uint32_t functions_run;
};

/** Learns what @rows say of the kernel behind @reader. GAP_NO_MEMORY. */
enum gap_status code_learn(struct code_learnt *learnt, const struct code_rows *rows,
			   const struct code_machine *machine, struct code_reader reader,
			   const struct infer_symbols *symbols) GAP_MUST_CHECK;
/**
 * Holds code against what is said of members (@said, by member) instead. That only leads to where members are
 * read and tells none from another; so one pass does, and another over what knowing other members decides.
 */
enum gap_status code_learn_try(struct code_learnt *learnt, const struct code_rows *rows,
			       const struct code_machine *machine, struct code_reader reader,
			       const struct infer_symbols *symbols,
			       const struct code_belief *said) GAP_MUST_CHECK;
void code_learnt_deinit(struct code_learnt *learnt);
/** How many functions told of @object, which has no symbol; 0: it has one, or nobody knows where it is. */
uint32_t code_learnt_tellers(const struct code_learnt *learnt, uint32_t object);

#endif
