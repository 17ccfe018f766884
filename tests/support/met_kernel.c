/* SPDX-License-Identifier: MIT */
/* What a kernel says of itself, written beside the objects of a graph; see met_kernel.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/kallsyms_table.h"
#include "tests/support/met_kernel.h"

#define NO_EXECUTE (UINT64_C(1) << 63)
#define LINEAR UINT64_C(0xffff888000000000)
#define LARGE 0x200000u
#define IMAGE_BYTES 0x800000u /* as much as a kernel's has at least */
/* Offsets in the image, where no object lies. */
#define SYMBOLS_AT 0x300000u
#define EXPORTS_AT 0x320000u
#define NAMES_AT 0x328000u
#define TYPES_AT 0x340003u /* types lie at any alignment */
#define TYPES_BYTES 0x14000u
#define TEXT_BYTES 0x10000u

/* ---- page tables ---- */

/* All of memory linearly, the heap's two megabytes by small pages as they are. */
static void map_kernel(struct synthetic *guest)
{
	for (uint64_t at = SYNTHETIC_IMAGE_BYTES; at < IMAGE_BYTES; at += LARGE)
		synthetic_map(guest, SYNTHETIC_TEXT + guest->slide + at, SYNTHETIC_IMAGE_AT + at,
			      LARGE);
	*synthetic_entry(guest, SYNTHETIC_TEXT + guest->slide, 2) &= ~NO_EXECUTE;
	for (uint64_t at = 0; at < SYNTHETIC_RAM_BYTES; at += LARGE)
		if (at != SYNTHETIC_HEAP_AT)
			synthetic_map(guest, LINEAR + at, at, LARGE);
	for (uint64_t at = SYNTHETIC_HEAP_AT; at < SYNTHETIC_HEAP_AT + LARGE; at += 0x1000)
		synthetic_map(guest, LINEAR + at, at, 0x1000);
}

static void list_move_first(struct graph *graph, uint64_t head, uint64_t link)
{
	uint64_t next = graph_get(graph, link, 8), before = graph_get(graph, link + 8, 8);
	uint64_t first;

	graph_put(graph, before, next, 8);
	graph_put(graph, next + 8, before, 8);
	first = graph_get(graph, head, 8);
	graph_put(graph, link, first, 8);
	graph_put(graph, link + 8, head, 8);
	graph_put(graph, first + 8, link, 8);
	graph_put(graph, head, link, 8);
}

/* Process 1 is the first that a kernel makes. */
static void init_comes_first(struct graph *graph)
{
	uint32_t tasks = graph_offset("task_struct", "tasks");

	for (uint32_t i = 0; i < graph->count; i++)
		if (graph_get(graph, graph->tasks[i] + graph_offset("task_struct", "pid"), 4) == 1)
			list_move_first(graph, graph->init_task + tasks, graph->tasks[i] + tasks);
}

/* ---- symbols ---- */

static uint64_t pointer_in(struct graph *graph, uint64_t object, const char *type,
			   const char *member)
{
	return graph_get(graph, object + graph_offset(type, member), 8);
}

#define SYMBOLS_MAX 400

static int compare_symbols(const void *one, const void *two)
{
	const struct table_symbol *a = one, *b = two;

	return a->address < b->address ? -1 : a->address > b->address;
}

static void add_symbol(struct table_symbol *symbols, uint32_t *count, const char *name, char type,
		       uint64_t address)
{
	assert_true(*count < SYMBOLS_MAX);
	symbols[*count].address = address;
	symbols[*count].type = type;
	snprintf(symbols[*count].name, sizeof(symbols[*count].name), "%s", name);
	++*count;
}

