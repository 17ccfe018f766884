/* SPDX-License-Identifier: MIT */
/*
 * Finishing the merger. References to names become references to definitions:
 *
 *  1. Collapse: a name with one definition *is* that definition, so references to the one and to
 * the other are the same. Rewriting them so may make nodes equal, and definitions with them; repeat
 * until nothing changes.
 *  2. Bind: a name that keeps several definitions means, in one unit, the definition that this unit
 * has. A root (a named definition, a typedef, a symbol) whose units all agree is bound to theirs;
 * otherwise it keeps pointing to an incomplete type marked ambiguous. Layouts are never split over
 * what a pointer points to.
 *  3. Emit what is reachable into the builder.
 */
#include <string.h>

#include "profile/merger.h"

#define UNBOUND GAP_NONE
#define MANY (GAP_NONE - 1)

/* "In the units of this root, this nominal is this body". */
struct binding {
	uint32_t root, nominal, body;
};

GAP_VECTOR(bindings, struct binding);

struct resolving {
	struct gap_merger *merger;
	struct gap_graph *graph;
	uint32_t count; /* of nodes before any was cloned; the arrays by node have this many */
	gap_token *canonical; /* by node: the node that stands for it */
	uint8_t *reaches;     /* by node: a conflicting name is reachable without passing a root */
	gap_token *bound;     /* by node: what a typedef became when its names were bound */
	struct bindings bindings; /* sorted by root, nominal */
	struct gap_merge_report *report;
	struct gap_error *error;
	bool out_of_memory;

	/* While one root is being rewritten: what its names mean. */
	const struct binding *scope;
	uint32_t scope_count;
	uint32_t epoch;      /* of the marks: a new one forgets them all */
	uint32_t *mark;      /* by node: the epoch in which it was last seen */
	gap_token *clone_of; /* by node: its copy in the epoch of its mark */

	/* Emission. */
	gap_type_id *type_of_node, *type_of_nominal;
	struct gap_rows queue;
};

static struct gap_node *node_at(const struct resolving *resolving, uint32_t row)
{
	return &resolving->graph->nodes.items[row];
}

static bool is_named_tag(const struct gap_node *node)
{
	return gap_kind_is_tag(node->kind) && node->name && !(node->flags & GAP_TYPE_INCOMPLETE);
}

/* What goes by a name: its references are bound by the units that have it. */
static bool is_root_node(const struct gap_node *node)
{
	return is_named_tag(node) || node->kind == GAP_KIND_TYPEDEF;
}

/* ---- 1. collapse ---- */

static bool find_nominals(struct resolving *resolving)
{
	for (uint32_t row = 0; row < resolving->graph->nodes.count; row++) {
		struct gap_node *node = node_at(resolving, row);
		gap_token token;

		if (!is_named_tag(node))
			continue;
		token = gap_graph_nominal(resolving->graph, (enum gap_kind)node->kind, node->name);
		if (token == GAP_NONE)
			return false;
		node->nominal = gap_token_row(token);
	}
	return true;
}

/* Counts the definitions of each name that are still distinct; returns whether any count fell. */
static bool count_bodies(struct resolving *resolving, bool first)
{
	struct gap_nominals *nominals = &resolving->graph->nominals;
	uint64_t before = 0, after = 0;

	for (uint32_t i = 0; i < nominals->count; i++) {
		before += nominals->items[i].bodies;
		nominals->items[i].bodies = 0;
	}
	for (uint32_t row = 0; row < resolving->graph->nodes.count; row++) {
		const struct gap_node *node = node_at(resolving, row);
		struct gap_nominal *nominal;

		if (node->nominal == GAP_NONE || resolving->canonical[row] != row)
			continue;
		nominal = &nominals->items[node->nominal];
		if (nominal->bodies++ == 0)
			nominal->body = row;
		after++;
	}
	return first || after < before;
}

