/* SPDX-License-Identifier: MIT */
/*
 * Modules: a list whose head is in the image and whose elements are where modules are loaded, each
 * with a name and with a pointer to its own start. What state a module is in cannot be told from
 * modules that are all alike; which of them uses which is data_module_uses.c's.
 */
#include "infer/data_solver.h"

#define BEFORE 1024 /* bytes from its start to where the link of the list may be */
#define BEHIND 1024
#define NAME_BYTES 56u
#define NEAR_IMAGE (UINT64_C(1) << 32) /* branches reach from modules to the kernel */
#define PAGE 4096u
#define PART_BYTES_MAX (1u << 28)
#define STRIDE_MAX 256u /* bytes of what repeats */
#define NEAR_BASE 64    /* bytes from a pointer to where its size may be */
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

/* The links of a list whose elements all are where modules may be. */
static bool take_list(struct data_solver *solver, uint64_t head, struct data_list *list)
{
	bool good;

	data_list_walk(solver, head, solver->modules.max, list);
	good = list->closed && list->count >= 2;
	for (uint32_t i = 0; i < list->count && good; i++)
		good = may_be_module(solver, list->at[i]);
	if (!good)
		data_list_deinit(list);
	return good;
}

/* ---- what a module is ---- */

/* How far before the link at @link what is stored @distance behind it leads. */
static bool read_far(struct data_solver *solver, uint64_t link, int32_t distance, uint64_t *far)
{
	uint64_t value;

	if (!data_read_word(solver, link + (uint64_t)(int64_t)distance, &value))
		return false;
	*far = link - value;
	return true;
}

/* Does the same place in every module lead as far before its link? */
static bool is_constant(struct data_solver *solver, const struct data_list *list, int32_t distance,
			uint64_t far)
{
	for (uint32_t i = 1; i < list->count; i++) {
		uint64_t other;

		if (!read_far(solver, list->at[i], distance, &other) || other != far)
			return false;
	}
	return true;
}

/* How far before its link each module begins, as pointers in it to its own start tell; heads of
 * empty lists point to themselves. */
static bool find_start(struct data_solver *solver, const struct data_list *list, uint32_t *before)
{
	int32_t word = (int32_t)solver->word;
	uint32_t found = 0;

	for (int32_t distance = -BEFORE; distance < BEHIND; distance += word) {
		uint64_t far, own = (uint64_t)(int64_t)-distance;

		if (!read_far(solver, list->at[0], distance, &far) || far >= BEFORE || far == own ||
		    far == own + (uint64_t)word || (found && *before == far) ||
		    !is_constant(solver, list, distance, far))
			continue;
		*before = (uint32_t)far;
		found++;
	}
	return found == 1;
}

static bool copy_modules(struct data_solver *solver, const struct data_list *list, uint32_t before)
{
	data_set_deinit(&solver->modules);
	for (uint32_t i = 0; i < list->count; i++)
		if (data_set_add(solver, &solver->modules, list->at[i] - before, 0) == DATA_UNKNOWN)
			return false;
	return true;
}

