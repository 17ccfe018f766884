/* SPDX-License-Identifier: MIT */
/* Collects, checks and writes the constants of a header. Which there are is header.c's. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emit/constants.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

bool gap_is_identifier(const char *name)
{
	if (!*name || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name; name++)
		if (!is_word(*name))
			return false;
	return true;
}

/* ---- the pool of names ---- */

static bool reserve(struct gap_constants *constants, size_t more)
{
	size_t wanted = constants->names_capacity ? constants->names_capacity : 4096;
	char *grown;

	while (wanted - constants->names_used < more)
		wanted *= 2;
	if (wanted == constants->names_capacity)
		return true;
	grown = realloc(constants->names, wanted);
	if (!grown) {
		constants->no_memory = true;
		return false;
	}
	constants->names = grown;
	constants->names_capacity = wanted;
	return true;
}

static void put(struct gap_constants *constants, const char *text)
{
	size_t length = strlen(text);

	if (!reserve(constants, length + 1))
		return;
	memcpy(constants->names + constants->names_used, text, length + 1);
	constants->names_used += length;
}

/* Text as a part of an identifier; true when something had to change. */
static bool put_word(struct gap_constants *constants, const char *text)
{
	bool mangled = false;

	for (; *text; text++) {
		char word[2] = {*text, '\0'};

		if (!is_word(*text)) {
			word[0] = '_';
			mangled = true;
		}
		put(constants, word);
	}
	return mangled;
}

/* A member's path: '.' becomes "__", an index "[3]" becomes "_3". */
static void put_path(struct gap_constants *constants, const char *path)
{
	put(constants, "__");
	for (; *path; path++) {
		char word[2] = {is_word(*path) ? *path : '_', '\0'};

		if (*path == '.')
			put(constants, "__");
		else if (*path != ']')
			put(constants, word);
	}
}

static bool put_name(struct gap_constants *constants, const char *name, uint32_t number,
		     const char *path)
{
	char suffix[16];
	bool mangled = put_word(constants, name);

	if (number) {
		snprintf(suffix, sizeof(suffix), "_%" PRIu32, number);
		put(constants, suffix);
	}
	if (path)
		put_path(constants, path);
	constants->names_used++; /* the zero byte */
	return mangled;
}

size_t gap_constants_add(struct gap_constants *constants, const struct gap_constant *constant,
			 const char *name, uint32_t number, const char *path)
{
	struct gap_constant *grown;

	if (constants->count == constants->capacity) {
		size_t wanted = constants->capacity ? constants->capacity * 2 : 256;

		grown = realloc(constants->items, wanted * sizeof(*grown));
		if (!grown) {
			constants->no_memory = true;
			return 0;
		}
		constants->items = grown;
		constants->capacity = wanted;
	}
	grown = &constants->items[constants->count];
	*grown = *constant;
	grown->name = constants->names_used;
	grown->numbered = number != 0;
	grown->mangled = put_name(constants, name, number, path);
	return constants->count++;
}

const char *gap_constants_name(const struct gap_constants *constants, size_t index)
{
	return constants->names + constants->items[index].name;
}

void gap_constants_deinit(struct gap_constants *constants)
{
	free(constants->items);
	free(constants->names);
}

/* ---- collisions ---- */

/* The lower, the better it deserves its name. */
static int rank(const struct gap_constant *constant)
{
	return constant->mangled * 2 + constant->local;
}

static int compare_constants(const void *left, const void *right, void *context)
{
	const struct gap_constants *constants = context;
	size_t i = *(const size_t *)left, j = *(const size_t *)right;
	const struct gap_constant *a = &constants->items[i], *b = &constants->items[j];
	int order;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	order = strcmp(constants->names + a->name, constants->names + b->name);
	if (order == 0)
		order = rank(a) - rank(b);
	return order ? order : i < j ? -1 : i > j;
}

static bool same_name(const struct gap_constants *constants, size_t i, size_t j)
{
	const struct gap_constant *a = &constants->items[i], *b = &constants->items[j];

	return a->group == b->group &&
	       strcmp(constants->names + a->name, constants->names + b->name) == 0;
}

static bool same_value(const struct gap_constant *a, const struct gap_constant *b)
{
	return a->value == b->value && a->width_bits == b->width_bits &&
	       (a->is_signed == b->is_signed || (int64_t)a->value >= 0);
}

/* Of the best rank all must agree; the first then stands for all. */
static bool resolve_group(struct gap_constants *constants, const size_t *order, size_t count)
{
	struct gap_constant *items = constants->items;
	bool agree = true;

	for (size_t i = 1; i < count; i++) {
		if (rank(&items[order[i]]) == rank(&items[order[0]]))
			agree &= same_value(&items[order[i]], &items[order[0]]);
		items[order[i]].repeats = true;
	}
	items[order[0]].left_out = !agree;
	return agree;
}

