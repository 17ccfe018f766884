/* SPDX-License-Identifier: MIT */
/*
 * Running guests, without QEMU: a thread speaks QMP at a socket and this process stands for QEMU's,
 * with a memfd as shared RAM and anonymous memory as private RAM. The texts are QEMU's own. Peers
 * that hang up, talk nonsense or lie about addresses are refused in words.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/qemu_text.h"
#include "runtime/include/semgap/source.h"
#include "tests/support/gdb_talk.h"

#define RAM_BYTES ((size_t)0x400000)
#define LOW_BYTES ((size_t)0x100000) /* the rest is at 4 GiB */
#define HIGH_START ((uint64_t)4 << 30)

static const char mtree[] =
	"FlatView #0\n"
	" AS \"I/O\", root: io\n"
	" Root memory region: io\n"
	"  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan\n"
	"\n"
	"FlatView #1\n"
	" AS \"cpu-smm-0\", root: memory\n"
	" Root memory region: memory\n"
	"  0000000000000000-00000000003fffff (prio 0, ram): ram\n"
	"\n"
	"FlatView #2\n"
	" AS \"memory\", root: system\n"
	" AS \"cpu-memory-0\", root: system\n"
	" Root memory region: system\n"
	"  0000000000000000-000000000009ffff (prio 0, ram): ram KVM\n"
	"  00000000000a0000-00000000000bffff (prio 1, ram): vga.vram @0000000000010000\n"
	"  00000000000c0000-00000000000cbfff (prio 0, rom): ram @00000000000c0000 KVM\n"
	"  00000000000cc000-00000000000fffff (prio 0, ram): ram @00000000000cc000\n"
	"  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\n"
	"  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios\n"
	"  0000000100000000-00000001002fffff (prio 0, ram): ram @0000000000100000\n"
	"\n"
	"FlatView #3\n"
	" Root memory region: (none)\n"
	"  No rendered FlatView\n";

static const char registers_x86[] =
	"\r\nCPU#0\r\n"
	"RAX=000000000001ad40 RBX=0000000000000000 RCX=0000000000000001 RDX=4000000000000000\r\n"
	"RSI=0000000000000083 RDI=000000000001a23c RBP=ffffffffa8a1aa40 RSP=ffffffffa8a03e98\r\n"
	"RIP=ffffffffa7a17a0b RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
	"CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r\n"
	"FS =0000 0000000000000000 00000000 00000000\r\n"
	"GS =0000 ff302fe2bac00000 00000000 00000000\r\n"
	"TR =0040 fffffe0000003000 00004087 00008900 DPL=0 TSS64-avl\r\n"
	"GDT=     fffffe0000001000 0000007f\r\n"
	"IDT=     fffffe0000000000 00000fff\r\n"
	"CR0=80050033 CR2=00000000004be79f CR3=00000001003e8000 CR4=00751eb0\r\n"
	"EFER=0000000000000d01\r\n"
	"FCW=037f FSW=0000 [ST=0] FTW=00 MXCSR=00001f80\r\n"
	"\r\nCPU#1\r\n"
	"EAX=00000000 ESP=bffff000 EBP=bffff010\r\n"
	"EIP=08048000 EFL=00000202 [-------] CPL=3 II=0 A20=1 SMM=0 HLT=0\r\n"
	"GS =0033 b7dd0000 ffffffff 00c0f300 DPL=3 DS   [-WA]\r\n"
	"CR0=80050033 CR2=b7fd0000 CR3=1f3e8000 CR4=000006d0\r\n";

static const char registers_arm[] =
	"\r\nCPU#0\r\n PC=ffffd1e6e3b0f0a4 X00=00000000000000e0 X01=0000000000000001\r\n"
	"X29=ffffd1e6e46f3d80 X30=ffffd1e6e3b0f09c  SP=ffffd1e6e46f3d80\r\n"
	"PSTATE=600000c5 -ZC- EL1h  FPU disabled\r\n"
	"\r\nCPU#1\r\n PC=0000aaaac0de0000 X00=0000000000000000 X29=0000ffffc0000000\r\n"
	"X30=0000000000000000  SP=0000ffffc0000000\r\nPSTATE=80001000 N--- EL0t\r\n";

