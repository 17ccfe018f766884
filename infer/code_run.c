/* SPDX-License-Identifier: MIT */
/*
 * Paths through a function. Each path has its own registers and stack slots and is exact: nothing
 * is merged where paths meet. What bounds the work is that a place is entered only a few times in
 * different states, and that steps, paths and depth are counted: the code may be hostile.
 */
#include "infer/code_run.h"

#include <string.h>

enum {
	SLOTS = 64,
	FRAMES = 3,
	PATHS_MAX = 96,
	STEPS_MAX = 16000,
	CALLEE_STEPS_MAX = 8000,
	SEEN_SLOTS = 1 << 13,
	SMALL_BYTES = 320,
	UNNAMED_BYTES = 512, /* called by the function itself, and nothing else tells of it */
	NEAR_BYTES = 1024,   /* a jump so far stays inside of a function */
	FACTS = 16,
	REACH = 64 /* bytes of a buffer on the stack that a callee may write */
};

struct slot {
	int32_t offset;
	uint8_t width;
	code_value value;
};

struct frame {
	const struct code_function *function;
	uint64_t back, place;
	code_value registers[32];
};

/* What the branches taken say of a value. */
struct fact {
	code_value value;
	bool zero;
};

struct path {
	const struct code_function *function;
	uint64_t at;
	code_value registers[CODE_REGISTERS];
	struct slot slots[SLOTS];
	struct frame frames[FRAMES];
	uint8_t slot_count, depth, fact_count;
	struct fact facts[FACTS]; /* the latest, round and round */
	code_value left, right;   /* compared last; left 0: nothing that tells */
	uint32_t order;
	bool called;    /* nothing was done since a call, which may not come back */
	uint64_t place; /* which calls led here, hashed */
};

/* Paths that wait, by how much they may still tell: places of the function itself that nobody has
 * entered come first, then those of its callees, then what was seen in other states. */
enum { FRESH, FRESH_CALLEE, AGAIN, URGENCIES };

struct code_paths {
	struct path waiting[URGENCIES][PATHS_MAX];
	uint32_t count[URGENCIES];
	struct path now, away;
};

struct code_seen {
	uint64_t keys[SEEN_SLOTS];
	uint32_t stamps[SEEN_SLOTS];
	uint8_t visits[SEEN_SLOTS];
	uint32_t stamp;
	uint32_t used;
};

bool code_run_init(struct code_run *run, struct code_text *text)
{
	memset(run, 0, sizeof(*run));
	run->text = text;
	run->visits_max = 4;
	run->seen = calloc(1, sizeof(*run->seen));
	run->paths = malloc(sizeof(*run->paths));
	if (code_values_init(&run->values, text->machine->pointer_bytes) && run->seen && run->paths)
		return true;
	code_run_deinit(run);
	return false;
}

void code_run_deinit(struct code_run *run)
{
	code_values_deinit(&run->values);
	free(run->events.items);
	free(run->arguments.items);
	free(run->seen);
	free(run->paths);
	memset(run, 0, sizeof(*run));
}

/* ---- where we have been ---- */

/* The number of times @key was met before; SEEN_SLOTS when there is no more room. */
static unsigned count_visit(struct code_seen *seen, uint64_t key)
{
	uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 51) % SEEN_SLOTS;

	for (unsigned i = 0; i < 32; i++, at = (at + 1) % SEEN_SLOTS) {
		if (seen->stamps[at] != seen->stamp) {
			seen->stamps[at] = seen->stamp;
			seen->keys[at] = key;
			seen->visits[at] = 1;
			return 0;
		}
		if (seen->keys[at] == key)
			return seen->visits[at] < UINT8_MAX ? seen->visits[at]++ : UINT8_MAX;
	}
	return SEEN_SLOTS;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0xff51afd7ed558ccdu;
	return hash ^ hash >> 32;
}

static uint64_t hash_path(const struct path *path)
{
	uint64_t hash = mix(path->place, path->at);

	for (unsigned i = 0; i < 32; i++)
		hash = mix(hash, path->registers[i]);
	for (unsigned i = 0; i < path->slot_count; i++)
		hash = mix(hash, path->slots[i].value);
	return hash;
}

