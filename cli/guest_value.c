/* SPDX-License-Identifier: MIT */
/*
 * Printing typed values. Two printers, one for people and one in JSON, each a table with a row per
 * kind of type; both descend through the profile, never through pointers of the guest, so that
 * their work is bounded by the profile and by values_left.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_place.h"
#include "cli/guest_value.h"

#define VALUES_MAX 200000
#define LIST_STEPS_MAX 2000000
#define DEPTH_MAX 32
#define TEXT_MAX 4096  /* of a char array */
#define PREVIEW_MAX 64 /* of what a char pointer leads to */
#define NAME_MAX_BYTES 512

void value_reader_init(struct value_reader *reader, struct gap_guest *guest,
		       struct gap_address_space *space)
{
	*reader = (struct value_reader){.guest = guest,
					.space = space,
					.values_left = VALUES_MAX,
					.steps_left = LIST_STEPS_MAX};
}

static void GAP_PRINTF(2, 3) note(struct value_reader *reader, const char *format, ...)
{
	va_list arguments;

	if (reader->status)
		return;
	reader->status = GAP_PARTIAL;
	va_start(arguments, format);
	vsnprintf(reader->error.text, sizeof(reader->error.text), format, arguments);
	va_end(arguments);
}

/* ---- reading ---- */

enum gap_status value_read(struct value_reader *reader, uint64_t address, void *buffer,
			   size_t size_bytes)
{
	struct gap_vaddr at = {address};

	if (reader->space)
		return gap_space_read(reader->space, at, buffer, size_bytes);
	return gap_guest_read(reader->guest, at, buffer, size_bytes);
}

static const struct gap_profile *profile_of(const struct value_reader *reader)
{
	return gap_guest_profile(reader->guest);
}

/* The type that a value has when typedefs and qualifiers are gone. */
static struct gap_type bare_type(const struct value_reader *reader, gap_type_id id)
{
	struct gap_type type = {0};

	gap_profile_type(profile_of(reader), gap_profile_strip(profile_of(reader), id), &type);
	return type;
}

static uint64_t sign_extend(uint64_t number, uint32_t bits)
{
	uint64_t sign = bits ? (uint64_t)1 << (bits - 1) : 0;

	return bits && bits < 64 ? (number ^ sign) - sign : number;
}

enum gap_status value_number(struct value_reader *reader, const struct value *value,
			     uint64_t *number)
{
	struct gap_type type = bare_type(reader, value->type);
	uint32_t bits = value->width_bits ? value->width_bits : (uint32_t)type.size_bytes * 8;
	size_t size_bytes = (value->bit_offset + bits + 7) / 8;
	unsigned char bytes[16] = {0};
	uint64_t low, high;
	enum gap_status status;

	if (!bits || bits > 64 || value->bit_offset > 7)
		return GAP_INVALID;
	status = value_read(reader, value->address, bytes, size_bytes);
	if (status)
		return status;
	memcpy(&low, bytes, sizeof(low)); /* little-endian, as hosts and guests are */
	memcpy(&high, bytes + 8, sizeof(high));
	low >>= value->bit_offset;
	if (value->bit_offset)
		low |= high << (64 - value->bit_offset);
	if (bits < 64)
		low &= ((uint64_t)1 << bits) - 1;
	*number = type.flags & GAP_TYPE_SIGNED ? sign_extend(low, bits) : low;
	return GAP_OK;
}

/* The value is spent; false when there were too many. */
static bool spend(struct value_reader *reader)
{
	if (reader->values_left) {
		reader->values_left--;
		return true;
	}
	note(reader, "the value has more than %d parts", VALUES_MAX);
	return false;
}

static struct value member_value(const struct value *value, const struct gap_member *member)
{
	return (struct value){.type = member->type,
			      .address = value->address + member->offset_bits / 8,
			      .bit_offset = (uint32_t)(member->offset_bits % 8),
			      .width_bits = member->width_bits};
}

static const char *enumerator_name(const struct value_reader *reader, const struct gap_type *type,
				   uint64_t number)
{
	struct gap_enumerator row;

	for (uint32_t i = 0; i < type->count; i++)
		if (gap_profile_enumerator(profile_of(reader), type->first + i, &row) &&
		    row.value == number)
			return row.name;
	return "";
}

