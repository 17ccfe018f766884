/* SPDX-License-Identifier: MIT */
/*
 * Cross-checking: each witness makes a profile of its own, and the profiles are compared by name. Types that only one of
 * them has are no disagreement (BTF leaves some out, DWARF has none of assembly), nor are symbols that the kernel's table
 * leaves out; but what both have must be the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/cross_check.h"
#include "extract/inputs.h"

#define DEFINITIONS_MAX 64
#define NESTING_MAX 32
#define PATCH_BYTES_MAX 16

struct check {
	void (*tell)(void *context, const struct gap_disagreement *disagreement);
	void *context;
	struct gap_cross_report *report;
	enum gap_source_kind first_source, second_source;
};

static void disagree(struct check *check, enum gap_disagreement_kind kind, const char *name,
		     uint64_t first, uint64_t second)
{
	struct gap_disagreement disagreement = {
		.kind = kind,
		.name = name,
		.first_source = check->first_source,
		.second_source = check->second_source,
		.first = first,
		.second = second,
	};

	check->report->disagreements++;
	check->tell(check->context, &disagreement);
}

/* ---- one type against one ---- */

struct side {
	const struct gap_profile *profile;
	struct gap_type type;
};

/* A comparison of two definitions: silent (is there a difference?) or telling each. */
struct comparison {
	struct check *check; /* NULL: silent */
	const char *label;   /* "struct task_struct" */
	struct side first, second;
	uint32_t members, enumerators, differences;
};

static void differ(struct comparison *comparison, enum gap_disagreement_kind kind,
		   const char *member, uint64_t first, uint64_t second)
{
	char name[512];

	comparison->differences++;
	if (!comparison->check)
		return;
	snprintf(name, sizeof(name), "%s%s%s", comparison->label, *member ? "." : "", member);
	disagree(comparison->check, kind, name, first, second);
}

static bool is_aggregate(const struct gap_type *type)
{
	return type->kind == GAP_KIND_STRUCT || type->kind == GAP_KIND_UNION;
}

/* A direct member of that name, or one of an anonymous member's. */
static bool find_member(const struct gap_profile *profile, const struct gap_type *type,
			const char *name, uint64_t base, int depth, struct gap_member *found)
{
	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		struct gap_type inner;

		gap_profile_member(profile, type->first + i, &member);
		if (*member.name && strcmp(member.name, name) == 0) {
			*found = member;
			found->offset_bits += base;
			return true;
		}
		if (*member.name || depth >= NESTING_MAX)
			continue;
		gap_profile_type(profile, gap_profile_strip(profile, member.type), &inner);
		if (is_aggregate(&inner) &&
		    find_member(profile, &inner, name, base + member.offset_bits, depth + 1, found))
			return true;
	}
	return false;
}

static void compare_member(struct comparison *comparison, const struct gap_member *first,
			   uint64_t first_offset)
{
	struct gap_member second;

	comparison->members++;
	if (!find_member(comparison->second.profile, &comparison->second.type, first->name, 0, 0,
			 &second)) {
		differ(comparison, GAP_DISAGREE_MEMBER, first->name, 1, 0);
		return;
	}
	if (first_offset != second.offset_bits)
		differ(comparison, GAP_DISAGREE_OFFSET, first->name, first_offset,
		       second.offset_bits);
	if (first->width_bits != second.width_bits)
		differ(comparison, GAP_DISAGREE_WIDTH, first->name, first->width_bits,
		       second.width_bits);
}

/* Members of the first in the second, through anonymous ones. */
static void compare_members(struct comparison *comparison, const struct gap_type *type,
			    uint64_t base, int depth)
{
	const struct gap_profile *profile = comparison->first.profile;

	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member;
		struct gap_type inner;

		gap_profile_member(profile, type->first + i, &member);
		if (*member.name) {
			compare_member(comparison, &member, base + member.offset_bits);
			continue;
		}
		gap_profile_type(profile, gap_profile_strip(profile, member.type), &inner);
		if (is_aggregate(&inner) && depth < NESTING_MAX)
			compare_members(comparison, &inner, base + member.offset_bits, depth + 1);
	}
}

/* Members of the second that the first lacks. */
static void find_more_members(struct comparison *comparison, const struct gap_type *type, int depth)
{
	const struct gap_profile *profile = comparison->second.profile;

	for (uint32_t i = 0; i < type->count; i++) {
		struct gap_member member, found;
		struct gap_type inner;

		gap_profile_member(profile, type->first + i, &member);
		gap_profile_type(profile, gap_profile_strip(profile, member.type), &inner);
		if (!*member.name && is_aggregate(&inner) && depth < NESTING_MAX)
			find_more_members(comparison, &inner, depth + 1);
		else if (*member.name &&
			 !find_member(comparison->first.profile, &comparison->first.type,
				      member.name, 0, 0, &found))
			differ(comparison, GAP_DISAGREE_MEMBER, member.name, 0, 1);
	}
}

