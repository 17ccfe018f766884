/* SPDX-License-Identifier: MIT */
/*
 * The parser of kernels/witnesses.def, whose head describes the language. The table is ours: a row
 * that makes no sense is a mistake to be told, not input to be survived.
 */
#include "infer/code_rows.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "infer/code_run.h"

/* ---- reading words ---- */

struct cursor {
	struct code_rows *rows;
	const char *at;
	bool failed;
};

static void fail(struct cursor *cursor, const char *what)
{
	if (!cursor->failed)
		snprintf(cursor->rows->problem, sizeof(cursor->rows->problem), "%s at \"%.60s\"",
			 what, cursor->at);
	cursor->failed = true;
}

static void skip_blanks(struct cursor *cursor)
{
	while (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\n')
		cursor->at++;
}

static bool take(struct cursor *cursor, const char *word)
{
	size_t length = strlen(word);

	skip_blanks(cursor);
	if (strncmp(cursor->at, word, length) != 0)
		return false;
	if (isalnum((unsigned char)word[length - 1]) &&
	    (isalnum((unsigned char)cursor->at[length]) || cursor->at[length] == '_'))
		return false;
	cursor->at += length;
	return true;
}

static void need(struct cursor *cursor, const char *word)
{
	if (!take(cursor, word))
		fail(cursor, word);
}

static uint32_t intern(struct cursor *cursor, const char *text, size_t length)
{
	uint32_t id = 0;

	if (!gap_strings_intern(&cursor->rows->strings, text, length, &id))
		cursor->failed = true;
	return id;
}

static uint32_t take_word(struct cursor *cursor)
{
	const char *start;

	skip_blanks(cursor);
	start = cursor->at;
	while (isalnum((unsigned char)*cursor->at) || *cursor->at == '_')
		cursor->at++;
	if (cursor->at == start) {
		fail(cursor, "a name is missing");
		return 0;
	}
	return intern(cursor, start, (size_t)(cursor->at - start));
}

/* "type", or "list type.member": the list_head of that member. */
static uint32_t take_type(struct cursor *cursor)
{
	const char *start;

	if (!take(cursor, "list"))
		return take_word(cursor);
	skip_blanks(cursor);
	start = cursor->at;
	take_word(cursor);
	need(cursor, ".");
	take_word(cursor);
	return intern(cursor, start, (size_t)(cursor->at - start));
}

static int64_t take_number(struct cursor *cursor)
{
	char *end;
	int64_t number;

	skip_blanks(cursor);
	number = strtoll(cursor->at, &end, 0);
	if (end == cursor->at)
		fail(cursor, "a number is missing");
	cursor->at = end;
	return number;
}

static void add_name(struct cursor *cursor, const char *prefix, const char *name)
{
	char whole[128];
	int length = snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	uint32_t id = intern(cursor, whole, (size_t)length);
	const char **place = code_names_push(&cursor->rows->names);

	if (!place || cursor->failed) {
		cursor->failed = true;
		return;
	}
	*place = cursor->rows->strings.rows.items[id].text;
}

/* "sys:getpid" is a system call, whose function has had many names. */
static void add_alternatives(struct cursor *cursor, const char *name, bool system_call)
{
	static const char *const prefixes[] = {"__x64_sys_", "__arm64_sys_", "__do_sys_",
					       "__se_sys_",  "__ia32_sys_",  "SyS_",
					       "sys_"};

	if (!system_call) {
		add_name(cursor, "", name);
		return;
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		add_name(cursor, prefixes[i], name);
}

/* Names separated by '|', appended to the list of names. */
static void take_names(struct cursor *cursor, uint32_t *first, uint32_t *count)
{
	*first = cursor->rows->names.count;
	do {
		bool call = take(cursor, "sys:");
		uint32_t id = take_word(cursor);

		if (!cursor->failed)
			add_alternatives(cursor, code_rows_string(cursor->rows, id), call);
	} while (take(cursor, "|"));
	*count = cursor->rows->names.count - *first;
}

/* Whose call is meant: names, or "?" for anybody's. */
static void take_callees(struct cursor *cursor, struct code_statement *statement)
{
	statement->anyone = take(cursor, "?");
	if (!statement->anyone)
		take_names(cursor, &statement->names, &statement->name_count);
	statement->argument = (uint8_t)take_number(cursor);
}

/* ---- members ---- */

static bool parse_shape(struct code_rows *rows, struct code_member *member, const char *shape)
{
	size_t length = strlen(shape);
	struct cursor cursor = {rows, shape, false};

	member->unique = length && shape[length - 1] == '!';
	length -= member->unique;
	member->shares = length && shape[length - 1] == '|';
	length -= member->shares;
	switch (shape[0]) {
	case '*':
	case '.':
		member->shape = shape[0] == '*' ? CODE_S_POINTER : CODE_S_EMBEDDED;
		member->target = length > 1 ? intern(&cursor, shape + 1, length - 1) : 0;
		return !cursor.failed;
	case 'l':
		member->shape = CODE_S_LONG;
		return true;
	case '[':
		member->shape = CODE_S_BYTES;
		member->target = length > 1 ? intern(&cursor, shape + 1, length - 1) : 0;
		return !cursor.failed;
	default:
		member->shape = CODE_S_NUMBER;
		member->width = (uint8_t)atoi(shape);
		return isdigit((unsigned char)shape[0]);
	}
}

/* @name: "name", or "name=field" where the list of fields calls it otherwise. */
bool code_rows_add_member(struct code_rows *rows, const char *type, const char *name,
			  const char *shape)
{
	struct cursor cursor = {rows, name, false};
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	struct code_member *member = code_members_push(&rows->members);

	if (!member)
		return false;
	*member = (struct code_member){.type = intern(&cursor, type, strlen(type))};
	member->name = code_rows_string(rows, intern(&cursor, name, length));
	member->field = equals ? equals + 1 : member->name;
	if (!parse_shape(rows, member, shape))
		fail(&cursor, "not a shape");
	return !cursor.failed;
}

/* @type: the object's, or with a '*' that of what it points to. */
bool code_rows_add_object(struct code_rows *rows, const char *name, const char *type)
{
	struct cursor cursor = {rows, type, false};
	struct code_object *object = code_objects_push(&rows->objects);
	bool pointer = type[0] == '*';

	if (object)
		*object = (struct code_object){
			name, intern(&cursor, type + pointer, strlen(type + pointer)), pointer};
	return object && !cursor.failed;
}

static uint32_t find_member(struct cursor *cursor, uint32_t type, uint32_t name)
{
	const struct code_members *members = &cursor->rows->members;
	const char *text = code_rows_string(cursor->rows, name);

	for (uint32_t i = 0; i < members->count; i++)
		if (members->items[i].type == type && strcmp(members->items[i].name, text) == 0)
			return i;
	fail(cursor, "no such member");
	return 0;
}

static uint32_t take_member(struct cursor *cursor)
{
	uint32_t type = take_word(cursor);

	need(cursor, ".");
	return find_member(cursor, type, take_word(cursor));
}

bool code_rows_add_gone(struct code_rows *rows, const char *type, const char *name,
			const char *because)
{
	struct cursor cursor = {rows, because, false};
	struct code_gone *gone = code_gones_push(&rows->gones);

	if (gone)
		*gone = (struct code_gone){find_member(&cursor, intern(&cursor, type, strlen(type)),
						       intern(&cursor, name, strlen(name))),
					   take_member(&cursor)};
	return gone && !cursor.failed;
}

bool code_rows_add_span(struct code_rows *rows, const char *const members[5])
{
	struct code_span *span = code_spans_push(&rows->spans);
	uint32_t found[5] = {0};

	for (unsigned i = 0; span && i < 5; i++) {
		struct cursor cursor = {rows, members[i], false};

		found[i] = take_member(&cursor);
		if (cursor.failed)
			return false;
	}
	if (span)
		*span = (struct code_span){found[0], found[1], found[2], found[3], found[4]};
	return span != NULL;
}

/* ---- expressions ---- */

static uint32_t take_object(struct cursor *cursor)
{
	const char *name = code_rows_string(cursor->rows, take_word(cursor));

	for (uint32_t i = 0; i < cursor->rows->objects.count; i++)
		if (strcmp(cursor->rows->objects.items[i].name, name) == 0)
			return i;
	fail(cursor, "no such object");
	return 0;
}

static void take_text(struct cursor *cursor, char text[CODE_TEXT_MAX])
{
	size_t length = 0;

	need(cursor, "'");
	while (*cursor->at && *cursor->at != '\'' && length + 1 < CODE_TEXT_MAX)
		text[length++] = *cursor->at++;
	text[length] = 0;
	need(cursor, "'");
}

static uint32_t intern_text(struct cursor *cursor)
{
	char text[CODE_TEXT_MAX];

	take_text(cursor, text);
	return intern(cursor, text, strlen(text));
}

static void take_base(struct cursor *cursor, const struct code_prototype *prototype,
		      struct code_expression *expression)
{
	skip_blanks(cursor);
	if (strncmp(cursor->at, "arg", 3) == 0 && isdigit((unsigned char)cursor->at[3])) {
		cursor->at += 3;
		expression->base = CODE_B_ARGUMENT;
		expression->names = (uint32_t)take_number(cursor);
		if (expression->names < CODE_PARAMETERS_MAX)
			expression->type = prototype->parameters[expression->names];
	} else if (take(cursor, "current")) {
		expression->base = CODE_B_CURRENT;
		expression->type = intern(cursor, "task_struct", 11);
	} else if (take(cursor, "any")) {
		expression->base = CODE_B_ANY;
		expression->type = take_type(cursor);
	} else if (take(cursor, "result")) {
		expression->base = CODE_B_RESULT;
		take_names(cursor, &expression->names, &expression->name_count);
		if (take(cursor, ":"))
			expression->type = take_word(cursor);
	} else if (take(cursor, "made")) {
		expression->base = CODE_B_MADE;
		expression->type = prototype->result;
	} else if (take(cursor, "object")) {
		expression->base = CODE_B_OBJECT;
		expression->names = take_object(cursor);
		expression->type = cursor->rows->objects.items[expression->names].type;
	} else if (take(cursor, "variable")) {
		expression->base = CODE_B_VARIABLE;
		expression->names = take_object(cursor);
	} else if (take(cursor, "local")) {
		expression->base = CODE_B_LOCAL;
	} else if (*cursor->at == '\'') {
		expression->base = CODE_B_TEXT;
		expression->number = intern_text(cursor);
	} else if (take(cursor, "value")) {
		expression->base = CODE_B_VALUE;
	} else {
		expression->base = CODE_B_CONST;
		expression->number = take_number(cursor);
	}
}

static void add_step(struct cursor *cursor, struct code_expression *expression, uint8_t kind,
		     uint32_t member)
{
	if (expression->step_count == CODE_STEPS_MAX) {
		fail(cursor, "too many steps");
		return;
	}
	expression->steps[expression->step_count++] = (struct code_step){kind, member};
}

static void take_expression(struct cursor *cursor, const struct code_prototype *prototype,
			    struct code_expression *expression)
{
	uint32_t type, member;

	*expression = (struct code_expression){.address = take(cursor, "&")};
	take_base(cursor, prototype, expression);
	type = expression->type;
	while (!cursor->failed) {
		if (take(cursor, "[]")) {
			add_step(cursor, expression, CODE_INDEX, 0);
		} else if (take(cursor, "<-")) {
			type = take_word(cursor);
			need(cursor, ".");
			member = find_member(cursor, type, take_word(cursor));
			add_step(cursor, expression, CODE_CONTAINER, member);
		} else if (take(cursor, "->")) {
			member = find_member(cursor, type, take_word(cursor));
			type = cursor->rows->members.items[member].target;
			add_step(cursor, expression, CODE_DEREFERENCE, member);
		} else if (take(cursor, ".")) {
			member = find_member(cursor, type, take_word(cursor));
			type = cursor->rows->members.items[member].target;
			add_step(cursor, expression, CODE_EMBEDDED, member);
		} else {
			return;
		}
	}
}

/* ---- statements ---- */

static void take_via(struct cursor *cursor, struct code_statement *statement)
{
	if (!take(cursor, "via"))
		return;
	take_names(cursor, &statement->via, &statement->via_count);
	statement->via_argument = (uint8_t)take_number(cursor);
}

/* "any T->a ->b ->c": the first one is the expression, the others take its last step's place. */
static void take_sequence(struct cursor *cursor, const struct code_prototype *prototype,
			  struct code_statement *statement)
{
	struct code_expression *what = &statement->what;

	*what = (struct code_expression){.base = CODE_B_ANY};
	take_base(cursor, prototype, what);
	while (!cursor->failed && take(cursor, "->")) {
		uint32_t member = find_member(cursor, what->type, take_word(cursor));

		if (!what->step_count)
			add_step(cursor, what, CODE_DEREFERENCE, member);
		else if (statement->more_count < CODE_SEQUENCE_MAX)
			statement->more[statement->more_count++] = member;
		else
			fail(cursor, "too long a sequence");
	}
}

/* An object, and "ring", what it or its address is compared with, or whose argument it is. */
static void take_place_told(struct cursor *cursor, const struct code_prototype *prototype,
			    struct code_statement *statement)
{
	statement->what = (struct code_expression){.base = CODE_B_OBJECT};
	statement->what.names = take_object(cursor);
	if (take(cursor, "compared"))
		statement->value = (struct code_expression){.base = CODE_B_CONST,
							    .number = take_number(cursor)};
	else if (take(cursor, "with"))
		take_expression(cursor, prototype, &statement->value);
	else if (!take(cursor, "ring"))
		take_callees(cursor, statement);
}

static void take_statement(struct cursor *cursor, const struct code_prototype *prototype,
			   struct code_statement *statement)
{
	statement->value.base = CODE_B_VALUE;
	if (take(cursor, "return")) {
		statement->verb = CODE_RETURN_OF;
	} else if (take(cursor, "call")) {
		statement->verb = CODE_CALL_WITH;
		take_callees(cursor, statement);
	} else if (take(cursor, "names")) {
		statement->verb = CODE_NAMES;
		take_callees(cursor, statement);
	} else if (take(cursor, "tells")) {
		statement->verb = CODE_TELLS;
		take_place_told(cursor, prototype, statement);
		return;
	} else if (take(cursor, "print")) {
		statement->verb = CODE_PRINTS;
		take_text(cursor, statement->text);
	} else if (take(cursor, "store")) {
		statement->verb = CODE_STORES;
		take_expression(cursor, prototype, &statement->value);
		need(cursor, "to");
	} else if (take(cursor, "links")) {
		statement->verb = CODE_LINKS;
		take_expression(cursor, prototype, &statement->what);
		need(cursor, "to");
		statement->names = take_object(cursor);
		return;
	} else if (take(cursor, "adds")) {
		statement->verb = CODE_ADDS;
		take_expression(cursor, prototype, &statement->value);
		need(cursor, "to");
	} else if (take(cursor, "tails") || take(cursor, "writes")) {
		statement->verb =
			cursor->at[-1] == 's' && cursor->at[-2] == 'l' ? CODE_TAILS : CODE_WRITES;
		take_expression(cursor, prototype, &statement->value);
		need(cursor, "to");
	} else if (take(cursor, "loads")) {
		statement->verb = CODE_LOADS;
	} else if (take(cursor, "first")) {
		statement->verb = CODE_LOADS_FIRST;
	} else if (take(cursor, "compare")) {
		statement->verb = CODE_COMPARES;
		take_expression(cursor, prototype, &statement->value);
		need(cursor, "with");
	} else if (take(cursor, "tests")) {
		statement->verb = CODE_TESTS;
		take_expression(cursor, prototype, &statement->value);
		need(cursor, "of");
	} else if (take(cursor, "walks")) {
		statement->verb = CODE_WALKS;
	} else if (take(cursor, "sequence")) {
		statement->verb = CODE_SEQUENCE;
		take_callees(cursor, statement);
	} else {
		fail(cursor, "not a statement");
		return;
	}
	take_via(cursor, statement);
	if (statement->verb == CODE_SEQUENCE) {
		take_sequence(cursor, prototype, statement);
		return;
	}
	take_expression(cursor, prototype, &statement->what);
	if (statement->verb == CODE_STORES || statement->verb == CODE_TAILS ||
	    statement->verb == CODE_ADDS || statement->verb == CODE_WALKS)
		statement->what.address = true;
}

static void take_statements(struct cursor *cursor, struct code_prototype *prototype)
{
	struct code_rows *rows = cursor->rows;

	prototype->statements = rows->statements.count;
	for (skip_blanks(cursor); *cursor->at && !cursor->failed; skip_blanks(cursor)) {
		struct code_statement statement = {.line = cursor->at}, *place;

		take_statement(cursor, prototype, &statement);
		place = code_statements_push(&rows->statements);
		if (!place) {
			cursor->failed = true;
			return;
		}
		*place = statement;
		prototype->statement_count++;
		skip_blanks(cursor);
		if (*cursor->at)
			need(cursor, ";");
	}
}

/* ---- functions ---- */

static void take_parameters(struct cursor *cursor, struct code_prototype *prototype)
{
	unsigned count = 0;

	need(cursor, "(");
	while (!cursor->failed && !take(cursor, ")")) {
		if (take(cursor, "...")) {
			prototype->variadic = true;
		} else if (take(cursor, "-")) {
			count++;
		} else if (take(cursor, "u64")) {
			prototype->wide |= (uint8_t)(1u << count++);
		} else if (count < CODE_PARAMETERS_MAX) {
			prototype->parameters[count++] = take_type(cursor);
		} else {
			fail(cursor, "too many parameters");
		}
		if (!take(cursor, ",") && *cursor->at != ')')
			fail(cursor, "\",\" or \")\"");
	}
}

/* What follows the parameters: the result's type, or how a call of it is to be taken. */
static void take_result(struct cursor *cursor, struct code_prototype *prototype)
{
	static const struct {
		const char *word;
		enum code_callee callee;
	} words[] = {{"!noreturn", CODE_C_NORETURN}, {"!nothing", CODE_C_NOTHING},
		     {"!first", CODE_C_FIRST},       {"!indirect", CODE_C_INDIRECT},
		     {"!return", CODE_C_RETURN},     {"!follow", CODE_C_FOLLOW}};

	prototype->callee = CODE_C_OPAQUE;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (take(cursor, words[i].word))
			prototype->callee = (uint8_t)words[i].callee;
	skip_blanks(cursor);
	if (*cursor->at)
		prototype->result = take_word(cursor);
}

bool code_rows_add_function(struct code_rows *rows, const char *prototype, const char *statements)
{
	struct cursor cursor = {rows, prototype, false};
	struct code_prototype row = {0}, *place;

	take_names(&cursor, &row.names, &row.name_count);
	take_parameters(&cursor, &row);
	take_result(&cursor, &row);
	if (!cursor.failed) {
		cursor.at = statements;
		take_statements(&cursor, &row);
	}
	place = cursor.failed ? NULL : code_prototypes_push(&rows->prototypes);
	if (place)
		*place = row;
	return place != NULL;
}

/* ---- the table ---- */

static const struct {
	const char *type, *name, *shape;
} member_rows[] = {
#define CODE_MEMBER(type, name, shape) {type, name, shape},
#include "kernels/witnesses.def"
};

static const struct {
	const char *type, *name, *because;
} gone_rows[] = {
#define CODE_GONE(type, name, because) {type, name, because},
#include "kernels/witnesses.def"
};

static const char *const span_rows[][5] = {
#define CODE_SPAN(array, one, one_there, other, other_there)                                       \
	{array, one, one_there, other, other_there},
#include "kernels/witnesses.def"
};

static const struct {
	const char *name, *type;
} object_rows[] = {
#define CODE_OBJECT(name, type) {name, type},
#include "kernels/witnesses.def"
};

static const struct {
	const char *prototype, *statements;
} function_rows[] = {
#define CODE_FUNCTION(prototype, statements) {prototype, statements},
#include "kernels/witnesses.def"
};

static bool add_all(struct code_rows *rows)
{
	for (size_t i = 0; i < sizeof(member_rows) / sizeof(member_rows[0]); i++)
		if (!code_rows_add_member(rows, member_rows[i].type, member_rows[i].name,
					  member_rows[i].shape))
			return false;
	for (size_t i = 0; i < sizeof(span_rows) / sizeof(span_rows[0]); i++)
		if (!code_rows_add_span(rows, span_rows[i]))
			return false;
	for (size_t i = 0; i < sizeof(gone_rows) / sizeof(gone_rows[0]); i++)
		if (!code_rows_add_gone(rows, gone_rows[i].type, gone_rows[i].name,
					gone_rows[i].because))
			return false;
	for (size_t i = 0; i < sizeof(object_rows) / sizeof(object_rows[0]); i++)
		if (!code_rows_add_object(rows, object_rows[i].name, object_rows[i].type))
			return false;
	for (size_t i = 0; i < sizeof(function_rows) / sizeof(function_rows[0]); i++)
		if (!code_rows_add_function(rows, function_rows[i].prototype,
					    function_rows[i].statements))
			return false;
	return true;
}

/* A name's first row is its prototype; further rows only add statements. */
bool code_rows_finish(struct code_rows *rows)
{
	rows->by_name_count = rows->strings.rows.count;
	rows->by_name = calloc(rows->by_name_count + 1, sizeof(*rows->by_name));
	if (!rows->by_name)
		return false;
	for (uint32_t i = 0; i < rows->prototypes.count; i++) {
		const struct code_prototype *row = &rows->prototypes.items[i];

		for (uint32_t k = 0; k < row->name_count; k++) {
			const char *name = rows->names.items[row->names + k];
			uint32_t id = gap_strings_find(&rows->strings, name, strlen(name));

			if (!rows->by_name[id])
				rows->by_name[id] = i + 1;
		}
	}
	return true;
}

bool code_rows_begin(struct code_rows *rows)
{
	memset(rows, 0, sizeof(*rows));
	return gap_strings_init(&rows->strings);
}

enum gap_status code_rows_init(struct code_rows *rows)
{
	if (code_rows_begin(rows) && add_all(rows) && code_rows_finish(rows))
		return GAP_OK;
	return rows->problem[0] ? GAP_INVALID : GAP_NO_MEMORY;
}

void code_rows_deinit(struct code_rows *rows)
{
	gap_strings_deinit(&rows->strings);
	free(rows->members.items);
	free(rows->prototypes.items);
	free(rows->statements.items);
	free(rows->names.items);
	free(rows->objects.items);
	free(rows->spans.items);
	free(rows->gones.items);
	free(rows->by_name);
}

const struct code_prototype *code_rows_prototype(const struct code_rows *rows, const char *name)
{
	uint32_t id = gap_strings_find(&rows->strings, name, strlen(name));

	if (!id || id >= rows->by_name_count || !rows->by_name[id])
		return NULL;
	return &rows->prototypes.items[rows->by_name[id] - 1];
}

const char *code_rows_string(const struct code_rows *rows, uint32_t id)
{
	return rows->strings.rows.items[id].text;
}
