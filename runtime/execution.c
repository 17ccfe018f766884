/* SPDX-License-Identifier: MIT */
/*
 * What a process executes and with which arguments, as /proc/PID/exe and /proc/PID/cmdline tell.
 * Arguments are in the process's own memory: it may have written anything there.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/maps.h"
#include "semgap/space.h"

enum slot { EXE_FILE, PGD, ARG_START, ARG_END, ENV_START, ENV_END, SLOT_COUNT };

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[EXE_FILE] = {GAP_FIELD_MM_EXE_FILE, 1},   [PGD] = {GAP_FIELD_MM_PGD, 1},
	[ARG_START] = {GAP_FIELD_MM_ARG_START, 1}, [ARG_END] = {GAP_FIELD_MM_ARG_END, 1},
	[ENV_START] = {GAP_FIELD_MM_ENV_START, 1}, [ENV_END] = {GAP_FIELD_MM_ENV_END, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_process *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_process has no room for all fields");

enum gap_status gap_process_init(struct gap_process *process, struct gap_guest *guest,
				 struct gap_error *error)
{
	struct gap_process begun = {.guest = guest};
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);

	if (!status)
		status = gap_paths_init(&begun.paths, guest, error);
	if (!status)
		*process = begun;
	return status;
}

static enum gap_status GAP_PRINTF(3, 4)
	fail(struct gap_process *process, enum gap_status status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(process->reason, sizeof(process->reason), format, arguments);
	va_end(arguments);
	return status;
}

enum gap_status gap_process_exe(struct gap_process *process, struct gap_vaddr mm,
				struct gap_path_text *text)
{
	struct gap_vaddr file = {0};
	struct gap_path place;
	enum gap_status status = GAP_OK;

	text->bytes[0] = '\0';
	text->length = 0;
	text->deleted = text->reachable = 0;
	if (!process->fields[EXE_FILE].present)
		return fail(process, GAP_NOT_FOUND, "the profile has no mm_struct.exe_file");
	if (mm.value)
		status = gap_record_pointer(process->guest, mm, &process->fields[EXE_FILE], &file);
	if (status || !file.value)
		return status ? fail(process, status, "the mm at 0x%" PRIx64 " cannot be read",
				     mm.value)
			      : GAP_OK;
	status = gap_path_of_file(&process->paths, file, &place);
	if (status)
		return fail(process, status, "the file at 0x%" PRIx64 " cannot be read",
			    file.value);
	status = gap_path_print(&process->paths, &place, NULL, text);
	return status ? fail(process, status, "%s", process->paths.reason) : GAP_OK;
}

/* ---- arguments ---- */

/* The bounds of arguments and environment, in the order of their slots. */
struct bounds {
	uint64_t arg_start, arg_end, env_start, env_end;
};

static enum gap_status read_bounds(struct gap_process *process, struct gap_vaddr mm,
				   struct bounds *bounds)
{
	uint64_t *const members[] = {&bounds->arg_start, &bounds->arg_end, &bounds->env_start,
				     &bounds->env_end};

	for (int i = 0; i < 4; i++) {
		enum gap_status status = gap_record_number(
			process->guest, mm, &process->fields[ARG_START + i], members[i]);

		if (status)
			return fail(process, status, "the bounds of the arguments are not known");
	}
	return GAP_OK;
}

/*
 * How far a title reaches that the process wrote over its arguments (setproctitle): to the first
 * zero byte within a page, as get_mm_proctitle() reads it.
 */
static enum gap_status read_title(struct gap_address_space *space, const struct bounds *bounds,
				  char *bytes, size_t capacity, size_t *length)
{
	uint64_t end = bounds->arg_end;
	struct gap_vaddr at = {bounds->arg_start};
	size_t size_bytes, found;
	enum gap_status status;

	if (bounds->env_start == bounds->arg_end && bounds->env_end >= bounds->env_start)
		end = bounds->env_end; /* it may run over the environment */
	size_bytes = end - at.value < GAP_PAGE_BYTES ? (size_t)(end - at.value) : GAP_PAGE_BYTES;
	if (size_bytes > capacity)
		size_bytes = capacity;
	status = gap_space_read(space, at, bytes, size_bytes);
	if (status)
		return status;
	found = strnlen(bytes, size_bytes);
	*length = found < size_bytes ? found + 1 : found;
	return GAP_OK;
}

static enum gap_status read_arguments(struct gap_address_space *space, const struct bounds *bounds,
				      char *bytes, size_t capacity, size_t *length)
{
	struct gap_vaddr last = {bounds->arg_end - 1}, first = {bounds->arg_start};
	uint64_t size_bytes = bounds->arg_end - bounds->arg_start;
	enum gap_status status;
	char end;

	if (!gap_space_read(space, last, &end, 1) && end)
		return read_title(space, bounds, bytes, capacity, length);
	if (size_bytes > capacity)
		size_bytes = capacity;
	status = gap_space_read(space, first, bytes, (size_t)size_bytes);
	if (status)
		return status;
	*length = (size_t)size_bytes;
	return bounds->arg_end - bounds->arg_start > capacity ? GAP_PARTIAL : GAP_OK;
}

enum gap_status gap_process_cmdline(struct gap_process *process, struct gap_vaddr mm, char *bytes,
				    size_t capacity, size_t *length)
{
	struct gap_address_space space;
	struct bounds bounds = {0};
	struct gap_vaddr pgd;
	enum gap_status status;

	if (!mm.value) {
		*length = 0;
		return GAP_OK;
	}
	status = read_bounds(process, mm, &bounds);
	if (status)
		return status;
	if (bounds.arg_start >= bounds.arg_end) {
		*length = 0;
		return GAP_OK;
	}
	status = gap_record_pointer(process->guest, mm, &process->fields[PGD], &pgd);
	if (!status)
		status = gap_guest_user_space(process->guest, pgd, &space, NULL);
	if (status)
		return fail(process, status,
			    "the page tables of the mm at 0x%" PRIx64 " are not known", mm.value);
	status = read_arguments(&space, &bounds, bytes, capacity, length);
	return status ? fail(process, status,
			     status == GAP_PARTIAL ? "arguments are longer than %" PRIu64 " bytes"
						   : "arguments at 0x%" PRIx64 " are not in memory",
			     status == GAP_PARTIAL ? (uint64_t)capacity : bounds.arg_start)
		      : GAP_OK;
}
