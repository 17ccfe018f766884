/* SPDX-License-Identifier: MIT */
/*
 * Sockets: files whose inode is one, the struct socket that points back to the file, the struct
 * sock that points back to the socket; families, types and protocols that belong together; two ends
 * of one connection that name each other's port.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#define AF_UNIX_ 1u
#define AF_INET_ 2u
#define AF_INET6_ 10u
#define AF_LAST 46u
#define STREAMS_MAX 64 /* whose ends are looked for */

/* ---- struct socket and struct sock ---- */

static bool is_socket_file(const struct data_solver *solver, uint32_t file)
{
	uint32_t inode = data_set_find(
		&solver->inodes, data_word(solver, &solver->files, file, solver->at.file_inode));

	return inode != DATA_UNKNOWN &&
	       data_u16(&solver->inodes, inode, solver->at.inode_mode) >> 12 == 12;
}

static void add_sockets(struct data_solver *solver, uint32_t column)
{
	data_set_deinit(&solver->sockets);
	for (uint32_t i = 0; i < solver->files.count; i++) {
		uint64_t at = data_word(solver, &solver->files, i, column);

		if (is_socket_file(solver, i) && data_is_kernel(solver, at) &&
		    at % solver->word == 0)
			data_set_add(solver, &solver->sockets, at, solver->files.at[i]);
	}
}

/* A socket's inode follows it in one object. */
static void bound_sockets(struct data_solver *solver, uint32_t column)
{
	data_set_bound(solver, &solver->sockets);
	for (uint32_t i = 0; i < solver->files.count; i++) {
		uint64_t far = data_word(solver, &solver->files, i, solver->at.file_inode) -
			       data_word(solver, &solver->files, i, column);

		if (is_socket_file(solver, i) && far && far < solver->sockets.end)
			solver->sockets.end = (uint32_t)far;
	}
}

static int points_back(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	(void)context;
	return data_word(solver, set, index, offset) == set->owner[index] ? 1 : -1;
}

/* The inode of a socket is at one distance from it: both are in one struct socket_alloc, which begins
 * with the socket. */
static void claim_inode(struct data_solver *solver, uint32_t column)
{
	struct data_columns columns = {0};
	uint32_t count = 0;
	uint64_t far = 0;

	for (uint32_t i = 0; i < solver->files.count; i++) {
		uint64_t inode = data_word(solver, &solver->files, i, solver->at.file_inode);
		uint64_t own = inode - data_word(solver, &solver->files, i, column);

		if (!is_socket_file(solver, i))
			continue;
		if (count++ && own != far)
			return;
		far = own;
	}
	if (count < 3 || far >= solver->sockets.size_bytes)
		return;
	data_columns_push(&columns, &(struct data_column){(uint32_t)far, count, 0});
	data_claim_columns(solver, DATA_RULE_socket_inode, "socket_alloc", "vfs_inode", 0,
			   &columns);
}

/* The operations of the first file that is a socket; 0 none. */
static uint64_t operations_of_sockets(const struct data_solver *solver)
{
	for (uint32_t i = 0; i < solver->files.count; i++)
		if (is_socket_file(solver, i))
			return data_word(solver, &solver->files, i, solver->at.file_op);
	return 0;
}

/* All files that are sockets have operations that no others have: by these the kernel tells them. */
static void find_file_operations(struct data_solver *solver)
{
	uint64_t operations;

	if (data_symbol(solver, "socket_file_ops", &operations) ||
	    solver->at.file_op == DATA_UNKNOWN)
		return;
	operations = operations_of_sockets(solver);
	for (uint32_t i = 0; i < solver->files.count; i++)
		if (is_socket_file(solver, i) !=
		    (data_word(solver, &solver->files, i, solver->at.file_op) == operations))
			return;
	if (data_in_image(solver, operations))
		infer_claims_symbol(solver->claims, "socket_file_ops", operations, 0);
}

