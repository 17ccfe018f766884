/* SPDX-License-Identifier: MIT */
/*
 * A tool for those who write witnesses: runs the table of witnesses over kernel images (vmlinux with
 * its segments) and holds each statement against their extracted profiles, of which only the symbols
 * are used otherwise. No guest is needed, so that it takes a second a kernel.
 *
 *     probe_code [--statements] [--fields] [--wrong] [--core FILE] IMAGE PROFILE.gap [IMAGE PROFILE.gap …]
 *     … --text-only       without symbols of data, as kernels without KALLSYMS_ALL have them
 *     … --exported        with those of ksymtab alone
 *     … --memory          IMAGE is a guest's memory: symbols are those found there without kallsyms
 *                         (and, with --numbered, without ksymtab)
 *     probe_code --function NAME IMAGE PROFILE.gap     what the interpreter sees there
 */
#include <elf.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "infer/code_learn.h"
#include "infer/infer.h"
#include "runtime/include/semgap/profile.h"
#include "runtime/include/semgap/source.h"

static bool show_statements, show_fields, show_wrong, text_only, exported_only, from_memory,
	numbered_only;
static const char *function, *core_path = SEMGAP_SOURCE_DIR "/kernels/core-fields.txt";

struct image {
	const unsigned char *data;
	size_t size;
	bool wide;
};

static void die(const char *what, const char *more)
{
	fprintf(stderr, "probe_code: %s: %s\n", what, more);
	exit(2);
}

static struct image map_image(const char *path)
{
	struct image image = {0};
	struct stat stat;
	int file = open(path, O_RDONLY);

	if (file < 0 || fstat(file, &stat))
		die(path, "cannot be opened");
	image.size = (size_t)stat.st_size;
	image.data = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, file, 0);
	close(file);
	if (image.data == MAP_FAILED || image.size < sizeof(Elf64_Ehdr))
		die(path, "cannot be mapped");
	image.wide = image.data[EI_CLASS] == ELFCLASS64;
	return image;
}

static bool read_segment(const struct image *image, uint64_t start, uint64_t at_file, uint64_t size,
			 uint64_t address, void *buffer, size_t size_bytes)
{
	if (address < start || address - start > size || size - (address - start) < size_bytes ||
	    at_file + (address - start) + size_bytes > image->size)
		return false;
	memcpy(buffer, image->data + at_file + (address - start), size_bytes);
	return true;
}

static bool read_image(void *context, uint64_t address, void *buffer, size_t size_bytes)
{
	const struct image *image = context;
	const Elf64_Ehdr *wide = (const void *)image->data;
	const Elf32_Ehdr *narrow = (const void *)image->data;
	unsigned count = image->wide ? wide->e_phnum : narrow->e_phnum;

	for (unsigned i = 0; i < count; i++) {
		const Elf64_Phdr *p64 =
			(const void *)(image->data + (image->wide ? wide->e_phoff : 0));
		const Elf32_Phdr *p32 =
			(const void *)(image->data + (image->wide ? 0 : narrow->e_phoff));

		if (image->wide
			    ? p64[i].p_type == PT_LOAD &&
				      read_segment(image, p64[i].p_vaddr, p64[i].p_offset,
						   p64[i].p_filesz, address, buffer, size_bytes)
			    : p32[i].p_type == PT_LOAD &&
				      read_segment(image, p32[i].p_vaddr, p32[i].p_offset,
						   p32[i].p_filesz, address, buffer, size_bytes))
			return true;
	}
	return false;
}

/* Of the names that modules may use each has an entry in ksymtab. */
static bool is_wanted(const struct gap_profile *profile, const struct gap_symbol *symbol)
{
	char entry[256];
	struct gap_symbol row;

	if (symbol->name[0] == '$' || (text_only && symbol->kind != GAP_SYMBOL_FUNCTION))
		return false;
	snprintf(entry, sizeof(entry), "__ksymtab_%s", symbol->name);
	return !exported_only || gap_profile_find_symbol(profile, entry, &row, NULL) == GAP_OK;
}

static struct infer_symbols *take_symbols(const struct gap_profile *profile)
{
	uint32_t count = gap_profile_count(profile, GAP_TABLE_SYMBOLS);
	struct infer_symbols *symbols;
	struct gap_symbol symbol;

