/* SPDX-License-Identifier: MIT */
/*
 * Layouts from the headers that a distribution ships for building modules, for kernels whose debug
 * package is nowhere. The structures asked for are looked up in the headers, those headers are
 * compiled as the kernel would compile them, and what comes out is exactly as true as the flags are:
 * so any complaint of the parser ends it, and a kernel with randomised structures is refused.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfront/cfront.h"
#include "extract/header_search.h"
#include "extract/inputs.h"
#include "profile/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* How a kernel for this architecture is compiled. */
struct architecture {
	const char *option; /* that the configuration sets */
	const char *target, *folder;
	const char *flags[2]; /* that headers look at */
	uint16_t machine;
	uint8_t pointer_bytes;
};

static const struct architecture architectures[] = {
	{"CONFIG_X86_64", "x86_64-linux-gnu", "x86", {"-DCC_USING_FENTRY"}, 62, 8},
	{"CONFIG_X86_32", "i386-linux-gnu", "x86", {"-DCC_USING_FENTRY", "-mregparm=3"}, 3, 4},
	{"CONFIG_ARM64", "aarch64-linux-gnu", "arm64", {"-mgeneral-regs-only"}, 183, 8},
};

/* Flags that change types, where the kernel's own Makefile passes them. */
static const char *const makefile_flags[] = {"-fshort-wchar", "-funsigned-char", "-fms-extensions"};

/* A field asked for: types and members, each with alternatives "a|b". */
struct field {
	char *types, *members;
	bool by_user; /* not of our own table, which holds what some kernels do not have */
};

struct headers {
	const struct gap_extraction *run;
	const char *flavour, *common;
	char *autoconf;
	const struct architecture *architecture;
	struct field *fields;
	struct gap_header_tag *tags;
	size_t field_count, tag_count;
	struct gap_cfront_arguments arguments;
	unsigned complaints;
};

static enum gap_status no_memory(const struct headers *headers)
{
	return gap_fail(headers->run->error, GAP_NO_MEMORY, "out of memory");
}

/* ---- the two trees ---- */

static bool has(const char *tree, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.3000s/%s", tree, file);
	return access(path, R_OK) == 0;
}

#define AUTOCONF "include/generated/autoconf.h"
#define KCONFIG "include/linux/kconfig.h"

/* In whichever order they were named; a tree that was built in holds both. */
static enum gap_status find_trees(struct headers *headers)
{
	const char *one = headers->run->options->headers[0];
	const char *other = headers->run->options->headers[1];

	if (!other)
		other = one;
	headers->flavour = has(one, AUTOCONF) ? one : other;
	headers->common = has(other, KCONFIG) ? other : one;
	if (!has(headers->flavour, AUTOCONF))
		return gap_fail(headers->run->error, GAP_NOT_FOUND,
				"%.300s: no " AUTOCONF
				": name the flavour's folder, linux-headers-RELEASE, which holds "
				"it, with --headers (a source tree has it after make prepare)",
				headers->flavour);
	if (!has(headers->common, KCONFIG))
		return gap_fail(headers->run->error, GAP_NOT_FOUND,
				"%.300s: no " KCONFIG
				": name the folder that is common to all flavours, "
				"linux-headers-…-common, with a second --headers",
				headers->common);
	return GAP_OK;
}

static enum gap_status read_file_of(const struct headers *headers, const char *tree,
				    const char *file, char **text)
{
	char path[PATH_MAX];
	size_t length;

	snprintf(path, sizeof(path), "%.3000s/%s", tree, file);
	return gap_header_read(path, text, &length, headers->run->error);
}

/* ---- the configuration ---- */

/* The value that @text, lines of "#define NAME VALUE", gives @name, up to the line's end; NULL none. */
static const char *define_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; (at = strstr(at, "#define ")) != NULL;) {
		at += 8;
		if (strncmp(at, name, length) == 0 && at[length] == ' ')
			return at + length + 1;
	}
	return NULL;
}

