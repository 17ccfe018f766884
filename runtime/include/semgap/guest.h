/* SPDX-License-Identifier: MIT */
/*
 * A guest: a profile, its memory, and the translation between the two. One guest object is for one
 * thread at a time (it holds the software TLB); several may share a profile and a memory. After
 * opening nothing allocates. Nothing that the guest holds is trusted: every read is bounded, every
 * walk ends.
 */
#ifndef SEMGAP_GUEST_H
#define SEMGAP_GUEST_H

#include "memory.h"
#include "profile.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gap_guest;

/** What the caller knows of the guest. Zeroed: nothing, find out. */
struct gap_guest_options {
	struct gap_paddr root; /* page-table root of the kernel */
	int has_root;
	uint64_t virtual_slide; /* added to the profile's addresses (KASLR) */
	int has_virtual_slide;
	uint64_t phys_base; /* physical address of the image's link base, as the kernel's phys_base;
			       may wrap */
	int has_phys_base;
	int paging_levels; /* x86-64: 4 or 5; i386: 2, or 3 with PAE; arm64: 2 to 5; 0 find out */
	/* Ways that are not to be tried. */
	int no_registers, no_search, no_vmcoreinfo;
};

/** What was found. */
struct gap_guest_info {
	struct gap_paddr root;
	uint64_t virtual_slide;
	uint64_t phys_base;
	int paging_levels;
	uint32_t page_bytes;      /* the smallest page of this kernel */
	uint32_t va_bits;         /* virtual addresses differ in so many bits, per half */
	uint64_t encryption_mask; /* bits of page-table entries that are no address; 0 none */
	/** "given"; "registers"; "image": by the kernel's own page tables in its image;
	 * "vmcoreinfo"; "page tables": by their form. */
	char found_by[32];
	uint32_t candidates;         /* how many were looked at */
	uint32_t candidates_refused; /* and did not confirm */
};

/**
 * Opens a guest. @profile and @memory must outlive it. Root and slides come from @options (may be
 * NULL); else from the registers of the virtual CPUs, where @memory has them; else from the
 * kernel's image in guest memory, whose place is met by its banner; else from VMCOREINFO; else from
 * the form of page tables. All of them are confirmed through the page tables: the profile's banner
 * must be where the profile says, the build-id must be its own, and init_task must look like
 * itself. With a root given, nothing else is tried. Only registers are beyond the guest's reach:
 * all else a hostile guest can forge. Errors: GAP_NOT_FOUND (no candidate confirms; the profile has
 * nothing to recognise a kernel by), GAP_MISMATCH (a kernel is there, but of another build: the
 * error shows both), GAP_AMBIGUOUS (two kernels of this build are in memory, as after a warm
 * reboot: the error has both roots), GAP_UNSUPPORTED (architecture), GAP_INVALID, GAP_NO_MEMORY.
 */
GAP_API enum gap_status gap_guest_open(const struct gap_memory *memory,
				       const struct gap_profile *profile,
				       const struct gap_guest_options *options,
				       struct gap_guest **guest,
				       struct gap_error *error) GAP_MUST_CHECK;
GAP_API void gap_guest_close(struct gap_guest *guest);

GAP_API void gap_guest_info(const struct gap_guest *guest, struct gap_guest_info *info);
GAP_API const struct gap_profile *gap_guest_profile(const struct gap_guest *guest);

/** Forgets cached translations. Every view calls it at its start. */
GAP_API void gap_guest_refresh(struct gap_guest *guest);

/** Translates a kernel virtual address. GAP_UNREADABLE when it is not mapped. */
GAP_API enum gap_status gap_guest_translate(struct gap_guest *guest, struct gap_vaddr address,
					    struct gap_paddr *physical) GAP_MUST_CHECK;

/** Reads kernel virtual memory, across pages. GAP_UNREADABLE when any byte is not there. */
GAP_API enum gap_status gap_guest_read(struct gap_guest *guest, struct gap_vaddr address,
				       void *buffer, size_t size_bytes) GAP_MUST_CHECK;

GAP_API enum gap_status gap_guest_read_u8(struct gap_guest *guest, struct gap_vaddr address,
					  uint8_t *value) GAP_MUST_CHECK;
GAP_API enum gap_status gap_guest_read_u16(struct gap_guest *guest, struct gap_vaddr address,
					   uint16_t *value) GAP_MUST_CHECK;
GAP_API enum gap_status gap_guest_read_u32(struct gap_guest *guest, struct gap_vaddr address,
					   uint32_t *value) GAP_MUST_CHECK;
GAP_API enum gap_status gap_guest_read_u64(struct gap_guest *guest, struct gap_vaddr address,
					   uint64_t *value) GAP_MUST_CHECK;
/** Reads a pointer of the guest's width. */
GAP_API enum gap_status gap_guest_read_pointer(struct gap_guest *guest, struct gap_vaddr address,
					       struct gap_vaddr *value) GAP_MUST_CHECK;
/**
 * Reads at most @capacity - 1 bytes up to a zero byte, and always ends @text with one. GAP_PARTIAL
 * when no zero byte came within the capacity (@text holds what was read).
 */
GAP_API enum gap_status gap_guest_read_string(struct gap_guest *guest, struct gap_vaddr address,
					      char *text, size_t capacity) GAP_MUST_CHECK;

/**
 * Where a symbol of the profile is in this guest: address + slide. GAP_NOT_FOUND, GAP_AMBIGUOUS;
 * GAP_INVALID for a per-CPU symbol, which has no single address.
 */
GAP_API enum gap_status gap_guest_symbol(const struct gap_guest *guest, const char *name,
					 struct gap_vaddr *address,
					 struct gap_error *error) GAP_MUST_CHECK;

/**
 * A walk along a circular struct list_head, from @head (not itself an element). Caller-owned.
 * Bounded by
 * @step_max; a cycle that misses the head, an unreadable or a misaligned link ends it as partial.
 */
struct gap_list {
	struct gap_guest *guest;
	struct gap_vaddr head, at;
	uint64_t steps, step_max;
	uint64_t mark, mark_at; /* Brent's cycle detection */
	enum gap_status status;
	char reason[96];
};

/** Begins a walk. @step_max 0 takes what the guest's memory can hold, at 64 bytes an element. */
GAP_API void gap_list_init(struct gap_list *list, struct gap_guest *guest, struct gap_vaddr head,
			   uint64_t step_max);

/**
 * Next link: true and @link is the address of the element's list_head. At the end false, and
 * list->status is GAP_OK for a closed list or GAP_PARTIAL with list->reason in words.
 */
GAP_API int gap_list_next(struct gap_list *list, struct gap_vaddr *link);

#ifdef __cplusplus
}
#endif
#endif
