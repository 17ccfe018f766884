/* SPDX-License-Identifier: MIT */
/*
 * Writes the seeds of the fuzz targets: one folder per target, every file made by code.
 *
 *     fuzz_seeds FOLDER OBJECT...
 *
 * The objects, compiled with debug information, become seeds of `extract` as they are.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile/builder.h"
#include "signing/sign.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tiny_guest.h"
#include "tests/support/dump_file.h"
#include "tests/support/kallsyms_table.h"
#include "tests/support/gdb_talk.h"
#include "tests/support/packing.h"

static void write_seed(const char *folder, const char *target, const char *name, const void *data,
		       size_t size_bytes)
{
	char path[4096];
	FILE *file;

	mkdir(folder, 0777);
	snprintf(path, sizeof(path), "%s/%s", folder, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	file = fopen(path, "wb");
	if (!file || fwrite(data, 1, size_bytes, file) != size_bytes || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void need(enum gap_status status, const struct gap_error *error)
{
	if (status == GAP_OK)
		return;
	fprintf(stderr, "%s: %s\n", gap_status_name(status), error->text);
	exit(1);
}

/* ---- images
 * --------------------------------------------------------------------------------------------------------
 */

static gap_type_id add_struct(struct gap_builder *builder, const char *name, uint64_t size_bytes,
			      const struct gap_build_member *members, uint64_t count)
{
	struct gap_build_type type = {.kind = GAP_KIND_STRUCT,
				      .name = gap_builder_name(builder, name),
				      .size_bytes = size_bytes,
				      .count = count,
				      .members = members,
				      .file = gap_builder_name(builder, "include/linux/fixture.h"),
				      .line = 7,
				      .units = 3};

	return gap_builder_type_add(builder, &type);
}

static gap_type_id add_simple(struct gap_builder *builder, enum gap_kind kind, const char *name,
			      uint64_t size_bytes, gap_type_id ref, uint64_t count)
{
	struct gap_build_type type = {.kind = kind,
				      .name = gap_builder_name(builder, name),
				      .size_bytes = size_bytes,
				      .ref = ref,
				      .count = count};

	return gap_builder_type_add(builder, &type);
}

static gap_type_id add_links(struct gap_builder *builder)
{
	gap_type_id links = gap_builder_type_reserve(builder, 1);
	gap_type_id pointer = add_simple(builder, GAP_KIND_POINTER, "", 8, links, 0);
	struct gap_build_member members[] = {
		{gap_builder_name(builder, "next"), pointer, 0, 0},
		{gap_builder_name(builder, "previous"), pointer, 64, 0}};
	struct gap_build_type type = {.kind = GAP_KIND_STRUCT,
				      .name = gap_builder_name(builder, "links"),
				      .size_bytes = 16,
				      .count = 2,
				      .members = members};

	gap_builder_type_set(builder, links, &type);
	return links;
}

static gap_type_id add_fixture(struct gap_builder *builder, gap_type_id integer)
{
	struct gap_build_enumerator colours[] = {
		{gap_builder_name(builder, "RED"), 1},
		{gap_builder_name(builder, "GREEN"), (uint64_t)-2}};
	struct gap_build_type colour = {.kind = GAP_KIND_ENUM,
					.flags = GAP_TYPE_SIGNED,
					.name = gap_builder_name(builder, "colour"),
					.size_bytes = 4,
					.count = 2,
					.enumerators = colours};
	struct gap_build_member inside[] = {{gap_builder_name(builder, "inner"), integer, 0, 0},
					    {gap_builder_name(builder, "low"), integer, 33, 5}};
	gap_type_id anonymous = add_struct(builder, "", 8, inside, 2);
	gap_type_id text = add_simple(builder, GAP_KIND_TYPEDEF, "text_t", 0, integer, 0);
	struct gap_build_member members[] = {
		{gap_builder_name(builder, "links"), add_links(builder), 0, 0},
		{0, anonymous, 128, 0},
		{gap_builder_name(builder, "colour"), gap_builder_type_add(builder, &colour), 192,
		 0},
		{gap_builder_name(builder, "grid"),
		 add_simple(builder, GAP_KIND_ARRAY, "", 0, text, 6), 224, 0}};

	return add_struct(builder, "fixture", 56, members, 4);
}