	if (infer_symbols_create(&symbols))
		die("symbols", "out of memory");
	if (exported_only)
		infer_symbols_mark_sparse(symbols);
	for (uint32_t row = 0; row < count; row++)
		if (gap_profile_symbol(profile, row, &symbol) && is_wanted(profile, &symbol))
			infer_symbols_add(symbols, symbol.name, strlen(symbol.name),
					  symbol.flags & GAP_SYMBOL_PERCPU     ? 'A'
					  : symbol.kind == GAP_SYMBOL_FUNCTION ? 't'
									       : 'd',
					  symbol.address);
	if (infer_symbols_finish(symbols))
		die("symbols", "out of memory");
	return symbols;
}

/* ---- one function, seen ---- */

static void print_value(const struct code_run *run, code_value value, unsigned depth)
{
	static const char *const signs[] = {"+", "-", "&", "|", "^", "<<", ">>", "*", "?"};
	const struct code_node *node = code_value_node(&run->values, value);

	if (depth > 6) {
		printf("…");
		return;
	}
	switch (node->kind) {
	case CODE_V_CONST:
		printf("%#llx", (unsigned long long)node->number);
		return;
	case CODE_V_ARGUMENT:
		printf("arg%d", (int)node->number);
		return;
	case CODE_V_STACK:
		printf("stack");
		return;
	case CODE_V_CURRENT:
		printf("current");
		return;
	case CODE_V_PERCPU:
		printf("percpu:%#llx", (unsigned long long)node->number);
		return;
	case CODE_V_ADD:
		print_value(run, node->a, depth + 1);
		printf("%+lld", (long long)node->number);
		return;
	case CODE_V_SUM:
		print_value(run, node->a, depth + 1);
		printf("+");
		print_value(run, node->b, depth + 1);
		printf("*%u%+lld", node->scale, (long long)node->number);
		return;
	case CODE_V_LOAD:
		printf("[");
		print_value(run, node->a, depth + 1);
		printf("]%u", node->width);
		return;
	case CODE_V_CALL:
		printf("call@%#llx", (unsigned long long)node->number);
		return;
	case CODE_V_ALU:
		printf("(");
		print_value(run, node->a, depth + 1);
		printf("%s", signs[node->alu]);
		if (node->b)
			print_value(run, node->b, depth + 1);
		else
			printf("%#llx", (unsigned long long)node->number);
		printf(")");
		return;
	default:
		printf("?");
	}
}

static void print_event(struct code_learnt *learnt, const struct code_event *event)
{
	static const char *const kinds[] = {"load", "store", "call", "compare", "return"};
	const struct code_function *callee =
		event->target ? code_text_function(&learnt->text, event->target) : NULL;
	struct code_run *run = &learnt->run;

	printf("%#llx %*s%-7s ", (unsigned long long)event->at, event->depth * 2, "",
	       kinds[event->kind]);
	if (event->kind == CODE_E_CALL) {
		printf("%s(", callee ? callee->name : "?");
		for (unsigned i = 0; i < CODE_CALL_ARGUMENTS_MAX; i++) {
			if (i >= 6 && !run->arguments.items[event->first_argument + i])
				continue;
			printf("%s", i ? ", " : "");
			print_value(run, run->arguments.items[event->first_argument + i], 0);
		}
		printf(")");
	} else {
		print_value(run, event->a, 0);
		if (event->kind == CODE_E_STORE || event->kind == CODE_E_COMPARE) {
			printf(event->kind == CODE_E_STORE ? " = " : " with ");
			print_value(run, event->b, 0);
			printf(" width %u", event->width);
		}
	}
	printf("\n");
}

static void print_function(struct code_learnt *learnt, const struct infer_symbols *symbols)
{
	const struct infer_symbol *symbol = infer_symbols_named(symbols, function, NULL);

	learnt->run.visits_max = CODE_VISITS; /* as functions with statements are looked at */
	if (!symbol || !code_run_function(&learnt->run, symbol->address))
		die(function, "no such function, or several");
	printf("current %s%#llx, %u steps, %u values, %u events\n",
	       learnt->run.current_percpu ? "percpu:" : "", (unsigned long long)learnt->run.current,
	       learnt->run.steps, learnt->run.values.nodes.count, learnt->run.events.count);
	for (uint32_t i = 0; i < learnt->run.events.count; i++)
		print_event(learnt, &learnt->run.events.items[i]);
}

