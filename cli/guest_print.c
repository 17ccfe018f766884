/* SPDX-License-Identifier: MIT */
/*
 * semgap guest read and print: a variable, or a type at an address, with its value. Here is what
 * the user may write; printing values is guest_value.c's work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_place.h"
#include "cli/guest_value.h"
#include "emit/cdecl.h"
#include "runtime/include/semgap/walks.h"

#define NAME_BYTES 1024

struct asked {
	const char *text;
	const char *path; /* what follows the variable or the address */
	char warning[256];
	struct value value;
};

/* ---- where the words lead ---- */

static enum gap_status symbol_value(struct gap_guest *guest, const struct guest_request *request,
				    const struct gap_symbol *symbol, const char *name,
				    struct value *value, struct gap_error *error)
{
	struct gap_guest_info info;
	struct gap_vaddr at;
	enum gap_status status;

	gap_guest_info(guest, &info);
	value->type = symbol->type;
	value->address = symbol->address;
	if (!(symbol->flags & GAP_SYMBOL_ABSOLUTE))
		value->address += info.virtual_slide;
	if (!(symbol->flags & GAP_SYMBOL_PERCPU) && request->given & GUEST_OPTION_CPU)
		return gap_fail(error, GAP_INVALID, "%s is one for all CPUs: leave out --cpu",
				name);
	if (!(symbol->flags & GAP_SYMBOL_PERCPU))
		return GAP_OK;
	if (!(request->given & GUEST_OPTION_CPU))
		return gap_fail(error, GAP_INVALID,
				"%s is a variable of each CPU: choose one with --cpu N", name);
	if (request->cpu > UINT32_MAX)
		return gap_fail(error, GAP_NOT_FOUND, "there is no such CPU");
	status = gap_guest_percpu(guest, (uint32_t)request->cpu, name, &at, error);
	value->address = at.value;
	return status;
}

/* What is needed for booting only (free_initmem()). */
static bool is_freed(const struct gap_profile *profile, const struct gap_symbol *symbol)
{
	struct gap_symbol begin, end;

	return !(symbol->flags & (GAP_SYMBOL_PERCPU | GAP_SYMBOL_ABSOLUTE)) &&
	       !gap_profile_find_symbol(profile, "__init_begin", &begin, NULL) &&
	       !gap_profile_find_symbol(profile, "__init_end", &end, NULL) &&
	       symbol->address >= begin.address && symbol->address < end.address;
}

/* A symbol without a type may be another name of one that has one: jiffies is one of jiffies_64, whose
 * beginning it is on 32-bit kernels. */
static void take_type_of_alias(const struct gap_profile *profile, struct gap_symbol *symbol)
{
	struct gap_symbol other;

	for (uint32_t row = 0; symbol->type == GAP_NONE && gap_profile_symbol(profile, row, &other);
	     row++)
		if (other.address == symbol->address && other.type != GAP_NONE &&
		    (other.flags & GAP_SYMBOL_PERCPU) == (symbol->flags & GAP_SYMBOL_PERCPU) &&
		    (!symbol->size_bytes || symbol->size_bytes == other.size_bytes))
			symbol->type = other.type;
}

/* The longest part of the text that is a symbol: names of symbols may have dots, paths too. */
static enum gap_status find_variable(struct gap_guest *guest, const struct guest_request *request,
				     struct asked *asked, struct gap_error *error)
{
	size_t length = strlen(asked->text);
	char name[NAME_BYTES];
	struct gap_symbol symbol;
	enum gap_status status;