static enum gap_status refuse_randomised(const struct headers *headers)
{
	static const char *const options[] = {"CONFIG_RANDSTRUCT", "CONFIG_GCC_PLUGIN_RANDSTRUCT"};

	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (define_of(headers->autoconf, options[i]))
			return gap_fail(headers->run->error, GAP_UNSUPPORTED,
					"%.300s: this kernel's structures are randomised (%s); "
					"headers show the order of the source, not of the code: "
					"semgap infer finds the true one in a guest's memory",
					headers->flavour, options[i]);
	return GAP_OK;
}

static enum gap_status find_architecture(struct headers *headers)
{
	for (size_t i = 0; i < COUNT_OF(architectures); i++)
		if (define_of(headers->autoconf, architectures[i].option)) {
			headers->architecture = &architectures[i];
			return GAP_OK;
		}
	return gap_fail(headers->run->error, GAP_UNSUPPORTED,
			"%.300s: headers of another architecture than x86-64, i386 and arm64",
			headers->flavour);
}

/* "CONFIG_X=y" as the line of autoconf.h that it becomes; false: none. */
static bool as_define(const char *line, char *define, size_t capacity)
{
	const char *equals = strchr(line, '=');
	int name = equals ? (int)(equals - line) : 0;

	if (strncmp(line, "CONFIG_", 7) != 0 || !equals)
		return false;
	if (strcmp(equals, "=y") == 0)
		snprintf(define, capacity, "%.*s 1", name, line);
	else if (strcmp(equals, "=m") == 0)
		snprintf(define, capacity, "%.*s_MODULE 1", name, line);
	else
		snprintf(define, capacity, "%.*s %s", name, line, equals + 1);
	return true;
}

/* A number that is hexadecimal by its option's type is written with 0x there, whatever it was. */
static bool says(const char *autoconf, const char *define)
{
	const char *value = strchr(define, ' ');
	char line[4096];

	snprintf(line, sizeof(line), "#define %.4000s\n", define);
	if (strstr(autoconf, line))
		return true;
	snprintf(line, sizeof(line), "#define %.*s 0x%.100s\n", (int)(value - define), define,
		 value + 1);
	return strstr(autoconf, line) != NULL;
}

static size_t count_defines(const char *text)
{
	size_t count = 0;

	while ((text = strstr(text, "#define CONFIG_")) != NULL) {
		text += 8;
		count++;
	}
	return count;
}

/* Everything that @config says must be in autoconf.h, and nothing else. */
static enum gap_status compare_configs(const struct headers *headers, char *config)
{
	const char *path = headers->run->options->config;
	size_t count = 0;
	char *rest = config, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char define[4096];

		if (!as_define(line, define, sizeof(define)))
			continue;
		count++;
		if (!says(headers->autoconf, define))
			return gap_fail(headers->run->error, GAP_MISMATCH,
					"%.200s is not the configuration of these headers: it has "
					"%.100s, %.200s/" AUTOCONF " has not",
					path, line, headers->flavour);
	}
	if (count == 0)
		return gap_fail(headers->run->error, GAP_INVALID,
				"%.300s: no kernel configuration (lines CONFIG_…=…)", path);
	if (count != count_defines(headers->autoconf))
		return gap_fail(headers->run->error, GAP_MISMATCH,
				"%.200s is not the configuration of these headers: it sets %zu "
				"options, %.200s/" AUTOCONF " %zu",
				path, count, headers->flavour, count_defines(headers->autoconf));
	return GAP_OK;
}

static enum gap_status check_config(const struct headers *headers)
{
	enum gap_status status;
	size_t length;
	char *config;

	if (!headers->run->options->config)
		return GAP_OK;
	status = gap_header_read(headers->run->options->config, &config, &length,
				 headers->run->error);
	if (status)
		return status;
	status = compare_configs(headers, config);
	free(config);
	return status;
}

static enum gap_status read_configuration(struct headers *headers)
{
	enum gap_status status =
		read_file_of(headers, headers->flavour, AUTOCONF, &headers->autoconf);

