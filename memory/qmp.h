/* SPDX-License-Identifier: MIT */
/*
 * QEMU's machine protocol, whoever carries it: a socket, libvirt, or a test. One channel is for one
 * thread at a time. The protocol: docs/interop/qmp-spec.rst of QEMU.
 */
#ifndef SEMGAP_QMP_H
#define SEMGAP_QMP_H

#include <sys/types.h>

#include "semgap/status.h"

struct json_object;

struct gap_qmp {
	/**
	 * Sends a command, {"execute":…,"arguments":…} as text, and gives back the whole reply to
	 * it (a new reference). GAP_IO: no reply.
	 */
	enum gap_status (*exchange)(void *context, const char *command, struct json_object **reply,
				    struct gap_error *error);
	/** The same, and gives QEMU a descriptor with the command. NULL: this channel carries none. */
	enum gap_status (*exchange_file)(void *context, const char *command, int fd,
					 struct json_object **reply, struct gap_error *error);
	void (*close)(void *context);
	void *context;
	const char *name; /* of the guest, for words; lives as long as the channel */
	pid_t pid;        /* QEMU's; 0 not known */
};

/** Executes a command. @answer (may be NULL) is a new reference to what it returns. What QEMU
 * refuses is GAP_UNSUPPORTED with QEMU's words. @arguments: a JSON object's text, or NULL. */
enum gap_status gap_qmp_execute(const struct gap_qmp *qmp, const char *command,
				const char *arguments, struct json_object **answer,
				struct gap_error *error);

/** A command of the human monitor, which needs no escaping; @text is malloc'ed. */
enum gap_status gap_qmp_human(const struct gap_qmp *qmp, const char *line, char **text,
			      struct gap_error *error);

/** Gives QEMU a copy of a descriptor, which it then knows by a name. GAP_UNSUPPORTED: the channel
 * carries none. */
enum gap_status gap_qmp_give_file(const struct gap_qmp *qmp, const char *name, int fd,
				  struct gap_error *error);

/** Channels. The socket's pid is that of the process that listens. */
enum gap_status gap_qmp_open_socket(const char *path, struct gap_qmp *qmp, struct gap_error *error);
enum gap_status gap_qmp_open_libvirt(const char *domain, struct gap_qmp *qmp,
				     struct gap_error *error);

#endif
