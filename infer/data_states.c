/* SPDX-License-Identifier: MIT */
/*
 * Members of task_struct that say what a task does and did: priorities, states, how it ended, when
 * it began and how long it ran.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#define PF_EXITING 0x4u
#define NS_PER_MS 1000000u
#define NS_PER_HOUR UINT64_C(3600000000000)
#define LATER_MIN 8u /* tasks of which one start is later than the other */

/* ---- priorities ---- */

static int is_static_prio(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	uint32_t value = data_u32(set, index, offset);

	(void)solver;
	(void)context;
	return value >= 100 && value < 140 ? 1 : -1;
}

static uint32_t count_real_time(const struct data_set *tasks, uint32_t offset)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < tasks->count; i++)
		count += (int32_t)data_u32(tasks, i, offset) < 100;
	return count;
}

struct policies {
	uint32_t prio;    /* column */
	uint32_t matched; /* real-time tasks */
};

/* SCHED_FIFO 1 and SCHED_RR 2 go with priorities below 100, SCHED_DEADLINE 6 with -1. */
static int is_policy(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	struct policies *policies = context;
	uint32_t value = data_u32(set, index, offset);
	int32_t prio = (int32_t)data_u32(set, index, policies->prio);
	bool real_time = value == 1 || value == 2 || value == 6;

	(void)solver;
	if (value > 7 || real_time != (prio < 100))
		return -1;
	policies->matched += real_time;
	return 1;
}

static bool varies(const struct data_set *set, uint32_t offset)
{
	for (uint32_t i = 1; i < set->count; i++)
		if (data_u32(set, i, offset) != data_u32(set, 0, offset))
			return true;
	return false;
}

/* Each real-time task has to show: they are few. */
static void solve_policy(struct data_solver *solver, uint32_t prio)
{
	uint32_t real_time = count_real_time(&solver->tasks, prio);
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset + 4 <= solver->tasks.end; offset += 4) {
		struct policies policies = {prio, 0};
		struct data_column column;

		if (data_check(solver, &solver->tasks, 0, offset, is_policy, &policies, &column) &&
		    policies.matched == real_time)
			data_columns_push(&columns, &column);
	}
	data_columns_remove_dissenting(&columns);
	data_claim_columns(solver, DATA_RULE_policy, "task_struct", "policy", 4, &columns);
}

static int is_prio(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	int32_t value = (int32_t)data_u32(set, index, offset);
	uint32_t fixed = data_u32(set, index, *(const uint32_t *)context);

	(void)solver;
	return value == (int32_t)fixed || (value >= -1 && value < 100) ? 1 : -1;
}

/* prio and normal_prio differ only while a task inherits a priority. */
static void solve_prio(struct data_solver *solver, uint32_t fixed)
{
	const struct data_set *tasks = &solver->tasks;
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset + 4 <= tasks->end; offset += 4) {
		struct data_column column;
		uint32_t count = count_real_time(tasks, offset);

		if (count > 0 && count * 2 < tasks->count &&
		    data_check(solver, tasks, 0, offset, is_prio, &fixed, &column))
			data_columns_push(&columns, &column);
	}
	data_claim_columns(solver, DATA_RULE_prio, "task_struct", "prio", 4, &columns);
	if (columns.count > 0)
		solve_policy(solver, columns.rows[0].offset);
}

/* Columns that agree but for a few real-time tasks are prio and normal_prio. */
static void remove_real_time(struct data_solver *solver, struct data_columns *columns)
{
	if (columns->count > DATA_COLUMNS)
		return;
	for (uint32_t i = columns->count; i-- > 0;)
		if (!varies(&solver->tasks, columns->rows[i].offset) ||
		    count_real_time(&solver->tasks, columns->rows[i].offset))
			data_columns_remove(columns, columns->rows[i].offset);
}

static void solve_priorities(struct data_solver *solver)
{
	struct data_columns columns;
	uint32_t fixed;

	data_search(solver, &solver->tasks, &(struct data_search){.step = 4, .width = 4},
		    is_static_prio, NULL, &columns);
	remove_real_time(solver, &columns);
	fixed = data_claim_columns(solver, DATA_RULE_static_prio, "task_struct", "static_prio", 4,
				   &columns);
	if (fixed != DATA_UNKNOWN)
		solve_prio(solver, fixed);
}

/* ---- states ---- */

/* Values of __state: 0 running, 1 and 2 asleep, 4 stopped, 8 traced, 0x20..0x80 ending, 0x402 idle;
 * bits above for freezing and real-time locks. */
