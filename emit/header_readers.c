/* SPDX-License-Identifier: MIT */
/*
 * Typed readers of the selected fields: static inline functions over semgap/guest.h. A field that
 * no single value holds (an embedded structure, an array of numbers) has its offset only.
 */
#include <string.h>

#include "emit/header_fields.h"

static const char helpers[] = "#ifndef GAP_HEADER_NO_READERS\n"
			      "#include <semgap/guest.h>\n"
			      "\n"
			      "#if defined(__GNUC__)\n"
			      "#define GAP_READER __attribute__((warn_unused_result, unused))\n"
			      "#else\n"
			      "#define GAP_READER\n"
			      "#endif\n"
			      "\n"
			      "static inline GAP_READER struct gap_vaddr gap_header_at(struct "
			      "gap_vaddr object, uint64_t offset_bytes)\n"
			      "{\n"
			      "\tobject.value += offset_bytes;\n"
			      "\treturn object;\n"
			      "}\n";

static const char bits_helper[] =
	"\n"
	"static inline GAP_READER enum gap_status\n"
	"gap_header_bits(struct gap_guest *guest, struct gap_vaddr object, uint64_t offset_bits,\n"
	"\t\tunsigned width_bits, uint64_t *value)\n"
	"{\n"
	"\tunsigned shift = (unsigned)(offset_bits % 8), count = (shift + width_bits + 7) / 8;\n"
	"\tuint8_t bytes[9] = {0};\n"
	"\tuint64_t bits = 0;\n"
	"\tenum gap_status status =\n"
	"\t\tgap_guest_read(guest, gap_header_at(object, offset_bits / 8), bytes, count);\n"
	"\n"
	"\tif (status != GAP_OK)\n"
	"\t\treturn status;\n"
	"\tfor (unsigned i = 0; i < 8; i++)\n"
	"\t\tbits |= (uint64_t)bytes[i] << (8 * i);\n"
	"\tbits >>= shift;\n"
	"\tif (shift)\n"
	"\t\tbits |= (uint64_t)bytes[8] << (64 - shift);\n"
	"\t*value = width_bits < 64 ? bits & ((UINT64_C(1) << width_bits) - 1) : bits;\n"
	"\treturn GAP_OK;\n"
	"}\n";

const char *gap_header_scalar(const struct gap_type *type)
{
	bool is_signed = type->flags & GAP_TYPE_SIGNED;

	if (type->kind != GAP_KIND_INT && type->kind != GAP_KIND_ENUM &&
	    type->kind != GAP_KIND_POINTER)
		return NULL;
	switch (type->size_bytes) {
	case 1:
		return is_signed ? "int8_t" : "uint8_t";
	case 2:
		return is_signed ? "int16_t" : "uint16_t";
	case 4:
		return is_signed ? "int32_t" : "uint32_t";
	case 8:
		return is_signed ? "int64_t" : "uint64_t";
	default:
		return NULL;
	}
}

static void begin_reader(FILE *stream, const char *name, const char *value)
{
	fprintf(stream,
		"\n"
		"static inline GAP_READER enum gap_status\n"
		"gap_read_%s(struct gap_guest *guest, struct gap_vaddr object, %s)\n"
		"{\n",
		name, value);
}

static void write_scalar(FILE *stream, const struct gap_header_field *field, const char *c_type)
{
	unsigned bits = (unsigned)field->type.size_bytes * 8;
	char value[32];

	snprintf(value, sizeof(value), "%s *value", c_type);
	begin_reader(stream, field->name, value);
	if (*c_type == 'u') {
		fprintf(stream,
			"\treturn gap_guest_read_u%u(guest, gap_header_at(object, GAP_OFF_%s), "
			"value);\n"
			"}\n",
			bits, field->name);
		return;
	}
	fprintf(stream,
		"\tuint%u_t raw = 0;\n"
		"\tenum gap_status status =\n"
		"\t\tgap_guest_read_u%u(guest, gap_header_at(object, GAP_OFF_%s), &raw);\n"
		"\n"
		"\tif (status == GAP_OK)\n"
		"\t\t*value = (%s)raw;\n"
		"\treturn status;\n"
		"}\n",
		bits, bits, field->name, c_type);
}

