/* SPDX-License-Identifier: MIT */
/*
 * The compressors that kernels and their files come in, each a row of the table at the end. What a file claims of its
 * unpacked size is not believed: memory grows with what comes out, up to the caller's bound.
 */
#include <stdlib.h>
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

#include "extract/content.h"

#define XZ_MEMORY_BYTES (128u << 20) /* for dictionaries: xz -9 needs 65 MB, a kernel's 32 MB */
#define ZSTD_WINDOW_LOG 27           /* 128 MB, as a kernel's `zstd -22 --ultra` */
#define LZ4_BLOCK_BYTES (8u << 20)   /* of the legacy format, always */
#define LZO_BLOCK_BYTES_MAX (64u << 20)

/* What comes out, and what is left to go in. */
struct packed {
	const uint8_t *in;
	size_t in_bytes, in_at;
	uint8_t *out;
	size_t out_bytes, capacity;
	uint64_t most_bytes;
	enum gap_status status; /* of the failure; GAP_CORRUPT unless said otherwise */
};

static size_t left(const struct packed *packed)
{
	return packed->in_bytes - packed->in_at;
}

/* Room for at least one byte more, or for @needed. False: over the bound, or no memory. */
static bool make_room(struct packed *packed, size_t needed)
{
	size_t larger = packed->capacity ? packed->capacity * 2 : packed->in_bytes * 4 + 65536;
	uint8_t *moved;

	if (packed->capacity - packed->out_bytes >= needed)
		return true;
	if (larger < packed->out_bytes + needed)
		larger = packed->out_bytes + needed;
	if (larger > packed->most_bytes)
		larger = (size_t)packed->most_bytes;
	if (larger < packed->out_bytes + needed) {
		packed->status = GAP_UNSUPPORTED;
		return false;
	}
	moved = realloc(packed->out, larger);
	if (!moved) {
		packed->status = GAP_NO_MEMORY;
		return false;
	}
	packed->out = moved;
	packed->capacity = larger;
	return true;
}

static uint8_t *room_at(const struct packed *packed)
{
	return packed->out + packed->out_bytes;
}

#if defined(SEMGAP_LZ4)
static uint32_t little32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}
#endif

/* ---- gzip ---- */

static bool inflate_stream(struct packed *packed, z_stream *stream)
{
	int result = Z_OK;

	while (result == Z_OK) {
		uInt room;

		if (!make_room(packed, 1))
			return false;
		room = (uInt)((packed->capacity - packed->out_bytes) & 0x3fffffff);
		stream->next_out = room_at(packed);
		stream->avail_out = room;
		result = inflate(stream, Z_NO_FLUSH);
		packed->out_bytes += room - stream->avail_out;
		if (result == Z_BUF_ERROR && stream->avail_in > 0 && stream->avail_out == 0)
			result = Z_OK;
	}
	return result == Z_STREAM_END;
}

static bool unpack_gzip(struct packed *packed)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed->in};
	bool good;

	stream.avail_in = (uInt)(packed->in_bytes < UINT32_MAX ? packed->in_bytes : UINT32_MAX);
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
		packed->status = GAP_NO_MEMORY;
		return false;
	}
	good = inflate_stream(packed, &stream);
	packed->in_at = stream.total_in;
	inflateEnd(&stream);
	return good;
}

/* ---- bzip2 ---- */

#ifdef SEMGAP_BZIP2
static bool unpack_bzip2(struct packed *packed)
{
	bz_stream stream = {.next_in = (char *)(uintptr_t)packed->in};
	int result = BZ2_bzDecompressInit(&stream, 0, 0);

	stream.avail_in = (unsigned)(packed->in_bytes < UINT32_MAX ? packed->in_bytes : UINT32_MAX);
	while (result == BZ_OK && make_room(packed, 1)) {
		unsigned room = (unsigned)((packed->capacity - packed->out_bytes) & 0x3fffffff);

		stream.next_out = (char *)room_at(packed);
		stream.avail_out = room;
		result = BZ2_bzDecompress(&stream);
		packed->out_bytes += room - stream.avail_out;
		if (result == BZ_OK && stream.avail_in == 0 && stream.avail_out > 0)
			break; /* cut */
	}
	packed->in_at = packed->in_bytes - stream.avail_in;
	BZ2_bzDecompressEnd(&stream);
	return result == BZ_STREAM_END;
}
#else
#define unpack_bzip2 NULL
#endif

/* ---- xz, and lzma before it ---- */