/* ---- votes against the truth ---- */

enum verdict { RIGHT, WRONG, UNKNOWN };

static enum verdict judge(const struct gap_profile *profile, const struct code_rows *rows,
			  const struct code_vote *vote, uint64_t *truth)
{
	const struct code_member *member = &rows->members.items[vote->member];
	const char *type_name = code_rows_string(rows, member->type);
	struct gap_location location;
	gap_type_id type;

	*truth = UINT64_MAX;
	if (gap_profile_find_type(profile, type_name, &type, NULL) ||
	    gap_profile_find_member(profile, type, member->field, &location, NULL)) {
		/* Names in the list of fields may have been others in other kernels. */
		return UNKNOWN;
	}
	*truth = location.offset_bits / 8;
	return *truth == vote->offset ? RIGHT : WRONG;
}

static void print_votes(const struct gap_profile *profile, const struct code_learnt *learnt)
{
	static const char *const words[] = {"right", "WRONG", "?????"};

	for (uint32_t i = 0; i < learnt->votes.count; i++) {
		const struct code_vote *vote = &learnt->votes.items[i];
		const struct code_member *member = &learnt->rows->members.items[vote->member];
		uint64_t truth;
		enum verdict verdict = judge(profile, learnt->rows, vote, &truth);
		const char *line = vote->statement == INFER_NONE
					   ? "its type"
					   : learnt->rows->statements.items[vote->statement].line;

		if ((verdict == RIGHT || !strcmp(member->name, "file")) && show_wrong)
			continue;
		printf("%s %s.%s %u (truth %lld) %s: %.*s at %#llx\n", words[verdict],
		       code_rows_string(learnt->rows, member->type), member->name, vote->offset,
		       (long long)truth, vote->function, (int)strcspn(line, ";"), line,
		       (unsigned long long)vote->at);
	}
}

/* How far the kernel was moved from where its profile says: by the first symbol that both have. */
static uint64_t find_slide(const struct gap_profile *profile, const struct code_learnt *learnt)
{
	const struct infer_symbols *symbols = learnt->text.symbols;
	struct gap_symbol row;

	for (uint32_t i = 0; i < infer_symbols_count(symbols); i++) {
		const struct infer_symbol *symbol = infer_symbols_at(symbols, i);

		if (strstr(symbol->name, "sys_close") &&
		    !gap_profile_find_symbol(profile, symbol->name, &row, NULL))
			return symbol->address - row.address;
	}
	return 0;
}

/* Symbols that were not read from a table of them, against the profile's. */
static void print_symbols(const struct gap_profile *profile, const struct code_learnt *learnt)
{
	const struct infer_symbols *symbols = learnt->text.symbols;
	uint64_t slide = find_slide(profile, learnt);
	struct gap_symbol row;

	for (uint32_t i = 0; i < infer_symbols_count(symbols); i++) {
		const struct infer_symbol *symbol = infer_symbols_at(symbols, i);

		if (symbol->type != 't' && symbol->type != 'T')
			continue;
		if (gap_profile_find_symbol(profile, symbol->name, &row, NULL))
			printf("????? symbol %s\n", symbol->name);
		else if (row.address + slide != symbol->address)
			printf("WRONG symbol %s at %#llx\n", symbol->name,
			       (unsigned long long)(symbol->address - slide));
		else if (!show_wrong && symbol->type == 't')
			printf("right symbol %s\n", symbol->name);
	}
}

/* Functions that others named, against their true names. */
static void print_names(const struct gap_profile *profile, const struct code_learnt *learnt)
{
	uint64_t slide = find_slide(profile, learnt);

	for (uint32_t i = 0; i < learnt->namings.count; i++) {
		const struct code_naming *naming = &learnt->namings.items[i];
		const struct code_prototype *row = code_rows_prototype(learnt->rows, naming->name);
		bool right = false;

		for (uint32_t k = 0; row && k < row->name_count; k++) {
			struct gap_symbol symbol;

			right |= !gap_profile_find_symbol(profile,
							  learnt->rows->names.items[row->names + k],
							  &symbol, NULL) &&
				 symbol.address + slide == naming->address;
		}
		if (!right || !show_wrong)
			printf("%s name %s at %#llx, by %s\n", right ? "right" : "WRONG",
			       naming->name, (unsigned long long)(naming->address - slide),
			       naming->by);
	}
}

