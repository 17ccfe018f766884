/* SPDX-License-Identifier: MIT */
/* Raw, packet and netlink sockets, each from the kind of table that it has: honest ones, a table
 * that is just growing, and such as a guest has bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/sockets.h"
#include "tests/support/guest_fixture.h"

#define TCP_AT (SYNTHETIC_TEXT + 0x4100)
#define RAW_AT (SYNTHETIC_TEXT + 0x4200)
#define NETS_AT (SYNTHETIC_TEXT + 0x4300)
#define INIT_NET_AT (SYNTHETIC_TEXT + 0x4400)
#define NETLINK_AT (SYNTHETIC_TEXT + 0x4500)

enum {
	FAMILY = 16,
	STATE = 18,
	NUMBER = 14,
	NET = 48,
	NODE = 104,
	SOCK_BYTES = 128,
	PACKET_NUMBER = 128,
	PACKET_INTERFACE = 132,
	NETLINK_PORT = 128,
	NETLINK_NODE = 136,
	LARGE_BYTES = 192,
	NET_LIST = 0,
	NET_PACKET = 24,
	NET_BYTES = 64,
	RAW_TABLE = 8,
	TABLE_BYTES = 16, /* struct netlink_table */
	BUCKETS_FUTURE = 8,
	BUCKETS = 16
};

static const struct object_row rows[] = {
	{"sock_common", SOCK_BYTES, "skc_daddr", 0, "u32"},
	{"sock_common", SOCK_BYTES, "skc_rcv_saddr", 4, "u32"},
	{"sock_common", SOCK_BYTES, "skc_dport", 12, "u16"},
	{"sock_common", SOCK_BYTES, "skc_num", NUMBER, "u16"},
	{"sock_common", SOCK_BYTES, "skc_family", FAMILY, "u16"},
	{"sock_common", SOCK_BYTES, "skc_state", STATE, "u8"},
	{"sock_common", SOCK_BYTES, "skc_net", NET, "ptr"},
	{"sock_common", SOCK_BYTES, "skc_node", NODE, "u64*2"},
	{"sock", SOCK_BYTES, "__sk_common", 0, "sock_common"},
	{"netns_packet", 16, "sklist", 0, "ptr"},
	{"net", NET_BYTES, "list", NET_LIST, "list_head"},
	{"net", NET_BYTES, "proc_inum", 16, "u32"},
	{"net", NET_BYTES, "packet", NET_PACKET, "netns_packet"},
	{"packet_sock", LARGE_BYTES, "num", PACKET_NUMBER, "u16"},
	{"packet_sock", LARGE_BYTES, "ifindex", PACKET_INTERFACE, "u32"},
	{"raw_hashinfo", 24, "ht", RAW_TABLE, "u64*2"},
	{"rhashtable", 16, "tbl", 0, "ptr"},
	{"netlink_table", TABLE_BYTES, "hash", 0, "rhashtable"},
	{"netlink_sock", LARGE_BYTES, "portid", NETLINK_PORT, "u32"},
	{"netlink_sock", LARGE_BYTES, "node", NETLINK_NODE, "ptr"},
	{"bucket_table", BUCKETS, "size", 0, "u32"},
	{"bucket_table", BUCKETS, "nest", 4, "u32"},
	{"bucket_table", BUCKETS, "future_tbl", BUCKETS_FUTURE, "ptr"},
	{"bucket_table", BUCKETS, "buckets", BUCKETS, "u64*0"},
	{"rhash_lock_head", 8, "lock", 0, "ptr"},
	{0},
};

static const struct object_symbol symbols[] = {
	{"tcp_hashinfo", TCP_AT},  {"raw_v4_hashinfo", RAW_AT}, {"net_namespace_list", NETS_AT},
	{"init_net", INIT_NET_AT}, {"nl_table", NETLINK_AT},    {0},
};

struct fixture {
	struct guest_fixture base;
	uint64_t raw, packet, netlink[3]; /* sockets */
	uint64_t tables, buckets, future; /* of netlink */
};

static uint64_t make_sock(struct fixture *fixture, uint32_t family)
{
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t sock = synthetic_alloc(synthetic, LARGE_BYTES);

	put32(synthetic, sock, FAMILY, family | 7u << 16);
	put64(synthetic, sock, NET, guest_fixture_slid(&fixture->base, INIT_NET_AT));
	return sock;
}

