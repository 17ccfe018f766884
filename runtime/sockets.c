/* SPDX-License-Identifier: MIT */
/*
 * The socket view: for each network namespace the tables that its protocols look sockets up in. A
 * table that all namespaces share is walked once, with the first namespace. What one socket is, is
 * read here too; who holds it open is left to those who walk files.
 */
#include <inttypes.h>
#include <string.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/sockets.h"

#define NETLINK_FAMILIES 32 /* MAX_LINKS */
#define TCP_TIME_WAIT 6
#define TCP_SYN_RECV 3
#define TCP_NEW_SYN_RECV 12
#define SUN_FAMILY_BYTES 2
#define UNIX_CHAINS 512 /* since 51d7cccf0723 (3.7), where no type tells */

/* Positions in gap_sockets.fields. */
enum slot {
	STATE,
	FAMILY,
	DADDR,
	SADDR,
	DPORT,
	NUM,
	DADDR6,
	SADDR6,
	NET,
	NODE,
	TYPE,
	UID,
	SOCKET,
	SUBSTATE,
	ALLOC_INODE,
	INODE_NUMBER,
	SOCKET_SK,
	FILE_OP,
	FILE_PRIVATE,
	NET_LIST,
	NET_INUM,
	NET_TCP,
	NET_UDP,
	NET_UNIX,
	EHASH,
	EHASH_MASK,
	EHASH_CHAIN,
	LISTENING,
	LHASH2,
	LHASH2_MASK,
	LISTEN_HEAD,
	UDP_HASH,
	UDP_MASK,
	UDP_SLOT_HEAD,
	UNIX_ADDR,
	UNIX_PEER,
	UNIX_ADDR_LEN,
	UNIX_ADDR_NAME,
	RAW_TABLE,
	NET_PACKET,
	PACKET_PROTOCOL,
	PACKET_INTERFACE,
	NETLINK_HASH,
	NETLINK_NODE,
	NETLINK_PORT,
	RHASH_COUNT,
	RHASH_NEST,
	RHASH_FUTURE,
	RHASH_BUCKETS,
	SLOT_COUNT
};

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[STATE] = {GAP_FIELD_SOCK_STATE, 0},
	[FAMILY] = {GAP_FIELD_SOCK_FAMILY, 0},
	[DADDR] = {GAP_FIELD_SOCK_DADDR, 1},
	[SADDR] = {GAP_FIELD_SOCK_SADDR, 1},
	[DPORT] = {GAP_FIELD_SOCK_DPORT, 1},
	[NUM] = {GAP_FIELD_SOCK_NUM, 1},
	[DADDR6] = {GAP_FIELD_SOCK_DADDR6, 1},
	[SADDR6] = {GAP_FIELD_SOCK_SADDR6, 1},
	[NET] = {GAP_FIELD_SOCK_NET, 1},
	[NODE] = {GAP_FIELD_SOCK_NODE, 0},
	[TYPE] = {GAP_FIELD_SOCK_TYPE, 1},
	[UID] = {GAP_FIELD_SOCK_UID, 1},
	[SOCKET] = {GAP_FIELD_SOCK_SOCKET, 1},
	[SUBSTATE] = {GAP_FIELD_TIMEWAIT_SUBSTATE, 1},
	[ALLOC_INODE] = {GAP_FIELD_SOCKET_ALLOC_INODE, 1},
	[INODE_NUMBER] = {GAP_FIELD_INODE_NUMBER, 1},
	[SOCKET_SK] = {GAP_FIELD_SOCKET_SK, 1},
	[FILE_OP] = {GAP_FIELD_FILE_OP, 1},
	[FILE_PRIVATE] = {GAP_FIELD_FILE_PRIVATE, 1},
	[NET_LIST] = {GAP_FIELD_NET_LIST, 1},
	[NET_INUM] = {GAP_FIELD_NET_INUM, 1},
	[NET_TCP] = {GAP_FIELD_NET_TCP, 1},
	[NET_UDP] = {GAP_FIELD_NET_UDP, 1},
	[NET_UNIX] = {GAP_FIELD_NET_UNIX, 1},
	[EHASH] = {GAP_FIELD_HASHINFO_EHASH, 1},
	[EHASH_MASK] = {GAP_FIELD_HASHINFO_EHASH_MASK, 1},
	[EHASH_CHAIN] = {GAP_FIELD_EHASH_CHAIN, 1},
	[LISTENING] = {GAP_FIELD_HASHINFO_LISTENING, 1},
	[LHASH2] = {GAP_FIELD_HASHINFO_LHASH2, 1},
	[LHASH2_MASK] = {GAP_FIELD_HASHINFO_LHASH2_MASK, 1},
	[LISTEN_HEAD] = {GAP_FIELD_LISTEN_HEAD, 1},
	[UDP_HASH] = {GAP_FIELD_UDP_HASH, 1},
	[UDP_MASK] = {GAP_FIELD_UDP_MASK, 1},
	[UDP_SLOT_HEAD] = {GAP_FIELD_UDP_SLOT_HEAD, 1},
	[UNIX_ADDR] = {GAP_FIELD_UNIX_ADDR, 1},
	[UNIX_PEER] = {GAP_FIELD_UNIX_PEER, 1},
	[UNIX_ADDR_LEN] = {GAP_FIELD_UNIX_ADDR_LEN, 1},
	[UNIX_ADDR_NAME] = {GAP_FIELD_UNIX_ADDR_NAME, 1},
	[RAW_TABLE] = {GAP_FIELD_RAW_TABLE, 1},
	[NET_PACKET] = {GAP_FIELD_NET_PACKET, 1},
	[PACKET_PROTOCOL] = {GAP_FIELD_PACKET_PROTOCOL, 1},
	[PACKET_INTERFACE] = {GAP_FIELD_PACKET_INTERFACE, 1},
	[NETLINK_HASH] = {GAP_FIELD_NETLINK_TABLE_HASH, 1},
	[NETLINK_NODE] = {GAP_FIELD_NETLINK_NODE, 1},
	[NETLINK_PORT] = {GAP_FIELD_NETLINK_PORT, 1},
	[RHASH_COUNT] = {GAP_FIELD_RHASH_COUNT, 1},
	[RHASH_NEST] = {GAP_FIELD_RHASH_NEST, 1},
	[RHASH_FUTURE] = {GAP_FIELD_RHASH_FUTURE, 1},
	[RHASH_BUCKETS] = {GAP_FIELD_RHASH_BUCKETS, 1},
};

