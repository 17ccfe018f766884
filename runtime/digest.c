/* SPDX-License-Identifier: MIT */
/*
 * The digest of images and banners. Four independent lanes keep a core's multiplier busy; each step
 * is a bijection of lane and word, so that a change confined to one word always shows.
 */
#include <string.h>

#include "runtime/digest.h"
#include "runtime/format.h"
#include "semgap/profile.h"

#define P1 0x9e3779b185ebca87u
#define P2 0xc2b2ae3d27d4eb4fu
#define LANES 4
#define BLOCK_BYTES (LANES * 8)

static inline uint64_t rotate_left(uint64_t value, unsigned bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static inline void absorb(uint64_t lanes[LANES], const unsigned char *block)
{
	for (int i = 0; i < LANES; i++) {
		uint64_t word;

		memcpy(&word, block + 8 * i, sizeof(word));
		lanes[i] = rotate_left((lanes[i] ^ word) * P1, 29);
	}
}

static uint64_t finish(const uint64_t lanes[LANES], uint64_t seed, uint64_t size_bytes)
{
	uint64_t hash = seed ^ (size_bytes * P2);

	for (int i = 0; i < LANES; i++)
		hash = rotate_left((hash ^ lanes[i]) * P2, 31);
	hash = (hash ^ (hash >> 33)) * P1;
	hash = (hash ^ (hash >> 29)) * P2;
	return hash ^ (hash >> 32);
}

uint64_t gap_digest(const void *data, size_t size_bytes, uint64_t seed)
{
	const unsigned char *at = data;
	uint64_t lanes[LANES];
	size_t left = size_bytes;

	for (int i = 0; i < LANES; i++)
		lanes[i] = seed + (uint64_t)(i + 1) * P1;
	for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, at += BLOCK_BYTES)
		absorb(lanes, at);
	if (left > 0) {
		unsigned char last[BLOCK_BYTES] = {0};

		memcpy(last, at, left);
		absorb(lanes, last);
	}
	return finish(lanes, seed, size_bytes);
}

uint64_t gap_image_checksum(const void *image, size_t size_bytes)
{
	const unsigned char *bytes = image;

	return gap_digest(bytes + GAP_FORMAT_CHECKED_FROM, size_bytes - GAP_FORMAT_CHECKED_FROM,
			  gap_digest(bytes, GAP_FORMAT_HEAD_BYTES, 0));
}

void gap_banner_hash(const void *banner, size_t size_bytes, uint8_t hash[16])
{
	for (int half = 0; half < 2; half++) {
		uint64_t value = gap_digest(banner, size_bytes, (uint64_t)half + 1);

		memcpy(hash + 8 * half, &value, sizeof(value));
	}
}
