/* SPDX-License-Identifier: MIT */
/* Tables of sockets: arrays of chains that end with marks, and netlink's tables, in any order of members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/data_solver.h"
#include "tests/support/object_graph.h"

#define AREA (SYNTHETIC_TEXT + 0x300000)
#define LISTENING (1u << 29)
#define AF_NETLINK_ 16u

static const char wanted[] =
	"inet_hashinfo.ehash\ninet_hashinfo.ehash_mask\ninet_ehash_bucket.chain\n"
	"inet_hashinfo.lhash2\ninet_hashinfo.lhash2_mask\n"
	"inet_listen_hashbucket.nulls_head|head\ninet_hashinfo.listening_hash\n"
	"netlink_table.hash.tbl\nnetlink_sock.node\nbucket_table.size\nbucket_table.buckets\n";

enum {
	EHASH,
	EHASH_MASK,
	CHAIN,
	LHASH2,
	LHASH2_MASK,
	LISTEN_HEAD,
	LISTENING_HASH,
	HASH_TBL,
	NODE,
	SIZE,
	BUCKETS,
	WANTED
};

/* A solver of its own over a guest with few symbols. */
struct bench {
	struct graph graph;
	struct infer_symbols *symbols;
	struct infer_fields fields;
	struct infer_claims *claims;
	struct data_solver solver;
};

static uint64_t place(const struct bench *bench, uint64_t offset)
{
	return AREA + bench->graph.guest.slide + offset;
}

static void bench_init(struct bench *bench, const char *symbol)
{
	memset(bench, 0, sizeof(*bench));
	graph_init(&bench->graph, &(struct graph_options){.seed = 5, .quiet = 1});
	assert_int_equal(infer_symbols_create(&bench->symbols), GAP_OK);
	infer_symbols_add(bench->symbols, symbol, strlen(symbol), 'D', place(bench, 0));
	assert_int_equal(infer_symbols_finish(bench->symbols), GAP_OK);
	bench->graph.kernel.symbols = bench->symbols;
	assert_int_equal(infer_fields_parse(&bench->fields, wanted, strlen(wanted), "wanted", NULL),
			 GAP_OK);
	assert_int_equal(bench->fields.count, WANTED);
	assert_int_equal(infer_claims_create(&bench->claims), GAP_OK);
	bench->solver = (struct data_solver){.kernel = &bench->graph.kernel,
					     .fields = &bench->fields,
					     .claims = bench->claims,
					     .word = 8,
					     .kernel_start = UINT64_C(0xff00000000000000)};
	memset(bench->solver.class_ids, 0xff, sizeof(bench->solver.class_ids));
	memset(&bench->solver.at, 0xff, sizeof(bench->solver.at));
}

static void bench_deinit(struct bench *bench)
{
	infer_claims_destroy(bench->claims);
	infer_fields_deinit(&bench->fields);
	infer_symbols_destroy(bench->symbols);
	graph_deinit(&bench->graph);
}

/* That @field is claimed, and nowhere but at @offset; UINT32_MAX: that it is not. */
static void expect(const struct bench *bench, uint32_t field, uint32_t offset)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < infer_claims_count(bench->claims); i++) {
		const struct infer_claim *claim = infer_claims_at(bench->claims, i);

		if (claim->field != field)
			continue;
		assert_int_equal(claim->offset_bits, 8 * (uint64_t)offset);
		count++;
	}
	assert_int_equal(count, offset == UINT32_MAX ? 0 : 1);
}

/* ---- chains that end with marks ---- */

/* Two chains have a link, which leads to the mark. */
static void put_marks(struct bench *bench, uint64_t at, uint32_t count, uint32_t stride,
		      uint32_t head, uint32_t base)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t mark = 2 * (uint64_t)(i + base) + 1, link = at + 0x40000 + i * 16;

		if (i % 7 == 3) {
			graph_put(&bench->graph, link, mark, 8);
			mark = link;
		}
		graph_put(&bench->graph, at + i * stride + head, mark, 8);
	}
}

static void arrays_are_told_by_their_marks(void **state)
{
	static const uint32_t orders[][4] = {{0, 8, 16, 24}, {40, 4, 24, 0}, {8, 32, 72, 68}};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const uint32_t *at = orders[i];
		struct bench bench;

		bench_init(&bench, "tcp_hashinfo");
		graph_put(&bench.graph, place(&bench, at[0]), place(&bench, 0x10000), 8);
		graph_put(&bench.graph, place(&bench, at[1]), 255, 4);
		graph_put(&bench.graph, place(&bench, at[2]), place(&bench, 0x20000), 8);
		graph_put(&bench.graph, place(&bench, at[3]), 31, 4);
		put_marks(&bench, place(&bench, 0x10000), 256, 8, 0, 0);
		put_marks(&bench, place(&bench, 0x20000), 32, 24, 16, LISTENING);
		data_solve_chains(&bench.solver);
		expect(&bench, EHASH, at[0]);
		expect(&bench, EHASH_MASK, at[1]);
		expect(&bench, CHAIN, 0);
		expect(&bench, LHASH2, at[2]);
		expect(&bench, LHASH2_MASK, at[3]);
		expect(&bench, LISTEN_HEAD, 16);
		expect(&bench, LISTENING_HASH, UINT32_MAX);
		assert_int_equal(infer_claims_size_of(bench.claims, "inet_ehash_bucket"), 8);
		assert_int_equal(infer_claims_size_of(bench.claims, "inet_listen_hashbucket"), 24);
		bench_deinit(&bench);
	}
}

