/* SPDX-License-Identifier: MIT */
/*
 * semgap guest sockets: TCP, UDP, raw, unix, packet and netlink sockets, and who holds them: every process's files are
 * looked through for those that are sockets.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"
#include "cli/guest_tables.h"
#include "profile/vector.h"
#include "runtime/include/semgap/sockets.h"

#define ADDRESS_BYTES 64

struct owner {
	uint64_t sock;
	int32_t pid;
	uint32_t fd;
};

GAP_VECTOR(owner_rows, struct owner);

/* What goes with the rows. */
struct answer {
	struct gap_sockets walk;
	struct gap_files files;
	struct owner_rows owners; /* by sock, pid, fd */
	bool owners_known;
};

/* ---- collecting ---- */

static enum gap_status take_sockets(struct guest_rows *rows, struct gap_error *error)
{
	struct gap_sockets *walk = &((struct answer *)rows->state)->walk;
	struct gap_socket socket;

	while (gap_sockets_next(walk, &socket)) {
		struct gap_socket *row = guest_rows_push(rows);

		if (!row)
			return guest_rows_full(rows, error);
		*row = socket;
	}
	if (walk->status)
		gap_fail(error, walk->status, "%s", walk->reason);
	return walk->status;
}

static enum gap_status take_files(struct answer *answer, int32_t pid, struct gap_error *error)
{
	struct gap_file file;
	struct gap_vaddr sock;

	while (gap_files_next(&answer->files, &file)) {
		struct owner *owner;

		if (gap_socket_of_file(&answer->walk, file.address, &sock))
			continue;
		if (answer->owners.count >= OUT_ROWS_MAX(struct owner))
			return OUT_TOO_MANY(error);
		owner = owner_rows_push(&answer->owners);
		if (!owner)
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
		*owner = (struct owner){sock.value, pid, file.fd};
	}
	return GAP_OK;
}

static int compare_owners(const void *one, const void *two)
{
	const struct owner *a = one, *b = two;

	if (a->sock != b->sock)
		return a->sock < b->sock ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

static enum gap_status take_tables(struct answer *answer, struct file_tables *tables,
				   struct gap_error *error)
{
	struct gap_error unread = {{0}};
	int32_t pid;

	while (file_tables_next(tables, &answer->files, &pid)) {
		enum gap_status status = take_files(answer, pid, error);

		if (status)
			return status;
		if (answer->files.status && !unread.text[0])
			gap_fail(&unread, GAP_PARTIAL, "the files of process %d: %s", pid,
				 answer->files.reason);
	}
	if (tables->status)
		return gap_fail(error, tables->status, "%s", tables->error.text);
	return unread.text[0] ? gap_fail(error, GAP_PARTIAL, "%s", unread.text) : GAP_OK;
}

static enum gap_status take_owners(struct answer *answer, struct gap_error *error)
{
	struct file_tables tables;
	enum gap_status status;

	if (!gap_sockets_tell_owners(&answer->walk))
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile does not tell which files are sockets");
	status = gap_files_init(&answer->files, answer->walk.guest, error);

	answer->owners.count = 0;
	answer->files.without_paths = 1;
	if (!status)
		status = file_tables_init(&tables, answer->walk.guest, error);
	if (status)
		return status;
	status = take_tables(answer, &tables, error);
	file_tables_deinit(&tables);
	if (answer->owners.count) /* without any there is no array */
		qsort(answer->owners.items, answer->owners.count, sizeof(struct owner),
		      compare_owners);
	answer->owners_known = status == GAP_OK || status == GAP_PARTIAL;
	return status;
}

/* Sockets whose owners the profile does not lead to are still worth telling, as a part. */
static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	struct answer *answer = rows->state;
	struct gap_error second = {{0}};
	enum gap_status status = gap_sockets_init(&answer->walk, rows->guest, error), owners;

	if (!status)
		status = take_sockets(rows, error);
	if (status && status != GAP_PARTIAL)
		return status;
	owners = take_owners(answer, &second);
	if (owners == GAP_NO_MEMORY || (owners == GAP_PARTIAL && !status)) {
		*error = second;
		return owners;
	}
	if (owners && owners != GAP_PARTIAL && !status)
		return gap_fail(error, GAP_PARTIAL, "who holds sockets open is not known: %s",
				second.text);
	return status;
}

