/* SPDX-License-Identifier: MIT */
/*
 * Outcomes. Every semgap function that can fail returns an enum gap_status and, where more is worth
 * saying, fills an optional caller-owned struct gap_error. Outputs are untouched on failure. There
 * is no global or thread-local state, and errno is never an output.
 */
#ifndef SEMGAP_STATUS_H
#define SEMGAP_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

enum gap_status {
	GAP_OK = 0,
	GAP_NOT_FOUND,   /* a name, or a thing asked for, does not exist */
	GAP_AMBIGUOUS,   /* a name has several definitions; the error lists them */
	GAP_INVALID,     /* the caller's argument makes no sense */
	GAP_CORRUPT,     /* an input breaks its own format, or was altered */
	GAP_UNSUPPORTED, /* valid, but nothing here reads it */
	GAP_IO,          /* the operating system refused: open, read, write, map */
	GAP_NO_MEMORY,
	GAP_UNREADABLE, /* a guest address is not mapped, or its memory is not in the source */
	GAP_PARTIAL,    /* a walk ended early: broken, looped or over its bound */
	GAP_MISMATCH,   /* profile and guest, or two inputs, are of different builds */
	GAP_CANCELLED   /* the caller's progress function asked to stop */
};

/** Detail of a failure: one line of text without newline. Caller-owned; pass NULL to do without. */
struct gap_error {
	char text[1024];
};

#if defined(__GNUC__)
#define GAP_MUST_CHECK __attribute__((warn_unused_result))
#define GAP_API __attribute__((visibility("default")))
#define GAP_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define GAP_MUST_CHECK
#define GAP_API
#define GAP_PRINTF(format_at, first_at)
#endif

/** Short English name of a status ("not found"); a static string. */
GAP_API const char *gap_status_name(enum gap_status status);

/**
 * Writes a formatted text into @error (may be NULL) and returns @status, so that failing functions
 * end in `return gap_fail(error, GAP_…, "…")`. Over-long text is cut.
 */
GAP_API enum gap_status gap_fail(struct gap_error *error, enum gap_status status,
				 const char *format, ...) GAP_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
