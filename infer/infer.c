/* SPDX-License-Identifier: MIT */
/*
 * The order of work: meet the kernel, read its symbols, take its types where it carries them and
 * memory agrees with them; else collect claims from code and data and weigh them.
 */
#include "infer/infer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/function_labels.h"
#include "infer/module_types.h"
#include "infer/prior.h"
#include "infer/symtables.h"
#include "infer/syscalls.h"
#include "infer/type_layout.h"
#include "infer/types.h"
#include "infer/writer.h"
#include "profile/btf.h"

#define READS_MAX ((uint64_t)1 << 26)
#define SURE 0.99      /* as evidence must be to outweigh types */
#define ANCHORS_MIN 12 /* that must agree before types are believed without further evidence */

struct run {
	struct infer_result *result;
	const struct infer_fields *fields;
	const struct infer_options *options;
	struct infer_symbols *symbols;
	bool has_code, has_data; /* evidence that was collected */
	/* The guest's own types, until modules' have joined them. */
	struct gap_builder *types;
	struct gap_btf_base base;
};

static void warn(const struct run *run, const char *format, ...) GAP_PRINTF(2, 3);

static void warn(const struct run *run, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (!run->options->warn)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	run->options->warn(run->options->context, text);
}

static enum gap_status proceed(const struct run *run, const char *what, struct gap_error *error)
{
	if (!run->options->progress || run->options->progress(run->options->context, what, 0, 0))
		return GAP_OK;
	return gap_fail(error, GAP_CANCELLED, "stopped");
}

/* ---- meeting the kernel ---- */

static void warn_rivals(const struct run *run)
{
	const struct gap_survey *survey = &run->result->survey;

	warn(run,
	     "page tables in this memory lead to %u more kernel%s, left from before a warm reboot "
	     "or "
	     "forged, for which less speaks: ELF machine %u, \"%.*s\"",
	     survey->rivals, survey->rivals == 1 ? "" : "s, one of them", survey->rival_machine,
	     (int)strcspn(survey->rival, "\n"), survey->rival);
}

static enum gap_status meet(struct run *run, const struct gap_memory *memory,
			    struct gap_error *error)
{
	struct infer_result *result = run->result;
	struct infer_kernel *kernel = &result->kernel;
	enum gap_status status =
		gap_guest_survey(memory, NULL, &kernel->guest, &result->survey, error);

	if (status)
		return status;
	gap_guest_info(kernel->guest, &result->place);
	kernel->memory = memory;
	kernel->machine = result->survey.machine;
	kernel->pointer_bytes = result->survey.pointer_bytes;
	kernel->text = (struct infer_window){result->survey.text_start.value,
					     result->survey.text_end.value};
	kernel->image = (struct infer_window){result->survey.image_start.value,
					      result->survey.image_end.value};
	kernel->direct_map = (struct infer_window){result->survey.linear_start.value,
						   result->survey.linear_end.value};
	kernel->reads_max = READS_MAX;
	if (result->survey.rivals)
		warn_rivals(run);
	return infer_image_copy(&result->image, kernel->guest, kernel->image.start,
				kernel->image.end, error);
}

/* ---- symbols ---- */

/* A table of symbols that can be asked; what was there before is let go. */
static enum gap_status renew_symbols(struct run *run, struct gap_error *error)
{
	infer_symbols_destroy(run->symbols);
	run->symbols = NULL;
	run->result->kernel.symbols = NULL;
	if (infer_symbols_create(&run->symbols))
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	return GAP_OK;
}

static enum gap_status finish_symbols(struct run *run, struct gap_error *error)
{
	if (infer_symbols_finish(run->symbols))
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	run->result->kernel.symbols = run->symbols;
	return GAP_OK;
}

static const char *name_sources(bool exported, bool numbered, bool labelled)
{
	static const char *const words[] = {"nowhere",
					    "ksymtab",
					    "system call table",
					    "ksymtab and system call table",
					    "texts",
					    "ksymtab and texts",
					    "system call table and texts",
					    "ksymtab, system call table and texts"};

	return words[exported | numbered << 1 | labelled << 2];
}

