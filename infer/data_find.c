/* SPDX-License-Identifier: MIT */
/*
 * The first objects: init_task, and through it all tasks. Without a symbol, init_task is where
 * "swapper" stands in the image beside several pointers to one place just before it (its parents
 * and its group leader are itself); a decoy has no closed list of tasks with "kthreadd" among them.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#define TASK_BYTES 8192u
#define BEFORE 8192u /* bytes around a name in which the rest of its task lies */
#define AFTER 4096u
#define PAGE 4096u
#define CHUNK (1u << 16)
#define NAMES_MAX 64 /* places that are looked at */
#define COMM_BYTES 16u
#define SELF_MIN 3 /* real_parent, parent, group_leader */

static const char swapper[] = "swapper";

/* A name as the kernel keeps it: ends within its 16 bytes. */
static bool is_name(const unsigned char *name)
{
	const unsigned char *end = memchr(name, 0, COMM_BYTES);

	if (!end || end == name)
		return false;
	for (; name < end; name++)
		if (*name < ' ' || *name > '~')
			return false;
	return true;
}

/* ---- the list of all tasks ---- */

struct task_list {
	uint32_t offset, comm;
	struct data_list list;
	uint32_t names; /* elements with a name */
	bool kthreadd;
};

static bool read_name(struct data_solver *solver, uint64_t task, uint32_t comm,
		      unsigned char name[COMM_BYTES])
{
	return data_read(solver, task + comm, name, COMM_BYTES);
}

static void count_names(struct data_solver *solver, struct task_list *tasks)
{
	unsigned char name[COMM_BYTES];

	tasks->names = 0;
	tasks->kthreadd = false;
	for (uint32_t i = 0; i < tasks->list.count; i++) {
		uint64_t task = tasks->list.at[i] - tasks->offset;

		if (!read_name(solver, task, tasks->comm, name) || !is_name(name))
			continue;
		tasks->names++;
		if (memcmp(name, "kthreadd", 9) == 0)
			tasks->kthreadd = true;
	}
}

/* Most lists of init_task hold no tasks: the first elements' names tell. */
static bool begins_well(struct data_solver *solver, uint64_t base, uint32_t offset, uint32_t comm)
{
	unsigned char name[COMM_BYTES];
	uint64_t at;

	return data_read_word(solver, base + offset, &at) && data_is_kernel(solver, at) &&
	       at != base + offset && at % solver->word == 0 &&
	       read_name(solver, at - offset, comm, name) && is_name(name);
}

static bool try_list(struct data_solver *solver, uint64_t base, struct task_list *tasks)
{
	if (!begins_well(solver, base, tasks->offset, tasks->comm))
		return false;
	data_list_walk(solver, base + tasks->offset, DATA_LIST_MAX, &tasks->list);
	count_names(solver, tasks);
	if (tasks->list.closed && tasks->kthreadd && tasks->names * 4 >= tasks->list.count * 3)
		return true;
	data_list_deinit(&tasks->list);
	return false;
}

/* A guest that runs may tear the list under the walk: it is tried again. */
static bool find_list(struct data_solver *solver, uint64_t base, uint32_t comm,
		      struct task_list *tasks)
{
	for (unsigned attempt = 0; attempt < 3; attempt++)
		for (uint32_t offset = 0; offset < TASK_BYTES; offset += solver->word) {
			*tasks = (struct task_list){.offset = offset, .comm = comm};
			if (try_list(solver, base, tasks))
				return true;
		}
	return false;
}

/*
 * Processes lead themselves: at one place, each of the list's tasks points to its own start. Where
 * @base is not the start of init_task, theirs are as wrong, and none does. (Two words at the very
 * start may be an empty list.)
 */
static bool lead_themselves(struct data_solver *solver, uint64_t base,
			    const struct task_list *tasks)
{
	for (uint32_t offset = 2 * solver->word; offset < TASK_BYTES; offset += solver->word) {
		uint32_t good = 0;
		uint64_t value;

		if (!data_read_word(solver, base + offset, &value) || value != base)
			continue;
		for (uint32_t i = 0; i < tasks->list.count; i++) {
			uint64_t task = tasks->list.at[i] - tasks->offset;

			good += data_read_word(solver, task + offset, &value) && value == task;
		}
		if (good * 10 >= tasks->list.count * 9)
			return true;
	}
	return false;
}

