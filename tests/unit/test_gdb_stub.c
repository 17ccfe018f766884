/* SPDX-License-Identifier: MIT */
/*
 * Registers through a gdb stub, without QEMU: all that the stub will say is written to the
 * connection beforehand, and what it was asked is read from it afterwards. A stub that says
 * anything else leaves the registers unknown, and nobody waiting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/gdb_stub.h"
#include "tests/support/gdb_talk.h"

static char asked[16384];

/* What the client does with what it hears. */
static enum gap_status converse(const struct gdb_talk *talk, struct gap_vcpu *vcpus, size_t count,
				struct gap_error *error)
{
	enum gap_status status;
	size_t length = 0;
	ssize_t got;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], talk->bytes, talk->length), (ssize_t)talk->length);
	assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
	status = gap_gdb_read_registers(ends[0], vcpus, count, error);
	close(ends[0]);
	while ((got = read(ends[1], asked + length, sizeof(asked) - 1 - length)) > 0)
		length += (size_t)got;
	asked[length] = '\0';
	close(ends[1]);
	return status;
}

static void registers_are_asked_for_by_name(void **state)
{
	struct gap_vcpu vcpus[2] = {{.index = 0}, {.index = 1}};
	struct gap_error error = {""};
	struct gdb_talk talk;

	(void)state;
	gdb_talk_honest(&talk);
	assert_int_equal(converse(&talk, vcpus, 2, &error), GAP_OK);
	assert_int_equal(vcpus[0].known, GAP_VCPU_TTBR1_EL1 | GAP_VCPU_VBAR_EL1 | GAP_VCPU_SP_EL0);
	assert_int_equal(vcpus[0].ttbr1_el1, 0x004e00004158f001);
	assert_int_equal(vcpus[0].vbar_el1, 0xffffd3d4b34c0800);
	assert_int_equal(vcpus[0].sp_el0, 0xffffd3d4b4c28c80);
	/* What is refused stays unknown, and what is not 64 bits wide is not asked for. */
	assert_int_equal(vcpus[1].known, GAP_VCPU_TTBR1_EL1 | GAP_VCPU_SP_EL0);
	assert_int_equal(vcpus[1].sp_el0, 0x02211040);
	assert_non_null(strstr(asked, "$Hg1#"));
	assert_non_null(strstr(asked, "$p7d#")); /* one behind VBAR's 124 */
	assert_non_null(strstr(asked, "$p7c#"));
	assert_non_null(strstr(asked, "$pa#"));
	assert_null(strstr(asked, "$p7e#"));
	assert_non_null(strstr(asked, "$Hg2#"));
}

/* A register that is known already is not asked for, nor is anything but registers. */
static void nothing_else_is_asked(void **state)
{
	struct gap_vcpu vcpu = {.index = 0, .known = GAP_VCPU_TTBR1_EL1 | GAP_VCPU_VBAR_EL1};
	struct gap_error error;
	struct gdb_talk talk = {.length = 0};

	(void)state;
	gdb_talk_add(&talk, "");
	gdb_talk_add(&talk, "l<target><xi:include href=\"system.xml\"/></target>");
	gdb_talk_add(&talk, gdb_talk_system);
	gdb_talk_add(&talk, "OK");
	gdb_talk_add(&talk, "0102030405060708");
	assert_int_equal(converse(&talk, &vcpu, 1, &error), GAP_OK);
	assert_int_equal(vcpu.sp_el0, 0x0807060504030201);
	for (const char *at = asked; (at = strchr(at, '$')); at++)
		assert_non_null(strchr("qHp", at[1]));
}

/* While the user's half runs, SP_EL0 is its stack pointer. */
static void the_users_stack_pointer_is_of_now(void **state)
{
	struct gap_vcpu vcpus[2] = {{.index = 0, .sp = 0x7ffff0, .user_mode = 1}, {.index = 1}};
	struct gap_error error;
	struct gdb_talk talk;

	(void)state;
	vcpus[0].known = GAP_VCPU_SP | GAP_VCPU_USER_MODE;
	gdb_talk_honest(&talk);
	assert_int_equal(converse(&talk, vcpus, 2, &error), GAP_OK);
	assert_int_equal(vcpus[0].sp_el0, 0x7ffff0);
	assert_int_equal(vcpus[1].sp_el0, 0x02211040);
}

