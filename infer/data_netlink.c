/* SPDX-License-Identifier: MIT */
/*
 * Netlink sockets: an array with a table for each protocol, one of those that resize themselves
 * (lib/rhashtable.c). Their chains end with the place of their own head, which tells a table from
 * anything else; what is in the chains are sockets of the table's protocol.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#define AF_NETLINK_ 16u
#define PROTOCOLS 32u /* MAX_LINKS */
#define ARRAY_BYTES (PROTOCOLS * 512u)
#define TABLE_BYTES 1024u /* of a table that are looked at */
#define NUMBERS_BYTES 64u /* of a table in which its size is */
#define SOCK_BYTES_MAX 2048u
#define TABLES_MIN 3u
#define CHAIN_MAX 64u
#define NODES_MAX 256u
#define CACHE_LINE_BYTES 64u

struct tables {
	uint32_t position[PROTOCOLS]; /* of the pointer, in the array */
	uint64_t at[PROTOCOLS];
	uint32_t count, stride;
	uint64_t node[NODES_MAX]; /* what is in the chains */
	uint64_t head[NODES_MAX]; /* and in which */
	uint32_t table[NODES_MAX];
	uint32_t node_count;
};

struct array {
	unsigned char *bytes;
	uint32_t size;
};

/* ---- chains ---- */

/* The chain at @head, added to @tables; false: it does not end with its own place. */
static bool take_chain(struct data_solver *solver, uint64_t head, struct tables *tables)
{
	uint32_t before = tables->node_count;
	uint64_t at;

	if (!data_read_word(solver, head, &at))
		return false;
	for (at &= ~(uint64_t)1; /* its lock */ at; tables->node_count++) {
		if (at & 1 && at == (head | 1) && tables->node_count > before)
			return true;
		if (at & 1 || !data_is_kernel(solver, at) || at % solver->word ||
		    tables->node_count - before == CHAIN_MAX || tables->node_count == NODES_MAX)
			break;
		tables->node[tables->node_count] = at;
		tables->head[tables->node_count] = head;
		tables->table[tables->node_count] = tables->count;
		if (!data_read_word(solver, at, &at))
			break;
	}
	tables->node_count = before;
	return false;
}

static uint64_t pointer_at(const struct data_solver *solver, const struct array *array,
			   uint32_t position)
{
	uint64_t at = 0;

	memcpy(&at, array->bytes + position, solver->word);
	return data_is_kernel(solver, at) && at % solver->word == 0 && !data_in_image(solver, at)
		       ? at
		       : 0;
}

/* Where the next thing after @at begins that the array leads to: tables lie side by side. */
static uint64_t end_of(const struct data_solver *solver, const struct array *array, uint64_t at)
{
	uint64_t end = at + TABLE_BYTES;

	for (uint32_t i = 0; i < array->size; i += solver->word) {
		uint64_t other = pointer_at(solver, array, i);

		if (other > at && other < end)
			end = other;
	}
	return end;
}

static bool take_table(struct data_solver *solver, const struct array *array, uint64_t at,
		       struct tables *tables)
{
	uint64_t end = at ? end_of(solver, array, at) : 0;
	bool found = false;

	for (uint64_t head = at + solver->word; head < end; head += solver->word)
		found |= take_chain(solver, head, tables);
	return found;
}

static uint32_t divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Every pointer of the array that leads to a table: one for each protocol that there is. */
static bool find_tables(struct data_solver *solver, uint64_t at, struct tables *tables)
{
	struct array array = {.size = ARRAY_BYTES, .bytes = malloc(ARRAY_BYTES)};

	if (!array.bytes) {
		solver->no_memory = true;
		return false;
	}
	while (array.size && !data_read(solver, at, array.bytes, array.size))
		array.size /= 2;
	for (uint32_t i = 0; i < array.size && tables->count < PROTOCOLS; i += solver->word) {
		uint64_t table = pointer_at(solver, &array, i);

		if (!take_table(solver, &array, table, tables))
			continue;
		tables->position[tables->count] = i;
		tables->at[tables->count++] = table;
	}
	free(array.bytes);
	return tables->count >= TABLES_MIN;
}

/* All of them but one (@left_out; none when past the last): the distance that all are apart. */
static bool leave_out(const struct data_solver *solver, const struct tables *all, uint32_t left_out,
		      struct tables *tables)
{
	*tables = (struct tables){0};
	for (uint32_t i = 0; i < all->count; i++) {
		if (i == left_out)
			continue;
		if (tables->count)
			tables->stride =
				divisor(tables->stride,
					all->position[i] - tables->position[tables->count - 1]);
		for (uint32_t k = 0; k < all->node_count; k++) {
			if (all->table[k] != i)
				continue;
			tables->node[tables->node_count] = all->node[k];
			tables->head[tables->node_count] = all->head[k];
			tables->table[tables->node_count++] = tables->count;
		}
		tables->position[tables->count] = all->position[i];
		tables->at[tables->count++] = all->at[i];
	}
	return tables->count >= TABLES_MIN && tables->stride > 4 * solver->word &&
	       tables->position[tables->count - 1] / tables->stride < PROTOCOLS;
}