/* What a reference is called after collapsing: a lone definition goes by its name. */
static gap_token collapsed(const struct resolving *resolving, gap_token token)
{
	const struct gap_node *node;

	if (!gap_token_is_node(token))
		return token;
	while (resolving->canonical[token] != token)
		token = resolving->canonical[token];
	node = node_at(resolving, token);
	if (node->nominal != GAP_NONE &&
	    resolving->graph->nominals.items[node->nominal].bodies == 1)
		return node->nominal | GAP_TOKEN_NOMINAL;
	return token;
}

typedef gap_token rewrite(struct resolving *resolving, gap_token token);

static gap_token rewrite_collapsed(struct resolving *resolving, gap_token token)
{
	return collapsed(resolving, token);
}

/* Rewrites all references of a node in place. */
static void rewrite_node(struct resolving *resolving, uint32_t row, rewrite *rewritten)
{
	struct gap_node node = *node_at(resolving, row);
	gap_token ref = rewritten(resolving, node.ref);

	node_at(resolving, row)->ref = ref;
	for (uint32_t i = 0; i < node.entries; i++) {
		gap_token token;

		if (node.kind == GAP_KIND_STRUCT || node.kind == GAP_KIND_UNION) {
			token = resolving->graph->members.items[node.first + i].type;
			token = rewritten(resolving, token);
			resolving->graph->members.items[node.first + i].type = token;
		} else if (node.kind == GAP_KIND_FUNCTION) {
			token = resolving->graph->parameters.items[node.first + i].type;
			token = rewritten(resolving, token);
			resolving->graph->parameters.items[node.first + i].type = token;
		}
	}
}

/* Children have smaller rows than their parents, so one pass upwards sees only settled ones. */
static bool collapse_once(struct resolving *resolving)
{
	if (!gap_graph_restart(resolving->graph))
		return false;
	for (uint32_t row = 0; row < resolving->graph->nodes.count; row++) {
		gap_token entered;

		if (resolving->canonical[row] != row)
			continue;
		rewrite_node(resolving, row, rewrite_collapsed);
		entered = gap_graph_enter(resolving->graph, row);
		if (entered == GAP_NONE)
			return false;
		resolving->canonical[row] = entered;
	}
	return true;
}

static bool collapse(struct resolving *resolving)
{
	for (uint32_t row = 0; row < resolving->count; row++)
		resolving->canonical[row] = row;
	for (bool first = true; count_bodies(resolving, first); first = false)
		if (!collapse_once(resolving))
			return false;
	/* Chains of "stands for" end at a node that stands for itself. */
	for (uint32_t row = 0; row < resolving->count; row++)
		resolving->canonical[row] = resolving->canonical[resolving->canonical[row]];
	return true;
}

/* ---- 2. bind ---- */

static bool is_conflicting(const struct resolving *resolving, gap_token token)
{
	return gap_token_is_nominal(token) &&
	       resolving->graph->nominals.items[gap_token_row(token)].bodies > 1;
}

static bool token_reaches(const struct resolving *resolving, gap_token token)
{
	if (is_conflicting(resolving, token))
		return true;
	return gap_token_is_node(token) && token < resolving->count && resolving->reaches[token] &&
	       !is_named_tag(node_at(resolving, token));
}

static gap_token child_at(const struct resolving *resolving, const struct gap_node *node,
			  uint32_t index)
{
	if (node->kind == GAP_KIND_FUNCTION)
		return resolving->graph->parameters.items[node->first + index].type;
	return resolving->graph->members.items[node->first + index].type;
}

static bool has_children(const struct gap_node *node)
{
	return node->kind == GAP_KIND_FUNCTION || node->kind == GAP_KIND_STRUCT ||
	       node->kind == GAP_KIND_UNION;
}

static void find_reaches(struct resolving *resolving)
{
	for (uint32_t row = 0; row < resolving->graph->nodes.count; row++) {
		const struct gap_node *node = node_at(resolving, row);
		bool reaches = token_reaches(resolving, node->ref);

		for (uint32_t i = 0; has_children(node) && i < node->entries; i++)
			reaches |= token_reaches(resolving, child_at(resolving, node, i));
		resolving->reaches[row] = reaches;
	}
}

