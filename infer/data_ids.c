/* SPDX-License-Identifier: MIT */
/*
 * Who a task is: its struct pid with a number in each namespace, its credentials, its signal
 * handlers, and the namespaces that it sees. Tasks point to all of these; their contents tell which
 * pointer is which.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#define HANDLERS 64 /* _NSIG; those of kernel threads are ignored, which is 1 */
#define HANDLERS_BEFORE 256u
#define HANDLERS_BYTES (HANDLERS_BEFORE + 32 * HANDLERS)
#define GIVEN_UP_MIN 2
#define UTSNAME_MEMBER 65u  /* __NEW_UTS_LEN + 1 */
#define UTSNAME_BEFORE 128u /* where in a namespace its names may begin */

/* Links of lists lead to others' links, which lead back: those are inside of objects. */
static bool is_link(struct data_solver *solver, uint64_t value, uint64_t member)
{
	uint64_t links[2] = {0};

	return data_read_word(solver, value, &links[0]) &&
	       data_read_word(solver, value + solver->word, &links[1]) &&
	       (links[0] == member || links[0] == member - solver->word || links[1] == member);
}

/* Do most tasks hold a pointer at @offset, to an object and not to the links of a list? */
static bool is_pointer_column(struct data_solver *solver, uint32_t offset)
{
	uint32_t good = 0, links = 0;

	for (uint32_t i = 0; i < solver->tasks.count; i++) {
		uint64_t value = data_word(solver, &solver->tasks, i, offset);

		good += data_is_kernel(solver, value) && value % 4 == 0;
		if (i < good + solver->tasks.count / 10)
			continue;
		return false;
	}
	for (uint32_t i = 0; i < solver->tasks.count; i++)
		links += is_link(solver, data_word(solver, &solver->tasks, i, offset),
				 solver->tasks.at[i] + offset);
	return good * 10 >= solver->tasks.count * 9 && links * 2 < solver->tasks.count;
}

/* ---- struct pid ---- */

static int is_number(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint32_t task = data_set_find(&solver->tasks, set->owner[index]);

	(void)context;
	return data_u32(set, index, offset) == data_u32(&solver->tasks, task, solver->at.task_pid)
		       ? 1
		       : -1;
}

static int is_same_pointer(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	uint64_t value = data_word(solver, set, index, offset);
	uint64_t *same = context;

	if (!data_is_kernel(solver, value))
		return -1;
	if (!*same)
		*same = value;
	return value == *same ? 1 : -1;
}

struct upid {
	uint32_t number, space; /* columns of struct pid */
	uint64_t first_ns;
};

/* The namespace of a number stands beside it: all numbers found are of the first one. */
static bool find_upid(struct data_solver *solver, uint32_t number, struct upid *upid)
{
	uint32_t word = solver->word, at = number / word * word;

	for (int side = -1; side <= 1; side += 2) {
		struct data_column column;

		*upid = (struct upid){number, side < 0 ? at - word : at + word, 0};
		if ((side > 0 || at >= word) &&
		    data_check(solver, &solver->pids, 0, upid->space, is_same_pointer,
			       &upid->first_ns, &column) &&
		    data_in_image(solver, upid->first_ns))
			return true;
	}
	return false;
}

/* Of what looks like the task's number, the one that has a namespace. */
static uint32_t find_upids(struct data_solver *solver, struct upid *upid)
{
	const struct data_search search = {.step = 4, .width = 4};
	struct data_columns numbers;
	struct upid found;
	uint32_t count = 0;

	data_search(solver, &solver->pids, &search, is_number, NULL, &numbers);
	for (uint32_t i = 0; i < numbers.count && i < DATA_COLUMNS; i++)
		if (find_upid(solver, numbers.rows[i].offset, &found)) {
			*upid = found;
			count++;
		}
	return count;
}

static void claim_upid(struct data_solver *solver, const struct upid *upid)
{
	uint32_t word = solver->word, at = upid->number / word * word;
	struct data_column column = {upid->space < at ? upid->space : at, solver->pids.count, 0};

	solver->pid_ns = upid->first_ns;
	solver->at.pid_numbers = column.offset;
	solver->at.upid_ns = upid->space - column.offset;
	solver->at.upid_nr = upid->number - column.offset;
	data_claim(solver, DATA_RULE_thread_pid, "pid", "numbers", 0, &column, solver->init_task);
	column.offset = solver->at.upid_nr;
	data_claim(solver, DATA_RULE_thread_pid, "upid", "nr", 4, &column, solver->init_task);
	column.offset = solver->at.upid_ns;
	data_claim(solver, DATA_RULE_thread_pid, "upid", "ns", word, &column, solver->init_task);
}