/* ---- what is in them ---- */

static bool read_u16(struct data_solver *solver, uint64_t at, uint16_t *value)
{
	return data_read(solver, at, value, sizeof(*value));
}

/* Is each of them, so far after its start, a socket of its table's protocol? */
static bool are_sockets(struct data_solver *solver, const struct tables *tables, uint32_t node)
{
	for (uint32_t i = 0; i < tables->node_count; i++) {
		uint64_t sock = tables->node[i] - node;
		uint16_t family, protocol;

		if (!read_u16(solver, sock + solver->at.sock_family, &family) ||
		    !read_u16(solver, sock + solver->at.sock_protocol, &protocol) ||
		    family != AF_NETLINK_ ||
		    protocol != tables->position[tables->table[i]] / tables->stride)
			return false;
	}
	return true;
}

static bool try_node(struct data_solver *solver, const struct tables *tables)
{
	struct data_columns columns = {0};

	for (uint32_t node = solver->at.sock_socket + solver->word; node < SOCK_BYTES_MAX;
	     node += solver->word)
		if (are_sockets(solver, tables, node))
			data_columns_push(&columns,
					  &(struct data_column){node, tables->node_count, 0});
	return data_claim_columns(solver, DATA_RULE_netlink_node, "netlink_sock", "node",
				  solver->word, &columns) != DATA_UNKNOWN;
}

/*
 * What lies behind the array may lead to tables as well, and one that was let go may be taken for
 * one that is in use: the last ones are cut off, and each of the others left out in turn.
 */
static bool solve_node(struct data_solver *solver, struct tables *all, struct tables *tables)
{
	for (; all->count >= TABLES_MIN; all->count--)
		for (uint32_t i = all->count + 1; i-- > 0;)
			if (leave_out(solver, all, i, tables) && try_node(solver, tables))
				return true;
	return false;
}

/* ---- the tables ---- */

static bool may_be_size(uint32_t value)
{
	return value >= 4 && value <= 1u << 20 && (value & (value - 1)) == 0;
}

/* A power of two, in all tables. */
static uint32_t solve_size(struct data_solver *solver, const struct tables *tables)
{
	struct data_columns columns = {0};

	for (uint32_t at = 0; at < NUMBERS_BYTES; at += 4) {
		uint32_t value, good = 0;

		for (uint32_t i = 0; i < tables->count; i++)
			good += data_read_u32(solver, tables->at[i] + at, &value) &&
				may_be_size(value);
		if (good == tables->count)
			data_columns_push(&columns, &(struct data_column){at, good, 0});
	}
	return data_claim_columns(solver, DATA_RULE_netlink_tables, "bucket_table", "size", 4,
				  &columns);
}

/* So that no chain is before the first or past the last. */
static bool may_begin_at(struct data_solver *solver, const struct tables *tables, uint32_t size,
			 uint32_t buckets)
{
	for (uint32_t i = 0; i < tables->node_count; i++) {
		uint64_t table = tables->at[tables->table[i]];
		uint64_t far = tables->head[i] - table - buckets;
		uint32_t count;

		if (!data_read_u32(solver, table + size, &count) ||
		    tables->head[i] < table + buckets || far >= (uint64_t)count * solver->word)
			return false;
	}
	return true;
}

/* Chains begin with a line of the cache, behind the table's own members. */
static void solve_buckets(struct data_solver *solver, const struct tables *tables, uint32_t size)
{
	struct data_columns columns = {0};

	for (uint32_t at = CACHE_LINE_BYTES; at < TABLE_BYTES; at += CACHE_LINE_BYTES)
		if (may_begin_at(solver, tables, size, at))
			data_columns_push(&columns,
					  &(struct data_column){at, tables->node_count, 0});
	data_claim_columns(solver, DATA_RULE_netlink_tables, "bucket_table", "buckets", 0,
			   &columns);
}

void data_solve_netlink(struct data_solver *solver)
{
	const struct infer_symbol *symbol =
		infer_symbols_named(solver->kernel->symbols, "nl_table", NULL);
	struct tables all = {.count = 0}, tables;
	uint64_t array;
	uint32_t size;

	if (!symbol || solver->at.sock_family == DATA_UNKNOWN ||
	    solver->at.sock_protocol == DATA_UNKNOWN ||
	    !data_read_word(solver, symbol->address, &array) || !data_is_kernel(solver, array) ||
	    !find_tables(solver, array, &all) || !solve_node(solver, &all, &tables))
		return;
	data_claim(solver, DATA_RULE_netlink_tables, "netlink_table", "hash.tbl", solver->word,
		   &(struct data_column){tables.position[0] % tables.stride, tables.count, 0}, 0);
	infer_claims_size(solver->claims, "netlink_table", tables.stride);
	size = solve_size(solver, &tables);
	if (size != DATA_UNKNOWN)
		solve_buckets(solver, &tables, size);
}