static void add_symbols(struct gap_builder *builder, gap_type_id type)
{
	struct gap_build_parameter parameter = {gap_builder_name(builder, "count"), type};
	struct gap_build_type function = {
		.kind = GAP_KIND_FUNCTION, .ref = type, .count = 1, .parameters = &parameter};
	struct gap_build_symbol symbols[] = {{.name = gap_builder_name(builder, "linux_banner"),
					      .address = 0xffffffff82000000,
					      .size_bytes = 60,
					      .type = GAP_NONE,
					      .kind = GAP_SYMBOL_DATA},
					     {.name = gap_builder_name(builder, "call"),
					      .address = 0xffffffff81000000,
					      .type = gap_builder_type_add(builder, &function),
					      .kind = GAP_SYMBOL_FUNCTION},
					     {.name = gap_builder_name(builder, "twice"),
					      .address = 0xffffffff83000000,
					      .file = gap_builder_name(builder, "a.c"),
					      .type = type,
					      .flags = GAP_SYMBOL_LOCAL},
					     {.name = gap_builder_name(builder, "twice"),
					      .address = 0xffffffff83000010,
					      .file = gap_builder_name(builder, "b.c"),
					      .type = type,
					      .flags = GAP_SYMBOL_LOCAL}};

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		gap_builder_symbol_add(builder, &symbols[i]);
}

/* The private key of RFC 8032's second test vector. */
static const char test_key[] = "-----BEGIN PRIVATE KEY-----\n"
			       "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
			       "-----END PRIVATE KEY-----\n";

/* An image without and, where this build can sign, with a signature. */
static void write_signed(const char *folder, const char *name, const void *image, size_t size_bytes)
{
	char path[] = "/tmp/semgap-seed-XXXXXX";
	int file = mkstemp(path);
	void *signed_image;
	size_t signed_bytes;
	struct gap_error error;

	write_seed(folder, "signature", name, image, size_bytes);
	if (file >= 0 && write(file, test_key, sizeof(test_key) - 1) == sizeof(test_key) - 1 &&
	    gap_sign_image(image, size_bytes, path, &signed_image, &signed_bytes, &error) ==
		    GAP_OK) {
		char signed_name[64];

		snprintf(signed_name, sizeof(signed_name), "signed_%s", name);
		write_seed(folder, "signature", signed_name, signed_image, signed_bytes);
		free(signed_image);
	}
	if (file >= 0)
		close(file);
	unlink(path);
}

static void write_images(const char *folder)
{
	static const uint8_t build_id[20] = {1, 2, 3};
	static const char banner[] = "Linux version 6.1.0-fixture (nobody@nowhere) #1 SMP\n";
	struct gap_build_target target = {.machine = 62,
					  .pointer_bytes = 8,
					  .build_id_bytes = 20,
					  .build_id = build_id,
					  .release = "6.1.0-fixture",
					  .banner = banner,
					  .banner_bytes = sizeof(banner) - 1,
					  .tool_version = "0"};
	struct gap_build_source source = {.kind = GAP_SOURCE_DWARF, .note = "fixture"};
	struct gap_builder *builder = NULL;
	struct gap_error error = {""};
	gap_type_id integer;

	need(gap_builder_create(&builder, &error), &error);
	gap_builder_target_set(builder, &target);
	gap_builder_source_default(builder, GAP_TABLE_TYPES,
				   gap_builder_source_add(builder, &source));
	integer = gap_builder_type_add(
		builder, &(struct gap_build_type){.kind = GAP_KIND_INT,
						  .flags = GAP_TYPE_SIGNED,
						  .name = gap_builder_name(builder, "int"),
						  .size_bytes = 4});
	add_symbols(builder, add_fixture(builder, integer));
	for (unsigned flags = 0; flags <= GAP_FREEZE_MINIMAL; flags++) {
		void *image = NULL;
		size_t size_bytes = 0;

		need(gap_builder_freeze(builder, flags, &image, &size_bytes, &error), &error);
		write_seed(folder, "image", flags ? "minimal" : "full", image, size_bytes);
		write_signed(folder, flags ? "minimal" : "full", image, size_bytes);
		free(image);
	}
	gap_builder_destroy(builder);
}

/* ---- BTF
 * -----------------------------------------------------------------------------------------------------------
 */

/* A writer of BTF words: enough of the format for one of every kind. */
struct btf {
	uint32_t words[256];
	uint32_t count;
	char strings[256];
	uint32_t string_bytes;
};

