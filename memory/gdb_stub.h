/* SPDX-License-Identifier: MIT */
/*
 * Registers of a machine that a debugger's stub tells: a client of gdb's remote serial protocol
 * that asks for registers and for nothing else. How the stub is started, and that the guest stands
 * while it is asked, is the caller's business.
 */
#ifndef SEMGAP_GDB_STUB_H
#define SEMGAP_GDB_STUB_H

#include "semgap/memory.h"

#define GAP_GDB_TEXT_BYTES_MAX ((size_t)1 << 20) /* of a description of registers */

/** What a register is called and where it goes. */
struct gap_gdb_register {
	const char *names; /* alternatives separated by '|' */
	uint32_t known;    /* enum gap_vcpu_known */
	size_t offset;     /* in struct gap_vcpu */
};

/** The registers that QEMU's monitor does not print, of all architectures. */
extern const struct gap_gdb_register gap_gdb_registers[];
extern const size_t gap_gdb_register_count;

/**
 * Numbers the registers of a description: @next is the number of the first that has none of its
 * own, and afterwards that of the next. numbers[i] is set for what is 64 bits wide and named in row
 * i of gap_gdb_registers, and left alone otherwise.
 */
void gap_gdb_number_registers(const char *text, uint32_t *next, uint32_t *numbers);

/**
 * Asks the stub behind @fd and adds what it tells to the CPUs of these indices. GAP_IO: it hung up
 * or does not answer; GAP_UNSUPPORTED: it answers, but not what is understood here.
 */
enum gap_status gap_gdb_read_registers(int fd, struct gap_vcpu *vcpus, size_t count,
				       struct gap_error *error) GAP_MUST_CHECK;

#endif