/*
 * Without KALLSYMS_ALL the table of all symbols has those of code only; what modules may use fills
 * in some of the rest.
 */
static void read_tables(struct run *run)
{
	struct infer_result *result = run->result;
	struct gap_kallsyms_found found;
	bool kallsyms = !run->options->no_kallsyms &&
			infer_kallsyms_read(&result->image, result->survey.pointer_bytes,
					    result->survey.banner.value, run->symbols, &found);
	uint32_t exported = 0, numbered, labelled;
	struct infer_window code;

	result->has_data_symbols = kallsyms && infer_symbols_added(run->symbols, "init_task");
	if (!run->options->no_ksymtab && !result->has_data_symbols)
		exported = infer_ksymtab_read(&result->image, result->survey.pointer_bytes,
					      run->symbols);
	if (kallsyms) {
		result->symbols_from = exported ? "kallsyms and ksymtab" : "kallsyms";
		return;
	}
	infer_symbols_mark_sparse(run->symbols);
	code = result->kernel.text;
	if (code.start == code.end) /* no page tells what is code: all may be */
		code = (struct infer_window){result->image.address,
					     result->image.address + result->image.size_bytes};
	numbered = infer_syscalls_read(&result->image, result->survey.machine, &code, run->symbols);
	labelled =
		infer_proc_entries_read(&result->image, result->survey.pointer_bytes, &code,
					run->symbols) +
		infer_text_users_read(&result->image, result->survey.machine, &code, run->symbols);
	result->symbols_from = name_sources(exported, numbered, labelled);
}

static void adopt(struct infer_window *window, const struct infer_symbols *symbols,
		  const char *first, const char *last)
{
	const struct infer_symbol *start = infer_symbols_named(symbols, first, NULL);
	const struct infer_symbol *end = infer_symbols_named(symbols, last, NULL);

	if (start && end && start->address < end->address)
		*window = (struct infer_window){start->address, end->address};
}

/* VMCOREINFO is looked up by the symbols, and adds to them where they are few. */
static enum gap_status learn_symbols(struct run *run, struct gap_error *error)
{
	struct infer_result *result = run->result;
	enum gap_status status = renew_symbols(run, error);

	if (status)
		return status;
	read_tables(run);
	status = finish_symbols(run, error);
	if (status)
		return status;
	adopt(&result->kernel.text, run->symbols, "_stext", "_etext");
	adopt(&result->kernel.image, run->symbols, "_text", "_end");
	if (run->options->no_vmcoreinfo)
		return GAP_OK;
	status = infer_coreinfo_read(&result->coreinfo, &result->kernel, error);
	if (status)
		return status;
	if (result->coreinfo.has_slide)
		result->place.virtual_slide = result->coreinfo.slide;
	if (result->has_data_symbols)
		return GAP_OK;
	status = renew_symbols(run, error);
	if (status)
		return status;
	read_tables(run);
	infer_coreinfo_symbols(&result->coreinfo, run->symbols);
	return finish_symbols(run, error);
}

/* ---- the profile ---- */

static void add_sources(struct gap_builder *builder, const struct run *run)
{
	struct gap_build_source source = {
		.kind = GAP_SOURCE_MEMORY,
		.build_id = run->result->coreinfo.build_id,
		.build_id_bytes = run->result->coreinfo.build_id_bytes,
		.note = run->result->symbols_from,
	};

	gap_builder_source_default(builder, GAP_TABLE_SYMBOLS,
				   gap_builder_source_add(builder, &source));
}

/* Takes the place of the profile before it; on failure that stays. */
static enum gap_status freeze(struct run *run, struct gap_builder *builder, struct gap_error *error)
{
	struct infer_result *result = run->result;
	struct gap_profile *opened = NULL;
	void *image = NULL;
	size_t image_bytes;
	enum gap_status status = gap_builder_freeze(builder, 0, &image, &image_bytes, error);

	if (!status)
		status = gap_profile_open_image(image, image_bytes, &opened, error);
	if (status) {
		free(image);
		return status;
	}
	gap_profile_close(result->opened);
	free(result->profile);
	result->opened = opened;
	result->profile = image;
	result->profile_bytes = image_bytes;
	return GAP_OK;
}