enum gap_status gap_constants_resolve(struct gap_constants *constants, uint32_t *left_out,
				      struct gap_error *error)
{
	size_t *order = calloc(constants->count + 1, sizeof(*order));
	size_t from = 0;

	if (!order || constants->no_memory) {
		free(order);
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	*left_out = 0;
	for (size_t i = 0; i < constants->count; i++)
		order[i] = i;
	qsort_r(order, constants->count, sizeof(*order), compare_constants, constants);
	while (from < constants->count) {
		size_t to = from + 1;

		while (to < constants->count && same_name(constants, order[to], order[from]))
			to++;
		*left_out += !resolve_group(constants, order + from, to - from);
		from = to;
	}
	free(order);
	return GAP_OK;
}

uint64_t gap_constants_digest(const struct gap_constants *constants)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < constants->names_used; i++)
		hash = (hash ^ (unsigned char)constants->names[i]) * 0x100000001b3;
	for (size_t i = 0; i < constants->count; i++)
		for (unsigned shift = 0; shift < 64; shift += 8)
			hash = (hash ^ (constants->items[i].value >> shift & 255)) * 0x100000001b3;
	return hash;
}

/* ---- writing ---- */

static void write_signed(FILE *stream, int64_t value)
{
	if (value == INT64_MIN)
		fprintf(stream, "(-INT64_C(%" PRId64 ") - 1)", INT64_MAX);
	else if (value < -INT32_MAX)
		fprintf(stream, "(-INT64_C(%" PRId64 "))", -value);
	else
		fprintf(stream, "(%" PRId64 ")", value);
}

static void write_value(FILE *stream, const struct gap_constant *constant)
{
	if (constant->group == GAP_CONSTANT_SYMBOL)
		fprintf(stream, "UINT64_C(0x%" PRIx64 ")", constant->value);
	else if (constant->is_signed && (int64_t)constant->value < 0)
		write_signed(stream, (int64_t)constant->value);
	else if (constant->value <= INT32_MAX)
		fprintf(stream, "%" PRIu64, constant->value);
	else if (constant->value <= UINT32_MAX)
		fprintf(stream, "UINT32_C(%" PRIu64 ")", constant->value);
	else
		fprintf(stream, "UINT64_C(%" PRIu64 ")", constant->value);
}

static void write_define(FILE *stream, const struct gap_constant *constant, const char *name)
{
	static const char *const prefixes[] = {"SIZE", "OFF", "BITS", "SYM", "ENUM"};

	if (constant->group == GAP_CONSTANT_BITS) {
		fprintf(stream, "#define GAP_BITS_%s_OFFSET %" PRIu64 "\n", name, constant->value);
		fprintf(stream, "#define GAP_BITS_%s_WIDTH %" PRIu32 "\n", name,
			constant->width_bits);
		return;
	}
	fprintf(stream, "#define GAP_%s_%s ", prefixes[constant->group], name);
	write_value(stream, constant);
	if (constant->group != GAP_CONSTANT_SIZE && constant->kind)
		fprintf(stream, " /* %s */", constant->kind);
	putc('\n', stream);
}

void gap_constants_write(const struct gap_constants *constants, FILE *stream)
{
	enum gap_constant_group group = GAP_CONSTANT_OFFSET;

	for (size_t i = 0; i < constants->count; i++) {
		const struct gap_constant *constant = &constants->items[i];
		const char *name = gap_constants_name(constants, i);

		if (constant->repeats)
			continue;
		if (constant->group == GAP_CONSTANT_SIZE ||
		    (constant->group >= GAP_CONSTANT_SYMBOL && constant->group != group))
			putc('\n', stream);
		group = constant->group;
		if (constant->group == GAP_CONSTANT_SIZE && constant->kind)
			fprintf(stream, "/* %s %s%s */\n", constant->kind, name,
				constant->numbered ? ": one of several of its name" : "");
		if (constant->left_out)
			fprintf(stream, "/* %s: left out, it would have several values */\n", name);
		else
			write_define(stream, constant, name);
	}
}

void gap_constants_each(const struct gap_constants *constants, const char *comment,
			gap_constant_function *function, FILE *stream)
{
	for (size_t i = 0; i < constants->count; i++) {
		const struct gap_constant *constant = &constants->items[i];
		const char *name = gap_constants_name(constants, i);

		if (constant->repeats)
			continue;
		if (constant->group == GAP_CONSTANT_SIZE)
			putc('\n', stream);
		if (constant->left_out)
			fprintf(stream, "%s %s: left out, it would have several values\n", comment,
				name);
		else
			function(constant, name, stream);
	}
}