/* How urgent a path is that enters a place; URGENCIES: not in a state that was there, nor too often. */
static unsigned urgency_of(struct code_run *run, const struct path *path)
{
	unsigned visits;

	if (count_visit(run->seen, hash_path(path) | 1))
		return URGENCIES;
	visits = count_visit(run->seen, mix(path->place, path->at) & ~(uint64_t)1);
	if (visits >= run->visits_max)
		return URGENCIES;
	return visits ? AGAIN : path->depth ? FRESH_CALLEE : FRESH;
}

static void put_off(struct code_run *run, const struct path *path, unsigned urgency)
{
	struct code_paths *paths = run->paths;

	if (urgency < URGENCIES && paths->count[urgency] < PATHS_MAX)
		paths->waiting[urgency][paths->count[urgency]++] = *path;
}

/* Whether a path goes on at once from where it is. Where others were it waits until nothing else is
 * to be seen. */
static bool goes_on(struct code_run *run, const struct path *path)
{
	unsigned urgency = urgency_of(run, path);

	if (urgency < AGAIN)
		return true;
	put_off(run, path, urgency);
	return false;
}

static void add_path(struct code_run *run, struct path *path, uint64_t at)
{
	uint64_t was = path->at;

	path->at = at;
	put_off(run, path, urgency_of(run, path));
	path->at = was;
}

static bool take_path(struct code_paths *paths)
{
	for (unsigned urgency = 0; urgency < URGENCIES; urgency++)
		if (paths->count[urgency]) {
			paths->now = paths->waiting[urgency][--paths->count[urgency]];
			return true;
		}
	return false;
}

/* ---- what is seen ---- */

static struct code_event *add_event(struct code_run *run, const struct path *path,
				    enum code_event_kind kind)
{
	struct code_event *event = code_events_push(&run->events);

	if (!event) {
		run->out_of_memory = true;
		return NULL;
	}
	*event = (struct code_event){
		.kind = (uint8_t)kind, .depth = path->depth, .order = path->order, .at = path->at};
	return event;
}

/* ---- registers and memory ---- */

static code_value get(const struct path *path, uint8_t reg)
{
	return reg < CODE_REGISTERS ? path->registers[reg] : 0;
}

static void set(struct path *path, uint8_t reg, code_value value)
{
	if (reg < CODE_REGISTERS)
		path->registers[reg] = value;
}

static bool is_stack(const struct code_run *run, code_value address, int64_t *offset)
{
	code_value root = code_value_root(&run->values, address, offset);

	return code_value_node(&run->values, root)->kind == CODE_V_STACK && *offset > -65536 &&
	       *offset < 65536;
}

static struct slot *find_slot(struct path *path, int64_t offset)
{
	for (unsigned i = 0; i < path->slot_count; i++)
		if (path->slots[i].offset == offset)
			return &path->slots[i];
	return NULL;
}

static void drop_slots(struct path *path, int64_t from, int64_t to)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < path->slot_count; i++) {
		const struct slot *slot = &path->slots[i];

		if (slot->offset + slot->width <= from || slot->offset >= to)
			path->slots[kept++] = *slot;
	}
	path->slot_count = (uint8_t)kept;
}

static void set_slot(struct path *path, int64_t offset, uint8_t width, code_value value)
{
	drop_slots(path, offset, offset + width);
	if (path->slot_count == SLOTS) { /* the oldest one is forgotten */
		memmove(path->slots, path->slots + 1, (SLOTS - 1) * sizeof(path->slots[0]));
		path->slot_count--;
	}
	path->slots[path->slot_count++] = (struct slot){(int32_t)offset, width, value};
}

/* What a load from the stack gives: what was stored, else an argument that came on the stack. */
static code_value load_stack(struct code_run *run, struct path *path, code_value address,
			     int64_t offset, uint8_t width)
{
	const struct code_machine *machine = run->text->machine;
	const struct slot *slot = find_slot(path, offset);

	if (slot)
		return slot->width >= width ? slot->value : 0;
	if (offset >= machine->call_pushes && width == machine->pointer_bytes)
		return code_value_leaf(&run->values, CODE_V_ARGUMENT,
				       machine->argument_count + (offset - machine->call_pushes) /
									 machine->pointer_bytes);
	return code_value_load(&run->values, address, width);
}

