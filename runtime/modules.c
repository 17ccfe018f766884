/* SPDX-License-Identifier: MIT */
/*
 * The module view: the list that begins at the symbol modules. What a rootkit took out of that list
 * is not here; holding it against other evidence is left to others.
 */
#include <inttypes.h>
#include <string.h>

#include "runtime/record.h"
#include "semgap/modules.h"

#define REFERENCE_BASE 1 /* MODULE_REF_BASE: what a loaded module holds on itself */

/* Positions in gap_modules.fields. */
enum slot {
	LIST,
	NAME,
	STATE,
	TAINTS,
	REFCNT,
	USERS,
	USE_LINK,
	USE_SOURCE,
	MEM,
	MEM_BASE,
	MEM_SIZE,
	CORE_BASE,
	CORE_SIZE,
	DATA_BASE,
	DATA_SIZE,
	INIT_BASE,
	INIT_SIZE,
	SLOT_COUNT
};

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[LIST] = {GAP_FIELD_MODULE_LIST, 0},
	[NAME] = {GAP_FIELD_MODULE_NAME, 1},
	[STATE] = {GAP_FIELD_MODULE_STATE, 1},
	[TAINTS] = {GAP_FIELD_MODULE_TAINTS, 1},
	[REFCNT] = {GAP_FIELD_MODULE_REFCNT, 1},
	[USERS] = {GAP_FIELD_MODULE_USERS, 1},
	[USE_LINK] = {GAP_FIELD_MODULE_USE_LINK, 1},
	[USE_SOURCE] = {GAP_FIELD_MODULE_USE_SOURCE, 1},
	[MEM] = {GAP_FIELD_MODULE_MEM, 1},
	[MEM_BASE] = {GAP_FIELD_MODULE_MEM_BASE, 1},
	[MEM_SIZE] = {GAP_FIELD_MODULE_MEM_SIZE, 1},
	[CORE_BASE] = {GAP_FIELD_MODULE_CORE_BASE, 1},
	[CORE_SIZE] = {GAP_FIELD_MODULE_CORE_SIZE, 1},
	[DATA_BASE] = {GAP_FIELD_MODULE_DATA_BASE, 1},
	[DATA_SIZE] = {GAP_FIELD_MODULE_DATA_SIZE, 1},
	[INIT_BASE] = {GAP_FIELD_MODULE_INIT_BASE, 1},
	[INIT_SIZE] = {GAP_FIELD_MODULE_INIT_SIZE, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_modules *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_modules has no room for all fields");

/* The parts of older kernels, each two members of struct module. */
static const struct {
	enum slot base, size;
} older_parts[] = {{CORE_BASE, CORE_SIZE}, {DATA_BASE, DATA_SIZE}, {INIT_BASE, INIT_SIZE}};

#define NOTE(modules, ...)                                                                         \
	gap_note(&(modules)->status, (modules)->reason, sizeof((modules)->reason), __VA_ARGS__)

/* ---- begin ---- */

/* How module.mem[] is laid out; nothing where there is none. */
static void find_parts(struct gap_modules *modules)
{
	const struct gap_profile *profile = gap_guest_profile(modules->guest);
	const struct gap_field *mem = &modules->fields[MEM];
	struct gap_type type;
	gap_type_id id;

	if (!mem->present || !modules->fields[MEM_BASE].present ||
	    gap_profile_find_type(profile, "struct:module_memory", &id, NULL) ||
	    !gap_profile_type(profile, id, &type) || !type.size_bytes ||
	    type.size_bytes > mem->size_bytes)
		return;
	modules->part_stride_bytes = (uint32_t)type.size_bytes;
	modules->part_count = mem->size_bytes / modules->part_stride_bytes;
	if (modules->part_count > GAP_MODULE_PARTS)
		modules->part_count = GAP_MODULE_PARTS;
}

enum gap_status gap_modules_init(struct gap_modules *modules, struct gap_guest *guest,
				 struct gap_error *error)
{
	struct gap_modules begun = {.guest = guest};
	struct gap_vaddr head;
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);

	if (!status)
		status = gap_guest_symbol(guest, "modules", &head, error);
	if (status)
		return status;
	gap_guest_refresh(guest);
	gap_list_init(&begun.list, guest, head, 0);
	begun.steps_left = begun.list.step_max;
	find_parts(&begun);
	*modules = begun;
	return GAP_OK;
}

/* ---- one module ---- */

/* Reads a member; what the profile has and memory has not is noted. */
static int read_number(struct gap_modules *modules, struct gap_vaddr base, enum slot slot,
		       uint64_t *number)
{
	enum gap_status status =
		gap_record_number(modules->guest, base, &modules->fields[slot], number);

	if (status == GAP_UNREADABLE)
		NOTE(modules, "the module at 0x%" PRIx64 " cannot be read", base.value);
	return status == GAP_OK;
}

