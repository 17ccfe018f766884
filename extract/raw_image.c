/* SPDX-License-Identifier: MIT */
/*
 * An arm64 Image: the kernel's memory from its first byte on, without sections or symbols. Types are found by the header
 * of their BTF, symbols by the structure of the kernel's own table, and both know the rest: where the build-id is and what
 * address the image is linked for.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "extract/inputs.h"
#include "profile/btf.h"

#define PAGE_BYTES 4096
#define LINK_ALIGN 65536
#define HEAD_BYTES_MAX (2u << 20) /* in front of the first symbol */
#define VDSO_PAGES_MAX 64
#define KERNEL_HALF 0xffff000000000000

struct raw_image {
	const struct gap_extraction *run;
	const uint8_t *bytes;
	size_t size_bytes;
	struct gap_kallsyms_input input;
	struct gap_kallsyms_found found;
	bool has_symbols;
	uint64_t banner; /* its offset */
	size_t banner_bytes;
};

bool gap_raw_image_probe(const uint8_t *bytes, size_t size_bytes)
{
	return size_bytes >= 0x40 && memcmp(bytes + 0x38, "ARM\x64", 4) == 0;
}

static uint64_t word(const struct raw_image *image, uint64_t at)
{
	uint64_t value;

	memcpy(&value, image->bytes + at, sizeof(value));
	return value;
}

/* ---- where it is linked ---- */

/* A list head that is empty at build time points at itself, twice: its place tells the link address. */
static bool link_address_at(const struct raw_image *image, uint64_t at, uint64_t *address)
{
	uint64_t value = word(image, at);

	*address = value - at;
	return value >= KERNEL_HALF && value == word(image, at + 8) && *address % PAGE_BYTES == 0;
}

/* What most empty list heads say. */
static bool find_link_address(const struct raw_image *image, uint64_t *address)
{
	uint64_t best = 0, each;
	uint32_t lead = 0, votes = 0;

	for (uint64_t at = 0; at + 16 <= image->size_bytes; at += 8) {
		if (!link_address_at(image, at, &each))
			continue;
		if (lead == 0)
			best = each;
		lead += each == best ? 1 : (uint32_t)-1;
	}
	for (uint64_t at = 0; at + 16 <= image->size_bytes; at += 8)
		votes += link_address_at(image, at, &each) && each == best;
	*address = best;
	return votes >= 16;
}

/*
 * Where the linker left the base to be relocated at boot, it is in the image as a relocation: place, R_AARCH64_RELATIVE,
 * value. The place is the base's, so the link address follows; it is aligned as linkers align kernels, and the value, the
 * lowest symbol, is at a page near it. One relocation alone may be so.
 */
static bool find_relocated_base(struct raw_image *image)
{
	uint64_t address = 0, base = 0;

	for (uint64_t at = 0; at + 24 <= image->size_bytes; at += 8) {
		uint64_t value = word(image, at + 16), start;

		if (word(image, at + 8) != R_AARCH64_RELATIVE || value < KERNEL_HALF ||
		    value % PAGE_BYTES)
			continue;
		start = word(image, at) - image->found.base_offset;
		if (start % LINK_ALIGN || value - start >= HEAD_BYTES_MAX)
			continue;
		if (base)
			return false;
		address = start;
		base = value;
	}
	if (!base)
		return false;
	image->found.base = base;
	image->input.address = address;
	return true;
}

/* Sets the link address, and what the table needs of it; false when nothing tells it. */
static bool find_addresses(struct raw_image *image)
{
	bool has_base = image->found.base_offset != 0;
	uint64_t symbol;

	if (image->found.addressing == GAP_KALLSYMS_PLACE)
		return find_link_address(image, &image->input.address);
	if (has_base && image->found.base == 0)
		return find_relocated_base(image);
	/* Its addresses are whole; the banner, or else empty list heads, tell where its bytes lie. */
	if (image->banner_bytes &&
	    gap_kallsyms_lookup(&image->input, &image->found, "linux_banner", &symbol))
		image->input.address = symbol - image->banner;
	else if (!find_link_address(image, &image->input.address))
		image->input.address = 0;
	return true;
}

/* ---- its parts ---- */

static void find_symbols(struct raw_image *image)
{
	image->input = (struct gap_kallsyms_input){
		.bytes = image->bytes, .size_bytes = image->size_bytes, .pointer_bytes = 8};
	if (gap_kallsyms_find(&image->input, &image->found, NULL) != GAP_OK) {
		gap_extraction_warn(image->run,
				    "%s: no kernel symbol table in it (built without "
				    "CONFIG_KALLSYMS?)",
				    image->run->path);
		return;
	}
	image->has_symbols = find_addresses(image);
	image->input.address_known = image->input.address != 0;
	if (!image->has_symbols)
		gap_extraction_warn(image->run,
				    "%s: it has a symbol table, but nothing tells for which "
				    "address it is linked: the symbols are left out",
				    image->run->path);
}