_Static_assert(SLOT_COUNT <= GAP_SOCKET_FIELDS, "struct gap_sockets has no room for all fields");

#define NOTE(sockets, ...)                                                                         \
	gap_note(&(sockets)->status, (sockets)->reason, sizeof((sockets)->reason), __VA_ARGS__)

static int has(const struct gap_sockets *sockets, enum slot slot)
{
	return sockets->fields[slot].present;
}

static int read_number(struct gap_sockets *sockets, struct gap_vaddr base, enum slot slot,
		       uint64_t *number)
{
	enum gap_status status =
		gap_record_number(sockets->guest, base, &sockets->fields[slot], number);

	if (status == GAP_UNREADABLE)
		NOTE(sockets, "0x%" PRIx64 " cannot be read", base.value);
	return status == GAP_OK;
}

static int read_pointer(struct gap_sockets *sockets, struct gap_vaddr base, enum slot slot,
			struct gap_vaddr *pointer)
{
	enum gap_status status =
		gap_record_pointer(sockets->guest, base, &sockets->fields[slot], pointer);

	if (status == GAP_UNREADABLE)
		NOTE(sockets, "0x%" PRIx64 " cannot be read", base.value);
	return status == GAP_OK;
}

/* ---- begin ---- */

static uint32_t size_of(const struct gap_guest *guest, const char *name)
{
	const struct gap_profile *profile = gap_guest_profile(guest);
	struct gap_type type;
	gap_type_id id;

	if (gap_profile_find_type(profile, name, &id, NULL) ||
	    !gap_profile_type(profile, id, &type) || type.size_bytes > UINT32_MAX)
		return 0;
	return (uint32_t)type.size_bytes;
}

/* Does the profile say of struct net no more than what was asked for? */
static uint8_t is_selection(const struct gap_profile *profile)
{
	struct gap_type type;
	gap_type_id id;

	return gap_profile_find_type(profile, "struct:net", &id, NULL) ||
	       !gap_profile_type(profile, id, &type) || (type.flags & GAP_TYPE_PARTIAL) != 0;
}

static void find_symbol(const struct gap_sockets *sockets, const char *name,
			struct gap_vaddr *address)
{
	if (gap_guest_symbol(sockets->guest, name, address, NULL))
		address->value = 0;
}