/* ---- from types ---- */

static void type_by_name(void *context, gap_text name, gap_type_id type)
{
	gap_builder_symbol_type_by_name(context, name, type);
}

static void set_types_source(struct gap_builder *builder, uint32_t source)
{
	static const enum gap_table tables[] = {GAP_TABLE_TYPES, GAP_TABLE_MEMBERS,
						GAP_TABLE_ENUMERATORS};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		gap_builder_source_default(builder, tables[i], source);
}

static enum gap_status build_from_types(struct run *run, const struct infer_types_found *found,
					struct gap_error *error)
{
	const struct gap_build_source source = {.kind = GAP_SOURCE_BTF,
						.note = "in guest memory, and memory agrees"};
	struct gap_builder *builder;
	enum gap_status status = gap_builder_create(&run->types, error);

	if (status)
		return status;
	builder = run->types;
	infer_write_target(builder, run->result);
	infer_write_symbols(builder, run->result);
	add_sources(builder, run);
	set_types_source(builder, gap_builder_source_add(builder, &source));
	status = gap_btf_read_base(builder, found->bytes, found->size_bytes, type_by_name, builder,
				   &run->base, error);
	if (!status && infer_write_symbol_types(builder, run->result))
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	return status ? status : freeze(run, builder, error);
}

static void forget_types(struct run *run)
{
	gap_builder_destroy(run->types);
	gap_btf_base_deinit(&run->base);
	run->types = NULL;
}

/* The guest once more, as one whose kernel is known. */
static enum gap_status reopen(struct run *run, struct gap_guest **guest, struct gap_error *error)
{
	const struct infer_result *result = run->result;
	const struct gap_guest_options options = {
		.root = result->place.root,
		.has_root = 1,
		.virtual_slide = result->place.virtual_slide,
		.has_virtual_slide = 1,
		.phys_base = result->place.phys_base,
		.has_phys_base = 1,
		.paging_levels = result->place.paging_levels,
	};

	return gap_guest_open(result->kernel.memory, result->opened, &options, guest, error);
}

/* Beside the fields that are asked for, what views go by is the kernel's word alone. */
static enum gap_status walk_modules(struct run *run, struct infer_module_types *modules,
				    struct gap_error *error)
{
	struct infer_fields views;
	enum gap_status status = infer_fields_default(&views, error);

	if (status)
		return status;
	modules->fields[0] = run->fields;
	modules->fields[1] = &views;
	status = reopen(run, &modules->guest, error);
	if (!status) {
		status = infer_module_types_add(modules, run->types, error);
		gap_guest_close(modules->guest);
	}
	infer_fields_deinit(&views);
	return status;
}

/* Nothing that is wrong with modules' types takes the kernel's away. */
static enum gap_status add_module_types(struct run *run, struct gap_error *error)
{
	struct infer_module_types modules = {.base = &run->base,
					     .image = &run->result->image,
					     .warn = run->options->warn,
					     .context = run->options->context};
	struct gap_error why = {{0}};
	enum gap_status status;
	gap_type_id type;

	if (gap_profile_find_type(run->result->opened, "struct:btf_module", &type, NULL))
		return GAP_OK; /* this kernel keeps none */
	status = walk_modules(run, &modules, &why);
	if (!status && modules.taken) {
		gap_builder_types_unify(run->types);
		status = freeze(run, run->types, &why);
	}
	if (status == GAP_NO_MEMORY)
		return gap_fail(error, status, "%s", why.text);
	if (status)
		warn(run, "the BTF of the guest's modules is not used: %s", why.text);
	else
		run->result->modules = modules.taken;
	return GAP_OK;
}

static bool anchors_hold(struct run *run, struct gap_error *error)
{
	struct infer_result *result = run->result;

	infer_anchors_deinit(&result->anchors);
	return !infer_anchors_check(&result->anchors, result->kernel.guest, result->opened,
				    result->place.virtual_slide, error) &&
	       result->anchors.agree >= ANCHORS_MIN && result->anchors.disagree == 0;
}

