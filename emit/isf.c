/* SPDX-License-Identifier: MIT */
/*
 * --format isf: the Intermediate Symbol Format, 6.2.0, as Volatility 3 and LibVMI read it (the
 * schema ships with Volatility: volatility3/schemas/schema-6.2.0.json). Streamed: a kernel gives 35
 * MB. Its base types are isf_base.c's; tests/isf checks the rules.
 */
#include <stdlib.h>
#include <string.h>

#include "emit/formats.h"
#include "emit/isf_base.h"
#include "emit/jsonout.h"
#include "emit/labels.h"
#include "emit/reduce.h"
#include "emit/walk.h"

/*
 * Pointers may point in a circle without a name in between; no C does. json-c, which LibVMI reads
 * with, gives up at 32 levels.
 */
#define DESCRIPTOR_DEPTH_MAX 16

struct isf {
	const struct gap_profile *profile;
	const struct gap_emit_options *options;
	struct gap_json json;
	struct gap_target target;
	struct gap_labels aggregates, enums;
	struct gap_isf_bases bases;
	uint8_t *direct; /* by type: anonymous, and referred to without a typedef */
};

/* ---- names ---- */

/* The row that names what a type stands for: typedefs are followed up to the one that names an
 * anonymous type. */
static gap_type_id named_row(const struct isf *isf, gap_type_id id)
{
	struct gap_type type;

	while (gap_profile_type(isf->profile, id, &type)) {
		bool alias = type.kind == GAP_KIND_TYPEDEF || type.kind == GAP_KIND_CONST ||
			     type.kind == GAP_KIND_VOLATILE || type.kind == GAP_KIND_RESTRICT ||
			     type.kind == GAP_KIND_ATOMIC;

		if (!alias ||
		    (type.kind == GAP_KIND_TYPEDEF &&
		     (gap_labels_find(&isf->aggregates, id) || gap_labels_find(&isf->enums, id))))
			break;
		id = type.ref;
	}
	return id;
}

static void write_label(struct isf *isf, const struct gap_label *label)
{
	char text[512];

	if (label->number == 0 || label->leads) {
		gap_json_key(&isf->json, label->name);
		return;
	}
	snprintf(text, sizeof(text), "%.490s#%u", label->name, label->number);
	gap_json_key(&isf->json, text);
}

/* The same as a value. '#' keeps names of our making apart from C's. */
static void write_reference(struct isf *isf, const struct gap_label *label, gap_type_id row)
{
	char text[512];

	if (!label)
		snprintf(text, sizeof(text), "unnamed#%u", row);
	else if (label->number == 0 || label->leads)
		snprintf(text, sizeof(text), "%.490s", label->name);
	else
		snprintf(text, sizeof(text), "%.490s#%u", label->name, label->number);
	gap_json_key(&isf->json, "name");
	gap_json_name(&isf->json, text);
}

/* ---- type descriptors ---- */

static void write_kind(struct isf *isf, const char *kind)
{
	gap_json_key(&isf->json, "kind");
	gap_json_name(&isf->json, kind);
}

static void write_base(struct isf *isf, const char *name)
{
	write_kind(isf, "base");
	gap_json_key(&isf->json, "name");
	gap_json_name(&isf->json, name);
}

static void write_integer(struct isf *isf, const struct gap_type *type)
{
	write_base(isf, gap_isf_base_integer(&isf->bases, type->size_bytes,
					     type->flags & GAP_TYPE_SIGNED));
}

static void write_descriptor(struct isf *isf, gap_type_id id, unsigned depth);

/* A structure or enum by name; what is only declared has no layout to refer to. */
static void write_named(struct isf *isf, gap_type_id row, const struct gap_type *type)
{
	bool is_enum = type->kind == GAP_KIND_ENUM;

	if (type->flags & GAP_TYPE_INCOMPLETE) {
		if (is_enum && type->size_bytes)
			write_integer(isf, type);
		else
			write_base(isf, "void");
		return;
	}
	write_kind(isf, is_enum ? "enum" : gap_kind_name(type->kind));
	write_reference(isf, gap_labels_find(is_enum ? &isf->enums : &isf->aggregates, row), row);
}

static void write_nested(struct isf *isf, gap_type_id id, unsigned depth)
{
	gap_json_key(&isf->json, "subtype");
	write_descriptor(isf, id, depth + 1);
}

