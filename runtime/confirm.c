/* SPDX-License-Identifier: MIT */
/*
 * Confirming a candidate. Old copies of a kernel image, VMCOREINFO texts of earlier boots and
 * forgeries all look like the kernel when memory is merely searched; here everything is read
 * through the candidate's page tables. Choosing between candidates is left to guest.c.
 */
#include <elf.h>

#include "runtime/confirm.h"

#define BANNER_BYTES_MAX 1024 /* UTS_VERSION and friends end far before */
#define SWAPPER "swapper"
#define NOTES_MAX 16 /* a kernel has a handful */

static enum gap_status bind_witnesses(struct gap_witnesses *witnesses,
				      const struct gap_profile *profile, struct gap_error *error)
{
	static const struct gap_symbol_request symbols[] = {
		{"linux_banner", 1}, {"init_task", 1}, {"__start_notes", 1}};
	static const struct gap_field_request fields[] = {
		{"task_struct", "comm", 0, 1},
		{"task_struct", "tasks", 0, 1},
	};
	struct gap_bound_symbol bound_symbols[3];
	struct gap_field bound_fields[2];
	enum gap_status status = gap_bind_symbols(profile, symbols, 3, bound_symbols, error);

	if (!status)
		status = gap_bind_fields(profile, fields, 2, bound_fields, error);
	if (status)
		return status;
	witnesses->banner = bound_symbols[0];
	witnesses->init_task = bound_symbols[1];
	witnesses->notes = bound_symbols[2];
	witnesses->comm = bound_fields[0];
	witnesses->tasks = bound_fields[1];
	return GAP_OK;
}

enum gap_status gap_witnesses_init(struct gap_witnesses *witnesses,
				   const struct gap_profile *profile, struct gap_error *error)
{
	enum gap_status status = bind_witnesses(witnesses, profile, error);
	const struct gap_target *target = &witnesses->target;

	if (status)
		return status;
	gap_profile_target(profile, &witnesses->target);
	witnesses->has_banner =
		witnesses->banner.present &&
		((target->banner_bytes && target->banner_bytes < BANNER_BYTES_MAX) ||
		 target->banner_hash);
	witnesses->has_init_task = witnesses->init_task.present && witnesses->comm.present;
	if (witnesses->has_banner)
		witnesses->mark = (struct gap_mark){witnesses->banner.address, GAP_BANNER_START,
						    sizeof(GAP_BANNER_START) - 1};
	else
		witnesses->mark = (struct gap_mark){witnesses->init_task.address +
							    witnesses->comm.offset_bytes,
						    SWAPPER, sizeof(SWAPPER) - 1};
	if (!witnesses->has_banner && !witnesses->has_init_task)
		return gap_fail(
			error, GAP_NOT_FOUND,
			"the profile has neither linux_banner with its text or hash, nor init_task "
			"with task_struct.comm: no kernel can be recognised by it");
	return GAP_OK;
}

/* The banner with its final zero byte is exactly the profile's. */
static int banner_matches(const struct gap_witnesses *witnesses, struct gap_guest *guest,
			  uint64_t slide)
{
	const struct gap_target *target = &witnesses->target;
	struct gap_vaddr at = {witnesses->banner.address + slide};
	char text[BANNER_BYTES_MAX];
	uint8_t hash[16];

	if (target->banner_bytes)
		return !gap_guest_read(guest, at, text, target->banner_bytes + 1) &&
		       memcmp(text, target->banner, target->banner_bytes) == 0 &&
		       text[target->banner_bytes] == '\0';
	if (gap_guest_read_string(guest, at, text, sizeof(text)))
		return 0;
	gap_banner_hash(text, strlen(text), hash);
	return memcmp(hash, target->banner_hash, sizeof(hash)) == 0;
}

/* ---- what lies in a part of memory that is missing ---- */

struct watched {
	const struct gap_memory *memory;
	int missing; /* something was asked for that is not there */
};

static enum gap_status read_watched(void *context, struct gap_paddr address, void *buffer,
				    size_t size_bytes)
{
	struct watched *watched = context;
	enum gap_status status = gap_memory_read(watched->memory, address, buffer, size_bytes);

	watched->missing |= status != GAP_OK;
	return status;
}

