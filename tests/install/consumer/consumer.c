/* SPDX-License-Identifier: MIT */
/*
 * What a monitor's build sees of an installed semgap: every public header, one call into each
 * library.
 */
#include <semgap/bind.h>
#include <semgap/guest.h>
#include <semgap/profile.h>
#include <semgap/source.h>
#include <semgap/tasks.h>

#include <string.h>

int main(void)
{
	struct gap_profile *profile = NULL;
	struct gap_error error;

	if (strcmp(gap_kind_name(GAP_KIND_STRUCT), "struct") != 0)
		return 1;
	if (gap_profile_open("", &profile, &error) == GAP_OK || profile)
		return 2;
#ifndef WITHOUT_SOURCE
	struct gap_source_memory *memory = NULL;

	if (gap_source_memory_open("", &memory, &error) == GAP_OK || memory)
		return 3;
#endif
	return 0;
}
