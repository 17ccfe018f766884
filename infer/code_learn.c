/* SPDX-License-Identifier: MIT */
/* Passes over the table; votes, and what is believed because of them. */
#include "infer/code_learn.h"

#include <string.h>

#include "infer/code_types.h"

enum {
	PASSES_MAX = 8,
	OFFSETS_MAX = 12,
	STATEMENT_WEIGHT = 3,
	TYPE_WEIGHT = 2,
	ELIMINATION_WEIGHT = 1,
	STRONG_WEIGHT = 6,
	SHARING_MAX = 8,
	TELLERS_MIN = 2, /* functions, of where an object is */
	INT_BYTES = 4,

	VISITS_FOR_TYPES = 3
};

/* ---- how a callee is treated ---- */

static enum code_callee callee(void *context, const struct code_function *function, bool small)
{
	const struct code_learnt *learnt = context;
	const struct code_prototype *row = code_rows_prototype(learnt->rows, function->name);

	if (row && row->callee != CODE_C_OPAQUE)
		return row->callee == CODE_C_FOLLOW && !small ? CODE_C_OPAQUE
							      : (enum code_callee)row->callee;
	if (strncmp(function->name, "__x86_indirect_", 15) == 0)
		return CODE_C_INDIRECT;
	return !row && small ? CODE_C_FOLLOW : CODE_C_OPAQUE;
}

/* ---- the running task ---- */

struct tally {
	uint64_t address;
	bool percpu;
	uint32_t function; /* that was counted last: each has one vote */
	unsigned count;
};

static void count_address(struct tally tallies[OFFSETS_MAX], uint64_t address, bool percpu,
			  uint32_t function)
{
	for (unsigned i = 0; i < OFFSETS_MAX; i++) {
		if (tallies[i].count &&
		    (tallies[i].address != address || tallies[i].percpu != percpu))
			continue;
		if (tallies[i].count && tallies[i].function == function)
			return;
		tallies[i] = (struct tally){address, percpu, function, tallies[i].count + 1};
		return;
	}
}

/* What a function reaches structures through that came from one fixed place. */
static void count_bases(struct code_learnt *learnt, struct tally tallies[OFFSETS_MAX],
			uint32_t function)
{
	const struct code_values *values = &learnt->run.values;

	for (uint32_t i = 0; i < learnt->run.events.count; i++) {
		const struct code_event *event = &learnt->run.events.items[i];
		const struct code_node *base;
		code_value address;
		int64_t offset;

		if (event->kind != CODE_E_LOAD && event->kind != CODE_E_STORE)
			continue;
		address = event->kind == CODE_E_LOAD ? code_value_node(values, event->a)->a
						     : event->a;
		base = code_value_node(values, code_value_root(values, address, &offset));
		if (base->kind != CODE_V_LOAD || base->width != values->pointer_bytes || !offset)
			continue;
		base = code_value_node(values, base->a);
		if (base->kind == CODE_V_PERCPU || base->kind == CODE_V_CONST)
			count_address(tallies,
				      values->pointer_bytes == 4 ? (uint32_t)base->number
								 : (uint64_t)base->number,
				      base->kind == CODE_V_PERCPU, function);
	}
}

/* Functions that do little else than reach into the running task, some of them for modules to call:
 * what several of them agree on is where its address is kept. */
static void find_current(struct code_learnt *learnt)
{
	static const char *const names[] = {"getuid",
					    "getgid",
					    "geteuid",
					    "getegid",
					    "getppid", /* system calls */
					    "schedule_timeout_interruptible",
					    "schedule_timeout_uninterruptible",
					    "schedule_timeout_killable",
					    "schedule_timeout_idle",
					    "override_creds",
					    "prepare_creds"};
	static const char *const prefixes[] = {
		"", "__x64_sys_", "__arm64_sys_", "__ia32_sys_", "__se_sys_", "SyS_", "sys_"};
	struct tally tallies[OFFSETS_MAX] = {{0}};
	const struct tally *best = &tallies[0];
	char name[64];

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (unsigned k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
			const struct infer_symbol *symbol;

			strcpy(name, prefixes[k]);
			strcat(name, names[i]);
			symbol = infer_symbols_named(learnt->text.symbols, name, NULL);
			if (symbol && code_run_function(&learnt->run, symbol->address)) {
				count_bases(learnt, tallies, i);
				break;
			}
		}
	for (unsigned i = 1; i < OFFSETS_MAX; i++)
		if (tallies[i].count > best->count)
			best = &tallies[i];
	if (best->count < 3)
		return;
	learnt->run.current = best->address;
	learnt->run.current_percpu = best->percpu;
}