static void write_descriptor(struct isf *isf, gap_type_id id, unsigned depth)
{
	gap_type_id row = named_row(isf, id);
	struct gap_type type = {.kind = GAP_KIND_VOID};

	if (depth < DESCRIPTOR_DEPTH_MAX)
		gap_profile_type(isf->profile, gap_profile_strip(isf->profile, row), &type);
	gap_json_open(&isf->json, '{');
	switch (type.kind) {
	case GAP_KIND_POINTER:
		write_kind(isf, "pointer");
		write_nested(isf, type.ref, depth);
		break;
	case GAP_KIND_ARRAY:
		write_kind(isf, "array");
		gap_json_key_number(&isf->json, "count", type.count);
		write_nested(isf, type.ref, depth);
		break;
	case GAP_KIND_STRUCT:
	case GAP_KIND_UNION:
	case GAP_KIND_ENUM:
		write_named(isf, row, &type);
		break;
	case GAP_KIND_FUNCTION:
		write_kind(isf, "function");
		break;
	case GAP_KIND_INT:
	case GAP_KIND_FLOAT:
	case GAP_KIND_UNKNOWN:
		write_base(isf, gap_isf_base_name(&isf->bases, &type));
		break;
	default:
		write_base(isf, "void");
	}
	gap_json_close(&isf->json, '}');
}

/* ---- bit-fields ---- */

/* Where a bit-field's storage unit lies in its structure, and the field in the unit. */
struct storage {
	uint64_t unit_bytes, offset_bytes;
	uint32_t bit_position;
};

static bool holds(const struct gap_member *member, uint64_t offset_bytes, uint64_t unit_bytes)
{
	return member->offset_bits >= offset_bytes * 8 &&
	       member->offset_bits + member->width_bits <= (offset_bytes + unit_bytes) * 8;
}

/* A unit where C would put it; else from the field's first byte; else, as no unit may stick out, at
 * the end. */
static bool try_storage(const struct gap_member *member, uint64_t size_bytes, uint64_t unit_bytes,
			struct storage *storage)
{
	uint64_t first = member->offset_bits / 8;
	const uint64_t places[] = {first / unit_bytes * unit_bytes, first,
				   size_bytes > unit_bytes ? size_bytes - unit_bytes : 0, first};

	for (size_t i = 0; i < 4; i++) {
		bool inside = places[i] + unit_bytes <= size_bytes;

		if (!holds(member, places[i], unit_bytes) || (!inside && i < 3))
			continue;
		*storage = (struct storage){unit_bytes, places[i],
					    (uint32_t)(member->offset_bits - places[i] * 8)};
		return true;
	}
	return false;
}

/* The declared type's own unit where the field lies in one, else the next wider that holds it. */
static void choose_storage(const struct gap_member *member, uint64_t size_bytes,
			   uint64_t declared_bytes, struct storage *storage)
{
	uint64_t unit = declared_bytes;

	if (unit != 1 && unit != 2 && unit != 4 && unit != 8)
		unit = 8;
	while (!try_storage(member, size_bytes, unit, storage))
		unit *= 2; /* 16 bytes hold any width there is */
}

static void write_bitfield(struct isf *isf, const struct gap_member *member,
			   const struct storage *storage)
{
	gap_type_id row = named_row(isf, member->type);
	struct gap_type type = {.kind = GAP_KIND_VOID};

	gap_profile_type(isf->profile, gap_profile_strip(isf->profile, row), &type);
	gap_json_open(&isf->json, '{');
	write_kind(isf, "bitfield");
	gap_json_key_number(&isf->json, "bit_position", storage->bit_position);
	gap_json_key_number(&isf->json, "bit_length", member->width_bits);
	gap_json_key(&isf->json, "type");
	gap_json_open(&isf->json, '{');
	if (storage->unit_bytes != type.size_bytes) {
		type.size_bytes = storage->unit_bytes;
		write_integer(isf, &type);
	} else if (type.kind == GAP_KIND_ENUM) {
		write_named(isf, row, &type);
	} else {
		write_base(isf, gap_isf_base_name(&isf->bases, &type));
	}
	gap_json_close(&isf->json, '}');
	gap_json_close(&isf->json, '}');
}

/* ---- user types ---- */

static bool is_layout(const struct isf *isf, gap_type_id id)
{
	struct gap_type type;

	return gap_profile_type(isf->profile, gap_profile_strip(isf->profile, id), &type) &&
	       gap_type_is_aggregate(&type) && !(type.flags & GAP_TYPE_INCOMPLETE);
}