/* Bytes between two symbols of the image. */
static const uint8_t *between(const struct raw_image *image, const char *first, const char *last,
			      uint64_t *size_bytes)
{
	uint64_t start, end;

	if (!image->has_symbols || !image->input.address_known ||
	    !gap_kallsyms_lookup(&image->input, &image->found, first, &start) ||
	    !gap_kallsyms_lookup(&image->input, &image->found, last, &end))
		return NULL;
	start -= image->input.address;
	end -= image->input.address;
	if (start >= end || end > image->size_bytes)
		return NULL;
	*size_bytes = end - start;
	return image->bytes + start;
}

/* Whether @at lies in an ELF file inside the image: the vDSO, which has a build-id of its own. */
static bool is_in_elf(const struct raw_image *image, uint64_t at)
{
	for (uint64_t page = at / PAGE_BYTES * PAGE_BYTES, steps = 0; steps < VDSO_PAGES_MAX;
	     page -= PAGE_BYTES, steps++) {
		Elf64_Ehdr header;

		if (page + sizeof(header) <= image->size_bytes) {
			memcpy(&header, image->bytes + page, sizeof(header));
			if (memcmp(header.e_ident, ELFMAG, SELFMAG) == 0)
				return at - page < header.e_shoff;
		}
		if (page == 0)
			break;
	}
	return false;
}

/* The one note of a build-id that is the kernel's own; where there are several, none. */
static uint8_t find_build_id(const struct raw_image *image, uint8_t build_id[64])
{
	static const char head[] = "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU";
	const uint8_t *at = image->bytes, *end = image->bytes + image->size_bytes;
	uint8_t found[64], length = 0;

	while ((at = memmem(at, (size_t)(end - at), head, sizeof(head))) != NULL) {
		uint64_t offset = (uint64_t)(at - image->bytes);

		if (offset % 4 == 0 && !is_in_elf(image, offset)) {
			if (length)
				return 0;
			length = gap_notes_build_id(at, (uint64_t)(end - at), found);
		}
		at++;
	}
	memcpy(build_id, found, length);
	return length;
}

static uint8_t identify(const struct raw_image *image, uint8_t build_id[64])
{
	struct gap_build_target target = {
		.machine = EM_AARCH64, .pointer_bytes = 8, .build_id = build_id};
	uint64_t size_bytes = 0;
	const uint8_t *notes = between(image, "__start_notes", "__stop_notes", &size_bytes);

	if (notes)
		target.build_id_bytes = gap_notes_build_id(notes, size_bytes, build_id);
	if (!target.build_id_bytes)
		target.build_id_bytes = find_build_id(image, build_id);
	gap_builder_target_set(image->run->builder, &target);
	if (image->banner_bytes)
		gap_identity_from_banner(image->run->builder,
					 (const char *)image->bytes + image->banner,
					 image->banner_bytes);
	return target.build_id_bytes;
}

/* The largest BTF in it. */
static const uint8_t *find_btf(const struct raw_image *image, size_t *size_bytes)
{
	static const char magic[] = "\x9f\xeb\x01";
	const uint8_t *at = image->bytes, *end = image->bytes + image->size_bytes, *best = NULL;

	*size_bytes = 0;
	while ((at = memmem(at, (size_t)(end - at), magic, 4)) != NULL) {
		size_t extent = gap_btf_extent(at, (size_t)(end - at));

		if (extent > *size_bytes) {
			*size_bytes = extent;
			best = at;
		}
		at++;
	}
	return best;
}

static enum gap_status read_types(const struct raw_image *image, const uint8_t *build_id,
				  uint8_t build_id_bytes)
{
	size_t size_bytes;
	const uint8_t *btf = find_btf(image, &size_bytes);
	enum gap_status status;

	if (image->run->options->symbols_only)
		return GAP_OK;
	if (!btf)
		return gap_types_missing(image->run, image->has_symbols);
	status = gap_btf_types_read(image->run, btf, size_bytes);
	if (!status)
		gap_extraction_source(image->run, GAP_SOURCE_BTF, build_id, build_id_bytes, false);
	return status;
}

enum gap_status gap_raw_image_read(const struct gap_extraction *run,
				   const struct gap_content *content)
{
	struct raw_image image = {
		.run = run, .bytes = content->bytes, .size_bytes = content->size_bytes};
	enum gap_status status = GAP_OK;
	uint8_t build_id[64], build_id_bytes;
	uint32_t count = 0;

	if (run->options->types_from == GAP_TYPES_DWARF)
		return gap_fail(run->error, GAP_NOT_FOUND,
				"%.600s: no DWARF in it: this is a kernel as it boots; leave out "
				"--dwarf",
				run->path);
	image.banner = gap_banner_find(image.bytes, image.size_bytes, &image.banner_bytes);
	find_symbols(&image);
	build_id_bytes = identify(&image, build_id);
	if (image.has_symbols)
		status = gap_kallsyms_read(run, &image.input, &image.found, &count);
	if (!status && count)
		gap_extraction_source(run, GAP_SOURCE_KALLSYMS, build_id, build_id_bytes, true);
	if (!status)
		status = read_types(&image, build_id, build_id_bytes);
	if (!status && count == 0 && run->options->symbols_only)
		status = gap_fail(run->error, GAP_NOT_FOUND, "%.600s: no symbols in it", run->path);
	return status;
}