/* Counts the other elements of a closed list; -1 when it is not closed. */
static int64_t list_length(struct value_reader *reader, uint64_t address)
{
	struct gap_list list;
	struct gap_vaddr link, head = {address};
	int64_t count = 0;

	if (reader->space || !reader->steps_left)
		return -1;
	gap_list_init(&list, reader->guest, head, reader->steps_left);
	while (gap_list_next(&list, &link))
		count++;
	reader->steps_left -= list.steps < reader->steps_left ? list.steps : reader->steps_left;
	return list.status ? -1 : count;
}

static bool is_list_head(const struct gap_type *type)
{
	return type->kind == GAP_KIND_STRUCT && strcmp(type->name, "list_head") == 0;
}

static bool is_char(const struct gap_type *type)
{
	return type->kind == GAP_KIND_INT && type->size_bytes == 1 && type->flags & GAP_TYPE_CHAR;
}

/* Text up to its end, or to the buffer's; false when there is none to show. */
static bool read_string(struct value_reader *reader, uint64_t address, char *text, size_t capacity)
{
	struct gap_vaddr at = {address};
	enum gap_status status;

	if (reader->space)
		status = gap_space_read_string(reader->space, at, text, capacity);
	else
		status = gap_guest_read_string(reader->guest, at, text, capacity);
	return !status || (status == GAP_PARTIAL && *text);
}

/* Text behind a pointer to char; false when there is none to show. */
static bool preview(struct value_reader *reader, const struct gap_type *pointer, uint64_t address,
		    char text[PREVIEW_MAX])
{
	struct gap_type target = bare_type(reader, pointer->ref);

	return address && pointer->ref && is_char(&target) &&
	       read_string(reader, address, text, PREVIEW_MAX);
}

/* A char array up to its first zero: its length, or -1 when it cannot be read. One without a bound ends at a zero. */
static int64_t read_text(struct value_reader *reader, const struct value *value,
			 const struct gap_type *array, char text[TEXT_MAX])
{
	size_t size_bytes = array->size_bytes < TEXT_MAX ? array->size_bytes : TEXT_MAX;

	if (array->count ? value_read(reader, value->address, text, size_bytes) != GAP_OK
			 : !read_string(reader, value->address, text, TEXT_MAX)) {
		note(reader, "0x%" PRIx64 " cannot be read", value->address);
		return -1;
	}
	return (int64_t)strnlen(text, array->count ? size_bytes : TEXT_MAX);
}

/* Is an array of bytes a text? Bytes of "unsigned char" (u8) are as often numbers: they are text when nothing is behind
 * their end, and before it only what can be printed. */
static bool is_text(struct value_reader *reader, const struct value *value,
		    const struct gap_type *array, const struct gap_type *element)
{
	size_t size_bytes = array->size_bytes < TEXT_MAX ? array->size_bytes : TEXT_MAX, length;
	char text[TEXT_MAX];

	if (!is_char(element))
		return false;
	if (strcmp(element->name, "unsigned char") != 0)
		return true;
	if (!array->count || value_read(reader, value->address, text, size_bytes))
		return false;
	length = strnlen(text, size_bytes);
	for (size_t i = 0; i < size_bytes; i++)
		if (i < length ? (unsigned char)text[i] < 0x20 || text[i] == 0x7f : text[i] != 0)
			return false;
	return length > 0;
}

/* How many elements from the end are all zero. */
static uint32_t zero_tail(struct value_reader *reader, const struct value *value, uint32_t count,
			  uint64_t size_bytes)
{
	uint32_t zeros = 0;

	while (zeros < count) {
		uint64_t at = value->address + (count - zeros - 1) * size_bytes;

		for (uint64_t done = 0; done < size_bytes;) {
			unsigned char bytes[256];
			size_t part = size_bytes - done < sizeof(bytes)
					      ? (size_t)(size_bytes - done)
					      : sizeof(bytes);

			if (value_read(reader, at + done, bytes, part))
				return zeros;
			for (size_t i = 0; i < part; i++)
				if (bytes[i])
					return zeros;
			done += part;
		}
		zeros++;
	}
	return zeros;
}

/* ---- for people ---- */

static void print_at(struct value_reader *reader, const struct value *value, int depth);

static void indent(int depth)
{
	printf("%*s", 4 * depth, "");
}