/* Takes @base for init_task when its name is in it and a list of tasks begins there. */
static bool try_init_task(struct data_solver *solver, uint64_t base, struct task_list *tasks)
{
	unsigned char bytes[TASK_BYTES], *name = bytes;

	if (!data_read(solver, base, bytes, sizeof(bytes)))
		return false;
	while ((name = memmem(name, (size_t)(bytes + sizeof(bytes) - name), swapper,
			      sizeof(swapper) - 1))) {
		if (find_list(solver, base, (uint32_t)(name - bytes), tasks)) {
			if (lead_themselves(solver, base, tasks))
				return true;
			data_list_deinit(&tasks->list);
		}
		name++;
	}
	return false;
}

/* ---- init_task without a symbol ---- */

static uint64_t word_at(const struct data_solver *solver, const unsigned char *bytes)
{
	uint64_t value = 0;

	memcpy(&value, bytes, solver->word);
	return value;
}

static unsigned count_of(const struct data_solver *solver, const unsigned char *bytes, size_t size,
			 uint64_t value)
{
	unsigned count = 0;

	for (size_t i = 0; i + solver->word <= size; i += solver->word)
		count += word_at(solver, bytes + i) == value;
	return count;
}

/* The place before @name to which several pointers around it lead is the start of its task. */
static bool try_name(struct data_solver *solver, uint64_t name, struct task_list *tasks)
{
	unsigned char bytes[BEFORE + AFTER];
	uint64_t start = (name - BEFORE) & ~(uint64_t)(solver->word - 1), tried = 0;

	if (!data_read(solver, start, bytes, sizeof(bytes)))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i += solver->word) {
		uint64_t base = word_at(solver, bytes + i);

		if (base < start || base > name || base == tried ||
		    count_of(solver, bytes, sizeof(bytes), base) < SELF_MIN)
			continue;
		tried = base;
		if (try_init_task(solver, base, tasks)) {
			solver->init_task = base;
			return true;
		}
	}
	return false;
}

static bool search_chunk(struct data_solver *solver, uint64_t at, const unsigned char *bytes,
			 size_t size, unsigned *names, struct task_list *tasks)
{
	const unsigned char *found = bytes;

	while (*names < NAMES_MAX && (found = memmem(found, size - (size_t)(found - bytes), swapper,
						     sizeof(swapper) - 1))) {
		++*names;
		if (try_name(solver, at + (uint64_t)(found - bytes), tasks))
			return true;
		found++;
	}
	return false;
}

static bool search_image(struct data_solver *solver, struct task_list *tasks)
{
	const struct infer_window *image = &solver->kernel->image;
	unsigned char *bytes = malloc(CHUNK);
	bool found = false;
	unsigned names = 0;
	uint64_t step;

	if (!bytes) {
		solver->no_memory = true;
		return false;
	}
	for (uint64_t at = image->start; at < image->end && !found; at += step) {
		size_t size = image->end - at < CHUNK ? (size_t)(image->end - at) : CHUNK;
		bool whole = data_read(solver, at, bytes, size);

		if (!whole) /* parts of the image were freed */
			size = PAGE - at % PAGE;
		step = whole && size == CHUNK ? CHUNK - sizeof(swapper) : size;
		if (whole || data_read(solver, at, bytes, size))
			found = search_chunk(solver, at, bytes, size, &names, tasks);
	}
	free(bytes);
	return found;
}

static bool find_init_task(struct data_solver *solver, struct task_list *tasks)
{
	const struct infer_symbol *symbol =
		infer_symbols_named(solver->kernel->symbols, "init_task", NULL);

	if (symbol && try_init_task(solver, symbol->address, tasks)) {
		solver->init_task = symbol->address;
		return true;
	}
	return search_image(solver, tasks);
}

void data_find_tasks(struct data_solver *solver)
{
	struct task_list tasks;
	struct data_column column;

	if (!find_init_task(solver, &tasks))
		return;
	column = (struct data_column){tasks.offset, tasks.list.count, 0};
	data_claim(solver, DATA_RULE_tasks_list, "task_struct", "tasks", 2 * solver->word, &column,
		   solver->init_task);
	column = (struct data_column){tasks.comm, tasks.names + 1, tasks.list.count - tasks.names};
	data_claim(solver, DATA_RULE_comm, "task_struct", "comm", COMM_BYTES, &column,
		   solver->init_task);
	solver->at.task_tasks = tasks.offset;
	solver->at.task_comm = tasks.comm;
	infer_claims_symbol(solver->claims, "init_task", solver->init_task, 0);
	data_set_add(solver, &solver->tasks, solver->init_task, 0);
	for (uint32_t i = 0; i < tasks.list.count; i++)
		data_set_add(solver, &solver->tasks, tasks.list.at[i] - tasks.offset, 0);
	data_list_deinit(&tasks.list);
}