/* ---- texts ---- */

static void the_memory_map_is_understood(void **state)
{
	struct gap_qemu_region regions[8];
	size_t count = gap_qemu_regions(mtree, regions, 8);

	(void)state;
	assert_int_equal(count, 5);
	assert_int_equal(regions[0].size_bytes, 0xa0000);
	assert_true(gap_qemu_is_backend(regions[0].block, "ram"));
	assert_string_equal(regions[1].block, "vga.vram");
	assert_int_equal(regions[1].block_offset, 0x10000);
	assert_int_equal(regions[2].start, 0xc0000);
	assert_int_equal(regions[2].size_bytes, 0x40000);
	assert_string_equal(regions[2].block, "ram");
	assert_int_equal(regions[4].start, HIGH_START);
	assert_int_equal(regions[4].block_offset, 0x100000);
	assert_int_equal(gap_qemu_regions(mtree, regions, 2), 2);
}

static void neighbours_of_one_block_are_joined(void **state)
{
	static const char text[] = " AS \"memory\", root: system\n"
				   " Root memory region: system\n"
				   "  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram\n"
				   "  00000000000c3000-00000000000e7fff (prio 0, rom): pc.ram "
				   "@00000000000c3000\n"
				   "  00000000000e8000-000000007fffffff (prio 0, ram): pc.ram "
				   "@00000000000e8000\n"
				   "  0000000100000000-00000001bfffffff (prio 0, ram): pc.ram "
				   "@0000000080000000\n";
	struct gap_qemu_region regions[8];

	(void)state;
	assert_int_equal(gap_qemu_regions(text, regions, 8), 2);
	assert_int_equal(regions[0].size_bytes, 0x80000000);
	assert_int_equal(regions[1].block_offset, 0x80000000);
}

static void names_of_backends_are_told_apart(void **state)
{
	(void)state;
	assert_true(gap_qemu_is_backend("/objects/ram", "ram"));
	assert_true(gap_qemu_is_backend("ram KVM", "ram"));
	assert_false(gap_qemu_is_backend("ram2", "ram"));
	assert_false(gap_qemu_is_backend("pc.ram", "ram"));
	assert_false(gap_qemu_is_backend("", "ram"));
}

static void odd_texts_give_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"AS \"memory\",",
		"AS \"memory\", Root memory region",
		"AS \"memory\", Root memory region\n  x",
		"AS \"memory\", Root memory region\n  5-4 (prio 0, ram): a\n",
		"AS \"memory\", Root memory region\n  0-ffffffffffffffff (prio 0, ram): a\n",
		"AS \"memory\", Root memory region\n  0-fff (prio 0, ram)",
		"AS \"memory\", Root memory region\n  0-fff (prio 0, i/o): a\n",
	};
	struct gap_qemu_region regions[4];
	struct gap_vcpu vcpus[4];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(gap_qemu_regions(texts[i], regions, 4), 0);
		assert_int_equal(gap_qemu_registers(texts[i], vcpus, 4), 0);
		assert_int_equal(gap_qemu_host_address(texts[i]), 0);
	}
	assert_int_equal(gap_qemu_registers("CPU#9 CR3=", vcpus, 4), 1);
	assert_int_equal(vcpus[0].known, 0);
	assert_int_equal(gap_qemu_registers("CPU#9 IDT= 5", vcpus, 4), 1);
	assert_int_equal(vcpus[0].known, 0);
}

