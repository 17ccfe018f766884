/* SPDX-License-Identifier: MIT */
/* The writers behind the rows of the format table, and what they share. */
#ifndef SEMGAP_EMIT_FORMATS_H
#define SEMGAP_EMIT_FORMATS_H

#include "emit/emit.h"

enum gap_status gap_emit_gap(const struct gap_profile *profile,
			     const struct gap_selection *selection,
			     const struct gap_emit_options *options, FILE *stream,
			     struct gap_error *error);
enum gap_status gap_emit_header(const struct gap_profile *profile,
				const struct gap_selection *selection,
				const struct gap_emit_options *options, FILE *stream,
				struct gap_error *error);
enum gap_status gap_emit_isf(const struct gap_profile *profile,
			     const struct gap_selection *selection,
			     const struct gap_emit_options *options, FILE *stream,
			     struct gap_error *error);
enum gap_status gap_emit_json(const struct gap_profile *profile,
			      const struct gap_selection *selection,
			      const struct gap_emit_options *options, FILE *stream,
			      struct gap_error *error);
enum gap_status gap_emit_vmlinux_h(const struct gap_profile *profile,
				   const struct gap_selection *selection,
				   const struct gap_emit_options *options, FILE *stream,
				   struct gap_error *error);
enum gap_status gap_emit_btf(const struct gap_profile *profile,
			     const struct gap_selection *selection,
			     const struct gap_emit_options *options, FILE *stream,
			     struct gap_error *error);
enum gap_status gap_emit_libvmi_conf(const struct gap_profile *profile,
				     const struct gap_selection *selection,
				     const struct gap_emit_options *options, FILE *stream,
				     struct gap_error *error);
enum gap_status gap_emit_rust(const struct gap_profile *profile,
			      const struct gap_selection *selection,
			      const struct gap_emit_options *options, FILE *stream,
			      struct gap_error *error);
enum gap_status gap_emit_python(const struct gap_profile *profile,
				const struct gap_selection *selection,
				const struct gap_emit_options *options, FILE *stream,
				struct gap_error *error);

/** A formatted line through @options (either may be NULL). */
void gap_emit_warn(const struct gap_emit_options *options, const char *format, ...)
	GAP_PRINTF(2, 3);

#endif