/* The conflicting names that a root reaches, as bindings still open. */
static void collect_names(struct resolving *resolving, uint32_t root, gap_token token)
{
	const struct gap_node *node;
	struct binding *row;

	if (is_conflicting(resolving, token)) {
		row = bindings_push(&resolving->bindings);
		if (row)
			*row = (struct binding){root, gap_token_row(token), UNBOUND};
		else
			resolving->out_of_memory = true;
		return;
	}
	if (!token_reaches(resolving, token) || resolving->mark[token] == resolving->epoch)
		return;
	resolving->mark[token] = resolving->epoch;
	node = node_at(resolving, token);
	collect_names(resolving, root, node->ref);
	for (uint32_t i = 0; has_children(node) && i < node->entries; i++)
		collect_names(resolving, root, child_at(resolving, node, i));
}

static int compare_bindings(const void *left, const void *right)
{
	const struct binding *a = left, *b = right;

	if (a->root != b->root)
		return a->root < b->root ? -1 : 1;
	return (a->nominal > b->nominal) - (a->nominal < b->nominal);
}

static void open_bindings(struct resolving *resolving)
{
	struct bindings *bindings = &resolving->bindings;
	uint32_t kept = 0;

	for (uint32_t row = 0; row < resolving->graph->nodes.count; row++) {
		const struct gap_node *node = node_at(resolving, row);

		if (!is_root_node(node) || !resolving->reaches[row] ||
		    resolving->canonical[row] != row)
			continue;
		resolving->epoch++;
		collect_names(resolving, row, node->ref);
		for (uint32_t i = 0; has_children(node) && i < node->entries; i++)
			collect_names(resolving, row, child_at(resolving, node, i));
	}
	if (bindings->count)
		qsort(bindings->items, bindings->count, sizeof(*bindings->items), compare_bindings);
	for (uint32_t i = 0; i < bindings->count; i++)
		if (kept == 0 || compare_bindings(&bindings->items[kept - 1], &bindings->items[i]))
			bindings->items[kept++] = bindings->items[i];
	bindings->count = kept;
}

/* The bindings of one root. */
static struct binding *bindings_of(struct resolving *resolving, uint32_t root, uint32_t *count)
{
	struct bindings *bindings = &resolving->bindings;
	uint32_t low = 0, high = bindings->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (bindings->items[middle].root < root)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < bindings->count && bindings->items[low + *count].root == root)
		++*count;
	return *count ? bindings->items + low : NULL;
}

static uint32_t unit_end(const struct gap_merger *merger, uint32_t unit)
{
	return unit + 1 < merger->starts.count ? merger->starts.items[unit + 1]
					       : merger->occurrences.count;
}

/* The conflicting names that one unit defines, as bindings of root 0. */
static void scope_of_unit(struct resolving *resolving, uint32_t unit, struct bindings *scope)
{
	struct gap_merger *merger = resolving->merger;

	scope->count = 0;
	for (uint32_t i = merger->starts.items[unit]; i < unit_end(merger, unit); i++) {
		gap_token token = merger->occurrences.items[i];
		const struct gap_node *node;
		struct binding *row;

		if (!gap_token_is_node(token))
			continue;
		token = resolving->canonical[token];
		node = node_at(resolving, token);
		if (node->nominal == GAP_NONE ||
		    !is_conflicting(resolving, node->nominal | GAP_TOKEN_NOMINAL))
			continue;
		row = bindings_push(scope);
		if (row)
			*row = (struct binding){0, node->nominal, token};
		else
			resolving->out_of_memory = true;
	}
}

/* The body that a name has in a scope; MANY when it has several there. */
static uint32_t body_in(const struct binding *scope, uint32_t count, uint32_t nominal)
{
	uint32_t body = UNBOUND;

	for (uint32_t i = 0; i < count; i++) {
		if (scope[i].nominal != nominal || scope[i].body == UNBOUND)
			continue;
		if (body != UNBOUND && body != scope[i].body)
			return MANY;
		body = scope[i].body;
	}
	return body;
}

