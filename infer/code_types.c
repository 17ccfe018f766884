/* SPDX-License-Identifier: MIT */
/*
 * Types of values: what a prototype gives a value as a parameter of this function, as an argument of a
 * call, as a result; or what a member is whose offset is believed.
 */
#include "infer/code_types.h"

#include <string.h>

enum { DEPTH_MAX = 8 };

void code_matcher_deinit(struct code_matcher *matcher)
{
	free(matcher->types);
	free(matcher->objects);
	*matcher = (struct code_matcher){0};
}

const struct code_node *code_matcher_node(const struct code_matcher *matcher, code_value value)
{
	return code_value_node(&matcher->run->values, value);
}

/* Whom a result came from; 0 unknown. */
uint64_t code_matcher_target(const struct code_matcher *matcher, const struct code_node *call)
{
	int64_t target = 0;

	if (!code_value_is_const(&matcher->run->values, call->a, &target))
		return 0;
	return matcher->run->values.pointer_bytes == 4 ? (uint32_t)target : (uint64_t)target;
}

const char *code_matcher_name_at(const struct code_matcher *matcher, uint64_t target)
{
	const struct code_function *function =
		target ? code_text_callee(matcher->run->text, target) : NULL;

	return function && function->start == target ? function->name : NULL;
}

/* A name that several functions share tells nothing of any of them. */
const struct code_prototype *code_matcher_prototype_at(const struct code_matcher *matcher,
						       uint64_t target)
{
	struct code_function *function =
		target ? code_text_callee(matcher->run->text, target) : NULL;

	if (!function || function->start != target)
		return NULL;
	if (!function->noted)
		function->note = function->shared
					 ? NULL
					 : code_rows_prototype(matcher->rows, function->name);
	function->noted = true;
	return function->note;
}

/*
 * Argument @index of a call, by its callee's prototype (NULL: none known). Where registers are narrow
 * a number of 64 bits takes two of them, or two places on the stack, and then all that follow are there.
 */
code_value code_matcher_argument(const struct code_matcher *matcher, const struct code_event *event,
				 const struct code_prototype *callee, unsigned index)
{
	bool narrow = matcher->run->values.pointer_bytes == 4;
	unsigned place = 0, registers = event->register_arguments;

	if (!callee || !narrow || !callee->wide)
		return code_run_argument(matcher->run, event, index, callee && callee->variadic);
	for (unsigned i = 0; i <= index; i++) {
		unsigned words = callee->wide >> i & 1 ? 2 : 1;

		if (place < registers && place + words > registers)
			place = registers;
		if (i < index)
			place += words;
	}
	return code_run_argument(matcher->run, event, place, callee->variadic);
}

/* ---- types ---- */

/* The function's own parameters are what its prototype says, first of all. */
static void type_parameters(struct code_matcher *matcher)
{
	const struct code_prototype *own = matcher->prototype;

	for (uint32_t i = 1; own && i < matcher->type_count; i++) {
		const struct code_node *node = code_matcher_node(matcher, i);

		if (node->kind == CODE_V_ARGUMENT && node->number < CODE_PARAMETERS_MAX &&
		    own->parameters[node->number])
			matcher->types[i] = own->parameters[node->number] + 1;
	}
}

/* Calls type their arguments, also where those come from nowhere known. */
static void type_arguments(struct code_matcher *matcher, const struct code_event *event)
{
	const struct code_prototype *callee = code_matcher_prototype_at(matcher, event->target);

	for (unsigned i = 0; callee && i < CODE_PARAMETERS_MAX; i++) {
		code_value value;

		if (!callee->parameters[i])
			continue;
		value = code_matcher_argument(matcher, event, callee, i);
		if (value && code_matcher_node(matcher, value)->kind != CODE_V_CONST &&
		    matcher->types[value] <= 1)
			matcher->types[value] = callee->parameters[i] + 1;
	}
}

/* The addresses of objects become values of their type. */
static void type_objects(struct code_matcher *matcher)
{
	for (uint32_t i = 0; i < matcher->rows->objects.count; i++)
		if (matcher->objects[i].value && !matcher->rows->objects.items[i].pointer)
			matcher->types[matcher->objects[i].value] =
				matcher->rows->objects.items[i].type + 1;
}

static void intern_objects(struct code_matcher *matcher)
{
	for (uint32_t i = 0; i < matcher->rows->objects.count; i++)
		if (matcher->objects[i].address)
			matcher->objects[i].value = code_value_const(
				&matcher->run->values, (int64_t)matcher->objects[i].address);
}

bool code_matcher_init(struct code_matcher *matcher, const struct code_rows *rows,
		       struct code_run *run)
{
	*matcher = (struct code_matcher){.rows = rows, .run = run};
	matcher->objects = calloc(rows->objects.count + 1, sizeof(*matcher->objects));
	for (uint32_t i = 0; matcher->objects && i < rows->objects.count; i++) {
		const struct infer_symbol *symbol =
			infer_symbols_named(run->text->symbols, rows->objects.items[i].name, NULL);

		matcher->objects[i].address = symbol ? symbol->address : 0;
	}
	return matcher->objects != NULL;
}

