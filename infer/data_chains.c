/* SPDX-License-Identifier: MIT */
/*
 * The tables in which the kernel looks sockets up: chains that sockets known from files are in, the
 * heads of these chains, and what leads to the arrays of heads. Chains of TCP end with a mark that
 * tells their number; those of UDP are as far from each other as the ports of their sockets.
 */
#include "infer/data_solver.h"

#define AF_UNIX_ 1u
#define AF_INET_ 2u
#define AF_INET6_ 10u
#define AF_PACKET_ 17u
#define DATAGRAM 2u
#define CHAIN_MAX 256 /* links that are followed */
#define HEADS_MAX 64
#define TABLE_BYTES 1024u /* of a structure that leads to tables */
#define UDP_BYTES 64u
#define CACHE_LINE_BYTES 64u
#define MARKS_MIN 16u
#define MASK_MAX (1u << 24)
#define LISTENING_BASE (1u << 29) /* LISTENING_NULLS_BASE: 8dbd76e79a16 (5.5) */
#define UNIX_TABLE_BYTES (1u << 16)
#define NAME_BYTES_MAX 110u /* struct sockaddr_un */
#define NUMBER_FIRST                                                                               \
	UINT32_C(0xeffffff0) /* of the first namespaces; others from PROC_DYNAMIC_FIRST on */
#define NUMBER_LAST UINT32_C(0xf000ffff)

/* What extends struct sock lies behind all of its members. */
static uint32_t end_of_known(const struct data_solver *solver)
{
	return solver->at.sock_socket + solver->word;
}

/* ---- chains ---- */

/* Whether what is at @node is linked: the word before leads to it, and it is not its own head. */
static bool is_link(struct data_solver *solver, uint64_t node, uint64_t *before)
{
	uint64_t value;

	return data_read_word(solver, node + solver->word, before) &&
	       data_is_kernel(solver, *before) && *before % solver->word == 0 && *before != node &&
	       data_read_word(solver, *before, &value) && value == node;
}

static uint16_t family_of(const struct data_solver *solver, uint32_t sock)
{
	return data_u16(&solver->socks, sock, solver->at.sock_family);
}

static bool is_internet(const struct data_solver *solver, uint32_t sock)
{
	return family_of(solver, sock) == AF_INET_ || family_of(solver, sock) == AF_INET6_;
}

static uint16_t port_of(const struct data_solver *solver, uint32_t sock)
{
	return data_u16(&solver->socks, sock, solver->at.sock_local);
}

/* Local sockets are in a chain always, those of the internet once they have a port. */
static int is_in_chain(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	uint64_t node = set->at[index] + offset, before;
	uint32_t *local = context;
	bool linked;

	if (family_of(solver, index) != AF_UNIX_ &&
	    (!is_internet(solver, index) || !port_of(solver, index)))
		return 0;
	linked = is_link(solver, node, &before) && before - set->at[index] >= set->end;
	*local += linked && family_of(solver, index) == AF_UNIX_;
	return linked ? 1 : -1;
}

static void solve_node(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t at = 0; at < solver->at.sock_socket; at += solver->word) {
		struct data_column column;
		uint32_t local = 0;

		if (data_check(solver, &solver->socks, 4, at, is_in_chain, &local, &column) &&
		    local >= 2 && local < column.support)
			data_columns_push(&columns, &column);
	}
	solver->at.sock_node =
		data_claim_columns(solver, DATA_RULE_sock_chain, "sock", "__sk_common.skc_node",
				   2 * solver->word, &columns);
}

/* The head of the chain that a sock is in: what is before the first link; 0 none. */
static uint64_t head_of(struct data_solver *solver, uint32_t sock)
{
	uint64_t node = solver->socks.at[sock] + solver->at.sock_node, before, further;

	for (int i = 0; i < CHAIN_MAX && is_link(solver, node, &before); i++) {
		if (!is_link(solver, before, &further))
			return before;
		node = before;
	}
	return 0;
}

/* ---- TCP ---- */

/* One array of heads: bucket I ends with the mark of number I. */
struct marked {
	uint64_t at;
	uint32_t stride, head, base;
};

