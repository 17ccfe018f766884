/* SPDX-License-Identifier: MIT */
/* What the files of extract share: an opened ELF file, the run of one extraction, and the readers.
 */
#ifndef SEMGAP_INPUTS_H
#define SEMGAP_INPUTS_H

#include "extract/content.h"
#include "extract/extract.h"
#include "profile/btf.h"
#include "profile/kallsyms.h"
#include "profile/units.h"

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
	void *handle; /* libelf's */
	uint16_t machine, type;
	uint8_t pointer_bytes;
	struct gap_elf_section *sections; /* by section number */
	uint32_t section_count;
};

/** Opens an ELF file, whose @content must live as long. Big-endian, unknown machines and damaged headers are refused with
 * words. */
enum gap_status gap_elf_open(struct gap_elf *elf, const struct gap_content *content,
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

/** What a kernel leaves behind for its modules. */
struct gap_session {
	struct gap_merger *merger; /* of DWARF units; NULL: types do not come from there */
	struct gap_btf_base btf;
	bool has_btf;
	char digest[80]; /* of the file that is read, "" unless wanted */
};

/** One run of gap_extract(). */
struct gap_extraction {
	struct gap_builder *builder;
	const struct gap_extract_options *options;
	struct gap_extract_report *report;
	struct gap_session *session;
	struct gap_error *error;
	const char *path; /* what is read, for words */
	const char *file; /* the file that it is, or is in */
};

void gap_extraction_warn(const struct gap_extraction *run, const char *format, ...)
	GAP_PRINTF(2, 3);
/** Tells of progress; GAP_CANCELLED when the caller wants to stop. */
enum gap_status gap_extraction_progress(const struct gap_extraction *run, const char *what,
					uint64_t done, uint64_t total) GAP_MUST_CHECK;

/** DWARF of an ELF file into the session's merger: types and typings, of symbols of @module (0: the kernel's). GAP_NOT_FOUND
 * when there is none. */
enum gap_status gap_dwarf_read(const struct gap_extraction *run, struct gap_elf *elf,
			       uint32_t module) GAP_MUST_CHECK;
/** All that was read so, into the builder. */
enum gap_status gap_dwarf_finish(const struct gap_extraction *run) GAP_MUST_CHECK;

/** Opens a file that holds a part of another's DWARF, by the name that that gives it; @folder: of compilation, or NULL.
 * GAP_NOT_FOUND names it. */
enum gap_status gap_companion_open(const struct gap_extraction *run, const char *folder,
				   const char *name, struct gap_content *content) GAP_MUST_CHECK;
/** Opens FILE.dwp, if it is there. */
bool gap_companion_package(const struct gap_extraction *run, struct gap_content *content);

/** The modules that the options name. */
enum gap_status gap_modules_read(const struct gap_extraction *run) GAP_MUST_CHECK;

/** Symbols of an ELF file, and the identity that hangs on them (the banner). @count: how many were
 * added. */
enum gap_status gap_symtab_read(const struct gap_extraction *run, struct gap_elf *elf,
				uint32_t *count) GAP_MUST_CHECK;

/** Layouts from kernel headers through libclang, and what they tell of identity. */
enum gap_status gap_headers_read(const struct gap_extraction *run) GAP_MUST_CHECK;

/** Symbols of a kernel that has only its own table of them (kallsyms), found in the file's sections; the banner too. @count
 * 0: no such table. */
enum gap_status gap_kallsyms_read_elf(const struct gap_extraction *run, struct gap_elf *elf,
				      uint32_t *count) GAP_MUST_CHECK;
/** The symbols of a table that was found. */
enum gap_status gap_kallsyms_read(const struct gap_extraction *run,
				  const struct gap_kallsyms_input *input,
				  const struct gap_kallsyms_found *found,
				  uint32_t *count) GAP_MUST_CHECK;
/** Offset and length of the longest text in @bytes that is a whole banner; length 0: none. */
uint64_t gap_banner_find(const uint8_t *bytes, size_t size_bytes, size_t *length);
/** The address of a symbol in a table that was found. */
bool gap_kallsyms_lookup(const struct gap_kallsyms_input *input,
			 const struct gap_kallsyms_found *found, const char *name,
			 uint64_t *address);

/** Kind and flags of a symbol from its letter, as nm and the kernel write it. */
void gap_symbol_from_letter(char letter, struct gap_build_symbol *symbol);

/** BTF into the builder; the names of its functions type the symbols. */
enum gap_status gap_btf_types_read(const struct gap_extraction *run, const void *data,
				   size_t size_bytes) GAP_MUST_CHECK;
/** What is to be done where a kernel as it boots holds no types: a warning when it has symbols, else a failure. */
enum gap_status gap_types_missing(const struct gap_extraction *run,
				  bool has_symbols) GAP_MUST_CHECK;
/** Adds a source, and makes it that of all types, or of all symbols. */
void gap_extraction_source(const struct gap_extraction *run, enum gap_source_kind kind,
			   const uint8_t *build_id, uint8_t build_id_bytes, bool of_symbols);

/** Whether a file begins like a bootable kernel, and what is inside: a vmlinux, or an Image, which may be packed again. */
bool gap_kernel_image_probe(const uint8_t *bytes, size_t size_bytes);
enum gap_status gap_kernel_image_unpack(const struct gap_extraction *run,
					const struct gap_content *image,
					struct gap_content *inside) GAP_MUST_CHECK;

/** An arm64 Image: the kernel's memory as it is at boot, without any headers. */
bool gap_raw_image_probe(const uint8_t *bytes, size_t size_bytes);
enum gap_status gap_raw_image_read(const struct gap_extraction *run,
				   const struct gap_content *image) GAP_MUST_CHECK;

/** Whether a file's beginning looks like lines of "address type name". */
bool gap_system_map_probe(const char *head, size_t size_bytes);
/** Symbols of such lines; @running: of a running kernel (kallsyms), whose slide is taken off. */
enum gap_status gap_system_map_read(const struct gap_extraction *run, const char *path,
				    const char *text, size_t size_bytes, bool running,
				    uint32_t *count) GAP_MUST_CHECK;

/** A banner's bytes as identity; also sets the release from "Linux version RELEASE ". */
void gap_identity_from_banner(struct gap_builder *builder, const char *banner, size_t size_bytes);

#endif
