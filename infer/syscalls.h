/* SPDX-License-Identifier: MIT */
/*
 * Functions of the kernel that need no symbol to be known: the system call table's, whose order is
 * part of what kernels promise to programs.
 */
#ifndef SEMGAP_INFER_SYSCALLS_H
#define SEMGAP_INFER_SYSCALLS_H

#include "infer/image_copy.h"
#include "infer/kernel.h"

/**
 * Adds what implements the calls of kernels/syscalls.def, under the names that kallsyms would have for
 * them. Believed is the one table whose gaps are where the numbering of @machine (ELF) has them and whose
 * simplest functions are as simple as that; of several that differ, none. Returns how many were added.
 */
uint32_t infer_syscalls_read(const struct infer_image *image, uint16_t machine,
			     const struct infer_window *text, struct infer_symbols *symbols);

#endif
