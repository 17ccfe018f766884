/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: which pointers of a task lead to its mm_struct, told by page tables that map the
 * user addresses standing beside their pointer, and which mappings hang from it, as a list or in a
 * maple tree. What the mappings and the other addresses mean is data_maps.c's.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#include "runtime/include/semgap/space.h"

#define TRIED_MAX 64 /* user addresses of an mm_struct that are looked up in its tables */
#define MMS_MAX 64   /* as many as the set of them holds */
#define MAPPED_MIN 4 /* and how many must be there */
#define IDLE_MAX 4   /* idle tasks that have one address space at once, as a rule */
#define NODE_BYTES 256u
#define NODES_MAX 1024u
#define SPACE_MAX 1024u /* mappings of one address space; others are left out */

/* ---- mm and active_mm ---- */

/* Kernel threads have no mm, but borrow one while they run. */
static int is_mm(struct data_solver *solver, const struct data_set *set, uint32_t index,
		 uint32_t offset, void *context)
{
	uint64_t mm = data_word(solver, set, index, offset);

	(void)context;
	if (mm && (!data_is_kernel(solver, mm) || mm % solver->word))
		return -1;
	if (data_is_kernel_thread(solver, index))
		return mm ? 0 : 1;
	return mm ? 1 : 0;
}

/* Programs with, and kernel threads with a pointer there. */
static void count_holders(const struct data_solver *solver, uint32_t offset, uint32_t holders[2])
{
	holders[0] = holders[1] = 0;
	for (uint32_t i = 0; i < solver->tasks.count; i++)
		holders[data_is_kernel_thread(solver, i)] +=
			data_word(solver, &solver->tasks, i, offset) != 0;
}

static uint32_t count_kernel_threads(const struct data_solver *solver)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < solver->tasks.count; i++)
		count += data_is_kernel_thread(solver, i);
	return count;
}

/* Do page tables begin there that map some of the user addresses beside? */
static int is_pgd(struct data_solver *solver, const struct data_set *set, uint32_t index,
		  uint32_t offset, void *context)
{
	struct gap_address_space space;
	struct gap_paddr physical;
	uint64_t pgd = data_word(solver, set, index, offset);
	uint32_t mapped = 0, tried = 0;

	if (pgd % *(const uint32_t *)context || !data_is_kernel(solver, pgd) ||
	    gap_guest_user_space(solver->kernel->guest, (struct gap_vaddr){pgd}, &space, NULL))
		return -1;
	for (uint32_t at = 0; at < set->end && tried < TRIED_MAX && mapped < MAPPED_MIN;
	     at += solver->word) {
		uint64_t value = data_word(solver, set, index, at);

		if (value < 0x10000 || !data_is_user(solver, value))
			continue;
		tried++;
		solver->reads++;
		mapped +=
			gap_space_translate(&space, (struct gap_vaddr){value}, &physical) == GAP_OK;
	}
	return mapped >= MAPPED_MIN ? 1 : -1;
}

/* Two levels of tables fit almost anything; deeper ones need not fill a page at their top. */
static uint32_t pgd_align(const struct data_solver *solver)
{
	struct gap_guest_info info;

	gap_guest_info(solver->kernel->guest, &info);
	return info.paging_levels == 2 && solver->word == 4 ? 4096 : 32;
}

static void add_mms(struct data_solver *solver, uint32_t offset)
{
	data_set_deinit(&solver->mms);
	for (uint32_t i = 0; i < solver->tasks.count; i++) {
		uint64_t mm = data_word(solver, &solver->tasks, i, offset);

		if (mm && !data_is_kernel_thread(solver, i))
			data_set_add(solver, &solver->mms, mm, solver->tasks.at[i]);
	}
	data_set_bound(solver, &solver->mms);
}

/* The columns of tasks that lead to page tables: one or both of mm and active_mm. */
static void find_mms(struct data_solver *solver, struct data_columns *columns,
		     struct data_columns *pgds)
{
	uint32_t kernel_threads = count_kernel_threads(solver);
	uint32_t programs = solver->tasks.count - kernel_threads;
	uint32_t align = pgd_align(solver);

