/* SPDX-License-Identifier: MIT */
/* The table of architectures, and what their decoders share. */
#include "infer/code_ops.h"

#include <stdlib.h>

const struct code_machine *code_machine_of(uint16_t machine)
{
	static const struct code_machine *const rows[] = {&code_x86_64, &code_i386, &code_arm64};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i]->machine == machine)
			return rows[i];
	return NULL;
}

struct code_op *code_insn_add(struct code_insn *insn, enum code_op_kind kind)
{
	struct code_op *op;

	if (insn->count == CODE_OPS_MAX) {
		insn->count = 0;
		kind = CODE_STOP;
	}
	op = &insn->ops[insn->count++];
	*op = (struct code_op){.kind = (uint8_t)kind,
			       .dst = CODE_NOREG,
			       .src = CODE_NOREG,
			       .other = CODE_NOREG,
			       .base = CODE_NOREG,
			       .index = CODE_NOREG,
			       .scale = 1};
	return op;
}