/* The mark that a chain ends with; even: it cannot be followed. */
static uint64_t mark_of(struct data_solver *solver, uint64_t head)
{
	uint64_t value = head;

	for (int i = 0; i < CHAIN_MAX; i++) {
		if (!data_read_word(solver, value, &value) || value & 1)
			return value;
		if (!data_is_kernel(solver, value) || value % solver->word)
			return 0;
	}
	return 0;
}

static bool has_mark(struct data_solver *solver, const struct marked *array, uint64_t index)
{
	return mark_of(solver, array->at + index * array->stride + array->head) ==
	       2 * (index + array->base) + 1;
}

static bool is_marked(struct data_solver *solver, const struct marked *array)
{
	for (uint32_t i = 0; i < MARKS_MIN; i++)
		if (!has_mark(solver, array, i))
			return false;
	return true;
}

/* How the buckets of an array are; the first stride that fits is the one. */
static bool find_buckets(struct data_solver *solver, struct marked *array)
{
	for (array->stride = solver->word; array->stride <= 16 * solver->word;
	     array->stride += solver->word)
		for (array->head = 0; array->head < array->stride; array->head += solver->word)
			if (is_marked(solver, array))
				return true;
	return false;
}

/* The last index, of arrays of a power of two; 0 where that is not their size. */
static uint32_t mask_of(struct data_solver *solver, const struct marked *array)
{
	uint32_t mask = MARKS_MIN - 1;

	while (mask < MASK_MAX && has_mark(solver, array, 2 * (uint64_t)mask + 1) &&
	       has_mark(solver, array, mask + 1))
		mask = 2 * mask + 1;
	return has_mark(solver, array, (uint64_t)mask + 1) ? 0 : mask;
}

static void claim_one(struct data_solver *solver, enum data_rule rule, const char *type,
		      const char *member, uint32_t width, uint32_t offset, uint32_t support)
{
	data_claim(solver, rule, type, member, width, &(struct data_column){offset, support, 0}, 0);
}

static void claim_number(struct data_solver *solver, const unsigned char *bytes,
			 enum data_rule rule, const char *type, const char *member, uint32_t number)
{
	struct data_columns columns = {0};
	uint32_t value;

	for (uint32_t at = 0; at < TABLE_BYTES; at += 4) {
		memcpy(&value, bytes + at, sizeof(value));
		if (value == number)
			data_columns_push(&columns, &(struct data_column){at, 1, 0});
	}
	data_claim_columns(solver, rule, type, member, 4, &columns);
}

static uint64_t word_in(const struct data_solver *solver, const unsigned char *bytes, uint32_t at)
{
	uint64_t value = 0;

	memcpy(&value, bytes + at, solver->word);
	return value;
}

/* Which pointer of the structure leads to a marked array; false: none or several. */
static bool find_array(struct data_solver *solver, const unsigned char *bytes, uint32_t base,
		       uint32_t *member, struct marked *array)
{
	uint32_t found = 0;

	for (uint32_t at = 0; at < TABLE_BYTES; at += solver->word) {
		struct marked tried = {.at = word_in(solver, bytes, at), .base = base};

		if (!data_is_kernel(solver, tried.at) || tried.at % solver->word ||
		    !find_buckets(solver, &tried))
			continue;
		*member = at;
		*array = tried;
		found++;
	}
	return found == 1;
}

static void claim_array(struct data_solver *solver, const unsigned char *bytes, uint32_t base,
			const char *pointer, const char *mask, const char *bucket, const char *head)
{
	struct marked array;
	uint32_t member, last;

	if (!find_array(solver, bytes, base, &member, &array))
		return;
	last = mask_of(solver, &array);
	if (!last)
		return;
	claim_one(solver, DATA_RULE_chain_marks, "inet_hashinfo", pointer, solver->word, member,
		  last);
	claim_number(solver, bytes, DATA_RULE_chain_marks, "inet_hashinfo", mask, last);
	claim_one(solver, DATA_RULE_chain_marks, bucket, head, solver->word, array.head, last);
	infer_claims_size(solver->claims, bucket, array.stride);
}

/*
 * Until cae3873c5b3a (5.19) chains of listeners were in the structure itself, from a line of the cache
 * on: of the ways in which the first head may lie in the first bucket, one begins there.
 */
