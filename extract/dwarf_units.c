/* SPDX-License-Identifier: MIT */
/*
 * DWARF through libdwarf: one unit after another becomes a type graph (profile/units.h) and goes to
 * the merger. No other file knows libdwarf; another reader would replace this one.
 *
 * Read are types, wherever they are declared, and the variables and functions at the top of a unit
 * that have a place in memory. What functions keep on their stacks is passed over. A type that
 * something refers to and that lies elsewhere (in a partial unit) is read when it is met.
 */
#include <dwarf.h>
#include <libdwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/inputs.h"
#include "profile/units.h"

#define NESTING_MAX 64 /* of types declared inside types */
#define UNIT_BYTES_MAX (1u << 30)

/* A node for a DIE outside the unit: rare, so a plain list. */
struct far_node {
	uint64_t offset;
	uint32_t node;
};
GAP_VECTOR(far_nodes, struct far_node);
GAP_VECTOR(offsets, uint64_t);

/*
 * DIEs are known by their offset, and by where that counts: in .debug_info of the file itself, in its .debug_types (DWARF 4),
 * or in the other file that dwz -m put common parts into.
 */
#define PLACE_TYPES (1ull << 62)
#define PLACE_OTHER (1ull << 61)
#define PLACES (PLACE_TYPES | PLACE_OTHER)

/* A type unit: its signature, and its type. */
struct signature {
	Dwarf_Sig8 signature;
	uint64_t offset;
};
GAP_VECTOR(signatures, struct signature);

/* A file of split DWARF that a skeleton names. */
struct companion {
	gap_text name, folder;
};
GAP_VECTOR(companions, struct companion);

#define TEXT_CACHE_LOG2 16

struct known_text {
	const char *place;
	gap_text id;
};

struct reader {
	const struct gap_extraction *run;
	struct gap_elf *elf;
	uint32_t module;        /* whose symbols these are; 0: the kernel's */
	Dwarf_Debug debug;      /* of the place that is read */
	Dwarf_Debug own, other; /* of the file, and of dwz's other one */
	uint64_t place;
	struct signatures signatures;
	struct companions companions;
	bool split;            /* a file of split DWARF */
	bool strings_by_index; /* of DWARF 5 in such a file: looked up here */
	uint64_t strings_base; /* of the unit, in .debug_str_offsets.dwo */
	struct gap_unit unit;
	uint64_t unit_start, unit_end, info_bytes;
	uint8_t address_bytes;

	uint32_t *node_of; /* by offset in the unit: node + 1 */
	uint32_t node_of_capacity;
	struct far_nodes far_nodes;
	struct offsets wanted; /* DIE of each node */
	uint8_t *filled;       /* by node */
	uint32_t filled_capacity;

	const char *unit_folder; /* where it was compiled */
	char **files;            /* of the unit, as libdwarf gives them; NULL not asked for yet */
	gap_text *file_texts;    /* the same, interned; GAP_NONE not yet */
	Dwarf_Signed file_count;
	bool files_asked, zero_based_files;
	Dwarf_Die unit_die;

	uint32_t units, rust_units, randomised_units;
	struct known_text *known_texts; /* 2^TEXT_CACHE_LOG2 of them */
	enum gap_status status;
};

/* What the attributes of one DIE say. */
struct facts {
	const char *name;
	uint64_t byte_size, bit_size, count, upper_bound, member_location, bit_offset;
	uint64_t data_bit_offset, type, origin, alignment, address, encoding, language;
	uint32_t file, line;
	uint64_t value;
	const unsigned char *location;
	uint64_t location_bytes;
	const char *producer, *folder, *companion;
	bool has_byte_size, has_bit_size, has_count, has_upper_bound, has_member_location;
	bool has_bit_offset, has_data_bit_offset, has_type, has_origin, has_address, has_value;
	bool value_signed, declaration, external, vector;
	bool has_ranges, has_signature;
	uint64_t signature; /* offset of the type that is meant */
	bool elsewhere;     /* a member whose place is computed at run time (a virtual base) */
};

static enum gap_status fail(struct reader *reader, enum gap_status status, const char *what)
{
	if (!reader->status)
		reader->status =
			gap_fail(reader->run->error, status, "%.600s: %s", reader->run->path, what);
	return reader->status;
}

static enum gap_status fail_dwarf(struct reader *reader, Dwarf_Error error)
{
	char text[256];

	snprintf(text, sizeof(text), "damaged DWARF: %s",
		 error ? dwarf_errmsg(error) : "unexpected end");
	fail(reader, GAP_CORRUPT, text);
	if (error)
		dwarf_dealloc(reader->debug, error, DW_DLA_ERROR);
	return reader->status;
}

static enum gap_status fail_memory(struct reader *reader)
{
	return fail(reader, GAP_NO_MEMORY, "out of memory");
}

static void drop_error(struct reader *reader, Dwarf_Error error)
{
	if (error)
		dwarf_dealloc(reader->debug, error, DW_DLA_ERROR);
}

/* ---- attributes ---- */

static Dwarf_Half form_of(Dwarf_Attribute attribute)
{
	Dwarf_Half form = 0;

	return dwarf_whatform(attribute, &form, NULL) == DW_DLV_OK ? form : 0;
}

static bool is_block(Dwarf_Half form)
{
	return form == DW_FORM_block || form == DW_FORM_block1 || form == DW_FORM_block2 ||
	       form == DW_FORM_block4;
}

static bool get_unsigned(struct reader *reader, Dwarf_Attribute attribute, uint64_t *value)
{
	Dwarf_Half form = form_of(attribute);
	Dwarf_Unsigned number;
	Dwarf_Signed with_sign;
	Dwarf_Error error = NULL;

	if (form == DW_FORM_exprloc || is_block(form))
		return false; /* a size or bound that is computed at run time */
	if (form != DW_FORM_sdata && form != DW_FORM_implicit_const &&
	    dwarf_formudata(attribute, &number, &error) == DW_DLV_OK) {
		*value = number;
		return true;
	}
	drop_error(reader, error);
	error = NULL;
	if (dwarf_formsdata(attribute, &with_sign, &error) == DW_DLV_OK) {
		*value = (uint64_t)with_sign;
		return true;
	}
	drop_error(reader, error);
	return false;
}

/* DW_FORM_sdata and implicit constants carry a sign; dataN is as it stands. */
static bool get_value(struct reader *reader, Dwarf_Attribute attribute, struct facts *facts)
{
	Dwarf_Signed number;
	Dwarf_Error error = NULL;
	Dwarf_Half form = form_of(attribute);

	if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
		if (dwarf_formsdata(attribute, &number, &error) == DW_DLV_OK) {
			facts->value = (uint64_t)number;
			facts->value_signed = number < 0;
			return true;
		}
		drop_error(reader, error);
		return false;
	}
	return get_unsigned(reader, attribute, &facts->value);
}

/* Forms that lead out of this file. libdwarf takes their offsets for ones in it, so they are looked at first. */
static bool is_foreign(Dwarf_Half form)
{
	return form == DW_FORM_GNU_ref_alt || form == DW_FORM_ref_sup4 || form == DW_FORM_ref_sup8;
}

static bool find_signature(struct reader *reader, Dwarf_Attribute attribute, uint64_t *offset)
{
	Dwarf_Sig8 wanted;
	Dwarf_Error error = NULL;

	if (dwarf_formsig8(attribute, &wanted, &error) != DW_DLV_OK) {
		fail_dwarf(reader, error);
		return false;
	}
	for (uint32_t i = 0; i < reader->signatures.count; i++)
		if (memcmp(&reader->signatures.items[i].signature, &wanted, sizeof(wanted)) == 0) {
			*offset = reader->signatures.items[i].offset;
			return true;
		}
	fail(reader, GAP_CORRUPT,
	     "damaged DWARF: it refers to a type unit (-fdebug-types-section) that is not in it");
	return false;
}

