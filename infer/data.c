/* SPDX-License-Identifier: MIT */
/*
 * Evidence from data: live objects, met through init_task and what it leads to, and the offsets at
 * which they agree with each other. Every rule holds for any order of members. The rules are in
 * data_*.c; here is the order in which they build on each other.
 */
#include "infer/data_solver.h"

#include <elf.h>
#include <stdlib.h>

#define TASK_BYTES 8192u

static void (*const parts[])(struct data_solver *solver) = {
	data_find_tasks,     data_solve_tasks,   data_solve_states,  data_solve_memory,
	data_solve_mappings, data_solve_ids,     data_solve_files,   data_solve_inodes,
	data_solve_mounts,   data_solve_sockets, data_solve_chains,  data_solve_netlink,
	data_solve_modules,  data_solve_log,     data_solve_special, data_solve_kinds,
};

/* Where the kernel's half begins. With 32 bits it is configured: at or below where memory is mapped
 * linearly. */
static uint64_t kernel_start(const struct infer_kernel *kernel)
{
	if (kernel->machine == EM_AARCH64)
		return UINT64_C(0xfff0000000000000);
	if (kernel->pointer_bytes == 8)
		return UINT64_C(0xff00000000000000);
	if (kernel->direct_map.start && kernel->direct_map.start < kernel->direct_map.end)
		return kernel->direct_map.start;
	return kernel->image.start & 0xc0000000;
}

/* How much of each kind of object is copied, and how many of them are looked at: some hundred say
 * what all would, but the tree of tasks wants to be whole. */
static void init_sets(struct data_solver *solver)
{
	data_set_init(&solver->tasks, TASK_BYTES, 4096);
	data_set_init(&solver->signals, 2048, 512);
	data_set_init(&solver->mms, 2048, 64);
	data_set_init(&solver->vmas, 256, 8192);
	data_set_init(&solver->creds, 256, 512);
	data_set_init(&solver->pids, 256, 512);
	data_set_init(&solver->nsproxies, 128, 128);
	data_set_init(&solver->filesets, 1024, 512);
	data_set_init(&solver->files, 320, 512);
	data_set_init(&solver->dentries, 320, 1024);
	data_set_init(&solver->inodes, 1024, 1024);
	data_set_init(&solver->supers, 2048, 128);
	data_set_init(&solver->mounts, 512, 256);
	data_set_init(&solver->types, 256, 128);
	data_set_init(&solver->sockets, 256, 256);
	data_set_init(&solver->socks, 2048, 256);
	data_set_init(&solver->modules, 2048, 1024);
	data_set_init(&solver->nets, 8192, 64);
}

static void deinit_sets(struct data_solver *solver)
{
	struct data_set *sets[] = {&solver->tasks,     &solver->signals,  &solver->mms,
				   &solver->vmas,      &solver->creds,    &solver->pids,
				   &solver->nsproxies, &solver->filesets, &solver->files,
				   &solver->dentries,  &solver->inodes,   &solver->supers,
				   &solver->mounts,    &solver->types,    &solver->sockets,
				   &solver->socks,     &solver->modules,  &solver->nets};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		data_set_deinit(sets[i]);
}

enum gap_status infer_data_evidence(struct infer_kernel *kernel, const struct infer_fields *fields,
				    struct infer_claims *claims, struct gap_error *error)
{
	struct data_solver solver = {.kernel = kernel,
				     .fields = fields,
				     .claims = claims,
				     .word = kernel->pointer_bytes,
				     .kernel_start = kernel_start(kernel)};

	memset(solver.class_ids, 0xff, sizeof(solver.class_ids));
	memset(&solver.at, 0xff, sizeof(solver.at));
	init_sets(&solver);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		parts[i](&solver);
		if (solver.tasks.count == 0)
			break; /* nothing leads anywhere */
	}
	deinit_sets(&solver);
	free(solver.vma_order);
	if (solver.no_memory)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	return GAP_OK;
}