static void write_field(struct isf *isf, const struct gap_member *member, uint64_t size_bytes)
{
	struct gap_type type = {.kind = GAP_KIND_VOID};
	struct storage storage;

	gap_json_open(&isf->json, '{');
	gap_json_key(&isf->json, "offset");
	if (member->width_bits) {
		gap_profile_type(isf->profile, gap_profile_strip(isf->profile, member->type),
				 &type);
		choose_storage(member, size_bytes, type.size_bytes, &storage);
		gap_json_number(&isf->json, storage.offset_bytes);
		gap_json_key(&isf->json, "type");
		write_bitfield(isf, member, &storage);
	} else {
		gap_json_number(&isf->json, member->offset_bits / 8);
		gap_json_key(&isf->json, "type");
		write_descriptor(isf, member->type, 0);
	}
	gap_json_key_flag(&isf->json, "anonymous", !*member->name);
	gap_json_close(&isf->json, '}');
}

static void write_fields(struct isf *isf, const struct gap_type *type)
{
	char unnamed[40];

	gap_json_key(&isf->json, "fields");
	gap_json_open(&isf->json, '{');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;

		if (!gap_profile_member(isf->profile, type->first + i, &member))
			break;
		/* Unnamed bits are padding. Volatility flattens anonymous members and needs a
		 * layout there. */
		if (!*member.name && (member.width_bits || !is_layout(isf, member.type)))
			continue;
		snprintf(unnamed, sizeof(unnamed), "unnamed_field#%u", i);
		gap_json_key(&isf->json, *member.name ? member.name : unnamed);
		write_field(isf, &member, type->size_bytes);
	}
	gap_json_close(&isf->json, '}');
}

static void write_user_type(struct isf *isf, gap_type_id definition)
{
	struct gap_type type;

	gap_profile_type(isf->profile, definition, &type);
	gap_json_open(&isf->json, '{');
	write_kind(isf, gap_kind_name(type.kind));
	gap_json_key_number(&isf->json, "size", type.size_bytes);
	write_fields(isf, &type);
	gap_json_close(&isf->json, '}');
}

static void write_unnamed(struct isf *isf, bool enums, void (*write)(struct isf *, gap_type_id))
{
	uint32_t rows = gap_profile_count(isf->profile, GAP_TABLE_TYPES);
	char text[32];

	for (gap_type_id row = 1; row < rows; row++) {
		struct gap_type type;

		if (!isf->direct[row] || !gap_profile_type(isf->profile, row, &type) ||
		    (type.kind == GAP_KIND_ENUM) != enums)
			continue;
		snprintf(text, sizeof(text), "unnamed#%u", row);
		gap_json_line(&isf->json);
		gap_json_key(&isf->json, text);
		write(isf, row);
	}
}

static void write_labelled(struct isf *isf, const struct gap_labels *labels,
			   void (*write)(struct isf *, gap_type_id))
{
	for (size_t i = 0; i < labels->count; i++) {
		if (labels->items[i].repeats)
			continue;
		gap_json_line(&isf->json);
		write_label(isf, &labels->items[i]);
		write(isf, labels->items[i].definition);
	}
}

static void write_user_types(struct isf *isf)
{
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, "user_types");
	gap_json_open(&isf->json, '{');
	write_labelled(isf, &isf->aggregates, write_user_type);
	write_unnamed(isf, false, write_user_type);
	gap_json_close(&isf->json, '}');
}

/* ---- enums ---- */

static void write_constants(struct isf *isf, const struct gap_type *type)
{
	gap_json_key(&isf->json, "constants");
	gap_json_open(&isf->json, '{');
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_enumerator enumerator;

		if (!gap_profile_enumerator(isf->profile, type->first + i, &enumerator))
			break;
		gap_json_key(&isf->json, enumerator.name);
		if (type->flags & GAP_TYPE_SIGNED)
			gap_json_signed(&isf->json, (int64_t)enumerator.value);
		else
			gap_json_number(&isf->json, enumerator.value);
	}
	gap_json_close(&isf->json, '}');
}

static void write_enum(struct isf *isf, gap_type_id definition)
{
	struct gap_type type;

	gap_profile_type(isf->profile, definition, &type);
	gap_json_open(&isf->json, '{');
	gap_json_key_number(&isf->json, "size", type.size_bytes);
	gap_json_key(&isf->json, "base");
	gap_json_name(&isf->json, gap_isf_base_integer(&isf->bases, type.size_bytes,
						       type.flags & GAP_TYPE_SIGNED));
	write_constants(isf, &type);
	gap_json_close(&isf->json, '}');
}