enum btf_kind {
	BTF_INT = 1,
	BTF_PTR,
	BTF_ARRAY,
	BTF_STRUCT,
	BTF_UNION,
	BTF_ENUM,
	BTF_FWD,
	BTF_TYPEDEF,
	BTF_VOLATILE,
	BTF_CONST,
	BTF_RESTRICT,
	BTF_FUNC,
	BTF_FUNC_PROTO,
	BTF_VAR,
	BTF_DATASEC,
	BTF_FLOAT,
	BTF_DECL_TAG,
	BTF_TYPE_TAG,
	BTF_ENUM64
};

static void word(struct btf *btf, uint32_t value)
{
	btf->words[btf->count++] = value;
}

static uint32_t string(struct btf *btf, const char *text)
{
	uint32_t at = btf->string_bytes;

	memcpy(btf->strings + at, text, strlen(text) + 1);
	btf->string_bytes += (uint32_t)strlen(text) + 1;
	return at;
}

static void type(struct btf *btf, const char *name, enum btf_kind kind, uint32_t vlen,
		 uint32_t flag, uint32_t size_or_type)
{
	word(btf, name ? string(btf, name) : 0);
	word(btf, flag << 31 | (uint32_t)kind << 24 | vlen);
	word(btf, size_or_type);
}

static void member(struct btf *btf, const char *name, uint32_t type_id, uint32_t offset)
{
	word(btf, name ? string(btf, name) : 0);
	word(btf, type_id);
	word(btf, offset);
}

static void fill_btf(struct btf *btf)
{
	btf->string_bytes = 1;
	type(btf, "int", BTF_INT, 0, 0, 4); /* 1 */
	word(btf, 1u << 24 | 32);
	type(btf, NULL, BTF_PTR, 0, 0, 6);   /* 2 */
	type(btf, NULL, BTF_ARRAY, 0, 0, 0); /* 3 */
	word(btf, 1);
	word(btf, 1);
	word(btf, 5);
	type(btf, NULL, BTF_UNION, 2, 0, 4); /* 4 */
	member(btf, "whole", 1, 0);
	member(btf, "again", 8, 0);
	type(btf, "colour", BTF_ENUM, 2, 1, 4); /* 5 */
	word(btf, string(btf, "RED"));
	word(btf, 1);
	word(btf, string(btf, "GREEN"));
	word(btf, (uint32_t)-2);
	type(btf, "fixture", BTF_STRUCT, 4, 1, 40); /* 6 */
	member(btf, "next", 2, 0);
	member(btf, NULL, 4, 64);
	member(btf, "bits", 1, 5u << 24 | 99);
	member(btf, "grid", 3, 128);
	type(btf, "ahead", BTF_FWD, 0, 0, 0);     /* 7 */
	type(btf, "pid_t", BTF_TYPEDEF, 0, 0, 9); /* 8 */
	type(btf, NULL, BTF_CONST, 0, 0, 10);     /* 9 */
	type(btf, NULL, BTF_VOLATILE, 0, 0, 1);   /* 10 */
	type(btf, NULL, BTF_FUNC_PROTO, 2, 0, 1); /* 11 */
	word(btf, string(btf, "count"));
	word(btf, 8);
	word(btf, 0);
	word(btf, 0);
	type(btf, "call", BTF_FUNC, 1, 0, 11);   /* 12 */
	type(btf, "variable", BTF_VAR, 0, 0, 6); /* 13 */
	word(btf, 1);
	type(btf, ".data..percpu", BTF_DATASEC, 1, 0, 64); /* 14 */
	word(btf, 13);
	word(btf, 8);
	word(btf, 40);
	type(btf, "double", BTF_FLOAT, 0, 0, 8); /* 15 */
	type(btf, "huge", BTF_ENUM64, 1, 0, 8);  /* 16 */
	word(btf, string(btf, "HUGE_ONES"));
	word(btf, UINT32_MAX);
	word(btf, UINT32_MAX);
	type(btf, "user", BTF_TYPE_TAG, 0, 0, 6); /* 17 */
	type(btf, "tag", BTF_DECL_TAG, 0, 0, 6);  /* 18 */
	word(btf, 0);
	type(btf, NULL, BTF_RESTRICT, 0, 0, 2); /* 19 */
}

/* ---- packed files and bootable images ---- */

