/* SPDX-License-Identifier: MIT */
/* Instructions of each architecture as operations: one line a case. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/code_ops.h"

#define AT 0xffffffff81000000u

static void put_operand(char *text, size_t capacity, uint8_t reg)
{
	if (reg == CODE_NOREG)
		snprintf(text, capacity, "-");
	else if (reg >= CODE_TEMP)
		snprintf(text, capacity, "t%u", reg - CODE_TEMP);
	else
		snprintf(text, capacity, "r%u", reg);
}

static void put_place(char *text, size_t capacity, const struct code_op *op)
{
	char base[8], index[8];

	put_operand(base, sizeof(base), op->base);
	put_operand(index, sizeof(index), op->index);
	snprintf(text, capacity, "%s[%s+%s*%u%+lld]%u", op->percpu ? "percpu" : "", base, index,
		 op->scale, (long long)op->value, op->width);
}

/* One operation as text. */
static void put_op(char *text, size_t capacity, const struct code_op *op)
{
	static const char *const names[] = {
		"set",     "move",  "lea",     "load", "store", "alu",    "select", "compare",
		"clobber", "flags", "current", "call", "jump",  "branch", "return", "stop"};
	char dst[8], src[8], other[8], place[80];

	put_operand(dst, sizeof(dst), op->dst);
	put_operand(src, sizeof(src), op->src);
	put_operand(other, sizeof(other), op->other);
	put_place(place, sizeof(place), op);
	switch (op->kind) {
	case CODE_LEA:
	case CODE_LOAD:
		snprintf(text, capacity, "%s %s %s", names[op->kind], dst, place);
		return;
	case CODE_STORE:
		snprintf(text, capacity, "store %s %s", place, src);
		return;
	case CODE_ALU:
	case CODE_COMPARE:
		snprintf(text, capacity, "%s.%u %s %s %s %lld", names[op->kind], op->alu, dst, src,
			 other, (long long)op->value);
		return;
	default:
		snprintf(text, capacity, "%s %s %s %lld", names[op->kind], dst, src,
			 (long long)op->value);
	}
}

static void check(const struct code_machine *machine, const char *bytes, size_t size_bytes,
		  const char *expected)
{
	char text[512] = "", one[160];
	struct code_insn insn;
	void *decoder = machine->open(machine->pointer_bytes == 8);

	assert_non_null(decoder);
	if (!machine->decode(decoder, (const uint8_t *)bytes, size_bytes, AT, &insn)) {
		snprintf(text, sizeof(text), "undecodable");
	} else {
		for (unsigned i = 0; i < insn.count; i++) {
			put_op(one, sizeof(one), &insn.ops[i]);
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 i ? "; " : "", one);
		}
	}
	machine->close(decoder);
	assert_string_equal(text, expected);
}

#define CASE(machine, bytes, expected) check(&code_##machine, bytes, sizeof(bytes) - 1, expected)