static void registers_of_x86_are_understood(void **state)
{
	struct gap_vcpu vcpus[4];

	(void)state;
	assert_int_equal(gap_qemu_registers(registers_x86, vcpus, 1), 1);
	assert_int_equal(gap_qemu_registers(registers_x86, vcpus, 4), 2);
	assert_int_equal(vcpus[0].pc, 0xffffffffa7a17a0b);
	assert_int_equal(vcpus[0].sp, 0xffffffffa8a03e98);
	assert_int_equal(vcpus[0].fp, 0xffffffffa8a1aa40);
	assert_int_equal(vcpus[0].flags, 0x246);
	assert_int_equal(vcpus[0].gs_base, 0xff302fe2bac00000);
	assert_int_equal(vcpus[0].idtr_base, 0xfffffe0000000000);
	assert_int_equal(vcpus[0].idtr_limit, 0xfff);
	assert_int_equal(vcpus[0].cr0, 0x80050033);
	assert_int_equal(vcpus[0].cr3, 0x1003e8000);
	assert_int_equal(vcpus[0].cr4, 0x751eb0);
	assert_int_equal(vcpus[0].efer, 0xd01);
	assert_int_equal(vcpus[0].user_mode, 0);
	assert_false(vcpus[0].known &
		     (GAP_VCPU_LSTAR | GAP_VCPU_KERNEL_GS_BASE | GAP_VCPU_TTBR1_EL1));
	assert_int_equal(vcpus[1].index, 1);
	assert_int_equal(vcpus[1].user_mode, 1);
	assert_int_equal(vcpus[1].pc, 0x08048000);
	assert_int_equal(vcpus[1].gs_base, 0xb7dd0000);
	assert_false(vcpus[1].known & (GAP_VCPU_IDTR | GAP_VCPU_EFER));
}

static void registers_of_arm64_are_understood(void **state)
{
	struct gap_vcpu vcpus[2];

	(void)state;
	assert_int_equal(gap_qemu_registers(registers_arm, vcpus, 2), 2);
	assert_int_equal(vcpus[0].pc, 0xffffd1e6e3b0f0a4);
	assert_int_equal(vcpus[0].sp, 0xffffd1e6e46f3d80);
	assert_int_equal(vcpus[0].fp, 0xffffd1e6e46f3d80);
	assert_int_equal(vcpus[0].flags, 0x600000c5);
	assert_int_equal(vcpus[0].user_mode, 0);
	assert_int_equal(vcpus[1].user_mode, 1);
	assert_int_equal(vcpus[1].known, GAP_VCPU_PC | GAP_VCPU_SP | GAP_VCPU_FP | GAP_VCPU_FLAGS |
						 GAP_VCPU_USER_MODE);
}

/* ---- a peer that speaks QMP ---- */

enum manner {
	HONEST,
	HANGS_UP,        /* after the greeting */
	HANGS_UP_INSIDE, /* of a reply */
	NO_GREETING,     /* JSON, but not QMP's */
	NO_JSON,
	REFUSES,
	NO_RAM,
	LIES, /* tells host addresses where nothing is */
	SMALL /* tells more RAM than is mapped */
};

static struct peer {
	enum manner manner;
	int running, stops, conts;
	int is_arm, has_debugger; /* its registers; somebody uses its gdb stub */
	int is_mute;              /* its gdb stub hangs up */
	int stubs;                /* that were started and not taken away again */
	int stub_fd;              /* that we were given */
	unsigned char *ram;       /* RAM_BYTES */
	int listening;
	pthread_t thread;
} peer;

static char folder[] = "/tmp/semgap-qmp-XXXXXX";
static char path[64], source[80];

static void escape(const char *text, char *escaped)
{
	for (; *text; text++) {
		if (strchr("\"\\\n\r", *text)) {
			*escaped++ = '\\';
			*escaped++ = *text == '\n' ? 'n' : *text == '\r' ? 'r' : *text;
		} else {
			*escaped++ = *text;
		}
	}
	*escaped = '\0';
}

/* All that the stub will say is said at once. */
static void start_stub(void)
{
	struct gdb_talk talk;

	peer.stubs++;
	peer.running = 0;
	gdb_talk_honest(&talk);
	if (!peer.is_mute)
		assert_int_equal(write(peer.stub_fd, talk.bytes, talk.length),
				 (ssize_t)talk.length);
	shutdown(peer.stub_fd, SHUT_WR);
}

