/* SPDX-License-Identifier: MIT */
/*
 * QEMU's gdb stub, lent for a moment: started over QMP on a pair of sockets that nobody else can
 * reach, asked, and taken away. The guest stands meanwhile (some milliseconds) and is then as it
 * was. A stub that somebody else uses is left alone.
 */
#ifndef SEMGAP_QEMU_STUB_H
#define SEMGAP_QEMU_STUB_H

#include "memory/qmp.h"

/** What is done while the guest stands; @fd is the stub's. */
typedef enum gap_status gap_qemu_stub_use(void *context, int fd, struct gap_error *error);

/**
 * Errors: GAP_UNSUPPORTED: no stub is to be had (a debugger uses it, the channel cannot carry
 * descriptors, QEMU refuses) or @use failed, and the guest is as it was; GAP_IO: it could not be
 * let go on.
 */
enum gap_status gap_qemu_stub_borrow(const struct gap_qmp *qmp, gap_qemu_stub_use *use,
				     void *context, struct gap_error *error) GAP_MUST_CHECK;

/** Whether the guest runs. */
enum gap_status gap_qemu_is_running(const struct gap_qmp *qmp, int *running,
				    struct gap_error *error) GAP_MUST_CHECK;

#endif