	for (uint32_t offset = 0; offset < solver->tasks.end; offset += solver->word) {
		struct data_column column;
		struct data_columns found;
		uint32_t holders[2];

		count_holders(solver, offset, holders);
		if (holders[0] * 3 < programs * 2 || holders[1] * 4 > kernel_threads ||
		    !data_check(solver, &solver->tasks, 0, offset, is_mm, NULL, &column))
			continue;
		add_mms(solver, offset);
		/* Page tables say much: those of one program are enough. */
		data_search(solver, &solver->mms,
			    &(struct data_search){.support_min = (solver->mms.count + 1) / 2},
			    is_pgd, &align, &found);
		if (found.count != 1)
			continue;
		*pgds = found;
		data_columns_push(columns, &column);
	}
}

/* One that a kernel thread holds as well is active_mm. */
static void claim_mms(struct data_solver *solver, struct data_columns *columns)
{
	uint32_t borrowed[2] = {0}, holders[2];
	int active;

	if (columns->count != 2) {
		data_claim_columns(solver, DATA_RULE_mm, "task_struct", "mm", solver->word,
				   columns);
		return;
	}
	for (int i = 0; i < 2; i++) {
		count_holders(solver, columns->rows[i].offset, holders);
		borrowed[i] = holders[1];
	}
	if (!borrowed[0] == !borrowed[1]) {
		data_claim_columns(solver, DATA_RULE_mm, "task_struct", "mm", solver->word,
				   columns);
		data_claim_columns(solver, DATA_RULE_mm, "task_struct", "active_mm", solver->word,
				   columns);
		return;
	}
	active = borrowed[1] > 0;
	data_claim(solver, DATA_RULE_mm, "task_struct", "active_mm", solver->word,
		   &columns->rows[active], solver->init_task);
	data_claim(solver, DATA_RULE_mm, "task_struct", "mm", solver->word, &columns->rows[!active],
		   solver->init_task);
	solver->at.task_active_mm = columns->rows[active].offset;
	solver->at.task_mm = columns->rows[!active].offset;
}

/* ---- the mappings of an address space, wherever they hang ---- */

struct found {
	struct data_set *vmas;
	uint64_t mm;
};

static uint64_t word_in(const struct data_solver *solver, const unsigned char *bytes,
			uint32_t offset)
{
	uint64_t value = 0;

	memcpy(&value, bytes + offset, solver->word);
	return value;
}

/*
 * Entries of a maple tree (54a611b6): nodes of 256 bytes, whose addresses carry their type in bits
 * 3 to 6; types 0 and 1 are leaves, whose pointers are the entries. The first word of a node is its
 * parent. Where in it pivots and slots lie need not be known: pivots are user addresses here.
 */
static void collect_maple(struct data_solver *solver, uint64_t root, const struct found *found)
{
	uint64_t nodes[64];
	uint32_t depth = 0, seen = 0;

	nodes[depth++] = root;
	while (depth > 0 && seen++ < NODES_MAX) {
		uint64_t node = nodes[--depth];
		unsigned char bytes[NODE_BYTES];

		if (!data_read(solver, node & ~(uint64_t)0xff, bytes, sizeof(bytes)))
			continue;
		for (uint32_t i = solver->word; i < NODE_BYTES; i += solver->word) {
			uint64_t value = word_in(solver, bytes, i);

			if (!data_is_kernel(solver, value))
				continue;
			if ((node >> 3 & 0xf) <= 1)
				data_set_add(solver, found->vmas, value, found->mm);
			else if (depth < 64 && value & 0xff)
				nodes[depth++] = value;
		}
	}
}

/* Where the objects of @vmas point back to the mm_struct that led to them. */
static int points_to_owner(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	(void)context;
	return data_word(solver, set, index, offset) == set->owner[index] ? 1 : 0;
}

/* What lies past an object may be another one of the same owner: less often than the object. */
static bool find_back_pointer(struct data_solver *solver, struct data_set *vmas,
			      struct data_column *back)
{
	struct data_columns columns;
	uint32_t best = 0, ties = 0;

	data_search(solver, vmas, &(struct data_search){0}, points_to_owner, NULL, &columns);
	for (uint32_t i = 0; i < columns.count && i < DATA_COLUMNS; i++) {
		if (columns.rows[i].support > columns.rows[best].support)
			best = i;
		ties += columns.rows[i].support == columns.rows[best].support && i != best;
	}
	if (columns.count == 0 || ties || columns.rows[best].support * 10 < vmas->count * 9)
		return false;
	*back = columns.rows[best];
	return true;
}

