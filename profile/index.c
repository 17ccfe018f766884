/* SPDX-License-Identifier: MIT */
/* Laying out an index by counting sort. Between one and two rows a bucket: small, and still one
 * cache line away. */
#include "profile/index.h"

static uint32_t bucket_count_for(uint32_t rows)
{
	uint32_t buckets = 1;

	while (buckets <= rows / 2)
		buckets *= 2;
	return buckets;
}

uint32_t *gap_index_build(const struct gap_index_entries *entries, uint32_t *word_count)
{
	uint32_t buckets = bucket_count_for(entries->count), mask = buckets - 1;
	uint64_t words = 2 + (uint64_t)buckets + entries->count;
	uint32_t *section = calloc((size_t)words, sizeof(*section));
	uint32_t *starts, *rows;

	if (!section || words > UINT32_MAX / 4) {
		free(section);
		return NULL;
	}
	section[0] = buckets;
	starts = section + 1;
	rows = starts + buckets + 1;
	for (uint32_t i = 0; i < entries->count; i++)
		starts[(entries->items[i].hash & mask) + 1]++;
	for (uint32_t i = 0; i < buckets; i++)
		starts[i + 1] += starts[i];
	/* starts[b] moves to the bucket's end while it fills, which is where bucket b + 1 starts.
	 */
	for (uint32_t i = 0; i < entries->count; i++)
		rows[starts[entries->items[i].hash & mask]++] = entries->items[i].row;
	for (uint32_t i = buckets; i > 0; i--)
		starts[i] = starts[i - 1];
	starts[0] = 0;
	*word_count = (uint32_t)words;
	return section;
}
