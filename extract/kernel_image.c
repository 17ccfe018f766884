/* SPDX-License-Identifier: MIT */
/*
 * Bootable kernels, down to what they unpack at boot. x86: Documentation/arch/x86/boot.rst, the setup header of a bzImage.
 * arm64 and others: the header of an EFI zboot image (drivers/firmware/efi/libstub/zboot-header.S). Each is a row of the
 * table; what comes out is probed again as any other input.
 */
#include <string.h>

#include "extract/inputs.h"

#define UNPACKED_BYTES_MAX (1u << 30)
#define SECTOR_BYTES 512

static uint32_t word(const struct gap_content *image, size_t at)
{
	uint32_t value;

	memcpy(&value, image->bytes + at, sizeof(value));
	return value;
}

static bool has(const uint8_t *bytes, size_t size_bytes, size_t at, const char *magic)
{
	return size_bytes >= at + strlen(magic) && memcmp(bytes + at, magic, strlen(magic)) == 0;
}

/* ---- bzImage ---- */

enum {
	SETUP_SECTORS = 0x1f1,
	SETUP_MAGIC = 0x202,
	SETUP_VERSION = 0x206,
	SETUP_PAYLOAD_OFFSET = 0x248,
	SETUP_PAYLOAD_LENGTH = 0x24c,
	SETUP_BYTES = 0x250,
	VERSION_WITH_PAYLOAD = 0x208
};

static bool is_bzimage(const uint8_t *bytes, size_t size_bytes)
{
	return size_bytes >= SETUP_BYTES && has(bytes, size_bytes, SETUP_MAGIC, "HdrS");
}

/* Before 2.6.26 the header does not say where the payload is; then it is always gzip's. */
static enum gap_status find_old_payload(const struct gap_extraction *run,
					const struct gap_content *image, size_t from,
					size_t *offset, size_t *length)
{
	const uint8_t *found =
		memmem(image->bytes + from, image->size_bytes - from, "\x1f\x8b\x08", 3);

	if (!found)
		return gap_fail(run->error, GAP_CORRUPT, "%.600s: no packed kernel in this image",
				run->path);
	*offset = (size_t)(found - image->bytes);
	*length = image->size_bytes - *offset;
	return GAP_OK;
}

static enum gap_status find_bzimage_payload(const struct gap_extraction *run,
					    const struct gap_content *image, size_t *offset,
					    size_t *length)
{
	unsigned sectors = image->bytes[SETUP_SECTORS] ? image->bytes[SETUP_SECTORS] : 4;
	uint64_t start = (uint64_t)(sectors + 1) * SECTOR_BYTES;
	unsigned version = image->bytes[SETUP_VERSION] | image->bytes[SETUP_VERSION + 1] << 8;
	uint32_t payload = word(image, SETUP_PAYLOAD_OFFSET);
	uint32_t size = word(image, SETUP_PAYLOAD_LENGTH);

	if (start >= image->size_bytes)
		return gap_fail(run->error, GAP_CORRUPT, "%.600s: cut short: %zu bytes", run->path,
				image->size_bytes);
	if (version < VERSION_WITH_PAYLOAD || size == 0)
		return find_old_payload(run, image, (size_t)start, offset, length);
	if (start + payload > image->size_bytes || size > image->size_bytes - start - payload)
		return gap_fail(run->error, GAP_CORRUPT,
				"%.600s: cut short: the packed kernel of %u bytes at offset %llu "
				"lies beyond its end",
				run->path, size, (unsigned long long)start + payload);
	*offset = (size_t)start + payload;
	*length = size;
	return GAP_OK;
}

/* ---- EFI zboot ---- */

enum { ZBOOT_MAGIC = 4, ZBOOT_OFFSET = 8, ZBOOT_LENGTH = 12, ZBOOT_BYTES = 64 };

static bool is_zboot(const uint8_t *bytes, size_t size_bytes)
{
	return size_bytes >= ZBOOT_BYTES && has(bytes, size_bytes, 0, "MZ") &&
	       has(bytes, size_bytes, ZBOOT_MAGIC, "zimg");
}

static enum gap_status find_zboot_payload(const struct gap_extraction *run,
					  const struct gap_content *image, size_t *offset,
					  size_t *length)
{
	uint32_t payload = word(image, ZBOOT_OFFSET), size = word(image, ZBOOT_LENGTH);

	if (payload > image->size_bytes || size > image->size_bytes - payload)
		return gap_fail(
			run->error, GAP_CORRUPT,
			"%.600s: cut short: the packed kernel of %u bytes at offset %u lies "
			"beyond its end",
			run->path, size, payload);
	*offset = payload;
	*length = size;
	return GAP_OK;
}

/* ---- a file that is packed as a whole: Image.gz, vmlinux.xz, MODULE.ko.zst ---- */

static bool is_packed(const uint8_t *bytes, size_t size_bytes)
{
	return gap_packing_of(bytes, size_bytes) != NULL;
}

static enum gap_status find_whole(const struct gap_extraction *run, const struct gap_content *image,
				  size_t *offset, size_t *length)
{
	(void)run;
	*offset = 0;
	*length = image->size_bytes;
	return GAP_OK;
}

/* ---- all of them ---- */

static const struct {
	const char *inside; /* what it is called */
	bool (*probe)(const uint8_t *bytes, size_t size_bytes);
	enum gap_status (*find)(const struct gap_extraction *run, const struct gap_content *image,
				size_t *offset, size_t *length);
} rows[] = {
	{"the vmlinux inside", is_bzimage, find_bzimage_payload},
	{"the Image inside", is_zboot, find_zboot_payload},
	{"unpacked", is_packed, find_whole},
};

bool gap_kernel_image_probe(const uint8_t *bytes, size_t size_bytes)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].probe(bytes, size_bytes))
			return true;
	return false;
}

/* The payload as it is, or unpacked. */
static enum gap_status take_payload(const struct gap_extraction *run, const uint8_t *payload,
				    size_t length, struct gap_content *inside)
{
	inside->bytes = payload;
	inside->size_bytes = length;
	/* CONFIG_KERNEL_UNCOMPRESSED: a vmlinux as it is. */
	if (has(payload, length, 0, "\177ELF"))
		return GAP_OK;
	return gap_unpack(inside, payload, length, UNPACKED_BYTES_MAX, run->error);
}

enum gap_status gap_kernel_image_unpack(const struct gap_extraction *run,
					const struct gap_content *image, struct gap_content *inside)
{
	struct gap_content taken = {.name = ""};
	size_t offset, length, row = 0;
	enum gap_status status;

	while (!rows[row].probe(image->bytes, image->size_bytes))
		row++;
	status = rows[row].find(run, image, &offset, &length);
	if (status)
		return status;
	gap_content_name(&taken, run->path, rows[row].inside);
	status = take_payload(run, image->bytes + offset, length, &taken);
	if (!status)
		*inside = taken;
	return status;
}
