/* SPDX-License-Identifier: MIT */
/*
 * The end of tools/quickstart: what a header that semgap generated knows at compile time, held
 * against a profile image read at run time.
 */
#include <semgap/bind.h>

#include <stdio.h>

#include "kernel.h"

struct expectation {
	const char *type, *member;
	size_t offset_bytes;
};

static const struct expectation expectations[] = {
	{"task_struct", "pid", GAP_OFF_task_struct__pid},
	{"task_struct", "tgid", GAP_OFF_task_struct__tgid},
	{"task_struct", "comm", GAP_OFF_task_struct__comm},
	{"task_struct", "tasks", GAP_OFF_task_struct__tasks},
	{"task_struct", "mm", GAP_OFF_task_struct__mm},
};

enum { EXPECTATIONS = sizeof(expectations) / sizeof(expectations[0]) };

int main(int argc, char **argv)
{
	struct gap_field_request requests[EXPECTATIONS] = {{0}};
	struct gap_field fields[EXPECTATIONS];
	struct gap_profile *profile;
	struct gap_error error;
	int wrong = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s PROFILE.gap\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < EXPECTATIONS; i++) {
		requests[i].type = expectations[i].type;
		requests[i].member = expectations[i].member;
	}
	if (gap_profile_open(argv[1], &profile, &error) != GAP_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	if (gap_bind_fields(profile, requests, EXPECTATIONS, fields, &error) != GAP_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	for (int i = 0; i < EXPECTATIONS; i++) {
		int same = fields[i].offset_bytes == expectations[i].offset_bytes;

		printf("%s.%-6s header %5zu   image %5u   %s\n", expectations[i].type,
		       expectations[i].member, expectations[i].offset_bytes, fields[i].offset_bytes,
		       same ? "agree" : "DIFFER");
		wrong += !same;
	}
	gap_profile_close(profile);
	return wrong ? 1 : 0;
}
