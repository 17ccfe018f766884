/* SPDX-License-Identifier: MIT */
/*
 * Lending QEMU's gdb stub. QEMU has one, and to start it anew cuts off who is connected: so it is
 * asked first whether it has one ("gdb" among its character devices, -s or -gdb in its arguments).
 * Connecting stops the guest; it is let go on only if it ran before. Signals that would end us
 * wait until then.
 *
 * QEMU: gdbserver_start() in gdbstub.c; getfd and chardev-add of its machine protocol.
 */
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory/qemu_stub.h"

#define DEVICE "semgap-gdb"

/* ---- whether it is free ---- */

static int has_label(struct json_object *devices, const char *wanted)
{
	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		struct json_object *label = NULL;

		json_object_object_get_ex(json_object_array_get_idx(devices, i), "label", &label);
		if (label && strcmp(json_object_get_string(label), wanted) == 0)
			return 1;
	}
	return 0;
}

static int has_stub_argument(pid_t pid)
{
	char path[64], *argument = NULL;
	size_t capacity = 0;
	int found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!found && getdelim(&argument, &capacity, '\0', file) > 0)
		found = strcmp(argument, "-s") == 0 || strcmp(argument, "-gdb") == 0 ||
			strcmp(argument, "--gdb") == 0;
	free(argument);
	fclose(file);
	return found;
}

static enum gap_status check_free(const struct gap_qmp *qmp, struct gap_error *error)
{
	struct json_object *devices = NULL;
	enum gap_status status = gap_qmp_execute(qmp, "query-chardev", NULL, &devices, error);
	int used;

	if (status)
		return status;
	used = !json_object_is_type(devices, json_type_array) || has_label(devices, "gdb") ||
	       has_label(devices, DEVICE) || has_stub_argument(qmp->pid);
	json_object_put(devices);
	if (!used)
		return GAP_OK;
	return gap_fail(error, GAP_UNSUPPORTED,
			"%s: QEMU's gdb stub is in use; it is left to its user", qmp->name);
}

enum gap_status gap_qemu_is_running(const struct gap_qmp *qmp, int *running,
				    struct gap_error *error)
{
	struct json_object *answer = NULL, *value = NULL;
	enum gap_status status = gap_qmp_execute(qmp, "query-status", NULL, &answer, error);

	if (status)
		return status;
	if (json_object_object_get_ex(answer, "running", &value))
		*running = json_object_get_boolean(value);
	else
		status = gap_fail(error, GAP_IO, "%s: query-status says nothing", qmp->name);
	json_object_put(answer);
	return status;
}

/* ---- starting and taking away ---- */

static enum gap_status add_device(const struct gap_qmp *qmp, int fd, struct gap_error *error)
{
	enum gap_status status = gap_qmp_give_file(qmp, DEVICE, fd, error);

	if (status)
		return status;
	status = gap_qmp_execute(qmp, "chardev-add",
				 "{\"id\":\"" DEVICE "\",\"backend\":{\"type\":\"socket\","
				 "\"data\":{\"addr\":{\"type\":\"fd\",\"data\":{\"str\":\"" DEVICE
				 "\"}},\"server\":false}}}",
				 NULL, error);
	if (status)
		(void)!gap_qmp_execute(qmp, "closefd", "{\"fdname\":\"" DEVICE "\"}", NULL, NULL);
	return status;
}

/* With the stub goes the device. */
static enum gap_status start(const struct gap_qmp *qmp, int fd, struct gap_error *error)
{
	enum gap_status status = add_device(qmp, fd, error);
	char *text = NULL;

	if (status)
		return status;
	status = gap_qmp_human(qmp, "gdbserver chardev:" DEVICE, &text, error);
	if (!status && !strstr(text, "Waiting for gdb"))
		status = gap_fail(error, GAP_UNSUPPORTED, "%s: QEMU refuses a gdb stub: %.200s",
				  qmp->name, text);
	free(text);
	if (status)
		(void)!gap_qmp_execute(qmp, "chardev-remove", "{\"id\":\"" DEVICE "\"}", NULL,
				       NULL);
	return status;
}

static enum gap_status take_away(const struct gap_qmp *qmp, int was_running,
				 struct gap_error *error)
{
	char *text = NULL;
	enum gap_status status = gap_qmp_human(qmp, "gdbserver none", &text, error), resumed;

	free(text);
	if (!was_running)
		return status;
	resumed = gap_qmp_execute(qmp, "cont", NULL, NULL, status ? NULL : error);
	return status ? status : resumed;
}

/* QEMU has its own copy of the far end: ours is closed, so that it is seen to hang up. */
static enum gap_status use_stub(const struct gap_qmp *qmp, const int ends[2],
				gap_qemu_stub_use *use, void *context, struct gap_error *error)
{
	int running;
	struct gap_error last = {""};
	enum gap_status status = gap_qemu_is_running(qmp, &running, error), taken;

	if (!status)
		status = start(qmp, ends[1], error);
	close(ends[1]);
	if (status)
		return GAP_UNSUPPORTED;
	status = use(context, ends[0], error);
	taken = take_away(qmp, running, &last);
	if (taken)
		return gap_fail(error, GAP_IO, "the guest may still stand: %.900s", last.text);
	return status ? GAP_UNSUPPORTED : GAP_OK;
}

enum gap_status gap_qemu_stub_borrow(const struct gap_qmp *qmp, gap_qemu_stub_use *use,
				     void *context, struct gap_error *error)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE};
	enum gap_status status = check_free(qmp, error);
	sigset_t set, before;
	int ends[2];

	if (status)
		return GAP_UNSUPPORTED;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return gap_fail(error, GAP_UNSUPPORTED, "%s: no pair of sockets", qmp->name);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&set, ending[i]);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	status = use_stub(qmp, ends, use, context, error);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	return status;
}