static void warn_disbelief(const struct run *run)
{
	const struct infer_anchors *anchors = &run->result->anchors;

	if (!anchors->disagree)
		warn(run,
		     "the guest's BTF is not believed yet: of what holds in every kernel, only %u "
		     "things could be checked",
		     anchors->agree);
	for (unsigned i = 0; i < anchors->count; i++)
		if (anchors->rows[i].outcome == INFER_ANCHOR_DISAGREES)
			warn(run,
			     "the guest's BTF is not believed: %s %s is not as in every kernel",
			     anchors->rows[i].symbol, anchors->rows[i].path);
}

/* Who moved a member had no room for it. */
static bool has_misfit(const struct run *run)
{
	struct infer_misfit misfit;
	char where[96] = "";
	bool found = false;

	for (uint32_t i = 0; i < run->fields->count && !found; i++)
		found = (i == 0 ||
			 strcmp(run->fields->rows[i].type, run->fields->rows[i - 1].type) != 0) &&
			infer_type_layout_misfit(run->result->opened, run->fields->rows[i].type,
						 &misfit);
	if (!found)
		return false;
	if (misfit.other)
		snprintf(where, sizeof(where), "in the place of %.60s",
			 *misfit.other ? misfit.other : "another one");
	warn(run, "the guest's BTF is not believed: it has %.60s.%.60s %s; it may be forged",
	     *misfit.type ? misfit.type : "(anonymous)",
	     *misfit.member ? misfit.member : "(anonymous)",
	     misfit.other ? where : "outside of its structure");
	return true;
}

/* ---- evidence ---- */

/* Each kind once, however often it is needed. */
static enum gap_status collect_data(struct run *run, struct gap_error *error)
{
	enum gap_status status = proceed(run, "reading objects", error);

	if (status || run->has_data)
		return status;
	run->has_data = true;
	return infer_data_evidence(&run->result->kernel, run->fields, run->result->claims, error);
}

static enum gap_status collect_code(struct run *run, struct gap_error *error)
{
	enum gap_status status = proceed(run, "reading code", error);

	if (status || run->has_code)
		return status;
	run->has_code = true;
	return infer_code_evidence(&run->result->kernel, run->fields, run->result->claims, error);
}

/* A place that could be that of several members, which kernels had at different times, is not
 * written under the name of one. */
static void withdraw_nameless(struct run *run)
{
	for (uint32_t i = 0; i < run->fields->count; i++) {
		struct infer_verdict *verdict = &run->result->verdicts[i];

		if (verdict->answer != INFER_CLAIMED ||
		    infer_write_name(&run->fields->rows[i], verdict,
				     run->result->survey.pointer_bytes))
			continue;
		verdict->answer = INFER_ABSTAINED;
		verdict->why = "which of its names it has is not known";
	}
}

static enum gap_status fuse(struct run *run, struct gap_error *error)
{
	struct infer_result *result = run->result;

	if (!result->verdicts)
		result->verdicts = calloc(run->fields->count + 1, sizeof(*result->verdicts));
	if (!result->verdicts || infer_claims_status(result->claims) ||
	    infer_fuse(run->fields, result->claims, run->options->min_confidence, result->verdicts))
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	withdraw_nameless(run);
	return GAP_OK;
}

/* ---- types against evidence ---- */

static bool types_say(const struct gap_profile *profile, const struct infer_field *field,
		      uint64_t *offset_bits)
{
	struct gap_location location;
	gap_type_id type;

	if (gap_profile_find_type(profile, field->type, &type, NULL))
		return false;
	for (unsigned i = 0; i < field->name_count; i++)
		if (!gap_profile_find_member(profile, type, field->names[i], &location, NULL)) {
			*offset_bits = location.offset_bits;
			return true;
		}
	return false;
}

static bool contradicts(const struct infer_verdict *verdict, bool present, uint64_t offset_bits)
{
	if (verdict->answer == INFER_ABSENT)
		return present;
	return verdict->answer == INFER_CLAIMED &&
	       (!present || verdict->offset_bits != offset_bits);
}

/* Whether all that was collected, weighed, still says otherwise and is sure; tells of what. One rule
 * alone may be mistaken about a kernel that it has not seen before: that is told, and no more. */