static code_value address_of(struct code_run *run, const struct path *path,
			     const struct code_op *op)
{
	code_value address;

	if (op->base == CODE_NOREG && op->index == CODE_NOREG)
		return code_value_const(&run->values, op->value);
	if (op->base == CODE_NOREG) /* index * scale + displacement: a table */
		address = code_value_sum(&run->values, code_value_const(&run->values, 0),
					 get(path, op->index), op->scale);
	else
		address = get(path, op->base);
	if (op->base != CODE_NOREG && op->index != CODE_NOREG)
		address = code_value_sum(&run->values, address, get(path, op->index), op->scale);
	return code_value_add(&run->values, address, op->value);
}

static uint64_t as_address(const struct code_run *run, int64_t number)
{
	return run->values.pointer_bytes == 4 ? (uint32_t)number : (uint64_t)number;
}

/* The running task is kept at an address that is the same in all of the kernel. */
static bool is_current(const struct code_run *run, const struct code_op *op, code_value address)
{
	int64_t number;

	return run->current && op->percpu == run->current_percpu &&
	       op->width == run->values.pointer_bytes &&
	       code_value_is_const(&run->values, address, &number) &&
	       as_address(run, number) == run->current;
}

static void do_load(struct code_run *run, struct path *path, const struct code_op *op)
{
	code_value address = address_of(run, path, op), value;
	struct code_event *event;
	int64_t offset;

	if (is_current(run, op, address)) {
		set(path, op->dst, code_value_leaf(&run->values, CODE_V_CURRENT, 0));
		return;
	}
	if (op->percpu) {
		if (!code_value_is_const(&run->values, address, &offset)) {
			set(path, op->dst, 0);
			return;
		}
		address = code_value_leaf(&run->values, CODE_V_PERCPU,
					  (int64_t)as_address(run, offset));
	}
	if (is_stack(run, address, &offset)) {
		set(path, op->dst, load_stack(run, path, address, offset, op->width));
		return;
	}
	value = code_value_load(&run->values, address, op->width);
	set(path, op->dst, value);
	event = value ? add_event(run, path, CODE_E_LOAD) : NULL;
	if (event) {
		event->a = value;
		event->width = op->width;
	}
}

static void do_store(struct code_run *run, struct path *path, const struct code_op *op)
{
	code_value address = address_of(run, path, op);
	struct code_event *event;
	int64_t offset;

	if (op->percpu || !address)
		return;
	if (is_stack(run, address, &offset)) {
		set_slot(path, offset, op->width, get(path, op->src));
		return;
	}
	event = add_event(run, path, CODE_E_STORE);
	if (event) {
		event->a = address;
		event->b = get(path, op->src);
		event->width = op->width;
	}
}

static void do_alu(struct code_run *run, struct path *path, const struct code_op *op)
{
	code_value left = get(path, op->src), right = 0;

	if (op->other != CODE_NOREG) {
		right = get(path, op->other);
		if (!left || !right) { /* what is added to an address may be unknown: an index */
			set(path, op->dst,
			    op->alu == CODE_ADD ? code_value_sum(&run->values, left, right, 1) : 0);
			return;
		}
	}
	path->left = 0; /* its own flags are in force */
	/* Aligning the stack leaves it where it is, for us. */
	if (op->dst == run->text->machine->stack_pointer && op->alu == CODE_AND)
		return;
	set(path, op->dst,
	    code_value_alu(&run->values, op->alu, left, right, op->value, op->width));
}

/* Whether a comparison is one of the whole value: not of some bits or bytes of it. */
static bool tells_all(const struct code_run *run, const struct code_event *event)
{
	const struct code_node *node = code_value_node(&run->values, event->a);

	if (event->alu != CODE_SUB)
		return false;
	if (node->kind == CODE_V_LOAD)
		return node->width <= event->width;
	return node->kind == CODE_V_CALL || event->width >= 4;
}

static void do_compare(struct code_run *run, struct path *path, const struct code_op *op)
{
	struct code_event *event = add_event(run, path, CODE_E_COMPARE);

	if (!event)
		return;
	event->a = get(path, op->src);
	event->b = op->other == CODE_NOREG ? code_value_const(&run->values, op->value)
					   : get(path, op->other);
	event->width = op->width;
	event->alu = op->alu;
	path->left = tells_all(run, event) ? event->a : 0;
	path->right = event->b;
}

/* Where a path leaves all code there ends what can be said of the function. */
static bool lose(struct code_run *run)
{
	run->lost = true;
	return false;
}

/* ---- calls ---- */

