/* SPDX-License-Identifier: MIT */
/*
 * semgap guest whereis: what a kernel address belongs to. Only what can be shown is said: a symbol
 * of the image, a module, a CPU's variable, a thread's stack or its task_struct. Each is a finder
 * in a table; the first that knows the address answers.
 */
#include <stdio.h>
#include <string.h>

#include "cli/guest_out.h"
#include "cli/guest_place.h"
#include "runtime/include/semgap/modules.h"
#include "runtime/include/semgap/walks.h"

struct place {
	const char *kind;
	char name[512];
	uint64_t offset;
	struct gap_module_symbol symbol; /* of a module; "" none */
	bool has_cpu, has_pid;
	uint32_t cpu;
	int32_t pid;
	struct gap_error broken; /* why something that may own the address was not seen */
};

/* A search that found nothing in a broken list has not shown that there is nothing. */
static bool not_found(struct place *place, enum gap_status status, const char *reason)
{
	if (status && !place->broken.text[0])
		gap_fail(&place->broken, status, "%s", reason);
	return false;
}

static bool in_image(struct gap_guest *guest, uint64_t address, struct place *place)
{
	struct gap_symbol symbol;

	if (!place_symbol(guest, address, &symbol, &place->offset))
		return false;
	place->kind = symbol.kind == GAP_SYMBOL_FUNCTION ? "function" : "data";
	snprintf(place->name, sizeof(place->name), "%s", symbol.name);
	return true;
}

/* The nearest symbol below, if it lies in the same part of the module. */
static void add_module_symbol(struct gap_guest *guest, const struct gap_module *module,
			      const struct gap_module_part *part, uint64_t address,
			      struct place *place)
{
	struct gap_module_symbols symbols;
	struct gap_vaddr at = {address};

	if (gap_module_symbols_init(&symbols, guest, NULL) ||
	    gap_module_symbol_at(&symbols, module->address, at, &place->symbol) ||
	    place->symbol.address.value < part->base.value)
		place->symbol.name[0] = '\0';
}

static bool in_module(struct gap_guest *guest, uint64_t address, struct place *place)
{
	struct gap_modules modules;
	struct gap_module module;

	if (gap_modules_init(&modules, guest, NULL))
		return false;
	while (gap_modules_next(&modules, &module))
		for (uint32_t i = 0; i < module.part_count; i++) {
			const struct gap_module_part *part = &module.parts[i];

			if (address - part->base.value >= part->size_bytes)
				continue;
			place->kind = "module";
			place->offset = address - part->base.value;
			snprintf(place->name, sizeof(place->name), "%s", module.name);
			add_module_symbol(guest, &module, part, address, place);
			return true;
		}
	return not_found(place, modules.status, modules.reason);
}

/* The per-CPU symbol that lies at an offset in a CPU's area. */
static bool percpu_symbol(const struct gap_profile *profile, uint64_t at, struct place *place)
{
	uint32_t count = gap_profile_count(profile, GAP_TABLE_SYMBOLS);
	bool found = false;

	for (uint32_t row = 0; row < count; row++) {
		struct gap_symbol symbol;

		if (!gap_profile_symbol(profile, row, &symbol) ||
		    !(symbol.flags & GAP_SYMBOL_PERCPU) || at - symbol.address >= symbol.size_bytes)
			continue;
		place->offset = at - symbol.address;
		snprintf(place->name, sizeof(place->name), "%s", symbol.name);
		found = true;
	}
	return found;
}

/* Any per-CPU symbol tells where a CPU's area begins. */
static bool in_percpu(struct gap_guest *guest, uint64_t address, struct place *place)
{
	static const char *const anchors[] = {"runqueues", "cpu_info", "cpu_number"};
	const struct gap_profile *profile = gap_guest_profile(guest);
	struct gap_symbol symbol = {0};
	const char *anchor = NULL;
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof(anchors) / sizeof(anchors[0]) && !anchor; i++)
		if (!gap_profile_find_symbol(profile, anchors[i], &symbol, NULL) &&
		    symbol.flags & GAP_SYMBOL_PERCPU)
			anchor = anchors[i];
	if (!anchor || gap_guest_cpu_count(guest, &count, NULL))
		return false;
	for (uint32_t cpu = 0; cpu < count; cpu++) {
		struct gap_vaddr at;

		if (gap_guest_percpu(guest, cpu, anchor, &at, NULL) ||
		    !percpu_symbol(profile, address - at.value + symbol.address, place))
			continue;
		place->kind = "per-cpu";
		place->has_cpu = true;
		place->cpu = cpu;
		return true;
	}
	return false;
}