	if (!status)
		status = refuse_randomised(headers);
	if (!status)
		status = check_config(headers);
	return status ? status : find_architecture(headers);
}

/* ---- identity ---- */

static enum gap_status set_identity(const struct headers *headers)
{
	struct gap_build_target target = {
		.machine = headers->architecture->machine,
		.pointer_bytes = headers->architecture->pointer_bytes,
	};
	char *text, *quote, *end;
	enum gap_status status =
		read_file_of(headers, headers->flavour, "include/generated/utsrelease.h", &text);

	if (status)
		return status;
	quote = strchr(text, '"');
	end = quote ? strchr(quote + 1, '"') : NULL;
	if (end) {
		*end = '\0';
		target.release = quote + 1;
	}
	gap_builder_target_set(headers->run->builder, &target);
	free(text);
	return GAP_OK;
}

/* ---- what is asked for ---- */

static bool add_field(struct headers *headers, const char *types, size_t types_length,
		      const char *members, bool by_user)
{
	struct field *grown = realloc(headers->fields, (headers->field_count + 1) * sizeof(*grown));
	struct field *field;

	if (!grown)
		return false;
	headers->fields = grown;
	field = &grown[headers->field_count++];
	*field = (struct field){strndup(types, types_length), strdup(members), by_user};
	return field->types && field->members;
}

static enum gap_status add_own_fields(struct headers *headers)
{
	static const struct {
		const char *types, *members;
	} rows[] = {
#define GAP_FIELD(id, types, members) {types, members},
#include "kernels/fields.def"
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (!add_field(headers, rows[i].types, strlen(rows[i].types), rows[i].members,
			       false))
			return no_memory(headers);
	return GAP_OK;
}

/* "type|type.member|member" */
static enum gap_status add_user_field(struct headers *headers, const char *text)
{
	const char *dot = strchr(text, '.');

	if (!dot || dot == text || !dot[1])
		return gap_fail(headers->run->error, GAP_INVALID, "\"%.200s\" is not TYPE.member",
				text);
	return add_field(headers, text, (size_t)(dot - text), dot + 1, true) ? GAP_OK
									     : no_memory(headers);
}

static enum gap_status add_fields_file(struct headers *headers, const char *path)
{
	enum gap_status status;
	char *text, *rest, *line;
	size_t length;

	status = gap_header_read(path, &text, &length, headers->run->error);
	if (status)
		return status;
	rest = text;
	while (!status && (line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "#\r")] = '\0';
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = '\0';
		if (*line)
			status = add_user_field(headers, line);
	}
	free(text);
	return status;
}

