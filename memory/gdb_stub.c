/* SPDX-License-Identifier: MIT */
/*
 * gdb's remote serial protocol, as far as registers need it: packets "$text#checksum" that are
 * acknowledged, descriptions of registers in XML ("Target Descriptions" and "Remote Protocol" in
 * gdb's manual), threads, which in QEMU are CPUs numbered from 1. Every wait and every length has
 * an end. A stub may say at any time that the machine stopped (T…): that is passed over.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "memory/gdb_stub.h"

enum {
	REPLY_MS = 5000,
	PACKET_BYTES = 8192,
	CHUNK_BYTES = 2000, /* QEMU's packets have 4096 */
	PASSED_MAX = 64,    /* packets that nobody asked for */
	FEATURES_MAX = 32,
	REGISTERS_MAX = 16
};

const struct gap_gdb_register gap_gdb_registers[] = {
#define AT(member) offsetof(struct gap_vcpu, member)
	{"SCTLR_EL1|SCTLR", GAP_VCPU_SCTLR_EL1, AT(sctlr_el1)},
	{"TTBR0_EL1", GAP_VCPU_TTBR0_EL1, AT(ttbr0_el1)},
	{"TTBR1_EL1", GAP_VCPU_TTBR1_EL1, AT(ttbr1_el1)},
	{"TCR_EL1", GAP_VCPU_TCR_EL1, AT(tcr_el1)},
	{"VBAR_EL1|VBAR", GAP_VCPU_VBAR_EL1, AT(vbar_el1)},
	{"TPIDR_EL1", GAP_VCPU_TPIDR_EL1, AT(tpidr_el1)},
	{"SP_EL0", GAP_VCPU_SP_EL0, AT(sp_el0)},
	{"k_gs_base", GAP_VCPU_KERNEL_GS_BASE, AT(kernel_gs_base)},
#undef AT
};
const size_t gap_gdb_register_count = sizeof(gap_gdb_registers) / sizeof(gap_gdb_registers[0]);

_Static_assert(sizeof(gap_gdb_registers) / sizeof(gap_gdb_registers[0]) <= REGISTERS_MAX,
	       "numbers[] has no room for all registers");

struct stub {
	int fd;
	char buffer[4096]; /* what was received and not yet taken */
	size_t begin, end;
	char packet[PACKET_BYTES + 1]; /* the last one, ended with a zero byte */
	size_t packet_bytes;
};

/* ---- packets ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum gap_status silent(struct gap_error *error)
{
	return gap_fail(error, GAP_IO, "QEMU's gdb stub does not answer");
}

static enum gap_status odd(struct gap_error *error)
{
	return gap_fail(error, GAP_UNSUPPORTED, "QEMU's gdb stub answers what is not understood");
}

static int wait_for(const struct stub *stub, short events, int64_t deadline)
{
	struct pollfd waited = {stub->fd, events, 0};
	int64_t left = deadline - now_ms();

	return left > 0 && (poll(&waited, 1, (int)left) > 0 || errno == EINTR);
}

static enum gap_status next_byte(struct stub *stub, int64_t deadline, char *byte,
				 struct gap_error *error)
{
	while (stub->begin == stub->end) {
		ssize_t got;

		if (!wait_for(stub, POLLIN, deadline))
			return silent(error);
		got = recv(stub->fd, stub->buffer, sizeof(stub->buffer), MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return silent(error);
		stub->begin = 0;
		stub->end = (size_t)got;
	}
	*byte = stub->buffer[stub->begin++];
	return GAP_OK;
}

static enum gap_status send_all(struct stub *stub, const char *text, size_t length,
				int64_t deadline, struct gap_error *error)
{
	while (length > 0) {
		ssize_t sent = send(stub->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			return silent(error);
		if (sent < 0 && !wait_for(stub, POLLOUT, deadline))
			return silent(error);
		if (sent > 0) {
			text += sent;
			length -= (size_t)sent;
		}
	}
	return GAP_OK;
}

/* A packet begins behind whatever acknowledges ours and ends with a checksum, which a local
 * connection does not need; '}' stands before a byte that was changed. */
static enum gap_status receive_packet(struct stub *stub, int64_t deadline, struct gap_error *error)
{
	int escaped = 0, begun = 0;
	char byte;

