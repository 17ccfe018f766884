/* SPDX-License-Identifier: MIT */
/* The rules of isf_rules.h, one function each. */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/isf/isf_rules.h"

#define COMPLAINTS_MAX 50
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct check {
	struct json_object *base_types, *user_types, *enums, *symbols;
	FILE *complaints;
	unsigned breaches;
};

static void complain(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct check *check, const char *format, ...)
{
	va_list arguments;

	if (check->breaches++ >= COMPLAINTS_MAX)
		return;
	va_start(arguments, format);
	vfprintf(check->complaints, format, arguments);
	va_end(arguments);
	fputc('\n', check->complaints);
}

static bool is_word_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* All keys of @required are there, and no others but those of @optional. */
static bool has_keys(struct check *check, const char *where, struct json_object *object,
		     const char *const *required, const char *const *optional)
{
	bool fine = true;

	if (!json_object_is_type(object, json_type_object)) {
		complain(check, "%s is no object", where);
		return false;
	}
	for (const char *const *key = required; *key; key++)
		if (!json_object_object_get_ex(object, *key, NULL)) {
			complain(check, "%s lacks \"%s\"", where, *key);
			fine = false;
		}
	json_object_object_foreach(object, key, value)
	{
		(void)value;
		if (!is_word_of(key, required) && !(optional && is_word_of(key, optional))) {
			complain(check, "%s has \"%s\"", where, key);
			fine = false;
		}
	}
	return fine;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

/* A whole number that is not negative, or -1. */
static int64_t count_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return -1;
	return json_object_get_int64(value);
}

/* ---- metadata ---- */

static void check_item(struct check *check, struct json_object *item)
{
	static const char *const required[] = {"kind", "name", NULL};
	static const char *const optional[] = {"hash_type", "hash_value", NULL};
	static const char *const kinds[] = {"dwarf", "symtab", "system-map", NULL};
	const char *hash;

	if (!has_keys(check, "a source", item, required, optional))
		return;
	if (!is_word_of(text_of(item, "kind"), kinds))
		complain(check, "source kind \"%s\"", text_of(item, "kind"));
	if (strchr(text_of(item, "name"), '/'))
		complain(check, "source name \"%s\" is a path", text_of(item, "name"));
	if (!json_object_object_get_ex(item, "hash_type", NULL))
		return;
	hash = text_of(item, "hash_value");
	if (strcmp(text_of(item, "hash_type"), "sha256") != 0 || !*hash ||
	    strspn(hash, "0123456789abcdefABCDEF") != strlen(hash))
		complain(check, "source hash \"%s\"", hash);
}

static void check_items(struct check *check, struct json_object *linux_part, const char *key)
{
	struct json_object *items;

	if (!json_object_object_get_ex(linux_part, key, &items) ||
	    !json_object_is_type(items, json_type_array)) {
		complain(check, "metadata.linux.%s is no array", key);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(items); i++)
		check_item(check, json_object_array_get_idx(items, i));
}

static void check_metadata(struct check *check, struct json_object *metadata)
{
	static const char *const keys[] = {"format", "producer", "linux", NULL};
	static const char *const linux_keys[] = {"symbols", "types", NULL};
	struct json_object *producer, *linux_part;

	if (!has_keys(check, "metadata", metadata, keys, NULL))
		return;
	producer = json_object_object_get(metadata, "producer");
	linux_part = json_object_object_get(metadata, "linux");
	if (strcmp(text_of(metadata, "format"), "6.2.0") != 0)
		complain(check, "format \"%s\"", text_of(metadata, "format"));
	if (!*text_of(producer, "name") || !*text_of(producer, "version"))
		complain(check, "producer lacks name or version");
	if (!has_keys(check, "metadata.linux", linux_part, linux_keys, NULL))
		return;
	check_items(check, linux_part, "symbols");
	check_items(check, linux_part, "types");
}

/* ---- base types ---- */

