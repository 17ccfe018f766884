/* SPDX-License-Identifier: MIT */
/* What the files of extract share: an opened ELF file, the run of one extraction, and the readers.
 */
#ifndef SEMGAP_INPUTS_H
#define SEMGAP_INPUTS_H

#include "extract/extract.h"

struct gap_elf_section {
	const char *name;
	uint32_t type;
	uint64_t flags, address, size_bytes, entry_bytes;
	uint32_t link, info;
	const unsigned char *data; /* NULL: not loaded, or none (SHT_NOBITS) */
	unsigned char *owned;      /* a copy of ours (relocated or decompressed), or NULL */
};

struct gap_elf {
	const char *path;
	int file;
	void *handle; /* libelf's */
	uint16_t machine, type;
	uint8_t pointer_bytes;
	struct gap_elf_section *sections; /* by section number */
	uint32_t section_count;
};

/** Opens an ELF file. Big-endian, unknown machines and damaged headers are refused with words. */
enum gap_status gap_elf_open(struct gap_elf *elf, const char *path,
			     struct gap_error *error) GAP_MUST_CHECK;
void gap_elf_close(struct gap_elf *elf);

/** The section's data, decompressed and (in relocatable files) relocated; cached. GAP_NOT_FOUND: no
 * such section. */
enum gap_status gap_elf_load(struct gap_elf *elf, struct gap_elf_section *section,
			     struct gap_error *error) GAP_MUST_CHECK;
struct gap_elf_section *gap_elf_find(struct gap_elf *elf, const char *name);

/** Copies the GNU build-id out of the notes; 0 when there is none, else its length. */
uint8_t gap_elf_build_id(struct gap_elf *elf, uint8_t build_id[64]);

/** The same from the bytes of a note section. */
uint8_t gap_notes_build_id(const void *notes, uint64_t size_bytes, uint8_t build_id[64]);

/** One run of gap_extract(). */
struct gap_extraction {
	struct gap_builder *builder;
	const struct gap_extract_options *options;
	struct gap_extract_report *report;
	struct gap_error *error;
	const char *path;
};

void gap_extraction_warn(const struct gap_extraction *run, const char *format, ...)
	GAP_PRINTF(2, 3);
/** Tells of progress; GAP_CANCELLED when the caller wants to stop. */
enum gap_status gap_extraction_progress(const struct gap_extraction *run, const char *what,
					uint64_t done, uint64_t total) GAP_MUST_CHECK;

/** DWARF of an ELF file into the builder: types and typings. GAP_NOT_FOUND when there is none. */
enum gap_status gap_dwarf_read(const struct gap_extraction *run,
			       struct gap_elf *elf) GAP_MUST_CHECK;

/** Symbols of an ELF file, and the identity that hangs on them (the banner). @count: how many were
 * added. */
enum gap_status gap_symtab_read(const struct gap_extraction *run, struct gap_elf *elf,
				uint32_t *count) GAP_MUST_CHECK;

/** Layouts from kernel headers through libclang, and what they tell of identity. */
enum gap_status gap_headers_read(const struct gap_extraction *run) GAP_MUST_CHECK;

/** Whether a file's beginning looks like lines of "address type name". */
bool gap_system_map_probe(const char *head, size_t size_bytes);
enum gap_status gap_system_map_read(const struct gap_extraction *run, const char *path,
				    const char *text, size_t size_bytes,
				    uint32_t *count) GAP_MUST_CHECK;

/** A banner's bytes as identity; also sets the release from "Linux version RELEASE ". */
void gap_identity_from_banner(struct gap_builder *builder, const char *banner, size_t size_bytes);

#endif
