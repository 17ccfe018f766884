/* SPDX-License-Identifier: MIT */
/*
 * AVML dumps, version 2: LiME's header with another magic before each range, then the range's bytes
 * as a snappy stream, then the stream's length in 8 bytes. (AVML without compression writes LiME
 * version 1.) Opening reads no data, only where each snappy chunk is; a chunk is expanded when it
 * is read, and kept in the page cache. Newer versions of AVML leave out blocks that hold only
 * zeros; a dump does not tell them from memory that was not there, and both are unreadable.
 *
 * The format: src/image.rs and src/io/snappy.rs of AVML; framing_format.txt of snappy.
 */
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "memory/page_cache.h"
#include "memory/segments.h"

#define MAGIC 0x4c4d5641u /* "AVML" */
#define CHUNK_BYTES_MAX GAP_PAGE_CACHE_BLOCK_BYTES
/* The longest that 64 KiB can become (snappy_max_compressed_length). */
#define PACKED_BYTES_MAX (32 + CHUNK_BYTES_MAX + CHUNK_BYTES_MAX / 6)

struct header {
	uint32_t magic, version;
	uint64_t first, last, reserved;
};

enum chunk_type {
	CHUNK_PACKED = 0x00,
	CHUNK_PLAIN = 0x01,
	CHUNK_RESERVED_FIRST = 0x02, /* up to 0x7f: must not be skipped */
	CHUNK_RESERVED_LAST = 0x7f,
	CHUNK_STREAM = 0xff,
	CHUNK_HEADER_BYTES = 4,
	CHECKSUM_BYTES = 4
};

struct chunk {
	uint64_t at;     /* in what the file holds, expanded */
	uint64_t offset; /* in the file: of the bytes behind the checksum */
	uint32_t packed_bytes, size_bytes, checksum;
	int is_packed;
};

struct avml {
	struct chunk *chunks;
	size_t count, capacity;
	uint64_t expanded_bytes;
	struct gap_page_cache *cache;
	int fd;                /* the segments' */
	unsigned char *packed; /* PACKED_BYTES_MAX; used under the cache's lock */
	uint32_t tables[8][256];
};

static int recognises(const struct gap_probe *probe)
{
	uint32_t magic;

	if (probe->start_bytes < sizeof(magic))
		return 0;
	memcpy(&magic, probe->start, sizeof(magic));
	return magic == MAGIC;
}

/* ---- reading ---- */

/* For CRC-32C, eight bytes at a time: table[k][b] is byte b followed by k zero bytes. */
static void make_tables(uint32_t tables[8][256])
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
		tables[0][byte] = crc;
	}
	for (int k = 1; k < 8; k++)
		for (int byte = 0; byte < 256; byte++)
			tables[k][byte] =
				tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 0xff];
}

