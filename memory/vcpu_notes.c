/* SPDX-License-Identifier: MIT */
/*
 * Notes of ELF cores that hold registers. NT_PRSTATUS has those of a thread, at the same place for
 * every writer (its segment bases are left at 0 by some, and not believed); the note that QEMU adds
 * for x86 has the system's. EFER and LSTAR are in neither.
 *
 * Layouts: struct elf_prstatus of the kernel (include/uapi/linux/elfcore.h, user_regs of each
 * architecture); QEMUCPUState of QEMU (target/i386/arch_dump.c).
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "memory/vcpu_notes.h"

#define NOTE_BYTES_MAX ((uint64_t)16 << 20)

/* Where NT_PRSTATUS has what, per machine. */
struct status_layout {
	uint16_t machine;
	uint8_t word_bytes;
	uint16_t pc, sp, fp, flags, mode; /* mode: cs, or PSTATE again */
};

static const struct status_layout layouts[] = {
	{EM_X86_64, 8, 112 + 16 * 8, 112 + 19 * 8, 112 + 4 * 8, 112 + 18 * 8, 112 + 17 * 8},
	{EM_386, 4, 72 + 12 * 4, 72 + 15 * 4, 72 + 5 * 4, 72 + 14 * 4, 72 + 13 * 4},
	{EM_AARCH64, 8, 112 + 32 * 8, 112 + 31 * 8, 112 + 29 * 8, 112 + 33 * 8, 112 + 33 * 8},
};

struct note {
	const char *name; /* name_bytes, with its end */
	size_t name_bytes;
	uint32_t type;
	const unsigned char *data;
	size_t data_bytes;
};

static uint64_t number(const struct note *note, size_t offset, size_t width)
{
	uint64_t value = 0;

	if (offset <= note->data_bytes && note->data_bytes - offset >= width)
		memcpy(&value, note->data + offset, width);
	return value;
}

/* The next CPU of a kind, or NULL. */
static struct gap_vcpu *next_vcpu(struct gap_vcpu_notes *notes, size_t *count)
{
	struct gap_vcpu *vcpu;

	if (*count >= GAP_VCPU_MAX || !notes->vcpus)
		return NULL;
	vcpu = &notes->vcpus[*count];
	vcpu->index = (uint32_t)(*count)++;
	return vcpu;
}

static int user_mode(uint16_t machine, uint64_t mode)
{
	return machine == EM_AARCH64 ? (mode & 0xf) == 0 : (mode & 3) == 3;
}

/* kcore's own note is empty. */
static void take_status(struct gap_vcpu_notes *notes, const struct status_layout *layout,
			const struct note *note)
{
	uint64_t pc = number(note, layout->pc, layout->word_bytes);
	uint64_t sp = number(note, layout->sp, layout->word_bytes);
	struct gap_vcpu *vcpu;

	if (note->data_bytes < (size_t)layout->flags + layout->word_bytes || (pc == 0 && sp == 0))
		return;
	vcpu = next_vcpu(notes, &notes->status_count);
	if (!vcpu)
		return;
	vcpu->pc = pc;
	vcpu->sp = sp;
	vcpu->fp = number(note, layout->fp, layout->word_bytes);
	vcpu->flags = number(note, layout->flags, layout->word_bytes);
	vcpu->user_mode = user_mode(layout->machine, number(note, layout->mode, 8));
	vcpu->known |=
		GAP_VCPU_PC | GAP_VCPU_SP | GAP_VCPU_FP | GAP_VCPU_FLAGS | GAP_VCPU_USER_MODE;
}

/* QEMUCPUState of version 1; segments are {selector, limit, flags, pad, base}. */
enum {
	QEMU_SIZE = 4,
	QEMU_RSP = 8 + 6 * 8,
	QEMU_RBP = 8 + 7 * 8,
	QEMU_RIP = 8 + 16 * 8,
	QEMU_RFLAGS = 8 + 17 * 8,
	QEMU_SEGMENTS = 8 + 18 * 8,
	QEMU_SEGMENT_BYTES = 24,
	QEMU_CS = QEMU_SEGMENTS,
	QEMU_FS = QEMU_SEGMENTS + 3 * QEMU_SEGMENT_BYTES,
	QEMU_GS = QEMU_SEGMENTS + 4 * QEMU_SEGMENT_BYTES,
	QEMU_IDT = QEMU_SEGMENTS + 9 * QEMU_SEGMENT_BYTES,
	QEMU_CR = QEMU_SEGMENTS + 10 * QEMU_SEGMENT_BYTES,
	QEMU_KERNEL_GS_BASE = QEMU_CR + 5 * 8,
	SEGMENT_LIMIT = 4,
	SEGMENT_BASE = 16
};