static void write_enums(struct isf *isf)
{
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, "enums");
	gap_json_open(&isf->json, '{');
	write_labelled(isf, &isf->enums, write_enum);
	write_unnamed(isf, true, write_enum);
	gap_json_close(&isf->json, '}');
}

/* ---- symbols ---- */

struct named_symbol {
	const char *name;
	uint32_t row;
	bool local;
};

static int compare_symbols(const void *left, const void *right)
{
	const struct named_symbol *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->local != b->local)
		return a->local ? 1 : -1;
	return a->row < b->row ? -1 : a->row > b->row; /* rows are in the order of addresses */
}

static void write_symbol(struct isf *isf, uint32_t row)
{
	struct gap_symbol symbol;

	gap_profile_symbol(isf->profile, row, &symbol);
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, symbol.name);
	gap_json_open(&isf->json, '{');
	gap_json_key_number(&isf->json, "address", symbol.address);
	if (symbol.type != 0 && symbol.type != GAP_NONE) {
		gap_json_key(&isf->json, "type");
		write_descriptor(isf, symbol.type, 0);
	}
	if (strcmp(symbol.name, "linux_banner") == 0 && isf->target.banner_bytes) {
		char *data =
			calloc(1, isf->target.banner_bytes + 1u); /* in memory it ends in a zero */

		if (data) {
			memcpy(data, isf->target.banner, isf->target.banner_bytes);
			gap_json_key(&isf->json, "constant_data");
			gap_json_base64(&isf->json, data, isf->target.banner_bytes + 1u);
		}
		free(data);
	}
	gap_json_close(&isf->json, '}');
}

/* One symbol a name: a global one before local ones, else the lowest. */
static uint32_t write_chosen(struct isf *isf, const struct named_symbol *symbols, uint32_t count)
{
	uint32_t left_out = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(symbols[i].name, symbols[i - 1].name) == 0)
			left_out++;
		else
			write_symbol(isf, symbols[i].row);
	}
	return left_out;
}

static enum gap_status write_symbols(struct isf *isf, struct gap_error *error)
{
	uint32_t count = gap_profile_count(isf->profile, GAP_TABLE_SYMBOLS), left_out;
	struct named_symbol *symbols = calloc(count + 1u, sizeof(*symbols));

	if (!symbols)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	for (uint32_t row = 0; row < count; row++) {
		struct gap_symbol symbol;

		gap_profile_symbol(isf->profile, row, &symbol);
		symbols[row] =
			(struct named_symbol){symbol.name, row, symbol.flags & GAP_SYMBOL_LOCAL};
	}
	qsort(symbols, count, sizeof(*symbols), compare_symbols);
	gap_json_line(&isf->json);
	gap_json_key(&isf->json, "symbols");
	gap_json_open(&isf->json, '{');
	left_out = write_chosen(isf, symbols, count);
	gap_json_close(&isf->json, '}');
	free(symbols);
	if (left_out)
		gap_emit_warn(
			isf->options,
			"isf: ISF has one symbol a name; %u others of the same names are left out",
			left_out);
	return GAP_OK;
}

/* ---- metadata ---- */

/* ISF's words for sources; it has none for BTF. */
static const char *source_word(enum gap_source_kind kind)
{
	switch (kind) {
	case GAP_SOURCE_DWARF:
		return "dwarf";
	case GAP_SOURCE_SYMTAB:
		return "symtab";
	case GAP_SOURCE_SYSTEM_MAP:
	case GAP_SOURCE_KALLSYMS:
		return "system-map";
	default:
		return NULL;
	}
}

static void write_source(struct isf *isf, const struct gap_source *source)
{
	static const char sha256[] = "sha256:";

	gap_json_open(&isf->json, '{');
	write_kind(isf, source_word(source->kind));
	gap_json_key(&isf->json, "name");
	gap_json_name(&isf->json, source->kind == GAP_SOURCE_SYSTEM_MAP ? "System.map"
				  : source->kind == GAP_SOURCE_KALLSYMS ? "kallsyms"
									: "vmlinux");
	if (strncmp(source->digest, sha256, sizeof(sha256) - 1) == 0) {
		gap_json_key(&isf->json, "hash_type");
		gap_json_name(&isf->json, "sha256");
		gap_json_key(&isf->json, "hash_value");
		gap_json_name(&isf->json, source->digest + sizeof(sha256) - 1);
	}
	gap_json_close(&isf->json, '}');
}