/* Family 3 has two sockets in a chain of two, and one in the table that it grows into. */
static void make_netlink(struct fixture *fixture)
{
	struct synthetic *synthetic = &fixture->base.synthetic;

	fixture->tables = synthetic_alloc(synthetic, 32 * TABLE_BYTES);
	fixture->buckets = synthetic_alloc(synthetic, BUCKETS + 2 * 8);
	fixture->future = synthetic_alloc(synthetic, BUCKETS + 4 * 8);
	guest_fixture_set_image(&fixture->base, NETLINK_AT, fixture->tables);
	put64(synthetic, fixture->tables, 3 * TABLE_BYTES, fixture->buckets);
	put32(synthetic, fixture->buckets, 0, 2);
	put64(synthetic, fixture->buckets, BUCKETS_FUTURE, fixture->future);
	put32(synthetic, fixture->future, 0, 4);
	for (uint32_t i = 0; i < 3; i++) {
		fixture->netlink[i] = make_sock(fixture, GAP_SOCKET_NETLINK);
		put32(synthetic, fixture->netlink[i], NETLINK_PORT, 100 + i);
		put64(synthetic, fixture->netlink[i], NETLINK_NODE, 5); /* an end */
	}
	put64(synthetic, fixture->buckets, BUCKETS + 8, fixture->netlink[0] + NETLINK_NODE);
	put64(synthetic, fixture->netlink[0], NETLINK_NODE, fixture->netlink[1] + NETLINK_NODE);
	put64(synthetic, fixture->future, BUCKETS + 24, fixture->netlink[2] + NETLINK_NODE);
}

static int make_of(void **state, const struct object_row *wanted, const struct object_symbol *known)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct synthetic *synthetic;
	uint64_t net;

	if (!fixture)
		return 1;
	guest_fixture_init(&fixture->base,
			   &(struct object_profile){.rows = wanted, .symbols = known});
	synthetic = &fixture->base.synthetic;
	net = guest_fixture_slid(&fixture->base, INIT_NET_AT);
	guest_fixture_set_image(&fixture->base, NETS_AT, net);
	guest_fixture_set_image(&fixture->base, INIT_NET_AT,
				guest_fixture_slid(&fixture->base, NETS_AT));
	guest_fixture_set_image(&fixture->base, INIT_NET_AT + 16, 4026531840u);
	fixture->raw = make_sock(fixture, GAP_SOCKET_INET);
	put32(synthetic, fixture->raw, NUMBER - 2, 253u << 16);
	guest_fixture_set_image(&fixture->base, RAW_AT + RAW_TABLE + 8, fixture->raw + NODE);
	fixture->packet = make_sock(fixture, GAP_SOCKET_PACKET);
	put32(synthetic, fixture->packet, PACKET_NUMBER, 0xb588);
	put32(synthetic, fixture->packet, PACKET_INTERFACE, 2);
	guest_fixture_set_image(&fixture->base, INIT_NET_AT + NET_PACKET, fixture->packet + NODE);
	make_netlink(fixture);
	*state = fixture;
	return 0;
}

static int make_fixture(void **state)
{
	return make_of(state, rows, symbols);
}

/* A profile that knows the kernel's functions: there are raw sockets, and no unix ones or TCP. */
static int make_with_functions(void **state)
{
	static const struct object_symbol known[] = {
		{"udp_table", TCP_AT},
		{"net_namespace_list", NETS_AT},
		{"init_net", INIT_NET_AT},
		{"nl_table", NETLINK_AT},
		{"start_kernel", TCP_AT + 64},
		{"raw_local_deliver", TCP_AT + 80},
		{0},
	};

	return make_of(state, rows, known);
}

/* Of a kernel whose table of raw sockets the profile does not have. */
static int make_without_raw(void **state)
{
	struct object_row fewer[sizeof(rows) / sizeof(rows[0])];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].structure || strcmp(rows[i].structure, "raw_hashinfo") != 0)
			fewer[count++] = rows[i];
	return make_of(state, fewer, symbols);
}

/* Up to 8 sockets; the walk's end in @sockets. */
static int collect(struct fixture *fixture, struct gap_sockets *sockets, struct gap_socket seen[8])
{
	int count = 0;

	guest_fixture_good(&fixture->base,
			   gap_sockets_init(sockets, fixture->base.guest, &fixture->base.error));
	while (count < 8 && gap_sockets_next(sockets, &seen[count]))
		count++;
	return count;
}

static void all_kinds_are_read(void **state)
{
	struct fixture *fixture = *state;
	struct gap_socket seen[8];
	struct gap_sockets sockets;

	assert_int_equal(collect(fixture, &sockets, seen), 5);
	assert_int_equal(sockets.status, GAP_OK);
	assert_int_equal(seen[0].address.value, fixture->raw);
	assert_int_equal(seen[0].protocol, GAP_SOCKET_RAW);
	assert_true(seen[0].number == 253 && seen[0].local_port == 0);
	assert_int_equal(seen[1].family, GAP_SOCKET_PACKET);
	assert_true(seen[1].number == 0x88b5 && seen[1].interface == 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(seen[2 + i].address.value, fixture->netlink[i]);
		assert_int_equal(seen[2 + i].family, GAP_SOCKET_NETLINK);
		assert_int_equal(seen[2 + i].number, 3);
		assert_int_equal(seen[2 + i].port_id, 100 + i);
	}
	for (int i = 0; i < 5; i++) {
		assert_true(seen[i].known & GAP_SOCKET_ADDRESSES);
		assert_int_equal(seen[i].net_inum, 4026531840u);
	}
}

