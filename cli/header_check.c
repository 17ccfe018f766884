/* SPDX-License-Identifier: MIT */
/*
 * Holds structures, enumerators and generated constants of a header against a profile. Of a name with
 * several definitions, the one that the header contradicts least is meant. What a profile of a
 * selection does not hold, it does not contradict.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/header_check.h"
#include "cli/header_names.h"

#define NAME_BYTES 1024

/* ---- findings ---- */

static void find(struct header_check *check, const struct header_finding *finding)
{
	check->findings++;
	check->find(check->context, finding);
}

/* Names of ours are no kernel's, but for the mirrors. */
static const char *kernel_name(const char *name)
{
	if (strncmp(name, "gap_layout_", 11) == 0)
		return name + 11;
	return strncmp(name, "gap_", 4) == 0 ? NULL : name;
}

/* A profile of a selection, or of headers, does not hold all of its kernel. */
static bool holds_a_part(const struct gap_profile *profile)
{
	uint32_t count = gap_profile_count(profile, GAP_TABLE_TYPES);
	struct gap_source source;
	struct gap_type type;

	for (uint32_t i = 0; gap_profile_source(profile, i, &source); i++)
		if (source.kind == GAP_SOURCE_HEADERS || source.kind == GAP_SOURCE_MEMORY)
			return true;
	for (uint32_t i = 0; i < count; i++)
		if (gap_profile_type(profile, i, &type) && (type.flags & GAP_TYPE_PARTIAL))
			return true;
	return false;
}

/* A name that is not there: a finding only where everything would be. */
static void find_absent(struct header_check *check, struct header_finding *finding)
{
	if (check->part) {
		check->unchecked++;
		return;
	}
	finding->what = HEADER_ABSENT;
	find(check, finding);
}

/* ---- structures ---- */

struct record_check {
	struct header_check *check;
	const struct gap_cfront_record *record;
	const struct gap_cfront_member *members;
	size_t count;
	const char *name;
	bool is_mirror; /* of members that were selected, by their paths */
	bool quiet;     /* only to count */
	unsigned differences;
};

static void differ(struct record_check *one, const struct gap_cfront_member *member,
		   enum header_what what, uint64_t header, uint64_t kernel)
{
	char name[NAME_BYTES];

	one->differences++;
	if (one->quiet)
		return;
	snprintf(name, sizeof(name), "%s%s%s", one->name, member ? "." : "",
		 member ? member->name : "");
	find(one->check, &(struct header_finding){
				 .file = one->record->file,
				 .line = member ? member->line : one->record->line,
				 .name = name,
				 .what = what,
				 .header = header,
				 .kernel = kernel,
			 });
}

static bool size_is_known(const struct gap_profile *profile, gap_type_id id)
{
	struct gap_type type;

	return gap_profile_type(profile, id, &type) &&
	       !(type.flags & (GAP_TYPE_SIZE_UNKNOWN | GAP_TYPE_INCOMPLETE)) &&
	       type.kind != GAP_KIND_FUNCTION;
}

static void compare_member(struct record_check *one, const struct gap_cfront_member *member,
			   const struct gap_type *type, gap_type_id id)
{
	const struct gap_profile *profile = one->check->profile;
	struct gap_location at;

	if (strncmp(member->name, "gap_", 4) == 0)
		return;
	if (!(one->is_mirror ? header_mirror_find : header_member_find)(profile, id, member->name,
									&at)) {
		if (!(type->flags & GAP_TYPE_PARTIAL))
			differ(one, member, HEADER_ABSENT, 0, 0);
		return;
	}
	if (member->offset_bits != at.offset_bits)
		differ(one, member, HEADER_OFFSET, member->offset_bits, at.offset_bits);
	else if (member->width_bits != at.width_bits)
		differ(one, member, HEADER_WIDTH, member->width_bits, at.width_bits);
	else if (!at.width_bits && member->size_bytes != at.size_bytes &&
		 size_is_known(profile, at.type))
		differ(one, member, HEADER_SIZE, member->size_bytes, at.size_bytes);
}

static void compare_record(struct record_check *one, gap_type_id id)
{
	struct gap_type type = {.kind = GAP_KIND_VOID};

	gap_profile_type(one->check->profile, id, &type);
	one->differences = 0;
	if (one->record->size_bytes != type.size_bytes && !(type.flags & GAP_TYPE_SIZE_UNKNOWN))
		differ(one, NULL, HEADER_SIZE, one->record->size_bytes, type.size_bytes);
	for (size_t i = 0; i < one->count; i++)
		compare_member(one, &one->members[i], &type, id);
}

