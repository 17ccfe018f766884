/* SPDX-License-Identifier: MIT */
/* Sockets of the object graph: one that listens, both ends of a connection, datagrams, local ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>

#include "tests/support/object_graph_parts.h"

#define ESTABLISHED 1
#define CLOSED 7
#define LISTENING 10
#define SERVER 0x0100000au /* 10.0.0.1 */
#define CLIENT 0x0200000au

static const struct {
	uint16_t family, type, protocol;
	uint8_t state;
	uint16_t here, there; /* ports */
	uint32_t own, other;  /* addresses */
} ends[] = {
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, LISTENING, 22, 0, 0, 0},
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, ESTABLISHED, 22, 40210, SERVER, CLIENT},
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, ESTABLISHED, 40210, 22, CLIENT, SERVER},
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, LISTENING, 8080, 0, SERVER, 0},
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, ESTABLISHED, 8080, 40212, SERVER, CLIENT},
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, ESTABLISHED, 40212, 8080, CLIENT, SERVER},
	{AF_INET, SOCK_DGRAM, IPPROTO_UDP, CLOSED, 68, 0, 0, 0},
	{AF_UNIX, SOCK_STREAM, 0, LISTENING, 0, 0, 0, 0},
	{AF_UNIX, SOCK_STREAM, 0, ESTABLISHED, 0, 0, 0, 0},
	{AF_UNIX, SOCK_STREAM, 0, ESTABLISHED, 0, 0, 0, 0},
	{AF_UNIX, SOCK_DGRAM, 0, CLOSED, 0, 0, 0, 0},
	{AF_NETLINK, SOCK_RAW, 15, CLOSED, 0, 0, 0, 0},
};

#define ENDS (sizeof(ends) / sizeof(ends[0]))

static void set_sock(struct graph *graph, uint64_t sock, const char *member, uint64_t value)
{
	graph_set(graph, sock, "sock", member, value);
}

static void set_common(struct graph *graph, uint64_t sock, unsigned end)
{
	set_sock(graph, sock, "__sk_common.skc_family", ends[end].family);
	set_sock(graph, sock, "__sk_common.skc_state", ends[end].state);
	set_sock(graph, sock, "__sk_common.skc_dport", htons(ends[end].there));
	set_sock(graph, sock, "__sk_common.skc_num", ends[end].here);
	set_sock(graph, sock, "__sk_common.skc_daddr", ends[end].other);
	set_sock(graph, sock, "__sk_common.skc_rcv_saddr", ends[end].own);
	set_sock(graph, sock, "__sk_common.skc_refcnt", 2 + graph_choose(2));
	if (ends[end].family == AF_INET)
		set_sock(graph, sock, "__sk_common.skc_hash", graph_choose(1u << 31));
}

static uint64_t make_sock(struct graph *graph, unsigned end, uint64_t net_ns, uint64_t functions)
{
	uint64_t sock = graph_slab_sized(graph, ends[end].family == AF_UNIX ? "unix_sock" : "sock",
					 ends[end].family == AF_UNIX ? 768 : 640);

	set_common(graph, sock, end);
	set_sock(graph, sock, "__sk_common.skc_prot", functions + 512u * ends[end].type);
	set_sock(graph, sock, "__sk_common.skc_net", net_ns);
	set_sock(graph, sock, "sk_type", ends[end].type);
	set_sock(graph, sock, "sk_protocol", ends[end].protocol);
	set_sock(graph, sock, "sk_rcvbuf", 0x34000);
	set_sock(graph, sock, "sk_sndbuf", 0x34000);
	set_sock(graph, sock, "sk_data_ready", functions);
	set_sock(graph, sock, "sk_rcvtimeo", INT64_MAX);
	graph_list_make(graph, sock + graph_offset("sock", "sk_receive_queue"));
	return sock;
}

/* A socket and its inode are one object. */
static uint64_t make_socket(struct graph *graph, uint64_t sock, unsigned end, uint64_t functions)
{
	uint32_t far = graph_size("socket");
	uint64_t at = graph_slab_sized(graph, "socket_alloc", far + graph_size("inode"));
	uint64_t file = graph_open_socket(graph, at + far);

	graph_set(graph, at, "socket", "state", ends[end].state == ESTABLISHED ? 3 : 1);
	graph_set(graph, at, "socket", "type", ends[end].type);
	graph_set(graph, at, "socket", "file", file);
	graph_set(graph, at, "socket", "sk", sock);
	graph_set(graph, at, "socket", "ops", functions + 64u * ends[end].family);
	graph_list_make(graph, at + graph_offset("socket", "wait"));
	graph_set(graph, file, "file", "private_data", at);
	set_sock(graph, sock, "sk_socket", at);
	set_sock(graph, sock, "sk_wq", at + graph_offset("socket", "wait"));
	graph->sockets[graph->socket_count] = at;
	graph->socks[graph->socket_count++] = sock;
	return file;
}

uint32_t graph_sockets_make(struct graph *graph, uint64_t net_ns, int unconnected,
			    uint64_t files[GRAPH_SOCKETS])
{
	uint64_t functions = graph_in_image(graph, 4096);
	uint32_t count = 0;

	for (unsigned i = 0; i < ENDS; i++)
		if (!unconnected || ends[i].state != ESTABLISHED)
			files[count++] = make_socket(graph, make_sock(graph, i, net_ns, functions),
						     i, functions);
	return count;
}