static uint32_t first_owner(const struct answer *answer, uint64_t sock)
{
	uint32_t low = 0, high = answer->owners.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (answer->owners.items[middle].sock < sock)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- words ---- */

static const char *kind_name(const struct gap_socket *socket)
{
	bool six = socket->family == GAP_SOCKET_INET6;

	if (socket->protocol == GAP_SOCKET_TCP)
		return six ? "tcp6" : "tcp";
	if (socket->protocol == GAP_SOCKET_UDP)
		return six ? "udp6" : "udp";
	if (socket->protocol == GAP_SOCKET_RAW)
		return six ? "raw6" : "raw";
	if (socket->family == GAP_SOCKET_PACKET)
		return "packet";
	return socket->family == GAP_SOCKET_NETLINK ? "netlink" : "unix";
}

static const char *type_name(const struct gap_socket *socket)
{
	switch (socket->type) {
	case 1:
		return "stream";
	case 2:
		return "dgram";
	case 3:
		return "raw";
	case 5:
		return "seqpacket";
	default:
		return "?";
	}
}

static void write_address(const struct gap_socket *socket, const uint8_t *address,
			  char text[ADDRESS_BYTES])
{
	int family = socket->family == GAP_SOCKET_INET6 ? AF_INET6 : AF_INET;

	if (!inet_ntop(family, address, text, ADDRESS_BYTES))
		text[0] = '\0';
}

/* ---- as a table ---- */

static void print_address(const struct gap_socket *socket, const uint8_t *address, uint16_t port)
{
	char text[ADDRESS_BYTES], whole[ADDRESS_BYTES + 16];
	bool six = socket->family == GAP_SOCKET_INET6;

	write_address(socket, address, text);
	snprintf(whole, sizeof(whole), "%s%s%s:%u", six ? "[" : "", text, six ? "]" : "", port);
	printf("%-24s ", whole);
}

static void print_place(const struct gap_socket *socket)
{
	bool abstract = socket->path_bytes && !socket->path[0];

	if (socket->family == GAP_SOCKET_UNIX) {
		printf("%s", abstract ? "@" : "");
		out_text(socket->path + abstract, socket->path_bytes - (size_t)abstract);
		printf(" ");
		return;
	}
	if (socket->family == GAP_SOCKET_PACKET || socket->family == GAP_SOCKET_NETLINK) {
		printf("%s %u %s %u ", socket->family == GAP_SOCKET_PACKET ? "ethertype" : "family",
		       socket->number, socket->family == GAP_SOCKET_PACKET ? "interface" : "port",
		       socket->family == GAP_SOCKET_PACKET ? socket->interface : socket->port_id);
		return;
	}
	if (socket->protocol == GAP_SOCKET_RAW)
		printf("protocol %u ", socket->number);
	print_address(socket, socket->local, socket->local_port);
	print_address(socket, socket->remote, socket->remote_port);
}

static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct answer *answer = rows->state;
	const struct gap_socket *socket = item;

	printf("%-7s %-11s ", kind_name(socket),
	       socket->known & GAP_SOCKET_STATE ? gap_socket_state_name(socket->state) : "?");
	out_number(socket->known & GAP_SOCKET_INODE, (int64_t)socket->inode, 8);
	out_number(socket->known & GAP_SOCKET_NET, socket->net_inum, 10);
	print_place(socket);
	for (uint32_t i = first_owner(answer, socket->address.value);
	     i < answer->owners.count && answer->owners.items[i].sock == socket->address.value; i++)
		printf("%d/%u ", answer->owners.items[i].pid, answer->owners.items[i].fd);
	putchar('\n');
}

