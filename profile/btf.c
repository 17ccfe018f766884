/* SPDX-License-Identifier: MIT */
/*
 * Reading BTF. BTF is deduplicated already: its types become the builder's one to one, in two
 * passes, the first of which only checks sizes and finds where each type begins. Nothing in the
 * data is believed before it is checked.
 */
#include <string.h>

#include "profile/btf.h"
#include "profile/vector.h"

#define BTF_MAGIC 0xeb9f
#define BTF_MAGIC_SWAPPED 0x9feb

enum btf_kind {
	BTF_VOID,
	BTF_INT,
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
	BTF_ENUM64,
	BTF_KIND_COUNT
};

struct btf_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_bytes, types_offset, types_bytes, strings_offset, strings_bytes;
};

struct btf_type {
	uint32_t name, info, size_or_type;
};

struct btf_member {
	uint32_t name, type, offset;
};

struct btf_array {
	uint32_t element, index, count;
};

GAP_VECTOR(btf_offsets, uint32_t);

struct btf {
	struct gap_builder *builder;
	const unsigned char *types;
	const char *strings;
	uint32_t types_bytes, strings_bytes;
	struct btf_offsets offsets;      /* of the first own type, the next, … */
	gap_type_id *ids;                /* BTF id → the builder's; 0 for what is no type */
	const struct gap_btf_base *base; /* of split BTF, or NULL */
	uint32_t before;                 /* types of the base: own ids begin behind them */
	uint32_t strings_before;
	struct gap_error *error;
};

/* What follows a type's first twelve bytes: fixed bytes, and bytes for each of its entries. */
static const struct {
	uint8_t fixed, each;
} sizes[BTF_KIND_COUNT] = {
	[BTF_INT] = {4, 0},     [BTF_ARRAY] = {12, 0},   [BTF_STRUCT] = {0, 12},
	[BTF_UNION] = {0, 12},  [BTF_ENUM] = {0, 8},     [BTF_FUNC_PROTO] = {0, 8},
	[BTF_VAR] = {4, 0},     [BTF_DATASEC] = {0, 12}, [BTF_DECL_TAG] = {4, 0},
	[BTF_ENUM64] = {0, 12},
};

static uint32_t kind_of(const struct btf_type *type)
{
	return (type->info >> 24) & 0x1f;
}

static uint32_t entries_of(const struct btf_type *type)
{
	return type->info & 0xffff;
}

static bool kind_flag(const struct btf_type *type)
{
	return type->info >> 31;
}