/* Elements of an array that is a variable; 0 unknown. */
static uint64_t array_count(const struct gap_profile *profile, const char *name)
{
	struct gap_symbol symbol;
	struct gap_type type;

	if (gap_profile_find_symbol(profile, name, &symbol, NULL) || symbol.type == GAP_NONE ||
	    !gap_profile_type(profile, gap_profile_strip(profile, symbol.type), &type) ||
	    type.kind != GAP_KIND_ARRAY)
		return 0;
	return type.count;
}

/*
 * UNIX_HASH_SIZE is in no debug information; arrays of that size are. A table has one half for
 * names and one for sockets without; bsd_socket_buckets (f302d180c6d4, 6.0), for paths, is as large
 * as one.
 */
static void find_unix(struct gap_sockets *sockets)
{
	const struct gap_profile *profile = gap_guest_profile(sockets->guest);

	find_symbol(sockets, "unix_socket_table", &sockets->unix_table);
	if (sockets->unix_table.value)
		sockets->unix_count = array_count(profile, "unix_socket_table");
	else
		sockets->unix_count = 2 * array_count(profile, "bsd_socket_buckets");
	if (!sockets->unix_count)
		sockets->unix_count = UNIX_CHAINS;
}

static void find_tables(struct gap_sockets *sockets)
{
	struct gap_guest *guest = sockets->guest;
	struct gap_target target;
	gap_type_id lock_head;

	gap_profile_target(gap_guest_profile(guest), &target);
	find_symbol(sockets, "tcp_hashinfo", &sockets->tcp);
	find_symbol(sockets, "udp_table", &sockets->udp);
	find_unix(sockets);
	find_symbol(sockets, "init_net", &sockets->first_net);
	find_symbol(sockets, "raw_v4_hashinfo", &sockets->raw);
	find_symbol(sockets, "raw_v6_hashinfo", &sockets->raw6);
	find_symbol(sockets, "nl_table", &sockets->netlink);
	sockets->netlink_bytes = size_of(guest, "struct:netlink_table");
	/* 8f0db018006a (5.2) */
	sockets->has_locks = !gap_profile_find_type(gap_guest_profile(guest),
						    "struct:rhash_lock_head", &lock_head, NULL);
	sockets->pointer_bytes = target.pointer_bytes;
	sockets->is_selection = is_selection(gap_guest_profile(guest));
	sockets->ehash_bytes = size_of(guest, "struct:inet_ehash_bucket");
	sockets->listen_bytes = size_of(guest, "struct:inet_listen_hashbucket");
	sockets->udp_bytes = size_of(guest, "struct:udp_hslot");
}

enum gap_status gap_sockets_init(struct gap_sockets *sockets, struct gap_guest *guest,
				 struct gap_error *error)
{
	struct gap_sockets begun = {.guest = guest};
	struct gap_vaddr head;
	enum gap_status status = gap_record_bind(guest, wanted, SLOT_COUNT, begun.fields, error);

	if (status)
		return status;
	gap_guest_refresh(guest);
	find_tables(&begun);
	if (!begun.tcp.value && !begun.udp.value && !begun.unix_table.value)
		return gap_fail(
			error, GAP_NOT_FOUND,
			"the profile has none of tcp_hashinfo, udp_table, unix_socket_table: "
			"nothing leads to sockets");
	begun.steps_left = gap_guest_holds(guest, 64);
	begun.buckets_left = gap_guest_holds(guest, begun.pointer_bytes);
	/* The list of namespaces begins with init_net; where it is unknown that one is all. */
	begun.net = begun.first_net;
	if (begun.fields[NET_LIST].present &&
	    !gap_guest_symbol(guest, "net_namespace_list", &head, NULL))
		gap_list_init(&begun.nets, guest, head, 0);
	*sockets = begun;
	return GAP_OK;
}

/* ---- tables ---- */

static int knows_symbol(const struct gap_sockets *sockets, const char *name)
{
	struct gap_vaddr address;

	find_symbol(sockets, name, &address);
	return address.value != 0;
}

/*
 * The profile is a selection that does not lead to a table: what is told is not all there is, unless
 * the kernel has none. It has none when its functions are known, as one tells that every kernel has
 * and exports to nobody, and @function, which such sockets cannot do without, is not among them. A
 * profile with whole types lacks what its kernel lacks.
 */