static int compare_words(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t count_distinct(struct data_solver *solver, uint32_t offset)
{
	uint64_t *sorted = calloc(solver->tasks.count + 1, sizeof(*sorted));
	uint32_t distinct = 0;

	if (!sorted) {
		solver->no_memory = true;
		return 0;
	}
	for (uint32_t i = 0; i < solver->tasks.count; i++)
		sorted[i] = data_word(solver, &solver->tasks, i, offset);
	qsort(sorted, solver->tasks.count, sizeof(*sorted), compare_words);
	for (uint32_t i = 0; i < solver->tasks.count; i++)
		distinct += i == 0 || sorted[i] != sorted[i - 1];
	free(sorted);
	return distinct;
}

static bool try_thread_pid(struct data_solver *solver, uint32_t offset, struct upid *upid)
{
	if (data_set_find(&solver->tasks, data_word(solver, &solver->tasks, 1, offset)) !=
	    DATA_UNKNOWN)
		return false; /* tasks have their number as well */
	data_set_deinit(&solver->pids);
	data_set_follow(solver, &solver->pids, &solver->tasks, offset);
	data_set_bound(solver, &solver->pids);
	return find_upids(solver, upid) == 1;
}

/* Deeper namespaces have a number each: as many as the level says, each with its namespace. */
static int is_level(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint32_t level = data_u32(set, index, offset), *deep = context;
	uint32_t at = solver->at.pid_numbers + level * 2 * solver->word;
	uint64_t space = data_word(solver, set, index, at + solver->at.upid_ns);

	if (level == 0)
		return 1;
	if (level > 32 || !data_is_kernel(solver, space) || space == solver->pid_ns ||
	    data_u32(set, index, at + solver->at.upid_nr) == 0)
		return -1;
	++*deep;
	return 1;
}

static void solve_level(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset + 4 <= solver->pids.end; offset += 4) {
		struct data_column column;
		uint32_t deep = 0;

		if (data_check(solver, &solver->pids, 0, offset, is_level, &deep, &column) &&
		    deep > 0 && deep * 2 < solver->pids.count && column.dissent == 0)
			data_columns_push(&columns, &column);
	}
	data_claim_columns(solver, DATA_RULE_pid_level, "pid", "level", 4, &columns);
}

/* The columns of tasks that lead to a struct pid of their number. */
static void find_thread_pid(struct data_solver *solver, struct data_columns *columns)
{
	struct upid upid;

	columns->count = 0;
	for (uint32_t offset = 0; offset < solver->tasks.end; offset += solver->word)
		if (is_pointer_column(solver, offset) &&
		    count_distinct(solver, offset) * 10 >= solver->tasks.count * 9 &&
		    try_thread_pid(solver, offset, &upid))
			data_columns_push(columns,
					  &(struct data_column){offset, solver->tasks.count, 0});
}

/* Of several numbers that a task has, its pid is the one that its struct pid has too. */
static void settle_pid(struct data_solver *solver)
{
	const struct data_columns *pids = &solver->pid_columns;
	struct data_columns columns, good = {0};

	for (uint32_t i = 0; i < pids->count; i++) {
		solver->at.task_pid = pids->rows[i].offset;
		find_thread_pid(solver, &columns);
		if (columns.count == 1)
			data_columns_push(&good, &pids->rows[i]);
	}
	solver->at.task_pid = good.count ? good.rows[0].offset : pids->rows[0].offset;
	if (good.count == 1)
		data_claim_columns(solver, DATA_RULE_thread_pid, "task_struct", "pid", 4, &good);
}

static void solve_thread_pid(struct data_solver *solver)
{
	struct data_columns columns;
	struct upid upid;

	if (solver->pid_columns.count > 0)
		settle_pid(solver);
	find_thread_pid(solver, &columns);
	if (data_claim_columns(solver, DATA_RULE_thread_pid, "task_struct", "thread_pid",
			       solver->word, &columns) == DATA_UNKNOWN ||
	    !try_thread_pid(solver, columns.rows[0].offset, &upid)) {
		data_set_deinit(&solver->pids);
		return;
	}
	claim_upid(solver, &upid);
	solve_level(solver);
}

/* ---- sighand ---- */