static void check_base_type(struct check *check, const char *name, struct json_object *base)
{
	static const char *const keys[] = {"size", "signed", "kind", "endian", NULL};
	static const char *const kinds[] = {"void", "int", "float", "char", "bool", NULL};
	static const char *const orders[] = {"little", "big", NULL};

	if (!has_keys(check, name, base, keys, NULL))
		return;
	if (count_of(base, "size") < 0 || !is_word_of(text_of(base, "kind"), kinds) ||
	    !is_word_of(text_of(base, "endian"), orders) ||
	    !json_object_is_type(json_object_object_get(base, "signed"), json_type_boolean))
		complain(check, "base type \"%s\" is malformed", name);
}

static void check_base_types(struct check *check)
{
	int64_t pointer_bytes =
		count_of(json_object_object_get(check->base_types, "pointer"), "size");

	json_object_object_foreach(check->base_types, name, base)
		check_base_type(check, name, base);
	if (pointer_bytes != 4 && pointer_bytes != 8)
		complain(check, "base type pointer has size %lld", (long long)pointer_bytes);
	if (count_of(json_object_object_get(check->base_types, "void"), "size") != 0)
		complain(check, "base type void is missing");
}

static int64_t base_size(const struct check *check, const char *name)
{
	return count_of(json_object_object_get(check->base_types, name), "size");
}

/* ---- type descriptors ---- */

static void check_descriptor(struct check *check, const char *where, struct json_object *type);

static void check_reference(struct check *check, const char *where, struct json_object *type,
			    struct json_object *table)
{
	static const char *const keys[] = {"kind", "name", NULL};

	if (has_keys(check, where, type, keys, NULL) &&
	    !json_object_object_get_ex(table, text_of(type, "name"), NULL))
		complain(check, "%s refers to %s \"%s\", which is not there", where,
			 text_of(type, "kind"), text_of(type, "name"));
}

static void check_aggregate(struct check *check, const char *where, struct json_object *type)
{
	struct json_object *target;

	check_reference(check, where, type, check->user_types);
	if (json_object_object_get_ex(check->user_types, text_of(type, "name"), &target) &&
	    strcmp(text_of(target, "kind"), text_of(type, "kind")) != 0)
		complain(check, "%s says \"%s\" is a %s", where, text_of(type, "name"),
			 text_of(type, "kind"));
}

static void check_array(struct check *check, const char *where, struct json_object *type)
{
	static const char *const keys[] = {"kind", "count", "subtype", NULL};

	if (!has_keys(check, where, type, keys, NULL))
		return;
	if (count_of(type, "count") < 0)
		complain(check, "%s: an array without a count", where);
	check_descriptor(check, where, json_object_object_get(type, "subtype"));
}

static void check_bitfield(struct check *check, const char *where, struct json_object *type)
{
	static const char *const keys[] = {"kind", "bit_position", "bit_length", "type", NULL};
	int64_t position, length, unit;
	struct json_object *base;

	if (!has_keys(check, where, type, keys, NULL))
		return;
	base = json_object_object_get(type, "type");
	check_descriptor(check, where, base);
	if (strcmp(text_of(base, "kind"), "enum") == 0)
		unit = count_of(json_object_object_get(check->enums, text_of(base, "name")),
				"size");
	else if (strcmp(text_of(base, "kind"), "base") == 0)
		unit = base_size(check, text_of(base, "name"));
	else
		unit = -1;
	position = count_of(type, "bit_position");
	length = count_of(type, "bit_length");
	if (position < 0 || length < 1 || position + length > unit * 8)
		complain(check, "%s: bits %lld+%lld are not inside their unit of %lld bytes", where,
			 (long long)position, (long long)length, (long long)unit);
}

static void check_pointer(struct check *check, const char *where, struct json_object *type)
{
	static const char *const keys[] = {"kind", "subtype", NULL};
	static const char *const optional[] = {"base", NULL};

	if (has_keys(check, where, type, keys, optional))
		check_descriptor(check, where, json_object_object_get(type, "subtype"));
}

