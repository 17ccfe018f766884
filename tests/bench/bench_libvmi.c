/* SPDX-License-Identifier: MIT */
/*
 * The work of bench_guest.c done with LibVMI, on the same image: built where LibVMI is installed.
 * Prints a row per operation, with a tab: its name as there, nanoseconds.
 *
 *     bench_libvmi TABLE.json GUEST-RAM       the table: semgap emit --format isf
 *
 * Fields are at offsets asked for once, as ours are bound once. Cold: LibVMI's cache of translations
 * is flushed before each list; its cache of pages stays. "attach" loads the table, as LibVMI has no
 * way to keep it.
 */
#include <stdio.h>
#include <stdlib.h>

#include <libvmi/libvmi.h>
#include <libvmi/libvmi_extra.h>

#include "tests/bench/bench_measure.h"

#define TASKS_MAX 4096
#define HOT_MAX 16
#define KERNEL 0 /* the process whose address space is meant */

struct bench {
	char *table;
	const char *ram;
	vmi_instance_t vmi;
	addr_t pid, comm, tasks, head, root;
	addr_t addresses[TASKS_MAX]; /* of the tasks' lists */
	unsigned long task_count, hot_count;
};

static volatile uint64_t sink;

static void need(int fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "bench_libvmi: LibVMI cannot %s\n", what);
	exit(2);
}

static vmi_instance_t open_guest(const struct bench *bench)
{
	vmi_instance_t vmi = NULL;
	vmi_init_error_t error;

	need(vmi_init(&vmi, VMI_FILE, bench->ram, VMI_INIT_DOMAINNAME, NULL, &error) == VMI_SUCCESS,
	     "open the image");
	need(vmi_init_os(vmi, VMI_CONFIG_JSON_PATH, bench->table, &error) == VMI_OS_LINUX,
	     "find the kernel");
	return vmi;
}

static void attach(void *context)
{
	vmi_destroy(open_guest(context));
}

static void fields(void *context)
{
	struct bench *bench = context;

	for (unsigned long i = 0; i < bench->hot_count; i++) {
		addr_t task = bench->addresses[i] - bench->tasks;
		uint32_t pid = 0;

		if (vmi_read_32_va(bench->vmi, task + bench->pid, KERNEL, &pid) == VMI_SUCCESS)
			sink += pid;
	}
}

/* This one looks into no cache. */
static void walks(void *context)
{
	struct bench *bench = context;

	for (unsigned long i = 0; i < bench->task_count; i++) {
		page_info_t page;

		if (vmi_pagetable_lookup_extended(bench->vmi, bench->root, bench->addresses[i],
						  &page) == VMI_SUCCESS)
			sink += page.paddr;
	}
}

static void list(void *context)
{
	struct bench *bench = context;
	vmi_instance_t vmi = bench->vmi;
	addr_t at = bench->head;
	uint64_t comm[2];
	uint32_t pid;

	for (unsigned long i = 0; i <= bench->task_count; i++) {
		addr_t task = at - bench->tasks;

		if (vmi_read_32_va(vmi, task + bench->pid, KERNEL, &pid) != VMI_SUCCESS ||
		    vmi_read_va(vmi, task + bench->comm, KERNEL, sizeof(comm), comm, NULL) !=
			    VMI_SUCCESS ||
		    vmi_read_addr_va(vmi, at, KERNEL, &at) != VMI_SUCCESS)
			return;
		sink += pid + comm[0] + comm[1];
	}
}

static void list_cold(void *context)
{
	struct bench *bench = context;

	vmi_v2pcache_flush(bench->vmi, ~(addr_t)0);
	list(context);
}

static addr_t offset_of(const struct bench *bench, const char *member)
{
	addr_t offset = 0;

	need(vmi_get_kernel_struct_offset(bench->vmi, "task_struct", member, &offset) ==
		     VMI_SUCCESS,
	     "find a member of task_struct");
	return offset;
}

static void set_up(struct bench *bench)
{
	addr_t at;

	bench->vmi = open_guest(bench);
	bench->pid = offset_of(bench, "pid");
	bench->comm = offset_of(bench, "comm");
	bench->tasks = offset_of(bench, "tasks");
	need(vmi_get_offset(bench->vmi, "kpgd", &bench->root) == VMI_SUCCESS &&
		     vmi_translate_ksym2v(bench->vmi, "init_task", &bench->head) == VMI_SUCCESS,
	     "tell its root");
	bench->head += bench->tasks;
	for (at = bench->head; bench->task_count < TASKS_MAX; bench->task_count++) {
		need(vmi_read_addr_va(bench->vmi, at, KERNEL, &at) == VMI_SUCCESS, "read the list");
		if (at == bench->head)
			break;
		bench->addresses[bench->task_count] = at;
	}
	bench->hot_count = bench->task_count < HOT_MAX ? bench->task_count : HOT_MAX;
}

static void row(const char *name, struct bench *bench, void (*run)(void *), unsigned long parts)
{
	printf("%s\t%.1f\n", name, bench_alone((struct bench_operation){run, bench, parts}));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc != 3) {
		fprintf(stderr, "usage: %s TABLE.json GUEST-RAM\n", argv[0]);
		return 2;
	}
	bench.table = argv[1];
	bench.ram = argv[2];
	set_up(&bench);
	row("field", &bench, fields, bench.hot_count);
	row("walk", &bench, walks, bench.task_count);
	row("task_warm", &bench, list, bench.task_count + 1);
	row("task_cold", &bench, list_cold, bench.task_count + 1);
	vmi_destroy(bench.vmi);
	row("attach_all", &bench, attach, 1);
	printf("processes\t%lu\n", bench.task_count);
	return 0;
}
