/* SPDX-License-Identifier: MIT */
/*
 * The kernel keeps the BTF of each module for as long as that is loaded (kernel/bpf/btf.c): a list of them, and all BTF by
 * number, that of BPF programs among it. Both are walked, as an entry may have been taken out of either. Each is read whole,
 * tried by itself, and only then becomes rows beside the kernel's. Decoding is profile/btf.c's.
 */
#include "infer/module_types.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/vector.h"
#include "runtime/include/semgap/walks.h"

enum {
	ENTRIES_MAX = 4096,         /* modules, and programs' BTF by number */
	MODULE_BYTES_MAX = 4 << 20, /* of one; the largest of Debian's has a third of that */
	ALL_BYTES_MAX = 12 << 20,   /* of all: as rows they take several times that */
	NAME_BYTES = 64,
	TOLD_MAX = 8 /* refusals */
};

/* Positions in requests and walk.fields. */
enum slot {
	ENTRY_LIST,
	ENTRY_BTF,
	DATA,
	DATA_SIZE,
	NAME,
	OWN_BY_KERNEL,
	BASE,
	START_ID,
	START_STRING,
	SLOT_COUNT
};

static const struct gap_field_request requests[SLOT_COUNT] = {
	/* 36e68442d1af (5.11) */
	[ENTRY_LIST] = {"btf_module", "list", 0, 1},
	[ENTRY_BTF] = {"btf_module", "btf", 0, 1},
	[DATA] = {"btf", "data", 0, 0},
	[DATA_SIZE] = {"btf", "data_size", 4, 0},
	/* 951bb64621b8 (5.11) */
	[NAME] = {"btf", "name", 0, 0},
	[OWN_BY_KERNEL] = {"btf", "kernel_btf", 1, 0},
	[BASE] = {"btf", "base_btf", 0, 0},
	[START_ID] = {"btf", "start_id", 4, 0},
	[START_STRING] = {"btf", "start_str_off", 4, 0},
};

GAP_VECTOR(addresses, uint64_t);

struct walk {
	struct infer_module_types *modules;
	struct gap_builder *builder;
	struct gap_guest *guest;
	struct gap_field fields[SLOT_COUNT];
	uint8_t pointer_bytes;
	struct gap_btf_base alone; /* the base with every type of it void */
	struct addresses seen;     /* of struct btf */
	uint64_t bytes;            /* read so far */
	struct gap_error *error;
};

/* One module's, as the kernel describes it. */
struct entry {
	char name[NAME_BYTES];
	uint64_t data, base;
	uint32_t size_bytes, start_id, start_string;
};

static enum gap_status no_memory(const struct walk *walk)
{
	return gap_fail(walk->error, GAP_NO_MEMORY, "out of memory");
}

static void warn(struct walk *walk, const char *format, ...) GAP_PRINTF(2, 3);

static void warn(struct walk *walk, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (!walk->modules->warn)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	walk->modules->warn(walk->modules->context, text);
}

/* Counts a refusal, and says whether to tell of it: a list may be made of nothing else. */
static bool count_refused(struct walk *walk)
{
	if (++walk->modules->refused == TOLD_MAX + 1)
		warn(walk, "the BTF of more modules is not used");
	return walk->modules->refused <= TOLD_MAX;
}

static enum gap_status refuse(struct walk *walk, const struct entry *entry, const char *why)
{
	if (count_refused(walk))
		warn(walk, "the BTF of module %s is not used: %s", entry->name, why);
	return GAP_OK;
}

/* ---- reading ---- */

static bool read_word(const struct walk *walk, uint64_t btf, enum slot slot, uint32_t *value)
{
	return !gap_guest_read_u32(
		walk->guest, (struct gap_vaddr){btf + walk->fields[slot].offset_bytes}, value);
}

