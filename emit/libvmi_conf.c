/* SPDX-License-Identifier: MIT */
/*
 * --format libvmi-conf: an entry of LibVMI's configuration file with the offsets that it asks for
 * (libvmi/os/linux/core.c: linux_tasks, linux_mm, linux_pid, linux_name, linux_pgd,
 * linux_init_task). What LibVMI cannot do without and the profile lacks is an error.
 */
#include <inttypes.h>
#include <string.h>

#include "emit/formats.h"
#include "emit/header_text.h"
#include "emit/selection.h"

static const struct {
	const char *key, *type, *member;
} offsets[] = {
	{"linux_name", "task_struct", "comm"}, {"linux_tasks", "task_struct", "tasks"},
	{"linux_mm", "task_struct", "mm"},     {"linux_pid", "task_struct", "pid"},
	{"linux_pgd", "mm_struct", "pgd"},
};

#define OFFSET_COUNT (sizeof(offsets) / sizeof(offsets[0]))

static enum gap_status find_offsets(const struct gap_profile *profile,
				    uint64_t values[OFFSET_COUNT], struct gap_error *error)
{
	for (size_t i = 0; i < OFFSET_COUNT; i++) {
		struct gap_location location;
		gap_type_id type;
		enum gap_status status =
			gap_profile_find_type(profile, offsets[i].type, &type, error);

		if (status == GAP_OK)
			status = gap_profile_find_member(profile, type, offsets[i].member,
							 &location, error);
		if (status)
			return gap_fail(error, status,
					"libvmi-conf: the profile has no %s.%s, which LibVMI needs",
					offsets[i].type, offsets[i].member);
		values[i] = location.offset_bits / 8;
	}
	return GAP_OK;
}

static void write_comment(const struct gap_profile *profile, FILE *stream)
{
	struct gap_target target;

	gap_profile_target(profile, &target);
	fputs("# An entry for LibVMI's configuration file, written by semgap; the name before the "
	      "brace is to be\n"
	      "# your domain's. Offsets are bytes; linux_init_task is as linked, before any KASLR "
	      "slide.\n"
	      "# release:  ",
	      stream);
	gap_header_safe(stream, target.release, strlen(target.release));
	fputs("\n# build-id: ", stream);
	gap_header_digits(stream, &target);
	putc('\n', stream);
}

enum gap_status gap_emit_libvmi_conf(const struct gap_profile *profile,
				     const struct gap_selection *selection,
				     const struct gap_emit_options *options, FILE *stream,
				     struct gap_error *error)
{
	uint64_t values[OFFSET_COUNT];
	struct gap_symbol init_task;
	enum gap_status status = find_offsets(profile, values, error);

	if (status)
		return status;
	if (!gap_selection_is_everything(selection))
		gap_emit_warn(options, "libvmi-conf: the selection is ignored, LibVMI knows its "
				       "own fields");
	write_comment(profile, stream);
	fputs("linux_guest {\n    ostype = \"Linux\";\n", stream);
	if (gap_profile_find_symbol(profile, "init_task", &init_task, NULL) == GAP_OK)
		fprintf(stream, "    linux_init_task = 0x%" PRIx64 ";\n", init_task.address);
	else
		gap_emit_warn(options, "libvmi-conf: no symbol init_task: LibVMI needs sysmap = "
				       "\"…\" beside this");
	for (size_t i = 0; i < OFFSET_COUNT; i++)
		fprintf(stream, "    %s = 0x%" PRIx64 ";\n", offsets[i].key, values[i]);
	fputs("}\n", stream);
	return GAP_OK;
}
