/* SPDX-License-Identifier: MIT */
/*
 * Sources of guest memory (libsemgap-source): a file or a live guest, opened as the struct
 * gap_memory that the runtime reads. Formats are probed by content.
 *
 * Reading a source's memory is safe from several threads at once; opening, closing, pausing and
 * refreshing it is for one thread, while no other uses it. Files are mapped where they can be: a
 * file must not be cut while it is open, or the system ends the reader with SIGBUS (the semgap
 * command catches that; a library must not).
 */
#ifndef SEMGAP_SOURCE_H
#define SEMGAP_SOURCE_H

#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gap_source_memory;

/**
 * Opens SOURCE, which is one of
 *
 *     FILE                  raw, LiME, AVML, ELF core or kdump, told apart by content
 *     raw:FILE[,split=SIZE] raw whatever it looks like; with a split (as 2G) the file's first SIZE
 *                           bytes are at 0 and the rest is at 4 GiB, as a backend file of QEMU
 *                           has it for guests with more RAM than fits below the PCI hole
 *     qemu:SOCKET           a running guest, over a QMP socket that nobody else holds. One of
 *                           arm64 stands for some milliseconds while its registers are taken
 *     libvirt:DOMAIN        a running guest, over libvirt (default connection)
 *
 * The result is closed with gap_source_memory_close(); its memory lives until then. A file that is
 * cut short, or says things twice, opens with a warning. Errors: GAP_IO, GAP_CORRUPT,
 * GAP_UNSUPPORTED (also a format or libvirt that this build left out), GAP_INVALID (not a file),
 * GAP_NO_MEMORY; GAP_NOT_FOUND (no such domain).
 */
GAP_API enum gap_status gap_source_memory_open(const char *source,
					       struct gap_source_memory **opened,
					       struct gap_error *error) GAP_MUST_CHECK;
/** Also lets a guest go on that gap_source_memory_pause() stopped. NULL is fine. */
GAP_API void gap_source_memory_close(struct gap_source_memory *opened);
GAP_API const struct gap_memory *gap_source_memory_get(const struct gap_source_memory *opened);
/** What was recognised and how it is read: "raw", "LiME", "AVML", "ELF core", "kdump", "qemu,
 * shared file", "qemu, process memory", "libvirt, …". A static string. */
GAP_API const char *gap_source_memory_format(const struct gap_source_memory *opened);
/** One line on what is wrong with a source that answers all the same, or NULL. Lives with it. */
GAP_API const char *gap_source_memory_warning(const struct gap_source_memory *opened);

/**
 * Stops a running guest and takes its registers anew. A guest that does not run is left as it is,
 * now and on resume. Errors: GAP_UNSUPPORTED (a file), GAP_IO.
 */
GAP_API enum gap_status gap_source_memory_pause(struct gap_source_memory *opened,
						struct gap_error *error) GAP_MUST_CHECK;
/** Lets a guest go on that was stopped by gap_source_memory_pause(); else does nothing. GAP_IO. */
GAP_API enum gap_status gap_source_memory_resume(struct gap_source_memory *opened,
						 struct gap_error *error) GAP_MUST_CHECK;
/** Takes the registers of a live guest anew; a file's stay. Nobody may be reading them. GAP_IO. */
GAP_API enum gap_status gap_source_memory_refresh(struct gap_source_memory *opened,
						  struct gap_error *error) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