static bool read_pointer(const struct walk *walk, uint64_t btf, enum slot slot, uint64_t *value)
{
	struct gap_vaddr pointer;

	if (gap_guest_read_pointer(walk->guest,
				   (struct gap_vaddr){btf + walk->fields[slot].offset_bytes},
				   &pointer))
		return false;
	*value = pointer.value;
	return true;
}

static bool is_name(const char *name)
{
	size_t length =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return length > 0 && name[length] == '\0';
}

static bool read_entry(const struct walk *walk, uint64_t btf, struct entry *entry)
{
	struct gap_vaddr name = {btf + walk->fields[NAME].offset_bytes};

	return !gap_guest_read_string(walk->guest, name, entry->name, sizeof(entry->name)) &&
	       is_name(entry->name) && read_pointer(walk, btf, DATA, &entry->data) &&
	       read_pointer(walk, btf, BASE, &entry->base) &&
	       read_word(walk, btf, DATA_SIZE, &entry->size_bytes) &&
	       read_word(walk, btf, START_ID, &entry->start_id) &&
	       read_word(walk, btf, START_STRING, &entry->start_string);
}

/* Ids and strings go on where the kernel's end. */
static bool fits(const struct walk *walk, const struct entry *entry)
{
	return entry->start_id == walk->modules->base->type_count + 1 &&
	       entry->start_string == walk->modules->base->strings_bytes;
}

/* Why it cannot be what it is said to be, or NULL. */
static const char *misfit(const struct walk *walk, const struct entry *entry)
{
	struct gap_vaddr kernel;

	if (!fits(walk, entry))
		return "it stands upon other BTF than the kernel's";
	if (!gap_guest_symbol(walk->guest, "btf_vmlinux", &kernel, NULL) &&
	    !gap_guest_read_pointer(walk->guest, kernel, &kernel) && kernel.value != entry->base)
		return "it stands upon other BTF than the kernel's";
	if (entry->size_bytes > MODULE_BYTES_MAX)
		return "it is larger than any module's";
	if (entry->size_bytes > ALL_BYTES_MAX - walk->bytes)
		return "that of the modules before it was as much as is read";
	if (gap_builder_module_known(walk->builder, entry->name))
		return "there was a module of this name before it";
	return NULL;
}

/* ---- trying ---- */

static bool is_defined(const struct gap_profile *profile, const char *name)
{
	gap_type_id ids[2];
	uint32_t count = gap_profile_find_types(profile, name, ids, 2);
	struct gap_type type;

	for (uint32_t i = 0; i < count && i < 2; i++)
		if (gap_profile_type(profile, ids[i], &type) && !(type.flags & GAP_TYPE_INCOMPLETE))
			return true;
	return false;
}

/* A structure that others go by, and that both the kernel and the module define. */
static const char *contested(const struct walk *walk, const struct gap_profile *own)
{
	const struct gap_profile *kernel = gap_guest_profile(walk->guest);

	for (unsigned list = 0; list < 2; list++) {
		const struct infer_fields *fields = walk->modules->fields[list];

		for (uint32_t i = 0; fields && i < fields->count; i++)
			if (is_defined(own, fields->rows[i].type) &&
			    is_defined(kernel, fields->rows[i].type))
				return fields->rows[i].type;
	}
	return NULL;
}

/* What the module adds, frozen as if there were nothing else. The kernel's types cannot contain a module's, so that whatever is
 * wrong in it shows here. */
static enum gap_status try_alone(const struct walk *walk, const void *bytes, uint32_t size_bytes,
				 struct gap_error *why)
{
	struct gap_builder *builder;
	struct gap_profile *own = NULL;
	void *image = NULL;
	size_t image_bytes;
	const char *name;
	enum gap_status status = gap_builder_create(&builder, why);

	if (status)
		return status;
	status = gap_btf_read_split(builder, &walk->alone, bytes, size_bytes, NULL, NULL, why);
	if (!status)
		status = gap_builder_freeze(builder, 0, &image, &image_bytes, why);
	gap_builder_destroy(builder);
	if (!status)
		status = gap_profile_open_image(image, image_bytes, &own, why);
	name = status ? NULL : contested(walk, own);
	if (name)
		status = gap_fail(why, GAP_MISMATCH,
				  "it describes %.200s anew, which is the kernel's", name);
	gap_profile_close(own);
	free(image);
	return status;
}

