/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU variables: which CPUs there are, and where each one's copy of a variable lies. A kernel
 * built for one CPU has neither offsets nor masks: there the symbol is the variable.
 */
#include <inttypes.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/walks.h"

enum gap_status gap_guest_cpu_count(struct gap_guest *guest, uint32_t *count,
				    struct gap_error *error)
{
	struct gap_vaddr at;
	uint32_t value;
	enum gap_status status = gap_guest_symbol(guest, "nr_cpu_ids", &at, error);

	if (status == GAP_NOT_FOUND) { /* a constant where only one is possible */
		*count = 1;
		return GAP_OK;
	}
	if (!status)
		status = gap_guest_read_u32(guest, at, &value);
	if (status)
		return gap_fail(error, status, "nr_cpu_ids cannot be read");
	if (value == 0 || value > GAP_CPU_MAX)
		return gap_fail(error, GAP_CORRUPT, "nr_cpu_ids is %" PRIu32, value);
	*count = value;
	return GAP_OK;
}

enum gap_status gap_guest_cpu_possible(struct gap_guest *guest, uint32_t cpu, int *possible,
				       struct gap_error *error)
{
	struct gap_vaddr mask;
	uint32_t count;
	uint8_t bits;
	enum gap_status status = gap_guest_cpu_count(guest, &count, error);

	if (status)
		return status;
	/* cpu_possible_bits until 4b804c85dc37 (4.5). */
	status = gap_guest_symbol(guest, "__cpu_possible_mask", &mask, error);
	if (status == GAP_NOT_FOUND)
		status = gap_guest_symbol(guest, "cpu_possible_bits", &mask, error);
	if (status == GAP_NOT_FOUND || cpu >= count) {
		*possible = cpu < count;
		return GAP_OK;
	}
	mask.value += cpu / 8; /* little-endian: bit n is in byte n / 8 */
	if (!status)
		status = gap_guest_read_u8(guest, mask, &bits);
	if (status)
		return gap_fail(error, status, "__cpu_possible_mask cannot be read");
	*possible = bits >> cpu % 8 & 1;
	return GAP_OK;
}

/* What is added to a per-CPU symbol's address for this CPU. */
static enum gap_status offset_of(struct gap_guest *guest, uint32_t cpu, uint64_t *offset,
				 struct gap_error *error)
{
	struct gap_vaddr at, value = {0};
	enum gap_status status = gap_guest_symbol(guest, "__per_cpu_offset", &at, error);

	if (status)
		return status;
	at.value += (uint64_t)cpu * guest->arch->pointer_bytes;
	status = gap_guest_read_pointer(guest, at, &value);
	if (status)
		return gap_fail(error, status, "__per_cpu_offset[%" PRIu32 "] cannot be read", cpu);
	*offset = value.value;
	return GAP_OK;
}

enum gap_status gap_guest_percpu(struct gap_guest *guest, uint32_t cpu, const char *name,
				 struct gap_vaddr *address, struct gap_error *error)
{
	struct gap_symbol symbol;
	uint64_t offset = 0;
	uint32_t count;
	enum gap_status status = gap_profile_find_symbol(guest->profile, name, &symbol, error);

	if (!status)
		status = gap_guest_cpu_count(guest, &count, error);
	if (status)
		return status;
	if (cpu >= count)
		return gap_fail(error, GAP_NOT_FOUND,
				"the guest has %" PRIu32 " CPUs, no CPU %" PRIu32, count, cpu);
	if (!(symbol.flags & GAP_SYMBOL_PERCPU))
		return gap_fail(error, GAP_INVALID, "%s is not per CPU", name);
	status = offset_of(guest, cpu, &offset, error);
	if (status)
		return status;
	address->value = symbol.address + offset;
	/* Linked into the image instead of from zero (9d7de2aa8b41, 6.15), it moves with it; the
	 * offsets count from where the image really is. */
	if (symbol.address - guest->image.start < guest->image.size_bytes)
		address->value += guest->info.virtual_slide;
	return GAP_OK;
}
