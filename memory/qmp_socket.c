/* SPDX-License-Identifier: MIT */
/*
 * QMP over a UNIX socket. QEMU serves one client of a socket at a time and keeps the others
 * waiting without a word: every wait here has an end. What the peer sends is bounded and need not
 * be well-formed.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "memory/qmp.h"

enum { GREETING_MS = 5000, REPLY_MS = 20000, REPLY_BYTES_MAX = 1 << 26, MESSAGES_MAX = 10000 };

struct socket_channel {
	int fd;
	uint64_t last_id;
	char *name;
	struct json_tokener *tokener;
	char buffer[16384]; /* what was received and not yet parsed */
	size_t begin, end;
};

static enum gap_status fail(const struct socket_channel *channel, const char *what,
			    struct gap_error *error)
{
	return gap_fail(error, GAP_IO, "%s: %s", channel->name, what);
}

static enum gap_status fail_system(const struct socket_channel *channel, int number,
				   struct gap_error *error)
{
	int gone = number == 0 || number == ECONNRESET || number == EPIPE;

	return fail(channel, gone ? "QEMU hung up" : strerror(number), error);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum gap_status wait_for(const struct socket_channel *channel, short events,
				int64_t deadline, struct gap_error *error)
{
	struct pollfd waited = {channel->fd, events, 0};

	for (;;) {
		int64_t left = deadline - now_ms();
		int ready = left > 0 ? poll(&waited, 1, (int)left) : 0;

		if (ready > 0)
			return GAP_OK;
		if (ready == 0)
			return fail(channel, "QEMU does not answer", error);
		if (errno != EINTR)
			return fail_system(channel, errno, error);
	}
}

/* A descriptor (or -1) travels with the first byte that is sent after it. */
static ssize_t send_part(const struct socket_channel *channel, const char *text, size_t length,
			 int fd)
{
	struct iovec part = {(void *)(uintptr_t)text, length};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	return sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static enum gap_status send_all(const struct socket_channel *channel, const char *text,
				size_t length, int fd, int64_t deadline, struct gap_error *error)
{
	while (length > 0) {
		ssize_t sent = send_part(channel, text, length, fd);
		enum gap_status status;

		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			return fail_system(channel, errno, error);
		if (sent > 0) {
			text += sent;
			length -= (size_t)sent;
			fd = -1;
			continue;
		}
		status = wait_for(channel, POLLOUT, deadline, error);
		if (status)
			return status;
	}
	return GAP_OK;
}

static enum gap_status receive(struct socket_channel *channel, int64_t deadline,
			       struct gap_error *error)
{
	enum gap_status status = wait_for(channel, POLLIN, deadline, error);
	ssize_t got;

	if (status)
		return status;
	got = recv(channel->fd, channel->buffer, sizeof(channel->buffer), MSG_DONTWAIT);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		got = 0;
	else if (got <= 0)
		return fail_system(channel, got ? errno : 0, error);
	channel->begin = 0;
	channel->end = (size_t)got;
	return GAP_OK;
}

/* The next JSON value, whether on one line or many. */
static enum gap_status next_message(struct socket_channel *channel, int64_t deadline,
				    struct json_object **message, struct gap_error *error)
{
	size_t taken = 0;

	json_tokener_reset(channel->tokener);
	while (taken < REPLY_BYTES_MAX) {
		size_t length = channel->end - channel->begin;
		enum json_tokener_error outcome;

		*message = json_tokener_parse_ex(channel->tokener, channel->buffer + channel->begin,
						 (int)length);
		outcome = json_tokener_get_error(channel->tokener);
		if (outcome == json_tokener_success) {
			channel->begin += json_tokener_get_parse_end(channel->tokener);
			return GAP_OK;
		}
		if (outcome != json_tokener_continue)
			return fail(channel, "not a QMP socket: what it says is no JSON", error);
		taken += length;
		if (receive(channel, deadline, error))
			return GAP_IO;
	}
	return fail(channel, "an answer without end", error);
}

static int has_id(struct json_object *message, uint64_t id)
{
	struct json_object *found = NULL;

	return json_object_object_get_ex(message, "id", &found) &&
	       json_object_is_type(found, json_type_int) &&
	       (uint64_t)json_object_get_int64(found) == id;
}

/* The reply to a command; events and others' replies are passed over. */
static enum gap_status await_reply(struct socket_channel *channel, uint64_t id,
				   struct json_object **reply, struct gap_error *error)
{
	int64_t deadline = now_ms() + REPLY_MS;

	for (int i = 0; i < MESSAGES_MAX; i++) {
		struct json_object *message = NULL;
		enum gap_status status = next_message(channel, deadline, &message, error);

		if (status)
			return status;
		if (has_id(message, id)) {
			*reply = message;
			return GAP_OK;
		}
		json_object_put(message);
	}
	return fail(channel, "nothing but events", error);
}

/* The command's closing brace makes room for its id. */
static enum gap_status exchange_file(void *context, const char *command, int fd,
				     struct json_object **reply, struct gap_error *error)
{
	struct socket_channel *channel = context;
	uint64_t id = ++channel->last_id;
	enum gap_status status;
	char text[1024];
	int length = snprintf(text, sizeof(text), "%.*s,\"id\":%llu}\n", (int)strlen(command) - 1,
			      command, (unsigned long long)id);

	if (length >= (int)sizeof(text))
		return fail(channel, "too long a command", error);
	status = send_all(channel, text, (size_t)length, fd, now_ms() + REPLY_MS, error);
	return status ? status : await_reply(channel, id, reply, error);
}

static enum gap_status exchange(void *context, const char *command, struct json_object **reply,
				struct gap_error *error)
{
	return exchange_file(context, command, -1, reply, error);
}

static void close_socket(void *context)
{
	struct socket_channel *channel = context;

	if (channel->tokener)
		json_tokener_free(channel->tokener);
	if (channel->fd >= 0)
		close(channel->fd);
	free(channel->name);
	free(channel);
}

/* ---- opening ---- */

/* Why there is nobody to talk to, and what to do about it. */
static enum gap_status fail_connect(const struct socket_channel *channel, int number,
				    struct gap_error *error)
{
	if (number == EAGAIN)
		return fail(channel, "others wait for this QMP socket already", error);
	return gap_fail(error, GAP_IO,
			"%s: %s: no QMP socket that QEMU serves; -qmp unix:PATH,server=on,wait=off "
			"makes QEMU listen at PATH",
			channel->name, strerror(number));
}

static enum gap_status connect_to(struct socket_channel *channel, const char *path,
				  struct gap_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!*path)
		return gap_fail(
			error, GAP_INVALID,
			"qemu: names no QMP socket; qemu:PATH does, with the PATH that QEMU "
			"was given in -qmp unix:PATH,server=on,wait=off");
	if (strlen(path) >= sizeof(address.sun_path))
		return fail(channel, "too long for the name of a socket", error);
	strcpy(address.sun_path, path);
	/* Not to hang where the queue of those who wait is full. */
	channel->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (channel->fd < 0 ||
	    connect(channel->fd, (const struct sockaddr *)&address, sizeof(address)))
		return fail_connect(channel, errno, error);
	return GAP_OK;
}

static enum gap_status greet(struct socket_channel *channel, const struct gap_qmp *qmp,
			     struct gap_error *error)
{
	struct json_object *message = NULL, *greeting;
	struct gap_error ignored;
	int is_greeting;