static void expect(struct fixture *fixture, int expected, const char *word)
{
	struct gap_socket seen[8];
	struct gap_sockets sockets;
	int count = collect(fixture, &sockets, seen);

	if (expected >= 0)
		assert_int_equal(count, expected);
	assert_int_equal(sockets.status, GAP_PARTIAL);
	says(sockets.reason, word);
}

static void bent_tables_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;

	/* A lock in the pointer: what hangs there is not seen now. */
	put64(synthetic, fixture->buckets, BUCKETS + 8, (fixture->netlink[0] + NETLINK_NODE) | 1);
	expect(fixture, 3, "was being changed");
	put64(synthetic, fixture->buckets, BUCKETS + 8, fixture->netlink[0] + NETLINK_NODE);
	put32(synthetic, fixture->buckets, 4, 1);
	expect(fixture, 3, "nested");
	put32(synthetic, fixture->buckets, 4, 0);
	put32(synthetic, fixture->buckets, 0, UINT32_MAX);
	expect(fixture, 3, "absurd");
	put32(synthetic, fixture->buckets, 0, 2);
	put64(synthetic, fixture->packet, NODE, fixture->packet + NODE);
	expect(fixture, -1, "loops back");
	put64(synthetic, fixture->packet, NODE, 0);
	put32(synthetic, fixture->packet, FAMILY, GAP_SOCKET_NETLINK);
	expect(fixture, 5, "no socket of its table");
}

/* A table that grows into itself ends within what memory can hold. */
static void tables_that_loop_end(void **state)
{
	struct fixture *fixture = *state;
	struct gap_sockets sockets;
	struct gap_socket seen;
	uint64_t count = 0;

	put64(&fixture->base.synthetic, fixture->future, BUCKETS_FUTURE, fixture->buckets);
	guest_fixture_good(&fixture->base,
			   gap_sockets_init(&sockets, fixture->base.guest, &fixture->base.error));
	while (gap_sockets_next(&sockets, &seen))
		count++;
	assert_true(count < SYNTHETIC_RAM_BYTES / 64 + 8);
	assert_int_equal(sockets.status, GAP_PARTIAL);
	/* Nor do tables without a chain that follow each other. */
	put32(&fixture->base.synthetic, fixture->future, 0, 0);
	put32(&fixture->base.synthetic, fixture->buckets, 0, 0);
	expect(fixture, 2, "absurd");
}

/* Whole types that lack a table are of a kernel that has none; a selection of them is not all. */
static void what_a_selection_lacks_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct gap_socket seen;

	for (int selection = 0; selection < 2; selection++) {
		struct gap_sockets sockets;
		int count = 0;

		guest_fixture_good(&fixture->base, gap_sockets_init(&sockets, fixture->base.guest,
								    &fixture->base.error));
		assert_int_equal(sockets.is_selection, 0);
		sockets.is_selection = (uint8_t)selection;
		while (gap_sockets_next(&sockets, &seen))
			count++;
		assert_int_equal(count, 4);
		assert_int_equal(sockets.status, selection ? GAP_PARTIAL : GAP_OK);
		if (selection)
			says(sockets.reason, "TCP sockets");
	}
}

/* What no function is there for the kernel does not have; what one is there for is missing. */
static void functions_tell_what_a_kernel_lacks(void **state)
{
	struct fixture *fixture = *state;
	struct gap_socket seen;
	struct gap_sockets sockets;
	int count = 0;

	guest_fixture_good(&fixture->base,
			   gap_sockets_init(&sockets, fixture->base.guest, &fixture->base.error));
	sockets.is_selection = 1;
	while (gap_sockets_next(&sockets, &seen))
		count++;
	assert_int_equal(count, 4);
	assert_int_equal(sockets.status, GAP_PARTIAL);
	says(sockets.reason, "raw sockets");
	assert_false(gap_sockets_tell_owners(&sockets));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, guest_fixture_drop)
		TEST(all_kinds_are_read),
		TEST(bent_tables_are_told),
		TEST(tables_that_loop_end),
#undef TEST
		cmocka_unit_test_setup_teardown(functions_tell_what_a_kernel_lacks,
						make_with_functions, guest_fixture_drop),
		cmocka_unit_test_setup_teardown(what_a_selection_lacks_is_told, make_without_raw,
						guest_fixture_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
