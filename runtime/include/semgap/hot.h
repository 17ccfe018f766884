/* SPDX-License-Identifier: MIT */
/*
 * The hot path, inlined: reads of kernel virtual memory that was translated before cost a few
 * instructions, and no call. Everything here does what the function of the same name in guest.h
 * does, and falls back on it. A program that includes this header is bound to the layout below, and
 * so to the minor version of libsemgap that it was built with.
 */
#ifndef SEMGAP_HOT_H
#define SEMGAP_HOT_H

#include <string.h>

#include "bind.h"
#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Compilers differ in what they find worth inlining; here nothing else is the point. */
#if defined(__GNUC__)
#define GAP_HOT_INLINE static inline __attribute__((always_inline))
#else
#define GAP_HOT_INLINE static inline
#endif

#define GAP_HOT_PAGES 512 /* a power of two */
#define GAP_HOT_PAGE_SHIFT 12
#define GAP_HOT_PAGE_BYTES 4096u

/**
 * A page whose bytes and whose page-table entry are both mapped here: 32 bytes, two to a cache
 * line. A struct gap_guest begins with GAP_HOT_PAGES of them.
 */
struct gap_hot_page {
	uint64_t page; /* virtual page number */
	const unsigned char *data;
	const unsigned char *leaf_at;
	uint64_t leaf;
};

GAP_HOT_INLINE size_t gap_hot_slot(uint64_t page)
{
	return (size_t)((page ^ (page >> 9)) % GAP_HOT_PAGES);
}

/**
 * The bytes of [address, address + size), or NULL unless they lie in one cached page that still is
 * where it was: nothing tells us that a guest edited its tables, so every use reads the last entry
 * again and compares it with the value that was cached. @size_bytes is at most a page. The pointer
 * is good for reading at once, and the guest may change the bytes meanwhile.
 */
GAP_HOT_INLINE const unsigned char *gap_hot_bytes(const struct gap_guest *guest,
						  struct gap_vaddr address, size_t size_bytes)
{
	uint64_t page = address.value >> GAP_HOT_PAGE_SHIFT, leaf;
	size_t offset = (size_t)(address.value % GAP_HOT_PAGE_BYTES);
	const struct gap_hot_page *entry =
		(const struct gap_hot_page *)(const void *)guest + gap_hot_slot(page);

	if (entry->page != page || offset > GAP_HOT_PAGE_BYTES - size_bytes)
		return NULL;
	memcpy(&leaf, entry->leaf_at, sizeof(leaf));
	return leaf == entry->leaf ? entry->data + offset : NULL;
}

/** As gap_guest_read(). */
GAP_HOT_INLINE enum gap_status gap_hot_read(struct gap_guest *guest, struct gap_vaddr address,
					    void *buffer, size_t size_bytes)
{
	const unsigned char *data =
		size_bytes <= GAP_HOT_PAGE_BYTES ? gap_hot_bytes(guest, address, size_bytes) : NULL;

	if (!data)
		return gap_guest_read(guest, address, buffer, size_bytes);
	memcpy(buffer, data, size_bytes);
	return GAP_OK;
}

/*
 * The slow paths below write to variables of their own: the caller's then need not live in memory.
 */

/** As gap_guest_read_u32(). */
GAP_HOT_INLINE enum gap_status gap_hot_read_u32(struct gap_guest *guest, struct gap_vaddr address,
						uint32_t *value)
{
	const unsigned char *data = gap_hot_bytes(guest, address, sizeof(*value));
	enum gap_status status = GAP_OK;
	uint32_t missed;

	if (data)
		memcpy(value, data, sizeof(*value));
	else if ((status = gap_guest_read_u32(guest, address, &missed)) == GAP_OK)
		*value = missed;
	return status;
}

/** As gap_guest_read_u64(). */
GAP_HOT_INLINE enum gap_status gap_hot_read_u64(struct gap_guest *guest, struct gap_vaddr address,
						uint64_t *value)
{
	const unsigned char *data = gap_hot_bytes(guest, address, sizeof(*value));
	enum gap_status status = GAP_OK;
	uint64_t missed;

	if (data)
		memcpy(value, data, sizeof(*value));
	else if ((status = gap_guest_read_u64(guest, address, &missed)) == GAP_OK)
		*value = missed;
	return status;
}

/**
 * Reads a bound field of the object at @object, zero-extended. Not for bit-fields. GAP_INVALID when
 * it has more than 8 bytes.
 */
GAP_HOT_INLINE enum gap_status gap_hot_read_field(struct gap_guest *guest, struct gap_vaddr object,
						  const struct gap_field *field, uint64_t *value)
{
	struct gap_vaddr address = {object.value + field->offset_bytes};
	enum gap_status status;
	uint32_t narrow;
	uint64_t wide = 0;

	if (field->size_bytes == sizeof(narrow)) {
		status = gap_hot_read_u32(guest, address, &narrow);
		if (!status)
			*value = narrow;
		return status;
	}
	if (field->size_bytes == sizeof(wide))
		return gap_hot_read_u64(guest, address, value);
	if (field->size_bytes > sizeof(wide))
		return GAP_INVALID;
	status = gap_guest_read(guest, address, &wide, field->size_bytes); /* little-endian */
	if (!status)
		*value = wide;
	return status;
}

#ifdef __cplusplus
}
#endif
#endif
