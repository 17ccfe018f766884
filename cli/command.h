/* SPDX-License-Identifier: MIT */
/* The commands' table and what they share: words on stderr, exit statuses, JSON's frame. */
#ifndef SEMGAP_COMMAND_H
#define SEMGAP_COMMAND_H

#include <stdbool.h>

#include "emit/jsonout.h"
#include "runtime/include/semgap/profile.h"

/** Exit statuses, a contract with scripts. */
enum exit_status { EXIT_DONE = 0, EXIT_FINDING = 1, EXIT_UNUSABLE = 2, EXIT_PARTIAL = 3 };

struct command {
	const char *name, *summary,
		*usage; /* usage: what follows the name; further lines explain the options */
	int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_infer, command_score;
extern const struct command command_extract, command_info, command_show, command_find, command_emit,
	command_scan, command_check_header, command_verify, command_guest;

/** Says "semgap: text" on stderr. */
void say(const char *format, ...) GAP_PRINTF(1, 2);
/** Says it as a warning; fits the warn functions of the libraries. */
void say_warning(void *context, const char *text);
/** Says what went wrong and returns the exit status for it. */
int say_failure(enum gap_status status, const struct gap_error *error);
/** Says what is wrong with the arguments, and how they go; returns EXIT_UNUSABLE. */
int say_usage(const struct command *command, const char *format, ...) GAP_PRINTF(2, 3);
/** Prints the help of a command and returns EXIT_DONE. */
int print_help(const struct command *command);

/** Progress of a long work, on a terminal, from the second second on. Fits the progress functions
 * of the libraries. */
bool show_progress(void *context, const char *what, uint64_t done, uint64_t total);
/** Ends its line. */
void end_progress(void);

/** Whether output to stdout may be coloured. */
bool colour_wanted(void);

/** Begins and ends the frame of --json: schema, partial, warnings and then the rows under @rows. */
void json_begin(struct gap_json *json, const char *schema, bool partial, const char *warning,
		const char *rows);
void json_end(struct gap_json *json);

/** Flushes stdout; a full disk or closed pipe is a failure. Returns @status or EXIT_UNUSABLE. */
int finish_output(int status);

/** Opens a profile or says why not. */
struct gap_profile *open_profile(const char *path);

/**
 * Splits "TYPE[.member…]" where the type ends (its @FILE may hold dots) and finds the type. @member
 * is "" or the path.
 */
enum gap_status find_type_and_member(const struct gap_profile *profile, const char *text,
				     gap_type_id *type, const char **member,
				     struct gap_error *error) GAP_MUST_CHECK;

#endif
