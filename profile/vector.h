/* SPDX-License-Identifier: MIT */
/* A growing array: the one place that multiplies and reallocates. */
#ifndef SEMGAP_VECTOR_H
#define SEMGAP_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/**
 * Makes room for @needed items of @item_bytes in *@items. False, and nothing changed, when memory
 * or 32-bit counts run out.
 */
static inline bool gap_vector_reserve(void **items, uint32_t *capacity, uint64_t needed,
				      size_t item_bytes)
{
	uint64_t larger = *capacity ? (uint64_t)*capacity * 2 : 64;
	void *moved;

	if (needed <= *capacity)
		return true;
	if (larger < needed)
		larger = needed;
	if (larger > UINT32_MAX - 1)
		larger = UINT32_MAX - 1;
	if (needed > larger)
		return false;
	moved = realloc(*items, (size_t)larger * item_bytes);
	if (!moved)
		return false;
	*items = moved;
	*capacity = (uint32_t)larger;
	return true;
}

/* Declares `struct name { type *items; uint32_t count, capacity; }` and name_push(), which returns
 * NULL without memory. */
#define GAP_VECTOR(name, type)                                                                     \
	struct name {                                                                              \
		type *items;                                                                       \
		uint32_t count, capacity;                                                          \
	};                                                                                         \
	static inline type *name##_extend(struct name *vector, uint64_t count)                     \
	{                                                                                          \
		void *items = vector->items;                                                       \
		type *first;                                                                       \
		/* Room for none still gives a pointer: NULL means that memory ran out. */         \
		if (!gap_vector_reserve(&items, &vector->capacity, vector->count + count + !count, \
					sizeof(type)))                                             \
			return NULL;                                                               \
		vector->items = items;                                                             \
		first = vector->items + vector->count;                                             \
		vector->count += (uint32_t)count;                                                  \
		return first;                                                                      \
	}                                                                                          \
	static inline type *name##_push(struct name *vector)                                       \
	{                                                                                          \
		return name##_extend(vector, 1);                                                   \
	}                                                                                          \
	struct name /* ends with the caller's semicolon */

#endif