/* 64 ones at equal distances: handlers, each in its struct k_sigaction. */
static bool has_ignored(const struct data_solver *solver, const unsigned char *bytes)
{
	uint32_t word = solver->word;

	for (uint32_t first = 0; first < HANDLERS_BEFORE; first += word)
		for (uint32_t step = 3 * word; step <= 8 * word; step += 4) {
			uint32_t i = 0;
			uint64_t value = 1;

			for (; i < HANDLERS && value == 1; i++) {
				value = 0;
				if (first + i * step + word <= HANDLERS_BYTES)
					memcpy(&value, bytes + first + i * step, word);
			}
			if (i == HANDLERS && value == 1)
				return true;
		}
	return false;
}

static int ignores_signals(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	unsigned char *bytes = context;
	uint64_t at = data_word(solver, set, index, offset);

	if (index == 0 || !data_is_kernel_thread(solver, index))
		return data_is_kernel(solver, at) || !at ? 0 : -1;
	if (!data_is_kernel(solver, at) || !data_read(solver, at, bytes, HANDLERS_BYTES))
		return -1;
	return has_ignored(solver, bytes) ? 1 : -1;
}

static void solve_sighand(struct data_solver *solver)
{
	unsigned char bytes[HANDLERS_BYTES];
	struct data_search search = {.support_min = 0};
	struct data_columns columns;

	for (uint32_t i = 1; i < solver->tasks.count; i++)
		search.support_min += data_is_kernel_thread(solver, i);
	search.support_min = search.support_min * 9 / 10;
	data_search(solver, &solver->tasks, &search, ignores_signals, bytes, &columns);
	data_claim_columns(solver, DATA_RULE_sighand, "task_struct", "sighand", solver->word,
			   &columns);
}

/* ---- nsproxy and names of the system ---- */

/* Where in the object at @at a struct new_utsname begins, or DATA_UNKNOWN. */
static uint32_t find_utsname(struct data_solver *solver, uint64_t at)
{
	unsigned char bytes[UTSNAME_BEFORE + 3 * UTSNAME_MEMBER], *found;

	if (!data_read(solver, at, bytes, sizeof(bytes)))
		return DATA_UNKNOWN;
	found = memmem(bytes, UTSNAME_BEFORE, "Linux\0", 6);
	if (!found || found[2 * UTSNAME_MEMBER] < '0' || found[2 * UTSNAME_MEMBER] > '9' ||
	    !memchr(found + 2 * UTSNAME_MEMBER, '.', 4))
		return DATA_UNKNOWN;
	return (uint32_t)(found - bytes);
}

/* Where in what is pointed to a pointer to the names of the system is: in all of it alike. */
static bool find_uts_ns(struct data_solver *solver, const struct data_set *targets,
			uint32_t *member, uint32_t *name)
{
	for (*member = 0; *member < 16 * solver->word; *member += solver->word) {
		uint32_t good = 0;

		*name = DATA_UNKNOWN;
		for (uint32_t i = 0; i < targets->count && good == i; i++) {
			uint64_t uts = data_word(solver, targets, i, *member);
			uint32_t at = data_is_kernel(solver, uts) ? find_utsname(solver, uts)
								  : DATA_UNKNOWN;

			if (i == 0)
				*name = at;
			good += at != DATA_UNKNOWN && at == *name;
		}
		if (good && good == targets->count)
			return true;
	}
	return false;
}

static void claim_nsproxy(struct data_solver *solver, const struct data_columns *proxies,
			  uint32_t member, uint32_t name)
{
	struct data_column column = {name, solver->nsproxies.count, 0};

	solver->uts_ns = data_word(solver, &solver->nsproxies, 0, member);
	data_claim_columns(solver, DATA_RULE_utsname, "task_struct", "nsproxy", solver->word,
			   proxies);
	data_claim(solver, DATA_RULE_utsname, "uts_namespace", "name", 0, &column, solver->uts_ns);
	column.offset = member;
	data_claim(solver, DATA_RULE_utsname, "nsproxy", "uts_ns", solver->word, &column,
		   solver->nsproxies.at[0]);
}

/* Namespaces that tasks share: init_task's is in the image. */
static bool try_nsproxy(struct data_solver *solver, uint32_t offset, uint32_t *member,
			uint32_t *name)
{
	uint64_t first = data_word(solver, &solver->tasks, 0, offset);

	if (!data_in_image(solver, first) || !is_pointer_column(solver, offset) ||
	    data_set_find(&solver->tasks, first) != DATA_UNKNOWN)
		return false;
	data_set_deinit(&solver->nsproxies);
	data_set_follow(solver, &solver->nsproxies, &solver->tasks, offset);
	return find_uts_ns(solver, &solver->nsproxies, member, name);
}

