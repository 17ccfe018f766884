/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#ifdef SEMGAP_BZIP2
#include <bzlib.h>
#endif
#ifdef SEMGAP_LZMA
#include <lzma.h>
#endif
#ifdef SEMGAP_LZO
#include <lzo/lzo1x.h>
#endif
#ifdef SEMGAP_LZ4
#include <lz4.h>
#endif

#include "tests/support/packing.h"

const char *const packings[] = {"gzip", "bzip2", "xz", "lzma", "lzo", "lz4", "zstd", NULL};

static size_t pack_gzip(const uint8_t *from, size_t size_bytes, uint8_t *to, size_t capacity)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)from};
	size_t packed;

	stream.avail_in = (uInt)size_bytes;
	stream.next_out = to;
	stream.avail_out = (uInt)capacity;
	if (deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	packed = deflate(&stream, Z_FINISH) == Z_STREAM_END ? stream.total_out : 0;
	deflateEnd(&stream);
	return packed;
}

static size_t pack_bzip2(const uint8_t *from, size_t size_bytes, uint8_t *to, size_t capacity)
{
#ifdef SEMGAP_BZIP2
	unsigned length = (unsigned)capacity;

	if (BZ2_bzBuffToBuffCompress((char *)to, &length, (char *)(uintptr_t)from,
				     (unsigned)size_bytes, 9, 0, 0) == BZ_OK)
		return length;
#endif
	(void)from, (void)size_bytes, (void)to, (void)capacity;
	return 0;
}

static size_t pack_lzma(bool alone, const uint8_t *from, size_t size_bytes, uint8_t *to,
			size_t capacity)
{
#ifdef SEMGAP_LZMA
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	size_t packed = 0;

	lzma_lzma_preset(&options, 6);
	if ((alone ? lzma_alone_encoder(&stream, &options)
		   : lzma_easy_encoder(&stream, 6, LZMA_CHECK_CRC32)) != LZMA_OK)
		return 0;
	stream.next_in = from;
	stream.avail_in = size_bytes;
	stream.next_out = to;
	stream.avail_out = capacity;
	if (lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END)
		packed = capacity - stream.avail_out;
	lzma_end(&stream);
	return packed;
#else
	(void)alone, (void)from, (void)size_bytes, (void)to, (void)capacity;
	return 0;
#endif
}

#if defined(SEMGAP_LZO) || defined(SEMGAP_LZ4)
static size_t put32(uint8_t *to, size_t at, uint32_t value, bool big)
{
	for (unsigned i = 0; i < 4; i++)
		to[at + i] = (uint8_t)(value >> 8 * (big ? 3 - i : i));
	return at + 4;
}
#endif

/* lzop's container: header, one block, end. */
static size_t pack_lzo(const uint8_t *from, size_t size_bytes, uint8_t *to, size_t capacity)
{
#ifdef SEMGAP_LZO
	static const uint8_t head[] = {
		0x89, 'L',  'Z',  'O',  0, 13,   10, 26, 10, /* magic */
		0x10, 0x30, 0x20, 0x80, 9, 0x40,             /* versions */
		1,    5,    0,    0,    0, 1, /* method, level, flags: sum of the plain */
		0,    0,    0,    0,    0, 0,    0,  0,  0,  0, 0, 0, 0, /* mode, times, no name */
		0,    0,    0,    0 /* sum of the header, which nobody checks */
	};
	static uint64_t work[LZO1X_1_MEM_COMPRESS / 8 + 1];
	lzo_uint length = 0;
	size_t at = sizeof(head);

	if (lzo_init() != LZO_E_OK || capacity < size_bytes + size_bytes / 16 + 128)
		return 0;
	memcpy(to, head, sizeof(head));
	lzo1x_1_compress(from, size_bytes, to + at + 12, &length, work);
	at = put32(to, at, (uint32_t)size_bytes, true);
	if (length >= size_bytes) { /* stored */
		memcpy(to + at + 8, from, size_bytes);
		length = size_bytes;
	}
	at = put32(to, at, (uint32_t)length, true);
	at = put32(to, at, lzo_adler32(1, from, size_bytes), true);
	return put32(to, at + length, 0, true);
#else
	(void)from, (void)size_bytes, (void)to, (void)capacity;
	return 0;
#endif
}

static size_t pack_lz4(const uint8_t *from, size_t size_bytes, uint8_t *to, size_t capacity)
{
#ifdef SEMGAP_LZ4
	const size_t block = 8u << 20;
	size_t at = put32(to, 0, 0x184c2102, false);

	for (size_t done = 0; done < size_bytes; done += block) {
		size_t part = size_bytes - done < block ? size_bytes - done : block;
		int length = LZ4_compress_default((const char *)from + done, (char *)to + at + 4,
						  (int)part, (int)(capacity - at - 4));

		if (length <= 0)
			return 0;
		at = put32(to, at, (uint32_t)length, false) + (size_t)length;
	}
	return at;
#else
	(void)from, (void)size_bytes, (void)to, (void)capacity;
	return 0;
#endif
}

size_t pack_bytes(const char *packing, const uint8_t *from, size_t size_bytes, uint8_t *to,
		  size_t capacity)
{
	if (strcmp(packing, "gzip") == 0)
		return pack_gzip(from, size_bytes, to, capacity);
	if (strcmp(packing, "bzip2") == 0)
		return pack_bzip2(from, size_bytes, to, capacity);
	if (strcmp(packing, "xz") == 0 || strcmp(packing, "lzma") == 0)
		return pack_lzma(packing[0] == 'l', from, size_bytes, to, capacity);
	if (strcmp(packing, "lzo") == 0)
		return pack_lzo(from, size_bytes, to, capacity);
	if (strcmp(packing, "lz4") == 0)
		return pack_lz4(from, size_bytes, to, capacity);
	return ZSTD_compress(to, capacity, from, size_bytes, 19);
}