static bool find_value(const struct side *side, const char *name, uint64_t *value)
{
	struct gap_enumerator enumerator;

	for (uint32_t i = 0; i < side->type.count; i++) {
		gap_profile_enumerator(side->profile, side->type.first + i, &enumerator);
		*value = enumerator.value;
		if (strcmp(enumerator.name, name) == 0)
			return true;
	}
	return false;
}

/* Of an enum of 32 bits that many bits count: a reader may know it as signed or not. */
static uint64_t cut_value(uint64_t value, uint64_t size_bytes)
{
	return size_bytes < 8 ? value & (((uint64_t)1 << size_bytes * 8) - 1) : value;
}

static void compare_values(struct comparison *comparison)
{
	const struct side *first = &comparison->first;
	struct gap_enumerator enumerator;
	uint64_t size = first->type.size_bytes, value;

	for (uint32_t i = 0; i < first->type.count; i++) {
		gap_profile_enumerator(first->profile, first->type.first + i, &enumerator);
		comparison->enumerators++;
		if (!find_value(&comparison->second, enumerator.name, &value))
			differ(comparison, GAP_DISAGREE_MEMBER, enumerator.name, 1, 0);
		else if (cut_value(value, size) != cut_value(enumerator.value, size))
			differ(comparison, GAP_DISAGREE_VALUE, enumerator.name, enumerator.value,
			       value);
	}
	for (uint32_t i = 0; i < comparison->second.type.count; i++) {
		gap_profile_enumerator(comparison->second.profile,
				       comparison->second.type.first + i, &enumerator);
		if (!find_value(first, enumerator.name, &value))
			differ(comparison, GAP_DISAGREE_MEMBER, enumerator.name, 0, 1);
	}
}

static void compare(struct comparison *comparison)
{
	if (comparison->first.type.size_bytes != comparison->second.type.size_bytes)
		differ(comparison, GAP_DISAGREE_SIZE, "", comparison->first.type.size_bytes,
		       comparison->second.type.size_bytes);
	if (comparison->first.type.kind == GAP_KIND_ENUM) {
		compare_values(comparison);
		return;
	}
	compare_members(comparison, &comparison->first.type, 0, 0);
	find_more_members(comparison, &comparison->second.type, 0);
}

/* ---- all types ---- */

static bool is_tag(const struct gap_type *type)
{
	return *type->name && (is_aggregate(type) || type->kind == GAP_KIND_ENUM) &&
	       !(type->flags & GAP_TYPE_INCOMPLETE);
}

/* Complete definitions of that kind and name. */
static uint32_t definitions_of(const struct gap_profile *profile, const struct gap_type *like,
			       struct gap_type *definitions)
{
	gap_type_id ids[DEFINITIONS_MAX];
	uint32_t count = gap_profile_find_types(profile, like->name, ids, DEFINITIONS_MAX);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count && i < DEFINITIONS_MAX; i++) {
		gap_profile_type(profile, ids[i], &definitions[kept]);
		kept += is_tag(&definitions[kept]) && definitions[kept].kind == like->kind;
	}
	return kept;
}

/* One definition of the second profile against those of the first: one of them must be the same. */
static void check_definition(struct check *check, const struct gap_profile *first,
			     const struct gap_profile *second, const struct gap_type *type)
{
	struct gap_type candidates[DEFINITIONS_MAX];
	uint32_t count = definitions_of(first, type, candidates);
	struct comparison comparison = {.second = {second, *type}};
	char label[300];

	snprintf(label, sizeof(label), "%s %s", gap_kind_name(type->kind), type->name);
	comparison.label = label;
	for (uint32_t i = 0; i < count; i++) {
		comparison.first = (struct side){first, candidates[i]};
		comparison.members = comparison.enumerators = comparison.differences = 0;
		compare(&comparison);
		if (comparison.differences == 0)
			break;
	}
	if (count == 0)
		return;
	check->report->types++;
	check->report->members += comparison.members;
	check->report->enumerators += comparison.enumerators;
	if (comparison.differences == 0)
		return;
	/* None is: what differs from the first of them is told. */
	comparison.first = (struct side){first, candidates[0]};
	comparison.check = check;
	compare(&comparison);
}

