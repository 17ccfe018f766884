/* SPDX-License-Identifier: MIT */
/* Names of outcomes, and the one function that writes an error's text. */
#include <stdarg.h>
#include <stdio.h>

#include "semgap/status.h"

const char *gap_status_name(enum gap_status status)
{
	static const char *const names[] = {
		[GAP_OK] = "done",
		[GAP_NOT_FOUND] = "not found",
		[GAP_AMBIGUOUS] = "ambiguous",
		[GAP_INVALID] = "invalid argument",
		[GAP_CORRUPT] = "corrupt",
		[GAP_UNSUPPORTED] = "not supported",
		[GAP_IO] = "input/output error",
		[GAP_NO_MEMORY] = "out of memory",
		[GAP_UNREADABLE] = "not readable",
		[GAP_PARTIAL] = "partial",
		[GAP_MISMATCH] = "mismatch",
		[GAP_CANCELLED] = "cancelled",
	};

	if ((unsigned)status >= sizeof(names) / sizeof(names[0]))
		return "unknown status";
	return names[status];
}

enum gap_status gap_fail(struct gap_error *error, enum gap_status status, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return status;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return status;
}
