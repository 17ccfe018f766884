/* SPDX-License-Identifier: MIT */
/* A gdb stub that says anything: the client ends, and what it takes is marked as known. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory/gdb_stub.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_BYTES_MAX 65536 /* the connection holds it all before anyone reads */

unsigned long fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct gap_vcpu vcpus[2] = {{.index = 0}, {.index = 1}};
	struct gap_error error = {""};
	int ends[2];

	if (size_bytes > INPUT_BYTES_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 0;
	FUZZ_CHECK(write(ends[1], data, size_bytes) == (ssize_t)size_bytes);
	FUZZ_CHECK(shutdown(ends[1], SHUT_WR) == 0);
	if (gap_gdb_read_registers(ends[0], vcpus, 2, &error))
		FUZZ_CHECK(error.text[0] != 0);
	else
		fuzz_accepted++;
	for (int i = 0; i < 2; i++)
		FUZZ_CHECK(vcpus[i].ttbr1_el1 == 0 || vcpus[i].known & GAP_VCPU_TTBR1_EL1);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