static void bind_in_unit(struct resolving *resolving, uint32_t root, const struct bindings *scope)
{
	uint32_t count;
	struct binding *bindings = bindings_of(resolving, root, &count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t body = body_in(scope->items, scope->count, bindings[i].nominal);

		if (body == UNBOUND || bindings[i].body == body)
			continue;
		bindings[i].body = bindings[i].body == UNBOUND ? body : MANY;
	}
}

static void bind_roots(struct resolving *resolving, struct bindings *scope)
{
	struct gap_merger *merger = resolving->merger;

	for (uint32_t unit = 0; unit < merger->starts.count; unit++) {
		scope_of_unit(resolving, unit, scope);
		for (uint32_t i = merger->starts.items[unit]; i < unit_end(merger, unit); i++) {
			gap_token token = merger->occurrences.items[i];

			if (!gap_token_is_node(token))
				continue;
			token = resolving->canonical[token];
			node_at(resolving, token)->units++;
			if (scope->count && resolving->reaches[token])
				bind_in_unit(resolving, token, scope);
		}
	}
}

static gap_token rewrite_bound(struct resolving *resolving, gap_token token);

/* A copy of a node between root and name, with the names bound. Equal copies are one, here and
 * across roots. */
static gap_token clone_node(struct resolving *resolving, gap_token token)
{
	struct gap_node node = *node_at(resolving, token);
	size_t each = node.kind == GAP_KIND_FUNCTION ? sizeof(struct gap_build_parameter)
						     : sizeof(struct gap_build_member);
	void *copy = calloc((size_t)node.entries + 1, each);
	struct gap_entries entries = {.members = copy, .parameters = copy};
	gap_token made;

	if (!copy) {
		resolving->out_of_memory = true;
		return token;
	}
	node.ref = rewrite_bound(resolving, node.ref);
	for (uint32_t i = 0; has_children(&node) && i < node.entries; i++) {
		gap_token bound = rewrite_bound(resolving, child_at(resolving, &node, i));

		if (node.kind == GAP_KIND_FUNCTION) {
			struct gap_build_parameter *row = (struct gap_build_parameter *)copy + i;

			*row = resolving->graph->parameters.items[node.first + i];
			row->type = bound;
		} else {
			struct gap_build_member *row = (struct gap_build_member *)copy + i;

			*row = resolving->graph->members.items[node.first + i];
			row->type = bound;
		}
	}
	made = gap_graph_intern(resolving->graph, &node, &entries);
	free(copy);
	if (made == GAP_NONE)
		resolving->out_of_memory = true;
	return made == GAP_NONE ? token : made;
}

/* Nodes made by cloning lie beyond the arrays that are indexed by node, and reach nothing any more.
 */
static gap_token rewrite_bound(struct resolving *resolving, gap_token token)
{
	uint32_t body;

	if (is_conflicting(resolving, token)) {
		body = body_in(resolving->scope, resolving->scope_count, gap_token_row(token));
		return body == UNBOUND || body == MANY ? token : body;
	}
	if (!token_reaches(resolving, token))
		return token;
	if (resolving->mark[token] != resolving->epoch) {
		gap_token made = clone_node(resolving, token);

		resolving->mark[token] = resolving->epoch;
		resolving->clone_of[token] = made;
	}
	return resolving->clone_of[token];
}

static void rewrite_roots(struct resolving *resolving)
{
	for (uint32_t row = 0; row < resolving->count; row++) {
		if (!is_root_node(node_at(resolving, row)) || !resolving->reaches[row] ||
		    resolving->canonical[row] != row)
			continue;
		resolving->scope = bindings_of(resolving, row, &resolving->scope_count);
		resolving->epoch++;
		/* Others hold a definition by its row, a typedef by what it says. */
		if (is_named_tag(node_at(resolving, row)))
			rewrite_node(resolving, row, rewrite_bound);
		else
			resolving->bound[row] = clone_node(resolving, row);
	}
}