	stub->packet_bytes = 0;
	for (;;) {
		if (next_byte(stub, deadline, &byte, error))
			return GAP_IO;
		if (!begun) {
			begun = byte == '$';
		} else if (byte == '#') {
			break;
		} else if (byte == '}' && !escaped) {
			escaped = 1;
		} else if (stub->packet_bytes == PACKET_BYTES) {
			return odd(error);
		} else {
			stub->packet[stub->packet_bytes++] = (char)(escaped ? byte ^ 0x20 : byte);
			escaped = 0;
		}
	}
	stub->packet[stub->packet_bytes] = '\0';
	if (next_byte(stub, deadline, &byte, error) || next_byte(stub, deadline, &byte, error))
		return GAP_IO;
	return send_all(stub, "+", 1, deadline, error);
}

/* The answer is in stub->packet. */
static enum gap_status ask(struct stub *stub, const char *question, struct gap_error *error)
{
	int64_t deadline = now_ms() + REPLY_MS;
	unsigned char sum = 0;
	enum gap_status status;
	char text[256];
	int length;

	for (const char *at = question; *at; at++)
		sum = (unsigned char)(sum + (unsigned char)*at);
	length = snprintf(text, sizeof(text), "$%s#%02x", question, sum);
	if (length >= (int)sizeof(text))
		return odd(error);
	status = send_all(stub, text, (size_t)length, deadline, error);
	for (int i = 0; !status && i < PASSED_MAX; i++) {
		status = receive_packet(stub, deadline, error);
		if (!status && stub->packet[0] != 'T')
			return GAP_OK;
	}
	return status ? status : odd(error);
}

/* ---- descriptions of registers ---- */

/* A file of the description, whole; malloc'ed. Pieces are 'm' and more, or 'l' and the last. */
static enum gap_status read_feature(struct stub *stub, const char *name, char **text,
				    struct gap_error *error)
{
	size_t length = 0;
	char question[200], *whole = NULL;

	for (;;) {
		enum gap_status status;
		char *grown;

		snprintf(question, sizeof(question), "qXfer:features:read:%.100s:%zx,%x", name,
			 length, CHUNK_BYTES);
		status = ask(stub, question, error);
		if (!status && stub->packet[0] != 'm' && stub->packet[0] != 'l')
			status = odd(error);
		if (!status && length + stub->packet_bytes > GAP_GDB_TEXT_BYTES_MAX)
			status = odd(error);
		grown = status ? NULL : realloc(whole, length + stub->packet_bytes + 1);
		if (!grown) {
			free(whole);
			return status ? status : gap_fail(error, GAP_NO_MEMORY, "out of memory");
		}
		whole = grown;
		memcpy(whole + length, stub->packet + 1, stub->packet_bytes);
		length += stub->packet_bytes - 1;
		if (stub->packet[0] == 'l' || stub->packet_bytes == 1)
			break;
	}
	whole[length] = '\0';
	*text = whole;
	return GAP_OK;
}

/* The value of an attribute in [tag, end), or NULL; its length is up to the closing quote. */
static const char *attribute(const char *tag, const char *end, const char *name, size_t *length)
{
	char wanted[32];
	const char *at, *close;
	int size = snprintf(wanted, sizeof(wanted), " %s=\"", name);

	at = memmem(tag, (size_t)(end - tag), wanted, (size_t)size);
	close = at ? memchr(at + size, '"', (size_t)(end - at - size)) : NULL;
	if (!close)
		return NULL;
	*length = (size_t)(close - at - size);
	return at + size;
}

static int is_one_of(const char *names, const char *name, size_t length)
{
	for (;;) {
		size_t next = strcspn(names, "|");

		if (next == length && memcmp(names, name, length) == 0)
			return 1;
		if (!names[next])
			return 0;
		names += next + 1;
	}
}

static void take_register(const char *tag, const char *end, uint32_t *next, uint32_t *numbers)
{
	size_t length, bits_length;
	const char *number = attribute(tag, end, "regnum", &length);
	const char *bits = attribute(tag, end, "bitsize", &bits_length);
	const char *name;

	if (number)
		*next = (uint32_t)strtoul(number, NULL, 10);
	name = attribute(tag, end, "name", &length);
	for (size_t i = 0; name && bits && i < gap_gdb_register_count; i++)
		if (is_one_of(gap_gdb_registers[i].names, name, length) &&
		    strtoul(bits, NULL, 10) == 64)
			numbers[i] = *next;
	++*next;
}