	if (wait_for(channel, POLLIN, now_ms() + GREETING_MS, &ignored))
		return fail(channel,
			    "no greeting: another client holds this QMP socket (QEMU serves one at "
			    "a time), or it is none",
			    error);
	if (next_message(channel, now_ms() + GREETING_MS, &message, error))
		return GAP_IO;
	is_greeting = json_object_object_get_ex(message, "QMP", &greeting);
	json_object_put(message);
	if (!is_greeting)
		return fail(channel, "not a QMP socket: it greets otherwise", error);
	return gap_qmp_execute(qmp, "qmp_capabilities", NULL, NULL, error);
}

static pid_t peer_of(const struct socket_channel *channel)
{
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);

	if (getsockopt(channel->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return 0;
	return peer.pid;
}

static enum gap_status open_channel(struct socket_channel *channel, const char *path,
				    struct gap_qmp *qmp, struct gap_error *error)
{
	enum gap_status status;

	channel->fd = -1;
	channel->name = strdup(path);
	channel->tokener = json_tokener_new();
	if (!channel->name || !channel->tokener)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = connect_to(channel, path, error);
	if (status)
		return status;
	*qmp = (struct gap_qmp){exchange, exchange_file, close_socket,
				channel,  channel->name, peer_of(channel)};
	return greet(channel, qmp, error);
}

enum gap_status gap_qmp_open_socket(const char *path, struct gap_qmp *qmp, struct gap_error *error)
{
	struct socket_channel *channel = calloc(1, sizeof(*channel));
	struct gap_qmp opened;
	enum gap_status status;

	if (!channel)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	status = open_channel(channel, path, &opened, error);
	if (status)
		close_socket(channel);
	else
		*qmp = opened;
	return status;
}