/* What the human monitor says. */
static void answer_human(const char *line, char *answer, size_t capacity)
{
	const char *translated = strstr(line, "gpa2hva ");

	if (strstr(line, "info mtree")) {
		snprintf(answer, capacity, "%s", peer.manner == NO_RAM ? "FlatView #0\n" : mtree);
	} else if (strstr(line, "info registers")) {
		snprintf(answer, capacity, "%s", peer.is_arm ? registers_arm : registers_x86);
	} else if (strstr(line, "gdbserver none")) {
		peer.stubs--;
		close(peer.stub_fd);
		snprintf(answer, capacity, "Disabled gdbserver\r\n");
	} else if (strstr(line, "gdbserver chardev:semgap-gdb")) {
		start_stub();
		snprintf(answer, capacity, "Waiting for gdb connection on device\r\n");
	} else if (translated) {
		uint64_t address = strtoull(translated + 8, NULL, 16);
		uint64_t offset =
			address >= HIGH_START ? address - HIGH_START + LOW_BYTES : address;

		if (peer.manner == SMALL)
			offset = RAM_BYTES - 4096;
		snprintf(answer, capacity, "Host virtual address for 0x%llx (ram) is 0x%llx\n",
			 (unsigned long long)address,
			 peer.manner == LIES ? 0x1000
					     : (unsigned long long)(uintptr_t)(peer.ram + offset));
	}
}

static void make_return(const char *command, char *text, size_t capacity)
{
	char answer[4096] = "", escaped[8192];

	if (strstr(command, "query-memdev")) {
		snprintf(text, capacity,
			 "[{\"id\": \"ram\",\r\n \"size\": 4194304, \"share\": true}]");
	} else if (strstr(command, "query-status")) {
		snprintf(text, capacity, "{\"running\": %s}", peer.running ? "true" : "false");
	} else if (strstr(command, "query-chardev")) {
		snprintf(text, capacity, "[{\"label\": \"%s\"}]",
			 peer.has_debugger ? "gdb" : "compat_monitor0");
	} else if (strstr(command, "human-monitor-command")) {
		answer_human(command, answer, sizeof(answer));
		escape(answer, escaped);
		snprintf(text, capacity, "\"%s\"", escaped);
	} else {
		if (strstr(command, "\"stop\""))
			peer.stops++, peer.running = 0;
		if (strstr(command, "\"cont\""))
			peer.conts++, peer.running = 1;
		snprintf(text, capacity, "{}");
	}
}

/* An event and somebody else's reply come first. */
static void reply(FILE *stream, const char *command)
{
	const char *id = strstr(command, "\"id\":"), *next;
	char text[9000];

	while ((next = strstr(id + 1, "\"id\":"))) /* arguments may have one too */
		id = next;

	fprintf(stream, "{\"event\": \"NIC_RX_FILTER_CHANGED\", \"data\": {}}\r\n{\"return\": [], "
			"\"id\": \"other\"}\r\n");
	if (peer.manner == REFUSES && strstr(command, "human")) {
		fprintf(stream,
			"{\"id\": %ld, \"error\": {\"class\": \"GenericError\", \"desc\": "
			"\"not today\"}}\r\n",
			strtol(id + 5, NULL, 10));
		return;
	}
	make_return(command, text, sizeof(text));
	if (peer.manner == HANGS_UP_INSIDE)
		fprintf(stream, "{\"return\": ");
	else
		fprintf(stream, "{\"return\": %s, \"id\": %ld}\r\n", text,
			strtol(id + 5, NULL, 10));
}

