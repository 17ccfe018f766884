/* SPDX-License-Identifier: MIT */
/*
 * Types of values, and expressions against values. A value has the type that a prototype gives it:
 * as a parameter of this function, as an argument of a call, as a result; or that of a member whose
 * offset is believed.
 */
#include "infer/code_match.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 8, STRING_BYTES = 256, FITS_MAX = 24 };

void code_matcher_deinit(struct code_matcher *matcher)
{
	free(matcher->types);
	free(matcher->objects);
	*matcher = (struct code_matcher){0};
}

static const struct code_node *node_of(const struct code_matcher *matcher, code_value value)
{
	return code_value_node(&matcher->run->values, value);
}

/* Whom a result came from; 0 unknown. */
static uint64_t target_of(const struct code_matcher *matcher, const struct code_node *call)
{
	int64_t target = 0;

	if (!code_value_is_const(&matcher->run->values, call->a, &target))
		return 0;
	return matcher->run->values.pointer_bytes == 4 ? (uint32_t)target : (uint64_t)target;
}

static const char *name_at(const struct code_matcher *matcher, uint64_t target)
{
	const struct code_function *function =
		target ? code_text_function(matcher->run->text, target) : NULL;

	return function && function->start == target ? function->name : NULL;
}

/* A name that several functions share tells nothing of any of them. */
static const struct code_prototype *prototype_at(const struct code_matcher *matcher,
						 uint64_t target)
{
	struct code_function *function =
		target ? code_text_function(matcher->run->text, target) : NULL;

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
static code_value argument_of(const struct code_matcher *matcher, const struct code_event *event,
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
		const struct code_node *node = node_of(matcher, i);

		if (node->kind == CODE_V_ARGUMENT && node->number < CODE_PARAMETERS_MAX &&
		    own->parameters[node->number])
			matcher->types[i] = own->parameters[node->number] + 1;
	}
}