static void write_packed(const char *folder)
{
	uint8_t plain[3000], packed[8192];

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i % 90 < 60 ? i / 90 : i * i);
	for (size_t i = 0; packings[i]; i++) {
		size_t length =
			pack_bytes(packings[i], plain, sizeof(plain), packed, sizeof(packed));

		if (length)
			write_seed(folder, "unpack", packings[i], packed, length);
	}
}

/* A tar archive of one file, as in a .deb, and what follows it. */
static size_t write_tar(uint8_t *tar, const char *path, const uint8_t *data, size_t size_bytes)
{
	unsigned sum = 0;

	memset(tar, 0, 1536 + size_bytes + 512);
	snprintf((char *)tar, 100, "%s", path);
	snprintf((char *)tar + 100, 8, "%07o", 0644u);
	snprintf((char *)tar + 108, 8, "%07o", 0u);
	snprintf((char *)tar + 116, 8, "%07o", 0u);
	snprintf((char *)tar + 124, 12, "%011o", (unsigned)size_bytes);
	snprintf((char *)tar + 136, 12, "%011o", 0u);
	memset(tar + 148, ' ', 8);
	tar[156] = '0';
	memcpy(tar + 257, "ustar", 6);
	memcpy(tar + 263, "00", 2);
	for (size_t i = 0; i < 512; i++)
		sum += tar[i];
	snprintf((char *)tar + 148, 8, "%06o", sum);
	memcpy(tar + 512, data, size_bytes);
	return 512 + (size_bytes + 511) / 512 * 512 + 1024;
}

static size_t add_ar_member(uint8_t *ar, size_t at, const char *name, const uint8_t *data,
			    size_t size_bytes)
{
	char head[64];

	snprintf(head, sizeof(head), "%-16s%-12u%-6u%-6u%-8o%-10zu`\n", name, 0u, 0u, 0u, 0100644u,
		 size_bytes);
	memcpy(ar + at, head, 60);
	memcpy(ar + at + 60, data, size_bytes);
	ar[at + 60 + size_bytes] = '\n';
	return at + 60 + size_bytes + size_bytes % 2;
}

/* Packages whose kernel is BTF, which is no kernel, and a tar alone. */
static void write_packages(const char *folder, const uint8_t *btf, size_t btf_bytes)
{
	static uint8_t tar[8192], packed[8192], deb[16384];
	size_t tar_bytes = write_tar(tar, "./boot/vmlinuz-1", btf, btf_bytes);
	size_t packed_bytes = pack_bytes("gzip", tar, tar_bytes, packed, sizeof(packed));
	size_t at;

	write_seed(folder, "package", "tar", tar, tar_bytes);
	memcpy(deb, "!<arch>\n", 8);
	at = add_ar_member(deb, 8, "debian-binary", (const uint8_t *)"2.0\n", 4);
	at = add_ar_member(deb, at, "data.tar", tar, tar_bytes);
	write_seed(folder, "package", "deb", deb, at);
	write_seed(folder, "extract", "deb", deb, at);
	at = add_ar_member(deb, 8, "debian-binary", (const uint8_t *)"2.0\n", 4);
	at = add_ar_member(deb, at, "data.tar.gz", packed, packed_bytes);
	write_seed(folder, "package", "deb.gz", deb, at);
}

static void put64(uint8_t *bytes, size_t at, uint64_t value)
{
	memcpy(bytes + at, &value, sizeof(value));
}

/* An arm64 Image of one page, BTF, a table of symbols relative to their places, and empty list heads. */
static void write_raw_image(const char *folder, const uint8_t *btf, size_t btf_bytes)
{
	static const struct table_plan plan = {.addressing = GAP_KALLSYMS_PLACE,
					       .behind = true,
					       .pointer_bytes = 8,
					       .align_bytes = 4,
					       .number_bytes = 4,
					       .address = 0xffff800080000000,
					       .sequence_bytes = 3};
	static struct table_symbol symbols[300];
	static uint8_t bytes[1 << 16];
	struct table_places places;

	memcpy(bytes + 0x38, "ARM\x64", 4);
	for (size_t i = 0; i < 20; i++) {
		put64(bytes, 0x400 + 16 * i, plan.address + 0x400 + 16 * i);
		put64(bytes, 0x408 + 16 * i, plan.address + 0x400 + 16 * i);
	}
	memcpy(bytes + 0x1000, btf, btf_bytes);
	make_table_symbols(symbols, 300, 0, plan.address + 0x2000, false);
	places = write_table(bytes, 0x2000, &plan, symbols, 300);
	write_seed(folder, "extract", "Image", bytes, places.end);
}