static void forget_call(struct code_run *run, struct path *path)
{
	const struct code_machine *machine = run->text->machine;

	path->left = 0;
	for (unsigned i = 0; i < machine->argument_count; i++) {
		int64_t offset;

		if (is_stack(run, get(path, machine->arguments[i]), &offset))
			drop_slots(path, offset, offset + REACH);
	}
	for (unsigned reg = 0; reg < CODE_REGISTERS; reg++)
		if (reg >= 32 || !(machine->kept >> reg & 1))
			path->registers[reg] = 0;
}

static void note_call(struct code_run *run, struct path *path, uint64_t target, bool jumped)
{
	const struct code_machine *machine = run->text->machine;
	struct code_event *event = add_event(run, path, CODE_E_CALL);
	code_value *arguments =
		event ? code_arguments_extend(&run->arguments, CODE_CALL_ARGUMENTS_MAX) : NULL;
	unsigned pushed = jumped ? machine->call_pushes : 0;
	int64_t offset;
	bool stack = is_stack(run, get(path, machine->stack_pointer), &offset);

	if (!arguments) {
		run->out_of_memory = true;
		return;
	}
	event->target = target;
	event->register_arguments = machine->argument_count;
	event->first_argument = run->arguments.count - CODE_CALL_ARGUMENTS_MAX;
	memset(arguments, 0, CODE_CALL_ARGUMENTS_MAX * sizeof(*arguments));
	for (unsigned i = 0; i < machine->argument_count; i++)
		arguments[i] = get(path, machine->arguments[i]);
	for (unsigned i = 0; stack && i < path->slot_count; i++) {
		int64_t above = path->slots[i].offset - offset - pushed;
		int64_t place = machine->argument_count + above / machine->pointer_bytes;

		if (above >= 0 && above % machine->pointer_bytes == 0 &&
		    place < CODE_CALL_ARGUMENTS_MAX)
			arguments[place] = path->slots[i].value;
	}
}

code_value code_run_argument(const struct code_run *run, const struct code_event *event,
			     unsigned index, bool variadic)
{
	if (variadic && run->text->machine->variadic_on_stack)
		index += event->register_arguments;
	if (index >= CODE_CALL_ARGUMENTS_MAX)
		return 0;
	return run->arguments.items[event->first_argument + index];
}

static enum code_callee callee_of(struct code_run *run, const struct path *path,
				  const struct code_function *function)
{
	uint64_t most = function->name[0] || path->depth ? SMALL_BYTES : UNNAMED_BYTES;
	bool small = function->end - function->start <= most && path->depth < FRAMES &&
		     function->start != path->function->start;

	small = small && run->callee_steps < CALLEE_STEPS_MAX;
	for (unsigned i = 0; i < path->depth; i++)
		small = small && path->frames[i].function->start != function->start;
	return run->callee ? run->callee(run->context, function, small) : CODE_C_OPAQUE;
}

/* What a callee left below the stack pointer is no one's any more. */
static void drop_below(const struct code_run *run, struct path *path)
{
	int64_t offset;

	if (is_stack(run, get(path, run->text->machine->stack_pointer), &offset))
		drop_slots(path, INT32_MIN, offset);
}

/* Goes back to where the innermost function was called. */
static void leave(struct code_run *run, struct path *path)
{
	const struct code_machine *machine = run->text->machine;
	const struct frame *frame = &path->frames[--path->depth];

	path->left = 0;
	for (unsigned reg = 0; reg < 32; reg++)
		if (machine->kept >> reg & 1)
			path->registers[reg] = frame->registers[reg];
	drop_below(run, path);
	path->function = frame->function;
	path->at = frame->back;
	path->called = true;
	path->place = frame->place;
}

/* How a function that was called returns: thunks against speculation do it by their own rules. */
enum way_back { WAY_BACK, WAY_ELSEWHERE, WAY_BACK_TWICE };

static enum way_back find_way_back(const struct code_run *run, struct path *path)
{
	const struct code_machine *machine = run->text->machine;
	code_value before = path->frames[path->depth - 1].registers[machine->stack_pointer];
	int64_t now, then;

	if (!machine->call_pushes || !is_stack(run, get(path, machine->stack_pointer), &now) ||
	    !is_stack(run, before, &then))
		return WAY_BACK;
	if (now == then - machine->call_pushes)
		return find_slot(path, now) ? WAY_ELSEWHERE : WAY_BACK;
	return now == then ? WAY_BACK_TWICE : WAY_BACK;
}