/* ---- votes ---- */

static void cast(struct code_learnt *learnt, const struct code_binding *binding, uint32_t statement,
		 bool by_elimination, const char *function)
{
	struct code_vote *vote;

	for (uint32_t i = 0; i < learnt->votes.count; i++) {
		vote = &learnt->votes.items[i];
		if (vote->function == function && vote->member == binding->member &&
		    vote->offset == binding->offset && vote->statement == statement)
			return;
	}
	vote = code_votes_push(&learnt->votes);
	if (!vote) {
		learnt->run.out_of_memory = true;
		return;
	}
	*vote = (struct code_vote){binding->member, binding->offset, statement,  binding->width,
				   by_elimination,  function,        binding->at};
}

/* By its type a member shows only where one function sees one place for it. */
struct unique {
	struct code_binding bindings[32];
	bool dropped[32];
	unsigned count;
};

static void note_unique(void *context, const struct code_binding *binding)
{
	struct unique *unique = context;

	for (unsigned i = 0; i < unique->count; i++)
		if (unique->bindings[i].member == binding->member) {
			if (unique->bindings[i].offset != binding->offset)
				unique->dropped[i] = true;
			return;
		}
	if (unique->count < sizeof(unique->bindings) / sizeof(unique->bindings[0]))
		unique->bindings[unique->count++] = *binding;
}

/* What a function calls, by what it hands over. */
static void add_naming(struct code_learnt *learnt, uint32_t index, const char *function)
{
	const struct code_statement *statement = &learnt->rows->statements.items[index];
	uint64_t address = code_matcher_named(&learnt->matcher, statement);
	struct code_naming *naming = address ? code_namings_push(&learnt->namings) : NULL;

	if (!naming) {
		learnt->run.out_of_memory |= address != 0;
		return;
	}
	*naming = (struct code_naming){index, address, learnt->rows->names.items[statement->names],
				       function};
}

static void add_placing(struct code_learnt *learnt, const struct code_statement *statement,
			const char *function)
{
	uint64_t address = code_matcher_told(&learnt->matcher, statement);
	struct code_placing *placing = address ? code_placings_push(&learnt->placings) : NULL;

	learnt->run.out_of_memory |= address && !placing;
	if (placing)
		*placing = (struct code_placing){statement->what.names, address, function};
}

static void match_function(struct code_learnt *learnt, const struct code_prototype *row,
			   const char *name, bool shared)
{
	struct unique unique = {.count = 0};
	struct code_fit fit;

	learnt->functions_run++;
	learnt->matcher.prototype = row;
	if (!code_matcher_begin(&learnt->matcher)) {
		learnt->run.out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < row->statement_count; i++) {
		uint32_t statement = row->statements + i;

		if (learnt->rows->statements.items[statement].verb == CODE_NAMES)
			add_naming(learnt, statement, name);
		if (learnt->rows->statements.items[statement].verb == CODE_TELLS)
			add_placing(learnt, &learnt->rows->statements.items[statement], name);
		if (!code_matcher_fit(&learnt->matcher, &learnt->rows->statements.items[statement],
				      &fit)) {
			learnt->undecided[row - learnt->rows->prototypes.items] |= fit.undecided;
			continue;
		}
		for (unsigned k = 0; k < fit.count; k++)
			cast(learnt, &fit.bindings[k], statement, fit.by_elimination, name);
	}
	if (shared) /* it may be another one: only a statement's own conditions tell */
		return;
	code_matcher_unique(&learnt->matcher, note_unique, &unique);
	for (unsigned i = 0; i < unique.count; i++)
		if (!unique.dropped[i])
			cast(learnt, &unique.bindings[i], INFER_NONE, false, name);
}

/* ---- beliefs ---- */

struct ballot {
	uint32_t offset, weight;
	bool firm;
};

static uint32_t weight_of(const struct code_vote *vote)
{
	if (vote->by_elimination)
		return ELIMINATION_WEIGHT;
	return vote->statement == INFER_NONE ? TYPE_WEIGHT : STATEMENT_WEIGHT;
}

static void count_vote(struct ballot ballots[OFFSETS_MAX], const struct code_vote *vote)
{
	for (unsigned i = 0; i < OFFSETS_MAX; i++) {
		if (ballots[i].weight && ballots[i].offset != vote->offset)
			continue;
		ballots[i].offset = vote->offset;
		ballots[i].weight += weight_of(vote);
		ballots[i].firm = ballots[i].firm || !vote->by_elimination;
		return;
	}
}