/* A line, which is what a command is, and the descriptor that came with it; false at the end. */
static int next_command(int connection, char *line, size_t capacity)
{
	char control[CMSG_SPACE(sizeof(int))];
	size_t length = 0;

	while (length + 1 < capacity) {
		struct iovec part = {line + length, 1};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		struct cmsghdr *header;

		if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) <= 0)
			return 0;
		header = CMSG_FIRSTHDR(&message);
		if (header)
			memcpy(&peer.stub_fd, CMSG_DATA(header), sizeof(int));
		if (line[length++] == '\n')
			break;
	}
	line[length] = '\0';
	return 1;
}

static void serve(int connection)
{
	static const char *const greetings[] = {
		[NO_GREETING] = "{\"hello\": 1}\r\n", [NO_JSON] = "SSH-2.0-OpenSSH_9.2\r\n"};
	FILE *out = fdopen(dup(connection), "w");
	char line[1024];
	int greets_oddly = peer.manner == NO_GREETING || peer.manner == NO_JSON;

	fputs(greets_oddly ? greetings[peer.manner]
			   : "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n",
	      out);
	fflush(out);
	while (peer.manner != HANGS_UP && next_command(connection, line, sizeof(line))) {
		reply(out, line);
		fflush(out);
		if (peer.manner == HANGS_UP_INSIDE)
			break;
	}
	fclose(out);
	close(connection);
}

static void *listen_once(void *context)
{
	int connection = accept(peer.listening, NULL, NULL);

	(void)context;
	if (connection >= 0)
		serve(connection);
	return NULL;
}

static void peer_start(enum manner manner, int is_shared)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = is_shared ? memfd_create("guest", MFD_CLOEXEC) : -1;

	peer = (struct peer){.manner = manner, .running = 1};
	if (is_shared)
		assert_int_equal(ftruncate(fd, RAM_BYTES), 0);
	/* Pages of no access around it, so that no neighbour continues it. */
	peer.ram = mmap(NULL, RAM_BYTES + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(peer.ram, MAP_FAILED);
	peer.ram += 4096;
	assert_ptr_equal(mmap(peer.ram, RAM_BYTES, PROT_READ | PROT_WRITE,
			      MAP_FIXED | (is_shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS),
			      fd, 0),
			 peer.ram);
	strcpy((char *)peer.ram + 0x1000, "low");
	strcpy((char *)peer.ram + LOW_BYTES, "high");
	peer.listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, path);
	unlink(path);
	assert_int_equal(bind(peer.listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(peer.listening, 1), 0);
	assert_int_equal(pthread_create(&peer.thread, NULL, listen_once, NULL), 0);
	if (fd >= 0 && manner == HONEST)
		return; /* the descriptor stays: a memfd is found by it, as in QEMU */
	if (fd >= 0)
		close(fd);
}

static void peer_stop(void)
{
	pthread_join(peer.thread, NULL);
	close(peer.listening);
	munmap(peer.ram - 4096, RAM_BYTES + 8192);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/qmp", folder);
	snprintf(source, sizeof(source), "qemu:%s", path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static struct gap_source_memory *open_guest(void)
{
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};

	if (gap_source_memory_open(source, &opened, &error))
		fail_msg("%s", error.text);
	return opened;
}

static void reads_both_sides_of_the_hole(const struct gap_memory *memory)
{
	char text[8];

	assert_int_equal(memory->range_count, 3);
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){0x1000}, text, 4), GAP_OK);
	assert_string_equal(text, "low");
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){HIGH_START}, text, 5), GAP_OK);
	assert_string_equal(text, "high");
	strcpy((char *)peer.ram + LOW_BYTES, "live");
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){HIGH_START}, text, 5), GAP_OK);
	assert_string_equal(text, "live");
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){0xb8000}, text, 1),
			 GAP_UNREADABLE);
	assert_int_equal(gap_memory_read(memory, (struct gap_paddr){0xfffc0000}, text, 1),
			 GAP_UNREADABLE);
	assert_int_equal(
		gap_memory_read(memory, (struct gap_paddr){HIGH_START + 0x2ffffc}, text, 8),
		GAP_UNREADABLE);
}