static void write_pointer(FILE *stream, const struct gap_header_field *field)
{
	begin_reader(stream, field->name, "struct gap_vaddr *value");
	fprintf(stream,
		"\treturn gap_guest_read_pointer(guest, gap_header_at(object, GAP_OFF_%s), "
		"value);\n"
		"}\n",
		field->name);
}

static void write_text(FILE *stream, const struct gap_header_field *field)
{
	char value[48];

	snprintf(value, sizeof(value), "char (*value)[%u]", field->type.count);
	begin_reader(stream, field->name, value);
	fprintf(stream,
		"\treturn gap_guest_read(guest, gap_header_at(object, GAP_OFF_%s), *value,\n"
		"\t\t\t      sizeof(*value)); /* as it is: nothing says that it ends in a zero */\n"
		"}\n",
		field->name);
}

static void write_bits(FILE *stream, const struct gap_header_field *field)
{
	uint32_t width = field->selected->location.width_bits;
	bool is_signed = field->type.flags & GAP_TYPE_SIGNED;
	unsigned bits = width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64;
	char value[32];

	snprintf(value, sizeof(value), "%sint%u_t *value", is_signed ? "" : "u", bits);
	begin_reader(stream, field->name, value);
	fprintf(stream,
		"\tuint64_t raw = 0;\n"
		"\tenum gap_status status =\n"
		"\t\tgap_header_bits(guest, object, GAP_BITS_%s_OFFSET,\n"
		"\t\t\t\tGAP_BITS_%s_WIDTH, &raw);\n"
		"\n"
		"\tif (status == GAP_OK)\n",
		field->name, field->name);
	if (is_signed)
		fprintf(stream,
			"\t\t*value = (int%u_t)((raw ^ (UINT64_C(1) << %u)) - (UINT64_C(1) << "
			"%u));\n",
			bits, width - 1, width - 1);
	else
		fprintf(stream, "\t\t*value = (uint%u_t)raw;\n", bits);
	fputs("\treturn status;\n}\n", stream);
}

/* char, by its name where an input (BTF) does not mark it. */
static bool is_text(const struct gap_profile *profile, const struct gap_type *type)
{
	struct gap_type element;

	if (type->kind != GAP_KIND_ARRAY || type->flags & GAP_TYPE_FLEXIBLE || type->count == 0)
		return false;
	gap_profile_type(profile, gap_profile_strip(profile, type->ref), &element);
	return element.kind == GAP_KIND_INT && element.size_bytes == 1 &&
	       (strcmp(element.name, "char") == 0 ||
		(element.flags & GAP_TYPE_CHAR && element.flags & GAP_TYPE_SIGNED));
}

static void write_reader(FILE *stream, const struct gap_profile *profile,
			 const struct gap_header_field *field)
{
	const char *c_type = gap_header_scalar(&field->type);
	struct gap_target target;

	gap_profile_target(profile, &target);
	if (field->selected->location.width_bits > 64)
		fprintf(stream, "\n/* %s is wider than 64 bits: no reader */\n", field->name);
	else if (field->selected->location.width_bits)
		write_bits(stream, field);
	else if (is_text(profile, &field->type))
		write_text(stream, field);
	else if (field->type.kind == GAP_KIND_POINTER &&
		 field->type.size_bytes == target.pointer_bytes)
		write_pointer(stream, field);
	else if (c_type)
		write_scalar(stream, field, c_type);
	else
		fprintf(stream, "\n/* %s is no single value (%s of %llu bytes): no reader */\n",
			field->name, gap_kind_name(field->type.kind),
			(unsigned long long)field->type.size_bytes);
}

void gap_header_write_readers(const struct gap_header_fields *fields, FILE *stream)
{
	bool bits = false;

	for (size_t i = 0; i < fields->count; i++)
		bits |= fields->items[i].selected->location.width_bits != 0;
	putc('\n', stream);
	fputs(helpers, stream);
	if (bits)
		fputs(bits_helper, stream);
	for (size_t i = 0; i < fields->count; i++)
		if (!fields->items[i].left_out)
			write_reader(stream, fields->profile, &fields->items[i]);
	fputs("\n#endif /* GAP_HEADER_NO_READERS */\n", stream);
}