static void print_unreadable(struct value_reader *reader, const struct value *value)
{
	note(reader, "0x%" PRIx64 " cannot be read", value->address);
	printf("(unreadable)");
}

static void print_quoted(const char *text, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else
			out_text(&text[i], 1);
	}
	putchar('"');
}

static void print_int(struct value_reader *reader, const struct value *value,
		      const struct gap_type *type, uint64_t number, int depth)
{
	(void)reader;
	(void)value;
	(void)depth;
	if (type->flags & GAP_TYPE_BOOL && number <= 1)
		printf("%s", number ? "true" : "false");
	else if (type->flags & GAP_TYPE_SIGNED)
		printf("%" PRId64, (int64_t)number);
	else if (number > 0xffff)
		printf("%" PRIu64 " /* 0x%" PRIx64 " */", number, number);
	else
		printf("%" PRIu64, number);
}

static void print_pointer(struct value_reader *reader, const struct value *value,
			  const struct gap_type *type, uint64_t number, int depth)
{
	char name[NAME_MAX_BYTES], text[PREVIEW_MAX];

	(void)value;
	(void)depth;
	place_name(reader->guest, number, name, sizeof(name));
	printf("0x%" PRIx64, number);
	if (number && *name && !reader->space)
		printf(" <%s>", name);
	if (preview(reader, type, number, text)) {
		putchar(' ');
		print_quoted(text, strlen(text));
	}
}

static void print_enum(struct value_reader *reader, const struct value *value,
		       const struct gap_type *type, uint64_t number, int depth)
{
	const char *name = enumerator_name(reader, type, number);

	(void)value;
	(void)depth;
	if (*name)
		printf("%s ", name);
	printf(*name ? "(%" PRId64 ")" : "%" PRId64, (int64_t)number);
}

static void print_members(struct value_reader *reader, const struct value *value,
			  const struct gap_type *type, int depth)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		struct value inner;
		struct gap_type bare;

		if (!gap_profile_member(profile_of(reader), type->first + i, &member))
			continue;
		inner = member_value(value, &member);
		bare = bare_type(reader, member.type);
		if (!*member.name &&
		    (bare.kind == GAP_KIND_STRUCT || bare.kind == GAP_KIND_UNION)) {
			if (depth < DEPTH_MAX)
				print_members(reader, &inner, &bare, depth);
			continue;
		}
		if (!*member.name)
			continue;
		indent(depth);
		printf(".%s = ", member.name);
		print_at(reader, &inner, depth);
		printf(",\n");
	}
}

static void print_struct(struct value_reader *reader, const struct value *value,
			 const struct gap_type *type, uint64_t number, int depth)
{
	(void)number;
	if (type->flags & GAP_TYPE_INCOMPLETE) {
		printf("{ /* its members are unknown */ }");
		return;
	}
	printf("{");
	if (is_list_head(type)) {
		int64_t length = list_length(reader, value->address);

		if (length >= 0)
			printf(" /* a list of %" PRId64 " */", length);
	}
	printf("\n");
	print_members(reader, value, type, depth + 1);
	indent(depth);
	printf("}");
}

static void print_elements(struct value_reader *reader, const struct value *value,
			   const struct gap_type *type, const struct gap_type *element, int depth)
{
	uint32_t zeros = zero_tail(reader, value, type->count, element->size_bytes);
	uint32_t shown = zeros > 1 ? type->count - zeros : type->count;

	printf("{");
	for (uint32_t i = 0; i < shown && spend(reader); i++) {
		struct value inner = {.type = type->ref,
				      .address = value->address + i * element->size_bytes};

		printf("%s", i ? ", " : " ");
		print_at(reader, &inner, depth);
	}
	if (shown < type->count && zeros > 1)
		printf("%s/* %u elements of zero */", shown ? ", " : " ", zeros);
	printf(" }");
}

static void print_array(struct value_reader *reader, const struct value *value,
			const struct gap_type *type, uint64_t number, int depth)
{
	struct gap_type element = bare_type(reader, type->ref);
	char text[TEXT_MAX];

	(void)number;
	if (is_text(reader, value, type, &element)) {
		int64_t length = read_text(reader, value, type, text);

		if (length >= 0)
			print_quoted(text, (size_t)length);
		else
			printf("(unreadable)");
	} else if (!type->count) {
		printf("{ /* no bound is known */ }");
	} else {
		print_elements(reader, value, type, &element, depth);
	}
}

