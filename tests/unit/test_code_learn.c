/* SPDX-License-Identifier: MIT */
/*
 * The interpreter and the witnesses over functions that compilers made (tests/infer/code_sample.c, in
 * many ways), held against offsetof; and over code that was bent.
 */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "infer/code_learn.h"

enum { IMAGE_BYTES = 1 << 16, STUBS_AT = 0xc000, STUB_BYTES = 16 };

/* ---- an object, placed ---- */

/* These never have a symbol. */
enum { ITEMS, MODE, USUAL_NAME, OBJECTS };

static const struct {
	const char *name, *type;
} objects[] = {{"all_items", "item.link"}, {"work_mode", "-"}, {"usual_name", "-"}};

struct image {
	unsigned char object[1 << 18];
	size_t object_bytes;
	unsigned char bytes[IMAGE_BYTES];
	uint64_t base;
	uint64_t places[64]; /* of sections */
	struct infer_symbols *symbols;
	uint16_t machine;
	uint64_t next_stub;
	uint32_t offsets[64]; /* what the compiler says */
	bool few;             /* symbols: some are hidden */
	uint64_t hidden[2];   /* where those are */
	uint64_t object_places[OBJECTS];
};

static const char *const hidden_names[] = {"copy_text", "user_of"};

static void add_symbol(struct image *image, const char *name, uint64_t address)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		if (strcmp(name, objects[i].name) == 0) {
			image->object_places[i] = address;
			return;
		}
	for (size_t i = 0; image->few && i < 2; i++)
		if (strcmp(name, hidden_names[i]) == 0) {
			image->hidden[i] = address;
			return;
		}
	infer_symbols_add(image->symbols, name, strlen(name), 't', address);
}

/* A symbol or section of either width, as the wide one. */
static Elf64_Shdr section_of(const struct image *image, unsigned index)
{
	const unsigned char *object = image->object;
	Elf32_Shdr narrow;
	Elf64_Shdr wide;

	if (object[EI_CLASS] == ELFCLASS64) {
		memcpy(&wide,
		       object + ((const Elf64_Ehdr *)(const void *)object)->e_shoff +
			       index * sizeof(wide),
		       sizeof(wide));
		return wide;
	}
	memcpy(&narrow,
	       object + ((const Elf32_Ehdr *)(const void *)object)->e_shoff +
		       index * sizeof(narrow),
	       sizeof(narrow));
	return (Elf64_Shdr){.sh_name = narrow.sh_name,
			    .sh_type = narrow.sh_type,
			    .sh_flags = narrow.sh_flags,
			    .sh_offset = narrow.sh_offset,
			    .sh_size = narrow.sh_size,
			    .sh_link = narrow.sh_link,
			    .sh_info = narrow.sh_info,
			    .sh_addralign = narrow.sh_addralign,
			    .sh_entsize = narrow.sh_entsize};
}

static unsigned section_count(const struct image *image)
{
	return image->object[EI_CLASS] == ELFCLASS64
		       ? ((const Elf64_Ehdr *)(const void *)image->object)->e_shnum
		       : ((const Elf32_Ehdr *)(const void *)image->object)->e_shnum;
}

static Elf64_Sym symbol_of(const struct image *image, const Elf64_Shdr *table, unsigned index)
{
	const unsigned char *at = image->object + table->sh_offset + index * table->sh_entsize;
	Elf32_Sym narrow;
	Elf64_Sym wide;

	if (table->sh_entsize == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return (Elf64_Sym){.st_name = narrow.st_name,
			   .st_info = narrow.st_info,
			   .st_shndx = narrow.st_shndx,
			   .st_value = narrow.st_value,
			   .st_size = narrow.st_size};
}

static const char *name_of(const struct image *image, const Elf64_Shdr *table,
			   const Elf64_Sym *symbol)
{
	Elf64_Shdr strings = section_of(image, table->sh_link);

	return (const char *)image->object + strings.sh_offset + symbol->st_name;
}

static void read_object(struct image *image, const char *path)
{
	int file = open(path, O_RDONLY);
	ssize_t got;

	assert_true(file >= 0);
	got = read(file, image->object, sizeof(image->object));
	close(file);
	assert_true(got > 64 && (size_t)got < sizeof(image->object));
	image->object_bytes = (size_t)got;
	image->machine = ((const Elf64_Ehdr *)(const void *)image->object)->e_machine;
	image->base = image->machine == EM_386 ? 0xc1000000u : 0xffffffff81000000u;
}

static void place_sections(struct image *image)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < section_count(image); i++) {
		Elf64_Shdr section = section_of(image, i);

		if (!(section.sh_flags & SHF_ALLOC))
			continue;
		at = (at + 63) & ~(uint64_t)63;
		image->places[i] = image->base + at;
		assert_true(at + section.sh_size < STUBS_AT);
		if (section.sh_type != SHT_NOBITS)
			memcpy(image->bytes + at, image->object + section.sh_offset,
			       section.sh_size);
		at += section.sh_size;
	}
	image->next_stub = image->base + STUBS_AT;
}