static bool is_node_column(const struct data_solver *solver, uint32_t offset)
{
	const struct data_set *mms = &solver->mms;

	for (uint32_t i = 0; i < mms->count; i++) {
		uint64_t root = data_word(solver, mms, i, offset);

		if (!data_is_kernel(solver, root) || !(root & 0xff) || (root & 3) != 2)
			return false;
	}
	return mms->count > 0;
}

/* ma_flags of a tree of mappings: ranges, an outer lock, RCU; its height in bits 2 to 6. */
static bool has_tree_flags(const struct data_solver *solver, uint32_t offset)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < solver->mms.count; i++) {
		uint32_t flags = data_u32(&solver->mms, i, offset);

		good += (flags & ~0x7cu) == 0x303 || (flags & ~0x7cu) == 0x301;
	}
	return good == solver->mms.count;
}

/* Collects the mappings of all spaces by @collect. Spaces with too many are left out, which keeps
 * counts of the others true. Returns how many are left. */
static uint32_t collect_spaces(struct data_solver *solver, struct data_set *vmas,
			       void (*collect)(struct data_solver *, uint32_t, struct data_set *,
					       const void *),
			       const void *context, bool *whole)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < solver->mms.count; i++) {
		uint32_t before = vmas->count;

		collect(solver, i, vmas, context);
		whole[i] = vmas->count > before && vmas->count - before < SPACE_MAX &&
			   vmas->count < vmas->max;
		left += whole[i];
	}
	return left;
}

/* The mappings of those spaces only. */
static void keep_whole(struct data_solver *solver, struct data_set *vmas, const bool *whole)
{
	bool *keep = calloc(vmas->count + 1, sizeof(*keep));

	if (!keep) {
		solver->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < vmas->count; i++) {
		uint32_t mm = data_set_find(&solver->mms, vmas->owner[i]);

		keep[i] = mm != DATA_UNKNOWN && whole[mm];
	}
	data_set_keep(vmas, keep);
	data_set_keep(&solver->mms, whole);
	data_set_bound(solver, &solver->mms);
	free(keep);
}

static void collect_tree(struct data_solver *solver, uint32_t mm, struct data_set *vmas,
			 const void *context)
{
	const uint32_t *root = context;
	struct found found = {vmas, solver->mms.at[mm]};

	collect_maple(solver, data_word(solver, &solver->mms, mm, *root), &found);
}

static bool find_maple(struct data_solver *solver, struct data_column *back)
{
	struct data_set *vmas = &solver->vmas;
	bool whole[MMS_MAX];

	for (uint32_t offset = 0; offset < solver->mms.end; offset += solver->word) {
		if (!is_node_column(solver, offset))
			continue;
		if (collect_spaces(solver, vmas, collect_tree, &offset, whole) &&
		    find_back_pointer(solver, vmas, back)) {
			solver->at.mm_tree_root = offset;
			keep_whole(solver, vmas, whole);
			return true;
		}
		data_set_deinit(vmas);
	}
	return false;
}

/* A lock of a real-time kernel takes four words, and is zero while nobody holds it. */
static bool may_be_large_lock(const struct data_solver *solver, uint32_t end)
{
	if (end < 4 * solver->word)
		return false;
	for (uint32_t i = 0; i < solver->mms.count; i++)
		for (uint32_t k = 1; k <= 4; k++)
			if (data_word(solver, &solver->mms, i, end - k * solver->word))
				return false;
	return true;
}

/*
 * The tree begins with its lock. Flags and root follow, in either order: the flags beside a small
 * lock share its word.
 */
