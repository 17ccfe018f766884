/* SPDX-License-Identifier: MIT */
/*
 * System.map and /proc/kallsyms: lines of "address type name", as nm prints them. Those of a System.map are as linked;
 * those of a kallsyms are the running kernel's, which KASLR has slid: they are held against what else is known. Either is
 * refused where a symbol cannot be both where it says and where the input says.
 */
#include <stdlib.h>
#include <string.h>

#include "extract/inputs.h"
#include "profile/vector.h"

/* Where a global symbol of the input is. */
struct place {
	uint64_t address;
	gap_text name;
};

struct line {
	uint64_t address;
	uint8_t address_bytes;
	char type;
	const char *name;
	size_t name_length;
	bool in_module; /* "\t[module]" of a kallsyms */
};

GAP_VECTOR(places, struct place);

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Parses one line (without its end). */
static bool parse_line(const char *text, size_t length, struct line *line)
{
	size_t at = 0;

	*line = (struct line){0};
	while (at < length && hex_digit(text[at]) >= 0 && at < 16)
		line->address = line->address << 4 | (uint64_t)hex_digit(text[at++]);
	if ((at != 8 && at != 16) || length - at < 4 || text[at] != ' ' || text[at + 2] != ' ')
		return false;
	line->address_bytes = (uint8_t)(at / 2);
	line->type = text[at + 1];
	line->name = text + at + 3;
	line->name_length = length - at - 3;
	if (memchr(line->name, '\0', line->name_length))
		return false;
	/* /proc/kallsyms adds "\t[module]". */
	for (size_t i = 0; i < line->name_length; i++)
		if (line->name[i] == '\t' || line->name[i] == '\r') {
			line->in_module = line->name[i] == '\t';
			line->name_length = i;
		}
	return line->name_length > 0;
}

bool gap_system_map_probe(const char *head, size_t size_bytes)
{
	const char *end = memchr(head, '\n', size_bytes);
	struct line line;

	return end && parse_line(head, (size_t)(end - head), &line);
}

static enum gap_symbol_kind kind_of(char type)
{
	switch (type | 0x20) {
	case 't':
	case 'w':
		return GAP_SYMBOL_FUNCTION;
	case 'd':
	case 'b':
	case 'r':
	case 'g':
	case 's':
	case 'v':
		return GAP_SYMBOL_DATA;
	default:
		return GAP_SYMBOL_OTHER;
	}
}

void gap_symbol_from_letter(char letter, struct gap_build_symbol *symbol)
{
	bool weak = (letter | 0x20) == 'w' || (letter | 0x20) == 'v';

	symbol->kind = kind_of(letter);
	if (weak)
		symbol->flags |= GAP_SYMBOL_WEAK;
	else if (letter >= 'a' && letter <= 'z')
		symbol->flags |= GAP_SYMBOL_LOCAL;
	if ((letter | 0x20) == 'a')
		symbol->flags |= GAP_SYMBOL_ABSOLUTE;
}

static bool name_is(const struct line *line, const char *name)
{
	return line->name_length == strlen(name) &&
	       memcmp(line->name, name, line->name_length) == 0;
}

/* The text, and where per-CPU variables are linked. */
struct map {
	const struct gap_extraction *run;
	const char *path, *text_start;
	size_t size_bytes;
	bool running;   /* addresses are those of a running kernel */
	uint64_t text;  /* address of _text, if @has_text */
	uint64_t slide; /* to be taken off, from _text on */
	bool has_text;
	uint64_t percpu_start, percpu_end;
	uint32_t seen, nowhere; /* symbols, and those at address 0 */
	uint32_t modules;       /* symbols of modules, which are left out */
	struct places places;   /* of the input's symbols, by name; each name once */
	uint32_t count;
};