/* Where a symbol is: what is not in the object gets a place of its own. */
static uint64_t resolve(struct image *image, const Elf64_Shdr *table, unsigned index)
{
	static uint64_t stubs[256]; /* by index, of the object at hand */
	Elf64_Sym symbol = symbol_of(image, table, index);
	const char *name = name_of(image, table, &symbol);

	if (symbol.st_shndx != SHN_UNDEF)
		return image->places[symbol.st_shndx] + symbol.st_value;
	if (image->next_stub == image->base + STUBS_AT)
		memset(stubs, 0, sizeof(stubs));
	assert_true(index < 256);
	if (!stubs[index]) {
		stubs[index] = image->next_stub;
		image->next_stub += strcmp(name, "first_task") == 0 ? 1024 : STUB_BYTES;
		add_symbol(image, name, stubs[index]);
	}
	return stubs[index];
}

static void put32(unsigned char *at, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	memcpy(at, &narrow, 4);
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

static void relocate_arm64(unsigned char *at, unsigned type, uint64_t to, uint64_t from)
{
	uint32_t word = get32(at);
	uint64_t pages = ((to & ~(uint64_t)0xfff) - (from & ~(uint64_t)0xfff)) >> 12;

	switch (type) {
	case R_AARCH64_CALL26:
	case R_AARCH64_JUMP26:
		put32(at, word | ((to - from) >> 2 & 0x3ffffff));
		return;
	case R_AARCH64_ADR_PREL_PG_HI21:
		put32(at, word | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5);
		return;
	case R_AARCH64_ADD_ABS_LO12_NC:
	case R_AARCH64_LDST8_ABS_LO12_NC:
		put32(at, word | (to & 0xfff) << 10);
		return;
	case R_AARCH64_LDST64_ABS_LO12_NC:
		put32(at, word | (to & 0xfff) >> 3 << 10);
		return;
	case R_AARCH64_LDST32_ABS_LO12_NC:
		put32(at, word | (to & 0xfff) >> 2 << 10);
		return;
	default:
		fail_msg("relocation %u of arm64", type);
	}
}

static void relocate(struct image *image, unsigned char *at, unsigned type, uint64_t to,
		     uint64_t from)
{
	if (image->machine == EM_AARCH64)
		relocate_arm64(at, type, to, from);
	else if (image->machine == EM_X86_64 && (type == R_X86_64_PC32 || type == R_X86_64_PLT32))
		put32(at, to - from);
	else if (image->machine == EM_X86_64 && (type == R_X86_64_32S || type == R_X86_64_32))
		put32(at, to);
	else if (image->machine == EM_386 && (type == R_386_PC32 || type == R_386_PLT32))
		put32(at, to + get32(at) - from);
	else if (image->machine == EM_386 && type == R_386_32)
		put32(at, to + get32(at));
	else
		fail_msg("relocation %u of machine %u", type, image->machine);
}

static void apply(struct image *image, const Elf64_Shdr *relocations)
{
	Elf64_Shdr table = section_of(image, relocations->sh_link);
	uint64_t place = image->places[relocations->sh_info];

	for (uint64_t i = 0; place && i < relocations->sh_size / relocations->sh_entsize; i++) {
		const unsigned char *row =
			image->object + relocations->sh_offset + i * relocations->sh_entsize;
		Elf64_Rela wide = {0};
		Elf32_Rel narrow;
		unsigned symbol, type;

		if (image->machine == EM_386) {
			memcpy(&narrow, row, sizeof(narrow));
			wide.r_offset = narrow.r_offset;
			symbol = ELF32_R_SYM(narrow.r_info);
			type = ELF32_R_TYPE(narrow.r_info);
		} else {
			memcpy(&wide, row, sizeof(wide));
			symbol = (unsigned)ELF64_R_SYM(wide.r_info);
			type = (unsigned)ELF64_R_TYPE(wide.r_info);
		}
		relocate(image, image->bytes + (place - image->base) + wide.r_offset, type,
			 resolve(image, &table, symbol) + (uint64_t)wide.r_addend,
			 place + wide.r_offset);
	}
}

static void take_symbols(struct image *image, const Elf64_Shdr *table)
{
	for (unsigned i = 1; i < table->sh_size / table->sh_entsize; i++) {
		Elf64_Sym symbol = symbol_of(image, table, i);
		const char *name = name_of(image, table, &symbol);

		if (!name[0] || name[0] == '$' || name[0] == '.' || symbol.st_shndx == SHN_UNDEF ||
		    symbol.st_shndx >= 64)
			continue;
		add_symbol(image, name, image->places[symbol.st_shndx] + symbol.st_value);
		if (strcmp(name, "sample_offsets") == 0)
			memcpy(image->offsets,
			       image->bytes + (image->places[symbol.st_shndx] - image->base) +
				       symbol.st_value,
			       symbol.st_size);
	}
}

/* Stubs return nothing: where symbols do not tell what is a function, code must. */
static void fill_stubs(struct image *image)
{
	static const unsigned char arm64[] = {0x00, 0x00, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6},
				   x86[] = {0x31, 0xc0, 0xc3, 0x90, 0x31, 0xc0, 0xc3, 0x90};

	for (unsigned at = STUBS_AT; at + 8 <= IMAGE_BYTES; at += 8)
		memcpy(image->bytes + at, image->machine == EM_AARCH64 ? arm64 : x86, 8);
}

static void load_with(struct image *image, const char *path, bool few)
{
	memset(image, 0, sizeof(*image));
	assert_int_equal(infer_symbols_create(&image->symbols), GAP_OK);
	image->few = few;
	read_object(image, path);
	if (few) {
		infer_symbols_mark_sparse(image->symbols);
		fill_stubs(image);
	}
	place_sections(image);
	for (unsigned i = 0; i < section_count(image); i++) {
		Elf64_Shdr section = section_of(image, i);

		if (section.sh_type == SHT_REL || section.sh_type == SHT_RELA)
			apply(image, &section);
		else if (section.sh_type == SHT_SYMTAB)
			take_symbols(image, &section);
	}
	infer_symbols_add(image->symbols, "the_end", 7, 't', image->next_stub);
	assert_int_equal(infer_symbols_finish(image->symbols), GAP_OK);
}

static void load(struct image *image, const char *path)
{
	load_with(image, path, false);
}

static bool read_image(void *context, uint64_t address, void *buffer, size_t size_bytes)
{
	const struct image *image = context;
	uint64_t at = address - image->base;

	if (at > IMAGE_BYTES || size_bytes > IMAGE_BYTES - at)
		return false;
	memcpy(buffer, image->bytes + at, size_bytes);
	return true;
}

/* ---- what the source says ---- */

static const struct {
	const char *type, *name, *shape;
	int offset; /* its index in sample_offsets; -1: not looked at */
} members[] = {
	{"task_struct", "memory", "*memory", 0},
	{"task_struct", "flags", "4", 1},
	{"task_struct", "parent", "*task_struct", 2},
	{"task_struct", "comm", "[", 3},
	{"task_struct", "number", "4", 4},
	{"task_struct", "tasks", "[task_struct.tasks", 5},
	{"task_struct", "thread", "[task_struct.thread", 6},
	{"task_struct", "credentials", "*credentials", 7},
	{"task_struct", "pid", "*pid", 8},
	{"task_struct", "signal", "*signal", 9},
	{"task_struct", "time", "8", 10},
	{"memory", "users", "4", 11},
	{"memory", "start", "l", 12},
	{"memory", "end", "l", 13},
	{"memory", "stack", "l", 14},
	{"memory", "program", "*file!", 15},
	{"file", "path", ".path!", 16},
	{"file", "mode", "4", 17},
	{"file", "name", "*", 18},
	{"path", "dentry", "*dentry!", 19},
	{"credentials", "user", "4", 20},
	{"pid", "level", "4", 21},
	{"pid", "numbers", "[upid", 22},
	{"upid", "number", "4", 23},
	{"upid", "space", "*namespace", 24},
	{"signal", "threads", "[task_struct.thread", 25},
	{"container", "inner", ".inner!", 26},
	{"container", "up", "*container!", 27},
	{"pid", "first_number", "4", -1},
	{"pid", "first_space", "*namespace", -1},
};

static const struct {
	const char *prototype, *statements;
} functions[] = {
	{"get_memory(task_struct) memory",
	 "return arg0->memory; tests 0x200000 of arg0->flags; store value to arg0->memory->users"},
	{"set_parent(task_struct, task_struct)", "store arg1 to arg0->parent"},
	{"set_name(task_struct, -)",
	 "call copy_text 0 &arg0->comm; call ? 0 &arg0->comm; names copy_text 0 &arg0->comm"},
	{"show_task(task_struct, -)", "print 'number:' arg0->number; print 'of ' arg0->parent"},
	{"show_memory(-, memory, -)", "sequence put_number 2 any memory->start ->end ->stack"},
	{"show_all()", "loads object first_task->tasks"},
	{"show_threads(task_struct)", "loads arg0->signal->threads; call use_task 0 any list "
				      "task_struct.thread<-task_struct.thread"},
	{"clone_task(task_struct) task_struct",
	 "store arg0 to made->parent; tails &made->tasks to &object first_task->tasks"},
	{"add_time(task_struct, -)", "adds arg1 to arg0->time"},
	{"space_of(task_struct) namespace",
	 "return arg0->pid->first_space[]; loads arg0->pid->level"},
	{"number_in(pid, namespace)",
	 "return arg0->first_number[]; compare arg1 with arg0->first_space[]"},
	{"program_of(memory) file", ""},
	{"is_high(memory)", "loads arg0->program"}, /* it does not: what it loads is no pointer */
	{"close_file(file)", ""},
	{"dentry_of(path) dentry", ""},
	{"is_named(file, -)", "compare arg1 with arg0->name"},
	{"flush_file(file)", "tests 0x10000 of arg0->mode"},
	{"drop_inner(container)", ""},
	{"up_from(inner) container", "return arg0<-container.inner->up"},
	{"sys:getuid()", "call user_of 0 current->credentials->user; call ? 0 "
			 "current->credentials->user; names user_of 0 current->credentials->user"},
	{"copy_text(-)", ""},
	{"log_text(-, ...)", ""},
	{"put_number(-)", ""},
	{"put_path(path)", ""},
	{"put_inner(inner)", ""},
	{"user_of(-)", ""},
	{"use_task(-)", ""},
	{"make_task() task_struct", ""},
	{"show_items()", "tells all_items ring"},
	{"start_items(-)", "tells all_items list_start 0"},
	{"list_start(-, -)", ""},
	{"may_work|is_idle(-)", "tells work_mode compared 2"},
	{"has_usual_name(file)", "tells usual_name with arg0->name"},
	{"print_usual_name(-)", "tells usual_name put_number 1"},
	{"is_alone(task_struct)", "walks arg0->thread"},
	{"use_item(-)", ""},
};

/* @more: one more function, and what is said of it; NULL: none. */
static void make_rows_with(struct code_rows *rows, const char *more, const char *statements)
{
	static const char *const span[] = {"pid.numbers", "upid.number", "pid.first_number",
					   "upid.space", "pid.first_space"};

	assert_true(code_rows_begin(rows));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_true(code_rows_add_member(rows, members[i].type, members[i].name,
						 members[i].shape));
	assert_true(code_rows_add_span(rows, span));
	assert_true(code_rows_add_object(rows, "first_task", "task_struct"));
	for (unsigned i = 0; i < OBJECTS; i++)
		assert_true(code_rows_add_object(rows, objects[i].name, objects[i].type));
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!code_rows_add_function(rows, functions[i].prototype, functions[i].statements))
			fail_msg("%s", rows->problem);
	assert_true(!more || code_rows_add_function(rows, more, statements));
	assert_true(code_rows_finish(rows));
}