static void write_sources(struct isf *isf, const char *key, bool of_types)
{
	struct gap_source source;

	gap_json_key(&isf->json, key);
	gap_json_open(&isf->json, '[');
	for (uint32_t i = 0; gap_profile_source(isf->profile, i, &source); i++)
		if (source_word(source.kind) && (source.kind == GAP_SOURCE_DWARF) == of_types)
			write_source(isf, &source);
	gap_json_close(&isf->json, ']');
}

static void write_metadata(struct isf *isf)
{
	gap_json_key(&isf->json, "metadata");
	gap_json_open(&isf->json, '{');
	gap_json_key_name(&isf->json, "format", "6.2.0");
	gap_json_key(&isf->json, "producer");
	gap_json_open(&isf->json, '{');
	gap_json_key_name(&isf->json, "name", "semgap");
	gap_json_key_name(&isf->json, "version", SEMGAP_VERSION);
	if (isf->target.build_id_bytes) {
		gap_json_key(&isf->json, "build_id");
		gap_json_digits(&isf->json, isf->target.build_id, isf->target.build_id_bytes);
	}
	gap_json_close(&isf->json, '}');
	gap_json_key(&isf->json, "linux");
	gap_json_open(&isf->json, '{');
	write_sources(isf, "symbols", false);
	write_sources(isf, "types", true);
	gap_json_close(&isf->json, '}');
	gap_json_close(&isf->json, '}');
}

/* ---- what a reader should know ---- */

static void warn_conflicts(const struct isf *isf, const struct gap_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		const struct gap_label *label = &labels->items[i];
		struct gap_declaration where = {"", 0, 0};

		if (!label->leads || label->repeats)
			continue;
		gap_profile_declaration(isf->profile, label->row, &where);
		gap_emit_warn(isf->options,
			      "isf: %s has several definitions; the bare name means #%u%s%s%s, the "
			      "others are %s#N",
			      label->name, label->number, *where.file ? " (" : "", where.file,
			      *where.file ? ")" : "", label->name);
	}
}

static void append_missing(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* Without these types Volatility refuses the table (framework/symbols/linux/__init__.py). */
static void warn_missing_types(const struct isf *isf)
{
	static const char *const required[] = {
		"file",          "list_head",      "hlist_head", "mm_struct", "super_block",
		"task_struct",   "vm_area_struct", "qstr",       "dentry",    "fs_struct",
		"files_struct",  "kobject",        "cred",       "inode",     "idr",
		"address_space", "page",           "vfsmount",   "net",       "socket",
		"sock",          "inet_sock",      "unix_sock",
	};
	char missing[600] = "";

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		struct gap_type type;
		gap_type_id id;
		enum gap_status status =
			gap_profile_find_type(isf->profile, required[i], &id, NULL);

		if (status == GAP_AMBIGUOUS)
			continue;
		if (status || !gap_profile_type(isf->profile, id, &type) ||
		    type.flags & GAP_TYPE_INCOMPLETE)
			append_missing(missing, sizeof(missing), required[i]);
	}
	if (*missing)
		gap_emit_warn(isf->options, "isf: Volatility 3 will refuse this table, it lacks %s",
			      missing);
}

/* Without these symbols it cannot find the kernel in a dump (automagic/linux.py, symbol_cache.py).
 */