bool gap_btf_probe(const void *data, size_t size_bytes)
{
	struct btf_header header;

	if (size_bytes < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	return (header.magic == BTF_MAGIC || header.magic == BTF_MAGIC_SWAPPED) &&
	       header.version == 1;
}

size_t gap_btf_extent(const void *data, size_t room)
{
	struct btf_header header;
	uint64_t types_end, strings_end, end;

	if (room < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	types_end = (uint64_t)header.types_offset + header.types_bytes;
	strings_end = (uint64_t)header.strings_offset + header.strings_bytes;
	end = header.header_bytes + (types_end > strings_end ? types_end : strings_end);
	if (header.magic != BTF_MAGIC || header.version != 1 ||
	    header.header_bytes < sizeof(header) || header.types_bytes == 0 ||
	    header.strings_bytes == 0 || end > room)
		return 0;
	return (size_t)end;
}

static enum gap_status bad(const struct btf *btf, const char *what, uint32_t id)
{
	return gap_fail(btf->error, GAP_CORRUPT, "BTF is damaged: type [%u] %s", id, what);
}

static enum gap_status open_header(struct btf *btf, const void *data, size_t size_bytes)
{
	struct btf_header header;
	uint64_t body;

	if (size_bytes < sizeof(header))
		return gap_fail(btf->error, GAP_CORRUPT, "BTF is cut: %zu bytes", size_bytes);
	memcpy(&header, data, sizeof(header));
	if (header.magic == BTF_MAGIC_SWAPPED)
		return gap_fail(btf->error, GAP_UNSUPPORTED,
				"BTF is big-endian; semgap reads "
				"little-endian kernels only");
	if (header.magic != BTF_MAGIC || header.version != 1)
		return gap_fail(btf->error, GAP_CORRUPT, "not BTF: magic 0x%04x, version %u",
				header.magic, header.version);
	if (header.header_bytes < sizeof(header) || header.header_bytes > size_bytes)
		return gap_fail(btf->error, GAP_CORRUPT, "BTF is damaged: header of %u bytes",
				header.header_bytes);
	body = size_bytes - header.header_bytes;
	if ((uint64_t)header.types_offset + header.types_bytes > body ||
	    (uint64_t)header.strings_offset + header.strings_bytes > body)
		return gap_fail(btf->error, GAP_CORRUPT,
				"BTF is cut: %zu bytes, its header asks for more", size_bytes);
	btf->types = (const unsigned char *)data + header.header_bytes + header.types_offset;
	btf->types_bytes = header.types_bytes;
	btf->strings = (const char *)data + header.header_bytes + header.strings_offset;
	btf->strings_bytes = header.strings_bytes;
	/* A module may need no string of its own. */
	if (btf->base && btf->strings_bytes == 0)
		return GAP_OK;
	if (btf->strings_bytes == 0 || btf->strings[btf->strings_bytes - 1] != '\0')
		return gap_fail(btf->error, GAP_CORRUPT, "BTF is damaged: its strings do not end");
	if (btf->strings[0] != '\0' && !btf->base)
		return gap_fail(btf->error, GAP_UNSUPPORTED,
				"this is split BTF (of a module); it needs the vmlinux it was "
				"split from");
	return GAP_OK;
}

static struct btf_type type_at(const struct btf *btf, uint32_t id)
{
	struct btf_type type;

	memcpy(&type, btf->types + btf->offsets.items[id - 1 - btf->before], sizeof(type));
	return type;
}

static const unsigned char *behind(const struct btf *btf, uint32_t id)
{
	return btf->types + btf->offsets.items[id - 1 - btf->before] + sizeof(struct btf_type);
}

/* The last own id. Ids up to btf->before are the base's. */
static uint32_t last_id(const struct btf *btf)
{
	return btf->before + btf->offsets.count;
}

/* The text at an offset into the strings of the base and then the own ones; NULL behind both. */
static const char *string_at(const struct btf *btf, uint32_t offset)
{
	if (offset < btf->strings_before)
		return btf->base->strings + offset;
	offset -= btf->strings_before;
	return offset < btf->strings_bytes ? btf->strings + offset : NULL;
}

static enum gap_status find_types(struct btf *btf)
{
	uint32_t at = 0;

	while (at < btf->types_bytes) {
		uint32_t id = last_id(btf) + 1, *offset;
		struct btf_type type;
		uint64_t size = sizeof(type);

		if (btf->types_bytes - at < sizeof(type))
			return bad(btf, "is cut", id);
		memcpy(&type, btf->types + at, sizeof(type));
		if (kind_of(&type) == BTF_VOID || kind_of(&type) >= BTF_KIND_COUNT)
			return gap_fail(btf->error, GAP_UNSUPPORTED,
					"BTF type [%u] is of kind %u, which this version does not "
					"know",
					id, kind_of(&type));
		size += sizes[kind_of(&type)].fixed +
			(uint64_t)sizes[kind_of(&type)].each * entries_of(&type);
		if (size > btf->types_bytes - at)
			return bad(btf, "is cut", id);
		if (!string_at(btf, type.name))
			return bad(btf, "has a name outside the strings", id);
		offset = btf_offsets_push(&btf->offsets);
		if (!offset)
			return gap_fail(btf->error, GAP_NO_MEMORY, "out of memory");
		*offset = at;
		at += (uint32_t)size;
	}
	return GAP_OK;
}

/* FUNC, VAR, DATASEC and DECL_TAG are no types; a TYPE_TAG is the type that it tags. */
static bool is_type(uint32_t kind)
{
	return kind != BTF_FUNC && kind != BTF_VAR && kind != BTF_DATASEC && kind != BTF_DECL_TAG &&
	       kind != BTF_TYPE_TAG;
}

/* A kernel's long is as wide as its pointers: where nothing else tells, the type's size does. */
static void guess_pointer_bytes(struct btf *btf)
{
	for (uint32_t id = btf->before + 1; id <= last_id(btf); id++) {
		struct btf_type type = type_at(btf, id);
		const char *name = string_at(btf, type.name);
		struct gap_build_target target = {.pointer_bytes = (uint8_t)type.size_or_type};

		if (kind_of(&type) != BTF_INT ||
		    (type.size_or_type != 4 && type.size_or_type != 8) ||
		    (strcmp(name, "long unsigned int") != 0 && strcmp(name, "unsigned long") != 0))
			continue;
		gap_builder_target_set(btf->builder, &target);
		return;
	}
}

static enum gap_status assign_ids(struct btf *btf)
{
	uint32_t count = last_id(btf), types = 0;
	gap_type_id next;

	btf->ids = calloc((size_t)count + 1, sizeof(*btf->ids));
	if (!btf->ids)
		return gap_fail(btf->error, GAP_NO_MEMORY, "out of memory");
	for (uint32_t id = btf->before + 1; id <= count; id++) {
		struct btf_type type = type_at(btf, id);

		types += is_type(kind_of(&type));
	}
	next = gap_builder_type_reserve(btf->builder, types);
	for (uint32_t id = btf->before + 1; id <= count && next; id++) {
		struct btf_type type = type_at(btf, id);

		if (is_type(kind_of(&type)))
			btf->ids[id] = next++;
	}
	return GAP_OK;
}

/* The builder's type for a BTF id; follows tags, at most as many as there are types. */
static enum gap_status resolve(const struct btf *btf, uint32_t owner, uint32_t id,
			       gap_type_id *type)
{
	for (uint32_t steps = 0; id > btf->before; steps++) {
		struct btf_type row;

		if (id > last_id(btf))
			return bad(btf, "refers to a type that does not exist", owner);
		row = type_at(btf, id);
		if (kind_of(&row) != BTF_TYPE_TAG)
			break;
		if (steps > btf->offsets.count)
			return bad(btf, "is a circle of tags", owner);
		id = row.size_or_type;
	}
	if (id != 0 && id <= btf->before) {
		*type = btf->base->ids[id];
		return *type == GAP_NONE ? bad(btf, "refers to what is no type", owner) : GAP_OK;
	}
	if (id != 0 && btf->ids[id] == 0)
		return bad(btf, "refers to what is no type", owner);
	*type = id ? btf->ids[id] : 0;
	return GAP_OK;
}

static enum gap_status name_at(const struct btf *btf, uint32_t owner, uint32_t offset,
			       gap_text *name)
{
	const char *text = string_at(btf, offset);

	if (!text)
		return bad(btf, "has a name outside the strings", owner);
	*name = gap_builder_name(btf->builder, text);
	return GAP_OK;
}

static enum gap_status read_int(const struct btf *btf, uint32_t id, struct gap_build_type *out)
{
	uint32_t encoding;

	memcpy(&encoding, behind(btf, id), sizeof(encoding));
	out->kind = GAP_KIND_INT;
	if ((encoding >> 24) & 1)
		out->flags |= GAP_TYPE_SIGNED;
	if ((encoding >> 24) & 2)
		out->flags |= GAP_TYPE_CHAR;
	if ((encoding >> 24) & 4)
		out->flags |= GAP_TYPE_BOOL;
	/* pahole writes no CHAR encoding; the name tells as the compiler meant it. */
	if (out->size_bytes == 1 &&
	    strcmp(gap_builder_string(btf->builder, out->name), "char") == 0)
		out->flags |= GAP_TYPE_CHAR | GAP_TYPE_SIGNED;
	return GAP_OK;
}

static enum gap_status read_array(const struct btf *btf, uint32_t id, struct gap_build_type *out)
{
	struct btf_array array;

	memcpy(&array, behind(btf, id), sizeof(array));
	out->kind = GAP_KIND_ARRAY;
	out->size_bytes = 0;
	out->count = array.count;
	if (array.count == 0)
		out->flags |= GAP_TYPE_FLEXIBLE;
	return resolve(btf, id, array.element, &out->ref);
}

static bool is_transparent(uint32_t kind)
{
	return kind == BTF_TYPEDEF || kind == BTF_VOLATILE || kind == BTF_CONST ||
	       kind == BTF_RESTRICT || kind == BTF_TYPE_TAG;
}

/*
 * In a structure without the kind flag (kernels before 5.0) a bit-field is a member of a narrow
 * integer: the integer's encoding holds where its bits begin and how many they are.
 */
static void read_narrow_int(const struct btf *btf, uint32_t id, struct gap_build_member *member)
{
	/* Split BTF is younger than the flag. */
	for (uint32_t steps = 0; id > btf->before && id <= last_id(btf) && steps < 64; steps++) {
		struct btf_type type = type_at(btf, id);
		uint32_t encoding;

		if (kind_of(&type) == BTF_INT) {
			memcpy(&encoding, behind(btf, id), sizeof(encoding));
			if ((encoding & 0xff) &&
			    (encoding & 0xff) < (uint64_t)type.size_or_type * 8) {
				member->width_bits = encoding & 0xff;
				member->offset_bits += (encoding >> 16) & 0xff;
			}
			return;
		}
		if (!is_transparent(kind_of(&type)))
			return;
		id = type.size_or_type;
	}
}

static enum gap_status read_members(const struct btf *btf, uint32_t id, const struct btf_type *type,
				    struct gap_build_type *out)
{
	struct gap_build_member *members = calloc((size_t)out->count + 1, sizeof(*members));
	enum gap_status status = GAP_OK;

	out->kind = kind_of(type) == BTF_STRUCT ? GAP_KIND_STRUCT : GAP_KIND_UNION;
	for (uint32_t i = 0; members && !status && i < out->count; i++) {
		struct btf_member row;

		memcpy(&row, behind(btf, id) + i * sizeof(row), sizeof(row));
		members[i].offset_bits = kind_flag(type) ? row.offset & 0xffffff : row.offset;
		members[i].width_bits = kind_flag(type) ? row.offset >> 24 : 0;
		if (!kind_flag(type))
			read_narrow_int(btf, row.type, &members[i]);
		status = name_at(btf, id, row.name, &members[i].name);
		if (!status)
			status = resolve(btf, id, row.type, &members[i].type);
	}
	out->members = members;
	if (!members)
		return gap_fail(btf->error, GAP_NO_MEMORY, "out of memory");
	return status;
}

static enum gap_status read_enumerators(const struct btf *btf, uint32_t id,
					const struct btf_type *type, struct gap_build_type *out)
{
	struct gap_build_enumerator *rows = calloc((size_t)out->count + 1, sizeof(*rows));
	uint32_t each = sizes[kind_of(type)].each;
	enum gap_status status = GAP_OK;

	out->kind = GAP_KIND_ENUM;
	if (kind_flag(type))
		out->flags |= GAP_TYPE_SIGNED;
	if (out->count == 0)
		out->flags |= GAP_TYPE_INCOMPLETE;
	for (uint32_t i = 0; rows && !status && i < out->count; i++) {
		uint32_t word[3] = {0};

		memcpy(word, behind(btf, id) + (size_t)i * each, each);
		rows[i].value = ((uint64_t)word[2] << 32) | word[1];
		/* A 32-bit value of a signed enum is kept as the number that it is. */
		if (each == 8 && kind_flag(type))
			rows[i].value = (uint64_t)(int64_t)(int32_t)word[1];
		status = name_at(btf, id, word[0], &rows[i].name);
	}
	out->enumerators = rows;
	if (!rows)
		return gap_fail(btf->error, GAP_NO_MEMORY, "out of memory");
	return status;
}

static enum gap_status read_parameters(const struct btf *btf, uint32_t id,
				       struct gap_build_type *out)
{
	struct gap_build_parameter *rows = calloc((size_t)out->count + 1, sizeof(*rows));
	enum gap_status status = GAP_OK;

	out->kind = GAP_KIND_FUNCTION;
	for (uint32_t i = 0; rows && !status && i < out->count; i++) {
		uint32_t word[2];

		memcpy(word, behind(btf, id) + i * sizeof(word), sizeof(word));
		/* A last parameter without name and type is the ellipsis. */
		if (i + 1 == out->count && word[0] == 0 && word[1] == 0) {
			out->flags |= GAP_TYPE_FLEXIBLE;
			out->count--;
			break;
		}
		status = name_at(btf, id, word[0], &rows[i].name);
		if (!status)
			status = resolve(btf, id, word[1], &rows[i].type);
	}
	out->parameters = rows;
	if (!rows)
		return gap_fail(btf->error, GAP_NO_MEMORY, "out of memory");
	return status;
}

static enum gap_status read_reference(const struct btf *btf, uint32_t id,
				      const struct btf_type *type, struct gap_build_type *out)
{
	static const enum gap_kind kinds[BTF_KIND_COUNT] = {
		[BTF_PTR] = GAP_KIND_POINTER,       [BTF_TYPEDEF] = GAP_KIND_TYPEDEF,
		[BTF_VOLATILE] = GAP_KIND_VOLATILE, [BTF_CONST] = GAP_KIND_CONST,
		[BTF_RESTRICT] = GAP_KIND_RESTRICT, [BTF_FUNC_PROTO] = GAP_KIND_FUNCTION,
	};

	out->kind = kinds[kind_of(type)];
	out->size_bytes = 0;
	return resolve(btf, id, type->size_or_type, &out->ref);
}

static enum gap_status read_type(const struct btf *btf, uint32_t id, const struct btf_type *type,
				 uint8_t pointer_bytes, struct gap_build_type *out)
{
	enum gap_status status = name_at(btf, id, type->name, &out->name);

	out->size_bytes = type->size_or_type;
	out->count = sizes[kind_of(type)].each ? entries_of(type) : 0;
	if (status)
		return status;
	switch (kind_of(type)) {
	case BTF_INT:
		return read_int(btf, id, out);
	case BTF_FLOAT:
		out->kind = GAP_KIND_FLOAT;
		return GAP_OK;
	case BTF_ARRAY:
		return read_array(btf, id, out);
	case BTF_STRUCT:
	case BTF_UNION:
		return read_members(btf, id, type, out);
	case BTF_ENUM:
	case BTF_ENUM64:
		return read_enumerators(btf, id, type, out);
	case BTF_FWD:
		out->kind = kind_flag(type) ? GAP_KIND_UNION : GAP_KIND_STRUCT;
		out->flags = GAP_TYPE_INCOMPLETE;
		out->size_bytes = 0;
		return GAP_OK;
	case BTF_FUNC_PROTO:
		status = read_parameters(btf, id, out);
		if (status)
			return status;
		/* fall through */
	default:
		status = read_reference(btf, id, type, out);
		if (out->kind == GAP_KIND_POINTER)
			out->size_bytes = pointer_bytes;
		return status;
	}
}

static enum gap_status read_all(struct btf *btf, uint8_t pointer_bytes)
{
	for (uint32_t id = btf->before + 1; id <= last_id(btf); id++) {
		struct btf_type type = type_at(btf, id);
		struct gap_build_type out = {0};
		enum gap_status status;

		if (btf->ids[id] == 0)
			continue;
		status = read_type(btf, id, &type, pointer_bytes, &out);
		if (!status)
			gap_builder_type_set(btf->builder, btf->ids[id], &out);
		free((void *)(uintptr_t)out.members);
		free((void *)(uintptr_t)out.enumerators);
		free((void *)(uintptr_t)out.parameters);
		if (status)
			return status;
	}
	return GAP_OK;
}

static enum gap_status tell_functions(const struct btf *btf,
				      void (*on_function)(void *context, gap_text name,
							  gap_type_id type),
				      void *context)
{
	for (uint32_t id = btf->before + 1; on_function && id <= last_id(btf); id++) {
		struct btf_type type = type_at(btf, id);
		gap_type_id target;
		enum gap_status status;

		if (kind_of(&type) != BTF_FUNC && kind_of(&type) != BTF_VAR)
			continue;
		status = resolve(btf, id, type.size_or_type, &target);
		if (status)
			return status;
		on_function(context, gap_builder_name(btf->builder, string_at(btf, type.name)),
			    target);
	}
	return GAP_OK;
}

static enum gap_status read_whole(struct btf *btf, const void *data, size_t size_bytes,
				  void (*on_function)(void *context, gap_text name,
						      gap_type_id type),
				  void *context)
{
	enum gap_status status = open_header(btf, data, size_bytes);

	if (!status)
		status = find_types(btf);
	if (!status)
		guess_pointer_bytes(btf);
	if (!status)
		status = assign_ids(btf);
	if (!status)
		status = read_all(btf, gap_builder_pointer_bytes(btf->builder));
	if (!status)
		status = tell_functions(btf, on_function, context);
	return status;
}

static void deinit(struct btf *btf)
{
	free(btf->offsets.items);
	free(btf->ids);
}

enum gap_status gap_btf_read(struct gap_builder *builder, const void *data, size_t size_bytes,
			     void (*on_function)(void *context, gap_text name, gap_type_id type),
			     void *context, struct gap_error *error)
{
	struct btf btf = {.builder = builder, .error = error};
	enum gap_status status = read_whole(&btf, data, size_bytes, on_function, context);

	deinit(&btf);
	return status;
}

/* Ids of all types as split BTF may refer to them: a tag is the type that it tags. */
static enum gap_status keep_base(const struct btf *btf, struct gap_btf_base *base)
{
	struct gap_btf_base kept = {.strings_bytes = btf->strings_bytes,
				    .type_count = last_id(btf)};

	kept.strings = malloc(kept.strings_bytes);
	kept.ids = calloc((size_t)kept.type_count + 1, sizeof(*kept.ids));
	if (!kept.strings || !kept.ids) {
		gap_btf_base_deinit(&kept);
		return gap_fail(btf->error, GAP_NO_MEMORY, "out of memory");
	}
	memcpy(kept.strings, btf->strings, kept.strings_bytes);
	for (uint32_t id = 1; id <= kept.type_count; id++) {
		struct btf_type type = type_at(btf, id);
		bool tag = kind_of(&type) == BTF_TYPE_TAG;

		kept.ids[id] = tag || is_type(kind_of(&type)) ? 0 : GAP_NONE;
		/* A tag was followed before, by whoever uses it; one that nobody uses may be bad. */
		if (!kept.ids[id] && resolve(btf, id, id, &kept.ids[id]) != GAP_OK)
			kept.ids[id] = GAP_NONE;
	}
	*base = kept;
	return GAP_OK;
}

enum gap_status gap_btf_read_base(struct gap_builder *builder, const void *data, size_t size_bytes,
				  void (*on_function)(void *context, gap_text name,
						      gap_type_id type),
				  void *context, struct gap_btf_base *base, struct gap_error *error)
{
	struct btf btf = {.builder = builder, .error = error};
	enum gap_status status = read_whole(&btf, data, size_bytes, on_function, context);

	if (!status)
		status = keep_base(&btf, base);
	deinit(&btf);
	return status;
}

enum gap_status gap_btf_read_split(struct gap_builder *builder, const struct gap_btf_base *base,
				   const void *data, size_t size_bytes,
				   void (*on_function)(void *context, gap_text name,
						       gap_type_id type),
				   void *context, struct gap_error *error)
{
	struct btf btf = {.builder = builder,
			  .base = base,
			  .before = base->type_count,
			  .strings_before = base->strings_bytes,
			  .error = error};
	enum gap_status status = read_whole(&btf, data, size_bytes, on_function, context);

	deinit(&btf);
	return status;
}

void gap_btf_base_deinit(struct gap_btf_base *base)
{
	free(base->strings);
	free(base->ids);
	*base = (struct gap_btf_base){0};
}