static void make_rows(struct code_rows *rows)
{
	make_rows_with(rows, NULL, NULL);
}

/* ---- tests ---- */

/* Returns how many members are believed where the compiler put them; none may be elsewhere. */
static unsigned count_right(const struct image *image, const struct code_learnt *learnt,
			    const char *path)
{
	unsigned right = 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct code_belief *belief = &learnt->beliefs[i];

		if (members[i].offset < 0)
			continue;
		if (belief->known && belief->offset != image->offsets[members[i].offset])
			fail_msg("%s: %s.%s is at %u, not %u", path, members[i].type,
				 members[i].name, image->offsets[members[i].offset],
				 belief->offset);
		if (!belief->known)
			print_message("%s: %s.%s does not show\n", path, members[i].type,
				      members[i].name);
		right += belief->known;
	}
	return right;
}

static unsigned probe(struct image *image, const char *path)
{
	struct code_rows rows;
	struct code_learnt learnt;
	unsigned right;

	make_rows(&rows);
	assert_int_equal(code_learn(&learnt, &rows, code_machine_of(image->machine),
				    (struct code_reader){read_image, image}, image->symbols),
			 GAP_OK);
	right = count_right(image, &learnt, path);
	code_learnt_deinit(&learnt);
	code_rows_deinit(&rows);
	return right;
}

