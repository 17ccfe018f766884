/* SPDX-License-Identifier: MIT */
/*
 * The interpreter: runs a function on expressions instead of numbers, down both ways of each
 * branch and into small callees, and writes down what it saw: loads, stores, calls, comparisons,
 * results. What that means is for others to say.
 */
#ifndef SEMGAP_INFER_CODE_RUN_H
#define SEMGAP_INFER_CODE_RUN_H

#include "infer/code_text.h"
#include "infer/code_values.h"

enum { CODE_CALL_ARGUMENTS_MAX = CODE_ARGUMENT_REGISTERS_MAX + 12 };

enum code_event_kind {
	CODE_E_LOAD,    /* a: the value loaded */
	CODE_E_STORE,   /* a: the address; b: the value */
	CODE_E_CALL,    /* target; arguments; 0: nobody knows whom */
	CODE_E_COMPARE, /* a with b */
	CODE_E_RETURN   /* a */
};

struct code_event {
	uint8_t kind, width, depth; /* depth: 0 in the function itself, 1 in a callee … */
	uint8_t register_arguments; /* the rest are on the stack */
	uint8_t alu;                /* COMPARE: CODE_SUB, or CODE_AND for a test of bits */
	uint32_t order;             /* instructions before it on its path */
	uint64_t at;
	code_value a, b;
	uint64_t target;
	uint32_t first_argument;
};

GAP_VECTOR(code_events, struct code_event);
GAP_VECTOR(code_arguments, code_value);

/** How a callee is treated. */
enum code_callee {
	CODE_C_OPAQUE,   /* its result is a value of its own */
	CODE_C_FOLLOW,   /* it is run in place */
	CODE_C_NOTHING,  /* it changes nothing (mcount, tracing) */
	CODE_C_FIRST,    /* it returns its first argument */
	CODE_C_INDIRECT, /* a retpoline: somewhere unknown */
	CODE_C_RETURN,   /* a return thunk */
	CODE_C_NORETURN
};

struct code_seen; /* where paths have been */
struct code_paths;

struct code_run {
	struct code_text *text;
	const struct code_function *function; /* the one that was run last */
	struct code_values values;
	struct code_events events;
	struct code_arguments arguments;
	/** Says how to treat the function at @target; @small: it is short enough to be followed. */
	enum code_callee (*callee)(void *context, const struct code_function *function, bool small);
	void *context;
	/** Where the running task's address is kept; 0: not known yet. */
	uint64_t current;
	bool current_percpu;
	struct code_seen *seen;
	struct code_paths *paths;
	unsigned visits_max;          /* how often a place is entered, each time in another state */
	uint32_t steps, callee_steps; /* of this run */
	bool lost;                    /* a path went where no code is */
	bool out_of_memory;
};

bool code_run_init(struct code_run *run, struct code_text *text);
void code_run_deinit(struct code_run *run);

/**
 * Runs one function from its start; what was seen before is forgotten. False: it cannot be read, or a
 * path of it left the code that is known: then memory is damaged there, or this was no function, and
 * the rest of what it does means nothing either.
 */
bool code_run_function(struct code_run *run, uint64_t start);

/** Argument @index of a call that was seen, of a callee that takes them in registers first, or (on
 * machines that do so) all on the stack. 0 unknown. */
code_value code_run_argument(const struct code_run *run, const struct code_event *event,
			     unsigned index, bool variadic);

#endif
