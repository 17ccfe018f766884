/* SPDX-License-Identifier: MIT */
/* The table of architectures, and how their tables are read. */
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

int gap_entry_read(const struct gap_memory *memory, uint64_t address, uint64_t *entry)
{
	const unsigned char *data = gap_physical_at(memory, address, sizeof(*entry));

	if (data) {
		memcpy(entry, data, sizeof(*entry));
		return 1;
	}
	return !gap_memory_read(memory, (struct gap_paddr){address}, entry, sizeof(*entry));
}
