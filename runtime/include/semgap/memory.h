/* SPDX-License-Identifier: MIT */
/*
 * Guest memory as a runtime sees it: physical ranges, mapped or read through a function. The
 * sources that fill this in (raw files, dumps, live guests) are another library, libsemgap-source.
 */
#ifndef SEMGAP_MEMORY_H
#define SEMGAP_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A guest virtual and a guest physical address: distinct types, so that one cannot pass for the
 * other. */
struct gap_vaddr {
	uint64_t value;
};
struct gap_paddr {
	uint64_t value;
};

/** One run of guest-physical memory. @data is NULL when it is not mapped. */
struct gap_memory_range {
	struct gap_paddr start;
	uint64_t size_bytes;
	const unsigned char *data;
};

/** Which registers of a virtual CPU are known; those of the other architecture never are. */
enum gap_vcpu_known {
	GAP_VCPU_PC = 1 << 0,
	GAP_VCPU_SP = 1 << 1,
	GAP_VCPU_FP = 1 << 2,
	GAP_VCPU_FLAGS = 1 << 3,
	GAP_VCPU_USER_MODE = 1 << 4,

	GAP_VCPU_CR0 = 1 << 5,
	GAP_VCPU_CR3 = 1 << 6,
	GAP_VCPU_CR4 = 1 << 7,
	GAP_VCPU_EFER = 1 << 8,
	GAP_VCPU_LSTAR = 1 << 9,
	GAP_VCPU_FS_BASE = 1 << 10,
	GAP_VCPU_GS_BASE = 1 << 11,
	GAP_VCPU_KERNEL_GS_BASE = 1 << 12,
	GAP_VCPU_IDTR = 1 << 13,

	GAP_VCPU_SCTLR_EL1 = 1 << 14,
	GAP_VCPU_TTBR0_EL1 = 1 << 15,
	GAP_VCPU_TTBR1_EL1 = 1 << 16,
	GAP_VCPU_TCR_EL1 = 1 << 17,
	GAP_VCPU_VBAR_EL1 = 1 << 18,
	GAP_VCPU_TPIDR_EL1 = 1 << 19,
	GAP_VCPU_SP_EL0 = 1 << 20
};

/**
 * Registers of one virtual CPU, as the hypervisor or a dump tells them: not the guest's own words.
 * A field counts only when its bit of enum gap_vcpu_known is set. Names as in the architectures'
 * manuals (Intel SDM volume 3, section 2; Arm ARM, section D19).
 */
struct gap_vcpu {
	uint32_t index;
	uint32_t known;
	uint64_t pc, sp, fp; /* rip rsp rbp; pc sp x29 */
	uint64_t flags;      /* rflags; PSTATE */
	int user_mode;       /* CPL 3; EL0 */

	uint64_t cr0, cr3, cr4, efer, lstar;
	uint64_t fs_base, gs_base, kernel_gs_base; /* gs_base: of the moment, also after swapgs */
	uint64_t idtr_base;
	uint32_t idtr_limit; /* in bytes, less one */

	uint64_t sctlr_el1, ttbr0_el1, ttbr1_el1, tcr_el1, vbar_el1;
	uint64_t tpidr_el1; /* Linux: the CPU's per-CPU offset */
	uint64_t sp_el0;    /* Linux, in the kernel: the current task */
};

/**
 * Guest-physical memory. @ranges are sorted by start and do not overlap. @read serves the ranges
 * whose data is NULL (it may be NULL when there are none); it returns GAP_UNREADABLE for what is
 * not there, and is called from whatever thread reads the guest. Mapped memory of a live guest
 * changes under the reader.
 *
 * @zero_bytes (may be NULL) says how many bytes from @address on are zero without anyone looking,
 * as in a hole of a sparse file; 0 when that is not known. It keeps searches from filling the host
 * with pages the guest never used.
 *
 * @vcpus are the registers, where the source has them: taken when it was opened or last refreshed.
 * NULL and 0 where it has none.
 */
struct gap_memory {
	const struct gap_memory_range *ranges;
	size_t range_count;
	enum gap_status (*read)(void *context, struct gap_paddr address, void *buffer,
				size_t size_bytes);
	uint64_t (*zero_bytes)(void *context, struct gap_paddr address);
	void *context;
	const struct gap_vcpu *vcpus;
	size_t vcpu_count;
};

/** Reads physical memory across ranges. GAP_UNREADABLE when any byte is not there; @buffer is then
 * undefined. */
GAP_API enum gap_status gap_memory_read(const struct gap_memory *memory, struct gap_paddr address,
					void *buffer, size_t size_bytes) GAP_MUST_CHECK;

/** Pointer to mapped physical memory, or NULL when [address, address + size) is not inside one
 * mapped range. */
GAP_API const void *gap_memory_at(const struct gap_memory *memory, struct gap_paddr address,
				  size_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
