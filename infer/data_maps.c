/* SPDX-License-Identifier: MIT */
/*
 * What the mappings of all address spaces have in common, and what the user addresses in an
 * mm_struct mean: they lie in mappings of a kind, and what the program was given on its stack tells
 * which is which.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#include "runtime/include/semgap/space.h"

#define VM_READ 1u
#define VM_WRITE 2u
#define VM_EXEC 4u
#define VM_GROWSDOWN 0x100u
#define USER_COLUMNS 64
#define AT_PAGESZ 6u
#define AT_ENTRY 9u
#define ENVIRONMENT_MAX 256u

static uint64_t page_bytes(const struct data_solver *solver)
{
	struct gap_guest_info info;

	gap_guest_info(solver->kernel->guest, &info);
	return info.page_bytes ? info.page_bytes : 4096;
}

/* ---- mappings ---- */

static int is_page(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	uint64_t value = data_word(solver, set, index, offset);

	(void)context;
	return value % 4096 == 0 && data_is_user(solver, value) ? 1 : -1;
}

struct span {
	uint64_t mm, start, end;
};

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->mm != y->mm)
		return x->mm < y->mm ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* Are the mappings disjoint when these are their starts and ends? Tells how many are not. */
static uint32_t count_overlaps(struct data_solver *solver, uint32_t start, uint32_t end)
{
	const struct data_set *vmas = &solver->vmas;
	struct span *spans = calloc(vmas->count + 1, sizeof(*spans));
	uint32_t bad = 0;

	if (!spans) {
		solver->no_memory = true;
		return vmas->count;
	}
	for (uint32_t i = 0; i < vmas->count; i++)
		spans[i] = (struct span){vmas->owner[i], data_word(solver, vmas, i, start),
					 data_word(solver, vmas, i, end)};
	qsort(spans, vmas->count, sizeof(*spans), compare_spans);
	for (uint32_t i = 0; i < vmas->count; i++)
		bad += spans[i].start >= spans[i].end || (i > 0 && spans[i].mm == spans[i - 1].mm &&
							  spans[i].start < spans[i - 1].end);
	free(spans);
	return bad;
}

static void solve_bounds(struct data_solver *solver)
{
	struct data_columns pages, starts = {0}, ends = {0};

	data_search(solver, &solver->vmas, &(struct data_search){0}, is_page, NULL, &pages);
	if (pages.count > DATA_COLUMNS)
		return;
	for (uint32_t a = 0; a < pages.count; a++)
		for (uint32_t b = 0; b < pages.count; b++) {
			uint32_t bad = a == b ? solver->vmas.count
					      : count_overlaps(solver, pages.rows[a].offset,
							       pages.rows[b].offset);

			if (bad * 50 > solver->vmas.count)
				continue;
			data_columns_push(&starts, &pages.rows[a]);
			data_columns_push(&ends, &pages.rows[b]);
		}
	solver->at.vma_start = data_claim_columns(solver, DATA_RULE_vma_bounds, "vm_area_struct",
						  "vm_start", solver->word, &starts);
	solver->at.vma_end = data_claim_columns(solver, DATA_RULE_vma_bounds, "vm_area_struct",
						"vm_end", solver->word, &ends);
}

/* VM_READ, WRITE, EXEC and SHARED, each with its VM_MAY… four bits above, since 2.4. */
static int is_vm_flags(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	uint64_t flags = data_word(solver, set, index, offset);

	(void)context;
	if (flags >> 48 || !(flags >> 4 & 7))
		return -1;
	return ((flags & 7) & ~(flags >> 4 & 7)) == 0 ? 1 : -1;
}

/* Rights of several kinds, and one mapping of each space that grows down. */
static bool are_rights(struct data_solver *solver, uint32_t offset)
{
	uint32_t kinds = 0, stacks = 0;

	for (uint32_t i = 0; i < solver->vmas.count; i++) {
		uint64_t flags = data_word(solver, &solver->vmas, i, offset);

		kinds |= 1u << (flags & 7);
		stacks += (flags & VM_GROWSDOWN) != 0;
	}
	return __builtin_popcount(kinds) >= 3 && stacks * 10 >= solver->mms.count * 9 &&
	       stacks * 10 <= solver->mms.count * 11;
}