static void check_types(struct check *check, const struct gap_profile *first,
			const struct gap_profile *second)
{
	struct gap_type type;

	check->first_source = GAP_SOURCE_DWARF;
	check->second_source = GAP_SOURCE_BTF;
	for (gap_type_id id = 1; gap_profile_type(second, id, &type); id++)
		if (is_tag(&type))
			check_definition(check, first, second, &type);
}

/* ---- symbols ---- */

static bool symbol_at(const struct gap_profile *profile, const char *name, uint64_t address,
		      uint64_t *other, bool *any)
{
	uint32_t rows[DEFINITIONS_MAX * 16];
	uint32_t capacity = sizeof(rows) / sizeof(rows[0]);
	uint32_t count = gap_profile_find_symbols(profile, name, rows, capacity);
	struct gap_symbol symbol;

	*any = count > 0;
	/* Of a name that is there a thousand times, any may be meant. */
	if (count > capacity)
		return true;
	for (uint32_t i = 0; i < count; i++) {
		gap_profile_symbol(profile, rows[i], &symbol);
		*other = symbol.address;
		if (symbol.address == address)
			return true;
	}
	return false;
}

static void check_symbols(struct check *check, const struct gap_profile *symtab,
			  const struct gap_profile *kallsyms)
{
	struct gap_symbol symbol;

	check->first_source = GAP_SOURCE_SYMTAB;
	check->second_source = GAP_SOURCE_KALLSYMS;
	for (uint32_t row = 0; gap_profile_symbol(kallsyms, row, &symbol); row++) {
		uint64_t other = 0;
		bool any;

		check->report->symbols++;
		if (symbol_at(symtab, symbol.name, symbol.address, &other, &any))
			continue;
		if (any)
			disagree(check, GAP_DISAGREE_ADDRESS, symbol.name, other, symbol.address);
		else
			disagree(check, GAP_DISAGREE_SYMBOL, symbol.name, 0, 1);
	}
}

/* Where DWARF says a variable or function is; its symbol, if there is one of that name, must be there. */
struct variables {
	struct check *check;
	const struct gap_profile *symtab;
};

/*
 * Whether a symbol stands for what DWARF calls @name. The compiler's copies of a part of a function, or for known
 * arguments, are called NAME.part.0 and the like; parts of a kernel that run at other addresses get a prefix from objcopy
 * (__pi_NAME, __kvm_nvhe_NAME).
 */
static bool stands_for(const struct gap_symbol *symbol, const char *name)
{
	size_t length = strlen(name), whole = strlen(symbol->name);

	if (strncmp(symbol->name, name, length) == 0 &&
	    (whole == length || symbol->name[length] == '.'))
		return true;
	return whole > length && symbol->name[whole - length - 1] == '_' &&
	       strcmp(symbol->name + whole - length, name) == 0;
}

static bool stands_at(const struct gap_profile *profile, const char *name, uint64_t address,
		      bool functions)
{
	uint32_t row = gap_profile_symbol_at(profile, address);
	struct gap_symbol symbol;

	for (; row != GAP_NONE && gap_profile_symbol(profile, row, &symbol) &&
	       symbol.address == address;
	     row = row ? row - 1 : GAP_NONE)
		if ((!functions || symbol.kind == GAP_SYMBOL_FUNCTION) && stands_for(&symbol, name))
			return true;
	return false;
}

/* Under another name; or, for gcc, behind the nops that -fpatchable-function-entry puts at a function's symbol. */
static bool is_explained(const struct gap_profile *profile, const char *name, uint64_t address)
{
	for (uint64_t behind = 0; behind <= PATCH_BYTES_MAX; behind += 4)
		if (stands_at(profile, name, address - behind, behind > 0))
			return true;
	return false;
}

static void check_variable(void *context, const char *name, uint64_t address)
{
	struct variables *variables = context;
	uint64_t other = 0;
	bool any;

	if (symbol_at(variables->symtab, name, address, &other, &any) ||
	    (any && is_explained(variables->symtab, name, address))) {
		variables->check->report->variables++;
		return;
	}
	if (!any)
		return;
	variables->check->report->variables++;
	variables->check->first_source = GAP_SOURCE_DWARF;
	variables->check->second_source = GAP_SOURCE_SYMTAB;
	disagree(variables->check, GAP_DISAGREE_ADDRESS, name, address, other);
}

/* ---- the witnesses ---- */

struct witness {
	struct gap_builder *builder;
	void *image;
	struct gap_profile *profile; /* NULL: not there */
};

static void witness_deinit(struct witness *witness)
{
	gap_profile_close(witness->profile);
	free(witness->image);
	gap_builder_destroy(witness->builder);
}