/* init_task's children are born where all numbers are from; others may have asked for another. */
static int is_pid_ns(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint64_t value = data_word(solver, set, index, offset);

	(void)context;
	if (!data_is_kernel(solver, value))
		return -1;
	return value == solver->pid_ns ? 1 : index == 0 ? -1 : 0;
}

static void solve_nsproxy(struct data_solver *solver)
{
	struct data_columns proxies = {0}, columns;
	uint32_t member, name;

	for (uint32_t offset = 0; offset < solver->tasks.end; offset += solver->word)
		if (try_nsproxy(solver, offset, &member, &name))
			data_columns_push(&proxies,
					  &(struct data_column){offset, solver->tasks.count, 0});
	if (proxies.count == 1 && try_nsproxy(solver, proxies.rows[0].offset, &member, &name))
		claim_nsproxy(solver, &proxies, member, name);
	else
		data_set_deinit(&solver->nsproxies);
	if (!solver->pid_ns || solver->nsproxies.count == 0)
		return;
	data_search(solver, &solver->nsproxies,
		    &(struct data_search){.support_min = 1, .end = 16 * solver->word}, is_pid_ns,
		    NULL, &columns);
	data_claim_columns(solver, DATA_RULE_pid_ns, "nsproxy", "pid_ns_for_children", solver->word,
			   &columns);
}

/* ---- credentials ---- */

static bool is_full_mask(uint64_t value)
{
	return (value & (value + 1)) == 0 && value >> 36 && value != UINT64_MAX;
}

/* init_cred can do everything; nobody can do what it cannot. */
static int is_capability(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	uint64_t full = data_u64(set, 0, offset);

	(void)solver;
	(void)context;
	return is_full_mask(full) && (data_u64(set, index, offset) & ~full) == 0 ? 1 : -1;
}

/* cap_bset stays full; permitted and effective are given up together, or effective alone. */
static bool find_capabilities(struct data_solver *solver, struct data_columns *columns)
{
	data_search(solver, &solver->creds, &(struct data_search){.step = 4, .width = 8},
		    is_capability, NULL, columns);
	return columns->count >= 3 && columns->count <= DATA_COLUMNS;
}

/* Is one column less than the other, in several objects and never the other way round? In one alone it
 * may be a bit that memory lost. */
static bool lies_within(const struct data_set *set, uint32_t inner, uint32_t outer)
{
	uint32_t less = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		uint64_t in = data_u64(set, i, inner), out = data_u64(set, i, outer);

		if (in & ~out)
			return false;
		less += in != out;
	}
	return less >= GIVEN_UP_MIN;
}

/* The effective ones are less than all others. Where too few have given up some, nothing tells. */
static void claim_effective(struct data_solver *solver, const struct data_columns *all)
{
	struct data_columns columns = *all;

	for (uint32_t i = 0; i < all->count; i++)
		for (uint32_t k = 0; k < all->count; k++)
			if (lies_within(&solver->creds, all->rows[i].offset, all->rows[k].offset))
				data_columns_remove(&columns, all->rows[k].offset);
	data_claim_columns(solver, DATA_RULE_capability, "cred", "cap_effective", 8, &columns);
}

/* Two columns of tasks that agree: real_cred, and cred unless it is overridden for a moment. */
static bool is_twin(const struct data_solver *solver, uint32_t a, uint32_t b)
{
	uint32_t same = 0;

	for (uint32_t i = 0; i < solver->tasks.count; i++)
		same += data_word(solver, &solver->tasks, i, a) ==
			data_word(solver, &solver->tasks, i, b);
	return same * 20 >= solver->tasks.count * 19;
}

static uint32_t find_twin(struct data_solver *solver, uint32_t offset)
{
	for (uint32_t at = offset + solver->word; at < solver->tasks.end; at += solver->word)
		if (is_pointer_column(solver, at) && is_twin(solver, offset, at))
			return at;
	return DATA_UNKNOWN;
}

/* ---- ids in credentials ---- */

static int is_id(struct data_solver *solver, const struct data_set *set, uint32_t index,
		 uint32_t offset, void *context)
{
	(void)solver;
	(void)context;
	if (index == 0)
		return data_u32(set, index, offset) == 0 ? 1 : -1;
	return data_u32(set, index, offset) < 0xfffffff0 ? 1 : -1;
}

static bool varies(const struct data_set *set, uint32_t offset)
{
	for (uint32_t i = 1; i < set->count; i++)
		if (data_u32(set, i, offset) != data_u32(set, 0, offset))
			return true;
	return false;
}

static bool are_same(const struct data_set *set, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (data_u32(set, i, a) != data_u32(set, i, b))
			return false;
	return true;
}