static bool claim_inner(struct data_solver *solver, uint64_t info)
{
	struct data_columns heads = {0};
	struct marked array;
	uint32_t at = 0;
	bool found = false;

	for (; at < TABLE_BYTES && !found; at += solver->word) {
		array = (struct marked){.at = info + at, .base = LISTENING_BASE};
		found = find_buckets(solver, &array) && array.head == 0;
	}
	if (!found)
		return false;
	at -= solver->word;
	for (uint32_t head = 0; head < array.stride && head <= at; head += solver->word)
		if ((info + at - head) % CACHE_LINE_BYTES == 0)
			data_columns_push(&heads, &(struct data_column){head, MARKS_MIN, 0});
	if (heads.count != 1)
		return true;
	claim_one(solver, DATA_RULE_chain_marks, "inet_hashinfo", "listening_hash", 0,
		  at - heads.rows[0].offset, MARKS_MIN);
	data_claim_columns(solver, DATA_RULE_chain_marks, "inet_listen_hashbucket", "nulls_head",
			   solver->word, &heads);
	infer_claims_size(solver->claims, "inet_listen_hashbucket", array.stride);
	return true;
}

static void solve_tcp(struct data_solver *solver, uint64_t info)
{
	unsigned char bytes[TABLE_BYTES];

	if (!data_read(solver, info, bytes, sizeof(bytes)))
		return;
	claim_array(solver, bytes, 0, "ehash", "ehash_mask", "inet_ehash_bucket", "chain");
	if (!claim_inner(solver, info))
		claim_array(solver, bytes, LISTENING_BASE, "lhash2", "lhash2_mask",
			    "inet_listen_hashbucket", "nulls_head");
}

/* ---- heads that sockets are known to be behind ---- */

struct heads {
	uint64_t at[HEADS_MAX], net[HEADS_MAX];
	uint16_t port[HEADS_MAX];
	uint32_t count;
};

static void list_heads(struct data_solver *solver, bool local, struct heads *heads)
{
	heads->count = 0;
	if (solver->at.sock_node == DATA_UNKNOWN || solver->at.sock_family == DATA_UNKNOWN ||
	    solver->at.sock_local == DATA_UNKNOWN || solver->at.sock_type == DATA_UNKNOWN)
		return;
	for (uint32_t i = 0; i < solver->socks.count && heads->count < HEADS_MAX; i++) {
		bool wanted = local ? family_of(solver, i) == AF_UNIX_
				    : is_internet(solver, i) && port_of(solver, i) &&
					      data_u16(&solver->socks, i, solver->at.sock_type) ==
						      DATAGRAM;
		uint64_t head = wanted ? head_of(solver, i) : 0;

		if (!head)
			continue;
		heads->at[heads->count] = head;
		heads->net[heads->count] =
			data_word(solver, &solver->socks, i, solver->at.sock_net);
		heads->port[heads->count++] = port_of(solver, i);
	}
}

/* ---- UDP ---- */

/* An array of mask + 1 buckets, which a second one follows. */
struct slots {
	uint64_t at;
	uint32_t member, mask_member, mask, stride, head;
};

/* All are heads of the array; of one namespace, a chain is as far from another as their ports are, but
 * for what is over. */
static bool is_by_ports(const struct heads *heads, const struct slots *slots)
{
	uint64_t end = (uint64_t)slots->stride * (slots->mask + 1);

	for (uint32_t i = 0; i < heads->count; i++) {
		uint64_t far = heads->at[i] - slots->at;

		if (far >= end || far % slots->stride != slots->head)
			return false;
		for (uint32_t k = 0; k < i; k++) {
			uint64_t apart = (heads->at[i] - heads->at[k]) / slots->stride;

			if (heads->net[i] != heads->net[k] || heads->port[i] == heads->port[k])
				continue;
			if (heads->at[i] < heads->at[k])
				apart = 0 - (heads->at[k] - heads->at[i]) / slots->stride;
			if (((apart - heads->port[i] + heads->port[k]) & slots->mask) != 0)
				return false;
		}
	}
	return true;
}