/* Leaves a function: false when it was the one that is looked at. */
static bool do_return(struct code_run *run, struct path *path)
{
	const struct code_machine *machine = run->text->machine;
	enum way_back way = path->depth ? find_way_back(run, path) : WAY_BACK;
	struct code_event *event;

	if (way != WAY_BACK)
		leave(run, path);
	if (way ==
	    WAY_ELSEWHERE) { /* a jump through a register, whose place it wrote over its own */
		note_call(run, path, 0, true);
		forget_call(run, path);
		set(path, machine->result, code_value_call(&run->values, 0, path->at));
	}
	if (path->depth) {
		leave(run, path);
		return true;
	}
	event = add_event(run, path, CODE_E_RETURN);
	if (event)
		event->a = get(path, machine->result);
	return false;
}

static void enter(struct code_run *run, struct path *path, const struct code_function *function,
		  uint64_t back)
{
	const struct code_machine *machine = run->text->machine;
	struct frame *frame = &path->frames[path->depth++];
	int64_t top;

	frame->function = path->function;
	frame->back = back;
	frame->place = path->place;
	memcpy(frame->registers, path->registers, sizeof(frame->registers));
	set(path, machine->stack_pointer,
	    code_value_add(&run->values, get(path, machine->stack_pointer), -machine->call_pushes));
	if (machine->call_pushes && is_stack(run, get(path, machine->stack_pointer), &top))
		drop_slots(path, top, top + machine->call_pushes);
	path->place = mix(path->place, path->at);
	path->function = function;
	path->at = function->start;
}

static void set_result(struct code_run *run, struct path *path, uint64_t target)
{
	uint64_t site = path->at;

	forget_call(run, path);
	set(path, run->text->machine->result, code_value_call(&run->values, target, site));
}

/* A call, and what the callee's kind makes of it. False: control does not come back. */
static bool do_call(struct code_run *run, struct path *path, const struct code_op *op,
		    uint64_t next)
{
	const struct code_machine *machine = run->text->machine;
	const struct code_function *function = NULL;
	uint64_t target = op->src == CODE_NOREG ? (uint64_t)op->value : 0;
	enum code_callee kind = CODE_C_OPAQUE;
	code_value first = get(path, machine->arguments[0]);

	if (target) {
		function = code_text_callee(run->text, target);
		if (!function || (function->start != target && function != path->function))
			return lose(run);
		kind = callee_of(run, path, function);
	}
	if (kind == CODE_C_NORETURN)
		return false;
	if (kind != CODE_C_NOTHING)
		note_call(run, path, kind == CODE_C_INDIRECT ? 0 : target, false);
	if (kind == CODE_C_FOLLOW && function->start == target) {
		enter(run, path, function, next);
		return goes_on(run, path);
	}
	if (kind != CODE_C_NOTHING)
		set_result(run, path, kind == CODE_C_INDIRECT ? 0 : target);
	if (kind == CODE_C_FIRST)
		set(path, machine->result, first);
	path->at = next;
	path->called = kind != CODE_C_NOTHING;
	return true;
}

/* A part of the same function, as far as one can tell where neither has a name. */
static bool is_near(const struct code_function *function, uint64_t at)
{
	return !function->name[0] && function->start - at + NEAR_BYTES < 2 * NEAR_BYTES;
}

static bool is_part_of(const struct code_function *part, const struct code_function *whole)
{
	size_t length = strlen(whole->name);

	return strncmp(part->name, whole->name, length) == 0 && part->name[length] == '.';
}

/* What a return is made to jump to, where nobody named it: it does nothing else. */
static bool only_returns(struct code_run *run, const struct code_function *function)
{
	uint8_t count, length;
	const struct code_op *ops =
		function->name[0]
			? NULL
			: code_text_insn(run->text, function, function->start, &count, &length);

	return ops && count && ops[0].kind == CODE_RETURN;
}