static void print_function(struct value_reader *reader, const struct value *value,
			   const struct gap_type *type, uint64_t number, int depth)
{
	char name[NAME_MAX_BYTES];

	(void)type;
	(void)number;
	(void)depth;
	place_name(reader->guest, value->address, name, sizeof(name));
	printf("a function at 0x%" PRIx64 " <%s>", value->address, name);
}

static void print_bytes(struct value_reader *reader, const struct value *value,
			const struct gap_type *type, uint64_t number, int depth)
{
	unsigned char bytes[32];

	(void)number;
	(void)depth;
	if (!type->size_bytes || type->size_bytes > sizeof(bytes)) {
		printf("(of a type that is not known)");
		return;
	}
	if (value_read(reader, value->address, bytes, type->size_bytes)) {
		print_unreadable(reader, value);
		return;
	}
	printf("bytes");
	for (uint64_t i = 0; i < type->size_bytes; i++)
		printf(" %02x", bytes[i]);
}

/* One row per kind; scalar kinds get their number. */
static const struct {
	bool scalar;
	void (*print)(struct value_reader *reader, const struct value *value,
		      const struct gap_type *type, uint64_t number, int depth);
} printers[GAP_KIND_COUNT] = {
	[GAP_KIND_INT] = {true, print_int},
	[GAP_KIND_POINTER] = {true, print_pointer},
	[GAP_KIND_ENUM] = {true, print_enum},
	[GAP_KIND_STRUCT] = {false, print_struct},
	[GAP_KIND_UNION] = {false, print_struct},
	[GAP_KIND_ARRAY] = {false, print_array},
	[GAP_KIND_FUNCTION] = {false, print_function},
};

static void print_at(struct value_reader *reader, const struct value *value, int depth)
{
	struct gap_type type = bare_type(reader, value->type);
	uint64_t number = 0;

	if (depth > DEPTH_MAX || !spend(reader)) {
		printf("…");
		return;
	}
	if (!printers[type.kind].print || (printers[type.kind].scalar && type.size_bytes > 8)) {
		print_bytes(reader, value, &type, 0, depth);
		return;
	}
	if (printers[type.kind].scalar && value_number(reader, value, &number)) {
		print_unreadable(reader, value);
		return;
	}
	printers[type.kind].print(reader, value, &type, number, depth);
}

void value_print(struct value_reader *reader, const struct value *value)
{
	print_at(reader, value, 0);
}

/* ---- JSON ---- */

static void json_at(struct value_reader *reader, const struct value *value, struct gap_json *json,
		    int depth);

static void json_int(struct value_reader *reader, const struct value *value,
		     const struct gap_type *type, uint64_t number, struct gap_json *json, int depth)
{
	(void)reader;
	(void)value;
	(void)depth;
	if (type->flags & GAP_TYPE_BOOL && number <= 1)
		gap_json_bool(json, number);
	else if (type->size_bytes > 4)
		gap_json_hex(json, number);
	else if (type->flags & GAP_TYPE_SIGNED)
		gap_json_signed(json, (int64_t)number);
	else
		gap_json_number(json, number);
}

static void json_pointer(struct value_reader *reader, const struct value *value,
			 const struct gap_type *type, uint64_t number, struct gap_json *json,
			 int depth)
{
	char name[NAME_MAX_BYTES], text[PREVIEW_MAX];

	(void)value;
	(void)depth;
	place_name(reader->guest, number, name, sizeof(name));
	gap_json_open(json, '{');
	out_json_hex(json, "pointer", true, number);
	if (*name && !reader->space)
		gap_json_key_name(json, "symbol", name);
	if (preview(reader, type, number, text))
		gap_json_key_text(json, "text", text, strlen(text));
	gap_json_close(json, '}');
}

static void json_enum(struct value_reader *reader, const struct value *value,
		      const struct gap_type *type, uint64_t number, struct gap_json *json,
		      int depth)
{
	const char *name = enumerator_name(reader, type, number);

	(void)value;
	(void)depth;
	gap_json_open(json, '{');
	gap_json_key(json, "number");
	gap_json_signed(json, (int64_t)number);
	gap_json_key(json, "name");
	if (*name)
		gap_json_name(json, name);
	else
		gap_json_null(json);
	gap_json_close(json, '}');
}

