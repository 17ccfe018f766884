/* SPDX-License-Identifier: MIT */
/*
 * A guest made in code: RAM with x86-64 page tables of four or five levels, a "kernel image" with a
 * banner and tasks, and the profile that describes it. Tests bend what they like in it.
 *
 * RAM holds, from 0: page tables and a heap; at SYNTHETIC_IMAGE_AT the image, mapped by 2 MiB
 * pages. The heap is seen through a direct map of 4 KiB pages.
 */
#ifndef SEMGAP_TESTS_SYNTHETIC_H
#define SEMGAP_TESTS_SYNTHETIC_H

#include "runtime/include/semgap/guest.h"

#define SYNTHETIC_RAM_BYTES 0x1000000u
#define SYNTHETIC_IMAGE_AT 0x400000u
#define SYNTHETIC_IMAGE_BYTES 0x400000u
#define SYNTHETIC_TABLES_AT 0x100000u
#define SYNTHETIC_HEAP_AT 0x200000u
#define SYNTHETIC_HEAP_BYTES 0x100000u

/* Linked addresses of the image. */
#define SYNTHETIC_BASE 0xffffffff80000000u
#define SYNTHETIC_TEXT 0xffffffff81000000u
#define SYNTHETIC_BANNER (SYNTHETIC_TEXT + 0x100)
#define SYNTHETIC_INIT_TASK (SYNTHETIC_TEXT + 0x1000)
#define SYNTHETIC_INIT_CRED (SYNTHETIC_TEXT + 0x2000)
#define SYNTHETIC_NOTES (SYNTHETIC_TEXT + 0x3000)
#define SYNTHETIC_ROOT (SYNTHETIC_TEXT + 0x200000)
#define SYNTHETIC_SLIDE 0x2e00000u

#define SYNTHETIC_RELEASE "6.1.0-synthetic"
#define SYNTHETIC_BANNER_TEXT "Linux version " SYNTHETIC_RELEASE " (semgap@test) #1 SMP\n"
#define SYNTHETIC_BUILD_ID "0123456789abcdef"

/* Offsets in the synthetic task_struct and cred. */
enum {
	TASK_STATE = 0,
	TASK_FLAGS = 4,
	TASK_TASKS = 16,
	TASK_PID = 32,
	TASK_TGID = 36,
	TASK_REAL_PARENT = 40,
	TASK_REAL_CRED = 48,
	TASK_COMM = 56,
	TASK_EXIT_STATE = 72,
	TASK_START = 80,
	TASK_MM = 88,
	TASK_BYTES = 128,
	CRED_UID = 8,
	CRED_GID = 12,
	CRED_BYTES = 64
};

struct synthetic {
	unsigned char *ram;
	struct gap_memory_range range;
	struct gap_memory memory;
	int levels;
	uint64_t slide, phys_base, root;
	uint64_t next_table, next_heap; /* physical */
	void *image;                    /* of the profile */
	struct gap_profile *profile;
};

/** What a test wants otherwise in the profile; zeroed: as the guest is. */
struct synthetic_profile {
	const char *release, *banner;
	const char *build_id; /* 8 bytes as text of 16 digits; "" none */
	uint16_t machine;
	int without_banner, without_init_task, without_comm, without_tasks_member, without_root,
		without_notes;
	int minimal;   /* no banner text, only its hash */
	int old_state; /* "state", a long, as before 5.14 */
};

/** Makes a guest that opens: image, tables, init_task with an empty list, VMCOREINFO, profile. */
void synthetic_init(struct synthetic *guest, int levels);
void synthetic_deinit(struct synthetic *guest);

/** Makes the profile anew. */
void synthetic_profile(struct synthetic *guest, const struct synthetic_profile *options);

/** Host pointer to physical memory. */
void *synthetic_physical(struct synthetic *guest, uint64_t physical);
/** The same for a linked address of the image, and for a heap address. */
void *synthetic_image(struct synthetic *guest, uint64_t linked);
void *synthetic_heap(struct synthetic *guest, uint64_t address);
void synthetic_put64(void *at, uint64_t value);
void synthetic_put32(void *at, uint32_t value);

/** Maps a page of 4 KiB, 2 MiB or 1 GiB. */
void synthetic_map(struct synthetic *guest, uint64_t address, uint64_t physical,
		   uint64_t page_bytes);
/** The entry that maps @address, at @level from the root's (the deepest) down to 1. */
uint64_t *synthetic_entry(struct synthetic *guest, uint64_t address, int level);

/** Zeroed memory of the heap: its virtual address. */
uint64_t synthetic_alloc(struct synthetic *guest, uint64_t size_bytes);

/** Writes a VMCOREINFO text that tells of @told, which may be another guest. */
void synthetic_vmcoreinfo(struct synthetic *guest, uint64_t physical, const struct synthetic *told,
			  const char *release, const char *build_id);

/** Address of init_task's list, and a new task at that list's end with a cred of its own. */
uint64_t synthetic_head(const struct synthetic *guest);
uint64_t synthetic_task(struct synthetic *guest, int32_t pid, uint64_t parent, const char *comm);

/** Opens it as a caller does that knows nothing; fails the test when that fails. */
struct gap_guest *synthetic_open(struct synthetic *guest);

#endif
