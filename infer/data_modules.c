/* SPDX-License-Identifier: MIT */
/*
 * Modules: a list whose head is in the image and whose elements are where modules are loaded, each
 * with a name and with a pointer to its own start. What state a module is in cannot be told from
 * modules that are all alike.
 */
#include "infer/data_solver.h"

#define NODE 512u /* where in a copy the link of the list is; the start is before */
#define NAME_BYTES 56u
#define NEAR_IMAGE (UINT64_C(1) << 32) /* branches reach from modules to the kernel */
#define PAGE 4096u
#define PART_BYTES_MAX (1u << 30)
#define HEADS_MAX 256u

/* ---- the list ---- */

static bool may_be_module(const struct data_solver *solver, uint64_t at)
{
	const struct infer_kernel *kernel = solver->kernel;

	if (!data_is_kernel(solver, at) || data_in_image(solver, at) || at % solver->word)
		return false;
	if (solver->word == 4)
		return at - kernel->direct_map.start >=
		       kernel->direct_map.end - kernel->direct_map.start;
	return at - kernel->image.start < NEAR_IMAGE || kernel->image.start - at < NEAR_IMAGE;
}

static bool take_list(struct data_solver *solver, uint64_t head)
{
	struct data_list list;
	bool good;

	data_set_deinit(&solver->modules);
	data_list_walk(solver, head, solver->modules.max, &list);
	good = list.closed && list.count >= 2;
	for (uint32_t i = 0; i < list.count && good; i++)
		good = may_be_module(solver, list.at[i]) &&
		       data_set_add(solver, &solver->modules, list.at[i] - NODE, 0) != DATA_UNKNOWN;
	data_list_deinit(&list);
	return good;
}

/* ---- what a module is ---- */

static uint64_t node_of(const struct data_solver *solver, uint32_t index)
{
	return solver->modules.at[index] + NODE;
}

/* How far before its link each module begins, as pointers in it to its own start tell; heads of
 * empty lists point to themselves. */
static bool find_start(const struct data_solver *solver, uint32_t *before)
{
	const struct data_set *modules = &solver->modules;
	uint32_t found = 0;

	for (uint32_t offset = 0; offset < modules->size_bytes; offset += solver->word) {
		uint64_t far = node_of(solver, 0) - data_word(solver, modules, 0, offset);
		uint32_t good = 0;

		if (far >= NODE || NODE - far == offset || NODE - far + solver->word == offset)
			continue;
		for (uint32_t i = 0; i < modules->count; i++)
			good += node_of(solver, i) - data_word(solver, modules, i, offset) == far;
		if (good < modules->count || (found && *before == far))
			continue;
		*before = (uint32_t)far;
		found++;
	}
	return found == 1;
}

/* The name of a module, and nothing but zero bytes behind it. */
static int is_module_name(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	const unsigned char *name = data_bytes(set, index) + offset;
	uint32_t length = 0;

	(void)solver;
	(void)context;
	while (length < NAME_BYTES &&
	       (name[length] == '_' || (name[length] >= '0' && name[length] <= '9') ||
		(name[length] >= 'a' && name[length] <= 'z') ||
		(name[length] >= 'A' && name[length] <= 'Z')))
		length++;
	if (length < 2 || length == NAME_BYTES)
		return -1;
	for (uint32_t i = length; i < NAME_BYTES; i++)
		if (name[i])
			return -1;
	return 1;
}

/* Names that are all long look like names further on as well: the first counts. */
static void keep_first(const struct data_solver *solver, struct data_columns *columns)
{
	for (uint32_t i = columns->count; i-- > 1 && columns->count <= DATA_COLUMNS;)
		if (columns->rows[i].offset - columns->rows[i - 1].offset == solver->word)
			data_columns_remove(columns, columns->rows[i].offset);
}