/* The file's private pointer leads to what points back to the file. */
static bool find_sockets(struct data_solver *solver)
{
	for (uint32_t offset = 0; offset < solver->files.end; offset += solver->word) {
		struct data_columns columns;

		add_sockets(solver, offset);
		if (solver->sockets.count < 3)
			continue;
		bound_sockets(solver, offset);
		data_search(solver, &solver->sockets, &(struct data_search){0}, points_back, NULL,
			    &columns);
		if (columns.count != 1)
			continue;
		data_claim_columns(solver, DATA_RULE_socket_file, "socket", "file", solver->word,
				   &columns);
		claim_inode(solver, offset);
		find_file_operations(solver);
		return true;
	}
	return false;
}

static bool find_socks(struct data_solver *solver)
{
	for (uint32_t offset = 0; offset < solver->sockets.end; offset += solver->word) {
		struct data_columns back;
		struct data_column column = {offset, solver->sockets.count, 0};

		data_set_deinit(&solver->socks);
		data_set_follow(solver, &solver->socks, &solver->sockets, offset);
		if (solver->socks.count < 3 ||
		    data_set_find(&solver->files, solver->socks.at[0]) != DATA_UNKNOWN)
			continue;
		data_search(solver, &solver->socks, &(struct data_search){0}, points_back, NULL,
			    &back);
		if (back.count != 1)
			continue;
		solver->at.sock_socket = data_claim_columns(solver, DATA_RULE_sock, "sock",
							    "sk_socket", solver->word, &back);
		data_claim(solver, DATA_RULE_sock, "socket", "sk", solver->word, &column, 0);
		return true;
	}
	return false;
}

static int is_operations(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	(void)context;
	return data_in_image(solver, data_word(solver, set, index, offset)) ? 1 : -1;
}

static void solve_operations(struct data_solver *solver)
{
	struct data_columns columns;

	data_search(solver, &solver->sockets, &(struct data_search){0}, is_operations, NULL,
		    &columns);
	data_claim_columns(solver, DATA_RULE_socket_operations, "socket", "ops", solver->word,
			   &columns);
}

/* ---- type, family, protocol ---- */

/* The socket of a sock: in the order in which they were met, but for those met twice. */
static uint32_t socket_of(const struct data_solver *solver, uint32_t sock)
{
	return data_set_find(&solver->sockets, solver->socks.owner[sock]);
}

static int is_type(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	uint32_t *first = context; /* [0]: column of socket; [1]: kinds that were seen */
	uint32_t socket = socket_of(solver, index);
	uint16_t type = data_u16(set, index, offset);

	if (socket == DATA_UNKNOWN || type == 0 || type > 10 ||
	    type != data_u16(&solver->sockets, socket, first[0]))
		return -1;
	first[1] |= 1u << type;
	return 1;
}

/* SOCK_STREAM 1 and SOCK_DGRAM 2 at least, the same in both objects. */
static void solve_type(struct data_solver *solver)
{
	struct data_columns sockets = {0}, socks = {0};

	for (uint32_t own = 0; own + 2 <= solver->sockets.end; own += 2)
		for (uint32_t offset = 0; offset + 2 <= solver->socks.end; offset += 2) {
			uint32_t context[2] = {own, 0};
			struct data_column column;

			if (!data_check(solver, &solver->socks, 0, offset, is_type, context,
					&column) ||
			    (context[1] & 6) != 6)
				continue;
			data_columns_push(&socks, &column);
			column.offset = own;
			data_columns_push(&sockets, &column);
		}
	solver->at.sock_type =
		data_claim_columns(solver, DATA_RULE_socket_type, "sock", "sk_type", 2, &socks);
	data_claim_columns(solver, DATA_RULE_socket_type, "socket", "type", 2, &sockets);
}

struct families {
	uint32_t family; /* column */
	uint32_t tcp, udp, local;
};