static bool is_mask(uint32_t value)
{
	return value >= 255 && value < MASK_MAX && (value & (value + 1)) == 0;
}

/* Buckets of so many words that the second array begins where the first one ends. */
static uint32_t find_slots(const struct data_solver *solver, const unsigned char *bytes,
			   uint32_t size, const struct heads *heads, struct slots *found)
{
	uint32_t count = 0;

	for (uint32_t mask = 0; mask < size; mask += 4)
		for (uint32_t one = 0; one < size; one += solver->word)
			for (uint32_t two = 0; two < size; two += solver->word) {
				struct slots slots = {.at = word_in(solver, bytes, one),
						      .member = one,
						      .mask_member = mask};
				uint64_t far = word_in(solver, bytes, two) - slots.at;

				memcpy(&slots.mask, bytes + mask, sizeof(slots.mask));
				if (!is_mask(slots.mask) || !data_is_kernel(solver, slots.at) ||
				    far % (slots.mask + 1) || far / (slots.mask + 1) == 0 ||
				    far / (slots.mask + 1) > 32 * solver->word)
					continue;
				slots.stride = (uint32_t)(far / (slots.mask + 1));
				slots.head = (uint32_t)((heads->at[0] - slots.at) % slots.stride);
				if (!is_by_ports(heads, &slots))
					continue;
				*found = slots;
				count++;
			}
	return count;
}

/* Does the first line of buckets begin chains, or nothing? */
static bool are_slots(struct data_solver *solver, const struct slots *slots)
{
	uint64_t value;

	for (uint32_t i = 0; i < MARKS_MIN; i++)
		if (!data_read_word(solver, slots->at + (uint64_t)i * slots->stride + slots->head,
				    &value) ||
		    (value && !data_is_kernel(solver, value)))
			return false;
	return true;
}

/* The nearest of the arrays that follow the one at @slots->at, where it has mask + 1 buckets. */
static bool find_stride(struct data_solver *solver, const unsigned char *bytes, uint32_t size,
			struct slots *slots)
{
	slots->stride = 0;
	for (uint32_t two = 0; two < size; two += solver->word) {
		uint64_t far = word_in(solver, bytes, two) - slots->at;
		uint64_t stride = far / (slots->mask + 1);

		if (far % (slots->mask + 1) || stride <= slots->head ||
		    stride > 32 * solver->word || stride % solver->word ||
		    (slots->stride && stride >= slots->stride))
			continue;
		slots->stride = (uint32_t)stride;
	}
	return slots->stride && are_slots(solver, slots);
}

/* Nobody is in a chain: where code told where the first array is and where a bucket has its head, the
 * second array tells how many buckets there are and how large they are. */
static void solve_empty_udp(struct data_solver *solver, const unsigned char *bytes, uint32_t size)
{
	uint32_t hash = data_told_by_code(solver, "udp_table", "hash"), found = 0;
	struct slots slots = {.head = data_told_by_code(solver, "udp_hslot", "head")}, only = {0};

	if (hash > size - solver->word || slots.head == DATA_UNKNOWN)
		return;
	slots.at = word_in(solver, bytes, hash);
	for (uint32_t mask = 0; mask < size && data_is_kernel(solver, slots.at); mask += 4) {
		memcpy(&slots.mask, bytes + mask, sizeof(slots.mask));
		slots.mask_member = mask;
		if (!is_mask(slots.mask) || !find_stride(solver, bytes, size, &slots))
			continue;
		only = slots;
		found++;
	}
	if (found != 1)
		return;
	claim_one(solver, DATA_RULE_udp_arrays, "udp_table", "mask", 4, only.mask_member, 1);
	infer_claims_size(solver->claims, "udp_hslot", only.stride);
}