/* A bzImage whose payload is not packed, and one whose payload is. */
static void write_bzimages(const char *folder, const uint8_t *btf, size_t btf_bytes)
{
	static uint8_t bytes[8192];

	for (unsigned packed = 0; packed < 2; packed++) {
		size_t length = packed ? pack_bytes("gzip", btf, btf_bytes, bytes + 0xa00,
						    sizeof(bytes) - 0xa00)
				       : btf_bytes;

		if (!packed)
			memcpy(bytes + 0xa00, btf, btf_bytes);
		bytes[0x1f1] = 4;
		memcpy(bytes + 0x202, "HdrS\x0f\x02", 6);
		memcpy(bytes + 0x24c, &(uint32_t){(uint32_t)length}, 4);
		write_seed(folder, "extract", packed ? "bzImage.gz" : "bzImage", bytes,
			   0xa00 + length);
	}
}

/* As it lies in a kernel's image: large, as a kernel's is, by strings that nothing uses. */
static void write_types(const char *folder, const uint8_t *btf, size_t btf_bytes)
{
	static uint8_t bytes[16 + (72 << 10)];
	static const char must_have[] = "\0task_struct";
	uint32_t strings = (uint32_t)(sizeof(bytes) - 16 - btf_bytes), before;

	memcpy(bytes + 3, btf, btf_bytes);
	memset(bytes + 3 + btf_bytes, 'x', strings - 1);
	memcpy(bytes + 3 + btf_bytes, must_have, sizeof(must_have));
	bytes[3 + btf_bytes + strings - 1] = 0;
	memcpy(&before, bytes + 3 + 20, sizeof(before));
	before += strings;
	memcpy(bytes + 3 + 20, &before, sizeof(before));
	write_seed(folder, "tables", "types", bytes, sizeof(bytes));
}

static void write_btf(const char *folder)
{
	struct btf btf = {.count = 0};
	uint32_t header[6] = {0x0001eb9f, 24, 0};
	uint8_t bytes[sizeof(header) + sizeof(btf.words) + sizeof(btf.strings)];
	size_t at = sizeof(header);

	fill_btf(&btf);
	header[3] = btf.count * 4;
	header[4] = btf.count * 4;
	header[5] = btf.string_bytes;
	memcpy(bytes, header, sizeof(header));
	memcpy(bytes + at, btf.words, btf.count * 4);
	at += btf.count * 4;
	memcpy(bytes + at, btf.strings, btf.string_bytes);
	write_seed(folder, "btf", "kinds", bytes, at + btf.string_bytes);
	write_seed(folder, "extract", "kinds.btf", bytes, at + btf.string_bytes);
	write_types(folder, bytes, at + btf.string_bytes);
	write_raw_image(folder, bytes, at + btf.string_bytes);
	write_bzimages(folder, bytes, at + btf.string_bytes);
	write_packages(folder, bytes, at + btf.string_bytes);
}

/* ---- the kernel's symbol table ---- */

static void write_kallsyms(const char *folder)
{
	static const struct table_plan plans[] = {
		{.addressing = GAP_KALLSYMS_ABSOLUTE,
		 .pointer_bytes = 8,
		 .align_bytes = 8,
		 .number_bytes = 8},
		{.addressing = GAP_KALLSYMS_BASE,
		 .pointer_bytes = 4,
		 .align_bytes = 4,
		 .number_bytes = 4,
		 .base = 0xc1000000,
		 .sequence_bytes = 3},
		{.addressing = GAP_KALLSYMS_BASE_PERCPU,
		 .behind = true,
		 .pointer_bytes = 8,
		 .align_bytes = 8,
		 .number_bytes = 4,
		 .base = 0xffffffff81000000,
		 .sequence_bytes = 3},
		{.addressing = GAP_KALLSYMS_PLACE,
		 .behind = true,
		 .pointer_bytes = 8,
		 .align_bytes = 4,
		 .number_bytes = 4,
		 .address = 0xffffffff81000000,
		 .sequence_bytes = 3},
	};
	static struct table_symbol symbols[300];

	for (unsigned i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		static uint8_t bytes[1 << 16];
		bool wide = plans[i].pointer_bytes == 8;
		struct table_places places;
		char name[32];

		memset(bytes, 0, sizeof(bytes));
		make_table_symbols(symbols, 300, plans[i].addressing % 2 ? 0 : 5,
				   wide ? 0xffffffff81000000 : 0xc1000000, true);
		places = write_table(bytes, 8, &plans[i], symbols, 300);
		snprintf(name, sizeof(name), "table%u", i);
		write_seed(folder, "kallsyms", name, bytes, places.end);
		write_seed(folder, "tables", name, bytes, places.end);
	}
}

