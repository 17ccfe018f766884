/* SPDX-License-Identifier: MIT */
/*
 * Expressions against values. Backwards from the value: what it was loaded from, at which offset, until
 * the expression's base.
 */
#include "infer/code_expression.h"

#include <string.h>

enum { STRING_BYTES = 256 };

/* ---- expressions ---- */

static bool match_value(struct match *match, unsigned steps, code_value value);

bool code_match_width(const struct code_matcher *matcher, const struct code_member *member,
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
		return !code_matcher_is_list(matcher, member->target) || width == pointer;
	}
}

bool code_match_is_result(const struct match *match, const struct code_node *node)
{
	const struct code_rows *rows = match->matcher->rows;
	const char *name = node->kind == CODE_V_CALL
				   ? code_matcher_name_at(match->matcher,
							  code_matcher_target(match->matcher, node))
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

static bool is_text(const struct code_matcher *matcher, code_value value, int64_t text)
{
	char string[STRING_BYTES];
	int64_t address;

	return value && code_value_is_const(&matcher->run->values, value, &address) &&
	       code_text_string(matcher->run->text, (uint64_t)address, string, sizeof(string)) &&
	       strstr(string, code_rows_string(matcher->rows, (uint32_t)text));
}

static bool match_base(struct match *match, code_value value)
{
	const struct code_expression *expression = match->expression;
	const struct code_node *node = code_matcher_node(match->matcher, value);

	switch (expression->base) {
	case CODE_B_ARGUMENT:
		return node->kind == CODE_V_ARGUMENT && node->number == expression->names;
	case CODE_B_CURRENT:
		return node->kind == CODE_V_CURRENT;
	case CODE_B_ANY:
		return value && code_matcher_type(match->matcher, value) == expression->type;
	case CODE_B_RESULT:
		return code_match_is_result(match, node);
	case CODE_B_MADE:
		return node->kind == CODE_V_CALL && is_returned(match->matcher, value);
	case CODE_B_OBJECT:
		return value && match->matcher->objects[expression->names].value == value;
	case CODE_B_VARIABLE:
		return node->kind == CODE_V_LOAD &&
		       match->matcher->objects[expression->names].value == node->a;
	case CODE_B_LOCAL:
		return code_matcher_node(match->matcher,
					 code_matcher_place(match->matcher, value).root)
			       ->kind == CODE_V_STACK;
	case CODE_B_TEXT:
		return is_text(match->matcher, value, expression->number);
	case CODE_B_CONST:
		return node->kind == CODE_V_CONST && node->number == expression->number;
	default:
		return true;
	}
}

/* Two members of one structure, of which neither contains the other, cannot be at one place. */
static bool excludes(const struct code_member *one, const struct code_member *other)
{
	return one->type == other->type && !(one->shares && other->shares) &&
	       one->shape != CODE_S_EMBEDDED && other->shape != CODE_S_EMBEDDED;
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
	for (unsigned i = 0; i < fit->count; i++) {
		const struct code_binding *there = &fit->bindings[i];

		if (there->member == member)
			return there->offset == (uint32_t)offset;
		if (there->offset == (uint32_t)offset &&
		    excludes(row, &match->matcher->rows->members.items[there->member]))
			return false;
	}
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
	uint32_t inner = code_matcher_type(matcher, value);

	for (uint32_t i = 0; inner && i < members->count; i++)
		if (members->items[i].type == type && matcher->beliefs[i].known &&
		    code_matcher_lies_inside(matcher, &members->items[i], inner))
			return matcher->beliefs[i].offset;
	return -1;
}

/*
 * An index that counts from elsewhere than 0, as (i + 8) << 3: how much of it is a member's offset
 * does not show. @index is scaled by whatever operations with numbers.
 */
static bool is_shifted_index(const struct code_matcher *matcher, code_value index)
{
	const struct code_node *node = code_matcher_node(matcher, index);

	while (node->kind == CODE_V_ALU && !node->b)
		node = code_matcher_node(matcher, node->a);
	return node->kind == CODE_V_ADD && node->number;
}

/* The other part of the sum that an address is; 0: it is none. */
static code_value index_of(const struct code_matcher *matcher, code_value address, code_value root)
{
	const struct code_node *node = code_matcher_node(matcher, address);

	if (node->kind != CODE_V_SUM)
		return 0;
	return node->a == root ? node->b : node->a;
}

static bool match_root(struct match *match, unsigned steps, code_value address, code_value root)
{
	code_value index = index_of(match->matcher, address, root);

	return !(index && is_shifted_index(match->matcher, index)) &&
	       match_value(match, steps, root);
}

/*
 * An address against such steps: what is left of its offset is where the member in question is. On
 * the way, a member must be where it is believed to be; at the end the code has the word.
 */
bool code_match_address(struct match *match, unsigned steps, code_value address, uint8_t width)
{
	struct code_place place = code_matcher_place(match->matcher, address);
	struct group group = group_of(match, steps);
	const struct code_belief *belief;
	bool last = steps == match->expression->step_count;
	unsigned was = match->fit.count;
	int64_t offset, inside;

	if ((place.indexed && !group.indexed) || code_is_far(place.offset))
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
	if (inside >= 0 || match_root(match, group.start, address, place.root))
		return true;
	if (place.other && match_root(match, group.start, address, place.other))
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
		return match_base(match, value) ||
		       match_base(match, code_matcher_untagged(matcher, value));
	value = code_matcher_untagged(matcher, value);
	node = code_matcher_node(matcher, value);
	while (last > 1 && match->expression->steps[last - 1].kind == CODE_INDEX)
		last--;
	step = &match->expression->steps[last - 1];
	if (step->kind == CODE_CONTAINER)
		return code_match_address(match, steps, value, 0);
	if (node->kind != CODE_V_LOAD ||
	    !code_match_width(matcher, &matcher->rows->members.items[step->member], node->width))
		return false;
	return code_match_address(match, steps, node->a, node->width);
}

/* @value fits @expression: what it binds is added to match->fit. */
bool code_match_expression(struct match *match, const struct code_expression *expression,
			   code_value value)
{
	unsigned was = match->fit.count;
	bool fits;

	match->expression = expression;
	if (expression->address && value)
		fits = code_match_address(match, expression->step_count, value, 0);
	else
		fits = match_value(match, expression->step_count, value);
	if (!fits)
		match->fit.count = was;
	return fits;
}

/* The same of a value that a statement takes for known. */
bool code_match_known(struct match *match, const struct code_expression *expression,
		      code_value value)
{
	bool fits;

	match->strict = true;
	fits = code_match_expression(match, expression, value);
	match->strict = false;
	return fits;
}
