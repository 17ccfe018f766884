/* SPDX-License-Identifier: MIT */
/*
 * A guest in which inference meets a kernel: the objects of object_graph.h behind page tables as a kernel's are, and beside
 * them what a kernel says of itself, each where it is wished: the table of all symbols, exports, types, VMCOREINFO.
 */
#ifndef SEMGAP_TESTS_MET_KERNEL_H
#define SEMGAP_TESTS_MET_KERNEL_H

#include "tests/support/making.h"
#include "tests/support/object_graph.h"

struct met_kernel_options {
	struct graph_options graph;
	bool kallsyms, exports, types, coreinfo;
	const char *forged;      /* "type.member" that the types put elsewhere … */
	const char *forged_with; /* … where this one is, and that one in its place */
};

struct met_kernel {
	struct graph graph;
	struct frozen
		truth; /* a profile of the same layout, made from the table of members alone */
};

#define MET_KERNEL_EXPORTS 200u
#define MET_KERNEL_BUILD_ID "00112233445566778899aabbccddeeff00112233"

void met_kernel_init(struct met_kernel *kernel, const struct met_kernel_options *options);
void met_kernel_deinit(struct met_kernel *kernel);

#endif
