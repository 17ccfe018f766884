/* SPDX-License-Identifier: MIT */
/*
 * A monitor: lists a guest's processes by a header that was made for the guest's
 * kernel.
 *   semgap extract -o kernel.gap vmlinux
 *   semgap emit --format header -o kernel.h --symbol init_task --field cred.uid --field
 * task_struct.pid \
 *       --field task_struct.tgid --field task_struct.tasks --field task_struct.comm \
 *       --field task_struct.real_parent --field task_struct.real_cred kernel.gap
 *   cc -I. tasklist.c $(pkg-config --cflags --libs semgap-source) -o tasklist && ./tasklist
 * kernel.gap guest.ram
 */
#include <inttypes.h>
#include <stdio.h>

#include <semgap/guest.h>
#include <semgap/source.h>

#include "kernel.h"

/* Embedded structures (uid) have an offset only, everything else a typed reader. */
static enum gap_status print_task(struct gap_guest *guest, struct gap_vaddr task)
{
	struct gap_vaddr parent, cred;
	char comm[16];
	uint32_t uid;
	int32_t pid, ppid;

	if (gap_read_task_struct__pid(guest, task, &pid) ||
	    gap_read_task_struct__real_parent(guest, task, &parent) ||
	    gap_read_task_struct__tgid(guest, parent, &ppid) ||
	    gap_read_task_struct__real_cred(guest, task, &cred) ||
	    gap_guest_read_u32(guest, (struct gap_vaddr){cred.value + GAP_OFF_cred__uid}, &uid) ||
	    gap_read_task_struct__comm(guest, task, &comm))
		return GAP_PARTIAL;
	printf("%" PRId32 "\t%" PRId32 "\t%" PRIu32 "\t%.16s\n", pid, ppid, uid, comm);
	return GAP_OK;
}

/* GAP_PARTIAL when the list was broken or a task could not be read. */
static enum gap_status print_tasks(struct gap_guest *guest)
{
	enum gap_status status = GAP_OK;
	struct gap_guest_info info;
	struct gap_vaddr head, link;
	struct gap_list list;

	gap_guest_info(guest, &info);
	head.value = GAP_SYM_init_task + info.virtual_slide + GAP_OFF_task_struct__tasks;
	gap_list_init(&list, guest, head, 0);
	while (gap_list_next(&list, &link)) {
		link.value -= GAP_OFF_task_struct__tasks;
		if (print_task(guest, link))
			status = GAP_PARTIAL;
	}
	if (list.status)
		fprintf(stderr, "tasklist: partial: %s\n", list.reason);
	return list.status ? list.status : status;
}

int main(int argc, char **argv)
{
	struct gap_error error = {"usage: tasklist PROFILE MEMORY"};
	struct gap_source_memory *source = NULL;
	struct gap_profile *profile = NULL;
	struct gap_guest *guest = NULL;
	int status = 2; /* as semgap's own: 2 unusable, 3 partial */

	if (argc == 3 && !gap_profile_open(argv[1], &profile, &error) &&
	    !gap_source_memory_open(argv[2], &source, &error) &&
	    !gap_guest_open(gap_source_memory_get(source), profile, NULL, &guest, &error))
		status = print_tasks(guest) ? 3 : 0;
	else
		fprintf(stderr, "%s\n", error.text);
	gap_guest_close(guest);
	gap_source_memory_close(source);
	gap_profile_close(profile);
	return status;
}