static uint32_t name_objects(struct graph *graph, struct table_symbol *symbols, uint32_t count)
{
	uint64_t text = SYNTHETIC_TEXT + graph->guest.slide, init = graph->init_task;
	uint64_t cred = pointer_in(graph, init, "task_struct", "cred");
	uint64_t nsproxy = pointer_in(graph, init, "task_struct", "nsproxy");
	const struct {
		const char *name;
		char type;
		uint64_t address;
	} rows[] = {
		{"_text", 'T', text},
		{"_stext", 'T', text},
		{"_etext", 'T', text + TEXT_BYTES},
		{"linux_banner", 'R', SYNTHETIC_BANNER + graph->guest.slide},
		{"init_task", 'D', init},
		{"init_cred", 'D', cred},
		{"init_user_ns", 'D', pointer_in(graph, cred, "cred", "user_ns")},
		{"init_nsproxy", 'D', nsproxy},
		{"init_uts_ns", 'D', pointer_in(graph, nsproxy, "nsproxy", "uts_ns")},
		{"init_pid_ns", 'D', pointer_in(graph, nsproxy, "nsproxy", "pid_ns_for_children")},
		{"init_signals", 'D', pointer_in(graph, init, "task_struct", "signal")},
		{"_end", 'B', text + IMAGE_BYTES},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		add_symbol(symbols, &count, rows[i].name, rows[i].type, rows[i].address);
	return count;
}

static void write_kallsyms(struct graph *graph)
{
	enum { FILLERS = 300 };
	uint64_t text = SYNTHETIC_TEXT + graph->guest.slide;
	const struct table_plan plan = {.addressing = GAP_KALLSYMS_BASE_PERCPU,
					.pointer_bytes = 8,
					.align_bytes = 8,
					.number_bytes = 4,
					.base = text,
					.sequence_bytes = 3};
	struct table_symbol *symbols = calloc(SYMBOLS_MAX, sizeof(*symbols));
	uint32_t count;

	assert_non_null(symbols);
	make_table_symbols(symbols, FILLERS, 5, text + 0x200, true);
	count = name_objects(graph, symbols, FILLERS);
	qsort(symbols, count, sizeof(*symbols), compare_symbols);
	write_table(synthetic_image(&graph->guest, SYNTHETIC_TEXT + SYMBOLS_AT), 0, &plan, symbols,
		    count);
	free(symbols);
}

/* Entries of a value and a name, relative to where they are. */
static void write_exports(struct graph *graph)
{
	unsigned char *image = synthetic_image(&graph->guest, SYNTHETIC_TEXT);

	for (uint32_t i = 0; i < MET_KERNEL_EXPORTS; i++) {
		uint32_t at = EXPORTS_AT + 8 * i, name = NAMES_AT + 32 * i;
		int32_t value = (int32_t)(0x100 + 16 * i - at), text = (int32_t)(name - (at + 4));

		if (i == MET_KERNEL_EXPORTS / 2) /* as kernels do export it */
			value = (int32_t)(graph->init_task - SYNTHETIC_TEXT - graph->guest.slide -
					  at);
		memcpy(image + at, &value, 4);
		memcpy(image + at + 4, &text, 4);
		snprintf((char *)image + name, 32,
			 i == MET_KERNEL_EXPORTS / 2 ? "init_task" : "%s_%04u",
			 i < MET_KERNEL_EXPORTS / 2 ? "export" : "jump", i);
	}
}

/* ---- types ---- */

/* A writer of BTF words (Documentation/bpf/btf.rst): integers, arrays of bytes, structures. */
struct types {
	uint32_t words[2048], count, next_id;
	char strings[8192];
	uint32_t string_bytes;
};

enum { BTF_INT = 1, BTF_ARRAY = 3, BTF_STRUCT = 4 };
enum { ID_U8 = 1, ID_U16, ID_U32, ID_U64, ID_FIRST };

static uint32_t word(struct types *types, uint32_t value)
{
	assert_true(types->count < COUNT_OF(types->words));
	types->words[types->count] = value;
	return types->count++;
}

static uint32_t string(struct types *types, const char *text)
{
	uint32_t at = types->string_bytes;

	assert_true(at + strlen(text) + 1 <= sizeof(types->strings));
	memcpy(types->strings + at, text, strlen(text) + 1);
	types->string_bytes += (uint32_t)strlen(text) + 1;
	return at;
}

static uint32_t begin_type(struct types *types, const char *name, unsigned kind, uint32_t entries,
			   uint32_t size_bytes)
{
	word(types, name ? string(types, name) : 0);
	word(types, kind << 24 | entries);
	word(types, size_bytes);
	return types->next_id++;
}

static void add_integers(struct types *types)
{
	static const char *const names[] = {"unsigned char", "unsigned short", "unsigned int",
					    "unsigned long"};

	for (uint32_t i = 0; i < COUNT_OF(names); i++) {
		begin_type(types, names[i], BTF_INT, 0, 1u << i);
		word(types, 8u << i);
	}
}

/* The type of so many bytes; an array is written on the spot. */
static uint32_t sized_type(struct types *types, uint32_t size_bytes)
{
	uint32_t id;

	for (uint32_t i = 0; i < 4; i++)
		if (size_bytes == 1u << i)
			return ID_U8 + i;
	id = begin_type(types, NULL, BTF_ARRAY, 0, 0);
	word(types, ID_U8);
	word(types, ID_U32);
	word(types, size_bytes);
	return id;
}

/* Are both in one inner structure, as "thread.sp" is in thread? */
static bool are_together(const struct graph_member *one, const struct graph_member *other)
{
	size_t length = strcspn(one->name, ".") + 1;

	return strcmp(one->type, other->type) == 0 && strchr(one->name, '.') &&
	       strncmp(one->name, other->name, length) == 0;
}

/* Where the inner structure of a member begins: at the first of those that are in it. */
static uint32_t inner_start(const struct graph_member *member)
{
	struct graph_member other;
	uint32_t start = member->offset;

	for (size_t i = 0; graph_member_at(i, &other); i++)
		if (are_together(member, &other) && other.offset < start)
			start = other.offset;
	return start;
}

/* The first in the table of those that are in one inner structure stands for all. */
static bool is_told_before(size_t index, const struct graph_member *member)
{
	struct graph_member other;

	for (size_t i = 0; i < index && graph_member_at(i, &other); i++)
		if (are_together(member, &other))
			return true;
	return false;
}

#define INNER_MAX 32

static uint32_t inner_structure(struct types *types, const struct graph_member *member)
{
	uint32_t ids[INNER_MAX], start = inner_start(member), end = 0, count = 0, outer;
	struct graph_member inner[INNER_MAX];

	for (size_t i = 0; graph_member_at(i, &inner[count]); i++) {
		if (!are_together(member, &inner[count]))
			continue;
		ids[count] = sized_type(types, inner[count].size_bytes);
		if (inner[count].offset + inner[count].size_bytes > end)
			end = inner[count].offset + inner[count].size_bytes;
		assert_true(++count < INNER_MAX);
	}
	outer = begin_type(types, "inner_structure", BTF_STRUCT, count, end - start);
	for (uint32_t i = 0; i < count; i++) {
		word(types, string(types, strchr(inner[i].name, '.') + 1));
		word(types, ids[i]);
		word(types, 8 * (inner[i].offset - start));
	}
	return outer;
}

static uint32_t member_type(struct types *types, const struct graph_member *member)
{
	return strchr(member->name, '.') ? inner_structure(types, member)
					 : sized_type(types, member->size_bytes);
}

/* What a kernel's types have: no holes, and no list of mappings where there is a tree. */
static bool is_written(const struct met_kernel_options *options, const struct graph_member *member)
{
	return !strchr(member->name, ' ') &&
	       !(options->graph.mappings_in_tree && strcmp(member->name, "vm_next") == 0);
}

static bool is_forged(const struct met_kernel_options *options, const struct graph_member *member)
{
	size_t length = strlen(member->type);

	return options->forged && strncmp(options->forged, member->type, length) == 0 &&
	       strcmp(options->forged + length + 1, member->name) == 0;
}

#define STRUCTURE_BYTES 4096
#define MEMBERS_MAX 64

/* The members from @index on that are of its type; returns where the next type begins. */
static size_t add_structure(struct types *types, const struct met_kernel_options *options,
			    size_t index)
{
	struct graph_member first, members[MEMBERS_MAX];
	uint32_t ids[MEMBERS_MAX], count = 0;

	assert_true(graph_member_at(index, &first));
	for (; graph_member_at(index, &members[count]) &&
	       strcmp(members[count].type, first.type) == 0;
	     index++) {
		if (!is_written(options, &members[count]) || is_told_before(index, &members[count]))
			continue;
		ids[count] = member_type(types, &members[count]);
		assert_true(++count < MEMBERS_MAX);
	}
	begin_type(types, first.type, BTF_STRUCT, count, STRUCTURE_BYTES);
	for (uint32_t i = 0; i < count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(members[i].name, "."),
			 members[i].name);
		word(types, string(types, name));
		word(types, ids[i]);
		word(types,
		     8 * inner_start(&members[i]) + (is_forged(options, &members[i]) ? 64 : 0));
	}
	return index;
}