static bool add_tag(struct headers *headers, const char *name, size_t length)
{
	struct gap_header_tag *grown;

	for (size_t i = 0; i < headers->tag_count; i++)
		if (strncmp(headers->tags[i].name, name, length) == 0 &&
		    !headers->tags[i].name[length])
			return true;
	grown = realloc(headers->tags, (headers->tag_count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	headers->tags = grown;
	grown[headers->tag_count] = (struct gap_header_tag){strndup(name, length), NULL};
	return grown[headers->tag_count].name && ++headers->tag_count;
}

/* Every alternative is looked for: which of them this kernel has is seen when all are read. */
static enum gap_status collect_tags(struct headers *headers)
{
	for (size_t i = 0; i < headers->field_count; i++)
		for (const char *name = headers->fields[i].types; name;
		     name = (name = strchr(name, '|')) ? name + 1 : NULL) {
			const char *tag = strncmp(name, "struct:", 7) == 0  ? name + 7
					  : strncmp(name, "union:", 6) == 0 ? name + 6
									    : name;

			if (!add_tag(headers, tag, strcspn(tag, "|")))
				return no_memory(headers);
		}
	return GAP_OK;
}

static enum gap_status collect_fields(struct headers *headers)
{
	const struct gap_extract_options *options = headers->run->options;
	enum gap_status status = GAP_OK;

	for (size_t i = 0; !status && i < options->field_count; i++)
		status = add_user_field(headers, options->fields[i]);
	if (!status && options->fields_file)
		status = add_fields_file(headers, options->fields_file);
	if (!status && headers->field_count == 0)
		status = add_own_fields(headers);
	return status ? status : collect_tags(headers);
}

/* ---- the kernel's flags ---- */

static bool flag(struct headers *headers, const char *format, const char *tree)
{
	char text[PATH_MAX + 64];

	snprintf(text, sizeof(text), format, tree, headers->architecture->folder);
	return gap_cfront_argument_add(&headers->arguments, text, headers->run->error) == GAP_OK;
}

static bool add_folders(struct headers *headers)
{
	const char *common = headers->common, *flavour = headers->flavour;

	return flag(headers, "-I%s/arch/%s/include", common) &&
	       flag(headers, "-I%s/arch/%s/include/generated", flavour) &&
	       flag(headers, "-I%s/include", common) && flag(headers, "-I%s/include", flavour) &&
	       flag(headers, "-I%s/arch/%s/include/uapi", common) &&
	       flag(headers, "-I%s/arch/%s/include/generated/uapi", flavour) &&
	       flag(headers, "-I%s/include/uapi", common) &&
	       flag(headers, "-I%s/include/generated/uapi", flavour);
}

/* Every translation unit of a kernel begins with these, where the kernel has them. */
static bool add_first_headers(struct headers *headers)
{
	static const char *const firsts[] = {"include/linux/compiler-version.h", KCONFIG,
					     "include/linux/compiler_types.h"};
	char text[PATH_MAX];

	for (size_t i = 0; i < COUNT_OF(firsts); i++) {
		snprintf(text, sizeof(text), "%.3000s/%s", headers->common, firsts[i]);
		if (has(headers->common, firsts[i]) &&
		    (!flag(headers, "-include", "") || !flag(headers, "%s", text)))
			return false;
	}
	return true;
}

/* What changes types and is not the same for all kernels: told by the Makefile, or by the
 * configuration. */
static bool add_dialect(struct headers *headers)
{
	char *makefile = NULL;
	bool good = true;

	if (read_file_of(headers, headers->common, "Makefile", &makefile))
		makefile = NULL;
	for (size_t i = 0; good && i < COUNT_OF(makefile_flags); i++) {
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "\"%s", makefile_flags[i]);
		if ((makefile && strstr(makefile, makefile_flags[i])) ||
		    strstr(headers->autoconf, quoted))
			good = flag(headers, "%s", makefile_flags[i]);
	}
	free(makefile);
	return good;
}

static enum gap_status collect_flags(struct headers *headers)
{
	const struct architecture *architecture = headers->architecture;
	bool good = flag(headers, "-target", "") && flag(headers, "%s", architecture->target) &&
		    flag(headers, "-xc", "") && flag(headers, "-std=gnu11", "") &&
		    flag(headers, "-w", "") && flag(headers, "-D__KERNEL__", "") &&
		    flag(headers, "-DKBUILD_MODNAME=\"x\"", "");

	/* Kernels before 5.15 take <stdarg.h> of the compiler, later ones nothing of it. */
	good = good &&
	       flag(headers,
		    has(headers->common, "include/linux/stdarg.h") ? "-nostdinc" : "-nostdlibinc",
		    "");
	for (size_t i = 0; good && i < COUNT_OF(architecture->flags) && architecture->flags[i]; i++)
		good = flag(headers, "%s", architecture->flags[i]);
	good = good && add_dialect(headers) && add_folders(headers) && add_first_headers(headers);
	return good ? GAP_OK : no_memory(headers);
}

/* ---- parsing ---- */

static bool included_before(const struct headers *headers, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (headers->tags[i].header &&
		    strcmp(headers->tags[i].header, headers->tags[index].header) == 0)
			return true;
	return false;
}

/* One source that includes each header needed, once. */
static char *write_source(const struct headers *headers)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < headers->tag_count; i++)
		if (headers->tags[i].header && !included_before(headers, i))
			fprintf(stream, "#include <%s>\n", headers->tags[i].header);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