/* Whether an address cannot be read because memory was cut: its page, or a table that leads there, is
 * outside of what there is. One that is not mapped is something else. */
static int lies_outside(const struct gap_guest *guest, uint64_t address)
{
	const struct gap_memory_range everywhere = {{0}, UINT64_MAX, NULL};
	struct watched watched = {guest->memory, 0};
	const struct gap_memory memory = {
		.ranges = &everywhere, .range_count = 1, .read = read_watched, .context = &watched};
	struct gap_space space = guest->space;
	struct gap_translation translation;
	uint64_t word;

	space.near = (struct gap_near){NULL, 0};
	if (!guest->arch->walk(&memory, &space, address, &translation, NULL))
		(void)!gap_memory_read(&memory, (struct gap_paddr){translation.physical}, &word,
				       guest->arch->pointer_bytes);
	return watched.missing;
}

/* The first task of the list lies outside. */
static int first_task_is_cut(const struct gap_witnesses *witnesses, struct gap_guest *guest,
			     uint64_t slide)
{
	struct gap_vaddr head = {witnesses->init_task.address + slide +
				 witnesses->tasks.offset_bytes};
	struct gap_vaddr at;

	return witnesses->tasks.present && !gap_guest_read_pointer(guest, head, &at) &&
	       lies_outside(guest, at.value + guest->arch->pointer_bytes);
}

/* The list of tasks leads to an element that points back. The first element is init: it stays while
 * others come and go. */
static int tasks_point_back(const struct gap_witnesses *witnesses, struct gap_guest *guest,
			    uint64_t slide)
{
	struct gap_vaddr head = {witnesses->init_task.address + slide +
				 witnesses->tasks.offset_bytes};
	struct gap_vaddr at, back;

	if (gap_guest_read_pointer(guest, head, &at))
		return 0;
	at.value += guest->arch->pointer_bytes;
	return !gap_guest_read_pointer(guest, at, &back) && back.value == head.value;
}

/* What is wrong with init_task, or NULL. */
static const char *init_task_fault(const struct gap_witnesses *witnesses, struct gap_guest *guest,
				   uint64_t slide)
{
	struct gap_vaddr comm = {witnesses->init_task.address + slide +
				 witnesses->comm.offset_bytes};
	char name[sizeof(SWAPPER) - 1];

	if (gap_guest_read(guest, comm, name, sizeof(name)) ||
	    memcmp(name, SWAPPER, sizeof(name)) != 0)
		return "init_task.comm is not \"" SWAPPER "\"";
	if (witnesses->tasks.present && !tasks_point_back(witnesses, guest, slide))
		return "the list of tasks is broken at its head, init_task.tasks: what it leads to "
		       "does not lead back";
	return NULL;
}

/* 1 the same build, 0 another, -1 nothing to tell it by. */
static int compare_identity(const struct gap_target *target, const struct gap_vmcoreinfo *info)
{
	if (target->build_id_bytes && info->build_id_bytes)
		return target->build_id_bytes == info->build_id_bytes &&
		       memcmp(target->build_id, info->build_id, info->build_id_bytes) == 0;
	if (*target->release)
		return strcmp(target->release, info->release) == 0;
	return -1;
}

/*
 * The build-id in the notes of the image, as the kernel's own /sys/kernel/notes: 1 the profile's, 0
 * another, -1 not there to be compared.
 */
static int compare_notes(const struct gap_witnesses *witnesses, struct gap_guest *guest,
			 uint64_t slide)
{
	static const char owner[4] = "GNU";
	const struct gap_target *target = &witnesses->target;
	struct gap_vaddr at = {witnesses->notes.address + slide};
	uint8_t id[sizeof(((struct gap_vmcoreinfo *)0)->build_id)];

	if (!witnesses->notes.present || !target->build_id_bytes ||
	    target->build_id_bytes > sizeof(id))
		return -1;
	for (int i = 0; i < NOTES_MAX; i++) {
		struct {
			uint32_t name_bytes, data_bytes, type;
			char name[4];
		} note;

		if (gap_guest_read(guest, at, &note, sizeof(note)) || note.name_bytes > 64 ||
		    note.data_bytes > 4096)
			return -1;
		if (note.type == NT_GNU_BUILD_ID && note.name_bytes == sizeof(owner) &&
		    memcmp(note.name, owner, sizeof(owner)) == 0) {
			at.value += sizeof(note);
			return note.data_bytes == target->build_id_bytes &&
			       !gap_guest_read(guest, at, id, note.data_bytes) &&
			       memcmp(id, target->build_id, note.data_bytes) == 0;
		}
		at.value += 12 + ((note.name_bytes + 3) & ~3u) + ((note.data_bytes + 3) & ~3u);
	}
	return -1;
}