static void check_descriptor(struct check *check, const char *where, struct json_object *type)
{
	static const char *const keys[] = {"kind", NULL};
	const char *kind = text_of(type, "kind");

	if (strcmp(kind, "pointer") == 0)
		check_pointer(check, where, type);
	else if (strcmp(kind, "array") == 0)
		check_array(check, where, type);
	else if (strcmp(kind, "base") == 0)
		check_reference(check, where, type, check->base_types);
	else if (strcmp(kind, "enum") == 0)
		check_reference(check, where, type, check->enums);
	else if (strcmp(kind, "struct") == 0 || strcmp(kind, "union") == 0)
		check_aggregate(check, where, type);
	else if (strcmp(kind, "bitfield") == 0)
		check_bitfield(check, where, type);
	else if (strcmp(kind, "function") == 0)
		has_keys(check, where, type, keys, NULL);
	else
		complain(check, "%s has a type of kind \"%s\"", where, kind);
}

/* ---- user types ---- */

static void check_field(struct check *check, const char *where, struct json_object *field,
			int64_t size)
{
	static const char *const keys[] = {"type", "offset", NULL};
	static const char *const optional[] = {"anonymous", NULL};
	struct json_object *type;
	const char *kind;

	if (!has_keys(check, where, field, keys, optional))
		return;
	type = json_object_object_get(field, "type");
	kind = text_of(type, "kind");
	if (count_of(field, "offset") < 0 || count_of(field, "offset") > size)
		complain(check, "%s lies at %lld of %lld", where,
			 (long long)count_of(field, "offset"), (long long)size);
	check_descriptor(check, where, type);
	if (json_object_object_get_ex(field, "anonymous", NULL) && strcmp(kind, "struct") != 0 &&
	    strcmp(kind, "union") != 0)
		complain(check, "%s is an anonymous %s: Volatility breaks on it", where, kind);
}

/* Puts the members into @seen as Volatility flattens them: no name may come twice. */
static void flatten(struct check *check, const char *where, struct json_object *type,
		    struct json_object *seen, unsigned depth)
{
	struct json_object *fields, *inner;

	if (depth > 64 || !json_object_object_get_ex(type, "fields", &fields))
		return;
	json_object_object_foreach(fields, name, field)
	{
		if (!json_object_object_get_ex(field, "anonymous", NULL)) {
			if (json_object_object_get_ex(seen, name, NULL))
				complain(check, "%s has \"%s\" twice", where, name);
			json_object_object_add(seen, name, NULL);
			continue;
		}
		inner = json_object_object_get(field, "type");
		flatten(check, where,
			json_object_object_get(check->user_types, text_of(inner, "name")), seen,
			depth + 1);
	}
}

static void check_user_type(struct check *check, const char *name, struct json_object *type)
{
	static const char *const keys[] = {"kind", "size", "fields", NULL};
	const char *kind = text_of(type, "kind");
	struct json_object *seen;
	char where[512];

	if (!has_keys(check, name, type, keys, NULL))
		return;
	if (strcmp(kind, "struct") != 0 && strcmp(kind, "union") != 0)
		complain(check, "%s is a \"%s\"", name, kind);
	if (strchr(name, '!'))
		complain(check, "%s: Volatility reads '!' as a separator", name);
	json_object_object_foreach(json_object_object_get(type, "fields"), field_name, field)
	{
		snprintf(where, sizeof(where), "%s.%s", name, field_name);
		check_field(check, where, field, count_of(type, "size"));
	}
	seen = json_object_new_object();
	flatten(check, name, type, seen, 0);
	json_object_put(seen);
}

/* ---- enums and symbols ---- */

static void check_enum(struct check *check, const char *name, struct json_object *type)
{
	static const char *const keys[] = {"size", "base", "constants", NULL};
	struct json_object *constants;

	if (!has_keys(check, name, type, keys, NULL))
		return;
	if (base_size(check, text_of(type, "base")) < 0)
		complain(check, "enum %s has base \"%s\", which is not there", name,
			 text_of(type, "base"));
	else if (base_size(check, text_of(type, "base")) != count_of(type, "size"))
		complain(check, "enum %s has a base of another size", name);
	constants = json_object_object_get(type, "constants");
	if (!json_object_is_type(constants, json_type_object)) {
		complain(check, "enum %s has no constants", name);
		return;
	}
	json_object_object_foreach(constants, key,
				   value) if (!json_object_is_type(value, json_type_int))
		complain(check, "enum %s: %s is no number", name, key);
}