static int is_state(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint32_t value = data_u32(set, index, offset), low = value & 0xff;

	(void)solver;
	(void)context;
	return value < 0x100000 && (low & (low - 1)) == 0 ? 1 : -1;
}

struct states {
	uint32_t asleep, idle, user_idle;
	uint32_t undead; /* that have exited, and may run all the same */
};

static bool is_exiting(const struct data_solver *solver, uint32_t index)
{
	return solver->at.task_flags != DATA_UNKNOWN &&
	       data_u32(&solver->tasks, index, solver->at.task_flags) & PF_EXITING;
}

static uint32_t count_exiting(const struct data_solver *solver)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < solver->tasks.count; i++)
		count += is_exiting(solver, i);
	return count;
}

static struct states count_states(const struct data_solver *solver, uint32_t offset)
{
	struct states states = {0};

	for (uint32_t i = 0; i < solver->tasks.count; i++) {
		uint32_t value = data_u32(&solver->tasks, i, offset);

		states.asleep += value == 1;
		if (value == 0x402)
			*(data_is_kernel_thread(solver, i) ? &states.idle : &states.user_idle) += 1;
		states.undead += is_exiting(solver, i) && value < 0x10;
	}
	return states;
}

/* Most programs sleep; idle is for kernel threads only (TASK_IDLE, 80ed87c8). */
static void solve_state(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset + 4 <= solver->tasks.end; offset += 4) {
		struct states states = count_states(solver, offset);
		struct data_column column;

		if (states.asleep >= 2 && states.idle >= 2 && !states.user_idle &&
		    states.undead * 2 <= count_exiting(solver) &&
		    data_check(solver, &solver->tasks, 0, offset, is_state, NULL, &column))
			data_columns_push(&columns, &column);
	}
	data_claim_columns(solver, DATA_RULE_state, "task_struct", "__state", 4, &columns);
}

/* EXIT_ZOMBIE is 32 and EXIT_DEAD 16 (ad86622b, 3.14): nobody has them who is not exiting. */
static int is_exit_state(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	uint32_t value = data_u32(set, index, offset), *matched = context;

	if (!is_exiting(solver, index))
		return value == 0 ? 1 : -1;
	*matched += value == 16 || value == 32;
	return value == 16 || value == 32 ? 1 : -1;
}

/* A status as wait() tells it: of those who live, a signal that stopped them at most. */
static int is_exit_code(struct data_solver *solver, const struct data_set *set, uint32_t index,
			uint32_t offset, void *context)
{
	uint32_t value = data_u32(set, index, offset), *matched = context;

	if (data_is_kernel_thread(solver, index))
		return value == 0 ? 1 : -1;
	if (!is_exiting(solver, index))
		return value == 0 ? 1 : value <= 64 ? 0 : -1;
	*matched += value & 0xff00 && !(value & 0xff); /* ended by itself, and not well */
	return value >> 16 ? -1 : 1;
}

/* Most programs neither ended nor stopped. */
static bool is_mostly_zero(const struct data_solver *solver, uint32_t offset)
{
	uint32_t programs = 0, zero = 0;

	for (uint32_t i = 0; i < solver->tasks.count; i++) {
		if (data_is_kernel_thread(solver, i))
			continue;
		programs++;
		zero += data_u32(&solver->tasks, i, offset) == 0;
	}
	return zero * 4 >= programs * 3;
}

/* Those that end are few: each counts, or (codes may be 0) at least one. */
static void solve_ending(struct data_solver *solver, data_test *test, uint32_t matched_min,
			 enum data_rule rule, const char *member)
{
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset + 4 <= solver->tasks.end; offset += 4) {
		struct data_column column;
		uint32_t matched = 0;

		if (data_check(solver, &solver->tasks, 0, offset, test, &matched, &column) &&
		    matched >= matched_min && is_mostly_zero(solver, offset))
			data_columns_push(&columns, &column);
	}
	data_columns_remove_dissenting(&columns);
	data_claim_columns(solver, rule, "task_struct", member, 4, &columns);
}

static void solve_exit(struct data_solver *solver)
{
	uint32_t exiting;

	if (solver->at.task_flags == DATA_UNKNOWN)
		return;
	exiting = count_exiting(solver);
	if (exiting == 0)
		return;
	solve_ending(solver, is_exit_state, exiting, DATA_RULE_exit_state, "exit_state");
	solve_ending(solver, is_exit_code, 1, DATA_RULE_exit_code, "exit_code");
}

