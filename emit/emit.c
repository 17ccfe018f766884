/* SPDX-License-Identifier: MIT */
/* The table of formats. To add one, write its file and its row. */
#include <stdarg.h>
#include <string.h>

#include "emit/formats.h"

const struct gap_emit_format gap_emit_formats[] = {
	{"gap", "our own image: the whole, or the blob of one monitor", true, gap_emit_gap},
	{"header", "a C header: constants and typed readers", false, gap_emit_header},
	{"isf", "ISF 6.2.0, as Volatility 3 and LibVMI read it", false, gap_emit_isf},
	{"vmlinux-h", "C declarations of all types, each asserting its layout", false,
	 gap_emit_vmlinux_h},
	{"btf", "detached BTF, as bpftool and pahole take it", true, gap_emit_btf},
	{"libvmi-conf", "an entry of LibVMI's configuration file", false, gap_emit_libvmi_conf},
	{"rust", "a Rust module of constants and repr(C) structures", false, gap_emit_rust},
	{"python", "a Python module of constants and ctypes structures", false, gap_emit_python},
	{"json", "JSON with everything, provenance included", false, gap_emit_json},
	{NULL, NULL, false, NULL},
};

const struct gap_emit_format *gap_emit_format_find(const char *name)
{
	for (const struct gap_emit_format *format = gap_emit_formats; format->name; format++)
		if (strcmp(format->name, name) == 0)
			return format;
	return NULL;
}

void gap_emit_warn(const struct gap_emit_options *options, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (!options || !options->warn)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	options->warn(options->warn_context, text);
}