/* Sets the offset with its place. */
static bool get_reference(struct reader *reader, Dwarf_Attribute attribute, uint64_t *offset)
{
	Dwarf_Half form = form_of(attribute);
	uint64_t place = is_foreign(form) ? PLACE_OTHER : reader->place;
	Dwarf_Off global;
	Dwarf_Error error = NULL;

	if (form == DW_FORM_ref_sig8)
		return find_signature(reader, attribute, offset);
	if (is_foreign(form) && !reader->other)
		fail(reader, GAP_UNSUPPORTED,
		     "some types lie in a supplementary file (dwz -m) that it does not name; pass "
		     "the file as it was before dwz, or BTF (--btf)");
	else if (dwarf_global_formref(attribute, &global, &error) != DW_DLV_OK)
		fail(reader, GAP_CORRUPT, "damaged DWARF: a reference cannot be read");
	else if (global & PLACES)
		fail(reader, GAP_CORRUPT, "damaged DWARF: a reference leads nowhere");
	else
		*offset = global | place;
	drop_error(reader, error);
	return reader->status == GAP_OK;
}

static uint32_t word_at(const struct gap_elf_section *section, uint64_t at)
{
	uint32_t word;

	memcpy(&word, section->data + at, sizeof(word));
	return word;
}

/*
 * The text of an index, in a file of split DWARF 5. libdwarf 20210528 takes the offsets from where they begin, header and
 * all, and gives other texts.
 */
static const char *get_indexed_string(struct reader *reader, Dwarf_Attribute attribute)
{
	const struct gap_elf_section *offsets = gap_elf_find(reader->elf, ".debug_str_offsets.dwo");
	const struct gap_elf_section *texts = gap_elf_find(reader->elf, ".debug_str.dwo");
	Dwarf_Unsigned index;
	Dwarf_Error error = NULL;
	uint64_t at;

	if (dwarf_get_debug_str_index(attribute, &index, &error) != DW_DLV_OK) {
		fail_dwarf(reader, error);
		return NULL;
	}
	at = reader->strings_base + index * 4;
	if (!offsets || !offsets->data || !texts || !texts->data || index > UINT32_MAX ||
	    at + 4 > offsets->size_bytes || word_at(offsets, at) >= texts->size_bytes ||
	    texts->data[texts->size_bytes - 1] != '\0') {
		fail(reader, GAP_CORRUPT, "damaged DWARF: a text that is not there");
		return NULL;
	}
	return (const char *)texts->data + word_at(offsets, at);
}

static bool is_indexed(Dwarf_Half form)
{
	return form == DW_FORM_strx || (form >= DW_FORM_strx1 && form <= DW_FORM_strx4);
}

static const char *get_string(struct reader *reader, Dwarf_Attribute attribute)
{
	char *text;
	Dwarf_Error error = NULL;

	if (reader->strings_by_index && is_indexed(form_of(attribute)))
		return get_indexed_string(reader, attribute);
	if (dwarf_formstring(attribute, &text, &error) == DW_DLV_OK)
		return text;
	drop_error(reader, error);
	return NULL;
}

/* An expression's bytes, whatever form carries them. Forms are asked for first: libdwarf's refusals
 * are slow. */
static bool get_block(struct reader *reader, Dwarf_Attribute attribute, const unsigned char **bytes,
		      uint64_t *size_bytes)
{
	Dwarf_Half form = form_of(attribute);
	Dwarf_Unsigned length;
	Dwarf_Ptr data;
	Dwarf_Block *block;
	Dwarf_Error error = NULL;

	if (form == DW_FORM_exprloc &&
	    dwarf_formexprloc(attribute, &length, &data, &error) == DW_DLV_OK) {
		*bytes = data;
		*size_bytes = length;
		return true;
	}
	if (is_block(form) && dwarf_formblock(attribute, &block, &error) == DW_DLV_OK) {
		*bytes = block->bl_data; /* points into the section */
		*size_bytes = block->bl_len;
		dwarf_dealloc(reader->debug, block, DW_DLA_BLOCK);
		return true;
	}
	drop_error(reader, error);
	return false;
}