static bool is_of_name(unsigned char byte)
{
	return byte == '_' || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

/* The name of a module, from its first letter, and nothing but zero bytes behind it. */
static int is_module_name(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	const unsigned char *name = data_bytes(set, index) + offset;
	uint32_t length = 0;

	(void)solver;
	(void)context;
	while (length < NAME_BYTES && is_of_name(name[length]))
		length++;
	if (length < 2 || length == NAME_BYTES || (offset && is_of_name(name[-1])))
		return -1;
	for (uint32_t i = length; i < NAME_BYTES; i++)
		if (name[i])
			return -1;
	return 1;
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

/* Memory that a module was given. */
struct part {
	uint64_t base;
	uint32_t size_bytes;
};

/* Can all of it be read, and is no other module in it? */
static bool is_one_area(struct data_solver *solver, uint32_t index, const struct part *part)
{
	const struct data_set *modules = &solver->modules;
	unsigned char byte;

	if (part->size_bytes == 0 || part->size_bytes > PART_BYTES_MAX)
		return false;
	for (uint32_t i = 0; i < modules->count; i++)
		if (i != index && modules->at[i] - part->base < part->size_bytes)
			return false;
	for (uint32_t at = 0; at < part->size_bytes; at += PAGE)
		if (!data_read(solver, part->base + at, &byte, 1))
			return false;
	return true;
}

static bool overlap(const struct part *one, const struct part *two)
{
	return one->base - two->base < two->size_bytes || two->base - one->base < one->size_bytes;
}

/* Members that repeat: pointers to parts, with the parts' sizes at one distance from them. */
struct run {
	uint32_t first, stride, count; /* stride 0: one pointer */
	int32_t behind;
};

/* Does the module at @index have parts that do not overlap, in one of which it lies itself? */
static bool are_parts(struct data_solver *solver, const struct run *run, uint32_t index)
{
	const struct data_set *modules = &solver->modules;
	struct part parts[DATA_COLUMNS];
	bool inside = false;

	for (uint32_t i = 0; i < run->count; i++) {
		uint32_t offset = run->first + i * run->stride;

		parts[i].base = data_word(solver, modules, index, offset);
		parts[i].size_bytes =
			data_u32(modules, index, (uint32_t)((int32_t)offset + run->behind));
		if (!is_one_area(solver, index, &parts[i]))
			return false;
		inside |= modules->at[index] - parts[i].base < parts[i].size_bytes;
		for (uint32_t k = 0; k < i; k++)
			if (overlap(&parts[k], &parts[i]))
				return false;
	}
	return inside;
}

static bool have_parts(struct data_solver *solver, const struct run *run)
{
	for (uint32_t i = 0; i < solver->modules.count; i++)
		if (!are_parts(solver, run, i))
			return false;
	return true;
}

/* How many places there are for the sizes of @run, the last of which is then in it: behind the pointer in an
 * element of an array, else to either side of it. */
static unsigned count_sizes(struct data_solver *solver, struct run *run)
{
	int32_t end = run->stride ? (int32_t)run->stride - 4 : NEAR_BASE, found = 0;
	int32_t first = run->stride ? 0 : -NEAR_BASE;
	unsigned count = 0;

	if (first < -(int32_t)run->first)
		first = -(int32_t)run->first;
	for (int32_t behind = first; behind <= end; behind += 4) {
		if (behind > -4 && behind < (int32_t)solver->word)
			continue; /* the pointer itself */
		run->behind = behind;
		if (!have_parts(solver, run))
			continue;
		found = behind;
		count++;
	}
	run->behind = found;
	return count;
}

static bool is_column(const struct data_columns *columns, uint32_t offset)
{
	for (uint32_t i = 0; i < columns->count; i++)
		if (columns->rows[i].offset == offset)
			return true;
	return false;
}

/* All that go on at the distance of the columns @one and @two, when no other goes before. */
static bool take_run(const struct data_columns *columns, uint32_t one, uint32_t two,
		     struct run *run)
{
	*run = (struct run){.first = columns->rows[one].offset, .count = 2};
	run->stride = columns->rows[two].offset - run->first;
	if (run->stride > STRIDE_MAX)
		return false;
	if (run->first >= run->stride && is_column(columns, run->first - run->stride))
		return false;
	while (is_column(columns, run->first + run->count * run->stride))
		run->count++;
	return true;
}

/* The array of 6.4 (ac3b4328): the longest run of parts. */
static unsigned find_array(struct data_solver *solver, const struct data_columns *columns,
			   struct run *array)
{
	unsigned found = 0;

	array->count = 0;
	for (uint32_t i = 0; i < columns->count; i++)
		for (uint32_t k = i + 1; k < columns->count; k++) {
			struct run run;
			unsigned sizes;

			if (!take_run(columns, i, k, &run) || run.count < array->count)
				continue;
			sizes = count_sizes(solver, &run);
			if (!sizes)
				continue;
			found = run.count == array->count ? found + sizes : sizes;
			*array = run;
		}
	return found;
}

/* The only pointer to what a module lies in, its size beside: how many such pairs there are. */
static unsigned find_layout(struct data_solver *solver, const struct data_columns *columns,
			    struct run *layout)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < columns->count; i++) {
		struct run run = {.first = columns->rows[i].offset, .count = 1};
		unsigned sizes = count_sizes(solver, &run);

		if (sizes)
			*layout = run;
		found += sizes;
	}
	return found;
}

/* A pointer to the module itself, in all of them. */
static int is_self(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	(void)context;
	return data_word(solver, set, index, offset) == set->at[index] ? 1 : -1;
}

/*
 * Each element of the array leads to its module, empty or not, where addresses are looked up by a tree. Are there
 * such pointers at one distance, three or more, that begin before @first? @stride 0: whatever their distance.
 */