/* ---- text and objects
 * ---------------------------------------------------------------------------------------------- */

static void write_maps(const char *folder)
{
	static const char real[] = "0000000000000000 D __per_cpu_start\n"
				   "0000000000000000 A fixed_percpu_data\n"
				   "ffffffff81000000 T _text\n"
				   "ffffffff81000000 T startup_64\n"
				   "ffffffff82a00100 R linux_banner\n"
				   "ffffffff83414940 D init_task\n"
				   "ffffffff83414940 t twice\n"
				   "ffffffff83414950 t twice\n"
				   "ffffffff84000000 B __brk_base\n";
	static const char narrow[] = "c1000000 T _text\nc1a00000 D init_task\n";
	static const char stub[] = "ffffffffffffffff B The real System.map is in the "
				   "linux-image-<version>-dbg package\n";

	write_seed(folder, "system_map", "real", real, sizeof(real) - 1);
	write_seed(folder, "system_map", "narrow", narrow, sizeof(narrow) - 1);
	write_seed(folder, "system_map", "stub", stub, sizeof(stub) - 1);
	write_seed(folder, "extract", "real.map", real, sizeof(real) - 1);
}

static void copy_object(const char *folder, const char *path, int number)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(path, "rb");
	char name[32];
	size_t size_bytes;

	if (!file) {
		perror(path);
		exit(1);
	}
	size_bytes = fread(data, 1, sizeof(data), file);
	fclose(file);
	snprintf(name, sizeof(name), "object%d", number);
	write_seed(folder, "extract", name, data, size_bytes);
}

/* ---- guest memory ---- */

static void write_lime(const char *folder)
{
	struct dump dump = {0};

	dump_add_lime(&dump, 0x100000, 0x1000);
	dump_add_lime(&dump, 0x1000, 0x1000);
	write_seed(folder, "memory", "lime", dump.data, dump.size_bytes);
	dump_free(&dump);
}

static void write_core(const char *folder)
{
	struct dump dump = {0};
	size_t headers = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
	size_t note_bytes = sizeof(Elf64_Nhdr) + 8 + 448;

	dump_add_elf(&dump, EM_X86_64, 3);
	dump_add_segment(&dump, PT_NOTE, headers, 0, 0, note_bytes);
	dump_add_segment(&dump, PT_LOAD, 0x1000, 0, 0x1000, 0x1000);
	dump_add_segment(&dump, PT_LOAD, 0x1800, 0, 0x8000, 0x1000);
	dump_add_qemu_note(&dump, 0x1000);
	dump_pad(&dump, 0x1000);
	dump_add_memory(&dump, 0x1000, 0x1800);
	write_seed(folder, "memory", "core", dump.data, dump.size_bytes);
	dump_free(&dump);
}

/* Snappy's stream of one packed chunk (eight zeros) and a plain one. */
static void write_avml(const char *folder)
{
	static const unsigned char packed[] = {8, 7 << 2, 0, 0, 0, 0, 0, 0, 0, 0};
	static const unsigned char zeros[512];
	const uint64_t length = 4 + 6 + 8 + sizeof(packed) + 8 + 504;
	const uint32_t stream = 0xff | 6 << 8;
	struct dump dump = {0};

	dump_add_lime_header(&dump, "AVML", 2, 0x1000, 0x11ff);
	dump_add(&dump, &stream, 4);
	dump_add(&dump, "sNaPpY", 6);
	dump_add_chunk(&dump, 0, dump_checksum(zeros, 8), packed, sizeof(packed));
	dump_add_chunk(&dump, 1, dump_checksum(zeros, 504), zeros, 504);
	dump_add(&dump, &length, 8);
	dump_add_lime_header(&dump, "AVML", 2, 0x3000, 0x31f7);
	dump_add_chunk(&dump, 1, dump_checksum(zeros, 504), zeros, 504);
	write_seed(folder, "memory", "avml", dump.data, dump.size_bytes);
	dump_free(&dump);
}