static void solve_vm_flags(struct data_solver *solver)
{
	struct data_columns columns;

	data_search(solver, &solver->vmas, &(struct data_search){0}, is_vm_flags, NULL, &columns);
	if (columns.count > DATA_COLUMNS)
		return;
	for (uint32_t i = columns.count; i-- > 0;)
		if (!are_rights(solver, columns.rows[i].offset))
			data_columns_remove(&columns, columns.rows[i].offset);
	solver->at.vma_flags = data_claim_columns(solver, DATA_RULE_vm_flags, "vm_area_struct",
						  "vm_flags", solver->word, &columns);
}

/* Bits of page tables are a function of rights: the commonest value of each kind of right. */
struct rights {
	uint64_t value[16];
	bool known[16];
};

static int is_function_of_rights(struct data_solver *solver, const struct data_set *set,
				 uint32_t index, uint32_t offset, void *context)
{
	struct rights *rights = context;
	uint32_t kind = data_word(solver, set, index, solver->at.vma_flags) & 15;
	uint64_t value = data_word(solver, set, index, offset);

	if (!rights->known[kind]) {
		rights->known[kind] = true;
		rights->value[kind] = value;
	}
	return value && rights->value[kind] == value ? 1 : -1;
}

static uint32_t count_distinct(const struct rights *rights)
{
	uint32_t distinct = 0;

	for (uint32_t i = 0; i < 16; i++) {
		bool seen = !rights->known[i];

		for (uint32_t k = 0; k < i && !seen; k++)
			seen = rights->known[k] && rights->value[k] == rights->value[i];
		distinct += !seen;
	}
	return distinct;
}

/* Programs that share nothing they write have two kinds of pages: execution alone tells them
 * apart, by one bit. */
static bool are_told_by_execution(const struct rights *rights)
{
	uint64_t value[2] = {0, 0};

	for (uint32_t kind = 0; kind < 16; kind++) {
		bool executed = kind & VM_EXEC;

		if (!rights->known[kind] || !(kind & 7))
			continue;
		if (value[executed] && value[executed] != rights->value[kind])
			return false;
		value[executed] = rights->value[kind];
	}
	return value[0] && value[1] && __builtin_popcountll(value[0] ^ value[1]) == 1;
}

static void solve_page_prot(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset < solver->vmas.end; offset += solver->word) {
		struct rights rights = {{0}, {0}};
		struct data_column column;

		if (offset != solver->at.vma_flags &&
		    data_check(solver, &solver->vmas, 0, offset, is_function_of_rights, &rights,
			       &column) &&
		    (count_distinct(&rights) >= 3 || are_told_by_execution(&rights)))
			data_columns_push(&columns, &column);
	}
	data_claim_columns(solver, DATA_RULE_page_prot, "vm_area_struct", "vm_page_prot",
			   solver->word, &columns);
}

/* ---- the program's file ---- */

static uint64_t start_of(const struct data_solver *solver, uint32_t vma)
{
	return data_word(solver, &solver->vmas, vma, solver->at.vma_start);
}

static uint64_t end_of(const struct data_solver *solver, uint32_t vma)
{
	return data_word(solver, &solver->vmas, vma, solver->at.vma_end);
}

static uint64_t flags_of(const struct data_solver *solver, uint32_t vma)
{
	return data_word(solver, &solver->vmas, vma, solver->at.vma_flags);
}

static int compare_mappings(const void *a, const void *b, void *context)
{
	const struct data_solver *solver = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (solver->vmas.owner[x] != solver->vmas.owner[y])
		return solver->vmas.owner[x] < solver->vmas.owner[y] ? -1 : 1;
	return (start_of(solver, x) > start_of(solver, y)) -
	       (start_of(solver, x) < start_of(solver, y));
}

static bool sort_mappings(struct data_solver *solver)
{
	uint32_t count = solver->vmas.count;

	solver->vma_order = calloc(count + 1, sizeof(*solver->vma_order));
	if (!solver->vma_order) {
		solver->no_memory = true;
		return false;
	}
	for (uint32_t i = 0; i < count; i++)
		solver->vma_order[i] = i;
	qsort_r(solver->vma_order, count, sizeof(*solver->vma_order), compare_mappings, solver);
	return true;
}