static void check_symbol(struct check *check, const char *name, struct json_object *symbol)
{
	static const char *const keys[] = {"address", NULL};
	static const char *const optional[] = {"type", "constant_data", NULL};
	struct json_object *value;

	if (!has_keys(check, name, symbol, keys, optional))
		return;
	if (!json_object_is_type(json_object_object_get(symbol, "address"), json_type_int))
		complain(check, "symbol %s has no address", name);
	if (json_object_object_get_ex(symbol, "type", &value))
		check_descriptor(check, name, value);
}

/* ---- what Volatility requires of a kernel ---- */

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Decodes the last two bytes only; false when the text is not base64. */
static bool base64_tail(const char *text, unsigned char tail[2])
{
	size_t length = strlen(text), digits = strcspn(text, "=");
	uint32_t bits = 0;

	if (length == 0 || length % 4 != 0 || length - digits > 2)
		return false;
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 0) {
			tail[0] = tail[1];
			tail[1] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
		}
	}
	return true;
}

static void check_banner(struct check *check)
{
	struct json_object *banner = json_object_object_get(check->symbols, "linux_banner");
	unsigned char tail[2] = {0, 0};

	if (!base64_tail(text_of(banner, "constant_data"), tail))
		complain(check, "linux_banner has no constant_data");
	else if (tail[0] != '\n' || tail[1] != '\0')
		complain(check, "linux_banner does not end in \\n\\0");
}

static void check_required(struct check *check)
{
	static const char *const types[] = {
		"file",          "list_head",      "hlist_head", "mm_struct", "super_block",
		"task_struct",   "vm_area_struct", "qstr",       "dentry",    "fs_struct",
		"files_struct",  "kobject",        "cred",       "inode",     "idr",
		"address_space", "page",           "vfsmount",   "net",       "socket",
		"sock",          "inet_sock",      "unix_sock"};
	static const char *const symbols[] = {"init_task", "init_files", "linux_banner"};
	static const char *const roots[] = {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"};
	bool root = false;

	for (size_t i = 0; i < LENGTH(types); i++)
		if (!json_object_object_get_ex(check->user_types, types[i], NULL))
			complain(check, "no type %s", types[i]);
	for (size_t i = 0; i < LENGTH(symbols); i++)
		if (!json_object_object_get_ex(check->symbols, symbols[i], NULL))
			complain(check, "no symbol %s", symbols[i]);
	for (size_t i = 0; i < LENGTH(roots); i++)
		root |= json_object_object_get_ex(check->symbols, roots[i], NULL);
	if (!root)
		complain(check, "no symbol for the page tables");
	check_banner(check);
}

/* ---- the document ---- */

unsigned isf_check(struct json_object *document, bool whole, FILE *complaints)
{
	static const char *const keys[] = {"metadata", "base_types", "user_types",
					   "enums",    "symbols",    NULL};
	struct check check = {.complaints = complaints};

	if (!has_keys(&check, "the document", document, keys, NULL))
		return check.breaches;
	check.base_types = json_object_object_get(document, "base_types");
	check.user_types = json_object_object_get(document, "user_types");
	check.enums = json_object_object_get(document, "enums");
	check.symbols = json_object_object_get(document, "symbols");
	check_metadata(&check, json_object_object_get(document, "metadata"));
	check_base_types(&check);
	json_object_object_foreach(check.user_types, type_name, type)
		check_user_type(&check, type_name, type);
	json_object_object_foreach(check.enums, enum_name, enumeration)
		check_enum(&check, enum_name, enumeration);
	json_object_object_foreach(check.symbols, symbol_name, symbol)
		check_symbol(&check, symbol_name, symbol);
	if (whole)
		check_required(&check);
	return check.breaches;
}