/* The first is the cause, the others mostly its consequences. */
static void complain(void *context, const char *text)
{
	struct headers *headers = context;

	if (headers->complaints++ < 5)
		gap_extraction_warn(headers->run, "%s", text);
}

static enum gap_status add_graph(struct headers *headers, struct gap_cfront_unit *parsed,
				 struct gap_cfront_root *roots, struct gap_merger *merger)
{
	const char *const trees[] = {headers->common, headers->flavour};
	struct gap_unit unit = {.types = {NULL, 0, 0}};
	struct gap_cfront_graph graph = {
		.roots = roots,
		.root_count = headers->tag_count,
		.trees = trees,
		.tree_count = COUNT_OF(trees),
		.pointer_bytes = headers->architecture->pointer_bytes,
		.builder = headers->run->builder,
		.unit = &unit,
	};
	struct gap_merge_report merged = {0, 0};
	enum gap_status status = gap_cfront_graph(parsed, &graph, headers->run->error);

	if (!status)
		status = gap_merger_add(merger, &unit, headers->run->error);
	if (!status)
		status = gap_merger_finish(merger, &merged, headers->run->error);
	headers->run->report->units = 1;
	headers->run->report->conflicts = merged.conflicting_names;
	headers->run->report->unresolved = merged.unresolved;
	gap_unit_deinit(&unit);
	return status;
}

static enum gap_status take_types(struct headers *headers, struct gap_cfront_unit *parsed)
{
	struct gap_cfront_root *roots = calloc(headers->tag_count + 1, sizeof(*roots));
	struct gap_merger *merger;
	enum gap_status status;

	if (!roots)
		return no_memory(headers);
	for (size_t i = 0; i < headers->tag_count; i++)
		roots[i].name = headers->tags[i].name;
	status = gap_merger_create(headers->run->builder, &merger, headers->run->error);
	if (!status) {
		status = add_graph(headers, parsed, roots, merger);
		gap_merger_destroy(merger);
	}
	free(roots);
	return status;
}

static enum gap_status parse(struct headers *headers)
{
	struct gap_cfront_options options = {
		.arguments = (const char *const *)headers->arguments.items,
		.argument_count = headers->arguments.count,
		.complain = complain,
		.context = headers,
	};
	struct gap_cfront_unit *parsed = NULL;
	char *source = write_source(headers);
	struct gap_error detail;
	enum gap_status status;

	if (!source)
		return no_memory(headers);
	options.text = source;
	status = gap_cfront_open("kernel-headers.c", &options, &parsed, &detail);
	if (status == GAP_INVALID)
		gap_fail(headers->run->error, status,
			 "%.200s: %.500s; layouts of headers that do not parse cannot be trusted, "
			 "so there are none",
			 headers->flavour, detail.text);
	else if (status)
		gap_fail(headers->run->error, status, "%s", detail.text);
	else
		status = take_types(headers, parsed);
	gap_cfront_close(parsed);
	free(source);
	return status;
}

/* ---- what cannot be known ---- */

static bool has_type(const struct gap_profile *profile, const char *name)
{
	struct gap_type type;
	gap_type_id id;

	return gap_profile_find_type(profile, name, &id, NULL) == GAP_OK &&
	       gap_profile_type(profile, id, &type) && !(type.flags & GAP_TYPE_INCOMPLETE);
}

static bool resolves(const struct gap_profile *profile, const char *type, const char *members)
{
	struct gap_location location;
	gap_type_id id;
	bool found = false;

	if (gap_profile_find_type(profile, type, &id, NULL))
		return false;
	for (const char *at = members; at && !found; at = (at = strchr(at, '|')) ? at + 1 : NULL) {
		char path[512];

		snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, "|"), at);
		found = gap_profile_find_member(profile, id, path, &location, NULL) == GAP_OK;
	}
	return found;
}