static void warn_missing_symbols(const struct isf *isf)
{
	static const char *const required[] = {"init_task", "init_files", "linux_banner"};
	static const char *const roots[] = {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"};
	char missing[200] = "";
	uint32_t found = 0;

	for (size_t i = 0; i < 3; i++)
		if (gap_profile_find_symbols(isf->profile, required[i], NULL, 0) == 0)
			append_missing(missing, sizeof(missing), required[i]);
	for (size_t i = 0; i < 3; i++)
		found += gap_profile_find_symbols(isf->profile, roots[i], NULL, 0);
	if (found == 0)
		append_missing(missing, sizeof(missing), "init_top_pgt");
	if (isf->target.banner_bytes == 0)
		append_missing(missing, sizeof(missing), "the text of linux_banner");
	if (*missing)
		gap_emit_warn(
			isf->options,
			"isf: Volatility 3 will not find the kernel by this table, it lacks %s",
			missing);
}

/* ---- the document ---- */

static void mark_reference(struct isf *isf, gap_type_id id)
{
	gap_type_id row = named_row(isf, id);
	struct gap_type type;

	if (gap_profile_type(isf->profile, row, &type) && !*type.name &&
	    !(type.flags & GAP_TYPE_INCOMPLETE) &&
	    (type.kind == GAP_KIND_ENUM || gap_type_is_aggregate(&type)))
		isf->direct[row] = 1;
}

/* An anonymous enum is kept for its constants even if nothing refers to it, unless a typedef names
 * it. */
static void mark_lone_enums(struct isf *isf)
{
	uint32_t types = gap_profile_count(isf->profile, GAP_TABLE_TYPES);

	for (gap_type_id id = 1; id < types; id++) {
		struct gap_type type;

		gap_profile_type(isf->profile, id, &type);
		if (type.kind == GAP_KIND_ENUM)
			mark_reference(isf, id);
	}
	for (size_t i = 0; i < isf->enums.count; i++)
		isf->direct[isf->enums.items[i].definition] = 0;
}

/* Finds the anonymous types that something refers to by themselves. */
static void mark_anonymous(struct isf *isf)
{
	uint32_t types = gap_profile_count(isf->profile, GAP_TABLE_TYPES);
	uint32_t members = gap_profile_count(isf->profile, GAP_TABLE_MEMBERS);
	uint32_t symbols = gap_profile_count(isf->profile, GAP_TABLE_SYMBOLS);
	struct gap_member member;
	struct gap_symbol symbol;
	struct gap_type type;

	for (gap_type_id id = 1; id < types; id++) {
		gap_profile_type(isf->profile, id, &type);
		if (type.kind == GAP_KIND_POINTER || type.kind == GAP_KIND_ARRAY)
			mark_reference(isf, type.ref);
	}
	for (uint32_t row = 0; row < members; row++)
		if (gap_profile_member(isf->profile, row, &member))
			mark_reference(isf, member.type);
	for (uint32_t row = 0; row < symbols; row++)
		if (gap_profile_symbol(isf->profile, row, &symbol) && symbol.type != GAP_NONE)
			mark_reference(isf, symbol.type);
}

static enum gap_status write_document(struct isf *isf, struct gap_error *error)
{
	enum gap_status status;

	gap_json_open(&isf->json, '{');
	write_metadata(isf);
	write_user_types(isf);
	write_enums(isf);
	status = write_symbols(isf, error);
	gap_json_line(&isf->json);
	gap_isf_bases_write(&isf->bases, &isf->json, isf->target.pointer_bytes);
	gap_json_close(&isf->json, '}');
	putc('\n', isf->json.stream);
	return status;
}

static enum gap_status emit_whole(const struct gap_profile *profile,
				  const struct gap_emit_options *options, FILE *stream,
				  struct gap_error *error)
{
	struct isf isf = {.profile = profile, .options = options, .json = {.stream = stream}};
	enum gap_status status;

	gap_profile_target(profile, &isf.target);
	isf.direct = calloc(gap_profile_count(profile, GAP_TABLE_TYPES) + 1u, 1);
	status = isf.direct ? GAP_OK : gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (status == GAP_OK)
		status = gap_labels_init(&isf.aggregates, profile, GAP_LABEL_AGGREGATES, error);
	if (status == GAP_OK)
		status = gap_labels_init(&isf.enums, profile, GAP_LABEL_ENUMS, error);
	if (status == GAP_OK)
		status = gap_isf_bases_init(&isf.bases, profile, error);
	if (status == GAP_OK) {
		mark_lone_enums(&isf);
		mark_anonymous(&isf);
		warn_conflicts(&isf, &isf.aggregates);
		warn_conflicts(&isf, &isf.enums);
		warn_missing_types(&isf);
		warn_missing_symbols(&isf);
		status = write_document(&isf, error);
	}
	gap_isf_bases_deinit(&isf.bases);
	gap_labels_deinit(&isf.aggregates);
	gap_labels_deinit(&isf.enums);
	free(isf.direct);
	return status;
}

enum gap_status gap_emit_isf(const struct gap_profile *profile,
			     const struct gap_selection *selection,
			     const struct gap_emit_options *options, FILE *stream,
			     struct gap_error *error)
{
	struct gap_reduced reduced;
	enum gap_status status;

	if (gap_selection_is_everything(selection))
		return emit_whole(profile, options, stream, error);
	status = gap_reduced_open(profile, selection, &reduced, error);
	if (status)
		return status;
	status = emit_whole(reduced.profile, options, stream, error);
	gap_reduced_close(&reduced);
	return status;
}