static bool verdicts_contradict(const struct run *run)
{
	bool any = false;

	for (uint32_t i = 0; i < run->fields->count; i++) {
		const struct infer_verdict *verdict = &run->result->verdicts[i];
		uint64_t offset_bits = 0;
		bool present = types_say(run->result->opened, &run->fields->rows[i], &offset_bits);

		if (!contradicts(verdict, present, offset_bits))
			continue;
		if (verdict->confidence < SURE)
			warn(run,
			     "memory may say otherwise of %s than the guest's BTF does (confidence "
			     "%.3f): --no-btf --explain tells why",
			     run->fields->rows[i].line, verdict->confidence);
		else
			warn(run,
			     "the guest's BTF is not believed: memory says otherwise of %s; it may "
			     "be forged",
			     run->fields->rows[i].line);
		any |= verdict->confidence >= SURE;
	}
	return any;
}

static enum gap_status weigh_evidence(struct run *run, struct gap_error *error)
{
	enum gap_status status = collect_code(run, error);

	if (!status)
		status = collect_data(run, error);
	return status ? status : fuse(run, error);
}

static enum gap_status forget_evidence(struct run *run, struct gap_error *error)
{
	infer_claims_destroy(run->result->claims);
	run->result->claims = NULL;
	run->has_code = run->has_data = false;
	return infer_claims_create(&run->result->claims)
		       ? gap_fail(error, GAP_NO_MEMORY, "out of memory")
		       : GAP_OK;
}

static bool is_contradicted(const struct run *run)
{
	for (uint32_t i = 0; i < run->fields->count; i++) {
		uint64_t offset_bits = 0;
		bool present = types_say(run->result->opened, &run->fields->rows[i], &offset_bits);

		if (contradicts(&run->result->verdicts[i], present, offset_bits))
			return true;
	}
	return false;
}

/* Code is read by what the types say, which is quick, and objects as if there were none. Where that says
 * otherwise of anything, code is read once more as if there were none either, and has the word. */
static enum gap_status doubt_types(struct run *run, bool *believed, struct gap_error *error)
{
	enum gap_status status;

	run->result->kernel.tried = run->result->opened;
	status = weigh_evidence(run, error);
	run->result->kernel.tried = NULL;
	if (status || !is_contradicted(run))
		return status;
	status = forget_evidence(run, error);
	if (!status)
		status = weigh_evidence(run, error);
	if (!status)
		*believed = !verdicts_contradict(run);
	return status;
}

/* Sets from_types when the guest's own types are believed. */
static enum gap_status believe_types(struct run *run, struct gap_error *error)
{
	struct infer_types_found found;
	struct gap_error detail = {{0}};
	enum gap_status status;
	bool believed;

	if (run->options->no_btf ||
	    !infer_types_find(&run->result->image, run->result->kernel.symbols, &found))
		return GAP_OK;
	if (build_from_types(run, &found, &detail)) {
		warn(run, "the guest's BTF is not used: %s", detail.text);
		return GAP_OK;
	}
	believed = anchors_hold(run, &detail);
	if (!believed) {
		warn_disbelief(run);
		return GAP_OK;
	}
	if (has_misfit(run))
		return GAP_OK;
	status = doubt_types(run, &believed, error);
	run->result->from_types = believed && !status;
	return status;
}

/* Symbols of data that the kernel's tables do not have, as objects and code tell of them. */
static enum gap_status add_found_symbols(struct run *run, struct gap_error *error)
{
	enum gap_status status = run->result->has_data_symbols ? GAP_OK : collect_code(run, error);

	if (status || !infer_write_found(run->types, run->result))
		return status;
	return freeze(run, run->types, error);
}

static enum gap_status take_types(struct run *run, struct gap_error *error)
{
	enum gap_status status = believe_types(run, error);

	if (!status && run->result->from_types)
		status = add_found_symbols(run, error);
	if (!status && run->result->from_types)
		status = add_module_types(run, error);
	forget_types(run);
	return status;
}

/* ---- from evidence ---- */

static enum gap_status collect(struct run *run, struct gap_error *error)
{
	enum gap_status status;

	if (!run->options->no_vmcoreinfo)
		infer_coreinfo_claims(&run->result->coreinfo, run->fields, run->result->claims);
	status = collect_code(run, error);
	return status ? status : collect_data(run, error);
}

