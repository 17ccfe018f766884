/* SPDX-License-Identifier: MIT */
/* semgap guest modules: what is loaded into the kernel, as a table or JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest_rows.h"
#include "runtime/include/semgap/modules.h"

static enum gap_status collect(struct guest_rows *rows, struct gap_error *error)
{
	struct gap_modules *modules = rows->state;
	struct gap_module module;
	enum gap_status status = gap_modules_init(modules, rows->guest, error);

	if (status)
		return status;
	while (gap_modules_next(modules, &module)) {
		struct gap_module *row = guest_rows_push(rows);

		if (!row)
			return guest_rows_full(rows, error);
		*row = module;
	}
	if (modules->status)
		gap_fail(error, modules->status, "%s", modules->reason);
	return modules->status;
}

static const char *user_name(const struct gap_modules *modules, struct gap_vaddr address,
			     char name[GAP_MODULE_NAME_BYTES + 1])
{
	if (gap_module_name(modules, address, name))
		snprintf(name, GAP_MODULE_NAME_BYTES, "?");
	return name;
}

static uint32_t users_told(const struct gap_module *module)
{
	return module->user_count < GAP_MODULE_USERS ? module->user_count : GAP_MODULE_USERS;
}

static void print_row(const struct guest_rows *rows, const void *item)
{
	const struct gap_module *module = item;
	char letters[16], name[GAP_MODULE_NAME_BYTES + 1];

	gap_module_taint_letters(module->taints, letters);
	out_text(module->name, strlen(module->name));
	printf("%*s ", strlen(module->name) < 24 ? (int)(24 - strlen(module->name)) : 0, "");
	if (module->known & GAP_MODULE_PLACE)
		printf("0x%016llx ", (unsigned long long)module->base.value);
	else
		printf("%-18s ", "?");
	out_number(module->known & GAP_MODULE_PLACE, (int64_t)module->size_bytes, 9);
	out_number(module->known & GAP_MODULE_REFERENCES, module->references, 5);
	printf("%-9s %-6s ", module->state ? module->state : "?", letters);
	for (uint32_t i = 0; i < users_told(module); i++) {
		printf("%s", i ? "," : "");
		user_name(rows->state, module->users[i], name);
		out_text(name, strlen(name));
	}
	putchar('\n');
}

static void print_heading(void)
{
	printf("%-24s %-18s %9s %5s %-9s %-6s %s\n", "NAME", "ADDRESS", "SIZE", "USES", "STATE",
	       "TAINTS", "USED BY");
}

static void json_users(struct gap_json *json, const struct gap_modules *modules,
		       const struct gap_module *module)
{
	char name[GAP_MODULE_NAME_BYTES + 1];

	gap_json_key(json, "used_by");
	if (!(module->known & GAP_MODULE_USED_BY)) {
		gap_json_null(json);
		return;
	}
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < users_told(module); i++)
		gap_json_name(json, user_name(modules, module->users[i], name));
	gap_json_close(json, ']');
}

static void json_row(struct gap_json *json, const struct guest_rows *rows, const void *item)
{
	const struct gap_module *module = item;
	char letters[16];

	gap_module_taint_letters(module->taints, letters);
	gap_json_key_text(json, "name", module->name, strlen(module->name));
	out_json_hex(json, "base", module->known & GAP_MODULE_PLACE, module->base.value);
	out_json_number(json, "size_bytes", module->known & GAP_MODULE_PLACE, module->size_bytes);
	out_json_text(json, "state", module->known & GAP_MODULE_STATE, module->state);
	out_json_signed(json, "references", module->known & GAP_MODULE_REFERENCES,
			module->references);
	out_json_text(json, "taints", module->known & GAP_MODULE_TAINTS, letters);
	json_users(json, rows->state, module);
	gap_json_key(json, "parts");
	gap_json_open(json, '[');
	for (uint32_t i = 0; i < module->part_count; i++) {
		gap_json_open(json, '{');
		out_json_hex(json, "base", true, module->parts[i].base.value);
		gap_json_key_number(json, "size_bytes", module->parts[i].size_bytes);
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
	out_json_hex(json, "address", true, module->address.value);
}

static const struct guest_rows_view rows_view = {
	.schema = "semgap/modules/1",
	.rows = "modules",
	.row_bytes = sizeof(struct gap_module),
	.state_bytes = sizeof(struct gap_modules),
	.collect = collect,
	.print_heading = print_heading,
	.print_row = print_row,
	.json_row = json_row,
};

const struct guest_view guest_view_modules = {
	.name = "modules",
	.operands = "",
	.summary = "loaded modules: address, size, uses, state, taints",
	.rows = &rows_view,
};
