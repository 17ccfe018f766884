/* SPDX-License-Identifier: MIT */
/* What the reader of an ISF document should know before relying on it: said as warnings. */
#include <stdio.h>
#include <string.h>

#include "emit/isf_writer.h"

static void warn_conflicts(const struct isf *isf, const struct gap_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		const struct gap_label *label = &labels->items[i];
		struct gap_declaration where = {"", 0, 0};

		if (!label->leads || label->repeats)
			continue;
		gap_profile_declaration(isf->profile, label->row, &where);
		gap_emit_warn(isf->options,
			      "isf: %s has several definitions; the bare name means #%u%s%s%s, the "
			      "others are %s#N",
			      label->name, label->number, *where.file ? " (" : "", where.file,
			      *where.file ? ")" : "", label->name);
	}
}

static void append_missing(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* Without these types Volatility refuses the table (framework/symbols/linux/__init__.py). */
static void warn_missing_types(const struct isf *isf)
{
	static const char *const required[] = {
		"file",          "list_head",      "hlist_head", "mm_struct", "super_block",
		"task_struct",   "vm_area_struct", "qstr",       "dentry",    "fs_struct",
		"files_struct",  "kobject",        "cred",       "inode",     "idr",
		"address_space", "page",           "vfsmount",   "net",       "socket",
		"sock",          "inet_sock",      "unix_sock",
	};
	char missing[600] = "";

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		struct gap_type type;
		gap_type_id id;
		enum gap_status status =
			gap_profile_find_type(isf->profile, required[i], &id, NULL);

		if (status == GAP_AMBIGUOUS)
			continue;
		if (status || !gap_profile_type(isf->profile, id, &type) ||
		    type.flags & GAP_TYPE_INCOMPLETE)
			append_missing(missing, sizeof(missing), required[i]);
	}
	if (*missing)
		gap_emit_warn(isf->options, "isf: Volatility 3 will refuse this table, it lacks %s",
			      missing);
}

/* Without these symbols it cannot find the kernel in a dump (automagic/linux.py, symbol_cache.py).
 */
static void warn_missing_symbols(const struct isf *isf)
{
	static const char *const required[] = {"init_task", "init_files", "linux_banner"};
	static const char *const roots[] = {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"};
	char missing[200] = "";
	uint32_t found = 0;

	for (size_t i = 0; i < 3; i++)
		if (gap_profile_find_symbols(isf->profile, required[i], NULL, 0) == 0)
			append_missing(missing, sizeof(missing), required[i]);
	for (size_t i = 0; i < 3; i++)
		found += gap_profile_find_symbols(isf->profile, roots[i], NULL, 0);
	if (found == 0)
		append_missing(missing, sizeof(missing), "init_top_pgt");
	if (isf->target.banner_bytes == 0)
		append_missing(missing, sizeof(missing), "the text of linux_banner");
	if (*missing)
		gap_emit_warn(
			isf->options,
			"isf: Volatility 3 will not find the kernel by this table, it lacks %s",
			missing);
}

void gap_isf_advise(const struct isf *isf)
{
	warn_conflicts(isf, &isf->aggregates);
	warn_conflicts(isf, &isf->enums);
	warn_missing_types(isf);
	warn_missing_symbols(isf);
}