/* A member is believed to be where most say, when the next place has less than half of that. */
static struct code_belief believe(const struct code_learnt *learnt, uint32_t member)
{
	struct ballot ballots[OFFSETS_MAX] = {{0}};
	unsigned best = 0;
	uint32_t second = 0;

	for (uint32_t i = 0; i < learnt->votes.count; i++)
		if (learnt->votes.items[i].member == member)
			count_vote(ballots, &learnt->votes.items[i]);
	for (unsigned i = 1; i < OFFSETS_MAX; i++)
		if (ballots[i].weight > ballots[best].weight)
			best = i;
	for (unsigned i = 0; i < OFFSETS_MAX; i++)
		if (i != best && ballots[i].weight > second)
			second = ballots[i].weight;
	if (ballots[best].weight <= 2 * second)
		return (struct code_belief){0};
	return (struct code_belief){true, ballots[best].firm,
				    ballots[best].firm && ballots[best].weight >= STRONG_WEIGHT,
				    ballots[best].offset};
}

static bool is_derived(const struct code_learnt *learnt, uint32_t member)
{
	for (uint32_t i = 0; i < learnt->rows->spans.count; i++) {
		const struct code_span *span = &learnt->rows->spans.items[i];

		if (member == span->array || member == span->one || member == span->other)
			return true;
	}
	return false;
}

/* Elements of an array begin with one of their two members: so the array is where the nearer one of
 * its first element is. */
static void derive_span(struct code_learnt *learnt, const struct code_span *span)
{
	const struct code_belief *one = &learnt->beliefs[span->one_there];
	const struct code_belief *other = &learnt->beliefs[span->other_there];
	uint32_t start = one->offset < other->offset ? one->offset : other->offset;

	if (!one->known || !other->known || one->offset == other->offset)
		return;
	learnt->beliefs[span->array] = (struct code_belief){true, true, false, start};
	learnt->beliefs[span->one] = (struct code_belief){true, true, false, one->offset - start};
	learnt->beliefs[span->other] =
		(struct code_belief){true, true, false, other->offset - start};
}

static void derive_spans(struct code_learnt *learnt)
{
	for (uint32_t i = 0; i < learnt->rows->spans.count; i++)
		derive_span(learnt, &learnt->rows->spans.items[i]);
}

/* True when something is believed that was not. */
static bool update_beliefs(struct code_learnt *learnt)
{
	bool changed = false;

	for (uint32_t i = 0; i < learnt->rows->members.count; i++) {
		struct code_belief belief = believe(learnt, i);

		if (!belief.known && is_derived(learnt, i))
			continue;

		changed = changed || belief.known != learnt->beliefs[i].known ||
			  (belief.known && belief.offset != learnt->beliefs[i].offset);
		learnt->beliefs[i] = belief;
	}
	derive_spans(learnt);
	return changed;
}

/* What a member there says of an array is said of the array and of its element. */
static void derive_votes(struct code_learnt *learnt, const struct code_span *span)
{
	uint32_t count = learnt->votes.count;

	for (uint32_t i = 0; i < count; i++) {
		struct code_vote vote = learnt->votes.items[i];
		struct code_binding binding = {.at = vote.at, .width = vote.width};
		bool one = vote.member == span->one_there;

		if ((!one && vote.member != span->other_there) ||
		    vote.offset != learnt->beliefs[vote.member].offset ||
		    !learnt->beliefs[span->array].known)
			continue;
		binding.member = one ? span->one : span->other;
		binding.offset = learnt->beliefs[binding.member].offset;
		cast(learnt, &binding, vote.statement, vote.by_elimination, vote.function);
		binding.member = span->array;
		binding.offset = learnt->beliefs[span->array].offset;
		binding.width = 0;
		cast(learnt, &binding, vote.statement, vote.by_elimination, vote.function);
	}
}

/* ---- names ---- */

/* The only function that has a name, and has only that one; 0: none. */
static uint64_t agreed(const struct code_learnt *learnt, const char *name)
{
	uint64_t address = 0;

	for (uint32_t i = 0; i < learnt->namings.count; i++) {
		const struct code_naming *naming = &learnt->namings.items[i];

		if (strcmp(naming->name, name) != 0)
			continue;
		if (address && naming->address != address)
			return 0;
		address = naming->address;
	}
	for (uint32_t i = 0; i < learnt->namings.count; i++)
		if (learnt->namings.items[i].address == address &&
		    strcmp(learnt->namings.items[i].name, name) != 0)
			return 0;
	return address;
}

