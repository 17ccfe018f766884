/* SPDX-License-Identifier: MIT */
/*
 * Statements against the events of a run: which ways they fit, and whether one is left when members
 * that are known to be others are taken away.
 */
#include "infer/code_expression.h"
#include "infer/code_order.h"

#include <ctype.h>
#include <string.h>

enum { STRING_BYTES = 256, FITS_MAX = 24, INT_BYTES = 4 };

/* ---- statements ---- */

static bool calls_one_of(const struct code_matcher *matcher, const struct code_event *event,
			 const struct code_statement *statement, const char **name)
{
	*name = code_matcher_name_at(matcher, event->target);
	if (statement->anyone)
		return true;
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

/* The argument printed after a text by a function that takes its arguments so: the string's own place, and how
 * far after it. */
static code_value printed_as(struct code_matcher *matcher, const struct code_event *event,
			     const struct code_prototype *callee, bool variadic, const char *text)
{
	struct code_run *run = matcher->run;
	bool narrow = run->values.pointer_bytes == 4;
	char string[STRING_BYTES];
	const char *place;
	int64_t number;

	for (unsigned i = 0; i < 4; i++) {
		code_value value = code_run_argument(run, event, i, variadic);

		if (!value || !code_value_is_const(&run->values, value, &number) ||
		    !code_text_string(run->text, (uint64_t)number, string, sizeof(string)))
			continue;
		place = strstr(string, text);
		if (place && callee && !variadic)
			return code_matcher_argument(matcher, event, callee, i + 1);
		if (place)
			return code_run_argument(
				run, event,
				i + 1 + count_conversions(string, place + strlen(text), narrow),
				variadic);
	}
	return 0;
}

/* Of a function without a name nobody knows how it takes them: in one way the string shows. */
static code_value printed(struct code_matcher *matcher, const struct code_event *event,
			  const char *text)
{
	const struct code_prototype *callee = code_matcher_prototype_at(matcher, event->target);
	const char *name = code_matcher_name_at(matcher, event->target);
	code_value value;

	if (callee)
		return printed_as(matcher, event, callee, callee->variadic, text);
	if (!name || name[0])
		return 0;
	/* Where registers are narrow it may be two of them, or none. */
	value = matcher->run->values.pointer_bytes == 4
			? 0
			: printed_as(matcher, event, NULL, false, text);
	return value ? value : printed_as(matcher, event, NULL, true, text);
}

/* What is printed in other units, or in parts: without shifts by, and masks of, numbers. */
static code_value unscaled(const struct code_matcher *matcher, code_value value)
{
	for (unsigned i = 0; i < 3; i++) {
		const struct code_node *node = code_matcher_node(matcher, value);

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
	node = code_matcher_node(match->matcher, value);
	if (!statement->via_count && node->kind == CODE_V_SUM && node->scale == 1 &&
	    !statement->what.address)
		return code_match_expression(match, &statement->what, node->a) ||
		       code_match_expression(match, &statement->what, node->b);
	if (!statement->via_count)
		return value && code_match_expression(match, &statement->what, value);
	match->expression = &caller;
	if (!code_match_is_result(match, node))
		return false;
	for (uint32_t i = 0; i < run->events.count; i++) {
		const struct code_event *event = &run->events.items[i];

		if (event->kind != CODE_E_CALL || event->at != (uint64_t)node->number)
			continue;
		value = code_run_argument(run, event, statement->via_argument, false);
		if (value && code_match_expression(match, &statement->what, value))
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
	const struct code_node *node = code_matcher_node(matcher, event->a);
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
	node = code_matcher_node(matcher, value);
	if (!mask || node->kind != CODE_V_LOAD || node->width > 8)
		return false;
	mask &= node->width == 8 ? -1 : (int64_t)((1ull << node->width * 8) - 1);
	while (shift < 64 && (int64_t)((uint64_t)mask << shift) != wanted)
		shift += 8;
	if (shift == 64)
		return false;
	match->expression = &statement->what;
	return code_match_address(
		match, statement->what.step_count,
		code_value_add(&matcher->run->values, node->a, -(int64_t)(shift / 8)),
		last_width(matcher, &statement->what));
}

/* Whether an address is in the list_head of the object that a statement names. */
static bool is_head(const struct code_matcher *matcher, const struct code_statement *statement,
		    code_value address)
{
	struct code_place place = code_matcher_place(matcher, address);

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

	if (code_match_known(match, &statement->value, value) &&
	    code_match_expression(match, &statement->what, what))
		return true;
	match->fit.count = was;
	return false;
}

static bool match_compared(struct match *match, const struct code_statement *statement,
			   const struct code_event *event)
{
	code_value one = event->a, other = event->b;

	if (match->shifted) {
		one = shifted(match->matcher, one);
		other = shifted(match->matcher, other);
	}
	return match_both(match, statement, one, other) || match_both(match, statement, other, one);
}

/* Whether a store is as wide as the member that it is said to be of. */
static bool stores_width(const struct code_matcher *matcher, const struct code_statement *statement,
			 const struct code_event *event)
{
	const struct code_expression *what = &statement->what;

	for (unsigned i = what->step_count; i; i--)
		if (what->steps[i - 1].kind != CODE_INDEX)
			return code_match_width(
				matcher, &matcher->rows->members.items[what->steps[i - 1].member],
				event->width);
	return true;
}

/* Whether what is stored is what was there, and the statement's value more. */
static bool adds(struct match *match, const struct code_statement *statement,
		 const struct code_event *event)
{
	const struct code_node *sum = code_matcher_node(match->matcher, event->b);
	const struct code_node *one = code_matcher_node(match->matcher, sum->a);
	const struct code_node *other = code_matcher_node(match->matcher, sum->b);

	if (sum->kind != CODE_V_SUM || sum->scale != 1 || sum->number)
		return false;
	if (one->kind == CODE_V_LOAD && one->a == event->a)
		return code_match_known(match, &statement->value, sum->b);
	return other->kind == CODE_V_LOAD && other->a == event->a &&
	       code_match_known(match, &statement->value, sum->a);
}

/* A walk along a list ends where it began: what was loaded there, or lies at a distance from that, is
 * compared with the head, or what lies as far from it. 0: it is no such comparison. */
static code_value head_of_ring(const struct code_matcher *matcher, code_value value, code_value end)
{
	struct code_values *values = &matcher->run->values;
	const struct code_node *link;
	code_value head;
	int64_t offset;

	if (!value || !end)
		return 0;
	link = code_value_node(values, code_value_root(values, value, &offset));
	if (link->kind != CODE_V_LOAD || link->width != values->pointer_bytes ||
	    code_is_far(offset))
		return 0;
	head = link->a;
	return code_value_add(values, head, offset) == end ? head : 0;
}

static code_value head_of_walk(const struct code_matcher *matcher, const struct code_event *event)
{
	code_value head;

	if (event->kind != CODE_E_COMPARE)
		return 0;
	head = head_of_ring(matcher, event->a, event->b);
	return head ? head : head_of_ring(matcher, event->b, event->a);
}

/* ---- pointers are used as such ---- */

static bool ends_in_pointer(const struct code_matcher *matcher, const struct code_expression *what)
{
	const struct code_step *last;

	if (!what->step_count || what->address)
		return false;
	last = &what->steps[what->step_count - 1];
	return last->kind == CODE_DEREFERENCE &&
	       matcher->rows->members.items[last->member].shape == CODE_S_POINTER;
}

static bool leads_from(const struct code_matcher *matcher, code_value address, code_value pointer)
{
	struct code_place place = code_matcher_place(matcher, address);

	return address &&
	       (code_matcher_untagged(matcher, place.root) == pointer || place.other == pointer);
}

static bool is_handed_over(const struct code_matcher *matcher, const struct code_event *call,
			   code_value pointer)
{
	const code_value *arguments = matcher->run->arguments.items + call->first_argument;

	for (unsigned i = 0; i < CODE_CALL_ARGUMENTS_MAX; i++)
		if (leads_from(matcher, arguments[i], pointer))
			return true;
	return false;
}

/* Kernels have the upper half of addresses, whose last page is for errors. */
static bool could_be_address(const struct code_matcher *matcher, int64_t number)
{
	if (matcher->run->values.pointer_bytes == 4)
		number = (int32_t)(uint32_t)number;
	return number < -4096;
}

/* Whole, with another one or with none: not bits of it. */
static bool is_compared(const struct code_matcher *matcher, const struct code_event *event,
			code_value pointer)
{
	code_value other = event->a == pointer ? event->b : event->a;
	int64_t number;

	if (event->alu != CODE_SUB || event->width != matcher->run->values.pointer_bytes ||
	    (event->a != pointer && event->b != pointer))
		return false;
	return !code_value_is_const(&matcher->run->values, other, &number) || !number ||
	       could_be_address(matcher, number);
}

static bool uses_pointer(const struct code_matcher *matcher, const struct code_event *event,
			 code_value pointer)
{
	switch (event->kind) {
	case CODE_E_LOAD:
		return leads_from(matcher, code_matcher_node(matcher, event->a)->a, pointer);
	case CODE_E_STORE:
		return leads_from(matcher, event->a, pointer) ||
		       leads_from(matcher, event->b, pointer);
	case CODE_E_CALL:
		return is_handed_over(matcher, event, pointer);
	case CODE_E_COMPARE:
		return is_compared(matcher, event, pointer);
	default:
		return leads_from(matcher, event->a, pointer);
	}
}

/* What is only loaded, or has bits of it looked at, may be a number as well: a member that is a pointer
 * is followed, handed over, kept, returned or compared. */
static bool is_used_as_declared(const struct match *match, const struct code_expression *what,
				code_value loaded)
{
	const struct code_matcher *matcher = match->matcher;

	if (!ends_in_pointer(matcher, what))
		return true;
	for (uint32_t i = 0; i < matcher->run->events.count; i++)
		if (uses_pointer(matcher, &matcher->run->events.items[i], loaded))
			return true;
	return false;
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
		callee = name ? code_rows_prototype(matcher->rows, name) : NULL;
		value = code_matcher_argument(matcher, event, callee, statement->argument);
		return match_through(match, statement, value);
	case CODE_PRINTS:
		if (event->kind != CODE_E_CALL)
			return false;
		value = printed(matcher, event, statement->text);
		return match_through(match, statement, value);
	case CODE_STORES:
		value = match->shifted ? shifted(matcher, event->b) : event->b;
		return event->kind == CODE_E_STORE &&
		       code_match_known(match, &statement->value, value) &&
		       stores_width(matcher, statement, event) &&
		       code_match_expression(match, &statement->what, event->a);
	case CODE_ADDS:
		return event->kind == CODE_E_STORE && adds(match, statement, event) &&
		       code_match_expression(match, &statement->what, event->a);
	case CODE_TAILS:
		return event->kind == CODE_E_STORE &&
		       code_match_known(match, &statement->value, event->b) &&
		       code_match_expression(match, &statement->what,
					     code_value_add(&matcher->run->values, event->a,
							    -matcher->run->values.pointer_bytes));
	case CODE_WRITES:
		return event->kind == CODE_E_STORE &&
		       code_match_expression(match, &statement->value, event->b) &&
		       code_match_expression(match, &statement->what, event->a);
	case CODE_LINKS:
		return event->kind == CODE_E_STORE && is_head(matcher, statement, event->a) &&
		       code_match_expression(match, &statement->what, event->b);
	case CODE_LOADS:
	case CODE_LOADS_FIRST:
		return event->kind == CODE_E_LOAD &&
		       code_match_expression(match, &statement->what, event->a) &&
		       is_used_as_declared(match, &statement->what, event->a);
	case CODE_TESTS:
		return event->kind == CODE_E_COMPARE && match_test(match, statement, event);
	case CODE_WALKS:
		value = head_of_walk(matcher, event);
		return value && code_match_expression(match, &statement->what, value);
	default:
		if (event->kind != CODE_E_COMPARE)
			return false;
		return match_compared(match, statement, event);
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
static bool is_taken(const struct code_matcher *matcher, const struct code_fit *fit, bool strongly)
{
	const struct code_members *members = &matcher->rows->members;

	for (unsigned k = 0; k < fit->count; k++) {
		const struct code_binding *binding = &fit->bindings[k];
		const struct code_member *own = &members->items[binding->member];

		for (uint32_t i = 0; i < members->count; i++)
			if (i != binding->member && members->items[i].type == own->type &&
			    !(own->shares && members->items[i].shares) &&
			    (strongly ? matcher->beliefs[i].strong : matcher->beliefs[i].firm) &&
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
		    code_matcher_node(matcher, events->items[i].a)->a == binding->shown)
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

/* The members of a sequence, each by the shortest path that meets it. */
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

static void swap_places(struct sequence *sequence, unsigned one, unsigned other)
{
	struct code_binding binding = sequence->bindings[one];
	uint32_t order = sequence->order[one];

	sequence->bindings[one] = sequence->bindings[other];
	sequence->order[one] = sequence->order[other];
	sequence->bindings[other] = binding;
	sequence->order[other] = order;
}

/* The code's own order, where both are in one function; what a path met sooner need not come before,
 * as a shorter path leaves something out. @place: where each is in @order. */
static void sort_places(struct sequence *sequence, const struct code_order *order, unsigned *place)
{
	for (unsigned i = 0; i < sequence->count; i++) {
		place[i] = i;
		for (unsigned k = i; k; k--) {
			unsigned was = place[k];
			bool before = code_order_is_before(order, was, place[k - 1]),
			     behind = code_order_is_before(order, place[k - 1], was);

			if (before == behind ? sequence->order[k] >= sequence->order[k - 1]
					     : behind)
				break;
			swap_places(sequence, k, k - 1);
			place[k] = place[k - 1];
			place[k - 1] = was;
		}
	}
}

/* False: of two that follow each other, the code does not tell which is the first. */
static bool settle_order(const struct code_matcher *matcher, struct sequence *sequence)
{
	unsigned place[CODE_SEQUENCE_MAX + 2];
	uint64_t at[CODE_SEQUENCE_MAX + 2];
	struct code_order order;

	for (unsigned i = 0; i < sequence->count; i++)
		at[i] = sequence->bindings[i].at;
	if (!code_order_init(&order, matcher->run, at, sequence->count))
		return false;
	sort_places(sequence, &order, place);
	for (unsigned i = 1; i < sequence->count; i++)
		if (order.where[place[i]] && !code_order_is_before(&order, place[i - 1], place[i]))
			return false;
	return true;
}

/* Whether a call has numbers for this argument, or the same member: nothing computed in other ways. */
static bool is_pure(struct code_matcher *matcher, const struct code_statement *statement,
		    const struct code_event *call, uint32_t offset)
{
	const struct code_events *events = &matcher->run->events;

	for (uint32_t i = 0; i < events->count; i++) {
		const struct code_event *event = &events->items[i];
		struct match match = {.matcher = matcher};
		code_value value;

		if (event->kind != CODE_E_CALL || event->at != call->at)
			continue;
		value = code_matcher_argument(matcher, event,
					      code_matcher_prototype_at(matcher, event->target),
					      statement->argument);
		if (!value || code_matcher_node(matcher, value)->kind == CODE_V_CONST)
			continue;
		if (!code_match_expression(&match, &statement->what, value) ||
		    match.fit.bindings[match.fit.count - 1].offset != offset)
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
		value = code_matcher_argument(
			matcher, event, name ? code_rows_prototype(matcher->rows, name) : NULL,
			statement->argument);
		if (value && code_match_expression(&match, &statement->what, value) &&
		    is_pure(matcher, statement, event,
			    match.fit.bindings[match.fit.count - 1].offset))
			add_place(&sequence, event, &match.fit.bindings[match.fit.count - 1]);
	}
	if (sequence.count != statement->more_count + 1u)
		return false;
	if (!settle_order(matcher, &sequence))
		return false;
	fit->count = sequence.count;
	for (unsigned i = 0; i < sequence.count; i++) {
		fit->bindings[i] = sequence.bindings[i];
		if (i)
			fit->bindings[i].member = statement->more[i - 1];
		if (!code_match_width(matcher,
				      &matcher->rows->members.items[fit->bindings[i].member],
				      fit->bindings[i].width))
			return false;
	}
	return true;
}

/* "nice + 120" is still nice; what lies behind a pointer is not the pointer. */
static bool may_be_shifted(const struct code_matcher *matcher,
			   const struct code_statement *statement)
{
	return (statement->verb == CODE_STORES || statement->verb == CODE_COMPARES) &&
	       !ends_in_pointer(matcher, &statement->what) &&
	       !ends_in_pointer(matcher, &statement->value);
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
		    bool shifted_values, struct fits *fits)
{
	const struct code_events *events = &matcher->run->events;
	uint8_t depth = UINT8_MAX;

	fits->count = 0;
	fits->overflow = false;
	for (uint32_t i = 0; i < events->count && !fits->overflow; i++) {
		struct match match = {.matcher = matcher, .shifted = shifted_values};

		if ((statement->anyone && events->items[i].depth > depth) ||
		    !fits_event(&match, statement, &events->items[i]) || !match.fit.count)
			continue;
		if (statement->anyone && events->items[i].depth < depth) { /* nearest to us */
			depth = events->items[i].depth;
			fits->count = 0;
		}
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
		return !is_taken(matcher, fit, true);
	}
	for (unsigned i = 0; i < fits->count; i++) {
		if (is_taken(matcher, &fits->items[i], false))
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

	fit->by_elimination = fit->undecided = false;
	if (statement->verb == CODE_NAMES || statement->verb == CODE_TELLS)
		return false;
	if (statement->verb == CODE_SEQUENCE)
		return fit_sequence(matcher, statement, fit);
	collect(matcher, statement, false, &fits);
	if (!fits.count && may_be_shifted(matcher, statement))
		collect(matcher, statement, true, &fits);
	if (!fits.count || fits.overflow)
		return false;
	if (!(statement->verb == CODE_LOADS_FIRST ? choose_first(&fits, fit)
						  : choose_only(matcher, &fits, fit))) {
		fit->undecided = fits.count > 1;
		return false;
	}
	set_places(matcher, fit, &matcher->run->events.items[fit->event]);
	return true;
}

static bool is_known(const struct code_matcher *matcher, const struct code_fit *fit)
{
	for (unsigned i = 0; i < fit->count; i++)
		if (!matcher->beliefs[fit->bindings[i].member].known)
			return false;
	return true;
}

/* ---- functions that show by how they are called ---- */

/* Whether a call hands over what a statement says, all of which is known. */
static bool hands_over(struct code_matcher *matcher, const struct code_statement *statement,
		       const struct code_event *event)
{
	struct match match = {.matcher = matcher};
	code_value value;

	if (event->kind != CODE_E_CALL || !event->target)
		return false;
	value = code_run_argument(matcher->run, event, statement->argument, false);
	return value && code_match_known(&match, &statement->what, value) &&
	       is_known(matcher, &match.fit);
}

/* Nearest to the function that is looked at, and the only one there. */
uint64_t code_matcher_named(struct code_matcher *matcher, const struct code_statement *statement)
{
	const struct code_events *events = &matcher->run->events;
	const struct code_event *found = NULL;
	bool several = false;

	for (uint32_t i = 0; i < events->count; i++) {
		const struct code_event *event = &events->items[i];

		if ((found && event->depth > found->depth) ||
		    !hands_over(matcher, statement, event))
			continue;
		if (!found || event->depth < found->depth) {
			found = event;
			several = false;
		} else {
			several |= event->target != found->target;
		}
	}
	return found && !several ? found->target : 0;
}

/* ---- objects that show by what is done with their address ---- */

/* What was loaded to be compared with the statement's number: where from. */
static code_value place_compared(const struct code_matcher *matcher,
				 const struct code_statement *statement,
				 const struct code_event *event)
{
	const struct code_node *node = code_matcher_node(matcher, event->a);
	int64_t number;

	if (event->kind != CODE_E_COMPARE || event->alu != CODE_SUB || node->kind != CODE_V_LOAD ||
	    node->width != INT_BYTES ||
	    !code_value_is_const(&matcher->run->values, event->b, &number) ||
	    number != statement->value.number)
		return 0;
	return node->a;
}

/* The address that is compared with what the statement says, all of which is known. */
static code_value address_compared(struct code_matcher *matcher,
				   const struct code_statement *statement,
				   const struct code_event *event)
{
	const code_value sides[] = {event->a, event->b};

	for (unsigned i = 0; i < 2 && event->kind == CODE_E_COMPARE && event->alu == CODE_SUB;
	     i++) {
		struct match match = {.matcher = matcher};

		if (sides[i] && code_match_known(&match, &statement->value, sides[i]) &&
		    is_known(matcher, &match.fit))
			return sides[!i];
	}
	return 0;
}

static uint64_t told_by_event(struct code_matcher *matcher, const struct code_statement *statement,
			      const struct code_event *event)
{
	const struct code_prototype *callee;
	const char *name;
	code_value value;
	int64_t number;

	if (statement->value.base == CODE_B_CONST) {
		value = place_compared(matcher, statement, event);
	} else if (statement->value.base != CODE_B_VALUE) {
		value = address_compared(matcher, statement, event);
	} else if (!statement->name_count && !statement->anyone) {
		value = head_of_walk(matcher, event);
	} else {
		if (event->kind != CODE_E_CALL || !calls_one_of(matcher, event, statement, &name))
			return 0;
		callee = name ? code_rows_prototype(matcher->rows, name) : NULL;
		value = code_matcher_argument(matcher, event, callee, statement->argument);
	}
	if (!value || !code_value_is_const(&matcher->run->values, value, &number))
		return 0;
	return matcher->run->values.pointer_bytes == 4 ? (uint32_t)number : (uint64_t)number;
}

uint64_t code_matcher_told(struct code_matcher *matcher, const struct code_statement *statement)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < matcher->run->events.count; i++) {
		uint64_t place = told_by_event(matcher, statement, &matcher->run->events.items[i]);

		if (place && found && place != found)
			return 0;
		found = place ? place : found;
	}
	return found;
}

bool code_matcher_place_object(struct code_matcher *matcher, uint32_t object, uint64_t address)
{
	struct code_placed_object *placed = &matcher->objects[object];

	if (placed->address == address)
		return false;
	*placed = (struct code_placed_object){.address = address, .told = address != 0};
	return true;
}

/* ---- members that show by their type ---- */

static void report_unique(struct code_matcher *matcher, code_value value, uint32_t target,
			  uint64_t at, void (*found)(void *, const struct code_binding *),
			  void *context)
{
	const struct code_node *node = code_matcher_node(matcher, value);
	bool pointer = node->kind == CODE_V_LOAD;
	const struct code_members *members = &matcher->rows->members;
	struct code_place place;
	uint32_t type;

	if (pointer && node->width != matcher->run->values.pointer_bytes)
		return;
	place = code_matcher_place(matcher, pointer ? node->a : value);
	if (place.indexed || (!pointer && node->kind == CODE_V_CALL))
		return;
	type = code_matcher_type(matcher, place.root);
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
		callee = code_matcher_prototype_at(matcher, event->target);
		for (unsigned k = 0; callee && k < CODE_PARAMETERS_MAX; k++) {
			code_value value =
				callee->parameters[k]
					? code_matcher_argument(matcher, event, callee, k)
					: 0;

			if (value)
				report_unique(matcher, value, callee->parameters[k], event->at,
					      found, context);
		}
	}
}