	if (length >= sizeof(name))
		return gap_fail(error, GAP_INVALID, "a name of %zu bytes is too long", length);
	for (size_t cut = length; cut > 0; cut--) {
		if (cut < length && !strchr(".[", asked->text[cut]) &&
		    strncmp(asked->text + cut, "->", 2) != 0)
			continue;
		memcpy(name, asked->text, cut);
		name[cut] = '\0';
		status = gap_profile_find_symbol(gap_guest_profile(guest), name, &symbol, error);
		if (status == GAP_NOT_FOUND)
			continue;
		asked->path = asked->text + cut;
		if (!status)
			take_type_of_alias(gap_guest_profile(guest), &symbol);
		if (!status && is_freed(gap_guest_profile(guest), &symbol))
			snprintf(asked->warning, sizeof(asked->warning),
				 "%.100s lies in memory that the kernel frees after boot: it may "
				 "hold "
				 "anything by now",
				 name);
		return status ? status
			      : symbol_value(guest, request, &symbol, name, &asked->value, error);
	}
	return gap_fail(error, GAP_NOT_FOUND, "no symbol \"%.300s\" in this profile", asked->text);
}

/* Where "@ADDRESS" begins in TYPE@ADDRESS[path]; NULL: the text is no such thing. TYPE may have an
 * @FILE. */
static const char *find_at(const char *text)
{
	const char *at = strrchr(text, '@');

	return at && at[1] >= '0' && at[1] <= '9' ? at : NULL;
}

static enum gap_status parse_type(struct gap_guest *guest, const char *text, size_t length,
				  gap_type_id *type, struct gap_error *error)
{
	char name[NAME_BYTES];

	if (length >= sizeof(name))
		return gap_fail(error, GAP_INVALID, "a name of %zu bytes is too long", length);
	memcpy(name, text, length);
	name[length] = '\0';
	return gap_profile_find_type(gap_guest_profile(guest), name, type, error);
}

static enum gap_status no_cpu(struct gap_error *error)
{
	return gap_fail(error, GAP_INVALID, "an address is the same for all CPUs: leave out --cpu");
}

/* TYPE@SYMBOL[path]. What is no symbol may be a file: TYPE@FILE, which is no place. */
static enum gap_status find_at_symbol(struct gap_guest *guest, const struct guest_request *request,
				      struct asked *asked, struct gap_error *error)
{
	const char *at = strrchr(asked->text, '@');
	struct asked symbol = {.text = at ? at + 1 : "", .path = ""};
	gap_type_id type;
	enum gap_status status = at ? find_variable(guest, request, &symbol, error) : GAP_NOT_FOUND;

	if (!status)
		status = parse_type(guest, asked->text, (size_t)(at - asked->text), &type, error);
	if (status)
		return status;
	symbol.text = asked->text;
	symbol.value.type = type;
	*asked = symbol;
	return GAP_OK;
}

static enum gap_status find_place(struct gap_guest *guest, const struct guest_request *request,
				  struct asked *asked, struct gap_error *error)
{
	const char *at = find_at(asked->text);
	size_t length;

	if (!at && strchr(asked->text, '@'))
		return find_at_symbol(guest, request, asked, error);
	if (!at)
		return find_variable(guest, request, asked, error);
	if (request->given & GUEST_OPTION_CPU)
		return no_cpu(error);
	length = guest_number_length(at + 1, &asked->value.address);
	if (length == 0)
		return gap_fail(error, GAP_INVALID, "\"%s\" does not begin with a 64-bit number",
				at + 1);
	asked->path = at + 1 + length;
	return parse_type(guest, asked->text, (size_t)(at - asked->text), &asked->value.type,
			  error);
}

/* ---- along the path ---- */

static enum gap_status follow_pointer(struct value_reader *reader, struct value *value,
				      struct gap_error *error)
{
	const struct gap_profile *profile = gap_guest_profile(reader->guest);
	struct gap_type type;
	uint64_t number;

	if (!gap_profile_type(profile, gap_profile_strip(profile, value->type), &type) ||
	    type.kind != GAP_KIND_POINTER)
		return gap_fail(error, GAP_INVALID, "-> follows something that is no pointer");
	if (value_number(reader, value, &number))
		return gap_fail(error, GAP_UNREADABLE, "0x%llx cannot be read",
				(unsigned long long)value->address);
	if (!number)
		return gap_fail(error, GAP_UNREADABLE, "the pointer at 0x%llx is null",
				(unsigned long long)value->address);
	*value = (struct value){.type = type.ref, .address = number};
	return GAP_OK;
}