/* ---- taking ---- */

struct typing {
	struct gap_builder *builder;
	uint32_t module;
};

static void type_by_name(void *context, gap_text name, gap_type_id type)
{
	const struct typing *typing = context;

	gap_builder_module_symbol_type(typing->builder, typing->module, name, UINT64_MAX, type);
}

static enum gap_status take(struct walk *walk, const struct entry *entry, const void *bytes)
{
	struct gap_error why = {{0}};
	struct typing typing = {walk->builder, 0};
	enum gap_status status = try_alone(walk, bytes, entry->size_bytes, &why);

	if (status == GAP_NO_MEMORY)
		return no_memory(walk);
	if (status)
		return refuse(walk, entry, why.text);
	typing.module = gap_builder_module_add(walk->builder, entry->name, NULL, 0);
	status = gap_btf_read_split(walk->builder, walk->modules->base, bytes, entry->size_bytes,
				    type_by_name, &typing, walk->error);
	walk->modules->taken += status == GAP_OK;
	return status;
}

static enum gap_status read_module(struct walk *walk, const struct entry *entry)
{
	const char *why = misfit(walk, entry);
	enum gap_status status;
	void *bytes;

	if (why)
		return refuse(walk, entry, why);
	walk->bytes += entry->size_bytes;
	bytes = malloc((size_t)entry->size_bytes + 1);
	if (!bytes)
		return no_memory(walk);
	if (gap_guest_read(walk->guest, (struct gap_vaddr){entry->data}, bytes, entry->size_bytes))
		status = refuse(walk, entry, "it cannot be read");
	else
		status = take(walk, entry, bytes);
	free(bytes);
	return status;
}

/* ---- walking ---- */

static bool was_seen(const struct walk *walk, uint64_t btf)
{
	for (uint32_t i = 0; i < walk->seen.count; i++)
		if (walk->seen.items[i] == btf)
			return true;
	return false;
}

static enum gap_status visit(struct walk *walk, uint64_t btf)
{
	struct entry entry;
	uint64_t *seen;

	if (was_seen(walk, btf))
		return GAP_OK;
	seen = addresses_push(&walk->seen);
	if (!seen)
		return no_memory(walk);
	*seen = btf;
	if (read_entry(walk, btf, &entry))
		return read_module(walk, &entry);
	if (count_refused(walk))
		warn(walk, "the list of the modules' BTF has an entry that is none, at 0x%" PRIx64,
		     btf);
	return GAP_OK;
}

/* The BTF that the entry with this link is about. */
static bool held_by(const struct walk *walk, uint64_t link, uint64_t *btf)
{
	return read_pointer(walk, link - walk->fields[ENTRY_LIST].offset_bytes, ENTRY_BTF, btf);
}

/* Whether the list begins here: its first entry points back, and holds what stands upon the kernel's. */
static bool is_head(const struct walk *walk, uint64_t head, uint64_t first)
{
	struct gap_vaddr back = {first + walk->pointer_bytes};
	struct entry entry;
	uint64_t btf;

	return !gap_guest_read_pointer(walk->guest, back, &back) && back.value == head &&
	       held_by(walk, first, &btf) && read_entry(walk, btf, &entry) && fits(walk, &entry);
}

/* Pointers to what was allocated: not 0, aligned, and not into the image. */
static bool leads_out(const struct walk *walk, const uint8_t *bytes, uint64_t *pointer)
{
	*pointer = 0;
	memcpy(pointer, bytes, walk->pointer_bytes);
	return *pointer != 0 && *pointer % walk->pointer_bytes == 0 &&
	       !infer_image_at(walk->modules->image, *pointer, 1);
}