static void claim_tree(struct data_solver *solver)
{
	uint32_t root = solver->at.mm_tree_root, word = solver->word;
	struct data_columns columns = {.rows[0] = {0, solver->mms.count, 0}, .count = 1};

	if (root >= 8 && has_tree_flags(solver, root - 4) && !has_tree_flags(solver, root - 8)) {
		columns.rows[0].offset = root - 8;
	} else if (root >= word && has_tree_flags(solver, root + word)) {
		columns.rows[0].offset = root - word;
		if (may_be_large_lock(solver, root))
			data_columns_push(&columns, &(struct data_column){root - 4 * word,
									  solver->mms.count, 0});
	} else if (root >= 5 * word && has_tree_flags(solver, root - word)) {
		columns.rows[0].offset = root - 5 * word;
	} else {
		return;
	}
	data_claim_columns(solver, DATA_RULE_maple, "mm_struct", "mm_mt", 0, &columns);
	for (uint32_t i = 0; i < columns.count; i++)
		columns.rows[i].offset = root - columns.rows[i].offset;
	data_claim_columns(solver, DATA_RULE_maple, "maple_tree", "ma_root", word, &columns);
	data_claim_absent(solver, DATA_RULE_maple, "vm_area_struct", "vm_next", solver->mms.count);
}

/* ---- a list of mappings ---- */

struct chain {
	uint32_t first, next, back, length;
};

/* Follows the chain from the first mapping, as long as they point back. */
static void collect_chain(struct data_solver *solver, uint32_t mm, struct data_set *vmas,
			  const void *context)
{
	const struct chain *chain = context;
	uint64_t space = solver->mms.at[mm], owner;
	uint64_t at = data_word(solver, &solver->mms, mm, chain->first);

	for (uint32_t steps = 0; at && steps < SPACE_MAX; steps++) {
		if (!data_is_kernel(solver, at) || data_set_find(vmas, at) != DATA_UNKNOWN ||
		    !data_read_word(solver, at + chain->back, &owner) || owner != space ||
		    data_set_add(solver, vmas, at, space) == DATA_UNKNOWN ||
		    !data_read_word(solver, at + chain->next, &at))
			break;
	}
}

static void try_chains(struct data_solver *solver, uint32_t first, uint32_t back,
		       struct chain *best)
{
	for (uint32_t next = 0; next < solver->vmas.size_bytes; next += solver->word) {
		struct chain chain = {first, next, back, 0};
		struct data_set vmas;
		bool whole[MMS_MAX];

		if (next == back)
			continue;
		data_set_init(&vmas, solver->vmas.size_bytes, solver->vmas.max);
		collect_spaces(solver, &vmas, collect_chain, &chain, whole);
		chain.length = vmas.count;
		data_set_deinit(&vmas);
		if (chain.length > best->length)
			*best = chain;
	}
}

/* Pointers into the tree of mappings lead to a few of them; the list to all. */
static bool find_chain(struct data_solver *solver, struct chain *best)
{
	*best = (struct chain){0};
	for (uint32_t offset = 0; offset < solver->mms.end; offset += solver->word) {
		struct data_set vmas;
		struct data_column back;

		data_set_init(&vmas, solver->vmas.size_bytes, solver->vmas.max);
		for (uint32_t i = 0; i < solver->mms.count; i++) {
			uint64_t at = data_word(solver, &solver->mms, i, offset);

			if (data_is_kernel(solver, at) && at % solver->word == 0)
				data_set_add(solver, &vmas, at, solver->mms.at[i]);
		}
		if (vmas.count * 2 > solver->mms.count && find_back_pointer(solver, &vmas, &back))
			try_chains(solver, offset, back.offset, best);
		data_set_deinit(&vmas);
	}
	return best->length > solver->mms.count * 2;
}

static void solve_chain(struct data_solver *solver)
{
	struct data_column column, back;
	struct chain chain;
	bool whole[MMS_MAX];

	if (!find_chain(solver, &chain))
		return;
	collect_spaces(solver, &solver->vmas, collect_chain, &chain, whole);
	keep_whole(solver, &solver->vmas, whole);
	column = (struct data_column){chain.first, solver->mms.count, 0};
	data_claim(solver, DATA_RULE_vma_list, "mm_struct", "mmap", solver->word, &column,
		   solver->mms.at[0]);
	column = (struct data_column){chain.next, chain.length, 0};
	data_claim(solver, DATA_RULE_vma_list, "vm_area_struct", "vm_next", solver->word, &column,
		   solver->mms.at[0]);
	back = (struct data_column){chain.back, chain.length, 0};
	data_claim(solver, DATA_RULE_vma_list, "vm_area_struct", "vm_mm", solver->word, &back,
		   solver->mms.at[0]);
	solver->at.vma_mm = chain.back;
}