static bool read_uleb(const unsigned char **at, const unsigned char *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		unsigned char byte = *(*at)++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* A member's place: a constant, or (old compilers) the expression "add that constant". */
static bool get_member_location(struct reader *reader, Dwarf_Attribute attribute,
				struct facts *facts, uint64_t *location)
{
	const unsigned char *bytes;
	uint64_t size_bytes;

	if (get_block(reader, attribute, &bytes, &size_bytes)) {
		const unsigned char *at = bytes + 1, *end = bytes + size_bytes;

		if (size_bytes >= 2 && bytes[0] == DW_OP_plus_uconst &&
		    read_uleb(&at, end, location) && at == end)
			return true;
		facts->elsewhere = true;
		return false;
	}
	return get_unsigned(reader, attribute, location);
}

static bool get_flag(struct reader *reader, Dwarf_Attribute attribute)
{
	Dwarf_Bool flag = 0;
	Dwarf_Error error = NULL;

	if (dwarf_formflag(attribute, &flag, &error) != DW_DLV_OK)
		drop_error(reader, error);
	return flag != 0;
}

static bool get_address(struct reader *reader, Dwarf_Attribute attribute, uint64_t *address)
{
	Dwarf_Addr value;
	Dwarf_Error error = NULL;

	if (dwarf_formaddr(attribute, &value, &error) == DW_DLV_OK) {
		*address = value;
		return true;
	}
	drop_error(reader, error);
	return false;
}

static void take_type_attribute(struct reader *reader, Dwarf_Half what, Dwarf_Attribute attribute,
				struct facts *facts)
{
	uint64_t number = 0;

	switch (what) {
	case DW_AT_byte_size:
		facts->has_byte_size = get_unsigned(reader, attribute, &facts->byte_size);
		break;
	case DW_AT_bit_size:
		facts->has_bit_size = get_unsigned(reader, attribute, &facts->bit_size);
		break;
	case DW_AT_bit_offset:
		facts->has_bit_offset = get_unsigned(reader, attribute, &facts->bit_offset);
		break;
	case DW_AT_data_bit_offset:
		facts->has_data_bit_offset =
			get_unsigned(reader, attribute, &facts->data_bit_offset);
		break;
	case DW_AT_data_member_location:
		facts->has_member_location =
			get_member_location(reader, attribute, facts, &facts->member_location);
		break;
	case DW_AT_count:
		facts->has_count = get_unsigned(reader, attribute, &facts->count);
		break;
	case DW_AT_upper_bound:
		facts->has_upper_bound = get_unsigned(reader, attribute, &facts->upper_bound);
		break;
	case DW_AT_encoding:
		get_unsigned(reader, attribute, &facts->encoding);
		break;
	case DW_AT_alignment:
		get_unsigned(reader, attribute, &facts->alignment);
		break;
	case DW_AT_const_value:
		facts->has_value = get_value(reader, attribute, facts);
		break;
	case DW_AT_GNU_vector:
		facts->vector = get_flag(reader, attribute);
		break;
	case DW_AT_decl_file:
		if (get_unsigned(reader, attribute, &number) && number < UINT32_MAX)
			facts->file = (uint32_t)number + 1;
		break;
	case DW_AT_decl_line:
		if (get_unsigned(reader, attribute, &number) && number < UINT32_MAX)
			facts->line = (uint32_t)number;
		break;
	default:
		break;
	}
}

static void take_attribute(struct reader *reader, Dwarf_Attribute attribute, struct facts *facts)
{
	Dwarf_Half what;

	if (dwarf_whatattr(attribute, &what, NULL) != DW_DLV_OK)
		return;
	switch (what) {
	case DW_AT_name:
		facts->name = get_string(reader, attribute);
		break;
	case DW_AT_type:
		facts->has_type = get_reference(reader, attribute, &facts->type);
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		facts->has_origin = get_reference(reader, attribute, &facts->origin);
		break;
	case DW_AT_signature:
		facts->has_signature = get_reference(reader, attribute, &facts->signature);
		break;
	case DW_AT_declaration:
		facts->declaration = get_flag(reader, attribute);
		break;
	case DW_AT_external:
		facts->external = get_flag(reader, attribute);
		break;
	case DW_AT_location:
		if (!get_block(reader, attribute, &facts->location, &facts->location_bytes))
			facts->location_bytes = 0;
		break;
	case DW_AT_low_pc:
		facts->has_address = get_address(reader, attribute, &facts->address);
		break;
	case DW_AT_ranges:
		facts->has_ranges = true;
		break;
	case DW_AT_producer:
		facts->producer = get_string(reader, attribute);
		break;
	case DW_AT_comp_dir:
		facts->folder = get_string(reader, attribute);
		break;
	case DW_AT_language:
		get_unsigned(reader, attribute, &facts->language);
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		facts->companion = get_string(reader, attribute);
		break;
	default:
		take_type_attribute(reader, what, attribute, facts);
	}
}

static enum gap_status read_facts(struct reader *reader, Dwarf_Die die, struct facts *facts)
{
	Dwarf_Attribute *list;
	Dwarf_Signed count;
	Dwarf_Error error = NULL;
	int result = dwarf_attrlist(die, &list, &count, &error);

	*facts = (struct facts){0};
	if (result == DW_DLV_NO_ENTRY)
		return GAP_OK;
	if (result == DW_DLV_ERROR)
		return fail_dwarf(reader, error);
	for (Dwarf_Signed i = 0; i < count; i++) {
		take_attribute(reader, list[i], facts);
		dwarf_dealloc(reader->debug, list[i], DW_DLA_ATTR);
	}
	dwarf_dealloc(reader->debug, list, DW_DLA_LIST);
	return reader->status;
}

/* ---- walking ---- */

static uint64_t offset_of(const struct reader *reader, Dwarf_Die die)
{
	Dwarf_Off offset = 0;

	return dwarf_dieoffset(die, &offset, NULL) == DW_DLV_OK ? offset | reader->place : 0;
}

static void set_place(struct reader *reader, uint64_t place)
{
	reader->place = place;
	reader->debug = place == PLACE_OTHER ? reader->other : reader->own;
}

/* The DIE at an offset, and from now on its place is read: set the one before again afterwards. */
static bool open_die(struct reader *reader, uint64_t offset, Dwarf_Die *die)
{
	Dwarf_Error error = NULL;

	set_place(reader, offset & PLACES);
	if (dwarf_offdie_b(reader->debug, offset & ~PLACES, reader->place != PLACE_TYPES, die,
			   &error) == DW_DLV_OK)
		return true;
	fail_dwarf(reader, error);
	return false;
}

static Dwarf_Half tag_of(Dwarf_Die die)
{
	Dwarf_Half tag = 0;

	return dwarf_tag(die, &tag, NULL) == DW_DLV_OK ? tag : 0;
}

typedef void visit(struct reader *reader, Dwarf_Die die, void *context);

/* Calls @visitor for each direct child. */
static void for_each_child(struct reader *reader, Dwarf_Die parent, visit *visitor, void *context)
{
	Dwarf_Die child, next;
	Dwarf_Error error = NULL;
	int result = dwarf_child(parent, &child, &error);

	while (result == DW_DLV_OK) {
		if (!reader->status)
			visitor(reader, child, context);
		if (reader->status) {
			dwarf_dealloc(reader->debug, child, DW_DLA_DIE);
			return;
		}
		result = dwarf_siblingof_b(reader->debug, child, reader->place != PLACE_TYPES,
					   &next, &error);
		dwarf_dealloc(reader->debug, child, DW_DLA_DIE);
		child = next;
	}
	if (result == DW_DLV_ERROR)
		fail_dwarf(reader, error);
}

/* ---- nodes ---- */

static uint32_t new_node(struct reader *reader, uint64_t offset)
{
	struct gap_unit_type *type = gap_unit_types_push(&reader->unit.types);
	uint64_t *wanted = offsets_push(&reader->wanted);

	if (!type || !wanted) {
		fail_memory(reader);
		return GAP_NONE;
	}
	*type = (struct gap_unit_type){.kind = GAP_KIND_UNKNOWN, .ref = GAP_NONE};
	*wanted = offset;
	if (reader->unit.types.count > reader->filled_capacity) {
		uint32_t larger = reader->unit.types.count * 2;
		uint8_t *moved = realloc(reader->filled, larger);

		if (!moved) {
			fail_memory(reader);
			return GAP_NONE;
		}
		reader->filled = moved;
		reader->filled_capacity = larger;
	}
	reader->filled[reader->unit.types.count - 1] = 0;
	return reader->unit.types.count - 1;
}

/* A node that stands for no DIE of its own: the inner dimensions of an array. */
static uint32_t new_inner_node(struct reader *reader)
{
	uint32_t node = new_node(reader, 0);

	if (node != GAP_NONE)
		reader->filled[node] = 1;
	return node;
}

static uint32_t far_node_for(struct reader *reader, uint64_t offset)
{
	struct far_node *row;

	for (uint32_t i = 0; i < reader->far_nodes.count; i++)
		if (reader->far_nodes.items[i].offset == offset)
			return reader->far_nodes.items[i].node;
	row = far_nodes_push(&reader->far_nodes);
	if (!row) {
		fail_memory(reader);
		return GAP_NONE;
	}
	*row = (struct far_node){offset, new_node(reader, offset)};
	return row->node;
}

/* The node of the DIE at a global offset, made if it is met for the first time. */
static uint32_t node_for(struct reader *reader, uint64_t offset)
{
	uint32_t *slot;

	if (offset < reader->unit_start || offset >= reader->unit_end)
		return far_node_for(reader, offset);
	slot = &reader->node_of[offset - reader->unit_start];
	if (*slot == 0) {
		uint32_t node = new_node(reader, offset);

		if (node == GAP_NONE)
			return GAP_NONE;
		*slot = node + 1;
	}
	return *slot - 1;
}

static uint32_t type_node(struct reader *reader, const struct facts *facts)
{
	return facts->has_type ? node_for(reader, facts->type) : GAP_NONE;
}

static struct gap_unit_type *node_at(struct reader *reader, uint32_t node)
{
	return &reader->unit.types.items[node];
}

/* The same name is the same place in .debug_str, a million times: remember places before hashing
 * texts. */
static gap_text text(struct reader *reader, const char *name)
{
	struct known_text *known = &reader->known_texts[((uintptr_t)name * 0x9e3779b97f4a7c15u) >>
							(64 - TEXT_CACHE_LOG2)];

	if (!name)
		return 0;
	if (known->place != name) {
		known->id = gap_builder_name(reader->run->builder, name);
		known->place = name;
	}
	return known->id;
}

/* ---- files ---- */

static const char *without_dot(const char *path)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return path;
}

/*
 * A path relative to the source tree: without the folder of compilation, or (a build outside the
 * tree) without what the two have in common.
 */