static void a_conversation_that_breaks_off_is_said(void **state)
{
	struct gdb_talk whole, part;

	(void)state;
	gdb_talk_honest(&whole);
	for (size_t cut = 0; cut < whole.length; cut += 7) {
		struct gap_vcpu vcpus[2] = {{.index = 0}, {.index = 1}};
		struct gap_error error = {""};

		part = whole;
		part.length = cut;
		assert_int_equal(converse(&part, vcpus, 2, &error), GAP_IO);
		assert_non_null(strstr(error.text, "does not answer"));
	}
}

static void odd_stubs_are_refused(void **state)
{
	static const char *const answers[][3] = {
		{"", "", NULL},              /* no descriptions of registers */
		{"", "E00", NULL},           /* nor here */
		{"", "m", "lnothing at all"} /* an empty piece ends it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct gap_vcpu vcpu = {.index = 0};
		struct gap_error error = {""};
		struct gdb_talk talk = {.length = 0};

		for (size_t j = 0; j < 3 && answers[i][j]; j++)
			gdb_talk_add(&talk, answers[i][j]);
		assert_int_equal(converse(&talk, &vcpu, 1, &error),
				 i == 2 ? GAP_OK : GAP_UNSUPPORTED);
		assert_int_equal(vcpu.known, 0);
	}
}

static void a_stub_that_never_ends_is_left(void **state)
{
	struct gap_vcpu vcpu = {.index = 0};
	struct gap_error error = {""};
	struct gdb_talk talk = {.length = 0};

	(void)state;
	memset(talk.bytes, 'x', sizeof(talk.bytes));
	talk.bytes[0] = '$';
	talk.length = sizeof(talk.bytes);
	assert_int_equal(converse(&talk, &vcpu, 1, &error), GAP_UNSUPPORTED);
	talk.length = 0;
	for (int i = 0; i < 100; i++)
		gdb_talk_add(&talk, "T02");
	assert_int_equal(converse(&talk, &vcpu, 1, &error), GAP_UNSUPPORTED);
}

static void registers_are_numbered(void **state)
{
	static const struct {
		const char *text;
		uint32_t next, number; /* of k_gs_base, the last row */
	} cases[] = {
		{"", 5, UINT32_MAX},
		{"<reg name=\"k_gs_base\" bitsize=\"64\"/>", 6, 5},
		{"<reg name=\"a\"/><reg bitsize=\"64\" name=\"k_gs_base\"/>", 7, 6},
		{"<reg name=\"k_gs_base\" bitsize=\"32\"/>", 6, UINT32_MAX},
		{"<reg name=\"k_gs_base\" bitsize=\"64\" regnum=\"200\"/>", 201, 200},
		{"<reg name=\"k_gs_bas\" bitsize=\"64\"/>", 6, UINT32_MAX},
		{"<reg name=\"k_gs_base\" bitsize=\"64\"", 5, UINT32_MAX},
		{"<reg name=\"k_gs_base>", 6, UINT32_MAX},
		{"<!--reg name=\"b\"/> <reg name=\"c\"/--><reg name=\"k_gs_base\" bitsize=\"64\"/>",
		 6, 5},
		{"<!-- <reg name=\"k_gs_base\" bitsize=\"64\"/>", 5, UINT32_MAX},
		/* As QEMU's description of x86-64 has them. */
		{"<!--reg name=\"cs_base\" bitsize=\"64\"/-->"
		 "<!-- <reg name=\"ds_base\" bitsize=\"64\"/> <reg name=\"es_base\"/> -->"
		 "<reg name=\"fs_base\" bitsize=\"64\"/><reg name=\"k_gs_base\" bitsize=\"64\"/>",
		 7, 6},
		{"<!-- <reg name=\"k_gs_base\" bitsize=\"64\"/> -->", 5, UINT32_MAX},
		{"<reg name=\"a\"/><!-- <reg name=\"k_gs_base\" bitsize=\"64\"/>", 6, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t numbers[16], next = 5;

		memset(numbers, 0xff, sizeof(numbers));
		gap_gdb_number_registers(cases[i].text, &next, numbers);
		assert_int_equal(next, cases[i].next);
		assert_int_equal(numbers[gap_gdb_register_count - 1], cases[i].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_asked_for_by_name),
		cmocka_unit_test(nothing_else_is_asked),
		cmocka_unit_test(the_users_stack_pointer_is_of_now),
		cmocka_unit_test(a_conversation_that_breaks_off_is_said),
		cmocka_unit_test(odd_stubs_are_refused),
		cmocka_unit_test(a_stub_that_never_ends_is_left),
		cmocka_unit_test(registers_are_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