static void write_monitor(const char *folder)
{
	static const char text[] =
		"FlatView #2\n AS \"memory\", root: system\n Root memory region: system\n"
		"  0000000000000000-000000000009ffff (prio 0, ram): ram KVM\n"
		"  00000000000c0000-00000000000cbfff (prio 0, rom): ram @00000000000c0000\n"
		"  0000000100000000-00000001002fffff (prio 0, ram): ram @0000000000100000\n\n"
		"CPU#0\nRIP=ffffffffa7a17a0b RFL=00000246 [---Z-P-] CPL=0\n"
		"GS =0000 ff302fe2bac00000 00000000 00000000\nIDT=     fffffe0000000000 00000fff\n"
		"Host virtual address for 0x0 (pc.ram) is 0x7f784fe00000\n";

	write_seed(folder, "memory", "monitor", text, sizeof(text) - 1);
}

/* ---- guests to be inferred from ---- */

static void write_guests(const char *folder)
{
	static const char list[] = "task_struct.__state|state\nmodule.mem|core_layout.base # why\n";
	static const char coreinfo[] =
		"OSRELEASE=6.1.0-fixture\nBUILD-ID=0123456789abcdef\nPAGESIZE=4096\n"
		"SYMBOL(init_uts_ns)=ffffffff81002000\nOFFSET(task_struct.pid)=2464\n"
		"OFFSET(uts_namespace.name)=4\nSYMBOL(swapper_pg_dir)=ffffffff81001000\n"
		"SYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=0\nKERNELOFFSET=2e00000\n";
	static uint8_t memory[TINY_BYTES];

	tiny_guest_make(memory);
	write_seed(folder, "infer", "guest", memory, sizeof(memory));
	write_seed(folder, "infer", "list", list, sizeof(list) - 1);
	write_seed(folder, "coreinfo", "lines", coreinfo, sizeof(coreinfo) - 1);
}

/* Masks of evidence, and writes as fuzz_objects.c reads them: an object's word, a pointer, a page table's entry. */
static void write_rewrites(const char *folder)
{
	static const uint8_t writes[] = {0x20, 0x40, 0x06, 8, 3,    0,    0,    0,
					 0x00, 0x08, 0x21, 8, 0xff, 0xff, 0xff, 0x7f,
					 0x31, 8,    0,    8, 0,    1,    0,    0};
	static const uint8_t masks[] = {0, 1, 3, 17, 128, 129 + 4};
	uint8_t seed[1 + 8 * sizeof(writes)];
	char name[32];

	for (size_t i = 0; i < 8; i++)
		memcpy(seed + 1 + i * sizeof(writes), writes, sizeof(writes));
	for (size_t i = 0; i < sizeof(masks); i++) {
		seed[0] = masks[i];
		snprintf(name, sizeof(name), "masked%u", masks[i]);
		write_seed(folder, "objects", name, seed, sizeof(seed));
	}
}

/* Exports as relative entries of a value and a name, their names behind. */
static void write_exports(const char *folder)
{
	enum { ENTRIES = 80, ENTRY_BYTES = 8, NAME_BYTES = 12 };
	static uint8_t bytes[ENTRIES * (ENTRY_BYTES + NAME_BYTES)];

	for (int32_t i = 0; i < ENTRIES; i++) {
		int32_t at = i * ENTRY_BYTES, name = ENTRIES * ENTRY_BYTES + i * NAME_BYTES;
		int32_t entry[2] = {16 * i + 4 - at, name - (at + 4)};

		memcpy(bytes + at, entry, sizeof(entry));
		snprintf((char *)bytes + name, NAME_BYTES, "export_%03d", i);
	}
	write_seed(folder, "tables", "exports", bytes, sizeof(bytes));
}

/* A structure of eight members, so that there are some to know and some to be asked for. */
static void write_prior(const char *folder)
{
	struct gap_build_member members[8];
	struct gap_build_target target = {.machine = 62, .pointer_bytes = 8, .release = "6.1.0"};
	struct gap_builder *builder = NULL;
	struct gap_error error = {""};
	size_t size_bytes = 0;
	gap_type_id word;
	void *image = NULL;

	need(gap_builder_create(&builder, &error), &error);
	gap_builder_target_set(builder, &target);
	word = add_simple(builder, GAP_KIND_INT, "unsigned long", 8, 0, 0);
	for (unsigned i = 0; i < 8; i++)
		members[i] = (struct gap_build_member){gap_builder_text(builder, &"abcdefgh"[i], 1),
						       word, UINT64_C(64) * i, 0};
	add_struct(builder, "fixture", 64, members, 8);
	add_links(builder);
	need(gap_builder_freeze(builder, 0, &image, &size_bytes, &error), &error);
	write_seed(folder, "prior", "members", image, size_bytes);
	free(image);
	gap_builder_destroy(builder);
}