/* SAMPLES: the objects, separated by colons; at -O0 nothing but the stack is in the way. */
static void offsets_are_those_of_the_compiler(void **state)
{
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	unsigned sample_count = 0;

	(void)state;
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":")) {
		load(&image, path);
		if (probe(&image, path) < 28)
			fail_msg("%s: not every member shows", path);
		infer_symbols_destroy(image.symbols);
		sample_count++;
	}
	assert_true(sample_count >= 8);
}

static uint64_t named_at(const struct code_learnt *learnt, const char *name)
{
	for (uint32_t i = 0; i < learnt->namings.count; i++)
		if (strcmp(learnt->namings.items[i].name, name) == 0)
			return learnt->namings.items[i].address;
	return 0;
}

/* With few symbols a function that has none still shows what it is called with, and by that who it is. */
static void calls_name_what_has_no_symbol(void **state)
{
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	struct code_rows rows;

	(void)state;
	make_rows(&rows);
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":")) {
		struct code_learnt learnt;

		load_with(&image, path, true);
		assert_int_equal(code_learn(&learnt, &rows, code_machine_of(image.machine),
					    (struct code_reader){read_image, &image},
					    image.symbols),
				 GAP_OK);
		count_right(&image, &learnt, path);
		for (size_t i = 0; i < 2; i++)
			if (named_at(&learnt, hidden_names[i]) != image.hidden[i])
				fail_msg("%s: %s is not where it was found", path, hidden_names[i]);
		assert_true(learnt.beliefs[3].known);  /* comm */
		assert_true(learnt.beliefs[20].known); /* credentials.user */
		code_learnt_deinit(&learnt);
		infer_symbols_destroy(image.symbols);
	}
	code_rows_deinit(&rows);
}

