/* SPDX-License-Identifier: MIT */
/*
 * QMP through libvirt, which owns the sockets of most guests in the field. libvirt and all that it
 * needs is loaded when such a guest is opened, so that nobody else waits for it; its header only
 * gives the types. Monitor commands taint the domain in libvirt's eyes ("custom-monitor").
 */
#include "memory/qmp.h"

#ifdef SEMGAP_LIBVIRT

#include <dlfcn.h>
#include <json-c/json.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The functions used, each with its type from the header. */
#define LIBVIRT_FUNCTIONS(_)                                                                       \
	_(virConnectOpen)                                                                          \
	_(virConnectClose)                                                                         \
	_(virConnectGetURI)                                                                        \
	_(virDomainLookupByName)                                                                   \
	_(virDomainFree)                                                                           \
	_(virGetLastErrorMessage)                                                                  \
	_(virSetErrorFunc)                                                                         \
	_(virDomainQemuMonitorCommand)

/* virDomainQemuMonitorCommandWithFiles, since libvirt 8.2: an older header does not have it. */
typedef int with_files(virDomainPtr domain, const char *command, unsigned int file_count,
		       int *files, unsigned int *file_count_back, int **files_back, char **result,
		       unsigned int flags);

struct libvirt {
	void *library, *qemu_library;
#define MEMBER(name) __typeof__(&name) name;
	LIBVIRT_FUNCTIONS(MEMBER)
#undef MEMBER
	virConnectPtr connection;
	virDomainPtr domain;
	with_files *monitor_command_with_files; /* NULL: an older libvirt */
	char *name;
};

/* The QEMU functions are in a library of their own, the others in the common one. */
static int load(struct libvirt *libvirt)
{
	libvirt->library = dlopen("libvirt.so.0", RTLD_NOW | RTLD_LOCAL);
	libvirt->qemu_library = dlopen("libvirt-qemu.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!libvirt->library || !libvirt->qemu_library)
		return 0;
#define LOOK_UP(name)                                                                              \
	*(void **)&libvirt->name = dlsym(libvirt->qemu_library, #name);                            \
	if (!libvirt->name)                                                                        \
		*(void **)&libvirt->name = dlsym(libvirt->library, #name);                         \
	if (!libvirt->name)                                                                        \
		return 0;
	LIBVIRT_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
	*(void **)&libvirt->monitor_command_with_files =
		dlsym(libvirt->qemu_library, "virDomainQemuMonitorCommandWithFiles");
	return 1;
}

static void close_libvirt(void *context)
{
	struct libvirt *libvirt = context;

	if (libvirt->domain)
		libvirt->virDomainFree(libvirt->domain);
	if (libvirt->connection)
		libvirt->virConnectClose(libvirt->connection);
	/* Not unloaded: its threads and handlers may outlive the connection. */
	free(libvirt->name);
	free(libvirt);
}

static enum gap_status fail(const struct libvirt *libvirt, enum gap_status status,
			    struct gap_error *error)
{
	const char *words = libvirt->virGetLastErrorMessage();

	return gap_fail(error, status, "libvirt:%s: %.500s", libvirt->name,
			words ? words : "failed");
}

/* Takes the text. */
static enum gap_status parse_reply(const struct libvirt *libvirt, char *text,
				   struct json_object **reply, struct gap_error *error)
{
	*reply = json_tokener_parse(text);
	free(text);
	if (!*reply)
		return gap_fail(error, GAP_IO, "libvirt:%s: a reply that is no JSON",
				libvirt->name);
	return GAP_OK;
}

static enum gap_status exchange(void *context, const char *command, struct json_object **reply,
				struct gap_error *error)
{
	struct libvirt *libvirt = context;
	char *text = NULL;

	if (libvirt->virDomainQemuMonitorCommand(libvirt->domain, command, &text, 0) < 0)
		return fail(libvirt, GAP_IO, error);
	return parse_reply(libvirt, text, reply, error);
}

static enum gap_status exchange_file(void *context, const char *command, int fd,
				     struct json_object **reply, struct gap_error *error)
{
	struct libvirt *libvirt = context;
	char *text = NULL;

	if (libvirt->monitor_command_with_files(libvirt->domain, command, 1, &fd, NULL, NULL, &text,
						0) < 0)
		return fail(libvirt, GAP_IO, error);
	return parse_reply(libvirt, text, reply, error);
}

/* libvirt tells QEMU's process only in the files that it keeps of running domains. */
static pid_t read_pid(const char *folder, const char *domain)
{
	char path[8192];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "%s/%s.pid", folder, domain);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

static pid_t find_pid(const struct libvirt *libvirt)
{
	char *uri = libvirt->virConnectGetURI(libvirt->connection);
	int is_session = uri && strstr(uri, "/session");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char folder[4096];

	free(uri);
	if (!is_session)
		return read_pid("/run/libvirt/qemu", libvirt->name);
	if (runtime && *runtime)
		snprintf(folder, sizeof(folder), "%s/libvirt/qemu/run", runtime);
	else
		snprintf(folder, sizeof(folder), "/run/user/%u/libvirt/qemu/run",
			 (unsigned)getuid());
	return read_pid(folder, libvirt->name);
}

/* libvirt prints errors by itself unless it is told not to; ours say the same in their place. */
static void print_nothing(void *context, virErrorPtr libvirt_error)
{
	(void)context;
	(void)libvirt_error;
}

static enum gap_status open_domain(struct libvirt *libvirt, const char *domain, struct gap_qmp *qmp,
				   struct gap_error *error)
{
	libvirt->name = strdup(domain);
	if (!libvirt->name)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (!load(libvirt))
		return gap_fail(error, GAP_UNSUPPORTED, "libvirt:%s: libvirt is not installed",
				domain);
	libvirt->virSetErrorFunc(NULL, print_nothing);
	libvirt->connection = libvirt->virConnectOpen(NULL);
	if (!libvirt->connection)
		return fail(libvirt, GAP_IO, error);
	libvirt->domain = libvirt->virDomainLookupByName(libvirt->connection, domain);
	if (!libvirt->domain)
		return fail(libvirt, GAP_NOT_FOUND, error);
	*qmp = (struct gap_qmp){
		exchange,      libvirt->monitor_command_with_files ? exchange_file : NULL,
		close_libvirt, libvirt,
		libvirt->name, find_pid(libvirt)};
	return GAP_OK;
}

enum gap_status gap_qmp_open_libvirt(const char *domain, struct gap_qmp *qmp,
				     struct gap_error *error)
{
	struct libvirt *libvirt = calloc(1, sizeof(*libvirt));
	enum gap_status status;

	if (!libvirt)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = open_domain(libvirt, domain, qmp, error);
	if (status)
		close_libvirt(libvirt);
	return status;
}

#else

enum gap_status gap_qmp_open_libvirt(const char *domain, struct gap_qmp *qmp,
				     struct gap_error *error)
{
	(void)qmp;
	return gap_fail(error, GAP_UNSUPPORTED, "libvirt:%s: this build is without libvirt",
			domain);
}

#endif