static void solve_vmas(struct data_solver *solver)
{
	struct data_column back;

	if (!find_maple(solver, &back)) {
		solve_chain(solver);
		return;
	}
	data_claim(solver, DATA_RULE_vma_owner, "vm_area_struct", "vm_mm", solver->word, &back,
		   solver->mms.at[0]);
	solver->at.vma_mm = back.offset;
	claim_tree(solver);
}

/* ---- counts ---- */

static int is_user_count(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	uint32_t count = 0;

	(void)context;
	for (uint32_t i = 0; i < solver->tasks.count; i++)
		count += data_word(solver, &solver->tasks, i, solver->at.task_mm) == set->at[index];
	return data_u32(set, index, offset) == count ? 1 : -1;
}

/* Kernel threads that borrow an address space. */
static uint32_t count_borrowers(const struct data_solver *solver, uint64_t mm)
{
	uint32_t borrowed = 0;

	for (uint32_t i = 0; i < solver->tasks.count; i++)
		borrowed += data_is_kernel_thread(solver, i) &&
			    data_word(solver, &solver->tasks, i, solver->at.task_active_mm) == mm;
	return borrowed;
}

struct counted {
	uint32_t users;  /* column of another count */
	uint32_t others; /* idle tasks of other processors may borrow as well, and are in no list */
	uint32_t shown;  /* borrowers that were counted */
};

/* One for all users together, and (not in every kernel) one for each who only borrows it. */
static int is_count(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint32_t borrowed = count_borrowers(solver, set->at[index]);
	uint32_t value = data_u32(set, index, offset);
	struct counted *counted = context;

	counted->shown += borrowed && value > borrowed;
	if (counted->others == 0)
		return value == 1 || value == 1 + borrowed ? 1 : -1;
	return value >= 1 && value <= 1 + borrowed + counted->others ? 1 : -1;
}

/* Many a member is always 1: borrowers have to show. */
static void find_count(struct data_solver *solver, struct counted counted,
		       struct data_columns *columns)
{
	columns->count = 0;
	for (uint32_t offset = 0; offset + 4 <= solver->mms.end; offset += 4) {
		struct data_column column;

		counted.shown = 0;
		if (offset != counted.users &&
		    data_check(solver, &solver->mms, 0, offset, is_count, &counted, &column) &&
		    counted.shown)
			data_columns_push(columns, &column);
	}
}

static void solve_count(struct data_solver *solver, uint32_t users)
{
	struct data_columns columns;

	find_count(solver, (struct counted){.users = users}, &columns);
	if (columns.count == 0)
		find_count(solver, (struct counted){.users = users, .others = IDLE_MAX}, &columns);
	data_claim_columns(solver, DATA_RULE_mm_count, "mm_struct", "mm_count", 4, &columns);
}

/* Where every program has one thread, other members are 1 too. */
static bool is_always_one(const struct data_set *set, uint32_t offset)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (data_u32(set, i, offset) != 1)
			return false;
	return true;
}

static void solve_counts(struct data_solver *solver)
{
	struct data_columns columns;

	if (solver->at.task_mm == DATA_UNKNOWN)
		return;
	data_search(solver, &solver->mms, &(struct data_search){.step = 4, .width = 4},
		    is_user_count, NULL, &columns);
	for (uint32_t i = columns.count; i-- > 0 && columns.count <= DATA_COLUMNS;)
		if (is_always_one(&solver->mms, columns.rows[i].offset))
			data_columns_remove(&columns, columns.rows[i].offset);
	solve_count(solver, data_claim_columns(solver, DATA_RULE_mm_users, "mm_struct", "mm_users",
					       4, &columns));
}

void data_solve_memory(struct data_solver *solver)
{
	struct data_columns columns = {0}, pgds = {0};

	if (!solver->kthreadd)
		return;
	find_mms(solver, &columns, &pgds);
	if (columns.count == 0 || columns.count > DATA_COLUMNS) {
		data_set_deinit(&solver->mms);
		return;
	}
	add_mms(solver, columns.rows[0].offset);
	solver->at.mm_pgd =
		data_claim_columns(solver, DATA_RULE_pgd, "mm_struct", "pgd", solver->word, &pgds);
	claim_mms(solver, &columns);
	solve_counts(solver);
	solve_vmas(solver);
}