static bool are_names_distinct(const struct data_set *modules, uint32_t offset)
{
	for (uint32_t i = 0; i < modules->count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (memcmp(data_bytes(modules, i) + offset, data_bytes(modules, k) + offset,
				   NAME_BYTES) == 0)
				return false;
	return true;
}

/* Pages that are the module's own. */
static int is_own_pages(struct data_solver *solver, const struct data_set *set, uint32_t index,
			uint32_t offset, void *context)
{
	uint64_t at = data_word(solver, set, index, offset);

	(void)context;
	return at && at % PAGE == 0 && may_be_module(solver, at) ? 1 : -1;
}

/* Does a part of the module at @index begin at each of the columns, its size @behind that, and is
 * the module itself in one of them? */
static bool are_parts(const struct data_solver *solver, const struct data_columns *columns,
		      uint32_t behind, uint32_t index, uint32_t start)
{
	const struct data_set *modules = &solver->modules;
	bool inside = false;

	for (uint32_t i = 0; i < columns->count; i++) {
		uint32_t offset = columns->rows[i].offset;
		uint32_t size_bytes = data_u32(modules, index, offset + behind);

		if (size_bytes == 0 || size_bytes > PART_BYTES_MAX)
			return false;
		inside |= modules->at[index] + start - data_word(solver, modules, index, offset) <
			  size_bytes;
	}
	return inside;
}

/* Sizes are at one distance behind their base, in all parts of all modules. */
static bool have_sizes(const struct data_solver *solver, const struct data_columns *columns,
		       uint32_t behind_max, uint32_t start)
{
	for (uint32_t behind = solver->word; behind <= behind_max; behind += 4) {
		uint32_t good = 0;

		while (good < solver->modules.count &&
		       are_parts(solver, columns, behind, good, start))
			good++;
		if (good == solver->modules.count)
			return true;
	}
	return false;
}

/* A run of such pointers at one distance: the array of 6.4 (ac3b4328), or a single one before, with
 * the module itself inside and its size beside. The first is where the text is. Which it is by name,
 * the sizes tell; module_core's is elsewhere. */
static void solve_memory(struct data_solver *solver, uint32_t start)
{
	const struct data_search search = {.first = start};
	struct data_columns columns;
	struct data_column first;
	uint32_t stride;
	bool named;

	data_search(solver, &solver->modules, &search, is_own_pages, NULL, &columns);
	if (columns.count == 0 || columns.count > DATA_COLUMNS)
		return;
	stride = columns.count > 1 ? columns.rows[1].offset - columns.rows[0].offset : 0;
	for (uint32_t i = 2; i < columns.count; i++)
		if (columns.rows[i].offset - columns.rows[i - 1].offset != stride)
			return;
	named = have_sizes(solver, &columns, stride ? stride - 4 : solver->word, start);
	first = columns.rows[0];
	first.offset -= start;
	if (named)
		data_claim_named(solver, DATA_RULE_module_pages, "module",
				 stride ? "mem" : "core_layout.base", stride ? 0 : solver->word,
				 &first);
	else
		data_claim(solver, DATA_RULE_module_pages, "module", "mem", solver->word, &first,
			   0);
}

static bool solve_list(struct data_solver *solver)
{
	struct data_set *modules = &solver->modules;
	struct data_column list = {0, modules->count, 0};
	struct data_columns names;
	uint32_t before = 0;

	if (!find_start(solver, &before))
		return false;
	data_search(solver, modules,
		    &(struct data_search){.first = NODE - before, .width = NAME_BYTES},
		    is_module_name, NULL, &names);
	keep_first(solver, &names);
	if (names.count != 1 || !are_names_distinct(modules, names.rows[0].offset))
		return false;
	names.rows[0].offset -= NODE - before;
	data_claim_columns(solver, DATA_RULE_module_list, "module", "name", NAME_BYTES, &names);
	list.offset = before;
	data_claim(solver, DATA_RULE_module_list, "module", "list", 2 * solver->word, &list,
		   node_of(solver, 0));
	solve_memory(solver, NODE - before);
	return true;
}

/* ---- where the list begins ---- */

/* A link to where modules are, and one back from there. */
static bool is_head(struct data_solver *solver, uint64_t at, uint64_t value, const void *context)
{
	uint64_t last, back;

	(void)context;
	return may_be_module(solver, value) && data_read_word(solver, at + solver->word, &last) &&
	       may_be_module(solver, last) && last != value &&
	       data_read_word(solver, value + solver->word, &back) && back == at;
}

void data_solve_modules(struct data_solver *solver)
{
	uint64_t known = data_symbol(solver, "modules");
	uint64_t heads[HEADS_MAX];
	uint32_t count;

	if (known) {
		if (take_list(solver, known))
			solve_list(solver);
		return;
	}
	count = data_scan_image(solver, is_head, NULL, heads, HEADS_MAX);
	for (uint32_t i = 0; i < count && i < HEADS_MAX; i++)
		if (take_list(solver, heads[i]) && solve_list(solver)) {
			infer_claims_symbol(solver->claims, "modules", heads[i], 0);
			break;
		}
}