#ifdef SEMGAP_LZMA
static bool unpack_lzma(struct packed *packed)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = lzma_auto_decoder(&stream, XZ_MEMORY_BYTES, 0);

	stream.next_in = packed->in;
	stream.avail_in = packed->in_bytes;
	while (result == LZMA_OK && make_room(packed, 1)) {
		size_t room = packed->capacity - packed->out_bytes;

		stream.next_out = room_at(packed);
		stream.avail_out = room;
		result = lzma_code(&stream, LZMA_RUN);
		packed->out_bytes += room - stream.avail_out;
	}
	packed->in_at = packed->in_bytes - stream.avail_in;
	lzma_end(&stream);
	if (result == LZMA_MEM_ERROR || result == LZMA_MEMLIMIT_ERROR)
		packed->status = GAP_UNSUPPORTED;
	return result == LZMA_STREAM_END;
}
#else
#define unpack_lzma NULL
#endif

/* ---- lzo, in lzop's container ---- */

#ifdef SEMGAP_LZO
enum {
	LZOP_ADLER_PLAIN = 1,
	LZOP_ADLER_PACKED = 2,
	LZOP_CRC_PLAIN = 0x100,
	LZOP_CRC_PACKED = 0x200,
	LZOP_FILTER = 0x800,
};

static bool big(struct packed *packed, unsigned width, uint32_t *value)
{
	*value = 0;
	if (left(packed) < width)
		return false;
	while (width-- > 0)
		*value = *value << 8 | packed->in[packed->in_at++];
	return true;
}

static bool skip(struct packed *packed, size_t bytes)
{
	if (left(packed) < bytes)
		return false;
	packed->in_at += bytes;
	return true;
}

/* Only what the blocks need is taken of the header: its flags. */
static bool read_lzop_header(struct packed *packed, uint32_t *flags)
{
	uint32_t version, ignored, name;
	bool with_level;

	packed->in_at = 9;
	if (!big(packed, 2, &version) || !big(packed, 2, &ignored))
		return false;
	with_level = version >= 0x940;
	return (!with_level || big(packed, 2, &ignored)) && big(packed, 1, &ignored) &&
	       (!with_level || big(packed, 1, &ignored)) && big(packed, 4, flags) &&
	       (!(*flags & LZOP_FILTER) || big(packed, 4, &ignored)) &&
	       skip(packed, with_level ? 12 : 8) && big(packed, 1, &name) && skip(packed, name) &&
	       skip(packed, 4);
}

static bool unpack_lzop_block(struct packed *packed, uint32_t plain_bytes, uint32_t packed_bytes)
{
	lzo_uint length = plain_bytes;

	if (plain_bytes > LZO_BLOCK_BYTES_MAX || packed_bytes > plain_bytes ||
	    left(packed) < packed_bytes || !make_room(packed, plain_bytes))
		return false;
	if (packed_bytes == plain_bytes)
		memcpy(room_at(packed), packed->in + packed->in_at, plain_bytes);
	else if (lzo1x_decompress_safe(packed->in + packed->in_at, packed_bytes, room_at(packed),
				       &length, NULL) != LZO_E_OK ||
		 length != plain_bytes)
		return false;
	packed->in_at += packed_bytes;
	packed->out_bytes += plain_bytes;
	return true;
}

static bool unpack_lzo(struct packed *packed)
{
	uint32_t flags, plain_bytes, packed_bytes;

	if (lzo_init() != LZO_E_OK || !read_lzop_header(packed, &flags))
		return false;
	while (big(packed, 4, &plain_bytes)) {
		size_t sums = (flags & LZOP_ADLER_PLAIN ? 4 : 0) + (flags & LZOP_CRC_PLAIN ? 4 : 0);

		if (plain_bytes == 0)
			return true;
		if (!big(packed, 4, &packed_bytes))
			return false;
		if (packed_bytes < plain_bytes)
			sums += (flags & LZOP_ADLER_PACKED ? 4 : 0) +
				(flags & LZOP_CRC_PACKED ? 4 : 0);
		if (!skip(packed, sums) || !unpack_lzop_block(packed, plain_bytes, packed_bytes))
			return false;
	}
	return false;
}
#else
#define unpack_lzo NULL
#endif

/* ---- lz4, the legacy format: blocks of 8 MB without an end ---- */

#ifdef SEMGAP_LZ4
static bool unpack_lz4(struct packed *packed)
{
	packed->in_at = 4;
	/* It ends with the data; of a kernel's payload four bytes are left, its unpacked size. */
	while (left(packed) > 4) {
		uint32_t size = little32(packed->in + packed->in_at);
		int got;

		packed->in_at += 4;
		if (size > left(packed) || size > LZ4_BLOCK_BYTES + LZ4_BLOCK_BYTES / 255 + 16)
			return false;
		if (!make_room(packed, LZ4_BLOCK_BYTES))
			return false;
		got = LZ4_decompress_safe((const char *)packed->in + packed->in_at,
					  (char *)room_at(packed), (int)size, (int)LZ4_BLOCK_BYTES);
		if (got < 0)
			return false;
		packed->in_at += size;
		packed->out_bytes += (size_t)got;
		if (got < (int)LZ4_BLOCK_BYTES)
			return true;
	}
	return packed->out_bytes > 0;
}
#else
#define unpack_lz4 NULL
#endif

