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
#include <semgap/verify.h>

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
#ifdef WITH_VERIFY
	struct gap_verify_key *key = NULL;

	if (gap_verify_key_open("", &key, &error) == GAP_OK || key)
		return 4;
	if (gap_verify_key_open_bytes((const uint8_t[32]){1}, &key, &error) == GAP_OK) {
		if (gap_verify_image("", 0, key, &error) != GAP_CORRUPT &&
		    gap_verify_image("", 0, key, &error) != GAP_INVALID)
			return 5;
		gap_verify_key_close(key);
	}
#endif
	return 0;
}
