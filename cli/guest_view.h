/* SPDX-License-Identifier: MIT */
/* A view of a guest: one file and one row in cmd_guest.c. */
#ifndef SEMGAP_GUEST_VIEW_H
#define SEMGAP_GUEST_VIEW_H

#include <stdbool.h>

#include "runtime/include/semgap/guest.h"

/** Options that a view may take beside the common ones. One given to a view that does not list it
 * is refused. */
enum guest_option {
	GUEST_OPTION_PID = 1,    /* --pid N */
	GUEST_OPTION_CPU = 2,    /* --cpu N */
	GUEST_OPTION_ALL = 4,    /* --all */
	GUEST_OPTION_OUTPUT = 8, /* -o, --output FILE */
};

/** What the user asked of a view. */
struct guest_request {
	bool json;
	unsigned given; /* enum guest_option */
	uint64_t pid, cpu;
	const char *output;
	const char *const *operands;
	int operand_count;
	const struct gap_memory *memory; /* of the guest */
	bool stands_still;               /* nothing changes it meanwhile, as far as is known */
};

struct guest_view {
	const char *name;
	const char *operands; /* as the usage shows them: "PID"; "" none */
	const char *summary;
	const char *help; /* further lines for --help, each ended; NULL none */
	int operand_min, operand_max;
	unsigned options; /* enum guest_option */
	/** A view that is a list of rows. NULL: it has a run() of its own. */
	const struct guest_rows_view *rows;
	/** Whether these arguments make sense together; says what does not. NULL: they do. */
	bool (*check)(const struct guest_request *request);
	/** Prints the view and returns the exit status. */
	int (*run)(struct gap_guest *guest, const struct guest_request *request);
	/** What to do instead when the guest is of another build than the profile: NULL refuses. */
	int (*run_mismatched)(const struct gap_profile *profile,
			      const struct guest_request *request, const struct gap_error *error);
};

extern const struct guest_view guest_view_ps;
extern const struct guest_view guest_view_threads;
extern const struct guest_view guest_view_dump_process;
extern const struct guest_view guest_view_current;
extern const struct guest_view guest_view_dmesg;
extern const struct guest_view guest_view_sockets;
extern const struct guest_view guest_view_info;
extern const struct guest_view guest_view_whereis;
extern const struct guest_view guest_view_translate;
extern const struct guest_view guest_view_read;
extern const struct guest_view guest_view_print;
extern const struct guest_view guest_view_modules;
extern const struct guest_view guest_view_maps, guest_view_files, guest_view_mounts;

/** A number in hexadecimal (0x…) or decimal; a slide may be negative. */
bool guest_parse_number(const char *text, uint64_t *number);
/** How many characters of @text are such a number; 0: none, or one of more than 64 bits. */
size_t guest_number_length(const char *text, uint64_t *number);

#endif