/* Up to the next symbol: a table of another protocol may follow. */
static void solve_udp(struct data_solver *solver, uint64_t table)
{
	unsigned char bytes[UDP_BYTES] = {0};
	struct heads heads;
	struct slots slots;
	uint64_t end = 0;
	uint32_t size;

	infer_symbols_covering(solver->kernel->symbols, table, &end);
	size = end - table < UDP_BYTES ? (uint32_t)(end - table) & ~(solver->word - 1) : UDP_BYTES;
	list_heads(solver, false, &heads);
	if (!data_read(solver, table, bytes, size))
		return;
	if (heads.count == 0)
		solve_empty_udp(solver, bytes, size);
	if (heads.count == 0 || find_slots(solver, bytes, size, &heads, &slots) != 1)
		return;
	claim_one(solver, DATA_RULE_udp_chains, "udp_table", "hash", solver->word, slots.member,
		  heads.count);
	claim_one(solver, DATA_RULE_udp_chains, "udp_table", "mask", 4, slots.mask_member,
		  heads.count);
	claim_one(solver, DATA_RULE_udp_chains, "udp_hslot", "head", solver->word, slots.head,
		  heads.count);
	infer_claims_size(solver->claims, "udp_hslot", slots.stride);
}

/* ---- local sockets ---- */

/* Heads of chains are empty, or lead to what leads back, from @first to @last. */
static bool are_all_heads(struct data_solver *solver, uint64_t first, uint64_t last)
{
	uint64_t value, before;

	for (uint64_t at = first; at <= last; at += solver->word)
		if (!data_read_word(solver, at, &value) ||
		    (value && (!data_is_kernel(solver, value) || !is_link(solver, value, &before) ||
			       before != at)))
			return false;
	return true;
}

/* b6e811383062 (6.0): a table for each namespace of networks. */
static int leads_to_heads(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	const struct heads *heads = context;
	uint64_t at = data_word(solver, set, index, offset), last = 0;
	uint32_t found = 0;

	for (uint32_t i = 0; i < heads->count; i++) {
		if (heads->net[i] != set->at[index])
			continue;
		if (!data_is_kernel(solver, at) || heads->at[i] - at >= UNIX_TABLE_BYTES ||
		    (heads->at[i] - at) % solver->word)
			return -1;
		last = heads->at[i] > last ? heads->at[i] : last;
		found++;
	}
	if (found < 3)
		return 0;
	return are_all_heads(solver, at, last) ? 1 : -1;
}

/* What lies before a table may be empty up to it: the last to begin is the table. */
static void keep_nearest(const struct data_solver *solver, struct data_columns *columns)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < columns->count && i < DATA_COLUMNS; i++) {
		uint64_t at = data_word(solver, &solver->nets, 0, columns->rows[i].offset);

		last = at > last ? at : last;
	}
	for (uint32_t i = columns->count; i-- > 0 && columns->count <= DATA_COLUMNS;)
		if (data_word(solver, &solver->nets, 0, columns->rows[i].offset) != last)
			data_columns_remove(columns, columns->rows[i].offset);
}

static void solve_unix_table(struct data_solver *solver)
{
	struct data_columns columns;
	struct heads heads;

	list_heads(solver, true, &heads);
	data_search(solver, &solver->nets, &(struct data_search){.support_min = 1}, leads_to_heads,
		    &heads, &columns);
	keep_nearest(solver, &columns);
	data_claim_columns(solver, DATA_RULE_unix_chains, "net", "unx.table.buckets", solver->word,
			   &columns);
}

struct address {
	uint32_t length, name;
	uint32_t named;
};

/* The family stands first in the name, whose length counts it; a path is no longer than that. */
static bool is_address(struct data_solver *solver, uint64_t at, const struct address *address)
{
	unsigned char bytes[32 + NAME_BYTES_MAX];
	uint32_t length;
	uint16_t family;

	if (!data_is_kernel(solver, at) || at % 4 || !data_read(solver, at, bytes, sizeof(bytes)))
		return false;
	memcpy(&length, bytes + address->length, sizeof(length));
	memcpy(&family, bytes + address->name, sizeof(family));
	if (family != AF_UNIX_ || length < 3 || length > NAME_BYTES_MAX)
		return false;
	for (uint32_t i = 3; i < length; i++) {
		unsigned char byte = bytes[address->name + i];

		if (byte < ' ' && !(byte == 0 && i + 1 == length))
			return false;
	}
	return true;
}

static int has_address(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	uint64_t at = data_word(solver, set, index, offset);
	struct address *address = context;

	if (family_of(solver, index) != AF_UNIX_)
		return 0;
	if (!at)
		return 0;
	if (!is_address(solver, at, address))
		return -1;
	address->named++;
	return 1;
}