/* ---- times ---- */

/* Pids are given out in turn: of two tasks of neighbouring pids, the later was started later. */
static int cmp_pid(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Numbers of tasks grow with the pid as well. */
static bool overlaps_pid(const struct data_solver *solver, uint32_t offset)
{
	for (uint32_t part = offset; part <= offset + 4; part += 4) {
		uint32_t same = 0;

		for (uint32_t i = 0; i < solver->tasks.count; i++)
			same += data_u32(&solver->tasks, i, part) ==
				data_u32(&solver->tasks, i, solver->at.task_pid);
		if (same * 2 > solver->tasks.count)
			return true;
	}
	return false;
}

static bool is_monotonic(const struct data_solver *solver, uint32_t (*order)[2], uint32_t count,
			 uint32_t offset)
{
	uint64_t before = 0, most = 0;
	uint32_t down = 0, same = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = data_u64(&solver->tasks, order[i][1], offset);

		if (value == 0 || value > NS_PER_HOUR * 24 * 3650)
			return false;
		down += value < before;
		same += value == before;
		before = value;
		most = value > most ? value : most;
	}
	return down * 20 <= count && same * 4 <= count && most > 1000000;
}

/* Both were taken at once: of several, the two that differ by less than a millisecond, for nearly
 * all tasks. */
static bool are_close(const struct data_set *tasks, uint32_t a, uint32_t b)
{
	uint32_t close = 0;

	for (uint32_t i = 0; i < tasks->count; i++) {
		uint64_t one = data_u64(tasks, i, a), two = data_u64(tasks, i, b);

		close += (one > two ? one - two : two - one) < NS_PER_MS;
	}
	return close * 20 >= tasks->count * 19;
}

static void keep_close(const struct data_set *tasks, struct data_columns *columns)
{
	struct data_columns kept = {0};

	for (uint32_t a = 0; a < columns->count; a++)
		for (uint32_t b = 0; b < columns->count; b++)
			if (a != b &&
			    are_close(tasks, columns->rows[a].offset, columns->rows[b].offset)) {
				data_columns_push(&kept, &columns->rows[a]);
				break;
			}
	if (kept.count == 2)
		*columns = kept;
}

/* Which of the two is never less, but for a task in twenty whose memory is bad; -1: that does not tell. */
static int later_of(const struct data_set *tasks, const struct data_columns *columns)
{
	uint32_t later[2] = {0};

	for (uint32_t i = 0; i < tasks->count; i++) {
		uint64_t first = data_u64(tasks, i, columns->rows[0].offset);
		uint64_t second = data_u64(tasks, i, columns->rows[1].offset);

		later[0] += first > second;
		later[1] += second > first;
	}
	for (int i = 0; i < 2; i++)
		if (later[i] >= LATER_MIN && later[!i] * 20 <= later[i])
			return i;
	return -1;
}

/* start_time is taken first and does not count suspension: start_boottime is never less. */
static void claim_start_times(struct data_solver *solver, struct data_columns *columns)
{
	int boot = columns->count == 2 ? later_of(&solver->tasks, columns) : -1;

	if (boot >= 0) {
		data_claim(solver, DATA_RULE_start_time, "task_struct", "start_boottime", 8,
			   &columns->rows[boot], solver->init_task);
		data_claim(solver, DATA_RULE_start_time, "task_struct", "start_time", 8,
			   &columns->rows[!boot], solver->init_task);
		return;
	}
	data_claim_columns(solver, DATA_RULE_start_time, "task_struct", "start_time", 8, columns);
	if (columns->count == 2)
		data_claim_columns(solver, DATA_RULE_start_time, "task_struct", "start_boottime", 8,
				   columns);
}

static void solve_start_times(struct data_solver *solver)
{
	const struct data_set *tasks = &solver->tasks;
	uint32_t(*order)[2] = calloc(tasks->count, sizeof(*order)), count = 0;
	struct data_columns columns = {0};

	if (!order) {
		solver->no_memory = true;
		return;
	}
	for (uint32_t i = 1; i < tasks->count; i++) {
		order[count][0] = data_u32(tasks, i, solver->at.task_pid);
		order[count++][1] = i;
	}
	qsort(order, count, sizeof(*order), cmp_pid);
	for (uint32_t offset = 0; offset + 8 <= tasks->end; offset += solver->word)
		if (columns.count < DATA_COLUMNS && !overlaps_pid(solver, offset) &&
		    is_monotonic(solver, order, count, offset))
			columns.rows[columns.count++] = (struct data_column){offset, count, 0};
	free(order);
	keep_close(tasks, &columns);
	claim_start_times(solver, &columns);
}