static const char *relative(const char *path, const char *folder)
{
	size_t length = folder ? strlen(folder) : 0, common = 0;

	path = without_dot(path);
	if (length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/')
		return without_dot(path + length + 1);
	if (length == 0 || *path != '/')
		return path;
	for (size_t i = 0; path[i] && path[i] == folder[i]; i++)
		if (path[i] == '/')
			common = i + 1;
	return common > 1 ? path + common : path;
}

/* "a/b/../c" is "a/c", "a/./b" is "a/b". In place. */
static const char *shorten(char *path)
{
	char *up;

	while ((up = strstr(path, "/./")) != NULL)
		memmove(up, up + 2, strlen(up + 2) + 1);
	while ((up = strstr(path, "/../")) != NULL) {
		char *from = up;

		while (from > path && from[-1] != '/')
			from--;
		if (from == up || strncmp(from, "../", 3) == 0)
			return path;
		memmove(from, up + 4, strlen(up + 4) + 1);
	}
	return path;
}

static void ask_files(struct reader *reader)
{
	Dwarf_Error error = NULL;

	reader->files_asked = true;
	reader->file_count = 0;
	if (dwarf_srcfiles(reader->unit_die, &reader->files, &reader->file_count, &error) !=
	    DW_DLV_OK) {
		drop_error(reader, error);
		reader->files = NULL;
		return;
	}
	reader->file_texts = malloc(((size_t)reader->file_count + 1) * sizeof(gap_text));
	if (!reader->file_texts) {
		fail_memory(reader);
		return;
	}
	for (Dwarf_Signed i = 0; i < reader->file_count; i++)
		reader->file_texts[i] = GAP_NONE;
}

static void drop_files(struct reader *reader)
{
	for (Dwarf_Signed i = 0; reader->files && i < reader->file_count; i++)
		dwarf_dealloc(reader->debug, reader->files[i], DW_DLA_STRING);
	if (reader->files)
		dwarf_dealloc(reader->debug, reader->files, DW_DLA_LIST);
	free(reader->file_texts);
	reader->files = NULL;
	reader->file_texts = NULL;
	reader->files_asked = false;
}

/* The interned path for a DW_AT_decl_file, which facts carry plus one. DWARF 5 counts files from 0,
 * earlier from 1. */
static gap_text file_text(struct reader *reader, uint32_t file_plus_one)
{
	Dwarf_Signed at = (Dwarf_Signed)file_plus_one - 1 - (reader->zero_based_files ? 0 : 1);

	if (file_plus_one == 0)
		return 0;
	if (!reader->files_asked)
		ask_files(reader);
	if (!reader->file_texts || at < 0 || at >= reader->file_count)
		return 0;
	if (reader->file_texts[at] == GAP_NONE) {
		char path[4096];

		snprintf(path, sizeof(path), "%s", reader->files[at]);
		reader->file_texts[at] = gap_builder_name(
			reader->run->builder, relative(shorten(path), reader->unit_folder));
	}
	return reader->file_texts[at];
}

/* ---- structures, unions ---- */

struct members {
	uint32_t node;
	struct gap_unit_members list;
	int nesting;
};

static void read_type(struct reader *reader, Dwarf_Die die, int nesting);

/* Size of what a bit-field is declared as; a typedef may lie between. 0 unknown: not read yet. */
static uint64_t storage_bits(struct reader *reader, uint32_t node)
{
	for (int steps = 0; node != GAP_NONE && steps < 64; steps++) {
		const struct gap_unit_type *type = node_at(reader, node);

		if (!reader->filled[node])
			return 0;
		if (type->kind < GAP_KIND_TYPEDEF || type->kind > GAP_KIND_ATOMIC)
			return type->size_bytes * 8;
		node = type->ref;
	}
	return 0;
}

/* Old bit-fields whose storage unit is not named wait for their type: bit 63 of the offset marks
 * them. */
#define FROM_THE_TOP (UINT64_C(1) << 63)

/*
 * Offset of a member. DWARF 4 and 5 give bits from the start; before, bits were counted from the
 * most significant end of a storage unit, whose size is the member's own byte size or else its
 * type's.
 */
static uint64_t offset_of_member(const struct facts *facts)
{
	uint64_t bits = facts->member_location * 8;

	if (facts->has_data_bit_offset)
		return bits + facts->data_bit_offset;
	if (!facts->has_bit_size || !facts->has_bit_offset)
		return bits;
	if (facts->has_byte_size)
		return bits + facts->byte_size * 8 - facts->bit_offset - facts->bit_size;
	return FROM_THE_TOP | (bits - facts->bit_offset - facts->bit_size);
}

static void finish_old_bit_fields(struct reader *reader)
{
	for (uint32_t i = 0; i < reader->unit.members.count; i++) {
		struct gap_build_member *member = &reader->unit.members.items[i];
		uint64_t bits;

		if (!(member->offset_bits & FROM_THE_TOP) || !member->width_bits)
			continue;
		bits = storage_bits(reader, member->type);
		if (bits == 0)
			fail(reader, GAP_CORRUPT,
			     "damaged DWARF: a bit-field without a storage unit");
		/* Below the mark stands a signed sum; with the storage unit it must not be
		 * negative. */
		member->offset_bits = (uint64_t)((int64_t)(member->offset_bits << 1) >> 1) + bits;
		if (member->offset_bits & FROM_THE_TOP)
			fail(reader, GAP_CORRUPT,
			     "damaged DWARF: a bit-field before the start of its structure");
	}
}

static void read_member(struct reader *reader, Dwarf_Die die, struct members *members)
{
	struct gap_build_member *row;
	struct facts facts;

	if (read_facts(reader, die, &facts) || facts.external || facts.declaration)
		return;
	if (facts.elsewhere) {
		node_at(reader, members->node)->flags |= GAP_TYPE_PARTIAL;
		return;
	}
	row = gap_unit_members_push(&members->list);
	if (!row) {
		fail_memory(reader);
		return;
	}
	*row = (struct gap_build_member){
		.name = text(reader, facts.name),
		.type = type_node(reader, &facts),
		.offset_bits = offset_of_member(&facts),
		.width_bits = facts.has_bit_size ? (uint32_t)facts.bit_size : 0,
	};
	if (row->width_bits > 255)
		fail(reader, GAP_UNSUPPORTED, "a bit-field is wider than 255 bits");
}

static void visit_member(struct reader *reader, Dwarf_Die die, void *context)
{
	struct members *members = context;
	Dwarf_Half tag = tag_of(die);

	if (tag == DW_TAG_member || tag == DW_TAG_inheritance)
		read_member(reader, die, members);
	else if (tag == DW_TAG_variant_part)
		node_at(reader, members->node)->flags |= GAP_TYPE_PARTIAL;
	else
		read_type(reader, die, members->nesting + 1);
}

static void read_aggregate(struct reader *reader, Dwarf_Die die, uint32_t node, int nesting)
{
	struct members members = {.node = node, .nesting = nesting};
	struct gap_build_member *rows;
	struct gap_unit_type *type;

	for_each_child(reader, die, visit_member, &members);
	rows = gap_unit_members_extend(&reader->unit.members, members.list.count);
	if (!rows)
		fail_memory(reader);
	if (rows && members.list.count)
		memcpy(rows, members.list.items, members.list.count * sizeof(*rows));
	type = node_at(reader, node);
	type->first = reader->unit.members.count - members.list.count;
	type->entries = members.list.count;
	free(members.list.items);
}

/* ---- enums ---- */

static void visit_enumerator(struct reader *reader, Dwarf_Die die, void *context)
{
	struct gap_build_enumerator *row;
	struct facts facts;
	bool *is_signed = context;

	if (tag_of(die) != DW_TAG_enumerator || read_facts(reader, die, &facts))
		return;
	row = gap_unit_enumerators_push(&reader->unit.enumerators);
	if (!row) {
		fail_memory(reader);
		return;
	}
	*row = (struct gap_build_enumerator){text(reader, facts.name), facts.value};
	*is_signed |= facts.value_signed;
}

/* A value as the enum's type holds it: cut to its width, extended by its sign. */
static uint64_t fit(uint64_t value, uint64_t size_bytes, bool is_signed)
{
	unsigned unused;

	if (size_bytes == 0 || size_bytes >= 8)
		return value;
	unused = 64 - 8 * (unsigned)size_bytes;
	if (is_signed)
		return (uint64_t)((int64_t)(value << unused) >> unused);
	return value << unused >> unused;
}

static void read_enum(struct reader *reader, Dwarf_Die die, uint32_t node)
{
	uint32_t first = reader->unit.enumerators.count;
	bool is_signed = false;
	struct gap_unit_type *type;

	for_each_child(reader, die, visit_enumerator, &is_signed);
	type = node_at(reader, node);
	type->first = first;
	type->entries = reader->unit.enumerators.count - first;
	if (is_signed)
		type->flags |= GAP_TYPE_SIGNED;
}

/* An enum's underlying type says whether it is signed: known once the whole unit has been read. */
static void finish_enums(struct reader *reader)
{
	for (uint32_t node = 0; node < reader->unit.types.count; node++) {
		struct gap_unit_type *type = node_at(reader, node);
		uint32_t under = type->ref;

		if (type->kind != GAP_KIND_ENUM)
			continue;
		for (int steps = 0; under != GAP_NONE && steps < 64; steps++) {
			const struct gap_unit_type *base = node_at(reader, under);

			if (base->kind == GAP_KIND_INT) {
				if (!(base->flags & GAP_TYPE_SIGNED))
					type->flags &= (uint8_t)~GAP_TYPE_SIGNED;
				else
					type->flags |= GAP_TYPE_SIGNED;
				if (!type->size_bytes)
					type->size_bytes = base->size_bytes;
				break;
			}
			under = base->ref;
		}
		type->ref = GAP_NONE;
		for (uint32_t i = 0; i < type->entries; i++) {
			uint64_t *value = &reader->unit.enumerators.items[type->first + i].value;

			*value = fit(*value, type->size_bytes, type->flags & GAP_TYPE_SIGNED);
		}
	}
}

/* ---- arrays ---- */

#define DIMENSIONS_MAX 32

struct dimensions {
	uint64_t count[DIMENSIONS_MAX];
	bool bounded[DIMENSIONS_MAX];
	int number;
};

static void visit_dimension(struct reader *reader, Dwarf_Die die, void *context)
{
	struct dimensions *dimensions = context;
	int at = dimensions->number;
	struct facts facts;

	if (tag_of(die) != DW_TAG_subrange_type || read_facts(reader, die, &facts))
		return;
	if (at == DIMENSIONS_MAX) {
		fail(reader, GAP_UNSUPPORTED, "an array has more than 32 dimensions");
		return;
	}
	dimensions->bounded[at] = facts.has_count || facts.has_upper_bound;
	if (facts.has_count)
		dimensions->count[at] = facts.count;
	else if (facts.has_upper_bound) /* -1, in any width, is "no element" */
		dimensions->count[at] = facts.upper_bound == UINT32_MAX ? 0 : facts.upper_bound + 1;
	dimensions->number++;
}

/* "int a[2][3]" is an array of 2 arrays of 3. */
static void read_array(struct reader *reader, Dwarf_Die die, uint32_t node)
{
	struct dimensions dimensions = {.number = 0};
	uint32_t element = node_at(reader, node)->ref;

	for_each_child(reader, die, visit_dimension, &dimensions);
	if (dimensions.number == 0)
		dimensions.number = 1;
	for (int i = dimensions.number - 1; i >= 0 && !reader->status; i--) {
		uint32_t at = i == 0 ? node : new_inner_node(reader);
		struct gap_unit_type *type;

		if (at == GAP_NONE)
			return;
		type = node_at(reader, at);
		type->kind = GAP_KIND_ARRAY;
		type->ref = element;
		type->count = dimensions.count[i];
		if (!dimensions.bounded[i])
			type->flags |= GAP_TYPE_FLEXIBLE;
		element = at;
	}
}

/* ---- functions ---- */

static void visit_parameter(struct reader *reader, Dwarf_Die die, void *context)
{
	struct gap_build_parameter *row;
	bool *variadic = context;
	Dwarf_Half tag = tag_of(die);
	struct facts facts;

	if (tag == DW_TAG_unspecified_parameters)
		*variadic = true;
	if (tag != DW_TAG_formal_parameter || read_facts(reader, die, &facts))
		return;
	row = gap_unit_parameters_push(&reader->unit.parameters);
	if (row)
		*row = (struct gap_build_parameter){text(reader, facts.name),
						    type_node(reader, &facts)};
	else
		fail_memory(reader);
}

static void read_function_type(struct reader *reader, Dwarf_Die die, uint32_t node)
{
	uint32_t first = reader->unit.parameters.count;
	bool variadic = false;
	struct gap_unit_type *type;

	for_each_child(reader, die, visit_parameter, &variadic);
	type = node_at(reader, node);
	type->kind = GAP_KIND_FUNCTION;
	type->name = 0; /* the name is the symbol's */
	type->first = first;
	type->entries = reader->unit.parameters.count - first;
	if (variadic)
		type->flags |= GAP_TYPE_FLEXIBLE;
}

/* ---- types ---- */

static enum gap_kind kind_of_tag(Dwarf_Half tag)
{
	switch (tag) {
	case DW_TAG_base_type:
		return GAP_KIND_INT;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_interface_type:
		return GAP_KIND_STRUCT;
	case DW_TAG_union_type:
		return GAP_KIND_UNION;
	case DW_TAG_enumeration_type:
		return GAP_KIND_ENUM;
	case DW_TAG_typedef:
	case DW_TAG_template_alias:
		return GAP_KIND_TYPEDEF;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return GAP_KIND_POINTER;
	case DW_TAG_array_type:
		return GAP_KIND_ARRAY;
	case DW_TAG_const_type:
		return GAP_KIND_CONST;
	case DW_TAG_volatile_type:
		return GAP_KIND_VOLATILE;
	case DW_TAG_restrict_type:
		return GAP_KIND_RESTRICT;
	case DW_TAG_atomic_type:
		return GAP_KIND_ATOMIC;
	case DW_TAG_subroutine_type:
	case DW_TAG_subprogram:
		return GAP_KIND_FUNCTION;
	case DW_TAG_unspecified_type:
	case DW_TAG_ptr_to_member_type:
	case DW_TAG_string_type:
	case DW_TAG_set_type:
	case DW_TAG_subrange_type:
		return GAP_KIND_UNKNOWN;
	default:
		return GAP_KIND_VOID; /* no type */
	}
}

static void set_base_type(struct gap_unit_type *type, const struct facts *facts)
{
	switch (facts->encoding) {
	case DW_ATE_float:
	case DW_ATE_complex_float:
	case DW_ATE_imaginary_float:
	case DW_ATE_decimal_float:
		type->kind = GAP_KIND_FLOAT;
		break;
	case DW_ATE_boolean:
		type->flags |= GAP_TYPE_BOOL;
		break;
	case DW_ATE_signed:
	case DW_ATE_signed_fixed:
		type->flags |= GAP_TYPE_SIGNED;
		break;
	case DW_ATE_signed_char:
		type->flags |= GAP_TYPE_SIGNED | GAP_TYPE_CHAR;
		break;
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		type->flags |= GAP_TYPE_CHAR;
		break;
	default:
		break;
	}
	if (!facts->has_byte_size && facts->has_bit_size)
		type->size_bytes = (facts->bit_size + 7) / 8;
}

static void set_common(struct reader *reader, uint32_t node, enum gap_kind kind,
		       const struct facts *facts)
{
	uint32_t ref = type_node(reader, facts);
	gap_text file = 0;
	gap_text name = text(reader, facts->name);
	uint64_t offset = reader->wanted.items[node];
	struct gap_unit_type *type = node_at(reader, node);

	/* Another unit's types number the files of that unit. */
	if (facts->name && !facts->declaration && offset >= reader->unit_start &&
	    offset < reader->unit_end)
		file = file_text(reader, facts->file);

	type->kind = (uint8_t)kind;
	type->name = name;
	type->file = file;
	type->line = file ? facts->line : 0;
	type->ref = ref;
	type->size_bytes = facts->has_byte_size ? facts->byte_size : 0;
	/* A declared alignment is a power of two, else it is noise. */
	if (facts->alignment && facts->alignment <= (1u << 30) &&
	    (facts->alignment & (facts->alignment - 1)) == 0)
		type->align_bytes = (uint32_t)facts->alignment;
	if (kind == GAP_KIND_POINTER && !facts->has_byte_size)
		type->size_bytes = reader->address_bytes;
	if (kind == GAP_KIND_INT)
		set_base_type(type, facts);
	if (facts->declaration && kind != GAP_KIND_FUNCTION)
		type->flags |= GAP_TYPE_INCOMPLETE;
	reader->filled[node] = 1;
}

static void read_type_as(struct reader *reader, Dwarf_Die die, uint32_t node, int nesting);

/* A type that stands in a type unit: what is here is but a reference to it. */
static void read_signed_type(struct reader *reader, uint64_t offset, uint32_t node, int nesting)
{
	uint64_t place = reader->place;
	Dwarf_Die die;

	if (open_die(reader, offset, &die)) {
		read_type_as(reader, die, node, nesting + 1);
		dwarf_dealloc(reader->debug, die, DW_DLA_DIE);
	}
	set_place(reader, place);
}

static void read_type_as(struct reader *reader, Dwarf_Die die, uint32_t node, int nesting)
{
	enum gap_kind kind = kind_of_tag(tag_of(die));
	struct facts facts;

	if (nesting > NESTING_MAX) {
		fail(reader, GAP_CORRUPT,
		     "damaged DWARF: types are declared inside types without end");
		return;
	}
	if (reader->filled[node] || read_facts(reader, die, &facts))
		return;
	if (facts.has_signature) {
		read_signed_type(reader, facts.signature, node, nesting);
		return;
	}
	set_common(reader, node, kind, &facts);
	switch (kind) {
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
		node_at(reader, node)->ref = GAP_NONE;
		read_aggregate(reader, die, node, nesting);
		break;
	case GAP_KIND_ENUM:
		read_enum(reader, die, node);
		break;
	case GAP_KIND_ARRAY:
		read_array(reader, die, node);
		break;
	case GAP_KIND_FUNCTION:
		read_function_type(reader, die, node);
		break;
	default:
		break;
	}
}

/* A type at the top of a unit, or inside another type. */
static void read_type(struct reader *reader, Dwarf_Die die, int nesting)
{
	enum gap_kind kind = kind_of_tag(tag_of(die));
	uint32_t node;

	if (kind == GAP_KIND_VOID || kind == GAP_KIND_FUNCTION)
		return;
	node = node_for(reader, offset_of(reader, die));
	if (node != GAP_NONE)
		read_type_as(reader, die, node, nesting);
}

/* ---- what has a place in memory ---- */

static void add_symbol(struct reader *reader, const char *name, uint32_t node, uint64_t address)
{
	struct gap_unit_symbol *row = gap_unit_symbols_push(&reader->unit.symbols);

	if (row)
		*row = (struct gap_unit_symbol){text(reader, name), node, address};
	else
		fail_memory(reader);
}

/* Follows specifications and abstract origins: what the DIE itself does not say, they do. */
static enum gap_status complete_facts(struct reader *reader, struct facts *facts, uint64_t *offset)
{
	for (int steps = 0; facts->has_origin && steps < 8; steps++) {
		uint64_t place = reader->place;
		struct facts origin = {0};
		Dwarf_Die die;

		*offset = facts->origin;
		if (open_die(reader, facts->origin, &die)) {
			read_facts(reader, die, &origin);
			dwarf_dealloc(reader->debug, die, DW_DLA_DIE);
		}
		set_place(reader, place);
		if (reader->status)
			return reader->status;
		if (!facts->name)
			facts->name = origin.name;
		if (!facts->has_type) {
			facts->has_type = origin.has_type;
			facts->type = origin.type;
		}
		facts->has_origin = origin.has_origin;
		facts->origin = origin.origin;
	}
	return reader->status;
}

/* A location that is one fixed address: DW_OP_addr X, or DW_OP_addrx I. */
static bool fixed_address(struct reader *reader, Dwarf_Die die, const struct facts *facts,
			  uint64_t *address)
{
	const unsigned char *at = facts->location, *end = at + facts->location_bytes;
	uint64_t index;

	if (facts->location_bytes == 1u + reader->address_bytes && *at == DW_OP_addr) {
		*address = 0;
		memcpy(address, at + 1, reader->address_bytes);
		return true;
	}
	if (facts->location_bytes < 2 || (*at != DW_OP_addrx && *at != DW_OP_GNU_addr_index))
		return false;
	at++;
	if (read_uleb(&at, end, &index) && at == end) {
		Dwarf_Addr value;
		Dwarf_Error error = NULL;

		if (dwarf_debug_addr_index_to_addr(die, index, &value, &error) == DW_DLV_OK) {
			*address = value;
			return true;
		}
		drop_error(reader, error);
	}
	return false;
}

static void read_variable(struct reader *reader, Dwarf_Die die)
{
	struct facts facts;
	uint64_t offset, address;

	if (read_facts(reader, die, &facts) || facts.location_bytes == 0 ||
	    !fixed_address(reader, die, &facts, &address))
		return;
	if (complete_facts(reader, &facts, &offset) || !facts.name)
		return;
	add_symbol(reader, facts.name, type_node(reader, &facts), address);
}

/* Types that a function declares for itself: their names are as good as others', if seldom unique.
 */
static void visit_body(struct reader *reader, Dwarf_Die die, void *context)
{
	int nesting = *(const int *)context + 1;
	Dwarf_Half tag = tag_of(die);

	if (tag == DW_TAG_lexical_block && nesting < NESTING_MAX)
		for_each_child(reader, die, visit_body, &nesting);
	else if (tag != DW_TAG_variable && tag != DW_TAG_formal_parameter)
		read_type(reader, die, 0);
}

/* Only a function that has code becomes a symbol: the many inline ones are nobody's. */
static void read_function(struct reader *reader, Dwarf_Die die)
{
	uint64_t offset = offset_of(reader, die);
	int nesting = 0;
	struct facts facts;
	uint32_t node;

	for_each_child(reader, die, visit_body, &nesting);
	if (read_facts(reader, die, &facts) || (!facts.has_address && !facts.has_ranges) ||
	    complete_facts(reader, &facts, &offset) || !facts.name)
		return;
	node = node_for(reader, offset);
	if (node != GAP_NONE)
		add_symbol(reader, facts.name, node,
			   facts.has_address ? facts.address : GAP_UNIT_ADDRESS_UNKNOWN);
}

static void visit_top(struct reader *reader, Dwarf_Die die, void *context)
{
	int nesting = context ? *(const int *)context : 0;
	Dwarf_Half tag = tag_of(die);

	if (tag == DW_TAG_variable) {
		read_variable(reader, die);
	} else if (tag == DW_TAG_subprogram) {
		read_function(reader, die);
	} else if (tag == DW_TAG_namespace && nesting < NESTING_MAX) {
		nesting++;
		for_each_child(reader, die, visit_top, &nesting);
	} else {
		read_type(reader, die, 0);
	}
}

/* Nodes that something referred to and that the walk did not pass. Reading one may ask for more. */
static void read_wanted(struct reader *reader)
{
	for (uint32_t node = 0; node < reader->unit.types.count && !reader->status; node++) {
		uint64_t place = reader->place;
		Dwarf_Die die;

		if (reader->filled[node])
			continue;
		if (!open_die(reader, reader->wanted.items[node], &die)) {
			set_place(reader, place);
			return;
		}
		if (kind_of_tag(tag_of(die)) == GAP_KIND_VOID)
			fail(reader, GAP_CORRUPT, "damaged DWARF: a reference to what is no type");
		else
			read_type_as(reader, die, node, 0);
		reader->filled[node] = 1;
		dwarf_dealloc(reader->debug, die, DW_DLA_DIE);
		set_place(reader, place);
	}
}

/* ---- units ---- */

static bool is_rust(const struct facts *facts)
{
	return facts->language == DW_LANG_Rust;
}

/* GCC's RANDSTRUCT plugin reorders members after the debug information was made from the source's
 * order. */
static bool is_randomised(const struct facts *facts)
{
	return facts->producer && strstr(facts->producer, "randomize_layout_plugin") != NULL;
}

static bool prepare_unit(struct reader *reader, uint64_t start, uint64_t end)
{
	uint64_t size = end - start;

	gap_unit_clear(&reader->unit);
	reader->far_nodes.count = 0;
	reader->wanted.count = 0;
	reader->unit_start = start;
	reader->unit_end = end;
	if (end <= start || size > UNIT_BYTES_MAX)
		return fail(reader, GAP_CORRUPT, "damaged DWARF: a unit of impossible size"), false;
	if (size > reader->node_of_capacity) {
		free(reader->node_of);
		reader->node_of = malloc((size_t)size * 2 * sizeof(uint32_t));
		reader->node_of_capacity = reader->node_of ? (uint32_t)size * 2 : 0;
		if (!reader->node_of)
			return fail_memory(reader), false;
	}
	memset(reader->node_of, 0, (size_t)size * sizeof(uint32_t));
	return true;
}

/* Whether a unit is to be left out; counts why. */
static bool skip_unit(struct reader *reader, const struct facts *facts)
{
	if (is_rust(facts)) {
		reader->rust_units++;
		return !reader->run->options->with_rust;
	}
	if (is_randomised(facts)) {
		reader->randomised_units++;
		return true;
	}
	/* A skeleton: the unit itself is read when all skeletons are known. */
	if (facts->companion && !reader->split) {
		struct companion *companion = companions_push(&reader->companions);

		if (!companion)
			return fail_memory(reader), true;
		companion->name = gap_builder_name(reader->run->builder, facts->companion);
		companion->folder = gap_builder_name(reader->run->builder, facts->folder);
		return true;
	}
	return false;
}

static void read_unit(struct reader *reader, Dwarf_Die die)
{
	struct facts facts;

	if (read_facts(reader, die, &facts) || skip_unit(reader, &facts))
		return;
	reader->units++;
	reader->unit_folder = facts.folder;
	for_each_child(reader, die, visit_top, NULL);
	read_wanted(reader);
	finish_enums(reader);
	finish_old_bit_fields(reader);
	drop_files(reader);
	if (!reader->status) {
		reader->unit.module = reader->module;
		reader->status = gap_merger_add(reader->run->session->merger, &reader->unit,
						reader->run->error);
	}
}

/*
 * Where a unit's part of .debug_str_offsets.dwo begins in a package (.dwp): its index is a hash table of signatures, each
 * with a row of offsets, a column a section. 0 in a file that has no index.
 */
static uint64_t part_in_package(struct reader *reader, const char *index_name,
				const Dwarf_Sig8 *signature)
{
	enum { HEADER = 16, COLUMN_STR_OFFSETS = 6 };
	const struct gap_elf_section *index = gap_elf_find(reader->elf, index_name);
	uint64_t columns, units, slots, rows, ids;

	if (!index || !index->data || index->size_bytes < HEADER)
		return 0;
	columns = word_at(index, 4);
	units = word_at(index, 8);
	slots = word_at(index, 12);
	rows = HEADER + slots * 8;
	ids = rows + slots * 4;
	if (ids + columns * 4 + units * columns * 4 > index->size_bytes || columns > 16)
		return fail(reader, GAP_CORRUPT, "damaged DWARF: the index of the package"), 0;
	for (uint64_t slot = 0; slot < slots; slot++) {
		uint64_t row = word_at(index, rows + slot * 4);

		if (memcmp(index->data + HEADER + slot * 8, signature, 8) != 0 || row == 0 ||
		    row > units)
			continue;
		for (uint64_t column = 0; column < columns; column++)
			if (word_at(index, ids + column * 4) == COLUMN_STR_OFFSETS)
				return word_at(index, ids + columns * 4 +
							      ((row - 1) * columns + column) * 4);
	}
	return 0;
}

/* In DWARF 5 the offsets of a unit follow a header of eight bytes. */
static void find_strings(struct reader *reader, Dwarf_Half version, Dwarf_Half kind,
			 const Dwarf_Sig8 *signature)
{
	bool type = kind == DW_UT_type || kind == DW_UT_split_type;

	reader->strings_by_index = reader->split && version >= 5;
	if (reader->strings_by_index)
		reader->strings_base =
			8 + part_in_package(reader, type ? ".debug_tu_index" : ".debug_cu_index",
					    signature);
}

/* Reads the next unit; false at the end or on failure. */
static bool next_unit(struct reader *reader, uint64_t *start)
{
	Dwarf_Unsigned length, type_offset, next;
	Dwarf_Half version, address_bytes, offset_bytes, extension, kind;
	Dwarf_Off abbreviations;
	Dwarf_Sig8 signature;
	Dwarf_Die die;
	Dwarf_Error error = NULL;
	int result = dwarf_next_cu_header_d(reader->debug, 1, &length, &version, &abbreviations,
					    &address_bytes, &offset_bytes, &extension, &signature,
					    &type_offset, &next, &kind, &error);

	if (result == DW_DLV_NO_ENTRY)
		return false;
	if (result == DW_DLV_OK)
		result = dwarf_siblingof_b(reader->debug, NULL, 1, &die, &error);
	if (result != DW_DLV_OK) {
		fail_dwarf(reader, error);
		return false;
	}
	reader->address_bytes = address_bytes == 4 ? 4 : 8;
	reader->zero_based_files = version >= 5;
	reader->unit_die = die;
	find_strings(reader, version, kind, &signature);
	if (reader->strings_by_index && offset_bytes != 4)
		fail(reader, GAP_UNSUPPORTED,
		     "split DWARF in the 64-bit format, which this version does not read; pass BTF "
		     "(--btf)");
	if (!reader->status && prepare_unit(reader, *start, next))
		read_unit(reader, die);
	drop_files(reader);
	dwarf_dealloc(reader->debug, die, DW_DLA_DIE);
	*start = next;
	return !reader->status;
}

static enum gap_status read_units(struct reader *reader)
{
	uint64_t start = 0;

	do {
		if (gap_extraction_progress(reader->run, "reading DWARF", start,
					    reader->info_bytes))
			reader->status = GAP_CANCELLED;
	} while (!reader->status && next_unit(reader, &start));
	return reader->status;
}

/* ---- sections for libdwarf ---- */

/* Only debug sections are shown, and never their relocations: elf_file.c has applied what needs
 * applying. */
static int show_section(void *object, Dwarf_Half number, Dwarf_Obj_Access_Section *shown,
			int *error)
{
	const struct gap_elf *elf = object;
	const struct gap_elf_section *section;

	(void)error;
	if (number >= elf->section_count)
		return DW_DLV_NO_ENTRY;
	section = &elf->sections[number];
	*shown = (Dwarf_Obj_Access_Section){.name = ""};
	if (strncmp(section->name, ".debug_", 7) == 0 && section->data) {
		shown->name = section->name;
		shown->type = 1; /* SHT_PROGBITS */
		shown->size = section->size_bytes;
	}
	return DW_DLV_OK;
}

static Dwarf_Endianness show_byte_order(void *object)
{
	(void)object;
	return DW_OBJECT_LSB;
}

static Dwarf_Small show_pointer_bytes(void *object)
{
	return ((const struct gap_elf *)object)->pointer_bytes;
}

static Dwarf_Unsigned show_section_count(void *object)
{
	return ((const struct gap_elf *)object)->section_count;
}

static int show_data(void *object, Dwarf_Half number, Dwarf_Small **data, int *error)
{
	const struct gap_elf *elf = object;

	(void)error;
	if (number >= elf->section_count || !elf->sections[number].data)
		return DW_DLV_NO_ENTRY;
	/* libdwarf does not write to what it is shown. */
	*data = (Dwarf_Small *)(uintptr_t)elf->sections[number].data;
	return DW_DLV_OK;
}

static const Dwarf_Obj_Access_Methods methods = {
	.get_section_info = show_section,
	.get_byte_order = show_byte_order,
	.get_length_size = show_pointer_bytes,
	.get_pointer_size = show_pointer_bytes,
	.get_section_count = show_section_count,
	.load_section = show_data,
	.relocate_a_section = NULL,
};

static enum gap_status load_sections(struct reader *reader)
{
	for (uint32_t i = 1; i < reader->elf->section_count; i++) {
		struct gap_elf_section *section = &reader->elf->sections[i];
		enum gap_status status;

		if (strncmp(section->name, ".debug_", 7) != 0 || !section->data)
			continue;
		status = gap_elf_load(reader->elf, section, reader->run->error);
		if (status)
			return status;
	}
	return GAP_OK;
}

static enum gap_status finish(struct reader *reader)
{
	if (reader->randomised_units)
		return fail(
			reader, GAP_UNSUPPORTED,
			"this kernel was built with GCC's RANDSTRUCT plugin: its DWARF shows the "
			"members in the order of the source, not of memory, and is not used. Its "
			"symbols are right (--symbols-only); for the layouts use semgap infer");
	if (reader->units == 0)
		return fail(reader, GAP_NOT_FOUND, "its DWARF holds no unit that is not Rust's");
	reader->run->report->units += reader->units;
	if (reader->rust_units && !reader->run->options->with_rust)
		gap_extraction_warn(reader->run,
				    "%u units of Rust were left out (--with-rust takes them in)",
				    reader->rust_units);
	return GAP_OK;
}

/* ---- files, opened and read ---- */

static enum gap_status open_with_libdwarf(struct reader *reader,
					  Dwarf_Obj_Access_Interface *interface, Dwarf_Debug *debug)
{
	Dwarf_Error error = NULL;
	unsigned group = reader->split ? DW_GROUPNUMBER_DWO : DW_GROUPNUMBER_BASE;
	int result;

	/* We give back everything ourselves; libdwarf's own book-keeping would double the time. */
	dwarf_set_de_alloc_flag(0);
	result = dwarf_object_init_b(interface, NULL, NULL, group, debug, &error);
	if (result == DW_DLV_OK)
		return GAP_OK;
	if (result == DW_DLV_NO_ENTRY)
		return fail(reader, GAP_NOT_FOUND, "no DWARF in it");
	dwarf_dealloc_error(NULL, error);
	return fail(reader, GAP_CORRUPT, "damaged DWARF: libdwarf cannot open it");
}

/* All type units, of .debug_info (DWARF 5) or .debug_types (DWARF 4). */
static enum gap_status collect_signatures(struct reader *reader, bool info)
{
	Dwarf_Unsigned length, type_offset, next = 0, start = 0;
	Dwarf_Half version, address_bytes, offset_bytes, extension, kind;
	Dwarf_Off abbreviations;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	int result;

	while ((result = dwarf_next_cu_header_d(reader->own, info, &length, &version,
						&abbreviations, &address_bytes, &offset_bytes,
						&extension, &signature, &type_offset, &next, &kind,
						&error)) == DW_DLV_OK) {
		struct signature *row;

		if (!info || kind == DW_UT_type || kind == DW_UT_split_type) {
			row = signatures_push(&reader->signatures);
			if (!row)
				return fail_memory(reader);
			*row = (struct signature){signature,
						  (start + type_offset) | (info ? 0 : PLACE_TYPES)};
		}
		start = next;
	}
	return result == DW_DLV_ERROR ? fail_dwarf(reader, error) : GAP_OK;
}

static enum gap_status read_own_units(struct reader *reader)
{
	enum gap_status status = collect_signatures(reader, true);

	if (!status &&
	    gap_elf_find(reader->elf, reader->split ? ".debug_types.dwo" : ".debug_types"))
		status = collect_signatures(reader, false);
	return status ? status : read_units(reader);
}

static void deinit(struct reader *reader)
{
	drop_files(reader);
	gap_unit_deinit(&reader->unit);
	free(reader->node_of);
	free(reader->far_nodes.items);
	free(reader->wanted.items);
	free(reader->filled);
	free(reader->known_texts);
	free(reader->signatures.items);
	free(reader->companions.items);
}

static enum gap_status prepare(struct reader *reader)
{
	enum gap_status status = load_sections(reader);

	reader->known_texts = calloc((size_t)1 << TEXT_CACHE_LOG2, sizeof(*reader->known_texts));
	return !status && !reader->known_texts ? fail_memory(reader) : status;
}

/* ---- split DWARF ---- */

/* One .dwo, or a .dwp of many. Addresses stand in the file with the skeletons, @reader's. */
static enum gap_status read_split_file(struct reader *reader, const struct gap_content *content)
{
	struct gap_extraction run = *reader->run;
	struct gap_elf elf;
	struct reader inner = {.run = &run, .elf = &elf, .module = reader->module, .split = true};
	Dwarf_Obj_Access_Interface interface = {&elf, &methods};
	const struct gap_elf_section *info;
	enum gap_status status;

	run.path = content->name;
	status = gap_elf_open(&elf, content, run.error);
	if (status)
		return status;
	info = gap_elf_find(&elf, ".debug_info.dwo");
	inner.info_bytes = info ? info->size_bytes : 0;
	status = prepare(&inner);
	if (!status)
		status = open_with_libdwarf(&inner, &interface, &inner.own);
	if (!status) {
		set_place(&inner, 0);
		dwarf_set_tied_dbg(inner.own, reader->own, NULL);
		status = read_own_units(&inner);
		dwarf_object_finish(inner.own, NULL);
	}
	if (!status && inner.units + inner.rust_units + inner.randomised_units == 0)
		status = gap_fail(
			run.error, GAP_CORRUPT,
			"%.600s: no units of split DWARF in it (of DWARF 5, dwp makes empty "
			"packages; llvm-dwp does not)",
			content->name);
	reader->units += inner.units;
	reader->rust_units += inner.rust_units;
	reader->randomised_units += inner.randomised_units;
	deinit(&inner);
	gap_elf_close(&elf);
	return status;
}

static enum gap_status read_split_units(struct reader *reader)
{
	struct gap_builder *builder = reader->run->builder;
	struct gap_content content;
	enum gap_status status = GAP_OK;

	if (reader->companions.count && gap_companion_package(reader->run, &content)) {
		status = read_split_file(reader, &content);
		gap_content_close(&content);
		return status;
	}
	for (uint32_t i = 0; i < reader->companions.count && !status; i++) {
		const struct companion *companion = &reader->companions.items[i];

		status = gap_companion_open(reader->run,
					    gap_builder_string(builder, companion->folder),
					    gap_builder_string(builder, companion->name), &content);
		if (status)
			break;
		status = read_split_file(reader, &content);
		gap_content_close(&content);
	}
	return status;
}

/* ---- the other file of dwz -m ---- */

struct other_file {
	struct gap_content content;
	struct gap_elf elf;
	Dwarf_Obj_Access_Interface interface;
	bool open;
};

/* dwz -m moves what several files share into another one, which the file names. */
static enum gap_status open_other(struct reader *reader, struct other_file *other)
{
	const struct gap_elf_section *link = gap_elf_find(reader->elf, ".gnu_debugaltlink");
	struct reader shown = {.run = reader->run, .elf = &other->elf};
	enum gap_status status;
	size_t length;

	if (!link || !link->data)
		return GAP_OK;
	length = strnlen((const char *)link->data, link->size_bytes);
	if (length == link->size_bytes)
		return fail(reader, GAP_CORRUPT, "damaged DWARF: .gnu_debugaltlink is cut");
	status = gap_companion_open(reader->run, NULL, (const char *)link->data, &other->content);
	if (status)
		return status;
	status = gap_elf_open(&other->elf, &other->content, reader->run->error);
	other->open = status == GAP_OK;
	if (!status)
		status = load_sections(&shown);
	other->interface = (Dwarf_Obj_Access_Interface){&other->elf, &methods};
	if (!status)
		status = open_with_libdwarf(&shown, &other->interface, &reader->other);
	if (!status)
		dwarf_set_tied_dbg(reader->own, reader->other, NULL);
	return status;
}

static void close_other(struct reader *reader, struct other_file *other)
{
	if (reader->other)
		dwarf_object_finish(reader->other, NULL);
	if (other->open)
		gap_elf_close(&other->elf);
	gap_content_close(&other->content);
}

/* ---- a whole file ---- */

static enum gap_status read_file(struct reader *reader)
{
	Dwarf_Obj_Access_Interface interface = {reader->elf, &methods};
	struct other_file other = {.open = false};
	enum gap_status status = open_with_libdwarf(reader, &interface, &reader->own);

	if (status)
		return status;
	status = open_other(reader, &other);
	set_place(reader, 0);
	if (!status)
		status = read_own_units(reader);
	if (!status)
		status = read_split_units(reader);
	close_other(reader, &other);
	dwarf_object_finish(reader->own, NULL);
	return status ? status : finish(reader);
}

enum gap_status gap_dwarf_read(const struct gap_extraction *run, struct gap_elf *elf,
			       uint32_t module)
{
	struct reader reader = {.run = run, .elf = elf, .module = module};
	const struct gap_elf_section *info = gap_elf_find(elf, ".debug_info");
	enum gap_status status;

	if (!info || !info->data)
		return gap_fail(run->error, GAP_NOT_FOUND, "%.600s: no DWARF in it", run->path);
	status = prepare(&reader);
	if (!status && !run->session->merger)
		status = gap_merger_create(run->builder, &run->session->merger, run->error);
	reader.info_bytes = info->size_bytes;
	if (!status)
		status = read_file(&reader);
	deinit(&reader);
	return status;
}

enum gap_status gap_dwarf_finish(const struct gap_extraction *run)
{
	struct gap_merge_report merged;
	enum gap_status status;

	if (!run->session->merger)
		return GAP_OK;
	status = gap_extraction_progress(run, "merging types", 0, 0);
	if (!status)
		status = gap_merger_finish(run->session->merger, &merged, run->error);
	if (status)
		return status;
	run->report->conflicts = merged.conflicting_names;
	run->report->unresolved = merged.unresolved;
	return GAP_OK;
}