/* Whoever asks whether a list is empty shows where it begins. */
static void walks_show_where_lists_begin(void **state)
{
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	struct code_rows rows;

	(void)state;
	make_rows(&rows);
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":")) {
		struct code_learnt learnt;
		unsigned right = 0;

		load(&image, path);
		assert_int_equal(code_learn(&learnt, &rows, code_machine_of(image.machine),
					    (struct code_reader){read_image, &image},
					    image.symbols),
				 GAP_OK);
		for (uint32_t i = 0; i < learnt.votes.count; i++) {
			const struct code_vote *vote = &learnt.votes.items[i];

			if (strcmp(vote->function, "is_alone") != 0)
				continue;
			assert_string_equal(members[vote->member].name, "thread");
			assert_int_equal(vote->offset, image.offsets[members[vote->member].offset]);
			right++;
		}
		if (right != 1)
			fail_msg("%s: is_alone says nothing", path);
		code_learnt_deinit(&learnt);
		infer_symbols_destroy(image.symbols);
	}
	code_rows_deinit(&rows);
}

/* The head of a list of one element, or one that does not lead back. */
static void place_list(struct image *image, bool closed)
{
	unsigned word = image->object[EI_CLASS] == ELFCLASS64 ? 8 : 4;
	uint64_t element = image->object_places[ITEMS] + 2ull * word,
		 back = closed ? image->object_places[ITEMS] : 0;
	unsigned char *at = image->bytes + (image->object_places[ITEMS] - image->base);

	memcpy(at, &element, word);
	memcpy(at + word, &element, word);
	memcpy(at + 2 * word, &image->object_places[ITEMS], word);
	memcpy(at + 3 * word, &back, word);
}