/* Masked as snappy's framing wants it. */
static uint32_t checksum_of(const uint32_t tables[8][256], const unsigned char *data,
			    size_t size_bytes)
{
	uint32_t crc = UINT32_MAX;
	uint64_t word;

	for (; size_bytes >= 8; data += 8, size_bytes -= 8) {
		memcpy(&word, data, 8);
		word ^= crc;
		crc = 0;
		for (int k = 0; k < 8; k++)
			crc ^= tables[7 - k][word >> 8 * k & 0xff];
	}
	for (; size_bytes > 0; data++, size_bytes--)
		crc = crc >> 8 ^ tables[0][(crc ^ *data) & 0xff];
	crc = ~crc;
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static enum gap_status fill(void *context, uint64_t block, unsigned char *buffer)
{
	const struct avml *avml = context;
	const struct chunk *chunk = &avml->chunks[block];
	const struct gap_probe probe = {.path = "", .fd = avml->fd};
	unsigned char *target = chunk->is_packed ? avml->packed : buffer;
	size_t size_bytes = CHUNK_BYTES_MAX;

	if (gap_probe_read(&probe, chunk->offset, target, chunk->packed_bytes, NULL))
		return GAP_UNREADABLE;
	if (chunk->is_packed && (snappy_uncompress((const char *)target, chunk->packed_bytes,
						   (char *)buffer, &size_bytes) != SNAPPY_OK ||
				 size_bytes != chunk->size_bytes))
		return GAP_UNREADABLE;
	if (checksum_of(avml->tables, buffer, chunk->size_bytes) != chunk->checksum)
		return GAP_UNREADABLE;
	return GAP_OK;
}

/* The chunk that holds an offset; there is one for every offset of a segment. */
static size_t find_chunk(const struct avml *avml, uint64_t offset)
{
	size_t low = 0, high = avml->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (avml->chunks[middle].at <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static enum gap_status read_chunks(void *context, uint64_t offset, void *buffer, size_t size_bytes)
{
	const struct avml *avml = context;
	size_t index = find_chunk(avml, offset);
	unsigned char *to = buffer;

	for (; size_bytes > 0; index++) {
		const struct chunk *chunk = &avml->chunks[index];
		size_t into = (size_t)(offset - chunk->at), part = chunk->size_bytes - into;
		enum gap_status status;

		if (part > size_bytes)
			part = size_bytes;
		status = gap_page_cache_read(avml->cache, index, into, to, part);
		if (status)
			return status;
		to += part;
		offset += part;
		size_bytes -= part;
	}
	return GAP_OK;
}

/* ---- indexing ---- */

struct walk {
	const struct gap_probe *probe;
	struct avml *avml;
	uint64_t offset;        /* in the file */
	const char *wrong;      /* why the walk ended early */
	enum gap_status status; /* GAP_IO, GAP_NO_MEMORY */
};

static int stop(struct walk *walk, const char *why)
{
	walk->wrong = why;
	return 0;
}

/* False when the file has not that much. */
static int get(struct walk *walk, void *buffer, size_t size_bytes)
{
	uint64_t size = walk->probe->size_bytes;

	if (walk->offset > size || size - walk->offset < size_bytes)
		return stop(walk, "cut short");
	walk->status = gap_probe_read(walk->probe, walk->offset, buffer, size_bytes, NULL);
	return walk->status ? stop(walk, "cannot be read") : 1;
}

static int add_chunk(struct walk *walk, const struct chunk *chunk)
{
	struct avml *avml = walk->avml;

	if (avml->count == avml->capacity) {
		size_t capacity = avml->capacity ? 2 * avml->capacity : 64;
		struct chunk *chunks = realloc(avml->chunks, capacity * sizeof(*chunks));

		if (!chunks) {
			walk->status = GAP_NO_MEMORY;
			return stop(walk, "out of memory");
		}
		avml->chunks = chunks;
		avml->capacity = capacity;
	}
	avml->chunks[avml->count++] = *chunk;
	avml->expanded_bytes += chunk->size_bytes;
	return 1;
}

/* A chunk of data: its checksum, and the size that snappy's first bytes tell. */
static int take_data(struct walk *walk, uint32_t body_bytes, int is_packed)
{
	unsigned char start[CHECKSUM_BYTES + 5] = {0};
	struct chunk chunk = {.at = walk->avml->expanded_bytes,
			      .offset = walk->offset + CHECKSUM_BYTES,
			      .is_packed = is_packed};
	size_t size_bytes, length = body_bytes < sizeof(start) ? body_bytes : sizeof(start);

	if (body_bytes <= CHECKSUM_BYTES)
		return stop(walk, "a chunk without data");
	chunk.packed_bytes = size_bytes = body_bytes - CHECKSUM_BYTES;
	if (!get(walk, start, length))
		return 0;
	memcpy(&chunk.checksum, start, CHECKSUM_BYTES);
	if (is_packed &&
	    snappy_uncompressed_length((const char *)start + CHECKSUM_BYTES,
				       length - CHECKSUM_BYTES, &size_bytes) != SNAPPY_OK)
		return stop(walk, "a chunk that is not snappy's");
	if (size_bytes == 0 || size_bytes > CHUNK_BYTES_MAX ||
	    chunk.packed_bytes > PACKED_BYTES_MAX)
		return stop(walk, "a chunk of absurd size");
	if (walk->probe->size_bytes - walk->offset < body_bytes)
		return stop(walk, "cut short");
	chunk.size_bytes = (uint32_t)size_bytes;
	return add_chunk(walk, &chunk);
}

/* One chunk of any kind; false at the end or at something wrong. */
static int take_chunk(struct walk *walk)
{
	unsigned char header[CHUNK_HEADER_BYTES];
	uint32_t body_bytes;

	if (!get(walk, header, sizeof(header)))
		return 0;
	walk->offset += sizeof(header);
	body_bytes = (uint32_t)header[1] | (uint32_t)header[2] << 8 | (uint32_t)header[3] << 16;
	if (header[0] >= CHUNK_RESERVED_FIRST && header[0] <= CHUNK_RESERVED_LAST)
		return stop(walk, "a chunk of unknown kind");
	if (header[0] <= CHUNK_PLAIN && !take_data(walk, body_bytes, header[0] == CHUNK_PACKED))
		return 0;
	walk->offset += body_bytes;
	return 1;
}

static enum gap_status add_segment(struct gap_segments *segments, const struct header *header,
				   uint64_t at, uint64_t expanded_bytes)
{
	uint64_t wanted = header->last - header->first + 1, got = expanded_bytes - at;

	if (got < wanted)
		segments->missing_bytes += wanted - got;
	segments->file_bytes = expanded_bytes;
	return gap_segments_add(
		segments, (struct gap_segment){header->first, got < wanted ? got : wanted, at});
}

static int check_header(struct walk *walk, const struct header *header)
{
	if (header->magic != MAGIC || header->version != 2)
		return stop(walk, "no header of version 2");
	if (header->last < header->first || header->last - header->first >= (uint64_t)1 << 62)
		return stop(walk, "a range of absurd size");
	return 1;
}

/* A range: header, stream, the stream's length (which nothing needs). */
static int take_range(struct walk *walk, struct gap_segments *segments)
{
	struct avml *avml = walk->avml;
	uint64_t at = avml->expanded_bytes, wanted, length;
	struct header header;
	int whole = 1;

	if (!get(walk, &header, sizeof(header)) || !check_header(walk, &header))
		return 0;
	walk->offset += sizeof(header);
	wanted = header.last - header.first + 1;
	while (whole && avml->expanded_bytes - at < wanted)
		whole = take_chunk(walk);
	if (add_segment(segments, &header, at, avml->expanded_bytes)) {
		walk->status = GAP_NO_MEMORY;
		return stop(walk, "out of memory");
	}
	if (!whole || !get(walk, &length, sizeof(length)))
		return 0;
	walk->offset += sizeof(length);
	return walk->offset < walk->probe->size_bytes;
}

static enum gap_status build_index(struct walk *walk, struct gap_segments *segments,
				   struct gap_source_memory *opened, struct gap_error *error)
{
	while (take_range(walk, segments))
		;
	if (walk->status)
		return gap_fail(error, walk->status, "%s: %s", walk->probe->path, walk->wrong);
	if (!walk->wrong)
		return GAP_OK;
	if (segments->count == 0)
		return gap_fail(error, GAP_CORRUPT, "%s: an AVML dump: %s at byte %llu",
				walk->probe->path, walk->wrong, (unsigned long long)walk->offset);
	gap_fail(&opened->warning, GAP_OK, "%s: %s at byte %llu: what follows there is not read",
		 walk->probe->path, walk->wrong, (unsigned long long)walk->offset);
	return GAP_OK;
}

static void close_avml(void *context)
{
	struct avml *avml = context;

	gap_page_cache_destroy(avml->cache);
	free(avml->chunks);
	free(avml->packed);
	free(avml);
}

static enum gap_status make(struct gap_segments *segments, struct avml **made)
{
	struct avml *avml = calloc(1, sizeof(*avml));

	if (!avml)
		return GAP_NO_MEMORY;
	segments->io = (struct gap_segments_io){read_chunks, close_avml, avml};
	avml->fd = segments->fd;
	make_tables(avml->tables);
	avml->packed = malloc(PACKED_BYTES_MAX);
	avml->cache = gap_page_cache_create(fill, avml);
	*made = avml;
	return avml->packed && avml->cache ? GAP_OK : GAP_NO_MEMORY;
}

static enum gap_status open_avml(const struct gap_probe *probe, struct gap_source_memory *opened,
				 struct gap_error *error)
{
	struct walk walk = {.probe = probe};
	struct gap_segments *segments;
	enum gap_status status = gap_segments_create(probe, &segments, error);

	if (status)
		return status;
	status = make(segments, &walk.avml);
	if (status)
		gap_fail(error, status, "out of memory");
	else
		status = build_index(&walk, segments, opened, error);
	if (!status)
		status = gap_segments_open(probe, segments, opened, error);
	if (status)
		gap_segments_destroy(segments);
	return status;
}

const struct gap_source_format gap_source_avml = {
	.name = "AVML",
	.recognises = recognises,
	.open = open_avml,
	.close = gap_segments_destroy,
};