static enum gap_status for_each_line(struct map *map,
				     enum gap_status (*visit)(struct map *map,
							      const struct line *line))
{
	const char *at = map->text_start, *end = map->text_start + map->size_bytes;

	for (uint32_t number = 1; at < end; number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);
		enum gap_status status;
		struct line line;

		if (length > 0) {
			if (!parse_line(at, length, &line))
				return gap_fail(map->run->error, GAP_CORRUPT,
						"%.600s:%u: not a line of a System.map (\"address "
						"type name\")",
						map->path, number);
			status = visit(map, &line);
			if (status)
				return status;
		}
		at += length + 1;
	}
	return GAP_OK;
}

/* ---- is it the same build? ---- */

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return (a->name > b->name) - (a->name < b->name);
}

/* Global symbols of the input whose names it has once: in a file of the same build they can only be at the same place. */
static enum gap_status collect_places(struct map *map)
{
	const struct gap_build_symbol *symbol;
	uint32_t kept = 0;

	for (uint32_t i = 0; (symbol = gap_builder_symbol_at(map->run->builder, i)) != NULL; i++) {
		struct place *place;

		if (symbol->flags & (GAP_SYMBOL_LOCAL | GAP_SYMBOL_WEAK | GAP_SYMBOL_ABSOLUTE))
			continue;
		place = places_push(&map->places);
		if (!place)
			return gap_fail(map->run->error, GAP_NO_MEMORY, "out of memory");
		*place = (struct place){symbol->address, symbol->name};
	}
	if (map->places.count)
		qsort(map->places.items, map->places.count, sizeof(struct place), compare_places);
	for (uint32_t i = 0, end; i < map->places.count; i = end) {
		for (end = i + 1; end < map->places.count &&
				  map->places.items[end].name == map->places.items[i].name;)
			end++;
		if (end == i + 1)
			map->places.items[kept++] = map->places.items[i];
	}
	map->places.count = kept;
	return GAP_OK;
}

static uint64_t linked_address(const struct map *map, const struct line *line)
{
	return map->has_text && line->address >= map->text ? line->address - map->slide
							   : line->address;
}

/* The letters of global text and data. */
static bool is_global(const struct line *line)
{
	return line->type && strchr("TDRBGS", line->type) != NULL;
}

static enum gap_status check_same_build(struct map *map, const struct line *line)
{
	struct place key = {0, 0};
	const struct place *found;

	if (!is_global(line) || map->places.count == 0)
		return GAP_OK;
	key.name = gap_builder_text(map->run->builder, line->name, line->name_length);
	found = bsearch(&key, map->places.items, map->places.count, sizeof(key), compare_places);
	if (!found || found->address == linked_address(map, line))
		return GAP_OK;
	return gap_fail(map->run->error, GAP_MISMATCH,
			"%.400s is of another build than %.400s: %.200s is at 0x%llx there and at "
			"0x%llx here",
			map->path, map->run->path, gap_builder_string(map->run->builder, key.name),
			(unsigned long long)line->address, (unsigned long long)found->address);
}

/* Where kernels are linked unless configured otherwise: there, nothing is slid. */
static bool is_usual_text(uint64_t address)
{
	return address == 0xffffffff81000000 || address == 0xc1000000;
}

/* How far KASLR has moved the kernel: from _text in the input. */
static enum gap_status find_slide(struct map *map)
{
	uint64_t linked;

	if (!map->running)
		return GAP_OK;
	if (!map->has_text)
		return gap_fail(map->run->error, GAP_NOT_FOUND,
				"%.500s: no symbol _text in it: how far the running kernel is slid "
				"cannot be told",
				map->path);
	if (gap_builder_symbol_find(map->run->builder, "_text", &linked))
		map->slide = map->text - linked;
	else if (gap_builder_symbol_find(map->run->builder, "_stext", &linked) ||
		 !is_usual_text(map->text))
		return gap_fail(map->run->error, GAP_MISMATCH,
				"%.400s: its addresses are those of a running kernel, which KASLR "
				"has slid, "
				"and %.400s does not say where _text is linked; pass the kernel's "
				"vmlinuz or "
				"vmlinux as the input, or its System.map with --system-map",
				map->path, map->run->path);
	return GAP_OK;
}

