/* SPDX-License-Identifier: MIT */
/* Hash indices of an image: entries are collected, then laid out as buckets. */
#ifndef SEMGAP_INDEX_H
#define SEMGAP_INDEX_H

#include "profile/vector.h"

struct gap_index_entry {
	uint32_t hash, row;
};

GAP_VECTOR(gap_index_entries, struct gap_index_entry);

/** Lays @entries out as an index section; rows of one hash keep their order. NULL without memory.
 */
uint32_t *gap_index_build(const struct gap_index_entries *entries, uint32_t *word_count);

#endif