/* TCP is what streams of the internet are, UDP datagrams; local sockets have no protocol. */
static int is_protocol(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	struct families *families = context;
	uint16_t family = data_u16(set, index, families->family);
	uint16_t type = data_u16(set, index, solver->at.sock_type);
	uint16_t protocol = data_u16(set, index, offset);

	if (family == 0 || family >= AF_LAST)
		return -1;
	if (family == AF_UNIX_) {
		families->local++;
		return protocol == 0 ? 1 : -1;
	}
	if ((family != AF_INET_ && family != AF_INET6_) || type > 2)
		return 0;
	*(type == 1 ? &families->tcp : &families->udp) += 1;
	return protocol == (type == 1 ? 6 : 17) ? 1 : -1;
}

/* Asked for each column before others are held against it. */
static bool may_be_family(const struct data_solver *solver, uint32_t offset)
{
	for (uint32_t i = 0; i < solver->socks.count; i++) {
		uint16_t family = data_u16(&solver->socks, i, offset);

		if (family == 0 || family >= AF_LAST)
			return false;
	}
	return true;
}

static void solve_family(struct data_solver *solver)
{
	struct data_columns family = {0}, protocols = {0};

	for (uint32_t own = 0; own + 2 <= solver->socks.end; own += 2)
		for (uint32_t offset = 0;
		     may_be_family(solver, own) && offset + 2 <= solver->socks.end; offset += 2) {
			struct families families = {.family = own};
			struct data_column column;

			if (!data_check(solver, &solver->socks, 0, offset, is_protocol, &families,
					&column) ||
			    !families.tcp || !families.local)
				continue;
			data_columns_push(&protocols, &column);
			column.offset = own;
			data_columns_push(&family, &column);
		}
	solver->at.sock_protocol = data_claim_columns(solver, DATA_RULE_socket_family, "sock",
						      "sk_protocol", 2, &protocols);
	solver->at.sock_family = data_claim_columns(solver, DATA_RULE_socket_family, "sock",
						    "__sk_common.skc_family", 2, &family);
}

/* ---- ports and addresses ---- */

static uint16_t swapped(uint16_t value)
{
	return (uint16_t)(value << 8 | value >> 8);
}

static bool is_inet(const struct data_solver *solver, uint32_t sock)
{
	return data_u16(&solver->socks, sock, solver->at.sock_family) == AF_INET_;
}

static bool is_stream(const struct data_solver *solver, uint32_t sock)
{
	return data_u16(&solver->socks, sock, solver->at.sock_type) == 1;
}

/* Is this the last known member of struct sock, which those of larger structures follow? */
static uint32_t end_of_sock(const struct data_solver *solver)
{
	uint32_t last = solver->at.sock_socket;

	if (solver->at.sock_type != DATA_UNKNOWN && solver->at.sock_type > last)
		last = solver->at.sock_type;
	if (solver->at.sock_protocol != DATA_UNKNOWN && solver->at.sock_protocol > last)
		last = solver->at.sock_protocol;
	return last;
}

/* The streams of the internet among the socks. */
struct streams {
	uint32_t index[STREAMS_MAX], count;
};

static void list_streams(const struct data_solver *solver, struct streams *streams)
{
	streams->count = 0;
	for (uint32_t i = 0; i < solver->socks.count && streams->count < STREAMS_MAX; i++)
		if (is_inet(solver, i) && is_stream(solver, i))
			streams->index[streams->count++] = i;
}

/* A port of one's own has whoever has another's; and somebody waits for another. */
static bool may_be_local(const struct data_solver *solver, const struct streams *streams,
			 uint32_t remote, uint32_t local)
{
	bool alone = false;

	for (uint32_t i = 0; i < streams->count; i++) {
		uint16_t there = data_u16(&solver->socks, streams->index[i], remote);
		uint16_t here = data_u16(&solver->socks, streams->index[i], local);

		if (there && !here)
			return false;
		alone |= here && !there;
	}
	return alone;
}