/* Where objects without a symbol are said to be, with all that was said. */
static void print_objects(const struct gap_profile *profile, const struct code_learnt *learnt)
{
	uint64_t slide = find_slide(profile, learnt);

	for (uint32_t i = 0; i < learnt->placings.count; i++) {
		const struct code_placing *placing = &learnt->placings.items[i];
		const char *name = learnt->rows->objects.items[placing->object].name;
		struct gap_symbol symbol;
		bool right = !gap_profile_find_symbol(profile, name, &symbol, NULL) &&
			     symbol.address + slide == placing->address;

		if (!right || !show_wrong)
			printf("%s object %s at %#llx, by %s%s\n", right ? "right" : "WRONG", name,
			       (unsigned long long)(placing->address - slide), placing->by,
			       code_learnt_tellers(learnt, placing->object) ? ""
									    : " (not believed)");
	}
}

/* What is believed of each field of the list, against the truth. */
static void print_fields(const struct gap_profile *profile, const struct code_learnt *learnt,
			 const struct infer_fields *fields)
{
	unsigned right = 0, wrong = 0, none = 0, absent = 0;
	char list[16384] = "", bad[4096] = "";

	for (uint32_t f = 0; f < fields->count; f++) {
		const struct infer_field *field = &fields->rows[f];
		struct gap_location location;
		gap_type_id type;
		bool present = false, believed = false, good = false;

		for (unsigned n = 0; n < field->name_count && !present; n++)
			present = !gap_profile_find_type(profile, field->type, &type, NULL) &&
				  !gap_profile_find_member(profile, type, field->names[n],
							   &location, NULL);
		for (uint32_t i = 0; i < learnt->rows->members.count; i++) {
			const struct code_member *member = &learnt->rows->members.items[i];

			if (!learnt->beliefs[i].known ||
			    infer_fields_find(fields, code_rows_string(learnt->rows, member->type),
					      member->field, NULL) != f)
				continue;
			believed = true;
			good = present && learnt->beliefs[i].offset * 8 == location.offset_bits;
		}
		right += good;
		wrong += believed && !good;
		absent += !present;
		if (!believed && present) {
			none++;
			snprintf(list + strlen(list), sizeof(list) - strlen(list), " %s",
				 field->line);
		}
		if (believed && !good)
			snprintf(bad + strlen(bad), sizeof(bad) - strlen(bad), " %s", field->line);
	}
	printf("right %u wrong %u unclaimed %u absent %u\n", right, wrong, none, absent);
	if (show_fields)
		printf("  wrong:%s\n  unclaimed:%s\n", bad, list);
}