/* What a function returns is what its prototype says, wherever it came from; where it returns the
 * results of several calls, some are errors. */
static void type_results(struct code_matcher *matcher)
{
	code_value only = 0;

	for (uint32_t i = 0; i < matcher->run->events.count; i++) {
		const struct code_event *event = &matcher->run->events.items[i];

		if (event->kind != CODE_E_RETURN ||
		    code_matcher_node(matcher, event->a)->kind != CODE_V_CALL)
			continue;
		if (only && only != event->a)
			return;
		only = event->a;
	}
	if (only && matcher->prototype && matcher->prototype->result)
		matcher->types[only] = matcher->prototype->result + 1;
}

bool code_matcher_begin(struct code_matcher *matcher)
{
	uint32_t needed;

	intern_objects(matcher);
	needed = matcher->run->values.nodes.count;

	if (needed > matcher->type_capacity) {
		free(matcher->types);
		matcher->type_capacity = needed * 2;
		matcher->types = malloc(matcher->type_capacity * sizeof(*matcher->types));
		if (!matcher->types) {
			matcher->type_capacity = 0;
			return false;
		}
	}
	matcher->type_count = needed;
	memset(matcher->types, 0, needed * sizeof(*matcher->types));
	type_objects(matcher);
	type_parameters(matcher);
	type_results(matcher);
	for (uint32_t i = 0; i < matcher->run->events.count; i++)
		if (matcher->run->events.items[i].kind == CODE_E_CALL)
			type_arguments(matcher, &matcher->run->events.items[i]);
	return true;
}

static uint32_t type_of(struct code_matcher *matcher, code_value value, unsigned depth);

/*
 * An address as a root, an offset, and perhaps an index: a sum's parts; for a number, the object
 * that it lies in.
 */
struct code_place code_matcher_place(const struct code_matcher *matcher, code_value address)
{
	const struct code_node *node = code_matcher_node(matcher, address);
	struct code_place place = {.root = address};
	int64_t nearest = CODE_OFFSET_MAX;

	if (node->kind == CODE_V_ADD || node->kind == CODE_V_SUM) {
		place.root = node->a;
		place.offset = node->number;
		place.indexed = node->kind == CODE_V_SUM;
		place.other = place.indexed && node->scale == 1 ? node->b : 0;
	}
	for (uint32_t i = 0; node->kind == CODE_V_CONST && i < matcher->rows->objects.count; i++) {
		const struct code_placed_object *object = &matcher->objects[i];
		int64_t offset;

		if (!object->value)
			continue;
		offset = (int64_t)((uint64_t)node->number -
				   (uint64_t)code_matcher_node(matcher, object->value)->number);
		if (offset >= 0 && offset < nearest) {
			nearest = place.offset = offset;
			place.root = object->value;
		}
	}
	return place;
}

/* Of a variable that points to an object: that object's type. */
static uint32_t type_pointed(const struct code_matcher *matcher, code_value address)
{
	for (uint32_t i = 0; i < matcher->rows->objects.count; i++)
		if (matcher->rows->objects.items[i].pointer && matcher->objects[i].value == address)
			return matcher->rows->objects.items[i].type;
	return 0;
}

/* No member is so far from what it is a member of; sums with it could overflow. */
bool code_is_far(int64_t offset)
{
	return offset > INT32_MAX || offset < INT32_MIN;
}

bool code_matcher_is_list(const struct code_matcher *matcher, uint32_t type)
{
	return strchr(code_rows_string(matcher->rows, type), '.') != NULL;
}

/* The structure that lies at @offset in @type, going down through embedded ones; or what a pointer
 * there leads to. */
static uint32_t type_inside(const struct code_matcher *matcher, uint32_t type, int64_t offset,
			    bool pointer, unsigned depth)
{
	const struct code_members *members = &matcher->rows->members;
	int64_t previous = matcher->run->values.pointer_bytes;

	if (code_matcher_is_list(matcher, type))
		return pointer && (offset == 0 || offset == previous) ? type : 0;
	for (uint32_t i = 0; i < members->count && depth < DEPTH_MAX; i++) {
		const struct code_member *member = &members->items[i];
		int64_t rest = offset - (int64_t)matcher->beliefs[i].offset;
		uint32_t found;

		if (member->type != type || !matcher->beliefs[i].known || !member->target)
			continue;
		if (member->shape == CODE_S_POINTER && pointer && rest == 0)
			return member->target;
		if (member->shape == CODE_S_BYTES &&
		    code_matcher_is_list(matcher, member->target) &&
		    (rest == 0 || (pointer && rest == previous)))
			return member->target;
		if (member->shape != CODE_S_EMBEDDED || rest < 0)
			continue;
		if (!pointer && rest == 0)
			return member->target;
		found = type_inside(matcher, member->target, rest, pointer, depth + 1);
		if (found)
			return found;
	}
	return 0;
}