static enum gap_status witness_finish(struct witness *witness, struct gap_error *error)
{
	size_t size_bytes;
	enum gap_status status =
		gap_builder_freeze(witness->builder, 0, &witness->image, &size_bytes, error);

	return status ? status
		      : gap_profile_open_image(witness->image, size_bytes, &witness->profile,
					       error);
}

/* What the file says by one witness alone; one that is not in it leaves no profile. */
static enum gap_status witness_ask(struct witness *witness, const char *path,
				   const struct gap_extract_options *options,
				   enum gap_types_from from, bool symbols_only, bool own_table,
				   struct gap_error *error)
{
	struct gap_extract_options asked = *options;
	enum gap_status status = gap_builder_create(&witness->builder, error);

	asked.types_from = from;
	asked.symbols_only = symbols_only;
	asked.own_table = own_table;
	asked.system_map = asked.kallsyms = NULL;
	asked.module_count = asked.folder_count = 0;
	if (!status)
		status = gap_extract(witness->builder, path, &asked, NULL, error);
	if (!status)
		return witness_finish(witness, error);
	/* GAP_INVALID: a file of BTF alone is asked for DWARF. */
	return status == GAP_NOT_FOUND || status == GAP_INVALID ? GAP_OK : status;
}

static uint32_t symbol_count(const struct witness *witness)
{
	return witness->profile ? gap_profile_count(witness->profile, GAP_TABLE_SYMBOLS) : 0;
}

static void compare_witnesses(struct check *check, const struct witness *dwarf,
			      const struct witness *btf, const struct witness *symtab,
			      const struct witness *table)
{
	struct gap_cross_report *report = check->report;
	struct variables variables = {check, symtab->profile};

	report->dwarf = dwarf->profile != NULL;
	report->btf = btf->profile != NULL;
	report->symtab = symbol_count(symtab) > 0;
	report->kallsyms = symbol_count(table) > 0;
	if (report->dwarf && report->btf)
		check_types(check, dwarf->profile, btf->profile);
	if (report->dwarf && report->symtab)
		gap_builder_typings(dwarf->builder, check_variable, &variables);
	if (report->symtab && report->kallsyms)
		check_symbols(check, symtab->profile, table->profile);
}

/* A kernel whose symbols come from its own table has no other one. */
static bool is_own_table(const struct witness *symtab)
{
	struct gap_provenance provenance;
	struct gap_source source;

	if (!symtab->profile)
		return false;
	gap_profile_provenance(symtab->profile, GAP_TABLE_SYMBOLS, GAP_NONE, &provenance);
	return gap_profile_source(symtab->profile, provenance.source, &source) &&
	       source.kind == GAP_SOURCE_KALLSYMS;
}

enum gap_status gap_cross_check(const char *path, const struct gap_extract_options *options,
				void (*tell)(void *context,
					     const struct gap_disagreement *disagreement),
				void *context, struct gap_cross_report *report,
				struct gap_error *error)
{
	struct check check = {.tell = tell, .context = context, .report = report};
	struct witness dwarf = {0}, btf = {0}, symtab = {0}, table = {0};
	enum gap_status status;

	*report = (struct gap_cross_report){0};
	status = witness_ask(&symtab, path, options, GAP_TYPES_BEST, true, false, error);
	if (!status)
		status = witness_ask(&table, path, options, GAP_TYPES_BEST, true, true, error);
	if (!status)
		status = witness_ask(&btf, path, options, GAP_TYPES_BTF, false, false, error);
	if (!status)
		status = witness_ask(&dwarf, path, options, GAP_TYPES_DWARF, false, false, error);
	if (!status && is_own_table(&symtab)) {
		witness_deinit(&symtab);
		symtab = (struct witness){0};
	}
	if (!status)
		compare_witnesses(&check, &dwarf, &btf, &symtab, &table);
	if (!status && report->types + report->symbols + report->variables == 0)
		status = gap_fail(
			error, GAP_NOT_FOUND,
			"%.500s: nothing to hold against each other: of DWARF, BTF, symbol "
			"table and kallsyms it has %s%s%s%s%s",
			path, report->dwarf ? "DWARF " : "", report->btf ? "BTF " : "",
			report->symtab ? "symbol table " : "", report->kallsyms ? "kallsyms " : "",
			report->dwarf || report->btf || report->symtab || report->kallsyms
				? "only"
				: "none");
	witness_deinit(&dwarf);
	witness_deinit(&btf);
	witness_deinit(&symtab);
	witness_deinit(&table);
	return status;
}