/* A jump: inside the function, into a cold part of it, or a call whose result is ours. */
static bool do_jump(struct code_run *run, struct path *path, const struct code_op *op)
{
	uint64_t target = op->src == CODE_NOREG ? (uint64_t)op->value : 0;
	const struct code_function *function;
	enum code_callee kind = CODE_C_OPAQUE;
	code_value first = get(path, run->text->machine->arguments[0]);

	if (target >= path->function->start && target < path->function->end) {
		path->at = target;
		return goes_on(run, path);
	}
	function = target ? code_text_function(run->text, target) : NULL;
	if (target && !function)
		return lose(run);
	if (function && (function->start != target || is_part_of(function, path->function) ||
			 is_near(function, path->at))) {
		path->function = function;
		path->at = target;
		return goes_on(run, path);
	}
	if (function)
		kind = callee_of(run, path, function);
	if (kind == CODE_C_RETURN || kind == CODE_C_NOTHING ||
	    (function && only_returns(run, function)))
		return do_return(run, path);
	if (kind == CODE_C_NORETURN)
		return false;
	note_call(run, path, kind == CODE_C_INDIRECT ? 0 : target, true);
	if (kind == CODE_C_FOLLOW) {
		path->function = function;
		path->at = target;
		return goes_on(run, path);
	}
	set_result(run, path, kind == CODE_C_INDIRECT ? 0 : target);
	if (kind == CODE_C_FIRST)
		set(path, run->text->machine->result, first);
	return do_return(run, path);
}

/* A conditional tail call. */
static void branch_away(struct code_run *run, const struct path *path, const struct code_op *op)
{
	struct path *away = &run->paths->away;

	*away = *path;
	if (do_jump(run, away, op))
		put_off(run, away, urgency_of(run, away));
}

/* 1: a value is zero on this path; 0: it is not; -1: nobody knows. */
static int is_zero(const struct code_run *run, const struct path *path, code_value value)
{
	const struct code_node *node = code_value_node(&run->values, value);

	if (node->kind == CODE_V_CONST)
		return !node->number;
	if (node->kind == CODE_V_STACK || node->kind == CODE_V_CURRENT)
		return 0;
	for (unsigned i = 0; i < FACTS && i < path->fact_count; i++)
		if (path->facts[i].value == value)
			return path->facts[i].zero;
	return -1;
}

/*
 * 1: what was compared last is equal; 0: it is not; -1: nobody knows. Of two values the same one tells,
 * or zero: a counter that has not met its end yet would keep us in its loop.
 */
static int is_equal(const struct code_run *run, const struct path *path)
{
	int64_t right;

	if (!path->left || !path->right)
		return -1;
	if (path->left == path->right)
		return 1;
	if (!code_value_is_const(&run->values, path->right, &right) || right)
		return -1;
	return is_zero(run, path, path->left);
}

/* Taking one way after a comparison with zero tells of the value. */
static void learn(const struct code_run *run, struct path *path, bool equal)
{
	int64_t right;

	if (!path->left || !path->right ||
	    !code_value_is_const(&run->values, path->right, &right) || right ||
	    is_zero(run, path, path->left) >= 0)
		return;
	path->facts[path->fact_count % FACTS] = (struct fact){path->left, equal};
	path->fact_count =
		(uint8_t)(path->fact_count + 1 < 2 * FACTS ? path->fact_count + 1 : FACTS);
}

static void take_branch(struct code_run *run, struct path *path, const struct code_op *op)
{
	uint64_t target = (uint64_t)op->value;
	const struct code_function *was = path->function, *to = was;

	if (target < was->start || target >= was->end)
		to = code_text_function(run->text, target);
	if (!to) {
		lose(run);
		return;
	}
	if (to->start == target && to != was && !is_part_of(to, was)) {
		branch_away(run, path, op);
		return;
	}
	path->function = to;
	add_path(run, path, target);
	path->function = was;
}

/* Both ways, but for one that this path cannot go. False: it cannot go on straight. */
static bool do_branch(struct code_run *run, struct path *path, const struct code_op *op)
{
	int equal = op->alu == CODE_IF_ANY ? -1 : is_equal(run, path);
	bool when_equal = op->alu == CODE_IF_EQUAL;
	struct fact kept = path->facts[path->fact_count % FACTS];
	uint8_t count = path->fact_count;

	if (equal >= 0 && (equal == 1) == when_equal) {
		take_branch(run, path, op);
		return false;
	}
	if (equal < 0) {
		if (op->alu != CODE_IF_ANY)
			learn(run, path, when_equal);
		take_branch(run, path, op);
		path->facts[count % FACTS] = kept;
		path->fact_count = count;
	}
	if (op->alu != CODE_IF_ANY)
		learn(run, path, !when_equal);
	return true;
}