struct unknown {
	char names[700];
	unsigned count;
};

static void tell_unknown(struct unknown *unknown, const char *name)
{
	char listed[300], all[sizeof(unknown->names) + 2];

	snprintf(listed, sizeof(listed), " %s,", name);
	snprintf(all, sizeof(all), "%s,", unknown->names);
	if (strstr(all, listed) != NULL)
		return;
	snprintf(unknown->names + strlen(unknown->names),
		 sizeof(unknown->names) - strlen(unknown->names), "%s %s",
		 unknown->count++ ? "," : "", name);
}

/* A field of which no alternative is there: because no header has the type, or because the kernel
 * has no such member. The latter is no news of our own table, which is for all kernels. */
static void judge_field(const struct headers *headers, const struct gap_profile *profile,
			const struct field *field, struct unknown *unknown)
{
	struct unknown missing = {"", 0};
	char types[512], *rest = types, *type;

	snprintf(types, sizeof(types), "%s", field->types);
	while ((type = strsep(&rest, "|")) != NULL) {
		if (resolves(profile, type, field->members))
			return;
		if (!has_type(profile, type))
			tell_unknown(&missing, type);
	}
	if (!missing.count && field->by_user)
		gap_extraction_warn(headers->run, "%s has no %s in these headers", field->types,
				    field->members);
	rest = missing.names;
	while (missing.count && (type = strsep(&rest, ",")) != NULL)
		tell_unknown(unknown, type + 1);
}

static enum gap_status judge_fields(const struct headers *headers)
{
	struct gap_profile *profile;
	struct unknown unknown = {"", 0};
	size_t size_bytes;
	void *image;
	enum gap_status status = gap_builder_freeze(headers->run->builder, 0, &image, &size_bytes,
						    headers->run->error);

	if (status)
		return status;
	status = gap_profile_open_image(image, size_bytes, &profile, headers->run->error);
	if (!status) {
		for (size_t i = 0; i < headers->field_count; i++)
			judge_field(headers, profile, &headers->fields[i], &unknown);
		gap_profile_close(profile);
	}
	free(image);
	if (unknown.count)
		gap_extraction_warn(headers->run,
				    "not in these headers, so not known:%s (private to the "
				    "kernel's .c files or to a folder like fs/, or not in this "
				    "kernel)",
				    unknown.names);
	return status;
}

static enum gap_status check_any_found(const struct headers *headers)
{
	for (size_t i = 0; i < headers->tag_count; i++)
		if (headers->tags[i].header)
			return GAP_OK;
	return gap_fail(headers->run->error, GAP_NOT_FOUND,
			"%.300s: none of the structures asked for is in these headers",
			headers->common);
}

/* ---- the whole ---- */

static void headers_deinit(struct headers *headers)
{
	for (size_t i = 0; i < headers->field_count; i++) {
		free(headers->fields[i].types);
		free(headers->fields[i].members);
	}
	for (size_t i = 0; i < headers->tag_count; i++) {
		free(headers->tags[i].name);
		free(headers->tags[i].header);
	}
	free(headers->fields);
	free(headers->tags);
	free(headers->autoconf);
	gap_cfront_arguments_deinit(&headers->arguments);
}

enum gap_status gap_headers_read(const struct gap_extraction *run)
{
	static enum gap_status (*const early[])(struct headers *) = {
		find_trees,
		read_configuration,
		collect_fields,
		collect_flags,
	};
	struct headers headers = {.run = run};
	enum gap_status status = GAP_OK;

	for (size_t i = 0; !status && i < COUNT_OF(early); i++)
		status = early[i](&headers);
	if (!status)
		status = gap_header_search(headers.common, headers.architecture->folder,
					   headers.tags, headers.tag_count, run->error);
	if (!status)
		status = check_any_found(&headers);
	if (!status)
		status = set_identity(&headers);
	if (!status)
		status = parse(&headers);
	if (!status)
		status = judge_fields(&headers);
	headers_deinit(&headers);
	return status;
}