/* The definition of the name that the header fits best. */
static gap_type_id choose(struct record_check *one, const struct header_definitions *definitions)
{
	gap_type_id chosen = definitions->ids[0];
	unsigned least = UINT32_MAX;

	one->quiet = true;
	for (uint32_t i = 0; i < definitions->count && least; i++) {
		compare_record(one, definitions->ids[i]);
		if (one->differences < least) {
			least = one->differences;
			chosen = definitions->ids[i];
		}
	}
	one->quiet = false;
	return chosen;
}

static bool check_record(void *context, const struct gap_cfront_record *record,
			 const struct gap_cfront_member *members, size_t count)
{
	struct header_check *check = context;
	struct record_check one = {
		.check = check, .record = record, .members = members, .count = count};
	struct header_definitions definitions;

	one.name = record->of_system ? NULL : kernel_name(record->name);
	one.is_mirror = one.name != record->name;
	if (!one.name)
		return true;
	check->records++;
	check->members += (unsigned)count;
	header_definitions_find(check->profile, one.name, &definitions);
	if (definitions.count)
		compare_record(&one, choose(&one, &definitions));
	else if (definitions.declared || check->part)
		check->unchecked++; /* the profile knows the name only, if that */
	else
		differ(&one, NULL, HEADER_ABSENT, 0, 0);
	return true;
}

/* ---- enumerators ---- */

/* An enumerator is an int for one compiler and an unsigned one for another. */
static bool same_value(uint64_t header, uint64_t kernel)
{
	return header == kernel || ((uint32_t)header == (uint32_t)kernel &&
				    (header >> 32 == 0 || header >> 32 == UINT32_MAX) &&
				    (kernel >> 32 == 0 || kernel >> 32 == UINT32_MAX));
}

/* Several enums of the kernel give the name different values. */
static bool some_enum_has(const struct gap_profile *profile, const char *name, uint64_t value)
{
	uint32_t count = gap_profile_count(profile, GAP_TABLE_ENUMERATORS);
	struct gap_enumerator row;

	for (uint32_t i = 0; i < count; i++)
		if (gap_profile_enumerator(profile, i, &row) && strcmp(row.name, name) == 0 &&
		    same_value(value, row.value))
			return true;
	return false;
}

/* "NAME__2", "NAME___2": one of several, in a header where all share one space; "true_": a word that
 * the language has taken. */
static bool without_addition(const char *name, char *text, size_t capacity)
{
	size_t length = strlen(name), underscores;
	uint32_t number;

	if (!header_number_split(name, &length, &number) && length > 0 && name[length - 1] == '_')
		length--;
	else if (length == strlen(name) || length == 0 || name[length - 1] != '_')
		return false;
	for (underscores = 0; underscores < 2 && length > 1 && name[length - 1] == '_';
	     underscores++)
		length--;
	if (length >= capacity)
		return false;
	memcpy(text, name, length);
	text[length] = '\0';
	return true;
}

static void check_enumerator_value(struct header_check *check, struct header_finding *finding,
				   const char *name)
{
	const struct gap_profile *profile = check->profile;
	struct gap_enumerator row = {.name = ""};
	char plain[NAME_BYTES];
	uint32_t at;
	enum gap_status status = gap_profile_find_enumerator(profile, name, &at, NULL);

	if (status == GAP_NOT_FOUND && without_addition(name, plain, sizeof(plain))) {
		if (some_enum_has(profile, plain, finding->header))
			return;
		status = gap_profile_find_enumerator(profile, plain, &at, NULL);
	}
	if (status == GAP_AMBIGUOUS && some_enum_has(profile, name, finding->header))
		return;
	if (status == GAP_NOT_FOUND) {
		find_absent(check, finding);
		return;
	}
	finding->what = HEADER_VALUE;
	if (status == GAP_OK) {
		gap_profile_enumerator(profile, at, &row);
		if (same_value(finding->header, row.value))
			return;
		finding->kernel = row.value;
	}
	find(check, finding);
}

static bool check_enumerator(void *context, const struct gap_cfront_enumerator *enumerator)
{
	struct header_check *check = context;
	struct header_finding finding = {
		.file = enumerator->file,
		.line = enumerator->line,
		.name = enumerator->name,
		.header = enumerator->value,
		.is_signed = enumerator->is_signed,
	};

	if (enumerator->of_system || strncmp(enumerator->name, "GAP_", 4) == 0)
		return true;
	check->enumerators++;
	check_enumerator_value(check, &finding, enumerator->name);
	return true;
}

/* ---- constants that semgap wrote ---- */

