/* SPDX-License-Identifier: MIT */
/* A guest made in code; see synthetic.h. Its page tables are written independently of the walk that
 * is tested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/builder.h"
#include "tests/support/synthetic.h"

#define ENTRY_TABLE 0x067u             /* present, writable, user, accessed, dirty */
#define ENTRY_PAGE 0x8000000000000163u /* no execute, global */
#define ENTRY_LARGE 0x80u
#define ENTRY_ADDRESS 0x000ffffffffff000u

#define SWAPPER_NAME "swapper/0"

/* ---- memory ---- */

void *synthetic_physical(struct synthetic *guest, uint64_t physical)
{
	assert_true(physical < SYNTHETIC_RAM_BYTES);
	return guest->ram + physical;
}

void *synthetic_image(struct synthetic *guest, uint64_t linked)
{
	return synthetic_physical(guest, linked - SYNTHETIC_TEXT + SYNTHETIC_IMAGE_AT);
}

static uint64_t direct_map(const struct synthetic *guest)
{
	return guest->levels == 5 ? 0xff11000000000000u : 0xffff888000000000u;
}

void *synthetic_heap(struct synthetic *guest, uint64_t address)
{
	return synthetic_physical(guest, address - direct_map(guest));
}

void synthetic_put64(void *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

void synthetic_put32(void *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

uint64_t synthetic_alloc(struct synthetic *guest, uint64_t size_bytes)
{
	uint64_t physical = guest->next_heap;

	guest->next_heap += (size_bytes + 63) & ~(uint64_t)63;
	assert_true(guest->next_heap <= SYNTHETIC_HEAP_AT + SYNTHETIC_HEAP_BYTES);
	return direct_map(guest) + physical;
}

/* ---- page tables ---- */

static int level_of(uint64_t page_bytes)
{
	return page_bytes == 0x1000 ? 1 : page_bytes == 0x200000 ? 2 : 3;
}

uint64_t *synthetic_entry(struct synthetic *guest, uint64_t address, int level)
{
	uint64_t table = guest->root;

	for (int at = guest->levels;; at--) {
		uint64_t index = (address >> (12 + 9 * (at - 1))) & 511;
		uint64_t *entry = (uint64_t *)synthetic_physical(guest, table) + index;

		if (at == level)
			return entry;
		if (!*entry) {
			*entry = guest->next_table | ENTRY_TABLE;
			guest->next_table += 0x1000;
			assert_true(guest->next_table <= SYNTHETIC_HEAP_AT);
		}
		table = *entry & ENTRY_ADDRESS;
	}
}

void synthetic_map(struct synthetic *guest, uint64_t address, uint64_t physical,
		   uint64_t page_bytes)
{
	int level = level_of(page_bytes);

	*synthetic_entry(guest, address, level) =
		physical | ENTRY_PAGE | (level > 1 ? ENTRY_LARGE : 0);
}

/* ---- profile ---- */

struct maker {
	struct gap_builder *builder;
	gap_type_id u32, u64, pointer, character, comm, list_head, kuid;
};

static gap_type_id add_type(struct maker *maker, enum gap_kind kind, const char *name,
			    uint64_t size_bytes, gap_type_id ref, uint64_t count)
{
	return gap_builder_type_add(
		maker->builder,
		&(struct gap_build_type){.kind = kind,
					 .name = gap_builder_name(maker->builder, name),
					 .size_bytes = size_bytes,
					 .ref = ref,
					 .count = count});
}

static struct gap_build_member member(struct maker *maker, const char *name, gap_type_id type,
				      uint64_t offset_bytes)
{
	return (struct gap_build_member){.name = gap_builder_name(maker->builder, name),
					 .type = type,
					 .offset_bits = offset_bytes * 8};
}

static gap_type_id add_struct(struct maker *maker, const char *name, uint64_t size_bytes,
			      const struct gap_build_member *members, uint64_t count)
{
	return gap_builder_type_add(
		maker->builder,
		&(struct gap_build_type){.kind = GAP_KIND_STRUCT,
					 .name = gap_builder_name(maker->builder, name),
					 .size_bytes = size_bytes,
					 .count = count,
					 .members = members});
}

static void add_base_types(struct maker *maker)
{
	maker->u32 = add_type(maker, GAP_KIND_INT, "unsigned int", 4, 0, 0);
	maker->u64 = add_type(maker, GAP_KIND_INT, "unsigned long", 8, 0, 0);
	maker->pointer = add_type(maker, GAP_KIND_POINTER, "", 8, 0, 0);
	maker->character = add_type(maker, GAP_KIND_INT, "char", 1, 0, 0);
	maker->comm = add_type(maker, GAP_KIND_ARRAY, "", 0, maker->character, 16);
	maker->list_head = add_struct(maker, "list_head", 16,
				      (struct gap_build_member[]){
					      member(maker, "next", maker->pointer, 0),
					      member(maker, "prev", maker->pointer, 8),
				      },
				      2);
	maker->kuid =
		add_struct(maker, "kuid_t", 4,
			   (struct gap_build_member[]){member(maker, "val", maker->u32, 0)}, 1);
}

static void add_structs(struct maker *maker, const struct synthetic_profile *options)
{
	struct gap_build_member members[] = {
		options->old_state ? member(maker, "state", maker->u64, TASK_STATE)
				   : member(maker, "__state", maker->u32, TASK_STATE),
		member(maker, "pid", maker->u32, TASK_PID),
		member(maker, "tgid", maker->u32, TASK_TGID),
		member(maker, "real_parent", maker->pointer, TASK_REAL_PARENT),
		member(maker, "real_cred", maker->pointer, TASK_REAL_CRED),
		member(maker, "exit_state", maker->u32, TASK_EXIT_STATE),
		member(maker, "start_boottime", maker->u64, TASK_START),
		member(maker, "mm", maker->pointer, TASK_MM),
		{0},
		{0},
		{0},
	};
	uint64_t count = 8;

	if (!options->old_state) /* which lies over it */
		members[count++] = member(maker, "flags", maker->u32, TASK_FLAGS);
	if (!options->without_comm)
		members[count++] = member(maker, "comm", maker->comm, TASK_COMM);
	if (!options->without_tasks_member)
		members[count++] = member(maker, "tasks", maker->list_head, TASK_TASKS);
	add_struct(maker, "task_struct", TASK_BYTES, members, count);
	add_struct(maker, "cred", CRED_BYTES,
		   (struct gap_build_member[]){member(maker, "uid", maker->kuid, CRED_UID),
					       member(maker, "gid", maker->kuid, CRED_GID)},
		   2);
}

static void add_symbol(struct maker *maker, const char *name, uint64_t address, uint32_t flags)
{
	gap_builder_symbol_add(
		maker->builder,
		&(struct gap_build_symbol){.name = gap_builder_name(maker->builder, name),
					   .address = address,
					   .type = GAP_NONE,
					   .kind = GAP_SYMBOL_DATA,
					   .flags = flags});
}

static void add_symbols(struct maker *maker, const struct synthetic_profile *options)
{
	if (!options->without_banner)
		add_symbol(maker, "linux_banner", SYNTHETIC_BANNER, 0);
	if (!options->without_init_task)
		add_symbol(maker, "init_task", SYNTHETIC_INIT_TASK, 0);
	if (!options->without_root)
		add_symbol(maker, "init_top_pgt", SYNTHETIC_ROOT, 0);
	if (!options->without_notes)
		add_symbol(maker, "__start_notes", SYNTHETIC_NOTES, 0);
	add_symbol(maker, "runqueues", 0x1000, GAP_SYMBOL_PERCPU);
}

static uint8_t parse_build_id(const char *text, uint8_t id[8])
{
	for (int i = 0; i < 8 && *text; i++) {
		char digits[3] = {text[2 * i], text[2 * i + 1], 0};

		id[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return *text ? 8 : 0;
}

static void set_target(struct maker *maker, const struct synthetic_profile *options)
{
	const char *banner = options->banner ? options->banner : SYNTHETIC_BANNER_TEXT;
	uint8_t id[8] = {0};
	uint8_t id_bytes =
		parse_build_id(options->build_id ? options->build_id : SYNTHETIC_BUILD_ID, id);

	gap_builder_target_set(
		maker->builder,
		&(struct gap_build_target){.machine = options->machine ? options->machine : 62,
					   .pointer_bytes = 8,
					   .build_id = id,
					   .build_id_bytes = id_bytes,
					   .release = options->release ? options->release
								       : SYNTHETIC_RELEASE,
					   .banner = banner,
					   .banner_bytes = (uint32_t)strlen(banner)});
}

void synthetic_profile(struct synthetic *guest, const struct synthetic_profile *options)
{
	struct maker maker = {0};
	unsigned flags = options->minimal ? GAP_FREEZE_MINIMAL : 0;
	size_t size_bytes;

	gap_profile_close(guest->profile);
	free(guest->image);
	assert_int_equal(gap_builder_create(&maker.builder, NULL), GAP_OK);
	add_base_types(&maker);
	add_structs(&maker, options);
	add_symbols(&maker, options);
	set_target(&maker, options);
	assert_int_equal(gap_builder_freeze(maker.builder, flags, &guest->image, &size_bytes, NULL),
			 GAP_OK);
	gap_builder_destroy(maker.builder);
	assert_int_equal(gap_profile_open_image(guest->image, size_bytes, &guest->profile, NULL),
			 GAP_OK);
}

/* ---- the kernel ---- */

void synthetic_vmcoreinfo(struct synthetic *guest, uint64_t physical, const struct synthetic *told,
			  const char *release, const char *build_id)
{
	char text[512];
	int length = snprintf(text, sizeof(text),
			      "OSRELEASE=%s\nBUILD-ID=%s\nPAGESIZE=4096\n"
			      "SYMBOL(init_uts_ns)=ffffffff82000000\n"
			      "SYMBOL(swapper_pg_dir)=%llx\nNUMBER(phys_base)=%lld\n"
			      "NUMBER(pgtable_l5_enabled)=%d\nKERNELOFFSET=%llx\n"
			      "NUMBER(sme_mask)=0\n",
			      release, build_id, (unsigned long long)(SYNTHETIC_ROOT + told->slide),
			      (long long)told->phys_base, told->levels == 5,
			      (unsigned long long)told->slide);

	memcpy(synthetic_physical(guest, physical), text, (size_t)length + 1);
}

uint64_t synthetic_head(const struct synthetic *guest)
{
	return SYNTHETIC_INIT_TASK + guest->slide + TASK_TASKS;
}

/* Host pointer to a list_head of the image or the heap. */
static unsigned char *list_at(struct synthetic *guest, uint64_t address)
{
	if (address >= SYNTHETIC_BASE)
		return synthetic_image(guest, address - guest->slide);
	return synthetic_heap(guest, address);
}

static void list_add_tail(struct synthetic *guest, uint64_t link)
{
	uint64_t head = synthetic_head(guest), last;

	memcpy(&last, list_at(guest, head) + 8, sizeof(last));
	synthetic_put64(list_at(guest, link), head);
	synthetic_put64(list_at(guest, link) + 8, last);
	synthetic_put64(list_at(guest, last), link);
	synthetic_put64(list_at(guest, head) + 8, link);
}

static void set_task(unsigned char *task, int32_t pid, uint64_t parent, uint64_t cred,
		     const char *comm)
{
	synthetic_put32(task + TASK_PID, (uint32_t)pid);
	synthetic_put32(task + TASK_TGID, (uint32_t)pid);
	synthetic_put64(task + TASK_REAL_PARENT, parent);
	synthetic_put64(task + TASK_REAL_CRED, cred);
	memcpy(task + TASK_COMM, comm, strlen(comm) + 1);
}

uint64_t synthetic_task(struct synthetic *guest, int32_t pid, uint64_t parent, const char *comm)
{
	uint64_t task = synthetic_alloc(guest, TASK_BYTES);
	uint64_t cred = synthetic_alloc(guest, CRED_BYTES);

	set_task(synthetic_heap(guest, task), pid, parent, cred, comm);
	list_add_tail(guest, task + TASK_TASKS);
	return task;
}

static void make_tables(struct synthetic *guest)
{
	uint64_t heap = direct_map(guest);

	for (uint64_t at = 0; at < SYNTHETIC_IMAGE_BYTES; at += 0x200000)
		synthetic_map(guest, SYNTHETIC_TEXT + guest->slide + at, SYNTHETIC_IMAGE_AT + at,
			      0x200000);
	for (uint64_t at = SYNTHETIC_HEAP_AT; at < SYNTHETIC_HEAP_AT + SYNTHETIC_HEAP_BYTES;
	     at += 0x1000)
		synthetic_map(guest, heap + at, at, 0x1000);
}

/* Two notes, as a kernel has them: the build-id is not the first. */
static void make_notes(unsigned char *at)
{
	static const uint32_t other[] = {6, 1, 0x100, 0x756e694c, 0x78, 0};
	static const uint32_t build_id[] = {4, 8, 3, 0x554e47};

	memcpy(at, other, sizeof(other));
	memcpy(at + sizeof(other), build_id, sizeof(build_id));
	parse_build_id(SYNTHETIC_BUILD_ID, at + sizeof(other) + sizeof(build_id));
}

static void make_kernel(struct synthetic *guest)
{
	uint64_t head = synthetic_head(guest), task = head - TASK_TASKS;
	unsigned char *init = synthetic_image(guest, SYNTHETIC_INIT_TASK);

	memcpy(synthetic_image(guest, SYNTHETIC_BANNER), SYNTHETIC_BANNER_TEXT,
	       sizeof(SYNTHETIC_BANNER_TEXT));
	make_notes(synthetic_image(guest, SYNTHETIC_NOTES));
	set_task(init, 0, task, SYNTHETIC_INIT_CRED + guest->slide, SWAPPER_NAME);
	synthetic_put64(init + TASK_TASKS, head);
	synthetic_put64(init + TASK_TASKS + 8, head);
}

void synthetic_init(struct synthetic *guest, int levels)
{
	*guest = (struct synthetic){
		.levels = levels,
		.slide = SYNTHETIC_SLIDE,
		.phys_base =
			SYNTHETIC_IMAGE_AT - (SYNTHETIC_TEXT - SYNTHETIC_BASE) - SYNTHETIC_SLIDE,
		.root = SYNTHETIC_ROOT - SYNTHETIC_TEXT + SYNTHETIC_IMAGE_AT,
		.next_table = SYNTHETIC_TABLES_AT,
		.next_heap = SYNTHETIC_HEAP_AT,
	};
	guest->ram = calloc(1, SYNTHETIC_RAM_BYTES);
	assert_non_null(guest->ram);
	guest->range = (struct gap_memory_range){{0}, SYNTHETIC_RAM_BYTES, guest->ram};
	guest->memory.ranges = &guest->range;
	guest->memory.range_count = 1;
	make_tables(guest);
	make_kernel(guest);
	/* Twice, as Linux keeps it: a page of its own, and behind the header of a note. */
	synthetic_vmcoreinfo(guest, 0x10000, guest, SYNTHETIC_RELEASE, SYNTHETIC_BUILD_ID);
	synthetic_vmcoreinfo(guest, 0x20018, guest, SYNTHETIC_RELEASE, SYNTHETIC_BUILD_ID);
	synthetic_profile(guest, &(struct synthetic_profile){0});
}

void synthetic_deinit(struct synthetic *guest)
{
	gap_profile_close(guest->profile);
	free(guest->image);
	free(guest->ram);
}

struct gap_guest *synthetic_open(struct synthetic *guest)
{
	struct gap_error error = {""};
	struct gap_guest *opened = NULL;
	enum gap_status status =
		gap_guest_open(&guest->memory, guest->profile, NULL, &opened, &error);

	if (status)
		fail_msg("the synthetic guest does not open: %s: %s", gap_status_name(status),
			 error.text);
	return opened;
}