static uint64_t size_of(const struct gap_profile *profile, const char *name)
{
	struct gap_type type;
	gap_type_id id;

	if (gap_profile_find_type(profile, name, &id, NULL) ||
	    !gap_profile_type(profile, id, &type))
		return 0;
	return type.size_bytes;
}

/* The linker script gives the first stack room for one (0500871f21b2, 4.13; renamed in
 * 2cb15faaedeb, 6.10). */
static uint64_t stack_size(const struct gap_profile *profile)
{
	static const struct gap_symbol_request requests[] = {
		{"__start_init_stack|__start_init_task", 0},
		{"__end_init_stack|__end_init_task", 0}};
	struct gap_bound_symbol bounds[2];

	if (gap_bind_symbols(profile, requests, 2, bounds, NULL))
		return size_of(profile, "union:thread_union");
	return bounds[1].address - bounds[0].address;
}

/* What a search for the owner of a task_struct or a stack needs. */
struct owners {
	struct gap_guest *guest;
	struct gap_field stack, idle; /* of task_struct, of rq */
	uint64_t stack_bytes, task_bytes;
};

/*
 * x86 allocates less than sizeof(struct task_struct): the space for floating point at its end is as
 * large as this CPU's registers need (5aaeb5c01c5b, 4.2). A stack is as large as the first one.
 */
static bool find_owners(struct gap_guest *guest, struct owners *owners)
{
	static const struct gap_field_request requests[] = {{"task_struct", "stack", 0, 0},
							    {"rq", "idle", 0, 1}};
	const struct gap_profile *profile = gap_guest_profile(guest);
	struct gap_field fields[2];
	struct gap_vaddr at;
	uint32_t allocated;

	if (gap_bind_fields(profile, requests, 2, fields, NULL))
		return false;
	*owners = (struct owners){.guest = guest,
				  .stack = fields[0],
				  .idle = fields[1],
				  .stack_bytes = stack_size(profile),
				  .task_bytes = size_of(profile, "struct:task_struct")};
	if (!gap_guest_symbol(guest, "arch_task_struct_size", &at, NULL) &&
	    !gap_guest_read_u32(guest, at, &allocated) && allocated < owners->task_bytes)
		owners->task_bytes = allocated;
	return true;
}

static bool owned_by(const struct owners *owners, struct gap_vaddr task, uint64_t address,
		     struct place *place)
{
	struct gap_vaddr at = {task.value + owners->stack.offset_bytes}, stack;

	if (address - task.value < owners->task_bytes) {
		place->kind = "task";
		place->offset = address - task.value;
		return true;
	}
	if (gap_guest_read_pointer(owners->guest, at, &stack) || !stack.value ||
	    address - stack.value >= owners->stack_bytes)
		return false;
	place->kind = "stack";
	place->offset = address - stack.value;
	return true;
}

/* The idle tasks are in no list: each CPU's run queue has its own. */
static bool in_idle(const struct owners *owners, uint64_t address, struct place *place)
{
	uint32_t count = 0;

	if (!owners->idle.present || gap_guest_cpu_count(owners->guest, &count, NULL))
		return false;
	for (uint32_t cpu = 0; cpu < count; cpu++) {
		struct gap_vaddr at;

		if (gap_guest_percpu(owners->guest, cpu, "runqueues", &at, NULL))
			return false;
		at.value += owners->idle.offset_bytes;
		if (gap_guest_read_pointer(owners->guest, at, &at) || !at.value ||
		    !owned_by(owners, at, address, place))
			continue;
		snprintf(place->name, sizeof(place->name), "swapper/%u", cpu);
		place->has_pid = place->has_cpu = true;
		place->cpu = cpu;
		return true;
	}
	return false;
}