static int note_unknown(struct gap_sockets *sockets, const char *what, const char *function)
{
	if (sockets->is_selection && sockets->net.value == sockets->first_net.value &&
	    (knows_symbol(sockets, function) || !knows_symbol(sockets, "start_kernel")))
		NOTE(sockets, "the profile does not tell where %s sockets are", what);
	return 0;
}

static int has_all(const struct gap_sockets *sockets, const enum slot *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!has(sockets, slots[i]))
			return 0;
	return 1;
}

#define HAS(sockets, ...)                                                                          \
	has_all(sockets, (const enum slot[]){__VA_ARGS__},                                         \
		sizeof((const enum slot[]){__VA_ARGS__}) / sizeof(enum slot))

/* Where a namespace's table is: its own, or the one that all share, which the first one shows. */
static int table_of(struct gap_sockets *sockets, enum slot slot, struct gap_vaddr shared,
		    const char *what, const char *function, struct gap_vaddr *table)
{
	int first = sockets->net.value == sockets->first_net.value;
	struct gap_vaddr own = {0};

	if (!shared.value && !(sockets->net.value && has(sockets, slot)))
		return note_unknown(sockets, what, function);
	if (sockets->net.value && has(sockets, slot) &&
	    !read_pointer(sockets, sockets->net, slot, &own))
		return 0;
	if (own.value && own.value != shared.value)
		*table = own;
	else if (first && shared.value)
		*table = shared;
	else
		return 0;
	return 1;
}

/* Takes a table of mask + 1 buckets. All tables together lie in the guest's memory, each once. */
static int take_table(struct gap_sockets *sockets, struct gap_socket_table table, uint64_t count)
{
	if (!table.stride_bytes || !count || count > sockets->buckets_left)
		return NOTE(sockets, "a table of %" PRIu64 " chains of sockets is absurd", count);
	sockets->buckets_left -= count;
	table.count = count;
	if (!table.link_bytes)
		table.link_bytes = sockets->fields[NODE].offset_bytes;
	sockets->table = table;
	return 1;
}

static int begin_established(struct gap_sockets *sockets)
{
	struct gap_socket_table table = {.stride_bytes = sockets->ehash_bytes,
					 .head_bytes = sockets->fields[EHASH_CHAIN].offset_bytes,
					 .nulls = 1,
					 .protocol = GAP_SOCKET_TCP};
	struct gap_vaddr info;
	uint64_t mask;

	if (!HAS(sockets, EHASH_CHAIN, EHASH, EHASH_MASK))
		return note_unknown(sockets, "connected TCP", "tcp_v4_rcv");
	if (!table_of(sockets, NET_TCP, sockets->tcp, "connected TCP", "tcp_v4_rcv", &info) ||
	    !read_pointer(sockets, info, EHASH, &table.buckets) ||
	    !read_number(sockets, info, EHASH_MASK, &mask))
		return 0;
	return take_table(sockets, table, mask + 1);
}

/* An array inside the structure until 5.19, then the table that was the second one. */
static int begin_listening(struct gap_sockets *sockets)
{
	struct gap_socket_table table = {.stride_bytes = sockets->listen_bytes,
					 .head_bytes = sockets->fields[LISTEN_HEAD].offset_bytes,
					 .nulls = 1,
					 .protocol = GAP_SOCKET_TCP};
	const struct gap_field *listening = &sockets->fields[LISTENING];
	struct gap_vaddr info;
	uint64_t mask;

	if (!has(sockets, LISTEN_HEAD) ||
	    !(has(sockets, LISTENING) || HAS(sockets, LHASH2, LHASH2_MASK)))
		return note_unknown(sockets, "listening TCP", "tcp_v4_rcv");
	if (!table_of(sockets, NET_TCP, sockets->tcp, "listening TCP", "tcp_v4_rcv", &info))
		return 0;
	if (listening->present && table.stride_bytes) {
		table.buckets = gap_record_at(info, listening);
		return take_table(sockets, table, listening->size_bytes / table.stride_bytes);
	}
	if (!read_pointer(sockets, info, LHASH2, &table.buckets) ||
	    !read_number(sockets, info, LHASH2_MASK, &mask))
		return 0;
	return take_table(sockets, table, mask + 1);
}