/* Calls type their arguments, also where those come from nowhere known. */
static void type_arguments(struct code_matcher *matcher, const struct code_event *event)
{
	const struct code_prototype *callee = prototype_at(matcher, event->target);

	for (unsigned i = 0; callee && i < CODE_PARAMETERS_MAX; i++) {
		code_value value;

		if (!callee->parameters[i])
			continue;
		value = argument_of(matcher, event, callee, i);
		if (value && node_of(matcher, value)->kind != CODE_V_CONST &&
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

		if (event->kind != CODE_E_RETURN || node_of(matcher, event->a)->kind != CODE_V_CALL)
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
static struct code_place place_of(const struct code_matcher *matcher, code_value address)
{
	const struct code_node *node = node_of(matcher, address);
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
				   (uint64_t)node_of(matcher, object->value)->number);
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
static bool is_far(int64_t offset)
{
	return offset > INT32_MAX || offset < INT32_MIN;
}

static bool is_list(const struct code_matcher *matcher, uint32_t type)
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

	if (is_list(matcher, type))
		return pointer && (offset == 0 || offset == previous) ? type : 0;
	for (uint32_t i = 0; i < members->count && depth < DEPTH_MAX; i++) {
		const struct code_member *member = &members->items[i];
		int64_t rest = offset - (int64_t)matcher->beliefs[i].offset;
		uint32_t found;

		if (member->type != type || !matcher->beliefs[i].known || !member->target)
			continue;
		if (member->shape == CODE_S_POINTER && pointer && rest == 0)
			return member->target;
		if (member->shape == CODE_S_BYTES && is_list(matcher, member->target) &&
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

static bool lies_inside(const struct code_matcher *matcher, const struct code_member *member,
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
		    !lies_inside(matcher, &members->items[i], inner))
			continue;
		if (found && found != members->items[i].type)
			return 0;
		found = members->items[i].type;
	}
	return found;
}

static uint32_t type_of_address(struct code_matcher *matcher, code_value address, bool pointer,
				unsigned depth)
{
	struct code_place place = place_of(matcher, address);
	uint32_t type = pointer ? type_pointed(matcher, address) : 0;

	if (type)
		return type;
	type = type_of(matcher, place.root, depth);
	if (!type || place.indexed || is_far(place.offset))
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

/* A value without such a mask. */
static code_value untagged(const struct code_matcher *matcher, code_value value)
{
	const struct code_node *node = node_of(matcher, value);

	if (node->kind == CODE_V_ALU && node->alu == CODE_AND && !node->b &&
	    is_tag_mask(node->number))
		return node->a;
	return value;
}

static uint32_t find_type(struct code_matcher *matcher, code_value value, unsigned depth)
{
	const struct code_node *node = node_of(matcher, value);
	const struct code_prototype *callee;
	const struct code_prototype *own = matcher->prototype;

	switch (node->kind) {
	case CODE_V_CURRENT:
		return gap_strings_find(&matcher->rows->strings, "task_struct", 11);
	case CODE_V_ARGUMENT:
		return own && node->number < CODE_PARAMETERS_MAX ? own->parameters[node->number]
								 : 0;
	case CODE_V_CALL:
		callee = prototype_at(matcher, target_of(matcher, node));
		return callee ? callee->result : 0;
	case CODE_V_LOAD:
		return node->width == matcher->run->values.pointer_bytes
			       ? type_of_address(matcher, node->a, true, depth)
			       : 0;
	case CODE_V_ADD:
	case CODE_V_CONST:
		return type_of_address(matcher, value, false, depth);
	case CODE_V_ALU:
		return untagged(matcher, value) != value
			       ? type_of(matcher, untagged(matcher, value), depth)
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

/* ---- expressions ---- */

struct match {
	struct code_matcher *matcher;
	const struct code_expression *expression;
	bool strict; /* all of it is where it is believed to be */
	struct code_fit fit;
};

static bool match_value(struct match *match, unsigned steps, code_value value);

static bool fits_width(const struct code_matcher *matcher, const struct code_member *member,
		       uint8_t width)
{
	uint8_t pointer = matcher->run->values.pointer_bytes;

	switch (member->shape) {
	case CODE_S_POINTER:
	case CODE_S_LONG:
		return width == pointer;
	case CODE_S_NUMBER:
		/* A number of eight bytes is loaded by halves where registers have four. */
		return !member->width || width == member->width ||
		       (pointer == 4 && member->width == 8 && width == 4);
	default:
		return !is_list(matcher, member->target) || width == pointer;
	}
}

static bool is_named(const struct match *match, const struct code_node *node)
{
	const struct code_rows *rows = match->matcher->rows;
	const char *name = node->kind == CODE_V_CALL
				   ? name_at(match->matcher, target_of(match->matcher, node))
				   : NULL;

	for (uint32_t i = 0; name && i < match->expression->name_count; i++)
		if (strcmp(rows->names.items[match->expression->names + i], name) == 0)
			return true;
	return false;
}

static bool is_returned(const struct code_matcher *matcher, code_value value)
{
	const struct code_events *events = &matcher->run->events;

	for (uint32_t i = 0; i < events->count; i++)
		if (events->items[i].kind == CODE_E_RETURN && events->items[i].a == value)
			return true;
	return false;
}

static bool match_base(struct match *match, code_value value)
{
	const struct code_expression *expression = match->expression;
	const struct code_node *node = node_of(match->matcher, value);

	switch (expression->base) {
	case CODE_B_ARGUMENT:
		return node->kind == CODE_V_ARGUMENT && node->number == expression->names;
	case CODE_B_CURRENT:
		return node->kind == CODE_V_CURRENT;
	case CODE_B_ANY:
		return value && type_of(match->matcher, value, 0) == expression->type;
	case CODE_B_RESULT:
		return is_named(match, node);
	case CODE_B_MADE:
		return node->kind == CODE_V_CALL && is_returned(match->matcher, value);
	case CODE_B_OBJECT:
		return value && match->matcher->objects[expression->names].value == value;
	case CODE_B_VARIABLE:
		return node->kind == CODE_V_LOAD &&
		       match->matcher->objects[expression->names].value == node->a;
	case CODE_B_CONST:
		return node->kind == CODE_V_CONST && node->number == expression->number;
	default:
		return true;
	}
}

static bool bind(struct match *match, uint32_t member, int64_t offset, uint8_t width,
		 code_value shown)
{
	struct code_fit *fit = &match->fit;
	const struct code_member *row = &match->matcher->rows->members.items[member];
	int64_t pointer = match->matcher->run->values.pointer_bytes;
	int64_t align = width && width < pointer ? width : width ? pointer : 1;

	if (offset < 0 || offset >= CODE_OFFSET_MAX || fit->count == CODE_BINDINGS_MAX)
		return false;
	if (row->shape == CODE_S_POINTER || row->shape == CODE_S_LONG)
		align = pointer;
	if (offset % align)
		return false;
	for (unsigned i = 0; i < fit->count; i++)
		if (fit->bindings[i].member == member)
			return fit->bindings[i].offset == (uint32_t)offset;
	fit->bindings[fit->count++] =
		(struct code_binding){member, (uint32_t)offset, width, shown, 0};
	return true;
}

/* The steps from one pointer to an address: members in each other, or ways out to what contains it. */
struct group {
	unsigned start; /* the steps before it lead to the pointer */
	bool indexed;
	uint32_t subject; /* the member whose offset follows; INFER_NONE: too little is known */
	int64_t sign;
	int64_t rest; /* of the offset, for the others */
};

/* Of members that are all known, the one that is dereferenced is in question. */
static void add_member(const struct match *match, struct group *group, unsigned index, bool *open)
{
	const struct code_step *step = &match->expression->steps[index];
	const struct code_belief *belief = &match->matcher->beliefs[step->member];
	int64_t sign = step->kind == CODE_CONTAINER ? -1 : 1;

	if (!belief->known && *open) {
		group->subject = INFER_NONE;
		group->sign = 0; /* two are not known */
		return;
	}
	group->rest += sign * (int64_t)belief->offset * belief->known;
	if (belief->known && (*open || (group->sign && step->kind != CODE_DEREFERENCE)))
		return;
	group->subject = step->member;
	group->sign = sign;
	*open = !belief->known;
}

static struct group group_of(const struct match *match, unsigned steps)
{
	struct group group = {.start = steps, .subject = INFER_NONE};
	bool inward = false, open = false, failed = false;

	for (; group.start; group.start--) {
		const struct code_step *step = &match->expression->steps[group.start - 1];

		if (step->kind == CODE_INDEX) {
			group.indexed = true;
			continue;
		}
		if (inward && step->kind != CODE_CONTAINER)
			break;
		inward = inward || step->kind != CODE_EMBEDDED;
		if (!failed)
			add_member(match, &group, group.start - 1, &open);
		failed = failed || !group.sign;
	}
	if (failed)
		group.subject = INFER_NONE;
	else if (group.subject != INFER_NONE && !open)
		group.rest -= group.sign * (int64_t)match->matcher->beliefs[group.subject].offset;
	return group;
}

/* Where all of a group is as it is believed, that is said of each of its members. */
static bool bind_others(struct match *match, const struct group *group, unsigned steps)
{
	for (unsigned i = group->start; i < steps; i++) {
		const struct code_step *step = &match->expression->steps[i];

		if (step->kind != CODE_INDEX && step->member != group->subject &&
		    !bind(match, step->member, match->matcher->beliefs[step->member].offset, 0, 0))
			return false;
	}
	return true;
}

/* Where in @type the structure is that a value leads to, when that is one inside it; else -1. */
static int64_t offset_inside(struct code_matcher *matcher, uint32_t type, code_value value)
{
	const struct code_members *members = &matcher->rows->members;
	uint32_t inner = type_of(matcher, value, 0);

	for (uint32_t i = 0; inner && i < members->count; i++)
		if (members->items[i].type == type && matcher->beliefs[i].known &&
		    lies_inside(matcher, &members->items[i], inner))
			return matcher->beliefs[i].offset;
	return -1;
}

/*
 * An address against such steps: what is left of its offset is where the member in question is. On
 * the way, a member must be where it is believed to be; at the end the code has the word.
 */
static bool match_address(struct match *match, unsigned steps, code_value address, uint8_t width)
{
	struct code_place place = place_of(match->matcher, address);
	struct group group = group_of(match, steps);
	const struct code_belief *belief;
	bool last = steps == match->expression->step_count;
	unsigned was = match->fit.count;
	int64_t offset, inside;

	if ((place.indexed && !group.indexed) || is_far(place.offset))
		return false;
	inside = !group.start && match->expression->base == CODE_B_ANY
			 ? offset_inside(match->matcher, match->expression->type, place.root)
			 : -1;
	offset = (place.offset + (inside < 0 ? 0 : inside) - group.rest) * group.sign;
	if (steps && group.subject == INFER_NONE)
		return false;
	if (steps) {
		belief = &match->matcher->beliefs[group.subject];
		if ((!last || match->strict) && belief->known && belief->offset != offset)
			return false;
		if (!bind(match, group.subject, offset, width, address) ||
		    (belief->known && belief->offset == offset &&
		     !bind_others(match, &group, steps)))
			return false;
	} else if (place.offset) {
		return false;
	}
	if (inside >= 0 || match_value(match, group.start, place.root))
		return true;
	if (place.other && match_value(match, group.start, place.other))
		return true;
	match->fit.count = was;
	return false;
}

static bool match_value(struct match *match, unsigned steps, code_value value)
{
	struct code_matcher *matcher = match->matcher;
	const struct code_node *node;
	const struct code_step *step;
	unsigned last = steps;

	if (!value)
		return match->expression->base == CODE_B_VALUE && !steps;
	if (!steps)
		return match_base(match, value) || match_base(match, untagged(matcher, value));
	value = untagged(matcher, value);
	node = node_of(matcher, value);
	while (last > 1 && match->expression->steps[last - 1].kind == CODE_INDEX)
		last--;
	step = &match->expression->steps[last - 1];
	if (step->kind == CODE_CONTAINER)
		return match_address(match, steps, value, 0);
	if (node->kind != CODE_V_LOAD ||
	    !fits_width(matcher, &matcher->rows->members.items[step->member], node->width))
		return false;
	return match_address(match, steps, node->a, node->width);
}

/* @value fits @expression: what it binds is added to match->fit. */
static bool match_expression(struct match *match, const struct code_expression *expression,
			     code_value value)
{
	unsigned was = match->fit.count;
	bool fits;

	match->expression = expression;
	if (expression->address && value)
		fits = match_address(match, expression->step_count, value, 0);
	else
		fits = match_value(match, expression->step_count, value);
	if (!fits)
		match->fit.count = was;
	return fits;
}

/* ---- statements ---- */

static bool calls_one_of(const struct code_matcher *matcher, const struct code_event *event,
			 const struct code_statement *statement, const char **name)
{
	*name = name_at(matcher, event->target);
	for (uint32_t i = 0; *name && i < statement->name_count; i++)
		if (strcmp(matcher->rows->names.items[statement->names + i], *name) == 0)
			return true;
	return false;
}

/* How many arguments the conversions of @format up to @end take; on 32 bits a long long is two. */
static unsigned count_conversions(const char *format, const char *end, bool narrow)
{
	unsigned count = 0;

	for (const char *at = format; at < end && *at; at++) {
		if (*at != '%')
			continue;
		if (at[1] == '%') {
			at++;
			continue;
		}
		for (at++; *at && !isalpha((unsigned char)*at); at++)
			count += *at == '*';
		count += 1 + (narrow && at[0] == 'l' && at[1] == 'l');
	}
	return count;
}

/* The argument printed after a text: the string's own place, and how far after it. */
static code_value printed(struct code_matcher *matcher, const struct code_event *event,
			  const char *text)
{
	struct code_run *run = matcher->run;
	const struct code_prototype *callee = prototype_at(matcher, event->target);
	bool variadic = callee && callee->variadic, narrow = run->values.pointer_bytes == 4;
	char string[STRING_BYTES];
	const char *place;
	int64_t number;

	for (unsigned i = 0; callee && i < 4; i++) {
		code_value value = code_run_argument(run, event, i, variadic);

		if (!value || !code_value_is_const(&run->values, value, &number) ||
		    !code_text_string(run->text, (uint64_t)number, string, sizeof(string)))
			continue;
		place = strstr(string, text);
		if (place && !variadic)
			return argument_of(matcher, event, callee, i + 1);
		if (place)
			return code_run_argument(
				run, event,
				i + 1 + count_conversions(string, place + strlen(text), narrow),
				true);
	}
	return 0;
}

/* The same of a value that a statement takes for known. */
static bool match_known(struct match *match, const struct code_expression *expression,
			code_value value)
{
	bool fits;

	match->strict = true;
	fits = match_expression(match, expression, value);
	match->strict = false;
	return fits;
}

/* What is printed in other units, or in parts: without shifts by, and masks of, numbers. */
static code_value unscaled(const struct code_matcher *matcher, code_value value)
{
	for (unsigned i = 0; i < 3; i++) {
		const struct code_node *node = node_of(matcher, value);

		if (node->kind != CODE_V_ALU || node->b)
			break;
		value = node->a;
	}
	return value;
}

/* Matches a value, or the argument of the call that it came from. */
static bool match_through(struct match *match, const struct code_statement *statement,
			  code_value value)
{
	const struct code_run *run = match->matcher->run;
	const struct code_node *node;
	struct code_expression caller = {.names = statement->via,
					 .name_count = statement->via_count};

	if (value)
		value = unscaled(match->matcher, value);
	node = node_of(match->matcher, value);
	if (!statement->via_count && node->kind == CODE_V_SUM && node->scale == 1 &&
	    !statement->what.address)
		return match_expression(match, &statement->what, node->a) ||
		       match_expression(match, &statement->what, node->b);
	if (!statement->via_count)
		return value && match_expression(match, &statement->what, value);
	match->expression = &caller;
	if (!is_named(match, node))
		return false;
	for (uint32_t i = 0; i < run->events.count; i++) {
		const struct code_event *event = &run->events.items[i];

		if (event->kind != CODE_E_CALL || event->at != (uint64_t)node->number)
			continue;
		value = code_run_argument(run, event, statement->via_argument, false);
		if (value && match_expression(match, &statement->what, value))
			return true;
	}
	return false;
}

/* The width of the number that an expression ends in; 0: it has none of its own. */
static uint8_t last_width(const struct code_matcher *matcher, const struct code_expression *what)
{
	const struct code_member *member =
		&matcher->rows->members.items[what->steps[what->step_count - 1].member];

	return member->shape == CODE_S_LONG ? matcher->run->values.pointer_bytes : member->width;
}

/*
 * A test of bits: compilers load only the byte that holds them. What is compared is value & mask, or
 * a value already masked with zero. Mask 0 in the statement: any.
 */
static bool match_test(struct match *match, const struct code_statement *statement,
		       const struct code_event *event)
{
	struct code_matcher *matcher = match->matcher;
	const struct code_node *node = node_of(matcher, event->a);
	int64_t mask = 0, wanted = statement->value.number;
	code_value value = event->a;
	unsigned shift = 0;

	if (event->alu == CODE_AND) {
		if (!code_value_is_const(&matcher->run->values, event->b, &mask))
			return false;
	} else if (node->kind == CODE_V_ALU && node->alu == CODE_AND && !node->b) {
		mask = node->number;
		value = node->a;
	}
	node = node_of(matcher, value);
	if (!mask || node->kind != CODE_V_LOAD || node->width > 8)
		return false;
	mask &= node->width == 8 ? -1 : (int64_t)((1ull << node->width * 8) - 1);
	while (shift < 64 && (int64_t)((uint64_t)mask << shift) != wanted)
		shift += 8;
	if (shift == 64)
		return false;
	match->expression = &statement->what;
	return match_address(match, statement->what.step_count,
			     code_value_add(&matcher->run->values, node->a, -(int64_t)(shift / 8)),
			     last_width(matcher, &statement->what));
}

/* Whether an address is in the list_head of the object that a statement names. */
static bool is_head(const struct code_matcher *matcher, const struct code_statement *statement,
		    code_value address)
{
	struct code_place place = place_of(matcher, address);

	return matcher->objects[statement->names].value == place.root &&
	       (place.offset == 0 || place.offset == matcher->run->values.pointer_bytes);
}

/* A value that a number was added to, without it. */
static code_value shifted(const struct code_matcher *matcher, code_value value)
{
	int64_t number;

	return code_value_root(&matcher->run->values, value, &number);
}

static bool match_both(struct match *match, const struct code_statement *statement, code_value what,
		       code_value value)
{
	unsigned was = match->fit.count;

	if (match_known(match, &statement->value, value) &&
	    match_expression(match, &statement->what, what))
		return true;
	match->fit.count = was;
	return false;
}

/* Whether a store is as wide as the member that it is said to be of. */
static bool stores_width(const struct code_matcher *matcher, const struct code_statement *statement,
			 const struct code_event *event)
{
	const struct code_expression *what = &statement->what;

	for (unsigned i = what->step_count; i; i--)
		if (what->steps[i - 1].kind != CODE_INDEX)
			return fits_width(matcher,
					  &matcher->rows->members.items[what->steps[i - 1].member],
					  event->width);
	return true;
}

/* Whether what is stored is what was there, and the statement's value more. */
static bool adds(struct match *match, const struct code_statement *statement,
		 const struct code_event *event)
{
	const struct code_node *sum = node_of(match->matcher, event->b);
	const struct code_node *one = node_of(match->matcher, sum->a);
	const struct code_node *other = node_of(match->matcher, sum->b);

	if (sum->kind != CODE_V_SUM || sum->scale != 1 || sum->number)
		return false;
	if (one->kind == CODE_V_LOAD && one->a == event->a)
		return match_known(match, &statement->value, sum->b);
	return other->kind == CODE_V_LOAD && other->a == event->a &&
	       match_known(match, &statement->value, sum->a);
}

/* Whether one event fits a statement. */
static bool fits_event(struct match *match, const struct code_statement *statement,
		       const struct code_event *event)
{
	struct code_matcher *matcher = match->matcher;
	const struct code_prototype *callee;
	const char *name;
	code_value value;

	switch (statement->verb) {
	case CODE_RETURN_OF:
		return event->kind == CODE_E_RETURN && match_through(match, statement, event->a);
	case CODE_CALL_WITH:
		if (event->kind != CODE_E_CALL || !calls_one_of(matcher, event, statement, &name))
			return false;
		callee = code_rows_prototype(matcher->rows, name);
		value = argument_of(matcher, event, callee, statement->argument);
		return match_through(match, statement, value);
	case CODE_PRINTS:
		if (event->kind != CODE_E_CALL)
			return false;
		value = printed(matcher, event, statement->text);
		return match_through(match, statement, value);
	case CODE_STORES:
		return event->kind == CODE_E_STORE &&
		       (match_known(match, &statement->value, event->b) ||
			match_known(match, &statement->value, shifted(matcher, event->b))) &&
		       stores_width(matcher, statement, event) &&
		       match_expression(match, &statement->what, event->a);
	case CODE_ADDS:
		return event->kind == CODE_E_STORE && adds(match, statement, event) &&
		       match_expression(match, &statement->what, event->a);
	case CODE_TAILS:
		return event->kind == CODE_E_STORE &&
		       match_known(match, &statement->value, event->b) &&
		       match_expression(match, &statement->what,
					code_value_add(&matcher->run->values, event->a,
						       -matcher->run->values.pointer_bytes));
	case CODE_WRITES:
		return event->kind == CODE_E_STORE &&
		       match_expression(match, &statement->value, event->b) &&
		       match_expression(match, &statement->what, event->a);
	case CODE_LINKS:
		return event->kind == CODE_E_STORE && is_head(matcher, statement, event->a) &&
		       match_expression(match, &statement->what, event->b);
	case CODE_LOADS:
	case CODE_LOADS_FIRST:
		return event->kind == CODE_E_LOAD &&
		       match_expression(match, &statement->what, event->a);
	case CODE_TESTS:
		return event->kind == CODE_E_COMPARE && match_test(match, statement, event);
	default:
		if (event->kind != CODE_E_COMPARE)
			return false;
		return match_both(match, statement, event->a, event->b) ||
		       match_both(match, statement, event->b, event->a) ||
		       match_both(match, statement, shifted(matcher, event->a),
				  shifted(matcher, event->b)) ||
		       match_both(match, statement, shifted(matcher, event->b),
				  shifted(matcher, event->a));
	}
}

/* Of a number of 64 bits in narrow registers both halves show: the lower one is its place. */
static bool is_upper_half(const struct code_matcher *matcher, const struct code_fit *fit,
			  const struct code_fit *lower)
{
	unsigned last = fit->count - 1;
	const struct code_member *member =
		&matcher->rows->members.items[fit->bindings[last].member];

	return matcher->run->values.pointer_bytes == 4 && fit->count == lower->count &&
	       (member->width == 8 || (member->shape == CODE_S_NUMBER && !member->width)) &&
	       fit->bindings[last].member == lower->bindings[last].member &&
	       fit->bindings[last].offset == lower->bindings[last].offset + 4;
}

static bool same_fit(const struct code_fit *one, const struct code_fit *other)
{
	if (one->count != other->count)
		return false;
	for (unsigned i = 0; i < one->count; i++)
		if (one->bindings[i].member != other->bindings[i].member ||
		    one->bindings[i].offset != other->bindings[i].offset)
			return false;
	return true;
}

/* Whether what a fit binds is where another member is believed to be: then it is that one. */
static bool is_taken(const struct code_matcher *matcher, const struct code_fit *fit)
{
	const struct code_members *members = &matcher->rows->members;

	for (unsigned k = 0; k < fit->count; k++) {
		const struct code_binding *binding = &fit->bindings[k];
		const struct code_member *own = &members->items[binding->member];

		for (uint32_t i = 0; i < members->count; i++)
			if (i != binding->member && members->items[i].type == own->type &&
			    matcher->beliefs[i].firm &&
			    matcher->beliefs[i].offset == binding->offset &&
			    members->items[i].shape != CODE_S_EMBEDDED &&
			    own->shape != CODE_S_EMBEDDED)
				return true;
	}
	return false;
}

/* The instruction that shows a binding: the load from there, else the event's own. */
static uint64_t place_shown(const struct code_matcher *matcher, const struct code_binding *binding,
			    const struct code_event *event)
{
	const struct code_events *events = &matcher->run->events;

	for (uint32_t i = 0; binding->shown && i < events->count; i++)
		if (events->items[i].kind == CODE_E_LOAD &&
		    node_of(matcher, events->items[i].a)->a == binding->shown)
			return events->items[i].at;
	return event->at;
}

static void set_places(const struct code_matcher *matcher, struct code_fit *fit,
		       const struct code_event *event)
{
	for (unsigned i = 0; i < fit->count; i++)
		fit->bindings[i].at = place_shown(matcher, &fit->bindings[i], event);
	fit->order = event->order;
}

/* The members of a sequence, each by the shortest path that meets it: that is their order. */
struct sequence {
	uint32_t order[CODE_SEQUENCE_MAX + 2];
	struct code_binding bindings[CODE_SEQUENCE_MAX + 2];
	unsigned count;
};

static void add_place(struct sequence *sequence, const struct code_event *event,
		      const struct code_binding *binding)
{
	unsigned at = 0;

	while (at < sequence->count && sequence->bindings[at].offset != binding->offset)
		at++;
	if (at == CODE_SEQUENCE_MAX + 2)
		return;
	if (at == sequence->count) {
		sequence->count++;
		sequence->order[at] = UINT32_MAX;
	}
	if (event->order >= sequence->order[at])
		return;
	sequence->order[at] = event->order;
	sequence->bindings[at] = *binding;
	sequence->bindings[at].at = event->at;
}

static void sort_places(struct sequence *sequence)
{
	for (unsigned i = 1; i < sequence->count; i++)
		for (unsigned k = i; k && sequence->order[k] < sequence->order[k - 1]; k--) {
			struct code_binding binding = sequence->bindings[k];
			uint32_t order = sequence->order[k];

			sequence->bindings[k] = sequence->bindings[k - 1];
			sequence->order[k] = sequence->order[k - 1];
			sequence->bindings[k - 1] = binding;
			sequence->order[k - 1] = order;
		}
}

/* Whether a call has this argument and numbers only: not one that was computed in other ways. */
static bool is_pure(const struct code_matcher *matcher, const struct code_statement *statement,
		    const struct code_event *call, code_value value)
{
	const struct code_events *events = &matcher->run->events;

	for (uint32_t i = 0; i < events->count; i++) {
		const struct code_event *event = &events->items[i];
		code_value other;

		if (event->kind != CODE_E_CALL || event->at != call->at)
			continue;
		other = argument_of(matcher, event, prototype_at(matcher, event->target),
				    statement->argument);
		if (other && other != value && node_of(matcher, other)->kind != CODE_V_CONST)
			return false;
	}
	return true;
}

/* Exactly as many places as members are named: the first is the first member, and so on. */
static bool fit_sequence(struct code_matcher *matcher, const struct code_statement *statement,
			 struct code_fit *fit)
{
	const struct code_events *events = &matcher->run->events;
	struct sequence sequence = {.count = 0};

	for (uint32_t i = 0; i < events->count; i++) {
		const struct code_event *event = &events->items[i];
		struct match match = {.matcher = matcher};
		const char *name;
		code_value value;

		if (event->kind != CODE_E_CALL || !calls_one_of(matcher, event, statement, &name))
			continue;
		value = argument_of(matcher, event, code_rows_prototype(matcher->rows, name),
				    statement->argument);
		if (value && match_expression(&match, &statement->what, value) &&
		    is_pure(matcher, statement, event, value))
			add_place(&sequence, event, &match.fit.bindings[match.fit.count - 1]);
	}
	if (sequence.count != statement->more_count + 1u)
		return false;
	sort_places(&sequence);
	fit->count = sequence.count;
	for (unsigned i = 0; i < sequence.count; i++) {
		fit->bindings[i] = sequence.bindings[i];
		if (i)
			fit->bindings[i].member = statement->more[i - 1];
		if (!fits_width(matcher, &matcher->rows->members.items[fit->bindings[i].member],
				fit->bindings[i].width))
			return false;
	}
	return true;
}

/* The different ways in which a statement fits. */
struct fits {
	struct code_fit items[FITS_MAX];
	unsigned count;
	bool overflow;
};

static void add_fit(const struct code_matcher *matcher, struct fits *fits,
		    const struct code_fit *fit)
{
	for (unsigned i = 0; i < fits->count; i++) {
		struct code_fit *there = &fits->items[i];

		if (is_upper_half(matcher, fit, there))
			return;
		if (same_fit(there, fit) || is_upper_half(matcher, there, fit)) {
			if (!same_fit(there, fit) || fit->order < there->order)
				*there = *fit;
			return;
		}
	}
	fits->overflow = fits->count == FITS_MAX;
	if (!fits->overflow)
		fits->items[fits->count++] = *fit;
}

static void collect(struct code_matcher *matcher, const struct code_statement *statement,
		    struct fits *fits)
{
	const struct code_events *events = &matcher->run->events;

	fits->count = 0;
	fits->overflow = false;
	for (uint32_t i = 0; i < events->count && !fits->overflow; i++) {
		struct match match = {.matcher = matcher};

		if (!fits_event(&match, statement, &events->items[i]) || !match.fit.count)
			continue;
		match.fit.order = events->items[i].order;
		match.fit.event = i;
		add_fit(matcher, fits, &match.fit);
	}
}

static bool choose_first(const struct fits *fits, struct code_fit *fit)
{
	for (unsigned i = 0; i < fits->count; i++)
		if (!i || fits->items[i].order < fit->order)
			*fit = fits->items[i];
	return fits->count;
}

static bool choose_only(const struct code_matcher *matcher, const struct fits *fits,
			struct code_fit *fit)
{
	unsigned left = 0;

	if (fits->count == 1) {
		*fit = fits->items[0];
		return true;
	}
	for (unsigned i = 0; i < fits->count; i++) {
		if (is_taken(matcher, &fits->items[i]))
			continue;
		*fit = fits->items[i];
		left++;
	}
	fit->by_elimination = true;
	return left == 1;
}

bool code_matcher_fit(struct code_matcher *matcher, const struct code_statement *statement,
		      struct code_fit *fit)
{
	struct fits fits;

	fit->by_elimination = false;
	if (statement->verb == CODE_SEQUENCE)
		return fit_sequence(matcher, statement, fit);
	collect(matcher, statement, &fits);
	if (!fits.count || fits.overflow)
		return false;
	if (!(statement->verb == CODE_LOADS_FIRST ? choose_first(&fits, fit)
						  : choose_only(matcher, &fits, fit)))
		return false;
	set_places(matcher, fit, &matcher->run->events.items[fit->event]);
	return true;
}

/* ---- members that show by their type ---- */

static void report_unique(struct code_matcher *matcher, code_value value, uint32_t target,
			  uint64_t at, void (*found)(void *, const struct code_binding *),
			  void *context)
{
	const struct code_node *node = node_of(matcher, value);
	bool pointer = node->kind == CODE_V_LOAD;
	const struct code_members *members = &matcher->rows->members;
	struct code_place place;
	uint32_t type;

	if (pointer && node->width != matcher->run->values.pointer_bytes)
		return;
	place = place_of(matcher, pointer ? node->a : value);
	if (place.indexed || (!pointer && node->kind == CODE_V_CALL))
		return;
	type = type_of(matcher, place.root, 0);
	if (type == target && !pointer)
		return;
	for (uint32_t i = 0; type && i < members->count; i++) {
		const struct code_member *member = &members->items[i];

		if (member->type != type || member->target != target || !member->unique ||
		    member->shape != (pointer ? CODE_S_POINTER : CODE_S_EMBEDDED) ||
		    place.offset < 0 || place.offset >= CODE_OFFSET_MAX ||
		    place.offset % matcher->run->values.pointer_bytes)
			continue;
		found(context, &(struct code_binding){i, (uint32_t)place.offset,
						      pointer ? node->width : 0, 0, at});
	}
}

void code_matcher_unique(struct code_matcher *matcher,
			 void (*found)(void *context, const struct code_binding *binding),
			 void *context)
{
	struct code_run *run = matcher->run;

	for (uint32_t i = 0; i < run->events.count; i++) {
		const struct code_event *event = &run->events.items[i];
		const struct code_prototype *callee;

		if (event->kind == CODE_E_RETURN && event->a && matcher->prototype &&
		    matcher->prototype->result)
			report_unique(matcher, event->a, matcher->prototype->result, event->at,
				      found, context);
		if (event->kind != CODE_E_CALL)
			continue;
		callee = prototype_at(matcher, event->target);
		for (unsigned k = 0; callee && k < CODE_PARAMETERS_MAX; k++) {
			code_value value =
				callee->parameters[k] ? argument_of(matcher, event, callee, k) : 0;

			if (value)
				report_unique(matcher, value, callee->parameters[k], event->at,
					      found, context);
		}
	}
}