/* True when a function has another name than before. */
static bool update_names(struct code_learnt *learnt)
{
	bool changed = false;

	for (uint32_t i = 0;
	     infer_symbols_are_sparse(learnt->text.symbols) && i < learnt->namings.count; i++) {
		const struct code_naming *naming = &learnt->namings.items[i];
		bool good = agreed(learnt, naming->name) == naming->address &&
			    !infer_symbols_added(learnt->text.symbols, naming->name);

		changed |= code_text_name(&learnt->text, naming->address, good ? naming->name : "");
	}
	return changed;
}

/* ---- objects without a symbol ---- */

/* The one place that all who tell of @object say it is at; 0: none, or they disagree. */
static uint64_t agreed_place(const struct code_learnt *learnt, uint32_t object, uint32_t *tellers)
{
	const struct code_placings *placings = &learnt->placings;
	uint64_t address = 0;

	*tellers = 0;
	for (uint32_t i = 0; i < placings->count; i++) {
		bool again = false;

		if (placings->items[i].object != object)
			continue;
		if (address && placings->items[i].address != address)
			return 0;
		address = placings->items[i].address;
		for (uint32_t k = 0; k < i && !again; k++)
			again = placings->items[k].object == object &&
				strcmp(placings->items[k].by, placings->items[i].by) == 0;
		*tellers += !again;
	}
	return address;
}

static bool read_pointer(const struct code_learnt *learnt, uint64_t at, uint64_t *value)
{
	const struct code_reader *reader = &learnt->text.reader;

	*value = 0;
	return reader->read(reader->context, at, value, learnt->run.values.pointer_bytes);
}

/* A list's head, empty or not: its neighbours lead back to it. */
static bool is_head_of_list(const struct code_learnt *learnt, uint64_t head)
{
	uint64_t next, last, back, forth, word = learnt->run.values.pointer_bytes;

	return head % word == 0 && read_pointer(learnt, head, &next) &&
	       read_pointer(learnt, head + word, &last) &&
	       read_pointer(learnt, next + word, &back) && read_pointer(learnt, last, &forth) &&
	       back == head && forth == head;
}

/* Does memory have such a thing as @object there? */
static bool may_be_object(const struct code_learnt *learnt, uint32_t object, uint64_t address)
{
	uint64_t value;

	if (code_matcher_is_list(&learnt->matcher, learnt->rows->objects.items[object].type))
		return is_head_of_list(learnt, address);
	return address % INT_BYTES == 0 && read_pointer(learnt, address, &value);
}

/* What has no symbol is where several functions say, none of them otherwise, and where memory has
 * such a thing. True when that is news. */
static bool update_objects(struct code_learnt *learnt)
{
	bool changed = false;

	for (uint32_t i = 0; i < learnt->rows->objects.count; i++) {
		const struct code_placed_object *placed = &learnt->matcher.objects[i];
		uint32_t tellers;
		uint64_t address;

		if (placed->address && !placed->told)
			continue;
		address = agreed_place(learnt, i, &tellers);
		if (tellers < TELLERS_MIN || !may_be_object(learnt, i, address))
			address = 0;
		changed |= code_matcher_place_object(&learnt->matcher, i, address);
	}
	return changed;
}

uint32_t code_learnt_tellers(const struct code_learnt *learnt, uint32_t object)
{
	uint32_t tellers;

	if (!learnt->matcher.objects[object].told)
		return 0;
	agreed_place(learnt, object, &tellers);
	return tellers;
}

/* ---- passes ---- */

static bool has_something_to_say(const struct code_prototype *row)
{
	bool typed = row->result;

	for (unsigned i = 0; i < CODE_PARAMETERS_MAX; i++)
		typed = typed || row->parameters[i];
	return row->statement_count || (row->callee == CODE_C_OPAQUE && typed);
}

/* A function that others named. */
static void run_named(struct code_learnt *learnt, const struct code_prototype *row,
		      const char *name)
{
	const struct code_functions *functions = &learnt->text.functions;

	for (uint32_t i = 0; i < functions->count; i++)
		if (functions->items[i]->named && strcmp(functions->items[i]->name, name) == 0) {
			if (code_run_function(&learnt->run, functions->items[i]->start))
				match_function(learnt, row, functions->items[i]->name, false);
			return;
		}
}