static void shared_ram_is_mapped(void **state)
{
	struct gap_source_memory *opened;
	const struct gap_memory *memory;

	(void)state;
	peer_start(HONEST, 1);
	opened = open_guest();
	memory = gap_source_memory_get(opened);
	assert_string_equal(gap_source_memory_format(opened), "qemu, shared file");
	assert_non_null(gap_memory_at(memory, (struct gap_paddr){HIGH_START}, 0x300000));
	reads_both_sides_of_the_hole(memory);
	assert_int_equal(memory->vcpu_count, 2);
	assert_int_equal(memory->vcpus[0].cr3, 0x1003e8000);
	gap_source_memory_close(opened);
	peer_stop();
}

static void private_ram_is_read(void **state)
{
	struct gap_source_memory *opened;
	const struct gap_memory *memory;

	(void)state;
	peer_start(HONEST, 0);
	opened = open_guest();
	memory = gap_source_memory_get(opened);
	assert_string_equal(gap_source_memory_format(opened), "qemu, process memory");
	assert_null(gap_memory_at(memory, (struct gap_paddr){HIGH_START}, 1));
	reads_both_sides_of_the_hole(memory);
	/* Pages that were never touched are known to be zero, where /proc tells. */
	assert_int_equal(memory->zero_bytes(memory->context, (struct gap_paddr){HIGH_START}), 0);
	assert_true(memory->zero_bytes(memory->context, (struct gap_paddr){HIGH_START + 0x1010}) <=
		    0x2fefff);
	gap_source_memory_close(opened);
	peer_stop();
}

static void a_running_guest_stops_and_goes_on(void **state)
{
	struct gap_source_memory *opened;
	struct gap_error error;

	(void)state;
	peer_start(HONEST, 0);
	opened = open_guest();
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(gap_source_memory_pause(opened, &error), GAP_OK);
		assert_int_equal(gap_source_memory_pause(opened, &error), GAP_OK);
		assert_int_equal(peer.stops, i);
		assert_int_equal(peer.conts, i - 1);
		assert_int_equal(gap_source_memory_resume(opened, &error), GAP_OK);
		assert_int_equal(gap_source_memory_resume(opened, &error), GAP_OK);
		assert_int_equal(peer.conts, i);
	}
	/* Closing lets it go on too. */
	assert_int_equal(gap_source_memory_pause(opened, &error), GAP_OK);
	gap_source_memory_close(opened);
	peer_stop();
	assert_int_equal(peer.conts, 3);
}

static void a_standing_guest_is_left_alone(void **state)
{
	struct gap_source_memory *opened;
	struct gap_error error;

	(void)state;
	peer_start(HONEST, 0);
	peer.running = 0;
	opened = open_guest();
	assert_int_equal(gap_source_memory_pause(opened, &error), GAP_OK);
	assert_int_equal(gap_source_memory_resume(opened, &error), GAP_OK);
	gap_source_memory_close(opened);
	peer_stop();
	assert_int_equal(peer.stops + peer.conts, 0);
}