/* In the order of mappings, the first one that begins past @address or is of a later space. */
static uint32_t place_after(const struct data_solver *solver, uint64_t mm, uint64_t address)
{
	uint32_t low = 0, high = solver->vmas.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2, vma = solver->vma_order[middle];
		uint64_t owner = solver->vmas.owner[vma];

		if (owner < mm || (owner == mm && start_of(solver, vma) <= address))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The mapping of @mm that holds @address, or DATA_UNKNOWN. */
static uint32_t vma_around(const struct data_solver *solver, uint64_t mm, uint64_t address)
{
	uint32_t place = place_after(solver, mm, address), vma;

	if (place == 0)
		return DATA_UNKNOWN;
	vma = solver->vma_order[place - 1];
	return solver->vmas.owner[vma] == mm && address < end_of(solver, vma) ? vma : DATA_UNKNOWN;
}

/* How many mappings of address space @index hold the pointer at @offset; -1: not a pointer. */
static int count_mapped(struct data_solver *solver, uint32_t index, uint32_t exe, uint32_t file)
{
	uint64_t pointer = data_word(solver, &solver->mms, index, exe), mm = solver->mms.at[index];
	int count = 0;

	if (!data_is_kernel(solver, pointer) || pointer == mm)
		return -1;
	for (uint32_t i = place_after(solver, mm, 0); i < solver->vmas.count; i++) {
		uint32_t vma = solver->vma_order[i];

		if (solver->vmas.owner[vma] != mm)
			break;
		count += data_word(solver, &solver->vmas, vma, file) == pointer;
	}
	return count;
}

/* The program's file is mapped, by some of the mappings of each space and never by all. */
static bool is_exe_file(struct data_solver *solver, uint32_t exe, uint32_t file,
			struct data_column *column)
{
	*column = (struct data_column){exe, 0, 0};
	for (uint32_t i = 0; i < solver->mms.count; i++) {
		int count = count_mapped(solver, i, exe, file);

		if (count > 0)
			column->support++;
		else if (++column->dissent > solver->mms.count / 20)
			return false;
	}
	for (uint32_t i = 0; i < solver->vmas.count; i++)
		if (flags_of(solver, i) & VM_GROWSDOWN && data_word(solver, &solver->vmas, i, file))
			return false;
	return column->support * 10 >= solver->mms.count * 9;
}

static bool is_pointer_column(const struct data_solver *solver, const struct data_set *set,
			      uint32_t offset)
{
	for (uint32_t i = 0; i < set->count; i++) {
		uint64_t value = data_word(solver, set, i, offset);

		if (value && !data_is_kernel(solver, value))
			return false;
	}
	return true;
}

static void solve_exe_file(struct data_solver *solver)
{
	struct data_columns exes = {0}, files = {0};

	for (uint32_t file = 0; file < solver->vmas.end; file += solver->word) {
		if (file == solver->at.vma_mm || !is_pointer_column(solver, &solver->vmas, file))
			continue;
		for (uint32_t exe = 0; exe < solver->mms.end; exe += solver->word) {
			struct data_column column;

			if (!is_exe_file(solver, exe, file, &column))
				continue;
			data_columns_push(&exes, &column);
			column.offset = file;
			data_columns_push(&files, &column);
		}
	}
	solver->at.mm_exe_file = data_claim_columns(solver, DATA_RULE_exe_file, "mm_struct",
						    "exe_file", solver->word, &exes);
	solver->at.vma_file = data_claim_columns(solver, DATA_RULE_exe_file, "vm_area_struct",
						 "vm_file", solver->word, &files);
}

/* Of a file: a page number. Of nothing: the page of the address where the mapping was made. */
static int is_pgoff(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint64_t value = data_word(solver, set, index, offset);
	uint64_t page = *(const uint64_t *)context;

	if (data_word(solver, set, index, solver->at.vma_file))
		return value >> 32 ? -1 : 0;
	return value == start_of(solver, index) / page ? 1 : value > UINT64_MAX / page ? -1 : 0;
}

static void solve_pgoff(struct data_solver *solver)
{
	uint64_t page = page_bytes(solver);
	struct data_columns columns;
	uint32_t plain = 0;

	for (uint32_t i = 0; i < solver->vmas.count; i++)
		plain += !data_word(solver, &solver->vmas, i, solver->at.vma_file);
	data_search(solver, &solver->vmas, &(struct data_search){.support_min = plain / 3 + 2},
		    is_pgoff, &page, &columns);
	data_claim_columns(solver, DATA_RULE_pgoff, "vm_area_struct", "vm_pgoff", solver->word,
			   &columns);
}

/* ---- counts of mappings ---- */

struct totals {
	uint32_t *count;
	uint64_t *pages;
};

static int is_map_count(struct data_solver *solver, const struct data_set *set, uint32_t index,
			uint32_t offset, void *context)
{
	const struct totals *totals = context;

	(void)solver;
	return data_u32(set, index, offset) == totals->count[index] ? 1 : -1;
}

static int is_total_vm(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	const struct totals *totals = context;

	return data_word(solver, set, index, offset) == totals->pages[index] ? 1 : -1;
}

static void solve_totals(struct data_solver *solver)
{
	const struct data_set *mms = &solver->mms;
	struct totals totals = {calloc(mms->count + 1, sizeof(*totals.count)),
				calloc(mms->count + 1, sizeof(*totals.pages))};
	uint64_t page = page_bytes(solver);
	struct data_columns columns;

	solver->no_memory |= !totals.count || !totals.pages;
	for (uint32_t i = 0; i < solver->vmas.count && !solver->no_memory; i++) {
		uint32_t mm = data_set_find(mms, solver->vmas.owner[i]);

		if (mm == DATA_UNKNOWN)
			continue;
		totals.count[mm]++;
		totals.pages[mm] += (end_of(solver, i) - start_of(solver, i)) / page;
	}
	if (!solver->no_memory) {
		data_search(solver, mms, &(struct data_search){.step = 4, .width = 4}, is_map_count,
			    &totals, &columns);
		data_claim_columns(solver, DATA_RULE_map_count, "mm_struct", "map_count", 4,
				   &columns);
		data_search(solver, mms, &(struct data_search){0}, is_total_vm, &totals, &columns);
		data_claim_columns(solver, DATA_RULE_total_vm, "mm_struct", "total_vm",
				   solver->word, &columns);
	}
	free(totals.count);
	free(totals.pages);
}

/* ---- user addresses in mm_struct ---- */

/* What a program found on its stack when it began. */
struct start {
	uint64_t argv0, envp0, env_last_end;
};

struct addresses {
	struct gap_address_space *spaces; /* of each mm_struct */
	bool *has_space;
	struct start *starts;
	bool *has_start;
	uint32_t auxv, auxv_end; /* offsets in mm_struct */
	uint64_t page;
};

static bool read_user(struct data_solver *solver, struct addresses *addresses, uint32_t index,
		      uint64_t at, uint64_t *value)
{
	*value = 0;
	if (!addresses->has_space[index] || solver->reads++ >= solver->kernel->reads_max)
		return false;
	return gap_space_read(&addresses->spaces[index], (struct gap_vaddr){at}, value,
			      solver->word) == GAP_OK;
}

static void open_spaces(struct data_solver *solver, struct addresses *addresses)
{
	for (uint32_t i = 0; i < solver->mms.count; i++)
		addresses->has_space[i] =
			gap_guest_user_space(solver->kernel->guest,
					     (struct gap_vaddr){data_word(solver, &solver->mms, i,
									  solver->at.mm_pgd)},
					     &addresses->spaces[i], NULL) == GAP_OK;
}

/* Types that a kernel gives (AT_…: 2 to 17, 22 to 33, 51), each at most once: @seen has them. */
static bool is_auxv_type(uint64_t type, uint64_t *seen)
{
	bool given = (type >= 2 && type <= 17) || (type >= 22 && type <= 33) || type == 51;

	if (!given || *seen >> type & 1)
		return false;
	*seen |= (uint64_t)1 << type;
	return true;
}

static bool has_page_size(const struct data_solver *solver, uint32_t offset, uint64_t page)
{
	uint32_t support = 0;

	for (uint32_t i = 0; i < solver->mms.count; i++)
		support += data_word(solver, &solver->mms, i, offset) == AT_PAGESZ &&
			   data_word(solver, &solver->mms, i, offset + solver->word) == page;
	return support * 10 >= solver->mms.count * 9;
}

/* saved_auxv: pairs of a type and a value, among them the page size. Its addresses are copies. */
static void find_auxv(struct data_solver *solver, struct addresses *addresses)
{
	const struct data_set *mms = &solver->mms;
	uint32_t step = 2 * solver->word, offset = 0, at;
	uint64_t seen = 0;

	while (offset + step <= mms->end && !has_page_size(solver, offset, addresses->page))
		offset += solver->word;
	if (offset + step > mms->end)
		return;
	for (at = offset; at + step <= mms->end && data_word(solver, mms, 0, at); at += step)
		is_auxv_type(data_word(solver, mms, 0, at), &seen);
	addresses->auxv_end = at + step;
	for (at = offset; at >= step && is_auxv_type(data_word(solver, mms, 0, at - step), &seen);)
		at -= step;
	addresses->auxv = at;
}

static uint64_t auxv_value(const struct data_solver *solver, const struct addresses *addresses,
			   uint32_t index, uint64_t type)
{
	for (uint32_t at = addresses->auxv; at < addresses->auxv_end; at += 2 * solver->word)
		if (data_word(solver, &solver->mms, index, at) == type)
			return data_word(solver, &solver->mms, index, at + solver->word);
	return 0;
}

static bool in_stack(const struct data_solver *solver, uint32_t index, uint64_t address)
{
	uint32_t vma = vma_around(solver, solver->mms.at[index], address);

	return vma != DATA_UNKNOWN && flags_of(solver, vma) & VM_GROWSDOWN;
}

/* Where the last string of the environment ends; @at: its pointers. */
static uint64_t find_last_end(struct data_solver *solver, struct addresses *addresses,
			      uint32_t index, uint64_t at)
{
	uint64_t string, last = 0;
	char text[4096];

	for (uint32_t i = 0; i < ENVIRONMENT_MAX; i++) {
		if (!read_user(solver, addresses, index, at + i * solver->word, &string))
			return 0;
		if (!string)
			break;
		last = string;
	}
	if (!last || gap_space_read_string(&addresses->spaces[index], (struct gap_vaddr){last},
					   text, sizeof(text)))
		return 0;
	return last + strlen(text) + 1;
}

/* The count of arguments, pointers to them, a zero, pointers to the environment, a zero. */
static bool read_start(struct data_solver *solver, struct addresses *addresses, uint32_t index,
		       uint64_t at, struct start *start)
{
	uint64_t argc, end, word = solver->word;

	if (at % word || !read_user(solver, addresses, index, at, &argc) || argc == 0 ||
	    argc > 4096 || !read_user(solver, addresses, index, at + word, &start->argv0) ||
	    !in_stack(solver, index, start->argv0) ||
	    !read_user(solver, addresses, index, at + (argc + 1) * word, &end) || end != 0 ||
	    !read_user(solver, addresses, index, at + (argc + 2) * word, &start->envp0))
		return false;
	start->env_last_end = find_last_end(solver, addresses, index, at + (argc + 2) * word);
	return true;
}

static int is_start_stack(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	struct addresses *addresses = context;
	uint64_t value = data_word(solver, set, index, offset);
	struct start start;

	if (offset >= addresses->auxv && offset < addresses->auxv_end)
		return -1;
	if (!in_stack(solver, index, value))
		return -1;
	if (!read_start(solver, addresses, index, value, &start))
		return 0; /* written over, or never touched since */
	addresses->starts[index] = start;
	addresses->has_start[index] = true;
	return 1;
}

struct same {
	const struct addresses *addresses;
	size_t member; /* of struct start */
};

static int is_start_member(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	const struct same *same = context;
	const struct addresses *addresses = same->addresses;
	uint64_t value = data_word(solver, set, index, offset), expected;

	if (offset >= addresses->auxv && offset < addresses->auxv_end)
		return -1;
	if (!addresses->has_start[index])
		return 0;
	memcpy(&expected, (const char *)&addresses->starts[index] + same->member, sizeof(expected));
	return !expected ? 0 : value == expected ? 1 : -1;
}

/* Claims @member; of two columns of which code says that one is @other's, the one that is left. */
static void claim_one_of(struct data_solver *solver, struct data_columns columns,
			 const char *member, const char *other)
{
	if (other && columns.count == 2)
		data_columns_remove(&columns, data_told_by_code(solver, "mm_struct", other));
	data_claim_columns(solver, DATA_RULE_start_stack, "mm_struct", member, solver->word,
			   &columns);
}

static void solve_stack_member(struct data_solver *solver, const struct addresses *addresses,
			       size_t member, const char *first, const char *second)
{
	struct same same = {addresses, member};
	struct data_columns columns;

	data_search(solver, &solver->mms, &(struct data_search){0}, is_start_member, &same,
		    &columns);
	claim_one_of(solver, columns, first, second);
	if (second)
		claim_one_of(solver, columns, second, first);
}

static void solve_stack_addresses(struct data_solver *solver, struct addresses *addresses)
{
	struct data_columns columns = {0};

	data_search(solver, &solver->mms, &(struct data_search){0}, is_start_stack, addresses,
		    &columns);
	if (data_claim_columns(solver, DATA_RULE_start_stack, "mm_struct", "start_stack",
			       solver->word, &columns) == DATA_UNKNOWN)
		return;
	solve_stack_member(solver, addresses, offsetof(struct start, argv0), "arg_start", NULL);
	/* Arguments end where the environment begins. */
	solve_stack_member(solver, addresses, offsetof(struct start, envp0), "env_start",
			   "arg_end");
	solve_stack_member(solver, addresses, offsetof(struct start, env_last_end), "env_end",
			   NULL);
}

/* ---- code, data and heap ---- */

/* Which columns hold user addresses, those of the auxiliary vector left out. */
static uint32_t list_user_columns(struct data_solver *solver, const struct addresses *addresses,
				  uint32_t *offsets)
{
	uint32_t count = 0;

	for (uint32_t at = 0; at < solver->mms.end && count < USER_COLUMNS; at += solver->word) {
		uint32_t users = 0;

		for (uint32_t i = 0; i < solver->mms.count; i++) {
			uint64_t value = data_word(solver, &solver->mms, i, at);

			users += value >= 4096 && data_is_user(solver, value);
		}
		if ((at < addresses->auxv || at >= addresses->auxv_end) &&
		    users * 10 >= solver->mms.count * 9)
			offsets[count++] = at;
	}
	return count;
}

typedef int pair_test(struct data_solver *solver, const struct addresses *addresses, uint32_t index,
		      uint64_t low, uint64_t high);

/* Claims the pairs of columns for which @test holds. */
static bool solve_pair(struct data_solver *solver, const struct addresses *addresses,
		       pair_test *test, enum data_rule rule, const char *low, const char *high,
		       uint32_t found[2])
{
	uint32_t offsets[USER_COLUMNS], count = list_user_columns(solver, addresses, offsets);
	struct data_columns lows = {0}, highs = {0};

	for (uint32_t a = 0; a < count; a++)
		for (uint32_t b = 0; b < count; b++) {
			uint32_t votes[2] = {0};

			for (uint32_t i = 0; i < solver->mms.count && a != b; i++) {
				int vote = test(solver, addresses, i,
						data_word(solver, &solver->mms, i, offsets[a]),
						data_word(solver, &solver->mms, i, offsets[b]));

				if (vote)
					votes[vote > 0]++;
			}
			if (votes[1] < 2 || votes[0] * 20 > votes[1])
				continue;
			data_columns_push(&lows,
					  &(struct data_column){offsets[a], votes[1], votes[0]});
			data_columns_push(&highs,
					  &(struct data_column){offsets[b], votes[1], votes[0]});
		}
	if (lows.count != 1)
		return false;
	found[0] = data_claim_columns(solver, rule, "mm_struct", low, solver->word, &lows);
	found[1] = data_claim_columns(solver, rule, "mm_struct", high, solver->word, &highs);
	return true;
}

/* The file's mapping that holds @address, or that ends there: DATA_UNKNOWN for none. */
static uint32_t exe_vma(struct data_solver *solver, uint32_t index, uint64_t address)
{
	uint32_t vma = vma_around(solver, solver->mms.at[index], address);

	if (vma == DATA_UNKNOWN)
		vma = vma_around(solver, solver->mms.at[index], address - 1);
	if (vma == DATA_UNKNOWN ||
	    data_word(solver, &solver->vmas, vma, solver->at.vma_file) !=
		    data_word(solver, &solver->mms, index, solver->at.mm_exe_file))
		return DATA_UNKNOWN;
	return vma;
}

/* Code of the program, the address where it is entered inside. */
static int is_code(struct data_solver *solver, const struct addresses *addresses, uint32_t index,
		   uint64_t low, uint64_t high)
{
	uint64_t entry = auxv_value(solver, addresses, index, AT_ENTRY);
	uint32_t vma = exe_vma(solver, index, entry);

	if (vma == DATA_UNKNOWN || !(flags_of(solver, vma) & VM_EXEC))
		return 0;
	return low <= entry && entry < high && start_of(solver, vma) <= low &&
			       high <= end_of(solver, vma)
		       ? 1
		       : -1;
}

static int is_data(struct data_solver *solver, const struct addresses *addresses, uint32_t index,
		   uint64_t low, uint64_t high)
{
	uint32_t vma = exe_vma(solver, index, low), last = exe_vma(solver, index, high - 1);

	(void)addresses;
	if (vma == DATA_UNKNOWN || last == DATA_UNKNOWN || low >= high)
		return -1;
	return flags_of(solver, vma) & VM_EXEC || flags_of(solver, last) & VM_EXEC ? -1 : 1;
}

static int is_heap(struct data_solver *solver, const struct addresses *addresses, uint32_t index,
		   uint64_t low, uint64_t high)
{
	uint64_t page = addresses->page;
	uint32_t vma = vma_around(solver, solver->mms.at[index], low);

	if (low == high)
		return 0;
	if (low > high || vma == DATA_UNKNOWN || !(flags_of(solver, vma) & VM_WRITE) ||
	    data_word(solver, &solver->vmas, vma, solver->at.vma_file))
		return -1;
	return start_of(solver, vma) == low / page * page &&
			       end_of(solver, vma) == (high + page - 1) / page * page
		       ? 1
		       : -1;
}

static void solve_segments(struct data_solver *solver, const struct addresses *addresses)
{
	uint32_t found[2];

	if (addresses->auxv_end)
		solve_pair(solver, addresses, is_code, DATA_RULE_code_bounds, "start_code",
			   "end_code", found);
	solve_pair(solver, addresses, is_data, DATA_RULE_data_bounds, "start_data", "end_data",
		   found);
	solve_pair(solver, addresses, is_heap, DATA_RULE_heap_bounds, "start_brk", "brk", found);
}

static void solve_addresses(struct data_solver *solver)
{
	size_t count = solver->mms.count;
	struct addresses addresses = {.spaces = calloc(count, sizeof(*addresses.spaces)),
				      .has_space = calloc(count, sizeof(bool)),
				      .starts = calloc(count, sizeof(*addresses.starts)),
				      .has_start = calloc(count, sizeof(bool)),
				      .page = page_bytes(solver)};

	if (addresses.spaces && addresses.has_space && addresses.starts && addresses.has_start) {
		open_spaces(solver, &addresses);
		find_auxv(solver, &addresses);
		solve_stack_addresses(solver, &addresses);
		if (solver->at.mm_exe_file != DATA_UNKNOWN)
			solve_segments(solver, &addresses);
	} else {
		solver->no_memory = true;
	}
	free(addresses.spaces);
	free(addresses.has_space);
	free(addresses.starts);
	free(addresses.has_start);
}

void data_solve_mappings(struct data_solver *solver)
{
	if (solver->vmas.count < 8)
		return;
	data_set_bound(solver, &solver->vmas);
	solve_bounds(solver);
	solve_vm_flags(solver);
	if (solver->at.vma_start == DATA_UNKNOWN || solver->at.vma_end == DATA_UNKNOWN ||
	    solver->at.vma_flags == DATA_UNKNOWN || !sort_mappings(solver))
		return;
	solve_page_prot(solver);
	solve_exe_file(solver);
	if (solver->at.vma_file != DATA_UNKNOWN)
		solve_pgoff(solver);
	solve_totals(solver);
	if (solver->at.mm_pgd != DATA_UNKNOWN)
		solve_addresses(solver);
}