static void run_symbols(struct code_learnt *learnt, const struct code_prototype *row,
			const char *name)
{
	const struct infer_symbol *symbol;
	uint32_t count;

	infer_symbols_named(learnt->text.symbols, name, &count);
	for (uint32_t n = 0; n < SHARING_MAX; n++) {
		symbol = infer_symbols_sharing(learnt->text.symbols, name, n);
		if (!symbol)
			break;
		if (code_run_function(&learnt->run, symbol->address))
			match_function(learnt, row, symbol->name, count > 1);
	}
}

static void run_all(struct code_learnt *learnt, bool undecided_only)
{
	for (uint32_t i = 0; i < learnt->rows->prototypes.count; i++) {
		const struct code_prototype *row = &learnt->rows->prototypes.items[i];

		if (undecided_only && !learnt->undecided[i])
			continue;
		learnt->run.visits_max = row->statement_count ? CODE_VISITS : VISITS_FOR_TYPES;
		for (uint32_t k = 0; k < row->name_count && has_something_to_say(row); k++) {
			const char *name = learnt->rows->names.items[row->names + k];

			run_symbols(learnt, row, name);
			if (infer_symbols_are_sparse(learnt->text.symbols))
				run_named(learnt, row, name);
		}
	}
}

static enum gap_status begin(struct code_learnt *learnt, const struct code_rows *rows,
			     const struct code_machine *machine, struct code_reader reader,
			     const struct infer_symbols *symbols)
{
	memset(learnt, 0, sizeof(*learnt));
	learnt->rows = rows;
	learnt->beliefs = calloc(rows->members.count + 1, sizeof(*learnt->beliefs));
	learnt->undecided = calloc(rows->prototypes.count + 1, sizeof(*learnt->undecided));
	if (!learnt->beliefs || !learnt->undecided ||
	    !code_text_init(&learnt->text, machine, reader, symbols) ||
	    !code_run_init(&learnt->run, &learnt->text) ||
	    !code_matcher_init(&learnt->matcher, rows, &learnt->run))
		return GAP_NO_MEMORY;
	learnt->run.callee = callee;
	learnt->run.context = learnt;
	learnt->matcher.beliefs = learnt->beliefs;
	find_current(learnt);
	return GAP_OK;
}

/* True when another pass could tell more. */
static bool pass(struct code_learnt *learnt)
{
	bool changed;

	learnt->votes.count = learnt->namings.count = learnt->placings.count = 0;
	run_all(learnt, false);
	changed = update_beliefs(learnt);
	changed |= update_objects(learnt);
	return update_names(learnt) || changed;
}

static enum gap_status finish(struct code_learnt *learnt)
{
	for (uint32_t i = 0; i < learnt->rows->spans.count; i++)
		derive_votes(learnt, &learnt->rows->spans.items[i]);
	return learnt->run.out_of_memory || learnt->text.out_of_memory ? GAP_NO_MEMORY : GAP_OK;
}

enum gap_status code_learn(struct code_learnt *learnt, const struct code_rows *rows,
			   const struct code_machine *machine, struct code_reader reader,
			   const struct infer_symbols *symbols)
{
	if (begin(learnt, rows, machine, reader, symbols))
		return GAP_NO_MEMORY;
	for (unsigned i = 0; i < PASSES_MAX && pass(learnt); i++)
		;
	return finish(learnt);
}

/* Where code does not tell, for as long as that is so. */
static void believe_said(struct code_learnt *learnt, const struct code_belief *said)
{
	for (uint32_t i = 0; i < learnt->rows->members.count; i++)
		if (!learnt->beliefs[i].known)
			learnt->beliefs[i] = (struct code_belief){.known = said[i].known,
								  .offset = said[i].offset};
	derive_spans(learnt);
}

enum gap_status code_learn_try(struct code_learnt *learnt, const struct code_rows *rows,
			       const struct code_machine *machine, struct code_reader reader,
			       const struct infer_symbols *symbols, const struct code_belief *said)
{
	if (begin(learnt, rows, machine, reader, symbols))
		return GAP_NO_MEMORY;
	believe_said(learnt, said);
	pass(learnt);
	believe_said(learnt, said);
	run_all(learnt, true);
	update_beliefs(learnt);
	return finish(learnt);
}

void code_learnt_deinit(struct code_learnt *learnt)
{
	code_matcher_deinit(&learnt->matcher);
	code_run_deinit(&learnt->run);
	code_text_deinit(&learnt->text);
	free(learnt->votes.items);
	free(learnt->namings.items);
	free(learnt->placings.items);
	free(learnt->beliefs);
	free(learnt->undecided);
}
