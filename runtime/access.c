/* SPDX-License-Identifier: MIT */
/*
 * Reading a guest's virtual memory: translation through the software TLB, reads across pages,
 * strings. What is at an address, and whether it may be believed, is left to the callers.
 */
#include "runtime/translate.h"

/* Bytes of one page: in our memory, or (data NULL) at a physical address to be read. */
struct piece {
	const unsigned char *data;
	struct gap_paddr physical;
};

_Static_assert(offsetof(struct gap_guest, tlb) == 0, "semgap/hot.h looks for the TLB there");

static void forget_distant(struct gap_guest *guest)
{
	for (size_t i = 0; i < GAP_HOT_PAGES; i++)
		guest->distant[i].page = GAP_TLB_EMPTY;
	guest->has_distant = 0;
}

void gap_guest_refresh(struct gap_guest *guest)
{
	for (size_t i = 0; i < GAP_HOT_PAGES; i++)
		guest->tlb[i].page = GAP_TLB_EMPTY;
	if (guest->has_distant)
		forget_distant(guest);
}

static enum gap_status walk(const struct gap_guest *guest, uint64_t address,
			    struct gap_translation *translation)
{
	return guest->arch->walk(guest->memory, &guest->space, address, translation, NULL);
}

/* The distant page's own hit path: one read of the leaf instead of a whole walk. */
static int distant_hit(const struct gap_guest *guest, uint64_t address, struct piece *piece)
{
	uint64_t page = address >> GAP_PAGE_SHIFT, leaf;
	const struct gap_tlb_distant *entry = &guest->distant[gap_hot_slot(page)];

	if (!guest->has_distant || entry->page != page ||
	    !gap_entry_read(guest->memory, entry->leaf_at, &leaf) || leaf != entry->leaf)
		return 0;
	piece->data = NULL;
	piece->physical.value = entry->physical + address % GAP_PAGE_BYTES;
	return 1;
}

static __attribute__((noinline)) void remember_distant(struct gap_guest *guest, uint64_t page,
						       uint64_t start,
						       const struct gap_translation *translation)
{
	if (!guest->has_distant)
		forget_distant(guest);
	guest->has_distant = 1;
	guest->distant[gap_hot_slot(page)] =
		(struct gap_tlb_distant){page, start, translation->leaf_at, translation->leaf};
}

/* As gap_physical_at(); short for what lies in the first range. At least 8 bytes. */
static inline const unsigned char *bytes_at(const struct gap_guest *guest, uint64_t physical,
					    size_t size_bytes)
{
	const struct gap_near *near = &guest->space.near;

	if (__builtin_expect(physical + (size_bytes - sizeof(uint64_t)) < near->end, 1))
		return near->data + physical;
	return gap_physical_at(guest->memory, physical, size_bytes);
}

/* Walks to an address that no TLB has, remembers its page, and gives its bytes. */
static inline __attribute__((always_inline)) enum gap_status fill(struct gap_guest *guest,
								  uint64_t address,
								  struct piece *piece)
{
	const uint64_t page = address >> GAP_PAGE_SHIFT, inside = address % GAP_PAGE_BYTES;
	struct gap_translation translation;
	enum gap_status status = walk(guest, address, &translation);
	const unsigned char *data, *leaf;

	if (__builtin_expect(status, 0))
		return status;
	data = bytes_at(guest, translation.physical - inside, GAP_PAGE_BYTES);
	leaf = bytes_at(guest, translation.leaf_at, sizeof(translation.leaf));
	piece->data = NULL;
	if (__builtin_expect(data && leaf, 1)) {
		guest->tlb[gap_hot_slot(page)] =
			(struct gap_hot_page){page, data, leaf, translation.leaf};
		piece->data = data + inside;
		return GAP_OK;
	}
	piece->physical.value = translation.physical;
	remember_distant(guest, page, translation.physical - inside, &translation);
	return GAP_OK;
}

/* Finds bytes that do not leave their page. */
static enum gap_status find_piece(struct gap_guest *guest, uint64_t address, size_t size_bytes,
				  struct piece *piece)
{
	piece->data = gap_hot_bytes(guest, (struct gap_vaddr){address}, size_bytes);
	if (piece->data || distant_hit(guest, address, piece))
		return GAP_OK;
	return fill(guest, address, piece);
}

static enum gap_status read_piece(struct gap_guest *guest, uint64_t address, void *buffer,
				  size_t size_bytes)
{
	struct piece piece;
	enum gap_status status = find_piece(guest, address, size_bytes, &piece);

	if (status)
		return status;
	if (!piece.data)
		return gap_memory_read(guest->memory, piece.physical, buffer, size_bytes);
	memcpy(buffer, piece.data, size_bytes);
	return GAP_OK;
}

/* Apart from its caller, which then needs no stack. */
static __attribute__((noinline)) enum gap_status translate_by_walk(const struct gap_guest *guest,
								   uint64_t address,
								   struct gap_paddr *physical)
{
	struct gap_translation translation;
	enum gap_status status = walk(guest, address, &translation);

	if (!status)
		physical->value = translation.physical;
	return status;
}

