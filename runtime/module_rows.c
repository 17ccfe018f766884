/* SPDX-License-Identifier: MIT */
/* Kernel modules that a profile knows of: their symbols, by section and offset, because where a module lies only a running
 * kernel knows. */
#include <string.h>

#include "runtime/image.h"

uint32_t gap_profile_module_count(const struct gap_profile *profile)
{
	return profile->module_count;
}

int gap_profile_module(const struct gap_profile *profile, uint32_t index,
		       struct gap_module_info *module)
{
	const struct gap_format_module *row;
	uint32_t end;

	if (index >= profile->module_count)
		return 0;
	row = &profile->modules[index];
	end = index + 1 < profile->module_count ? row[1].first_symbol
						: profile->module_symbol_count;
	module->name = gap_image_string(profile, row->name);
	module->build_id = (const uint8_t *)gap_image_string(profile, row->build_id);
	module->build_id_bytes = row->build_id_bytes;
	module->first_symbol = row->first_symbol;
	module->symbol_count = end - row->first_symbol;
	return 1;
}

int gap_profile_module_symbol(const struct gap_profile *profile, uint32_t row,
			      struct gap_module_place *symbol)
{
	const struct gap_format_module_symbol *from;

	if (row >= profile->module_symbol_count)
		return 0;
	from = &profile->module_symbols[row];
	symbol->name = gap_image_string(profile, from->name);
	symbol->section = gap_image_string(profile, from->section);
	symbol->offset = from->offset;
	symbol->size_bytes = from->size_bytes;
	symbol->type = from->type;
	symbol->kind = (enum gap_symbol_kind)from->kind;
	symbol->flags = from->flags;
	return 1;
}

static enum gap_status find_module(const struct gap_profile *profile, const char *name,
				   struct gap_module_info *module, struct gap_error *error)
{
	uint32_t low = 0, high = profile->module_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order;

		gap_profile_module(profile, middle, module);
		order = strcmp(name, module->name);
		if (order == 0)
			return GAP_OK;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return gap_fail(error, GAP_NOT_FOUND, "no module %.200s in this profile (%u modules)", name,
			profile->module_count);
}

enum gap_status gap_profile_find_module_symbol(const struct gap_profile *profile,
					       const char *module_name, const char *name,
					       struct gap_module_place *symbol,
					       struct gap_error *error)
{
	struct gap_module_place found = {.name = NULL}, each;
	struct gap_module_info module;
	enum gap_status status = find_module(profile, module_name, &module, error);

	for (uint32_t i = 0; !status && i < module.symbol_count; i++) {
		gap_profile_module_symbol(profile, module.first_symbol + i, &each);
		if (strcmp(each.name, name) != 0)
			continue;
		if (found.name &&
		    (found.flags & GAP_SYMBOL_LOCAL) == (each.flags & GAP_SYMBOL_LOCAL))
			return gap_fail(error, GAP_AMBIGUOUS,
					"module %.200s has several symbols %.200s", module_name,
					name);
		/* A global one is preferred. */
		if (!found.name || (found.flags & GAP_SYMBOL_LOCAL))
			found = each;
	}
	if (!status && !found.name)
		status = gap_fail(error, GAP_NOT_FOUND, "module %.200s has no symbol %.200s",
				  module_name, name);
	if (!status)
		*symbol = found;
	return status;
}