static void take_qemu(struct gap_vcpu_notes *notes, const struct note *note)
{
	struct gap_vcpu *vcpu;

	if (note->data_bytes < QEMU_KERNEL_GS_BASE || number(note, 0, 4) != 1)
		return;
	vcpu = next_vcpu(notes, &notes->qemu_count);
	if (!vcpu)
		return;
	vcpu->pc = number(note, QEMU_RIP, 8);
	vcpu->sp = number(note, QEMU_RSP, 8);
	vcpu->fp = number(note, QEMU_RBP, 8);
	vcpu->flags = number(note, QEMU_RFLAGS, 8);
	vcpu->user_mode = (number(note, QEMU_CS, 4) & 3) == 3;
	vcpu->fs_base = number(note, QEMU_FS + SEGMENT_BASE, 8);
	vcpu->gs_base = number(note, QEMU_GS + SEGMENT_BASE, 8);
	vcpu->idtr_base = number(note, QEMU_IDT + SEGMENT_BASE, 8);
	vcpu->idtr_limit = (uint32_t)number(note, QEMU_IDT + SEGMENT_LIMIT, 4);
	vcpu->cr0 = number(note, QEMU_CR, 8);
	vcpu->cr3 = number(note, QEMU_CR + 3 * 8, 8);
	vcpu->cr4 = number(note, QEMU_CR + 4 * 8, 8);
	vcpu->known |= GAP_VCPU_PC | GAP_VCPU_SP | GAP_VCPU_FP | GAP_VCPU_FLAGS |
		       GAP_VCPU_USER_MODE | GAP_VCPU_FS_BASE | GAP_VCPU_GS_BASE | GAP_VCPU_IDTR |
		       GAP_VCPU_CR0 | GAP_VCPU_CR3 | GAP_VCPU_CR4;
	/* Added to the note later: its own size tells. */
	if (note->data_bytes >= QEMU_KERNEL_GS_BASE + 8 &&
	    number(note, QEMU_SIZE, 4) >= QEMU_KERNEL_GS_BASE + 8) {
		vcpu->kernel_gs_base = number(note, QEMU_KERNEL_GS_BASE, 8);
		vcpu->known |= GAP_VCPU_KERNEL_GS_BASE;
	}
}

static int is_named(const struct note *note, const char *name)
{
	return note->name_bytes == strlen(name) + 1 && memcmp(note->name, name, strlen(name)) == 0;
}

static void take_note(struct gap_vcpu_notes *notes, uint16_t machine, const struct note *note)
{
	if (is_named(note, "QEMU") && note->type == 0 &&
	    (machine == EM_X86_64 || machine == EM_386))
		take_qemu(notes, note);
	if (!is_named(note, "CORE") || note->type != NT_PRSTATUS)
		return;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].machine == machine)
			take_status(notes, &layouts[i], note);
}

static uint64_t aligned(uint64_t size_bytes)
{
	return (size_bytes + 3) & ~(uint64_t)3;
}

/* Cuts one note off the front; false when there is none that is whole. */
static int next_note(const unsigned char **at, size_t *left, struct note *note)
{
	Elf64_Nhdr header;
	uint64_t name_bytes, data_bytes;

	if (*left < sizeof(header))
		return 0;
	memcpy(&header, *at, sizeof(header));
	*at += sizeof(header);
	*left -= sizeof(header);
	name_bytes = aligned(header.n_namesz);
	data_bytes = aligned(header.n_descsz);
	if (name_bytes > *left || data_bytes > *left - name_bytes)
		return 0;
	*note = (struct note){(const char *)*at, header.n_namesz, header.n_type, *at + name_bytes,
			      header.n_descsz};
	*at += name_bytes + data_bytes;
	*left -= (size_t)(name_bytes + data_bytes);
	return 1;
}

static void take_notes(struct gap_vcpu_notes *notes, uint16_t machine, const unsigned char *at,
		       size_t left)
{
	struct note note;

	while (next_note(&at, &left, &note))
		take_note(notes, machine, &note);
}

enum gap_status gap_vcpu_notes_read(struct gap_vcpu_notes *notes, const struct gap_probe *probe,
				    uint16_t machine, uint64_t offset, uint64_t size_bytes,
				    struct gap_error *error)
{
	unsigned char *data;
	enum gap_status status;

	if (size_bytes == 0 || size_bytes > NOTE_BYTES_MAX || offset > probe->size_bytes ||
	    size_bytes > probe->size_bytes - offset)
		return GAP_OK;
	if (!notes->vcpus)
		notes->vcpus = calloc(GAP_VCPU_MAX, sizeof(*notes->vcpus));
	data = malloc((size_t)size_bytes);
	if (!notes->vcpus || !data) {
		free(data);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	status = gap_probe_read(probe, offset, data, (size_t)size_bytes, error);
	if (!status)
		take_notes(notes, machine, data, (size_t)size_bytes);
	free(data);
	return status;
}

size_t gap_vcpu_notes_count(const struct gap_vcpu_notes *notes)
{
	return notes->status_count > notes->qemu_count ? notes->status_count : notes->qemu_count;
}