/* ---- zstd ---- */

static bool unpack_zstd(struct packed *packed)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer in = {packed->in, packed->in_bytes, 0};
	size_t result = context ? 1 : 0;

	if (context)
		ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	else
		packed->status = GAP_NO_MEMORY;
	while (result > 0 && make_room(packed, 1)) {
		ZSTD_outBuffer out = {room_at(packed), packed->capacity - packed->out_bytes, 0};
		size_t before = in.pos;

		result = ZSTD_decompressStream(context, &out, &in);
		packed->out_bytes += out.pos;
		if (ZSTD_isError(result) || (in.pos == before && out.pos == 0))
			break;
	}
	packed->in_at = in.pos;
	ZSTD_freeDCtx(context);
	return context && result == 0;
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	const char *magic;
	size_t magic_bytes;
	bool (*unpack)(struct packed *packed); /* NULL: built without its library */
} packings[] = {
	{"gzip", "\x1f\x8b\x08", 3, unpack_gzip},
	{"bzip2", "BZh", 3, unpack_bzip2},
	{"xz",
	 "\xfd"
	 "7zXZ\0",
	 6, unpack_lzma},
	/* Properties lc=3 lp=0 pb=2 and a dictionary that is a multiple of 64 KiB: what every packer writes. */
	{"lzma", "\x5d\0\0", 3, unpack_lzma},
	{"lzo", "\x89LZO\0\r\n\x1a\n", 9, unpack_lzo},
	{"lz4", "\x02\x21\x4c\x18", 4, unpack_lz4},
	{"zstd", "\x28\xb5\x2f\xfd", 4, unpack_zstd},
};

static size_t find_packing(const uint8_t *bytes, size_t size_bytes)
{
	size_t row = 0;

	while (row < sizeof(packings) / sizeof(packings[0]) &&
	       (size_bytes < packings[row].magic_bytes ||
		memcmp(bytes, packings[row].magic, packings[row].magic_bytes) != 0))
		row++;
	return row;
}

const char *gap_packing_of(const uint8_t *bytes, size_t size_bytes)
{
	size_t row = find_packing(bytes, size_bytes);

	return row < sizeof(packings) / sizeof(packings[0]) ? packings[row].name : NULL;
}

static enum gap_status say_failure(const struct gap_content *content, const struct packed *packed,
				   const char *packing, struct gap_error *error)
{
	if (packed->status == GAP_NO_MEMORY)
		return gap_fail(error, GAP_NO_MEMORY, "%.600s: out of memory for its %s data",
				content->name, packing);
	if (packed->status == GAP_UNSUPPORTED)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%.600s: its %s data unpacks to more than %llu MB, or asks for as "
				"much memory",
				content->name, packing,
				(unsigned long long)packed->most_bytes >> 20);
	return gap_fail(error, GAP_CORRUPT, "%.600s: damaged or cut: its %s data ends wrongly%s",
			content->name, packing,
			packed->out_bytes ? " after some of it was unpacked" : "");
}

enum gap_status gap_unpack(struct gap_content *content, const uint8_t *bytes, size_t size_bytes,
			   uint64_t most_bytes, struct gap_error *error)
{
	struct packed packed = {.in = bytes,
				.in_bytes = size_bytes,
				.most_bytes = most_bytes,
				.status = GAP_CORRUPT};
	size_t row = find_packing(bytes, size_bytes);

	if (row == sizeof(packings) / sizeof(packings[0]))
		return gap_fail(error, GAP_UNSUPPORTED,
				"%.600s: packed by none of gzip, bzip2, lzma, xz, lzo, lz4, zstd",
				content->name);
	if (!packings[row].unpack)
		return gap_fail(error, GAP_UNSUPPORTED,
				"%.600s: packed by %s, whose library this semgap was built without",
				content->name, packings[row].name);
	if (!packings[row].unpack(&packed) || packed.out_bytes == 0) {
		enum gap_status status = say_failure(content, &packed, packings[row].name, error);

		free(packed.out);
		return status;
	}
	content->owned = packed.out;
	content->bytes = packed.out;
	content->size_bytes = packed.out_bytes;
	return GAP_OK;
}