/* Kernels whose table of symbols has those of code only. */
static bool search_head(const struct walk *walk, struct gap_vaddr *head)
{
	const struct infer_image *image = walk->modules->image;
	uint64_t first, last;

	for (uint64_t at = 0; image && at + 2 * walk->pointer_bytes <= image->size_bytes;
	     at += walk->pointer_bytes)
		if (leads_out(walk, image->bytes + at, &first) &&
		    leads_out(walk, image->bytes + at + walk->pointer_bytes, &last) &&
		    is_head(walk, image->address + at, first)) {
			head->value = image->address + at;
			return true;
		}
	return false;
}

static enum gap_status walk_list(struct walk *walk)
{
	enum gap_status status = GAP_OK;
	struct gap_list list;
	struct gap_vaddr at;
	uint64_t btf;

	if (!walk->fields[ENTRY_LIST].present || !walk->fields[ENTRY_BTF].present ||
	    (gap_guest_symbol(walk->guest, "btf_modules", &at, NULL) && !search_head(walk, &at)))
		return GAP_OK;
	gap_list_init(&list, walk->guest, at, ENTRIES_MAX);
	while (!status && gap_list_next(&list, &at))
		if (held_by(walk, at.value, &btf))
			status = visit(walk, btf);
	if (!status && list.status)
		warn(walk, "the list of the modules' BTF is broken: %s", list.reason);
	return status;
}

/* That of BPF programs is not the kernel's, the kernel's own stands upon none. */
static bool is_modules(const struct walk *walk, uint64_t btf)
{
	uint64_t base;
	uint8_t own;

	return !gap_guest_read_u8(
		       walk->guest,
		       (struct gap_vaddr){btf + walk->fields[OWN_BY_KERNEL].offset_bytes}, &own) &&
	       own == 1 && read_pointer(walk, btf, BASE, &base) && base != 0;
}

static enum gap_status walk_numbers(struct walk *walk)
{
	enum gap_status status = GAP_OK;
	struct gap_xarray_layout layout;
	struct gap_xarray numbers;
	struct gap_vaddr at;
	uint64_t index, btf;

	if (gap_guest_symbol(walk->guest, "btf_idr", &at, NULL) ||
	    gap_xarray_bind(&layout, walk->guest, NULL) ||
	    gap_idr_init(&numbers, walk->guest, &layout, at, NULL))
		return GAP_OK;
	for (uint32_t steps = 0; !status && steps < ENTRIES_MAX; steps++) {
		if (!gap_xarray_next(&numbers, &index, &btf))
			break;
		if (is_modules(walk, btf))
			status = visit(walk, btf);
	}
	return status;
}

/* Types that are none stay none. */
static bool make_alone(struct gap_btf_base *alone, const struct gap_btf_base *base)
{
	*alone = *base;
	alone->ids = calloc((size_t)base->type_count + 1, sizeof(*alone->ids));
	for (uint32_t id = 0; alone->ids && id <= base->type_count; id++)
		if (base->ids[id] == GAP_NONE)
			alone->ids[id] = GAP_NONE;
	return alone->ids != NULL;
}

enum gap_status infer_module_types_add(struct infer_module_types *modules,
				       struct gap_builder *builder, struct gap_error *error)
{
	struct walk walk = {
		.modules = modules, .builder = builder, .guest = modules->guest, .error = error};
	enum gap_status status;
	struct gap_target target;

	if (gap_bind_fields(gap_guest_profile(modules->guest), requests, SLOT_COUNT, walk.fields,
			    NULL))
		return GAP_OK;
	gap_profile_target(gap_guest_profile(modules->guest), &target);
	walk.pointer_bytes = target.pointer_bytes;
	if (!make_alone(&walk.alone, modules->base))
		return no_memory(&walk);
	gap_guest_refresh(modules->guest);
	status = walk_list(&walk);
	if (!status)
		status = walk_numbers(&walk);
	free(walk.alone.ids);
	free(walk.seen.items);
	return status;
}