bool code_matcher_lies_inside(const struct code_matcher *matcher, const struct code_member *member,
			      uint32_t inner)
{
	const char *list = code_rows_string(matcher->rows, inner), *dot = strchr(list, '.');
	const char *type = code_rows_string(matcher->rows, member->type);

	if (!dot)
		return member->shape == CODE_S_EMBEDDED && member->target == inner;
	return strncmp(list, type, (size_t)(dot - list)) == 0 && !type[dot - list] &&
	       strcmp(dot + 1, member->name) == 0;
}

/* A pointer to a structure inside another, less where it is: a pointer to that other one. */
static uint32_t type_around(const struct code_matcher *matcher, uint32_t inner, int64_t offset)
{
	const struct code_members *members = &matcher->rows->members;
	uint32_t found = 0;

	for (uint32_t i = 0; i < members->count; i++) {
		if (!matcher->beliefs[i].known || matcher->beliefs[i].offset != offset ||
		    !code_matcher_lies_inside(matcher, &members->items[i], inner))
			continue;
		if (found && found != members->items[i].type)
			return 0;
		found = members->items[i].type;
	}
	return found;
}

/* What an array of pointers leads to, wherever in it: a type with no more than one member. */
static uint32_t type_of_element(const struct code_matcher *matcher, uint32_t type)
{
	const struct code_members *members = &matcher->rows->members;
	const struct code_member *only = NULL;

	for (uint32_t i = 0; i < members->count; i++) {
		if (members->items[i].type != type)
			continue;
		if (only)
			return 0;
		only = &members->items[i];
	}
	return only && only->shape == CODE_S_POINTER ? only->target : 0;
}

static uint32_t type_of_address(struct code_matcher *matcher, code_value address, bool pointer,
				unsigned depth)
{
	struct code_place place = code_matcher_place(matcher, address);
	uint32_t type = pointer ? type_pointed(matcher, address) : 0;

	if (type)
		return type;
	type = type_of(matcher, place.root, depth);
	if (type && place.indexed && pointer && !place.offset)
		return type_of_element(matcher, type);
	if (!type || place.indexed || code_is_far(place.offset))
		return 0;
	if (place.offset < 0)
		return pointer ? 0 : type_around(matcher, type, -place.offset);
	return type_inside(matcher, type, place.offset, pointer, depth);
}

/* Bits that pointers carry at their low end, and those above a narrow number. */
static bool is_tag_mask(int64_t mask)
{
	return mask == -2 || mask == -4 || mask == -8 || mask == -16 || mask == 0xff ||
	       mask == 0xffff || mask == 0xffffffff;
}

/* A value without such a mask, and without bits that it takes away again. */
code_value code_matcher_untagged(const struct code_matcher *matcher, code_value value)
{
	const struct code_node *node = code_matcher_node(matcher, value), *inner;

	if (node->kind != CODE_V_ALU || node->alu != CODE_AND || node->b ||
	    !is_tag_mask(node->number))
		return value;
	inner = code_matcher_node(matcher, node->a);
	if (inner->kind == CODE_V_ALU && inner->alu == CODE_OR && !inner->b &&
	    !(inner->number & node->number))
		return inner->a;
	return node->a;
}

static uint32_t find_type(struct code_matcher *matcher, code_value value, unsigned depth)
{
	const struct code_node *node = code_matcher_node(matcher, value);
	const struct code_prototype *callee;
	const struct code_prototype *own = matcher->prototype;

	switch (node->kind) {
	case CODE_V_CURRENT:
		return gap_strings_find(&matcher->rows->strings, "task_struct", 11);
	case CODE_V_ARGUMENT:
		return own && node->number < CODE_PARAMETERS_MAX ? own->parameters[node->number]
								 : 0;
	case CODE_V_CALL:
		callee = code_matcher_prototype_at(matcher, code_matcher_target(matcher, node));
		return callee ? callee->result : 0;
	case CODE_V_LOAD:
		return node->width == matcher->run->values.pointer_bytes
			       ? type_of_address(matcher, node->a, true, depth)
			       : 0;
	case CODE_V_ADD:
	case CODE_V_CONST:
		return type_of_address(matcher, value, false, depth);
	case CODE_V_ALU:
		return code_matcher_untagged(matcher, value) != value
			       ? type_of(matcher, code_matcher_untagged(matcher, value), depth)
			       : 0;
	default:
		return 0;
	}
}

static uint32_t type_of(struct code_matcher *matcher, code_value value, unsigned depth)
{
	if (!value || depth > DEPTH_MAX || value >= matcher->type_count)
		return 0; /* made while matching: nothing had it */
	if (!matcher->types[value])
		matcher->types[value] = find_type(matcher, value, depth + 1) + 1;
	return matcher->types[value] - 1;
}

uint32_t code_matcher_type(struct code_matcher *matcher, code_value value)
{
	return type_of(matcher, value, 0);
}