enum gap_status gap_module_name(const struct gap_modules *modules, struct gap_vaddr address,
				char name[GAP_MODULE_NAME_BYTES + 1])
{
	const struct gap_field *field = &modules->fields[NAME];
	size_t size_bytes = field->size_bytes;
	char text[GAP_MODULE_NAME_BYTES] = {0};
	enum gap_status status;

	if (!field->present)
		return GAP_NOT_FOUND;
	if (size_bytes > sizeof(text))
		size_bytes = sizeof(text);
	status = gap_guest_read(modules->guest, gap_record_at(address, field), text, size_bytes);
	if (status)
		return status;
	memcpy(name, text, sizeof(text));
	name[GAP_MODULE_NAME_BYTES] = '\0';
	return GAP_OK;
}

static void add_part(struct gap_module *module, uint64_t base, uint64_t size_bytes)
{
	struct gap_module_part *part = &module->parts[module->part_count];

	if (!size_bytes)
		return;
	part->base.value = base;
	part->size_bytes = (uint32_t)size_bytes;
	module->size_bytes += part->size_bytes;
	module->part_count++;
}

static void read_parts(struct gap_modules *modules, struct gap_module *module)
{
	struct gap_vaddr at = gap_record_at(module->address, &modules->fields[MEM]);
	size_t count = modules->part_count;
	uint64_t base, size_bytes;

	if (!count)
		count = sizeof(older_parts) / sizeof(older_parts[0]);
	for (size_t i = 0; i < count; i++, at.value += modules->part_stride_bytes) {
		int by_mem = modules->part_count != 0;
		struct gap_vaddr from = by_mem ? at : module->address;
		enum slot base_slot = by_mem ? MEM_BASE : older_parts[i].base;
		enum slot size_slot = by_mem ? MEM_SIZE : older_parts[i].size;

		if (!read_number(modules, from, base_slot, &base) ||
		    !read_number(modules, from, size_slot, &size_bytes))
			continue;
		if (!module->known)
			module->base.value = base;
		module->known |= GAP_MODULE_PLACE;
		add_part(module, base, size_bytes);
	}
}

/* enum module_state, since 2.6; its order is user-visible nowhere but here. */
static void read_state(struct gap_modules *modules, struct gap_module *module)
{
	static const char *const names[] = {"Live", "Loading", "Unloading", "Unformed"};
	uint64_t number;

	if (!read_number(modules, module->address, STATE, &number))
		return;
	if (number >= sizeof(names) / sizeof(names[0])) {
		NOTE(modules, "what the list has at 0x%" PRIx64 " is no module (state %" PRIu64 ")",
		     module->address.value, number);
		return;
	}
	module->state = names[number];
	module->known |= GAP_MODULE_STATE;
}

static void read_counts(struct gap_modules *modules, struct gap_module *module)
{
	uint64_t number;

	if (read_number(modules, module->address, REFCNT, &number)) {
		module->references = (int32_t)(uint32_t)number - REFERENCE_BASE;
		module->known |= GAP_MODULE_REFERENCES;
	}
	if (read_number(modules, module->address, TAINTS, &module->taints))
		module->known |= GAP_MODULE_TAINTS;
}

static void read_users(struct gap_modules *modules, struct gap_module *module)
{
	const struct gap_field *fields = modules->fields;
	struct gap_list list;
	struct gap_vaddr link;
	uint64_t user;

	if (!fields[USERS].present || !fields[USE_LINK].present || !fields[USE_SOURCE].present)
		return;
	gap_list_init(&list, modules->guest, gap_record_at(module->address, &fields[USERS]),
		      modules->steps_left ? modules->steps_left : 1);
	while (gap_list_next(&list, &link)) {
		link.value -= fields[USE_LINK].offset_bytes;
		if (read_number(modules, link, USE_SOURCE, &user) &&
		    module->user_count < GAP_MODULE_USERS)
			module->users[module->user_count].value = user;
		module->user_count++;
	}
	modules->steps_left -= list.steps < modules->steps_left ? list.steps : modules->steps_left;
	module->known |= GAP_MODULE_USED_BY;
	if (list.status)
		NOTE(modules, "the users of module %s: %s", module->name, list.reason);
}

int gap_modules_next(struct gap_modules *modules, struct gap_module *module)
{
	struct gap_vaddr link;

	if (!gap_list_next(&modules->list, &link)) {
		if (modules->list.status)
			NOTE(modules, "%s", modules->list.reason);
		return 0;
	}
	memset(module, 0, sizeof(*module));
	module->address.value = link.value - modules->fields[LIST].offset_bytes;
	if (gap_module_name(modules, module->address, module->name) == GAP_UNREADABLE)
		NOTE(modules, "the module at 0x%" PRIx64 " cannot be read", module->address.value);
	read_parts(modules, module);
	read_state(modules, module);
	read_counts(modules, module);
	read_users(modules, module);
	return 1;
}

/* The rows of taint_flags[] (kernel/panic.c) that a module can set. */
void gap_module_taint_letters(uint64_t taints, char letters[16])
{
	static const struct {
		uint8_t bit;
		char letter;
	} rows[] = {{0, 'P'},  {1, 'F'},  {10, 'C'}, {12, 'O'}, {13, 'E'},
		    {15, 'K'}, {16, 'X'}, {17, 'T'}, {18, 'N'}};
	size_t length = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (taints >> rows[i].bit & 1)
			letters[length++] = rows[i].letter;
	letters[length] = '\0';
}