/* As large as a kernel's, by strings that nothing uses. */
static void write_types(struct graph *graph, const struct met_kernel_options *options)
{
	unsigned char *at = synthetic_image(&graph->guest, SYNTHETIC_TEXT + TYPES_AT);
	struct types types = {.next_id = ID_U8, .string_bytes = 1};
	struct graph_member member;
	uint32_t header[6] = {0x0001eb9f, sizeof(header), 0};
	size_t index = 0;

	add_integers(&types);
	assert_int_equal(types.next_id, ID_FIRST);
	while (graph_member_at(index, &member))
		index = add_structure(&types, options, index);
	header[3] = header[4] = types.count * 4;
	header[5] = TYPES_BYTES - (uint32_t)sizeof(header) - header[4];
	memset(at, 'x', TYPES_BYTES);
	at[TYPES_BYTES - 1] = 0;
	memcpy(at, header, sizeof(header));
	memcpy(at + sizeof(header), types.words, header[3]);
	memcpy(at + sizeof(header) + header[4], types.strings, types.string_bytes);
}

static struct frozen make_truth(const struct met_kernel_options *options)
{
	struct gap_builder *builder = make_builder();
	gap_type_id byte = make_int(builder, "unsigned char", 1);
	struct graph_member member = {0};
	size_t index = 0;