static bool in_thread(struct gap_guest *guest, uint64_t address, struct place *place)
{
	struct gap_threads threads;
	struct gap_thread thread;
	struct owners owners;

	if (!find_owners(guest, &owners))
		return false;
	if (in_idle(&owners, address, place))
		return true;
	if (gap_threads_init(&threads, guest, NULL))
		return false;
	while (gap_threads_next(&threads, &thread)) {
		if (!owned_by(&owners, thread.task.address, address, place))
			continue;
		snprintf(place->name, sizeof(place->name), "%s", thread.task.comm);
		place->has_pid = true;
		place->pid = thread.task.pid;
		return true;
	}
	return not_found(place, threads.status, threads.reason);
}

static bool (*const finders[])(struct gap_guest *guest, uint64_t address, struct place *place) = {
	in_image,
	in_module,
	in_percpu,
	in_thread,
};

static void find(struct gap_guest *guest, uint64_t address, struct place *place)
{
	struct gap_error broken = {{0}};

	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++) {
		*place = (struct place){.kind = "unknown", .broken = broken};
		if (finders[i](guest, address, place)) {
			place->broken.text[0] = '\0'; /* what was found is shown by itself */
			return;
		}
		broken = place->broken;
	}
	*place = (struct place){.kind = "unknown", .broken = broken};
}

/* ---- printing ---- */

static void print_symbol(const struct gap_module_symbol *symbol, uint64_t address)
{
	uint64_t offset = address - symbol->address.value;

	printf(": %s ", symbol->is_function ? "function" : "data");
	out_text(symbol->name, strlen(symbol->name));
	if (offset)
		printf("+0x%llx", (unsigned long long)offset);
}

static void print_text(const struct place *place, uint64_t address)
{
	printf("%s ", place->kind);
	out_text(place->name, strlen(place->name));
	if (place->offset)
		printf("+0x%llx", (unsigned long long)place->offset);
	if (*place->symbol.name)
		print_symbol(&place->symbol, address);
	if (place->has_cpu)
		printf(" of CPU %u", place->cpu);
	if (place->has_pid)
		printf(" (pid %d)", place->pid);
	putchar('\n');
}

static void print_json(struct gap_guest *guest, uint64_t address, const struct place *place)
{
	bool known = *place->kind != 'u';
	struct gap_vaddr at = {address};
	struct gap_paddr physical = {0};
	bool mapped = !gap_guest_translate(guest, at, &physical);
	struct gap_json json;

	json_begin(&json, "semgap/whereis/1", place->broken.text[0],
		   place->broken.text[0] ? place->broken.text : NULL, "places");
	gap_json_open(&json, '{');
	out_json_hex(&json, "address", true, address);
	out_json_hex(&json, "physical", mapped, physical.value);
	gap_json_key_name(&json, "kind", place->kind);
	out_json_text(&json, "name", known, place->name);
	out_json_number(&json, "offset_bytes", known, place->offset);
	out_json_text(&json, "symbol", *place->symbol.name, place->symbol.name);
	out_json_number(&json, "symbol_offset_bytes", *place->symbol.name,
			address - place->symbol.address.value);
	out_json_number(&json, "cpu", place->has_cpu, place->cpu);
	out_json_signed(&json, "pid", place->has_pid, place->pid);
	gap_json_close(&json, '}');
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct place place;
	uint64_t address;

	if (!guest_parse_number(request->operands[0], &address)) {
		say("guest whereis: \"%s\" is not an address", request->operands[0]);
		return EXIT_UNUSABLE;
	}
	gap_guest_refresh(guest);
	find(guest, address, &place);
	if (request->json)
		print_json(guest, address, &place);
	else if (*place.kind != 'u')
		print_text(&place, address);
	if (*place.kind != 'u')
		return EXIT_DONE;
	if (place.broken.text[0])
		return out_finish(GAP_PARTIAL, &place.broken);
	say("nothing that is known lies at 0x%llx", (unsigned long long)address);
	return EXIT_FINDING;
}

const struct guest_view guest_view_whereis = {
	.name = "whereis",
	.operands = "ADDR",
	.summary = "what a kernel address belongs to",
	.help = "A symbol of the image, a module (and its symbol), a CPU's variable, a thread's "
		"stack or its "
		"task_struct.\n"
		"Status 1: none of them; 3: not found, and a list that could tell is broken.\n",
	.operand_min = 1,
	.operand_max = 1,
	.run = run,
};