static void bind_symbols(struct resolving *resolving, struct bindings *scope)
{
	struct gap_merged_symbols *symbols = &resolving->merger->symbols;
	uint32_t unit = GAP_NONE;

	for (uint32_t i = 0; i < symbols->count; i++) {
		struct gap_merged_symbol *symbol = &symbols->items[i];

		symbol->type = collapsed(resolving, symbol->type);
		if (!token_reaches(resolving, symbol->type))
			continue;
		if (symbol->unit != unit) {
			unit = symbol->unit;
			scope_of_unit(resolving, unit, scope);
			resolving->epoch++;
		}
		resolving->scope = scope->items;
		resolving->scope_count = scope->count;
		symbol->type = rewrite_bound(resolving, symbol->type);
	}
}

static void bind(struct resolving *resolving)
{
	struct bindings scope = {0};

	find_reaches(resolving);
	open_bindings(resolving);
	bind_roots(resolving, &scope);
	bind_symbols(resolving, &scope);
	rewrite_roots(resolving);
	free(scope.items);
}

/* ---- 3. emit ---- */

static gap_type_id type_of_name(struct resolving *resolving, gap_token token)
{
	const struct gap_nominal *nominal = &resolving->graph->nominals.items[gap_token_row(token)];
	gap_type_id *type = &resolving->type_of_nominal[gap_token_row(token)];
	struct gap_build_type row = {
		.kind = (enum gap_kind)nominal->kind,
		.name = nominal->name,
		.flags = GAP_TYPE_INCOMPLETE,
	};

	if (*type)
		return *type;
	if (nominal->bodies > 1) {
		row.flags |= GAP_TYPE_AMBIGUOUS;
		resolving->report->unresolved++;
	}
	*type = gap_builder_type_add(resolving->merger->builder, &row);
	return *type;
}

/* The builder's type for a token; what is met for the first time is queued to be filled. */
static gap_type_id type_of(struct resolving *resolving, gap_token token)
{
	gap_type_id *type;
	uint32_t *row;

	if (token == GAP_TOKEN_VOID)
		return 0;
	if (gap_token_is_nominal(token)) {
		const struct gap_nominal *nominal =
			&resolving->graph->nominals.items[gap_token_row(token)];

		if (nominal->bodies != 1)
			return type_of_name(resolving, token);
		token = nominal->body;
	}
	type = &resolving->type_of_node[token];
	if (*type)
		return *type;
	*type = gap_builder_type_reserve(resolving->merger->builder, 1);
	row = gap_rows_push(&resolving->queue);
	if (row)
		*row = token;
	else
		resolving->out_of_memory = true;
	return *type;
}

/* Tokens become types in place: each node is filled once. */
static void fill_type(struct resolving *resolving, uint32_t row)
{
	struct gap_node node = *node_at(resolving, row);
	struct gap_entries entries;
	struct gap_build_type type = {
		.kind = (enum gap_kind)node.kind,
		.flags = node.flags,
		.name = node.name,
		.align_bytes = node.align_bytes,
		.size_bytes = node.size_bytes,
		.ref = type_of(resolving, node.ref),
		.count = node.kind == GAP_KIND_ARRAY ? node.count : node.entries,
		.file = node.name ? node.file : 0,
		.line = node.line,
		.units = node.units,
	};

	for (uint32_t i = 0; has_children(&node) && i < node.entries; i++) {
		gap_type_id child = type_of(resolving, child_at(resolving, &node, i));

		if (node.kind == GAP_KIND_FUNCTION)
			resolving->graph->parameters.items[node.first + i].type = child;
		else
			resolving->graph->members.items[node.first + i].type = child;
	}
	entries = gap_graph_entries(resolving->graph, &node);
	type.members = entries.members;
	type.enumerators = entries.enumerators;
	type.parameters = entries.parameters;
	gap_builder_type_set(resolving->merger->builder, resolving->type_of_node[row], &type);
}