enum gap_status gap_guest_translate(struct gap_guest *guest, struct gap_vaddr address,
				    struct gap_paddr *physical)
{
	if (__builtin_expect(!guest->arch->translate, 0))
		return translate_by_walk(guest, address.value, physical);
	return guest->arch->translate(&guest->space, address, physical, guest->memory);
}

enum gap_status gap_guest_read(struct gap_guest *guest, struct gap_vaddr address, void *buffer,
			       size_t size_bytes)
{
	unsigned char *at = buffer;

	if (size_bytes > 0 && size_bytes - 1 > UINT64_MAX - address.value)
		return GAP_UNREADABLE;
	while (size_bytes > 0) {
		size_t part = gap_within_page(address.value, size_bytes);
		enum gap_status status = read_piece(guest, address.value, at, part);

		if (status)
			return status;
		at += part;
		size_bytes -= part;
		address.value += part;
	}
	return GAP_OK;
}

/* Of a number: sizes that the compiler knows are one instruction each. */
static inline void copy_number(void *to, const void *from, size_t size_bytes)
{
	switch (size_bytes) {
	case 8:
		memcpy(to, from, 8);
		break;
	case 4:
		memcpy(to, from, 4);
		break;
	case 2:
		memcpy(to, from, 2);
		break;
	default:
		memcpy(to, from, 1);
	}
}

/* Numbers that leave their page, whose page is not mapped here, or that are not there. @value stays
 * untouched on failure. */
static __attribute__((noinline)) enum gap_status read_anyhow(struct gap_guest *guest,
							     struct gap_vaddr address, void *value,
							     size_t size_bytes)
{
	unsigned char bytes[8];
	enum gap_status status = gap_guest_read(guest, address, bytes, size_bytes);

	if (!status)
		copy_number(value, bytes, size_bytes);
	return status;
}

/* Apart from the hit path, which then needs no stack. */
static __attribute__((noinline)) enum gap_status read_missed(struct gap_guest *guest,
							     struct gap_vaddr address, void *value,
							     size_t size_bytes)
{
	struct piece piece;

	if (guest->has_distant || address.value % GAP_PAGE_BYTES > GAP_PAGE_BYTES - size_bytes ||
	    fill(guest, address.value, &piece) || !piece.data)
		return read_anyhow(guest, address, value, size_bytes);
	copy_number(value, piece.data, size_bytes);
	return GAP_OK;
}

/* Inlined, so that sizes are constants. */
static inline enum gap_status read_value(struct gap_guest *guest, struct gap_vaddr address,
					 void *value, size_t size_bytes)
{
	const unsigned char *data = gap_hot_bytes(guest, address, size_bytes);

	if (!data)
		return read_missed(guest, address, value, size_bytes);
	memcpy(value, data, size_bytes);
	return GAP_OK;
}

enum gap_status gap_guest_read_u8(struct gap_guest *guest, struct gap_vaddr address, uint8_t *value)
{
	return read_value(guest, address, value, sizeof(*value));
}

enum gap_status gap_guest_read_u16(struct gap_guest *guest, struct gap_vaddr address,
				   uint16_t *value)
{
	return read_value(guest, address, value, sizeof(*value));
}

enum gap_status gap_guest_read_u32(struct gap_guest *guest, struct gap_vaddr address,
				   uint32_t *value)
{
	return read_value(guest, address, value, sizeof(*value));
}

enum gap_status gap_guest_read_u64(struct gap_guest *guest, struct gap_vaddr address,
				   uint64_t *value)
{
	return read_value(guest, address, value, sizeof(*value));
}

enum gap_status gap_guest_read_pointer(struct gap_guest *guest, struct gap_vaddr address,
				       struct gap_vaddr *value)
{
	uint32_t narrow;
	enum gap_status status;

	if (guest->arch->pointer_bytes == 8)
		return read_value(guest, address, &value->value, sizeof(value->value));
	status = read_value(guest, address, &narrow, sizeof(narrow));
	if (!status)
		value->value = narrow;
	return status;
}

/* Copies up to and with a zero byte, or all of @size_bytes: true when there was one. */
static enum gap_status copy_string(struct gap_guest *guest, uint64_t address, char *text,
				   size_t size_bytes, int *ended)
{
	struct piece piece;
	enum gap_status status = find_piece(guest, address, size_bytes, &piece);

	if (status)
		return status;
	if (piece.data) {
		*ended = memccpy(text, piece.data, 0, size_bytes) != NULL;
		return GAP_OK;
	}
	status = gap_memory_read(guest->memory, piece.physical, text, size_bytes);
	*ended = !status && memchr(text, 0, size_bytes) != NULL;
	return status;
}

enum gap_status gap_guest_read_string(struct gap_guest *guest, struct gap_vaddr address, char *text,
				      size_t capacity)
{
	size_t length = 0;
	int ended = 0;

	if (capacity == 0)
		return GAP_INVALID;
	while (!ended && length < capacity - 1) {
		size_t part = gap_within_page(address.value, capacity - 1 - length);
		enum gap_status status =
			copy_string(guest, address.value, text + length, part, &ended);

		if (status) {
			text[length] = '\0';
			return status;
		}
		length += part;
		address.value += part;
	}
	text[length] = '\0';
	return ended ? GAP_OK : GAP_PARTIAL;
}