static void solve_address(struct data_solver *solver)
{
	struct data_columns pointers = {0}, lengths = {0}, names = {0};

	for (uint32_t name = 4; name <= 16; name += 4)
		for (uint32_t length = 0; length < name; length += 4) {
			struct address address = {length, name, 0};
			struct data_search search = {.support_min = 2};
			struct data_columns columns;

			search.first = end_of_known(solver);
			data_search(solver, &solver->socks, &search, has_address, &address,
				    &columns);
			for (uint32_t i = 0; i < columns.count && i < DATA_COLUMNS; i++) {
				data_columns_push(&pointers, &columns.rows[i]);
				data_columns_push(&lengths, &(struct data_column){length, 2, 0});
				data_columns_push(&names, &(struct data_column){name, 2, 0});
			}
		}
	data_claim_columns(solver, DATA_RULE_unix_names, "unix_sock", "addr", solver->word,
			   &pointers);
	data_claim_columns(solver, DATA_RULE_unix_names, "unix_address", "len", 4, &lengths);
	data_claim_columns(solver, DATA_RULE_unix_names, "unix_address", "name", 0, &names);
}

static int is_peer(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	uint64_t at = data_word(solver, set, index, offset), back;
	uint32_t *mutual = context;

	if (family_of(solver, index) != AF_UNIX_ || !at)
		return 0;
	if (!data_is_kernel(solver, at) || at == set->at[index] ||
	    data_set_find(set, at) == DATA_UNKNOWN)
		return -1;
	*mutual += data_read_word(solver, at + offset, &back) && back == set->at[index];
	return 1;
}

static void solve_peer(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t at = end_of_known(solver); at < solver->socks.end; at += solver->word) {
		struct data_column column;
		uint32_t mutual = 0;

		if (data_check(solver, &solver->socks, 2, at, is_peer, &mutual, &column) &&
		    mutual >= 2)
			data_columns_push(&columns, &column);
	}
	data_claim_columns(solver, DATA_RULE_unix_peers, "unix_sock", "peer", solver->word,
			   &columns);
}

/* ---- namespaces of networks ---- */

static void add_nets(struct data_solver *solver)
{
	const struct infer_symbol *symbol =
		infer_symbols_named(solver->kernel->symbols, "init_net", NULL);

	if (symbol)
		data_set_add(solver, &solver->nets, symbol->address, 0);
	for (uint32_t i = 0; i < solver->socks.count; i++)
		data_set_add(solver, &solver->nets,
			     data_word(solver, &solver->socks, i, solver->at.sock_net), 0);
}

/* As far as the list's elements are from the namespaces; of several, all must be. */
static void solve_list(struct data_solver *solver)
{
	const struct infer_symbol *symbol =
		infer_symbols_named(solver->kernel->symbols, "net_namespace_list", NULL);
	struct data_columns columns = {0};
	struct data_list list;

	if (!symbol)
		return;
	data_list_walk(solver, symbol->address, 4096, &list);
	for (uint32_t at = 0; at < solver->nets.end && list.closed; at += solver->word) {
		uint32_t good = 0;

		for (uint32_t i = 0; i < solver->nets.count; i++)
			for (uint32_t k = 0; k < list.count; k++)
				good += list.at[k] == solver->nets.at[i] + at;
		if (good == solver->nets.count)
			data_columns_push(&columns, &(struct data_column){at, good, 0});
	}
	data_list_deinit(&list);
	data_claim_columns(solver, DATA_RULE_net_list, "net", "list", 2 * solver->word, &columns);
}

static int is_number(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint32_t value = data_u32(set, index, offset);

	(void)context;
	(void)solver;
	if (value < NUMBER_FIRST || value > NUMBER_LAST)
		return -1;
	for (uint32_t i = 0; i < index; i++)
		if (data_u32(set, i, offset) == value)
			return -1;
	return 1;
}

