/* SPDX-License-Identifier: MIT */
/* What a gdb stub says, as bytes on the wire: made before anyone asks, for tests and seeds. */
#ifndef SEMGAP_TEST_GDB_TALK_H
#define SEMGAP_TEST_GDB_TALK_H

#include <stdio.h>
#include <string.h>

struct gdb_talk {
	char bytes[16384];
	size_t length;
};

/* One packet, acknowledged question included; '#', '$', '}' and '*' are escaped. */
static inline void gdb_talk_add(struct gdb_talk *talk, const char *text)
{
	unsigned char sum = 0;
	size_t begin;

	talk->bytes[talk->length++] = '+';
	talk->bytes[talk->length++] = '$';
	begin = talk->length;
	for (; *text; text++) {
		char byte = *text;

		if (strchr("#$}*", byte)) {
			talk->bytes[talk->length++] = '}';
			byte = (char)(byte ^ 0x20);
		}
		talk->bytes[talk->length++] = byte;
	}
	for (size_t i = begin; i < talk->length; i++)
		sum = (unsigned char)(sum + (unsigned char)talk->bytes[i]);
	talk->length += (size_t)sprintf(talk->bytes + talk->length, "#%02x", sum);
}

/* As QEMU describes arm64: the core's registers have no numbers, the system's have. */
static const char gdb_talk_target[] =
	"l<?xml version=\"1.0\"?><target><architecture>aarch64</architecture>"
	"<xi:include href=\"core.xml\"/><xi:include href=\"system.xml\"/></target>";
static const char gdb_talk_core_1[] = "m<feature name=\"core\"><reg name=\"x0\" bitsize=\"64\"/>"
				      "<reg name=\"sp\" bits";
static const char gdb_talk_core_2[] = "lize=\"64\"/><!-- * $ # } --></feature>";
static const char gdb_talk_system[] =
	"l<feature name=\"system\"><reg name=\"VBAR\" bitsize=\"64\" regnum=\"124\" group=\"cp\"/>"
	"<reg name=\"TTBR1_EL1\" bitsize=\"64\"/><reg name=\"TCR_EL1\" bitsize=\"32\"/>"
	"<reg name=\"SP_EL0\" bitsize=\"64\" regnum=\"10\"/></feature>";

/* A whole conversation about two CPUs. The rows are asked for in the client's order: TTBR1_EL1,
 * VBAR, SP_EL0. */
static inline void gdb_talk_honest(struct gdb_talk *talk)
{
	static const char *const packets[] = {
		"T02thread:01;",
		"PacketSize=1000;qXfer:features:read+",
		gdb_talk_target,
		gdb_talk_core_1,
		gdb_talk_core_2,
		gdb_talk_system,
		"OK",
		"01f0584100004e00",
		"T02thread:01;",
		"00084cb3d4d3ffff",
		"808cc2b4d4d3ffff",
		"OK",
		"01f0584100000200",
		"E14",
		"4010210200000000",
	};

	talk->length = 0;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		gdb_talk_add(talk, packets[i]);
}

#endif
