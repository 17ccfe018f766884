/* SPDX-License-Identifier: MIT */
/* A running guest behind any QMP channel: what the sources by name and the tests open. */
#ifndef SEMGAP_QEMU_LIVE_H
#define SEMGAP_QEMU_LIVE_H

#include "memory/probe.h"
#include "memory/qmp.h"

enum gap_live_kind { GAP_LIVE_QEMU, GAP_LIVE_LIBVIRT };

/** Finds the guest's RAM and registers. Owns the channel from here on, also when it fails. */
enum gap_status gap_source_live_open(const struct gap_qmp *qmp, enum gap_live_kind kind,
				     struct gap_source_memory *opened, struct gap_error *error);

#endif