static void solve_number(struct data_solver *solver)
{
	struct data_search search = {.step = 4, .width = 4, .support_min = 1};
	struct data_columns columns;

	data_search(solver, &solver->nets, &search, is_number, NULL, &columns);
	data_claim_columns(solver, DATA_RULE_net_number, "net", "ns.inum", 4, &columns);
}

struct shared {
	uint64_t table;
};

static int is_table(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	const struct shared *shared = context;

	return data_word(solver, set, index, offset) == shared->table ? 1 : -1;
}

/* 4461568aa4e5 (6.1), ba6aac151606 (6.2): namespaces lead to their table, as a rule the one of all. */
static void solve_shared(struct data_solver *solver, uint64_t table, const char *member)
{
	struct shared shared = {table};
	struct data_columns columns;

	data_search(solver, &solver->nets, &(struct data_search){.support_min = 1}, is_table,
		    &shared, &columns);
	data_claim_columns(solver, DATA_RULE_net_tables, "net", member, solver->word, &columns);
}

/* The head of the only chain with sockets that see all packets is in the namespace itself. */
static void solve_packet(struct data_solver *solver)
{
	struct data_columns columns = {0};

	if (solver->at.sock_node == DATA_UNKNOWN || solver->at.sock_family == DATA_UNKNOWN)
		return;
	for (uint32_t i = 0; i < solver->socks.count; i++) {
		uint64_t net = data_word(solver, &solver->socks, i, solver->at.sock_net);
		uint64_t head = family_of(solver, i) == AF_PACKET_ ? head_of(solver, i) : 0;

		if (head - net >= solver->nets.end)
			continue;
		data_columns_remove(&columns, (uint32_t)(head - net));
		data_columns_push(&columns, &(struct data_column){(uint32_t)(head - net), 1, 0});
	}
	data_claim_columns(solver, DATA_RULE_sock_chain, "net", "packet.sklist", solver->word,
			   &columns);
}

static void solve_nets(struct data_solver *solver)
{
	add_nets(solver);
	data_set_bound(solver, &solver->nets);
	solve_list(solver);
	solve_number(solver);
	solve_unix_table(solver);
	solve_packet(solver);
}

/* What sockets do not show here, as there are few of them or none is connected, code may have told. */
static void ask_code(struct data_solver *solver)
{
	const struct {
		uint32_t *at;
		const char *member;
	} rows[] = {
		{&solver->at.sock_socket, "sk_socket"},
		{&solver->at.sock_type, "sk_type"},
		{&solver->at.sock_protocol, "sk_protocol"},
		{&solver->at.sock_family, "__sk_common.skc_family"},
		{&solver->at.sock_remote, "__sk_common.skc_dport"},
		{&solver->at.sock_local, "__sk_common.skc_num"},
		{&solver->at.sock_net, "__sk_common.skc_net.net"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (*rows[i].at == DATA_UNKNOWN)
			*rows[i].at = data_told_by_code(solver, "sock", rows[i].member);
}

/* What chains of sockets that are known from files show. */
static void solve_socks(struct data_solver *solver)
{
	if (solver->at.sock_family == DATA_UNKNOWN || solver->at.sock_local == DATA_UNKNOWN ||
	    solver->at.sock_socket == DATA_UNKNOWN)
		return;
	solve_address(solver);
	solve_peer(solver);
	solve_node(solver);
}

void data_solve_chains(struct data_solver *solver)
{
	const struct infer_symbols *symbols = solver->kernel->symbols;
	const struct infer_symbol *tcp = infer_symbols_named(symbols, "tcp_hashinfo", NULL);
	const struct infer_symbol *udp = infer_symbols_named(symbols, "udp_table", NULL);

	if (tcp)
		solve_tcp(solver, tcp->address);
	ask_code(solver);
	solve_socks(solver);
	if (solver->at.sock_node == DATA_UNKNOWN)
		solver->at.sock_node = data_told_by_code(solver, "sock", "__sk_common.skc_node");
	if (solver->at.sock_net == DATA_UNKNOWN)
		return;
	solve_nets(solver);
	if (tcp)
		solve_shared(solver, tcp->address, "ipv4.tcp_death_row.hashinfo");
	if (udp) {
		solve_shared(solver, udp->address, "ipv4.udp_table");
		solve_udp(solver, udp->address);
	}
}