static void listeners_may_be_inside(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, "tcp_hashinfo");
	put_marks(&bench, place(&bench, 128), 32, 16, 8, LISTENING);
	data_solve_chains(&bench.solver);
	expect(&bench, LISTENING_HASH, 128);
	expect(&bench, LISTEN_HEAD, 8);
	expect(&bench, LHASH2, UINT32_MAX);
	bench_deinit(&bench);
}

/* A mark that is another chain's, and an array of no power of two, are of something else. */
static void other_arrays_are_refused(void **state)
{
	(void)state;
	for (int odd = 0; odd < 2; odd++) {
		struct bench bench;

		bench_init(&bench, "tcp_hashinfo");
		graph_put(&bench.graph, place(&bench, 16), place(&bench, 0x10000), 8);
		graph_put(&bench.graph, place(&bench, 8), 255, 4);
		put_marks(&bench, place(&bench, 0x10000), odd ? 200 : 256, 8, 0, 0);
		if (!odd)
			graph_put(&bench.graph, place(&bench, 0x10000 + 5 * 8), 9, 8);
		data_solve_chains(&bench.solver);
		for (uint32_t i = 0; i < WANTED; i++)
			if (i != EHASH_MASK && i != EHASH && i != CHAIN)
				expect(&bench, i, UINT32_MAX);
		/* 200 chains are 128, and no member says so. */
		expect(&bench, EHASH_MASK, UINT32_MAX);
		bench_deinit(&bench);
	}
}

/* ---- netlink ---- */

#define STRIDE 216u
#define TABLE_IN_ROW 40u
#define NODE_IN_SOCK 904u
#define SIZE_IN_TABLE 12u
#define FAMILY 16u
#define PROTOCOL 300u
#define TABLES 6u

static const uint16_t protocols[TABLES] = {0, 4, 9, 10, 15, 16};

static uint64_t add_sock(struct bench *bench, uint16_t protocol)
{
	uint64_t sock = synthetic_alloc(&bench->graph.guest, 1024);

	graph_put(&bench->graph, sock + FAMILY, AF_NETLINK_, 2);
	graph_put(&bench->graph, sock + PROTOCOL, protocol, 2);
	return sock + NODE_IN_SOCK;
}

static void put_netlink(struct bench *bench)
{
	uint64_t array = synthetic_alloc(&bench->graph.guest, 32 * STRIDE);

	graph_put(&bench->graph, place(bench, 0), array, 8);
	for (uint32_t i = 0; i < TABLES; i++) {
		uint64_t table = synthetic_alloc(&bench->graph.guest, 64 + 64 * 8);

		graph_put(&bench->graph, array + protocols[i] * STRIDE + TABLE_IN_ROW, table, 8);
		graph_put(&bench->graph, table + SIZE_IN_TABLE, 64, 4);
		graph_put(&bench->graph, table + 4, 0x5ee3 + 77 * i, 4);
		for (uint32_t k = i; k < 64; k += 21) { /* chains of two */
			uint64_t head = table + 64 + k * 8, one = add_sock(bench, protocols[i]);
			uint64_t two = add_sock(bench, protocols[i]);

			graph_put(&bench->graph, head, one, 8);
			graph_put(&bench->graph, one, two, 8);
			graph_put(&bench->graph, two, head | 1, 8);
		}
	}
	bench->solver.at.sock_family = FAMILY;
	bench->solver.at.sock_protocol = PROTOCOL;
	bench->solver.at.sock_socket = 400;
}

static void tables_are_told_by_their_chains(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, "nl_table");
	put_netlink(&bench);
	data_solve_netlink(&bench.solver);
	expect(&bench, HASH_TBL, TABLE_IN_ROW);
	expect(&bench, NODE, NODE_IN_SOCK);
	expect(&bench, SIZE, SIZE_IN_TABLE);
	expect(&bench, BUCKETS, 64);
	assert_int_equal(infer_claims_size_of(bench.claims, "netlink_table"), STRIDE);
	bench_deinit(&bench);
}

/* Sockets of another family are no sockets of netlink, wherever they are. */
static void chains_of_others_are_refused(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, "nl_table");
	put_netlink(&bench);
	bench.solver.at.sock_protocol = PROTOCOL + 4;
	data_solve_netlink(&bench.solver);
	assert_int_equal(infer_claims_count(bench.claims), 0);
	bench_deinit(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_are_told_by_their_marks),
		cmocka_unit_test(listeners_may_be_inside),
		cmocka_unit_test(other_arrays_are_refused),
		cmocka_unit_test(tables_are_told_by_their_chains),
		cmocka_unit_test(chains_of_others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