/* The tables lead from the root's own address to the root: they are tables, and they are this
 * kernel's. */
static int root_leads_to_itself(struct gap_guest *guest, const struct gap_candidate *candidate)
{
	struct gap_vaddr at = {candidate->root_symbol};
	struct gap_paddr physical;

	return !candidate->root_symbol || (!gap_guest_translate(guest, at, &physical) &&
					   physical.value == candidate->space.root);
}

void gap_seen_copy(char seen[GAP_SEEN_BYTES], const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length && i < GAP_SEEN_BYTES - 1; i++) {
		if (text[i] < ' ' || text[i] > '~')
			break;
		seen[i] = text[i];
	}
	seen[i] = '\0';
}

/* The banner of another build may stand at the same place, when both were linked alike. */
static int other_banner(const struct gap_witnesses *witnesses, struct gap_guest *guest,
			uint64_t slide, char seen[GAP_SEEN_BYTES])
{
	struct gap_vaddr at = {witnesses->banner.address + slide};
	char text[GAP_SEEN_BYTES];
	enum gap_status status = gap_guest_read_string(guest, at, text, sizeof(text));

	if ((status && status != GAP_PARTIAL) ||
	    strncmp(text, GAP_BANNER_START, strlen(GAP_BANNER_START)) != 0)
		return 0;
	gap_seen_copy(seen, text, strlen(text));
	return 1;
}

/*
 * The build-id comes first: kernels built reproducibly from one source under two configurations
 * share a banner, and differ in their layouts.
 */
static enum gap_verdict examine(const struct gap_witnesses *witnesses, struct gap_guest *guest,
				struct gap_candidate *candidate, char seen[GAP_SEEN_BYTES])
{
	const char *fault = NULL;
	int identity = -1;

	candidate->fault = NULL;
	if (!root_leads_to_itself(guest, candidate))
		return GAP_VERDICT_REFUSED;
	if (candidate->info)
		identity = compare_identity(&witnesses->target, candidate->info);
	if (identity == 0)
		return GAP_VERDICT_OTHER;
	if (witnesses->has_banner && !banner_matches(witnesses, guest, candidate->slide))
		return other_banner(witnesses, guest, candidate->slide, seen) ? GAP_VERDICT_OTHER
									      : GAP_VERDICT_REFUSED;
	if (witnesses->has_init_task)
		fault = init_task_fault(witnesses, guest, candidate->slide);
	/* Of a snapshot that was cut, banner and build-id say enough. */
	if (fault && witnesses->has_banner &&
	    compare_notes(witnesses, guest, candidate->slide) == 1 &&
	    first_task_is_cut(witnesses, guest, candidate->slide))
		fault = NULL;
	if (fault && witnesses->has_banner)
		candidate->fault = fault;
	if (fault)
		return GAP_VERDICT_REFUSED;
	if (identity < 0)
		identity = compare_notes(witnesses, guest, candidate->slide);
	candidate->identity_unknown = identity < 0;
	return identity == 0 ? GAP_VERDICT_OTHER : GAP_VERDICT_CONFIRMED;
}

enum gap_verdict gap_confirm(const struct gap_witnesses *witnesses, struct gap_guest *guest,
			     struct gap_candidate *candidate, char seen[GAP_SEEN_BYTES])
{
	struct gap_space before = guest->space;
	enum gap_verdict verdict;

	seen[0] = '\0';
	guest->space = candidate->space;
	gap_guest_refresh(guest);
	verdict = examine(witnesses, guest, candidate, seen);
	if (verdict != GAP_VERDICT_CONFIRMED)
		guest->space = before;
	gap_guest_refresh(guest);
	return verdict;
}