/* How many streams have another end, whose ports are these the other way round. */
static uint32_t count_ends(const struct data_solver *solver, const struct streams *streams,
			   uint32_t remote, uint32_t local)
{
	const struct data_set *socks = &solver->socks;
	uint32_t ends = 0;

	if (!may_be_local(solver, streams, remote, local))
		return 0;
	for (uint32_t i = 0; i < streams->count; i++)
		for (uint32_t k = 0; k < i; k++) {
			uint32_t a = streams->index[i], b = streams->index[k];
			uint16_t here = data_u16(socks, a, local),
				 there = data_u16(socks, b, local);

			if (!here || !there || here == there || swapped(here) == here)
				continue;
			ends += data_u16(socks, a, remote) == swapped(there) &&
				data_u16(socks, b, remote) == swapped(here);
		}
	return ends;
}

/* Struct sock begins every struct that extends it: what lies before a known member is its own. */
static void solve_ports(struct data_solver *solver)
{
	struct data_columns remotes = {0}, locals = {0};
	uint32_t end = end_of_sock(solver);
	struct streams streams;

	list_streams(solver, &streams);
	for (uint32_t remote = 0; remote < end; remote += 2)
		for (uint32_t local = 0; local < end; local += 2) {
			uint32_t ends =
				remote == local ? 0 : count_ends(solver, &streams, remote, local);

			if (ends == 0)
				continue;
			data_columns_push(&remotes, &(struct data_column){remote, ends, 0});
			data_columns_push(&locals, &(struct data_column){local, ends, 0});
		}
	solver->at.sock_remote = data_claim_columns(solver, DATA_RULE_ports, "sock",
						    "__sk_common.skc_dport", 2, &remotes);
	solver->at.sock_local = data_claim_columns(solver, DATA_RULE_ports, "sock",
						   "__sk_common.skc_num", 2, &locals);
}

/* Known only where there is somebody at the other end. */
static int is_remote_address(struct data_solver *solver, const struct data_set *set, uint32_t index,
			     uint32_t offset, void *context)
{
	uint32_t address = data_u32(set, index, offset);

	(void)context;
	if (!is_inet(solver, index))
		return 0;
	if (data_is_part_of_pointer(solver, set, index, offset))
		return -1; /* half of a pointer */
	return !address == !data_u16(set, index, solver->at.sock_remote) ? 1 : -1;
}

/* Of both ends of a connection, what is there the other's. */
static int is_local_address(struct data_solver *solver, const struct data_set *set, uint32_t index,
			    uint32_t offset, void *context)
{
	const uint32_t *remote = context;

	if (!is_inet(solver, index) || !data_u16(set, index, solver->at.sock_remote))
		return 0;
	for (uint32_t i = 0; i < set->count; i++)
		if (is_inet(solver, i) &&
		    data_u16(set, i, solver->at.sock_remote) ==
			    swapped(data_u16(set, index, solver->at.sock_local)))
			return data_u32(set, index, offset) == data_u32(set, i, *remote) ? 1 : -1;
	return data_u32(set, index, offset) ? 0 : -1;
}

static bool known_alone(const struct data_solver *solver, uint32_t offset)
{
	for (uint32_t i = 0; i < solver->socks.count; i++)
		if (is_inet(solver, i) && data_u32(&solver->socks, i, offset) &&
		    !data_u16(&solver->socks, i, solver->at.sock_remote))
			return true;
	return false;
}

/* The members that are the other ends' @remote. */
static void find_local(struct data_solver *solver, const struct data_search *search,
		       uint32_t remote, struct data_columns *locals)
{
	data_search(solver, &solver->socks, search, is_local_address, &remote, locals);
	data_columns_remove(locals, remote);
	for (uint32_t i = locals->count; i-- > 0 && locals->count <= DATA_COLUMNS;)
		if (!known_alone(solver, locals->rows[i].offset))
			data_columns_remove(locals, locals->rows[i].offset);
}

