/* SPDX-License-Identifier: MIT */
/*
 * What QEMU's human monitor prints, as data: there is no machine-readable form of the memory map
 * and of registers. Pure functions; what they do not know they pass over.
 */
#ifndef SEMGAP_QEMU_TEXT_H
#define SEMGAP_QEMU_TEXT_H

#include "semgap/memory.h"

#define GAP_QEMU_NAME_BYTES 128

/** A run of guest-physical memory that a RAM block backs, from one place in it on. */
struct gap_qemu_region {
	uint64_t start, size_bytes, block_offset;
	char block[GAP_QEMU_NAME_BYTES];
};

/** `info mtree -f`: the RAM that the CPUs see, sorted, neighbours joined. Returns how many; at most
 * @capacity. */
size_t gap_qemu_regions(const char *text, struct gap_qemu_region *regions, size_t capacity);

/** Whether a block of the memory map is the backend of this id. */
int gap_qemu_is_backend(const char *block, const char *id);

/** `gpa2hva`: the address, or 0. */
uint64_t gap_qemu_host_address(const char *text);

/** `info registers -a`. Returns how many CPUs. */
size_t gap_qemu_registers(const char *text, struct gap_vcpu *vcpus, size_t capacity);

#endif