static bool is_array_before(struct data_solver *solver, uint32_t first, uint32_t stride)
{
	struct data_columns selves;

	data_search(solver, &solver->modules, &(struct data_search){0}, is_self, NULL, &selves);
	if (selves.count > DATA_COLUMNS)
		return true; /* nobody knows */
	for (uint32_t i = 0; i < selves.count; i++)
		for (uint32_t k = i + 1; k < selves.count; k++) {
			uint32_t at = selves.rows[i].offset;
			uint32_t distance = selves.rows[k].offset - at;

			if (at < first && distance <= STRIDE_MAX &&
			    (!stride || distance == stride) &&
			    is_column(&selves, at + 2 * distance))
				return true;
		}
	return false;
}

/* Where code says that a module's memory is, if it does. */
static bool does_code_agree(const struct data_solver *solver, uint32_t offset)
{
	uint32_t told = data_told_by_code(solver, "module", "mem");

	return told == DATA_UNKNOWN || told == offset;
}

/* Elements begin with their base: that of the text is the first. */
static void claim_array(struct data_solver *solver, const struct run *array)
{
	struct data_column column = {array->first, solver->modules.count, 0};

	if (is_array_before(solver, array->first, array->stride) ||
	    !does_code_agree(solver, array->first))
		return;
	data_claim_named(solver, DATA_RULE_module_pages, "module", "mem", 0, &column);
	infer_claims_size(solver->claims, "module_memory", array->stride);
	column.offset = 0;
	data_claim(solver, DATA_RULE_module_sizes, "module_memory", "base", solver->word, &column,
		   solver->modules.at[0]);
	column.offset = (uint32_t)array->behind;
	data_claim(solver, DATA_RULE_module_sizes, "module_memory", "size", 4, &column,
		   solver->modules.at[0]);
}

/* A structure of base and size; module_core's size was elsewhere. */
static void claim_layout(struct data_solver *solver, const struct run *layout)
{
	struct data_column column = {layout->first, solver->modules.count, 0};

	data_claim_named(solver, DATA_RULE_module_pages, "module", "core_layout.base", solver->word,
			 &column);
	column.offset += (uint32_t)layout->behind;
	data_claim_named(solver, DATA_RULE_module_sizes, "module", "core_layout.size", 4, &column);
}

/* Which member it is by name, the sizes tell. */
static void solve_memory(struct data_solver *solver)
{
	struct data_columns columns;
	struct run run = {0};
	unsigned found;

	data_search(solver, &solver->modules, &(struct data_search){0}, is_own_pages, NULL,
		    &columns);
	if (columns.count == 0 || columns.count > DATA_COLUMNS)
		return;
	found = find_array(solver, &columns, &run);
	if (found == 1)
		claim_array(solver, &run);
	if (found)
		return;
	run.first = columns.rows[0].offset;
	found = find_layout(solver, &columns, &run);
	if (is_array_before(solver, UINT32_MAX, 0) || !does_code_agree(solver, run.first))
		return;
	if (found == 1 && run.behind == (int32_t)solver->word)
		claim_layout(solver, &run);
	else if (columns.count == 1)
		data_claim(solver, DATA_RULE_module_pages, "module", "mem", solver->word,
			   &columns.rows[0], 0);
}

static bool solve_list(struct data_solver *solver, const struct data_list *found)
{
	struct data_set *modules = &solver->modules;
	struct data_column list = {0, found->count, 0};
	struct data_columns names;
	uint32_t before = 0;

	if (!find_start(solver, found, &before) || !copy_modules(solver, found, before))
		return false;
	data_search(solver, modules, &(struct data_search){.step = 1, .width = NAME_BYTES},
		    is_module_name, NULL, &names);
	if (names.count != 1 || !are_names_distinct(modules, names.rows[0].offset))
		return false;
	data_claim_columns(solver, DATA_RULE_module_list, "module", "name", NAME_BYTES, &names);
	list.offset = before;
	data_claim(solver, DATA_RULE_module_list, "module", "list", 2 * solver->word, &list,
		   modules->at[0] + before);
	solve_memory(solver);
	data_solve_module_uses(solver);
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

static bool try_head(struct data_solver *solver, uint64_t head)
{
	struct data_list list;
	bool good;

	if (!take_list(solver, head, &list))
		return false;
	good = solve_list(solver, &list);
	data_list_deinit(&list);
	return good;
}

void data_solve_modules(struct data_solver *solver)
{
	uint64_t heads[HEADS_MAX], known;
	uint32_t count;

	if (data_symbol(solver, "modules", &known)) {
		try_head(solver, known);
		return;
	}
	count = data_scan_image(solver, is_head, NULL, heads, HEADS_MAX);
	for (uint32_t i = 0; i < count && i < HEADS_MAX; i++)
		if (try_head(solver, heads[i])) {
			infer_claims_symbol(solver->claims, "modules", heads[i], 0);
			break;
		}
}