static void x86_64(void **state)
{
	(void)state;
	CASE(x86_64, "\x48\x8b\x87\x50\x05\x00\x00", "load r0 [r7+-*1+1360]8");
	CASE(x86_64, "\x0f\xb6\x47\x2e", "load r0 [r7+-*1+46]1");
	CASE(x86_64, "\x48\x89\x77\x10", "store [r7+-*1+16]8 r6");
	CASE(x86_64, "\x48\x8d\x44\xf7\x08", "lea r0 [r7+r6*8+8]8");
	CASE(x86_64, "\x31\xc0", "set r0 - 0");
	CASE(x86_64, "\x48\x85\xc0", "compare.1 - r0 - 0");
	CASE(x86_64, "\xf6\x47\x2e\x20", "load t0 [r7+-*1+46]1; compare.2 - t0 - 32");
	CASE(x86_64, "\x0f\xba\xe0\x10", "compare.2 - r0 - 65536");
	CASE(x86_64, "\xf0\xff\x47\x54",
	     "load t0 [r7+-*1+84]4; alu.0 t0 t0 - 1; store [r7+-*1+84]4 t0");
	CASE(x86_64, "\x65\x48\x8b\x04\x25\x80\xfb\x01\x00", "load r0 percpu[-+-*1+129920]8");
	CASE(x86_64, "\xe8\xfb\x00\x00\x00", "call - - -2130706176");
	CASE(x86_64, "\x74\x0e", "branch - - -2130706416");
	CASE(x86_64, "\x3e\xff\xe0", "jump - r0 0"); /* notrack */
	CASE(x86_64, "\xf3\x0f\x1e\xfa", "");        /* endbr64 */
	CASE(x86_64, "\x0f\x1f\x44\x00\x00", "");    /* where mcount was */
	CASE(x86_64, "\xc3", "return - - 0");
	CASE(x86_64, "\x0f\x0b", "stop - - 0");
	CASE(x86_64, "\x0f\xb9\x00", "stop - - 0"); /* ud1, three bytes long */
	CASE(x86_64, "\x48\x0f\x44\xc6", "select r0 r6 0");
	CASE(x86_64, "\x0f\x31", "clobber r0 - 0; clobber r2 - 0"); /* rdtsc */
	CASE(x86_64, "\x06", "undecodable");
	CASE(x86_64, "\x48\x8b", "undecodable");
}

static void i386(void **state)
{
	(void)state;
	CASE(i386, "\x8b\x80\xf0\x03\x00\x00", "load r0 [r0+-*1+1008]4");
	CASE(i386, "\x64\xa1\x08\x08\xe8\xc1", "load r0 percpu[-+-*1+3253209096]4");
	CASE(i386, "\x55", "alu.1 r4 r4 - 4; store [r4+-*1+0]4 r5");
	CASE(i386, "\x5d", "load t0 [r4+-*1+0]4; alu.0 r4 r4 - 4; move r5 t0 0");
	CASE(i386, "\x8a\xe0", "clobber r0 r0 0"); /* ah is no register of ours */
}

static void arm64(void **state)
{
	(void)state;
	CASE(arm64, "\x00\x08\x40\xf9", "load r0 [r0+-*1+16]8");
	CASE(arm64, "\x01\x08\x00\xb9", "store [r0+-*1+8]4 r1");
	CASE(arm64, "\xfd\x7b\xbf\xa9",
	     "alu.0 r31 r31 - -16; store [r31+-*1+0]8 r29; store [r31+-*1+8]8 r30");
	CASE(arm64, "\xfd\x7b\xc1\xa8",
	     "load r29 [r31+-*1+0]8; load r30 [r31+-*1+8]8; alu.0 r31 r31 - 16");
	CASE(arm64, "\x00\x04\x41\xa9", "load r1 [r0+-*1+24]8; load r0 [r0+-*1+16]8");
	CASE(arm64, "\x00\x41\x38\xd5", "current r0 - 0");      /* mrs x0, sp_el0 */
	CASE(arm64, "\x00\xc0\xbf\xf8", "load r0 [r0+-*1+0]8"); /* ldapr x0, [x0] */
	CASE(arm64, "\x3f\x00\x20\xb8",
	     "load t0 [r1+-*1+0]4; clobber t1 - 0; store [r1+-*1+0]4 t1"); /* ldadd w0, wzr, [x1] */
	CASE(arm64, "\x3f\x23\x03\xd5", "");                               /* paciasp */
	CASE(arm64, "\xc0\x03\x5f\xd6", "return - - 0");
	CASE(arm64, "\x40\x00\x00\x54", "branch - - -2130706424"); /* b.eq */
	CASE(arm64, "\x00\x00", "undecodable");
}

static void machines_have_rows(void **state)
{
	(void)state;
	assert_ptr_equal(code_machine_of(EM_X86_64), &code_x86_64);
	assert_ptr_equal(code_machine_of(EM_386), &code_i386);
	assert_ptr_equal(code_machine_of(EM_AARCH64), &code_arm64);
	assert_null(code_machine_of(EM_RISCV));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_64),
		cmocka_unit_test(i386),
		cmocka_unit_test(arm64),
		cmocka_unit_test(machines_have_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
