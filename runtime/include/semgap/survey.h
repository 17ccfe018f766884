/* SPDX-License-Identifier: MIT */
/*
 * Meeting a kernel of which no profile is known: its page tables, its banner, where its image and
 * its linear map of physical memory lie. What the kernel looks like inside is for others to learn.
 */
#ifndef SEMGAP_SURVEY_H
#define SEMGAP_SURVEY_H

#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_SURVEY_BANNER_BYTES 512

/** What was met. Windows are virtual addresses; start == end: not known. */
struct gap_survey {
	uint16_t machine; /* ELF e_machine */
	uint8_t pointer_bytes;
	struct gap_vaddr banner;                   /* address of linux_banner */
	char text[GAP_SURVEY_BANNER_BYTES];        /* its text, with the final newline */
	struct gap_vaddr image_start, image_end;   /* pages that move together with the text */
	struct gap_vaddr text_start, text_end;     /* the kernel's own code; by its permissions */
	struct gap_vaddr linear_start, linear_end; /* linear_start maps physical address 0 */
	uint32_t
		roots; /* page-table roots that lead to this kernel, of different contents, up to 256 */
	/* Other kernels whose tables are in memory, as after a warm reboot, and for which less speaks;
	 * the first one's machine and banner. */
	uint32_t rivals;
	uint16_t rival_machine;
	char rival[GAP_SURVEY_BANNER_BYTES];
};

/**
 * Opens a guest without a profile: only what reads and translates works with it, and
 * gap_guest_info(), whose slide is counted from where images are linked by default. Its tables come
 * from @options (may be NULL) or the registers, else from the form of page tables: never from what
 * the guest says of itself. All of them must lead to a banner in an image with code. Errors:
 * GAP_NOT_FOUND, GAP_AMBIGUOUS (tables lead to several kernels, and nothing tells which of them
 * runs), GAP_NO_MEMORY.
 */
GAP_API enum gap_status gap_guest_survey(const struct gap_memory *memory,
					 const struct gap_guest_options *options,
					 struct gap_guest **guest, struct gap_survey *survey,
					 struct gap_error *error) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
