/* SPDX-License-Identifier: MIT */
/*
 * Writes a guest's RAM file as a dump of another format.
 *
 *     make_dump lime|avml RAM SPLIT OUT [START]
 *
 * The first SPLIT bytes of RAM are at START (0), the rest at 4 GiB. AVML's chunks are packed where the
 * build has snappy.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef SEMGAP_SNAPPY
#include <snappy-c.h>
#endif

#include "tests/support/dump_file.h"

enum { CHUNK_BYTES = 65536, BLOCK_BYTES = 16 << 20 };

static FILE *out;

static void put(const void *data, size_t size_bytes)
{
	if (fwrite(data, 1, size_bytes, out) != size_bytes) {
		perror("make_dump");
		exit(1);
	}
}

static void put_lime(const unsigned char *data, uint64_t start, uint64_t size_bytes)
{
	struct dump header = {0};

	dump_add_lime_header(&header, "EMiL", 1, start, start + size_bytes - 1);
	put(header.data, header.size_bytes);
	put(data, size_bytes);
	dump_free(&header);
}

/* Returns how much was written. Chunks that hold only zeros are most; their checksum is known. */
static uint64_t put_chunk(const unsigned char *data, size_t size_bytes)
{
	static const unsigned char zeros[CHUNK_BYTES];
	static uint32_t zeros_checksum;
	struct dump chunk = {0};
	uint32_t checksum;
	uint64_t written;

	if (!zeros_checksum)
		zeros_checksum = dump_checksum(zeros, sizeof(zeros));
	checksum = size_bytes == CHUNK_BYTES && memcmp(data, zeros, size_bytes) == 0
			   ? zeros_checksum
			   : dump_checksum(data, size_bytes);
#ifdef SEMGAP_SNAPPY
	static char packed[2 * CHUNK_BYTES];
	size_t packed_bytes = sizeof(packed);

	if (snappy_compress((const char *)data, size_bytes, packed, &packed_bytes) == SNAPPY_OK &&
	    packed_bytes < size_bytes)
		dump_add_chunk(&chunk, 0, checksum, packed, packed_bytes);
	else
#endif
		dump_add_chunk(&chunk, 1, checksum, data, size_bytes);
	put(chunk.data, chunk.size_bytes);
	written = chunk.size_bytes;
	dump_free(&chunk);
	return written;
}

static void put_avml_block(const unsigned char *data, uint64_t start, uint64_t size_bytes)
{
	struct dump header = {0};
	const uint32_t stream = 0xff | 6 << 8;
	uint64_t written = 10;

	dump_add_lime_header(&header, "AVML", 2, start, start + size_bytes - 1);
	dump_add(&header, &stream, 4);
	dump_add(&header, "sNaPpY", 6);
	put(header.data, header.size_bytes);
	dump_free(&header);
	for (uint64_t done = 0; done < size_bytes; done += CHUNK_BYTES)
		written +=
			put_chunk(data + done, size_bytes - done < CHUNK_BYTES ? size_bytes - done
									       : CHUNK_BYTES);
	put(&written, sizeof(written));
}

static void put_avml(const unsigned char *data, uint64_t start, uint64_t size_bytes)
{
	for (uint64_t done = 0; done < size_bytes; done += BLOCK_BYTES)
		put_avml_block(data + done, start + done,
			       size_bytes - done < BLOCK_BYTES ? size_bytes - done : BLOCK_BYTES);
}

static const unsigned char *map(const char *path, uint64_t *size_bytes)
{
	int fd = open(path, O_RDONLY);
	struct stat file;
	void *data = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &file) == 0)
		data = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	*size_bytes = (uint64_t)file.st_size;
	return data;
}

int main(int argc, char **argv)
{
	void (*put_range)(const unsigned char *, uint64_t, uint64_t);
	const unsigned char *ram;
	uint64_t size_bytes, split, start;

	if (argc != 5 && argc != 6) {
		fprintf(stderr, "usage: %s lime|avml RAM SPLIT OUT [START]\n", argv[0]);
		return 2;
	}
	put_range = strcmp(argv[1], "avml") == 0 ? put_avml : put_lime;
	ram = map(argv[2], &size_bytes);
	split = strtoull(argv[3], NULL, 0);
	start = argc > 5 ? strtoull(argv[5], NULL, 0) : 0;
	if (split == 0 || split > size_bytes)
		split = size_bytes;
	out = fopen(argv[4], "wb");
	if (!out) {
		perror(argv[4]);
		return 1;
	}
	put_range(ram, start, split);
	if (split < size_bytes)
		put_range(ram + split, (uint64_t)4 << 30, size_bytes - split);
	if (fclose(out)) {
		perror(argv[4]);
		return 1;
	}
	return 0;
}