static void write_gdb_talk(const char *folder)
{
	struct gdb_talk talk;

	gdb_talk_honest(&talk);
	write_seed(folder, "gdb_stub", "honest", talk.bytes, talk.length);
}

/* Functions as fuzz_code.c places them: a member that is returned, and three system calls that meet the
 * running task. The first byte is the architecture. */
static void write_code(const char *folder)
{
	static const struct {
		const char *name, *member, *call;
		size_t member_bytes, call_bytes;
	} rows[] = {
		{"x86_64", "\x48\x8b\x87\xe0\x08\x00\x00\xc3",
		 "\x65\x48\x8b\x04\x25\x80\xfb\x01\x00\x48\x8b\x80\x90\x0b\x00\x00\x8b\x40\x08\x74"
		 "\x02\x31\xc0\xc3",
		 8, 24},
		{"i386", "\x8b\x80\xf0\x03\x00\x00\xc3",
		 "\x64\xa1\x08\x08\xe8\xc1\x8b\x80\x90\x05\x00\x00\x8b\x40\x04\x75\x02\x31\xc0\xc3",
		 7, 20},
		{"arm64", "\x00\x08\x40\xf9\xc0\x03\x5f\xd6",
		 "\x00\x41\x38\xd5\x00\x0c\x40\xf9\x00\x08\x40\xb9\x40\x00\x00\x54\xc0\x03\x5f\xd6",
		 8, 20},
	};

	for (uint8_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t seed[1 + 8 * 192] = {i};

		memcpy(seed + 1, rows[i].member, rows[i].member_bytes);
		for (unsigned k = 1; k < 8; k++)
			memcpy(seed + 1 + (size_t)k * 192, rows[i].call, rows[i].call_bytes);
		write_seed(folder, "code", rows[i].name, seed, sizeof(seed));
	}
}

/* ---- selections ---- */

static void write_selection(const char *folder)
{
	static const char text[] =
		"{\"schema\":\"semgap/selection/1\",\"partial\":false,\"warnings\":[],\"fields\":[{"
		"\"type\":\"task\",\"declared\":\"struct task___old\",\"base\":\"d_u\","
		"\"member\":\"pid\",\"also\":\"nr|d_u.nr\",\"c_type\":\"int\",\"form\":\"int\","
		"\"size_bytes\":4,\"declared_bytes\":4,\"signed\":true,\"required\":true,"
		"\"read\":true,\"uses\":[{\"file\":\"ps.c\",\"line\":12}]}],\"symbols\":[{"
		"\"name\":\"init_task\",\"required\":false,\"percpu\":true,\"uses\":[{\"file\":"
		"\"a\\\"b?*/\",\"line\":1}]}],\"enumerators\":[{\"name\":\"RED\",\"required\":true,"
		"\"uses\":[{\"file\":\"ps.c\",\"line\":2}]}],\"types\":[{\"name\":\"task\","
		"\"declared\":\"struct task\",\"required\":true,\"uses\":[{\"file\":\"ps.c\","
		"\"line\":3}]}]}";

	write_seed(folder, "selection", "all", text, sizeof(text) - 1);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER OBJECT...\n", argv[0]);
		return 2;
	}
	write_images(argv[1]);
	write_guests(argv[1]);
	write_rewrites(argv[1]);
	write_exports(argv[1]);
	write_prior(argv[1]);
	write_btf(argv[1]);
	write_packed(argv[1]);
	write_kallsyms(argv[1]);
	write_maps(argv[1]);
	write_lime(argv[1]);
	write_core(argv[1]);
	write_avml(argv[1]);
	write_monitor(argv[1]);
	write_gdb_talk(argv[1]);
	write_code(argv[1]);
	write_selection(argv[1]);
	for (int i = 2; i < argc; i++)
		copy_object(argv[1], argv[i], i - 1);
	return 0;
}