	gap_builder_target_set(builder, &(struct gap_build_target){.machine = 62,
								   .pointer_bytes = 8,
								   .release = SYNTHETIC_RELEASE});
	while (graph_member_at(index, &member)) {
		struct make_member rows[MEMBERS_MAX];
		const char *type = member.type;
		unsigned count = 0;

		for (; graph_member_at(index, &member) && strcmp(member.type, type) == 0; index++)
			if (is_written(options, &member))
				rows[count++] = (struct make_member){
					member.name, make_array(builder, byte, member.size_bytes),
					UINT64_C(8) * member.offset, 0};
		rows[count].type = GAP_NONE;
		make_struct(builder, type, STRUCTURE_BYTES, rows);
	}
	return freeze(builder, 0);
}

/* ---- VMCOREINFO ---- */

static void write_coreinfo(struct graph *graph)
{
	uint64_t nsproxy = pointer_in(graph, graph->init_task, "task_struct", "nsproxy");
	uint64_t slide = graph->guest.slide;

	snprintf(synthetic_physical(&graph->guest, 0x10000), 4096,
		 "OSRELEASE=%s\nBUILD-ID=%s\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=%llx\n"
		 "OFFSET(uts_namespace.name)=%u\nSYMBOL(swapper_pg_dir)=%llx\nKERNELOFFSET=%llx\n",
		 SYNTHETIC_RELEASE, MET_KERNEL_BUILD_ID,
		 (unsigned long long)pointer_in(graph, nsproxy, "nsproxy", "uts_ns"),
		 graph_offset("uts_namespace", "name"),
		 (unsigned long long)(SYNTHETIC_ROOT + slide), (unsigned long long)slide);
}

/* ---- all of it ---- */

void met_kernel_init(struct met_kernel *kernel, const struct met_kernel_options *options)
{
	struct graph *graph = &kernel->graph;

	graph_init(graph, &options->graph);
	map_kernel(&graph->guest);
	init_comes_first(graph);
	memset(synthetic_physical(&graph->guest, 0x10000), 0, 0x20000);
	if (options->coreinfo)
		write_coreinfo(graph);
	if (options->kallsyms)
		write_kallsyms(graph);
	if (options->exports)
		write_exports(graph);
	if (options->types)
		write_types(graph, options);
	kernel->truth = make_truth(options);
}

void met_kernel_deinit(struct met_kernel *kernel)
{
	frozen_deinit(&kernel->truth);
	graph_deinit(&kernel->graph);
}