/* After a branch that was not taken. */
static bool falls_through(struct code_run *run, struct path *path, uint64_t next)
{
	path->at = next;
	return goes_on(run, path);
}

/* ---- one operation, one path, one function ---- */

/* False: the path ends here. */
static bool do_op(struct code_run *run, struct path *path, const struct code_op *op, uint64_t next)
{
	struct code_values *values = &run->values;
	code_value was;

	switch (op->kind) {
	case CODE_SET:
		set(path, op->dst, code_value_const(values, op->value));
		return true;
	case CODE_MOVE:
		set(path, op->dst, get(path, op->src));
		return true;
	case CODE_LEA:
		set(path, op->dst, address_of(run, path, op));
		return true;
	case CODE_LOAD:
		do_load(run, path, op);
		return true;
	case CODE_STORE:
		do_store(run, path, op);
		return true;
	case CODE_ALU:
		do_alu(run, path, op);
		return true;
	case CODE_SELECT:
		was = get(path, op->dst);
		set(path, op->dst, get(path, op->src));
		add_path(run, path, next);
		set(path, op->dst, was);
		return true;
	case CODE_COMPARE:
		do_compare(run, path, op);
		return true;
	case CODE_CLOBBER:
		set(path, op->dst, 0);
		return true;
	case CODE_FLAGS:
		path->left = 0;
		return true;
	case CODE_CURRENT:
		set(path, op->dst, code_value_leaf(values, CODE_V_CURRENT, 0));
		return true;
	case CODE_BRANCH:
		return do_branch(run, path, op);
	default:
		return false;
	}
}

/* Nothing is to be read where a path is. Behind a call that does not come back there need not be. */
static bool end_path(struct code_run *run, struct path *path)
{
	const struct code_function *function = path->function;

	if (path->called && !function->broken &&
	    (path->at >= function->end || code_text_is_filling(function, path->at)))
		return false;
	return lose(run);
}

/* Runs one instruction; false when the path ends. */
static bool step(struct code_run *run, struct path *path)
{
	struct code_op copy[CODE_OPS_MAX];
	uint8_t count, length;
	const struct code_op *ops =
		code_text_insn(run->text, path->function, path->at, &count, &length);
	uint64_t next;

	if (!ops)
		return end_path(run, path);
	if (run->steps++ >= STEPS_MAX)
		return false;
	path->called = path->called && !count;
	memcpy(copy, ops, count * sizeof(*ops));
	next = path->at + length;
	path->order++;
	run->callee_steps += path->depth > 0;
	for (unsigned i = 0; i < count; i++) {
		if (copy[i].kind == CODE_CALL)
			return do_call(run, path, &copy[i], next);
		if (copy[i].kind == CODE_JUMP)
			return do_jump(run, path, &copy[i]);
		if (copy[i].kind == CODE_RETURN)
			return do_return(run, path);
		if (!do_op(run, path, &copy[i], next))
			return false;
		if (copy[i].kind == CODE_BRANCH)
			return falls_through(run, path, next);
	}
	path->at = next;
	return true;
}

static void begin(struct code_run *run, struct path *path, const struct code_function *function)
{
	const struct code_machine *machine = run->text->machine;

	memset(path, 0, sizeof(*path));
	path->function = function;
	path->at = function->start;
	for (unsigned i = 0; i < machine->argument_count; i++)
		path->registers[machine->arguments[i]] =
			code_value_leaf(&run->values, CODE_V_ARGUMENT, i);
	path->registers[machine->stack_pointer] = code_value_leaf(&run->values, CODE_V_STACK, 0);
}

bool code_run_function(struct code_run *run, uint64_t start)
{
	const struct code_function *function = code_text_function(run->text, start);
	struct code_paths *paths = run->paths;

	run->events.count = run->arguments.count = 0;
	run->steps = run->callee_steps = 0;
	run->lost = false;
	run->seen->stamp++;
	code_values_reset(&run->values);
	if (!function || function->start != start || function->end == start)
		return false;
	memset(paths->count, 0, sizeof(paths->count));
	run->function = function;
	begin(run, &paths->waiting[FRESH][0], function);
	paths->count[FRESH] = 1;
	while (run->steps < STEPS_MAX && take_path(paths))
		while (step(run, &paths->now))
			;
	run->out_of_memory |= run->values.out_of_memory;
	return !run->lost;
}
