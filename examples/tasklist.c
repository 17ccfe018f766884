/* SPDX-License-Identifier: MIT */
/*
 * A monitor: lists a guest's processes with pid, ppid, uid and name. It knows the guest's kernel by
 * a generated header:
 *
 *   semgap extract -o vmlinux.gap vmlinux
 *   semgap emit --format header -o semgap_profile.h --symbol init_task \
 *       $(printf -- '--field task_struct.%s ' tasks pid tgid real_parent real_cred comm) --field
 * cred.uid vmlinux.gap cc -I. examples/tasklist.c -lsemgap-source -lsemgap -o tasklist
 *   ./tasklist guest.ram vmlinux.gap
 *
 * Embedded structures (tasks, uid) have an offset only; everything else a typed reader.
 */
#include <inttypes.h>
#include <stdio.h>

#include <semgap/guest.h>
#include <semgap/source.h>

#include "semgap_profile.h"

#define CHECK(call)                                                                                \
	do {                                                                                       \
		enum gap_status checked = (call);                                                  \
		if (checked)                                                                       \
			return checked;                                                            \
	} while (0)

static enum gap_status print_task(struct gap_guest *guest, struct gap_vaddr task)
{
	struct gap_vaddr parent, cred;
	char comm[16];
	uint32_t uid;
	int32_t pid, ppid;

	CHECK(gap_read_task_struct__pid(guest, task, &pid));
	CHECK(gap_read_task_struct__real_parent(guest, task, &parent));
	CHECK(gap_read_task_struct__tgid(guest, parent, &ppid));
	CHECK(gap_read_task_struct__real_cred(guest, task, &cred));
	cred.value += GAP_OFF_cred__uid;
	CHECK(gap_guest_read_u32(guest, cred, &uid));
	CHECK(gap_read_task_struct__comm(guest, task, &comm));
	printf("%" PRId32 "\t%" PRId32 "\t%" PRIu32 "\t%.16s\n", pid, ppid, uid, comm);
	return GAP_OK;
}

/* True when the list was whole and every task could be read. */
static int print_tasks(struct gap_guest *guest)
{
	struct gap_guest_info info;
	struct gap_vaddr head, link;
	struct gap_list list;
	int whole = 1;

	gap_guest_info(guest, &info);
	gap_guest_refresh(guest);
	head.value = GAP_SYM_init_task + info.virtual_slide + GAP_OFF_task_struct__tasks;
	gap_list_init(&list, guest, head, 0);
	while (gap_list_next(&list, &link)) {
		link.value -= GAP_OFF_task_struct__tasks;
		whole &= print_task(guest, link) == GAP_OK;
	}
	if (list.status)
		fprintf(stderr, "tasklist: partial: %s\n", list.reason);
	return whole && !list.status;
}

int main(int argc, char **argv)
{
	struct gap_source_memory *source = NULL;
	struct gap_profile *profile = NULL;
	struct gap_guest *guest = NULL;
	struct gap_error error = {"usage: tasklist MEMORY PROFILE"};
	int status = 2;

	if (argc == 3 && !gap_source_memory_open(argv[1], &source, &error) &&
	    !gap_profile_open(argv[2], &profile, &error) &&
	    !gap_guest_open(gap_source_memory_get(source), profile, NULL, &guest, &error))
		status = print_tasks(guest) ? 0 : 3;
	else
		fprintf(stderr, "%s\n", error.text);
	gap_guest_close(guest);
	gap_profile_close(profile);
	gap_source_memory_close(source);
	return status;
}