static enum gap_status build_from_claims(struct run *run, struct gap_error *error)
{
	struct infer_result *result = run->result;
	struct gap_builder *builder;
	enum gap_status status = gap_builder_create(&builder, error);

	if (status)
		return status;
	infer_write_target(builder, result);
	infer_write_symbols(builder, result);
	infer_write_found(builder, result);
	add_sources(builder, run);
	status = infer_write_fields(builder, result, run->fields)
			 ? gap_fail(error, GAP_NO_MEMORY, "out of memory")
			 : freeze(run, builder, error);
	gap_builder_destroy(builder);
	return status;
}

/* Near kernels are asked once it is known how this one's structures are ordered. */
static enum gap_status ask_priors(struct run *run, struct gap_error *error)
{
	for (size_t i = 0; i < run->options->prior_count; i++) {
		enum gap_status status = infer_prior_claims(
			run->options->priors[i], run->result->survey.pointer_bytes, run->fields,
			run->result->verdicts, run->result->claims);

		if (status == GAP_MISMATCH)
			warn(run,
			     "prior %zu is not used: it is of a kernel whose pointers have another "
			     "width than this one's, %u bytes",
			     i + 1, run->result->survey.pointer_bytes);
		else if (status)
			return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	}
	return run->options->prior_count ? fuse(run, error) : GAP_OK;
}

/* A profile that says nothing would pass for one that says something. */
static enum gap_status refuse_nothing(const struct run *run, struct gap_error *error)
{
	for (uint32_t i = 0; i < run->fields->count; i++)
		if (run->result->verdicts[i].answer != INFER_ABSTAINED)
			return GAP_OK;
	if (infer_symbols_count(run->result->kernel.symbols) || !run->fields->count)
		return GAP_OK;
	return gap_fail(
		error, GAP_NOT_FOUND,
		"of the kernel that was met nothing could be told, neither symbols nor a "
		"field: its memory is not complete, or what was met is no kernel (\"%.*s\")",
		(int)strcspn(run->result->survey.text, "\n"), run->result->survey.text);
}

static enum gap_status weigh(struct run *run, struct gap_error *error)
{
	enum gap_status status = collect(run, error);

	if (!status)
		status = fuse(run, error);
	if (!status)
		status = ask_priors(run, error);
	if (!status)
		status = refuse_nothing(run, error);
	return status ? status : build_from_claims(run, error);
}

/* ---- all of it ---- */

static enum gap_status work(struct run *run, const struct gap_memory *memory,
			    struct gap_error *error)
{
	enum gap_status status = proceed(run, "looking for the kernel", error);

	if (!status && infer_claims_create(&run->result->claims))
		status = gap_fail(error, GAP_NO_MEMORY, "out of memory");
	if (!status)
		status = meet(run, memory, error);
	if (!status)
		status = proceed(run, "reading symbols", error);
	if (!status)
		status = learn_symbols(run, error);
	if (!status)
		status = proceed(run, "reading types", error);
	if (!status)
		status = take_types(run, error);
	if (status || run->result->from_types)
		return status;
	return weigh(run, error);
}

enum gap_status infer_run(struct infer_result *result, const struct gap_memory *memory,
			  const struct infer_fields *fields, const struct infer_options *options,
			  struct gap_error *error)
{
	struct run run = {.result = result, .fields = fields, .options = options};
	enum gap_status status;

	*result = (struct infer_result){0};
	status = work(&run, memory, error);
	if (!result->kernel.symbols)
		infer_symbols_destroy(run.symbols);
	result->symbols = result->kernel.symbols ? run.symbols : NULL;
	if (status)
		infer_result_deinit(result);
	return status;
}

void infer_result_deinit(struct infer_result *result)
{
	gap_profile_close(result->opened);
	free(result->profile);
	free(result->verdicts);
	infer_claims_destroy(result->claims);
	infer_symbols_destroy(result->symbols);
	infer_anchors_deinit(&result->anchors);
	infer_image_deinit(&result->image);
	gap_guest_close(result->kernel.guest);
	*result = (struct infer_result){0};
}