static int begin_udp(struct gap_sockets *sockets)
{
	struct gap_socket_table table = {.stride_bytes = sockets->udp_bytes,
					 .head_bytes = sockets->fields[UDP_SLOT_HEAD].offset_bytes,
					 .protocol = GAP_SOCKET_UDP};
	struct gap_vaddr info;
	uint64_t mask;

	if (!HAS(sockets, UDP_SLOT_HEAD, UDP_HASH, UDP_MASK))
		return note_unknown(sockets, "UDP", "udp_rcv");
	if (!table_of(sockets, NET_UDP, sockets->udp, "UDP", "udp_rcv", &info) ||
	    !read_pointer(sockets, info, UDP_HASH, &table.buckets) ||
	    !read_number(sockets, info, UDP_MASK, &mask))
		return 0;
	return take_table(sockets, table, mask + 1);
}

static int begin_unix(struct gap_sockets *sockets)
{
	struct gap_socket_table table = {.stride_bytes = sockets->pointer_bytes,
					 .family = GAP_SOCKET_UNIX};

	if (!table_of(sockets, NET_UNIX, sockets->unix_table, "unix", "unix_create",
		      &table.buckets))
		return 0;
	return take_table(sockets, table, sockets->unix_count);
}

/* Lists of all namespaces together, nulls lists in 6.0 to 6.2 (0daf07e52709, 0a78cf7264d2): those of the
 * other kind end with NULL. */
static int take_raw(struct gap_sockets *sockets, struct gap_vaddr table, const char *function)
{
	const struct gap_field *field = &sockets->fields[RAW_TABLE];
	struct gap_socket_table raw = {.buckets = gap_record_at(table, field),
				       .stride_bytes = sockets->pointer_bytes,
				       .nulls = 1,
				       .protocol = GAP_SOCKET_RAW};

	if (!field->present || !table.value)
		return note_unknown(sockets, "raw", function);
	if (sockets->net.value != sockets->first_net.value)
		return 0;
	return take_table(sockets, raw, field->size_bytes / sockets->pointer_bytes);
}

static int begin_raw(struct gap_sockets *sockets)
{
	return take_raw(sockets, sockets->raw, "raw_local_deliver");
}

static int begin_raw6(struct gap_sockets *sockets)
{
	return take_raw(sockets, sockets->raw6, "raw6_local_deliver");
}

/* One list for each namespace. */
static int begin_packet(struct gap_sockets *sockets)
{
	struct gap_socket_table table = {.stride_bytes = sockets->pointer_bytes,
					 .family = GAP_SOCKET_PACKET};

	if (!has(sockets, NET_PACKET))
		return note_unknown(sockets, "packet", "packet_create");
	if (!sockets->net.value)
		return 0;
	table.buckets = gap_record_at(sockets->net, &sockets->fields[NET_PACKET]);
	return take_table(sockets, table, 1);
}

/* One of the hash tables that resize themselves (lib/rhashtable.c). While one does, what has moved is in
 * the next one. */
static int take_resizing(struct gap_sockets *sockets, struct gap_vaddr at)
{
	struct gap_socket_table table = {.stride_bytes = sockets->pointer_bytes,
					 .link_bytes = sockets->fields[NETLINK_NODE].offset_bytes,
					 .nulls = 1,
					 .has_locks = sockets->has_locks,
					 .number = (uint16_t)(sockets->netlink_next - 1),
					 .family = GAP_SOCKET_NETLINK};
	uint64_t count, nest = 0;

	sockets->future.value = 0;
	if (has(sockets, RHASH_FUTURE))
		read_pointer(sockets, at, RHASH_FUTURE, &sockets->future);
	if (!read_number(sockets, at, RHASH_COUNT, &count))
		return 0;
	if (has(sockets, RHASH_NEST) && read_number(sockets, at, RHASH_NEST, &nest) && nest)
		return NOTE(sockets, "a table of netlink sockets is nested, and not read");
	table.buckets = gap_record_at(at, &sockets->fields[RHASH_BUCKETS]);
	return take_table(sockets, table, count);
}