static void json_members(struct value_reader *reader, const struct value *value,
			 const struct gap_type *type, struct gap_json *json, int depth)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		struct gap_type bare;
		struct value inner;

		if (!gap_profile_member(profile_of(reader), type->first + i, &member))
			continue;
		inner = member_value(value, &member);
		bare = bare_type(reader, member.type);
		if (*member.name) {
			gap_json_key(json, member.name);
			json_at(reader, &inner, json, depth + 1);
		} else if ((bare.kind == GAP_KIND_STRUCT || bare.kind == GAP_KIND_UNION) &&
			   depth < DEPTH_MAX) {
			json_members(reader, &inner, &bare, json, depth + 1);
		}
	}
}

static void json_struct(struct value_reader *reader, const struct value *value,
			const struct gap_type *type, uint64_t number, struct gap_json *json,
			int depth)
{
	(void)number;
	gap_json_open(json, '{');
	json_members(reader, value, type, json, depth);
	if (is_list_head(type)) {
		int64_t length = list_length(reader, value->address);

		out_json_signed(json, "list_length", length >= 0, length);
	}
	gap_json_close(json, '}');
}

static void json_array(struct value_reader *reader, const struct value *value,
		       const struct gap_type *type, uint64_t number, struct gap_json *json,
		       int depth)
{
	struct gap_type element = bare_type(reader, type->ref);
	char text[TEXT_MAX];

	(void)number;
	if (is_text(reader, value, type, &element)) {
		int64_t length = read_text(reader, value, type, text);

		gap_json_open(json, '{');
		if (length >= 0)
			gap_json_key_text(json, "text", text, (size_t)length);
		else
			out_json_null(json, "text");
		gap_json_close(json, '}');
		return;
	}
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < type->count && spend(reader); i++) {
		struct value inner = {.type = type->ref,
				      .address = value->address + i * element.size_bytes};

		json_at(reader, &inner, json, depth + 1);
	}
	gap_json_close(json, ']');
}

static void json_function(struct value_reader *reader, const struct value *value,
			  const struct gap_type *type, uint64_t number, struct gap_json *json,
			  int depth)
{
	json_pointer(reader, value, type, number ? number : value->address, json, depth);
}

static void json_bytes(struct value_reader *reader, const struct value *value,
		       const struct gap_type *type, struct gap_json *json)
{
	unsigned char bytes[32];

	if (!type->size_bytes || type->size_bytes > sizeof(bytes) ||
	    value_read(reader, value->address, bytes, type->size_bytes)) {
		note(reader, "0x%" PRIx64 " cannot be read", value->address);
		gap_json_null(json);
		return;
	}
	gap_json_open(json, '{');
	gap_json_key(json, "bytes");
	gap_json_digits(json, bytes, type->size_bytes);
	gap_json_close(json, '}');
}

static void (*const json_printers[GAP_KIND_COUNT])(struct value_reader *reader,
						   const struct value *value,
						   const struct gap_type *type, uint64_t number,
						   struct gap_json *json, int depth) = {
	[GAP_KIND_INT] = json_int,           [GAP_KIND_POINTER] = json_pointer,
	[GAP_KIND_ENUM] = json_enum,         [GAP_KIND_STRUCT] = json_struct,
	[GAP_KIND_UNION] = json_struct,      [GAP_KIND_ARRAY] = json_array,
	[GAP_KIND_FUNCTION] = json_function,
};

static void json_at(struct value_reader *reader, const struct value *value, struct gap_json *json,
		    int depth)
{
	struct gap_type type = bare_type(reader, value->type);
	bool scalar = printers[type.kind].scalar;
	uint64_t number = 0;

	if (depth > DEPTH_MAX || !spend(reader)) {
		gap_json_null(json);
	} else if (!json_printers[type.kind] || (scalar && type.size_bytes > 8)) {
		json_bytes(reader, value, &type, json);
	} else if (scalar && value_number(reader, value, &number)) {
		note(reader, "0x%" PRIx64 " cannot be read", value->address);
		gap_json_null(json);
	} else {
		json_printers[type.kind](reader, value, &type, number, json, depth);
	}
}

void value_print_json(struct value_reader *reader, const struct value *value, struct gap_json *json)
{
	json_at(reader, value, json, 0);
}
