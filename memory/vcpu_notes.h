/* SPDX-License-Identifier: MIT */
/* Registers from the notes of an ELF core: the Nth note of a kind is the Nth CPU's. */
#ifndef SEMGAP_VCPU_NOTES_H
#define SEMGAP_VCPU_NOTES_H

#include "memory/probe.h"

#define GAP_VCPU_MAX 4096

struct gap_vcpu_notes {
	struct gap_vcpu *vcpus; /* GAP_VCPU_MAX of them, or NULL; owned by whoever has the struct */
	size_t status_count;    /* NT_PRSTATUS */
	size_t qemu_count;      /* QEMU's own */
};

/** Reads one PT_NOTE segment. Notes that are cut or unknown are passed over. */
enum gap_status gap_vcpu_notes_read(struct gap_vcpu_notes *notes, const struct gap_probe *probe,
				    uint16_t machine, uint64_t offset, uint64_t size_bytes,
				    struct gap_error *error);

/** How many CPUs have registers. */
size_t gap_vcpu_notes_count(const struct gap_vcpu_notes *notes);

#endif
