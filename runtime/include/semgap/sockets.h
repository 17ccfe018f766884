/* SPDX-License-Identifier: MIT */
/*
 * The socket view: TCP, UDP, raw, unix, packet and netlink sockets of every network namespace, from
 * the tables and lists that the kernel itself looks in: those nobody holds a descriptor of are among them. Who holds one is
 * found from the other end, gap_socket_of_file().
 */
#ifndef SEMGAP_SOCKETS_H
#define SEMGAP_SOCKETS_H

#include "bind.h"
#include "guest.h"
#include "walks.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_SOCKET_PATH_BYTES 108 /* sockaddr_un.sun_path */
#define GAP_SOCKET_FIELDS 56

enum gap_socket_family {
	GAP_SOCKET_UNIX = 1,
	GAP_SOCKET_INET = 2,
	GAP_SOCKET_INET6 = 10,
	GAP_SOCKET_NETLINK = 16,
	GAP_SOCKET_PACKET = 17
};
enum gap_socket_protocol {
	GAP_SOCKET_NO_PROTOCOL = 0,
	GAP_SOCKET_TCP = 6,
	GAP_SOCKET_UDP = 17,
	GAP_SOCKET_RAW = 255
};

/** Which members of struct gap_socket are known: the others are zero. */
enum gap_socket_known {
	GAP_SOCKET_STATE = 1,
	GAP_SOCKET_ADDRESSES =
		2, /* addresses and ports, the path, or number and interface or port */
	GAP_SOCKET_INODE = 4,
	GAP_SOCKET_UID = 8,
	GAP_SOCKET_NET = 16,
	GAP_SOCKET_TYPE = 32
};

struct gap_socket {
	struct gap_vaddr address;      /* of the struct sock, or what stands for one in its table */
	uint32_t known;                /* enum gap_socket_known */
	uint16_t family;               /* enum gap_socket_family */
	uint8_t protocol;              /* enum gap_socket_protocol */
	uint8_t type;                  /* 1 stream, 2 datagram, 5 seqpacket */
	uint8_t state;                 /* TCP_ESTABLISHED … as in /proc/net/tcp */
	uint8_t local[16], remote[16]; /* network order: the first 4 bytes, or 16 */
	uint16_t local_port, remote_port;
	uint16_t number;    /* raw: IP's protocol; packet: Ethernet's; netlink: the family's */
	uint32_t interface; /* of a packet socket, its index; 0 all */
	uint32_t port_id;   /* of a netlink socket */
	uint64_t inode;     /* 0: nobody has it open */
	uint32_t uid;
	uint32_t net_inum;     /* number of its network namespace, as in /proc/PID/ns/net */
	struct gap_vaddr peer; /* of a unix socket; 0 none */
	uint8_t path_bytes;    /* of a bound unix socket; an abstract name begins with a zero */
	char path[GAP_SOCKET_PATH_BYTES];
};

/** A hash table that is being walked. */
struct gap_socket_table {
	struct gap_vaddr buckets;
	uint64_t count, next;
	uint32_t stride_bytes, head_bytes;
	uint32_t link_bytes; /* from the struct sock to its link */
	uint16_t number;
	uint8_t nulls, family, protocol, has_locks; /* locks: bit 0 of a chain's head is one */
};

/** Caller-owned iterator; read @status and @reason at the end. */
struct gap_sockets {
	struct gap_guest *guest;
	struct gap_field fields[GAP_SOCKET_FIELDS];
	struct gap_vaddr tcp, udp, unix_table, first_net, net; /* global tables; 0 none */
	struct gap_list nets;
	struct gap_socket_table table;
	struct gap_hlist chain;
	uint64_t steps_left;                         /* of all chains together */
	uint64_t buckets_left;                       /* of all tables together */
	uint64_t unix_count;                         /* buckets of a table of unix sockets */
	struct gap_vaddr raw, raw6, netlink, future; /* @future: a table of netlink being filled */
	uint32_t netlink_next;
	uint32_t ehash_bytes, listen_bytes, udp_bytes, pointer_bytes, netlink_bytes;
	uint8_t in_chain, kind, has_locks, is_selection;
	enum gap_status status;
	char reason[160];
};

/**
 * Begins. Errors: GAP_NOT_FOUND when the profile lacks struct sock or leads to no table at all;
 * what leads to one of them alone is passed over, and noted as partial.
 */
GAP_API enum gap_status gap_sockets_init(struct gap_sockets *sockets, struct gap_guest *guest,
					 struct gap_error *error) GAP_MUST_CHECK;

/** Next socket, or false at the end. */
GAP_API int gap_sockets_next(struct gap_sockets *sockets, struct gap_socket *socket);

/** Whether the profile tells which files are sockets, and whose: without it gap_socket_of_file()
 * finds none. */
GAP_API int gap_sockets_tell_owners(const struct gap_sockets *sockets);

/**
 * The struct sock of an open file (gap_file.address), to hold against gap_socket.address.
 * GAP_NOT_FOUND: the file is no socket, or the profile does not tell; GAP_UNREADABLE.
 */
GAP_API enum gap_status gap_socket_of_file(const struct gap_sockets *sockets, struct gap_vaddr file,
					   struct gap_vaddr *sock) GAP_MUST_CHECK;

/** "ESTABLISHED", "LISTEN", …; "?" for a number that is no state. A static string. */
GAP_API const char *gap_socket_state_name(uint8_t state);

#ifdef __cplusplus
}
#endif
#endif
