/* SPDX-License-Identifier: MIT */
/*
 * Looking for the mark of an image at every place where it could have been moved to: in physical
 * memory, and in the virtual memory that given tables map. Nothing is believed here; what was met
 * is for confirm.c to judge.
 */
#include "runtime/locate.h"

/*
 * CONFIG_PHYSICAL_ALIGN of x86-64 and MIN_KIMG_ALIGN of arm64 are 2 MiB at least; arm64's EFI stub
 * goes down to 64 KiB, i386 may be configured for any page.
 */
const uint64_t gap_steps_bytes[GAP_STEP_COUNT] = {UINT64_C(2) << 20, UINT64_C(64) << 10,
						  UINT64_C(4) << 10};

/* How many bytes from @address on need not be looked at. */
static uint64_t zeros_at(const struct gap_memory *memory, uint64_t address)
{
	return memory->zero_bytes ? memory->zero_bytes(memory->context, (struct gap_paddr){address})
				  : 0;
}

static int stands_at(const struct gap_memory *memory, const struct gap_mark *mark, uint64_t address)
{
	const unsigned char *data = gap_physical_at(memory, address, mark->text_bytes);
	char bytes[32];

	if (!data && mark->text_bytes <= sizeof(bytes) &&
	    !gap_memory_read(memory, (struct gap_paddr){address}, bytes, mark->text_bytes))
		data = (const unsigned char *)bytes;
	return data && memcmp(data, mark->text, mark->text_bytes) == 0;
}

/* Is @address one that an earlier step has looked at? */
static int seen_before(uint64_t address, uint64_t linked, unsigned step)
{
	return step > 0 && (address - linked) % gap_steps_bytes[step - 1] == 0;
}

/* From @address to the next that is congruent with the mark. */
static uint64_t to_next(uint64_t address, uint64_t linked, uint64_t step_bytes)
{
	return (linked - address) % step_bytes;
}

static int spend(struct gap_budget *budget)
{
	if (budget->left == 0)
		return 0;
	budget->left--;
	return 1;
}

/* ---- physical memory ---- */

static int each_in_range(const struct gap_memory *memory, const struct gap_memory_range *range,
			 const struct gap_mark *mark, unsigned step, struct gap_budget *budget,
			 gap_mark_visit *visit, void *context)
{
	uint64_t step_bytes = gap_steps_bytes[step];
	uint64_t offset = to_next(range->start.value, mark->linked, step_bytes), zeros;

	for (; offset < range->size_bytes && spend(budget); offset += step_bytes) {
		uint64_t address = range->start.value + offset;

		if (seen_before(address, mark->linked, step))
			continue;
		zeros = zeros_at(memory, address);
		if (zeros >= range->size_bytes - offset)
			break;
		if (zeros)
			offset += zeros / step_bytes * step_bytes; /* and a step more by the loop */
		else if (stands_at(memory, mark, address) && visit(context, address))
			return 1;
	}
	return 0;
}

void gap_mark_each_physical(const struct gap_memory *memory, const struct gap_mark *mark,
			    unsigned step, struct gap_budget *budget, gap_mark_visit *visit,
			    void *context)
{
	for (size_t i = 0; i < memory->range_count; i++)
		if (each_in_range(memory, &memory->ranges[i], mark, step, budget, visit, context))
			return;
}

void gap_page_each(const struct gap_memory *memory, struct gap_budget *budget,
		   gap_mark_visit *visit, void *context)
{
	for (size_t i = 0; i < memory->range_count; i++) {
		const struct gap_memory_range *range = &memory->ranges[i];
		uint64_t offset = (0 - range->start.value) % GAP_PAGE_BYTES;

		while (offset < range->size_bytes && spend(budget)) {
			uint64_t zeros = zeros_at(memory, range->start.value + offset);

			if (zeros >= range->size_bytes - offset)
				break;
			if (!zeros && visit(context, range->start.value + offset))
				return;
			offset += (zeros / GAP_PAGE_BYTES + !zeros) * GAP_PAGE_BYTES;
			if (zeros && zeros < GAP_PAGE_BYTES)
				offset += GAP_PAGE_BYTES;
		}
	}
}

/* ---- virtual memory ---- */

/* A run of virtual addresses that one entry maps. */
struct run {
	uint64_t address, size_bytes, physical;
};

static int each_in_run(const struct gap_memory *memory, const struct run *run,
		       const struct gap_mark *mark, unsigned step, struct gap_budget *budget,
		       gap_mark_visit *visit, void *context)
{
	uint64_t step_bytes = gap_steps_bytes[step];
	uint64_t offset = to_next(run->address, mark->linked, step_bytes);

	for (; offset < run->size_bytes && spend(budget); offset += step_bytes)
		if (!seen_before(run->address + offset, mark->linked, step) &&
		    stands_at(memory, mark, run->physical + offset) &&
		    visit(context, run->address + offset))
			return 1;
	return 0;
}

void gap_mark_each_virtual(const struct gap_memory *memory, const struct gap_arch *arch,
			   const struct gap_space *space, struct gap_window window,
			   const struct gap_mark *mark, unsigned step, struct gap_budget *budget,
			   gap_mark_visit *visit, void *context)
{
	uint64_t done = 0;

	while (done < window.size_bytes && spend(budget)) {
		struct gap_translation translation;
		struct run run = {.address = window.start + done};
		enum gap_status status =
			arch->walk(memory, space, run.address, &translation, &run.size_bytes);

		run.size_bytes -= run.address & (run.size_bytes - 1);
		if (run.size_bytes > window.size_bytes - done)
			run.size_bytes = window.size_bytes - done;
		if (!status) {
			run.physical = translation.physical;
			if (each_in_run(memory, &run, mark, step, budget, visit, context))
				return;
		}
		done += run.size_bytes;
	}
}