/* How many functions tell of the object without a symbol that they place where it is. */
static uint32_t count_tellers(struct image *image, const struct code_rows *rows)
{
	struct code_learnt learnt;
	uint32_t tellers;

	assert_int_equal(code_learn(&learnt, rows, code_machine_of(image->machine),
				    (struct code_reader){read_image, image}, image->symbols),
			 GAP_OK);
	for (unsigned i = MODE; i < OBJECTS; i++) {
		assert_int_equal(code_learnt_tellers(&learnt, 1 + i), 2);
		assert_int_equal(learnt.matcher.objects[1 + i].address, image->object_places[i]);
	}
	tellers = code_learnt_tellers(&learnt, 1 + ITEMS);
	assert_int_equal(learnt.matcher.objects[1 + ITEMS].address,
			 tellers ? image->object_places[ITEMS] : 0);
	assert_int_equal(code_learnt_tellers(&learnt, 0), 0); /* it has a symbol */
	code_learnt_deinit(&learnt);
	return tellers;
}

/* Two functions tell of a list's head; memory must have one there, and nobody may say otherwise. */
static void code_tells_of_objects_without_a_symbol(void **state)
{
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	struct code_rows rows, disputed;

	(void)state;
	make_rows(&rows);
	make_rows_with(&disputed, "show_all()", "tells all_items ring");
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":")) {
		load(&image, path);
		place_list(&image, true);
		if (count_tellers(&image, &rows) != 2)
			fail_msg("%s: the list's head does not show", path);
		assert_int_equal(count_tellers(&image, &disputed), 0);
		place_list(&image, false);
		assert_int_equal(count_tellers(&image, &rows), 0);
		infer_symbols_destroy(image.symbols);
	}
	code_rows_deinit(&rows);
	code_rows_deinit(&disputed);
}

/* Any byte may be another one: it ends, and nothing is read beyond. */
static void bent_code_is_survived(void **state)
{
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	uint32_t random = 1;

	(void)state;
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":"))
		for (unsigned round = 0; round < 3; round++) {
			struct code_rows rows;
			struct code_learnt learnt;

			load_with(&image, path, round == 2);
			for (unsigned i = 0; i < 300; i++) {
				random = random * 1664525u + 1013904223u;
				image.bytes[random >> 8 & 0x1fff] = (unsigned char)(random >> 24);
			}
			make_rows(&rows);
			assert_int_equal(code_learn(&learnt, &rows, code_machine_of(image.machine),
						    (struct code_reader){read_image, &image},
						    image.symbols),
					 GAP_OK);
			code_learnt_deinit(&learnt);
			code_rows_deinit(&rows);
			infer_symbols_destroy(image.symbols);
		}
}

static bool speaks(const struct code_learnt *learnt, const char *function)
{
	for (uint32_t i = 0; i < learnt->votes.count; i++)
		if (strcmp(learnt->votes.items[i].function, function) == 0)
			return true;
	return false;
}

/* What is only compared with a number is not the pointer that a row asks for. */
static void numbers_are_not_pointers(void **state)
{
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	struct code_rows rows;

	(void)state;
	make_rows(&rows);
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":")) {
		struct code_learnt learnt;

		load(&image, path);
		assert_int_equal(code_learn(&learnt, &rows, code_machine_of(image.machine),
					    (struct code_reader){read_image, &image},
					    image.symbols),
				 GAP_OK);
		if (speaks(&learnt, "is_high"))
			fail_msg("%s: a number is taken for a pointer", path);
		assert_true(speaks(&learnt, "program_of"));
		code_learnt_deinit(&learnt);
		infer_symbols_destroy(image.symbols);
	}
	code_rows_deinit(&rows);
}