/* ---- time spent ---- */

/* Lengths of a tick at the rates that kernels are made with: 100, 250, 300 and 1000 Hz. */
static const uint32_t tick_ns[] = {10000000, 4000000, 3333333, 1000000};

struct ticks {
	uint32_t ns;
	uint32_t programs, kernel_threads; /* with some */
	uint64_t seen[3];                  /* different times, that a limit has not */
	uint32_t distinct;
};

static void count_distinct(struct ticks *ticks, uint64_t value)
{
	for (uint32_t i = 0; i < ticks->distinct; i++)
		if (ticks->seen[i] == value)
			return;
	if (ticks->distinct < 3)
		ticks->seen[ticks->distinct++] = value;
}

/* Time spent is counted in ticks, unless the kernel measures it. */
static int is_ticks(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	struct ticks *ticks = context;
	uint64_t value = data_u64(set, index, offset);

	if (value % ticks->ns || value > NS_PER_HOUR * 24 * 365)
		return -1;
	if (value)
		*(data_is_kernel_thread(solver, index) ? &ticks->kernel_threads
						       : &ticks->programs) += 1;
	if (value)
		count_distinct(ticks, value);
	return 1;
}

static bool is_sum(const struct data_set *set, uint32_t sum, uint32_t a, uint32_t b)
{
	uint32_t same = 0, some = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		uint64_t value = data_u64(set, i, sum);

		some += value != 0;
		same += value && value == data_u64(set, i, a) + data_u64(set, i, b);
	}
	return some && same * 2 > some;
}

/* For a program, a sum is never less than its parts. */
static bool is_somewhere_less(const struct data_solver *solver, uint32_t than, uint32_t offset)
{
	const struct data_set *tasks = &solver->tasks;

	for (uint32_t i = 0; i < tasks->count; i++)
		if (!data_is_kernel_thread(solver, i) &&
		    data_u64(tasks, i, offset) < data_u64(tasks, i, than))
			return true;
	return false;
}

/* Kernel threads spend none in user mode. acct_timexpd, theirs as well, is the sum of both. */
static void claim_times(struct data_solver *solver, struct data_columns *users,
			struct data_columns *systems)
{
	if (systems->count == 1 && users->count == 2) {
		uint32_t a = users->rows[0].offset, b = users->rows[1].offset;
		uint32_t stime = systems->rows[0].offset;
		bool a_sum = is_sum(&solver->tasks, a, b, stime);
		bool b_sum = is_sum(&solver->tasks, b, a, stime);

		if (a_sum != b_sum)
			data_columns_remove(users, a_sum ? a : b);
	}
	if (systems->count == 1 && users->count == 1 &&
	    !is_somewhere_less(solver, systems->rows[0].offset, users->rows[0].offset))
		users->count = 0;
	if (systems->count == 1)
		data_claim_columns(solver, DATA_RULE_ticks, "task_struct", "utime", 8, users);
	data_claim_columns(solver, DATA_RULE_ticks, "task_struct", "stime", 8, systems);
}

static void solve_times(struct data_solver *solver)
{
	for (size_t i = 0; i < sizeof(tick_ns) / sizeof(tick_ns[0]); i++) {
		struct data_columns users = {0}, systems = {0};

		for (uint32_t offset = 0; offset + 8 <= solver->tasks.end; offset += solver->word) {
			struct ticks ticks = {.ns = tick_ns[i]};
			struct data_column column;

			if (!data_check(solver, &solver->tasks, 0, offset, is_ticks, &ticks,
					&column) ||
			    column.dissent || ticks.distinct < 3)
				continue;
			if (ticks.kernel_threads >= 3)
				data_columns_push(&systems, &column);
			else if (ticks.programs >= 3 && !ticks.kernel_threads)
				data_columns_push(&users, &column);
		}
		if (systems.count + users.count == 0)
			continue;
		claim_times(solver, &users, &systems);
		return;
	}
}

void data_solve_states(struct data_solver *solver)
{
	solve_priorities(solver);
	if (solver->kthreadd) {
		solve_state(solver);
		solve_exit(solver);
		solve_times(solver);
	}
	if (solver->at.task_pid != DATA_UNKNOWN)
		solve_start_times(solver);
}