/* What cred.user leads to has the real uid in it, for every owner. */
static bool is_users_id(struct data_solver *solver, uint32_t user, uint32_t inside, uint32_t id)
{
	uint32_t value, different = 0;

	for (uint32_t i = 0; i < solver->creds.count; i++) {
		uint32_t own = data_u32(&solver->creds, i, id);

		if (!data_read_u32(solver, data_word(solver, &solver->creds, i, user) + inside,
				   &value) ||
		    value != own)
			return false;
		different += own != 0;
	}
	return different > 0;
}

static bool is_real_uid(struct data_solver *solver, uint32_t id)
{
	for (uint32_t user = 0; user < solver->creds.end; user += solver->word) {
		bool pointers = true;

		for (uint32_t i = 0; i < solver->creds.count && pointers; i++)
			pointers =
				data_is_kernel(solver, data_word(solver, &solver->creds, i, user));
		for (uint32_t inside = 0; pointers && inside < 256; inside += 4)
			if (is_users_id(solver, user, inside, id))
				return true;
	}
	return false;
}

static void solve_real_uid(struct data_solver *solver)
{
	struct data_columns real = {0};

	for (uint32_t offset = 0; offset + 4 <= solver->creds.end; offset += 4) {
		struct data_column column;

		if (data_u32(&solver->creds, 0, offset) == 0 && varies(&solver->creds, offset) &&
		    data_check(solver, &solver->creds, 0, offset, is_id, NULL, &column) &&
		    is_real_uid(solver, offset))
			data_columns_push(&real, &column);
	}
	/* Where all ids of a kind are the same, nothing tells the real one apart. */
	if (real.count > 1 && are_same(&solver->creds, real.rows[0].offset, real.rows[1].offset))
		return;
	data_claim_columns(solver, DATA_RULE_real_uid, "cred", "uid", 4, &real);
}

/* Heads of empty lists are twins too. */
static bool is_empty_list(const struct data_solver *solver, uint32_t offset)
{
	uint64_t far = data_word(solver, &solver->tasks, 0, offset) - solver->init_task;

	return far == offset || far + solver->word == offset;
}

static bool try_creds(struct data_solver *solver, uint32_t offset)
{
	struct data_columns twins = {0}, capabilities;
	uint32_t twin = find_twin(solver, offset);

	if (twin == DATA_UNKNOWN || is_empty_list(solver, offset))
		return false;
	data_set_deinit(&solver->creds);
	data_set_follow(solver, &solver->creds, &solver->tasks, offset);
	data_set_bound(solver, &solver->creds);
	if (!find_capabilities(solver, &capabilities))
		return false;
	data_columns_push(&twins, &(struct data_column){offset, solver->tasks.count, 0});
	data_columns_push(&twins, &(struct data_column){twin, solver->tasks.count, 0});
	data_claim_columns(solver, DATA_RULE_creds, "task_struct", "cred", solver->word, &twins);
	data_claim_columns(solver, DATA_RULE_creds, "task_struct", "real_cred", solver->word,
			   &twins);
	claim_effective(solver, &capabilities);
	return true;
}

/* Everybody's, and the one that owns the names of the system as well. */
static void solve_user_ns(struct data_solver *solver)
{
	struct data_columns columns = {0};
	unsigned char bytes[640];

	if (!solver->uts_ns || !data_read(solver, solver->uts_ns, bytes, sizeof(bytes)))
		return;
	for (uint32_t offset = 0; offset < solver->creds.end; offset += solver->word) {
		uint64_t same = 0;
		struct data_column column;

		if (data_check(solver, &solver->creds, 0, offset, is_same_pointer, &same,
			       &column) &&
		    data_in_image(solver, same) &&
		    memmem(bytes, sizeof(bytes), &same, solver->word))
			data_columns_push(&columns, &column);
	}
	data_claim_columns(solver, DATA_RULE_user_ns, "cred", "user_ns", solver->word, &columns);
}

static void solve_creds(struct data_solver *solver)
{
	for (uint32_t offset = 0; offset < solver->tasks.end; offset += solver->word) {
		if (!is_pointer_column(solver, offset) || !try_creds(solver, offset))
			continue;
		solve_real_uid(solver);
		solve_user_ns(solver);
		return;
	}
	data_set_deinit(&solver->creds);
}

void data_solve_ids(struct data_solver *solver)
{
	if (solver->at.task_pid != DATA_UNKNOWN)
		solve_thread_pid(solver);
	if (solver->kthreadd)
		solve_sighand(solver);
	solve_nsproxy(solver);
	solve_creds(solver);
}