static void a_stub_is_lent_and_given_back(void **state)
{
	static const struct {
		int is_arm, running, has_debugger, is_mute;
		int conts;
		const char *warning; /* NULL: none */
		uint32_t known;      /* of what only the stub tells */
	} cases[] = {
		{1, 1, 0, 0, 1, NULL, GAP_VCPU_TTBR1_EL1 | GAP_VCPU_VBAR_EL1 | GAP_VCPU_SP_EL0},
		{1, 0, 0, 0, 0, NULL, GAP_VCPU_TTBR1_EL1 | GAP_VCPU_VBAR_EL1 | GAP_VCPU_SP_EL0},
		{1, 1, 0, 1, 1, "does not answer", 0},
		{1, 0, 0, 1, 0, "does not answer", 0},
		{1, 1, 1, 0, 0, "in use", 0},
		{0, 1, 0, 0, 0, NULL, 0}, /* of x86 enough is known */
		{0, 0, 0, 1, 0, NULL, 0},
	};
	const uint32_t of_stub = GAP_VCPU_TTBR1_EL1 | GAP_VCPU_VBAR_EL1 | GAP_VCPU_SP_EL0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gap_source_memory *opened;
		const char *warning;

		peer_start(HONEST, 0);
		peer.is_arm = cases[i].is_arm;
		peer.running = cases[i].running;
		peer.has_debugger = cases[i].has_debugger;
		peer.is_mute = cases[i].is_mute;
		opened = open_guest();
		warning = gap_source_memory_warning(opened);
		if (!cases[i].warning)
			assert_null(warning);
		else if (!warning || !strstr(warning, cases[i].warning))
			fail_msg("\"%s\" does not say \"%s\"", warning, cases[i].warning);
		assert_int_equal(gap_source_memory_get(opened)->vcpu_count, 2);
		assert_int_equal(gap_source_memory_get(opened)->vcpus[0].known & of_stub,
				 cases[i].known);
		gap_source_memory_close(opened);
		peer_stop();
		assert_int_equal(peer.stubs, 0);
		assert_int_equal(peer.running, cases[i].running);
		assert_int_equal(peer.conts, cases[i].conts);
	}
}

static void odd_peers_are_refused(void **state)
{
	static const struct {
		enum manner manner;
		const char *word;
	} cases[] = {
		{HANGS_UP, "hung up"},      {HANGS_UP_INSIDE, "hung up"},
		{NO_GREETING, "not a QMP"}, {NO_JSON, "no JSON"},
		{REFUSES, "not today"},     {NO_RAM, "no RAM found"},
		{LIES, "nothing mapped"},   {SMALL, "less than the guest has"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gap_source_memory *opened = NULL;
		struct gap_error error = {""};

		peer_start(cases[i].manner, 0);
		assert_int_not_equal(gap_source_memory_open(source, &opened, &error), GAP_OK);
		assert_null(opened);
		if (!strstr(error.text, cases[i].word))
			fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].word);
		peer_stop();
	}
}

static void what_is_no_socket_is_refused(void **state)
{
	struct gap_source_memory *opened = NULL;
	struct gap_error error = {""};
	char long_name[300] = "qemu:";

	(void)state;
	memset(long_name + 5, 'x', sizeof(long_name) - 6);
	assert_int_equal(gap_source_memory_open("qemu:/nowhere/qmp", &opened, &error), GAP_IO);
	assert_non_null(strstr(error.text, "/nowhere/qmp: No such file"));
	assert_non_null(strstr(error.text, "-qmp unix:PATH"));
	assert_int_equal(gap_source_memory_open("qemu:", &opened, &error), GAP_INVALID);
	assert_non_null(strstr(error.text, "names no QMP socket"));
	assert_int_equal(gap_source_memory_open(long_name, &opened, &error), GAP_IO);
	assert_non_null(strstr(error.text, "too long"));
	assert_int_not_equal(gap_source_memory_open("libvirt:no-such-domain", &opened, &error),
			     GAP_OK);
	assert_non_null(strstr(error.text, "libvirt:no-such-domain"));
	assert_null(opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_memory_map_is_understood),
		cmocka_unit_test(neighbours_of_one_block_are_joined),
		cmocka_unit_test(names_of_backends_are_told_apart),
		cmocka_unit_test(odd_texts_give_nothing),
		cmocka_unit_test(registers_of_x86_are_understood),
		cmocka_unit_test(registers_of_arm64_are_understood),
		cmocka_unit_test(shared_ram_is_mapped),
		cmocka_unit_test(private_ram_is_read),
		cmocka_unit_test(a_running_guest_stops_and_goes_on),
		cmocka_unit_test(a_standing_guest_is_left_alone),
		cmocka_unit_test(a_stub_is_lent_and_given_back),
		cmocka_unit_test(odd_peers_are_refused),
		cmocka_unit_test(what_is_no_socket_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
