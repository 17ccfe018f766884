/* SPDX-License-Identifier: MIT */
/* The table of architectures. */
#include "runtime/arch.h"

static const struct gap_arch *const architectures[] = {
	&gap_arch_x86_64,
	&gap_arch_i386,
	&gap_arch_arm64,
};

const struct gap_arch *gap_arch_find(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++)
		if (architectures[i]->machine == machine)
			return architectures[i];
	return NULL;
}