static enum gap_status look_at(struct map *map, const struct line *line)
{
	map->modules += line->in_module;
	if (line->in_module)
		return GAP_OK;
	if (name_is(line, "_text")) {
		map->text = line->address;
		map->has_text = true;
	}
	if (name_is(line, "__per_cpu_start"))
		map->percpu_start = line->address;
	if (name_is(line, "__per_cpu_end"))
		map->percpu_end = line->address;
	if (line->name_length > 20 &&
	    memmem(line->name, line->name_length, " System.map is in ", 18))
		return gap_fail(
			map->run->error, GAP_NOT_FOUND,
			"%.500s: this is a stub that Debian ships instead of a System.map; the "
			"symbols are in the vmlinux of linux-image-…-dbg (and, in some "
			"versions, a real System.map beside it)",
			map->path);
	/* Where types were read before, they know how wide an address is. */
	if (gap_builder_type_count(map->run->builder) > 1 &&
	    line->address_bytes != gap_builder_pointer_bytes(map->run->builder))
		return gap_fail(
			map->run->error, GAP_MISMATCH,
			"%.400s is of another build than %.400s: its addresses have %u bytes, "
			"that one's pointers %u",
			map->path, map->run->path, line->address_bytes,
			gap_builder_pointer_bytes(map->run->builder));
	if ((line->type | 0x20) != 'u') {
		map->seen++;
		map->nowhere += line->address == 0;
	}
	return GAP_OK;
}

/* What /proc/kallsyms shows to those who may not know. */
static enum gap_status check_addresses(const struct map *map)
{
	if (map->seen == 0 || map->nowhere < map->seen)
		return GAP_OK;
	return gap_fail(map->run->error, GAP_NOT_FOUND,
			"%.500s: all addresses are zero; a kallsyms must be read as root "
			"(kernel.kptr_restrict hides it from others)",
			map->path);
}

static enum gap_status take(struct map *map, const struct line *line)
{
	struct gap_build_symbol symbol = {
		.name = gap_builder_text(map->run->builder, line->name, line->name_length),
		.address = linked_address(map, line),
		.type = GAP_NONE,
	};

	gap_symbol_from_letter(line->type, &symbol);
	if ((line->type | 0x20) == 'u' || line->in_module)
		return GAP_OK;
	/* Both were looked at before anything was known of a slide, as this is. */
	if (map->percpu_end > map->percpu_start && line->address >= map->percpu_start &&
	    line->address < map->percpu_end)
		symbol.flags = (symbol.flags & ~(uint32_t)GAP_SYMBOL_ABSOLUTE) | GAP_SYMBOL_PERCPU;
	gap_builder_symbol_add(map->run->builder, &symbol);
	map->count++;
	return GAP_OK;
}

static enum gap_status read_map(struct map *map)
{
	enum gap_status status = for_each_line(map, look_at);

	if (!status)
		status = check_addresses(map);
	if (!status)
		status = find_slide(map);
	if (!status)
		status = collect_places(map);
	if (!status)
		status = for_each_line(map, check_same_build);
	if (!status)
		status = for_each_line(map, take);
	if (!status && map->count == 0)
		status = gap_fail(map->run->error, GAP_NOT_FOUND, "%.600s: no symbols in it",
				  map->path);
	if (!status && map->modules && !map->running)
		gap_extraction_warn(
			map->run,
			"%s names modules: it is a kallsyms, whose addresses are those of "
			"the running kernel, slid by KASLR (--kallsyms takes that off)",
			map->path);
	return status;
}

enum gap_status gap_system_map_read(const struct gap_extraction *run, const char *path,
				    const char *text, size_t size_bytes, bool running,
				    uint32_t *count)
{
	struct map map = {.run = run,
			  .path = path,
			  .text_start = text,
			  .size_bytes = size_bytes,
			  .running = running};
	enum gap_status status = read_map(&map);

	free(map.places.items);
	*count = map.count;
	return status;
}