static enum gap_status step(const struct gap_profile *profile, struct value *value,
			    const char *path, size_t length, struct gap_error *error)
{
	struct gap_location location;
	char text[NAME_BYTES];
	enum gap_status status;

	if (length >= sizeof(text))
		return gap_fail(error, GAP_INVALID, "a path of %zu bytes is too long", length);
	memcpy(text, path, length);
	text[length] = '\0';
	status = gap_profile_find_member(profile, value->type, text, &location, error);
	if (status)
		return status;
	value->type = location.type;
	value->address += location.offset_bits / 8;
	value->bit_offset = (uint32_t)(location.offset_bits % 8);
	value->width_bits = location.width_bits;
	return GAP_OK;
}

/* ".a.b[3]->c": members, and pointers that are followed. */
static enum gap_status walk_path(struct value_reader *reader, struct asked *asked,
				 struct gap_error *error)
{
	const struct gap_profile *profile = gap_guest_profile(reader->guest);
	const char *at = asked->path;
	enum gap_status status = GAP_OK;

	while (!status && *at) {
		const char *arrow = strstr(at, "->");
		size_t length = arrow ? (size_t)(arrow - at) : strlen(at);

		if (arrow == at) {
			status = follow_pointer(reader, &asked->value, error);
			at += 2;
			continue;
		}
		if (*at == '.' && at == asked->path) {
			at++;
			length--;
		}
		status = step(profile, &asked->value, at, length, error);
		at += length;
	}
	return status;
}

/* ---- printing ---- */

static enum gap_status check_type(const struct gap_profile *profile, const struct asked *asked,
				  struct gap_error *error)
{
	struct gap_type type;

	if (asked->value.type == GAP_NONE || asked->value.type == 0 ||
	    !gap_profile_type(profile, asked->value.type, &type))
		return gap_fail(error, GAP_NOT_FOUND,
				"the profile does not know the type of \"%.300s\", which is at "
				"0x%llx: say it as TYPE@0x%llx",
				asked->text, (unsigned long long)asked->value.address,
				(unsigned long long)asked->value.address);
	return GAP_OK;
}

static void print_json(struct value_reader *reader, const struct asked *asked, const char *schema,
		       const char *declaration)
{
	struct gap_json json = {.stream = stdout};
	struct gap_type type;

	/* The value comes before what is known only after it was read. */
	gap_profile_type(gap_guest_profile(reader->guest), asked->value.type, &type);
	gap_json_open(&json, '{');
	gap_json_key_name(&json, "schema", schema);
	gap_json_key(&json, "values");
	gap_json_open(&json, '[');
	gap_json_open(&json, '{');
	gap_json_key_text(&json, "name", asked->text, strlen(asked->text));
	gap_json_key_name(&json, "type", declaration);
	out_json_hex(&json, "address", true, asked->value.address);
	gap_json_key_number(&json, "size_bytes", type.size_bytes);
	if (asked->value.width_bits) {
		gap_json_key_number(&json, "bit_offset", asked->value.bit_offset);
		gap_json_key_number(&json, "width_bits", asked->value.width_bits);
	}
	gap_json_key(&json, "value");
	value_print_json(reader, &asked->value, &json);
	gap_json_close(&json, '}');
	gap_json_close(&json, ']');
	gap_json_key(&json, "partial");
	gap_json_bool(&json, reader->status != GAP_OK);
	gap_json_key(&json, "warnings");
	gap_json_open(&json, '[');
	if (reader->status)
		gap_json_name(&json, reader->error.text);
	if (asked->warning[0])
		gap_json_name(&json, asked->warning);
	json_end(&json);
}

