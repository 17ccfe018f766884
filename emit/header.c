/* SPDX-License-Identifier: MIT */
/*
 * --format header: a C header with the constants of one kernel build, for C11 and C++17. With a
 * selection also mirrors of the structures and typed readers; header_layout.c and header_readers.c
 * write those.
 */
#include <inttypes.h>
#include <string.h>

#include "emit/collect.h"
#include "emit/formats.h"
#include "emit/header_text.h"

static void write_begin(const struct gap_collected *collected, FILE *stream)
{
	uint64_t digest = gap_constants_digest(&collected->constants);
	struct gap_target target;

	gap_profile_target(collected->profile, &target);
	gap_header_comment(stream, &target, "Constants of one kernel build, written by semgap.",
			   "GAP_OFF_ are bytes, GAP_BITS_ bits counted from the least significant "
			   "bit of the first byte;\n"
			   " * GAP_SYM_ are addresses as linked, before any KASLR slide.");
	fprintf(stream, "#ifndef GAP_HEADER_%016" PRIx64 "\n", digest);
	fprintf(stream, "#define GAP_HEADER_%016" PRIx64 "\n", digest);
	fputs("\n"
	      "#ifdef GAP_TARGET_RELEASE\n"
	      "#error \"constants of two selections or of two kernels in one translation unit\"\n"
	      "#endif\n"
	      "\n"
	      "#include <stddef.h>\n"
	      "#include <stdint.h>\n"
	      "\n"
	      "#define GAP_TARGET_RELEASE \"",
	      stream);
	gap_header_safe(stream, target.release, strlen(target.release));
	fputs("\"\n#define GAP_TARGET_BUILD_ID \"", stream);
	gap_header_digits(stream, &target);
	fprintf(stream, "\"\n#define GAP_TARGET_POINTER_BYTES %u\n", target.pointer_bytes);
	fprintf(stream, "#define GAP_TARGET_MACHINE %u /* ELF: %s */\n", target.machine,
		gap_machine_name(target.machine));
}

static enum gap_status write_file(const struct gap_collected *collected, FILE *stream,
				  struct gap_error *error)
{
	const struct gap_emit_options *options = collected->options;
	enum gap_status status = GAP_OK;

	write_begin(collected, stream);
	gap_constants_write(&collected->constants, stream);
	if (collected->fields.count > 0) {
		status = gap_header_write_layouts(&collected->fields, stream, error);
		if (status)
			return status;
		gap_header_write_readers(&collected->fields, stream);
	}
	if (options && options->wanted)
		status = gap_header_write_monitor(options->wanted, &collected->fields, stream,
						  error);
	fputs("\n#endif\n", stream);
	return status;
}

enum gap_status gap_emit_header(const struct gap_profile *profile,
				const struct gap_selection *selection,
				const struct gap_emit_options *options, FILE *stream,
				struct gap_error *error)
{
	struct gap_collected collected;
	enum gap_status status;

	if (options && options->wanted && options->bind == GAP_BIND_TABLE)
		return gap_header_write_table(options->wanted, stream, error);
	status = gap_collect(&collected, "header", profile, selection, options, error);
	if (status)
		return status;
	status = write_file(&collected, stream, error);
	gap_collected_deinit(&collected);
	return status;
}