/* Registers in comments are not counted: QEMU has some (cs_base and its like). */
void gap_gdb_number_registers(const char *text, uint32_t *next, uint32_t *numbers)
{
	const char *tag = text, *end;

	while ((tag = strchr(tag, '<'))) {
		int comment = strncmp(tag, "<!--", 4) == 0;

		end = comment ? strstr(tag, "-->") : strchr(tag, '>');
		if (!end)
			break;
		if (strncmp(tag, "<reg ", 5) == 0)
			take_register(tag, end, next, numbers);
		tag = end;
	}
}

/* The description itself may list registers, and includes others that do. */
static enum gap_status number_all(struct stub *stub, const char *target, uint32_t *numbers,
				  struct gap_error *error)
{
	const char *tag = target, *end;
	uint32_t next = 0;
	int count = 0;

	gap_gdb_number_registers(target, &next, numbers);
	while ((tag = strstr(tag, "<xi:include ")) && (end = strchr(tag, '>')) &&
	       count++ < FEATURES_MAX) {
		size_t length = 0;
		const char *file = attribute(tag, end, "href", &length);
		char name[100], *text;
		enum gap_status status;

		tag = end;
		if (!file || length >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)length, file);
		status = read_feature(stub, name, &text, error);
		if (status)
			return status;
		gap_gdb_number_registers(text, &next, numbers);
		free(text);
	}
	return GAP_OK;
}

/* ---- registers ---- */

/* Pairs of digits in the guest's order of bytes, which is little-endian. */
static int parse_value(const char *text, uint64_t *value)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	uint64_t parsed = 0;

	if (strlen(text) != 16 || strspn(text, digits) != 16)
		return 0;
	for (int i = 7; i >= 0; i--) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

		parsed = parsed << 8 | strtoul(pair, NULL, 16);
	}
	*value = parsed;
	return 1;
}

static enum gap_status read_vcpu(struct stub *stub, const uint32_t *numbers, struct gap_vcpu *vcpu,
				 struct gap_error *error)
{
	char question[32];
	enum gap_status status;
	uint64_t value;

	snprintf(question, sizeof(question), "Hg%x", vcpu->index + 1);
	status = ask(stub, question, error);
	if (!status && strcmp(stub->packet, "OK") != 0)
		return GAP_OK; /* a CPU that the stub does not have */
	for (size_t i = 0; !status && i < gap_gdb_register_count; i++) {
		const struct gap_gdb_register *row = &gap_gdb_registers[i];

		if (numbers[i] == UINT32_MAX || vcpu->known & row->known)
			continue;
		snprintf(question, sizeof(question), "p%x", numbers[i]);
		status = ask(stub, question, error);
		if (status || !parse_value(stub->packet, &value))
			continue;
		memcpy((char *)vcpu + row->offset, &value, sizeof(value));
		vcpu->known |= row->known;
	}
	return status;
}

/* While the user's half runs, its stack pointer is SP_EL0, and what the stub has may be older. */
static void mend_sp_el0(struct gap_vcpu *vcpu)
{
	if (vcpu->known & GAP_VCPU_SP_EL0 && vcpu->known & GAP_VCPU_SP && vcpu->user_mode)
		vcpu->sp_el0 = vcpu->sp;
}

static enum gap_status read_all(struct stub *stub, struct gap_vcpu *vcpus, size_t count,
				struct gap_error *error)
{
	uint32_t numbers[REGISTERS_MAX];
	char *target;
	enum gap_status status = ask(stub, "qSupported:xmlRegisters=aarch64", error);

	memset(numbers, 0xff, sizeof(numbers));
	if (!status)
		status = read_feature(stub, "target.xml", &target, error);
	if (status)
		return status;
	status = number_all(stub, target, numbers, error);
	free(target);
	for (size_t i = 0; !status && i < count; i++) {
		status = read_vcpu(stub, numbers, &vcpus[i], error);
		mend_sp_el0(&vcpus[i]);
	}
	return status;
}

enum gap_status gap_gdb_read_registers(int fd, struct gap_vcpu *vcpus, size_t count,
				       struct gap_error *error)
{
	struct stub *stub = calloc(1, sizeof(*stub));
	enum gap_status status;

	if (!stub)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	stub->fd = fd;
	status = read_all(stub, vcpus, count, error);
	free(stub);
	return status;
}