static void check_size(struct header_check *check, struct header_finding *finding, const char *name)
{
	struct header_definitions definitions;
	struct gap_type type = {.kind = GAP_KIND_VOID};
	bool known = false;

	header_definitions_find(check->profile, name, &definitions);
	for (uint32_t i = 0; i < definitions.count; i++) {
		gap_profile_type(check->profile, definitions.ids[i], &type);
		if ((type.flags & GAP_TYPE_SIZE_UNKNOWN) || type.size_bytes == finding->header)
			return;
		known = true;
	}
	finding->what = HEADER_SIZE;
	finding->kernel = type.size_bytes;
	if (known)
		find(check, finding);
	else if (definitions.declared)
		check->unchecked++;
	else
		find_absent(check, finding);
}

/* What is expected of a place; each meaning of the name is looked at until one fits. */
struct place_check {
	enum header_what what;
	uint64_t header, kernel;
	bool bytes, fits, seen;
};

static bool check_place(void *context, const struct gap_location *location)
{
	struct place_check *place = context;
	uint64_t kernel =
		place->what == HEADER_WIDTH ? location->width_bits : location->offset_bits;

	if (!place->seen)
		place->kernel = kernel;
	place->seen = true;
	/* Bytes for what is no bit-field, bits for what is one. */
	if ((location->width_bits == 0) == place->bytes && kernel == place->header)
		place->fits = true;
	return !place->fits;
}

static void check_path(struct header_check *check, struct header_finding *finding, const char *path,
		       enum header_what what, bool bytes)
{
	struct place_check place = {.what = what, .bytes = bytes};

	place.header = bytes ? finding->header * 8 : finding->header;
	if (header_path_visit(check->profile, path, check_place, &place) == 0) {
		find_absent(check, finding);
		return;
	}
	if (place.fits)
		return;
	finding->what = what;
	finding->header = place.header;
	finding->kernel = place.kernel;
	find(check, finding);
}

static void check_offset(struct header_check *check, struct header_finding *finding,
			 const char *name)
{
	check_path(check, finding, name, HEADER_OFFSET, true);
}

static void check_bits(struct header_check *check, struct header_finding *finding, const char *name)
{
	static const struct {
		const char *ending;
		enum header_what what;
	} rows[] = {{"_OFFSET", HEADER_OFFSET}, {"_WIDTH", HEADER_WIDTH}};
	size_t length = strlen(name);
	char path[NAME_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t ending = strlen(rows[i].ending);

		if (length <= ending || length >= sizeof(path) ||
		    strcmp(name + length - ending, rows[i].ending) != 0)
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)(length - ending), name);
		check_path(check, finding, path, rows[i].what, false);
	}
}

static void check_symbol(struct header_check *check, struct header_finding *finding,
			 const char *name)
{
	enum gap_status status = header_symbol_find(&check->symbols, check->profile, name,
						    finding->header, &finding->kernel);

	finding->what = HEADER_ADDRESS;
	if (status && gap_profile_count(check->profile, GAP_TABLE_SYMBOLS) == 0)
		check->unchecked++;
	else if (status)
		find_absent(check, finding);
	else if (finding->kernel != finding->header)
		find(check, finding);
}

static bool check_macro(void *context, const struct gap_cfront_macro *macro)
{
	static const struct {
		const char *prefix;
		void (*check)(struct header_check *check, struct header_finding *finding,
			      const char *name);
	} rows[] = {
		{"GAP_SIZE_", check_size},
		{"GAP_OFF_", check_offset},
		{"GAP_BITS_", check_bits},
		{"GAP_SYM_", check_symbol},
		{"GAP_ENUM_", check_enumerator_value},
	};
	struct header_check *check = context;
	struct header_finding finding = {
		.file = macro->file,
		.line = macro->line,
		.name = macro->name,
		.header = macro->value,
		.is_signed = (int64_t)macro->value < 0,
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = strlen(rows[i].prefix);

		if (strncmp(macro->name, rows[i].prefix, length) != 0)
			continue;
		check->constants++;
		rows[i].check(check, &finding, macro->name + length);
	}
	return true;
}

enum gap_status header_check(struct header_check *check, struct gap_cfront_unit *unit,
			     struct gap_error *error)
{
	enum gap_status status = header_symbols_init(&check->symbols, check->profile, error);

	if (status)
		return status;
	check->part = holds_a_part(check->profile);
	status = gap_cfront_records(unit, check_record, check, error);
	if (!status) {
		gap_cfront_enumerators(unit, check_enumerator, check);
		gap_cfront_macros(unit, "GAP_", check_macro, check);
	}
	header_symbols_deinit(&check->symbols);
	return status;
}