/* A table for each family, of all namespaces together. Called until there is none left. */
static int begin_netlink(struct gap_sockets *sockets)
{
	struct gap_vaddr array, table = sockets->future;

	if (!HAS(sockets, NETLINK_HASH, NETLINK_NODE, RHASH_BUCKETS, RHASH_COUNT) ||
	    !sockets->netlink.value)
		return note_unknown(sockets, "netlink", "netlink_create");
	if (sockets->net.value != sockets->first_net.value ||
	    gap_guest_read_pointer(sockets->guest, sockets->netlink, &array))
		return 0;
	while (table.value || sockets->netlink_next < NETLINK_FAMILIES) {
		struct gap_vaddr row = {array.value +
					(uint64_t)sockets->netlink_next * sockets->netlink_bytes};

		if (!table.value) {
			sockets->netlink_next++;
			if (!read_pointer(sockets, row, NETLINK_HASH, &table) || !table.value)
				continue;
		}
		if (!sockets->steps_left)
			return NOTE(sockets, "a table of netlink sockets grows without end");
		sockets->steps_left--;
		if (take_resizing(sockets, table)) {
			sockets->kind--; /* again, for the next one */
			return 1;
		}
		table = sockets->future;
	}
	return 0;
}

static int (*const tables[])(struct gap_sockets *sockets) = {
	begin_listening, begin_established, begin_udp,    begin_unix,
	begin_raw,       begin_raw6,        begin_packet, begin_netlink,
};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

/* The next namespace's; false when there is none. */
static int next_net(struct gap_sockets *sockets)
{
	struct gap_vaddr link;

	do {
		if (!gap_list_next(&sockets->nets, &link)) {
			if (sockets->nets.status)
				NOTE(sockets, "the network namespaces: %s", sockets->nets.reason);
			return 0;
		}
		sockets->net.value = link.value - sockets->fields[NET_LIST].offset_bytes;
	} while (sockets->net.value == sockets->first_net.value); /* which was the first of all */
	sockets->kind = 0;
	return 1;
}

static int next_table(struct gap_sockets *sockets)
{
	for (;;) {
		while (sockets->kind < TABLE_COUNT)
			if (tables[sockets->kind++](sockets))
				return 1;
		if (!next_net(sockets))
			return 0;
	}
}

/* A chain that is just being changed has its lock in the pointer to the first, and reads as empty. */
static void note_lock(struct gap_sockets *sockets, struct gap_vaddr head)
{
	struct gap_vaddr first;

	if (!gap_guest_read_pointer(sockets->guest, head, &first) && first.value % 2 &&
	    first.value != 1)
		NOTE(sockets, "a chain of netlink sockets was being changed");
}

static int next_chain(struct gap_sockets *sockets)
{
	struct gap_socket_table *table = &sockets->table;
	struct gap_vaddr head = {table->buckets.value + table->next * table->stride_bytes +
				 table->head_bytes};

	if (table->next >= table->count)
		return 0;
	table->next++;
	if (table->has_locks)
		note_lock(sockets, head);
	gap_hlist_init(&sockets->chain, sockets->guest, head, table->nulls,
		       sockets->steps_left ? sockets->steps_left : 1);
	sockets->in_chain = 1;
	return 1;
}

/* Where the memory with the chain's head is not there, the rest of its page is passed over: none of
 * the thousands of chains in it is asked for. */
static void skip_page(struct gap_sockets *sockets)
{
	struct gap_socket_table *table = &sockets->table;
	uint64_t head =
		table->buckets.value + (table->next - 1) * table->stride_bytes + table->head_bytes;
	uint64_t left = GAP_PAGE_BYTES - head % GAP_PAGE_BYTES;
	struct gap_vaddr first;

	if (gap_guest_read_pointer(sockets->guest, (struct gap_vaddr){head}, &first))
		table->next += (left - 1) / table->stride_bytes;
}

/* False at the chain's end. */
static int next_in_chain(struct gap_sockets *sockets, struct gap_vaddr *sock)
{
	struct gap_hlist *chain = &sockets->chain;

	if (gap_hlist_next(chain, sock)) {
		sock->value -= sockets->table.link_bytes;
		return 1;
	}
	sockets->in_chain = 0;
	sockets->steps_left -=
		chain->steps < sockets->steps_left ? chain->steps : sockets->steps_left;
	if (!chain->status)
		return 0;
	NOTE(sockets, "a chain of sockets: %s", chain->reason);
	if (!chain->steps)
		skip_page(sockets);
	return 0;
}

/* ---- one socket ---- */

static void read_bytes(struct gap_sockets *sockets, struct gap_vaddr base, enum slot slot,
		       uint8_t *bytes, size_t size_bytes)
{
	struct gap_vaddr at = gap_record_at(base, &sockets->fields[slot]);

	if (gap_guest_read(sockets->guest, at, bytes, size_bytes))
		NOTE(sockets, "0x%" PRIx64 " cannot be read", at.value);
}