/* Members that are said to be elsewhere do not keep code from showing where they are. */
static void what_is_said_is_tried(void **state)
{
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	struct code_belief said[sizeof(members) / sizeof(members[0])];
	struct code_rows rows;

	(void)state;
	make_rows(&rows);
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":")) {
		struct code_learnt learnt;
		uint32_t parent;

		load(&image, path);
		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
			said[i] = (struct code_belief){
				.known = members[i].offset >= 0,
				.offset = members[i].offset >= 0 ? image.offsets[members[i].offset]
								 : 0};
		parent = said[2].offset;
		said[2].offset += 64; /* task_struct.parent */
		assert_int_equal(code_learn_try(&learnt, &rows, code_machine_of(image.machine),
						(struct code_reader){read_image, &image},
						image.symbols, said),
				 GAP_OK);
		if (!learnt.beliefs[2].known || learnt.beliefs[2].offset != parent)
			fail_msg("%s: parent is not shown", path);
		code_learnt_deinit(&learnt);
		infer_symbols_destroy(image.symbols);
	}
	code_rows_deinit(&rows);
}

/* All but the first bytes of a function: what is left leads into them. */
static void empty_function(struct image *image, const char *name)
{
	const struct infer_symbol *symbol = infer_symbols_named(image->symbols, name, NULL);
	uint64_t end = 0;

	if (!symbol)
		return;
	infer_symbols_covering(image->symbols, symbol->address, &end);
	if (end > symbol->address + 4 && end <= image->base + IMAGE_BYTES)
		memset(image->bytes + (symbol->address + 4 - image->base), 0,
		       (size_t)(end - symbol->address - 4));
}

/* Zeros are read neither as instructions nor as the way to the next function: with and without symbols. */
static void emptied_functions_say_nothing(void **state)
{
	static const char *const names[] = {"show_task", "show_memory", "clone_task", "number_in"};
	static struct image image;
	static char samples[] = CODE_SAMPLES;
	struct code_rows rows;

	(void)state;
	make_rows(&rows);
	for (char *path = strtok(samples, ":"); path; path = strtok(NULL, ":"))
		for (unsigned i = 0; i < 2 * sizeof(names) / sizeof(names[0]); i++) {
			const char *name = names[i / 2];
			struct code_learnt learnt;

			load_with(&image, path, i % 2);
			empty_function(&image, name);
			assert_int_equal(code_learn(&learnt, &rows, code_machine_of(image.machine),
						    (struct code_reader){read_image, &image},
						    image.symbols),
					 GAP_OK);
			if (speaks(&learnt, name))
				fail_msg("%s: %s says something", path, name);
			assert_true(learnt.votes.count);
			code_learnt_deinit(&learnt);
			infer_symbols_destroy(image.symbols);
		}
	code_rows_deinit(&rows);
}

static void nothing_is_learnt_from_nothing(void **state)
{
	struct infer_symbols *symbols;
	struct code_rows rows;
	struct code_learnt learnt;
	struct image *image = calloc(1, sizeof(*image));

	(void)state;
	assert_non_null(image);
	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	make_rows(&rows);
	assert_int_equal(code_learn(&learnt, &rows, &code_x86_64,
				    (struct code_reader){read_image, image}, symbols),
			 GAP_OK);
	assert_int_equal(learnt.votes.count, 0);
	code_learnt_deinit(&learnt);
	code_rows_deinit(&rows);
	infer_symbols_destroy(symbols);
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_are_those_of_the_compiler),
		cmocka_unit_test(calls_name_what_has_no_symbol),
		cmocka_unit_test(walks_show_where_lists_begin),
		cmocka_unit_test(code_tells_of_objects_without_a_symbol),
		cmocka_unit_test(bent_code_is_survived),
		cmocka_unit_test(numbers_are_not_pointers),
		cmocka_unit_test(what_is_said_is_tried),
		cmocka_unit_test(emptied_functions_say_nothing),
		cmocka_unit_test(nothing_is_learnt_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