static bool is_kept(const struct gap_node *node)
{
	return is_root_node(node) || (node->kind == GAP_KIND_ENUM && node->entries) ||
	       ((node->kind == GAP_KIND_INT || node->kind == GAP_KIND_FLOAT) && node->name);
}

static void emit_symbol(struct resolving *resolving, const struct gap_merged_symbol *symbol)
{
	struct gap_builder *builder = resolving->merger->builder;
	gap_type_id type = type_of(resolving, symbol->type);

	if (symbol->module)
		gap_builder_module_symbol_type(builder, symbol->module, symbol->name,
					       symbol->address, type);
	else if (symbol->address == GAP_UNIT_ADDRESS_UNKNOWN)
		gap_builder_symbol_type_by_name(builder, symbol->name, type);
	else
		gap_builder_symbol_type(builder, symbol->name, symbol->address, type);
}

static bool emit(struct resolving *resolving)
{
	struct gap_graph *graph = resolving->graph;
	struct gap_merged_symbols *symbols = &resolving->merger->symbols;

	resolving->type_of_node = calloc((size_t)graph->nodes.count + 1, sizeof(gap_type_id));
	resolving->type_of_nominal = calloc((size_t)graph->nominals.count + 1, sizeof(gap_type_id));
	if (!resolving->type_of_node || !resolving->type_of_nominal)
		return false;
	for (uint32_t row = 0; row < resolving->count; row++)
		if (resolving->canonical[row] == row && node_at(resolving, row)->units &&
		    is_kept(node_at(resolving, row)))
			type_of(resolving, resolving->bound[row]);
	for (uint32_t i = 0; i < symbols->count; i++)
		emit_symbol(resolving, &symbols->items[i]);
	for (uint32_t i = 0; i < resolving->queue.count && !resolving->out_of_memory; i++)
		fill_type(resolving, resolving->queue.items[i]);
	return !resolving->out_of_memory;
}

static void count_conflicts(const struct gap_graph *graph, struct gap_merge_report *report)
{
	for (uint32_t i = 0; i < graph->nominals.count; i++)
		report->conflicting_names += graph->nominals.items[i].bodies > 1;
}

static bool allocate(struct resolving *resolving)
{
	size_t count = (size_t)resolving->count + 1;

	resolving->mark = calloc(count, sizeof(*resolving->mark));
	resolving->clone_of = calloc(count, sizeof(*resolving->clone_of));
	resolving->canonical = calloc(count, sizeof(*resolving->canonical));
	resolving->reaches = calloc(count, sizeof(*resolving->reaches));
	resolving->bound = calloc(count, sizeof(*resolving->bound));
	for (uint32_t row = 0; resolving->bound && row < resolving->count; row++)
		resolving->bound[row] = row;
	return resolving->mark && resolving->clone_of && resolving->canonical &&
	       resolving->reaches && resolving->bound;
}

static bool resolve(struct resolving *resolving)
{
	if (!allocate(resolving) || !find_nominals(resolving) || !collapse(resolving))
		return false;
	count_conflicts(resolving->graph, resolving->report);
	bind(resolving);
	return !resolving->out_of_memory && emit(resolving);
}

enum gap_status gap_merger_finish(struct gap_merger *merger, struct gap_merge_report *report,
				  struct gap_error *error)
{
	struct gap_merge_report unused;
	struct resolving resolving = {
		.merger = merger,
		.graph = &merger->graph,
		.count = merger->graph.nodes.count,
		.report = report ? report : &unused,
		.error = error,
	};
	bool good;

	if (merger->status)
		return gap_fail(error, merger->status, "merging types failed before");
	*resolving.report = (struct gap_merge_report){0};
	good = resolve(&resolving);
	free(resolving.canonical);
	free(resolving.reaches);
	free(resolving.bound);
	free(resolving.bindings.items);
	free(resolving.mark);
	free(resolving.clone_of);
	free(resolving.type_of_node);
	free(resolving.type_of_nominal);
	free(resolving.queue.items);
	merger->status = GAP_INVALID; /* nothing may be added any more */
	return good ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory while merging types");
}