static uint16_t from_network(uint64_t port)
{
	return (uint16_t)((port & 0xff) << 8 | (port >> 8 & 0xff));
}

static void read_internet(struct gap_sockets *sockets, struct gap_socket *socket)
{
	int six = socket->family == GAP_SOCKET_INET6;
	enum slot local = six ? SADDR6 : SADDR, remote = six ? DADDR6 : DADDR;
	uint64_t number;

	if (!has(sockets, local) || !has(sockets, remote) ||
	    !read_number(sockets, socket->address, NUM, &number))
		return;
	*(socket->protocol == GAP_SOCKET_RAW ? &socket->number : &socket->local_port) =
		(uint16_t)number;
	if (!read_number(sockets, socket->address, DPORT, &number))
		return;
	socket->remote_port = from_network(number);
	read_bytes(sockets, socket->address, local, socket->local, six ? 16 : 4);
	read_bytes(sockets, socket->address, remote, socket->remote, six ? 16 : 4);
	socket->known |= GAP_SOCKET_ADDRESSES;
}

/* A path ends at its zero byte; an abstract name, which begins with one, at its length. */
static void read_unix(struct gap_sockets *sockets, struct gap_socket *socket)
{
	struct gap_vaddr name;
	uint64_t length;

	read_pointer(sockets, socket->address, UNIX_PEER, &socket->peer);
	if (!read_pointer(sockets, socket->address, UNIX_ADDR, &name))
		return;
	if (name.value) {
		if (!has(sockets, UNIX_ADDR_NAME) ||
		    !read_number(sockets, name, UNIX_ADDR_LEN, &length))
			return;
		length = (uint32_t)length - SUN_FAMILY_BYTES;
		if (length > GAP_SOCKET_PATH_BYTES) {
			NOTE(sockets, "the name of the socket at 0x%" PRIx64 " is too long",
			     socket->address.value);
			return;
		}
		name = gap_record_at(name, &sockets->fields[UNIX_ADDR_NAME]);
		name.value += SUN_FAMILY_BYTES;
		if (gap_guest_read(sockets->guest, name, socket->path, (size_t)length)) {
			NOTE(sockets, "0x%" PRIx64 " cannot be read", name.value);
			return;
		}
		if (length && socket->path[0])
			length = strnlen(socket->path, (size_t)length);
		socket->path_bytes = (uint8_t)length;
	}
	socket->known |= GAP_SOCKET_ADDRESSES;
}

static void read_packet(struct gap_sockets *sockets, struct gap_socket *socket)
{
	uint64_t protocol, interface;

	if (!read_number(sockets, socket->address, PACKET_PROTOCOL, &protocol) ||
	    !read_number(sockets, socket->address, PACKET_INTERFACE, &interface))
		return;
	socket->number = from_network(protocol);
	socket->interface = (uint32_t)interface;
	socket->known |= GAP_SOCKET_ADDRESSES;
}

static void read_netlink(struct gap_sockets *sockets, struct gap_socket *socket)
{
	uint64_t port;

	socket->number = sockets->table.number;
	if (!read_number(sockets, socket->address, NETLINK_PORT, &port))
		return;
	socket->port_id = (uint32_t)port;
	socket->known |= GAP_SOCKET_ADDRESSES;
}

/* sock_i_ino(): the inode lies behind the struct socket, in one struct socket_alloc. */
static void read_inode(struct gap_sockets *sockets, struct gap_socket *socket)
{
	struct gap_vaddr holder;

	if (!has(sockets, ALLOC_INODE) || !has(sockets, INODE_NUMBER) ||
	    !read_pointer(sockets, socket->address, SOCKET, &holder))
		return;
	if (holder.value &&
	    !read_number(sockets, gap_record_at(holder, &sockets->fields[ALLOC_INODE]),
			 INODE_NUMBER, &socket->inode))
		return;
	socket->known |= GAP_SOCKET_INODE;
}

/* What only a full struct sock has: those that wait or are asked for are smaller. */
static void read_owner(struct gap_sockets *sockets, struct gap_socket *socket)
{
	uint64_t number;

	read_inode(sockets, socket);
	if (read_number(sockets, socket->address, UID, &number)) {
		socket->uid = (uint32_t)number;
		socket->known |= GAP_SOCKET_UID;
	}
	if (read_number(sockets, socket->address, TYPE, &number)) {
		socket->type = (uint8_t)number;
		socket->known |= GAP_SOCKET_TYPE;
	}
}