static void print_heading(void)
{
	printf("%-7s %-11s %8s %10s %-24s %-24s %s\n", "KIND", "STATE", "INODE", "NET", "LOCAL",
	       "REMOTE", "PID/FD");
}

/* ---- as JSON ---- */

static void json_addresses(struct gap_json *json, const struct gap_socket *socket)
{
	bool known = socket->known & GAP_SOCKET_ADDRESSES;
	bool raw = socket->protocol == GAP_SOCKET_RAW;
	char text[ADDRESS_BYTES];

	write_address(socket, socket->local, text);
	out_json_text(json, "local_address", known, text);
	out_json_number(json, "local_port", known && !raw, socket->local_port);
	write_address(socket, socket->remote, text);
	out_json_text(json, "remote_address", known, text);
	out_json_number(json, "remote_port", known && !raw, socket->remote_port);
	if (raw)
		out_json_number(json, "protocol", known, socket->number);
}

static void json_link(struct gap_json *json, const struct gap_socket *socket)
{
	bool known = socket->known & GAP_SOCKET_ADDRESSES;

	out_json_number(json, "protocol", known, socket->number);
	if (socket->family == GAP_SOCKET_PACKET)
		out_json_number(json, "interface", known, socket->interface);
	else
		out_json_number(json, "port_id", known, socket->port_id);
}

static void json_unix(struct gap_json *json, const struct gap_socket *socket)
{
	bool known = socket->known & GAP_SOCKET_ADDRESSES;
	bool abstract = socket->path_bytes && !socket->path[0];

	out_json_bool(json, "abstract", known, abstract);
	if (known && socket->path_bytes)
		gap_json_key_text(json, "path", socket->path + abstract,
				  socket->path_bytes - (size_t)abstract);
	else
		out_json_null(json, "path");
	out_json_hex(json, "peer", socket->peer.value, socket->peer.value);
}

static void json_owners(struct gap_json *json, const struct answer *answer, uint64_t sock)
{
	gap_json_key(json, "owners");
	if (!answer->owners_known) {
		gap_json_null(json);
		return;
	}
	gap_json_open(json, '[');
	for (uint32_t i = first_owner(answer, sock);
	     i < answer->owners.count && answer->owners.items[i].sock == sock; i++) {
		gap_json_open(json, '{');
		gap_json_key(json, "pid");
		gap_json_signed(json, answer->owners.items[i].pid);
		gap_json_key_number(json, "fd", answer->owners.items[i].fd);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct gap_socket *socket = item;

	gap_json_key_name(json, "kind", kind_name(socket));
	out_json_text(json, "type", socket->known & GAP_SOCKET_TYPE, type_name(socket));
	out_json_text(json, "state", socket->known & GAP_SOCKET_STATE,
		      gap_socket_state_name(socket->state));
	if (socket->family == GAP_SOCKET_UNIX)
		json_unix(json, socket);
	else if (socket->family == GAP_SOCKET_PACKET || socket->family == GAP_SOCKET_NETLINK)
		json_link(json, socket);
	else
		json_addresses(json, socket);
	out_json_hex(json, "inode", socket->known & GAP_SOCKET_INODE, socket->inode);
	out_json_number(json, "uid", socket->known & GAP_SOCKET_UID, socket->uid);
	out_json_number(json, "net_ns", socket->known & GAP_SOCKET_NET, socket->net_inum);
	json_owners(json, rows->state, socket->address.value);
	out_json_hex(json, "address", true, socket->address.value);
}

static void end(struct guest_rows *rows)
{
	free(((struct answer *)rows->state)->owners.items);
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/sockets/1",
	.rows = "sockets",
	.row_bytes = sizeof(struct gap_socket),
	.state_bytes = sizeof(struct answer),
	.collect = collect,
	.end = end,
	.print_heading = print_heading,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_sockets = {
	.name = "sockets",
	.operands = "",
	.summary = "TCP, UDP, raw, unix, packet and netlink sockets of every network namespace, "
		   "and who "
		   "holds them",
	.rows = &rows_view,
};