static void print_statements(const struct code_learnt *learnt)
{
	for (uint32_t i = 0; i < learnt->rows->prototypes.count; i++) {
		const struct code_prototype *row = &learnt->rows->prototypes.items[i];

		for (uint32_t k = 0; k < row->statement_count; k++) {
			uint32_t statement = row->statements + k;
			const char *line = learnt->rows->statements.items[statement].line;
			bool fits = false, there = false;

			for (uint32_t v = 0; v < learnt->votes.count; v++)
				fits = fits || learnt->votes.items[v].statement == statement;
			for (uint32_t n = 0; n < row->name_count; n++)
				there = there ||
					infer_symbols_named(
						learnt->text.symbols,
						learnt->rows->names.items[row->names + n], NULL);
			if (!fits)
				printf("  %s %s: %.*s\n", there ? "no fit" : "absent",
				       learnt->rows->names.items[row->names],
				       (int)strcspn(line, ";"), line);
		}
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void report(const char *name, const struct gap_profile *profile,
		   const struct code_rows *rows, const struct infer_fields *fields,
		   struct code_reader reader, const struct infer_symbols *symbols)
{
	struct code_learnt learnt;
	struct gap_target target;
	double before = now();

	gap_profile_target(profile, &target);
	if (code_learn(&learnt, rows, code_machine_of(target.machine), reader, symbols))
		die(name, "out of memory");
	printf("%s: %.3f s, %u functions, %u votes: ", name, now() - before, learnt.functions_run,
	       learnt.votes.count);
	print_fields(profile, &learnt, fields);
	if (function)
		print_function(&learnt, symbols);
	else if (show_wrong || (!show_statements && !show_fields))
		print_votes(profile, &learnt);
	if (!function)
		print_names(profile, &learnt);
	if (!function)
		print_objects(profile, &learnt);
	if (!function && from_memory)
		print_symbols(profile, &learnt);
	if (show_statements)
		print_statements(&learnt);
	code_learnt_deinit(&learnt);
}

static bool read_guest(void *context, uint64_t address, void *buffer, size_t size_bytes)
{
	return gap_guest_read(context, (struct gap_vaddr){address}, buffer, size_bytes) == GAP_OK;
}

static void probe_memory(const char *path, const struct gap_profile *profile,
			 const struct code_rows *rows, const struct infer_fields *fields)
{
	struct infer_options options = {.no_btf = true,
					.no_vmcoreinfo = true,
					.no_kallsyms = true,
					.no_ksymtab = numbered_only};
	struct gap_source_memory *source;
	struct infer_result result;
	struct gap_error error = {{0}};

	if (gap_source_memory_open(path, &source, &error) ||
	    infer_run(&result, gap_source_memory_get(source), fields, &options, &error))
		die(path, error.text);
	report(path, profile, rows, fields, (struct code_reader){read_guest, result.kernel.guest},
	       result.symbols);
	infer_result_deinit(&result);
	gap_source_memory_close(source);
}

static void probe(const char *image_path, const char *profile_path, const struct code_rows *rows,
		  const struct infer_fields *fields)
{
	struct gap_profile *profile;
	struct gap_error error = {{0}};
	struct infer_symbols *symbols;
	struct image image;

	if (gap_profile_open(profile_path, &profile, &error))
		die(profile_path, error.text);
	if (from_memory) {
		probe_memory(image_path, profile, rows, fields);
		gap_profile_close(profile);
		return;
	}
	image = map_image(image_path);
	symbols = take_symbols(profile);
	report(profile_path, profile, rows, fields, (struct code_reader){read_image, &image},
	       symbols);
	infer_symbols_destroy(symbols);
	gap_profile_close(profile);
	munmap((void *)(uintptr_t)image.data, image.size);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"statements", no_argument, NULL, 's'},     {"fields", no_argument, NULL, 'f'},
		{"wrong", no_argument, NULL, 'w'},          {"text-only", no_argument, NULL, 't'},
		{"exported", no_argument, NULL, 'x'},       {"core", required_argument, NULL, 'c'},
		{"function", required_argument, NULL, 'F'}, {"memory", no_argument, NULL, 'm'},
		{"numbered", no_argument, NULL, 'n'},       {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		show_statements |= option == 's';
		show_fields |= option == 'f';
		show_wrong |= option == 'w';
		text_only |= option == 't';
		exported_only |= option == 'x';
		from_memory |= option == 'm';
		numbered_only |= option == 'n';
		if (option == 'F')
			function = optarg;
		else if (option == 'c')
			core_path = optarg;
		else if (option == '?')
			exit(2);
	}
	if (optind == argc || (argc - optind) % 2)
		die("usage", "name images, each followed by its profile");
}

int main(int argc, char **argv)
{
	static char text[1 << 20];
	struct infer_fields fields = {0};
	struct gap_error error = {{0}};
	struct code_rows rows;
	FILE *file;

	parse(argc, argv);
	file = fopen(core_path, "r");
	if (!file || infer_fields_parse(&fields, text, fread(text, 1, sizeof(text), file),
					core_path, &error))
		die(core_path, error.text);
	fclose(file);
	if (code_rows_init(&rows))
		die("kernels/witnesses.def", rows.problem);
	for (int i = optind; i < argc; i += 2)
		probe(argv[i], argv[i + 1], &rows, &fields);
	code_rows_deinit(&rows);
	infer_fields_deinit(&fields);
	return 0;
}