static void print_text(struct value_reader *reader, const struct asked *asked,
		       const char *declaration)
{
	printf("%s = ", declaration);
	value_print(reader, &asked->value);
	printf("\n");
}

static int show(struct value_reader *reader, const struct guest_request *request,
		struct asked *asked, const char *schema)
{
	const struct gap_profile *profile = gap_guest_profile(reader->guest);
	struct gap_error error = {{0}};
	char declaration[NAME_BYTES];
	enum gap_status status = walk_path(reader, asked, &error);

	if (!status)
		status = check_type(profile, asked, &error);
	if (status)
		return say_failure(status, &error);
	gap_cdecl_write(profile, asked->value.type, request->json ? "" : asked->text, declaration,
			sizeof(declaration));
	if (request->json)
		print_json(reader, asked, schema, declaration);
	else
		print_text(reader, asked, declaration);
	if (asked->warning[0])
		say_warning(NULL, asked->warning);
	return out_finish(reader->status, &reader->error);
}

static int show_in(struct gap_guest *guest, const struct guest_request *request,
		   struct asked *asked, const char *schema)
{
	struct gap_address_space space;
	struct gap_error error = {{0}};
	struct value_reader reader;
	enum gap_status status;

	gap_guest_refresh(guest);
	value_reader_init(&reader, guest, NULL);
	if (request->given & GUEST_OPTION_PID) {
		status = place_open_space(guest, request->pid, &space, &error);
		if (status)
			return say_failure(status, &error);
		reader.space = &space;
	}
	return show(&reader, request, asked, schema);
}

static int run_read(struct gap_guest *guest, const struct guest_request *request)
{
	struct asked asked = {.text = request->operands[0], .path = ""};
	struct gap_error error = {{0}};
	enum gap_status status = find_place(guest, request, &asked, &error);

	if (status)
		return say_failure(status, &error);
	return show_in(guest, request, &asked, "semgap/read/1");
}

static int run_print(struct gap_guest *guest, const struct guest_request *request)
{
	struct asked asked = {.text = request->operands[0], .path = ""};
	struct gap_error error = {{0}};
	enum gap_status status;

	if (request->operand_count == 1) {
		status = find_variable(guest, request, &asked, &error);
	} else {
		if (!guest_parse_number(request->operands[1], &asked.value.address)) {
			say("guest print: \"%s\" is not an address", request->operands[1]);
			return EXIT_UNUSABLE;
		}
		status = parse_type(guest, asked.text, strlen(asked.text), &asked.value.type,
				    &error);
		if (!status && request->given & GUEST_OPTION_CPU)
			status = no_cpu(&error);
	}
	if (status)
		return say_failure(status, &error);
	return show_in(guest, request, &asked, "semgap/print/1");
}

const struct guest_view guest_view_read = {
	.name = "read",
	.operands = "SYMBOL|TYPE@ADDR|TYPE@SYMBOL[.member…]",
	.summary = "the value of a variable, or of a member of it",
	.help = "Elements of arrays are [N]; -> follows a pointer: init_task.mm, "
		"init_task.real_parent->comm.\n"
		"  --cpu N   whose copy of a per-CPU variable\n"
		"  --pid N   ADDR is in the memory of this process\n",
	.operand_min = 1,
	.operand_max = 1,
	.options = GUEST_OPTION_CPU | GUEST_OPTION_PID,
	.run = run_read,
};

const struct guest_view guest_view_print = {
	.name = "print",
	.operands = "SYMBOL | TYPE ADDR",
	.summary = "a variable, or a type at an address, with all its members",
	.help = "  --cpu N   whose copy of a per-CPU variable\n"
		"  --pid N   ADDR is in the memory of this process\n",
	.operand_min = 1,
	.operand_max = 2,
	.options = GUEST_OPTION_CPU | GUEST_OPTION_PID,
	.run = run_print,
};