static void solve_addresses(struct data_solver *solver)
{
	struct data_search search = {
		.step = 4, .width = 4, .support_min = 2, .end = end_of_sock(solver)};
	struct data_columns candidates, remotes = {0}, locals = {0};

	data_search(solver, &solver->socks, &search, is_remote_address, NULL, &candidates);
	for (uint32_t i = 0; i < candidates.count && i < DATA_COLUMNS; i++) {
		struct data_columns found;

		find_local(solver, &search, candidates.rows[i].offset, &found);
		for (uint32_t k = 0; k < found.count && k < DATA_COLUMNS; k++) {
			data_columns_push(&remotes, &candidates.rows[i]);
			data_columns_push(&locals, &found.rows[k]);
		}
	}
	data_claim_columns(solver, DATA_RULE_addresses, "sock", "__sk_common.skc_daddr", 4,
			   &remotes);
	data_claim_columns(solver, DATA_RULE_addresses, "sock", "__sk_common.skc_rcv_saddr", 4,
			   &locals);
}

/* TCP_ESTABLISHED 1, TCP_CLOSE 7, TCP_LISTEN 10: other families borrow them. */
static int is_state(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint8_t state = data_bytes(set, index)[offset];
	uint32_t *seen = context;

	if (state == 0 || state > 13)
		return -1;
	if (!is_inet(solver, index) || !is_stream(solver, index))
		return 0;
	*seen |= 1u << state;
	if (data_u16(set, index, solver->at.sock_remote))
		return state == 10 ? -1 : 1;
	return state == 7 || state == 10 ? 1 : -1;
}

static void solve_state(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset < end_of_sock(solver); offset++) {
		uint32_t seen = 0;
		struct data_column column;

		if (data_check(solver, &solver->socks, 2, offset, is_state, &seen, &column) &&
		    seen & 1 << 1 && seen & 1 << 10)
			data_columns_push(&columns, &column);
	}
	data_claim_columns(solver, DATA_RULE_socket_state, "sock", "__sk_common.skc_state", 1,
			   &columns);
}

/* ---- the namespace of networks ---- */

static bool is_net_ns(const struct data_solver *solver, uint64_t value, uint32_t member)
{
	for (uint32_t i = 0; i < solver->nsproxies.count; i++)
		if (data_is_kernel(solver, value) &&
		    value == data_word(solver, &solver->nsproxies, i, member))
			return true;
	return false;
}

static bool all_in_ns(const struct data_solver *solver, uint32_t offset, uint32_t member)
{
	for (uint32_t i = 0; i < solver->socks.count; i++)
		if (!is_net_ns(solver, data_word(solver, &solver->socks, i, offset), member))
			return false;
	return true;
}

static void solve_net_ns(struct data_solver *solver)
{
	struct data_columns columns = {0}, nets = {0};

	for (uint32_t member = 0; member < 16 * solver->word; member += solver->word) {
		bool found = false;

		for (uint32_t offset = 0; offset < end_of_sock(solver); offset += solver->word)
			if (all_in_ns(solver, offset, member)) {
				data_columns_push(&nets, &(struct data_column){
								 offset, solver->socks.count, 0});
				found = true;
			}
		if (found)
			data_columns_push(&columns,
					  &(struct data_column){member, solver->socks.count, 0});
	}
	data_claim_columns(solver, DATA_RULE_net_ns, "nsproxy", "net_ns", solver->word, &columns);
	solver->at.sock_net = data_claim_columns(solver, DATA_RULE_net_ns, "sock",
						 "__sk_common.skc_net.net", solver->word, &nets);
}

void data_solve_sockets(struct data_solver *solver)
{
	if (solver->at.inode_mode == DATA_UNKNOWN || !find_sockets(solver) || !find_socks(solver))
		return;
	data_set_bound(solver, &solver->socks);
	solve_operations(solver);
	if (solver->nsproxies.count)
		solve_net_ns(solver);
	solve_type(solver);
	if (solver->at.sock_type == DATA_UNKNOWN)
		return;
	solve_family(solver);
	if (solver->at.sock_family == DATA_UNKNOWN)
		return;
	solve_ports(solver);
	if (solver->at.sock_remote == DATA_UNKNOWN || solver->at.sock_local == DATA_UNKNOWN)
		return;
	solve_addresses(solver);
	solve_state(solver);
}