static void read_net(struct gap_sockets *sockets, struct gap_socket *socket)
{
	struct gap_vaddr net;
	uint64_t number;

	if (!read_pointer(sockets, socket->address, NET, &net) || !net.value ||
	    !read_number(sockets, net, NET_INUM, &number))
		return;
	socket->net_inum = (uint32_t)number;
	socket->known |= GAP_SOCKET_NET;
}

/* As /proc tells them: a waiting one by what it waits in, a request as SYN_RECV. */
static void read_state(struct gap_sockets *sockets, struct gap_socket *socket)
{
	uint64_t number, inner;

	if (!read_number(sockets, socket->address, STATE, &number))
		return;
	socket->state = (uint8_t)number;
	socket->known |= GAP_SOCKET_STATE;
	if (socket->state == TCP_TIME_WAIT &&
	    read_number(sockets, socket->address, SUBSTATE, &inner))
		socket->state = (uint8_t)inner;
	if (socket->state == TCP_NEW_SYN_RECV)
		socket->state = TCP_SYN_RECV;
	if (number != TCP_TIME_WAIT && number != TCP_NEW_SYN_RECV)
		read_owner(sockets, socket);
}

/* What the families other than the Internet's have. */
static void read_own(struct gap_sockets *sockets, struct gap_socket *socket)
{
	if (socket->family == GAP_SOCKET_UNIX)
		read_unix(sockets, socket);
	else if (socket->family == GAP_SOCKET_PACKET)
		read_packet(sockets, socket);
	else
		read_netlink(sockets, socket);
}

static void read_socket(struct gap_sockets *sockets, struct gap_vaddr address,
			struct gap_socket *socket)
{
	uint64_t family = 0;

	memset(socket, 0, sizeof(*socket));
	socket->address = address;
	socket->protocol = sockets->table.protocol;
	read_number(sockets, address, FAMILY, &family);
	socket->family = (uint16_t)family;
	read_state(sockets, socket);
	read_net(sockets, socket);
	if (sockets->table.family && socket->family == sockets->table.family)
		read_own(sockets, socket);
	else if (!sockets->table.family &&
		 (socket->family == GAP_SOCKET_INET || socket->family == GAP_SOCKET_INET6))
		read_internet(sockets, socket);
	else
		NOTE(sockets, "what a chain has at 0x%" PRIx64 " is no socket of its table",
		     address.value);
}

int gap_sockets_next(struct gap_sockets *sockets, struct gap_socket *socket)
{
	struct gap_vaddr sock;

	for (;;) {
		if (sockets->in_chain && next_in_chain(sockets, &sock)) {
			read_socket(sockets, sock, socket);
			return 1;
		}
		if (!next_chain(sockets) && !next_table(sockets))
			return 0;
	}
}

/* ---- from a file ---- */

int gap_sockets_tell_owners(const struct gap_sockets *sockets)
{
	return knows_symbol(sockets, "socket_file_ops") &&
	       HAS(sockets, FILE_OP, FILE_PRIVATE, SOCKET_SK);
}

enum gap_status gap_socket_of_file(const struct gap_sockets *sockets, struct gap_vaddr file,
				   struct gap_vaddr *sock)
{
	struct gap_guest *guest = sockets->guest;
	struct gap_vaddr expected, at;
	enum gap_status status = gap_guest_symbol(guest, "socket_file_ops", &expected, NULL);

	if (!status)
		status = gap_record_pointer(guest, file, &sockets->fields[FILE_OP], &at);
	if (!status && at.value != expected.value)
		return GAP_NOT_FOUND;
	if (!status)
		status = gap_record_pointer(guest, file, &sockets->fields[FILE_PRIVATE], &at);
	if (!status)
		status = gap_record_pointer(guest, at, &sockets->fields[SOCKET_SK], &at);
	if (!status)
		*sock = at;
	return status;
}

const char *gap_socket_state_name(uint8_t state)
{
	static const char *const names[] = {
		"?",         "ESTABLISHED", "SYN_SENT", "SYN_RECV",   "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT",   "CLOSE",    "CLOSE_WAIT", "LAST_ACK",
		"LISTEN",    "CLOSING",     "SYN_RECV",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : names[0];
}
